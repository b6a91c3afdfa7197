"""Cells of official statistics: numbers, symbols, and figures made of them.

Work is done once for each different text, so a column of a hundred thousand
cells costs what its few thousand different ones cost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from kentstats.ingest.reading import Reading
from kentstats.ingest.table import Coded, number, odd
from kentstats.schemas import SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

EES_SYMBOLS = {
    "c": "suppressed",
    "z": "not_applicable",
    "x": "not_available",
    "k": "rounds_to_zero",
    "low": "rounds_to_zero",
    "u": "unreliable",
    # older files
    "~": "rounds_to_zero",
    ":": "not_available",
    ".": "not_applicable",
    "": "not_available",
}
"""Symbols of the open data standard, those of older files with them."""
SFR_SYMBOLS = {"x": "suppressed", "": "not_available", ".": "not_applicable"}
"""Symbols of the statistical first releases of 2010."""
LAIT_SYMBOLS = {"-": "not_available", "": "not_available"}
"""The interactive tool has one mark for every kind of missing figure."""

# of two numbers with a reason each, the graver one says why there is no figure
ORDER = ("suppressed", "unreliable", "not_applicable", "not_available", "rounds_to_zero", "")


@dataclass(frozen=True)
class Cells:
    """A column, read.

    Attributes
    ----------
    values : numpy.ndarray of float
        nan where there is no number.
    status : numpy.ndarray of str
        Why there is none; empty where there is one.
    bad : numpy.ndarray of bool
        Cells that are neither a number nor a known symbol.
    decimals : int
        The most decimal places that any cell prints.
    added : int
        Of how many columns it is the sum: each was rounded for itself.
    half : float
        Half-width of its own rounding, where it is no count.
    """

    values: NDArray[np.float64]
    status: NDArray[np.object_]
    bad: NDArray[np.bool_]
    decimals: int
    added: int = 1
    half: float = 0.0

    def take(self, rows: NDArray[np.intp]) -> Cells:
        """Return some of the cells; a row of -1 has no figure."""
        there = rows >= 0
        safe = np.where(there, rows, 0)
        if not len(self.values):
            return missing(len(rows))
        return Cells(
            np.where(there, self.values[safe], np.nan),
            np.where(there, self.status[safe], "not_available"),
            there & self.bad[safe],
            self.decimals,
            self.added,
            self.half,
        )


def missing(count: int) -> Cells:
    """Make cells that hold nothing."""
    status = np.full(count, "not_available", dtype=object)
    return Cells(np.full(count, np.nan), status, np.zeros(count, dtype=bool), 0)


def read_cells(column: Coded, symbols: Mapping[str, str]) -> Cells:
    """Read a column of text.

    Parameters
    ----------
    column : Coded
        The cells.
    symbols : mapping of str to str
        What each symbol means, a key of :data:`kentstats.schemas.STATUSES`.

    Returns
    -------
    Cells
    """
    used = np.unique(column.codes)
    read = [_cell(text, symbols) for text in column.texts]
    values = np.array([value for value, _, _, _ in read] or [math.nan])
    status = np.array([state for _, state, _, _ in read] or [""], dtype=object)
    bad = np.array([wrong for _, _, wrong, _ in read] or [False])
    decimals = max((read[code][3] for code in used), default=0)
    codes = column.codes
    return Cells(values[codes], status[codes], bad[codes], decimals)


def _cell(text: str, symbols: Mapping[str, str]) -> tuple[float, str, bool, int]:
    value = number(text)
    if value is not None:
        # a spreadsheet writes 17.1 as 17.100000000000001
        short = f"{value:.10g}"
        return float(short), "", False, len(short.partition(".")[2]) if "e" not in short else 0
    state = symbols.get(text.casefold())
    return math.nan, state or "not_available", state is None, 0


def add(columns: Sequence[Cells]) -> Cells:
    """Add columns up; a sum with a part missing is missing, for the gravest reason."""
    if len(columns) == 1:
        return columns[0]
    values = np.sum([cells.values for cells in columns], axis=0)
    ranks = np.min([_rank(cells.status) for cells in columns], axis=0)
    status = np.array(ORDER, dtype=object)[ranks]
    bad = np.any([cells.bad for cells in columns], axis=0)
    decimals = max(cells.decimals for cells in columns)
    return Cells(values, status, bad, decimals, sum(cells.added for cells in columns))


def _rank(status: NDArray[np.object_]) -> NDArray[np.intp]:
    order = {state: place for place, state in enumerate(ORDER)}
    return np.array([order[state] for state in status], dtype=np.intp)


@dataclass(frozen=True)
class Figures:
    """Figures of one indicator, row by row.

    Attributes
    ----------
    value, numerator, denominator, rounding, count_rounding : numpy.ndarray
        As in :data:`kentstats.schemas.FIGURES`.
    status : numpy.ndarray of str
        Empty where there is a figure.
    keep : numpy.ndarray of bool
        False for rows that were refused.
    """

    value: NDArray[np.float64]
    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]
    rounding: NDArray[np.float64]
    count_rounding: NDArray[np.float64]
    status: NDArray[np.object_]
    keep: NDArray[np.bool_]

    def take(self, rows: NDArray[np.intp]) -> Figures:
        """Return some of the rows."""
        return Figures(*(getattr(self, each.name)[rows] for each in fields(self)))


def figures(
    unit: str,
    *,
    value: Cells | None,
    numerator: Cells | None,
    denominator: Cells | None,
    slack: NDArray[np.float64],
) -> Figures:
    """Make figures of a published value, or of its two numbers, or of both.

    Parameters
    ----------
    unit : str
        Unit of the indicator.
    value, numerator, denominator : Cells or None
        What is published, row by row.
    slack : numpy.ndarray
        Half-width of the rounding of one count, row by row.

    Returns
    -------
    Figures
        A value that is not published is worked out; where one of the two
        numbers is missing, so is the value, for that reason. The numbers of
        a withheld value are withheld with it. A row with a cell that is
        neither a number nor a symbol is not kept.
    """
    scale = SCALE.get(unit, 1.0)
    count = len(slack)
    top = numerator.values if numerator else np.full(count, np.nan)
    base = denominator.values if denominator else np.full(count, np.nan)
    added = [each.added if each else 1 for each in (numerator, denominator)]
    widths = [
        np.maximum(slack * many, each.half if each else 0.0)
        for many, each in zip(added, (numerator, denominator), strict=True)
    ]
    if value is not None:
        values, status = value.values, value.status
        half = slack if unit == "count" else np.full(count, 0.5 * 10.0**-value.decimals)
        # a percentage and its base would give back a number that is withheld
        hidden = (status == "suppressed") | (
            (numerator.status == "suppressed") if numerator else np.zeros(count, dtype=bool)
        )
        values = np.where(hidden, np.nan, values)
        status = np.where(hidden, "suppressed", status)
    else:
        both = add([cells for cells in (numerator, denominator) if cells])
        with np.errstate(divide="ignore", invalid="ignore"):
            values = scale * top / base
            half = scale * (widths[0] + widths[1] * top / base) / base
        status = both.status
    empty = (base == 0) & (status == "")  # nobody whom it could be of, though some print a nought
    values = np.where(empty, np.nan, values)
    status = np.where(empty, "not_applicable", status)
    there = ~np.isnan(values)
    status = np.where(there, "", np.where(status == "", "not_available", status))
    keep = np.ones(count, dtype=bool)
    for cells in (value, numerator, denominator):
        if cells is not None:
            keep &= ~cells.bad
    keep_numbers = there & ~np.isnan(top) & ~np.isnan(base)
    return Figures(
        value=values,
        numerator=np.where(keep_numbers, top, np.nan),
        denominator=np.where(keep_numbers, base, np.nan),
        rounding=np.where(there, half, np.nan),
        count_rounding=np.where(keep_numbers, slack * max(added), np.nan),
        status=status,
        keep=keep,
    )


def refuse_impossible(
    made: Figures, unit: str, reading: Reading, lines: NDArray[np.intp], column: str
) -> Figures:
    """Refuse figures that cannot be: below nought, over 100 per cent, more than their base.

    Returns
    -------
    Figures
        With `keep` False for the rows refused, each told to `reading`.
    """
    keep = made.keep.copy()
    checks: list[tuple[NDArray[np.bool_], str, str]] = [
        (
            (made.value < 0) | (made.numerator < 0) | (made.denominator < 0),
            "The figure is negative.",
            "A count or share is nought or more.",
        )
    ]
    if unit == "percent":
        checks += [
            (made.value > 100, "The figure is over 100 per cent.", "Ask the publisher."),
            (
                made.numerator > made.denominator,
                "The numerator is above its denominator.",
                "Ask the publisher.",
            ),
        ]
    for wrong, what, remedy in checks:
        for row in np.flatnonzero(wrong & keep):
            reading.refuse(int(lines[row]), column, what, remedy)
        keep &= ~wrong
    return replace(made, keep=keep)


def refuse_odd(
    cells: Cells,
    column: Coded,
    reading: Reading,
    lines: NDArray[np.intp],
    name: str,
    symbols: Mapping[str, str] = EES_SYMBOLS,
) -> None:
    """Tell every cell that is neither a number nor a known symbol."""
    known = ", ".join(symbol for symbol in symbols if symbol.isalpha())
    remedy = f"Ask the publisher; known besides numbers: {known}."
    for row in np.flatnonzero(cells.bad):
        reading.refuse(int(lines[row]), name, odd(column.texts[column.codes[row]]), remedy)
