"""Every authority against every comparator, in one vectorised pass.

The comparators: England, the region, the other authorities of the same
type, and the statistical neighbours where a list covers the period. The
public-health convention is followed: an authority's interval against the
comparator's point value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.aside import in_one, let_go
from kentstats.indicators import load_indicators
from kentstats.schemas import SCALE
from kentstats.stats.intervals import poisson, smallest_group, wilson
from kentstats.stats.neighbours import gathered
from kentstats.stats.verdict import NOT_COMPARED, WORDS, coded, signs

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kentstats.stats.verdict import Codes

    Floats = NDArray[np.float64]
    Integers = NDArray[np.signedinteger[Any]]
    Booleans = NDArray[np.bool_]

COMPARATORS = ("england", "region", "type", "neighbours")
STATISTICS = ("published", "pooled", "mean")
DIRECTIONS = ("", "above", "below", "level")
SMALLEST_BASE = 10
"""A share of fewer cases gets limits, which are wide, and no verdict."""
ENOUGH = 0.9
"""The part of a comparator's areas that must have a figure for it to have one.

Figures are mostly withheld where a count is small, so those that are left lie
too high: by a third, in 2025, for plans of two years or more, where a third
of all children are in areas whose figure is withheld.
"""
SURER = 0.998
"""The second level of confidence at which every verdict is tried."""

COLUMNS = {
    "indicator": "key into the indicator catalogue",
    "group": "subgroup",
    "period": "period of both figures",
    "fact_id": "the fact compared",
    "area_code": "whose it is",
    "comparator": "one of: " + ", ".join(COMPARATORS),
    "statistic": "published, pooled (sum of counts over sum of bases) or mean",
    "members": "how many areas stand behind the comparator",
    "benchmark_id": "the fact compared with, empty for a pooled figure or a mean",
    "estimate": "the figure, from its counts where they are published",
    "lower": "lower limit at the first level of confidence",
    "upper": "upper limit",
    "benchmark": "the comparator's figure",
    "benchmark_low": "its least, given its rounding",
    "benchmark_high": "its most",
    "difference": "value less benchmark",
    "direction": "above, below, or level where rounding could turn the order",
    "verdict": "better, similar, worse, higher, lower, or not compared",
    "level": "the surest level at which the verdict holds",
    "sensitive": "whether mean, median and pooled neighbours give different verdicts",
    "smallest_95": "smallest group for which the difference would be beyond chance",
    "reason": "why there is no verdict",
}
"""Columns of the table of benchmarks."""

WHY_NOT = {
    "suppressed": "the publisher withholds the figure to protect people",
    "not_applicable": "the measure does not apply here",
    "not_available": "the source has no figure",
    "rounds_to_zero": "the figure rounds to nought",
    "unreliable": "the publisher withholds the figure as unreliable",
    "no base": "the source gives no base",
    "no share": "its two numbers are no part and whole, or do not give the figure",
    "no model": "no interval can be drawn for this measure",
    "small base": "fewer than ten cases are too few for a verdict",
    "no benchmark": "there is no figure of the comparator",
    "few members": "too few of the areas behind the comparator have a figure",
    "no rounding": "how the two figures are rounded is not known",
}
_REASONS = ("", *WHY_NOT.values())


@dataclass(frozen=True)
class Places:
    """What the comparison has to know of areas.

    Attributes
    ----------
    codes : list of str
        Every area with a figure.
    region, kind : mapping of str to str
        Region and kind of each authority, by its code.
    neighbours : mapping of str to list of str
        Codes of the neighbours of each authority, the closest first.
    covered : frozenset of str
        Periods that the list of neighbours covers.
    country : str
        Code of the country.
    """

    codes: list[str]
    region: Mapping[str, str]
    kind: Mapping[str, str]
    neighbours: Mapping[str, list[str]]
    covered: frozenset[str]
    country: str = "E92000001"


def estimates(facts: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Add to every fact its best estimate, what rounding leaves open, and limits.

    Parameters
    ----------
    facts : pandas.DataFrame
        Tidy facts of official statistics.
    confidence : float, default 0.95
        Confidence of ``lower`` and ``upper``, a fraction between 0 and 1.

    Returns
    -------
    pandas.DataFrame
        The facts with ``estimate``, ``slack``, ``lower``, ``upper``,
        ``lower_998`` and ``upper_998``: a percentage of 89 with 1111 of 1176
        behind it is 94.47, and its limits are Wilson's or, for rates,
        Byar's. Where there are no two numbers, or they are no part and
        whole, the estimate is the figure as published, without limits; so it
        is where the two do not give it, since the publisher then leaves an
        area out of one of them (an authority that gave no number of agency
        workers still counts in its region's posts). A fact whose status is
        not ``published`` has neither estimate nor limits, whatever else
        stands in its row. The slack is nan where the rounding is not known.

    Raises
    ------
    ValueError
        `confidence` is not between 0 and 1.
    """
    models = _looked_up(facts["indicator"], _models(), "")
    scale = _looked_up(facts["unit"], SCALE, 1.0)
    count, base, half = (
        facts[name].to_numpy(dtype=np.float64)
        for name in ("numerator", "denominator", "count_rounding")
    )
    there = facts["status"].eq("published").to_numpy(dtype=bool)
    proportion = (models == "proportion") & (count >= 0) & (count <= base) & (base >= 1)
    rate = (models == "rate") & (count >= 0) & (base > 0)
    both = there & (proportion | rate)
    value, rounding = (facts[name].to_numpy(dtype=np.float64) for name in ("value", "rounding"))
    ratio = np.divide(count, base, out=np.full(len(facts), np.nan), where=both)
    exact, slack = scale * ratio, scale * _blur(half, ratio, base)
    # what is not known is taken to fit; figures that were worked out are kept with ten digits
    both &= ~(np.abs(value - exact) > rounding + slack + 1e-8 * np.maximum(1.0, np.abs(value)))
    columns: dict[str, Any] = {
        "estimate": np.where(both, exact, np.where(there, value, np.nan)),
        "slack": np.where(both, slack, rounding),
    }
    for suffix, level in (("", confidence), ("_998", max(confidence, SURER))):
        low, high = np.full(len(facts), np.nan), np.full(len(facts), np.nan)
        chosen = both & proportion
        low[chosen], high[chosen] = wilson(count[chosen], base[chosen], confidence=level)
        chosen = both & rate
        limits = poisson(count[chosen], confidence=level)
        low[chosen], high[chosen] = (limit / base[chosen] for limit in limits)
        columns[f"lower{suffix}"], columns[f"upper{suffix}"] = low * scale, high * scale
    return facts.assign(**columns)


