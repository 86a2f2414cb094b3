"""The course of a run: log in, read, show the plan, ask, do it, look again, test, log out."""

from __future__ import annotations

import os
import shlex
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from terminal import FAILED, NOTE, OK, Terminal

from ..api import Api, Mistake, Refused, Unreachable
from ..arguments import offset_text
from ..secret import NotGiven, secret, token_forms
from . import asking, reading, undo
from .doing import Doing, Failed
from .facts import ADMIN
from .model import Plan, Step, Stop, Tried, Wanted, shown, unmatched
from .plan import plan
from .printing import Printer, fields
from .steps import losing

ADVICE = {
    "stack_unknown": ["give_url"],
    "token_rejected": ["check_token"],
    "several_of_name": ["another_name"],
    "url_fails": ["check_way"],
    "endpoint_fails": ["check_way", "give_new_password"],
}
"""What to do, by the name of the text that says why nothing was done."""


class Setup:
    """One run of the program, after its options were read."""

    def __init__(self, terminal: Terminal, options: Namespace):
        self.terminal, self.options, self.say = terminal, options, terminal.say
        self.printer = Printer(terminal, options.verbose)
        self.api: Api = None  # type: ignore[assignment]
        self.doing: Doing = None  # type: ignore[assignment]

    # In.

    def find(self, address: str) -> None:
        """Find ZStack, and log in."""
        options = self.options
        try:
            pace = {"patience": options.patience, "pace": options.pace}
            self.api = Api(address, ca_file=options.ca_file, trace=self.trace, **pace)
        except OSError as error:
            raise Stop("bad_file", path=options.ca_file, why=error.strerror or str(error)) from None
        # What neither of them may show is the same.
        self.api.secrets = self.terminal.secrets
        self.doing = Doing(self.api, self.printer)
        if self.api.scheme == "http" and not asking.private(self.api.host):
            self.printer.line(NOTE, self.say("plain_http", host=self.api.host))
        try:
            version = self.printer.name(self.api.version(), 40)
        except Refused as refused:
            if not refused.code:
                raise
            version = ""
        version = version or self.say("unknown_version")
        self.terminal.line(self.say("zstack", version=version, root=self.api.root))
        if options.access_key is not None:
            self.use_access_key()
        else:
            self.log_in()

    def use_access_key(self) -> None:
        """Sign each call."""
        question, file = self.say("ask_secret"), self.options.secret_file
        key = secret(question, "ZSTACK_ACCESS_SECRET", file, "--secret-file")
        self.api.use_access_key(self.options.access_key, key, self.options.zone)

    def log_in(self) -> None:
        """Begin a session."""
        account, file = self.options.account, self.options.password_file
        question = self.say("ask_password", account=account)
        password = secret(question, "ZSTACK_PASSWORD", file, "--password-file")
        code = None
        if self.options.ask_second_factor:
            question = self.say("ask_second")
            code = secret(question, "ZSTACK_SECOND_FACTOR")
        self.api.log_in(account, password, code)
        if self.api.account and self.api.account != ADMIN:
            self.printer.line(NOTE, self.say("not_admin"))

    def trace(self, text: str) -> None:
        """A call of the API, with --verbose."""
        if self.options.verbose:
            self.terminal.line(f"  {self.printer.name(text, 300)}")

    def progress(self, name: str) -> None:
        """What takes a while."""
        self.doing.name = self.say(name)
        self.terminal.progress(self.doing.name)

    def agreed(self) -> bool:
        """Whether somebody says yes."""
        if self.options.yes:
            return True
        print(self.say("ask"), end="", flush=True)
        try:
            answer = sys.stdin.readline()
        except UnicodeError:
            answer = ""
        if not answer.endswith("\n"):
            print()
        if answer.strip().lower() in ("y", "yes", "是"):
            return True
        self.terminal.line(self.say("not_done"))
        return False

    # Setting up.

    def set_up(self, wanted: Wanted) -> int:
        """Everything between log in and log out."""
        state = reading.read(self.api, self.progress)
        if missing := unmatched(state, wanted):
            raise Stop("no_such_rule", names=", ".join(missing))
        self.progress("testing")
        reading.test_stored(self.api, state, wanted)
        made = plan(state, wanted)
        counts = {
            "alarms": f"{len(state.alarms):,}",
            "events": f"{len(state.subscriptions):,}",
            "endpoints": f"{sum(it.get('type', 'HTTP') == 'HTTP' for it in state.endpoints):,}",
        }
        self.terminal.line(self.say("was_read", **counts))
        self.terminal.line()
        self.show(made)
        if not made.steps:
            return self.tell_test(state.tested.get(made.endpoint, Tried("unknown")))
        if self.options.dry_run:
            self.terminal.line(self.say("dry_run"))
            return 0
        token = self.ask_token(wanted) if made.needs_password else ""
        if not self.agreed():
            return 1
        file = undo.UndoFile(self.api.root, self.options.undo_file)
        try:
            refused = self.doing.do(made, wanted.url, token, file)
            return self.look_again(wanted, made, refused)
        finally:
            if file.has_changes:
                self.terminal.line(self.say("take_back"))
                command = f"{self.options.program} {shlex.join(self.undo_options(file.path))}"
                self.terminal.line(f"    {self.printer.name(command, 600)}")

    def undo_options(self, path: Path) -> list[str]:
        """What takes a run back. It logs in as the run did."""
        options, found = self.options, ["--undo", str(path)]
        if options.account != "admin":
            found += ["--account", options.account]
        if options.ask_second_factor:
            found.append("--ask-second-factor")
        if options.access_key is not None:
            found += ["--access-key", options.access_key]
        if options.zone is not None:
            found.append(f"--zone={offset_text(options.zone)}")
        if options.ca_file:
            found += ["--ca-file", options.ca_file]
        return found

    def show(self, made: Plan) -> None:
        """Print the plan."""
        if made.steps:
            self.terminal.line(self.say("plan"))
            self.printer.steps([fields(it) for it in made.steps])
            if any(it.kind == "recovery" for it in made.steps):
                self.printer.line(NOTE, self.say("told_again"))
        else:
            self.terminal.line(self.say("nothing"))
        self.terminal.line()
        if made.notes:
            self.terminal.line(self.say("look"))
            for note in made.notes:
                values = {key: self.printer.name(value) for key, value in note.fields}
                names = self.printer.names(note.names)
                self.printer.line(NOTE, self.say(note.text, names=names, **values))
            self.terminal.line()

    def ask_token(self, wanted: Wanted) -> str:
        """Ask for the endpoint's password, and have ZStack try it before anything is changed."""
        question, file = self.say("ask_token"), self.options.token_file
        token = secret(question, "WEBHOOK_TOKEN", file, "--token-file")
        self.terminal.secrets |= token_forms(wanted.user, asking.checked_token(token))
        self.progress("testing")
        given = {"url": wanted.url, "username": wanted.user, "password": token}
        tested = reading.tested(self.api, given)
        if tested.outcome == "rejected":
            raise Stop("token_rejected")
        if tested.outcome == "fails":
            raise Stop("url_fails", url=shown(wanted.url), words=tested.words)
        if tested.outcome == "unknown":
            self.printer.line(NOTE, self.say("token_not_tested"))
        else:
            self.printer.line(OK, self.say("token_works"))
        return token

    def look_again(self, wanted: Wanted, made: Plan, refused: list[Step]) -> int:
        """Read everything again, print what still differs, and send the test message."""
        if refused:
            names = {it.uuid: it.name for it in refused}
            text = self.say("refused_some", count=f"{len(names):,}", names=self.printer.names(names.values()))
            self.printer.line(NOTE, text, self.by_hand(refused))
        endpoint = self.doing.actual.get(made.endpoint, made.endpoint)
        self.progress("testing")
        tested = reading.tested(self.api, {"endpointUuid": endpoint})
        state = reading.read(self.api, self.progress)
        # Whether it works is told below. Here is compared what is set.
        state.tested = {endpoint: Tried("works")}
        again = plan(state, replace(wanted, new_password=False))
        known = {(it.kind, it.uuid) for it in refused}
        left = [it for it in again.steps if (it.kind, it.uuid) not in known]
        for text in self.printer.told([fields(it) for it in left]):
            self.printer.line(FAILED, self.say("left", step=text))
        for text in self.by_hand(left):
            self.terminal.line(f"  {text}")
        failed = self.tell_test(tested) or bool(left)
        self.terminal.line()
        if refused and not failed:
            self.terminal.line(self.say("done_but", mark=self.terminal.mark(NOTE)))
        elif not failed:
            self.terminal.line(self.say("all_done"))
        return 1 if failed or refused else 0

    def by_hand(self, steps: list[Step]) -> list[str]:
        """How to do these in the console, each kind once."""
        return [self.printer.hand(it) for it in {it.kind: it for it in steps}.values()]

    def tell_test(self, tested: Tried) -> int:
        """What ZStack got back for its test message."""
        said = self.terminal.words(tested.words) or self.say("nothing_came")
        if tested.outcome == "unknown":
            self.printer.line(NOTE, self.say("not_tested"))
            return 0
        if tested.outcome == "works":
            self.printer.line(OK, self.say("test_works", words=said))
            return 0
        self.printer.line(FAILED, self.say("test_fails", words=said), [self.say("check_way")])
        return 1

    # Taking back.

    def take_back(self, path: Path) -> int:
        """Undo what a run changed, as far as it is still there. The result is 1 if something was kept."""
        there, entries = undo.read(path)
        elsewhere = {"there": self.printer.name(there), "here": self.api.root}
        if there and there != self.api.root:
            if self.options.yes and not self.options.dry_run:
                raise Stop("undo_elsewhere_yes", **elsewhere)
            self.printer.line(NOTE, self.say("undo_elsewhere", **elsewhere))
        if not entries:
            self.terminal.line(self.say("undo_nothing", path=self.printer.name(path, 300)))
            return 0
        self.terminal.line(self.say("undo_plan"))
        self.printer.steps(entries, "undo_")
        if any(it["kind"] == "recovery" for it in entries):
            self.printer.line(NOTE, self.say("told_again"))
        if names := losing(self.api, entries):
            self.printer.line(NOTE, self.say("losing", names=self.printer.names(names)))
        if self.options.dry_run:
            self.terminal.line(self.say("dry_run"))
            return 0
        if not self.agreed():
            return 1
        return 1 if self.doing.take_back(path, entries) else 0


