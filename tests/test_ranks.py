"""Ranks, groups, and confidence sets of ranks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, rankdata

from kentstats.stats.ranks import positions, rank_interval

nan = math.nan
polarities = st.sampled_from(["high", "low", "none"])
limited = st.lists(
    st.one_of(
        st.tuples(st.integers(-20, 20), st.floats(0, 10), st.floats(0, 10)),
        st.tuples(st.integers(-20, 20), st.just(nan), st.just(nan)),
        st.just((nan, nan, nan)),
    ),
    min_size=1,
    max_size=12,
)


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
    turned = np.array(value) if polarity == "low" else -np.array(value)
    ranks = rankdata(turned, method="min", nan_policy="omit")
    there = ~np.isnan(lower)
    assert (np.isnan(best) == ~there).all()
    assert (np.isnan(worst) == ~there).all()
    assert (best[there] >= 1).all()
    assert (best[there] <= ranks[there]).all()
    assert (ranks[there] <= worst[there]).all()
    assert (worst[there] <= (~np.isnan(value)).sum()).all()


# what is refused


def test_limits_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="lower is above upper: give the lower limit first"):
        rank_interval([1, 2], [2, 3], [0, 1], polarity="high")
    with pytest.raises(ValueError, match="give a fraction between 0 and 1"):
        rank_interval([1, 2], [0, 1], [2, 3], polarity="high", confidence=95)
    with pytest.raises(ValueError, match="value is no list of numbers: give the values of several"):
        rank_interval(3, 2, 4, polarity="high")
    with pytest.raises(ValueError, match="give 'high', 'low' or 'none'"):
        rank_interval([1, 2], [0, 1], [2, 3], polarity="good")
    with pytest.raises(ValueError, match="do not broadcast"):
        rank_interval([1, 2], [0, 1, 2], [2, 3], polarity="high")


# positions between the worst and the best


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9), st.floats(-1e6, 1e6), polarities)
def test_positions_lie_about_the_middle_and_better_is_to_the_right(
    areas: list[float], benchmark: float, polarity: str
) -> None:
    ends = {"best": max(areas), "worst": min(areas)}
    found = positions(areas, benchmark, polarity=polarity, **ends)
    assert (np.abs(found) <= 1).all()
    sign = -1 if polarity == "low" else 1
    assert (np.diff(sign * found[np.argsort(areas)]) >= 0).all()
    # which end is which does not matter
    turned = positions(areas, benchmark, polarity=polarity, best=min(areas), worst=max(areas))
    assert found.tolist() == turned.tolist()


def test_positions_of_what_is_missing_or_does_not_differ() -> None:
    assert np.isnan(positions([nan, 5], [5, nan], polarity="high", best=9, worst=1)).all()
    assert positions([5, 5], 5, polarity="low", best=5, worst=5).tolist() == [0, 0]
    with pytest.raises(ValueError, match="value lies outside worst to best"):
        positions(10, 5, polarity="high", best=9, worst=1)
