"""What the program does not change, and people should know."""

from __future__ import annotations

from collections.abc import Iterator

from .facts import LONG_PERIOD, SYSTEM_TOPIC
from .model import (
    Note,
    Row,
    State,
    Tried,
    Wanted,
    back_key,
    covers,
    ends,
    event_key,
    knows,
    named,
    note,
    number,
    on,
    problems,
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
    told = {event_key(it) for it in state.subscriptions if on(it) and covers(it)}
    backs = {back_key(row, back) for row, back in problems(state, wanted)} - told
    off = [it for it in state.subscriptions if not on(it) and event_key(it) in backs]
    if off:
        yield note("disabled_ways_back", [named(it) for it in off])
    others = [it for it in here if not on(it) and it not in off]
    if others:
        yield note("disabled_events", [named(it) for it in others])
    yield from lasting(state, wanted, ours)


def lasting(state: State, wanted: Wanted, ours: set[str]) -> Iterator[Note]:
    """About problems whose end does not come, so that their alerts stay open."""
    pairs = [(row, back, back_key(row, back)) for row, back in problems(state, wanted)]
    there = {event_key(it) for it in state.subscriptions}
    prepared = {key for row, _, key in pairs if covers(row)}
    found: dict[str, list[str]] = {"no_way_back": [], "way_back_left_out": [], "narrowed": []}
    for row, back, key in pairs:
        fit = ends(state, row, back)
        if not knows(state, key) and key not in there:
            text = "no_way_back"
        elif all(wanted.leaves_out(it) for it in fit or [{"eventName": back}]):
            text = "" if any(on(it) and sends_to(it) & ours for it in fit) else "way_back_left_out"
        else:
            # The labels of its end could be others, so none is made.
            text = "" if fit or covers(row) or key in prepared else "narrowed"
        if text:
            found[text].append(f"{named(row)}: {back}")
    for text, names in found.items():
        if names:
            yield note(text, names)
