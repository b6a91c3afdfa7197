"""Funnel plot: every authority by its size, with control limits."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from kentstats.charts import drawing, style, trend

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

LIMITS: tuple[tuple[str, str, str, str, Any], ...] = (
    ("", "998", "99.8%", style.FAINT, "-"),
    ("", "95", "95%", style.FAINT, "--"),
    ("adjusted_", "998", "99.8% adjusted", style.PLUM, "-"),
    ("adjusted_", "95", "95% adjusted", style.PLUM, "--"),
)
"""Prefix, level, label, colour and line style of each pair of limits."""


def funnel(
    data: pd.DataFrame,
    limits: pd.DataFrame,
    *,
    ours: str,
    centre: str = "England",
    xlabel: str = "",
    tick_format: trend.TickFormat = "{:g}".format,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw every authority by its size, and how far chance reaches at each size.

    ``data`` has ``base`` (the denominator), ``value`` and ``ours`` (True for our area) of each
    authority; without base or value it has no dot. ``limits`` are curves, from small bases to
    large ones: ``base``, ``centre``, ``lower95``, ``upper95``, ``lower998``, ``upper998``, and
    the last four after ``adjusted_`` where they are adjusted for over-dispersion. ``ours`` and
    ``centre`` are labels; with ``log`` the bases have a logarithmic scale.
    """
    if data.empty or limits.empty:
        raise ValueError("there is nothing to draw: a funnel needs an authority and its limits")
    data = data[data["base"].gt(0) & data["value"].notna()]
    base, value = (data[name].to_numpy(dtype=float) for name in ("base", "value"))
    mine = data["ours"].to_numpy(dtype=bool)
    drawn = [each for each in LIMITS if f"{each[0]}lower{each[1]}" in limits]
    last = limits.iloc[-1]
    wider_above = last["upper998"] - last["centre"] >= last["centre"] - last["lower998"]
    side = "upper" if wider_above else "lower"
    ends = [trend.EndLabel(last["centre"], centre)]
    ends += [
        trend.EndLabel(last[prefix + side + level], label) for prefix, level, label, *_ in drawn
    ]
    sizes = limits["base"].to_numpy(dtype=float)
    bases = np.concatenate([sizes[sizes > 0], base])
    least, most = (float(bases.min()), float(bases.max())) if len(bases) else (1.0, 1.0)
    ax = trend.prepare_scale(ax, 2.8, [*value, *(end.value for end in ends)], tick_format)
    start = least / 1.2 if log else 0.0
    if log:
        ax.set_xscale("log")
    plot = trend.set_x_range(ax, start, most, ends)
    _add_base_ticks(ax, start, most)
    below = drawing.TICK_LENGTH + drawing.TICK_PAD + style.SIZE
    drawing.add_xlabel(ax, xlabel, middle=plot / trend.SCALE_WIDTH / 2, below=below)
    for prefix, level, _, colour, dashes in drawn:
        for name in (f"{prefix}lower{level}", f"{prefix}upper{level}"):
            ax.add_line(Line2D(sizes, limits[name], color=colour, linestyle=dashes, linewidth=0.9))
    ax.add_line(Line2D(sizes, limits["centre"], color=style.INK, linewidth=1.1))
    others: dict[str, Any] = {"color": style.OTHERS, "edge": style.FAINT, "edge_width": 0.3}
    drawing.add_dots(ax, base[~mine], value[~mine], size=17, zorder=3, **others)
    drawing.add_dots(ax, base[mine], value[mine], size=62, zorder=4)
    trend.add_end_labels(ax, most, ends)
    if mine.any():
        curves = limits[limits["base"].gt(0)].melt("base")[["base", "value"]]
        marks = np.vstack([np.column_stack([base[~mine], value[~mine]]), curves.to_numpy(float)])
        text = style.wrap_text(ours, 1.7, bold=True)
        _label_dot(ax, (base[mine][0], value[mine][0]), marks, text, plot)
    return ax


def _add_base_ticks(ax: Axes, start: float, end: float) -> None:
    """Print round numbers along the bases."""
    ticks = trend.round_values(start, end)
    if ax.get_xscale() == "log":
        ax.minorticks_off()
        powers = range(math.floor(math.log10(start)), math.ceil(math.log10(end)) + 1)
        digits = (1, 2, 5) if len(powers) < 6 else (1,)
        ticks = [digit * 10.0**power for power in powers for digit in digits]
    ticks = [tick for tick in ticks if start <= tick <= end]
    labels = [f"{tick:,.10g}" for tick in ticks]
    drawing.add_ticks(ax, "bottom", ticks, labels, size=style.SIZE, length=drawing.TICK_LENGTH)


def _label_dot(
    ax: Axes, dot: tuple[float, float], marks: NDArray[np.float64], text: str, plot: float
) -> None:
    """Name a dot where its label covers the fewest marks, and as near as it may be."""
    width, height = style.text_width(text, bold=True) / 2, style.text_height([text]) / 2
    inches, top = trend.inches_transform(ax), trend.height_in_inches(ax)
    at, others = inches.transform(dot), inches.transform(marks)
    best, least = (0.0, 0.0), math.inf
    for reach in (0.09, 0.2, 0.35, 0.55, 0.8):
        places = [(reach + width, 0.0), (-reach - width, 0.0)]
        for part, sign in itertools.product((0, 0.5, -0.5, 1, -1), (1, -1)):
            places.append((part * (width + reach), sign * (reach + height)))
        for away in places:
            x, y = at[0] + away[0], at[1] + away[1]
            inside = width <= x <= plot - width and height <= y <= top - height
            covered = (np.abs(others - (x, y)) < (width + 0.04, height + 0.04)).all(axis=1).sum()
            cost = int(covered) + (4 * reach if inside else 10_000)
            if cost < least:
                best, least = away, cost
        if least <= 4 * reach:
            break
    shift = (best[0] * 72, best[1] * 72)
    options: dict[str, Any] = {"ha": "center", "va": "center", **trend.OURS_LABEL}
    drawing.add_label(ax, *dot, text, shift=shift, **options)
    # a label far from its dot has a stroke from its nearest side
    gap = np.copysign(np.maximum(np.abs(best) - np.array([width, height]), 0), best)
    if np.abs(gap).max() > 0.2:
        x, y = inches.inverted().transform(at + gap)
        ax.add_line(Line2D([dot[0], x], [dot[1], y], color=style.OURS, linewidth=0.7))
