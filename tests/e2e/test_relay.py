"""Messages with the token become alerts, and others do not."""

from unittest.mock import ANY

import pytest
from conftest import World
from local import ROOT, samples
from local.stack import Stack

ALARM = samples.read(ROOT / "events/alarm.json")


def pushed(*statuses: str) -> dict:
    """The answer to a message with these events."""
    return {
        "request_id": ANY,
        "alerts": [
            {"alert_key": ANY, "event_status": status, "flashduty_request_id": ANY} for status in statuses
        ],
    }


def test_an_alarm_opens_an_alert_and_its_recovery_closes_it(world: World, relay: Stack):
    """The usual case."""
    alarm = world.post(relay, "alarm")
    assert (alarm.status, alarm.json()) == (200, pushed("Critical"))
    [alert] = world.flashduty.alerts()
    assert (alert["severity"], alert["open"]) == ("Critical", True)
    assert alert["alert_key"] == alarm.json()["alerts"][0]["alert_key"]

    recovery = world.post(relay, "alarm-recovery")
    assert (recovery.status, recovery.json()) == (200, pushed("Ok"))
    [alert] = world.flashduty.alerts()
    assert (alert["severity"], alert["open"]) == ("Critical", False)


def test_the_test_button_leaves_nothing_open(world: World, relay: Stack):
    """Its alert opens and closes at once."""
    answer = world.post(relay, "test-message")
    assert (answer.status, answer.json()) == (200, pushed("Info", "Ok"))
    [alert] = world.flashduty.alerts()
    assert not alert["open"]
    assert [event["status"] for event in alert["history"]] == ["Info", "Ok"]


def test_chinese_text_and_the_urls_labels_arrive(world: World, relay: Stack):
    """API Gateway encodes the body in base64 and the query in percent signs."""
    assert world.post(relay, "alarm-chinese").status == 200
    [alert] = world.flashduty.alerts()
    assert (alert["labels"]["cloud"], alert["labels"]["env"]) == ("北京", "prod")
    assert alert["labels"]["check"] in alert["title"]


def test_the_token_may_be_in_the_url(world: World, relay: Stack):
    """For a ZStack endpoint without user name and password. The token becomes no label."""
    answer = world.call(relay, "/zstack", ALARM.body, query={"token": world.token})
    assert (answer.status, answer.json()) == (200, pushed("Critical"))
    [alert] = world.flashduty.alerts()
    assert "token" not in alert["labels"]


@pytest.mark.parametrize(
    "credential", [{}, {"token": "wrong"}, {"query": {"token": "wrong"}}], ids=["none", "basic", "url"]
)
def test_callers_without_the_token_are_rejected(world: World, relay: Stack, credential: dict):
    """Nothing is pushed."""
    answer = world.call(relay, "/zstack", ALARM.body, **credential)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert answer.json() == {"error": {"code": ANY, "message": ANY}, "request_id": ANY}
    assert world.flashduty.received() == []


def test_health(world: World, relay: Stack):
    """It needs no credential, and HEAD works as well as GET."""
    assert world.call(relay, "/health").status == 200
    head = world.call(relay, "/health", method="HEAD")
    assert (head.status, head.text) == (200, "")


def test_a_rotated_push_url_costs_no_alert(world: World, relay: Stack):
    """Although the function has just read the old one, and caches it for minutes."""
    assert world.post(relay, "alarm").status == 200
    world.rotate_key()
    world.set_push_url()
    world.flashduty.clear()

    assert world.post(relay, "alarm").status == 200
    [alert] = world.flashduty.alerts()
    assert alert["open"]
    assert [request["status"] for request in world.flashduty.received()] == [400, 200]
