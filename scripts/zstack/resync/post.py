"""Posts a message to the webhook as ZStack does, slowly, and says what came back.

ZStack's request is in docs/protocols/zstack.md ("The request").
"""

from __future__ import annotations

import json
import math
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

CONTENT_TYPE = "application/json;charset=UTF-8"

TIMEOUT = 35
"""Seconds. API Gateway answers after 30 seconds at most."""

TRIES = 6
"""Of one message, until the program stops."""

LONGEST_WAIT = 60
"""Seconds between two tries, unless the answer asks for more."""

PATIENCE = 300
"""Seconds. If an answer asks for more, the program stops."""

REFUSALS = 5
"""So many messages in a row may be refused, each for a reason of its own, until the program stops."""

SLOWEST = 10
"""Seconds between two messages after 429, unless the pace was slower from the beginning."""

EASY = 20
"""After so many accepted messages without 429 the pause is halved, until the pace is the first one again."""

LATER = (408, 421, 425, 429)
"""Statuses below 500 after which the same request may succeed."""

AT_ONCE = {401: "bad_token", 403: "not_allowed", 404: "no_channel"}
"""Statuses that every other message would get, too."""


class Stopped(Exception):
    """No more messages can be posted. `text` is the name of a text, with `fields`."""

    def __init__(self, text: str, /, **fields: Any):
        super().__init__(text)
        self.text, self.fields = text, fields


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str
    retry_after: float = 0.0

    @property
    def json(self) -> dict[str, Any]:
        """The body; empty if it is not a JSON object."""
        with suppress(ValueError):
            found = json.loads(self.text)
            return found if isinstance(found, dict) else {}
        return {}

    @property
    def is_relays(self) -> bool:
        """Whether the relay wrote it. Each of its answers has an id."""
        return "request_id" in self.json

    @property
    def may_succeed_later(self) -> bool:
        """Whether the same request may succeed. The relay's own 502 says that Flashduty refused the alert."""
        return self.status in LATER or (self.status >= 500 and not (self.status == 502 and self.is_relays))

    @property
    def words(self) -> str:
        """The reason for a refusal. It is not cut: half a secret would not be known as one."""
        error = self.json.get("error")
        error = error if isinstance(error, dict) else {}
        return " ".join(str(it) for it in (error.get("code"), error.get("message")) if it) or self.text


class NoRedirect(HTTPRedirectHandler):
    """ZStack does not follow a redirect of a POST."""

    def redirect_request(self, *_: Any) -> None:
        """Let the 3xx come back as an error."""


def as_sent(url: str) -> str:
    """The URL as it arrives from ZStack, which encodes it once more."""
    parts = urlsplit(url)
    path = quote(parts.path, safe="/:@!$&'()*+,;=-._~")
    query = quote(parts.query, safe="/:@!$&'()*+,;=-._~?")
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def url_secrets(url: str) -> set[str]:
    """The token in a URL, if there is one, as it can appear in somebody's words."""
    found = set()
    for part in urlsplit(url).query.split("&"):
        # As src/webhook/caller.rs reads it.
        for name, value in parse_qsl(part):
            if name.strip().lower() == "token":
                raw = part.partition("=")[2]
                found |= {value, raw, unquote(raw), quote(value, safe=""), urlsplit(as_sent(f"?{raw}")).query}
    return found - {""}


class Webhook:
    """The relay's webhook, under the URL that ZStack has."""

    def __init__(
        self,
        url: str,
        user: str,
        token: str,
        per_minute: float,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        waiting: Callable[[float, str], None] = lambda seconds, why: None,
    ):
        """`waiting` is told of each pause after a failure, in seconds, and of its reason."""
        self.url, self.host = as_sent(url), urlsplit(url).netloc
        self.headers = {"Content-Type": CONTENT_TYPE}
        if user:
            self.headers["Authorization"] = f"Basic {b64encode(f'{user}:{token}'.encode()).decode()}"
        self.pause = self._usual = 60 / per_minute
        self._sleep, self._clock, self._waiting = sleep, clock, waiting
        self._next, self._refused, self._easy = 0.0, 0, 0
        # ZStack uses no proxy, and the relay may allow only some addresses.
        self._opener = build_opener(NoRedirect, ProxyHandler({}))

    def post(self, body: bytes) -> Answer:
        """Post one message. The answer says whether it was accepted: 200, or 202 if it waits in the queue."""
        for attempt in range(TRIES):
            self._sleep(max(0.0, self._next - self._clock()))
            self._next = self._clock() + self.pause
            try:
                answer = self._sent(body)
            except (OSError, HTTPException) as error:
                answer, cause = None, getattr(error, "reason", None) or error
                why = str(getattr(cause, "strerror", None) or type(cause).__name__)
            else:
                if 200 <= answer.status < 300:
                    if not answer.is_relays:
                        raise Stopped("not_the_relay", status=answer.status)
                    self._refused = 0
                    self._easy += 1
                    if self._easy == EASY:
                        self._easy, self.pause = 0, max(self._usual, self.pause / 2)
                    return answer
                if not answer.may_succeed_later:
                    return self._refusal(answer)
                why = f"{answer.status} {answer.words}"
                if answer.status == 429:
                    # Somebody else takes a part of what is allowed.
                    self._easy, self.pause = 0, max(self.pause, min(self.pause * 2, SLOWEST))
            if attempt + 1 < TRIES:
                wait = max(min(2.0**attempt, LONGEST_WAIT), answer.retry_after if answer else 0)
                if wait > PATIENCE:
                    raise Stopped("wait_longer", seconds=round(wait))
                self._waiting(wait, why)
                self._sleep(wait)
        raise Stopped("no_success", tries=TRIES, why=why)

    def _refusal(self, answer: Answer) -> Answer:
        """An answer that is not about time."""
        if 300 <= answer.status < 400 or not answer.is_relays:
            raise Stopped("not_the_relay", status=answer.status)
        if answer.status in AT_ONCE:
            raise Stopped(AT_ONCE[answer.status], why=answer.words)
        self._refused += 1
        if self._refused == REFUSALS:
            raise Stopped("all_refused", count=REFUSALS, why=f"{answer.status} {answer.words}")
        return answer

    def _sent(self, body: bytes) -> Answer:
        request = Request(self.url, body, self.headers, method="POST")
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                return Answer(response.status, response.read().decode("utf-8", "replace"))
        except HTTPError as error:
            with error:
                text = error.read().decode("utf-8", "replace")
                return Answer(error.code, text, retry_after(error.headers.get("Retry-After")))


def retry_after(value: str | None) -> float:
    """Seconds to wait, from a number or a date."""
    if not value:
        return 0.0
    with suppress(ValueError):
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else 0.0
    with suppress(ValueError, TypeError):
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(timezone.utc)).total_seconds())
    return 0.0
