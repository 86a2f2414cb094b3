"""`make reproducible`: build the bundle of this commit twice, in different places, and compare the bytes."""

import argparse
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

PLACES = ("a", "another/place/with/a/longer/path")
"""Folders of the two builds. A path that gets into the bytes makes them differ."""


def differences(first: bytes, second: bytes, name: str = "") -> Iterator[str]:
    """The files that differ between two zips, also in zips inside of them."""
    if first == second:
        return
    archives = []
    for content in (first, second):
        if not zipfile.is_zipfile(io.BytesIO(content)):
            yield name or "the bundles"
            return
        archives.append(zipfile.ZipFile(io.BytesIO(content)))
    names = [archive.namelist() for archive in archives]
    different = False
    for inside in sorted({*names[0], *names[1]}):
        path = f"{name}/{inside}" if name else inside
        if inside in names[0] and inside in names[1]:
            found = list(differences(*(archive.read(inside) for archive in archives), path))
        else:
            found = [f"{path} (only in the {'first' if inside in names[0] else 'second'} one)"]
        yield from found
        different |= bool(found)
    if not different:
        yield f"{name or 'the bundles'} (dates, permissions or order of the files)"


def head() -> str:
    """The commit that is checked out."""
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def built(commit: str, folder: Path, architecture: str | None) -> Path:
    """Build the bundle in a new checkout with a target folder of its own, and return its path."""
    checkout = folder / "checkout"
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", ROOT, checkout], check=True)
    subprocess.run(["git", "checkout", "--quiet", "--detach", commit], cwd=checkout, check=True)
    (checkout / ".venv").symlink_to(ROOT / ".venv")
    # Not `make bundle`: it would install the tools again, because the requirements in a new checkout are new.
    command = [sys.executable, "-m", "cloud.bundle", "--output", folder / "zips"]
    command += ["--architecture", architecture] if architecture else []
    env = os.environ | {"PYTHONPATH": "scripts", "CARGO_TARGET_DIR": str(folder / "target")}
    subprocess.run(command, cwd=checkout, env=env, check=True)
    [bundle] = (folder / "zips").iterdir()
    return bundle


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit status is 0 if the bytes are the same."""
    parser = argparse.ArgumentParser(prog="make reproducible", description=__doc__)
    parser.add_argument("--architecture", help="as for make bundle")
    parser.add_argument("--same-as", type=Path, help="a bundle that has to have the same bytes, too")
    options = parser.parse_args(arguments)
    commit = head()
    print(f"==> Building {commit} twice", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        try:
            bundles = [built(commit, Path(folder) / place, options.architecture) for place in PLACES]
        except subprocess.CalledProcessError as error:
            return error.returncode
        if options.same_as:
            bundles.append(options.same_as)
        contents = [bundle.read_bytes() for bundle in bundles]
    for bundle, content in zip(bundles, contents, strict=True):
        print(f"{hashlib.sha256(content).hexdigest()}  {bundle.name}")
    different = [it for content in contents[1:] for it in differences(contents[0], content)]
    for it in different:
        print(f"These bytes differ: {it}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
