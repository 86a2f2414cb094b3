"""The Flashduty stand-in, built from dev/flashduty-standin and started."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import ROOT, WORK
from .aws import environment
from .http import request_json
from .process import Child, Failed


def build(package: str = "flashduty-standin") -> Path:
    """Compile it with progress on the terminal; return the package's binary."""
    command = f"cargo build --package {package} --bin {package}"
    messages = "--message-format=json-render-diagnostics"
    cargo = subprocess.run([*command.split(), messages], cwd=ROOT, env=environment(), stdout=subprocess.PIPE)
    if cargo.returncode != 0:
        raise Failed(f"{command}\nfailed; the output of the compiler is above.")
    built = map(json.loads, cargo.stdout.splitlines())
    return Path(next(it["executable"] for it in built if it.get("executable")))


class Standin:
    """A stand-in that accepts one integration key; use it in a `with` statement."""

    PORT_OPTION = "--port"
    """The program's option for the port of the push endpoint."""

    def __init__(
        self,
        binary: Path,
        key: str,
        log: Path = WORK / "standin.log",
        limits: Sequence[str] = ("--no-rate-limit",),
    ):
        self.binary = binary
        self._command = [binary, "--key", key, *limits]
        self._log = log
        self._port = 0

    def __enter__(self) -> "Standin":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it. After `stop` it has the same port, and no alerts or requests."""
        # It connects to this machine only, which needs no proxy.
        env = {name: it for name, it in environment().items() if not name.lower().endswith("_proxy")}
        self._child = Child([*self._command, self.PORT_OPTION, str(self._port)], self._log, env)
        try:
            self.address = self._child.wait_until(self._address)
        except BaseException:
            self.stop()
            raise
        self._port = urlsplit(self.address).port

    def stop(self) -> None:
        """End it. Its port refuses connections from now on."""
        self._child.stop()

    def require_running(self) -> None:
        """Fail with the end of its log if it ended by itself."""
        self._child.require_running()

    def _address(self) -> str | None:
        """The base URL of its push endpoint, as soon as its log has it."""
        return self._logged("listening on ")

    def _logged(self, words: str) -> str | None:
        """The rest of the first line with these words, if there is one."""
        _, found, rest = self._child.log.read_text().partition(words)
        value, newline, _ = rest.partition("\n")
        return value if found and newline else None

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
