"""Funnel limits against published values, and over-dispersion against a second calculation."""

from __future__ import annotations

import math
import statistics
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from kentstats.stats.funnel import limits, outside, overdispersion
from kentstats.stats.intervals import z_value

nan = math.nan
confidences = st.floats(0.5, 0.9999)
proportions = st.floats(0, 1)
sizes = st.integers(1, 100_000)
rates = st.floats(0.01, 1_000)

rate_limits = partial(limits, kind="rate")
proportion_limits = partial(limits, kind="proportion")
BOTH = [proportion_limits, rate_limits]


# rates


@pytest.mark.parametrize("confidence", [0.95, 0.998])
@pytest.mark.parametrize("count", [1, 2, 5, 10, 65, 1045])
def test_a_whole_count_lies_on_the_limit_at_its_size(count: int, confidence: float) -> None:
    # methods.md of the design: upper k R / Eu at Eu / R, lower k R / El at El / R
    pooled, tail = 43.0, (1 - confidence) / 2
    above, below = chi2.ppf(tail, 2 * count) / 2, chi2.isf(tail, 2 * count + 2) / 2
    bases = np.array([above, below]) / pooled * 10_000
    lower, upper = rate_limits(pooled, bases, confidence=confidence)
    assert float(upper[0]) == pytest.approx(count * pooled / above, rel=1e-9)
    assert float(lower[1]) == pytest.approx(count * pooled / below, rel=1e-9)


@given(rates, sizes, confidences, st.floats(1e-6, 0.1))
def test_spread_rates_are_even_on_the_square_root_scale(
    rate: float, base: int, confidence: float, tau2: float
) -> None:
    lower, upper = rate_limits(rate, base, per=1_000, confidence=confidence, tau2=tau2)
    half = z_value(confidence) * math.sqrt(1 / (4 * base) + tau2)
    root, plain = math.sqrt(rate / 1_000), rate_limits(rate, base, per=1_000, confidence=confidence)
    # never narrower than by chance alone
    high, low = 1_000 * (root + half) ** 2, 1_000 * max(root - half, 0) ** 2
    assert upper == pytest.approx(max(high, plain[1]))
    assert lower == pytest.approx(min(low, plain[0]), abs=1e-7)


# proportions


@given(proportions, sizes, confidences)
def test_proportion_limits_are_those_of_the_normal_clipped(
    p0: float, n: int, confidence: float
) -> None:
    half = z_value(confidence) * math.sqrt(p0 * (1 - p0) / n)
    ours = [float(limit) for limit in proportion_limits(p0, n, confidence=confidence)]
    assert ours == pytest.approx([max(p0 - half, 0), min(p0 + half, 1)], abs=1e-12)


@given(proportions, sizes, confidences, st.floats(1e-6, 0.1))
def test_spread_proportions_are_even_on_the_arcsine_scale(
    p0: float, n: int, confidence: float, tau2: float
) -> None:
    lower, upper = proportion_limits(p0, n, confidence=confidence, tau2=tau2)
    half = z_value(confidence) * math.sqrt(1 / (4 * n) + tau2)
    angle, plain = math.asin(math.sqrt(p0)), proportion_limits(p0, n, confidence=confidence)
    low, high = (
        math.sin(each) ** 2 for each in (max(angle - half, 0), min(angle + half, math.pi / 2))
    )
    assert lower == pytest.approx(min(low, plain[0]), abs=1e-9)
    assert upper == pytest.approx(max(high, plain[1]), abs=1e-9)


# both


@pytest.mark.parametrize("kind_limits", BOTH)
def test_missing_numbers_have_no_limits(kind_limits: Any) -> None:
    for limit in kind_limits([nan, 0.5, 0.5], [10, nan, 10], tau2=[0, 0, nan]):
        assert np.isnan(limit).all()


@pytest.mark.parametrize("kind_limits", BOTH)
def test_a_negative_spread_is_refused(kind_limits: Any) -> None:
    with pytest.raises(ValueError, match="tau2 is below 0: give a variance, 0 or more"):
        kind_limits(0.5, 10, tau2=-0.1)
    with pytest.raises(ValueError, match="give a fraction between 0 and 1"):
        kind_limits(0.5, 10, confidence=95)
    with pytest.raises(ValueError, match="do not broadcast"):
        kind_limits([0.5, 0.6], [10, 20, 30])


@pytest.mark.parametrize(
    ("kind_limits", "centre"), [*((each, -0.1) for each in BOTH), (limits, 54)]
)
def test_a_centre_that_is_no_proportion_or_rate_is_refused(kind_limits: Any, centre: float) -> None:
    with pytest.raises(ValueError, match="centre is no proportion from 0 to 1, and no rate"):
        kind_limits(centre, 10)


