"""Workbooks and code lists: what they hold is read, and what cannot be is told."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from official import DATA, needs_data, refused, workbook, write

from kentstats.areas import COLUMNS, load_areas, make_register
from kentstats.errors import DataError
from kentstats.ingest.csv_files import Reading
from kentstats.ingest.recognise import has_codes, read_file
from kentstats.ingest.workbooks import JUDGEMENTS

HEADER = ["LA num", "LA Name", "LA number", "GOReg"]
HEADER += [name for n in range(1, 11) for name in (f"SN{n}", "SNP")]
OTHERS = [881, 850, 845, 938, 919, 823, 885, 860, 873, 931]
OUTCOMES = ["Web link", "Local authority area code", "Local authority name"]
OUTCOMES += ["Inspection date", "Publication date", *JUDGEMENTS]


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
        "an authority that had ended": ended,
        "a line without neighbours": 3,
    }
    assert reading.notes == [f"The list is that of {named}."]
    assert {row["list"] for row in reading.neighbours} == {named}
    day = dt.date(int(named[:4]), int(named[5:]), 1)
    known = {area.code for area in load_areas().authorities(day)}
    counts = Counter(row["area_code"] for row in reading.neighbours)
    assert counts == {code: 10 for code in known if code in counts}
    for row in reading.neighbours:
        assert row["closeness"] in {
            "Extremely close", "Very close", "Close", "Somewhat close", "Not close"
        }  # fmt: skip


@needs_data
def test_the_real_outcomes_are_read_whole() -> None:
    (path,) = (DATA / "ofsted").glob("*.ods")
    reading = read_file(path)
    assert (reading.rows, reading.refused, len(reading.judgements)) == (153, [], 715)
    assert [len(lines) for lines in reading.left_out.values()] == [50]
    barking = [row for row in reading.judgements if row["area_code"] == "E09000002"]
    assert [row["judgement"] for row in barking] == list(JUDGEMENTS.values())
    assert [row["grade"] for row in barking] == [3, 3, 3, 3, 2]
    days = (barking[0]["inspected"], barking[0]["published"])
    assert days == (dt.date(2023, 7, 10), dt.date(2023, 9, 4))
    assert barking[0]["locator"] == "Inspections as at 31 March, row 4"


@needs_data
def test_a_list_of_codes_without_dates_is_only_recognised() -> None:
    reading = read_file(DATA / "lait" / "la_code_list.xlsx")
    assert (reading.rows, reading.areas, reading.refused) == (171, [], [])
    assert reading.notes[0].startswith("It holds no dates of operation")


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
        (neighbours(others=[*OTHERS[:9], 881]), "line 3: Kent is listed twice, or without ten"),
        (neighbours(others=[*OTHERS[:9], 886]), "line 3: Kent is listed twice, or without ten"),
        (neighbours(others=[999, *OTHERS[1:]]), "line 3: Kent is listed twice, or without ten"),
        (neighbours(999, "Atlantis"), "line 3, column LA number: No list knows “999.0”."),
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
        "a line without neighbours": [5, 6, 7],
    }


def test_a_list_is_dated_by_its_name(tmp_path: Path) -> None:
    sheet = [HEADER, neighbours()]
    for name in ("SN_May_2025", "statistical neighbours 2025 may (final)"):
        reading = read_file(workbook(tmp_path / f"{name}.xlsx", Sheet=sheet))
        assert reading.neighbours[0]["list"] == "2025-05"
    for name in ("sn_2025", "sn_may_2025_june_2026", "sn_may_20255"):
        told = "its name has no month and year. Name it as it is published, as in sn_may"
        with pytest.raises(DataError, match=told):
            read_file(workbook(tmp_path / f"{name}.xlsx", Sheet=sheet))


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
    others = {"grade_1": "Splendid", "grade_4": "good"}
    reading = outcomes(tmp_path, outcome(), outcome("E10000012", "Essex", **others))
    (told,) = refused(reading)
    assert told.startswith("line 4, column The impact of leaders on social work practice")
    assert "“Splendid” is no grade." in told
    assert reading.left_out == {"no judgement of care leavers": [3]}
    assert [row["grade"] for row in reading.judgements] == [2, 1, 3, 4, 2, 3, 4, 2]
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
        (outcome(days=("", DAYS[1])), "line 3: The days of inspection and publication are not"),
        (outcome(days=DAYS[::-1]), "line 3: The days of inspection and publication are not"),
        (outcome("E10000012", "Essex"), "line 4: Essex stands in line 3 already."),
    ],
)
def test_outcomes_that_cannot_be_are_refused(row: list[object], told: str, tmp_path: Path) -> None:
    reading = outcomes(tmp_path, row, outcome("E10000012", "Essex"))
    assert len(refused(reading)) == 1
    assert refused(reading)[0].startswith(told)
    assert {each["area_code"] for each in reading.judgements} == {"E10000012"}


def test_a_table_with_a_column_missing_and_other_inspections_are_told(tmp_path: Path) -> None:
    header = [name.replace("SN5", "Fifth") for name in HEADER]
    path = workbook(tmp_path / "sn_may_2025.xlsx", Sheet=[header, neighbours()])
    with pytest.raises(DataError, match=r"The table has no column SN5\. Download it again; or its"):
        read_file(path)
    with pytest.raises(DataError, match="The table has no column Local authority name"):
        outcomes(tmp_path, outcome(), header=[each.replace("y name", "y") for each in OUTCOMES])
    with pytest.raises(DataError, match="The workbook is of no known kind"):
        outcomes(tmp_path, outcome(), header=[*OUTCOMES[:9], "Inspection type"])


def test_a_panic_of_the_reader_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """As a panic in Rust comes to Python."""

    def fail(path: str) -> None:
        raise PanicException("index out of bounds")

    path = workbook(tmp_path / "data.xlsx", Sheet=[])
    monkeypatch.setattr("python_calamine.CalamineWorkbook.from_path", fail)
    with pytest.raises(DataError, match="The file is damaged, or no workbook: index out of bounds"):
        read_file(path)


# --- code lists -----------------------------------------------------------------------------------

CODES_HEADER = (
    "new_la_code,la_name,date_of_operation,date_of_termination,parent_geography_code,"
    "entity_code,entity_description,status,old_la_code"
)
KENT = "E10000016,Kent,01/01/2009,,E12000008,E10,Counties,live,886"


def read_codes(path: Path, *lines: str, header: str = CODES_HEADER) -> Reading:
    return read_file(write(path / "list.csv", "\n".join([header, *lines, ""])))


@needs_data
@pytest.mark.parametrize(
    ("name", "rows", "areas", "left"),
    [
        ("las.csv", 172, {"authority": 172}, 4),
        ("regions.csv", 11, {"region": 11}, 0),
        ("region_la_hierarchy.csv", 175, {"region": 9}, 6),
    ],
)
def test_a_real_list_is_read_whole(name: str, rows: int, areas: dict[str, int], left: int) -> None:
    path = DATA / "lookups" / name
    reading = read_file(path)
    assert has_codes(path)
    assert (reading.rows, reading.refused) == (rows, [])
    assert dict(Counter(row["type"] for row in reading.areas)) == areas
    assert sum(len(lines) for lines in reading.left_out.values()) == left
    lines = len(path.read_text(encoding="utf-8-sig").splitlines())
    assert lines == 1 + rows + left


def test_an_authority_is_read_with_its_days(tmp_path: Path) -> None:
    reading = read_codes(
        tmp_path,
        KENT,
        KENT,
        KENT.replace("Kent", "Cantia"),
        '"E06000023","Bristol, City of",01/01/2009,,E12000009,E06,Unitary Authorities,live,801',
        "E10000022,Northumberland,01/01/2009,31/03/2009,E12000001,E10,Counties,terminated,x",
    )
    assert refused(reading) == [
        "line 4: E10000016 stands here twice, and differently. "
        "Ask the publisher which is right; the first was taken."
    ]
    assert reading.areas == [
        dict(zip(COLUMNS, cells, strict=True))
        for cells in (
            ("E10000016", "Kent", "authority", "886", "E12000008", "county", "2009-01-01", ""),
            ("E06000023", "Bristol", "authority", "801", "E12000009", "unitary authority",
             "2009-01-01", ""),
            ("E10000022", "Northumberland", "authority", "", "E12000001", "county", "2009-01-01",
             "2009-03-31"),
        )
    ]  # fmt: skip
    assert make_register(reading.areas, []).find("886")


@pytest.mark.parametrize(
    ("line", "column", "text"),
    [
        (KENT.replace("01/01/2009", "2009-01-01"), "date_of_operation", "2009-01-01"),
        (KENT.replace("2009,,", "2009,soon,"), "date_of_termination", "soon"),
        (KENT.replace("Counties", "Shires"), "entity_description", "Shires"),
        (KENT.replace("Kent", "=Kent()"), "la_name", "=Kent()"),
    ],
)
def test_an_authority_that_cannot_be_is_refused(
    tmp_path: Path, line: str, column: str, text: str
) -> None:
    reading = read_codes(tmp_path, KENT.replace("E10000016", "E10000099"), line)
    assert refused(reading) == [
        f"line 3, column {column}: “{text}” cannot be that of E10000016. "
        "Look at the list; days are written 01/04/2009."
    ]
    assert [row["code"] for row in reading.areas] == ["E10000099"]


def test_regions_are_read_with_london_above_its_halves(tmp_path: Path) -> None:
    reading = read_codes(
        tmp_path,
        "E12000007,London",
        "E13000001,Inner London",
        "z,Unknown",
        "x,",
        "E12000007,London",
        "E12000008,=South()",
        header="region_code,region_name",
    )
    assert [(row["code"], row["type"], row["region"]) for row in reading.areas] == [
        ("E12000007", "region", ""),
        ("E13000001", "region", "E12000007"),
    ]
    assert reading.left_out == {"a place outside the regions of England": [4, 5]}
    assert refused(reading) == [
        "line 7, column region_name: “=South()” is no name. Look at the list."
    ]
