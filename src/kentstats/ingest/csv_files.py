"""Read CSV files, publishers' and the project's own: every fault with its line and remedy.

A fault of the file as a whole (a web page saved as CSV, a wrong delimiter) is
an error. A faulty line is refused, and the rest is read.
``pandas.read_csv`` cannot do this: it does not tell on which line a row begins
where cells span lines, and fills short rows with missing values.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.errors import DataError, Problem, nearest
from kentstats.ingest.datasets import plain

if TYPE_CHECKING:
    import pandas as pd

NOT_TABLES = (b"<", b"{", b"[", b"%PDF", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf")
"""How web pages, XML, JSON, PDFs and compressed files begin."""
UNNAMED = "Unnamed: "  # for columns without a name, as in pandas
NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
GIVE_UTF_8 = "Give a CSV file with the encoding UTF-8."


@dataclass
class Reading:
    """The outcome of reading one publisher's file.

    ``kind`` says what it is, ``dataset`` is empty where it is no known one. ``notes``
    tell of oddities that were overcome. ``facts`` have the columns of
    :data:`kentstats.schemas.FIGURES` and :data:`kentstats.schemas.DAYS`. ``rows`` were
    understood; ``wanted`` figures were looked for, refused ones included.
    """

    path: Path
    kind: str
    sha256: str
    dataset: str = ""
    notes: list[str] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    left_out: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    facts: pd.DataFrame | None = None
    neighbours: list[dict[str, Any]] = field(default_factory=list)
    judgements: list[dict[str, Any]] = field(default_factory=list)
    areas: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    wanted: int = 0

    def refuse(self, line: Any, column: str, what: str, remedy: str) -> None:
        """Note that a line, or a cell of it, breaks the contract."""
        self.refused.append(Problem(self.path.name, int(line), column, what, remedy))

    def leave_out(self, reason: str, lines: Iterable[Any]) -> None:
        """Note that sound lines are not wanted."""
        if numbers := [int(line) for line in lines]:
            self.left_out[reason] += numbers


def counted(number: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def file_error(path: Path, what: str, remedy: str, line: int = 0) -> DataError:
    """Return the error of a file that cannot be read at all."""
    return DataError([Problem(str(path), int(line), "", what, remedy)])


def damage_error(path: Path, kind: str, error: BaseException) -> DataError:
    """Return the error of a file that a library cannot read, with the first line of its reason."""
    lines = str(error).splitlines() or [""]
    what = f"The file is damaged, or no {kind}: {lines[0][:120].rstrip('. ')}."
    return file_error(path, what, "Download it again; unpack an archive, and give its files.")


def read_bytes(path: Path) -> bytes:
    """Return the content of a file; raise an error where it is missing, empty or no table."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        what = f"The file cannot be read: {error.strerror}."
        raise file_error(path, what, "Give the path of a file.") from None
    beginning = raw[:4000].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not beginning:
        raise file_error(path, "The file is empty.", "Download or restore it.")
    if beginning.startswith(NOT_TABLES):
        what = "The file is a web page, XML, JSON, a PDF or compressed, not a table."
        raise file_error(path, what, "Download the data itself as CSV, or unpack it first.", 1)
    return raw


def read_csv_file(path: Path, *, raw: bytes | None = None) -> tuple[pd.DataFrame, Reading]:
    """Read a publisher's comma-separated file as text; `raw` is its content, if read already.

    The index of the frame is the line on which each row begins, the header
    being line 1. Columns without a name are called ``Unnamed: 1`` and so on.
    """
    import pandas as pd  # here, so that commands that only print a table start quickly

    raw = read_bytes(path) if raw is None else raw
    text, notes = _decode(path, raw)
    reading = Reading(path, "", hashlib.sha256(raw).hexdigest(), notes=notes)
    header, rows = _read_lines(path, text, reading.refuse)
    if not rows and not reading.refused:
        raise file_error(path, "The file has nothing below its header.", "Download it again.", 1)
    if not text.rstrip(" ,").endswith(("\n", "\r")):
        last = max([*rows, *(problem.line for problem in reading.refused)])
        if rows.pop(last, None) is None:
            what = "The file is cut off in its last line."
            raise file_error(path, what, "Download the file again.", last)
        what = "The last line has no line end, so its last cell may have been cut off."
        remedy = "Download the file again; add a line end if it is whole."
        reading.refuse(last, header[-1], what, remedy)
    columns = [name or f"{UNNAMED}{at}" for at, name in enumerate(header, 1)]
    index = pd.Index(list(rows), dtype="int64", name="line")
    return pd.DataFrame(list(rows.values()), index=index, columns=columns, dtype=object), reading


