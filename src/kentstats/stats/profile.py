"""One authority among all others: its figures, comparisons, ranks and trends.

:class:`EditionStatistics` holds the tables of a whole edition, one row per
area, indicator and (where there is one) comparator. An
:class:`AuthorityProfile` is a selection from them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from kentstats.areas import Area
from kentstats.indicators import load_indicators
from kentstats.ingest.edition import OfficialStatistics, Publication, official_facts
from kentstats.schemas import Row, records
from kentstats.stats.benchmarks import Places, comparisons
from kentstats.stats.intervals import estimates
from kentstats.stats.ranks import distributions_of, ranks_of
from kentstats.stats.trends import is_latest, trends_of
from kentstats.stats.verdicts import NOT_COMPARED

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TABLES = ("facts", "latest", "comparisons", "ranks", "trends")
Series = tuple[str, str]
"""An indicator and a group."""
_OWN = [
    *("fact_id", "value", "unit", "numerator", "denominator", "rounding", "status"),
    *("source_id", "locator"),
]


@dataclass(frozen=True, eq=False)
class EditionStatistics:
    """The tables of an edition of official statistics, all areas together.

    ``facts`` has every fact of an indicator of the catalogue, with ``latest``
    (whether it is of the latest period), its ``estimate`` and its limits at the
    ``confidence``; ``latest`` has those of the latest period of every indicator
    and group.
    """

    official: OfficialStatistics
    facts: pd.DataFrame
    latest: pd.DataFrame
    places: Places
    confidence: float

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Every authority's latest figures against every comparator."""
        return comparisons(self.latest, self.places, confidence=self.confidence)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """Ranks of the latest figures, columns of :data:`RANKS`."""
        return ranks_of(self._facts_95[self.facts["latest"]])

    @cached_property
    def trends(self) -> pd.DataFrame:
        """Recent trends of every area, columns of :data:`TRENDS`."""
        return trends_of(self._facts_95)

    @cached_property
    def _facts_95(self) -> pd.DataFrame:
        """The facts with limits at 95%, from which standard errors are taken."""
        return self.facts if self.confidence == 0.95 else estimates(self.facts)

    def prepare(self) -> None:
        """Compute every table, for instance before worker processes are forked."""
        for name in ("positions", "contributors", "england_verdicts", "quartiles"):
            getattr(self, name)

    def of_area(self, table: str, code: str) -> pd.DataFrame:
        """Return the rows of one area in one of :data:`TABLES`."""
        frame: pd.DataFrame = getattr(self, table)
        return frame.take(self.positions[table].get(code, []))

    @cached_property
    def positions(self) -> dict[str, dict[str, NDArray[np.intp]]]:
        """Positions of the rows of each area in each table."""
        return {name: getattr(self, name).groupby("area_code").indices for name in TABLES}

    @cached_property
    def contributors(self) -> dict[Series, list[tuple[str, str, str]]]:
        """Code, fact and source of every authority with a figure, by indicator and group."""
        # plain rows: every cell of a table looks them up
        found = defaultdict[Series, list[tuple[str, str, str]]](list)
        rows = self.latest[self.latest["area_type"].eq("authority")].dropna(subset="estimate")
        names = ["indicator", "group", "area_code", "fact_id", "source_id"]
        for indicator, group, *contributor in rows[names].itertuples(index=False, name=None):
            found[indicator, group].append(tuple(contributor))
        return found

    @cached_property
    def england_verdicts(self) -> dict[Hashable, Any]:
        """Verdicts against England by area code, indicator and group."""
        rows = self.comparisons[self.comparisons["comparator"].eq("england")]
        return rows.set_index(["area_code", "indicator", "group"])["verdict"].to_dict()

    @cached_property
    def quartiles(self) -> dict[Hashable, Any]:
        """Least, quartiles and most of the authorities, by indicator and group."""
        return distributions_of(self.latest).T.to_dict("list")


