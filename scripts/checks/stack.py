"""The stack, its state, and what is in it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from terminal import OK

from .advice import command, deploy
from .aws import AwsError, seconds
from .doctor import Doctor
from .findings import Failure, Finding

FINE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")


def stack(doctor: Doctor) -> Finding:
    """The stack, its state, and what is in it."""
    say, name = doctor.say, doctor.options.stack
    try:
        [found] = doctor.aws.call("cloudformation", "describe-stacks", StackName=name)["Stacks"]
    except AwsError as error:
        if "does not exist" not in error.words:
            raise
        text = say("no_stack", stack=name, region=doctor.aws.region)
        raise Failure(text, say("find_stack"), *deploy(doctor)) from None
    state = found["StackStatus"]
    learn(doctor, found)
    usable = "WebhookUrl" in doctor.stack.outputs and "Relay" in doctor.stack.resources
    if usable and not state.startswith(("DELETE", "ROLLBACK", "CREATE_FAILED")):
        doctor.known.add("stack")
    if state not in FINE:
        raise Failure(described(doctor, state), *advice(doctor, state))
    if not usable:
        raise Failure(say("other_stack", stack=name), say("give_stack"))
    return Finding(OK, say("state", stack=name, state=state))


def learn(doctor: Doctor, found: dict[str, Any]) -> None:
    """Keep what other steps need. `found` is CloudFormation's description of the stack."""
    known, name = doctor.stack, doctor.options.stack
    known.created = seconds(found.get("CreationTime"))
    known.parameters = {
        it["ParameterKey"]: it.get("ParameterValue", "") for it in found.get("Parameters", [])
    }
    known.outputs = {it["OutputKey"]: it["OutputValue"] for it in found.get("Outputs", [])}
    answer = doctor.aws.call("cloudformation", "describe-stack-resources", StackName=name)
    resources = [it for it in answer["StackResources"] if it.get("PhysicalResourceId")]
    known.resources = {it["LogicalResourceId"]: it["PhysicalResourceId"] for it in resources}
    alarms = [it for it in resources if it["ResourceType"] == "AWS::CloudWatch::Alarm"]
    known.alarms = sorted(it["PhysicalResourceId"] for it in alarms)


def described(doctor: Doctor, state: str) -> str:
    """A state that is not fine, and why."""
    say, name = doctor.say, doctor.options.stack
    if not state.endswith("IN_PROGRESS") and (failed := why_failed(doctor)):
        resource, why = failed
        return say("state_why", stack=name, state=state, resource=resource, why=doctor.terminal.words(why))
    return say("state", stack=name, state=state)


def advice(doctor: Doctor, state: str) -> list[str]:
    """What to do about a state that is not fine."""
    say, at = doctor.say, ("--stack-name", doctor.options.stack)
    delete = command(doctor, "aws", "cloudformation", "delete-stack", *at)
    gone = command(doctor, "aws", "cloudformation", "wait", "stack-delete-complete", *at)
    if state == "REVIEW_IN_PROGRESS":
        return [say("changeset"), *deploy(doctor)]
    if state == "DELETE_IN_PROGRESS":
        return [say("deleting"), gone, *deploy(doctor)]
    if state.endswith("IN_PROGRESS"):
        return [say("rolling_back" if "ROLLBACK" in state else "in_progress")]
    if state == "DELETE_FAILED":
        return [say("failed_delete"), delete]
    if state in ("UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"):
        go_on = command(doctor, "aws", "cloudformation", "continue-update-rollback", *at)
        return [say("failed_rollback"), go_on]
    if state == "UPDATE_FAILED":
        # CloudFormation accepts no ordinary deployment in this state.
        back = command(doctor, "aws", "cloudformation", "rollback-stack", *at)
        wait = command(doctor, "aws", "cloudformation", "wait", "stack-rollback-complete", *at)
        return [say("failed_halfway"), back, wait, *deploy(doctor)]
    if state in ("UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"):
        return [say("failed_update"), *deploy(doctor)]
    return [say("failed_create"), delete, gone, *deploy(doctor)]


def why_failed(doctor: Doctor) -> tuple[str, str] | None:
    """The first resource of the last deployment that failed, and why."""
    with suppress(AwsError, KeyError):
        # Newest first. A deployment begins with an event of the stack itself.
        failed, name = None, doctor.options.stack
        newest = ("describe-stack-events", "--max-items", "200")
        for it in doctor.aws.call("cloudformation", *newest, StackName=name)["StackEvents"]:
            if it["ResourceStatus"].endswith("_FAILED"):
                failed = (it["LogicalResourceId"], it.get("ResourceStatusReason", ""))
            starts = it["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
            if failed and starts and it["LogicalResourceId"] == name:
                break
        return failed
    return None
