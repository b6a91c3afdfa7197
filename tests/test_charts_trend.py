"""Trend chart, funnel plot and caterpillar plot."""

from __future__ import annotations

import math
from functools import partial

import charting as c
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex

from kentstats.charts import caterpillar as caterpillar_plot
from kentstats.charts import funnel as funnel_plot
from kentstats.charts import trend as trend_chart
from kentstats.charts.drawing import new_axes
from kentstats.charts.trend import SCALE_LEFT


def funnel(data: pd.DataFrame, curves: pd.DataFrame = c.LIMITS, **options: object) -> object:
    return funnel_plot.funnel(data, curves, **{"ours": "Kent", "ax": new_axes(), **options})


def caterpillar(data: pd.DataFrame, **options: object) -> object:
    return caterpillar_plot.caterpillar(data, ax=new_axes(), **options)


def trend(data: pd.DataFrame, **options: object) -> object:
    return trend_chart.trend(data, ax=new_axes(), **options)


# --- funnel -----------------------------------------------------------------------------------


def test_every_authority_is_a_dot_and_ours_is_marked_and_named() -> None:
    axes = funnel(c.DOTS, ours="Kent: 94%")
    others, mine = c.scatters(axes)
    assert c.offsets(others) == [[900, 88], [30, 70]]
    assert c.offsets(mine) == [[1200, 94]]
    assert mine.get_sizes()[0] > others.get_sizes()[0]
    assert to_hex(others.get_facecolors()[0]) == c.GREY
    assert to_hex(mine.get_facecolors()[0]) == c.NAVY
    assert c.words(axes)["Kent: 94%"] == (1200, 94)
    assert "Kent" not in c.letters(funnel(c.DOTS.assign(ours=False)))


def test_limits_are_curves_labelled_where_they_end() -> None:
    axes = funnel(c.DOTS, centre="England: 90%")
    curves = {tuple(line.get_ydata()): line for line in c.lines(axes)}
    for name in c.LIMITS.columns.drop("base"):
        assert list(curves[tuple(c.LIMITS[name])].get_xdata()) == list(c.LIMITS["base"])
    assert curves[tuple(c.LIMITS["lower95"])].get_linestyle() == "--"
    assert curves[tuple(c.LIMITS["lower998"])].get_linestyle() == "-"
    # the lower c.limits lie further out, so there is more room for their labels
    last = c.LIMITS.iloc[-1]
    assert c.words(axes)["England: 90%"] == (1200, 90)
    assert c.words(axes)["95%"] == (1200, pytest.approx(last["lower95"]))
    assert c.words(axes)["99.8%"] == (1200, pytest.approx(last["lower998"]))
    axes = funnel(c.DOTS, c.limits(c.LIMITS["base"], adjusted=True))
    assert len(c.lines(axes)) == 9
    assert {"95% adjusted", "99.8% adjusted", "95%", "99.8%"} <= set(c.letters(axes))
    with pytest.raises(ValueError, match="needs an authority and its limits"):
        funnel(c.DOTS, c.LIMITS.head(0))


def authorities(ours: int) -> pd.DataFrame:
    random, count = np.random.default_rng(7), 152
    base = np.exp(random.normal(5.5, 0.8, count)).round() + 10
    value = random.normal(90, 5, count).clip(60, 100)
    number = np.arange(count)
    return pd.DataFrame(
        {
            "base": base,
            "value": value,
            "lower": value - 150 / np.sqrt(base),
            "upper": (value + 150 / np.sqrt(base)).clip(max=100),
            "ours": number == ours,
            "neighbour": number % 15 == 0,
        }
    )


@pytest.mark.parametrize("ours", [0, 30, 77, 150])
@pytest.mark.parametrize("log", [False, True])
def test_a_funnel_of_152_authorities_is_legible(ours: int, log: bool) -> None:
    data = authorities(ours)
    bases = np.geomspace(10, data["base"].max(), 60)
    draw = partial(funnel, data, tick_format=c.percent, log=log, xlabel="Children")
    c.assert_legible(c.titled(draw(c.limits(bases), ours=f"{c.LONG}: 94%"), SCALE_LEFT))
    c.assert_legible(c.titled(draw(c.limits(bases, adjusted=True)), SCALE_LEFT))


# --- caterpillar ------------------------------------------------------------------------------


