"""Alarms and the dashboard: a misnamed metric never fires, and shows an empty graph."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from deployed import ACCOUNT, OPTIONS, Deployed
from local import ROOT

OWN = "zstack-flashduty"
BOTH = {
    "Received",
    "Delivered",
    "Queued",
    "Refused",
    "Unreadable",
    "SettingsErrors",
    "FlashdutyLatency",
    "Attempts",
    "AgeAtDelivery",
}
METRICS = {"<Relay>": BOTH | {"Failed", "Unauthorized"}, "<Redeliver>": BOTH}
"""What each function writes."""

COUNTED_IN = {"<Relay>": "webhook", "<Redeliver>": "redelivery.rs"}
"""In src/."""

OF_CALLS = {"CountPush": {"FlashdutyLatency", "Attempts"}, "CountDelivery": {"Delivered", "AgeAtDelivery"}}
"""What the methods of `Tally` count."""

KNOWN = {
    OWN: ("Function", METRICS["<Relay>"] | METRICS["<Redeliver>"]),
    "AWS/Lambda": ("FunctionName", {"Errors", "Throttles", "Duration", "ConcurrentExecutions"}),
    # An HTTP API's; a REST API's are 4XXError and 5XXError, with ApiName.
    "AWS/ApiGateway": ("ApiId", {"Count", "4xx", "5xx"}),
    "AWS/SQS": (
        "QueueName",
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesVisible",
            "ApproximateNumberOfMessagesNotVisible",
        },
    ),
}
"""By namespace: the dimension, and the metrics that are written with it alone."""


def metric(namespace: str, name: str, value: str) -> dict[str, Any]:
    """One metric of one function, queue or API."""
    dimensions = [{"Name": KNOWN[namespace][0], "Value": value}]
    return {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}


def hidden(identity: str, stat: str, period: int, of: dict[str, Any]) -> dict[str, Any]:
    """A metric that an expression uses."""
    return {
        "Id": identity,
        "ReturnData": False,
        "MetricStat": {"Metric": of, "Stat": stat, "Period": period},
    }


def shown(identity: str, label: str, expression: str) -> dict[str, Any]:
    """An expression that an alarm watches."""
    return {"Id": identity, "Label": label, "Expression": expression}


ABOVE = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 0, "EvaluationPeriods": 1}
QUIET = {"TreatMissingData": "notBreaching"}
QUEUE = "<Retries.QueueName>"

ALARMS = {
    "DeadLettersAlarm": {
        "AlarmName": "zf-dead-letters",
        **metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "<DeadLetters.QueueName>"),
        **{"Statistic": "Maximum", "Period": 60, **ABOVE, **QUIET},
    },
    "OldestAlertAlarm": {
        "AlarmName": "zf-oldest-alert",
        **metric("AWS/SQS", "ApproximateAgeOfOldestMessage", QUEUE),
        **{"Statistic": "Maximum", "Period": 60, **ABOVE, **QUIET},
        # Seconds.
        "Threshold": 600,
    },
    "RetryQueueAlarm": {
        "AlarmName": "zf-retry-queue",
        "Metrics": [
            shown("waiting", "Alerts in the retry queue", "SUM(METRICS())"),
            hidden("visible", "Maximum", 60, metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", QUEUE)),
            hidden(
                "in_flight", "Maximum", 60, metric("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", QUEUE)
            ),
        ],
        **ABOVE,
        **QUIET,
        # Minutes, one after the other.
        "EvaluationPeriods": 10,
    },
    "DeliveryFailuresAlarm": {
        "AlarmName": "zf-delivery-failures",
        "Metrics": [
            shown("failures", "Alerts refused or failed", "SUM(METRICS())"),
            hidden("refused", "Sum", 300, metric(OWN, "Refused", "<Relay>")),
            hidden("failed", "Sum", 300, metric(OWN, "Failed", "<Relay>")),
            hidden("refused_later", "Sum", 300, metric(OWN, "Refused", "<Redeliver>")),
        ],
        **ABOVE,
        **QUIET,
    },
    "UnauthorizedAlarm": {
        "AlarmName": "zf-unauthorized",
        **metric(OWN, "Unauthorized", "<Relay>"),
        **{"Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1, **QUIET},
        **{"ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 50},
    },
    "FunctionFailuresAlarm": {
        "AlarmName": "zf-function-failures",
        "Metrics": [
            shown("failures", "Errors and throttles", "SUM(METRICS())"),
            hidden("errors", "Sum", 300, metric("AWS/Lambda", "Errors", "<Relay>")),
            hidden("throttles", "Sum", 300, metric("AWS/Lambda", "Throttles", "<Relay>")),
            hidden("redeliver_errors", "Sum", 300, metric("AWS/Lambda", "Errors", "<Redeliver>")),
            hidden("redeliver_throttles", "Sum", 300, metric("AWS/Lambda", "Throttles", "<Redeliver>")),
        ],
        **ABOVE,
        **QUIET,
    },
    "ApiErrorsAlarm": {
        "AlarmName": "zf-api-5xx",
        **metric("AWS/ApiGateway", "5xx", "<Api>"),
        **{"Statistic": "Sum", "Period": 300, **ABOVE, **QUIET},
    },
    "HeartbeatAlarm": {
        "AlarmName": "zf-heartbeat",
        "Metrics": [
            shown("heartbeat", "Alerts received in an hour", "FILL(received, 0)"),
            hidden("received", "Sum", 3600, metric(OWN, "Received", "<Relay>")),
        ],
        **{"ComparisonOperator": "LessThanThreshold", "Threshold": 1, "EvaluationPeriods": "24"},
        "TreatMissingData": "breaching",
    },
}
ACTIONS = {"AlarmActions": ["<AlarmTopic>"], "OKActions": ["<AlarmTopic>"]}
OF_QUEUES = {"DeadLettersAlarm", "OldestAlertAlarm", "RetryQueueAlarm"}


@pytest.mark.parametrize("function", METRICS)
def test_the_metrics_are_those_that_the_source_counts(function: str):
    """One that is never counted is never there, and an alarm on it never fires."""
    path = ROOT / "src" / COUNTED_IN[function]
    files = sorted(path.rglob("*.rs")) if path.is_dir() else [path]
    text = "".join(file.read_text().split("#[cfg(test)]")[0] for file in files)
    counted = set()
    for word in re.findall(r"\btally\.(\w+)(?: \+= |\()", text):
        name = "".join(part.title() for part in word.split("_"))
        counted |= OF_CALLS.get(name, {name})
    assert counted == METRICS[function]


def test_alarms_watch_metrics_that_exist():
    """Each of a function that writes it."""
    for name, alarm in Deployed(**OPTIONS).of_type("AWS::CloudWatch::Alarm").items():
        watched = [it["MetricStat"]["Metric"] for it in alarm.get("Metrics", []) if "MetricStat" in it]
        for it in watched or [alarm]:
            [dimension] = it["Dimensions"]
            assert exists(it["Namespace"], it["MetricName"], dimension["Name"], dimension["Value"]), name


def exists(namespace: str, name: str, dimension: str, value: str) -> bool:
    """Whether somebody writes it, with this dimension alone."""
    known, names = KNOWN[namespace]
    return dimension == known and name in (METRICS[value] if namespace == OWN else names)


def test_each_alarm_watches_what_it_says():
    """Whole alarms; all of them tell of both the beginning and the end."""
    alarms = Deployed(**OPTIONS).of_type("AWS::CloudWatch::Alarm")
    for alarm in alarms.values():
        assert alarm.pop("AlarmDescription")
    assert alarms == {name: alarm | ACTIONS for name, alarm in ALARMS.items()}


def test_without_queues_alarms_watch_the_relay_alone():
    """The rest of each sum stays what it was."""
    alarms = Deployed(RetryQueue="disabled").of_type("AWS::CloudWatch::Alarm")
    assert alarms.keys() == ALARMS.keys() - OF_QUEUES - {"HeartbeatAlarm"}
    for name in ("DeliveryFailuresAlarm", "FunctionFailuresAlarm"):
        assert alarms[name]["Metrics"] == ALARMS[name]["Metrics"][:3]


def test_alarms_are_what_cloudwatch_can_evaluate():
    """One value for each alarm, of no longer ago than it looks back: a day, or a week by hours."""
    for alarm in Deployed(**OPTIONS, RetryQueue="enabled").of_type("AWS::CloudWatch::Alarm").values():
        metrics = alarm.get("Metrics", [])
        periods = {it["MetricStat"]["Period"] for it in metrics if "MetricStat" in it} or {alarm["Period"]}
        [period] = periods
        assert period % 60 == 0
        assert period * int(alarm["EvaluationPeriods"]) <= (604_800 if period >= 3600 else 86_400)
        if metrics:
            assert sum(it.get("ReturnData", True) for it in metrics) == 1
            names = [it["Id"] for it in metrics]
            assert len(set(names)) == len(names) <= 10
            assert all(name[0].islower() and name.replace("_", "").isalnum() for name in names)


def test_the_longest_heartbeat_is_within_what_cloudwatch_looks_back():
    """Its parameter's greatest value."""
    stack = Deployed(HeartbeatHours="168")
    alarm = stack.properties["HeartbeatAlarm"]
    assert int(alarm["EvaluationPeriods"]) * alarm["Metrics"][1]["MetricStat"]["Period"] <= 604_800


