"""zstack-resync.py: what is read, what is posted, and what is said about it."""

import json
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
    ROOT,
    START,
    TOPIC,
    Answers,
    Flashduty,
    Reader,
    alarm,
    event,
    example,
    relays,
    subscriptions,
)
from setups import DEAD_PROXY
from terminal import Terminal
from zstack.api import Refused, Unreachable
from zstack.resync.decide import POSTED, Decision, effects, plan
from zstack.resync.deliver import FRESH, SETTLE, Delivery
from zstack.resync.options import arguments, checked
from zstack.resync.post import EASY, Answer, Stopped, Webhook, retry_after, url_secrets
from zstack.resync.program import agreed, posted
from zstack.resync.reader import Reader as ZStackReader
from zstack.resync.records import Record, Rule, Unreadable, record
from zstack.resync.run import Resync
from zstack.resync.session import Wrong
from zstack.resync.since import since
from zstack.resync.table import cell, lines, width
from zstack.resync.texts import TEXTS

from zstack import explained

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


def test_a_slow_pace_does_not_get_faster(answers: Answers):
    """One message a minute, also after 429."""
    clock = Clock()
    it = webhook(answers.url, clock, per_minute=1)
    answers.answers = [relays(429)]
    it.post(b"{}")
    it.post(b"{}")
    assert it.pause == 60
    assert clock.now == 120


def test_the_pace_recovers(answers: Answers):
    """Step by step, when all is accepted for a while. It gets no faster than it was."""
    it = webhook(answers.url, Clock())
    answers.answers = [relays(429), relays(200)] * 6
    for _ in range(6):
        it.post(b"{}")
    assert it.pause == 10
    for pause in (10, 5, 2.5, 1.25, 0.625, 0.3125, 0.2, 0.2):
        assert it.pause == pause
        for _ in range(EASY - (pause == 10)):
            it.post(b"{}")
    # Another 429 begins the count again.
    it.post(b"{}")
    answers.answers = [relays(429)]
    for _ in range(EASY - 1):
        it.post(b"{}")
    assert it.pause == 0.4


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


def test_a_502_of_a_gateway_is_no_refusal(answers: Answers):
    """Only the relay says that Flashduty refused the alert."""
    answers.answers = [(502, {}, "<html>Bad Gateway"), (521, {}, ""), relays(200)]
    assert webhook(answers.url, Clock()).post(b"{}").status == 200
    assert len(answers.requests) == 3


def test_no_proxy_is_used(answers: Answers, monkeypatch: pytest.MonkeyPatch):
    """ZStack uses none, and the relay may allow only some addresses."""
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", DEAD_PROXY)
    assert webhook(answers.url, Clock()).post(b"{}").status == 200


def test_some_messages_may_be_refused(answers: Answers):
    """Five in a row are too many."""
    refused = relays(502, "FlashdutyRefused")
    answers.answers = [refused] * 4 + [relays(200)] + [refused] * 5
    it = webhook(answers.url, Clock())
    assert [it.post(b"{}").status for _ in range(9)] == [502] * 4 + [200] + [502] * 4
    with pytest.raises(Stopped) as stopped:
        it.post(b"{}")
    assert (stopped.value.text, stopped.value.fields["count"]) == ("all_refused", 5)


def test_a_secret_in_a_long_answer_is_not_cut(answers: Answers, utc: None, capsys: pytest.CaptureFixture):
    """Half of it would not be known as a secret."""
    page = f"<html>{'x' * 185} geheim-geheim"
    answers.answers = [(503, {}, page)] * 6
    with pytest.raises(Stopped) as stopped:
        webhook(answers.url, Clock()).post(b"{}")
    answers.answers = [(503, {}, page)] * 6
    run = run_of(example())
    run.terminal.secrets.add("geheim-geheim")
    assert posted(run, webhook(answers.url, Clock()), run.read(START).of(POSTED)) == 1
    printed = capsys.readouterr().out
    assert "not shown, because a secret is in it" in printed
    assert "geheim" in stopped.value.fields["why"]
    assert "gehe" not in printed


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("token=a%2Fb", {"a/b", "a%2Fb", "a%252Fb"}),
        ("cloud=x&Token=a+b%3d", {"a b=", "a+b%3d", "a+b=", "a%20b%3D", "a+b%253d"}),
        ("token=", set()),
        ("cloud=x&token=abc&a", {"abc"}),
        ("%74oken=x/y", {"x/y", "x%2Fy"}),
    ],
)
def test_a_token_in_a_url_has_several_forms(query: str, shown: set[str]):
    """As ZStack has it, as the relay reads it, and as it is sent."""
    assert url_secrets(f"https://webhook.invalid/zstack?{query}") == shown


