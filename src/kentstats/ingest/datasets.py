"""The data sets that are known by their columns; ``datasets.yml`` lists them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType

from kentstats.project import YamlFile

LICENCE = "OGL-UK-3.0"
ATTRIBUTION = "Contains public sector information licensed under the Open Government Licence v3.0."


@dataclass(frozen=True)
class Dataset:
    """What is known of a data set before a file of it is opened.

    Attributes
    ----------
    columns : tuple of str
        A file with all of these is this data set.
    aliases : dict of str to str
        Names of columns in older layouts, and what they are called now.
    period, ends : str
        The one period of a file that names none; month and day on which a
        year ends.
    areas_on : datetime.date or None
        The day whose authorities the file lists by three-digit codes.
    counts, rounded : dict of str to float
        Half-width of the rounding of counts, by type of area; of other
        columns, by their names.
    correction, note : str
        Name of the correction that the reader makes, and what to say of it.
    """

    id: str
    kind: str
    publisher: str
    title: str
    url: str
    columns: tuple[str, ...]
    aliases: dict[str, str] = field(default_factory=dict)
    period: str = ""
    ends: str = ""
    areas_on: dt.date | None = None
    counts: dict[str, float] = field(default_factory=dict)
    rounded: dict[str, float] = field(default_factory=dict)
    published: dt.date | None = None
    correction: str = ""
    note: str = ""


@cache
def load_datasets() -> Mapping[str, Dataset]:
    """Read ``datasets.yml``: the data sets by their keys.

    Examples
    --------
    >>> load_datasets()["workforce"].kind
    'ees'
    """
    file = YamlFile(Path(__file__).with_name("datasets.yml"), {})
    return MappingProxyType(file.read(dict[str, Dataset]))


def recognise(header: Iterable[str], kinds: Iterable[str]) -> Dataset | None:
    """Return the data set of some `kinds` whose columns a header has, under new or old names.

    Spaces and case do not matter. Of several data sets, that with the most columns is returned.
    """
    names = {plain(name) for name in header}
    wanted = set(kinds)
    found = []
    for dataset in load_datasets().values():
        older = {plain(new): plain(old) for old, new in dataset.aliases.items()}
        if dataset.kind in wanted and all(
            plain(name) in names or older.get(plain(name)) in names for name in dataset.columns
        ):
            found.append(dataset)
    return max(found, key=lambda dataset: len(dataset.columns), default=None)


def canonical(header: Iterable[str], wanted: Iterable[str]) -> tuple[str, ...]:
    """Write the names of columns as they are wanted, where only case and spaces differ.

    Examples
    --------
    >>> canonical(["TIME_PERIOD", "years ", "Other"], ["time_period", "Years"])
    ('time_period', 'Years', 'Other')
    """
    names = {plain(name): name for name in wanted}
    return tuple(names.get(plain(name), name) for name in header)


@cache
def plain(name: str) -> str:
    """Fold the name of a column: case, spaces and marks do not matter."""
    return " ".join(re.sub(r"[^a-z0-9+%-]+", " ", name.casefold()).split()) or name.strip()
