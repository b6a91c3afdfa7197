"""From the text of a publisher's table to tidy figures.

A reader finds the place and the period of every row, and the indicator
catalogue says which columns and rows hold which indicator. All frames here
have the line of the file as their index. Cells are frames with ``value`` (nan
without a number), ``status`` (one of :data:`GRAVITY`) and ``decimals`` (the
places that the cell prints), or with the half-widths of their ``rounding``,
and of ``count_rounding`` where they are counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from kentstats.areas import Area, Register, fold
from kentstats.indicators import Indicator, load_indicators
from kentstats.indicators import Mapping as IndicatorMapping
from kentstats.ingest.csv_files import Reading
from kentstats.ingest.datasets import LICENCE, Dataset
from kentstats.periods import year_ending
from kentstats.schemas import DAYS, FIGURES, SCALE

EES_SYMBOLS = (
    {"c": "suppressed", "u": "unreliable"}
    | dict.fromkeys(["k", "low", "~"], "rounds_to_zero")
    | dict.fromkeys(["x", ":", ""], "not_available")
    | dict.fromkeys(["z", "."], "not_applicable")
)
"""Symbols of the open data standard and of files older than it."""
SFR_SYMBOLS = {"x": "suppressed", "": "not_available", ".": "not_applicable"}
"""Symbols of the statistical first releases of 2010."""
LAIT_SYMBOLS = {"-": "not_available", "": "not_available"}
"""The interactive tool has one symbol for every kind of missing figure."""
UNREADABLE = "unreadable"  # neither a number nor a known symbol; its row is refused
MISSING = ("suppressed", "unreliable", "not_applicable", "not_available", "rounds_to_zero")
GRAVITY = (UNREADABLE, *MISSING, "")
"""Statuses, the gravest first: of two, it says why a figure made of both is missing."""
IMPOSSIBLE = "The figure is negative, over 100 per cent, or above its base."
MAX_DIGITS = 40  # spreadsheets write no more than 25 characters
NUMBER = re.compile(r"[-−]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?(e[-+]?[0-9]{1,3})?", re.I)

Source = tuple[Indicator, IndicatorMapping]  # an indicator, and where a data set has it


def number(text: str) -> float | None:
    """Return the number in a cell, thousands separated by commas or not."""
    if len(text) > MAX_DIGITS or not NUMBER.fullmatch(text):
        return None
    value = float(text.replace(",", "").replace("−", "-"))
    return value if math.isfinite(value) else None


def is_formula(text: str) -> bool:
    """Tell whether a spreadsheet would take a cell for a formula, and run it."""
    return text.startswith(("=", "@")) or bool(re.match(r"[-+].*[(!|=]", text))


def cell_fault(text: str) -> str:
    """Return what is wrong with a cell that is neither a number nor a known symbol."""
    if is_formula(text):
        return f"“{text[:40]}” is a formula."
    return f"“{text[:40]}” is neither a number nor a known symbol."


def read_cells(column: pd.Series, symbols: Mapping[str, str]) -> pd.DataFrame:
    """Read a column of text as numbers, and as symbols with the status each stands for."""
    codes, texts = pd.factorize(column)
    names = ["value", "status", "decimals"]
    cells = pd.DataFrame([_read_cell(text, symbols) for text in texts], columns=names)
    cells = cells.astype({"value": "float64", "status": "str", "decimals": "int64"})
    return cells.take(codes).set_axis(column.index)


def _read_cell(text: str, symbols: Mapping[str, str]) -> tuple[float, str, int]:
    value = number(text)
    if value is None:
        return math.nan, symbols.get(text.casefold(), UNREADABLE), 0
    # a spreadsheet writes 17.1 as 17.100000000000001
    short = f"{value:.10g}"
    return float(short), "", len(short.partition(".")[2]) if "e" not in short else 0


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


def says(column: pd.Series, text: str) -> pd.Series:
    """Tell which cells hold a text, whatever its case."""
    return column.str.casefold().eq(text.casefold())


def add_up(columns: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Add columns of cells up; a sum with a missing part is missing."""
    numbers = ["value", "rounding", "count_rounding"]
    total, *others = columns
    for other in others:
        status = _gravest(total["status"], other["status"])
        total = total[numbers].add(other[numbers]).assign(status=status)
    return total


def _gravest(*statuses: pd.Series) -> pd.Series:
    ranks = [status.map({name: at for at, name in enumerate(GRAVITY)}) for status in statuses]
    return pd.concat(ranks, axis=1).min(axis=1).map(dict(enumerate(GRAVITY))).astype("str")


