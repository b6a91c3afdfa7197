"""One authority among all others: its figures, comparisons, ranks and trends.

:class:`EditionStatistics` holds the tables of a whole edition, one row per
area, indicator and (where there is one) comparator. An
:class:`AuthorityProfile` is a selection from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kentstats.areas import Area, Register
from kentstats.indicators import load_indicators
from kentstats.ingest.edition import OfficialStatistics, Publication
from kentstats.load import official_facts
from kentstats.schemas import Row
from kentstats.stats.benchmarks import COMPARATORS, comparisons
from kentstats.stats.intervals import estimates
from kentstats.stats.places import Places, find_places, neighbour_source
from kentstats.stats.ranks import distributions_of, ranks_of
from kentstats.stats.trends import is_latest, latest_of, trends_of
from kentstats.stats.verdicts import NOT_COMPARED

if TYPE_CHECKING:
    import pandas as pd

SERIES = ["indicator", "group"]
Series = tuple[str, str]
"""An indicator and a group."""
Quartiles = tuple[float, float, float, float]
"""The least, the lower and the upper quartile, and the most."""

_OWN = [
    *("fact_id", "value", "unit", "numerator", "denominator", "rounding", "status"),
    *("source_id", "locator"),
]


@dataclass(frozen=True, eq=False)
class EditionStatistics:
    """The tables of an edition of official statistics, all areas together.

    Attributes
    ----------
    official : OfficialStatistics
        The edition.
    register : Register
        The areas of the project that the edition belongs to.
    facts : pandas.DataFrame
        Every fact of an indicator of the catalogue, with ``latest`` (whether
        it is of the latest period), its ``estimate`` and its limits.
    latest : pandas.DataFrame
        The facts of the latest period of every indicator and group.
    places : Places
        Regions, types and statistical neighbours of the authorities.
    confidence : float
        Confidence of the limits.
    """

    official: OfficialStatistics
    register: Register
    facts: pd.DataFrame
    latest: pd.DataFrame
    places: Places
    confidence: float
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Every authority's latest figures against every comparator."""
        return comparisons(self.latest, self.places, confidence=self.confidence)

    @cached_property
    def ranks(self) -> pd.DataFrame:
        """Ranks of the latest figures, columns of :data:`RANKS`."""
        return ranks_of(self.latest if self.confidence == 0.95 else latest_of(self._facts_95))

    @cached_property
    def trends(self) -> pd.DataFrame:
        """Recent trends of every area, columns of :data:`TRENDS`."""
        return trends_of(self._facts_95)

    @cached_property
    def distributions(self) -> pd.DataFrame:
        """Distributions of the authorities' latest figures, columns of :data:`DISTRIBUTIONS`."""
        return distributions_of(self.latest)

    @cached_property
    def _facts_95(self) -> pd.DataFrame:
        """The facts with limits at 95%, from which standard errors are taken."""
        return self.facts if self.confidence == 0.95 else estimates(self.facts)

    def prepare(self) -> EditionStatistics:
        """Compute every table, for instance before worker processes are forked."""
        for table in ("facts", "comparisons", "ranks", "trends"):
            self.of_area(table, "")
        for name in ("contributors", "england_verdicts", "quartiles"):
            getattr(self, name)
        return self

    def of_area(self, table: str, code: str) -> pd.DataFrame:
        """Return the rows of one area in a table.

        Parameters
        ----------
        table : str
            ``facts``, ``comparisons``, ``ranks`` or ``trends``.
        code : str
            Code of the area.
        """
        frame: pd.DataFrame = getattr(self, table)
        if table not in self._kept:
            self._kept[table] = frame.groupby("area_code", observed=True).indices
        return frame.take(self._kept[table].get(code, []))

    def history(self, code: str) -> list[Row]:
        """Return the facts of an area, all periods, in the order of their ids."""
        key = "history", code
        if key not in self._kept:
            self._kept[key] = _rows(self.of_area("facts", code))
        rows: list[Row] = self._kept[key]
        return rows

    def latest_facts(self, code: str) -> dict[Series, Row]:
        """Return the latest facts of an area by indicator and group."""
        key = "latest", code
        if key not in self._kept:
            self._kept[key] = _by_series(row for row in self.history(code) if row["latest"])
        rows: dict[Series, Row] = self._kept[key]
        return rows

    @cached_property
    def authorities(self) -> dict[Series, pd.DataFrame]:
        """The latest figure of every authority, by indicator and group."""
        latest = self.latest[self.latest["area_type"].eq("authority")]
        indices: Any = latest.groupby(SERIES, observed=True).indices
        return {
            series: latest.take(positions).reset_index(drop=True)
            for series, positions in indices.items()
        }

    @cached_property
    def contributors(self) -> dict[Series, list[tuple[str, str, str]]]:
        """Code, fact and source of every authority with a figure, by indicator and group."""
        return {
            series: [
                (code, fact, source)
                for code, fact, source, estimate in zip(
                    *(
                        frame[name].tolist()
                        for name in ("area_code", "fact_id", "source_id", "estimate")
                    ),
                    strict=True,
                )
                if estimate == estimate
            ]
            for series, frame in self.authorities.items()
        }

    @cached_property
    def england_verdicts(self) -> dict[tuple[str, str, str], str]:
        """Verdicts against England by area code, indicator and group."""
        rows = self.comparisons[self.comparisons["comparator"].eq(COMPARATORS[0])]
        keys = zip(*(rows[name].tolist() for name in ("area_code", *SERIES)), strict=True)
        return dict(zip(keys, rows["verdict"].tolist(), strict=True))

    @cached_property
    def quartiles(self) -> dict[Series, Quartiles]:
        """Least, quartiles and most of the authorities, by indicator and group."""
        rows = self.distributions.itertuples(index=False, name=None)
        return {(row[0], row[1]): (row[2], row[3], row[4], row[5]) for row in rows}

    @cached_property
    def combined_areas(self) -> dict[str, list[str]]:
        """Codes of the areas that sources count several authorities as, by authority."""
        combined = self.facts["area_type"].eq("combined")
        found: dict[str, list[str]] = {}
        for code in self.facts.loc[combined, "area_code"].unique():
            for part in str(code).split("/"):
                found.setdefault(part.strip(), []).append(str(code))
        return found

    @cached_property
    def judgements(self) -> dict[str, list[Row]]:
        """The latest inspection judgements, in order, by the code of the authority."""
        found: dict[str, list[Row]] = {}
        for row in sorted(self.official.judgements, key=lambda row: int(row["position"])):
            code = self.register.on(row["area_code"], self.official.day)
            found.setdefault(code, []).append(row)
        return found


