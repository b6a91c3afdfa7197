"""The download of the Local Authority Interactive Tool: a long table of measures by their codes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kentstats.areas import Register
from kentstats.indicators import Mapping
from kentstats.ingest import figures
from kentstats.ingest.csv_files import Reading, damage_error, file_error
from kentstats.ingest.datasets import canonical
from kentstats.ingest.figures import LAIT_SYMBOLS, Source, look_up, name_fault, number
from kentstats.periods import Period, year_ending
from kentstats.schemas import DAYS

COLUMNS = ("Short Desc", "Years", "LA and Regions", "Values", "LA Number")
FIRST_REGION = 970  # numbers from here on are the tool's own: England and the regions
YEAR = re.compile(r"(\d{4})(?:[-/](\d{2}|\d{4}))?(?: \((?:OT|Rev|Final|prov)\))?", re.ASCII)


def read_lait(
    frame: pd.DataFrame, reading: Reading, register: Register, *, every: bool = False
) -> None:
    """Read the download of the tool; with `every`, also measures unknown to the catalogue."""
    reading.kind, reading.dataset = "Local Authority Interactive Tool", "lait"
    frame = frame.set_axis(canonical(frame.columns, COLUMNS), axis=1)[list(COLUMNS)]
    measures = list(frame["Short Desc"].unique())
    sources = {
        mapping.measure: (indicator, mapping)
        for indicator, mapping in figures.sources_of("lait")
        if mapping.measure in measures
    }
    if not every:
        count = f"{len(measures) - len(sources)} of {len(measures)} measures"
        reading.notes.append(f"{count} are not in the catalogue and were left out.")
        frame = frame[frame["Short Desc"].isin(list(sources))]
    reading.wanted = len(frame)
    rows = _look_up_rows(frame, sources, register, figures.indicator_keys(measures, "lait"))
    rows = _refuse_faulty(rows, reading)
    keys = rows[["indicator", "group", "area_code", "period"]]
    rows = rows.drop(figures.refuse_repeated(reading, keys, rows[["value"]]))
    reading.rows = reading.wanted - len({problem.line for problem in reading.refused})
    # by the most decimals that a measure prints; beyond three it is not known
    decimals = rows.groupby("measure")["decimals"].transform("max")
    rounding = (0.5 * 10.0**-decimals).where(decimals <= 3).mask(rows["unit"].eq("count"), 0.0)
    rows["rounding"] = rounding.where(rows["value"].notna())
    reading.facts = figures.tidy_figures([rows], "lait")


def read_parquet(path: Path) -> tuple[pd.DataFrame, Reading]:
    """Read a parquet file of the tool as text, but for numbers of areas that are numbers.

    The index of the frame is the line that a spreadsheet would give each row.
    """
    try:
        names = pq.read_schema(path).names
        wanted = canonical(names, COLUMNS)
        if missing := set(COLUMNS) - set(wanted):
            what = f"The parquet file has no column {', '.join(sorted(missing))}."
            remedy = "Known is the download of the Local Authority Interactive Tool."
            raise file_error(path, what, remedy)
        own = [names[wanted.index(name)] for name in COLUMNS]
        table = pq.read_table(path, columns=own).rename_columns(list(COLUMNS))
        table.validate(full=True)  # a damaged file may point beyond its texts
        columns: dict[str, Any] = {}
        for name in COLUMNS:
            column = table[name]
            if name == "LA Number" and pa.types.is_primitive(column.type):
                columns[name] = column.cast(pa.float64()).to_pandas()
            else:
                columns[name] = column.cast(pa.string()).to_pandas().fillna("").str.strip()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise damage_error(path, "parquet file", error) from None
    frame = pd.DataFrame(columns).set_axis(range(2, len(table) + 2))
    return frame, Reading(path, "", hashlib.sha256(path.read_bytes()).hexdigest())


def _look_up_rows(
    frame: pd.DataFrame, sources: dict[str, Source], register: Register, keys: dict[str, str]
) -> pd.DataFrame:
    """Find indicator, area, period and value of every row."""

    def indicator_row(measure: str) -> tuple[str, str, str]:
        if measure not in sources:
            return keys[measure], "", ""
        indicator, mapping = sources[measure]
        return indicator.id, mapping.group, indicator.unit

    def area_row(name: str, code: Any) -> tuple[str, str]:
        return _area_row(name, code, register)

    def period_row(measure: str, year: str) -> tuple[str, Any, Any]:
        period = _period(year, sources[measure][1] if measure in sources else None)
        return (period.label, period.start, period.end) if period else ("", None, None)

    found = [
        look_up(frame, ["Short Desc"], indicator_row, ["indicator", "group", "unit"]),
        look_up(frame, ["LA and Regions", "LA Number"], area_row, ["area_code", "area_fault"]),
        look_up(frame, ["Short Desc", "Years"], period_row, ["period", *DAYS]),
        figures.read_cells(frame["Values"], LAIT_SYMBOLS),
        frame.rename(columns={"Short Desc": "measure"}),
    ]
    return pd.concat(found, axis=1)


def _area_row(name: str, code: Any, register: Register) -> tuple[str, str]:
    """Return the code of the area of a line, or why it has none."""
    digits = number(code) if isinstance(code, str) else code
    digits = float("nan") if digits is None else digits
    unknown = f"No list of codes knows “{name[:60]}”, number {digits:g}."
    if digits >= FIRST_REGION:
        area = register.find(name)
        known = digits < 1000 and area and area.type in {"country", "region"}
        return (area.code, "") if area and known else ("", unknown)
    area = register.find(f"{digits:g}") if digits > 0 else None
    fault = name_fault(area, f"{digits:g}", name, register, unlisted=True) if area else unknown
    return (area.code, "") if area and not fault else ("", fault)


def _period(label: str, mapping: Mapping | None) -> Period | None:
    """Return the period of a line; None where it names no year."""
    if re.fullmatch(r"\d{4}/\d{2}-\d{2}/\d{2}", label, re.ASCII):  # several years together
        return Period(label, None, None)
    match = YEAR.fullmatch(label)
    if not match or not 1990 <= int(match[1]) <= 2100:
        return None
    first, last = int(match[1]), match[2]
    span = (int(last) - first) % 100 if last else 0
    if span > 1:
        return Period(f"{first}-{last}", None, None)
    year = f"{first}/{last[-2:]}" if last else str(first)
    if mapping is None:
        return Period(year, None, None)
    if mapping.year == "academic" and not last:
        year = f"{first - 1}/{first % 100:02}"
    ends = mapping.ends or ("08-31" if mapping.year == "academic" else "")
    return year_ending(year, ends) if ends else Period(year, None, None)


def _refuse_faulty(rows: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Refuse rows, each for its first fault."""
    impossible = rows["unit"].ne("") & rows["value"].lt(0)
    impossible |= rows["unit"].eq("percent") & rows["value"].gt(100)
    unreadable = rows["status"].eq(figures.UNREADABLE)
    faults = rows["area_fault"].copy()
    columns = pd.Series("LA Number", rows.index)
    for column, wrong, what in (
        ("Short Desc", rows["measure"].eq(""), "The line names no measure."),
        ("Years", rows["period"].eq(""), "“" + rows["Years"].str[:40] + "” is no year."),
        ("Values", unreadable, rows.loc[unreadable, "Values"].map(figures.cell_fault)),
        ("Values", impossible, figures.IMPOSSIBLE),
    ):
        new = faults.eq("") & wrong
        faults, columns = faults.mask(new, what), columns.mask(new, column)
    sound = faults.eq("")
    for line, column, what in zip(rows.index[~sound], columns[~sound], faults[~sound], strict=True):
        reading.refuse(line, column, what, "Ask the publisher.")
    return rows[sound]
