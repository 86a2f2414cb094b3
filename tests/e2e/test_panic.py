"""A panic in the release build of the functions.

Cargo's tests cannot show it: they have another profile, and are not built by cargo-lambda.
"""

import json
import subprocess

import pytest
from conftest import World
from local.stack import BUILD


@pytest.mark.parametrize("function", ["Relay", "Redeliver"])
def test_a_panic_unwinds_and_is_one_line(world: World, function: str):
    """lambda_runtime panics if the memory size is not a number.

    A program that aborts would end with a signal, and print a message with paths of the build machine.
    """
    queue = "http://127.0.0.1:1/123456789012"
    environment = {
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1",
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": world.token,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "FLASHDUTY_PUSH_URL_PARAMETER": "/push-url",
        "WEBHOOK_TOKEN_PARAMETER": "/webhook-token",
        "RETRY_QUEUE_URL": f"{queue}/retries.fifo",
        "DEAD_LETTER_QUEUE_URL": f"{queue}/dead-letters.fifo",
    }
    bootstrap = BUILD / function / "bootstrap"
    ended = subprocess.run([bootstrap], env=environment, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (1, ""), ended
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    [line] = [line for line in lines if line["level"] == "ERROR"]
    assert line["message"] == "the program panicked, which is a mistake of it"
    assert line["place"].startswith("lambda_runtime-")
    assert world.token not in ended.stdout
