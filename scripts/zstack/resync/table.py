"""Prints decisions as a table, in the width that characters have on a terminal."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from unicodedata import east_asian_width

from terminal import Terminal

from .decide import CLOSES, EVENTS, OPENS, UNDECIDED, Decision, clean, entry_of, has_state, undone_by
from .records import Record

WIDEST = 40
"""Columns of a cell. More is cut."""

SEVERITIES = {"emergent": "Critical", "important": "Warning", "normal": "Info", "recovery": "Warning"}
"""As severity() in src/translate/mod.rs."""


LEVELS = {"emergent": "level_emergent", "important": "level_important", "normal": "level_normal"}
"""Names of texts: the words of ZStack's messages, and in Chinese those of its console."""


def level(terminal: Terminal, record: Record) -> str:
    """The level of a rule."""
    told = record.level.strip()
    text = LEVELS.get(told.lower())
    return terminal.say(text) if text else told or "-"


def severity(record: Record, effect: str) -> str:
    """The status that the relay pushes for a record."""
    if effect == CLOSES:
        return "Ok"
    told = record.level.strip().lower()
    if effect != OPENS:
        return "-"
    if record.kind == "event" and told == "recovery" and not ends(record):
        return "Info"
    return SEVERITIES.get(told, "Warning")


def ends(record: Record) -> bool:
    """Whether the relay knows an end of this event."""
    name = entry_of(clean(record.name))
    return name is not None and bool(has_state(name) or undone_by(name) or EVENTS[name].get("undoes"))


def width(text: str) -> int:
    """The columns that a text takes."""
    return sum(2 if east_asian_width(it) in "WF" else 1 for it in text)


def cell(terminal: Terminal, text: str) -> str:
    """A text on one line, of limited width, without anything that moves the cursor."""
    text = terminal.words("".join(it if it.isprintable() else " " for it in text))
    if width(text) <= WIDEST:
        return text
    while width(text) > WIDEST - 3:
        text = text[:-1]
    return f"{text}..."


def rows(
    terminal: Terminal,
    decisions: Sequence[Decision],
    names: Mapping[str, tuple[str, str]],
    nameless: Collection[str],
) -> list[list[str]]:
    """The cells of each decision."""
    found = []
    for it in decisions:
        record, say = it.record, terminal.say
        resource = names.get(record.resource, (clean(record.resource) or "-", ""))[0]
        unknown = it.effect == OPENS and record.resource in nameless
        why = "nameless" if unknown and it.why in ("", "restart", "well") else it.why
        found.append(
            [
                f"{datetime.fromtimestamp(record.at / 1000):%m-%d %H:%M:%S}",
                level(terminal, record),
                record.name or record.rule,
                resource,
                "-" if it.outcome == UNDECIDED else severity(record, it.effect),
                say(why) if why else "",
            ]
        )
    return found


def lines(
    terminal: Terminal,
    decisions: Sequence[Decision],
    names: Mapping[str, tuple[str, str]],
    nameless: Collection[str],
) -> list[str]:
    """The table: time, level, what, resource, what is posted, and what there is to say."""
    heads = [terminal.say(it) for it in ("time", "level", "what", "resource", "status", "remark")]
    cells = [
        [cell(terminal, it) for it in row[:-1]] + row[-1:]
        for row in rows(terminal, decisions, names, nameless)
    ]
    if not any(row[-1] for row in cells):
        heads, cells = heads[:-1], [row[:-1] for row in cells]
    table = [heads, *cells]
    widths = [max(width(row[at]) for row in table) for at in range(len(heads))]
    return [
        "  ".join(it + " " * (most - width(it)) for it, most in zip(row, widths)).rstrip() for row in table
    ]
