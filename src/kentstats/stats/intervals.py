"""Confidence intervals, vectorised: numbers in, numbers out."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.indicators import load_indicators
from kentstats.schemas import SCALE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

BYAR_FROM = 10
"""The count from which Byar's approximation is as good as the exact limits."""
SECOND_LEVEL = 0.998
"""The second level of confidence at which every verdict is tried."""


def refuse(faulty: ArrayLike, message: str) -> None:
    """Raise a ValueError where any number is faulty."""
    if np.any(faulty):
        raise ValueError(message)


def aligned(**arrays: ArrayLike) -> tuple[Floats, ...]:
    """Bring numbers to floats of one shape, not to be written to; errors use their names."""
    given = {name: np.asarray(values, np.float64) for name, values in arrays.items()}
    for name, array in given.items():
        refuse(np.isinf(array), f"{name} is infinite: give finite numbers, and nan where missing")
    try:
        return np.broadcast_arrays(*given.values())
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in given.items())
        raise ValueError(
            f"shapes do not broadcast: {shapes}; give one shape, or shapes that do"
        ) from None


def z_value(confidence: float) -> float:
    """Return the two-sided standard normal quantile of a confidence from 0 to 1."""
    message = f"confidence is {confidence}: give a fraction between 0 and 1, as in 0.95"
    refuse(not 0 < confidence < 1, message)
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def check_share(count: Floats, base: Floats) -> None:
    """Refuse a count that is no part of its base; see :func:`wilson`."""
    refuse(base < 1, "base is below 1: a proportion needs at least one case")
    message = "count is below 0 or above its base: give 0 <= count <= base"
    refuse((count < 0) | (count > base), message)


def check_events(count: Floats, base: ArrayLike = 1.0) -> None:
    """Refuse numbers that give no rate of events; see :func:`poisson`."""
    refuse(count < 0, "count is below 0: give the number of events, 0 or more")
    refuse(np.less_equal(base, 0), "base is not above 0: a rate needs people or time at risk")


