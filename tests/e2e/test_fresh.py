"""Fresh alerts come first: what Flashduty has, and when, while other alerts wait in the retry queue.

Every trial has a stack and a Flashduty of its own. All trials run at the same time, because they wait for
timeouts, retries and rate limits. `pytest -rP` shows the figures of each.
"""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from conftest import World
from faults import Deployment
from local.storm import second_poller
from trials import (
    Resource,
    alerts_of,
    deployed,
    in_parallel,
    open_resources,
    selected,
    wait_for_delivery,
    wait_until,
)

AWAY = {"refuse": {"status": 500}}
"""Flashduty's answer during an outage."""


@dataclass(frozen=True)
class Trial:
    """What is tried, with which limits of Flashduty. `run` returns the figures that it found."""

    name: str
    run: Callable[[World, Deployment], str]
    limits: Sequence[str] = ("--no-rate-limit",)

    def __str__(self) -> str:
        return self.name


class Remains(Exception):
    """What the documentation says can still go wrong, with figures. It is no failure."""


@dataclass(frozen=True)
class Sent:
    """An alert that ZStack sent, or that somebody put into the queue."""

    resource: Resource
    status: str
    at: float
    """Epoch seconds, before the request."""


def send(deployment: Deployment, resource: Resource, *, recovered: bool = False) -> Sent:
    """Send an alert of a resource as ZStack does, once."""
    sent = Sent(resource, "Ok" if recovered else "Critical", time.time())
    answer = deployment.post(resource.recovery() if recovered else resource.alarm())
    assert answer.status in (200, 202), answer
    return sent


def queue_one(deployment: Deployment, resource: Resource) -> None:
    """Flashduty is away for as long as the relay tries to push an alert of this resource."""
    deployment.flashduty.fault(AWAY)
    answer = deployment.post(resource.alarm())
    deployment.flashduty.clear_faults()
    assert answer.status == 202, answer


def accepted(deployment: Deployment) -> list[tuple[float, str, str]]:
    """When Flashduty accepted an event, in epoch seconds, of which resource, and its status."""
    pushes = [push for push in deployment.flashduty.received() if push["status"] == 200]
    events = [json.loads(push["body"]) for push in pushes]
    return [
        (push["at"] / 1000, event["labels"]["resource_id"], event["event_status"])
        for push, event in zip(pushes, events, strict=True)
    ]


def late(deployment: Deployment, alerts: Sequence[Sent], patience: float) -> list[float]:
    """Seconds from sending each alert to Flashduty's acceptance. Waits until all are accepted.

    Infinite for alerts that are not, so many seconds after the last one was sent.
    """
    until = alerts[-1].at + patience
    while True:
        events = accepted(deployment)
        found = [
            next(
                # Flashduty's clock has milliseconds.
                (
                    max(at - sent.at, 0)
                    for at, resource, status in events
                    if (resource, status) == (sent.resource.id, sent.status) and at >= sent.at - 0.001
                ),
                math.inf,
            )
            for sent in alerts
        ]
        if math.inf not in found or time.time() > until:
            return found
        time.sleep(0.5)


def told(seconds: Sequence[float]) -> str:
    """Some times, for people."""
    never = seconds.count(math.inf)
    some = sorted(it for it in seconds if it != math.inf) or [math.nan]
    text = f"{len(seconds) - never} of {len(seconds)} accepted"
    return f"{text}, after {some[len(some) // 2]:.2f} s (median) to {some[-1]:.2f} s"


def openings(deployment: Deployment, resources: Sequence[Resource]) -> list[int]:
    """How often an alert of each resource was opened."""
    return [len(alerts_of(deployment, resource.id)) for resource in resources]


# The event source is disabled, or `redeliver` fails at its start.


