"""Comparisons: every pair that a source offers, and what it licenses.

An inspection report gives percentages without their bases. Then no interval
can be drawn and no verdict given: the result is the direction, the
difference, what rounding allows, and how large a group would have to be for
the difference to be beyond chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kentstats.indicators import load_indicators
from kentstats.stats.intervals import minimum_detectable_base

if TYPE_CHECKING:
    import pandas as pd

COMPARISONS = {
    "indicator": "key into the indicator catalogue",
    "fact_id": "the fact compared",
    "benchmark_id": "the fact it is compared with",
    "kind": "area: another area; period: an earlier one of the same area",
    "value": "the figure",
    "benchmark": "the figure it is compared with",
    "unit": "unit of both",
    "difference": "value less benchmark, in that unit (points for percentages)",
    "difference_low": "the least the difference can be, given the rounding of both",
    "difference_high": "the most it can be",
    "ratio": "value over benchmark",
    "direction": "above, below, or level where rounding could turn the order",
    "smallest_95": "smallest group for which the difference is beyond chance, 95%",
    "smallest_998": "the same at 99.8%",
    "verdict": "better, similar, worse, higher, lower, or not compared",
    "reason": "why there is no verdict",
}
"""Columns of the table of comparisons."""


def compare(facts: pd.DataFrame, authority: str) -> pd.DataFrame:
    """Compare an authority with every comparator and earlier period given.

    Two facts are a pair when indicator, group and unit agree, one is the
    authority's, and the other is another area's for the same period, or the
    authority's own for a period that ended before.

    Parameters
    ----------
    facts : pandas.DataFrame
        Tidy facts.
    authority : str
        Name of the authority.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`COMPARISONS`, one row a pair, in the order of
        the indicator catalogue, comparators in that of their codes. A
        verdict needs an interval that leaves the benchmark out, and that a
        base: without one it is ``not compared``, and `reason` says why.

    Notes
    -----
    The smallest group is worked out for percentages only: for a rate or a
    count the formula does not hold.

    Examples
    --------
    >>> from kentstats import load_facts
    >>> table = compare(load_facts(authority="Kent", edition=2010, kind="report"), "Kent")
    >>> row = table[table["indicator"] == "health-assessments"].iloc[0]
    >>> float(row["benchmark"]), round(float(row["difference"]), 1), int(row["smallest_95"])
    (85.4, -7.4, 103)
    """
    import pandas as pd

    pairs = _pairs(facts, authority)
    slack = pairs["rounding"] + pairs["benchmark_rounding"]
    difference = pairs["value"] - pairs["benchmark"]
    rounds_away = difference.abs() <= slack.fillna(0)
    percent = pairs["unit"].eq("percent")
    sizes = {
        confidence: pd.Series(
            minimum_detectable_base(
                pairs["value"].where(percent, 0),
                pairs["benchmark"].where(percent, 0),
                rounding=pairs["rounding"],
                benchmark_rounding=pairs["benchmark_rounding"],
                confidence=confidence,
            ),
            pairs.index,
        ).where(percent)
        for confidence in (0.95, 0.998)
    }
    frame = pairs.assign(
        difference=difference,
        difference_low=difference - slack,
        difference_high=difference + slack,
        ratio=(pairs["value"] / pairs["benchmark"]).where(pairs["benchmark"] != 0),
        direction=np.select([rounds_away, difference > 0], ["level", "above"], "below"),
        smallest_95=sizes[0.95],
        smallest_998=sizes[0.998],
        verdict="not compared",
        reason="the source gives no base",
    )
    order = {name: place for place, name in enumerate(load_indicators())}
    return frame[list(COMPARISONS)].sort_values(
        "indicator", key=lambda ids: ids.map(order), kind="stable", ignore_index=True
    )


def _pairs(facts: pd.DataFrame, authority: str) -> pd.DataFrame:
    exact = facts[facts["qualifier"].eq("exact") & facts["value"].notna()]
    mine = exact["area_name"].eq(authority)
    others = exact.rename(columns={"value": "benchmark"})
    keys = ["indicator", "group", "unit"]
    pairs = exact[mine].merge(others, on=keys, suffixes=("", "_of_benchmark"))
    same_area = pairs["area_code"].eq(pairs["area_code_of_benchmark"])
    earlier = same_area & pairs["period_end_of_benchmark"].lt(pairs["period_start"])
    # “last year” is one year in one source and another in the next
    same_year = pairs["source_id"].eq(pairs["source_id_of_benchmark"]) | (
        pairs["period_start"].eq(pairs["period_start_of_benchmark"])
        & pairs["period_end"].eq(pairs["period_end_of_benchmark"])
    )
    elsewhere = ~same_area & same_year & pairs["period"].eq(pairs["period_of_benchmark"])
    return (
        pairs.assign(kind=np.where(same_area, "period", "area"))
        .loc[earlier | elsewhere]
        .rename(
            columns={
                "fact_id_of_benchmark": "benchmark_id",
                "rounding_of_benchmark": "benchmark_rounding",
            }
        )
    )
