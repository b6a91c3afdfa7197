"""Markdown as it is read, and the page that is written of it."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import alternative, plain, read, texts

from kentstats.errors import RenderError
from kentstats.project import find_project
from kentstats.publish import html as route
from kentstats.publish.document import Front
from kentstats.publish.html import read_markdown, write_html
from kentstats.report.claims import escape, quote_attribute

FRONT = Front(
    title="A “title” & more",
    subtitle="What: was #found",
    author="kentstats",
    description='For "councillors"',
    credit="Source <of it>",
    day=dt.date(2010, 11, 19),
)
TEMPLATE = find_project().reports / "template"
SVG = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI5IiBoZWlnaHQ9IjkiLz4="
TABLE = "| a | b |\n|---|--:|\n| one | 1 |\n"
CLAIM = '<span class="claim" data-id="c1" data-value="78" data-source="paragraph 55">78%</span>'
# a line without white space at its ends or twice together, which HTML does not keep
LINES = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" ")).map(
    lambda text: " ".join(text.split())
)


def picture(alt: str) -> str:
    return f"![{alt}](data:image/svg+xml;base64,{SVG})<span></span>"


def figure(alt: str, caption: str = "Caption", name: str = "fig-a") -> str:
    return f'<div id="{name}">\n\n{picture(alt)}\n\n{caption}\n\n</div>'


def captioned(table: str, caption: str = "Words", name: str = "tbl-x") -> str:
    return f'<div id="{name}">\n\n{table}\n{caption}\n\n</div>'


def html(markdown: str, folder: Path) -> str:
    write_html(read_markdown(markdown), FRONT, folder, TEMPLATE)
    return (folder / "briefing.html").read_text(encoding="utf-8")


# --- spans and raw HTML ------------------------------------------------------------------------


@given(LINES)
def test_an_attribute_is_kept_as_it_stands(text: str) -> None:
    span = f'<span class="claim" data-source="{quote_attribute(text)}">1</span>'
    page = read(f"{span}\n\n| a |\n|---|\n| {span} |")
    assert [element.attrib["title"] for element in page.iter("data")] == [text, text]


@pytest.mark.parametrize("mark", ["\n", "\r\n", "`", "$a$ $b$", "]", "*", '"><script>'])
def test_no_mark_ends_an_attribute(mark: str) -> None:
    page = read(f'*<span class="claim" data-source="{quote_attribute(mark)}">1</span>*')
    # the parser of the test reads a line break in an attribute as a space, as XML has it
    assert [element.attrib["title"].split() for element in page.iter("data")] == [mark.split()]


def test_no_attribute_but_a_name_and_a_class_is_passed_on() -> None:
    page = read('<span id="n" class="k" onclick="x()" style="color:red">a</span>')
    assert page.find(".//span").attrib == {"id": "n", "class": "k"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        *("A <b>bold</b> word", "<script>alert(1)</script>", "<!-- hidden -->", "<br>", "</span>"),
        *('<span id="x">open', '<spanner id="x">a</spanner>', "</div>", '<div id="x">', "<p>a</p>"),
        *("[y]{.claim}", "![p](q", '<span id="x"/>', "<div>\n<b>a</b>\n</div>"),
    ],
)
def test_what_is_not_understood_is_shown(text: str) -> None:
    assert plain(read(text)) == text.replace("\n", " ")


def test_a_span_that_ends_outside_of_what_it_began_in_is_text() -> None:
    assert plain(read('*a <span id="x">b* c</span>')) == 'a <span id="x">b c</span>'


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_an_address_that_is_code_makes_no_link(address: str) -> None:
    assert not list(read(f"[x]({address})").iter("a"))


def test_a_claim_can_be_a_link_and_stand_in_bold() -> None:
    [link, strong] = read(f"[a {CLAIM}](#x) **{CLAIM}**")[0]
    assert [(each.tag, each[0].tag) for each in (link, strong)] == [
        ("a", "data"),
        ("strong", "data"),
    ]
    assert plain(link) == "a 78%"


# --- figures and tables ------------------------------------------------------------------------


def test_tables_have_a_number_and_headers_with_a_scope(tmp_path: Path) -> None:
    page = html(captioned(TABLE), tmp_path)
    assert "<strong>Table 1</strong>. Words</span>" in page
    assert '<table id="tbl-x">' in page
    assert 'scope="col"' in page
    assert re.search(r'<th [^>]*scope="row">one</th>', page)
    assert '<td style="text-align:right">1</td>' in page
    assert "<div id" not in page
    # nothing heads the names of the rows
    nameless = read(TABLE.replace("a", " ", 1))
    assert [cell.tag for cell in nameless.iterfind(".//thead/tr/")] == ["td", "th"]


@pytest.mark.parametrize(
    "inside", ["---", f"{picture('A')} and", f"{TABLE}\nOne.\n\nTwo.", "Words.", ""]
)
def test_what_is_no_figure_or_table_with_a_caption_is_shown_as_typed(inside: str) -> None:
    page = read(f'<div id="part">\n\n{inside}\n\n</div>')
    assert plain(page).startswith('<div id="part">')
    assert plain(page).endswith("</div>")
    assert not [*page.iter("caption"), *page.iter("figcaption")]


def test_a_table_with_long_lines_has_the_widths_of_its_rule() -> None:
    long = read(f"| a | b |\n|---|------:|\n| 1 | {'word ' * 20}|")
    assert [column.attrib["style"] for column in long.iter("col")] == ["width: 30%", "width: 70%"]
    assert not list(read(TABLE).iter("col"))


# --- headings and words ------------------------------------------------------------------------


def test_headings_are_named_as_pandoc_names_them() -> None:
    words = ["A *b* `c` 1.2, “d”", "2 Words", "Words", "!!!", "Contents", '<span id="x">X</span>']
    page = read("\n\n".join(f"# {heading}" for heading in words))
    assert [heading.attrib["id"] for heading in page] == [
        *("a-b-c-1.2-d", "words", "words-1", "section", "contents-1", "x-1")
    ]
    assert {heading.tag for heading in page} == {"h2"}


def test_the_page_has_its_title_and_lists_the_sections_by_their_words(tmp_path: Path) -> None:
    page = html(f"# One [*two*](#last) & {CLAIM}\n\n## Below\n\n# Last", tmp_path)
    assert page.count("<h1") == 1
    assert "A “title” &amp; more" in page
    assert "Source &lt;of it&gt;" in page
    [listed] = re.findall(r"<summary>Contents</summary>\n(.*?)\n</details>", page, re.DOTALL)
    assert listed == (
        '<ul>\n<li><a href="#one-two-78" id="toc-one-two-78">One two &amp; 78%</a></li>\n'
        '<li><a href="#last" id="toc-last">Last</a></li>\n</ul>'
    )


@given(LINES)
def test_escaped_text_is_shown_as_it_stands(text: str) -> None:
    words = escape(f"Word {text}".strip())
    table = captioned(f"| {words} |\n|--|\n| {words} |\n", words)
    page = read(f"{words}\n\n- {words}\n\n{table}\n\n# {words}\n\n{picture(words)}")
    found = [plain(element) for element in texts(page)]
    assert [*filter(None, found), *alternative(page)] == [f"Word {text}".strip()] * 7


PIECES = [
    *("a ", " b", r"\*", r"\|", "\\", "!", ">", "&amp;", "*", "`", "[", "]", "<b>", "\n"),
    *(CLAIM, '<span class="k">', '<span class="&gt;">', "<span>", "</span>"),
]


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_words_and_claims_alone_are_read_as_the_parser_reads_them(text: str) -> None:
    quickly = route.body(route.read_markdown(text))
    with mock.patch.object(route, "ALL_SIMPLE", re.compile("(?!)")):
        assert route.body(route.read_markdown(text)) == quickly


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "name"),
    [(figure(""), "fig-a"), (f"{picture('x')}\n\n![ ](data:image/svg+xml;base64,{SVG})", "2")],
)
def test_a_picture_without_alternative_text_is_refused(
    markdown: str, name: str, tmp_path: Path
) -> None:
    with pytest.raises(RenderError, match=f"The picture {name} has no alternative text.*Say what"):
        html(markdown, tmp_path)
    assert not list(tmp_path.iterdir())


def test_two_things_with_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"2 parts of the document have the name “x”.*another"):
        html(f'<span id="x">two</span>\n\n{captioned(TABLE, name="x")}', tmp_path)
