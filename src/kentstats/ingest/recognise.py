"""Recognise the kind of a publisher's file by its content, read it, and say what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from kentstats.areas import Register, load_areas
from kentstats.errors import Problem
from kentstats.ingest import lait, open_data
from kentstats.ingest.csv_files import Reading, counted, file_error, read_bytes, read_csv_file
from kentstats.ingest.datasets import plain, recognise
from kentstats.ingest.sfr_2010 import read_sfr_2010
from kentstats.ingest.workbooks import is_code_list, read_code_list, read_workbook

WITHOUT_FIGURES = {
    "metadata of an open data file": open_data.METADATA[:2],
    "dictionary of the interactive tool": ("measure code", "measure short", "polarity"),
}
"""Files that hold no figures, with their columns."""
MAX_LISTED = 8  # refused lines of a file; the report has all


def read_file(path: Path, *, every: bool = False, register: Register | None = None) -> Reading:
    """Read a CSV, parquet, xlsx or ods file of any of the known kinds; its name does not matter.

    With `every`, measures that the catalogue does not know are taken under
    names made from theirs. The register is that of the project at hand by default.
    """
    register = register or load_areas()
    raw = read_bytes(path)
    if raw.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return read_workbook(path, raw, register)
    if raw.startswith(b"PAR1"):  # which only the interactive tool publishes
        frame, reading = lait.read_parquet(path)
    else:
        frame, reading = read_csv_file(path, raw=raw)
    _read_table(frame, reading, register, every=every)
    return reading


def _read_table(frame: pd.DataFrame, reading: Reading, register: Register, *, every: bool) -> None:
    """Read a table by the columns it has."""
    header = list(frame.columns)
    names = {plain(name) for name in header}
    if names.issuperset(map(plain, open_data.TIME)):
        open_data.read_open_data(frame, reading, register, every=every)
    elif dataset := recognise(header, ["dfe2010"]):
        read_sfr_2010(frame, reading, register, dataset)
    elif recognise(header, ["lait"]):
        lait.read_lait(frame, reading, register, every=every)
    elif is_code_list(header):
        read_code_list(frame, reading)
    else:
        for kind, columns in WITHOUT_FIGURES.items():
            if names.issuperset(map(plain, columns)):
                reading.kind, reading.rows = kind, len(frame)
                reading.notes.append("It describes measures and holds no figures.")
                return
        what = f"The file is of no known kind; its columns begin {', '.join(header[:6])[:120]}."
        remedy = (
            "Known are open data files (time_period, time_identifier, geographic_level), the "
            "underlying data of 2010, the interactive tool's download, and code lists."
        )
        raise file_error(reading.path, what, remedy, 1)


def has_codes(path: Path) -> bool:
    """Tell whether a file is a list of codes, which others are read with; never fails."""
    try:
        with path.open("rb") as file:
            first = file.readline(10_000).decode("utf-8-sig", errors="replace")
    except OSError:
        return False
    return is_code_list(cell.strip().strip('"') for cell in first.split(","))


def describe_reading(reading: Reading) -> Iterator[str]:
    """Say what of a file was understood, left out and refused."""
    yield f"{reading.path.name}: {reading.kind}"
    yield f"  understood: {counted(reading.rows, 'line')}{_describe_rows(reading)}"
    for note in reading.notes:
        yield f"  note: {note}"
    for reason, lines in reading.left_out.items():
        shown = ", ".join(map(str, lines[:MAX_LISTED])) + (" …" if len(lines) > MAX_LISTED else "")
        word = "line" if len(lines) == 1 else "lines"
        yield f"  left out: {len(lines):,} {word}, {reason} ({word} {shown})"
    if reading.refused:
        yield f"  refused: {len(reading.refused):,}"
    for problem in reading.refused[:MAX_LISTED]:
        column = f", column {problem.column}" if problem.column else ""
        yield f"    line {problem.line}{column}: {problem.what} {problem.remedy}"
    if len(reading.refused) > MAX_LISTED:
        yield f"    … and {len(reading.refused) - MAX_LISTED:,} more; --report FILE lists them all"


def _describe_rows(reading: Reading) -> str:
    if reading.facts is not None:
        count = reading.facts["indicator"].nunique()
        return f"; {counted(len(reading.facts), 'figure')} of {counted(count, 'indicator')}"
    for name in ("neighbours", "judgements", "areas"):
        if rows := getattr(reading, name):
            return f"; {counted(len(rows), name[:-1])}"
    return ""


def refusals(problems: Sequence[Problem], readings: Sequence[Reading] = ()) -> str:
    """List every line refused or left out, as CSV with its place, reason and remedy."""
    rows = [
        (problem.file, problem.line, problem.column, "refused", problem.what, problem.remedy)
        for problem in (*problems, *(each for reading in readings for each in reading.refused))
    ]
    rows += [
        (reading.path.name, line, "", "left out", reason, "")
        for reading in readings
        for reason, lines in reading.left_out.items()
        for line in lines
    ]
    columns = ["file", "line", "column", "outcome", "what", "remedy"]
    return pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n")
