"""docs/zstack.md: its tables are the catalogue's. Its program is tested in tests/zstack."""

import json
import re
from functools import cache

import pytest
from documents import Document, code, section_of_both, tables, twins
from test_facts import CATALOGUE, TEMPLATE, everything

IN_ZSTACK = twins("docs/zstack.md")

# Between names in a cell, in both languages.
COMMA, SEMICOLON = r"(?:, |\N{FULLWIDTH COMMA})", r"; |\N{FULLWIDTH SEMICOLON}"

NAMED = re.compile(rf"`(\w+)` (.+?)(?:{COMMA}(.+))?")
"""An event in a table: its id, its Chinese name, and its English one where it has one."""

BLOCKS = [block for document in IN_ZSTACK for block in document.commands]

in_both_languages = pytest.mark.parametrize("document", IN_ZSTACK, ids=lambda it: it.name)


@cache
def catalogue() -> list[dict]:
    """All events that ZStack is known to send."""
    return json.loads(CATALOGUE.read_text())


def rows(document: Document, heading: str) -> list[list[str]]:
    """The table of the section with this English heading, without the head."""
    [table] = tables(section_of_both(document, heading))
    return table[1:]


def event(name: str) -> dict:
    """An entry of the catalogue."""
    [found] = [it for it in catalogue() if it["name"] == name]
    return found


def checked(cell: str) -> str:
    """The event in a cell; its names are the catalogue's."""
    name, chinese, english = NAMED.fullmatch(cell).groups()
    assert (chinese, english) == (event(name)["zh"], event(name)["en"])
    return name


def ends_itself(entry: dict) -> bool:
    """A state with one side only is none."""
    return bool(entry["state"] and entry["state"]["problem"] and entry["state"]["over"])


@in_both_languages
def test_pairs_are_the_catalogues(document: Document):
    """Each once, by both entries."""
    pairs = [(checked(row[0]), checked(row[1])) for row in rows(document, "Events that another event ends")]
    assert len(pairs) == len(set(pairs)) > 5
    assert set(pairs) == {(it["name"], back) for it in catalogue() for back in it["undone_by"]}
    assert set(pairs) == {(problem, it["name"]) for it in catalogue() for problem in it["undoes"]}


def test_pairs_are_as_sure_in_both_languages():
    """Who pairs them, and what is preset: one word of the other language for each."""
    both = [rows(document, "Events that another event ends") for document in IN_ZSTACK]
    said = {tuple(zip(one[2:], other[2:], strict=True)) for one, other in zip(*both, strict=True)}
    for column in range(2):
        words = {pair[column] for pair in said}
        assert len(words) == len({one for one, _ in words}) == len({other for _, other in words}), words
    assert {("inferred" in one, "推断" in other) for (one, other), _ in said} == {
        (True, True),
        (False, False),
    }


@in_both_languages
def test_states_are_the_catalogues(document: Document):
    """Each event, its label, and the values on both sides."""
    found = {}
    for events, label, problem, over in rows(document, "Events that report their own end"):
        for cell in re.split(SEMICOLON, events):
            found[checked(cell)] = (code(label), code(problem), code(over))
    expected = {}
    for entry in filter(ends_itself, catalogue()):
        state = entry["state"]
        # A field is there or not, which is said in words.
        sides = [[], []] if state["label"] == "EVENT_ERROR" else [state["problem"], state["over"]]
        expected[entry["name"]] = ([state["label"]], *sides)
    assert found == expected


@in_both_languages
def test_what_nothing_ends_is_counted(document: Document):
    """And what is named there is of that kind."""
    text = section_of_both(document, "Events that nothing ends").split("\n\n- ")[0]
    endless = {it["name"] for it in catalogue() if not (it["undone_by"] or it["undoes"] or ends_itself(it))}
    assert {int(it) for it in re.findall(r"\d+", text)} == {len(endless), len(catalogue())}
    named = code(text)
    assert len(named) > 3
    assert set(named) <= endless


@in_both_languages
def test_every_name_exists(document: Document):
    """In the catalogue, in the template, in our code, or in a command of this page."""
    known = "\n".join([CATALOGUE.read_text(), str(TEMPLATE), everything(), *(it.text for it in BLOCKS)])
    spans = " ".join(code(document.text))
    names = set(re.findall(r"\b(?=\w*[a-z_])[A-Z][a-z]*[A-Z_]\w*\b", spans)) - {
        "LogInByAccount",
        "QueryAlarm",
        "UpdateAlarm",
    }
    assert len(names) > 20
    assert {name for name in names if not re.search(rf"\b{name}\b", known)} == set()
