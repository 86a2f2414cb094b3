"""More alarms at once than Flashduty takes, while it is away for a part of the time."""

import secrets

from conftest import World
from local import WORK
from local.standin import Standin
from local.storm import Storm, complaints, drain, second_poller

# A tenth of what Flashduty takes in a second, a fifth of what it takes in a minute.
LIMITS = ["--per-second", "10", "--per-minute", "200"]


def test_a_storm_passes(world: World):
    """Everything is delivered in order, closed, and was never open twice."""
    key, token = secrets.token_hex(16), secrets.token_urlsafe(24)
    with Standin(world.flashduty.binary, key, log=WORK / "standin-storm.log", limits=LIMITS) as flashduty:
        parameters = {"PushUrlParameter": "/storm/push-url", "WebhookTokenParameter": "/storm/webhook-token"}
        relay = world.like("storm", **parameters)
        second_poller(relay)
        world.aws.put_secret("/storm/push-url", flashduty.push_url(key))
        world.aws.put_secret("/storm/webhook-token", token)
        storm = Storm(alarms=150, connections=50, down=(2, 10))
        storm.blow(relay, flashduty, token)
        assert storm.answers["202"], "this was no storm"
        drain(relay, seconds=150)
        assert list(complaints(storm, relay, flashduty)) == []
