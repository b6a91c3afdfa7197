"""The page and the PDF: what is written in both, and what is refused."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it.rules_core import inline
from reading import alternative, plain, read, rows_of, texts
from verapdf import text_of, validate_ua1

from kentstats.errors import RenderError
from kentstats.project import find_project
from kentstats.publish.dialect import reader
from kentstats.publish.document import Document
from kentstats.publish.markdown import read_markdown
from kentstats.publish.render import Front, fonts, render, write_html, write_pdf
from kentstats.report.claims import attribute, escape

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
# a line without white space at its ends or twice together, which HTML does not keep
LINES = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" ")).map(
    lambda text: " ".join(text.split())
)
# what the fonts have letters for
PRINTED = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).map(
    lambda text: " ".join(text.split())
)


def picture(alt: str) -> str:
    return f'![Caption](data:image/svg+xml;base64,{SVG}){{#fig-a fig-alt="{alt}"}}'


def html(markdown: str, folder: Path) -> str:
    write_html(Document((markdown,)), FRONT, folder, TEMPLATE)
    return (folder / "briefing.html").read_text(encoding="utf-8")


def pdf(markdown: str, folder: Path) -> Path:
    write_pdf(Document((markdown,)), FRONT, folder, TEMPLATE)
    return folder / "briefing.pdf"


def printed(markdown: str, folder: Path) -> str:
    """The words of the PDF of a document, below its title, in one line."""
    text = " ".join(text_of(pdf(markdown, folder)).split())
    return text.partition(FRONT.subtitle)[2].rpartition(FRONT.title)[0].strip()


# --- the page -----------------------------------------------------------------------------


def test_a_claim_becomes_a_data_element_with_value_and_place(tmp_path: Path) -> None:
    span = '[78%]{.claim data-id=c1 data-value="78" data-source="paragraph 55"}'
    assert (
        '<data class="claim" value="78" data-claim="c1" data-source="paragraph 55" '
        'title="paragraph 55">78%</data>' in html(f"Only {span} did.", tmp_path)
    )


def test_other_spans_stay_spans(tmp_path: Path) -> None:
    assert '<span id="paragraph-55">55</span>' in html("[55]{#paragraph-55}", tmp_path)


def test_a_value_with_quotes_and_angles_cannot_break_out(tmp_path: Path) -> None:
    page = html(r'[x]{.claim data-value="\"><script>" data-source="a&b"}', tmp_path)
    assert "<script" not in page
    assert 'value="&quot;&gt;&lt;script&gt;"' in page


def test_raw_html_is_shown_and_not_passed_on(tmp_path: Path) -> None:
    page = html("A <b>bold</b> word\n\n<script>alert(1)</script>\n\n<!-- hidden -->", tmp_path)
    assert "<p>A &lt;b&gt;bold&lt;/b&gt; word</p>" in page
    assert "&lt;script&gt;" in page
    assert "&lt;!-- hidden --&gt;" in page


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "vbscript:x"])
def test_an_address_that_is_code_makes_no_link(address: str) -> None:
    assert not list(read(f"[x]({address})").iter("a"))


def test_no_attribute_but_a_name_and_a_class_is_passed_on() -> None:
    page = read('[a]{#n .k onclick="x()" style="color:red"} [b](#n){.l onclick="x()" href="y"}')
    assert page.find(".//span").attrib == {"id": "n", "class": "k"}  # type: ignore[union-attr]
    assert page.find(".//a").attrib == {"href": "#n", "class": "l"}  # type: ignore[union-attr]


def test_figures_have_a_number_a_caption_and_their_alternative_text(tmp_path: Path) -> None:
    page = html(picture(r"Bars, \"tall\" & small"), tmp_path)
    assert 'alt="Bars, &quot;tall&quot; &amp; small"' in page
    assert '<span class="words"><strong>Figure 1</strong>. Caption</span>' in page
    assert "fig-alt" not in page
    assert f'src="data:image/svg+xml;base64,{SVG}"' in page
    assert 'tabindex="0" role="group" aria-label="Figure 1"' in page


def test_a_picture_without_a_caption_is_no_figure() -> None:
    page = read(f'![](data:image/svg+xml;base64,{SVG}){{fig-alt="A square" width=50%}}\n\nx')
    [image] = page.iter("img")
    assert (image.attrib["alt"], image.attrib["style"]) == ("A square", "width:50%")
    assert not list(page.iter("figure"))


def test_the_caption_of_a_picture_is_its_alternative_text_where_it_has_no_other() -> None:
    assert alternative(read(f"![A *b* [1]{{.claim}}](data:image/svg+xml;base64,{SVG})")) == [
        "A b 1"
    ]


def test_tables_have_a_number_and_headers_with_a_scope(tmp_path: Path) -> None:
    page = html(f"{TABLE}\n: Words {{#tbl-x}}\n", tmp_path)
    assert "<strong>Table 1</strong>. Words</span>" in page
    assert '<table id="tbl-x">' in page
    assert 'scope="col"' in page
    assert re.search(r'<th [^>]*scope="row">one</th>', page)
    assert '<td style="text-align:right">1</td>' in page


@pytest.mark.parametrize("gap", ["", "\n"])
@pytest.mark.parametrize("mark", [": ", "Table: "])
def test_a_caption_stands_below_its_table_with_or_without_a_line_between(
    gap: str, mark: str
) -> None:
    page = read(f"{TABLE}{gap}{mark}At [78%]{{.claim}}\n\n: no caption")
    assert [plain(caption) for caption in page.iter("caption")] == ["At 78%"]
    assert rows_of(page) == [["one", "1"]]
    assert [plain(paragraph) for paragraph in page.iter("p")] == [": no caption"]


def test_a_table_without_a_caption_has_a_number_too() -> None:
    page = read_markdown(f"{TABLE}\n\nWords.\n\n{TABLE}\n: Second")
    assert [token.meta["number"] for token in page.tokens if token.type == "table_open"] == [1, 2]


def test_a_table_with_long_lines_has_the_widths_of_its_rule() -> None:
    long = read(f"| a | b |\n|---|------:|\n| 1 | {'word ' * 20}|")
    assert [column.attrib["style"] for column in long.iter("col")] == ["width: 30%", "width: 70%"]
    assert not list(read(TABLE).iter("col"))


def test_headings_are_named_as_pandoc_names_them() -> None:
    words = ["A *b* `c` 1.2, “d”", "2 Words", "Words", "!!!", "Own {#x .y}", "Contents", "X"]
    page = read("\n\n".join(f"# {heading}" for heading in words))
    assert [heading.attrib["id"] for heading in page] == [
        *("a-b-c-1.2-d", "words", "words-1", "section", "x", "contents-1", "x-1")
    ]
    assert {heading.tag for heading in page} == {"h2"}


def test_the_contents_list_the_sections_by_their_words(tmp_path: Path) -> None:
    page = html("# One [*two*](#x) & [3]{.claim}\n\n## Below\n\n# Last {#x}", tmp_path)
    [listed] = re.findall(r"<summary>Contents</summary>\n(.*?)\n</details>", page, re.DOTALL)
    assert listed == (
        '<ul>\n<li><a href="#one-two-3" id="toc-one-two-3">One two &amp; 3</a></li>\n'
        '<li><a href="#x" id="toc-x">Last</a></li>\n</ul>'
    )


def test_the_title_is_escaped_and_stands_once_as_heading(tmp_path: Path) -> None:
    page = html("# Section", tmp_path)
    assert page.count("<h1") == 1
    assert "A “title” &amp; more" in page
    assert '<h2 id="section">Section</h2>' in page
    assert "Source &lt;of it&gt;" in page


def test_a_claim_can_be_a_link_and_stand_in_bold() -> None:
    [link, strong] = read("[a [1]{.claim}](#x) **[2]{.claim}**")[0]
    assert [(each.tag, each[0].tag) for each in (link, strong)] == [
        ("a", "data"),
        ("strong", "data"),
    ]
    assert plain(link) == "a 1"


@pytest.mark.parametrize(
    "text", ["[y]{unclosed", "[z]{#", '[a]{b="c}', "{.x}", "[n]{}", "[o] {.x}", "![p](q", "`r{.s"]
)
def test_what_is_not_understood_is_shown(text: str) -> None:
    assert plain(read(text)) == text


@given(LINES)
def test_escaped_text_is_shown_as_it_stands(text: str) -> None:
    words = escape(f"Word {text}".strip())
    page = read(f"{words}\n\n- {words}\n\n| {words} |\n|--|\n| {words} |\n\n: {words}\n\n# {words}")
    found = [plain(element) for element in texts(page)]
    assert found == [f"Word {text}".strip()] * 6


@given(LINES)
def test_an_attribute_is_kept_as_it_stands(text: str) -> None:
    value = attribute(text)
    page = read(f'[1]{{.claim data-source="{value}"}} ![c](x.svg){{fig-alt="{value}"}}')
    assert page.find(".//data").attrib["title"] == text  # type: ignore[union-attr]
    assert alternative(page) == [text or "c"]


# --- the PDF ------------------------------------------------------------------------------


BY_MARKDOWN_IT = reader.__wrapped__()
BY_MARKDOWN_IT.core.ruler.at("inline", inline)


@given(st.text(st.sampled_from("ab1 .,:;-~^$@#%()'\"|/=+?’–\u00a0\t\n\\`*_[]!<>&{}"), max_size=40))
@example("words alone, 17.3% (248 of 1,568): no mark")
@example("a  ")
@example("| a | b |\n| - | - |\n| similar | 5% |\n\n: Words {#tbl-a}")
def test_words_alone_are_read_as_markdown_it_reads_them(text: str) -> None:
    assert reader().parse(text) == BY_MARKDOWN_IT.parse(text)


def test_the_pdf_is_tagged_and_the_same_bytes_every_time(tmp_path: Path) -> None:
    document = Document(("# Section", "Words.", picture("A square")))
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        render(document, FRONT, folder, TEMPLATE)
        made.append([(folder / f"briefing.{kind}").read_bytes() for kind in ("html", "pdf")])
    assert made[0] == made[1]
    assert b"/StructTreeRoot" in made[0][1]


EVERYTHING = f"""# One *two* `three`

