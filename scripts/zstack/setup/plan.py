"""What has to be done: from what was read to a list of steps. Nothing here asks a network."""

from __future__ import annotations

from collections.abc import Iterator

from .endpoint import chosen, new_uuid, replaced, why_replaced
from .facts import API_TOPIC, SYSTEM_TOPIC, VM_STATES, chosen_uuid
from .model import (
    Plan,
    Row,
    State,
    Step,
    Wanted,
    back_key,
    covers,
    ends,
    event_key,
    knows,
    named,
    note,
    on,
    problems,
    sends_to,
    shown,
    step,
)
from .notes import notes, shared_topic

MORE = ("enable_topic", "alarm_action", "event_action", "subscribe_event")
"""Kinds of steps after which a topic sends more."""


def plan(state: State, wanted: Wanted) -> Plan:
    """The steps from what is to what is wanted."""
    kept = chosen(state, wanted)
    endpoint = kept["uuid"] if kept else new_uuid(state, wanted)
    old = replaced(state, wanted, endpoint)
    topics = state.topics_of(endpoint)
    for row in old:
        topics += [it for it in state.topics_of(row["uuid"]) if it not in topics]
    topics = [it for it in topics if it != API_TOPIC]
    off = {it["uuid"] for it in state.topics if not on(it)}
    # An endpoint of another name may be on a topic of others.
    same = [endpoint, *(it["uuid"] for it in old if it.get("name") == wanted.name)]
    mine = {it for uuid in same for it in state.topics_of(uuid)} - off
    topic = main_topic([it for it in topics if it in mine] or topics, wanted, off)
    made = Plan(endpoint, topic)
    made.steps += endpoint_steps(state, wanted, kept, endpoint)
    made.steps += topic_steps(state, wanted, topic)
    ours = {*topics, topic}
    made.steps += subscriber_steps(state, wanted, endpoint, old, ours)
    # A rule that sends only to another topic, which is disabled, sends nothing.
    sending = {it for it in ours if it == topic or it not in off}
    made.steps += alarm_steps(state, wanted, sending, topic)
    made.steps += event_steps(state, wanted, sending, topic)
    if any(it.kind in MORE for it in made.steps):
        both = {endpoint, *(it["uuid"] for it in old)}
        made.notes += shared_topic(state, topic, topic_name(state, wanted, topic), both, topic in topics)
    made.notes += notes(state, wanted, kept, old, sending)
    for it in sorted(ours - sending):
        main = topic_name(state, wanted, topic)
        made.notes.append(note("disabled_topic", name=topic_name(state, wanted, it), main=main))
    return made


def main_topic(topics: list[str], wanted: Wanted, off: set[str]) -> str:
    """The topic that rules get as their action.

    An endpoint that has a topic keeps it. The console gives each endpoint one of its own. Otherwise it is
    *system-alarm*, unless only some rules were chosen: all preset rules send to *system-alarm*. `off` are the
    disabled topics, which come last.
    """
    if topics:
        return min(topics, key=lambda it: (it in off, it == SYSTEM_TOPIC, topics.index(it)))
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
    elif row and not on(row):
        there = {it.get("endpointUuid", "") for it in state.subscribers if it.get("topicUuid") == topic}
        yield step("enable_topic", topic, topic_name(state, wanted, topic), there=tuple(sorted(there)))


def subscriber_steps(
    state: State, wanted: Wanted, endpoint: str, old: list[Row], topics: set[str]
) -> Iterator[Step]:
    """Put the endpoint on these topics, and those that it replaces off theirs."""
    for it in sorted(topics - set(state.topics_of(endpoint))):
        name = topic_name(state, wanted, it)
        yield step("subscribe", it, name, endpoint=endpoint, endpoint_name=wanted.name)
    # It could be the last endpoint of a topic that still has rules, so the new one is subscribed before.
    for row in old:
        for it in state.topics_of(row["uuid"]):
            if it != API_TOPIC:
                yield step(
                    "unsubscribe",
                    it,
                    topic_name(state, wanted, it),
                    endpoint=row["uuid"],
                    endpoint_name=named(row),
                    why=why_replaced(row, wanted),
                    url=shown(str(row.get("url"))),
                )


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


def event_steps(state: State, wanted: Wanted, ours: set[str], topic: str) -> Iterator[Step]:
    """Every chosen subscription sends to us, and so does the way back of each."""
    sending = [it for it in state.subscriptions if covers(it) and sends_to(it) & ours]
    told = {event_key(it) for it in sending if on(it)}
    prepared = {event_key(it) for it in sending}
    """Also what is told as soon as somebody enables the rule."""
    added: set[str] = set()
    name = topic_name(state, wanted, topic)

    def add(row: Row) -> Iterator[Step]:
        # A second subscription of the same event would send everything twice. A disabled one sends nothing.
        if row["uuid"] in added or sends_to(row) & ours:
            return
        if covers(row) and event_key(row) in (told if on(row) else prepared):
            return
        added.add(row["uuid"])
        if covers(row):
            prepared.add(event_key(row))
            told.update({event_key(row)} if on(row) else ())
        yield step("event_action", row["uuid"], named(row), topic=topic, topic_name=name)

    unasked = set(VM_STATES.values()) if not wanted.vm_states else set()
    for row in sorted(state.subscriptions, key=lambda it: not on(it)):
        if wanted.chooses(row) and row.get("eventName") not in unasked:
            yield from add(row)
    for row, back in problems(state, wanted):
        key = back_key(row, back)
        there = ends(state, row, back)
        fit = [it for it in there if not wanted.leaves_out(it)]
        if fit:
            yield from add(fit[0])
        elif (
            not there
            and key not in told
            and covers(row)
            and knows(state, key)
            and not wanted.leaves_out({"eventName": back})
        ):
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
