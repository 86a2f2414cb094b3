"""The files of events/ as HTTP requests.

The files are events of API Gateway, of payload format 2.0 or 1.0.
"""

import json
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from . import ROOT
from .process import Failed


@dataclass(frozen=True)
class Sample:
    """A request without a credential: every run has its own token."""

    name: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes | None
    """None for a GET."""


def load() -> list[Sample]:
    """Every sample, by name."""
    paths = sorted((ROOT / "events").glob("*.json"), key=lambda path: path.stem)
    if not paths:
        raise Failed("events/ holds no samples.")
    return [read(path) for path in paths]


def of_channel(channel: str) -> list[Sample]:
    """An alarm about a resource of its own and its recovery, posted to a channel."""
    resource, name = uuid4().hex, "orders-db"
    return [
        Sample(
            f"{sample}, to the channel {channel}",
            f"/zstack/{channel}",
            {},
            {},
            message(sample, resource, name),
        )
        for sample in ("alarm", "alarm-recovery")
    ]


def read(path: Path) -> Sample:
    """One sample."""
    event = json.loads(path.read_text())
    context = event["requestContext"]
    method = event["httpMethod"] if "httpMethod" in event else context["http"]["method"]
    types = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return Sample(
        name=path.stem,
        # The path of a recorded event may begin with a stage. The template's paths do not.
        path="/health" if method == "GET" else "/zstack",
        query=_query(event),
        headers={"Content-Type": types["content-type"]} if "content-type" in types else {},
        body=None if method == "GET" else _body(event),
    )


def message(name: str, resource: str, resource_name: str) -> bytes:
    """The message of a sample alarm about another resource, as a new message of ZStack."""
    fields = json.loads(read(ROOT / f"events/{name}.json").body)
    fields["ALARM_RESOURCE_ID"] = resource
    fields["ALARM_RESOURCE_NAME"] = resource_name
    fields["ALARM_DATA_UUID"] = uuid4().hex
    return json.dumps(fields).encode()


def _query(event: dict[str, Any]) -> dict[str, str]:
    raw = event.get("rawQueryString")
    query = dict(parse_qsl(raw, keep_blank_values=True)) if raw else event.get("queryStringParameters") or {}
    return {name: value for name, value in query.items() if name != "token"}


def _body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    return b64decode(body) if event.get("isBase64Encoded") else body.encode()
