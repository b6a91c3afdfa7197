"""Large tables, laid aside in a file of their own instead of in memory.

A process sees such a table as it sees any other, and what it has not looked
at takes no memory. So an edition of ten thousand authorities is held ready
in little more than one of a hundred and fifty. The file has no name any
more when it is first read, and goes when no process has it open.
"""

from __future__ import annotations

import datetime as dt
import mmap
import os
import tempfile
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

LARGE = 100_000
"""Rows from which on a table is laid aside: five times as many as any edition has now."""
BLOCK = 512
"""Rows of which all columns stand together, where they are read by area."""
NEVER = int(np.datetime64("NaT").view(np.int64))
START = dt.datetime(1970, 1, 1)  # noqa: DTZ001
UNITS = {
    "s": dt.timedelta(seconds=1),
    "ms": dt.timedelta(milliseconds=1),
    "us": dt.timedelta(microseconds=1),
}
"""Of the days that pandas reads from text."""
_maps: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()


def aside(frame: pd.DataFrame) -> pd.DataFrame:
    """Lay a table aside, where it is large.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table; it is not changed, and takes memory as long as it is kept.

    Returns
    -------
    pandas.DataFrame
        The same table, not to be changed in place; `frame` itself where it
        is small, or no file can be without a name.
    """
    if not large(frame):
        return frame
    return laid({str(name): partial(frame.get, name) for name in frame}, frame.index)


def large(frame: pd.DataFrame) -> bool:
    """Tell whether a table is to be laid aside."""
    return len(frame) >= LARGE and os.name == "posix"


