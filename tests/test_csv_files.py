"""CSV files are read strictly, publishers' and the project's own, and no line is lost."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from official import write

from kentstats.errors import DataError
from kentstats.ingest.csv_files import Faults, Reading, Row, read_csv_file, read_rows

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def read(path: Path, content: str | bytes) -> tuple[pd.DataFrame, Reading]:
    return read_csv_file(write(path, content))


# --- publishers' files: test_bad_input.py has the faults ------------------------------------------


def test_a_file_has_cells_by_line_and_a_checksum(path: Path) -> None:
    frame, reading = read(path, " a ,,b\n1, x y ,\n\n3,,\n")
    assert list(frame.columns) == ["a", "Unnamed: 2", "b"]
    assert frame.index.tolist() == [2, 4]
    assert frame.to_numpy().tolist() == [["1", "x y", ""], ["3", "", ""]]
    assert reading.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (reading.refused, reading.notes) == ([], [])


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_as_csv_is_read_back_with_its_lines(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(("a", "b"))
    kept = {}
    for row in rows:
        if any(cell.strip() for cell in row):
            line = len(io.StringIO(text.getvalue(), newline=None).readlines()) + 1
            kept[line] = [cell.strip() for cell in row]
        writer.writerow(row)
    path = write(tmp_path_factory.getbasetemp() / "written.csv", text.getvalue())
    own, faults = read_rows(path, ("b", "a"))
    assert faults.problems == []
    assert {row.line: list(row.cells.values()) for row in own} == kept
    if kept:
        frame, reading = read_csv_file(path)
        assert reading.refused == []
        assert dict(zip(frame.index, frame.to_numpy().tolist(), strict=True)) == kept


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "any.csv", b"a,b\n" + raw)
    try:
        frame, _ = read_csv_file(path)
    except DataError as caught:
        (problem,) = caught.problems
        assert problem.file == str(path)
        assert problem.what.endswith(".")
        assert problem.remedy.endswith(".")
        assert len(str(problem)) < 400
    else:
        assert frame.shape[1] == 2
        assert frame.index.is_unique


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_is_read_or_refused_or_empty(path: Path, end: str) -> None:
    lines = ["a,b", "1,2", "3", "", "4,5,6", " , , ", '"x"y,7', '"x', 'y","z"', "10,11"]
    frame, reading = read(path, end.join([*lines, ""]))
    assert frame.index.tolist() == [2, 8, 10]
    assert [problem.line for problem in reading.refused] == [3, 5, 7]


def test_a_last_line_without_an_end_may_be_cut_off(path: Path) -> None:
    frame, reading = read(path, "a,b\n1,2\n3,44")
    assert frame.index.tolist() == [2]
    (problem,) = reading.refused
    assert (problem.line, problem.column) == (3, "b")
    with pytest.raises(DataError, match="line 3: The file is cut off in its last line"):
        read(path, "a,b\n1,2\n3")
    assert read(path, "a,b\n1,2\n ,")[0].index.tolist() == [2]


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"\xef\xbb\xbfa,b\n1,2\n", "The file begins with a byte order mark."),
        ("a,b\n1,2\n".encode("utf-16"), "The file is UTF-16; it was read as such."),
        (b"a,b\n1,2\n\xa3,\x93\n", "Line 3 is not UTF-8; the file was read as Windows-1252."),
    ],
)
def test_what_was_odd_and_overcome_is_noted(path: Path, content: bytes, note: str) -> None:
    frame, reading = read(path, content)
    assert reading.notes == [note]
    assert frame.loc[2].tolist() == ["1", "2"]


# --- tables of the project ------------------------------------------------------------------------


def test_rows_come_with_their_lines_and_cells_by_name(path: Path) -> None:
    rows, faults = read_rows(write(path, b"\xef\xbb\xbf b , a\r\n1,2\r\n\r\n3, 4 "), ("a", "b"))
    assert faults.problems == []
    assert [(row.line, row.cells) for row in rows] == [
        (2, {"b": "1", "a": "2"}),
        (4, {"b": "3", "a": "4"}),
    ]
    assert read_rows(write(path, "a,b\n"), ("a", "b"))[0] == []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, [": The file cannot be read: No such file or directory. Give the path of a file."]),
        (" \r\n\t", [": The file is empty. Download or restore it."]),
        ("a,c\n1,2\n", [", line 1, column b: The column is missing. The header is: a, b.", ", "]),
        ("a,b,bb\n1,2,3\n", [", line 1, column bb: The column is not known here. Did you mean b?"]),
        ("a,b,a\n1,2,3\n", [", line 1: The header names a column twice: a, a. Keep one of each"]),
        ("a;b\n1;2\n", [", line 1: The first line has one cell only: the columns are not"]),
        (
            'a,b\n1\n1,"two\nlines"\n\n1,2,3\n',
            [
                ", line 2: The line has 1 cell, the header 2. Put text with commas in double",
                ", line 6: The line has 3 cells, the header 2.",
            ],
        ),
        ('a,b\n1,2\n"3,4\n3,4\n', [", line 3: The line is no CSV: unexpected end of data. Put"]),
        ("a,b\n1,caf\xe9\n".encode() + b"5,\xe9\n", [", line 3: Byte 0xe9 is not UTF-8, as the"]),
    ],
)
def test_faults_are_told_together_with_line_column_and_remedy(
    path: Path, data: str | bytes | None, told: list[str]
) -> None:
    if data is not None:
        write(path, data)
    with pytest.raises(DataError) as caught:
        read_rows(path, ("a", "b"))[1].raise_any()
    found = [str(problem).removeprefix(str(path)) for problem in caught.value.problems]
    assert len(found) == len(told)
    assert all(map(str.startswith, found, told))


def cell(text: str) -> Row:
    return Row(7, {"a": text}, Faults(Path("table.csv")))


@pytest.mark.parametrize(
    ("method", "arguments", "text", "value"),
    [
        ("text", (), "two words", "two words"),
        ("choice", (["Essex", "Kent"],), "Kent", "Kent"),
        ("number", (), "82.4", 82.4),
        ("integer", (1, 95, "paragraph"), "95", 95),
        ("date", (), "2010-08-31", dt.date(2010, 8, 31)),
        ("date", (), "", None),
    ],
)
def test_a_cell_is_read_as_what_it_should_be(
    method: str, arguments: tuple[Any, ...], text: str, value: object
) -> None:
    row = cell(text)
    assert getattr(row, method)("a", *arguments) == value
    assert math.isnan(cell("").number("a", required=False))
    assert row.faults.problems == []


NUMBER = "“{}” is no number. Write digits with a point and nothing else, as in 1362 or 82.4."
DATE = "“{}” is no date. Write it as 2010-08-31, or leave it."
WHOLE = "“{}” is no paragraph. Give a whole number from 1 to 95."


@pytest.mark.parametrize(
    ("method", "arguments", "texts", "told"),
    [
        ("text", (), [""], "The cell is empty. Fill it in."),
        ("choice", (["Essex", "Kent"],), ["kent"], "“{}” is not known here. Did you mean Kent?"),
        ("number", (), ["1,362", "78%", "1e3", ".5", "5.", "+5", "nan", "9" * 400], NUMBER),
        ("number", (), ["-5"], "“{}” is negative. Figures here are 0 or more."),
        ("integer", (1, 95, "paragraph"), ["0", "96", "-1", "1.0", "five", "9" * 30], WHOLE),
        ("date", (), ["31/08/2010", "2010-02-30", "August"], DATE),
    ],
)
def test_any_other_cell_is_a_fault_with_its_remedy(
    method: str, arguments: tuple[Any, ...], texts: list[str], told: str
) -> None:
    for text in texts:
        row = cell(text)
        getattr(row, method)("a", *arguments)
        assert [str(problem) for problem in row.faults.problems] == [
            f"table.csv, line 7, column a: {told.format(text)}"
        ]