def _models() -> dict[str, str]:
    return {name: one.model for name, one in load_indicators().items()}


def _blur(half: Floats, ratio: Floats, base: Floats) -> Floats:
    """Tell how far a ratio may be off whose two numbers may be off by `half` each."""
    left = np.where(base > half, base - half, np.nan)
    return np.where(half == 0, 0.0, half * (1 + ratio) / left)


def _looked_up(column: pd.Series, values: Mapping[str, Any], default: Any) -> Any:
    """Look every text of a column up, each different one once."""
    import pandas as pd

    codes, texts = pd.factorize(column)
    return np.array([values.get(text, default) for text in texts] + [default])[codes]


_PART = 4096
"""Rows that are compared at a time."""
_ALIKE = ("indicator", "group", "period")
_UNLIKE = ("fact_id", "area_code")
_TOGETHER = 128
"""Rows, or as many as the areas have whose rows begin in them, that are read at a time."""
_KEPT = 256
"""As many readings are kept."""
_WORDS = {
    "comparator": COMPARATORS,
    "statistic": STATISTICS,
    "direction": DIRECTIONS,
    "verdict": WORDS,
    "reason": _REASONS,
}
_NUMBERS = (
    *("estimate", "lower", "upper", "benchmark", "benchmark_low", "benchmark_high"),
    *("difference", "smallest_95"),
)


