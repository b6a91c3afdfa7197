"""Files are taken into an edition: the same bytes in any order, and nothing half done."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import itertools
import shutil
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from conftest import ROOT, kentstats
from hypothesis import given, settings
from hypothesis import strategies as st
from official import (
    DATA,
    RAW,
    REAL_2010,
    REAL_2025,
    REAL_LISTS,
    looked_after,
    needs_data,
    row,
    sums_of,
    write,
)

from kentstats.areas import load_areas
from kentstats.errors import DataError, ParameterError
from kentstats.ingest import edition as official
from kentstats.ingest.edition import FIGURES_FILE, list_editions, read_day, read_official, write_all
from kentstats.ingest.update import Ingested, describe, ingest, refusals
from kentstats.project import VARIABLE, Project

SAMPLE = official.pack("".join(f"{number},{number * number % 97}\n" for number in range(5_000)))
CLASSIC = hashlib.sha256(SAMPLE).hexdigest().startswith("74ff1dc660838b7b")
"""Whether the library packs as the classic zlib: others pack the same text in other bytes."""


@pytest.fixture
def home(small: Project) -> Project:
    return small


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "data.csv", [looked_after("England"), looked_after()])


def said(done: Ingested, **options: bool) -> list[str]:
    return list(describe(done, **options))


def exclusions(value: object, count: object = 20) -> list[dict[str, object]]:
    year = {"time_period": "202021", "time_identifier": "Academic year"}
    group = {"social_care_group": "CLA 12 months at 31 March", "t_pupils": 100, "t_perm_excl": 0}
    return [row(**year, **group, t_one_plus_sus=count, pt_one_plus_sus=value)]


# --- the real files, byte for byte --------------------------------------------------------------


@needs_data
def test_the_original_files_give_the_projects_tables_byte_for_byte(tmp_path: Path) -> None:
    home = Project(tmp_path)
    # a project that knows nothing but what became of authorities that ended
    home.areas.mkdir(parents=True)
    shutil.copyfile(RAW / "areas" / "successions.csv", home.areas / "successions.csv")
    first = ingest([*REAL_LISTS, *REAL_2010], edition="2010", home=home)
    second = ingest(REAL_2025, edition="2025", home=home)
    for folder in ("areas", "official-2010", "official-2025"):
        wanted = sorted((RAW / folder).iterdir())
        found = sorted((home.raw / folder).iterdir())
        assert [path.name for path in found] == [path.name for path in wanted]
        for one, other in zip(found, wanted, strict=True):
            if one.suffix == ".gz" and not CLASSIC:
                assert gzip.decompress(one.read_bytes()) == gzip.decompress(other.read_bytes())
            else:
                assert one.read_bytes() == other.read_bytes(), other
    assert (first.added, first.changed, first.unchanged, first.gone) == (2_916, 0, 0, 0)
    assert (second.added, second.changed, second.unchanged, second.gone) == (26_929, 0, 0, 0)
    assert (second.outside, second.outranked, second.suppressed) == (16_988, 162, 5)


@needs_data
def test_the_command_line_finds_the_edition_by_itself(tmp_path: Path) -> None:
    root = tmp_path / "home"
    for folder in ("areas", "official-2010", "official-2025"):
        shutil.copytree(RAW / folder, root / "data" / "raw" / folder)
    before = sums_of(root)
    path = DATA / "ees" / "c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv"
    done = kentstats("ingest", str(path), cwd=tmp_path, KENTSTATS_HOME=str(root))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{path.name}: open data file, data set cin-referrals",
        "  understood: 2,132 lines; 2,132 figures of 1 indicator",
        "  note: 7 of 10 measures are not in the catalogue and were left out: "
        "no_further_action_count, no_further_action_percent, not_in_need_count, "
        "not_in_need_percent, referral_child_count, rereferral_child_count ….",
        "Edition 2025: 0 figures new, 0 changed, 26,929 as they were",
        "  1,311 figures left out, of years outside the edition",
        "  1 total carried without numbers, which gave back what is withheld",
        "Every table is as it was.",
    ]
    assert sums_of(root) == before


# --- what an edition takes, and from which source -----------------------------------------------


def figures(home: Project, indicator: str, edition: str = "2025") -> dict[tuple[str, str], Any]:
    found = read_official(edition, home).figures
    chosen = found[found["indicator"].eq(indicator) & found["group"].eq("")]
    return {(each["area_code"], each["period"]): each for each in chosen.to_dict("records")}


def test_the_figures_of_a_source_are_replaced_as_a_whole(home: Project, data: Path) -> None:
    before = read_official("2025", home).figures
    of_source = int(before["source_id"].eq("cla-rates").sum())
    done = ingest([data], home=home)
    assert (done.edition, done.added) == ("2025", 0)
    assert done.changed + done.unchanged == len(before) - done.gone
    assert done.gone == of_source - 4
    assert f"  {done.gone:,} figures taken out, which the files have no longer" in said(done)
    assert figures(home, "looked-after")["E10000016", "2025"]["value"] == 1_900
    entry = yaml.safe_load((home.raw / "official-2025" / "edition.yml").read_text(encoding="utf-8"))
    (source,) = (each for each in entry["sources"] if each["id"] == "cla-rates")
    assert source["file"] == "data.csv"
    assert source["sha256"] == done.readings[0].sha256


def test_files_give_the_same_tables_in_any_order_one_at_a_time(
    home: Project, tmp_path: Path
) -> None:
    codes = write(tmp_path / "regions.csv", "region_code,region_name\nE12000008,South\n")
    referrals = row(referral_count=9, rereferral_count=1, rereferral_percent=11.1)
    files = [
        write(tmp_path / "rates.csv", [looked_after("England"), looked_after()]),
        write(tmp_path / "cin.csv", [referrals]),
        write(tmp_path / "exclusions.csv", exclusions(20)),
        codes,
    ]
    start = tmp_path / "start"
    shutil.copytree(home.root, start)
    ingest(files, edition="2025", home=home)
    together = sums_of(home.raw)
    for order in itertools.islice(itertools.permutations(files), 0, None, 7):
        shutil.rmtree(home.root)
        shutil.copytree(start, home.root)
        for path in order:
            ingest([path], edition="2025", home=home)
        assert sums_of(home.raw) == together
        assert ingest(files, edition="2025", home=home).written == ()


def test_a_new_edition_is_made_of_a_year_that_is_named(home: Project, tmp_path: Path) -> None:
    path = write(
        tmp_path / "data.csv",
        [looked_after(time_period=year) for year in ("2013", "2014", "2018", "2019")],
    )
    done = ingest([path], edition="2018", home=home)
    assert (done.edition, done.added, done.outside) == ("2018", 4, 4)
    edition = read_official("2018", home)
    assert (edition.first, edition.last, edition.day) == (2014, 2018, dt.date(2018, 3, 31))
    assert sorted(set(edition.figures["period"])) == ["2014", "2018"]
    assert list_editions(home) == ["2010", "2018", "2025"]
    assert ingest([path], edition="2018", home=home).written == ()


@pytest.mark.parametrize("name", ["2O25", "next", "1066", "2025 ", "", "../2025", "٢٠٢٥"])
def test_a_new_edition_must_be_a_year(name: str, home: Project, data: Path) -> None:
    before = sums_of(home.raw)
    with pytest.raises(ParameterError, match="a new one is named by its latest year"):
        ingest([data], edition=name, home=home)
    assert sums_of(home.raw) == before


def test_the_latest_year_tells_the_edition(home: Project, tmp_path: Path) -> None:
    old = write(tmp_path / "old.csv", [looked_after(time_period="2010")])
    assert ingest([old], home=home, dry_run=True).edition == "2010"
    both = write(tmp_path / "both.csv", [looked_after(time_period=y) for y in ("2010", "2025")])
    assert ingest([both], home=home, dry_run=True).edition == "2025"
    (one,) = exclusions(10, 1)
    path = write(tmp_path / "academic.csv", [one | {"time_period": "202425"}])
    assert ingest([path], home=home, dry_run=True).edition == "2025"


def test_two_files_of_one_data_set_are_told(home: Project, data: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other.csv", [looked_after("Essex")])
    before = sums_of(home.raw)
    with pytest.raises(ParameterError, match=r"data.csv and other.csv are both of cla-rates\."):
        ingest([data, other], home=home)
    assert sums_of(home.raw) == before


@pytest.mark.parametrize(
    ("value", "count", "source", "status"),
    [
        (20, 20, "outcomes-exclusions", ""),
        ("c", "c", "outcomes-exclusions", "suppressed"),
        (20, "c", "outcomes-exclusions", "suppressed"),
        ("x", "x", "lait", ""),
    ],
)
@pytest.mark.parametrize("turn", [1, -1])
def test_a_source_that_is_preferred_wins_unless_it_has_no_figure(
    value: object, count: object, source: str, status: str, turn: int, home: Project, tmp_path: Path
) -> None:
    lait = {"Short Desc": "LAC_Fixed_ Ex", "Years": "2020/21", "LA and Regions": "Kent"}
    lait |= {"Values": "8.1", "LA Number": "886"}
    shutil.rmtree(home.raw / "official-2025")
    first = write(tmp_path / "first.csv", exclusions(value, count))
    second = write(tmp_path / "second.csv", [lait, {**lait, "Years": "2021/22"}])
    for path in [first, second][::turn]:
        ingest([path], edition="2025", home=home)
    found = figures(home, "fixed-term-exclusion")["E10000016", "2020/21"]
    assert (found["source_id"], found["status"]) == (source, status)


def test_an_authority_bears_the_code_of_the_edition_s_day(home: Project, tmp_path: Path) -> None:
    old = {"new_la_code": "E10000002", "old_la_code": "825", "la_name": "Buckinghamshire"}
    new = old | {"new_la_code": "E06000060"}
    rows = [
        looked_after(**old, children_count="z", population_estimate="z", rate_per_10000="z"),
        looked_after(**new),
        looked_after(**old, time_period="2021"),
    ]
    for turn in (1, -1):
        ingest([write(tmp_path / "data.csv", rows[::turn])], home=home)
        found = figures(home, "looked-after")
        assert found["E06000060", "2025"]["value"] == 1_900  # not the mark of the code given up
        assert found["E06000060", "2021"]["value"] == 1_900
        assert ("E10000002", "2025") not in found


@pytest.mark.parametrize(
    ("symbol", "period", "there"),
    [("z", "2025", False), ("x", "2022", False), ("c", "2021", True), ("z", "2021", True)],
)
def test_a_place_that_had_ended_need_not_say_why_it_has_no_figure(
    symbol: str, period: str, there: bool, home: Project, tmp_path: Path
) -> None:
    ended = {"new_la_code": "E10000021", "old_la_code": "928", "la_name": "Northamptonshire"}
    rows = [
        looked_after(),
        looked_after(**ended, time_period=period, children_count=symbol, rate_per_10000=symbol),
    ]
    ingest([write(tmp_path / "data.csv", rows)], home=home)
    assert (("E10000021", period) in figures(home, "looked-after")) is there


def test_every_measure_is_taken_on_request_under_a_name_of_its_own(
    home: Project, tmp_path: Path
) -> None:
    path = write(tmp_path / "workforce.csv", [row(heads=5, kind="Total"), row(heads=6, kind="A")])
    with pytest.raises(ParameterError, match="nothing in it is known to the catalogue"):
        ingest([path], edition="2025", home=home)
    done = ingest([path], edition="2025", every=True, home=home)
    assert (done.added, done.gone, done.changed) == (2, 0, 0)
    edition = read_official("2025", home)
    chosen = edition.figures[edition.figures["indicator"].eq("heads")]
    assert chosen[["group", "value"]].values.tolist() == [["A", 6], ["Total", 5]]
    source = edition.source("file-workforce")
    assert (source.title, source.file) == ("workforce", "workforce.csv")
    assert edition.source("workforce").file == "csww_indicators_2017_to_2025.csv"


def test_new_codes_serve_for_the_files_beside_them(home: Project, tmp_path: Path) -> None:
    header = "new_la_code,la_name,date_of_operation,date_of_termination,parent_geography_code,"
    header += "entity_description,old_la_code\n"
    town = "E06000099,Newtown,01/04/2023,,E12000008,Unitary Authorities,999\n"
    lists = write(tmp_path / "las.csv", header + town)
    new = {"new_la_code": "E06000099", "old_la_code": "999", "la_name": "Newtown"}
    path = write(tmp_path / "data.csv", [looked_after(), looked_after(**new)])
    before = sums_of(home.raw)
    assert len(ingest([path], home=home, dry_run=True).readings[0].refused) == 1
    done = ingest([path, lists], home=home, dry_run=True)
    assert done.readings[0].refused == []
    assert sums_of(home.raw) == before
    done = ingest([path, lists], home=home)
    assert next(each.name for each in done.written) == "areas.csv"
    assert load_areas(home=home).find("Newtown")
    assert figures(home, "looked-after")["E06000099", "2025"]["value"] == 1_900


# --- options ------------------------------------------------------------------------------------


def test_a_dry_run_tells_all_and_writes_nothing(home: Project, data: Path, tmp_path: Path) -> None:
    lists = write(tmp_path / "regions.csv", "region_code,region_name\nE12000008,South\n")
    before = sums_of(home.raw)
    dry = ingest([data, lists], home=home, dry_run=True)
    assert sums_of(home.raw) == before
    assert said(dry, dry_run=True)[-1] == "Nothing was written."
    wet = ingest([data, lists], home=home)
    assert replace(wet, written=(), readings=()) == replace(dry, readings=())
    names = {"areas.csv", "edition.yml", FIGURES_FILE, "periods.csv"}
    assert {path.name for path in wet.written} == names


def test_the_report_lists_every_line_refused_or_left_out(home: Project, tmp_path: Path) -> None:
    rows = [
        *[looked_after(population_type=str(n)) for n in range(30)],
        looked_after(),
        looked_after("Essex", geographic_level="Ward"),
        *[looked_after("Medway", la_name="Kent", population_type=str(n)) for n in range(20)],
    ]
    done = ingest([write(tmp_path / "data.csv", rows)], home=home)
    listed = list(csv.DictReader(refusals((), done.readings).splitlines()))
    assert list(listed[0]) == ["file", "line", "column", "outcome", "what", "remedy"]
    assert [each["line"] for each in listed if each["outcome"] == "refused"] == [
        str(line) for line in range(34, 54)
    ]
    assert [each for each in listed if each["outcome"] == "left out"] == [
        {"file": "data.csv", "line": "33", "column": "", "outcome": "left out",
         "what": "level Ward", "remedy": ""}
    ]  # fmt: skip
    lines = said(done)
    assert "  refused: 20" in lines
    assert "    … and 12 more; --report FILE lists them all" in lines


def test_the_command_line_takes_every_option(
    home: Project, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(home.root))
    before = sums_of(home.raw)
    report = tmp_path / "report.csv"
    options = ["--dry-run", "--strict", "--every-measure", "--edition", "2025", "--report"]
    done = kentstats("ingest", str(data), *options, str(report), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Nothing was written.\n")
    assert report.read_text(encoding="utf-8") == "file,line,column,outcome,what,remedy\n"
    assert sums_of(home.raw) == before
    done = kentstats("ingest", str(data), "--quiet", "--edition", "2O25", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "There is no edition “2O25”" in done.stderr
    assert "Did you mean 2025?" in done.stderr


# --- nothing half done --------------------------------------------------------------------------


def test_files_are_put_in_place_together_or_not_at_all(
    home: Project, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sums_of(home.raw)

    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            ingest([data], home=home)
    assert sums_of(home.raw) == before
    assert ingest([data], home=home).written


def test_only_what_holds_something_else_is_written(tmp_path: Path) -> None:
    path, packed = tmp_path / "a" / "b.csv", tmp_path / "c.csv.gz"
    files = {path: b"1\n", packed: gzip.compress(b"2\n", mtime=0)}
    assert write_all(files) == [path, packed]
    assert write_all(files) == []
    other = gzip.compress(b"2\n", compresslevel=1, mtime=9)  # as another library packs it
    assert write_all({path: b"1\n", packed: other}) == []
    assert write_all({packed: gzip.compress(b"3\n", mtime=0)}) == [packed]
    packed.write_bytes(b"damaged")
    assert write_all({packed: other}) == [packed]
    assert sorted(each.name for each in tmp_path.rglob("*.*")) == ["b.csv", "c.csv.gz"]


@pytest.mark.parametrize("name", ["edition.yml", "figures.csv.gz", "periods.csv", "neighbours.csv"])
@pytest.mark.parametrize("how", ["gone", "empty", "cut", "other"])
def test_a_damaged_edition_is_told_and_left_alone(
    name: str, how: str, home: Project, data: Path
) -> None:
    path = home.raw / "official-2025" / name
    raw = path.read_bytes()
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "cut": raw[: len(raw) // 2], "other": b"a,b\n1,2\n"}[how])
    before = sums_of(home.raw)
    # without its edition.yml there is no edition; an edition may have no neighbours
    sound = how == "gone" and name in {"edition.yml", "neighbours.csv"}
    sound |= (name, how) == ("neighbours.csv", "empty")
    message = "edition.yml" if name == "edition.yml" else "The edition is damaged"
    with nullcontext() if sound else pytest.raises(DataError, match=message):
        ingest([data], edition="2025", home=home, dry_run=True)
    assert sums_of(home.raw) == before


def test_the_day_of_an_edition_is_read_without_its_figures(home: Project) -> None:
    assert read_day("2010", home) == dt.date(2010, 3, 31)
    (home.raw / "official-2010" / "edition.yml").write_text("last: soon\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"edition.yml, line 1: “soon” is no whole number"):
        read_day("2010", home)
    with pytest.raises(ParameterError, match="There is no edition “2011”"):
        read_official("2011", home)


# --- what is written is what was read -----------------------------------------------------------

EDITION = replace(read_official("2010", Project(ROOT)), neighbours=[], judgements=[])
NUMBER = st.one_of(
    st.integers(0, 10**12).map(float),
    st.floats(0, 1e9, allow_nan=False),
    st.sampled_from([0.1 + 0.2, 1 / 3, 894.1999999999999, 1e-9]),
)


@given(st.lists(st.tuples(NUMBER, NUMBER), min_size=1, max_size=5))
@settings(deadline=None, max_examples=30)
def test_numbers_are_written_to_ten_digits_and_writing_again_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[tuple[float, float]]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "written"
    figures = EDITION.figures.iloc[: len(numbers)].copy()
    figures["value"] = [value for value, _ in numbers]
    figures["numerator"] = [numerator for _, numerator in numbers]
    one = replace(EDITION, figures=figures, folder=folder / "official-2025")
    first = official.contents(one)
    write_all(first)
    read = pd.read_csv(one.folder / FIGURES_FILE)
    for name, written in (("value", 0), ("numerator", 1)):
        for found, wanted in zip(read[name], [each[written] for each in numbers], strict=True):
            assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    again = replace(one, figures=official._read_figures(one.folder))
    assert official.contents(again) == first
