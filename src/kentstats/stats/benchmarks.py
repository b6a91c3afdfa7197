"""Every authority against every comparator.

The comparators are England, the region, the other authorities of the same
type, and the statistical neighbours where a list covers the period. The
public-health convention is followed: an authority's interval against the
comparator's point value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.indicators import load_indicators
from kentstats.schemas import SCALE
from kentstats.stats.intervals import SECOND_LEVEL, estimates, ratio_rounding_error
from kentstats.stats.verdicts import NOT_COMPARED, VERDICTS, polarity_sign, verdict_codes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kentstats.stats.places import Places

    Floats = NDArray[np.float64]
    Integers = NDArray[np.signedinteger[Any]]
    Booleans = NDArray[np.bool_]

COMPARATORS = ("england", "region", "type", "neighbours")
SMALLEST_BASE = 10
"""A share of fewer cases gets limits, which are wide, and no verdict."""
MIN_COVERAGE = 0.9
"""The part of a comparator's areas that must have a figure for it to have one.

Figures are mostly withheld where a count is small, so those that are left lie
too high: by a third, in 2025, for plans of two years or more, where a third
of all children are in areas whose figure is withheld.
"""

SERIES = ["indicator", "group", "period", "source_id"]
"""What two figures must share to be compared; each source has its own definition."""

COLUMNS = {
    "indicator": "key into the indicator catalogue",
    "group": "subgroup",
    "period": "period of both figures",
    "fact_id": "the fact compared",
    "area_code": "whose it is",
    "comparator": "one of: " + ", ".join(COMPARATORS),
    "statistic": "published, pooled (sum of counts over sum of bases) or mean",
    "members": "how many areas stand behind the comparator",
    "benchmark_id": "the fact compared with, empty for a pooled figure or a mean",
    "estimate": "the figure, from its counts where they are published",
    "lower": "lower limit at the first level of confidence",
    "upper": "upper limit",
    "benchmark": "the comparator's figure",
    "benchmark_low": "its least, given its rounding",
    "benchmark_high": "its most",
    "difference": "value less benchmark",
    "direction": "above, below, or level where rounding could turn the order",
    "verdict": "better, similar, worse, higher, lower, or not compared",
    "level": "the surest level at which the verdict holds",
    "sensitive": "whether mean, median and pooled neighbours give different verdicts",
    "reason": "why there is no verdict",
}
"""Columns of the table of comparisons."""

WHY_NOT = {
    "suppressed": "the publisher withholds the figure to protect people",
    "not_applicable": "the measure does not apply here",
    "not_available": "the source has no figure",
    "rounds_to_zero": "the figure rounds to nought",
    "unreliable": "the publisher withholds the figure as unreliable",
    "no base": "the source gives no base",
    "no share": "its two numbers are no part and whole, or do not give the figure",
    "no model": "no interval can be drawn for this measure",
    "small base": "fewer than ten cases are too few for a verdict",
    "no benchmark": "there is no figure of the comparator",
    "few members": "too few of the areas behind the comparator have a figure",
    "no rounding": "how the two figures are rounded is not known",
}


def comparisons(facts: pd.DataFrame, places: Places, *, confidence: float = 0.95) -> pd.DataFrame:
    """Compare every authority with every comparator.

    Parameters
    ----------
    facts : pandas.DataFrame
        Tidy facts of official statistics: those compared and those of the
        country and regions, with every figure of one indicator, group,
        period and area once.
    places : Places
        Regions, types and neighbours.
    confidence : float, default 0.95
        The first level of confidence, a fraction between 0 and 1; every
        verdict is tried at 99.8% too.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`COLUMNS`, a row for each fact of an authority
        and each comparator, in the order of the facts. Nothing is compared
        across periods or sources, each of which has its own definition. A
        verdict needs limits that leave the comparator out with all that
        rounding leaves open of both. A type and neighbours have a figure
        only where :data:`MIN_COVERAGE` of their areas have one; an area to
        which the measure does not apply does not count.

    Raises
    ------
    ValueError
        `confidence` is not between 0 and 1, or a figure occurs twice.

    Notes
    -----
    The comparator is taken as certain. England and the region hold the
    authority itself, which makes a verdict against them rarer than chance
    alone would; a type and neighbours leave it out and are uncertain
    themselves, which makes one more frequent: with ten neighbours of its
    size, about six in a hundred and not five.

    References
    ----------
    Public Health England. Technical Guide: RAG Rating Indicator Values, 2017.
    """
    facts = estimates(facts.reset_index(drop=True), confidence=confidence)
    figures = _figures(facts)
    own = np.flatnonzero(facts["area_type"].isin(["authority", "combined"]))
    members = _members(facts, own, places)
    added = _contributions(figures)
    neighbours = {name: each[members["neighbours"]].sum(axis=1) for name, each in added.items()}
    found = [
        *(_published(figures, members[name][:, 0]) for name in ("england", "region")),
        _summarised(figures, own, _sums_of_type(facts, own, places, added)),
        _summarised(figures, own, neighbours),
    ]
    # from here on one row a fact and one column a comparator
    benchmark, error, statistic, count, fact, few = (
        np.stack([each[name] for each in found], axis=1)
        for name in ("value", "rounding_error", "statistic", "members", "fact", "few")
    )
    value, own_error = (figures[name][own, None] for name in ("estimate", "rounding_error"))
    indicators = load_indicators()
    polarity = facts["indicator"].map({name: one.polarity for name, one in indicators.items()})
    sign = polarity_sign(polarity.fillna("none").to_numpy(dtype=str))[own, None]
    low, high = benchmark - error, benchmark + error
    # a small base gets no verdict; rounding of the figure itself widens its limits
    margin = np.where(figures["denominator"][own, None] < SMALLEST_BASE, np.nan, own_error)
    limits = [
        (figures[lower][own, None] - margin, figures[upper][own, None] + margin)
        for lower, upper in (("lower", "upper"), ("lower_998", "upper_998"))
    ]
    verdict, surer = (verdict_codes(*each, low, high, sign) for each in limits)
    difference = value - benchmark
    unsure = np.nan_to_num(own_error) + np.nan_to_num(error)
    sensitive = np.zeros(verdict.shape, np.bool_)
    sensitive[:, -1] = _sensitive(figures, own, members["neighbours"], *limits[0], sign)
    sensitive[np.isnan(benchmark[:, -1]), -1] = False
    levels = np.array([np.nan, confidence, max(confidence, SECOND_LEVEL)])
    ids = np.append(facts["fact_id"].to_numpy(dtype=object), "")
    columns = {
        "comparator": np.broadcast_to(COMPARATORS, verdict.shape),
        "statistic": statistic,
        "members": count,
        "benchmark_id": ids[fact],
        "benchmark": benchmark,
        "benchmark_low": low,
        "benchmark_high": high,
        "difference": difference,
        "direction": np.select(
            [np.isnan(difference), np.abs(difference) <= unsure, difference > 0],
            ["", "level", "above"],
            "below",
        ),
        "verdict": np.array(VERDICTS)[verdict],
        "level": levels[np.where(verdict < 2, 0, np.where(surer == verdict, 2, 1))],
        "sensitive": sensitive,
        "reason": _reasons(facts.loc[own], verdict, benchmark, low, few),
    }
    compared = facts.loc[np.repeat(own, len(COMPARATORS)), [n for n in COLUMNS if n in facts]]
    compared = compared.reset_index(drop=True)
    return compared.assign(**{name: each.ravel() for name, each in columns.items()})[list(COLUMNS)]


def _figures(facts: pd.DataFrame) -> dict[str, Floats]:
    """Return the numeric columns, each with nan at the end: at -1, the position of no fact."""
    names = ["estimate", "rounding_error", "numerator", "denominator", "count_rounding"]
    names += ["lower", "upper", "lower_998", "upper_998"]
    figures = {name: np.append(facts[name].to_numpy(dtype=np.float64), np.nan) for name in names}
    figures["scale"] = np.append(facts["unit"].map(SCALE).fillna(1.0), np.nan).astype(np.float64)
    # an area to which the measure does not apply is not missing
    expected = facts["status"].ne("not_applicable") | facts["estimate"].notna()
    figures["expected"] = np.append(expected, False).astype(np.float64)
    return figures


def _members(facts: pd.DataFrame, own: Integers, places: Places) -> dict[str, Integers]:
    """Return the positions of the facts behind each comparator, a row for each of `own`.

    -1 stands where an area has no fact of the same series, and fills up the
    rows.
    """
    import pandas as pd

    if facts.duplicated([*SERIES[:3], "area_code"]).any():
        raise ValueError("a figure of one indicator, group, period and area occurs twice")
    series = facts.groupby(SERIES, sort=False, observed=True).ngroup().to_numpy()
    area, codes = pd.factorize(facts["area_code"])
    grid = np.full((series.max(initial=-1) + 1, len(codes) + 1), -1)
    grid[series, area] = np.arange(len(facts))
    areas: dict[str, dict[str, Iterable[str]]] = {
        "england": {code: [places.country] for code in places.region},
        "region": {code: [region] for code, region in places.region.items()},
        "neighbours": dict(places.neighbours),
    }
    number = {code: place for place, code in enumerate(codes)}
    found = {}
    for name, listed in areas.items():
        rows = [
            [number[each] for each in dict.fromkeys(listed.get(code, ())) if each in number]
            for code in codes
        ]
        table = np.full((len(codes), max(map(len, rows), default=0) or 1), -1)
        for row, members in zip(table, rows, strict=True):
            row[: len(members)] = members
        table[table == np.arange(len(codes))[:, None]] = -1  # nobody is compared with itself
        found[name] = grid[series[own, None], table[area[own]]]
    uncovered = ~facts["period"].isin(list(places.covered)).to_numpy(dtype=bool)[own]
    found["neighbours"][uncovered] = -1
    return found


def _published(figures: dict[str, Floats], fact: Integers) -> dict[str, Any]:
    """Take the published figures of other areas as comparators."""
    return {
        "value": figures["estimate"][fact],
        "rounding_error": figures["rounding_error"][fact],
        "statistic": np.full(len(fact), "published"),
        "members": (fact >= 0).astype(np.int64),
        "fact": fact,
        "few": np.zeros(len(fact), np.bool_),
    }


def _contributions(figures: dict[str, Floats]) -> dict[str, Floats]:
    """Return what each fact adds to the sums behind a pooled figure or a mean."""
    based, valued = ~np.isnan(figures["lower"]), ~np.isnan(figures["estimate"])
    return {
        **{
            name: np.where(based, figures[name], 0.0)
            for name in ("numerator", "denominator", "count_rounding")
        },
        **{name: np.where(valued, figures[name], 0.0) for name in ("estimate", "rounding_error")},
        "based": based.astype(np.float64),
        "valued": valued.astype(np.float64),
        "expected": figures["expected"],
    }


def _sums_of_type(
    facts: pd.DataFrame, own: Integers, places: Places, added: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Sum what the other authorities of the same type add."""
    # -1 where the area is of no type
    series = facts.groupby([*(facts[name] for name in SERIES), facts["area_code"].map(places.kind)])
    group = series.ngroup().fillna(-1).to_numpy(dtype=np.intp)
    typed = np.flatnonzero(group >= 0)
    totals = {
        name: np.bincount(group[typed], each[typed], minlength=1) for name, each in added.items()
    }
    return {
        name: np.where(group[own] >= 0, total[group[own]] - added[name][own], 0.0)
        for name, total in totals.items()
    }


