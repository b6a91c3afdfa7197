"""The figures that the repository carries: whole, traced, right to the last digit, and discreet."""

from __future__ import annotations

import gzip
import hashlib
import io
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

import pandas as pd
import pytest
import yaml
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from official import DATA, RAW, needs_data

from kentstats.areas import load_areas
from kentstats.indicators import load_indicators
from kentstats.ingest.datasets import LICENCE
from kentstats.ingest.disclosure import apply_secondary_suppression
from kentstats.ingest.edition import FIGURES_FILE, KEY, OfficialStatistics, read_official
from kentstats.project import Project
from kentstats.schemas import FIGURES, SCALE, STATUSES

NAMES = ["2010", "2025"]
EDITIONS = {name: read_official(name, Project(ROOT)) for name in NAMES}
REGISTER = load_areas(home=ROOT)
CATALOGUE = load_indicators()
FIGURE = ["indicator", "group", "period", "area_code"]


def select(figures: pd.DataFrame, indicator: str, code: str, period: str) -> pd.DataFrame:
    cells = {"indicator": indicator, "area_code": code, "period": period, "group": ""}
    return figures[figures[list(cells)].eq(pd.Series(cells)).all(axis=1)]


def type_of(code: str) -> str:
    area = REGISTER.by_code(code) or REGISTER.combined(code)
    assert area, code
    return area.type


def is_authority(code: str) -> bool:
    return type_of(code) in {"authority", "combined"}


@pytest.fixture(params=NAMES)
def edition(request: pytest.FixtureRequest) -> OfficialStatistics:
    return EDITIONS[request.param]


# --- what it is ----------------------------------------------------------------------------------


def test_every_figure_has_source_licence_period_and_place(edition: OfficialStatistics) -> None:
    figures = edition.figures
    sources = {source.id for source in edition.sources}
    for name in ("indicator", "area_code", "period", "source_id", "licence", "locator"):
        assert figures[name].ne("").all(), name
    assert set(figures["source_id"]) <= sources
    assert set(figures["licence"]) == {LICENCE}
    assert figures["locator"].str.fullmatch(r"line [1-9][0-9]*").all()
    assert figures["period"].str.fullmatch(r"20\d\d(/\d\d)?").all()
    assert set(figures["indicator"]) <= set(CATALOGUE)
    types = {type_of(code) for code in figures["area_code"]}
    assert types <= {"country", "region", "authority", "combined"}


def test_keys_are_unique_and_the_tables_are_sorted_by_them(edition: OfficialStatistics) -> None:
    figures = edition.figures
    assert not figures.duplicated(FIGURE).any()
    keys = list(zip(*(figures[name] for name in KEY), strict=True))
    assert keys == sorted(keys)
    for rows, key in (
        (edition.neighbours, ("list", "area_code", "position")),
        (edition.judgements, ("area_code", "position")),
    ):
        found = [tuple(row[name] for name in key) for row in rows]
        assert found == sorted(set(found))


def test_a_missing_figure_always_says_why_and_a_nought_is_a_nought(
    edition: OfficialStatistics,
) -> None:
    figures = edition.figures
    missing = figures["value"].isna()
    assert (missing == figures["status"].ne("")).all()
    assert set(figures["status"]) <= {"", *STATUSES} - {"published"}
    numbers = ["numerator", "denominator", "count_rounding"]
    assert (figures[numbers].isna().nunique(axis=1) == 1).all()
    assert figures.loc[missing, [*numbers, "rounding"]].isna().all(axis=None)
    assert (figures["value"] == 0).sum() > 0
    assert (figures["denominator"].dropna() > 0).all()
    assert (figures["value"].dropna() >= 0).all()


def test_every_source_says_whose_it_is_under_what_terms_and_of_which_bytes(
    edition: OfficialStatistics,
) -> None:
    entry = yaml.safe_load((edition.folder / "edition.yml").read_text(encoding="utf-8"))
    used = {*edition.figures["source_id"], *(row["source_id"] for row in edition.judgements)}
    used |= {f"statistical-neighbours-{row['list']}" for row in edition.neighbours}
    assert [source["id"] for source in entry["sources"]] == sorted(used)
    for source in entry["sources"]:
        assert source["publisher"] in {"Department for Education", "Ofsted"}
        assert source["licence"] == LICENCE
        assert source["url"].startswith("https://")
        assert len(bytes.fromhex(source["sha256"])) == 32
        assert source["title"]
        assert "/" not in source["file"]


