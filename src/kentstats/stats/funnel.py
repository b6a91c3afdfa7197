"""Funnel limits: how far areas of a size would scatter about one value by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from kentstats.stats.intervals import (
    aligned,
    check_count,
    check_rate,
    check_share,
    exact_poisson,
    z_value,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from kentstats.stats.intervals import Floats
    from kentstats.stats.verdict import Words

    Kind = Literal["proportion", "rate"]

KINDS = ("proportion", "rate")


def proportion_limits(
    p0: ArrayLike, n: ArrayLike, *, confidence: float = 0.95, tau2: ArrayLike = 0.0
) -> tuple[Floats, Floats]:
    """Limits for proportions of areas of size `n`.

    Parameters
    ----------
    p0 : array_like
        The proportion they are held against, 0 to 1.
    n : array_like
        Sizes, above 0; same shape, or shapes that broadcast.
    confidence : float, default 0.95
        Confidence, a fraction between 0 and 1.
    tau2 : array_like, default 0
        Variance between areas beyond chance, on the arcsine scale, as
        :func:`overdispersion` finds it. Where it is above 0, the limits are
        ``sin(asin(sqrt(p0)) ± z sqrt(1 / (4 n) + tau2))`` squared.

    Returns
    -------
    lower, upper : numpy.ndarray
        Fractions, 0 to 1, that enclose `p0`; nan where a number is missing.

    Raises
    ------
    ValueError
        A `p0` outside 0 to 1, a size that is not above 0, a negative `tau2`,
        or a `confidence` that is not between 0 and 1.

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance.
    Statistics in Medicine 2005;24:1185-1202.

    Examples
    --------
    >>> [round(float(limit), 6) for limit in proportion_limits(0.5, 100)]
    [0.402002, 0.597998]
    >>> [round(float(limit), 6) for limit in proportion_limits(0.5, 100, tau2=0.0075)]
    [0.308985, 0.691015]
    """
    centre, size, extra = aligned(p0=p0, n=n, tau2=tau2)
    z = z_value(confidence)
    if np.any((centre < 0) | (centre > 1)):
        raise ValueError("p0 is outside 0 to 1: give a proportion, not a percentage")
    if np.any(size <= 0):
        raise ValueError("n is not above 0: give the number of cases")
    _check_tau2(extra)
    half = z * np.sqrt(centre * (1 - centre) / size)
    angle, wide = np.arcsin(np.sqrt(centre)), z * np.sqrt(1 / (4 * size) + extra)
    lower, upper = (
        np.where(
            extra > 0,
            np.sin(np.clip(angle + side * wide, 0.0, np.pi / 2)) ** 2,
            # a missing tau2 leaves nothing to say
            np.clip(centre + side * half, 0.0, 1.0) + 0 * extra,
        )
        for side in (-1, 1)
    )
    return lower, upper


def ratio_limits(expected: ArrayLike, *, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Limits for ratios of observed to expected counts.

    Those of public health's tool: the exact interval of a count that equals
    `expected`, over `expected`.

    Parameters
    ----------
    expected : array_like
        Expected counts, above 0; nan where missing.
    confidence : float, default 0.95
        Confidence, a fraction between 0 and 1.

    Returns
    -------
    lower, upper : numpy.ndarray
        Ratios that enclose 1; nan where the count is missing.

    Raises
    ------
    ValueError
        An expected count that is not above 0, or a `confidence` that is not
        between 0 and 1.

    Notes
    -----
    With a = (1 - confidence) / 2 they are ``chi2.ppf(a, 2 E) / 2 E`` and
    ``chi2.isf(a, 2 E + 2) / 2 E``. That is an interval about E; the limits
    that a count with mean E passes as seldom, as :func:`rate_limits` has
    them, both lie lower (0.495 and 1.568 for E = 15, not 0.560 and 1.649).

    References
    ----------
    Public Health England. Technical Guide: Funnel Plots, 2017.

    Examples
    --------
    >>> [round(float(limit), 6) for limit in ratio_limits(20)]
    [0.610826, 1.544419]
    """
    (mean,) = aligned(expected=expected)
    if np.any(mean <= 0):
        raise ValueError("expected is not above 0: give the count that the benchmark would give")
    lower, upper = exact_poisson(mean, confidence=confidence)
    return np.asarray(lower / mean), np.asarray(upper / mean)


