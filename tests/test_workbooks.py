"""Workbooks: neighbours and inspection outcomes are read, and what cannot be is told."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from official import DATA, needs_data, refused, workbook

from kentstats.areas import load_areas
from kentstats.errors import DataError
from kentstats.ingest.csv_files import Reading
from kentstats.ingest.recognise import read_file
from kentstats.ingest.workbooks import JUDGEMENTS

HEADER = [
    "LA num",
    "LA Name",
    "LA number",
    "GOReg",
    *(f for n in range(1, 11) for f in (f"SN{n}", "SNP")),
]
OTHERS = [881, 850, 845, 938, 919, 823, 885, 860, 873, 931]
OUTCOMES = [
    "Web link",
    "Local authority area code",
    "Local authority name",
    "Inspection date",
    "Publication date",
    *JUDGEMENTS,
]


def neighbours(
    number: object = 886, name: str = "Kent", others: list[Any] | None = None
) -> list[object]:
    pairs = [cell for other in others or OTHERS for cell in (other, "Very close")]
    return [number, name, number, "South East", *pairs]


def read(path: Path, *rows: list[object]) -> Reading:
    return read_file(workbook(path / "sn_may_2025.xlsx", Sheet=[["A"], HEADER, *rows]))


# --- the real files -----------------------------------------------------------------------------


@needs_data
@pytest.mark.parametrize(
    ("name", "named", "authorities", "ended"),
    [("sn_may_2025.xlsx", "2025-05", 153, 5), ("sn_april_2021.xlsx", "2021-04", 152, 6)],
)
def test_a_real_list_of_neighbours_is_read_whole(
    name: str, named: str, authorities: int, ended: int
) -> None:
    reading = read_file(DATA / "lait" / name)
    assert (reading.rows, reading.refused) == (authorities, [])
    assert {why: len(lines) for why, lines in reading.left_out.items()} == {
        "an authority that had ended": ended
    }
    assert reading.notes == [f"The list is that of {named}."]
    assert {row["list"] for row in reading.neighbours} == {named}
    register = load_areas()
    assert Counter(row["area_code"] for row in reading.neighbours) == {
        area.code: 10
        for area in register.authorities(dt.date(int(named[:4]), int(named[5:]), 1))
        if area.code in {row["area_code"] for row in reading.neighbours}
    }
    for row in reading.neighbours:
        assert row["neighbour_code"] != row["area_code"]
        assert row["closeness"] in {
            "Extremely close", "Very close", "Close", "Somewhat close", "Not close"
        }  # fmt: skip


@needs_data
def test_the_two_lists_share_four_of_kents_ten() -> None:
    lists = [
        [
            row["neighbour_code"]
            for row in read_file(DATA / "lait" / name).neighbours
            if row["area_code"] == "E10000016"
        ]
        for name in ("sn_may_2025.xlsx", "sn_april_2021.xlsx")
    ]
    assert [len(each) for each in lists] == [10, 10]
    assert len(set(lists[0]) & set(lists[1])) == 4


@needs_data
def test_the_real_outcomes_are_read_whole() -> None:
    (path,) = (DATA / "ofsted").glob("*.ods")
    reading = read_file(path)
    assert (reading.rows, reading.refused, len(reading.judgements)) == (153, [], 715)
    assert {why: len(lines) for why, lines in reading.left_out.items()} == {
        "no judgement of care leavers": 50
    }
    grades = Counter(
        row["grade"] for row in reading.judgements if row["judgement"] == "Overall effectiveness"
    )
    assert sum(grades.values()) == 153
    assert set(grades) == {1, 2, 3, 4}
    barking = [row for row in reading.judgements if row["area_code"] == "E09000002"]
    assert [(row["judgement"], row["grade"]) for row in barking] == [
        ("Overall effectiveness", 3),
        ("Impact of leaders on practice", 3),
        ("Help and protection", 3),
        ("Children in care", 3),
        ("Care leavers", 2),
    ]
    assert (barking[0]["inspected"], barking[0]["published"]) == (
        dt.date(2023, 7, 10),
        dt.date(2023, 9, 4),
    )
    assert barking[0]["locator"] == "Inspections as at 31 March, row 4"


@needs_data
def test_a_list_of_codes_without_dates_is_only_recognised() -> None:
    reading = read_file(DATA / "lait" / "la_code_list.xlsx")
    assert (reading.rows, reading.areas, reading.refused) == (171, [], [])
    assert reading.notes[0].startswith("It gives no codes or dates of operation")


# --- neighbours ---------------------------------------------------------------------------------


def test_neighbours_are_read_in_their_order(tmp_path: Path) -> None:
    reading = read(tmp_path, neighbours())
    assert refused(reading) == []
    assert [row["neighbour_code"] for row in reading.neighbours][:2] == ["E10000012", "E10000014"]
    assert reading.neighbours[0] == {
        "list": "2025-05",
        "area_code": "E10000016",
        "position": 1,
        "neighbour_code": "E10000012",
        "closeness": "Very close",
    }


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (neighbours(others=[*OTHERS[:9], 881]), "line 3: Kent has one neighbour twice."),
        (
            neighbours(others=[999, *OTHERS[1:]]),
            "line 3: Kent has a neighbour that no list of codes knows.",
        ),
        (neighbours(others=[881.5, *OTHERS[1:]]), "line 3: Kent has a neighbour that no list"),
        (neighbours(999, "Atlantis"), "line 3, column LA number: No list knows “999.0”."),
        (neighbours("", "Kent"), "line 3, column LA number: No list knows “”."),
        (
            neighbours(886, "Essex"),
            "line 3, column LA Name: 886 is Kent, the row says Essex. Ask the publisher.",
        ),
    ],
)
def test_neighbours_that_cannot_be_are_refused(
    row: list[object], told: str, tmp_path: Path
) -> None:
    reading = read(tmp_path, row, neighbours(881, "Essex", [886, *OTHERS[1:]]))
    assert [each for each in refused(reading) if each.startswith(told)] == refused(reading)
    assert {each["area_code"] for each in reading.neighbours} == {"E10000012"}
    assert reading.rows == 1


def test_an_authority_twice_is_refused(tmp_path: Path) -> None:
    reading = read(tmp_path, neighbours(), neighbours())
    assert refused(reading) == ["line 4: Kent stands in line 3 already. Ask the publisher."]
    assert len(reading.neighbours) == 10


def test_lines_below_the_table_and_ended_authorities_are_left_out(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        neighbours(),
        neighbours(837, "Bournemouth"),
        [887, "Medway", 887, "South East", *[""] * 20],
        ["", "", "", "", *[""] * 20],
        ["Source: the department", *[""] * 23],
    )
    assert refused(reading) == []
    assert reading.left_out == {
        "an authority that had ended": [4],
        "an authority without neighbours": [5],
    }


def test_a_list_is_dated_by_its_name(tmp_path: Path) -> None:
    sheet = [HEADER, neighbours()]
    for name in ("SN_May_2025", "sn-2025-may", "statistical neighbours may 2025 (final)"):
        reading = read_file(workbook(tmp_path / f"{name}.xlsx", Sheet=sheet))
        assert reading.neighbours[0]["list"] == "2025-05"
    for name in ("sn", "sn_2025", "sn_may", "sn_may_0000", "sn_may_2025_june_2026", "sn_may_20255"):
        told = "its name has no month and year. Name the file as it is published, as in sn_may"
        with pytest.raises(DataError, match=told):
            read_file(workbook(tmp_path / f"{name}.xlsx", Sheet=sheet))


def test_a_list_with_a_column_missing_is_told(tmp_path: Path) -> None:
    header = [name.replace("SN5", "Fifth") for name in HEADER]
    path = workbook(tmp_path / "sn_may_2025.xlsx", Sheet=[header, neighbours()])
    with pytest.raises(DataError, match=r"The table has no column SN5\. Download it again; or its"):
        read_file(path)


def test_a_list_without_closeness_after_its_last_column_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "sn_may_2025.xlsx", Sheet=[HEADER[:-1], neighbours()[:-1]])
    reading = read_file(path)
    assert [row["closeness"] for row in reading.neighbours] == ["Very close"] * 9 + [""]


# --- outcomes: dates need cells of dates, which the small writer of workbooks cannot make --------


def ods(path: Path, rows: list[list[object]]) -> Path:
    def cell(value: object) -> str:
        if isinstance(value, dt.date):
            return f'<table:table-cell office:value-type="date" office:date-value="{value}"/>'
        return (
            '<table:table-cell office:value-type="string">'
            f"<text:p>{value}</text:p></table:table-cell>"
        )

    lines = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    office = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<office:document-content xmlns:office="{office}:office:1.0" '
        f'xmlns:table="{office}:table:1.0" xmlns:text="{office}:text:1.0"><office:body>'
        f'<office:spreadsheet><table:table table:name="A_sheet">{lines}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", f'<manifest xmlns="{office}:manifest:1.0"/>')
        packed.writestr("content.xml", content)
    return path


DAYS = (dt.date(2022, 5, 9), dt.date(2022, 7, 4))


def outcome(
    code: str = "E10000016", name: str = "Kent", *, days: Any = DAYS, **grades: str
) -> list[object]:
    found = ["Good", "Outstanding", "Requires improvement to be good", "Inadequate", ""]
    given = [grades.get(f"grade_{at}", grade) for at, grade in enumerate(found)]
    return ["link", code, name, *days, *given]


def outcomes(path: Path, *rows: list[object], header: list[str] = OUTCOMES) -> Reading:
    return read_file(ods(path / "outcomes.ods", [["Title"], [*header], *rows]))


def test_outcomes_are_read_with_their_place(tmp_path: Path) -> None:
    reading = outcomes(tmp_path, outcome(), outcome("E10000012", "Essex", grade_4="good"))
    assert refused(reading) == []
    assert reading.left_out == {"no judgement of care leavers": [3]}
    assert [row["grade"] for row in reading.judgements] == [2, 1, 3, 4, 2, 1, 3, 4, 2]
    assert reading.judgements[0] == {
        "area_code": "E10000016",
        "judgement": "Overall effectiveness",
        "position": 1,
        "grade": 2,
        "inspected": dt.date(2022, 5, 9),
        "published": dt.date(2022, 7, 4),
        "source_id": "ofsted-outcomes",
        "licence": "OGL-UK-3.0",
        "locator": "A sheet, row 3",
    }


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (outcome("E99", "Atlantis"), "line 3: “E99 Atlantis” is no known authority."),
        (outcome("E12000008", "South East"), "line 3: “E12000008 South East” is no known auth"),
        (outcome("E10000016", "Essex"), "line 3: E10000016 is Kent, the row says Essex."),
        (outcome(days=("", DAYS[1])), "line 3: A date is missing, or is no date."),
        (outcome(days=("9 May 2022", DAYS[1])), "line 3: A date is missing, or is no date."),
        (outcome(days=DAYS[::-1]), "line 3: It was published before it was inspected."),
        (outcome("E10000012", "Essex"), "line 4: Essex stands in line 3 already."),
    ],
)
def test_outcomes_that_cannot_be_are_refused(row: list[object], told: str, tmp_path: Path) -> None:
    reading = outcomes(tmp_path, row, outcome("E10000012", "Essex"))
    assert len(refused(reading)) == 1
    assert refused(reading)[0].startswith(told)
    assert {each["area_code"] for each in reading.judgements} == {"E10000012"}


def test_a_grade_that_is_none_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    reading = outcomes(tmp_path, outcome(grade_1="Splendid"))
    (told,) = refused(reading)
    assert told.startswith("line 3, column The impact of leaders on social work practice")
    assert "“Splendid” is no grade." in told
    assert [row["position"] for row in reading.judgements] == [1, 3, 4]


@pytest.mark.parametrize("name", [*OUTCOMES[2:5], *OUTCOMES[6:]])
def test_outcomes_with_a_column_missing_are_told(name: str, tmp_path: Path) -> None:
    header = [f"Not {each}" if each == name else each for each in OUTCOMES]
    with pytest.raises(DataError, match=f"The table has no column {name}"):
        outcomes(tmp_path, outcome(), header=header)


def test_sheets_of_every_inspection_are_passed_over(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="The workbook is of no known kind"):
        outcomes(tmp_path, outcome(), header=[*OUTCOMES[:9], "Inspection type"])


def test_a_workbook_of_something_else_is_told(tmp_path: Path) -> None:
    path = workbook(tmp_path / "data.xlsx", Sheet=[["a", "b"], [1, 2]], More=[])
    with pytest.raises(DataError, match="The workbook is of no known kind"):
        read_file(path)


def test_a_panic_of_the_reader_is_told_and_another_end_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import python_calamine

    class PanicException(BaseException):
        """As a panic in Rust comes to Python."""

    path = workbook(tmp_path / "data.xlsx", Sheet=[])
    for error in (PanicException("index out of bounds"), KeyboardInterrupt()):

        def fail(path: str, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(python_calamine.CalamineWorkbook, "from_path", fail)
        wanted = DataError if isinstance(error, PanicException) else KeyboardInterrupt
        with pytest.raises(wanted):
            read_file(path)
