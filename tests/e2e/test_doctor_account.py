"""`make doctor` and what is outside the stack: the AWS command line, the account, the clock, the limit.

Here the advice is to do something outside AWS, so each test does it there: another `aws` on the PATH, other
credentials in the environment, the clock set right. Then the step passes.

Stand-ins for `aws` say what MiniStack cannot make the real one say: that it is too old or broken, that AWS
throttles, and that no answer comes. A session may be shorter here than AWS allows, so one can expire.
MiniStack verifies no signature of its administrator, so the wrong clock is that of another user.
"""

import json
import shlex
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from conftest import World
from doctors import REAL_AWS, STEPS, Run, Shell, copied
from local.aws import CREDENTIALS, REGION
from trials import wait_until

OUR_ACCOUNT = "us-east-1, account 000000000000, root; AWS CLI "

CLIENT = {"region_name": REGION} | {name.lower(): it for name, it in CREDENTIALS.items()}

NEW_ACCOUNT = "111122223333"
"""MiniStack takes a key of twelve digits as the administrator's of that account."""


@pytest.fixture
def shell(world: World, tmp_path: Path) -> Shell:
    """A terminal whose account is the local AWS."""
    return Shell(world, tmp_path)


def fails(run: Run, text: str, advice: str) -> None:
    """The step says so, and the run fails."""
    assert (run.status, run.marked("✗")) == (1, ["account"]), run.output
    assert text in run.text("account")
    assert advice in run.advice("account")


def passes(shell: Shell, who: str = OUR_ACCOUNT) -> None:
    """The step passes now."""
    run = shell.doctor(only="account")
    assert (run.status, run.marked("✓")) == (0, ["account"]), run.output
    assert run.text("account").startswith(who)


def saying(words: str, status: int = 254) -> str:
    """An `aws` that knows its version, and says these words to everything else."""
    failing = f"echo {shlex.quote(words)} >&2; exit {status}"
    return f'if [ "$1" = --version ]; then echo aws-cli/2.15.0; else {failing}; fi'


THROTTLED = "An error occurred (Throttling) when calling the GetCallerIdentity operation: Rate exceeded"
UNKNOWN = "aws: error: argument operation: Invalid choice, valid choices are:"


@pytest.mark.parametrize(
    ("script", "text", "advice"),
    [
        (
            "echo aws-cli/1.14.8 Python/2.7 >&2",
            "the AWS CLI 1.14.8 is too old",
            "https://aws.amazon.com/cli/",
        ),
        (saying(UNKNOWN, 252), "the AWS CLI 2.15.0 is too old", "Install it"),
        (
            "echo 'ImportError: no six' >&2; exit 1",
            "the AWS CLI does not run: ImportError: no six",
            "Install it",
        ),
        (saying(THROTTLED), "AWS throttles the calls", "Wait a minute"),
        ("exec sleep 30", "the AWS CLI did not answer in time", "HTTPS_PROXY"),
        (saying("You must specify a region."), "there is no region", "export AWS_DEFAULT_REGION="),
    ],
)
def test_a_command_line_that_cannot_be_used(shell: Shell, script: str, text: str, advice: str):
    """One line says so. With one that can be used, it passes."""
    shell.stand_in(script)
    fails(shell.doctor(only="account", changed={"timeout=120": "timeout=2"}), text, advice)
    shell.install()
    passes(shell)


def test_a_command_line_for_another_processor(shell: Shell):
    """The system refuses to start it."""
    (shell.folder / "aws").write_bytes(b"\x7fELF of something else")
    fails(shell.doctor(only="account"), "the AWS CLI does not run: Exec format error", "Install it")
    shell.install()
    passes(shell)


def test_no_command_line_and_the_other_steps(shell: Shell):
    """They say that they need the account."""
    run = shell.doctor(PATH="/nowhere")
    fails(run, "the AWS CLI is missing", "https://aws.amazon.com/cli/")
    skipped = {step: text for step, (_, text, _) in run.steps.items() if step != "account"}
    assert list(skipped) == STEPS[1:]
    needs_account = ("stack", "concurrency")
    assert all(skipped[step] == "skipped: needs account and region" for step in needs_account)
    assert run.output.endswith("\n1 of 16 steps failed. Begin with the first: account and region.\n")
    passes(shell)


