"""Child processes: one that keeps running, and one that ends."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any


class Failed(Exception):
    """Something outside this program failed. The message says what to do."""


class Child:
    """A program in a process group of its own, with its output in a file.

    Ctrl-C does not reach the group, so that this program decides in which order its children end.
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
        """Call `ready` until it returns something true, and return that."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.require_running()
            if found := ready():
                return found
            time.sleep(0.1)
        raise Failed(f"{self.name} was not ready after {seconds:.0f} seconds.\n{self.tail()}")

    def require_running(self) -> None:
        """Fail with the end of its log if it ended by itself."""
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended with status {self.process.returncode}.\n{self.tail()}")

    def tail(self, lines: int = 20) -> str:
        """The last lines of the output, for an error message."""
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join([f"The end of {self.log}:", *text[-lines:]])

    def stop(self) -> None:
        """End the program, and every process it started."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=10)
        with suppress(ProcessLookupError):  # the group is empty
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def run(command: Sequence[str | Path], log: Path, env: Mapping[str, str], cwd: Path) -> None:
    """Run a command to its end. Its output goes to a file, and is shown only if the command fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        status = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=env, cwd=cwd
        ).returncode
    if status != 0:
        raise Failed(f"{' '.join(map(str, command))}\nfailed:\n{log.read_text(errors='replace')}")
