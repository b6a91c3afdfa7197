"""Verdicts: what an interval licenses to say of a benchmark, and tests of many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kentstats.stats.intervals import aligned, check_events, check_share, refuse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from kentstats.stats.intervals import Floats

    Codes = NDArray[np.int8]

SIMILAR, NOT_COMPARED = "similar", "not compared"
VERDICTS = (NOT_COMPARED, SIMILAR, "better", "worse", "higher", "lower")
"""The verdicts, each at the place of its code."""
# by sign (low is good, neither, high is good) and side (below, within, above)
_CODES = np.array([[2, 1, 3], [5, 1, 4], [3, 1, 2]], np.int8)


def polarity_sign(polarity: ArrayLike) -> Floats:
    """Return 1 where high is good, -1 where low is good, 0 where neither is."""
    words = np.asarray(polarity, np.str_)
    high, low = words == "high", words == "low"
    unknown = words[~(high | low | (words == "none"))]
    if unknown.size:
        raise ValueError(f"polarity is {str(unknown[0])!r}: give 'high', 'low' or 'none'")
    return np.where(high, 1.0, np.where(low, -1.0, 0.0))


def verdict_codes(
    lower: Floats, upper: Floats, benchmark_low: Floats, benchmark_high: Floats, sign: Floats
) -> Codes:
    """Say where an interval lies about a benchmark.

    Parameters
    ----------
    lower, upper : numpy.ndarray
        Limits of the figure; nan where missing.
    benchmark_low, benchmark_high : numpy.ndarray
        The ends of the benchmark's rounding, in the same unit: the interval
        must leave all of it out. The shapes broadcast.
    sign : numpy.ndarray
        As of :func:`polarity_sign`.

    Returns
    -------
    numpy.ndarray of int8
        Positions in :data:`VERDICTS`: ``better`` or ``worse``, without
        polarity ``higher`` or ``lower``, where the benchmark lies outside
        the limits; ``similar`` where it lies on or within them; ``not
        compared`` where a number is missing.

    References
    ----------
    Public Health England. Technical Guide: RAG Rating Indicator Values, 2017.

    Examples
    --------
    >>> lower, upper, benchmark = np.array([0.81, 0.72, 0.70]), np.array([0.90, 0.88, 0.78]), 0.80
    >>> codes = verdict_codes(lower, upper, benchmark, benchmark, polarity_sign("high"))
    >>> [VERDICTS[code] for code in codes]
    ['better', 'similar', 'worse']
    """
    side = (lower > benchmark_high).astype(np.int8) - (upper < benchmark_low)
    code = _CODES[np.asarray(sign).astype(np.intp) + 1, side + 1]
    missing = np.isnan(lower + upper + benchmark_low + benchmark_high)
    return np.where(missing, np.int8(0), code)


def holm(p_values: ArrayLike) -> Floats:
    """Adjust p values for being one of many, after Holm.

    Parameters
    ----------
    p_values : array_like
        The p values of one family, of any shape; nan where not tested.

    Returns
    -------
    numpy.ndarray
        Adjusted p values in the same places; nan stays and does not count.

    Raises
    ------
    ValueError
        A p value outside 0 to 1.

    References
    ----------
    Holm S. A simple sequentially rejective multiple test procedure.
    Scandinavian Journal of Statistics 1979;6:65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, 0.005]).round(6).tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    (p,) = aligned(p_values=p_values)
    refuse((p < 0) | (p > 1), "a p value is outside 0 to 1: give probabilities")
    adjusted = np.full(p.shape, np.nan)
    tested = p[~np.isnan(p)]
    order = np.argsort(tested, kind="stable")
    steps = tested[order] * (tested.size - np.arange(tested.size))
    tested[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    adjusted[~np.isnan(p)] = tested
    return adjusted


def score_p(count: ArrayLike, base: ArrayLike, benchmark: ArrayLike) -> Floats:
    """Two-sided p value of the score test of a proportion.

    It is below ``1 - confidence`` just where the interval of
    :func:`~kentstats.stats.intervals.wilson` leaves the benchmark out.

    Parameters
    ----------
    count, base : array_like
        How many, of how many; nan where missing.
    benchmark : array_like
        Proportions taken as fixed, 0 to 1.

    Returns
    -------
    numpy.ndarray
        Probabilities; nan where a number is missing.

    Raises
    ------
    ValueError
        A count that is no part of its base, or a benchmark outside 0 to 1.

    References
    ----------
    Wilson EB. Probable inference, the law of succession, and statistical
    inference. Journal of the American Statistical Association 1927;22:209-212.

    Examples
    --------
    The upper limit of 65 of 100 at 99.8% is 0.778354:

    >>> round(float(score_p(65, 100, 0.778354)), 4)
    0.002
    """
    from scipy import special  # type: ignore[import-untyped, unused-ignore]

    k, n, p0 = aligned(count=count, base=base, benchmark=benchmark)
    check_share(k, n)
    outside = (p0 < 0) | (p0 > 1)
    refuse(outside, "benchmark is outside 0 to 1: give a proportion, not a percentage")
    gap, spread = np.abs(k - n * p0), np.sqrt(n * p0 * (1 - p0))
    # against a benchmark of 0 or 1 any gap at all is impossible by chance
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gap == 0, 1.0, 2 * special.ndtr(-gap / spread))


def poisson_p(count: ArrayLike, expected: ArrayLike) -> Floats:
    """Two-sided exact p value of a Poisson count, twice the smaller tail.

    It is below ``1 - confidence`` just where the exact limits leave `expected`
    out: those of :func:`~kentstats.stats.intervals.poisson` below ten events.

    Parameters
    ----------
    count, expected : array_like
        Events, and how many the benchmark would give; nan where missing.

    Returns
    -------
    numpy.ndarray
        Probabilities, at most 1; nan where a number is missing.

    Raises
    ------
    ValueError
        A negative count or expectation.

    References
    ----------
    Breslow NE, Day NE. Statistical Methods in Cancer Research, volume II,
    IARC 1987, pages 68-69.

    Examples
    --------
    The upper limit of 5 at 95% is 11.668332:

    >>> round(float(poisson_p(5, 11.668332)), 6)
    0.05
    """
    from scipy import special  # type: ignore[import-untyped, unused-ignore]

    k, mean = aligned(count=count, expected=expected)
    check_events(k)
    refuse(mean < 0, "expected is below 0: give how many events the benchmark would give")
    at_most = special.gammaincc(k + 1, mean)
    at_least = np.where(k == 0, 1.0, special.gammainc(np.where(k == 0, 1.0, k), mean))
    return np.asarray(np.minimum(2 * np.minimum(at_most, at_least), 1.0))
