"""Data for every chart, and what tests of charts look for."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from kentstats.charts import bars, caterpillar, drawing, funnel, spine, trend
from kentstats.charts.style import theme

# the government's palette, and the grey of the others
NAVY, TEAL, PLUM, ORANGE, GREY, WHITE, INK = (
    *("#12436d", "#28a197", "#801650", "#f46a25"),
    *("#bfbfbf", "#ffffff", "#1a1a1a"),
)
LONG = "Bournemouth, Christchurch and Poole"


def frame(columns: str, *rows: tuple[object, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


GRADES = frame(
    "judgement service grade label",
    ("Overall", "Safeguarding", 4, "Inadequate"),
    ("Overall", "Looked after", 3, "Adequate"),
    ("Feel safe", "Safeguarding", 3, "Adequate"),
    ("Feel safe", "Safeguarding", 4, "Inadequate"),
    ("Well-being", "Looked after", 2, "Good"),
    ("Engagement", "Looked after", 1, "Outstanding"),
)
ACTIONS = frame(
    "service due day count label",
    ("Safeguarding", pd.Timestamp("2011-05-19"), "19 May 2011", 3.0, "3"),
    ("Safeguarding", pd.Timestamp("2010-11-19"), "19 November 2010", 1.0, "1"),
    ("Looked after", pd.Timestamp("2011-05-19"), "19 May 2011", 6.0, "6"),
)
BENCHMARKS = frame(
    "measure area value label ours",
    ("Checks", "Kent", 78.0, "78%", True),
    ("Share", "England", 11.8, "11.8%", False),
    ("Checks", "England", 85.4, "85.4%", False),
    ("Share", "Kent", 6.3, "6.3%", True),
)
INTERVALS = frame(
    "measure value lower upper label",
    ("Few", 5.4, 2.8, 10.4, "8 of 147: 5.4%"),
    ("Some", 35.4, 24.9, 47.5, "23 of 65: 35.4%"),
    ("Most", 90.0, 59.6, 98.2, "9 of 10: 90.0%"),
)
PARTS = frame(
    "whole part share label",
    ("All", "Asylum", 25.0, "250"),
    ("All", "Others", 75.0, "750"),
    ("Homes", "Asylum", 40.0, "34"),
    ("Homes", "Others", 60.0, "51"),
)
COUNTS = frame(
    "name value label", ("Primary", 447.0, "447"), ("Colleges", 7.0, "7"), ("Secondary", 81.0, "81")
)
SPINE = frame(
    "theme measure position low high worst best verdict label benchmark_label",
    ("Health", "Health checks", 0.5, -0.2, 0.3, -0.9, 1.0, "better", "94%", "90%"),
    ("Health", "Dentist", 0.0, -0.1, 0.2, -1.0, 0.7, "similar", "81%", "81%"),
    ("Homes", "Moves", -0.4, -0.3, 0.3, -1.0, 0.6, "worse", "12%", "10%"),
    ("Homes", "Rate", 0.3, -0.3, 0.3, -1.0, 0.6, "higher", "75", "70"),
    ("Homes", "Distance", math.nan, -0.3, 0.3, -1.0, 0.6, "not compared", "18%", "17%"),
)
CELLS = frame(
    "measure area label word",
    ("Health checks", "Kent", "94%", "better"),
    ("Health checks", "Essex", "90%", "similar"),
    ("Health checks", "Medway", "72%", "worse"),
    ("Rate", "Kent", "75", "higher"),
    ("Rate", "Essex", "60", "lower"),
    ("Rate", "Medway", "70", "not compared"),
)
DOTS = frame(
    "name base value ours",
    ("Kent", 1200.0, 94.0, True),
    ("Essex", 900.0, 88.0, False),
    ("Rutland", 30.0, 70.0, False),
    ("Isles of Scilly", math.nan, math.nan, False),
)
RANKS = frame(
    "name value lower upper ours neighbour",
    ("Kent", 94.0, 92.0, 96.0, True, False),
    ("Essex", 88.0, 85.0, 91.0, False, True),
    ("Rutland", 70.0, 52.0, 84.0, False, False),
    ("Isles of Scilly", math.nan, math.nan, math.nan, False, False),
    ("Surrey", 97.0, 96.0, 98.0, False, False),
)
YEARS = frame(
    "area period value lower upper ours label",
    ("Kent", "2022", 81.0, 79.0, 83.0, True, "81%"),
    ("Kent", "2023", math.nan, math.nan, math.nan, True, None),
    ("Kent", "2024", 85.0, 83.0, 87.0, True, "85%"),
    ("England", "2022", 70.0, 69.0, 71.0, False, "70%"),
    ("England", "2023", 76.0, 75.0, 77.0, False, "76%"),
    ("South East", "2022", 74.0, 73.0, 75.0, False, "74%"),
    ("South East", "2024", 77.0, 76.0, 78.0, False, "77%"),
)
percent = "{:.0f}%".format


def limits(bases: Any, *, adjusted: bool = False) -> pd.DataFrame:
    """Control limits around 90 that are wider below, at some bases."""
    bases = np.asarray(bases, dtype=float)
    data = pd.DataFrame({"base": bases, "centre": 90.0})
    for prefix, times in (("", 1.0), *((("adjusted_", 1.2),) if adjusted else ())):
        for level, reach in (("95", 30), ("998", 45)):
            data[f"{prefix}lower{level}"] = 90 - times * 2 * reach / np.sqrt(bases)
            data[f"{prefix}upper{level}"] = 90 + times * reach / np.sqrt(bases)
    return data


LIMITS = limits([10, 100, 1200])
CHARTS: dict[str, tuple[Callable[..., Axes], Any, float]] = {
    "judgement_strip": (bars.judgement_strip, GRADES, 1.9),
    "action_timeline": (bars.action_timeline, ACTIONS, 1.9),
    "benchmark_bars": (bars.benchmark_bars, BENCHMARKS, 1.9),
    "interval_dots": (bars.interval_dots, INTERVALS, 1.9),
    "composition_bars": (bars.composition_bars, PARTS, 1.9),
    "count_bars": (bars.count_bars, COUNTS, 1.9),
    "waffle": (bars.waffle, 13.0, 1.9),
    "spine": (partial(spine.spine, ours="Kent"), SPINE, spine.SPINE_LEFT),
    "heat_table": (spine.heat_table, CELLS, spine.TABLE_LEFT),
    "funnel": (
        partial(funnel.funnel, limits=LIMITS, ours="Kent: 94%", tick_format=percent),
        DOTS,
        trend.SCALE_LEFT,
    ),
    "caterpillar": (
        partial(caterpillar.caterpillar, benchmark=90.0, ours_label="Kent", tick_format=percent),
        RANKS,
        trend.SCALE_LEFT,
    ),
    "trend": (partial(trend.trend, tick_format=percent), YEARS, trend.SCALE_LEFT),
}


def on_new_axes(name: str, data: Any = None) -> Axes:
    """Draw a chart as the sections of a briefing do."""
    draw, own, _ = CHARTS[name]
    return draw(own if data is None else data, ax=drawing.new_axes())


def titled(axes: Axes, left: float, **texts: str) -> Figure:
    words = {
        "title": "Kent is better than England on six measures and worse on five",
        "subtitle": "All authorities in England, 2025, per cent",
        "source": "Source: Department for Education",
    }
    figure = drawing.add_titles(axes, **(words | texts), left=left, head=0.25).get_figure(root=True)
    assert figure is not None
    return figure


def titled_chart(name: str, data: Any = None) -> Figure:
    return titled(on_new_axes(name, data), CHARTS[name][2])


def assert_legible(figure: Figure) -> None:
    """No text leaves the figure or lies on another one."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    with theme():
        figure.draw(renderer)
        texts = [
            (text.get_text(), text.get_window_extent(renderer))
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text().strip()
        ]
    assert len(texts) >= 3
    for words, box in texts:
        inside = min(box.x0, box.y0) >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        assert inside, f"“{words}” leaves the figure"
    for (one, here), (other, there) in combinations(texts, 2):
        both = Bbox.intersection(here, there)
        apart = both is None or both.width < 1 or both.height < 1
        assert apart, f"“{one}” lies on “{other}”"