class Ordered:
    """A table in another order, laid aside where it is large, of which neighbouring rows are read.

    All columns of some rows stand together in its file, and are read like
    any other file.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    order : numpy.ndarray
        Its rows in the order wanted.
    """

    def __init__(self, frame: pd.DataFrame, order: NDArray[np.integer[Any]]) -> None:
        self._frame, self._order = frame, order
        self._starts: list[int] = []
        if large(frame):
            self._write()

    def rows(self, start: int, end: int) -> pd.DataFrame:
        """Return the rows from one place to before a later one, numbered anew."""
        import pandas as pd

        if not self._starts:
            return self._frame.take(self._order[start:end]).reset_index(drop=True)
        some = range(start // BLOCK, -(-end // BLOCK))
        parts = [self._block(each, start, end) for each in some]
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

    def values(self, start: int, end: int) -> list[tuple[Any, ...]]:
        """Return the rows of a large table as plain values; a day that is missing is None."""
        some = range(start // BLOCK, -(-end // BLOCK))
        dtypes = list(self._frame.dtypes)
        return [
            row
            for number in some
            for batch in [self._batch(number, start, end)]
            for row in zip(*map(_listed, batch.columns, dtypes), strict=True)
        ]

    def _write(self) -> None:
        import pyarrow as pa

        # it stays open as long as the table is in use, in whatever process
        self._file = tempfile.TemporaryFile(prefix="kentstats-", buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        for start in range(0, len(self._order), BLOCK):
            rows = self._frame.take(self._order[start : start + BLOCK])
            batch = pa.record_batch({str(name): pa.array(_plain(rows[name])) for name in rows})
            self._starts.append(self._file.tell())
            self._file.write(batch.serialize())
        self._starts.append(self._file.tell())
        self._schema = batch.schema
        # copies, since a view of nothing holds all that it is of
        self._frame, self._order = self._frame.iloc[:0].copy(), self._order[:0].copy()
        let_go()

    def _block(self, number: int, start: int, end: int) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa

        batch = self._batch(number, start, end)
        columns = {
            name: _back(pa.chunked_array([batch.column(place)]), self._frame.dtypes[name])
            for place, name in enumerate(batch.schema.names)
        }
        return pd.DataFrame(columns, copy=False)

    def _batch(self, number: int, start: int, end: int) -> pa.RecordBatch:
        """Read what one block has of the rows from one place to before a later one."""
        import pyarrow as pa

        at, until = self._starts[number : number + 2]
        # by its place: processes that have parted share one position in the file
        content = os.pread(self._file.fileno(), until - at, at)
        first = max(start - number * BLOCK, 0)
        batch = pa.ipc.read_record_batch(pa.py_buffer(content), self._schema)
        return batch.slice(first, end - number * BLOCK - first)


def together(
    codes: pd.Series,
) -> tuple[NDArray[np.int32], NDArray[np.intp], dict[str, int]]:
    """Put the rows of each area together.

    Parameters
    ----------
    codes : pandas.Series
        The code of each row.

    Returns
    -------
    order : numpy.ndarray
        The rows, those of an area one after the other as they stand.
    ends : numpy.ndarray
        Where in that order those of each area begin, and where the last end.
    place : dict of str to int
        The place of each code in `ends`.

    Examples
    --------
    >>> import pandas as pd
    >>> order, ends, place = together(pd.Series(["b", "a", "b"]))
    >>> order.tolist(), ends.tolist(), place
    ([0, 2, 1], [0, 2, 3], {'b': 0, 'a': 1})
    """
    import pandas as pd

    at, found = pd.factorize(codes)
    order = np.argsort(at, kind="stable").astype(np.int32)
    ends = np.searchsorted(at[order], np.arange(len(found) + 1))
    return order, ends, {str(code): place for place, code in enumerate(found)}


def laid(
    columns: Mapping[str, Callable[[], Any]], index: pd.Index[Any] | None = None
) -> pd.DataFrame:
    """Make a table whose columns are made one by one and laid aside at once.

    Parameters
    ----------
    columns : mapping of str to callable
        What makes each column.
    index : pandas.Index, optional
        The names of the rows; by default they are numbered.
    """
    import pandas as pd
    import pyarrow as pa

    made: dict[str, Any] = {}
    kept: dict[str, tuple[int, int, Any]] = {}
    with tempfile.TemporaryFile(prefix="kentstats-") as file:
        for name, make in columns.items():
            column = make()
            plain = _plain(column)
            if isinstance(plain, pa.Array):
                kept[name] = (*_write(file, plain), column.dtype)
                plain = None
            made[name] = plain
            let_go()
        if kept:
            whole = _seen(file)
            for name, (start, length, dtype) in kept.items():
                content = pa.BufferReader(whole.slice(start, length))
                made[name] = _back(pa.ipc.open_file(content).read_all().column("column"), dtype)
    return pd.DataFrame(made, index=index, copy=False)


def _plain(column: pd.Series) -> Any:
    """Return a column as Arrow has it, or as it is where that would be no gain or no way back."""
    import pyarrow as pa

    if column.dtype.kind == "M":
        return pa.array(column.to_numpy().view(np.int64))
    if column.dtype.kind in "fi":
        return pa.array(column.to_numpy(), from_pandas=False)
    if not hasattr(column.dtype, "__from_arrow__"):
        return column.array
    return in_one(pa.array(column.array))


def in_one(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column of pieces as one; of one piece it is not copied."""
    import pyarrow as pa

    if isinstance(texts, pa.ChunkedArray):
        return texts.chunk(0) if texts.num_chunks == 1 else texts.combine_chunks()
    return texts


def _write(file: Any, column: pa.Array) -> tuple[int, int]:
    """Write a column at the end of a file; return where it is and how long."""
    import pyarrow as pa

    file.write(b"\0" * (-file.tell() % 64))
    start = file.tell()
    batch = pa.record_batch([column], ["column"])
    with pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)
    return start, file.tell() - start


def _seen(file: Any) -> pa.Buffer:
    """Return what a file holds, without reading it."""
    import pyarrow as pa

    file.flush()
    seen = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    _maps.add(seen)
    return pa.py_buffer(seen)


def _back(column: pa.ChunkedArray, dtype: Any) -> Any:
    if hasattr(dtype, "__from_arrow__"):
        return dtype.__from_arrow__(column)
    numbers = column.chunk(0).to_numpy(zero_copy_only=dtype.kind != "b")
    return numbers.view(dtype) if dtype.kind == "M" else numbers


def _listed(column: pa.Array, dtype: Any) -> list[Any]:
    """List a column as it was before :func:`_plain`, as plain values."""
    listed: list[Any] = column.to_pylist()
    if dtype.kind == "M":
        unit = UNITS[np.datetime_data(dtype)[0]]
        return [None if each == NEVER else START + each * unit for each in listed]
    if column.null_count:
        return [dtype.na_value if each is None else each for each in listed]
    return listed


def let_go() -> None:
    """Let go of memory, where there are tables laid aside.

    Of what this process has looked at in them, which is read again if it is
    asked for, and of what it has used for making them and keeps for later.
    """
    for seen in _maps:
        # what is kept in the file need not be kept here; not every system knows how
        with suppress(AttributeError, OSError, ValueError):
            seen.madvise(mmap.MADV_DONTNEED)
    if _maps:
        import ctypes

        import pyarrow as pa

        pa.default_memory_pool().release_unused()
        with suppress(AttributeError, OSError):  # it is of the GNU C library
            ctypes.CDLL(None).malloc_trim(0)
