"""Every authority against every comparator: by hand, by a slow second way, and by properties."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kentstats.indicators import load_indicators
from kentstats.load import official_facts, open_official
from kentstats.schemas import FACTS, SCALE, Row, records, tidy
from kentstats.stats.benchmarks import (
    COLUMNS,
    COMPARATORS,
    MIN_COVERAGE,
    WHY_NOT,
    Places,
    comparisons,
)
from kentstats.stats.intervals import estimates, wilson
from kentstats.stats.profile import find_places
from kentstats.stats.trends import is_latest

nan = math.nan
HIGH, LOW, NEITHER = "health-assessments", "convictions", "substance-misuse"
RATE, BARE, COUNT, CASES = "looked-after-rate", "three-placements", "looked-after", "caseload"
COUNTRY, REGION, OTHER_REGION = "E92000001", "region", "other region"
PLACES = Places(
    region=dict.fromkeys("abc", REGION) | {"a / b": REGION} | dict.fromkeys("de", OTHER_REGION),
    kind=dict.fromkeys("abcd", "county") | {"e": "unitary authority"},
    neighbours={"a": ["b", "c"], "b": ["a"], "e": ["gone", "a"]},
    covered=frozenset({"2025"}),
)
TYPES = {COUNTRY: "country", REGION: "region", OTHER_REGION: "region", "a / b": "combined"}


def a_fact(
    area: str, count: float = nan, base: float = nan, *, indicator: str = HIGH, **other: Any
) -> dict[str, Any]:
    """Make a fact of its two numbers, or of a value alone."""
    unit = other.pop("unit", load_indicators()[indicator].unit)
    scale = SCALE.get(unit, 1)
    value = scale * count / base if base else nan
    row: dict[str, Any] = {
        name: "" for name, column in FACTS.items() if column.dtype == "str"
    } | dict.fromkeys(("period_start", "period_end"))
    row |= {
        "indicator": indicator,
        "area_code": area,
        "area_name": area,
        "area_type": TYPES.get(area, "authority"),
        "period": "2025",
        "group": "all",
        "value": value,
        "upper": nan,
        "unit": unit,
        "qualifier": "exact",
        "numerator": count,
        "denominator": base,
        "rounding": 0.5,
        "count_rounding": nan if math.isnan(count) else 0.0,
        "status": "published",
        "source_id": "made-up",
        **other,
    }
    key = ("indicator", "group", "period", "source_id", "area_code")
    return {**row, "fact_id": ".".join(str(row[name]) for name in key)}


def table(*rows: dict[str, Any], places: Places = PLACES, confidence: float = 0.95) -> pd.DataFrame:
    return comparisons(tidy("facts", rows), places, confidence=confidence)


def the_row(comparator: str, *rows: dict[str, Any], area: str = "a", **other: Any) -> Row:
    made = table(*rows, **other)
    chosen = made[made["comparator"].eq(comparator) & made["area_code"].eq(area)]
    assert len(chosen) == 1
    return records(chosen)[0]


# estimates


def test_a_rounded_percentage_gives_way_to_its_two_numbers() -> None:
    facts = tidy("facts", [a_fact("a", 1111, 1176, value=94.0)])
    row = records(estimates(facts))[0]
    assert row["value"] == 94
    assert row["estimate"] == pytest.approx(94.4728, abs=1e-4)
    for suffix, confidence in (("", 0.95), ("_998", 0.998)):
        low, high = wilson(1111, 1176, confidence=confidence)
        assert row[f"lower{suffix}"] == pytest.approx(100 * float(low))
        assert row[f"upper{suffix}"] == pytest.approx(100 * float(high))


@pytest.mark.parametrize(
    "fact",
    [
        a_fact("a", value=50.0),
        a_fact("a", 10, value=50.0),
        a_fact("a", nan, 20, value=50.0),
        a_fact("a", 5, 0, value=50.0),
        a_fact("a", 21, 20, value=50.0),  # more leavers than posts
        a_fact("a", 0.4, 0.8, value=50.0),  # less than one post
        a_fact("a", 49, 100, value=50.0, count_rounding=0.1),  # of fewer areas than its numbers
        a_fact("a", 5, 10, indicator=BARE, value=50.0),
        a_fact("a", 5, 10, indicator=COUNT, value=50.0),
        a_fact("a", 5, 0, indicator=RATE, value=50.0),
    ],
    ids=lambda fact: f"{fact['indicator']} {fact['numerator']} of {fact['denominator']}",
)
def test_what_has_no_limits_keeps_its_value(fact: dict[str, Any]) -> None:
    row = records(estimates(tidy("facts", [fact])))[0]
    assert (row["estimate"], row["rounding_error"]) == (50, 0.5)
    assert all(math.isnan(row[name]) for name in ("lower", "upper", "lower_998", "upper_998"))


@pytest.mark.parametrize(("value", "fits"), [(49.5, True), (50.6, True), (49.3, False)])
def test_numbers_that_do_not_give_the_figure_are_not_those_behind_it(
    value: float, fits: bool
) -> None:
    # half a point of the figure and 0.15 points of its numbers may be rounding
    fact = a_fact("a", 50, 100, value=value, count_rounding=0.1)
    row = records(estimates(tidy("facts", [fact])))[0]
    assert (row["estimate"], math.isnan(row["lower"])) == (50 if fits else value, not fits)


@given(st.integers(10, 2_000), st.integers(0, 2_000), st.sampled_from([0.05, 0.5, 5.0]))
@settings(deadline=None)
def test_the_rounding_error_covers_all_that_rounding_of_the_counts_leaves_open(
    base: int, count: int, half: float
) -> None:
    count = min(count, base)
    fact = a_fact("a", count, base, count_rounding=half)
    row = records(estimates(tidy("facts", [fact])))[0]
    for up in (-1, 1):
        for down in (-1, 1):
            true = 100 * (count + up * half) / (base + down * half)
            assert abs(true - row["estimate"]) <= row["rounding_error"] * (1 + 1e-9)
    # and no more than is needed
    most = 100 * (count + half) / (base - half)
    assert most - row["estimate"] == pytest.approx(row["rounding_error"])


# each comparator


SIX = (
    a_fact("a", 60, 100),
    a_fact("b", 90, 100),
    a_fact("c", 800, 1_000),
    a_fact("d", 30, 50),
    a_fact("e", 1, 40),
    a_fact(REGION, 950, 1_200, count_rounding=5.0),
    a_fact(COUNTRY, 9_000, 12_000, count_rounding=5.0),
)


@pytest.mark.parametrize(
    ("comparator", "expected"),
    [
        ("england", ("published", 1, 75.0, 0.0729471, "worse", 0.998)),
        ("region", ("published", 1, 950 / 12, 0.7496513, "worse", 0.998)),
        # b, c and d: 920 of 1150, and not a itself
        ("type", ("pooled", 3, 80.0, 0.0, "worse", 0.998)),
        # b and c: 890 of 1100
        ("neighbours", ("pooled", 2, 890 / 11, 0.0, "worse", 0.998)),
    ],
)
def test_each_comparator(comparator: str, expected: tuple[Any, ...]) -> None:
    row = the_row(comparator, *SIX)
    statistic, members, benchmark, slack, verdict, level = expected
    assert (row["statistic"], row["members"], row["verdict"]) == (statistic, members, verdict)
    assert row["benchmark"] == pytest.approx(benchmark)
    assert row["benchmark_high"] - row["benchmark"] == pytest.approx(slack, abs=1e-6)
    assert row["benchmark"] - row["benchmark_low"] == pytest.approx(slack, abs=1e-6)
    assert row["difference"] == pytest.approx(60 - benchmark)
    assert (row["direction"], row["level"], row["reason"]) == ("below", level, "")
    ids = {"england": COUNTRY, "region": REGION}
    area = ids.get(comparator)
    assert row["benchmark_id"] == (f"{HIGH}.all.2025.made-up.{area}" if area else "")


def test_an_authority_is_left_out_of_its_type_and_neighbours() -> None:
    changed = (a_fact("a", 1, 100), *SIX[1:])
    for comparator in ("type", "neighbours"):
        before, after = the_row(comparator, *SIX), the_row(comparator, *changed)
        assert before["benchmark"] == after["benchmark"]
    listed = replace(PLACES, neighbours={"a": ["a", "b", "c", "b"]})
    assert the_row("neighbours", *SIX, places=listed)["members"] == 2
    assert the_row("neighbours", *SIX, places=listed)["benchmark"] == pytest.approx(890 / 11)


def test_without_bases_the_comparator_is_a_mean_that_carries_the_rounding() -> None:
    figures = {"a": (12.0, 0.5), "b": (10.0, 0.5), "c": (13.0, 0.05), "d": (7.0, 0.05)}
    rows = [
        a_fact(area, value=value, rounding=half, indicator=BARE)
        for area, (value, half) in figures.items()
    ]
    row = the_row("type", *rows)
    assert (row["statistic"], row["members"], row["benchmark"]) == ("mean", 3, 10)
    assert row["benchmark_high"] == pytest.approx(10.2)
    assert (row["direction"], row["verdict"]) == ("above", "not compared")
    assert row["reason"] == WHY_NOT["no base"]
    row = the_row("neighbours", *rows)
    assert (row["statistic"], row["members"], row["benchmark"]) == ("mean", 2, 11.5)
    assert row["benchmark_low"] == pytest.approx(11.5 - 0.275)


def test_only_authorities_are_compared_in_the_order_of_the_facts() -> None:
    made = table(*SIX)
    assert list(made.columns) == list(COLUMNS)
    assert made["area_code"].tolist() == [area for area in "abcde" for _ in COMPARATORS]
    assert made["comparator"].tolist() == list(COMPARATORS) * 5
    assert made.index.tolist() == list(range(20))


def test_a_table_of_nothing_is_empty() -> None:
    for facts in (tidy("facts", []), tidy("facts", [a_fact(COUNTRY, 5, 10)])):
        made = comparisons(facts, PLACES)
        assert made.empty
        assert list(made.columns) == list(COLUMNS)


def test_a_figure_given_twice_is_refused() -> None:
    again = a_fact("a", 5, 10, source_id="another")
    with pytest.raises(ValueError, match="of one indicator, group, period and area occurs twice"):
        table(*SIX, again)


# neighbours


@pytest.mark.parametrize(("missing", "members"), [(0, 10), (1, 9), (2, 8)])
def test_neighbours_have_a_figure_where_nine_in_ten_have_one(missing: int, members: int) -> None:
    codes = [f"n{number}" for number in range(10)]
    near = replace(
        PLACES,
        kind=dict.fromkeys(["a", *codes], "county"),
        neighbours={"a": codes},
    )
    rows = [a_fact("a", 60, 100), *(a_fact(code, 50, 100) for code in codes[missing:])]
    rows += [a_fact(code, status="suppressed") for code in codes[:missing]]
    for comparator in ("type", "neighbours"):
        row = the_row(comparator, *rows, places=near)
        assert row["members"] == members
        if members < MIN_COVERAGE * 10:
            assert math.isnan(row["benchmark"])
            assert (row["verdict"], row["direction"]) == ("not compared", "")
            assert row["reason"] == WHY_NOT["few members"]
        else:
            assert (row["benchmark"], row["verdict"]) == (50, "better")
    # neither those that nobody could be of, nor those that the source does not list
    kept = rows[: 11 - missing]
    nobody = [a_fact(code, status="not_applicable") for code in codes[:missing]]
    for comparator in ("type", "neighbours"):
        for others in (kept, [*kept, *nobody]):
            row = the_row(comparator, *others, places=near)
            assert (row["members"], row["verdict"]) == (members, "better")


def test_where_the_summary_decides_the_verdict_that_is_said() -> None:
    # one large neighbour: pooled 88, mean and median 60
    rows = [a_fact("a", 74, 100), a_fact("b", 15, 50), a_fact("c", 900, 1_000)]
    row = the_row("neighbours", *rows)
    assert row["benchmark"] == pytest.approx(100 * 915 / 1_050)
    assert (row["verdict"], row["sensitive"]) == ("worse", True)
    for theirs in (300, 310, 900, 910):
        alike = a_fact("b", theirs / 20, 50), a_fact("c", theirs, 1_000)
        assert not the_row("neighbours", rows[0], *alike)["sensitive"]
    assert not table(*rows).query("comparator != 'neighbours'")["sensitive"].any()


# what is not compared, and why


@pytest.mark.parametrize(
    ("reason", "mine", "others"),
    [
        ("suppressed", {"status": "suppressed", "value": nan}, {}),
        ("not_applicable", {"status": "not_applicable", "value": nan}, {}),
        ("not_available", {"status": "not_available", "value": nan}, {}),
        ("not_available", {"value": nan, "count": nan}, {}),
        ("not_available", {"status": "a word nobody knows"}, {}),
        ("rounds_to_zero", {"status": "rounds_to_zero"}, {}),
        ("unreliable", {"status": "unreliable"}, {}),
        ("no base", {"count": nan, "base": nan, "value": 50.0}, {}),
        ("no base", {"count": nan, "base": nan, "value": 50.0, "indicator": BARE}, {}),
        ("no share", {"count": 101, "value": 50.0}, {}),
        ("no share", {"count": 40, "value": 50.0}, {}),
        ("no model", {"value": 50.0, "indicator": COUNT}, {}),
        ("no model", {"value": 50.0, "indicator": CASES}, {}),
        ("small base", {"count": 5, "base": 9}, {}),
        ("small base", {"count": 0.3, "base": 0.6, "value": 50.0}, {}),
        ("no benchmark", {}, {"status": "suppressed"}),
        ("no benchmark", {}, {"period": "2024"}),
        ("no benchmark", {}, {"source_id": "another"}),
        ("no benchmark", {}, {"group": "boys"}),
        ("no rounding", {}, {"count_rounding": nan}),
        ("no rounding", {"count_rounding": nan}, {}),
    ],
)
def test_each_reason(reason: str, mine: dict[str, Any], others: dict[str, Any]) -> None:
    ours = {"count": 60, "base": 100, "indicator": HIGH, **mine}
    rows = [a_fact("a", **ours)]
    rows += [
        a_fact(area, 50, 100, indicator=ours["indicator"], **others)
        for area in (REGION, COUNTRY, "b", "c", "d")
    ]
    made = table(*rows)
    found = made[made["area_code"].eq("a") & made["group"].eq("all")]
    published = found[found["comparator"].isin(["england", "region"])]
    assert set(published["verdict"]) == {"not compared"}
    assert set(published["reason"]) == {WHY_NOT[reason]}
    assert published["level"].isna().all()
    worked_out = found[~found["comparator"].isin(["england", "region"])]
    assert set(worked_out["verdict"]) == {"not compared"}
    told = WHY_NOT["few members" if others.get("status") else reason]
    assert set(worked_out["reason"]) == {told}


@pytest.mark.parametrize("base", [9, 10])
def test_a_share_of_fewer_than_ten_has_limits_and_no_verdict(base: int) -> None:
    row = the_row("england", a_fact("a", 0, base), a_fact(COUNTRY, 900, 1_000))
    assert row["upper"] == pytest.approx(100 * float(wilson(0, base)[1]))
    assert (row["verdict"] == "not compared") == (base < 10)


# verdicts


@pytest.mark.parametrize(
    ("confidence", "count", "expected"),
    [
        # Wilson, of 100: 40 leaves 50 out at 95% and not at 99.8%, 30 at both
        (0.95, 40, ("worse", 0.95)),
        (0.95, 30, ("worse", 0.998)),
        (0.95, 45, ("similar", nan)),
        (0.8, 44, ("similar", nan)),
        (0.8, 43, ("worse", 0.8)),
        (0.998, 40, ("similar", nan)),
        (0.998, 30, ("worse", 0.998)),
        (0.9999, 35, ("similar", nan)),
        (0.9999, 30, ("worse", 0.9999)),
    ],
)
def test_the_level_is_the_surest_at_which_the_verdict_holds(
    confidence: float, count: int, expected: tuple[str, float]
) -> None:
    row = the_row(
        "england", a_fact("a", count, 100), a_fact(COUNTRY, 500, 1_000), confidence=confidence
    )
    assert (row["verdict"], row["level"]) == pytest.approx(expected, nan_ok=True)


def test_all_of_the_rounding_must_be_left_out() -> None:
    upper = 100 * float(wilson(60, 100)[1])  # 69.1
    for theirs, word in ((upper + 0.2, "worse"), (upper - 0.2, "similar")):
        ours, england = a_fact("a", 60, 100), a_fact(COUNTRY, 10 * theirs, 1_000)
        assert the_row("england", ours, england)["verdict"] == word
        # 0.1 of 1000 both ways is 0.017 points, 1 is 0.17, 2 is 0.34
        for half in (0.1, 1.0, 2.0):
            rounded = {**england, "count_rounding": half}
            row = the_row("england", ours, rounded)
            kept = row["benchmark_low"] > upper
            assert row["verdict"] == ("worse" if kept else "similar")
            assert kept == (word == "worse" and half < 2)


@pytest.mark.parametrize(
    ("ours", "theirs", "direction"),
    [(50.0, 50.0, "level"), (51.0, 50.0, "level"), (51.1, 50.0, "above"), (48.9, 50.0, "below")],
)
def test_a_gap_within_rounding_is_level(ours: float, theirs: float, direction: str) -> None:
    rows = (a_fact(area, value=value) for area, value in (("a", ours), (COUNTRY, theirs)))
    row = the_row("england", *rows)
    assert row["direction"] == direction


# nothing crosses periods, groups or sources


@pytest.mark.parametrize("column", ["period", "group", "source_id", "indicator"])
def test_figures_of_another_definition_or_time_are_not_compared(column: str) -> None:
    other = {"indicator": LOW} if column == "indicator" else {column: "2024"}
    rows = (SIX[0], *(a_fact(row["area_code"], 50, 100, **other) for row in SIX[1:]))
    places = replace(PLACES, covered=frozenset({"2024", "2025"}))
    made = table(*rows, places=places)
    mine = made[made["area_code"].eq("a")]
    assert set(mine["verdict"]) == {"not compared"}
    assert mine["benchmark"].isna().all()
    assert set(made.loc[made["area_code"].eq("b"), "verdict"]) > {"not compared"}


# a slow second way


def opened(edition: str) -> tuple[pd.DataFrame, Places]:
    official = open_official(edition)
    assert official is not None
    facts = official_facts(official)
    known = facts[facts["indicator"].isin(list(load_indicators()))]
    return known[is_latest(known)], find_places(official, facts)


def expected(fact: Row, others: list[Row]) -> tuple[float, int]:
    """Pool or average the figures of others one by one; return the figure and how many it is of."""
    based = [row for row in others if not math.isnan(row["lower"])]
    valued = [row for row in others if not math.isnan(row["estimate"])]
    due = [row for row in others if row["status"] != "not_applicable" or row in valued]
    pooled = bool(based) and not math.isnan(fact["lower"])
    used = based if pooled else valued
    if not used or len(used) < 0.9 * len(due):
        return nan, len(used)
    if not pooled:
        return statistics.fmean(row["estimate"] for row in used), len(used)
    count, base = (math.fsum(row[name] for row in used) for name in ("numerator", "denominator"))
    return SCALE[fact["unit"]] * count / base, len(used)


@pytest.mark.parametrize("edition", ["2010", "2025"])
def test_every_comparator_of_an_edition_comes_out_one_by_one_too(edition: str) -> None:
    facts, places = opened(edition)
    facts = estimates(facts)
    key = ("indicator", "group", "period", "source_id")
    by_key = {(*(row[name] for name in key), row["area_code"]): row for row in records(facts)}
    by_id = {row["fact_id"]: row for row in by_key.values()}
    made = records(comparisons(facts, places))
    assert len(made) > 10_000
    kinds = {
        kind: [c for c, k in places.kind.items() if k == kind] for kind in places.kind.values()
    }
    for row in made:
        fact, code = by_id[row["fact_id"]], row["area_code"]
        codes = {
            "england": [places.country],
            "region": [places.region[code]],
            "type": kinds.get(places.kind.get(code, ""), []),
            "neighbours": places.neighbours.get(code, [])
            if row["period"] in places.covered
            else [],
        }[row["comparator"]]
        series = tuple(fact[name] for name in key)
        others = [
            by_key[(*series, each)] for each in codes if each != code and (*series, each) in by_key
        ]
        if row["comparator"] in {"england", "region"}:
            benchmark = others[0]["estimate"] if others else nan
            members = len(others)
        else:
            benchmark, members = expected(fact, others)
        assert row["members"] == members
        assert row["benchmark"] == pytest.approx(benchmark, nan_ok=True)


# properties


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_a_verdict_never_contradicts_its_interval(confidence: float) -> None:
    latest, places = opened("2025")
    facts = {row["fact_id"]: row for row in records(latest)}
    for row in records(comparisons(latest, places, confidence=confidence)):
        word, polarity = row["verdict"], load_indicators()[row["indicator"]].polarity
        above, below = row["lower"] > row["benchmark_high"], row["upper"] < row["benchmark_low"]
        assert (row["reason"] == "") == (word != "not compared")
        if word in {"better", "worse"}:
            assert polarity in {"high", "low"}
            assert not math.isnan(row["lower"] + row["upper"])
            assert (above, below) == ((word == "better") == (polarity == "high"), not above)
        if word in {"higher", "lower"}:
            assert polarity == "none"
            assert (above, below) == (word == "higher", word == "lower")
        if word in {"better", "worse", "higher", "lower"}:
            assert row["level"] in {confidence, max(confidence, 0.998)}
            assert row["direction"] == ("above" if above else "below")
            assert facts[row["fact_id"]]["denominator"] >= 10
        else:
            assert math.isnan(row["level"])
        if word != "not compared":
            assert row["lower"] <= row["estimate"] <= row["upper"]
            assert row["benchmark_low"] <= row["benchmark"] <= row["benchmark_high"]
            assert facts[row["fact_id"]]["status"] == "published"
        if word == "similar" and facts[row["fact_id"]]["count_rounding"] == 0:
            assert not above
            assert not below
