"""The self-check and the self-test of a stack on the local AWS, by what its metrics say."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from conftest import World
from local.stack import Stack

SECONDS = 20
"""A letter comes through within these."""
QUIET_SECONDS = 5
"""If nothing has come after these, nothing will."""

PUSH_URL = "/checked/push-url"
TOKEN = "/checked/webhook-token"


@dataclass
class Checked:
    """A stack with both checks and with parameters of its own."""

    world: World
    stack: Stack

    def put_parameters(self) -> None:
        """Write both."""
        self.world.set_push_url(PUSH_URL)
        self.world.aws.put_secret(TOKEN, self.world.token)

    def check(self, schedule: str, seconds: int = SECONDS) -> tuple[bool, list[int]]:
        """Run a check; return what the relay answers, and what the check's metric says then."""
        before = len(self.stack.metric(schedule))
        answer = self.stack.check(schedule)
        return answer["ok"], self.new_values(schedule, before, seconds)

    def new_values(self, metric: str, before: int, seconds: int = SECONDS) -> list[int]:
        """The values after the first `before`. Waits for one."""
        deadline = time.monotonic() + seconds
        while len(values := self.stack.metric(metric)) == before and time.monotonic() < deadline:
            time.sleep(0.2)
        return values[before:]


@pytest.fixture(scope="module")
def deployed(running: World) -> Stack:
    """Deploy it once. Its logs are searched for secrets at the end."""
    running.aws.put_secret(TOKEN, running.token)
    running.set_push_url(PUSH_URL)
    stack = running.like(
        "checked",
        SelfCheckMinutes="60",
        SelfTestHours="6",
        PushUrlParameter=PUSH_URL,
        WebhookTokenParameter=TOKEN,
    )
    running.stacks.append(stack)
    return stack


@pytest.fixture
def checked(world: World, deployed: Stack) -> Iterator[Checked]:
    """A stack in which all is well."""
    checked = Checked(world, deployed)
    checked.put_parameters()
    yield checked
    checked.put_parameters()
    deployed.deliver_queued(True)


def test_when_all_is_well_a_check_is_a_one(checked: Checked):
    """The self-check pushes nothing, and the self-test an alert that closes itself."""
    assert checked.check("SelfCheck") == (True, [1])
    assert checked.world.flashduty.received() == []
    assert checked.check("SelfTest") == (True, [1])
    pushed = [it["alert_key"] for it in checked.world.flashduty.received()]
    assert pushed == ["zstack:self-test", "zstack:self-test"]
    assert not checked.world.flashduty.alert("zstack:self-test")["open"]


def test_a_disabled_event_source_is_a_missing_one(checked: Checked):
    """When it is enabled again, a letter that waited shortly still counts."""
    checked.stack.deliver_queued(False)
    assert checked.check("SelfCheck", QUIET_SECONDS) == (True, [])
    assert checked.stack.retries.length() == 1
    before = len(checked.stack.metric("SelfCheck"))
    checked.stack.deliver_queued(True)
    assert checked.new_values("SelfCheck", before) == [1]


@pytest.mark.parametrize("parameter", [PUSH_URL, TOKEN])
def test_a_deleted_parameter_is_a_zero(checked: Checked, parameter: str):
    """Although the relay still has its value."""
    checked.world.aws.client("ssm").delete_parameter(Name=parameter)
    assert checked.check("SelfCheck") == (False, [0])
    assert checked.check("SelfTest") == (False, [0])
    checked.put_parameters()
    assert checked.check("SelfCheck") == (True, [1])


@pytest.mark.parametrize("actions", ["ssm:*", "sqs:SendMessage"])
def test_a_role_that_lost_a_right_is_a_zero(checked: Checked, actions: str):
    """Its own policy is what the relay needs, and nothing is left over."""
    checked.stack.deny(actions)
    try:
        assert checked.check("SelfCheck") == (False, [0])
    finally:
        checked.stack.allow(actions)


def test_a_revoked_key_is_a_zero_of_the_self_test(checked: Checked):
    """The self-check does not show the key to anybody."""
    checked.world.flashduty.accept_only("another")
    try:
        assert checked.check("SelfTest") == (False, [0])
        assert checked.check("SelfCheck") == (True, [1])
    finally:
        checked.world.flashduty.accept_only(checked.world.key)


def test_the_scheduler_runs_the_check_by_itself(checked: Checked):
    """MiniStack's, with the schedule of the template but for the time between two runs."""
    client, schedule = checked.world.aws.client("scheduler"), checked.stack.schedule("SelfCheck")
    as_it_was = {key: schedule[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")}
    before = len(checked.stack.metric("SelfCheck"))
    client.update_schedule(**as_it_was | {"ScheduleExpression": "rate(1 minute)"})
    try:
        assert checked.new_values("SelfCheck", before, 90) == [1]
    finally:
        client.update_schedule(**as_it_was)