def rate_limits(
    rate: ArrayLike,
    base: ArrayLike,
    *,
    per: float = 10_000.0,
    confidence: float = 0.95,
    tau2: ArrayLike = 0.0,
) -> tuple[Floats, Floats]:
    """Limits for rates of areas of size `base`.

    Parameters
    ----------
    rate : array_like
        The rate they are held against, per `per`, 0 or more.
    base : array_like
        Sizes, above 0; same shape, or shapes that broadcast.
    per : float, default 10 000
        What the rate is per, in the unit of `base`.
    confidence : float, default 0.95
        Confidence, a fraction between 0 and 1.
    tau2 : array_like, default 0
        Variance between areas beyond chance, on the square-root scale of
        ``count / base``, as :func:`overdispersion` finds it. Where it is
        above 0, the limits are ``(sqrt(r) ± z sqrt(1 / (4 base) + tau2))``
        squared, r being the rate per one.

    Returns
    -------
    lower, upper : numpy.ndarray
        Rates per `per`, 0 or more; nan where a number is missing. A lower
        limit of 0 means that no count would be too low.

    Raises
    ------
    ValueError
        A negative rate or `tau2`, a base or `per` that is not above 0, or a
        `confidence` that is not between 0 and 1.

    Notes
    -----
    Without `tau2` the limits join the sizes at which a whole count k lies
    just on them: with a = (1 - confidence) / 2 the upper where the rate
    gives ``chi2.ppf(a, 2 k) / 2`` events, the lower where it gives
    ``chi2.isf(a, 2 k + 2) / 2``. In between k is what solves the same.

    References
    ----------
    Public Health England. Technical Guide: Funnel Plots, 2017.

    Spiegelhalter DJ. Funnel plots for comparing institutional performance.
    Statistics in Medicine 2005;24:1185-1202.

    Examples
    --------
    Where 1.623486 events are expected, five lie on the upper limit:

    >>> float(rate_limits(1.623486, 10_000)[1].round(5))
    5.0
    """
    from scipy import special  # type: ignore[import-untyped, unused-ignore]

    centre, size, extra = aligned(rate=rate, base=base, tau2=tau2)
    check_rate(size, per)
    z = z_value(confidence)
    if np.any(centre < 0):
        raise ValueError("rate is below 0: give events per so many people or so much time")
    _check_tau2(extra)
    tail, mean = (1 - confidence) / 2, centre * size / per
    # gdtrib(1, a, E) is the k, whole or not, at which k or more have probability a
    few, many = (
        np.maximum(special.gdtrib(1.0, 1 - tail, mean) - 1, 0),
        special.gdtrib(1.0, tail, mean),
    )
    root, wide = np.sqrt(centre / per), z * np.sqrt(1 / (4 * size) + extra)
    lower, upper = (
        np.where(extra > 0, per * ends**2, per * counts / size + 0 * extra)
        for ends, counts in ((np.maximum(root - wide, 0), few), (root + wide, many))
    )
    return lower, upper


