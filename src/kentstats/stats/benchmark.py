"""Every authority against every comparator, in one vectorised pass.

The comparators: England, the region, the other authorities of the same
type, and the statistical neighbours where a list covers the period. The
public-health convention is followed: an authority's interval against the
comparator's point value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.facts import SCALE
from kentstats.indicators import load_indicators
from kentstats.stats.intervals import poisson, smallest_group, wilson
from kentstats.stats.neighbours import summaries
from kentstats.stats.verdict import NOT_COMPARED, two_level, verdict

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

COMPARATORS = ("england", "region", "type", "neighbours")
SMALLEST_BASE = 10
"""A share of fewer cases gets limits, which are wide, and no verdict."""
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
    "value": "the figure, from its counts where they are published",
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
    "no model": "no interval can be drawn for this measure",
    "small base": "fewer than ten cases are too few for a verdict",
    "no benchmark": "there is no figure of the comparator",
}


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
        Byar's. Without the two numbers there are no limits.

    Raises
    ------
    ValueError
        `confidence` is not between 0 and 1.
    """
    catalogue = load_indicators()
    models = facts["indicator"].map({name: one.model for name, one in catalogue.items()})
    scale = facts["unit"].map(SCALE).fillna(1.0).to_numpy(dtype=np.float64)
    count, base, half = (
        facts[name].to_numpy(dtype=np.float64)
        for name in ("numerator", "denominator", "count_rounding")
    )
    both = ~np.isnan(count) & ~np.isnan(base) & (base > 0) & models.isin(["proportion", "rate"])
    top, under = np.where(both, count, np.nan), np.where(both, base, np.nan)
    ratio = top / under
    exact = scale * ratio
    slack = scale * half / under * (1 + ratio)
    columns: dict[str, Any] = {
        "estimate": np.where(both, exact, facts["value"]),
        "slack": np.where(both, slack, facts["rounding"]),
    }
    proportion = models.eq("proportion").to_numpy()
    surer = max(confidence, SURER)
    for suffix, level in (("", confidence), ("_998", surer)):
        low, high = np.full(len(facts), np.nan), np.full(len(facts), np.nan)
        for chosen, limits in (
            (both & proportion, wilson(*_of(top, under, both & proportion), confidence=level)),
            (both & ~proportion, _rate(*_of(top, under, both & ~proportion), confidence=level)),
        ):
            low[chosen], high[chosen] = limits
        columns[f"lower{suffix}"], columns[f"upper{suffix}"] = low * scale, high * scale
    return facts.assign(**columns)


def _of(count: Floats, base: Floats, chosen: Any) -> tuple[Floats, Floats]:
    return count[chosen], base[chosen]


