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

import re
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from kentstats.areas import Area, Register, fold, load_areas
from kentstats.indicators import Indicator, Mapping, load_indicators
from kentstats.ingest.cells import (
    EES_SYMBOLS,
    Cells,
    add,
    figures,
    read_cells,
    refuse_impossible,
    refuse_odd,
)
from kentstats.ingest.datasets import Dataset, canonical, plain, recognise
from kentstats.ingest.figures import Part, frame_of, ids_of, keys_of, slug
from kentstats.ingest.reading import Reading, counted
from kentstats.ingest.table import Coded, Table, fault, is_formula, read_table
from kentstats.periods import Period, read_period, year_ending

if TYPE_CHECKING:
    from numpy.typing import NDArray

TIME = ("time_period", "time_identifier", "geographic_level")
LEVELS = {"national": "country", "regional": "region", "local authority": "authority"}
CODES = {"country": "country_code", "region": "region_code", "authority": "new_la_code"}
NAMES = {"country": "country_name", "region": "region_name", "authority": "la_name"}
BELOW = {"country": ("region", "authority"), "region": ("authority",), "authority": ()}
"""Kinds of place that lie within one of a kind: a row names one place alone."""
PLACE = (*CODES.values(), *NAMES.values(), "old_la_code")
OTHER_PLACE = re.compile(
    r"(lad|pcon|lep|local_enterprise_partnership|mca|opportunity_area|ward|trust|sponsor|mat|school"
    r"|provider|institution|planning_area|rsc_region|lsip|english_devolved_area|pfa"
    r"|police_force_area)_(code|name|id|urn|ukprn|laestab|lead_name)"
)
"""Columns of places at levels that are not wanted."""
NO_PLACE = re.compile(r"[kwsn]\d{8}|[xz:]", re.IGNORECASE)
"""Codes of places outside England, and marks that stand for no place."""
META = ("col_name", "col_type", "filter_grouping_column")


def is_ees(header: Sequence[str]) -> bool:
    """Tell whether a header is that of an open data file."""
    return {plain(name) for name in header}.issuperset(map(plain, TIME))


