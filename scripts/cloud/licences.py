"""The licences of what is compiled into the functions: LICENSES.txt of a bundle.

cargo-about does the same, but PyPI does not have it, and to compile it takes minutes.
"""

import json
import re
import subprocess
from collections import defaultdict
from html import unescape
from pathlib import Path

from . import ROOT, Failed

PACKAGE = "zstack-flashduty"

FILES = re.compile(r"(?i)(un)?licen[cs]e|copying|copyright|notice")
"""How the names of licence files begin. NOTICE is one: Apache-2.0 demands that it is passed on."""

HEAD = """\
Licences of what is compiled into the functions relay and redeliver

The functions consist of zstack-flashduty, whose licence is in the file LICENSE, and of what is listed here:
first each part with its licence, then each text once, with the parts that it came with.

The linker is Zig (https://ziglang.org). It adds its compiler-rt: MIT, Copyright (c) Zig contributors; LLVM's
libunwind (https://llvm.org): Apache-2.0 WITH LLVM-exception; and the startup code of the GNU C library, whose
licence lets it be linked into any program. The C library itself is not in the functions.
"""

STANDARD = """\
Rust's standard library (https://github.com/rust-lang/rust): MIT OR Apache-2.0, Copyright (c) The Rust Project
Contributors.
"""

LISTED = """\
These are its parts and its files with a licence of their own, as Rust lists them. Some of them serve only to
build or test it, and are not in the functions:
"""

NOT_LISTED = """\
The compiler came without Rust's list of the parts. These are known; the whole list is
https://github.com/rust-lang/rust/blob/HEAD/COPYRIGHT:
"""

BACKTRACE = {
    "addr2line": "Apache-2.0 OR MIT",
    "adler2": "0BSD OR MIT OR Apache-2.0",
    "cfg-if": "MIT OR Apache-2.0",
    "gimli": "MIT OR Apache-2.0",
    "hashbrown": "MIT OR Apache-2.0",
    "libc": "MIT OR Apache-2.0",
    "memchr": "Unlicense OR MIT",
    "miniz_oxide": "MIT OR Zlib OR Apache-2.0",
    "object": "Apache-2.0 OR MIT",
    "rustc-demangle": "MIT OR Apache-2.0",
}
"""Crates in the standard library. Rust's own list leaves out some: those that print a backtrace.

`strings bootstrap | grep /rust/deps/` shows those that are in a function.
"""

OTHER_SYSTEMS = re.compile("fortanix|hermit|moto|r-efi|vex|wasi|windows|wit-")
"""Beginnings of names of crates that no Linux has."""

Texts = list[tuple[str, str, str]]
"""Licence files: whose they are, path and text."""


def asked_for(command: list[str]) -> str:
    """What a command prints."""
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if asked.returncode != 0:
        raise Failed(f"{' '.join(command)} failed:\n{asked.stderr.strip()}")
    return asked.stdout


def cargo(*arguments: str) -> str:
    """What a command of Cargo prints."""
    return asked_for(["cargo", *arguments, "--locked"])


def toolchain() -> Path:
    """The folder in which Rust's own documents are."""
    return Path(asked_for(["rustc", "--print", "sysroot"]).strip()) / "share/doc/rust"


def standard_library(documents: Path) -> tuple[str, Texts]:
    """The paragraph about Rust's standard library, and the texts that belong to it.

    `documents` is the folder in which the compiler's COPYRIGHT-library.html is. Not every compiler has it.
    """
    page = documents / "COPYRIGHT-library.html"
    if not page.exists():
        lines = [f"  {name}: {licence}" for name, licence in BACKTRACE.items()]
        return "\n".join((STANDARD + NOT_LISTED, *lines)) + "\n", []
    ours, _, others = page.read_text(encoding="utf-8").partition('id="out-of-tree-dependencies"')
    lines, files, named = [], [], set()
    for part in ours.split("<b>File/Directory:</b>")[1:]:
        path = field(r"<code>(.*?)</code>", part)
        licence = field(r"<b>License:</b>(.*?)</p>", part)
        owners = [plain(it) for it in re.findall(r"(?s)<b>Copyright:</b>(.*?)</p>", part)]
        named.update(re.findall(r"[\w.-]+", licence))
        if path != ".":
            lines.append(f"  {path}: {licence} ({'; '.join(owners)})")
    for part in others.split("<h3>")[1:]:
        heading = plain(part.partition("</h3>")[0])
        name, version = re.search(r"([\w-]+?)-(\d+\.\S+)$", heading).groups()
        if OTHER_SYSTEMS.match(name):
            continue
        lines.append(f"  {name} {version}: {field(r'<b>License:</b>(.*?)</p>', part)}")
        for path, text in re.findall(
            r"(?s)<summary><code>(.*?)</code></summary>\s*<pre>\n?(.*?)</pre>", part
        ):
            files.append((f"{name} {version}", plain(path), unescape(text).rstrip().strip("\n")))
    missing = [it for it in BACKTRACE if not any(line.startswith(f"  {it} ") for line in lines)]
    lines += [f"  {name}: {BACKTRACE[name]} (https://crates.io/crates/{name})" for name in missing]
    for path in sorted((documents / "licenses").glob("*.txt")):
        if path.stem in named:
            text = path.read_text(encoding="utf-8").strip("\n")
            files.append(("Rust's standard library", path.name, text))
    return "\n".join((STANDARD + LISTED, *lines)) + "\n", files


def field(pattern: str, part: str) -> str:
    """The plain text of what a pattern finds; empty if it finds nothing."""
    found = re.search(f"(?s){pattern}", part)
    return plain(found[1]) if found else ""


def plain(markup: str) -> str:
    """Text without markup, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", markup)).split())


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


def written(crates: list[dict], standard: tuple[str, Texts] = ("", [])) -> str:
    """LICENSES.txt for these crates and Rust's standard library."""
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
    for owner in standard[1]:
        same[" ".join(owner[2].split())].append(owner)
    sections = [HEAD, *filter(None, [standard[0]]), "\n".join(parts) + "\n"]
    for owners in same.values():
        of = "\n".join(f"{name}: {path}" for name, path, _ in owners)
        sections.append(f"{'=' * 78}\n{of}\n{'-' * 78}\n\n{owners[0][2]}\n")
    return "\n".join(sections)


def text(target: str) -> str:
    """LICENSES.txt of the functions for a target of Rust."""
    return written(compiled_in(target), standard_library(toolchain()))
