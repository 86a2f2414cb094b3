"""A step that ZStack refuses: what the undo file has then."""
# ruff: noqa: RUF001 (Chinese has punctuation of its own)

import json
from pathlib import Path

import pytest
from terminal import Terminal
from zstack.api import Api, Refused, Unreachable
from zstack.explained import explained
from zstack.setup.doing import Doing, Failed
from zstack.setup.model import Stop, step
from zstack.setup.printing import Printer
from zstack.setup.steps import GONE, KINDS, Kind
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


OVER = (503, {"error": {"code": "ID.1001", "details": "the session has ended"}})
OFF = (200, {"inventories": [{"uuid": STEP.uuid, "enableRecovery": False}]})


@pytest.mark.parametrize(
    ("change", "look", "end"),
    [
        # ZStack does nothing without a session, and can then not be asked either.
        (OVER, OVER, "not_done"),
        (Unreachable("connect", "Connection refused"), OVER, "not_done"),
        (Unreachable("tls", "expired"), OVER, "not_done"),
        # It may have arrived.
        (Unreachable("lost", "reset", maybe=True), Unreachable("connect"), None),
        # It was done, and only the look that follows it failed.
        ((200, {}), OVER, None),
        ((200, {}), Unreachable("connect"), None),
    ],
)
def test_a_change_that_certainly_did_not_happen_has_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: object, look: object, end: str | None
):
    """The administrator then does it by hand, and undo must not take that back."""
    answers = {"PUT": change, "GET": OFF}

    def sent(method: str, *_: object, **__: object) -> object:
        answer = answers[method]
        if isinstance(answer, Exception):
            raise answer
        return answer

    api = Api("192.0.2.20", patience=0.01)
    monkeypatch.setattr(api, "_sent", sent)
    file = UndoFile(api.root, tmp_path / "undo")
    doing = Doing(api, Printer(Terminal(TEXTS, "en"), verbose=False))
    begin = file.begin

    def begun(it: dict) -> int:
        answers["GET"] = look
        return begin(it)

    monkeypatch.setattr(file, "begin", begun)
    with pytest.raises((Refused, Unreachable)):
        doing.take(STEP, KINDS["recovery"], file)
    lines = [json.loads(it) for it in file.path.read_text().splitlines()]
    assert lines[2:] == ([{end: 1}] if end else [])


def test_an_undo_file_that_cannot_be_written_stops_undo_before_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Otherwise one change would be taken back at each run, and not be counted."""
    undone = []
    monkeypatch.setitem(KINDS, "recovery", Kind(lambda *_: True, None, lambda _api, it: undone.append(it)))
    doing = Doing(Api("192.0.2.20"), Printer(Terminal(TEXTS, "en"), verbose=False))
    with pytest.raises(Stop) as stop:
        doing.take_back(tmp_path / "gone", [{"do": 1, "kind": "recovery", "uuid": "1", "name": "x"}])
    assert (stop.value.text, stop.value.fields["why"]) == ("undo_impossible", "No such file or directory")
    assert undone == []


def test_a_change_is_counted_although_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    """It was taken back."""
    file = UndoFile("http://192.0.2.20:8080/zstack/v1", tmp_path / "undo")
    for _ in range(2):
        file.begin({"kind": "recovery", "uuid": "1", "name": "x"})
    monkeypatch.setitem(KINDS, "recovery", Kind(lambda *_: True, None, lambda *_: None))
    doing = Doing(Api("192.0.2.20"), Printer(Terminal(TEXTS, "en"), verbose=False))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("zstack.setup.undo.os.fsync", full)
    with pytest.raises(Failed) as failed:
        doing.take_back(file.path, read(file.path)[1])
    assert str(failed.value).startswith("Stopped after 1 of 2.")
    assert "cannot be written: No space left on device" in capsys.readouterr().out


def test_control_characters_are_not_shown():
    """Neither of a name in ZStack, nor of somebody's words."""
    terminal = Terminal(TEXTS, "en")
    for shown in (terminal.words, Printer(terminal, verbose=False).name):
        assert shown("a\x1b[2K\x9b2J\u202eb\r\n主机\u3000c") == "a [2K 2J b 主机 c"
    terminal.secrets.add("a\x00secret-of-sixteen")
    assert terminal.words("is a\x00secret-of-sixteen") == "(not shown, because a secret is in it)"


def test_what_is_not_shown_is_said_in_one_language():
    """Also where the API has hidden it already."""
    api, terminal = Api("192.0.2.20"), Terminal(TEXTS, "zh")
    api.secrets.add("secret-of-sixteen")
    error = Refused(503, "SYS.1006", reason=api.clean("no secret-of-sixteen"))
    assert "SYS.1006 （含有机密，不显示）" in explained(terminal, error, api)[0]
