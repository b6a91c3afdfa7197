"""Shares worked out from two facts; each carries both as its parents."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kentstats.stats.intervals import wilson

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Share:
    """One share to derive.

    Attributes
    ----------
    id, short : str
        Key and label.
    part, whole : tuple of str
        Indicator and group of the two facts.
    sampled : bool
        True where the cases stand for a process that goes on (results of one
        year's group, cases in one office), so that an interval says how far
        chance reaches; False for a plain count of everyone.
    """

    id: str
    short: str
    part: tuple[str, str]
    whole: tuple[str, str]
    sampled: bool = False


SHARES = (
    Share(
        "uasc-share",
        "Asylum-seeking, of all looked after",
        ("looked-after", "uasc"),
        ("looked-after", "all"),
    ),
    Share(
        "childrens-homes-share",
        "In children’s homes, of all looked after",
        ("placed-childrens-homes", "all"),
        ("looked-after", "all"),
    ),
    Share(
        "independent-fostering-share",
        "With independent agencies, of all looked after",
        ("placed-independent-fostering", "all"),
        ("looked-after", "all"),
    ),
    Share(
        "uasc-of-childrens-homes",
        "Asylum-seeking, of those in children’s homes",
        ("placed-childrens-homes", "uasc"),
        ("placed-childrens-homes", "all"),
    ),
    Share(
        "uasc-of-independent-fostering",
        "Asylum-seeking, of those with independent agencies",
        ("placed-independent-fostering", "uasc"),
        ("placed-independent-fostering", "all"),
    ),
    Share(
        "childrens-homes-of-uasc",
        "In children’s homes, of the asylum-seeking",
        ("placed-childrens-homes", "uasc"),
        ("looked-after", "uasc"),
    ),
    Share(
        "independent-fostering-of-uasc",
        "With independent agencies, of the asylum-seeking",
        ("placed-independent-fostering", "uasc"),
        ("looked-after", "uasc"),
    ),
    Share(
        "gcse-five-good-share",
        "Five good GCSEs with English and mathematics",
        ("gcse-five-good", "all"),
        ("gcse-cohort", "all"),
        sampled=True,
    ),
    Share(
        "core-assessments-overdue-share",
        "Core assessments overdue, one office",
        ("core-assessments-overdue", "one office"),
        ("core-assessments-allocated", "one office"),
        sampled=True,
    ),
    Share(
        "serious-case-reviews-good-share",
        "Serious case reviews evaluated as good",
        ("serious-case-reviews", "good"),
        ("serious-case-reviews", "all"),
        sampled=True,
    ),
    Share(
        "grammar-share",
        "Grammar schools, of secondary schools",
        ("schools", "grammar"),
        ("schools", "secondary"),
    ),
    Share(
        "academy-secondary-share",
        "Secondary, of academies",
        ("academies", "secondary"),
        ("academies", "all"),
    ),
)

DERIVED = {
    "share_id": "key",
    "short": "label",
    "numerator": "the part",
    "denominator": "the whole",
    "value": "their share, in per cent",
    "lower": "lower limit of the interval, empty where none is due",
    "upper": "upper limit",
    "numerator_id": "fact of the part",
    "denominator_id": "fact of the whole",
    "numerator_locator": "its place in the source",
    "denominator_locator": "its place in the source",
    "note": "what to beware of",
}
"""Columns of the table of derived shares."""


def derive(facts: pd.DataFrame, authority: str, *, confidence: float = 0.95) -> pd.DataFrame:
    """Derive every share of :data:`SHARES` whose two facts are there and fit.

    Parameters
    ----------
    facts : pandas.DataFrame
        Tidy facts.
    authority : str
        Name of the authority.
    confidence : float, default 0.95
        Confidence of the intervals, a fraction between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`DERIVED`. Shares and limits in per cent, at
        full precision; limits by :func:`~kentstats.stats.intervals.wilson`,
        only where the cases are a sample of a process.

    Raises
    ------
    ValueError
        `confidence` is not between 0 and 1.

    Examples
    --------
    >>> from kentstats import load_facts
    >>> facts = load_facts(authority="Kent", edition=2010, kind="report")
    >>> shares = derive(facts, "Kent").set_index("share_id")
    >>> round(float(shares.loc["uasc-share", "value"]), 2)
    15.82
    """
    import pandas as pd

    ours = facts[facts["area_name"].eq(authority) & facts["qualifier"].eq("exact")]
    rows = []
    for share in SHARES:
        part, whole = (_one(ours, key) for key in (share.part, share.whole))
        # a part above its whole is the audit's to report; no share comes of it
        if part is None or whole is None or not 1 <= whole["value"] >= part["value"]:
            continue
        lower = upper = math.nan
        if share.sampled:
            limits = wilson(part["value"], whole["value"], confidence=confidence)
            lower, upper = (float(limit) * 100 for limit in limits)
        note = ""
        if part["period"] != whole["period"]:
            note = f"the part is counted {part['period']}, the whole {whole['period']}"
        rows.append(
            (
                share.id,
                share.short,
                part["value"],
                whole["value"],
                100 * part["value"] / whole["value"],
                lower,
                upper,
                part["fact_id"],
                whole["fact_id"],
                part["locator"],
                whole["locator"],
                note,
            )
        )
    return pd.DataFrame(rows, columns=list(DERIVED))


def _one(facts: pd.DataFrame, key: tuple[str, str]) -> pd.Series | None:
    indicator, group = key
    found = facts[facts["indicator"].eq(indicator) & facts["group"].eq(group)]
    return None if found.empty else found.iloc[0]
