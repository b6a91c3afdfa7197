"""Charts of verdicts: a spine for one area, a heat table for several.

They compute nothing but where a label goes. A verdict comes in as a word and
is printed as one; its mark and its fill only repeat it. Heights and widths
are inches of the page, so that names of any length find room. ``SPINE_LEFT``
and ``TABLE_LEFT`` are what :func:`kentstats.charts.charts.headed` wants as
``left``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kentstats.charts.charts import _axes, _lines
from kentstats.charts.lettering import EDGE, MARGIN, tall, width, wrapped
from kentstats.charts.style import (
    FAINT,
    INK,
    INNER,
    RANGE,
    SIZE,
    SMALL,
    VERDICT_FILL,
    VERDICT_INK,
    VERDICT_MARK,
    VERDICT_SIGN,
    WIDTH,
    theme,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

SPINE_LEFT, TABLE_LEFT = 2.3, 1.6
"""Room for the names of the rows in inches."""

GAP = 0.14
"""Between columns, in inches."""

MOST_AREAS = 12
"""As many columns of a heat table can be read in print."""

STRONG = ("better", "worse")
"""Verdicts that stand out, in bold."""


def _verdicts(words: Iterable[object]) -> list[str]:
    found = [word if isinstance(word, str) and word else "not compared" for word in words]
    for word in found:
        if word not in VERDICT_MARK:
            raise ValueError(f"“{word}” is no verdict: a chart draws {', '.join(VERDICT_MARK)}")
    return found


def _printed(cells: pd.Series[Any], room: float, size: float = SIZE) -> list[str]:
    return [wrapped(str(cell), room, size=size) for cell in cells.astype(object).fillna("")]


def _page(ax: Axes, left: float, high: float, names: Sequence[tuple[float, str, bool]]) -> None:
    """Make axes in inches from their left and the top, and name the rows from the page's left.

    What is drawn may go beyond the axes, to the right edge of the page. A
    name comes with its place and whether it is bold.
    """
    from kentstats.charts.drawing import scale

    ax.set_xlim(0, WIDTH - left - MARGIN)
    ax.set_ylim(high, 0)
    scale(
        ax,
        "left",
        [place for place, _, _ in names],
        [name for _, name, _ in names],
        size=SIZE,
        pad=(left - EDGE) * 72,
        align="left",
        weights=["bold" if bold else "normal" for _, _, bold in names],
    )
    _lines(ax)


def spine(
    data: pd.DataFrame,
    *,
    ours: str = "Our figure",
    benchmark: str = "England",
    ends: tuple[str, str] = ("worse", "better"),
    ax: Axes | None = None,
) -> Axes:
    """Show where one area stands between the ends of each range, around a benchmark.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an indicator, in order: ``measure``, ``position`` of our area
        and ``worst``, ``low``, ``high``, ``best`` of the range and of the
        quarters in it (all from -1 to 1, the benchmark at 0), ``verdict``
        (a word, missing where nothing is compared), ``label`` and
        ``benchmark_label`` as printed; ``theme`` where rows have headings.
        A row without position has no mark.
    ours, benchmark : str
        Names over the columns of figures; the benchmark's is over its line too.
    ends : tuple of str
        Names over the left and the right end.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        There is no row, or a verdict has no mark.
    """
    from kentstats.charts.drawing import dots, label, level, strokes, upright

    if data.empty:
        raise ValueError("there is nothing to draw: a spine needs at least one indicator")
    verdicts = _verdicts(data["verdict"])
    columns = [
        [wrapped(ours, 0.8, bold=True), *_printed(data["label"], 0.8)],
        [wrapped(benchmark, 0.8, bold=True), *_printed(data["benchmark_label"], 0.8)],
        ["", *verdicts],
    ]
    edges = [WIDTH - SPINE_LEFT - EDGE]
    for heading, *cells in reversed(columns):
        widest = max(width(cell, bold=cell in STRONG) for cell in cells)
        edges.insert(0, edges[0] - max(width(heading, bold=True), widest) - GAP)
    graph = edges[0]
    head = [wrapped(word, graph / 3) for word in (ends[0], benchmark, ends[1])]
    top = tall([*head, *(column[0] for column in columns)]) + 0.1
    names = _printed(data["measure"], SPINE_LEFT - 0.12)
    heights = [tall(cells) for cells in zip(names, *(each[1:] for each in columns), strict=True)]
    themes = data["theme"] if "theme" in data else [""] * len(data)
    places, ticks, rules, high = _stacked(names, heights, themes, top)
    with theme():
        ax = _axes(ax, high)
        _page(ax, SPINE_LEFT, high, ticks)
        across = level(rules, EDGE - SPINE_LEFT, edges[-1])
        strokes(ax, across, color=RANGE, width=0.8, clip=False)
        worst, low, at, highest, best = (
            (data[name].to_numpy(dtype=float) + 1) * graph / 2
            for name in ("worst", "low", "position", "high", "best")
        )
        strokes(ax, level(places, worst, best), color=RANGE, width=8)
        strokes(ax, level(places, low, highest), color=INNER, width=8)
        strokes(ax, upright(graph / 2, top, high), color=INK, width=0.9)
        for word in dict.fromkeys(verdicts):
            marker, fill = VERDICT_MARK[word]
            chosen = [row for row, verdict in enumerate(verdicts) if verdict == word]
            heights = [places[row] for row in chosen]
            dots(ax, at[chosen], heights, size=38, marker=marker, color=fill, edge=INK, zorder=3)
        for x, word, align in zip(
            (0, graph / 2, graph), head, ("left", "center", "right"), strict=True
        ):
            label(ax, x, top - 0.06, word, ha=align, va="bottom", color=FAINT)
        for column, left, right in zip(columns, edges, edges[1:], strict=False):
            words = column is columns[-1]
            edge, align = (left + GAP, "left") if words else (right, "right")
            label(ax, edge, top - 0.06, column[0], ha=align, va="bottom", weight="bold")
            for y, cell in zip(places, column[1:], strict=True):
                weight = "bold" if words and cell in STRONG else "normal"
                label(ax, edge, y, cell, ha=align, va="center_baseline", weight=weight)
    return ax


def _stacked(
    names: Sequence[str], heights: Sequence[float], themes: Iterable[object], top: float
) -> tuple[list[float], list[tuple[float, str, bool]], list[float], float]:
    """Stack rows under the headings of their themes, all in inches from the top.

    Returns the middles of the rows, names and headings with their places,
    the rules over the themes, and the end of it all.
    """
    places, ticks, rules, before = list[float](), list[tuple[float, str, bool]](), [top], ""
    for name, height, heading in zip(names, heights, themes, strict=True):
        if isinstance(heading, str) and heading not in ("", before):
            if places:
                top += 0.05
                rules.append(top)
            before = wrapped(heading, SPINE_LEFT - 0.12, bold=True)
            room = tall([before]) + 0.08
            ticks.append((top + room / 2 + 0.02, before, True))
            top, before = top + room, heading
        places.append(top + height / 2 + 0.03)
        ticks.append((places[-1], name, False))
        top += height + 0.06
    return places, ticks, rules, top + 0.04


def heat_table(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Show figures and verdicts of several areas, areas across and measures down.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a cell: ``measure``, ``area``, ``label`` (the figure as
        printed) and ``word`` (its verdict, missing where nothing is
        compared). Measures and areas keep their order; the first area is
        ours. A cell without row stays empty.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        There is no row, there are two of one cell or more than twelve
        areas, or a verdict has no fill.
    """
    from matplotlib.patches import Rectangle

    from kentstats.charts.drawing import Cells, label

    if data.empty:
        raise ValueError("there is nothing to draw: a heat table needs at least one cell")
    if data.duplicated(["measure", "area"]).any():
        raise ValueError("a heat table has one cell for an area and measure, and here are two")
    words = _verdicts(data["word"])
    measures, areas = (list(dict.fromkeys(data[name])) for name in ("measure", "area"))
    if len(areas) > MOST_AREAS:
        raise ValueError(f"a heat table has room for {MOST_AREAS} areas, not for {len(areas)}")
    room = min((WIDTH - TABLE_LEFT - EDGE) / len(areas), 1.1)
    # a word that is wider than its cell stands below the table, its sign in the cell
    signs = {
        word: VERDICT_SIGN[word]
        for word in dict.fromkeys(words)
        if width(word, size=SMALL) > room - 0.04
    }
    figures = _printed(data["label"], room - 0.04, SMALL)
    below = [signs.get(word, word) for word in words]
    cells = [f"{shown}\n{word}" for shown, word in zip(figures, below, strict=True)]
    names = [wrapped(name, TABLE_LEFT - 0.12) for name in measures]
    across, angle, top = _heads(areas, room)
    place = {name: number for number, name in enumerate(measures)}
    rows = [place[name] for name in data["measure"]]
    heights = [tall([name]) for name in names]
    for row, cell in zip(rows, cells, strict=True):
        heights[row] = max(heights[row], tall([cell], size=SMALL))
    edges = list(itertools.accumulate((height + 0.07 for height in heights), initial=top))
    middles = [(upper + lower) / 2 for upper, lower in itertools.pairwise(edges)]
    lefts = [areas.index(name) * room for name in data["area"]]
    high = edges[-1] + (0.3 if signs else 0.04)
    with theme():
        ax = _axes(ax, high)
        _page(
            ax, TABLE_LEFT, high, [(y, name, False) for y, name in zip(middles, names, strict=True)]
        )
        corners = [
            [
                (x, edges[row]),
                (x + room, edges[row]),
                (x + room, edges[row + 1]),
                (x, edges[row + 1]),
            ]
            for x, row in zip(lefts, rows, strict=True)
        ]
        fills = [VERDICT_FILL[word] for word in words]
        look: dict[str, Any] = {"linewidths": 0.6, "edgecolors": FAINT, "clip_on": False}
        ax.add_collection(Cells(corners, facecolors=fills, **look), autolim=False)
        middle: dict[str, Any] = {"ha": "center", "size": SMALL}
        for x, row, cell, word in zip(lefts, rows, cells, words, strict=True):
            ink = VERDICT_INK[word]
            label(ax, x + room / 2, middles[row], cell, va="center", color=ink, **middle)
        for column, name in enumerate(across):
            weight, x = "normal" if column else "bold", (column + 0.5) * room
            label(ax, x, top - 0.06, name, va="bottom", rotation=angle, weight=weight, **middle)
        frame = Rectangle((0, top), room, edges[-1] - top, edgecolor=INK, linewidth=2, fill=False)
        frame.set(clip_on=False, zorder=4)
        ax.add_patch(frame)
        key = "    ".join(f"{sign} {word}" for word, sign in signs.items())
        if key:
            label(ax, 0, edges[-1] + 0.1, key, va="top", size=SMALL, color=FAINT)
    return ax


def _heads(areas: Sequence[str], room: float) -> tuple[list[str], int, float]:
    """Break names for their columns; they stand on end where one word is wider than its column.

    Returns the names, their angle in degrees, and the height they need.
    """
    longest = max(width(part, size=SMALL, bold=True) for name in areas for part in name.split())
    upright = longest <= room - 0.04
    length = room - 0.04 if upright else longest
    while True:
        names = [wrapped(name, length, size=SMALL, bold=True) for name in areas]
        if upright:
            return names, 0, tall(names, size=SMALL) + 0.1
        if tall(names, size=SMALL) <= room:
            return names, 90, max(width(name, size=SMALL, bold=True) for name in names) + 0.1
        length += 0.1
