"""What the function does while it cannot read its settings, and that it can read no others."""

from conftest import World
from local.storm import drain


def test_a_push_url_that_comes_late_costs_no_alert(world: World):
    """The function does not give up at its start, and the token suffices for an alert to be queued."""
    relay = world.deploy("late", PushUrlParameter="/late/push-url")
    answer = world.post(relay, "alarm")
    assert (answer.status, answer.json()["queued"]) == (202, True)
    assert world.flashduty.received() == []
    assert world.call(relay, "/health").status == 503

    world.set_push_url("/late/push-url")
    assert world.call(relay, "/health").status == 200
    drain(relay, seconds=60)
    [alert] = world.flashduty.alerts()
    assert alert["open"]


def test_the_role_may_read_no_other_parameter(world: World):
    """Were the policy wider than the template means it to be, this alarm would be delivered.

    SSM refuses both parameters for the one that is denied. The token is known all the same: it is asked for
    alone. There is no queue, from which the other function would deliver the alarm with what it may read.
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
