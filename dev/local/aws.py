"""MiniStack, a local AWS: one process, without Docker."""

import os
import socket
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from . import ROOT, WORK
from .http import request
from .ministack.tap import VARIABLE
from .process import Child, Failed

REGION = "us-east-1"
LOOPBACK = "127.0.0.1"

# MiniStack accepts any key. This one is its administrator's.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def reserve(port: int = 0) -> socket.socket:
    """Keep a port of 127.0.0.1 until the socket is closed. 0 chooses a free one.

    Nobody else is given it, and it refuses connections until a server of ours listens there. Ours can,
    because they set SO_REUSEADDR.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind((LOOPBACK, port))
    return kept


_RESERVED: list[socket.socket] = []


def free_port() -> int:
    """A free port. It is kept until this program ends."""
    _RESERVED.append(reserve())
    return _RESERVED[-1].getsockname()[1]


def environment() -> dict[str, str]:
    """Our environment without the user's AWS settings: nothing here may reach a real account."""
    # AWS_LC_SYS_... are settings of a C library's build.
    own = (it for it in os.environ.items() if not it[0].startswith("AWS_") or it[0].startswith("AWS_LC_"))
    return dict(own) | {
        # Our tools (sam, cargo-lambda, zig) before others of the same name.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": REGION,
        "NO_PROXY": LOOPBACK,
        "no_proxy": LOOPBACK,
    }


class LocalAws:
    """A running MiniStack that enforces IAM; use it in a `with` statement.

    Its state is in memory and in a folder that is deleted at the end. Functions inherit MiniStack's
    environment, so it is a minimal one. `function_env` adds variables for the functions. API Gateway posts
    every message to the URL `arrivals`: see dev/local/ministack/tap.py.
    """

    def __init__(
        self,
        port: int,
        bind: str = LOOPBACK,
        log: Path = WORK / "ministack.log",
        function_env: dict[str, str] | None = None,
        arrivals: str | None = None,
    ):
        self.port = port
        self.endpoint = f"http://{LOOPBACK}:{port}"
        WORK.mkdir(exist_ok=True)
        # Some machines forbid to execute files in /tmp, so it is in the checkout.
        self._folder = tempfile.TemporaryDirectory(prefix="ministack-", dir=WORK)
        env = {
            **CREDENTIALS,
            **(function_env or {}),
            **({VARIABLE: arrivals} if arrivals else {}),
            "PATH": os.environ["PATH"],
            "HOME": self._folder.name,
            "TMPDIR": self._folder.name,
            "AUTH": "true",
            "BIND_HOST": bind,
            "GATEWAY_PORT": str(port),
            "AWS_ENDPOINT_URL": self.endpoint,
        }
        command = [ROOT / ".venv/ministack/bin/python", ROOT / "dev/local/ministack/strict.py"]
        self._child = Child(command, log, env)

    def __enter__(self) -> "LocalAws":
        try:
            self._child.wait_until(self._healthy)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()
        self._folder.cleanup()

    def _healthy(self) -> bool:
        try:
            return request("GET", f"{self.endpoint}/_ministack/health").status == 200
        except OSError:
            return False

    @property
    def environment(self) -> dict[str, str]:
        """The environment for command line programs that use this AWS."""
        return environment() | CREDENTIALS | {"AWS_ENDPOINT_URL": self.endpoint}

    @cache  # noqa: B019 (kept as long as the process)
    def client(self, service: str) -> Any:
        """A boto3 client."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(proxies={}),
        )

    def put_secret(self, name: str, value: str) -> None:
        """Create or change a SecureString parameter."""
        self.client("ssm").put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True)


def require_free(port: int, bind: str, variable: str = "PORT") -> None:
    """Fail with advice if the port is not free; `variable` is the one of `make` that chooses it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise Failed(
                f"Port {port} is not free ({error.strerror}). Perhaps another `make run` uses it. "
                f"Choose another one: make run {variable}={port + 1}"
            ) from None
