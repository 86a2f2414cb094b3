"""How steps, lists and findings look."""

from __future__ import annotations

from collections.abc import Iterable

from terminal import Terminal, has_secret, one_line

from .facts import SYSTEM_TOPIC
from .model import Step, shown
from .steps import Entry, entry

TOGETHER = (("alarm_action", "recovery"), ("event_action",))
"""Kinds of steps that are told in one line for all rules, and which of them belong together."""

MANY = {kind for kinds in TOGETHER for kind in kinds}

NAMES = 10
"""Names of a list that are printed."""

NO_WORD = 16
"""Characters of a secret that is in no name by chance."""

SECONDS = 1
"""A change takes about this."""


def fields(step: Step) -> Entry:
    """A step with everything that its texts need."""
    return {**entry(step), **dict(step.values)}


class Printer:
    """Prints to a terminal. `verbose` is for whoever wants every name."""

    def __init__(self, terminal: Terminal, verbose: bool):
        self.terminal, self.say, self.verbose = terminal, terminal.say, verbose

    def name(self, text: object, most: int = 120) -> str:
        """A name in ZStack, or of a file. A password can be a common word, which is in names by chance."""
        if has_secret(text, (it for it in self.terminal.secrets if len(it) >= NO_WORD)):
            return self.terminal.words(text, most)
        words = one_line(text)
        return words if len(words) <= most else words[:most] + "..."

    def line(self, mark: str, text: str, advice: Iterable[str] = ()) -> None:
        """A finding, and what to do about it."""
        self.terminal.line(f"{self.terminal.mark(mark)} {text}")
        for it in advice:
            self.terminal.line(f"  {it}")

    def names(self, names: Iterable[str]) -> str:
        """Names, one behind the other; the first ones only, if there are many."""
        found = sorted(self.name(it) for it in names)
        more = len(found) - NAMES
        if more > 0 and not self.verbose:
            found = [*found[:NAMES], self.say("and_more", count=f"{more:,}")]
        return ("、" if self.terminal.zh else ", ").join(found)

    def steps(self, entries: list[Entry], prefix: str = "") -> None:
        """Number and print them."""
        for number, text in enumerate(self.told(entries, prefix), 1):
            self.terminal.line(f"{number:3}. {text}")
        seconds = max(1, round(len(entries) * SECONDS))
        unit, count = ("seconds", seconds) if seconds < 90 else ("minutes", round(seconds / 60))
        unit = "second" if count == 1 else unit
        time = self.say(unit, count=f"{count:,}")
        self.terminal.line(self.say("how_long", count=f"{len(entries):,}", time=time))

    def told(self, entries: list[Entry], prefix: str = "") -> list[str]:
        """What steps do, in a line each; rules together. `prefix` is `undo_` for what is taken back."""
        lines: list[str] = []
        told: set[str] = set()
        for it in entries:
            kinds = next((kinds for kinds in TOGETHER if it["kind"] in kinds), None)
            if kinds is None:
                lines.append(self.say(self._name(it, prefix), **self.fields(it)))
                continue
            for kind in kinds if not prefix else reversed(kinds):
                same = [other for other in entries if other["kind"] == kind]
                if same and kind not in told:
                    told.add(kind)
                    values = self.fields(same[0])
                    values.update(count=f"{len(same):,}", names=self.names(other["name"] for other in same))
                    lines.append(self.say(prefix + kind, **values))
        return lines

    def _name(self, it: Entry, prefix: str) -> str:
        if it["kind"] == "subscribe" and it["uuid"] == SYSTEM_TOPIC and not prefix:
            return "subscribe_system"
        return prefix + it["kind"]

    def fields(self, it: Entry) -> Entry:
        """The values of a step, as they may be shown."""
        made = {key: self.name(value) for key, value in it.items()}
        if it.get("url"):
            made["url"] = self.name(shown(it["url"]), 300)
        if it.get("why"):
            made["why"] = self.say(it["why"])
        return made

    def hand(self, step: Step) -> str:
        """How to do a step in the console."""
        return self.say("by_hand", how=self.say(f"hand_{step.kind}", **self.fields(fields(step))))

    def progress(self, done: int, count: int, name: str) -> None:
        """How far it is. A file gets a line now and then."""
        self.terminal.progress(self.say("progress", done=f"{done:,}", count=f"{count:,}", name=name))
        if done and done % 100 == 0 and not self.terminal.moving:
            self.terminal.line(self.say("progress_line", done=f"{done:,}", count=f"{count:,}"))
