"""The queues, and the event source that delivers what is in them."""

from __future__ import annotations

from terminal import NONE, NOTE, OK

from .advice import command, deleted
from .aws import AwsError
from .doctor import Doctor
from .findings import Failure, Finding


def source(doctor: Doctor) -> Finding:
    """The event source of redeliver."""
    if "RetryQueueUrl" not in doctor.stack.outputs:
        return Finding(NONE, doctor.say("no_queues"))
    uuid = doctor.stack.resources.get("RedeliverSource", "-")
    try:
        found = doctor.aws.call("lambda", "get-event-source-mapping", UUID=uuid)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise deleted(doctor, uuid) from None
    state, last = found["State"], found.get("LastProcessingResult") or ""
    if state in ("Disabled", "Disabling"):
        enable = ("aws", "lambda", "update-event-source-mapping", "--uuid", uuid, "--enabled")
        off = doctor.say("source_off", state=state)
        raise Failure(off, doctor.say("enable_source"), command(doctor, *enable))
    if "PROBLEM" in last:
        raise Failure(
            doctor.say("source_state", state=state, why=doctor.terminal.words(last)), doctor.say("fix_relay")
        )
    if state != "Enabled":
        return Finding(NOTE, state, [doctor.say("again")])
    return Finding(OK, doctor.say("source_ok"))


def dead_letters(doctor: Doctor) -> Finding:
    """The dead letter queue."""
    if "DeadLetterQueueUrl" not in doctor.stack.outputs:
        return Finding(NONE, doctor.say("no_queues"))
    count = length(doctor, "DeadLetterQueueUrl")
    if not count:
        return Finding(OK, doctor.say("dead_ok"))
    url = doctor.stack.outputs["DeadLetterQueueUrl"]
    # With a timeout of 0 it hides none of them.
    read = ["receive-message", "--queue-url", url, "--max-number-of-messages", "10"]
    read += ["--visibility-timeout", "0"]
    read += ["--message-attribute-names", "Reason", "--output", "text"]
    read += ["--query", "Messages[].[MessageAttributes.Reason.StringValue, Body]"]
    move = ["start-message-move-task", "--source-arn", doctor.stack.outputs["DeadLetterQueueArn"]]
    move += ["--destination-arn", doctor.stack.outputs["RetryQueueArn"]]
    raise Failure(
        doctor.say("dead", count=count),
        *(doctor.say("read_dead"), command(doctor, "aws", "sqs", *read)),
        *(doctor.say("move_dead"), command(doctor, "aws", "sqs", *move)),
        *(doctor.say("drop_dead"), command(doctor, "aws", "sqs", "purge-queue", "--queue-url", url)),
    )


def retries(doctor: Doctor) -> Finding:
    """The retry queue. What waits there is not lost."""
    if "RetryQueueUrl" not in doctor.stack.outputs:
        return Finding(NONE, doctor.say("no_queues"))
    count = length(doctor, "RetryQueueUrl")
    if not count:
        return Finding(OK, doctor.say("dead_ok"))
    return Finding(NOTE, doctor.say("waiting", count=count), [doctor.say("explain_waiting")])


def length(doctor: Doctor, output: str) -> int:
    """How many messages a queue holds. `output` is the stack's, with the URL."""
    url = doctor.stack.outputs[output]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    try:
        answer = doctor.aws.call("sqs", "get-queue-attributes", QueueUrl=url, AttributeNames=names)
    except AwsError as error:
        if "NonExistentQueue" not in error.code and "QueueDoesNotExist" not in error.code:
            raise
        raise deleted(doctor, url) from None
    return sum(int(answer["Attributes"][name]) for name in names)
