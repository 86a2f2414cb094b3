"""`make bundle`: a release, deployed by somebody who has nothing but SAM or the AWS command line."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
import tomllib
import zipfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cloud import build, bundle
from conftest import QUIET, World
from doctors import Shell, reachable
from local import ROOT
from local.stack import ARCHITECTURE, SAM, Stack

VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]["version"]

FOLDER = f"zstack-flashduty-{VERSION}-{ARCHITECTURE}"

PATIENCE = 120
"""Seconds from the bundle to a delivered test message."""


@pytest.fixture(scope="module")
def made(running: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle. `running` has compiled the functions before."""
    # The release workflow tests the file that it publishes.
    if published := os.environ.get("BUNDLE"):
        return Path(published)
    output = tmp_path_factory.mktemp("zips")
    assert bundle.main(["--architecture", ARCHITECTURE, "--output", str(output)]) == 0
    [path] = output.iterdir()
    assert path.name == f"{FOLDER}.zip"
    return path


def unpacked(made: Path, folder: Path) -> Path:
    """Unpack it as the simplest programs do: without the permissions of the files."""
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder)
    return folder / FOLDER


def only(program: Path, folder: Path, world: World) -> dict[str, str]:
    """An environment with the local AWS and with one program on the PATH."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / program.name).symlink_to(program)
    return world.aws.environment | SAM | {"PATH": str(tools)}


ANSWERS = {
    r"no authentication\. Is this okay": "y",
    r"Deploy this changeset": "y",
    r"Parameter HeartbeatHours": "24",
    r"Parameter SelfCheckMinutes": "0",
}
"""What the user types. Enter answers every other question."""


def deploy(folder: Path, env: dict[str, str], answers: dict[str, str], *options: str) -> str:
    """Type the answers to `sam deploy` at a terminal. Return what stood there."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        sam = shutil.which("sam", path=env["PATH"])
        os.execve(sam, ["sam", "deploy", *options], env)
    shown, answered = "", 0
    with suppress(OSError):  # the terminal is closed at the end
        while select.select([terminal], [], [], PATIENCE)[0]:
            shown += os.read(terminal, 65_536).decode(errors="replace")
            # A question ends with its default, a colon and a blank.
            if question := re.search(r"([^\n]*)\[[^\]\n]*\](\x1b\[\w*)*: $", shown[answered:]):
                answered = len(shown)
                typed = next((it for words, it in answers.items() if re.search(words, question[1])), "")
                os.write(terminal, typed.encode() + b"\n")
        os.kill(process, signal.SIGKILL)  # it waits for an answer that nobody gives
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) == 0, shown
    return shown


def delivers(world: World, name: str) -> None:
    """The stack delivers the test message of ZStack, which opens an alert and closes it."""
    relay = Stack(world.aws, name, deployed=True)
    before = len(world.flashduty.received())
    answer = world.post(relay, "test-message")
    assert answer.status == 200, answer.text
    assert [it["event_status"] for it in answer.json()["alerts"]] == ["Info", "Ok"]
    assert len(world.flashduty.received()) == before + 2


def examined(world: World, folder: Path, work: Path) -> None:
    """`python3 doctor.py` there finds the stack, its region and its WebhookUrl by itself, and all is well.

    Nobody gave an address for the alarms.
    """
    relay = Stack(world.aws, "bundled", deployed=True)
    [found] = world.aws.client("cloudformation").describe_stacks(StackName="bundled")["Stacks"]
    [url] = [it["OutputValue"] for it in found["Outputs"] if it["OutputKey"] == "WebhookUrl"]
    tools = work / "tools"
    tools.mkdir()
    shell = Shell(world, tools)
    shell.environment["AWS_DEFAULT_REGION"] = ""
    host = urlsplit(url).hostname
    with reachable(relay, host, work) as (variables, asked):
        run = shell.doctor("--no-wait", there=folder, **variables)
    assert run.marked("✗") == ["subscriber"], run.output
    assert run.commands("subscriber")[0].endswith(" --region us-east-1")
    assert run.text("message").startswith("200: Flashduty has zstack:test"), run.output
    assert set(asked) == {f"{host}:443"}


