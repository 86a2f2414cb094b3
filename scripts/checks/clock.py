"""The clock of this machine."""

from __future__ import annotations

from terminal import NOTE, OK

from .aws import SET_CLOCK
from .doctor import Doctor
from .findings import Failure, Finding

CLOCK_REFUSED, CLOCK_DOUBTFUL = 300, 60
"""Seconds. AWS refuses a signature whose time is five minutes off."""


def clock(doctor: Doctor) -> Finding:
    """The clock of this machine, compared with the date of the API's answer."""
    if doctor.webhook.skew is None:
        return Finding(NOTE, doctor.say("no_date"))
    off = round(abs(doctor.webhook.skew))
    if off < CLOCK_DOUBTFUL:
        return Finding(OK, doctor.say("clock_ok", seconds=off))
    text = doctor.say(
        "clock_off", seconds=off, way=doctor.say("ahead" if doctor.webhook.skew > 0 else "behind")
    )
    advice = [doctor.say("set_clock"), SET_CLOCK]
    if off < CLOCK_REFUSED:
        return Finding(NOTE, text, advice)
    raise Failure(text, *advice)