def test_a_pause_may_be_a_date():
    """As HTTP has it."""
    soon = datetime.now(UTC) + timedelta(seconds=100)
    assert 90 < retry_after(format_datetime(soon, usegmt=True)) <= 100
    assert [retry_after(it) for it in (None, "", "soon", "-3", "2.5")] == [0, 0, 0, 0, 2.5]
    assert [retry_after(it) for it in ("inf", "-inf", "nan", "1e400")] == [0] * 4


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


class Meanwhile:
    """A webhook. While it takes a message, ZStack tells something, too."""

    def __init__(self, taking: Webhook, reader: Reader, told: list[Record], at: int = 1):
        """`at` is the number of the message."""
        self.taking, self.host, self.reader, self.told, self.at = taking, taking.host, reader, told, at

    def post(self, content: bytes) -> Answer:
        """Take a message."""
        self.at -= 1
        if not self.at:
            self.reader.all += self.told
        return self.taking.post(content)


def delivered(run: Resync, hook: object, chosen: list[Decision]) -> Delivery:
    """Post what was agreed to."""
    delivery = Delivery(run, hook, chosen)
    delivery.deliver()
    return delivery


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
    late = [alarm(12 + it, "cpu", f"vm{3 + it}", "OK", START + 23 * MINUTE) for it in range(2)]
    delivery = delivered(run, Meanwhile(webhook(answers.url, Clock()), reader, late), made.of(POSTED))
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
    # From five minutes before the last record: two nodes have two clocks.
    assert reader.asked == [START, *[START + 16 * MINUTE] * 2, START + 18 * MINUTE]
    assert (delivery.counts, delivery.left) == ({"pushed": 6}, [])


def test_a_late_row_does_not_close_what_was_opened_after_it(
    answers: Answers, utc: None, capsys: pytest.CaptureFixture
):
    """Two nodes have two clocks, so a row can appear behind later ones.

    It closes two alerts, one of which a later message opened. That message is posted again behind it.
    """
    fields = {"labels": {"NewState": "Stopped"}}
    stopped = event(1, "VMStateChangedOnHost", "v", START + 1_000, **fields)
    failed = event(2, "VMHAStarted", "v", START + 5_000, error="no host")
    reader = Reader([stopped, failed], subscriptions("VMStateChangedOnHost", "VMHAStarted"), {})
    run = run_of(reader)
    made = run.read(START)
    running = event(3, "VMStateChangedOnHost", "v", START + 4_000, labels={"NewState": "Running"})
    hook = Meanwhile(webhook(answers.url, Clock()), reader, [running], at=2)
    assert not delivered(run, hook, made.of(POSTED)).left
    bodies = [json.loads(content) for _, _, content in answers.requests]
    times = [it["EVENT_TIME"][-3:] for it in bodies]
    assert times == ["01Z", "05Z", "04Z", "05Z"]
    # At once, without another read between.
    assert len(reader.asked) == 4
    assert "something newer about 1 of these" in capsys.readouterr().out
    assert Flashduty().take([stopped, failed, running, failed]).open == Flashduty().take([failed]).open


@pytest.mark.parametrize("seed", range(100))
def test_whatever_row_is_late_the_last_message_decides(seed: int, utc: None):
    """Each row may be read only after the first messages were posted."""
    chance = random.Random(seed)
    told = []
    for number in range(chance.randint(2, 12)):
        name, fields = chance.choice(
            [
                ("VMStateChangedOnHost", {"labels": {"NewState": "Running"}}),
                ("VMStateChangedOnHost", {"labels": {"NewState": "Stopped"}}),
                ("VMHAStarted", {"error": "no host"}),
                ("VMHAStarted", {"labels": {"DestinationHostUuid": "h"}}),
            ]
        )
        told.append(event(number, name, "v", START + 1000 * number, dataUuid=str(number), **fields))
    late = [it for it in told if chance.random() < 0.4]
    rules = subscriptions("VMStateChangedOnHost", "VMHAStarted")
    reader = Reader([it for it in told if it not in late], rules, {})
    run = run_of(reader)
    made = run.read(START)
    chosen = made.of(POSTED)
    # ZStack itself has sent all of them, or none.
    flashduty = Flashduty().take(told if chance.random() < 0.5 else [])

    def post(content: bytes) -> SimpleNamespace:
        number = int(json.loads(content)["EVENT_DATA_UUID"])
        flashduty.take([it for it in told if it.id == number])
        reader.all += late
        late.clear()
        return SimpleNamespace(status=200)

    if chosen:
        delivery = delivered(run, SimpleNamespace(post=post), chosen)
        wanted = Flashduty().take(told).open
        assert not delivery.left
        assert [flashduty.open.get(it) for it in delivery.ours] == [wanted.get(it) for it in delivery.ours]


