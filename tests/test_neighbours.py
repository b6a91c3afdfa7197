"""Neighbours summed up three ways, and where the choice changes a verdict."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentstats.stats.neighbours import sensitive, summaries
from kentstats.stats.verdict import verdict

nan = math.nan
numbers = st.floats(-1_000, 1_000)

figures = st.one_of(
    st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.just((nan, nan)),
)


@st.composite
def areas(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = draw(st.lists(figures, min_size=3, max_size=12))
    count, base = np.array(rows, float).T
    members = [
        (draw(st.permutations(range(len(rows))))[: draw(st.integers(0, 3))] + [-1] * 3)[:3]
        for _ in range(draw(st.integers(1, 4)))
    ]
    return count, base, np.array(members)


@given(areas())
def test_summaries_are_those_of_each_row_alone(
    found: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    count, base, members = found
    value = 100 * count / base
    sums = summaries(count, base, value, members, per=100)
    for place, row in enumerate(members):
        there = [each for each in row if each >= 0 and not math.isnan(value[each])]
        assert sums.used[place] == sums.pooled_used[place] == len(there)
        if not there:
            assert np.isnan([sums.mean[place], sums.median[place], sums.pooled[place]]).all()
            continue
        assert sums.mean[place] == pytest.approx(statistics.fmean(value[there]))
        assert sums.median[place] == pytest.approx(statistics.median(value[there].tolist()))
        assert sums.pooled[place] == pytest.approx(100 * count[there].sum() / base[there].sum())
        for each in (sums.mean, sums.median, sums.pooled):
            assert value[there].min() - 1e-9 <= each[place] <= value[there].max() + 1e-9


@given(areas(), st.floats(0.01, 10_000))
def test_summaries_scale_with_the_unit(
    found: tuple[np.ndarray, np.ndarray, np.ndarray], per: float
) -> None:
    count, base, members = found
    one = summaries(count, base, count / base, members)
    many = summaries(count, base, per * count / base, members, per=per)
    for name in ("mean", "median", "pooled"):
        assert getattr(many, name) == pytest.approx(per * getattr(one, name), nan_ok=True)


@given(areas(), st.randoms(use_true_random=False))
def test_the_order_of_neighbours_does_not_matter(
    found: tuple[np.ndarray, np.ndarray, np.ndarray], random: Any
) -> None:
    count, base, members = found
    shuffled = [random.sample(row, len(row)) for row in members.tolist()]
    one, other = (summaries(count, base, count / base, each) for each in (members, shuffled))
    for name in ("mean", "median", "pooled", "used"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), nan_ok=True)


def test_mean_median_and_pooled_disagree() -> None:
    sums = summaries([9, 50, 600], [10, 100, 1_000], [90, 50, 60], [[0, 1, 2]], per=100)
    assert float(sums.mean[0]) == pytest.approx(200 / 3)
    assert float(sums.median[0]) == 60
    assert float(sums.pooled[0]) == pytest.approx(65900 / 1110)


def test_a_value_without_its_count_is_in_the_mean_alone() -> None:
    # a count of one to five is suppressed, and the percentage given
    sums = summaries([nan, 30], [20, 40], [10, 75], [[0, 1]], per=100)
    assert (float(sums.mean[0]), float(sums.median[0]), float(sums.pooled[0])) == (42.5, 42.5, 75)
    assert (sums.used[0], sums.pooled_used[0]) == (2, 1)


def test_bases_of_nought_pool_to_nothing() -> None:
    sums = summaries([0, 0], [0, 0], [nan, nan], [[0, 1]])
    assert math.isnan(sums.pooled[0])
    assert (sums.used[0], sums.pooled_used[0]) == (0, 2)


def test_no_neighbours_are_summed_up_to_nothing() -> None:
    sums = summaries([1], [2], [0.5], np.empty((2, 0), int))
    assert np.isnan([sums.mean, sums.median, sums.pooled]).all()
    assert sums.used.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([0, 1], "members is no table of whole numbers"),
        ([[0.0, 1.0]], "members is no table of whole numbers"),
        ([[0, 3]], "members names a place that is not there: give 0 to 2, or -1"),
        ([[0, -2]], "members names a place that is not there"),
        ([[1, 0, 1]], "members names a neighbour twice in a row: give each once"),
    ],
)
def test_members_that_are_no_positions_are_refused(members: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        summaries([1, 2, 3], [4, 5, 6], [0.1, 0.2, 0.3], members)


def test_vectors_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="count, base and value are no vectors: give one number"):
        summaries(1, 2, 0.5, [[0]])
    with pytest.raises(ValueError, match="do not broadcast"):
        summaries([1, 2], [3, 4, 5], [0.1, 0.2], [[0]])
    for count, base in ((-1, 2), (1, -2)):
        with pytest.raises(ValueError, match="count or base is below 0: give numbers of cases"):
            summaries([count], [base], [0.5], [[0]])
    for per in (0, -1, nan, math.inf):
        with pytest.raises(ValueError, match="give the number pooled is per"):
            summaries([1], [2], [0.5], [[0]], per=per)


# where the choice matters


@given(
    st.tuples(numbers, numbers).map(sorted),
    st.lists(st.one_of(numbers, st.just(nan)), min_size=2, max_size=4),
    st.sampled_from(["high", "low", "none"]),
)
def test_the_choice_matters_just_where_verdicts_differ(
    limits: list[float], benchmarks: list[float], polarity: str
) -> None:
    words = {str(verdict(*limits, each, polarity=polarity)) for each in benchmarks}
    matters = sensitive(*limits, *benchmarks, polarity=polarity)
    assert matters.shape == ()
    assert bool(matters) == (len(words - {"not compared"}) > 1)


def test_the_choice_is_told_for_each_area() -> None:
    matters = sensitive([70, 80, nan], [78, 88, nan], [79, 84, 1], 77, 78, polarity="low")
    assert matters.tolist() == [True, True, False]


def test_a_missing_benchmark_differs_from_none() -> None:
    assert not sensitive(70, 78, 79, nan, polarity="high")


def test_one_benchmark_is_no_choice() -> None:
    for benchmarks in ((), (77,)):
        with pytest.raises(ValueError, match="there are fewer than two benchmarks: give those"):
            sensitive(70, 78, *benchmarks, polarity="high")
    with pytest.raises(ValueError, match=r"do not broadcast: .*benchmark 2 \(3,\)"):
        sensitive([70, 80], [78, 88], 77, [1, 2, 3], polarity="high")
    with pytest.raises(ValueError, match="lower is above upper"):
        sensitive(78, 70, 77, 76, polarity="high")
