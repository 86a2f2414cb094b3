"""For every way to fail: which alarms are raised, and after how many minutes.

A trial breaks one thing on the local AWS, sends one alert as ZStack does, and takes the metrics that were
written. The failure then lasts: the same happens with one alert a minute, and with this one alert alone. The
alarms of template.yaml are evaluated as CloudWatch does. Each result is compared with a row of the table in
docs/runbook.md.
"""

import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from http.server import ThreadingHTTPServer

import faults as f
import pytest
from conftest import World
from deployed import Deployed
from documents import document, tables
from evaluator import ALARM, MINUTE, OK, Alarm, Point, metric
from faults import Deployment
from local.aws import LOOPBACK
from local.http import Answer
from trials import Resource, deliveries, deployed, in_parallel, selected, wait_until
from written import LASTS, Written, counts, of_answer, of_functions, of_lambda, of_the_function

TEMPLATE = Deployed()

TRIES = 5
"""ZStack's, one second apart, if the answer is not 2xx."""

ENDS = 8 * MINUTE
"""How long an alarm may last longer than the failure."""

NEXT = "the next alert"
QUEUED = "the next alert that is queued"
LATER = "the first alert after `SettingsTtlSeconds`"
LAST = "the last alert, with `HeartbeatHours=1`"


@dataclass(frozen=True)
class Trial:
    """A way to fail. The names are those of the runbook's table."""

    name: str
    since: str
    """What the minutes count from."""
    begin: Callable[[Deployment], object]
    warm: bool = False
    """Whether the functions have read their settings before."""
    queued: bool = False
    """Whether Flashduty is away for a moment, so that the alert is queued."""
    receives: int = 0
    """How often `redeliver` receives the alert before the trial ends."""
    relay: Point | None = None
    """What Lambda writes for each run of the relay that fails."""
    redeliver: Point | None = None
    """The same of `redeliver`."""
    recovers: bool = False
    """Whether the recovery follows, and the trial ends when both are delivered."""
    logged: str = ""
    """Words that a function must log, if no metric shows that the failure is there."""

    def __str__(self) -> str:
        return self.name


def no_event_source(it: Deployment) -> None:
    """Disable it."""
    it.stack.deliver_queued(False)


def cannot_start(function: str) -> Callable[[Deployment], None]:
    """A setting with which the function ends at its start."""
    return lambda it: it.stack.change_environment(getattr(it.stack, function), SETTINGS_TTL_SECONDS="soon")


def no_token(it: Deployment) -> None:
    """Delete the parameter of the token."""
    it.aws.client("ssm").delete_parameter(Name=it.token_parameter)


def another_token(it: Deployment) -> None:
    """The parameter has a new token only."""
    it.aws.put_secret(it.token_parameter, secrets.token_urlsafe(24))


def denied_later(it: Deployment) -> None:
    """The functions have read their settings, which are too old at once."""
    it.environment(SETTINGS_TTL_SECONDS="0")
    assert it.stack.call("/health").status == 200
    f.SSM_DENIES.begin(it)


class KmsDenies(f.Throttle):
    """SSM, whose caller may read the parameters and not decrypt them."""

    ERROR = ("AccessDeniedException", "The ciphertext refers to a customer master key that you cannot access")


def kms_denies(it: Deployment) -> None:
    """A stand-in, because MiniStack asks KMS for no right."""
    server = ThreadingHTTPServer((LOOPBACK, 0), KmsDenies)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    it.environment(AWS_ENDPOINT_URL_SSM=f"http://{LOOPBACK}:{server.server_port}")


def queue_policy(it: Deployment) -> None:
    """A policy of both queues denies the functions everything."""
    client = it.aws.client("lambda")
    roles = [
        client.get_function_configuration(FunctionName=name)["Role"]
        for name in (it.stack.function, it.stack.redeliver)
    ]
    statement = {"Effect": "Deny", "Principal": {"AWS": roles}, "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    for queue in (it.stack.retries, it.stack.dead_letters):
        it.aws.client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy})
    # Longer than the relay relies on the count that it got at its start.
    time.sleep(0.5)


def queue_policy_and_500(it: Deployment) -> None:
    """Both."""
    queue_policy(it)
    f.S500.begin(it)


def no_concurrency(it: Deployment) -> None:
    """Lambda runs no relay at all."""
    client = it.aws.client("lambda")
    client.put_function_concurrency(FunctionName=it.stack.function, ReservedConcurrentExecutions=0)


HEALTHY = [
    Trial("Nothing fails", NEXT, lambda _: None, warm=True),
    Trial("Nothing fails, and the alarm recovers", NEXT, lambda _: None, warm=True, recovers=True),
]

