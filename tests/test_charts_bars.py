"""Bars, dots with intervals, squares, judgements and actions."""

from __future__ import annotations

import charting as c
import matplotlib as mpl
import pytest
from matplotlib.colors import to_hex

from kentstats.charts.bars import waffle
from kentstats.charts.drawing import new_axes


def test_judgements_are_cells_in_their_row_and_column() -> None:
    axes = c.on_new_axes("judgement_strip")
    assert c.ticks(axes.yaxis) == ["Overall", "Feel safe", "Well-being", "Engagement"]
    assert c.ticks(axes.xaxis) == ["Safeguarding", "Looked after"]
    bottom, top = axes.get_ylim()
    assert bottom > top, "the first judgement is at the top"
    assert c.middles(axes) == [0, 0, 1, 1, 2, 3]
    assert [int(bar.get_x()) for bar in c.rectangles(axes)] == [0, 1, 0, 0, 1, 1]
    assert c.fills(axes) == [c.ORANGE, c.WHITE, c.WHITE, c.ORANGE, c.NAVY, c.PLUM]
    assert c.letters(axes) == list(c.GRADES["label"])
    # two grades of one judgement share its cell
    whole, _, left, right, *_ = c.rectangles(axes)
    assert left.get_width() == right.get_width() == pytest.approx(whole.get_width() / 2)
    assert left.get_x() == pytest.approx(whole.get_x())
    assert right.get_x() == pytest.approx(left.get_x() + left.get_width())


def test_actions_are_dots_by_day_and_service_and_grow_with_their_number() -> None:
    axes = c.on_new_axes("action_timeline")
    assert c.ticks(axes.yaxis) == ["Safeguarding", "Looked after"]
    assert c.ticks(axes.xaxis) == ["19 November 2010", "19 May 2011"]
    [dots] = axes.collections
    first, second = (float(mpl.dates.datestr2num(day)) for day in ("2010-11-19", "2011-05-19"))
    assert dots.get_offsets().tolist() == [[second, 0], [first, 0], [second, 1]]
    three, one, six = dots.get_sizes()
    assert one < three < six
    assert c.letters(axes) == ["3", "1", "6"]
    assert axes.get_xticks().tolist() == [first, second]


def test_parts_are_stacked_from_zero_to_the_whole() -> None:
    axes = c.on_new_axes("composition_bars")
    edges = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in c.rectangles(axes)]
    assert edges == [(0, 25), (25, 100), (0, 40), (40, 100)]
    assert c.middles(axes) == [0, 0, 1, 1]
    assert c.fills(axes) == [c.NAVY, c.GREY, c.NAVY, c.GREY]
    assert c.words(axes) == {"250": (12.5, 0), "750": (62.5, 0), "34": (20, 1), "51": (70, 1)}
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["Asylum", "Others"]


@pytest.mark.parametrize(
    ("share", "marked"), [(0, 0), (13, 13), (12.4, 12), (12.5, 13), (99.5, 100), (100, 100)]
)
def test_a_waffle_marks_as_many_squares_as_there_are_per_cent(share: float, marked: int) -> None:
    [squares] = waffle(share, ax=new_axes()).collections
    colours = [to_hex(colour) for colour in squares.get_facecolors()]
    assert len({tuple(place) for place in squares.get_offsets()}) == 100
    assert colours == [c.NAVY] * marked + [c.GREY] * (100 - marked)


def test_labels_can_be_read_on_what_they_stand_on_and_marks_be_told_apart() -> None:
    for name in ("judgement_strip", "composition_bars"):
        axes = c.on_new_axes(name)
        for text, bar in zip(c.inside(axes), c.rectangles(axes), strict=True):
            assert c.contrast(text.get_color(), bar.get_facecolor()) >= 4.5, text
    axes = c.on_new_axes("action_timeline")
    assert c.contrast(c.inside(axes)[0].get_color(), axes.collections[0].get_facecolors()[0]) >= 4.5
    # WCAG 2.2, 1.4.11: between the parts of a picture that carry its meaning
    assert c.contrast(c.NAVY, c.GREY) >= 3
