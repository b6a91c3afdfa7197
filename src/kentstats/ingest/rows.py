"""A strict reader of CSV files: every fault with file, line, column, remedy."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kentstats.errors import DataError, Problem, nearest

NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


class Faults:
    """The problems of one file, gathered so that all are told at once."""

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
    """One line of a file. Its methods read a cell, or note why they cannot."""

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
        text = self.text(column)
        options = list(known)
        if text and text not in options:
            self.faults.add(
                self.line, column, f"“{text}” is not known here.", nearest(text, options)
            )
        return text

    def number(self, column: str, *, required: bool = True) -> float:
        """Read a plain decimal number, not negative; nan where it is empty."""
        text = self.text(column, required=required)
        if not text:
            return math.nan
        if not NUMBER.fullmatch(text):
            self.faults.add(
                self.line,
                column,
                f"“{text}” is no number.",
                "Write digits with a point and nothing else, as in 1362 or 82.4.",
            )
            return math.nan
        if text.startswith("-"):
            self.faults.add(
                self.line, column, f"“{text}” is negative.", "Figures here are 0 or more."
            )
        return float(text)

    def integer(self, column: str, low: int, high: int, meaning: str) -> int:
        """Read a whole number from `low` to `high`; `low` where it is faulty."""
        text = self.text(column)
        if re.fullmatch(r"\d{1,9}", text) and low <= int(text) <= high:
            return int(text)
        if text:
            self.faults.add(
                self.line,
                column,
                f"“{text}” is no {meaning}.",
                f"Give a whole number from {low} to {high}.",
            )
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
            self.faults.add(
                self.line, column, f"“{text}” is no date.", "Write it as 2010-08-31, or leave it."
            )
            return None


def read_rows(path: Path, columns: Sequence[str]) -> tuple[list[Row], Faults]:
    """Read a UTF-8, comma-separated file with exactly these columns.

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
        The file is missing or empty, is not UTF-8, or lacks a column: then
        its lines cannot be read at all. All faulty lines are told together.
    """
    faults = Faults(path)
    text = _decode(path, faults)
    # strict: an unclosed quote would otherwise swallow the rest of the file
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[Row] = []
    line = 1  # where the row that is being read begins
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, columns, faults)
        line = reader.line_num + 1
        for cells in reader:
            if len(cells) == len(header):
                rows.append(Row(line, dict(zip(header, cells, strict=True)), faults))
            elif cells:
                faults.add(
                    line,
                    "",
                    f"The line has {len(cells)} cells, the header {len(header)}.",
                    "Put text that contains commas in double quotes.",
                )
            line = reader.line_num + 1
    except csv.Error as error:
        faults.add(line, "", f"The line is no CSV: {error}.", "Close every double quote.")
    return rows, faults


def _decode(path: Path, faults: Faults) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        faults.add(0, "", f"The file cannot be read: {error.strerror}.", "Put it back in place.")
        raise DataError(faults.problems) from None
    if not raw.strip():
        faults.add(0, "", "The file is empty.", "Put its table back in place.")
        faults.raise_any()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.add(
            raw.count(b"\n", 0, error.start) + 1,
            "",
            f"Byte {raw[error.start]:#04x} is not UTF-8.",
            "Save the file with the encoding UTF-8.",
        )
        raise DataError(faults.problems) from None


def _check_header(header: list[str], columns: Sequence[str], faults: Faults) -> None:
    for name in columns:
        if name not in header:
            faults.add(1, name, "The column is missing.", f"The header is: {', '.join(columns)}.")
    for name in dict.fromkeys(header):
        if name not in columns:
            faults.add(1, name, "The column is not known here.", nearest(name, columns))
        elif header.count(name) > 1:
            faults.add(1, name, "The column occurs twice.", "Keep one of them.")
    faults.raise_any()
