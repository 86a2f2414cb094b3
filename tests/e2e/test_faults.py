"""Whatever goes wrong: where the alert is then, and that it arrives when the trouble ends.

Every cell has a stack and a Flashduty of its own, and all of them run at the same time: many have to wait
until the relay's budget is spent.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
import weather as w
from conftest import World
from local import ROOT, WORK, samples
from local.queue import Queue
from local.standin import Standin
from weather import Fault, Place

FLASHDUTY = {"Flashduty"}
RETRIES = {"retry queue"}
DEAD = {"dead letter queue"}
LOG = {"log"}
NOWHERE = set()  # and the answer is not 2xx: ZStack still has it


@dataclass(frozen=True)
class Cell:
    """Faults, what ZStack is answered meanwhile, and where its alerts are then."""

    faults: tuple[Fault, ...]
    status: int
    places: set[str]
    then: tuple[Fault, ...] = ()
    """What goes wrong when the queue is worked on, instead."""
    places_then: set[str] | None = None

    def __str__(self) -> str:
        return ", then ".join(" and ".join(map(str, it)) for it in (self.faults, self.then) if it)


CELLS = [
    # One fault.
    Cell((w.REFUSES,), 202, RETRIES),
    Cell((w.HANGS,), 202, RETRIES),
    Cell((w.CLOSES,), 202, RETRIES),
    Cell((w.CUTS,), 202, FLASHDUTY | RETRIES),
    Cell((w.GARBAGE,), 202, RETRIES),
    Cell((w.PROXY,), 202, RETRIES),
    Cell((w.FIREWALL,), 202, RETRIES),
    Cell((w.REDIRECT,), 202, RETRIES),
    Cell((w.S500,), 202, RETRIES),
    Cell((w.S502,), 202, RETRIES),
    Cell((w.S429,), 202, RETRIES),
    Cell((w.S429_SOON,), 202, RETRIES),
    Cell((w.S429_LATE,), 202, RETRIES),
    Cell((w.BUSY_200,), 202, RETRIES),
    Cell((w.BUSY_400,), 202, RETRIES),
    Cell((w.ERROR,), 502, DEAD),
    Cell((w.S400,), 502, DEAD),
    Cell((w.S401,), 502, DEAD),
    Cell((w.ONE_500,), 200, FLASHDUTY),
    Cell((w.ONE_429,), 200, FLASHDUTY),
    Cell((w.ONE_CLOSE,), 200, FLASHDUTY),
    Cell((w.ROTATED,), 200, FLASHDUTY),
    Cell((w.ROTATED_401,), 200, FLASHDUTY),
    Cell((w.ROTATED_ALONE,), 502, DEAD),
    Cell((w.SSM_DENIES,), 200, FLASHDUTY),
    Cell((w.SSM_GONE,), 200, FLASHDUTY),
    # Nobody knows whether the caller may call, and no key of Flashduty's.
    Cell((w.SSM_DENIES_AT_START,), 503, NOWHERE),
    Cell((w.SSM_GONE_AT_START,), 503, NOWHERE),
    Cell((w.SSM_AWAY,), 503, NOWHERE),
    Cell((w.SSM_THROTTLES,), 503, NOWHERE),
    Cell((w.PUSH_URL_GONE,), 202, RETRIES),
    Cell((w.SQS_DENIES,), 200, FLASHDUTY),
    Cell((w.SQS_GONE,), 200, FLASHDUTY),
    Cell((w.SQS_AWAY,), 200, FLASHDUTY),
    # Two.
    Cell((w.REFUSES, w.SQS_DENIES), 503, LOG),
    Cell((w.HANGS, w.SQS_AWAY), 503, LOG),
    Cell((w.S500, w.SQS_GONE), 503, LOG),
    Cell((w.S429, w.SQS_THROTTLES), 503, LOG),
    Cell((w.FIREWALL, w.SQS_DENIES), 503, LOG),
    Cell((w.S500, w.SQS_TAKES_NOTHING), 503, LOG),
    Cell((w.ERROR, w.SQS_DENIES), 503, LOG),
    Cell((w.ERROR, w.SQS_GONE), 503, LOG),
    Cell((w.S500, w.SSM_DENIES), 202, RETRIES),
    # SSM may have a new key.
    Cell((w.S401, w.SSM_GONE), 202, RETRIES),
    Cell((w.SSM_DENIES, w.SQS_DENIES), 200, FLASHDUTY),
    Cell((w.SSM_AWAY, w.SQS_AWAY), 503, NOWHERE),
    # What the queue meets on its way to Flashduty.
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.S500,), places_then=RETRIES),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.REFUSES,), places_then=RETRIES),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.FIREWALL,), places_then=RETRIES),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.BUSY_400,), places_then=RETRIES),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.CUTS,), places_then=FLASHDUTY | RETRIES),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.ERROR,), places_then=DEAD),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.ROTATED_ALONE,), places_then=DEAD),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.ROTATED_401,), places_then=FLASHDUTY),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.SSM_DENIES,), places_then=FLASHDUTY),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.SSM_DENIES_AT_START,), places_then=RETRIES),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.SSM_THROTTLES,), places_then=RETRIES),
    Cell((w.S429_LATE,), 202, RETRIES, then=(w.ERROR, w.SQS_TAKES_NOTHING), places_then=RETRIES),
]


UNCOUNTED = 10
"""Seconds for which the relay takes a queue that it could not count for one that holds something."""


class Resource:
    """A machine whose alarm triggers and recovers."""

    def __init__(self, name: str):
        self.id = uuid4().hex
        self.name = name

    def message(self, sample: str) -> str:
        """A message about it, like a sample's."""
        own = {"ALARM_RESOURCE_ID": self.id, "ALARM_RESOURCE_NAME": self.name, "ALARM_DATA_UUID": uuid4().hex}
        return json.dumps(json.loads(samples.read(ROOT / f"events/{sample}.json").body) | own)

    def alarm(self) -> str:
        """It is in trouble."""
        return self.message("alarm")

    def recovery(self) -> str:
        """It is well again."""
        return self.message("alarm-recovery")


