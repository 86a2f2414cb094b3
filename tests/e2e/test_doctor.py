"""`make doctor` on MiniStack: each ✗ is provoked once, and the advice that is printed mends it.

The program runs with the oldest Python that is here and with the AWS command line. What MiniStack does not
answer is in test_doctor_recorded.py.
"""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from checks.texts import TEXTS
from conftest import World
from doctors import STEPS, Run, Shell, impatient
from local.stack import Stack
from trials import wait_until


@pytest.fixture
def shell(world: World, tmp_path: Path) -> Shell:
    """A terminal whose account is the local AWS."""
    return Shell(world, tmp_path)


@pytest.fixture(scope="module")
def stack(running: World) -> Iterator[Stack]:
    """A stack that these tests share."""
    yield running.like("doctor")


def topic_of(world: World, stack: Stack) -> str:
    """The topic of a stack's alarms."""
    [described] = world.aws.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    return next(it["OutputValue"] for it in described["Outputs"] if it["OutputKey"] == "AlarmTopicArn")


def test_what_is_broken_behind_the_relay(shell: Shell, stack: Stack):
    """The key, the event source, dead letters, alarms that tell nobody, no subscriber, no metrics."""
    world = shell.world
    world.rotate_key()
    stack.deliver_queued(False)
    alarm = f"{stack.name}-api-5xx"
    world.aws.client("cloudwatch").disable_alarm_actions(AlarmNames=[alarm])
    logging = {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "WARN",
        "LogGroup": f"/aws/lambda/{stack.name}-relay",
    }
    world.aws.client("lambda").update_function_configuration(
        FunctionName=stack.function, LoggingConfig=logging
    )

    run = shell.on(stack, changed=impatient("METRICS_PATIENCE"))
    wrong = ["message", "source", "dead_letters", "alarms", "subscriber", "metrics"]
    assert run.marked("✗") == wrong, run.output
    assert run.status == 1
    assert run.output.endswith("\n6 of 16 steps failed. Begin with the first: test message.\n")
    assert "502: Flashduty refuses it: InvalidParameter: integration_key is not a valid one" in run.text(
        "message"
    )
    assert "the test message is in the dead letter queue now" in run.advice("message").lower()
    assert run.text("source").startswith("Disabled")
    assert run.text("dead_letters") == "1 message(s) that nobody got"
    assert run.text("alarms").endswith(alarm)
    assert run.text("subscriber") == "nobody is subscribed, so the alarms reach nobody"
    assert "did not arrive in CloudWatch within 2 s" in run.text("metrics")
    assert "is WARN" in run.advice("metrics")
    assert len(stack.dead_letters.bodies()) == 1

    [put] = run.commands("message")
    shell.follow(put, typed=world.flashduty.push_url(world.key) + "\n")
    [enable] = run.commands("source")
    shell.follow(enable)
    read, move, purge = run.commands("dead_letters")
    assert "integration_key" in shell.follow(read)
    shell.follow(move)
    assert purge.startswith("aws sqs purge-queue ")
    for step in ("alarms", "subscriber", "metrics"):
        [command] = run.commands(step)
        shell.follow(command)
    wait_until(lambda: not stack.retries.length(), "delivered", seconds=30)

    run = shell.on(stack)
    assert run.marked("✗") == ["subscriber"], run.output
    assert run.text("subscriber") == "nobody has confirmed yet, so the alarms reach nobody (email)"
    assert re.fullmatch(r"those of the test message arrived in CloudWatch after \d+ s", run.text("metrics"))
    # Where the mail of AWS would have a link.
    world.aws.client("sns").confirm_subscription(TopicArn=topic_of(world, stack), Token="ops@example.com")


