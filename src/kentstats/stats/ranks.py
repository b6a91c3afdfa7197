"""Ranks, groups of equal size, and how far a rank is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from kentstats.stats.intervals import aligned, z_value
from kentstats.stats.trends import WIDTH
from kentstats.stats.verdict import signs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from kentstats.stats.intervals import Floats

    Counts = NDArray[np.intp]

MANY = 400
"""As many areas are tested each against each; of more, groups against each."""
_AT_ONCE = 200_000
"""Pairs that are tested at a time."""


def rank(values: ArrayLike, *, polarity: ArrayLike) -> Floats:
    """Rank areas, 1 the best; those that tie share the best rank.

    Parameters
    ----------
    values : array_like
        Values of the areas along the last axis; nan where missing.
    polarity : array_like of str
        ``high``, ``low`` or ``none``: one, or one a row of `values`. Without
        polarity 1 is the highest.

    Returns
    -------
    numpy.ndarray
        Whole numbers in the shape of `values`; nan where a value is missing.

    Raises
    ------
    ValueError
        A single number, more polarities than rows, or a polarity that is
        none of the three.

    References
    ----------
    Goldstein H, Spiegelhalter DJ. League tables and their limitations.
    Journal of the Royal Statistical Society A 1996;159:385-443: why a rank
    is not to stand without :func:`rank_interval`.

    Examples
    --------
    >>> rank([82, 90, 82, 75], polarity="high").tolist()
    [2.0, 1.0, 2.0, 4.0]
    """
    (given,) = aligned(values=values)
    badness = _badness(given, polarity)
    order = np.argsort(badness, axis=-1, kind="stable")
    row = np.take_along_axis(badness, order, axis=-1)
    new = np.ones(row.shape, np.bool_)
    new[..., 1:] = row[..., 1:] != row[..., :-1]
    places = np.maximum.accumulate(np.where(new, np.arange(1.0, row.shape[-1] + 1), 1.0), axis=-1)
    ranks = np.full(given.shape, np.nan)
    np.put_along_axis(ranks, order, np.where(np.isnan(row), np.nan, places), axis=-1)
    return ranks


def quantile_group(values: ArrayLike, groups: int, *, polarity: ArrayLike) -> Floats:
    """Put areas into groups of about equal size, 1 the best.

    Parameters
    ----------
    values : array_like
        Values of the areas along the last axis; nan where missing.
    groups : int
        How many groups, 2 or more: 4 for quarters, 5 for fifths.
    polarity : array_like of str
        As of :func:`rank`.

    Returns
    -------
    numpy.ndarray
        1 to `groups`, by the rank, so that areas that tie stay together; nan
        where a value is missing, and everywhere in a row that has fewer
        values than groups.

    Raises
    ------
    ValueError
        Fewer than two groups, or as :func:`rank`.

    References
    ----------
    Public Health England. Technical Guide: Assigning Deprivation Categories,
    2017, has the same use of groups of ranks.

    Examples
    --------
    >>> quantile_group([50, 80, 70, 60, 70], 4, polarity="high").tolist()
    [4.0, 1.0, 1.0, 3.0, 1.0]
    """
    if groups < 2 or groups != int(groups):
        raise ValueError(f"groups is {groups}: give a whole number, 2 or more")
    places = rank(values, polarity=polarity)
    areas = (~np.isnan(places)).sum(axis=-1, keepdims=True)
    group = np.floor((places - 1) * groups / np.maximum(areas, 1)) + 1
    return np.where(areas >= groups, group, np.nan)


def rank_interval(
    value: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    polarity: ArrayLike,
    confidence: float = 0.95,
) -> tuple[Floats, Floats]:
    """Confidence set of each area's rank.

    Each area is tested against every other, with standard errors of a 3.92th
    of the width of the limits and Bonferroni's correction for its n - 1
    tests. Its best rank is one more than the areas that are beyond chance
    better, its worst n less those that are beyond chance worse.

    Parameters
    ----------
    value, lower, upper : array_like
        Values and their 95% limits, areas along the last axis; nan where
        missing. For proportions and rates those of
        :mod:`kentstats.stats.intervals` will do.
    polarity : array_like of str
        As of :func:`rank`.
    confidence : float, default 0.95
        Confidence of each area's set (not of all of them together), a
        fraction between 0 and 1.

    Returns
    -------
    best, worst : numpy.ndarray
        Ranks that enclose that of :func:`rank`; nan where a value or limit
        is missing. An area with a value and no limits holds a place, but
        cannot be told from any other.

    Raises
    ------
    ValueError
        A lower limit above the upper, a `confidence` that is not between 0
        and 1, or as :func:`rank`.

    Notes
    -----
    The two areas of a pair are taken as independent. Of more than
    :data:`MANY` areas most pairs are told apart in whole groups, with the
    same result: memory then grows with the number of areas, and time with
    its one and a half-th power.

    References
    ----------
    Mogstad M, Romano JP, Shaikh AM, Wilhelm D. Inference for ranks with
    applications to mobility across neighbourhoods and academic achievement
    across countries. Review of Economic Studies 2024;91:476-518.

    Examples
    --------
    >>> best, worst = rank_interval([80, 78, 60], [77, 75, 57], [83, 81, 63], polarity="high")
    >>> best.tolist(), worst.tolist()
    ([1.0, 1.0, 3.0], [2.0, 2.0, 3.0])
    """
    from scipy import special  # type: ignore[import-untyped, unused-ignore]

    given, low, high = aligned(value=value, lower=lower, upper=upper)
    z_value(confidence)
    if np.any(low > high):
        raise ValueError("lower is above upper: give the lower limit first")
    badness = _badness(given, polarity)
    error = (high - low) / WIDTH
    tested = ~np.isnan(badness + error)
    pairs = np.maximum(tested.sum(axis=-1) - 1, 1)
    z = -special.ndtri((1 - confidence) / (2 * pairs))[..., None]
    better, worse = np.zeros(badness.shape, np.intp), np.zeros(badness.shape, np.intp)
    for row in np.ndindex(badness.shape[:-1]):
        known = tested[row]
        tell_apart = _beyond if known.sum() <= MANY else _beyond_of_many
        better[row][known], worse[row][known] = tell_apart(
            badness[row][known], error[row][known], float(z[row][0])
        )
    places = (~np.isnan(badness)).sum(axis=-1, keepdims=True)
    return np.where(tested, 1.0 + better, np.nan), np.where(tested, places - worse, np.nan)


def _beyond(badness: Floats, error: Floats, z: float) -> tuple[Counts, Counts]:
    """Count for each area those beyond chance better than it, and those beyond chance worse."""
    gap = badness[:, None] - badness
    chance = z * np.hypot(error[:, None], error)
    return (gap > chance).sum(axis=-1), (-gap > chance).sum(axis=-1)


def _beyond_of_many(badness: Floats, error: Floats, z: float) -> tuple[Counts, Counts]:
    """Count the same as :func:`_beyond` without a look at every pair.

    Areas with about the same error make a group. Of a group in order most
    are surely beyond an area, or surely not, whatever their error in that
    group; only those between are tested one by one.
    """
    count = len(badness)
    better, worse = np.zeros(count, np.intp), np.zeros(count, np.intp)
    for group in np.array_split(np.argsort(error, kind="stable"), math.isqrt(count)):
        members = group[np.argsort(badness[group], kind="stable")]
        ordered = badness[members]
        least, most = (z * np.hypot(error, error[group[end]]) for end in (0, -1))
        # wider than any rounding, which is left to the test itself
        slack = 1e-9 * (np.abs(badness) + most)
        sure = np.searchsorted(ordered, badness - most - slack, side="left")
        doubtful = np.searchsorted(ordered, badness - least + slack, side="right") - sure
        better += sure
        # the first of a group are worse than all areas that are surely beyond a later one
        beyond = np.bincount(sure, minlength=len(members) + 1)[::-1].cumsum()[::-1]
        worse[members] += beyond[1:]
        for start, end in _in_parts(doubtful):
            some = doubtful[start:end]
            one = np.repeat(np.arange(start, end), some)
            nth = np.arange(len(one)) - np.repeat(np.cumsum(some) - some, some)
            other = members[np.repeat(sure[start:end], some) + nth]
            gap = badness[one] - badness[other]
            told = gap > z * np.hypot(error[one], error[other])
            better += np.bincount(one[told], minlength=count)
            worse += np.bincount(other[told], minlength=count)
    return better, worse


def _in_parts(numbers: Counts) -> Iterator[tuple[int, int]]:
    """Cut a row of numbers into parts whose sums are bounded, or that are of one number."""
    total = np.cumsum(numbers)
    start = 0
    while start < len(numbers):
        before = total[start - 1] if start else 0
        end = int(np.searchsorted(total, before + _AT_ONCE, side="right"))
        end = max(end, start + 1)
        yield start, end
        start = end


def _badness(values: Floats, polarity: ArrayLike) -> Floats:
    """Turn values so that the best is the least."""
    if values.ndim == 0:
        raise ValueError("values is a single number: give the values of several areas")
    turned = np.where(signs(polarity) < 0, 1.0, -1.0)[..., None]
    given, sign = aligned(values=values, polarity=turned)
    if given.shape != values.shape:
        raise ValueError("polarity has more entries than values has rows: give one, or one a row")
    return np.asarray(given * sign)
