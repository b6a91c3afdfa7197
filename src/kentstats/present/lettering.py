"""Lettering: how wide text is, where it breaks, how labels keep apart.

Charts are laid out in inches of the page before anything is drawn, from the
widths that the font itself gives.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Sequence

from kentstats.present.theme import RC, SIZE

MARGIN = 0.35
"""What ``headed`` leaves to the right of the axes, in inches; labels may go into it."""

EDGE = 0.03
"""What stays white at the left and the right of the page, in inches."""

LEADING = 1.2 / 72
"""Height of a line in inches for each point of its type."""


@functools.cache
def _advance(letter: str, *, bold: bool) -> float:
    from matplotlib.font_manager import FontProperties, findfont, get_font
    from matplotlib.ft2font import LoadFlags

    weight = "bold" if bold else "normal"
    font = get_font(findfont(FontProperties(family=RC["font.family"], weight=weight)))
    font.set_size(100, 72)
    return font.load_char(ord(letter), flags=LoadFlags.NO_HINTING).linearHoriAdvance / 65536 / 7200


def width(text: str, *, size: float = SIZE, bold: bool = False) -> float:
    """Measure text as it is set, its longest line, in inches.

    Examples
    --------
    >>> round(width("Kent"), 2), round(width("Kent and Medway"), 2)
    (0.26, 0.99)
    """
    lines = text.split("\n")
    return max(sum(_advance(letter, bold=bold) for letter in line) for line in lines) * size


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
