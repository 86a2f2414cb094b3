"""`make storm`: an alert storm. A storage pool fails, and everything on it raises an alarm at the same time.

The alarms, and then their recoveries, exceed Flashduty's rate limit. For a while Flashduty answers nothing.
In the end every message must be delivered in order, and no alert may be open.
"""

import argparse
import json
import secrets
import sys
import threading
import time
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from . import WORK, samples, stack, standin
from .aws import LocalAws, free_port
from .process import Failed
from .stack import Stack
from .standin import Standin

TRIES, PAUSE = 5, 1.0
"""How often ZStack sends a message, and seconds between two attempts."""

ACCEPTED_WITHIN = 120
"""Seconds until the relay must have accepted every message."""


@dataclass
class Storm:
    """The size of a storm, and how the relay answered."""

    alarms: int = 5000
    connections: int = 200
    down: tuple[float, float] = (20, 60)
    """From when until when Flashduty answers nothing, in seconds after the first alarm."""

    answers: Counter[str] = field(default_factory=Counter)
    """How often ZStack got which answer."""
    lost: list[str] = field(default_factory=list)
    """The messages that ZStack gave up."""

    def send(self, relay: Stack, flashduty: Standin, token: str) -> float:
        """Post all messages as ZStack does; return the seconds until the last one was accepted."""
        began = time.monotonic()
        begin, end = self.down
        timers = [
            threading.Timer(begin, flashduty.fault, ["close"]),
            threading.Timer(end, flashduty.clear_faults),
        ]
        for timer in timers:
            timer.start()
        resources = [uuid4().hex for _ in range(self.alarms)]
        with ThreadPoolExecutor(self.connections) as pool:
            for sample in ("alarm", "alarm-recovery"):
                messages = [samples.message(sample, resource, resource[:8]) for resource in resources]
                shares = [messages[start :: self.connections] for start in range(self.connections)]
                list(pool.map(lambda share: self._connection(relay, token, share), shares))
        for timer in timers:
            timer.join()
        return time.monotonic() - began

    def _connection(self, relay: Stack, token: str, messages: list[bytes]) -> None:
        url = urlsplit(f"{relay.url}/zstack")
        connection = HTTPConnection(url.hostname, url.port, timeout=300)
        headers = {
            "Content-Type": "application/json;charset=UTF-8",
            "Authorization": "Basic " + b64encode(f"zstack:{token}".encode()).decode(),
        }
        for body in messages:
            for attempt in range(TRIES):
                time.sleep(PAUSE if attempt else 0)
                try:
                    connection.request("POST", url.path, body, headers)
                    response = connection.getresponse()
                    status, text = response.status, response.read().decode()
                except (OSError, HTTPException) as error:
                    connection.close()
                    status, text = None, repr(error)
                if accepted := status in (200, 202):
                    text = ""
                self.answers[f"{status} {text[:80]}".strip()] += 1
                if accepted:
                    break
            else:
                self.lost.append(body.decode())
        connection.close()


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


def problems(storm: Storm, relay: Stack, flashduty: Standin) -> Iterator[str]:
    """What is wrong after a storm: lost messages, dead letters, open alerts, and wrong order."""
    if storm.lost:
        yield f"ZStack gave up {len(storm.lost)} messages"
    if dead := relay.dead_letters.length():
        yield f"{dead} dead letters"
    alerts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for alert in flashduty.alerts():
        alerts[alert["alert_key"]].append(alert)
    if len(alerts) != storm.alarms:
        yield f"{len(alerts)} alerts instead of {storm.alarms}"
    if several := sum(len(same) > 1 for same in alerts.values()):
        yield f"{several} alerts were opened more than once"
    if still := sum(alert["open"] for same in alerts.values() for alert in same):
        yield f"{still} alerts are open"
    orders: dict[str, list[str]] = defaultdict(list)
    for push in flashduty.received():
        if push["status"] == 200:
            event = json.loads(push["body"])
            orders[event["alert_key"]].append(event["event_status"])
    # The same status twice is allowed: a push without an answer is repeated.
    wrong = [order for order in orders.values() if list(dict.fromkeys(order)) != ["Critical", "Ok"]]
    wrong += [order for order in orders.values() if sorted(order) != order]
    if wrong:
        yield f"{len(wrong)} alerts came in another order, such as {wrong[0]}"


def answered(flashduty: Standin) -> str:
    """The statuses that Flashduty answered, and how often."""
    statuses = Counter(str(push["status"]) for push in flashduty.received())
    return ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))


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
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--down", type=float, nargs=2, default=(20, 60), metavar="SECONDS")
    parser.add_argument("--per-second", type=int, help="requests that Flashduty accepts (100)")
    parser.add_argument("--per-minute", type=int, help="requests that Flashduty accepts (1000)")
    parser.add_argument("--patience", type=float, default=3600, help="seconds until all must be delivered")
    options = parser.parse_args()
    limits = []
    for name in ("per_second", "per_minute"):
        if value := getattr(options, name):
            limits += [f"--{name.replace('_', '-')}", str(value)]
    storm = Storm(options.alarms, options.connections, tuple(options.down))
    try:
        stack.build()
        return run(storm, standin.build(), limits, options.patience)
    except Failed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


def run(storm: Storm, binary: Path, limits: list[str], patience: float) -> int:
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
        began = time.monotonic()
        print(
            f"==> {storm.alarms} alarms, then as many recoveries, over {storm.connections} connections",
            flush=True,
        )
        took = storm.send(relay, flashduty, token)
        print(f"    accepted in {took:.0f} s: {dict(storm.answers)}", flush=True)

        def report(queued: int) -> None:
            print(f"    {time.monotonic() - began:5.0f} s: {queued} queued", flush=True)

        drain(relay, patience, report)
        print(f"==> The last one was delivered {time.monotonic() - began:.0f} s after the first was raised")
        print(f"    Flashduty answered {answered(flashduty)}")
        wrong = list(problems(storm, relay, flashduty))
        if took > ACCEPTED_WITHIN:
            wrong.append(f"ZStack had to wait: more than {ACCEPTED_WITHIN} s")
        print(
            "\n".join(wrong) or "    Every alert was delivered in order and is closed; none was opened twice"
        )
        return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
