"""Publishers' CSV files are read strictly, and no line is lost."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from official import write

from kentstats.errors import DataError
from kentstats.ingest.csv_files import Reading, read_bytes, read_csv_file

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def read(path: Path, content: str | bytes) -> tuple[pd.DataFrame, Reading]:
    return read_csv_file(write(path, content))


def refused(reading: Reading) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.what) for problem in reading.refused]


def error(path: Path, content: str | bytes) -> str:
    with pytest.raises(DataError) as caught:
        read(path, content)
    assert len(caught.value.problems) == 1
    return str(caught.value).removeprefix(str(path))


def test_a_file_has_cells_by_line_and_a_checksum(path: Path) -> None:
    frame, reading = read(path, " a ,,b\n1, x y ,\n\n3,,\n")
    assert list(frame.columns) == ["a", "Unnamed: 2", "b"]
    assert frame.index.tolist() == [2, 4]
    assert frame.to_numpy().tolist() == [["1", "x y", ""], ["3", "", ""]]
    assert reading.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (reading.refused, reading.notes) == ([], [])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_has_the_line_where_it_begins(path: Path, end: str) -> None:
    text = end.join(["a,b", '1,"two', 'lines"', "", "3,4", '"x', "y", 'z","v', 'w"', "5,6", ""])
    frame, reading = read(path, text)
    assert frame.index.tolist() == [2, 5, 6, 10]
    assert refused(reading) == []


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_as_csv_is_read_back_with_its_lines(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(("a", "b"))
    kept = {}
    for row in rows:
        cells = [cell.strip() for cell in row]
        if cells != ["a", "b"]:
            kept[len(io.StringIO(text.getvalue(), newline=None).readlines()) + 1] = cells
        writer.writerow(row)
    if not kept:
        return
    path = tmp_path_factory.getbasetemp() / "written.csv"
    frame, reading = read(path, text.getvalue())
    assert dict(zip(frame.index, frame.to_numpy().tolist(), strict=True)) == kept
    assert len(reading.refused) == len(rows) - len(kept)


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


def test_a_line_is_read_or_refused_or_empty(path: Path) -> None:
    lines = ["a,b", "1,2", "3", "", "4,5,6", " , , ", '"x"y,7', "8,9", "a , b", "10,11"]
    frame, reading = read(path, "\n".join(lines) + "\n")
    assert frame.index.tolist() == [2, 8, 10]
    assert [line for line, _, _ in refused(reading)] == [3, 5, 7, 9]


def test_a_last_line_without_an_end_may_be_cut_off(path: Path) -> None:
    frame, reading = read(path, "a,b\n1,2\n3,44")
    assert frame.index.tolist() == [2]
    assert refused(reading) == [
        (3, "b", "The last line has no line end, so its last cell may have been cut off.")
    ]
    assert error(path, "a,b\n1,2\n3").startswith(
        ", line 3: The file is cut off: its last line has 1 cells, the header 2."
    )
    assert read(path, "a,b\n1,2\n3,44,5")[1].refused[0].line == 3
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


@pytest.mark.parametrize("content", ['"a"b,c\n1,2\n', f"a,{'x' * 200_000}\n1,2\n"])
def test_a_header_that_is_no_csv_is_an_error(path: Path, content: str) -> None:
    assert error(path, content) == (
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
