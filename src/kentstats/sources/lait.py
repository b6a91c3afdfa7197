"""The download of the Local Authority Interactive Tool: one long table.

Half a million rows and more, every measure under its code. Work is done on
the different texts of a column, of which there are few, and the columns
themselves are only looked up.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from kentstats.areas import Area, Register, fold, load_areas
from kentstats.facts import FIGURES
from kentstats.indicators import Indicator, Mapping, load_indicators
from kentstats.periods import Period, year_ending
from kentstats.sources.frames import DAYS, slug
from kentstats.sources.known import LICENCE
from kentstats.sources.reading import Reading
from kentstats.sources.table import number, odd, read_table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

COLUMNS = ("Short Desc", "Years", "LA and Regions", "Values", "LA Number")
FIRST_REGION = 970
"""Numbers from here on are the tool's own: England and the regions."""


def read_lait(path: Path, *, every: bool = False) -> Reading:
    """Read the download of the tool, parquet or CSV.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    every : bool, default False
        Take every measure, and not only those that the catalogue knows.

    Returns
    -------
    Reading
        With ``facts``.
    """
    table, digest, reading = _table(path)
    reading.sha256 = digest
    measures = _dictionary(table, "Short Desc")
    known = _known(list(measures[1]))
    wanted = np.array([every or bool(known.get(text)) for text in measures[1]] or [False])
    chosen = np.flatnonzero(wanted[measures[0]])
    if not every:
        reading.notes.append(
            f"{len(measures[1]) - int(wanted.sum())} of {len(measures[1])} measures are not in the "
            "catalogue and were left out."
        )
    reading.facts = _facts(table, chosen, measures, known, reading)
    reading.rows = len(chosen)
    return reading


def _table(path: Path) -> tuple[pa.Table, str, Reading]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    reading = Reading(path, "Local Authority Interactive Tool", "", "lait")
    if path.read_bytes()[:4] == b"PAR1":
        table = pq.read_table(path, columns=list(COLUMNS), read_dictionary=list(COLUMNS[:4]))
        return table, hashlib.sha256(path.read_bytes()).hexdigest(), reading
    text = read_table(path)
    reading.notes, reading.refused = text.notes, text.refused
    columns = {name: pa.array(text.column(name)).dictionary_encode() for name in COLUMNS[:4]}
    numbers = [
        value if value is not None else None for value in map(number, text.column(COLUMNS[4]))
    ]
    return pa.table({**columns, COLUMNS[4]: pa.array(numbers, pa.float64())}), text.sha256, reading


def _dictionary(table: pa.Table, name: str) -> tuple[NDArray[np.intp], list[str]]:
    """Return codes and different texts of a column; a missing one is empty."""
    column = table[name].combine_chunks()
    if hasattr(column, "chunks"):  # one array out of one or of no chunks
        column = column.chunk(0) if column.num_chunks else column
    codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    texts = [str(text).strip() for text in column.dictionary.to_pylist()]
    return np.where(codes < 0, len(texts), codes), [*texts, ""]


def _known(measures: list[str]) -> dict[str, list[tuple[Indicator, Mapping]]]:
    known: dict[str, list[tuple[Indicator, Mapping]]] = {}
    for indicator in load_indicators().values():
        for mapping in indicator.sources:
            if mapping.data == "lait" and mapping.measure in measures:
                known.setdefault(mapping.measure, []).append((indicator, mapping))
    return known


def _facts(
    table: pa.Table,
    chosen: NDArray[np.intp],
    measures: tuple[NDArray[np.intp], list[str]],
    known: dict[str, list[tuple[Indicator, Mapping]]],
    reading: Reading,
) -> pd.DataFrame:

    register = load_areas()
    measure = measures[0][chosen]
    years, labels = _dictionary(table, "Years")
    values, texts = _dictionary(table, "Values")
    names, places = _dictionary(table, "LA and Regions")
    numbers = table["LA Number"].to_numpy()[chosen]
    year, value, name = years[chosen], values[chosen], names[chosen]
    lines = chosen + 2  # as a spreadsheet would number them, under a header

    area_key = name * 100_000 + np.nan_to_num(numbers, nan=0).astype(np.intp)
    _, first, area_at = np.unique(area_key, return_index=True, return_inverse=True)
    areas = [_area(places[name[row]], numbers[row], register) for row in first]
    period_key = measure * (len(labels) + 1) + year
    _, first_period, period_at = np.unique(period_key, return_index=True, return_inverse=True)
    periods = [
        _period(labels[year[row]], known.get(measures[1][measure[row]], [])) for row in first_period
    ]
    parsed = [number(text) for text in texts]
    figures = np.array([np.nan if one is None else float(f"{one:.10g}") for one in parsed])
    known_text = np.array(
        [one is not None or text in {"-", ""} for one, text in zip(parsed, texts, strict=True)]
    )
    sound_area = np.array([area is not None for area in areas] or [False])[area_at]
    sound_period = np.array([period is not None for period in periods] or [False])[period_at]
    sound = sound_area & sound_period & known_text[value]
    for row in np.flatnonzero(~sound):
        if not sound_area[row]:
            column, what = "LA Number", f"No list of codes knows “{places[name[row]]}”."
        elif not sound_period[row]:
            column, what = "Years", f"“{labels[year[row]]}” is no year."
        else:
            column, what = "Values", odd(texts[value[row]])
        reading.refuse(int(lines[row]), column, what, "Ask the publisher.")

    keep = np.flatnonzero(sound)
    frame = _columns(
        measure[keep],
        measures[1],
        known,
        [area for area in areas],
        area_at[keep],
        periods,
        period_at[keep],
        figures[value[keep]],
        lines[keep],
    )
    return _checked(frame, reading)


