"""The licences of what is compiled into the functions: LICENSES.txt of a bundle.

cargo-about does the same, but PyPI does not have it, and to compile it takes minutes.
"""

import json
import re
import subprocess
from collections import defaultdict
from pathlib import Path

from . import ROOT, Failed

PACKAGE = "zstack-flashduty"

FILES = re.compile(r"(?i)(un)?licen[cs]e|copying|copyright|notice")
"""How the names of licence files begin. NOTICE is one: Apache-2.0 demands that it is passed on."""

HEAD = """\
Licences of what is compiled into the functions relay and redeliver

The functions consist of zstack-flashduty, whose licence is in the file LICENSE, and of what is listed here:
first each part with its licence, then each text once, with the parts that it came with.

Rust's standard library (https://github.com/rust-lang/rust): MIT OR Apache-2.0, Copyright (c) The Rust Project
Contributors.

The linker is Zig (https://ziglang.org). It adds its compiler-rt: MIT, Copyright (c) Zig contributors; LLVM's
libunwind (https://llvm.org): Apache-2.0 WITH LLVM-exception; and the startup code of the GNU C library, whose
licence lets it be linked into any program. The C library itself is not in the functions.
"""


def cargo(*arguments: str) -> str:
    """What a command of Cargo prints."""
    command = ["cargo", *arguments, "--locked"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if asked.returncode != 0:
        raise Failed(f"{' '.join(command)} failed:\n{asked.stderr.strip()}")
    return asked.stdout


def compiled_in(target: str) -> list[dict]:
    """Cargo's description of each crate in the functions, without our own."""
    # The graph of `cargo metadata` has the features of the whole workspace, and so more crates than these.
    tree = cargo(
        *("tree", "--package", PACKAGE, "--target", target),
        *("--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"),
    )
    names = {tuple(line.split()[:2]) for line in tree.splitlines()}
    known = json.loads(cargo("metadata", "--format-version", "1", "--filter-platform", target))["packages"]
    crates = [it for it in known if (it["name"], f"v{it['version']}") in names and it["name"] != PACKAGE]
    return sorted(crates, key=lambda it: (it["name"], it["version"]))


def texts(crate: dict) -> dict[str, str]:
    """The licence files of a crate: path in the crate, and text."""
    folder = Path(crate["manifest_path"]).parent
    # Parts with a licence of their own are in folders below, such as ring's third_party/.
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    named = {it for it in found if any(FILES.match(part) for part in it.parts) and it.suffix != ".rs"}
    if crate["license_file"]:
        named.add(Path(crate["license_file"]))
    return {
        path.as_posix(): (folder / path).read_text(encoding="utf-8-sig", errors="replace").strip("\n")
        for path in sorted(named)
    }


def written(crates: list[dict]) -> str:
    """LICENSES.txt for these crates."""
    parts, same = [], defaultdict(list)
    for crate in crates:
        name = f"{crate['name']} {crate['version']}"
        files = texts(crate)
        if not (files or crate["license"]):
            raise Failed(f"{name} says nothing about its licence. Ask its authors, or use another crate.")
        licence = crate["license"] or ", ".join(files)
        # Without a file, somebody may want to look for the authors' names.
        parts.append(f"{name}: {licence}" + ("" if files else f" (no file; {crate['repository']})"))
        for path, text in files.items():
            # The same text occurs with other line breaks.
            same[" ".join(text.split())].append((name, path, text))
    sections = [HEAD, "\n".join(parts) + "\n"]
    for owners in same.values():
        of = "\n".join(f"{name}: {path}" for name, path, _ in owners)
        sections.append(f"{'=' * 78}\n{of}\n{'-' * 78}\n\n{owners[0][2]}\n")
    return "\n".join(sections)


def text(target: str) -> str:
    """LICENSES.txt of the functions for a target of Rust."""
    return written(compiled_in(target))
