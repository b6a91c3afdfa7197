"""Charts on a scale: a trend, and how lines are labelled where they end.

They compute nothing but where a label goes: labels that would lie on each
other are moved apart. ``SCALE_LEFT`` is what
:func:`kentstats.charts.charts.headed` wants as ``left``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.charts.charts import MARKS, _axes, _lines
from kentstats.charts.lettering import EDGE, MARGIN, spread, tall, width, wrapped
from kentstats.charts.style import FAINT, LINES, OURS, SIZE, WIDTH, theme

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

Form = Callable[[float], str]
"""Prints a value of the scale, as ``"{:.0f}%".format`` does."""

SCALE_LEFT = 0.55
"""Room for the figures of the scale in inches."""

AXES = WIDTH - SCALE_LEFT - MARGIN
"""Width that ``headed`` gives to the axes, in inches; labels may go beyond it."""

MOST = 3
"""As many comparators can be told apart by their dashes."""

NAMED: dict[str, Any] = {"size": SIZE, "weight": "bold", "color": OURS}
"""The look of the name of our area."""


@dataclass(frozen=True)
class End:
    """A label beside the end of a line; ``joined`` where a stroke may lead to it."""

    value: float
    label: str
    ours: bool = False
    joined: bool = True

    @property
    def text(self) -> str:
        """The label, broken into lines."""
        return wrapped(self.label, 1.25, bold=self.ours)


def scaled(
    ax: Axes | None,
    height: float,
    values: Iterable[float],
    form: Form,
    *,
    zero: bool = False,
    head: float = 0.0,
) -> tuple[Axes, float]:
    """Make axes whose scale holds the values, with room above; return their height in inches."""
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, top = min(known), max(known)
    if zero:
        low, top = min(low, 0.0), max(top, 0.0)
    margin = (top - low or abs(top) or 1) * 0.05
    low, top = low if zero and low == 0 else low - margin, top + margin
    from kentstats.charts.drawing import scale

    own, ax = ax is None, _axes(ax, height)
    high = height if own else ax.bbox.height / ax.figure.dpi
    ax.set_ylim(low, top + (top - low) * head / (high - head))
    for count in range(6, 0, -1):
        ticks = [tick for tick in steps(low, top, count) if low <= tick <= top]
        labels = [form(tick) for tick in ticks]
        # fewer ticks where the form rounds two of them to the same figure
        if len(set(labels)) == len(labels):
            break
    else:
        ticks, labels = ticks[:1], labels[:1]
    scale(ax, "left", ticks, labels, size=SIZE)
    _lines(ax, "left", "bottom")
    return ax, high


@functools.lru_cache(1024)
def steps(low: float, top: float, count: int = 6) -> list[float]:
    """Find round numbers, a count of steps or fewer from the one value to the other."""
    from matplotlib.ticker import MaxNLocator

    return [float(tick) for tick in MaxNLocator(count, steps=[1, 2, 5, 10]).tick_values(low, top)]


def stretch(ax: Axes, start: float, end: float, ends: Sequence[End]) -> float:
    """Leave room for labels to the right of what is drawn; return how wide that is in inches."""
    room = max((width(each.text, bold=each.ours) for each in ends), default=-0.1) + 0.14
    plot = min(WIDTH - SCALE_LEFT - EDGE - room, AXES)
    if ax.get_xscale() == "log":
        ax.set_xlim(start, start * (end / start) ** (AXES / plot))
    else:
        ax.set_xlim(start, start + (end - start) * AXES / plot)
    ax.spines["bottom"].set_bounds(start, end)
    return plot


def inches(ax: Axes, high: float, x: Any, y: Any) -> tuple[Any, Any]:
    """Find how far a place, or each of some, is from the left and the bottom, in inches."""
    (left, right), (low, top) = ax.get_xlim(), ax.get_ylim()
    log = ax.get_xscale() == "log"
    across = np.log(x / left) / math.log(right / left) if log else (x - left) / (right - left)
    return across * AXES, (y - low) / (top - low) * high


def place(ax: Axes, high: float, across: float, up: float) -> tuple[float, float]:
    """Find the place that is so far from the left and the bottom of the axes, in inches."""
    (left, right), (low, top) = ax.get_xlim(), ax.get_ylim()
    part = across / AXES
    log = ax.get_xscale() == "log"
    x = left * (right / left) ** part if log else left + part * (right - left)
    return x, low + up / high * (top - low)


def label_ends(ax: Axes, x: float, ends: Sequence[End], high: float) -> None:
    """Label lines where they end, each label apart from the next."""
    from kentstats.charts.drawing import beside, strokes

    ends = [each for each in ends if math.isfinite(each.value)]
    across = inches(ax, high, x, 0)[0]
    wanted = [inches(ax, high, x, each.value)[1] for each in ends]
    placed = spread(wanted, [tall([each.text]) + 0.02 for each in ends], 0, high)
    leads = []
    for each, here, there in zip(ends, wanted, placed, strict=True):
        away = (8, (there - here) * 72)
        beside(ax, (x, each.value), away, each.text, va="center", **(NAMED if each.ours else {}))
        if each.joined and abs(there - here) > 0.03:
            leads.append([(x, each.value), place(ax, high, across + 0.1, there)])
    if leads:
        strokes(ax, leads, color=FAINT, width=0.5, clip=False)


def trend(
    data: pd.DataFrame,
    *,
    periods: Sequence[str] | None = None,
    zero: bool = True,
    form: Form = "{:g}".format,
    ax: Axes | None = None,
) -> Axes:
    """Show how our area and its comparators went from period to period.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an area and period: ``area``, ``period`` (as printed),
        ``value`` and ``ours``; ``lower`` and ``upper`` where our area has
        intervals; ``label`` where a line is to end with its figure. A
        missing value, or a missing row, leaves a gap.
    periods : sequence of str, optional
        The periods in order; else they are taken as they come.
    zero : bool, default True
        Whether the scale begins at nought.
    form : callable
        Prints a value of the scale.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        There is no row, there are more than three comparators, or an area
        has two rows of one period.
    """
    from matplotlib.lines import Line2D

    from kentstats.charts.drawing import scale, strokes, upright

    if data.empty:
        raise ValueError("there is nothing to draw: a trend needs at least one period")
    if data.duplicated(["area", "period"]).any():
        raise ValueError("a trend has one value for an area and period, and here are two")
    periods = list(periods or dict.fromkeys(data["period"]))
    names = list(dict.fromkeys(data["area"][~data["ours"].astype(bool)]))
    if len(names) > MOST:
        raise ValueError(f"{MOST} comparators can be told apart here, not {len(names)}")
    lines = {
        name: data[data["area"].eq(name)].set_index("period").reindex(periods)
        for name in dict.fromkeys(data["area"])
    }
    last = len(periods) - 1
    at = range(len(periods))
    look: dict[str, Any]
    styles = dict(zip(names, LINES, strict=False))
    values = [
        *data["value"],
        *(limit for name in ("lower", "upper") if name in data for limit in data[name]),
    ]
    with theme():
        ax, high = scaled(ax, 2.4, values, form, zero=zero)
        ends = [
            _line_end(name, line, ax.get_ylim()[0], ours=name not in names)
            for name, line in lines.items()
        ]
        plot = stretch(ax, -0.3, last or 0.3, ends)
        for name, line in lines.items():
            if name in names:
                colour, dashes = styles[name]
                look = {"color": colour, "linestyle": dashes, "linewidth": 1.4, "markersize": 2.5}
            else:
                look = {"color": OURS, "linewidth": 2.4, "markersize": 5, "zorder": 4}
                if "lower" in line:
                    spans = upright(at, line["lower"], line["upper"])
                    strokes(ax, spans, color=OURS, width=1, zorder=3)
            ax.add_line(Line2D(list(at), line["value"].to_numpy(), marker="o", **look))
        label_ends(ax, last, ends, high)
        step = 1 + int(max(map(width, periods)) * 1.1 // (plot / len(periods)))
        words = [name if (last - place) % step == 0 else "" for place, name in enumerate(periods)]
        scale(ax, "bottom", at, words, size=SIZE, marks=MARKS)
    return ax


def _line_end(name: str, line: pd.DataFrame, bottom: float, *, ours: bool) -> End:
    """Label the end of a line: its name, its figure, and where it ends if that is early."""
    known = line[line["value"].notna()]
    if known.empty:
        return End(bottom, f"{name}: no figures", ours, joined=False)
    label = known["label"].iloc[-1] if "label" in known else ""
    text = f"{name} {label}" if isinstance(label, str) and label else name
    ended = known.index[-1] != line.index[-1]
    if ended:
        text += f" (to {known.index[-1]})"
    return End(float(known["value"].iloc[-1]), text, ours, joined=not ended)