@pytest.mark.parametrize("kind_limits", BOTH)
def test_a_size_of_nought_is_refused(kind_limits: Any) -> None:
    with pytest.raises(ValueError, match="base is not above 0: give the number of cases, people"):
        kind_limits(0.5, [10, 0])
    with pytest.raises(ValueError, match="give the number a rate is per"):
        rate_limits(0.5, 10, per=0)


# over-dispersion


def second_calculation(counts: list[float], bases: list[float], kind: str, q: float) -> float:
    """The formulas of Spiegelhalter (2005), one number at a time."""
    scale = (lambda p: math.asin(math.sqrt(p))) if kind == "proportion" else math.sqrt
    target = scale(math.fsum(counts) / math.fsum(bases))
    errors = [1 / (2 * math.sqrt(n)) for n in bases]
    scores = [(scale(k / n) - target) / s for k, n, s in zip(counts, bases, errors, strict=True)]
    ordered = sorted(scores)

    def percentile(share: float) -> float:
        place = share * (len(ordered) - 1)
        first = math.floor(place)
        second = min(first + 1, len(ordered) - 1)
        return ordered[first] + (place - first) * (ordered[second] - ordered[first])

    low, high = percentile(q), percentile(1 - q)
    areas = len(scores)
    phi = statistics.fmean(min(max(z, low), high) ** 2 for z in scores)
    if phi <= (areas - 1) / areas:
        return 0.0
    weights = [s**-2 for s in errors]
    total = math.fsum(weights)
    return (areas * phi - (areas - 1)) / (total - math.fsum(w * w for w in weights) / total)


pairs = st.integers(1, 2_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(
    st.lists(pairs, min_size=2, max_size=20),
    st.sampled_from(["proportion", "rate"]),
    st.sampled_from([0.0, 0.1, 0.25]),
)
def test_over_dispersion_is_that_of_a_second_calculation(
    areas: list[tuple[int, int]], kind: Any, winsorise: float
) -> None:
    counts, bases = ([float(each[place]) for each in areas] for place in (0, 1))
    ours = overdispersion(counts, bases, kind=kind, winsorise=winsorise)
    theirs = second_calculation(counts, bases, kind, winsorise)
    assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("kind", ["proportion", "rate"])
def test_a_known_spread_is_found_again(kind: Any) -> None:
    random = np.random.default_rng(2010)
    bases = random.integers(500, 3_000, 2_000)
    truth = random.normal(math.asin(math.sqrt(0.3)), math.sqrt(0.002), bases.size)
    if kind == "proportion":
        counts = random.binomial(bases, np.sin(truth) ** 2)
    else:
        counts = random.poisson(bases * truth**2)
    found = overdispersion(counts, bases, kind=kind, winsorise=0)
    assert found == pytest.approx(0.002, rel=0.1)
    # winsorised it is less, and not by much
    assert 0.6 < overdispersion(counts, bases, kind=kind) / found < 1


@pytest.mark.parametrize("counts", [[], [nan], [3], [3, nan]])
def test_fewer_than_two_areas_have_no_dispersion(counts: list[float]) -> None:
    assert math.isnan(overdispersion(counts, 10))


def test_what_gives_no_dispersion_is_refused() -> None:
    with pytest.raises(ValueError, match="kind is 'ratio': give 'proportion' or 'rate'"):
        overdispersion([1, 2], 10, kind="ratio")  # type: ignore[arg-type]
    for winsorise in (-0.1, 0.5, nan):
        with pytest.raises(ValueError, match=r"give a share of each end, as in 0\.1"):
            overdispersion([1, 2], 10, winsorise=winsorise)
    with pytest.raises(ValueError, match="count is below 0 or above its base"):
        overdispersion([1, 12], 10)
    with pytest.raises(ValueError, match="count is below 0: give the number of events"):
        overdispersion([1, -2], 10, kind="rate")
    with pytest.raises(ValueError, match="base is not above 0"):
        overdispersion([1, 2], [10, 0], kind="rate")


# outside


def test_the_words_of_each_side_and_level() -> None:
    # limits of 0.5 at 100: 0.402 and 0.598 at 95%, 0.345 and 0.655 at 99.8%
    words = outside([0.34, 0.4, 0.41, 0.59, 0.6, 0.66], 100, 0.5).tolist()
    assert words == [
        "below 99.8%", "below 95%", "inside", "inside", "above 95%", "above 99.8%",
    ]  # fmt: skip
    # a mean of 100: 80 or fewer, 121 or more have less than 2.5%; 133 or more less than 0.1%
    words = outside([79, 80, 120, 121, 132, 133], 1_000, 100, kind="rate", per=1_000).tolist()
    assert words == [
        "below 95%", "below 95%", "inside", "above 95%", "above 95%", "above 99.8%",
    ]  # fmt: skip
