"""What the functions are given: environment, size, logs."""

import pytest
from deployed import Deployed

RELAY = {
    "FLASHDUTY_PUSH_URL_PARAMETER": "/zstack-flashduty/push-url",
    "WEBHOOK_TOKEN_PARAMETER": "/zstack-flashduty/webhook-token",
    "SETTINGS_TTL_SECONDS": 300,
    "TITLE_RULE": "",
    "ALLOWED_SOURCE_CIDRS": "",
    "LANGUAGE": "en",
}
QUEUES = {"RETRY_QUEUE_URL": "<Retries>", "DEAD_LETTER_QUEUE_URL": "<DeadLetters>"}
PACE = {"DELIVERIES_PER_MINUTE": 800}
REDELIVER = {
    key: value
    for key, value in RELAY.items()
    if key not in ("WEBHOOK_TOKEN_PARAMETER", "ALLOWED_SOURCE_CIDRS")
}


def test_each_function_is_told_what_it_reads():
    """The function behind the queue needs no token, and has none."""
    functions = Deployed().of_type("AWS::Lambda::Function")
    variables = {name: it["Environment"]["Variables"] for name, it in functions.items()}
    assert variables == {"Relay": RELAY | QUEUES, "Redeliver": REDELIVER | QUEUES | PACE}
    [alone] = Deployed(RetryQueue="disabled").of_type("AWS::Lambda::Function").values()
    assert alone["Environment"]["Variables"] == RELAY


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_size_and_kind_are_the_parameters(architecture: str):
    """Of both functions."""
    stack = Deployed(Architecture=architecture, MemorySize="256")
    for function in stack.of_type("AWS::Lambda::Function").values():
        assert function["Architectures"] == [architecture]
        assert function["MemorySize"] == "256"
        assert (function["Runtime"], function["Handler"]) == ("provided.al2023", "bootstrap")


def test_logs_are_json_in_a_group_of_ones_own():
    """Which exists before the function, with an end."""
    stack = Deployed(LogLevel="DEBUG", LogRetentionDays="7")
    logging = {name: it["LoggingConfig"] for name, it in stack.of_type("AWS::Lambda::Function").items()}
    assert logging == {
        name: {"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG", "LogGroup": f"<{name}Logs>"}
        for name in ("Relay", "Redeliver")
    }
    groups = stack.of_type("AWS::Logs::LogGroup")
    assert {name: (it["LogGroupName"], it["RetentionInDays"]) for name, it in groups.items()} == {
        "AccessLogs": ("/aws/vendedlogs/apigateway/zf", "7"),
        "RelayLogs": ("/aws/lambda/zf-relay", "7"),
        "RedeliverLogs": ("/aws/lambda/zf-redeliver", "7"),
    }
