"""Charts of all authorities: a funnel, and a ranking.

They compute nothing but where a label goes; more authorities than can be told
apart are summed up by :mod:`kentstats.charts.crowds`. ``SCALE_LEFT`` is what
:func:`kentstats.charts.charts.headed` wants as ``left``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.charts import crowds
from kentstats.charts.charts import MARKS
from kentstats.charts.lettering import tall, width, wrapped
from kentstats.charts.style import DOT, FAINT, INK, OTHERS, OURS, PLUM, SIZE, theme
from kentstats.charts.trend import (
    AXES,
    NAMED,
    End,
    Form,
    inches,
    label_ends,
    place,
    scaled,
    steps,
    stretch,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray


def funnel(
    data: pd.DataFrame,
    limits: pd.DataFrame,
    *,
    ours: str,
    centre: str = "England",
    xlabel: str = "",
    form: Form = "{:g}".format,
    log: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Show every authority by its size, and how far chance reaches at each size.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an authority: ``base`` (how many), ``value`` and ``ours``
        (True for our area). A row without base or value has no dot.
    limits : pandas.DataFrame
        The curves, from small bases to large ones: ``base``, ``centre``,
        ``lower95``, ``upper95``, ``lower998``, ``upper998``; where there
        are adjusted ones, the same four names after ``adjusted_``.
    ours, centre : str
        Labels of our dot and of the line in the middle.
    xlabel : str
        What the bases count.
    form : callable
        Prints a value of the scale.
    log : bool, default False
        Let each step along the bases be a multiple, where they differ by a
        hundred times and more.
    ax : matplotlib.axes.Axes, optional
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        There is no authority, or there are no limits.
    """
    from kentstats.charts.drawing import dots

    if data.empty or limits.empty:
        raise ValueError("there is nothing to draw: a funnel needs an authority and its limits")
    data = data[data["base"].gt(0) & data["value"].notna()]
    base, value = (data[name].to_numpy(dtype=float) for name in ("base", "value"))
    mine = data["ours"].to_numpy(dtype=bool)
    last = limits.iloc[-1]
    above = last["upper998"] - last["centre"] >= last["centre"] - last["lower998"]
    side = "upper" if above else "lower"
    curves = [("", "998", "99.8%", FAINT, "-"), ("", "95", "95%", FAINT, "--")]
    if "adjusted_lower95" in limits:
        curves += [
            ("adjusted_", "998", "99.8% adjusted", PLUM, "-"),
            ("adjusted_", "95", "95% adjusted", PLUM, "--"),
        ]
    ends = [End(last["centre"], centre)]
    ends += [End(last[kind + side + level], label) for kind, level, label, _, _ in curves]
    sizes = limits["base"].to_numpy(dtype=float)
    least, most = _ends(np.where(sizes > 0, sizes, np.nan), base) or (1.0, 1.0)
    with theme():
        reach = _ends(value) or ()
        ax, high = scaled(ax, 2.8, [*reach, *(end.value for end in ends)], form)
        left = least / 1.2 if log else 0.0
        if log:
            ax.set_xscale("log")
        plot = stretch(ax, left, most, ends)
        _count_bases(ax, left, most, xlabel, plot / AXES / 2)
        for kind, level, _, colour, dashes in curves:
            for name in ("lower", "upper"):
                _curve(ax, limits, kind + name + level, colour, linestyle=dashes, linewidth=0.9)
        _curve(ax, limits, "centre", INK, linewidth=1.1)
        others = np.array([base[~mine], value[~mine]])
        summed = [(others, 17.0)]
        if len(base) > crowds.MANY:
            summed = crowds.funnel(base, value, limits, (least, most), log=log)
        for (x, y), size in summed:
            dots(ax, x, y, size=size, color=OTHERS, edge=FAINT, thick=0.3, zorder=3)
        dots(ax, base[mine], value[mine], size=62, zorder=4)
        label_ends(ax, most, ends, high)
        if mine.any():
            known = sizes > 0
            curved = [
                np.array([sizes, limits[name].to_numpy(dtype=float)])[:, known]
                for name in limits.columns.drop("base")
            ]
            crowd = np.hstack([*(each for each, _ in summed), *curved])
            label = wrapped(ours, 1.7, bold=True)
            _label_dot(ax, (base[mine][0], value[mine][0]), crowd, label, (plot, high))
    return ax