def suffer(cell: Cell, place: Place) -> None:
    """Let one cell's weather come, look where the alerts are, and see them arrive when it has gone."""
    brief, lasting = Resource("brief"), Resource("lasting")
    messages = [brief.alarm(), brief.recovery(), lasting.alarm()]

    if not any(fault.cold for fault in cell.faults):
        assert place.stack.call("/health").status == 200
    begin(cell.faults, place)
    answers = [place.post(message) for message in messages]
    assert [answer.status for answer in answers] == [cell.status] * len(messages), answers
    look(place, cell.places, messages)
    if cell.status == 202:
        for answer in answers:
            assert [alert["queued"] for alert in answer.json()["alerts"]] == [True]
            assert answer.json()["queued"] is True
    end(cell.faults, place)

    places = cell.places
    if cell.places_then is not None:
        if not any(fault.cold for fault in cell.then):
            place.stack.start_redeliver()
        begin(cell.then, place)
        place.stack.deliver_queued(True)
        wait_until(lambda: deliveries(place), "nobody worked on the queue")
        eventually(lambda: look_from_afar(place, cell.places_then))
        end(cell.then, place)
        places = places | cell.places_then

    if not cell.status < 300 and not places & DEAD:
        if "log" in places:
            time.sleep(UNCOUNTED)
        again = [place.post(message) for message in messages]
        assert [answer.status for answer in again] == [200] * len(messages), again
    place.stack.dead_letters.move_to(place.stack.retries)
    place.stack.deliver_queued(True)
    arrive(place, {lasting.id})
    [alert] = alerts_of(place, lasting.id)
    assert ("delayed" in alert["labels"]) == (not places.isdisjoint(RETRIES | DEAD)), alert["labels"]
    [alert] = alerts_of(place, brief.id)
    assert [entry["status"] for entry in alert["history"]] == ["Critical", "Ok"]

    assert place.post(lasting.recovery()).status in (200, 202)
    arrive(place, set())
    assert len(place.flashduty.alerts()) == 2

    heard = [answer.text for answer in answers] + place.stack.logs()
    assert [text for text in heard if any(secret in text for secret in place.secrets)] == []


def begin(faults: tuple[Fault, ...], place: Place) -> None:
    """Let it rain; the faults that start the functions anew come first."""
    for fault in sorted(faults, key=lambda fault: not fault.cold):
        fault.begin(place)


def end(faults: tuple[Fault, ...], place: Place) -> None:
    """Let the sun shine."""
    for fault in faults:
        fault.end(place)


