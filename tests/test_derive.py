"""Shares derived from two facts, with their parents and intervals."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from kentstats import load_facts
from kentstats.schemas import Row, records
from kentstats.stats.shares import DERIVED, derive

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
    shares = derive(facts, "Kent", confidence=confidence)
    assert list(shares.columns) == list(DERIVED)
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
        derive(facts, "Kent", confidence=confidence)


def test_an_authority_without_facts_has_no_shares(facts: pd.DataFrame) -> None:
    shares = derive(facts, "Medway")
    assert shares.empty
    assert list(shares.columns) == list(DERIVED)
