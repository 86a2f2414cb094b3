"""What `zstack-resync.py` does, step by step."""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from terminal import FAILED, NOTE, OK, Terminal, language_of

from zstack import explained
from zstack.api import Api, Mistake, Refused, Unreachable

from . import table
from .decide import LISTED, POSTED, UNDECIDED, Decision, Plan, clean, effects, plan
from .messages import body
from .post import Stopped, Webhook
from .records import Endpoint, Reader, Record, Rule
from .session import TOKEN, Session, Wrong, secret, use_key
from .since import since
from .texts import TEXTS

PER_MINUTE = 300
"""Messages. `redeliver` pushes at most 800 a minute, and ZStack's own alerts need room as well."""

SETTLE = 5
"""Seconds. ZStack may write a record a moment after it sent the message."""

OVERLAP = 60_000
"""Milliseconds. Two management nodes have two clocks."""

ROUNDS = 10
"""So often newer records are looked for, until the program gives up."""


@dataclass
class Resync:
    """One run."""

    terminal: Terminal
    reader: Reader
    options: argparse.Namespace
    sleep: Callable[[float], None] = time.sleep
    records: dict[tuple[str, int], Record] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    topics: frozenset[str] = frozenset()
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    nameless: set[str] = field(default_factory=set)
    """Resources of which ZStack knows no name."""
    counts: Counter = field(default_factory=Counter)
    """Messages that were posted, by what came back."""
    touched: set[str] = field(default_factory=set)
    """The alert keys of what was posted."""
    sent: set[tuple[str, int]] = field(default_factory=set)

    def endpoint(self) -> Endpoint:
        """The endpoint whose messages are posted again."""
        say, options = self.terminal.say, self.options
        found = self.reader.endpoints()
        names = ", ".join(self.terminal.words(it.name) for it in found) or say("none")
        if options.endpoint:
            same = [it for it in found if it.name == options.endpoint]
            if not same:
                raise Wrong(say("no_such_name", name=options.endpoint, names=names))
            if len({it.url for it in same}) > 1:
                raise Wrong(say("several", name=options.endpoint))
        else:
            same = [it for it in found if it.url == options.url]
            if not same:
                raise Wrong(say("no_endpoint", names=names))
        # A token in the URL must not be printed.
        self.terminal.secrets |= {
            value for name, value in parse_qsl(urlsplit(same[0].url).query) if is_token(name)
        }
        chosen = next((it for it in same if it.enabled), same[0])
        if not chosen.enabled:
            self.note(say("endpoint_disabled", name=self.terminal.words(chosen.name)))
        self.topics = self.reader.topics(same)
        if not self.topics:
            raise Wrong(say("no_topic", name=self.terminal.words(chosen.name)))
        return chosen

    def note(self, text: str) -> None:
        """Print something that needs attention."""
        self.terminal.line(f"{self.terminal.mark(NOTE)} {text}")

    def read(self, since: int) -> Plan:
        """Read the records since a time, in milliseconds, and decide."""
        for record in self.reader.records(since):
            self.records[record.identity] = record
        return plan(self.records.values(), self.rules, self.topics, int(time.time() * 1000))

    def look_up(self, decisions: Sequence[Decision]) -> None:
        """Ask for the names of the resources. Without them, messages have UUIDs only."""
        wanted = {it.record.resource for it in decisions if clean(it.record.resource)} - self.names.keys()
        try:
            self.names.update(self.reader.names(wanted))
        except (Refused, Unreachable) as error:
            self.note(self.terminal.say("no_names", words=self.terminal.words(error)))
        else:
            self.nameless |= wanted - self.names.keys()

    def show(self, made: Plan, begin: datetime) -> list[Decision]:
        """Print what was decided. The result is what is posted."""
        terminal, say = self.terminal, self.terminal.say
        start = f"{begin:%Y-%m-%d %H:%M:%S %z}"
        if not self.records:
            newest = self.reader.newest()
            last_time = (
                f"{datetime.fromtimestamp(newest / 1000):%Y-%m-%d %H:%M:%S}" if newest else say("none")
            )
            terminal.line(say("read_none", since=start, last=last_time))
        else:
            last = max((it.at for it in self.records.values()), default=0)
            last_time = f"{datetime.fromtimestamp(last / 1000):%H:%M:%S}"
            terminal.line(say("read", count=len(self.records), since=start, last=last_time))
        if made.elsewhere:
            terminal.line(say("elsewhere", count=made.elsewhere))
        terminal.line(say("not_asked"))
        for (kind, why), count in Counter(self.reader.unreadable).items():
            self.note(say("unreadable", count=count, kind=kind, field=why))
        chosen = made.of(POSTED, LISTED) if self.options.all else made.of(POSTED)
        listed = [] if self.options.all else made.of(LISTED)
        for name, some in (("to_post", chosen), ("listed", listed), ("undecided", made.of(UNDECIDED))):
            if some:
                terminal.line()
                terminal.line(say(name, count=len(some)))
                for line in table.lines(terminal, some, self.names, self.nameless):
                    terminal.line(line)
        terminal.line()
        return chosen

    def post(self, webhook: Webhook, chosen: Sequence[Decision]) -> None:
        """Post these, in order."""
        terminal = self.terminal
        for done, it in enumerate(chosen):
            terminal.progress(terminal.say("posting", done=done, total=len(chosen)))
            # Before the post: it may arrive without an answer.
            self.touched |= {key for key, _ in effects(it.record)}
            answer = webhook.post(body(it.record, self.names))
            self.sent.add(it.record.identity)
            if answer.status < 300:
                self.counts["queued" if answer.status == 202 else "pushed"] += 1
            else:
                self.counts["refused"] += 1
                name = self.names.get(it.record.resource, (it.record.resource,))[0]
                why = f"{answer.status} {terminal.words(answer.words)}"
                row = terminal.say("refused_row", name=it.record.name, resource=name, why=why)
                terminal.line(f"{terminal.mark(FAILED)} {row}")

    def newer(self) -> list[Decision]:
        """What ZStack told meanwhile about alerts that were posted.

        ZStack may have sent it before an older message of this program, which then undid it.
        """
        self.sleep(SETTLE)
        made = self.read(max(it.at for it in self.records.values()) - OVERLAP)
        wanted = (POSTED, LISTED) if self.options.all else (POSTED,)
        about = (it for it in made.of(*wanted) if self.touched & {key for key, _ in effects(it.record)})
        return [it for it in about if it.record.identity not in self.sent]

    def deliver(self, webhook: Webhook, chosen: list[Decision]) -> bool:
        """Post everything, and what is newer. The result says whether it came to an end."""
        self.post(webhook, chosen)
        for _ in range(ROUNDS):
            chosen = self.newer()
            if not chosen:
                return True
            self.terminal.line(self.terminal.say("round", count=len(chosen)))
            self.look_up(chosen)
            self.post(webhook, chosen)
        return False


