"""Reads the time since when records count: `2h`, or a date."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

UNITS = {"m": "minutes", "h": "hours", "d": "days"}

FORMS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")


def since(value: str, now: datetime) -> datetime:
    """A time before `now`, which has the zone of this machine. A date without a zone is one of this zone.

    Raises `ValueError` for anything else.
    """
    value = value.strip()
    if re.fullmatch(r"(\d{1,6}[mhd])+", value):
        parts = re.findall(r"(\d+)([mhd])", value)
        found = now - sum((timedelta(**{UNITS[unit]: int(number)}) for number, unit in parts), timedelta())
    else:
        found = dated(value, now)
    if found >= now:
        raise ValueError("not before now")
    return found


def dated(value: str, now: datetime) -> datetime:
    """A date, perhaps with a time and a zone."""
    value = value.replace("T", " ", 1)
    zone = re.search(r"\s*(Z|[+-]\d\d:?\d\d)$", value)
    # The end of `2026-11-28` is no zone.
    zone = zone if zone and ":" in value[: zone.start()] else None
    for form in FORMS:
        try:
            if zone:
                return datetime.strptime(value[: zone.start()] + zone[1], form + "%z")
            # The zone of that day, which may have daylight saving time.
            return datetime.strptime(value, form).astimezone()
        except ValueError:
            continue
    raise ValueError(value)
