"""Builds ZStack's message from its record (docs/protocols/zstack.md, "Resource alarm" and "Event alarm").

The record has raw values where the message has units, and no address, cluster or previous state. What is
missing is left out. Alert key, status and severity are those of the original message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .records import Record

REVERSE = {
    "GreaterThan": "LessThanOrEqualTo",
    "GreaterThanOrEqualTo": "LessThan",
    "LessThan": "GreaterThanOrEqualTo",
    "LessThanOrEqualTo": "GreaterThan",
}

UNKNOWN = "-"
"""ZStack's word for what it does not know."""


def body(record: Record, names: Mapping[str, tuple[str, str]]) -> bytes:
    """The body of the request."""
    message = alarm(record, names) if record.kind == "alarm" else event(record, names)
    # ZStack leaves out what is null.
    told = {name: value for name, value in message.items() if value is not None}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def alarm(record: Record, names: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """A resource alarm."""
    row, (name, kind) = record.row, names.get(record.resource, (UNKNOWN, None))
    return {
        "ALARM_NAME": row.get("alarmName"),
        "ALARM_UUID": record.rule,
        "ALARM_NAMESPACE": row.get("namespace"),
        "ALARM_METRIC": row.get("metricName"),
        "ALARM_COMPARISON_OPERATOR": row.get("comparisonOperator"),
        "ALARM_COMPARISON_OPERATOR_REVERSE": REVERSE.get(str(row.get("comparisonOperator"))),
        "ALARM_THRESHOLD": row.get("threshold"),
        "ALARM_CURRENT_VALUE": row.get("metricValue"),
        "ALARM_DURATION": row.get("period"),
        "ALARM_LABELS": row.get("labels") or None,
        # A recovery always follows an alarm. What was before an alarm is not recorded.
        "ALARM_PREVIOUS_STATUS": "Alarm" if row.get("alarmStatus") == "OK" else None,
        "ALARM_CURRENT_STATUS": row.get("alarmStatus"),
        "ALARM_EMERGENCY_LEVEL": record.level,
        "ALARM_TIME": record.at,
        "ALARM_RESOURCE_TYPE": kind or None,
        "ALARM_RESOURCE_ID": record.resource or UNKNOWN,
        "ALARM_RESOURCE_NAME": name,
        "ALARM_ACCOUNT_UUID": row.get("accountUuid"),
        "ALARM_DATA_UUID": row.get("dataUuid"),
    }


def event(record: Record, names: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """An event alarm."""
    row, (name, _) = record.row, names.get(record.resource, (None, None))
    at = datetime.fromtimestamp(record.at / 1000, timezone.utc)
    return {
        "EVENT_NAME": record.name,
        "EVENT_NAMESPACE": row.get("namespace"),
        "EVENT_LABELS": record.labels,
        "EVENT_EMERGENCY_LEVEL": record.level or None,
        "EVENT_RESOURCE_ID": record.resource or None,
        "EVENT_RESOURCE_NAME": name,
        # A failure of ZStack's, which replaces the labels. An empty one would mean that there was none.
        "EVENT_ERROR": row.get("error") or None,
        # In ZStack's own message: in the format and the time zone of its server, which nobody can know here.
        "EVENT_TIME": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "EVENT_SUBSCRIPTION_UUID": record.rule,
        "EVENT_ACCOUNT_UUID": row.get("accountUuid"),
        "EVENT_DATA_UUID": row.get("dataUuid"),
    }
