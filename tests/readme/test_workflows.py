"""GitHub's workflows, as far as they can be looked at without GitHub."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tools
import yaml
from local import ROOT
from shell import commands

FOLDER = ROOT / ".github/workflows"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))}

ACTIONS = {
    "actions/cache": "v5",
    "actions/checkout": "v6",
    "actions/download-artifact": "v7",
    "actions/setup-python": "v6",
    "actions/upload-artifact": "v6",
}
"""GitHub's own, and no others."""


def steps(name: str) -> list[dict]:
    """All steps of a workflow."""
    return [step for job in WORKFLOWS[name]["jobs"].values() for step in job["steps"]]


def script(name: str, words: str) -> str:
    """The script of the step whose name has these words."""
    [step] = [step for step in steps(name) if words in step.get("name", "")]
    return step["run"]


def test_there_are_two():
    """Tests, and releases."""
    assert WORKFLOWS.keys() == {"ci", "release"}


def test_when_they_run():
    """YAML takes `on` for a truth."""
    assert WORKFLOWS["ci"][True] == {"push": {"branches": ["**"]}, "pull_request": None}
    assert WORKFLOWS["release"][True] == {"push": {"tags": ["v*"]}}


def test_the_tests_are_make_test():
    """Which nothing skips."""
    assert "make test" in [step.get("run") for step in steps("ci")]
    assert not [key for step in steps("ci") for key in ("if", "continue-on-error") if key in step]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_they_may_do_little(name: str):
    """Read, but for the one job that publishes; and no secret but GitHub's own."""
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    may_write = {job: it["permissions"] for job, it in workflow["jobs"].items() if "permissions" in it}
    assert may_write == ({"publish": {"contents": "write"}} if name == "release" else {})
    text = (FOLDER / f"{name}.yml").read_text()
    assert set(re.findall(r"secrets\.(\w+)", text)) <= {"GITHUB_TOKEN"}
    assert "pull_request_target" not in text
    for step in steps(name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        # What comes from outside does not become part of a script.
        assert set(re.findall(r"\$\{\{ *([\w.]+)", step.get("run", ""))) <= {
            "matrix.architecture",
            "matrix.target",
        }


@pytest.mark.parametrize("name", WORKFLOWS)
def test_they_use_what_exists(name: str):
    """Actions by their versions, and targets of the Makefile."""
    for step in steps(name):
        if "uses" in step:
            action, _, version = step["uses"].partition("@")
            assert ACTIONS[action] == version
        else:
            assert re.findall(r"(?m)^\s*make (\S+)", step["run"]) == [
                target for target in re.findall(r"(?m)^\s*make (\S+)", step["run"]) if target in tools.TARGETS
            ]


def test_the_build_is_understood():
    """Its options are cargo-lambda's, and both processors are those of the template."""
    build = re.sub(r"\$\{\{ (\S+) }}", "x", script("release", "One zip"))
    [command] = [it for it in commands(build.split("mkdir")[0]) if it[:2] == ["cargo", "lambda"]]
    assert tools.mistakes(command) == []
    assert {"relay", "redeliver"} <= set(command)
    matrix = WORKFLOWS["release"]["jobs"]["build"]["strategy"]["matrix"]["include"]
    assert matrix == [
        {"architecture": "x86_64", "target": "x86_64-unknown-linux-gnu"},
        {"architecture": "arm64", "target": "aarch64-unknown-linux-gnu"},
    ]


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
