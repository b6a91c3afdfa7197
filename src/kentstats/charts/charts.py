"""Charts: they compute nothing.

Every chart takes its data first and the rest by keyword, draws on ``ax`` or
on a figure of its own, and returns the axes. Values, limits and labels come
in; labels are claims, printed as they are shown. :func:`headed` puts title,
subtitle and source around the axes.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kentstats.charts.style import (
    FAINT,
    GRADE_FILL,
    GRADE_INK,
    INK,
    OTHERS,
    OURS,
    WIDTH,
    theme,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = 0.19
"""Height of a line of text in inches."""

TYPE = 9
"""Points of the type in charts of few labels."""

MARKS = 3.5
"""Length of the strokes at the figures of a scale, in points."""

MIDDLE: dict[str, Any] = {"ha": "center", "va": "center"}


def headed(
    axes: Axes, *, title: str, subtitle: str, source: str, left: float, head: float = 0.0
) -> Figure:
    """Put title, subtitle and source around the axes; return the figure.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        The only axes of their figure.
    title : str
        The finding, in at most fifteen words.
    subtitle : str
        Measure, place, period, unit.
    source : str
        Where the figures come from.
    left : float
        Room for the labels of the rows, in inches.
    head : float, default 0
        Room for labels above the axes, in inches.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        The title has more than fifteen words.
    """
    from kentstats.charts.drawing import heading

    if len(title.split()) > 15:
        raise ValueError(f"“{title}” has more than fifteen words")
    figure = axes.get_figure()
    if figure is None:
        raise ValueError("the axes belong to no figure")
    figure = figure.get_figure(root=True)
    body = figure.get_size_inches()[1]
    titles, subtitles = textwrap.wrap(title, 62), textwrap.wrap(subtitle, 88)
    above = LINE * (1.15 * len(titles) + len(subtitles)) + 0.18 + head
    below = 0.62 if axes.get_xlabel() else 0.5
    height = body + above + below
    figure.set_size_inches(WIDTH, height)
    axes.set_position((left / WIDTH, below / height, (WIDTH - left - 0.35) / WIDTH, body / height))
    under = 1 - (0.1 + 1.15 * LINE * len(titles)) / height
    faint: dict[str, Any] = {"color": FAINT}
    heading(figure, 1 - 0.04 / height, "\n".join(titles), va="top", weight="bold", size=11)
    heading(figure, under, "\n".join(subtitles), va="top", size=TYPE, **faint)
    heading(figure, 0.04 / height, source, va="bottom", size=8, **faint)
    return figure


def _axes(ax: Axes | None, height: float) -> Axes:
    if ax is not None:
        return ax
    from kentstats.charts.drawing import blank

    return blank(height)


def _rows(ax: Axes, labels: list[str], *, gap: float = 0.6) -> None:
    from kentstats.charts.drawing import scale

    scale(ax, "left", range(len(labels)), labels)
    ax.set_ylim(len(labels) - 1 + gap, -gap)


def _lines(ax: Axes, *names: str) -> None:
    """Draw these lines around the axes alone; an axis that has no scale has no ticks either."""
    from matplotlib.ticker import NullLocator

    if not names:
        ax.set_axis_off()
    for axis in (ax.xaxis, ax.yaxis):
        # a scale is drawn in place of its axis
        if axis.get_visible():
            axis.set_major_locator(NullLocator())
            axis.set_visible(False)
    for name, spine in ax.spines.items():
        spine.set_visible(name in names)


def _bars(
    ax: Axes, data: pd.DataFrame, places: Iterable[float], colours: Iterable[str], height: float
) -> None:
    """Draw bars from nought, each with its label beside it."""
    from matplotlib.patches import Rectangle

    from kentstats.charts.drawing import beside

    for y, value, label, colour in zip(
        places, data["value"].to_list(), data["label"].to_list(), colours, strict=True
    ):
        ax.add_patch(Rectangle((0, y - height / 2), value, height, facecolor=colour))
        beside(ax, (value, y), (4, 0), label, size=TYPE, va="center")


def judgement_strip(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Show the judgements of both services side by side, the grade in words.

    Parameters
    ----------
    data : pandas.DataFrame
        One row for each different grade stated: ``judgement``, ``service``,
        ``grade`` (1 to 4) and ``label``. Judgements and services keep their
        order. Two grades of one judgement share its cell.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.patches import Rectangle

    from kentstats.charts.drawing import label, scale

    judgements = list(dict.fromkeys(data["judgement"]))
    services = list(dict.fromkeys(data["service"]))
    cells: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for judgement, service, grade, words in zip(
        *(data[name].to_list() for name in ("judgement", "service", "grade", "label")), strict=True
    ):
        cells.setdefault((judgement, service), []).append((grade, words))
    with theme():
        ax = _axes(ax, 0.27 * len(judgements))
        for (judgement, service), stated in cells.items():
            row, column = judgements.index(judgement), services.index(service)
            part = 0.96 / len(stated)
            for place, (grade, words) in enumerate(stated):
                x = column + 0.02 + part * place
                ax.add_patch(
                    Rectangle(
                        (x, row - 0.42), part, 0.84, facecolor=GRADE_FILL[grade], edgecolor=FAINT
                    )
                )
                look: dict[str, Any] = {"size": TYPE, "color": GRADE_INK[grade]}
                label(ax, x + part / 2, row, words, ha="center", va="center_baseline", **look)
        _rows(ax, judgements, gap=0.5)
        ax.set_xlim(0, len(services))
        middles = [place + 0.5 for place in range(len(services))]
        scale(ax, "top", middles, services, weights=["bold"] * len(services))
        _lines(ax)
    return ax


def action_timeline(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Show how many actions of each service fall due on which day.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a service and day: ``service``, ``due``, ``day`` (as
        printed), ``count`` and ``label``.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from matplotlib.dates import date2num

    from kentstats.charts.drawing import dots, label, scale

    services = list(dict.fromkeys(data["service"]))
    rows = [services.index(service) for service in data["service"]]
    number: Any = date2num
    at = [float(day) for day in number(data["due"].to_list())]
    days = dict(sorted(zip(at, data["day"], strict=True)))
    margin = 0.14 * (max(at) - min(at)) or 1
    with theme():
        ax = _axes(ax, 0.5 * len(services))
        for row in range(len(services)):
            ax.axhline(row, color=OTHERS, linewidth=1.2, zorder=1)
        dots(ax, at, rows, size=data["count"] * 55 + 120, zorder=2)
        for x, y, words in zip(at, rows, data["label"], strict=True):
            label(ax, x, y, words, size=TYPE, color="white", weight="bold", **MIDDLE)
        _rows(ax, services)
        ax.set_xlim(min(at) - margin, max(at) + margin)
        scale(ax, "bottom", list(days), list(days.values()), marks=MARKS)
        _lines(ax, "bottom")
    return ax


def benchmark_bars(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Show figures beside those of comparators, as bars from nought.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a bar: ``measure``, ``area``, ``value``, ``label`` and
        ``ours`` (True for our area). Bars of one measure stand together.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from kentstats.charts.drawing import label, scale

    measures = list(dict.fromkeys(data["measure"]))
    places, headings, top = [], [], 0.0
    for measure in measures:
        headings.append(top)
        count = int(data["measure"].eq(measure).sum())
        places += [top + 1 + row for row in range(count)]
        top += count + 1.5
    with theme():
        ax = _axes(ax, 0.215 * top)
        ordered = data.sort_values(
            "measure", key=lambda names: names.map(measures.index), kind="stable"
        )
        colours = [OURS if ours else OTHERS for ours in ordered["ours"]]
        ax.set_ylim(top - 1, -0.7)
        ax.set_xlim(0, ordered["value"].max() * 1.12 or 1)
        _bars(ax, ordered, places, colours, 0.78)
        scale(ax, "left", places, ordered["area"].to_list())
        look: dict[str, Any] = {"size": TYPE, "weight": "bold", "va": "center"}
        for y, measure in zip(headings, measures, strict=True):
            label(ax, 0, y, measure, transform=ax.get_yaxis_transform(), **look)
        _lines(ax, "left")
    return ax


def interval_dots(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Show shares with their confidence intervals.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a share: ``measure``, ``value``, ``lower``, ``upper`` (per
        cent) and ``label``.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from kentstats.charts.drawing import beside, dots, level, scale, strokes

    rows = range(len(data))
    with theme():
        ax = _axes(ax, 0.55 * len(data))
        strokes(ax, level(rows, data["lower"], data["upper"]), color=OURS, width=2)
        dots(ax, data["value"], rows, size=48, zorder=3)
        for y, value, upper, words in zip(
            rows, data["value"], data["upper"], data["label"], strict=True
        ):
            near_end = value > 70
            align = "right" if near_end else "left" if value < 12 else "center"
            beside(ax, (upper if near_end else value, y), (0, 8), words, size=TYPE, ha=align)
        _rows(ax, list(data["measure"]))
        ax.set_xlim(0, 100)
        ticks = range(0, 101, 25)
        scale(ax, "bottom", ticks, [f"{tick}%" for tick in ticks], marks=MARKS)
        _lines(ax, "left", "bottom")
    return ax


def composition_bars(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Show how groups are made up, each as a bar of the same length.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a part: ``whole``, ``part``, ``share`` (per cent) and
        ``label``. The first part of each whole is the one marked.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        There are more than two kinds of part.
    """
    from matplotlib.patches import Rectangle

    from kentstats.charts.drawing import label

    wholes = list(dict.fromkeys(data["whole"]))
    parts = list(dict.fromkeys(data["part"]))
    if len(parts) > 2:
        raise ValueError(f"two parts of a whole can be told apart here, not {len(parts)}")
    colours = dict(zip(parts, (OURS, OTHERS), strict=False))
    inks = dict(zip(parts, ("white", INK), strict=False))
    of: dict[str, list[tuple[str, float, str]]] = {whole: [] for whole in wholes}
    for whole, *part in zip(
        *(data[name].to_list() for name in ("whole", "part", "share", "label")), strict=True
    ):
        of[whole].append(tuple(part))
    with theme():
        ax = _axes(ax, 0.42 * len(wholes) + 0.3)
        for row, whole in enumerate(wholes):
            start = 0.0
            for name, share, words in of[whole]:
                ax.add_patch(Rectangle((start, row - 0.31), share, 0.62, facecolor=colours[name]))
                look: dict[str, Any] = {"size": TYPE, "color": inks[name], **MIDDLE}
                label(ax, start + share / 2, row, words, **look)
                start += share
        _rows(ax, wholes)
        ax.set_xlim(0, 100)
        _lines(ax)
        handles = [
            ax.scatter([], [], marker="s", s=70, color=colours[name], label=name) for name in parts
        ]
        ax.legend(
            handles=handles, loc="upper left", bbox_to_anchor=(-0.01, 0.02), ncols=2, handlelength=1
        )
    return ax


