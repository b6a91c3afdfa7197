"""Read publishers' CSV files, and report every fault with its line and remedy.

A fault of the file as a whole (a web page saved as CSV, a wrong delimiter) is
an error. A faulty line is refused, and the rest is read.

``pandas.read_csv`` cannot do this: it does not tell on which line a row begins
where cells span lines, and fills short rows with missing values.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.errors import DataError, Problem
from kentstats.ingest.datasets import plain

if TYPE_CHECKING:
    import pandas as pd

MAX_CELL_LENGTH = 32_767
"""The longest cell that a spreadsheet can hold."""
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
USE_UTF_8 = "Save the file with the encoding UTF-8."
MARKUP = {
    "<?xml": ("The file is XML, not a table.", "Download the data set as CSV."),
    "<": (
        "The file is a web page, not a table.",
        "Download the data itself; the link may need to be followed once more.",
    ),
    "{": ("The file is JSON, not a table.", "Download the data set as CSV."),
    "[": ("The file is JSON, not a table.", "Download the data set as CSV."),
}
"""How files begin that are not tables, with the fault and the remedy."""


EES_SYMBOLS = {
    "c": "suppressed",
    "z": "not_applicable",
    "x": "not_available",
    "k": "rounds_to_zero",
    "low": "rounds_to_zero",
    "u": "unreliable",
    # older files
    "~": "rounds_to_zero",
    ":": "not_available",
    ".": "not_applicable",
    "": "not_available",
}
"""Symbols of the open data standard and of files older than it."""
SFR_SYMBOLS = {"x": "suppressed", "": "not_available", ".": "not_applicable"}
"""Symbols of the statistical first releases of 2010."""
LAIT_SYMBOLS = {"-": "not_available", "": "not_available"}
"""The interactive tool has one symbol for every kind of missing figure."""

UNREADABLE = "unreadable"
"""Status of a cell that is neither a number nor a known symbol; its row is refused."""
MAX_DIGITS = 40
"""The longest number; spreadsheets write no more than 25 characters."""
NUMBER = re.compile(r"[-−]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?(e[-+]?[0-9]{1,3})?", re.I)


@dataclass
class Reading:
    """The outcome of reading one publisher's file.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    kind : str
        What the file was recognised as, in words.
    sha256 : str
        Its checksum.
    dataset : str
        Key of the data set, empty where there is none.
    notes : list of str
        Oddities of the file that were overcome.
    refused : list of Problem
        Lines and cells that break the contract, each with its reason.
    left_out : dict of str to list of int
        Reasons for which sound lines were not wanted, with the lines.
    facts : pandas.DataFrame or None
        Figures in the columns of :data:`kentstats.schemas.FIGURES` and
        :data:`kentstats.schemas.DAYS`.
    neighbours, judgements, areas : list of dict
        Rows of the other tables.
    rows : int
        Number of rows that were understood.
    wanted : int
        Number of figures that were looked for, refused ones included.
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

    def leave_out(self, reason: str, line: Any) -> None:
        """Note that a sound line is not wanted."""
        self.left_out[reason].append(int(line))


def counted(number: int, noun: str) -> str:
    """Return a number with its noun in the singular or plural.

    Examples
    --------
    >>> counted(1, "line"), counted(2_132, "line")
    ('1 line', '2,132 lines')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def file_error(path: Path, what: str, remedy: str, line: int = 0) -> DataError:
    """Return the error of a file that cannot be read at all."""
    return DataError([Problem(str(path), int(line), "", what, remedy)])


def read_bytes(
    path: Path, missing: str = "Give the path of a file.", empty: str = "Download it again."
) -> bytes:
    """Return the content of a file; an error with a remedy where it is missing or empty."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise file_error(path, f"The file cannot be read: {error.strerror}.", missing) from None
    if not raw.strip():
        raise file_error(path, "The file is empty.", empty)
    return raw


