"""README in both languages: the same content, as far as a machine can tell."""

from collections import Counter
from urllib.parse import urlsplit

from documents import Document, code, tables
from shell import commands, lines, words

ENGLISH, CHINESE = Document("README.md"), Document("README.zh-CN.md")

CONSOLE = ["平台运维 → 云平台监控 → 通知对象 → 创建通知对象", "Webhook", "发送测试消息"]
"""What ZStack's console calls things, in the order in which they are needed."""


def test_each_begins_with_a_link_to_the_other():
    """For whoever opened the wrong one."""
    assert ENGLISH.links[0] == CHINESE.name
    assert CHINESE.links[0] == ENGLISH.name


def test_the_sections_are_the_same():
    """By their levels, in order; and every title is translated, but the project's name."""
    assert [it.level for it in ENGLISH.headings] == [it.level for it in CHINESE.headings]
    both = zip(ENGLISH.headings[1:], CHINESE.headings[1:], strict=True)
    assert [one.text for one, other in both if one.text == other.text] == []


def test_the_commands_are_the_same():
    """Word for word, but for comments."""

    def plain(document: Document) -> list[tuple[bool, list[list[str]]]]:
        return [(it.needs_aws, [words(line) for line in lines(it.text)]) for it in document.commands]

    assert plain(ENGLISH) == plain(CHINESE)
    assert [commands(it.text) for it in ENGLISH.commands] == [commands(it.text) for it in CHINESE.commands]


def test_the_other_blocks_are_there():
    """In the same places; drawings are translated, JSON is not."""
    assert [it.language for it in ENGLISH.blocks] == [it.language for it in CHINESE.blocks]
    json = [[it.text for it in document.blocks if it.language == "json"] for document in (ENGLISH, CHINESE)]
    assert json[0] == json[1]


def test_the_tables_are_the_same():
    """Row for row: the same words in backticks, the same prices."""
    both = tables(ENGLISH.text), tables(CHINESE.text)
    shapes = [[[len(row) for row in table] for table in one] for one in both]
    assert shapes[0] == shapes[1]
    for one, other in zip(*both, strict=True):
        for english, chinese in zip(one[1:], other[1:], strict=True):
            assert Counter(code("|".join(english))) == Counter(code("|".join(chinese))), (english, chinese)
            if english[-1][:1].isdigit() and english[-1].replace(".", "").isdigit():
                assert english[-1] == chinese[-1]


def test_the_lists_are_the_same():
    """As many steps and points, each as deep."""

    def items(document: Document) -> list[tuple[str, int]]:
        return [(it.markup, it.level) for it in document.tokens if it.type == "list_item_open"]

    assert items(ENGLISH) == items(CHINESE)


def test_the_links_are_the_same():
    """Section by section; within the file, to the same section."""

    def links(document: Document) -> list[object]:
        places = {f"#{it.anchor}": number for number, it in enumerate(document.headings)}
        return [places.get(link, link) for link in document.links[1:]]

    assert Counter(links(ENGLISH)) == Counter(links(CHINESE))


def test_what_is_named_in_one_is_named_in_the_other():
    """Everything in backticks that is a name: of a variable, a metric, an alarm, a file."""

    def names(document: Document) -> set[str]:
        return {
            span for span in code(document.text) if span.isascii() and " " not in span and "…" not in span
        }

    assert names(ENGLISH) ^ names(CHINESE) == set()


def test_the_chinese_one_uses_the_consoles_words():
    """In the step in which they are needed, in this order."""
    deploying = CHINESE.section("部署")
    places = [deploying.find(word) for word in CONSOLE]
    assert -1 not in places
    assert places == sorted(places)


def test_the_chinese_one_is_chinese():
    """Paragraph by paragraph: one that was forgotten has no Chinese in it."""
    inline = [token.content for token in CHINESE.tokens if token.type == "inline" and token.level < 3]
    prose = [text for text in inline if len(text) > 40 and not urlsplit(text).scheme]
    assert [text for text in prose if sum("一" <= it <= "鿿" for it in text) < len(text) / 10] == []
