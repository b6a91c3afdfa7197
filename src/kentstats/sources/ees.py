"""Open data files of Explore Education Statistics.

Any CSV that follows the department's open data standard can be read: three
columns of time and level, columns of geography, then filters and indicators.
What a column holds is told by the metadata file beside it
(``<name>.meta.csv``), and by its content where there is none.

References
----------
Department for Education, Analysts' guide, open data standards,
https://dfe-analytical-services.github.io/analysts-guide/statistics-production/ud.html
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from kentstats.areas import Area, Register, fold, load_areas
from kentstats.indicators import Indicator, Mapping, load_indicators
from kentstats.periods import Period, read_period, year_ending
from kentstats.sources.cells import (
    EES_SYMBOLS,
    Cells,
    add,
    figures,
    read_cells,
    refuse_impossible,
    refuse_odd,
)
from kentstats.sources.frames import Part, frame_of, slug
from kentstats.sources.known import Dataset, recognise
from kentstats.sources.reading import Reading
from kentstats.sources.table import Coded, Table, fault

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIME = ("time_period", "time_identifier", "geographic_level")
LEVELS = {"national": "country", "regional": "region", "local authority": "authority"}
PLACE = (
    "country_code",
    "country_name",
    "region_code",
    "region_name",
    "old_la_code",
    "new_la_code",
    "la_name",
)
OTHER_PLACE = re.compile(
    r"(lad|pcon|lep|mca|opportunity_area|ward|trust|sponsor|mat|school|provider|institution|"
    r"planning_area|rsc_region|lsip|english_devolved_area|police_force_area)_(code|name|id|urn|ukprn)"
    r"|rsc_region_lead_name|school_(urn|laestab)|provider_ukprn"
)
UNITS = {"%": "percent", "£": "gbp"}


def is_ees(header: Sequence[str]) -> bool:
    """Tell whether a header is that of an open data file."""
    return set(TIME) <= {name.casefold() for name in header}


@dataclass
class _File:
    """An open data file while it is read: its rows with place and period."""

    table: Table
    reading: Reading
    dataset: Dataset | None
    rows: NDArray[np.intp]
    areas: list[Area | str | None]
    periods: list[Period | str]
    area_of: NDArray[np.intp]
    period_of: NDArray[np.intp]
    read: dict[str, Cells] = field(default_factory=dict)

    @property
    def lines(self) -> NDArray[np.intp]:
        return np.asarray(self.table.lines, dtype=np.intp)[self.rows]

    def coded(self, name: str) -> Coded:
        return self.table.coded(self.named(name)).take(self.rows)

    def named(self, name: str) -> str:
        """Return the name that this file has for a column: its own, or an older one."""
        if name in self.table.header or self.dataset is None:
            return name
        older = {new: old for old, new in self.dataset.aliases.items()}
        return older.get(name, name)

    def has(self, name: str) -> bool:
        return self.named(name) in self.table.header

    def areas_at(self, rows: NDArray[np.intp]) -> list[Area]:
        return [cast("Area", self.areas[place]) for place in self.area_of[rows]]

    def periods_at(self, rows: NDArray[np.intp]) -> list[Period]:
        return [cast("Period", self.periods[place]) for place in self.period_of[rows]]

    def cells(self, name: str) -> Cells:
        if name not in self.read:
            column = self.coded(name)
            self.read[name] = read_cells(column, EES_SYMBOLS)
            refuse_odd(self.read[name], column, self.reading, self.lines, name)
        return self.read[name]


def read_ees(table: Table, *, every: bool = False) -> Reading:
    """Read an open data file.

    Parameters
    ----------
    table : Table
        The file.
    every : bool, default False
        Take every indicator column, under a name made from it, and not
        only those that the catalogue knows.

    Returns
    -------
    Reading
        With ``facts`` in the columns of :data:`kentstats.facts.FIGURES`,
        and the days of their periods.

    Raises
    ------
    DataError
        The file mixes kinds of period, or holds no row that can be read.
    """
    table.header = tuple(
        name.casefold() if name.casefold() in (*TIME, *PLACE) else name for name in table.header
    )
    dataset = recognise(table.header, ["ees"])
    kind = "open data file, " + (f"data set {dataset.id}" if dataset else "data set not known")
    reading = Reading(table.path, kind, table.sha256, dataset.id if dataset else "")
    reading.notes = table.notes
    reading.refused += table.refused
    file = _places(table, reading, dataset)
    measures, filters = _columns(file)
    _refuse_repeated(file, filters)
    parts = [
        part
        for indicator in load_indicators().values()
        for mapping in indicator.sources
        if dataset and mapping.data == dataset.id
        for part in _mapped(file, indicator, mapping)
    ]
    used = {name for part in parts for name in part.columns}
    rest = [name for name in measures if name not in used]
    if every:
        parts += [part for name in rest for part in _every(file, name, filters)]
    elif rest:
        reading.notes.append(
            f"{len(rest)} of {len(measures)} measures are not in the catalogue and were left out: "
            f"{', '.join(rest[:6])}{' …' if len(rest) > 6 else ''}."
        )
    reading.rows = len(file.rows)
    reading.facts = frame_of(parts, dataset.id if dataset else slug(table.path.stem))
    return reading


def _places(table: Table, reading: Reading, dataset: Dataset | None) -> _File:
    """Find area and period of every row; refuse rows that have none."""
    identifiers = [text for text in table.coded("time_identifier").texts if text]
    if len({_family(text) for text in identifiers}) > 1:
        raise fault(
            table.path,
            f"The file mixes kinds of period: {', '.join(sorted(identifiers))}.",
            "Split it into one file for each kind.",
        )
    register = load_areas()
    area_at, area_keys = _keys(
        table,
        [
            "geographic_level",
            "country_code",
            "region_code",
            "old_la_code",
            "new_la_code",
            "la_name",
        ],
    )
    time_at, time_keys = _keys(table, ["time_period", "time_identifier"])
    areas = [_area(key, register) for key in area_keys]
    periods = [_period(key, dataset) for key in time_keys]
    sound_area = np.array([isinstance(area, Area) for area in areas] or [False])[area_at]
    sound_time = np.array([isinstance(period, Period) for period in periods] or [False])[time_at]
    for row in np.flatnonzero(~(sound_area & sound_time)):
        area, period, line = areas[area_at[row]], periods[time_at[row]], table.lines[row]
        if area is None:
            reading.leave_out(f"level {area_keys[area_at[row]][0] or 'not given'}", line)
        elif isinstance(area, str):
            remedy = "Ingest a newer list of codes, or ask the publisher."
            reading.refuse(line, "new_la_code", area, remedy)
        else:
            reading.refuse(line, "time_period", str(period), "See the open data standard.")
    rows = np.flatnonzero(sound_area & sound_time)
    if not len(rows) and table.rows:
        reading.notes.append("No row could be read.")
    return _File(table, reading, dataset, rows, areas, periods, area_at[rows], time_at[rows])


def _keys(table: Table, names: list[str]) -> tuple[NDArray[np.intp], list[tuple[str, ...]]]:
    """Number the different combinations of several columns, and list them."""
    columns = [table.coded(name) if name in table.header else None for name in names]
    codes = combine([column.codes for column in columns if column], len(table.rows))
    _, first, at = np.unique(codes, return_index=True, return_inverse=True)
    keys = [
        tuple(column.texts[column.codes[row]] if column else "" for column in columns)
        for row in first
    ]
    return at, keys


def combine(columns: Sequence[NDArray[np.intp]], count: int) -> NDArray[np.intp]:
    """Make one code of several, row by row."""
    joined = np.zeros(count, dtype=np.intp)
    for codes in columns:
        # numbered anew at each step, so that the product never overflows
        _, joined = np.unique(joined * (int(codes.max(initial=0)) + 1) + codes, return_inverse=True)
    return joined


def _family(identifier: str) -> str:
    """Return what kinds of period one file may have together: quarters, months, weeks, terms."""
    text = re.sub(r"\s+q[1-4](-q[1-4])?$", " quarter", identifier.casefold().strip())
    if text.startswith("week "):
        return "week"
    if text.startswith("part "):
        return "part"
    if "term" in text:
        return "term"
    return text if " " in text else "month"


def _period(key: tuple[str, ...], dataset: Dataset | None) -> Period | str:
    try:
        period = read_period(*key)
    except ValueError as error:
        return str(error)
    if period.end is None and dataset and dataset.ends:
        return year_ending(period.label, dataset.ends)
    return period


def _area(key: tuple[str, ...], register: Register) -> Area | str | None:
    """Return the area of a row, why it has none, or None for a level that is not wanted."""
    level, country, region, old, new, name = key
    kind = LEVELS.get(level.casefold())
    if kind is None:
        return None
    code = {"country": country, "region": region}.get(kind, new)
    if kind == "authority" and not re.match(r"E\d", code):
        code = old  # older layouts know the three digits alone
    if "/" in code:
        return register.combined(code) or f"No list of codes knows “{code}”."
    area = register.by_code(code) or (register.find(code) if code else None)
    if area is None or area.type != kind:
        return f"No list of codes knows “{code}” as {kind}." if code else "The code is empty."
    if kind == "authority" and name and fold(name) != fold(area.name):
        others = [other.code for other in register.answering(name)]
        if others and area.code not in others:
            return f"{area.code} is {area.name}, the row says {name[:60]}."
    return area


def _columns(file: _File) -> tuple[list[str], list[str]]:
    """Tell indicator columns from filters: by the metadata, else by their content."""
    rest = [
        name
        for name in file.table.header
        if name and name not in (*TIME, *PLACE) and not OTHER_PLACE.fullmatch(name.casefold())
    ]
    meta = _metadata(file)
    measures: list[str] = []
    filters: list[str] = []
    for name in rest:
        kind = meta.get(name, {}).get("col_type", "").casefold()
        if kind not in {"filter", "indicator"}:
            texts = file.table.coded(name).texts
            cells = read_cells(Coded(np.arange(len(texts)), texts), EES_SYMBOLS)
            numeric, bad = int(np.sum(~np.isnan(cells.values))), int(np.sum(cells.bad))
            symbols = len(texts) - numeric - bad
            # words alone are a filter; numbers, or symbols alone, an indicator
            kind = "indicator" if numeric > bad or (not bad and symbols) else "filter"
        (measures if kind == "indicator" else filters).append(name)
    return measures, filters


def _metadata(file: _File) -> dict[str, dict[str, str]]:
    path = file.table.path
    beside = path.with_name(f"{path.stem}.meta.csv")
    if not beside.is_file():
        return {}
    with beside.open(encoding="utf-8-sig", newline="") as stream:
        return {row.get("col_name", ""): row for row in csv.DictReader(stream)}


def _refuse_repeated(file: _File, filters: list[str]) -> None:
    """Take a row that occurs twice once; refuse rows of one key that differ."""
    columns = [file.area_of, file.period_of, *(file.coded(name).codes for name in filters)]
    _, key, counts = np.unique(
        combine(columns, len(file.rows)), return_inverse=True, return_counts=True
    )
    again = np.flatnonzero(counts[key] > 1)
    keep = np.ones(len(file.rows), dtype=bool)
    first: dict[int, int] = {}
    conflicts: set[int] = set()
    for place in again:
        earlier = first.setdefault(int(key[place]), int(place))
        if file.table.rows[file.rows[earlier]] != file.table.rows[file.rows[place]]:
            conflicts.add(int(key[place]))
    for place in again:
        line = file.table.lines[file.rows[place]]
        if int(key[place]) in conflicts:
            keep[place] = False
            file.reading.refuse(
                line,
                "",
                "Two lines of one place, period and filter give different figures.",
                "Ask the publisher which is right; neither was taken.",
            )
        elif first[int(key[place])] != place:
            keep[place] = False
            file.reading.leave_out("the same line again", line)
    file.rows, file.area_of, file.period_of = (
        array[keep] for array in (file.rows, file.area_of, file.period_of)
    )


def _chosen(file: _File, where: Sequence[tuple[str, str]]) -> NDArray[np.intp]:
    """Find the rows whose filters say what they should."""
    chosen = np.ones(len(file.rows), dtype=bool)
    for name, wanted in where:
        if not file.has(name):
            return np.array([], dtype=np.intp)
        chosen &= file.coded(name).is_text(wanted)
    return np.flatnonzero(chosen)


def _mapped(file: _File, indicator: Indicator, mapping: Mapping) -> list[Part]:
    columns = {mapping.value, *mapping.numerator, *mapping.denominator} - {""}
    if not all(file.has(name) for name in columns):
        file.reading.notes.append(
            f"{indicator.id} was left out: the file has no column "
            f"{', '.join(sorted(name for name in columns if not file.has(name)))}."
        )
        return []
    rows = _chosen(file, mapping.where)
    if not len(rows):
        return []

    def taken(names: Sequence[str], at: NDArray[np.intp]) -> Cells | None:
        return add([file.cells(name).take(at) for name in names]) if names else None

    base = rows
    if mapping.denominator_where:
        shared = [file.coded(name).codes for name in mapping.within]
        key = combine([file.area_of, file.period_of, *shared], len(file.rows))
        of = np.full(int(key.max(initial=0)) + 1, -1, dtype=np.intp)
        bases = _chosen(file, mapping.denominator_where)
        of[key[bases]] = bases
        base = of[key[rows]]
    value = file.cells(mapping.value).take(rows) if mapping.value else None
    if value is not None:
        # the places that these rows print, so that 21 beside 22.6 is 21.0
        chosen = read_cells(file.coded(mapping.value).take(rows), EES_SYMBOLS)
        value = Cells(value.values, value.status, value.bad, chosen.decimals)
    counts = file.dataset.counts if file.dataset else {}
    slack = np.array([counts.get(getattr(area, "type", ""), 0.0) for area in file.areas])
    made = figures(
        indicator.unit,
        value=value,
        numerator=taken(mapping.numerator, rows),
        denominator=taken(mapping.denominator, base),
        slack=slack[file.area_of[rows]],
    )
    lines = file.lines[rows]
    made = refuse_impossible(made, indicator.unit, file.reading, lines, mapping.value)
    return [
        Part(
            indicator.id,
            mapping.group,
            columns,
            made,
            file.areas_at(rows),
            [_ending(period, mapping) for period in file.periods_at(rows)],
            [f"line {line}" for line in lines],
        )
    ]


def _ending(period: Period, mapping: Mapping) -> Period:
    return year_ending(period.label, mapping.ends) if mapping.ends else period


def _every(file: _File, name: str, filters: list[str]) -> list[Part]:
    """Take an indicator column as it is, its filters as the group."""
    unit = UNITS.get(_metadata(file).get(name, {}).get("indicator_unit", "").strip(), "number")
    cells = file.cells(name)
    count = len(file.rows)
    made = figures(unit, value=cells, numerator=None, denominator=None, slack=np.zeros(count))
    columns = [file.coded(each) for each in filters]
    _, first, group_of = np.unique(
        combine([column.codes for column in columns], count),
        return_index=True,
        return_inverse=True,
    )
    parts = []
    for group, row in enumerate(first):
        at = np.flatnonzero(group_of == group)
        texts = [column.texts[column.codes[row]] for column in columns]
        parts.append(
            Part(
                slug(name),
                "; ".join(text for text in texts if text),
                {name},
                made.take(at),
                file.areas_at(at),
                file.periods_at(at),
                [f"line {line}" for line in file.lines[at]],
            )
        )
    return parts
