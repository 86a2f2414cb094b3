"""Passwords and tokens, as people give them: typed, in a variable or in a file. No option takes one."""

from __future__ import annotations

import base64
import getpass
import os
import warnings
from pathlib import Path
from urllib.parse import quote


class NotGiven(Exception):
    """There is no secret. `text` is a name in explained.py, and `fields` are its fields."""

    def __init__(self, text: str, **fields: str):
        super().__init__(text)
        self.text, self.fields = text, fields


def secret(question: str, variable: str, file: str | None = None, option: str | None = None) -> str:
    """A secret from a file, a variable, or the keyboard. `option` is the one that has the file's name."""
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            # Not the name of the file: somebody may have typed the secret there.
            raise NotGiven("bad_secret_file", option=str(option), why=why) from None
    if os.environ.get(variable):
        return os.environ[variable]
    try:
        with warnings.catch_warnings():
            # Without a terminal, getpass warns, and takes a line of what is piped into the program.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(question)
    except (EOFError, OSError, getpass.GetPassWarning):
        if option:
            raise NotGiven("no_answer", variable=variable, option=option) from None
        raise NotGiven("set_variable", variable=variable) from None


def token_forms(user: str, token: str) -> set[str]:
    """A token as it can appear in somebody's words."""
    return {token, quote(token, safe=""), base64.b64encode(f"{user}:{token}".encode()).decode()}
