"""The look of the charts: colours, matplotlib's settings, and how wide text is."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

# The palette of government statistics, in its order; at most four categories.
BLUE, TEAL, PLUM, ORANGE = "#12436D", "#28A197", "#801650", "#F46A25"
OURS = BLUE
"""The colour of the authority that a chart is about."""
OTHERS, DOT = "#BFBFBF", "#8C8C8C"
"""The colour of all other areas, and of a dot on a line of that colour."""
INK, FAINT, WHITE = "#1A1A1A", "#555555", "#FFFFFF"
RANGE, QUARTERS = "#E6E6E6", OTHERS
"""The bars of a range, and of its middle half."""

# Good is dark, adequate white, inadequate orange: they differ in greyscale too.
GRADE_FILL = {1: PLUM, 2: BLUE, 3: WHITE, 4: ORANGE}
GRADE_INK = {1: WHITE, 2: WHITE, 3: INK, 4: INK}


@dataclass(frozen=True)
class VerdictStyle:
    """How a verdict is drawn: a marker and a sign tell it apart without its colour."""

    marker: str
    marker_fill: str
    sign: str
    cell_fill: str
    ink: str


VERDICTS = {
    "better": VerdictStyle("o", BLUE, "●", BLUE, WHITE),
    "similar": VerdictStyle("o", WHITE, "○", WHITE, INK),
    "worse": VerdictStyle("D", ORANGE, "◆", ORANGE, INK),
    "higher": VerdictStyle("^", INK, "▲", RANGE, INK),
    "lower": VerdictStyle("v", INK, "▼", RANGE, INK),
    "not compared": VerdictStyle("X", OTHERS, "×", WHITE, FAINT),
}

# Each comparator has its own dashes, so that lines differ in greyscale too.
COMPARATOR_LINES: tuple[tuple[str, tuple[float, tuple[float, ...]]], ...] = (
    (FAINT, (0, (5, 2))),
    (PLUM, (0, (1.2, 1.4))),
    (TEAL, (0, (7, 1.8, 1.4, 1.8))),
)

LARGE, SIZE, SMALL = 9.0, 8.0, 7.5
"""Font sizes in points: charts with few labels, with many, and cells. Nothing is smaller."""

WIDTH, EDGE, MARGIN = 6.3, 0.03, 0.35
"""Width of a chart, white space at its edges, and space right of the axes, in inches."""

LINE_HEIGHT = 1.2 / 72
"""Height of a line of text in inches for each point of its font size."""

RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "kentstats",
}
"""matplotlib's settings. Text stays text, and the same data give the same bytes."""


@contextlib.contextmanager
def theme() -> Iterator[None]:
    """Apply the settings in :data:`RC`, and restore them afterwards.

    ``matplotlib.rc_context`` would restore all settings, also those that pyplot
    changes when it loads its backend: plots would no longer show in Jupyter.
    """
    import matplotlib as mpl

    settings = cast("dict[str, Any]", mpl.rcParams)
    before = {name: settings[name] for name in RC}
    settings.update(RC)
    try:
        yield
    finally:
        settings.update(before)


def _font(*, bold: bool) -> FT2Font:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    # Not cached here: matplotlib drops its fonts in a forked process, because
    # parent and child would share the position in the font's file.
    weight = "bold" if bold else "normal"
    font = get_font(findfont(FontProperties(family=RC["font.family"], weight=weight)))
    font.set_size(100, 72)
    return font


@functools.cache
def _letter_metrics(letter: str, *, bold: bool) -> tuple[float, float, float]:
    """Return advance, height and depth of a letter, for each point of the font size."""
    from matplotlib.ft2font import LoadFlags

    glyph = _font(bold=bold).load_char(ord(letter), flags=LoadFlags.NO_HINTING)
    _, low, _, high = glyph.bbox
    return glyph.linearHoriAdvance / 6_553_600, high / 6400, -low / 6400


