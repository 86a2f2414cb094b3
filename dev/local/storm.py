"""`make storm`: an alert storm. A storage pool fails, and everything on it raises an alarm at the same time.

The alarms, and then their recoveries, exceed Flashduty's rate limit. For a while Flashduty answers nothing.
In the end Flashduty must have every message, the last event of each alert must be its recovery, and no alert
may be open.
"""

import argparse
import json
import secrets
import sys
import threading
import time
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from . import WORK, samples, server, stack
from .aws import LocalAws, free_port
from .process import Failed
from .stack import Stack
from .standin import Standin

NODES = 2
"""ZStack's management nodes. Each sends one message after the other."""

TRIES, PAUSE = 5, 1.0
"""How often ZStack sends a message that is answered with an error, and seconds between two tries."""

PATIENCE = 30
"""Seconds that a management node waits for an answer. A message without one is not sent again."""

PROBE = 15
"""While the queue is drained, a new alarm is raised this often, and must reach Flashduty within as many
seconds."""

ALARM, RECOVERY = "alarm", "alarm-recovery"
"""Samples in events/."""

NEVER = (float("inf"),)
"""When a message was accepted that Flashduty does not have."""


@dataclass
class Message:
    """A message that ZStack sent."""

    resource: str
    sample: str
    body: bytes
    sent_at: float = 0
    """When it was first tried, in seconds since the epoch."""
    waited: float = 0
    """The longest that ZStack waited for one answer, in seconds."""

    @property
    def id(self) -> str:
        """Its own id, which its event has as a label."""
        return json.loads(self.body)["ALARM_DATA_UUID"]


def message(resource: str, sample: str) -> Message:
    """A new message about a resource."""
    return Message(resource, sample, samples.message(sample, resource, resource[:8]))


class Zstack:
    """A ZStack that sends messages to a relay."""

    def __init__(self, relay: Stack, token: str):
        self._url = urlsplit(f"{relay.url}/zstack")
        self._headers = {
            "Content-Type": "application/json;charset=UTF-8",
            "Authorization": "Basic " + b64encode(f"zstack:{token}".encode()).decode(),
        }
        self.sent: list[Message] = []
        self.lost: list[Message] = []
        """The messages that it gave up."""
        self.answers: Counter[str] = Counter()
        """How often it got which answer."""

    def send(self, messages: Sequence[Message]) -> None:
        """Send one message after the other, each with its tries."""
        connection = HTTPConnection(self._url.hostname, self._url.port, timeout=PATIENCE)
        for message in messages:
            message.sent_at = time.time()
            self.sent.append(message)
            if not self._deliver(connection, message):
                self.lost.append(message)
        connection.close()

    def _deliver(self, connection: HTTPConnection, message: Message) -> bool:
        for attempt in range(TRIES):
            if attempt:
                # The server may close a connection that is not used.
                connection.close()
                time.sleep(PAUSE)
            began = time.monotonic()
            try:
                connection.request("POST", self._url.path, message.body, self._headers)
                response = connection.getresponse()
                status, text = response.status, response.read().decode()
            except (OSError, HTTPException) as error:
                # ZStack repeats a message only if the answer is an HTTP error.
                connection.close()
                self.answers[repr(error)] += 1
                return False
            finally:
                message.waited = max(message.waited, time.monotonic() - began)
            accepted = status in (200, 202)
            self.answers[f"{status} {'' if accepted else text[:80]}".strip()] += 1
            if accepted:
                return True
        return False


