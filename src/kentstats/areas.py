"""The places the sources speak of, with their codes and the dates they hold.

The register, ``data/raw/areas/areas.csv``, is data: every authority, region
and country with the days its code came into and went out of operation, as
the Office for National Statistics and the Department for Education list them
(Open Government Licence v3.0). ``successions.csv`` beside it says what became
of an authority that ended. A group that a source names without listing its
members has no code; it gets a name of ours so that the key of a fact is
never empty.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from kentstats.errors import DataError, ParameterError, Problem, nearest
from kentstats.periods import show_date
from kentstats.project import ProjectLike, find_project

KINDS = {
    "county": "county councils",
    "london borough": "London boroughs",
    "metropolitan district": "metropolitan districts",
    "unitary authority": "unitary authorities",
}
"""Kinds of authority, each with its plural: the authorities of the same type."""

COLUMNS = ("code", "name", "type", "old_code", "region", "kind", "opened", "closed")
SUCCESSION_COLUMNS = ("code", "successor", "day")
AREAS_FILE, SUCCESSIONS_FILE = "areas.csv", "successions.csv"
CODED = dt.date(2009, 1, 1)
"""The day on which the codes came into use."""
OTHER_NAMES = {
    "bcp": "Bournemouth, Christchurch and Poole",
    "bath and ne somerset": "Bath and North East Somerset",
    "blackburn and darwin": "Blackburn with Darwen",
    "durham": "County Durham",
    "hull": "Kingston upon Hull",
    "southend": "Southend-on-Sea",
    "stoke": "Stoke-on-Trent",
    "yorks and the humber": "Yorkshire and The Humber",
}
"""Names that sources use and no rule would find, folded as by :func:`fold`."""


@dataclass(frozen=True)
class Area:
    """One place or group of places.

    Attributes
    ----------
    code, name : str
        GSS code, or a name of ours for a group; name as printed.
    type : str
        ``country``, ``region``, ``authority``, ``combined`` (authorities
        that a source counts together) or ``comparator_group``.
    old_code, region, kind : str
        The department's three-digit code, code of the region it lies in, and
        one of :data:`KINDS`, where there is one.
    opened, closed : datetime.date or None
        First and last day on which the code was in operation.
    """

    code: str
    name: str
    type: str
    old_code: str = ""
    region: str = ""
    kind: str = ""
    opened: dt.date | None = None
    closed: dt.date | None = None

    def operates(self, day: dt.date) -> bool:
        """Tell whether the code was in operation on a day."""
        # who had a code on the first day of the codes had been there before
        opened = self.opened if self.opened and self.opened > CODED else dt.date.min
        return opened <= day <= (self.closed or dt.date.max)


GROUPS = (Area("comparator-authorities", "Comparator authorities", "comparator_group"),)
"""Groups that sources name without listing."""


@dataclass(frozen=True, eq=False)
class Register:
    """Every area known, and the codes of those that took over, by the code that ended."""

    areas: tuple[Area, ...]
    successors: Mapping[str, tuple[str, ...]]

    @cached_property
    def _by_code(self) -> dict[str, Area]:
        return {area.code: area for area in self.areas}

    @cached_property
    def _by_key(self) -> dict[str, list[Area]]:
        """The areas by folded name, code and old code."""
        by_key: dict[str, list[Area]] = defaultdict(list)
        for area in self.areas:
            for key in {fold(area.name), area.code.casefold(), area.old_code} - {""}:
                by_key[key].append(area)
        for other, name in OTHER_NAMES.items():
            by_key[other] += by_key.get(fold(name), [])
        return dict(by_key)

    def by_code(self, code: str) -> Area | None:
        """Return the area with exactly this code."""
        return self._by_code.get(code)

    def answering(self, text: str) -> list[Area]:
        """Return every area that answers to a name, code or old code."""
        return self._by_key.get(fold(text)) or self._by_key.get(text.strip().casefold()) or []

    def find(self, text: str, on: dt.date | None = None) -> Area | None:
        """Return the area that answers to a name or code on a day; see :func:`find_area`."""
        found = [area for area in self.answering(text) if on is None or area.operates(on)]
        return max(found, key=lambda area: area.opened or dt.date.min) if found else None

    def on(self, code: str, day: dt.date) -> str:
        """Return the code that an area had on a day; its own where it had no other.

        A new code for the same authority keeps the old three digits, and
        these join its years.
        """
        area = self.by_code(code)
        if area is None or not area.old_code or area.operates(day):
            return code
        others = [other for other in self.answering(area.old_code) if other.operates(day)]
        return others[0].code if len(others) == 1 else code

    def authorities(self, on: dt.date) -> list[Area]:
        """List the authorities in operation on a day, in the order of their names."""
        listed = [area for area in self.areas if area.type == "authority" and area.operates(on)]
        return sorted(listed, key=lambda area: area.name)

    def combined(self, code: str) -> Area | None:
        """Make the area of a joined code, such as ``E09000021 / E09000027``."""
        parts = [self.find(part) for part in code.split("/")]
        known = [part for part in parts if part and part.type == "authority"]
        different = len({part.code for part in known})
        if different < 2 or different != len(parts):
            return None
        regions, kinds = {part.region for part in known}, {part.kind for part in known}
        return replace(
            known[0],
            code=" / ".join(part.code for part in known),
            name=" and ".join(part.name for part in known),
            type="combined",
            old_code=" / ".join(part.old_code for part in known),
            region=known[0].region if len(regions) == 1 else "",
            kind=known[0].kind if len(kinds) == 1 else "",
        )

    def resolve(self, text: str, on: dt.date) -> Area:
        """Return the authority that a user means, as it was on a day.

        An old code will do where the authority went on under a new one. What is no
        authority of the day raises a ParameterError that names what would be.
        """
        if now := self.find(text, on):
            if now.type == "authority":
                return now
            raise ParameterError(
                f"{now.name} is a {now.type.replace('_', ' ')}, not an authority.",
                "Name one of its authorities, as in kentstats briefing Kent.",
            )
        found = [area for area in self.answering(text) if area.type == "authority"]
        recoded = {self.on(area.code, on) for area in found} - {area.code for area in found}
        if len(recoded) == 1:
            return self._by_code[recoded.pop()]
        raise self._outside(found[-1], on) if found else self._unknown(text, on)

    def _outside(self, area: Area, on: dt.date) -> ParameterError:
        """Say what stood in the place of an authority that was not there on a day."""
        if area.closed and area.closed < on:
            names = self._lineage(area, on, self.successors)
            took = f"It was followed by {_quoted_list(names)}. Name " if names else "Name another"
            which = "that." if len(names) == 1 else "one of those." if names else "."
            return ParameterError(f"{area.name} ended on {show_date(area.closed)}.", took + which)
        before: dict[str, tuple[str, ...]] = defaultdict(tuple)
        for code, followers in self.successors.items():
            for follower in followers:
                before[follower] += (code,)
        names = self._lineage(area, on, before)
        was = f"Until then it was {_quoted_list(names)}. " if names else ""
        began = f" began on {show_date(area.opened)}" if area.opened else ""
        return ParameterError(f"{area.name}{began}.", f"{was}Name that, or another edition.")

    def _lineage(self, area: Area, on: dt.date, links: Mapping[str, tuple[str, ...]]) -> list[str]:
        names: list[str] = []
        for code in links.get(area.code, ()):
            if other := self.by_code(code):
                names += [other.name] if other.operates(on) else self._lineage(other, on, links)
        return names

    def _unknown(self, text: str, on: dt.date) -> ParameterError:
        if joined := self.combined(text):
            return ParameterError(
                f"{joined.name} are two authorities that some sources count together.",
                "Name one of them; its briefing has what is given for both.",
            )
        names = [area.name for area in self.authorities(on)]
        word = fold(text)
        parts = [name for name in names if len(word) > 2 and word in fold(name)]
        if len(parts) > 1:
            more = ", or one of the others" if len(parts) > 6 else ""
            return ParameterError(
                f"“{text}” is part of several names.",
                f"Did you mean {_quoted_list(parts[:6], 'or')}{more}?",
            )
        # or a name with more words around it, as in Kent County
        parts = parts or [name for name in names if f" {fold(name)} " in f" {word} "][-1:]
        hint = nearest(parts[0] if parts else text, names)
        if hint.startswith("There is:"):  # 150 names are no help
            hint = "kentstats status --authorities lists them all."
        return ParameterError(f"There is no authority “{text}”.", hint)


def fold(name: str) -> str:
    """Fold a name so that its spellings meet: case, marks and “City of” do not matter.

    Examples
    --------
    >>> fold("Bristol, City of") == fold("City of Bristol") == fold(" bristol ")
    True
    >>> fold("St. Helens") == fold("St Helens"), fold("Kingston-Upon-Hull, City of")
    (True, 'kingston upon hull')
    """
    text = name.casefold().replace("&", " and ")
    text = re.sub(r"\((pre lg\w*)\)", "", text)
    text = re.sub(r"\((inner|outer)\)", r" \1 ", text)
    words = " ".join(re.sub(r"[^a-z0-9/]+", " ", text).split())
    if words == "city of london":
        return words
    if inner := re.fullmatch(r"london (inner|outer)", words):
        return f"{inner[1]} london"
    words = re.sub(r"^(royal borough of|city of|county of|the) ", "", words)
    words = re.sub(r" (city of|county of|borough|county council|city|council)$", "", words)
    return words or name.casefold().strip()


def _quoted_list(names: Iterable[str], word: str = "and") -> str:
    # quoted, since a name may hold a comma or an “and” itself
    *first, last = (f"“{name}”" for name in names)
    return f"{', '.join(first)} {word} {last}" if first else last


def load_areas(*, home: ProjectLike | None = None) -> Register:
    """Read the register of areas of a project; once for each state of its files.

    A file that is missing or no table of areas raises a DataError.

    Examples
    --------
    >>> load_areas().resolve("E10000002", dt.date(2025, 3, 31)).code
    'E06000060'
    """
    folder = find_project(home).areas
    paths = (folder / AREAS_FILE, folder / SUCCESSIONS_FILE)
    return _load(folder, tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in paths))


@lru_cache(maxsize=8)
def _load(folder: Path, modified: tuple[int, ...]) -> Register:
    del modified  # read again where a file is another
    return make_register(read_table(folder, AREAS_FILE), read_table(folder, SUCCESSIONS_FILE))


def find_area(
    text: str, on: dt.date | None = None, *, home: ProjectLike | None = None
) -> Area | None:
    """Find an area by name, code or old code, whatever the case.

    Parameters
    ----------
    text : str
        A name or a code.
    on : datetime.date, optional
        A day on which it was in operation; by default the latest area is taken.
    home : Project or path, optional
        The project; the one at hand by default.

    Returns
    -------
    Area or None

    Examples
    --------
    >>> find_area("kent").code
    'E10000016'
    >>> find_area("886").name
    'Kent'
    """
    return load_areas(home=home).find(text, on)


def make_register(
    areas: Iterable[Mapping[str, str]], successions: Iterable[Mapping[str, str]]
) -> Register:
    """Make a register of the rows of ``areas.csv`` and ``successions.csv``, as text."""
    listed = []
    for row in areas:
        days = {key: dt.date.fromisoformat(row[key]) for key in ("opened", "closed") if row[key]}
        listed.append(Area(**{**row, "opened": None, "closed": None, **days}))  # type: ignore[arg-type]
    successors: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for row in successions:
        successors[row["code"]] += (row["successor"],)
    return Register((*listed, *GROUPS), dict(successors))


def read_table(folder: Path, name: str) -> list[dict[str, str]]:
    """Read the rows of a file of the register as text, or raise a DataError."""
    columns = COLUMNS if name == AREAS_FILE else SUCCESSION_COLUMNS
    try:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
        if tuple(reader.fieldnames or ()) != columns:
            raise ValueError("header")
        for row in rows:
            if None in row or None in row.values():  # a line with more cells, or with fewer
                raise ValueError("cells")
            for key in {"opened", "closed", "day"} & row.keys():
                if row[key]:
                    dt.date.fromisoformat(row[key])
    except (OSError, ValueError, csv.Error):
        what = "The file is missing or no table of areas."
        remedy = f"Restore it; its header is: {','.join(columns)}."
        raise DataError([Problem(str(folder / name), 0, "", what, remedy)]) from None
    return rows
