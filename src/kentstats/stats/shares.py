"""What follows from the figures of a report: shares of two, and comparisons.

An inspection report gives most percentages without their bases. Then no
interval can be drawn and no verdict given: the result of a comparison is the
direction, the difference, what rounding allows, and how large a group would
have to be for the difference to be beyond chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.indicators import load_indicators
from kentstats.ingest.report_settings import Share
from kentstats.schemas import records
from kentstats.stats.intervals import SECOND_LEVEL, minimum_detectable_base, wilson

if TYPE_CHECKING:
    import pandas as pd

SHARES = {
    "share_id": "key",
    "short": "label",
    "numerator": "the part",
    "denominator": "the whole",
    "value": "their share, in per cent",
    "lower": "lower limit of the interval, empty where none is due",
    "upper": "upper limit",
    "numerator_id": "fact of the part",
    "denominator_id": "fact of the whole",
    "note": "what to beware of",
}
"""Columns of the table of derived shares."""

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


def derive_shares(
    facts: pd.DataFrame, authority: str, shares: Sequence[Share], *, confidence: float = 0.95
) -> pd.DataFrame:
    """Derive every share whose two facts are there and fit.

    Parameters
    ----------
    facts : pandas.DataFrame
        Tidy facts.
    authority : str
        Name of the authority.
    shares : sequence of Share
        What to derive: the entries of the report's ``shares.yml``.
    confidence : float, default 0.95
        Confidence of the intervals, a fraction between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`SHARES`. Shares and limits in per cent, at
        full precision; limits by :func:`~kentstats.stats.intervals.wilson`,
        only where the cases are a sample of a process.

    Examples
    --------
    >>> from kentstats import load_facts
    >>> from kentstats.ingest.report_settings import Figure
    >>> facts = load_facts(authority="Kent", edition=2010, kind="report")
    >>> part, whole = Figure("looked-after", "uasc"), Figure("looked-after")
    >>> asked = Share("uasc-share", "Asylum-seeking, of all looked after", part, whole)
    >>> shares = derive_shares(facts, "Kent", [asked])
    >>> round(float(shares.loc[0, "value"]), 2)
    15.82
    """
    import pandas as pd

    ours = facts[facts["area_name"].eq(authority) & facts["qualifier"].eq("exact")]
    first = {(row["indicator"], row["group"]): row for row in reversed(records(ours))}
    rows = []
    for share in shares:
        part, whole = (
            first.get((each.indicator, each.group)) for each in (share.part, share.whole)
        )
        # a part above its whole is for the checks to report; no share comes of it
        if part is None or whole is None or not 1 <= whole["value"] >= part["value"]:
            continue
        limits: tuple[Any, Any] = (math.nan, math.nan)
        if share.sampled:
            limits = wilson(part["value"], whole["value"], confidence=confidence)
        note = ""
        if part["period"] != whole["period"]:
            note = f"the part is counted {part['period']}, the whole {whole['period']}"
        rows.append(
            {
                "share_id": share.id,
                "short": share.short,
                "numerator": part["value"],
                "denominator": whole["value"],
                "value": 100 * part["value"] / whole["value"],
                "lower": float(limits[0]) * 100,
                "upper": float(limits[1]) * 100,
                "numerator_id": part["fact_id"],
                "denominator_id": whole["fact_id"],
                "note": note,
            }
        )
    return pd.DataFrame(rows, columns=list(SHARES))


def compare_figures(facts: pd.DataFrame, authority: str) -> pd.DataFrame:
    """Compare an authority with every comparator and earlier period of its report.

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
    >>> facts = load_facts(authority="Kent", edition=2010, kind="report")
    >>> table = compare_figures(facts, "Kent")
    >>> row = table[table["indicator"] == "health-assessments"].iloc[0]
    >>> float(row["benchmark"]), round(float(row["difference"]), 1), int(row["smallest_95"])
    (85.4, -7.4, 103)
    """
    exact = facts[facts["qualifier"].eq("exact") & facts["value"].notna()]
    mine = exact["area_name"].eq(authority)
    others = exact.rename(columns={"value": "benchmark"})
    pairs = exact[mine].merge(
        others, on=["indicator", "group", "unit"], suffixes=("", "_of_benchmark")
    )

    def same(column: str) -> pd.Series[bool]:
        return pairs[column].eq(pairs[f"{column}_of_benchmark"])

    earlier = same("area_code") & pairs["period_end_of_benchmark"].lt(pairs["period_start"])
    # “last year” is one year in one source and another in the next
    same_year = same("source_id") | (same("period_start") & same("period_end"))
    elsewhere = ~same("area_code") & same_year & same("period")
    pairs = pairs.assign(kind=np.where(same("area_code"), "period", "area"))
    pairs = pairs[earlier | elsewhere]
    rounding_error = pairs["rounding"] + pairs["rounding_of_benchmark"]
    difference = pairs["value"] - pairs["benchmark"]
    rounds_away = difference.abs() <= rounding_error.fillna(0)
    percent = pairs["unit"].eq("percent")
    smallest = (
        np.where(
            percent,
            minimum_detectable_base(
                pairs["value"].where(percent, 0),
                pairs["benchmark"].where(percent, 0),
                rounding=pairs["rounding"],
                benchmark_rounding=pairs["rounding_of_benchmark"],
                confidence=confidence,
            ),
            np.nan,
        )
        for confidence in (0.95, SECOND_LEVEL)
    )
    frame = pairs.rename(columns={"fact_id_of_benchmark": "benchmark_id"}).assign(
        difference=difference,
        difference_low=difference - rounding_error,
        difference_high=difference + rounding_error,
        ratio=(pairs["value"] / pairs["benchmark"]).where(pairs["benchmark"] != 0),
        direction=np.select([rounds_away, difference > 0], ["level", "above"], "below"),
        smallest_95=next(smallest),
        smallest_998=next(smallest),
        verdict="not compared",
        reason="the source gives no base",
    )
    order = {name: place for place, name in enumerate(load_indicators())}
    return frame[list(COMPARISONS)].sort_values(
        "indicator", key=lambda ids: ids.map(order), kind="stable", ignore_index=True
    )
