"""Ranks and their intervals, and where areas stand between the lowest and the highest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kentstats.indicators import load_indicators
from kentstats.stats.intervals import aligned, refuse, z_value
from kentstats.stats.trends import WIDTH
from kentstats.stats.verdicts import polarity_sign

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from kentstats.stats.intervals import Floats

MIN_AUTHORITIES = 4
"""With fewer figures than this an indicator has no distribution."""

RANKS = {
    "indicator": "key into the indicator catalogue",
    "group": "subgroup",
    "period": "period",
    "area_code": "the authority",
    "rank": "1 is the best by polarity, the highest where there is none; ties share the best",
    "of": "how many authorities have a figure",
    "rank_low": "the best rank that chance allows",
    "rank_high": "the worst",
}
"""Columns of the table of ranks."""

_SERIES = ["indicator", "group"]


def rank_interval(
    value: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    polarity: str,
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
        Values and their 95% limits, one an area; nan where missing. For
        proportions and rates those of :mod:`kentstats.stats.intervals` will
        do.
    polarity : str
        ``high``, ``low`` or ``none``; without polarity 1 is the highest.
    confidence : float, default 0.95
        Confidence of each area's set (not of all of them together), a
        fraction between 0 and 1.

    Returns
    -------
    best, worst : numpy.ndarray
        Ranks that enclose the area's own; nan where a value or limit
        is missing. An area with a value and no limits holds a place, but
        cannot be told from any other.

    Raises
    ------
    ValueError
        Numbers of no areas, a lower limit above the upper, a `confidence`
        that is not between 0 and 1, or a polarity that is none of the three.

    Notes
    -----
    The two areas of a pair are taken as independent.

    References
    ----------
    Goldstein H, Spiegelhalter DJ. League tables and their limitations.
    Journal of the Royal Statistical Society A 1996;159:385-443: why a rank
    is not to stand without its interval.

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
    refuse(given.ndim != 1, "value is no list of numbers: give the values of several areas")
    refuse(low > high, "lower is above upper: give the lower limit first")
    badness = np.where(polarity_sign(polarity) < 0, 1.0, -1.0) * given
    error = (high - low) / WIDTH
    tested = ~np.isnan(badness + error)
    z = -special.ndtri((1 - confidence) / (2 * max(tested.sum() - 1, 1)))
    ours, width = badness[tested], error[tested]
    gap, chance = ours[:, None] - ours, z * np.hypot(width[:, None], width)
    best, worst = np.full(given.shape, np.nan), np.full(given.shape, np.nan)
    best[tested] = 1.0 + (gap > chance).sum(axis=1)
    worst[tested] = (~np.isnan(badness)).sum() - (-gap > chance).sum(axis=1)
    return best, worst


def ranks_of(latest: pd.DataFrame) -> pd.DataFrame:
    """Rank the authorities, with the ranks that chance allows.

    Facts have estimates and limits, one period for each indicator. The table has
    the columns of :data:`RANKS`, and no interval where there are no limits.
    """
    import pandas as pd

    polarity = {name: one.polarity for name, one in load_indicators().items()}
    parts = [pd.DataFrame(columns=list(RANKS))]
    for (indicator, _), one in _authorities(latest).groupby(_SERIES, sort=True):
        good = polarity.get(str(indicator), "none")
        low, high = rank_interval(one["estimate"], one["lower"], one["upper"], polarity=good)
        badness = one["estimate"] if good == "low" else -one["estimate"]
        parts.append(
            one[[*_SERIES, "period", "area_code"]].assign(
                rank=badness.rank(method="min"), of=len(one), rank_low=low, rank_high=high
            )
        )
    return pd.concat(parts[1:] or parts, ignore_index=True)


def distributions_of(latest: pd.DataFrame) -> pd.DataFrame:
    """Find the ends and quartiles of the authorities' figures.

    Facts have estimates, one period for each indicator and group. The table
    has ``least``, ``lower_quartile``, ``upper_quartile`` and ``most``; what
    fewer than :data:`MIN_AUTHORITIES` authorities have is left out.

    References
    ----------
    Hyndman RJ, Fan Y. Sample quantiles in statistical packages. The American
    Statistician 1996;50:361-365, definition 7.
    """
    import pandas as pd

    values = _authorities(latest).groupby(_SERIES, sort=True)["estimate"]
    ends = {"least": 0, "lower_quartile": 0.25, "upper_quartile": 0.75, "most": 1}
    found = pd.DataFrame({name: values.quantile(part) for name, part in ends.items()})
    return found[values.count().ge(MIN_AUTHORITIES)]


def _authorities(latest: pd.DataFrame) -> pd.DataFrame:
    """Keep the authorities that have a figure."""
    return latest[latest["area_type"].eq("authority") & latest["estimate"].notna()]


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
        value=value, benchmark=benchmark, polarity=polarity_sign(polarity), best=best, worst=worst
    )
    outside = (ours < np.minimum(one, other)) | (ours > np.maximum(one, other))
    refuse(outside, "value lies outside worst to best: give the ends of all that are drawn")
    reach = np.maximum(np.abs(one - centre), np.abs(other - centre))
    # adding 0 turns -0 into 0
    return np.asarray(
        np.where(sign < 0, -1.0, 1.0) * (ours - centre) / np.where(reach == 0, 1.0, reach) + 0.0
    )
