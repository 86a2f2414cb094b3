"""The local console, a Flashduty stand-in with a page for people: started from dev/console."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from . import ROOT, WORK
from .aws import LOOPBACK
from .http import request_json
from .stack import Stack
from .standin import Standin
from .zstack import PASSWORD, SETUP, ZStack

EVERY = 1.0
"""Seconds between two reports of the queues' lengths."""


def address(port: int) -> str:
    """The URL of its page."""
    return f"http://{LOOPBACK}:{port}"


class Console(Standin):
    """A console on this port, whose stand-in accepts one integration key; use it in a `with` statement.

    Its page can set up ZStack. What that changes is written into the folder `undo`.
    """

    PORT_OPTION = "--push-port"

    def __init__(self, binary: Path, key: str, port: int, undo: Path, log: Path = WORK / "console.log"):
        setup = [it for word in SETUP for it in ("--setup", word)]
        files = ["--samples", str(ROOT / "events"), "--undo", str(undo)]
        super().__init__(binary, key, log, ["--port", str(port), *files, *setup])
        self.page = address(port)
        self.arrivals = f"{self.page}/api/arrivals"
        """The URL to which API Gateway posts every message."""

    def _address(self) -> str | None:
        return super()._address() if self._logged("console on ") else None

    @contextmanager
    def showing(
        self, relay: Stack, webhook: str, token: str, channels: Mapping[str, str], zstack: ZStack
    ) -> Iterator[None]:
        """Send it what is deployed and, inside the `with` statement, the lengths of the queues.

        `channels` are the channels that have a push URL, each with its integration key.
        """
        named = [{"name": name, "integration_key": key} for name, key in channels.items()]
        to_set_up = {"url": zstack.api, "password": PASSWORD}
        deployed = {"webhook_url": webhook, "token": token, "channels": named, "zstack": to_set_up}
        request_json("PUT", f"{self.page}/api/stack", deployed)
        ended = threading.Event()
        # A daemon: boto3 may still wait for an answer when everything else has ended.
        reporter = threading.Thread(target=self._report, args=[relay, ended], name="queues", daemon=True)
        reporter.start()
        try:
            yield
        finally:
            ended.set()
            reporter.join(timeout=5)

    def _report(self, relay: Stack, ended: threading.Event) -> None:
        while not ended.wait(EVERY):
            # The console or the local AWS may be busy or have ended. The main thread reports that.
            with suppress(BotoCoreError, ClientError, HTTPException, OSError, RuntimeError):
                lengths = {"queued": relay.retries.length(), "dead": relay.dead_letters.length()}
                request_json("POST", f"{self.page}/api/queues", lengths)
