"""Where an authority stands: its latest figures, its rank and how surely, its recent trend."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kentstats.areas import load_areas
from kentstats.ingest.edition import read_official
from kentstats.load import open_official
from kentstats.project import Project
from kentstats.schemas import Row, records
from kentstats.stats.profile import (
    AuthorityProfile,
    EditionStatistics,
    edition_statistics,
)
from kentstats.stats.ranks import RANKS, ranks_of
from kentstats.stats.trends import TRENDS, is_latest, trends_of, years_of

nan = math.nan
HIGH, LOW, NEITHER, COUNT = (
    *("health-assessments", "re-referrals", "substance-misuse"),
    "looked-after",
)
KENT = "E10000016"
# authorities that went on under a new code, and the code on 31 March 2025
RECODED = {"Buckinghamshire": "E06000060", "North Yorkshire": "E06000065", "Somerset": "E06000066"}


def statistics(edition: str, confidence: float = 0.95) -> EditionStatistics:
    official = open_official(edition)
    assert official is not None
    return edition_statistics(official, confidence)


def profile(name: str, edition: str = "2025") -> AuthorityProfile:
    one = statistics(edition)
    return AuthorityProfile(load_areas().resolve(name, one.official.day), one)


def own(mine: AuthorityProfile, table: str = "latest") -> pd.DataFrame:
    """The rows of an authority in a table that all share."""
    frame: pd.DataFrame = getattr(mine.statistics, table)
    return frame[frame["area_code"].eq(mine.area.code)].reset_index(drop=True)


def series(*values: float, ends: list[str] | None = None, **other: Any) -> pd.DataFrame:
    """Make one area's figures of several years, with limits of one point each way."""
    days = ends or [f"{2025 - len(values) + place + 1}-03-31" for place in range(len(values))]
    frame = pd.DataFrame(
        {
            "indicator": HIGH,
            "group": "all",
            "area_code": "a",
            "area_type": "authority",
            "source_id": "made-up",
            "period": [day[:4] for day in days],
            "period_end": pd.to_datetime(pd.Series(days)),
            "estimate": list(values),
        }
        | other
    )
    width = {"lower": frame["estimate"] - 1, "upper": frame["estimate"] + 1}
    return frame.assign(**{name: each for name, each in width.items() if name not in frame})


def the_trend(*frames: pd.DataFrame) -> Row:
    made = trends_of(pd.concat(frames, ignore_index=True))
    assert len(made) == 1
    assert list(made.columns) == list(TRENDS)
    return records(made)[0]


# years and latest


def test_the_year_of_a_period_is_the_one_in_which_it_ends() -> None:
    facts = pd.DataFrame(
        {
            "period": ["2024/25", "2024/25", "2025", "2025", "2024/25", "1999/00", "last year"],
            "period_end": pd.to_datetime(
                pd.Series(["2025-08-31", "2025-03-31", "2025-03-31", None, None, None, None])
            ),
        }
    )
    assert years_of(facts).tolist() == [2025, 2025, 2025, 2025, 2025, 2000, -1]
    assert years_of(facts.iloc[:0]).tolist() == []


def test_the_latest_period_is_the_same_for_all_areas() -> None:
    facts = pd.concat(
        [
            series(1, 2, 3),
            series(4, 5, area_code="b", ends=["2023-03-31", "2024-03-31"]),
            series(nan, area_code="c"),
            series(6, 7, group="boys", ends=["2021-03-31", "2022-03-31"]),
        ],
        ignore_index=True,
    )
    latest = facts[is_latest(facts)]
    assert latest[["area_code", "group", "period"]].to_numpy().tolist() == [
        ["a", "all", "2025"],
        ["c", "all", "2025"],
        ["a", "boys", "2022"],
    ]
    assert is_latest(facts.iloc[:0]).empty


# ranks


def ranked(values: list[float], indicator: str = HIGH, half: float = 1.0) -> pd.DataFrame:
    codes = [f"area {place}" for place in range(len(values))]
    estimate = pd.Series(values)
    return pd.DataFrame(
        {
            "indicator": indicator,
            "group": "all",
            "period": "2025",
            "area_code": codes,
            "area_type": "authority",
            "estimate": estimate,
            "lower": estimate - half,
            "upper": estimate + half,
        }
    )


