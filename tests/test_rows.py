"""The reader of CSV files tells every fault with its line, column and remedy."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from pathlib import Path

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


def refusals(path: Path, data: str | bytes) -> list[str]:
    with pytest.raises(DataError) as caught:
        read(path, data)
    return [str(problem).removeprefix(str(path)) for problem in caught.value.problems]


def cell(text: str) -> Row:
    return Row(7, {"a": text}, Faults(Path("table.csv")))


def told(row: Row) -> list[str]:
    return [str(problem) for problem in row.faults.problems]


def test_rows_come_with_their_lines_and_cells_by_name(path: Path) -> None:
    assert read(path, "b,a\n1,2\n3,4\n") == [(2, {"b": "1", "a": "2"}), (3, {"b": "3", "a": "4"})]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa,b\n1,2\n",
        b"a,b\r\n1,2\r\n",
        b" a , b \n1,2",
        b'"a","b"\n"1","2"\n',
    ],
    ids=["a byte order mark", "Windows line ends", "spaces in the header", "quotes"],
)
def test_what_spreadsheets_write_is_read(path: Path, data: bytes) -> None:
    assert read(path, data) == [(2, {"a": "1", "b": "2"})]


def test_a_table_without_rows_is_no_fault(path: Path) -> None:
    assert read(path, "a,b\n") == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_has_the_line_where_it_begins_below_cells_of_several_lines(
    path: Path, end: str
) -> None:
    data = end.join(["a,b", '1,"two', 'lines"', "", "3,4", '"x', "y", 'z","v', 'w"', "5,6", ""])
    assert [line for line, _ in read(path, data)] == [2, 5, 6, 10]


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


def test_a_missing_column_is_named_with_the_header_wanted(path: Path) -> None:
    assert refusals(path, "a\n1\n") == [
        ", line 1, column b: The column is missing. The header is: a, b."
    ]


def test_a_column_that_is_not_known_is_named_with_the_nearest(path: Path) -> None:
    assert refusals(path, "a,b,bb\n1,2,3\n") == [
        ", line 1, column bb: The column is not known here. Did you mean b?"
    ]


def test_a_column_that_occurs_twice_is_told_once(path: Path) -> None:
    assert refusals(path, "a,b,a\n1,2,3\n") == [
        ", line 1, column a: The column occurs twice. Keep one of them."
    ]


@pytest.mark.parametrize(("cells", "count"), [("1,2,3", 3), ("1", 1), ('"1,2"', 1)])
def test_a_line_with_another_number_of_cells_is_told(path: Path, cells: str, count: int) -> None:
    assert refusals(path, f"a,b\n1,2\n{cells}\n") == [
        f", line 3: The line has {count} cells, the header 2. "
        "Put text that contains commas in double quotes."
    ]


def test_a_line_of_too_many_cells_is_told_where_it_begins(path: Path) -> None:
    assert refusals(path, 'a,b\n1,"two\nlines"\n"3\n3",4,5\n')[0].startswith(", line 4: ")


def test_all_lines_with_another_number_of_cells_are_told_together(path: Path) -> None:
    told = refusals(path, "a,b\n1\n1,2\n\n1,2,3\n")
    assert [message.split(":")[0] for message in told] == [", line 2", ", line 5"]


@pytest.mark.parametrize("rest", ["3,4\n5,6\n", '3,"4"\n5,6\n'], ids=["to the end", "to a quote"])
def test_a_quote_that_is_not_closed_is_told_where_it_opens(path: Path, rest: str) -> None:
    (message,) = refusals(path, 'a,b\n1,2\n"3,4\n' + rest)
    assert message.startswith(", line 3: The line is no CSV: ")
    assert message.endswith(" Close every double quote.")


@pytest.mark.parametrize("data", [b"", b"\n", b" \r\n\t"])
def test_an_empty_file_is_refused(path: Path, data: bytes) -> None:
    assert refusals(path, data) == [": The file is empty. Put its table back in place."]


def test_a_missing_file_is_refused(path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_rows(path, ("a", "b"))
    assert str(caught.value) == (
        f"{path}: The file cannot be read: No such file or directory. Put it back in place."
    )


@pytest.mark.parametrize(
    ("data", "line", "byte"),
    [(b"a,b\n1,2\n3,caf\xe9\n5,6\n", 3, "0xe9"), (b"a,b\n1,\xa35.6\n", 2, "0xa3")],
)
def test_a_byte_of_another_encoding_is_told_with_its_line(
    path: Path, data: bytes, line: int, byte: str
) -> None:
    assert refusals(path, data) == [
        f", line {line}: Byte {byte} is not UTF-8. Save the file with the encoding UTF-8."
    ]


def test_a_file_in_utf_16_is_refused(path: Path) -> None:
    assert refusals(path, "a,b\n1,2\n".encode("utf-16"))[0].startswith(", line 1: Byte 0xf")


def test_a_file_with_semicolons_is_refused_at_its_header(path: Path) -> None:
    assert [message.split(": ")[0] for message in refusals(path, "a;b\n1;2\n")] == [
        ", line 1, column a",
        ", line 1, column b",
        ", line 1, column a;b",
    ]


def test_a_cell_is_read_without_the_space_around_it() -> None:
    assert cell(" two words ").text("a") == "two words"


def test_an_empty_cell_is_refused_where_one_is_needed() -> None:
    row = cell("  ")
    assert row.text("a") == ""
    assert told(row) == ["table.csv, line 7, column a: The cell is empty. Fill it in."]


def test_an_empty_cell_is_no_fault_where_none_is_needed() -> None:
    row = cell(" ")
    assert row.text("a", required=False) == ""
    assert math.isnan(row.number("a", required=False))
    assert row.date("a") is None
    assert told(row) == []


def test_a_choice_is_one_of_the_words_known() -> None:
    row = cell("Kent")
    assert row.choice("a", ["Essex", "Kent"]) == "Kent"
    assert told(row) == []


def test_another_choice_is_refused_with_the_nearest() -> None:
    row = cell("kent")
    row.choice("a", ["Essex", "Kent"])
    assert told(row) == [
        "table.csv, line 7, column a: “kent” is not known here. Did you mean Kent?"
    ]


@pytest.mark.parametrize(("text", "value"), [("1362", 1362), ("82.4", 82.4), (" 0 ", 0)])
def test_a_number_is_digits_with_a_point(text: str, value: float) -> None:
    row = cell(text)
    assert row.number("a") == value
    assert told(row) == []


@pytest.mark.parametrize(
    "text", ["1,362", "78%", "1e3", ".5", "5.", "+5", "nan", "inf", "1 362", "one", "1_0", "--5"]
)
def test_any_other_writing_is_no_number(text: str) -> None:
    row = cell(text)
    assert math.isnan(row.number("a"))
    assert told(row) == [
        f"table.csv, line 7, column a: “{text}” is no number. "
        "Write digits with a point and nothing else, as in 1362 or 82.4."
    ]


def test_a_negative_number_is_refused() -> None:
    row = cell("-5")
    row.number("a")
    assert told(row) == [
        "table.csv, line 7, column a: “-5” is negative. Figures here are 0 or more."
    ]


def test_a_number_too_long_to_hold_is_refused() -> None:
    row = cell("9" * 400)
    row.number("a")
    assert len(told(row)) == 1


@given(CELLS | st.floats(min_value=0).map(str) | st.integers().map(str))
def test_any_text_is_read_as_the_number_it_is_or_refused_with_its_line(text: str) -> None:
    row = cell(text)
    value = row.number("a")
    if row.faults.problems:
        assert [(problem.line, problem.column) for problem in row.faults.problems] == [(7, "a")]
    else:
        assert value == float(text)
        assert 0 <= value < math.inf


@pytest.mark.parametrize("text", ["1", "95", " 7 "])
def test_a_whole_number_in_its_range_is_read(text: str) -> None:
    row = cell(text)
    assert row.integer("a", 1, 95, "paragraph") == int(text)
    assert told(row) == []


@pytest.mark.parametrize("text", ["0", "96", "-1", "1.0", "five", "9" * 30])
def test_any_other_whole_number_is_refused(text: str) -> None:
    row = cell(text)
    assert row.integer("a", 1, 95, "paragraph") == 1
    assert told(row) == [
        f"table.csv, line 7, column a: “{text}” is no paragraph. Give a whole number from 1 to 95."
    ]


def test_an_empty_cell_for_a_whole_number_is_told_once() -> None:
    row = cell("")
    row.integer("a", 1, 95, "paragraph")
    assert told(row) == ["table.csv, line 7, column a: The cell is empty. Fill it in."]


def test_a_date_is_read() -> None:
    row = cell("2010-08-31")
    assert row.date("a") == dt.date(2010, 8, 31)
    assert told(row) == []


@pytest.mark.parametrize("text", ["31/08/2010", "2010-02-30", "2010", "2010-8-31", "August"])
def test_a_date_in_another_form_or_that_never_was_is_refused(text: str) -> None:
    row = cell(text)
    assert row.date("a") is None
    assert told(row) == [
        f"table.csv, line 7, column a: “{text}” is no date. Write it as 2010-08-31, or leave it."
    ]
