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
from .decide import LISTED, POSTED, UNDECIDED, Decision, Plan, clean, plan
from .post import Answer, url_secrets
from .reader import Reader, may_have_name
from .records import Endpoint, Record, Rule
from .session import Wrong

OVERLAP = 300_000
"""Milliseconds. Two management nodes have two clocks."""

PAUSES = (5, 15, 30)
"""Seconds. Posting can take an hour, so it is not given up because ZStack does not answer for a moment."""


@dataclass
class Resync:
    """One run."""

    terminal: Terminal
    reader: Reader
    options: argparse.Namespace
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    records: dict[tuple[str, int], Record] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    topics: frozenset[str] = frozenset()
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """Resources whose names were asked for."""
    nameless: set[str] = field(default_factory=set)
    """Resources of which ZStack knows no name."""
    begin: int = 0
    """The time of `--since`, in milliseconds."""
    shown: set[tuple[str, int]] = field(default_factory=set)
    """What was listed as not posted or not decided before anything was posted."""
    said: set[tuple[str, str]] = field(default_factory=set)
    """Rows that cannot be read, of which people were told."""
    asked_at: int = 0
    """When the last read began, in milliseconds since 1970."""
    read_at: float = 0.0
    """When the last read ended, by `clock`."""

    def endpoint(self) -> Endpoint:
        """The endpoint whose messages are posted again."""
        say, options = self.terminal.say, self.options
        found = self.reader.endpoints()
        names = ", ".join(self.terminal.words(it.name) for it in found) or say("none")
        if options.endpoint:
            same = [it for it in found if it.name == options.endpoint]
            if not same:
                raise Wrong(say("no_such_name", name=options.endpoint, names=names))
        else:
            same = [it for it in found if it.url == options.url]
            if not same:
                raise Wrong(say("no_endpoint", names=names))
        # If URL or user name changed, zstack-setup.py made a new one, and took the old one off its topics.
        same = [it for it in same if self.reader.topics([it])] or same
        if len({it.url for it in same}) > 1:
            raise Wrong(say("several", name=options.endpoint))
        # A token in the URL must not be printed.
        for it in same:
            self.terminal.secrets |= url_secrets(it.url)
        chosen = max(same, key=lambda it: (it.enabled, bool(it.user)))
        if not chosen.enabled:
            self.note(say("endpoint_disabled", name=self.terminal.words(chosen.name)))
        self.topics = self.reader.topics([it for it in same if it.enabled] or same)
        if not self.topics:
            raise Wrong(say("no_topic", name=self.terminal.words(chosen.name)))
        return chosen

    def note(self, text: str) -> None:
        """Print something that needs attention."""
        self.terminal.line(f"{self.terminal.mark(NOTE)} {text}")

    def read(self, since: int) -> Plan:
        """Read the records since a time, in milliseconds, and decide."""
        self.asked_at = int(time.time() * 1000)
        for record in self.reader.records(since):
            self.records[record.identity] = record
        self.read_at = self.clock()
        return plan(self.records.values(), self.rules, self.topics, self.asked_at, self.options.all)

    def read_on(self) -> Plan:
        """Read what was told since the last read, and decide again.

        A record of the future has the time of a clock that is wrong. What is newer is not behind it.
        """
        newest = max((it.at for it in self.records.values() if it.at <= self.asked_at), default=0)
        since = max(newest - OVERLAP, self.begin)
        for pause in PAUSES:
            try:
                return self.read(since)
            except (Refused, Unreachable) as error:
                if not is_brief(error):
                    raise
                why = self.terminal.words(error)
                self.terminal.line(self.terminal.say("silent", seconds=pause, why=why))
                self.sleep(pause)
        return self.read(since)

    @property
    def age(self) -> float:
        """Seconds since the last read."""
        return self.clock() - self.read_at

    def look_up(self, decisions: Sequence[Decision]) -> None:
        """Ask for the names of the resources. Without them, messages have UUIDs only."""
        resources = {it.record.resource for it in decisions}
        wanted = {it for it in resources if clean(it) and may_have_name(it)} - self.asked
        self.asked |= wanted
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
        last = max((it.at for it in self.records.values()), default=None) or self.reader.newest()
        told = f"{datetime.fromtimestamp(last / 1000):%Y-%m-%d %H:%M:%S}" if last else say("none")
        text = "read" if self.records else "read_none"
        terminal.line(say(text, count=len(self.records), since=start, last=told))
        if made.elsewhere:
            terminal.line(say("elsewhere", count=made.elsewhere))
        terminal.line(say("not_asked"))
        self.say_unreadable()
        chosen = made.of(POSTED, LISTED) if self.options.all else made.of(POSTED)
        listed = [] if self.options.all else made.of(LISTED)
        for name, some in (("to_post", chosen), ("listed", listed), ("undecided", made.of(UNDECIDED))):
            if some:
                terminal.line()
                self.table(name, some)
        self.shown = {it.record.identity for it in (*listed, *made.of(UNDECIDED))}
        terminal.line()
        return chosen

    def say_unreadable(self) -> None:
        """Print which rows could not be read, unless it was printed."""
        new = [
            (kind, why) for (kind, row), why in self.reader.unreadable.items() if (kind, row) not in self.said
        ]
        self.said |= self.reader.unreadable.keys()
        for (kind, why), count in Counter(new).items():
            self.note(self.terminal.say("unreadable", count=count, kind=kind, field=why))

    def table(self, name: str, some: Sequence[Decision]) -> None:
        """Print decisions under a heading."""
        self.terminal.line(self.terminal.say(name, count=len(some)))
        for line in table.lines(self.terminal, some, self.names, self.nameless):
            self.terminal.line(line)

    def refused(self, record: Record, answer: Answer) -> None:
        """Print that a message was refused."""
        words, resource = self.terminal.words, self.names.get(record.resource, (record.resource,))[0]
        row = self.terminal.say(
            "refused_row",
            name=words(record.name),
            resource=words(resource),
            why=f"{answer.status} {words(answer.words)}",
        )
        self.terminal.line(f"{self.terminal.mark(FAILED)} {row}")


def is_brief(error: Refused | Unreachable) -> bool:
    """Whether it may be over soon: nobody answers, or ZStack limits the rate of calls."""
    if isinstance(error, Refused):
        return error.status == 429
    return error.kind in ("connect", "lost")
