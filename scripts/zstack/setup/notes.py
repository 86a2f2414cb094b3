"""What the program does not change, and people should know."""

from __future__ import annotations

from collections.abc import Iterator

from .facts import LONG_PERIOD, SYSTEM_TOPIC, VM_STATES, WAYS_BACK
from .model import (
    Note,
    Row,
    State,
    Tried,
    Wanted,
    covers,
    ends,
    event_key,
    named,
    note,
    number,
    on,
    sends_to,
    shown,
)


def notes(state: State, wanted: Wanted, kept: Row | None, old: list[Row], ours: set[str]) -> Iterator[Note]:
    """What is not changed, and should be known. `old` are the endpoints that are replaced."""
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
        and it not in old
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


def shared_topic(state: State, topic: str, name: str, ours: set[str], inherited: bool) -> Iterator[Note]:
    """About endpoints of others on the topic that rules are added to: they get those rules too.

    `ours` are our endpoint and those that it replaces, whose topic this is if it is `inherited`.
    """
    known = {it["uuid"]: it for it in state.endpoints}
    there = {it["endpointUuid"] for it in state.subscribers if it.get("topicUuid") == topic} - ours
    # ZStack's own one shows notifications in its console.
    there -= {uuid for uuid, it in known.items() if it.get("type") == "SYSTEM_HTTP"}
    if there:
        names = sorted(named(known.get(it, {"uuid": it})) for it in there)
        avoidable = topic == SYSTEM_TOPIC and not inherited
        yield note("shared_topic" if avoidable else "shared_topic_stays", names, name=name)


def event_notes(state: State, wanted: Wanted, ours: set[str]) -> Iterator[Note]:
    """About subscriptions."""
    here = [it for it in state.subscriptions if wanted.chooses(it)]
    seen: dict[tuple[str, str], int] = {}
    for row in state.subscriptions:
        if on(row) and covers(row) and sends_to(row) & ours:
            seen[event_key(row)] = seen.get(event_key(row), 0) + 1
    if twice := [" ".join(key) for key, times in seen.items() if times > 1]:
        yield note("event_twice", twice)
    backs = {(str(it.get("namespace")), WAYS_BACK.get(str(it.get("eventName")))) for it in here}
    told = {event_key(it) for it in state.subscriptions if on(it) and covers(it)}
    backs -= told
    off = [it for it in state.subscriptions if not on(it) and event_key(it) in backs]
    if off:
        yield note("disabled_ways_back", [named(it) for it in off])
    others = [it for it in here if not on(it) and it not in off]
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
    yield from narrowed(state, wanted, here)


def narrowed(state: State, wanted: Wanted, here: list[Row]) -> Iterator[Note]:
    """About problems of some resources only. The labels of their end could be others, so none is made."""
    ways_back = {**WAYS_BACK, **(VM_STATES if wanted.vm_states else {})}
    problems = [it for it in here if on(it) and str(it.get("eventName")) in ways_back]
    made = {(it.get("namespace"), ways_back[str(it.get("eventName"))]) for it in problems if covers(it)}
    alone = []
    for row in problems:
        back = ways_back[str(row.get("eventName"))]
        known = state.events is None or (str(row.get("namespace")), back) in state.events
        if (
            not covers(row)
            and known
            and (row.get("namespace"), back) not in made
            and not ends(state, row, back)
        ):
            alone.append(f"{named(row)}: {back}")
    if alone:
        yield note("narrowed", alone)
