"""The undo file: what a run changed. Written before each change, it is right after a kill at any moment.

Each line is a JSON object. The first says which ZStack it was. Every other line begins a step (`do`), or says
how it ended: `done`, `not_done` if ZStack refused, `undone` if it was taken back. A step without an end may
have happened, or may still happen, so whoever takes it back looks first. No secret is in it.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from .steps import KINDS, Entry

BEGINNING = '{"file": "zstack-undo"'
"""Of every undo file."""


class Unusable(Exception):
    """It is not an undo file. The text is the line's number; 0 if it cannot be read at all."""


class UndoFile:
    """The file of one run. It appears with the first change."""

    def __init__(self, root: str, path: Path | None = None):
        name = f"zstack-undo-{datetime.now():%Y%m%d-%H%M%S}-{os.getpid()}.jsonl"
        self.path = path or Path(name)
        self._first = {"file": "zstack-undo", "version": 1, "zstack": root}
        self._file: Any = None
        self._steps = 0
        self._not_done = 0

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to take back."""
        return self._steps > self._not_done

    def writable(self) -> None:
        """Raise `OSError` if the file cannot be made here."""
        if self.path.exists():
            raise FileExistsError(17, "File exists", str(self.path))
        if not self.path.parent.is_dir():
            raise FileNotFoundError(2, "No such file or directory", str(self.path.parent))
        if not os.access(self.path.parent, os.W_OK):
            raise PermissionError(13, "Permission denied", str(self.path.parent))

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is None:
            # Only for its owner, and never over the file of another run.
            opened = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            self._file = os.fdopen(opened, "w", encoding="utf-8")
            self._write(self._first)
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def begin(self, entry: Entry) -> int:
        """Write a step down before it is done. The result is its number."""
        self._write({"do": self._steps + 1, **entry})
        self._steps += 1
        return self._steps

    def end(self, number: int, done: bool, **more: Any) -> None:
        """Write down how it ended."""
        self._not_done += not done
        self._write({"done" if done else "not_done": number, **more})


class Undoing:
    """An undo file while its steps are taken back. It raises `OSError` if the file cannot be written."""

    def __init__(self, path: Path):
        self._file = path.open("r+b")
        # A kill left half a line, which says nothing. Together with the next one it would be wrong.
        self._file.seek(self._file.read().rfind(b"\n") + 1)
        self._file.truncate()

    def undone(self, entry: Entry) -> None:
        """Write down that a step was taken back, so that it is not taken back again after a later run."""
        self._file.write(json.dumps({"undone": entry["do"]}).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def read(path: Path) -> tuple[str, list[Entry]]:
    """The address of ZStack, and the steps to take back, the last one first."""
    try:
        written = path.read_bytes()
        if not written.startswith(BEGINNING.encode()[: len(written)]):
            raise Unusable(1)
        # A kill can leave half a line, or half a character. Its step has not begun.
        whole = written[: written.rfind(b"\n") + 1].decode().split("\n")[:-1]
    except (OSError, UnicodeError) as error:
        raise Unusable(0) from error
    if not whole:
        return "", []
    root, steps = "", {}
    for number, line in enumerate(whole, 1):
        try:
            found = json.loads(line)
            if number == 1:
                if found["file"] != "zstack-undo" or found["version"] != 1:
                    raise Unusable(1)
                root = str(found["zstack"])
            elif "do" in found:
                if found["kind"] not in KINDS or not isinstance(found["uuid"], str):
                    raise Unusable(number)
                steps[found["do"]] = found
            elif "done" in found:
                steps[found["done"]].update({key: it for key, it in found.items() if key != "done"})
            else:
                steps.pop(found["not_done"] if "not_done" in found else found["undone"], None)
        except (ValueError, KeyError, TypeError):
            raise Unusable(number) from None
    return root, list(reversed(list(steps.values())))
