"""`make deploy` on the local AWS, and what `cargo lambda deploy` reads from Cargo.toml."""

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from cloud import Failed, build, deploy
from conftest import World
from local import ROOT, stack
from local.stack import ARCHITECTURE, BUILD, SAM

ROLE = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@pytest.fixture
def account(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """An environment with the local AWS."""
    for name in set(os.environ) - world.aws.environment.keys():
        monkeypatch.delenv(name)
    for name, value in (world.aws.environment | SAM).items():
        monkeypatch.setenv(name, value)
    return world


def command(*arguments: str, parameters: str = "", capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Deploy the build of these tests; return the exit status and the output."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARAMETERS", parameters)
        status = deploy.main(["--build-dir", str(BUILD), *arguments])
    output = capfd.readouterr()
    return status, output.out + output.err


def test_a_stack_keeps_its_parameters(account: World, capfd: pytest.CaptureFixture[str]):
    """An upgrade without parameters keeps them, blanks and quotation marks included."""
    rule = '[TPL]${resource} "at" ${check}'
    first = r'TitleRule="[TPL]${resource} \"at\" ${check}" PushUrlParameter=/deployed/push-url'
    first += " AlarmEmail=ops@example.com"
    first_time = ["--stack=deployed", "--yes", f"--architecture={ARCHITECTURE}"]
    status, output = command(*first_time, parameters=first, capfd=capfd)
    assert status == 0, output
    assert f"Deploying deployed in us-east-1, account 000000000000, for {ARCHITECTURE}" in output
    assert "Still missing: /deployed/push-url. Next: make secrets PREFIX=/deployed" in output
    parameters = deploy.deployed("deployed")
    assert (parameters["TitleRule"], parameters["AlarmEmail"]) == (rule, "ops@example.com")

    account.set_push_url("/deployed/push-url")
    status, output = command("--stack=deployed", "--yes", parameters="HeartbeatHours=24", capfd=capfd)
    assert status == 0, output
    assert "Upgrading deployed" in output
    assert "Still missing" not in output
    assert deploy.deployed("deployed") == parameters | {"HeartbeatHours": "24"}


def test_it_asks_before_it_changes_anything(account: World, capfd: pytest.CaptureFixture[str]):
    """Without a terminal, it stops before the build."""
    status, output = command("--stack=unasked", f"--architecture={ARCHITECTURE}", capfd=capfd)
    assert status == 1
    assert "YES=1" in output
    assert deploy.deployed("unasked") == {}


def test_an_architecture_without_a_rust_target_fails_with_advice(
    account: World, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Before the build, which takes minutes."""
    monkeypatch.setitem(build.TARGETS, "arm64", "nowhere-unknown-linux-gnu")
    monkeypatch.setitem(build.TARGETS, "x86_64", stack_target())
    status, output = command("--stack=unbuilt", "--yes", "--architecture=arm64", capfd=capfd)
    assert status == 1
    assert "rustup target add nowhere-unknown-linux-gnu" in output
    assert "ARCHITECTURE=x86_64" in output
    with pytest.raises(Failed, match="x86_64 or arm64, not arm"):
        deploy.processor("arm", {}, {})


def stack_target() -> str:
    """Rust's name of this machine's architecture."""
    return {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}[stack.ARCHITECTURE]


def test_the_architecture_comes_from_the_first_place_that_names_it():
    """The command, else samconfig.toml, else the stack, else the template."""
    assert deploy.processor("x86_64", {"Architecture": "arm64"}, {}) == "x86_64"
    assert deploy.processor(None, {"Architecture": "x86_64"}, {"Architecture": "arm64"}) == "x86_64"
    assert deploy.processor(None, {}, {"Architecture": "x86_64"}) == "x86_64"
    assert deploy.processor(None, {}, {}) == "x86_64"


RULE = "[TPL]${resource} / ${check} $(shell date) $$"


def through_make(variable: str, target: str, value: str) -> str:
    """The value of a variable in the environment of a target's program, given on make's command line."""
    # The rest of the command line becomes a comment.
    make = ["make", "--silent", target, f"CLOUD_PROGRAM=printenv {variable} #", f"{variable}={value}"]
    return subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(("target", "variable"), [("deploy", "PARAMETERS"), ("secrets", "PUSH_URL")])
def test_make_does_not_change_values(target: str, variable: str):
    """Values contain `$`, which make would expand."""
    value = f"""TitleRule="{RULE}" AlarmEmail='ops@example.com'"""
    assert through_make(variable, target, value) == value + "\n"


def test_each_parameter_is_one_argument_for_sam():
    """SAM reads the same value, with blanks, `$` and quotation marks."""
    text = through_make("PARAMETERS", "deploy", f'TitleRule="{RULE}" HeartbeatHours=24 AlarmEmail=')
    parameters = deploy.given(text)
    assert parameters == {"TitleRule": RULE, "HeartbeatHours": "24", "AlarmEmail": ""}
    quoted = {"TitleRule": '"a" it\'s $b \\c=d ParameterKey=e'}
    for these in (parameters, quoted):
        arguments = deploy.written(these)
        assert len(arguments) == len(these)
        assert deploy.parsed(arguments) == these
    assert deploy.given("") == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("AlarmMail=ops@example.com", "The template has no AlarmMail, but PushUrlParameter"),
        (f"TitleRule={RULE}", "/ is not Name=value. A value with blanks has quotation marks"),
        ("AlarmEmail", "AlarmEmail is not Name=value"),
        ("--guided", "--guided is not Name=value"),
        ('TitleRule="a', "No closing quotation: TitleRule"),
    ],
)
def test_parameters_that_cannot_be_read_are_refused(text: str, says: str):
    """None of them is used."""
    with pytest.raises(Failed) as refused:
        deploy.given(text)
    assert says in str(refused.value)


@pytest.mark.parametrize("value", [r"a \" b", r"a \ b", "a\\"])
def test_a_value_that_sam_would_change_is_refused(value: str):
    """SAM reads some backslashes in another way."""
    with pytest.raises(Failed, match="cannot pass this on: TitleRule=a"):
        deploy.written({"TitleRule": value})


@pytest.mark.parametrize(("machine", "name"), [(62, "x86_64"), (183, "arm64"), (243, "another processor")])
@pytest.mark.parametrize("architecture", build.TARGETS)
def test_a_build_for_another_architecture_is_not_deployed(
    tmp_path: Path, machine: int, name: str, architecture: str
):
    """It is found in each function, and the error has advice for both architectures."""
    functions = {"Redeliver": {"x86_64": 62, "arm64": 183}[architecture], "Relay": machine}
    for function, its in functions.items():
        (tmp_path / function).mkdir()
        elf = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHI", 3, its, 1)
        (tmp_path / function / "bootstrap").write_bytes(elf)
    if name == architecture:
        deploy.require_built(tmp_path, architecture)
        return
    with pytest.raises(Failed) as refused:
        deploy.require_built(tmp_path, architecture)
    assert f"Relay was built for {name}, not for {architecture}" in str(refused.value)
    assert f"from a machine that is {architecture} itself" in str(refused.value)
    assert ("ARCHITECTURE=" in str(refused.value)) == (name in build.TARGETS)


def test_the_architecture_of_a_real_program_is_found():
    """Of Python, which runs on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "glob", lambda *_: iter([Path(sys.executable)]))
        deploy.require_built(ROOT, ARCHITECTURE)


class Declined:
    """CloudFormation, after a person declined the first changeset."""

    def __init__(self, **more: list[dict[str, str]]):
        self.more = more

    def describe_stacks(self, StackName: str) -> dict:
        """Describe a stack that has only a changeset."""
        return {"Stacks": [{"StackName": StackName, "StackStatus": "REVIEW_IN_PROGRESS", **self.more}]}


@pytest.mark.parametrize(
    "stack", [Declined(), Declined(Parameters=[{"ParameterKey": "Architecture", "ParameterValue": "x86_64"}])]
)
def test_declining_is_no_error(
    stack: Declined, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """For the first deployment, and when it is repeated."""
    steps = []
    monkeypatch.setattr(deploy.account, "current", lambda: "here")
    monkeypatch.setattr(build, "require_tools", lambda *_: None)
    monkeypatch.setattr(deploy, "require_built", lambda *built: steps.append(built))
    monkeypatch.setattr(deploy, "sam", lambda *arguments: steps.append(arguments))
    monkeypatch.setattr(deploy.boto3, "client", lambda name: {"cloudformation": stack}[name])
    status, output = command("--yes", parameters=f'TitleRule="{RULE}"', capfd=capfd)
    assert status == 0
    assert "Deploying zstack-flashduty in here" in output
    assert "Nothing was deployed." in output
    built, deployed = steps
    assert built == (BUILD, "x86_64")
    assert f'TitleRule="{RULE}"' in deployed


TOPIC = "arn:aws:sns:us-east-1:000000000000:alarms"
CONFIRMED = f"{TOPIC}:00000000-0000-0000-0000-000000000000"
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Any")


class Watched:
    """An account with a stack: CloudFormation, SNS and Lambda, as far as the warnings ask them."""

    def __init__(self, subscriptions: list[str] | None, concurrency: int | None):
        self.subscriptions, self.concurrency = subscriptions, concurrency

    def describe_stacks(self, StackName: str) -> dict:
        """Describe a stack with a topic."""
        outputs = [{"OutputKey": "AlarmTopicArn", "OutputValue": TOPIC}]
        return {"Stacks": [{"StackName": StackName, "StackStatus": "CREATE_COMPLETE", "Outputs": outputs}]}

    def get_paginator(self, operation: str) -> "Watched":
        """Page through the subscriptions."""
        assert operation == "list_subscriptions_by_topic"
        return self

    def paginate(self, TopicArn: str) -> list[dict]:
        """List them, one a page."""
        assert TopicArn == TOPIC
        if self.subscriptions is None:
            raise DENIED
        return [{"Subscriptions": []}] + [
            {"Subscriptions": [{"SubscriptionArn": it}]} for it in self.subscriptions
        ]

    def get_account_settings(self) -> dict:
        """Tell the limit."""
        if self.concurrency is None:
            raise DENIED
        return {"AccountLimit": {"ConcurrentExecutions": self.concurrency}}


@pytest.mark.parametrize(
    ("subscriptions", "concurrency", "warnings"),
    [
        ([CONFIRMED], 1000, []),
        (["PendingConfirmation", CONFIRMED], 100, []),
        ([], 1000, [f"nobody is subscribed to {TOPIC}"]),
        (["Deleted"], 1000, ["nobody is subscribed"]),
        (["PendingConfirmation"], 1000, ["nobody has confirmed a subscription"]),
        ([CONFIRMED], 10, ["can run only 10 times at once"]),
        ([CONFIRMED], 99, ["can run only 99 times at once"]),
        ([], 10, ["nobody is subscribed", "only 10 times"]),
        (None, 10, ["only 10 times"]),
        ([], None, ["nobody is subscribed"]),
        (None, None, []),
    ],
)
def test_it_warns_if_alarms_reach_nobody_and_if_functions_may_hardly_run(
    subscriptions: list[str] | None,
    concurrency: int | None,
    warnings: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    """After it deployed. Without the permission to ask, it says nothing."""
    output = deployed_output(Watched(subscriptions, concurrency), {}, monkeypatch, capfd)
    assert output.count("Warning: ") == len(warnings)
    assert [it for it in warnings if it not in output] == []


def deployed_output(
    watched: Watched,
    parameters: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> str:
    """What the command says about an account and a stack with these parameters. It deploys nothing."""
    monkeypatch.setattr(deploy.account, "current", lambda: "here")
    monkeypatch.setattr(build, "require_tools", lambda *_: None)
    for step in ("require_built", "sam"):
        monkeypatch.setattr(deploy, step, lambda *_: None)
    monkeypatch.setattr(deploy, "missing_secrets", lambda _: [])
    monkeypatch.setattr(deploy, "deployed", lambda _: {"Architecture": "arm64"} | parameters)
    monkeypatch.setattr(deploy.boto3, "client", lambda _: watched)
    status, output = command("--yes", capfd=capfd)
    assert status == 0
    return output


@pytest.mark.parametrize(("hours", "recommended"), [("0", True), ("6", False), ("24", False)])
def test_it_recommends_a_self_test_and_says_what_it_costs(
    hours: str, recommended: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """In silence detection. It is no warning: nothing is broken."""
    parameters = {"SelfTestHours": hours}
    output = deployed_output(Watched([CONFIRMED], 1000), parameters, monkeypatch, capfd)
    assert ("Recommended: make deploy PARAMETERS='SelfTestHours=12'" in output) == recommended
    assert ("silence detection" in output) == recommended
    assert "Warning: " not in output


def test_cargo_lambda_deploy_reads_cargo_toml(account: World):
    """Timeout, memory and the names of the parameters are the template's."""
    role = account.aws.client("iam").create_role(
        RoleName="by-hand", AssumeRolePolicyDocument=json.dumps(ROLE)
    )["Role"]["Arn"]
    subprocess.run(["cargo", "lambda", "deploy", "relay", "--role", role], cwd=ROOT, check=True)
    functions = account.aws.client("lambda")
    made = functions.get_function_configuration(FunctionName="relay")
    templates = functions.get_function_configuration(FunctionName=account.stacks[0].function)
    same = ("Timeout", "MemorySize", "Runtime", "Architectures")
    assert {name: made[name] for name in same} == {name: templates[name] for name in same}
    others = {"RETRY_QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "SETTINGS_TTL_SECONDS", "TITLE_RULE"}
    others |= {"ALLOWED_SOURCE_CIDRS", "LANGUAGE"}
    # test_channels.py changes it to start new processes.
    others |= {"STARTED"}
    variables = templates["Environment"]["Variables"]
    expected = {name: value for name, value in variables.items() if name not in others}
    assert made["Environment"]["Variables"] == expected
    [logs] = account.aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/relay")[
        "logGroups"
    ]
    assert logs["retentionInDays"] == 30
