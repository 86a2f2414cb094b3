"""`make doctor` with answers that are written down here, and what it is made of.

They are quick, so they go through every kind of answer. The other modules provoke on MiniStack what can be
provoked there, and mend it.
"""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

import ast
import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import botocore.session
import checks
import doctor
import pytest
import tools
from botocore import xform_name
from checks import account, api, metrics, release
from checks.advice import deploy, restore
from checks.aws import Aws, AwsError, utc
from checks.doctor import Doctor
from checks.facts import Options
from checks.findings import Finding
from checks.texts import TEXTS
from checks.webhook import TEST_MESSAGE, Answer, basic
from doctors import PROGRAM, SOURCES, copied, served
from local import ROOT, samples
from local.aws import LOOPBACK
from pythons import PYTHON
from shell import commands
from terminal import Terminal, language_of

TOKEN = "0123456789abcdef-of-a-test"
KEY = "fedcba9876543210"
PUSH_URL = f"https://api.flashcat.cloud/event/push/alert/standard?integration_key={KEY}"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"

PARAMETERS = {
    "PushUrlParameter": "/zf/push-url",
    "WebhookTokenParameter": "/zf/token",
    "SelfCheckMinutes": "15",
}
OUTPUTS = {
    "WebhookUrl": "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/zstack",
    "AlarmTopicArn": TOPIC,
    "RetryQueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/zf-retries.fifo",
    "RetryQueueArn": "arn:aws:sqs:us-east-1:123456789012:zf-retries.fifo",
    "DeadLetterQueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/zf-dead-letters.fifo",
    "DeadLetterQueueArn": "arn:aws:sqs:us-east-1:123456789012:zf-dead-letters.fifo",
}
RESOURCES = {
    "Relay": "zf-Relay-1",
    "RelayLogs": "/aws/lambda/zf-relay",
    "Redeliver": "zf-Redeliver-1",
    "RedeliverLogs": "/aws/lambda/zf-redeliver",
    "RedeliverSource": "uuid",
    "DeadLetters": "dead",
}


class RecordedAws(Aws):
    """With answers that are written down here. An answer that is a text is an error."""

    version, region, named_region, profile = "2.15.0", "us-east-1", "", ""

    def __init__(self, terminal: Terminal, answers: dict[str, Any]):
        self.terminal, self.say, self.answers = terminal, terminal.say, answers

    def call(self, service: str, operation: str, *options: str, **parameters: Any) -> Any:
        """The answer to this call."""
        answer = self.answers.get(operation, {"Datapoints": [], "events": [], "Parameters": []})
        if callable(answer):
            answer = answer(*options, **parameters)
        if isinstance(answer, str):
            raise AwsError(254, answer, service, operation)
        return answer


CHECKS = {step.name: step._replace(needs=()) for step in doctor.STEPS}


class Recorded(Doctor):
    """A doctor who knows the stack, and to whom AWS gives these answers."""

    def __init__(self, answers: dict[str, Any] | None = None, url: str | None = None, wait: bool = True):
        super().__init__(Terminal(TEXTS, "en"), Options("zf", url, wait=wait))
        self.aws = RecordedAws(self.terminal, answers or {})
        self.stack.parameters, self.stack.outputs = dict(PARAMETERS), dict(OUTPUTS)
        self.stack.resources = dict(RESOURCES)
        self.tokens = [TOKEN]
        self.terminal.secrets |= {TOKEN, KEY, PUSH_URL, basic(TOKEN)}

    def finds(self, step: str) -> Finding:
        """What a step finds, as `walk` does."""
        return doctor.finding(self, CHECKS[step])


def refusal(code: str, operation: str, words: str = "no") -> str:
    """An error of AWS, as the AWS command line prints it."""
    return f"\nAn error occurred ({code}) when calling the {operation} operation: {words}\n"


USER = "User: arn:aws:iam::123456789012:user/colleague is not authorized to perform: "


@pytest.mark.parametrize(
    ("words", "text", "advice"),
    [
        (
            refusal("AccessDeniedException", "GetParameters", f"{USER}ssm:GetParameters on resource: arn:x"),
            "you lack the right ssm:GetParameters",
            "for ssm:GetParameters",
        ),
        (refusal("AuthorizationError", "GetParameters"), "you lack the right ssm:GetParameters", "Ask"),
        (
            refusal(
                "AccessDeniedException", "GetParameters", "The ciphertext refers to a customer master key"
            ),
            "you lack the right kms:Decrypt",
            "for kms:Decrypt",
        ),
        (refusal("ExpiredTokenException", "GetParameters"), "have expired", "aws sso login"),
        ("Error when retrieving token from sso: Token has expired and refresh failed", "have expired", "sso"),
        (
            "The SSO session associated with this profile has expired or is otherwise invalid.",
            "expired",
            "sso",
        ),
        (refusal("InvalidClientTokenId", "X"), "AWS does not accept the credentials", "aws configure"),
        (
            refusal("InvalidSignatureException", "X", "Signature expired: 1 is now earlier"),
            "the clock",
            "ntp",
        ),
        (refusal("RequestTimeTooSkewed", "X"), "the clock of this machine is wrong", "timedatectl"),
        (refusal("InvalidSignatureException", "X", "does not match"), "does not accept", "aws configure"),
        (refusal("ThrottlingException", "X", "Rate exceeded"), "AWS throttles", "run this again"),
        ('Could not connect to the endpoint URL: "https://x/"', "AWS cannot be reached", "HTTPS_PROXY"),
        ("SSL validation failed for https://x/", "AWS cannot be reached", "AWS_CA_BUNDLE"),
        ("Unable to locate credentials", "there are no AWS credentials", "aws configure"),
        ("The config profile (x) could not be found", "profile in AWS_PROFILE does not", "AWS_PROFILE"),
        (
            "You must specify a region. You can also configure your region",
            "there is no region",
            "AWS_DEFAULT_",
        ),
        (refusal("InternalServerError", "X", "Oh."), "(InternalServerError)", "AWS's status page"),
    ],
)
def test_errors_of_aws_are_explained(words: str, text: str, advice: str):
    """Each in our words, with what to do."""
    finding = Recorded().aws.explain(AwsError(254, words, "ssm", "get-parameters"))
    assert finding.mark == "✗"
    assert text in finding.text
    assert advice in "\n".join(finding.advice)


def test_an_operation_that_the_command_line_does_not_know():
    """It is too old."""
    error = AwsError(2, "aws: error: argument operation: Invalid choice, valid choices are:", "x", "y")
    assert Recorded().aws.explain(error).text == "the AWS CLI 2.15.0 is too old"


def described(state: str, outputs: dict[str, str] = OUTPUTS) -> dict[str, Any]:
    """Answers about a stack in this state."""
    listed = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
    resources = [
        {"LogicalResourceId": name, "PhysicalResourceId": value, "ResourceType": "AWS::X::Y"}
        for name, value in RESOURCES.items()
    ]
    events = [
        ("zf", "UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed"),
        ("Api", "UPDATE_FAILED", "Resource update cancelled"),
        ("Relay", "UPDATE_FAILED", "no such image"),
        ("zf", "UPDATE_IN_PROGRESS", "User Initiated"),
        ("Relay", "CREATE_FAILED", "an older story"),
    ]
    return {
        "describe-stacks": {"Stacks": [{"StackStatus": state, "Outputs": listed, "Parameters": []}]},
        "describe-stack-resources": {"StackResources": resources},
        "describe-stack-events": {
            "StackEvents": [
                {"LogicalResourceId": name, "ResourceStatus": status, "ResourceStatusReason": reason}
                for name, status, reason in events
            ]
        },
    }


