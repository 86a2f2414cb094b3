"""zstack-resync.py: which records decide, and what is posted of them."""

import json
import os
import random
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from resyncing import (
    MINUTE,
    NAMES,
    ROOT,
    START,
    TOPIC,
    Answers,
    Flashduty,
    Reader,
    alarm,
    event,
    example,
    originals,
    recorded,
    relays,
    subscriptions,
)
from terminal import Terminal
from zstack.resync.decide import LISTED, POSTED, UNDECIDED, effects, plan
from zstack.resync.events import EVENTS
from zstack.resync.messages import body
from zstack.resync.post import Stopped, Webhook, retry_after
from zstack.resync.records import Record, Rule, Unreadable, record
from zstack.resync.run import Resync, posted
from zstack.resync.since import since
from zstack.resync.table import cell, severity, width
from zstack.resync.texts import TEXTS

from zstack import explained

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
        (Rule(True, frozenset([TOPIC, "other"]), recovers=True, period=1799), POSTED, ""),
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
        (event(1, "HostDisconnected", "h"), ["HostConnected"], POSTED, ""),
        (event(1, "hostdisconnected", "h"), ["HOSTCONNECTED"], POSTED, ""),
        (event(1, "HostDisconnected", "h"), ["VRouterConnected"], LISTED, "back_not_subscribed"),
        (event(1, "HostConnected", "h"), [], POSTED, ""),
        (event(1, "VmCrash", "v"), [], LISTED, "no_way_back"),
        (event(1, "HostOnFire", "h"), [], LISTED, "unknown_event"),
        (event(1, "HostStatusChanged", "h", labels={"NewStatus": "Disconnected"}), [], POSTED, ""),
        (event(1, "HostStatusChanged", "h", labels="[NewStatus"), [], UNDECIDED, "bad_labels"),
        (event(1, "HostPhysicalNicStatusUp", "h", labels="[1]"), [], UNDECIDED, "bad_labels"),
        (event(1, "HostConnected", "h", labels="[1]"), [], POSTED, ""),
        (event(1, "VMHAStarted", "v", error="no host"), [], POSTED, ""),
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


def test_a_disabled_subscription_tells_no_end():
    """Its event comes no more."""
    rules = subscriptions("HostDisconnected", "HostConnected")
    rules["HostConnected"] = Rule(False, frozenset([TOPIC]), event="HostConnected")
    assert decided([event(1, "HostDisconnected", "h")], rules) == [(1, LISTED, "back_not_subscribed")]


def test_what_is_sent_elsewhere_is_left_out():
    """ZStack records every rule, also those without an action."""
    rules = {"r": Rule(True, frozenset(["other"]), recovers=True), "s": Rule(True, frozenset())}
    made = plan([alarm(1, "r", "vm", "Alarm"), alarm(2, "s", "vm", "OK")], rules, {TOPIC}, NOW)
    assert (made.decisions, made.elsewhere) == ([], 2)


def test_remarks_on_what_is_posted():
    """A trigger that should have been repeated; a device of a resource that has several."""
    late = START + (1800 + 600 + 300) * 1000
    assert decided([alarm(1, "r", "vm", "Alarm")], {"r": RECOVERS}, late) == [(1, POSTED, "")]
    assert decided([alarm(1, "r", "vm", "Alarm")], {"r": RECOVERS}, late + 1) == [(1, POSTED, "not_repeated")]
    disks = [
        alarm(1, "r", "h", "Alarm", context='{"DiskDeviceLetter":"sda"}'),
        alarm(2, "r", "h", "Alarm", context='{"DiskDeviceLetter":"sdb"}'),
        alarm(3, "r", "h", "OK", context='{"DiskDeviceLetter":"sda"}'),
    ]
    assert decided(disks, {"r": RECOVERS}) == [(3, POSTED, "other_device")]
    disks.append(alarm(4, "r", "h", "OK", context='{"DiskDeviceLetter":"sdb"}'))
    assert decided(disks, {"r": RECOVERS}) == [(4, POSTED, "")]


def test_a_state_that_is_not_known_is_not_guessed():
    """The alarm of the same resource before it does not decide either."""
    records = [alarm(1, "r", "vm", "Alarm"), alarm(2, "r", "vm", "InsufficientData")]
    assert decided(records, {"r": RECOVERS}) == [(2, UNDECIDED, "unknown_status")]


