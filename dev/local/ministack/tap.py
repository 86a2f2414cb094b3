"""Reports every message that the local API Gateway receives to the local console.

The console shows each ZStack message beside its alert, and receives only the alert itself. A report has no
credentials: no header, and no parameter `token` of the URL.

The API never waits for the console. A thread sends the reports, and drops them if too many wait.
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
"""The environment variable with the console's URL for reports. Without it there are none."""

WAITING = 500
"""How many reports may wait for the thread."""

LARGEST = 1 << 20
"""Bytes of a body in a report: several times what the relay accepts."""

SECONDS = 5
"""Timeout of one report."""


class Tap:
    """Sends reports to the console at this URL."""

    def __init__(self, address: str):
        self._address = urlsplit(address)
        self._waiting: Queue[tuple] = Queue(WAITING)
        threading.Thread(target=self._report, name="tap", daemon=True).start()

    def on(
        self, execute: Callable[..., Awaitable[tuple]], is_route: Callable[[str, str, str, str], Any]
    ) -> Callable[..., Awaitable[tuple]]:
        """Wrap API Gateway's `execute`: report every POST to one of the API's routes, then execute it.

        In this order the console usually knows a message before the relay pushes its events.
        """

        async def reported(api_id, stage, path, method, headers, body, query_params, raw_query_string=None):
            if method == "POST" and is_route(api_id, stage, method, path):
                with suppress(Full):
                    self._waiting.put_nowait((time.time(), path, raw_query_string or "", body or b""))
            return await execute(
                api_id, stage, path, method, headers, body, query_params, raw_query_string=raw_query_string
            )

        return reported

    def _report(self) -> None:
        connection = HTTPConnection(self._address.hostname, self._address.port, timeout=SECONDS)
        while True:
            arrival = json.dumps(as_json(*self._waiting.get())).encode()
            try:
                connection.request("POST", self._address.path, arrival, {"Content-Type": "application/json"})
                connection.getresponse().read()
            except (OSError, HTTPException):
                # The console may have ended or be busy. The next report gets a new connection.
                connection.close()


def as_json(received: float, path: str, query: str, body: bytes) -> dict[str, Any]:
    """A report in the format of the console."""
    return {
        "at": int(received * 1000),
        "path": path,
        "query": without_token(query),
        "body_base64": b64encode(body[:LARGEST]).decode(),
    }


def without_token(query: str) -> str:
    """A query string without the parameter `token`, in upper or lower case, percent-encoded or not."""

    def is_token(parameter: str) -> bool:
        return unquote_plus(parameter.partition("=")[0]).strip().lower() == "token"

    return "&".join(it for it in query.split("&") if not is_token(it))
