"""Underlying data of 2010: every line is counted, and what is corrected is guarded."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from official import DATA, REAL_2010, needs_data, refused, write

from kentstats.errors import DataError
from kentstats.ingest.csv_files import Reading
from kentstats.ingest.datasets import load_datasets
from kentstats.ingest.figures import columns_of, sources_of
from kentstats.ingest.recognise import read_file
from kentstats.ingest.sfr_2010 import FIRST_COUNT, PLACEMENTS

Lines = list[list[str]]

# --- the real files -----------------------------------------------------------------------------

REAL = {
    "Absence2009_10.csv": (
        "dfe-2010-absence",
        153,
        {"persistent-absence": 153},
        {"": 80, "not_applicable": 1, "suppressed": 72},
    ),
    "Exclusions_Final_V2.csv": (
        "dfe-2010-exclusions",
        161,
        {"fixed-term-exclusion": 322},
        {"": 209, "not_applicable": 2, "suppressed": 111},
    ),
    "KS4_Final_V2.csv": (
        "dfe-2010-key-stage-4",
        163,
        {"gcse-any-pass": 163, "gcse-five-a-to-c": 163, "gcse-five-with-english-maths": 163},
        {"": 320, "suppressed": 169},
    ),
    "OC2_Final_V2.csv": (
        "dfe-2010-outcomes",
        163,
        {
            "convictions": 163,
            "dental-checks": 163,
            "development-checks": 163,
            "health-assessments": 163,
            "immunisations": 163,
            "substance-misuse": 163,
            "substance-misuse-help": 163,
        },
        {"": 989, "not_applicable": 10, "suppressed": 142},
    ),
    "SEN_Final_V2.csv": (
        "dfe-2010-sen",
        163,
        {"special-needs-plan": 163},
        {"": 112, "suppressed": 51},
    ),
    "SFR27_2010_March.csv": (
        "dfe-2010-looked-after",
        162,
        {
            "looked-after": 162,
            "looked-after-rate": 162,
            "foster-care": 162,
            "placed-with-parents": 162,
        },
        {"": 616, "not_applicable": 2, "suppressed": 30},
    ),
}


@needs_data
@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_read_with_every_line_counted(name: str) -> None:
    dataset, rows, indicators, statuses = REAL[name]
    reading = read_file(DATA / "dfe-2010" / name)
    assert (reading.dataset, reading.rows, reading.refused) == (dataset, rows, [])
    assert reading.facts is not None
    assert dict(Counter(reading.facts["indicator"])) == indicators
    assert dict(Counter(reading.facts["status"])) == statuses
    with (DATA / "dfe-2010" / name).open(encoding="cp1252", newline="") as file:
        lines = [each for each in csv.reader(file) if any(cell.strip() for cell in each)]
    left = sum(len(each) for each in reading.left_out.values())
    assert len(lines) - 1 == rows + left
    assert left == (11 if name.startswith("Absence") else 0)


@needs_data
@pytest.mark.parametrize(
    ("name", "indicator", "group", "code", "numerator", "denominator", "line"),
    [
        ("OC2", "health-assessments", "", "E10000016", 539, 912, 141),
        ("OC2", "health-assessments", "", "E92000001", 37_230, 44_400, 2),
        ("OC2", "substance-misuse-help", "", "E10000016", 16, 19, 141),
        ("KS4", "gcse-five-with-english-maths", "", "E10000016", 6, 130, 141),
        ("Excl", "fixed-term-exclusion", "special schools", "E10000016", 11, 97, 141),
        ("Absence", "persistent-absence", "", "E10000016", 31, 521, 141),
        ("SEN", "special-needs-plan", "secondary schools", "E10000016", 22, 262, 141),
        ("SFR27", "foster-care", "", "E10000016", 1144, 1454, 136),
        ("SFR27", "foster-care", "", "E92000001", 47_200, 64_400, 2),
        ("SFR27", "looked-after-rate", "", "E10000016", 1454, 311_400, 136),
    ],
)
def test_a_figure_of_a_real_file_is_that_of_its_two_numbers(
    name: str,
    indicator: str,
    group: str,
    code: str,
    numerator: float,
    denominator: float,
    line: int,
) -> None:
    (path,) = (each for each in REAL_2010 if each.name.startswith(name))
    facts = read_file(path).facts
    assert facts is not None
    (found,) = facts[
        facts["indicator"].eq(indicator) & facts["group"].eq(group) & facts["area_code"].eq(code)
    ].to_dict("records")
    scale = 10_000 if indicator.endswith("rate") else 100
    assert found["value"] == pytest.approx(scale * numerator / denominator)
    assert (found["numerator"], found["denominator"]) == (numerator, denominator)
    assert (found["status"], found["locator"]) == ("", f"line {line}")


@needs_data
def test_areas_are_those_of_the_day_of_each_file() -> None:
    codes = {}
    for name in ("Exclusions_Final_V2.csv", "OC2_Final_V2.csv"):
        facts = read_file(DATA / "dfe-2010" / name).facts
        assert facts is not None
        codes[name] = set(facts["area_code"])
    ended, later = codes.values()
    assert {"E10000001", "E10000004"} <= ended - later  # Bedfordshire and Cheshire
    assert {"E06000055", "E06000056", "E06000049", "E06000050"} <= later - ended
    assert "E06000047" in ended & later  # County Durham kept its three digits


# --- files of our own ---------------------------------------------------------------------------


def columns(dataset: str) -> list[str]:
    names = [*load_datasets()[dataset].columns]
    names += [name for _, mapping in sources_of(dataset) for name in columns_of(mapping)]
    return list(dict.fromkeys(names))


def written(lines: Lines) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue()


COLUMNS = columns("dfe-2010-outcomes")
TOP = "Number of children whose health assessments were up to date"


def line(code: str = "886", name: str = "Kent") -> list[str]:
    return [code, name, *("10" if TOP not in column else "5" for column in COLUMNS)]


def read(path: Path, *lines: list[str], header: list[str] | None = None) -> Reading:
    top = header or ["LA Number", "", *COLUMNS]
    return read_file(write(path / "data.csv", written([top, *lines])))


def found(reading: Reading, indicator: str = "health-assessments") -> list[list[Any]]:
    assert reading.facts is not None
    chosen = reading.facts[reading.facts["indicator"].eq(indicator)]
    return list(chosen[["area_code", "numerator", "denominator", "status"]].values.tolist())


def test_areas_are_known_by_three_digits_or_by_their_names(tmp_path: Path) -> None:
    lines = [line("", "ENGLAND"), line("", " South East "), line("", "YORKS & THE HUMBER"), line()]
    reading = read(tmp_path, *lines)
    assert [each[0] for each in found(reading)] == [
        "E92000001",
        "E12000008",
        "E12000003",
        "E10000016",
    ]
    assert reading.facts is not None
    assert set(reading.facts["period"]) == {"2010"}
    assert set(reading.facts["period_end"]) == {pd.Timestamp(2010, 3, 31)}


def test_counts_of_regions_are_rounded_and_those_of_authorities_are_not(tmp_path: Path) -> None:
    facts = read(tmp_path, line("", "England"), line()).facts
    assert facts is not None
    chosen = facts[facts["indicator"].eq("health-assessments")]
    assert chosen["count_rounding"].tolist() == [5, 0]
    assert chosen["rounding"].tolist() == [pytest.approx(100 * (5 + 2.5) / 10), 0]


def test_columns_may_stand_in_any_order_and_case(tmp_path: Path) -> None:
    wanted = found(read(tmp_path, line()))
    names = ["LA Number", "", *COLUMNS]
    order = [1, 0, *reversed(range(2, len(names)))]
    cells = line()
    reading = read(
        tmp_path,
        [cells[at] for at in order],
        header=[f"  {names[at].upper()} " for at in order],
    )
    assert found(reading) == wanted


def test_cells_with_commas_symbols_and_noughts_are_read(tmp_path: Path) -> None:
    cells = [line("886", "Kent"), line("881", "Essex"), line("887", "Medway")]
    place = 2 + COLUMNS.index(TOP)
    base = 2 + COLUMNS.index(FIRST_COUNT)
    cells[0][place], cells[0][base] = "1,362", "2,000"
    cells[1][place] = "x"
    cells[2][place] = "0"
    assert found(read(tmp_path, *cells)) == [
        ["E10000016", 1362, 2000, ""],
        ["E10000012", pytest.approx(math.nan, nan_ok=True), pytest.approx(math.nan, nan_ok=True),
         "suppressed"],
        ["E06000035", 0, 10, ""],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (line("999", "Nowhere"), "line 3: No list of codes knows “999 Nowhere”. Look at the line."),
        (line("", "Atlantis"), "line 3: No list of codes knows “Atlantis”."),
        (line("", "Essex"), "line 3: No list of codes knows “Essex”."),
        (line("881", "Kent"), "line 3: 881 is Essex, the row says Kent."),
        (line("839", "Bournemouth, Christchurch and Poole"), "line 3: No list of codes knows “839"),
    ],
)
def test_a_line_of_no_area_is_refused(cells: list[str], told: str, tmp_path: Path) -> None:
    reading = read(tmp_path, line(), cells, line("887", "Medway"))
    assert len(refused(reading)) == 1
    assert refused(reading)[0].startswith(told)
    assert [each[0] for each in found(reading)] == ["E10000016", "E06000035"]


def test_an_area_twice_is_left_out_or_refused(tmp_path: Path) -> None:
    other = line()
    other[5] = "7"
    reading = read(tmp_path, line(), line(), line("887", "Medway"))
    assert (refused(reading), reading.left_out) == ([], {"the same line again": [3]})
    reading = read(tmp_path, line(), other, line("887", "Medway"))
    assert refused(reading) == [
        "line 2: Kent occurs twice. Ask the publisher.",
        "line 3: Kent occurs twice. Ask the publisher.",
    ]
    assert [each[0] for each in found(reading)] == ["E06000035"]


def test_a_cell_is_told_once_however_many_indicators_need_it(tmp_path: Path) -> None:
    bad = line("887", "Medway")
    bad[2 + COLUMNS.index(FIRST_COUNT)] = "many"
    reading = read(tmp_path, line(), bad)
    assert refused(reading) == [
        f"line 3, column {FIRST_COUNT}: “many” is neither a number nor a known symbol. "
        "Ask the publisher; known besides numbers: x."
    ]
    assert [each[0] for each in found(reading)] == ["E10000016"]


def test_a_column_that_is_missing_is_told(tmp_path: Path) -> None:
    names = ["LA Number", "", *COLUMNS]
    gone = "Number of children whose teeth were checked by a dentist"
    names[names.index(gone)] = "Something else"
    with pytest.raises(DataError, match=f"line 1: There is no column “{gone}”. Download the"):
        read(tmp_path, line(), header=names)


# --- the columns of placements that bear each other's names ---------------------------------------


def placements(headed: list[str], *, total: str = "1000") -> Lines:
    """Make a file whose figures stand by code, under headings in some order."""
    counts = dict.fromkeys(PLACEMENTS, "1") | {
        "MarPlace_Q1_2010": "110",
        "MarPlace_Q2_2010": "620",
        "MarPlace_P1_2010": "64",
    }
    figures = [counts[name] for name in sorted(PLACEMENTS)]
    rows = [["National", "921", "England"], ["UA", "887", "Medway"]]
    top = ["geog_l", "geog_c", "geog_n", "MarTotal_2010", "Mid2009Pop0-17"]
    return [[*top, *headed], *([*row, total, "90000", *figures] for row in rows)]


def test_placements_are_read_in_the_order_of_their_figures(tmp_path: Path) -> None:
    reading = read_file(write(tmp_path / "a.csv", written(placements(PLACEMENTS))))
    assert found(reading, "foster-care") == [
        ["E92000001", 730, 1000, ""],
        ["E06000035", 730, 1000, ""],
    ]
    assert found(reading, "placed-with-parents")[1] == ["E06000035", 64, 1000, ""]
    assert "The columns of placements were read in the order of their figures." in reading.notes


def test_that_holds_however_the_columns_are_moved_about(tmp_path: Path) -> None:
    lines = placements(PLACEMENTS)
    order = [2, 20, 0, 1, *range(25, 20, -1), 3, *range(5, 20), 4]
    moved = [[each[at] for at in order] for each in lines]
    moved[0] = [name.upper() for name in moved[0]]
    reading = read_file(write(tmp_path / "a.csv", written(moved)))
    assert found(reading, "foster-care")[1] == ["E06000035", 730, 1000, ""]
    assert found(reading, "placed-with-parents")[1] == ["E06000035", 64, 1000, ""]


@pytest.mark.parametrize(
    "lines",
    [
        placements(sorted(PLACEMENTS)),  # the headings were put right
        placements(PLACEMENTS, total="9000"),
        placements(PLACEMENTS, total="0"),
        placements(PLACEMENTS, total="x"),
    ],
    ids=["put right", "another total", "no total", "a total withheld"],
)
def test_the_correction_fails_where_the_file_does_not_have_the_fault(
    lines: Lines, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", written(lines))
    with pytest.raises(DataError) as caught:
        read_file(path)
    assert str(caught.value) == (
        f"{path}, line 1: The columns of placements do not have the fault that is corrected here. "
        "Take the correction out of datasets.yml, or look at the file."
    )


def test_the_correction_needs_england(tmp_path: Path) -> None:
    lines = placements(PLACEMENTS)
    del lines[1]
    with pytest.raises(DataError, match="There is no line of England to check the file by"):
        read_file(write(tmp_path / "a.csv", written(lines)))


@needs_data
def test_the_real_file_put_right_in_either_way_is_told(tmp_path: Path) -> None:
    with (DATA / "dfe-2010" / "SFR27_2010_March.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    start = header.index(PLACEMENTS[0])
    assert header[start:] == PLACEMENTS
    headings = [[*header[:start], *sorted(PLACEMENTS)], *rows]
    place = {name: at for at, name in enumerate(sorted(PLACEMENTS))}
    figures = [
        header,
        *([*row[:start], *(row[start + place[name]] for name in PLACEMENTS)] for row in rows),
    ]
    for lines in (headings, figures):
        with pytest.raises(DataError, match="do not have the fault that is corrected here"):
            read_file(write(tmp_path / "a.csv", written(lines)))


# --- the lines of regions that are sums over other authorities ------------------------------------

ABSENCE = columns("dfe-2010-absence")


def absence(regions: dict[str, str]) -> Lines:
    counts = {"886 Kent": "1000", "887 Medway": "400", "881 Essex": "700"}
    rows = [["", name, *[count] * len(ABSENCE)] for name, count in regions.items()]
    rows += [[*each.split(" "), *[count] * len(ABSENCE)] for each, count in counts.items()]
    return [["", "", *ABSENCE], *rows]


def test_regions_that_are_sums_over_others_are_left_out(tmp_path: Path) -> None:
    lines = absence({"England": "2100", "South East": "700", "East of England": "1400"})
    reading = read_file(write(tmp_path / "a.csv", written(lines)))
    assert reading.left_out == {"a region that is not the sum of its authorities": [3, 4]}
    assert [each[0] for each in found(reading, "persistent-absence")] == [
        "E92000001",
        "E10000016",
        "E06000035",
        "E10000012",
    ]


def test_that_fails_where_the_regions_are_right(tmp_path: Path) -> None:
    lines = absence({"England": "2100", "South East": "1400", "East of England": "700"})
    with pytest.raises(DataError, match="The lines of regions do not have the fault for which"):
        read_file(write(tmp_path / "a.csv", written(lines)))


@needs_data
def test_the_real_regions_of_absence_are_not_the_sums_of_their_authorities() -> None:
    reading = read_file(DATA / "dfe-2010" / "Absence2009_10.csv")
    assert reading.left_out == {
        "a region that is not the sum of its authorities": list(range(3, 14))
    }
    known = load_datasets()["dfe-2010-absence"]
    assert FIRST_COUNT in known.columns
    assert "1,930" in known.note
    assert "4,299" in known.note
