"""The look of the charts, as data."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

# The government's palette, in its order; at most four categories.
OURS, TEAL, PLUM, ORANGE = "#12436D", "#28A197", "#801650", "#F46A25"
OTHERS = "#BFBFBF"
INK, FAINT = "#1A1A1A", "#555555"
# good is dark, adequate white, inadequate orange: they differ in a grey print too
GRADE_FILL = {1: PLUM, 2: OURS, 3: "#FFFFFF", 4: ORANGE}
GRADE_INK = {1: "#FFFFFF", 2: "#FFFFFF", 3: INK, 4: INK}

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
    """Draw in the house style, and leave no trace of it."""
    import matplotlib as mpl

    with mpl.rc_context(cast("Any", RC)):
        yield
