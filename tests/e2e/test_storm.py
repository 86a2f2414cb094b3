"""An alert storm: more alarms than Flashduty's rate limit allows, and no answer from it for a while."""

import secrets

import pytest
from conftest import World
from local import WORK
from local.standin import Standin
from local.storm import Result, Storm, Zstack, second_poller

# A fifth of Flashduty's limit for a second. Two processes of `redeliver` leave a third of it to new alarms.
LIMITS = ["--per-second", "20"]


@pytest.mark.parametrize("connections", [None, 50], ids=["nodes", "connections"])
def test_a_storm_passes(world: World, connections: int | None):
    """Every message is delivered, every alert is closed, and new alarms do not wait for the others."""
    key, token = secrets.token_hex(16), secrets.token_urlsafe(24)
    name = f"storm-{connections or 'nodes'}"
    parameters = {"PushUrlParameter": f"/{name}/push-url", "WebhookTokenParameter": f"/{name}/webhook-token"}
    with Standin(world.flashduty.binary, key, log=WORK / "standin-storm.log", limits=LIMITS) as flashduty:
        relay = world.like(name, **parameters)
        second_poller(relay)
        world.aws.put_secret(parameters["PushUrlParameter"], flashduty.push_url(key))
        world.aws.put_secret(parameters["WebhookTokenParameter"], token)
        zstack = Zstack(relay, token)
        storm = Storm(zstack, alarms=150, connections=connections, down=(1, 8))
        storm.send(flashduty)
        assert zstack.answers["202"], "no message had to be queued"
        storm.drain(relay, seconds=150)
        result = Result(storm, relay, flashduty)
        assert list(result.problems()) == [], "\n".join(result.figures())
