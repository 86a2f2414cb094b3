"""The metrics of one alert during a failure, and what they are when the failure lasts.

Real: the lines of metrics in the functions' logs, the statuses of the answers, and the counts of the queues.

Derived, because MiniStack does not write AWS's own metrics: those of AWS/Lambda, AWS/ApiGateway and AWS/SQS,
and the API's access log with its metric filter.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from access_log import line, metrics
from deployed import Deployed
from evaluator import MINUTE, Point, metric
from local.http import Answer
from local.queue import Queue
from local.stack import Stack

LASTS = 30 * MINUTE
"""How long a failure lasts. One alert comes a minute, and ends as the one in the trial did."""

WAKES = 15 * MINUTE
"""Seconds until SQS writes metrics of a queue that nobody used for six hours, such as the dead letter queue.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
"""

RECEIVES = 3
"""SQS may leave a message that was received so often out of the age of the oldest one.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

VISIBLE, IN_FLIGHT, AGE = (
    "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateAgeOfOldestMessage",
)
RETRIES, DEAD_LETTERS = "<Retries.QueueName>", "<DeadLetters.QueueName>"


@dataclass
class Written:
    """What one alert left behind."""

    points: list[Point] = field(default_factory=list)
    """Their times are seconds after the alert."""
    visible: int = 0
    """Messages in the retry queue at the end, of which nothing is delivered while the failure lasts."""
    in_flight: int = 0
    received: int = 0
    """How often `redeliver` received the message."""
    dead: int = 0
    """Messages in the dead letter queue."""

    def lasting(self, alerts: int = LASTS // MINUTE) -> Iterator[Point]:
        """All metrics of a failure with so many alerts, from half an hour before to half an hour after."""
        for minute in range(alerts):
            yield from (point.after(minute * MINUTE) for point in self.points)
        waiting = self.visible + self.in_flight
        # SQS writes its metrics once a minute: here as late as possible after the alert.
        for at in range(-LASTS + MINUTE - 1, 2 * LASTS, MINUTE):
            failing = 0 <= at < LASTS
            came = min(at // MINUTE + 1, alerts) if failing else 0
            yield of_queue(RETRIES, VISIBLE, at, self.visible * came)
            if failing and self.in_flight:
                yield of_queue(RETRIES, IN_FLIGHT, at, self.in_flight * came)
            if failing and waiting and self.received < RECEIVES:
                yield of_queue(RETRIES, AGE, at, at)
            if at >= WAKES:
                yield of_queue(DEAD_LETTERS, VISIBLE, at, self.dead * came)


def of_queue(queue: str, name: str, at: float, value: float) -> Point:
    """A metric of a queue."""
    return Point(at, metric("AWS/SQS", name, QueueName=queue), (value,))


def of_functions(stack: Stack, began: float) -> Iterator[Point]:
    """Real: what the functions wrote since `began`, in the Embedded Metric Format.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    names = {stack.function: "<Relay>", stack.redeliver: "<Redeliver>"}
    for text in stack.logs():
        event = json.loads(text) if text.startswith('{"_aws"') else {}
        if "_aws" not in event or event["_aws"]["Timestamp"] / 1000 < began:
            continue
        at = event["_aws"]["Timestamp"] / 1000 - began
        event["Function"] = names[event["Function"]]
        for directive in event["_aws"]["CloudWatchMetrics"]:
            for dimensions in directive["Dimensions"]:
                of = {name: event[name] for name in dimensions}
                for it in directive["Metrics"]:
                    value = event[it["Name"]]
                    value = value if isinstance(value, dict) else {"Values": [value]}
                    name = metric(directive["Namespace"], it["Name"], **of)
                    yield Point(at, name, tuple(value["Values"]), tuple(value.get("Counts", ())))


def of_lambda(function: str, name: str) -> Point:
    """Derived: one run of a function that failed (`Errors`) or was not begun (`Throttles`)."""
    return Point(0, metric("AWS/Lambda", name, FunctionName=function), (1,))


def of_answer(template: Deployed, status: int, at: float) -> Iterator[Point]:
    """Derived from the real status: API Gateway's own metrics, and those of its access log.

    It is an assumption that the line of a throttled request has the route, whose limit it is.
    """
    yield Point(at, metric("AWS/ApiGateway", "Count", ApiId="<Api>"), (1,))
    if status >= 400:
        yield Point(at, metric("AWS/ApiGateway", f"{status // 100}xx", ApiId="<Api>"), (1,))
    yield from metrics(template, at, line(template, routeKey="POST /zstack", status=str(status)))


def of_the_function(answer: Answer) -> bool:
    """Whether the relay answered. API Gateway itself answers if Lambda has no answer for it."""
    try:
        return answer.json().keys() & {"error", "alerts"} != set()
    except (ValueError, AttributeError):
        return False


def counts(queue: Queue) -> tuple[int, int]:
    """Real: how many messages are visible, and in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = queue._sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=names)["Attributes"]
    visible, in_flight = (int(attributes[name]) for name in names)
    return visible, in_flight