def test_authorities_stand_in_the_order_of_their_values_with_their_intervals() -> None:
    axes = caterpillar(
        c.RANKS, benchmark=90, benchmark_label="England: 90%", ours_label="Kent: 94%"
    )
    others, near, mine = c.scatters(axes)
    assert c.offsets(others) == [[0, 70], [3, 97]]
    assert c.offsets(near) == [[1, 88]]
    assert c.offsets(mine) == [[2, 94]]
    assert to_hex(mine.get_facecolors()[0]) == c.NAVY
    *intervals, stroke = c.line_paths(axes)
    assert intervals == [
        [[[0, 52], [0, 84]], [[3, 96], [3, 98]]],
        [[[1, 85], [1, 91]]],
        [[[2, 92], [2, 96]]],
    ]
    assert c.ticks(axes.xaxis) == ["lowest", "highest"]
    assert list(axes.get_xticks()) == [0, 3]
    [line] = c.lines(axes)
    assert list(line.get_ydata()) == [90, 90]
    assert c.words(axes)["England: 90%"][1] == 90
    # the name of ours stands above everything, with a stroke down to its interval
    assert c.words(axes)["Kent: 94%"][1] == pytest.approx(axes.get_ylim()[1])
    assert axes.get_ylim()[1] > c.RANKS["upper"].max()
    assert stroke[0][0] == [2, 96]
    assert not c.lines(caterpillar(c.RANKS))


@pytest.mark.parametrize("ours", [0, 30, 77, 150])
def test_a_caterpillar_plot_of_152_authorities_is_legible(ours: int) -> None:
    labels = {"benchmark_label": "England: 90%", "ours_label": f"{c.LONG}: 94%"}
    axes = caterpillar(
        authorities(ours), benchmark=90, xlabel="Authorities", tick_format=c.percent, **labels
    )
    figure = c.titled(axes, SCALE_LEFT)
    c.assert_legible(figure)
    renderer = FigureCanvasAgg(figure).get_renderer()
    [label] = [text for text in c.inside(axes) if text.get_text().startswith("Bourne")]
    box = label.get_window_extent(renderer)
    x, _ = axes.transData.transform(c.scatters(axes)[-1].get_offsets()[0])
    assert box.x0 <= x <= box.x1


# --- trend ------------------------------------------------------------------------------------


def test_lines_go_from_period_to_period_and_bridge_no_gap() -> None:
    axes = c.on_new_axes("trend")
    assert c.ticks(axes.xaxis) == ["2022", "2023", "2024"]
    assert c.ticks(axes.yaxis)[0] == "0%"
    kent, england, south_east = c.lines(axes)
    np.testing.assert_array_equal(kent.get_ydata(), [81, math.nan, 85])
    np.testing.assert_array_equal(england.get_ydata(), [70, 76, math.nan])
    np.testing.assert_array_equal(south_east.get_ydata(), [74, math.nan, 77])
    assert all(line.get_marker() == "o" for line in c.lines(axes)), "a lone year can be seen"
    assert c.line_paths(axes)[0] == [[[0, 79], [0, 83]], [[2, 83], [2, 87]]]
    without = c.YEARS.drop(columns=["lower", "upper"])
    assert len(c.line_paths(trend(without))) == len(c.line_paths(axes)) - 1


def test_lines_are_labelled_where_they_end_and_say_so_where_that_is_early() -> None:
    assert c.letters(trend(c.YEARS)) == ["Kent 85%", "England 76% (to\n2023)", "South East 77%"]
    assert c.letters(trend(c.YEARS.drop(columns="label")))[0] == "Kent"
    nothing = c.YEARS.assign(value=c.YEARS["value"].where(c.YEARS["ours"]))
    assert "England: no figures" in c.letters(trend(nothing))
    first = c.YEARS.head(1).drop(columns=["lower", "upper"])
    level = pd.concat([first, *(first.assign(area=name, ours=False) for name in "ab")])
    # labels moved away are led back to their line
    [strokes] = c.line_paths(trend(level))
    assert {tuple(start) for start, _ in strokes} == {(0, 81)}
    assert len({tuple(end) for _, end in strokes}) >= 2


def years(count: int, level: float = 50.0) -> pd.DataFrame:
    rows = [
        (area, f"{year}-{year - 1999:02d}", level + (year * step) % 3, step == 0)
        for step, area in enumerate(["Kent", c.LONG, "England", "Statistical neighbours"])
        for year in range(2025 - count, 2025)
    ]
    return pd.DataFrame(rows, columns=["area", "period", "value", "ours"])


@pytest.mark.parametrize("count", [1, 2, 5, 13, 19])
@pytest.mark.parametrize("level", [0.0, 50.0, 1e6])
def test_a_trend_is_legible_however_close_its_lines_end(count: int, level: float) -> None:
    c.assert_legible(c.titled(trend(years(count, level)), SCALE_LEFT))
