"""Everything a briefing is made from, for one authority and edition."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from kentstats.areas import Area
from kentstats.indicators import THEMES, load_indicators
from kentstats.ingest.inspection_report import Source
from kentstats.ingest.report_settings import ReportSettings, read_settings
from kentstats.load import READERS, choose_subject, open_official
from kentstats.periods import month_year
from kentstats.project import Project
from kentstats.report.claims import Claim, claim, fact_claim
from kentstats.schemas import FACTS, Row, records, tidy
from kentstats.stats.benchmarks import COLUMNS
from kentstats.stats.consistency import CHECKS, check_consistency
from kentstats.stats.profile import AuthorityProfile, edition_statistics
from kentstats.stats.shares import compare_figures, derive_shares
from kentstats.stats.trends import TRENDS

Measure = tuple[str, str]
"""An indicator and a group."""


@dataclass(frozen=True)
class Briefing:
    """The tables of one authority in one edition, and ways to look things up.

    Attributes
    ----------
    edition : str
        Name of the edition.
    area : Area
        The authority.
    source : Source or None
        Its inspection report, where the edition has one.
    profile : AuthorityProfile or None
        Its figures, comparisons, ranks and trends, where the edition has
        official statistics.
    facts, judgements, actions, statements : pandas.DataFrame
        The tidy tables of the report; empty without one.
    report_comparisons, shares, checks : pandas.DataFrame
        What :mod:`kentstats.stats` makes of them.
    confidence : float
        Confidence of the intervals.
    settings : ReportSettings
        What is special to the report; nothing without one.

    Examples
    --------
    >>> brief = open_briefing("Kent", 2010)
    >>> rows = brief.comparisons_with("england")
    >>> rows.query("verdict == 'better'")["indicator"].tolist()
    ['immunisations', 'substance-misuse-help']
    """

    edition: str
    area: Area
    source: Source | None
    profile: AuthorityProfile | None
    facts: pd.DataFrame
    judgements: pd.DataFrame
    actions: pd.DataFrame
    statements: pd.DataFrame
    report_comparisons: pd.DataFrame
    shares: pd.DataFrame
    checks: pd.DataFrame
    confidence: float
    settings: ReportSettings = field(default_factory=ReportSettings)

    @property
    def authority(self) -> str:
        """Name of the authority."""
        return self.area.name

    # official statistics: empty tables where the edition has none

    @property
    def statistics(self) -> AuthorityProfile:
        """The profile, for sections whose rows only come from one."""
        if self.profile is None:
            raise ValueError(f"there are no official statistics of {self.authority} here")
        return self.profile

    def comparisons_with(self, *comparators: str) -> pd.DataFrame:
        """Return its latest figures, one row per figure and comparator, in catalogue order.

        Parameters
        ----------
        *comparators : str
            Any of :data:`kentstats.stats.benchmarks.COMPARATORS`.
        """
        if self.profile is None:
            return pd.DataFrame(columns=list(COLUMNS))
        rows = self.profile.comparisons
        return in_catalogue_order(rows[rows["comparator"].isin(comparators)])

    @cached_property
    def figures(self) -> pd.DataFrame:
        """Its latest figures in catalogue order, those counted together with another's too."""
        if self.profile is None:
            return pd.DataFrame(columns=list(FACTS))
        return self._latest(self.area.code, *(area.code for area in self.profile.combined()))

    @property
    def national_figures(self) -> pd.DataFrame:
        """The latest figures of England in catalogue order."""
        return self._latest(self.profile.country) if self.profile else self.figures

    def _latest(self, *codes: str) -> pd.DataFrame:
        rows = pd.concat([self.statistics.statistics.of_area("facts", code) for code in codes])
        return in_catalogue_order(rows[rows["latest"]].drop_duplicates(["indicator", "group"]))

    @property
    def history(self) -> pd.DataFrame:
        """Its figures of all periods, in catalogue order."""
        if self.profile is None:
            return self.figures
        return in_catalogue_order(self.profile.statistics.of_area("facts", self.area.code))

    @property
    def trends(self) -> pd.DataFrame:
        """The recent trend of each measure."""
        return self.profile.trend_rows if self.profile else pd.DataFrame(columns=list(TRENDS))

    @property
    def outcomes(self) -> pd.DataFrame:
        """The latest judgements in Ofsted's list of all authorities."""
        rows = self.profile.judgements() if self.profile else []
        name = "{edition}.{source_id}.{position}.{area_code}".format
        return pd.DataFrame(
            [{**row, "fact_id": name(edition=self.edition, **row)} for row in rows], dtype=object
        )

    def all_authorities(self, measure: Measure | None) -> pd.DataFrame:
        """Return the latest figure of every authority for an indicator and group."""
        if measure is None or self.profile is None:
            return self.figures.iloc[:0]
        return self.profile.all_authorities(*measure)

    def history_of(self, measure: Measure | None) -> pd.DataFrame:
        """Return the figures of an indicator and group for the authority, its region and England.

        One row an area and period, sorted by period.
        """
        if measure is None or self.profile is None:
            return self.history.iloc[:0]
        codes = (self.area.code, self.area.region, self.profile.country)
        found = pd.concat([self.profile.statistics.of_area("facts", code) for code in codes])
        chosen = found["indicator"].eq(measure[0]) & found["group"].eq(measure[1])
        by_period = ["period_end", "period", "fact_id"]
        return found[chosen].sort_values(by_period, ignore_index=True)

    # the inspection report

    @property
    def source_line(self) -> str:
        """The report, as charts and tables name it."""
        if self.source is None:
            return ""
        published = month_year(self.source.published)
        return f"Source: {self.source.publisher}, inspection report, {published}"

    @cached_property
    def _facts_by_id(self) -> dict[str, Row]:
        # plain mappings: a look-up in a frame costs a hundred times as much
        return {row["fact_id"]: row for row in records(self.facts)}

    def fact(self, fact_id: str) -> Row:
        """Return a fact of the report by its id."""
        return self._facts_by_id[fact_id]

    def rows(self, indicator: str, group: str = "all", area: str = "") -> list[Row]:
        """Return the report's facts of an indicator, the authority's own by default."""
        key = (indicator, group, area or self.authority)
        return [
            row
            for row in self._facts_by_id.values()
            if (row["indicator"], row["group"], row["area_name"]) == key
        ]

    def claim(self, indicator: str, group: str = "all", area: str = "") -> Claim | None:
        """Make the claim of the latest fact of an indicator, from all places that state it.

        None where the report has no such fact.
        """
        rows = self.rows(indicator, group, area)
        if not rows:
            return None
        ends = [row["period_end"] for row in rows if row["period_end"] == row["period_end"]]
        if ends:
            rows.sort(key=lambda row: row["period_end"] != max(ends))
        first = fact_claim(rows[0])
        same = [row for row in rows if fact_claim(row).shown == first.shown]
        return claim(first.value, same, unit=first.unit, shown=first.shown)

    def parents(self, share: Row) -> list[Row]:
        """Return the facts of the part and the whole of a share."""
        return [self.fact(share["numerator_id"]), self.fact(share["denominator_id"])]


