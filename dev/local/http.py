"""HTTP requests without proxies and redirects. An error status is not an exception."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    """The response to a request."""

    status: int
    headers: HTTPMessage
    text: str

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.text)


def request(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """Send one request. The timeout is 60 seconds, longer than API Gateway's."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname, parts.port, timeout=60)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read().decode())
    finally:
        connection.close()


def request_json(method: str, url: str, value: Any = None) -> Any:
    """Send a value as JSON; return the JSON of the answer, if any. An error status is an exception."""
    body = None if value is None else json.dumps(value).encode()
    answer = request(method, url, body, {"Content-Type": "application/json"})
    if answer.status >= 300:
        raise RuntimeError(f"{method} {url}: {answer.status} {answer.text}")
    return answer.json() if answer.text else None
