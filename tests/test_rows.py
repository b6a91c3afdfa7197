"""The project's own tables are read strictly: every fault with line, column and remedy."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentstats.errors import DataError
from kentstats.ingest.rows import Faults, Row, read_rows

CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def read(path: Path, data: str | bytes) -> list[tuple[int, dict[str, str]]]:
    """Read a table of the columns `a` and `b`: the line and the cells of each row."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    rows, faults = read_rows(path, ("a", "b"))
    faults.raise_any()
    return [(row.line, row.cells) for row in rows]


def cell(text: str) -> Row:
    return Row(7, {"a": text}, Faults(Path("table.csv")))


def faults_of(row: Row) -> list[str]:
    return [str(problem).removeprefix("table.csv, ") for problem in row.faults.problems]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        ("b,a\n1,2\n3,4\n", [(2, {"b": "1", "a": "2"}), (3, {"b": "3", "a": "4"})]),
        (b"\xef\xbb\xbfa,b\n1,2\n", [(2, {"a": "1", "b": "2"})]),
        (b"a,b\r\n1,2\r\n", [(2, {"a": "1", "b": "2"})]),
        (b" a , b \n1,2", [(2, {"a": "1", "b": "2"})]),
        ("a,b\n", []),
    ],
)
def test_rows_come_with_their_lines_and_cells_by_name(
    path: Path, data: str | bytes, rows: list[tuple[int, dict[str, str]]]
) -> None:
    assert read(path, data) == rows


@given(st.lists(st.tuples(CELLS, CELLS), max_size=5))
def test_what_is_written_as_csv_is_read_back_with_its_lines(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, str]]
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(("a", "b"))
    lines = []
    for pair in cells:
        lines.append(len(io.StringIO(text.getvalue(), newline=None).readlines()) + 1)
        writer.writerow(pair)
    rows = read(tmp_path_factory.getbasetemp() / "written.csv", text.getvalue())
    assert [line for line, _ in rows] == lines
    assert [tuple(row.values()) for _, row in rows] == cells


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("a\n1\n", [", line 1, column b: The column is missing. The header is: a, b."]),
        (
            "a,b,bb\n1,2,3\n",
            [", line 1, column bb: The column is not known here. Did you mean b?"],
        ),
        ("a,b,a\n1,2,3\n", [", line 1, column a: The column occurs twice. Keep one of them."]),
        (
            "a;b\n1;2\n",
            [
                ", line 1, column a: The column is missing.",
                ", line 1, column b: The column is missing.",
                ", line 1, column a;b: The column is not known here.",
            ],
        ),
        (
            'a,b\n1\n1,"two\nlines"\n\n1,2,3\n',
            [
                ", line 2: The line has 1 cells, the header 2. Put text that contains commas in "
                "double quotes.",
                ", line 6: The line has 3 cells, the header 2.",
            ],
        ),
        ('a,b\n1,2\n"3,4\n3,4\n', [", line 3: The line is no CSV: unexpected end of data. Close"]),
        ('a,b\n1,2\n"3,4\n3,"4"\n', [", line 3: The line is no CSV: "]),
        (b"", [": The file is empty. Put its table back in place."]),
        (b" \r\n\t", [": The file is empty. Put its table back in place."]),
        (
            b"a,b\n1,2\n3,caf\xe9\n5,6\n",
            [", line 3: Byte 0xe9 is not UTF-8. Save the file with the encoding UTF-8."],
        ),
        ("a,b\n1,2\n".encode("utf-16"), [", line 1: Byte 0xff is not UTF-8."]),
    ],
)
def test_faults_are_told_together_with_line_column_and_remedy(
    path: Path, data: str | bytes, told: list[str]
) -> None:
    with pytest.raises(DataError) as caught:
        read(path, data)
    found = [str(problem).removeprefix(str(path)) for problem in caught.value.problems]
    assert len(found) == len(told)
    assert all(map(str.startswith, found, told))


def test_a_missing_file_is_told(path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_rows(path, ("a", "b"))
    assert str(caught.value) == (
        f"{path}: The file cannot be read: No such file or directory. Put it back in place."
    )


@pytest.mark.parametrize(
    ("method", "arguments", "text", "value"),
    [
        ("text", (), " two words ", "two words"),
        ("choice", (["Essex", "Kent"],), "Kent", "Kent"),
        ("number", (), "1362", 1362),
        ("number", (), " 82.4 ", 82.4),
        ("integer", (1, 95, "paragraph"), " 95 ", 95),
        ("date", (), "2010-08-31", dt.date(2010, 8, 31)),
        ("date", (), " ", None),
    ],
)
def test_a_cell_is_read_as_what_it_should_be(
    method: str, arguments: tuple[Any, ...], text: str, value: object
) -> None:
    row = cell(text)
    assert getattr(row, method)("a", *arguments) == value
    assert faults_of(row) == []


def test_an_empty_cell_is_no_fault_where_none_is_needed() -> None:
    row = cell(" ")
    assert row.text("a", required=False) == ""
    assert math.isnan(row.number("a", required=False))
    assert faults_of(row) == []


NUMBER = "“{}” is no number. Write digits with a point and nothing else, as in 1362 or 82.4."
DATE = "“{}” is no date. Write it as 2010-08-31, or leave it."
WHOLE = "“{}” is no paragraph. Give a whole number from 1 to 95."


@pytest.mark.parametrize(
    ("method", "arguments", "texts", "told"),
    [
        ("text", (), ["  "], "The cell is empty. Fill it in."),
        ("integer", (1, 95, "paragraph"), [""], "The cell is empty. Fill it in."),
        ("choice", (["Essex", "Kent"],), ["kent"], "“{}” is not known here. Did you mean Kent?"),
        ("number", (), ["1,362", "78%", "1e3", ".5", "5.", "+5", "nan", "9" * 400], NUMBER),
        ("number", (), ["inf", "1 362", "one", "1_0", "--5"], NUMBER),
        ("number", (), ["-5"], "“{}” is negative. Figures here are 0 or more."),
        ("integer", (1, 95, "paragraph"), ["0", "96", "-1", "1.0", "five", "9" * 30], WHOLE),
        ("date", (), ["31/08/2010", "2010-02-30", "2010", "2010-8-31", "August"], DATE),
    ],
)
def test_any_other_cell_is_a_fault_with_its_remedy(
    method: str, arguments: tuple[Any, ...], texts: list[str], told: str
) -> None:
    for text in texts:
        row = cell(text)
        getattr(row, method)("a", *arguments)
        assert faults_of(row) == [f"line 7, column a: {told.format(text)}"]


@given(CELLS | st.floats(min_value=0).map(str) | st.integers().map(str))
def test_any_text_is_the_number_it_is_or_a_fault_with_its_line(text: str) -> None:
    row = cell(text)
    value = row.number("a")
    if row.faults.problems:
        assert [(problem.line, problem.column) for problem in row.faults.problems] == [(7, "a")]
    else:
        assert value == float(text)
        assert 0 <= value < math.inf
