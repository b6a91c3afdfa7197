"""Axes, title and source of a chart, and artists that are quick to draw.

Default matplotlib makes five artists for every tick, a path for every line, and measures every
text again: it takes three times as long. The artists here are matplotlib's own or subclasses.
"""

from __future__ import annotations

import functools
import pickle
import textwrap
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, MarkerStyle
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator
from matplotlib.transforms import IdentityTransform, offset_copy
from numpy.typing import ArrayLike, NDArray

from kentstats.charts import style

SCALE_ZORDER = 1.5
"""The zorder of what stands along an axis."""

TICK_LENGTH, TICK_PAD, LABEL_PAD = 3.5, 3.5, 4.0
"""Length of ticks, space before their labels, and before the label of the axis, in points."""


class ChartFigure(Figure):
    """A figure as wide as the page, whose height is set by its chart."""


@functools.cache
def _pickled_figure() -> bytes:
    with style.theme():
        figure = ChartFigure(figsize=(style.WIDTH, 1))
        figure.add_subplot().patch.set_visible(False)
        return pickle.dumps(figure)


def new_axes() -> Axes:
    """Return the axes of a new figure that pyplot does not know, for a chart of a briefing.

    The figure is a copy: unpickling takes a quarter of the time of making one.
    """
    axes: Axes = pickle.loads(_pickled_figure()).axes[0]  # noqa: S301 - written by this process
    return axes


def prepare_axes(ax: Axes | None, height: float, left: float) -> Axes:
    """Return the axes to draw on: those given, or those of a new figure of pyplot.

    The figure of :func:`new_axes`, or a new one, is given the height, with room for labels on
    the left, in inches. Any other figure stays as it is.
    """
    if ax is None:
        from matplotlib import pyplot as plt

        with style.theme():
            ax = plt.figure(FigureClass=ChartFigure).add_subplot()
        ax.patch.set_visible(False)
    figure = ax.get_figure(root=True)
    if isinstance(figure, ChartFigure):
        figure.set_size_inches(style.WIDTH, height)
        _place_axes(ax, figure, left, 0, height)
    return ax


def _place_axes(ax: Axes, figure: Figure, left: float, bottom: float, height: float) -> None:
    """Place axes on their figure, in inches."""
    whole = figure.get_size_inches()[1]
    width = (style.WIDTH - left - style.MARGIN) / style.WIDTH
    ax.set_position((left / style.WIDTH, bottom / whole, width, height / whole))


def add_titles(
    ax: Axes, *, title: str, subtitle: str, source: str, left: float, head: float = 0.0
) -> Axes:
    """Put title, subtitle and source around a chart, and make its figure higher by as much.

    The title is the finding, in at most fifteen words; the subtitle has measure, place, period
    and unit. ``left`` and ``head`` are the room for labels of rows and above the axes, in inches.
    """
    if len(title.split()) > 15:
        raise ValueError(f"“{title}” has more than fifteen words")
    figure: Any = ax.get_figure(root=True)
    line = 0.19
    body = figure.get_size_inches()[1]
    titles, subtitles = textwrap.wrap(title, 62), textwrap.wrap(subtitle, 88)
    above = line * (1.15 * len(titles) + len(subtitles)) + 0.18 + head
    below = 0.62 if ax.get_xlabel() else 0.5
    height = body + above + below
    figure.set_size_inches(style.WIDTH, height)
    _place_axes(ax, figure, left, below, body)
    under = 1 - (0.1 + 1.15 * line * len(titles)) / height
    for y, text, size, look in (
        (1 - 0.04 / height, "\n".join(titles), 11, {"va": "top", "weight": "bold"}),
        (under, "\n".join(subtitles), style.LARGE, {"va": "top", "color": style.FAINT}),
        (0.04 / height, source, style.SIZE, {"va": "bottom", "color": style.FAINT}),
    ):
        made = new_label(0.004, y, text, size=size, transform=figure.transFigure, **look)
        made.set_figure(figure)
        figure.texts.append(made)
    return ax