TRIALS = [
    Trial("The event source of `redeliver` is disabled", QUEUED, no_event_source, queued=True),
    Trial(
        "`redeliver` fails at its start",
        QUEUED,
        cannot_start("redeliver"),
        queued=True,
        receives=1,
        redeliver=of_lambda("<Redeliver>", "Errors"),
    ),
    Trial("`relay` fails at its start", NEXT, cannot_start("function"), relay=of_lambda("<Relay>", "Errors")),
    Trial(
        "Lambda has no concurrency left for `relay`",
        NEXT,
        no_concurrency,
        relay=of_lambda("<Relay>", "Throttles"),
    ),
    Trial("Flashduty is down", NEXT, f.S500.begin, warm=True, receives=3),
    Trial("Flashduty does not accept the key any more", NEXT, f.ROTATED_ALONE.begin, warm=True),
    Trial("ZStack's token is not in the parameter any more", NEXT, another_token),
    Trial("The token's parameter is deleted, and `relay` starts", NEXT, no_token),
    Trial(
        "The push URL's parameter is deleted, and both functions start",
        NEXT,
        f.PUSH_URL_GONE.begin,
        receives=3,
    ),
    Trial("SSM denies, and `relay` starts", NEXT, f.SSM_DENIES.begin),
    Trial("KMS denies, and `relay` starts", NEXT, kms_denies),
    Trial("SSM or KMS denies, and no function starts", LATER, denied_later),
    Trial(
        "The queues' policy denies, and Flashduty is not down",
        NEXT,
        queue_policy,
        warm=True,
        logged="SQS did not say whether the retry queue is empty",
    ),
    Trial("The queues' policy denies, and Flashduty is down", NEXT, queue_policy_and_500, warm=True),
]


def run(world: World, name: str, trial: Trial) -> Written:
    """Deploy, break, send one alert, and take what was written."""
    with deployed(world, name) as it:
        stack = it.stack
        if trial.warm:
            assert stack.call("/health").status == 200
        trial.begin(it)
        if trial.queued:
            f.S429_LATE.begin(it)
        written, began = Written(received=trial.receives), time.time()
        for answer in send(it, trial.recovers):
            at = time.time() - began
            # API Gateway itself answers for a run that fails. On AWS it is a 5xx.
            assert of_the_function(answer) == (trial.relay is None), answer
            written.points += of_answer(TEMPLATE, 503 if trial.relay else answer.status, at)
            written.points += [trial.relay.after(at)] if trial.relay else []
        if trial.queued:
            it.clear_faults()
        if trial.recovers:
            wait_until(lambda: not stack.retries.length(), "the recovery stays in the queue")
        if trial.receives:
            wait_until(lambda: deliveries(it) >= trial.receives, "redeliver did not receive the alert")
        if trial.redeliver:
            written.points.append(trial.redeliver)
        assert not trial.logged or any(trial.logged in line for line in stack.logs())
        written.points += of_functions(stack, began)
        written.visible, written.in_flight = counts(stack.retries)
        written.dead = sum(counts(stack.dead_letters))
        stack.deliver_queued(False)
    return written


def send(it: Deployment, recovers: bool) -> Iterator[Answer]:
    """The answers to one alert. ZStack tries each message again until an answer is 2xx."""
    host = Resource("host-1")
    for message in [host.alarm(), host.recovery()] if recovers else [host.alarm()]:
        for number in range(TRIES):
            time.sleep(1 if number else 0)
            answer = it.post(message)
            yield answer
            if answer.status < 300:
                break


def throttled() -> Iterator[Point]:
    """API Gateway answers 429 to all tries. MiniStack throttles nothing, so this is derived."""
    tries = [point for at in range(TRIES) for point in of_answer(TEMPLATE, 429, at)]
    return Written(tries).lasting()


def silence() -> Iterator[Point]:
    """An alert a minute for two hours, none for the next two, and then again."""
    received = metric("zstack-flashduty", "Received", Function="<Relay>")
    for minute in (*range(-120, 1), *range(120, 180)):
        yield Point(minute * MINUTE, received, (1,))


def checks(name: str, seconds: int) -> Iterator[Point]:
    """One that passes each time until 0, then none for as long as five take, and then again."""
    of = metric("zstack-flashduty", name, Function="<Relay>")
    for number in (*range(-8, 1), *range(6, 9)):
        yield Point(number * seconds, of, (1,))


