"""What doctor.py and the programs beside it print: in one language, in what the terminal can show.

It needs Python 3.9 and nothing else. `from terminal import Terminal` finds it, because Python looks in a
program's own folder first.
"""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

OK, FAILED, NOTE, NONE = "✓", "✗", "!", "-"
PLAIN_MARKS = {OK: "ok", FAILED: "XX", NOTE: "!", NONE: "-"}
"""For terminals that cannot show the others, such as cp936."""

NOT_SHOWN = ("(not shown, because a secret is in it)", "（含有机密，不显示）")
"""What stands in place of words with a secret. `Terminal.words` translates it."""


def one_line(text: Any) -> str:
    """Words of somebody else on one line. Control characters could erase or change what a terminal shows."""
    return " ".join("".join(it if it.isprintable() else " " for it in str(text)).split())


def has_secret(text: Any, secrets: Iterable[str]) -> bool:
    """Whether one of these is in somebody's words, as they are or as `one_line` shows them."""
    line = one_line(text)
    return any(secret in line or secret in str(text) for secret in secrets)


class Terminal:
    """Where the lines go: in one language, in what the terminal can show, and never with a secret.

    `texts` has every text of the program by its name, in English and in Chinese, with fields for `format`.
    A terminal that cannot show Chinese gets English, which should be ASCII. `language` is `en` or `zh`.
    The program adds to `secrets`; `words` shows nothing that has one of them in it.
    """

    def __init__(self, texts: Mapping[str, tuple[str, str]], language: str):
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, ValueError):
                stream.reconfigure(errors="replace")
        self._texts = texts
        self.zh = language == "zh" and self._shows("中文")
        self.plain = not self._shows(OK + FAILED)
        self.moving = sys.stdout.isatty() and os.name != "nt"
        self.secrets: set[str] = set()
        self._open = False

    def _shows(self, text: str) -> bool:
        try:
            text.encode(sys.stdout.encoding or "ascii")
        except (UnicodeError, LookupError):
            return False
        return True

    def say(self, name: str, /, **fields: Any) -> str:
        """The text of this name, with its fields."""
        return self._texts[name][self.zh].format(**fields)

    def mark(self, mark: str) -> str:
        """A mark that the terminal can show."""
        return PLAIN_MARKS[mark] if self.plain else mark

    def words(self, text: Any, most: int = 300) -> str:
        """Words of somebody else, on one line, unless a secret is in them."""
        line = one_line(text)
        if line == NOT_SHOWN[0] or has_secret(text, self.secrets):
            return NOT_SHOWN[self.zh]
        return line if len(line) <= most else line[:most] + "..."

    def progress(self, text: str) -> None:
        """A line that the next one replaces. A file gets none."""
        if self.moving:
            print(f"\r\033[K... {text}", end="", flush=True)
            self._open = True

    def line(self, text: str = "") -> None:
        """Print a line."""
        if self._open:
            print("\r\033[K", end="")
            self._open = False
        print(text, flush=True)


def language_of(environment: Mapping[str, str]) -> str:
    """`zh` or `en`, as gettext chooses it."""
    names = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    first = next((environment[name] for name in names if environment.get(name)), "")
    return "zh" if first.lower().startswith("zh") else "en"
