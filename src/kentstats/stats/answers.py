"""What an authority's briefing is told of official statistics, key by key.

A key says what was asked, as seen from one authority; its digest is that of
the answer. The same code answers while a briefing is made and afterwards,
when its keys are asked again to find what has moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.areas import Area, load_areas
from kentstats.aside import let_go
from kentstats.indicators import load_indicators
from kentstats.schemas import Row
from kentstats.stats.behind import Behind, ByArea, Measure, Rows, digest_of
from kentstats.stats.benchmarks import COMPARATORS
from kentstats.stats.spine import quartiles
from kentstats.stats.verdict import NOT_COMPARED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kentstats.stats.profile import Shared

KEYS = {
    "area": "the authority itself: its name, kind and region",
    "edition": "name and years of the edition, its list of neighbours, whether it has judgements",
    "name/AREA": "the name of another area",
    "measures/AREA": "which measures an area has",
    "facts/AREA/INDICATOR/GROUP": "the figures of an area for one measure, of all periods",
    "joined": "the areas as which it is counted together with others",
    "benchmarks/INDICATOR/GROUP/COMPARATOR": "a comparison, with the facts behind the comparator",
    "rank/INDICATOR/GROUP": "its place, and which authorities have a figure",
    "spread/INDICATOR/GROUP": "the ends and the quartiles of all authorities",
    "everyone/INDICATOR/GROUP": "the latest figure of every authority",
    "neighbours": "its statistical neighbours, with their names",
    "near/INDICATOR/GROUP": "the latest figures of its neighbours and their verdicts",
    "judgements": "its latest judgements",
    "source/SOURCE": "title, publisher and address of a source",
    "sources": "the sources that it names",
}
"""What can be asked, and what the answer holds."""
SPREAD_OF = 4
"""Authorities with a figure below which there is no spread."""
DRAWN = (
    *("area_code", "fact_id", "source_id", "estimate"),
    *("lower", "upper", "numerator", "denominator", "locator"),
)
"""What a section is told of every authority."""
_COMPARED = (
    *("indicator", "group", "comparator", "statistic", "members", "benchmark_id", "value"),
    *("lower", "upper", "benchmark", "difference", "direction", "verdict", "level", "sensitive"),
    "reason",
)
_RANKED = ("indicator", "group", "rank", "of", "rank_low", "rank_high")
_KEPT = 1024
"""Areas whose rows are kept at hand: all there are now, and no more where there are many."""

_OF_ALL = frozenset({"edition", "spread", "everyone", "source", "name"})
"""What is answered in the same way whoever asks."""
_ANYBODY = Area("", "", "")
"""Who asks what is answered in the same way whoever asks."""

Series = tuple[str, str]
"""An indicator and a group."""
Answer = tuple[object, Callable[[], Any]]
"""What the digest is of, and how to tell it."""


def key_of(*parts: str) -> str:
    """Join the parts of a key; a code may hold a slash itself."""
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def parts_of(key: str) -> list[str]:
    """Take a key apart.

    Examples
    --------
    >>> parts_of(key_of("measures", "E09000021 / E09000027"))
    ['measures', 'E09000021 / E09000027']
    """
    if "%" not in key:
        return key.split("/")
    return [part.replace("%2F", "/").replace("%25", "%") for part in key.split("/")]


class Answers:
    """What there is to tell of an edition.

    Parameters
    ----------
    shared : Shared
        What every authority shares.
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._rows = ByArea(shared.every)
        names = self._rows.names
        self._series_at = names.index("indicator"), names.index("group")
        self._latest_at, self._source_at = names.index("latest"), names.index("source_id")
        # what stands after it follows from what stands before
        self._given = self._latest_at + 1
        self._kept: dict[str, str] = {}
        # bound here and not above a method, so that they end with the edition
        self._facts_of = lru_cache(_KEPT)(self._read_facts)
        self._comparisons_of = lru_cache(_KEPT)(self._read_comparisons)
        self._seen_of = lru_cache(_KEPT * 16)(self._see)
        self._kinds: dict[str, Callable[..., Answer]] = {
            "area": self._area,
            "edition": self._edition,
            "name": self._name,
            "measures": self._measures,
            "facts": self._facts,
            "joined": self._joined,
            "benchmarks": self._benchmarks,
            "rank": self._rank,
            "spread": self._spread,
            "everyone": self._everyone,
            "neighbours": self._neighbours,
            "near": self._near,
            "judgements": self._judgements,
            "source": self._source,
            "sources": self._sources,
        }

    def answer(self, area: Area, key: str) -> tuple[Any, str]:
        """Answer a key for an authority.

        Parameters
        ----------
        area : Area
            The authority.
        key : str
            One of :data:`KEYS`, filled in.

        Returns
        -------
        answer : object
            What a section is told; None or empty where there is nothing.
        digest : str
            That of the answer.
        """
        kind, *rest = parts_of(key)
        over, tell = self._kinds[kind](area, *rest)
        return tell(), self._digest(key, over)

    def digest(self, area: Area, key: str) -> str:
        """Return the digest of an answer alone; empty where the key can no longer be answered."""
        if key in self._kept:
            return self._kept[key]
        kind, *rest = parts_of(key)
        try:
            over, _ = self._kinds[kind](area, *rest)
        except (KeyError, TypeError):  # of another version, made up, or of a source that is gone
            return ""
        return self._digest(key, over)

    def _digest(self, key: str, over: object) -> str:
        digest = self._kept.get(key) or digest_of(over)
        kind, _, rest = key.partition("/")
        if kind in _OF_ALL or rest.partition("/")[0] in self._wide:
            self._kept[key] = digest  # the same whoever asks
        return digest

    @cached_property
    def _wide(self) -> frozenset[str]:
        """Codes of the country and the regions, of which many ask."""
        regions = set(self._shared.places.region.values())
        return frozenset({self._shared.places.country, *regions})

    def prepare(self) -> None:
        """Work out all that authorities share, before many ask at the same time."""
        for name in ("joined", "_named", "_judged", "_ranks", "_trends", "_kind", "_everywhere"):
            getattr(self, name)
            let_go()
        self._shared.comparing.prepare(_COMPARED)
        for series in self._everywhere:
            measure, (key, over) = self._measure(series), self._of_all(series)
            self._kept[key] = digest_of(over())
            for kind in range(int(self._kind.max(initial=-1)) + 1):
                measure.of_kind(kind, self._kind)
            let_go()
        for key in self._asked_by_many():
            self.digest(_ANYBODY, key)
        let_go()

    def _asked_by_many(self) -> Iterator[str]:
        """List keys whose answers are the same whoever asks, and most do."""
        for series in self._everywhere:
            yield key_of("spread", *series)
        for code in sorted(self._wide - {""}):
            yield key_of("measures", code)
            for series in self._facts_of(code):
                yield key_of("facts", code, *series)

    # the facts of an area

    def _read_facts(self, code: str) -> dict[Series, list[tuple[Any, ...]]]:
        found: dict[Series, list[tuple[Any, ...]]] = defaultdict(list)
        indicator, group = self._series_at
        for row in self._rows.of(code):
            found[row[indicator], row[group]].append(row)
        return dict(found)

    def _facts(self, area: Area, code: str, indicator: str, group: str) -> Answer:
        del area
        rows = self._facts_of(code).get((indicator, group), [])
        names = self._rows.names
        return (
            [row[: self._given] for row in rows],
            lambda: [dict(zip(names, row, strict=True)) for row in rows],
        )

    def _measures(self, area: Area, code: str) -> Answer:
        del area
        told = list(self._facts_of(code))
        return told, lambda: told

    @cached_property
    def joined(self) -> dict[str, list[str]]:
        """Codes of the joined areas that each authority is part of."""
        found: dict[str, list[str]] = defaultdict(list)
        every = self._shared.every
        for code in every.loc[every["area_type"].eq("combined"), "area_code"].unique():
            for part in str(code).split("/"):
                found[part.strip()].append(str(code))
        return dict(found)

    def _joined(self, area: Area) -> Answer:
        codes = [
            code
            for code in self.joined.get(area.code, [])
            if any(row[self._latest_at] for rows in self._facts_of(code).values() for row in rows)
        ]
        told = [each for each in map(load_areas().combined, codes) if each]
        return told, lambda: told

    def beside(self, area: Area) -> list[str]:
        """List the codes of the areas whose figures are given with the authority's own."""
        country = self._shared.places.country
        codes = [area.code, area.region, country, *self.joined.get(area.code, [])]
        return [code for code in dict.fromkeys(codes) if code]

    # areas, and the edition as a whole

    def _area(self, area: Area) -> Answer:
        return area, lambda: area

    def _name(self, area: Area, code: str) -> Answer:
        del area
        other = load_areas().by_code(code)
        told = other.name if other else ""
        return told, lambda: told

    def _edition(self, area: Area) -> Answer:
        del area
        official = self._shared.official
        told = {
            "name": official.name,
            "years": (official.first, official.last),
            "neighbours": self._shared.neighbour_list,
            "judged": bool(official.judgements),
        }
        return told, lambda: told

    # against others

    def _read_comparisons(self, code: str) -> dict[tuple[str, ...], tuple[Any, ...]]:
        return {row[:3]: row for row in self._shared.comparing.of(code, _COMPARED)}

    def _benchmarks(self, area: Area, indicator: str, group: str, comparator: str) -> Answer:
        row = self._comparisons_of(area.code).get((indicator, group, comparator))
        if row is None:
            return None, lambda: None
        measure, number = self._measure((indicator, group)), self._number.get(area.code, -1)
        if comparator == "neighbours":
            near = self._shared.places.neighbours.get(area.code, ())
            some = measure.among(self._number[code] for code in near if code in self._number)
            return (row, some.digest), lambda: _compared(row, some)
        if comparator == "type":
            behind, places = measure.of_kind(int(self._kind[number]), self._kind)
            own = int(places[number]) if places[number] >= 0 else behind.count
            # one digest stands for a list that is long and, but for the authority, of all its type
            return (row, behind.digest, own), lambda: _compared(row, behind, own)
        return row, lambda: _compared(row)

    @cached_property
    def _number(self) -> dict[str, int]:
        """The number of each area that has a figure."""
        return {code: number for number, code in enumerate(self._shared.places.codes)}

    @cached_property
    def _kind(self) -> NDArray[np.intp]:
        """The type of each area by number, -1 where it has none; the last is that of no area."""
        kinds = self._shared.places.kind
        numbers = {kind: number for number, kind in enumerate(sorted(set(kinds.values())))}
        found = [numbers.get(kinds.get(code, ""), -1) for code in self._shared.places.codes]
        return np.array([*found, -1], dtype=np.intp)

    @cached_property
    def _everywhere(self) -> dict[Series, NDArray[np.intp]]:
        """Where in the latest figures those of authorities are, by measure."""
        latest = self._shared.latest
        at = np.flatnonzero(latest["area_type"].eq("authority").to_numpy(dtype=bool))
        series = latest[["indicator", "group"]].iloc[at]
        found = series.groupby(["indicator", "group"], sort=False).indices
        return {series: at[places] for series, places in found.items()}  # type: ignore[misc]

    def _at(self, series: Series) -> NDArray[np.intp]:
        return self._everywhere.get(series, np.empty(0, np.intp))

    @cached_property
    def _latest(self) -> Rows:
        return Rows(self._shared.latest, DRAWN)

    @cached_property
    def _named_facts(self) -> Rows:
        return Rows(self._shared.latest, ("fact_id", "source_id"))

    @cached_property
    def _whose(self) -> NDArray[np.int32]:
        """The number of the area that each of the latest figures is of."""
        import pandas as pd

        at, codes = pd.factorize(self._shared.latest["area_code"])
        numbers: NDArray[np.int32] = np.array([self._number[code] for code in codes], np.int32)
        return numbers[at]

    @cached_property
    def _measures_known(self) -> dict[Series, Measure]:
        return {}

    def _measure(self, series: Series) -> Measure:
        if series not in self._measures_known:
            at = self._at(series)
            at = at[self._shared.latest["estimate"].notna().to_numpy()[at]].astype(np.int32)
            self._measures_known[series] = Measure(
                self._named_facts, at, self._whose[at], len(self._kind)
            )
        return self._measures_known[series]

    @cached_property
    def _ranks(self) -> ByArea:
        return ByArea(self._shared.ranks, _RANKED)

    def _read_ranks(self, code: str) -> dict[tuple[str, ...], tuple[Any, ...]]:
        return {row[:2]: row for row in self._ranks.of(code)}

    @cached_property
    def _ranks_of(self) -> Callable[[str], dict[tuple[str, ...], tuple[Any, ...]]]:
        return lru_cache(_KEPT)(self._read_ranks)

    def _rank(self, area: Area, indicator: str, group: str) -> Answer:
        row = self._ranks_of(area.code).get((indicator, group))
        if row is None:
            return None, lambda: None
        every = self._measure((indicator, group)).all
        return (row, every.digest), lambda: {
            **dict(zip(_RANKED, row, strict=True)),
            "facts": every.named(),
        }

    def _spread(self, area: Area, indicator: str, group: str) -> Answer:
        del area
        values = self._shared.latest["estimate"].to_numpy()[self._at((indicator, group))]
        values = values[~np.isnan(values)]
        if len(values) < SPREAD_OF:
            return None, lambda: None
        low, high = (float(each) for each in quartiles(values))
        told = (float(values.min()), low, high, float(values.max()))
        return told, lambda: told

    def _of_all(self, series: Series) -> tuple[str, Callable[[], object]]:
        """Return the key of the figures of all authorities, and how to read what they are."""
        return key_of("everyone", *series), lambda: self._latest.at(self._at(series))

    def _everyone(self, area: Area, indicator: str, group: str) -> Answer:
        del area
        at, latest = self._at((indicator, group)), self._shared.latest
        key, over = self._of_all((indicator, group))
        return (
            None if key in self._kept else over(),
            lambda: latest[list(DRAWN)].iloc[at].reset_index(drop=True),
        )

    # the neighbours

    @cached_property
    def _named(self) -> dict[str, str]:
        """Names of the areas that have a figure of the latest period."""
        latest = self._shared.latest.drop_duplicates("area_code")
        return dict(zip(latest["area_code"], latest["area_name"], strict=True))

    def _neighbours(self, area: Area) -> Answer:
        codes = self._shared.places.neighbours.get(area.code, [])
        told = {code: self._named.get(code, "") for code in codes}
        return told, lambda: told

    def _see(self, code: str) -> dict[Series, tuple[str, str]]:
        """Return the digest of each latest fact of an area, and its verdict against England."""
        compared, at = self._comparisons_of(code), _COMPARED.index("verdict")
        found = {}
        for series, row in self._newest(code).items():
            verdict = compared.get((*series, COMPARATORS[0]))
            found[series] = digest_of(row[: self._given]), verdict[at] if verdict else NOT_COMPARED
        return found

    def _newest(self, code: str) -> dict[Series, tuple[Any, ...]]:
        return {
            series: row
            for series, rows in self._facts_of(code).items()
            for row in rows
            if row[self._latest_at]
        }

    def _near(self, area: Area, indicator: str, group: str) -> Answer:
        series, codes = (indicator, group), self._shared.places.neighbours.get(area.code, [])
        seen = [(code, *self._seen_of(code).get(series, ("", NOT_COMPARED))) for code in codes]

        def tell() -> list[tuple[str, Row | None, str]]:
            rows = [self._newest(code).get(series) for code in codes]
            names = self._rows.names
            return [
                (code, dict(zip(names, row, strict=True)) if row else None, verdict)
                for (code, _, verdict), row in zip(seen, rows, strict=True)
            ]

        return seen, tell

    # judgements and sources

    @cached_property
    def _judged(self) -> dict[str, list[Row]]:
        register, official = load_areas(), self._shared.official
        found: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(official.judgements, key=lambda row: int(row["position"])):
            found[register.on(row["area_code"], official.day)].append(row)
        return dict(found)

    def _judgements(self, area: Area) -> Answer:
        told = self._judged.get(area.code, [])
        return told, lambda: told

    def _source(self, area: Area, source_id: str) -> Answer:
        del area
        # a file that was put right has another checksum, whomever it concerns
        told = replace(self._shared.official.source(source_id), sha256="")
        return told, lambda: told

    def _sources(self, area: Area) -> Answer:
        catalogue, official = load_indicators(), self._shared.official
        # earlier years, and what is counted together with another, may be of another source
        used = {
            row[self._source_at]
            for code in self.beside(area)
            for (indicator, _), rows in self._facts_of(code).items()
            for row in rows
            if indicator in catalogue
        }
        used |= {row["source_id"] for row in official.judgements}
        used |= {neighbour_source(self._shared.neighbour_list)}
        told = [replace(each, sha256="") for each in official.sources if each.id in used]
        return told, lambda: told

    # what follows from the facts of the authority alone

    @cached_property
    def _trends(self) -> ByArea:
        return ByArea(self._shared.trends)

    def trends(self, code: str) -> dict[Series, Row]:
        """Return the recent trends of an area: those who ask for them ask for its facts."""
        names = self._trends.names
        rows = [dict(zip(names, row, strict=True)) for row in self._trends.of(code)]
        return {(row["indicator"], row["group"]): row for row in rows}


