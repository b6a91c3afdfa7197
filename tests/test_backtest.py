"""Published figures worked out again from the embedded extract, to the last printed digit."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import numpy as np
import pandas as pd
import pytest

from kentstats.load import official_facts, open_official
from kentstats.schemas import Row, records
from kentstats.stats.benchmarks import comparisons, summarise_neighbours
from kentstats.stats.intervals import estimates, wilson
from kentstats.stats.profile import find_places
from kentstats.stats.trends import is_latest

SCALE = {"percent": 100, "per_10000": 10_000}
# Printed figures of authorities that have both their numbers, all years: decimal places, how
# many figures, and how many of them lie just half way, where the way of rounding shows.
TABLES = {
    "re-referrals": (1, 750, 1),
    "repeat-plans": (1, 742, 2),
    "plans-two-years": (1, 483, 2),
    "health-assessments": (0, 751, 5),
    "immunisations": (0, 750, 3),
    "dental-checks": (0, 750, 5),
    "development-checks": (0, 671, 7),
    "emotional-health-concern": (0, 728, 9),
    "convictions": (0, 440, 2),
    "substance-misuse": (0, 585, 4),
    "substance-misuse-help": (0, 166, 8),
    "care-leavers-eet": (0, 756, 4),
    "fixed-term-exclusion": (2, 140, 0),
    "looked-after-rate": (0, 755, 0),
    "starting-care-rate": (0, 756, 0),
}
# Of the workforce the numbers are rounded themselves: all figures, and how many their numbers
# as printed do not give.
WORKFORCE = {
    "agency-workers": (799, 36),
    "social-worker-turnover": (803, 62),
    "social-worker-vacancy": (811, 27),
}


@cache
def printed(indicator: str) -> list[Row]:
    """Return the published figures of an indicator that have both their numbers."""
    official = open_official("2025")
    assert official is not None
    facts = official_facts(official)
    both = facts["value"].notna() & facts["denominator"].gt(0)
    return records(facts[facts["indicator"].eq(indicator) & both])


def exact(fact: Row) -> Decimal:
    count, base = (Decimal(repr(fact[name])) for name in ("numerator", "denominator"))
    return count * SCALE[fact["unit"]] / base


def rounded(value: Decimal, places: int, how: str = ROUND_HALF_UP) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=how)


# one published table after the other


@pytest.mark.parametrize("indicator", TABLES)
def test_every_figure_of_an_authority_is_its_numbers_rounded_half_up(indicator: str) -> None:
    places, count, ties = TABLES[indicator]
    facts = [fact for fact in printed(indicator) if fact["area_type"] == "authority"]
    assert len(facts) == count
    assert {fact["count_rounding"] for fact in facts} == {0}
    wrong = [
        fact["fact_id"]
        for fact in facts
        if rounded(exact(fact), places) != Decimal(repr(fact["value"]))
    ]
    assert wrong == []
    half_way = [
        fact
        for fact in facts
        if (exact(fact).scaleb(places) % 1).quantize(Decimal("1e-12")) == Decimal("0.5")
    ]
    assert len(half_way) == ties


# Of a region, and so of England: the published percentage is of the authorities that gave both
# numbers, and the published numbers are of all that gave one or the other.
OTHER_AREAS = {
    ("repeat-plans", "2022"): {"Yorkshire and The Humber": 23.6, "England": 22.7},
    ("agency-workers", "2023"): {"London": 23.2, "Outer London": 23.0, "England": 17.9},
    ("agency-workers", "2024"): {"West Midlands": 13.9, "England": 16.2},
    ("social-worker-turnover", "2022"): {"North East": 14.8, "England": 17.2},
    ("social-worker-turnover", "2024"): {"North East": 14.0, "England": 13.9},
}


@pytest.mark.parametrize("indicator", [*TABLES, *WORKFORCE])
def test_rounding_of_the_numbers_accounts_for_every_other_figure(indicator: str) -> None:
    """The country's and regions' numbers are rounded to ten, the workforce's to one decimal."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for fact in records(estimates(pd.DataFrame(printed(indicator)))):
        gap = abs(fact["value"] - float(exact(fact)))
        half, base = fact["count_rounding"], fact["denominator"]
        slack = half * (SCALE[fact["unit"]] + float(exact(fact))) / (base - half)
        if gap <= fact["rounding"] + slack + 1e-9:
            assert fact["estimate"] == pytest.approx(float(exact(fact)))
            assert fact["lower"] <= fact["estimate"] <= fact["upper"]
            continue
        # what the numbers do not give is taken as published, without limits
        assert fact["estimate"] == fact["value"]
        assert np.isnan(fact["lower"])
        found.setdefault((indicator, fact["period"]), {})[fact["area_name"]] = fact["value"]
    assert found == {key: areas for key, areas in OTHER_AREAS.items() if key[0] == indicator}


