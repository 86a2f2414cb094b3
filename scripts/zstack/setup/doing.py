"""Taking the steps, and taking them back."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from terminal import FAILED, NONE, NOTE, OK

from ..api import Api, Refused, Unreachable
from ..explained import explained
from . import undo
from .model import Plan, Step, Stop, odd
from .printing import MANY, Printer, fields
from .steps import GONE, KINDS, Entry, Kind, NotKept, create_endpoint, entry

DOUBLES = ("SYS.1006", "SYS.1007")
"""With these, ZStack refuses to add what is there already."""

UNDECIDED = ("SYS.1000", "SYS.1001")
"""With these, an internal error and a timeout, ZStack may still do it."""

Errors = (Refused, Unreachable, NotKept, OSError)


class Failed(Exception):
    """A step failed, which was printed, and the run ends. The text is what is left."""


class Doing:
    """Takes the steps of one run."""

    def __init__(self, api: Api, printer: Printer):
        self.api, self.printer, self.say = api, printer, printer.say
        self.name = ""
        """What is being worked on."""
        self.actual: dict[str, str] = {}
        """Where ZStack gave another UUID than the one that was chosen."""
        api.waiting = self._waiting

    def _waiting(self, seconds: float) -> None:
        if seconds > 5:
            self.printer.terminal.progress(self.say("takes_long", name=self.name, seconds=round(seconds)))

    def why(self, error: Exception, path: Path | None = None) -> tuple[str, list[str]]:
        """Why something failed, and what to do."""
        if isinstance(error, (Refused, Unreachable)):
            return explained(self.printer.terminal, error, self.api)
        if isinstance(error, OSError):
            return self.say("undo_impossible", path=path, why=error.strerror), []
        return self.say("step_not_kept"), []

    # Forward.

    def do(self, plan: Plan, url: str, password: str, file: undo.UndoFile) -> list[Step]:
        """Take the steps. The result is those that ZStack refuses for an odd UUID."""
        try:
            file.writable()
        except OSError as error:
            raise Stop("undo_impossible", path=file.path, why=error.strerror) from None
        self.printer.terminal.line(self.say("undo_file", path=self.printer.name(file.path, 300)))
        made = replace(KINDS["create_endpoint"], do=create_endpoint(url, password))
        kinds = {**KINDS, "create_endpoint": made}
        left = Counter(it.kind for it in plan.steps)
        outcomes: Counter[str] = Counter()
        done: Counter[str] = Counter()
        refused: list[Step] = []
        for number, step in enumerate(plan.steps):
            self.name = self.printer.name(step.name, 60)
            self.printer.progress(number, len(plan.steps), self.name)
            try:
                outcome = self.take(step, kinds[step.kind], file)
            except Errors as error:
                self._fail([fields(step)], "", error, file.path)
                self.printer.terminal.line("  " + self.printer.hand(step))
                counts = {"done": f"{number:,}", "count": f"{len(plan.steps):,}"}
                raise Failed(self.say("stopped", **counts)) from None
            outcomes[outcome] += 1
            done[step.kind] += outcome == "done"
            left[step.kind] -= 1
            refused += [step] if outcome == "refused" else []
            if done[step.kind] and (step.kind in MANY and not left[step.kind]):
                self.printer.line(OK, self.say(f"did_{step.kind}", count=f"{done[step.kind]:,}"))
            elif step.kind not in MANY and outcome == "done":
                self.printer.line(OK, self.say(f"did_{step.kind}", **self.printer.fields(fields(step))))
        for outcome in ("already", "gone"):
            if outcomes[outcome]:
                self.printer.line(NONE, self.say(outcome, count=f"{outcomes[outcome]:,}"))
        return refused

    def _fail(self, entries: list[Entry], prefix: str, error: Exception, path: Path) -> None:
        """Print the step that failed, and why."""
        what, advice = self.why(error, path)
        [text] = self.printer.told(entries, prefix)
        self.printer.line(FAILED, text)
        self.printer.terminal.line(f"  {what}")
        for it in advice:
            self.printer.terminal.line(f"  {it}")

    def take(self, step: Step, kind: Kind, file: undo.UndoFile) -> str:
        """Take a step: `done`, `already`, `gone` or `refused`."""
        it = {
            key: self.actual.get(value, value) if key in ("uuid", "endpoint", "topic") else value
            for key, value in entry(step).items()
        }
        holds = kind.holds(self.api, it)
        if holds is GONE:
            return "gone"
        if holds:
            return "already"
        number = file.begin(it)
        try:
            answer = kind.do(self.api, it)
        except Refused as error:
            if error.not_done:
                file.end(number, done=False)
                raise
            try:
                holds = kind.holds(self.api, it)
            except (Refused, Unreachable):
                # The step stays without an end, so undo looks first.
                raise error from None
            # Another run may have been faster. Then it is in the undo file of that one. With others, such
            # as a timeout, ZStack can have done it, or do it later: without an end, undo looks first.
            faster = bool(holds) and error.code in DOUBLES
            if faster or (not holds and error.code not in UNDECIDED):
                file.end(number, done=False)
            if holds is GONE:
                return "gone"
            if faster:
                return "already"
            if not holds:
                if error.code == "SYS.1003" and odd(it["uuid"]):
                    return "refused"
                raise
            answer = {}
        except Unreachable as error:
            # Never a second try: the first one may have happened.
            if error.not_done:
                file.end(number, done=False)
            if error.maybe:
                with suppress(Refused, Unreachable):
                    holds = kind.holds(self.api, it)
            if not holds:
                raise
            answer = {}
        except NotKept:
            file.end(number, done=False)
            raise
        row = answer.get("inventory") if isinstance(answer, dict) else None
        uuid = row.get("uuid") if isinstance(row, dict) else None
        if uuid and uuid != step.uuid and step.kind in ("create_endpoint", "create_topic", "subscribe_event"):
            self.actual[step.uuid] = str(uuid)
            file.end(number, done=True, uuid=str(uuid))
        else:
            file.end(number, done=True)
        return "done"

    # Back.

    def take_back(self, path: Path, entries: list[Entry]) -> list[Entry]:
        """Undo the steps of an undo file, if they are still there. The result is those that it kept."""
        try:
            file = undo.Undoing(path)
        except OSError as error:
            raise Stop("undo_impossible", path=path, why=error.strerror) from None
        kept: list[Entry] = []
        outcomes: Counter[str] = Counter()
        for number, it in enumerate(entries):
            self.name = self.printer.name(it["name"], 60)
            self.printer.progress(number, len(entries), self.name)
            try:
                outcome = self._back(it)
                outcomes[outcome] += 1
                if outcome == "kept":
                    kept.append(it)
                else:
                    file.undone(it)
            except Errors as error:
                self._fail([it], "undo_", error, path)
                counts = {"done": f"{sum(outcomes.values()):,}", "count": f"{len(entries):,}"}
                raise Failed(self.say("undo_stopped", **counts)) from None
        self.printer.line(OK, self.say("taken_back", count=f"{outcomes['taken_back']:,}"))
        if outcomes["was_not"]:
            self.printer.line(NONE, self.say("was_not", count=f"{outcomes['was_not']:,}"))
        return kept

    def _back(self, it: Entry) -> str:
        """Undo one step: `taken_back`, `was_not` if there was nothing to undo, or `kept`."""
        kind = KINDS[it["kind"]]
        if not kind.holds(self.api, it):
            return "was_not"
        if users := kind.users(self.api, it):
            [text] = self.printer.told([it], "undo_")
            self.printer.line(NOTE, self.say("kept", step=text, names=self.printer.names(users)))
            return "kept"
        try:
            kind.undo(self.api, it)
        except (Refused, Unreachable) as error:
            holds: bool | None = True
            if isinstance(error, Refused) or error.maybe:
                with suppress(Refused, Unreachable):
                    holds = kind.holds(self.api, it)
            if holds:
                raise
        return "taken_back"