def _columns(
    measure: NDArray[np.intp],
    measures: list[str],
    known: dict[str, list[tuple[Indicator, Mapping]]],
    areas: list[Area | None],
    area_at: NDArray[np.intp],
    periods: list[Period | None],
    period_at: NDArray[np.intp],
    value: NDArray[np.float64],
    lines: NDArray[np.intp],
) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    def text(codes: NDArray[np.intp], words: list[str]) -> Any:
        array = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(words, pa.string()))
        return pd.Series(array.dictionary_decode(), dtype="str")

    mapped = [known.get(name, [(None, None)])[0] for name in measures]
    indicator = [
        one.id if one else slug(name) for (one, _), name in zip(mapped, measures, strict=True)
    ]
    group = [mapping.group if mapping else "" for _, mapping in mapped]
    count = [one is not None and one.unit == "count" for one, _ in mapped]
    there = ~np.isnan(value)
    half = _rounding(measure, len(measures), value)
    is_count = np.array(count)[measure]
    locator = pc.binary_join_element_wise("line", pc.cast(pa.array(lines), pa.string()), " ")
    empty = np.full(len(value), np.nan)
    days = {
        name: np.array(
            [
                np.datetime64(getattr(period, end) or "NaT", "ms")
                if period
                else np.datetime64("NaT", "ms")
                for period in periods
            ]
            or [np.datetime64("NaT", "ms")]
        )[period_at]
        for name, end in zip(DAYS, ("start", "end"), strict=True)
    }
    frame = pd.DataFrame(
        {
            "indicator": text(measure, indicator),
            "area_code": text(area_at, [area.code if area else "" for area in areas]),
            "period": text(period_at, [period.label if period else "" for period in periods]),
            "group": text(measure, group),
            "value": value,
            "numerator": empty,
            "denominator": empty,
            "rounding": np.where(there, np.where(is_count, 0.0, half), np.nan),
            "count_rounding": empty,
            "status": text(there.astype(np.intp), ["not_available", ""]),
            "source_id": text(np.zeros(len(value), dtype=np.intp), ["lait"]),
            "licence": text(np.zeros(len(value), dtype=np.intp), [LICENCE]),
            "locator": pd.Series(locator, dtype="str"),
            **days,
        }
    )
    return frame[[*FIGURES, *DAYS]]


def _rounding(
    measure: NDArray[np.intp], count: int, value: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Half-width of the rounding: by the most decimals that a measure prints."""
    decimals = np.zeros(count, dtype=np.intp)
    for places in (0, 1, 2, 3):
        scaled = value * 10.0**places
        finer = np.abs(scaled - np.round(scaled)) > 1e-6
        decimals = np.maximum(
            decimals,
            np.bincount(measure[finer], minlength=count).astype(bool) * (places + 1),
        )
    half = np.where(decimals > 3, np.nan, 0.5 * 10.0 ** -np.minimum(decimals, 3))
    return cast("NDArray[np.float64]", half[measure])


def _area(name: str, code: float, register: Register) -> Area | None:
    if np.isnan(code):
        return None
    digits = f"{code:.0f}"
    area = register.find(name) if code >= FIRST_REGION else register.find(digits)
    if area is None or area.type == "comparator_group":
        return None
    if code < FIRST_REGION and fold(name) != fold(area.name):
        # one number, another place: take it only where the list says so
        return area if area in register.answering(name) else None
    return area


YEAR = re.compile(r"(\d{4})(?:[-/](\d{2}|\d{4}))?(?: \((?:OT|Rev|Final|prov)\))?")


def _period(label: str, mapped: list[tuple[Indicator, Mapping]]) -> Period | None:
    if re.fullmatch(r"\d{4}/\d{2}-\d{2}/\d{2}", label):  # several years together
        return Period(label, None, None)
    match = YEAR.fullmatch(label)
    if not match or not 1990 <= int(match[1]) <= 2100:
        return None
    first, last = int(match[1]), match[2]
    span = (int(last) - first) % 100 if last else 0
    if span > 1:
        return Period(f"{first}-{last}", None, None)
    plain = f"{first}/{last[-2:]}" if last else str(first)
    if not mapped:
        return Period(plain, None, None)
    mapping = mapped[0][1]
    if mapping.year == "academic" and not last:
        plain = f"{first - 1}/{first % 100:02}"
    ends = mapping.ends or ("08-31" if mapping.year == "academic" else "")
    return year_ending(plain, ends) if ends else Period(plain, None, None)


def _checked(frame: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Refuse percentages over 100, counts below nought, and lines that occur twice."""
    catalogue = load_indicators()
    units = frame["indicator"].map({name: one.unit for name, one in catalogue.items()})
    wrong = (units.notna() & frame["value"].lt(0)) | (units.eq("percent") & frame["value"].gt(100))
    for locator in frame.loc[wrong, "locator"]:
        reading.refuse(
            int(locator.removeprefix("line ")),
            "Values",
            "The figure is negative, or over 100 per cent.",
            "Ask the publisher.",
        )
    frame = frame[~wrong]
    key = ["indicator", "area_code", "period", "group"]
    same = frame.duplicated([*key, "value", "status"])
    for locator in frame.loc[same, "locator"]:
        reading.leave_out("the same figure again", int(locator.removeprefix("line ")))
    frame = frame[~same]
    twice = frame.duplicated(key, keep=False)
    for locator in frame.loc[twice, "locator"]:
        reading.refuse(
            int(locator.removeprefix("line ")),
            "",
            "Two lines of one measure, place and year give different figures.",
            "Ask the publisher which is right; neither was taken.",
        )
    return frame[~twice].reset_index(drop=True)
