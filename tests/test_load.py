"""The tables of the Kent report: chosen, loaded, written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from kentstats.areas import load_areas
from kentstats.errors import DataError, ParameterError
from kentstats.load import (
    OFFICIAL_TABLES,
    READERS,
    choose,
    edition_day,
    load_facts,
    load_table,
    write_tables,
)
from kentstats.project import Project
from kentstats.schemas import to_csv


@pytest.mark.parametrize("authority", [None, "Kent"])
@pytest.mark.parametrize("edition", [None, 2010, 2025])
def test_facts_are_those_of_the_reports_and_of_official_statistics(
    authority: str | None, edition: int | None
) -> None:
    facts = load_facts(authority=authority, edition=edition)
    official = load_facts(authority=authority, edition=edition, kind="official")
    assert facts["fact_id"].is_unique
    assert facts["fact_id"].is_monotonic_increasing
    if edition == 2025:
        pd.testing.assert_frame_equal(facts, official)
        with pytest.raises(ParameterError, match="The edition 2025 has no inspection report"):
            load_facts(authority=authority, edition=edition, kind="report")
        return
    report = load_facts(authority=authority, edition=edition, kind="report")
    assert set(report["source_id"]) == {"ofsted-kent-2010"}
    both = pd.concat([report, official]).sort_values("fact_id", ignore_index=True)
    pd.testing.assert_frame_equal(facts, both)


def test_the_facts_of_an_authority_are_those_of_its_code_its_region_and_england() -> None:
    facts = load_facts(authority="Richmond upon Thames", edition=2025)
    assert sorted(set(zip(facts["area_code"], facts["area_type"], strict=True))) == [
        ("E09000021 / E09000027", "combined"),
        ("E09000027", "authority"),
        ("E12000007", "region"),
        ("E92000001", "country"),
    ]


@pytest.mark.parametrize(
    ("authority", "edition", "message"),
    [
        (None, None, ""),
        (" kent ", "2010", ""),
        ("886", 2010, ""),
        ("Knet", None, "There is no authority “Knet”. Did you mean Kent or Barnet?"),
        ("Essex", None, "Essex is not an authority with a report here. There is: Kent."),
        ("Kent", 2025, "The edition 2025 has no inspection report. There is: 2010."),
        ("Kent", "2011", "There is no edition “2011”. Did you mean 2010?"),
        ("Kent", 2001, "There is no edition “2001”. Did you mean 2010?"),
        ("Knet", "first", "There is no edition “first”. There is: 2010, 2025."),
    ],
)
def test_a_source_is_chosen_by_authority_and_edition_or_refused_with_the_nearest(
    authority: str | None, edition: str | int | None, message: str
) -> None:
    if not message:
        assert [source.id for source in choose(authority, edition)] == ["ofsted-kent-2010"]
        return
    with pytest.raises(ParameterError) as caught:
        choose(authority, edition)
    assert str(caught.value) == message


def test_of_several_editions_one_is_chosen_or_all(home: Project, raw: Path) -> None:
    later = home.raw / "later"
    shutil.copytree(raw, later)
    text = (later / "source.yml").read_text(encoding="utf-8")
    text = text.replace("id: ofsted-kent-2010", "id: later").replace('"2010"', '"2013"')
    (later / "source.yml").write_text(text, encoding="utf-8")
    assert [source.id for source in choose("Kent", 2013, home=home)] == ["later"]
    assert len(choose("Kent", home=home)) == 2
    assert set(load_facts(edition=2013, home=home)["source_id"]) == {"later"}
    reports = load_facts(kind="report", home=home)
    assert len(reports) == 2 * len(load_facts(edition=2010, kind="report", home=home)) == 222
    everything = load_facts(home=home)
    assert len(everything) == 222 + len(load_facts(kind="official", home=home))


def test_a_project_without_sources_is_told(home: Project) -> None:
    shutil.rmtree(home.raw)
    with pytest.raises(ParameterError, match=r"no sources. Look whether data/raw is complete"):
        choose(home=home)


def test_every_row_of_the_report_is_written_and_read_back_as_it_was(tmp_path: Path) -> None:
    write_tables(tmp_path)
    rows = {"facts": 111, "judgements": 84, "actions": 23, "statements": 16}
    for table in READERS:
        assert len(load_table(table, kind="report")) == rows[table]
        frame = load_table(table)
        assert (tmp_path / f"{table}.csv").read_bytes() == to_csv(frame).encode()
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{table}.parquet"), frame)


def test_a_faulty_source_leaves_the_written_tables_untouched(
    home: Project, raw: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "tables"
    before = {path.name: path.read_bytes() for path in write_tables(folder, home=home)}
    text = (raw / "statements.csv").read_text(encoding="utf-8")
    (raw / "statements.csv").write_text(text.replace("above", "abvoe", 1), encoding="utf-8")
    with pytest.raises(DataError, match="line 2, column direction"):
        write_tables(folder, home=home)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("table", "authority", "rows"),
    [
        ("outcomes", "Kent", {"2025": 4}),
        ("outcomes", "North Northamptonshire", {"2025": 4}),
        ("outcomes", "Cumbria", {}),
        ("neighbours", "Kent", {"2025": 20}),
        # new since 2023, so on one of the two lists
        ("neighbours", "Cumberland", {"2025": 10}),
        # the list of 2025 has the code that Barnsley was given in that year
        ("neighbours", "Barnsley", {"2025": 20}),
        ("neighbours", "E08000016", {"2025": 20}),
    ],
)
def test_outcomes_and_neighbours_are_those_of_the_editions_an_authority_was_in(
    table: str, authority: str, rows: dict[str, int]
) -> None:
    frame = load_table(table, authority=authority)
    assert frame["edition"].value_counts().to_dict() == rows
    assert list(frame.columns) == ["edition", *OFFICIAL_TABLES[table]]


def test_neighbours_bear_the_codes_of_the_edition() -> None:
    frame = load_table("neighbours", edition=2025)
    register, day = load_areas(), edition_day("2025")
    there = {area.code for area in register.authorities(day)}
    known = frame[frame["list"].eq("2025-05")]
    assert set(known["area_code"]) == there
    assert set(known["neighbour_code"]) < there
    # the older list has an authority that has ended
    assert set(frame["area_code"]) - there == {"E10000006"}
    places = frame.groupby(["list", "area_code"])["position"].agg(tuple)
    assert set(places) == {tuple(range(1, 11))}


def test_an_edition_without_official_statistics_has_no_outcomes(home: Project) -> None:
    shutil.rmtree(home.raw / "official-2010")
    shutil.rmtree(home.raw / "official-2025")
    frame = load_table("outcomes", edition=2010, home=home)
    assert len(frame) == 0
    assert list(frame.columns) == ["edition", *OFFICIAL_TABLES["outcomes"]]
    assert len(load_facts(home=home)) == 111
    with pytest.raises(ParameterError, match=r"no such facts. kentstats status lists"):
        load_facts(kind="official", home=home)
