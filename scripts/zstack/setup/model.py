"""What was read, what is wanted, and what a plan consists of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .facts import LEVELS, VM_STATES, WAYS_BACK

Row = dict[str, Any]


class Stop(Exception):
    """No step may be taken. `text` is a name in texts.py."""

    def __init__(self, text: str, **fields: Any):
        super().__init__(text)
        self.text, self.fields = text, fields


@dataclass(frozen=True)
class Wanted:
    """What was asked for."""

    url: str
    user: str
    name: str
    only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    own_topic: bool = False
    vm_states: bool = False
    new_password: bool = False

    def chooses(self, row: Row) -> bool:
        """Whether --only and --except leave this rule in."""
        if self.only and not any(matches(it, row) for it in self.only):
            return False
        return not any(matches(it, row) for it in self.exclude)

    def leaves_out(self, row: Row) -> bool:
        """Whether --except names this rule. A way back is left out by its name only."""
        return any(matches(it, row) for it in self.exclude if not is_level(it))


@dataclass(frozen=True)
class Tried:
    """What ZStack's test message with an endpoint's stored values found.

    `outcome` is `works`, `rejected` (401: another password), `fails`, or `unknown` (the version cannot test).
    """

    outcome: str
    words: str = ""


@dataclass
class State:
    """What was read from ZStack."""

    endpoints: list[Row] = field(default_factory=list)
    subscribers: list[Row] = field(default_factory=list)
    topics: list[Row] = field(default_factory=list)
    alarms: list[Row] = field(default_factory=list)
    subscriptions: list[Row] = field(default_factory=list)
    templates: list[Row] = field(default_factory=list)
    events: set[tuple[str, str]] | None = None
    """Namespace and name of each event that this version knows; None if it does not say."""
    tested: dict[str, Tried] = field(default_factory=dict)
    """By the endpoint's UUID."""

    def topics_of(self, endpoint: str) -> list[str]:
        """The topics to which an endpoint is subscribed."""
        found = {it.get("topicUuid", "") for it in self.subscribers if it.get("endpointUuid") == endpoint}
        return sorted(found - {""})


@dataclass(frozen=True)
class Step:
    """One change. `kind` is one of steps.py, `uuid` what is changed or made, `name` what people call it."""

    kind: str
    uuid: str
    name: str
    values: tuple[tuple[str, Any], ...] = ()

    def __getitem__(self, key: str) -> Any:
        return dict(self.values)[key]


@dataclass(frozen=True)
class Note:
    """Something to know. `names` is a list that can be long."""

    text: str
    names: tuple[str, ...] = ()
    fields: tuple[tuple[str, Any], ...] = ()


@dataclass
class Plan:
    """The steps in their order, and what else should be known."""

    endpoint: str
    topic: str
    steps: list[Step] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def needs_password(self) -> bool:
        """Whether an endpoint is made."""
        return any(it.kind == "create_endpoint" for it in self.steps)


def step(kind: str, uuid: str, name: str, **values: Any) -> Step:
    """A step."""
    return Step(kind, uuid, name, tuple(sorted(values.items())))


def note(text: str, names: Iterable[str] = (), **fields: Any) -> Note:
    """A note."""
    return Note(text, tuple(names), tuple(sorted(fields.items())))


def is_level(pattern: str) -> bool:
    """Whether this stands for a level, and not for names."""
    return pattern.capitalize() in LEVELS


def matches(pattern: str, row: Row) -> bool:
    """Whether a rule has this level, or a name like this. `*` stands for anything."""
    if is_level(pattern):
        return row.get("emergencyLevel") == pattern.capitalize()
    # Not fnmatch: [ and ? are characters of names.
    wanted = ".*".join(re.escape(it) for it in pattern.lower().split("*"))
    names = (row.get("name"), row.get("eventName"))
    return any(re.fullmatch(wanted, str(it).lower(), re.DOTALL) for it in names if it)


def unmatched(state: State, wanted: Wanted) -> list[str]:
    """Names of --only and --except that no rule has. A level that no rule has is no mistake."""
    rules = state.alarms + state.subscriptions
    # These may be made by this run.
    ways_back = [{"eventName": it} for it in {**WAYS_BACK, **VM_STATES}.values()]
    asked = [(it, rules) for it in wanted.only] + [(it, rules + ways_back) for it in wanted.exclude]
    return [it for it, there in asked if not is_level(it) and not any(matches(it, row) for row in there)]


def named(row: Row) -> str:
    """What people call a rule."""
    return str(row.get("name") or row.get("eventName") or row.get("uuid"))


def shown(url: str) -> str:
    """A URL without what can be secret in it. The cloud's name is none."""
    try:
        parts = urlsplit(url)
        cloud = [value for key, value in parse_qsl(parts.query) if key == "cloud"]
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "..."
    query = f"?cloud={cloud[0]}" if cloud else "?..." if parts.query else ""
    return f"{parts.scheme}://{host}{port}{parts.path}{query}"


def sends_to(row: Row) -> set[str]:
    """The topics of a rule."""
    actions = row.get("actions") or []
    return {it.get("actionUuid", "") for it in actions if it.get("actionType") in ("sns", None)}


def odd(uuid: str) -> bool:
    """Whether some versions refuse to change a rule of this UUID."""
    return not re.fullmatch(r"[0-9a-f]{12}[1-5][0-9a-f]{3}[89ab][0-9a-f]{15}", uuid)


def event_key(row: Row) -> tuple[str, str]:
    """An event, as a subscription names it."""
    return str(row.get("namespace")), str(row.get("eventName"))


def labels(row: Row) -> set[tuple[str, str, str]]:
    """What narrows a subscription."""
    found = row.get("labels") or []
    return {(str(it.get("key")), str(it.get("op", it.get("operator"))), str(it.get("value"))) for it in found}


def covers(row: Row) -> bool:
    """Whether a subscription gets the event of every resource."""
    return not labels(row)


def on(row: Row) -> bool:
    """Whether a rule or a topic is enabled. An older version may not say."""
    return row.get("state") != "Disabled"


def problems(state: State, wanted: Wanted) -> Iterator[tuple[Row, str]]:
    """The chosen subscriptions to problems, and the event that ends each. A disabled one sends nothing."""
    ways_back = {**WAYS_BACK, **(VM_STATES if wanted.vm_states else {})}
    for row in state.subscriptions:
        back = ways_back.get(str(row.get("eventName")))
        if back and on(row) and wanted.chooses(row):
            yield row, back


def ends(state: State, row: Row, back: str) -> list[Row]:
    """The subscriptions that get the event that ends a problem, the enabled ones first."""
    there = [it for it in state.subscriptions if event_key(it) == back_key(row, back)]
    fit = [it for it in there if covers(it)]
    fit += [it for it in there if not covers(it) and labels(it) == labels(row)]
    return sorted(fit, key=lambda it: not on(it))


def back_key(row: Row, back: str) -> tuple[str, str]:
    """The event that ends a problem, in the problem's namespace."""
    return str(row.get("namespace")), back


def knows(state: State, key: tuple[str, str]) -> bool:
    """Whether this version has an event, as far as it says."""
    return state.events is None or key in state.events


def number(value: Any) -> float:
    """A number of ZStack's; 0 if it is none."""
    return float(value) if isinstance(value, (int, float)) else 0.0
