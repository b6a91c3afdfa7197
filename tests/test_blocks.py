"""Blocks, read back from the page that is made of them."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from matplotlib.figure import Figure
from reading import alternative, claims_of, names_of, pictures, plain, read, rows_of

from kentstats.report.blocks import (
    Block,
    bullets,
    figure_block,
    paragraphs,
    show,
    svg,
    table,
)
from kentstats.report.claims import claim
from kentstats.report.sentences import Text, say

FACT = {"fact_id": "s.p55.health.all", "locator": "paragraph 55"}
TEN = {"fact_id": "s.p10.looked-after.all", "locator": "paragraph 10"}
SHARE = claim(78, [FACT], unit="percent")
COUNT = claim(1568, [TEN], unit="count")
AWKWARD = [
    *("a | b", r"back\slash", "[x](y)", "*x* _y_ `z`", "<b>", "~H~ ^2^"),
    *("$5$ @me #1", "\"q\" 'r'"),
]


def a_table(rows: list[list[Any]], **other: Any) -> Block:
    arguments = {"caption": say("Some figures"), "label": "some", "widths": [50, 30, 20], **other}
    return table(["What", "Figure", "When"], rows, **arguments)


def a_figure(**other: Any) -> Block:
    drawn = Figure(figsize=(2, 1))
    drawn.text(0.1, 0.5, "78%")
    texts = {"caption": say("How to read it"), "alt": say("A bar at {share}", share=SHARE)}
    return figure_block(drawn, **{**texts, "label": "one", **other})


def caption_of(block: Block) -> str:
    page = read(block.markdown)
    [caption] = [*page.iter("caption"), *page.iter("figcaption")]
    return plain(caption)


def test_a_table_has_its_cells_caption_name_widths_and_sides() -> None:
    rows = [["Checks " * 9, SHARE, "2010"], ["Children", COUNT, "2009"]]
    page = read(a_table(rows, right=["Figure"]).markdown)
    assert names_of(page) == ["tbl-some"]
    assert plain(next(page.iter("caption"))) == "Some figures"
    heads = list(page.iterfind(".//thead/tr/th"))
    assert [plain(cell) for cell in heads] == ["What", "Figure", "When"]
    assert [cell.get("style") for cell in heads] == [None, "text-align:right", None]
    widths = [column.get("style") for column in page.iter("col")]
    assert widths == ["width: 50%", "width: 30%", "width: 20%"]
    expected = [[("Checks " * 9).strip(), "78%", "2010"], ["Children", "1,568", "2009"]]
    assert rows_of(page) == expected
    assert rows_of(read(a_table([]).markdown)) == []


def test_the_claims_of_a_table_are_spans_and_travel_with_it() -> None:
    both = say("{count} and {share}", count=COUNT, share=SHARE)
    block = a_table([["Checks", both, COUNT]], caption=say("Figures at {share}", share=SHARE))
    assert sorted(block.claims, key=str) == sorted([SHARE, COUNT], key=str)
    names = [element.attrib["data-claim"] for element in claims_of(read(block.markdown))]
    assert sorted(names) == sorted([SHARE.id, SHARE.id, COUNT.id, COUNT.id])


@pytest.mark.parametrize("word", AWKWARD)
def test_marks_in_a_table_are_printed_and_not_read(word: str) -> None:
    label = claim(word, [FACT], unit="label")
    rows = [[word, Text((word,)), label]]
    block = table([word, "b", "c"], rows, caption=Text((word,)), label="odd", widths=[5, 5, 5])
    page = read(block.markdown)
    assert plain(page.find(".//thead/tr/th")) == word
    assert rows_of(page) == [[word, word, word]]
    assert caption_of(block) == word


@pytest.mark.parametrize(
    ("rows", "widths"),
    [([["one", "two"]], [1, 1, 1]), ([["1", "2", "3", "4"]], [1, 1, 1]), ([], [1, 1])],
)
def test_a_row_or_widths_of_another_length_are_refused(
    rows: list[list[str]], widths: list[int]
) -> None:
    with pytest.raises(ValueError, match="table some: every row and widths need 3 cells"):
        a_table(rows, widths=widths)


def test_a_figure_has_its_name_caption_alternative_text_and_claims() -> None:
    block = a_figure(claims=[COUNT, SHARE])
    page = read(block.markdown)
    assert [part.tag for part in page] == ["figure"]
    assert (names_of(page), alternative(page)) == (["fig-one"], ["A bar at 78%"])
    assert caption_of(block) == "How to read it"
    assert b"78%" in pictures(page)[0]
    assert block.claims == (SHARE, COUNT)


@pytest.mark.parametrize(
    "word",
    [*AWKWARD, "ends in ]", "](x.png)", "- a", "1. b", "---", ": c", "=", "R&amp;D", 'a\\b \\"c"'],
)
def test_marks_in_a_caption_and_an_alternative_text_are_printed_and_not_read(word: str) -> None:
    block = a_figure(caption=Text((word,)), alt=Text((word,)))
    assert caption_of(block) == word
    assert alternative(read(block.markdown)) == [word]


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


def test_paragraphs_and_bullets_name_their_places() -> None:
    texts = (say("{n} of them.", n=SHARE), say("Nothing is known."))
    for block, kinds in ((paragraphs(*texts), ["p", "p"]), (bullets(*texts), ["ul"])):
        page = read(block.markdown)
        assert [part.tag for part in page] == kinds
        assert plain(page) == "78% of them (paragraph 55).Nothing is known."
        assert [link.attrib["href"] for link in page.iter("a")] == ["#paragraph-55"]
        assert block.claims == (SHARE,)


def test_a_notebook_is_given_the_markdown_and_the_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    displayed: list[Any] = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, *, metadata, raw: displayed.append((data, metadata))
    )
    many = [f"s.{number}" for number in range(20)]
    rank, of = (claim(value, [FACT], unit="rank", others=many) for value in (3, 20))
    block = paragraphs(say("{rank} of {of}.", rank=rank, of=of))
    show(None, block, None, Block("words"))
    [(data, metadata), (words, _)] = displayed
    assert data == {"text/markdown": block.markdown, "text/plain": "<Block with 2 claims>"}
    assert words["text/markdown"] == "words"
    ours = json.loads(json.dumps(metadata["kentstats"]))
    assert [one["id"] for one in ours["claims"]] == [rank.id, of.id]
    # the many facts that stand behind both are listed once
    assert ours["lists"] == {rank.listed: many}
    assert [one["others"] for one in ours["claims"]] == [rank.listed] * 2
