"""Statistical neighbours: three ways to sum them up, and where the choice matters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from kentstats.stats.intervals import aligned
from kentstats.stats.spine import quantile
from kentstats.stats.verdict import NOT_COMPARED, verdict

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from kentstats.stats.intervals import Floats

    Integers = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Summaries:
    """Neighbours summed up, one entry a row of members.

    Attributes
    ----------
    mean, median : numpy.ndarray
        Of the neighbours' values, each neighbour counting the same; nan
        where none has a value.
    pooled : numpy.ndarray
        Sum of their counts over sum of their bases, each child counting the
        same; nan where no neighbour has both.
    used : numpy.ndarray of int
        Neighbours that have a value.
    pooled_used : numpy.ndarray of int
        Neighbours that have both count and base.
    """

    mean: Floats
    median: Floats
    pooled: Floats
    used: Integers
    pooled_used: Integers


def summaries(
    count: ArrayLike, base: ArrayLike, value: ArrayLike, members: ArrayLike, *, per: float = 1.0
) -> Summaries:
    """Sum up the neighbours of each area.

    Parameters
    ----------
    count, base, value : array_like
        Vectors by area; nan where missing.
    members : array_like of int
        Rows of positions in those vectors, -1 for none: usually areas by ten.
    per : float, default 1
        What `pooled` is to be per: 100 for per cent, 10 000 for a rate per
        10 000, so that it has the unit of `value`.

    Returns
    -------
    Summaries
        One entry a row of `members`.

    Raises
    ------
    ValueError
        A negative count or base, arrays that are no vectors, or members that
        are no rows of positions, name a place that is not there, or name a
        neighbour twice.

    References
    ----------
    Department for Education. Children's Services Statistical Neighbour
    Benchmarking Tool, and Local Authority Interactive Tool: which of the
    summaries is used differs between them.

    Examples
    --------
    Three neighbours with 5 of 10, 60 of 100, and no figure:

    >>> nan = float("nan")
    >>> found = summaries([5, 60, nan], [10, 100, nan], [50, 60, nan], [[0, 1, 2, -1]], per=100)
    >>> float(found.mean[0]), float(found.pooled[0].round(2)), int(found.used[0])
    (55.0, 59.09, 2)
    """
    k, n, v = aligned(count=count, base=base, value=value)
    if v.ndim != 1:
        raise ValueError("count, base and value are no vectors: give one number an area")
    if np.any(k < 0) or np.any(n < 0):
        raise ValueError("count or base is below 0: give numbers of cases, 0 or more")
    if not 0 < per < np.inf:
        raise ValueError(f"per is {per}: give the number pooled is per, as in 100")
    places = _checked(members, v.size)
    # the place -1 is the nan at the end
    return gathered(*(np.append(each, np.nan)[places] for each in (k, n, v)), per=per)


def gathered(counts: Floats, bases: Floats, values: Floats, *, per: Floats | float) -> Summaries:
    """Sum up neighbours that have been looked up already; nothing is checked.

    Parameters
    ----------
    counts, bases, values : numpy.ndarray
        Neighbours along the last axis; nan where missing.
    per : float or numpy.ndarray
        As of :func:`summaries`; one, or one a row.

    Returns
    -------
    Summaries

    Examples
    --------
    >>> figures = np.array([[5.0, 60.0]]), np.array([[10.0, 100.0]]), np.array([[50.0, 60.0]])
    >>> gathered(*figures, per=100).pooled.round(2).tolist()
    [59.09]
    """
    used, both = ~np.isnan(values), ~np.isnan(counts + bases)
    mean = _ratio(np.where(used, values, 0.0).sum(axis=-1), used.sum(axis=-1))
    pooled = _ratio(
        np.where(both, counts, 0.0).sum(axis=-1), np.where(both, bases, 0.0).sum(axis=-1)
    )
    return Summaries(
        mean, quantile(values, 0.5), per * pooled, used.sum(axis=-1), both.sum(axis=-1)
    )


def sensitive(
    lower: ArrayLike, upper: ArrayLike, *benchmarks: ArrayLike, polarity: ArrayLike
) -> NDArray[np.bool_]:
    """Tell where the verdict depends on which benchmark is used.

    Parameters
    ----------
    lower, upper : array_like
        Limits of the areas, in the unit of the benchmarks.
    *benchmarks : array_like
        Two or more, such as mean, median and pooled; same shape, or shapes
        that broadcast; nan where missing.
    polarity : array_like of str
        ``high``, ``low`` or ``none``.

    Returns
    -------
    numpy.ndarray of bool
        True where two benchmarks give different verdicts. A benchmark that
        is missing gives none, and so differs from no other.

    Raises
    ------
    ValueError
        Fewer than two benchmarks, or as
        :func:`~kentstats.stats.verdict.verdict`.

    Examples
    --------
    >>> sensitive([70, 80], [78, 88], [79, 84], [77, 83], polarity="high").tolist()
    [True, False]
    """
    if len(benchmarks) < 2:
        raise ValueError("there are fewer than two benchmarks: give those to choose between")
    named = {f"benchmark {place}": each for place, each in enumerate(benchmarks, 1)}
    low, high, *fixed = aligned(lower=lower, upper=upper, **named)
    words = [verdict(low, high, each, polarity=polarity) for each in fixed]
    differs = [
        (one != other) & (one != NOT_COMPARED) & (other != NOT_COMPARED)
        for one, other in combinations(words, 2)
    ]
    return np.asarray(np.any(differs, axis=0))


def _checked(members: ArrayLike, areas: int) -> Integers:
    places = np.asarray(members)
    if places.ndim != 2 or not np.issubdtype(places.dtype, np.integer):
        raise ValueError("members is no table of whole numbers: give a row of positions an area")
    if np.any((places < -1) | (places >= areas)):
        raise ValueError(f"members names a place that is not there: give 0 to {areas - 1}, or -1")
    row = np.sort(places, axis=-1)
    if np.any((row[:, 1:] == row[:, :-1]) & (row[:, 1:] >= 0)):
        raise ValueError("members names a neighbour twice in a row: give each once")
    return places.astype(np.intp)


def _ratio(above: Floats, below: Floats | Integers) -> Floats:
    """Divide, nan where there is nothing to divide by."""
    there = below > 0
    return np.where(there, above / np.where(there, below, 1), np.nan)
