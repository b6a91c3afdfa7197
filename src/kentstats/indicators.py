"""The indicator catalogue: data, not code.

``indicators.yml`` beside this module has one entry an indicator. A new one
needs an entry there and nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kentstats.errors import DataError, Problem, nearest
from kentstats.facts import UNITS

if TYPE_CHECKING:
    from collections.abc import Mapping

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
CATALOGUE = Path(__file__).with_name("indicators.yml")


@dataclass(frozen=True)
class Indicator:
    """What one measure is, and what may be said of it.

    Attributes
    ----------
    id, short, name : str
        Key, label for charts and tables, name in full.
    unit, polarity, theme : str
        One of :data:`~kentstats.facts.UNITS`, :data:`POLARITIES` and
        :data:`THEMES`.
    numerator, denominator : str
        What is counted, and of what, in words.
    meaning, why, caveats, question : str
        Plain meaning, why it matters, what to beware of, what to ask.
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


@cache
def load_indicators(path: Path = CATALOGUE) -> Mapping[str, Indicator]:
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
    import yaml

    # the C loader reads the same YAML many times faster, where it is built
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise DataError(
            [Problem(str(path), line, "", "The file is no YAML.", "Mend or restore it.")]
        ) from None
    if not isinstance(entries, dict) or not all(isinstance(e, dict) for e in entries.values()):
        raise DataError(
            [
                Problem(
                    str(path), 0, "", "The file holds no entries with keys.", "Mend or restore it."
                )
            ]
        )
    keys = {field.name for field in fields(Indicator)} - {"id"}
    needed = ("short", "name", "unit", "polarity", "theme")
    closed = {"unit": UNITS, "polarity": POLARITIES, "theme": THEMES}
    problems = []
    for name, entry in entries.items():
        wrong = [(key, nearest(key, keys)) for key in entry if key not in keys]
        wrong += [(key, "It is missing.") for key in needed if key not in entry]
        wrong += [
            (key, "Give it text.")
            for key, text in entry.items()
            if key in keys and not isinstance(text, str)
        ]
        wrong += [
            (key, nearest(entry[key], known))
            for key, known in closed.items()
            if isinstance(entry.get(key), str) and entry[key] not in known
        ]
        problems += [
            Problem(str(path), 0, key, f"The entry {name} is faulty.", remedy)
            for key, remedy in wrong
        ]
    if problems:
        raise DataError(problems)
    return MappingProxyType({name: Indicator(id=name, **entry) for name, entry in entries.items()})
