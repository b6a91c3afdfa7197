"""Regions, types and neighbours of an edition, from the register and the dated lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kentstats.areas import load_areas
from kentstats.ingest.edition import OfficialStatistics
from kentstats.load import official_facts, open_official
from kentstats.stats.benchmarks import Places
from kentstats.stats.profile import find_places

ENGLAND, SOUTH_EAST, KENT = "E92000001", "E12000008", "E10000016"
# codes before and after 1 May 2025, when the two got new ones
BARNSLEY, SHEFFIELD = ("E08000016", "E08000038"), ("E08000019", "E08000039")


def opened(edition: str) -> OfficialStatistics:
    official = open_official(edition)
    assert official is not None
    return official


def an_edition(*listed: tuple[str, str, int, str], last: int = 2025) -> OfficialStatistics:
    """Make an edition that holds nothing but lists of neighbours."""
    names = ("list", "area_code", "position", "neighbour_code")
    rows: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in listed]
    return OfficialStatistics("made", last, last, pd.DataFrame(), Path(), neighbours=rows)


def some_places(official: OfficialStatistics, facts: pd.DataFrame | None = None) -> Places:
    facts = official_facts(official) if facts is None else facts
    return find_places(official, facts)


def neighbours_of(official: OfficialStatistics) -> tuple[str, dict[str, list[str]]]:
    places = some_places(official, some_facts((KENT, "2025", "2025-03-31")))
    return places.neighbour_list, dict(places.neighbours)


def some_facts(*rows: tuple[str, str, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["area_code", "period", "period_end"])
    return frame.assign(period_end=pd.to_datetime(frame["period_end"]))


# neighbours


def test_the_edition_of_2025_has_ten_for_every_authority() -> None:
    official = opened("2025")
    name, near = neighbours_of(official)
    assert name == "2025-05"
    now = {area.code for area in load_areas().authorities(official.day)}
    assert set(near) == now
    for code, others in near.items():
        assert len(others) == len(set(others)) == 10
        assert code not in others
        assert set(others) <= now
    # Essex is the closest to Kent; the list of 2021 shares four with that of 2025
    earlier = neighbours_of(an_edition(*_listed(official, "2021-04")))[1]
    assert near[KENT][0] == "E10000012"
    assert len(set(near[KENT]) & set(earlier[KENT])) == 4


def _listed(official: OfficialStatistics, name: str) -> list[tuple[str, str, int, str]]:
    return [
        (row["list"], row["area_code"], row["position"], row["neighbour_code"])
        for row in official.neighbours
        if row["list"] == name
    ]


@pytest.mark.parametrize(("before", "after"), [BARNSLEY, SHEFFIELD], ids=["Barnsley", "Sheffield"])
def test_codes_that_change_after_the_edition_are_those_of_its_day(before: str, after: str) -> None:
    """The list of May 2025 has the new codes; on 31 March the old ones held."""
    official = opened("2025")
    raw = {row["area_code"] for row in official.neighbours if row["list"] == "2025-05"}
    assert after in raw
    assert before not in raw
    _, near = neighbours_of(official)
    everyone = {*near, *(code for others in near.values() for code in others)}
    assert before in everyone
    assert after not in everyone
    figures = official_facts(official)
    assert before in set(figures["area_code"])
    places = some_places(official, figures)
    assert places.kind[before] == "metropolitan district"
    assert after not in places.kind
    # a later edition has the new ones
    _, later = neighbours_of(an_edition(*_listed(official, "2025-05"), last=2026))
    assert after in later
    assert before not in later


# places


def test_places_know_region_and_kind_of_authorities_alone() -> None:
    facts = some_facts(
        (KENT, "2025", "2025-03-31"),
        ("E06000035", "2025", "2025-03-31"),
        (SOUTH_EAST, "2025", "2025-03-31"),
        (ENGLAND, "2025", "2025-03-31"),
        ("nowhere", "2025", "2025-03-31"),
    )
    places = some_places(an_edition(), facts)
    assert places.region == {KENT: SOUTH_EAST, "E06000035": SOUTH_EAST}
    assert places.kind == {KENT: "county", "E06000035": "unitary authority"}
    assert places.country == ENGLAND


def test_a_period_is_covered_where_the_list_of_the_edition_is_its_list() -> None:
    listed = [("2021-04", KENT, 1, "E10000012"), ("2025-05", KENT, 1, "E10000014")]
    facts = some_facts(
        (KENT, "2025", "2025-03-31"),
        (KENT, "2024/25", "2025-08-31"),
        (KENT, "2023/24", "2024-08-31"),
        (KENT, "2024", "2024-03-31"),
        (KENT, "undated", None),
    )
    assert some_places(an_edition(*listed), facts).covered == {"2025", "2024/25"}
    assert some_places(an_edition(*listed, last=2024), facts).covered == {
        "2024",
        "2023/24",
    }
    assert some_places(an_edition(), facts).covered == frozenset()


def test_every_authority_of_the_embedded_editions_has_region_and_kind() -> None:
    for edition, count in (("2010", 152), ("2025", 153)):
        official = opened(edition)
        places = some_places(official, official_facts(official))
        now = {area.code for area in load_areas().authorities(official.day)}
        assert len(now) == count
        assert now <= set(places.kind)
        codes = set(official_facts(official)["area_code"])
        assert {*places.region.values(), *now} <= codes
