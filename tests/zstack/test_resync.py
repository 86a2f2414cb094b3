"""zstack-resync.py: which records decide, and what is posted of them."""

import json
import os
import random
import re
from dataclasses import replace

import pytest
from resyncing import (
    NAMES,
    ROOT,
    START,
    TOPIC,
    Flashduty,
    alarm,
    event,
    originals,
    recorded,
    subscriptions,
)
from zstack.resync.decide import LISTED, PAIRED, POSTED, SHARED, UNDECIDED, effects, plan
from zstack.resync.events import EVENTS
from zstack.resync.messages import body
from zstack.resync.records import Record, Rule
from zstack.resync.table import severity

REBUILT = ROOT / "tests/zstack/rebuilt.json"


# Which alert a record is about.


def rebuilt(case: str, original: dict) -> dict:
    """A message, what is built from its record, and the alerts that this is thought to be about."""
    it = recorded(original)
    alerts = [[key, severity(it, effect)] for key, effect in effects(it)]
    return {"case": case, "original": original, "rebuilt": json.loads(body(it, NAMES)), "alerts": alerts}


def test_messages_are_built_from_records():
    """tests/relay/resync.rs reads the same file.

    It shows that the relay makes the same alerts of each of them as of the original, and those that are
    thought.
    """
    built = [rebuilt(case, message) for case, message in originals()]
    text = "".join(
        f"{'[' if at == 0 else ','}\n{json.dumps(it, ensure_ascii=False, sort_keys=True)}"
        for at, it in enumerate(built)
    )
    if os.environ.get("GOLDEN") == "write":
        REBUILT.write_text(f"{text}\n]\n")
    assert json.loads(REBUILT.read_text()) == built


def test_a_message_has_all_that_the_record_has():
    """As ZStack writes it: what is null is left out, and Chinese is not escaped."""
    _, original = next(it for it in originals() if it[0].startswith("alarm: Alarm, Emergent, c0"))
    it = recorded(original, at=START + 5)
    assert json.loads(body(it, NAMES)) == {
        "ALARM_NAME": "主机 CPU",
        "ALARM_UUID": "c0ffee0000000000000000000000cc01",
        "ALARM_NAMESPACE": "ZStack/Host",
        "ALARM_METRIC": "CPUAverageUsedUtilization",
        "ALARM_COMPARISON_OPERATOR": "GreaterThanOrEqualTo",
        "ALARM_COMPARISON_OPERATOR_REVERSE": "LessThan",
        "ALARM_THRESHOLD": 80.0,
        "ALARM_CURRENT_VALUE": 93.271,
        "ALARM_DURATION": 300,
        "ALARM_LABELS": "Cpu Regex 0|1, 2, HostUuid Equal c0ffee0000000000000000000000aa01",
        "ALARM_CURRENT_STATUS": "Alarm",
        "ALARM_EMERGENCY_LEVEL": "Emergent",
        "ALARM_TIME": START + 5,
        "ALARM_RESOURCE_TYPE": "HostVO",
        "ALARM_RESOURCE_ID": "c0ffee0000000000000000000000aa01",
        "ALARM_RESOURCE_NAME": "订单库-01",
        "ALARM_ACCOUNT_UUID": "36c27e8ff05c4780bf6d2fa65700f22e",
        "ALARM_DATA_UUID": "aaaabbbbccccddddeeeeffff00001111",
    }
    assert "主机".encode() in body(it, NAMES)
    down = event(
        1, "HostPhysicalNicStatusDown", "h1", labels={"PhysicalNicName": "ens1"}, dataUuid="d1", error=""
    )
    assert json.loads(body(down, {})) == {
        "EVENT_NAME": "HostPhysicalNicStatusDown",
        "EVENT_LABELS": {"PhysicalNicName": "ens1"},
        "EVENT_EMERGENCY_LEVEL": "Important",
        "EVENT_RESOURCE_ID": "h1",
        "EVENT_TIME": "2024-07-05T02:00:00Z",
        "EVENT_SUBSCRIPTION_UUID": "HostPhysicalNicStatusDown",
        "EVENT_DATA_UUID": "d1",
    }


