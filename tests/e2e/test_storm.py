"""An alert storm: more alarms than Flashduty's rate limit allows, and no answer from it for a while."""

import secrets

from conftest import World
from local import WORK
from local.standin import Standin
from local.storm import Storm, drain, problems, second_poller

# A tenth of Flashduty's limit for a second, and a fifth of its limit for a minute.
LIMITS = ["--per-second", "10", "--per-minute", "200"]


def test_a_storm_passes(world: World):
    """Every alert is delivered in order and closed, and none was opened twice."""
    key, token = secrets.token_hex(16), secrets.token_urlsafe(24)
    with Standin(world.flashduty.binary, key, log=WORK / "standin-storm.log", limits=LIMITS) as flashduty:
        parameters = {"PushUrlParameter": "/storm/push-url", "WebhookTokenParameter": "/storm/webhook-token"}
        relay = world.like("storm", **parameters)
        second_poller(relay)
        world.aws.put_secret("/storm/push-url", flashduty.push_url(key))
        world.aws.put_secret("/storm/webhook-token", token)
        storm = Storm(alarms=150, connections=50, down=(2, 10))
        storm.send(relay, flashduty, token)
        assert storm.answers["202"], "no message had to be queued"
        drain(relay, seconds=150)
        assert list(problems(storm, relay, flashduty)) == []
