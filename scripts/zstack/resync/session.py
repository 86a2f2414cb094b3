"""Logs in to ZStack. Secrets are asked for, or in a variable or a file, and never an argument."""

from __future__ import annotations

from datetime import timedelta

from terminal import Terminal

from zstack import secret as given
from zstack.api import Api

PASSWORD, ACCESS_SECRET, FACTOR = "ZSTACK_PASSWORD", "ZSTACK_ACCESS_SECRET", "ZSTACK_SECOND_FACTOR"
TOKEN = "WEBHOOK_TOKEN"
"""Variables of the environment."""

FILES = {PASSWORD: "--password-file", ACCESS_SECRET: "--secret-file", TOKEN: "--token-file"}
"""Options that have the name of a file in place of a variable."""


class Wrong(Exception):
    """The program cannot go on. `text` is for people, and has no secret in it."""

    def __init__(self, text: str):
        super().__init__(text)
        self.text = text


def secret(terminal: Terminal, variable: str, question: str, file: str | None = None, **fields: str) -> str:
    """A secret, which no output shows from now on."""
    try:
        found = given.secret(terminal.say(question, **fields), variable, file, FILES.get(variable))
    except given.NotGiven as error:
        raise Wrong(terminal.say(error.text, **error.fields)) from None
    if found:
        terminal.secrets.add(found)
    return found


class Session:
    """How to begin a session. It can be begun again."""

    def __init__(self, terminal: Terminal, api: Api, account: str, file: str | None, ask_factor: bool):
        self._terminal, self._api, self._account, self._ask_factor = terminal, api, account, ask_factor
        self._password = secret(terminal, PASSWORD, "ask_password", file, account=account)

    def begin(self) -> None:
        """Log in. A second factor is good for one session."""
        factor = None
        if self._ask_factor:
            factor = secret(self._terminal, FACTOR, "ask_factor", account=self._account)
        self._api.log_in(self._account, self._password, factor)
        self._terminal.secrets |= self._api.secrets


def use_key(terminal: Terminal, api: Api, key: str, file: str | None, offset: timedelta | None) -> None:
    """Sign each call with an access key, instead of a session."""
    api.use_access_key(key, secret(terminal, ACCESS_SECRET, "ask_secret", file), offset)
