"""GitHub's workflows: what they run, run here, and what they may do."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import pythons
import tools
import yaml
from cloud import build
from local import ROOT
from local.aws import environment
from shell import commands
from test_facts import TEMPLATE

FOLDER = ROOT / ".github/workflows"
TEXTS = {path.stem: path.read_text() for path in sorted(FOLDER.glob("*.yml"))}
WORKFLOWS = {name: yaml.safe_load(text) for name, text in TEXTS.items()}

PUBLISHES = {"contents": "write", "id-token": "write", "attestations": "write"}
"""What the job `publish` may do: create the release, and sign the provenance of its files."""


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


def test_the_programs_run_with_the_oldest_python_that_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """GitHub has no pyenv. The tests themselves run with the last Python that is installed."""
    [installed] = [it["with"] for it in steps("ci") if it.get("uses", "").startswith("actions/setup-python@")]
    oldest, *_, own = [tuple(map(int, it.split("."))) for it in installed["python-version"].split()]
    assert oldest == pythons.OLDEST
    assert own >= (3, 11)
    python = tmp_path / "python{}.{}".format(*oldest)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert pythons.oldest_python() == python
    # pyenv's has the same name on the PATH.
    of_pyenv = tmp_path / ".pyenv/versions/3.9.18/bin/python"
    of_pyenv.parent.mkdir(parents=True)
    of_pyenv.touch()
    assert pythons.oldest_python() == of_pyenv


def test_packages_are_looked_for_in_a_new_index():
    """An old one names packages that are gone."""
    scripts = [
        it["run"] for name in WORKFLOWS for it in steps(name) if "apt-get install" in it.get("run", "")
    ]
    assert scripts
    assert [it for it in scripts if not re.search(r"(?s)apt-get update.*apt-get install", it)] == []


def waited_for(job: str) -> set[str]:
    """The jobs of a release that end well before this one begins."""
    needs = WORKFLOWS["release"]["jobs"][job].get("needs", [])
    direct = {needs} if isinstance(needs, str) else set(needs)
    return direct.union(*(waited_for(it) for it in direct))


def test_nothing_is_published_without_tests():
    """Whichever job may write waits for the tests of every change, the advisories, and the tested bundles."""
    jobs = WORKFLOWS["release"]["jobs"]
    called = {
        name: job["uses"].removeprefix("./.github/workflows/") for name, job in jobs.items() if "uses" in job
    }
    assert sorted(called.values()) == ["advisories.yml", "ci.yml"]
    for name in (it for it, job in jobs.items() if "permissions" in job):
        assert called.keys() | {"version", "bundle", "sbom"} <= waited_for(name)
    assert not [name for name, job in jobs.items() if {"if", "continue-on-error"} & job.keys()]
    assert not [it["name"] for it in steps("release") if {"if", "continue-on-error"} & it.keys()]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_they_may_do_little(name: str):
    """Read, but for the one job that publishes; with GitHub's own actions, and no secret but GitHub's own."""
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    may_write = {job: it["permissions"] for job, it in workflow["jobs"].items() if "permissions" in it}
    assert may_write == ({"publish": PUBLISHES} if name == "release" else {})
    assert set(re.findall(r"secrets\.(\w+)", TEXTS[name])) <= {"GITHUB_TOKEN"}
    assert "pull_request_target" not in TEXTS[name]
    for step in steps(name):
        assert step.get("uses", "actions/").startswith("actions/")
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        # What comes from outside does not become part of a script.
        assert set(re.findall(r"\$\{\{ *([\w.]+)", step.get("run", ""))) <= {"matrix.architecture"}


def test_where_something_may_be_written_nothing_of_others_is_built():
    """Else a library could change what is signed."""
    scripts = "\n".join(it.get("run", "") for it in WORKFLOWS["release"]["jobs"]["publish"]["steps"])
    programs = {it[0] for it in commands(re.sub(r"(?s)awk .*?> notes\.md", "", scripts))}
    assert programs == {"cd", "sha256sum", "gh"}


def test_actions_are_pinned_by_commit():
    """A tag can be moved. The comment names it, for people and for dependabot; one version everywhere."""
    used = [line for text in TEXTS.values() for line in re.findall(r"uses: (actions/.*)", text)]
    pins = {re.fullmatch(r"(actions/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", it) for it in used}
    assert None not in pins, used
    assert len({it[1] for it in pins}) == len({it.groups() for it in pins}) == 6


def test_compilers_and_tools_have_one_version():
    """So a build of an old commit is what it was. The compiler is the same everywhere."""
    scripts = "\n".join(it.get("run", "") for name in WORKFLOWS for it in steps(name))
    assert len({it["env"]["RUST"] for it in WORKFLOWS.values()}) == 1
    assert re.fullmatch(r"1\.\d+\.\d+", WORKFLOWS["ci"]["env"]["RUST"])
    compilers = re.findall(r"rustup (.*)", scripts)
    assert {" ".join(it.split(" --")[0].split()) for it in compilers} == {
        'toolchain install "$RUST"',
        'default "$RUST"',
    }
    for job in (it for workflow in WORKFLOWS.values() for it in workflow["jobs"].values()):
        builds = [it["run"] for it in job.get("steps", []) if re.search(r"make |cargo ", it.get("run", ""))]
        assert not builds or any(it.get("name") == "Rust" for it in job["steps"])
    installed = re.findall(r"(?:cargo|pip|npm) install.*", scripts)
    assert len(installed) == 2
    for command in installed:
        assert re.fullmatch(r"cargo install --locked cargo-[a-z]+@\d+\.\d+\.\d+", command)
    runners = re.findall(r"(?:runner|runs-on): (\S+)$", "\n".join(TEXTS.values()), re.MULTILINE)
    assert set(runners) == {"ubuntu-24.04", "ubuntu-24.04-arm"}


@pytest.mark.parametrize("name", ["ci", "release"])
def test_they_make_what_exists(name: str):
    """Targets of the Makefile, with its variables."""
    made = [
        line.strip() for step in steps(name) for line in re.findall(r"(?m)^\s*make .*$", step.get("run", ""))
    ]
    assert made
    lines = [re.sub(r"\$\{\{.*?}}", "x", line) for line in made]
    assert [it for line in lines for command in commands(line) for it in tools.mistakes(command)] == []


def test_advisories_are_looked_at_every_week():
    """And when a dependency changes. A new release is not built of what has become bad."""
    workflow = WORKFLOWS["advisories"]
    when = workflow[True]  # YAML reads `on` as true
    [schedule] = when["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", schedule["cron"])
    for event in ("push", "pull_request"):
        assert {"Cargo.lock", ".cargo/deny.toml"} <= set(when[event]["paths"])
    assert "workflow_call" in when
    # Without a word it checks everything. It finds its settings in .cargo by itself.
    assert steps("advisories")[-1] == {"run": "cargo deny --locked --workspace check"}
    assert (ROOT / ".cargo/deny.toml").is_file()


def test_dependabot_knows_every_list_of_dependencies():
    """Of the files that git has. Each is updated once a week, in one pull request."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lists = {"Cargo.lock": "cargo", "requirements.txt": "pip", "package-lock.json": "npm"}
    paths = [Path(it) for it in files.splitlines()]
    expected = {(lists[it.name], f"/{it.parent}".removesuffix(".")) for it in paths if it.name in lists}
    assert len(expected) >= 5
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    found = [(it["package-ecosystem"], it["directory"]) for it in updates]
    assert sorted(found) == sorted(expected | {("github-actions", "/")})
    for update in updates:
        assert update["schedule"] == {"interval": "weekly"}
        [group] = update["groups"].values()
        assert group["patterns"] == ["*"]
        # New root certificates come alone.
        alone = ["webpki-roots"] if update["package-ecosystem"] == "cargo" else []
        assert group.get("exclude-patterns", []) == alone


