"""Read a CSV file that somebody else made: strictly, and without losing count.

A fault of the file as a whole (a web page saved as CSV, a wrong delimiter)
is an error. A fault of one line is noted with its number, and the line is
refused; the rest is read.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.errors import DataError, Problem
from kentstats.ingest.datasets import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_DIGITS = 40
"""The longest that a number can be; spreadsheets write no more than 25 characters."""
MOST_CELL = 32_767
"""The longest cell that a spreadsheet can hold; a longer one is no statistic."""
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}


@dataclass(frozen=True)
class Coded:
    """A column as codes into its different texts.

    Attributes
    ----------
    codes : numpy.ndarray of int
        One for each row.
    texts : list of str
        The different texts, without spaces around them, in the order in
        which they first occur.
    """

    codes: NDArray[np.intp]
    texts: list[str]

    def take(self, rows: NDArray[np.intp]) -> Coded:
        """Return some of the rows."""
        return Coded(self.codes[rows], self.texts)

    def is_text(self, text: str) -> NDArray[np.bool_]:
        """Tell which rows hold a text, whatever its case."""
        wanted = text.casefold()
        return np.array([each.casefold() == wanted for each in self.texts] or [False])[self.codes]


@dataclass
class Table:
    """A table as text, with the line each row begins on.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    header : tuple of str
        Names of the columns, without spaces around them.
    rows : list of list of str
        The cells of each row that could be read, as they stand.
    lines : list of int
        The line on which each of them begins; the header is line 1.
    sha256 : str
        Checksum of the file.
    refused : list of Problem
        The lines that could not be read.
    notes : list of str
        What is odd about the file and was overcome, as whole sentences.
    """

    path: Path
    header: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    sha256: str
    refused: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    _coded: dict[str, Coded] = field(default_factory=dict)

    def column(self, name: str) -> list[str]:
        """Return the cells of a column, without spaces around them."""
        place = self.header.index(name)
        return [row[place].strip() for row in self.rows]

    def coded(self, name: str) -> Coded:
        """Return a column as codes into its different texts; worked out once."""
        if name not in self._coded:
            place = self.header.index(name)
            index: dict[str, int] = {}
            codes = [index.setdefault(row[place].strip(), len(index)) for row in self.rows]
            self._coded[name] = Coded(np.array(codes, dtype=np.intp), list(index))
        return self._coded[name]

    def refuse(self, line: int, column: str, what: str, remedy: str) -> None:
        """Note that a line, or a cell of it, was not taken."""
        self.refused.append(Problem(self.path.name, line, column, what, remedy))


def fault(path: Path, what: str, remedy: str, line: int = 0) -> DataError:
    """Make the error of a file that cannot be read at all."""
    return DataError([Problem(str(path), line, "", what, remedy)])


def read_bytes(path: Path) -> bytes:
    """Read a file, or say why it cannot be read.

    Raises
    ------
    DataError
        It is missing, a folder, or empty.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise fault(
            path, f"The file cannot be read: {error.strerror}.", "Give the path of a file."
        ) from None
    if not raw.strip():
        raise fault(path, "The file is empty.", "Download it again.")
    return raw


