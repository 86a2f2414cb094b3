"""A program that runs beside us, and one that we wait for."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any


class Failed(Exception):
    """Something outside this script went wrong; the message tells a person what to do."""


class Child:
    """A program in a process group of its own, with its output in a file.

    The group keeps a Ctrl-C for us: we say in which order things end.
    """

    def __init__(self, command: Sequence[str | Path], log: Path, env: Mapping[str, str]):
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self.name = Path(command[0]).name
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                start_new_session=True,
            )

    def wait_until(self, ready: Callable[[], Any], seconds: float = 60) -> Any:
        """Return what `ready` finds, as soon as it finds something."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.require_running()
            if found := ready():
                return found
            time.sleep(0.1)
        raise Failed(f"{self.name} was not ready after {seconds:.0f} seconds.\n{self.tail()}")

    def require_running(self) -> None:
        """Fail, with its last words, if it ended by itself."""
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended with status {self.process.returncode}.\n{self.tail()}")

    def tail(self, lines: int = 20) -> str:
        """The end of the output, for an error message."""
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join([f"The end of {self.log}:", *text[-lines:]])

    def stop(self) -> None:
        """End the program, and every process it started."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        with suppress(ProcessLookupError):  # nobody is left in the group
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def run(command: Sequence[str | Path], log: Path, env: Mapping[str, str], cwd: Path) -> None:
    """Run a command to its end, with its output in a file that is shown only if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        status = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=env, cwd=cwd
        ).returncode
    if status != 0:
        raise Failed(f"{' '.join(map(str, command))}\nfailed:\n{log.read_text(errors='replace')}")
