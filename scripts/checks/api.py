"""The relay's API: its health, a wrong token, and the test message."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from typing import Any

from terminal import OK

from .advice import command, deploy, put_push_url, restore
from .aws import AwsError
from .cloudwatch import last_words, received
from .doctor import Doctor
from .findings import Failure, Finding
from .webhook import Answer

OF_SSM = "alias/aws/ssm"
"""The key that encrypts parameters, if they have none of their own. Every role of the account may use it."""

HEALTH_PATIENCE = 15
"""Seconds. After a repair, a process keeps its state for ten seconds."""


def health(doctor: Doctor) -> Finding:
    """`GET /health`."""
    url, deadline = doctor.webhook.url("/health"), time.monotonic() + HEALTH_PATIENCE
    answer = doctor.webhook.call(url)
    if not answer.is_relays:
        raise foreign(doctor, answer)
    if answer.error.get("code") == "SourceNotAllowed":
        words = doctor.terminal.words(answer.error.get("message", ""))
        raise Failure(doctor.say("not_allowed", words=words), doctor.say("run_elsewhere"))
    doctor.known.add("health")
    while answer.status == 503 and answer.is_relays and time.monotonic() < deadline:
        time.sleep(2)
        answer = doctor.webhook.call(url)
    if answer.status == 200:
        return Finding(OK, doctor.say("health_ok"))
    if not answer.is_relays:
        raise foreign(doctor, answer)
    if answer.error or answer.status != 503:
        raise relay_error(doctor, answer)
    vpc = doctor.say("in_vpc") if doctor.stack.parameters.get("SubnetIds") else ""
    advice = other_key(doctor) or [doctor.say("check_role"), *restore(doctor)]
    raise Failure(doctor.say("unhealthy"), last_words(doctor), vpc, *advice)


def other_key(doctor: Doctor) -> list[str]:
    """What to do if the relay may not use the key of a parameter; nothing if that cannot be seen."""
    given = doctor.stack.parameters
    names = [given["PushUrlParameter"], given["WebhookTokenParameter"]]
    with suppress(AwsError, Failure):
        by_name = [{"Key": "Name", "Option": "Equals", "Values": names}]
        for it in doctor.aws.call("ssm", "describe-parameters", ParameterFilters=by_name)["Parameters"]:
            key = it.get("KeyId", OF_SSM)
            if key == OF_SSM:
                continue
            if ":key/" not in key:
                key = doctor.aws.call("kms", "describe-key", KeyId=key)["KeyMetadata"]["Arn"]
            if key != given.get("KmsKeyArn"):
                return [
                    doctor.say("other_key", name=it["Name"], key=key),
                    *deploy(doctor, f"KmsKeyArn={key}"),
                ]
    return []


def rejection(doctor: Doctor) -> Finding:
    """A wrong token."""
    answer = doctor.webhook.call(doctor.webhook.url(), "wrong-" + secrets.token_hex(16))
    if not answer.is_relays:
        raise foreign(doctor, answer)
    if answer.status == 401:
        return Finding(OK, doctor.say("rejection_ok"))
    if answer.json.get("alerts"):
        raise Failure(
            doctor.say("open_door", status=answer.status), doctor.say("close_door"), *restore(doctor)
        )
    raise relay_error(doctor, answer)


def message(doctor: Doctor) -> Finding:
    """The test message, with the right token."""
    began = time.time()
    if doctor.options.wait:
        with suppress(AwsError, Failure):
            doctor.message.received_before = received(doctor, began)
    answer = doctor.webhook.call(doctor.webhook.url(), doctor.tokens[0])
    if not answer.is_relays:
        raise foreign(doctor, answer)
    words, alerts = doctor.terminal.words, answer.alerts
    if alerts:
        doctor.message.sent = began
        doctor.known.add("message")
    error = answer.error
    requests = ", ".join(str(it["flashduty_request_id"]) for it in alerts if it.get("flashduty_request_id"))
    if answer.status == 200 and requests:
        doctor.message.delivered = True
        key = "passed_on" if doctor.zstack_kind else "delivered"
        alert = words(alerts[0].get("alert_key", "-"))
        return Finding(OK, doctor.say(key, key=alert, request=words(requests)))
    if answer.status == 202:
        raise Failure(doctor.say("queued"), last_words(doctor), doctor.say("check_queued"))
    if answer.status == 401:
        ttl = doctor.stack.parameters.get("SettingsTtlSeconds", "300")
        other = doctor.say("check_url", url=doctor.stack.outputs["WebhookUrl"]) if doctor.options.url else ""
        wait = doctor.say("wait_token", seconds=ttl)
        raise Failure(doctor.say("not_accepted"), other, wait, *restore(doctor))
    if isinstance(error.get("flashduty"), dict):
        raise refused(doctor, error["flashduty"])
    raise relay_error(doctor, answer)


def refused(doctor: Doctor, refusal: dict[str, Any]) -> Failure:
    """Flashduty's own refusal."""
    code, words = str(refusal.get("code")), doctor.terminal.words
    said, request = words(refusal.get("message", "")), words(refusal.get("request_id", "-"))
    text = doctor.say("refused", code=words(code), words=said, request=request)
    if "integration_key" in str(refusal.get("message")) or code in ("Unauthorized", "AccessDenied"):
        advice = [doctor.say("check_key"), doctor.say("put_push_url"), put_push_url(doctor)]
    elif code in ("ResourceNotFound", "NoLicense"):
        advice = [doctor.say("check_subscription")]
    else:
        advice = [doctor.say("check_refusal")]
    return Failure(
        text, *advice, doctor.say("test_is_dead") if "DeadLetters" in doctor.stack.resources else ""
    )


