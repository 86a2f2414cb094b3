"""The documents that exist in both languages: the same content, as far as a machine can tell."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from documents import TWINS, Block, Document, code, document, every_name, resolve, tables
from local import ROOT
from shell import commands, lines, words

IN_ENGLISH = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/chaos.md",
    "docs/performance.md",
    "docs/runbook.md",
}
"""For contributors and operators; docs/protocols are for whoever reads the code."""

CREATE_AN_ENDPOINT = ["平台运维 → 云平台监控 → 通知对象 → 创建通知对象", "Webhook", "发送测试消息"]

CONSOLE = {
    ("README.zh-CN.md", "让 ZStack 发送到这里"): [*CREATE_AN_ENDPOINT, "报警恢复通知"],
    ("docs/deploying.zh-CN.md", "用 make"): [*CREATE_AN_ENDPOINT, "报警恢复通知"],
    ("docs/zstack.zh-CN.md", "通知对象"): ["平台运维 → 云平台监控 → 通知对象", "Webhook", "发送测试消息"],
    ("docs/zstack.zh-CN.md", "报警恢复通知"): ["报警器", "报警恢复通知"],
    ("docs/zstack.zh-CN.md", "没有什么来结束的事件"): ["协作空间", "超时自动关闭"],
}
"""What ZStack's and Flashduty's consoles call things, in the order in which they are needed."""


@pytest.fixture(params=TWINS.items(), ids=TWINS)
def twins(request: pytest.FixtureRequest) -> tuple[Document, Document]:
    """The English one, and the Chinese one."""
    english, chinese = request.param
    return document(english), document(chinese)


@pytest.fixture
def english(twins: tuple[Document, Document]) -> Document:
    """The first of the twins."""
    return twins[0]


@pytest.fixture
def chinese(twins: tuple[Document, Document]) -> Document:
    """The second of the twins."""
    return twins[1]


def test_every_user_page_has_a_twin():
    """Whoever writes another page decides who reads it."""
    others = set(every_name()) - IN_ENGLISH - {*TWINS, *TWINS.values()}
    assert {it for it in others if not it.startswith("docs/protocols/")} == set()


def test_each_begins_with_a_link_to_the_other(english: Document, chinese: Document):
    """For whoever opened the wrong one."""
    assert resolve(english, english.links[0]) == (chinese.path, "")
    assert resolve(chinese, chinese.links[0]) == (english.path, "")


def test_the_sections_are_the_same(english: Document, chinese: Document):
    """By their levels, in order; and every title is translated, but the project's name."""
    assert [it.level for it in english.headings] == [it.level for it in chinese.headings]
    both = zip(english.headings[1:], chinese.headings[1:], strict=True)
    assert [one.text for one, other in both if one.text == other.text] == []


def test_the_commands_are_the_same(english: Document, chinese: Document):
    """Word for word, but for comments. Chinese readers deploy in Chinese."""

    def text(block: Block) -> str:
        return block.text.replace("Language=zh-CN ", "")

    def plain(document: Document) -> list[tuple[bool, list[list[str]]]]:
        return [(it.needs_aws, [words(line) for line in lines(text(it))]) for it in document.commands]

    assert plain(english) == plain(chinese)
    assert [commands(text(it)) for it in english.commands] == [commands(text(it)) for it in chinese.commands]
    assert ("make deploy" in chinese.text) <= (
        "Language=zh-CN" in chinese.text or english.name != "README.md"
    )


def test_the_other_blocks_are_there(english: Document, chinese: Document):
    """In the same places; drawings are translated, and so is `message` in JSON. The rest of it is not."""
    assert [it.language for it in english.blocks] == [it.language for it in chinese.blocks]

    def text(block: Block) -> str:
        # tests/relay/documents.rs compares it with the program's.
        return re.sub(r'"message": "[^"]*"', '"message": "…"', block.text)

    json = [[text(it) for it in document.blocks if it.language == "json"] for document in (english, chinese)]
    assert json[0] == json[1]


def test_the_tables_are_the_same(english: Document, chinese: Document):
    """Row for row: the same words in backticks, the same prices."""
    both = tables(english.text), tables(chinese.text)
    shapes = [[[len(row) for row in table] for table in one] for one in both]
    assert shapes[0] == shapes[1]
    for one, other in zip(*both, strict=True):
        for english_row, chinese_row in zip(one[1:], other[1:], strict=True):
            names = [Counter(code("|".join(row))) for row in (english_row, chinese_row)]
            assert names[0] == names[1], (english_row, chinese_row)
            if english_row[-1][:1].isdigit() and english_row[-1].replace(".", "").isdigit():
                assert english_row[-1] == chinese_row[-1]


def test_the_lists_are_the_same(english: Document, chinese: Document):
    """As many steps and points, each as deep."""

    def items(document: Document) -> list[tuple[str, int]]:
        return [(it.markup, it.level) for it in document.tokens if it.type == "list_item_open"]

    assert items(english) == items(chinese)


def test_the_links_are_the_same(english: Document, chinese: Document):
    """Section by section; to a document with a twin, to the same section of the reader's own language."""

    def place(source: Document, link: str) -> object:
        if urlsplit(link).scheme:
            return link
        path, anchor = resolve(source, link)
        name = str(path.relative_to(ROOT))
        others = TWINS if source is chinese else TWINS.values()
        assert name not in others, f"{source.name} sends its readers to {name}"
        if name not in {*TWINS, *TWINS.values()} or not anchor:
            return _english(name), anchor
        return _english(name), [it.anchor for it in document(name).headings].index(anchor)

    both = [Counter(place(it, link) for link in it.links[1:]) for it in (english, chinese)]
    assert both[0] == both[1]


def test_what_is_named_in_one_is_named_in_the_other(english: Document, chinese: Document):
    """Everything in backticks that is a name: of a variable, a metric, an alarm, a file."""

    def names(document: Document) -> set[str]:
        return {
            span for span in code(document.text) if span.isascii() and " " not in span and "…" not in span
        }

    assert names(english) ^ names(chinese) == set()


@pytest.mark.parametrize(("name", "section"), CONSOLE, ids=lambda it: Path(it).name)
def test_the_chinese_one_uses_the_consoles_words(name: str, section: str):
    """In the section in which they are needed, in this order."""
    text = document(name).section(section)
    places = [text.find(word) for word in CONSOLE[name, section]]
    assert -1 not in places
    assert places == sorted(places)


def test_the_chinese_one_is_chinese(chinese: Document):
    """Paragraph by paragraph: one that was forgotten has no Chinese in it."""
    inline = [token.content for token in chinese.tokens if token.type == "inline" and token.level < 3]
    prose = [text for text in inline if len(text) > 40 and not urlsplit(text).scheme]
    assert [text for text in prose if sum("一" <= it <= "鿿" for it in text) < len(text) / 10] == []


def _english(name: str) -> str:
    """A document's name, that of its English twin where it is the Chinese one."""
    return next((english for english, chinese in TWINS.items() if chinese == name), name)