AGAIN = [
    "aws cloudformation delete-stack",
    "aws cloudformation wait stack-delete-complete",
    "make deploy",
]


@pytest.mark.parametrize(
    ("state", "fine", "usable", "commands"),
    [
        ("CREATE_COMPLETE", True, True, []),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", True, True, []),
        ("UPDATE_IN_PROGRESS", False, True, []),
        ("CREATE_IN_PROGRESS", False, True, []),
        ("REVIEW_IN_PROGRESS", False, True, ["make deploy"]),
        ("UPDATE_ROLLBACK_COMPLETE", False, True, ["make deploy"]),
        ("UPDATE_ROLLBACK_FAILED", False, True, ["aws cloudformation continue-update-rollback"]),
        ("IMPORT_ROLLBACK_COMPLETE", False, True, ["make deploy"]),
        (
            "UPDATE_FAILED",
            False,
            True,
            [
                "aws cloudformation rollback-stack",
                "aws cloudformation wait stack-rollback-complete",
                "make deploy",
            ],
        ),
        ("UPDATE_ROLLBACK_IN_PROGRESS", False, True, []),
        ("ROLLBACK_IN_PROGRESS", False, False, []),
        ("DELETE_FAILED", False, False, ["aws cloudformation delete-stack"]),
        ("DELETE_IN_PROGRESS", False, False, AGAIN[1:]),
        ("ROLLBACK_COMPLETE", False, False, AGAIN),
        ("ROLLBACK_FAILED", False, False, AGAIN),
        ("CREATE_FAILED", False, False, AGAIN),
    ],
)
def test_each_state_of_a_stack(state: str, fine: bool, usable: bool, commands: list[str]):
    """Whether it is fine, whether the other steps can run, and what to do."""
    it = Recorded(described(state))
    finding = it.finds("stack")
    assert (finding.mark == "✓", "stack" in it.known) == (fine, usable)
    assert state in finding.text
    found = [line.strip() for line in finding.advice if line.startswith("    ")]
    assert len(found) == len(commands)
    assert all(line.startswith(command) for line, command in zip(found, commands, strict=True))
    if ("ROLLBACK" in state or "FAILED" in state) and "IN_PROGRESS" not in state:
        assert finding.text.endswith("; Relay: no such image")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("UPDATE_IN_PROGRESS", "A deployment is running"),
        ("ROLLBACK_IN_PROGRESS", "A deployment failed, and CloudFormation undoes it"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "A deployment failed, and CloudFormation undoes it"),
        ("DELETE_IN_PROGRESS", "It is being deleted"),
        ("DELETE_FAILED", "Remove the cause, and delete it again"),
        ("UPDATE_ROLLBACK_COMPLETE", "the version before it runs"),
        ("UPDATE_FAILED", "a part of it is new, and a part is old"),
    ],
)
def test_what_a_state_means(state: str, words: str):
    """In words, before the commands."""
    assert words in Recorded(described(state)).finds("stack").advice[0]


def test_a_stack_that_is_something_else():
    """It has no webhook."""
    assert "another stack" in Recorded(described("CREATE_COMPLETE", {})).finds("stack").text


def parameter(value: str, kind: str = "SecureString") -> dict[str, Any]:
    """An answer of SSM."""
    return {"get-parameters": {"Parameters": [{"Name": "n", "Type": kind, "Value": value}]}}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (PUSH_URL, "to api.flashcat.cloud, integration of kind Standard Alert Event"),
        (f" {PUSH_URL}\n".replace("standard", "zstack"), "integration of kind ZStack"),
        (PUSH_URL.replace("standard", "standard/"), "integration of kind Standard Alert Event"),
        ("http://127.0.0.1:80/standard?integration_key=k", "SecureString, to 127.0.0.1"),
        (PUSH_URL.replace("standard", "prometheus"), "The path ends in /prometheus, not in /standard"),
        (PUSH_URL.replace("/standard", ""), "The path ends in /alert, not in /standard or /zstack"),
        (PUSH_URL.replace("standard", KEY), "The path ends in (not shown, because a secret is in it), not"),
        (PUSH_URL.replace("standard", "nozstack"), "The path ends in /nozstack, not in /standard"),
        ("https://api.flashcat.cloud/?integration_key=k", "The path ends in /, not in /standard"),
        (KEY, "is not a URL"),
        (f"{PUSH_URL} {PUSH_URL}", "is not a URL"),
        ("https://[/", "is not a URL"),
        (PUSH_URL.replace("://", "://中文."), "is not a URL"),
        (PUSH_URL.replace("https", "http"), "does not begin with https://"),
        (PUSH_URL.partition("?")[0], "has no integration_key"),
        ("https://api.flashcat.cloud/?integration_key=", "has no integration_key"),
        ("https://api.flashcat.cloud/?integration_key=…", "has no integration_key"),
    ],
)
def test_push_urls(value: str, text: str):
    """As src/flashduty/push_url.rs and `make secrets` read them, and never shown."""
    finding = Recorded(parameter(value)).finds("push_url")
    assert text in finding.text
    mark = "!" if "ends in" in text else "✓" if "SecureString" in text or "kind" in text else "✗"
    assert finding.mark == mark
    assert KEY not in finding.text + "".join(finding.advice)
    assert any("--value file:///dev/stdin" in it for it in finding.advice) == (finding.mark != "✓")


@pytest.mark.parametrize(
    ("value", "mark", "text"),
    [
        (f"{TOKEN}\n", "✓", "1 token(s)"),
        (f"\r\n {TOKEN}\r\nold-{TOKEN}\n", "✓", "2 token(s)"),
        ("correct horse battery", "✓", "1 token(s)"),
        (" \n", "✗", "is empty"),
        ("口令口令口令口令口令口令口令口令", "✗", "has characters that ZStack cannot send"),
        ("short", "!", "fewer than 16 characters"),
        (f"{TOKEN} {TOKEN}", "!", "several tokens in one line"),
    ],
)
def test_tokens(value: str, mark: str, text: str):
    """As src/secrets/token.rs reads them, and never shown."""
    it = Recorded(parameter(value))
    finding = it.finds("token")
    assert (finding.mark, text in finding.text) == (mark, True), finding
    assert TOKEN not in finding.text + "".join(finding.advice)
    assert ("token" in it.known) == (mark != "✗")
    # A command that stores another token locks ZStack out, which has the old one.
    assert any("put-parameter" in line for line in finding.advice) == (mark == "✗")
    if value == "short":
        assert "docs/runbook.md#rotating-the-token" in finding.advice[0]