CPU = {"cpu": Rule(True, frozenset([TOPIC]), recovers=True, period=300, repeat=1800)}


def told_about(answers: Answers) -> list[tuple[str, str]]:
    """Resource and status of each alarm that was posted."""
    bodies = [json.loads(content) for _, _, content in answers.requests]
    return [(it["ALARM_RESOURCE_ID"], it["ALARM_CURRENT_STATUS"]) for it in bodies]


@pytest.mark.parametrize(("before", "after"), [("Alarm", "OK"), ("OK", "Alarm")])
def test_what_zstack_tells_while_the_question_waits_is_not_undone(
    before: str, after: str, answers: Answers, utc: None, capsys: pytest.CaptureFixture
):
    """An alert that is over is not opened, and one that is open is not closed."""
    reader = Reader([alarm(1, "cpu", "vm1", before), alarm(2, "cpu", "vm2", "Alarm", START + 1)], CPU, {})
    run = run_of(reader)
    chosen = run.read(START).of(POSTED)
    reader.all.append(alarm(3, "cpu", "vm1", after, START + MINUTE))
    assert posted(run, webhook(answers.url, Clock()), chosen) == 0
    assert told_about(answers) == [("vm2", "Alarm"), ("vm1", after)]
    assert "something newer about 1 of these" in capsys.readouterr().out


def slow(answers: Answers, reader: Reader, told: list[Record], at: int) -> tuple[Resync, Meanwhile]:
    """A run with a clock that passes as messages are posted: 100 a minute."""
    clock = Clock()
    run = run_of(reader)
    run.sleep, run.clock = clock.sleep, lambda: clock.now
    return run, Meanwhile(webhook(answers.url, clock, per_minute=100), reader, told, at)


def test_what_zstack_tells_while_many_messages_are_posted_is_not_undone(answers: Answers, utc: None):
    """It is read each minute. So what is old by then is not posted."""
    reader = Reader([alarm(it, "cpu", f"vm{it}", "Alarm", START + it) for it in range(1, 301)], CPU, {})
    run, hook = slow(answers, reader, [alarm(999, "cpu", "vm300", "OK", START + MINUTE)], at=10)
    assert posted(run, hook, run.read(START).of(POSTED)) == 0
    assert told_about(answers)[-2:] == [("vm299", "Alarm"), ("vm300", "OK")]
    assert len(answers.requests) == 300


def test_what_may_be_wrong_is_posted_first(answers: Answers, utc: None):
    """Not behind all the others, which may take hours."""
    reader = Reader([alarm(it, "cpu", f"vm{it}", "Alarm", START + it) for it in range(1, 301)], CPU, {})
    run, hook = slow(answers, reader, [alarm(999, "cpu", "vm1", "OK", START + MINUTE)], at=10)
    assert posted(run, hook, run.read(START).of(POSTED)) == 0
    at = told_about(answers).index(("vm1", "OK"))
    assert at * 60 / 100 <= FRESH + SETTLE
    assert len(answers.requests) == 301


def test_what_zstack_forgot_meanwhile_is_not_opened(
    answers: Answers, utc: None, capsys: pytest.CaptureFixture
):
    """Its end never comes. So it is listed, as it would have been before."""
    rules = subscriptions("HostDisconnected", "HostConnected", "HostPhysicalNicStatusDown")
    reader = Reader([event(1, "HostDisconnected", "h")], rules, {})
    run = run_of(reader)
    chosen = run.read(START).of(POSTED)
    reader.all.append(event(2, "HostPhysicalNicStatusDown", "h", START + 1))
    assert posted(run, webhook(answers.url, Clock()), chosen) == 1
    assert answers.requests == []
    assert "ZStack forgot it" in capsys.readouterr().out


def test_a_storm_of_repetitions_ends(answers: Answers, utc: None):
    """ZStack tells again what lasts, and nothing changes. So nothing is posted twice."""
    reader = Reader([alarm(it, "cpu", f"vm{it}", "Alarm", START + it) for it in range(1, 51)], CPU, {})
    run = run_of(reader)
    chosen = run.read(START).of(POSTED)
    told = reader.records

    def repeated(since: int) -> list[Record]:
        at, number = START + len(reader.asked) * MINUTE, len(reader.all)
        reader.all += [alarm(number + it, "cpu", f"vm{it}", "Alarm", at + it) for it in range(1, 51)]
        return told(since)

    reader.records = repeated
    assert posted(run, webhook(answers.url, Clock()), chosen) == 0
    assert len(answers.requests) == 50