def test_a_bundle_is_built_and_tested_on_its_own_processor_before_it_is_published():
    """The tests get the file that is published, and a build in another place has the same bytes."""
    job = WORKFLOWS["release"]["jobs"]["bundle"]
    runners = {it["architecture"]: it["runner"] for it in job["strategy"]["matrix"]["include"]}
    assert runners == {"x86_64": "ubuntu-24.04", "arm64": "ubuntu-24.04-arm"}
    assert (
        runners.keys() == build.TARGETS.keys() == set(TEMPLATE["Parameters"]["Architecture"]["AllowedValues"])
    )
    assert job["runs-on"] == "${{ matrix.runner }}"
    scripts = "\n".join(it.get("run", "") for it in job["steps"]).replace(
        "${{ matrix.architecture }}", "mine"
    )
    zips = ["echo", "zips/*.zip"]
    assert [it for it in commands(scripts) if it[0] == "make" or it == zips] == [
        ["make", "bundle", "ARCHITECTURE=mine"],
        zips,
        ["make", "test-rust", "test-e2e", "BUNDLE=$[]"],
        zips,
        ["make", "reproducible", "ARCHITECTURE=mine", "SAME_AS=$[]"],
    ]
    assert job["steps"][-1]["with"]["path"] == "zips/"
    # Whoever could write into a cache could change what is compiled.
    assert "cache" not in TEXTS["release"].replace("Without a cache", "")


