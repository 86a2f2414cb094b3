"""No secret in any answer or log line."""

from base64 import b64encode

from conftest import World
from local.stack import Stack


def test_no_answer_and_no_log_line_contains_a_secret(world: World, relay: Stack):
    """In all tests before this one, and when Flashduty refuses the key."""
    assert world.post(relay, "alarm").status == 200
    assert world.call(relay, "/zstack", b"{}", query={"token": world.token}).status == 200
    world.rotate_key()  # the function still has the old key
    assert world.post(relay, "alarm").status == 502
    world.set_push_url()
    assert world.post(relay, "alarm").status == 200

    basic = b64encode(f"zstack:{world.token}".encode()).decode()
    secrets = [world.token, basic, world.key, *world.old_keys]
    texts = [f"{answer.headers}\n{answer.text}" for answer in world.answers]
    logs = [line for stack in world.stacks for line in stack.logs()]
    assert any('"level":"WARN"' in line for line in logs)
    assert [text for text in texts + logs if any(secret in text for secret in secrets)] == []
