"""Tables that somebody else made are read strictly, and without losing count."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from official import write

from kentstats.errors import DataError
from kentstats.ingest.table import (
    Coded,
    Table,
    is_formula,
    number,
    odd,
    read_bytes,
    read_table,
)

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def read(path: Path, content: str | bytes) -> Table:
    return read_table(write(path, content))


def refused(table: Table) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.what) for problem in table.refused]


def told(path: Path, content: str | bytes) -> str:
    with pytest.raises(DataError) as caught:
        read(path, content)
    assert len(caught.value.problems) == 1
    return str(caught.value).removeprefix(str(path))


def test_a_table_has_header_rows_lines_and_checksum(path: Path) -> None:
    table = read(path, " a ,b\n1, x y \n\n3,\n")
    assert (table.header, table.rows, table.lines) == (
        ("a", "b"),
        [["1", " x y "], ["3", ""]],
        [2, 4],
    )
    assert table.column("b") == ["x y", ""]
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert table.refused == []
    assert table.notes == []


def test_a_column_is_coded_once(path: Path) -> None:
    table = read(path, "a,b\nx,1\n y ,2\nx,3\n")
    column = table.coded("a")
    assert (column.codes.tolist(), column.texts) == ([0, 1, 0], ["x", "y"])
    assert table.coded("a") is column
    assert column.take(np.array([2, 1])).codes.tolist() == [0, 1]
    assert column.is_text("X").tolist() == [True, False, True]
    assert column.is_text("z").tolist() == [False, False, False]
    assert Coded(np.array([], dtype=np.intp), []).is_text("x").tolist() == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_has_the_line_where_it_begins(path: Path, end: str) -> None:
    text = end.join(["a,b", '1,"two', 'lines"', "", "3,4", '"x', "y", 'z","v', 'w"', "5,6", ""])
    table = read(path, text)
    assert table.lines == [2, 5, 6, 10]
    assert refused(table) == []


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_as_csv_is_read_back_with_its_lines(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(("a", "b"))
    lines, kept = [], []
    for row in rows:
        if tuple(cell.strip() for cell in row) != ("a", "b"):
            lines.append(len(io.StringIO(text.getvalue(), newline=None).readlines()) + 1)
            kept.append(list(row))
        writer.writerow(row)
    path = tmp_path_factory.getbasetemp() / "written.csv"
    if not kept:
        return
    table = read(path, text.getvalue())
    assert (table.rows, table.lines) == (kept, lines)
    assert len(table.refused) == len(rows) - len(kept)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "any.csv", b"a,b\n" + raw)
    table, problems = None, ()
    try:
        table = read_table(path)
    except DataError as error:
        problems = error.problems
    for problem in problems:
        assert problem.file == str(path)
        assert problem.what.endswith(".")
        assert problem.remedy.endswith(".")
        assert len(str(problem)) < 400
    if table:
        assert all(len(row) == 2 for row in table.rows)
        assert len(table.rows) == len(table.lines) == len(set(table.lines))
    else:
        assert len(problems) == 1


def test_a_line_is_read_or_refused_or_empty_and_nothing_is_lost(path: Path) -> None:
    lines = ["a,b", "1,2", "3", "", "4,5,6", " , , ", '"x"y,7', "8,9", "a , b", "10,11"]
    table = read(path, "\n".join(lines) + "\n")
    assert table.lines == [2, 8, 10]
    assert [line for line, _, _ in refused(table)] == [3, 5, 7, 9]


def test_reading_goes_on_below_a_cell_of_too_many_characters(path: Path) -> None:
    table = read(path, f"a,b\n1,2\n3,{'x' * 200_000}\n4,5\n6,{'y' * 40_000}\n7,8\n")
    assert table.lines == [2, 4, 6]
    assert refused(table) == [
        (3, "", "The line is no CSV: a cell has over 131,072 characters."),
        (5, "", "A cell has over 32,767 characters."),
    ]


def test_a_last_line_without_an_end_may_be_cut_off_in_its_last_cell(path: Path) -> None:
    table = read(path, "a,b\n1,2\n3,44")
    assert table.rows == [["1", "2"]]
    assert refused(table) == [
        (3, "b", "The last line has no line end, so its last cell may have been cut off.")
    ]
    assert told(path, "a,b\n1,2\n3").startswith(
        ", line 3: The file is cut off: its last line has 1 cells, the header 2."
    )
    assert read(path, "a,b\n1,2\n3,44,5").refused[0].line == 3


def test_a_last_line_of_spaces_is_no_line(path: Path) -> None:
    assert read(path, "a,b\n1,2\n ,").rows == [["1", "2"]]


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"\xef\xbb\xbfa,b\n1,2\n", "The file begins with a byte order mark."),
        ("a,b\n1,2\n".encode("utf-16"), "The file is UTF-16; it was read as such."),
        (b"a,b\n1,2\n\xa3,4\n", "Line 3 is not UTF-8; the file was read as Windows-1252."),
    ],
)
def test_what_was_odd_and_overcome_is_noted(path: Path, content: bytes, note: str) -> None:
    table = read(path, content)
    assert table.notes == [note]
    assert table.rows[0] == ["1", "2"]


def test_windows_1252_is_read_with_its_own_characters(path: Path) -> None:
    table = read(path, "a,b\n£1,Zoë – “x”\n".encode("cp1252"))
    assert table.rows == [["£1", "Zoë – “x”"]]


def test_a_header_that_names_a_column_twice_is_told(path: Path) -> None:
    assert told(path, "a_b,A B,c\n1,2,3\n") == (
        ", line 1: The header names a column twice: a_b, A B. "
        "Keep one of each, or rename the others."
    )
    assert read(path, "a,,\n1,2,3\n").header == ("a", "", "")


def test_a_header_that_is_no_csv_is_told(path: Path) -> None:
    for content in ('"a"b,c\n1,2\n', f"a,{'x' * 200_000}\n1,2\n"):
        assert told(path, content) == (
            ", line 1: The first line is no header. Download the file again."
        )


def test_bytes_are_read_or_it_is_said_why_not(tmp_path: Path) -> None:
    assert read_bytes(write(tmp_path / "a", b" x\n")) == b" x\n"
    for path, what in (
        (tmp_path / "none", "The file cannot be read: No such file or directory."),
        (tmp_path, "The file cannot be read: Is a directory."),
        (write(tmp_path / "empty", b"\n\n"), "The file is empty."),
    ):
        with pytest.raises(DataError) as caught:
            read_bytes(path)
        assert caught.value.problems[0].what == what


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("1362", 1362),
        ("1,362", 1362),
        ("7,373,720", 7_373_720),
        ("82.40", 82.4),
        ("-5", -5),
        ("−5", -5),
        ("17.100000000000001", 17.1),
        ("1e3", 1000),
        ("1.5E-2", 0.015),
    ],
)
def test_a_number_is_read_with_or_without_commas(text: str, value: float) -> None:
    assert number(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        *["", "1,36", "13,62", "1362,5", ",362", "78%", ".5", "5.", "+5", "nan", "inf", "1 362"],
        *["1_0", "--5", "=1+1", "1e999", "-1e400", "9" * 41, "c", "1.2.3", "0x10", "½"],
    ],
)
def test_anything_else_is_no_number(text: str) -> None:
    assert number(text) is None


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15))
def test_a_number_of_python_is_read_as_itself(value: float) -> None:
    found = number(str(value))
    assert found is None or found == value
    if isinstance(value, int):
        assert number(f"{value:,}") == value


@given(st.text(max_size=50))
def test_any_text_is_a_finite_number_or_none(text: str) -> None:
    value = number(text)
    assert value is None or math.isfinite(value)
    assert odd(text).endswith(".")
    assert len(odd(text)) < 100


def test_what_a_spreadsheet_would_run_is_a_formula() -> None:
    for text in ("=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|x", "=HYPERLINK(0)"):
        assert is_formula(text)
        assert odd(text).endswith("is a formula.")
    for text in ("", "-", "-5", "+", "- 5", "Total", "a=b", "+1", "1=1"):
        assert not is_formula(text)
    assert odd("78%") == "“78%” has a per cent sign in it."
    assert odd("") == "The cell is empty."
    assert odd("n/a") == "“n/a” is neither a number nor a known symbol."
