"""The Local Authority Interactive Tool: its download, and the dictionary of its measures.

The download is one long table of half a million rows, each measure under its
code. The dictionary holds no figures.
"""

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
from kentstats.ingest.csv_files import (
    LAIT_SYMBOLS,
    UNREADABLE,
    Reading,
    cell_fault,
    number,
    read_cells,
)
from kentstats.ingest.datasets import canonical, plain
from kentstats.ingest.figures import (
    Source,
    find_repeated,
    indicator_keys,
    look_up,
    name_fault,
    sources_of,
    tidy_figures,
)
from kentstats.periods import Period, year_ending
from kentstats.schemas import DAYS

COLUMNS = ("Short Desc", "Years", "LA and Regions", "Values", "LA Number")
FIRST_REGION = 970
"""Numbers from here on are the tool's own: England and the regions."""
DICTIONARY_COLUMNS = {"measure code", "measure short", "polarity", "year type"}
POLARITIES = {"high": "high", "low": "low"}
"""Polarities of the tool; any other mark means that there is none."""
YEAR = re.compile(r"(\d{4})(?:[-/](\d{2}|\d{4}))?(?: \((?:OT|Rev|Final|prov)\))?", re.ASCII)


def read_lait(
    frame: pd.DataFrame, reading: Reading, register: Register, *, every: bool = False
) -> None:
    """Read the download of the tool into a reading.

    With `every`, every measure is taken, and not only those that the
    catalogue knows.
    """
    reading.kind, reading.dataset = "Local Authority Interactive Tool", "lait"
    frame = frame.set_axis(canonical(frame.columns, COLUMNS), axis=1)[list(COLUMNS)]
    measures = list(frame["Short Desc"].unique())
    sources = {
        mapping.measure: (indicator, mapping)
        for indicator, mapping in sources_of("lait")
        if mapping.measure in measures
    }
    if not every:
        reading.notes.append(
            f"{len(measures) - len(sources)} of {len(measures)} measures are not in the "
            "catalogue and were left out."
        )
        frame = frame[frame["Short Desc"].isin(list(sources))]
    reading.wanted = len(frame)
    rows = _look_up_rows(frame, sources, register, indicator_keys(measures, "lait"))
    rows = _refuse_repeated(_refuse_faulty(rows, reading), reading)
    reading.rows = reading.wanted - len({problem.line for problem in reading.refused})
    # by the most decimals that a measure prints; beyond three it is not known
    decimals = rows.groupby("measure")["decimals"].transform("max")
    rounding = (0.5 * 10.0**-decimals).where(decimals <= 3).mask(rows["unit"].eq("count"), 0.0)
    rows["rounding"] = rounding.where(rows["value"].notna())
    reading.facts = tidy_figures([rows], "lait")


def read_parquet(path: Path) -> tuple[pd.DataFrame, Reading]:
    """Read a parquet file of the tool as text, but for numbers of areas that are numbers.

    Returns
    -------
    frame : pandas.DataFrame
        The columns :data:`COLUMNS`; the index is the line that a spreadsheet
        would give each row below a header.
    reading : Reading
        With the checksum of the file.

    Raises
    ------
    pyarrow.ArrowException, OSError
        The file is damaged.
    """
    names = pq.read_schema(path).names
    wanted = canonical(names, COLUMNS)
    own = [names[wanted.index(name)] for name in COLUMNS]
    table = pq.read_table(path, columns=own).rename_columns(list(COLUMNS))
    table.validate(full=True)  # a damaged file may point beyond its texts
    columns: dict[str, Any] = {}
    for name in COLUMNS:
        column = table[name]
        if name == "LA Number" and (
            pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
        ):
            columns[name] = column.cast(pa.float64()).to_pandas()
        else:
            columns[name] = column.cast(pa.string()).to_pandas().fillna("").str.strip()
    frame = pd.DataFrame(columns).set_axis(range(2, len(table) + 2))
    return frame, Reading(path, "", hashlib.sha256(path.read_bytes()).hexdigest())