@dataclass
class Storm:
    """A storm, and how the relay answered."""

    zstack: Zstack
    alarms: int
    connections: int | None = None
    """Over how many connections all alarms, and then all recoveries, are sent. With none, each management
    node sends the alarms of its own resources one after the other, and then their recoveries."""
    down: tuple[float, float] = (20, 60)
    """From when until when Flashduty answers nothing, in seconds after the first alarm."""

    began: float = field(default_factory=time.time)
    probes: list[Message] = field(default_factory=list)
    """The alarms that were raised while the queue was drained."""

    def send(self, flashduty: Standin) -> float:
        """Send all messages; return the seconds until the last one was answered."""
        self.began = time.time()
        begin, end = self.down
        timers = [
            threading.Timer(begin, flashduty.fault, ["close"]),
            threading.Timer(end, flashduty.clear_faults),
        ]
        for timer in timers:
            timer.start()
        for streams in self._rounds():
            with ThreadPoolExecutor(len(streams)) as pool:
                list(pool.map(self.zstack.send, streams))
        took = time.time() - self.began
        for timer in timers:
            timer.join()
        return took

    def _rounds(self) -> list[list[list[Message]]]:
        """The streams of messages that are sent at the same time."""
        resources = [uuid4().hex for _ in range(self.alarms)]
        streams = self.connections or NODES
        shares = [resources[start::streams] for start in range(streams)]
        of = [[[message(it, sample) for it in share] for share in shares] for sample in (ALARM, RECOVERY)]
        return of if self.connections else [[a + r for a, r in zip(*of, strict=True)]]

    def drain(self, relay: Stack, seconds: float, report: Callable[[int], None] = lambda _: None) -> None:
        """Wait until the queue is empty. Meanwhile raise a new alarm every 15 seconds, and let it recover."""
        drained = threading.Event()
        prober = threading.Thread(target=self._probe, args=[drained])
        prober.start()
        try:
            drain(relay, seconds, report)
        finally:
            drained.set()
            prober.join()
        # The last recovery may be queued.
        drain(relay, seconds, report)

    def _probe(self, drained: threading.Event) -> None:
        drained.wait(PAUSE)  # so that the first is no part of the storm
        while not drained.is_set():
            resource = uuid4().hex
            self.probes.append(message(resource, ALARM))
            self.zstack.send(self.probes[-1:])
            drained.wait(PROBE)
            self.zstack.send([message(resource, RECOVERY)])


def drain(relay: Stack, seconds: float, report: Callable[[int], None] = lambda _: None) -> None:
    """Wait until the queue is empty; `report` its length every 15 seconds."""
    began = reported = time.monotonic()
    while queued := relay.retries.length():
        now = time.monotonic()
        if now > began + seconds:
            raise Failed(f"{queued} alerts are still queued after {seconds:.0f} seconds.")
        if now > reported + 15:
            reported = now
            report(queued)
        time.sleep(1)


class Result:
    """What Flashduty got."""

    def __init__(self, storm: Storm, relay: Stack, flashduty: Standin):
        self.storm = storm
        self.dead = relay.dead_letters.length()
        self.alerts = flashduty.alerts()
        self.statuses: Counter[str] = Counter()
        self.accepted: dict[str, list[float]] = defaultdict(list)
        """When each message was accepted, in seconds since the epoch."""
        self.last: dict[str, str] = {}
        """The status of each alert's last accepted event."""
        for push in flashduty.received():
            self.statuses[str(push["status"])] += 1
            if push["status"] == 200:
                event = json.loads(push["body"])
                self.accepted[event["labels"]["data_id"]].append(push["at"] / 1000)
                self.last[event["alert_key"]] = event["event_status"]

    def problems(self) -> Iterator[str]:
        """What is wrong: lost messages, dead letters, open alerts, and alarms that came late."""
        zstack = self.storm.zstack
        if zstack.lost:
            yield f"ZStack gave up {len(zstack.lost)} messages"
        if self.dead:
            yield f"{self.dead} dead letters"
        if missing := sum(it.id not in self.accepted for it in zstack.sent):
            yield f"{missing} messages never reached Flashduty"
        resources = {it.resource for it in zstack.sent}
        if len(self.last) != len(resources):
            yield f"{len(self.last)} alerts instead of {len(resources)}"
        if wrong := sum(status != "Ok" for status in self.last.values()):
            yield f"{wrong} alerts did not end with their recovery"
        if still := sum(alert["open"] for alert in self.alerts):
            yield f"{still} alerts are open"
        late = [it for it in self.storm.probes if self._wait(it) > PROBE]
        if late:
            raised = ", ".join(f"{it.sent_at - self.storm.began:.0f} s" for it in late)
            waited = max(map(self._wait, late))
            yield f"{len(late)} new alarms (raised after {raised}) waited {waited:.0f} s at most"

    def waits(self, messages: Sequence[Message]) -> list[float]:
        """The seconds from the first try of each message until Flashduty first accepted it, in order."""
        return sorted(map(self._wait, messages))

    def _wait(self, message: Message) -> float:
        return max(min(self.accepted.get(message.id, NEVER)) - message.sent_at, 0)

    def figures(self) -> Iterator[str]:
        """What is worth knowing of a storm."""
        sent, probes = self.storm.zstack.sent, {it.id for it in self.storm.probes}
        alarms = [it for it in sent if it.sample == ALARM and it.id not in probes]
        yield f"Flashduty answered {', '.join(f'{n} x {it}' for it, n in sorted(self.statuses.items()))}"
        pushes, accepted = sum(self.statuses.values()), sum(map(len, self.accepted.values()))
        yield f"{pushes / len(sent):.2f} pushes a message, {accepted / len(sent):.2f} of them accepted"
        opened = Counter(alert["alert_key"] for alert in self.alerts)
        yield f"{sum(count > 1 for count in opened.values())} alerts were opened more than once"
        yield f"ZStack waited {max(it.waited for it in sent):.1f} s at most for one answer"
        last = max(min(self.accepted.get(it.id, NEVER)) for it in alarms) - self.storm.began
        yield f"The last alarm reached Flashduty {last:.0f} s after the first was raised"
        yield f"From ZStack's first try of an alarm to Flashduty: {spread(self.waits(alarms))}"
        if probes:
            waits = spread(self.waits(self.storm.probes))
            yield f"The same of {len(probes)} new alarms while the queue was drained: {waits}"


