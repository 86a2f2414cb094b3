#!/usr/bin/env python3
"""`make doctor`, or `python3 doctor.py` in an unpacked release: walk the path of an alert.

It prints a line for each step, and what to do about a step that failed. The exit status is 0 if none failed.

It needs Python 3.9, terminal.py and checks/ beside it, and the AWS command line (`aws`, version 1 or 2).
The account is that of the AWS command line, or of the profile in samconfig.toml. The region is that of
samconfig.toml, or else of the AWS command line. In AWS it only reads. It sends one test message to the
webhook. Its alert opens in Flashduty as Info and closes at once.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, NamedTuple

from checks import account, alarms, api, clock, errors, metrics, parameters, queues, stack
from checks.aws import AwsError
from checks.doctor import Doctor
from checks.facts import Options
from checks.findings import Failure, Finding
from checks.release import configured, place
from checks.texts import TEXTS
from checks.webhook import CHANNEL, channel_in
from terminal import FAILED, NONE, NOTE, Terminal, language_of

DEFAULT_STACK = "zstack-flashduty"


class Step(NamedTuple):
    """A step of the walk."""

    name: str
    """In the texts."""
    check: Callable[[Doctor], Finding]
    needs: tuple[str, ...] = ()
    """Steps without which it cannot run."""
    together: bool = False
    """It only asks AWS. Such steps run at the same time, because the AWS command line starts slowly."""


STEPS = (
    Step("account", account.account),
    Step("stack", stack.stack, ("account",)),
    Step("push_url", parameters.push_url, ("stack",)),
    Step("token", parameters.token, ("stack",)),
    Step("health", api.health, ("stack",)),
    Step("rejection", api.rejection, ("health",)),
    Step("message", api.message, ("health", "push_url", "token")),
    Step("source", queues.source, ("stack",), together=True),
    Step("dead_letters", queues.dead_letters, ("stack",), together=True),
    Step("retries", queues.retries, ("stack",), together=True),
    Step("alarms", alarms.alarms, ("stack",), together=True),
    Step("subscriber", alarms.subscriber, ("stack",), together=True),
    Step("concurrency", account.concurrency, ("account",), together=True),
    Step("clock", clock.clock, ("health",)),
    Step("metrics", metrics.metrics, ("message",)),
    Step("errors", errors.errors, ("stack",)),
)


def finding(doctor: Doctor, step: Step) -> Finding:
    """What a step found, be it good or bad."""
    missing = next((need for need in step.needs if need not in doctor.known), None)
    if missing:
        return Finding(NONE, doctor.say("skipped", need=doctor.say(missing)))
    try:
        return step.check(doctor)
    except Failure as failure:
        return failure.finding
    except AwsError as error:
        return doctor.aws.explain(error)
    except BrokenPipeError:
        # Nobody reads what the walk prints.
        raise
    except Exception as error:
        return Finding(FAILED, doctor.say("bug", **described(error)), [doctor.say("report")])


def described(error: Exception) -> dict[str, Any]:
    """An error of the program for a text. Its message or a traceback could show a secret."""
    file, line = place(error.__traceback__)
    return {"kind": type(error).__name__, "file": file, "line": line}


def findings(doctor: Doctor) -> Iterator[tuple[Step, Finding]]:
    """Take all steps in their order."""
    begun = {}
    with ThreadPoolExecutor(4) as pool:
        for step in STEPS:
            doctor.terminal.progress(doctor.say(step.name))
            if step.together and not begun:
                begun = {it: pool.submit(finding, doctor, it) for it in STEPS if it.together}
            yield step, begun[step].result() if step in begun else finding(doctor, step)


def walk(doctor: Doctor) -> int:
    """Take all steps, and print what each found. The result is the exit status."""
    terminal, say = doctor.terminal, doctor.say
    failed, notes = [], 0
    colon = "\uff1a" if terminal.zh else ": "
    for step, found in findings(doctor):
        terminal.line(f"{terminal.mark(found.mark)} {say(step.name)}{colon}{found.text}")
        for advice in found.advice:
            terminal.line(f"  {advice}")
        failed += [step.name] if found.mark == FAILED else []
        notes += found.mark == NOTE
    terminal.line()
    if failed:
        terminal.line(say("failed", failed=len(failed), total=len(STEPS), first=say(failed[0])))
    elif notes:
        terminal.line(say("all_well_but", mark=terminal.mark(NOTE), count=notes))
    else:
        terminal.line(say("all_well"))
    return 1 if failed else 0


def channel_name(name: str) -> str:
    """The name of a channel."""
    if not re.fullmatch(CHANNEL, name):
        raise argparse.ArgumentTypeError("1 to 64 letters, digits, _ . -")
    return name


def arguments() -> argparse.Namespace:
    """What the user typed."""
    parser = argparse.ArgumentParser(description="Walk the path of an alert, and say where it ends.")
    parser.add_argument("--stack", help="name of the stack (samconfig.toml's)")
    parser.add_argument("--region", help="region of the stack (samconfig.toml's, or else the AWS CLI's)")
    parser.add_argument("--url", help="URL of the webhook, if it is not the stack's WebhookUrl")
    parser.add_argument(
        "--channel", type=channel_name, help="name of a channel, to look at its parameters and URL"
    )
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the metrics")
    parser.add_argument("--language", choices=("en", "zh"), help="that of the terminal by default (LANG)")
    return parser.parse_args()


def main() -> int:
    """Run it; the exit status is 0 if no step failed."""
    given = arguments()
    terminal = Terminal(TEXTS, given.language or language_of(os.environ))
    name = given.stack or configured("stack_name") or DEFAULT_STACK
    channel = given.channel or channel_in(given.url or "")
    options = Options(name, given.url, channel, not given.no_wait, given.region)
    try:
        return walk(Doctor(terminal, options))
    except KeyboardInterrupt:
        terminal.line(terminal.say("interrupted"))
        return 130
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:
        terminal.line(terminal.say("mistake", **described(error)))
        return 1


if __name__ == "__main__":
    sys.exit(main())
