"""Starts MiniStack 1.5 with corrections. Three of them concern IAM (`AUTH=true`).

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

The next five are for `make doctor`, which looks at what AWS shows of a stack:

- Lines of functions in the Embedded Metric Format become metrics of CloudWatch, at once. AWS takes minutes.
  Lambda drops these lines if the log level of the function is above INFO, and so does this.
- FilterLogEvents understands patterns such as `{ $.level = "ERROR" }`, and several with `||` between them.
  To MiniStack every JSON pattern matches every line.
- A subscription by email has to be confirmed. Until then its ARN is listed as `PendingConfirmation`. No mail
  is sent: the token to confirm it with is the address itself.
- Alarms keep their state until SetAlarmState changes it. MiniStack evaluates an alarm when it is created,
  over the metrics of all functions.
- StartMessageMoveTask moves all messages of a queue to another at once, and not in the background.

A queue with the tag `count-lag-seconds` counts late, as SQS may. Its approximate counts leave out the
messages that were sent within that many seconds. Without the tag the counts are exact.

API Gateway also reports every message to the local console, if there is one: see tap.py.
"""

import json
import os
import re
import time
from contextlib import suppress

from ministack import app
from ministack.core import iam_actions
from ministack.core.iam_evaluator import enforce, pin_request_origin
from ministack.core.router import extract_access_key_id
from ministack.services import apigateway, cloudwatch, cloudwatch_logs, lambda_svc, sns, sqs
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


emit_lambda_logs = lambda_svc._emit_lambda_logs


def emit_lambda_metrics(function, request_id, log_text, *more, **options):
    """Write the lines of a run to the log, and the metrics in them to CloudWatch."""
    emit_lambda_logs(function, request_id, log_text, *more, **options)
    logging = (function.get("config") or function).get("LoggingConfig") or {}
    if logging.get("ApplicationLogLevel", "INFO") not in ("TRACE", "DEBUG", "INFO"):
        return
    for text in (log_text or "").splitlines():
        if '"_aws"' not in text:
            continue
        with suppress(ValueError, KeyError, TypeError):
            line = json.loads(text)
            for directive in line["_aws"]["CloudWatchMetrics"]:
                for names in directive["Dimensions"]:
                    dimensions = {name: line[name] for name in names}
                    for metric in directive["Metrics"]:
                        values = line[metric["Name"]]
                        for value in values if isinstance(values, list) else [values]:
                            if isinstance(value, int | float):
                                cloudwatch.record_metric(
                                    *(directive["Namespace"], metric["Name"], value),
                                    *(metric.get("Unit", "None"), dimensions),
                                )


compile_filter_pattern = cloudwatch_logs._compile_filter_pattern


def compile_json_pattern(raw):
    """What says whether a line matches. Of JSON patterns: fields that equal a text, with || between them."""
    wanted = re.findall(r'\$\.(\w+) = "([^"]*)"', raw or "")
    if not wanted or not raw.strip().startswith("{"):
        return compile_filter_pattern(raw)

    def matches(message):
        with suppress(ValueError):
            line = json.loads(message)
            return isinstance(line, dict) and any(line.get(name) == text for name, text in wanted)
        return False

    return matches


def confirmed_later(call, topic_arn):
    """A call that creates subscriptions, of which those by email are not confirmed yet."""

    def call_and_mark(*arguments, **options):
        topic = sns._topics.get(topic_arn(*arguments)) or {"subscriptions": []}
        before = {it["arn"] for it in topic["subscriptions"]}
        answer = call(*arguments, **options)
        for it in topic["subscriptions"]:
            if it["arn"] not in before and it["protocol"] == "email":
                it.update(confirmed=False, token=it["endpoint"])
        return answer

    return call_and_mark


list_subscriptions = sns._list_subscriptions_by_topic


def list_subscriptions_by_topic(params):
    """MiniStack's list, without the ARN of those that are not confirmed."""
    status, headers, body = list_subscriptions(params)
    topic = sns._topics.get(sns._p(params, "TopicArn")) or {"subscriptions": []}
    for it in topic["subscriptions"]:
        if not it["confirmed"]:
            body = body.replace(
                f"<SubscriptionArn>{it['arn']}<".encode(), b"<SubscriptionArn>PendingConfirmation<"
            )
    return status, headers, body


def start_message_move_task(data, _queue_url):
    """Move all messages now. Those that are hidden stay."""
    source, destination = (sqs._queue_by_arn(data[name]) for name in ("SourceArn", "DestinationArn"))
    if not source or not destination:
        raise sqs._Err("ResourceNotFoundException", "The resource that you specified does not exist.")
    with sqs._queues_lock:
        now = time.time()
        for it in [it for it in source["messages"] if it["visible_at"] <= now]:
            source["messages"].remove(it)
            destination["messages"].append(it | {"receive_count": 0, "first_receive_at": None})
    sqs.esm_wake.set()
    return {"TaskHandle": "moved"}


# Functions inherit the environment, and must not see this variable.
if console := os.environ.pop(VARIABLE, None):
    apigateway.handle_execute = Tap(console).on(
        apigateway.handle_execute, apigateway.route_authorization_type
    )
provisioners._cw_metric_alarm_record = math_alarm_record
for operation in ("SendMessage", "SendMessageBatch", "DeleteMessage", "DeleteMessageBatch"):
    sqs._HANDLERS[operation] = locked(sqs._HANDLERS[operation])
sqs._HANDLERS["StartMessageMoveTask"] = start_message_move_task
sqs._refresh_counts = late_refresh_counts
sqs._prune_dedup = throttled_prune_dedup
lambda_svc._emit_lambda_logs = emit_lambda_metrics
cloudwatch._evaluate_alarm = lambda _alarm: None
cloudwatch_logs._compile_filter_pattern = compile_json_pattern
sns._subscribe = confirmed_later(sns._subscribe, lambda params: sns._p(params, "TopicArn"))
provisioners._RESOURCE_HANDLERS["AWS::SNS::Subscription"]["create"] = confirmed_later(
    provisioners._sns_sub_create, lambda _id, properties, _stack: properties.get("TopicArn", "")
)
sns._list_subscriptions_by_topic = list_subscriptions_by_topic
iam_actions.extract_iam_action = strict_iam_action
iam_actions.extract_resource_arn = strict_resource_arn
app.pin_request_origin = lambda source_ip, _secure: pin_request_origin(source_ip, True)
app.main()
