"""Lettering: how wide text is, where it breaks, how labels keep apart.

Charts are laid out in inches of the page before anything is drawn, from the
widths that the font itself gives.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kentstats.charts.style import RC, SIZE

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

MARGIN = 0.35
"""What ``headed`` leaves to the right of the axes, in inches; labels may go into it."""

EDGE = 0.03
"""What stays white at the left and the right of the page, in inches."""

LEADING = 1.2 / 72
"""Height of a line in inches for each point of its type."""

KEPT = 16_384
"""How many texts are kept with their measures: those of all authorities, and some more."""


def _font(*, bold: bool) -> FT2Font:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    # asked for each time: matplotlib keeps fonts and drops them in a forked process, where
    # reading the file, whose position all processes share, would give other letters' shapes
    weight = "bold" if bold else "normal"
    font = get_font(findfont(FontProperties(family=RC["font.family"], weight=weight)))
    font.set_size(100, 72)
    return font


@functools.cache
def _glyph(letter: str, *, bold: bool) -> tuple[float, float, float]:
    """Measure a letter: how far it goes on, rises and falls, in points for a point of type."""
    from matplotlib.ft2font import LoadFlags

    font = _font(bold=bold)
    # the font is matplotlib's own, which may have set another size in between
    font.set_size(100, 72)
    glyph = font.load_char(ord(letter), flags=LoadFlags.NO_HINTING)
    _, low, _, high = glyph.bbox
    return glyph.linearHoriAdvance / 6_553_600, high / 6400, -low / 6400


@functools.cache
def _line(*, bold: bool) -> tuple[float, float, float]:
    """Return what the font wants above and below the base of a line, and between two lines."""
    font = _font(bold=bold)
    table: Any = font.get_sfnt_table("OS/2")
    ascent, descent, gap = (
        table[f"sTypo{name}"] / font.units_per_EM for name in ("Ascender", "Descender", "LineGap")
    )
    return ascent, -descent, gap


def _long(line: str, size: float, *, bold: bool) -> float:
    return sum(_glyph(letter, bold=bold)[0] for letter in line) * size


@functools.lru_cache(KEPT)
def width(text: str, *, size: float = SIZE, bold: bool = False) -> float:
    """Measure text as it is set, its longest line, in inches.

    Examples
    --------
    >>> round(width("Kent"), 2), round(width("Kent and Medway"), 2)
    (0.26, 0.99)
    """
    return max(_long(line, size, bold=bold) for line in text.split("\n")) / 72


@functools.lru_cache(KEPT)
def lines(
    text: str, size: float, ha: str, va: str, *, bold: bool = False, upright: bool = False
) -> tuple[tuple[str, float, float], ...]:
    """Set text around its anchor, as matplotlib does.

    Parameters
    ----------
    text : str
        Its lines.
    size : float
        In points.
    ha, va : str
        Which part of it is at the anchor, in matplotlib's words; its lines
        are set to the same side.
    bold : bool
        Whether it is bold.
    upright : bool
        Whether it reads from bottom to top.

    Returns
    -------
    tuple of (str, float, float)
        Each line, and where its base begins: right of the anchor, and above
        it, in points.
    """
    parts = text.split("\n")
    above, below, gap = (measure * size for measure in _line(bold=bold))
    gap = gap / 2 if len(parts) > 1 else 0.0
    bases, down, base = list[float](), 0.0, 0.0
    for part in parts:
        glyphs = [_glyph(letter, bold=bold) for letter in part]
        base = down + max(above, *(size * high for _, high, _ in glyphs), 0.0) + gap
        down = base + max(below, *(size * low for _, _, low in glyphs), 0.0) + gap
        bases.append(base)
    longs = [_long(part, size, bold=bold) for part in parts]
    side = {"left": 0.0, "center": 0.5, "right": 1.0}
    room = max(longs)
    starts = [(room - long) * side[ha] for long in longs]
    # the box around the lines, as it is turned, from the left and from the top
    across, high = (down, room) if upright else (room, down)
    left = across * side[ha]
    rise = {"bottom": high, "top": 0.0, "center": high / 2}
    if not upright:
        rise |= {"baseline": base, "center_baseline": base / 2}
    top = rise[va]
    if upright:
        return tuple(
            (part, base - left, start - (high - top))
            for part, start, base in zip(parts, starts, bases, strict=True)
        )
    return tuple(
        (part, start - left, top - base)
        for part, start, base in zip(parts, starts, bases, strict=True)
    )


@functools.lru_cache(KEPT)
def wrapped(text: str, room: float, *, size: float = SIZE, bold: bool = False) -> str:
    r"""Break text into lines no wider than the room, in inches.

    A word is broken only where it alone is wider than the room.

    Examples
    --------
    >>> wrapped("Bournemouth, Christchurch and Poole", 1.2).split("\n")
    ['Bournemouth,', 'Christchurch and', 'Poole']
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if width(longer, size=size, bold=bold) <= room:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if lines[-1] and width(lines[-1] + letter, size=size, bold=bold) > room:
                lines.append("")
            lines[-1] += letter
    return "\n".join(lines)


def tall(texts: Iterable[str], *, size: float = SIZE) -> float:
    """Measure the tallest of some texts as they are set, in inches."""
    return max(1 + text.count("\n") for text in texts) * size * LEADING


def spread(
    wanted: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Move labels apart, and into their range, as little as need be; keep their order.

    Parameters
    ----------
    wanted, heights : sequence of float
        Where the middle of each label should be, and how high it is.
    low, high : float
        The range. Where the labels do not fit it, they begin at ``low``.

    Returns
    -------
    list of float
        Where the middle of each label is, in the order given.

    Examples
    --------
    >>> spread([5, 5, 1], [2, 2, 1], 0, 10)
    [4.0, 6.0, 1.0]
    """
    blocks: list[tuple[float, float, list[int]]] = []
    for label in sorted(range(len(wanted)), key=wanted.__getitem__):
        members = [label]
        while True:
            ends = list(itertools.accumulate(heights[member] for member in members))
            starts = [
                wanted[member] + heights[member] / 2 - end
                for member, end in zip(members, ends, strict=True)
            ]
            start = max(min(sum(starts) / len(starts), high - ends[-1]), low)
            if not blocks or blocks[-1][1] <= start:
                break
            members = blocks.pop()[2] + members
        blocks.append((start, start + ends[-1], members))
    placed = [0.0] * len(wanted)
    for start, _, members in blocks:
        edge = start
        for member in members:
            placed[member] = edge + heights[member] / 2
            edge += heights[member]
    return placed