def test_what_is_broken_before_the_relay(shell: Shell, world: World):
    """Both parameters, the health check, an open door, an alarm, and a function that cannot start."""
    names = {"PushUrlParameter": "/ill/push-url", "WebhookTokenParameter": "/ill/webhook-token"}
    stack = world.like("ill", AlarmEmail="ops@example.com", **names)
    sns, ssm = world.aws.client("sns"), world.aws.client("ssm")
    sns.confirm_subscription(TopicArn=topic_of(world, stack), Token="ops@example.com")
    ssm.put_parameter(Name="/ill/webhook-token", Value=world.token, Type="String")
    stack.change_environment(
        SETTINGS_TTL_SECONDS="0", ALLOW_UNAUTHENTICATED="true", WEBHOOK_TOKEN_PARAMETER=""
    )
    stack.change_environment(stack.redeliver, SETTINGS_TTL_SECONDS="soon")
    world.aws.client("lambda").invoke(FunctionName=stack.redeliver, Payload=b'{"Records": []}')
    alarm = {"AlarmName": f"{stack.name}-dead-letters", "StateReason": "a test"}
    world.aws.client("cloudwatch").set_alarm_state(StateValue="ALARM", **alarm)

    run = shell.on(stack, "--no-wait", changed=impatient("HEALTH_PATIENCE"))
    assert run.marked("✗") == ["push_url", "token", "health", "rejection", "alarms", "errors"], run.output
    assert run.status == 1
    assert run.text("push_url") == "there is no SSM parameter /ill/push-url in us-east-1"
    assert run.text("token") == "/ill/webhook-token is of type String, and not encrypted"
    assert run.text("health").startswith("503")
    assert "SSM parameter /ill/push-url does not exist" in run.advice("health")
    assert "a wrong token is accepted" in run.text("rejection")
    assert run.steps["message"][:2] == ("-", "skipped: needs push URL")
    assert run.text("metrics") == "skipped: needs test message"
    assert f"{stack.name}-dead-letters, since 20" in run.advice("alarms")
    assert "docs/runbook.md#dead-letters" in run.advice("alarms")
    assert run.text("errors").startswith("the last runs failed: redeliver, ")

    [put] = run.commands("push_url")
    shell.follow(put, typed=world.flashduty.push_url(world.key) + "\n")
    delete, put = run.commands("token")
    shell.follow(delete)
    token = shell.follow(put).splitlines()[-1]
    assert re.fullmatch("[0-9a-f]{48}", token)
    # What CloudFormation would do. MiniStack has no drift-aware change sets.
    assert run.commands("rejection") == run.commands("health")
    assert "--deployment-mode REVERT_DRIFT" in run.commands("rejection")[0]
    stack.change_environment(ALLOW_UNAUTHENTICATED="", WEBHOOK_TOKEN_PARAMETER="/ill/webhook-token")
    stack.change_environment(stack.redeliver, SETTINGS_TTL_SECONDS="300")
    [again] = run.commands("errors")
    shell.follow(again)
    # CloudWatch does this when the cause is gone.
    world.aws.client("cloudwatch").set_alarm_state(StateValue="OK", **alarm)

    run = shell.on(stack, "--no-wait")
    assert (run.status, run.marked("✗")) == (0, []), run.output
    assert run.steps["metrics"][:2] == ("-", "not waited for (--no-wait)")
    assert "The runs after it succeeded" in run.text("errors")
    assert re.search(r"\nEverything works. Look at what is marked !: [12].\n", run.output)
    assert token not in run.output
    for name in names.values():
        [stored] = ssm.get_parameters(Names=[name])["Parameters"]
        assert stored["Type"] == "SecureString"


# MiniStack checks no right for two calls of Lambda. They are in test_doctor_recorded.py.
DENIED = {
    "dead_letters": "sqs:GetQueueAttributes",
    "retries": "sqs:GetQueueAttributes",
    "alarms": "cloudwatch:DescribeAlarms",
    "subscriber": "sns:ListSubscriptionsByTopic",
    "metrics": "cloudwatch:GetMetricStatistics",
    "errors": "cloudwatch:GetMetricStatistics",
}