def benchmarks(facts: pd.DataFrame, places: Places, *, confidence: float = 0.95) -> pd.DataFrame:
    """Compare every authority with every comparator.

    Parameters
    ----------
    facts : pandas.DataFrame
        Tidy facts of official statistics: those compared and those of the
        country and regions, with every figure of one indicator, group,
        period and area once.
    places : Places
        Regions, kinds and neighbours.
    confidence : float, default 0.95
        The first level of confidence, a fraction between 0 and 1; every
        verdict is tried at 99.8% too.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`COLUMNS`, a row for each fact of an authority
        and each comparator, in the order of the facts. Nothing is compared
        across periods or sources, each of which has its own definition. A
        verdict needs limits that leave the comparator out with all that
        rounding leaves open of both. A type and neighbours have a figure
        only where :data:`ENOUGH` of their areas have one; an area whose
        measure has nobody to be of does not count.

    Raises
    ------
    ValueError
        `confidence` is not between 0 and 1, or a figure occurs twice.

    Notes
    -----
    The comparator is taken as certain. England and the region hold the
    authority itself, which makes a verdict against them rarer than chance
    alone would; a type and neighbours leave it out and are uncertain
    themselves, which makes one more frequent: with ten neighbours of its
    size, about six in a hundred and not five.

    References
    ----------
    Public Health England. Technical Guide: RAG Rating Indicator Values, 2017.
    """
    return Comparing(facts, places, confidence=confidence).all()


class Comparing:
    """Facts that are ready to be compared: all of them, or those of some areas.

    All make a table with four rows for each of them; where areas are many,
    those of one are worked out when they are asked for.

    Parameters
    ----------
    facts, places, confidence : optional
        As of :func:`benchmarks`.

    Raises
    ------
    ValueError
        As :func:`benchmarks`.
    """

    def __init__(self, facts: pd.DataFrame, places: Places, *, confidence: float = 0.95) -> None:
        self._facts, self._confidence = facts, confidence
        self._grid = _Grid(estimates(facts.reset_index(drop=True), confidence=confidence), places)
        self._codes, self._number = places.codes, _numbered(places.codes)
        self._alike = {name: _few(facts[name]) for name in _ALIKE}
        # the rows compared, those of an area together, and where those of each end
        rows = self._grid.rows
        areas = self._grid.area[rows]
        self._ordered: Integers = rows[np.argsort(areas, kind="stable")]
        self._ends = np.append(0, np.bincount(areas, minlength=len(places.codes)).cumsum())
        # bound here and not above a method, so that what is kept ends with the facts
        self._read = lru_cache(_KEPT)(self._read_part)

    def all(self) -> pd.DataFrame:
        """Return the table that :func:`benchmarks` returns."""
        import pandas as pd

        return pd.DataFrame(self._columns(self._grid.rows, tuple(COLUMNS)), copy=False)

    def prepare(self, names: Sequence[str]) -> None:
        """Read some columns of all areas, where so many rows are kept as there are."""
        if len(self._ordered) <= _TOGETHER * _KEPT // 2:
            for code in self._codes:
                self.of(code, names)

    def of(self, code: str, names: Sequence[str] = tuple(COLUMNS)) -> list[tuple[Any, ...]]:
        """Return some columns of the rows of one area, in the order of the table.

        Parameters
        ----------
        code : str
            Its code.
        names : sequence of str
            Of :data:`COLUMNS`.
        """
        number = self._number.get(code, -1)
        start, end = self._part_of(number) if number >= 0 else (0, 0)
        return self._read((start, end), tuple(names)).get(code, []) if end > start else []

    def _part_of(self, number: int) -> tuple[int, int]:
        """Say from where to where the rows stand that are read with those of an area.

        They are those of all areas whose rows begin in the same stretch.
        """
        start, end = self._ends[number : number + 2]
        if start == end:
            return 0, 0
        first = start // _TOGETHER * _TOGETHER
        bounds = np.searchsorted(self._ends, (first, first + _TOGETHER), side="left")
        return int(self._ends[bounds[0]]), int(self._ends[min(bounds[1], len(self._ends) - 1)])

    def _read_part(
        self, part: tuple[int, int], names: tuple[str, ...]
    ) -> dict[str, list[tuple[Any, ...]]]:
        rows = self._ordered[slice(*part)]
        made = self._columns(rows, names)
        found: dict[str, list[tuple[Any, ...]]] = {}
        whose = np.repeat(self._grid.area[rows], len(COMPARATORS)).tolist()
        listed = zip(*(made[name].tolist() for name in names), strict=True)
        for number, row in zip(whose, listed, strict=True):
            found.setdefault(self._codes[number], []).append(row)
        let_go()
        return found

    def _columns(self, chosen: Integers, names: tuple[str, ...]) -> dict[str, Any]:
        """Compare some rows; return some columns of the table."""
        import pandas as pd

        columns = _empty(len(chosen) * len(COMPARATORS))
        # in parts that stay in the processor's cache, and need little memory beside the table
        for start in range(0, len(chosen), _PART):
            rows = chosen[start : start + _PART]
            part = slice(start * len(COMPARATORS), (start + len(rows)) * len(COMPARATORS))
            for name, values in _compared(self._grid, rows).items():
                columns[name][part] = values
        again = np.repeat(chosen, len(COMPARATORS))
        facts = self._facts
        texts = {name: _taken(facts[name], again) for name in _UNLIKE if name in names}
        # texts that are few are not looked for in all the table
        texts |= {
            name: _taken(self._alike[name][1], self._alike[name][0][again])
            for name in _ALIKE
            if name in names
        }
        texts["benchmark_id"] = _taken_or_none(facts["fact_id"], columns.pop("benchmark_row"))
        words = {
            name: _taken(pd.Series(list(closed), dtype=facts["fact_id"].dtype), columns.pop(name))
            for name, closed in _WORDS.items()
        }
        levels = np.array([np.nan, self._confidence, max(self._confidence, SURER)])
        made = {**texts, **words, **columns, "level": levels[columns.pop("level")]}
        return {name: made[name] for name in names}


