"""The stand-in of ZStack's API, started from dev/zstack-standin."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import ROOT, WORK
from .http import request_json
from .server import Server

PASSWORD = "password"
"""The password of the account `admin`, and of `project`, which has no rights but its own."""

SYSTEM_TOPIC = "e7d6f5e23bb74e99a2777126078b551c"

SETUP = (sys.executable, str(ROOT / "scripts/zstack-setup.py"), "--pace", "0.1")
"""The program that sets up ZStack. The stand-in changes faster than a ZStack, so it is asked sooner."""

RESYNC = (sys.executable, str(ROOT / "scripts/zstack-resync.py"))
"""The program that posts again what was told during an outage."""


class ZStack(Server):
    """A management node; use it in a `with` statement. `server.build("zstack-standin")` makes the binary.

    What the methods send and return is described in dev/zstack-standin/src/lib.rs.
    """

    def __init__(self, binary: Path, *options: str, log: Path = WORK / "zstack.log"):
        super().__init__(binary, options, log)

    @property
    def api(self) -> str:
        """The root of the API, `http://127.0.0.1:PORT/zstack/v1`."""
        return f"{self.address}/zstack/v1"

    def set_up(self, webhook: str, token: str, folder: Path) -> int:
        """Set it up, with output on the terminal; return the exit status. The undo file is in `folder`."""
        command = [*SETUP, "--url", webhook, "--yes", "--undo-file", folder / "zstack-undo.jsonl"]
        return self._run(command, token)

    def resync(self, webhook: str, token: str) -> int:
        """Post again what it told in the last hour, with output on the terminal; return the exit status."""
        return self._run([*RESYNC, "--url", webhook, "--since", "1h", "--yes"], token)

    def _run(self, command: Sequence[str | Path], token: str) -> int:
        env = os.environ | {"ZSTACK": self.api, "ZSTACK_PASSWORD": PASSWORD, "WEBHOOK_TOKEN": token}
        return subprocess.run(command, env=env, stdin=subprocess.DEVNULL).returncode

    def _control(self, method: str, path: str, value: Any = None) -> Any:
        return request_json(method, f"{self.address}/standin/{path}", value)

    def calls(self, *names: str) -> list[dict[str, Any]]:
        """Every call of the API, oldest first; with names, only calls that are called so."""
        return [it for it in self._control("GET", "calls") if not names or it["call"] in names]

    def forget_calls(self) -> None:
        """Empty the list of calls."""
        self._control("DELETE", "calls")

    def state(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of every table but records, without dates, so that two states can be compared."""
        return self._control("GET", "state")

    def records(self) -> dict[str, list[dict[str, Any]]]:
        """What was told: `alarms` and `events`, oldest first."""
        return self._control("GET", "records")

    def sessions(self) -> int:
        """How many sessions are open."""
        return self._control("GET", "sessions")

    def end_sessions(self) -> None:
        """End all sessions."""
        self._control("DELETE", "sessions")

    def fault(self, fault: Any, call: str | None = None, after: int = 0, times: int | None = 1) -> None:
        """Inject a fault, as dev/zstack-standin/src/fault.rs describes it. `times=None` lasts."""
        self._control("POST", "faults", {"fault": fault, "call": call, "after": after, "times": times})

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._control("DELETE", "faults")

    def lacks(
        self,
        calls: dict[str, int] | None = None,
        fields: Sequence[str] = (),
        refuse_fields: bool = False,
        numbers: bool = False,
    ) -> None:
        """Be a version that does not know these calls and members."""
        lacks = {"without_calls": calls or {}, "without_fields": [*fields]}
        self._control("PUT", "lacks", {**lacks, "refuse_fields": refuse_fields, "numbers": numbers})

    def fire(self, alarm: str, resource: str | None = None, **more: Any) -> dict[str, Any]:
        """Make an alarm fire for a resource; both are a UUID or a name. Return what was told."""
        return self._control("POST", "fire", {"alarm": alarm, "resource": resource, **more})

    def recover(self, alarm: str, resource: str | None = None, **more: Any) -> dict[str, Any]:
        """Make a resource recover."""
        return self._control("POST", "recover", {"alarm": alarm, "resource": resource, **more})

    def repeat(self, alarm: str) -> dict[str, Any]:
        """Tell again what an alarm has in problem."""
        return self._control("POST", "repeat", alarm)

    def event(self, name: str, resource: str | None = None, **more: Any) -> dict[str, Any]:
        """Make an event happen."""
        return self._control("POST", "event", {"name": name, "resource": resource, **more})

    def forget(self) -> None:
        """Forget open problems, as a restart of the management node does."""
        self._control("POST", "forget")

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, as they are stored."""
        return self._control("GET", f"rows/{table}")

    def add(self, table: str, **row: Any) -> dict[str, Any]:
        """Add a row, past the API."""
        return self._control("POST", f"rows/{table}", row)

    def change(self, table: str, uuid: str, **members: Any) -> None:
        """Change members of a row, past the API; None removes one."""
        self._control("PATCH", f"rows/{table}/{uuid}", members)

    def remove(self, table: str, uuid: str) -> None:
        """Remove a row, past the API."""
        self._control("DELETE", f"rows/{table}/{uuid}")
