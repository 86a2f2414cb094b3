"""The Flashduty stand-in, started from dev/flashduty-standin."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import WORK
from .http import request_json
from .server import Server


class Standin(Server):
    """A stand-in that accepts one integration key; use it in a `with` statement.

    `server.build("flashduty-standin")` makes the binary.
    """

    def __init__(
        self,
        binary: Path,
        key: str,
        log: Path = WORK / "standin.log",
        limits: Sequence[str] = ("--no-rate-limit",),
    ):
        super().__init__(binary, ["--key", key, *limits], log)

    def push_url(self, key: str) -> str:
        """The push URL of an integration of kind `standard`."""
        return f"{self.address}/event/push/alert/standard?integration_key={key}"

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert, newest first."""
        return request_json("GET", f"{self.address}/standin/alerts")

    def alert(self, key: str) -> dict[str, Any] | None:
        """The newest alert of an alert key."""
        return next((alert for alert in self.alerts() if alert["alert_key"] == key), None)

    def received(self) -> list[dict[str, Any]]:
        """Every request, oldest first, refused ones included."""
        return request_json("GET", f"{self.address}/standin/received")

    def accept_only(self, *keys: str) -> None:
        """Accept these integration keys and no others."""
        request_json("PUT", f"{self.address}/standin/keys", keys)

    def fault(
        self,
        fault: Any,
        lasts: Any = "standing",
        alert_keys: Sequence[str] = (),
        keys: Sequence[str] = (),
    ) -> None:
        """Inject a fault, as dev/flashduty-standin/src/fault.rs describes it. `keys` are integration keys."""
        injected = {"fault": fault, "lasts": lasts, "alert_keys": [*alert_keys], "integration_keys": [*keys]}
        request_json("POST", f"{self.address}/standin/faults", injected)

    def clear_faults(self) -> None:
        """Remove all faults."""
        request_json("DELETE", f"{self.address}/standin/faults")

    def clear(self) -> None:
        """Remove all alerts and requests."""
        request_json("DELETE", f"{self.address}/standin/alerts")
