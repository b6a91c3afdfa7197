"""Blocks, read back from the page that is made of them."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from matplotlib.figure import Figure
from reading import alternative, claims_of, items_of, names_of, pictures, plain, read, rows_of

from kentstats.report.blocks import (
    Anchor,
    Block,
    Table,
    bullets,
    figure,
    paragraphs,
    show,
    svg,
    table,
)
from kentstats.report.blocks import Figure as FigurePart
from kentstats.report.claims import claim
from kentstats.report.sentences import Text, say

FACT = {"fact_id": "s.p55.health.all", "locator": "paragraph 55"}
TEN = {"fact_id": "s.p10.looked-after.all", "locator": "paragraph 10"}
SHARE = claim(78, [FACT], unit="percent")
COUNT = claim(1568, [TEN], unit="count")
AWKWARD = [
    "a | b",
    r"back\slash",
    "[x](y)",
    "*x* _y_ `z`",
    "<b>",
    "~H~ ^2^",
    "$5$ @me #1",
    "\"q\" 'r'",
]


def the_table(block: Block) -> dict[str, Any]:
    """Identifier, caption, sides, widths and cells of the one table of a block."""
    page = read(block.markdown)
    [box] = page
    [found] = box
    caption, *_ = found
    cells = list(found.iterfind("thead/tr/th"))
    return {
        "id": found.attrib["id"],
        "caption": plain(caption),
        "align": [cell.get("style") for cell in cells],
        "widths": [column.get("style") for column in found.iterfind("colgroup/col")],
        "head": [plain(cell) for cell in cells],
        "rows": rows_of(page),
        "page": page,
    }


def a_table(rows: list[list[Any]], **other: Any) -> Block:
    arguments: dict[str, Any] = {
        "caption": say("Some figures"),
        "label": "some",
        "widths": [50, 30, 20],
        **other,
    }
    return table(["What", "Figure", "When"], rows, **arguments)


def test_a_table_is_one_table_with_its_cells_caption_and_name() -> None:
    block = a_table([["Checks", SHARE, "2010"], ["Children", COUNT, "2009"]])
    found = the_table(block)
    assert found["id"] == "tbl-some"
    assert found["caption"] == "Some figures"
    assert found["head"] == ["What", "Figure", "When"]
    assert found["rows"] == [["Checks", "78%", "2010"], ["Children", "1,568", "2009"]]


def test_the_claims_of_a_table_are_spans_and_travel_with_it() -> None:
    caption = say("Figures at {share}", share=SHARE)
    both = say("{count} and {share}", count=COUNT, share=SHARE)
    block = a_table([["Checks", both, COUNT]], caption=caption)
    assert set(block.claims) == {SHARE, COUNT}
    assert len(block.claims) == 2
    names = [element.attrib["data-claim"] for element in claims_of(the_table(block)["page"])]
    assert sorted(names) == sorted([SHARE.id, SHARE.id, COUNT.id, COUNT.id])


def test_columns_have_their_widths_and_sides() -> None:
    long = "word " * 40
    found = the_table(a_table([[long, SHARE, "2010"]], right=["Figure"]))
    assert found["align"] == [None, "text-align:right", None]
    assert found["widths"] == ["width: 50%", "width: 30%", "width: 20%"]


@pytest.mark.parametrize("word", AWKWARD)
def test_marks_in_a_table_are_printed_and_not_read(word: str) -> None:
    text = Text((word,))
    found = the_table(a_table([[word, text, word]], caption=text))
    assert found["rows"] == [[word, word, word]]
    assert found["caption"] == word


def test_marks_in_a_header_are_printed_and_not_read() -> None:
    block = table(["a | b", "*c*"], [["x", "y"]], caption=say("Odd"), label="odd", widths=[5, 5])
    assert the_table(block)["head"] == ["a | b", "*c*"]


@pytest.mark.parametrize("value", ["3 | 4", 'the "good" one'])
def test_the_value_of_a_claim_does_not_break_its_row(value: str) -> None:
    label = claim(value, [FACT], unit="label")
    assert the_table(a_table([["Checks", label, "2010"]]))["rows"] == [["Checks", value, "2010"]]


def test_an_anchor_can_be_linked_to() -> None:
    anchor = Anchor("paragraph-5", "5 *a*")
    found = the_table(a_table([[anchor, SHARE, ""]]))
    assert found["rows"][0][0] == "5 *a*"
    assert names_of(found["page"], "span") == ["paragraph-5"]


def test_a_table_without_rows_is_still_a_table() -> None:
    found = the_table(a_table([]))
    assert found["rows"] == []
    assert found["id"] == "tbl-some"


@pytest.mark.parametrize(
    ("rows", "widths"),
    [([["one", "two"]], [1, 1, 1]), ([["1", "2", "3", "4"]], [1, 1, 1]), ([], [1, 1])],
)
def test_a_row_or_widths_of_another_length_are_refused(
    rows: list[list[str]], widths: list[int]
) -> None:
    with pytest.raises(ValueError, match="table some: every row and widths need 3 cells"):
        a_table(rows, widths=widths)


# --- figures -----------------------------------------------------------------------------


def a_figure(**other: Any) -> Block:
    drawn = Figure(figsize=(2, 1))
    drawn.text(0.1, 0.5, "78%")
    texts = {"caption": say("How to read it"), "alt": say("A bar at {share}", share=SHARE)}
    return figure(drawn, **{**texts, "label": "one", **other})


def the_image(block: Block) -> tuple[list[str], str, str, bytes]:
    """Names, caption, alternative text and file of the one picture of a block."""
    page = read(block.markdown)
    assert [part.tag for part in page] == ["figure"]
    [caption] = page.iter("figcaption")
    [alt], [picture] = alternative(page), pictures(page)
    return names_of(page), plain(caption), alt, picture


def test_a_figure_has_its_name_caption_and_alternative_text() -> None:
    names, caption, alt, picture = the_image(a_figure())
    assert names == ["fig-one"]
    assert (caption, alt) == ("How to read it", "A bar at 78%")
    assert b"78%" in picture


def test_where_no_markdown_is_shown_a_block_is_a_short_line() -> None:
    assert a_figure().plain == "How to read it"
    assert a_table([]).plain == "Some figures"
    assert Block("# Words").plain == "Markdown"
    long = paragraphs(say("{share} of {count} " + "and on " * 20, share=SHARE, count=COUNT))
    assert long.plain.startswith("78% of 1,568 and on")
    assert len(long.plain) == 80


@pytest.mark.parametrize("block", [a_figure(), a_table([["*Checks*", SHARE, "2010"]])])
def test_the_markdown_reads_well_where_html_is_shown(block: Block) -> None:
    assert not set("{}") & set(block.markdown)
    opening, _, caption, closing = block.markdown.split("\n\n")
    assert re.fullmatch(r'<div id="(fig-one|tbl-some)">', opening)
    assert (caption, closing) == (block.plain, "</div>\n")


@pytest.mark.parametrize(
    "alt", ['She said "no"', r"a\b \"c\"", 'ends in "', "a\\", "{x} | [y] <z>"]
)
def test_an_alternative_text_survives_its_quotes_and_backslashes(alt: str) -> None:
    assert the_image(a_figure(alt=Text((alt,))))[2] == alt


def test_an_entity_in_an_alternative_text_is_read_as_it_stands() -> None:
    assert the_image(a_figure(alt=Text(("R&amp;D",))))[2] == "R&amp;D"


@pytest.mark.parametrize(
    "word", [*AWKWARD, "ends in ]", "](x.png)", "- a", "1. b", "---", ": c", "="]
)
def test_a_caption_with_marks_is_printed_and_not_read(word: str) -> None:
    assert the_image(a_figure(caption=Text((word,))))[1] == word


def test_a_figure_carries_the_claims_of_caption_alt_and_labels() -> None:
    level = claim(95, [TEN], unit="percent")
    block = a_figure(caption=say("At {level}", level=level), claims=[COUNT, SHARE])
    assert set(block.claims) == {SHARE, COUNT, level}
    assert len(block.claims) == 3


def test_tables_and_figures_are_there_as_data() -> None:
    both = a_table([["Checks", SHARE, "2010"]]) + a_figure() + paragraphs(say("Words"))
    table_part, figure_part, words = both.parts
    assert isinstance(table_part, Table)
    assert isinstance(figure_part, FigurePart)
    assert (table_part.name, table_part.rows) == ("tbl-some", (("Checks", SHARE, "2010"),))
    assert (figure_part.name, figure_part.alt.plain) == ("fig-one", "A bar at 78%")
    assert words == say("Words")


def test_a_picture_is_the_same_bytes_twice_and_holds_its_text() -> None:
    def drawn() -> Figure:
        made = Figure(figsize=(2, 1))
        axes = made.add_subplot()
        axes.bar([1], [2], label="ä & <b>")
        axes.legend()
        return made

    one = svg(drawn())
    assert one == svg(drawn())
    texts = ["".join(node.itertext()) for node in ET.fromstring(one).iter() if "text" in node.tag]
    assert "ä & <b>" in texts
    assert b"date" not in one.lower()


# --- blocks ------------------------------------------------------------------------------


def test_paragraphs_and_bullets_name_their_places() -> None:
    texts = (say("{n} of them.", n=SHARE), say("Nothing is known."))
    for block, kind in ((paragraphs(*texts), "p"), (bullets(*texts), "ul")):
        page = read(block.markdown)
        assert {part.tag for part in page} == {kind}
        assert plain(page) == "78% of them (paragraph 55).Nothing is known."
        assert [link.attrib["href"] for link in page.iter("a")] == ["#paragraph-55"]
        assert block.claims == (SHARE,)


def test_bullets_are_as_many_items_as_texts() -> None:
    assert len(items_of(read(bullets(*[say("One {n}.", n=SHARE)] * 3).markdown))) == 3


def test_joined_blocks_keep_their_order_and_each_claim_once() -> None:
    one = paragraphs(say("{n} first", n=SHARE))
    other = a_table([["Checks", SHARE, COUNT]])
    both = one + other
    first, second = read(both.markdown)
    assert (first.tag, second[0].tag) == ("p", "table")
    assert both.claims == (SHARE, COUNT)


def test_a_notebook_is_given_the_markdown_and_the_claims() -> None:
    block = paragraphs(say("{n} first", n=SHARE))
    data, metadata = block._repr_mimebundle_(include=None, exclude=None)
    assert data == {"text/markdown": block.markdown, "text/plain": "78% first"}
    assert metadata == {"kentstats": {"claims": [SHARE.record()]}}
    assert json.loads(json.dumps(metadata))["kentstats"]["claims"][0]["value"] == 78


def test_blocks_of_one_cell_are_outputs_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    displayed: list[Any] = []

    def display(data: Any, *, metadata: Any, raw: bool) -> None:
        displayed.append((data, metadata, raw))

    monkeypatch.setattr("IPython.display.display", display)
    first, second = paragraphs(say("{n} of them.", n=COUNT)), Block("words")
    show(None, first, None, second)
    # as where they are the last of a cell
    assert displayed == [(*each._repr_mimebundle_(), True) for each in (first, second)]


def test_a_list_of_facts_travels_with_the_block() -> None:
    many = [f"s.{number}" for number in range(20)]
    rank = claim(3, [FACT], unit="rank", others=many)
    of = claim(20, [FACT], unit="count", others=many)
    _, metadata = paragraphs(say("{rank} of {of}.", rank=rank, of=of))._repr_mimebundle_()
    assert metadata["kentstats"]["lists"] == {rank.listed: many}
    assert [one["others"] for one in metadata["kentstats"]["claims"]] == [rank.listed] * 2