def count_bars(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Show counts as bars, in the order given.

    Parameters
    ----------
    data : pandas.DataFrame
        One row a bar: ``name``, ``value``, ``label`` and, where some bars
        are to be marked, ``marked``.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    rows = range(len(data))
    marked = data["marked"] if "marked" in data else [True] * len(data)
    with theme():
        ax = _axes(ax, 0.27 * len(data))
        _rows(ax, list(data["name"]))
        ax.set_xlim(0, data["value"].max() * 1.1 or 1)
        _bars(ax, data, rows, [OURS if mark else OTHERS for mark in marked], 0.7)
        _lines(ax, "left")
    return ax


def waffle(share: float, *, ax: Axes | None = None) -> Axes:
    """Show a percentage as squares out of a hundred.

    Parameters
    ----------
    share : float
        A percentage; as many squares are marked, rounded half up.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
    """
    from kentstats.charts.drawing import dots

    across = 25
    marked = int(share + 0.5)
    with theme():
        ax = _axes(ax, 0.95)
        x = [square // 4 for square in range(100)]
        y = [square % 4 for square in range(100)]
        colours = [OURS if square < marked else OTHERS for square in range(100)]
        dots(ax, x, y, marker="s", size=105, color=colours)
        ax.set_xlim(-0.6, across - 0.4)
        ax.set_ylim(3.6, -0.6)
        _lines(ax)
    return ax