def relay_error(doctor: Doctor, answer: Answer) -> Failure:
    """An error of the relay, in its own words; or an answer of the relay that this program does not know."""
    error = answer.error
    if not error:
        text = doctor.say(
            "unknown_answer", status=answer.status, words=doctor.terminal.words(answer.text, 120)
        )
        return Failure(text, doctor.say("same_version"), *logs(doctor))
    code, words = (doctor.terminal.words(error.get(name, "")) for name in ("code", "message"))
    text = doctor.say("relay_error", status=answer.status, code=code, words=words)
    return Failure(text, doctor.say("see_answers"))


def foreign(doctor: Doctor, answer: Answer) -> Failure:
    """The answer is not the relay's."""
    text = doctor.say("foreign", status=answer.status, words=doctor.terminal.words(answer.text, 120) or "-")
    kind = {403: "check_403", 404: "check_404", 429: "check_429"}.get(answer.status)
    if not kind:
        kind = {3: "check_3xx", 5: "check_5xx"}.get(answer.status // 100, "check_other")
    url = doctor.stack.outputs["WebhookUrl"] if kind == "check_404" else answer.url
    return Failure(text, doctor.say(kind, url=url), *causes(doctor, kind))


def causes(doctor: Doctor, kind: str) -> list[str]:
    """What else to do about an answer that API Gateway may have written in the function's place."""
    function = ("--function-name", doctor.stack.resources["Relay"])
    remove = command(doctor, "aws", "lambda", "delete-function-concurrency", *function)
    if kind == "check_429":
        return [remove, doctor.say("more_429")]
    return [remove, *logs(doctor)] if kind == "check_5xx" else []


def logs(doctor: Doctor) -> list[str]:
    """The command that shows what the relay logged last."""
    group, since = doctor.stack.resources["RelayLogs"], str(int(time.time() - 600) * 1000)
    show = ("aws", "logs", "filter-log-events", "--log-group-name", group, "--start-time", since)
    show += ("--query", "events[].message", "--output", "text")
    return [doctor.say("read_log"), command(doctor, *show)]