def spread(waits: list[float]) -> str:
    """The median, the 99th percentile and the greatest of sorted times."""

    def percentile(share: float) -> float:
        return waits[min(int(len(waits) * share), len(waits) - 1)]

    return f"{percentile(0.5):.1f} s (p50), {percentile(0.99):.1f} s (p99), {waits[-1]:.1f} s (max)"


def second_poller(relay: Stack) -> None:
    """Add a second event source: MiniStack has one process for a FIFO queue, the template allows two."""
    client = relay.aws.client("lambda")
    [source] = client.list_event_source_mappings(FunctionName=relay.redeliver)["EventSourceMappings"]
    client.create_event_source_mapping(
        EventSourceArn=source["EventSourceArn"],
        FunctionName=relay.redeliver,
        BatchSize=source["BatchSize"],
        FunctionResponseTypes=source["FunctionResponseTypes"],
    )


def main() -> int:
    """Run a storm; the exit status is 0 if everything was delivered."""
    parser = argparse.ArgumentParser(prog="make storm", description=__doc__)
    parser.add_argument("--alarms", type=int, default=5000)
    parser.add_argument(
        "--connections",
        type=int,
        help=f"send over so many connections, not in one stream for each of {NODES} management nodes",
    )
    parser.add_argument("--down", type=float, nargs=2, default=(20, 60), metavar="SECONDS")
    parser.add_argument("--per-second", type=int, help="requests that Flashduty accepts (100)")
    parser.add_argument("--per-minute", type=int, help="requests that Flashduty accepts (1000)")
    parser.add_argument("--patience", type=float, default=3600, help="seconds until all must be delivered")
    options = parser.parse_args()
    limits = []
    for name in ("per_second", "per_minute"):
        if value := getattr(options, name):
            limits += [f"--{name.replace('_', '-')}", str(value)]
    try:
        stack.build()
        return run(options, server.build("flashduty-standin"), limits)
    except Failed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def run(options: argparse.Namespace, binary: Path, limits: list[str]) -> int:
    """Deploy a stack, run the storm and print the result."""
    key, token = secrets.token_hex(16), secrets.token_urlsafe(24)
    with (
        LocalAws(free_port(), log=WORK / "ministack-storm.log") as aws,
        Standin(binary, key, log=WORK / "standin-storm.log", limits=limits) as flashduty,
    ):
        relay = Stack(aws)
        second_poller(relay)
        aws.put_secret("/zstack-flashduty/push-url", flashduty.push_url(key))
        aws.put_secret("/zstack-flashduty/webhook-token", token)
        zstack = Zstack(relay, token)
        storm = Storm(zstack, options.alarms, options.connections, tuple(options.down))
        way = f"over {storm.connections} connections" if storm.connections else f"from {NODES} nodes"
        print(f"==> {storm.alarms} alarms, then as many recoveries, {way}", flush=True)
        took = storm.send(flashduty)
        print(f"    answered in {took:.0f} s: {dict(zstack.answers)}", flush=True)

        def report(queued: int) -> None:
            print(f"    {time.time() - storm.began:5.0f} s: {queued} queued", flush=True)

        storm.drain(relay, options.patience, report)
        print(f"==> The queue was empty {time.time() - storm.began:.0f} s after the first alarm was raised")
        result = Result(storm, relay, flashduty)
        print("\n".join(f"    {line}" for line in result.figures()))
        wrong = list(result.problems())
        print("\n".join(wrong) or "    Every message was delivered, and every alert is closed")
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
