"""Artists, text and its measures, and colours that can be told apart."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import pytest
from charting import LONG, contrast
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.textpath import text_to_path

from kentstats.charts.drawing import new_label
from kentstats.charts.style import (
    GRADE_FILL,
    GRADE_INK,
    RC,
    VERDICTS,
    spread_labels,
    text_height,
    text_width,
    theme,
    wrap_text,
)


class RecordingRenderer(RendererBase):
    """Notes which line of text is written where."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        figure.dpi = 72
        self.lines: list[tuple[str, float, float]] = []

    def draw_text(self, gc: Any, x: float, y: float, s: str, *_: Any, **__: Any) -> None:
        if s:
            self.lines.append((s, x, y))

    def get_text_width_height_descent(self, s: str, prop: Any, ismath: Any) -> Any:
        return text_to_path.get_text_width_height_descent(s, prop, ismath)

    def get_canvas_width_height(self) -> tuple[float, float]:
        return 4 * 72, 3 * 72

    def points_to_pixels(self, points: Any) -> Any:
        return points


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("text", ["Kent", "Kent and\nMedway, Åre", "a\n\nlong (y) line\nx"])
def test_a_label_stands_where_matplotlib_would_put_it(text: str, rotation: int) -> None:
    vertical = ["bottom", "top", "center", *([] if rotation else ["baseline", "center_baseline"])]
    for ha, va, size, weight in product(
        ("left", "center", "right"), vertical, (8, 11), ("normal", "bold")
    ):
        options: dict[str, Any] = {"ha": ha, "va": va, "size": size, "weight": weight}
        found = []
        for make, family in ((Text, {"family": RC["font.family"]}), (new_label, {})):
            figure = Figure(figsize=(4, 3))
            artist = make(150, 100, text, rotation=rotation, **options, **family)
            figure.add_artist(artist)
            renderer = RecordingRenderer(figure)
            artist.draw(renderer)
            found.append(renderer.lines)
        assert [line for line, *_ in found[0]] == [line for line, *_ in found[1]]
        for (_, x, y), (_, other_x, other_y) in zip(*found, strict=True):
            # along the line, kerning is not counted
            assert abs(x - other_x) < (0.1 if rotation else 1.5)
            assert abs(y - other_y) < (1.5 if rotation else 0.1)


@pytest.mark.parametrize("bold", [False, True])
def test_text_is_as_wide_as_it_is_drawn(bold: bool) -> None:
    figure = Figure(figsize=(6, 2), dpi=300)
    with theme():
        text = figure.text(0, 0, f"{LONG}: 94.3%", size=8, weight="bold" if bold else "normal")
        box = text.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    width = text_width(text.get_text(), size=8, bold=bold)
    assert width == pytest.approx(box.width / 300, rel=0.03)
    assert text_height(["one", "two\nlines"], size=8) == 2 * text_height(["one"], size=8)


@given(st.text(st.characters(codec="latin-1", categories=["L", "N", "P"]) | st.just(" ")))
@settings(max_examples=60, deadline=None)
def test_broken_text_fits_and_loses_no_letter(text: str) -> None:
    lines = wrap_text(text, 0.6).split("\n")
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert all(text_width(line) <= 0.6 for line in lines if len(line) > 1)


@given(st.lists(st.tuples(st.floats(-5, 15), st.floats(0.1, 1)), min_size=1, max_size=8))
def test_labels_keep_apart_in_their_order_and_in_their_range(
    labels: list[tuple[float, float]],
) -> None:
    wanted, heights = (list(part) for part in zip(*labels, strict=True))
    placed = spread_labels(wanted, heights, 0, 10)
    order = sorted(range(len(labels)), key=wanted.__getitem__)
    for below, above in pairwise(order):
        assert placed[above] - placed[below] >= (heights[above] + heights[below]) / 2 - 1e-9
    for middle, height in zip(placed, heights, strict=True):
        assert middle - height / 2 >= -1e-9
        assert middle + height / 2 <= 10 + 1e-9


def test_verdicts_and_grades_can_be_read_and_told_apart_in_greyscale() -> None:
    for style in VERDICTS.values():
        assert contrast(style.cell_fill, style.ink) >= 4.5
    for one, other in pairwise(("better", "worse", "similar")):
        assert contrast(VERDICTS[one].cell_fill, VERDICTS[other].cell_fill) >= 3
    marks = {(style.marker, style.marker_fill) for style in VERDICTS.values()}
    assert len(marks) == len({style.sign for style in VERDICTS.values()}) == len(VERDICTS)
    for grade, fill in GRADE_FILL.items():
        assert contrast(fill, GRADE_INK[grade]) >= 4.5
    # green and red of the same lightness would differ by 1.28
    assert contrast(GRADE_FILL[2], GRADE_FILL[4]) > 1.28
