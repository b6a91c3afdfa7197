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
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from kentstats.areas import Register
from kentstats.indicators import Indicator
from kentstats.indicators import Mapping as IndicatorMapping
from kentstats.ingest.csv_files import (
    EES_SYMBOLS,
    UNNAMED,
    Reading,
    counted,
    file_error,
    is_formula,
    number,
    read_csv_file,
)
from kentstats.ingest.datasets import Dataset, canonical, plain, recognise
from kentstats.ingest.figures import (
    Source,
    SourceTable,
    columns_of,
    find_repeated,
    indicator_keys,
    is_text,
    look_up,
    make_figures,
    name_fault,
    slug,
    sources_of,
    tidy_figures,
)
from kentstats.periods import read_period, year_ending
from kentstats.schemas import DAYS

TIME = ("time_period", "time_identifier", "geographic_level")
LEVELS = {"national": "country", "regional": "region", "local authority": "authority"}
CODES = {"country": "country_code", "region": "region_code", "authority": "new_la_code"}
NAMES = {"country": "country_name", "region": "region_name", "authority": "la_name"}
BELOW = {"country": ("region", "authority"), "region": ("authority",), "authority": ()}
"""Kinds of place within one of a kind: a row names one place alone."""
PLACE = (*CODES.values(), *NAMES.values(), "old_la_code")
OTHER_PLACE = re.compile(
    r"(lad|pcon|lep|local_enterprise_partnership|mca|opportunity_area|ward|trust|sponsor|mat|school"
    r"|provider|institution|planning_area|rsc_region|lsip|english_devolved_area|pfa"
    r"|police_force_area)_(code|name|id|urn|ukprn|laestab|lead_name)"
)
"""Columns of places at levels that are not wanted."""
NO_PLACE = re.compile(r"[kwsn]\d{8}|[xz:]", re.IGNORECASE)
"""Codes of places outside England, and symbols that stand for no place."""
METADATA = ("col_name", "col_type", "filter_grouping_column")


def is_open_data(header: Iterable[str]) -> bool:
    """Tell whether a header is that of an open data file."""
    return {plain(name) for name in header}.issuperset(map(plain, TIME))


def read_open_data(
    frame: pd.DataFrame, reading: Reading, register: Register, *, every: bool = False
) -> None:
    """Read an open data file into a reading.

    With `every`, every indicator column is taken, under a name made from its
    own, and not only what the catalogue knows.

    Raises
    ------
    DataError
        The file mixes kinds of period, or its metadata cannot be read.
    """
    frame = frame.set_axis(canonical(frame.columns, (*TIME, *PLACE)), axis=1)
    frame, dataset, sources = _recognise(frame, reading)
    table = _locate(frame, reading, dataset, register)
    metadata = _read_metadata(reading, list(frame.columns))
    measures, filters = _classify(table.frame, metadata, sources)
    _refuse_formulas(table, filters)
    hint = [] if metadata or dataset else measures
    _refuse_repeated(table, filters, hint)
    parts = [
        table.figures(indicator, mapping)
        for indicator, mapping in sources
        if _has_columns(table, indicator, mapping)
    ]
    known = dataset.id if dataset else ""
    source_id = known or f"file-{slug(reading.path.stem) or reading.sha256[:8]}"
    reading.dataset = known
    reading.kind = f"open data file, data set {known or 'not known'}"
    if every:
        parts += _other_figures(table, measures, filters, source_id)
    else:
        _note_rest(table, measures)
    reading.rows = len(table.frame)
    reading.facts = tidy_figures([part for part in parts if len(part)], source_id)


def _recognise(
    frame: pd.DataFrame, reading: Reading
) -> tuple[pd.DataFrame, Dataset | None, Sequence[Source]]:
    """Find the data set of a file and its indicators; give columns their present names."""
    dataset = recognise(frame.columns, ["ees"])
    if dataset is None:
        return frame, None, []
    sources = sources_of(dataset.id)
    wanted = [*dataset.columns, *dataset.aliases]
    for _, mapping in sources:
        wanted += [*columns_of(mapping), *mapping.within]
        wanted += [name for name, _ in (*mapping.where, *mapping.denominator_where)]
    names = canonical(frame.columns, wanted)
    present = [
        dataset.aliases[name] if dataset.aliases.get(name, name) not in names else name
        for name in names
    ]
    renamed = frame.set_axis(present, axis=1)
    if sources and not any(_is_present(renamed, mapping) for _, mapping in sources):
        reading.notes.append(f"Its columns are those of {dataset.id}, its rows are not.")
        return frame.set_axis(names, axis=1), None, []
    return renamed, dataset, sources


def _is_present(frame: pd.DataFrame, mapping: IndicatorMapping) -> bool:
    """Tell whether any line says what an indicator's lines say in each of their filters."""
    return all(
        name in frame and bool(is_text(frame[name], wanted).any()) for name, wanted in mapping.where
    )


