"""What ZStack remembers: its records of alarms and events, and the rules that made them.

ZStack writes a record for each message of each enabled rule, delivered or not. A record has the ids of the
message, its raw values, and no names.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


class Unreadable(Exception):
    """A row that is not a record as this version knows it. The text names the field."""


@dataclass(frozen=True)
class Record:
    """One message that ZStack made, to whomever it was sent."""

    kind: str
    """`alarm` or `event`."""
    id: int
    at: int
    """When the record was written, in milliseconds since 1970, by the clock of a management node."""
    rule: str
    """UUID of the alarm, or of the event's subscription."""
    name: str
    """That of the alarm as people wrote it, or the event's id."""
    resource: str
    """UUID; empty if there is none."""
    level: str
    row: dict[str, Any] = field(compare=False, repr=False)
    """All that ZStack said."""
    labels: dict[str, str] | None = field(default=None, compare=False)
    """Those of an event. None if they cannot be read."""

    @property
    def identity(self) -> tuple[str, int]:
        """What tells it from every other record."""
        return self.kind, self.id

    @property
    def order(self) -> tuple[int, str, int]:
        """What comes later is greater. Two records of one millisecond have the order of their ids."""
        return self.at, self.kind, self.id


@dataclass(frozen=True)
class Rule:
    """An alarm or an event's subscription, as it is now."""

    enabled: bool
    topics: frozenset[str]
    """The topics that it sends to."""
    event: str = ""
    recovers: bool = False
    """Whether an alarm sends recoveries."""
    period: int = 0
    repeat: int = 0
    """Seconds until an alarm that lasts is told again; 0 if it is not told for ever."""
    well: bool = False
    """Whether an alarm is OK now, as ZStack says. It may say so too early or too late."""
    labels: frozenset[tuple[str, str, str]] = frozenset()
    """Key, operator and value of each condition that narrows a subscription. All of them must hold."""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint of type webhook."""

    uuid: str
    name: str
    url: str
    user: str
    enabled: bool


def whole(value: Any) -> int | None:
    """A whole number. ZStack may write it as `60.0`."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value // 1:
        return None
    return int(value)


def text(value: Any) -> str:
    """A text; empty if there is none."""
    return value if isinstance(value, str) else ""


def record(kind: str, row: dict[str, Any]) -> Record:
    """Read a row."""
    names = {
        "alarm": ("alarmUuid", "alarmName", "resourceUuid"),
        "event": ("subscriptionUuid", "name", "resourceId"),
    }[kind]
    number, at = whole(row.get("id")), whole(row.get("createTime"))
    if number is None:
        raise Unreadable("id")
    # A time in seconds would be one of 1970.
    if at is None or at < 10**11:
        raise Unreadable("createTime")
    rule, name, resource = (text(row.get(it)) for it in names)
    if not rule:
        raise Unreadable(names[0])
    if kind == "event" and not name:
        raise Unreadable(names[1])
    read = labels(row.get("labels")) if kind == "event" else None
    return Record(kind, number, at, rule, name, resource, text(row.get("emergencyLevel")), row, read)


def labels(value: Any) -> dict[str, str] | None:
    """The labels of an event: JSON in a text, or nothing."""
    if value is None or value == "":
        return {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    if not isinstance(value, dict):
        return None
    return {
        name: it if isinstance(it, str) else json.dumps(it) for name, it in value.items() if it is not None
    }
