"""Artists that are light to make and quick to draw: text, strokes, cells, dots, a scale.

A chart of matplotlib's own parts spends its time on what nobody sees: five
artists for every tick, a path for every stroke, each text measured anew in
every picture. These say the same with less. They are matplotlib's artists
still, so that a chart can be asked for its texts and marks as any other can.
This module imports matplotlib; charts import it where they draw.
"""

from __future__ import annotations

import functools
import pickle
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import Collection, LineCollection, PathCollection, PolyCollection
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, MarkerStyle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FixedLocator
from matplotlib.transforms import Bbox, IdentityTransform, Transform, offset_copy

from kentstats.charts.lettering import lines
from kentstats.charts.style import INK, OURS, RC, SIZE, WIDTH, theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.backend_bases import GraphicsContextBase, RendererBase
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

PAD = 3.5
"""Between the axes, or the strokes on them, and the labels of a scale, in points."""

LABEL_PAD = 4.0
"""Between the labels of a scale and what it counts, in points."""


@functools.cache
def _blank() -> bytes:
    from matplotlib.figure import Figure

    with theme():
        figure = Figure(figsize=(WIDTH, 1))
        # white on the white of the figure
        figure.add_subplot().patch.set_visible(False)
        return pickle.dumps(figure)


def blank(height: float) -> Axes:
    """Make empty axes on a figure of their own, as wide as the text.

    They are a copy of axes made once: to read a copy takes a quarter of the
    time that it takes to make one.
    """
    figure = pickle.loads(_blank())  # noqa: S301 - our own bytes, which never leave the process
    figure.set_size_inches(WIDTH, height)
    axes: Axes = figure.axes[0]
    return axes


Across = Literal["left", "center", "right"]
Up = Literal["bottom", "baseline", "center", "center_baseline", "top"]


@functools.cache
def _font(size: float, weight: str) -> FontProperties:
    return FontProperties(family=RC["font.family"], size=size, weight=weight)


class Label(Text):
    """Text in the font of the charts, never cut, and placed by the font's own measures.

    The lines of a text are set to the side it is aligned to. In SVG each of
    them keeps its anchor, so that it is well placed in another font as well.

    Parameters
    ----------
    x, y : float
        Where its anchor is.
    text : str
        Its lines.
    size : float
        In points.
    weight, ha, va, color, rotation, **named
        As matplotlib has them; the rotation is 0 or 90.
    """

    def __init__(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = SIZE,
        weight: str = "normal",
        ha: Across = "left",
        va: Up = "baseline",
        color: str = INK,
        rotation: float = 0,
        **named: Any,
    ) -> None:
        super().__init__(
            x,
            y,
            text,
            color=color,
            fontproperties=_font(size, weight),
            horizontalalignment=ha,
            verticalalignment=va,
            rotation=rotation,
            **named,
        )

    def set_clip_path(self, path: Any, transform: Any = None) -> None:
        """Do nothing: a label may stand beside its axes."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw each line where the measures of the font put it."""
        text = self.get_text()
        if not (self.get_visible() and text):
            return
        x, y = self.get_transform().transform(self.get_unitless_position())
        if not (np.isfinite(x) and np.isfinite(y)):
            return
        angle = self.get_rotation()
        renderer.open_group("text", self.get_gid())
        gc = renderer.new_gc()
        gc.set_foreground(self.get_color())
        point: Any = renderer.points_to_pixels(1)
        font, flipped = self.get_fontproperties(), renderer.flipy()
        high = renderer.get_canvas_width_height()[1]
        placed = lines(
            text,
            self.get_fontsize(),
            self.get_horizontalalignment(),
            self.get_verticalalignment(),
            bold=self.get_fontweight() == "bold",
            upright=angle == 90,
        )
        for line, right, up in placed:
            over = y + up * point
            renderer.draw_text(
                gc,
                x + right * point,
                high - over if flipped else over,
                line,
                font,
                angle,
                ismath=False,
                mtext=self,
            )
        gc.restore()
        renderer.close_group("text")
        self.stale = False


def label(ax: Axes, x: float, y: float, text: str, **named: Any) -> Label:
    """Add a label to axes."""
    made = Label(x, y, text, **named)
    ax.add_artist(made)
    return made


def heading(figure: Figure, y: float, text: str, **named: Any) -> Label:
    """Add a label to a figure, at its left edge."""
    made = Label(0.004, y, text, transform=figure.transFigure, **named)
    made.set_figure(figure)
    figure.texts.append(made)
    return made


