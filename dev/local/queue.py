"""The queues of a stack, as an administrator reads and moves them."""

import json
from typing import Any

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
