"""Which records decide: the last one of each alert. It asks nobody, and changes nothing.

An alert has the state of the last message about it. So all other messages need not be sent again. Which alert
a message is about, and what it does to it, is decided as the relay does it (src/translate/), with the relay's
own catalogue of events.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

from .events import EVENTS
from .records import Record, Rule

OPENS, CLOSES, UNKNOWN = "opens", "closes", "unknown"
"""What a record does to an alert."""

POSTED, LISTED, UNDECIDED = "posted", "listed", "undecided"
"""What becomes of a record: it is posted, it is posted only with `--all`, or nobody can say."""

MEMORY = 1800
"""Seconds that ZStack remembers the state of a resource. A rule with such a period never sends a recovery."""

SLACK = 300
"""Seconds by which a repetition may be late."""

SHARED = {
    "HostPhysicalNicStatusDown": "HostDisconnected",
    "HostPhysicalNicStatusUp": "HostDisconnected",
    "VRouterPaused": "VRouterDisconnected",
}
"""Events that make ZStack forget a problem of the same resource, so that it never tells its end.

docs/protocols/zstack.md has them in "How ZStack pairs"."""

PAIRED = (
    "BackupStorageDisconnected",
    "HostDisconnected",
    "PrimaryStorageDisconnected",
    "VMHAStarted",
    "VRouterDisconnected",
    "VRouterPaused",
    "VRouterUnhealthy",
)
"""Problems whose end ZStack tells only while it remembers them. A restart makes it forget them."""

NOTHING = ("-", "null", "None", "[]", "[:]", "{}")
"""Texts that mean "unknown" (src/zstack/fields.rs)."""


@dataclass
class Decision:
    """What becomes of a record, and why."""

    record: Record
    outcome: str
    effect: str
    why: str = ""
    """Name of a text. For a record that is posted: what may be wrong all the same."""


@dataclass
class Plan:
    """All decisions, in the order of their records."""

    decisions: list[Decision] = field(default_factory=list)
    elsewhere: int = 0
    """Records of rules that do not send to this webhook."""
    told: dict[str, list[tuple[Record, str]]] = field(default_factory=dict)
    """All records about each alert key, in order, and what each does to it. The last one decides."""

    def of(self, *outcomes: str) -> list[Decision]:
        """The decisions with any of these ends."""
        return [it for it in self.decisions if it.outcome in outcomes]


def clean(value: str) -> str:
    """A text without white space around it; empty if it means "unknown"."""
    value = value.strip()
    return "" if value in NOTHING else value


def alert_key(*parts: str) -> str:
    """As src/flashduty/alert_key.rs makes it, but never hashed, and without the name of a cloud."""
    escaped = (part.replace("%", "%25").replace(":", "%3A") or "-" for part in parts)
    return f"zstack:{':'.join(escaped)}"


@cache
def entry_of(name: str) -> str | None:
    """The id of an event in the catalogue, for a name in upper or lower case."""
    return next((it for it in EVENTS if it.lower() == name.lower()), None)


@cache
def undone_by(name: str) -> tuple[str, ...]:
    """The events that end this one."""
    return tuple(it for it, entry in EVENTS.items() if name in entry.get("undoes", ()))


def has_state(name: str) -> bool:
    """Whether an event tells its own end."""
    return "state" in EVENTS[name] or "error_is_state" in EVENTS[name]


def label(record: Record, name: str) -> str:
    """A label's value; empty if there is none."""
    # The relay sorts them by name, and takes the first.
    found = (value for key, value in sorted((record.labels or {}).items()) if key.lower() == name.lower())
    return next((it for it in map(clean, found) if it), "")


def state(record: Record, name: str) -> str:
    """What an event tells of its own problem: `opens`, `closes`, `step`, or `unknown`."""
    entry, failed = EVENTS[name], clean(str(record.row.get("error") or ""))
    if failed and has_state(name):
        return OPENS
    if "error_is_state" in entry:
        # A message with the field has no error in it, or it would be trouble.
        told = record.row.get("error") or any(label(record, it) for it in entry["error_is_state"])
        return CLOSES if told else UNKNOWN
    if "state" in entry:
        value = label(record, entry["state"]["label"]).lower()
        for values, told in (("over", CLOSES), ("trouble", OPENS), ("steps", "step")):
            if value in (it.lower() for it in entry["state"][values]):
                return told
    return UNKNOWN