def date_claim(source: Source, name: str) -> Claim:
    """Make the claim of a date of a report: ``published`` and the like."""
    day: dt.date = getattr(source, name)
    return claim(day, [{"fact_id": f"{source.id}.{name}", "locator": "title page"}], unit="date")


def count_claim(parents: Sequence[Row], what: str) -> Claim:
    """Make the claim of how many rows there are."""
    return claim(len(parents), parents, unit="count", calculation=f"number of {what}")


@functools.cache
def _catalogue_places() -> dict[str, int]:
    in_order = sorted(load_indicators().values(), key=lambda one: THEMES.index(one.theme))
    return {one.id: place for place, one in enumerate(in_order)}


def in_catalogue_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by theme, then as the catalogue lists the indicators, then by group."""
    places = rows["indicator"].map(_catalogue_places())
    keys = list(zip(places, rows["group"], strict=True))
    order = sorted(range(len(rows)), key=keys.__getitem__)
    return rows.iloc[order].reset_index(drop=True)


def open_briefing(
    authority: str, edition: str | int, *, confidence: float = 0.95, home: Project | None = None
) -> Briefing:
    """Load and work out everything for one briefing.

    Parameters
    ----------
    authority : str
        Name, GSS code or old code.
    edition : str or int
        Name of the edition.
    confidence : float, default 0.95
        Confidence of the intervals, a fraction between 0 and 1.
    home : Project, optional
        The project; the one at hand by default.

    Returns
    -------
    Briefing

    Raises
    ------
    ParameterError
        The authority or edition is not known.
    DataError
        A source breaks the contract.
    ValueError
        `confidence` is not between 0 and 1.

    Examples
    --------
    >>> open_briefing("E10000012", 2025).authority
    'Essex'
    """
    name, area, source = choose_subject(authority, edition, home)
    official = open_official(name, home)
    settings = read_settings(source) if source else ReportSettings()
    empty = _no_report()  # also where there is a report: what is forked afterwards has them
    tables = _report_tables(source, area.name, confidence, settings) if source else empty
    return Briefing(
        edition=name,
        area=area,
        source=source,
        profile=AuthorityProfile(area, edition_statistics(official, confidence))
        if official
        else None,
        # a notebook may change its tables, and not those of another
        **{table: frame.copy() for table, frame in tables.items()},
        confidence=confidence,
        settings=settings,
    )


@functools.cache
def _no_report() -> dict[str, pd.DataFrame]:
    return _report_tables(None, "", 0.95, ReportSettings())


def _report_tables(
    source: Source | None, authority: str, confidence: float, settings: ReportSettings
) -> dict[str, pd.DataFrame]:
    """Make the tables of a report and what follows from them, by their names in a briefing."""
    facts, judgements, actions, statements = (
        tidy(table, READERS[table](source) if source else [])
        for table in ("facts", "judgements", "actions", "statements")
    )
    checks = pd.DataFrame(columns=list(CHECKS), dtype=object)
    if source:
        checks = check_consistency(facts, judgements, actions, source)
    return {
        "facts": facts,
        "judgements": judgements,
        "actions": actions,
        "statements": statements,
        "report_comparisons": compare_figures(facts, authority),
        "shares": derive_shares(facts, authority, settings.shares, confidence=confidence),
        "checks": checks,
    }
