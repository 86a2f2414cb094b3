"""Documents in both languages: the same content, as far as a machine can tell."""

from collections import Counter
from urllib.parse import urlsplit

import pytest
from documents import Document, code, resolve, tables
from local import ROOT
from shell import commands, lines, words

PAIRS = [
    (Document(f"{name}.md"), Document(f"{name}.zh-CN.md")) for name in ("README", "docs/templates/README")
]

in_both = pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=[it.name for it, _ in PAIRS])
in_chinese = pytest.mark.parametrize("chinese", [it for _, it in PAIRS], ids=lambda it: it.name)

CONSOLE = ["平台运维 → 云平台监控 → 通知对象 → 创建通知对象", "Webhook", "发送测试消息"]
"""What ZStack's console calls things, in the order in which they are needed."""


@in_both
def test_each_begins_with_a_link_to_the_other(english: Document, chinese: Document):
    """For whoever opened the wrong one."""
    assert resolve(english, english.links[0]) == (chinese.path, "")
    assert resolve(chinese, chinese.links[0]) == (english.path, "")


@in_both
def test_the_sections_are_the_same(english: Document, chinese: Document):
    """By their levels, in order; and every title is translated, but the project's name."""
    assert [it.level for it in english.headings] == [it.level for it in chinese.headings]
    both = zip(english.headings[1:], chinese.headings[1:], strict=True)
    assert [one.text for one, other in both if one.text == other.text] == []


@in_both
def test_the_commands_are_the_same(english: Document, chinese: Document):
    """Word for word, but for comments."""

    def plain(document: Document) -> list[tuple[bool, list[list[str]]]]:
        return [(it.needs_aws, [words(line) for line in lines(it.text)]) for it in document.commands]

    assert plain(english) == plain(chinese)
    assert [commands(it.text) for it in english.commands] == [commands(it.text) for it in chinese.commands]


@in_both
def test_the_other_blocks_are_there(english: Document, chinese: Document):
    """In the same places; drawings are translated, JSON is not."""
    assert [it.language for it in english.blocks] == [it.language for it in chinese.blocks]
    json = [[it.text for it in document.blocks if it.language == "json"] for document in (english, chinese)]
    assert json[0] == json[1]


@in_both
def test_the_tables_are_the_same(english: Document, chinese: Document):
    """Row for row: the same words in backticks, the same prices."""
    both = tables(english.text), tables(chinese.text)
    shapes = [[[len(row) for row in table] for table in one] for one in both]
    assert shapes[0] == shapes[1]
    for one, other in zip(*both, strict=True):
        for row, twin in zip(one[1:], other[1:], strict=True):
            assert Counter(code("|".join(row))) == Counter(code("|".join(twin))), (row, twin)
            if row[-1][:1].isdigit() and row[-1].replace(".", "").isdigit():
                assert row[-1] == twin[-1]


@in_both
def test_the_lists_are_the_same(english: Document, chinese: Document):
    """As many steps and points, each as deep."""

    def items(document: Document) -> list[tuple[str, int]]:
        return [(it.markup, it.level) for it in document.tokens if it.type == "list_item_open"]

    assert items(english) == items(chinese)


@in_both
def test_the_links_are_the_same(english: Document, chinese: Document):
    """To the same file and section; where that file has a Chinese twin, to the twin."""

    def place(document: Document, link: str) -> object:
        if urlsplit(link).scheme:
            return link
        file, anchor = resolve(document, link)
        ours = [pair[document is chinese].path for pair in PAIRS]
        there = ours.index(file) if file in ours else file
        if not anchor:
            return there
        return there, [it.anchor for it in Document(str(file.relative_to(ROOT))).headings].index(anchor)

    links = [Counter(place(it, link) for link in it.links[1:]) for it in (english, chinese)]
    assert links[0] == links[1]


@in_both
def test_what_is_named_in_one_is_named_in_the_other(english: Document, chinese: Document):
    """Everything in backticks that is a name: of a variable, a metric, an alarm, a file."""

    def names(document: Document) -> set[str]:
        return {
            span for span in code(document.text) if span.isascii() and " " not in span and "…" not in span
        }

    assert names(english) ^ names(chinese) == set()


def test_the_chinese_one_uses_the_consoles_words():
    """In the step in which they are needed, in this order."""
    deploying = Document("README.zh-CN.md").section("部署")
    places = [deploying.find(word) for word in CONSOLE]
    assert -1 not in places
    assert places == sorted(places)


@in_chinese
def test_the_chinese_one_is_chinese(chinese: Document):
    """Paragraph by paragraph: one that was forgotten has no Chinese in it."""
    inline = [token.content for token in chinese.tokens if token.type == "inline" and token.level < 3]
    prose = [text for text in inline if len(text) > 40 and not urlsplit(text).scheme]
    assert [text for text in prose if sum("一" <= it <= "鿿" for it in text) < len(text) / 10] == []