def test_a_record_that_closes_two_alerts_does_not_undo_a_later_one():
    """VRouterConnected ends two events. One of them came again."""
    connected = event(1, "VRouterConnected", "vr", START)
    paused = event(2, "VRouterPaused", "vr", START + 1)
    rules = subscriptions("VRouterConnected", "VRouterPaused")
    assert decided([connected, paused], rules) == [(1, POSTED, "reopens"), (2, POSTED, "")]
    del rules["VRouterPaused"]
    assert decided([connected, paused], rules) == [(1, UNDECIDED, "would_close"), (2, UNDECIDED, "rule_gone")]


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
    assert {it.outcome for it in made.decisions} <= {POSTED}
    posted = [it.record for it in made.decisions]
    real = Flashduty().take(arrived)
    before, changes = dict(real.open), len(real.changes)
    assert real.take(posted).open == complete.open

    # One message for each alert at most, and an alert that was right is not touched: it calls nobody.
    assert len(posted) <= len({key for it in records for key, _ in effects(it)})
    flapping = {key for it in made.decisions if it.why == "reopens" for key, _ in effects(it.record)}
    for key, _ in real.changes[changes:]:
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


# Reading.


@pytest.mark.parametrize(
    ("kind", "fields", "why"),
    [
        ("alarm", {"id": None}, "id"),
        ("alarm", {"id": "x"}, "id"),
        ("alarm", {"createTime": "Jul 6, 2018 1:50:39 PM"}, "createTime"),
        ("alarm", {"createTime": 1_720_144_800}, "createTime"),
        ("alarm", {"alarmUuid": None}, "alarmUuid"),
        ("event", {"subscriptionUuid": 7}, "subscriptionUuid"),
        ("event", {"name": ""}, "name"),
    ],
)
def test_a_row_that_is_not_a_record_is_told(kind: str, fields: dict, why: str):
    """With the field that is the reason."""
    row = {"id": 1, "createTime": START, "alarmUuid": "r", "subscriptionUuid": "s", "name": "HostConnected"}
    assert record(kind, row).id == 1
    with pytest.raises(Unreadable) as error:
        record(kind, row | fields)
    assert str(error.value) == why


def test_numbers_may_have_a_fraction():
    """Gson writes whole numbers so, at times."""
    assert alarm(1, "r", "vm", "OK", createTime="1720144800000.0", id=2.0).order == (START, "alarm", 2)


CHINA = timezone(timedelta(hours=8))
NOON = datetime(2026, 11, 28, 12, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2h", "2026-11-28 10:00:00+08:00"),
        (" 90m ", "2026-11-28 10:30:00+08:00"),
        ("1d12h", "2026-11-27 00:00:00+08:00"),
        ("2026-11-28T10:00Z", None),
        ("2026-11-28T02:00Z", "2026-11-28 02:00:00+00:00"),
        ("2026-11-28 10:00 +08:00", "2026-11-28 10:00:00+08:00"),
        ("2026-11-28T10:00:30+0800", "2026-11-28 10:00:30+08:00"),
        ("", None),
        ("2", None),
        ("h", None),
        ("0h", None),
        ("-2h", None),
        ("yesterday", None),
        ("2026-11-31", None),
        ("2026-11-29T00:00+08:00", None),
    ],
)
def test_since(value: str, expected: str | None):
    """A time that is not before now is a mistake."""
    if expected:
        assert str(since(value, NOON)) == expected
        return
    with pytest.raises(ValueError):
        since(value, NOON)


def test_a_date_without_a_zone_is_of_this_machine(monkeypatch: pytest.MonkeyPatch):
    """Which the program says."""
    for zone, hours in (("UTC0", 0), ("CST-8", 8)):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        for value in ("2026-11-28", "2026-11-28 00:00", "2026-11-28T00:00:00"):
            assert since(value, NOON).isoformat() == f"2026-11-28T00:00:00+0{hours}:00"
    monkeypatch.delenv("TZ")
    time.tzset()


# Posting.


@pytest.fixture
def answers() -> Iterator[Answers]:
    """A webhook on a port of its own."""
    made = Answers()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, []

    def sleep(self, seconds: float) -> None:
        """Pass some time."""
        self.now += seconds
        self.slept += [round(seconds, 3)] if seconds else []


def webhook(url: str, clock: Clock, user: str = "zstack", per_minute: float = 300) -> Webhook:
    """A webhook, and a clock that costs no time."""
    return Webhook(url, user, "geheim", per_minute, clock.sleep, lambda: clock.now)


def test_the_request_is_zstacks(answers: Answers):
    """URL, type and credentials. ZStack encodes the URL once more."""
    url = f"{answers.url}/zstack/database?cloud=北京&zone=%E5&a=1+2"
    assert webhook(url, Clock()).post(b'{"a":1}').status == 200
    [(path, headers, content)] = answers.requests
    assert path == "/zstack/database?cloud=%E5%8C%97%E4%BA%AC&zone=%25E5&a=1+2"
    assert content == b'{"a":1}'
    assert headers["Content-Type"] == "application/json;charset=UTF-8"
    assert headers["Authorization"] == "Basic enN0YWNrOmdlaGVpbQ=="
    webhook(answers.url, Clock(), user="").post(b"{}")
    assert "Authorization" not in answers.requests[1][1]