def limits(
    centre: ArrayLike,
    base: ArrayLike,
    *,
    kind: Kind = "proportion",
    per: float = 10_000.0,
    confidence: float = 0.95,
    tau2: ArrayLike = 0.0,
) -> tuple[Floats, Floats]:
    """Limits of either kind, never narrower than chance alone has them.

    Those with `tau2` are worked out on another scale than those without.
    Where few cases are expected the scale does not hold, and the wider
    limits would be the narrower: none of eleven, where two are expected,
    would lie below them.

    Parameters
    ----------
    centre : array_like
        The proportion, or the rate per `per`, they are held against.
    base : array_like
        Sizes, above 0; same shape, or shapes that broadcast.
    kind : {'proportion', 'rate'}
        What the values are.
    per : float, default 10 000
        What a rate is per; not used for proportions.
    confidence : float, default 0.95
        Confidence, a fraction between 0 and 1.
    tau2 : array_like, default 0
        Variance between areas beyond chance, as :func:`overdispersion`
        finds it.

    Returns
    -------
    lower, upper : numpy.ndarray
        Of :func:`proportion_limits` or :func:`rate_limits`, the lower with
        or without `tau2`, and the higher.

    Raises
    ------
    ValueError
        As :func:`proportion_limits` and :func:`rate_limits`, or a `kind`
        that is neither.

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance.
    Statistics in Medicine 2005;24:1185-1202.

    Examples
    --------
    >>> [round(float(limit), 3) for limit in proportion_limits(0.2, 11, tau2=0.001)]
    [0.026, 0.48]
    >>> [round(float(limit), 3) for limit in limits(0.2, 11, tau2=0.001)]
    [0.0, 0.48]
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: give 'proportion' or 'rate'")
    plain, wide = (
        proportion_limits(centre, base, confidence=confidence, tau2=spread)
        if kind == "proportion"
        else rate_limits(centre, base, per=per, confidence=confidence, tau2=spread)
        for spread in (0.0, tau2)
    )
    return np.minimum(plain[0], wide[0]), np.maximum(plain[1], wide[1])


@dataclass(frozen=True)
class Dispersion:
    """How much more areas scatter than chance accounts for.

    Attributes
    ----------
    phi : float
        Mean of the squared z-scores, about 1 where chance accounts for all.
    tau2 : float
        Variance between areas, on the scale of the z-scores; 0 where chance
        accounts for all.
    n : int
        How many areas were used.
    """

    phi: float
    tau2: float
    n: int


def overdispersion(
    count: ArrayLike, base: ArrayLike, *, kind: Kind = "proportion", winsorise: float = 0.1
) -> Dispersion:
    """Estimate over-dispersion by the method of moments.

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
    Dispersion
        nan for both figures where fewer than two areas can be used.

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
    >>> found = overdispersion([30, 50, 70], 100, winsorise=0)
    >>> round(found.phi, 4), round(found.tau2, 6), found.n
    (11.2897, 0.039837, 3)
    """
    k, n = aligned(count=count, base=base)
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: give 'proportion' or 'rate'")
    if not 0 <= winsorise < 0.5:
        raise ValueError(f"winsorise is {winsorise}: give a share of each end, as in 0.1")
    if kind == "proportion":
        check_share(k, n)
    else:
        check_count(k)
        check_rate(n, 1)
    there = ~np.isnan(k + n)
    k, n = k[there], n[there]
    areas = int(k.size)
    if areas < 2:
        return Dispersion(np.nan, np.nan, areas)
    share, target = np.sqrt(k / n), np.sqrt(k.sum() / n.sum())
    if kind == "proportion":
        share, target = np.arcsin(share), np.arcsin(np.minimum(target, 1.0))
    scores = 2 * np.sqrt(n) * (share - target)
    scores = np.clip(scores, *np.quantile(scores, [winsorise, 1 - winsorise]))
    phi, weights = float(np.mean(scores**2)), 4 * n
    excess = areas * phi - (areas - 1)
    tau2 = excess / (weights.sum() - (weights**2).sum() / weights.sum())
    return Dispersion(phi, max(float(tau2), 0.0), areas)


def outside(
    value: ArrayLike,
    base: ArrayLike,
    p0: ArrayLike,
    *,
    kind: Kind = "proportion",
    per: float = 10_000.0,
    tau2: ArrayLike = 0.0,
    at_least_chance: bool = False,
) -> Words:
    """Say on which side of the 95% and 99.8% limits each area lies.

    Parameters
    ----------
    value, p0 : array_like
        The areas' values and the one they are held against: proportions,
        or rates per `per`.
    base : array_like
        Their sizes.
    kind : {'proportion', 'rate'}
        What the values are.
    per : float, default 10 000
        What a rate is per; not used for proportions.
    tau2 : array_like, default 0
        Variance between areas beyond chance, as :func:`overdispersion`
        finds it.
    at_least_chance : bool, default False
        Take the limits of :func:`limits`, so that no area lies outside with
        `tau2` that lies inside without.

    Returns
    -------
    numpy.ndarray of str
        ``inside`` (or on the limit), ``above 95%``, ``above 99.8%``,
        ``below 95%``, ``below 99.8%``; ``not compared`` where a number is
        missing.

    Raises
    ------
    ValueError
        As :func:`proportion_limits` and :func:`rate_limits`, or a `kind`
        that is neither.

    References
    ----------
    Spiegelhalter DJ. Funnel plots for comparing institutional performance.
    Statistics in Medicine 2005;24:1185-1202.

    Examples
    --------
    >>> outside([0.5, 0.6, 0.34], 100, 0.5).tolist()
    ['inside', 'above 95%', 'below 99.8%']
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: give 'proportion' or 'rate'")
    ours, size, centre, extra = aligned(value=value, base=base, p0=p0, tau2=tau2)
    (low, high), (lowest, highest) = (
        limits(centre, size, kind=kind, per=per, confidence=confidence, tau2=extra)
        if at_least_chance
        else proportion_limits(centre, size, confidence=confidence, tau2=extra)
        if kind == "proportion"
        else rate_limits(centre, size, per=per, confidence=confidence, tau2=extra)
        for confidence in (0.95, 0.998)
    )
    return np.select(
        [np.isnan(ours + low), ours > highest, ours > high, ours < lowest, ours < low],
        ["not compared", "above 99.8%", "above 95%", "below 99.8%", "below 95%"],
        "inside",
    )


def _check_tau2(tau2: Floats) -> None:
    if np.any(tau2 < 0):
        raise ValueError("tau2 is below 0: give a variance, 0 or more")
