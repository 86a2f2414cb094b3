"""`make run`: post the samples and see them become alerts, then point your own ZStack at it."""

import argparse
import json
import platform
import secrets
import signal
import sys
import time
from http.client import HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from . import samples, server, show, stack
from .aws import LOOPBACK, LocalAws, require_free
from .console import Console
from .process import Failed
from .samples import Sample
from .stack import Stack
from .standin import Standin
from .zstack import PASSWORD, ZStack

CHANNEL = "database"
"""A team with a push URL of its own."""

ZSTACK = ("--cloud", "--stories", "20", "--job-delay", "20")
"""Options of the stand-in of ZStack: every 20 seconds something happens in it, and a change takes 20 ms.

A Cloud lets everybody change its presets, so that a set-up can be complete.
"""

ALARM = ("VM Memory", "web-01")
"""An alarm of the stand-in of ZStack, and a resource. No story is about them."""

OUTAGE = ("VM Memory", "订单库-01")
"""The same, for a recovery that is lost."""


def main() -> int:
    """Run everything; the exit status is 0 if every sample was delivered."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the samples, a set-up and a resync")
    parser.add_argument("--port", type=int, default=4566, help="port of the local AWS (4566)")
    parser.add_argument("--console-port", type=int, default=8080, help="port of the console (8080)")
    parser.add_argument("--host", default=LOOPBACK, help="address at which a ZStack reaches this machine")
    parser.add_argument("--token", help="token of the webhook (random)")
    options = parser.parse_args()
    bind = LOOPBACK if options.host == LOOPBACK else "0.0.0.0"

    # An exception instead of a sudden end, so that the child processes are stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if platform.system() != "Linux":
            raise Failed("This needs Linux: the functions run as processes of this machine.")
        if options.port == options.console_port:
            raise Failed("PORT and CONSOLE_PORT are the same. Choose different ones.")
        require_free(options.port, bind)
        require_free(options.console_port, LOOPBACK, "CONSOLE_PORT")
        return serve(options, bind)
    except Failed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        say("Stopped")
        return 0


def serve(options: argparse.Namespace, bind: str) -> int:
    """Start everything and use it."""
    key, token = secrets.token_hex(16), options.token or secrets.token_urlsafe(24)
    say("Building the console")
    with (
        TemporaryDirectory(prefix="zstack-undo-") as undo,
        Console(server.build("flashduty-console"), key, options.console_port, Path(undo)) as flashduty,
    ):
        say(f"The console is ready: {flashduty.page}")
        say("Building the stand-in of ZStack")
        with ZStack(server.build("zstack-standin"), *ZSTACK) as zstack:
            say(f"The stand-in of ZStack's API is ready: {zstack.api}")
            return deploy(flashduty, zstack, key, token, Path(undo), options, bind)


def deploy(
    flashduty: Console,
    zstack: ZStack,
    key: str,
    token: str,
    undo: Path,
    options: argparse.Namespace,
    bind: str,
) -> int:
    """Deploy the relay to a local AWS, and use it."""
    say(f"Building the functions for {stack.ARCHITECTURE} (minutes, the first time)")
    stack.build()
    say(f"Starting the local AWS on port {options.port}")
    with LocalAws(options.port, bind, arrivals=flashduty.arrivals) as aws:
        say("Deploying template.yaml")
        relay = Stack(aws)
        say(f"Creating the parameters, and that of the channel {CHANNEL}")
        of_channel = secrets.token_hex(16)
        flashduty.accept_only(key, of_channel)
        aws.put_secret("/zstack-flashduty/push-url", flashduty.push_url(key))
        aws.put_secret(f"/zstack-flashduty/push-url/{CHANNEL}", flashduty.push_url(of_channel))
        aws.put_secret("/zstack-flashduty/webhook-token", token)
        # The address for ZStack. The console sends messages to it as well: it is one of this machine.
        webhook = relay.url.replace(LOOPBACK, options.host) + "/zstack"
        try:
            with flashduty.showing(relay, webhook, token, {CHANNEL: of_channel}, zstack):
                works = use(relay, flashduty, token)
                if options.once:
                    works = set_up(flashduty, zstack, webhook, token, undo) and works
                    return 0 if resync(flashduty, zstack, webhook, token) and works else 1
                show_webhook(flashduty, zstack, webhook, token, options.host)
                while True:
                    time.sleep(1)
                    flashduty.require_running()
                    zstack.require_running()
        except (HTTPException, OSError):
            flashduty.require_running()
            zstack.require_running()
            raise


def use(relay: Stack, flashduty: Standin, token: str) -> bool:
    """Post the samples, and check the retry queue; return whether everything was delivered."""
    say("Posting the samples of events/")
    # A list, so that one failure does not keep the rest from being posted.
    posted = [*samples.load(), *samples.of_channel(CHANNEL)]
    delivered = all([post(relay, flashduty, sample, token) for sample in posted])
    if not delivered:
        print("\nNot every sample was delivered.", file=sys.stderr)
    return self_check(relay) and delivered


def set_up(flashduty: Standin, zstack: ZStack, webhook: str, token: str, undo: Path) -> bool:
    """Set up the stand-in of ZStack; return whether an alarm of it came, and its recovery closed it."""
    say("Setting up the stand-in of ZStack with scripts/zstack-setup.py")
    if zstack.set_up(webhook, token, undo) != 0:
        return False
    say("ZStack sends an alarm of its own, and its recovery")
    name = f"{ALARM[0]} of {ALARM[1]}"
    fired = arrived(flashduty, name, zstack.fire(*ALARM), is_open=True)
    return arrived(flashduty, f"{name}, recovered", zstack.recover(*ALARM), is_open=False) and fired


def resync(flashduty: Standin, zstack: ZStack, webhook: str, token: str) -> bool:
    """Lose the recovery of an alarm; return whether a resync closed the alert."""
    say("The recovery of another alarm is lost, and scripts/zstack-resync.py brings it")
    name = f"{OUTAGE[0]} of {OUTAGE[1]}"
    told = zstack.fire(*OUTAGE)
    opened = arrived(flashduty, name, told, is_open=True)
    zstack.recover(*OUTAGE, deliver=False)
    print(flush=True)
    posted = zstack.resync(webhook, token) == 0
    return arrived(flashduty, f"{name}, after that", told, is_open=False) and opened and posted


def arrived(flashduty: Standin, name: str, told: dict[str, Any], is_open: bool) -> bool:
    """Show the alerts of what ZStack told; return whether there is one, and each is as it should be."""
    posted = [message["posted"] for record in told["records"] for message in record["messages"]]
    if not posted:
        print(f"\n{name}: not sent, {told['why_not'] or 'because no endpoint is subscribed'}")
    passed = bool(posted)
    for it in posted:
        print(f"\n{name}: {it['status']}")
        if it["status"] != 200:
            print(f"  {it['answer']}", flush=True)
            passed = False
            continue
        alerts = [flashduty.alert(key["alert_key"]) for key in json.loads(it["answer"])["alerts"]]
        for alert in filter(None, alerts):
            print(show.alert(alert), flush=True)
        passed = passed and all(alert and alert["open"] == is_open for alert in alerts)
    return passed


def self_check(relay: Stack, seconds: int = 30) -> bool:
    """Run one self-check and show it; return whether it passed."""
    answer = relay.check("SelfCheck")
    if not answer["ok"]:
        print(show.self_check(False, answer["error"]), flush=True)
        return False
    deadline = time.monotonic() + seconds
    while not (values := relay.metric("SelfCheck")) and time.monotonic() < deadline:
        time.sleep(0.2)
    passed = values == [1]
    through = "its letter came through the retry queue"
    late = f"its letter did not come through the retry queue within {seconds} seconds"
    print(show.self_check(passed, through if passed else late), flush=True)
    return passed


def post(relay: Stack, flashduty: Standin, sample: Sample, token: str) -> bool:
    """Post one sample and show its alerts; return whether it was delivered."""
    answer = relay.call(sample.path, sample.body, token=token, query=sample.query, headers=sample.headers)
    print(f"\n{sample.name}: {answer.status}")
    if answer.status != 200:
        print(f"  {answer.text}")
        return False
    delivered = True
    for key, status in {
        it["alert_key"]: it["event_status"] for it in answer.json().get("alerts", [])
    }.items():
        if alert := flashduty.alert(key):
            print(show.alert(alert), flush=True)
        else:
            print(f"  {status}: Flashduty shows no alert {key}", flush=True)
            delivered = delivered and status == "Ok"  # without an open alert, an Ok does nothing
    return delivered


def show_webhook(flashduty: Console, zstack: ZStack, webhook: str, token: str, host: str) -> None:
    """Show how to send an alarm to the webhook, and how to try the programs for ZStack's side."""
    say("Ready. Create an endpoint of type Webhook in ZStack's console, or paste the line below")
    print(
        f"""
    URL        {webhook}
    User name  zstack
    Password   {token}

    {webhook}/{CHANNEL} sends to the channel {CHANNEL}.

  curl -u 'zstack:{token}' -H 'Content-Type: application/json' \\
    -d '{{"ALARM_NAME": "disk full", "ALARM_CURRENT_STATUS": "Alarm", "ALARM_RESOURCE_NAME": "db-1"}}' \\
    '{webhook}'

  Alerts as Flashduty would show them: {flashduty.page}

  The stand-in of ZStack. The first line sets it up. The second one then shows what a resync would post:

    API        {zstack.api}
    Account    admin
    Password   {PASSWORD}

  python3 scripts/zstack-setup.py --zstack {zstack.api} --url '{webhook}'
  python3 scripts/zstack-resync.py --zstack {zstack.api} --url '{webhook}' --since 1h --dry-run
"""
    )
    if host != LOOPBACK:
        print("  Everybody who reaches this port can use the local AWS, and run programs on this machine.\n")
    print("  Ctrl-C ends it.", flush=True)


def say(text: str) -> None:
    """Print a step at once."""
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
