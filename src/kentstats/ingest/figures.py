"""From the text of a publisher's table to tidy figures.

A reader finds the place and the period of every row, and the indicator
catalogue says which columns and rows hold which indicator. All frames here
have the line of the file as their index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from kentstats.areas import Area, Register, fold
from kentstats.indicators import Indicator, load_indicators
from kentstats.indicators import Mapping as IndicatorMapping
from kentstats.ingest.csv_files import UNREADABLE, Reading, cell_fault, read_cells
from kentstats.ingest.datasets import LICENCE, Dataset
from kentstats.periods import year_ending
from kentstats.schemas import DAYS, FIGURES, SCALE

GRAVITY = (
    UNREADABLE,
    "suppressed",
    "unreliable",
    "not_applicable",
    "not_available",
    "rounds_to_zero",
    "",
)
"""Statuses, the gravest first: of two, it says why a figure made of both is missing."""

Source = tuple[Indicator, IndicatorMapping]
"""An indicator, and where a data set has it."""


def sources_of(dataset: str) -> list[Source]:
    """Return the indicators of a data set, in the order of the catalogue."""
    return [
        (indicator, mapping)
        for indicator in load_indicators().values()
        for mapping in indicator.sources
        if mapping.data == dataset
    ]


def columns_of(mapping: IndicatorMapping) -> list[str]:
    """Return the columns that hold an indicator: its value first, then its two numbers."""
    return [name for name in (mapping.value, *mapping.numerator, *mapping.denominator) if name]


def name_fault(
    area: Area, code: str, name: str, register: Register, *, unlisted: bool = False
) -> str:
    """Return the fault of a row that has the code of one area and the name of another.

    With `unlisted`, a name that no list knows is a fault too.
    """
    others = register.answering(name)
    if area in others or fold(name) == fold(area.name) or not (others or unlisted):
        return ""
    return f"{code} is {area.name}, the row says {name[:60] or 'nothing'}."


def is_text(column: pd.Series, text: str) -> pd.Series:
    """Tell which cells hold a text, whatever its case."""
    return column.str.casefold().eq(text.casefold())


def gravest(*statuses: pd.Series) -> pd.Series:
    """Return the gravest of several statuses, row by row."""
    ranks = [status.map({name: at for at, name in enumerate(GRAVITY)}) for status in statuses]
    return pd.concat(ranks, axis=1).min(axis=1).map(dict(enumerate(GRAVITY))).astype("str")


def add_up(columns: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add columns of cells up; a sum with a missing part is missing."""
    numbers = ["value", "rounding", "count_rounding"]
    total, *others = columns
    for other in others:
        status = gravest(total["status"], other["status"])
        total = total[numbers].add(other[numbers]).assign(status=status)
    return total