def effects(record: Record) -> list[tuple[str, str]]:
    """The alert keys that a record is about, and what it does to each. A mere step is about none."""
    if record.kind == "alarm":
        status = str(record.row.get("alarmStatus") or "").strip().lower()
        effect = {"ok": CLOSES, "alarm": OPENS}.get(status, UNKNOWN)
        return [(alert_key("alarm", clean(record.rule), clean(record.resource)), effect)]
    name = entry_of(clean(record.name))
    if name is None:
        return [(event_key(record, clean(record.name), ()), OPENS)]
    if record.labels is None and (has_state(name) or EVENTS[name].get("told_apart_by")):
        return [(event_key(record, it, ()), UNKNOWN) for it in (name, *EVENTS[name].get("undoes", ()))]
    told = state(record, name)
    if told == "step":
        return []
    undone = [it for it in EVENTS if it in EVENTS[name].get("undoes", ())]
    if told == CLOSES:
        return [(event_key(record, it), CLOSES) for it in (name, *undone)]
    if told == UNKNOWN and undone and not has_state(name):
        return [(event_key(record, it), CLOSES) for it in undone]
    return [(event_key(record, name), OPENS)]


def event_key(record: Record, name: str, apart: Iterable[str] | None = None) -> str:
    """The alert key of a problem: its name, the resource, and what tells two such problems apart."""
    apart = EVENTS[name].get("told_apart_by", ()) if apart is None else apart
    resource = clean(record.resource) or clean(record.rule)
    return alert_key("event", name, resource, *(label(record, it) for it in apart))


def plan(
    records: Iterable[Record],
    rules: Mapping[str, Rule],
    topics: Collection[str],
    now: int,
    everything: bool = False,
) -> Plan:
    """Decide for each record that is the last one of an alert. `now` is in milliseconds.

    `everything` says whether what is listed will be posted, too.
    """
    made = Plan()
    forgotten: set[tuple[str, str]] = set()
    for record in sorted(records, key=lambda it: it.order):
        remember(record, forgotten)
        rule = rules.get(record.rule)
        if rule and not rule.topics & set(topics):
            made.elsewhere += 1
            continue
        for key, effect in effects(record):
            told = made.told.setdefault(key, [])
            # A second subscription, deleted since, told the same problem. The one that is known decides.
            if effect == OPENS and not rule and told and told[-1][1] == OPENS and told[-1][0].rule in rules:
                continue
            told.append((record, effect))
    here = [it for it in rules.values() if it.event and it.enabled and it.topics & set(topics)]
    last = {key: rows[-1] for key, rows in made.told.items()}
    deciding: dict[tuple[str, int], tuple[Record, list[tuple[str, str]]]] = {}
    for key, (record, effect) in last.items():
        deciding.setdefault(record.identity, (record, []))[1].append((key, effect))
    for record, told in sorted(deciding.values(), key=lambda it: it[0].order):
        others = max(in_alarm(made.told[key]) for key, _ in told)
        made.decisions.append(
            decided(record, told[0][1], rules.get(record.rule), here, forgotten, others, now)
        )
    untangle(made, last, (POSTED, LISTED) if everything else (POSTED,))
    return made


def in_alarm(told: Iterable[tuple[Record, str]]) -> int:
    """When a device of an alert's resource was told to be in alarm, and not to be OK since; 0 if none was."""
    last = {device(record): (record.at, effect) for record, effect in told}
    return max((at for at, effect in last.values() if effect == OPENS), default=0)


def device(record: Record) -> str:
    """What tells one device of a resource from another. Only the record has it, and no message."""
    context = str(record.row.get("context") or "")
    with suppress(ValueError):
        return json.dumps(json.loads(context), sort_keys=True)
    return context


def remember(record: Record, forgotten: set[tuple[str, str]]) -> None:
    """Keep which problems, by name and resource, ZStack forgot before their end."""
    name, resource = entry_of(clean(record.name)) if record.kind == "event" else None, clean(record.resource)
    if name in SHARED:
        forgotten.add((SHARED[name], resource))
    elif name in SHARED.values():
        forgotten.discard((name, resource))