@pytest.mark.parametrize(("status", "shown"), [(0, True), (1, False)])
def test_a_token_that_was_not_stored_is_not_printed(status: int, shown: bool, tmp_path: Path):
    """Somebody would give it to ZStack."""
    for name, script in (("aws", f"cat > stored; exit {status}"), ("openssl", "echo f00")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    command = Recorded({"get-parameters": {"Parameters": []}}).finds("token").advice[-1]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    ended = subprocess.run(["/bin/bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True)
    assert (tmp_path / "stored").read_text() == "f00"
    assert (ended.returncode, ended.stdout) == (status, b"f00\n" if shown else b"")


@pytest.mark.parametrize(("step", "name"), [("push_url", "/zf/push-url"), ("token", "/zf/token")])
def test_a_parameter_that_is_not_there(step: str, name: str):
    """It is named, and the command stores it."""
    it = Recorded({"get-parameters": {"Parameters": []}})
    finding = it.finds(step)
    assert (finding.mark, finding.text) == ("✗", f"there is no SSM parameter {name} in us-east-1")
    assert f"--name {name} --type SecureString" in finding.advice[-1]
    assert step not in it.known


def test_the_kind_of_integration_in_chinese():
    """As Flashduty's console calls it."""
    it = Recorded(parameter(PUSH_URL))
    it.say = Terminal(TEXTS, "zh").say
    assert it.finds("push_url").text.endswith("集成类型为 标准告警事件")


def test_a_key_of_ones_own_is_kept():
    """Without --key-id, SSM would encrypt with its own."""
    it = Recorded(parameter("x"))
    it.stack.parameters["KmsKeyArn"] = "arn:aws:kms:us-east-1:123456789012:key/k"
    assert (
        " --key-id arn:aws:kms:us-east-1:123456789012:key/k --overwrite " in it.finds("push_url").advice[-1]
    )


def relays(code: int, **body: Any) -> tuple[int, dict[str, str], str]:
    """An answer of the relay."""
    return code, {}, json.dumps(body | {"request_id": "r"})


ALERT = {"alert_key": "zstack:test", "flashduty_request_id": "f"}
PAGE = (200, {}, "<html>hello</html>")
HIDDEN = "(not shown, because a secret is in it)"


@pytest.mark.parametrize(
    ("step", "answer", "mark", "text", "advice"),
    [
        ("health", relays(200, status="ok"), "✓", "200", ""),
        ("health", relays(503, status="unavailable"), "✗", "503: the relay cannot", "ssm:GetParameters"),
        (
            "health",
            PAGE,
            "✗",
            "200, and the answer is not the relay's: <html>",
            "Look at what answers at http",
        ),
        ("health", (403, {}, '{"message":"Forbidden"}'), "✗", "403", "ICP"),
        ("health", (404, {}, '{"message":"Not Found"}'), "✗", "404", OUTPUTS["WebhookUrl"]),
        ("health", relays(418), "✗", "418: the relay gave an answer that this program", "same release"),
        ("health", (429, {}, '{"message":"Too Many Requests"}'), "✗", "429", "throttles"),
        ("health", (503, {}, '{"message":"Service Unavailable"}'), "✗", "503", "reserved concurrency"),
        ("rejection", relays(401, error={"code": "Unauthorized"}), "✓", "401", ""),
        ("rejection", relays(200, alerts=[ALERT]), "✗", "a wrong token is accepted", "ALLOW_UNAUTHENTICATED"),
        ("rejection", relays(503, error={"code": "SettingsUnavailable"}), "✗", "503 SettingsUn", "answers"),
        (
            "message",
            relays(200, alerts=[ALERT]),
            "✓",
            "Flashduty has zstack:test (request f). The alert opened as Info and was closed at once.",
            "",
        ),
        ("message", PAGE, "✗", "not the relay's", "Look at"),
        ("message", relays(200), "✗", "200: the relay gave an answer that this program", "same release"),
        ("message", relays(401, error={"code": "Unauthorized"}), "✗", "does not accept", "300 seconds"),
        ("message", relays(503, error={"code": "QueueUnavailable"}), "✗", "503 QueueUnavailable", "answers"),
        (
            "message",
            relays(502, error={"flashduty": {"code": "NoLicense", "message": "m", "request_id": "f"}}),
            "✗",
            "502: Flashduty refuses it: NoLicense: m (request f)",
            "no subscription",
        ),
        (
            "message",
            relays(502, error={"flashduty": {"code": "InvalidParameter", "message": f"what is {KEY}?"}}),
            "✗",
            "InvalidParameter: (not shown, because a secret is in it)",
            "Flashduty's own words",
        ),
        (
            "message",
            relays(502, error={"flashduty": {"code": f"a\x1b[2K{KEY}", "request_id": TOKEN}}),
            "✗",
            f"502: Flashduty refuses it: {HIDDEN}:  (request {HIDDEN})",
            "Flashduty's own words",
        ),
        (
            "message",
            relays(502, error={"flashduty": {"code": "Odd\x1b[2K", "request_id": "f\x07"}}),
            "✗",
            "502: Flashduty refuses it: Odd [2K:  (request f)",
            "Flashduty's own words",
        ),
        (
            "message",
            relays(200, alerts=[ALERT | {"alert_key": f"zstack:{KEY}"}]),
            "✓",
            f"Flashduty has {HIDDEN} (request f)",
            "",
        ),
        (
            "message",
            relays(503, error={"code": f"Odd\x1b[2K {TOKEN}", "message": "m"}),
            "✗",
            f"503 {HIDDEN}: m",
            "answers",
        ),
        ("message", relays(503, error={"code": "Odd\x1b[2K"}), "✗", "503 Odd [2K: ", "answers"),
        *(
            ("message", relays(200, alerts=odd), "✗", "gave an answer that this program", "same release")
            for odd in ("many", {"alert_key": "zstack:test"}, ["zstack:test"], 5)
        ),
        ("message", relays(502, error={"code": "Odd", "flashduty": "no"}), "✗", "502 Odd: ", "answers"),
    ],
)
def test_answers_of_the_api(
    step: str,
    answer: tuple[int, dict[str, str], str],
    mark: str,
    text: str,
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
):
    """Of the relay, and of others in its place."""
    monkeypatch.setattr(api, "HEALTH_PATIENCE", 0)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with served(lambda _: answer) as url:
        finding = Recorded(url=url).finds(step)
    assert finding.mark == mark
    assert text in finding.text
    assert advice in "\n".join(finding.advice)


KMS_KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
UNKNOWN_KEY = refusal("AccessDeniedException", "DescribeKey")
WITH_KEY = f"    make deploy STACK=zf PARAMETERS=KmsKeyArn={KMS_KEY}"


@pytest.mark.parametrize(
    ("keys", "described", "known", "command"),
    [
        ({"/zf/push-url": "alias/aws/ssm", "/zf/token": KMS_KEY}, UNKNOWN_KEY, "", WITH_KEY),
        ({"/zf/token": KMS_KEY}, UNKNOWN_KEY, f"{KMS_KEY}2", WITH_KEY),
        ({"/zf/token": "alias/ours"}, {"KeyMetadata": {"Arn": KMS_KEY}}, "", WITH_KEY),
        ({"/zf/token": KMS_KEY}, UNKNOWN_KEY, KMS_KEY, None),
        ({"/zf/token": "alias/ours"}, {"KeyMetadata": {"Arn": KMS_KEY}}, KMS_KEY, None),
        ({"/zf/token": "alias/ours"}, UNKNOWN_KEY, "", None),
        ({"/zf/token": "alias/aws/ssm"}, UNKNOWN_KEY, "", None),
        (None, UNKNOWN_KEY, "", None),
    ],
)
def test_a_key_that_the_relay_may_not_use(
    keys: dict[str, str] | None,
    described: Any,
    known: str,
    command: str | None,
    monkeypatch: pytest.MonkeyPatch,
):
    """A deployment with it gives the right. If it cannot be seen, the other causes are named as before."""
    monkeypatch.setattr(api, "HEALTH_PATIENCE", 0)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    listed = {"Parameters": [{"Name": name, "KeyId": key} for name, key in (keys or {}).items()]}
    denied = refusal("AccessDeniedException", "DescribeParameters")
    answers = {"describe-parameters": denied if keys is None else listed, "describe-key": described}
    with served(lambda _: relays(503, status="unavailable")) as url:
        it = Recorded(answers, url=url)
        it.stack.parameters["KmsKeyArn"] = known
        advice = it.finds("health").advice
    if command:
        why, what = advice
        assert why.startswith(f"The key {KMS_KEY} encrypts /zf/token, and the relay may not use it")
        assert what == command
    else:
        assert "lacks ssm:GetParameters" in advice[0]
        assert not any(KMS_KEY in line for line in advice if "deploy" in line)


def test_a_relay_in_a_vpc(monkeypatch: pytest.MonkeyPatch):
    """Perhaps it cannot reach SSM."""
    monkeypatch.setattr(api, "HEALTH_PATIENCE", 0)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with served(lambda _: relays(503, status="unavailable")) as url:
        it = Recorded({"describe-parameters": {"Parameters": []}}, url=url)
        outside = it.finds("health").advice
        it.stack.parameters["SubnetIds"] = "subnet-1,subnet-2"
        advice = it.finds("health").advice
    assert "docs/deploying.md#functions-in-a-vpc" in advice[0]
    assert advice[1] == outside[0]
    assert not any("VPC" in line for line in outside)


def test_the_integration_of_kind_zstack():
    """It gets ZStack's own message. What Flashduty makes of it is not known here."""
    with served(lambda _: relays(200, alerts=[ALERT])) as url:
        it = Recorded(url=url)
        it.zstack_kind = True
        assert "opened as Info" not in it.finds("message").text


def test_the_token_goes_to_nobody_else():
    """No redirect is followed, and an answer that repeats the token is not shown."""
    seen = []

    def other(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], str]:
        seen.append(request.path)
        return PAGE

    with served(other) as elsewhere, served(lambda _: (302, {"Location": elsewhere}, "")) as url:
        finding = Recorded(url=url).finds("message")
    assert (seen, finding.mark) == ([], "✗")
    assert "It redirects" in finding.advice[0]
    with served(lambda request: (200, {}, str(request.headers))) as url:
        finding = Recorded(url=f"{url}?token={TOKEN}").finds("message")
    assert finding.text == "200, and the answer is not the relay's: (not shown, because a secret is in it)"
    assert TOKEN not in "".join(finding.advice)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("alarms.example.com/zstack", "--url is not a URL"),
        ("http://alarms.example.com/zstack", "--url is not a URL"),
        ("https://[/zstack", "--url is not a URL"),
        (f"http://{LOOPBACK}:1/zstack", f"{LOOPBACK}:1 cannot be reached: Connection refused"),
        ("https://nowhere.invalid/zstack", "nowhere.invalid cannot be reached"),
    ],
)
def test_urls_that_cannot_be_called(url: str, text: str):
    """And a token is sent over TLS only."""
    it = Recorded(url=url)
    assert text in it.finds("health").text
    assert "health" not in it.known


