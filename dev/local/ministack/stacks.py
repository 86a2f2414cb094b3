"""CloudFormation.

- It refuses alarms on metric math. Here such an alarm is created on the first of its metrics. No test depends
  on it.
- It does not delete a bucket that holds objects. MiniStack does.
- It does not update a queue that was deleted by hand. MiniStack creates it again.
- A change set with `DeploymentMode=REVERT_DRIFT` compares the template with what there is. Executed, it
  creates again what was deleted by hand, and changes back what was changed. MiniStack ignores the mode, but
  it can detect drift. For this it also looks at event sources, alarms, the inline policies of a role, and the
  logging of a function.
"""

import json

from ministack.services import cloudwatch, iam, lambda_svc, s3, sqs
from ministack.services.cloudformation import _stacks, changesets, drift, handlers, provisioners
from ministack.services.cloudformation.helpers import _error, _p

alarm_record = provisioners._cw_metric_alarm_record


def math_alarm_record(name, properties):
    """An alarm on the first metric, if it is an alarm on an expression."""
    metric = next((it["MetricStat"] for it in properties.get("Metrics") or [] if "MetricStat" in it), None)
    if metric:
        first = metric["Metric"] | {"Statistic": metric["Stat"], "Period": metric["Period"]}
        properties = properties | first | {"Metrics": None}
    return alarm_record(name, properties)


def delete_empty_bucket(name, properties):
    """Delete a bucket if it is empty."""
    if (s3._buckets.get(name) or {}).get("objects"):
        raise ValueError("The bucket you tried to delete is not empty")
    provisioners._s3_delete(name, properties)


def update_existing_queue(url, *properties):
    """Update a queue if it exists."""
    if url not in sqs._queues:
        raise ValueError(f"Resource of type 'AWS::SQS::Queue' with identifier '{url}' was not found.")
    return provisioners._sqs_update(url, *properties)


read_function, function_properties = drift._DRIFT_READERS["AWS::Lambda::Function"]
read_role, role_properties = drift._DRIFT_READERS["AWS::IAM::Role"]


def read_function_and_logging(name, properties):
    """A function, with what the template says of its logging. Lambda adds defaults to the rest."""
    found = read_function(name, properties)
    if found is None:
        return None
    logging = lambda_svc._functions[name]["config"].get("LoggingConfig") or {}
    told = properties.get("LoggingConfig") or {}
    return found | {"LoggingConfig": {it: text for it, text in logging.items() if it in told}}


def read_role_and_policies(name, properties):
    """A role with its inline policies."""
    found = read_role(name, properties)
    if found is None:
        return None
    inline = iam._roles[name].get("InlinePolicies") or {}
    policies = [{"PolicyName": it, "PolicyDocument": drift._json_or(text)} for it, text in inline.items()]
    return found | {"Policies": policies}


def drifts_of(stack):
    """The resources of a stack that differ from the template, by their logical ids."""
    checked = {
        logical_id: drift.detect_resource_drift(stack, logical_id, record, "")
        for logical_id, record in stack["_resources"].items()
        if drift.supports_drift(record["ResourceType"])
    }
    return {
        logical_id: it
        for logical_id, it in checked.items()
        if it["StackResourceDriftStatus"] in ("DELETED", "MODIFIED")
    }


def change(found):
    """A drift as a change of a change set."""
    deleted = found["StackResourceDriftStatus"] == "DELETED"
    known = {name: found[name] for name in ("LogicalResourceId", "ResourceType")}
    if deleted:
        return {"Type": "Resource", "ResourceChange": known | {"Action": "Add"}}
    paths = sorted({it["PropertyPath"].split("/")[1] for it in found["PropertyDifferences"]})
    details = [{"Target": {"Attribute": "Properties", "Name": name}} for name in paths]
    known |= {"PhysicalResourceId": found["PhysicalResourceId"], "Replacement": "False"}
    modified = known | {"Action": "Modify", "Scope": ["Properties"], "Details": details}
    return {"Type": "Resource", "ResourceChange": modified}


create_change_set = changesets._create_change_set


def create_drift_aware_change_set(params):
    """Create a change set, with what was changed by hand if the mode asks for it."""
    mode = _p(params, "DeploymentMode")
    if mode not in ("", "REVERT_DRIFT"):
        words = "failed to satisfy constraint: Member must satisfy enum value set: [REVERT_DRIFT]"
        return _error("ValidationError", f"Value '{mode}' at 'deploymentMode' {words}")
    answer = create_change_set(params)
    if not mode or answer[0] != 200:
        return answer
    _, made = changesets._find_change_set(_p(params, "ChangeSetName"), _p(params, "StackName"))
    made["_drifts"] = found = drifts_of(_stacks[made["StackName"]])
    if found:
        made["Changes"] = made["Changes"] + [change(it) for it in found.values()]
        made.update(Status="CREATE_COMPLETE", ExecutionStatus="AVAILABLE", StatusReason="")
    return answer


execute_change_set = changesets._execute_change_set


def execute_drift_aware_change_set(params):
    """Execute a change set. What CloudFormation believes to be there is first replaced by what is there."""
    _, made = changesets._find_change_set(_p(params, "ChangeSetName"), _p(params, "StackName"))
    if made and made["ExecutionStatus"] == "AVAILABLE":
        records = _stacks[made["StackName"]]["_resources"]
        for logical_id, found in made.get("_drifts", {}).items():
            if found["StackResourceDriftStatus"] == "DELETED":
                del records[logical_id]
                continue
            properties, actual = records[logical_id]["Properties"], json.loads(found["ActualProperties"])
            for name in {it["PropertyPath"].split("/")[1] for it in found["PropertyDifferences"]}:
                if name in actual:
                    properties[name] = actual[name]
                else:
                    properties.pop(name)
    return execute_change_set(params)


def apply():
    """Correct MiniStack."""
    provisioners._cw_metric_alarm_record = math_alarm_record
    provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]["delete"] = delete_empty_bucket
    provisioners._RESOURCE_HANDLERS["AWS::SQS::Queue"]["update"] = update_existing_queue
    drift._DRIFT_READERS |= {
        "AWS::Lambda::Function": (read_function_and_logging, function_properties | {"LoggingConfig"}),
        "AWS::IAM::Role": (read_role_and_policies, role_properties | {"Policies"}),
        "AWS::Lambda::EventSourceMapping": (drift._exists_in(lambda: lambda_svc._esms), frozenset()),
        "AWS::CloudWatch::Alarm": (drift._exists_in(lambda: cloudwatch._alarms), frozenset()),
    }
    handlers._ACTION_HANDLERS["CreateChangeSet"] = create_drift_aware_change_set
    handlers._ACTION_HANDLERS["ExecuteChangeSet"] = execute_drift_aware_change_set