def _empty(count: int) -> dict[str, Any]:
    return {
        **{name: np.empty(count) for name in _NUMBERS},
        **{name: np.empty(count, np.int8) for name in (*_WORDS, "level")},
        "members": np.empty(count, np.int64),
        "benchmark_row": np.empty(count, np.intp),
        "sensitive": np.empty(count, np.bool_),
    }


@dataclass(frozen=True)
class _Comparator:
    """One comparator of some rows: its figure, and what stands behind it."""

    value: Floats
    slack: Floats
    statistic: Any
    members: Integers
    row: Any = -1  # of the fact, -1 for a figure that was worked out
    few: Any = False  # whether the figure is kept back since too many are missing
    others: tuple[Floats, ...] = ()  # the same comparator, summed up in other ways


class _Grid:
    """The facts as a grid of series by areas, so that a comparator is a look-up.

    Every array has one entry more than there are facts: that of no fact,
    which the place -1 finds.
    """

    def __init__(self, facts: pd.DataFrame, places: Places) -> None:
        import pandas as pd

        covered = _looked_up(facts["period"], dict.fromkeys(places.covered, 1), 0)
        self.covered = np.append(covered == 1, False)
        self.area: Integers = _looked_up(facts["area_code"], _numbered(places.codes), -1)
        series = _combined(pd.factorize(facts[name])[0] for name in ("indicator", "group"))
        self.series = _combined([series, pd.factorize(facts["period"])[0]])
        size = len(places.codes)
        known = self.area >= 0
        if _occurs_twice(self.series[known] * size + self.area[known]):
            raise ValueError("a figure of one indicator, group, period and area occurs twice")
        # one source may define a measure otherwise than the next
        self.series = _combined([self.series, pd.factorize(facts["source_id"])[0]])
        # half as long as usual, which is long enough: what is held takes room in every process
        shape = int(self.series.max(initial=-1)) + 1, size + 1
        self.at: Integers = np.full(shape, -1, np.int32)
        self.at[self.series[known], self.area[known]] = np.flatnonzero(known)
        compared = facts["area_type"].isin(["authority", "combined"]).to_numpy(dtype=bool)
        self.rows: Integers = np.flatnonzero(known & compared).astype(np.int32)
        self.area, self.series = self.area.astype(np.int32), self.series.astype(np.int32)
        self._read(facts)
        self._places(places)
        self._types()

    def _read(self, facts: pd.DataFrame) -> None:
        catalogue = load_indicators()

        def floats(name: str) -> Floats:
            return np.append(facts[name].to_numpy(dtype=np.float64), np.nan)

        self.value, self.slack = floats("estimate"), floats("slack")
        self.limits = [(floats(f"lower{end}"), floats(f"upper{end}")) for end in ("", "_998")]
        self.based = ~np.isnan(self.limits[0][0])
        self.count, self.base, self.half = (
            np.where(self.based, floats(name), np.nan)
            for name in ("numerator", "denominator", "count_rounding")
        )
        self.few = floats("denominator") < SMALLEST_BASE
        self.scale: Floats = np.append(_looked_up(facts["unit"], SCALE, 1.0), np.nan)
        percent = facts["unit"].eq("percent").to_numpy(dtype=bool)
        polarity = {name: one.polarity for name, one in catalogue.items()}
        self.sign: Floats = signs(_looked_up(facts["indicator"], polarity, "none"))
        self.percent = np.append(percent, False)
        # an area whose measure has nobody to be of is not missing
        status = facts["status"]
        self.missing = np.append(status.ne("not_applicable").to_numpy(dtype=bool), False)
        codes = {text: _REASONS.index(text) for text in WHY_NOT.values()}
        withheld = {name: codes[WHY_NOT[name]] for name in WHY_NOT}
        known = _looked_up(status, withheld, codes[WHY_NOT["not_available"]])
        self.withheld: Codes = known.astype(np.int8)
        model = _looked_up(facts["indicator"], _models(), "none")
        numbers = ~np.isnan(floats("numerator") + floats("denominator"))[:-1]
        self.baseless = np.select(
            [numbers & (model != "none"), (model == "none") & ~percent],
            [codes[WHY_NOT["no share"]], codes[WHY_NOT["no model"]]],
            codes[WHY_NOT["no base"]],
        ).astype(np.int8)

    def _places(self, places: Places) -> None:
        index = _numbered(places.codes)
        whose = [(places.country if code in places.region else "") for code in places.codes]
        self.country = np.array([index.get(code, -1) for code in whose], dtype=np.intp)
        whose = [places.region.get(code, "") for code in places.codes]
        self.region = np.array([index.get(code, -1) for code in whose], dtype=np.intp)
        kinds = _numbered(sorted(set(places.kind.values())))
        self.kinds = len(kinds)
        self.kind = np.array(
            [kinds.get(places.kind.get(code, ""), -1) for code in places.codes], dtype=np.intp
        )
        near = [
            [index[other] for other in dict.fromkeys(listed) if other in index and other != code]
            for code in places.codes
            for listed in [places.neighbours.get(code, [])]
        ]
        self.near = np.full((len(near), max(map(len, near), default=0)), -1, dtype=np.intp)
        for row, found in enumerate(near):
            self.near[row, : len(found)] = found

    def _types(self) -> None:
        """Sum up the authorities of each type in each series, all of them."""
        rows = self.rows[self.kind[self.area[self.rows]] >= 0]
        cell = self.series[rows] * self.kinds + self.kind[self.area[rows]]

        def total(values: Any, use: Booleans) -> Floats:
            chosen = use[rows]
            many = np.bincount(cell[chosen], values[rows][chosen], len(self.at) * self.kinds)
            return np.append(many.astype(np.float64), 0.0)

        valued = ~np.isnan(self.value)
        due = self.missing | valued
        # a total, and what an area adds to it if it is one of those who are in it
        self.totals = {
            name: (total(values, use), values, use)
            for name, values, use in (
                ("count", self.count, self.based),
                ("base", self.base, self.based),
                ("half", self.half, self.based),
                ("with base", self.based, self.based),
                ("value", self.value, valued),
                ("slack", self.slack, valued),
                ("with value", valued, valued),
                ("due", due, due),
            )
        }

    def published(self, rows: Integers, whose: Integers) -> _Comparator:
        """Take the published figure of another area as comparator."""
        row = self.at[self.series[rows], whose[self.area[rows]]]
        there = (row >= 0).astype(np.intp)
        return _Comparator(
            self.value[row], self.slack[row], STATISTICS.index("published"), there, row
        )

    def of_type(self, rows: Integers) -> _Comparator:
        """Sum up the other authorities of the same type."""
        kind = self.kind[self.area[rows]]
        cell = np.where(kind < 0, -1, self.series[rows] * self.kinds + kind)

        def others(name: str) -> Floats:
            total, mine, use = self.totals[name]
            own = np.where(use[rows], mine[rows], 0.0)
            return np.where(kind < 0, 0.0, total[cell] - own)

        base, half = others("base"), others("half")
        pool = self.based[rows] & (base > 0)
        used = np.where(pool, others("with base"), others("with value"))
        with np.errstate(divide="ignore", invalid="ignore"):
            pooled = others("count") / base
            mean = others("value") / used
            blur = np.where(
                pool, self.scale[rows] * _blur(half, pooled, base), others("slack") / used
            )
        value = np.where(pool, self.scale[rows] * pooled, mean)
        return _worked_out(value, blur, pool, used, others("due"))

    def of_neighbours(self, rows: Integers) -> _Comparator:
        """Sum up the statistical neighbours."""
        at = self.at[self.series[rows][:, None], self.near[self.area[rows]]]
        at[~self.covered[rows]] = -1
        values, scale = self.value[at], self.scale[rows]
        summed = gathered(self.count[at], self.base[at], values, per=scale)
        pool = self.based[rows] & (summed.pooled_used > 0)
        based, valued = self.based[at], ~np.isnan(values)
        base = np.where(based, self.base[at], 0.0).sum(axis=1)
        half = np.where(based, self.half[at], 0.0).sum(axis=1)
        used = np.where(pool, summed.pooled_used, summed.used)
        with np.errstate(divide="ignore", invalid="ignore"):
            slack = np.where(valued, self.slack[at], 0.0).sum(axis=1) / used
        blur = np.where(pool, scale * _blur(half, summed.pooled / scale, base), slack)
        due = (valued | self.missing[at]).sum(axis=1)
        return _worked_out(
            np.where(pool, summed.pooled, summed.mean),
            blur,
            pool,
            used,
            due,
            (summed.mean, summed.median, summed.pooled),
        )


