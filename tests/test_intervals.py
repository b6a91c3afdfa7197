"""Intervals and smallest groups, against published and independent values."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import binomtest, chi2

from kentstats.stats.intervals import (
    aligned,
    minimum_detectable_base,
    poisson,
    wilson,
    z_value,
)

REFERENCE = Path(__file__).parent / "reference"
with (REFERENCE / "wilson.csv").open(encoding="utf-8") as lines:
    PUBLISHED = list(csv.DictReader(lines))
with (REFERENCE / "poisson.csv").open(encoding="utf-8") as lines:
    # each count by the method that is used for it: Byar's from ten
    PUBLISHED_COUNTS = [
        row
        for row in csv.DictReader(lines)
        if (int(row["count"]) >= 10) == (row["method"] == "byar")
    ]

confidences = st.floats(0.5, 0.9999)
percentages = st.floats(0, 100)
events = st.one_of(st.integers(0, 100_000), st.floats(0, 1_000))


@st.composite
def counts(draw: st.DrawFn, most: int = 100_000) -> tuple[int, int]:
    base = draw(st.integers(1, most))
    return draw(st.integers(0, base)), base


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row['count']} of {row['base']}")
def test_wilson_gives_every_published_digit(row: dict[str, str]) -> None:
    limits = wilson(int(row["count"]), int(row["base"]), confidence=float(row["confidence"]))
    for limit, printed in zip(limits, (row["lower"], row["upper"]), strict=True):
        decimals = len(printed.partition(".")[2])
        assert f"{limit:.{decimals}f}" == printed


@given(counts(), confidences)
def test_wilson_agrees_with_scipy(count: tuple[int, int], confidence: float) -> None:
    theirs = binomtest(*count).proportion_ci(confidence, method="wilson")
    assert wilson(*count, confidence=confidence) == pytest.approx(
        (theirs.low, theirs.high), abs=1e-12
    )


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 1.5, 95, math.nan])
def test_a_confidence_that_is_no_fraction_is_refused(confidence: float) -> None:
    message = r"give a fraction between 0 and 1, as in 0\.95"
    with pytest.raises(ValueError, match=message):
        z_value(confidence)
    with pytest.raises(ValueError, match=message):
        wilson(1, 2, confidence=confidence)
    with pytest.raises(ValueError, match=message):
        minimum_detectable_base(78, 85, confidence=confidence)


@pytest.mark.parametrize("base", [0, -3, 0.5, [10, 0]])
def test_a_base_below_one_is_refused(base: Any) -> None:
    with pytest.raises(ValueError, match="base is below 1: a proportion needs at least one case"):
        wilson(0, base)


@pytest.mark.parametrize("count", [-1, 11, [3, 11], [-0.1, 4]])
def test_a_count_outside_its_base_is_refused(count: Any) -> None:
    with pytest.raises(ValueError, match="count is below 0 or above its base"):
        wilson(count, 10)


@given(st.integers(1, 10**6), confidences)
def test_none_and_all_touch_the_ends_exactly(base: int, confidence: float) -> None:
    none, everyone = (wilson(count, base, confidence=confidence) for count in (0, base))
    assert none[0] == 0
    assert everyone[1] == 1
    # the score test has a closed form there: z² / (n + z²)
    z = ndtri(0.5 + confidence / 2)
    assert none[1] == pytest.approx(z * z / (base + z * z), rel=1e-6)
    assert everyone[0] == pytest.approx(base / (base + z * z), rel=1e-6)


@given(counts(), confidences)
def test_limits_bracket_the_proportion_within_nought_and_one(
    count: tuple[int, int], confidence: float
) -> None:
    lower, upper = wilson(*count, confidence=confidence)
    assert 0 <= lower <= count[0] / count[1] <= upper <= 1
    assert lower < upper


def _leaves_out(share: float, size: float, benchmark: float, confidence: float) -> bool:
    lower, upper = wilson(share * size, size, confidence=confidence)
    return bool(benchmark < lower or benchmark > upper)


@given(
    percentages,
    percentages,
    st.sampled_from([0, 0.05, 0.5]),
    st.sampled_from([0, 0.05, 0.5]),
    st.sampled_from([0.9, 0.95, 0.998]),
)
def test_the_minimum_detectable_base_is_the_first_whose_interval_leaves_the_benchmark_out(
    value: float, benchmark: float, rounding: float, their_rounding: float, confidence: float
) -> None:
    size = float(
        minimum_detectable_base(
            value,
            benchmark,
            rounding=rounding,
            benchmark_rounding=their_rounding,
            confidence=confidence,
        )
    )
    distance = abs(value - benchmark)
    if distance <= rounding + their_rounding:
        assert math.isnan(size) or distance == pytest.approx(rounding + their_rounding)
        return
    assume(distance - rounding - their_rounding > 0.01)
    # the ends of the two roundings that lie nearest to each other
    toward = 1 if benchmark > value else -1
    ours = (value + toward * rounding) / 100
    theirs = (benchmark - toward * their_rounding) / 100
    assume(0.0001 < theirs < 0.9999)
    assert _leaves_out(ours, size * (1 + 1e-9), theirs, confidence)
    if size > 1:
        assert not _leaves_out(ours, max(1.0, (size - 1) * (1 - 1e-9)), theirs, confidence)


@pytest.mark.parametrize(("value", "benchmark"), [(-1, 50), (101, 50), (50, -0.1), (50, [3, 101])])
def test_what_is_no_percentage_is_refused(value: float, benchmark: Any) -> None:
    with pytest.raises(ValueError, match="value and benchmark are percentages: give 0 to 100"):
        minimum_detectable_base(value, benchmark)


@pytest.mark.parametrize("slack", [{"rounding": -0.1}, {"benchmark_rounding": [0, -1]}])
def test_a_negative_rounding_is_refused(slack: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rounding is a half-width: give 0 or more"):
        minimum_detectable_base(50, 60, **slack)


# counts and rates


@pytest.mark.parametrize("row", PUBLISHED_COUNTS, ids=lambda row: f"{row['method']} {row['count']}")
def test_counts_have_every_published_digit(row: dict[str, str]) -> None:
    limits = poisson(int(row["count"]), confidence=float(row["confidence"]))
    for limit, printed in zip(limits, (row["lower"], row["upper"]), strict=True):
        decimals = len(printed.partition(".")[2])
        assert f"{limit:.{decimals}f}" == printed


@given(st.floats(0.01, 9.99), confidences)
def test_exact_limits_are_half_a_chi_squared_quantile(count: float, confidence: float) -> None:
    tail = (1 - confidence) / 2
    theirs = chi2.ppf(tail, 2 * count) / 2, chi2.isf(tail, 2 * count + 2) / 2
    assert poisson(count, confidence=confidence) == pytest.approx(theirs, rel=1e-9)


@given(events, confidences)
def test_limits_bracket_the_count(count: float, confidence: float) -> None:
    lower, upper = poisson(count, confidence=confidence)
    assert 0 <= lower <= count < upper


# what is missing, whole or wrong


def test_what_is_missing_has_no_limits() -> None:
    for limit in wilson([5, math.nan, 0, math.nan], [10, 10, math.nan, math.nan]):
        assert np.isnan(limit).tolist() == [False, True, True, True]


@pytest.mark.parametrize("count", [-1, [3, -0.5]])
def test_a_negative_count_is_refused(count: Any) -> None:
    with pytest.raises(ValueError, match="count is below 0: give the number of events"):
        poisson(count)


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(
        ValueError, match=r"do not broadcast: count \(2,\), base \(3,\); give one shape"
    ):
        aligned(count=[1, 2], base=[10, 20, 30])


def test_intervals_and_verdicts_do_not_import_scipy_before_they_need_it() -> None:
    modules = ("intervals", "verdicts", "funnel", "trends", "ranks", "benchmarks")
    code = "; ".join(f"import kentstats.stats.{module}" for module in modules)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print('scipy' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
