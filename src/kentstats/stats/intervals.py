"""Confidence intervals, vectorised: numbers in, numbers out."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def z_value(confidence: float) -> float:
    """Return the two-sided standard normal quantile.

    Parameters
    ----------
    confidence : float
        Confidence, a fraction between 0 and 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        `confidence` is not between 0 and 1.

    Examples
    --------
    >>> round(z_value(0.95), 6), round(z_value(0.998), 6)
    (1.959964, 3.090232)
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}: give a fraction between 0 and 1, as in 0.95")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(
    count: ArrayLike, base: ArrayLike, *, confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Score interval of a proportion.

    Parameters
    ----------
    count, base : array_like
        How many, of how many; same shape, or shapes that broadcast.
        ``0 <= count <= base`` and ``base >= 1``.
    confidence : float, default 0.95
        Confidence, a fraction between 0 and 1.

    Returns
    -------
    lower, upper : numpy.ndarray
        Limits as fractions, 0 to 1, that enclose ``count / base``.

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
    k = np.asarray(count, dtype=np.float64)
    n = np.asarray(base, dtype=np.float64)
    if np.any(n < 1):
        raise ValueError("base is below 1: a proportion needs at least one case")
    if np.any((k < 0) | (k > n)):
        raise ValueError("count is below 0 or above its base: give 0 <= count <= base")
    z = z_value(confidence)
    middle = (2 * k + z * z) / (2 * (n + z * z))
    half = z * np.sqrt(z * z + 4 * k * (1 - k / n)) / (2 * (n + z * z))
    # at 0 and n the limit is exactly 0 or 1; arithmetic would leave it a hair off
    return np.where(k == 0, 0.0, middle - half), np.where(k == n, 1.0, middle + half)


def smallest_group(
    value: ArrayLike,
    benchmark: ArrayLike,
    *,
    rounding: ArrayLike = 0.0,
    benchmark_rounding: ArrayLike = 0.0,
    confidence: float = 0.95,
) -> NDArray[np.float64]:
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

    >>> smallest_group(78, [85.4, 82.4], rounding=0.5, benchmark_rounding=0.05)
    array([103., 377.])
    >>> smallest_group(78, 85.4, rounding=0.5, benchmark_rounding=0.05, confidence=0.998)
    array(255.)
    """
    ours, theirs = np.asarray(value, np.float64), np.asarray(benchmark, np.float64)
    slack, their_slack = (np.asarray(each, np.float64) for each in (rounding, benchmark_rounding))
    for percentages in (ours, theirs):
        if np.any((percentages < 0) | (percentages > 100)):
            raise ValueError("value and benchmark are percentages: give 0 to 100")
    if np.any(slack < 0) or np.any(their_slack < 0):
        raise ValueError("rounding is a half-width: give 0 or more")
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
