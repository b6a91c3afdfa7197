"""Spine chart of one area, and heat table of several, with verdicts in words.

A marker or a fill only repeats the word of a verdict. Heights and widths are inches of the
page, so that names of any length find room. ``SPINE_LEFT`` and ``TABLE_LEFT`` are the room
that the charts need in ``add_titles``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kentstats.charts import drawing, style

if TYPE_CHECKING:
    import pandas as pd

SPINE_LEFT, TABLE_LEFT = 2.3, 1.6
"""Room for the names of the rows, in inches."""

COLUMN_GAP = 0.14
"""Space between columns, in inches."""

BOLD_VERDICTS = ("better", "worse")


def _read_verdicts(words: Iterable[object]) -> list[str]:
    """Return the verdicts, and "not compared" where one is missing."""
    return [word if isinstance(word, str) and word else "not compared" for word in words]


def _wrap_cells(cells: pd.Series[Any], room: float, size: float = style.SIZE) -> list[str]:
    return [style.wrap_text(str(cell), room, size=size) for cell in cells.astype(object).fillna("")]


def _prepare_rows(
    ax: Axes | None, left: float, height: float, names: Sequence[tuple[float, str, bool]]
) -> Axes:
    """Return axes in inches from their left and the top, with names from the page's left edge.

    A name comes with its place and whether it is bold.
    """
    ax = drawing.prepare_axes(ax, height, left)
    ax.set_xlim(0, style.WIDTH - left - style.MARGIN)
    ax.set_ylim(height, 0)
    places, texts, bold = zip(*names, strict=True)
    weights = ["bold" if each else "normal" for each in bold]
    options: dict[str, Any] = {"align": ["left"] * len(names), "weights": weights}
    drawing.add_ticks(
        ax, "left", places, texts, size=style.SIZE, pad=(left - style.EDGE) * 72, **options
    )
    drawing.show_spines(ax)
    return ax


def spine(
    data: pd.DataFrame,
    *,
    ours: str = "Our figure",
    ends: tuple[str, str] = ("worse", "better"),
    ax: Axes | None = None,
) -> Axes:
    """Draw where one area stands in the range of all areas, around a benchmark.

    A row for each indicator has ``measure``, ``position`` of our area and ``worst``, ``low``,
    ``high``, ``best`` of the range and of its quarters (all from -1 to 1, the benchmark at 0),
    ``verdict`` (missing where nothing is compared), ``label`` and ``benchmark_label`` as printed,
    and ``theme`` where rows have headings. A row without position has no mark. ``ours`` stands
    over the column of our figures, ``ends`` over the left and the right end.
    """
    if data.empty:
        raise ValueError("there is nothing to draw: a spine needs at least one indicator")
    verdicts = _read_verdicts(data["verdict"])
    columns = [
        [style.wrap_text(ours, 0.8, bold=True), *_wrap_cells(data["label"], 0.8)],
        ["England", *_wrap_cells(data["benchmark_label"], 0.8)],
        ["", *verdicts],
    ]
    edges = [style.WIDTH - SPINE_LEFT - style.EDGE]
    for heading, *cells in reversed(columns):
        widest = max(style.text_width(cell, bold=cell in BOLD_VERDICTS) for cell in cells)
        edges.insert(0, edges[0] - max(style.text_width(heading, bold=True), widest) - COLUMN_GAP)
    graph = edges[0]
    head = [style.wrap_text(word, graph / 3) for word in (ends[0], "England", ends[1])]
    top = style.text_height([*head, *(column[0] for column in columns)]) + 0.1
    names = _wrap_cells(data["measure"], SPINE_LEFT - 0.12)
    rows = zip(names, *(column[1:] for column in columns), strict=True)
    themes = data["theme"] if "theme" in data else [""] * len(data)
    places, labels, rules, height = _stack_rows(names, map(style.text_height, rows), themes, top)
    ax = _prepare_rows(ax, SPINE_LEFT, height, labels)
    rule: dict[str, Any] = {"color": style.RANGE, "width": 0.8, "clip_on": False}
    drawing.add_lines(ax, (style.EDGE - SPINE_LEFT, rules), (edges[-1], rules), **rule)
    worst, low, position, high, best = (
        (data[name].to_numpy(dtype=float) + 1) * graph / 2
        for name in ("worst", "low", "position", "high", "best")
    )
    drawing.add_lines(ax, (worst, places), (best, places), color=style.RANGE, width=8)
    drawing.add_lines(ax, (low, places), (high, places), color=style.QUARTERS, width=8)
    drawing.add_lines(ax, (graph / 2, top), (graph / 2, height), color=style.INK, width=0.9)
    for word in dict.fromkeys(verdicts):
        look, chosen = style.VERDICTS[word], np.array([each == word for each in verdicts])
        options: dict[str, Any] = {"marker": look.marker, "color": look.marker_fill}
        x, y = position[chosen], np.array(places)[chosen]
        drawing.add_dots(ax, x, y, size=38, edge=style.INK, zorder=3, **options)
    aligned = ("left", "center", "right")
    for place, word, align in zip((0, graph / 2, graph), head, aligned, strict=True):
        drawing.add_label(ax, place, top - 0.06, word, ha=align, va="bottom", color=style.FAINT)
    for number, (heading, *cells) in enumerate(columns):
        last = number == len(columns) - 1
        edge, align = (edges[number] + COLUMN_GAP, "left") if last else (edges[number + 1], "right")
        drawing.add_label(ax, edge, top - 0.06, heading, ha=align, va="bottom", weight="bold")
        for place, cell in zip(places, cells, strict=True):
            weight = "bold" if cell in BOLD_VERDICTS else "normal"
            drawing.add_label(ax, edge, place, cell, ha=align, va="center_baseline", weight=weight)
    return ax


def _stack_rows(
    names: Sequence[str], heights: Iterable[float], themes: Iterable[object], top: float
) -> tuple[list[float], list[tuple[float, str, bool]], list[float], float]:
    """Stack rows under the headings of their themes, all in inches from the top.

    Returns the middles of the rows, names and headings with their places,
    the rules over the themes, and the end of it all.
    """
    places, labels, rules, before = list[float](), list[tuple[float, str, bool]](), [top], ""
    for name, height, heading in zip(names, heights, themes, strict=True):
        if isinstance(heading, str) and heading not in ("", before):
            if places:
                top += 0.05
                rules.append(top)
            text = style.wrap_text(heading, SPINE_LEFT - 0.12, bold=True)
            room = style.text_height([text]) + 0.08
            labels.append((top + room / 2 + 0.02, text, True))
            top, before = top + room, heading
        places.append(top + height / 2 + 0.03)
        labels.append((places[-1], name, False))
        top += height + 0.06
    return places, labels, rules, top + 0.04


def heat_table(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw a table of figures and verdicts, with areas across and measures down.

    A row for each cell has ``measure``, ``area``, ``label`` (the figure as printed) and ``word``
    (its verdict, missing where nothing is compared). The first area is ours. A cell without row
    stays empty.
    """
    if data.empty:
        raise ValueError("there is nothing to draw: a heat table needs at least one cell")
    words = _read_verdicts(data["word"])
    measures, areas = (list(dict.fromkeys(data[name])) for name in ("measure", "area"))
    room = min((style.WIDTH - TABLE_LEFT - style.EDGE) / len(areas), 1.1)
    # a word too wide for its cell is explained below the table, its sign is in the cell
    signs = {
        word: style.VERDICTS[word].sign
        for word in dict.fromkeys(words)
        if style.text_width(word, size=style.SMALL) > room - 0.04
    }
    figures = _wrap_cells(data["label"], room - 0.04, style.SMALL)
    cells = [f"{each}\n{signs.get(word, word)}" for each, word in zip(figures, words, strict=True)]
    names = [style.wrap_text(name, TABLE_LEFT - 0.12) for name in measures]
    headings, angle, top = _column_headings(areas, room)
    rows = [measures.index(name) for name in data["measure"]]
    heights = [style.text_height([name]) for name in names]
    for row, cell in zip(rows, cells, strict=True):
        heights[row] = max(heights[row], style.text_height([cell], size=style.SMALL))
    edges = list(itertools.accumulate((height + 0.07 for height in heights), initial=top))
    middles = [(upper + lower) / 2 for upper, lower in itertools.pairwise(edges)]
    left = np.array([areas.index(name) * room for name in data["area"]])
    labels = [(y, name, False) for y, name in zip(middles, names, strict=True)]
    ax = _prepare_rows(ax, TABLE_LEFT, edges[-1] + (0.3 if signs else 0.04), labels)
    upper, lower = np.array(edges)[rows], np.array(edges)[1:][rows]
    x = np.stack([left, left + room, left + room, left], axis=1)
    y = np.stack([upper, upper, lower, lower], axis=1)
    drawing.add_cells(
        ax, np.stack([x, y], axis=2), [style.VERDICTS[word].cell_fill for word in words]
    )
    options: dict[str, Any] = {"ha": "center", "size": style.SMALL}
    for start, row, cell, word in zip(left, rows, cells, words, strict=True):
        ink, middle = style.VERDICTS[word].ink, start + room / 2
        drawing.add_label(ax, middle, middles[row], cell, va="center", color=ink, **options)
    for column, name in enumerate(headings):
        options["weight"] = "normal" if column else "bold"
        drawing.add_label(
            ax, (column + 0.5) * room, top - 0.06, name, va="bottom", rotation=angle, **options
        )
    frame = Rectangle((0, top), room, edges[-1] - top, edgecolor=style.INK, linewidth=2, fill=False)
    frame.set(clip_on=False, zorder=4)
    ax.add_artist(frame)
    if signs:
        key = "    ".join(f"{sign} {word}" for word, sign in signs.items())
        drawing.add_label(
            ax, 0, edges[-1] + 0.1, key, va="top", size=style.SMALL, color=style.FAINT
        )
    return ax


def _column_headings(areas: Sequence[str], room: float) -> tuple[list[str], int, float]:
    """Break names for their columns, turned where one word is wider than its column.

    Returns the names, their angle in degrees, and the height they need.
    """
    words = [part for name in areas for part in name.split()]
    longest = max(style.text_width(word, size=style.SMALL, bold=True) for word in words)
    turned = longest > room - 0.04
    length = longest if turned else room - 0.04
    while True:
        names = [style.wrap_text(name, length, size=style.SMALL, bold=True) for name in areas]
        high = style.text_height(names, size=style.SMALL)
        if not turned:
            return names, 0, high + 0.1
        if high <= room:
            widths = [style.text_width(name, size=style.SMALL, bold=True) for name in names]
            return names, 90, max(widths) + 0.1
        length += 0.1
