"""The tidy contract: one row, one fact.

Every figure becomes a row of one table, wherever it comes from, and nothing
after the sources knows where a row came from except through its columns.
:data:`FACTS`, :data:`JUDGEMENTS`, :data:`ACTIONS` and :data:`STATEMENTS` list
the columns of each table with their type and meaning; the data dictionary is
printed from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]
"""One row of a table, as plain values by column."""


@dataclass(frozen=True)
class Column:
    """One column of a tidy table: its type in pandas, and what it holds in plain words."""

    dtype: str
    meaning: str


UNITS = {
    "percent": "per cent",
    "count": "number",
    "per_1000": "rate per thousand",
    "per_10000": "rate per ten thousand",
    "per_month": "number a month",
    "gbp": "pounds sterling",
    "rank": "rank",
    "per_worker": "number for each social worker",
    "number": "number, its unit not stated",
}

SCALE = {"percent": 100.0, "per_1000": 1_000.0, "per_10000": 10_000.0}
"""What a numerator over its denominator is multiplied by, for each unit that has both."""

QUALIFIERS = {
    "exact": "the source gives the figure as it is",
    "about": "the source calls the figure approximate or an average",
    "over": "the source says more than the figure",
    "under": "the source says just less than the figure",
    "range": "the source gives a lower and an upper end",
}

PRECISION = {"about": "about ", "over": "more than ", "under": "just under "}
"""What is printed before a figure that the source qualifies."""

STATUSES = {
    "published": "the source gives a figure",
    "suppressed": "withheld by the publisher to protect people",
    "not_applicable": "the measure does not apply here",
    "not_available": "the source has no figure",
    "rounds_to_zero": "more than none, but rounds to nought",
    "unreliable": "withheld by the publisher as unreliable",
}

GRADES = {1: "Outstanding", 2: "Good", 3: "Adequate", 4: "Inadequate"}

SERVICES = ("safeguarding", "looked after children")

BANDS = {"immediately": 0, "three months": 3, "six months": 6}
"""Time bands of the areas for improvement, in months from publication."""

STATED_IN = {
    "heading": "grade in the heading of the section",
    "record": "grade in the record of main findings",
    "text": "grade in words in the paragraph",
}

DIRECTION_WORDS = {"above": "higher", "below": "lower", "level": "about the same"}

DIRECTIONS = {
    "above": "the source says that the area is above the comparator",
    "below": "the source says that the area is below the comparator",
    "level": "the source says that the two are about the same",
}

FACTS = {
    "fact_id": Column("str", "source, place in it, indicator, group and area; unique"),
    "indicator": Column("str", "key into the indicator catalogue"),
    "area_code": Column("str", "GSS code, or a name of ours for a group of areas"),
    "area_name": Column("str", "name of the area"),
    "area_type": Column("str", "country, region, authority, combined or comparator_group"),
    "period": Column("str", "period as the source names it"),
    "period_start": Column("datetime64[ms]", "first day, empty where not stated"),
    "period_end": Column("datetime64[ms]", "last day, empty where not stated"),
    "group": Column("str", "subgroup; all where there is none"),
    "value": Column("float64", "the figure; the lower end of a range"),
    "upper": Column("float64", "upper end of a range, else empty"),
    "unit": Column("str", "one of: " + ", ".join(UNITS)),
    "qualifier": Column("str", "one of: " + ", ".join(QUALIFIERS)),
    "numerator": Column("float64", "where published"),
    "denominator": Column("float64", "where published; never guessed"),
    "rounding": Column("float64", "half-width of the rounding; 0 for a count, empty if unknown"),
    "count_rounding": Column("float64", "the same of numerator and denominator"),
    "status": Column("str", "one of: " + ", ".join(STATUSES)),
    "source_id": Column("str", "key into the sources"),
    "licence": Column("str", "terms of use"),
    "locator": Column("str", "where in the source"),
    "printed": Column("str", "the figure as the source prints it"),
    "description": Column("str", "what the figure says, in our words"),
    "note": Column("str", "how the figure was read, where that needs saying"),
}

DAYS = ("period_start", "period_end")
"""First and last day of a period, in the table of figures and in a table of their own."""

FIGURES = {
    "indicator": Column("str", "key into the indicator catalogue"),
    "area_code": Column("str", "GSS code; joined codes where a source counts areas together"),
    "period": Column("str", "period as the source names it"),
    "group": Column("str", "subgroup; empty where there is none"),
    "value": Column("float64", "the figure as published, or worked out from its numbers"),
    "numerator": Column("float64", "where published"),
    "denominator": Column("float64", "where published; never guessed"),
    "rounding": Column("float64", "half-width of the rounding of the value"),
    "count_rounding": Column("float64", "half-width of the rounding of the two numbers"),
    "status": Column("str", "why there is no figure; empty where there is one"),
    "source_id": Column("str", "key into the sources of the edition"),
    "licence": Column("str", "terms of use"),
    "locator": Column("str", "line of the file, or place in it"),
}
"""A figure of official statistics as an edition keeps it;
:func:`kentstats.load.official_facts` makes facts of figures."""

NEIGHBOURS = {
    "list": Column("str", "the list, by the month it was published"),
    "area_code": Column("str", "GSS code of the authority"),
    "position": Column("int64", "1 is the closest"),
    "neighbour_code": Column("str", "GSS code of the neighbour"),
    "closeness": Column("str", "how close, in the words of the list"),
}

OUTCOMES = {
    "area_code": Column("str", "GSS code of the authority"),
    "judgement": Column("str", "what was judged"),
    "position": Column("int64", "order of the judgements"),
    "grade": Column("int64", "1 outstanding, 2 good, 3 requires improvement, 4 inadequate"),
    "inspected": Column("datetime64[ms]", "first day of the inspection"),
    "published": Column("datetime64[ms]", "day of publication"),
    "source_id": Column("str", "key into the sources of the edition"),
    "licence": Column("str", "terms of use"),
    "locator": Column("str", "sheet and row"),
}

JUDGEMENTS = {
    "source_id": Column("str", "key into the sources"),
    "service": Column("str", "one of: " + ", ".join(SERVICES)),
    "section": Column("str", "part of the inspection framework"),
    "judgement": Column("str", "what was judged"),
    "position": Column("int64", "order in the record of main findings"),
    "grade": Column("int64", "1 outstanding, 2 good, 3 adequate, 4 inadequate"),
    "stated_in": Column("str", "one of: " + ", ".join(STATED_IN)),
    "locator": Column("str", "where in the source"),
    "printed": Column("str", "the grade as the source prints it"),
}

ACTIONS = {
    "source_id": Column("str", "key into the sources"),
    "service": Column("str", "one of: " + ", ".join(SERVICES)),
    "band": Column("str", "time allowed: " + ", ".join(BANDS)),
    "due": Column("datetime64[ms]", "last day, counted from publication"),
    "position": Column("int64", "place within its band, from 1"),
    "section": Column("str", "the judgement that the action answers"),
    "action": Column("str", "what is to be done, in our words"),
    "locator": Column("str", "where in the source"),
}

STATEMENTS = {
    "source_id": Column("str", "key into the sources"),
    "subject": Column("str", "what is compared"),
    "area_name": Column("str", "the area compared"),
    "comparator": Column("str", "what it is compared with"),
    "direction": Column("str", "one of: " + ", ".join(DIRECTIONS)),
    "period": Column("str", "period as the source names it"),
    "locator": Column("str", "where in the source"),
}

TABLES = {
    "facts": (FACTS, ("fact_id",)),
    "judgements": (JUDGEMENTS, ("source_id", "service", "position", "judgement", "stated_in")),
    "actions": (ACTIONS, ("source_id", "service", "due", "position")),
    "statements": (STATEMENTS, ("source_id", "subject", "comparator", "period")),
}
"""Each table's columns and its key, in the order it is sorted by."""