def test_another_state_between_is_no_mere_repetition(answers: Answers, utc: None):
    """If the last message of three got lost, the alert would stay closed."""
    reader = Reader([alarm(1, "cpu", "vm1", "Alarm")], CPU, {})
    run = run_of(reader)
    newer = [alarm(2, "cpu", "vm1", "OK", START + 1), alarm(3, "cpu", "vm1", "Alarm", START + 2)]
    hook = Meanwhile(webhook(answers.url, Clock()), reader, newer)
    assert posted(run, hook, run.read(START).of(POSTED)) == 0
    assert told_about(answers) == [("vm1", "Alarm")] * 2


def test_after_a_stop_what_may_be_wrong_is_listed(answers: Answers, utc: None, capsys: pytest.CaptureFixture):
    """ZStack told the end before this program told the beginning, and nothing can be posted any more."""
    answers.answers = [relays(200), relays(200), relays(401, "Unauthorized")]
    reader = Reader([alarm(it, "cpu", f"vm{it}", "Alarm", START + it) for it in range(1, 4)], CPU, {})
    run = run_of(reader)
    newer = [alarm(4, "cpu", "vm1", "OK", START + MINUTE), alarm(5, "cpu", "vm2", "Alarm", START + MINUTE)]
    hook = Meanwhile(webhook(answers.url, Clock()), reader, newer, at=2)
    assert posted(run, hook, run.read(START).of(POSTED)) == 1
    stopped, again, heading, _, *rows = capsys.readouterr().out.splitlines()
    assert "Stopped after 2 of 3: 401" in stopped
    assert "run the same command again" in again
    assert heading.endswith("these may be wrong now: 1")
    assert ["vm1" in it for it in rows] == [True]


def failing(reader: Reader, *errors: Exception) -> None:
    """The next reads fail with these."""
    told, left = reader.records, list(errors)

    def records(since: int) -> list[Record]:
        if left:
            raise left.pop(0)
        return told(since)

    reader.records = records


@pytest.mark.parametrize(
    "error",
    [Unreachable("connect", "x"), Unreachable("lost", "x"), Refused(429, description="Rate limit exceeded")],
)
def test_a_zstack_that_is_away_for_a_moment_is_asked_again(
    answers: Answers, utc: None, capsys: pytest.CaptureFixture, error: Exception
):
    """Posting can take an hour, and would begin anew."""
    reader, clock = Reader([alarm(1, "cpu", "vm1", "Alarm")], CPU, {}), Clock()
    run = run_of(reader)
    run.sleep = clock.sleep
    chosen = run.read(START).of(POSTED)
    failing(reader, *[error] * 3)
    assert posted(run, webhook(answers.url, clock), chosen) == 0
    assert told_about(answers) == [("vm1", "Alarm")]
    assert clock.slept[:3] == [5, 15, 30]
    assert capsys.readouterr().out.count(f"ZStack did not answer ({error}): it is asked again in") == 3


@pytest.mark.parametrize(
    "errors",
    [
        [Unreachable("connect", "x")] * 4,
        [Unreachable("foreign", "x")],
        [Unreachable("tls", "x")],
        [Refused(503, "SYS.1001", reason="x")],
    ],
)
def test_after_some_tries_it_stops(
    answers: Answers, utc: None, capsys: pytest.CaptureFixture, errors: list[Exception]
):
    """At once where time will not help. What was read before is too old to be posted."""
    reader, clock = Reader([alarm(1, "cpu", "vm1", "Alarm")], CPU, {}), Clock()
    run = run_of(reader)
    run.sleep = clock.sleep
    chosen = run.read(START).of(POSTED)
    failing(reader, *errors)
    with pytest.raises(type(errors[0])):
        posted(run, webhook(answers.url, clock), chosen)
    assert (answers.requests, len(clock.slept)) == ([], len(errors) - 1)
    assert "after 0 of 1 were posted" in capsys.readouterr().out


def test_after_ctrl_c_it_says_how_far_it_was(answers: Answers, utc: None, capsys: pytest.CaptureFixture):
    """And that the same command completes it."""
    run = run_of(example())

    class Interrupted(Meanwhile):
        def post(self, content: bytes) -> Answer:
            if len(answers.requests) == 2:
                raise KeyboardInterrupt
            return self.taking.post(content)

    hook = Interrupted(webhook(answers.url, Clock()), run.reader, [])
    assert posted(run, hook, run.read(START).of(POSTED)) == 130
    stopped, again = capsys.readouterr().out.splitlines()
    assert stopped == "✗ Interrupted after 2 of 5."
    assert "run the same command again" in again