def test_the_pace_is_kept(answers: Answers):
    """And slower, once somebody says so."""
    clock = Clock()
    it = webhook(answers.url, clock)
    for _ in range(4):
        it.post(b"{}")
    assert clock.slept == [0.2, 0.2, 0.2]
    answers.answers = [relays(429)]
    it.post(b"{}")
    assert clock.slept[3:] == [0.2, 1.0]
    it.post(b"{}")
    assert clock.slept[5:] == [0.4]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503, 504])
def test_what_may_succeed_later_is_tried_again(answers: Answers, status: int):
    """The same message, after a pause that grows, or that the answer asks for."""
    answers.answers = [(status, {}, "Too Many Requests"), relays(status, **{"Retry-After": "7"}), relays(202)]
    clock = Clock()
    assert webhook(answers.url, clock).post(b"{}").status == 202
    assert [it[2] for it in answers.requests] == [b"{}"] * 3
    assert [it for it in clock.slept if it >= 1] == [1, 7]


def test_it_stops_after_repeated_failures(answers: Answers):
    """An outage that lasts is not waited for."""
    answers.answers = [relays(503, "SettingsUnavailable")] * 7
    clock = Clock()
    with pytest.raises(Stopped) as stopped:
        webhook(answers.url, clock).post(b"{}")
    assert clock.slept == [1, 2, 4, 8, 16]
    assert stopped.value.text == "no_success"
    assert stopped.value.fields == {
        "tries": 6,
        "why": "503 SettingsUnavailable because of SettingsUnavailable",
    }
    assert len(answers.requests) == 6
    answers.server.shutdown()
    answers.server.server_close()
    with pytest.raises(Stopped) as stopped:
        webhook(answers.url, Clock()).post(b"{}")
    assert stopped.value.fields == {"tries": 6, "why": "Connection refused"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (relays(401, "Unauthorized"), "bad_token"),
        (relays(403, "SourceNotAllowed"), "not_allowed"),
        (relays(404, "UnknownChannel"), "no_channel"),
        ((403, {}, '{"message":"Forbidden"}'), "not_the_relay"),
        ((404, {}, "<html>"), "not_the_relay"),
        ((302, {"Location": "/elsewhere"}, ""), "not_the_relay"),
        ((200, {}, "<html>login</html>"), "not_the_relay"),
        (relays(503, **{"Retry-After": "301"}), "wait_longer"),
    ],
)
def test_it_stops_at_what_every_message_would_get(answers: Answers, answer: tuple, why: str):
    """At the first one. A redirect is not followed, as ZStack follows none."""
    answers.answers = [answer]
    with pytest.raises(Stopped) as stopped:
        webhook(answers.url, Clock()).post(b"{}")
    assert (stopped.value.text, len(answers.requests)) == (why, 1)


def test_some_messages_may_be_refused(answers: Answers):
    """Five in a row are too many."""
    refused = relays(502, "FlashdutyRefused")
    answers.answers = [refused] * 4 + [relays(200)] + [refused] * 5
    it = webhook(answers.url, Clock())
    assert [it.post(b"{}").status for _ in range(9)] == [502] * 4 + [200] + [502] * 4
    with pytest.raises(Stopped) as stopped:
        it.post(b"{}")
    assert (stopped.value.text, stopped.value.fields["count"]) == ("all_refused", 5)


def test_a_pause_may_be_a_date():
    """As HTTP has it."""
    soon = datetime.now(UTC) + timedelta(seconds=100)
    assert 90 < retry_after(format_datetime(soon, usegmt=True)) <= 100
    assert [retry_after(it) for it in (None, "", "soon", "-3", "2.5")] == [0, 0, 0, 0, 2.5]


# What people read.


def test_every_text_is_in_both_languages_and_used():
    """With the same fields."""
    code = "".join(
        it.read_text() for it in (ROOT / "scripts/zstack/resync").glob("*.py") if it.name != "texts.py"
    )
    assert not TEXTS.keys() & explained.TEXTS.keys()
    for name, (english, chinese) in TEXTS.items():
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese)), name
        assert english.isascii(), name
        assert re.search(f"[\"']{name}[\"']", code), name


def test_a_cell_is_one_line_of_limited_width():
    """Whatever people wrote as a name."""
    terminal = Terminal(TEXTS, "en")
    assert cell(terminal, "a\x1b[2J\nb") == "a [2J b"
    assert cell(terminal, "数" * 30) == "数" * 18 + "..."
    assert width("数据-1") == 6


# A run.


