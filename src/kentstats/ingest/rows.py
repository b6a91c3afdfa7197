"""Read the project's own tables: every fault with file, line, column and remedy."""

from __future__ import annotations

import csv
import datetime as dt
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kentstats.errors import DataError, Problem, nearest
from kentstats.ingest.csv_files import USE_UTF_8, file_error, parse_csv, read_bytes

NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


class Faults:
    """The problems of one table of the project, gathered so that all are told at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def add(self, line: int, column: str, what: str, remedy: str) -> None:
        """Note one problem; `line` counts from 1, the header being line 1."""
        self.problems.append(Problem(str(self.path), line, column, what, remedy))

    def raise_any(self) -> None:
        """Raise a :class:`DataError` with every problem noted so far."""
        if self.problems:
            raise DataError(self.problems)


@dataclass(frozen=True)
class Row:
    """One line of a table of the project. Its methods read a cell, or note why they cannot."""

    line: int
    cells: dict[str, str]
    faults: Faults

    def text(self, column: str, *, required: bool = True) -> str:
        """Read the cell as text; an empty one is a fault if `required`."""
        text = self.cells[column].strip()
        if required and not text:
            self.faults.add(self.line, column, "The cell is empty.", "Fill it in.")
        return text

    def choice(self, column: str, known: Iterable[str]) -> str:
        """Read one of a closed set of words."""
        text, options = self.text(column), list(known)
        if text and text not in options:
            what = f"“{text}” is not known here."
            self.faults.add(self.line, column, what, nearest(text, options))
        return text

    def number(self, column: str, *, required: bool = True) -> float:
        """Read a plain decimal number, not negative; nan where it is empty."""
        text = self.text(column, required=required)
        if not text:
            return math.nan
        if not NUMBER.fullmatch(text):
            remedy = "Write digits with a point and nothing else, as in 1362 or 82.4."
            self.faults.add(self.line, column, f"“{text}” is no number.", remedy)
            return math.nan
        if text.startswith("-"):
            what = f"“{text}” is negative."
            self.faults.add(self.line, column, what, "Figures here are 0 or more.")
        return float(text)

    def integer(self, column: str, low: int, high: int, meaning: str) -> int:
        """Read a whole number from `low` to `high`; `low` where it is faulty."""
        text = self.text(column)
        if re.fullmatch(r"\d{1,9}", text) and low <= int(text) <= high:
            return int(text)
        if text:
            remedy = f"Give a whole number from {low} to {high}."
            self.faults.add(self.line, column, f"“{text}” is no {meaning}.", remedy)
        return low

    def date(self, column: str) -> dt.date | None:
        """Read a date as YYYY-MM-DD; None where the cell is empty."""
        text = self.text(column, required=False)
        if not text:
            return None
        try:
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
                raise ValueError(text)
            return dt.date.fromisoformat(text)
        except ValueError:
            remedy = "Write it as 2010-08-31, or leave it."
            self.faults.add(self.line, column, f"“{text}” is no date.", remedy)
            return None


def read_rows(path: Path, columns: Sequence[str]) -> tuple[list[Row], Faults]:
    """Read a table of the project: UTF-8, commas, and exactly these columns.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    columns : sequence of str
        The names its header must have, in any order.

    Returns
    -------
    rows : list of Row
        The lines below the header.
    faults : Faults
        Where the caller notes what it finds wrong; call ``raise_any`` last.

    Raises
    ------
    DataError
        The file is missing or empty, is not UTF-8, or its header is wrong.
        Faulty lines are told together with what the caller finds.
    """
    faults = Faults(path)
    raw = read_bytes(path, "Put it back in place.", "Put its table back in place.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        what = f"Byte {raw[error.start]:#04x} is not UTF-8."
        raise file_error(path, what, USE_UTF_8, line) from None
    header: list[str] = []
    rows: list[Row] = []
    for line, cells in parse_csv(text):
        if isinstance(cells, csv.Error):
            faults.add(line, "", f"The line is no CSV: {cells}.", "Close every double quote.")
            break
        if not header:
            header = [name.strip() for name in cells]
            _check_columns(header, columns, faults)
        elif len(cells) == len(header):
            rows.append(Row(line, dict(zip(header, cells, strict=True)), faults))
        elif cells:
            what = f"The line has {len(cells)} cells, the header {len(header)}."
            faults.add(line, "", what, "Put text that contains commas in double quotes.")
    return rows, faults


def _check_columns(header: list[str], columns: Sequence[str], faults: Faults) -> None:
    for name in columns:
        if name not in header:
            faults.add(1, name, "The column is missing.", f"The header is: {', '.join(columns)}.")
    for name in dict.fromkeys(header):
        if name not in columns:
            faults.add(1, name, "The column is not known here.", nearest(name, columns))
        elif header.count(name) > 1:
            faults.add(1, name, "The column occurs twice.", "Keep one of them.")
    faults.raise_any()