def make_figures(
    unit: str,
    *,
    value: pd.DataFrame | None = None,
    numerator: pd.DataFrame | None = None,
    denominator: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Make figures of a published value, of its two numbers, or of both.

    Parameters
    ----------
    unit : str
        Unit of the indicator.
    value, numerator, denominator : pandas.DataFrame, optional
        Cells as :func:`read_cells` returns them, with the half-widths of
        their ``rounding``, and of ``count_rounding`` where they are counts.

    Returns
    -------
    pandas.DataFrame
        ``value``, ``numerator``, ``denominator``, ``rounding``,
        ``count_rounding`` and ``status`` of :data:`kentstats.schemas.FIGURES`.
        A value that is not published is worked out; where one of the two
        numbers is missing, so is the value, for that reason. The numbers of a
        suppressed value are suppressed with it. Rows with an unreadable cell
        are left out.
    """
    given = [cells for cells in (value, numerator, denominator) if cells is not None]
    nothing = pd.DataFrame(
        {"value": np.nan, "status": "", "rounding": 0.0, "count_rounding": 0.0},
        index=given[0].index,
    )
    top = nothing if numerator is None else numerator
    base = nothing if denominator is None else denominator
    if value is None:
        scale, share = SCALE.get(unit, 1.0), base["rounding"] * top["value"] / base["value"]
        figure = scale * top["value"] / base["value"]
        rounding = scale * (top["rounding"] + share) / base["value"]
        status = gravest(top["status"], base["status"])
    else:
        # a percentage and its base would give a suppressed number back
        hidden = value["status"].eq("suppressed") | top["status"].eq("suppressed")
        figure = value["value"].mask(hidden)
        status = value["status"].mask(hidden, "suppressed")
        # the places that these rows print, so that 21 beside 22.6 is 21.0
        places = value["decimals"].max() if len(value) else 0
        rounding = nothing["rounding"] + 0.5 * 10.0**-places
        if unit == "count":
            rounding = value["count_rounding"]
    # nobody whom it could be of, though some print a nought
    empty = base["value"].eq(0) & status.eq("")
    figure, status = figure.mask(empty), status.mask(empty, "not_applicable")
    there = figure.notna()
    both = there & top["value"].notna() & base["value"].notna()
    made = pd.DataFrame(
        {
            "value": figure,
            "numerator": top["value"].where(both),
            "denominator": base["value"].where(both),
            "rounding": rounding.where(there),
            "count_rounding": top["count_rounding"].clip(lower=base["count_rounding"]).where(both),
            "status": status.mask(there, "").mask(~there & status.eq(""), "not_available"),
        }
    )
    return made[~gravest(*(cells["status"] for cells in given)).eq(UNREADABLE)]


@dataclass
class SourceTable:
    """A publisher's table whose rows have a known place and period.

    Attributes
    ----------
    frame : pandas.DataFrame of str
        The cells.
    places : pandas.DataFrame
        ``area_code``, ``area_type``, ``period`` and its days for each row.
    symbols : mapping of str to str
        The status that each symbol stands for.
    reading : Reading
        Where faults are noted.
    dataset : Dataset or None
        The data set, where it is a known one.
    taken : dict of str to set of int
        The lines that the catalogue has of each column.
    used : set of int
        The lines that the catalogue has, as figure or as its base.
    """

    frame: pd.DataFrame
    places: pd.DataFrame
    symbols: Mapping[str, str]
    reading: Reading
    dataset: Dataset | None = None
    taken: dict[str, set[int]] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    _cells: dict[str, pd.DataFrame] = field(default_factory=dict)

    def cells(self, name: str) -> pd.DataFrame:
        """Return a column as numbers and symbols, with the half-widths of their rounding."""
        if name not in self._cells:
            cells = read_cells(self.frame[name], self.symbols)
            known = ", ".join(symbol for symbol in self.symbols if symbol.isalpha())
            remedy = f"Ask the publisher; known besides numbers: {known}."
            for line, text in self.frame.loc[cells["status"].eq(UNREADABLE), name].items():
                self.reading.refuse(line, name, cell_fault(text), remedy)
            counts = self.dataset.counts if self.dataset else {}
            rounding = self.places["area_type"].map(lambda kind: counts.get(kind, 0.0))
            cells["count_rounding"] = rounding.astype("float64")
            own = self.dataset.rounded.get(name, 0.0) if self.dataset else 0.0
            cells["rounding"] = cells["count_rounding"].clip(lower=own)
            self._cells[name] = cells
        return self._cells[name]

    def drop(self, lines: pd.Index) -> None:
        """Leave lines out."""
        self.frame, self.places = self.frame.drop(lines), self.places.drop(lines)

    def lines(self, where: Sequence[tuple[str, str]]) -> pd.Index:
        """Return the lines whose filters say what they should, whatever the case."""
        chosen = pd.Series(data=True, index=self.frame.index)
        for name, wanted in where:
            if name not in self.frame:
                return self.frame.index[:0]
            chosen &= is_text(self.frame[name], wanted)
        return self.frame.index[chosen]

    def figures(self, indicator: Indicator, mapping: IndicatorMapping) -> pd.DataFrame:
        """Return the figures of an indicator, as a source's mapping describes them."""
        lines = self.lines(mapping.where)
        bases = self._bases(mapping, lines) if mapping.denominator_where else lines
        made = make_figures(
            indicator.unit,
            value=self._total([mapping.value] if mapping.value else [], lines, lines),
            numerator=self._total(mapping.numerator, lines, lines),
            denominator=self._total(mapping.denominator, bases, lines),
        )
        for name in columns_of(mapping):
            self.taken.setdefault(name, set()).update(lines)
        self.used.update(lines, bases[bases > 0])
        self.reading.wanted += len(lines)
        made = self._refuse_impossible(made, indicator.unit, columns_of(mapping)[0])
        places = self.places.loc[made.index]
        if mapping.ends:
            places = places.assign(**period_days(places, mapping.ends))
        return made.join(places).assign(indicator=indicator.id, group=mapping.group)

    def _total(self, names: Sequence[str], lines: pd.Index, index: pd.Index) -> pd.DataFrame | None:
        """Return the sum of columns in some lines; a line that is not there has no number."""
        if not names:
            return None
        total = add_up([self.cells(name) for name in names]).reindex(lines).set_axis(index)
        return total.fillna({"status": "not_available"})

    def _bases(self, mapping: IndicatorMapping, lines: pd.Index) -> pd.Index:
        """Return the line of the base of each line: -1 where there is none."""
        shared = [name for name in mapping.within if name in self.frame]
        folded = self.frame[shared].apply(lambda column: column.str.casefold())
        keys = self.places[["area_code", "period"]].join(folded.add_prefix("filter "))
        columns = list(keys.columns)
        bases = keys.loc[self.lines(mapping.denominator_where)].rename_axis("base").reset_index()
        bases = bases.drop_duplicates(columns, keep="last")
        found = keys.loc[lines].merge(bases, how="left", on=columns)["base"]
        return pd.Index(found.fillna(-1).astype("int64"))

    def _refuse_impossible(self, made: pd.DataFrame, unit: str, column: str) -> pd.DataFrame:
        """Refuse figures that are negative, over 100 per cent, or more than their base."""
        checks = {
            "The figure is negative.": made[["value", "numerator", "denominator"]].lt(0).any(axis=1)
        }
        if unit == "percent":
            checks["The figure is over 100 per cent."] = made["value"].gt(100)
            above = made["numerator"].gt(made["denominator"])
            checks["The numerator is above its denominator."] = above
        remedy = "A count or share is nought or more."
        for what, wrong in checks.items():
            lines = made.index[wrong.loc[made.index]]
            for line in lines:
                self.reading.refuse(line, column, what, remedy)
            made = made.drop(lines)
            remedy = "Ask the publisher."
        return made


def find_repeated(keys: pd.DataFrame, content: pd.DataFrame) -> tuple[pd.Index, pd.Index]:
    """Compare the lines that have one key.

    Returns
    -------
    conflicting : pandas.Index
        Lines of a key whose lines do not all have the same content.
    repeated : pandas.Index
        The other lines that only repeat an earlier one.
    """
    keys = keys[keys.duplicated(keep=False)]
    if keys.empty:
        return keys.index, keys.index
    group = keys.groupby(list(keys.columns), sort=False).ngroup()
    versions = content.loc[keys.index].assign(_group=group).drop_duplicates()["_group"]
    conflicting = group.map(versions.value_counts()).gt(1)
    return keys.index[conflicting], keys.index[~conflicting & group.duplicated()]


def period_days(places: pd.DataFrame, ends: str) -> pd.DataFrame:
    """Return first and last day of years that end on a known day."""

    def days(label: str) -> tuple[Any, Any]:
        period = year_ending(label, ends)
        return period.start, period.end

    return look_up(places, ["period"], days, DAYS)


def look_up(
    frame: pd.DataFrame,
    columns: Sequence[str],
    find: Callable[..., tuple[Any, ...]],
    names: Sequence[str],
) -> pd.DataFrame:
    """Call a function once for each different combination of some columns.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows.
    columns : sequence of str
        The columns whose cells are the arguments of the function; those that
        are not there are empty text.
    find : callable
        Returns a tuple.
    names : sequence of str
        Names of the items of that tuple.

    Returns
    -------
    pandas.DataFrame
        One row for each row of `frame`.
    """
    there = [name for name in columns if name in frame]
    groups = frame.groupby(there, sort=False, dropna=False).ngroup()
    keys = frame[there].drop_duplicates().reindex(columns=list(columns), fill_value="")
    found = pd.DataFrame([find(*key) for key in keys.itertuples(index=False)], columns=list(names))
    for name in DAYS:
        if name in found:
            found[name] = pd.to_datetime(found[name]).astype("datetime64[ms]")
    return found.take(groups.to_numpy()).set_axis(frame.index)


def tidy_figures(parts: Sequence[pd.DataFrame], source_id: str) -> pd.DataFrame:
    """Return figures as one table.

    Parameters
    ----------
    parts : sequence of pandas.DataFrame
        Figures with their indicator, group, area and period.
    source_id : str
        Key of the data set.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`kentstats.schemas.FIGURES` and
        :data:`kentstats.schemas.DAYS`; the locator is the line of the file.
    """
    columns = [*FIGURES, *DAYS]
    frame = pd.concat(list(parts)) if parts else pd.DataFrame(columns=columns)
    frame = frame.assign(
        source_id=source_id, licence=LICENCE, locator="line " + frame.index.astype("str")
    )
    dtypes: dict[Hashable, Any] = {name: column.dtype for name, column in FIGURES.items()}
    dtypes |= dict.fromkeys(DAYS, "datetime64[ms]")
    return frame.reindex(columns=columns).astype(dtypes).reset_index(drop=True)


def slug(text: str) -> str:
    """Make a key of a name: lower case, hyphens for everything else.

    Examples
    --------
    >>> slug("CPP_At31 (number)")
    'cpp-at31-number'
    """
    named = text.casefold().replace("%", " percent ").replace("£", " gbp ").replace("+", " plus ")
    return re.sub(r"[^a-z0-9]+", "-", named).strip("-")


def indicator_keys(names: Sequence[str], source_id: str) -> dict[str, str]:
    """Make keys for measures that the catalogue does not have: all different.

    Examples
    --------
    >>> indicator_keys(["Total (number)", "total-number", "convictions"], "file-a")
    {'Total (number)': 'total-number', 'total-number': 'total-number-2', \
'convictions': 'convictions-of-file-a'}
    """
    catalogue = load_indicators()
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        key = slug(name) or "measure"
        if key in catalogue:
            key = f"{key}-of-{source_id}"
        free, repeat = key, 1
        while free in taken:
            repeat += 1
            free = f"{key}-{repeat}"
        taken.add(free)
        keys[name] = free
    return keys
