"""How one authority stands among all: comparisons, ranks, trends.

What all authorities share is worked out once for each edition and
confidence; what is one authority's own is a selection from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.areas import Area
from kentstats.aside import aside, large
from kentstats.indicators import load_indicators
from kentstats.ingest.edition import OfficialStatistics, Publication
from kentstats.load import official_facts
from kentstats.schemas import FACTS, Row
from kentstats.stats.answers import Answers, Series, key_of
from kentstats.stats.benchmarks import Comparing, Places, estimates
from kentstats.stats.places import neighbours_of, places_of
from kentstats.stats.ranks import rank, rank_interval
from kentstats.stats.trends import recent_trend, worded

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SERIES = ["indicator", "group"]
_LIMITS = ("estimate", "lower", "upper")
_OF_TRENDS = [*SERIES, "area_code", "source_id", "period", "period_end", *_LIMITS]

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
    official : OfficialStatistics
        The edition.
    every : pandas.DataFrame
        Every fact, whether it is of the latest period, and then its
        estimate and limits.
    figures : pandas.DataFrame
        The same, but for measures that the catalogue does not know.
    latest : pandas.DataFrame
        The facts of the latest period of every indicator and group.
    places : Places
        Regions, kinds, neighbours.
    neighbour_list : str
        The list of neighbours that covers the edition, by its month.
    comparing : Comparing
        What compares an authority with its comparators, latest period.
    confidence : float
        Confidence of the limits.
    """

    official: OfficialStatistics
    every: pd.DataFrame
    figures: pd.DataFrame
    latest: pd.DataFrame
    places: Places
    neighbour_list: str
    comparing: Comparing
    confidence: float

    @cached_property
    def benchmarks(self) -> pd.DataFrame:
        """Return every authority against every comparator, latest period."""
        return self.comparing.all()

    @cached_property
    def figures_95(self) -> pd.DataFrame:
        """Return the figures with limits at 95%, from which standard errors are taken."""
        return self.figures if self.confidence == 0.95 else estimates(self.figures)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """Return ranks and their intervals, latest period."""
        latest = self.latest if self.confidence == 0.95 else latest_of(self.figures_95)
        return aside(ranks_of(latest))

    @cached_property
    def trends(self) -> pd.DataFrame:
        """Return the recent trends of every area."""
        return aside(trends_of(self.figures_95))

    @cached_property
    def answers(self) -> Answers:
        """Return what answers the questions of every authority."""
        return Answers(self)

    def prepare(self) -> Shared:
        """Work out all that waits to be asked for, before processes part that share it."""
        self.answers.prepare()
        return self


