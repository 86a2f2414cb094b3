"""The pages in a release, which has no `make`: a page that names it says what else to do."""

import re

import pytest
from cloud import bundle
from documents import CHINESE, PARSER, Document, code, document, resolve
from local import ROOT
from shell import commands

INSTEAD = ("docs/deploying.md", "Secrets and parameters without make")
"""The section that says what else to do."""

EXEMPT = [INSTEAD, ("docs/deploying.md", "With make")]
"""The other one is for those who have `make`."""

PAGES = [str(it.relative_to(ROOT)) for it in bundle.pages() if it.suffix == ".md" and it.stem != "CHANGELOG"]


def english(name: str) -> Document:
    """The page in English."""
    return document(name.replace(CHINESE, ".md"))


def sections(page: Document) -> list[tuple[str, str]]:
    """The text under each heading, with the heading in English."""
    lines = page.text.splitlines()
    starts = [token.map[0] for token in page.tokens if token.type == "heading_open"]
    texts = ["\n".join(lines[start:end]) for start, end in zip(starts, [*starts[1:], None], strict=True)]
    return list(zip([it.text for it in english(page.name).headings], texts, strict=True))


def with_make(text: str) -> list[str]:
    """The commands that only a checkout has: those to paste, and those in the text that have a variable."""
    blocks = [it.content for it in PARSER.parse(text) if it.type == "fence" and it.info == "sh"]
    pasted = [" ".join(it) for block in blocks for it in commands(block)]
    named = [it for it in code(text) if "=" in it]
    return [it for it in pasted + named if re.match("make (secrets|deploy)", it)]


def says_what_else(page: Document, text: str) -> bool:
    """Whether the text has a link to the section, in the language of the page."""
    [place] = [number for number, it in enumerate(document(INSTEAD[0]).headings) if it.text == INSTEAD[1]]
    twin = document(INSTEAD[0].replace(".md", CHINESE if page.name.endswith(CHINESE) else ".md"))
    links = [resolve(page, it) for it in re.findall(r"]\(([^):]+)\)", text)]
    return (twin.path, twin.headings[place].anchor) in links


@pytest.mark.parametrize("name", PAGES)
def test_a_command_of_make_stands_beside_what_to_do_without(name: str):
    """In the same section: a link, or the command of the AWS CLI."""
    page = document(name)
    alone = [
        (title, command)
        for title, text in sections(page)
        if (english(name).name, title) not in EXEMPT and not says_what_else(page, text)
        for command in with_make(text)
        if not ("make secrets" in command and "aws ssm put-parameter" in text)
    ]
    assert alone == []


def test_such_commands_are_found():
    """Else the test above would be no test."""
    found = {name for name in PAGES for _, text in sections(document(name)) if with_make(text)}
    both = ("README", "docs/deploying", "docs/settings")
    assert found == {f"{it}{end}" for it in both for end in (".md", CHINESE)} | {"docs/runbook.md"}


def test_no_secret_is_an_argument():
    """Every user of the machine can see those. `printf` is a part of the shell."""
    asked = [it for name in PAGES for block in document(name).commands for it in commands(block.text)]
    values = [it[it.index("--value") + 1] for it in asked if it[:3] == ["aws", "ssm", "put-parameter"]]
    assert len(values) == 6
    assert set(values) == {"file:///dev/stdin"}
