"""The evaluator of alarms itself: the CloudWatch guide's examples, and what it refuses."""

from typing import Any

import pytest
from deployed import OPTIONS, Deployed
from evaluator import ALARM, INSUFFICIENT, OK, Alarm, Point, Series, metric

ERRORS = metric("app", "Errors", Function="f")
LEVELS = {"0": 0.0, "X": 9.0, "-": None}
STATES = {"o": OK, "A": ALARM, "I": INSUFFICIENT, "=": "the one before"}


def alarm(**properties: Any) -> Alarm:
    """An alarm on the errors of a minute, or with other properties."""
    return Alarm(
        {
            "AlarmName": "it",
            "Namespace": "app",
            "MetricName": "Errors",
            "Dimensions": [{"Name": "Function", "Value": "f"}],
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "TreatMissingData": "notBreaching",
        }
        | properties
    )


def stat(identity: str, name: str, stat: str = "Sum", period: int = 60) -> dict[str, Any]:
    """A metric for an expression."""
    of = {"Namespace": "app", "MetricName": name, "Dimensions": [{"Name": "Function", "Value": "f"}]}
    return {"Id": identity, "ReturnData": False, "MetricStat": {"Metric": of, "Stat": stat, "Period": period}}


def of_expression(expression: str, *stats: dict[str, Any], **properties: Any) -> Alarm:
    """An alarm on an expression."""
    return Alarm(
        {
            "AlarmName": "it",
            "Metrics": [{"Id": "shown", "Expression": expression}, *stats],
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0,
            "TreatMissingData": "notBreaching",
        }
        | properties
    )


def errors(*times: float, late: float = 0, of: str = "Errors", value: float = 1) -> list[Point]:
    """One error at each of these seconds."""
    return [Point(at, metric("app", of, Function="f"), (value,), late=late) for at in times]


@pytest.mark.parametrize(
    ("breaching", "points", "expected"),
    [
        # "alarms-and-missing-data": 3 of 3, with five points read. In the order of TREATMENTS.
        (3, "0-X-X", "oooo"),
        (3, "0----", "oooo"),
        (3, "-----", "I=Ao"),
        (3, "0XX-X", "AAAA"),
        (3, "----X", "I=Ao"),
        (3, "X----", "A=Ao"),
        # What the guide says of such a "premature" alarm, with a second point.
        (3, "X---X", "A=Ao"),
        # 2 of 3.
        (2, "0-X-X", "AAAA"),
        (2, "00X0X", "AAAA"),
        (2, "0-X--", "ooAo"),
        (2, "----0", "ooAo"),
        (2, "----X", "I=Ao"),
    ],
)
def test_examples_of_the_guide(breaching: int, points: str, expected: str):
    """Whichever way missing data is treated, and whatever the state was."""
    series: Series = [LEVELS[it] for it in points]
    for treatment, letter in zip(("missing", "ignore", "breaching", "notBreaching"), expected, strict=True):
        it = alarm(EvaluationPeriods=3, DatapointsToAlarm=breaching, TreatMissingData=treatment)
        for before in (OK, ALARM, INSUFFICIENT):
            after = before if letter == "=" else STATES[letter]
            assert it.judge(series, before) == after, (treatment, before)


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("Sum", 19), ("SampleCount", 4), ("Average", 4.75), ("Minimum", 2), ("Maximum", 9)],
)
def test_statistics(statistic: str, expected: float):
    """Of values with counts, in several lines."""
    points = [Point(1, ERRORS, (2, 9), (1, 1), late=0), Point(59, ERRORS, (4,), (2,), late=0)]
    assert alarm(Statistic=statistic).value(points, 60) == [None, None, expected]


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        ("GreaterThanThreshold", "9"),
        ("GreaterThanOrEqualToThreshold", "59"),
        ("LessThanThreshold", "1"),
        ("LessThanOrEqualToThreshold", "15"),
    ],
)
def test_comparisons(comparison: str, breaching: str):
    """With a threshold of 5."""
    it = alarm(ComparisonOperator=comparison, Threshold="5")
    assert {level for level in "159" if it.judge([float(level)], OK) == ALARM} == set(breaching)


def test_a_window_ends_now_and_not_with_its_period():
    """Five tries over a boundary of five minutes are in one window, which ends when the first is too old."""
    it = alarm(Period=300, Threshold=5, ComparisonOperator="GreaterThanOrEqualToThreshold")
    tries = errors(298, 299, 300, 301, 302)
    assert it.value(tries, 300) == [None, None, 2]
    assert it.value(tries, 360) == [None, None, 5]
    assert it.value(tries, 540) == [None, None, 5]
    assert it.value(tries, 600) == [None, 2, 3]
    # The window has its beginning and not its end.
    assert it.value(errors(300), 300) == [None, None, None]
    assert it.value(errors(300), 600) == [None, None, 1]


def test_a_metric_with_other_dimensions_is_another_one():
    """CloudWatch does not add up over dimensions."""
    others = [
        Point(0, metric("app", "Errors", Function="f", Outcome="Failed"), (1,), late=0),
        Point(0, metric("app", "Errors", Function="g"), (1,), late=0),
        Point(0, metric("app", "Errors"), (1,), late=0),
        Point(0, metric("other", "Errors", Function="f"), (1,), late=0),
        Point(0, metric("app", "Error", Function="f"), (1,), late=0),
    ]
    assert alarm().value(others, 60) == [None, None, None]


