"""Pandoc and Typst, and what they refuse."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from pathlib import Path

import pytest

from kentstats.errors import RenderError
from kentstats.home import find_home
from kentstats.publish.document import Document
from kentstats.publish.render import Front, fonts, render, write_html, write_pdf

FRONT = Front(
    title="A “title” & more",
    subtitle="What: was found",
    author="kentstats",
    description="For councillors",
    credit="Source <of it>",
    day=dt.date(2010, 11, 19),
)
TEMPLATE = find_home().reports / "template"
SVG = "PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI5IiBoZWlnaHQ9IjkiLz4="


def picture(alt: str) -> str:
    return f'![Caption](data:image/svg+xml;base64,{SVG}){{#fig-a fig-alt="{alt}"}}'


def html(markdown: str, folder: Path) -> str:
    write_html(Document((markdown,)), FRONT, folder, TEMPLATE)
    return (folder / "briefing.html").read_text(encoding="utf-8")


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


def test_figures_have_a_number_a_caption_and_their_alternative_text(tmp_path: Path) -> None:
    page = html(picture(r"Bars, \"tall\" & small"), tmp_path)
    assert 'alt="Bars, &quot;tall&quot; &amp; small"' in page
    assert '<span class="words"><strong>Figure 1</strong>. Caption</span>' in page
    assert "data-fig-alt" not in page


def test_tables_have_a_number_and_headers_with_a_scope(tmp_path: Path) -> None:
    page = html("| a | b |\n|---|--:|\n| one | 1 |\n\n: Words {#tbl-x}\n", tmp_path)
    assert "<strong>Table 1</strong>. Words</span>" in page
    assert 'scope="col"' in page
    assert re.search(r'<th [^>]*scope="row">one</th>', page)


def test_the_title_is_escaped_and_stands_once_as_heading(tmp_path: Path) -> None:
    page = html("# Section", tmp_path)
    assert page.count("<h1") == 1
    assert "A “title” &amp; more" in page
    assert '<h2 id="section">Section</h2>' in page
    assert "Source &lt;of it&gt;" in page


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


def test_a_picture_without_alternative_text_makes_no_pdf(tmp_path: Path) -> None:
    document = Document((f"![](data:image/svg+xml;base64,{SVG}){{#fig-a}}",))
    with pytest.raises(RenderError, match=r"(?s)Typst refuses.*Mend the cell"):
        write_pdf(document, FRONT, tmp_path, TEMPLATE)
    assert not (tmp_path / "briefing.pdf").exists()


def test_a_link_to_nowhere_makes_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"(?s)Typst refuses.*paragraph-99"):
        write_pdf(Document(("[x](#paragraph-99)",)), FRONT, tmp_path, TEMPLATE)


def test_a_skipped_level_of_heading_makes_no_pdf(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="Typst refuses"):
        write_pdf(Document(("# One", "### Three")), FRONT, tmp_path, TEMPLATE)


def test_what_pandoc_refuses_is_told(tmp_path: Path) -> None:
    template = tmp_path / "template"
    shutil.copytree(TEMPLATE, template)
    (template / "claims.lua").write_text("this is no Lua", encoding="utf-8")
    with pytest.raises(RenderError, match=r"(?s)Pandoc refuses the document.*claims\.lua"):
        write_html(Document(("x",)), FRONT, tmp_path, template)


def test_the_fonts_are_those_that_matplotlib_brings() -> None:
    assert (fonts() / "DejaVuSans.ttf").is_file()