@pytest.mark.parametrize(
    ("off", "mark", "text"),
    [
        (0, "✓", " s off. ZStack's clock does not matter"),
        (90, "!", "s behind the API's clock"),
        (400, "✗", "s behind the API's clock"),
        (-400, "✗", "s ahead of the API's clock"),
    ],
)
def test_the_clock(off: int, mark: str, text: str):
    """Compared with an API whose clock is `off` seconds ahead; set right, it is fine."""

    def late(handler: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], str]:
        status, _, body = relays(200, status="ok")
        return status, {"Date": handler.date_time_string(time.time() + off)}, body

    with served(late) as url:
        it = Recorded(url=url)
        assert it.finds("health").mark == "✓"
    finding = it.finds("clock")
    assert finding.mark == mark
    assert text in finding.text
    assert ("    sudo timedatectl set-ntp true" in finding.advice) == (mark != "✓")


def test_an_answer_without_a_date():
    """A proxy may have removed it."""
    with served(lambda _: (200, {"Date": ""}, relays(200, status="ok")[2])) as url:
        it = Recorded(url=url)
        it.finds("health")
    assert it.finds("clock").mark == "!"


@pytest.mark.parametrize(
    ("step", "answers", "mark", "text", "advice"),
    [
        ("source", {"get-event-source-mapping": {"State": "Enabled"}}, "✓", "Enabled", ""),
        ("source", {"get-event-source-mapping": {"State": "Enabling"}}, "!", "Enabling", "run this again"),
        (
            "source",
            {"get-event-source-mapping": {"State": "Enabled", "LastProcessingResult": "PROBLEM: denied"}},
            "✗",
            "Enabled: PROBLEM: denied",
            "Remove the cause",
        ),
        (
            "source",
            {"get-event-source-mapping": refusal("ResourceNotFoundException", "GetEventSourceMapping")},
            "✗",
            "uuid does not exist any more",
            "--deployment-mode REVERT_DRIFT",
        ),
        (
            "source",
            {"get-event-source-mapping": refusal("AccessDeniedException", "GetEventSourceMapping")},
            "✗",
            "you lack the right lambda:GetEventSourceMapping",
            "Ask",
        ),
        (
            "dead_letters",
            {
                "get-queue-attributes": refusal(
                    "AWS.SimpleQueueService.NonExistentQueue", "GetQueueAttributes"
                )
            },
            "✗",
            "does not exist any more",
            "--deployment-mode REVERT_DRIFT",
        ),
        (
            "subscriber",
            {"list-subscriptions-by-topic": refusal("NotFound", "ListSubscriptionsByTopic")},
            "✗",
            f"{TOPIC} does not exist any more",
            "--deployment-mode REVERT_DRIFT",
        ),
        (
            "subscriber",
            {
                "list-subscriptions-by-topic": {
                    "Subscriptions": [{"SubscriptionArn": "Deleted", "Protocol": "sms"}]
                }
            },
            "✗",
            "nobody is subscribed",
            f"aws sns subscribe --topic-arn {TOPIC}",
        ),
        (
            "concurrency",
            {"get-account-settings": {"AccountLimit": {"ConcurrentExecutions": 10}}},
            "✗",
            "10, shared by all functions",
            "aws service-quotas request-service-quota-increase --service-code lambda",
        ),
        (
            "concurrency",
            {"get-account-settings": {"AccountLimit": {"ConcurrentExecutions": 100}}},
            "✓",
            "100",
            "",
        ),
        *(
            (
                "concurrency",
                {
                    "get-account-settings": {"AccountLimit": {"ConcurrentExecutions": 1000}},
                    "get-function-concurrency": answer,
                },
                mark,
                text,
                advice,
            )
            for answer, mark, text, advice in (
                ({}, "✓", "1000", ""),
                ({"ReservedConcurrentExecutions": 5}, "✓", "1000", ""),
                (
                    {"ReservedConcurrentExecutions": 0},
                    "✗",
                    "1000, but a reserved concurrency of 0 stops relay, redeliver",
                    "\n    aws lambda delete-function-concurrency --function-name zf-Relay-1"
                    "\n    aws lambda delete-function-concurrency --function-name zf-Redeliver-1",
                ),
                (
                    lambda FunctionName: (
                        {"ReservedConcurrentExecutions": 0} if "Redel" in FunctionName else {}
                    ),
                    "✗",
                    "1000, but a reserved concurrency of 0 stops redeliver",
                    "delete-function-concurrency --function-name zf-Redeliver-1",
                ),
                (
                    refusal("ResourceNotFoundException", "GetFunctionConcurrency"),
                    "✗",
                    "zf-Relay-1 does not exist any more",
                    "--deployment-mode REVERT_DRIFT",
                ),
            )
        ),
        (
            "concurrency",
            {"get-account-settings": refusal("AccessDeniedException", "GetAccountSettings")},
            "✗",
            "you lack the right lambda:GetAccountSettings",
            "Ask",
        ),
        (
            "errors",
            {"filter-log-events": refusal("ResourceNotFoundException", "FilterLogEvents")},
            "✗",
            "/aws/lambda/zf-relay does not exist any more",
            "--deployment-mode REVERT_DRIFT",
        ),
    ],
)
def test_what_aws_may_answer(step: str, answers: dict[str, Any], mark: str, text: str, advice: str):
    """What MiniStack does not answer."""
    finding = Recorded(answers).finds(step)
    assert finding.mark == mark
    assert text in finding.text
    assert advice in "\n".join(finding.advice)


