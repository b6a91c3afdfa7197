"""Everything a briefing is made from, for one authority and edition."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from kentstats.areas import Area
from kentstats.indicators import THEMES, Indicator, load_indicators
from kentstats.ingest.report_settings import ReportSettings, read_settings
from kentstats.load import (
    READERS,
    choose,
    choose_area,
    choose_edition,
    find_report,
    open_official,
)
from kentstats.periods import month_year
from kentstats.report.claims import Claim, claim, fact_claim
from kentstats.schemas import FACTS, Row, records, tidy
from kentstats.stats.consistency import CHECKS, check_consistency
from kentstats.stats.profile import AuthorityProfile, edition_statistics
from kentstats.stats.shares import compare_figures, derive_shares
from kentstats.stats.trends import TRENDS

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from kentstats.ingest.inspection_report import Source
    from kentstats.project import Project
    from kentstats.report.blocks import Block


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

    @property
    def report(self) -> Source:
        """The inspection report; a section that needs one asks :attr:`source` first."""
        if self.source is None:
            raise ValueError(f"there is no inspection report of {self.authority} here")
        return self.source

    @property
    def statistics(self) -> AuthorityProfile:
        """The profile; a section that needs one asks :attr:`profile` first."""
        if self.profile is None:
            raise ValueError(f"there are no official statistics of {self.authority} here")
        return self.profile

    # official statistics

    def comparisons_with(self, *comparators: str) -> pd.DataFrame:
        """Return the latest figures of the authority, each with its comparisons.

        Parameters
        ----------
        *comparators : str
            Any of :data:`kentstats.stats.benchmarks.COMPARATORS`.

        Returns
        -------
        pandas.DataFrame
            One row a measure and comparator, in the order of the catalogue;
            empty without official statistics.
        """
        rows = self._comparisons
        return rows[rows["comparator"].isin(comparators)].reset_index(drop=True)

    @cached_property
    def _comparisons(self) -> pd.DataFrame:
        if self.profile is None:
            return _no_rows(["indicator", "group", "fact_id", "comparator", "verdict", "estimate"])
        return in_catalogue_order(self.profile.comparisons)

    @cached_property
    def figures(self) -> pd.DataFrame:
        """The latest official figure of each measure, in the order of the catalogue."""
        if self.profile is None:
            return _no_rows(list(FACTS))
        return in_catalogue_order(self.profile.figures)

    @cached_property
    def history(self) -> pd.DataFrame:
        """The official figures of all periods."""
        if self.profile is None:
            return _no_rows(list(FACTS))
        return self.profile.statistics.of_area("facts", self.area.code)

    @cached_property
    def trends(self) -> pd.DataFrame:
        """The recent trend of each measure."""
        return self.profile.trend_rows if self.profile else _no_rows(list(TRENDS))

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """The latest judgements in Ofsted's list of all authorities."""
        import pandas as pd

        rows = self.profile.judgements() if self.profile else []
        name = "{edition}.{source_id}.{position}.{area_code}".format
        return pd.DataFrame(
            [{**row, "fact_id": name(edition=self.edition, **row)} for row in rows], dtype=object
        )

    def all_authorities(self, measure: tuple[str, str] | None) -> pd.DataFrame:
        """Return the latest figure of every authority for a measure.

        Parameters
        ----------
        measure : (str, str) or None
            Indicator and group.

        Returns
        -------
        pandas.DataFrame
            One row an authority; empty where there is no measure.
        """
        if measure is None or self.profile is None:
            return self.figures.iloc[:0]
        return self.profile.all_authorities(*measure)

    def history_of(self, measure: tuple[str, str] | None) -> pd.DataFrame:
        """Return the figures of a measure for the authority, its region and England.

        Parameters
        ----------
        measure : (str, str) or None
            Indicator and group.

        Returns
        -------
        pandas.DataFrame
            One row an area and period, sorted by period; empty where there
            is no measure.
        """
        import pandas as pd

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
        published = month_year(self.report.published)
        return f"Source: {self.report.publisher}, inspection report, {published}"

    def indicator(self, name: str) -> Indicator:
        """Return an entry of the catalogue."""
        return load_indicators()[name]

    @cached_property
    def _facts_by_id(self) -> dict[str, Row]:
        # plain mappings: a look-up in a frame costs a hundred times as much
        return {row["fact_id"]: row for row in records(self.facts)}

    def rows(self, indicator: str, group: str = "all", area: str = "") -> list[Row]:
        """Find the facts of an indicator, the authority's own by default."""
        name = area or self.authority
        return [
            row
            for row in self._facts_by_id.values()
            if row["indicator"] == indicator and row["group"] == group and row["area_name"] == name
        ]

    def claim(self, indicator: str, group: str = "all", area: str = "") -> Claim:
        """Make the claim of a fact; of all places that state the same figure."""
        rows = self.rows(indicator, group, area)
        # the latest, where there are several periods
        ends = [row["period_end"] for row in rows if row["period_end"] == row["period_end"]]
        if ends:
            rows.sort(key=lambda row: row["period_end"] != max(ends))
        first = fact_claim(rows[0])
        same = [row for row in rows if fact_claim(row).shown == first.shown]
        return claim(first.value, same, unit=first.unit, shown=first.shown)

    def has(self, indicator: str, group: str = "all", area: str = "") -> bool:
        """Tell whether there is such a fact."""
        return bool(self.rows(indicator, group, area))

    def by_id(self, fact_id: str) -> Row:
        """Return a fact by its id."""
        return self._facts_by_id[fact_id]

    def share(self, share_id: str) -> tuple[Row, list[Row]]:
        """Return a derived share and the facts of its part and whole."""
        row = records(self.shares[self.shares["share_id"].eq(share_id)])[0]
        return row, [self.by_id(row["numerator_id"]), self.by_id(row["denominator_id"])]

    def date(self, name: str) -> Claim:
        """Make the claim of a date of the source: ``published`` and the like."""
        day: dt.date = getattr(self.report, name)
        parent = {"fact_id": f"{self.report.id}.{name}", "locator": "title page"}
        return claim(day, [parent], unit="date")


