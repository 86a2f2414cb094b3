"""`zstack-resync.py` from its start to its exit status."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime
from pathlib import Path

from terminal import FAILED, NOTE, OK, Terminal, language_of

from zstack import explained
from zstack.api import Api, Mistake, Refused, Unreachable
from zstack.secret import token_forms

from .decide import Decision
from .options import arguments, checked
from .post import Stopped, Webhook
from .reader import Reader
from .run import Resync
from .session import TOKEN, Session, Wrong, secret, use_key
from .texts import TEXTS

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def agreed(terminal: Terminal, options: argparse.Namespace, count: int) -> bool:
    """Whether to post."""
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise Wrong(terminal.say("say_yes"))
    terminal.line()
    try:
        return input(terminal.say("ask_post", count=count)).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def work(terminal: Terminal, api: Api, options: argparse.Namespace, begin: datetime) -> int:
    """All steps between log-in and log-out. The result is the exit status."""
    if api.scheme == "http" and api.host not in LOOPBACK:
        terminal.line(f"{terminal.mark(NOTE)} {terminal.say('plain_http', host=api.host)}")
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
    if not chosen:
        terminal.line(terminal.say("nothing"))
        return 0
    if options.dry_run:
        terminal.line(terminal.say("dry"))
        return 0
    if not agreed(terminal, options, len(chosen)):
        terminal.line(terminal.say("left"))
        return 0
    token = ""
    if endpoint.user:
        token = secret(terminal, TOKEN, "ask_token", options.token_file, name=endpoint.name)
        terminal.secrets |= token_forms(endpoint.user, token) - {""}

    def waiting(seconds: float, why: str) -> None:
        terminal.line(terminal.say("waiting", seconds=round(seconds), why=terminal.words(why)))

    webhook = Webhook(endpoint.url, endpoint.user, token, options.per_minute, waiting=waiting)
    return posted(run, webhook, chosen)


def posted(run: Resync, webhook: Webhook, chosen: list[Decision]) -> int:
    """Post, and say how it ended."""
    terminal, say, counts = run.terminal, run.terminal.say, run.counts
    try:
        settled = run.deliver(webhook, chosen)
    except Stopped as stopped:
        fields = {name: terminal.words(it) if name == "why" else it for name, it in stopped.fields.items()}
        why = say(stopped.text, host=webhook.host, **fields)
        count = sum(counts.values())
        line = say("stopped", count=count, total=max(len(chosen), count + 1), why=why)
        terminal.line(f"{terminal.mark(FAILED)} {line}")
        terminal.line(f"  {say('again')}")
        return 1
    except (Refused, Unreachable):
        line = say("zstack_stopped", count=sum(counts.values()), total=len(chosen))
        terminal.line(f"{terminal.mark(FAILED)} {line}")
        terminal.line(f"  {say('again')}")
        raise
    mark = OK if settled and not run.left and not counts["refused"] else FAILED
    numbers = {name: counts[name] for name in ("pushed", "queued", "refused")}
    terminal.line(f"{terminal.mark(mark)} {say('done', count=sum(counts.values()), **numbers)}")
    if not settled:
        run.note(say("restless"))
    return 0 if mark == OK else 1


def main() -> int:
    """Run it. The exit status is 0 if everything that had to be posted was accepted."""
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
