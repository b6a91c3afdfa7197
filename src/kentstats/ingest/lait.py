"""The download of the Local Authority Interactive Tool: one long table.

Half a million rows and more, every measure under its code. Work is done on
the different texts of a column, of which there are few, and the columns
themselves are only looked up.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kentstats.areas import Area, Register, fold, load_areas
from kentstats.indicators import Indicator, Mapping, load_indicators
from kentstats.ingest.cells import LAIT_SYMBOLS
from kentstats.ingest.datasets import LICENCE, canonical
from kentstats.ingest.figures import DAYS, ids_of, keys_of
from kentstats.ingest.open_data import combine
from kentstats.ingest.reading import Reading
from kentstats.ingest.table import number, odd, read_table
from kentstats.periods import Period, year_ending
from kentstats.schemas import FIGURES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

COLUMNS = ("Short Desc", "Years", "LA and Regions", "Values", "LA Number")
FIRST_REGION = 970
"""Numbers from here on are the tool's own: England and the regions."""


def read_lait(path: Path, *, every: bool = False, register: Register | None = None) -> Reading:
    """Read the download of the tool, parquet or CSV.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    every : bool, default False
        Take every measure, and not only those that the catalogue knows.
    register : Register, optional
        The areas there are; those of the project at hand by default.

    Returns
    -------
    Reading
        With ``facts``.

    Raises
    ------
    DataError
        A column is missing or of another kind.
    """
    reading = Reading(path, "Local Authority Interactive Tool", "", "lait")
    file = _parquet(path, reading) if path.read_bytes()[:4] == b"PAR1" else _csv(path, reading)
    measures = file.measure[1]
    known = _known(measures)
    used = np.unique(file.measure[0])
    wanted = np.array([every or bool(known.get(text)) for text in measures])
    chosen = np.flatnonzero(wanted[file.measure[0]])
    if not every:
        reading.notes.append(
            f"{len(used) - int(wanted[used].sum())} of {len(used)} measures are not in the "
            "catalogue and were left out."
        )
    reading.facts = _facts(file, chosen, known, register or load_areas(), reading)
    reading.wanted = len(chosen)
    reading.rows = len(chosen) - len({problem.line for problem in reading.refused})
    return reading


@dataclass(frozen=True)
class _File:
    """The columns of the file: codes into different texts, and numbers of places."""

    measure: tuple[NDArray[np.intp], list[str]]
    year: tuple[NDArray[np.intp], list[str]]
    place: tuple[NDArray[np.intp], list[str]]
    value: tuple[NDArray[np.intp], list[str]]
    number: NDArray[np.float64]
    lines: NDArray[np.intp]


def _parquet(path: Path, reading: Reading) -> _File:
    import pyarrow.parquet as pq

    reading.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    names = pq.read_schema(path).names
    wanted = canonical(names, COLUMNS)
    own = [names[wanted.index(name)] for name in COLUMNS]
    table = pq.read_table(path, columns=own, read_dictionary=own[:4]).rename_columns(list(COLUMNS))
    measure, year, place, value = (_dictionary(table[name]) for name in COLUMNS[:4])
    # as a spreadsheet would number them, under a header
    lines = np.arange(2, len(table) + 2, dtype=np.intp)
    return _File(measure, year, place, value, _numbers(table[COLUMNS[4]]), lines)


def _csv(path: Path, reading: Reading) -> _File:
    table = read_table(path)
    table.header = canonical(table.header, COLUMNS)
    reading.sha256, reading.notes = table.sha256, table.notes
    reading.refused += table.refused
    measure, year, place, value = (
        (column.codes, [*column.texts, ""]) for column in map(table.coded, COLUMNS[:4])
    )
    code = table.coded(COLUMNS[4])
    parsed = [number(text) for text in code.texts] or [None]
    numbers = np.array([np.nan if one is None else one for one in parsed])[code.codes]
    lines = np.array(table.lines, dtype=np.intp)
    return _File(measure, year, place, value, numbers, lines)


