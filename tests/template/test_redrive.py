"""The numbers of functions and queues against each other, and a stack without queues."""

import re

import pytest
from deployed import OPTIONS, Deployed
from local import ROOT

DAY = 86_400
LONGEST_PAUSE = 900
"""Between two tries of a queued alert, in src/redelivery/message.rs."""
TRIED_FOR = 9 * DAY
"""After that the function gives up, in src/redelivery/message.rs."""


def test_the_function_is_done_before_its_caller_gives_up():
    """API Gateway waits for 30 seconds."""
    assert Deployed().properties["Relay"]["Timeout"] < 30


def test_a_message_is_not_given_out_while_it_is_being_tried():
    """Lambda asks for six times the function's timeout."""
    stack = Deployed()
    assert stack.properties["Retries"]["VisibilityTimeout"] >= 6 * stack.properties["Redeliver"]["Timeout"]


def test_nothing_is_deleted_unseen():
    """Nine days of tries fit into the receives, and these into what SQS keeps."""
    stack = Deployed()
    retries, dead = stack.properties["Retries"], stack.properties["DeadLetters"]
    redrive = retries["RedrivePolicy"]
    assert redrive["deadLetterTargetArn"] == "<DeadLetters.Arn>"
    receives = redrive["maxReceiveCount"]
    assert TRIED_FOR < receives * LONGEST_PAUSE < retries["MessageRetentionPeriod"]
    # The case that the function itself fails.
    assert receives * retries["VisibilityTimeout"] < retries["MessageRetentionPeriod"]
    # What SQS takes.
    assert receives <= 1000
    assert retries["MessageRetentionPeriod"] == dead["MessageRetentionPeriod"] == 14 * DAY


def test_the_largest_message_fits_into_a_queue():
    """A body of 128 KiB, with every byte escaped as JSON, is longer than SQS's former maximum of 256 KiB."""
    queues = Deployed().of_type("AWS::SQS::Queue")
    assert {name: it["MaximumMessageSize"] for name, it in queues.items()} == {
        "Retries": 1024 * 1024,
        "DeadLetters": 1024 * 1024,
    }
    assert 128 * 1024 * len("\\u0000") < 1024 * 1024


def test_order_is_kept_by_alert():
    """FIFO queues whose groups do not wait for each other, and ids that the relay chooses."""
    stack = Deployed()
    for name in ("Retries", "DeadLetters"):
        queue = stack.properties[name]
        assert queue["FifoQueue"] is True
        assert queue["QueueName"].endswith(".fifo")
        assert (queue["DeduplicationScope"], queue["FifoThroughputLimit"]) == (
            "messageGroup",
            "perMessageGroupId",
        )
        assert queue["ContentBasedDeduplication"] is False
    only = "arn:aws:sqs:us-east-1:123456789012:" + stack.properties["Retries"]["QueueName"]
    assert stack.properties["DeadLetters"]["RedriveAllowPolicy"] == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [only],
    }


def test_the_event_source_reports_single_failures():
    """Without that, one failure would bring the whole batch back."""
    [source] = Deployed().of_type("AWS::Lambda::EventSourceMapping").values()
    assert source == {
        "EventSourceArn": "<Retries.Arn>",
        "FunctionName": "<Redeliver>",
        "BatchSize": 10,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": 2},
    }


def test_the_pace_knows_how_many_processes_there_are():
    """Each of them keeps its part of DeliveriesPerMinute."""
    [source] = Deployed().of_type("AWS::Lambda::EventSourceMapping").values()
    [processes] = re.findall(r"const PROCESSES: u32 = (\d+);", (ROOT / "src/flashduty/pace.rs").read_text())
    assert source["ScalingConfig"]["MaximumConcurrency"] == int(processes)


