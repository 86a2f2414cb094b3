"""A Markdown file as its readers have it: headings, tables, links, and the commands to paste."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from urllib.parse import unquote

from local import ROOT
from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable("table")

NEEDS_AWS = "<!-- needs AWS -->"
"""Stands before a block that cannot be run without an account."""


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    file: str
    line: int
    language: str
    text: str
    needs_aws: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Heading:
    """A heading, and where a link to it leads."""

    level: int
    text: str
    anchor: str


class Document:
    """One file, by its path in the repository."""

    def __init__(self, name: str):
        self.name = name
        self.path = ROOT / name
        self.text = self.path.read_text()
        self.tokens: list[Token] = PARSER.parse(self.text)

    @cached_property
    def blocks(self) -> list[Block]:
        """Every fenced block."""
        blocks, before = [], None
        for token in self.tokens:
            if token.type == "fence":
                marked = before is not None and before.content.strip() == NEEDS_AWS
                blocks.append(Block(self.name, token.map[0] + 1, token.info.strip(), token.content, marked))
            before = token
        return blocks

    @property
    def commands(self) -> list[Block]:
        """Those that people paste into a shell."""
        return [block for block in self.blocks if block.language == "sh"]

    @cached_property
    def headings(self) -> list[Heading]:
        """Every heading, with the anchors that GitHub gives them."""
        headings, seen = [], Counter[str]()
        for opening, inline in zip(self.tokens, self.tokens[1:], strict=False):
            if opening.type == "heading_open":
                text = inline.content
                anchor = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
                suffix = f"-{seen[anchor]}" if seen[anchor] else ""
                seen[anchor] += 1
                headings.append(Heading(int(opening.tag[1:]), text, anchor + suffix))
        return headings

    @cached_property
    def links(self) -> list[str]:
        """Where every link leads, and where every picture is."""
        inline = (child for token in self.tokens for child in token.children or [])
        attributes = {"link_open": "href", "image": "src"}
        leading = (child for child in inline if child.type in attributes)
        return [unquote(str(child.attrs[attributes[child.type]])) for child in leading]

    def section(self, heading: str) -> str:
        """The text under a heading, up to the next one of its level or above."""
        [found] = [it for it in self.headings if it.text == heading]
        beginning = f"{'#' * found.level} {heading}\n"
        text = self.text[self.text.index(f"\n{beginning}") + len(beginning) + 1 :]
        return re.split(rf"(?m)^#{{1,{found.level}}} ", text)[0]


@cache
def document(name: str) -> Document:
    """A document that is read once."""
    return Document(name)


NOT_OURS = {"node_modules", "target"}
"""Folders with documents of others; those that begin with a dot have them, too."""


def every_name() -> list[str]:
    """Every Markdown file of the repository."""
    found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    ours = (it for it in found if not any(part[0] == "." or part in NOT_OURS for part in it.parts))
    return sorted(map(str, ours))


CHINESE = ".zh-CN.md"

TWINS = {name.replace(CHINESE, ".md"): name for name in every_name() if name.endswith(CHINESE)}
"""Every document in both languages: the English one, and the Chinese one."""


def twins(name: str) -> list[Document]:
    """A page in both languages."""
    return [document(name), document(TWINS[name])]


def section_of_both(page: Document, heading: str) -> str:
    """A section by its English heading, in either language: test_languages.py compares their order."""
    english = document(page.name.replace(CHINESE, ".md"))
    [place] = [number for number, it in enumerate(english.headings) if it.text == heading]
    return page.section(page.headings[place].text)


def tables(text: str) -> list[list[list[str]]]:
    """Every table: its rows, the first of them the head, and their cells as they are written."""
    found: list[list[list[str]]] = []
    cell = False
    for token in PARSER.parse(text):
        match token.type:
            case "table_open":
                found.append([])
            case "tr_open":
                found[-1].append([])
            case "th_open" | "td_open":
                cell = True
            case "inline" if cell:
                found[-1][-1].append(token.content)
                cell = False
    return found


def code(text: str) -> list[str]:
    """Everything in backticks, but for fenced blocks."""
    inline = (child for token in PARSER.parse(text) for child in token.children or [])
    return [child.content for child in inline if child.type == "code_inline"]


def resolve(document: Document, link: str) -> tuple[Path, str]:
    """The file that a relative link leads to, and the anchor in it."""
    file, _, anchor = link.partition("#")
    return ((document.path.parent / file).resolve() if file else document.path), anchor