def wilson(count: ArrayLike, base: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Score interval of a proportion.

    Parameters
    ----------
    count, base : array_like
        How many, of how many; same shape, or shapes that broadcast.
        ``0 <= count <= base`` and ``base >= 1``; they need not be whole
        (full-time equivalents), and are nan where missing.
    confidence : float, default 0.95
        Confidence, a fraction between 0 and 1.

    Returns
    -------
    lower, upper : numpy.ndarray
        Limits as fractions, 0 to 1, that enclose ``count / base``; nan where
        either is missing.

    Raises
    ------
    ValueError
        A count above its base, a negative count, a base below 1, or a
        `confidence` that is not between 0 and 1.

    References
    ----------
    Wilson EB. Probable inference, the law of succession, and statistical
    inference. Journal of the American Statistical Association 1927;22:209-212.

    Newcombe RG, Altman DG. Proportions and their differences, in: Altman DG
    et al (eds), Statistics with Confidence, 2nd ed., BMJ Books 2000, pages 46-48.

    Examples
    --------
    >>> lower, upper = wilson(65, 100)
    >>> round(float(lower), 6), round(float(upper), 6)
    (0.552544, 0.736358)
    """
    k, n = aligned(count=count, base=base)
    check_share(k, n)
    z = z_value(confidence)
    middle = (2 * k + z * z) / (2 * (n + z * z))
    half = z * np.sqrt(z * z + 4 * k * (1 - k / n)) / (2 * (n + z * z))
    # at 0 and n the limit is exactly 0 or 1; arithmetic would leave it a hair off
    share = k / n
    lower, upper = np.clip(middle - half, 0.0, share), np.clip(middle + half, share, 1.0)
    return np.asarray(lower), np.asarray(upper)


def poisson(count: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Interval of a Poisson count: Byar's approximation from ten events, exact below.

    Parameters
    ----------
    count : array_like
        Numbers of events, 0 or more; nan where missing.
    confidence : float, default 0.95
        Confidence, a fraction between 0 and 1.

    Returns
    -------
    lower, upper : numpy.ndarray
        Limits of the count, the lower 0 for no events; nan where it is
        missing.

    Raises
    ------
    ValueError
        A negative count, or a `confidence` that is not between 0 and 1.

    References
    ----------
    Public Health England. Technical Guide: Confidence Intervals, 2018,
    appendices 1 and 2, pages 6-7: from which count each is used.

    Breslow NE, Day NE. Statistical Methods in Cancer Research, volume II,
    IARC 1987, page 69: Byar's approximation.

    Garwood F. Fiducial limits for the Poisson distribution. Biometrika
    1936;28:437-442: the exact interval, by its link to chi-squared.

    Examples
    --------
    >>> lower, upper = poisson([1, 5, 65, 1045])
    >>> lower.round(6).tolist()
    [0.025318, 1.623486, 50.163188, 982.593202]
    >>> upper.round(6).tolist()
    [5.571643, 11.668332, 82.849139, 1110.331213]
    """
    # scipy is imported where it is needed: a cold start that draws no rate does without it
    from scipy import special  # type: ignore[import-untyped, unused-ignore]

    (k,) = aligned(count=count)
    check_events(k)
    z = z_value(confidence)
    many, above = np.maximum(k, BYAR_FROM), k + 1
    lower = np.asarray(many * (1 - 1 / (9 * many) - z / (3 * np.sqrt(many))) ** 3)
    upper = np.asarray(above * (1 - 1 / (9 * above) + z / (3 * np.sqrt(above))) ** 3)
    # the exact limits take some forty times as long, and most counts need none
    few = k < BYAR_FROM
    counts, tail = k[few], (1 - confidence) / 2
    # half a chi-squared quantile at 2k degrees of freedom is a gamma quantile at k, and
    # that of next to no events is next to 0, where scipy has no figure for it
    some = counts >= 1e-4
    lower[few] = np.where(some, special.gammaincinv(np.where(some, counts, 1.0), tail), 0.0)
    upper[few] = special.gammainccinv(counts + 1, tail)
    return lower, upper


def minimum_detectable_base(
    value: ArrayLike,
    benchmark: ArrayLike,
    *,
    rounding: ArrayLike = 0.0,
    benchmark_rounding: ArrayLike = 0.0,
    confidence: float = 0.95,
) -> Floats:
    """Size of the smallest group for which a difference is beyond chance.

    For a percentage published without its base no interval may be drawn.
    What can be said is how large the group would have to be for the score
    interval around the value to leave the benchmark out, taking the
    benchmark as fixed and both roundings at their worst.

    Parameters
    ----------
    value, benchmark : array_like
        Percentages, 0 to 100; same shape, or shapes that broadcast.
    rounding, benchmark_rounding : array_like, default 0
        Half-widths of their rounding, in percentage points; nan where it is
        not known.
    confidence : float, default 0.95
        Confidence, a fraction between 0 and 1.

    Returns
    -------
    numpy.ndarray
        Whole numbers; nan where rounding alone may account for the
        difference, or where a rounding is not known.

    Raises
    ------
    ValueError
        A percentage outside 0 to 100, a negative rounding, or a
        `confidence` that is not between 0 and 1.

    References
    ----------
    The interval of :func:`wilson` leaves the benchmark p0 out when
    ``(p - p0)^2 > z^2 p0 (1 - p0) / n``, the score test; solved for n.

    Examples
    --------
    78 per cent against 85.4, and against 82.4:

    >>> minimum_detectable_base(78, [85.4, 82.4], rounding=0.5, benchmark_rounding=0.05)
    array([103., 377.])
    >>> minimum_detectable_base(78, 85.4, rounding=0.5, benchmark_rounding=0.05, confidence=0.998)
    array(255.)
    """
    ours, theirs = np.asarray(value, np.float64), np.asarray(benchmark, np.float64)
    slack, their_slack = (np.asarray(each, np.float64) for each in (rounding, benchmark_rounding))
    for percentages in (ours, theirs):
        outside = (percentages < 0) | (percentages > 100)
        refuse(outside, "value and benchmark are percentages: give 0 to 100")
    for half in (slack, their_slack):
        refuse(half < 0, "rounding is a half-width: give 0 or more")
    z = z_value(confidence)
    side = np.where(theirs > ours, 1.0, -1.0)
    worst = (ours + side * slack) / 100
    # p0 (1 - p0) / (p0 - p)^2 falls with the distance of p0 from p, so the
    # near end of the benchmark's rounding asks for the largest group
    fixed = np.clip((theirs - side * their_slack) / 100, 0.0, 1.0)
    gap = side * (fixed - worst)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.floor(z * z * fixed * (1 - fixed) / gap**2) + 1
    return np.where(gap > 0, size, np.nan)


def estimates(facts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Add to every fact its best estimate, what rounding leaves open, and limits.

    A percentage of 89 with 1111 of 1176 behind it is 94.47, and its limits are
    Wilson's or, for rates, Byar's. The estimate is the figure as published,
    without limits, where there are no two numbers, where they are no part and
    whole, and where they do not give it: the publisher then leaves an area out
    of one of them (an authority that gave no number of agency workers still
    counts in its region's posts). A fact whose status is not ``published`` has
    neither estimate nor limits. The rounding error is nan where the rounding
    is not known.

    The facts returned have ``estimate``, ``rounding_error``, ``lower`` and ``upper``
    at the confidence, and ``lower_998`` and ``upper_998``.
    """
    indicators = load_indicators()
    models = facts["indicator"].map({name: one.model for name, one in indicators.items()})
    proportion, rate = (models.eq(model).to_numpy(dtype=bool) for model in ("proportion", "rate"))
    scale = facts["unit"].map(SCALE).fillna(1.0).to_numpy(dtype=np.float64)
    count, base, half, value, rounding = (
        facts[name].to_numpy(dtype=np.float64)
        for name in ("numerator", "denominator", "count_rounding", "value", "rounding")
    )
    published = facts["status"].eq("published").to_numpy(dtype=bool)
    proportion = proportion & published & (count >= 0) & (count <= base) & (base >= 1)
    rate = rate & published & (count >= 0) & (base > 0)
    both = proportion | rate
    ratio = np.divide(count, base, out=np.full(len(facts), np.nan), where=both)
    exact, error = scale * ratio, scale * ratio_rounding_error(half, ratio, base)
    # what is not known is taken to fit; figures that were worked out are kept with ten digits
    both &= ~(np.abs(value - exact) > rounding + error + 1e-8 * np.maximum(1.0, np.abs(value)))
    columns: dict[str, Any] = {
        "estimate": np.where(both, exact, np.where(published, value, np.nan)),
        "rounding_error": np.where(both, error, rounding),
    }
    for suffix, level in (("", confidence), ("_998", max(confidence, SECOND_LEVEL))):
        low, high = np.full(len(facts), np.nan), np.full(len(facts), np.nan)
        chosen = both & proportion
        low[chosen], high[chosen] = wilson(count[chosen], base[chosen], confidence=level)
        chosen = both & rate
        limits = poisson(count[chosen], confidence=level)
        low[chosen], high[chosen] = (limit / base[chosen] for limit in limits)
        columns[f"lower{suffix}"], columns[f"upper{suffix}"] = low * scale, high * scale
    return facts.assign(**columns)


def ratio_rounding_error(half: Floats, ratio: Floats, base: Floats) -> Floats:
    """Return how far a ratio may be off whose two numbers may each be off by `half`."""
    least = np.where(base > half, base - half, np.nan)
    return np.where(half == 0, 0.0, half * (1 + ratio) / least)