@dataclass
class _File:
    """An open data file while it is read: its rows with place and period."""

    table: Table
    reading: Reading
    dataset: Dataset | None
    meta: AnyMapping[str, str]
    rows: NDArray[np.intp]
    areas: list[Area | str | None]
    periods: list[Period | str]
    area_of: NDArray[np.intp]
    period_of: NDArray[np.intp]
    read: dict[str, Cells] = field(default_factory=dict)
    taken: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Rows of a column that the catalogue's indicators have."""
    used: set[int] = field(default_factory=set)
    """Rows that any of them has, as figure or as base."""

    @property
    def lines(self) -> NDArray[np.intp]:
        return np.asarray(self.table.lines, dtype=np.intp)[self.rows]

    def coded(self, name: str) -> Coded:
        return self.table.coded(self.named(name)).take(self.rows)

    def named(self, name: str) -> str:
        return _named(self.table, self.dataset, name)

    def ids(self, name: str) -> NDArray[np.intp]:
        """Return a number for each text of a column, the same whatever its case."""
        column = self.coded(name)
        return ids_of([text.casefold() for text in column.texts])[column.codes]

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

    def take(self, name: str, rows: NDArray[np.intp]) -> None:
        """Note that the catalogue has these rows of a column."""
        taken = self.taken.setdefault(self.named(name), np.zeros(len(self.rows), dtype=bool))
        taken[rows] = True

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Leave the other rows out; nothing was read of them yet."""
        self.rows, self.area_of, self.period_of = (
            array[rows] for array in (self.rows, self.area_of, self.period_of)
        )


def read_ees(table: Table, *, every: bool = False, register: Register | None = None) -> Reading:
    """Read an open data file.

    Parameters
    ----------
    table : Table
        The file.
    every : bool, default False
        Take what every indicator column holds, under a name made from it,
        and not only what the catalogue knows.
    register : Register, optional
        The areas there are; those of the project at hand by default.

    Returns
    -------
    Reading
        With ``facts`` in the columns of :data:`kentstats.schemas.FIGURES`,
        and the days of their periods.

    Raises
    ------
    DataError
        The file mixes kinds of period, or its metadata cannot be read.
    """
    table.header = canonical(table.header, (*TIME, *PLACE))
    dataset = recognise(table.header, ["ees"])
    mapped = [
        (indicator, mapping)
        for indicator in load_indicators().values()
        for mapping in indicator.sources
        if dataset and mapping.data == dataset.id
    ]
    reading = Reading(table.path, "", table.sha256, notes=table.notes)
    reading.refused += table.refused
    if dataset:
        table.header = canonical(table.header, _wanted(dataset, [each for _, each in mapped]))
        if mapped and not any(_present(table, dataset, mapping) for _, mapping in mapped):
            reading.notes.append(f"Its columns are those of {dataset.id}, its rows are not.")
            dataset, mapped = None, []
    file = _places(table, reading, dataset, register or load_areas())
    measures, filters = _columns(file, [each for _, each in mapped])
    _refuse_formulas(file, filters)
    _refuse_repeated(file, filters, measures)
    parts = [part for pair in mapped for part in _mapped(file, *pair)]
    known = dataset.id if dataset else ""
    source_id = known or f"file-{slug(table.path.stem) or table.sha256[:8]}"
    reading.dataset = known
    reading.kind = f"open data file, data set {known or 'not known'}"
    if every:
        parts += _every(file, measures, filters, source_id)
    else:
        _tell_rest(file, measures)
    reading.rows = len(file.rows)
    reading.wanted = sum(len(part.locators) for part in parts)
    reading.facts = frame_of(parts, source_id)
    return reading


def _wanted(dataset: Dataset, mappings: Sequence[Mapping]) -> list[str]:
    """List the columns of a data set that are looked for by name."""
    names = [*dataset.columns, *dataset.aliases]
    for mapping in mappings:
        names += [mapping.value, *mapping.numerator, *mapping.denominator, *mapping.within]
        names += [name for name, _ in (*mapping.where, *mapping.denominator_where)]
    return [name for name in names if name]


def _named(table: Table, dataset: Dataset | None, name: str) -> str:
    """Return the name that a file has for a column: its own, or an older one."""
    if name in table.header or dataset is None:
        return name
    older = {new: old for old, new in dataset.aliases.items()}
    return older.get(name, name)


def _present(table: Table, dataset: Dataset, mapping: Mapping) -> bool:
    """Tell whether any line says what an indicator's lines say in their filters."""
    for column, wanted in mapping.where:
        name = _named(table, dataset, column)
        if name not in table.header or not table.coded(name).is_text(wanted).any():
            return False
    return True


def _places(table: Table, reading: Reading, dataset: Dataset | None, register: Register) -> _File:
    """Find area and period of every row; refuse rows that have none."""
    _check_identifiers(table)
    area_at, area_keys = _keys(table, ["geographic_level", *PLACE])
    time_at, time_keys = _keys(table, ["time_period", "time_identifier"])
    rows_of = [dict(zip(["geographic_level", *PLACE], key, strict=True)) for key in area_keys]
    areas = [_area(row, register) for row in rows_of]
    periods = [_period(key, dataset) for key in time_keys]
    sound_area = np.array([isinstance(area, Area) for area in areas] or [False])[area_at]
    sound_time = np.array([isinstance(period, Period) for period in periods] or [False])[time_at]
    for row in np.flatnonzero(~(sound_area & sound_time)):
        area, period, line = areas[area_at[row]], periods[time_at[row]], table.lines[row]
        if area is None:
            reading.leave_out(_unwanted(rows_of[area_at[row]]), line)
        elif isinstance(area, str):
            column, _, what = area.partition(": ")
            remedy = "Ingest a newer list of codes, or ask the publisher."
            reading.refuse(line, column, what, remedy)
        else:
            reading.refuse(line, "time_period", str(period), "See the open data standard.")
    _tell_names(reading, rows_of, areas, register)
    # one place and one period under one number, however they are written
    area_at = ids_of([each.code if isinstance(each, Area) else "" for each in areas])[area_at]
    time_at = ids_of([each.label if isinstance(each, Period) else "" for each in periods])[time_at]
    rows = np.flatnonzero(sound_area & sound_time)
    if not len(rows):
        reading.notes.append("No row could be read." if table.rows else "The file has no rows.")
    meta = _metadata(table, reading)
    return _File(table, reading, dataset, meta, rows, areas, periods, area_at[rows], time_at[rows])