@needs_data
def test_the_checksums_are_those_of_the_original_files(edition: OfficialStatistics) -> None:
    for source in edition.sources:
        (path,) = DATA.rglob(source.file)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == source.sha256


# --- the published figures, back-tested ----------------------------------------------------------


def half_up(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def share(row: Any) -> Decimal:
    scale = Decimal(SCALE[CATALOGUE[row.indicator].unit])
    return scale * Decimal(str(row.numerator)) / Decimal(str(row.denominator))


def with_numbers(source: str) -> list[Any]:
    figures = EDITIONS["2025"].figures
    chosen = figures[figures["source_id"].eq(source) & figures["numerator"].notna()]
    return list(chosen.itertuples())


@pytest.mark.parametrize(
    ("source", "places", "authorities"),
    [
        ("cin-referrals", 1, 750),
        ("cin-repeat-plans", 1, 742),
        ("cin-plan-duration", 1, 483),
        ("cla-outcomes", 0, 4841),
        ("care-leavers-activity", 0, 756),
        ("cla-rates", 0, 1511),
        ("outcomes-exclusions", 2, 140),
    ],
)
def test_every_published_share_of_an_authority_is_that_of_its_counts_to_the_last_digit(
    source: str, places: int, authorities: int
) -> None:
    rows = [row for row in with_numbers(source) if is_authority(row.area_code)]
    assert len(rows) == authorities
    wrong = [row for row in rows if half_up(share(row), places) != Decimal(str(row.value))]
    assert wrong == []
    assert {row.rounding for row in rows} == {0.5 * 10**-places}
    assert {row.count_rounding for row in rows} == {0}


def test_every_published_share_of_a_total_is_that_of_its_counts_within_their_rounding() -> None:
    seen, off = 0, []
    for source in EDITIONS["2025"].sources:
        for row in with_numbers(source.id):
            # equivalents of full-time posts are rounded too, and some do not add up: see screen
            if is_authority(row.area_code) or source.id == "workforce":
                continue
            seen += 1
            scale, slack = SCALE[CATALOGUE[row.indicator].unit], row.count_rounding
            low = scale * max(row.numerator - slack, 0) / (row.denominator + slack)
            high = scale * (row.numerator + slack) / (row.denominator - slack)
            if not low - row.rounding - 1e-9 <= row.value <= high + row.rounding + 1e-9:
                off.append((row.indicator, row.area_code, row.period, row.value))
    assert seen == 847
    # the publisher left an authority of Yorkshire out of the share, and not out of the counts
    assert off == [
        ("repeat-plans", "E12000003", "2022", 23.6),
        ("repeat-plans", "E92000001", "2022", 22.7),
    ]


def test_a_share_that_was_worked_out_is_that_of_its_counts() -> None:
    figures = EDITIONS["2010"].figures
    rows = list(figures[figures["numerator"].notna()].itertuples())
    assert len(rows) == 2_163
    for row in rows:
        assert row.value == pytest.approx(float(share(row)), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "indicator", "code", "numbers"),
    [
        ("2010", "health-assessments", "E10000016", [59.10087719, 539, 912]),
        ("2025", "health-assessments", "E10000016", [94, 1111, 1176]),
        ("2025", "social-worker-vacancy", "E92000001", [14.2, 5965.4, 42151.7]),
        ("2010", "foster-care", "E92000001", [73.29192547, 47200, 64400]),
    ],
)
def test_figures_that_people_know_are_there(
    name: str, indicator: str, code: str, numbers: list[float]
) -> None:
    (row,) = select(EDITIONS[name].figures, indicator, code, name).itertuples()
    assert [row.value, row.numerator, row.denominator] == numbers


def test_regions_and_england_are_the_sums_of_their_authorities_within_rounding(
    edition: OfficialStatistics,
) -> None:
    seen = 0
    for _, series in edition.figures.groupby(FIGURE[:3]):
        rows = list(series.itertuples())
        for total in rows:
            if math.isnan(total.numerator) or is_authority(total.area_code):
                continue
            parts = parts_of(total.area_code, rows)
            if not parts or any(math.isnan(part.numerator) and part.status != "not_applicable"
                                for part in parts):  # fmt: skip
                continue
            added = sum(part.numerator for part in parts if not math.isnan(part.numerator))
            own = sum(0.05 for part in parts) if total.source_id == "workforce" else 0
            assert abs(total.numerator - added) <= total.count_rounding + own, total
            seen += 1
    assert seen > {"2010": 50, "2025": 400}[edition.name]