def edition_statistics(official: OfficialStatistics, confidence: float = 0.95) -> EditionStatistics:
    """Compute the statistics of an edition; the same object for the same edition.

    The confidence is that of the intervals, and the first level of the verdicts.
    """
    # kept with the edition, which cannot be hashed by its content
    known: dict[float, EditionStatistics] = official.__dict__.setdefault("_statistics", {})
    if confidence not in known:
        facts = official_facts(official)
        # indicators that only this edition's files name are for analysts, not for briefings
        facts = facts[facts["indicator"].isin(list(load_indicators()))].reset_index(drop=True)
        facts = estimates(facts.assign(latest=is_latest(facts)), confidence=confidence)
        facts = facts.drop(columns=["rounding_error", "lower_998", "upper_998"])
        latest = facts[facts["latest"]].reset_index(drop=True)
        places = find_places(official, facts)
        known[confidence] = EditionStatistics(official, facts, latest, places, confidence)
    return known[confidence]


def find_places(official: OfficialStatistics, facts: pd.DataFrame) -> Places:
    """Find the regions, types and statistical neighbours of an edition's authorities.

    Codes are those that areas have on the day of the edition; an area is a
    neighbour once, and never its own.
    """
    register, day = official.register, official.day
    codes = sorted(facts["area_code"].unique())
    areas = [(code, register.by_code(code) or register.combined(code)) for code in codes]
    own = [(code, area) for code, area in areas if area and area.type in {"authority", "combined"}]
    lists = sorted({row["list"] for row in official.neighbours})
    name = _covering(lists, day)
    near = defaultdict[str, list[str]](list)
    for row in sorted(official.neighbours, key=lambda row: (row["area_code"], row["position"])):
        if row["list"] == name:
            code, other = (register.on(row[key], day) for key in ("area_code", "neighbour_code"))
            if other not in (code, *near[code]):
                near[code].append(other)
    ends = facts.groupby("period")["period_end"].max().dropna()
    return Places(
        region={code: area.region for code, area in own},
        kind={code: area.kind for code, area in own if area.type == "authority"},
        neighbours=dict(near),
        covered=frozenset(
            str(period)
            for period, end in ends.items()
            if name and _covering(lists, end.date()) == name
        ),
        neighbour_list=name,
    )


def _covering(lists: list[str], ends: dt.date) -> str:
    """Return the latest list of neighbours of a year not after that day; empty without one.

    Lists are named by the month of their publication.
    """
    return max((each for each in lists if int(each[:4]) <= ends.year), default="")


def neighbour_source(list_name: str) -> str:
    """Return the id of the source of a list of neighbours."""
    return f"statistical-neighbours-{list_name}"


@lru_cache(maxsize=1024)
def _latest_facts(statistics: EditionStatistics, code: str) -> dict[Series, Row]:
    return _by_series(statistics.of_area("latest", code))


def _by_series(frame: pd.DataFrame) -> dict[Series, Row]:
    return {(row["indicator"], row["group"]): row for row in records(frame)}


