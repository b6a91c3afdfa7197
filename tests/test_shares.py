"""Shares of two facts, and comparisons, of the real report and of made facts."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kentstats import load_facts, load_sources
from kentstats.ingest.report_settings import read_settings
from kentstats.schemas import FACTS, Row, records, tidy
from kentstats.stats.shares import COMPARISONS, SHARES, compare_figures, derive_shares

ASKED = read_settings(load_sources()[0]).shares
KENT = "ofsted-kent-2010.{}.E10000016"
# part, whole and share in per cent, counted by hand from the report
EXPECTED = {
    "uasc-share": (248, 1568, 15.81633),
    "childrens-homes-share": (83, 1568, 5.293367),
    "independent-fostering-share": (192, 1568, 12.24490),
    "uasc-of-childrens-homes": (34, 83, 40.96386),
    "uasc-of-independent-fostering": (100, 192, 52.08333),
    "childrens-homes-of-uasc": (34, 248, 13.70968),
    "independent-fostering-of-uasc": (100, 248, 40.32258),
    "gcse-five-good-share": (8, 147, 5.442177),
    "core-assessments-overdue-share": (23, 65, 35.38462),
    "serious-case-reviews-good-share": (9, 10, 90),
    "grammar-share": (32, 81, 39.50617),
    "academy-secondary-share": (19, 22, 86.36364),
}
# scipy.stats.binomtest(k, n).proportion_ci(confidence, method="wilson"), scipy 1.17
LIMITS = {
    "gcse-five-good-share": {
        0.95: (2.7831258408, 10.3707238871),
        0.998: (1.9329804398, 14.3874357089),
    },
    "core-assessments-overdue-share": {
        0.95: (24.8754584643, 47.5248939898),
        0.998: (20.0409967722, 54.4725936612),
    },
    "serious-case-reviews-good-share": {
        0.95: (59.5849973205, 98.2123786905),
        0.998: (41.8005992462, 99.1210887175),
    },
}
PARENTS = {
    "uasc-share": (
        "p10.looked-after.uasc.end-of-august-2010",
        "p10.looked-after.all.end-of-august-2010",
    ),
    "childrens-homes-of-uasc": (
        "p10.placed-childrens-homes.uasc.at-inspection",
        "p10.looked-after.uasc.end-of-august-2010",
    ),
    "gcse-five-good-share": ("p63.gcse-five-good.all.2010", "p63.gcse-cohort.all.2010"),
    "core-assessments-overdue-share": (
        "p28.core-assessments-overdue.one-office.at-inspection",
        "p28.core-assessments-allocated.one-office.at-inspection",
    ),
    "grammar-share": ("p11.schools.grammar.at-inspection", "p11.schools.secondary.at-inspection"),
}


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    return load_facts(authority="Kent", edition="2010", kind="report")


def shares_of(facts: pd.DataFrame, confidence: float = 0.95) -> dict[str, Row]:
    shares = derive_shares(facts, "Kent", ASKED, confidence=confidence)
    assert list(shares.columns) == list(SHARES)
    return {row["share_id"]: row for row in records(shares)}


def altered(facts: pd.DataFrame, indicator: str, group: str, **new: object) -> pd.DataFrame:
    here = facts["indicator"].eq(indicator) & facts["group"].eq(group)
    assert here.any()
    changed = facts.copy()
    for column, value in new.items():
        changed.loc[here, column] = value
    return changed


def test_the_report_gives_twelve_shares(facts: pd.DataFrame) -> None:
    assert list(shares_of(facts)) == list(EXPECTED)


@pytest.mark.parametrize("share_id", EXPECTED)
def test_each_share_is_its_part_over_its_whole(share_id: str, facts: pd.DataFrame) -> None:
    row = shares_of(facts)[share_id]
    found = (row["numerator"], row["denominator"], row["value"])
    assert found == pytest.approx(EXPECTED[share_id], rel=1e-6)
    values = facts.set_index("fact_id")["value"]
    places = facts.set_index("fact_id")["locator"]
    for side in ("numerator", "denominator"):
        assert values[row[f"{side}_id"]] == row[side]
        assert places[row[f"{side}_id"]] == row[f"{side}_locator"]


@pytest.mark.parametrize("share_id", PARENTS)
def test_a_share_names_the_facts_it_comes_from(share_id: str, facts: pd.DataFrame) -> None:
    row = shares_of(facts)[share_id]
    assert (row["numerator_id"], row["denominator_id"]) == tuple(
        KENT.format(name) for name in PARENTS[share_id]
    )


@pytest.mark.parametrize("confidence", [0.95, 0.998])
@pytest.mark.parametrize("share_id", LIMITS)
def test_small_groups_have_wilson_limits(
    share_id: str, confidence: float, facts: pd.DataFrame
) -> None:
    row = shares_of(facts, confidence)[share_id]
    assert (row["lower"], row["upper"]) == pytest.approx(LIMITS[share_id][confidence], abs=1e-9)


def test_a_plain_count_of_everyone_has_no_interval(facts: pd.DataFrame) -> None:
    for share_id, row in shares_of(facts).items():
        assert math.isnan(row["lower"]) == math.isnan(row["upper"]) == (share_id not in LIMITS)


def test_a_part_and_a_whole_of_two_days_are_noted(facts: pd.DataFrame) -> None:
    notes = {share_id: row["note"] for share_id, row in shares_of(facts).items() if row["note"]}
    assert sorted(notes) == [
        "childrens-homes-of-uasc",
        "childrens-homes-share",
        "independent-fostering-of-uasc",
        "independent-fostering-share",
    ]
    assert set(notes.values()) == {
        "the part is counted at inspection, the whole end of August 2010"
    }


@pytest.mark.parametrize(
    ("indicator", "group", "lost"),
    [
        ("gcse-cohort", "all", {"gcse-five-good-share"}),
        ("gcse-five-good", "all", {"gcse-five-good-share"}),
        ("schools", "secondary", {"grammar-share"}),
        (
            "looked-after",
            "all",
            {"uasc-share", "childrens-homes-share", "independent-fostering-share"},
        ),
        (
            "looked-after",
            "uasc",
            {"uasc-share", "childrens-homes-of-uasc", "independent-fostering-of-uasc"},
        ),
    ],
)
def test_a_share_whose_parent_is_missing_is_left_out(
    indicator: str, group: str, lost: set[str], facts: pd.DataFrame
) -> None:
    gone = facts[~(facts["indicator"].eq(indicator) & facts["group"].eq(group))]
    assert set(EXPECTED) - set(shares_of(gone)) == lost


def test_only_exact_figures_of_the_authority_are_parents(facts: pd.DataFrame) -> None:
    about = altered(facts, "gcse-cohort", "all", qualifier="about")
    elsewhere = altered(facts, "gcse-five-good", "all", area_name="England")
    for frame in (about, elsewhere):
        assert "gcse-five-good-share" not in shares_of(frame)


@pytest.mark.parametrize("missing", [math.nan, 0.0])
def test_nothing_is_divided_by_nought_or_by_an_unknown_number(
    missing: float, facts: pd.DataFrame
) -> None:
    shares = shares_of(altered(facts, "gcse-cohort", "all", value=missing))
    assert set(EXPECTED) - set(shares) == {"gcse-five-good-share"}


def test_a_part_that_is_withheld_gives_no_share(facts: pd.DataFrame) -> None:
    withheld = altered(facts, "gcse-five-good", "all", value=math.nan, status="suppressed")
    assert "gcse-five-good-share" not in shares_of(withheld)


def test_none_of_a_whole_is_a_share_of_nought(facts: pd.DataFrame) -> None:
    row = shares_of(altered(facts, "gcse-five-good", "all", value=0.0))["gcse-five-good-share"]
    assert (row["value"], row["lower"]) == (0, 0)
    assert row["upper"] == pytest.approx(100 * 3.841459 / (147 + 3.841459), abs=1e-4)


def test_a_part_above_its_whole_does_not_stop_the_briefing(facts: pd.DataFrame) -> None:
    """The audit reports such a contradiction, so the other shares must still come out."""
    odd = altered(facts, "gcse-five-good", "all", value=148.0)
    assert set(shares_of(odd)) >= set(EXPECTED) - {"gcse-five-good-share"}


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_that_is_no_fraction_is_refused(
    confidence: float, facts: pd.DataFrame
) -> None:
    with pytest.raises(ValueError, match="give a fraction between 0 and 1"):
        derive_shares(facts, "Kent", ASKED, confidence=confidence)


def test_an_authority_without_facts_has_no_shares(facts: pd.DataFrame) -> None:
    shares = derive_shares(facts, "Medway", ASKED)
    assert shares.empty
    assert list(shares.columns) == list(SHARES)


# --- comparisons ------------------------------------------------------------------------

SOUTH_EAST, ENGLAND = "South East", "England"
# indicator, comparator: ours, theirs, difference, its least and most, ratio, smallest groups
PAIRS = {
    ("minority-ethnic-share", SOUTH_EAST): (6.3, 8, -1.7, -2.25, -1.15, 0.7875, 2016, 5010),
    ("minority-ethnic-share", ENGLAND): (6.3, 11.8, -5.5, -5.6, -5.4, 0.5338983, 137, 340),
    ("crime-victims", "Kent"): (20, 27.9, -7.9, -8, -7.8, 0.7168459, math.nan, math.nan),
    ("health-assessments", ENGLAND): (78, 85.4, -7.4, -7.95, -6.85, 0.9133489, 103, 255),
    ("health-assessments", "Comparator authorities"): (
        *(78, 82.4, -4.4, -4.95, -3.85, 0.9466019),
        *(377, 937),
    ),
    ("substance-misuse", ENGLAND): (3, 5, -2, -3, -1, 0.6, 1651, 4104),
}
AREAS = {
    "Kent": ("E10000016", "authority"),
    ENGLAND: ("E92000001", "country"),
    SOUTH_EAST: ("E12000008", "region"),
}


@pytest.fixture(scope="module")
def real(facts: pd.DataFrame) -> pd.DataFrame:
    return compare_figures(facts, "Kent")


def a_fact(area: str = "Kent", value: float = 10.0, **other: Any) -> dict[str, Any]:
    code, kind = AREAS[area]
    row = {name: "" for name, column in FACTS.items() if column.dtype == "str"}
    row |= {
        "indicator": "health-assessments",
        "area_code": code,
        "area_name": area,
        "area_type": kind,
        "period": "2010",
        "period_start": None,
        "period_end": None,
        "group": "all",
        "value": value,
        "upper": math.nan,
        "unit": "percent",
        "qualifier": "exact",
        "numerator": math.nan,
        "denominator": math.nan,
        "rounding": 0.0,
        "count_rounding": math.nan,
        "status": "published",
        "source_id": "made-up",
        "locator": "paragraph 1",
        **other,
    }
    key = (row["indicator"], row["group"], row["period"], row["unit"], code)
    return {**row, "fact_id": ".".join(map(str, key))}


def pairs(*rows: dict[str, Any]) -> pd.DataFrame:
    return compare_figures(tidy("facts", rows), "Kent")


def the_pair(*rows: dict[str, Any]) -> pd.Series:
    table = pairs(*rows)
    assert len(table) == 1
    return table.iloc[0]


def test_the_report_offers_six_pairs(facts: pd.DataFrame, real: pd.DataFrame) -> None:
    areas = facts.set_index("fact_id")["area_name"]
    found = list(zip(real["indicator"], real["benchmark_id"].map(areas), strict=True))
    assert sorted(found) == sorted(PAIRS)
    assert list(real.columns) == list(COMPARISONS)
    assert set(real["fact_id"].map(areas)) == {"Kent"}


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_each_pair_has_its_difference_ratio_and_smallest_groups(
    pair: tuple[str, str], facts: pd.DataFrame, real: pd.DataFrame
) -> None:
    areas = facts.set_index("fact_id")["area_name"]
    here = real["indicator"].eq(pair[0]) & real["benchmark_id"].map(areas).eq(pair[1])
    columns = ["value", "benchmark", "difference", "difference_low", "difference_high", "ratio"]
    row = real.loc[here, [*columns, "smallest_95", "smallest_998"]].iloc[0].tolist()
    assert row == pytest.approx(PAIRS[pair], rel=1e-6, nan_ok=True)


def test_pairs_come_in_the_order_of_the_catalogue(real: pd.DataFrame) -> None:
    order = ["minority-ethnic-share", "crime-victims", "health-assessments", "substance-misuse"]
    assert list(dict.fromkeys(real["indicator"])) == order


def test_without_a_base_there_is_no_verdict(real: pd.DataFrame) -> None:
    assert set(real["verdict"]) == {"not compared"}
    assert set(real["reason"]) == {"the source gives no base"}
    assert set(real["direction"]) == {"below"}


def test_an_earlier_period_is_told_from_another_area(real: pd.DataFrame) -> None:
    kinds = real.groupby("indicator")["kind"].unique().str.join(", ").to_dict()
    assert kinds.pop("crime-victims") == "period"
    assert set(kinds.values()) == {"area"}


@pytest.mark.parametrize(
    "other",
    [
        {"period": "2009"},
        {"unit": "count"},
        {"group": "boys"},
        {"indicator": "dental-checks"},
        {"qualifier": "about"},
        {"qualifier": "over"},
        {"qualifier": "under"},
        {"qualifier": "range", "upper": 30.0},
        {"value": math.nan, "status": "suppressed"},
    ],
    ids=str,
)
def test_what_is_not_alike_is_not_paired(other: dict[str, Any]) -> None:
    assert len(pairs(a_fact(), a_fact(ENGLAND, 20))) == 1
    assert pairs(a_fact(), a_fact(ENGLAND, **{"value": 20.0, **other})).empty
    assert pairs(a_fact(**other), a_fact(ENGLAND, 20)).empty


def test_the_last_year_of_another_edition_is_another_year() -> None:
    """A period such as “last year” means what its own source means by it."""
    assert pairs(
        a_fact(period="last year", source_id="report-of-2010"),
        a_fact(ENGLAND, 20, period="last year", source_id="report-of-2013"),
    ).empty


def test_comparators_are_not_compared_with_each_other() -> None:
    assert pairs(a_fact(ENGLAND, 20), a_fact(SOUTH_EAST, 30)).empty


def test_only_a_period_that_ended_before_is_an_earlier_one() -> None:
    year = dt.date(2009, 4, 1)
    now = a_fact(value=20.0, period="2009-10", period_start=year, period_end=dt.date(2010, 3, 31))
    before = a_fact(value=30.0, period="before", period_end=dt.date(2009, 3, 31))
    overlapping = a_fact(value=30.0, period="2009", period_end=dt.date(2009, 12, 31))
    undated = a_fact(value=30.0, period="once")
    row = the_pair(now, before)
    assert (row["kind"], row["value"], row["benchmark"]) == ("period", 20, 30)
    assert pairs(now, overlapping).empty
    assert pairs(now, undated).empty
    assert pairs(undated, before).empty


@pytest.mark.parametrize(
    ("gap", "direction"), [(0, "level"), (0.5, "level"), (0.6, "above"), (-0.6, "below")]
)
def test_a_gap_within_rounding_is_level(gap: float, direction: str) -> None:
    row = the_pair(a_fact(value=50 + gap, rounding=0.25), a_fact(ENGLAND, 50, rounding=0.25))
    assert row["direction"] == direction
    assert math.isnan(row["smallest_95"]) == (direction == "level")


def test_where_rounding_is_unknown_so_is_what_it_allows() -> None:
    row = the_pair(a_fact(value=60, rounding=math.nan), a_fact(ENGLAND, 50))
    assert (row["direction"], row["difference"]) == ("above", 10)
    for column in ("difference_low", "difference_high", "smallest_95", "smallest_998"):
        assert math.isnan(row[column])


def test_there_is_no_ratio_to_nought() -> None:
    row = the_pair(a_fact(value=3), a_fact(ENGLAND, 0))
    assert math.isnan(row["ratio"])
    assert row["difference"] == 3


def test_smallest_groups_are_for_percentages_alone() -> None:
    rate = {"indicator": "crime-victims", "unit": "per_1000"}
    row = the_pair(a_fact(value=20, **rate), a_fact(ENGLAND, 270, **rate))
    assert math.isnan(row["smallest_95"])
    assert math.isnan(row["smallest_998"])


figures = st.floats(0.1, 100)
slack = st.sampled_from([0.0, 0.05, 0.5, 5.0])
# one comparison is as dear as many, so each example holds several, a group each
several = {"min_size": 1, "max_size": 12}


def together(cases: list[tuple[float, float]], **other: Any) -> pd.DataFrame:
    """One row for each case of ours and theirs, in their order."""
    rows = [
        (a_fact(value=ours, group=name, **other), a_fact(ENGLAND, theirs, group=name, **other))
        for name, (ours, theirs) in zip(map("{:02}".format, range(99)), cases, strict=False)
    ]
    table = pairs(*(row for pair in rows for row in pair)).sort_values("fact_id")
    assert len(table) == len(cases)
    return table


@given(st.lists(st.tuples(figures, figures), **several), slack, slack)
@settings(max_examples=20, deadline=None)
def test_rounding_bounds_the_difference_and_decides_level(
    cases: list[tuple[float, float]], rounding: float, their_rounding: float
) -> None:
    table = pairs(
        *(
            a_fact(area, value, group=str(place), rounding=width)
            for place, (ours, theirs) in enumerate(cases)
            for area, value, width in (("Kent", ours, rounding), (ENGLAND, theirs, their_rounding))
        )
    )
    assert len(table) == len(cases)
    for row in records(table):
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
        spread = row["difference_high"] - row["difference_low"]
        assert spread == pytest.approx(2 * (rounding + their_rounding))
        if abs(abs(row["difference"]) - rounding - their_rounding) > 1e-9:
            # level exactly where the bounds lie on both sides of nought
            inside = row["difference_low"] < 0 < row["difference_high"]
            assert (row["direction"] == "level") == inside


@given(st.lists(st.tuples(figures, figures), **several), st.sampled_from([0.25, 2.0, 1000.0]))
@settings(max_examples=10, deadline=None)
def test_another_unit_of_count_changes_the_difference_and_not_the_ratio(
    cases: list[tuple[float, float]], factor: float
) -> None:
    small = together(cases, unit="count")
    large = together([(ours * factor, theirs * factor) for ours, theirs in cases], unit="count")
    assert list(large["ratio"]) == pytest.approx(list(small["ratio"]))
    assert list(large["difference"]) == pytest.approx(list(small["difference"] * factor))
    assert list(large["direction"]) == list(small["direction"])


@given(st.lists(st.tuples(figures, figures), **several))
@settings(max_examples=10, deadline=None)
def test_changing_places_turns_difference_and_ratio_round(
    cases: list[tuple[float, float]],
) -> None:
    one, other = together(cases), together([(theirs, ours) for ours, theirs in cases])
    assert list(one["difference"]) == list(-other["difference"])
    assert list(one["ratio"] * other["ratio"].to_numpy()) == pytest.approx([1.0] * len(cases))
    opposite = {"above": "below", "below": "above", "level": "level"}
    assert list(other["direction"]) == [opposite[word] for word in one["direction"]]
