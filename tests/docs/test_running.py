"""The commands that need no AWS account, run as they stand in the documents."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from documents import Block, document
from local import ROOT, WORK
from local.aws import LOOPBACK, environment, free_port
from local.process import Child
from shell import commands, lines
from tools import TARGETS

# The Chinese ones have the same commands: test_languages.py.
PAGES = ("README.md", "docs/deploying.md", "docs/runbook.md", "docs/performance.md", "docs/chaos.md")
BLOCKS = [block for name in PAGES for block in document(name).commands if not block.needs_aws]

PATIENCE = 1_200
"""Seconds: the compiler may be at work."""

ONLY_LOOKED_AT = (
    ["make", "test"],
    ["make", "storm"],
    ["make", "chaos"],
    ["make", "bench"],
    ["make", "instructions"],
    ["make", "worst"],
)
"""The first runs these tests, the others take too long."""

FIXED_PORTS = {"dev/local/watch.env": 4566, "cargo lambda watch": 9000}
"""What a block with these words needs; elsewhere there is a choice."""


def serves(port: int) -> bool:
    """Whether anybody listens."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


LONG_RUNNING: dict[str, Callable[[str], bool]] = {
    "make run": lambda shown: "Ctrl-C ends it" in shown,
    "cargo lambda watch": lambda _: serves(9000),
}
"""Commands that stay, and how it shows that they are ready."""


class Terminal:
    """Where one line of a block is running."""

    def __init__(self, line: str, log: Path, env: dict[str, str]):
        self.line = line
        self._child = Child(["bash", "-c", line], log, env)

    def __enter__(self) -> "Terminal":
        return self

    def wait_until(self, ready: Callable[[str], bool]) -> None:
        """Fail where it ends before."""
        self._child.wait_until(lambda: ready(self._child.log.read_text(errors="replace")), seconds=PATIENCE)

    def __exit__(self, *_: object) -> None:
        # As a person ends it; the last resort is for all that it started, and for nothing else.
        with suppress(ProcessLookupError):
            os.killpg(self._child.process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            self._child.process.wait(timeout=20)
        self._child.stop()


def of_session(session: int) -> list[int]:
    """The processes that a terminal started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return found


def check_help(shown: str) -> None:
    """`make` lists every target that is meant for people."""
    listed = set(re.findall(r"(?m)^make ([a-z0-9-]+) ", shown))
    assert listed >= {"run", "storm", "secrets", "deploy", "test"}
    assert listed <= TARGETS


def check_once(shown: str) -> None:
    """Where to look comes first; every sample was answered, and both programs for ZStack were run."""
    assert shown.startswith("==> Console: http://127.0.0.1:")
    samples = list((ROOT / "events").glob("*.json"))
    assert all(f"\n{sample.stem}: 200" in shown for sample in samples)
    assert shown.count(", to the channel database: 200") == 2
    assert "Everything is set up." in shown
    assert re.search(r"✓ [1-9]\d* posted: [1-9]\d* in Flashduty, 0 in the retry queue, 0 refused", shown)


def check_invocation(shown: str) -> None:
    """The function's answer, as Lambda gives it."""
    answer = json.loads(shown)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["alerts"][0]["event_status"] == "Critical"


def check_answer(shown: str) -> None:
    """The function's answer, as ZStack would get it."""
    answer = json.loads(shown)
    assert [alert["alert_key"] for alert in answer["alerts"]] == ["zstack:alarm:x:-"], answer


CHECKS: dict[str, Callable[[str], None]] = {
    "make": check_help,
    "make run ONCE=1": check_once,
    "cargo lambda invoke": check_invocation,
    "curl": check_answer,
}
"""What has to be shown; beside an exit status of 0."""


def matching(line: str, table: dict) -> object | None:
    """The table's entry for a command, the most exact one."""
    bare = " ".join(word for command in commands(line) for word in command)
    found = [name for name in table if bare == name or (bare.startswith(f"{name} ") and name != "make")]
    return table[max(found, key=len)] if found else None


def test_something_is_run():
    """At least what everybody tries first, and the function on a machine of one's own."""
    lines = [line for block in BLOCKS for line in block.text.splitlines()]
    for command in ("make run", "cargo lambda watch"):
        assert any(line.startswith(command) for line in lines), command


@pytest.fixture
def env(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Ports that are free, where the commands leave a choice."""
    block: Block = request.getfixturevalue("block")
    fixed = [port for words, port in FIXED_PORTS.items() if words in block.text]
    if taken := [port for port in fixed if serves(port)]:
        pytest.fail(f"{block} needs port {taken[0]}, and something listens there: end it first")
    env = environment() | {"NO_COLOR": "1", "CONSOLE_PORT": str(free_port())}
    yield env if fixed else env | {"PORT": str(free_port())}


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_it_runs(block: Block, env: dict[str, str]):
    """Line by line, the long-running ones beside the others."""
    before = ""
    log = WORK / f"{Path(block.file).stem}-{block.line}"
    sessions = []
    with ExitStack() as terminals:
        for number, line in enumerate(lines(block.text)):
            if line.startswith("export "):
                before += f"{line}\n"
            elif any(command[:2] in ONLY_LOOKED_AT for command in commands(line)):
                subprocess.run(
                    ["bash", "-c", line.replace("make", "make -n", 1)], cwd=ROOT, env=env, check=True
                )
            elif ready := matching(line, LONG_RUNNING):
                terminal = Terminal(f"{before}{line}", log.with_suffix(f".{number}.log"), env)
                sessions.append(terminal._child.process.pid)
                terminals.enter_context(terminal).wait_until(ready)
            else:
                command = ["bash", "-c", f"{before}{line}"]
                ended = subprocess.run(
                    command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE
                )
                assert ended.returncode == 0, f"{line}\n{ended.stdout}{ended.stderr}"
                if check := matching(line, CHECKS):
                    check(ended.stdout)
    # A Ctrl-C leaves nothing behind.
    deadline = time.monotonic() + 5
    while left := [it for session in sessions for it in of_session(session)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_once_posts_the_samples_and_ends():
    """`make run ONCE=1`, in the text of README."""
    [line] = set(re.findall(r"`(make run ONCE=1)`", document("README.md").text))
    env = environment() | {"PORT": str(free_port()), "CONSOLE_PORT": str(free_port())}
    ended = subprocess.run(line.split(), cwd=ROOT, env=env, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    check_once(ended.stdout)
