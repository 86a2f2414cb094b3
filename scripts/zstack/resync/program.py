"""`zstack-resync.py` from its start to its exit status."""

from __future__ import annotations

import argparse
import math
import os
import signal
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from terminal import FAILED, NOTE, OK, Terminal, language_of

from zstack import explained
from zstack.api import Api, Mistake, Refused, Unreachable
from zstack.secret import token_forms

from .decide import Decision
from .deliver import Delivery
from .options import arguments, checked
from .post import Stopped, Webhook
from .reader import Reader
from .run import Resync
from .session import TOKEN, Session, Wrong, secret, use_key
from .texts import TEXTS

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def interrupt(*_: Any) -> None:
    """End the program as Ctrl-C does."""
    raise KeyboardInterrupt


def agreed(terminal: Terminal, options: argparse.Namespace, count: int) -> bool:
    """Whether to post."""
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise Wrong(terminal.say("say_yes"))
    minutes = math.ceil(count / options.per_minute)
    try:
        return input(terminal.say("ask_post", count=count, minutes=minutes)).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def work(terminal: Terminal, api: Api, options: argparse.Namespace, begin: datetime) -> int:
    """All steps between log-in and log-out. The result is the exit status."""
    if api.scheme == "http" and api.host not in LOOPBACK:
        terminal.line(f"{terminal.mark(NOTE)} {terminal.say('plain_http', host=api.host)}")
    with suppress(Refused):
        # What is not ZStack gets no password.
        api.version()
    session = None
    if options.access_key:
        use_key(terminal, api, options.access_key, options.secret_file, options.zone)
    else:
        asks = options.ask_second_factor
        session = Session(terminal, api, options.account, options.password_file, asks)
        terminal.progress(terminal.say("logging_in"))
        session.begin()
    run = Resync(terminal, Reader(api, session.begin if session else None), options)
    terminal.progress(terminal.say("reading"))
    endpoint = run.endpoint()
    run.rules = run.reader.rules()
    try:
        run.begin = int(begin.timestamp() * 1000)
        made = run.read(run.begin)
    except Refused as refused:
        if refused.status in (404, 405):
            raise Wrong(terminal.say("too_old")) from None
        raise
    run.look_up(made.decisions)
    chosen = run.show(made, begin)
    # What cannot be read may be the end of an alert.
    status = 1 if run.reader.unreadable else 0
    if not chosen:
        terminal.line(terminal.say("nothing"))
        return status
    if options.dry_run:
        terminal.line(terminal.say("dry"))
        return status
    if not agreed(terminal, options, len(chosen)):
        terminal.line(terminal.say("left"))
        return status
    token = ""
    if endpoint.user:
        name = terminal.words(endpoint.name)
        token = secret(terminal, TOKEN, "ask_token", options.token_file, name=name)
        terminal.secrets |= token_forms(endpoint.user, token) - {""}

    def waiting(seconds: float, why: str) -> None:
        terminal.line(terminal.say("waiting", seconds=round(seconds), why=terminal.words(why)))

    webhook = Webhook(endpoint.url, endpoint.user, token, options.per_minute, waiting=waiting)
    return posted(run, webhook, chosen)


def posted(run: Resync, webhook: Webhook, chosen: list[Decision]) -> int:
    """Post, and say how it ended."""
    terminal, say = run.terminal, run.terminal.say
    delivery = Delivery(run, webhook, chosen)

    def broken_off(name: str, **fields: Any) -> None:
        # At a stop there is one more message, which was not accepted.
        total = max(len(chosen), delivery.count + (name == "stopped"))
        line = say(name, count=delivery.count, total=total, **fields)
        terminal.line(f"{terminal.mark(FAILED)} {line}")
        terminal.line(f"  {say('again')}")

    try:
        delivery.deliver()
    except Stopped as stopped:
        fields = {name: terminal.words(it) if name == "why" else it for name, it in stopped.fields.items()}
        broken_off("stopped", why=say(stopped.text, host=webhook.host, **fields))
        wrong = delivery.may_be_wrong()
        run.say_unreadable()
        if wrong:
            run.table("may_be_wrong", wrong)
        return 1
    except KeyboardInterrupt:
        broken_off("interrupted_after")
        return 130
    except (Refused, Unreachable, Wrong):
        broken_off("zstack_stopped")
        raise
    run.say_unreadable()
    if delivery.left:
        run.look_up(delivery.left)
        run.table("undecided", delivery.left)
    counts = {name: delivery.counts[name] for name in ("pushed", "queued", "refused")}
    mark = FAILED if delivery.left or run.reader.unreadable or counts["refused"] else OK
    terminal.line(f"{terminal.mark(mark)} {say('done', count=delivery.count, **counts)}")
    if delivery.restless:
        run.note(say("restless"))
    return 0 if mark == OK else 1


def main() -> int:
    """Run it. The exit status is 0 if everything that had to be posted was accepted."""
    # ZStack allows only so many sessions. So they end at SIGTERM, too.
    signal.signal(signal.SIGTERM, interrupt)
    options = arguments().parse_args()
    terminal = Terminal({**explained.TEXTS, **TEXTS}, options.language or language_of(os.environ))
    api = None
    try:
        begin = checked(terminal, options)
        api = Api(options.zstack, ca_file=options.ca_file)
        return work(terminal, api, options, begin)
    except Mistake as mistake:
        terminal.line(f"{terminal.mark(FAILED)} {terminal.say(str(mistake))}")
        return 2
    except Wrong as wrong:
        terminal.line(f"{terminal.mark(FAILED)} {wrong.text}")
        return 2
    except (Refused, Unreachable) as error:
        what, advice = explained.explained(terminal, error, api)
        terminal.line(f"{terminal.mark(FAILED)} {what}")
        for line in advice:
            terminal.line(f"  {line}")
        return 1
    except KeyboardInterrupt:
        terminal.line(terminal.say("interrupted"))
        return 130
    except BrokenPipeError:
        # Nothing can be printed any more, not even by Python at its end.
        if api:
            api.log_out()
        os._exit(1)
    except Exception as error:
        # A traceback could show a secret.
        at = error.__traceback__
        while at.tb_next:
            at = at.tb_next
        place = {"file": Path(at.tb_frame.f_code.co_filename).name, "line": at.tb_lineno}
        terminal.line(terminal.say("mistake", kind=type(error).__name__, **place))
        return 1
    finally:
        if api:
            api.log_out()
