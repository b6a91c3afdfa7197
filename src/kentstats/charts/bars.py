"""Bars, dots with intervals, squares, and the judgements and actions of an inspection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.dates import date2num

from kentstats.charts import drawing, style

if TYPE_CHECKING:
    import pandas as pd

LEFT = 1.75
"""Room for the names of the rows, in inches."""


def _add_rows(ax: Axes, names: Sequence[str], *, gap: float = 0.6) -> None:
    """Name rows from the top, one unit apart."""
    drawing.add_ticks(ax, "left", range(len(names)), names)
    ax.set_ylim(len(names) - 1 + gap, -gap)


def _add_bars(
    ax: Axes, data: pd.DataFrame, places: Iterable[float], marked: Iterable[bool], height: float
) -> None:
    """Draw bars from zero, each with its label beside it."""
    for y, value, label, ours in zip(places, data["value"], data["label"], marked, strict=True):
        drawing.add_bar(ax, 0, y, value, height, facecolor=style.OURS if ours else style.OTHERS)
        drawing.add_label(ax, value, y, label, shift=(4, 0), size=style.LARGE, va="center")


def benchmark_bars(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw figures beside those of comparators, as bars from zero.

    Parameters
    ----------
    data : pandas.DataFrame
        One row for each bar: ``measure``, ``area``, ``value``, ``label`` and ``ours`` (True for
        our area). Bars of one measure stand together.
    """
    measures = list(dict.fromkeys(data["measure"]))
    places, headings, top = list[float](), list[float](), 0.0
    for measure in measures:
        headings.append(top)
        count = int(data["measure"].eq(measure).sum())
        places += [top + 1 + row for row in range(count)]
        top += count + 1.5
    ordered = data.sort_values(
        "measure", key=lambda names: names.map(measures.index), kind="stable"
    )
    ax = drawing.prepare_axes(ax, 0.215 * top, LEFT)
    ax.set_ylim(top - 1, -0.7)
    ax.set_xlim(0, ordered["value"].max() * 1.12 or 1)
    _add_bars(ax, ordered, places, ordered["ours"], 0.78)
    drawing.add_ticks(ax, "left", places, ordered["area"].to_list())
    options: dict[str, Any] = {"size": style.LARGE, "weight": "bold", "va": "center"}
    for y, measure in zip(headings, measures, strict=True):
        drawing.add_label(ax, 0, y, measure, transform=ax.get_yaxis_transform(), **options)
    drawing.show_spines(ax, "left")
    return ax


def count_bars(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw counts as bars, in the order given.

    A row for each bar has ``name``, ``value`` and ``label``.
    """
    ax = drawing.prepare_axes(ax, 0.27 * len(data), LEFT)
    _add_rows(ax, list(data["name"]))
    ax.set_xlim(0, data["value"].max() * 1.1 or 1)
    _add_bars(ax, data, range(len(data)), [True] * len(data), 0.7)
    drawing.show_spines(ax, "left")
    return ax


def composition_bars(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how groups are made up of two parts, each as a bar of the same length.

    A row for each part has ``whole``, ``part``, ``share`` (per cent) and ``label``.
    """
    wholes, parts = (list(dict.fromkeys(data[name])) for name in ("whole", "part"))
    fills = dict(zip(parts, (style.OURS, style.OTHERS), strict=False))
    inks = dict(zip(parts, (style.WHITE, style.INK), strict=False))
    ends = data.groupby("whole")["share"].cumsum()
    ax = drawing.prepare_axes(ax, 0.42 * len(wholes) + 0.3, LEFT)
    for whole, part, share, label, end in zip(
        *(data[name] for name in ("whole", "part", "share", "label")), ends, strict=True
    ):
        y = wholes.index(whole)
        drawing.add_bar(ax, end - share, y, share, 0.62, facecolor=fills[part])
        options: dict[str, Any] = {"size": style.LARGE, "ha": "center", "va": "center"}
        drawing.add_label(ax, end - share / 2, y, label, color=inks[part], **options)
    _add_rows(ax, wholes)
    ax.set_xlim(0, 100)
    drawing.show_spines(ax)
    keys = [drawing.add_dots(ax, [], [], marker="s", size=70, color=fills[name]) for name in parts]
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (-0.01, 0.02)}
    with style.theme():
        ax.legend(keys, parts, ncols=2, handlelength=1, **place)
    return ax


