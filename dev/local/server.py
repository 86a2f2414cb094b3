"""Our own servers, the stand-ins and the console: built and started."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from . import ROOT
from .aws import environment, reserve
from .process import Child, Failed


def build(package: str) -> Path:
    """Compile a package with progress on the terminal; return its binary."""
    command = f"cargo build --package {package} --bin {package}"
    messages = "--message-format=json-render-diagnostics"
    cargo = subprocess.run([*command.split(), messages], cwd=ROOT, env=environment(), stdout=subprocess.PIPE)
    if cargo.returncode != 0:
        raise Failed(f"{command}\nfailed; the output of the compiler is above.")
    built = map(json.loads, cargo.stdout.splitlines())
    return Path(next(it["executable"] for it in built if it.get("executable")))


class Server:
    """A program that says in its log where it listens; use it in a `with` statement."""

    PORT_OPTION = "--port"
    """The program's option for the port."""

    def __init__(self, binary: Path, options: Sequence[str], log: Path):
        self.binary = binary
        self._options = options
        self._log = log
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    def start(self) -> None:
        """Start it. After `stop` it has the same port, and has forgotten everything."""
        # It connects to this machine only, which needs no proxy.
        env = {name: it for name, it in environment().items() if not name.lower().endswith("_proxy")}
        command = [self.binary, *self._options, self.PORT_OPTION, str(self._port)]
        self._child = Child(command, self._log, env)
        try:
            self.address = self._child.wait_until(self._address)
        except BaseException:
            self._child.stop()
            raise
        self._port = urlsplit(self.address).port

    def stop(self) -> None:
        """End it. From now on, its port refuses connections. No other program is given it."""
        self._child.stop()
        self._kept = reserve(self._port)

    def require_running(self) -> None:
        """Fail with the end of its log if it ended by itself."""
        self._child.require_running()

    def _address(self) -> str | None:
        """Its base URL, as soon as its log has it."""
        return self._logged("listening on ")

    def _logged(self, words: str) -> str | None:
        """The rest of the first line with these words, if there is one."""
        _, found, rest = self._child.log.read_text().partition(words)
        value, newline, _ = rest.partition("\n")
        return value if found and newline else None
