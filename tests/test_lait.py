"""The download of the interactive tool is read, as parquet or CSV, with every line counted."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official import DATA, needs_data, refused, text_of, write

from kentstats.ingest.csv_files import Reading
from kentstats.ingest.recognise import read_file
from kentstats.schemas import DAYS, FIGURES

REAL = DATA / "lait" / "bds_long_0.parquet"
NUMBERS = {"England": 970.0, "South East": 989.0, "London": 985.0, "Kent": 886.0, "Essex": 881.0}
Line = tuple[Any, Any, Any, Any, Any]


def line(
    measure: str = "CPP_rate", year: str = "2025", place: str = "Kent", value: str = "40.1"
) -> Line:
    return (measure, year, place, value, NUMBERS[place])


COLUMNS = ("Short Desc", "Years", "LA and Regions", "Values", "LA Number")


def rows_of(*lines: Line) -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, each, strict=True)) for each in lines]


def parquet(folder: Path, *lines: Line) -> Reading:
    path = folder / "data.parquet"
    pq.write_table(pa.Table.from_pylist(rows_of(*lines)), path)
    return read_file(path, every=True)


def columns(reading: Reading, *names: str) -> list[list[Any]]:
    assert reading.facts is not None
    return list(reading.facts[list(names)].values.tolist())


# --- the real file ------------------------------------------------------------------------------


@needs_data
def test_the_real_file_is_read_with_the_measures_that_are_known() -> None:
    reading = read_file(REAL)
    assert (reading.rows, reading.refused, dict(reading.left_out)) == (19_040, [], {})
    assert reading.notes == ["421 of 434 measures are not in the catalogue and were left out."]
    facts = reading.facts
    assert facts is not None
    assert dict(Counter(facts["status"])) == {"": 17_061, "not_available": 1_979}
    assert (facts["indicator"].nunique(), facts["area_code"].nunique()) == (13, 170)


@needs_data
@pytest.mark.parametrize(
    ("indicator", "group", "code", "period", "value", "line"),
    [
        ("child-protection-plan-rate", "", "E10000016", "2025", 32.4, 131478),
        ("persistent-absence", "", "E10000016", "2020/21", 35.9, 210018),
        ("looked-after", "uasc", "E10000016", "2025", 451, 335648),
    ],
)
def test_a_figure_of_the_real_file_is_as_printed(
    indicator: str, group: str, code: str, period: str, value: float, line: int
) -> None:
    facts = read_file(REAL).facts
    assert facts is not None
    (found,) = facts[
        facts["indicator"].eq(indicator)
        & facts["group"].eq(group)
        & facts["area_code"].eq(code)
        & facts["period"].eq(period)
    ].to_dict("records")
    assert (found["value"], found["locator"], found["status"]) == (value, f"line {line}", "")


@needs_data
def test_the_real_file_with_every_measure_loses_no_line() -> None:
    reading = read_file(REAL, every=True)
    facts = reading.facts
    assert facts is not None
    assert (len(facts), reading.rows, len(reading.refused)) == (640_900, 640_900, 170)
    assert {problem.what for problem in reading.refused} == {"“0” is no year."}
    assert facts["indicator"].nunique() == 434
    key = ["indicator", "area_code", "period", "group"]
    assert not facts.duplicated(key).any()
    whole = pq.read_table(REAL, columns=["Values"]).to_pandas()["Values"]
    numbers = whole.drop([problem.line - 2 for problem in reading.refused])
    assert facts["value"].notna().sum() == (~numbers.isin(["-", None, ""])).sum()
    assert not (facts["value"].astype(str).str.len() > 14).any()  # 17.1, not 17.100000000000001


# --- files of our own ---------------------------------------------------------------------------


def test_lines_end_in_the_contract(tmp_path: Path) -> None:
    reading = parquet(
        tmp_path,
        line(value="17.100000000000001"),
        line("Unacc_Asylmn_Seek_Childn", place="Essex", value="12"),
        line("LAC_Pers_Abs", "2025", "England", "-"),
        line("Some measure", "2019-2021", "South East", "1.25"),
    )
    facts = reading.facts
    assert facts is not None
    assert list(facts.columns) == [*FIGURES, *DAYS]
    assert [str(dtype) for dtype in facts.dtypes[: len(FIGURES)]] == [
        column.dtype for column in FIGURES.values()
    ]
    assert refused(reading) == []
    names = ("indicator", "group", "area_code", "period", "value", "rounding", "status", "locator")
    assert columns(reading, *names) == [
        ["child-protection-plan-rate", "", "E10000016", "2025", 17.1, 0.05, "", "line 2"],
        ["looked-after", "uasc", "E10000012", "2025", 12, 0, "", "line 3"],
        ["persistent-absence", "", "E92000001", "2024/25", pytest.approx(math.nan, nan_ok=True),
         pytest.approx(math.nan, nan_ok=True), "not_available", "line 4"],
        ["some-measure", "", "E12000008", "2019-2021", 1.25, 0.005, "", "line 5"],
    ]  # fmt: skip
    days = ["2025-03-31", "2025-03-31", "2025-08-31", "NaT"]
    assert [str(day)[:10] for day in facts["period_end"]] == days


def test_csv_is_read_as_parquet_is_with_its_own_lines(tmp_path: Path) -> None:
    lines = [line(), line(year="2024", value="1,041.5"), line(place="Essex", value="-")]
    rows = [dict(reversed(each.items())) for each in rows_of(*lines)]
    text = text_of(rows).replace("Values", "VALUES").replace("Short Desc", "short_desc")
    text = text.replace("886.0,1,041.5", "886.0,1041.5")
    head, first, *rest = text.splitlines()
    text = "\n".join([head, "broken", first, "", *rest, ""])
    reading = read_file(write(tmp_path / "data.csv", text), every=True)
    assert [problem.line for problem in reading.refused] == [2]
    wanted = parquet(tmp_path, *lines)
    assert reading.facts is not None
    assert wanted.facts is not None
    assert columns(reading, "locator") == [["line 3"], ["line 5"], ["line 6"]]
    pd.testing.assert_frame_equal(
        reading.facts.drop(columns="locator"), wanted.facts.drop(columns="locator")
    )


@pytest.mark.parametrize(
    ("year", "label"),
    [
        ("2023-24", "2023/24"),
        ("2023/2024", "2023/24"),
        ("2022 (Rev)", "2022"),
        ("2019-2021", "2019-2021"),
        ("2019/20-21/22", "2019/20-21/22"),
        ("1999/00", "1999/00"),
    ],
)
def test_years_are_read_in_every_form(tmp_path: Path, year: str, label: str) -> None:
    reading = parquet(tmp_path, line("Some measure", year))
    assert columns(reading, "period") == [[label]]


def test_the_same_figure_again_is_left_out_and_another_refused(tmp_path: Path) -> None:
    reading = parquet(
        tmp_path,
        line(),
        line(),
        line(place="Essex", value="-"),
        line(place="Essex", value=""),
        line(year="2024", value="1"),
        line(year="2024", value="2"),
    )
    assert reading.left_out == {"the same figures again": [3, 5]}
    assert [problem.line for problem in reading.refused] == [6, 7]
    assert columns(reading, "area_code", "period") == [["E10000016", "2025"], ["E10000012", "2025"]]


def test_a_line_without_a_measure_or_year_is_refused(tmp_path: Path) -> None:
    wrong = [line(year=year) for year in ("1889", "2025 (draft)", "٢٠٢٥")]
    reading = parquet(tmp_path, (None, "2025", "Kent", "1", 886.0), line(), *wrong)
    assert refused(reading) == [
        "line 2, column Short Desc: The line names no measure. Ask the publisher.",
        "line 4, column Years: “1889” is no year. Ask the publisher.",
        "line 5, column Years: “2025 (draft)” is no year. Ask the publisher.",
        "line 6, column Years: “٢٠٢٥” is no year. Ask the publisher.",
    ]


VALUES = st.one_of(
    st.sampled_from(["-", "", "=1", "n/a", "1e999"]), st.decimals(-5, 200, places=1).map(str)
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["CPP_rate", "LACDistance", "Some measure"]),
            st.sampled_from(["2024", "2023/24", "0", "2019-2021"]),
            st.sampled_from(["Kent", "Essex", "London"]),
            VALUES,
        ),
        min_size=1,
        max_size=12,
    )
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
def test_every_line_is_a_figure_or_refused_or_left_out(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[str, str, str, str]]
) -> None:
    reading = parquet(tmp_path_factory.getbasetemp(), *(line(*each) for each in drawn))
    assert reading.facts is not None
    lines = {int(locator.removeprefix("line ")) for locator in reading.facts["locator"]}
    wrong = {problem.line for problem in reading.refused}
    left = {each for given in reading.left_out.values() for each in given}
    assert lines | wrong | left == set(range(2, len(drawn) + 2))
    assert len(lines) + len(wrong) + len(left) == len(drawn)
    for fact in reading.facts.to_dict("records"):
        text = drawn[int(fact["locator"].removeprefix("line ")) - 2][3]
        assert math.isnan(fact["value"]) == (text in {"-", ""})
        assert (fact["status"] == "") != math.isnan(fact["value"])
        if text not in {"-", ""}:
            assert fact["value"] == float(text)