def _keys(table: Table, names: list[str]) -> tuple[NDArray[np.intp], list[tuple[str, ...]]]:
    """Return a number for each combination of several columns, and list the combinations."""
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
    joined, most = np.zeros(count, dtype=np.intp), 1
    for codes in columns:
        width = int(codes.max(initial=0)) + 1
        if most * width > 2**62:  # numbered anew, so that the product never overflows
            joined = np.unique(joined, return_inverse=True)[1]
            most = count
        joined = joined * width + codes
        most *= width
    return joined


def _check_identifiers(table: Table) -> None:
    column = table.coded("time_identifier")
    families = [_family(text) for text in column.texts]
    named = [family for family in families if family]
    if len(set(named)) <= 1:
        return
    other = [place for place, family in enumerate(families) if family not in {"", named[0]}]
    row = int(np.flatnonzero(np.isin(column.codes, other))[0])
    shown = ", ".join(sorted(text[:40] for text in column.texts if text)[:6])
    raise fault(
        table.path,
        f"The file mixes kinds of period: {shown}.",
        "Split it into one file for each kind.",
        table.lines[row],
    )


def _family(identifier: str) -> str:
    """Return what kinds of period one file may have together: quarters, months, weeks, terms."""
    text = " ".join(identifier.casefold().split())
    text = re.sub(r" q[1-4](-q[1-4])?$", " quarter", text)
    if match := re.match(r"(week|part) ", text):
        return match[1]
    if "term" in text:
        return "term"
    return text if " " in text or not text else "month"


def _period(key: tuple[str, ...], dataset: Dataset | None) -> Period | str:
    try:
        period = read_period(*key)
    except ValueError as error:
        return str(error)
    if period.end is None and dataset and dataset.ends:
        return year_ending(period.label, dataset.ends)
    return period


def _area(row: AnyMapping[str, str], register: Register) -> Area | str | None:
    """Return the area of a row, the column and why it has none, or None where it is not wanted."""
    kind = LEVELS.get(row["geographic_level"].casefold())
    if kind is None:
        return None
    column = CODES[kind]
    code = row[column]
    if kind == "authority" and not re.match(r"E\d", code, re.IGNORECASE) and row["old_la_code"]:
        code = row["old_la_code"]  # older layouts know the three digits alone
    if NO_PLACE.fullmatch(code):
        return None
    if "/" in code:
        return register.combined(code) or f"{column}: No list of codes knows “{code[:60]}”."
    area = register.by_code(code) or register.find(code)
    if area is None or area.type != kind:
        what = f"No list of codes knows “{code[:60]}” as {kind}." if code else "The code is empty."
        return f"{column}: {what}"
    return _disagreement(row, kind, area, register) or area


def _disagreement(row: AnyMapping[str, str], kind: str, area: Area, register: Register) -> str:
    """Say what else a row calls its place, after the column that does."""
    for other in BELOW[kind]:
        inner = row[CODES[other]]
        if inner and not NO_PLACE.fullmatch(inner):
            return (
                f"geographic_level: The row is {row['geographic_level']}, and names {inner[:40]}."
            )
    name = row[NAMES[kind]]
    others = [each.code for each in register.answering(name)] if name else []
    if others and fold(name) != fold(area.name) and area.code not in others:
        return f"{CODES[kind]}: {area.code} is {area.name}, the row says {name[:60]}."
    return ""