@pytest.fixture
def colleague(world: World) -> Iterator[dict[str, str]]:
    """The environment of a user who lacks rights."""
    iam = world.aws.client("iam")
    iam.create_user(UserName="colleague")
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": sorted(set(DENIED.values())), "Resource": "*"},
    ]
    for name, statement in zip(("all", "but"), statements, strict=True):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="colleague", PolicyName=name, PolicyDocument=policy)
    key = iam.create_access_key(UserName="colleague")["AccessKey"]
    yield {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    iam.delete_access_key(UserName="colleague", AccessKeyId=key["AccessKeyId"])


def test_missing_rights_and_a_flashduty_that_is_away(
    shell: Shell, world: World, stack: Stack, colleague: dict[str, str]
):
    """Not to know is not fine: each right that lacks is named. And 202 is not delivered."""
    world.set_push_url()
    world.flashduty.fault({"refuse": {"status": 500}})
    try:
        run = shell.on(stack, **colleague)
    finally:
        world.flashduty.clear_faults()
    assert run.marked("✗") == ["message", *DENIED], run.output
    for step, right in DENIED.items():
        assert run.text(step) == f"you lack the right {right}, so this is not known"
        assert right in run.advice(step)
    assert run.text("message").startswith("202: it waits in the retry queue")
    assert "The log of relay says: queued for another try, since Flashduty" in run.advice("message")
    assert run.text("account").startswith("us-east-1, account 000000000000, user/colleague")

    # "Ask whoever administers the AWS account."
    world.aws.client("iam").delete_user_policy(UserName="colleague", PolicyName="but")
    topic = topic_of(world, stack)
    world.aws.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
    with_subscriber = world.aws.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if with_subscriber[0]["SubscriptionArn"] == "PendingConfirmation":
        world.aws.client("sns").confirm_subscription(TopicArn=topic, Token="ops@example.com")
    world.flashduty.clear()
    run = shell.on(stack, "--no-wait", **colleague)
    assert (run.status, run.marked("✗")) == (0, []), run.output
    assert list(run.steps) == STEPS
    assert "It was sent closed" in run.text("message")
    assert "zstack:test" in run.text("message")
    assert not world.flashduty.alert("zstack:test")["open"]


def test_a_stack_without_queues_whose_alarms_go_to_an_existing_topic(shell: Shell, world: World):
    """Nothing of it is wrong. It speaks Chinese here."""
    topic = world.aws.client("sns").create_topic(Name="pager")["TopicArn"]
    world.aws.client("sns").subscribe(TopicArn=topic, Protocol="sms", Endpoint="+10000000000")
    small = world.like("small", RetryQueue="disabled", AlarmTopicArn=topic)
    world.set_push_url()
    chinese = {TEXTS[name][1]: name for name in STEPS}
    run = shell.on(small, "--no-wait", LANG="zh_CN.UTF-8")
    marks = {chinese[name]: mark for mark, name in re.findall(r"(?m)^([✓✗!-]) ([^：]+)：", run.output)}
    none = ("source", "dead_letters", "retries", "metrics")
    assert marks == {step: "-" if step in none else "✓" for step in STEPS}, run.output
    assert "堆栈没有队列（RetryQueue=disabled）" in run.output
    assert "1 个已确认（sms）" in run.output
    assert (run.status, run.output.splitlines()[-1]) == (0, "一切正常。")


def program_without_account(shell: Shell, script: str | None = None, **variables: str) -> Run:
    """Run the program with another `aws`."""
    if script is not None:
        shell.stand_in(script)
    run = shell.doctor(**variables)
    assert run.status == 1
    if run.marked("✗") == ["account"]:
        skipped = {step: text for step, (_, text, _) in run.steps.items() if step != "account"}
        assert set(skipped) == set(STEPS[1:])
        needs_account = ("stack", "concurrency")
        assert all(skipped[step] == "skipped: needs account and region" for step in needs_account)
        assert run.output.endswith("\n1 of 16 steps failed. Begin with the first: account and region.\n")
    return run


@pytest.mark.parametrize(
    ("script", "text", "advice"),
    [
        (
            "echo aws-cli/1.14.8 Python/2.7 >&2",
            "the AWS CLI 1.14.8 is too old",
            "https://aws.amazon.com/cli/",
        ),
        (
            "echo 'ImportError: no six' >&2; exit 1",
            "the AWS CLI does not run: ImportError: no six",
            "Install",
        ),
        (
            'if [ "$1" = --version ]; then echo aws-cli/2.15.0; else\n'
            "echo 'An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: no' >&2\n"
            "exit 254; fi",
            "the AWS credentials have expired",
            "aws sso login",
        ),
    ],
)
def test_a_command_line_that_cannot_be_used(shell: Shell, script: str, text: str, advice: str):
    """One line says so, and the others say that they need it. These `aws` are stand-ins."""
    run = program_without_account(shell, script)
    assert run.text("account") == text
    assert advice in run.advice("account")


def test_an_account_that_cannot_be_used(shell: Shell):
    """With the real command line. The region is then set as advised."""
    run = program_without_account(shell, PATH="/nowhere")
    assert run.text("account") == "the AWS CLI is missing"
    run = program_without_account(shell, AWS_DEFAULT_REGION="")
    assert run.text("account") == "there is no region"
    [command] = run.commands("account")
    name, value = command.removeprefix("export ").split("=")
    run = program_without_account(shell, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", **{name: value})
    assert run.text("account") == "there are no AWS credentials"
    run = program_without_account(shell, AWS_PROFILE="nobody")
    assert run.text("account") == "the profile in AWS_PROFILE does not exist"
    run = program_without_account(shell, AWS_PROFILE="nobody", AWS_DEFAULT_REGION="")
    assert run.text("account") == "the profile in AWS_PROFILE does not exist"


def test_stacks_that_are_none(shell: Shell, world: World):
    """None, one that could not be created, and one that was only prepared. Advice removes the second."""
    client = world.aws.client("cloudformation")
    filters = {"LogGroupName": "none", "FilterPattern": "", "MetricTransformations": []}
    broken = {"Resources": {"Broken": {"Type": "AWS::Logs::MetricFilter", "Properties": filters}}}
    client.create_stack(StackName="fallen", TemplateBody=json.dumps(broken))
    state = lambda: client.describe_stacks(StackName="fallen")["Stacks"][0]["StackStatus"]  # noqa: E731
    wait_until(lambda: state() == "ROLLBACK_COMPLETE", state, seconds=30)
    run = shell.doctor("--stack=fallen")
    assert "stack" in run.marked("✗")
    assert "fallen, ROLLBACK_COMPLETE; Broken: " in run.text("stack")
    delete, wait, deploy = run.commands("stack")
    shell.follow(delete)
    shell.follow(wait)
    assert deploy == "make deploy STACK=fallen"

    run = shell.doctor("--stack=fallen")
    assert run.marked("✗") == ["stack"]
    assert run.text("stack") == "there is no stack fallen in us-east-1"
    assert run.commands("stack") == ["make deploy STACK=fallen"]
    assert run.steps["concurrency"][0] == "✓"
