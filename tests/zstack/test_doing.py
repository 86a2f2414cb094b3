"""A step that ZStack refuses: what the undo file has then."""

import json
from pathlib import Path

import pytest
from terminal import Terminal
from zstack.api import Api, Refused, Unreachable
from zstack.setup.doing import Doing
from zstack.setup.model import step
from zstack.setup.printing import Printer
from zstack.setup.steps import GONE, Kind
from zstack.setup.texts import TEXTS
from zstack.setup.undo import UndoFile, read

STEP = step("recovery", "00d9435038505e5f90af167cfacbf611", "Host CPU")
LOST = Unreachable("lost")


@pytest.mark.parametrize(
    ("code", "after", "outcome", "end"),
    [
        # A double: another run was faster, and has it in its undo file.
        ("SYS.1006", True, "already", "not_done"),
        ("SYS.1007", True, "already", "not_done"),
        # ZStack did it, and says that it took too long.
        ("SYS.1001", True, "done", "done"),
        # It may still do it.
        ("SYS.1001", False, Refused, None),
        ("SYS.1000", False, Refused, None),
        ("SYS.1006", False, Refused, "not_done"),
        ("SYS.1003", GONE, "gone", "not_done"),
        # Nobody knows, so undo has to look.
        ("SYS.1001", LOST, Refused, None),
    ],
)
def test_a_refusal_is_not_done_only_if_it_is_seen(
    tmp_path: Path, code: str, after: object, outcome: object, end: str | None
):
    """A change that was made stays in the undo file."""
    looks = iter([False, after])

    def holds(_api: Api, _it: dict) -> bool | None:
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found

    def do(_api: Api, _it: dict) -> None:
        raise Refused(503, code)

    file = UndoFile("http://192.0.2.20:8080/zstack/v1", tmp_path / "undo")
    doing = Doing(Api("192.0.2.20"), Printer(Terminal(TEXTS, "en"), verbose=False))
    kind = Kind(holds, do, do)
    if outcome is Refused:
        with pytest.raises(Refused) as refused:
            doing.take(STEP, kind, file)
        assert refused.value.code == code
    else:
        assert doing.take(STEP, kind, file) == outcome
    lines = [json.loads(it) for it in file.path.read_text().splitlines()]
    assert [*lines[2:]] == ([{end: 1}] if end else [])
    assert len(read(file.path)[1]) == (0 if end == "not_done" else 1)


def test_control_characters_are_not_shown():
    """Neither of a name in ZStack, nor of somebody's words."""
    terminal = Terminal(TEXTS, "en")
    for shown in (terminal.words, Printer(terminal, verbose=False).name):
        assert shown("a\x1b[2K\x9b2J\u202eb\r\n主机\u3000c") == "a [2K 2J b 主机 c"
    terminal.secrets.add("a\x00secret-of-sixteen")
    assert terminal.words("is a\x00secret-of-sixteen") == "(not shown, because a secret is in it)"