def _look_up_rows(
    frame: pd.DataFrame,
    sources: dict[str, Source],
    register: Register,
    keys: dict[str, str],
) -> pd.DataFrame:
    """Find indicator, area, period and value of every row."""

    def indicator_row(measure: str) -> tuple[str, str, str, str]:
        if measure not in sources:
            fault = "" if measure else "The line names no measure."
            return keys[measure], "", "", fault
        indicator, mapping = sources[measure]
        return indicator.id, mapping.group, indicator.unit, ""

    def area_row(name: str, code: Any) -> tuple[str, str]:
        return _area_row(name, code, register)

    def period_row(measure: str, year: str) -> tuple[str, Any, Any, str]:
        period = _period(year, sources[measure][1] if measure in sources else None)
        if period is None:
            return "", None, None, f"“{year[:40]}” is no year."
        return period.label, period.start, period.end, ""

    names = ["indicator", "group", "unit", "measure_fault"]
    found = [
        look_up(frame, ["Short Desc"], indicator_row, names),
        look_up(frame, ["LA and Regions", "LA Number"], area_row, ["area_code", "area_fault"]),
        look_up(frame, ["Short Desc", "Years"], period_row, ["period", *DAYS, "period_fault"]),
        read_cells(frame["Values"], LAIT_SYMBOLS),
        frame.rename(columns={"Short Desc": "measure"}),
    ]
    return pd.concat(found, axis=1)


def _area_row(name: str, code: Any, register: Register) -> tuple[str, str]:
    """Return the code of the area of a line, or why it has none."""
    digits = number(code) if isinstance(code, str) else code
    digits = float("nan") if digits is None else digits
    unknown = "", f"No list of codes knows “{name[:60]}”, number {digits:g}."
    if not 0 < digits < 1000 or digits % 1:
        return unknown
    if digits >= FIRST_REGION:
        area = register.find(name)
        return (area.code, "") if area and area.type in {"country", "region"} else unknown
    area = register.find(f"{digits:.0f}")
    if area is None:
        return unknown
    fault = name_fault(area, f"{digits:.0f}", name, register, unlisted=True)
    return "" if fault else area.code, fault


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
    unreadable = rows["status"].eq(UNREADABLE)
    impossible = rows["unit"].ne("") & rows["value"].lt(0)
    impossible |= rows["unit"].eq("percent") & rows["value"].gt(100)
    refused = pd.Series(data=False, index=rows.index)
    for column, faults in (
        ("Short Desc", rows["measure_fault"]),
        ("LA Number", rows["area_fault"]),
        ("Years", rows["period_fault"]),
        ("Values", rows.loc[unreadable, "Values"].map(cell_fault)),
        (
            "Values",
            impossible[impossible].map({True: "The figure is negative, or over 100 per cent."}),
        ),
    ):
        new = faults[faults.ne("") & ~refused[faults.index]]
        for line, what in new.items():
            reading.refuse(line, column, what, "Ask the publisher.")
        refused[new.index] = True
    return rows[~refused]


def _refuse_repeated(rows: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Take a figure that occurs twice once; refuse two that differ."""
    keys = rows[["indicator", "group", "area_code", "period"]]
    conflicting, repeated = find_repeated(keys, rows[["value"]])
    what = "Two lines of one measure, place and year give different figures."
    remedy = "Ask the publisher which is right; neither was taken."
    for line in conflicting:
        reading.refuse(line, "", what, remedy)
    for line in repeated:
        reading.leave_out("the same figure again", line)
    return rows.drop(conflicting.union(repeated))


def is_dictionary(header: Any) -> bool:
    """Tell whether a header is that of the dictionary of the tool."""
    return {plain(name) for name in header} >= DICTIONARY_COLUMNS


def read_dictionary(frame: pd.DataFrame, reading: Reading) -> None:
    """Compare the dictionary of the tool with the catalogue of indicators.

    Where the two see the polarity of a measure otherwise, the catalogue has a
    reason in its caveats, and whoever ingests the dictionary should know. The
    notes of the reading name the measures of the catalogue that the tool does
    not describe, or whose polarity differs.
    """
    reading.kind, reading.rows = "dictionary of the interactive tool", len(frame)
    reading.notes.append("It describes measures and holds no figures.")
    frame = frame.set_axis([plain(name) for name in frame.columns], axis=1)
    polarities = dict(zip(frame["measure short"], frame["polarity"].str.casefold(), strict=True))
    absent, other = [], []
    for indicator, mapping in sources_of("lait"):
        if mapping.measure not in polarities:
            absent.append(f"{indicator.id} ({mapping.measure})")
            continue
        theirs = POLARITIES.get(polarities[mapping.measure], "none")
        if theirs != indicator.polarity:
            other.append(f"{indicator.id} ({theirs}, here {indicator.polarity})")
    if absent:
        reading.notes.append(f"It does not describe: {', '.join(absent)}.")
    if other:
        reading.notes.append(f"It sees the polarity otherwise of: {', '.join(other)}.")
