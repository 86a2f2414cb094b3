"""What has to be done: from what was read to a list of steps. Nothing here asks a network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .facts import API_TOPIC, LEVELS, LONG_PERIOD, SYSTEM_TOPIC, VM_STATES, WAYS_BACK, chosen_uuid

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


def matches(pattern: str, row: Row) -> bool:
    """Whether a rule has this level, or a name like this. `*` stands for anything."""
    if pattern.capitalize() in LEVELS:
        return row.get("emergencyLevel") == pattern.capitalize()
    names = (row.get("name"), row.get("eventName"))
    return any(fnmatchcase(str(it).lower(), pattern.lower()) for it in names if it)


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


# The endpoint.


def own_uuids(wanted: Wanted) -> Iterator[str]:
    """The UUIDs of the endpoints that we make for this URL. Each new password needs a new endpoint."""
    for number in range(100):
        yield chosen_uuid("endpoint", wanted.name, wanted.url, wanted.user, number)


def fitting(state: State, wanted: Wanted) -> list[Row]:
    """The endpoints with this URL and user name, the most likely one first.

    The newest of ours comes first, then those that are in use, then those of this name.
    """
    ours = list(own_uuids(wanted))

    def order(row: Row) -> tuple[int, int, int, str]:
        number = ours.index(row["uuid"]) if row["uuid"] in ours else -1
        return (
            -number - 1,
            0 if state.topics_of(row["uuid"]) else 1,
            0 if row.get("name") == wanted.name else 1,
            row["uuid"],
        )

    found = [
        it
        for it in state.endpoints
        if it.get("type", "HTTP") == "HTTP"
        and it.get("url") == wanted.url
        and (it.get("username") or "") == wanted.user
    ]
    return sorted(found, key=order)


def to_test(state: State, wanted: Wanted) -> list[Row]:
    """The endpoints whose password has to be tested, until one works."""
    return [] if wanted.new_password else fitting(state, wanted)


def chosen(state: State, wanted: Wanted) -> Row | None:
    """The endpoint that can stay; None if a new one is needed."""
    found = to_test(state, wanted)
    for outcome in ("works", "unknown"):
        for row in found:
            if state.tested.get(row["uuid"], Tried("unknown")).outcome == outcome:
                return row
    for row in found:
        tested = state.tested[row["uuid"]]
        if tested.outcome == "fails":
            raise Stop("endpoint_fails", name=named(row), words=tested.words)
    return None


def older(state: State, wanted: Wanted, keep: str) -> list[Row]:
    """The endpoints in use that the one to keep replaces: those of its name."""
    return [
        it
        for it in state.endpoints
        if it["uuid"] != keep
        and it.get("name") == wanted.name
        and it.get("type", "HTTP") == "HTTP"
        and state.topics_of(it["uuid"])
    ]


def why_replaced(row: Row, wanted: Wanted) -> str:
    """A name in texts.py: what differs."""
    if row.get("url") != wanted.url:
        return "url_differs"
    return "user_differs" if (row.get("username") or "") != wanted.user else "password_differs"


# The whole.


def plan(state: State, wanted: Wanted) -> Plan:
    """The steps from what is to what is wanted."""
    kept = chosen(state, wanted)
    known = {it["uuid"] for it in state.endpoints}
    endpoint = kept["uuid"] if kept else next(it for it in own_uuids(wanted) if it not in known)
    replaced = older(state, wanted, endpoint)
    topics = state.topics_of(endpoint)
    for row in replaced:
        topics += [it for it in state.topics_of(row["uuid"]) if it not in topics]
    topics = [it for it in topics if it != API_TOPIC]
    topic = main_topic(topics, wanted)
    made = Plan(endpoint, topic)
    made.steps += endpoint_steps(state, wanted, kept, endpoint)
    made.steps += topic_steps(state, wanted, topic)
    ours = {*topics, topic}
    for it in sorted(ours - set(state.topics_of(endpoint))):
        made.steps.append(
            step("subscribe", it, topic_name(state, wanted, it), endpoint=endpoint, endpoint_name=wanted.name)
        )
    for row in replaced:
        # It could be the last endpoint of a topic that still has rules, so the new one is subscribed before.
        made.steps += [
            step(
                "unsubscribe",
                it,
                topic_name(state, wanted, it),
                endpoint=row["uuid"],
                endpoint_name=named(row),
                why=why_replaced(row, wanted),
                url=shown(str(row.get("url"))),
            )
            for it in state.topics_of(row["uuid"])
            if it != API_TOPIC
        ]
    made.steps += alarm_steps(state, wanted, ours, topic)
    made.steps += event_steps(state, wanted, ours, topic)
    made.notes += notes(state, wanted, kept, ours, topic)
    return made


def main_topic(topics: list[str], wanted: Wanted) -> str:
    """The topic that rules get as their action.

    An endpoint that has a topic keeps it. The console gives each endpoint one of its own. Otherwise it is
    *system-alarm*, unless only some rules were chosen: all preset rules send to *system-alarm*.
    """
    own = [it for it in topics if it != SYSTEM_TOPIC]
    if own:
        return own[0]
    if topics:
        return SYSTEM_TOPIC
    if wanted.own_topic or wanted.only or wanted.exclude:
        return chosen_uuid("topic", wanted.name)
    return SYSTEM_TOPIC


def topic_name(state: State, wanted: Wanted, topic: str) -> str:
    """What people call a topic."""
    if topic == SYSTEM_TOPIC:
        return "system-alarm"
    return next((named(it) for it in state.topics if it["uuid"] == topic), wanted.name)


def endpoint_steps(state: State, wanted: Wanted, kept: Row | None, uuid: str) -> Iterator[Step]:
    """Make it, or switch it on."""
    if not kept:
        yield step("create_endpoint", uuid, wanted.name, url=wanted.url, user=wanted.user)
    elif kept.get("state") == "Disabled":
        yield step("enable_endpoint", uuid, named(kept))


def topic_steps(state: State, wanted: Wanted, topic: str) -> Iterator[Step]:
    """Make it, or switch it on."""
    row = next((it for it in state.topics if it["uuid"] == topic), None)
    if row is None and topic != SYSTEM_TOPIC:
        yield step("create_topic", topic, wanted.name)
    elif row and row.get("state") == "Disabled":
        yield step("enable_topic", topic, topic_name(state, wanted, topic))


def alarm_steps(state: State, wanted: Wanted, ours: set[str], topic: str) -> Iterator[Step]:
    """Of each alarm, first the action, so that what is told again is told to us."""
    tells = any("enableRecovery" in it for it in state.alarms)
    for row in state.alarms:
        if not wanted.chooses(row):
            continue
        if not sends_to(row) & ours:
            yield step(
                "alarm_action",
                row["uuid"],
                named(row),
                topic=topic,
                topic_name=topic_name(state, wanted, topic),
            )
        if tells and row.get("enableRecovery") is not True:
            yield step("recovery", row["uuid"], named(row))


def event_key(row: Row) -> tuple[str, str]:
    """An event, as a subscription names it."""
    return str(row.get("namespace")), str(row.get("eventName"))


def event_steps(state: State, wanted: Wanted, ours: set[str], topic: str) -> Iterator[Step]:
    """Every chosen subscription sends to us, and so does the way back of each."""
    ways_back = {**WAYS_BACK, **(VM_STATES if wanted.vm_states else {})}
    told = {event_key(it) for it in state.subscriptions if covers(it) and sends_to(it) & ours}
    added: set[str] = set()
    name = topic_name(state, wanted, topic)

    def add(row: Row) -> Iterator[Step]:
        # A second subscription of the same event would send everything twice.
        if row["uuid"] in added or sends_to(row) & ours or (covers(row) and event_key(row) in told):
            return
        added.add(row["uuid"])
        if covers(row):
            told.add(event_key(row))
        yield step("event_action", row["uuid"], named(row), topic=topic, topic_name=name)

    unasked = set(VM_STATES.values()) if not wanted.vm_states else set()
    for row in state.subscriptions:
        if wanted.chooses(row) and row.get("eventName") not in unasked:
            yield from add(row)
    for row in state.subscriptions:
        back = ways_back.get(str(row.get("eventName")))
        if not back or not wanted.chooses(row) or row.get("state") == "Disabled":
            continue
        key = (str(row.get("namespace")), back)
        there = [it for it in state.subscriptions if event_key(it) == key]
        fit = [it for it in there if covers(it)] or [it for it in there if labels(it) == labels(row)]
        if fit:
            for it in fit[:1]:
                yield from add(it)
        elif key not in told and covers(row) and (state.events is None or key in state.events):
            told.add(key)
            yield step(
                "subscribe_event",
                chosen_uuid("event", *key, topic),
                back,
                namespace=key[0],
                topic=topic,
                topic_name=name,
                problem=str(row.get("eventName")),
            )


def labels(row: Row) -> set[tuple[str, str, str]]:
    """What narrows a subscription."""
    found = row.get("labels") or []
    return {(str(it.get("key")), str(it.get("op", it.get("operator"))), str(it.get("value"))) for it in found}


def covers(row: Row) -> bool:
    """Whether a subscription gets the event of every resource."""
    return not labels(row)


# What is not changed, and should be known.


def notes(state: State, wanted: Wanted, kept: Row | None, ours: set[str], topic: str) -> Iterator[Note]:
    """What is not changed, and should be known."""
    chosen_alarms = [it for it in state.alarms if wanted.chooses(it)]
    if kept and state.tested.get(kept["uuid"], Tried("unknown")).outcome == "unknown":
        yield note("password_unknown", name=named(kept))
    if kept and str(kept.get("connectionStatus", "")).upper() in ("DOWN", "DISCONNECTED"):
        yield note("ping", name=named(kept))
    if wanted.url.count("%"):
        yield note("percent")
    if SYSTEM_TOPIC in ours and (wanted.only or wanted.exclude):
        yield note("system_topic_has_all")
    others = [
        it
        for it in state.endpoints
        if it is not kept
        and it.get("name") != wanted.name
        and shown(str(it.get("url"))) == shown(wanted.url)
        and state.topics_of(it["uuid"])
    ]
    if others:
        yield note("other_endpoints", [named(it) for it in others])
    double = [named(it) for it in state.alarms + state.subscriptions if len(sends_to(it) & ours) > 1]
    if double:
        yield note("double_path", double)
    yield from event_notes(state, wanted, ours)
    for text, found in (
        ("long_period", [it for it in chosen_alarms if number(it.get("period")) >= LONG_PERIOD]),
        ("disabled_alarms", [it for it in chosen_alarms if it.get("state") == "Disabled"]),
    ):
        if found:
            yield note(text, [named(it) for it in found])
    if state.alarms and not any("enableRecovery" in it for it in state.alarms):
        yield note("no_recovery_field")
    for row in state.templates:
        swallows = str(row.get("type", "")).lower() != "event" and not row.get("recoveryTemplate")
        yield note("template_swallows" if swallows else "template", name=named(row))


def event_notes(state: State, wanted: Wanted, ours: set[str]) -> Iterator[Note]:
    """About subscriptions."""
    here = [it for it in state.subscriptions if wanted.chooses(it)]
    seen: dict[tuple[str, str], int] = {}
    for row in state.subscriptions:
        if covers(row) and sends_to(row) & ours:
            seen[event_key(row)] = seen.get(event_key(row), 0) + 1
    if twice := [" ".join(key) for key, times in seen.items() if times > 1]:
        yield note("event_twice", twice)
    backs = {(str(it.get("namespace")), WAYS_BACK.get(str(it.get("eventName")))) for it in here}
    off = [it for it in state.subscriptions if it.get("state") == "Disabled" and event_key(it) in backs]
    if off:
        yield note("disabled_ways_back", [named(it) for it in off])
    others = [it for it in here if it.get("state") == "Disabled" and it not in off]
    if others:
        yield note("disabled_events", [named(it) for it in others])
    unknown = [
        f"{it.get('eventName')}: {WAYS_BACK[str(it.get('eventName'))]}"
        for it in here
        if it.get("eventName") in WAYS_BACK
        and state.events is not None
        and (str(it.get("namespace")), WAYS_BACK[str(it.get("eventName"))]) not in state.events
        and not any(
            event_key(row) == (it.get("namespace"), WAYS_BACK[str(it.get("eventName"))])
            for row in state.subscriptions
        )
    ]
    if unknown:
        yield note("no_way_back", unknown)


def number(value: Any) -> float:
    """A number of ZStack's; 0 if it is none."""
    return float(value) if isinstance(value, (int, float)) else 0.0
