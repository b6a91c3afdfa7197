"""Open data files of Explore Education Statistics end in the tidy contract, whatever they hold."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official import DATA, looked_after, needs_data, refused, row, write

from kentstats.errors import DataError
from kentstats.ingest.csv_files import Reading
from kentstats.ingest.figures import EES_SYMBOLS
from kentstats.ingest.recognise import read_file
from kentstats.schemas import DAYS, FIGURES

Rows = list[dict[str, object]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.csv"


def read(path: Path, rows: Rows | str, *, every: bool = False, meta: str = "") -> Reading:
    if meta:
        write(path.with_name(f"{path.stem}.meta.csv"), meta)
    return read_file(write(path, rows), every=every)


def facts(path: Path, rows: Rows | str, *, every: bool = True, meta: str = "") -> Any:
    reading = read(path, rows, every=every, meta=meta)
    assert refused(reading) == []
    assert reading.facts is not None
    return reading.facts


# --- the real files: every one is read whole ------------------------------------------------------

REAL = {
    "b1_children_in_need_2013_to_2025": ("cin-need", 2132, 0, 0, 0),
    "c1_children_in_need_referrals_and_rereferrals_2013_to_2025": (
        *("cin-referrals", 2132, 1, 2105, 12),
    ),
    "cla_number_and_rate_per_10k_children": ("cla-rates", 2505, 3, 2446, 2),
    "csww_indicators_2017_to_2025": ("workforce", 1463, 4, 5821, 0),
    "d3_cpps_subsequent_plan_2013_to_2025": ("cin-repeat-plans", 2132, 1, 2092, 29),
    "d5_cpps_at31march_by_duration_2013_to_2025": ("cin-plan-duration", 2132, 2, 3525, 722),
    "la_care_leavers_activity": ("care-leavers-activity", 20040, 1, 816, 0),
    "la_conviction_health_outcome_cla": ("cla-outcomes", 15030, 8, 5373, 1021),
    "permanent_exclusions_and_suspensions_la": ("outcomes-exclusions", 2931, 1, 928, 48),
}
"""Data set, lines, indicators, figures and suppressed figures of each file."""


@cache
def real(name: str) -> Reading:
    (path,) = (DATA / "ees").glob(f"{name}*.csv")
    return read_file(path)


def figure(name: str, indicator: str, code: str, period: str) -> dict[str, Any]:
    found = real(name).facts
    assert found is not None
    chosen = found[
        found["indicator"].eq(indicator) & found["area_code"].eq(code) & found["period"].eq(period)
    ]
    assert len(chosen) == 1
    return dict(chosen.iloc[0])


@needs_data
@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_read_with_every_line_counted(name: str) -> None:
    reading = real(name)
    assert (reading.refused, dict(reading.left_out)) == ([], {})
    assert reading.facts is not None
    status = Counter(reading.facts["status"])
    count = reading.facts["indicator"].nunique()
    assert REAL[name] == (
        *(reading.dataset, reading.rows, count, status[""], status["suppressed"]),
    )
    assert len((DATA / "ees" / f"{name}.csv").read_bytes().splitlines()) == reading.rows + 1


@needs_data
@pytest.mark.parametrize(
    "case",
    [
        ("la_conv", "health-assessments", "E10000016", "2025", 94, 1111, 1176, 3802),
        ("la_conv", "development-checks", "E10000016", "2025", 100, 105, 105, 232),
        ("csww", "social-worker-vacancy", "E92000001", "2025", 14.2, 5965.4, 42151.7, 2),
        ("csww", "social-worker-vacancy", "E10000016", "2025", 14.4, 128.9, 894.2, 105),
        ("csww", "social-worker-vacancy", "E09000021 / E09000027", "2025", 14.9, 24, 161.4, 160),
        ("csww", "caseload", "E10000016", "2025", 17, math.nan, math.nan, 105),
        ("c1", "re-referrals", "E10000016", "2025", 21.6, 5194, 24035, 106),
        ("cla_n", "looked-after-rate", "E10000016", "2025", 53, 1896, 355390, 348),
        ("la_care", "care-leavers-eet", "E10000016", "2025", 51, 610, 1198, 2783),
        ("permanent", "fixed-term-exclusion", "E10000016", "2020/21", 8.11, 61, 752, 266),
    ],
)
def test_a_figure_of_a_real_file_is_as_printed(case: tuple[Any, ...]) -> None:
    *which, value, numerator, denominator, line = case
    found = figure(*which)
    assert found["value"] == value
    assert found["numerator"] == pytest.approx(numerator, nan_ok=True)
    assert found["denominator"] == pytest.approx(denominator, nan_ok=True)
    assert (found["status"], found["locator"]) == ("", f"line {line}")


@needs_data
@pytest.mark.parametrize(
    "case",
    [
        ("cla_n", "looked-after", "E10000021", "2025", "not_applicable"),  # it ended in 2021
        ("la_conv", "substance-misuse-help", "E10000006", "2022", "suppressed"),
        ("csww", "agency-workers", "E08000024", "2025", "rounds_to_zero"),
        ("csww", "social-worker-turnover", "E08000037", "2022", "unreliable"),
    ],
)
def test_a_figure_that_is_missing_says_why(case: tuple[Any, ...]) -> None:
    found = figure(*case[:-1])
    assert found["status"] == case[-1]
    assert all(math.isnan(found[each]) for each in ("value", "numerator", "denominator"))


@needs_data
def test_a_real_file_with_every_measure_holds_every_cell() -> None:
    path = DATA / "ees" / "la_conviction_health_outcome_cla.csv"
    reading = read_file(path, every=True)
    assert reading.facts is not None
    rest = reading.facts[~reading.facts["group"].eq("")]
    counts, percentages = (
        rest["indicator"].eq(name) for name in ("children-count", "children-percent")
    )
    # eight indicators have their own lines, each with both columns
    assert counts.sum() == percentages.sum() == 15030 - 8 * 835
    assert not reading.facts.duplicated(["indicator", "area_code", "period", "group"]).any()


# --- the standard: time -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "identifiers",
    [
        ("Autumn term", "Spring term"),
        ("Week 1", "Week 40"),
        ("June", "May"),
        ("Financial year Q1", "Financial year Q4"),
        ("Reporting year", "reporting  YEAR"),
    ],
)
def test_kinds_of_period_that_go_together_may_stand_in_one_file(
    path: Path, identifiers: tuple[str, str]
) -> None:
    period = "2024" if identifiers[0][0] in "JWR" else "202425"
    rows = [
        row(place, time_period=period, time_identifier=each, heads=5)
        for place, each in zip(("Kent", "Essex"), identifiers, strict=True)
    ]
    assert len(facts(path, rows)) == 2


@pytest.mark.parametrize("other", ["Academic year", "Financial year Q1"])
def test_other_kinds_are_told_with_the_first_line(path: Path, other: str) -> None:
    rows = [row(time_identifier="Financial year", heads=1)]
    rows.append(row("Essex", time_identifier=other, heads=2))
    told = f"line 3: The file mixes kinds of period: Financial year, {other}"
    with pytest.raises(DataError, match=told):
        read(path, rows)


# --- the standard: places -----------------------------------------------------------------------


def test_combined_authorities_stay_combined(path: Path) -> None:
    joined = {
        "old_la_code": "314 / 318",
        "new_la_code": "E09000021 / E09000027",
        "la_name": "Kingston upon Thames / Richmond upon Thames",
    }
    made = facts(path, [row(**joined, heads=1)])
    assert made["area_code"].tolist() == ["E09000021 / E09000027"]
    made = facts(path, [row(**joined | {"new_la_code": ""}, heads=1)])
    assert made["area_code"].tolist() == ["E09000021 / E09000027"]


# --- the standard: filters and indicators -------------------------------------------------------


def test_several_filters_and_indicators_are_taken_with_their_words(path: Path) -> None:
    rows = [
        row(sex="Total", school_type="Total", heads=10, share=1.0),
        row(sex="Girls", school_type="Special", heads=11, share=1.1),
    ]
    made = facts(path, rows)
    assert made[["indicator", "group", "value", "rounding"]].values.tolist() == [
        ["heads", "Total; Total", 10, 0.5],
        ["heads", "Girls; Special", 11, 0.5],
        ["share", "Total; Total", 1.0, 0.05],
        ["share", "Girls; Special", 1.1, 0.05],
    ]
    assert made["locator"].tolist() == ["line 2", "line 3"] * 2
    assert set(made["source_id"]) == {"file-data"}


META = "COL_NAME,col_type,label,filter_grouping_column\n"


def test_the_metadata_beside_the_file_tell_a_filter_of_numbers(path: Path) -> None:
    rows = [row(age=age, heads=10 - age) for age in range(4)]
    reading = read(path, rows, every=True)
    assert reading.facts is not None
    assert len(reading.facts) == 0
    assert refused(reading) == [
        f"line {line}: Two lines of one measure, place and period give different figures. "
        "Ask the publisher which is right; neither was taken. "
        "If a filter holds numbers, put data.meta.csv beside the file."
        for line in range(2, 6)
    ]
    meta = META + "age,Filter,Age,\nheads,Indicator,Heads,\n"
    made = facts(path, rows, meta=meta)
    assert made[["indicator", "group", "value"]].values.tolist() == [
        ["heads", str(age), 10 - age] for age in range(4)
    ]


@pytest.mark.parametrize(
    ("meta", "told"),
    [
        ("<html></html>", "data.meta.csv, line 1: The file is a web page, XML, JSON, a PDF"),
        ("a,b\n1,2\n", "data.meta.csv, line 1: The metadata beside the data file has no columns"),
    ],
)
def test_metadata_that_are_none_are_told(path: Path, meta: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        read(path, [row(heads=1)], meta=meta)
    assert told in str(caught.value)


def test_a_column_of_symbols_alone_is_a_measure_and_one_of_words_a_filter(path: Path) -> None:
    made = facts(path, [row(heads="c", kind="Total", tails=5)])
    assert made[["indicator", "group"]].values.tolist() == [["heads", "Total"], ["tails", "Total"]]


def test_names_that_make_one_key_are_kept_apart(path: Path) -> None:
    made = facts(path, [row(**{"Heads (%)": 1, "heads percent": 2, "convictions": 3, "学生": 4})])
    assert made["indicator"].tolist() == [
        "heads-percent",
        "heads-percent-2",
        "convictions-of-file-data",
        "measure",
    ]


def test_rows_of_something_else_under_known_columns_are_no_known_data_set(path: Path) -> None:
    rows = [looked_after(population_type="Something else")]
    reading = read(path, rows, every=True)
    assert (reading.dataset, reading.kind) == ("", "open data file, data set not known")
    assert "Its columns are those of cla-rates, its rows are not." in reading.notes
    assert reading.facts is not None
    assert set(reading.facts["source_id"]) == {"file-data"}


# --- data sets that are known -------------------------------------------------------------------


def test_what_the_catalogue_does_not_know_is_told(path: Path) -> None:
    rows = [looked_after(), looked_after(population_type="Adopted"), looked_after("Essex", spare=1)]
    for each in rows[:2]:
        each["spare"] = 0
    reading = read(path, rows)
    assert reading.notes == [
        "1 of 4 measures are not in the catalogue and were left out: spare.",
        "1 of 3 lines hold breakdowns that are not in the catalogue, and were left out.",
    ]


@pytest.mark.parametrize(
    "names",
    [
        {"population_type": "population_count", "children_count": "number"},
        {"population_type": "Population Count"},
    ],
)
def test_an_older_layout_of_a_data_set_is_read(path: Path, names: dict[str, str]) -> None:
    rows = [looked_after(), looked_after("Essex")]
    older = [{names.get(name, name): cell for name, cell in each.items()} for each in rows]
    new, old = facts(path, rows, every=False), facts(path, older, every=False)
    pd.testing.assert_frame_equal(old, new)
    assert len(new) == 4


def test_the_older_layout_of_care_leavers_is_read(path: Path) -> None:
    words = "Total in education, employment or training"
    rows = [
        row(age="19 to 21 years", activity="Total", number="1,198", percentage=100),
        row(age="19 to 21 years", activity=words, number=610, percentage=51),
    ]
    made = facts(path, rows, every=False)
    assert made[["indicator", "value", "numerator", "denominator"]].values.tolist() == [
        ["care-leavers-eet", 51, 610, 1198]
    ]


def test_a_column_that_an_indicator_needs_and_the_file_lacks_is_noted(path: Path) -> None:
    rows = [looked_after()]
    for each in rows:
        del each["population_estimate"]
    reading = read(path, rows)
    assert reading.facts is not None
    assert reading.facts["indicator"].tolist() == ["looked-after"]
    assert "looked-after-rate was left out: the file has no column population_estimate." in (
        reading.notes
    )


# --- any file of the standard -------------------------------------------------------------------

CELL = st.one_of(
    st.integers(0, 10**9).map(str),
    st.integers(0, 10**9).map(lambda number: f"{number:,}"),
    st.decimals(0, 100, places=1).map(str),
    st.sampled_from(["c", "z", "x", "low", "k", "u", "~", ":", ".", ""]),
)
KEY = st.tuples(
    st.sampled_from(["England", "South East", "Kent", "Essex"]),
    st.sampled_from(["202324", "202425"]),
    st.sampled_from(["Total", "A", "B and C"]),
)


@given(st.dictionaries(KEY, st.tuples(CELL, CELL), min_size=1, max_size=12))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20
)
def test_any_file_of_the_standard_ends_in_the_contract_with_every_cell(
    tmp_path_factory: pytest.TempPathFactory,
    drawn: dict[tuple[str, str, str], tuple[str, str]],
) -> None:
    rows = [
        row(place, time_period=year, time_identifier="Academic year", sex=sex, p=p, q=q)
        for (place, year, sex), (p, q) in drawn.items()
    ]
    meta = "col_name,col_type\nsex,Filter\np,Indicator\nq,Indicator\n"
    made = facts(tmp_path_factory.getbasetemp() / "any-standard.csv", rows, meta=meta)
    assert list(made.columns) == [*FIGURES, *DAYS]
    assert [str(dtype) for dtype in made.dtypes[: len(FIGURES)]] == [
        column.dtype for column in FIGURES.values()
    ]
    assert len(made) == 2 * len(rows)
    assert not made.duplicated(["indicator", "group", "period", "area_code"]).any()
    for fact in made.to_dict("records"):
        each = rows[int(fact["locator"].removeprefix("line ")) - 2]
        text = str(each[fact["indicator"]])
        assert fact["status"] == EES_SYMBOLS.get(text, "")
        assert math.isnan(fact["value"]) == (text in EES_SYMBOLS)
        assert text in EES_SYMBOLS or fact["value"] == float(text.replace(",", ""))
        assert (fact["group"], fact["period"].replace("/", "")) == (
            each["sex"],
            each["time_period"],
        )