def test_alarms_reach_the_topic_and_nobody_else_does():
    """CloudWatch's alarms of this stack publish; without TLS nobody does. Mail needs an address."""
    stack = Deployed()
    assert stack.properties["AlarmTopic"] == {}
    assert stack.properties["AlarmTopicPolicy"] == {
        "Topics": ["<AlarmTopic>"],
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "AlarmsOfThisStack",
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudwatch.amazonaws.com"},
                    "Action": "sns:Publish",
                    "Resource": "<AlarmTopic>",
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": ACCOUNT},
                        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:zf-*"},
                    },
                },
                {
                    "Sid": "EncryptedTransportOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "sns:Publish",
                    "Resource": "<AlarmTopic>",
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
        },
    }
    assert "AlarmMail" not in stack.properties
    mail = Deployed(AlarmEmail="ops@example.com").properties["AlarmMail"]
    assert mail == {"TopicArn": "<AlarmTopic>", "Protocol": "email", "Endpoint": "ops@example.com"}


def test_a_topic_of_ones_own_takes_the_place_of_the_stacks():
    """For actions, mail and output. Its policy is its owner's."""
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:on-call"
    stack = Deployed(**OPTIONS, AlarmTopicArn=topic)
    assert not [name for name, kind in stack.types.items() if kind.startswith("AWS::SNS::Topic")]
    for alarm in stack.of_type("AWS::CloudWatch::Alarm").values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == ([topic], [topic])
    assert stack.properties["AlarmMail"]["TopicArn"] == topic
    assert stack.outputs["AlarmTopicArn"] == topic
    assert "<AlarmTopic" not in str(stack.properties) + str(stack.outputs)