def _locate(
    frame: pd.DataFrame, reading: Reading, dataset: Dataset | None, register: Register
) -> SourceTable:
    """Find place and period of every row; refuse rows that have none."""
    _check_identifiers(frame, reading)

    def area_row(*cells: str) -> tuple[str, str, str, str, str]:
        return _area_row(dict(zip(columns, cells, strict=True)), register)

    columns = ["geographic_level", *PLACE]
    names = ["area_code", "area_type", "unwanted", "column", "fault"]
    areas = look_up(frame, columns, area_row, names)
    periods = look_up(
        frame,
        ["time_period", "time_identifier"],
        lambda text, identifier: _period_row(text, identifier, dataset),
        ["period", *DAYS, "period_fault"],
    )
    places = areas.join(periods)
    sound = places["area_code"].ne("") & places["period_fault"].eq("")
    for line, row in places[~sound].iterrows():
        if row["unwanted"]:
            reading.leave_out(row["unwanted"], line)
        elif row["fault"]:
            remedy = "Ingest a newer list of codes, or ask the publisher."
            reading.refuse(line, row["column"], row["fault"], remedy)
        else:
            remedy = "See the open data standard."
            reading.refuse(line, "time_period", row["period_fault"], remedy)
    _note_unlisted_names(frame, areas, reading, register)
    if not sound.any():
        reading.notes.append("No row could be read." if len(frame) else "The file has no rows.")
    places = places.loc[sound, ["area_code", "area_type", "period", *DAYS]]
    return SourceTable(frame[sound], places, EES_SYMBOLS, reading, dataset)


def _check_identifiers(frame: pd.DataFrame, reading: Reading) -> None:
    identifiers = frame["time_identifier"]
    families = identifiers.map({text: _family(text) for text in identifiers.unique()})
    named = families[families.ne("")]
    if named.nunique() <= 1:
        return
    shown = ", ".join(sorted(text[:40] for text in identifiers.unique() if text)[:6])
    raise file_error(
        reading.path,
        f"The file mixes kinds of period: {shown}.",
        "Split it into one file for each kind.",
        named.index[named.ne(named.iloc[0])][0],
    )


def _family(identifier: str) -> str:
    """Return the kinds of period one file may have together: quarters, months, weeks, terms."""
    text = " ".join(identifier.casefold().split())
    text = re.sub(r" q[1-4](-q[1-4])?$", " quarter", text)
    if match := re.match(r"(week|part) ", text):
        return match[1]
    if "term" in text:
        return "term"
    return text if " " in text or not text else "month"


def _period_row(text: str, identifier: str, dataset: Dataset | None) -> tuple[str, Any, Any, str]:
    try:
        period = read_period(text, identifier)
    except ValueError as error:
        return "", None, None, str(error)
    if period.end is None and dataset and dataset.ends:
        period = year_ending(period.label, dataset.ends)
    return period.label, period.start, period.end, ""


def _area_row(row: Mapping[str, str], register: Register) -> tuple[str, str, str, str, str]:
    """Return code and type of an area, or why it is not wanted, or the column and its fault."""
    kind = LEVELS.get(row["geographic_level"].casefold())
    if kind is None:
        return "", "", f"level {row['geographic_level'][:60] or 'not given'}", "", ""
    column = CODES[kind]
    code = row[column]
    if kind == "authority" and not re.match(r"E\d", code, re.IGNORECASE) and row["old_la_code"]:
        code = row["old_la_code"]  # older layouts know the three digits alone
    if NO_PLACE.fullmatch(code):
        return "", "", "a place outside England, or none", "", ""
    if "/" in code:
        area, fault = register.combined(code), f"No list of codes knows “{code[:60]}”."
    else:
        area, fault = register.by_code(code) or register.find(code), "The code is empty."
        if area is None or area.type != kind:
            fault = f"No list of codes knows “{code[:60]}” as {kind}." if code else fault
            area = None
        elif inner := _place_below(row, kind):
            column, area = "geographic_level", None
            fault = f"The row is {row['geographic_level']}, and names {inner[:40]}."
        elif fault := name_fault(area, area.code, row[NAMES[kind]], register):
            area = None
    return (area.code, area.type, "", "", "") if area else ("", "", "", column, fault)


def _place_below(row: Mapping[str, str], kind: str) -> str:
    """Return the code of a place within that of a row, which it should not name."""
    inner = (row[CODES[other]] for other in BELOW[kind])
    return next((code for code in inner if code and not NO_PLACE.fullmatch(code)), "")


def _note_unlisted_names(
    frame: pd.DataFrame, areas: pd.DataFrame, reading: Reading, register: Register
) -> None:
    """Note names in no list of places whose codes are known."""
    unlisted = set()
    for kind, column in NAMES.items():
        if column not in frame:
            continue
        named = areas["area_type"].eq(kind)
        pairs = set(zip(frame.loc[named, column], areas.loc[named, "area_code"], strict=True))
        unlisted |= {
            f"“{name[:40]}” ({code})"
            for name, code in pairs
            if name and not NO_PLACE.fullmatch(name) and not register.answering(name)
        }
    if unlisted:
        reading.notes.append(
            f"{counted(len(unlisted), 'name')} in no list of codes, taken by code: "
            f"{', '.join(sorted(unlisted)[:3])}{' …' if len(unlisted) > 3 else ''}."
        )


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
        kinds |= {name: "filter" for name in metadata[METADATA[2]] if name}
    kinds = dict(zip(canonical(kinds, header), kinds.values(), strict=True))
    if strange := [name for name in kinds if name and name not in header]:
        reading.notes.append(f"The metadata names columns that are not there: {strange[:6]}.")
    return kinds