def _worked_out(
    value: Floats,
    slack: Floats,
    pool: Booleans,
    used: Any,
    due: Any,
    others: tuple[Floats, ...] = (),
) -> _Comparator:
    """Make a comparator of several areas, without a figure where too few of them have one."""
    few = used < ENOUGH * due
    none = few | (used < 1)
    statistic = np.where(pool, STATISTICS.index("pooled"), STATISTICS.index("mean"))
    return _Comparator(
        np.where(none, np.nan, value),
        np.where(none, np.nan, slack),
        statistic,
        used.astype(np.intp),
        few=few,
        others=tuple(np.where(none, np.nan, each) for each in others),
    )


def _occurs_twice(codes: Integers) -> bool:
    order = np.arange(len(codes))
    last = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.intp)
    last[codes] = order
    return bool(np.any(last[codes] != order))


def _taken(column: pd.Series, rows: Integers) -> Any:
    """Take rows of a column of text, of one piece, out of which taking is ten times as quick."""
    import pyarrow as pa

    whole = column.array
    if not hasattr(whole.dtype, "__from_arrow__"):
        return whole.take(rows)
    return whole.dtype.__from_arrow__(in_one(pa.array(whole)).take(pa.array(rows)))


def _few(column: pd.Series) -> tuple[Integers, pd.Series]:
    """Give the different texts of a column numbers."""
    import pandas as pd

    at, texts = pd.factorize(column)
    return at.astype(np.int32), pd.Series(texts, dtype=column.dtype)


