"""`make deploy` against the local AWS, and what `cargo lambda deploy` takes from Cargo.toml."""

import json
import os
import subprocess

import pytest
from cloud import deploy
from conftest import World
from local import ROOT, stack
from local.process import Failed
from local.stack import ARCHITECTURE, BUILD, SAM

ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def account(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The local AWS as the environment's."""
    for name in set(os.environ) - world.aws.environment.keys():
        monkeypatch.delenv(name)
    for name, value in (world.aws.environment | SAM).items():
        monkeypatch.setenv(name, value)
    return world


def command(*arguments: str, capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run it over what was built for these tests: its status, and everything on the terminal."""
    status = deploy.main(["--build-dir", str(BUILD), *arguments])
    told = capfd.readouterr()
    return status, told.out + told.err


def test_a_stack_remembers_what_it_was_told(account: World, capfd: pytest.CaptureFixture[str]):
    """An upgrade that says nothing changes nothing; blanks and quotation marks arrive."""
    rule = '[TPL]${resource} "at" ${check}'
    first = [f"--architecture={ARCHITECTURE}", f'TitleRule="{rule.replace(chr(34), chr(92) + chr(34))}"']
    first += ["PushUrlParameter=/deployed/push-url", "AlarmEmail=ops@example.com"]
    status, told = command("--stack=deployed", "--yes", *first, capfd=capfd)
    assert status == 0, told
    assert f"Deploying deployed in us-east-1, account 000000000000, for {ARCHITECTURE}" in told
    assert "Still missing: /deployed/push-url. Next: make secrets PREFIX=/deployed" in told
    parameters = deploy.deployed("deployed")
    assert (parameters["TitleRule"], parameters["AlarmEmail"]) == (rule, "ops@example.com")

    account.set_push_url("/deployed/push-url")
    status, told = command("--stack=deployed", "--yes", "HeartbeatHours=24", capfd=capfd)
    assert status == 0, told
    assert "Upgrading deployed" in told
    assert "Still missing" not in told
    assert deploy.deployed("deployed") == parameters | {"HeartbeatHours": "24"}


def test_it_asks_before_it_changes_anything(account: World, capfd: pytest.CaptureFixture[str]):
    """Where nobody can be asked, it does not begin."""
    status, told = command("--stack=unasked", f"--architecture={ARCHITECTURE}", capfd=capfd)
    assert status == 1
    assert "YES=1" in told
    assert deploy.deployed("unasked") == {}


def test_a_processor_that_rust_does_not_know_is_told_with_a_way_out(
    account: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Before minutes of compiling."""
    monkeypatch.setitem(deploy.TARGETS, "arm64", "nowhere-unknown-linux-gnu")
    monkeypatch.setitem(deploy.TARGETS, "x86_64", stack_target())
    status, told = command("--stack=unbuilt", "--yes", "--architecture=arm64", capfd=capfd)
    assert status == 1
    assert "rustup target add nowhere-unknown-linux-gnu" in told
    assert "ARCHITECTURE=x86_64" in told
    with pytest.raises(Failed, match="arm64 or x86_64, not arm"):
        deploy.processor("arm", {}, {})


def stack_target() -> str:
    """What Rust calls the processor of this machine."""
    return {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}[stack.ARCHITECTURE]


def test_the_processor_is_named_once():
    """By the command, else by samconfig.toml, else by the stack, else by the template."""
    assert deploy.processor("x86_64", {"Architecture": "arm64"}, {}) == "x86_64"
    assert deploy.processor(None, {"Architecture": "x86_64"}, {"Architecture": "arm64"}) == "x86_64"
    assert deploy.processor(None, {}, {"Architecture": "x86_64"}) == "x86_64"
    assert deploy.processor(None, {}, {}) == "arm64"


def test_cargo_lambda_deploy_reads_cargo_toml(account: World):
    """Timeout, memory and the parameters' names, as the template has them."""
    role = account.aws.client("iam").create_role(
        RoleName="by-hand", AssumeRolePolicyDocument=json.dumps(ROLE)
    )["Role"]["Arn"]
    subprocess.run(["cargo", "lambda", "deploy", "relay", "--role", role], cwd=ROOT, check=True)
    functions = account.aws.client("lambda")
    made = functions.get_function_configuration(FunctionName="relay")
    templates = functions.get_function_configuration(FunctionName=account.stacks[0].function)
    same = ("Timeout", "MemorySize", "Runtime", "Architectures")
    assert {name: made[name] for name in same} == {name: templates[name] for name in same}
    of_queues = ("RETRY_QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "SETTINGS_TTL_SECONDS", "TITLE_RULE")
    expected = {
        name: value for name, value in templates["Environment"]["Variables"].items() if name not in of_queues
    }
    assert made["Environment"]["Variables"] == expected
    [logs] = account.aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/relay")[
        "logGroups"
    ]
    assert logs["retentionInDays"] == 30
