"""The alarms of the stack, and who hears them."""

from __future__ import annotations

import time

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
    reasons = {it["AlarmName"]: expected(doctor, it["AlarmName"]) for it in on}
    notes = [note for note in reasons.values() if note]
    wrong = [it for it in on if not reasons[it["AlarmName"]]]
    if wrong:
        lines = []
        for it in wrong:
            since = utc(seconds(it.get("StateUpdatedTimestamp")), "%Y-%m-%d %H:%M")
            name = it["AlarmName"]
            lines.append(say("alarm_on", name=name, short=short(doctor, name), since=since))
        names = ", ".join(it["AlarmName"] for it in wrong)
        raise Failure(say("alarms_on", names=names), *lines, *notes, say("alarm_ends"))
    mute = [it["AlarmName"] for it in found if not it.get("ActionsEnabled", True)]
    if mute:
        enable = command(doctor, "aws", "cloudwatch", "enable-alarm-actions", "--alarm-names", *mute)
        raise Failure(say("alarms_mute", names=", ".join(mute)), say("enable_actions"), enable)
    if notes:
        return Finding(NOTE, say("alarms_on", names=", ".join(reasons)), notes)
    return Finding(OK, say("alarms_ok", count=len(found)))


def expected(doctor: Doctor, alarm: str) -> str | None:
    """Why it is no failure that this alarm is on; None if it is one."""
    name, age = short(doctor, alarm), time.time() - doctor.stack.created
    if name == "heartbeat" and doctor.message.delivered:
        return doctor.say("alarm_heartbeat", name=alarm)
    minutes = {
        "self-check": 2 * int(doctor.stack.parameters.get("SelfCheckMinutes") or 0) + 5,
        "self-test": 120 * int(doctor.stack.parameters.get("SelfTestHours") or 0) + 5,
    }
    young = doctor.stack.created and age < 60 * minutes.get(name, 0)
    return doctor.say("alarm_young", name=alarm) if young else None


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