def parse_csv(text: str) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Yield the line on which each row begins, with its cells or the error in it."""
    # strict: an unclosed quote would otherwise swallow the rest of the file
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        row: list[str] | csv.Error
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            row = error
        yield line, row
        line = reader.line_num + 1


def read_csv_file(path: Path, *, raw: bytes | None = None) -> tuple[pd.DataFrame, Reading]:
    """Read a publisher's comma-separated file as text.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    raw : bytes, optional
        Its content, where it has been read already.

    Returns
    -------
    frame : pandas.DataFrame
        The cells without spaces around them. The index, ``line``, is the line
        on which each row begins; the header is line 1. Columns without a name
        are called ``Unnamed: 1`` and so on.
    reading : Reading
        With checksum, notes, and the lines that were refused.

    Raises
    ------
    DataError
        The file is missing, empty, no text, a web page, cut off, or
        separated by something other than commas, or its header names a
        column twice.
    """
    import pandas as pd  # here, so that commands that only print a table start quickly

    raw = read_bytes(path) if raw is None else raw
    text, notes = _decode(path, raw)
    reading = Reading(path, "", hashlib.sha256(raw).hexdigest(), notes=notes)
    _check_markup(path, text)
    rows = parse_csv(text)
    _, first = next(rows)
    if isinstance(first, csv.Error):
        raise file_error(path, "The first line is no header.", "Download the file again.", 1)
    header = [name.strip() for name in first]
    _check_header(path, header, text)
    sound = _sound_rows(reading, header, rows, text)
    if not sound and not reading.refused:
        what = "The file has a header and nothing below it."
        raise file_error(path, what, "Download it again.", 1)
    columns = [name or f"{UNNAMED}{at}" for at, name in enumerate(header, 1)]
    index = pd.Index(list(sound), dtype="int64", name="line")
    return pd.DataFrame(list(sound.values()), index=index, columns=columns, dtype=object), reading


UNNAMED = "Unnamed: "
"""How the names begin that columns without a name are given, as in pandas."""


def _sound_rows(
    reading: Reading,
    header: list[str],
    rows: Iterator[tuple[int, list[str] | csv.Error]],
    text: str,
) -> dict[int, list[str]]:
    """Return the rows that can be read, by line; refuse the others."""
    whole = text.endswith(("\n", "\r"))
    has_null = "\x00" in text
    sound: dict[int, list[str]] = {}
    line, last = 0, [""]
    for at, row in rows:
        if isinstance(row, csv.Error):
            _refuse_error(reading, at, str(row), whole=whole)
            continue
        line, last = at, row
        cells = [cell.strip() for cell in row]
        if what := _row_fault(row, cells, header, has_null=has_null):
            reading.refuse(at, "", *what)
        elif len(cells) == len(header):
            sound[at] = cells
    if not whole:
        _check_last_row(reading, header, line, last, sound)
    return sound


def _row_fault(
    row: list[str], cells: list[str], header: list[str], *, has_null: bool
) -> tuple[str, str] | None:
    """Return fault and remedy of a row; None for a sound or an empty one."""
    if len(row) != len(header):
        if not any(cells):
            return None
        return (
            f"The line has {len(row)} cells, the header {len(header)}.",
            "Put text that contains commas in double quotes, or download the file again.",
        )
    if max(map(len, row)) > MAX_CELL_LENGTH:
        return f"A cell has over {MAX_CELL_LENGTH:,} characters.", "Look at the file."
    if has_null and any("\x00" in cell for cell in row):
        return "The line holds a character of value nought.", "Download the file again."
    if cells == header:
        return "The header stands here again.", "Take the line out."
    return None


def _refuse_error(reading: Reading, line: int, error: str, *, whole: bool) -> None:
    """Refuse a line that is no CSV; an open quote has swallowed the rest of the file."""
    if "unexpected end" in error:
        what = "A double quote opens here that is never closed, so the rest of the file is lost."
        if not whole:
            what = f"The file is cut off: {what[0].lower()}{what[1:]}"
        raise file_error(reading.path, what, "Download the file again.", line)
    if "limit" in error:
        error = f"a cell has over {csv.field_size_limit():,} characters"
    reading.refuse(line, "", f"The line is no CSV: {error}.", "Download the file again.")


def _check_last_row(
    reading: Reading, header: list[str], line: int, row: list[str], sound: dict[int, list[str]]
) -> None:
    """Refuse a last row without a line end: it may have been cut off."""
    if line and len(row) < len(header):
        raise file_error(
            reading.path,
            f"The file is cut off: its last line has {len(row)} cells, the header {len(header)}.",
            "Download the file again.",
            line,
        )
    if sound.pop(line, None):
        reading.refuse(
            line,
            header[-1],
            "The last line has no line end, so its last cell may have been cut off.",
            "Download the file again; add a line end if it is whole.",
        )


def _decode(path: Path, raw: bytes) -> tuple[str, list[str]]:
    """Return the text of a file, and notes on its encoding."""
    if raw.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise file_error(path, "The file is UTF-32.", USE_UTF_8, 1)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16"), ["The file is UTF-16; it was read as such."]
        except UnicodeDecodeError:
            what = "The file begins as UTF-16 and does not go on so."
            raise file_error(path, what, "Download it again.") from None
    if b"\x00" in raw[:4096]:
        if raw[1:200:2].count(0) > 80 or raw[:200:2].count(0) > 80:
            what = "The file looks like UTF-16 without a mark that says so."
            raise file_error(path, what, USE_UTF_8, 1)
        remedy = "Give a CSV file, or unpack an archive first."
        raise file_error(path, "The file is no text.", remedy)
    marked = raw.startswith(b"\xef\xbb\xbf")
    notes = ["The file begins with a byte order mark."] if marked else []
    try:
        return raw.decode("utf-8-sig"), notes
    except UnicodeDecodeError as error:
        start = error.start + 3 * marked
        line = len((raw[:start] + b".").splitlines())
        byte = f"Byte {raw[start]:#04x}"
        if marked or _is_mostly_utf_8(raw):
            what = f"{byte} is not UTF-8, as the rest of the file is."
            raise file_error(path, what, "Download the file again.", line) from None
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError:
            what = f"{byte} is neither UTF-8 nor Windows-1252."
            raise file_error(path, what, USE_UTF_8, line) from None
        return text, [f"Line {line} is not UTF-8; the file was read as Windows-1252."]


def _is_mostly_utf_8(raw: bytes) -> bool:
    """Tell a damaged UTF-8 file, which has valid characters too, from another encoding."""
    text = raw.decode("utf-8", errors="surrogateescape")
    invalid = sum("\udc80" <= char <= "\udcff" for char in text)
    return sum(char > "\x7f" for char in text) > 2 * invalid


def _check_markup(path: Path, text: str) -> None:
    start = text[:2000].lstrip().casefold()
    if "<html" in start[:400]:  # after a declaration, or a comment
        raise file_error(path, *MARKUP["<"], 1)
    for beginning, fault in MARKUP.items():
        if start.startswith(beginning):
            raise file_error(path, *fault, 1)


def _check_header(path: Path, header: Sequence[str], text: str) -> None:
    first = text[:4000].splitlines()[0]
    for mark, name in DELIMITERS.items():
        if first.count(mark) > first.count(","):
            what = f"The columns are separated by {name}."
            raise file_error(path, what, "Save the file with commas between the columns.", 1)
    if len(header) < 2:
        what = "The first line has one cell only."
        raise file_error(path, what, "Give a table with a header.", 1)
    counts = Counter(plain(name) for name in header if name)
    if twice := [name for name in header if counts[plain(name)] > 1]:
        what = f"The header names a column twice: {', '.join(twice[:4])[:200]}."
        raise file_error(path, what, "Keep one of each, or rename the others.", 1)


def number(text: str) -> float | None:
    """Return the number in a cell, thousands separated by commas or not.

    Examples
    --------
    >>> number("1,362"), number("82.40"), number("1,36"), number("=1+1")
    (1362.0, 82.4, None, None)
    """
    if len(text) > MAX_DIGITS or not NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", "").replace("−", "-"))
    return value if math.isfinite(value) else None


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet would take a cell for a formula, and run it.

    Examples
    --------
    >>> is_formula("=1+1"), is_formula("-"), is_formula("-5"), is_formula("Total")
    (True, False, False, False)
    """
    return text.startswith(("=", "@")) or bool(re.match(r"[-+].*[(!|=]", text))