def test_no_region(shell: Shell):
    """The printed command sets one."""
    shell.environment["AWS_DEFAULT_REGION"] = ""
    run = shell.doctor(only="account")
    fails(run, "there is no region", "here for example us-east-1")
    [command] = run.commands("account")
    shell.export(command)
    passes(shell)


def test_the_region_that_sam_has_saved(shell: Shell):
    """SAM deploys there, whatever region the shell has. The printed commands work in that shell."""
    program = copied(shell.folder)
    (shell.folder / "samconfig.toml").write_text('[default.deploy.parameters]\nregion = "us-east-1"\n')
    nobody = {"AWS_CONFIG_FILE": "/dev/null", "AWS_ACCESS_KEY_ID": "111122224444"}
    shell.environment |= nobody
    for own in ("", "eu-west-1"):
        shell.environment["AWS_DEFAULT_REGION"] = own
        run = shell.doctor(only="concurrency", there=program.parent)
        assert run.text("account").startswith("us-east-1, account 111122224444"), run.output
        [command] = run.commands("concurrency")
        assert command.endswith(" --region us-east-1")
    shell.environment["AWS_DEFAULT_REGION"] = ""
    shell.follow(command)
    run = shell.doctor(only="concurrency", there=program.parent)
    assert (run.status, run.text("concurrency")) == (0, "1000"), run.output

    shell.environment["AWS_DEFAULT_REGION"] = "us-east-1"
    run = shell.doctor("--stack", "none", only="stack", there=program.parent)
    assert "--region" not in "".join(run.commands("stack"))
    run = shell.doctor("--stack", "none", "--region", "eu-west-1", only="stack", there=program.parent)
    assert run.text("stack") == "there is no stack none in eu-west-1"
    # Here samconfig.toml is that of a stack in another region.
    assert run.commands("stack") == []
    assert "Deploy none in eu-west-1 from the folder that has its own samconfig.toml" in run.advice("stack")


def test_no_credentials_and_no_profile(shell: Shell):
    """`aws configure` stores credentials, as advised. A profile that exists has them, too."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del shell.environment[name]
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        shell.environment[name] = str(shell.folder / name)
    run = shell.doctor(only="account")
    fails(run, "there are no AWS credentials", "AWS_PROFILE")
    _, configure, *_ = run.advice("account").split("`")
    shell.follow(configure, typed="test\ntest\nus-east-1\njson\n")
    passes(shell)

    shell.environment |= {"AWS_PROFILE": "nobody"}
    advice = "choose a profile with AWS_PROFILE"
    fails(shell.doctor(only="account"), "the profile in AWS_PROFILE does not exist", advice)
    without_region = shell.doctor(only="account", AWS_DEFAULT_REGION="")
    fails(without_region, "the profile in AWS_PROFILE does not exist", advice)
    shell.environment |= {"AWS_PROFILE": "default"}
    passes(shell)


def keys(credentials: dict[str, str]) -> dict[str, str]:
    """The variables of credentials."""
    names = {
        "AccessKeyId": "AWS_ACCESS_KEY_ID",
        "SecretAccessKey": "AWS_SECRET_ACCESS_KEY",
        "SessionToken": "AWS_SESSION_TOKEN",
    }
    return {name: credentials[key] for key, name in names.items() if key in credentials}


def brief_session(world: World) -> dict[str, Any]:
    """Credentials for a second. AWS begins at 900 seconds, and boto3 knows that."""
    any_duration = Config(parameter_validation=False)
    sts = boto3.client("sts", **CLIENT, endpoint_url=world.aws.endpoint, config=any_duration)
    return sts.get_session_token(DurationSeconds=1)["Credentials"]


def new_user(world: World, name: str) -> dict[str, str]:
    """The key of a new user who may do everything."""
    iam = world.aws.client("iam")
    iam.create_user(UserName=name)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(policy))
    return iam.create_access_key(UserName=name)["AccessKey"]


def test_credentials_that_aws_does_not_accept(shell: Shell):
    """An expired session, a key that was deleted, and a wrong secret. Each time new ones mend it."""
    sts, iam = shell.world.aws.client("sts"), shell.world.aws.client("iam")
    session = brief_session(shell.world)
    shell.environment |= keys(session)
    wait_until(lambda: time.time() > session["Expiration"].timestamp() + 1, "expired", seconds=5)
    fails(shell.doctor(only="account"), "the AWS credentials have expired", "aws sso login")
    shell.environment |= keys(sts.get_session_token(DurationSeconds=900)["Credentials"])
    passes(shell)

    del shell.environment["AWS_SESSION_TOKEN"]
    key = new_user(shell.world, "leaver")
    iam.delete_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"])
    shell.environment |= keys(key)
    fails(shell.doctor(only="account"), "AWS does not accept the credentials", "`aws configure`")
    key = iam.create_access_key(UserName="leaver")["AccessKey"]
    shell.environment |= keys(key) | {"AWS_SECRET_ACCESS_KEY": "another"}
    fails(shell.doctor(only="account"), "AWS does not accept the credentials", "`aws configure`")
    shell.environment |= keys(key)
    passes(shell, "us-east-1, account 000000000000, user/leaver;")
    iam.delete_access_key(UserName="leaver", AccessKeyId=key["AccessKeyId"])


def test_a_proxy_that_is_not_there(shell: Shell):
    """The words of the command line name it."""
    wrong = {"HTTP_PROXY": "http://127.0.0.1:1", "NO_PROXY": "", "no_proxy": ""}
    run = shell.doctor(only="account", AWS_MAX_ATTEMPTS="1", **wrong)
    fails(run, "AWS cannot be reached: ", "HTTPS_PROXY")
    assert "proxy" in run.text("account")
    passes(shell)


WRONG_CLOCK = """import datetime, os, sys, time
off, now, true = float(os.environ["CLOCK_OFF"]), time.time, datetime.datetime
class Shifted(true):
    @classmethod
    def now(cls, tz=None):
        return true.fromtimestamp(time.time(), tz)
    @classmethod
    def utcnow(cls):
        return true.fromtimestamp(time.time(), datetime.timezone.utc).replace(tzinfo=None)
