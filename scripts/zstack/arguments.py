"""Options that are never printed with their values: somebody may have typed a secret there."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, NoReturn

MISTAKEN = ("--password", "--token", "--secret")
"""Options that people expect. They are told that there is no such option."""

DAY = 86_400
"""Seconds. Nobody waits longer."""


def at_least(least: float) -> Callable[[str], float]:
    """Seconds, as an option has them. A wrong number is found before anything is changed."""

    def seconds(text: str) -> float:
        found = float(text)
        # Not true of NaN.
        if not least <= found <= DAY:
            raise ValueError
        return found

    return seconds


def offset(text: str) -> timedelta:
    """A time zone, as an offset to UTC."""
    read = re.fullmatch(r"([+-])(\d{1,2}):?(\d\d)?", text.strip())
    if not read or int(read[2]) > 14:
        raise argparse.ArgumentTypeError("an offset to UTC is needed, such as +08:00")
    found = timedelta(hours=int(read[2]), minutes=int(read[3] or 0))
    return -found if read[1] == "-" else found


def offset_text(zone: timedelta) -> str:
    """The same as text."""
    minutes = zone // timedelta(minutes=1)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


class Parser(argparse.ArgumentParser):
    """Takes no abbreviations: `--password X` would be `--password-file X`. Its errors repeat no values."""

    def __init__(self, *args: Any, **more: Any):
        super().__init__(*args, allow_abbrev=False, **more)

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """The options. An unknown one ends the program."""
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            # The value could be behind the name, or be a part of it. The beginning of a known name is none.
            name = rest[0].partition("=")[0]
            known = (*MISTAKEN, *self._option_string_actions)
            if name.startswith("--") and any(it.startswith(name) for it in known):
                self.error(f"unknown option: {name}")
            what = "option, which" if name.startswith("-") else "argument, which is no option and"
            self.error(f"unknown {what} is not shown")
        return found

    def error(self, message: str) -> NoReturn:
        """End the program, with a message that has no value in it."""
        at = re.match(r"argument [^:]+: ", message)
        if at and message[at.end() :].startswith(("invalid ", "ignored explicit argument ")):
            # What follows is the value.
            message = at[0] + "this value is not possible"
        elif not at and not message.startswith(
            ("unknown ", "the following arguments are required: ", "one of ")
        ):
            message = "the arguments cannot be read"
        super().error(f"{message} (see --help; no option takes a secret)")
