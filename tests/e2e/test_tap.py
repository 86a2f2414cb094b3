"""The reports of API Gateway to the local console: every message, no credential, and no waiting."""

import asyncio
import json
import threading
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import pytest
from local.ministack.tap import Tap, without_token

ANSWER = (200, {"apigw-requestid": "x"}, b'{"alerts": []}')


@contextmanager
def console() -> Iterator[tuple[str, Queue]]:
    """A console that only records reports: its URL for them, and the reports."""
    reports: Queue[Any] = Queue()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reports.put((self.path, dict(self.headers), json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/arrivals", reports
    finally:
        server.shutdown()
        server.server_close()


async def gateway(api_id, stage, path, method, headers, body, query_params, raw_query_string=None):
    """API Gateway with one answer for everything."""
    return ANSWER


def is_route(api_id, stage, method, path):
    """The authorization type of a route; None without a route."""
    return "NONE" if path == "/zstack" else None


def call(
    tap: Tap,
    path: str = "/zstack",
    method: str = "POST",
    body: bytes = b"{}",
    query: str = "",
    execute: Callable[..., Awaitable[tuple]] = gateway,
) -> None:
    """Make one request, with a credential in its header."""
    headers = {"authorization": "Basic enN0YWNrOnNlY3JldA=="}
    reported = tap.on(execute, is_route)
    request = reported("api", "$default", path, method, headers, body, {}, raw_query_string=query)
    assert asyncio.run(request) == ANSWER


def test_a_message_is_reported():
    """Unchanged, but without the credentials."""
    with console() as (address, reports):
        call(
            Tap(address), body='{"ALARM_NAME": "磁盘"}'.encode(), query="cloud=a&token=secret&%74oken=secret"
        )
        path, headers, arrival = reports.get(timeout=10)
    assert path == "/api/arrivals"
    assert headers["Content-Type"] == "application/json"
    assert abs(arrival.pop("at") / 1000 - time.time()) < 60
    assert json.loads(b64decode(arrival.pop("body_base64"))) == {"ALARM_NAME": "磁盘"}
    assert arrival == {"path": "/zstack", "query": "cloud=a"}


def test_a_message_is_reported_before_it_is_answered():
    """The console knows a message before its events are pushed, even if Flashduty is slow."""
    with console() as (address, reports):

        async def waiting(*request, raw_query_string=None):
            """API Gateway that answers after the console has the report."""
            assert (await asyncio.to_thread(reports.get, timeout=10))[2]["query"] == "cloud=a"
            return ANSWER

        call(Tap(address), query="cloud=a", execute=waiting)


def test_only_posts_to_a_route_are_reported():
    """Health checks and requests that API Gateway answers with 404 are not reported."""
    with console() as (address, reports):
        tap = Tap(address)
        call(tap, method="GET")
        call(tap, path="/elsewhere")
        call(tap, query="the=last")
        assert reports.get(timeout=10)[2]["query"] == "the=last"
        assert reports.empty()


def test_requests_do_not_wait_for_a_console_that_has_ended(monkeypatch: pytest.MonkeyPatch):
    """However many reports wait."""
    monkeypatch.setattr("local.ministack.tap.WAITING", 3)
    with console() as (address, _):
        pass
    tap = Tap(address)
    began = time.monotonic()
    for _ in range(100):
        call(tap)
    assert time.monotonic() - began < 5
    assert tap._waiting.qsize() <= 3


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("", ""),
        ("token=a", ""),
        ("cloud=%E5%8C%97&token=a%26b&env=", "cloud=%E5%8C%97&env="),
        ("tokens=a&Token=b&%20TOKEN=c", "tokens=a"),
        ("%74%6fken=a&x", "x"),
    ],
)
def test_the_token_is_left_out_of_the_url(query: str, left: str):
    """In upper or lower case, percent-encoded or not. The rest of the query string is not changed."""
    assert without_token(query) == left
