"""Funnel limits: how far areas of a size would scatter about one value by chance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from kentstats.stats.intervals import aligned, check_events, check_share, refuse, z_value

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from kentstats.stats.intervals import Floats

    Kind = Literal["proportion", "rate"]


def limits(
    centre: ArrayLike,
    base: ArrayLike,
    *,
    kind: Kind = "proportion",
    per: float = 10_000.0,
    confidence: float = 0.95,
    tau2: ArrayLike = 0.0,
) -> tuple[Floats, Floats]:
    """Return the limits within which areas of a size scatter about one value.

    Parameters
    ----------
    centre : array_like
        The proportion, 0 to 1, or the rate per `per`, 0 or more, that the
        areas are held against.
    base : array_like
        Sizes, above 0; same shape, or shapes that broadcast.
    kind : {'proportion', 'rate'}
        What the values are.
    per : float, default 10 000
        What a rate is per, in the unit of `base`; not used for proportions.
    confidence : float, default 0.95
        Confidence, a fraction between 0 and 1.
    tau2 : array_like, default 0
        Variance between areas beyond chance, on the arcsine scale of a
        proportion or the square-root scale of a rate per one, as
        :func:`overdispersion` finds it.

    Returns
    -------
    lower, upper : numpy.ndarray
        Proportions, or rates per `per`, that enclose the centre; nan where a
        number is missing. A lower limit of 0 means that no count would be
        too low.

    Raises
    ------
    ValueError
        A centre that is no proportion or rate, a base or `per` that is not
        above 0, a negative `tau2`, a `confidence` that is not between 0 and
        1, or a `kind` that is neither.

    Notes
    -----
    Without `tau2` those of a proportion are normal, and those of a rate join
    the sizes at which a whole count k lies just on them: with
    a = (1 - confidence) / 2 the upper where the rate gives
    ``chi2.ppf(a, 2 k) / 2`` events, the lower where it gives
    ``chi2.isf(a, 2 k + 2) / 2``. With it they are
    ``sin(asin(sqrt(p)) ± z sqrt(1 / (4 n) + tau2))`` squared, and
    ``(sqrt(r) ± z sqrt(1 / (4 n) + tau2))`` squared.

    Where few cases are expected those scales do not hold, and the limits
    with `tau2` would be the narrower: none of eleven, where two are
    expected, would lie below them. So the lower of the two lower limits is
    returned, and the higher of the two upper ones.

    References
    ----------
    Public Health England. Technical Guide: Funnel Plots, 2017.

    Spiegelhalter DJ. Funnel plots for comparing institutional performance.
    Statistics in Medicine 2005;24:1185-1202.

    Examples
    --------
    >>> [round(float(limit), 6) for limit in limits(0.5, 100)]
    [0.402002, 0.597998]
    >>> [round(float(limit), 6) for limit in limits(0.5, 100, tau2=0.0075)]
    [0.308985, 0.691015]

    Where 1.623486 events are expected, five lie on the upper limit:

    >>> float(limits(1.623486, 10_000, kind="rate")[1].round(5))
    5.0
    """
    from scipy import special  # type: ignore[import-untyped, unused-ignore]

    _check_kind(kind)
    middle, size, extra = aligned(centre=centre, base=base, tau2=tau2)
    z = z_value(confidence)
    refuse(size <= 0, "base is not above 0: give the number of cases, people or years")
    refuse(not 0 < per < np.inf, f"per is {per}: give the number a rate is per, as in 10_000")
    outside = (middle < 0) | ((middle > 1) & (kind == "proportion"))
    refuse(outside, "centre is no proportion from 0 to 1, and no rate of 0 or more")
    refuse(extra < 0, "tau2 is below 0: give a variance, 0 or more")
    spread = z * np.sqrt(1 / (4 * size) + extra)
    if kind == "proportion":
        per = 1.0
        half = z * np.sqrt(middle * (1 - middle) / size)
        low, high = np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
        angle = np.arcsin(np.sqrt(middle))
        lowest = np.sin(np.maximum(angle - spread, 0.0)) ** 2
        highest = np.sin(np.minimum(angle + spread, np.pi / 2)) ** 2
    else:
        tail, mean = special.ndtr(-z), middle / per * size
        # gdtrib(1, a, E) is the k, whole or not, at which k or more have probability a
        low = np.maximum(special.gdtrib(1.0, 1 - tail, mean) - 1, 0) / size
        high = special.gdtrib(1.0, tail, mean) / size
        root = np.sqrt(middle / per)
        lowest, highest = np.maximum(root - spread, 0) ** 2, (root + spread) ** 2
    # a missing tau2 leaves nothing to say
    missing = 0 * extra
    lower = np.where(extra > 0, np.minimum(low, lowest), low) * per + missing
    return lower, np.where(extra > 0, np.maximum(high, highest), high) * per + missing


def overdispersion(
    count: ArrayLike, base: ArrayLike, *, kind: Kind = "proportion", winsorise: float = 0.1
) -> float:
    """Estimate the variance between areas beyond chance, by the method of moments.

    Parameters
    ----------
    count, base : array_like
        One pair an area, nan where missing; an area without both is left
        out.
    kind : {'proportion', 'rate'}
        Proportions have z-scores on the arcsine square-root scale, rates on
        the square-root scale.
    winsorise : float, default 0.1
        Share of the z-scores at each end that are drawn in to the quantile
        there: with 0.1 to the 10th and 90th percentile (as numpy
        interpolates them).

    Returns
    -------
    float
        The variance tau2 on the scale of the z-scores; 0 where chance
        accounts for all, nan where fewer than two areas can be used.

    Raises
    ------
    ValueError
        Counts and bases that give no proportion or rate, a `kind` that is
        neither, or a `winsorise` that is not from 0 to below 0.5.

    Notes
    -----
    Drawing the ends in keeps a few odd areas from widening the limits for
    all, and makes the estimate too small where there are none: among areas
    that spread normally, it finds about three quarters of their standard
    deviation with 0.1, so that about one in eight lies outside the adjusted
    95% limits, and one or two in a hundred outside those at 99.8%.

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance.
    Statistics in Medicine 2005;24:1185-1202; additive random effects, and
    winsorised z-scores.

    Examples
    --------
    >>> round(overdispersion([30, 50, 70], 100, winsorise=0), 6)
    0.039837
    """
    k, n = aligned(count=count, base=base)
    _check_kind(kind)
    message = f"winsorise is {winsorise}: give a share of each end, as in 0.1"
    refuse(not 0 <= winsorise < 0.5, message)
    if kind == "proportion":
        check_share(k, n)
    else:
        check_events(k, n)
    there = ~np.isnan(k + n)
    k, n = k[there], n[there]
    areas = int(k.size)
    if areas < 2:
        return math.nan
    share, target = np.sqrt(k / n), np.sqrt(k.sum() / n.sum())
    if kind == "proportion":
        share, target = np.arcsin(share), np.arcsin(np.minimum(target, 1.0))
    scores = 2 * np.sqrt(n) * (share - target)
    scores = np.clip(scores, *np.quantile(scores, [winsorise, 1 - winsorise]))
    phi, weights = float(np.mean(scores**2)), 4 * n
    excess = areas * phi - (areas - 1)
    tau2 = excess / (weights.sum() - (weights**2).sum() / weights.sum())
    return max(float(tau2), 0.0)


def outside(
    value: ArrayLike,
    base: ArrayLike,
    centre: ArrayLike,
    *,
    kind: Kind = "proportion",
    per: float = 10_000.0,
    tau2: ArrayLike = 0.0,
) -> NDArray[np.str_]:
    """Say on which side of the 95% and 99.8% limits each area lies.

    Parameters
    ----------
    value : array_like
        The areas' values: proportions, or rates per `per`.
    base, centre, kind, per, tau2
        As of :func:`limits`.

    Returns
    -------
    numpy.ndarray of str
        ``inside`` (or on the limit), ``above 95%``, ``above 99.8%``,
        ``below 95%``, ``below 99.8%``; ``not compared`` where a number is
        missing.

    Raises
    ------
    ValueError
        As :func:`limits`.

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance.
    Statistics in Medicine 2005;24:1185-1202.

    Examples
    --------
    >>> outside([0.5, 0.6, 0.34], 100, 0.5).tolist()
    ['inside', 'above 95%', 'below 99.8%']
    """
    ours, size, middle, extra = aligned(value=value, base=base, centre=centre, tau2=tau2)
    (low, high), (lowest, highest) = (
        limits(middle, size, kind=kind, per=per, confidence=confidence, tau2=extra)
        for confidence in (0.95, 0.998)
    )
    return np.select(
        [np.isnan(ours + low), ours > highest, ours > high, ours < lowest, ours < low],
        ["not compared", "above 99.8%", "above 95%", "below 99.8%", "below 95%"],
        "inside",
    )


def _check_kind(kind: str) -> None:
    refuse(kind not in ("proportion", "rate"), f"kind is {kind!r}: give 'proportion' or 'rate'")
