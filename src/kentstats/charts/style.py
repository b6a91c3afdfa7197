"""The look of the charts, as data."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any, cast

# The government's palette, in its order; at most four categories.
OURS, TEAL, PLUM, ORANGE = "#12436D", "#28A197", "#801650", "#F46A25"
OTHERS = "#BFBFBF"
INK, FAINT = "#1A1A1A", "#555555"
# good is dark, adequate white, inadequate orange: they differ in a grey print too
GRADE_FILL = {1: PLUM, 2: OURS, 3: "#FFFFFF", 4: ORANGE}
GRADE_INK = {1: "#FFFFFF", 2: "#FFFFFF", 3: INK, 4: INK}
# a range behind a mark, and the quarter to three quarters of it
RANGE, INNER = "#E6E6E6", OTHERS
# a dot on a line in the grey of the others
DOT = "#8C8C8C"

# Every verdict differs from the rest by its word and by its mark; its fill comes third.
VERDICT_MARK = {
    "better": ("o", OURS),
    "similar": ("o", "#FFFFFF"),
    "worse": ("D", ORANGE),
    "higher": ("^", INK),
    "lower": ("v", INK),
    "not compared": ("X", OTHERS),
}
"""matplotlib's marker of a verdict, and its fill; the outline is always dark."""

VERDICT_SIGN = {
    "better": "●",
    "similar": "○",
    "worse": "◆",
    "higher": "▲",
    "lower": "▼",
    "not compared": "×",
}
"""What stands for the word of a verdict where there is no room for it."""

VERDICT_FILL = {
    "better": OURS,
    "similar": "#FFFFFF",
    "worse": ORANGE,
    "higher": RANGE,
    "lower": RANGE,
    "not compared": "#FFFFFF",
}
VERDICT_INK = {
    "better": "#FFFFFF",
    "similar": INK,
    "worse": INK,
    "higher": INK,
    "lower": INK,
    "not compared": FAINT,
}

# lines of comparators: each with its own dashes, so that they differ in a grey print too
LINES: tuple[tuple[str, tuple[float, tuple[float, ...]]], ...] = (
    (FAINT, (0, (5, 2))),
    (PLUM, (0, (1.2, 1.4))),
    (TEAL, (0, (7, 1.8, 1.4, 1.8))),
)

SIZE, SMALL = 8.0, 7.5
"""Points of the type in charts full of labels; nothing is set smaller."""

WIDTH = 6.3
"""Width of every chart in inches: the text of an A4 page."""

RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "xtick.color": INK,
    "ytick.color": INK,
    "ytick.major.size": 0,
    "figure.facecolor": "white",
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",
    "svg.hashsalt": "kentstats",
}
"""matplotlib's settings. Text stays text, and the same data give the same bytes."""


@contextlib.contextmanager
def theme() -> Iterator[None]:
    """Draw in the house style, and leave no trace of it.

    Only the settings of :data:`RC` are set and put back: a context of
    matplotlib copies all three hundred, every time.
    """
    import matplotlib as mpl

    settings = cast("dict[str, Any]", mpl.rcParams)
    before = {name: settings[name] for name in RC}
    settings.update(_checked())
    try:
        yield
    finally:
        settings.update(before)


@functools.cache
def _checked() -> dict[str, Any]:
    """Return the settings as matplotlib reads them."""
    import matplotlib as mpl

    checked: Any = mpl.RcParams(RC)
    return dict(checked)