def decided(
    record: Record,
    effect: str,
    rule: Rule | None,
    here: Collection[Rule],
    forgotten: Collection[tuple[str, str]],
    others: int,
    now: int,
) -> Decision:
    """What becomes of a record that is the last one of its alert.

    `here` are the subscriptions that send events here. `forgotten` are the problems, by name and resource,
    whose end ZStack never tells. `others` is when another device of the same resource was told to be in
    alarm; 0 if none is.
    """
    if effect == UNKNOWN:
        return Decision(
            record, UNDECIDED, effect, "unknown_status" if record.kind == "alarm" else "bad_labels"
        )
    # Without an id, the relay takes the name or the address, and the record has neither.
    nobody = not clean(record.resource)
    if effect == CLOSES:
        if others and rule and not (rule.repeat and late(rule, others, now)):
            # The alert is open until that device is OK.
            return Decision(record, UNDECIDED, effect, "other_device")
        why = "other_device" if others else "no_resource" if nobody else ""
        return Decision(record, POSTED, effect, why)
    if rule is None or nobody:
        return Decision(record, UNDECIDED, effect, "no_resource" if rule else "rule_gone")
    if record.kind == "alarm":
        why = no_recovery(rule)
        if not why and rule.repeat and late(rule, record.at, now):
            return Decision(record, POSTED, effect, "not_repeated")
        if not why and rule.well:
            return Decision(record, POSTED, effect, "well")
        # Nothing shows that it is over, if it is not told for ever.
        if not why and not rule.repeat:
            return Decision(record, POSTED, effect, "restart")
    else:
        why = no_way_back(record, here)
        name = entry_of(clean(record.name))
        if not why and name in PAIRED:
            shared = SHARED["VRouterPaused"] if name == "VRouterPaused" else name
            if (shared, clean(record.resource)) in forgotten:
                return Decision(record, UNDECIDED, effect, "forgotten")
            return Decision(record, POSTED, effect, "restart")
    return Decision(record, LISTED if why else POSTED, effect, why)


def late(rule: Rule, at: int, now: int) -> bool:
    """Whether an alarm would have been told again since a time, if it lasted."""
    return now - at > (rule.repeat + 2 * rule.period + SLACK) * 1000


def no_recovery(rule: Rule) -> str:
    """Why the end of an alarm is never told; empty if it is."""
    if not rule.enabled:
        return "rule_disabled"
    if not rule.recovers:
        return "no_recovery"
    return "too_long" if rule.period >= MEMORY else ""


def no_way_back(record: Record, here: Collection[Rule]) -> str:
    """Why the end of an event is never told; empty if it is."""
    name = entry_of(clean(record.name))
    if name is None:
        return "unknown_event"
    back = {it.lower() for it in (*undone_by(name), *([name] if has_state(name) else []))}
    if not back:
        return "no_way_back"
    told = any(it.event.lower() in back and fits(it, record, name) for it in here)
    return "" if told else "back_not_subscribed"


def fits(rule: Rule, record: Record, name: str) -> bool:
    """Whether a subscription gets the end of this problem: its labels must not leave it out.

    Only what the end has in common with the problem is compared. Any other label may leave the end out.
    """
    same = {"resourceid": clean(record.resource)}
    same |= {it.lower(): label(record, it) for it in EVENTS[name].get("told_apart_by", ())}
    return all(op == "Equal" and value == same.get(key.lower()) for key, op, value in rule.labels)


def untangle(made: Plan, last: Mapping[str, tuple[Record, str]], wanted: Collection[str]) -> None:
    """Look at the records that close several alerts, of which another one was opened again since.

    The later record has to be posted behind it. If it is not, the alert that it opened would stay closed.
    `wanted` are the outcomes that are posted.
    """
    outcomes = {it.record.identity: it.outcome for it in made.decisions}
    for decision in made.of(POSTED):
        for key, _ in effects(decision.record) if decision.effect == CLOSES else ():
            later, effect = last[key]
            if later is not decision.record and effect != CLOSES:
                if outcomes[later.identity] in wanted:
                    decision.why = decision.why or "reopens"
                else:
                    decision.outcome, decision.why = UNDECIDED, "would_close"