def alarm(short: str, state: str, **more: Any) -> dict[str, Any]:
    """An alarm of the stack."""
    known = {"AlarmName": f"zf-{short}", "StateValue": state, "AlarmActions": [TOPIC]}
    return known | {"StateUpdatedTimestamp": 1_700_000_000.0} | more


@pytest.mark.parametrize(
    ("alarms", "minutes", "delivered", "mark", "text"),
    [
        ([alarm("self-check", "ALARM")], 20, True, "!", "1 ALARM. On: zf-self-check"),
        ([alarm("self-check", "ALARM")], 40, True, "✗", "1 ALARM. On: zf-self-check"),
        ([alarm("heartbeat", "ALARM")], 999, True, "!", "1 ALARM. On: zf-heartbeat"),
        ([alarm("heartbeat", "ALARM")], 999, False, "✗", "1 ALARM. On: zf-heartbeat"),
        (
            [alarm("self-check", "ALARM"), alarm("api-5xx", "ALARM"), alarm("api-4xx", "OK")],
            1,
            True,
            "✗",
            "1 OK, 2 ALARM. On: zf-api-5xx",
        ),
        (
            [alarm("self-check", "INSUFFICIENT_DATA"), alarm("api-5xx", "OK"), alarm("api-4xx", "OK")],
            1,
            True,
            "✓",
            "2 OK, 1 INSUFFICIENT_DATA (no data yet)",
        ),
        (
            [alarm("self-check", "OK"), alarm("api-5xx", "OK", AlarmActions=[])],
            1,
            True,
            "✗",
            "tell nobody, because they have no action: zf-api-5xx",
        ),
        ([], 1, True, "✗", "deleted by hand: zf-api-5xx"),
        ([alarm("api-5xx", "OK", ActionsEnabled=False)], 1, True, "✗", "tell nobody"),
    ],
)
def test_alarms(alarms: list[dict[str, Any]], minutes: int, delivered: bool, mark: str, text: str):
    """What is on in a new stack, and what the test message ends, is no failure."""
    it = Recorded({"describe-alarms": {"MetricAlarms": alarms}})
    it.stack.alarms = [it["AlarmName"] for it in alarms] or ["zf-api-5xx"]
    it.stack.created, it.message.delivered = time.time() - 60 * minutes, delivered
    finding = it.finds("alarms")
    assert (finding.mark, text in finding.text) == (mark, True), finding
    if mark == "✗" and "On: " in text:
        assert any("since 2023-11-14 22:13 UTC" in line for line in finding.advice)


@pytest.mark.parametrize(
    ("updated", "on", "mark"),
    [(100, 99, "!"), (100, 100, "!"), (1_480, 5, "✗"), (100, 1_000, "✗"), (None, 5, "✗")],
)
def test_a_check_that_an_update_switched_on(updated: int | None, on: int, mark: str):
    """The grace begins with the alarm. One that was on before the update is wrong. Ages are in minutes."""
    now = time.time()
    its = alarm("self-test", "ALARM", StateUpdatedTimestamp=now - 60 * on)
    if updated:
        its["AlarmConfigurationUpdatedTimestamp"] = utc(now - 60 * updated)
        its["StateUpdatedTimestamp"] = utc(now - 60 * on)
    it = Recorded({"describe-alarms": {"MetricAlarms": [its]}})
    it.stack.alarms, it.stack.created = ["zf-self-test"], now - 1e6
    it.stack.parameters["SelfTestHours"] = "12"
    finding = it.finds("alarms")
    assert finding.mark == mark, finding
    assert any("the stack or the alarm is new" in line for line in finding.advice) == (mark == "!")


def points(of: str = "zf-Redeliver", **values: float) -> Callable[..., Any]:
    """An answer of CloudWatch: sums of metrics in the minutes of 2023-11-14, such as `Errors_13=2`."""

    def answer(*_: str, MetricName: str, Dimensions: list[dict[str, str]], **__: Any) -> dict[str, Any]:
        found = [(name.split("_"), value) for name, value in values.items()]
        ours = Dimensions[0]["Value"].startswith(of)
        return {
            "Datapoints": [
                {"Timestamp": f"2023-11-14T22:{minute}:00Z", "Sum": value}
                for (name, minute), value in found
                if name == MetricName and ours
            ]
        }

    return answer


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        ({}, "✓"),
        ({"Errors_13": 0, "Invocations_13": 4}, "✓"),
        ({"Errors_13": 2, "Invocations_13": 2}, "✗"),
        ({"Errors_13": 2, "Invocations_13": 3}, "!"),
        ({"Errors_13": 2, "Invocations_13": 2, "Invocations_14": 1}, "!"),
        ({"Errors_13": 1, "Invocations_13": 2, "Errors_14": 1, "Invocations_14": 1}, "✗"),
    ],
)
def test_runs_that_failed(values: dict[str, float], mark: str):
    """It matters whether the last ones did. The last line of the log says why."""
    line = {"level": "ERROR", "message": "the function cannot start: SETTINGS_TTL_SECONDS", "timestamp": "t"}
    other = line | {"level": "INFO", "message": "fine"}
    secret = line | {"message": f"what is {TOKEN}?"}
    events = [{"timestamp": at, "message": json.dumps(it)} for at, it in enumerate((secret, line, other))]
    logs = {"events": events if mark != "✓" else []}
    finding = Recorded({"get-metric-statistics": points(**values), "filter-log-events": logs}).finds("errors")
    assert finding.mark == mark
    assert ("redeliver says: the function cannot start: SETTINGS" in "".join(finding.advice)) == (mark != "✓")
    assert TOKEN not in finding.text + "".join(finding.advice)


def test_runs_of_the_relay_that_failed():
    """No command runs the relay alone, so the advice is to remove the cause."""
    answers = {"get-metric-statistics": points("zf-Relay", Errors_13=2, Invocations_13=2)}
    finding = Recorded(answers).finds("errors")
    assert (finding.mark, finding.text.startswith("the last runs failed: relay, 2 run(s)")) == ("✗", True)
    assert finding.advice == [TEXTS["fix_relay"][0]]


