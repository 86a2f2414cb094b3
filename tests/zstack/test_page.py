"""docs/zstack.md: its example is what the program prints on a terminal, and it has every option."""

import os
import pty
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import Document, code, twins
from local import ROOT
from pythons import PYTHON
from setups import PASSWORD, PROGRAM, TOKEN, Bench, Standin
from zstack.setup.texts import TEXTS

PAGES = twins("docs/zstack.md")
LANGUAGES = {"docs/zstack.md": "en", "docs/zstack.zh-CN.md": "zh"}

in_both_languages = pytest.mark.parametrize("page", PAGES, ids=lambda it: it.name)

KEPT = ("Host Root Volume", "Primary Storage Free Space", "Database Sync Behind")
"""The presets of the example. Ten would fill the page."""


@pytest.fixture
def bench(binary: Path, tmp_path: Path) -> Iterator[Bench]:
    """A small ZStack, with an alarm of people."""
    made = Bench(binary, tmp_path)
    zstack = made.start("--cloud", "--world", "empty")
    for row in zstack.rows("alarms"):
        if row["name"] not in KEPT:
            zstack.remove("alarms", row["uuid"])
    own = {**zstack.rows("alarms")[0], "uuid": "0" * 12 + "4" + "0" * 3 + "8" + "0" * 15, "period": 300}
    zstack.add("alarms", **{**own, "name": "Nightly Backup Is Late", "actions": []})
    try:
        yield made
    finally:
        made.stop()


def on_a_terminal(bench: Bench, zstack: Standin, language: str, typed: list[tuple[str, str]]) -> str:
    """What is to be seen at the end of a run, without the lines that were replaced."""
    command = [str(PYTHON), str(PROGRAM), "--pace", "0.05", "--language", language]
    command += ["--zstack", zstack.api, "--url", bench.webhook.url]
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(bench.folder)
        os.execve(PYTHON, command, {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"})
    output, deadline = b"", time.monotonic() + 60
    while True:
        assert time.monotonic() < deadline
        try:
            output += os.read(terminal, 4096)
        except OSError:
            break
        if typed and output.decode(errors="replace").endswith(typed[0][0]):
            os.write(terminal, f"{typed.pop(0)[1]}\n".encode())
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, output.decode()
    bench.outputs.append(output.decode())
    lines = output.decode().replace("\r\n", "\n").split("\n")
    return "\n".join(re.split(r"\r\x1b\[K", line)[-1] for line in lines)


@in_both_languages
def test_the_example_is_what_it_prints(bench: Bench, page: Document):
    """With a password and a token typed, but for addresses and the date."""
    zh = LANGUAGES[page.name] == "zh"
    questions = (("ask_password", PASSWORD), ("ask_token", TOKEN), ("ask", "y"))
    typed = [(TEXTS[name][zh].format(account="admin"), answer) for name, answer in questions]
    [zstack] = bench.standins
    seen = on_a_terminal(bench, zstack, LANGUAGES[page.name], typed)
    for pattern, replacement in (
        (re.escape(zstack.address), "http://192.0.2.20:8080"),
        (re.escape(bench.webhook.url), "https://relay.example.com/zstack"),
        (r"zstack-undo-\d{8}-\d{6}-\d+", "zstack-undo-20261128-093000-4711"),
        (re.escape(str(PROGRAM)), "zstack-setup.py"),
        # Behind a question whose answer is not shown.
        (r" +\n", "\n"),
    ):
        seen = re.sub(pattern, replacement, seen)
    examples = [it.text for it in page.blocks if it.language == "text" and "zstack-undo" in it.text]
    assert examples == [seen]


@in_both_languages
def test_every_option_is_explained(page: Document):
    """And no other."""
    program = re.findall(r'add_argument\(\s*"(--[a-z-]+)"', PROGRAM.read_text())
    assert len(program) > 20
    named = {word.split()[0] for word in code(page.text) if word.startswith("--")}
    named |= {word for block in page.commands for word in block.text.split() if word.startswith("--")}
    assert set(program) == named


def made(*given: str, **variables: str) -> str:
    """The command of `make zstack`."""
    ours = ("ZSTACK", "WEBHOOK_URL", "STACK", "URL", "UNDO")
    env = {name: it for name, it in os.environ.items() if name not in ours}
    command = ["make", "-n", "zstack", *given]
    done = subprocess.run(command, cwd=ROOT, env={**env, **variables}, capture_output=True, text=True)
    return " ".join(done.stdout.replace("\\\n", " ").split())


def test_make_leaves_it_to_the_undo_file_where_zstack_is():
    """A variable does not say more than the file; an option does."""
    assert "--zstack" not in made("UNDO=f", ZSTACK="192.0.2.20")
    assert "--undo 'f' --zstack '192.0.2.20'" in made("UNDO=f", "ZSTACK=192.0.2.20")
    assert "--zstack '192.0.2.20' --stack" in made(ZSTACK="192.0.2.20")


def test_make_takes_the_url_from_the_environment():
    """As the program does. A stack that is named goes before it."""
    assert made().split()[1:] == ["scripts/zstack-setup.py", "--stack", "'zstack-flashduty'"]
    assert "--stack" not in made(WEBHOOK_URL="https://relay.example.com/zstack")
    assert "--stack 'prod'" in made("STACK=prod", WEBHOOK_URL="https://relay.example.com/zstack")


def test_make_passes_on_what_it_is_given():
    """`make zstack` in the page, and its variables."""
    given = [
        "ZSTACK=192.0.2.20",
        "CHANNEL=database",
        "CLOUD=beijing",
        "DRY_RUN=1",
        "YES=1",
        "ARGS=--only Normal",
    ]
    printed = subprocess.run(
        ["make", "-n", "zstack", *given], cwd=ROOT, capture_output=True, text=True
    ).stdout
    words = printed.replace("\\\n", " ").split()
    assert " ".join(words[1:]) == (
        "scripts/zstack-setup.py --zstack '192.0.2.20' --stack 'zstack-flashduty' --channel 'database'"
        " --cloud 'beijing' --dry-run --yes --only Normal"
    )
    given = ["URL=https://relay.example.com/zstack"]
    printed = subprocess.run(
        ["make", "-n", "zstack", *given], cwd=ROOT, capture_output=True, text=True
    ).stdout
    assert "--url 'https://relay.example.com/zstack'" in printed
    assert "--stack" not in printed