def read_rows(path: Path, columns: Sequence[str]) -> tuple[list[Row], Faults]:
    """Read a table of the project, whose header must have exactly these columns.

    The caller notes what it finds wrong in the faults, and calls ``raise_any`` last.
    """
    faults = Faults(path)
    text, _ = _decode(path, read_bytes(path))
    # edited by hand, a table may lack the end of its last line
    header, lines = _read_lines(path, f"{text}\n", faults.add)
    for name in columns:
        if name not in header:
            faults.add(1, name, "The column is missing.", f"The header is: {', '.join(columns)}.")
    for name in header:
        if name not in columns:
            faults.add(1, name, "The column is not known here.", nearest(name, columns))
    if set(header) != set(columns):
        faults.raise_any()
    rows = [Row(at, dict(zip(header, cells, strict=True)), faults) for at, cells in lines.items()]
    return rows, faults


def _decode(path: Path, raw: bytes) -> tuple[str, list[str]]:
    """Return the text of a file, and notes on its encoding."""
    encoding, notes = "utf-8", []
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding, notes = "utf-16", ["The file is UTF-16; it was read as such."]
    elif raw.startswith(b"\xef\xbb\xbf"):
        raw, notes = raw[3:], ["The file begins with a byte order mark."]
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = len((raw[: error.start] + b".").splitlines())
        byte = f"Byte {raw[error.start]:#04x}"
        if notes or not raw[: error.start].isascii():
            what = f"{byte} is not {encoding.upper()}, as the rest of the file is."
            raise file_error(path, what, "Download the file again.", line) from None
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError:
            what = f"{byte} is neither UTF-8 nor Windows-1252."
            raise file_error(path, what, GIVE_UTF_8, line) from None
        notes = [f"Line {line} is not UTF-8; the file was read as Windows-1252."]
    if "\x00" in text:  # a file of another kind, or in another encoding
        line = len((text.partition("\x00")[0] + ".").splitlines())
        raise file_error(path, "The file holds a character of value nought.", GIVE_UTF_8, line)
    return text, notes


def _read_lines(
    path: Path, text: str, refuse: Callable[[int, str, str, str], None]
) -> tuple[list[str], dict[int, list[str]]]:
    """Return the header of a CSV file, and its other rows by the line on which each begins."""
    # strict: an unclosed quote would otherwise swallow the rest of the file
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    rows: dict[int, list[str]] = {}
    remedy = "Put text with commas in double quotes and close each, or download the file again."
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return header, rows
        except csv.Error as error:
            what = f"The line is no CSV: {error}."
            if not header or "unexpected end" in str(error):  # a quote that is never closed
                raise file_error(path, what, remedy, line) from None
            refuse(line, "", what, remedy)
            continue
        if not header:
            _check_header(path, cells)
            header = cells
        elif not any(cells):
            continue
        elif len(cells) == len(header):
            rows[line] = cells
        else:
            what = f"The line has {counted(len(cells), 'cell')}, the header {len(header)}."
            refuse(line, "", what, remedy)


def _check_header(path: Path, header: Sequence[str]) -> None:
    if len(header) < 2:
        what = "The first line has one cell only: the columns are not separated by commas."
        raise file_error(path, what, "Save a table as CSV, with commas between the columns.", 1)
    counts = Counter(map(plain, header))
    if twice := [name for name in header if name and counts[plain(name)] > 1]:
        what = f"The header names a column twice: {', '.join(twice[:4])[:200]}."
        raise file_error(path, what, "Keep one of each, or rename the others.", 1)


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
        text = self.cells[column]
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
            return dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007
        except ValueError:
            remedy = "Write it as 2010-08-31, or leave it."
            self.faults.add(self.line, column, f"“{text}” is no date.", remedy)
            return None