# --- disclosure: an attack on what is withheld ---------------------------------------------------
#
# A count of one to five is withheld. The attack knows the rule, the register and everything that
# the project carries, and tries every difference that it can think of.

REGIONS = [f"E1200000{number}" for number in range(1, 10)]
Bounds = tuple[float, float]
ANY: Bounds = (0.0, math.inf)


def parts_of(code: str, rows: Iterable[Any]) -> list[Any]:
    found = []
    for row in rows:
        area = REGISTER.by_code(row.area_code) or REGISTER.combined(row.area_code)
        if area and area.type in {"authority", "combined"} and code in {area.region, "E92000001"}:
            found.append(row)
    return found


class Recovered(NamedTuple):
    """A count that was worked out."""

    indicator: str
    period: str
    codes: tuple[str, ...]
    by: str


def cut(one: Bounds, other: Bounds) -> Bounds:
    return max(one[0], other[0]), min(one[1], other[1])


def count_of(row: Any, bases: dict[Any, float]) -> Bounds:
    """Return between what the count of a total lies: by its numbers, and by share and base."""
    unit = CATALOGUE[row.indicator].unit
    if unit == "count":
        half = 0.0 if math.isnan(row.rounding) else row.rounding
        return ANY if math.isnan(row.value) else (row.value - half, row.value + half)
    bounds, slack, base = ANY, 5.0, row.denominator
    if not math.isnan(row.numerator):
        slack = row.count_rounding
        bounds = (row.numerator - slack, row.numerator + slack)
    if math.isnan(base):  # another measure of the same children may tell the base
        children = CATALOGUE[row.indicator].denominator
        base = bases.get((row.area_code, row.period, children), math.nan)
    if not math.isnan(base) and not math.isnan(row.value):
        made = SCALE[unit] * row.numerator / base if row.numerator else math.nan
        # a share that was worked out gives its numerator back; a published one, what rounds to it
        half = 0.0 if abs(made - row.value) < 1e-6 else row.rounding
        if half:
            low = (row.value - half) * (base - slack) / SCALE[unit]
            high = (row.value + half) * (base + slack) / SCALE[unit]
            bounds = cut(bounds, (low, high))
    return bounds


def attack(series: pd.DataFrame, bases: dict[Any, float]) -> Iterator[Recovered]:
    """Try totals less the rest: regions, England, regions against England, London's halves."""
    rows = list(series.itertuples())
    first = rows[0]
    by_code = {row.area_code: row for row in rows}
    total = {code: count_of(row, bases) for code, row in by_code.items() if not is_authority(code)}
    if {"E13000001", "E13000002", "E12000007"} <= total.keys():
        halves = (total["E13000001"], total["E13000002"])
        both = (halves[0][0] + halves[1][0], halves[0][1] + halves[1][1])
        total["E12000007"] = cut(total["E12000007"], both)
    hidden: dict[str, Bounds] = {}
    members: dict[str, list[str]] = {}
    known: dict[str, float] = {}
    for code in REGIONS:
        parts = parts_of(code, rows)
        members[code] = [part.area_code for part in parts if part.status == "suppressed"]
        unit = CATALOGUE[first.indicator].unit
        numbers = [part.value if unit == "count" else part.numerator for part in parts]
        unknown = [
            part
            for part, number in zip(parts, numbers, strict=True)
            if math.isnan(number) and part.status not in {"suppressed", "not_applicable"}
        ]
        known[code] = sum(number for number in numbers if not math.isnan(number))
        low, high = total.get(code, ANY)
        count = len(members[code])
        hidden[code] = ANY if unknown else (max(low - known[code], 0), high - known[code])
        narrowed = cut(hidden[code], (count, 5 * count))
        if narrowed[0] <= narrowed[1]:  # else some count withheld is no small one
            hidden[code] = narrowed
    england = total.get("E92000001", ANY)
    rest = sum(known.values())
    for code in REGIONS:
        others = [hidden[other] for other in REGIONS if other != code]
        low = england[0] - rest - sum(high for _, high in others)
        high = england[1] - rest - sum(low for low, _ in others)
        yield from pinned(first, members[code], hidden[code], f"{code} less its authorities")
        yield from pinned(first, members[code], cut(hidden[code], (low, high)), "England")