@pytest.mark.parametrize("age", [30, 100, 3_000])
def test_the_last_line_of_very_many(age: int):
    """CloudWatch begins with the oldest lines. The last one is named, be it `age` seconds old."""
    now = time.time()
    lines = [
        {
            "timestamp": int((now - age - 600 + n) * 1000),
            "message": json.dumps({"level": "ERROR", "message": f"{n}!"}),
        }
        for n in range(601)
    ]

    def answer(*options: str, startTime: int, **_: Any) -> dict[str, Any]:
        found = [it for it in lines if it["timestamp"] >= startTime]
        most = int(options[options.index("--max-items") + 1]) if "--max-items" in options else len(found)
        return {"events": found[:most]} | ({"NextToken": "t"} if most < len(found) else {})

    finding = Recorded({"filter-log-events": answer}).finds("errors")
    assert finding.mark == "!"
    assert "relay, 500+ line(s) of level ERROR" in finding.text
    assert "relay says: 600!" in finding.advice


@pytest.mark.parametrize(
    ("region", "profile"), [("", ""), ("eu-west-1", ""), ("eu-west-1", "ops"), ("", "ops")]
)
def test_every_command_is_understood(region: str, profile: str, monkeypatch: pytest.MonkeyPatch):
    """Of all that is broken at the same time: programs, operations and options exist.

    Each names the region and the profile, if the shell has others.
    """
    alarms = [alarm("api-5xx", "OK", ActionsEnabled=False)]
    it = Recorded(
        described("ROLLBACK_COMPLETE")
        | parameter("x", "String")
        | {
            "get-event-source-mapping": {"State": "Disabled"},
            "get-queue-attributes": {
                "Attributes": {
                    "ApproximateNumberOfMessages": "1",
                    "ApproximateNumberOfMessagesNotVisible": "1",
                }
            },
            "describe-alarms": {"MetricAlarms": alarms},
            "list-subscriptions-by-topic": {"Subscriptions": []},
            "get-account-settings": {"AccountLimit": {"ConcurrentExecutions": 10}},
            "get-metric-statistics": points(Errors_13=1, Invocations_13=1),
            "get-function-configuration": {"LoggingConfig": {"ApplicationLogLevel": "WARN", "LogGroup": "g"}},
            "filter-log-events": {"events": []},
        }
    )
    it.aws.named_region, it.aws.profile = region, profile
    steps = ("push_url", "token", "source", "dead_letters", "alarms", "subscriber", "concurrency", "errors")
    lines = []
    monkeypatch.setattr(metrics, "METRICS_PATIENCE", 0)
    for step in (*steps, "metrics", "stack"):
        it.stack.alarms = ["zf-api-5xx"]
        advice = it.finds(step).advice
        lines += [line for line in advice if line.startswith("    ")]
    programs = [command for line in lines for command in commands(line) if command[0] in ("aws", "make")]
    before = f"AWS_REGION={region} " * bool(region) + f"AWS_PROFILE={profile} " * bool(profile)
    for line in lines:
        [program] = {command[0] for command in commands(line)} & {"aws", "make"}
        if program == "make":
            assert line == f"    {before}make deploy STACK=zf"
        else:
            assert (f" --region {region}" in line) == ("--region" in line) == bool(region), line
            assert (f" --profile {profile}" in line) == ("--profile" in line) == bool(profile), line
    # Two that the check does not know. test_doctor.py runs them.
    programs = [command for command in programs if command[2] not in ("subscribe", "wait")]
    assert len(programs) >= 14
    assert [mistake for program in programs for mistake in tools.mistakes(program)] == []


CALL = r'aws\.call\(\s*\*?\(?"[\w-]+",\s*"([\w-]+)"'


@pytest.mark.parametrize("page", ["deploying.md", "deploying.zh-CN.md"])
def test_every_right_is_in_the_documents(page: str):
    """Each call needs one, but the question who one is."""
    [rights] = re.findall(
        r"`make doctor`[^\n]*(?:\n(?!\n)[^\n]*)*\n\n- (`cloudformation.*?)\n\n",
        (ROOT / "docs" / page).read_text(),
        re.DOTALL,
    )
    operations = set(re.findall(CALL, "".join(SOURCES.values()))) - {"get-caller-identity"}
    names = {"".join(word.capitalize() for word in it.split("-")) for it in operations}
    # Two calls are written in another way, and SSM decrypts with the caller's own right.
    assert set(re.findall(r":(\w+)`", rights)) == names | {
        "DescribeStackEvents",
        "FilterLogEvents",
        "Decrypt",
    }


def test_the_program_changes_nothing():
    """All that it calls are questions."""
    operations = {operation for operation in re.findall(CALL, "".join(SOURCES.values()))}
    assert len(operations) > 8
    assert all(re.match("get-|describe-|list-|filter-", operation) for operation in operations)


def test_what_is_said_of_the_test_message():
    """As the relay pushes it: its alert opens as Info and is closed at once."""
    golden = json.loads((ROOT / "tests/relay/golden/test-message.json").read_text())
    assert [it["event_status"] for it in golden["pushed"]] == ["Info", "Ok"]
    for text in TEXTS["delivered"]:
        assert "Info" in text
        assert "nobody" not in text
        assert "不会呼叫" not in text
    assert "opens nothing" not in doctor.__doc__


def test_the_test_message_is_that_of_the_samples():
    """ZStack's own."""
    assert samples.read(ROOT / "events/test-message.json").body.decode() == TEST_MESSAGE


def test_texts_exist_in_both_languages():
    """With the same fields. English is ASCII. Chinese holds no sentence in English. And each is used."""
    source = "".join(text for name, text in SOURCES.items() if "/texts/" not in name)
    for name, texts in TEXTS.items():
        english, chinese = texts
        fields = [sorted(re.findall(r"\{(\w+)\}", text)) for text in texts]
        assert fields[0] == fields[1], name
        assert english.isascii(), name
        assert re.search("[\u4e00-\u9fff]", chinese) or not re.search(
            "[A-Za-z]", re.sub(r"\{\w+\}", "", chinese)
        ), name
        prose = re.sub(r"\{\w+\}|`[^`]*`|https?://\S+|docs/\S+", "", chinese)
        assert not re.search(r"[A-Za-z']+(?: [a-z']+){2}", prose), name
        assert not re.search("[\u4e00-\u9fff][,;:?!] ?", prose), name
        assert f'"{name}"' in source, name


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_TW.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en:zh"}, "en"),
    ],
)
def test_the_language_is_the_terminals(variables: dict[str, str], language: str):
    """The first of gettext's variables that is set."""
    assert language_of(variables) == language


@pytest.mark.parametrize(
    ("encoding", "begins"),
    [
        ("utf-8", "✗ 账号和区域：没有 AWS CLI\n"),
        ("cp936", "XX 账号和区域：没有 AWS CLI\n"),
        ("ascii", "XX account and region: the AWS CLI is missing\n"),
        ("latin-1", "XX account and region: the AWS CLI is missing\n"),
    ],
)
def test_every_terminal_can_show_it(encoding: str, begins: str):
    """If it cannot show Chinese or the marks, there is something in their place."""
    environment = {"PATH": "/nowhere", "PYTHONIOENCODING": encoding, "LANG": "zh_CN.UTF-8"}
    ended = subprocess.run([PYTHON, PROGRAM], env=environment, capture_output=True)
    assert ended.stdout.decode(encoding).startswith(begins)
    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.parametrize(("version", "region"), [("1.46.3", "eu-central-1"), ("2.15.0", "us-west-2")])
def test_only_version_2_reads_aws_region(version: str, region: str, monkeypatch: pytest.MonkeyPatch):
    """Version 1 takes the configured one. A command without --region goes there."""
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    aws = Recorded().aws
    aws.version = version
    said = subprocess.CompletedProcess([], 0, b"eu-central-1\n", b"")
    monkeypatch.setattr(aws, "run", lambda *_: said)
    assert account.own_region(aws) == region


