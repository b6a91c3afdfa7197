"""From figures to a frame: the columns that every reader of statistics ends in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kentstats.indicators import load_indicators
from kentstats.ingest.cells import Figures
from kentstats.ingest.datasets import LICENCE
from kentstats.schemas import FIGURES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kentstats.areas import Area
    from kentstats.periods import Period

DAYS = ("period_start", "period_end")
"""Days of the period: kept in a table of their own, since they are few."""


@dataclass(frozen=True)
class Part:
    """Figures of one indicator.

    Attributes
    ----------
    indicator : str
        Key of the catalogue.
    columns : set of str
        Columns of the source that went into them.
    figures : Figures
        The figures, row by row.
    groups, areas, periods, locators : sequences
        Subgroup, area, period and place in the source of each.
    """

    indicator: str
    columns: set[str]
    figures: Figures
    groups: Sequence[str]
    areas: Sequence[Area]
    periods: Sequence[Period]
    locators: Sequence[str]


def frame_of(parts: Sequence[Part], source_id: str) -> pd.DataFrame:
    """Make the frame of several parts.

    Parameters
    ----------
    parts : sequence of Part
        What a reader found.
    source_id : str
        Key of the data set.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`kentstats.schemas.FIGURES` and :data:`DAYS`;
        rows that were refused are left out.
    """
    import pandas as pd

    if not parts:
        return pd.DataFrame(columns=[*FIGURES, *DAYS])

    def joined(name: str) -> Any:
        return np.concatenate([getattr(part.figures, name) for part in parts])

    def texts(of: Any) -> list[str]:
        return [text for part in parts for text in of(part)]

    columns: dict[str, Any] = {
        "indicator": texts(lambda part: [part.indicator] * len(part.locators)),
        "area_code": texts(lambda part: [area.code for area in part.areas]),
        "period": texts(lambda part: [period.label for period in part.periods]),
        "group": texts(lambda part: part.groups),
        "value": joined("value"),
        "numerator": joined("numerator"),
        "denominator": joined("denominator"),
        "rounding": joined("rounding"),
        "count_rounding": joined("count_rounding"),
        "status": list(joined("status")),
        "source_id": source_id,
        "licence": LICENCE,
        "locator": texts(lambda part: part.locators),
        "period_start": texts(lambda part: [period.start for period in part.periods]),
        "period_end": texts(lambda part: [period.end for period in part.periods]),
    }
    frame = pd.DataFrame(columns)
    for name, column in FIGURES.items():
        frame[name] = frame[name].astype(cast("Any", column.dtype))
    kept: pd.DataFrame = frame[joined("keep")].reset_index(drop=True)
    return kept


def slug(text: str) -> str:
    """Make a key of a name: lower case, hyphens for everything else.

    Examples
    --------
    >>> slug("CPP_At31 (number)")
    'cpp-at31-number'
    """
    named = text.casefold().replace("%", " percent ").replace("£", " gbp ").replace("+", " plus ")
    return re.sub(r"[^a-z0-9]+", "-", named).strip("-")


def keys_of(names: Sequence[str], source_id: str) -> dict[str, str]:
    """Make keys of the names of measures: all different, and none of the catalogue.

    Examples
    --------
    >>> keys_of(["Total (number)", "total-number", "convictions"], "file-a")
    {'Total (number)': 'total-number', 'total-number': 'total-number-2', \
'convictions': 'convictions-of-file-a'}
    """
    catalogue = load_indicators()
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        key = slug(name) or "measure"
        if key in catalogue:
            key = f"{key}-of-{source_id}"
        free, number = key, 1
        while free in taken:
            number += 1
            free = f"{key}-{number}"
        taken.add(free)
        keys[name] = free
    return keys


def ids_of(words: Sequence[str]) -> NDArray[np.intp]:
    """Give the same number to the same word: the place where it first occurs.

    Examples
    --------
    >>> ids_of(["a", "b", "a"]).tolist()
    [0, 1, 0]
    """
    first: dict[str, int] = {}
    ids = [first.setdefault(word, place) for place, word in enumerate(words)]
    return np.array(ids or [0], dtype=np.intp)
