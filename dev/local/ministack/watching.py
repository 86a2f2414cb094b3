"""What a function leaves behind, and who is told of it.

- Lines of functions in the Embedded Metric Format become metrics of CloudWatch, at once. AWS takes minutes.
  Lambda drops these lines if the log level of the function is above INFO, and so does this.
- Lambda writes the lines with the role of the function. Without `logs:PutLogEvents`, or without the log group
  and `logs:CreateLogGroup`, they are lost, and so are the metrics in them. MiniStack always writes them.
- FilterLogEvents understands patterns such as `{ $.level = "ERROR" }`, and several with `||` between them.
  To MiniStack every JSON pattern matches every line.
- A subscription by email has to be confirmed. Until then its ARN is listed as `PendingConfirmation`. No mail
  is sent: the token to confirm it with is the address itself.
- An alarm on the number of visible messages of a queue shows what the queue holds now. AWS takes minutes.
  Every other alarm keeps its state until SetAlarmState changes it. MiniStack evaluates an alarm when it is
  created, over the metrics of all functions.
"""

import json
import re
import time
from contextlib import suppress

from ministack.core.iam_evaluator import EvalContext, _gather_role_policies, evaluate
from ministack.services import cloudwatch, cloudwatch_logs, lambda_svc, sns, sqs
from ministack.services.cloudformation import provisioners

emit_lambda_logs = lambda_svc._emit_lambda_logs


def emit_lambda_metrics(function, request_id, log_text, *more, **options):
    """Write the lines of a run to the log, and the metrics in them to CloudWatch."""
    config = function.get("config") or function
    if not may_log(config):
        return
    emit_lambda_logs(function, request_id, log_text, *more, **options)
    logging = config.get("LoggingConfig") or {}
    if logging.get("ApplicationLogLevel", "INFO") not in ("TRACE", "DEBUG", "INFO"):
        return
    for text in (log_text or "").splitlines():
        if '"_aws"' in text:
            with suppress(ValueError, KeyError, TypeError):
                record_metrics(json.loads(text))


def may_log(config):
    """Whether the role of a function may write its log."""
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
    actions = {"logs:CreateLogStream", "logs:PutLogEvents"}
    if group not in cloudwatch_logs._log_groups:
        actions.add("logs:CreateLogGroup")
    _, _, _, region, account, *_ = config["FunctionArn"].split(":")
    policies = _gather_role_policies(config["Role"].rpartition("/")[2], account)
    arn = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:any"
    asked = (
        EvalContext(config["Role"], "AssumedRole", account, action, arn, region) for action in sorted(actions)
    )
    return all(evaluate(it, policies).decision == "Allow" for it in asked)


def record_metrics(line):
    """The metrics of one line."""
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


describe_alarms = cloudwatch._describe_alarms


def describe_evaluated_alarms(*arguments, **options):
    """MiniStack's answer, after the alarms on queues were evaluated."""
    for alarm in cloudwatch._alarms.values():
        of = (alarm.get("Namespace"), alarm.get("MetricName"))
        if of == ("AWS/SQS", "ApproximateNumberOfMessagesVisible"):
            [name] = [it["Value"] for it in alarm["Dimensions"] if it["Name"] == "QueueName"]
            queue = sqs._queues.get(sqs._queue_name_to_url.get(name, ""))
            state = "ALARM" if queue and visible(queue) > alarm["Threshold"] else "OK"
            if alarm["StateValue"] != state:
                alarm.update(StateValue=state, StateUpdatedTimestamp=int(time.time()))
    return describe_alarms(*arguments, **options)


def visible(queue):
    """How many messages may be received."""
    return sum(it["visible_at"] <= time.time() for it in queue["messages"])


def apply():
    """Correct MiniStack."""
    lambda_svc._emit_lambda_logs = emit_lambda_metrics
    cloudwatch._evaluate_alarm = lambda _alarm: None
    cloudwatch._describe_alarms = describe_evaluated_alarms
    cloudwatch_logs._compile_filter_pattern = compile_json_pattern
    sns._subscribe = confirmed_later(sns._subscribe, lambda params: sns._p(params, "TopicArn"))
    provisioners._RESOURCE_HANDLERS["AWS::SNS::Subscription"]["create"] = confirmed_later(
        provisioners._sns_sub_create, lambda _id, properties, _stack: properties.get("TopicArn", "")
    )
    sns._list_subscriptions_by_topic = list_subscriptions_by_topic
