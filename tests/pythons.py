"""Which Python runs the programs that people run without installing anything."""

import re
import shutil
import sys
from pathlib import Path

OLDEST = (3, 9)
"""What these programs need."""


def oldest_python() -> Path:
    """The oldest Python from 3.9 on: one of pyenv's, `python3.9` on the PATH, or else our own."""
    found = [(sys.version_info[:2], Path(sys.executable))]
    if path := shutil.which("python{}.{}".format(*OLDEST)):
        found.insert(0, (OLDEST, Path(path)))
    # First, because `python3.9` may be pyenv's, which refuses to start a version that is not chosen.
    for python in Path.home().glob(".pyenv/versions/3.*/bin/python"):
        version = tuple(int(part) for part in re.findall(r"\d+", python.parts[-3])[:2])
        if version >= OLDEST:
            found.insert(0, (version, python))
    return min(found, key=lambda it: it[0])[1]


PYTHON = oldest_python()
