"""CONTRIBUTING.md and SECURITY.md: the files and the tests that they name exist."""

import re

import pytest
from local import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
SECURITY = (ROOT / "SECURITY.md").read_text()
FOLDERS = ("src", "dev", "tests", "docs", "events", "scripts")

TESTS = [
    (file, function)
    for row in SECURITY.partition("## Threat model")[2].splitlines()
    for group in row.rpartition(" | ")[2].split(";")
    for file, *functions in [re.findall(r"`([^`]+)`", group) or [""]]
    for function in functions
]
"""The tests of the threat model, each with its file."""


@pytest.mark.parametrize("page", [CONTRIBUTING, SECURITY], ids=["CONTRIBUTING.md", "SECURITY.md"])
def test_every_file_exists(page: str):
    """Paths in backticks that begin with a folder of the repository."""
    named = set(re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`", page))
    assert len(named) > 10
    assert {it for it in named if not (ROOT / it).exists()} == set()


def test_every_module_of_the_map_exists():
    """In the table of `src/`."""
    table = CONTRIBUTING.partition("| module | task |")[2].partition("\n\n")[0]
    named = {it for row in table.splitlines()[2:] for it in re.findall(r"`([^`]+)`", row.split("|")[1])}
    assert len(named) > 10
    assert {it for it in named if not (ROOT / "src" / it).exists()} == set()


@pytest.mark.parametrize(("file", "function"), TESTS)
def test_every_test_of_the_threat_model_exists(file: str, function: str):
    """By its name, in the file that is named."""
    assert re.search(rf"\b(?:fn|def) {function}\(", (ROOT / file).read_text())


def test_the_threat_model_names_tests():
    """Else the test above would be none."""
    assert len(TESTS) > 40
