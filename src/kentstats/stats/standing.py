"""How one authority stands among all: comparisons, ranks, trends.

What all authorities share is worked out once for each edition and
confidence; what is one authority's own is a selection from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kentstats.areas import Area
from kentstats.facts import Row, records
from kentstats.indicators import load_indicators
from kentstats.load import official_facts
from kentstats.sources.official import Official
from kentstats.stats.benchmark import Places, benchmarks, estimates
from kentstats.stats.places import neighbours_of, places_of
from kentstats.stats.ranks import rank, rank_interval
from kentstats.stats.trend import recent_trend, worded

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SERIES = ["indicator", "group"]

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


@dataclass(frozen=True, eq=False)
class Shared:
    """What every authority of an edition shares.

    Attributes
    ----------
    official : Official
        The edition.
    figures : pandas.DataFrame
        Every fact, with its estimate and limits.
    latest : pandas.DataFrame
        The facts of the latest period of every indicator and group.
    places : Places
        Regions, kinds, neighbours.
    neighbour_list : str
        The list of neighbours that covers the edition, by its month.
    benchmarks : pandas.DataFrame
        Every authority against every comparator, latest period.
    confidence : float
        Confidence of the limits.
    """

    official: Official
    figures: pd.DataFrame
    latest: pd.DataFrame
    places: Places
    neighbour_list: str
    benchmarks: pd.DataFrame
    confidence: float

    @cached_property
    def figures_95(self) -> pd.DataFrame:
        """Return the figures with limits at 95%, from which standard errors are taken."""
        return self.figures if self.confidence == 0.95 else estimates(self.figures)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """Return ranks and their intervals, latest period."""
        return ranks_of(latest_of(self.figures_95))


def share(official: Official, confidence: float = 0.95) -> Shared:
    """Work out what every authority of an edition shares; once for each edition.

    Parameters
    ----------
    official : Official
        The edition.
    confidence : float, default 0.95
        Confidence of the intervals and the first level of the verdicts.

    Returns
    -------
    Shared

    Raises
    ------
    ValueError
        `confidence` is not between 0 and 1.
    """
    return _share(_Key(official), confidence)


class _Key:
    """An edition by identity: its frames cannot be hashed."""

    def __init__(self, official: Official) -> None:
        self.official = official

    def __hash__(self) -> int:
        return id(self.official)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.official is self.official


@lru_cache(maxsize=8)
def _share(key: _Key, confidence: float) -> Shared:
    official = key.official
    facts = official_facts(official)
    # measures taken in under a name of their own are for analysts, not for briefings
    facts = facts[facts["indicator"].isin(list(load_indicators()))].reset_index(drop=True)
    figures = estimates(facts, confidence=confidence)
    latest = latest_of(figures)
    places = places_of(official, facts)
    return Shared(
        official,
        figures,
        latest,
        places,
        neighbours_of(official)[0],
        benchmarks(latest, places, confidence=confidence),
        confidence,
    )


def latest_of(facts: pd.DataFrame) -> pd.DataFrame:
    """Keep the latest period of every indicator and group, the same for all areas.

    Parameters
    ----------
    facts : pandas.DataFrame
        Tidy facts of official statistics.

    Returns
    -------
    pandas.DataFrame
        An authority without a figure for that period has none here: an
        older one is not put in its place.
    """
    ends = facts["period_end"].astype("int64").where(facts["period_end"].notna(), -1)
    keyed = facts.assign(_end=ends).sort_values(["_end", "period"], kind="stable")
    newest = keyed.groupby(SERIES, observed=True)["period"].transform("last")
    return facts[newest.reindex(facts.index).eq(facts["period"])].reset_index(drop=True)


def ranks_of(latest: pd.DataFrame) -> pd.DataFrame:
    """Rank the authorities, with the ranks that chance allows.

    Parameters
    ----------
    latest : pandas.DataFrame
        Facts with estimates and limits, one period for each indicator.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`RANKS`; no interval where there are no limits.
    """
    import pandas as pd

    mine = latest[latest["area_type"].eq("authority") & latest["estimate"].notna()]
    polarity = {name: one.polarity for name, one in load_indicators().items()}
    parts = []
    for (indicator, _), one in mine.groupby(SERIES, sort=True, observed=True):
        value = one["estimate"].to_numpy()
        sign = polarity.get(str(indicator), "none")
        low, high = rank_interval(
            value, one["lower"].to_numpy(), one["upper"].to_numpy(), polarity=sign
        )
        parts.append(
            one[[*SERIES, "period", "area_code"]].assign(
                rank=rank(value, polarity=sign), of=len(one), rank_low=low, rank_high=high
            )
        )
    if not parts:
        return pd.DataFrame(columns=list(RANKS))
    return pd.concat(parts, ignore_index=True)[list(RANKS)]


def trends_of(figures: pd.DataFrame) -> pd.DataFrame:
    """Find the recent trend of every area and indicator.

    Parameters
    ----------
    figures : pandas.DataFrame
        Facts of several periods with estimates and limits.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`TRENDS`. A trend rests on the figures of one
        source, that of the latest: another may define the measure otherwise.
        A period that names no year is in no trend.
    """
    import pandas as pd

    polarity = {name: one.polarity for name, one in load_indicators().items()}
    dated = figures.assign(_year=years_of(figures))
    ordered = dated[dated["_year"] >= 0].sort_values(
        [*SERIES, "area_code", "_year", "period_end", "period"], kind="stable"
    )
    latest = ordered.groupby([*SERIES, "area_code"], sort=False)["source_id"].transform("last")
    ordered = ordered[ordered["source_id"].eq(latest)].reset_index(drop=True)
    if ordered.empty:
        return pd.DataFrame(columns=list(TRENDS))
    rows = ordered.groupby([*SERIES, "area_code"], sort=False, observed=True).ngroup().to_numpy()
    # a year in between that nobody published is a gap in time, and counts as one
    year = ordered["_year"].to_numpy()
    column = year - year.min()
    shape = (rows.max() + 1, column.max() + 1)
    grids = []
    for name in ("estimate", "lower", "upper"):
        grid = np.full(shape, np.nan)
        grid[rows, column] = ordered[name].to_numpy()
        grids.append(grid)
    found = recent_trend(*grids)
    label = np.full(shape, "", dtype=object)
    label[rows, column] = ordered["period"].to_numpy()
    there = found.used.any(axis=1)
    row = np.arange(shape[0])
    keys = ordered.drop_duplicates([*SERIES, "area_code"])
    first = label[row, found.used.argmax(axis=1)]
    last = label[row, shape[1] - 1 - found.used[:, ::-1].argmax(axis=1)]
    signs = keys["indicator"].map(polarity).fillna("none").to_numpy(dtype=str)
    return (
        keys[[*SERIES, "area_code"]]
        .assign(
            first=np.where(there, first, ""),
            last=np.where(there, last, ""),
            direction=found.direction,
            words=worded(found.direction, signs),
        )[list(TRENDS)]
        .reset_index(drop=True)
    )


def years_of(facts: pd.DataFrame) -> NDArray[np.intp]:
    """Return the year in which the period of each fact ends; -1 where it names none."""
    labels = facts["period"].str.extract(r"^(\d{4})(?:/(\d{2}))?")
    named = labels[0].astype("float64") + labels[1].notna()
    years = facts["period_end"].dt.year.astype("float64").fillna(named).fillna(-1)
    whole: NDArray[np.intp] = years.to_numpy(dtype=np.float64).astype(np.intp)
    return whole


@dataclass(frozen=True, eq=False)
class Standing:
    """How one authority stands.

    Attributes
    ----------
    area : Area
        The authority.
    shared : Shared
        What it shares with all others.
    """

    area: Area
    shared: Shared

    @cached_property
    def latest(self) -> pd.DataFrame:
        """Its facts of the latest periods, those counted together with others too."""
        return self._of(self.shared.latest)

    @cached_property
    def benchmarks(self) -> pd.DataFrame:
        """Its comparisons."""
        return self._of(self.shared.benchmarks)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """Its ranks."""
        return self._of(self.shared.ranks)

    @cached_property
    def trends(self) -> pd.DataFrame:
        """Its recent trends."""
        return trends_of(self._of(self.shared.figures_95))

    @property
    def combined(self) -> list[Area]:
        """The joined areas that it is part of, by their facts."""
        from kentstats.areas import load_areas

        codes = self.shared.latest["area_code"].unique()
        joined = [code for code in codes if "/" in code and self.area.code in code]
        found = [load_areas().combined(code) for code in joined]
        return [area for area in found if area]

    def _of(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["area_code"].eq(self.area.code)].reset_index(drop=True)

    @cached_property
    def _facts(self) -> dict[str, dict[tuple[str, str], Row]]:
        return {}

    def facts(self, code: str) -> dict[tuple[str, str], Row]:
        """Return the latest facts of an area by indicator and group; looked up once."""
        if code not in self._facts:
            latest = self.shared.latest
            rows = records(latest[latest["area_code"].eq(code)])
            self._facts[code] = {(row["indicator"], row["group"]): row for row in rows}
        return self._facts[code]

    def everyone(self, indicator: str, group: str = "all") -> pd.DataFrame:
        """Return the facts of every authority for one indicator, latest period."""
        latest = self.shared.latest
        chosen = latest["indicator"].eq(indicator) & latest["group"].eq(group)
        return latest[chosen & latest["area_type"].eq("authority")].reset_index(drop=True)

    def neighbours(self) -> list[str]:
        """Return the codes of its statistical neighbours, the closest first."""
        return list(self.shared.places.neighbours.get(self.area.code, []))