def dashboard(**parameters: str) -> list[dict[str, Any]]:
    """The widgets."""
    stack = Deployed(**parameters)
    assert stack.properties["Dashboard"]["DashboardName"] == "zf"
    body = json.loads(stack.properties["Dashboard"]["DashboardBody"])
    assert body.keys() == {"widgets"}
    return body["widgets"]


def graphs(widgets: list[dict[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Title and line of every line in a graph."""
    for widget in widgets:
        for line in widget["properties"].get("metrics", []):
            yield widget["properties"]["title"], line


@pytest.mark.parametrize("queue", ["enabled", "disabled"])
def test_the_dashboard_shows_metrics_that_exist(queue: str):
    """All of our own, each with its dimension, and each line with a name of its own within its graph."""
    seen, names = set(), set()
    for title, (namespace, name, dimension, value, options) in graphs(dashboard(RetryQueue=queue)):
        assert exists(namespace, name, dimension, value), (namespace, name, value)
        assert (
            value
            in {
                "Function": ("<Relay>", "<Redeliver>"),
                "FunctionName": ("<Relay>", "<Redeliver>"),
                "ApiId": ("<Api>",),
                "QueueName": (QUEUE, "<DeadLetters.QueueName>"),
            }[dimension]
        )
        assert (title, options["label"]) not in names
        names.add((title, options["label"]))
        if namespace == OWN:
            seen.add(name)
    assert seen == METRICS["<Relay>"] - (set() if queue == "enabled" else {"Queued"})


@pytest.mark.parametrize(("queue", "last"), [("enabled", "What is stuck?"), ("disabled", "What is refused?")])
def test_the_dashboard_answers_the_questions(queue: str, last: str):
    """Are alerts arriving, are they delivered, how late, what is stuck, what is refused?"""
    titles = [widget["properties"]["title"] for widget in dashboard(RetryQueue=queue)]
    asked = [
        "Alarms",
        "Are alerts arriving?",
        "Are they delivered?",
        "How late are alerts delivered at once?",
        "What is refused?",
    ]
    assert [title for title in titles if title in [*asked, last]] == list(dict.fromkeys([*asked, last]))
    assert len(titles) == len(set(titles)) == (12 if queue == "enabled" else 8)


@pytest.mark.parametrize("queue", ["enabled", "disabled"])
def test_the_dashboard_fits(queue: str):
    """Within 24 columns, nothing upon anything else; graphs say region and statistic."""
    widgets = dashboard(RetryQueue=queue)
    for one, other in combinations(widgets, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        beneath = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or beneath, (one["properties"]["title"], other["properties"]["title"])
    for widget in widgets:
        assert widget["x"] + widget["width"] <= 24
        if widget["type"] == "metric":
            properties = widget["properties"]
            assert properties["region"] == "us-east-1"
            assert all("stat" in properties or "stat" in line[-1] for line in properties["metrics"])


@pytest.mark.parametrize("options", [{}, OPTIONS, {"RetryQueue": "disabled"}], ids=["", "all", "no-queue"])
def test_the_dashboard_shows_every_alarm(options: dict[str, str]):
    """That is there."""
    [alarms] = [it["properties"]["alarms"] for it in dashboard(**options) if it["type"] == "alarm"]
    there = Deployed(**options).of_type("AWS::CloudWatch::Alarm")
    assert sorted(alarms) == sorted(f"<{name}.Arn>" for name in there)