def _classify(
    frame: pd.DataFrame, metadata: Mapping[str, str], sources: Sequence[Source]
) -> tuple[list[str], list[str]]:
    """Return the indicator columns and the filters."""
    kinds = dict(metadata)
    for _, mapping in sources:
        filters = (*mapping.where, *mapping.denominator_where)
        kinds |= dict.fromkeys(columns_of(mapping), "indicator")
        kinds |= dict.fromkeys((*(name for name, _ in filters), *mapping.within), "filter")
    listed: dict[str, list[str]] = {"indicator": [], "filter": []}
    for name in frame.columns:
        if name in (*TIME, *PLACE) or name.startswith(UNNAMED):
            continue
        if OTHER_PLACE.fullmatch(name.casefold()):
            continue
        kind = kinds.get(name, "")
        listed[kind if kind in listed else _kind_of(frame[name])].append(name)
    return listed["indicator"], listed["filter"]


def _kind_of(column: pd.Series) -> str:
    """Tell an indicator from a filter by the different texts of a column."""
    texts = column.unique()
    words = [text for text in texts if number(text) is None]
    unknown = sum(text.casefold() not in EES_SYMBOLS for text in words)
    numbers, symbols = len(texts) - len(words), len(words) - unknown
    # words alone are a filter; numbers, or symbols alone, an indicator
    return "indicator" if numbers > unknown or (not unknown and symbols) else "filter"


def _refuse_formulas(table: SourceTable, filters: Sequence[str]) -> None:
    """Refuse rows whose filters a spreadsheet would run."""
    for name in filters:
        column = table.frame[name]
        formulas = column[column.isin([text for text in column.unique() if is_formula(text)])]
        for line, text in formulas.items():
            what = f"“{text[:40]}” is a formula."
            table.reading.refuse(line, name, what, "Ask the publisher.")
        table.drop(formulas.index)


def _refuse_repeated(table: SourceTable, filters: Sequence[str], measures: Sequence[str]) -> None:
    """Take a row that occurs twice once; refuse rows of one key that differ."""
    folded = table.frame[list(filters)].apply(lambda column: column.str.casefold())
    keys = table.places[["area_code", "period"]].join(folded.add_prefix("filter "))
    conflicting, repeated = find_repeated(keys, table.frame)
    what = "Two lines of one place, period and filter give different figures."
    remedy = "Ask the publisher which is right; neither was taken."
    if len(measures) > 1:
        remedy += (
            f" Where one of {', '.join(measures[:4])} is a filter that holds numbers, "
            f"put {table.reading.path.stem}.meta.csv beside the file."
        )
    for line in conflicting:
        table.reading.refuse(line, "", what, remedy)
    for line in repeated:
        table.reading.leave_out("the same line again", line)
    table.drop(conflicting.union(repeated))


def _has_columns(table: SourceTable, indicator: Indicator, mapping: IndicatorMapping) -> bool:
    """Tell whether a file has an indicator, and note the columns that it lacks."""
    if missing := sorted(set(columns_of(mapping)) - set(table.frame)):
        table.reading.notes.append(
            f"{indicator.id} was left out: the file has no column {', '.join(missing)}."
        )
    return not missing and len(table.lines(mapping.where)) > 0


def _note_rest(table: SourceTable, measures: Sequence[str]) -> None:
    """Note what the file holds and the catalogue does not know."""
    rest = [name for name in measures if name not in table.taken]
    if rest:
        table.reading.notes.append(
            f"{len(rest)} of {len(measures)} measures are not in the catalogue and were left out: "
            f"{', '.join(rest[:6])}{' …' if len(rest) > 6 else ''}."
        )
    others = len(table.frame) - len(table.used)
    if table.used and others:
        table.reading.notes.append(
            f"{others:,} of {len(table.frame):,} lines hold breakdowns that are not in the "
            "catalogue, and were left out."
        )


def _other_figures(
    table: SourceTable, measures: Sequence[str], filters: Sequence[str], source_id: str
) -> list[pd.DataFrame]:
    """Return what the catalogue does not have of each measure, its filters as the group."""
    words = table.frame[list(filters)].to_numpy().tolist()
    groups = pd.Series(["; ".join(filter(None, row)) for row in words], index=table.frame.index)
    keys = indicator_keys(measures, source_id)
    parts = []
    for name in measures:
        lines = table.frame.index.difference(list(table.taken.get(name, ())), sort=False)
        if not len(lines):
            continue
        table.reading.wanted += len(lines)
        cells = table.cells(name)
        cells = cells.assign(decimals=cells["decimals"].max()).loc[lines]
        figures = make_figures("number", value=cells).join(table.places)
        parts.append(figures.assign(indicator=keys[name], group=groups[figures.index]))
    return parts
