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
    "Absence2009_10.csv": ("dfe-2010-absence", 153, 11, 1, 80, 72),
    "Exclusions_Final_V2.csv": ("dfe-2010-exclusions", 161, 0, 1, 209, 111),
    "KS4_Final_V2.csv": ("dfe-2010-key-stage-4", 163, 0, 3, 320, 169),
    "OC2_Final_V2.csv": ("dfe-2010-outcomes", 163, 0, 7, 989, 142),
    "SEN_Final_V2.csv": ("dfe-2010-sen", 163, 0, 1, 112, 51),
    "SFR27_2010_March.csv": ("dfe-2010-looked-after", 162, 0, 4, 616, 30),
}
"""Data set, lines read and left out, indicators, figures and suppressed figures of each file."""


@needs_data
@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_read_with_every_line_counted(name: str) -> None:
    reading = read_file(DATA / "dfe-2010" / name)
    assert reading.facts is not None
    status = Counter(reading.facts["status"])
    left = sum(len(each) for each in reading.left_out.values())
    figures = (reading.facts["indicator"].nunique(), status[""], status["suppressed"])
    assert (reading.dataset, reading.rows, left, *figures) == REAL[name]
    with (DATA / "dfe-2010" / name).open(encoding="cp1252", newline="") as file:
        lines = [each for each in csv.reader(file) if any(cell.strip() for cell in each)]
    assert len(lines) - 1 == reading.rows + left


@needs_data
@pytest.mark.parametrize(
    "case",
    [
        ("OC2", "health-assessments", "E10000016", 539, 912, 141),
        ("OC2", "health-assessments", "E92000001", 37_230, 44_400, 2),
        ("KS4", "gcse-five-with-english-maths", "E10000016", 6, 130, 141),
        ("Absence", "persistent-absence", "E10000016", 31, 521, 141),
        ("SFR27", "foster-care", "E10000016", 1144, 1454, 136),
        ("SFR27", "foster-care", "E92000001", 47_200, 64_400, 2),
        ("SFR27", "looked-after-rate", "E10000016", 1454, 311_400, 136),
    ],
)
def test_a_figure_of_a_real_file_is_that_of_its_two_numbers(case: tuple[Any, ...]) -> None:
    name, indicator, code, numerator, denominator, line = case
    (path,) = (each for each in REAL_2010 if each.name.startswith(name))
    facts = read_file(path).facts
    assert facts is not None
    (found,) = facts[
        facts["indicator"].eq(indicator) & facts["group"].eq("") & facts["area_code"].eq(code)
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
    codes = ["E92000001", "E12000008", "E12000003", "E10000016"]
    assert [each[0] for each in found(reading)] == codes
    assert reading.facts is not None
    assert set(reading.facts["period"]) == {"2010"}
    assert set(reading.facts["period_end"]) == {pd.Timestamp(2010, 3, 31)}


def test_counts_of_regions_are_rounded_and_those_of_authorities_are_not(tmp_path: Path) -> None:
    facts = read(tmp_path, line("", "England"), line()).facts
    assert facts is not None
    chosen = facts[facts["indicator"].eq("health-assessments")]
    assert chosen["count_rounding"].tolist() == [5, 0]
    assert chosen["rounding"].tolist() == [pytest.approx(100 * (5 + 2.5) / 10), 0]


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
        (
            line("999", "Nowhere"),
            "line 3: No list of codes knows “999 Nowhere”. Look at the line, or",
        ),
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
        "line 2: Kent occurs twice. Look at the line, or ask the publisher.",
        "line 3: Kent occurs twice. Look at the line, or ask the publisher.",
    ]
    assert [each[0] for each in found(reading)] == ["E06000035"]


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


@pytest.mark.parametrize(
    "lines",
    [
        placements(sorted(PLACEMENTS)),  # the headings were put right
        placements(PLACEMENTS, total="0"),
        [line for line in placements(PLACEMENTS) if "England" not in line],
    ],
    ids=["put right", "no total", "no line of England"],
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
    codes = ["E92000001", "E10000016", "E06000035", "E10000012"]
    assert [each[0] for each in found(reading, "persistent-absence")] == codes
    lines = absence({"England": "2100", "South East": "1400", "East of England": "700"})
    with pytest.raises(DataError, match="The lines of regions do not have the fault for which"):
        read_file(write(tmp_path / "a.csv", written(lines)))