Para, [link](https://example.org/a?b=c), [inner](#tbl-x), [anchor](#a-b), <https://example.org>.\\
Broken [*and* [1]{{.claim}}](#fig-a) [named]{{#a-b}} ~~ `a "b"`.

## Lists

5. five

   again
6. six
   - nested
   - twice

> quoted

    code "here"

---

{TABLE}
: Words *here* {{#tbl-x}}

{TABLE}
{picture("A square")}

Within ![it](data:image/svg+xml;base64,{SVG}) words, and alone:

![](data:image/svg+xml;base64,{SVG}){{fig-alt="Alone" width=2cm}}
"""


def test_whatever_the_dialect_has_is_printed_and_accessible(tmp_path: Path) -> None:
    assert validate_ua1(pdf(EVERYTHING, tmp_path)) == []
    text = printed(EVERYTHING, tmp_path)
    for words in (
        *("One two three", "Para, link, inner, anchor, https://example.org.", 'named ~~ a "b".'),
        *("5. five again 6. six • nested • twice", "quoted", 'code "here"'),
        *("Table 1. Words here a b one 1", "Figure 1. Caption"),
    ):
        assert words in text


def test_the_title_is_printed_as_it_stands(tmp_path: Path) -> None:
    text = text_of(pdf("Words.", tmp_path))
    assert text.split("\n")[:3] == ["Briefing for councillors", FRONT.title, FRONT.subtitle]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(PRINTED, min_size=1, max_size=30))
def test_escaped_text_is_printed_as_it_stands(tmp_path: Path, lines: list[str]) -> None:
    # white space may be lost where a line ends
    text = printed("\n\n".join(f"Word {escape(line)}" for line in lines), tmp_path)
    assert "".join(text.split()) == "".join("".join(f"Word{line}".split()) for line in lines)


@pytest.mark.parametrize(
    "text",
    ["= a", "- a", "+ a", "1. a", "/ a: b", "#a", "$a$", "@a", "<a>", "//", "/* a", "...", "--"],
)
@pytest.mark.parametrize("before", ["Word", "**Word**", "[Word](#x)", "`Word`"])
def test_nothing_is_read_as_typst(text: str, before: str, tmp_path: Path) -> None:
    words = printed(f"[]{{#x}}{before}[{escape(text)}]{{.claim}}({escape(text)})", tmp_path)
    assert words == f"Word{text}({text})"


FORKED = """
import datetime as dt, os, pathlib, sys
from kentstats.publish.document import Document
from kentstats.publish.render import Front, prepare, render
prepare()
if child := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
front = Front("a", "b", "c", "d", "e", dt.date(2010, 11, 19))
render(Document(("# Words",)), front, pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no processes are forked here")
def test_a_process_forked_from_one_that_is_prepared_can_render(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FORKED, str(tmp_path), str(TEMPLATE)]
    subprocess.run(command, check=True, timeout=60)
    assert {path.name for path in tmp_path.iterdir()} == {"briefing.html", "briefing.pdf"}


# --- what is refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "name"),
    [
        (f"![](data:image/svg+xml;base64,{SVG}){{#fig-a}}", "fig-a"),
        (f'{picture("x")}\n\n![](data:image/svg+xml;base64,{SVG}){{fig-alt=" "}}', "2"),
    ],
)
def test_a_picture_without_alternative_text_is_refused(
    markdown: str, name: str, tmp_path: Path
) -> None:
    with pytest.raises(RenderError, match=f"The picture {name} has no alternative text.*Say what"):
        render(Document((markdown,)), FRONT, tmp_path, TEMPLATE)
    assert not list(tmp_path.iterdir())


def test_two_things_with_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"2 parts of the document have the name “x”.*another"):
        html("# One {#x}\n\n[two]{#x}", tmp_path)


def test_a_link_to_nowhere_makes_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"(?s)Typst refuses.*paragraph-99.*Mend the cell"):
        pdf("[x](#paragraph-99)", tmp_path)
    assert not (tmp_path / "briefing.pdf").exists()


def test_a_skipped_level_of_heading_makes_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="Typst refuses"):
        pdf("# One\n\n### Three", tmp_path)


def test_a_file_that_is_not_there_makes_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"(?s)Typst refuses.*chart\.png"):
        pdf("![A chart](chart.png)", tmp_path)


def test_the_fonts_are_those_that_matplotlib_brings() -> None:
    assert (fonts() / "DejaVuSans.ttf").is_file()
