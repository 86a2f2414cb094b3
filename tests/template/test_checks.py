"""The self-check and the self-test: who invokes the relay, how often, and with what."""

import json
import re

import pytest
from deployed import ACCOUNT, OPTIONS, PARTITIONS, Deployed, source
from evaluator import Alarm, Point
from local import ROOT

OF_BOTH = ("CheckInvocations", "CheckRole")
UNIT = {"SelfCheckMinutes": 60, "SelfTestHours": 3600}
"""In seconds."""


def schedule(description: str, expression: str, check: str) -> dict:
    """A whole schedule."""
    return {
        "Description": description,
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "<Relay.Arn>",
            "RoleArn": "<CheckRole.Arn>",
            "Input": json.dumps({"zstack-flashduty": check}),
            "RetryPolicy": {"MaximumRetryAttempts": 0},
        },
    }


def test_the_scheduler_invokes_the_relay_and_does_not_try_again():
    """Neither does Lambda: a check that comes late says nothing."""
    stack = Deployed(SelfCheckMinutes="5", SelfTestHours="24")
    schedules = stack.of_type("AWS::Scheduler::Schedule")
    descriptions = {name: it["Description"] for name, it in schedules.items()}
    assert schedules == {
        "SelfCheck": schedule(descriptions["SelfCheck"], "rate(5 minutes)", "self-check"),
        "SelfTest": schedule(descriptions["SelfTest"], "rate(24 hours)", "self-test"),
    }
    assert all(len(it) <= 512 for it in descriptions.values())
    assert stack.properties["CheckInvocations"] == {
        "FunctionName": "<Relay>",
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 0,
        "MaximumEventAgeInSeconds": 60,
    }


def test_the_events_are_those_that_the_relay_knows():
    """Its source has the same words."""
    text = (ROOT / "src/check/event.rs").read_text().split("#[cfg(test)]")[0]
    [member] = re.findall(r'const MEMBER: &str = "(.*)";', text)
    words = set(re.findall(r'Self::Self\w+ => "(.*)"', text))
    schedules = Deployed(**OPTIONS).of_type("AWS::Scheduler::Schedule").values()
    events = [json.loads(it["Target"]["Input"]) for it in schedules]
    assert {frozenset(it) for it in events} == {frozenset([member])}
    assert {it[member] for it in events} == words


@pytest.mark.parametrize("region", PARTITIONS)
def test_the_schedulers_role_may_only_invoke_the_relay(region: str):
    """And only the scheduler of this account has it."""
    stack = Deployed(region, **OPTIONS)
    role = stack.properties["CheckRole"]
    assert role["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    ]
    assert list(stack.statements("CheckRole").values()) == [
        {"Sid": "Check", "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "<Relay.Arn>"}
    ]


@pytest.mark.parametrize("minutes", ["0", "15"])
@pytest.mark.parametrize("hours", ["0", "6"])
@pytest.mark.parametrize("queue", ["enabled", "disabled"])
def test_zero_is_off(minutes: str, hours: str, queue: str):
    """Nothing of it is deployed then, not even an alarm."""
    stack = Deployed(SelfCheckMinutes=minutes, SelfTestHours=hours, RetryQueue=queue)
    check, test = minutes != "0", hours != "0"
    for name, expected in {
        "SelfCheck": check,
        "SelfCheckAlarm": check,
        "SelfTest": test,
        "SelfTestAlarm": test,
        **dict.fromkeys(OF_BOTH, check or test),
    }.items():
        assert (name in stack.properties) == expected, name


def test_only_the_self_check_is_on_by_default():
    """A self-test makes an alert, so somebody has to want it."""
    assert list(Deployed().of_type("AWS::Scheduler::Schedule")) == ["SelfCheck"]


CHECKS = [(name, value) for name in UNIT for value in source()["Parameters"][name]["AllowedValues"] if value]


def alarm_on(parameter: str, value: int) -> tuple[dict, Alarm]:
    """The alarm on a check that is done this often."""
    name = {"SelfCheckMinutes": "SelfCheckAlarm", "SelfTestHours": "SelfTestAlarm"}[parameter]
    alarm = Deployed(**{parameter: str(value)}).properties[name]
    return alarm, Alarm(alarm)


@pytest.mark.parametrize(("parameter", "value"), CHECKS)
def test_cloudwatch_takes_the_alarm(parameter: str, value: int):
    """It can look back a day, or a week if the period is an hour or longer."""
    alarm, _ = alarm_on(parameter, value)
    period = alarm["Metrics"][1]["MetricStat"]["Period"]
    assert period % 60 == 0 and period <= 86_400
    assert period * alarm["EvaluationPeriods"] <= (604_800 if period >= 3600 else 86_400)
    unit = parameter.removeprefix("SelfCheck").removeprefix("SelfTest").lower()
    assert f" in a row, {value} {unit} apart," in alarm["AlarmDescription"]


@pytest.mark.parametrize(("parameter", "value"), CHECKS)
@pytest.mark.parametrize("bad", ["fails", "is missing"])
def test_an_alarm_waits_for_two_checks(parameter: str, value: int, bad: str):
    """One that does not pass raises none, whatever the second of its minute. Two in a row do."""
    between = value * UNIT[parameter]
    _, alarm = alarm_on(parameter, value)
    [(of, _)] = alarm.metrics.values()

    def changes(failures: int, second: int) -> list[tuple[float, str]]:
        passed = [0.0 if 10 <= number < 10 + failures else 1.0 for number in range(20)]
        written = [(number, it) for number, it in enumerate(passed) if it or bad == "fails"]
        points = [Point(number * between + second, of, (it,)) for number, it in written]
        return alarm.changes(points, 20 * between, since=9 * between)

    for second in (0, 20, 40, 59):
        assert changes(1, second) == []
        for failures in (2, 3):
            [(raised, _), (ended, state)] = changes(failures, second)
            assert 10 * between < raised <= 12 * between + 5 * 60
            assert state == "OK" and ended <= (12 + failures) * between + 5 * 60
