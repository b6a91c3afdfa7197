"""Editions of many areas: the same answers, from tables that are laid aside."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from conftest import ROOT

from kentstats import aside as laying
from kentstats.areas import Area
from kentstats.aside import Ordered, aside, laid, let_go
from kentstats.errors import KentstatsError
from kentstats.ingest.edition import read_official
from kentstats.load import load_facts, open_official
from kentstats.publish import manifest as manifests
from kentstats.publish.manifest import Entry, Files, Record, read_manifest

with mock.patch.object(sys, "path", [str(ROOT / "benchmarks"), *sys.path]):
    synthetic = importlib.import_module("synthetic")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no file is without a name there")


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every table count as large."""
    monkeypatch.setattr(laying, "LARGE", 1)


@pytest.fixture
def blocks(large: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few rows be a block."""
    del large
    monkeypatch.setattr(laying, "BLOCK", 4)


def mixed(count: int = 11) -> pd.DataFrame:
    chance = np.random.default_rng(1)
    days = pd.to_datetime(["2010-03-31", None, "1969-01-02"]).astype("datetime64[ms]")  # type: ignore[arg-type]
    places = np.arange(count)
    return pd.DataFrame(
        {
            "area_code": pd.Series([f"E{each % 3}" for each in places], dtype="str"),
            "words": pd.Series(
                [None if each % 4 == 1 else "’" * each for each in places], dtype="str"
            ),
            "number": np.where(places % 5 == 2, np.nan, chance.normal(size=count)),
            "count": places,
            "known": places % 2 == 0,
            "day": days.take(places % 3),
        }
    )


@pytest.mark.usefixtures("large")
def test_a_table_laid_aside_is_the_same_table() -> None:
    frame = mixed()
    other = aside(frame)
    assert other is not frame
    pd.testing.assert_frame_equal(other, frame)
    let_go()  # what was looked at is read again
    pd.testing.assert_frame_equal(other, frame)
    pd.testing.assert_frame_equal(
        other[other["count"] > 3].reset_index(drop=True), frame[4:].reset_index(drop=True)
    )
    made = laid({name: (lambda name=name: frame[name]) for name in frame})  # type: ignore[misc]
    pd.testing.assert_frame_equal(made, frame)


def test_a_small_table_stays_where_it_is() -> None:
    frame = mixed()
    assert aside(frame) is frame


@pytest.mark.parametrize("span", [(0, 11), (0, 1), (3, 5), (4, 8), (7, 11), (5, 5)])
@pytest.mark.usefixtures("blocks")
def test_rows_in_another_order_are_read_in_blocks(span: tuple[int, int]) -> None:
    frame, order = mixed(), np.random.default_rng(2).permutation(11)
    ordered = Ordered(frame, order)
    wanted = frame.take(order[slice(*span)]).reset_index(drop=True)
    if span[0] < span[1]:
        pd.testing.assert_frame_equal(ordered.rows(*span), wanted)
    listed = ordered.values(*span)
    for row, (_, plain) in zip(listed, wanted.iterrows(), strict=True):
        for one, other in zip(row, plain, strict=True):
            if pd.isna(other):
                assert one is None or one != one
            else:
                assert one == other
            assert type(one) in {str, float, int, bool, dt.datetime, type(None)}


def test_rows_of_a_small_table_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, order = mixed(), np.arange(11)[::-1]
    small = Ordered(frame, order).rows(2, 9)
    monkeypatch.setattr(laying, "LARGE", 1)
    pd.testing.assert_frame_equal(small, Ordered(frame, order).rows(2, 9))


@pytest.mark.usefixtures("large")
def test_the_facts_of_one_are_read_from_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    great = read_official("2010")
    whole = load_facts(authority="Derby", edition="2010")
    monkeypatch.setattr("kentstats.load.open_official", lambda *_: great)
    pd.testing.assert_frame_equal(load_facts(authority="Derby", edition="2010"), whole)


# --- the manifest of many ------------------------------------------------------------------------


def entries(number: int) -> dict[str, Entry]:
    files = {"briefing.html": {"sha256": "0" * 64, "size": 7}}
    return {
        synthetic.code(each): Entry(
            synthetic.name(each),
            synthetic.code(each),
            f"synthetic-{each}",
            "published",
            reason="“why”, it says",
            inputs={"code": "1"},
            files=files,
        )
        for each in range(number)
    }


def record(path: Path, number: int) -> Record:
    known = entries(number)
    areas = [Area(each.code, each.name, "authority") for each in known.values()]  # type: ignore[call-arg]
    return Record(path, {"schema": 1, "edition": "2010"}, known, areas, ())


def test_a_manifest_has_a_line_for_each_authority(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    record(path, 3).write()
    lines = path.read_text("utf-8").splitlines()
    assert sum('"slug": "synthetic-' in line for line in lines) == 3
    whole = json.loads(path.read_text("utf-8"))
    assert whole["counts"] == {"failed": 0, "published": 3, "unchanged": 0}
    read = read_manifest(path)
    assert read == {**whole, "authorities": list(entries(3).values())}
    # those that are of the same inputs share them
    one, other, _ = read["authorities"]
    assert one.inputs is other.inputs


def test_a_manifest_in_another_layout_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    record(path, 3).write()
    read = read_manifest(path)
    for indent in (None, 1, 4):
        path.write_text(json.dumps(json.loads(path.read_text("utf-8")), indent=indent), "utf-8")
        assert read_manifest(path) == read
    record(path, 0).write()
    assert read_manifest(path)["authorities"] == []


@pytest.mark.parametrize("cut", [2, 30, 200, 400, 700])
def test_a_manifest_that_is_cut_off_is_damaged(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "manifest.json"
    record(path, 3).write()
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(KentstatsError, match="damaged"):
        read_manifest(path)


def test_writing_a_manifest_takes_a_small_part_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(manifests.time, "monotonic", lambda: clock[0])
    one = record(tmp_path / "manifest.json", 2)
    written: list[float] = []
    write = Record.write

    def slow(self: Record) -> None:
        written.append(clock[0])
        write(self)
        self.lasted = 1.0  # as long as that

    monkeypatch.setattr(Record, "write", slow)
    entry = next(iter(one.entries.values()))
    for second in range(200):
        clock[0] = float(second)
        one.done(entry)
    assert written == [3.0, 54.0, 105.0, 156.0]


def test_files_are_a_mapping() -> None:
    given: dict[str, dict[str, Any]] = {"a": {"sha256": "1", "size": 2}, "b": {}}
    files = Files(given)
    assert files == given
    assert (len(files), list(files), files["a"]["size"]) == (2, ["a", "b"], 2)
    with pytest.raises(KeyError):
        files["c"]


# --- synthetic editions --------------------------------------------------------------------------


def test_a_synthetic_edition_is_sound_and_always_the_same(tmp_path: Path) -> None:
    homes = []
    for name, number in (("few", 160), ("again", 160), ("more", 310)):
        synthetic.write(tmp_path / name, number)
        homes.append(read_official("2010", home(tmp_path / name)).figures)
    few, again, more = homes
    pd.testing.assert_frame_equal(few, again)
    own = few["area_code"].str.startswith(synthetic.NO_AREA)
    assert few.loc[own, "area_code"].nunique() == 160
    # an authority is what it is, however many there are
    common = more[more["area_code"].isin(few["area_code"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(few, common)
    share_of = few["numerator"] / few["denominator"]
    assert ((few["numerator"].isna()) | (share_of.between(0, 1)) | ~own).all()
    # of no real authority is there a figure
    real = open_official("2010").figures["area_code"]  # type: ignore[union-attr]
    whole = few.loc[~own, "area_code"].unique()
    assert set(whole) <= set(real)
    assert all(code.startswith(("E12", "E13", "E92")) for code in whole)


def home(folder: Path) -> Any:
    from kentstats.project import Project

    return Project(folder)


def test_there_are_only_so_many_codes(tmp_path: Path) -> None:
    for number in (0, synthetic.MOST + 1):
        with pytest.raises(ValueError, match="authorities"):
            synthetic.write(tmp_path / str(number), number)
