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
from typing import TYPE_CHECKING, NamedTuple

from kentstats.areas import Area, Register
from kentstats.indicators import load_indicators
from kentstats.schemas import SCALE

if TYPE_CHECKING:
    import pandas as pd

MIN_SMALL, MAX_SMALL = 1, 5
"""The counts that are suppressed for being small."""
SERIES = ["indicator", "group", "period"]
NUMBERS = ["numerator", "denominator", "count_rounding"]
COUNTRY = "E92000001"
HALVES = {"E12000007": ("E13000001", "E13000002")}
"""Regions that are published in halves besides."""

FIELDS = ("value", "numerator", "denominator", "rounding", "count_rounding", "status")

Bounds = tuple[float, float]
ANY: Bounds = (0.0, math.inf)


class _Figure(NamedTuple):
    """What of a figure is needed here, and the row of the table that it stands in."""

    area: Area
    place: int
    value: float
    numerator: float
    denominator: float
    rounding: float
    count_rounding: float
    status: str


@dataclass
class _Total:
    """A total as it will be carried: its figure, and how much of it.

    Attributes
    ----------
    row : _Figure or None
        Its figure; None where there is none with numbers.
    scale : float
        What its share is multiplied by.
    value, half : float
        Its value as it will be carried, and half the width of its rounding.
    carried : bool
        Whether its numbers will be.
    """

    row: _Figure | None
    scale: float
    value: float = math.nan
    half: float = math.nan
    carried: bool = True

    def bounds(self) -> Bounds:
        """Return between what its count lies, as numbers and value tell."""
        if self.row is None or math.isnan(self.value):
            return ANY
        row, rounding = self.row, self.row.count_rounding
        low = (self.value - self.half) * (row.denominator - rounding) / self.scale
        high = (self.value + self.half) * (row.denominator + rounding) / self.scale
        own = (row.numerator - rounding, row.numerator + rounding) if self.carried else ANY
        return _overlap((low, high), own)

    def coarsen(self, step: int) -> None:
        """Leave its numbers out; from step 2 round its value to a whole one; at step 3 drop it."""
        if self.row is None:
            return
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
    """A region or England: its totals, and what is known of its authorities.

    Attributes
    ----------
    totals : list of _Total
        Its own.
    halves : list of _Total
        Those of Inner and Outer London, which tell the same again.
    suppressed : int
        How many of its authorities withhold their count.
    rest : float
        The counts of the others together.
    complete : bool
        Whether every other count is known.
    """

    totals: list[_Total]
    halves: list[_Total] = field(default_factory=list)
    suppressed: int = 0
    rest: float = 0.0
    complete: bool = True

    def bounds(self) -> Bounds:
        """Return between what the suppressed counts lie together, as the totals tell."""
        if not self.complete:
            return ANY
        low, high = self.totals[0].bounds()
        if self.halves:
            parts = [half.bounds() for half in self.halves]
            low, high = _overlap((low, high), (sum(x for x, _ in parts), sum(y for _, y in parts)))
        return (max(math.ceil(low - self.rest - 1e-6), 0), _floor(high - self.rest + 1e-6))

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


def _floor(number: float) -> float:
    return number if math.isinf(number) else math.floor(number)


@dataclass
class _Series:
    """The totals of one measure, group and period."""

    country: _Place
    regions: dict[str, _Place] = field(default_factory=dict)

    def suppress(self) -> None:
        """Coarsen the totals that would disclose a suppressed count."""
        for region in self.regions.values():
            _coarsen(
                [[half for half in region.halves if half.row], region.totals],
                lambda region=region: region.discloses(region.bounds()),  # type: ignore[misc]
            )
        _coarsen(
            [self.country.totals],
            lambda: any(region.discloses(bounds) for region, bounds in self._narrowed()),
        )

    @property
    def totals(self) -> list[_Total]:
        """Every total of the series."""
        places = (self.country, *self.regions.values())
        return [total for place in places for total in (*place.totals, *place.halves)]

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
    made, count = figures, 0
    for series in _series(figures, register):
        series.suppress()
        for total in series.totals:
            if total.row and not total.carried:
                made = made.copy() if made is figures else made
                made.loc[total.row.place, NUMBERS] = math.nan
                made.loc[total.row.place, ["value", "rounding"]] = [total.value, total.half]
                if math.isnan(total.value):
                    made.loc[total.row.place, "status"] = "suppressed"
                count += 1
    return made, count


def _series(figures: pd.DataFrame, register: Register) -> Iterator[_Series]:
    """Yield the series in which a count is suppressed and a total has numbers."""
    units = {name: indicator.unit for name, indicator in load_indicators().items()}
    hidden = figures.loc[figures["status"].eq("suppressed"), SERIES].drop_duplicates()
    some = figures.reset_index().merge(hidden, on=SERIES)
    areas = {
        code: register.by_code(code) or register.combined(code)
        for code in some["area_code"].unique()
    }
    series: dict[tuple[str, ...], list[_Figure]] = {}
    columns = [some[name].tolist() for name in (*SERIES, "area_code", "index", *FIELDS)]
    for indicator, group, period, code, *cells in zip(*columns, strict=True):
        if area := areas[code]:
            series.setdefault((indicator, group, period), []).append(_Figure(area, *cells))
    for (indicator, *_), rows in series.items():
        if scale := SCALE.get(units.get(indicator, ""), 0.0):
            yield _summarise(scale, rows)


def _summarise(scale: float, rows: list[_Figure]) -> _Series:
    figures = {row.area.code: row for row in rows if not math.isnan(row.numerator)}

    def total(code: str) -> _Total:
        row = figures.get(code)
        return _Total(row, scale, row.value, row.rounding) if row else _Total(None, scale)

    series = _Series(_Place([total(COUNTRY)]))
    for row in rows:
        if row.area.type not in {"authority", "combined"}:
            continue
        region = row.area.region
        if region not in series.regions:
            halves = [total(code) for code in HALVES.get(region, ())]
            series.regions[region] = _Place([total(region)], halves)
        for each in (series.country, series.regions[region]):
            if row.status == "suppressed":
                each.suppressed += 1
            elif not math.isnan(row.numerator):
                each.rest += row.numerator
            elif row.status != "not_applicable":
                each.complete = False  # what is missing for another reason hides them all
    return series