class Busy:
    """A ZStack that goes on telling, the Flashduty that gets it, and a webhook that may fail at a message.

    A record may appear only after a moment.
    """

    def __init__(self, seed: int):
        self.chance, self.every, self.flashduty = random.Random(seed), [], Flashduty()
        lost = self.chance.random()
        before = [self.tell() for _ in range(self.chance.randint(1, 8))]
        self.flashduty.take(it for it in before if self.chance.random() > lost)
        self.reader = Reader(before, CPU | subscriptions("VMStateChangedOnHost", "VMHAStarted"), {})
        self.more, self.now = self.chance.randint(0, 12), 0.0
        self.fails, self.in_flight = self.chance.choice((0, 0, 1, 2, 3, 5)), None

    def tell(self) -> Record:
        """A message about one of two resources. One closes two alerts."""
        number, resource = len(self.every), self.chance.choice("vw")
        at, data = START + 1000 * number, {"dataUuid": str(number)}
        name, fields = self.chance.choice(
            [
                ("Alarm", {}),
                ("OK", {}),
                ("VMStateChangedOnHost", {"labels": {"NewState": "Running"}}),
                ("VMStateChangedOnHost", {"labels": {"NewState": "Stopped"}}),
                ("VMHAStarted", {"error": "no host"}),
            ]
        )
        is_alarm = name in ("Alarm", "OK")
        of_alarm = alarm(number, "cpu", resource, name, at, **data)
        self.every.append(of_alarm if is_alarm else event(number, name, resource, at, **data, **fields))
        return self.every[-1]

    def go_on(self) -> None:
        """Perhaps tell something, perhaps let some time pass, and perhaps write the records."""
        while self.more and self.chance.random() < 0.4:
            self.more -= 1
            self.flashduty.take([self.tell()])
        self.now += self.chance.choice((0, 0, 10, FRESH))
        if self.chance.random() < 0.5:
            self.sleep(0)

    def sleep(self, _: float) -> None:
        """All records are written by now."""
        self.reader.all = list(self.every)

    def post(self, content: bytes) -> Answer:
        """Take a message, or fail. Then it may have arrived all the same."""
        message = json.loads(content)
        record = self.every[int(message.get("EVENT_DATA_UUID") or message["ALARM_DATA_UUID"])]
        self.fails -= 1
        self.go_on()
        if self.fails or self.chance.random() < 0.5:
            self.flashduty.take([record])
        else:
            self.in_flight = record
        self.go_on()
        if not self.fails:
            self.sleep(0)
            raise Stopped("no_success", tries=6, why="Connection refused")
        return Answer(200, "{}")


@pytest.mark.parametrize("seed", range(300))
def test_whatever_zstack_tells_meanwhile_no_alert_of_ours_is_left_wrong(seed: int, utc: None):
    """Before or after any message. If the program stops, what it left in a wrong state is listed."""
    busy = Busy(seed)
    run = run_of(busy.reader)
    run.sleep, run.clock = busy.sleep, lambda: busy.now
    chosen = run.read(START).of(POSTED)
    busy.go_on()
    delivery = Delivery(run, busy, chosen)
    try:
        delivery.deliver()
        listed = delivery.left
    except Stopped:
        listed = delivery.may_be_wrong()
    wanted = Flashduty().take(busy.every).open
    known = {key for it in listed for key, _ in effects(it.record)}
    # Of the message at which it stopped, nobody knows whether it arrived.
    known |= (
        {key for key, _ in effects(busy.in_flight) if delivery.times[key] == 1} if busy.in_flight else set()
    )
    assert {it: busy.flashduty.open.get(it) for it in delivery.ours if it not in known} == {
        it: wanted.get(it) for it in delivery.ours if it not in known
    }


BACK = {"back": Rule(True, frozenset([TOPIC]), event="HostConnected")}


@pytest.mark.parametrize("rules", [subscriptions("HostDisconnected", "HostPhysicalNicStatusDown") | BACK, {}])
def test_a_newer_trigger_is_posted_whatever_is_thought_of_it(
    rules: dict[str, Rule], answers: Answers, utc: None
):
    """ZStack may have sent it before the end that is posted here. Else the host is down and the alert closed.

    By itself it would not be decided: ZStack forgot it, or its rule is not known.
    """
    reader = Reader([event(1, "HostConnected", "h")], subscriptions("HostConnected") | rules, {})
    run = run_of(reader)
    made = run.read(START)
    lost = event(2, "HostDisconnected", "h", START + 1000)
    newer = [lost, event(3, "HostPhysicalNicStatusDown", "h", START + 2000)]
    assert posted(run, Meanwhile(webhook(answers.url, Clock()), reader, newer), made.of(POSTED)) == 0
    assert [json.loads(it[2])["EVENT_NAME"] for it in answers.requests] == [
        "HostConnected",
        "HostDisconnected",
    ]


