"""What the functions may do: whole policies, for every combination of options."""

import json
import re
from itertools import product

import pytest
from deployed import ACCOUNT, OPTIONS, PARTITIONS, Deployed

ROLES = {"Relay": "RelayRole", "Redeliver": "RedeliverRole"}
OF_SCHEDULER = "CheckRole"
"""The role of EventBridge Scheduler: test_checks.py."""


def parameters(*names: str) -> list[str]:
    """The ARNs of parameters whose names begin with a slash, and of those that channels have."""
    return [f"arn:aws:ssm:us-east-1:{ACCOUNT}:parameter{name}{rest}" for name in names for rest in ("", "/*")]


PUSH_URLS = parameters("/zstack-flashduty/push-url")
TOKENS = parameters("/zstack-flashduty/webhook-token")


def allow(sid: str, action: str | list[str], resource: str | list[str], **more: object) -> dict:
    """A statement."""
    return {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource, **more}


def decrypt(parameters: list[str]) -> dict:
    """What the key's owner has to grant: these parameters, through SSM."""
    condition = {
        "StringEquals": {"kms:ViaService": "ssm.us-east-1.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:PARAMETER_ARN": parameters},
    }
    return allow("DecryptSettings", "kms:Decrypt", OPTIONS["KmsKeyArn"], Condition=condition)


def encrypt() -> dict:
    """What the owner of the queues' key has to grant: its use through SQS."""
    through_sqs = {"StringEquals": {"kms:ViaService": "sqs.us-east-1.amazonaws.com"}}
    actions = ["kms:GenerateDataKey", "kms:Decrypt"]
    return allow("EncryptMessages", actions, OPTIONS["DataKmsKeyArn"], Condition=through_sqs)


TRACE = allow("Trace", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")
LOG = ["logs:CreateLogStream", "logs:PutLogEvents"]
REDELIVER = [
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ChangeMessageVisibility",
]


@pytest.mark.parametrize(
    ("key", "data_key", "tracing", "queue"),
    list(product(("", OPTIONS["KmsKeyArn"]), ("", OPTIONS["DataKmsKeyArn"]), *[("enabled", "disabled")] * 2)),
)
def test_each_role_may_do_what_its_function_does(key: str, data_key: str, tracing: str, queue: str):
    """Compared as a whole: whatever is added to a role has to be added here, and looked at."""
    stack = Deployed(KmsKeyArn=key, DataKmsKeyArn=data_key, Tracing=tracing, RetryQueue=queue)
    relay = [
        allow("Log", LOG, "<RelayLogs.Arn>"),
        allow("ReadSettings", "ssm:GetParameters", PUSH_URLS + TOKENS),
        *([decrypt(PUSH_URLS + TOKENS)] if key else []),
    ]
    redeliver = [
        allow("Log", LOG, "<RedeliverLogs.Arn>"),
        allow("ReadSettings", "ssm:GetParameters", PUSH_URLS),
        *([decrypt(PUSH_URLS)] if key else []),
        allow("Redeliver", REDELIVER, "<Retries.Arn>"),
        allow("GiveUp", "sqs:SendMessage", "<DeadLetters.Arn>"),
        *([encrypt()] if data_key else []),
    ]
    if queue == "enabled":
        relay += [
            allow("Queue", "sqs:SendMessage", ["<Retries.Arn>", "<DeadLetters.Arn>"]),
            *([encrypt()] if data_key else []),
            allow("SeeWhoWaits", "sqs:GetQueueAttributes", "<Retries.Arn>"),
        ]
    expected = {"RelayRole": relay} | ({"RedeliverRole": redeliver} if queue == "enabled" else {})
    if tracing == "enabled":
        expected = {role: [*statements, TRACE] for role, statements in expected.items()}
    roles = stack.of_type("AWS::IAM::Role").keys() - {OF_SCHEDULER}
    assert {role: list(stack.statements(role).values()) for role in roles} == expected


def test_roles_are_the_functions_own():
    """One each, assumed by Lambda alone, and no policy that lives elsewhere."""
    stack = Deployed(**OPTIONS)
    functions = stack.of_type("AWS::Lambda::Function")
    assert {name: it["Role"] for name, it in functions.items()} == {
        name: f"<{role}.Arn>" for name, role in ROLES.items()
    }
    lambda_alone = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    for name, role in stack.of_type("AWS::IAM::Role").items():
        if name != OF_SCHEDULER:
            assert role["AssumeRolePolicyDocument"]["Statement"] == [lambda_alone]
        assert role.get("ManagedPolicyArns", []) == []
        assert role.keys() - {"ManagedPolicyArns"} == {"Description", "AssumeRolePolicyDocument", "Policies"}
        assert len(role["Policies"]) == 1
    assert {it for it in stack.types.values() if it.startswith("AWS::IAM::")} == {"AWS::IAM::Role"}


@pytest.mark.parametrize("region", PARTITIONS)
def test_only_x_ray_and_the_parameters_of_channels_get_a_wildcard(region: str):
    """Neither as an action nor as a resource, in any policy that allows something.

    That of the parameters stands behind the whole name of the stack's own.
    """
    stack = Deployed(region, **OPTIONS)
    documents = [
        policy["PolicyDocument"]
        for role in stack.of_type("AWS::IAM::Role").values()
        for policy in role["Policies"]
    ]
    documents += [it["PolicyDocument"] for it in stack.properties.values() if "PolicyDocument" in it]
    assert len(documents) == 6
    wild = [
        statement
        for document in documents
        for statement in document["Statement"]
        if statement["Effect"] == "Allow" and "*" in json.dumps([statement["Action"], statement["Resource"]])
    ]
    assert [it["Sid"] for it in wild] == ["ReadSettings", "Trace"] * 2
    assert [it for it in wild if it["Sid"] == "Trace"] == [TRACE, TRACE]
    for statement in wild:
        if statement["Sid"] == "ReadSettings":
            assert statement["Action"] == "ssm:GetParameters"
            below = r"arn:[a-z-]+:ssm:[a-z0-9-]+:\d{12}:parameter/[^*]+(/\*)?"
            assert all(re.fullmatch(below, it) for it in statement["Resource"])


def test_traces_go_to_x_ray_only_when_asked():
    """The switch of the functions and the permission of the roles go together."""
    for tracing, mode in {"enabled": "Active", "disabled": "PassThrough"}.items():
        functions = Deployed(Tracing=tracing).of_type("AWS::Lambda::Function")
        assert {it["TracingConfig"]["Mode"] for it in functions.values()} == {mode}


def test_parameter_names_are_not_doubled_at_the_slash():
    """`parameter//a` matches nothing, and `parametera` neither."""
    stack = Deployed(PushUrlParameter="/a/b", WebhookTokenParameter="/c")
    read = stack.statements("RelayRole")["ReadSettings"]
    assert read["Resource"] == parameters("/a/b", "/c")
