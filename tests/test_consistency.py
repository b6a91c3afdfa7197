"""The checks of the real report, and of the same report with one thing altered."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd
import pytest

from kentstats import load_actions, load_facts, load_judgements, load_sources
from kentstats.ingest.inspection_report import Source
from kentstats.schemas import Row, records
from kentstats.stats.consistency import CHECKS, check_consistency


@dataclass(frozen=True)
class Report:
    facts: pd.DataFrame
    judgements: pd.DataFrame
    actions: pd.DataFrame
    source: Source

    @cached_property
    def checks(self) -> dict[str, Row]:
        frame = check_consistency(self.facts, self.judgements, self.actions, self.source)
        assert frame["subject"].is_unique
        return {row["subject"]: row for row in records(frame)}

    def fact(self, indicator: str, group: str = "all", area: str = "Kent") -> pd.Series:
        facts = self.facts
        return (
            facts["indicator"].eq(indicator)
            & facts["group"].eq(group)
            & facts["area_name"].eq(area)
        )

    def with_value(self, value: float, *key: str, place: str = "", **other: object) -> Report:
        here = self.fact(*key)
        if place:
            here &= self.facts["locator"].eq(place)
        assert here.any(), key
        facts = self.facts.copy()
        for column, new in {"value": value, **other}.items():
            facts.loc[here, column] = new
        return replace(self, facts=facts)

    def without(self, *key: str) -> Report:
        return replace(self, facts=self.facts[~self.fact(*key)])


@pytest.fixture(scope="module")
def report() -> Report:
    facts = load_facts(authority="Kent", kind="report")
    return Report(
        facts, load_judgements(authority="Kent"), load_actions(authority="Kent"), load_sources()[0]
    )


def results(checks: dict[str, Row]) -> dict[str, str]:
    return {subject: row["result"] for subject, row in checks.items()}


def assert_flips(before: Report, after: Report, subject: str, locators: str) -> None:
    """One check turns from agreeing to disagreeing, names its places, and no other moves."""
    now = after.checks
    expected = results(before.checks)
    assert expected[subject] == "agrees"
    assert results(now) == expected | {subject: "disagrees"}
    assert now[subject]["locators"] == locators
    assert now[subject]["message"] != before.checks[subject]["message"]
    # what disagrees comes first
    place = list(now).index(subject)
    assert all(row["result"] == "disagrees" for row in list(now.values())[: place + 1])


def test_the_columns_are_those_documented(report: Report) -> None:
    frame = check_consistency(report.facts, report.judgements, report.actions, report.source)
    assert list(frame.columns) == list(CHECKS)
    assert frame["result"].isin(["agrees", "disagrees", "cannot tell"]).all()
    assert frame["arithmetic"].str.len().gt(0).all()


def test_the_report_disagrees_with_itself_three_times(report: Report) -> None:
    found = [
        (row["subject"], row["arithmetic"], row["locators"])
        for row in report.checks.values()
        if row["result"] == "disagrees"
    ]
    assert found == [
        (
            "Children feel safe (safeguarding)",
            "heading adequate (3), record inadequate (4)",
            "heading above paragraph 21; record of main findings",
        ),
        ("Social workers recruited", "115 ≠ 120", "paragraph 38; paragraph 83"),
        (
            "Substance misuse: number and percentage",
            "30 is 3% of 858 to 1,200; of 1,568 it is 1.9%",
            "paragraph 57; paragraph 10",
        ),
    ]


def test_what_cannot_be_told_is_named(report: Report) -> None:
    subjects = [s for s, row in report.checks.items() if row["result"] == "cannot tell"]
    assert sorted(subjects) == [
        "All have a GP, and a trust that cannot confirm it",
        "Asylum-seeking children among residents and in care",
        "Bed and breakfast",
        "Caseloads of new social workers",
        "Commissioning",
        "Leadership and management (looked after children)",
        "No placement of concern, and most homes safeguarding well",
        "Quality of provision (looked after children)",
        "Quality of provision (safeguarding)",
        "The contact and assessment centre",
        "The safeguarding board and the Trust",
        "The specialist mental health service",
        "Time allowed for mental health care from sixteen to eighteen",
        "Time allowed for the recording system",
    ]


def test_disagreements_come_first_then_what_cannot_be_told(report: Report) -> None:
    found = list(results(report.checks).values())
    assert found == ["disagrees"] * 3 + ["cannot tell"] * 14 + ["agrees"] * 56


def test_the_facts_of_a_check_are_those_of_its_places(report: Report) -> None:
    places = report.facts.set_index("fact_id")["locator"]
    checked = [row for row in report.checks.values() if row["fact_ids"]]
    assert len(checked) > 20
    for row in checked:
        named = [places[fact_id] for fact_id in row["fact_ids"].split()]
        assert list(dict.fromkeys(named)) == row["locators"].split("; ")


GRADES = [
    ("Case planning", "looked after children", "heading above paragraph 76", "paragraph 76"),
    ("Overall effectiveness", "safeguarding", "heading above paragraph 16", "paragraph 16"),
]


@pytest.mark.parametrize("stated_in", ["heading", "record", "text"])
@pytest.mark.parametrize(("judgement", "service", "heading", "text"), GRADES)
def test_a_grade_that_differs_in_one_place_is_found(
    judgement: str, service: str, heading: str, text: str, stated_in: str, report: Report
) -> None:
    rows = report.judgements
    here = (
        rows["judgement"].eq(judgement)
        & rows["service"].eq(service)
        & rows["stated_in"].eq(stated_in)
    )
    assert here.sum() == 1
    altered = replace(report, judgements=rows.assign(grade=rows["grade"].mask(here, 2)))
    subject = f"{judgement} ({service})"
    assert_flips(report, altered, subject, f"{heading}; record of main findings; {text}")
    assert f"{stated_in} good (2)" in altered.checks[subject]["arithmetic"]


@pytest.mark.parametrize(
    ("subject", "value", "key", "place", "locators"),
    [
        ("Districts", 11, "district-boards", "", "paragraph 4; paragraph 8; paragraph 88"),
        ("Districts", 13, "service-districts", "", "paragraph 4; paragraph 8; paragraph 88"),
        (
            *("Districts", 13, "district-councils", "paragraph 4"),
            "paragraph 4; paragraph 8; paragraph 88",
        ),
        (
            *("Social worker vacancies", 12, "social-worker-vacancy", "paragraph 83"),
            "paragraph 38; paragraph 83",
        ),
        (
            *("Apprenticeships inside the council", 3, "apprenticeship-posts", "paragraph 68"),
            "paragraph 67; paragraph 68; paragraph 85",
        ),
        (
            *("Apprenticeships inside the council", 3, "youth-participation-staff", ""),
            "paragraph 67; paragraph 68; paragraph 85",
        ),
    ],
)
def test_a_figure_that_differs_in_one_place_is_found(
    subject: str, value: float, key: str, place: str, locators: str, report: Report
) -> None:
    altered = report.with_value(value, key, place=place)
    assert_flips(report, altered, subject, locators)
    assert f"{value}" in altered.checks[subject]["arithmetic"]
    assert "≠" in altered.checks[subject]["arithmetic"]


def test_two_numbers_of_recruits_that_are_alike_agree(report: Report) -> None:
    row = report.with_value(115, "social-work-posts-filled").checks["Social workers recruited"]
    assert (row["result"], row["arithmetic"]) == ("agrees", "115 = 115")


@pytest.mark.parametrize(
    ("base", "result"),
    [(857, "disagrees"), (858, "agrees"), (1200, "agrees"), (1201, "disagrees")],
)
def test_a_count_fits_its_percentage_as_far_as_rounding_reaches(
    base: int, result: str, report: Report
) -> None:
    row = report.with_value(base, "looked-after").checks["Substance misuse: number and percentage"]
    assert row["result"] == result
    assert row["locators"] == "paragraph 57; paragraph 10"


PARTS = [
    ("Academies by phase", {("academies", "primary"): 3}, "paragraph 11"),
    ("Serious case reviews by evaluation", {("serious-case-reviews", "good"): 8}, "paragraph 45"),
    (
        "Residents aged 0 to 19: a quarter and a number",
        {("children-aged-0-19",): 360_000},
        "paragraph 6",
    ),
    (
        "Cases of concern: half and a number",
        {("cases-of-concern",): 10},
        "paragraph 16; paragraph 20; paragraph 2",
    ),
    (
        "Cases of concern: half and a number",
        {("case-files-examined", "random selection"): 100},
        "paragraph 16; paragraph 20; paragraph 2",
    ),
    ("Asylum-seeking among looked after", {("looked-after", "uasc"): 1569}, "paragraph 10"),
    ("Children's homes among looked after", {("placed-childrens-homes",): 1569}, "paragraph 10"),
    (
        "Independent agencies among looked after",
        {("placed-independent-fostering",): 1569},
        "paragraph 10",
    ),
    (
        "Asylum-seeking in children's homes",
        {("placed-childrens-homes", "uasc"): 84},
        "paragraph 10",
    ),
    (
        "Asylum-seeking with independent agencies",
        {("placed-independent-fostering", "uasc"): 193},
        "paragraph 10",
    ),
    (
        "Placements of asylum-seeking children",
        {("placed-childrens-homes", "uasc"): 83, ("placed-independent-fostering", "uasc"): 166},
        "paragraph 10",
    ),
    ("Grammar among secondary schools", {("schools", "grammar"): 82}, "paragraph 11"),
    (
        "Academies with a sixth form",
        {("sixth-forms", "academies"): 23},
        "paragraph 12; paragraph 11",
    ),
    (
        "Mainstream sixth forms among secondary schools",
        {("sixth-forms", "mainstream"): 82},
        "paragraph 12; paragraph 11",
    ),
    ("Indian origin among minority ethnic", {("indian-origin-share",): 6.4}, "paragraph 7"),
    ("Five good GCSEs in the cohort", {("gcse-five-good",): 148}, "paragraph 63"),
    (
        "Overdue among allocated assessments",
        {("core-assessments-overdue", "one office"): 66},
        "paragraph 28",
    ),
    (
        "Care leavers in and not in work or study",
        {("care-leavers-neet",): 27},
        "paragraph 68; paragraph 69",
    ),
    (
        "Health assessments below comparators",
        {("health-assessments", "all", "Comparator authorities"): 78},
        "paragraph 55",
    ),
    (
        "Health assessments below England",
        {("health-assessments", "all", "England"): 77.9},
        "paragraph 55",
    ),
]


@pytest.mark.parametrize(("subject", "new", "locators"), PARTS, ids=[row[0] for row in PARTS])
def test_one_figure_altered_makes_its_check_disagree(
    subject: str, new: dict[tuple[str, ...], float], locators: str, report: Report
) -> None:
    altered = report
    for key, value in new.items():
        altered = altered.with_value(value, *key)
    assert_flips(report, altered, subject, locators)


@pytest.mark.parametrize("value", [24, 26])
def test_complements_may_miss_the_whole_by_a_point(value: float, report: Report) -> None:
    altered = report.with_value(value, "care-leavers-neet")
    assert altered.checks["Care leavers in and not in work or study"]["result"] == "agrees"


def test_a_rise_that_is_called_a_fall_is_found(report: Report) -> None:
    later = report.facts["period"].eq("2008-09")
    facts = report.facts.assign(value=report.facts["value"].mask(later, 28.0))
    altered = replace(report, facts=facts)
    assert_flips(report, altered, "Fall in victims of crime", "paragraph 21")
    arithmetic = altered.checks["Fall in victims of crime"]["arithmetic"]
    assert arithmetic == "27.9 to 28.0 per thousand"


@pytest.mark.parametrize(
    "dates",
    [
        {"inspected_to": dt.date(2010, 10, 10)},
        {"inspected_from": dt.date(2010, 10, 23)},
        {"published": dt.date(2010, 10, 21)},
    ],
    ids=str,
)
def test_days_that_do_not_follow_each_other_are_found(
    dates: dict[str, dt.date], report: Report
) -> None:
    altered = replace(report, source=replace(report.source, **dates))
    assert_flips(report, altered, "Inspection and publication", "title page")


def test_a_figure_of_a_year_after_publication_is_found(report: Report) -> None:
    here = report.fact("permanent-exclusions")
    ends = report.facts["period_end"].mask(here, pd.Timestamp("2011-01-01"))
    altered = replace(report, facts=report.facts.assign(period_end=ends))
    assert_flips(report, altered, "Periods of the figures", "paragraph 64")
    assert "permanent-exclusions" in altered.checks["Periods of the figures"]["fact_ids"]


def test_an_action_due_before_publication_is_found_and_named(report: Report) -> None:
    actions = report.actions
    early = actions["service"].eq("safeguarding") & actions["band"].eq("immediately")
    due = actions["due"].mask(early & actions["position"].eq(1), pd.Timestamp("2010-11-18"))
    altered = replace(report, actions=actions.assign(due=due))
    subject = "Actions fall due on or after publication"
    assert_flips(report, altered, subject, "paragraph 19")
    arithmetic = "published 2010-11-19, due 2010-11-18 to 2011-05-19"
    assert altered.checks[subject]["arithmetic"] == arithmetic


def test_without_actions_there_is_no_check_of_their_days(report: Report) -> None:
    checks = replace(report, actions=report.actions.iloc[:0]).checks
    assert set(report.checks) - set(checks) == {"Actions fall due on or after publication"}


# a figure, and the checks that need it
NEEDED = [
    (("social-work-posts-filled",), ["Social workers recruited"]),
    (("substance-misuse-identified",), ["Substance misuse: number and percentage"]),
    (("cases-of-concern",), ["Cases of concern: half and a number"]),
    (("serious-case-reviews", "adequate"), ["Serious case reviews by evaluation"]),
    (
        ("schools", "secondary"),
        ["Grammar among secondary schools", "Mainstream sixth forms among secondary schools"],
    ),
    (("care-leavers-neet",), ["Care leavers in and not in work or study"]),
    (("health-assessments", "all", "England"), ["Health assessments below England"]),
    (("crime-victims",), ["Fall in victims of crime"]),
    (("gp-registration",), ["All have a GP, and a trust that cannot confirm it"]),
]


@pytest.mark.parametrize(("key", "subjects"), NEEDED, ids=[key[0] for key, _ in NEEDED])
def test_a_missing_figure_is_named_and_ends_no_check_but_its_own(
    key: tuple[str, ...], subjects: list[str], report: Report
) -> None:
    before, after = report.checks, report.without(*key).checks
    assert set(after) == set(before)
    for subject, row in after.items():
        if subject in subjects:
            assert (row["result"], row["check"]) == ("cannot tell", before[subject]["check"])
            assert "needs a figure that the report does not give: " in row["message"]
            assert not row["arithmetic"]
        else:
            assert row == before[subject]


def test_a_missing_figure_is_named_as_the_settings_name_it(report: Report) -> None:
    row = report.without("schools", "secondary").checks["Grammar among secondary schools"]
    assert row["message"].endswith("does not give: schools / secondary.")
    row = report.without("health-assessments", "all", "England").checks[
        "Health assessments below England"
    ]
    assert row["message"].endswith("does not give: health-assessments / all / England.")


def test_one_crime_rate_makes_no_fall(report: Report) -> None:
    one = report.facts[~report.facts["period"].eq("before 2008-09")]
    row = replace(report, facts=one).checks["Fall in victims of crime"]
    assert row["result"] == "cannot tell"
    assert "crime-victims in two periods" in row["message"]


def test_figures_without_any_date_cannot_be_told(report: Report) -> None:
    undated = replace(report, facts=report.facts.assign(period_end=pd.NaT))
    assert undated.checks["Periods of the figures"]["result"] == "cannot tell"


def test_a_figure_that_is_withheld_contradicts_nothing(report: Report) -> None:
    withheld = report.with_value(math.nan, "gcse-five-good", status="suppressed").checks
    assert {s for s, result in results(withheld).items() if result == "disagrees"} == {
        s for s, result in results(report.checks).items() if result == "disagrees"
    }


def test_a_percentage_whose_rounding_is_unknown_cannot_be_told(report: Report) -> None:
    vague = report.with_value(3, "substance-misuse", qualifier="about", rounding=math.nan).checks
    row = vague["Substance misuse: number and percentage"]
    assert row["result"] == "cannot tell"
    assert "the rounding of substance-misuse" in row["message"]


def test_a_number_far_below_its_fraction_is_found(report: Report) -> None:
    """A hundred thousand of 1.4 million is 7%, which nobody calls just under a quarter."""
    few = report.with_value(100_000, "children-aged-0-19").checks
    assert few["Residents aged 0 to 19: a quarter and a number"]["result"] != "agrees"


def test_a_figure_is_qualified_as_its_source_qualifies_it(report: Report) -> None:
    """An exact hundred per cent is not more than a hundred."""
    subject = "No placement of concern, and most homes safeguarding well"
    assert "more than 50% of homes" in report.checks[subject]["arithmetic"]
    every = report.with_value(100, "childrens-homes-safeguarding-well", qualifier="exact").checks
    assert "and 100% of homes" in every[subject]["arithmetic"]
    assert every[subject]["result"] == "agrees"