@dataclass(frozen=True)
class Derived:
    """A failure of which the functions know nothing."""

    since: str
    points: Callable[[], Iterator[Point]]
    end: float = LASTS
    """When it ends."""
    parameters: dict[str, str] = field(default_factory=dict)
    """The template's."""


DERIVED = {
    "API Gateway throttles ZStack": Derived(NEXT, throttled),
    "No alert arrives any more": Derived(LAST, silence, 120 * MINUTE, {"HeartbeatHours": "1"}),
    "No self-check passes any more": Derived(
        "the last self-check that passed",
        lambda: checks("SelfCheck", 900),
        6 * 900,
        {"SelfCheckMinutes": "15"},
    ),
    "No self-test passes any more": Derived(
        "the last self-test that passed, with `SelfTestHours=12`",
        lambda: checks("SelfTest", 12 * 3600),
        6 * 12 * 3600,
        {"SelfTestHours": "12"},
    ),
}


@cache
def alarms(**parameters: str) -> list[Alarm]:
    """The template's, with these parameters."""
    # The trials have no scheduler.
    parameters = {"SelfCheckMinutes": "0"} | parameters
    return [Alarm(it) for it in Deployed(**parameters).of_type("AWS::CloudWatch::Alarm").values()]


def raised(points: Iterator[Point], end: float = LASTS, **parameters: str) -> dict[str, int]:
    """Each alarm that is raised, and the minutes until then.

    An alert comes at any second of a minute, and CloudWatch evaluates at whole minutes. So the longest time
    counts. It is rounded, because the seconds until an answer are those of this machine.
    Each alarm is raised once, and ends soon after the failure does, so that the next failure is told again.
    """
    found: dict[str, float] = {}
    points = list(points)
    until = max(point.at for point in points)
    for alarm in alarms(**parameters):
        name = alarm.name.removeprefix("zf-")
        for second in (0, 20, 40, 59):
            changes = alarm.changes([point.after(second) for point in points], until, since=-LASTS)
            assert [state for _, state in changes] in ([], [ALARM, OK]), (name, changes)
            if changes:
                assert changes[-1][0] - end <= ENDS, (name, changes)
                found[name] = max(found.get(name, 0), changes[0][0] - second)
    return {name: round(seconds / MINUTE) for name, seconds in found.items()}


@cache
def table() -> dict[str, tuple[str, dict[str, int]]]:
    """The runbook's table: since when, and each alarm with its minutes, by the failure."""
    runbook = document("docs/runbook.md")
    [head, *rows], *_ = tables(runbook.section("From the failure to the alarm"))
    assert head == ["failure", "alarms, with the minutes until each is raised", "counted from"]
    found = {}
    for failure, told, since in rows:
        links = re.findall(r"\[([a-z0-9-]+)\]\(#([a-z0-9-]+)\) (\d+)", told)
        assert told == (", ".join(f"[{name}](#{anchor}) {it}" for name, anchor, it in links) or "none"), told
        assert all(name == anchor for name, anchor, _ in links)
        found[failure] = since, {name: int(minutes) for name, _, minutes in links}
    assert len(found) == len(rows)
    return found


@pytest.fixture(scope="module")
def runs(running: World, request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Written]]]:
    """All selected trials, running."""
    with in_parallel(running, selected(request, "trial"), run) as runs:
        yield runs


@pytest.mark.parametrize("trial", TRIALS, ids=str)
def test_the_alarms_are_raised_in_time(runs: dict[str, Future[Written]], trial: Trial):
    """As the runbook says. One alert is enough."""
    written = runs[str(trial)].result()
    told = raised(written.lasting()), raised(written.lasting(alerts=1))
    assert told == (told[0], told[0])
    assert table()[trial.name] == (trial.since, told[0])


@pytest.mark.parametrize("trial", HEALTHY, ids=str)
def test_no_alarm_is_raised_without_a_failure(runs: dict[str, Future[Written]], trial: Trial):
    """An alert a minute is delivered."""
    assert raised(runs[str(trial)].result().lasting()) == {}


@pytest.mark.parametrize("failure", DERIVED)
def test_alarms_on_what_no_function_sees(failure: str):
    """As the runbook says."""
    it = DERIVED[failure]
    assert table()[failure] == (it.since, raised(it.points(), it.end, **it.parameters))


def test_the_table_has_every_failure_and_every_alarm():
    """And no other one."""
    assert list(table()) == [*(trial.name for trial in TRIALS), *DERIVED]
    told = {name for _, found in table().values() for name in found}
    assert told == {
        it.name.removeprefix("zf-")
        for it in alarms(HeartbeatHours="1", SelfCheckMinutes="15", SelfTestHours="12")
    }