# what methods.md says of health assessments in 2025


@cache
def health() -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    official = open_official("2025")
    assert official is not None
    every = official_facts(official)
    facts = every[every["indicator"].eq("health-assessments") & is_latest(every)]
    places = find_places(official, every)
    known = estimates(facts)
    mine = known[known["area_type"].eq("authority") & known["lower"].notna()]
    mine = mine.reset_index(drop=True)
    place = {code: row for row, code in enumerate(mine["area_code"])}
    members = np.full((len(mine), 10), -1)
    for code, row in place.items():
        near = [place[other] for other in places.neighbours[code] if other in place]
        members[row, : len(near)] = near
    made = comparisons(facts, places)
    return mine, made[made["area_code"].isin(mine["area_code"])], members


def test_44_authorities_lie_below_england_and_21_cannot_be_told_from_it() -> None:
    mine, made, _ = health()
    assert len(mine) == 151
    england = made[made["comparator"].eq("england")]
    below = england[england["difference"] < 0]
    assert len(below) == 44
    assert below["verdict"].value_counts().to_dict() == {"worse": 23, "similar": 21}
    # two of the 44 lie so near that England's own rounding could turn the order
    assert below["direction"].value_counts().to_dict() == {"below": 42, "level": 2}
    # from the whole percentages that are printed it is another number: 90 is not below 90
    assert int(mine["value"].lt(90).sum()) == 40


def test_the_way_neighbours_are_summed_up_moves_authorities_to_the_other_side() -> None:
    """The sixteen are those of mean against median; pooled against mean moves five.

    Of the verdicts sixteen depend on it whether neighbours are pooled or their mean is taken:
    the same number, and other authorities.
    """
    mine, made, members = health()
    # the place -1 is the nan at the end
    figures = ("numerator", "denominator", "estimate")
    near = [np.append(mine[name].to_numpy(), np.nan)[members] for name in figures]
    mean, median, pooled = summarise_neighbours(*near)
    value = mine["estimate"].to_numpy()
    ways = {"mean": mean, "median": median, "pooled": 100 * pooled}
    side = {name: np.sign(value - each) for name, each in ways.items()}

    def moved(one: str, other: str) -> set[str]:
        return set(mine.loc[side[one] * side[other] < 0, "area_code"])

    assert len(moved("mean", "median")) == 16
    assert len(moved("mean", "pooled")) == 5
    assert len(moved("median", "pooled")) == 19
    low, high = (100 * each for each in wilson(mine["numerator"], mine["denominator"]))
    word = {name: np.sign((low > each) * 1 - (high < each)) for name, each in ways.items()}
    verdicts = set(mine.loc[word["mean"] != word["pooled"], "area_code"])
    assert len(verdicts) == 16
    assert verdicts != moved("mean", "median")
    # the table says of which authorities the verdict depends on the way
    against = made[made["comparator"].eq("neighbours")]
    assert set(against["members"]) == {10}
    assert against["benchmark"].to_numpy() == pytest.approx(ways["pooled"])
    differ = (word["mean"] != word["median"]) | (word["mean"] != word["pooled"])
    assert against["sensitive"].tolist() == differ.tolist()
    assert differ.sum() == 43


# what Ofsted gave for Kent in 2010


def test_the_official_figure_of_kent_in_2010_is_another() -> None:
    """539 of 912 children, and so worse than England at any level; the report has 78%."""
    official = open_official("2010")
    assert official is not None
    every = official_facts(official)
    facts = every[every["indicator"].eq("health-assessments")]
    made = comparisons(facts, find_places(official, every))
    row = records(made[made["area_code"].eq("E10000016") & made["comparator"].eq("england")])[0]
    assert row["estimate"] == pytest.approx(100 * 539 / 912)
    assert (row["verdict"], row["level"], round(row["benchmark"], 1)) == ("worse", 0.998, 83.9)
