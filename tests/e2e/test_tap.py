"""What API Gateway tells the local console: every message as it comes, no credential, and at no cost."""

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
    """One that only listens: its address, and what it is told."""
    told: Queue[Any] = Queue()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.put((self.path, dict(self.headers), json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/arrivals", told
    finally:
        server.shutdown()
        server.server_close()


async def gateway(api_id, stage, path, method, headers, body, query_params, raw_query_string=None):
    """API Gateway, which answers everything alike."""
    return ANSWER


def is_route(api_id, stage, method, path):
    """It has one."""
    return "NONE" if path == "/zstack" else None


def call(
    tap: Tap,
    path: str = "/zstack",
    method: str = "POST",
    body: bytes = b"{}",
    query: str = "",
    execute: Callable[..., Awaitable[tuple]] = gateway,
) -> None:
    """One request, with a credential in its header."""
    headers = {"authorization": "Basic enN0YWNrOnNlY3JldA=="}
    told = tap.on(execute, is_route)
    request = told("api", "$default", path, method, headers, body, {}, raw_query_string=query)
    assert asyncio.run(request) == ANSWER


def test_a_message_is_told():
    """As they were, but for the credentials."""
    with console() as (address, told):
        call(
            Tap(address), body='{"ALARM_NAME": "磁盘"}'.encode(), query="cloud=a&token=secret&%74oken=secret"
        )
        path, headers, arrival = told.get(timeout=10)
    assert path == "/api/arrivals"
    assert headers["Content-Type"] == "application/json"
    assert abs(arrival.pop("at") / 1000 - time.time()) < 60
    assert json.loads(b64decode(arrival.pop("body_base64"))) == {"ALARM_NAME": "磁盘"}
    assert arrival == {"path": "/zstack", "query": "cloud=a"}


def test_a_message_is_told_before_it_is_answered():
    """The console knows it when its events are pushed, however slow Flashduty is."""
    with console() as (address, told):

        async def waiting(*request, raw_query_string=None):
            """API Gateway, which answers when the console has heard of it."""
            assert (await asyncio.to_thread(told.get, timeout=10))[2]["query"] == "cloud=a"
            return ANSWER

        call(Tap(address), query="cloud=a", execute=waiting)


def test_only_posts_to_a_route_are_told():
    """Neither health checks nor what API Gateway answers 404."""
    with console() as (address, told):
        tap = Tap(address)
        call(tap, method="GET")
        call(tap, path="/elsewhere")
        call(tap, query="the=last")
        assert told.get(timeout=10)[2]["query"] == "the=last"
        assert told.empty()


def test_a_console_that_is_away_costs_nothing(monkeypatch: pytest.MonkeyPatch):
    """Neither one that is gone nor one that never answers, however much comes; and it may come back."""
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
    """However it is spelt; the rest stays as it is written."""
    assert without_token(query) == left