time.time = lambda: now() + off
datetime.datetime = Shifted
"""
"""A machine whose clock is wrong, to every Python that finds this as `sitecustomize`."""


def test_a_clock_that_is_wrong(shell: Shell):
    """AWS refuses what it signs. If `aws` has another clock, the API's answer tells. Set right, both pass."""
    machine = shell.folder / "machine"
    machine.mkdir()
    (machine / "sitecustomize.py").write_text(WRONG_CLOCK)
    stack = shell.world.stacks[0]
    shell.environment |= {"CLOCK_OFF": "0", "PYTHONPATH": str(machine)}
    shell.environment |= keys(new_user(shell.world, "late"))
    shell.install(str(REAL_AWS))
    # STS accepts 15 minutes, CloudFormation 5.
    for off, step in (("1000", "account"), ("-400", "stack")):
        run = shell.on(stack, only="stack", CLOCK_OFF=off)
        assert run.marked("✗") == [step], run.output
        assert run.text(step) == "AWS refuses the signature, because the clock of this machine is wrong"
        assert run.commands(step) == ["sudo timedatectl set-ntp true"]
    run = shell.on(stack, only="stack")
    assert run.marked("✓") == ["account", "stack"], run.output

    # Such as one in a container on another machine.
    shell.install(f"env CLOCK_OFF=0 {REAL_AWS}")
    for off, mark, words in (("400", "✗", "s ahead of"), ("-90", "!", "s behind")):
        run = shell.on(stack, only="clock", CLOCK_OFF=off)
        assert (run.steps["clock"][0], words in run.text("clock")) == (mark, True), run.output
        assert run.commands("clock") == ["sudo timedatectl set-ntp true"]
    run = shell.on(stack, only="clock")
    assert run.steps["clock"][0] == "✓", run.output


def test_the_limit_of_a_new_account(shell: Shell):
    """The printed command asks for a higher one. Here AWS grants it at once."""
    shell.environment |= {"AWS_ACCESS_KEY_ID": NEW_ACCOUNT}
    run = shell.doctor(only="concurrency")
    assert run.marked("✗") == ["concurrency"], run.output
    assert run.text("account").startswith(f"us-east-1, account {NEW_ACCOUNT}, root;")
    assert run.text("concurrency").startswith("10, shared by all functions of the account")
    [command] = run.commands("concurrency")
    shell.follow(command)
    run = shell.doctor(only="concurrency")
    assert (run.status, run.text("concurrency")) == (0, "1000"), run.output