# What decides.

RECOVERS = Rule(True, frozenset([TOPIC]), recovers=True, period=300, repeat=1800)
NOW = START + 600_000


def decided(records: list[Record], rules: dict[str, Rule], now: int = NOW) -> list[tuple[int, str, str]]:
    """Id, outcome and reason of each decision."""
    return [(it.record.id, it.outcome, it.why) for it in plan(records, rules, {TOPIC}, now).decisions]


@pytest.mark.parametrize(
    ("rule", "outcome", "why"),
    [
        (RECOVERS, POSTED, ""),
        (Rule(True, frozenset([TOPIC, "other"]), recovers=True, period=1799), POSTED, "restart"),
        (replace(RECOVERS, well=True), POSTED, "well"),
        (replace(RECOVERS, well=True, recovers=False), LISTED, "no_recovery"),
        (Rule(True, frozenset([TOPIC]), period=300), LISTED, "no_recovery"),
        (Rule(True, frozenset([TOPIC]), recovers=True, period=1800), LISTED, "too_long"),
        (Rule(False, frozenset([TOPIC]), recovers=True, period=300), LISTED, "rule_disabled"),
        (None, UNDECIDED, "rule_gone"),
    ],
)
def test_a_trigger_is_posted_if_its_end_will_be_told(rule: Rule | None, outcome: str, why: str):
    """The end of an alarm is always posted: it can close nothing that is wrong."""
    rules = {"r": rule} if rule else {}
    assert decided([alarm(1, "r", "vm", "Alarm")], rules) == [(1, outcome, why)]
    assert decided([alarm(1, "r", "vm", "Alarm"), alarm(2, "r", "vm", "OK")], rules) == [(2, POSTED, "")]


@pytest.mark.parametrize(
    ("it", "subscribed", "outcome", "why"),
    [
        (event(1, "HostDisconnected", "h"), ["HostConnected"], POSTED, "restart"),
        (event(1, "hostdisconnected", "h"), ["HOSTCONNECTED"], POSTED, "restart"),
        (event(1, "ManagementNodeLeft", "m"), ["ManagementNodeJoin"], POSTED, ""),
        (event(1, "HostDisconnected", "h"), ["VRouterConnected"], LISTED, "back_not_subscribed"),
        (event(1, "HostConnected", "h"), [], POSTED, ""),
        (event(1, "VmCrash", "v"), [], LISTED, "no_way_back"),
        (event(1, "HostOnFire", "h"), [], LISTED, "unknown_event"),
        (event(1, "HostStatusChanged", "h", labels={"NewStatus": "Disconnected"}), [], POSTED, ""),
        (event(1, "HostStatusChanged", "h", labels="[NewStatus"), [], UNDECIDED, "bad_labels"),
        (event(1, "HostPhysicalNicStatusUp", "h", labels="[1]"), [], UNDECIDED, "bad_labels"),
        (event(1, "HostConnected", "h", labels="[1]"), [], POSTED, ""),
        (event(1, "VMHAStarted", "v", error="no host"), [], POSTED, "restart"),
    ],
)
def test_an_event_is_posted_if_its_end_will_be_told(
    it: Record, subscribed: list[str], outcome: str, why: str
):
    """By its own state, or by another event that ZStack is told to send."""
    assert decided([it], subscriptions(it.rule, *subscribed)) == [(1, outcome, why)]


def test_a_mere_step_decides_nothing():
    """It has an alert of its own, which closes itself."""
    step = event(2, "HostStatusChanged", "h", labels={"NewStatus": "Connecting"})
    lost = event(1, "HostStatusChanged", "h", labels={"NewStatus": "Disconnected"})
    assert decided([lost, step], subscriptions("HostStatusChanged")) == [(1, POSTED, "")]
    assert decided([step], subscriptions("HostStatusChanged")) == []


