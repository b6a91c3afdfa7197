"""Tables by the areas that their rows are of, and the facts behind a number of many areas."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.aside import Ordered, in_one, large, together

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Integers = NDArray[np.signedinteger[Any]]

MANY = 400
"""As many facts are named one by one where they stand behind a number; of more, their shape."""


def digest_of(answer: object) -> str:
    """Compute the digest of an answer: 16 hexadecimal digits of BLAKE2 over its text.

    Parameters
    ----------
    answer : object
        Numbers, texts and days, in tuples; their text is the same on every
        machine.
    """
    return hashlib.blake2b(repr(answer).encode(), digest_size=8).hexdigest()


class Rows:
    """The rows of a table as plain values.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    names : sequence of str
        The columns wanted.
    """

    def __init__(self, frame: pd.DataFrame, names: Sequence[str]) -> None:
        self._columns = [_column(frame[name]) for name in names]

    def at(self, places: Any) -> list[tuple[Any, ...]]:
        """Return the rows at some places of the table."""
        return list(zip(*(take(places) for take in self._columns), strict=True))


class ByArea:
    """The rows of a table by the areas that they are of, as plain values.

    Parameters
    ----------
    frame : pandas.DataFrame
        With an ``area_code``.
    names : iterable of str, optional
        The columns wanted; all by default.
    """

    def __init__(self, frame: pd.DataFrame, names: Iterable[str] = ()) -> None:
        self.names = tuple(names) or tuple(frame.columns)
        order, self._ends, self._place = together(frame["area_code"])
        if large(frame):
            # those of one area stand together there, and are read without looking at others
            self._read = Ordered(frame[list(self.names)], order).values
        else:
            rows = Rows(frame, self.names)
            self._read = lambda start, end: rows.at(order[start:end])

    def of(self, code: str) -> list[tuple[Any, ...]]:
        """Return the rows of an area, in the order of the table."""
        place = self._place.get(code)
        if place is None:
            return []
        return self._read(int(self._ends[place]), int(self._ends[place + 1]))


def _column(column: pd.Series) -> Callable[[Any], list[Any]]:
    """Return what takes rows of a column as plain values; texts stay where they are until then."""
    if column.dtype.kind == "M":
        days, at = np.unique(column.to_numpy(), return_inverse=True)
        # days are few, and a day of pandas is slow to make and to write
        plain = [None if np.isnat(day) else day.astype("datetime64[us]").item() for day in days]
        known = np.array([*plain, None], dtype=object)
        at = at.astype(np.int32)
        return lambda places: known[at[places]].tolist()
    if column.dtype.kind in "fib":
        values = column.to_numpy()
        return lambda places: values[places].tolist()
    texts = column.array
    if not hasattr(texts.dtype, "__from_arrow__"):
        return lambda places: texts.take(places).tolist()
    import pyarrow as pa

    # of one piece, since taking out of pieces copies them all each time
    joined, none = in_one(pa.array(texts)), texts.dtype.na_value

    def take(places: Any) -> list[Any]:
        found = joined.take(pa.array(places))
        listed: list[Any] = found.to_pylist()
        return [none if each is None else each for each in listed] if found.null_count else listed

    return take


@dataclass(frozen=True)
class Behind:
    """The facts behind a number that comes of several authorities.

    Attributes
    ----------
    facts : tuple of str
        Their names; of more than :data:`MANY` what their names begin with.
    sources : tuple of str
        Their sources, each once.
    digest : str
        That of them all.
    count : int
        How many there are.
    """

    facts: tuple[str, ...]
    sources: tuple[str, ...]
    digest: str
    count: int

    def named(self, but: int = -1) -> tuple[str, ...]:
        """Name the facts; very many by one name for all, which their digest tells apart.

        Parameters
        ----------
        but : int
            The place of one that is left out.
        """
        one_less = 0 <= but < self.count
        if self.count <= MANY:
            return self.facts[:but] + self.facts[but + 1 :] if one_less else self.facts
        return (f"{', '.join(self.facts)} ({self.count - one_less:,} facts, {self.digest})",)


class Measure:
    """The authorities that have a figure for one measure, latest period.

    Parameters
    ----------
    rows : Rows
        The latest figures: their names and their sources.
    at : numpy.ndarray
        Where those of the measure are.
    whose : numpy.ndarray
        The number of the authority of each of them.
    areas : int
        How many areas there are.
    """

    def __init__(self, rows: Rows, at: Integers, whose: Integers, areas: int) -> None:
        self._rows, self._at, self._whose = rows, at, whose
        self.all = self._behind(np.arange(len(at)))
        self._place = np.full(areas, -1, np.int32)
        self._place[whose] = np.arange(len(at))
        # an area is of one type, so one place for each will do
        self._among = np.full(areas, -1, np.int32)
        self._of_kind: dict[int, Behind] = {}

    def _behind(self, chosen: NDArray[np.intp]) -> Behind:
        rows = self._rows.at(self._at[chosen])
        facts, sources = (tuple(row[place] for row in rows) for place in (0, 1))
        digest, count = digest_of((facts, sources)), len(rows)
        if count > MANY:
            shapes = dict.fromkeys(fact.rpartition(".")[0] for fact in facts)
            facts = tuple(f"{shape}.*" for shape in shapes)
        return Behind(facts, tuple(dict.fromkeys(sources)), digest, count)

    def among(self, areas: Iterable[int]) -> Behind:
        """Return what some authorities have, in the order of the table."""
        places = self._place[list(areas)]
        return self._behind(np.sort(places[places >= 0]).astype(np.intp))

    def of_kind(self, kind: int, kinds: NDArray[np.intp]) -> tuple[Behind, NDArray[np.int32]]:
        """Return what the authorities of a type have, and the place of each among them.

        Parameters
        ----------
        kind : int
            The type.
        kinds : numpy.ndarray
            The type of each area, -1 where it has none.
        """
        if kind not in self._of_kind:
            chosen = np.flatnonzero((kinds[self._whose] == kind) & (kind >= 0))
            self._among[self._whose[chosen]] = np.arange(len(chosen))
            self._of_kind[kind] = self._behind(chosen)
        return self._of_kind[kind], self._among