def contrast(one: Any, other: Any) -> float:
    """Contrast as WCAG 2.2 defines it."""
    dark, light = sorted(
        sum(
            share * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
            for share, part in zip((0.2126, 0.7152, 0.0722), to_rgb(colour), strict=True)
        )
        for colour in (one, other)
    )
    return (light + 0.05) / (dark + 0.05)


def ticks(axis: Any) -> list[str]:
    """What an axis knows of its labels."""
    return [label.get_text() for label in axis.get_ticklabels()]


def along(axes: Axes) -> list[Text]:
    """The texts printed along the axes."""
    return [text for text in axes.texts if text.get_zorder() == drawing.SCALE_ZORDER]


def inside(axes: Axes) -> list[Text]:
    """The texts among the marks."""
    return [text for text in axes.texts if text.get_zorder() != drawing.SCALE_ZORDER]


def words(axes: Axes) -> dict[str, tuple[float, float]]:
    """What the texts among the marks say, and where they are anchored."""
    return {text.get_text(): text.get_position() for text in inside(axes)}


def letters(axes: Axes) -> list[str]:
    return [text.get_text() for text in inside(axes)]


def rectangles(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_fill()]


def middles(axes: Axes) -> list[float]:
    return [round(bar.get_y() + bar.get_height() / 2, 6) for bar in rectangles(axes)]


def fills(axes: Axes) -> list[str]:
    return [to_hex(bar.get_facecolor()) for bar in rectangles(axes)]


def line_paths(axes: Axes) -> list[list[list[list[float]]]]:
    """The start and end of every line, path by path."""
    paths = [patch.get_path() for patch in axes.patches if isinstance(patch, PathPatch)]
    return [
        np.asarray(path.vertices).round(6).reshape(-1, 2, 2).tolist()
        for path in paths
        if path.codes is not None and Path.CLOSEPOLY not in path.codes
    ]


def lines(axes: Axes) -> list[Any]:
    """The lines of values, without ticks."""
    return [line for line in axes.lines if line.get_linestyle() != "None"]


def scatters(axes: Axes) -> list[PathCollection]:
    return [each for each in axes.collections if isinstance(each, PathCollection)]


def offsets(collection: Any) -> list[list[float]]:
    return [[round(value, 6) for value in place] for place in collection.get_offsets().tolist()]
