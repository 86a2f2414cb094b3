"""Metrics and log lines of the functions."""

from __future__ import annotations

import json
import time
from contextlib import suppress

from .aws import AwsError, seconds, utc
from .doctor import Doctor
from .findings import Failure

MOST_LINES = 500
"""Enough to count them."""


def points(
    doctor: Doctor, namespace: str, metric: str, dimension: str, function: str, since: float
) -> dict[float, float]:
    """The sums of a metric by minute, since the minute of a time."""
    answer = doctor.aws.call(
        "cloudwatch",
        "get-metric-statistics",
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": dimension, "Value": function}],
        StartTime=utc(since // 60 * 60),
        EndTime=utc(time.time() + 60),
        Period=60,
        Statistics=["Sum"],
    )
    return {seconds(it["Timestamp"]): it["Sum"] for it in answer["Datapoints"]}


def received(doctor: Doctor, since: float) -> float:
    """How many alerts the relay counted since the minute of a time."""
    metric = ("zstack-flashduty", "Received", "Function")
    return sum(points(doctor, *metric, doctor.stack.resources["Relay"], since).values())


def lines(
    doctor: Doctor, logical_id: str, since: float, *levels: str, most: int | None = None
) -> tuple[list[tuple[float, str]], bool]:
    """Times and messages of the lines of these levels since a time, oldest first, and whether there are more.

    CloudWatch begins with the oldest, so those that `most` leaves out are the newest.
    """
    pattern = " || ".join(f'($.level = "{level}")' for level in levels)
    limit = ("--max-items", str(most)) if most else ()
    answer = doctor.aws.call(
        *("logs", "filter-log-events", *limit),
        logGroupName=doctor.stack.resources[logical_id],
        startTime=int(since * 1000),
        filterPattern=f"{{ {pattern} }}",
    )
    found = []
    for event in answer.get("events", []):
        with suppress(ValueError, AttributeError):
            said = json.loads(event["message"])
            if said.get("level") in levels:
                text = said.get("message") or said.get("errorMessage") or ""
                found.append((event["timestamp"] / 1000, text))
    return sorted(found), "NextToken" in answer


def last_line(doctor: Doctor, logical_id: str, since: float, level: str) -> tuple[str, float, str] | None:
    """How many lines of this level there are since a time, and the time and message of the last one."""
    found, more = lines(doctor, logical_id, since, level, most=MOST_LINES)
    if not found:
        return None
    count, seconds_back = f"{len(found)}{'+' * more}", 60
    while more:
        newest, _ = lines(doctor, logical_id, max(since, time.time() - seconds_back), level)
        # Nothing at all: they have been deleted meanwhile.
        found, more = newest or found, not newest and time.time() - seconds_back > since
        seconds_back *= 2
    return count, *found[-1]


def last_words(doctor: Doctor) -> str:
    """What the relay logged last about a trouble, as advice; empty if it cannot be seen."""
    with suppress(AwsError, Failure, KeyError):
        for _ in range(3):
            found, _ = lines(doctor, "RelayLogs", time.time() - 120, "ERROR", "WARN")
            # Our own wrong token is no trouble.
            found = [words for _, words in found if "webhook token is wrong" not in words]
            if found:
                return doctor.say("relay_says", words=doctor.terminal.words(found[-1]))
            # Lines take a few seconds to arrive.
            time.sleep(1)
    return ""
