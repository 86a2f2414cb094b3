"""`make instructions`: compare the instructions that a message costs with the committed figures.

callgrind counts instructions, so the figures do not depend on the load of the machine. They depend on the
compiler, so its version is committed with them.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIGURES = ROOT / "dev/bench/translation/instructions.json"
TIMES = 100
MARGIN = 0.05
"""More than the committed figure by this part is a failure."""


def build() -> Path:
    """Build the program like the functions, in the release profile, and from the same objects."""
    command = ["cargo", "lambda", "build", "--release", "--package", "bench-translation"]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    if subprocess.run(command, cwd=ROOT, env=environment).returncode:
        sys.exit("The program to measure cannot be built; the output of the compiler is above.")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "lambda/bench-translation/bootstrap"


def instructions(program: Path, kind: str, times: int) -> int:
    """The instructions for this many messages, the start of the program included."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", program, kind]
        run = subprocess.run([*command, str(times)], capture_output=True, text=True)
        counted = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or not counted:
        sys.exit(f"callgrind could not count {kind}:\n{run.stderr}")
    return int(counted[1])


def main() -> int:
    """Count, then compare or write."""
    parser = argparse.ArgumentParser(prog="make instructions", description=__doc__)
    parser.add_argument("--write", action="store_true", help="make these the committed figures")
    options = parser.parse_args()
    try:
        subprocess.run(["valgrind", "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        sys.exit("This needs valgrind: apt-get install valgrind")
    program = build()
    committed = json.loads(FIGURES.read_text())
    compiler = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    figures, worse = {}, []
    for kind, before in committed["kinds"].items():
        now = (instructions(program, kind, 1 + TIMES) - instructions(program, kind, 1)) // TIMES
        figures[kind] = now
        change = now / before - 1 if before else 0
        print(f"    {kind:26} {now:8} instructions  {change:+6.1%}")
        if change > MARGIN:
            worse.append(f"{kind} costs {now} instructions, {change:.1%} more than the committed {before}")
    if options.write:
        FIGURES.write_text(json.dumps({"compiler": compiler, "kinds": figures}, indent=2) + "\n")
        return 0
    if worse:
        print(*worse, sep="\n", file=sys.stderr)
        if compiler != committed["compiler"]:
            print(f"This is {compiler}; the figures are of {committed['compiler']}.", file=sys.stderr)
        print("Make it cheaper; or say why in the change, and: make instructions WRITE=1", file=sys.stderr)
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())
