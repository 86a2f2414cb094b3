"""`make secrets` as a person runs it, and that its secrets work."""

import os
import pty
import subprocess
import time
from pathlib import Path

import boto3
import pytest
from botocore.stub import ANY, Stubber
from cloud import Failed, secrets
from conftest import World
from local import ROOT

KEY = "not-a-key"
URL = f"https://api.flashcat.cloud/event/push/alert/standard?integration_key={KEY}"


def make(world: World, prefix: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it, without a terminal."""
    command = ["make", "--silent", "secrets", f"PREFIX={prefix}"]
    command += [f"{name}={value}" for name, value in variables.items()]
    return subprocess.run(
        command, cwd=ROOT, env=world.aws.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def parameters(world: World, prefix: str) -> dict[str, tuple[str, str]]:
    """The types and values of all parameters with a prefix."""
    found = world.aws.client("ssm").get_parameters_by_path(Path=prefix, WithDecryption=True)["Parameters"]
    return {it["Name"].removeprefix(prefix): (it["Type"], it["Value"]) for it in found}


def test_the_functions_accept_the_new_secrets(world: World):
    """Stdout has the token and nothing else. No output has the key."""
    push_url = world.flashduty.push_url(world.key)
    made = make(world, "/made", PUSH_URL=push_url)
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    assert len(token) == 48
    assert parameters(world, "/made") == {
        "/push-url": ("SecureString", push_url),
        "/webhook-token": ("SecureString", token),
    }
    assert "us-east-1" in made.stderr
    assert "PushUrlParameter=/made/push-url WebhookTokenParameter=/made/webhook-token" in made.stderr
    assert world.key not in made.stderr

    relay = world.like("made", PushUrlParameter="/made/push-url", WebhookTokenParameter="/made/webhook-token")
    assert relay.call("/zstack", b'{"ALARM_NAME": "x"}', token=world.token).status == 401
    assert relay.call("/zstack", b'{"ALARM_NAME": "x"}', token=token).status == 200


def test_a_channel_is_one_more_push_url(world: World):
    """The stack's token opens it, until it gets its own. Nothing of the stack is changed."""
    push_url = world.flashduty.push_url(world.key)
    token = make(world, "/teams", PUSH_URL=push_url).stdout.strip()
    names = {"PushUrlParameter": "/teams/push-url", "WebhookTokenParameter": "/teams/webhook-token"}
    relay = world.like("teams", **names)

    def statuses(*tokens: str) -> list[int]:
        message = b'{"ALARM_NAME": "x"}'
        return [relay.call("/zstack/database", message, token=it).status for it in tokens]

    assert statuses(token) == [404]
    made = make(world, "/teams", CHANNEL="database", PUSH_URL=push_url)
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    assert "/zstack/database" in made.stderr
    assert "PARAMETERS" not in made.stderr
    assert parameters(world, "/teams/push-url") == {"/database": ("SecureString", push_url)}
    assert parameters(world, "/teams/webhook-token") == {}

    again = make(world, "/teams", CHANNEL="database", PUSH_URL=push_url)
    assert again.returncode == 2
    assert "Already in SSM: /teams/push-url/database" in again.stderr
    # A first token would shut out the stack's, which ZStack shows.
    replaced = make(world, "/teams", CHANNEL="database", OVERWRITE="webhook-token")
    assert replaced.returncode == 2
    assert "OWN_TOKEN=1 gives the channel a token of its own" in replaced.stderr
    assert parameters(world, "/teams/webhook-token") == {}
    own = make(world, "/teams", CHANNEL="database", OWN_TOKEN="1")
    assert (own.returncode, len(own.stdout.strip())) == (0, 48), own.stderr
    assert parameters(world, "/teams/webhook-token") == {"/database": ("SecureString", own.stdout.strip())}
    # That a channel does not exist is remembered for half a minute.
    relay.change_environment(relay.function, RUST_LOG="info")
    assert statuses(token, own.stdout.strip()) == [401, 200]
    assert relay.call("/zstack", b'{"ALARM_NAME": "x"}', token=token).status == 200


@pytest.mark.parametrize("name", ["a/b", "a b", "数据库", "a" * 65])
def test_a_name_that_the_relay_would_refuse_is_refused(world: World, name: str):
    """Before anything is written."""
    refused = make(world, "/refused", CHANNEL=name, PUSH_URL=URL)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "1 to 64 characters" in refused.stderr
    assert parameters(world, "/refused") == {}


def test_tokens_given_by_hand_are_stored_one_on_a_line(world: World):
    """During a rotation, the relay accepts the new token and the old one."""
    old, new = "the-old-token-of-somebody", "correct horse battery staple"
    made = make(world, "/given", PUSH_URL=world.flashduty.push_url(world.key), WEBHOOK_TOKEN=old)
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    assert old not in made.stderr
    relay = world.like(
        "given", PushUrlParameter="/given/push-url", WebhookTokenParameter="/given/webhook-token"
    )

    def statuses() -> list[int]:
        return [relay.call("/zstack", b'{"ALARM_NAME": "x"}', token=token).status for token in (old, new)]

    assert statuses() == [200, 401]
    both = f" {new}\r\n\n{old}\n"
    assert make(world, "/given", OVERWRITE="webhook-token", WEBHOOK_TOKEN=both).returncode == 0
    assert parameters(world, "/given")["/webhook-token"] == ("SecureString", f"{new}\n{old}")
    # For an unknown token, a process asks SSM at most once in two seconds.
    time.sleep(2.1)
    assert statuses()[::-1] == [200, 200]


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("fifteen-of-them", "16 characters"),
        ("correct horse", "16 characters"),
        ("a-token-of-sixteen\nfifteen-of-them", "16 characters"),
        ("a-token-of-sixteen another-of-sixteen", "several tokens on one line"),
        ("口令口令口令口令口令口令口令口令", "visible ASCII"),
        (" \r\n ", "empty"),
    ],
)
def test_an_unsuitable_token_is_refused(monkeypatch: pytest.MonkeyPatch, token: str, says: str):
    """Before anything is written. The error does not contain it."""
    ssm = boto3.client("ssm", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    monkeypatch.setattr(secrets.boto3, "client", lambda _: ssm)
    with Stubber(ssm) as stub:
        stub.add_response("get_parameters", {"Parameters": []})
        with pytest.raises(Failed, match=says) as refused:
            secrets.store(secrets.Store("/there", None), {"push-url": URL, "webhook-token": token}, [])
        assert not any(word in str(refused.value) for word in token.split())
        stub.assert_no_pending_responses()


def test_a_token_is_stored_as_the_functions_read_it():
    """Without blanks and empty lines around it."""
    for given, stored in [
        ("sixteen-of-them-", "sixteen-of-them-"),
        (
            "\r\n a-token-of-sixteen \r\n\r\n\tthe-other-of-sixteen\r\n",
            "a-token-of-sixteen\nthe-other-of-sixteen",
        ),
        ("correct horse battery staple", "correct horse battery staple"),
    ]:
        assert secrets.checked_token(given) == stored


def test_nothing_is_overwritten_by_accident(world: World):
    """The error says how to overwrite one of the two. The other one is kept."""
    token = make(world, "/kept", PUSH_URL=URL).stdout.strip()
    before = parameters(world, "/kept")
    given = [{}, {"PUSH_URL": URL + "2"}, {"WEBHOOK_TOKEN": "another-of-sixteen"}]
    given.append({"OVERWRITE": "push-url", "PUSH_URL": URL + "2", "WEBHOOK_TOKEN": "another-of-sixteen"})
    for again in (make(world, "/kept", **variables) for variables in given):
        assert (again.returncode, again.stdout) == (2, "")
        assert "OVERWRITE=push-url" in again.stderr
        assert "OVERWRITE=webhook-token" in again.stderr
        assert KEY not in again.stderr
        assert token not in again.stderr
    assert parameters(world, "/kept") == before

    url = make(world, "/kept", PUSH_URL=URL + "2", OVERWRITE="push-url")
    assert (url.returncode, url.stdout) == (0, "")
    assert parameters(world, "/kept") == before | {"/push-url": ("SecureString", URL + "2")}

    new = make(world, "/kept", OVERWRITE="webhook-token")
    assert new.returncode == 0
    assert parameters(world, "/kept") == {
        "/push-url": ("SecureString", URL + "2"),
        "/webhook-token": ("SecureString", new.stdout.strip()),
    }
    assert new.stdout.strip() != token


def test_a_missing_token_is_added(world: World):
    """The push URL exists, and is not asked for."""
    world.aws.put_secret("/half/push-url", URL)
    made = make(world, "/half")
    assert made.returncode == 0, made.stderr
    assert parameters(world, "/half") == {
        "/push-url": ("SecureString", URL),
        "/webhook-token": ("SecureString", made.stdout.strip()),
    }


def test_a_replaced_parameter_keeps_its_key(world: World):
    """With SSM's own key, the role could not decrypt it."""
    key = world.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    assert make(world, "/keyed", PUSH_URL=URL, KMS_KEY=key).returncode == 0
    assert make(world, "/keyed", PUSH_URL=URL + "2", OVERWRITE="push-url").returncode == 0
    listed = world.aws.client("ssm").describe_parameters(
        ParameterFilters=[{"Key": "Path", "Values": ["/keyed"]}]
    )["Parameters"]
    assert [it["KeyId"] for it in listed] == [key, key]


@pytest.mark.parametrize(
    ("answers", "key"),
    [
        # Empty pages may come before the page with the parameter.
        ([{"Parameters": [], "NextToken": "more"}, {"Parameters": [{"KeyId": "own"}]}], "own"),
        ([{"Parameters": []}], None),
        ([{"Parameters": [{"Name": "/there/push-url"}]}], None),
        (["AccessDeniedException"], None),
    ],
)
def test_the_key_is_found_or_asked_for(
    monkeypatch: pytest.MonkeyPatch, answers: list[dict | str], key: str | None
):
    """With another key, the functions could not decrypt the parameter."""
    ssm = boto3.client("ssm", "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")
    monkeypatch.setattr(secrets.boto3, "client", lambda _: ssm)
    with Stubber(ssm) as stub:
        for answer in answers:
            if isinstance(answer, str):
                stub.add_client_error("describe_parameters", answer)
            else:
                stub.add_response("describe_parameters", answer)
        put = {"Name": "/there/push-url", "Description": ANY, "Type": "SecureString", "Value": URL}
        if key:
            stub.add_response("put_parameter", {}, put | {"Overwrite": True, "KeyId": key})
            secrets.Store("/there", None).replace("push-url", URL)
        else:
            with pytest.raises(Failed, match="KMS_KEY=alias/aws/ssm is SSM's own"):
                secrets.Store("/there", None).replace("push-url", URL)
        stub.assert_no_pending_responses()
    with Stubber(ssm) as stub:
        stub.add_response("put_parameter", {}, put | {"Overwrite": True, "KeyId": "named"})
        secrets.Store("/there", "named").replace("push-url", URL)


@pytest.mark.parametrize(
    "url",
    [
        f"http://api.flashcat.cloud/event/push/alert/standard?integration_key={KEY}",
        f"api.flashcat.cloud/?integration_key={KEY}",
        f"https:///?integration_key={KEY}",
        f"https://api.flashcat.cloud/{KEY}",
        f"https://api.flashcat.cloud/{KEY}?integration_key=",
        f"https://api.flashcat.cloud/{KEY}?integration_key=…",
        f"https://a b/?integration_key={KEY}",
        f"https://推送.example.com/?integration_key={KEY}",
        KEY,
    ],
)
def test_an_invalid_push_url_is_refused(world: World, url: str):
    """Before anything is written. The error does not contain it."""
    refused = make(world, "/refused", PUSH_URL=url)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "The push URL" in refused.stderr
    assert KEY not in refused.stderr
    assert parameters(world, "/refused") == {}


def test_on_a_terminal_it_asks_for_the_push_url(world: World):
    """The terminal does not show the URL."""
    ours, theirs = pty.openpty()
    asking = subprocess.Popen(
        ["make", "--silent", "secrets", "PREFIX=/asked"],
        cwd=ROOT,
        env=world.aws.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while b"push URL" not in shown:
        shown += os.read(ours, 1024)
    os.write(ours, URL.encode() + b"\n")
    # Reading from a closed terminal raises an error.
    try:
        while more := os.read(ours, 1024):
            shown += more
    except OSError:
        pass
    os.close(ours)
    assert asking.wait(timeout=60) == 0, shown
    assert parameters(world, "/asked")["/push-url"] == ("SecureString", URL)
    assert KEY.encode() not in shown


def test_without_a_terminal_it_says_what_it_needs(world: World):
    """It does not wait."""
    nobody = make(world, "/nobody")
    assert nobody.returncode == 2
    assert "PUSH_URL=" in nobody.stderr


def test_no_command_line_holds_the_secrets():
    """Except that of make, so it is safer to be asked."""
    command = [
        "make",
        "--dry-run",
        "secrets",
        f"PUSH_URL={URL}",
        "WEBHOOK_TOKEN=new-of-sixteen--\nold-of-sixteen--",
    ]
    commands = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "cloud.secrets" in commands
    assert KEY not in commands
    assert "of-sixteen" not in commands


@pytest.mark.parametrize(
    ("without", "says"),
    [("AWS_ACCESS_KEY_ID", "no AWS credentials"), ("AWS_DEFAULT_REGION", "no AWS region")],
)
def test_an_account_that_is_not_named_is_asked_for(world: World, without: str, says: str, tmp_path: Path):
    """The advice has the variables of the AWS command line."""
    env = {name: value for name, value in world.aws.environment.items() if name != without}
    if without == "AWS_ACCESS_KEY_ID":
        del env["AWS_SECRET_ACCESS_KEY"]
    refused = subprocess.run(
        ["make", "--silent", "secrets", f"PUSH_URL={URL}"],
        cwd=ROOT,
        env=env | {"HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 2
    assert says in refused.stderr
    assert "AWS_PROFILE" in refused.stderr