def beside(
    ax: Axes, place: tuple[float, float], away: tuple[float, float], text: str, **named: Any
) -> Label:
    """Add a label some points away from a place of the axes, to the right and up."""
    shifted = offset_copy(
        ax.transData, ax.get_figure(root=True), x=away[0], y=away[1], units="points"
    )
    return label(ax, *place, text, transform=shifted, **named)


def _pen(artist: Collection, renderer: RendererBase) -> GraphicsContextBase:
    """Take up the colour and the width of an artist's first line."""
    gc = renderer.new_gc()
    box, edges, widths = artist.get_clip_box(), *_looks(artist)
    if box is not None and artist.get_clip_on():
        gc.set_clip_rectangle(box)
    gc.set_foreground(tuple(edges[0]), isRGBA=True)
    gc.set_linewidth(widths[0])
    return gc


def _looks(artist: Collection) -> tuple[Any, Any]:
    return artist.get_edgecolor(), artist.get_linewidth()


def _placed(path: Path, artist: Artist) -> tuple[Path, Transform]:
    """Take the curved part of a transform, as that of a scale of multiples, into the path."""
    transform = artist.get_transform()
    bent = path if transform.is_affine else transform.transform_path_non_affine(path)
    bent.should_simplify = False
    return bent, transform.get_affine()


def _together(paths: Iterable[Path], *, closed: bool) -> Path | None:
    """Join polygons or polylines into one path, those that are without gaps, if any is."""
    parts = [np.asarray(path.vertices) for path in paths]
    parts = [part for part in parts if np.isfinite(part).all()]
    if not parts:
        return None
    codes = np.full(sum(map(len, parts)), Path.LINETO, dtype=Path.code_type)
    ends = np.cumsum([len(part) for part in parts])
    codes[0] = codes[ends[:-1]] = Path.MOVETO
    if closed:
        codes[ends - 1] = Path.CLOSEPOLY
    return Path(np.concatenate(parts), codes)


class Strokes(LineCollection):
    """Lines of one look, drawn as one path."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw all of them at once; one without figures is left out."""
        if not self.get_visible():
            return
        path = _together(self.get_paths(), closed=False)
        if path is None:
            return
        renderer.open_group("strokes", self.get_gid())
        gc = _pen(self, renderer)
        renderer.draw_path(gc, *_placed(path, self))
        gc.restore()
        renderer.close_group("strokes")
        self.stale = False


class Cells(PolyCollection):
    """Cells with an outline of one look, those of one fill drawn as one path."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw them fill by fill."""
        if not self.get_visible():
            return
        renderer.open_group("cells", self.get_gid())
        gc = _pen(self, renderer)
        colours: Any = self.get_facecolor()
        fills = [tuple(fill) for fill in colours]
        for fill in dict.fromkeys(fills):
            chosen = (
                path for path, own in zip(self.get_paths(), fills, strict=True) if own == fill
            )
            path = _together(chosen, closed=True)
            if path is not None:
                renderer.draw_path(gc, *_placed(path, self), fill)
        gc.restore()
        renderer.close_group("cells")
        self.stale = False


def strokes(
    ax: Axes,
    segments: Any,
    *,
    color: str,
    width: float,
    zorder: float = 2,
    clip: bool = True,
) -> Strokes:
    """Add lines to axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to.
    segments : array of shape (lines, points, 2)
        Their points.
    color : str
        Of all of them.
    width : float
        In points.
    zorder : float
        As matplotlib has it.
    clip : bool, default True
        Whether they end at the edge of the axes.
    """
    made = Strokes(segments, colors=color, linewidths=width, zorder=zorder, clip_on=clip)
    ax.add_collection(made, autolim=False)
    return made


def upright(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> Any:
    """Return the segments of lines from bottom to top."""
    columns = np.broadcast_arrays(
        *(np.asarray(each, dtype=float) for each in (x, low, x, high)), subok=False
    )
    return np.stack(columns, axis=-1).reshape(-1, 2, 2)


def level(y: ArrayLike, left: ArrayLike, right: ArrayLike) -> Any:
    """Return the segments of lines from left to right."""
    return upright(y, left, right)[:, :, ::-1]


@functools.cache
def _marker(name: str) -> Path:
    style = MarkerStyle(name)
    return style.get_path().transformed(style.get_transform())


def dots(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    *,
    size: ArrayLike,
    color: Any = OURS,
    edge: Any = None,
    thick: float = 1.0,
    marker: str = "o",
    zorder: float = 1,
) -> PathCollection:
    """Add marks to axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to.
    x, y : array-like
        Their places.
    size : float or array-like
        Their area in square points.
    color, edge : colours
        Of the marks, and of their outline if that is another.
    thick : float
        Width of the outline in points.
    marker : str
        As matplotlib has it.
    zorder : float
        As matplotlib has it.
    """
    made = PathCollection(
        [_marker(marker)],
        np.atleast_1d(np.asarray(size, dtype=float)),
        offsets=np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)]),
        offset_transform=ax.transData,
        facecolors=color,
        edgecolors="face" if edge is None else edge,
        linewidths=thick,
        zorder=zorder,
    )
    made.set_transform(IdentityTransform())
    ax.add_collection(made, autolim=False)
    return made


