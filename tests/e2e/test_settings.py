"""What the functions do while they cannot read their settings, and that they can read no other parameters."""

import time

from conftest import World
from local.storm import drain

READ_PAUSE = 1
"""Seconds. A parameter that could not be read is asked for again only after this pause."""


def test_a_missing_push_url_costs_no_alert(world: World):
    """The function starts without it. The token is enough to queue an alert."""
    relay = world.deploy("late", PushUrlParameter="/late/push-url")
    answer = world.post(relay, "alarm")
    assert (answer.status, answer.json()["queued"]) == (202, True)
    assert world.flashduty.received() == []
    assert world.call(relay, "/health").status == 503

    world.set_push_url("/late/push-url")
    time.sleep(READ_PAUSE)
    assert world.call(relay, "/health").status == 200
    drain(relay, seconds=60)
    [alert] = world.flashduty.alerts()
    assert alert["open"]


def test_the_role_may_read_no_other_parameter(world: World):
    """If the policy allowed other parameters, this alarm would be delivered.

    SSM denies a call for both parameters if one of them is denied. The token is still known, because the
    relay then asks for it alone. The stack has no queue, so that `redeliver` does not deliver the alarm.
    """
    world.set_push_url("/denied/push-url")
    world.set_push_url("/elsewhere/push-url")
    relay = world.deploy("denied", PushUrlParameter="/denied/push-url", RetryQueue="disabled")
    relay.change_environment(FLASHDUTY_PUSH_URL_PARAMETER="/elsewhere/push-url")
    assert relay.call("/zstack", b'{"ALARM_NAME": "x"}', token="not-the-token").status == 401
    answer = world.post(relay, "alarm")
    assert answer.status == 503
    error = answer.json()["error"]
    assert error["code"] == "SettingsUnavailable"
    assert "SSM denies /elsewhere/push-url:" in error["message"]
    assert "ssm:GetParameters" in error["message"]
    assert world.flashduty.received() == []

    relay.change_environment(FLASHDUTY_PUSH_URL_PARAMETER="/denied/push-url")
    assert world.post(relay, "alarm").status == 200
