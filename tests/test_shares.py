"""Shares of two facts, and comparisons, of the real report and of made facts."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from kentstats import load_facts, load_sources
from kentstats.ingest.report_settings import read_settings
from kentstats.schemas import FACTS, Row, records, tidy
from kentstats.stats.shares import COMPARISONS, SHARES, compare_figures, derive_shares

ASKED = read_settings(load_sources()[0]).shares
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


def test_each_share_is_its_part_over_its_whole_and_names_both_facts(facts: pd.DataFrame) -> None:
    shares = shares_of(facts)
    assert list(shares) == list(EXPECTED)
    by_id = facts.set_index("fact_id")
    for share_id, row in shares.items():
        found = (row["numerator"], row["denominator"], row["value"])
        assert found == pytest.approx(EXPECTED[share_id], rel=1e-6)
        for side in ("numerator", "denominator"):
            assert by_id.loc[row[f"{side}_id"], "value"] == row[side]


@pytest.mark.parametrize("confidence", [0.95, 0.998])
def test_small_groups_have_wilson_limits_and_plain_counts_none(
    confidence: float, facts: pd.DataFrame
) -> None:
    for share_id, row in shares_of(facts, confidence).items():
        limits = LIMITS.get(share_id, {confidence: (math.nan, math.nan)})[confidence]
        assert (row["lower"], row["upper"]) == pytest.approx(limits, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    ("indicator", "new"),
    [
        ("gcse-cohort", {"qualifier": "about"}),
        ("gcse-five-good", {"area_name": "England"}),
        ("gcse-cohort", {"value": math.nan}),
        ("gcse-cohort", {"value": 0.0}),
        ("gcse-five-good", {"value": math.nan, "status": "suppressed"}),
        # a part above its whole, which the checks report
        ("gcse-five-good", {"value": 148.0}),
    ],
)
def test_a_share_needs_two_exact_figures_that_fit(
    indicator: str, new: dict[str, object], facts: pd.DataFrame
) -> None:
    shares = shares_of(altered(facts, indicator, "all", **new))
    assert set(EXPECTED) - set(shares) == {"gcse-five-good-share"}


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


def test_the_report_offers_six_pairs(facts: pd.DataFrame) -> None:
    table = compare_figures(facts, "Kent")
    assert list(table.columns) == list(COMPARISONS)
    areas = facts.set_index("fact_id")["area_name"]
    columns = ["value", "benchmark", "difference", "difference_low", "difference_high", "ratio"]
    columns += ["smallest_95", "smallest_998"]
    found = {}
    for row in records(table):
        assert areas[row["fact_id"]] == "Kent"
        assert row["kind"] == ("period" if row["indicator"] == "crime-victims" else "area")
        assert (row["direction"], row["verdict"]) == ("below", "not compared")
        key = (row["indicator"], areas[row["benchmark_id"]])
        found[key] = tuple(row[name] for name in columns)
    assert found.keys() == PAIRS.keys()
    for key, values in found.items():
        assert values == pytest.approx(PAIRS[key], rel=1e-6, nan_ok=True)
    # in the order of the catalogue
    order = ["minority-ethnic-share", "crime-victims", "health-assessments", "substance-misuse"]
    assert list(dict.fromkeys(table["indicator"])) == order


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


@pytest.mark.parametrize(
    ("gap", "direction"), [(0, "level"), (0.5, "level"), (0.6, "above"), (-0.6, "below")]
)
def test_a_gap_within_rounding_is_level(gap: float, direction: str) -> None:
    row = the_pair(a_fact(value=50 + gap, rounding=0.25), a_fact(ENGLAND, 50, rounding=0.25))
    assert row["direction"] == direction
    assert math.isnan(row["smallest_95"]) == (direction == "level")


def test_what_cannot_be_worked_out_is_missing() -> None:
    vague = the_pair(a_fact(value=60, rounding=math.nan), a_fact(ENGLAND, 50))
    assert (vague["direction"], vague["difference"]) == ("above", 10)
    for column in ("difference_low", "difference_high", "smallest_95", "smallest_998"):
        assert math.isnan(vague[column])
    nought = the_pair(a_fact(value=3), a_fact(ENGLAND, 0))
    assert math.isnan(nought["ratio"])
    rate = {"indicator": "crime-victims", "unit": "per_1000"}
    assert math.isnan(the_pair(a_fact(**rate), a_fact(ENGLAND, 270, **rate))["smallest_95"])
