"""The course of a run: log in, read, show the plan, ask, do it, look again, test, log out."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from terminal import FAILED, NONE, NOTE, OK, Terminal

from ..api import Api, Mistake, Refused, Unreachable
from ..explained import explained
from . import asking, reading, undo
from .facts import ADMIN, SYSTEM_TOPIC
from .plan import Plan, State, Step, Stop, Tried, Wanted, odd, plan, shown
from .steps import GONE, KINDS, Entry, Kind, NotKept, create_endpoint, entry

MANY = ("alarm_action", "recovery", "event_action")
"""Kinds of steps that are told together."""

NAMES = 10
"""Names of a list that are printed."""

SECONDS = 1
"""A change takes about this."""

ADVICE = {
    "no_url": ["give_url"],
    "stack_unknown": ["give_url"],
    "token_rejected": ["check_token"],
    "url_fails": ["check_way"],
    "endpoint_fails": ["check_way"],
}


class Failed(Exception):
    """A step failed, and the run ends."""

    def __init__(self, what: str, advice: list[str]):
        super().__init__(what)
        self.what, self.advice = what, advice


class Setup:
    """One run of the program."""

    def __init__(self, terminal: Terminal, options: Namespace):
        self.terminal, self.options, self.say = terminal, options, terminal.say
        self.api: Api = None  # type: ignore[assignment]
        self.actual: dict[str, str] = {}
        """Where ZStack gave another UUID than the one that was chosen."""
        self.token = ""

    # Lines.

    def line(self, mark: str, text: str, advice: Iterable[str] = ()) -> None:
        """A finding, and what to do about it."""
        self.terminal.line(f"{self.terminal.mark(mark)} {text}")
        for it in advice:
            self.terminal.line(f"  {it}")

    def names(self, names: Iterable[str]) -> str:
        """Names, one behind the other; the first ones only, if there are many."""
        found = [self.terminal.words(it, 120) for it in names]
        more = len(found) - NAMES
        if more > 0 and not self.options.verbose:
            found = [*found[:NAMES], self.say("and_more", count=f"{more:,}")]
        return ("、" if self.terminal.zh else ", ").join(found)

    def told(self, steps: list[Any], prefix: str = "") -> list[str]:
        """What steps do, in a line each; rules together."""
        lines, seen = [], Counter(it["kind"] if isinstance(it, dict) else it.kind for it in steps)
        for it in (it if isinstance(it, dict) else self.fields(it) for it in steps):
            kind = it["kind"]
            if kind not in MANY:
                lines.append(self.say(self.text_of(it, prefix), **self.shown_fields(it)))
            elif kind in seen:
                same = [
                    x["name"] if isinstance(x, dict) else x.name
                    for x in steps
                    if (x["kind"] if isinstance(x, dict) else x.kind) == kind
                ]
                fields = self.shown_fields(it)
                fields.update(count=f"{seen.pop(kind):,}", names=self.names(same))
                lines.append(self.say(prefix + kind, **fields))
        return lines

    def fields(self, step: Step) -> Entry:
        """A step as its texts need it."""
        return {**entry(step), **dict(step.values)}

    def text_of(self, it: Entry, prefix: str = "") -> str:
        """The name of a step's text."""
        if it["kind"] == "subscribe" and it["uuid"] == SYSTEM_TOPIC and not prefix:
            return "subscribe_system"
        return prefix + it["kind"]

    def shown_fields(self, it: Entry) -> Entry:
        """The values of a step, as they may be shown."""
        made = {
            key: self.terminal.words(value, 120) for key, value in it.items() if key not in ("kind", "url")
        }
        if it.get("url"):
            made["url"] = self.terminal.words(shown(it["url"]) if "://" in it["url"] else it["url"])
        if it.get("why"):
            made["why"] = self.say(it["why"])
        return made

    def progress(self, name: str) -> None:
        """What is being read."""
        self.terminal.progress(self.say(name))

    def waiting(self, seconds: float) -> None:
        """A change takes long."""
        if seconds > 5:
            self.terminal.progress(self.say("takes_long", name=self.doing, seconds=round(seconds)))

    doing = ""

    # The run.

    def begin(self, address: str) -> None:
        """Find ZStack, and log in."""
        options = self.options
        if options.ca_file and not Path(options.ca_file).is_file():
            raise Stop("bad_file", path=options.ca_file, why="no such file")
        try:
            self.api = Api(
                address,
                ca_file=options.ca_file,
                trace=self.trace,
                waiting=self.waiting,
            )
        except Mistake as mistake:
            raise Stop(str(mistake)) from None
        except (OSError, ValueError) as error:
            raise Stop("bad_file", path=options.ca_file, why=type(error).__name__) from None
        api = self.api
        # Both know the same secrets.
        api.secrets = self.terminal.secrets
        if api.scheme == "http" and not asking.private(api.host):
            self.line(NOTE, self.say("plain_http", host=api.host))
        try:
            version = self.terminal.words(api.version(), 40)
        except Refused:
            version = ""
        self.terminal.line(self.say("zstack", version=version or self.say("unknown_version"), root=api.root))
        if options.access_key:
            zone = asking.offset(options.zone)
            secret = asking.secret(
                self.terminal,
                self.say("ask_secret"),
                "ZSTACK_ACCESS_SECRET",
                options.secret_file,
                "--secret-file",
            )
            api.use_access_key(options.access_key, secret, zone)
            return
        password = asking.secret(
            self.terminal,
            self.say("ask_password", account=options.account),
            "ZSTACK_PASSWORD",
            options.password_file,
            "--password-file",
        )
        second = None
        if options.ask_second_factor:
            second = asking.secret(
                self.terminal,
                self.say("ask_second"),
                "ZSTACK_SECOND_FACTOR",
                None,
                "--ask-second-factor",
            )
        api.log_in(options.account, password, second)
        if api.account and api.account != ADMIN:
            self.line(NOTE, self.say("not_admin"))

    def trace(self, text: str) -> None:
        """A call of the API, with --verbose."""
        if self.options.verbose:
            self.terminal.line(f"  {self.terminal.words(text)}")

    def asked(self) -> bool:
        """Whether somebody says yes."""
        if self.options.yes:
            return True
        print(self.say("ask"), end="", flush=True)
        try:
            answer = sys.stdin.readline().strip().lower()
        except UnicodeError:
            answer = ""
        if not answer:
            print()
        return answer in ("y", "yes", "是")

    def set_up(self, wanted: Wanted) -> int:
        """Everything between log in and log out."""
        state = reading.read(self.api, self.progress)
        self.progress("testing")
        reading.test_stored(self.api, state, wanted)
        made = plan(state, wanted)
        self.terminal.line(
            self.say(
                "was_read",
                alarms=f"{len(state.alarms):,}",
                events=f"{len(state.subscriptions):,}",
                endpoints=f"{len(state.endpoints):,}",
            )
        )
        self.terminal.line()
        self.show(made)
        if not made.steps:
            return self.tell_test(state.tested.get(made.endpoint, Tried("unknown")))
        if self.options.dry_run:
            self.terminal.line(self.say("dry_run"))
            return 0
        if made.needs_password:
            self.ask_token(wanted)
        if not self.asked():
            self.terminal.line(self.say("not_done"))
            return 1
        file = undo.UndoFile(Path.cwd(), self.api.root, self.options.undo_file)
        try:
            refused = self.do(made, wanted, file)
            return self.look_again(wanted, made, refused)
        finally:
            if file.begun:
                path = self.terminal.words(file.path)
                self.terminal.line(self.say("take_back"))
                self.terminal.line(f"    {self.options.program} --undo {path}")

    def show(self, made: Plan) -> None:
        """Print the plan."""
        if made.steps:
            self.terminal.line(self.say("plan"))
            for number, text in enumerate(self.told(made.steps), 1):
                self.terminal.line(f"{number:3}. {text}")
            changes = self.say("how_long", count=f"{len(made.steps):,}", time=self.time(len(made.steps)))
            self.terminal.line(changes)
            if any(it.kind == "recovery" for it in made.steps):
                self.line(NOTE, self.say("told_again"))
        else:
            self.terminal.line(self.say("nothing"))
        self.terminal.line()
        if made.notes:
            self.terminal.line(self.say("look"))
            for note in made.notes:
                fields = {key: self.terminal.words(value) for key, value in note.fields}
                self.line(NOTE, self.say(note.text, names=self.names(note.names), **fields))
            self.terminal.line()

    def time(self, changes: int) -> str:
        """How long it will take."""
        seconds = max(1, round(changes * SECONDS))
        if seconds < 90:
            return self.say("seconds", count=seconds)
        return self.say("minutes", count=f"{round(seconds / 60):,}")

    def ask_token(self, wanted: Wanted) -> None:
        """Ask for the endpoint's password, and have ZStack try it before anything is changed."""
        token = asking.secret(
            self.terminal, self.say("ask_token"), "WEBHOOK_TOKEN", self.options.token_file, "--token-file"
        )
        self.token = asking.checked_token(token)
        self.terminal.secrets |= asking.token_forms(wanted.user, self.token)
        self.progress("testing")
        given = {"url": wanted.url, "username": wanted.user, "password": self.token}
        tested = reading.tested(self.api, given)
        if tested.outcome == "rejected":
            raise Stop("token_rejected")
        if tested.outcome == "fails":
            raise Stop("url_fails", url=shown(wanted.url), words=tested.words)

    # Doing it.

    def resolved(self, it: Entry) -> Entry:
        """A step with the UUIDs that ZStack gave."""
        return {
            key: self.actual.get(value, value) if key in ("uuid", "endpoint", "topic") else value
            for key, value in it.items()
        }

    def do(self, made: Plan, wanted: Wanted, file: undo.UndoFile) -> list[Step]:
        """Take the steps. The result is those that ZStack refuses for an odd UUID."""
        try:
            file.writable()
        except OSError as error:
            raise Stop("undo_impossible", path=file.path, why=error.strerror) from None
        self.terminal.line(self.say("undo_file", path=self.terminal.words(file.path)))
        outcomes: Counter[str] = Counter()
        counts = Counter(it.kind for it in made.steps)
        did: Counter[str] = Counter()
        refused: list[Step] = []
        total = len(made.steps)
        for number, step in enumerate(made.steps):
            self.doing = self.terminal.words(step.name, 60)
            self.terminal.progress(
                self.say("progress", done=f"{number:,}", count=f"{total:,}", name=self.doing)
            )
            if number and number % 100 == 0 and not self.terminal.moving:
                self.terminal.line(self.say("progress_line", done=f"{number:,}", count=f"{total:,}"))
            kind = KINDS[step.kind]
            if step.kind == "create_endpoint":
                kind = replace(kind, do=create_endpoint(self.token, wanted.url))
            try:
                outcome = self.take(step, kind, file)
            except (Refused, Unreachable, NotKept, OSError) as error:
                what, advice = self.why(error, file)
                [text] = self.told([step])
                self.line(FAILED, self.say("step_failed", step=text, what=what), advice)
                self.terminal.line("  " + self.hand(step))
                stopped = self.say("stopped", done=f"{number:,}", count=f"{total:,}")
                raise Failed(stopped, []) from None
            outcomes[outcome] += 1
            did[step.kind] += outcome == "done"
            refused += [step] if outcome == "refused" else []
            counts[step.kind] -= 1
            if step.kind not in MANY and outcome == "done":
                self.line(OK, self.say(f"did_{step.kind}", **self.shown_fields(self.fields(step))))
            elif step.kind in MANY and not counts[step.kind] and did[step.kind]:
                self.line(OK, self.say(f"did_{step.kind}", count=f"{did[step.kind]:,}"))
        for outcome in ("already", "gone"):
            if outcomes[outcome]:
                self.line(NONE, self.say(outcome, count=f"{outcomes[outcome]:,}"))
        return refused

    def take(self, step: Step, kind: Kind, file: undo.UndoFile) -> str:
        """Take a step: `done`, `already`, `gone` or `refused`."""
        it = self.resolved(entry(step))
        holds = kind.holds(self.api, it)
        if holds is GONE:
            return "gone"
        if holds:
            return "already"
        number = file.begin(it)
        try:
            answer = kind.do(self.api, it)
        except Refused as error:
            # Another run may have been faster. Then it is in the undo file of that one.
            with suppress(Refused, Unreachable):
                holds = kind.holds(self.api, it)
            file.end(number, done=False)
            if holds is GONE:
                return "gone"
            if holds:
                return "already"
            if error.code == "SYS.1003" and odd(it["uuid"]):
                return "refused"
            raise
        except Unreachable as error:
            # Never a second try: the first one may have happened.
            with suppress(Refused, Unreachable):
                holds = error.maybe and kind.holds(self.api, it)
            if not holds:
                raise
            answer = {}
        except NotKept:
            file.end(number, done=False)
            raise
        row = answer.get("inventory") if isinstance(answer, dict) else None
        uuid = row.get("uuid") if isinstance(row, dict) else None
        if step.kind.startswith(("create", "subscribe_event")) and uuid and uuid != step.uuid:
            self.actual[step.uuid] = str(uuid)
            file.end(number, done=True, uuid=str(uuid))
        else:
            file.end(number, done=True)
        return "done"

    def why(self, error: Exception, file: undo.UndoFile | None) -> tuple[str, list[str]]:
        """Why a step failed, and what to do."""
        if isinstance(error, (Refused, Unreachable)):
            return explained(self.terminal, error, f"{self.api.host}:{self.api.port}", self.api.root)
        if isinstance(error, OSError) and file:
            return self.say("undo_impossible", path=file.path, why=error.strerror), []
        return self.say("step_not_kept"), []

    def hand(self, step: Step) -> str:
        """How to do a step in the console."""
        fields = self.shown_fields(self.fields(step))
        return self.say("by_hand", how=self.say(f"hand_{step.kind}", **fields))

    def look_again(self, wanted: Wanted, made: Plan, refused: list[Step]) -> int:
        """Read everything again, print what still differs, and send the test message."""
        if refused:
            uuids = {it.uuid: it.name for it in refused}
            text = self.say("refused_some", count=f"{len(uuids):,}", names=self.names(uuids.values()))
            self.line(NOTE, text, [self.hand(it) for it in {it.kind: it for it in refused}.values()])
        endpoint = self.actual.get(made.endpoint, made.endpoint)
        self.progress("testing")
        tested = reading.tested(self.api, {"endpointUuid": endpoint})
        state: State = reading.read(self.api, self.progress)
        # Whether it works is told below. Here is compared what is set.
        state.tested = {endpoint: Tried("works")}
        again = plan(state, replace(wanted, new_password=False))
        known = {(it.kind, it.uuid) for it in refused}
        left = [it for it in again.steps if (it.kind, it.uuid) not in known]
        for text in self.told(left):
            self.line(FAILED, self.say("left", step=text))
        for it in {it.kind: it for it in left}.values():
            self.terminal.line("  " + self.hand(it))
        failed = self.tell_test(tested) or bool(left)
        self.terminal.line()
        if not failed and not refused:
            self.terminal.line(self.say("all_done"))
        elif not failed:
            self.terminal.line(self.say("done_but", mark=self.terminal.mark(NOTE)))
        return 1 if failed or refused else 0

    def tell_test(self, tested: Tried) -> int:
        """What ZStack got back for its test message."""
        said = self.terminal.words(tested.words) or self.say("nothing_came")
        if tested.outcome == "unknown":
            self.line(NOTE, self.say("not_tested"))
            return 0
        if tested.outcome == "works":
            self.line(OK, self.say("test_works", words=said))
            return 0
        self.line(FAILED, self.say("test_fails", words=said), [self.say("check_way")])
        return 1

    # Taking back.

    def take_back(self, path: Path) -> int:
        """Undo what a run changed, as far as it is still there."""
        there, entries = undo.read(path)
        if there and there != self.api.root:
            self.line(NOTE, self.say("undo_elsewhere", there=self.terminal.words(there), here=self.api.root))
        if not entries:
            self.terminal.line(self.say("undo_nothing", path=self.terminal.words(path)))
            return 0
        self.terminal.line(self.say("undo_plan"))
        for number, text in enumerate(self.told(entries, "undo_"), 1):
            self.terminal.line(f"{number:3}. {text}")
        changes = self.say("how_long", count=f"{len(entries):,}", time=self.time(len(entries)))
        self.terminal.line(changes)
        if any(it["kind"] == "recovery" for it in entries):
            self.line(NOTE, self.say("told_again"))
        if self.options.dry_run:
            self.terminal.line(self.say("dry_run"))
            return 0
        if not self.asked():
            self.terminal.line(self.say("not_done"))
            return 1
        outcomes: Counter[bool] = Counter()
        total = len(entries)
        for number, it in enumerate(entries):
            self.doing = self.terminal.words(it["name"], 60)
            self.terminal.progress(
                self.say("progress", done=f"{number:,}", count=f"{total:,}", name=self.doing)
            )
            if number and number % 100 == 0 and not self.terminal.moving:
                self.terminal.line(self.say("progress_line", done=f"{number:,}", count=f"{total:,}"))
            try:
                outcomes[self.put_back(it)] += 1
                undo.undone(path, it)
            except (Refused, Unreachable, OSError) as error:
                what, advice = self.why(error, None)
                [text] = self.told([it], "undo_")
                self.line(FAILED, self.say("step_failed", step=text, what=what), advice)
                raise Failed(self.say("undo_stopped", done=f"{number:,}", count=f"{total:,}"), []) from None
        self.line(OK, self.say("taken_back", count=f"{outcomes[True]:,}"))
        if outcomes[False]:
            self.line(NONE, self.say("was_not", count=f"{outcomes[False]:,}"))
        return 0

    def put_back(self, it: Entry) -> bool:
        """Undo one step. False if there was nothing to undo."""
        kind = KINDS[it["kind"]]
        if not kind.holds(self.api, it):
            return False
        try:
            kind.undo(self.api, it)
        except (Refused, Unreachable) as error:
            holds: bool | None = True
            if isinstance(error, Refused) or error.maybe:
                with suppress(Refused, Unreachable):
                    holds = kind.holds(self.api, it)
            if holds:
                raise
        return True