def fresh_alerts_pass(
    deployment: Deployment, begin: Callable[[Deployment], None], end: Callable[[Deployment], None]
) -> str:
    """One alert waits, and `redeliver` cannot run. The next alerts of other keys are in Flashduty in time."""
    waiting, recovers, stays = Resource("waiting"), Resource("recovers"), Resource("stays")
    begin(deployment)
    queue_one(deployment, waiting)
    alerts = [
        send(deployment, recovers),
        send(deployment, recovers, recovered=True),
        send(deployment, stays),
    ]
    seconds = late(deployment, alerts, patience=15)
    assert max(seconds) <= 15, told(seconds)
    assert open_resources(deployment) == {stays.id}
    end(deployment)
    wait_for_delivery(deployment, {waiting.id, stays.id})
    assert openings(deployment, [waiting, recovers, stays]) == [1, 1, 1]
    return told(seconds)


def disabled(_: World, deployment: Deployment) -> str:
    """The event source is disabled."""
    return fresh_alerts_pass(deployment, lambda _: None, lambda it: it.stack.deliver_queued(True))


def broken(_: World, deployment: Deployment) -> str:
    """The configuration of `redeliver` is wrong."""

    def begin(it: Deployment) -> None:
        it.stack.retries.change(VisibilityTimeout="3")
        it.stack.change_environment(it.stack.redeliver, SETTINGS_TTL_SECONDS="soon")
        with pytest.raises(AssertionError, match=r"SETTINGS_TTL_SECONDS|exited|Runtime"):
            it.stack.start_redeliver()
        it.stack.deliver_queued(True)

    def end(it: Deployment) -> None:
        it.stack.change_environment(it.stack.redeliver, SETTINGS_TTL_SECONDS="300")

    return fresh_alerts_pass(deployment, begin, end)


# A long queue.


def drain(_: World, deployment: Deployment) -> str:
    """While 2,000 alerts are delivered, each new one is in Flashduty in time."""
    queue = deployment.stack.retries
    first = Resource("first")
    queue_one(deployment, first)
    letters = copies(deployment, first, 1_999)
    queue.put(letters)
    assert queue.length() == 2_000
    second_poller(deployment.stack)
    deployment.stack.deliver_queued(True)
    wait_until(lambda: accepted(deployment), "the queue is not delivered")
    alerts = []
    for number in range(5):
        alerts.append(send(deployment, Resource(f"new-{number}")))
        time.sleep(4)
    seconds = late(deployment, alerts, patience=15)
    left = queue.length()
    # Nobody waits for the rest.
    deployment.stack.deliver_queued(False)
    queue.purge()
    assert left > 1_000, f"the drain was nearly over: {left} are left"
    assert max(seconds) <= 15, told(seconds)
    return f"{told(seconds)}; {left} of 2,000 still waited"


def copies(deployment: Deployment, resource: Resource, number: int) -> list[tuple[str, str]]:
    """Letters like the one that waits, about other resources: the group and the body of each."""
    [letter] = deployment.stack.retries.messages()
    others = [uuid4().hex for _ in range(number)]
    return [(other, letter["Body"].replace(resource.id, other)) for other in others]


# Alerts that Flashduty does not take.


def stick(deployment: Deployment, number: int) -> None:
    """From now on so many alerts wait in the queue, because Flashduty answers 500 to each of their events."""
    stuck = [Resource(f"stuck-{it}") for it in range(number)]
    # Their first alarms are accepted, and tell their alert keys.
    answers = [deployment.post(resource.alarm()) for resource in stuck]
    keys = [answer.json()["alerts"][0]["alert_key"] for answer in answers]
    wait_until(lambda: not deployment.stack.retries.length(), "the queue is not empty before the trial")
    deployment.flashduty.fault(AWAY, alert_keys=keys)
    for resource in stuck:
        assert deployment.post(resource.alarm()).status == 202
    assert deployment.stack.retries.length() == number


def unstick(deployment: Deployment) -> None:
    """Flashduty takes them, and the queue becomes empty."""
    deployment.flashduty.clear_faults()
    wait_until(lambda: not deployment.stack.retries.length(), "still queued")
    assert deployment.stack.dead_letters.length() == 0


