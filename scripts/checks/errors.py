"""Runs of the functions that failed."""

from __future__ import annotations

import shlex
import time
from collections.abc import Container

from terminal import NOTE, OK

from .advice import deleted, target
from .aws import AwsError, utc
from .cloudwatch import last_line, points
from .doctor import Doctor
from .findings import Failure, Finding


def errors(doctor: Doctor) -> Finding:
    """Runs that failed in the last hour, and the last lines of level ERROR."""
    say, hour, now, past, words = doctor.say, time.time() - 3600, {}, {}, {}
    for logical_id in ("Relay", "Redeliver"):
        if logical_id not in doctor.stack.resources:
            continue
        name = logical_id.lower()
        failed, lasting = failed_runs(doctor, doctor.stack.resources[logical_id], hour)
        if failed:
            text = say("of_runs", function=name, count=int(sum(failed.values())), at=minute(max(failed)))
            (now if lasting else past)[logical_id] = text
        if last := last_error(doctor, logical_id, hour):
            count, at, message = last
            words[logical_id] = say("last_line", function=name, words=doctor.terminal.words(message))
            if not failed:
                past[logical_id] = say("of_lines", function=name, count=count, at=minute(at))
    if now:
        spoken = [words[it] for it in now if it in words]
        raise Failure(say("errors_now", errors="; ".join(now.values())), *spoken, *advice(doctor, now))
    if past:
        return Finding(NOTE, say("errors_past", errors="; ".join(past.values())), list(words.values()))
    return Finding(OK, say("errors_ok"))


def failed_runs(doctor: Doctor, function: str, since: float) -> tuple[dict[float, float], bool]:
    """The number of failed runs by minute, and whether all runs failed in the newest minute that has one."""
    metric = ("AWS/Lambda", "Errors", "FunctionName", function, since)
    failed = {at: count for at, count in points(doctor, *metric).items() if count}
    if not failed:
        return {}, False
    runs, last = points(doctor, "AWS/Lambda", "Invocations", "FunctionName", function, since), max(failed)
    return failed, max(runs, default=last) == last and runs.get(last, 0) <= failed[last]


def last_error(doctor: Doctor, logical_id: str, since: float) -> tuple[str, float, str] | None:
    """The number of lines of level ERROR, and the time and message of the last one."""
    try:
        return last_line(doctor, f"{logical_id}Logs", since, "ERROR")
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise deleted(doctor, doctor.stack.resources[f"{logical_id}Logs"]) from None


def advice(doctor: Doctor, failing: Container[str]) -> list[str]:
    """What to do about functions whose last runs failed."""
    if "Redeliver" not in failing:
        return [doctor.say("fix_relay")]
    run = f"aws lambda invoke --function-name {doctor.stack.resources['Redeliver']}"
    run = " ".join((run, *map(shlex.quote, target(doctor)), "--payload fileb://empty.json /dev/stdout"))
    return [doctor.say("fix_errors"), f"    echo '{{\"Records\": []}}' > empty.json; {run}"]


def minute(at: float) -> str:
    """A time of the last hour."""
    return utc(at, "%H:%M")
