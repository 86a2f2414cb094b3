"""`make doctor` and the states of a stack. What is printed leads from each to a fine one.

The stacks are small ones with the two names that make a stack ours, so that CloudFormation is quick. The
program runs in a folder as in an unpacked release, where `sam deploy` deploys.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import World
from doctors import Run, Shell, copied
from local import ROOT
from local.http import request
from local.stack import SAM
from trials import wait_until


def template(visible: int = 30, **more: Any) -> dict[str, Any]:
    """A template with a queue in the place of the relay. `visible` makes a difference to the last one."""
    queue = {"QueueName": {"Fn::Sub": "${AWS::StackName}-queue"}, "VisibilityTimeout": visible}
    relay = {"Relay": {"Type": "AWS::SQS::Queue", "Properties": queue}}
    url = {"WebhookUrl": {"Value": "https://relay.invalid/zstack"}}
    return {"Resources": relay | more, "Outputs": url}


def waiting(number: int) -> dict[str, Any]:
    """Resources that keep a deployment waiting for a signal after the relay."""
    condition = {"Handle": {"Ref": f"Handle{number}"}, "Timeout": "60", "Count": 1}
    return {
        f"Handle{number}": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        f"Wait{number}": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "DependsOn": "Relay",
            "Properties": condition,
        },
    }


FILTER = {"LogGroupName": "none", "FilterPattern": "", "MetricTransformations": []}
BROKEN = {"Broken": {"Type": "AWS::Logs::MetricFilter", "DependsOn": "Relay", "Properties": FILTER}}
"""A resource that cannot be created."""


class Folder(Shell):
    """A terminal in the folder of a release."""

    def __post_init__(self):
        super().__post_init__()
        self.environment |= SAM
        (self.folder / "sam").symlink_to(ROOT / ".venv/tools/bin/sam")
        shutil.copy(ROOT / "samconfig.toml", self.folder)
        copied(self.folder)
        self.release(template())
        self.client = self.world.aws.client("cloudformation")

    def release(self, made: dict[str, Any]) -> None:
        """Put another release into the folder."""
        (self.folder / "template.yaml").write_text(json.dumps(made))

    def looks(self, name: str) -> Run:
        """Run the step on this stack."""
        return self.doctor("--stack", name, only="stack", there=self.folder)

    def fails(self, name: str, *texts: str) -> list[str]:
        """The step fails with these texts. The result is the commands of the advice."""
        run = self.looks(name)
        assert run.marked("✗") == ["stack"], run.output
        for text in texts:
            assert text in run.text("stack") + run.advice("stack"), run.output
        return run.commands("stack")

    def passes(self, name: str, state: str) -> None:
        """The step passes."""
        run = self.looks(name)
        assert (run.status, run.text("stack")) == (0, f"{name}, {state}"), run.output

    def deploys(self, name: str, command: str) -> None:
        """Run the command that deploys, and say yes."""
        assert command == f"sam deploy --stack-name {name}"
        self.follow(command, typed="y\n")

    def state(self, name: str) -> str:
        """The state of a stack."""
        [found] = self.client.describe_stacks(StackName=name)["Stacks"]
        return found["StackStatus"]

    def ends(self, name: str, state: str) -> None:
        """Wait for a state."""
        wait_until(lambda: self.state(name) == state, lambda: self.state(name), seconds=30)

    def signal(self, name: str, number: int, status: str) -> None:
        """Let a deployment that waits go on, or fail."""
        resources = self.client.describe_stack_resources(StackName=name)["StackResources"]
        [url] = [it["PhysicalResourceId"] for it in resources if it["LogicalResourceId"] == f"Handle{number}"]
        body = {"Status": status, "Reason": "a test", "UniqueId": "1", "Data": ""}
        assert request("PUT", url, json.dumps(body).encode(), {}).status == 200

    def update(self, name: str, made: dict[str, Any]) -> None:
        """Begin an update."""
        self.client.update_stack(StackName=name, TemplateBody=json.dumps(made))


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Folder:
    """A terminal in the folder of a release, whose account is the local AWS."""
    return Folder(world, tmp_path)


def test_no_stack_a_waiting_one_and_updates_that_failed(folder: Folder):
    """From no stack at all, through a rollback that fails, to the next release."""
    [deploy] = folder.fails("tiny", "there is no stack tiny in us-east-1", "--stack")
    folder.deploys("tiny", deploy)
    folder.passes("tiny", "CREATE_COMPLETE")

    folder.update("tiny", template(31, **waiting(1)))
    folder.ends("tiny", "UPDATE_IN_PROGRESS")
    assert folder.fails("tiny", "tiny, UPDATE_IN_PROGRESS", "Wait for its end") == []
    folder.signal("tiny", 1, "SUCCESS")
    folder.ends("tiny", "UPDATE_COMPLETE")
    folder.passes("tiny", "UPDATE_COMPLETE")

    folder.update("tiny", template(32, **waiting(1), **waiting(2)))
    queues = folder.world.aws.client("sqs")
    url = queues.get_queue_url(QueueName="tiny-queue")["QueueUrl"]
    changed = lambda: queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])  # noqa: E731
    wait_until(lambda: changed()["Attributes"] == {"VisibilityTimeout": "32"}, "changed", seconds=30)
    wait_until(lambda: "Handle2" in str(folder.client.describe_stack_resources(StackName="tiny")), "a handle")
    queues.delete_queue(QueueUrl=url)
    folder.signal("tiny", 2, "FAILURE")
    folder.ends("tiny", "UPDATE_ROLLBACK_FAILED")
    [go_on] = folder.fails("tiny", "tiny, UPDATE_ROLLBACK_FAILED; ", "Remove the cause")
    queues.create_queue(QueueName="tiny-queue")
    folder.follow(go_on)
    folder.ends("tiny", "UPDATE_ROLLBACK_COMPLETE")
    [deploy] = folder.fails("tiny", "tiny, UPDATE_ROLLBACK_COMPLETE; Wait2: ", "the version before it runs")
    folder.release(template(33))
    folder.deploys("tiny", deploy)
    folder.passes("tiny", "UPDATE_COMPLETE")


def test_a_stack_that_was_not_created_and_one_that_is_not_deleted(folder: Folder):
    """Delete, wait, deploy. A bucket that holds something keeps a stack from being deleted."""
    folder.client.create_stack(StackName="fallen", TemplateBody=json.dumps(template(**BROKEN)))
    folder.ends("fallen", "ROLLBACK_COMPLETE")
    delete, wait, deploy = folder.fails("fallen", "fallen, ROLLBACK_COMPLETE; Broken: ", "Remove the cause")
    folder.follow(delete)
    folder.follow(wait)
    folder.release(template(bucket={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "held"}}))
    folder.deploys("fallen", deploy)
    folder.passes("fallen", "CREATE_COMPLETE")

    s3 = folder.world.aws.client("s3")
    s3.put_object(Bucket="held", Key="one", Body=b"1")
    folder.client.delete_stack(StackName="fallen")
    folder.ends("fallen", "DELETE_FAILED")
    [delete] = folder.fails("fallen", "fallen, DELETE_FAILED; bucket: ", "and delete it again")
    s3.delete_object(Bucket="held", Key="one")
    folder.follow(delete)
    folder.client.get_waiter("stack_delete_complete").wait(StackName="fallen", WaiterConfig={"Delay": 1})
    [deploy] = folder.fails("fallen", "there is no stack fallen")
    folder.release(template())
    folder.deploys("fallen", deploy)
    folder.passes("fallen", "CREATE_COMPLETE")


def test_a_stack_that_was_only_prepared_and_a_stack_of_somebody_else(folder: Folder):
    """A change set that nobody executed is deployed. Of another stack, the name was wrong."""
    first = {"ChangeSetName": "first", "ChangeSetType": "CREATE"}
    folder.client.create_change_set(StackName="prepared", TemplateBody=json.dumps(template()), **first)
    [deploy] = folder.fails("prepared", "prepared, REVIEW_IN_PROGRESS", "nobody executed")
    folder.deploys("prepared", deploy)
    folder.passes("prepared", "CREATE_COMPLETE")

    queue = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    folder.client.create_stack(StackName="other", TemplateBody=json.dumps(queue))
    folder.ends("other", "CREATE_COMPLETE")
    assert folder.fails("other", "other is another stack: it has no WebhookUrl", "with --stack") == []
    folder.passes("prepared", "CREATE_COMPLETE")
