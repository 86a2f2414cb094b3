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
METRICS = {
    "<Relay>": BOTH | {"Failed", "Unauthorized", "SourceNotAllowed", "UnknownChannel"},
    "<Redeliver>": BOTH | {"Repeated"},
}
"""What each function writes."""

OF_THE_LOG = "Rejected"
"""What the metric filter of the access log writes, by ApiId."""

OF_CHECKS = {"SelfCheck", "SelfTest"}
"""What both functions write under the relay's name alone, 1 or 0."""

COUNTED_IN = {"<Relay>": "webhook", "<Redeliver>": "redelivery"}
"""In src/."""

OF_CALLS = {"CountPush": {"FlashdutyLatency", "Attempts"}, "CountDelivery": {"Delivered", "AgeAtDelivery"}}
"""What the methods of `Tally` count."""

KNOWN = {
    OWN: ("Function", METRICS["<Relay>"] | METRICS["<Redeliver>"]),
    "AWS/Lambda": (
        "FunctionName",
        {"Errors", "Throttles", "Duration", "ConcurrentExecutions", "Invocations"},
    ),
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
    dimension = "ApiId" if name == OF_THE_LOG else KNOWN[namespace][0]
    dimensions = [{"Name": dimension, "Value": value}]
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


def filled(*identities: str) -> str:
    """The sum of metrics, with zeros where there is no data, so that an alarm ends when its cause does."""
    return " + ".join(f"FILL({it}, 0)" for it in identities)


FIVE = {"ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 5, "EvaluationPeriods": 1}
"""ZStack's tries of one message."""
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
        "Threshold": 120,
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
            shown("failures", "Alerts refused or failed", filled("refused", "failed", "refused_later")),
            hidden("refused", "Sum", 300, metric(OWN, "Refused", "<Relay>")),
            hidden("failed", "Sum", 300, metric(OWN, "Failed", "<Relay>")),
            hidden("refused_later", "Sum", 300, metric(OWN, "Refused", "<Redeliver>")),
        ],
        **ABOVE,
        **QUIET,
    },
    "UnauthorizedAlarm": {
        "AlarmName": "zf-unauthorized",
        "Metrics": [
            shown("rejected", "Requests without the right token", filled("unauthorized")),
            hidden("unauthorized", "Sum", 300, metric(OWN, "Unauthorized", "<Relay>")),
        ],
        **FIVE,
        **QUIET,
    },
    "SettingsErrorsAlarm": {
        "AlarmName": "zf-settings-errors",
        "Metrics": [
            shown("failures", "Reads of the settings that failed", filled("relay", "redeliver")),
            hidden("relay", "Sum", 300, metric(OWN, "SettingsErrors", "<Relay>")),
            hidden("redeliver", "Sum", 300, metric(OWN, "SettingsErrors", "<Redeliver>")),
        ],
        **ABOVE,
        **QUIET,
    },
    "FunctionFailuresAlarm": {
        "AlarmName": "zf-function-failures",
        "Metrics": [
            shown(
                "failures",
                "Errors and throttles",
                filled("errors", "throttles", "redeliver_errors", "redeliver_throttles"),
            ),
            hidden("errors", "Sum", 300, metric("AWS/Lambda", "Errors", "<Relay>")),
            hidden("throttles", "Sum", 300, metric("AWS/Lambda", "Throttles", "<Relay>")),
            hidden("redeliver_errors", "Sum", 300, metric("AWS/Lambda", "Errors", "<Redeliver>")),
            hidden("redeliver_throttles", "Sum", 300, metric("AWS/Lambda", "Throttles", "<Redeliver>")),
        ],
        **ABOVE,
        **QUIET,
    },
    "ApiRejectionsAlarm": {
        "AlarmName": "zf-api-4xx",
        "Metrics": [
            shown("rejections", "Requests to the webhook answered 4xx", filled("rejected")),
            hidden("rejected", "Sum", 300, metric(OWN, OF_THE_LOG, "<Api>")),
        ],
        **FIVE,
        **QUIET,
    },
    "ApiErrorsAlarm": {
        "AlarmName": "zf-api-5xx",
        "Metrics": [
            shown("failures", "Requests answered 5xx", filled("errors")),
            hidden("errors", "Sum", 300, metric("AWS/ApiGateway", "5xx", "<Api>")),
        ],
        **ABOVE,
        **QUIET,
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
MISSED = {"ComparisonOperator": "LessThanThreshold", "Threshold": 1, "TreatMissingData": "breaching"}
ALARMS |= {
    "SelfCheckAlarm": {
        "AlarmName": "zf-self-check",
        "Metrics": [
            shown("passed", "Whether the self-check passed", filled("self_check")),
            hidden("self_check", "Minimum", 1020, metric(OWN, "SelfCheck", "<Relay>")),
        ],
        **MISSED,
        "EvaluationPeriods": 2,
    },
    "SelfTestAlarm": {
        "AlarmName": "zf-self-test",
        "Metrics": [
            shown("passed", "Whether the self-test passed", filled("self_test")),
            hidden("self_test", "Minimum", 21_660, metric(OWN, "SelfTest", "<Relay>")),
        ],
        **MISSED,
        "EvaluationPeriods": 4,
    },
}
ACTIONS = {"AlarmActions": ["<AlarmTopic>"], "OKActions": ["<AlarmTopic>"]}
OF_QUEUES = {"DeadLettersAlarm", "OldestAlertAlarm", "RetryQueueAlarm"}
OPTIONAL = {"HeartbeatAlarm", "SelfTestAlarm"}
"""What is off by default."""


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
    if (namespace, name) == (OWN, OF_THE_LOG):
        return (dimension, value) == ("ApiId", "<Api>")
    if namespace == OWN and name in OF_CHECKS:
        return (dimension, value) == ("Function", "<Relay>")
    known, names = KNOWN[namespace]
    return dimension == known and name in (METRICS[value] if namespace == OWN else names)


def test_each_alarm_watches_what_it_says():
    """Whole alarms; all of them tell of both the beginning and the end."""
    alarms = Deployed(**OPTIONS).of_type("AWS::CloudWatch::Alarm")
    for alarm in alarms.values():
        del alarm["AlarmDescription"]
    assert alarms == {name: alarm | ACTIONS for name, alarm in ALARMS.items()}


def test_each_description_says_what_to_do_first():
    """In one sentence, with the alarm's section of the runbook; CloudWatch takes 1,024 characters."""
    alarms = Deployed(**OPTIONS).of_type("AWS::CloudWatch::Alarm")
    assert len(alarms) == len(ALARMS)
    for alarm in alarms.values():
        text, name = alarm["AlarmDescription"], alarm["AlarmName"].removeprefix("zf-")
        assert len(re.findall(r"(?<=\. )First [^.]+\.", text)) == 1, text
        assert text.endswith(f" Runbook: docs/runbook.md#{name}")
        assert f"\n### {name}\n" in (ROOT / "docs/runbook.md").read_text()
        assert len(text) <= 1024


def test_metrics_that_are_not_written_when_they_are_zero_are_filled():
    """Those of queues are written every minute, as long as a queue is in use."""
    for name, alarm in Deployed(**OPTIONS).of_type("AWS::CloudWatch::Alarm").items():
        sparse = [
            it["Id"]
            for it in alarm.get("Metrics", [])
            if "MetricStat" in it and it["MetricStat"]["Metric"]["Namespace"] != "AWS/SQS"
        ]
        assert sparse or alarm.get("Namespace") == "AWS/SQS" or name == "RetryQueueAlarm"
        if sparse:
            assert alarm["Metrics"][0]["Expression"] == filled(*sparse)


def test_without_queues_alarms_watch_the_relay_alone():
    """The rest of each sum stays what it was."""
    alarms = Deployed(RetryQueue="disabled").of_type("AWS::CloudWatch::Alarm")
    assert alarms.keys() == ALARMS.keys() - OF_QUEUES - OPTIONAL
    relay_alone = {
        "DeliveryFailuresAlarm": ("refused", "failed"),
        "FunctionFailuresAlarm": ("errors", "throttles"),
        "SettingsErrorsAlarm": ("relay",),
    }
    for name, left in relay_alone.items():
        first, *rest = ALARMS[name]["Metrics"]
        assert alarms[name]["Metrics"] == [first | {"Expression": filled(*left)}, *rest[: len(left)]]


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
    assert seen - {OF_THE_LOG} == METRICS["<Relay>"] - (set() if queue == "enabled" else {"Queued"})
    assert OF_THE_LOG in seen


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