def test_a_newer_event_without_a_way_back_is_posted_too(answers: Answers, utc: None):
    """The subscription of its end is disabled, so that it would be posted only with --all."""
    rules = subscriptions("HostDisconnected", "HostConnected")
    rules["HostConnected"] = Rule(False, frozenset([TOPIC]), event="HostConnected")
    reader = Reader([event(1, "HostConnected", "h")], rules, {})
    run = run_of(reader)
    made = run.read(START)
    newer = [event(2, "HostDisconnected", "h", START + 1000)]
    assert posted(run, Meanwhile(webhook(answers.url, Clock()), reader, newer), made.of(POSTED)) == 0
    assert len(answers.requests) == 2


@pytest.mark.parametrize(
    ("first", "newer", "remark"),
    [
        # It would close an alert that ZStack opened again, and that one is not posted.
        (
            event(1, "VRouterDisconnected", "v"),
            [event(2, "VRouterConnected", "v", START + 1000), event(3, "VRouterPaused", "v", START + 2000)],
            "would also close another alert",
        ),
        (alarm(1, "cpu", "vm", "Alarm"), [alarm(2, "cpu", "vm", "Odd", START + 1000)], "a state that is not"),
        (alarm(1, "cpu", "", "OK"), [alarm(2, "cpu", "", "Alarm", START + 1000)], "no resource id"),
    ],
)
def test_something_newer_that_cannot_be_decided_is_told(
    first: Record,
    newer: list[Record],
    remark: str,
    answers: Answers,
    utc: None,
    capsys: pytest.CaptureFixture,
):
    """And the status of the program is 1: the alert may have a wrong state."""
    rules = subscriptions("VRouterDisconnected", "VRouterConnected", "VRouterPaused")
    rules["cpu"] = Rule(True, frozenset([TOPIC]), recovers=True, period=300, repeat=1800)
    reader = Reader([first], rules, {"v": ("router-01", "")})
    run = run_of(reader)
    made = run.read(START)
    assert posted(run, Meanwhile(webhook(answers.url, Clock()), reader, newer), made.of(POSTED)) == 1
    heading, _, row, end = capsys.readouterr().out.splitlines()
    assert heading == "Cannot be decided. Look at these by hand: 1"
    assert remark in row
    assert "router-01" in row or first.kind == "alarm"
    assert end == "✗ 1 posted: 1 in Flashduty, 0 in the retry queue, 0 refused."


def test_what_was_told_before_the_run_is_not_told_again(answers: Answers, utc: None):
    """It was in the table. And what is older than --since is not read later either."""
    rules = subscriptions("VMStateChangedOnHost", "VMHAStarted")
    told = [
        event(2, "VMStateChangedOnHost", "v", labels="[1]"),
        event(3, "VMHAStarted", "v", START + 1, error="no host"),
    ]
    before = event(1, "VMStateChangedOnHost", "v", START - 1, labels={"NewState": "Running"})
    reader = Reader([before, *told], rules, {})
    run = run_of(reader)
    run.begin = START
    made = run.read(START)
    chosen = run.show(made, datetime.fromtimestamp(START / 1000).astimezone())
    assert [it.record.id for it in chosen] == [3]
    assert posted(run, webhook(answers.url, Clock()), chosen) == 0
    assert reader.asked == [START, START, START]


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
    delivery = delivered(run, webhook(answers.url, Clock()), made.of(POSTED))
    assert (delivery.restless, [it.record.resource for it in delivery.left]) == (True, ["vm3"])
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


def test_a_refused_message_shows_no_secret_and_moves_no_cursor(
    answers: Answers, utc: None, capsys: pytest.CaptureFixture
):
    """Anybody may name a VM. Somebody may have put a secret in a name."""
    answers.answers = [relays(400, "Bad")] * 2
    told = [
        alarm(1, "cpu", "vm1", "Alarm", alarmName="geheim-geheim"),
        alarm(2, "cpu", "vm2", "Alarm", START + 1, alarmName="a\x1b[2J\r\nb"),
    ]
    run = run_of(Reader(told, CPU, {"vm1": ("x\x1b]0;y\x07", ""), "vm2": ("z geheim-geheim", "")}))
    run.terminal.secrets.add("geheim-geheim")
    chosen = run.read(START).of(POSTED)
    run.look_up(chosen)
    assert posted(run, webhook(answers.url, Clock()), chosen) == 1
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first == "✗ (not shown, because a secret is in it), x ]0;y: 400 Bad because of Bad"
    assert second == "✗ a [2J b, (not shown, because a secret is in it): 400 Bad because of Bad"