def _rate(count: Floats, base: Floats, *, confidence: float) -> tuple[Floats, Floats]:
    low, high = poisson(count, confidence=confidence)
    return low / base, high / base


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
        across periods or definitions.

    Raises
    ------
    ValueError
        `confidence` is not between 0 and 1, or a figure occurs twice.

    References
    ----------
    Public Health England. Technical Guide: RAG Rating Indicator Values, 2017.
    """
    import pandas as pd

    facts = facts.reset_index(drop=True)
    known = estimates(facts, confidence=confidence)
    table = _Grid(known, places)
    parts = [
        _against(table, comparator, *found, confidence=confidence)
        for comparator, found in (
            ("england", table.published(dict.fromkeys(places.kind, places.country))),
            ("region", table.published(places.region)),
            ("type", table.of_type()),
            ("neighbours", table.of_neighbours()),
        )
    ]
    frame = pd.concat(parts, ignore_index=True)
    order = np.argsort(np.tile(np.arange(len(table.rows)), len(parts)), kind="stable")
    return frame.iloc[order].reset_index(drop=True)[list(COLUMNS)]


@dataclass(frozen=True)
class _Comparator:
    """Values of one comparator for every row that is compared."""

    value: Floats
    slack: Floats
    statistic: NDArray[np.object_]
    members: Integers
    row: Integers  # of the fact, -1 for a figure that was worked out
    others: tuple[Floats, ...] = ()  # the same comparator, summed up in other ways


class _Grid:
    """The facts as a grid of series by areas, so that a comparator is a look-up."""

    def __init__(self, facts: pd.DataFrame, places: Places) -> None:
        import pandas as pd

        self.facts, self.places = facts, places
        index = {code: place for place, code in enumerate(places.codes)}
        self.size = len(index)
        self.area = facts["area_code"].map(index).fillna(-1).to_numpy(dtype=np.intp)
        keys = [pd.factorize(facts[name])[0] for name in ("indicator", "group", "period")]
        joined = keys[0]
        for more in keys[1:]:
            joined = pd.factorize(joined * (int(more.max(initial=0)) + 1) + more)[0]
        self.series: Integers = joined
        self.count = int(joined.max(initial=-1)) + 1
        known = self.area >= 0
        cell = self.series[known] * self.size + self.area[known]
        if len(np.unique(cell)) < len(cell):
            raise ValueError("a figure of one indicator, group, period and area occurs twice")
        self.at: Integers = np.full(self.count * self.size, -1, dtype=np.intp)
        self.at[cell] = np.flatnonzero(known)
        compared = facts["area_type"].isin(["authority", "combined"]).to_numpy()
        self.rows: Integers = np.flatnonzero(known & compared)

    def column(self, name: str) -> Floats:
        values: Floats = self.facts[name].to_numpy(dtype=np.float64)
        return values

    def look_up(self, codes: list[str]) -> Integers:
        """Find the fact of another area in the series of every compared row."""
        index = {code: place for place, code in enumerate(self.places.codes)}
        other = np.array([index.get(code, -1) for code in codes] or [-1], dtype=np.intp)
        places = other[self.area[self.rows]]
        found = self.at[self.series[self.rows] * self.size + np.maximum(places, 0)]
        return np.where(places < 0, -1, found)

    def published(self, whose: Mapping[str, str]) -> tuple[_Comparator]:
        """Take the published figure of another area as comparator."""
        row = self.look_up([whose.get(code, "") for code in self.places.codes])
        there = row >= 0
        safe = np.where(there, row, 0)
        value = np.where(there, self.column("estimate")[safe], np.nan)
        return (
            _Comparator(
                value,
                np.where(there, self.column("slack")[safe], np.nan),
                np.full(len(row), "published", dtype=object),
                there.astype(np.intp),
                row,
            ),
        )

    def of_type(self) -> tuple[_Comparator]:
        """Sum up the other authorities of the same type."""
        kinds = sorted(set(self.places.kind.values()))
        index = {kind: place for place, kind in enumerate(kinds)}
        of = np.array(
            [index.get(self.places.kind.get(code, ""), -1) for code in self.places.codes] or [-1]
        )
        kind = of[self.area[self.rows]]
        group = np.where(kind < 0, 0, self.series[self.rows] * max(len(kinds), 1) + kind)
        width = self.count * max(len(kinds), 1) + 1

        def others(values: Floats, use: NDArray[np.bool_]) -> Floats:
            mine = np.where(use, values, 0.0)
            counted = use & (kind >= 0)
            total = np.bincount(group[counted], values[counted], minlength=width).astype(float)
            left: Floats = total[group] - np.where(counted, mine, 0.0)
            return left

        value, count, base = (
            self.column(name)[self.rows] for name in ("estimate", "numerator", "denominator")
        )
        scale = self.scale()
        slack = self.column("slack")[self.rows]
        valued, based = ~np.isnan(value), ~np.isnan(self.column("lower")[self.rows])
        bases, number = others(base, based), others(np.ones(len(value)), valued)
        with np.errstate(divide="ignore", invalid="ignore"):
            pooled = scale * others(count, based) / bases
            mean = others(value, valued) / number
            blur = others(np.nan_to_num(slack), valued) / number
        with_base = (bases > 0) & ~np.isnan(self.column("lower")[self.rows])
        none = (kind < 0) | (number < 1)
        chosen = np.where(with_base, pooled, mean)
        return (
            _Comparator(
                np.where(none, np.nan, chosen),
                np.where(none, np.nan, np.where(with_base, 0.0, blur)),
                np.where(with_base, "pooled", "mean").astype(object),
                np.where(none, 0, np.round(number)).astype(np.intp),
                np.full(len(kind), -1, dtype=np.intp),
            ),
        )

    def of_neighbours(self) -> tuple[_Comparator]:
        """Sum up the statistical neighbours."""
        index = {code: place for place, code in enumerate(self.places.codes)}
        most = max((len(each) for each in self.places.neighbours.values()), default=1)
        near = np.full((max(self.size, 1), most), -1, dtype=np.intp)
        for code, others in self.places.neighbours.items():
            if code in index:
                found = [index[other] for other in others if other in index]
                near[index[code], : len(found)] = found
        covered = self.facts["period"].isin(self.places.covered).to_numpy()[self.rows]
        members = near[self.area[self.rows]]
        cell = self.series[self.rows][:, None] * self.size + np.maximum(members, 0)
        at = np.where((members < 0) | ~covered[:, None], -1, self.at[cell])
        based = ~np.isnan(self.column("lower"))
        summed = summaries(
            np.where(based, self.column("numerator"), np.nan),
            np.where(based, self.column("denominator"), np.nan),
            self.column("estimate"),
            at,
        )
        scale = self.scale()
        pooled = scale * summed.pooled
        mine = based[self.rows] & (summed.pooled_used > 0)
        slack = np.where(at < 0, np.nan, self.column("slack")[np.maximum(at, 0)])
        with np.errstate(invalid="ignore"):
            known = ~np.isnan(slack)
            blur: Any = np.where(known, slack, 0.0).sum(1) / np.maximum(known.sum(1), 1)
        return (
            _Comparator(
                np.where(mine, pooled, summed.mean),
                np.where(mine, 0.0, blur),
                np.where(mine, "pooled", "mean").astype(object),
                np.where(mine, summed.pooled_used, summed.used),
                np.full(len(mine), -1, dtype=np.intp),
                (summed.mean, summed.median, pooled),
            ),
        )

    def scale(self) -> Floats:
        scale: Floats = self.facts["unit"].map(SCALE).fillna(1.0).to_numpy(dtype=np.float64)
        return scale[self.rows]


def _against(table: _Grid, name: str, other: _Comparator, *, confidence: float) -> pd.DataFrame:
    import pandas as pd

    mine = table.facts.iloc[table.rows]
    catalogue = load_indicators()
    signs = mine["indicator"].map({key: one.polarity for key, one in catalogue.items()})
    polarity: NDArray[np.str_] = signs.fillna("none").to_numpy(dtype=str)
    value, slack = (mine[key].to_numpy(dtype=np.float64) for key in ("estimate", "slack"))
    blur = np.where(np.isnan(other.slack), 0.0, other.slack)
    low, high = other.value - blur, other.value + blur
    limits = [
        (mine[f"lower{suffix}"].to_numpy(), mine[f"upper{suffix}"].to_numpy())
        for suffix in ("", "_998")
    ]
    few = mine["denominator"].lt(SMALLEST_BASE).to_numpy()
    told = [(np.where(few, np.nan, one), np.where(few, np.nan, two)) for one, two in limits]
    word, level = two_level(
        told[0],
        told[1],
        other.value,
        polarity=polarity,
        benchmark_low=low,
        benchmark_high=high,
    )
    if confidence > SURER:
        level = np.where(np.isnan(level), np.nan, confidence)
    else:
        level = np.where(level == 0.95, confidence, level)
    apart = value - other.value
    unsure = np.nan_to_num(slack) + blur
    frame = pd.DataFrame(
        {
            **{key: mine[key].to_numpy() for key in ("indicator", "group", "period", "fact_id")},
            "area_code": mine["area_code"].to_numpy(),
            "comparator": name,
            "statistic": other.statistic,
            "members": other.members,
            "benchmark_id": _ids(table, other.row),
            "value": value,
            "lower": limits[0][0],
            "upper": limits[0][1],
            "benchmark": other.value,
            "benchmark_low": low,
            "benchmark_high": high,
            "difference": apart,
            "direction": np.select(
                [np.isnan(apart), np.abs(apart) <= unsure, apart > 0],
                ["", "level", "above"],
                "below",
            ),
            "verdict": word,
            "level": level,
            "sensitive": _sensitive(told[0], other, polarity),
            "smallest_95": _smallest(mine, value, other, slack, blur),
            "reason": _reasons(mine, word, other.value, few),
        }
    )
    return frame


def _ids(table: _Grid, row: Integers) -> NDArray[np.object_]:
    ids = table.facts["fact_id"].to_numpy(dtype=object)
    if not len(ids):
        return np.array([], dtype=object)
    return np.where(row < 0, "", ids[np.maximum(row, 0)])


def _sensitive(
    limits: tuple[Floats, Floats], other: _Comparator, polarity: NDArray[np.str_]
) -> NDArray[np.bool_]:
    if not other.others:
        return np.zeros(len(polarity), dtype=bool)
    words = np.array([verdict(*limits, each, polarity=polarity) for each in other.others])
    told = words != NOT_COMPARED
    different = [(words != word) & told for word in words]
    return np.asarray(np.any(np.any(different, axis=0) & told, axis=0))


def _smallest(
    mine: pd.DataFrame, value: Floats, other: _Comparator, slack: Floats, blur: Floats
) -> Floats:
    """How large a group without a base would have to be; for percentages alone."""
    use = (
        mine["unit"].eq("percent").to_numpy()
        & mine["lower"].isna().to_numpy()
        & ~np.isnan(value + other.value + slack)
    )
    sizes = np.full(len(mine), np.nan)
    sizes[use] = smallest_group(
        value[use], other.value[use], rounding=slack[use], benchmark_rounding=blur[use]
    )
    return sizes


def _reasons(
    mine: pd.DataFrame, word: NDArray[np.str_], benchmark: Floats, few: NDArray[np.bool_]
) -> NDArray[np.object_]:
    catalogue = load_indicators()
    model = mine["indicator"].map({key: one.model for key, one in catalogue.items()})
    published = mine["status"].eq("published").to_numpy()
    withheld = mine["status"].map(WHY_NOT).fillna("").to_numpy(dtype=object)
    percent = mine["unit"].eq("percent").to_numpy()
    return np.select(
        [
            word != NOT_COMPARED,
            ~published,
            np.isnan(benchmark),
            few,
            model.eq("none").to_numpy() & ~percent,
        ],
        ["", withheld, WHY_NOT["no benchmark"], WHY_NOT["small base"], WHY_NOT["no model"]],
        WHY_NOT["no base"],
    ).astype(object)