def neighbour_source(listed: str) -> str:
    """Name the source of a list of neighbours."""
    return f"statistical-neighbours-{listed}"


def _compared(row: tuple[Any, ...], behind: Behind | None = None, but: int = -1) -> Row:
    return {
        **dict(zip(_COMPARED, row, strict=True)),
        "facts": behind.named(but) if behind else (),
        "source_ids": behind.sources if behind else (),
    }


def moved(shared: Shared, area: Area, used: Mapping[str, str]) -> list[str]:
    """List what an authority was told and would not be told again.

    Parameters
    ----------
    shared : Shared
        The edition as it is now.
    area : Area
        The authority as it is now.
    used : mapping of str to str
        What its briefing was told: keys, each with the digest of the answer.

    Returns
    -------
    list of str
        The keys whose answer is another, or that can no longer be answered.

    Examples
    --------
    >>> from kentstats.areas import find_area
    >>> from kentstats.load import open_official
    >>> from kentstats.stats.profile import Standing, share
    >>> shared = share(open_official("2010"))
    >>> kent = Standing(find_area("Kent"), shared)
    >>> _ = kent.facts("E12000008")
    >>> moved(shared, kent.area, kent.used)
    []
    """
    answers = shared.answers
    return [
        key for key, digest in used.items() if not digest or answers.digest(area, key) != digest
    ]
