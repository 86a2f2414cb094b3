"""Trials: each has a stack and a Flashduty of its own, and all of a module run at the same time."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from conftest import World
from faults import Deployment
from local import WORK, samples
from local.standin import Standin


@contextmanager
def deployed(world: World, name: str, limits: Sequence[str] = ()) -> Iterator[Deployment]:
    """A stack with its Flashduty, and both secrets in SSM."""
    key = secrets.token_hex(16)
    push_url, token = f"/{name}/push-url", f"/{name}/webhook-token"
    log = WORK / f"standin-{name}.log"
    with Standin(world.flashduty.binary, key, log=log, limits=limits) as flashduty:
        stack = world.like(name, PushUrlParameter=push_url, WebhookTokenParameter=token)
        deployment = Deployment(world.aws, stack, flashduty, key, push_url, token)
        deployment.put_secrets()
        yield deployment


@contextmanager
def channel(world: World, deployment: Deployment, name: str) -> Iterator[Standin]:
    """A channel of a stack, with a Flashduty of its own."""
    key = secrets.token_hex(16)
    deployment.secrets.append(key)
    log = WORK / f"standin-{deployment.stack.name}-{name}.log"
    with Standin(world.flashduty.binary, key, log=log) as flashduty:
        world.aws.put_secret(f"{deployment.push_url}/{name}", flashduty.push_url(key))
        yield flashduty


def selected(request: pytest.FixtureRequest, parameter: str) -> list[Any]:
    """The values of a parameter of the tests that were selected in this module."""
    items = [it for it in request.session.items if it.module is request.module]
    return [it.callspec.params[parameter] for it in items if parameter in getattr(it, "fixturenames", ())]


@contextmanager
def in_parallel(
    world: World, trials: Sequence[Any], run: Callable[[World, str, Any], Any]
) -> Iterator[dict[str, Future]]:
    """All trials, running, by their texts. `run` gets a name for the stack as well."""
    for service in ("cloudformation", "iam", "lambda", "logs", "sqs", "ssm", "apigatewayv2"):
        world.aws.client(service)  # boto3 cannot create two clients at the same time
    prefix = run.__module__.removeprefix("test_")
    with ThreadPoolExecutor(max_workers=len(trials)) as pool:
        yield {str(it): pool.submit(run, world, f"{prefix}-{number}", it) for number, it in enumerate(trials)}


class Resource:
    """A machine with an alarm that triggers and recovers."""

    def __init__(self, name: str):
        self.id = uuid4().hex
        self.name = name

    def message(self, sample: str) -> str:
        """The message of a sample, about this machine."""
        return samples.message(sample, self.id, self.name).decode()

    def alarm(self) -> str:
        """The alarm triggers."""
        return self.message("alarm")

    def recovery(self) -> str:
        """The alarm recovers."""
        return self.message("alarm-recovery")


def deliveries(deployment: Deployment) -> int:
    """How often `redeliver` was invoked, by its log. Calls of `start_redeliver` do not count."""
    lines = deployment.stack.logs(deployment.stack.redeliver)
    return sum("REPORT RequestId" in line for line in lines) - deployment.stack.starts


def alerts_of(deployment: Deployment, resource: str) -> list[dict[str, Any]]:
    """The alerts of a resource."""
    return [alert for alert in deployment.flashduty.alerts() if alert["labels"]["resource_id"] == resource]


def open_resources(deployment: Deployment) -> set[str]:
    """The resources with an open alert; none if Flashduty refuses connections."""
    with suppress(ConnectionRefusedError):
        return {alert["labels"]["resource_id"] for alert in deployment.flashduty.alerts() if alert["open"]}
    return set()


def wait_for_delivery(deployment: Deployment, opened: set[str]) -> None:
    """Wait until both queues are empty, and assert which resources have an open alert."""
    queues = [deployment.stack.retries, deployment.stack.dead_letters]
    wait_until(
        lambda: not any(queue.length() for queue in queues),
        lambda: f"still queued: {[queue.messages() for queue in queues]}",
    )
    assert open_resources(deployment) == opened


def eventually(check: Callable[[], None], seconds: float = 60) -> None:
    """Repeat the check until it passes."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def wait_until(condition: Callable[[], Any], otherwise: str | Callable[[], str], seconds: float = 90) -> None:
    """Wait until the condition is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise if isinstance(otherwise, str) else otherwise()
        time.sleep(0.5)
