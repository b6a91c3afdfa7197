"""Spine chart and heat table."""

from __future__ import annotations

from itertools import product

import charting as c
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.patches import PathPatch, Rectangle

from kentstats.charts.drawing import new_axes
from kentstats.charts.spine import SPINE_LEFT, TABLE_LEFT, heat_table, spine
from kentstats.charts.style import VERDICTS

MEASURES = [
    "Referrals to children’s social care",
    "Re-referrals within 12 months",
    "Assessments completed within 45 working days",
    "Strengths and Difficulties Questionnaire score that is a cause for concern",
    "Care leavers aged 19 to 21 in education, employment or training",
    "Days from entry into care to placement with adoptive family",
    "Child protection plans at 31 March",
]
AREAS = [
    *("Kent", "Essex", "Northamptonshire", c.LONG, "Worcestershire", "Lancashire"),
    *("The Royal Borough of Windsor and Maidenhead", "Kingston upon Hull, City of"),
    *("Nottinghamshire", "Leicestershire", "East Sussex", "Telford and Wrekin", "Swindon"),
]


def test_ranges_and_marks_lie_around_the_benchmark() -> None:
    axes = c.on_new_axes("spine")
    _, ranges, quarters, [[[middle, _], [again, _]]] = c.line_paths(axes)
    assert middle == again
    for bars, names in ((ranges, ("worst", "best")), (quarters, ("low", "high"))):
        ends = np.array([[left / middle - 1, right / middle - 1] for [left, _], [right, _] in bars])
        np.testing.assert_allclose(ends, c.SPINE[list(names)], atol=1e-5)
    places = dict(zip(c.ticks(axes.yaxis), axes.get_yticks(), strict=True))
    wanted = [
        ("Health checks", 0.5, "o", c.NAVY),
        ("Dentist", 0.0, "o", c.WHITE),
        ("Moves", -0.4, "D", c.ORANGE),
        ("Rate", 0.3, "^", c.INK),
    ]
    *marks, missing = c.scatters(axes)
    for (measure, position, marker, colour), mark in zip(wanted, marks, strict=True):
        [[x, y]] = mark.get_offsets()
        assert (x / middle - 1, y) == pytest.approx((position, places[measure]), abs=1e-5)
        style = MarkerStyle(marker)
        shape = style.get_path().transformed(style.get_transform())
        np.testing.assert_array_equal(mark.get_paths()[0].vertices, shape.vertices)
        assert to_hex(mark.get_facecolors()[0]) == colour
        assert to_hex(mark.get_edgecolors()[0]) == c.INK
    assert not np.isfinite(np.ma.filled(missing.get_offsets(), np.nan)).all()


@pytest.mark.parametrize("ours", ["Kent", c.LONG])
def test_a_spine_of_22_rows_in_8_themes_is_legible_on_one_page(ours: str) -> None:
    data = pd.concat([c.SPINE.iloc[[row % len(c.SPINE)]] for row in range(22)], ignore_index=True)
    data["theme"] = [f"Theme {row * 8 // 22}" for row in range(22)]
    data["measure"] = [f"{MEASURES[row % 7]} {row}" for row in range(22)]
    data["label"] = ["1,234 days" if row % 5 == 0 else "54.3%" for row in range(22)]
    ends = ("worse or lower", "better or higher")
    figure = c.titled(spine(data, ours=ours, ends=ends, ax=new_axes()), SPINE_LEFT)
    c.assert_legible(figure)
    assert figure.get_size_inches()[1] < 10.6


def boxes(axes: Axes) -> dict[tuple[float, float, float, float], str]:
    """The cells of a heat table, by their edges, with their fills."""
    return {
        (*corners[:, 0:1].min(axis=0), *corners[:, 1:].min(axis=0), *corners.max(axis=0)): to_hex(
            patch.get_facecolor()
        )
        for patch in axes.patches
        if isinstance(patch, PathPatch)
        for corners in np.asarray(patch.get_path().vertices).reshape(-1, 5, 2)
    }


def test_areas_are_across_and_measures_down_and_ours_is_framed() -> None:
    axes = c.on_new_axes("heat_table")
    assert c.ticks(axes.yaxis) == ["Health checks", "Rate"]
    assert c.letters(axes)[:6] == [
        *("94%\nbetter", "90%\nsimilar", "72%\nworse"),
        *("75\nhigher", "60\nlower", "70\nnot compared"),
    ]
    cells = boxes(axes)
    for text, word in zip(c.inside(axes)[:6], c.CELLS["word"], strict=True):
        x, y = text.get_position()
        [fill] = [fill for (x0, y0, x1, y1), fill in cells.items() if x0 < x < x1 and y0 < y < y1]
        assert fill == VERDICTS[word].cell_fill.lower()
        assert text.get_color() == VERDICTS[word].ink
    assert c.letters(axes)[6:9] == ["Kent", "Essex", "Medway"]
    assert [text.get_weight() for text in c.inside(axes)[6:9]] == ["bold", "normal", "normal"]
    [frame] = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    edges = np.array([box for box in cells if box[0] == 0])
    assert frame.get_bbox().extents == pytest.approx([*edges.min(0)[:2], *edges.max(0)[2:]])
    assert len(boxes(c.on_new_axes("heat_table", c.CELLS.drop(index=4)))) == 5


def table(across: int, down: int) -> pd.DataFrame:
    verdicts = ["better", "similar", "worse"]
    rows = [
        (
            f"{MEASURES[row % 7]} {row}",
            area,
            f"{row + column + 12.3:.1f}%",
            verdicts[(row + column) % 3],
        )
        for row, (column, area) in product(range(down), enumerate(AREAS[:across]))
    ]
    return pd.DataFrame(rows, columns=["measure", "area", "label", "word"])


@pytest.mark.parametrize(("across", "down"), [(11, 14), (12, 3), (6, 5), (3, 2), (1, 1)])
def test_a_heat_table_is_legible_with_every_text_in_its_cell(across: int, down: int) -> None:
    data = table(across, down)
    data.loc[0, "word"] = "not compared"
    axes = heat_table(data, ax=new_axes())
    figure: Figure = c.titled(axes, TABLE_LEFT)
    c.assert_legible(figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    to_pixels = axes.transData.transform
    cells = [np.sort(to_pixels(np.reshape(box, (2, 2))), axis=0) for box in boxes(axes)]
    for text in c.inside(axes)[: across * down]:
        label = text.get_window_extent(renderer)
        low, high = label.min, label.max
        assert any((cell[0] - 0.5 <= low).all() and (high <= cell[1] + 0.5).all() for cell in cells)


def test_names_and_words_too_wide_for_their_column_are_turned_and_explained_below() -> None:
    assert {text.get_rotation() for text in c.inside(c.on_new_axes("heat_table"))} == {0}
    data = table(11, 2)
    data.loc[3, "word"] = "not compared"
    axes = heat_table(data, ax=new_axes())
    assert {text.get_rotation() for text in c.inside(axes)} == {0, 90}
    assert c.letters(axes)[3].endswith("\n×")
    assert c.letters(axes)[-1] == "× not compared"
