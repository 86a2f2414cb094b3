"""What `zstack-resync.py` does, step by step."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from terminal import FAILED, NOTE, Terminal

from zstack.api import Refused, Unreachable

from . import table
from .decide import LISTED, OPENS, POSTED, UNDECIDED, Decision, Plan, clean, effects, plan
from .messages import body
from .post import Webhook, url_secrets
from .reader import Reader
from .records import Endpoint, Record, Rule
from .session import Wrong

SETTLE = 5
"""Seconds. ZStack may write a record a moment after it sent the message."""

OVERLAP = 300_000
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
    begin: int = 0
    """The time of `--since`, in milliseconds."""
    shown: set[tuple[str, int]] = field(default_factory=set)
    """What was listed as not posted or not decided before anything was posted."""
    left: list[Decision] = field(default_factory=list)
    """What is newer about an alert that was posted, and is not posted all the same."""

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
                # After the URL changed, zstack-setup.py made a new one, and took the old one off its topics.
                same = [it for it in same if self.reader.topics([it])] or same
            if len({it.url for it in same}) > 1:
                raise Wrong(say("several", name=options.endpoint))
        else:
            same = [it for it in found if it.url == options.url]
            if not same:
                raise Wrong(say("no_endpoint", names=names))
        # A token in the URL must not be printed.
        for it in same:
            self.terminal.secrets |= url_secrets(it.url)
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
        now = int(time.time() * 1000)
        return plan(self.records.values(), self.rules, self.topics, now, self.options.all)

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
                self.table(name, some)
        self.shown = {it.record.identity for it in (*listed, *made.of(UNDECIDED))}
        terminal.line()
        return chosen

    def table(self, name: str, some: Sequence[Decision]) -> None:
        """Print decisions under a heading."""
        self.terminal.line(self.terminal.say(name, count=len(some)))
        for line in table.lines(self.terminal, some, self.names, self.nameless):
            self.terminal.line(line)

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

        ZStack may have sent it before an older message of this program, which then undid it. So a trigger is
        posted even if it would not be by itself: ZStack has sent it anyway. What is newer may also undo a
        message of this program that is later still, so that one is posted again.
        """
        self.sleep(SETTLE)
        newest = max(it.at for it in self.records.values())
        made = self.read(max(newest - OVERLAP, self.begin))
        wanted = (POSTED, LISTED) if self.options.all else (POSTED,)
        chosen: list[Decision] = []
        undone: set[str] = set()
        self.left = []
        for it in made.decisions:
            keys = {key for key, _ in effects(it.record)}
            new = keys & self.touched and it.record.identity not in self.sent
            # Without an id, the alert that ZStack opened may be another one.
            restores = it.effect == OPENS and it.why != "no_resource"
            if (it.outcome in wanted and (new or keys & undone)) or (new and restores):
                chosen.append(it)
                undone |= keys
            elif new and it.record.identity not in self.shown:
                self.left.append(it)
        return chosen

    def deliver(self, webhook: Webhook, chosen: list[Decision]) -> bool:
        """Post everything, and what is newer. The result says whether it came to an end."""
        self.post(webhook, chosen)
        for _ in range(ROUNDS):
            chosen = self.newer()
            if not chosen:
                break
            count = sum(it.record.identity not in self.sent for it in chosen)
            self.terminal.line(self.terminal.say("round", count=count))
            self.look_up(chosen)
            self.post(webhook, chosen)
        if self.left:
            self.look_up(self.left)
            self.table("undecided", self.left)
        return not chosen
