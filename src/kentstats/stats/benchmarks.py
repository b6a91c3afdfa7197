"""Every authority against every comparator.

The comparators are England, the region, the other authorities of the same
type, and the statistical neighbours where a list covers the period. The
public-health convention is followed: an authority's interval against the
comparator's point value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.indicators import load_indicators
from kentstats.schemas import SCALE
from kentstats.stats.intervals import SECOND_LEVEL, estimates, ratio_rounding_error
from kentstats.stats.verdicts import NOT_COMPARED, VERDICTS, polarity_sign, verdict_codes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.signedinteger[Any]]

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


@dataclass(frozen=True)
class Places:
    """What the comparison has to know of areas, all by their codes."""

    region: Mapping[str, str]
    kind: Mapping[str, str]
    neighbours: Mapping[str, list[str]]
    """The closest first."""
    covered: frozenset[str]
    """Periods that the list of neighbours covers."""
    neighbour_list: str = ""
    """The month of that list; empty where none covers the edition."""
    country: str = "E92000001"


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
    import pandas as pd

    if facts.duplicated([*SERIES[:3], "area_code"]).any():
        raise ValueError("a figure of one indicator, group, period and area occurs twice")
    facts = estimates(facts.reset_index(drop=True), confidence=confidence)
    facts["scale"] = facts["unit"].map(SCALE).fillna(1.0).astype(np.float64)
    facts["series"] = facts.groupby(SERIES, sort=False).ngroup()
    own = facts[facts["area_type"].isin(["authority", "combined"])]
    neighbours = _positions(facts, own, places.neighbours)
    neighbours[~own["period"].isin(places.covered).to_numpy(dtype=bool)] = -1
    england = {code: [places.country] for code in places.region}
    region = {code: [other] for code, other in places.region.items()}
    added = _contributions(facts)
    # 0 where the area is of no type
    kinds = facts.groupby(["series", facts["area_code"].map(places.kind)]).ngroup()
    kind = kinds.fillna(-1).to_numpy(dtype=np.intp) + 1
    sums = {name: np.bincount(kind, each, minlength=1)[kind] for name, each in added.items()}
    same_type = (pd.DataFrame(sums, added.index) - added).mul(kind > 0, axis=0)
    # the position of no fact is -1, and adds nothing
    near = {name: np.append(each, 0.0)[neighbours].sum(axis=1) for name, each in added.items()}
    found = [
        _published(facts, own, england),
        _published(facts, own, region),
        _summarised(own, same_type.loc[own.index]),
        _summarised(own, pd.DataFrame(near, own.index)),
    ]
    # from here on one row for each figure and comparator
    made = pd.concat(
        [each.assign(comparator=name) for name, each in zip(COMPARATORS, found, strict=True)]
    ).sort_index(kind="stable")
    rows = own.loc[made.index]
    made["benchmark_low"] = made["benchmark"] - made["error"]
    made["benchmark_high"] = made["benchmark"] + made["error"]
    polarity = {name: one.polarity for name, one in load_indicators().items()}
    sign = polarity_sign(rows["indicator"].map(polarity).fillna("none").to_numpy(dtype=str))
    # a small base gets no verdict; rounding of the figure itself widens its limits
    margin = rows["rounding_error"].mask(rows["denominator"] < SMALLEST_BASE)
    limits = [
        ((rows[lower] - margin).to_numpy(np.float64), (rows[upper] + margin).to_numpy(np.float64))
        for lower, upper in (("lower", "upper"), ("lower_998", "upper_998"))
    ]
    low, high = (made[f"benchmark_{end}"].to_numpy(np.float64) for end in ("low", "high"))
    verdict, surer = (verdict_codes(*each, low, high, sign) for each in limits)
    made["verdict"] = np.array(VERDICTS)[verdict]
    levels = np.array([np.nan, confidence, max(confidence, SECOND_LEVEL)])
    made["level"] = levels[np.where(verdict < 2, 0, np.where(surer == verdict, 2, 1))]
    difference = made["difference"] = rows["estimate"] - made["benchmark"]
    unsure = rows["rounding_error"].fillna(0) + made["error"].fillna(0)
    made["direction"] = np.select(
        [difference.isna(), difference.abs() <= unsure, difference > 0],
        ["", "level", "above"],
        "below",
    )
    against = made["comparator"].eq("neighbours").to_numpy()
    made["sensitive"] = False
    made.loc[against, "sensitive"] = made.loc[against, "benchmark"].notna() & _sensitive(
        facts, own, neighbours, *(each[against] for each in (*limits[0], sign))
    )
    made["reason"] = _reasons(rows, made)
    shared = [name for name in COLUMNS if name in facts]
    return pd.concat([rows[shared], made], axis=1)[list(COLUMNS)].reset_index(drop=True)


def _positions(
    facts: pd.DataFrame, own: pd.DataFrame, areas: Mapping[str, Sequence[str]]
) -> Integers:
    """Return the positions of the facts of other areas, a row for each of `own`.

    They are of the same series. -1 stands where an area has none, and fills up the rows.
    """
    keys = zip(facts["series"], facts["area_code"], strict=True)
    position = {key: place for place, key in enumerate(keys)}
    found = np.full((len(own), max(map(len, areas.values()), default=1)), -1)
    for row, series, code in zip(found, own["series"], own["area_code"], strict=True):
        # nobody is compared with itself
        others = [other for other in dict.fromkeys(areas.get(code, ())) if other != code]
        row[: len(others)] = [position.get((series, other), -1) for other in others]
    return found


def _published(
    facts: pd.DataFrame, own: pd.DataFrame, areas: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Take the published figures of other areas as comparators."""
    found = facts.reindex(_positions(facts, own, areas)[:, 0]).set_index(own.index)
    found = found.rename(columns={"estimate": "benchmark", "rounding_error": "error"})
    return found[["benchmark", "error"]].assign(
        statistic="published",
        members=found["fact_id"].notna().astype(np.int64),
        benchmark_id=found["fact_id"].fillna(""),
        few=False,
    )


