"""What CloudWatch makes of the template's alarms, minute by minute.

The rules, and the pages of the CloudWatch user guide that they are from
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/):

- An alarm whose period is a minute or longer is evaluated every minute (AlarmThatSendsEmail.html).
- Its window ends at that minute. It is not aligned to its period (alarm-evaluation-window.html,
  `SlidingWindow`, the default).
- CloudWatch reads more data points than the alarm's evaluation periods. It uses the most recent ones that
  exist. It uses `TreatMissingData` only where too few exist (alarms-and-missing-data.html).
- FILL fills every point that is missing, also the latest one, whose data may still be on its way
  (using-metric-math.html).

These are assumptions, because AWS gives no figure:

- A metric can be read a minute after its time (`LATE`).
- CloudWatch reads two more points than the evaluation periods (`MORE`). The guide's examples read five for
  three.

What the template's alarms do not use is refused, so that no alarm is judged by half of its properties.
"""

import ast
import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

MINUTE = 60
LATE = 60
"""Seconds from the time of a metric until CloudWatch can read it."""
MORE = 2
"""How many points before the evaluation periods CloudWatch reads."""

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"

Series = list[float | None]
"""One value for each period, oldest first; None where there is no data."""

Metric = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name and dimensions. CloudWatch does not add up over dimensions."""


@dataclass(frozen=True)
class Point:
    """One metric as it is written once."""

    at: float
    """Seconds, from any beginning that is a whole minute."""
    metric: Metric
    values: tuple[float, ...]
    counts: tuple[float, ...] = ()
    """How often there was each value; by default once."""
    late: float = LATE

    def after(self, seconds: float) -> "Point":
        """The same, later."""
        return replace(self, at=self.at + seconds)

    @property
    def samples(self) -> list[tuple[float, float]]:
        """Each value with its count."""
        return list(zip(self.values, self.counts or [1.0] * len(self.values), strict=True))


def metric(namespace: str, name: str, **dimensions: str) -> Metric:
    """A metric with these dimensions, and no others."""
    return namespace, name, frozenset(dimensions.items())


STATISTICS: dict[str, Callable[[list[tuple[float, float]]], float]] = {
    "Sum": lambda samples: sum(value * count for value, count in samples),
    "SampleCount": lambda samples: sum(count for _, count in samples),
    "Average": lambda samples: (
        sum(value * count for value, count in samples) / sum(count for _, count in samples)
    ),
    "Minimum": lambda samples: min(value for value, _ in samples),
    "Maximum": lambda samples: max(value for value, _ in samples),
}

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}

SINGLE = {"Namespace", "MetricName", "Dimensions", "Statistic", "Period"}
"""Properties of an alarm on one metric without an expression."""

UNDERSTOOD = SINGLE | {
    *(
        "Metrics",
        "EvaluationPeriods",
        "DatapointsToAlarm",
        "ComparisonOperator",
        "Threshold",
        "TreatMissingData",
    ),
    *("AlarmName", "AlarmDescription", "AlarmActions", "OKActions"),
}


class Alarm:
    """An alarm with the properties of `AWS::CloudWatch::Alarm`, all references resolved."""

    def __init__(self, properties: dict[str, Any]):
        assert properties.keys() <= UNDERSTOOD, properties.keys() - UNDERSTOOD
        self.name: str = properties["AlarmName"]
        self.periods = int(properties["EvaluationPeriods"])
        self.breaching = int(properties.get("DatapointsToAlarm", self.periods))
        self.threshold = float(properties["Threshold"])
        self.compare = COMPARISONS[properties["ComparisonOperator"]]
        self.missing: str = properties.get("TreatMissingData", "missing")
        assert self.missing in ("breaching", "notBreaching", "ignore", "missing")
        if "Metrics" in properties:
            assert not properties.keys() & SINGLE
            queries = properties["Metrics"]
            [shown] = [it for it in queries if it.get("ReturnData", True)]
            self.expression = ast.parse(shown["Expression"], mode="eval").body
            stats = {it["Id"]: it["MetricStat"] for it in queries if it is not shown}
        else:
            of = {key: properties[key] for key in ("Namespace", "MetricName", "Dimensions")}
            stats = {"it": {"Metric": of, "Stat": properties["Statistic"], "Period": properties["Period"]}}
            self.expression = ast.parse("it", mode="eval").body
        [self.period] = {int(it["Period"]) for it in stats.values()}
        assert self.period % MINUTE == 0
        self.metrics = {name: (_metric(it["Metric"]), STATISTICS[it["Stat"]]) for name, it in stats.items()}

    def value(self, points: Iterable[Point], now: float) -> Series:
        """What the alarm watches, as CloudWatch can read it at this time: all periods that it looks at."""
        known = [point for point in points if point.at + point.late <= now]
        range_ = self.periods + MORE
        read = {}
        for name, (of, statistic) in self.metrics.items():
            samples: list[list[tuple[float, float]]] = [[] for _ in range(range_)]
            for point in known:
                # The window of a period has its beginning and not its end.
                back = math.ceil((now - point.at) / self.period)
                if point.metric == of and 1 <= back <= range_:
                    samples[-back] += point.samples
            read[name] = [statistic(it) if it else None for it in samples]
        return _evaluate(self.expression, read)

    def judge(self, series: Series, state: str) -> str:
        """The state after these values; `state` is the one before."""
        found = [(back, it) for back, it in enumerate(reversed(series), 1) if it is not None]
        beyond = [back for back, it in found if self.compare(it, self.threshold)]
        if len(found) >= self.periods:
            recent = {back for back, _ in found[: self.periods]}
            return ALARM if len(recent.intersection(beyond)) >= self.breaching else OK
        count = len(beyond)
        if self.missing == "breaching":
            count += self.periods - len(found)
        if count >= self.breaching:
            return ALARM
        if self.missing in ("breaching", "notBreaching") or len(found) > len(beyond):
            return OK
        if self.missing == "ignore":
            return state
        # All that exists is beyond the threshold, and it began long enough ago.
        return ALARM if beyond and beyond[-1] >= self.breaching else INSUFFICIENT

    def states(self, points: Iterable[Point], until: float, since: float = 0) -> list[tuple[float, str]]:
        """The state at each whole minute after `since`, where it is OK."""
        relevant = {of for of, _ in self.metrics.values()}
        points = [point for point in points if point.metric in relevant]
        state, states = OK, []
        for minute in range(int(since // MINUTE) + 1, int(until // MINUTE) + 1):
            state = self.judge(self.value(points, minute * MINUTE), state)
            states.append((minute * MINUTE, state))
        return states

    def changes(self, points: Iterable[Point], until: float, since: float = 0) -> list[tuple[float, str]]:
        """When the state became another one: each sends a message."""
        states = [(since, OK), *self.states(points, until, since)]
        return [next(group) for _, group in groupby(states, key=lambda it: it[1])][1:]


def _metric(of: dict[str, Any]) -> Metric:
    dimensions = {it["Name"]: it["Value"] for it in of["Dimensions"]}
    return metric(of["Namespace"], of["MetricName"], **dimensions)


def _evaluate(node: ast.expr, read: dict[str, Series]) -> Series:
    """The value of an expression. Its syntax is a part of Python's."""
    match node:
        case ast.Name(name):
            return read[name]
        case ast.BinOp(left, ast.Add(), right):
            return [
                _add(one, other)
                for one, other in zip(*(_evaluate(it, read) for it in (left, right)), strict=True)
            ]
        case ast.Call(ast.Name("FILL"), [series, ast.Constant(filler)]):
            return [filler if it is None else it for it in _evaluate(series, read)]
        case ast.Call(ast.Name("FILL"), [series, ast.Name("REPEAT")]):
            return _repeat(_evaluate(series, read))
        case ast.Call(ast.Name("SUM"), [ast.Call(ast.Name("METRICS"), [])]):
            return [_sum(values) for values in zip(*read.values(), strict=True)]
    raise NotImplementedError(ast.unparse(node))


def _add(one: float | None, other: float | None) -> float | None:
    """The sum. The guide says that a missing value counts as 0. Its users report that the sum is missing."""
    if (one is None) != (other is None):
        raise NotImplementedError("the sum of a value and a missing one: use FILL")
    return None if one is None or other is None else one + other


def _sum(values: tuple[float | None, ...]) -> float | None:
    found = [it for it in values if it is not None]
    return sum(found) if found else None


def _repeat(series: Series) -> Series:
    last, filled = None, []
    for it in series:
        last = it if it is not None else last
        filled.append(last)
    return filled