def test_a_row_that_cannot_be_read_while_messages_are_posted_is_told(
    answers: Answers, utc: None, capsys: pytest.CaptureFixture
):
    """It may be the end of an alert that was opened."""
    reader = Reader([alarm(1, "cpu", "vm1", "Alarm")], CPU, {})
    run = run_of(reader)
    chosen = run.read(START).of(POSTED)
    run.show(made=plan([], {}, set(), 0), begin=datetime.fromtimestamp(START / 1000).astimezone())
    capsys.readouterr()
    reader.unreadable["alarm", "2"] = "alarmUuid"
    assert posted(run, webhook(answers.url, Clock()), chosen) == 1
    note, end = capsys.readouterr().out.splitlines()
    assert "1 row(s) of kind alarm cannot be read, because of alarmUuid." in note
    assert end.startswith("✗ 1 posted")


def test_rows_that_cannot_be_read_are_counted_once():
    """However often they are read."""
    api = SimpleNamespace(query=lambda path, *_, **__: [{"id": 1, "createTime": START}, {"id": None}])
    reader = ZStackReader(api)
    for _ in range(2):
        assert reader.records(START) == []
    assert reader.unreadable == {
        ("alarm", "1"): "alarmUuid",
        ("alarm", "{'id': None}"): "id",
        ("event", "1"): "subscriptionUuid",
        ("event", "{'id': None}"): "id",
    }


def test_a_record_of_a_clock_that_is_ahead_hides_nothing(answers: Answers, utc: None):
    """What is newer is looked for behind the last record that is not of the future."""
    ahead = alarm(3, "cpu", "vm9", "Alarm", START + 120 * MINUTE)
    reader = Reader([alarm(1, "cpu", "vm1", "Alarm", START + 10 * MINUTE), ahead], CPU, {})
    run = run_of(reader)
    chosen = run.read(START).of(POSTED)
    newer = [alarm(2, "cpu", "vm1", "OK", START + 11 * MINUTE)]
    assert posted(run, Meanwhile(webhook(answers.url, Clock()), reader, newer), chosen) == 0
    assert told_about(answers)[-1] == ("vm1", "OK")
    assert reader.asked == [START, *[START + 5 * MINUTE] * 2, START + 6 * MINUTE]


def test_a_machine_whose_clock_is_behind_reads_everything_again(answers: Answers, utc: None):
    """All records seem to be of the future."""
    reader = Reader([alarm(1, "cpu", "vm1", "Alarm", START + 60 * MINUTE)], CPU, {})
    run = run_of(reader)
    run.begin = START
    assert posted(run, webhook(answers.url, Clock()), run.read(START).of(POSTED)) == 0
    assert set(reader.asked) == {START}


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


@pytest.mark.parametrize(
    ("said", "expected"), [("y", True), ("Yes ", True), ("n", False), ("", False), (None, False)]
)
def test_it_asks_before_it_posts(
    monkeypatch: pytest.MonkeyPatch, said: str | None, expected: bool, capsys: pytest.CaptureFixture
):
    """Nothing but yes is yes. Ctrl-D is no."""

    def answered(question: str) -> str:
        assert question == "Post 2401 message(s)? That takes about 9 minute(s). [y/N] "
        if said is None:
            raise EOFError
        return said

    monkeypatch.setattr("builtins.input", answered)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    options = SimpleNamespace(yes=False, per_minute=300)
    assert agreed(Terminal(TEXTS, "en"), options, 2401) == expected


def test_a_resource_without_a_name_is_said_first():
    """It says more than that ZStack may have restarted."""
    lost = event(1, "HostDisconnected", "h")
    made = plan([lost], subscriptions("HostDisconnected", "HostConnected"), {TOPIC}, START)
    for nameless, remark in ((set(), "ZStack restarted"), ({"h"}, "perhaps deleted")):
        assert remark in lines(Terminal(TEXTS, "en"), made.decisions, {}, nameless)[1]


def test_a_closed_alert_needs_no_name():
    """A resource that was deleted is well."""
    closed, opened = alarm(1, "r", "vm", "OK"), alarm(2, "r", "other", "Alarm")
    decisions = plan([closed, opened], {"r": Rule(True, frozenset([TOPIC]), recovers=True)}, {TOPIC}, START)
    table = lines(Terminal(TEXTS, "en"), decisions.decisions, {}, {"vm", "other"})
    assert ["perhaps deleted" in it for it in table] == [False, False, True]


