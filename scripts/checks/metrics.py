"""Whether the metrics of the test message arrive."""

from __future__ import annotations

import time
from contextlib import suppress

from terminal import NONE, OK

from .advice import command, restore
from .aws import AwsError
from .cloudwatch import received
from .doctor import Doctor
from .findings import Failure, Finding

METRICS_PATIENCE = 180
"""Seconds."""


def metrics(doctor: Doctor) -> Finding:
    """Those of the test message arrived in CloudWatch.

    CloudWatch counts by the minute and keeps no request of a metric. So what was counted may be another alert
    of that minute. It shows as well that metrics arrive.
    """
    if not doctor.options.wait:
        return Finding(NONE, doctor.say("not_waited"))
    sent, before = doctor.message.sent, doctor.message.received_before
    deadline = sent + METRICS_PATIENCE
    if not doctor.terminal.moving:
        doctor.terminal.line("  " + doctor.say("metrics_wait", seconds=METRICS_PATIENCE))
    while True:
        if received(doctor, sent) > before:
            return Finding(OK, doctor.say("metrics_ok", seconds=round(time.time() - sent)))
        left = deadline - time.time()
        if left <= 0:
            raise late(doctor)
        again = time.time() + min(10, left)
        while time.time() < again:
            left = max(0, round(deadline - time.time()))
            doctor.terminal.progress(doctor.say("metrics_wait", seconds=left))
            time.sleep(1)


def late(doctor: Doctor) -> Failure:
    """They did not arrive; and why, as far as that can be seen."""
    function, advice = doctor.stack.resources["Relay"], []
    with suppress(AwsError):
        answer = doctor.aws.call("lambda", "get-function-configuration", FunctionName=function)
        logging = answer.get("LoggingConfig", {})
        level = logging.get("ApplicationLogLevel", "INFO")
        if level not in ("TRACE", "DEBUG", "INFO"):
            right = f"LogFormat=JSON,ApplicationLogLevel=INFO,LogGroup={logging.get('LogGroup')}"
            set_level = ("aws", "lambda", "update-function-configuration", "--function-name", function)
            set_level += ("--logging-config", right)
            advice = [doctor.say("log_level", function=function, level=level), command(doctor, *set_level)]
    advice = advice or [doctor.say("check_metrics", function=function), *restore(doctor)]
    return Failure(doctor.say("metrics_late", seconds=METRICS_PATIENCE), *advice)
