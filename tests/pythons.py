"""Which Python runs the programs that people run without installing anything."""

import re
import sys
from pathlib import Path


def oldest_python() -> Path:
    """The oldest Python from 3.9 on, of pyenv or else our own."""
    found = []
    for python in Path.home().glob(".pyenv/versions/3.*/bin/python"):
        version = tuple(int(part) for part in re.findall(r"\d+", python.parts[-3]))
        if version >= (3, 9):
            found.append((version, python))
    return min(found)[1] if found else Path(sys.executable)


PYTHON = oldest_python()