def run(text: str, folder: Path, tag: str) -> subprocess.CompletedProcess[str]:
    """A step, in a folder of its own, with a `gh` and a `cargo` that only tell what they were asked."""
    (folder / "bin").mkdir(exist_ok=True)
    for program in ("gh", "cargo"):
        (folder / "bin" / program).write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        (folder / "bin" / program).chmod(0o755)
    env = environment()
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


def test_a_release_has_an_sbom_for_each_bundle(checkout: Path):
    """For the target of Rust that it is built for, with the same bytes each time."""
    git = ("git", "-c", "user.name=A", "-c", "user.email=a@example.com")
    for command in (("init", "--quiet"), ("commit", "--quiet", "--allow-empty", "--message", "One")):
        subprocess.run([*git, *command], cwd=checkout, check=True)
    text = script("release", "What each bundle consists of")
    # Instead of cargo-cyclonedx, which writes the SBOM into the file that is named last, with this ending.
    told = text.replace("cargo cyclonedx", "cyclonedx")
    fake = 'cyclonedx() { echo "$SOURCE_DATE_EPOCH $*" > "${!#}.json"; }\n'
    made = run(fake + told, checkout, "v0.1.0")
    assert made.returncode == 0, made.stderr
    date = subprocess.run(
        [*git, "log", "-1", "--format=%ct"], cwd=checkout, capture_output=True, text=True
    ).stdout
    options = f"{date.strip()} --format json --spec-version 1.5 --no-build-deps"
    expected = {}
    for architecture, target in build.TARGETS.items():
        name = f"zstack-flashduty-0.1.0-{architecture}.cdx"
        expected[f"{name}.json"] = f"{options} --target {target} --override-filename {name}\n"
    assert {path.name: path.read_text() for path in (checkout / "sboms").iterdir()} == expected


def test_a_release_has_bundles_with_checksums(checkout: Path):
    """And its part of the changelog for notes. Everything that is published has a provenance."""
    names = [
        f"zstack-flashduty-0.1.0-{architecture}.{ending}"
        for ending in ("zip", "cdx.json")
        for architecture in ("arm64", "x86_64")
    ]
    (checkout / "release").mkdir()
    for name in names:
        (checkout / "release" / name).write_text(name)
    with (checkout / "CHANGELOG.md").open("a") as changelog:
        changelog.write("\n## [0.0.9] - 2026-01-01\n\n- Older.\n")
    assert run(script("release", "Checksums"), checkout, "v0.1.0").returncode == 0
    check = ["sha256sum", "--check", "SHA256SUMS"]
    checked = subprocess.run(check, cwd=checkout / "release", capture_output=True, text=True)
    assert checked.stdout.splitlines() == [f"{name}: OK" for name in names]
    published = run(script("release", "Release with"), checkout, "v0.1.0")
    assert published.returncode == 0, published.stderr
    told = published.stdout.split("\n")
    assert told[:4] == ["release", "create", "v0.1.0", "--verify-tag"]
    files = [it for it in told if it.startswith("release/")]
    assert sorted(files) == sorted(f"release/{name}" for name in ["SHA256SUMS", *names])
    notes = (checkout / "notes.md").read_text()
    assert "Added" in notes
    assert "Older" not in notes
    assert "## [" not in notes
    order = [
        it.get("name", it.get("uses", "").partition("@")[0])
        for it in WORKFLOWS["release"]["jobs"]["publish"]["steps"]
    ]
    [attest] = [
        it for it in steps("release") if it.get("uses", "").startswith("actions/attest-build-provenance@")
    ]
    assert attest["with"] == {"subject-path": "release/*"}
    assert order[-3:] == [
        "Checksums",
        "actions/attest-build-provenance",
        "Release with the bundles, and the section of the changelog",
    ]
