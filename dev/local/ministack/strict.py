"""Starts MiniStack 1.5 with six corrections. Three of them concern IAM (`AUTH=true`).

- MiniStack checks `ssm:GetParameters` against the resource `*`, so that only a policy for all parameters
  allows it. AWS checks it against every requested name.
- MiniStack checks SQS's batch operations against actions of their own. AWS has no such actions: a policy that
  allows the single operation allows the batch.
- The template's queues refuse requests without TLS. MiniStack has no TLS here, because the functions would
  have to trust its certificate. So every request counts as one with TLS.
- Event sources rewrite a queue's list of messages in their own thread, under a lock that SendMessage and
  DeleteMessage do not hold. A message that was just accepted could be lost, and a deleted one could come
  back.
- For every message of a FIFO queue, MiniStack checks all deduplication ids of the last five minutes for old
  ones. With thousands of messages it does nothing else. Once a second is enough.
- CloudFormation refuses alarms on metric math. Here such an alarm is created on the first of its metrics. No
  test depends on it.

A queue with the tag `count-lag-seconds` counts late, as SQS may. Its approximate counts leave out the
messages that were sent within that many seconds. Without the tag the counts are exact.

API Gateway also reports every message to the local console, if there is one: see tap.py.
"""

import json
import os
import time

from ministack import app
from ministack.core import iam_actions
from ministack.core.iam_evaluator import enforce, pin_request_origin
from ministack.core.router import extract_access_key_id
from ministack.services import apigateway, sqs
from ministack.services.cloudformation import provisioners
from tap import VARIABLE, Tap

extract_resource_arn = iam_actions.extract_resource_arn


def strict_resource_arn(service, method, path, headers, body, params, region, account):
    """The first parameter that the caller may not read; for other calls MiniStack's own answer."""
    if headers.get("x-amz-target") == "AmazonSSM.GetParameters":
        key = extract_access_key_id(headers, params)
        arns = [
            f"arn:aws:ssm:{region}:{account}:parameter/{name.removeprefix('/')}"
            for name in json.loads(body)["Names"]
        ]
        denied = (arn for arn in arns if enforce(key, "ssm:GetParameters", "ssm", region, resource_arn=arn))
        return next(denied, arns[0])
    return extract_resource_arn(service, method, path, headers, body, params, region, account)


extract_iam_action = iam_actions.extract_iam_action


def strict_iam_action(service, *request):
    """MiniStack's action; for a batch operation of SQS, the action of the single one."""
    action = extract_iam_action(service, *request)
    return action.removesuffix("Batch") if service == "sqs" and action else action


def locked(call):
    """A call of SQS under the lock of the event sources."""

    def locked_call(data, queue_url):
        with sqs._queues_lock:
            return call(data, queue_url)

    return locked_call


refresh_counts = sqs._refresh_counts


def late_refresh_counts(queue):
    """Count without the messages that the queue does not count yet."""
    since = time.time() - float(queue["tags"].get("count-lag-seconds", 0))
    refresh_counts(queue | {"messages": [it for it in queue["messages"] if it["sent_at"] <= since]})


prune_dedup = sqs._prune_dedup
pruned: dict[int, float] = {}


def throttled_prune_dedup(queue):
    """Remove old deduplication ids at most once a second."""
    now = time.monotonic()
    if now - pruned.get(id(queue), 0) > 1:
        pruned[id(queue)] = now
        prune_dedup(queue)


alarm_record = provisioners._cw_metric_alarm_record


def math_alarm_record(name, properties):
    """An alarm on the first metric, if it is an alarm on an expression."""
    metric = next((it["MetricStat"] for it in properties.get("Metrics") or [] if "MetricStat" in it), None)
    if metric:
        first = metric["Metric"] | {"Statistic": metric["Stat"], "Period": metric["Period"]}
        properties = properties | first | {"Metrics": None}
    return alarm_record(name, properties)


# Functions inherit the environment, and must not see this variable.
if console := os.environ.pop(VARIABLE, None):
    apigateway.handle_execute = Tap(console).on(
        apigateway.handle_execute, apigateway.route_authorization_type
    )
provisioners._cw_metric_alarm_record = math_alarm_record
for operation in ("SendMessage", "SendMessageBatch", "DeleteMessage", "DeleteMessageBatch"):
    sqs._HANDLERS[operation] = locked(sqs._HANDLERS[operation])
sqs._refresh_counts = late_refresh_counts
sqs._prune_dedup = throttled_prune_dedup
iam_actions.extract_iam_action = strict_iam_action
iam_actions.extract_resource_arn = strict_resource_arn
app.pin_request_origin = lambda source_ip, _secure: pin_request_origin(source_ip, True)
app.main()
