"""Spine charts: where each indicator stands between worst and best, about its benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kentstats.stats.intervals import aligned
from kentstats.stats.verdict import signs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from kentstats.stats.intervals import Floats


def positions(
    value: ArrayLike,
    benchmark: ArrayLike,
    *,
    polarity: ArrayLike,
    best: ArrayLike,
    worst: ArrayLike,
) -> Floats:
    """Place values on a spine, the benchmark in the middle, better to the right.

    Parameters
    ----------
    value, benchmark : array_like
        In one unit; same shape, or shapes that broadcast; nan where missing.
    polarity : array_like of str
        ``high``, ``low`` or ``none``; without polarity high is to the right.
    best, worst : array_like
        The two ends of what the areas have, in that unit. Every value placed
        lies between them; which is which does not matter.

    Returns
    -------
    numpy.ndarray
        -1 to 1, without unit: the difference from the benchmark over the
        greater of the differences of `best` and `worst`; 0 where neither
        differs, nan where a number is missing.

    Raises
    ------
    ValueError
        A value that does not lie from `worst` to `best`, or a polarity that
        is none of the three.

    References
    ----------
    Public Health England. Technical Guide: Spine Charts, 2017.

    Examples
    --------
    >>> positions([70, 80, 95], 80, polarity="high", best=95, worst=60).tolist()
    [-0.5, 0.0, 0.75]
    """
    ours, centre, sign, one, other = aligned(
        value=value, benchmark=benchmark, polarity=signs(polarity), best=best, worst=worst
    )
    if np.any((ours < np.minimum(one, other)) | (ours > np.maximum(one, other))):
        raise ValueError(
            "value lies outside worst to best: give the ends of all the values that are drawn"
        )
    reach = np.maximum(np.abs(one - centre), np.abs(other - centre))
    # adding 0 turns -0 into 0
    return np.asarray(
        np.where(sign < 0, -1.0, 1.0) * (ours - centre) / np.where(reach == 0, 1.0, reach) + 0.0
    )


def quartiles(values: ArrayLike) -> tuple[Floats, Floats]:
    """25th and 75th percentile: the inner bar of a spine.

    Parameters
    ----------
    values : array_like
        Values of the areas along the last axis; nan where missing.

    Returns
    -------
    lower, upper : numpy.ndarray
        In the unit of the values, without the last axis; nan where there is
        no value.

    Raises
    ------
    ValueError
        A single number.

    References
    ----------
    Hyndman RJ, Fan Y. Sample quantiles in statistical packages. The American
    Statistician 1996;50:361-365, definition 7.

    Examples
    --------
    >>> [float(each) for each in quartiles([1, 2, 3, 4, float("nan")])]
    [1.75, 3.25]
    """
    return quantile(values, 0.25), quantile(values, 0.75)


def quantile(values: ArrayLike, q: float) -> Floats:
    """Quantile of the values that are there, by linear interpolation.

    Parameters
    ----------
    values : array_like
        Values along the last axis; nan where missing.
    q : float
        Which, 0 to 1.

    Returns
    -------
    numpy.ndarray
        Without the last axis; nan where there is no value.

    Raises
    ------
    ValueError
        A single number, or a `q` outside 0 to 1.

    References
    ----------
    Hyndman RJ, Fan Y. Sample quantiles in statistical packages. The American
    Statistician 1996;50:361-365, definition 7.

    Examples
    --------
    >>> quantile([[3, 1, 2], [5, float("nan"), 6]], 0.5).tolist()
    [2.0, 5.5]
    """
    (given,) = aligned(values=values)
    if given.ndim == 0:
        raise ValueError("values is a single number: give the values of several areas")
    if not 0 <= q <= 1:
        raise ValueError(f"q is {q}: give a fraction from 0 to 1")
    # one nan more, so that a row without values has something to take; nan sorts last
    row = np.sort(np.append(given, np.full((*given.shape[:-1], 1), np.nan), axis=-1), axis=-1)
    last = np.maximum((~np.isnan(row)).sum(axis=-1, keepdims=True) - 1, 0)
    place = q * last
    below = np.floor(place).astype(np.intp)
    left = np.take_along_axis(row, below, axis=-1)
    right = np.take_along_axis(row, np.minimum(below + 1, last), axis=-1)
    return np.asarray((left + (right - left) * (place - below))[..., 0])
