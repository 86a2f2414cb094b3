"""Channels, as a team uses them: one more parameter in SSM, one more endpoint in ZStack, no deployment."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PUSH_URL, World
from doctors import Shell
from local.stack import Stack
from trials import wait_until

PATH = "/zstack/database"
PARAMETER = f"{PUSH_URL}/database"
OWN_TOKEN = "/zstack-flashduty/webhook-token/database"
MESSAGE = b'{"ALARM_NAME": "x", "ALARM_UUID": "channels"}'


@pytest.fixture
def key(world: World, relay: Stack) -> Iterator[str]:
    """The integration key of the channel, which Flashduty accepts beside the stack's own."""
    key = secrets.token_hex(16)
    world.flashduty.accept_only(world.key, key)
    world.aws.put_secret(PARAMETER, world.flashduty.push_url(key))
    fresh(relay)
    yield key
    ssm = world.aws.client("ssm")
    ssm.delete_parameters(Names=[PARAMETER, OWN_TOKEN])
    world.flashduty.clear_faults()
    world.flashduty.accept_only(world.key)
    fresh(relay)


def fresh(relay: Stack) -> None:
    """Start new processes of both functions, which have read nothing yet."""
    for function in (relay.function, relay.redeliver):
        relay.change_environment(function, STARTED=secrets.token_hex(4))


def keys(world: World) -> list[str]:
    """The integration keys of all pushes that Flashduty accepted."""
    return [it["key"] for it in world.flashduty.received() if it["status"] == 200]


def test_a_channel_needs_no_deployment(world: World, relay: Stack, key: str):
    """The template's route, its role and its log know it."""
    assert relay.call(PATH, MESSAGE, token=world.token).status == 200
    assert relay.call("/zstack", MESSAGE, token=world.token).status == 200
    assert keys(world) == [key, world.key]
    labels = [json.loads(it["body"])["labels"].get("channel") for it in world.flashduty.received()]
    assert labels == ["database", None]
    lines = [json.loads(it) for it in relay.logs(relay.function) if '"channel":"database"' in it]
    assert {"_aws", "status"} <= {name for line in lines for name in line}


def test_the_test_button_names_the_parameter_to_create(world: World, relay: Stack):
    """Whoever has no token learns nothing."""
    answer = relay.call("/zstack/nobody", MESSAGE, token=world.token)
    assert (answer.status, answer.json()["error"]["code"]) == (404, "UnknownChannel")
    assert f"{PUSH_URL}/nobody" in answer.json()["error"]["message"]
    assert relay.call("/zstack/nobody", MESSAGE, token="wrong").status == 401
    assert relay.call("/zstack/no%20body", MESSAGE, token=world.token).status == 404
    assert world.flashduty.received() == []


def test_a_channels_own_token_alone_opens_it(world: World, relay: Stack, key: str):
    """And nothing else."""
    own = secrets.token_hex(24)
    world.aws.put_secret(OWN_TOKEN, own)
    assert relay.call(PATH, MESSAGE, token=world.token).status == 401
    assert relay.call(PATH, MESSAGE, token=own).status == 200
    assert relay.call("/zstack", MESSAGE, token=own).status == 401
    assert keys(world) == [key]


def test_a_queued_alert_of_a_channel_is_delivered_to_it(world: World, relay: Stack, key: str):
    """The other function reads the channel's parameter, too."""
    world.flashduty.fault({"refuse": {"status": 429, "retry_after": "30"}}, {"next": 1}, keys=[key])
    assert relay.call(PATH, MESSAGE, token=world.token).status == 202
    wait_until(lambda: keys(world) == [key], lambda: f"not delivered: {world.flashduty.received()}")
    [alert] = world.flashduty.alerts()
    assert (alert["labels"]["channel"], "delayed" in alert["labels"]) == ("database", True)
    wait_until(lambda: relay.retries.length() == 0, "it is still queued")


def test_doctor_looks_at_a_channel(world: World, relay: Stack, key: str, tmp_path: Path):
    """At its parameter, at its URL, and at the answer to the test message there."""
    shell = Shell(world, tmp_path)
    arguments = ("--stack", relay.name, "--no-wait", "--url", f"{relay.url}/zstack", "--channel", "database")
    found = shell.doctor(*arguments)
    assert found.steps["push_url"][0] == "✓", found.output
    assert PARAMETER in found.steps["push_url"][1]
    assert found.steps["message"][0] == "✓", found.output
    assert keys(world) == [key, key]

    world.aws.put_secret(OWN_TOKEN, secrets.token_hex(24))
    found = shell.doctor(*arguments)
    assert OWN_TOKEN in found.steps["token"][1]
    world.aws.client("ssm").delete_parameters(Names=[PARAMETER])
    found = shell.doctor(*arguments)
    assert found.steps["push_url"][0] == "✗", found.output
    assert PARAMETER in found.output
    assert found.status == 1