def parameters(world: World, name: str) -> dict[str, str]:
    """The parameters of a stack."""
    [found] = world.aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return {it["ParameterKey"]: it["ParameterValue"] for it in found["Parameters"]}


def test_its_functions_run_on_this_machine_and_its_bytes_stay_the_same(made: Path, tmp_path: Path):
    """SAM uploads the zips as they are, so what Lambda gets is what is in them."""
    for name in build.FUNCTIONS:
        with zipfile.ZipFile(unpacked(made, tmp_path) / f"{name}.zip") as archive:
            [entry] = archive.infolist()
            assert (entry.filename, entry.external_attr >> 16) == ("bootstrap", 0o755)
            program = Path(archive.extract(entry, tmp_path / name))
        assert build.built_for(program) == ARCHITECTURE
    assert bundle.run(ARCHITECTURE, tmp_path).read_bytes() == made.read_bytes()


def test_sam_deploys_it_and_an_upgrade_keeps_the_parameters(world: World, made: Path, tmp_path: Path):
    """In less than two minutes, with nothing but SAM on the PATH."""
    started = time.monotonic()
    env = only(ROOT / ".venv/tools/bin/sam", tmp_path, world)
    folder = unpacked(made, tmp_path / "first")
    name = {r"Stack Name": "bundled"}
    shown = deploy(folder, env, ANSWERS | name, "--guided")
    delivers(world, "bundled")
    seconds = time.monotonic() - started
    print(f"From the bundle to a delivered test message: {seconds:.0f} s")
    assert seconds < PATIENCE
    assert "WebhookUrl" in shown
    first = parameters(world, "bundled")
    assert first["HeartbeatHours"] == "24"
    examined(world, folder, tmp_path)

    # A parameter that samconfig.toml does not have, and one that is changed there.
    settings = (folder / "samconfig.toml").read_text()
    for before, after in ((r"HeartbeatHours=\"24\"", ""), (r"LogLevel=\"INFO\"", r"LogLevel=\"DEBUG\"")):
        assert settings.count(before) == 1
        settings = settings.replace(before, after)

    # The next release, as README.txt and docs/deploying.md say. Something has to be new in it.
    folder = unpacked(made, tmp_path / "second")
    (folder / "samconfig.toml").write_text(settings)
    template = (folder / "template.yaml").read_text()
    new = template.replace(
        "Description: Permissions of the relay", "Description: Permissions of the next relay"
    )
    assert new != template
    (folder / "template.yaml").write_text(new)
    shown = deploy(folder, env, {it: ANSWERS[it] for it in ANSWERS if it.startswith("Deploy")})
    assert "Successfully created/updated stack - bundled" in shown
    assert parameters(world, "bundled") == first | {"LogLevel": "DEBUG"}
    delivers(world, "bundled")


def test_the_aws_command_line_deploys_it(world: World, made: Path, tmp_path: Path):
    """With the commands of docs/deploying.md."""
    env = only(ROOT / ".venv/ministack/bin/aws", tmp_path, world)
    folder = unpacked(made, tmp_path)
    world.aws.client("s3").create_bucket(Bucket="bundles")
    page = (ROOT / "docs/deploying.md").read_text().replace("\\\n", "")
    commands = re.findall(r"(?m)^aws (cloudformation (?:package|deploy) .*)$", page)
    assert len(commands) == 2
    for command in commands:
        words = command.replace("BUCKET", "bundles").replace("zstack-flashduty", "packaged").split()
        quiet = [f"{name}={value}" for name, value in QUIET.items() if "--parameter-overrides" in words]
        aws = [shutil.which("aws", path=env["PATH"]), *words, *quiet]
        ran = subprocess.run(aws, cwd=folder, env=env, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    delivers(world, "packaged")
