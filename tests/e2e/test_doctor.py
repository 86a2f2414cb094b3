"""`make doctor` on MiniStack: each ✗ is provoked once, and what is printed mends it.

The program runs with the oldest Python that is here and with the AWS command line. In this file it takes all
steps, or looks at the parameters and at rights. The others are about a part of the way:

test_doctor_account   the AWS command line, credentials, the clock, the limit
test_doctor_stack     states of a stack
test_doctor_undone    changes by hand
test_doctor_api       the API, what stands before it, and what Flashduty answers

Some kinds of ✗ are only in test_doctor_recorded.py: an error of AWS that the program does not know (`AWS
answered: …`), answers of the relay that it does not know, failed runs of the relay alone, and the states of
a stack that was imported, deployed without a rollback, or whose creation could not be undone. There the
advice is read, and not followed.
"""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checks.texts import TEXTS
from conftest import PUSH_URL, World
from doctors import STEPS, Run, Shell, impatient, topic_of
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
    assert re.fullmatch(rf"(\d+ OK, )?1 ALARM\b.*\. On: {stack.name}-dead-letters", run.text("alarms"))
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
    for step in ("subscriber", "metrics"):
        [command] = run.commands(step)
        shell.follow(command)
    wait_until(lambda: not stack.retries.length(), "delivered", seconds=30)

    run = shell.on(stack)
    assert run.marked("✗") == ["alarms", "subscriber"], run.output
    assert run.text("alarms") == f"tell nobody, because their actions are disabled: {alarm}"
    assert run.text("subscriber") == "nobody has confirmed yet, so the alarms reach nobody (email)"
    assert re.fullmatch(r"those of the test message arrived in CloudWatch after \d+ s", run.text("metrics"))
    [enable] = run.commands("alarms")
    shell.follow(enable)
    # Where the mail of AWS would have a link.
    world.aws.client("sns").confirm_subscription(TopicArn=topic_of(world, stack), Token="ops@example.com")
    run = shell.on(stack, only="alarms subscriber")
    assert run.status == 0, run.output


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
    sqs = world.aws.client("sqs")
    queued = {"MessageBody": "{}", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    sqs.send_message(QueueUrl=stack.retries.url, **queued)
    source = lambda: str(world.aws.client("lambda").list_event_source_mappings(FunctionName=stack.redeliver))  # noqa: E731
    wait_until(lambda: "PROBLEM" in source(), source, seconds=30)
    sqs.send_message(QueueUrl=stack.dead_letters.url, **queued)
    world.aws.client("lambda").invoke(FunctionName=stack.redeliver, Payload=b'{"Records": []}')

    run = shell.on(stack, "--no-wait", changed=impatient("HEALTH_PATIENCE"))
    wrong = ["push_url", "token", "health", "rejection", "source", "dead_letters", "alarms", "errors"]
    assert run.marked("✗") == wrong, run.output
    assert run.status == 1
    assert run.text("push_url") == "there is no SSM parameter /ill/push-url in us-east-1"
    assert run.text("token") == "/ill/webhook-token is of type String, and not encrypted"
    assert run.text("health").startswith("503")
    assert "SSM parameter /ill/push-url does not exist" in run.advice("health")
    assert "a wrong token is accepted" in run.text("rejection")
    assert run.steps["message"][:2] == ("-", "skipped: needs push URL")
    assert run.text("metrics") == "skipped: needs test message"
    assert run.text("source") == "Enabled: PROBLEM: Function call failed"
    assert f"{stack.name}-dead-letters, since 20" in run.advice("alarms")
    assert "docs/runbook.md#dead-letters" in run.advice("alarms")
    assert run.text("errors").startswith("the last runs failed: redeliver, ")

    [put] = run.commands("push_url")
    shell.follow(put, typed=world.flashduty.push_url(world.key) + "\n")
    delete, put = run.commands("token")
    shell.follow(delete)
    token = shell.follow(put).splitlines()[-1]
    assert re.fullmatch("[0-9a-f]{48}", token)
    assert run.commands("rejection") == run.commands("health")
    shell.undo(run, stack, "rejection")
    # SQS hides the message for a while. Another one comes, and redeliver gives it up.
    sqs.purge_queue(QueueUrl=stack.retries.url)
    another = queued | {"MessageGroupId": "h", "MessageDeduplicationId": "e"}
    sqs.send_message(QueueUrl=stack.retries.url, **another)
    wait_until(lambda: "PROBLEM" not in source(), source, seconds=30)
    *_, purge = run.commands("dead_letters")
    shell.follow(purge)
    [again] = run.commands("errors")
    shell.follow(again)

    run = shell.on(stack, "--no-wait")
    assert (run.status, run.marked("✗")) == (0, []), run.output
    assert run.steps["metrics"][:2] == ("-", "not waited for (--no-wait)")
    assert "The runs after it succeeded" in run.text("errors")
    assert re.search(r"\nEverything works. Look at what is marked !: [12].\n", run.output)
    assert token not in run.output
    for name in names.values():
        [stored] = ssm.get_parameters(Names=[name])["Parameters"]
        assert stored["Type"] == "SecureString"


@pytest.mark.parametrize(
    ("step", "value", "text"),
    [
        ("push_url", "{key}", "is not a URL"),
        ("push_url", "http://api.flashcat.cloud/?integration_key={key}", "does not begin with https://"),
        ("push_url", "https://api.flashcat.cloud/push", "has no integration_key"),
        ("token", " ", "is empty"),
        ("token", "口令口令口令口令口令口令", "has characters that ZStack cannot send"),
    ],
)
def test_a_value_that_cannot_be_used(shell: Shell, stack: Stack, step: str, value: str, text: str):
    """The printed command stores one that can. A channel has parameters of its own."""
    world = shell.world
    name = {"push_url": PUSH_URL, "token": "/zstack-flashduty/webhook-token"}[step]
    world.aws.put_secret(f"{name}/cut", value.format(key=world.key))
    run = shell.on(stack, "--channel=cut", only=step)
    assert run.marked("✗") == [step], run.output
    assert text in run.text(step)
    [put] = run.commands(step)
    shell.follow(put, typed=world.flashduty.push_url(world.key) + "\n")
    run = shell.on(stack, "--channel=cut", only=step)
    assert run.text(step).startswith(f"{name}/cut, SecureString, "), run.output


DENIED = {
    "push_url": "ssm:GetParameters",
    "token": "ssm:GetParameters",
    "source": "lambda:GetEventSourceMapping",
    "dead_letters": "sqs:GetQueueAttributes",
    "retries": "sqs:GetQueueAttributes",
    "alarms": "cloudwatch:DescribeAlarms",
    "subscriber": "sns:ListSubscriptionsByTopic",
    "concurrency": "lambda:GetAccountSettings",
    "errors": "cloudwatch:GetMetricStatistics",
}


@pytest.fixture
def colleague(world: World) -> Iterator[dict[str, str]]:
    """The environment of a user who lacks rights."""
    iam = world.aws.client("iam")
    iam.create_user(UserName="colleague")
    allow(world, Action="*")
    key = iam.create_access_key(UserName="colleague")["AccessKey"]
    yield {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    iam.delete_access_key(UserName="colleague", AccessKeyId=key["AccessKeyId"])


def allow(world: World, **statement: Any) -> None:
    """What whoever administers the account does: allow the colleague something, and nothing else."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"} | statement]}
    world.aws.client("iam").put_user_policy(
        UserName="colleague", PolicyName="rights", PolicyDocument=json.dumps(document)
    )


def lacks(run: Run, rights: dict[str, str]) -> None:
    """Not to know is not fine: each right that lacks is named."""
    assert run.marked("✗") == list(rights), run.output
    for step, right in rights.items():
        assert run.text(step) == f"you lack the right {right}, so this is not known"
        assert f"Ask whoever administers the AWS account for {right}" in run.advice(step)


def test_missing_rights(shell: Shell, world: World, stack: Stack, colleague: dict[str, str]):
    """To see the stack, to see anything in it, to use a key, to read metrics and logs."""
    shell.environment |= colleague
    allow(world, NotAction="cloudformation:DescribeStacks")
    lacks(shell.on(stack, only="stack"), {"stack": "cloudformation:DescribeStacks"})
    allow(world, NotAction=sorted(set(DENIED.values())))
    run = shell.on(stack, "--no-wait")
    lacks(run, DENIED)
    assert run.text("account").startswith("us-east-1, account 000000000000, user/colleague")

    name, kms = f"{PUSH_URL}/locked", world.aws.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    secret = {"Value": world.flashduty.push_url(world.key), "Type": "SecureString", "KeyId": key}
    world.aws.client("ssm").put_parameter(Name=name, **secret)
    rights = ["kms:Decrypt", "cloudwatch:GetMetricStatistics", "logs:FilterLogEvents"]
    allow(world, NotAction=rights)
    world.set_push_url()
    run = shell.on(stack, only="metrics", changed=impatient("METRICS_PATIENCE"))
    lacks(run, {"metrics": "cloudwatch:GetMetricStatistics"})
    run = shell.on(stack, "--channel=locked", only="push_url")
    lacks(run, {"push_url": "kms:Decrypt"})
    allow(world, NotAction="logs:FilterLogEvents")
    lacks(shell.on(stack, only="errors"), {"errors": "logs:FilterLogEvents"})

    allow(world, Action="*")
    run = shell.on(stack, "--channel=locked", only="push_url")
    assert run.status == 0, run.output
    topic, sns = topic_of(world, stack), world.aws.client("sns")
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+10000000000")
    run = shell.on(stack)
    assert (run.status, run.marked("✗")) == (0, []), run.output
    assert list(run.steps) == STEPS
    assert "opened as Info and was closed at once" in run.text("message")
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