@pytest.mark.parametrize(
    ("indicator", "places"),
    [(HIGH, [1, 2, 2, 4]), (LOW, [4, 2, 2, 1]), (NEITHER, [1, 2, 2, 4]), (COUNT, [1, 2, 2, 4])],
)
def test_ranks_follow_the_polarity_and_ties_share_the_best(
    indicator: str, places: list[int]
) -> None:
    made = ranks_of(ranked([90, 80, 80, 70], indicator))
    assert list(made.columns) == list(RANKS)
    assert made["rank"].tolist() == places
    assert made["of"].tolist() == [4] * 4


def test_regions_combined_areas_and_missing_figures_have_no_rank() -> None:
    facts = ranked([90, 80, 70, nan]).assign(
        area_type=["authority", "region", "combined", "authority"]
    )
    made = ranks_of(facts)
    assert made["area_code"].tolist() == ["area 0"]
    assert made["of"].tolist() == [1]
    assert ranks_of(facts.iloc[:0]).empty
    assert list(ranks_of(facts.iloc[:0]).columns) == list(RANKS)


def test_a_figure_without_limits_has_a_rank_and_no_interval() -> None:
    facts = ranked([90, 80, 70])
    facts.loc[1, ["lower", "upper"]] = nan
    made = ranks_of(facts)
    assert made["rank"].tolist() == [1, 2, 3]
    assert made["rank_low"].isna().tolist() == [False, True, False]
    # it holds a place that no other can be told from
    assert made.loc[[0, 2], ["rank_low", "rank_high"]].to_numpy().tolist() == [[1, 2], [2, 3]]


# trends


def test_a_gap_that_all_have_counts_as_time() -> None:
    """Whether other areas have the years in between or not."""

    def steps(*years: int) -> pd.DataFrame:
        frame = series(80, 81, 82, 83, 84, ends=[f"{year}-03-31" for year in years])
        return frame.assign(lower=frame["estimate"] - 1.9, upper=frame["estimate"] + 1.9)

    # year by year the slope is 1 and its chi-squared 10.6; over the gap they are 0.4 and 8.5
    assert the_trend(steps(2021, 2022, 2023, 2024, 2025))["direction"] == "increasing"
    gap = steps(2016, 2017, 2018, 2019, 2025)
    assert the_trend(gap)["direction"] == "no significant change"
    others = series(*[50.0] * 10, area_code="b")
    both = trends_of(pd.concat([gap, others], ignore_index=True)).set_index("area_code")
    assert both.loc["a", "direction"] == "no significant change"


def test_a_trend_does_not_cross_sources() -> None:
    before = series(80, 82, 84, ends=[f"{year}-03-31" for year in (2021, 2022, 2023)])
    after = series(86, 88, source_id="another")
    assert the_trend(before, after)["direction"] == "not calculated"
    assert the_trend(before, after.assign(source_id="made-up"))["direction"] == "increasing"


def test_a_period_that_names_no_year_is_in_no_trend() -> None:
    undated = series(1, period="once", ends=["2025-03-31"]).assign(period_end=pd.NaT)
    found = the_trend(series(80, 82, 84, 86, 88), undated)
    assert (found["direction"], found["last"]) == ("increasing", "2025")
    assert trends_of(undated).empty
    assert list(trends_of(undated).columns) == list(TRENDS)


# authorities with a history


@pytest.mark.parametrize("name", RECODED)
def test_an_authority_that_got_a_new_code_keeps_its_years(name: str) -> None:
    mine = profile(name)
    assert mine.area.code == RECODED[name]
    facts = [row for row in records(own(mine, "facts")) if row["indicator"] == HIGH]
    assert [row["period"] for row in facts] == ["2021", "2022", "2023", "2024", "2025"]
    assert all(row["estimate"] == row["estimate"] for row in facts)
    assert {row["area_name"] for row in facts} == {name}
    trend = mine.trends()[HIGH, "all"]
    assert (trend["first"], trend["last"]) == ("2021", "2025")


def test_an_old_code_in_a_source_joins_the_years_of_the_new_one() -> None:
    """Whatever code a source gave it at the time, the day of the edition decides."""
    official = open_official("2025")
    assert official is not None
    figures = official.figures
    old = figures["area_code"].eq("E06000065") & figures["period"].isin(["2021", "2022"])
    assert old.any()
    recoded = figures.assign(area_code=figures["area_code"].mask(old, "E10000023"))
    one = edition_statistics(replace(official, figures=recoded))
    assert "E10000023" not in set(one.facts["area_code"])
    same = ["indicator", "group", "area_code", "direction", "words"]
    key = same[:3]
    pd.testing.assert_frame_equal(
        trends_of(one._facts_95)[same].sort_values(key, ignore_index=True),
        trends_of(statistics("2025")._facts_95)[same].sort_values(key, ignore_index=True),
    )


