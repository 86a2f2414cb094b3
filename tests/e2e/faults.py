"""The faults that the tests inject around the functions of one stack."""

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.aws import LOOPBACK, LocalAws, free_port
from local.http import Answer
from local.stack import Stack
from local.standin import Standin


@dataclass
class Deployment:
    """A stack with a Flashduty and two parameters of its own, so that its faults affect no other test."""

    aws: LocalAws
    stack: Stack
    flashduty: Standin
    key: str
    push_url: str
    """The name of its parameter."""
    token_parameter: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    secrets: list[str] = field(default_factory=list)
    """Every value that no answer and no log line may contain."""

    def put_secrets(self) -> None:
        """Write both parameters, with the values in force."""
        self.secrets += [self.token, self.key]
        self.aws.put_secret(self.push_url, self.flashduty.push_url(self.key))
        self.aws.put_secret(self.token_parameter, self.token)

    def rotate(self, *, update_ssm: bool) -> None:
        """Make Flashduty accept another key only, and put it into SSM if asked to."""
        self.key = secrets.token_hex(16)
        self.flashduty.accept_only(self.key)
        if update_ssm:
            self.put_secrets()

    def clear_faults(self) -> None:
        """End all faults of Flashduty."""
        self.flashduty.clear_faults()

    def post(self, message: str, path: str = "/zstack") -> Answer:
        """Post a message as ZStack does."""
        return self.stack.call(path, message.encode(), token=self.token, query={"cloud": "beijing"})

    def environment(self, **variables: str) -> None:
        """Set variables of both functions. Their processes start again."""
        for function in (self.stack.function, self.stack.redeliver):
            self.stack.change_environment(function, **variables)


@dataclass(frozen=True)
class Fault:
    """A fault: what begins it, and what ends it."""

    name: str
    begin: Callable[[Deployment], None]
    end: Callable[[Deployment], None]
    cold: bool = False
    """True if the functions start while it lasts, so that they have read no settings before."""

    def __str__(self) -> str:
        return self.name


def flashduty(name: str, fault: object, lasts: object = "standing") -> Fault:
    """A fault of Flashduty."""
    return Fault(name, lambda it: it.flashduty.fault(fault, lasts), lambda it: it.flashduty.clear_faults())


def refusal(
    name: str,
    status: int,
    retry_after: str | None = None,
    lasts: object = "standing",
    code: str | None = None,
) -> Fault:
    """A refusal in Flashduty's own format. Without a code, it has the usual one of the status."""
    return flashduty(name, {"refuse": {"status": status, "code": code, "retry_after": retry_after}}, lasts)


def page(name: str, status: int) -> Fault:
    """A page that a proxy or a firewall answers instead of Flashduty."""
    return flashduty(name, {"garbage": {"status": status, "body": "<html>"}})


def denied(name: str, actions: str, *, cold: bool = False) -> Fault:
    """IAM denies the functions these actions."""
    return Fault(name, lambda it: it.stack.deny(actions), lambda it: it.stack.allow(actions), cold)


def endpoint(name: str, service: str, port: int) -> Fault:
    """The endpoint of an AWS service is another program's port, or a port without a program."""
    variable = f"AWS_ENDPOINT_URL_{service}"
    return Fault(
        name,
        lambda it: it.environment(**{variable: f"http://{LOOPBACK}:{port}"}),
        lambda it: it.environment(**{variable: it.aws.endpoint}),
        cold=True,
    )


def _delete(*parameters: str) -> Callable[[Deployment], None]:
    return lambda it: [it.aws.client("ssm").delete_parameter(Name=getattr(it, name)) for name in parameters]


def _no_queues(it: Deployment) -> None:
    gone = (queue.url.replace(".fifo", "-gone.fifo") for queue in (it.stack.retries, it.stack.dead_letters))
    it.environment(RETRY_QUEUE_URL=next(gone), DEAD_LETTER_QUEUE_URL=next(gone))