def edition_statistics(
    official: OfficialStatistics, confidence: float = 0.95, *, register: Register | None = None
) -> EditionStatistics:
    """Compute the statistics of an edition; the same object for the same edition.

    Parameters
    ----------
    official : OfficialStatistics
        The edition.
    confidence : float, default 0.95
        Confidence of the intervals and the first level of the verdicts, a
        fraction between 0 and 1.
    register : Register, optional
        The areas; by default those of the project that the edition is in.

    Raises
    ------
    ValueError
        `confidence` is not between 0 and 1.
    """
    register = register or official.register
    # kept with the edition, which cannot be hashed by its content
    known: dict[float, EditionStatistics] = official.__dict__.setdefault("_statistics", {})
    if confidence in known and known[confidence].register is register:
        return known[confidence]
    facts = official_facts(official)
    # indicators that only this edition's files name are for analysts, not for briefings
    facts = facts[facts["indicator"].isin(list(load_indicators()))].reset_index(drop=True)
    facts = estimates(facts.assign(latest=is_latest(facts)), confidence=confidence)
    facts = facts.drop(columns=["rounding_error", "lower_998", "upper_998"])
    latest = facts[facts["latest"]].reset_index(drop=True)
    places = find_places(official, facts, register)
    known[confidence] = EditionStatistics(official, register, facts, latest, places, confidence)
    return known[confidence]


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

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Its latest figures, one row per indicator and group."""
        facts = self.statistics.of_area("facts", self.area.code)
        return facts[facts["latest"]].drop(columns="latest").reset_index(drop=True)

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """Its latest figures against each comparator, one row per figure and comparator.

        The columns of :data:`kentstats.stats.benchmarks.COLUMNS`, and of the
        figure itself its published ``value``, ``unit``, ``numerator``,
        ``denominator``, ``rounding``, ``status``, ``source_id`` and
        ``locator``.
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

    def history(self, code: str = "") -> list[Row]:
        """Return the facts of an area, all periods; the authority's by default."""
        return self.statistics.history(code or self.area.code)

    def facts(self, code: str = "") -> dict[Series, Row]:
        """Return the latest facts of an area by indicator and group; the authority's by default."""
        return self.statistics.latest_facts(code or self.area.code)

    def trends(self) -> dict[Series, Row]:
        """Return its recent trends by indicator and group."""
        return _by_series(_rows(self.trend_rows))

    def combined(self) -> list[Area]:
        """Return the combined areas that it is part of and that have a latest figure."""
        codes = self.statistics.combined_areas.get(self.area.code, [])
        areas = (self.statistics.register.combined(code) for code in codes if self.facts(code))
        return [area for area in areas if area]

    def area_name(self, code: str) -> str:
        """Return the name of an area; empty where the register has none."""
        area = self.statistics.register.by_code(code)
        return area.name if area else ""

    @property
    def country(self) -> str:
        """The code of England."""
        return self.statistics.places.country

    # against others

    def comparator_facts(
        self, indicator: str, group: str, comparator: str
    ) -> tuple[list[str], list[str]]:
        """Return the facts behind a pooled comparator or a mean of figures.

        Parameters
        ----------
        indicator, group : str
            The measure.
        comparator : str
            ``type`` or ``neighbours``.

        Returns
        -------
        (list of str, list of str)
            Ids of the facts, and of their sources, each once.
        """
        members = self._members[comparator]
        found = [
            each
            for each in self.statistics.contributors.get((indicator, group), [])
            if each[0] in members
        ]
        return [fact for _, fact, _ in found], list(dict.fromkeys(each[2] for each in found))

    @cached_property
    def _members(self) -> dict[str, set[str]]:
        """Codes of the authorities of its type, and of its statistical neighbours."""
        places, code = self.statistics.places, self.area.code
        own = places.kind.get(code)
        same = {other for other, kind in places.kind.items() if kind == own and other != code}
        return {"type": same, "neighbours": set(places.neighbours.get(code, []))}

    def rank(self, indicator: str, group: str = "all") -> Row | None:
        """Return its place, with the facts of all who have one; None without a figure."""
        row = self._ranks.get((indicator, group))
        if row is None:
            return None
        found = self.statistics.contributors.get((indicator, group), [])
        return {**row, "facts": tuple(fact for _, fact, _ in found)}

    @cached_property
    def _ranks(self) -> dict[Series, Row]:
        return _by_series(_rows(self.ranks))

    def distribution(self, indicator: str, group: str = "all") -> Quartiles | None:
        """Return the least, the two quartiles and the most of all authorities.

        None where fewer than four have a figure.
        """
        return self.statistics.quartiles.get((indicator, group))

    def all_authorities(self, indicator: str, group: str = "all") -> pd.DataFrame:
        """Return the latest figure of every authority, with or without an estimate."""
        found = self.statistics.authorities.get((indicator, group))
        return self.statistics.latest.iloc[:0] if found is None else found

    def neighbours(self) -> dict[str, str]:
        """Return names of its statistical neighbours by code, the closest first.

        A name is empty where the edition has no figure of the neighbour.
        """
        codes = self.statistics.places.neighbours.get(self.area.code, [])
        facts = {code: list(self.facts(code).values()) for code in codes}
        return {code: rows[0]["area_name"] if rows else "" for code, rows in facts.items()}

    def neighbour_figures(self, indicator: str, group: str) -> list[tuple[str, Row | None, str]]:
        """Return code, latest fact and verdict against England of each neighbour."""
        verdicts = self.statistics.england_verdicts
        return [
            (
                code,
                self.facts(code).get((indicator, group)),
                verdicts.get((code, indicator, group), NOT_COMPARED),
            )
            for code in self.statistics.places.neighbours.get(self.area.code, [])
        ]

    def judgements(self) -> list[Row]:
        """Return its latest inspection judgements, in order."""
        return self.statistics.judgements.get(self.area.code, [])

    @property
    def has_judgements(self) -> bool:
        """Whether the edition has judgements of any authority."""
        return bool(self.statistics.official.judgements)

    @property
    def years(self) -> tuple[int, int]:
        """First and last year of the edition."""
        return self.statistics.official.first, self.statistics.official.last

    @property
    def neighbour_list(self) -> str:
        """The list of neighbours that covers the edition, by its month; empty where none does."""
        return self.statistics.places.neighbour_list

    def source(self, source_id: str) -> Publication:
        """Return a source by its id."""
        return self.statistics.official.source(source_id)

    def sources(self) -> list[Publication]:
        """Return the sources of every figure and judgement in its briefing."""
        codes = {self.area.code, self.area.region, self.country}
        codes |= set(self.statistics.combined_areas.get(self.area.code, []))
        used = {row["source_id"] for code in codes for row in self.history(code)}
        used |= {row["source_id"] for row in self.statistics.official.judgements}
        used |= {neighbour_source(self.neighbour_list)}
        return [source for source in self.statistics.official.sources if source.id in used]


def _by_series(rows: Iterable[Row]) -> dict[Series, Row]:
    return {(row["indicator"], row["group"]): row for row in rows}


def _rows(frame: pd.DataFrame) -> list[Row]:
    """Turn a table into plain rows; a missing date is None."""
    columns = [
        # thirty times as fast as a Timestamp for each
        column.to_numpy().astype("M8[us]").tolist() if column.dtype.kind == "M" else column.tolist()
        for _, column in frame.items()
    ]
    return [dict(zip(frame.columns, row, strict=True)) for row in zip(*columns, strict=True)]