class Scale(Artist):
    """What stands along an axis: labels, strokes, and what is counted; one artist of the axes."""

    zorder = 1.5

    def __init__(self, parts: Sequence[Artist]) -> None:
        super().__init__()
        self._parts = list(parts)

    def get_children(self) -> list[Artist]:
        """Return the labels, and the strokes and the name if there are any."""
        return self._parts

    def set_figure(self, fig: Any) -> None:
        """Take the parts along."""
        super().set_figure(fig)
        for part in self._parts:
            part.set_figure(fig)

    def set_clip_path(self, path: Any, transform: Any = None) -> None:
        """Do nothing: a scale stands beside its axes."""

    def get_window_extent(self, renderer: RendererBase | None = None) -> Bbox:
        """Return what the labels take, so that a layout finds room for them."""
        return Bbox.union([part.get_window_extent(renderer) for part in self._parts])

    def draw(self, renderer: RendererBase) -> None:
        """Draw the parts."""
        if not self.get_visible():
            return
        renderer.open_group("scale", self.get_gid())
        for part in self._parts:
            part.draw(renderer)
        renderer.close_group("scale")
        self.stale = False


def scale(
    ax: Axes,
    side: Literal["left", "bottom", "top"],
    places: Sequence[float],
    words: Sequence[str],
    *,
    size: float = 9,
    pad: float = PAD,
    align: Across | Sequence[Across] | None = None,
    weights: Sequence[str] = (),
    marks: float = 0.0,
    name: str = "",
    middle: float = 0.5,
) -> Scale:
    """Print labels along a side of axes, in place of matplotlib's ticks.

    The axis knows its places and their labels, but draws nothing.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to.
    side : {"left", "bottom", "top"}
        On which side.
    places : sequence of float
        Where, on the axis.
    words : sequence of str
        What is printed there.
    size : float
        Of the type, in points.
    pad : float
        Between the axes, or the strokes, and the labels, in points.
    align : str or sequence of str, optional
        ``left``, ``center`` or ``right``, of all or of each; else as matplotlib has it.
    weights : sequence of str, optional
        ``normal`` or ``bold``, of each.
    marks : float, default 0
        How long the stroke at each place is, in points.
    name : str, default ""
        What is counted along the bottom.
    middle : float, default 0.5
        Where the middle of the name is, as a part of the axes.
    """
    axis = ax.yaxis if side == "left" else ax.xaxis
    axis.set_major_locator(FixedLocator(list(places)))
    axis.set_major_formatter(FixedFormatter(list(words)))
    axis.set_visible(False)
    where, va, ha = {
        "left": ax.get_yaxis_text1_transform,
        "bottom": ax.get_xaxis_text1_transform,
        "top": ax.get_xaxis_text2_transform,
    }[side](pad + marks)
    one = ha if align is None else align
    aligned: Sequence[Any] = [one] * len(words) if isinstance(one, str) else one
    edge = [1.0 if side == "top" else 0.0] * len(words)
    spots = zip(edge, places, strict=True) if side == "left" else zip(places, edge, strict=True)
    named: dict[str, Any] = {"size": size, "va": va, "transform": where}
    parts: list[Artist] = [
        Label(*spot, word, ha=each, weight=weight, **named)
        for spot, word, each, weight in zip(
            spots, words, aligned, weights or ["normal"] * len(words), strict=True
        )
    ]
    if marks and places:
        look: dict[str, Any] = {
            "linestyle": "none",
            "marker": TICKDOWN,
            "markersize": marks,
            "markeredgewidth": 0.8,
            "color": INK,
            "clip_on": False,
        }
        on = ax.get_xaxis_transform()
        parts.append(Line2D(list(places), [0.0] * len(places), transform=on, **look))
    if name:
        # the axes know it, too
        ax.set_xlabel(name)
        axis.label.set_visible(False)
        down = LABEL_PAD + (marks + pad + size if places else 0)
        under = offset_copy(ax.transAxes, ax.get_figure(root=True), y=-down, units="points")
        parts.append(Label(middle, 0, name, ha="center", va="top", transform=under))
    made = Scale(parts)
    ax.add_artist(made)
    return made
