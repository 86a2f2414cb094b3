"""scripts/doctor.py as the tests run it: as a program in a terminal of its own, and as a module."""

import importlib.util
import re
import secrets
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from cloud import bundle
from conftest import World
from local import ROOT
from local.stack import Stack

PROGRAM = ROOT / "scripts/doctor.py"
SOURCES = {name: text.decode() for name, text in bundle.programs("doctor.py").items()}
"""The program and its modules: their names in scripts/, and in an unpacked release, and their texts."""

REAL_AWS = ROOT / ".venv/ministack/bin/aws"


def oldest_python() -> Path:
    """The oldest Python from 3.9 on, of pyenv or else our own."""
    found = []
    for python in Path.home().glob(".pyenv/versions/3.*/bin/python"):
        version = tuple(int(part) for part in re.findall(r"\d+", python.parts[-3]))
        if version >= (3, 9):
            found.append((version, python))
    return min(found)[1] if found else Path(sys.executable)


PYTHON = oldest_python()


def copied(folder: Path, changed: dict[str, str] | None = None) -> Path:
    """Copy the program into a folder. `changed` are lines that are changed before, each once in all files."""
    texts = dict(SOURCES)
    for before, after in (changed or {}).items():
        [name] = [name for name, text in texts.items() if before in text]
        assert texts[name].count(before) == 1, before
        texts[name] = texts[name].replace(before, after)
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder / PROGRAM.name


def loaded(path: Path = PROGRAM) -> ModuleType:
    """The program as a module."""
    spec = importlib.util.spec_from_file_location(f"doctor_{secrets.token_hex(4)}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


doctor = loaded()

STEPS = [name for name, _ in doctor.STEPS]


@dataclass
class Run:
    """What the program printed about each step, and how it ended."""

    status: int
    output: str
    steps: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    """Mark, text and advice of each step."""

    def __post_init__(self):
        names = {doctor.TEXTS[name][0]: name for name in STEPS}
        step = None
        for line in self.output.splitlines():
            if found := re.fullmatch(r"([✓✗!-]) ([^:]+): (.*)", line):
                step = names[found[2]]
                self.steps[step] = (found[1], found[3], "")
            elif line.startswith("  ") and step:
                mark, text, advice = self.steps[step]
                self.steps[step] = (mark, text, f"{advice}{line[2:]}\n")

    def marked(self, mark: str) -> list[str]:
        """The steps with this mark, in their order."""
        return [step for step, (its, *_) in self.steps.items() if its == mark]

    def text(self, step: str) -> str:
        """What it says about a step."""
        return self.steps[step][1]

    def advice(self, step: str) -> str:
        """What it advises."""
        return self.steps[step][2]

    def commands(self, step: str) -> list[str]:
        """The commands of the advice."""
        return [line.strip() for line in self.advice(step).splitlines() if line.startswith("    ")]


@dataclass
class Shell:
    """A terminal with the AWS command line, and with nothing else of ours."""

    world: World
    folder: Path

    def __post_init__(self):
        self.calls = self.folder / "calls"
        self.calls.touch()
        # It writes down what `ps` would show. Version 1 does not read AWS_ENDPOINT_URL for SQS here.
        self.stand_in(
            f"""for word in "$@"; do printf '%s\\n' "$word" >> '{self.calls}'; done
case "$*" in
*--endpoint-url*) ;;
sqs*) set -- --endpoint-url "$AWS_ENDPOINT_URL" "$@" ;;
esac
exec '{REAL_AWS}' "$@"
"""
        )
        self.environment = {
            name: value for name, value in self.world.aws.environment.items() if not name.startswith("LC_")
        } | {"PATH": f"{self.folder}:/usr/bin:/bin", "LANG": "C.UTF-8", "AWS_RETRY_MODE": "standard"}
        self.environment.pop("LANGUAGE", None)

    def stand_in(self, script: str) -> None:
        """Put another `aws` on the path."""
        program = self.folder / "aws"
        program.write_text(f"#!/bin/sh\n{script}")
        program.chmod(0o755)

    def doctor(
        self,
        *arguments: str,
        changed: dict[str, str] | None = None,
        program: Path = PROGRAM,
        **variables: str,
    ) -> Run:
        """Run the program. `changed` are lines of it that are changed before, such as how long it waits."""
        if changed:
            program = copied(self.folder, changed)
        ended = subprocess.run(
            [PYTHON, program, *arguments],
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        run = Run(ended.returncode, ended.stdout.decode())
        self.no_secret(run.output)
        return run

    def on(self, stack: Stack, *arguments: str, **options: Any) -> Run:
        """Run the program on a stack. The stack's own URL cannot be reached."""
        return self.doctor("--stack", stack.name, "--url", f"{stack.url}/zstack", *arguments, **options)

    def follow(self, command: str, typed: str = "") -> str:
        """Run a command that was advised; `typed` is what the user types."""
        ended = subprocess.run(
            ["/bin/bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            input=typed.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert ended.returncode == 0, (command, ended.stdout.decode())
        return ended.stdout.decode()

    def no_secret(self, text: str) -> None:
        """No secret is in the text, and none was an argument of a program."""
        shown = text + self.calls.read_text()
        for secret in (self.world.token, self.world.key, *self.world.old_keys):
            assert secret not in shown
            assert b64encode(f"zstack:{secret}".encode()).decode() not in shown


def impatient(name: str) -> dict[str, str]:
    """The program with less patience."""
    before = f"{name} = {getattr(doctor, name)}\n"
    return {before: f"{name} = 2\n"}