def test_a_metric_counts_when_it_can_be_read():
    """By default a minute after its time."""
    points = [Point(10, ERRORS, (1,))]
    assert alarm(Period=300).changes(points, 600) == [(120, ALARM)]
    assert alarm(Period=300).changes(errors(10), 600) == [(60, ALARM)]


def test_m_out_of_n():
    """Two of three minutes, not one after the other; a single one raises nothing."""
    it = alarm(EvaluationPeriods=3, DatapointsToAlarm=2)
    zeros = errors(*range(30, 600, 60), value=0)
    assert it.changes([*errors(70, 190), *zeros], 600) == [(240, ALARM), (300, OK)]
    assert it.changes([*errors(70), *zeros], 600) == []


def test_sparse_points_keep_an_alarm_unless_they_are_filled():
    """The older points that are read hold it for ten more minutes: a second incident is silent."""
    incidents = errors(10, 10 + 12 * 60)
    stat_ = stat("m", "Errors", period=300)
    assert of_expression("FILL(m, 0)", stat_).changes(incidents, 1500) == [
        (60, ALARM),
        (360, OK),
        (780, ALARM),
        (1080, OK),
    ]
    assert alarm(Period=300).changes(incidents, 1500) == [(60, ALARM)]


def test_missing_data_that_is_ignored_keeps_the_state():
    """For as long as nothing comes."""
    errors_then_none = errors(10)
    assert alarm(TreatMissingData="ignore").changes(errors_then_none, 3600) == [(60, ALARM)]


def test_fill_hides_a_minute_that_comes_late():
    """As the guide warns: with a period of a minute, the latest point is always the filler."""
    points = errors(*range(0, 600, 20), late=80)
    minute = stat("m", "Errors")
    assert of_expression("FILL(m, 0)", minute).changes(points, 600) == []
    two_of_three = of_expression("FILL(m, 0)", minute, EvaluationPeriods=3, DatapointsToAlarm=2)
    assert two_of_three.changes(points, 600) == [(180, ALARM)]


def test_expressions():
    """Those that the template uses."""
    a, b = stat("a", "A"), stat("b", "B", "Maximum")
    points = [*errors(0, 61, of="A"), *errors(0, 1, 121, of="B", value=2)]
    for expression, expected in [
        ("FILL(a, 0) + FILL(b, 0)", [3, 1, 2]),
        ("FILL(a, 5)", [1, 1, 5]),
        ("FILL(b, REPEAT)", [2, 2, 2]),
        ("SUM(METRICS())", [3, 1, 2]),
        ("a", [1, 1, None]),
    ]:
        assert of_expression(expression, a, b).value(points, 180) == expected, expression
    assert of_expression("SUM(METRICS())", a, b).value([], 180) == [None, None, None]
    assert of_expression("FILL(a, REPEAT)", a).value(errors(61, of="A"), 180) == [None, 1, 1]
    assert of_expression("a + b", a, b).value([], 180) == [None, None, None]


def test_missing_data_that_is_breaching_is_late_unless_it_is_filled():
    """An alarm on two checks, one every 15 minutes: raised an hour after the last one, or half an hour."""
    checks = errors(*range(0, 7201, 900))
    two = {"EvaluationPeriods": 2, "TreatMissingData": "breaching"}
    two |= {"ComparisonOperator": "LessThanThreshold", "Threshold": 1}
    # The last check is not breaching. It counts until it is older than all four points that are read.
    assert alarm(Period=900, **two).changes(checks, 14400, since=3600) == [(7200 + 61 * 60, ALARM)]
    filled = of_expression("FILL(m, 0)", stat("m", "Errors", period=900), **two)
    assert filled.changes(checks, 14400, since=3600) == [(7200 + 31 * 60, ALARM)]


@pytest.mark.parametrize(
    "expression", ["a + b", "AVG(METRICS())", "a - a", "IF(a > 0, 1, 0)", "SUM(a)", "FILL(a, b)"]
)
def test_what_it_does_not_know_is_refused(expression: str):
    """The sum of a value and a missing one, too: AWS's guide and its users disagree on it."""
    it = of_expression(expression, stat("a", "A"), stat("b", "B"))
    with pytest.raises(NotImplementedError):
        it.value(errors(0, of="A"), 60)


@pytest.mark.parametrize(
    "properties",
    [
        {"ExtendedStatistic": "p99"},
        {"Unit": "Count"},
        {"EvaluateLowSampleCountPercentile": "ignore"},
        {"Statistic": "p99"},
        {"ComparisonOperator": "GreaterThanUpperThreshold"},
        {"TreatMissingData": "no"},
        {"Period": 10},
    ],
)
def test_properties_that_it_does_not_know_are_refused(properties: dict[str, Any]):
    """They would change the result."""
    with pytest.raises((AssertionError, KeyError)):
        alarm(**properties)


def test_every_alarm_of_the_template_is_understood():
    """With every option, and without queues. Without any metric, those are raised that miss something."""
    for parameters in (OPTIONS, OPTIONS | {"RetryQueue": "disabled"}):
        alarms = Deployed(**parameters).of_type("AWS::CloudWatch::Alarm").values()
        raised = {it.name for it in map(Alarm, alarms) if it.changes([], 3600)}
        assert raised == {it["AlarmName"] for it in alarms if it["TreatMissingData"] == "breaching"}
        assert "zf-heartbeat" in raised
