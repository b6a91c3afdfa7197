"""Positions on a spine and the quantiles of its inner bar."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kentstats.stats.spine import positions, quantile, quartiles

nan = math.nan
numbers = st.floats(-1_000, 1_000)
polarities = st.sampled_from(["high", "low", "none"])


@st.composite
def spines(draw: st.DrawFn) -> dict[str, Any]:
    areas = draw(st.lists(numbers, min_size=1, max_size=20))
    polarity = draw(polarities)
    ends = (min, max) if polarity == "low" else (max, min)
    return {
        "value": areas,
        "benchmark": draw(numbers),
        "polarity": polarity,
        "best": ends[0](areas),
        "worst": ends[1](areas),
    }


def test_better_is_to_the_right_and_the_farther_end_is_one() -> None:
    ends = {"best": 95, "worst": 60}
    assert positions([60, 70, 80, 95], 80, polarity="high", **ends).tolist() == [-1, -0.5, 0, 0.75]
    ends = {"best": 60, "worst": 95}
    assert positions([60, 70, 80, 95], 80, polarity="low", **ends).tolist() == [1, 0.5, 0, -0.75]
    assert positions([60, 95], 80, polarity="none", **ends).tolist() == [-1, 0.75]


def test_differences_are_right_across_nought() -> None:
    # differences of absolute values would put both at the same place
    assert positions([-4, 4], 0, polarity="high", best=4, worst=-4).tolist() == [-1, 1]
    assert positions([-3, 1], -1, polarity="low", best=-3, worst=3).tolist() == [0.5, -0.5]


@given(spines())
def test_positions_lie_within_one_of_the_middle(spine: dict[str, Any]) -> None:
    placed = positions(**spine)
    assert (np.abs(placed) <= 1).all()
    # the farther end touches, unless nothing differs
    if max(abs(spine["best"] - spine["benchmark"]), abs(spine["worst"] - spine["benchmark"])) > 0:
        assert np.abs(placed).max() == 1
    else:
        assert (placed == 0).all()


@given(spines())
def test_a_better_value_is_never_to_the_left(spine: dict[str, Any]) -> None:
    order = np.argsort(spine["value"])
    if spine["polarity"] == "low":
        order = order[::-1]
    assert (np.diff(positions(**spine)[order]) >= 0).all()


@given(spines(), st.floats(0.001, 1_000), numbers)
def test_positions_are_the_same_in_another_unit(
    spine: dict[str, Any], factor: float, shift: float
) -> None:
    reach = max(abs(spine[end] - spine["benchmark"]) for end in ("best", "worst"))
    assume(reach * factor > 1e-3)
    other = {
        name: part if name == "polarity" else np.multiply(part, factor) + shift
        for name, part in spine.items()
    }
    assert positions(**other) == pytest.approx(positions(**spine), abs=1e-7)


@given(spines())
def test_which_end_is_which_does_not_matter(spine: dict[str, Any]) -> None:
    turned = {**spine, "best": spine["worst"], "worst": spine["best"]}
    assert (positions(**turned) == positions(**spine)).all()


def test_where_nothing_differs_all_is_in_the_middle() -> None:
    placed = positions(5, 5, polarity="low", best=5, worst=5)
    assert placed == 0
    assert not np.signbit(placed)


@pytest.mark.parametrize("place", ["value", "benchmark", "best", "worst"])
def test_what_is_missing_has_no_position(place: str) -> None:
    spine = {"value": 4.0, "benchmark": 4.0, "best": 4.0, "worst": 4.0, place: nan}
    assert np.isnan(positions(**spine, polarity="high"))


@pytest.mark.parametrize("value", [59.9, 96, [70, 100]])
def test_a_value_beyond_the_ends_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="value lies outside worst to best: give the ends"):
        positions(value, 80, polarity="high", best=95, worst=60)


def test_a_polarity_or_shape_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="give 'high', 'low' or 'none'"):
        positions(1, 1, polarity="good", best=2, worst=0)
    with pytest.raises(ValueError, match="do not broadcast"):
        positions([1, 1, 1], [1, 1], polarity="high", best=2, worst=0)


# quantiles


@given(
    st.lists(st.lists(st.one_of(numbers, st.just(nan)), min_size=6, max_size=6), min_size=1),
    st.floats(0, 1),
)
def test_quantiles_are_numpys_of_what_is_there(rows: list[list[float]], q: float) -> None:
    found = quantile(rows, q)
    for ours, row in zip(found, rows, strict=True):
        there = [value for value in row if not math.isnan(value)]
        theirs = np.quantile(there, q) if there else nan
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-9, nan_ok=True)


def test_quartiles_are_the_ends_of_the_middle_half() -> None:
    lower, upper = quartiles([[1, 2, 3, 4, nan], [nan, nan, 7, nan, nan]])
    assert lower.tolist() == [1.75, 7]
    assert upper.tolist() == [3.25, 7]


@pytest.mark.parametrize("values", [[], [nan, nan]])
def test_without_values_there_are_no_quartiles(values: list[float]) -> None:
    assert np.isnan(quartiles(values)).all()


def test_what_has_no_quantile_is_refused() -> None:
    with pytest.raises(ValueError, match="values is a single number: give the values of several"):
        quartiles(3)
    for q in (-0.1, 25, nan):
        with pytest.raises(ValueError, match="give a fraction from 0 to 1"):
            quantile([1, 2], q)
