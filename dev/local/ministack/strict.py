"""MiniStack, mended in six places: three of them concern its `AUTH=true`.

MiniStack 1.5 holds `ssm:GetParameters` against the resource `*`, whatever names are asked for, so
that only a policy which allows all parameters would pass. AWS holds it against every name.

It holds SQS's batch operations against actions of their own. AWS knows none: what allows the single
operation allows the batch.

The template's queues refuse what comes without TLS, and MiniStack takes no TLS here: the functions
would have to trust its certificate. So every request counts as one that came with TLS.

Event sources rewrite a queue's list of messages in a thread of their own, under a lock that SendMessage
does not take: a message that was just accepted could be lost.

At every message of a FIFO queue it goes through all the deduplication ids of the last five minutes. In a
storm of thousands it does nothing else; once a second is enough.

CloudFormation refuses alarms on metric math. It shall know that there is such an alarm, which then watches
the first of its metrics: no test waits for it.

Beside that, API Gateway tells the local console what comes, where there is one: tap.py.
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
    """The first parameter that the caller may not read; else what MiniStack says."""
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
    """SQS's batch operations need the permission of the single one."""
    action = extract_iam_action(service, *request)
    return action.removesuffix("Batch") if service == "sqs" and action else action


send_message = sqs._HANDLERS["SendMessage"]


def locked_send_message(data, queue_url):
    """Not while an event source rewrites the list."""
    with sqs._queues_lock:
        return send_message(data, queue_url)


prune_dedup = sqs._prune_dedup
pruned: dict[int, float] = {}


def seldom_prune_dedup(queue):
    """Not more than once a second."""
    now = time.monotonic()
    if now - pruned.get(id(queue), 0) > 1:
        pruned[id(queue)] = now
        prune_dedup(queue)


alarm_record = provisioners._cw_metric_alarm_record


def math_alarm_record(name, properties):
    """An alarm on the first metric of an expression."""
    metric = next((it["MetricStat"] for it in properties.get("Metrics") or [] if "MetricStat" in it), None)
    if metric:
        first = metric["Metric"] | {"Statistic": metric["Stat"], "Period": metric["Period"]}
        properties = properties | first | {"Metrics": None}
    return alarm_record(name, properties)


# Functions inherit the environment, and the address is none of their business.
if console := os.environ.pop(VARIABLE, None):
    apigateway.handle_execute = Tap(console).on(
        apigateway.handle_execute, apigateway.route_authorization_type
    )
provisioners._cw_metric_alarm_record = math_alarm_record
sqs._HANDLERS["SendMessage"] = locked_send_message
sqs._prune_dedup = seldom_prune_dedup
iam_actions.extract_iam_action = strict_iam_action
iam_actions.extract_resource_arn = strict_resource_arn
app.pin_request_origin = lambda source_ip, _secure: pin_request_origin(source_ip, True)
app.main()