def wanted_of(options: Namespace) -> Wanted:
    """What the options ask for."""
    url = options.url or (asking.stack_url(options.stack) if options.stack else os.environ.get("WEBHOOK_URL"))
    if not url:
        raise Stop("no_url")
    return Wanted(
        url=asking.webhook(url, options.channel, options.cloud),
        user=asking.checked_user(options.user),
        name=options.endpoint or " ".join(["Flashduty", *filter(None, [options.channel])]),
        only=tuple(options.only),
        exclude=tuple(options.exclude),
        own_topic=options.own_topic,
        vm_states=options.vm_states,
        new_password=options.new_password,
    )


def run(terminal: Terminal, options: Namespace) -> int:
    """Run it. The result is the exit status."""
    setup = Setup(terminal, options)
    given = options.zstack or os.environ.get("ZSTACK") or "127.0.0.1"
    try:
        if options.undo:
            # Presets have the same UUIDs in every ZStack, so the variable may not lead to another one.
            there, _ = undo.read(options.undo)
            setup.find(options.zstack or there or given)
            return setup.take_back(options.undo)
        wanted = wanted_of(options)
        setup.find(given)
        return setup.set_up(wanted)
    except (Stop, NotGiven) as stop:
        values = {key: terminal.words(it) for key, it in stop.fields.items()}
        advice = [terminal.say(it) for it in ADVICE.get(stop.text, [])]
        setup.printer.line(FAILED, terminal.say(stop.text, **values), advice)
    except Mistake as mistake:
        setup.printer.line(FAILED, terminal.say(str(mistake)))
    except undo.Unusable as error:
        path = setup.printer.name(options.undo, 300)
        setup.printer.line(FAILED, terminal.say("undo_bad", path=path, line=error))
    except Failed as failed:
        terminal.line(str(failed))
    except (Refused, Unreachable) as error:
        setup.printer.line(FAILED, *setup.doing.why(error))
    except KeyboardInterrupt:
        terminal.line(terminal.say("interrupted"))
        return 130
    finally:
        if setup.api:
            setup.api.log_out()
    return 1