@functools.cache
def _line_metrics(*, bold: bool) -> tuple[float, float, float]:
    """Return ascent, descent and gap of a line, for each point of the font size."""
    font = _font(bold=bold)
    table: Any = font.get_sfnt_table("OS/2")
    ascent, descent, gap = (
        table[f"sTypo{name}"] / font.units_per_EM for name in ("Ascender", "Descender", "LineGap")
    )
    return ascent, -descent, gap


def _line_width(line: str, size: float, *, bold: bool) -> float:
    return sum(_letter_metrics(letter, bold=bold)[0] for letter in line) * size


@functools.lru_cache(16_384)
def text_width(text: str, *, size: float = SIZE, bold: bool = False) -> float:
    """Return the width of the longest line of a text, in inches."""
    return max(_line_width(line, size, bold=bold) for line in text.split("\n")) / 72


def text_height(texts: Iterable[str], *, size: float = SIZE) -> float:
    """Return the height of the text with the most lines, in inches."""
    return max(1 + text.count("\n") for text in texts) * size * LINE_HEIGHT


@functools.lru_cache(16_384)
def wrap_text(text: str, room: float, *, size: float = SIZE, bold: bool = False) -> str:
    """Break a text into lines of at most a width in inches, and a word only if it must be."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if text_width(longer, size=size, bold=bold) <= room:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and text_width(lines[-1] + letter, size=size, bold=bold) > room:
                lines.append("")
            lines[-1] += letter
    return "\n".join(lines)


@functools.lru_cache(16_384)
def line_offsets(
    text: str, size: float, ha: str, va: str, *, bold: bool = False, upright: bool = False
) -> tuple[tuple[str, float, float], ...]:
    """Return the lines of a text and where each begins, in points right of and above its anchor.

    Lines are aligned to the side of the anchor. An upright text reads from bottom to top.
    """
    lines = text.split("\n")
    above, below, gap = (measure * size for measure in _line_metrics(bold=bold))
    gap = gap / 2 if len(lines) > 1 else 0.0
    bases, bottom, base = list[float](), 0.0, 0.0
    for line in lines:
        letters = [_letter_metrics(letter, bold=bold) for letter in line]
        base = bottom + max(above, *(size * high for _, high, _ in letters), 0.0) + gap
        bottom = base + max(below, *(size * low for _, _, low in letters), 0.0) + gap
        bases.append(base)
    widths = [_line_width(line, size, bold=bold) for line in lines]
    widest, aligned = max(widths), {"left": 0.0, "center": 0.5, "right": 1.0}[ha]
    starts = [(widest - width) * aligned for width in widths]
    across, high = (bottom, widest) if upright else (widest, bottom)
    left, middle = across * aligned, {"center": high / 2, "center_baseline": base / 2}
    top = {"bottom": high, "top": 0.0, "baseline": base, **middle}[va]
    rows = zip(lines, starts, bases, strict=True)
    if upright:
        return tuple((line, base - left, start - (high - top)) for line, start, base in rows)
    return tuple((line, start - left, top - base) for line, start, base in rows)


def spread_labels(
    wanted: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Move labels apart and into a range, as little as possible, and keep their order.

    Labels are given, and returned, by their middle. Those that do not fit begin at ``low``.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    below, total, bottoms = list[float](), 0.0, list[float]()
    for label in order:
        below.append(total)
        bottoms.append(wanted[label] - heights[label] / 2 - total)
        total += heights[label]
    # Less the labels below them, bottoms must not decrease: the least change is an isotonic
    # regression, whose closed form is the highest of the lowest means.
    middles, count = [0.0] * len(wanted), len(order)
    for place, label in enumerate(order):
        bottom = max(
            min(fmean(bottoms[first:end]) for end in range(place + 1, count + 1))
            for first in range(place + 1)
        )
        bottom = max(min(bottom, high - total), low)
        middles[label] = bottom + below[place] + heights[label] / 2
    return middles
