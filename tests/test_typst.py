"""The PDF: what is printed, that it is accessible and always the same, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_html import CLAIM, FRONT, SVG, TABLE, TEMPLATE, captioned, figure
from verapdf import text_of, validate_ua1

from kentstats.errors import RenderError
from kentstats.publish.html import read_markdown, write_html
from kentstats.publish.typst import write_pdf
from kentstats.report.claims import escape

# what the fonts have letters for
PRINTED = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1).map(
    lambda text: " ".join(text.split())
)


def pdf(markdown: str, folder: Path) -> Path:
    write_pdf(read_markdown(markdown), FRONT, folder, TEMPLATE)
    return folder / "briefing.pdf"


def printed(markdown: str, folder: Path) -> str:
    """The words of the PDF of a document, below its title, in one line."""
    text = " ".join(text_of(pdf(markdown, folder)).split())
    return text.partition(FRONT.subtitle)[2].rpartition(FRONT.title)[0].strip()


def test_the_pdf_is_tagged_and_the_same_bytes_every_time(tmp_path: Path) -> None:
    document = read_markdown("\n\n".join(("# Section", "Words.", figure("A square"))))
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        for write in (write_html, write_pdf):
            write(document, FRONT, folder, TEMPLATE)
        made.append([(folder / f"briefing.{kind}").read_bytes() for kind in ("html", "pdf")])
    assert made[0] == made[1]
    assert b"/StructTreeRoot" in made[0][1]


EVERYTHING = f"""# One *two* `three`

Para, [link](https://example.org/a?b=c), [inner](#tbl-x), [anchor](#a-b), <https://example.org>.\\
Broken [*and* {CLAIM}](#fig-a) <span id="a-b">named</span> ~~ `a "b"`.

## Lists

5. five

   again
6. six
   - nested
   - twice

> quoted

    code "here"

---

{captioned(TABLE, "Words *here*")}

{TABLE}
{figure("A square")}

Within ![it](data:image/svg+xml;base64,{SVG}) words, and <b>raw</b>.
"""


def test_whatever_a_document_can_hold_is_printed_and_accessible(tmp_path: Path) -> None:
    assert validate_ua1(pdf(EVERYTHING, tmp_path)) == []
    lines = text_of(tmp_path / "briefing.pdf").split("\n")
    assert lines[:3] == ["Briefing for councillors", FRONT.title, FRONT.subtitle]
    text = printed(EVERYTHING, tmp_path)
    for words in (
        *("One two three", "Para, link, inner, anchor, https://example.org.", 'named ~~ a "b".'),
        *("5. five again 6. six • nested • twice", "quoted", 'code "here"', "and <b>raw</b>."),
        *("Table 1. Words here a b one 1", "Figure 1. Caption", "Broken and 78% named"),
    ):
        assert words in text


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
    claim = f'<span class="claim">{escape(text)}</span>'
    words = printed(f'<span id="x">X</span>{before}{claim}({escape(text)})', tmp_path)
    assert words == f"XWord{text}({text})"


@pytest.mark.parametrize(
    ("markdown", "message"),
    [
        ("[x](#paragraph-99)", r"(?s)Typst refuses.*paragraph-99.*Mend the cell"),
        ("# One\n\n### Three", "Typst refuses"),
        ("![A chart](chart.png)", r"(?s)Typst refuses.*chart\.png"),
    ],
)
def test_what_would_be_amiss_in_the_pdf_makes_none(
    markdown: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RenderError, match=message):
        pdf(markdown, tmp_path)
    assert not (tmp_path / "briefing.pdf").exists()