@pytest.mark.parametrize(
    "back",
    [
        Rule(False, frozenset([TOPIC]), event="HostConnected"),
        Rule(True, frozenset(["other"]), event="HostConnected"),
    ],
)
def test_a_subscription_that_is_disabled_or_sends_elsewhere_tells_no_end(back: Rule):
    """Its event does not come here."""
    rules = subscriptions("HostDisconnected", "HostConnected")
    rules["HostConnected"] = back
    assert decided([event(1, "HostDisconnected", "h")], rules) == [(1, LISTED, "back_not_subscribed")]


def narrowed(name: str, *labels: tuple[str, str, str]) -> dict[str, Rule]:
    """A subscription of an event, with labels."""
    return {name: Rule(True, frozenset([TOPIC]), event=name, labels=frozenset(labels))}


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([("ResourceId", "Equal", "h")], True),
        ([("ResourceId", "Equal", "h"), ("PhysicalNicName", "Equal", "ens1")], True),
        ([("ResourceId", "Equal", "other")], False),
        ([("ResourceId", "Regex", "h")], False),
        ([("PhysicalNicName", "Equal", "ens2")], False),
        ([("PhysicalNicStatus", "Equal", "up")], False),
        ([("", "", "")], False),
    ],
)
def test_a_way_back_that_is_narrowed_tells_no_end_of_others(labels: list, told: bool):
    """Only if its labels are surely those of this problem."""
    down = event(1, "HostPhysicalNicStatusDown", "h", labels={"PhysicalNicName": "ens1"})
    rules = subscriptions("HostPhysicalNicStatusDown") | narrowed("HostPhysicalNicStatusUp", *labels)
    outcome = (1, POSTED, "") if told else (1, LISTED, "back_not_subscribed")
    assert decided([down], rules) == [outcome]


@pytest.mark.parametrize(
    "rule",
    [
        Rule(False, frozenset([TOPIC]), event="HostStatusChanged"),
        narrowed("", ("NewStatus", "Equal", "Disconnected"))[""],
    ],
)
def test_a_subscription_that_tells_only_the_problem_tells_no_end(rule: Rule):
    """An event that reports its own end needs a subscription that sends the end, too."""
    rule = replace(rule, event="HostStatusChanged")
    lost = event(1, "HostStatusChanged", "h", labels={"NewStatus": "Disconnected"})
    rules = {"HostStatusChanged": rule}
    assert decided([lost], rules) == [(1, LISTED, "back_not_subscribed")]
    # Another subscription of the same event sends it.
    rules["whole"] = replace(rule, enabled=True, labels=frozenset())
    assert decided([lost], rules) == [(1, POSTED, "")]


NIC = ("HostPhysicalNicStatusDown", "HostPhysicalNicStatusUp")