def cell_fault(text: str) -> str:
    """Return what is wrong with a cell that is neither a number nor a known symbol."""
    if is_formula(text):
        return f"“{text[:40]}” is a formula."
    if text.endswith("%"):
        return f"“{text[:40]}” has a per cent sign in it."
    return (
        f"“{text[:40]}” is neither a number nor a known symbol." if text else "The cell is empty."
    )


def read_cells(column: pd.Series, symbols: Mapping[str, str]) -> pd.DataFrame:
    """Read a column of text as numbers and symbols.

    Parameters
    ----------
    column : pandas.Series of str
        The cells.
    symbols : mapping of str to str
        The status that each symbol stands for.

    Returns
    -------
    pandas.DataFrame
        ``value`` (nan without a number), ``status`` (one of :data:`GRAVITY`,
        empty for a number) and ``decimals`` (places that the cell prints).
    """
    import pandas as pd

    codes, texts = pd.factorize(column)
    cells = pd.DataFrame(
        [_read_cell(text, symbols) for text in texts], columns=["value", "status", "decimals"]
    )
    cells = cells.astype({"value": "float64", "status": "str", "decimals": "int64"})
    return cells.take(codes).set_axis(column.index)


def _read_cell(text: str, symbols: Mapping[str, str]) -> tuple[float, str, int]:
    value = number(text)
    if value is None:
        return math.nan, symbols.get(text.casefold(), UNREADABLE), 0
    # a spreadsheet writes 17.1 as 17.100000000000001
    short = f"{value:.10g}"
    return float(short), "", len(short.partition(".")[2]) if "e" not in short else 0