def pinned(first: Any, codes: list[str], bounds: Bounds, by: str) -> Iterator[Recovered]:
    """Yield counts of one to five of which only one value is left."""
    if not codes or math.isinf(bounds[1]):
        return
    sums = range(math.ceil(bounds[0] - 1e-6), math.floor(bounds[1] + 1e-6) + 1)
    count = len(codes)
    values = {
        value
        for value in range(1, 6)
        for total in sums
        if count - 1 <= total - value <= 5 * (count - 1)
    }
    if len(values) == 1:
        yield Recovered(first.indicator, first.period, tuple(codes), by)


def bases_of(figures: pd.DataFrame) -> dict[Any, float]:
    return {
        (row.area_code, row.period, CATALOGUE[row.indicator].denominator): row.denominator
        for row in figures[figures["denominator"].notna()].itertuples()
    }


def attacked(figures: pd.DataFrame) -> tuple[int, list[Recovered]]:
    bases, tried, found = bases_of(figures), 0, list[Recovered]()
    for _, series in figures.groupby(FIGURE[:3]):
        withheld = series["status"].eq("suppressed")
        if withheld.any():
            tried += int(withheld.sum())
            found += attack(series, bases)
    return tried, found


def test_totals_less_the_rest_give_no_small_count_back(edition: OfficialStatistics) -> None:
    tried, found = attacked(edition.figures)
    assert tried == {"2010": 575, "2025": 1317}[edition.name]
    assert found == []


@pytest.mark.parametrize(
    ("name", "indicator", "code", "period", "numbers"),
    [
        ("2010", "placed-with-parents", "E12000004", "2010", (170, 4220)),
        ("2025", "re-referrals", "E12000007", "2023", (20370, 107900)),
        ("2025", "development-checks", "E12000008", "2022", (640, 670)),
        ("2025", "substance-misuse", "E12000004", "2022", (100, 4540)),
    ],
)
def test_the_numbers_that_are_not_carried_would_have_done_so(
    name: str, indicator: str, code: str, period: str, numbers: tuple[float, float]
) -> None:
    figures = EDITIONS[name].figures.copy()
    at = select(figures, indicator, code, period).index
    assert figures.loc[at, ["numerator", "denominator"]].isna().all(axis=None)
    assert figures.loc[at, "value"].notna().all()
    figures.loc[at, ["numerator", "denominator", "count_rounding"]] = [*numbers, 5.0]
    _, found = attacked(figures)
    assert {(each.indicator, each.period) for each in found} == {(indicator, period)}


def cells_of(indicator: str, source: str, group: str) -> Iterator[tuple[str, Any]]:
    """Yield the columns that carry a figure's numbers, and which cells of its source they are."""
    for mapping in CATALOGUE[indicator].sources:
        if mapping.data == source and mapping.group == group:
            base_where = mapping.denominator_where or mapping.where
            if CATALOGUE[indicator].unit == "count":
                yield "value", (source, (mapping.value,), mapping.where)
            yield "numerator", (source, mapping.numerator, mapping.where)
            yield "denominator", (source, mapping.denominator, base_where)


def test_no_other_figure_carries_a_number_that_is_withheld(edition: OfficialStatistics) -> None:
    carried: dict[Any, set[float]] = defaultdict(set)
    withheld = []
    for row in edition.figures.itertuples():
        for column, cell in cells_of(row.indicator, row.source_id, row.group):
            number = getattr(row, column)
            place = (row.area_code, row.period)
            if not math.isnan(number):
                carried[(*place, cell)].add(number)
            if row.status == "suppressed" and column in {"value", "numerator"} and cell[1]:
                withheld.append((*place, cell))
    for key in withheld:
        # a base of one measure that is the count of another; a base that sums what is withheld
        assert not carried.get(key), key
    assert len(withheld) > {"2010": 480, "2025": 1300}[edition.name]


@needs_data
def test_no_cell_that_the_original_files_withhold_is_carried() -> None:
    text = gzip.decompress((RAW / "official-2025" / FIGURES_FILE).read_bytes()).decode()
    table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    seen = 0
    for source in EDITIONS["2025"].sources:
        if not source.file.endswith(".csv"):
            continue
        (path,) = DATA.rglob(source.file)
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        chosen = table[table["source_id"].eq(source.id) & table["status"].eq("suppressed")]
        for locator in chosen["locator"]:
            cells = [cell.strip('"') for cell in lines[int(locator[5:]) - 1].split(",")]
            assert "c" in cells
            seen += 1
    assert seen == 1317


# --- what keeps it so: totals are lessened when files are taken in -------------------------------