def _dictionary(column: Any) -> tuple[NDArray[np.intp], list[str]]:
    """Return codes and different texts of a column; a missing one is empty."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    array = column.unify_dictionaries().combine_chunks()
    if hasattr(array, "chunks"):  # one array out of one or of no chunks
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    array.validate(full=True)  # a damaged file may point beyond its texts
    texts = ["" if text is None else str(text).strip() for text in array.dictionary.to_pylist()]
    codes = array.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False).astype(np.intp)
    return codes, [*texts, ""]


def _numbers(column: Any) -> NDArray[np.float64]:
    import pyarrow as pa

    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return cast("NDArray[np.float64]", column.cast(pa.float64()).to_numpy())
    codes, texts = _dictionary(column)
    parsed = [number(text) for text in texts]
    return np.array([np.nan if one is None else one for one in parsed])[codes]


def _known(measures: list[str]) -> dict[str, tuple[Indicator, Mapping]]:
    return {
        mapping.measure: (indicator, mapping)
        for indicator in load_indicators().values()
        for mapping in indicator.sources
        if mapping.data == "lait" and mapping.measure in measures
    }


@dataclass(frozen=True)
class _Rows:
    """The rows that are wanted: numbers of their measure, area, period and figure."""

    measure: NDArray[np.intp]
    area: NDArray[np.intp]
    period: NDArray[np.intp]
    value: NDArray[np.intp]
    lines: NDArray[np.intp]

    def keep(self, sound: NDArray[np.bool_]) -> _Rows:
        if sound.all():  # most files need no copy
            return self
        return _Rows(*(getattr(self, each.name)[sound] for each in fields(self)))


def _facts(
    file: _File,
    chosen: NDArray[np.intp],
    known: dict[str, tuple[Indicator, Mapping]],
    register: Register,
    reading: Reading,
) -> pd.DataFrame:
    measures = _Measures(file.measure[1], known)
    measure, year, place = (codes[chosen] for codes, _ in (file.measure, file.year, file.place))
    numbers = file.number[chosen]
    _, first, area_at = _numbered([place, np.unique(numbers, return_inverse=True)[1]], len(chosen))
    areas = [_area(file.place[1][place[row]], numbers[row], register) for row in first]
    _, first, period_at = _numbered([measure, year], len(chosen))
    periods = [
        _period(file.year[1][year[row]], known.get(file.measure[1][measure[row]])) for row in first
    ]
    rows = _Rows(measure, area_at, period_at, file.value[0][chosen], file.lines[chosen])
    parsed = [number(text) for text in file.value[1]]
    values = np.array([np.nan if one is None else float(f"{one:.10g}") for one in parsed])
    odd_text = [
        "" if one is not None or text in LAIT_SYMBOLS else odd(text)
        for one, text in zip(parsed, file.value[1], strict=True)
    ]
    nameless = ["" if name else "The line names no measure." for name in measures.names]
    rows = _refuse(rows, "measure", nameless, "Short Desc", reading)
    rows = _refuse(rows, "area", [_text(area) for area in areas], "LA Number", reading)
    rows = _refuse(rows, "period", [_text(period) for period in periods], "Years", reading)
    rows = _refuse(rows, "value", odd_text, "Values", reading)
    rows = _refuse_impossible(rows, values, measures, reading)
    codes = [area.code if isinstance(area, Area) else "" for area in areas]
    labels = [period.label if isinstance(period, Period) else "" for period in periods]
    rows = _refuse_repeated(rows, values, measures, codes, labels, reading)
    return _columns(rows, values, measures, codes, labels, periods)


class _Measures:
    """What the measures of the file are to the catalogue, by their numbers."""

    def __init__(self, names: list[str], known: dict[str, tuple[Indicator, Mapping]]) -> None:
        keys = keys_of(list(dict.fromkeys(names)), "lait")
        found = [known.get(name) for name in names]
        self.names = names
        self.keys = [
            one[0].id if one else keys[name] for one, name in zip(found, names, strict=True)
        ]
        self.groups = [one[1].group if one else "" for one in found]
        self.units = np.array([one[0].unit if one else "" for one in found])


def _numbered(
    columns: list[NDArray[np.intp]], count: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    return np.unique(combine(columns, count), return_index=True, return_inverse=True)


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""


def _refuse(rows: _Rows, name: str, faults: list[str], column: str, reading: Reading) -> _Rows:
    """Refuse rows with what is wrong with their number, where anything is."""
    wrong = np.array([bool(what) for what in faults] or [False])
    if not wrong.any():
        return rows
    numbers: NDArray[np.intp] = getattr(rows, name)
    for row in np.flatnonzero(wrong[numbers]):
        reading.refuse(int(rows.lines[row]), column, faults[numbers[row]], "Ask the publisher.")
    return rows.keep(~wrong[numbers])


def _refuse_impossible(
    rows: _Rows, values: NDArray[np.float64], measures: _Measures, reading: Reading
) -> _Rows:
    """Refuse percentages over 100 and figures below nought, of measures that are known."""
    units = measures.units[rows.measure]
    value = values[rows.value]
    wrong = ((units != "") & (value < 0)) | ((units == "percent") & (value > 100))
    for row in np.flatnonzero(wrong):
        what = "The figure is negative, or over 100 per cent."
        reading.refuse(int(rows.lines[row]), "Values", what, "Ask the publisher.")
    return rows.keep(~wrong)


def _refuse_repeated(
    rows: _Rows,
    values: NDArray[np.float64],
    measures: _Measures,
    codes: list[str],
    labels: list[str],
    reading: Reading,
) -> _Rows:
    """Take a figure that stands twice once; refuse two that differ."""
    key = combine(
        [
            ids_of(measures.keys)[rows.measure],
            ids_of(measures.groups)[rows.measure],
            ids_of(codes)[rows.area],
            ids_of(labels)[rows.period],
        ],
        len(rows.lines),
    )
    _, at, counts = np.unique(key, return_inverse=True, return_counts=True)
    sound = np.ones(len(key), dtype=bool)
    again: dict[int, list[int]] = defaultdict(list)
    for row in np.flatnonzero(counts[at] > 1):
        again[int(at[row])].append(int(row))
    for same in again.values():
        if len({str(values[rows.value[row]]) for row in same}) == 1:
            for each in same[1:]:
                reading.leave_out("the same figure again", int(rows.lines[each]))
            sound[same[1:]] = False
        else:
            for each in same:
                reading.refuse(
                    int(rows.lines[each]),
                    "",
                    "Two lines of one measure, place and year give different figures.",
                    "Ask the publisher which is right; neither was taken.",
                )
            sound[same] = False
    return rows.keep(sound)


def _columns(
    rows: _Rows,
    values: NDArray[np.float64],
    measures: _Measures,
    codes: list[str],
    labels: list[str],
    periods: list[Period | str],
) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    def text(numbers: NDArray[np.intp], words: list[str]) -> Any:
        small = pa.array(numbers.astype(np.int32))
        array = pa.DictionaryArray.from_arrays(small, pa.array(words, pa.string()))
        return pd.Series(array.dictionary_decode(), dtype="str")

    def day(name: str) -> Any:
        days = [np.datetime64(getattr(each, name, None) or "NaT", "ms") for each in periods]
        return np.array(days, dtype="datetime64[ms]")[rows.period]

    value = values[rows.value]
    there = ~np.isnan(value)
    half = _rounding(rows.measure, len(measures.names), value)
    same = np.zeros(len(value), dtype=np.intp)
    lines = pc.cast(pa.array(rows.lines), pa.string())
    columns = {
        "indicator": text(rows.measure, measures.keys),
        "area_code": text(rows.area, codes),
        "period": text(rows.period, labels),
        "group": text(rows.measure, measures.groups),
        "value": value,
        "numerator": np.nan,
        "denominator": np.nan,
        "rounding": np.where(
            there, np.where(measures.units[rows.measure] == "count", 0.0, half), np.nan
        ),
        "count_rounding": np.nan,
        "status": text(there.astype(np.intp), ["not_available", ""]),
        "source_id": text(same, ["lait"]),
        "licence": text(same, [LICENCE]),
        "locator": pd.Series(pc.binary_join_element_wise("line", lines, " "), dtype="str"),
        "period_start": day("start"),
        "period_end": day("end"),
    }
    return pd.DataFrame({name: columns[name] for name in (*FIGURES, *DAYS)}, copy=False)


def _rounding(
    measure: NDArray[np.intp], count: int, value: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Half-width of the rounding: by the most decimals that a measure prints."""
    decimals = np.zeros(count, dtype=np.intp)
    finer = np.flatnonzero(~np.isnan(value))
    for places in (0, 1, 2, 3):
        scaled = value[finer] * 10.0**places
        finer = finer[np.abs(scaled - np.round(scaled)) > 1e-6]
        decimals[np.unique(measure[finer])] = places + 1
    half = np.where(decimals > 3, np.nan, 0.5 * 10.0 ** -np.minimum(decimals, 3))
    return cast("NDArray[np.float64]", half[measure])