def _no_rows(columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=columns)


def in_catalogue_order(rows: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by theme, then as the catalogue lists the indicators, then by group."""
    place = {
        name: (THEMES.index(one.theme), number)
        for number, (name, one) in enumerate(load_indicators().items())
    }
    keys = list(zip(rows["indicator"].map(place), rows["group"], strict=True))
    order = sorted(range(len(rows)), key=keys.__getitem__)
    return rows.iloc[order].reset_index(drop=True)


def open_briefing(
    authority: str,
    edition: str | int,
    *,
    confidence: float = 0.95,
    home: Project | None = None,
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
    name = choose_edition(edition, home)
    area = choose_area(authority, name, home)
    source = find_report(area, name, home)
    official = open_official(name, home)
    if source is None and official is None:
        choose(authority, name, home=home)  # says whose report there is
    # most authorities have no report: their tables are empty, and made once
    settings = read_settings(source) if source else ReportSettings()
    tables = (
        _report_tables(source, area.name, confidence, settings)
        if source
        else _no_report(confidence)
    )
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
def _no_report(confidence: float) -> dict[str, pd.DataFrame]:
    return _report_tables(None, "", confidence, ReportSettings())


def _report_tables(
    source: Source | None, authority: str, confidence: float, settings: ReportSettings
) -> dict[str, pd.DataFrame]:
    """Make the tables of a report and what follows from them, by their names in a briefing."""
    import pandas as pd

    made = {
        table: tidy(table, READERS[table](source) if source else [])
        for table in ("facts", "judgements", "actions", "statements")
    }
    facts = made["facts"]
    return {
        **made,
        "report_comparisons": compare_figures(facts, authority),
        "shares": derive_shares(facts, authority, settings.shares, confidence=confidence),
        "checks": (
            check_consistency(facts, made["judgements"], made["actions"], source)
            if source
            else pd.DataFrame(columns=list(CHECKS), dtype=object)
        ),
    }


P = ParamSpec("P")


def needs_report(
    section: Callable[Concatenate[Briefing, P], Block | None],
) -> Callable[Concatenate[Briefing, P], Block | None]:
    """Let a section show nothing where the authority has no inspection report."""

    @functools.wraps(section)
    def shown(brief: Briefing, /, *args: P.args, **options: P.kwargs) -> Block | None:
        return section(brief, *args, **options) if brief.source else None

    return shown


def count_claim(parents: Sequence[Row], what: str) -> Claim:
    """Make the claim of how many rows there are."""
    return claim(len(parents), parents, unit="count", calculation=f"number of {what}")


def plural(number: Claim, one: str, many: str) -> str:
    """Choose the words for one thing or for several."""
    return one if number.value == 1 else many
