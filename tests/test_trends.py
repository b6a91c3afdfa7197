"""Recent trends, against weighted regression by numpy and the rule's edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from kentstats.stats.trends import CRITICAL, WIDTH, Trend, recent_trend

nan = math.nan

values = st.floats(-1_000, 1_000)
errors = st.floats(0.01, 100)
points = st.one_of(st.none(), st.tuples(values, errors))
tables = st.integers(1, 9).flatmap(
    lambda periods: st.lists(
        st.lists(points, min_size=periods, max_size=periods), min_size=1, max_size=4
    )
)


def trend_of(table: list[list[tuple[float, float] | None]]) -> Trend:
    value = np.array([[nan if each is None else each[0] for each in row] for row in table])
    error = np.array([[nan if each is None else each[1] for each in row] for row in table])
    return recent_trend(value, value - error * WIDTH / 2, value + error * WIDTH / 2)


def even(*numbers: float, error: float = 1.0) -> Trend:
    """A trend of values that are all known as well as each other."""
    value = np.array(numbers)
    return recent_trend(value, value - error * WIDTH / 2, value + error * WIDTH / 2)


def test_the_critical_value_is_that_of_99_8_per_cent() -> None:
    assert pytest.approx(chi2.isf(0.002, 1), rel=1e-7) == CRITICAL


@given(tables)
def test_the_slope_is_that_of_numpys_weighted_fit(
    table: list[list[tuple[float, float] | None]],
) -> None:
    trend = trend_of(table)
    for place, row in enumerate(table):
        there = [(x, *each) for x, each in enumerate(row) if each is not None][-5:]
        if len(there) < 5:
            assert trend.direction[place] == "not calculated"
            assert math.isnan(trend.slope[place])
            assert math.isnan(trend.chi2[place])
            assert not trend.used[place].any()
            continue
        x, y, error = (np.array(each) for each in zip(*there, strict=True))
        assert np.flatnonzero(trend.used[place]).tolist() == x.tolist()
        # rounding of values near a thousand is what is left of an interval's width
        error = (y + error * WIDTH / 2 - (y - error * WIDTH / 2)) / WIDTH
        (slope, _), covariance = np.polyfit(x, y, 1, w=1 / error, cov="unscaled")
        assert trend.slope[place] == pytest.approx(slope, rel=1e-6, abs=1e-8)
        assert trend.chi2[place] == pytest.approx(slope**2 / covariance[0, 0], rel=1e-6, abs=1e-8)
        left = [
            np.polyfit(np.delete(x, out), np.delete(y, out), 1, w=1 / np.delete(error, out))[0]
            for out in range(5)
        ]
        if min(abs(each) for each in left) < 1e-6 or abs(trend.chi2[place] - CRITICAL) < 1e-6:
            continue
        moved = trend.chi2[place] > CRITICAL and len({*np.sign(left), np.sign(slope)}) == 1
        assert trend.direction[place] == (
            "no significant change" if not moved else "increasing" if slope > 0 else "decreasing"
        )


def test_an_even_rise_is_increasing_just_where_chi_squared_is_large_enough() -> None:
    # five points one apart: the slope has variance error² / 10
    for error, word in ((1.0232, "increasing"), (1.0235, "no significant change")):
        trend = even(1, 2, 3, 4, 5, error=error)
        assert trend.direction == word
        assert float(trend.slope) == pytest.approx(1)
        assert float(trend.chi2) == pytest.approx(10 / error**2)
    assert even(5, 4, 3, 2, 1).direction == "decreasing"


def test_a_value_without_both_limits_is_no_point() -> None:
    trend = recent_trend([1.0, 2, 3, 4, 5], [0, 1, 2, nan, 4], [2.0, 3, 4, 5, 6])
    assert trend.direction == "not calculated"
    trend = recent_trend([1, 2, 3, nan, 5], [0, 1, 2, 3, 4], [2, 3, 4, 5, 6])
    assert trend.direction == "not calculated"


def test_an_interval_without_width_among_the_five_is_not_calculated() -> None:
    value = np.array([[1.0, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]])
    low, high = value - 1, value + 1
    low[0, 3] = high[0, 3] = 4
    # that of the second row lies before its five latest
    low[1, 0] = high[1, 0] = 1
    trend = recent_trend(value, low, high)
    assert trend.direction.tolist() == ["not calculated", "increasing"]
    assert np.isnan(trend.slope).tolist() == [True, False]
    assert trend.used.sum(axis=-1).tolist() == [0, 5]


def test_what_is_no_table_of_intervals_is_refused() -> None:
    with pytest.raises(ValueError, match="values has no periods: give areas by periods"):
        recent_trend(1, 0, 2)
    with pytest.raises(ValueError, match="lower is above upper: give the lower limit first"):
        recent_trend([1, 2], [2, 3], [0, 1])
    with pytest.raises(ValueError, match="do not broadcast"):
        recent_trend([1, 2], [0, 1, 2], [2, 3])