def test_a_resource_whose_name_cannot_be_asked_for_is_not_said_to_be_deleted(capsys: pytest.CaptureFixture):
    """The id of a pool, say, is a text."""
    rules = CPU | {"cpu": Rule(True, frozenset([TOPIC]), recovers=True, period=300, repeat=10**9)}
    shown(Reader([alarm(1, "cpu", "pool: 100%", "Alarm"), alarm(2, "cpu", "vm2", "Alarm")], rules, {}))
    rows = [it for it in capsys.readouterr().out.splitlines() if " Warning" in it]
    assert ["perhaps deleted" in it for it in rows] == [False, True]


def test_the_last_record_has_a_date(capsys: pytest.CaptureFixture, utc: None):
    """It may be days old."""
    shown(example())
    assert "the last one of 2024-07-05 02:21:00 (" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["http://[bad", "ftp://a/b", "zstack", "https://"])
def test_what_is_no_url_is_a_mistake_of_the_user(url: str):
    """Not one of the program."""
    options = arguments().parse_args(["--since", "2h", "--url", url])
    with pytest.raises(Wrong) as wrong:
        checked(Terminal(TEXTS, "en"), options)
    assert "is not the URL of a webhook" in wrong.value.text


def test_the_help_says_how_a_zone_behind_utc_is_written(capsys: pytest.CaptureFixture):
    """`--zone -05:00` would be another option."""
    with pytest.raises(SystemExit):
        arguments().parse_args(["--help"])
    assert "--zone=-05:00" in capsys.readouterr().out
    for page in ("docs/resync.md", "docs/resync.zh-CN.md"):
        assert "`--zone=-05:00`" in (ROOT / page).read_text()
    assert arguments().parse_args([*NEEDED, "--zone=-05:00"]).zone == timedelta(hours=-5)


NEEDED = ["--since", "2h", "--url", "https://webhook.invalid/zstack"]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["--pass", "geheim"], "--pass"),
        (["--token", "geheim"], "--token"),
        (["--tok=geheim"], "--tok"),
        (["--password-fil=geheim"], "--password-fil"),
        (["geheim"], "no option"),
        (["-pgeheim"], "no option"),
        (["-hgeheim"], "--help"),
        (["--dry-run=geheim"], "--dry-run"),
        (["--language", "geheim"], "--language"),
        (["--per-minute=geheim"], "--per-minute"),
    ],
)
def test_a_mistake_in_the_options_shows_no_value(given: list[str], named: str, capsys: pytest.CaptureFixture):
    """It may be a secret. An option is not guessed from its first letters either."""
    with pytest.raises(SystemExit) as ended:
        arguments().parse_args([*NEEDED, *given])
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert named in printed.err.splitlines()[-1]
    assert "geheim" not in printed.out + printed.err


def test_zstack_is_on_this_machine_unless_it_is_told(monkeypatch: pytest.MonkeyPatch):
    """As in zstack-setup.py."""
    monkeypatch.delenv("ZSTACK", raising=False)
    assert arguments().parse_args(NEEDED).zstack == "127.0.0.1"
    monkeypatch.setenv("ZSTACK", "192.0.2.20")
    assert arguments().parse_args(NEEDED).zstack == "192.0.2.20"
    assert arguments().parse_args([*NEEDED, "--zstack", "192.0.2.21"]).zstack == "192.0.2.21"


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("+08:00", 480), ("+8", 480), ("-0330", -210), ("+15", None), ("8", None), ("CST", None)],
)
def test_a_zone(zone: str, minutes: int | None, capsys: pytest.CaptureFixture):
    """In the forms that zstack-setup.py takes."""
    given = [*NEEDED, f"--zone={zone}"]
    if minutes is not None:
        assert arguments().parse_args(given).zone == timedelta(minutes=minutes)
        return
    with pytest.raises(SystemExit):
        arguments().parse_args(given)
    assert "+08:00" in capsys.readouterr().err


@pytest.mark.parametrize("page", ["docs/resync.md", "docs/resync.zh-CN.md", "docs/runbook.md", "Makefile"])
def test_the_endpoint_is_the_one_that_set_up_makes(page: str):
    """ZStack's names have upper and lower case."""
    words = re.findall(r"(?:--endpoint |ENDPOINT=)(\w+)", (ROOT / page).read_text())
    created = re.findall(r"Create the endpoint (\w+):", (ROOT / "docs/zstack.md").read_text())
    assert set(words) == set(created) != set()


@pytest.mark.parametrize("page", ["resync.md", "resync.zh-CN.md"])
def test_the_documents_have_every_option(page: str):
    """And no other."""
    known = {it for action in arguments()._actions for it in action.option_strings} - {"-h", "--help"}
    assert set(re.findall(r"`(--[a-z-]+)`", (ROOT / "docs" / page).read_text())) == known