class AuthorityProfile:
    """One authority among all others of an edition.

    Parameters
    ----------
    area : Area
        The authority.
    statistics : EditionStatistics
        The tables of the edition.

    Examples
    --------
    >>> from kentstats.areas import find_area
    >>> from kentstats.load import open_official
    >>> official = open_official("2010")
    >>> kent = AuthorityProfile(find_area("Kent"), edition_statistics(official))
    >>> kent.rank("health-assessments")["of"]
    151
    >>> kent.comparisons.query("comparator == 'england'")["verdict"].eq("worse").sum().item()
    8
    """

    def __init__(self, area: Area, statistics: EditionStatistics) -> None:
        self.area = area
        self.statistics = statistics
        self.official = statistics.official
        self.places = statistics.places
        self.country = statistics.places.country
        self._neighbours = statistics.places.neighbours.get(area.code, [])

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Its latest figures, one row per indicator and group."""
        rows = self.statistics.of_area("latest", self.area.code)
        return rows.drop(columns="latest").reset_index(drop=True)

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Its latest figures against each comparator, one row per figure and comparator.

        The columns of :data:`kentstats.stats.benchmarks.COLUMNS`, and those
        of the figure itself that say where it comes from.
        """
        rows = self.statistics.of_area("comparisons", self.area.code)
        return rows.merge(self.figures[_OWN], on="fact_id", how="left", validate="many_to_one")

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """Its place on each indicator, columns of :data:`RANKS`."""
        return self.statistics.of_area("ranks", self.area.code).reset_index(drop=True)

    @cached_property
    def trend_rows(self) -> pd.DataFrame:
        """Its recent trend on each indicator, columns of :data:`TRENDS`."""
        return self.statistics.of_area("trends", self.area.code).reset_index(drop=True)

    def all_authorities(self, indicator: str, group: str = "all") -> pd.DataFrame:
        """Return the latest figure of every authority, with or without an estimate."""
        latest = self.statistics.latest
        chosen = latest["indicator"].eq(indicator) & latest["group"].eq(group)
        return latest[chosen & latest["area_type"].eq("authority")].reset_index(drop=True)

    def facts(self, code: str = "") -> dict[Series, Row]:
        """Return the latest facts of an area by indicator and group; the authority's by default."""
        return _latest_facts(self.statistics, code or self.area.code)

    def trends(self) -> dict[Series, Row]:
        """Return its recent trends by indicator and group."""
        return _by_series(self.trend_rows)

    def rank(self, indicator: str, group: str = "all") -> Row | None:
        """Return its place, with the facts of all who have one; None without a figure."""
        row = _by_series(self.ranks).get((indicator, group))
        facts = tuple(fact for _, fact, _ in self.statistics.contributors[indicator, group])
        return {**row, "facts": facts} if row else None

    def distribution(self, indicator: str, group: str = "all") -> list[float] | None:
        """Return the least, the two quartiles and the most of all authorities.

        None where fewer than four have a figure.
        """
        return self.statistics.quartiles.get((indicator, group))

    def comparator_facts(
        self, indicator: str, group: str, comparator: str
    ) -> tuple[list[str], list[str]]:
        """Return the ids of the facts behind a pooled figure or mean, and of their sources.

        The comparator is ``type`` or ``neighbours``.
        """
        members, kind = self._neighbours, self.places.kind
        if comparator == "type":
            own = kind.get(self.area.code)
            members = [code for code in kind if kind[code] == own and code != self.area.code]
        chosen = set(members)
        found = self.statistics.contributors[indicator, group]
        found = [each for each in found if each[0] in chosen]
        return [fact for _, fact, _ in found], list(dict.fromkeys(each[2] for each in found))

    def neighbours(self) -> dict[str, str]:
        """Return names of its statistical neighbours by code, the closest first.

        A name is empty where the edition has no figure of the neighbour.
        """
        facts = {code: list(self.facts(code).values()) for code in self._neighbours}
        return {code: rows[0]["area_name"] if rows else "" for code, rows in facts.items()}

    def neighbour_figures(self, indicator: str, group: str) -> list[tuple[str, Row | None, str]]:
        """Return code, latest fact and verdict against England of each neighbour."""
        series, verdicts = (indicator, group), self.statistics.england_verdicts
        return [
            (code, self.facts(code).get(series), verdicts.get((code, *series), NOT_COMPARED))
            for code in self._neighbours
        ]

    # areas, judgements and sources

    def combined(self) -> list[Area]:
        """Return the combined areas that it is part of and that have a latest figure."""
        register = self.official.register
        areas = (register.combined(code) for code in self._combined_codes if self.facts(code))
        return [area for area in areas if area]

    @property
    def _combined_codes(self) -> list[str]:
        """Codes of the areas that sources count it as together with others."""
        codes = self.statistics.positions["facts"]
        return [
            code for code in codes if self.area.code in code.split(" / ") and code != self.area.code
        ]

    def judgements(self) -> list[Row]:
        """Return its latest inspection judgements, in order."""
        rows = sorted(self.official.judgements, key=lambda row: int(row["position"]))
        register, day = self.official.register, self.official.day
        return [row for row in rows if register.on(row["area_code"], day) == self.area.code]

    def sources(self) -> list[Publication]:
        """Return the sources of every figure and judgement in its briefing."""
        used = {row["source_id"] for row in self.official.judgements}
        used.add(neighbour_source(self.places.neighbour_list))
        for code in (self.area.code, self.area.region, self.country, *self._combined_codes):
            used |= set(self.statistics.of_area("facts", code)["source_id"])
        return [source for source in self.official.sources if source.id in used]
