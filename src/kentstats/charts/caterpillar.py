"""Caterpillar plot: all authorities in order, each with its confidence interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from kentstats.charts import drawing, style, trend

if TYPE_CHECKING:
    import pandas as pd


def caterpillar(
    data: pd.DataFrame,
    *,
    benchmark: float = math.nan,
    benchmark_label: str = "England",
    ours_label: str = "",
    xlabel: str = "",
    tick_format: trend.TickFormat = "{:g}".format,
    ax: Axes | None = None,
) -> Axes:
    """Draw all authorities from the lowest to the highest, each with its interval.

    Parameters
    ----------
    data : pandas.DataFrame
        One row for each authority: ``value``, ``lower``, ``upper`` (missing where there is no
        interval) and ``ours``; ``neighbour`` where statistical neighbours are to be marked. An
        authority without value is left out.
    benchmark : float, optional
        Where the line across is.
    benchmark_label, ours_label : str
        Labels of that line and of our dot.
    xlabel : str
        What stands side by side.
    tick_format : callable
        Prints a value of the scale.
    """
    if data.empty:
        raise ValueError("there is nothing to draw: a ranking needs at least one authority")
    data = data[data["value"].notna()].sort_values("value", kind="stable")
    mine = data["ours"].to_numpy(dtype=bool)
    near = data["neighbour"].to_numpy(dtype=bool) & ~mine if "neighbour" in data else mine & ~mine
    value, lower, upper = (data[name].to_numpy(dtype=float) for name in ("value", "lower", "upper"))
    line = [] if math.isnan(benchmark) else [trend.EndLabel(benchmark, benchmark_label)]
    label = style.wrap_text(ours_label, 2.4, bold=True)
    count, ranks = len(data), np.arange(len(data))
    values = [*value, *lower, *upper, *(end.value for end in line)]
    head = style.text_height([label]) + 0.12
    ax = trend.prepare_scale(ax, 2.6, values, tick_format, head=head)
    plot = trend.set_x_range(ax, -1.5, count + 0.5, line)
    middle = plot / trend.SCALE_WIDTH / 2
    dots = []
    for chosen, colour, dot_colour, size, width, zorder in (
        (~mine & ~near, style.OTHERS, style.DOT, 5, 1.1, 2.0),
        (near, style.FAINT, style.INK, 17, 1.4, 2.1),
        (mine, style.OURS, style.OURS, 36, 2.4, 2.4),
    ):
        at = ranks[chosen]
        ends = (at, lower[chosen]), (at, upper[chosen])
        drawing.add_lines(ax, *ends, color=colour, width=width, zorder=zorder)
        options: dict[str, Any] = {"size": size, "color": dot_colour, "zorder": zorder + 0.1}
        dots.append(drawing.add_dots(ax, at, value[chosen], **options))
    for end in line:
        across = ([-1.5, count + 0.5], [end.value] * 2)
        ax.add_line(Line2D(*across, color=style.INK, linewidth=0.9, zorder=2.2))
    trend.add_end_labels(ax, count + 0.5, line)
    if near.any():
        with style.theme():
            ax.legend(
                dots[1:2],
                ["statistical neighbours"],
                loc="upper center",
                fontsize=style.SIZE,
                handletextpad=0.2,
                handlelength=1,
                scatteryoffsets=[0.5],
                bbox_to_anchor=(middle, 0.01),
                borderpad=0.3,
            )
    if mine.any() and label:
        top = value[mine][0] if math.isnan(upper[mine][0]) else upper[mine][0]
        rank, half = float(ranks[mine][0]), style.text_width(label, bold=True) / 2
        inches, high = trend.inches_transform(ax), trend.height_in_inches(ax)
        across = max(min(inches.transform((rank, top))[0], plot - half), half)
        under = high - style.text_height([label]) - 0.03
        above, foot = inches.inverted().transform([(across, high), (across, under)])
        drawing.add_label(ax, above[0], above[1], label, ha="center", va="top", **trend.OURS_LABEL)
        # a stroke down to it
        drawing.add_lines(ax, (rank, top), (rank, foot[1]), color=style.OURS, width=0.7)
    below = 0.0
    if count > 1:
        below = drawing.TICK_PAD + style.SIZE
        options = {"align": ["left", "right"], "size": style.SIZE}
        drawing.add_ticks(ax, "bottom", [0, count - 1], ["lowest", "highest"], **options)
    drawing.add_xlabel(ax, xlabel, middle=middle, below=below)
    return ax