def _taken_or_none(column: pd.Series, rows: Integers) -> Any:
    """Take rows of a column of text; an empty text where the row is -1."""
    import pandas as pd

    used, at = np.unique(rows, return_inverse=True)
    none = pd.Series([""], dtype=column.dtype)
    few = pd.concat([none, pd.Series(_taken(column, used[used >= 0]))], ignore_index=True)
    return _taken(few, at + (used[0] >= 0 if len(used) else 0))


def _numbered(texts: Iterable[str]) -> dict[str, int]:
    return {text: place for place, text in enumerate(texts)}


def _combined(columns: Iterable[Any]) -> Integers:
    """Make one code of several, numbered anew at each step so that no product overflows."""
    import pandas as pd

    first, *rest = columns
    joined: Integers = np.asarray(first, dtype=np.intp)
    for more in rest:
        joined = pd.factorize(joined * (int(more.max(initial=0)) + 1) + more)[0]
    return joined


def _compared(grid: _Grid, rows: Integers) -> dict[str, Any]:
    """Compare some rows; every array has the comparators of the first row, then of the next."""
    found = (
        grid.published(rows, grid.country),
        grid.published(rows, grid.region),
        grid.of_type(rows),
        grid.of_neighbours(rows),
    )

    def side_by_side(name: str) -> Any:
        parts = [np.broadcast_to(getattr(each, name), len(rows)) for each in found]
        return np.stack(parts, axis=1)

    def mine(values: Any) -> Any:
        return values[rows][:, None]

    other, blur = side_by_side("value"), side_by_side("slack")
    value, slack, sign = (mine(each) for each in (grid.value, grid.slack, grid.sign))
    near, far = other - blur, other + blur
    # a base too small to say anything, and all that the figure's own rounding leaves open
    own = np.where(grid.few[rows], np.nan, grid.slack[rows])
    told = [(low[rows] - own, high[rows] + own) for low, high in grid.limits]
    word, surer = (coded(low[:, None], high[:, None], near, far, sign) for low, high in told)
    gap = value - other
    unsure = np.nan_to_num(slack) + np.nan_to_num(blur)
    return {
        "comparator": np.tile(np.arange(len(found), dtype=np.int8), len(rows)),
        **{
            name: side_by_side(of).ravel()
            for name, of in (
                ("statistic", "statistic"),
                ("members", "members"),
                ("benchmark_row", "row"),
                ("benchmark", "value"),
            )
        },
        **{
            name: np.repeat(values[rows], len(found))
            for name, values in (
                ("estimate", grid.value),
                ("lower", grid.limits[0][0]),
                ("upper", grid.limits[0][1]),
            )
        },
        "benchmark_low": near.ravel(),
        "benchmark_high": far.ravel(),
        "difference": gap.ravel(),
        "direction": np.select(
            [np.isnan(gap), np.abs(gap) <= unsure, gap > 0], [0, 3, 1], 2
        ).ravel(),
        "verdict": word.ravel(),
        "level": np.where(word < 2, 0, np.where(surer == word, 2, 1)).ravel(),
        "sensitive": np.stack(
            [_sensitive(told[0], each, grid.sign[rows]) for each in found], axis=1
        ).ravel(),
        "smallest_95": _smallest(grid, rows, other, blur).ravel(),
        "reason": _reasons(grid, rows, word, other, near, side_by_side("few")).ravel(),
    }