@pytest.mark.parametrize(
    ("names", "outcomes"),
    [
        (["HostDisconnected", NIC[0]], {"HostDisconnected": "forgotten"}),
        (["HostDisconnected", NIC[1]], {"HostDisconnected": "forgotten"}),
        ([NIC[0], "HostDisconnected"], {}),
        (["HostDisconnected", NIC[1], "HostDisconnected"], {}),
        (["VRouterPaused"], {"VRouterPaused": "forgotten"}),
        (["VRouterPaused", "VRouterDisconnected"], {}),
        (
            ["VRouterDisconnected", "VRouterPaused"],
            {"VRouterDisconnected": "forgotten", "VRouterPaused": "forgotten"},
        ),
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_zstack_forgot_is_not_opened(names: list[str], outcomes: dict[str, str], elsewhere: bool):
    """Its end is never told, so perhaps it is over. ZStack forgets it wherever the other event is sent."""
    records = [event(number, name, "r", START + number) for number, name in enumerate(names)]
    records.append(event(90, NIC[0], "another", START + 90))
    rules = subscriptions(*EVENTS)
    if elsewhere:
        rules |= {it: replace(rules[it], topics=frozenset(["other"])) for it in NIC}
    made = plan(records, rules, {TOPIC}, NOW)
    found = {it.record.name: (it.outcome, it.why) for it in made.decisions if it.record.name not in NIC}
    assert found == {
        it: (UNDECIDED, outcomes[it]) if it in outcomes else (POSTED, "restart")
        for it in set(names) - set(NIC)
    }


def test_the_problems_that_zstack_pairs_are_those_of_the_page():
    """docs/protocols/zstack.md, "Ways back" and "How ZStack pairs"."""
    page = (ROOT / "docs/protocols/zstack.md").read_text()
    pairs = re.findall(r"(?m)^\| `(\w+)` \| `\w+`[^|]*\| the resource[^|]*\| ZStack \|$", page)
    assert {*pairs, "VRouterPaused"} == set(PAIRED)
    sharing = page.split("### How ZStack pairs")[1].split("### Ways back")[0]
    rows = [re.findall(r"`(\w+)`", it) for it in re.findall(r"(?m)^\| (`.*)$", sharing)]
    assert set(SHARED) == {name for row in rows for name in row if name in SHARED}
    assert all(len(row) >= 2 for row in rows)


def test_what_is_sent_elsewhere_is_left_out():
    """ZStack records every rule, also those without an action."""
    rules = {"r": Rule(True, frozenset(["other"]), recovers=True), "s": Rule(True, frozenset())}
    made = plan([alarm(1, "r", "vm", "Alarm"), alarm(2, "s", "vm", "OK")], rules, {TOPIC}, NOW)
    assert (made.decisions, made.elsewhere) == ([], 2)


def test_without_a_resource_nobody_knows_the_alert():
    """The relay takes the name or the address of the message, which no record has. An end may be posted."""
    rules = {"r": RECOVERS} | subscriptions("HostDisconnected", "HostConnected")
    for resource in ("", "-"):
        opened = [alarm(1, "r", resource, "Alarm"), event(2, "HostDisconnected", resource)]
        assert decided(opened, rules) == [(1, UNDECIDED, "no_resource"), (2, UNDECIDED, "no_resource")]
        closed = [alarm(1, "r", resource, "OK"), event(2, "HostConnected", resource)]
        assert decided(closed, rules) == [(1, POSTED, "no_resource"), (2, POSTED, "no_resource")]


def test_remarks_on_what_is_posted():
    """A trigger that should have been repeated; a device of a resource that has several."""
    late = START + (1800 + 600 + 300) * 1000
    assert decided([alarm(1, "r", "vm", "Alarm")], {"r": RECOVERS}, late) == [(1, POSTED, "")]
    assert decided([alarm(1, "r", "vm", "Alarm")], {"r": RECOVERS}, late + 1) == [(1, POSTED, "not_repeated")]
    assert decided([alarm(1, "r", "vm", "Alarm")], {"r": replace(RECOVERS, repeat=0)}, late * 2) == [
        (1, POSTED, "restart")
    ]
    disks = [
        alarm(1, "r", "h", "Alarm", context='{"DiskDeviceLetter":"sda"}'),
        alarm(2, "r", "h", "Alarm", context='{"DiskDeviceLetter":"sdb"}'),
        alarm(3, "r", "h", "OK", context='{"DiskDeviceLetter":"sda"}'),
    ]
    assert decided(disks, {"r": RECOVERS}, late + 1) == [(3, POSTED, "other_device")]
    assert decided(disks[1:], {"r": RECOVERS}, late + 1) == [(3, POSTED, "other_device")]
    assert decided(disks, {}, late) == [(3, POSTED, "other_device")]
    disks.append(alarm(4, "r", "h", "OK", context='{"DiskDeviceLetter":"sdb"}'))
    assert decided(disks, {"r": RECOVERS}) == [(4, POSTED, "")]


@pytest.mark.parametrize(("repeat", "age"), [(1800, 0), (1800, 2700), (0, 10**6)])
def test_an_alert_of_which_another_device_is_in_alarm_is_not_closed(repeat: int, age: int):
    """Its end was not told, and its next repetition is not late. Without one, nothing says that it ended."""
    disks = [
        alarm(1, "r", "h", "Alarm", context='{"DiskDeviceLetter":"sda","Host":"h"}'),
        alarm(2, "r", "h", "Alarm", START + 1, context='{"Host":"h","DiskDeviceLetter":"sdb"}'),
        alarm(3, "r", "h", "OK", START + 2, context='{"DiskDeviceLetter":"sda","Host":"h"}'),
    ]
    rules = {"r": replace(RECOVERS, repeat=repeat)}
    assert decided(disks, rules, START + 1 + age * 1000) == [(3, UNDECIDED, "other_device")]
    # The members of a context may have another order.
    disks.append(alarm(4, "r", "h", "OK", START + 3, context='{"DiskDeviceLetter":"sdb","Host":"h"}'))
    assert decided(disks, rules, START + 3) == [(4, POSTED, "")]


@pytest.mark.parametrize("later", [0, 1000])
@pytest.mark.parametrize("ids", [(1, 2), (2, 1)])
def test_a_second_subscription_that_was_deleted_hides_nothing(ids: tuple[int, int], later: int):
    """Both told the problem, in one millisecond perhaps. The one that is here decides."""
    here = event(ids[0], "HostDisconnected", "h", START)
    gone = event(ids[1], "HostDisconnected", "h", START + later, subscriptionUuid="gone")
    rules = subscriptions("HostDisconnected", "HostConnected")
    assert decided([here, gone], rules) == [(ids[0], POSTED, "restart")]
    # Its end counts, whoever told it.
    back = event(3, "HostConnected", "h", START + 2000, subscriptionUuid="gone too")
    assert decided([here, gone, back], rules) == [(3, POSTED, "")]
    again = event(4, "HostDisconnected", "h", START + 3000, subscriptionUuid="gone")
    assert decided([here, gone, back, again], rules) == [(4, UNDECIDED, "rule_gone")]


def test_a_state_that_is_not_known_is_not_guessed():
    """The alarm of the same resource before it does not decide either."""
    records = [alarm(1, "r", "vm", "Alarm"), alarm(2, "r", "vm", "InsufficientData")]
    assert decided(records, {"r": RECOVERS}) == [(2, UNDECIDED, "unknown_status")]


def test_a_record_that_closes_two_alerts_does_not_undo_a_later_one():
    """VRouterConnected ends two events. One of them came again."""
    connected = event(1, "VRouterConnected", "vr", START)
    paused = event(2, "VRouterPaused", "vr", START + 1)
    rules = subscriptions("VRouterConnected", "VRouterPaused")
    assert decided([connected, paused], rules) == [(1, UNDECIDED, "would_close"), (2, UNDECIDED, "forgotten")]
    running = event(1, "VMStateChangedOnHost", "v", START, labels={"NewState": "Running"})
    failed = event(2, "VMHAStarted", "v", START + 1, error="no host")
    rules = subscriptions("VMStateChangedOnHost", "VMHAStarted")
    assert decided([running, failed], rules) == [(1, POSTED, "reopens"), (2, POSTED, "restart")]
    del rules["VMHAStarted"]
    assert decided([running, failed], rules) == [(1, UNDECIDED, "would_close"), (2, UNDECIDED, "rule_gone")]


def test_with_all_a_record_that_closes_two_alerts_is_posted_before_the_later_one():
    """The later one is posted as well, so nothing stays closed that is open."""
    running = event(1, "VMStateChangedOnHost", "v", START, labels={"NewState": "Running"})
    failed = event(2, "VMHAStarted", "v", START + 1, error="no host")
    narrow = frozenset([("ResourceId", "Equal", "another")])
    rules = {
        it: Rule(True, frozenset([TOPIC]), event=it, labels=narrow) for it in (running.rule, failed.rule)
    }
    for everything, outcome, why in ((False, UNDECIDED, "would_close"), (True, POSTED, "reopens")):
        made = plan([running, failed], rules, {TOPIC}, NOW, everything)
        assert [(it.record.id, it.outcome, it.why) for it in made.decisions] == [
            (1, outcome, why),
            (2, LISTED, "back_not_subscribed"),
        ]


def test_records_of_one_millisecond_have_the_order_of_their_ids():
    """Whatever the order in which they are read."""
    records = [alarm(10, "r", "vm", "OK"), alarm(9, "r", "vm", "Alarm")]
    assert decided(records, {"r": RECOVERS}) == [(10, POSTED, "")]


# Any messages, any of them lost.

PAIRS = {
    name: [it for it, entry in EVENTS.items() if name in entry.get("undoes", ())]
    for name in EVENTS
    if any(name in entry.get("undoes", ()) for entry in EVENTS.values())
}
STATES = {name: entry["state"] for name, entry in EVENTS.items() if "state" in entry}


def told(chance: random.Random) -> list[Record]:
    """What a cloud tells within an hour: alarms that recover, and events that have an end."""
    records, at = [], START
    names = chance.sample([*PAIRS, *STATES], 3)
    for number in range(chance.randint(0, 40)):
        at += chance.choice((0, 1, 90_000))
        kind, resource = chance.choice(("alarm", "event")), chance.choice("ab")
        level = {"emergencyLevel": chance.choice(("Emergent", "Important", "Normal", ""))}
        if kind == "alarm":
            device = {"context": chance.choice(("{}", '{"disk":"sda"}', '{"disk":"sdb"}'))}
            status = chance.choice(("Alarm", "OK"))
            records.append(alarm(number, chance.choice("rs"), resource, status, at, **device, **level))
            continue
        name = chance.choice(names)
        name = chance.choice([name, *PAIRS.get(name, ())])
        labels = {it: chance.choice("12") for it in EVENTS[name].get("told_apart_by", ())}
        if name in STATES:
            values = [it for values in ("trouble", "over", "steps") for it in STATES[name][values]]
            labels[STATES[name]["label"]] = chance.choice([*values, "Unheard"])
        error = {"error": chance.choice(("", "no host"))} if name == "VMHAStarted" else {}
        if name == "VMHAStarted" and not error["error"]:
            labels["DestinationHostUuid"] = "h"
        records.append(event(number, name, resource, at, labels=labels, **error, **level))
    return records


@pytest.mark.parametrize("seed", range(400))
def test_after_any_losses_every_alert_has_the_state_of_the_last_message(seed: int):
    """What is missing opens, what is over closes, and what is right stays as it is."""
    chance = random.Random(seed)
    records = told(chance)
    rules = subscriptions(*EVENTS) | {"r": RECOVERS, "s": RECOVERS}
    share = chance.choice((0, 0.1, 0.5, 1))
    arrived = [it for it in records if chance.random() >= share]
    complete = Flashduty().take(records)

    made = plan(records, rules, {TOPIC}, NOW)
    # What ZStack forgot is left as it is, and so is what cannot be closed without it.
    open_ended = {key for it in made.of(UNDECIDED) for key, _ in effects(it.record)}
    assert {it.why for it in made.of(UNDECIDED)} <= {"forgotten", "would_close", "other_device"}
    assert not made.of(LISTED)
    posted = [it.record for it in made.of(POSTED)]
    real = Flashduty().take(arrived)
    before, changes = dict(real.open), len(real.changes)
    for opened in (real.take(posted).open, complete.open):
        for key in open_ended:
            opened.pop(key, None)
    assert real.open == complete.open

    # One message for each alert at most, and an alert that was right is not touched: it calls nobody.
    assert len(posted) <= len({key for it in records for key, _ in effects(it)})
    flapping = {key for it in made.decisions if it.why == "reopens" for key, _ in effects(it.record)}
    for key, _ in real.changes[changes:]:
        assert key not in open_ended or key in flapping
        assert key in flapping or before.get(key) != complete.open.get(key)


def test_the_generated_messages_are_of_every_kind():
    """Else the test above would show little."""
    made = [it for seed in range(400) for it in told(random.Random(seed))]
    assert {it.name for it in made if it.kind == "event"} == {
        *PAIRS,
        *STATES,
        *(b for a in PAIRS.values() for b in a),
    }
    assert any(
        it.why == "reopens"
        for seed in range(400)
        for it in plan(
            told(random.Random(seed)),
            subscriptions(*EVENTS) | {"r": RECOVERS, "s": RECOVERS},
            {TOPIC},
            NOW,
        ).decisions
    )
