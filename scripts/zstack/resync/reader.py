"""Asks ZStack for its records, for the rules as they are now, and for names. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

from zstack.api import Api, Refused

from .records import Endpoint, Record, Rule, Unreadable, record, text, whole

ALARMS, EVENTS = "/zwatch/alarm-records", "/zwatch/event-records"
"""QueryAlarmRecord and QueryEventRecord, since Cloud 4.1.0."""

NAMES = 50
"""UUIDs in one question for names, so that the URL stays short."""

T = TypeVar("T")


class Reader:
    """One management node."""

    def __init__(self, api: Api, log_in_again: Any = None):
        """`log_in_again` begins a new session, if the old one has ended."""
        self.api, self._log_in_again = api, log_in_again
        self.unreadable: dict[tuple[str, str], str] = {}
        """Kind and id of each row that could not be read, and the field that is the reason."""

    def _asked(self, ask: Callable[[], T]) -> T:
        """Ask, and ask once more if the session has ended."""
        try:
            return ask()
        except Refused as refused:
            if refused.code != "ID.1001" or not self._log_in_again:
                raise
        self._log_in_again()
        return ask()

    def _rows(self, path: str, *conditions: str, sort: str = "+uuid") -> list[dict[str, Any]]:
        return self._asked(lambda: list(self.api.query(path, *conditions, sort=sort)))

    def _record(self, kind: str, row: dict[str, Any]) -> Record | None:
        """A row; None if it cannot be read. That is remembered."""
        try:
            return record(kind, row)
        except Unreadable as why:
            # Rows are read several times.
            self.unreadable[kind, str(row.get("id") or row)] = str(why)
            return None

    def records(self, since: int) -> list[Record]:
        """What was told since a time, in order."""
        found = {}
        for kind, path in (("alarm", ALARMS), ("event", EVENTS)):
            # Ids do not change while pages are read. A time can be that of several records.
            for row in self._rows(path, f"createTime>={since}", sort="+id"):
                it = self._record(kind, row)
                if it and it.at >= since:
                    found[it.identity] = it
        return sorted(found.values(), key=lambda it: it.order)

    def newest(self) -> int | None:
        """When the newest record was written, in milliseconds; None if there is no record at all."""
        found = []
        for kind, path in (("alarm", ALARMS), ("event", EVENTS)):
            rows = self._asked(partial(self.api.get, path, limit=1, sort="-createTime")).get("inventories")
            found += [it.at for it in (self._record(kind, row) for row in rows or []) if it]
        return max(found, default=None)

    def rules(self) -> dict[str, Rule]:
        """All alarms and all subscriptions of events, by UUID."""
        found = {}
        for row in self._rows("/zwatch/alarms"):
            count = whole(row.get("repeatCount"))
            found[text(row.get("uuid"))] = Rule(
                row.get("state") != "Disabled",
                topics(row),
                recovers=row.get("enableRecovery") is True,
                period=whole(row.get("period")) or 0,
                repeat=(whole(row.get("repeatInterval")) or 0) if count == -1 else 0,
                well=row.get("status") == "OK",
            )
        for row in self._rows("/zwatch/events/subscriptions"):
            enabled = row.get("state") != "Disabled"
            found[text(row.get("uuid"))] = Rule(
                enabled, topics(row), event=text(row.get("eventName")), labels=conditions(row)
            )
        return found

    def endpoints(self) -> list[Endpoint]:
        """All endpoints of type webhook."""
        return [
            Endpoint(
                text(row.get("uuid")),
                text(row.get("name")),
                text(row.get("url")),
                text(row.get("username")),
                row.get("state") != "Disabled",
            )
            for row in self._rows("/sns/application-endpoints/http")
            if row.get("type") != "SYSTEM_HTTP"
        ]

    def topics(self, endpoints: Iterable[Endpoint]) -> frozenset[str]:
        """The topics that lead to any of these endpoints. A disabled one leads nowhere."""
        wanted = {it.uuid for it in endpoints}
        disabled = {
            text(row.get("uuid")) for row in self._rows("/sns/topics") if row.get("state") == "Disabled"
        }
        # A subscriber has no UUID of its own.
        rows = self._rows("/sns/topics/subscribers", sort="+topicUuid")
        found = {text(row.get("topicUuid")) for row in rows if row.get("endpointUuid") in wanted}
        return frozenset(found - disabled)

    def names(self, uuids: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Name and type of the resources that ZStack has now, by UUID."""
        found: dict[str, tuple[str, str]] = {}
        for some in chunks(sorted({it for it in uuids if may_have_name(it)}), NAMES):
            answer = self._asked(partial(self.api.get, "/resources/names", uuids=",".join(some)))
            for row in answer.get("inventories") or []:
                if isinstance(row, dict) and text(row.get("resourceName")):
                    found[text(row.get("uuid"))] = (row["resourceName"], text(row.get("resourceType")))
        return found


def may_have_name(resource: str) -> bool:
    """Whether ZStack can be asked for the name of a resource. Some ids of resources are no UUIDs."""
    return resource.isalnum() and resource.isascii()


def topics(row: dict[str, Any]) -> frozenset[str]:
    """The topics among the actions of a rule."""
    actions = row.get("actions") or []
    return frozenset(text(it.get("actionUuid")) for it in actions if isinstance(it, dict))


def conditions(row: dict[str, Any]) -> frozenset[tuple[str, str, str]]:
    """Key, operator and value of each label of a subscription. What cannot be read narrows it, too."""
    found = row.get("labels") or []
    if not isinstance(found, list):
        return frozenset([("", "", "")])
    rows = (it if isinstance(it, dict) else {} for it in found)
    return frozenset(
        (text(it.get("key")), text(it.get("op") or it.get("operator")), text(it.get("value"))) for it in rows
    )


def chunks(items: list[str], most: int) -> Iterator[list[str]]:
    """The items in lists of at most so many."""
    for start in range(0, len(items), most):
        yield items[start : start + most]