def _sensitive(limits: tuple[Floats, Floats], other: _Comparator, sign: Floats) -> Booleans:
    """Tell where a comparator summed up in another way would give another verdict."""
    low, high = limits
    words = [coded(low, high, each, each, sign) for each in other.others]
    least, most = np.full(len(sign), len(WORDS), np.int8), np.zeros(len(sign), np.int8)
    for word in words:
        least, most = np.where(word > 0, np.minimum(least, word), least), np.maximum(most, word)
    return most > least


def _smallest(grid: _Grid, rows: Integers, other: Floats, blur: Floats) -> Floats:
    """How large a group without a base would have to be; for percentages alone."""
    value, slack = (each[rows][:, None] for each in (grid.value, grid.slack))
    bare = (grid.percent & ~grid.based)[rows][:, None]
    shares = (value >= 0) & (value <= 100) & (other >= 0) & (other <= 100)
    row, column = np.nonzero(bare & shares & ~np.isnan(slack + blur))
    sizes = np.full(other.shape, np.nan)
    sizes[row, column] = smallest_group(
        value[row, 0],
        other[row, column],
        rounding=slack[row, 0],
        benchmark_rounding=blur[row, column],
    )
    return sizes


def _reasons(
    grid: _Grid, rows: Integers, word: Codes, other: Floats, near: Floats, few: Booleans
) -> Any:
    def code(name: str) -> int:
        return _REASONS.index(WHY_NOT[name])

    return np.select(
        [
            word != WORDS.index(NOT_COMPARED),
            np.isnan(grid.value[rows])[:, None],
            few,
            np.isnan(other),
            grid.few[rows][:, None],
            ~grid.based[rows][:, None],
            np.isnan(near) | np.isnan(grid.slack[rows])[:, None],
        ],
        [
            0,
            grid.withheld[rows][:, None],
            code("few members"),
            code("no benchmark"),
            code("small base"),
            grid.baseless[rows][:, None],
            code("no rounding"),
        ],
        code("no base"),
    )