def _contributions(facts: pd.DataFrame) -> pd.DataFrame:
    """Return what each fact adds to the sums behind a pooled figure or a mean."""
    based, valued = facts["lower"].notna(), facts["estimate"].notna()
    pooled = facts[["numerator", "denominator", "count_rounding"]].where(based, 0.0)
    meant = facts[["estimate", "rounding_error"]].where(valued, 0.0)
    # an area to which the measure does not apply is not missing
    expected = facts["status"].ne("not_applicable") | valued
    added = pooled.join(meant).assign(based=based, valued=valued, expected=expected)
    return added.astype(np.float64)


def _summarised(own: pd.DataFrame, sums: pd.DataFrame) -> pd.DataFrame:
    """Pool the figures of several areas; take their mean where there are no bases."""
    import pandas as pd

    pool = own["lower"].notna() & sums["based"].gt(0)
    used = sums["based"].where(pool, sums["valued"])
    few = used < MIN_COVERAGE * sums["expected"]
    ratio = sums["numerator"] / sums["denominator"]
    numbers = (each.to_numpy() for each in (sums["count_rounding"], ratio, sums["denominator"]))
    error = ratio_rounding_error(*numbers)
    pooled = pd.DataFrame({"benchmark": ratio, "error": error}).mul(own["scale"], axis=0)
    mean = sums[["estimate", "rounding_error"]].div(used, axis=0).set_axis(pooled.columns, axis=1)
    return (
        pooled.where(pool, mean)
        .mask(few | used.eq(0))
        .assign(
            statistic=np.where(pool, "pooled", "mean"),
            members=used.astype(np.int64),
            benchmark_id="",
            few=few,
        )
    )


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
    facts: pd.DataFrame,
    own: pd.DataFrame,
    neighbours: Integers,
    lower: Floats,
    upper: Floats,
    sign: Floats,
) -> NDArray[np.bool_]:
    """Tell where the neighbours, summarised in another way, would give another verdict."""
    count, base = (
        facts[name].where(facts["lower"].notna()) for name in ("numerator", "denominator")
    )
    near = (np.append(each, np.nan)[neighbours] for each in (count, base, facts["estimate"]))
    mean, median, pooled = summarise_neighbours(*near)
    summaries = np.stack([mean, median, own["scale"].to_numpy() * pooled], axis=1)
    codes = verdict_codes(lower[:, None], upper[:, None], summaries, summaries, sign[:, None])
    least = np.where(codes > 0, codes, len(VERDICTS)).min(axis=1)
    return np.asarray(codes.max(axis=1) > least)


def _reasons(rows: pd.DataFrame, made: pd.DataFrame) -> pd.Series[str]:
    """Say why there is no verdict."""
    import pandas as pd

    models = {name: one.model for name, one in load_indicators().items()}
    modelled = rows["indicator"].map(models).fillna("none").ne("none")
    numbers = rows["numerator"].notna() & rows["denominator"].notna()
    without_limits = np.select(
        [numbers & modelled, ~modelled & rows["unit"].ne("percent")],
        ["no share", "no model"],
        "no base",
    )
    reason = np.select(
        [
            made["verdict"].ne(NOT_COMPARED),
            rows["estimate"].isna(),
            made["few"],
            made["benchmark"].isna(),
            rows["denominator"].lt(SMALLEST_BASE),
            rows["lower"].isna(),
        ],
        [
            "",
            rows["status"].where(rows["status"].isin(list(WHY_NOT)), "not_available"),
            "few members",
            "no benchmark",
            "small base",
            without_limits,
        ],
        "no rounding",
    )
    return pd.Series(reason, made.index).map({"": "", **WHY_NOT})
