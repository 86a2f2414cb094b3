"""Alerts on the terminal."""

import shutil
import sys
from collections.abc import Iterable
from typing import Any
from unicodedata import east_asian_width

COLOURS = {"Critical": "31;1", "Warning": "33;1", "Info": "36;1", "open": "31", "closed": "32", "dim": "2"}


def paint(text: str, colour: str) -> str:
    """The text in a colour, if the output is a terminal."""
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if sys.stdout.isatty() else text


def width(text: str) -> int:
    """How many columns the text needs. A Chinese character needs two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def pad(text: str, columns: int) -> str:
    """The text, padded to a width in columns."""
    return text + " " * (columns - width(text))


def alert(alert: dict[str, Any]) -> str:
    """Severity, title and state on one line. The labels follow, as many on a line as fit."""
    columns = shutil.get_terminal_size((100, 0)).columns
    state = "open" if alert["open"] else "closed"
    title = pad(alert["title"], columns - 20)
    head = f"  {paint(pad(alert['severity'], 8), alert['severity'])}  {title}  {paint(state, state)}"
    labels = (f"{name}={_one_line(value)}" for name, value in sorted(alert["labels"].items()))
    return "\n".join([head, *(paint(" " * 12 + line, "dim") for line in _flow(labels, columns - 12))])


def self_check(passed: bool, why: str) -> str:
    """A self-check on one line."""
    word = paint("passed", "closed") if passed else paint("failed", "open")
    return f"\nself-check: {word}, {why}"


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _flow(words: Iterable[str], columns: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and width(lines[-1]) + 2 + width(word) <= columns:
            lines[-1] += f"  {word}"
        else:
            lines.append(word)
    return lines
