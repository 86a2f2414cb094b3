"""The files of events/, API Gateway events of payload format 2.0 or 1.0, as the requests they came from."""

import json
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from . import ROOT
from .process import Failed


@dataclass(frozen=True)
class Sample:
    """A request, but for the credential: every run has its own."""

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


def read(path: Path) -> Sample:
    """One sample."""
    event = json.loads(path.read_text())
    context = event["requestContext"]
    method = event["httpMethod"] if "httpMethod" in event else context["http"]["method"]
    types = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return Sample(
        name=path.stem,
        # Paths of recorded events may begin with a stage; those of the template do not.
        path="/health" if method == "GET" else "/zstack",
        query=_query(event),
        headers={"Content-Type": types["content-type"]} if "content-type" in types else {},
        body=None if method == "GET" else _body(event),
    )


def _query(event: dict[str, Any]) -> dict[str, str]:
    raw = event.get("rawQueryString")
    query = dict(parse_qsl(raw, keep_blank_values=True)) if raw else event.get("queryStringParameters") or {}
    return {name: value for name, value in query.items() if name != "token"}


def _body(event: dict[str, Any]) -> bytes:
    body = event.get("body") or ""
    return b64decode(body) if event.get("isBase64Encoded") else body.encode()