def _unwanted(row: AnyMapping[str, str]) -> str:
    level = row["geographic_level"]
    if level.casefold() in LEVELS:
        return "a place outside England, or none"
    return f"level {level[:60] or 'not given'}"


def _tell_names(
    reading: Reading,
    rows: Sequence[AnyMapping[str, str]],
    areas: Sequence[Area | str | None],
    register: Register,
) -> None:
    """Note names that no list has, of places whose codes are known."""
    odd = sorted(
        {
            f"“{name[:40]}” ({area.code})"
            for row, area in zip(rows, areas, strict=True)
            if isinstance(area, Area) and area.type in NAMES
            if (name := row[NAMES[area.type]]) and not NO_PLACE.fullmatch(name)
            if not register.answering(name)
        }
    )
    if odd:
        reading.notes.append(
            f"{counted(len(odd), 'name')} in no list of codes, taken by code: "
            f"{', '.join(odd[:3])}{' …' if len(odd) > 3 else ''}."
        )


def _metadata(table: Table, reading: Reading) -> dict[str, str]:
    """Read what the columns are from the metadata beside the file, where there is any."""
    beside = table.path.with_name(f"{table.path.stem}.meta.csv")
    if not beside.is_file():
        return {}
    meta = read_table(beside)
    meta.header = canonical(meta.header, META)
    reading.refused += meta.refused
    if not set(META[:2]) <= set(meta.header):
        raise fault(
            beside,
            "The metadata beside the data file has no columns col_name and col_type.",
            "Download it again, or take it away.",
            1,
        )
    kinds = dict(
        zip(meta.column("col_name"), map(str.casefold, meta.column("col_type")), strict=True)
    )
    if META[2] in meta.header:  # columns that group the items of a filter
        kinds |= {name: "filter" for name in meta.column(META[2]) if name}
    kinds = dict(zip(canonical(kinds, table.header), kinds.values(), strict=True))
    if strange := [name for name in kinds if name and name not in table.header]:
        reading.notes.append(f"The metadata names columns that are not there: {strange[:6]}.")
    return kinds


def _columns(file: _File, mappings: Sequence[Mapping]) -> tuple[list[str], list[str]]:
    """Tell indicator columns from filters: as is known, by the metadata, or by their content."""
    known = dict(file.meta)
    for mapping in mappings:
        for name in (mapping.value, *mapping.numerator, *mapping.denominator):
            known[file.named(name)] = "indicator"
        for name in (*dict((*mapping.where, *mapping.denominator_where)), *mapping.within):
            known[file.named(name)] = "filter"
    measures: list[str] = []
    filters: list[str] = []
    for name in file.table.header:
        if not name or name in (*TIME, *PLACE) or OTHER_PLACE.fullmatch(name.casefold()):
            continue
        kind = known.get(name, "")
        if kind not in {"filter", "indicator"}:
            kind = _kind(file.table.coded(name).texts)
        (measures if kind == "indicator" else filters).append(name)
    return measures, filters


def _kind(texts: list[str]) -> str:
    """Tell a filter from an indicator by the different texts of a column."""
    cells = read_cells(Coded(np.arange(len(texts)), texts), EES_SYMBOLS)
    numeric, bad = int(np.sum(~np.isnan(cells.values))), int(np.sum(cells.bad))
    symbols = len(texts) - numeric - bad
    # words alone are a filter; numbers, or symbols alone, an indicator
    return "indicator" if numeric > bad or (not bad and symbols) else "filter"


def _refuse_formulas(file: _File, filters: list[str]) -> None:
    """Refuse rows whose filters would run in a spreadsheet."""
    keep = np.ones(len(file.rows), dtype=bool)
    for name in filters:
        column = file.coded(name)
        odd = [place for place, text in enumerate(column.texts) if is_formula(text)]
        for row in np.flatnonzero(np.isin(column.codes, odd)) if odd else []:
            what = f"“{column.texts[column.codes[row]][:40]}” is a formula."
            file.reading.refuse(file.table.lines[file.rows[row]], name, what, "Ask the publisher.")
            keep[row] = False
    file.keep(keep)


