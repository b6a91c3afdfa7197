"""Everything a briefing is made from, for one authority and edition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kentstats.facts import Row, records
from kentstats.indicators import Indicator, load_indicators
from kentstats.load import choose, load_table
from kentstats.present.claims import Claim, claim, fact_claim
from kentstats.stats.audit import audit
from kentstats.stats.compare import compare
from kentstats.stats.derive import derive

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd

    from kentstats.home import Home
    from kentstats.sources.registry import Source


@dataclass(frozen=True)
class Edition:
    """The tables of one authority's edition, and ways to look things up.

    Attributes
    ----------
    source : Source
        The inspection report.
    facts, judgements, actions, statements : pandas.DataFrame
        Its tidy tables.
    comparisons, shares, checks : pandas.DataFrame
        What :mod:`kentstats.stats` makes of them.
    confidence : float
        Confidence of the intervals.
    """

    source: Source
    facts: pd.DataFrame
    judgements: pd.DataFrame
    actions: pd.DataFrame
    statements: pd.DataFrame
    comparisons: pd.DataFrame
    shares: pd.DataFrame
    checks: pd.DataFrame
    confidence: float

    @property
    def authority(self) -> str:
        """Name of the authority."""
        return self.source.authority

    @property
    def credit(self) -> str:
        """The source, as charts and tables name it."""
        published = self.source.published
        return f"Source: {self.source.publisher}, inspection report, {published:%B %Y}"

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
        day: dt.date = getattr(self.source, name)
        parent = {"fact_id": f"{self.source.id}.{name}", "locator": "title page"}
        return claim(day, [parent], unit="date")


def open_edition(
    authority: str,
    edition: str | int,
    *,
    confidence: float = 0.95,
    home: Home | None = None,
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
    home : Home, optional
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
    source = choose(authority, edition, home=home)[0]
    facts, judgements, actions, statements = (
        load_table(table, authority=authority, edition=edition, home=home)
        for table in ("facts", "judgements", "actions", "statements")
    )
    return Edition(
        source=source,
        facts=facts,
        judgements=judgements,
        actions=actions,
        statements=statements,
        comparisons=compare(facts, source.authority),
        shares=derive(facts, source.authority, confidence=confidence),
        checks=audit(facts, judgements, actions, source),
        confidence=confidence,
    )


def judgement_rows(edition: Edition) -> list[tuple[str, str, list[Row]]]:
    """List the judgements in order: service, judgement, where each is stated."""
    stated: dict[tuple[int, str, str], list[Row]] = {}
    for row in records(edition.judgements):
        key = (row["position"], row["service"], row["judgement"])
        stated.setdefault(key, []).append({**row, "fact_id": _judgement_id(row)})
    return [(service, judgement, rows) for (_, service, judgement), rows in sorted(stated.items())]


def _judgement_id(row: Row) -> str:
    name = str(row["judgement"]).replace(" ", "-").casefold()
    return f"{row['source_id']}.{row['service'].replace(' ', '-')}.{name}.{row['stated_in']}"


def action_rows(edition: Edition) -> list[Row]:
    """List the actions, each with an id by which claims refer to it."""
    return [
        {
            **row,
            "fact_id": ".".join(
                (
                    row["source_id"],
                    "actions",
                    row["service"].replace(" ", "-"),
                    row["band"].replace(" ", "-"),
                    str(row["position"]),
                )
            ),
        }
        for row in records(edition.actions)
    ]


def count_claim(parents: Sequence[Row], what: str) -> Claim:
    """Make the claim of how many rows there are."""
    return claim(len(parents), parents, unit="count", calculation=f"number of {what}")
