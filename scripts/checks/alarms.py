"""The alarms of the stack, and who hears them."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from terminal import NOTE, OK

from .advice import command, deleted, restore
from .aws import AwsError, seconds, utc
from .doctor import Doctor
from .findings import Failure, Finding


def alarms(doctor: Doctor) -> Finding:
    """The alarms of the stack."""
    say = doctor.say
    found = doctor.aws.call("cloudwatch", "describe-alarms", AlarmNames=doctor.stack.alarms)["MetricAlarms"]
    gone = sorted(set(doctor.stack.alarms) - {it["AlarmName"] for it in found})
    if gone:
        raise Failure(say("alarms_gone", names=", ".join(gone)), say("restore"), *restore(doctor))
    on = [it for it in found if it["StateValue"] == "ALARM"]
    reasons = {it["AlarmName"]: expected(doctor, it) for it in on}
    notes = [note for note in reasons.values() if note]
    wrong = [it for it in on if not reasons[it["AlarmName"]]]
    if wrong:
        lines = []
        for it in wrong:
            since = utc(seconds(it.get("StateUpdatedTimestamp")), "%Y-%m-%d %H:%M")
            name = it["AlarmName"]
            lines.append(say("alarm_on", name=name, short=short(doctor, name), since=since))
        names = ", ".join(it["AlarmName"] for it in wrong)
        text = say("alarms_on", names=names, states=states(doctor, found))
        raise Failure(text, *lines, *notes, say("alarm_ends"))
    mute = [it["AlarmName"] for it in found if not it.get("ActionsEnabled", True)]
    if mute:
        enable = command(doctor, "aws", "cloudwatch", "enable-alarm-actions", "--alarm-names", *mute)
        raise Failure(say("alarms_mute", names=", ".join(mute)), say("enable_actions"), enable)
    # Every alarm of the template has one.
    if without := [it["AlarmName"] for it in found if not it.get("AlarmActions")]:
        text = say("alarms_without_action", names=", ".join(without))
        raise Failure(text, say("restore"), *restore(doctor))
    if notes:
        names = ", ".join(reasons)
        return Finding(NOTE, say("alarms_on", names=names, states=states(doctor, found)), notes)
    return Finding(OK, states(doctor, found))


def states(doctor: Doctor, alarms: list[dict[str, Any]]) -> str:
    """How many alarms are in each state. One without data is not wrong."""
    counts = Counter(it["StateValue"] for it in alarms)
    texts = {"OK": "alarms_ok", "ALARM": "alarms_alarm", "INSUFFICIENT_DATA": "alarms_no_data"}
    comma = "\uff0c" if doctor.terminal.zh else ", "
    return comma.join(doctor.say(text, count=counts[it]) for it, text in texts.items() if counts[it])


def expected(doctor: Doctor, alarm: dict[str, Any]) -> str | None:
    """Why it is no failure that this alarm is on; None if it is one."""
    full_name = alarm["AlarmName"]
    name = short(doctor, full_name)
    if name == "heartbeat" and doctor.message.delivered:
        return doctor.say("alarm_heartbeat", name=full_name)
    # For these two, missing data is a failure, and there is no data before the first check. An update of the
    # stack may have switched the check on. But an alarm that was on before the update has another reason.
    began = doctor.stack.created
    updated = seconds(alarm.get("AlarmConfigurationUpdatedTimestamp"))
    if seconds(alarm.get("StateUpdatedTimestamp")) >= updated:
        began = max(began, updated)
    minutes = {
        "self-check": 2 * int(doctor.stack.parameters.get("SelfCheckMinutes") or 0) + 5,
        "self-test": 120 * int(doctor.stack.parameters.get("SelfTestHours") or 0) + 5,
    }
    young = began and time.time() - began < 60 * minutes.get(name, 0)
    return doctor.say("alarm_young", name=full_name) if young else None


def short(doctor: Doctor, alarm: str) -> str:
    """The name of an alarm without that of the stack: its heading in docs/runbook.md."""
    return alarm[len(doctor.options.stack) + 1 :] if alarm.startswith(doctor.options.stack + "-") else alarm


def subscriber(doctor: Doctor) -> Finding:
    """Who hears the alarms."""
    say, topic = doctor.say, doctor.stack.outputs["AlarmTopicArn"]
    try:
        listed = doctor.aws.call("sns", "list-subscriptions-by-topic", TopicArn=topic)["Subscriptions"]
    except AwsError as error:
        if error.code not in ("NotFound", "NotFoundException"):
            raise
        raise deleted(doctor, topic) from None
    confirmed = [it["Protocol"] for it in listed if it["SubscriptionArn"].startswith("arn:")]
    pending = [it["Protocol"] for it in listed if it["SubscriptionArn"] == "PendingConfirmation"]
    if confirmed:
        protocols = ", ".join(sorted(set(confirmed)))
        return Finding(OK, say("subscribed", count=len(confirmed), protocols=protocols))
    if pending:
        protocols = ", ".join(sorted(set(pending)))
        raise Failure(say("unconfirmed", protocols=protocols), say("confirm"))
    subscribe = ("aws", "sns", "subscribe", "--topic-arn", topic, "--protocol", "email")
    subscribe += ("--notification-endpoint", "ops@example.com")
    raise Failure(say("nobody"), say("subscribe"), command(doctor, *subscribe))
