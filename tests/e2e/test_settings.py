"""What the function does while it cannot read its settings, and that it can read no others."""

from unittest.mock import ANY

from conftest import World
from local.http import Answer
from local.storm import drain


def assert_unavailable(world: World, answer: Answer, *words: str) -> None:
    """503, with a message that names what to mend; and Flashduty heard nothing."""
    assert answer.status == 503
    assert answer.json() == {"error": {"code": ANY, "message": ANY}, "request_id": ANY}
    for word in words:
        assert word in answer.json()["error"]["message"]
    assert world.flashduty.received() == []


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
    """Were the policy wider than the template means it to be, this alarm would be delivered."""
    world.set_push_url("/denied/push-url")
    world.set_push_url("/elsewhere/push-url")
    relay = world.deploy("denied", PushUrlParameter="/denied/push-url")
    relay.change_environment(FLASHDUTY_PUSH_URL_PARAMETER="/elsewhere/push-url")
    answer = world.post(relay, "alarm")
    assert_unavailable(world, answer, "/elsewhere/push-url", "ssm:GetParameters")

    relay.change_environment(FLASHDUTY_PUSH_URL_PARAMETER="/denied/push-url")
    assert world.post(relay, "alarm").status == 200
