"""Everything a briefing is made from, for one authority and edition."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from kentstats.areas import Area
from kentstats.indicators import Indicator, load_indicators
from kentstats.ingest.report_settings import ReportSettings, read_settings
from kentstats.load import (
    READERS,
    choose,
    choose_area,
    choose_edition,
    find_report,
    open_official,
)
from kentstats.report.claims import Claim, claim, fact_claim
from kentstats.report.section import section
from kentstats.schemas import Row, records, tidy
from kentstats.stats.consistency import CHECKS, check_consistency
from kentstats.stats.profile import Standing, share
from kentstats.stats.shares import compare_figures, derive_shares

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from kentstats.ingest.registry import Source
    from kentstats.project import Project
    from kentstats.report.blocks import Block

P = ParamSpec("P")


@dataclass(frozen=True)
class Edition:
    """The tables of one authority's edition, and ways to look things up.

    Attributes
    ----------
    name : str
        Name of the edition.
    area : Area
        The authority.
    source : Source or None
        Its inspection report, where the edition has one.
    standing : Standing or None
        How it stands in official statistics, where the edition has them.
    facts, judgements, actions, statements : pandas.DataFrame
        The tidy tables of the report; empty without one.
    comparisons, shares, checks : pandas.DataFrame
        What :mod:`kentstats.stats` makes of them.
    confidence : float
        Confidence of the intervals.
    settings : ReportSettings
        What is special to the report; nothing without one.
    """

    name: str
    area: Area
    source: Source | None
    standing: Standing | None
    facts: pd.DataFrame
    judgements: pd.DataFrame
    actions: pd.DataFrame
    statements: pd.DataFrame
    comparisons: pd.DataFrame
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
    def official(self) -> Standing:
        """How it stands in official statistics; ask :attr:`standing` first."""
        if self.standing is None:
            raise ValueError(f"there are no official statistics of {self.authority} here")
        return self.standing

    @property
    def credit(self) -> str:
        """The report, as charts and tables name it."""
        published = self.report.published
        return f"Source: {self.report.publisher}, inspection report, {published:%B %Y}"

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


def open_edition(
    authority: str,
    edition: str | int,
    *,
    confidence: float = 0.95,
    home: Project | None = None,
) -> Edition:
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
    Edition

    Raises
    ------
    ParameterError
        The authority or edition is not known.
    DataError
        A source breaks the contract.
    ValueError
        `confidence` is not between 0 and 1.
    """
    name = choose_edition(edition, home)
    area = choose_area(authority, name, home)
    source = find_report(area, name, home)
    official = open_official(name, home)
    if source is None and official is None:
        choose(authority, name, home=home)  # says whose report there is
    # most authorities have no report: their tables are empty, and made once
    settings = read_settings(source) if source else ReportSettings()
    tables = _tables(source, area.name, confidence, settings) if source else _no_tables(confidence)
    return Edition(
        name=name,
        area=area,
        source=source,
        standing=Standing(area, share(official, confidence)) if official else None,
        # those of two editions may be changed without each other, and share what is not
        **{table: frame.copy(deep=False) for table, frame in tables.items()},
        confidence=confidence,
        settings=settings,
    )


@functools.cache
def _no_tables(confidence: float) -> dict[str, pd.DataFrame]:
    return _tables(None, "", confidence, ReportSettings())


def _tables(
    source: Source | None, authority: str, confidence: float, settings: ReportSettings
) -> dict[str, pd.DataFrame]:
    """Make the tables of a report and what follows from them, by their names in an edition."""
    import pandas as pd

    made = {
        table: tidy(table, READERS[table](source) if source else [])
        for table in ("facts", "judgements", "actions", "statements")
    }
    facts = made["facts"]
    return {
        **made,
        "comparisons": compare_figures(facts, authority),
        "shares": derive_shares(facts, authority, settings.shares, confidence=confidence),
        "checks": (
            check_consistency(facts, made["judgements"], made["actions"], source)
            if source
            else pd.DataFrame(columns=list(CHECKS), dtype=object)
        ),
    }


def of_report(
    make: Callable[Concatenate[Edition, P], Block | None],
) -> Callable[Concatenate[Edition, P], Block | None]:
    """Let a section show nothing where the edition has no inspection report."""
    made = section(make)

    @functools.wraps(make)
    def shown(edition: Edition, /, *args: P.args, **options: P.kwargs) -> Block | None:
        return made(edition, *args, **options) if edition.source else None

    return shown


def count_claim(parents: Sequence[Row], what: str) -> Claim:
    """Make the claim of how many rows there are."""
    return claim(len(parents), parents, unit="count", calculation=f"number of {what}")


def plural(number: Claim, one: str, many: str) -> str:
    """Choose the words for one thing or for several."""
    return one if number.value == 1 else many