PLACES = {
    "E12000008": ["E10000016", "E06000035", "E10000014", "E10000030"],
    "E12000006": ["E10000012", "E06000033"],
    "E12000007": ["E09000001", "E09000020", "E09000007"],
}


def rounded(number: float, to: int = 10) -> float:
    return math.floor(number / to + 0.5) * to


def figure(code: str, count: float, base: float, **cells: Any) -> dict[str, Any]:
    total = not is_authority(code)
    share = float(rounded(100 * count / base, 1)) if base else math.nan
    if total:  # the share is that of the counts before they are rounded
        count, base = rounded(count), rounded(base)
    hidden = not total and 1 <= count <= 5
    names = ("value", "numerator", "denominator", "rounding", "count_rounding")
    numbers = [share, count, base, 0.5, 5.0 if total else 0.0]
    made = dict(zip(names, [math.nan] * 5 if hidden or not base else numbers, strict=True))
    status = "suppressed" if hidden else "" if base else "not_applicable"
    place = {"indicator": "dental-checks", "area_code": code, "period": "2025"}
    return {**dict.fromkeys(FIGURES, ""), **place, **made, "status": status, **cells}


COUNTS = st.one_of(st.integers(0, 9), st.integers(0, 300))


@given(
    st.lists(st.tuples(COUNTS, st.integers(0, 200)), min_size=9, max_size=9),
    st.sampled_from(["published", "worked out"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=25)
def test_whatever_is_taken_in_gives_no_small_count_back(
    drawn: list[tuple[int, int]], kind: str, halves: bool
) -> None:
    codes = [code for parts in PLACES.values() for code in parts]
    true = {code: (count, count + more) for code, (count, more) in zip(codes, drawn, strict=True)}
    rows = [figure(code, *numbers) for code, numbers in true.items()]
    sums = {
        region: tuple(sum(true[code][at] for code in parts) for at in (0, 1))
        for region, parts in PLACES.items()
    }
    sums["E92000001"] = tuple(sum(each[at] for each in sums.values()) for at in (0, 1))
    if halves:
        sums["E13000001"] = true["E09000001"]
        sums["E13000002"] = tuple(
            one - other for one, other in zip(sums["E12000007"], true["E09000001"], strict=True)
        )
    rows += [figure(code, *numbers) for code, numbers in sums.items()]
    if kind == "worked out":
        for row in rows:
            if row["denominator"] == row["denominator"]:
                part, slack = row["numerator"] / row["denominator"], row["count_rounding"]
                row["value"] = 100 * part
                row["rounding"] = 100 * slack * (1 + part) / row["denominator"]
    figures = pd.DataFrame(rows)
    before = figures.copy()
    made, count = apply_secondary_suppression(figures, REGISTER)
    pd.testing.assert_frame_equal(figures, before)
    assert attacked(made)[1] == []
    changed = made.compare(before)
    assert len(changed) == count
    places = made.index[made["area_code"].map(is_authority)]
    assert not set(changed.index) & set(places)
    assert (made["value"].isna() == made["status"].ne("")).all()
    again, more = apply_secondary_suppression(made, REGISTER)
    assert more == 0
    pd.testing.assert_frame_equal(again, made)


def test_as_little_as_will_do_is_left_out() -> None:
    def protected(*rows: dict[str, Any]) -> list[Any]:
        made, _ = apply_secondary_suppression(pd.DataFrame(rows), REGISTER)
        return list(made[["value", "numerator", "denominator"]].fillna(-1).values.tolist()[-1])

    kent, medway = figure("E10000016", 96, 200), figure("E06000035", 5, 30)
    region = figure("E12000008", 110, 230)
    # 105 to 115 less 96 leaves nine and more: what is withheld is no small count
    assert protected(kent, medway, region) == [48, 110, 230]
    kent, region = figure("E10000016", 100, 200), figure("E12000008", 105, 230)
    # 105 to 109 less 100 leaves five alone; a whole per cent of 230 leaves more
    assert protected(kent, medway, region) == [46, -1, -1]
    # of a base of 20 a whole per cent leaves one value too
    small = [figure("E10000016", 6, 12), figure("E06000035", 5, 8), figure("E12000008", 11, 20)]
    small[2] |= {"value": 55.0, "numerator": 11.0, "denominator": 20.0, "count_rounding": 0.0}
    assert protected(*small) == [-1, -1, -1]
    other = figure("E10000014", 3, 40, status="unreliable")
    assert protected(kent, medway, other, region) == [46, 110, 230]  # another unknown hides it