def read_table(path: Path, *, raw: bytes | None = None) -> Table:
    """Read a comma-separated file.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    raw : bytes, optional
        Its content, where it has been read already.

    Returns
    -------
    Table
        Every row with as many cells as the header; the others are refused.

    Raises
    ------
    DataError
        The file is missing, empty, no text, a web page, cut off, or
        separated by something other than commas, or its header names a
        column twice.
    """
    raw = read_bytes(path) if raw is None else raw
    text, notes = _decode(path, raw)
    _check_kind(path, text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = tuple(name.strip() for name in next(reader))
    except (StopIteration, csv.Error):
        raise fault(path, "The first line is no header.", "Download the file again.", 1) from None
    _check_header(path, header, text)
    table = Table(path, header, [], [], hashlib.sha256(raw).hexdigest(), notes=notes)
    _read_rows(table, reader, whole=text.endswith(("\n", "\r")), odd="\x00" in text)
    if not table.rows and not table.refused:
        raise fault(path, "The file has a header and nothing below it.", "Download it again.", 1)
    return table


def _read_rows(table: Table, reader: Any, *, whole: bool, odd: bool) -> None:
    """Read the rows.

    Where the last line has no line end, the file may not be `whole`; `odd`
    is one that holds characters of value nought.
    """
    line = reader.line_num + 1
    last: tuple[int, list[str]] = (0, [])
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            _refuse_error(table, line, str(error), whole=whole)
        else:
            last = (line, cells)
            if what := _fault_of(cells, table.header, odd=odd):
                table.refuse(line, "", *what)
            elif len(cells) == len(table.header):
                table.rows.append(cells)
                table.lines.append(line)
        line = reader.line_num + 1
    if not whole:
        _refuse_last(table, *last)


def _fault_of(cells: list[str], header: tuple[str, ...], *, odd: bool) -> tuple[str, str] | None:
    """Say why a line cannot be read, and what to do; None for a sound or an empty one."""
    if len(cells) != len(header):
        if not any(cell.strip() for cell in cells):
            return None
        return (
            f"The line has {len(cells)} cells, the header {len(header)}.",
            "Put text that contains commas in double quotes, or download the file again.",
        )
    if max(map(len, cells)) > MOST_CELL:
        return f"A cell has over {MOST_CELL:,} characters.", "Look at the file."
    if odd and any("\x00" in cell for cell in cells):
        return "The line holds a character of value nought.", "Download the file again."
    if cells[0].strip() == header[0] and [cell.strip() for cell in cells] == list(header):
        return "The header stands here again.", "Take the line out."
    return None


def _refuse_error(table: Table, line: int, error: str, *, whole: bool) -> None:
    """Refuse a line that is no CSV; an open quote has swallowed the rest of the file."""
    if "unexpected end" in error:
        what = "A double quote opens here that is never closed, so the rest of the file is lost."
        if not whole:
            what = f"The file is cut off: {what[0].lower()}{what[1:]}"
        raise fault(table.path, what, "Download the file again.", line)
    if "limit" in error:
        error = f"a cell has over {csv.field_size_limit():,} characters"
    table.refuse(line, "", f"The line is no CSV: {error}.", "Download the file again.")


def _refuse_last(table: Table, line: int, cells: list[str]) -> None:
    """Deal with a last line that has no line end: it is all there, or it is not."""
    if cells and len(cells) < len(table.header):
        raise fault(
            table.path,
            f"The file is cut off: its last line has {len(cells)} cells, "
            f"the header {len(table.header)}.",
            "Download the file again.",
            line,
        )
    if table.lines and table.lines[-1] == line:
        table.rows.pop()
        table.lines.pop()
        table.refuse(
            line,
            table.header[-1],
            "The last line has no line end, so its last cell may have been cut off.",
            "Download the file again; add a line end if it is whole.",
        )


UTF_8 = "Save the file with the encoding UTF-8."


def _decode(path: Path, raw: bytes) -> tuple[str, list[str]]:
    if raw.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise fault(path, "The file is UTF-32.", UTF_8, 1)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16"), ["The file is UTF-16; it was read as such."]
        except UnicodeDecodeError:
            raise fault(
                path, "The file begins as UTF-16 and does not go on so.", "Download it again."
            ) from None
    if b"\x00" in raw[:4096]:
        if raw[1:200:2].count(0) > 80 or raw[:200:2].count(0) > 80:
            raise fault(path, "The file looks like UTF-16 without a mark that says so.", UTF_8, 1)
        raise fault(path, "The file is no text.", "Give a CSV file, or unpack an archive first.")
    notes = ["The file begins with a byte order mark."] if raw.startswith(b"\xef\xbb\xbf") else []
    try:
        return raw.decode("utf-8-sig"), notes
    except UnicodeDecodeError as error:
        start = error.start + 3 * len(notes)
        line = len((raw[:start] + b".").splitlines())
        odd_byte = f"Byte {raw[start]:#04x}"
        if _mostly_utf_8(raw):
            raise fault(
                path,
                f"{odd_byte} is not UTF-8, as the rest of the file is.",
                "Download the file again.",
                line,
            ) from None
        try:
            text = raw.decode("cp1252")
        except UnicodeDecodeError:
            raise fault(
                path, f"{odd_byte} is neither UTF-8 nor Windows-1252.", UTF_8, line
            ) from None
        return text, [*notes, f"Line {line} is not UTF-8; the file was read as Windows-1252."]


def _mostly_utf_8(raw: bytes) -> bool:
    """Tell a damaged file of UTF-8 from one in another encoding: it has whole characters too."""
    if raw.startswith(b"\xef\xbb\xbf"):
        return True
    text = raw.decode("utf-8", errors="surrogateescape")
    bad = sum("\udc80" <= char <= "\udcff" for char in text)
    return sum(char > "\x7f" for char in text) > 2 * bad


MARKUP = {
    "<?xml": ("The file is XML, not a table.", "Download the data set as CSV."),
    "<": (
        "The file is a web page, not a table.",
        "Download the data itself; the link may need to be followed once more.",
    ),
    "{": ("The file is JSON, not a table.", "Download the data set as CSV."),
    "[": ("The file is JSON, not a table.", "Download the data set as CSV."),
}
"""Beginnings of files that are no tables, with what is wrong and what to do."""


def _check_kind(path: Path, text: str) -> None:
    start = text[:2000].lstrip().casefold()
    if "<html" in start[:400]:  # after a declaration, or a comment
        raise fault(path, *MARKUP["<"], 1)
    for beginning, told in MARKUP.items():
        if start.startswith(beginning):
            raise fault(path, *told, 1)


def _check_header(path: Path, header: Sequence[str], text: str) -> None:
    first = text[:4000].splitlines()[0] if text[:4000] else ""
    for mark, name in DELIMITERS.items():
        if first.count(mark) > first.count(","):
            raise fault(
                path,
                f"The columns are separated by {name}.",
                "Save the file with commas between the columns.",
                1,
            )
    if len(header) < 2:
        raise fault(path, "The first line has one cell only.", "Give a table with a header.", 1)
    names = Counter(plain(name) for name in header if name)
    twice = [name for name in header if names[plain(name)] > 1]
    if twice:
        raise fault(
            path,
            f"The header names a column twice: {', '.join(twice[:4])[:200]}.",
            "Keep one of each, or rename the others.",
            1,
        )


NUMBER = re.compile(r"[-−]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?(e[-+]?[0-9]{1,3})?", re.I)


def number(text: str) -> float | None:
    """Read a cell as a number, thousands separated by commas or not.

    Parameters
    ----------
    text : str
        The cell.

    Returns
    -------
    float or None
        None where it is no number.

    Examples
    --------
    >>> number("1,362"), number("82.40"), number("1,36"), number("=1+1")
    (1362.0, 82.4, None, None)
    """
    if len(text) > MOST_DIGITS or not NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", "").replace("−", "-"))
    return value if math.isfinite(value) else None


def odd(text: str) -> str:
    """Say what a cell is that is neither a number nor a known symbol."""
    if is_formula(text):
        return f"“{text[:40]}” is a formula."
    if text.endswith("%"):
        return f"“{text[:40]}” has a per cent sign in it."
    return (
        f"“{text[:40]}” is neither a number nor a known symbol." if text else "The cell is empty."
    )


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet would take a cell for a formula, and run it.

    Examples
    --------
    >>> is_formula("=1+1"), is_formula("-"), is_formula("-5"), is_formula("Total")
    (True, False, False, False)
    """
    return text.startswith(("=", "@")) or bool(re.match(r"[-+].*[(!|=]", text))
