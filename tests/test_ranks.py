"""Ranks, groups, and confidence sets of ranks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm, rankdata

from kentstats.stats.intervals import wilson
from kentstats.stats.ranks import rank, rank_interval

nan = math.nan
polarities = st.sampled_from(["high", "low", "none"])
# few different values, so that there are ties
values = st.lists(st.one_of(st.integers(-5, 5).map(float), st.just(nan)), min_size=1, max_size=15)
limited = st.lists(
    st.one_of(
        st.tuples(st.integers(-20, 20), st.floats(0, 10), st.floats(0, 10)),
        st.tuples(st.integers(-20, 20), st.just(nan), st.just(nan)),
        st.just((nan, nan, nan)),
    ),
    min_size=1,
    max_size=12,
)


# ranks


@given(values, polarities)
def test_ranks_agree_with_scipy(areas: list[float], polarity: str) -> None:
    there = np.array(areas) if polarity == "low" else -np.array(areas)
    ours = rank(areas, polarity=polarity)
    assert ours.tolist() == pytest.approx(
        rankdata(there, method="min", nan_policy="omit").tolist(), nan_ok=True
    )


@given(values, polarities)
def test_ranks_are_the_same_under_a_rising_map(areas: list[float], polarity: str) -> None:
    plain = rank(areas, polarity=polarity)
    for mapped in (np.exp(areas), np.multiply(areas, 3.5) - 20, np.power(areas, 3)):
        assert np.array_equal(rank(mapped, polarity=polarity), plain, equal_nan=True)


@given(values)
def test_low_is_high_turned_round(areas: list[float]) -> None:
    low, high = rank(areas, polarity="low"), rank(np.negative(areas), polarity="high")
    assert np.array_equal(low, high, equal_nan=True)
    assert np.array_equal(
        rank(areas, polarity="none"), rank(areas, polarity="high"), equal_nan=True
    )


def test_ties_share_the_best_rank() -> None:
    assert rank([3, 9, 9, 1], polarity="high").tolist() == [3, 1, 1, 4]
    assert rank([3, 9, 9, 1], polarity="low").tolist() == [2, 3, 3, 1]
    assert rank([0.0, -0.0], polarity="low").tolist() == [1, 1]


def test_each_row_has_ranks_and_a_polarity_of_its_own() -> None:
    table = [[1, 2, nan], [3, 1, 2]]
    ranks = rank(table, polarity=["high", "low"])
    assert np.array_equal(ranks, [[2, 1, nan], [3, 1, 2]], equal_nan=True)
    assert rank(table, polarity="low")[1].tolist() == [3, 1, 2]


def test_no_areas_have_no_ranks() -> None:
    assert rank([], polarity="high").shape == (0,)
    assert np.isnan(rank([nan, nan], polarity="high")).all()


# intervals of ranks


def second_calculation(
    rows: list[tuple[float, float, float]], polarity: str, confidence: float
) -> list[tuple[float, float]]:
    """The sets of ranks, one pair of areas at a time."""
    sign = -1 if polarity == "low" else 1
    known = [(sign * v, (u - low) / 3.92) for v, low, u in rows if not math.isnan(low)]
    places = sum(not math.isnan(v) for v, _, _ in rows)
    sets = []
    for v, low, u in rows:
        if math.isnan(low):
            sets.append((nan, nan))
            continue
        mine, error = sign * v, (u - low) / 3.92
        z = norm.isf((1 - confidence) / 2 / max(len(known) - 1, 1))
        margins = [(theirs - mine, z * math.hypot(error, other)) for theirs, other in known]
        better = sum(gap > margin for gap, margin in margins)
        worse = sum(-gap > margin for gap, margin in margins)
        sets.append((1 + better, places - worse))
    return sets


def table(rows: list[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    return [(float(v), v - down, v + up) for v, down, up in rows]


@given(limited, polarities, st.sampled_from([0.8, 0.95, 0.998]))
def test_the_sets_are_those_of_a_second_calculation(
    rows: list[tuple[float, float, float]], polarity: str, confidence: float
) -> None:
    areas = table(rows)
    best, worst = rank_interval(*zip(*areas, strict=True), polarity=polarity, confidence=confidence)
    theirs = second_calculation(areas, polarity, confidence)
    ours = [(float(b), float(w)) for b, w in zip(best, worst, strict=True)]
    assert np.array_equal(ours, theirs, equal_nan=True)


@given(limited, polarities, st.floats(0.5, 0.999))
def test_the_set_always_holds_the_rank(
    rows: list[tuple[float, float, float]], polarity: str, confidence: float
) -> None:
    value, lower, upper = zip(*table(rows), strict=True)
    best, worst = rank_interval(value, lower, upper, polarity=polarity, confidence=confidence)
    ranks = rank(value, polarity=polarity)
    there = ~np.isnan(lower)
    assert (np.isnan(best) == ~there).all()
    assert (np.isnan(worst) == ~there).all()
    assert (best[there] >= 1).all()
    assert (best[there] <= ranks[there]).all()
    assert (ranks[there] <= worst[there]).all()
    assert (worst[there] <= (~np.isnan(value)).sum()).all()


@given(limited, polarities, st.floats(0.5, 0.999), st.floats(0.5, 0.999))
def test_more_confidence_is_a_wider_set(
    rows: list[tuple[float, float, float]], polarity: str, one: float, other: float
) -> None:
    columns = list(zip(*table(rows), strict=True))
    less, more = sorted((one, other))
    narrow, wide = (
        rank_interval(*columns, polarity=polarity, confidence=level) for level in (less, more)
    )
    there = ~np.isnan(narrow[0])
    assert (wide[0][there] <= narrow[0][there]).all()
    assert (wide[1][there] >= narrow[1][there]).all()


@given(limited, st.floats(0.01, 100), st.integers(-50, 50))
def test_sets_are_the_same_in_another_unit(
    rows: list[tuple[float, float, float]], factor: float, shift: float
) -> None:
    columns = [np.array(each) for each in zip(*table(rows), strict=True)]
    plain = rank_interval(*columns, polarity="high")
    moved = rank_interval(*(factor * each + shift for each in columns), polarity="high")
    gaps = np.abs(columns[0][:, None] - columns[0])
    noise = np.hypot(*((columns[2] - columns[1])[:, None], columns[2] - columns[1]))
    # no pair on the edge, where rounding would decide
    edge = np.abs(gaps - noise * norm.isf(0.025 / max((~np.isnan(noise[0])).sum() - 1, 1)) / 3.92)
    assume(not (edge[gaps > 0] < 1e-3).any())
    for ours, theirs in zip(plain, moved, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_well_known_values_have_one_rank_and_vague_ones_all() -> None:
    value = np.array([10.0, 30, 20, 30])
    best, worst = rank_interval(value, value - 0.01, value + 0.01, polarity="high")
    assert best.tolist() == [4, 1, 3, 1]
    # the two that tie take two places
    assert worst.tolist() == [4, 2, 3, 2]
    best, worst = rank_interval(value, value - 100, value + 100, polarity="high")
    assert best.tolist() == [1] * 4
    assert worst.tolist() == [4] * 4


def test_proportions_are_tested_with_the_width_of_their_limits() -> None:
    counts, bases = np.array([50, 60, 90]), 100
    best, worst = rank_interval(counts / bases, *wilson(counts, bases), polarity="high")
    assert (best.tolist(), worst.tolist()) == ([2, 2, 1], [3, 3, 1])


def test_without_width_any_difference_counts() -> None:
    best, worst = rank_interval([1, 2, 2], [1, 2, 2], [1, 2, 2], polarity="low")
    assert (best.tolist(), worst.tolist()) == ([1, 2, 2], [1, 3, 3])


def test_an_area_alone_is_first() -> None:
    assert [each.tolist() for each in rank_interval([3], [2], [4], polarity="low")] == [[1], [1]]


def test_rows_are_worked_out_each_on_its_own() -> None:
    random = np.random.default_rng(2010)
    value = random.normal(size=(3, 12))
    lower, upper = value - random.uniform(0, 1, value.shape), value + 0.3
    lower[1, :8] = nan
    together = rank_interval(value, lower, upper, polarity=["high", "low", "none"])
    for place, polarity in enumerate(("high", "low", "none")):
        alone = rank_interval(value[place], lower[place], upper[place], polarity=polarity)
        for ours, theirs in zip(alone, together, strict=True):
            np.testing.assert_array_equal(ours, theirs[place])


# what is refused


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(ValueError, match="values is a single number: give the values of several"):
        rank(3, polarity="high")
    with pytest.raises(ValueError, match="polarity has more entries than values has rows"):
        rank([1, 2], polarity=["high", "low"])
    with pytest.raises(ValueError, match="do not broadcast"):
        rank([[1, 2], [3, 4]], polarity=["high", "low", "low"])
    with pytest.raises(ValueError, match="give 'high', 'low' or 'none'"):
        rank([1, 2], polarity="good")


def test_limits_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="lower is above upper: give the lower limit first"):
        rank_interval([1, 2], [2, 3], [0, 1], polarity="high")
    with pytest.raises(ValueError, match="give a fraction between 0 and 1"):
        rank_interval([1, 2], [0, 1], [2, 3], polarity="high", confidence=95)
    with pytest.raises(ValueError, match="do not broadcast"):
        rank_interval([1, 2], [0, 1, 2], [2, 3], polarity="high")