@pytest.mark.parametrize(
    ("status", "region", "said", "found"),
    [
        (0, b"us-west-2\n", b"DeprecationWarning: Python 3.9 is old\n", "us-west-2"),
        (1, b"", b"", ""),
        (255, b"", b"The config profile (x) could not be found\n", AwsError),
    ],
)
def test_a_warning_of_the_command_line_is_no_error(
    status: int, region: bytes, said: bytes, found: Any, monkeypatch: pytest.MonkeyPatch
):
    """Only its status says that it failed. It ends with 1, and says nothing, if there is no region."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    aws = Recorded().aws
    monkeypatch.setattr(aws, "run", lambda *_: subprocess.CompletedProcess([], status, region, said))
    if found is AwsError:
        with pytest.raises(AwsError, match="could not be found"):
            account.own_region(aws)
    else:
        assert account.own_region(aws) == found


@pytest.mark.parametrize(
    ("own", "taken"),
    [
        ({}, "ops"),
        ({"AWS_PROFILE": "mine"}, ""),
        ({"AWS_DEFAULT_PROFILE": "mine"}, ""),
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, ""),
    ],
)
def test_the_profile_that_sam_has_saved(
    own: dict[str, str], taken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """`aws` gets it, if the shell chooses no account."""
    for name in account.OWN_CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(release, "FOLDER", tmp_path)
    (tmp_path / "samconfig.toml").write_text('[default.deploy.parameters]\nprofile = "ops"\n')
    program = tmp_path / "aws"
    program.write_text(
        f"""#!{sys.executable}
import json, os, sys
print(os.environ.get("AWS_PROFILE"), file=open({str(tmp_path / "profiles")!r}, "a"))
if "--version" in sys.argv: print("aws-cli/2.15.0")
elif "configure" in sys.argv: print("us-east-1")
else: print(json.dumps({{"Account": "1", "Arn": "arn:aws:iam::1:user/ops"}}))
"""
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    it = Doctor(Terminal(TEXTS, "en"), Options("zf"))
    finding = doctor.finding(it, CHECKS["account"])
    assert (finding.mark, it.aws.profile) == ("✓", taken), finding
    asked = (tmp_path / "profiles").read_text().split()
    assert set(asked[1:]) == {taken or own.get("AWS_PROFILE", "None")}
    words = it.aws.explain(AwsError(255, "The config profile (ops) could not be found", "", "")).text
    assert words == f"the profile in {'samconfig.toml' if taken else 'AWS_PROFILE'} does not exist"


@pytest.mark.parametrize(
    ("url", "given", "channel", "webhook"),
    [
        ("https://a.example.com/zstack", None, None, "https://a.example.com/zstack"),
        ("https://a.example.com/zstack/database/", None, "database", "https://a.example.com/zstack/database"),
        ("https://a.example.com/zstack/database", "net", "net", "https://a.example.com/zstack/net"),
        ("https://a.example.com/zstack", "net", "net", "https://a.example.com/zstack/net"),
        ("https://a.example.com/zstack/zstack", None, None, "https://a.example.com/zstack/zstack"),
        (
            "https://a.example.com/in/zstack/database",
            None,
            "database",
            "https://a.example.com/in/zstack/database",
        ),
        (
            "https://a.example.com/in/zstack/database?token=x",
            "",
            "database",
            "https://a.example.com/in/zstack/database",
        ),
    ],
)
def test_a_channel_in_the_url(
    url: str, given: str | None, channel: str | None, webhook: str, monkeypatch: pytest.MonkeyPatch
):
    """It is the channel to look at. The health check is beside the webhook."""
    seen = []
    monkeypatch.setattr(doctor, "walk", lambda it: seen.append(it) or 0)
    monkeypatch.setattr(sys, "argv", ["doctor.py", "--url", url, *(["--channel", given] if given else [])])
    assert doctor.main() == 0
    [it] = seen
    assert it.options.channel == channel
    assert it.webhook.url() == webhook
    base = url.partition("/zstack")[0] if "/zstack/zstack" not in url else "https://a.example.com/zstack"
    assert it.webhook.url("/health") == f"{base}/health"


def test_a_token_that_another_stack_does_not_accept():
    """If --url was given, it may be that of another stack. That comes first."""
    with served(lambda _: relays(401, error={"code": "Unauthorized"})) as url:
        given = Recorded(url=url).finds("message")
        own = Recorded()
        own.stack.outputs["WebhookUrl"] = url
        own = own.finds("message")
    assert given.advice[0].startswith("The URL in --url may belong to another stack.")
    assert OUTPUTS["WebhookUrl"] in given.advice[0]
    assert own.advice == given.advice[1:]
    assert own.advice[0].startswith("If the token was changed a moment ago")


def test_in_an_unpacked_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It takes the name of the stack from the file beside it, and advises SAM."""
    assert release.configured("stack_name") == "zstack-flashduty"
    assert deploy(Recorded()) == ["    make deploy STACK=zf"]
    monkeypatch.setattr(release, "FOLDER", tmp_path)
    assert release.configured("stack_name") == ""
    assert doctor.DEFAULT_STACK == "zstack-flashduty"
    saved = "version = 0.1\n[default.global.parameters]\nstack_name = 'mine'\n"
    (tmp_path / "samconfig.toml").write_text(saved)
    (tmp_path / "template.yaml").touch()
    assert release.configured("stack_name") == "mine"
    [sam, *_] = deploy(Recorded(), "KmsKeyArn=k")
    assert sam == "    sam deploy --stack-name zf --parameter-overrides KmsKeyArn=k"
    sam, other_way = deploy(Recorded())
    assert sam == "    sam deploy --stack-name zf"
    assert "docs/deploying.md#with-a-release" in other_way


SAVED = '[default.deploy.parameters]\nstack_name = "{stack}"\nregion = "{region}"\n{more}\n'
OVERRIDES = r'parameter_overrides = "AlarmEmail=\"ops@example.com\" Language=\"en\""'


