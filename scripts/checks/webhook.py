"""Calls of the relay's API."""

from __future__ import annotations

import json
import re
import ssl
import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from terminal import Terminal

from .facts import Options, Stack
from .findings import Failure

API_TIMEOUT = 35
"""Seconds. API Gateway answers after 30 seconds at most."""

CHANNEL = r"[A-Za-z0-9_.-]{1,64}"
"""The name of a channel, by the rule of src/channel.rs."""

TEST_MESSAGE = (
    '"{\\n    \\"product\\": \\"zstack\\",\\n    \\"service\\": \\"zstack\\",\\n'
    '    \\"metric\\": \\"ZStack::CPU\\",\\n'
    '    \\"alertLevel\\": 1,\\n    \\"alertTime\\": \\"1111\\",\\n    \\"dimensions\\": \\"aaa\\",\\n'
    '    \\"message\\": \\"CPU >= 100\\",\\n    \\"dataSource\\": \\"zstack\\"\\n}"'
)
"""ZStack's, as in events/test-message.json. The relay opens its alert as Info and closes it at once."""


@dataclass
class Answer:
    """The answer to a call of the API."""

    url: str
    status: int
    text: str

    @property
    def json(self) -> Any:
        """The body; empty if it is not a JSON object."""
        with suppress(ValueError):
            found = json.loads(self.text)
            if isinstance(found, dict):
                return found
        return {}

    @property
    def error(self) -> dict[str, Any]:
        """The relay's error; empty if there is none."""
        found = self.json.get("error")
        return found if isinstance(found, dict) else {}

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """The alerts that the relay lists."""
        found = self.json.get("alerts")
        return [it for it in found if isinstance(it, dict)] if isinstance(found, list) else []

    @property
    def is_relays(self) -> bool:
        """Whether the relay wrote it. API Gateway's own answers have only a message."""
        return "request_id" in self.json


class NoRedirect(HTTPRedirectHandler):
    """The token goes to nobody else."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def opened(request: Request) -> Any:
    """The response to a request. An error status is no exception."""
    try:
        return build_opener(NoRedirect).open(request, timeout=API_TIMEOUT)
    except HTTPError as error:
        return error


class Webhook:
    """The relay's API, called by its URL."""

    def __init__(self, terminal: Terminal, options: Options, stack: Stack):
        self.terminal, self.options, self.stack = terminal, options, stack
        self.say = terminal.say
        self.skew: float | None = None
        """Seconds by which this machine is ahead, by the answer that took the shortest time."""
        self.fastest = float("inf")

    def url(self, path: str | None = None) -> str:
        """The webhook's URL, or that of another path beside it. Never with a query: it might hold a token."""
        whole = self.options.url or self.stack.outputs["WebhookUrl"]
        try:
            url = urlsplit(whole.strip())
            host, _ = url.hostname or "", url.port
        except ValueError:
            host = ""
        if not host or not (url.scheme == "https" or (url.scheme == "http" and loopback(host))):
            raise Failure(self.say("bad_url"), self.say("give_url"))
        at = url.path.rstrip("/")
        if channel := channel_in(whole):
            at = at[: -len(f"/{channel}")]
        if path:
            at = at.rpartition("/")[0] + path
        elif self.options.channel:
            at = f"{at}/{self.options.channel}"
        # Without a name and password that somebody put into it.
        return urlunsplit((url.scheme, url.netloc.rpartition("@")[2], at, "", ""))

    def call(self, url: str, token: str | None = None) -> Answer:
        """GET the URL; with a token, POST the test message to it as ZStack does."""
        body = None if token is None else TEST_MESSAGE.encode()
        request = Request(url, body, {"User-Agent": "zstack-flashduty-doctor"})
        if token is not None:
            request.add_header("Content-Type", "application/json;charset=UTF-8")
            request.add_unredirected_header("Authorization", f"Basic {basic(token)}")
        host = urlsplit(url).netloc
        before = time.time()
        try:
            with opened(request) as response:
                status, headers, read = response.status, response.headers, response.read(1 << 20)
        except URLError as error:
            why = getattr(error.reason, "strerror", None) or error.reason
            if isinstance(error.reason, ssl.SSLError):
                why = getattr(error.reason, "verify_message", "") or why
                untrusted = self.say("untrusted", host=host, why=self.terminal.words(why))
                raise Failure(untrusted, self.say("check_tls")) from None
            raise self.unreachable(host, error.reason, why) from None
        except (OSError, HTTPException, ValueError) as error:
            raise self.unreachable(host, error, getattr(error, "strerror", None) or error) from None
        took = time.time() - before
        # A fast answer says more: the date is that of its end.
        if took < self.fastest:
            with suppress(TypeError, ValueError):
                # The date has whole seconds.
                self.skew = before + took - parsedate_to_datetime(headers["Date"]).timestamp() - 0.5
                self.fastest = took
        return Answer(url, status, read.decode("utf-8", "replace"))

    def unreachable(self, host: str, error: Any, why: Any) -> Failure:
        """No answer came."""
        if isinstance(error, TimeoutError) or "timed out" in str(error):
            why = self.say("timed_out", seconds=API_TIMEOUT)
        return Failure(
            self.say("unreachable", host=host, why=self.terminal.words(why)), self.say("check_way")
        )


def channel_in(url: str) -> str | None:
    """The channel in a URL of the webhook, such as `database` in https://alarms.example.com/zstack/database."""
    with suppress(ValueError):
        found = re.fullmatch(rf".*/zstack/({CHANNEL})/*", urlsplit(url.strip()).path)
        # A domain may lead to the API by a path that is called zstack, too.
        return found[1] if found and found[1] != "zstack" else None
    return None


def loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def basic(token: str) -> str:
    """A token as ZStack sends it."""
    return b64encode(f"zstack:{token}".encode()).decode()
