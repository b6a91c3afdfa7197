"""Open data files of Explore Education Statistics end in the tidy contract, whatever they hold."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official import DATA, LOOKED_AFTER, looked_after, needs_data, refused, row, text_of, write

from kentstats.errors import DataError
from kentstats.ingest.csv_files import EES_SYMBOLS, Reading
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
    "b1_children_in_need_2013_to_2025.csv": ("cin-need", 2132, {}, {}),
    "c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv": (
        "cin-referrals",
        2132,
        {"re-referrals": 2132},
        {"": 2105, "not_available": 12, "suppressed": 12, "unreliable": 3},
    ),
    "cla_number_and_rate_per_10k_children.csv": (
        "cla-rates",
        2505,
        {"looked-after": 835, "looked-after-rate": 835, "starting-care-rate": 835},
        {"": 2446, "not_applicable": 57, "suppressed": 2},
    ),
    "csww_indicators_2017_to_2025.csv": (
        "workforce",
        1463,
        {
            "social-worker-vacancy": 1463,
            "social-worker-turnover": 1463,
            "agency-workers": 1463,
            "caseload": 1463,
        },
        {
            "": 5821,
            "not_applicable": 5,
            "not_available": 18,
            "rounds_to_zero": 3,
            "unreliable": 5,
        },
    ),
    "d3_cpps_subsequent_plan_2013_to_2025.csv": (
        "cin-repeat-plans",
        2132,
        {"repeat-plans": 2132},
        {"": 2092, "not_applicable": 6, "not_available": 3, "suppressed": 29, "unreliable": 2},
    ),
    "d5_cpps_at31march_by_duration_2013_to_2025.csv": (
        "cin-plan-duration",
        2132,
        {"child-protection-plans": 2132, "plans-two-years": 2132},
        {"": 3525, "not_applicable": 9, "not_available": 6, "suppressed": 722, "unreliable": 2},
    ),
    "la_care_leavers_activity.csv": (
        "care-leavers-activity",
        20040,
        {"care-leavers-eet": 835},
        {"": 816, "not_applicable": 19},
    ),
    "la_conviction_health_outcome_cla.csv": (
        "cla-outcomes",
        15030,
        dict.fromkeys(
            [
                "health-assessments",
                "immunisations",
                "dental-checks",
                "substance-misuse",
                "convictions",
                "development-checks",
                "substance-misuse-help",
                "emotional-health-concern",
            ],
            835,
        ),
        {"": 5373, "not_applicable": 285, "rounds_to_zero": 1, "suppressed": 1021},
    ),
    "permanent_exclusions_and_suspensions_la.csv": (
        "outcomes-exclusions",
        2931,
        {"fixed-term-exclusion": 976},
        {"": 928, "suppressed": 48},
    ),
}
READ: dict[str, Reading] = {}


def real(name: str) -> Reading:
    if name not in READ:
        READ[name] = read_file(DATA / "ees" / name)
    return READ[name]


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
    dataset, rows, indicators, statuses = REAL[name]
    reading = real(name)
    assert (reading.dataset, reading.rows) == (dataset, rows)
    assert (reading.refused, dict(reading.left_out)) == ([], {})
    assert reading.facts is not None
    assert dict(Counter(reading.facts["indicator"])) == indicators
    assert dict(Counter(reading.facts["status"])) == statuses
    lines = len((DATA / "ees" / name).read_bytes().splitlines())
    assert lines == rows + 1


@needs_data
@pytest.mark.parametrize(
    ("name", "indicator", "code", "period", "value", "numerator", "denominator", "line"),
    [
        ("la_conv", "health-assessments", "E10000016", "2025", 94, 1111, 1176, 3802),
        ("la_conv", "development-checks", "E10000016", "2025", 100, 105, 105, 232),
        ("la_conv", "emotional-health-concern", "E10000016", "2025", 46, 331, 722, 7257),
        ("csww", "social-worker-vacancy", "E92000001", "2025", 14.2, 5965.4, 42151.7, 2),
        ("csww", "social-worker-vacancy", "E10000016", "2025", 14.4, 128.9, 894.2, 105),
        ("csww", "social-worker-vacancy", "E06000061 / E06000062", "2025", 25.9, 147, 568.5, 70),
        ("csww", "social-worker-vacancy", "E09000021 / E09000027", "2025", 14.9, 24, 161.4, 160),
        ("csww", "caseload", "E10000016", "2025", 17, math.nan, math.nan, 105),
        ("c1", "re-referrals", "E10000016", "2025", 21.6, 5194, 24035, 106),
        ("cla_n", "looked-after-rate", "E10000016", "2025", 53, 1896, 355390, 348),
        ("la_care", "care-leavers-eet", "E10000016", "2025", 51, 610, 1198, 2783),
        ("permanent", "fixed-term-exclusion", "E10000016", "2020/21", 8.11, 61, 752, 266),
    ],
)
def test_a_figure_of_a_real_file_is_as_printed(
    name: str,
    indicator: str,
    code: str,
    period: str,
    value: float,
    numerator: float,
    denominator: float,
    line: int,
) -> None:
    (whole,) = (each for each in REAL if each.startswith(name))
    found = figure(whole, indicator, code, period)
    assert found["value"] == value
    assert found["numerator"] == pytest.approx(numerator, nan_ok=True)
    assert found["denominator"] == pytest.approx(denominator, nan_ok=True)
    assert (found["status"], found["locator"]) == ("", f"line {line}")


@needs_data
@pytest.mark.parametrize(
    ("name", "indicator", "code", "period", "status"),
    [
        ("cla_n", "looked-after", "E10000021", "2025", "not_applicable"),  # it ended in 2021
        ("la_conv", "substance-misuse-help", "E10000006", "2022", "suppressed"),
        ("csww", "agency-workers", "E08000024", "2025", "rounds_to_zero"),
        ("csww", "social-worker-turnover", "E08000037", "2022", "unreliable"),
        ("c1", "re-referrals", "E09000001", "2023", "suppressed"),
    ],
)
def test_a_figure_that_is_missing_says_why(
    name: str, indicator: str, code: str, period: str, status: str
) -> None:
    (whole,) = (each for each in REAL if each.startswith(name))
    found = figure(whole, indicator, code, period)
    assert found["status"] == status
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

IDENTIFIERS = [
    ("Calendar year", "2024", "2024", "2024-12-31"),
    ("Academic year", "202425", "2024/25", "2025-08-31"),
    ("Financial year", "202425", "2024/25", "2025-03-31"),
    ("Tax year", "202425", "2024/25", "2025-04-05"),
    ("Reporting year", "2024", "2024", None),
    ("Autumn term", "202425", "2024/25 autumn term", "2024-12-31"),
    ("Autumn and spring term", "202425", "2024/25 autumn and spring term", "2025-04-30"),
    ("Financial year Q3", "202425", "2024/25 Q3", "2024-12-31"),
    ("Calendar year Q1", "2024", "2024 Q1", "2024-03-31"),
    ("June", "2024", "2024 June", "2024-06-30"),
    ("Week 23", "2024", "2024 week 23", "2024-06-09"),
    ("Part 2 (October to March)", "202425", "2024/25 part 2", "2025-03-31"),
]


@pytest.mark.parametrize(("identifier", "period", "label", "end"), IDENTIFIERS)
def test_every_kind_of_period_of_the_standard_is_read(
    path: Path, identifier: str, period: str, label: str, end: str | None
) -> None:
    made = facts(path, [row(time_period=period, time_identifier=identifier, heads=5)])
    assert made["period"].tolist() == [label]
    (day,) = made["period_end"]
    assert pd.isna(day) if end is None else str(day.date()) == end


@pytest.mark.parametrize(
    "identifiers",
    [
        ("Autumn term", "Spring term"),
        ("Week 1", "Week 40"),
        ("Financial year Q1", "Financial year Q4"),
        ("Reporting year", "reporting  YEAR"),
    ],
)
def test_kinds_that_go_together_may_stand_in_one_file(
    path: Path, identifiers: tuple[str, str]
) -> None:
    period = "2024" if identifiers[0][0] in "JWR" else "202425"
    rows = [
        row(place, time_period=period, time_identifier=each, heads=5)
        for place, each in zip(("Kent", "Essex"), identifiers, strict=True)
    ]
    assert len(facts(path, rows)) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Academic year", "Financial year"),
        ("Financial year", "Financial year Q1"),
        ("Reporting year", "Calendar year"),
    ],
)
def test_other_kinds_are_told_with_the_first_line(path: Path, one: str, other: str) -> None:
    rows = [row(time_identifier=one, heads=1), row("Essex", time_identifier=other, heads=2)]
    with pytest.raises(DataError, match="line 3: The file mixes kinds of period") as caught:
        read(path, rows)
    assert one in str(caught.value)
    assert other in str(caught.value)


# --- the standard: places -----------------------------------------------------------------------

LEVELS = ["Local authority district", "Parliamentary constituency", "MAT", "Ward", "School"]


def test_three_levels_are_used_and_the_others_left_out(path: Path) -> None:
    used = [row(place, heads=1) for place in ("England", "South East", "Kent")]
    others = [row(geographic_level=level, heads=2) for level in LEVELS]
    reading = read(path, [*used, *others], every=True)
    assert reading.facts is not None
    assert reading.facts["area_code"].tolist() == ["E92000001", "E12000008", "E10000016"]
    assert reading.left_out == {f"level {level}": [at] for at, level in enumerate(LEVELS, 5)}
    assert reading.rows == 3


def test_columns_of_other_places_are_neither_filters_nor_measures(path: Path) -> None:
    names = (
        "lad_code pcon_name lsip_code pfa_name ward_code trust_id school_urn rsc_region_lead_name"
    )
    made = facts(path, [row(**dict.fromkeys(names.split(), 7), heads=1)])
    assert made[["indicator", "group"]].values.tolist() == [["heads", ""]]


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


def test_codes_that_were_given_up_are_read(path: Path) -> None:
    old = {"new_la_code": "E10000002", "old_la_code": "825", "la_name": "Buckinghamshire"}
    new = old | {"new_la_code": "E06000060"}
    made = facts(path, [row(**old, heads="z"), row(**new, heads=5)])
    assert made["area_code"].tolist() == ["E10000002", "E06000060"]


# --- the standard: filters and indicators -------------------------------------------------------


def test_several_filters_and_indicators_are_taken_with_their_words(path: Path) -> None:
    rows = [
        row(sex=sex, school_type=school, heads=heads, share=heads / 10)
        for heads, (sex, school) in enumerate(
            [("Total", "Total"), ("Girls", "Total"), ("Girls", "Special")], 10
        )
    ]
    made = facts(path, rows)
    assert made[["indicator", "group", "value", "rounding"]].values.tolist() == [
        ["heads", "Total; Total", 10, 0.5],
        ["heads", "Girls; Total", 11, 0.5],
        ["heads", "Girls; Special", 12, 0.5],
        ["share", "Total; Total", 1.0, 0.05],
        ["share", "Girls; Total", 1.1, 0.05],
        ["share", "Girls; Special", 1.2, 0.05],
    ]
    assert made["locator"].tolist() == ["line 2", "line 3", "line 4"] * 2
    assert set(made["source_id"]) == {"file-data"}


META = (
    "col_name,col_type,label,indicator_grouping,indicator_unit,indicator_dp,filter_hint,"
    "filter_grouping_column\n"
)


def test_the_metadata_beside_the_file_tell_a_filter_of_numbers(path: Path) -> None:
    rows = [row(age=age, heads=10 - age) for age in range(4)]
    reading = read(path, rows, every=True)
    assert reading.facts is not None
    assert len(reading.facts) == 0
    assert refused(reading) == [
        f"line {line}: Two lines of one place, period and filter give different figures. "
        "Ask the publisher which is right; neither was taken. Where one of age, heads is a filter "
        "that holds numbers, put data.meta.csv beside the file."
        for line in range(2, 6)
    ]
    meta = META + "age,Filter,Age,,,,,\nheads,Indicator,Heads,,%,1,,\n"
    made = facts(path, rows, meta=meta)
    assert made[["indicator", "group", "value"]].values.tolist() == [
        ["heads", str(age), 10 - age] for age in range(4)
    ]


def test_metadata_with_another_case_order_and_mark_are_read(path: Path) -> None:
    meta = "\ufeffLabel,COL_TYPE,Col_Name\nAge,FILTER,AGE\n"
    made = facts(path, [row(age=1, heads=5), row(age=2, heads=6)], meta=meta)
    assert made["group"].tolist() == ["1", "2"]


@pytest.mark.parametrize(
    ("meta", "told"),
    [
        ("<html></html>", "data.meta.csv, line 1: The file is a web page, not a table."),
        ("a,b\n1,2\n", "data.meta.csv, line 1: The metadata beside the data file has no columns"),
        (META.replace(",", ";") + "a;b\n", "data.meta.csv, line 1: The columns are separated by"),
        (META, "data.meta.csv, line 1: The file has a header and nothing below it."),
    ],
)
def test_metadata_that_are_none_are_told(path: Path, meta: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        read(path, [row(heads=1)], meta=meta)
    assert told in str(caught.value)


def test_metadata_of_columns_that_are_not_there_are_noted(path: Path) -> None:
    reading = read(path, [row(heads=1)], meta=META + "tails,Indicator,Tails,,,,,\n")
    assert "The metadata names columns that are not there: ['tails']." in reading.notes


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


def test_a_file_never_takes_the_place_of_a_data_set_by_its_name(tmp_path: Path) -> None:
    made = facts(tmp_path / "workforce.csv", [row(heads=1)])
    assert set(made["source_id"]) == {"file-workforce"}
    made = facts(tmp_path / "学生.csv", [row(heads=1)])
    assert made["source_id"].str.fullmatch("file-[0-9a-f]{8}").all()


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
        {"population_type": "Population Count", "children_count": "NUMBER"},
        {"population_type": "population_count"},
    ],
)
def test_an_older_layout_of_a_data_set_is_read(path: Path, names: dict[str, str]) -> None:
    rows = [looked_after(), looked_after("Essex")]
    older = [{names.get(name, name): cell for name, cell in each.items()} for each in rows]
    new, old = facts(path, rows, every=False), facts(path, older, every=False)
    pd.testing.assert_frame_equal(old, new)
    assert len(new) == 4


@pytest.mark.parametrize(
    ("filters", "base", "words", "figure"),
    [
        (
            {"cla_group": "Health"},
            ("breakdown", "Total all ages", "1,176"),
            ("Had their annual health assessment", "1,111", 94),
            ["health-assessments", 94, 1111, 1176],
        ),
        (
            {"age": "19 to 21 years"},
            ("activity", "Total", 1198),
            ("Total in education, employment or training", 610, 51),
            ["care-leavers-eet", 51, 610, 1198],
        ),
    ],
)
def test_the_older_layouts_of_health_and_care_leavers_are_read(
    path: Path,
    filters: dict[str, str],
    base: tuple[str, str, object],
    words: tuple[str, object, object],
    figure: list[object],
) -> None:
    name, total, count = base
    rows = [
        row(**filters, **{name: each}, number=number, percentage=percentage)
        for each, number, percentage in ((total, count, 100), words)
    ]
    made = facts(path, rows, every=False)
    assert made[["indicator", "value", "numerator", "denominator"]].values.tolist() == [figure]


def test_a_base_that_is_missing_leaves_the_published_value(path: Path) -> None:
    rows = [
        row(
            characteristic="Health",
            breakdown="Had their annual health assessment",
            children_count=5,
            children_percent=50,
        )
    ]
    made = facts(path, rows, every=False)
    assert made["value"].tolist() == [50]
    assert made[["numerator", "denominator"]].isna().all(axis=None)


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


def test_years_of_a_data_set_have_the_days_that_are_known(path: Path) -> None:
    made = facts(path, [looked_after()], every=False)
    days = made.set_index("indicator")[list(DAYS)]
    assert days.loc["looked-after"].tolist() == [pd.Timestamp(2025, 3, 31)] * 2
    made = facts(
        path, [looked_after(population_type=LOOKED_AFTER.replace("on 31 March", "x"))], every=True
    )
    assert made["period_end"].isna().all()


# --- any file of the standard -------------------------------------------------------------------

WORD = st.text("abcdefghij ", min_size=1, max_size=6).map(str.strip).filter(bool)
CELL = st.one_of(
    st.integers(0, 10**9).map(str),
    st.integers(0, 10**9).map(lambda number: f"{number:,}"),
    st.decimals(0, 100, places=1).map(str),
    st.sampled_from(["c", "z", "x", "low", "k", "u", "~", ":", ".", ""]),
)


@st.composite
def files(draw: st.DrawFn) -> tuple[Rows, list[str], list[str]]:
    """Draw rows of a file of the standard, its filters and its measures."""
    names = draw(
        st.lists(st.sampled_from("pqrstuv"), unique=True, min_size=2, max_size=5).map(
            lambda letters: [f"{letter}_column" for letter in letters]
        )
    )
    cut = draw(st.integers(0, len(names) - 1))
    filters, measures = names[:cut], names[cut:]
    keys = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["England", "South East", "Kent", "Essex", "Medway"]),
                st.sampled_from(["202324", "202425"]),
                *[st.sampled_from(["Total", "A", "B and C"]) for _ in filters],
            ),
            unique=True,
            min_size=1,
            max_size=12,
        )
    )
    rows = [
        row(
            place,
            time_period=period,
            time_identifier="Academic year",
            **dict(zip(filters, words, strict=True)),
            **{name: draw(CELL) for name in measures},
        )
        for place, period, *words in keys
    ]
    order = draw(st.permutations(list(rows[0])))
    return [{name: each[name] for name in order} for each in rows], filters, measures


@given(files())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_file_of_the_standard_ends_in_the_contract_with_every_cell(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[Rows, list[str], list[str]]
) -> None:
    rows, filters, measures = drawn
    path = tmp_path_factory.getbasetemp() / "any-standard.csv"
    kinds = [f"{name},Filter" for name in filters] + [f"{name},Indicator" for name in measures]
    meta = "\n".join(["col_name,col_type", *kinds, ""])
    made = facts(path, rows, meta=meta)
    assert list(made.columns) == [*FIGURES, *DAYS]
    assert [str(dtype) for dtype in made.dtypes[: len(FIGURES)]] == [
        column.dtype for column in FIGURES.values()
    ]
    key = ["indicator", "group", "period", "area_code"]
    assert not made.duplicated(key).any()
    assert len(made) == len(rows) * len(measures)
    found = made.set_index(["indicator", "locator"])
    order = list(rows[0])
    for line, each in enumerate(rows, 2):
        for name in measures:
            fact = found.loc[(name.replace("_", "-"), f"line {line}")]
            text = str(each[name])
            if text in EES_SYMBOLS:
                assert math.isnan(fact["value"])
                assert fact["status"] == EES_SYMBOLS[text]
            else:
                assert fact["value"] == float(text.replace(",", ""))
                assert fact["status"] == ""
            assert fact["group"] == "; ".join(str(each[one]) for one in order if one in filters)
            assert (
                fact["period"] == f"{str(each['time_period'])[:4]}/{str(each['time_period'])[4:]}"
            )
    again = facts(path, text_of(rows), meta=meta)
    pd.testing.assert_frame_equal(again, made)