@pytest.mark.parametrize(
    ("stack", "region", "more", "template", "command"),
    [
        ("zf", "us-east-1", OVERRIDES, True, "    sam deploy --stack-name zf"),
        ("other", "us-east-1", OVERRIDES, True, None),
        ("other", "us-east-1", 'parameter_overrides = ["Language=en"]', True, None),
        ("other", "us-east-1", 'parameter_overrides = ""', True, "    sam deploy --stack-name zf"),
        ("other", "us-east-1", "", True, "    sam deploy --stack-name zf"),
        ("zf", "eu-west-1", OVERRIDES, True, None),
        ("zf", "eu-west-1", "", True, "    sam deploy --stack-name zf --region us-east-1"),
        ("zf", "us-east-1", OVERRIDES, False, "    make deploy STACK=zf"),
        ("other", "us-east-1", OVERRIDES, False, None),
        ("other", "us-east-1", "", False, "    make deploy STACK=zf"),
        ("zf", "eu-west-1", "", False, None),
    ],
)
def test_a_stack_is_not_deployed_with_the_settings_of_another(
    stack: str,
    region: str,
    more: str,
    template: bool,
    command: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """SAM and `make deploy` take what samconfig.toml beside them has saved."""
    monkeypatch.setattr(release, "FOLDER", tmp_path)
    (tmp_path / "samconfig.toml").write_text(SAVED.format(stack=stack, region=region, more=more))
    if template:
        (tmp_path / "template.yaml").touch()
    first, *_ = deploy(Recorded())
    change, again, *_ = [*deploy(Recorded(), "Language=zh-CN"), ""]
    if command and more == OVERRIDES:
        # Else the next deployment would put the old value back.
        assert (change.startswith("First change Language in parameter_ov"), again) == (True, command)
    elif command:
        assert (change.startswith(command), change.endswith("Language=zh-CN")) == (True, True)
    else:
        assert change == first
    expected = command or (
        "Deploy zf in us-east-1 from the folder that has its own samconfig.toml."
        f" The one here is that of {stack} in {region}, and a deployment would take its settings."
    )
    assert first == expected


def test_what_sam_has_saved_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`sam deploy --guided` writes its answers into the section of deploy, not into the global one."""
    # As SAM does: one section, with what was in it before.
    section = "[default.deploy.parameters]\n"
    before, _, after = (ROOT / "samconfig.toml").read_text().partition(section)
    saved = 'stack_name = "other"\nregion = "eu-west-1"\n'
    (tmp_path / "samconfig.toml").write_text(f"{before}{section}{saved}{after}")
    monkeypatch.setattr(release, "FOLDER", tmp_path)
    assert (release.configured("stack_name"), release.configured("region")) == ("other", "eu-west-1")


def test_changes_by_hand_are_undone_by_commands_that_aws_knows():
    """In their order, with all parameters of the stack, and a look at the changes before they are made."""
    walked = Recorded()
    walked.stack.parameters = {"TitleRule": "x", "AlarmEmail": ""}
    *lines, needed = restore(walked)
    assert "do not know --deployment-mode" in needed
    commands = [shlex.split(it) for it in lines]
    assert [it[:3] for it in commands[:1]] == [["aws", "cloudformation", "create-change-set"]]
    assert [it[2] for it in commands] == [
        "create-change-set",
        "wait",
        "describe-change-set",
        "execute-change-set",
    ]
    model = botocore.session.get_session().get_service_model("cloudformation")
    for command in (it for it in commands if it[2] != "wait"):
        members = model.operation_model(
            {xform_name(name, "-"): name for name in model.operation_names}[command[2]]
        ).input_shape.members
        known = {f"--{xform_name(name, '-')}" for name in members}
        assert {it for it in command if it.startswith("--")} <= known
    mode = commands[0][commands[0].index("--deployment-mode") + 1]
    assert mode in model.operation_model("CreateChangeSet").input_shape.members["DeploymentMode"].enum
    kept = ["ParameterKey=AlarmEmail,UsePreviousValue=true", "ParameterKey=TitleRule,UsePreviousValue=true"]
    assert commands[0][-2:] == kept


def test_who_may_not_call_is_told_so(monkeypatch: pytest.MonkeyPatch):
    """AllowedSourceCidrs is the relay's own 403, and no ICP filing is missing."""
    words = "callers from 203.0.113.10 may not call; if this is ZStack, add its address to AllowedSourceCidrs"
    body = {"error": {"code": "SourceNotAllowed", "message": words}, "request_id": "r"}
    walked = Recorded()
    monkeypatch.setattr(walked.webhook, "call", lambda url: Answer(url, 403, json.dumps(body)))
    found = walked.finds("health")
    assert found.text.endswith(words)
    assert "this machine's address is not in AllowedSourceCidrs" in found.text
    assert "on a machine behind ZStack's address" in found.advice[0]
    # So the steps that call the webhook are skipped.
    assert "health" not in walked.known


def test_a_mistake_names_its_file_and_no_secret(tmp_path: Path):
    """The file is that of the program, wherever Python itself was at the end."""
    wrong = {'aws.program = shutil.which("aws")\n': 'aws.program = int("a secret")\n'}
    ended = subprocess.run([PYTHON, copied(tmp_path, wrong)], capture_output=True, text=True)
    line = (tmp_path / "checks/account.py").read_text().partition("a secret")[0].count("\n") + 1
    first, second, *others = ended.stdout.splitlines()
    said = f"account and region: a bug in doctor.py: ValueError in checks/account.py, line {line}"
    assert first.endswith(said)
    assert second == f"  {TEXTS['report'][0]}"
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "secret" not in first
    # It ends this step only.
    assert len([it for it in others if "skipped: needs" in it]) == len(doctor.STEPS) - 1
    assert others[-1] == "1 of 16 steps failed. Begin with the first: account and region."
    with ThreadPoolExecutor() as pool, pytest.raises(AttributeError) as raised:
        pool.submit(account.concurrency, None).result()
    assert release.place(raised.tb)[0] == "checks/account.py"


def test_a_mistake_of_the_walk_itself(tmp_path: Path):
    """Outside every step: one line, no traceback, no secret."""
    wrong = {"    failed, notes = [], 0\n": '    failed, notes = [], int("a secret")\n'}
    ended = subprocess.run([PYTHON, copied(tmp_path, wrong)], capture_output=True, text=True)
    line = (tmp_path / PROGRAM.name).read_text().partition('int("a secret")')[0].count("\n") + 1
    said = f"This is a bug in doctor.py: ValueError in doctor.py, line {line}. Please open an issue.\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, said, "")


def test_a_step_that_cannot_print_ends_the_walk(monkeypatch: pytest.MonkeyPatch):
    """As in `doctor.py | head -1`: it is no bug."""

    def nobody_reads(_: Doctor) -> Finding:
        raise BrokenPipeError

    monkeypatch.setitem(CHECKS, "clock", CHECKS["clock"]._replace(check=nobody_reads))
    with pytest.raises(BrokenPipeError):
        Recorded().finds("clock")


def test_its_modules_depend_one_way():
    """In the order of their list. No step knows another. And each is short."""
    above, steps = re.split(r"The steps are .*\n", checks.__doc__)
    listed = [re.findall(r"(?m)^(\w+)  ", part) for part in (above, steps)]
    order = [name for part in listed for name in part]
    for name, text in SOURCES.items():
        assert text.count("\n") < 350, name
        module = name.removeprefix("checks/").removesuffix(".py").partition("/")[0]
        if name.startswith("checks/") and module != "__init__":
            imported = re.findall(r"(?m)^from \.(\w+) import", text)
            allowed = order[: order.index(module)] if module not in listed[1] else listed[0]
            assert module == "texts" or set(imported) <= set(allowed), name
    modules = {name.split("/")[1].removesuffix(".py") for name in SOURCES if name.startswith("checks/")}
    assert modules - {"__init__"} == set(order)


def test_make_doctor():
    """Needs nothing of .venv, and passes its variables on."""
    make = ["make", "--silent", "doctor", "PYTHON=echo", "STACK=s", "URL=https://u/zstack", "NO_WAIT=1"]
    made = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert made == "scripts/doctor.py --stack s --url https://u/zstack --no-wait\n"


def test_it_runs_on_python_3_9():
    """The runs above are those of the oldest Python that is here. Its syntax is that of 3.9 in any case."""
    for text in SOURCES.values():
        ast.parse(text, feature_version=(3, 9))
    shown = subprocess.run([PYTHON, PROGRAM, "--help"], capture_output=True, text=True, check=True).stdout
    assert "--no-wait" in shown
    imported = {it for text in SOURCES.values() for it in re.findall(r"(?m)^(?:from|import) (\w+)", text)}
    ours = {name.split("/")[0].removesuffix(".py") for name in SOURCES}
    assert imported <= sys.stdlib_module_names | ours
