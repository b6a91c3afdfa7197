"""The judgements of an inspection, and the actions that it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.dates import date2num

from kentstats.charts import drawing, style
from kentstats.charts.bars import LEFT, add_rows

if TYPE_CHECKING:
    import pandas as pd


def judgement_strip(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the judgements of services side by side, with the grade in words.

    Parameters
    ----------
    data : pandas.DataFrame
        One row for each different grade: ``judgement``, ``service``, ``grade`` (1 to 4) and
        ``label``. Judgements and services keep their order. Two grades of one judgement share
        its cell.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
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
    add_rows(ax, judgements, gap=0.5)
    ax.set_xlim(0, len(services))
    middles = [place + 0.5 for place in range(len(services))]
    drawing.add_ticks(ax, "top", middles, services, weights=["bold"] * len(services))
    drawing.show_spines(ax)
    return ax


def action_timeline(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw how many actions of each service are due on each day.

    Parameters
    ----------
    data : pandas.DataFrame
        One row for each service and day: ``service``, ``due``, ``day`` (as printed), ``count``
        and ``label``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
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
    add_rows(ax, services)
    ax.set_xlim(min(at) - margin, max(at) + margin)
    drawing.add_ticks(ax, "bottom", list(days), list(days.values()), length=drawing.TICK_LENGTH)
    drawing.show_spines(ax, "bottom")
    return ax
