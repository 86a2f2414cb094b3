"""`make run`: see alarms become alerts, then point a ZStack of your own at it."""

import argparse
import platform
import secrets
import signal
import sys
import time
from http.client import HTTPException

from . import console, samples, show, stack
from .aws import LOOPBACK, LocalAws, require_free
from .console import Console
from .process import Failed
from .samples import Sample
from .stack import Stack
from .standin import Standin


def main() -> int:
    """Run it; the exit status says whether every sample was delivered."""
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the samples")
    parser.add_argument("--port", type=int, default=4566, help="of the local AWS (4566)")
    parser.add_argument("--console-port", type=int, default=8080, help="of the console (8080)")
    parser.add_argument("--host", default=LOOPBACK, help="address under which a ZStack reaches this machine")
    parser.add_argument("--token", help="what callers must show (made up)")
    options = parser.parse_args()
    bind = LOOPBACK if options.host == LOOPBACK else "0.0.0.0"

    # Ended by a signal, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if platform.system() != "Linux":
            raise Failed("This needs Linux: the function runs as a process of this machine.")
        if options.port == options.console_port:
            raise Failed("PORT and CONSOLE_PORT are the same: one of them has to be another.")
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
    """Start everything, post the samples and, unless that is all, wait for a real ZStack."""
    key, token = secrets.token_hex(16), options.token or secrets.token_urlsafe(24)
    say("Building the console")
    with Console(console.build(), key, options.console_port) as flashduty:
        say(f"The console is there: {flashduty.page}")
        say(f"Building the functions for {stack.ARCHITECTURE} (minutes, the first time)")
        stack.build()
        say(f"Starting the local AWS on port {options.port}")
        with LocalAws(options.port, bind, arrivals=flashduty.arrivals) as aws:
            say("Deploying template.yaml")
            relay = Stack(aws)
            say("Creating the two parameters")
            aws.put_secret("/zstack-flashduty/push-url", flashduty.push_url(key))
            aws.put_secret("/zstack-flashduty/webhook-token", token)
            # As ZStack reaches it. The console sends messages there, too: it is an address of this machine.
            webhook = relay.url.replace(LOOPBACK, options.host) + "/zstack"
            try:
                with flashduty.showing(relay, webhook, token):
                    return use(relay, flashduty, webhook, token, options)
            except (HTTPException, OSError):
                flashduty.require_running()
                raise


def use(relay: Stack, flashduty: Console, webhook: str, token: str, options: argparse.Namespace) -> int:
    """Post the samples, then leave the field to others."""
    say("Posting the samples of events/")
    # A list, so that one failure does not keep the rest from being posted.
    delivered = all([post(relay, flashduty, sample, token) for sample in samples.load()])
    if not delivered:
        print("\nNot every sample was delivered.", file=sys.stderr)
    if not options.once:
        invite(flashduty, webhook, token, options.host)
        while True:
            time.sleep(1)
            flashduty.require_running()
    return 0 if delivered else 1


def post(relay: Stack, flashduty: Standin, sample: Sample, token: str) -> bool:
    """Post one sample and show what Flashduty made of it; was it delivered?"""
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
            delivered = delivered and status == "Ok"  # which leaves no trace where nothing is open
    return delivered


def invite(flashduty: Console, webhook: str, token: str, host: str) -> None:
    """Say how to send an alarm of one's own."""
    say("Ready. Create an endpoint of type Webhook in ZStack's console, or paste the line below")
    print(
        f"""
    URL        {webhook}
    User name  zstack
    Password   {token}

  curl -u 'zstack:{token}' -H 'Content-Type: application/json' \\
    -d '{{"ALARM_NAME": "disk full", "ALARM_CURRENT_STATUS": "Alarm", "ALARM_RESOURCE_NAME": "db-1"}}' \\
    '{webhook}'

  Alerts as Flashduty would show them: {flashduty.page}
"""
    )
    if host != LOOPBACK:
        print("  Whoever reaches this port can use the local AWS, and run programs on this machine.\n")
    print("  Ctrl-C ends it.", flush=True)


def say(text: str) -> None:
    """A step, on the terminal at once."""
    print(f"==> {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