def show_spines(ax: Axes, *names: str) -> None:
    """Show these spines of the axes only, and no ticks but those of :func:`add_ticks`."""
    if not names:
        ax.set_axis_off()
    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_visible():
            axis.set_major_locator(NullLocator())
            axis.set_visible(False)
    for name, spine in ax.spines.items():
        spine.set_visible(name in names)


@functools.cache
def _font(size: float, weight: str) -> FontProperties:
    return FontProperties(family=style.RC["font.family"], size=size, weight=weight)


class Label(Text):
    """Text that is never clipped, and placed without asking the renderer for its size.

    In SVG each line keeps its anchor, so that it is well placed in another font as well.
    The rotation is 0 or 90 degrees.
    """

    def set_clip_path(self, path: Any, transform: Any = None) -> None:
        """Ignore the clip path: a label may stand beside its axes."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw each line where the metrics of the font put it."""
        x, y = self.get_transform().transform(self.get_unitless_position())
        if not (self.get_visible() and self.get_text() and np.isfinite(x) and np.isfinite(y)):
            return
        angle, font = self.get_rotation(), self.get_fontproperties()
        height = renderer.get_canvas_width_height()[1]
        point: Any = renderer.points_to_pixels(1)
        renderer.open_group("text", self.get_gid())
        gc = renderer.new_gc()
        gc.set_foreground(self.get_color())
        for line, right, up in style.line_offsets(
            self.get_text(),
            self.get_fontsize(),
            self.get_horizontalalignment(),
            self.get_verticalalignment(),
            bold=self.get_fontweight() == "bold",
            upright=angle == 90,
        ):
            over = y + up * point
            down = height - over if renderer.flipy() else over
            renderer.draw_text(gc, x + right * point, down, line, font, angle, mtext=self)
        gc.restore()
        renderer.close_group("text")
        self.stale = False


def new_label(
    x: float,
    y: float,
    text: str,
    *,
    size: float = style.SIZE,
    weight: str = "normal",
    color: str = style.INK,
    **options: Any,
) -> Label:
    """Return a label in the font of the charts."""
    return Label(x, y, text, color=color, fontproperties=_font(size, weight), **options)


def add_label(
    ax: Axes, x: float, y: float, text: str, *, shift: tuple[float, float] = (0, 0), **options: Any
) -> None:
    """Add a label to axes, shifted by some points to the right and up."""
    if any(shift):
        figure = ax.get_figure(root=True)
        right, up = shift
        options["transform"] = offset_copy(ax.transData, figure, x=right, y=up, units="points")
    ax.add_artist(new_label(x, y, text, **options))


def add_bar(ax: Axes, x: float, y: float, width: float, height: float, **options: Any) -> None:
    """Add a rectangle around a height of the axes, from x to the right."""
    ax.add_artist(Rectangle((x, y - height / 2), width, height, **options))


def add_lines(
    ax: Axes,
    start: tuple[ArrayLike, ArrayLike],
    end: tuple[ArrayLike, ArrayLike],
    *,
    color: str,
    width: float,
    zorder: float = 2,
    **options: Any,
) -> None:
    """Add lines between points (x, y) of axes, as one path; one with a missing value is left out.

    Each x and y is a number or an array.
    """
    columns = np.broadcast_arrays(*(np.asarray(each, dtype=float) for each in (*start, *end)))
    points = np.stack(columns, axis=-1).reshape(-1, 2, 2)
    points = points[np.isfinite(points).all(axis=(1, 2))]
    options |= {"edgecolor": color, "facecolor": "none", "linewidth": width, "zorder": zorder}
    if len(points):
        _add_path(ax, points, [Path.MOVETO, Path.LINETO], options)


