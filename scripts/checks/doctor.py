"""What the steps share."""

from __future__ import annotations

import time

from terminal import Terminal

from .aws import Aws
from .facts import Message, Options, Stack
from .webhook import Webhook


class Doctor:
    """The ways to ask, and what the answers were. A step changes only what it is there to find."""

    def __init__(self, terminal: Terminal, options: Options):
        self.terminal, self.options, self.say = terminal, options, terminal.say
        self.began = time.time()
        self.stack = Stack()
        self.aws = Aws(terminal)
        self.webhook = Webhook(terminal, options, self.stack)
        self.message = Message()
        self.tokens: list[str] = []
        self.zstack_kind = False
        """Whether the push URL is that of an integration of kind ZStack."""
        self.known: set[str] = set()
        """Steps that found what others need."""
