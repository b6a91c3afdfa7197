"""Checks of official statistics against themselves, a row for each check and measure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kentstats.indicators import load_indicators
from kentstats.schemas import SCALE
from kentstats.stats.consistency import AGREES, CANNOT_TELL, CHECKS, DISAGREES

if TYPE_CHECKING:
    import pandas as pd

COUNTRY = "E92000001"
SERIES = ["indicator", "group", "period"]


def check_edition(facts: pd.DataFrame) -> pd.DataFrame:
    """Check the figures of an edition of official statistics.

    Parameters
    ----------
    facts : pandas.DataFrame
        Tidy facts of official statistics, all areas.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`kentstats.stats.consistency.CHECKS`, one row for each
        measure and check: whether a published percentage or rate is that of
        its two numbers, and whether the authorities add up to England. What
        cannot be told (numbers withheld, none published) says so.

    Examples
    --------
    >>> from kentstats import load_facts
    >>> checks = check_edition(load_facts(edition=2025, kind="official"))
    >>> checks["result"].isin(["agrees", "disagrees", "cannot tell"]).all().item()
    True
    """
    import pandas as pd

    rows = [
        check(series)
        for _, series in facts.groupby(["indicator", "group"], sort=True, observed=True)
        for check in (_ratio, _sum)
    ]
    return pd.DataFrame([row for row in rows if row], columns=list(CHECKS))


def _named(areas: pd.DataFrame) -> str:
    if len(areas) > 3:
        return f"{len(areas):,} authorities"
    return " and ".join(areas["area_name"])


def _row(
    check: str,
    series: pd.DataFrame,
    result: str,
    message: str,
    example: pd.DataFrame,
    sum_: str = "",
) -> dict[str, str]:
    first = series.iloc[0]
    name = load_indicators().get(first["indicator"])
    subject = name.short if name else str(first["indicator"])
    if first["group"] != "all":
        subject += f", {'asylum-seeking' if first['group'] == 'uasc' else first['group']}"
    return {
        "check": check,
        "subject": subject,
        "result": result,
        "arithmetic": sum_,
        "message": message,
        "locators": "; ".join(example["locator"].head(5)),
        "fact_ids": " ".join(example["fact_id"].head(5)),
    }


def _ratio(series: pd.DataFrame) -> dict[str, str] | None:
    """Compare a published percentage or rate with that of its two numbers."""
    scale = SCALE.get(str(series["unit"].iloc[0]))
    both = series[series["numerator"].notna() & series["denominator"].gt(0)]
    if scale is None or both.empty:
        return None
    worked = scale * both["numerator"] / both["denominator"]
    slack = (
        scale
        * both["count_rounding"]
        / both["denominator"]
        * (1 + both["numerator"] / both["denominator"])
    )
    # the table keeps ten digits; the rest is no disagreement
    off = (both["value"] - worked).abs() > both["rounding"] + slack.fillna(0) + 1e-8 * worked + 1e-9
    wrong = both[off]
    check = "figure and its two numbers"
    if wrong.empty:
        message = f"All {len(both):,} figures are those of their numbers, within rounding."
        return _row(check, series, AGREES, message, both.head(0))
    first = wrong.iloc[0]
    arithmetic = (
        f"{first['numerator']:g} / {first['denominator']:g} × {scale:g} = "
        f"{scale * first['numerator'] / first['denominator']:.2f}, published {first['value']:g}"
    )
    message = (
        f"{len(wrong):,} of {len(both):,} figures are not those of their numbers, the first for "
        f"{first['area_name']}, {first['period']}."
    )
    return _row(check, series, DISAGREES, message, wrong, arithmetic)


def _sum(series: pd.DataFrame) -> dict[str, str] | None:
    """Compare England's count with the sum of the authorities', latest period."""
    if series["unit"].iloc[0] == "count":
        count, slack = "value", "rounding"
    elif series["numerator"].notna().any():
        count, slack = "numerator", "count_rounding"
    else:
        return None
    latest = series[series["period"].eq(series["period"].max())]
    parts = latest[latest["area_type"].isin(["authority", "combined"])]
    whole = latest[latest["area_code"].eq(COUNTRY)]
    check = "authorities and England"
    if whole.empty or whole[count].isna().any():
        return _row(check, series, CANNOT_TELL, "England has no count.", whole)
    absent = parts[parts[count].isna() & ~parts["status"].eq("not_applicable")]
    total, england = float(parts[count].sum()), float(whole[count].iloc[0])
    room = float(whole[slack].fillna(0).iloc[0]) + float(parts[slack].fillna(0).sum())
    arithmetic = f"{total:,.10g} against {england:,.10g}"
    if total > england + room + 1e-6:
        message = "The authorities add up to more than England."
        return _row(check, series, DISAGREES, message, whole, arithmetic)
    if len(absent):
        message = f"No count for {_named(absent)}, so the sum cannot be told."
        return _row(check, series, CANNOT_TELL, message, whole, arithmetic)
    if total < england - room - 1e-6:
        message = "The authorities add up to less than England."
        return _row(check, series, DISAGREES, message, whole, arithmetic)
    return _row(check, series, AGREES, "The authorities add up to England.", whole, arithmetic)