def is_token(name: str) -> bool:
    """Whether a parameter of the URL is the token, as src/webhook/caller.rs reads it."""
    return name.strip().lower() == "token"


def with_channel(url: str, channel: str | None) -> str:
    """The URL of a channel of the stack."""
    if not channel:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{channel}"))


def channel(name: str) -> str:
    """The name of a channel, by the rule of src/channel.rs."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
        raise argparse.ArgumentTypeError("1 to 64 letters, digits, _ . -")
    return name


def offset(value: str) -> timedelta:
    """A time zone."""
    found = re.fullmatch(r"([+-])(\d\d):?(\d\d)", value)
    if not found:
        raise argparse.ArgumentTypeError("+08:00")
    sign = -1 if found[1] == "-" else 1
    return sign * timedelta(hours=int(found[2]), minutes=int(found[3]))


def pace(value: str) -> float:
    """Messages a minute."""
    found = float(value)
    if not 1 <= found <= 800:
        raise argparse.ArgumentTypeError("1 to 800")
    return found


def arguments() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(
        prog="zstack-resync.py",
        description="After an outage: read what ZStack told, and post the last state of each alert to the"
        " webhook again.",
        epilog="The password of ZStack is asked for, or taken from ZSTACK_PASSWORD; the token of the webhook"
        " from WEBHOOK_TOKEN. docs/resync.md explains the rest.",
    )
    address = os.environ.get("ZSTACK") or None
    parser.add_argument(
        "--zstack",
        default=address,
        required=not address,
        metavar="ADDRESS",
        help="of a management node (ZSTACK)",
    )
    parser.add_argument("--since", required=True, metavar="TIME", help="2h, or 2026-11-28T10:00+08:00")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--url", help="of the webhook, exactly as the endpoint in ZStack has it")
    target.add_argument(
        "--endpoint", metavar="NAME", help="name of the endpoint in ZStack, which has the URL"
    )
    parser.add_argument("--channel", type=channel, help="add /CHANNEL to the path of --url")
    parser.add_argument("--all", action="store_true", help="also post alerts whose end ZStack never tells")
    parser.add_argument("--dry-run", action="store_true", help="print the tables, and post nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask before posting")
    parser.add_argument(
        "--per-minute", type=pace, default=PER_MINUTE, metavar="N", help=f"messages a minute ({PER_MINUTE})"
    )
    parser.add_argument("--account", default="admin", help="account in ZStack (admin)")
    parser.add_argument("--ask-second-factor", action="store_true", help="the account needs a second factor")
    parser.add_argument("--access-key", metavar="ID", help="sign with an access key, and do not log in")
    parser.add_argument(
        "--zone",
        type=offset,
        metavar="+08:00",
        help="time zone of ZStack, for an access key",
    )
    parser.add_argument("--ca-file", metavar="FILE", help="certificate of the CA of ZStack's API")
    parser.add_argument("--language", choices=("en", "zh"), help="that of the terminal by default (LANG)")
    return parser


def checked(terminal: Terminal, options: argparse.Namespace) -> datetime:
    """Check what argparse cannot check. The result is the time of `--since`."""
    if options.url:
        parts = urlsplit(options.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Wrong(terminal.say("bad_url"))
        if "token=" in options.url.lower():
            raise Wrong(terminal.say("token_in_url"))
        options.url = with_channel(options.url, options.channel)
    try:
        return since(options.since, datetime.now().astimezone())
    except (ValueError, OverflowError):
        raise Wrong(terminal.say("bad_since")) from None


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
    session = None
    if options.access_key:
        use_key(terminal, api, options.access_key, options.zone)
    else:
        session = Session(terminal, api, options.account, options.ask_second_factor)
        terminal.progress(terminal.say("logging_in"))
        session.begin()
    run = Resync(terminal, Reader(api, session.begin if session else None), options)
    terminal.progress(terminal.say("reading"))
    endpoint = run.endpoint()
    run.rules = run.reader.rules()
    try:
        made = run.read(int(begin.timestamp() * 1000))
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
    token = secret(terminal, TOKEN, "ask_token", name=endpoint.name) if endpoint.user else ""

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
    mark = OK if settled and not counts["refused"] else FAILED
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
        what, advice = explained.explained(terminal, error, api.host, api.root)
        terminal.line(f"{terminal.mark(FAILED)} {what}")
        for line in advice:
            terminal.line(f"  {line}")
        return 1
    except KeyboardInterrupt:
        terminal.line(terminal.say("interrupted"))
        return 130
    except BrokenPipeError:
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