def _refuse_repeated(file: _File, filters: list[str], measures: list[str]) -> None:
    """Take a row that occurs twice once; refuse rows of one key that differ."""
    columns = [file.area_of, file.period_of, *map(file.ids, filters)]
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
    remedy = "Ask the publisher which is right; neither was taken."
    if not file.meta and file.dataset is None and len(measures) > 1:
        remedy += (
            f" Where one of {', '.join(measures[:4])} is a filter that holds numbers, "
            f"put {file.table.path.stem}.meta.csv beside the file."
        )
    for place in again:
        line = file.table.lines[file.rows[place]]
        if int(key[place]) in conflicts:
            keep[place] = False
            what = "Two lines of one place, period and filter give different figures."
            file.reading.refuse(line, "", what, remedy)
        elif first[int(key[place])] != place:
            keep[place] = False
            file.reading.leave_out("the same line again", line)
    file.keep(keep)


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
    base = _bases(file, mapping, rows) if mapping.denominator_where else rows

    def taken(names: Sequence[str], at: NDArray[np.intp]) -> Cells | None:
        return add([file.cells(name).take(at) for name in names]) if names else None

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
    for name in columns:
        file.take(name, rows)
    file.used.update(rows.tolist(), base[base >= 0].tolist())
    lines = file.lines[rows]
    name = mapping.value or mapping.numerator[0]
    made = refuse_impossible(made, indicator.unit, file.reading, lines, name)
    periods = file.periods_at(rows)
    if mapping.ends:
        periods = [year_ending(period.label, mapping.ends) for period in periods]
    return [
        Part(
            indicator.id,
            columns,
            made,
            [mapping.group] * len(rows),
            file.areas_at(rows),
            periods,
            [f"line {line}" for line in lines],
        )
    ]


def _bases(file: _File, mapping: Mapping, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Find the row of the base of each row: -1 where there is none."""
    shared = [file.ids(name) for name in mapping.within if file.has(name)]
    key = combine([file.area_of, file.period_of, *shared], len(file.rows))
    key = np.unique(key, return_inverse=True)[1]
    of = np.full(int(key.max(initial=0)) + 1, -1, dtype=np.intp)
    bases = _chosen(file, mapping.denominator_where)
    of[key[bases]] = bases
    return of[key[rows]]


def _tell_rest(file: _File, measures: list[str]) -> None:
    """Note what the file holds and the catalogue does not know."""
    rest = [name for name in measures if name not in file.taken]
    if rest:
        file.reading.notes.append(
            f"{len(rest)} of {len(measures)} measures are not in the catalogue and were left out: "
            f"{', '.join(rest[:6])}{' …' if len(rest) > 6 else ''}."
        )
    others = len(file.rows) - len(file.used)
    if file.used and others:
        file.reading.notes.append(
            f"{others:,} of {len(file.rows):,} lines hold breakdowns that are not in the "
            "catalogue, and were left out."
        )


def _every(file: _File, measures: list[str], filters: list[str], source_id: str) -> list[Part]:
    """Take what the catalogue has not of every indicator column, its filters as the group."""
    columns = [file.coded(name) for name in filters]
    _, first, group_of = np.unique(
        combine([column.codes for column in columns], len(file.rows)),
        return_index=True,
        return_inverse=True,
    )
    groups = [
        "; ".join(text for column in columns if (text := column.texts[column.codes[row]]))
        for row in first
    ]
    keys = keys_of(measures, source_id)
    parts = []
    for name in measures:
        rows = np.flatnonzero(~file.taken.get(name, np.zeros(len(file.rows), dtype=bool)))
        if not len(rows):
            continue
        cells = file.cells(name).take(rows)
        slack = np.zeros(len(rows))
        parts.append(
            Part(
                keys[name],
                {name},
                figures("number", value=cells, numerator=None, denominator=None, slack=slack),
                [groups[group] for group in group_of[rows]],
                file.areas_at(rows),
                file.periods_at(rows),
                [f"line {line}" for line in file.lines[rows]],
            )
        )
    return parts