def _summarised(
    figures: dict[str, Floats], own: Integers, sums: Mapping[str, Any]
) -> dict[str, Any]:
    """Pool the figures of several areas; take their mean where there are no bases."""
    scale = figures["scale"][own]
    pool = ~np.isnan(figures["lower"][own]) & (sums["based"] > 0)
    used = np.where(pool, sums["based"], sums["valued"])
    few = used < MIN_COVERAGE * sums["expected"]
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = sums["numerator"] / sums["denominator"]
        mean, mean_error = sums["estimate"] / used, sums["rounding_error"] / used
        error = scale * ratio_rounding_error(sums["count_rounding"], pooled, sums["denominator"])
    missing = few | (used == 0)
    return {
        "value": np.where(missing, np.nan, np.where(pool, scale * pooled, mean)),
        "rounding_error": np.where(missing, np.nan, np.where(pool, error, mean_error)),
        "statistic": np.where(pool, "pooled", "mean"),
        "members": used.astype(np.int64),
        "fact": np.full(len(own), -1),
        "few": few,
    }


def summarise_neighbours(
    count: Floats, base: Floats, value: Floats
) -> tuple[Floats, Floats, Floats]:
    """Summarise the figures of each area's neighbours in three ways.

    Parameters
    ----------
    count, base, value : numpy.ndarray
        Areas by neighbours; nan where missing.

    Returns
    -------
    mean, median : numpy.ndarray
        Of the values, each neighbour counting the same; nan without any.
    pooled : numpy.ndarray
        Sum of the counts over the sum of the bases of the neighbours that
        have both, each child counting the same; nan without any.

    References
    ----------
    Department for Education. Children's Services Statistical Neighbour
    Benchmarking Tool, and Local Authority Interactive Tool: which of the
    summaries is used differs between them.

    Examples
    --------
    Three neighbours with 5 of 10, 60 of 100, and no figure:

    >>> nan = np.nan
    >>> figures = np.array([[5, 60, nan]]), np.array([[10, 100, nan]]), np.array([[50, 60, nan]])
    >>> [float(each[0].round(3)) for each in summarise_neighbours(*figures)]
    [55.0, 55.0, 0.591]
    """
    valued, both = ~np.isnan(value), ~np.isnan(count + base)
    used = valued.sum(axis=1)
    ordered = np.sort(np.append(value, np.full((len(value), 1), np.nan), axis=1), axis=1)
    middle = np.stack([np.maximum(used - 1, 0) // 2, used // 2], axis=1)
    median = np.take_along_axis(ordered, middle, axis=1).mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(valued, value, 0.0).sum(axis=1) / used
        total = np.where(both, count, 0.0).sum(axis=1)
        pooled = total / np.where(both, base, 0.0).sum(axis=1)
    return mean, median, pooled


def _sensitive(
    figures: dict[str, Floats],
    own: Integers,
    neighbours: Integers,
    lower: Floats,
    upper: Floats,
    sign: Floats,
) -> Booleans:
    """Tell where the neighbours, summarised in another way, would give another verdict."""
    based = ~np.isnan(figures["lower"])[neighbours]
    count, base = (
        np.where(based, figures[name][neighbours], np.nan) for name in ("numerator", "denominator")
    )
    mean, median, pooled = summarise_neighbours(count, base, figures["estimate"][neighbours])
    summaries = np.stack([mean, median, figures["scale"][own] * pooled], axis=1)
    codes = verdict_codes(lower, upper, summaries, summaries, sign)
    least = np.where(codes > 0, codes, len(VERDICTS)).min(axis=1)
    return np.asarray(codes.max(axis=1) > least)


def _reasons(
    own: pd.DataFrame, verdict: Any, benchmark: Floats, benchmark_low: Floats, few: Booleans
) -> Any:
    """Say why there is no verdict."""
    model = own["indicator"].map({name: one.model for name, one in load_indicators().items()})
    no_model = model.fillna("none").eq("none")
    numbers = own["numerator"].notna() & own["denominator"].notna()
    without_base = np.select(
        [numbers & ~no_model, no_model & own["unit"].ne("percent")],
        [WHY_NOT["no share"], WHY_NOT["no model"]],
        WHY_NOT["no base"],
    )
    withheld = own["status"].map(WHY_NOT).fillna(WHY_NOT["not_available"]).to_numpy(dtype=str)

    def column(values: Any) -> Any:
        return np.asarray(values)[:, None]

    return np.select(
        [
            verdict != VERDICTS.index(NOT_COMPARED),
            column(own["estimate"].isna()),
            few,
            np.isnan(benchmark),
            column(own["denominator"].lt(SMALLEST_BASE)),
            column(own["lower"].isna()),
            np.isnan(benchmark_low) | column(own["rounding_error"].isna()),
        ],
        [
            "",
            column(withheld),
            WHY_NOT["few members"],
            WHY_NOT["no benchmark"],
            WHY_NOT["small base"],
            column(without_base),
            WHY_NOT["no rounding"],
        ],
        WHY_NOT["no base"],
    )
