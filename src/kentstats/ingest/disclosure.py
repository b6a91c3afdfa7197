"""Secondary suppression: keep totals from disclosing what a publisher suppresses.

A count of one to five is suppressed for an authority, and the totals of its
region and of England are published, rounded to ten. Where few are suppressed,
a total less the counts of the other authorities can leave a single possible
value. The numbers of such a total are left out; its percentage or rate stays,
as far as that discloses nothing either. Where the totals show that what is
suppressed cannot be one to five (a larger count is suppressed at times to hide
a smaller one), there is nothing to protect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kentstats.areas import Register
from kentstats.indicators import load_indicators
from kentstats.ingest.edition import COUNTRY
from kentstats.schemas import SCALE

if TYPE_CHECKING:
    import pandas as pd

MIN_SMALL, MAX_SMALL = 1, 5
"""The counts that are suppressed for being small."""
SERIES = ["indicator", "group", "period"]
NUMBERS = ["numerator", "denominator", "count_rounding"]
HALVES = {"E12000007": ("E13000001", "E13000002")}
"""Regions that are published in halves besides."""

Bounds = tuple[float, float]
ANY: Bounds = (0.0, math.inf)


@dataclass
class _Total:
    """A total with numbers, as it will be carried: `half` is half the width of its rounding."""

    row: Any
    scale: float
    value: float
    half: float
    carried: bool = True

    def bounds(self) -> Bounds:
        """Return between what its count lies, as numbers and value tell."""
        if math.isnan(self.value):
            return ANY
        row, rounding = self.row, self.row.count_rounding
        low = (self.value - self.half) * (row.denominator - rounding) / self.scale
        high = (self.value + self.half) * (row.denominator + rounding) / self.scale
        own = (row.numerator - rounding, row.numerator + rounding) if self.carried else ANY
        return _overlap((low, high), own)

    def coarsen(self, step: int) -> None:
        """Leave its numbers out; from step 2 round its value to a whole one; at step 3 drop it."""
        made = self.scale * self.row.numerator / self.row.denominator
        self.carried = False
        # a value that was worked out would give its numbers back
        if step > 1 or abs(made - self.value) < 1e-6:
            whole = float(round(self.value))
            self.half = max(self.half + abs(whole - self.value), 0.5)
            self.value = whole
        if step > 2:
            self.value = self.half = math.nan


@dataclass
class _Place:
    """A region or England: its total, and what is known of its authorities.

    `halves` are the totals of Inner and Outer London, which tell the same again;
    `suppressed` is how many authorities withhold their count, `rest` the counts
    of the others together, `complete` whether every other count is known.
    """

    total: _Total | None
    halves: list[_Total | None] = field(default_factory=list)
    suppressed: int = 0
    rest: float = 0.0
    complete: bool = True

    @property
    def totals(self) -> list[_Total]:
        """Its own total and those of its halves."""
        return [total for total in (self.total, *self.halves) if total]

    def bounds(self) -> Bounds:
        """Return between what the suppressed counts lie together, as the totals tell."""
        if not self.complete:
            return ANY
        low, high = self.total.bounds() if self.total else ANY
        if self.halves:
            parts = [half.bounds() if half else ANY for half in self.halves]
            low, high = _overlap((low, high), (sum(x for x, _ in parts), sum(y for _, y in parts)))
        high = high if math.isinf(high) else math.floor(high - self.rest + 1e-6)
        return max(math.ceil(low - self.rest - 1e-6), 0), high

    def small(self, bounds: Bounds) -> Bounds | None:
        """Narrow bounds to those of small counts; None where they cannot be small."""
        low, high = _overlap(bounds, (MIN_SMALL * self.suppressed, MAX_SMALL * self.suppressed))
        return (low, high) if low <= high else None

    def discloses(self, bounds: Bounds) -> bool:
        """Tell whether bounds leave a single possible value to a suppressed count."""
        narrowed = self.small(bounds)
        if not self.suppressed or narrowed is None:
            return False
        others = self.suppressed - 1
        return max(MIN_SMALL, narrowed[0] - MAX_SMALL * others) == min(
            MAX_SMALL, narrowed[1] - MIN_SMALL * others
        )


def _overlap(one: Bounds, other: Bounds) -> Bounds:
    return max(one[0], other[0]), min(one[1], other[1])


@dataclass
class _Series:
    """The totals of one measure, group and period."""

    country: _Place
    regions: dict[str, _Place] = field(default_factory=dict)

    @property
    def places(self) -> tuple[_Place, ...]:
        """England and the regions."""
        return (self.country, *self.regions.values())

    def suppress(self) -> None:
        """Coarsen the totals that would disclose a suppressed count."""
        for region in self.regions.values():
            halves = [half for half in region.halves if half]
            own = [region.total] if region.total else []
            _coarsen([halves, own], lambda region=region: region.discloses(region.bounds()))  # type: ignore[misc]
        _coarsen(
            [self.country.totals],
            lambda: any(region.discloses(bounds) for region, bounds in self._narrowed()),
        )

    def _narrowed(self) -> Iterator[tuple[_Place, Bounds]]:
        """Yield each region with its bounds, given those of England and of the others."""
        low, high = self.country.bounds()
        known = {}
        for code, region in self.regions.items():
            bounds = region.bounds()
            known[code] = region.small(bounds) or bounds
        for code, region in self.regions.items():
            others = [bounds for other, bounds in known.items() if other != code]
            left = (low - sum(most for _, most in others), high - sum(least for least, _ in others))
            yield region, _overlap(known[code], left)


def _coarsen(groups: list[list[_Total]], discloses: Callable[[], bool]) -> None:
    """Coarsen one group of totals, or all, by the least that will do."""
    if not discloses():
        return
    chosen = [group for group in groups if group]
    for step in (1, 2, 3):
        for totals in (*chosen, [total for group in chosen for total in group]):
            before = [(total.value, total.half, total.carried) for total in totals]
            for total in totals:
                total.coarsen(step)
            if not discloses():
                return
            for total, state in zip(totals, before, strict=True):
                total.value, total.half, total.carried = state


def apply_secondary_suppression(
    figures: pd.DataFrame, register: Register
) -> tuple[pd.DataFrame, int]:
    """Take out the numbers of totals that would disclose a suppressed count.

    Parameters
    ----------
    figures : pandas.DataFrame
        The columns of :data:`kentstats.schemas.FIGURES`, index 0 to n - 1.
    register : Register
        The areas there are.

    Returns
    -------
    figures : pandas.DataFrame
        The same, with the numbers of some totals left out and, where the
        percentage gives as much away, that rounded to a whole one or left
        out too.
    count : int
        Of how many totals.
    """
    made = figures.copy()
    count = 0
    for series in _series(figures, register):
        series.suppress()
        for total in (each for place in series.places for each in place.totals):
            if not total.carried:
                made.loc[total.row.Index, NUMBERS] = math.nan
                made.loc[total.row.Index, ["value", "rounding"]] = [total.value, total.half]
                if math.isnan(total.value):
                    made.loc[total.row.Index, "status"] = "suppressed"
                count += 1
    return made, count


def _series(figures: pd.DataFrame, register: Register) -> Iterator[_Series]:
    """Yield the series in which a count is suppressed and a total has numbers."""
    units = {name: indicator.unit for name, indicator in load_indicators().items()}
    hidden = figures["status"].eq("suppressed").groupby([figures[name] for name in SERIES])
    for (indicator, *_), rows in figures[hidden.transform("any")].groupby(SERIES, sort=False):
        if scale := SCALE.get(units.get(str(indicator), ""), 0.0):
            yield _summarise(scale, rows, register)


def _summarise(scale: float, frame: pd.DataFrame, register: Register) -> _Series:
    rows: list[Any] = list(frame.itertuples())
    figures = {row.area_code: row for row in rows if not math.isnan(row.numerator)}

    def total(code: str) -> _Total | None:
        row = figures.get(code)
        return _Total(row, scale, row.value, row.rounding) if row else None

    series = _Series(_Place(total(COUNTRY)))
    for row in rows:
        area = register.by_code(row.area_code) or register.combined(row.area_code)
        if not area or area.type not in {"authority", "combined"}:
            continue
        if area.region not in series.regions:
            halves = [total(code) for code in HALVES.get(area.region, ())]
            series.regions[area.region] = _Place(total(area.region), halves)
        for place in (series.country, series.regions[area.region]):
            if row.status == "suppressed":
                place.suppressed += 1
            elif not math.isnan(row.numerator):
                place.rest += row.numerator
            elif row.status != "not_applicable":
                place.complete = False  # what is missing for another reason hides them all
    return series
