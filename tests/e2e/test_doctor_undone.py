"""`make doctor` and changes by hand. CloudFormation undoes them with the four commands that are printed."""

import json
from pathlib import Path

import pytest
from conftest import World
from doctors import Shell, impatient, topic_of
from local.stack import Stack


@pytest.fixture
def shell(world: World, tmp_path: Path) -> Shell:
    """A terminal whose account is the local AWS."""
    return Shell(world, tmp_path)


def physical(world: World, stack: Stack) -> dict[str, str]:
    """The names of a stack's resources by their names in the template."""
    found = world.aws.client("cloudformation").describe_stack_resources(StackName=stack.name)
    return {it["LogicalResourceId"]: it["PhysicalResourceId"] for it in found["StackResources"]}


def take_away(world: World, role: str, sid: str) -> None:
    """Remove a statement from the policy of the relay's role."""
    iam, policy = world.aws.client("iam"), {"RoleName": role, "PolicyName": "relay"}
    document = iam.get_role_policy(**policy)["PolicyDocument"]
    left = [it for it in document["Statement"] if it["Sid"] != sid]
    assert len(left) == len(document["Statement"]) - 1
    iam.put_role_policy(**policy, PolicyDocument=json.dumps(document | {"Statement": left}))


def changed(shown: str) -> dict[str, str]:
    """The changes that a change set shows: what is done to which resource."""
    changes = (it["ResourceChange"] for it in json.loads(shown)["Changes"])
    return {it["LogicalResourceId"]: it["Action"] for it in changes}


def test_what_was_changed(shell: Shell, world: World):
    """A right of the relay, its check of the token, and the token's name."""
    stack = world.like("changed")
    world.set_push_url()
    role = physical(world, stack)["RelayRole"]
    take_away(world, role, "ReadSettings")
    run = shell.on(stack, only="health rejection", changed=impatient("HEALTH_PATIENCE"))
    assert run.marked("✗") == ["health", "rejection"], run.output
    assert run.text("health") == "503: the relay cannot read its secrets"
    assert "The log of relay says: " in run.advice("health")
    assert "lacks ssm:GetParameters" in run.advice("health")
    assert run.text("rejection").startswith("503 SettingsUnavailable: ")
    assert "docs/answers.md" in run.advice("rejection")
    assert changed(shell.undo(run, stack, "health")) == {"RelayRole": "Modify"}
    run = shell.on(stack, only="health rejection")
    assert run.status == 0, run.output

    stack.change_environment(ALLOW_UNAUTHENTICATED="true", WEBHOOK_TOKEN_PARAMETER="")
    run = shell.on(stack, only="rejection")
    assert run.marked("✗") == ["rejection"], run.output
    assert run.text("rejection").startswith("200: a wrong token is accepted")
    assert changed(shell.undo(run, stack, "rejection")) == {"Relay": "Modify"}

    other = "/zstack-flashduty/webhook-token/other"
    world.aws.put_secret(other, "the token of another relay")
    stack.change_environment(WEBHOOK_TOKEN_PARAMETER=other)
    run = shell.on(stack, "--no-wait", only="rejection message")
    assert run.marked("✗") == ["message"], run.output
    assert run.text("message") == "401: the relay does not accept the token in SSM"
    assert "wait for 300 seconds" in run.advice("message")
    assert changed(shell.undo(run, stack, "message")) == {"Relay": "Modify"}
    run = shell.on(stack, "--no-wait", only="rejection message")
    assert run.status == 0, run.output


def test_what_was_deleted(shell: Shell, world: World):
    """The event source, both queues, an alarm, the topic, a log, and the right to write the other log."""
    stack = world.like("deleted", AlarmEmail="ops@example.com")
    world.set_push_url()
    ids, aws = physical(world, stack), world.aws
    aws.client("lambda").delete_event_source_mapping(UUID=ids["RedeliverSource"])
    for queue in ("Retries", "DeadLetters"):
        aws.client("sqs").delete_queue(QueueUrl=ids[queue])
    aws.client("cloudwatch").delete_alarms(AlarmNames=["deleted-api-5xx"])
    aws.client("sns").delete_topic(TopicArn=ids["AlarmTopic"])
    aws.client("logs").delete_log_group(logGroupName=ids["RedeliverLogs"])
    take_away(world, ids["RelayRole"], "Log")

    steps = ["source", "dead_letters", "retries", "alarms", "subscriber", "metrics", "errors"]
    run = shell.on(stack, only=" ".join(steps), changed=impatient("METRICS_PATIENCE"))
    assert run.marked("✗") == steps, run.output
    gone = {
        "source": ids["RedeliverSource"],
        "dead_letters": ids["DeadLetters"],
        "retries": ids["Retries"],
        "subscriber": ids["AlarmTopic"],
        "errors": ids["RedeliverLogs"],
    }
    for step, what in gone.items():
        assert run.text(step) == f"{what} does not exist any more"
    assert run.text("alarms") == "deleted by hand: deleted-api-5xx"
    assert "did not arrive in CloudWatch within 2 s" in run.text("metrics")
    assert f"the role of {stack.function} lacks logs:PutLogEvents" in run.advice("metrics")

    deleted = ("RedeliverSource", "Retries", "DeadLetters", "ApiErrorsAlarm", "AlarmTopic", "AlarmMail")
    expected = dict.fromkeys((*deleted, "RedeliverLogs"), "Add") | {"RelayRole": "Modify"}
    assert changed(shell.undo(run, stack, *steps)) == expected
    run = shell.on(stack, only=" ".join(steps))
    assert run.marked("✗") == ["subscriber"], run.output
    assert run.text("subscriber") == "nobody has confirmed yet, so the alarms reach nobody (email)"
    assert "Open the message from AWS" in run.advice("subscriber")
    # Where the mail of AWS would have a link.
    aws.client("sns").confirm_subscription(TopicArn=topic_of(world, stack), Token="ops@example.com")
    run = shell.on(stack, only="subscriber")
    assert (run.status, run.text("subscriber")) == (0, "1 confirmed (email)"), run.output


def test_nothing_to_undo(world: World):
    """Then the change set fails, as every one without changes does. Another mode does not exist."""
    # Not the first stack: other tests have changed the environment of its functions.
    client, stack = world.aws.client("cloudformation"), world.like("undone-nothing")
    known = client.describe_stacks(StackName=stack.name)["Stacks"][0]["Parameters"]
    asked = {
        "StackName": stack.name,
        "UsePreviousTemplate": True,
        "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": [{"ParameterKey": it["ParameterKey"], "UsePreviousValue": True} for it in known],
    }
    client.create_change_set(**asked, ChangeSetName="nothing", DeploymentMode="REVERT_DRIFT")
    made = client.describe_change_set(StackName=stack.name, ChangeSetName="nothing")
    assert (made["Status"], made["Changes"]) == ("FAILED", []), made
    with pytest.raises(client.exceptions.ClientError, match="deploymentMode"):
        client.create_change_set(**asked, ChangeSetName="another", DeploymentMode="KEEP_DRIFT")
