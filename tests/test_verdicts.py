"""Verdicts, their two levels, and p values that agree with the intervals."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import poisson as poisson_distribution

from kentstats.indicators import POLARITIES
from kentstats.stats.intervals import poisson, wilson
from kentstats.stats.verdicts import (
    VERDICTS,
    holm,
    poisson_p,
    polarity_sign,
    score_p,
    verdict_codes,
)

with (Path(__file__).parent / "reference" / "holm.csv").open(encoding="utf-8") as lines:
    PUBLISHED = list(csv.DictReader(lines))

# Benjamini Y, Hochberg Y. Controlling the false discovery rate. Journal of the Royal Statistical
# Society B 1995;57:289-300, page 295: fifteen p values, of which Bonferroni's method and
# Hochberg's, between which Holm's lies, both reject three.
FIFTEEN = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]

nan = math.nan
polarities = st.sampled_from(list(POLARITIES))
confidences = st.floats(0.5, 0.9999)
finite = st.floats(-1e6, 1e6)


@st.composite
def intervals(draw: st.DrawFn) -> tuple[float, float]:
    low, high = sorted((draw(finite), draw(finite)))
    return low, high


@st.composite
def counts(draw: st.DrawFn, most: int = 10_000) -> tuple[int, int]:
    base = draw(st.integers(1, most))
    return draw(st.integers(0, base)), base


# verdicts


def words(low: Any, high: Any, near: Any, far: Any = None, *, polarity: Any = "high") -> Any:
    numbers = (np.asarray(each, float) for each in (low, high, near, near if far is None else far))
    return np.array(VERDICTS)[verdict_codes(*numbers, polarity_sign(polarity))].tolist()


@pytest.mark.parametrize(
    ("polarity", "expected"),
    [
        ("high", ["better", "similar", "worse"]),
        ("low", ["worse", "similar", "better"]),
        ("none", ["higher", "similar", "lower"]),
    ],
)
def test_the_words_of_each_polarity(polarity: str, expected: list[str]) -> None:
    assert words([6, 4, 2], [8, 6, 4], 5, polarity=polarity) == expected
    # a limit on the benchmark does not leave it out
    assert words([5, 3], [7, 5], 5, polarity=polarity) == ["similar", "similar"]


@given(intervals(), finite, st.floats(0, 1e5), st.floats(0, 1e5), polarities)
def test_a_verdict_needs_an_interval_that_leaves_all_of_the_rounding_out(
    limits: tuple[float, float], benchmark: float, down: float, up: float, polarity: str
) -> None:
    low, high = limits
    word = words(low, high, benchmark - down, benchmark + up, polarity=polarity)
    if low > benchmark + up:
        assert word == {"high": "better", "low": "worse", "none": "higher"}[polarity]
    elif high < benchmark - down:
        assert word == {"high": "worse", "low": "better", "none": "lower"}[polarity]
    else:
        assert word == "similar"


@pytest.mark.parametrize("position", range(4))
def test_nothing_is_compared_where_a_number_is_missing(position: int) -> None:
    numbers = [6.0, 8.0, 4.5, 5.5]
    numbers[position] = nan
    assert words(*numbers) == "not compared"


# many comparisons


@pytest.mark.parametrize("family", sorted({row["family"] for row in PUBLISHED}))
def test_holm_gives_the_published_values(family: str) -> None:
    rows = [row for row in PUBLISHED if row["family"] == family]
    assert all(row["document"] and row["place"] for row in rows)
    adjusted = holm([float(row["p"]) for row in rows])
    assert adjusted.tolist() == pytest.approx([float(row["adjusted"]) for row in rows], abs=1e-12)


def test_holm_rejects_as_many_of_fifteen_as_published() -> None:
    assert (holm(FIFTEEN) <= 0.05).sum() == 3


p_values = st.lists(st.one_of(st.floats(0, 1), st.just(nan)), max_size=12)


@given(p_values)
def test_holm_lies_between_no_adjustment_and_bonferronis(values: list[float]) -> None:
    p = np.array(values, float)
    adjusted, tested = holm(p), ~np.isnan(p)
    assert (np.isnan(adjusted) == ~tested).all()
    assert (adjusted[tested] >= p[tested]).all()
    assert (adjusted[tested] <= np.minimum(tested.sum() * p[tested], 1) + 1e-12).all()
    # the order stays
    order = np.argsort(p[tested], kind="stable")
    assert (np.diff(adjusted[tested][order]) >= 0).all()


@pytest.mark.parametrize("wrong", [-0.1, [0.5, 1.1]])
def test_what_is_no_probability_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="a p value is outside 0 to 1: give probabilities"):
        holm(wrong)


# p values


@given(counts(), st.floats(0, 1), confidences)
def test_the_score_test_rejects_just_where_wilson_leaves_out(
    count: tuple[int, int], benchmark: float, confidence: float
) -> None:
    low, high = wilson(*count, confidence=confidence)
    assume(min(abs(benchmark - low), abs(benchmark - high)) > 1e-9)
    p = float(score_p(*count, benchmark))
    assert 0 <= p <= 1
    assert (p < 1 - confidence) == (not low <= benchmark <= high)


@given(counts(), st.floats(0.001, 0.999))
def test_the_score_test_agrees_with_scipy(count: tuple[int, int], benchmark: float) -> None:
    k, n = count
    z = abs(k / n - benchmark) / math.sqrt(benchmark * (1 - benchmark) / n)
    assert score_p(k, n, benchmark) == pytest.approx(2 * norm.sf(z), rel=1e-6, abs=1e-300)


@pytest.mark.parametrize("benchmark", [-0.1, 1.1, [0.5, 54]])
def test_a_benchmark_that_is_no_proportion_is_refused(benchmark: Any) -> None:
    with pytest.raises(ValueError, match="benchmark is outside 0 to 1: give a proportion"):
        score_p(1, 2, benchmark)


@given(st.integers(0, 9), st.floats(0, 50), confidences)
def test_the_poisson_test_rejects_just_where_exact_limits_leave_out(
    count: int, expected: float, confidence: float
) -> None:
    low, high = poisson(count, confidence=confidence)
    assume(min(abs(expected - low), abs(expected - high)) > 1e-6 or low == 0 == expected)
    p = float(poisson_p(count, expected))
    assert 0 <= p <= 1
    assert (p < 1 - confidence) == (not low <= expected <= high)


@given(st.integers(0, 2_000), st.floats(0.01, 2_000))
def test_the_poisson_test_agrees_with_scipy(count: int, expected: float) -> None:
    tails = poisson_distribution.cdf(count, expected), poisson_distribution.sf(count - 1, expected)
    assert poisson_p(count, expected) == pytest.approx(min(2 * min(tails), 1), rel=1e-8, abs=1e-300)
