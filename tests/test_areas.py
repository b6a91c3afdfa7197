"""Areas answer to their names and codes, each on the days on which it was there."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from official import RAW, write

from kentstats.areas import (
    CODED,
    COLUMNS,
    OTHER_NAMES,
    SUCCESSION_COLUMNS,
    Area,
    find_area,
    fold,
    load_areas,
    read_table,
)
from kentstats.errors import DataError, ParameterError
from kentstats.periods import show_date
from kentstats.project import Project

REGISTER = load_areas(home=ROOT)
AUTHORITIES = [area for area in REGISTER.areas if area.type == "authority"]
DAYS = {"2010": dt.date(2010, 3, 31), "2025": dt.date(2025, 3, 31)}


def day_in(area: Area) -> dt.date:
    """Return a day on which an area was there: its last, or one long after its first."""
    return area.closed or dt.date(2040, 1, 1)


def told(text: str, day: dt.date) -> str:
    with pytest.raises(ParameterError) as caught:
        REGISTER.resolve(text, day)
    assert caught.value.exit_code == 2
    return str(caught.value)


@pytest.mark.parametrize("text", ["Kent", "kent", " KENT ", "E10000016", "e10000016", "886"])
def test_kent_answers_to_its_name_and_both_codes_in_any_case(text: str) -> None:
    area = find_area(text)
    assert area is not None
    assert (area.code, area.name, area.type, area.old_code) == (
        *("E10000016", "Kent", "authority", "886"),
    )
    assert (area.region, area.kind) == ("E12000008", "county")


@pytest.mark.parametrize("text", ["", " ", "Knet", "E1000001", "88", "x", "z", "Unknown", "/"])
def test_nothing_else_is_taken_for_an_area(text: str) -> None:
    assert find_area(text) is None


def test_the_register_holds_every_authority_of_both_days() -> None:
    counts = {"authority": 172, "region": 11, "country": 1, "comparator_group": 1}
    assert Counter(area.type for area in REGISTER.areas) == counts
    assert len(REGISTER.authorities(DAYS["2010"])) == 152
    assert len(REGISTER.authorities(DAYS["2025"])) == 153
    names = [area.name for area in REGISTER.authorities(DAYS["2025"])]
    assert names == sorted(names)


def test_every_authority_resolves_by_name_code_and_old_code_while_it_is_there() -> None:
    for area in AUTHORITIES:
        for day in {area.opened or CODED, day_in(area)}:
            assert area.operates(day)
            for text in (area.name, area.code, area.old_code, f" {area.name.upper()} "):
                if text:
                    assert REGISTER.resolve(text, day) == area


@pytest.mark.parametrize(
    "area", [area for area in AUTHORITIES if area.closed], ids=lambda area: area.code
)
def test_an_authority_that_ended_has_successors_from_the_next_day(area: Area) -> None:
    rows = [row for row in read_table(RAW / "areas", "successions.csv") if row["code"] == area.code]
    assert area.closed
    next_day = area.closed + dt.timedelta(days=1)
    assert not area.operates(next_day)
    names = []
    for row in rows:
        successor = REGISTER.by_code(row["successor"])
        assert successor
        assert row["day"] == next_day.isoformat()
        assert successor.operates(next_day)
        assert successor.region == area.region
        names.append(successor.name)
    there = [other for other in AUTHORITIES if other.operates(next_day)]
    kept = [other for other in there if other.old_code == area.old_code]
    if area.old_code and kept:  # it went on under another code
        assert REGISTER.resolve(area.code, next_day) == kept[0]
        assert REGISTER.on(area.code, next_day) == kept[0].code
    else:
        message = told(area.code, next_day)
        assert f"{area.name} ended on {show_date(area.closed)}." in message
        assert all(f"“{name}”" in message for name in names)


def test_old_codes_join_the_years_of_one_authority() -> None:
    assert REGISTER.on("E06000060", DAYS["2010"]) == "E10000002"
    assert REGISTER.on("E10000002", DAYS["2025"]) == "E06000060"
    assert REGISTER.on("E08000039", DAYS["2025"]) == "E08000019"
    for code in ("E10000016", "E10000006", "E12000008", "nowhere"):  # Cumbria went on as two
        assert REGISTER.on(code, DAYS["2025"]) == code


@pytest.mark.parametrize(
    ("text", "edition", "name"),
    [
        ("E10000002", "2025", "Buckinghamshire"),
        ("E06000060", "2010", "Buckinghamshire"),
        ("825", "2010", "Buckinghamshire"),
        ("Bristol, City of", "2010", "Bristol"),
        ("Kingston-Upon-Hull, City of", "2025", "Kingston upon Hull"),
        ("Hull", "2010", "Kingston upon Hull"),
        ("St Helens", "2025", "St. Helens"),
        ("Telford & Wrekin", "2025", "Telford and Wrekin"),
        ("Royal Borough of Windsor and Maidenhead", "2025", "Windsor and Maidenhead"),
        ("BCP", "2025", "Bournemouth, Christchurch and Poole"),
        ("Bedford Borough", "2025", "Bedford"),
        ("Kent County Council", "2010", "Kent"),
    ],
)
def test_an_authority_is_found_by_what_people_call_it(text: str, edition: str, name: str) -> None:
    assert REGISTER.resolve(text, DAYS[edition]).name == name


@pytest.mark.parametrize(
    ("text", "edition", "message"),
    [
        ("Bournemouth", "2025", "followed by “Bournemouth, Christchurch and Poole”. Name that."),
        ("E10000001", "2025", "by “Bedford” and “Central Bedfordshire”. Name one of those."),
        ("BCP", "2010", "Bournemouth, Christchurch and Poole began on 1 April 2019. Until then "),
        (
            "BCP",
            "2010",
            "it was “Bournemouth”, “Poole” and “Dorset”. Name that, or another edition.",
        ),
        ("314 / 318", "2025", "are two authorities that some sources count together. Name one of "),
        (
            "Yorkshire",
            "2025",
            "“Yorkshire” is part of several names. Did you mean “East Riding of ",
        ),
        ("Yorkshire", "2025", "“East Riding of Yorkshire” or “North Yorkshire”?"),
        ("shire", "2025", "Chester” or “Derbyshire”, or one of the others?"),
        ("Knet", "2010", "There is no authority “Knet”. Did you mean Kent or Barnet?"),
        ("Kent County", "2010", "There is no authority “Kent County”. Did you mean Kent?"),
        ("Glamorgan", "2025", "“Glamorgan”. kentstats status --authorities lists them all."),
        ("London", "2025", "London is a region, not an authority. Name one of its authorities, as"),
    ],
)
def test_what_is_no_authority_of_the_day_is_told_with_what_would_be(
    text: str, edition: str, message: str
) -> None:
    assert message in told(text, DAYS[edition])


@pytest.mark.parametrize(
    "code", ["886", "886 / 886", "886 / E10000016", "886 / 999", "886 /", "E12000008 / 886", "/"]
)
def test_other_joined_codes_make_none(code: str) -> None:
    assert REGISTER.combined(code) is None


@given(st.text())
def test_finding_an_area_never_fails_and_finds_what_answers(text: str) -> None:
    area = REGISTER.find(text)
    keys = {text.strip().casefold(), fold(text)}
    if area:
        others = {other for other, name in OTHER_NAMES.items() if fold(name) == fold(area.name)}
        assert keys & {fold(area.name), area.code.casefold(), area.old_code, *others}
    with contextlib.suppress(ParameterError):
        assert REGISTER.resolve(text, DAYS["2025"]).type == "authority"


@pytest.fixture
def small(tmp_path: Path) -> Project:
    """A project that has the register and nothing else."""
    shutil.copytree(RAW / "areas", Project(tmp_path).areas)
    return Project(tmp_path)


def rename_kent(project: Project, name: str) -> None:
    path = project.areas / "areas.csv"
    write(path, path.read_text(encoding="utf-8").replace(",Kent,", f",{name},"))
    os.utime(path, ns=(1, 1))


def test_a_project_has_its_own_register(small: Project) -> None:
    rename_kent(small, "Cantia")
    for home in (small, small.root, str(small.root)):
        assert find_area("Cantia", home=home)
        assert not find_area("Kent", home=home)
    assert find_area("Kent")
    assert not find_area("Cantia")
    assert load_areas() is load_areas(home=ROOT)


@pytest.mark.parametrize("name", ["areas.csv", "successions.csv"])
@pytest.mark.parametrize(
    "content",
    [
        *(None, "", "code,name\n", "a\x00b", '"'),
        *("{header}\nE1,x\n", "{header}\nE1,x,y,,,,2009-02-30,\n"),
        "{header}\nE1,2,3,4,5,6,7,8,9\n",
    ],
)
def test_a_file_that_is_no_table_of_areas_is_told(
    name: str, content: str | None, small: Project
) -> None:
    path = small.areas / name
    header = ",".join(COLUMNS if name == "areas.csv" else SUCCESSION_COLUMNS)
    if content is None:
        path.unlink()
    else:
        write(path, content.format(header=header))
    with pytest.raises(DataError) as caught:
        load_areas(home=small)
    assert str(caught.value) == (
        f"{path}: The file is missing or no table of areas. Restore it; its header is: {header}."
    )