def _ends(*arrays: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return the least and the largest of all figures, if there is one."""
    figures = np.concatenate(arrays)
    figures = figures[np.isfinite(figures)]
    return (float(figures.min()), float(figures.max())) if len(figures) else None


def _curve(ax: Axes, limits: pd.DataFrame, name: str, colour: str, **look: Any) -> None:
    from matplotlib.lines import Line2D

    x, y = limits["base"].to_numpy(), limits[name].to_numpy()
    ax.add_line(Line2D(x, y, color=colour, **look))


def _count_bases(ax: Axes, start: float, end: float, name: str, middle: float) -> None:
    """Set round numbers along the bases, and under them what they count."""
    from kentstats.charts.drawing import scale

    ticks = steps(start, end)
    if ax.get_xscale() == "log":
        ax.minorticks_off()
        tens = range(math.floor(math.log10(start)), math.ceil(math.log10(end)) + 1)
        digits = (1, 2, 5) if len(tens) < 6 else (1,)
        ticks = [digit * 10.0**ten for ten in tens for digit in digits]
    ticks = [tick for tick in ticks if start <= tick <= end]
    words = [f"{tick:,.10g}" for tick in ticks]
    scale(ax, "bottom", ticks, words, size=SIZE, marks=MARKS, name=name, middle=middle)


def _label_dot(
    ax: Axes,
    dot: tuple[float, float],
    crowd: NDArray[np.float64],
    label: str,
    size: tuple[float, float],
) -> None:
    """Name a dot where its label covers the least."""
    from matplotlib.lines import Line2D

    from kentstats.charts.drawing import beside

    plot, high = size
    box = (width(label, bold=True), tall([label]))
    at = inches(ax, high, *dot)
    away = _free(at, inches(ax, high, *crowd), box, (plot, high))
    beside(ax, dot, (away[0] * 72, away[1] * 72), label, ha="center", va="center", **NAMED)
    # where the label is far from its dot, a stroke leads from the side that is nearest
    gap = [
        math.copysign(max(abs(far) - half / 2, 0), far) for far, half in zip(away, box, strict=True)
    ]
    if max(map(abs, gap)) > 0.2:
        ends = [dot, place(ax, high, at[0] + gap[0], at[1] + gap[1])]
        ax.add_line(Line2D(*zip(*ends, strict=True), color=OURS, linewidth=0.7))


def _free(
    at: tuple[float, float],
    crowd: tuple[NDArray[np.float64], NDArray[np.float64]],
    size: tuple[float, float],
    room: tuple[float, float],
) -> tuple[float, float]:
    """Find how far from a dot its label covers the least, in inches; near is better than far."""
    half = (size[0] / 2, size[1] / 2)
    (one, other), best, least = crowd, (0.0, 0.0), math.inf
    for reach in (0.09, 0.2, 0.35, 0.55, 0.8):
        beside = [(sign * (reach + half[0]), 0.0) for sign in (1, -1)]
        over = [
            (part * (half[0] + reach), sign * (reach + half[1]))
            for part in (0, 0.5, -0.5, 1, -1)
            for sign in (1, -1)
        ]
        for away in beside + over:
            x, y = at[0] + away[0], at[1] + away[1]
            inside = half[0] <= x <= room[0] - half[0] and half[1] <= y <= room[1] - half[1]
            cost = 4 * reach if inside else 10_000
            covered = (abs(one - x) < half[0] + 0.04) & (abs(other - y) < half[1] + 0.04)
            cost += int(covered.sum())
            if cost < least:
                best, least = away, cost
        if least <= 4 * reach:
            break
    return best


def ranked(
    data: pd.DataFrame,
    *,
    benchmark: float = math.nan,
    benchmark_label: str = "England",
    ours_label: str = "",
    neighbour_label: str = "statistical neighbours",
    ends: tuple[str, str] = ("lowest", "highest"),
    xlabel: str = "",
    form: Form = "{:g}".format,
    ax: Axes | None = None,
) -> Axes:
    """Show all authorities from the lowest to the highest, each with its interval.

    Parameters
    ----------
    data : pandas.DataFrame
        One row an authority: ``value``, ``lower``, ``upper`` (missing where
        there is no interval) and ``ours``; ``neighbour`` where some are to
        be marked. An authority without value is left out.
    benchmark : float, optional
        Where the line across is.
    benchmark_label, ours_label, neighbour_label : str
        Labels of that line, of our dot, of the dots of neighbours.
    ends : tuple of str
        Words under the first and the last authority.
    xlabel : str
        What stands side by side.
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
        There is no row.
    """
    from matplotlib.lines import Line2D

    from kentstats.charts.drawing import dots, scale, strokes, upright

    if data.empty:
        raise ValueError("there is nothing to draw: a ranking needs at least one authority")
    data = data[data["value"].notna()].sort_values("value", kind="stable")
    mine = data["ours"].to_numpy(dtype=bool)
    near = data["neighbour"].to_numpy(dtype=bool) & ~mine if "neighbour" in data else mine & ~mine
    value, lower, upper = (data[name].to_numpy(dtype=float) for name in ("value", "lower", "upper"))
    line = [] if math.isnan(benchmark) else [End(benchmark, benchmark_label)]
    label = wrapped(ours_label, 2.4, bold=True)
    values = [*(_ends(value, lower, upper) or ()), *(end.value for end in line)]
    count = len(data)
    with theme():
        ax, high = scaled(ax, 2.6, values, form, head=tall([label]) + 0.12)
        plot = stretch(ax, -1.5, count + 0.5, line)
        ranks = np.arange(count)
        others = ~mine & ~near
        if count > crowds.MANY:
            _band(ax, crowds.ordered(value, lower, upper))
            others, near = np.zeros_like(mine), crowds.some(near)
        marks = []
        for chosen, colour, ink, size, thick, layer in (
            (others, OTHERS, DOT, 5, 1.1, 2.0),
            (near, FAINT, INK, 17, 1.4, 2.1),
            (mine, OURS, OURS, 36, 2.4, 2.4),
        ):
            at = ranks[chosen]
            spans = upright(at, lower[chosen], upper[chosen])
            strokes(ax, spans, color=colour, width=thick, zorder=layer)
            marks.append(dots(ax, at, value[chosen], size=size, color=ink, zorder=layer + 0.1))
        for end in line:
            across = ([-1.5, count + 0.5], [end.value] * 2)
            ax.add_line(Line2D(*across, color=INK, linewidth=0.9, zorder=2.2))
        label_ends(ax, count + 0.5, line, high)
        if near.any():
            ax.legend(
                marks[1:2],
                [neighbour_label],
                loc="upper center",
                fontsize=SIZE,
                handletextpad=0.2,
                handlelength=1,
                scatteryoffsets=[0.5],
                bbox_to_anchor=(plot / AXES / 2, 0.01),
                borderpad=0.3,
            )
        if mine.any() and label:
            edge = value[mine][0] if math.isnan(upper[mine][0]) else upper[mine][0]
            _label_rank(ax, float(ranks[mine][0]), edge, label, (plot, high))
        shown = 2 if count > 1 else 0
        named: dict[str, Any] = {"name": xlabel, "middle": plot / AXES / 2}
        named["align"] = ("left", "right")[:shown]
        scale(ax, "bottom", [0, count - 1][:shown], ends[:shown], size=SIZE, **named)
    return ax


def _band(ax: Axes, figures: NDArray[np.float64]) -> None:
    """Draw many authorities in order: their figures as a line, their intervals as a band."""
    from matplotlib.lines import Line2D

    from kentstats.charts.drawing import Cells

    x, value, lower, upper = figures
    known = np.isfinite(lower) & np.isfinite(upper)
    if known.any():
        there = np.column_stack([x, lower])[known]
        back = np.column_stack([x, upper])[known][::-1]
        look: dict[str, Any] = {"facecolors": OTHERS, "edgecolors": OTHERS, "linewidths": 0}
        ax.add_collection(Cells([np.vstack([there, back])], **look), autolim=False)
    ax.add_line(Line2D(x, value, color=DOT, linewidth=2.2))


def _label_rank(ax: Axes, x: float, y: float, label: str, size: tuple[float, float]) -> None:
    """Name one of the ranked above all of them, with a stroke down to it."""
    from kentstats.charts.drawing import label as put
    from kentstats.charts.drawing import strokes, upright

    plot, high = size
    half = width(label, bold=True) / 2
    across = max(min(inches(ax, high, x, y)[0], plot - half), half)
    top = place(ax, high, across, high)
    put(ax, *top, label, ha="center", va="top", **NAMED)
    foot = place(ax, high, across, high - tall([label]) - 0.03)[1]
    strokes(ax, upright(x, y, foot), color=OURS, width=0.7)