def run_of(reader: Reader, everything: bool = False, language: str = "en") -> Resync:
    """A run that has read the rules."""
    run = Resync(Terminal(TEXTS, language), reader, SimpleNamespace(all=everything), lambda seconds: None)
    run.rules, run.topics = reader.known, frozenset([TOPIC])
    return run


def shown(reader: Reader, everything: bool = False, language: str = "en") -> list[int]:
    """Print the tables. The result are the ids of what is posted."""
    run = run_of(reader, everything, language)
    made = run.read(START)
    run.look_up(made.decisions)
    return [it.record.id for it in run.show(made, datetime.fromtimestamp(START / 1000).astimezone())]


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The time of the examples."""
    monkeypatch.setenv("TZ", "UTC0")
    time.tzset()
    monkeypatch.setattr("zstack.resync.run.time.time", lambda: START / 1000 + 1800)
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(("page", "language"), [("resync.md", "en"), ("resync.zh-CN.md", "zh")])
def test_the_example_of_the_documents(page: str, language: str, capsys: pytest.CaptureFixture, utc: None):
    """Word for word."""
    assert shown(example(), language=language) == [2, 7, 9, 10, 11]
    text = (ROOT / "docs" / page).read_text()
    [block] = re.findall(r"(?s)```text\n(.*?)\n```", text)
    assert capsys.readouterr().out.strip() == block


def test_with_all_more_is_posted(capsys: pytest.CaptureFixture, utc: None):
    """In the order of the times. What cannot be decided is never posted."""
    assert shown(example(), everything=True) == [2, 5, 6, 7, 9, 10, 11]
    assert "Not posted without" not in capsys.readouterr().out


def test_what_is_newer_is_posted_behind(answers: Answers, utc: None):
    """ZStack sent a recovery before the trigger that is posted here. Else the alert would stay open."""
    reader = example()
    run = run_of(reader)
    made = run.read(START)
    run.look_up(made.decisions)
    # ZStack tells them while the program posts. The second one is about an alert that is not posted.
    reader.all.append(alarm(12, "cpu", "vm3", "OK", START + 23 * MINUTE))
    reader.all.append(alarm(13, "cpu", "vm4", "OK", START + 23 * MINUTE))
    assert run.deliver(webhook(answers.url, Clock()), made.of(POSTED))
    bodies = [json.loads(content) for _, _, content in answers.requests]
    assert [it.get("ALARM_RESOURCE_ID") or it["EVENT_RESOURCE_ID"] for it in bodies] == [
        "host7",
        "host8",
        "vm1",
        "vm3",
        "job1",
        "vm3",
    ]
    assert [it["ALARM_CURRENT_STATUS"] for it in bodies if "ALARM_UUID" in it] == ["OK", "Alarm", "OK"]
    # From a minute before the last record: two nodes have two clocks.
    assert reader.asked == [START, START + 20 * MINUTE, START + 22 * MINUTE]
    assert run.counts == {"pushed": 6}


def test_a_cloud_that_never_rests_ends_the_run(answers: Answers, utc: None):
    """Each time something newer about the same alert. Then the program says so."""
    reader = example()
    run = run_of(reader)
    made = run.read(START)
    told = run.reader.records

    def restless(since: int) -> list[Record]:
        number = len(reader.all) + 1
        status = "OK" if number % 2 else "Alarm"
        reader.all.append(alarm(number, "cpu", "vm3", status, START + (10 + number) * MINUTE))
        return told(since)

    reader.records = restless
    assert not run.deliver(webhook(answers.url, Clock()), made.of(POSTED))
    assert len(answers.requests) == 5 + 10


def test_refused_messages_are_told(answers: Answers, utc: None, capsys: pytest.CaptureFixture):
    """And the others are posted. The status of the program is 1."""
    answers.answers = [relays(200), relays(413, "BodyTooLarge"), relays(202)]
    run = run_of(example())
    made = run.read(START)
    run.look_up(made.decisions)
    assert posted(run, webhook(answers.url, Clock()), made.of(POSTED)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "✗ HostConnected, node-08: 413 BodyTooLarge because of BodyTooLarge",
        "✗ 5 posted: 3 in Flashduty, 1 in the retry queue, 1 refused.",
    ]


def test_it_says_where_it_stopped(answers: Answers, utc: None, capsys: pytest.CaptureFixture):
    """A second run posts all of it once more."""
    answers.answers = [relays(200), relays(401, "Unauthorized")]
    run = run_of(example())
    made = run.read(START)
    assert posted(run, webhook(answers.url, Clock()), made.of(POSTED)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "✗ Stopped after 1 of 5: 401: the relay does not accept the token"
        " (Unauthorized because of Unauthorized)"
    )
    assert "run the same command again" in lines[1]
    again = run_of(example())
    assert posted(again, webhook(answers.url, Clock()), again.read(START).of(POSTED)) == 0
    assert len(answers.requests) == 2 + 5
