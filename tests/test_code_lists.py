"""Lists of codes end in the register of areas, and what is no code does not."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from official import DATA, RAW, REAL_LISTS, needs_data, refused, write

from kentstats.areas import COLUMNS, make_register
from kentstats.ingest.csv_files import Reading
from kentstats.ingest.recognise import has_codes, read_file
from kentstats.ingest.workbooks import ENGLAND, merge_areas

HEADER = (
    "new_la_code,la_name,date_of_operation,date_of_termination,parent_geography_code,"
    "entity_code,entity_description,status,old_la_code"
)
KENT = "E10000016,Kent,01/01/2009,,E12000008,E10,Counties,live,886"


def read(path: Path, *lines: str, header: str = HEADER) -> Reading:
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
    assert (reading.rows, reading.refused) == (rows, [])
    assert dict(Counter(row["type"] for row in reading.areas)) == areas
    assert sum(len(lines) for lines in reading.left_out.values()) == left
    lines = len(path.read_text(encoding="utf-8-sig").splitlines())
    assert lines == 1 + rows + left


@needs_data
@pytest.mark.parametrize("turn", [1, -1])
def test_the_real_lists_make_the_register_in_any_order(turn: int) -> None:
    rows: list[dict[str, Any]] = []
    for path in REAL_LISTS[::turn]:
        rows = merge_areas(rows, read_file(path).areas)
    with (RAW / "areas" / "areas.csv").open(encoding="utf-8", newline="") as file:
        assert rows == list(csv.DictReader(file))


def test_an_authority_is_read_with_its_days(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        KENT,
        '"E06000023","Bristol, City of",01/01/2009,,E12000009,E06,Unitary Authorities,live,801',
        "E10000022,Northumberland,01/01/2009,31/03/2009,E12000001,E10,Counties,terminated,x",
    )
    assert refused(reading) == []
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
        (KENT.replace("01/01/2009", "31/02/2009"), "date_of_operation", "31/02/2009"),
        (KENT.replace("01/01/2009", ""), "date_of_operation", ""),
        (KENT.replace("2009,,", "2009,soon,"), "date_of_termination", "soon"),
        (KENT.replace("2009,,", "2009,31/12/2008,"), "date_of_termination", "31/12/2008"),
        (KENT.replace("Counties", "Shires"), "entity_description", "Shires"),
        (KENT.replace("Kent", "=Kent()"), "la_name", "=Kent()"),
        (KENT.replace("Kent", ""), "la_name", ""),
    ],
)
def test_an_authority_that_cannot_be_is_refused(
    tmp_path: Path, line: str, column: str, text: str
) -> None:
    reading = read(tmp_path, KENT.replace("E10000016", "E10000099"), line)
    assert refused(reading) == [
        f"line 3, column {column}: “{text}” cannot be that of E10000016. "
        "Look at the list; days are written 01/04/2009."
    ]
    assert [row["code"] for row in reading.areas] == ["E10000099"]


def test_joined_codes_and_other_places_are_left_out(tmp_path: Path) -> None:
    reading = read(
        tmp_path, KENT, KENT.replace("E10000016", "W06000015"), KENT.replace("E10000016", "E1 / E2")
    )
    assert reading.left_out == {"a joined code or a place outside the list": [3, 4]}


def test_a_code_twice_is_taken_once_or_refused(tmp_path: Path) -> None:
    reading = read(tmp_path, KENT, KENT)
    assert (refused(reading), len(reading.areas)) == ([], 1)
    reading = read(tmp_path, KENT, KENT.replace("Kent", "Cantia"))
    assert refused(reading) == [
        "line 3: E10000016 stands here twice, and differently. "
        "Ask the publisher which is right; the first was taken."
    ]
    assert reading.areas[0]["name"] == "Kent"


def test_columns_may_be_in_any_order_and_case_and_some_may_lack(tmp_path: Path) -> None:
    reading = read(
        tmp_path,
        "Counties,886,Kent,E10000016,01/01/2009",
        header="Entity_Description,OLD_LA_CODE,LA_NAME, New_LA_Code ,DATE_OF_OPERATION",
    )
    assert refused(reading) == []
    assert [(row["code"], row["region"], row["closed"]) for row in reading.areas] == [
        ("E10000016", "", "")
    ]


def test_regions_are_read_with_london_above_its_halves(tmp_path: Path) -> None:
    reading = read(
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


def test_rows_are_merged_by_code_and_marks_that_are_none_go(tmp_path: Path) -> None:
    old = [{"code": "E10000016", "name": "Cantia"}, {"code": "z", "name": "Unknown"}]
    assert merge_areas(old, [{"code": "E10000016", "name": "Kent"}]) == [
        {"code": "E10000016", "name": "Kent"},
        ENGLAND,
    ]


@pytest.mark.parametrize(
    ("content", "is_list"),
    [
        (HEADER + "\n", True),
        ("\ufeff" + HEADER.upper() + "\r\n", True),
        ("region_code,region_name\n", True),
        ('"region_code","region_name"\n', True),
        ("region_code,region_name,time_period\n", False),
        ("a,b\n", False),
        ("", False),
        (b"\xff\xfe\x00", False),
    ],
)
def test_a_list_of_codes_is_known_by_its_header(
    content: str | bytes, is_list: bool, tmp_path: Path
) -> None:
    assert has_codes(write(tmp_path / "list.csv", content)) is is_list
    assert not has_codes(tmp_path)
    assert not has_codes(tmp_path / "none.csv")
