"""The built functions, deployed with template.yaml on a local AWS that enforces IAM."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from local import ROOT, WORK, samples, server, stack
from local.aws import LocalAws, free_port
from local.http import Answer
from local.stack import Stack
from local.standin import Standin

PUSH_URL = "/zstack-flashduty/push-url"
"""The template's default."""


QUIET = {"SelfCheckMinutes": "0"}
"""MiniStack's scheduler would run a self-check during another test. Only test_selfcheck.py wants one."""


@dataclass
class World:
    """The local AWS, Flashduty and the stacks, the secrets in force, and all answers so far."""

    aws: LocalAws
    flashduty: Standin
    key: str
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    stacks: list[Stack] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    old_keys: list[str] = field(default_factory=list)
    """Keys that were replaced by a rotation."""

    def deploy(self, name: str, **parameters: str) -> Stack:
        """Deploy another stack, which all tests share."""
        self.stacks.append(Stack(self.aws, name, **(QUIET | parameters)))
        return self.stacks[-1]

    def like(self, name: str, **parameters: str) -> Stack:
        """Deploy another stack for one test, from the package of the first stack, which is faster."""
        return Stack(self.aws, name, like=self.stacks[0], **(QUIET | parameters))

    def set_push_url(self, parameter: str = PUSH_URL) -> None:
        """Write the push URL into a parameter."""
        self.aws.put_secret(parameter, self.flashduty.push_url(self.key))

    def rotate_key(self) -> None:
        """Replace the key at Flashduty, as an administrator does. The old key is refused from now on."""
        self.old_keys.append(self.key)
        self.key = secrets.token_hex(16)
        self.flashduty.accept_only(self.key)

    def call(self, relay: Stack, *arguments, **options) -> Answer:
        """Call a stack's API, and keep the answer."""
        self.answers.append(relay.call(*arguments, **options))
        return self.answers[-1]

    def post(self, relay: Stack, name: str) -> Answer:
        """Post a sample of events/ as ZStack does."""
        sample = samples.read(ROOT / f"events/{name}.json")
        return self.call(
            relay, sample.path, sample.body, token=self.token, query=sample.query, headers=sample.headers
        )


@pytest.fixture(scope="session")
def running(pytestconfig: pytest.Config) -> Iterator[World]:
    """Build, start and deploy everything once."""
    # The first build takes minutes, so its output is shown.
    with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        stack.build()
        binary = server.build("flashduty-standin")
    key = secrets.token_hex(16)
    with (
        # The most detailed log: it must not contain a secret either.
        LocalAws(
            free_port(),
            log=WORK / "ministack-e2e.log",
            function_env={"AWS_LAMBDA_LOG_LEVEL": "TRACE"},
        ) as aws,
        Standin(binary, key, log=WORK / "standin-e2e.log") as flashduty,
    ):
        world = World(aws, flashduty, key)
        world.deploy("zstack-flashduty")
        world.set_push_url()
        aws.put_secret("/zstack-flashduty/webhook-token", world.token)
        yield world


@pytest.fixture
def world(running: World) -> World:
    """Everything that runs, with a Flashduty without alerts and requests."""
    running.flashduty.clear()
    return running


@pytest.fixture
def relay(world: World) -> Stack:
    """The stack with the template's defaults, but without the self-check."""
    return world.stacks[0]
