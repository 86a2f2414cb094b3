"""`make bundle`: a release that deploys itself, for one processor architecture, as a zip in zips/.

It holds the template with the built functions beside it. So `sam deploy` needs no build. The same commit
gives the same bytes, if compiler and machine are of the same kind.
"""

import argparse
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from . import ROOT, Failed, build, licences

CONTENTS = ROOT / "scripts/bundle"
"""What only a bundle has."""

PROGRAMS = {
    "doctor.py": ["terminal.py", "checks"],
    "zstack-setup.py": ["terminal.py", "zstack"],
    "zstack-resync.py": ["terminal.py", "zstack"],
}
"""The programs of scripts/ in a bundle, and what each of them needs there: files, or folders of modules."""

MODES = {"bootstrap": 0o755}
"""The permissions of files; 0644 for the others. Lambda cannot start a program that is not executable."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest date that a zip can have. The date of a file would make each bundle another one."""


def template(text: str, architecture: str) -> str:
    """Change the text of template.yaml: the functions are built, and for this architecture only.

    The parameter `Architecture` goes. If it stayed, an upgrade would keep the value that the stack had, and
    Lambda could not start the functions of another architecture.
    """
    for before, after, times in (
        # SAM and the AWS CLI upload a zip as it is, with its permissions. From a folder on Windows they would
        # be lost.
        (
            r"(?m)^    Metadata:\n      BuildMethod: .*\n      BuildProperties:\n        Binary: (\w+)\n"
            r"    Properties:\n",
            r"    Properties:\n      CodeUri: \1.zip\n",
            len(build.FUNCTIONS),
        ),
        (r"(?m)^    CodeUri: \.\n", "", 1),
        (r"(?m)^  Architecture:\n(    .*\n)+", "", 1),
        (r"(?m)^      Architecture: .*\n", "", 1),
        (r"Parameters: \[Architecture, ", "Parameters: [", 1),
        (r"\[!Ref Architecture\]", f"[{architecture}]", 1),
        (r"ReadmeUrl: README\.md", "ReadmeUrl: README.txt", 1),
    ):
        text, changed = re.subn(before, after, text)
        if changed != times:
            raise Failed(f"template.yaml has {changed} places like this, and not {times}: {before}")
    return text


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files, the same bytes each time."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix: else unzip ignores the permissions
            entry.external_attr = MODES.get(name, 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return written.getvalue()


def compiled(architecture: str, metadata: dict) -> dict[str, bytes]:
    """Compile the functions, and return a zip of each, as Lambda wants it."""
    command = ["cargo", "lambda", "build", "--release", "--locked"]
    # By default cargo-lambda builds for this machine's architecture.
    command += ["--target", build.TARGETS[architecture]]
    command += [word for name in build.FUNCTIONS for word in ("--bin", name)]
    if subprocess.run(command, cwd=ROOT, env=os.environ | build.ENVIRONMENT).returncode != 0:
        raise Failed("The build failed; the output of the compiler is above.")
    zips = {}
    for name in build.FUNCTIONS:
        program = Path(metadata["target_directory"]) / "lambda" / name / "bootstrap"
        if (found := build.built_for(program)) != architecture:
            raise Failed(f"{program} was built for {found or 'another processor'}, not for {architecture}.")
        zips[f"{name}.zip"] = zipped({"bootstrap": program.read_bytes()})
    return zips


def pages() -> list[Path]:
    """What the programs and the alarms point to, and what those pages point to; without pictures."""
    docs = (page for page in (ROOT / "docs").rglob("*") if page.suffix in (".md", ".txt", ".json"))
    return sorted([*ROOT.glob("*.md"), *docs])


def programs(*names: str) -> dict[str, bytes]:
    """These programs and what they need; without names, all programs."""
    scripts, found = ROOT / "scripts", {}
    for program in names or PROGRAMS:
        for it in (scripts / name for name in (program, *PROGRAMS[program])):
            for path in sorted(it.rglob("*.py")) if it.is_dir() else [it]:
                found[path.relative_to(scripts).as_posix()] = path.read_bytes()
    return found


def files(architecture: str, version: str, functions: dict[str, bytes]) -> dict[str, bytes]:
    """Every file of a bundle."""
    readme = (CONTENTS / "README.txt").read_text().format(version=version, architecture=architecture)
    return {
        "README.txt": readme.encode(),
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
        "LICENSES.txt": licences.text(build.TARGETS[architecture]).encode(),
        "template.yaml": template((ROOT / "template.yaml").read_text(), architecture).encode(),
        "samconfig.toml": (ROOT / "samconfig.toml").read_bytes(),
        **programs(),
        **{page.relative_to(ROOT).as_posix(): page.read_bytes() for page in pages()},
        **functions,
    }


def metadata() -> dict:
    """Cargo's description of the workspace."""
    command = ["cargo", "metadata", "--no-deps", "--locked", "--format-version", "1"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if asked.returncode != 0:
        raise Failed(f"{' '.join(command)} failed:\n{asked.stderr.strip()}")
    return json.loads(asked.stdout)


def run(architecture: str, output: Path) -> Path:
    """Build a bundle, and return its path."""
    build.require_architecture(architecture)
    build.require_tools(architecture, "bundle")
    cargo = metadata()
    [version] = [it["version"] for it in cargo["packages"] if it["name"] == "zstack-flashduty"]
    name = f"zstack-flashduty-{version}-{architecture}"
    print(f"==> Building {name} (minutes, the first time)", flush=True)
    content = files(architecture, version, compiled(architecture, cargo))
    output.mkdir(parents=True, exist_ok=True)
    bundle = output / f"{name}.zip"
    # In a folder of its own, so that `unzip` does not fill the current one.
    bundle.write_bytes(zipped({f"{name}/{path}": it for path, it in content.items()}))
    print(f"{bundle} ({bundle.stat().st_size / 1e6:.1f} MB). Next: unzip it, and read its README.txt.")
    return bundle


def main(arguments: list[str] | None = None) -> int:
    """Run it; the exit status is 0 if it succeeded."""
    parser = argparse.ArgumentParser(prog="make bundle", description=__doc__)
    parser.add_argument("--architecture", default=build.DEFAULT, help=f"{' or '.join(build.TARGETS)}")
    parser.add_argument("--output", type=Path, default=ROOT / "zips", help="folder to write it to (zips)")
    options = parser.parse_args(arguments)
    try:
        run(options.architecture, options.output)
        return 0
    except Failed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
