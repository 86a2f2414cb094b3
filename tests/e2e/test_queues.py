"""The template's queues, and what its roles may do with them."""

import json
from unittest.mock import ANY

import boto3
import pytest
from botocore.exceptions import ClientError
from conftest import World
from local.stack import Stack
from local.storm import drain


def test_the_relay_works_without_queues(world: World):
    """With `RetryQueue=disabled`, the stack has no queues and no `redeliver`."""
    relay = world.like("no-queues", RetryQueue="disabled", PushUrlParameter="/no-queues/push-url")
    assert relay.redeliver is None
    resources = world.aws.client("cloudformation").describe_stack_resources(StackName=relay.name)
    types = {it["ResourceType"] for it in resources["StackResources"]}
    assert not {it for it in types if "SQS" in it or "EventSource" in it}
    function = world.aws.client("lambda").get_function_configuration(FunctionName=relay.function)
    assert not {name for name in function["Environment"]["Variables"] if "QUEUE" in name}

    world.set_push_url("/no-queues/push-url")
    assert world.post(relay, "alarm").status == 200
    world.flashduty.fault({"refuse": {"status": 429, "retry_after": "30"}})
    answer = world.post(relay, "alarm-recovery")
    world.flashduty.clear_faults()
    assert answer.status == 503
    assert answer.json()["error"] == {"code": "FlashdutyUnavailable", "message": ANY}


@pytest.mark.parametrize(
    ("function", "allowed"),
    [
        ("function", {"retries": {"send", "attributes"}, "dead_letters": {"send"}}),
        (
            "redeliver",
            {"retries": {"receive", "delete", "attributes", "visibility"}, "dead_letters": {"send"}},
        ),
    ],
    ids=["relay", "redeliver"],
)
def test_each_role_may_do_what_it_must_and_no_more(
    world: World, relay: Stack, function: str, allowed: dict[str, set[str]]
):
    """MiniStack's event source does not check permissions, so the test uses the role's credentials."""
    configuration = world.aws.client("lambda").get_function_configuration(
        FunctionName=getattr(relay, function)
    )
    role = world.aws.client("sts").assume_role(RoleArn=configuration["Role"], RoleSessionName="test")
    credentials = role["Credentials"]
    sqs = boto3.client(
        "sqs",
        endpoint_url=world.aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    calls = {
        # Calls that are allowed fail as invalid, so nothing is sent or deleted.
        "send": lambda url: sqs.send_message(QueueUrl=url, MessageBody="x"),
        "receive": lambda url: sqs.receive_message(QueueUrl=url),
        "delete": lambda url: sqs.delete_message(QueueUrl=url, ReceiptHandle="x"),
        "visibility": lambda url: sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle="x", VisibilityTimeout=0
        ),
        "attributes": lambda url: sqs.get_queue_attributes(QueueUrl=url),
        "purge": lambda url: sqs.purge_queue(QueueUrl=url),
    }
    may = {
        queue: {name for name, call in calls.items() if _may(call, getattr(relay, queue).url)}
        for queue in ("retries", "dead_letters")
    }
    assert may == allowed


def _may(call, url: str) -> bool:
    try:
        call(url)
    except ClientError as error:
        return "AccessDenied" not in error.response["Error"]["Code"]
    return True


def test_the_numbers_fit_each_other(world: World, relay: Stack):
    """A message becomes a dead letter after nine days, before SQS deletes it after fourteen."""
    attributes = world.aws.client("sqs").get_queue_attributes(
        QueueUrl=relay.retries.url, AttributeNames=["All"]
    )["Attributes"]
    function = world.aws.client("lambda").get_function_configuration(FunctionName=relay.redeliver)
    receives = json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]
    longest = int(attributes["VisibilityTimeout"])
    assert longest >= 6 * function["Timeout"]
    assert 9 <= int(receives) * longest / 86_400 <= 11
    assert int(attributes["MessageRetentionPeriod"]) == 14 * 86_400


def test_a_dead_letter_comes_back(world: World, relay: Stack):
    """Flashduty refuses it without a licence, and accepts it with one."""
    world.flashduty.fault({"refuse": {"status": 400, "code": "NoLicense", "message": "no licence"}})
    assert world.post(relay, "alarm").status == 502
    world.flashduty.clear_faults()
    [letter] = relay.dead_letters.messages()
    assert "NoLicense" in letter["MessageAttributes"]["Reason"]["StringValue"]
    body = json.loads(letter["Body"])
    assert (body["version"], body["alert_key"]) == (1, ANY)

    relay.dead_letters.move_to(relay.retries)
    drain(relay, seconds=30)
    [alert] = world.flashduty.alerts()
    assert alert["open"]
    assert alert["labels"]["delayed"].endswith("s")


def test_a_message_received_too_often_becomes_a_dead_letter(world: World):
    """SQS moves it, here after two attempts instead of hundreds. It can be delivered afterwards."""
    relay = world.like("tried", PushUrlParameter="/tried/push-url")
    world.set_push_url("/tried/push-url")
    sqs = world.aws.client("sqs")
    policy = sqs.get_queue_attributes(QueueUrl=relay.retries.url, AttributeNames=["RedrivePolicy"])
    policy = json.loads(policy["Attributes"]["RedrivePolicy"]) | {"maxReceiveCount": 2}
    sqs.set_queue_attributes(QueueUrl=relay.retries.url, Attributes={"RedrivePolicy": json.dumps(policy)})

    world.flashduty.fault({"refuse": {"status": 500}})
    assert world.post(relay, "alarm").status == 202
    drain(relay, seconds=60)
    world.flashduty.clear_faults()
    assert relay.dead_letters.length() == 1
    assert world.flashduty.alerts() == []

    relay.dead_letters.move_to(relay.retries)
    drain(relay, seconds=30)
    [alert] = world.flashduty.alerts()
    assert alert["open"]
