"""The indicator catalogue: data, not code.

``indicators.yml`` beside this module has one entry an indicator. A new one
needs an entry there and nothing here.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kentstats.errors import DataError, Problem, nearest
from kentstats.project import read_yaml
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
CLOSED_SETS = {"unit": UNITS, "polarity": POLARITIES, "theme": THEMES, "model": MODELS}
"""Keys of an entry that hold one of a set of words."""
REQUIRED_KEYS = ("short", "name", "unit", "polarity", "theme")
CATALOGUE = Path(__file__).with_name("indicators.yml")


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
    unit: str
    polarity: str
    theme: str
    numerator: str = ""
    denominator: str = ""
    meaning: str = ""
    why: str = ""
    caveats: str = ""
    question: str = ""
    model: str = "none"
    sources: tuple[Mapping, ...] = ()


@cache
def load_indicators(path: Path = CATALOGUE) -> collections.abc.Mapping[str, Indicator]:
    """Read the catalogue.

    Parameters
    ----------
    path : pathlib.Path
        The catalogue; the package's own by default.

    Returns
    -------
    mapping of str to Indicator
        Read-only, in the order of the file.

    Raises
    ------
    DataError
        An entry lacks a key, has one that is not known, or a word outside
        its closed set.

    Examples
    --------
    >>> load_indicators()["health-assessments"].polarity
    'high'
    """
    entries = read_yaml(path)
    if not isinstance(entries, dict) or not all(isinstance(e, dict) for e in entries.values()):
        what = "The file holds no entries with keys."
        raise DataError([Problem(str(path), 0, "", what, "Mend or restore it.")])
    problems = [
        Problem(str(path), 0, key, f"The entry {name} is faulty.", remedy)
        for name, entry in entries.items()
        for key, remedy in _faults(entry)
    ]
    if problems:
        raise DataError(problems)
    return MappingProxyType(
        {
            name: Indicator(
                id=name, **{**entry, "sources": tuple(map(_mapping, entry.get("sources", ())))}
            )
            for name, entry in entries.items()
        }
    )


def _faults(entry: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each faulty key of an entry with its remedy."""
    keys = {field.name for field in fields(Indicator)} - {"id"}
    yield from ((key, nearest(key, keys)) for key in entry if key not in keys)
    yield from ((key, "It is missing.") for key in REQUIRED_KEYS if key not in entry)
    for key, text in entry.items():
        if key in keys - {"sources"} and not isinstance(text, str):
            yield key, "Give it text."
        elif key in CLOSED_SETS and text not in CLOSED_SETS[key]:
            yield key, nearest(text, CLOSED_SETS[key])
    yield from (("sources", remedy) for remedy in _faults_of_sources(entry.get("sources", [])))


def _faults_of_sources(listed: Any) -> list[str]:
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        return ["Give a list of data sets with their columns."]
    known = {field.name for field in fields(Mapping)}
    remedies = [nearest(key, known) for each in listed for key in each if key not in known]
    remedies += ["A source needs the key data." for each in listed if "data" not in each]
    return remedies


def _mapping(entry: dict[str, Any]) -> Mapping:
    def listed(value: Any) -> tuple[str, ...]:
        return (value,) if isinstance(value, str) else tuple(value)

    plural = {"numerator", "denominator", "within"}
    filters = {"where", "denominator_where"}
    cells: dict[str, Any] = {
        key: listed(value) if key in plural else tuple(value.items()) if key in filters else value
        for key, value in entry.items()
    }
    return Mapping(**cells)
