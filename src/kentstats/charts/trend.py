"""Trend chart, and the scale of values that it shares with funnel and caterpillar plots."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Affine2D, Transform

from kentstats.charts import drawing, style

if TYPE_CHECKING:
    import pandas as pd

SCALE_LEFT = 0.55
"""Room for the values of a scale, in inches."""

SCALE_WIDTH = style.WIDTH - SCALE_LEFT - style.MARGIN
"""Width of axes with a scale in inches; labels may go beyond it."""

OURS_LABEL: dict[str, Any] = {"weight": "bold", "color": style.OURS}
"""Style of the label of our area."""

TickFormat = Callable[[float], str]
"""Prints a value of a scale, as ``"{:.0f}%".format`` does."""


@dataclass(frozen=True)
class EndLabel:
    """A label beside the end of a line, joined to it by a stroke where it had to move."""

    value: float
    label: str
    ours: bool = False
    joined: bool = True

    @property
    def text(self) -> str:
        """The label, broken into lines."""
        return style.wrap_text(self.label, 1.25, bold=self.ours)


def prepare_scale(
    ax: Axes | None,
    height: float,
    values: Iterable[float],
    tick_format: TickFormat,
    *,
    zero: bool = False,
    head: float = 0.0,
) -> Axes:
    """Return axes whose scale holds the values, with some inches of room above."""
    known = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, top = min(known), max(known)
    if zero:
        low, top = min(low, 0.0), max(top, 0.0)
    margin = (top - low or abs(top) or 1) * 0.05
    low, top = low if zero and low == 0 else low - margin, top + margin
    ax = drawing.prepare_axes(ax, height, SCALE_LEFT)
    high = height_in_inches(ax)
    ax.set_ylim(low, top + (top - low) * head / (high - head))
    for count in range(6, 0, -1):
        ticks = [tick for tick in round_values(low, top, count) if low <= tick <= top]
        labels = [tick_format(tick) for tick in ticks]
        # fewer ticks where two of them are printed alike
        if len(set(labels)) == len(labels):
            break
    else:
        ticks, labels = ticks[:1], labels[:1]
    drawing.add_ticks(ax, "left", ticks, labels, size=style.SIZE)
    drawing.show_spines(ax, "left", "bottom")
    return ax


@functools.lru_cache(1024)
def round_values(low: float, top: float, count: int = 6) -> list[float]:
    """Return round values that cover a range, in a number of steps or fewer."""
    locator = MaxNLocator(count, steps=[1, 2, 5, 10])
    return [float(tick) for tick in locator.tick_values(low, top)]


def set_x_range(ax: Axes, start: float, end: float, labels: Sequence[EndLabel]) -> float:
    """Set the range of x, with room for labels to its right; return its width in inches."""
    room = (
        max((style.text_width(each.text, bold=each.ours) for each in labels), default=-0.1) + 0.14
    )
    plot = min(style.WIDTH - SCALE_LEFT - style.EDGE - room, SCALE_WIDTH)
    if ax.get_xscale() == "log":
        ax.set_xlim(start, start * (end / start) ** (SCALE_WIDTH / plot))
    else:
        ax.set_xlim(start, start + (end - start) * SCALE_WIDTH / plot)
    ax.spines["bottom"].set_bounds(start, end)
    return plot


def height_in_inches(ax: Axes) -> float:
    """Return the height of axes in inches."""
    return ax.bbox.height / ax.figure.dpi


def inches_transform(ax: Axes) -> Transform:
    """Return the transform from values to inches from the left and the bottom of the axes."""
    return ax.transScale + ax.transLimits + Affine2D().scale(SCALE_WIDTH, height_in_inches(ax))


def add_end_labels(ax: Axes, x: float, labels: Sequence[EndLabel]) -> None:
    """Label lines where they end, each label apart from the next."""
    labels = [each for each in labels if math.isfinite(each.value)]
    if not labels:
        return
    inches = inches_transform(ax)
    ends = inches.transform([(x, each.value) for each in labels])
    heights = [style.text_height([each.text]) + 0.02 for each in labels]
    placed = style.spread_labels(ends[:, 1].tolist(), heights, 0, height_in_inches(ax))
    strokes = []
    for each, (across, up), new in zip(labels, ends, placed, strict=True):
        options = OURS_LABEL if each.ours else {}
        shift = (8, (new - up) * 72)
        drawing.add_label(ax, x, each.value, each.text, shift=shift, va="center", **options)
        if each.joined and abs(new - up) > 0.03:
            strokes.append((each.value, *inches.inverted().transform((across + 0.1, new))))
    if strokes:
        from_y, to_x, to_y = np.transpose(strokes)
        look: dict[str, Any] = {"color": style.FAINT, "width": 0.5, "clip_on": False}
        drawing.add_lines(ax, (x, from_y), (to_x, to_y), **look)


def trend(
    data: pd.DataFrame,
    *,
    tick_format: TickFormat = "{:g}".format,
    ax: Axes | None = None,
) -> Axes:
    """Draw how our area and its comparators went from period to period, from zero.

    A row for each area and period has ``area``, ``period`` (as printed), ``value`` and ``ours``,
    in order of periods; ``lower`` and ``upper`` where our area has intervals; ``label`` where a
    line ends with its figure. A missing value or row leaves a gap.
    """
    if data.empty:
        raise ValueError("there is nothing to draw: a trend needs at least one period")
    periods = list(dict.fromkeys(data["period"]))
    comparators = list(dict.fromkeys(data["area"][~data["ours"].astype(bool)]))
    # three at most, which can be told apart
    styles = dict(zip(comparators, style.COMPARATOR_LINES, strict=False))
    lines = {
        name: data[data["area"].eq(name)].set_index("period").reindex(periods)
        for name in dict.fromkeys(data["area"])
    }
    limits = [name for name in ("lower", "upper") if name in data]
    ax = prepare_scale(
        ax, 2.4, data[["value", *limits]].to_numpy(dtype=float).ravel(), tick_format, zero=True
    )
    bottom, last, at = ax.get_ylim()[0], len(periods) - 1, range(len(periods))
    ends = [
        _end_label(name, line, bottom, ours=name not in comparators) for name, line in lines.items()
    ]
    plot = set_x_range(ax, -0.3, last or 0.3, ends)
    for name, line in lines.items():
        options: dict[str, Any] = {"linewidth": 1.4, "markersize": 2.5}
        if name in comparators:
            options["color"], options["linestyle"] = styles[name]
        else:
            options = {"color": style.OURS, "linewidth": 2.4, "markersize": 5, "zorder": 4}
            if limits:
                lower, upper = (at, line["lower"]), (at, line["upper"])
                drawing.add_lines(ax, lower, upper, color=style.OURS, width=1, zorder=3)
        ax.add_line(Line2D(list(at), line["value"].to_numpy(), marker="o", **options))
    add_end_labels(ax, last, ends)
    step = 1 + int(max(map(style.text_width, periods)) * 1.1 // (plot / len(periods)))
    printed = [name if (last - place) % step == 0 else "" for place, name in enumerate(periods)]
    drawing.add_ticks(ax, "bottom", at, printed, size=style.SIZE, length=drawing.TICK_LENGTH)
    return ax


def _end_label(name: str, line: pd.DataFrame, bottom: float, *, ours: bool) -> EndLabel:
    """Label a line with its name, its last figure, and its end where that is early."""
    known = line[line["value"].notna()]
    if known.empty:
        return EndLabel(bottom, f"{name}: no figures", ours, joined=False)
    label = known["label"].iloc[-1] if "label" in known else ""
    text = f"{name} {label}" if isinstance(label, str) and label else name
    early = known.index[-1] != line.index[-1]
    if early:
        text += f" (to {known.index[-1]})"
    return EndLabel(float(known["value"].iloc[-1]), text, ours, joined=not early)
