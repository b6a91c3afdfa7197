"""Charts of all authorities: a funnel, and a ranking.

They compute nothing but where a label goes. ``SCALE_LEFT`` is what
:func:`kentstats.present.charts.headed` wants as ``left``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kentstats.present.lettering import tall, width, wrapped
from kentstats.present.theme import DOT, FAINT, INK, OTHERS, OURS, PLUM, SIZE, theme
from kentstats.present.trend_charts import (
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
    if data.empty or limits.empty:
        raise ValueError("there is nothing to draw: a funnel needs an authority and its limits")
    data = data[data["base"].gt(0) & data["value"].notna()]
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
    bases = [base for base in (*data["base"], *limits["base"]) if base > 0] or [1.0]
    with theme():
        ax, high = scaled(ax, 2.8, [*data["value"], *(end.value for end in ends)], form)
        left = min(bases) / 1.2 if log else 0.0
        if log:
            ax.set_xscale("log")
        plot = stretch(ax, left, max(bases), ends)
        _count_bases(ax, left, max(bases))
        for kind, level, _, colour, dashes in curves:
            for name in ("lower", "upper"):
                curve = limits[kind + name + level]
                ax.plot(limits["base"], curve, color=colour, linestyle=dashes, linewidth=0.9)
        ax.plot(limits["base"], limits["centre"], color=INK, linewidth=1.1)
        mine = data["ours"].astype(bool)
        others = data[~mine]
        ax.scatter(
            others["base"],
            others["value"],
            s=17,
            color=OTHERS,
            edgecolors=FAINT,
            linewidths=0.3,
            zorder=3,
        )
        ax.scatter(data["base"][mine], data["value"][mine], s=62, color=OURS, zorder=4)
        label_ends(ax, max(bases), ends, high)
        ax.set_xlabel(xlabel, size=SIZE, x=plot / AXES / 2)
        if mine.any():
            dots = list(zip(others["base"], others["value"], strict=True))
            curved = limits[limits["base"].gt(0)]
            for name in curved.columns.drop("base"):
                dots += zip(curved["base"], curved[name], strict=True)
            dot = data[mine].iloc[0]
            label = wrapped(ours, 1.7, bold=True)
            _label_dot(ax, (dot["base"], dot["value"]), dots, label, (plot, high))
    return ax


def _count_bases(ax: Axes, start: float, end: float) -> None:
    """Set round numbers along the bases."""
    ticks = steps(start, end)
    if ax.get_xscale() == "log":
        ax.minorticks_off()
        tens = range(math.floor(math.log10(start)), math.ceil(math.log10(end)) + 1)
        digits = (1, 2, 5) if len(tens) < 6 else (1,)
        ticks = [digit * 10.0**ten for ten in tens for digit in digits]
    ticks = [tick for tick in ticks if start <= tick <= end]
    ax.set_xticks(ticks, [f"{tick:,.10g}" for tick in ticks])


def _label_dot(
    ax: Axes,
    dot: tuple[float, float],
    crowd: Sequence[tuple[float, float]],
    label: str,
    size: tuple[float, float],
) -> None:
    """Name a dot where its label covers the least."""
    plot, high = size
    box = (width(label, bold=True), tall([label]))
    at = inches(ax, high, *dot)
    away = _free(at, [inches(ax, high, *each) for each in crowd], box, (plot, high))
    ax.annotate(
        label,
        dot,
        (away[0] * 72, away[1] * 72),
        textcoords="offset points",
        ha="center",
        va="center",
        **NAMED,
    )
    # where the label is far from its dot, a stroke leads from the side that is nearest
    gap = [
        math.copysign(max(abs(far) - half / 2, 0), far) for far, half in zip(away, box, strict=True)
    ]
    if max(map(abs, gap)) > 0.2:
        ends = [dot, place(ax, high, at[0] + gap[0], at[1] + gap[1])]
        ax.plot(*zip(*ends, strict=True), color=OURS, linewidth=0.7)


def _free(
    at: tuple[float, float],
    crowd: Sequence[tuple[float, float]],
    size: tuple[float, float],
    room: tuple[float, float],
) -> tuple[float, float]:
    """Find how far from a dot its label covers the least, in inches; near is better than far."""
    half = (size[0] / 2, size[1] / 2)
    best, least = (0.0, 0.0), math.inf
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
            cost += sum(
                abs(one - x) < half[0] + 0.04 and abs(other - y) < half[1] + 0.04
                for one, other in crowd
            )
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
    if data.empty:
        raise ValueError("there is nothing to draw: a ranking needs at least one authority")
    data = data[data["value"].notna()].sort_values("value", kind="stable")
    mine = data["ours"].astype(bool).to_numpy()
    near = (
        data["neighbour"].astype(bool).to_numpy() & ~mine if "neighbour" in data else mine & ~mine
    )
    line = [] if math.isnan(benchmark) else [End(benchmark, benchmark_label)]
    label = wrapped(ours_label, 2.4, bold=True)
    values = [*data["value"], *data["lower"], *data["upper"], *(end.value for end in line)]
    count = len(data)
    with theme():
        ax, high = scaled(ax, 2.6, values, form, head=tall([label]) + 0.12)
        plot = stretch(ax, -1.5, count + 0.5, line)
        ranks = data.reset_index(drop=True).index.to_numpy()
        marks = []
        for chosen, colour, ink, size, thick, layer in (
            (~mine & ~near, OTHERS, DOT, 5, 1.1, 2.0),
            (near, FAINT, INK, 17, 1.4, 2.1),
            (mine, OURS, OURS, 36, 2.4, 2.4),
        ):
            part, at = data[chosen], ranks[chosen]
            ax.vlines(at, part["lower"], part["upper"], color=colour, linewidth=thick, zorder=layer)
            marks.append(ax.scatter(at, part["value"], s=size, color=ink, zorder=layer + 0.1))
        for end in line:
            ax.plot([-1.5, count + 0.5], [end.value] * 2, color=INK, linewidth=0.9, zorder=2.2)
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
            row = data[mine].iloc[0]
            edge = row["value"] if math.isnan(row["upper"]) else row["upper"]
            _label_rank(ax, float(ranks[mine][0]), edge, label, (plot, high))
        ax.set_xticks([0, count - 1] if count > 1 else [], ends if count > 1 else [])
        ax.tick_params(axis="x", length=0)
        for tick, align in zip(ax.get_xticklabels(), ("left", "right"), strict=False):
            tick.set(ha=align)
        ax.set_xlabel(xlabel, size=SIZE, x=plot / AXES / 2)
    return ax


def _label_rank(ax: Axes, x: float, y: float, label: str, size: tuple[float, float]) -> None:
    """Name one of the ranked above all of them, with a stroke down to it."""
    plot, high = size
    half = width(label, bold=True) / 2
    across = max(min(inches(ax, high, x, y)[0], plot - half), half)
    top = place(ax, high, across, high)
    ax.text(*top, label, ha="center", va="top", **NAMED)
    foot = place(ax, high, across, high - tall([label]) - 0.03)[1]
    ax.vlines(x, y, foot, color=OURS, linewidth=0.7)