def add_cells(ax: Axes, corners: NDArray[np.float64], fills: Sequence[str]) -> None:
    """Add cells with an outline, those of one fill as one path; ``corners`` is (cells, 4, 2)."""
    closed = np.concatenate([corners, corners[:, :1]], axis=1)
    codes = [Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY]
    for fill in dict.fromkeys(fills):
        chosen = closed[[each == fill for each in fills]]
        options = {"facecolor": fill, "edgecolor": style.FAINT, "linewidth": 0.6, "clip_on": False}
        _add_path(ax, chosen, codes, options)


def _add_path(
    ax: Axes, points: NDArray[np.float64], codes: Sequence[Any], options: dict[str, Any]
) -> None:
    path = Path(points.reshape(-1, 2), np.tile(np.asarray(codes, Path.code_type), len(points)))
    path.should_simplify = False
    ax.add_artist(PathPatch(path, joinstyle="round", **options))


@functools.cache
def _marker_path(marker: str) -> Path:
    shape = MarkerStyle(marker)
    return shape.get_path().transformed(shape.get_transform())


def add_dots(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    *,
    size: ArrayLike,
    marker: str = "o",
    color: Any = style.OURS,
    edge: Any = "face",
    edge_width: float = 1.0,
    zorder: float = 1,
) -> PathCollection:
    """Add markers to axes; ``size`` is their area in square points, as in ``Axes.scatter``."""
    dots = PathCollection(
        [_marker_path(marker)],
        np.atleast_1d(np.asarray(size, dtype=float)),
        offsets=np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)]),
        offset_transform=ax.transData,
        facecolors=color,
        edgecolors=edge,
        linewidths=edge_width,
        zorder=zorder,
    )
    dots.set_transform(IdentityTransform())
    ax.add_collection(dots, autolim=False)
    return dots


def add_ticks(
    ax: Axes,
    side: Literal["left", "bottom", "top"],
    places: Sequence[float],
    labels: Sequence[str],
    *,
    size: float = style.LARGE,
    pad: float = TICK_PAD,
    align: Sequence[str] = (),
    weights: Sequence[str] = (),
    length: float = 0.0,
) -> None:
    """Print labels along a side of axes; the axis knows them, but draws nothing itself.

    ``align`` and ``weights`` are of each label; ``pad`` and ``length`` of the ticks are points.
    """
    axis = ax.yaxis if side == "left" else ax.xaxis
    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_major_formatter(FixedFormatter(list(labels)))
    axis.set_visible(False)
    transform, va, ha = {
        "left": ax.get_yaxis_text1_transform,
        "bottom": ax.get_xaxis_text1_transform,
        "top": ax.get_xaxis_text2_transform,
    }[side](pad + length)
    options: dict[str, Any] = {"size": size, "va": va, "transform": transform}
    for number, (place, label) in enumerate(zip(places, labels, strict=True)):
        x, y = (0.0, place) if side == "left" else (place, float(side == "top"))
        options["ha"] = align[number] if align else ha
        options["weight"] = weights[number] if weights else "normal"
        add_label(ax, x, y, label, zorder=SCALE_ZORDER, **options)
    if length and places:
        marks = Line2D(places, [0.0] * len(places), transform=ax.get_xaxis_transform())
        marks.set(linestyle="none", marker=TICKDOWN, markersize=length, markeredgewidth=0.8)
        marks.set(color=style.INK, clip_on=False, zorder=SCALE_ZORDER)
        ax.add_artist(marks)


def add_xlabel(ax: Axes, text: str, *, middle: float, below: float) -> None:
    """Print what the x-axis counts, some points below it; ``middle`` is a part of the axes."""
    if not text:
        return
    ax.set_xlabel(text)
    ax.xaxis.label.set_visible(False)
    figure = ax.get_figure(root=True)
    under = offset_copy(ax.transAxes, figure, y=-LABEL_PAD - below, units="points")
    options: dict[str, Any] = {"ha": "center", "va": "top", "transform": under}
    add_label(ax, middle, 0, text, zorder=SCALE_ZORDER, **options)