def test_queues_are_encrypted_at_rest_and_on_the_way():
    """Each has a policy that refuses everything without TLS."""
    stack = Deployed()
    queues = stack.of_type("AWS::SQS::Queue")
    assert all(queue["SqsManagedSseEnabled"] is True for queue in queues.values())
    policies = {tuple(it["Queues"]): it for it in stack.of_type("AWS::SQS::QueuePolicy").values()}
    assert policies.keys() == {(f"<{name}>",) for name in queues}
    for name in queues:
        refuse = {
            "Sid": "EncryptedTransportOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": f"<{name}.Arn>",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        assert policies[f"<{name}>",]["PolicyDocument"]["Statement"] == [refuse]


def test_a_key_of_ones_own_encrypts_everything_that_is_kept():
    """Queues, log groups and the topic: all that there are. SQS refuses two kinds of encryption at once."""
    key = OPTIONS["DataKmsKeyArn"]
    stack = Deployed(DataKmsKeyArn=key)
    names = {"AWS::SQS::Queue": "KmsMasterKeyId", "AWS::Logs::LogGroup": "KmsKeyId"}
    names["AWS::SNS::Topic"] = "KmsMasterKeyId"
    kept = {name: kind for name, kind in stack.types.items() if kind in names}
    assert len(kept) == 6
    for name, kind in kept.items():
        assert stack.properties[name][names[kind]] == key
        assert "SqsManagedSseEnabled" not in stack.properties[name]
        assert names[kind] not in Deployed().properties[name]


RELAY_ALONE = {
    "AccessLogs",
    "AlarmTopic",
    "AlarmTopicPolicy",
    "Api",
    "ApiApiGatewayDefaultStage",
    "ApiErrorsAlarm",
    "ApiRejectionsAlarm",
    "CheckInvocations",
    "CheckRole",
    "Dashboard",
    "DeliveryFailuresAlarm",
    "FunctionFailuresAlarm",
    "Rejections",
    "Relay",
    "RelayChannelPermission",
    "RelayHealthHeadPermission",
    "RelayHealthPermission",
    "RelayLogs",
    "RelayRole",
    "RelayWebhookPermission",
    "SelfCheck",
    "SelfCheckAlarm",
    "SettingsErrorsAlarm",
    "UnauthorizedAlarm",
}
BY_OPTIONS = {"AlarmMail", "HeartbeatAlarm", "SelfTest", "SelfTestAlarm"}
WITH_QUEUES = RELAY_ALONE | {
    "DeadLetters",
    "DeadLettersAlarm",
    "DeadLettersPolicy",
    "OldestAlertAlarm",
    "Redeliver",
    "RedeliverLogs",
    "RedeliverRole",
    "RedeliverSource",
    "Retries",
    "RetriesPolicy",
    "RetryQueueAlarm",
}


@pytest.mark.parametrize(
    ("parameters", "resources", "outputs"),
    [
        ({}, WITH_QUEUES, {"RetryQueueUrl", "RetryQueueArn", "DeadLetterQueueUrl", "DeadLetterQueueArn"}),
        ({"RetryQueue": "disabled"}, RELAY_ALONE, set()),
        ({"RetryQueue": "disabled", **OPTIONS}, RELAY_ALONE | BY_OPTIONS, set()),
    ],
    ids=["default", "no-queue", "no-queue-all-options"],
)
def test_this_is_deployed_and_no_more(parameters: dict[str, str], resources: set[str], outputs: set[str]):
    """By name; also what nobody refers to costs money or may be a hole."""
    stack = Deployed(**parameters)
    assert stack.types.keys() == resources
    always = {"WebhookUrl", "HealthUrl", "DashboardUrl", "AlarmTopicArn"}
    assert stack.outputs.keys() == always | outputs


def test_without_queues_nothing_speaks_of_them():
    """Not even an empty variable, a widget or a part of a sum."""
    stack = Deployed(RetryQueue="disabled", **OPTIONS)
    found = str(stack.properties) + str(stack.outputs)
    assert not [it for it in ("SQS", "sqs", "QUEUE", "Retries", "DeadLetters", "Redeliver") if it in found]
