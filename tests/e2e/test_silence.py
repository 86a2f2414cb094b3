"""No secret in any answer or log line."""

from base64 import b64encode

from conftest import World
from local.stack import Stack


def test_no_secret_is_betrayed(world: World, relay: Stack):
    """By anything that the tests before this one heard, nor when Flashduty refuses the key."""
    assert world.post(relay, "alarm").status == 200
    assert world.call(relay, "/zstack", b"{}", query={"token": world.token}).status == 200
    world.rotate_key()  # and nobody tells the function
    assert world.post(relay, "alarm").status == 502
    world.set_push_url()
    assert world.post(relay, "alarm").status == 200

    basic = b64encode(f"zstack:{world.token}".encode()).decode()
    secrets = [world.token, basic, world.key, *world.spent]
    heard = [f"{answer.headers}\n{answer.text}" for answer in world.answers]
    logs = [line for stack in world.stacks for line in stack.logs()]
    assert any('"level":"WARN"' in line for line in logs)
    assert [text for text in heard + logs if any(secret in text for secret in secrets)] == []