def share(official: OfficialStatistics, confidence: float = 0.95) -> Shared:
    """Work out what every authority of an edition shares; once for each edition.

    Parameters
    ----------
    official : OfficialStatistics
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

    def __init__(self, official: OfficialStatistics) -> None:
        self.official = official

    def __hash__(self) -> int:
        return id(self.official)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.official is self.official


@lru_cache(maxsize=8)
def _share(key: _Key, confidence: float) -> Shared:
    official = key.official
    every = estimates(official_facts(official), confidence=confidence)
    # measures taken in under a name of their own are for analysts, not for briefings
    known = every["indicator"].isin(list(load_indicators()))
    every = every.assign(latest=known & _is_latest(every))
    given = [name for name in FACTS if name != "upper"]
    every = every[[*given, "latest", *(name for name in every if name not in {*given, "latest"})]]
    every = aside(every)
    figures = every if known.all() else aside(every[known].reset_index(drop=True))
    newest = figures["latest"]
    latest = figures if newest.all() else aside(figures[newest].reset_index(drop=True))
    places = places_of(official, figures)
    return Shared(
        official,
        every,
        figures,
        latest,
        places,
        neighbours_of(official)[0],
        Comparing(latest, places, confidence=confidence),
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
    return facts[_is_latest(facts)].reset_index(drop=True)


def _is_latest(facts: pd.DataFrame) -> pd.Series:
    ends = facts["period_end"].astype("int64").where(facts["period_end"].notna(), -1)
    keyed = facts[[*SERIES, "period"]].assign(_end=ends)
    keyed = keyed.sort_values(["_end", "period"], kind="stable")
    newest = keyed.groupby(SERIES, observed=True)["period"].transform("last")
    return newest.reindex(facts.index).eq(facts["period"])


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

    chosen = latest["area_type"].eq("authority") & latest["estimate"].notna()
    # not the whole table: it may be laid aside
    mine = latest[[*SERIES, "period", "area_code", *_LIMITS]][chosen]
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

    if large(figures):
        # measure by measure, since all at once they need much room
        parts = figures.groupby(SERIES, sort=True, observed=True).indices.values()
        wanted = figures[_OF_TRENDS]
        return pd.concat([_trends_of(wanted.iloc[at]) for at in parts], ignore_index=True)
    return _trends_of(figures)


def _trends_of(figures: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    polarity = {name: one.polarity for name, one in load_indicators().items()}
    year = years_of(figures)
    ordered = figures[_OF_TRENDS]
    ordered, year = ordered[year >= 0], year[year >= 0]
    if ordered.empty:
        return pd.DataFrame(columns=list(TRENDS))
    # sorted by codes: texts of some thousand rows are slow to compare
    keys = [pd.factorize(ordered[name], sort=True)[0] for name in (*SERIES, "area_code")]
    end = ordered["period_end"].to_numpy(dtype="datetime64[ms]").astype(np.int64)
    undated = ordered["period_end"].isna().to_numpy(dtype=bool)
    end = np.where(undated, np.iinfo(np.int64).max, end)
    period = pd.factorize(ordered["period"], sort=True)[0]
    order = np.lexsort((period, end, year, *reversed(keys)))
    ordered, year = ordered.iloc[order], year[order]
    new = np.any([np.diff(key[order], prepend=-1) != 0 for key in keys], axis=0)
    rows = np.cumsum(new) - 1
    source = pd.factorize(ordered["source_id"])[0]
    newest = source[np.append(np.flatnonzero(new)[1:], len(new)) - 1]
    kept = source == newest[rows]
    ordered, year, rows = ordered[kept], year[kept], rows[kept]
    # a year in between that nobody published is a gap in time, and counts as one
    column = year - year.min()
    shape = (rows.max() + 1, column.max() + 1)
    grids = []
    for name in _LIMITS:
        grid = np.full(shape, np.nan)
        grid[rows, column] = ordered[name].to_numpy()
        grids.append(grid)
    found = recent_trend(*grids)
    label = np.full(shape, "", dtype=object)
    label[rows, column] = ordered["period"].to_numpy()
    there = found.used.any(axis=1)
    row = np.arange(shape[0])
    named = ordered.iloc[np.flatnonzero(np.diff(rows, prepend=-1))]
    first = label[row, found.used.argmax(axis=1)]
    last = label[row, shape[1] - 1 - found.used[:, ::-1].argmax(axis=1)]
    signs = named["indicator"].map(polarity).fillna("none").to_numpy(dtype=str)
    made: pd.DataFrame = (
        named[[*SERIES, "area_code"]]
        .assign(
            first=np.where(there, first, ""),
            last=np.where(there, last, ""),
            direction=found.direction,
            words=worded(found.direction, signs),
        )[list(TRENDS)]
        .reset_index(drop=True)
    )
    return made


def years_of(facts: pd.DataFrame) -> NDArray[np.intp]:
    """Return the year in which the period of each fact ends; -1 where it names none."""
    import pandas as pd

    codes, labels = pd.factorize(facts["period"])
    found = [re.match(r"(\d{4})(/\d{2})?", str(label)) for label in labels]
    named = np.array([int(one[1]) + bool(one[2]) if one else -1 for one in found] + [-1])[codes]
    years = facts["period_end"].dt.year.to_numpy(dtype=np.float64)
    whole: NDArray[np.intp] = np.where(np.isnan(years), named, years).astype(np.intp)
    return whole


class Standing:
    """How one authority stands, and a note of all that was asked.

    Whatever a briefing says of official statistics it has asked here. So what
    is noted is all that it was made from, and another change is none to it.

    Parameters
    ----------
    area : Area
        The authority.
    shared : Shared
        What it shares with all others.

    Examples
    --------
    >>> from kentstats.areas import find_area
    >>> from kentstats.load import open_official
    >>> kent = Standing(find_area("Kent"), share(open_official("2010")))
    >>> kent.rank("health-assessments")["of"]
    151
    >>> list(kent.used)
    ['area', 'rank/health-assessments/all']
    """

    def __init__(self, area: Area, shared: Shared) -> None:
        self.area = area
        self._shared = shared
        self._used: dict[str, str] = {}
        self._told: dict[str, Any] = {}
        self._noting: list[set[str]] = []
        self._checked: dict[str, str] = {}
        self._years: dict[str, list[Row]] = {}
        self._behind_years: dict[str, set[str]] = {}
        self._latest: dict[str, dict[Series, Row]] = {}
        self._ask("area")

    @property
    def used(self) -> Mapping[str, str]:
        """What was asked so far: keys, sorted, each with the digest of its answer."""
        return MappingProxyType(dict(sorted(self._used.items())))

    @contextmanager
    def noting(self) -> Iterator[set[str]]:
        """Note by itself what is asked within a block, whether or not it was asked before.

        Yields
        ------
        set of str
            Filled with the keys.
        """
        asked = {"area"}  # of which nothing is asked again
        self._noting.append(asked)
        try:
            yield asked
        finally:
            self._noting.pop()

    def _note(self, keys: Iterable[str]) -> None:
        for asked in self._noting:
            asked.update(keys)

    def is_told_again(self, told: Mapping[str, str]) -> bool:
        """Tell whether what was told once would be told again; then it counts as asked.

        Parameters
        ----------
        told : mapping of str to str
            Keys, each with the digest of the answer.
        """
        for key in told.keys() - self._used.keys() - self._checked.keys():
            self._checked[key] = self._shared.answers.digest(self.area, key)
        now = {**self._checked, **self._used}
        if any(not digest or now[key] != digest for key, digest in told.items()):
            return False
        self._used.update(told)
        self._note(told)
        return True

    def _ask(self, *parts: str) -> Any:
        key = key_of(*parts)
        self._note([key])
        if key not in self._told:
            self._told[key], self._used[key] = self._shared.answers.answer(self.area, key)
        return self._told[key]

    @property
    def country(self) -> str:
        """The code of England."""
        return self._shared.places.country

    # figures of areas

    def years(self, code: str = "") -> list[Row]:
        """Return the facts of an area, of all periods; the authority's by default."""
        code = code or self.area.code
        if code not in self._years:
            known = load_indicators()
            with self.noting() as asked:
                rows = [
                    row
                    for series in self._ask("measures", code)
                    if series[0] in known
                    for row in self._ask("facts", code, *series)
                ]
            self._years[code] = sorted(rows, key=lambda row: str(row["fact_id"]))
            self._behind_years[code] = asked
        self._note(self._behind_years[code])
        return self._years[code]

    def facts(self, code: str = "") -> dict[Series, Row]:
        """Return the latest facts of an area by indicator and group."""
        code = code or self.area.code
        years = self.years(code)
        if code not in self._latest:
            self._latest[code] = {
                (row["indicator"], row["group"]): row for row in years if row["latest"]
            }
        return self._latest[code]

    def trends(self) -> dict[Series, Row]:
        """Return its recent trends by indicator and group: they follow from its own facts."""
        self.years()
        return self._shared.answers.trends(self.area.code)

    def combined(self) -> list[Area]:
        """Return the joined areas that it is part of, by their facts."""
        found: list[Area] = self._ask("joined")
        return found

    def note_table(self) -> None:
        """Note all that the table of figures beside a briefing holds."""
        for code in self._shared.answers.beside(self.area):
            for series in self._ask("measures", code):
                self._ask("facts", code, *series)

    def name(self, code: str) -> str:
        """Return the name of another area; empty where there is none."""
        return str(self._ask("name", code))

    # against others

    def comparison(self, indicator: str, group: str, comparator: str) -> Row | None:
        """Return a comparison of its latest figure, with the facts behind the comparator.

        Parameters
        ----------
        indicator, group : str
            The measure.
        comparator : str
            One of :data:`kentstats.stats.benchmarks.COMPARATORS`.

        Returns
        -------
        mapping or None
            Columns of :data:`kentstats.stats.benchmarks.COLUMNS`, and the ids
            and sources of the facts of those who were summed up; None where
            the authority has no such fact.
        """
        row: Row | None = self._ask("benchmarks", indicator, group, comparator)
        return row

    def rank(self, indicator: str, group: str = "all") -> Row | None:
        """Return its place among all, with the facts of all who have one; None without a figure."""
        row: Row | None = self._ask("rank", indicator, group)
        return row

    def spread(
        self, indicator: str, group: str = "all"
    ) -> tuple[float, float, float, float] | None:
        """Return the least, the quartiles and the most of all; None where only few have a figure.

        See :data:`kentstats.stats.answers.SPREAD_OF`.
        """
        told: tuple[float, float, float, float] | None = self._ask("spread", indicator, group)
        return told

    def everyone(self, indicator: str, group: str = "all") -> pd.DataFrame:
        """Return the latest figure of every authority, for a picture of all of them."""
        told: pd.DataFrame = self._ask("everyone", indicator, group)
        return told

    def neighbours(self) -> dict[str, str]:
        """Return its statistical neighbours, the closest first: names by code.

        A name is empty where the edition has no figure of the neighbour.
        """
        told: dict[str, str] = self._ask("neighbours")
        return told

    def near(self, indicator: str, group: str) -> list[tuple[str, Row | None, str]]:
        """Return code, latest fact and verdict against England of each neighbour."""
        told: list[tuple[str, Row | None, str]] = self._ask("near", indicator, group)
        return told

    # judgements, sources and the edition

    def judgements(self) -> list[Row]:
        """Return its latest judgements, in order."""
        told: list[Row] = self._ask("judgements")
        return told

    def source(self, source_id: str) -> Publication:
        """Return a source, without the checksum of its file."""
        told: Publication = self._ask("source", source_id)
        return told

    def sources(self) -> list[Publication]:
        """Return the sources of what its briefing gives."""
        told: list[Publication] = self._ask("sources")
        return told

    @property
    def span(self) -> tuple[int, int]:
        """First and last year of the edition."""
        first, last = self._ask("edition")["years"]
        return first, last

    @property
    def judged(self) -> bool:
        """Whether the edition has judgements of anyone."""
        return bool(self._ask("edition")["judged"])

    @property
    def neighbour_list(self) -> str:
        """The list of neighbours that covers the edition, by its month; empty where none does."""
        return str(self._ask("edition")["neighbours"])