def check_healthy(deployment: Deployment, alerts: Sequence[Sent]) -> str:
    """99 of 100 alerts within 10 seconds, and all within 30."""
    seconds = late(deployment, alerts, patience=30)
    unstick(deployment)
    slow = sorted(seconds)[len(seconds) * 99 // 100 - 1]
    figures = f"{told(seconds)}; 99 of 100 within {slow:.2f} s"
    assert slow <= 10, figures
    assert max(seconds) <= 30, figures
    assert {alert.resource.id for alert in alerts} <= open_resources(deployment)
    repeated = sum(it > 1 for it in openings(deployment, [alert.resource for alert in alerts]))
    assert repeated == 0
    return figures


def healthy(number: int) -> Callable[[World, Deployment], str]:
    """So many stuck alerts, and 100 healthy ones that ZStack sends one after the other."""

    def run(_: World, deployment: Deployment) -> str:
        deployment.stack.deliver_queued(True)
        stick(deployment, number)
        alerts = []
        for it in range(100):
            alerts.append(send(deployment, Resource(f"healthy-{it}")))
            time.sleep(0.1)
        return check_healthy(deployment, alerts)

    return run


def queued_behind_stuck_ones(_: World, deployment: Deployment) -> str:
    """20 stuck alerts, and 100 healthy ones of which each is only in the queue."""
    letters = healthy_letters(deployment)
    deployment.stack.deliver_queued(True)
    stick(deployment, 20)
    time.sleep(15)  # so that they have failed several times
    return check_healthy(deployment, [put(deployment, letter) for letter in letters])


def among_new_stuck_ones(_: World, deployment: Deployment) -> str:
    """100 healthy alerts in the queue, and before every fifth of them a new alert that gets stuck."""
    letters = healthy_letters(deployment)
    known = Resource("known")
    stuck = [Resource(f"stuck-{it}") for it in range(20)]
    key = deployment.post(known.alarm()).json()["alerts"][0]["alert_key"]
    deployment.flashduty.fault(AWAY, alert_keys=[key.replace(known.id, it.id) for it in stuck])
    deployment.stack.deliver_queued(True)
    alerts = []
    for number, letter in enumerate(letters):
        if number % 5 == 0:
            assert deployment.post(stuck[number // 5].alarm()).status == 202
        alerts.append(put(deployment, letter))
    return check_healthy(deployment, alerts)


def healthy_letters(deployment: Deployment) -> list[tuple[str, str]]:
    """100 letters that another process of the relay may have queued while it did not push."""
    sample = Resource("sample")
    queue_one(deployment, sample)
    return copies(deployment, sample, 100)


def put(deployment: Deployment, letter: tuple[str, str]) -> Sent:
    """Put a letter of `copies` into the queue."""
    resource = Resource("copy")
    resource.id = letter[0]
    sent = Sent(resource, "Critical", time.time())
    deployment.stack.retries.put([letter])
    time.sleep(0.4)
    return sent


# Several processes.

LAG = 60
"""Seconds by which SQS's count may lag."""

HALF = 0.5
"""Seconds after which another process has the next message of an alert."""

TIMES = 6
"""How often each order of messages is tried."""


@dataclass(frozen=True)
class Step:
    """A process receives an alarm or a recovery, and pushes it or finds Flashduty away."""

    process: int
    recovered: bool
    queued: bool = False


def trigger(process: int, *, queued: bool = False) -> Step:
    """The alarm triggers."""
    return Step(process, False, queued)


def recovery(process: int, *, queued: bool = False) -> Step:
    """The alarm recovers."""
    return Step(process, True, queued)


def order(
    *steps: Step, lag: int = 0, delivering: bool = False, remains: bool = False
) -> Callable[[World, Deployment], str]:
    """Several processes receive the messages of one alert, one after the other.

    In the end the alert must be in the state of its last message. `delivering` is whether `redeliver` runs
    meanwhile. `remains` is whether the documentation says that it may go wrong.
    """

    def run(world: World, deployment: Deployment) -> str:
        processes = [deployment]
        for number in range(1, 1 + max(step.process for step in steps)):
            processes.append(another_process(world, deployment, number))
        wrong, repeated = 0, 0
        # Every trigger after a recovery opens one.
        expected = 1 + sum(it.recovered for it in steps[:-1])
        for number in range(TIMES):
            resource = Resource(f"{number}")
            messages(processes, steps, resource, lag=lag, delivering=delivering)
            wrong += (resource.id in open_resources(deployment)) == steps[-1].recovered
            repeated += openings(deployment, [resource]) > [expected]
        state = "closed" if steps[-1].recovered else "open"
        figures = f"{wrong} of {TIMES} are not {state} in the end, {repeated} were opened too often"
        if wrong and remains:
            raise Remains(figures)
        assert wrong == 0, figures
        return figures

    return run


def messages(
    processes: Sequence[Deployment], steps: Sequence[Step], resource: Resource, *, lag: int, delivering: bool
) -> None:
    """One time: the messages of one resource, and then everything that is queued is delivered."""
    stack, flashduty = processes[0].stack, processes[0].flashduty
    stack.deliver_queued(delivering)
    stack.retries.count_late(lag)
    for process in processes:
        # A new process, which knows nothing of earlier messages.
        process.stack.change_environment(START=resource.id)
        assert process.stack.call("/health").status == 200
    for process in processes:
        # An alert of something else, so that it counts the queue.
        send(process, Resource("something else"))
    for number, step in enumerate(steps):
        if number:
            time.sleep(HALF)
        if step.queued:
            # The relay does not wait that long for its next try.
            flashduty.fault({"refuse": {"status": 429, "retry_after": "30"}})
        deployment = processes[step.process]
        answer = deployment.post(resource.recovery() if step.recovered else resource.alarm())
        assert answer.status == 202 if step.queued else answer.status in (200, 202), (step, answer)
        flashduty.clear_faults()
    stack.retries.count_late(0)
    stack.deliver_queued(True)
    wait_until(lambda: not stack.retries.length(), "still queued")
    assert stack.dead_letters.length() == 0


def another_process(world: World, deployment: Deployment, number: int) -> Deployment:
    """Another process of the relay, with the same queues, Flashduty and secrets."""
    stack, lambdas = deployment.stack, world.aws.client("lambda")
    other = world.like(
        f"{stack.name}-{number}",
        RetryQueue="disabled",
        PushUrlParameter=deployment.push_url,
        WebhookTokenParameter=deployment.token_parameter,
    )
    role = lambdas.get_function_configuration(FunctionName=stack.function)["Role"]
    lambdas.update_function_configuration(FunctionName=other.function, Role=role)
    queues = {"RETRY_QUEUE_URL": stack.retries.url, "DEAD_LETTER_QUEUE_URL": stack.dead_letters.url}
    other.change_environment(**queues)
    return replace(deployment, stack=other)


# A `redeliver` that dies.


def killed(_: World, deployment: Deployment) -> str:
    """`redeliver` dies during its third push. At most one message is pushed again."""
    stack, flashduty = deployment.stack, deployment.flashduty
    resources = [Resource(f"{it}") for it in range(4)]
    stack.retries.change(VisibilityTimeout="6")
    flashduty.fault({"refuse": {"status": 429, "retry_after": "30"}})
    for resource in resources:
        assert deployment.post(resource.alarm()).status == 202
        assert deployment.post(resource.recovery()).status == 202
    flashduty.clear_faults()
    flashduty.clear()
    flashduty.fault({"delay": {"millis": 0}}, {"next": 2})
    # Flashduty has accepted it, and `redeliver` does not know.
    flashduty.fault({"delay": {"millis": 60_000}}, {"next": 1})
    stack.deliver_queued(True)
    wait_until(lambda: len(accepted(deployment)) == 3, "the third push did not come")
    assert stack.kill(stack.redeliver) == 1
    wait_for_delivery(deployment, set())
    pushes = Counter((resource, status) for _, resource, status in accepted(deployment))
    assert set(pushes) == {(resource.id, status) for resource in resources for status in ("Critical", "Ok")}
    repeated = pushes.total() - len(pushes)
    opened = openings(deployment, resources)
    figures = f"{repeated} pushed again after 3 pushes, alerts were opened {opened} times"
    assert repeated <= 1, figures
    return figures


# Another version.

OLD_LETTER = Path(__file__).with_name("letter-unmarked.json").read_text()
"""events/alarm.json as the relay queued it before it marked letters that it had pushed, byte for byte."""


def letter_of_before(_: World, deployment: Deployment) -> str:
    """What the version before queued is delivered."""
    resource = Resource("web-01")
    body = OLD_LETTER.replace("9b2f6c1d7e8a4f3bb0c1d2e3f4a5b6c7", resource.id)
    assert "pushed" not in json.loads(body)
    deployment.stack.retries.put([(uuid4().hex, body)])
    deployment.stack.deliver_queued(True)
    wait_for_delivery(deployment, {resource.id})
    [alert] = alerts_of(deployment, resource.id)
    assert "delayed" in alert["labels"]
    return "delivered"


# Flashduty's documented limits.
LIMITS = ()

TRIALS = [
    Trial("the event source is disabled", disabled),
    Trial("redeliver fails at its start", broken),
    Trial("a drain of 2,000 alerts", drain, LIMITS),
    Trial("5 stuck alerts", healthy(5)),
    Trial("20 stuck alerts", healthy(20)),
    Trial("alerts in the queue beside 20 stuck ones", queued_behind_stuck_ones),
    Trial("alerts in the queue while 20 get stuck", among_new_stuck_ones),
    Trial(
        "a recovery past its trigger, within the lag", order(trigger(0, queued=True), recovery(1), lag=LAG)
    ),
    Trial("a recovery past its trigger, exact count", order(trigger(0, queued=True), recovery(1))),
    Trial(
        "a recovery past its second trigger, within the lag",
        order(trigger(1), recovery(1), trigger(0, queued=True), recovery(1), lag=LAG),
    ),
    Trial(
        "a recovery past its second trigger after another process' recovery, within the lag",
        order(trigger(1), recovery(0), trigger(0, queued=True), recovery(1), lag=LAG, remains=True),
    ),
    Trial("a trigger after a recovery, queue waits", order(trigger(0), recovery(1), trigger(0))),
    Trial(
        "a trigger after a recovery, queue is delivered",
        order(trigger(0), recovery(1), trigger(0), delivering=True),
    ),
    Trial(
        "a trigger after a recovery, queue is delivered, within the lag",
        order(trigger(0), recovery(1), trigger(0), delivering=True, lag=LAG),
    ),
    Trial(
        "a trigger after a recovery, queue waits, within the lag",
        order(trigger(0), recovery(1), trigger(0), lag=LAG, remains=True),
    ),
    Trial(
        "a trigger past its queued recovery, within the lag",
        order(trigger(0), recovery(0, queued=True), trigger(1), lag=LAG, remains=True),
    ),
    Trial(
        "three processes, within the lag",
        order(trigger(0, queued=True), recovery(1), trigger(2), lag=LAG, remains=True),
    ),
    Trial("redeliver is killed", killed),
    Trial("a letter of the version before", letter_of_before),
]


def run(world: World, name: str, trial: Trial) -> str:
    """Deploy a trial and run it."""
    with deployed(world, name, trial.limits) as deployment:
        deployment.stack.deliver_queued(False)
        return trial.run(world, deployment)


@pytest.fixture(scope="module")
def runs(running: World, request: pytest.FixtureRequest) -> Iterator[dict[str, Future]]:
    """All selected trials, running."""
    with in_parallel(running, selected(request, "trial"), run) as runs:
        yield runs


@pytest.mark.parametrize("trial", TRIALS, ids=str)
def test_fresh_alerts_come_first(runs: dict[str, Future], trial: Trial):
    """In this trial."""
    try:
        print(runs[trial.name].result())
    except Remains as remains:
        pytest.xfail(str(remains))
