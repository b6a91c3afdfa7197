"""Recent trends: the slope of the five latest points, and whether it is beyond chance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kentstats.indicators import load_indicators
from kentstats.stats.intervals import aligned, refuse
from kentstats.stats.verdicts import polarity_sign

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from kentstats.stats.intervals import Floats

POINTS = 5
CRITICAL = 9.549536
"""Chi-squared with one degree of freedom, at 99.8%."""
WIDTH = 3.92
"""Width of a 95% interval, in standard errors."""

INCREASING, DECREASING = "increasing", "decreasing"
NO_CHANGE, NOT_CALCULATED = "no significant change", "not calculated"


TRENDS = {
    "indicator": "key into the indicator catalogue",
    "group": "subgroup",
    "area_code": "the area",
    "first": "the earliest period used",
    "last": "the latest",
    "direction": "increasing, decreasing, no significant change, not calculated",
    "words": "getting better or worse, where the indicator has polarity",
}
"""Columns of the table of recent trends."""


class Trend(NamedTuple):
    """Recent trends, one an area; numbers are nan where they are not calculated."""

    direction: NDArray[np.str_]
    """``increasing``, ``decreasing``, ``no significant change`` or ``not calculated``."""
    slope: Floats
    """Change a period, in the unit of the values."""
    chi2: Floats
    """Square of the slope over its standard error."""
    used: NDArray[np.bool_]
    """Areas by periods: the points that the slope rests on."""


def recent_trend(values: ArrayLike, lower: ArrayLike, upper: ArrayLike) -> Trend:
    """Find the recent trend of each area.

    The slope is fitted to the five latest points that have a value and both
    limits, wherever they lie in time, each weighted by its standard error.
    It is a trend where its chi-squared exceeds :data:`CRITICAL` and it keeps
    its sign with each of the five left out in turn.

    Parameters
    ----------
    values, lower, upper : array_like
        Values and their 95% limits, areas by periods (or one area's
        periods), the latest last; equally spaced, nan where missing.

    Returns
    -------
    Trend
        ``not calculated`` where there are fewer than five points, or where
        an interval among the five has no width: a standard error of 0 would
        make that point outweigh the rest without end.

    Raises
    ------
    ValueError
        Values without periods, a lower limit above the upper, or shapes that
        do not fit.

    References
    ----------
    Public Health England. Public Health Technical Guidance: Fingertips trend
    markers, section on recent trends. (It tests proportions in another way.)

    Examples
    --------
    >>> values = [3.0, 10.0, 12.0, 14.0, float("nan"), 18.0, 20.0]
    >>> trend = recent_trend(values, [v - 1.96 for v in values], [v + 1.96 for v in values])
    >>> str(trend.direction), round(float(trend.slope), 6), round(float(trend.chi2), 6)
    ('increasing', 2.0, 68.8)
    >>> trend.used.tolist()
    [False, True, True, True, False, True, True]
    """
    value, low, high = aligned(values=values, lower=lower, upper=upper)
    refuse(value.ndim == 0, "values has no periods: give areas by periods, the latest last")
    refuse(low > high, "lower is above upper: give the lower limit first")
    valid = ~np.isnan(value + low + high)
    # how many valid points there are from each to the latest
    since = np.cumsum(valid[..., ::-1], axis=-1)[..., ::-1]
    used = valid & (since <= POINTS)
    enough = (used.sum(axis=-1) == POINTS) & ~(used & (low == high)).any(axis=-1)
    used &= enough[..., None]
    slope, chi2 = np.full(enough.shape, np.nan), np.full(enough.shape, np.nan)
    steady = np.zeros(enough.shape, np.bool_)
    if enough.any():
        places = np.nonzero(used)[-1].reshape(-1, POINTS).astype(np.float64)
        points, width = (each[used].reshape(-1, POINTS) for each in (value, high - low))
        slope[enough], chi2[enough], steady[enough] = _fit(places, points, width / WIDTH)
    moved = steady & (chi2 > CRITICAL)
    direction = np.select(
        [~enough, moved & (slope > 0), moved & (slope < 0)],
        [NOT_CALCULATED, INCREASING, DECREASING],
        NO_CHANGE,
    )
    return Trend(direction, slope, chi2, used)


def trends_of(figures: pd.DataFrame) -> pd.DataFrame:
    """Find the recent trend of every area and indicator.

    Facts have several periods, estimates and limits; the table has the columns of
    :data:`TRENDS`. A trend rests on the figures of one source, that of the
    latest: another may define the measure otherwise. A period that names no year
    is in no trend.
    """
    import pandas as pd

    key = ["indicator", "group", "area_code"]
    facts = figures.assign(year=years_of(figures))
    facts = facts[facts["year"] >= 0].sort_values([*key, "year", "period_end", "period"])
    if facts.empty:
        return pd.DataFrame(columns=list(TRENDS))
    newest = facts.groupby(key, observed=True)["source_id"].transform("last")
    facts = facts[facts["source_id"].eq(newest)].drop_duplicates([*key, "year"], keep="last")
    columns = ["estimate", "lower", "upper", "period"]
    wide: Any = facts.set_index([*key, "year"])[columns].unstack("year")
    # a year in between that nobody published is a gap in time, and counts as one
    years = range(facts["year"].min(), facts["year"].max() + 1)
    value, lower, upper, period = (
        wide[name].reindex(columns=years).to_numpy(dtype=object if name == "period" else np.float64)
        for name in columns
    )
    found = recent_trend(value, lower, upper)
    calculated, row = found.used.any(axis=1), np.arange(len(wide))
    first, last = found.used.argmax(axis=1), len(years) - 1 - found.used[:, ::-1].argmax(axis=1)
    made: pd.DataFrame = wide.index.to_frame(index=False)
    polarity = {name: one.polarity for name, one in load_indicators().items()}
    sign = polarity_sign(made["indicator"].map(polarity).fillna("none").to_numpy(dtype=str))
    gain = sign * ((found.direction == INCREASING) * 1 - (found.direction == DECREASING))
    return made.assign(
        first=np.where(calculated, period[row, first], ""),
        last=np.where(calculated, period[row, last], ""),
        direction=found.direction,
        words=np.select([gain > 0, gain < 0], ["getting better", "getting worse"], found.direction),
    )[list(TRENDS)]


def is_latest(facts: pd.DataFrame) -> pd.Series:
    """Tell which facts are of the latest period of their indicator and group, for all areas."""
    ordered = facts.sort_values(["period_end", "period"], kind="stable", na_position="first")
    newest = ordered.groupby(["indicator", "group"], observed=True)["period"].transform("last")
    return newest.reindex(facts.index).eq(facts["period"])


def years_of(facts: pd.DataFrame) -> NDArray[np.intp]:
    """Return the year in which the period of each fact ends; -1 where it names none."""
    import pandas as pd

    codes, labels = pd.factorize(facts["period"])
    found = [re.match(r"(\d{4})(/\d{2})?", str(label)) for label in labels]
    named = np.array([int(one[1]) + bool(one[2]) if one else -1 for one in found] + [-1])[codes]
    years = facts["period_end"].dt.year.to_numpy(dtype=np.float64)
    whole: NDArray[np.intp] = np.where(np.isnan(years), named, years).astype(np.intp)
    return whole


def _fit(x: Floats, y: Floats, error: Floats) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Fit each row; slope, chi-squared, and whether leaving a point out keeps the sign."""
    # weights relative to the surest point, so that small errors do not overflow
    surest = error.min(axis=-1, keepdims=True)
    weight = (surest / error) ** 2
    slope, spread = _slope(x, y, weight)
    chi2 = (slope / surest[:, 0]) ** 2 * spread
    without = weight[:, None, :] * (1 - np.eye(POINTS))
    left, _ = _slope(x[:, None, :], y[:, None, :], without)
    return slope, chi2, (np.sign(left) == np.sign(slope)[:, None]).all(axis=-1)


def _slope(x: Floats, y: Floats, weight: Floats) -> tuple[Floats, Floats]:
    total = weight.sum(axis=-1, keepdims=True)
    across = x - (weight * x).sum(axis=-1, keepdims=True) / total
    up = y - (weight * y).sum(axis=-1, keepdims=True) / total
    spread = (weight * across**2).sum(axis=-1)
    return (weight * across * up).sum(axis=-1) / spread, spread
