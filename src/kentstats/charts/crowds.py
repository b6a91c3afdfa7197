"""Authorities too many to be drawn one by one, summed up to marks of a fixed number.

What all authorities share is summed up once: the charts of an edition ask for
the same crowd again and again, each with another authority in it marked.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

MANY = 400
"""As many authorities are drawn one by one; of more, a summary is drawn."""

PLACES = 200
"""At as many places along their order authorities are summed up."""

GRID = (18, 11)
"""The cells of a funnel, across and up, in which authorities are summed up."""

SIZES = ((1 / 27, 7.0), (1 / 9, 15.0), (1 / 3, 26.0), (1.0, 40.0))
"""The dot of a cell, in square points, by how many it holds: a part of what the fullest holds."""

OUTSIDE = 24
"""As many authorities beyond the outermost limits keep a dot of their own, the furthest first."""

NEAR = 60
"""As many neighbours are marked, evenly along the order."""

Spots = tuple["NDArray[np.float64]", float]
"""Places, across and up, and the size of the dots there."""


@dataclass(frozen=True)
class _Frozen:
    """An array to be looked up by what is in it."""

    shape: tuple[int, ...]
    content: bytes

    def thawed(self) -> NDArray[np.float64]:
        return np.frombuffer(self.content).reshape(self.shape)


def _frozen(array: NDArray[np.float64]) -> _Frozen:
    return _Frozen(array.shape, np.ascontiguousarray(array, dtype=float).tobytes())


def funnel(
    base: NDArray[np.float64],
    value: NDArray[np.float64],
    limits: pd.DataFrame,
    reach: tuple[float, float],
    *,
    log: bool = False,
) -> list[Spots]:
    """Sum up the authorities of a funnel by the cells of a grid.

    Parameters
    ----------
    base, value : numpy.ndarray
        Of every authority, ours too.
    limits : pandas.DataFrame
        The curves of the funnel, from small bases to large ones.
    reach : tuple of float
        From where to where the bases go.
    log : bool, default False
        Whether the cells are as wide as each other in multiples.

    Returns
    -------
    list of Spots
        First the authorities furthest beyond the outermost limits, as they
        are; then the cells, from the least full to the fullest, each in the
        middle of what it holds.
    """
    kind = "adjusted_" if "adjusted_lower998" in limits else ""
    names = ["base", f"{kind}lower998", "centre", f"{kind}upper998"]
    curves = limits[names].to_numpy(dtype=float).T
    return _cells(_frozen(np.array([base, value])), _frozen(curves), reach, log=log)


@functools.lru_cache(32)
def _cells(
    crowd: _Frozen, curves: _Frozen, reach: tuple[float, float], *, log: bool
) -> list[Spots]:
    base, value = crowd.thawed()
    sizes, *lines = curves.thawed()
    low, centre, high = (np.interp(base, sizes, line) for line in lines)
    room = np.where(value < centre, centre - low, high - centre)
    beyond = np.abs(value - centre) / np.where(room > 0, room, np.inf)
    far = np.flatnonzero(beyond > 1)
    far = far[np.argsort(-beyond[far], kind="stable")][:OUTSIDE]
    spots = [(np.array([base[far], value[far]]), 17.0)]
    x, y = np.delete(np.log(base) if log else base, far), np.delete(value, far)
    start, end = np.log(reach) if log else (0.0, reach[1])
    column, row = _part(x, start, end, GRID[0]), _part(y, y.min(), y.max(), GRID[1])
    cell = column * GRID[1] + row
    held = np.bincount(cell)
    full = np.flatnonzero(held)
    middle = [np.bincount(cell, each)[full] / held[full] for each in (x, y)]
    places = np.array([np.exp(middle[0]) if log else middle[0], middle[1]])
    share, fewest = held[full] / held.max(), 0.0
    for most, size in SIZES:
        spots.append((places[:, (share > fewest) & (share <= most)], size))
        fewest = most
    return spots


def _part(values: NDArray[np.float64], start: float, end: float, count: int) -> NDArray[np.int64]:
    """Find in which of some equal parts each value is."""
    width = (end - start) / count or 1.0
    return np.clip((values - start) / width, 0, count - 1).astype(np.int64)


def ordered(
    value: NDArray[np.float64], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sum up authorities in order at a fixed number of places.

    Parameters
    ----------
    value, lower, upper : numpy.ndarray
        Of every authority, ours too, from the lowest to the highest.

    Returns
    -------
    numpy.ndarray
        Four rows: the places along the order, and there the medians of the
        figure and of the limits of those around it. The first and the last
        figure are the authorities' own.
    """
    return _medians(_frozen(np.array([value, lower, upper])))


@functools.lru_cache(32)
def _medians(crowd: _Frozen) -> NDArray[np.float64]:
    figures = crowd.thawed()
    count = figures.shape[1]
    each = max(count // PLACES, 1)
    starts = np.linspace(0, count - each, PLACES).astype(int)
    around = figures[:, starts[:, None] + np.arange(each)]
    # an authority without limits does not take them from its neighbours in the order
    shown = np.full(around.shape[:2], np.nan)
    there = np.isfinite(around).any(axis=2)
    shown[there] = np.nanmedian(around[there], axis=1)
    shown[0, [0, -1]] = figures[0, [0, -1]]
    places = starts + (each - 1) / 2
    places[[0, -1]] = 0, count - 1
    return np.vstack([places, shown])


def some(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Choose of those marked as many as there is room for, evenly along the order."""
    places = np.flatnonzero(chosen)
    if len(places) <= NEAR:
        return chosen
    kept = np.zeros_like(chosen)
    kept[places[np.linspace(0, len(places) - 1, NEAR).astype(int)]] = True
    return kept
