"""For every fault: where the alert is while it lasts, and that the alert is delivered when it ends.

Every case has a stack and a Flashduty of its own. All cases run at the same time, because many of them wait
until the relay's time for a push is over.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import faults as f
import pytest
from conftest import World
from faults import Deployment, Fault
from local.queue import Queue
from local.standin import Standin
from trials import (
    Resource,
    alerts_of,
    channel,
    deliveries,
    deployed,
    eventually,
    in_parallel,
    open_resources,
    selected,
    wait_for_delivery,
    wait_until,
)

FLASHDUTY = {"Flashduty"}
RETRIES = {"retry queue"}
DEAD = {"dead letter queue"}
LOG = {"log"}
NOWHERE = set()  # the answer is not 2xx, so ZStack still has the message


@dataclass(frozen=True)
class Case:
    """Faults, the status of the answers while they last, and where the alerts are then."""

    faults: tuple[Fault, ...]
    status: int
    places: set[str]
    then: tuple[Fault, ...] = ()
    """The faults while `redeliver` works on the queue; the first ones have ended."""
    places_then: set[str] | None = None

    def __str__(self) -> str:
        return ", then ".join(" and ".join(map(str, it)) for it in (self.faults, self.then) if it)


CASES = [
    # One fault.
    Case((f.REFUSES,), 202, RETRIES),
    Case((f.HANGS,), 202, RETRIES),
    Case((f.CLOSES,), 202, RETRIES),
    Case((f.CUTS,), 202, FLASHDUTY | RETRIES),
    Case((f.GARBAGE,), 202, RETRIES),
    Case((f.PROXY,), 202, RETRIES),
    Case((f.FIREWALL,), 202, RETRIES),
    Case((f.REDIRECT,), 202, RETRIES),
    Case((f.S500,), 202, RETRIES),
    Case((f.S502,), 202, RETRIES),
    Case((f.S429,), 202, RETRIES),
    Case((f.S429_SOON,), 202, RETRIES),
    Case((f.S429_LATE,), 202, RETRIES),
    Case((f.BUSY_200,), 202, RETRIES),
    Case((f.BUSY_400,), 202, RETRIES),
    Case((f.ERROR,), 502, DEAD),
    Case((f.S400,), 502, DEAD),
    Case((f.S401,), 502, DEAD),
    Case((f.ONE_500,), 200, FLASHDUTY),
    Case((f.ONE_429,), 200, FLASHDUTY),
    Case((f.ONE_CLOSE,), 200, FLASHDUTY),
    Case((f.ROTATED,), 200, FLASHDUTY),
    Case((f.ROTATED_401,), 200, FLASHDUTY),
    Case((f.ROTATED_ALONE,), 502, DEAD),
    Case((f.SSM_DENIES,), 200, FLASHDUTY),
    Case((f.SSM_GONE,), 200, FLASHDUTY),
    # The functions know neither the token nor the push URL.
    Case((f.SSM_DENIES_AT_START,), 503, NOWHERE),
    Case((f.SSM_GONE_AT_START,), 503, NOWHERE),
    Case((f.SSM_AWAY,), 503, NOWHERE),
    Case((f.SSM_THROTTLES,), 503, NOWHERE),
    Case((f.PUSH_URL_GONE,), 202, RETRIES),
    Case((f.SQS_DENIES,), 200, FLASHDUTY),
    Case((f.SQS_GONE,), 200, FLASHDUTY),
    Case((f.SQS_AWAY,), 200, FLASHDUTY),
    # Two.
    Case((f.REFUSES, f.SQS_DENIES), 503, LOG),
    Case((f.HANGS, f.SQS_AWAY), 503, LOG),
    Case((f.S500, f.SQS_GONE), 503, LOG),
    Case((f.S429, f.SQS_THROTTLES), 503, LOG),
    Case((f.FIREWALL, f.SQS_DENIES), 503, LOG),
    Case((f.S500, f.SQS_DENIES_SENDING), 503, LOG),
    Case((f.ERROR, f.SQS_DENIES), 503, LOG),
    Case((f.ERROR, f.SQS_GONE), 503, LOG),
    Case((f.S500, f.SSM_DENIES), 202, RETRIES),
    # SSM may have a new key.
    Case((f.S401, f.SSM_GONE), 202, RETRIES),
    Case((f.SSM_DENIES, f.SQS_DENIES), 200, FLASHDUTY),
    Case((f.SSM_AWAY, f.SQS_AWAY), 503, NOWHERE),
    # Faults while the queue is delivered.
    Case((f.S429_LATE,), 202, RETRIES, then=(f.S500,), places_then=RETRIES),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.REFUSES,), places_then=RETRIES),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.FIREWALL,), places_then=RETRIES),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.BUSY_400,), places_then=RETRIES),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.CUTS,), places_then=FLASHDUTY | RETRIES),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.ERROR,), places_then=DEAD),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.ROTATED_ALONE,), places_then=DEAD),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.ROTATED_401,), places_then=FLASHDUTY),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.SSM_DENIES,), places_then=FLASHDUTY),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.SSM_DENIES_AT_START,), places_then=RETRIES),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.SSM_THROTTLES,), places_then=RETRIES),
    Case((f.S429_LATE,), 202, RETRIES, then=(f.ERROR, f.SQS_DENIES_SENDING), places_then=RETRIES),
]


STEADY = "steady"
"""A second channel of the stack. It must not notice what happens to the first one."""
OF_ALL = {f.SSM_DENIES, f.SSM_DENIES_AT_START, f.SSM_GONE_AT_START, f.SSM_AWAY, f.SSM_THROTTLES}
"""What no channel can work with: nobody can be checked, or SSM gives no new push URL."""

UNCOUNTED = 10
"""Seconds for which the relay assumes that a queue holds messages if it could not count them."""


def check_case(case: Case, deployment: Deployment, steady: Standin) -> None:
    """Inject the faults, check where the alerts are, end the faults, and check the delivery."""
    brief, lasting = Resource("brief"), Resource("lasting")
    messages = [brief.alarm(), brief.recovery(), lasting.alarm()]
    is_steady = OF_ALL.isdisjoint(case.faults + case.then)

    if not any(fault.cold for fault in case.faults):
        assert deployment.stack.call("/health").status == 200
    begin(case.faults, deployment)
    answers = [deployment.post(message) for message in messages]
    assert [answer.status for answer in answers] == [case.status] * len(messages), answers
    look(deployment, case.places, messages)
    if case.status == 202:
        for answer in answers:
            assert [alert["queued"] for alert in answer.json()["alerts"]] == [True]
            assert answer.json()["queued"] is True
    if is_steady:
        others = [deployment.post(message, f"/zstack/{STEADY}") for message in messages]
        assert [answer.status for answer in others] == [200] * len(messages), others
        assert opened(steady) == {brief.id: ["Critical", "Ok"], lasting.id: ["Critical"]}
    end(case.faults, deployment)

    places = case.places
    if case.places_then is not None:
        if not any(fault.cold for fault in case.then):
            deployment.stack.start_redeliver()
        begin(case.then, deployment)
        deployment.stack.deliver_queued(True)
        wait_until(lambda: deliveries(deployment), "redeliver was not invoked")
        eventually(lambda: look_at_counts(deployment, case.places_then))
        end(case.then, deployment)
        places = places | case.places_then

    if not case.status < 300 and not places & DEAD:
        if "log" in places:
            time.sleep(UNCOUNTED)
        again = [deployment.post(message) for message in messages]
        assert [answer.status for answer in again] == [200] * len(messages), again
    deployment.stack.dead_letters.move_to(deployment.stack.retries)
    deployment.stack.deliver_queued(True)
    wait_for_delivery(deployment, {lasting.id})
    [alert] = alerts_of(deployment, lasting.id)
    assert ("delayed" in alert["labels"]) == (not places.isdisjoint(RETRIES | DEAD)), alert["labels"]
    [alert] = alerts_of(deployment, brief.id)
    assert [entry["status"] for entry in alert["history"]] == ["Critical", "Ok"]

    assert deployment.post(lasting.recovery()).status in (200, 202)
    wait_for_delivery(deployment, set())
    assert len(deployment.flashduty.alerts()) == 2
    if is_steady:
        assert [it["event_status"] for it in last_events(steady).values()] == ["Ok", "Critical"]
        assert not any("delayed" in it["labels"] for it in steady.alerts())
        channels = {it["labels"].get("channel") for it in steady.alerts()}
        assert channels == {STEADY}
    assert not any("channel" in it["labels"] for it in deployment.flashduty.alerts())

    heard = [answer.text for answer in answers] + deployment.stack.logs()
    assert [text for text in heard if any(secret in text for secret in deployment.secrets)] == []


def opened(flashduty: Standin) -> dict[str, list[str]]:
    """The states that the alert of each resource went through."""
    alerts = flashduty.alerts()
    return {it["labels"]["resource_id"]: [entry["status"] for entry in it["history"]] for it in alerts}


def last_events(flashduty: Standin) -> dict[str, dict[str, Any]]:
    """The last event of each alert that Flashduty accepted."""
    events = [json.loads(it["body"]) for it in flashduty.received() if it["status"] == 200]
    return {it["alert_key"]: it for it in events}


def begin(faults: tuple[Fault, ...], deployment: Deployment) -> None:
    """Begin all faults. Those that start the functions again come first."""
    for fault in sorted(faults, key=lambda fault: not fault.cold):
        fault.begin(deployment)


def end(faults: tuple[Fault, ...], deployment: Deployment) -> None:
    """End all faults."""
    for fault in faults:
        fault.end(deployment)


def look(deployment: Deployment, places: set[str], messages: list[str]) -> None:
    """Assert that every message is in these places, and in no other."""
    expected = list(map(json.loads, messages))
    assert queued(deployment.stack.retries) == (expected if places & RETRIES else [])
    assert queued(deployment.stack.dead_letters) == (expected if places & DEAD else [])
    if places & DEAD:
        reasons = [it["MessageAttributes"]["Reason"] for it in deployment.stack.dead_letters.messages()]
        assert all(reason["StringValue"] for reason in reasons)
    if places & RETRIES:  # the relay queues every message while one is queued
        assert bool(open_resources(deployment)) == bool(places & FLASHDUTY)
    else:
        resources = {expected[-1]["ALARM_RESOURCE_ID"]} if places & FLASHDUTY else set()
        assert open_resources(deployment) == resources
    lines = [json.loads(line) for line in deployment.stack.logs() if '"level":"ERROR"' in line]
    found = [[line for line in lines if it in map(read, texts(line))] for it in expected]
    assert [len(it) for it in found] == [1 if places & LOG else 0] * len(messages), lines


def look_at_counts(deployment: Deployment, places: set[str]) -> None:
    """Assert how many messages are where. The event source may hold them, so their content cannot be read."""
    assert deployment.stack.retries.length() == (3 if places & RETRIES else 0)
    assert deployment.stack.dead_letters.length() == (3 if places & DEAD else 0)
    if places & FLASHDUTY:
        assert open_resources(deployment)


def queued(queue: Queue) -> list[Any]:
    """ZStack's messages in a queue."""
    return [json.loads(body["message"]) for body in queue.bodies()]


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON document. Texts that are JSON themselves are searched, too."""
    if isinstance(value, str):
        yield value
        value = read(value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)


def read(text: str) -> Any:
    """The text parsed as JSON; None if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def run(world: World, name: str, case: Case) -> None:
    """Deploy a case and check it."""
    # Settings are read again for every request where the fault is SSM's. Elsewhere they are kept, so that a
    # rotation has to be noticed by the answer of Flashduty.
    fresh = {f.SSM_DENIES, f.SSM_GONE}.intersection(case.faults)
    with deployed(world, name) as deployment:
        if fresh:
            # The template has a minimum.
            deployment.environment(SETTINGS_TTL_SECONDS="0")
        deployment.stack.deliver_queued(False)
        with channel(world, deployment, STEADY) as steady:
            check_case(case, deployment, steady)


@pytest.fixture(scope="module")
def runs(running: World, request: pytest.FixtureRequest) -> Iterator[dict[str, Future]]:
    """All selected cases, running."""
    with in_parallel(running, selected(request, "case"), run) as runs:
        yield runs


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_alert_is_lost(runs: dict[str, Future], case: Case):
    """In this case."""
    runs[str(case)].result()