def tidy(table: str, rows: Iterable[Row]) -> pd.DataFrame:
    """Make a table of :data:`TABLES`: typed columns in order, sorted by a unique key.

    A row that lacks a column or has one too many, or a key that is not unique, is a
    fault of the reader, and raises a ValueError.

    Examples
    --------
    >>> frame = tidy("statements", [dict(
    ...     source_id="s", subject="Dental checks", area_name="Kent", comparator="England",
    ...     direction="level", period="2010", locator="paragraph 55")])
    >>> frame.shape
    (1, 7)
    """
    columns, key = TABLES[table]
    rows = list(rows)
    if odd := sorted({name for row in rows for name in row.keys() ^ columns.keys()}):
        raise ValueError(f"{table}: columns missing or too many: {odd}")
    frame = typed(rows, columns)
    if frame.duplicated(list(key)).any():
        raise ValueError(f"{table}: key {key} is not unique")
    return frame.sort_values(list(key), kind="stable", ignore_index=True)


def typed(rows: Iterable[Row], columns: Mapping[str, Column]) -> pd.DataFrame:
    """Make a table of rows, with the columns and types that are given."""
    import pandas as pd

    types = {name: cast("Any", column.dtype) for name, column in columns.items()}
    return pd.DataFrame(list(rows), columns=list(columns)).astype(types)


def records(frame: pd.DataFrame) -> list[Row]:
    """Turn a table into plain rows: a look-up in a frame costs a hundred times as much."""
    names = [str(name) for name in frame]
    # five times as fast as to_dict, which takes each column apart
    return [dict(zip(names, row, strict=True)) for row in frame.to_numpy(dtype=object).tolist()]


def to_csv(frame: pd.DataFrame) -> str:
    """Write a table as CSV: dates in ISO form, nothing where a value is missing."""
    return str(frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d"))
