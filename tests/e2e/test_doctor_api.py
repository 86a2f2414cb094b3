"""`make doctor` and the API: what stands before it, and what Flashduty answers behind it.

What stands before it, such as a firewall, a proxy or a domain of one's own, is a server of the test. It
passes requests on to the API of MiniStack, or answers itself. API Gateway's own 403, 429 and 503 come from it
as well, because MiniStack has none of them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from conftest import World
from doctors import Front, Run, Shell, certified, impatient, served
from local.aws import LOOPBACK
from local.stack import Stack
from trials import wait_until

Handler = BaseHTTPRequestHandler

WALL = "203.0.113.0/24"
"""A network that this machine is not in."""


@pytest.fixture
def shell(world: World, tmp_path: Path) -> Shell:
    """A terminal whose account is the local AWS."""
    return Shell(world, tmp_path)


@pytest.fixture(scope="module")
def stack(running: World) -> Stack:
    """A stack that these tests share. At first, nobody here may call it."""
    return running.like("api", AllowedSourceCidrs=WALL)


def fails(run: Run, step: str, text: str, advice: str) -> None:
    """The step says so."""
    assert run.marked("✗") == [step], run.output
    assert text in run.text(step), run.output
    assert advice in run.advice(step), run.output


def update(world: World, stack: Stack, **parameters: str) -> None:
    """Deploy the stack again with these parameters. It keeps the others."""
    client = world.aws.client("cloudformation")
    [found] = client.describe_stacks(StackName=stack.name)["Stacks"]
    names = [it["ParameterKey"] for it in found["Parameters"]]
    kept = [{"ParameterKey": it, "UsePreviousValue": True} for it in names if it not in parameters]
    client.update_stack(
        StackName=stack.name,
        UsePreviousTemplate=True,
        Parameters=kept + [{"ParameterKey": it, "ParameterValue": value} for it, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    client.get_waiter("stack_update_complete").wait(StackName=stack.name, WaiterConfig={"Delay": 1})


def test_who_may_not_call(shell: Shell, world: World, stack: Stack):
    """One ✗ says so, and not three. The address is in the list, and it passes."""
    run = shell.on(stack, only="health rejection message")
    fails(run, "health", "403: this machine's address is not in Al", "on a machine behind ZStack's address")
    assert f"callers from {LOOPBACK} may not call" in run.text("health")
    assert run.text("rejection") == run.text("message") == "skipped: needs health check"
    update(world, stack, AllowedSourceCidrs=f"{WALL},{LOOPBACK}/32")
    world.set_push_url()
    run = shell.on(stack, only="health")
    assert run.text("health") == "200: the relay has both secrets", run.output


def test_a_key_that_the_relay_may_not_use(shell: Shell, world: World):
    """The push URL of a new stack has a key of its own. A deployment that names the key mends it."""
    key = world.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    name = "/own-key/push-url"
    secret = {"Value": world.flashduty.push_url(world.key), "Type": "SecureString", "KeyId": key}
    world.aws.client("ssm").put_parameter(Name=name, **secret)
    keyed = world.like("keyed", PushUrlParameter=name)
    run = shell.on(keyed, only="health", changed=impatient("HEALTH_PATIENCE"))
    fails(run, "health", "503: the relay cannot", f"The key {key} encrypts {name}, and the relay may not")
    [deploy] = run.commands("health")
    assert deploy == f"make deploy STACK=keyed PARAMETERS=KmsKeyArn={key}"
    update(world, keyed, KmsKeyArn=key)
    run = shell.on(keyed, only="health")
    assert run.text("health") == "200: the relay has both secrets", run.output


def throttled(_: Handler) -> tuple[int, dict[str, str], str]:
    """API Gateway throttles."""
    return 429, {}, '{"message":"Too Many Requests"}'


def forbidden(_: Handler) -> tuple[int, dict[str, str], str]:
    """API Gateway, or a firewall, refuses."""
    return 403, {}, '{"message":"Forbidden"}'


def unavailable(_: Handler) -> tuple[int, dict[str, str], str]:
    """API Gateway got no answer from the function."""
    return 503, {}, '{"message":"Service Unavailable"}'


def elsewhere(_: Handler) -> tuple[int, dict[str, str], str]:
    """A server that sends callers to another host."""
    return 302, {"Location": "https://elsewhere.invalid/health"}, ""


def page(_: Handler) -> tuple[int, dict[str, str], str]:
    """A login page."""
    return 200, {}, "<html>Who are you?</html>"


def silence(_: Handler) -> tuple[int, dict[str, str], str]:
    """An answer that comes too late."""
    time.sleep(4)
    return 200, {}, ""


@pytest.mark.usefixtures("after_the_wall")
def test_what_stands_before_the_api(shell: Shell, stack: Stack):
    """As soon as requests pass again, all is well."""
    front = Front(stack)
    with served(front) as url:
        host = url.removeprefix("http://").partition("/")[0]
        for own, text, advice in (
            (throttled, "429, and the answer is not the relay's", "Wait a minute"),
            (forbidden, "403, and the answer is not the relay's", "ICP filing"),
            (unavailable, "503, and the answer is not the relay's", "errors of the functions"),
            (elsewhere, "302, and the answer is not the relay's", "Give the final URL with --url"),
            (page, "not the relay's: <html>Who are you?", f"Look at what answers at http://{host}/health"),
            (silence, f"{host} cannot be reached: no answer within 2 seconds", "the proxy (HTTPS_PROXY)"),
        ):
            front.own = own
            run = shell.at(url, stack, only="health", changed=impatient("API_TIMEOUT"))
            fails(run, "health", text, advice)
        front.own = None
        run = shell.at(url, stack, only="health")
        assert run.text("health") == "200: the relay has both secrets", run.output


@pytest.mark.usefixtures("after_the_wall")
def test_a_wrong_url(shell: Shell, stack: Stack):
    """None, one where nobody listens, and one of another API. The right one mends it."""
    for url, text, advice in (
        ("alarms.example.com/zstack", "--url is not a URL", "such as https://alarms.example.com/zstack"),
        (f"http://{LOOPBACK}:1/zstack", f"{LOOPBACK}:1 cannot be reached: Connection refused", "--url"),
        (f"{stack.url}x/zstack", "404, and the answer is not the relay's", "with the stack's WebhookUrl"),
    ):
        fails(shell.at(url, stack, only="health"), "health", text, advice)
    run = shell.on(stack, only="health")
    assert run.text("health") == "200: the relay has both secrets", run.output


@pytest.mark.usefixtures("after_the_wall")
def test_a_certificate_that_cannot_be_verified(shell: Shell, stack: Stack):
    """The file of the root certificate mends it."""
    certificate, key = certified(shell.folder, f"IP:{LOOPBACK}")
    with served(Front(stack), (certificate, key)) as url:
        run = shell.at(url, stack, only="health")
        fails(run, "health", "cannot be verified: self", "needs SSL_CERT_FILE")
        run = shell.at(url, stack, only="health", SSL_CERT_FILE=str(certificate))
    assert run.text("health") == "200: the relay has both secrets", run.output


@pytest.mark.usefixtures("after_the_wall")
def test_a_function_that_may_not_run(shell: Shell, world: World, stack: Stack):
    """The printed command takes the limit away."""
    client = world.aws.client("lambda")
    client.put_function_concurrency(FunctionName=stack.function, ReservedConcurrentExecutions=0)
    run = shell.on(stack, only="health")
    assert run.marked("✗") == ["health"], run.output
    fails(run, "health", "and the answer is not the relay's", "reserved concurrency of")
    health = run.commands("health")[0]
    client.put_function_concurrency(FunctionName=stack.redeliver, ReservedConcurrentExecutions=0)
    run = shell.on(stack, only="source concurrency")
    fails(run, "concurrency", "but a reserved concurrency of 0 stops relay, redeliver", "take the limit away")
    assert run.steps["source"][0] == "✓"
    assert run.commands("concurrency")[0] == health
    for it in run.commands("concurrency"):
        shell.follow(it)
    run = shell.on(stack, only="concurrency")
    assert run.steps["concurrency"][0] == "✓", run.output
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=stack.function)
    run = shell.on(stack, only="health")
    assert run.text("health") == "200: the relay has both secrets", run.output


@contextmanager
def refusing(world: World, **refusal: str | int) -> Iterator[None]:
    """Flashduty refuses everything for a while."""
    world.flashduty.fault({"refuse": refusal})
    try:
        yield
    finally:
        world.flashduty.clear_faults()


@pytest.mark.usefixtures("after_the_wall")
def test_what_flashduty_answers(shell: Shell, world: World, stack: Stack):
    """No licence, something else, an outage, and an outage in which the relay may not queue either."""
    for refusal, text, advice in (
        ({"status": 400, "code": "NoLicense"}, "refuses it: NoLicense", "no subscription for on-call"),
        ({"status": 400, "code": "Odd", "message": "so it is"}, "Odd: so it is", "Flashduty's own words"),
        ({"status": 500}, "202: it waits in the retry queue", "When the cause is gone, run this again"),
    ):
        with refusing(world, **refusal):
            fails(shell.on(stack, "--no-wait", only="message"), "message", text, advice)
    wait_until(lambda: not stack.retries.length(), "delivered", seconds=60)
    stack.deny("sqs:*")
    with refusing(world, status=500):
        run = shell.on(stack, "--no-wait", only="message")
    fails(run, "message", "503 QueueUnavailable", "docs/answers.md")
    stack.allow("sqs:*")
    run = shell.on(stack, "--no-wait", only="message")
    assert run.text("message").startswith("200: Flashduty has zstack:test"), run.output


@pytest.fixture(scope="module")
def after_the_wall(running: World, stack: Stack) -> None:
    """The stack as the first test leaves it, if that one was not selected."""
    settings = running.aws.client("lambda").get_function_configuration(FunctionName=stack.function)
    if settings["Environment"]["Variables"]["ALLOWED_SOURCE_CIDRS"] == WALL:
        stack.change_environment(ALLOWED_SOURCE_CIDRS="")
    running.set_push_url()
