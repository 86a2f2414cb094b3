"""Where the program is: in an unpacked release or in a checkout."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from types import TracebackType

FOLDER = Path(__file__).resolve().parent.parent
"""The folder of doctor.py: an unpacked release, or scripts/ of a checkout."""


def is_release() -> bool:
    """Whether it is an unpacked release."""
    return (FOLDER / "template.yaml").exists()


def configured(key: str) -> str:
    """A setting in samconfig.toml, in the folder of doctor.py or one folder up; empty if there is none."""
    return in_samconfig(rf"""{key}\s*=\s*["']([^"']+)["']""")


def saves_parameters() -> bool:
    """Whether samconfig.toml has parameters of the template. `sam deploy --guided` saves them there."""
    return bool(in_samconfig(r"""(parameter_overrides)\s*=(?!\s*(?:""|''|\[\s*\])\s*$)"""))


def in_samconfig(line: str) -> str:
    """The group in the first line that matches."""
    for folder in (FOLDER, FOLDER.parent):
        with suppress(OSError, UnicodeError):
            text = (folder / "samconfig.toml").read_text(encoding="utf-8")
            # `sam deploy --guided` writes its answers into the section of deploy, which wins.
            for section in ("deploy", "global"):
                part = re.search(rf"(?ms)^\[default\.{section}\.parameters\]\s*$(.*?)(?=^\[|\Z)", text)
                found = part and re.search(rf"(?m)^\s*{line}", part[1])
                if found:
                    return found[1]
    return ""


def place(traceback: TracebackType | None) -> tuple[str, int]:
    """The last file of the program in a traceback, and the line in it."""
    file, line = "?", 0
    while traceback:
        path = Path(traceback.tb_frame.f_code.co_filename).resolve()
        if FOLDER in path.parents:
            file, line = path.relative_to(FOLDER).as_posix(), traceback.tb_lineno
        traceback = traceback.tb_next
    return file, line
