"""Open data files of Explore Education Statistics.

Any CSV that follows the department's open data standard can be read: three
columns of time and level, columns of geography, then filters and indicators.
The metadata file beside it (``<name>.meta.csv``) tells which is which; where
there is none, the content of a column does.

References
----------
Department for Education, Analysts' guide, open data standards,
https://dfe-analytical-services.github.io/analysts-guide/statistics-production/ud.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from kentstats.areas import Register
from kentstats.indicators import Indicator
from kentstats.indicators import Mapping as IndicatorMapping
from kentstats.ingest import figures
from kentstats.ingest.csv_files import UNNAMED, Reading, file_error, read_csv_file
from kentstats.ingest.datasets import Dataset, canonical, recognise
from kentstats.ingest.figures import EES_SYMBOLS, SourceTable, look_up, name_fault
from kentstats.periods import read_period, year_ending
from kentstats.schemas import DAYS

TIME = ("time_period", "time_identifier", "geographic_level")
LEVELS = {"national": "country", "regional": "region", "local authority": "authority"}
CODES = {"country": "country_code", "region": "region_code", "authority": "new_la_code"}
NAMES = {"country": "country_name", "region": "region_name", "authority": "la_name"}
BELOW = {"country": ("region_code", "new_la_code"), "region": ("new_la_code",), "authority": ()}
"""Codes of places within one of a kind: a row names one place alone."""
PLACE = (*CODES.values(), *NAMES.values(), "old_la_code")
OTHER_PLACE = re.compile(
    r"(lad|pcon|lep|local_enterprise_partnership|mca|opportunity_area|ward|trust|sponsor|mat|school"
    r"|provider|institution|planning_area|rsc_region|lsip|english_devolved_area|pfa"
    r"|police_force_area)_(code|name|id|urn|ukprn|laestab|lead_name)",
    re.IGNORECASE,
)
"""Columns of places at levels that are not wanted."""
NO_PLACE = re.compile(r"[kwsn]\d{8}|[xz:]", re.IGNORECASE)
"""Codes of places outside England, and symbols that stand for no place."""
METADATA = ("col_name", "col_type", "filter_grouping_column")


def read_open_data(
    frame: pd.DataFrame, reading: Reading, register: Register, *, every: bool = False
) -> None:
    """Read an open data file; with `every`, also measures unknown to the catalogue."""
    frame = frame.set_axis(canonical(frame.columns, (*TIME, *PLACE)), axis=1)
    frame, dataset, sources = _recognise(frame, reading)
    _check_identifiers(frame["time_identifier"], reading)
    table = _locate(frame, reading, dataset, register)
    metadata = _read_metadata(reading, list(frame.columns))
    measures, filters = _classify(table.frame, metadata, sources)
    _refuse_formulas(table, filters)
    beside = f" If a filter holds numbers, put {reading.path.stem}.meta.csv beside the file."
    hint = "" if metadata or dataset else beside
    table.drop(figures.refuse_repeated(reading, table.keys(filters), table.frame, hint))
    parts = [
        table.figures(indicator, mapping)
        for indicator, mapping in sources
        if _has_columns(table, indicator, mapping)
    ]
    reading.dataset = dataset.id if dataset else ""
    source_id = reading.dataset or f"file-{figures.slug(reading.path.stem) or reading.sha256[:8]}"
    reading.kind = f"open data file, data set {reading.dataset or 'not known'}"
    if every:
        parts += _other_figures(table, measures, filters, source_id)
    else:
        _note_rest(table, measures)
    reading.rows = len(table.frame)
    reading.facts = figures.tidy_figures([part for part in parts if len(part)], source_id)


def _recognise(
    frame: pd.DataFrame, reading: Reading
) -> tuple[pd.DataFrame, Dataset | None, Sequence[figures.Source]]:
    """Find the data set of a file and its indicators; give columns their present names."""
    dataset = recognise(frame.columns, ["ees"])
    if dataset is None:
        return frame, None, []
    sources = figures.sources_of(dataset.id)
    wanted = [*dataset.columns, *dataset.aliases]
    for _, mapping in sources:
        wanted += [*figures.columns_of(mapping), *_filters_of(mapping)]
    names = canonical(frame.columns, wanted)
    aliases = {old: new for old, new in dataset.aliases.items() if new not in names}
    renamed = frame.set_axis([aliases.get(name, name) for name in names], axis=1)
    present = [
        all(name in renamed and figures.says(renamed[name], text).any() for name, text in where)
        for where in (mapping.where for _, mapping in sources)
    ]
    if sources and not any(present):
        reading.notes.append(f"Its columns are those of {dataset.id}, its rows are not.")
        return frame.set_axis(names, axis=1), None, []
    return renamed, dataset, sources


def _filters_of(mapping: IndicatorMapping) -> list[str]:
    return [*mapping.within, *dict((*mapping.where, *mapping.denominator_where))]


def _check_identifiers(identifiers: pd.Series, reading: Reading) -> None:
    """Check that periods are of one kind; a file may have several quarters, weeks or terms."""
    kinds: dict[str, str] = {}
    for text in identifiers.unique():
        kind = " ".join(text.casefold().split())
        kind = "term" if " term" in kind else re.sub(r"\d.*", "", kind)
        if kind:
            kinds.setdefault(kind if " " in kind else "month or term", text[:40])
    if len(kinds) > 1:
        what = f"The file mixes kinds of period: {', '.join(kinds.values())}."
        line = identifiers.index[identifiers.str[:40].eq(list(kinds.values())[1])][0]
        raise file_error(reading.path, what, "Split it into one file for each kind.", line)


def _locate(
    frame: pd.DataFrame, reading: Reading, dataset: Dataset | None, register: Register
) -> SourceTable:
    """Find place and period of every row; refuse rows that have none."""
    columns = ["geographic_level", *PLACE]

    def area_row(*cells: str) -> tuple[str, str, str, str, str]:
        return _area_row(dict(zip(columns, cells, strict=True)), register)

    def period_row(text: str, identifier: str) -> tuple[str, Any, Any, str]:
        try:
            period = read_period(text, identifier)
        except ValueError as error:
            return "", None, None, str(error)
        if period.end is None and dataset and dataset.ends:
            period = year_ending(period.label, dataset.ends)
        return period.label, period.start, period.end, ""

    names = ["area_code", "area_type", "unwanted", "column", "fault"]
    areas = look_up(frame, columns, area_row, names)
    names = ["period", *DAYS, "period_fault"]
    places = areas.join(look_up(frame, list(TIME[:2]), period_row, names))
    sound = places["area_code"].ne("") & places["period_fault"].eq("")
    for line, row in places[~sound].iterrows():
        if row["unwanted"]:
            reading.leave_out(row["unwanted"], [line])
        else:
            column, what = row["column"] or "time_period", row["fault"] or row["period_fault"]
            remedy = "Ingest a newer list of codes, or ask the publisher."
            reading.refuse(line, column, what, remedy)
    places = places.loc[sound, ["area_code", "area_type", "period", *DAYS]]
    return SourceTable(frame[sound], places, EES_SYMBOLS, reading, dataset)


def _area_row(row: Mapping[str, str], register: Register) -> tuple[str, str, str, str, str]:
    """Return code and type of an area, or why it is not wanted, or the column and its fault."""
    level = row["geographic_level"]
    kind = LEVELS.get(level.casefold())
    if kind is None:
        return "", "", f"level {level[:60] or 'not given'}", "", ""
    column = CODES[kind]
    code = row[column]
    if kind == "authority" and not re.match(r"E\d", code, re.IGNORECASE):
        code = row["old_la_code"] or code  # older layouts know the three digits alone
    if NO_PLACE.fullmatch(code):
        return "", "", "a place outside England, or none", "", ""
    area = register.combined(code) if "/" in code else register.by_code(code) or register.find(code)
    below = [row[name] for name in BELOW[kind] if row[name] and not NO_PLACE.fullmatch(row[name])]
    if area is None or area.type not in {kind, "combined"}:
        return "", "", "", column, f"No list of codes knows “{code[:60]}” as {kind}."
    if below:
        return "", "", "", "geographic_level", f"The row is {level}, and names {below[0][:40]}."
    if fault := name_fault(area, area.code, row[NAMES[kind]], register):
        return "", "", "", column, fault
    return area.code, area.type, "", "", ""


def _read_metadata(reading: Reading, header: Sequence[str]) -> dict[str, str]:
    """Return the kind of each column by the metadata beside the file, where there is any."""
    beside = reading.path.with_name(f"{reading.path.stem}.meta.csv")
    if not beside.is_file():
        return {}
    metadata, other = read_csv_file(beside)
    metadata = metadata.set_axis(canonical(metadata.columns, METADATA), axis=1)
    reading.refused += other.refused
    if not set(METADATA[:2]) <= set(metadata):
        what = "The metadata beside the data file has no columns col_name and col_type."
        raise file_error(beside, what, "Download it again, or take it away.", 1)
    kinds = dict(zip(metadata["col_name"], metadata["col_type"].str.casefold(), strict=True))
    if METADATA[2] in metadata:  # columns that group the items of a filter
        kinds |= dict.fromkeys(metadata[METADATA[2]], "filter")
    return dict(zip(canonical(kinds, header), kinds.values(), strict=True))


def _classify(
    frame: pd.DataFrame, metadata: Mapping[str, str], sources: Sequence[figures.Source]
) -> tuple[list[str], list[str]]:
    """Return the indicator columns and the filters."""
    kinds = dict(metadata)
    for _, mapping in sources:
        kinds |= dict.fromkeys(figures.columns_of(mapping), "indicator")
        kinds |= dict.fromkeys(_filters_of(mapping), "filter")
    listed: dict[str, list[str]] = {"indicator": [], "filter": []}
    for name in frame.columns:
        known = name in (*TIME, *PLACE) or name.startswith(UNNAMED)
        if not known and not OTHER_PLACE.fullmatch(name):
            kind = kinds.get(name, "")
            listed[kind if kind in listed else _kind_of(frame[name])].append(name)
    return listed["indicator"], listed["filter"]


def _kind_of(column: pd.Series) -> str:
    """Tell an indicator from a filter by the different texts of a column."""
    texts = column.unique()
    words = [text for text in texts if figures.number(text) is None]
    unknown = sum(text.casefold() not in EES_SYMBOLS for text in words)
    numbers, symbols = len(texts) - len(words), len(words) - unknown
    # words alone are a filter; numbers, or symbols alone, an indicator
    return "indicator" if numbers > unknown or (not unknown and symbols) else "filter"


def _refuse_formulas(table: SourceTable, filters: Sequence[str]) -> None:
    """Refuse rows whose filters a spreadsheet would run."""
    for name in filters:
        column = table.frame[name]
        formulas = column[column.map(figures.is_formula).astype(bool)]
        for line, text in formulas.items():
            table.reading.refuse(line, name, figures.cell_fault(text), "Ask the publisher.")
        table.drop(formulas.index)


def _has_columns(table: SourceTable, indicator: Indicator, mapping: IndicatorMapping) -> bool:
    """Tell whether a file has an indicator, and note the columns that it lacks."""
    if missing := sorted(set(figures.columns_of(mapping)) - set(table.frame)):
        what = f"{indicator.id} was left out: the file has no column {', '.join(missing)}."
        table.reading.notes.append(what)
    return not missing and len(table.lines(mapping.where)) > 0


def _note_rest(table: SourceTable, measures: Sequence[str]) -> None:
    """Note what the file holds and the catalogue does not know."""
    rest = [name for name in measures if name not in table.taken]
    if rest:
        count = f"{len(rest)} of {len(measures)} measures"
        shown = ", ".join(rest[:6]) + (" …" if len(rest) > 6 else "")
        table.reading.notes.append(f"{count} are not in the catalogue and were left out: {shown}.")
    others = len(table.frame) - len(table.used)
    if table.used and others:
        count = f"{others:,} of {len(table.frame):,} lines"
        what = "hold breakdowns that are not in the catalogue, and were left out."
        table.reading.notes.append(f"{count} {what}")


def _other_figures(
    table: SourceTable, measures: Sequence[str], filters: Sequence[str], source_id: str
) -> list[pd.DataFrame]:
    """Return what the catalogue does not have of each measure, its filters as the group."""
    words = table.frame[list(filters)].to_numpy().tolist()
    groups = pd.Series(["; ".join(filter(None, row)) for row in words], index=table.frame.index)
    keys = figures.indicator_keys(measures, source_id)
    parts = []
    for name in measures:
        lines = table.frame.index.difference(list(table.taken.get(name, ())), sort=False)
        if not len(lines):
            continue
        table.reading.wanted += len(lines)
        cells = table.cells(name)
        cells = cells.assign(decimals=cells["decimals"].max()).loc[lines]
        made = figures.make_figures("number", value=cells).join(table.places)
        parts.append(made.assign(indicator=keys[name], group=groups[made.index]))
    return parts