@pytest.mark.parametrize("name", ["Barnsley", "Sheffield"])
def test_an_authority_whose_code_changes_after_the_edition_has_its_neighbours(name: str) -> None:
    mine = profile(name)
    assert len(mine.neighbours()) == 10
    compared = mine.comparisons.query("indicator == @HIGH and comparator == 'neighbours'")
    assert compared["members"].tolist() == [10]
    assert len(mine.comparator_facts(HIGH, "all", "neighbours")[0]) == 10
    assert compared["verdict"].ne("not compared").all()


# what one authority has


def test_what_all_share_is_worked_out_once() -> None:
    assert statistics("2025") is statistics("2025")
    assert statistics("2025") is not statistics("2025", 0.9)
    assert statistics("2025")._facts_95 is statistics("2025").facts
    wide, narrow = statistics("2025"), statistics("2025", 0.8)
    both = wide.facts["lower"].notna()
    assert (narrow.facts.loc[both, "lower"] >= wide.facts.loc[both, "lower"]).all()
    np.testing.assert_array_equal(narrow._facts_95["lower"], wide.facts["lower"])


def test_one_authority_has_its_part_of_every_table() -> None:
    mine = profile("Kent")
    assert mine.area.code == KENT
    latest = {(row["indicator"], row["group"]): row for row in records(own(mine))}
    assert mine.facts().keys() == latest.keys()
    for series, row in mine.facts().items():
        assert row["area_code"] == KENT
        for name in ("fact_id", "period", "locator", "status"):
            assert row[name] == latest[series][name]
    for row in records(own(mine, "ranks")):
        place = mine.rank(row["indicator"], row["group"])
        assert place
        assert (place["rank"], place["of"]) == (row["rank"], row["of"])
        assert len(place["facts"]) == row["of"]
    assert len(mine.trends()) == len(own(mine, "trends")) > 20
    assert mine.combined() == []
    everyone = mine.all_authorities(HIGH)
    assert len(everyone) == everyone["area_code"].nunique() == 153
    assert mine.rank(HIGH, "no such group") is None
    assert mine.distribution(HIGH, "no such group") is None
    assert mine.all_authorities(HIGH, "no such group").empty


def test_the_areas_are_those_of_the_project_of_the_edition(tmp_path: Path) -> None:
    official = open_official("2025")
    assert official is not None
    shutil.copytree(official.folder, tmp_path / "data" / "raw" / official.folder.name)
    shutil.copytree(official.folder.parent / "areas", tmp_path / "data" / "raw" / "areas")
    names = tmp_path / "data" / "raw" / "areas" / "areas.csv"
    names.write_text(names.read_text("utf-8").replace(",South East,", ",Far East,"), "utf-8")
    other = read_official("2025", Project(tmp_path))
    region = edition_statistics(other).official.register.by_code("E12000008")
    assert region
    assert region.name == "Far East"


@pytest.mark.parametrize(
    ("name", "joined"),
    [
        ("Kingston upon Thames", "E09000021 / E09000027"),
        ("Richmond upon Thames", "E09000021 / E09000027"),
        ("North Northamptonshire", "E06000061 / E06000062"),
    ],
)
def test_an_authority_counted_together_with_another_has_that_area(name: str, joined: str) -> None:
    mine = profile(name)
    (area,) = mine.combined()
    assert (area.code, area.type) == (joined, "combined")
    alone = mine.facts().get(("agency-workers", "all"))
    assert alone is None or math.isnan(alone["estimate"])
    compared = mine.statistics.comparisons
    both = compared[
        compared["area_code"].eq(joined) & compared["indicator"].eq("social-worker-vacancy")
    ].set_index("comparator")
    assert both["verdict"].ne("not compared").tolist() == [True, True, False, False]
    assert mine.all_authorities("agency-workers")["area_code"].ne(joined).all()


def test_measures_that_the_catalogue_does_not_know_are_left_out() -> None:
    official = open_official("2010")
    assert official is not None
    renamed = official.figures["indicator"].replace({"dental-checks": "a-measure-of-ours"})
    one = edition_statistics(replace(official, figures=official.figures.assign(indicator=renamed)))
    assert "a-measure-of-ours" not in set(one.facts["indicator"])
    assert "dental-checks" in set(statistics("2010").facts["indicator"])
