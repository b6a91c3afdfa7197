"""The indicator catalogue: data, not code.

``indicators.yml`` beside this module has one entry an indicator. A new one
needs an entry there and nothing here.
"""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from kentstats.project import YamlFile, one_of
from kentstats.schemas import UNITS

POLARITIES = {
    "high": "a high figure is good",
    "low": "a low figure is good",
    "none": "neither a high nor a low figure is good",
}
THEMES = (
    "context",
    "safeguarding",
    "commissioning",
    "education",
    "health",
    "stability",
    "adoption",
    "fostering",
    "residential",
    "leaving care",
    "workforce",
    "corporate parent",
)
MODELS = {
    "proportion": "cases out of a base: an interval by Wilson’s score",
    "rate": "events in a population: an interval by Byar’s approximation, or exact",
    "none": "no interval can be drawn",
}
"""How chance moves a measure."""
CATALOGUE = Path(__file__).with_name("indicators.yml")

Unit = Annotated[str, "unit"]
Polarity = Annotated[str, "polarity"]
Theme = Annotated[str, "theme"]
Model = Annotated[str, "model"]


@dataclass(frozen=True)
class Mapping:
    """Where one source has an indicator.

    Attributes
    ----------
    data : str
        Key of the data set.
    group : str
        Subgroup that the figure is of, empty for all.
    value : str
        Column of the published figure; worked out from the two numbers
        where there is none.
    numerator, denominator : tuple of str
        Columns of the numbers, added up where there are several.
    where, denominator_where : tuple of (str, str)
        What the row of the figure says in its filters, and that of its base.
    within : tuple of str
        Filters that figure and base must share besides place and period.
    measure : str
        Code of the measure, in a source that has one column for all.
    ends : str
        Month and day on which a year ends, where it is not the data set's.
    year : str
        ``academic`` where a year is named by the one in which it ends.
    """

    data: str
    group: str = ""
    value: str = ""
    numerator: tuple[str, ...] = ()
    denominator: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    denominator_where: tuple[tuple[str, str], ...] = ()
    within: tuple[str, ...] = ()
    measure: str = ""
    ends: str = ""
    year: str = ""


@dataclass(frozen=True)
class Indicator:
    """What one measure is, and what may be said of it.

    Attributes
    ----------
    id, short, name : str
        Key, label for charts and tables, name in full.
    unit, polarity, theme : str
        One of :data:`~kentstats.schemas.UNITS`, :data:`POLARITIES` and
        :data:`THEMES`.
    numerator, denominator : str
        What is counted, and of what, in words.
    meaning, why, caveats, question : str
        Plain meaning, why it matters, what to beware of, what to ask.
    model : str
        One of :data:`MODELS`.
    sources : tuple of Mapping
        Where official statistics have it, the source preferred first.
    """

    id: str
    short: str
    name: str
    unit: Unit
    polarity: Polarity
    theme: Theme
    numerator: str = ""
    denominator: str = ""
    meaning: str = ""
    why: str = ""
    caveats: str = ""
    question: str = ""
    model: Model = "none"
    sources: tuple[Mapping, ...] = ()


@cache
def load_indicators(path: Path = CATALOGUE) -> collections.abc.Mapping[str, Indicator]:
    """Read the catalogue: the indicators by id, read-only, in the order of the file.

    A key that is missing or not known, and a word outside its closed set, raise a DataError.

    Examples
    --------
    >>> load_indicators()["health-assessments"].polarity
    'high'
    """
    words = {Unit: UNITS, Polarity: POLARITIES, Theme: THEMES, Model: MODELS}
    file = YamlFile(path, {kind: one_of(known) for kind, known in words.items()})
    return MappingProxyType(file.read(dict[str, Indicator]))