def wanted_of(options: Namespace) -> Wanted:
    """What the options ask for."""
    url = options.url or os.environ.get("WEBHOOK_URL")
    if not url:
        if not options.stack:
            raise Stop("no_url")
        url = asking.stack_url(options.stack)
    name = options.endpoint or ("Flashduty" if not options.channel else f"Flashduty {options.channel}")
    return Wanted(
        url=asking.webhook(url, options.channel, options.cloud),
        user=options.user,
        name=name,
        only=tuple(options.only),
        exclude=tuple(options.exclude),
        own_topic=options.own_topic,
        vm_states=options.vm_states,
        new_password=options.new_password,
    )


def run(terminal: Terminal, options: Namespace) -> int:
    """Run it. The result is the exit status."""
    setup = Setup(terminal, options)
    try:
        if options.undo:
            address, _ = undo.read(options.undo)
            setup.begin(options.zstack or os.environ.get("ZSTACK") or address)
            return setup.take_back(options.undo)
        wanted = wanted_of(options)
        setup.begin(options.zstack or os.environ.get("ZSTACK") or "127.0.0.1")
        return setup.set_up(wanted)
    except Stop as stop:
        fields = {key: terminal.words(it) for key, it in stop.fields.items()}
        setup.line(FAILED, terminal.say(stop.text, **fields), map(terminal.say, ADVICE.get(stop.text, ())))
    except undo.Unusable as error:
        setup.line(FAILED, terminal.say("undo_bad", path=terminal.words(options.undo), line=error))
    except Failed as failed:
        terminal.line(failed.what)
    except (Refused, Unreachable) as error:
        setup.line(FAILED, *setup.why(error, None))
    except KeyboardInterrupt:
        terminal.line(terminal.say("interrupted"))
        return 130
    finally:
        if setup.api:
            setup.api.log_out()
    return 1