def _queues(it: Deployment) -> None:
    retries, dead_letters = it.stack.retries.url, it.stack.dead_letters.url
    it.environment(RETRY_QUEUE_URL=retries, DEAD_LETTER_QUEUE_URL=dead_letters)


def _rotation_with_401(it: Deployment) -> None:
    it.rotate(update_ssm=True)
    it.flashduty.fault({"refuse": {"status": 401}}, {"next": 1})


class Throttle(BaseHTTPRequestHandler):
    """An AWS service that throttles every call."""

    ERROR = ("ThrottlingException", "Rate exceeded")

    def do_POST(self) -> None:
        """Answer with AWS's error for it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(dict(zip(("__type", "message"), self.ERROR, strict=True))).encode()
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def throttle() -> int:
    """Start one; return its port."""
    server = ThreadingHTTPServer((LOOPBACK, 0), Throttle)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


NOBODY, THROTTLE = free_port(), throttle()

REFUSES = Fault(
    "Flashduty refuses connections", lambda it: it.flashduty.stop(), lambda it: it.flashduty.start()
)
HANGS = flashduty("Flashduty hangs", "hang")
CLOSES = flashduty("Flashduty closes without an answer", "close")
CUTS = flashduty("Flashduty closes mid-answer", "cut")
GARBAGE = page("Flashduty answers garbage", 200)
PROXY = page("a proxy answers 502 garbage", 502)
FIREWALL = page("a firewall answers a 403 page", 403)
REDIRECT = page("a proxy redirects", 302)
S500 = refusal("Flashduty answers 500", 500)
S502 = refusal("Flashduty answers 502", 502)
S429 = refusal("Flashduty answers 429", 429)
S429_SOON = refusal("Flashduty answers 429 with Retry-After 2", 429, "2")
S429_LATE = refusal("Flashduty answers 429 with Retry-After 30", 429, "30")
BUSY_200 = refusal("Flashduty answers 200 with RequestTooFrequently", 200, code="RequestTooFrequently")
BUSY_400 = refusal("Flashduty answers 400 with RequestTooFrequently", 400, code="RequestTooFrequently")
ERROR = refusal("Flashduty answers 200 with error", 200)
S400 = refusal("Flashduty answers 400", 400)
S401 = refusal("Flashduty answers 401", 401)
ONE_500 = refusal("Flashduty answers 500 once", 500, lasts={"next": 1})
ONE_429 = refusal("Flashduty answers 429 with Retry-After 1 once", 429, "1", lasts={"next": 1})
ONE_CLOSE = flashduty("Flashduty closes once", "close", {"next": 1})
ROTATED = Fault("the key was rotated, SSM knows", lambda it: it.rotate(update_ssm=True), lambda it: None)
ROTATED_401 = Fault("the key was rotated with a 401, SSM knows", _rotation_with_401, Deployment.clear_faults)
ROTATED_ALONE = Fault(
    "the key was rotated, SSM does not know", lambda it: it.rotate(update_ssm=False), Deployment.put_secrets
)

SSM_DENIES = denied("SSM denies", "ssm:*")
SSM_DENIES_AT_START = denied("SSM denies from the start", "ssm:*", cold=True)
SSM_GONE = Fault("SSM's parameters are gone", _delete("push_url", "token_parameter"), Deployment.put_secrets)
SSM_GONE_AT_START = replace(SSM_GONE, name="SSM's parameters are gone from the start", cold=True)
PUSH_URL_GONE = Fault(
    "SSM's push URL is gone from the start", _delete("push_url"), Deployment.put_secrets, cold=True
)
SSM_AWAY = endpoint("SSM is away", "SSM", NOBODY)
SSM_THROTTLES = endpoint("SSM throttles", "SSM", THROTTLE)

SQS_DENIES = denied("SQS denies", "sqs:*")
SQS_DENIES_SENDING = denied("SQS denies sending", "sqs:SendMessage")
SQS_GONE = Fault("SQS's queues are gone", _no_queues, _queues)
SQS_AWAY = endpoint("SQS is away", "SQS", NOBODY)
SQS_THROTTLES = endpoint("SQS throttles", "SQS", THROTTLE)
