"""The processor architectures of Lambda, and what a build for one of them needs."""

import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

from . import Failed

TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
"""Rust's names of Lambda's architectures. The first one is the default, as in template.yaml."""

DEFAULT = next(iter(TARGETS))

FUNCTIONS = ("relay", "redeliver")

MACHINES = {183: "arm64", 62: "x86_64"}
"""ELF's numbers of them, in `e_machine`."""

ENVIRONMENT = {
    "SAM_CLI_TELEMETRY": "0",
    # Our tools (sam, cargo-lambda, zig) come before others with the same name.
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
}


def require_architecture(name: str) -> None:
    """Fail with advice if Lambda has no such architecture."""
    if name not in TARGETS:
        raise Failed(f"The architecture is {' or '.join(TARGETS)}, not {name}.")


def require_tools(architecture: str, command: str, *tools: str) -> None:
    """Fail with advice if something is missing that `make COMMAND` needs for its build."""
    for tool in ("cargo-lambda", *tools):
        if not shutil.which(tool, path=ENVIRONMENT["PATH"]):
            raise Failed(f"This needs {tool}: make setup")
    target = TARGETS[architecture]
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], capture_output=True, text=True).stdout.strip()
    libraries = Path(sysroot) / "lib/rustlib"
    if (libraries / target / "lib").is_dir():
        return
    others = [name for name, other in TARGETS.items() if (libraries / other / "lib").is_dir()]
    advice = f"Rust cannot build for {architecture} yet: rustup target add {target}"
    raise Failed(
        f"{advice}\nOr choose another architecture: make {command} ARCHITECTURE={others[0]}"
        if others
        else advice
    )


def built_for(program: Path) -> str | None:
    """The architecture of a built function; none if it is not one of Lambda's."""
    # 16 bits, little-endian for both architectures.
    [machine] = struct.unpack_from("<H", program.read_bytes(), 18)
    return MACHINES.get(machine)