def look(place: Place, places: set[str], messages: list[str]) -> None:
    """Assert that every message is where it must be, and nowhere else."""
    expected = list(map(json.loads, messages))
    assert queued(place.stack.retries) == (expected if places & RETRIES else [])
    assert queued(place.stack.dead_letters) == (expected if places & DEAD else [])
    if places & DEAD:
        reasons = [it["MessageAttributes"]["Reason"] for it in place.stack.dead_letters.messages()]
        assert all(reason["StringValue"] for reason in reasons)
    if places & RETRIES:  # and while one waits, all do
        assert bool(lastings(place)) == bool(places & FLASHDUTY)
    else:
        assert lastings(place) == ({expected[-1]["ALARM_RESOURCE_ID"]} if places & FLASHDUTY else set())
    lines = [json.loads(line) for line in place.stack.logs() if '"level":"ERROR"' in line]
    found = [[line for line in lines if it in map(read, texts(line))] for it in expected]
    assert [len(it) for it in found] == [1 if places & LOG else 0] * len(messages), lines


def look_from_afar(place: Place, places: set[str]) -> None:
    """The same while the event source may hold messages back: how many there are, and where."""
    assert place.stack.retries.length() == (3 if places & RETRIES else 0)
    assert place.stack.dead_letters.length() == (3 if places & DEAD else 0)
    if places & FLASHDUTY:
        assert lastings(place)


def queued(queue: Queue) -> list[Any]:
    """ZStack's messages in a queue."""
    return [json.loads(body["message"]) for body in queue.bodies()]


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON document, and in the JSON documents that its texts are."""
    if isinstance(value, str):
        yield value
        value = read(value)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)


def read(text: str) -> Any:
    """The JSON that a text is, if it is."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def deliveries(place: Place) -> int:
    """How often redeliver was called, as its log has it, but for the call that only started it."""
    lines = place.stack.logs(place.stack.redeliver)
    return sum("REPORT RequestId" in line for line in lines) - place.stack.starts


def alerts_of(place: Place, resource: str) -> list[dict[str, Any]]:
    """What Flashduty shows of a resource."""
    return [alert for alert in place.flashduty.alerts() if alert["labels"]["resource_id"] == resource]


def lastings(place: Place) -> set[str]:
    """The resources with an open alert; a Flashduty that is away shows none."""
    with suppress(ConnectionRefusedError):
        return {alert["labels"]["resource_id"] for alert in place.flashduty.alerts() if alert["open"]}
    return set()


def arrive(place: Place, opened: set[str]) -> None:
    """Wait until nothing is queued, and nothing open but this."""
    wait_until(
        lambda: not place.stack.retries.length() and not place.stack.dead_letters.length(),
        lambda: f"still queued: {place.stack.retries.messages()} {place.stack.dead_letters.messages()}",
    )
    assert lastings(place) == opened


def eventually(check: Callable[[], None], seconds: float = 60) -> None:
    """Wait until the check holds."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def wait_until(true: Callable[[], Any], otherwise: str | Callable[[], str], seconds: float = 90) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, otherwise if isinstance(otherwise, str) else otherwise()
        time.sleep(0.5)


def run(world: World, number: int, cell: Cell) -> None:
    """One cell, from its deployment to its end."""
    name, key = f"fault-{number}", secrets.token_hex(16)
    push_url, token = f"/{name}/push-url", f"/{name}/webhook-token"
    parameters = {"PushUrlParameter": push_url, "WebhookTokenParameter": token}
    # Read again for every request, so that SSM's weather is felt; but not where a rotation shall be noticed
    # from what Flashduty answers.
    fresh = {w.SSM_DENIES, w.SSM_GONE}.intersection(cell.faults)
    with Standin(world.flashduty.binary, key, log=WORK / f"standin-{name}.log") as flashduty:
        stack = world.like(name, **parameters, SettingsTtlSeconds="0" if fresh else "300")
        stack.deliver_queued(False)
        place = Place(world.aws, stack, flashduty, key, push_url, token)
        place.put_secrets()
        suffer(cell, place)


@pytest.fixture(scope="module")
def runs(running: World, request: pytest.FixtureRequest) -> Iterator[dict[str, Future]]:
    """Every cell that is asked for, started."""
    cells = [it.callspec.params["cell"] for it in request.session.items if it.module is request.module]
    for service in ("cloudformation", "iam", "lambda", "logs", "sqs", "ssm", "apigatewayv2"):
        running.aws.client(service)  # boto3 cannot make two at once
    with ThreadPoolExecutor(max_workers=len(cells)) as pool:
        yield {str(cell): pool.submit(run, running, number, cell) for number, cell in enumerate(cells)}


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_no_alert_is_lost(runs: dict[str, Future], cell: Cell):
    """Not in this weather."""
    runs[str(cell)].result()