def _area(name: str, code: float, register: Register) -> Area | str:
    """Return the area of a line, or why it has none."""
    unknown = f"No list of codes knows “{name[:60]}”, number {code:g}."
    if not 0 < code < 1000 or code % 1:
        return unknown
    if code >= FIRST_REGION:
        area = register.find(name)
        return area if area and area.type in {"country", "region"} else unknown
    area = register.find(f"{code:.0f}")
    if area is None:
        return unknown
    if fold(name) != fold(area.name) and area not in register.answering(name):
        return f"{code:.0f} is {area.name}, the line says {name[:60] or 'nothing'}."
    return area


YEAR = re.compile(r"(\d{4})(?:[-/](\d{2}|\d{4}))?(?: \((?:OT|Rev|Final|prov)\))?", re.ASCII)


def _period(label: str, mapped: tuple[Indicator, Mapping] | None) -> Period | str:
    """Return the period of a line, or why it has none."""
    if re.fullmatch(r"\d{4}/\d{2}-\d{2}/\d{2}", label, re.ASCII):  # several years together
        return Period(label, None, None)
    match = YEAR.fullmatch(label)
    if not match or not 1990 <= int(match[1]) <= 2100:
        return f"“{label[:40]}” is no year."
    first, last = int(match[1]), match[2]
    span = (int(last) - first) % 100 if last else 0
    if span > 1:
        return Period(f"{first}-{last}", None, None)
    plain = f"{first}/{last[-2:]}" if last else str(first)
    if not mapped:
        return Period(plain, None, None)
    mapping = mapped[1]
    if mapping.year == "academic" and not last:
        plain = f"{first - 1}/{first % 100:02}"
    ends = mapping.ends or ("08-31" if mapping.year == "academic" else "")
    return year_ending(plain, ends) if ends else Period(plain, None, None)
