"""What the local API Gateway takes, told to the local console as it happens.

The console shows each ZStack message beside the alert made of it, and of the two it only sees the alert.
It is told no credentials: no header at all, and no parameter `token` of the URL.

The API never waits for the console: a thread tells, and what it has no time for is left out.
"""

import json
import threading
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from queue import Full, Queue
from typing import Any
from urllib.parse import unquote_plus, urlsplit

VARIABLE = "ARRIVALS_URL"
"""Of the environment: where the console takes arrivals. Without it there is no tap."""

WAITING = 500
"""Arrivals that may wait for the thread."""

LARGEST = 1 << 20
"""Bytes of a body that are told: several times what the relay takes."""

SECONDS = 5
"""For one arrival, until the console is given up."""


class Tap:
    """A line to the console at this address."""

    def __init__(self, address: str):
        self._address = urlsplit(address)
        self._waiting: Queue[tuple] = Queue(WAITING)
        threading.Thread(target=self._tell, name="tap", daemon=True).start()

    def on(
        self, execute: Callable[..., Awaitable[tuple]], is_route: Callable[[str, str, str, str], Any]
    ) -> Callable[..., Awaitable[tuple]]:
        """API Gateway's `execute`, which first tells of every POST to one of the API's routes.

        First, so that the console has usually heard of a message when the events made of it are pushed,
        also where Flashduty takes them slowly.
        """

        async def told(api_id, stage, path, method, headers, body, query_params, raw_query_string=None):
            if method == "POST" and is_route(api_id, stage, method, path):
                with suppress(Full):
                    self._waiting.put_nowait((time.time(), path, raw_query_string or "", body or b""))
            return await execute(
                api_id, stage, path, method, headers, body, query_params, raw_query_string=raw_query_string
            )

        return told

    def _tell(self) -> None:
        connection = HTTPConnection(self._address.hostname, self._address.port, timeout=SECONDS)
        while True:
            arrival = json.dumps(as_json(*self._waiting.get())).encode()
            try:
                connection.request("POST", self._address.path, arrival, {"Content-Type": "application/json"})
                connection.getresponse().read()
            except (OSError, HTTPException):
                # It may have ended, or be busy: a new connection for the next one.
                connection.close()


def as_json(came: float, path: str, query: str, body: bytes) -> dict[str, Any]:
    """A request, in the console's words."""
    return {
        "at": int(came * 1000),
        "path": path,
        "query": without_token(query),
        "body_base64": b64encode(body[:LARGEST]).decode(),
    }


def without_token(query: str) -> str:
    """A query string without the parameter that holds the webhook token, however it is spelt."""

    def is_token(parameter: str) -> bool:
        return unquote_plus(parameter.partition("=")[0]).strip().lower() == "token"

    return "&".join(it for it in query.split("&") if not is_token(it))