def interval_dots(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw shares with their confidence intervals.

    A row for each has ``measure``, ``value``, ``lower``, ``upper`` (per cent) and ``label``.
    """
    rows = range(len(data))
    lower, value, upper = (data[name].to_numpy(dtype=float) for name in ("lower", "value", "upper"))
    ax = drawing.prepare_axes(ax, 0.55 * len(data), LEFT)
    drawing.add_lines(ax, (lower, rows), (upper, rows), color=style.OURS, width=2)
    drawing.add_dots(ax, value, rows, size=48, zorder=3)
    for y, label in zip(rows, data["label"], strict=True):
        at_end = value[y] > 70
        align = "right" if at_end else "left" if value[y] < 12 else "center"
        x = upper[y] if at_end else value[y]
        drawing.add_label(ax, x, y, label, shift=(0, 8), size=style.LARGE, ha=align)
    _add_rows(ax, list(data["measure"]))
    ax.set_xlim(0, 100)
    ticks = range(0, 101, 25)
    drawing.add_ticks(
        ax, "bottom", ticks, [f"{tick}%" for tick in ticks], length=drawing.TICK_LENGTH
    )
    drawing.show_spines(ax, "left", "bottom")
    return ax


def waffle(share: float, *, ax: Axes | None = None) -> Axes:
    """Draw a percentage as squares out of a hundred, rounded half up."""
    marked = int(share + 0.5)
    ax = drawing.prepare_axes(ax, 0.95, 0.1)
    x, y = zip(*(divmod(square, 4) for square in range(100)), strict=True)
    drawing.add_dots(
        ax,
        x,
        y,
        marker="s",
        size=105,
        color=[style.OURS] * marked + [style.OTHERS] * (100 - marked),
    )
    ax.set_xlim(-0.6, 24.6)
    ax.set_ylim(3.6, -0.6)
    drawing.show_spines(ax)
    return ax


def judgement_strip(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the judgements of services side by side, with the grade in words.

    A row for each different grade has ``judgement``, ``service``, ``grade`` (1 to 4) and
    ``label``. Two grades of one judgement share its cell.
    """
    judgements, services = (list(dict.fromkeys(data[name])) for name in ("judgement", "service"))
    ax = drawing.prepare_axes(ax, 0.27 * len(judgements), LEFT)
    for (judgement, service), cell in data.groupby(["judgement", "service"], sort=False):
        y, width = judgements.index(judgement), 0.96 / len(cell)
        for place, (grade, text) in enumerate(zip(cell["grade"], cell["label"], strict=True)):
            x = services.index(service) + 0.02 + width * place
            fill, middle = style.GRADE_FILL[grade], x + width / 2
            drawing.add_bar(ax, x, y, width, 0.84, facecolor=fill, edgecolor=style.FAINT)
            options: dict[str, Any] = {"size": style.LARGE, "color": style.GRADE_INK[grade]}
            drawing.add_label(ax, middle, y, text, ha="center", va="center_baseline", **options)
    _add_rows(ax, judgements, gap=0.5)
    ax.set_xlim(0, len(services))
    middles = [place + 0.5 for place in range(len(services))]
    drawing.add_ticks(ax, "top", middles, services, weights=["bold"] * len(services))
    drawing.show_spines(ax)
    return ax


def action_timeline(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many actions of each service are due on each day.

    A row for each service and day has ``service``, ``due``, ``day`` (as printed), ``count`` and
    ``label``.
    """
    services = list(dict.fromkeys(data["service"]))
    rows = [services.index(service) for service in data["service"]]
    to_numbers: Any = date2num
    at = [float(day) for day in to_numbers(data["due"].to_list())]
    days = dict(sorted(zip(at, data["day"], strict=True)))
    margin = 0.14 * (max(at) - min(at)) or 1
    ax = drawing.prepare_axes(ax, 0.5 * len(services), LEFT)
    for row in range(len(services)):
        ax.axhline(row, color=style.OTHERS, linewidth=1.2, zorder=1)
    drawing.add_dots(ax, at, rows, size=data["count"] * 55 + 120, zorder=2)
    options: dict[str, Any] = {"size": style.LARGE, "color": style.WHITE, "weight": "bold"}
    for x, y, text in zip(at, rows, data["label"], strict=True):
        drawing.add_label(ax, x, y, text, ha="center", va="center", **options)
    _add_rows(ax, services)
    ax.set_xlim(min(at) - margin, max(at) + margin)
    drawing.add_ticks(ax, "bottom", list(days), list(days.values()), length=drawing.TICK_LENGTH)
    drawing.show_spines(ax, "bottom")
    return ax