def make_figures(
    unit: str,
    *,
    value: pd.DataFrame | None = None,
    numerator: pd.DataFrame | None = None,
    denominator: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Make figures of the cells of a published value, of its two numbers, or of both.

    A value that is not published is worked out; where one of the two numbers
    is missing, so is the value, for that reason. The numbers of a suppressed
    value are suppressed with it. Rows with an unreadable cell are left out.
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
        status = _gravest(top["status"], base["status"])
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
    return made[~_gravest(*(cells["status"] for cells in given)).eq(UNREADABLE)]


@dataclass
class SourceTable:
    """A publisher's table whose rows have a known place and period.

    ``places`` has ``area_code``, ``area_type``, ``period`` and its days for
    each row of ``frame``. ``taken`` are the lines that the catalogue has of each
    column, ``used`` those that it has at all, as figure or as its base.
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
        """Return the cells of a column; refuse those that cannot be read."""
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

    def keys(self, filters: Sequence[str]) -> pd.DataFrame:
        """Return the place, period and filters of each line, filters whatever their case."""
        folded = self.frame[list(filters)].apply(lambda column: column.str.casefold())
        return self.places[["area_code", "period"]].join(folded.add_prefix("filter "))

    def lines(self, where: Sequence[tuple[str, str]]) -> pd.Index:
        """Return the lines whose filters say what they should, whatever the case."""
        chosen = pd.Series(data=True, index=self.frame.index)
        for name, wanted in where:
            if name not in self.frame:
                return self.frame.index[:0]
            chosen &= says(self.frame[name], wanted)
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
        keys = self.keys([name for name in mapping.within if name in self.frame])
        columns = list(keys.columns)
        bases = keys.loc[self.lines(mapping.denominator_where)].rename_axis("base").reset_index()
        bases = bases.drop_duplicates(columns, keep="last")
        found = keys.loc[lines].merge(bases, how="left", on=columns)["base"]
        return pd.Index(found.fillna(-1).astype("int64"))

    def _refuse_impossible(self, made: pd.DataFrame, unit: str, column: str) -> pd.DataFrame:
        wrong = made[["value", "numerator", "denominator"]].lt(0).any(axis=1)
        if unit == "percent":
            wrong |= made["value"].gt(100) | made["numerator"].gt(made["denominator"])
        for line in made.index[wrong]:
            self.reading.refuse(line, column, IMPOSSIBLE, "Ask the publisher.")
        return made[~wrong]


def refuse_repeated(
    reading: Reading, keys: pd.DataFrame, content: pd.DataFrame, hint: str = ""
) -> pd.Index:
    """Take a line that occurs twice once; refuse lines of one key with different content.

    Returns the lines to drop. A `hint` is added to the remedy.
    """
    keys = keys[keys.duplicated(keep=False)]
    if keys.empty:
        return keys.index
    group = keys.groupby(list(keys.columns), sort=False).ngroup()
    versions = content.loc[keys.index].assign(_group=group).drop_duplicates()["_group"]
    conflicting = group.map(versions.value_counts()).gt(1)
    what = "Two lines of one measure, place and period give different figures."
    for line in keys.index[conflicting]:
        remedy = f"Ask the publisher which is right; neither was taken.{hint}"
        reading.refuse(line, "", what, remedy)
    repeated = ~conflicting & group.duplicated()
    reading.leave_out("the same figures again", keys.index[repeated])
    return keys.index[conflicting | repeated]


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

    Columns that are not there are empty text. Returns one row for each row of
    `frame`: the tuple that the function returned, its items under `names`.
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
    """Return figures as one table in the columns of the contract; the locator is the line."""
    columns = [*FIGURES, *DAYS]
    frame = pd.concat(list(parts)) if parts else pd.DataFrame(columns=columns)
    locator = "line " + frame.index.astype("str")
    frame = frame.assign(source_id=source_id, licence=LICENCE, locator=locator)
    dtypes: dict[Hashable, Any] = {name: column.dtype for name, column in FIGURES.items()}
    dtypes |= dict.fromkeys(DAYS, "datetime64[ms]")
    return frame.reindex(columns=columns).astype(dtypes).reset_index(drop=True)


def slug(text: str) -> str:
    """Make a key of a name: lower case, hyphens for everything else."""
    named = text.casefold().replace("%", " percent ").replace("£", " gbp ").replace("+", " plus ")
    return re.sub(r"[^a-z0-9]+", "-", named).strip("-")


def indicator_keys(names: Sequence[str], source_id: str) -> dict[str, str]:
    """Make keys for measures that the catalogue does not have: all different."""
    keys: dict[str, str] = {}
    for name in names:
        key = slug(name) or "measure"
        if key in load_indicators():
            key = f"{key}-of-{source_id}"
        while key in keys.values():
            key += "-2"
        keys[name] = key
    return keys
