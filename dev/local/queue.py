"""The queues of a stack, as an administrator reads and moves them."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from .aws import LocalAws


class Queue:
    """An SQS FIFO queue."""

    def __init__(self, aws: LocalAws, url: str):
        self.url = url
        self._sqs = aws.client("sqs")

    def length(self) -> int:
        """How many messages it holds, those in flight included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def messages(self) -> list[dict[str, Any]]:
        """The first ten messages. They stay visible."""
        return self._receive(0)

    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the first ten messages, as JSON."""
        return [json.loads(message["Body"]) for message in self.messages()]

    def put(self, letters: Sequence[tuple[str, str]]) -> None:
        """Send messages: the group and the body of each."""
        for start in range(0, len(letters), 10):
            entries = [
                {
                    "Id": str(number),
                    "MessageBody": body,
                    "MessageGroupId": group,
                    "MessageDeduplicationId": uuid4().hex,
                }
                for number, (group, body) in enumerate(letters[start : start + 10])
            ]
            answer = self._sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
            assert not answer.get("Failed"), answer

    def change(self, **attributes: str) -> None:
        """Change attributes of the queue, such as `VisibilityTimeout`."""
        self._sqs.set_queue_attributes(QueueUrl=self.url, Attributes=attributes)

    def count_late(self, seconds: int) -> None:
        """Leave the messages of so many seconds out of the counts: see dev/local/ministack/strict.py."""
        self._sqs.tag_queue(QueueUrl=self.url, Tags={"count-lag-seconds": str(seconds)})

    def purge(self) -> None:
        """Delete all messages."""
        self._sqs.purge_queue(QueueUrl=self.url)

    def move_to(self, other: "Queue") -> None:
        """Move all messages, oldest first, as `aws sqs start-message-move-task` does. MiniStack lacks it."""
        while messages := self._receive(60):
            for message in messages:
                other._sqs.send_message(
                    QueueUrl=other.url,
                    MessageBody=message["Body"],
                    MessageGroupId=message["Attributes"]["MessageGroupId"],
                    MessageDeduplicationId=message["MessageId"],
                    MessageAttributes={
                        name: {key: it[key] for key in ("DataType", "StringValue")}
                        for name, it in message.get("MessageAttributes", {}).items()
                    },
                )
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def _receive(self, visibility: int) -> list[dict[str, Any]]:
        return self._sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=visibility,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
