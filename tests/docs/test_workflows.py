"""GitHub's workflows: what they run, run here, and what they may do."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tools
import yaml
from local import ROOT
from shell import commands
from test_facts import TEMPLATE

FOLDER = ROOT / ".github/workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))}


def steps(name: str) -> list[dict]:
    """All steps of a workflow."""
    return [step for job in WORKFLOWS[name]["jobs"].values() for step in job.get("steps", [])]


def script(name: str, words: str) -> str:
    """The script of the step whose name has these words."""
    [step] = [step for step in steps(name) if words in step.get("name", "")]
    return step["run"]


def test_what_decides_here_decides_there():
    """`.ci/run` and GitHub make the same, and nothing skips it."""
    here = re.findall(r"(?m)^make (\S+)$", (ROOT / ".ci/run").read_text())
    assert here == [it for step in steps("ci") for it in re.findall(r"(?m)^make (\S+)$", step.get("run", ""))]
    assert "test" in here
    parts = [*steps("ci"), *WORKFLOWS["ci"]["jobs"].values()]
    assert not [key for part in parts for key in ("if", "continue-on-error") if key in part]


def test_nothing_is_published_without_tests():
    """Whichever job may write waits, directly or not, for the tests of every change to end well."""
    jobs = WORKFLOWS["release"]["jobs"]
    tests = {name for name, it in jobs.items() if it.get("uses") == "./.github/workflows/ci.yml"}
    for name in (it for it, job in jobs.items() if "permissions" in job):
        waits_for: set[str] = set()
        unseen = {name}
        while unseen:
            needs = jobs[unseen.pop()].get("needs", [])
            unseen |= {needs} if isinstance(needs, str) else set(needs)
            unseen -= waits_for
            waits_for |= unseen
        assert tests & waits_for, name
    assert not [name for name, job in jobs.items() if {"if", "continue-on-error"} & job.keys()]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_they_may_do_little(name: str):
    """Read, but for the one job that publishes; with GitHub's own actions, and no secret but GitHub's own."""
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    may_write = {job: it["permissions"] for job, it in workflow["jobs"].items() if "permissions" in it}
    assert may_write == ({"publish": {"contents": "write"}} if name == "release" else {})
    text = (FOLDER / f"{name}.yml").read_text()
    assert set(re.findall(r"secrets\.(\w+)", text)) <= {"GITHUB_TOKEN"}
    assert "pull_request_target" not in text
    for step in steps(name):
        assert step.get("uses", "actions/").startswith("actions/")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        # What comes from outside does not become part of a script.
        assert set(re.findall(r"\$\{\{ *([\w.]+)", step.get("run", ""))) <= {
            "matrix.architecture",
            "matrix.target",
        }


@pytest.mark.parametrize("name", WORKFLOWS)
def test_they_make_what_exists(name: str):
    """Targets of the Makefile, with its variables."""
    made = [
        line.strip() for step in steps(name) for line in re.findall(r"(?m)^\s*make .*$", step.get("run", ""))
    ]
    assert made
    lines = [re.sub(r"\$\{\{.*?}}", "x", line) for line in made]
    assert [it for line in lines for command in commands(line) for it in tools.mistakes(command)] == []


MATRIX = WORKFLOWS["release"]["jobs"]["build"]["strategy"]["matrix"]["include"]
BUILT_FOR = {it["architecture"]: it["target"] for it in MATRIX}
"""The processors of a release, and the target of Rust that is installed for each."""


def test_both_processors_of_the_template_are_built_for():
    """Whoever chooses one finds its zips."""
    assert sorted(BUILT_FOR) == sorted(TEMPLATE["Parameters"]["Architecture"]["AllowedValues"])


def zips(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`make zips` with a `cargo` that makes zips of nothing, and writes down what it was asked."""
    shutil.copy(ROOT / "Makefile", folder)
    # What the tools are installed of; they are, since their stamps are newer.
    (folder / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/requirements.txt", folder / "scripts")
    (folder / "bin").mkdir()
    for venv in ("tools", "ministack"):
        (folder / ".venv" / venv).mkdir(parents=True)
        (folder / ".venv" / venv / ".stamp").touch()
    (folder / "bin/cargo").write_text(
        '#!/bin/sh -e\necho "cargo $*" >> asked\n[ "$1" = lambda ] || exit 0\n'
        'for it in relay redeliver; do made="$CARGO_TARGET_DIR/lambda/$it"\n'
        'mkdir -p "$made"; echo "$it" > "$made/bootstrap.zip"; done\n'
    )
    (folder / "bin/cargo").chmod(0o755)
    env = tools.bare_environment()
    env |= {"PATH": f"{folder / 'bin'}:{env['PATH']}", "CARGO_TARGET_DIR": str(folder / "elsewhere")}
    make = ["make", "--silent", "zips", *arguments]
    return subprocess.run(make, cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("processor", BUILT_FOR)
def test_zips_are_of_both_functions_for_the_processor(tmp_path: Path, processor: str):
    """The target is named: else cargo-lambda takes the machine's. Its options are cargo-lambda's."""
    made = zips(tmp_path, f"ARCHITECTURE={processor}")
    assert made.returncode == 0, made.stderr
    [command] = [it for it in commands((tmp_path / "asked").read_text()) if it[:2] == ["cargo", "lambda"]]
    assert tools.mistakes(command) == []
    assert command[command.index("--target") + 1] == BUILT_FOR[processor]
    assert {"--release", "--locked", "--output-format", "zip"} <= set(command)
    names = {path.name: path.read_text().strip() for path in (tmp_path / "zips").iterdir()}
    assert names == {f"zstack-flashduty-{it}-{processor}.zip": it for it in ("relay", "redeliver")}


def test_zips_for_no_processor_are_refused(tmp_path: Path):
    """Before anything is built; without a word they are for the template's default."""
    refused = zips(tmp_path, "ARCHITECTURE=amd64")
    assert refused.returncode == 2
    assert "ARCHITECTURE is arm64 or x86_64, not amd64" in refused.stderr
    assert "lambda" not in (tmp_path / "asked").read_text()
    dry = subprocess.run(
        ["make", "--dry-run", "zips"], cwd=ROOT, env=tools.bare_environment(), capture_output=True
    )
    assert f"--target {BUILT_FOR[TEMPLATE['Parameters']['Architecture']['Default']]} ".encode() in dry.stdout


def run(text: str, folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """A step, in a folder of its own, with a `gh` that only tells what it was asked."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin/gh").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (folder / "bin/gh").chmod(0o755)
    env = tools.bare_environment()
    env |= {"PATH": f"{folder / 'bin'}:{env['PATH']}", "GITHUB_REF_NAME": tag, "GITHUB_TOKEN": "none"}
    # As GitHub runs it.
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", text],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a release looks at, with a version that is released."""
    shutil.copy(ROOT / "Cargo.toml", tmp_path)
    changelog = (ROOT / "CHANGELOG.md").read_text()
    (tmp_path / "CHANGELOG.md").write_text(
        re.sub(r"(?m)^(## \[0\.1\.0] - ).*$", r"\g<1>2026-12-01", changelog)
    )
    return tmp_path


def test_a_tag_has_to_be_the_version(checkout: Path):
    """And the changelog has to know it, with a date."""
    check = script("release", "The tag is")
    assert run(check, checkout, "v0.1.0").returncode == 0
    for tag in ("v0.1.1", "0.1.0", "v0.1.0-rc1", "v0x1.0", "v"):
        refused = run(check, checkout, tag)
        assert refused.returncode == 1
        assert tag in refused.stderr
    changelog = checkout / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("2026-12-01", "Unreleased"))
    assert "no section" in run(check, checkout, "v0.1.0").stderr


def test_a_release_has_zips_with_checksums(checkout: Path):
    """And its part of the changelog for notes."""
    names = [
        f"zstack-flashduty-{function}-{processor}.zip"
        for function in ("redeliver", "relay")
        for processor in ("arm64", "x86_64")
    ]
    (checkout / "zips").mkdir()
    for name in names:
        (checkout / "zips" / name).write_text(name)
    with (checkout / "CHANGELOG.md").open("a") as changelog:
        changelog.write("\n## [0.0.9] - 2026-01-01\n\n- Older.\n")
    published = run(script("release", "Release with"), checkout, "v0.1.0")
    assert published.returncode == 0, published.stderr
    told = published.stdout.split("\n")
    assert told[:4] == ["release", "create", "v0.1.0", "--verify-tag"]
    assert [f"zips/{name}" for name in ["SHA256SUMS", *names]] == [
        it for it in told if it.startswith("zips/")
    ]
    check = ["sha256sum", "--check", "SHA256SUMS"]
    checked = subprocess.run(check, cwd=checkout / "zips", capture_output=True, text=True)
    assert checked.stdout.splitlines() == [f"{name}: OK" for name in names]
    notes = (checkout / "notes.md").read_text()
    assert "Added" in notes
    assert "Older" not in notes
    assert "## [" not in notes
