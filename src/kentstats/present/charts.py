"""Charts: they compute nothing.

Every chart takes its data first and the rest by keyword, draws on ``ax`` or
on a figure of its own, and returns the axes. Values, limits and labels come
in; labels are claims, printed as they are shown. :func:`headed` puts title,
subtitle and source around the axes.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from kentstats.present.theme import (
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
    with theme():
        figure.text(0.004, 1 - 0.04 / height, "\n".join(titles), va="top", weight="bold", size=11)
        figure.text(
            0.004,
            1 - (0.1 + 1.15 * LINE * len(titles)) / height,
            "\n".join(subtitles),
            va="top",
            color=FAINT,
        )
        figure.text(0.004, 0.04 / height, source, va="bottom", color=FAINT, size=8)
    return figure


def _axes(ax: Axes | None, height: float) -> Axes:
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height)).add_subplot()


def _rows(ax: Axes, labels: list[str], *, gap: float = 0.6) -> None:
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 1 + gap, -gap)


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

    judgements = list(dict.fromkeys(data["judgement"]))
    services = list(dict.fromkeys(data["service"]))
    with theme():
        ax = _axes(ax, 0.27 * len(judgements))
        for (judgement, service), stated in data.groupby(["judgement", "service"], sort=False):
            row, column = judgements.index(judgement), services.index(service)
            part = 0.96 / len(stated)
            for place, (grade, label) in enumerate(
                zip(stated["grade"], stated["label"], strict=True)
            ):
                x = column + 0.02 + part * place
                ax.add_patch(
                    Rectangle(
                        (x, row - 0.42), part, 0.84, facecolor=GRADE_FILL[grade], edgecolor=FAINT
                    )
                )
                ax.text(
                    x + part / 2,
                    row,
                    label,
                    ha="center",
                    va="center_baseline",
                    color=GRADE_INK[grade],
                )
        _rows(ax, judgements, gap=0.5)
        ax.set_xlim(0, len(services))
        ax.set_xticks([place + 0.5 for place in range(len(services))], services, weight="bold")
        ax.xaxis.tick_top()
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
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
    services = list(dict.fromkeys(data["service"]))
    days = data.drop_duplicates("due").sort_values("due")
    with theme():
        ax = _axes(ax, 0.5 * len(services))
        for row in range(len(services)):
            ax.axhline(row, color=OTHERS, linewidth=1.2, zorder=1)
        rows = [services.index(service) for service in data["service"]]
        at = list(data["due"])
        ax.scatter(at, rows, s=data["count"] * 55 + 120, color=OURS, zorder=2)
        for x, y, label in zip(at, rows, data["label"], strict=True):
            ax.text(x, y, label, color="white", weight="bold", ha="center", va="center")
        _rows(ax, services)
        ax.set_xticks(list(days["due"]), days["day"])
        ax.margins(x=0.14)
        ax.spines["left"].set_visible(False)
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
        ax.barh(places, ordered["value"], height=0.78, color=colours)
        for y, value, label in zip(places, ordered["value"], ordered["label"], strict=True):
            ax.annotate(label, (value, y), (4, 0), textcoords="offset points", va="center")
        ax.set_yticks(places, ordered["area"])
        for y, measure in zip(headings, measures, strict=True):
            ax.text(0, y, measure, transform=ax.get_yaxis_transform(), va="center", weight="bold")
        ax.set_ylim(top - 1, -0.7)
        ax.set_xlim(0, ordered["value"].max() * 1.12 or 1)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
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
    rows = range(len(data))
    with theme():
        ax = _axes(ax, 0.55 * len(data))
        ax.hlines(rows, data["lower"], data["upper"], color=OURS, linewidth=2)
        ax.scatter(data["value"], rows, s=48, color=OURS, zorder=3)
        for y, value, label in zip(rows, data["value"], data["label"], strict=True):
            near_end = value > 70
            ax.annotate(
                label,
                (data["upper"].iloc[y] if near_end else value, y),
                (0, 8),
                textcoords="offset points",
                ha="right" if near_end else "left" if value < 12 else "center",
            )
        _rows(ax, list(data["measure"]))
        ax.set_xlim(0, 100)
        ax.set_xticks(range(0, 101, 25), [f"{tick}%" for tick in range(0, 101, 25)])
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
    wholes = list(dict.fromkeys(data["whole"]))
    parts = list(dict.fromkeys(data["part"]))
    if len(parts) > 2:
        raise ValueError(f"two parts of a whole can be told apart here, not {len(parts)}")
    colours = dict(zip(parts, (OURS, OTHERS), strict=False))
    inks = dict(zip(parts, ("white", INK), strict=False))
    with theme():
        ax = _axes(ax, 0.42 * len(wholes) + 0.3)
        for row, whole in enumerate(wholes):
            start = 0.0
            for _, part in data[data["whole"].eq(whole)].iterrows():
                name = part["part"]
                ax.barh(row, part["share"], left=start, height=0.62, color=colours[name])
                middle = start + part["share"] / 2
                ax.text(middle, row, part["label"], ha="center", va="center", color=inks[name])
                start += part["share"]
        _rows(ax, wholes)
        ax.set_xlim(0, 100)
        ax.set_xticks([])
        ax.spines[:].set_visible(False)
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
        ax.barh(
            rows, data["value"], height=0.7, color=[OURS if mark else OTHERS for mark in marked]
        )
        for y, value, label in zip(rows, data["value"], data["label"], strict=True):
            ax.annotate(label, (value, y), (4, 0), textcoords="offset points", va="center")
        _rows(ax, list(data["name"]))
        ax.set_xlim(0, data["value"].max() * 1.1 or 1)
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
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
    across = 25
    marked = int(share + 0.5)
    with theme():
        ax = _axes(ax, 0.95)
        x = [square // 4 for square in range(100)]
        y = [square % 4 for square in range(100)]
        colours = [OURS if square < marked else OTHERS for square in range(100)]
        ax.scatter(x, y, marker="s", s=105, c=colours)
        ax.set_xlim(-0.6, across - 0.4)
        ax.set_ylim(3.6, -0.6)
        ax.set_axis_off()
    return ax
