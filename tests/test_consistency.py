"""The checks of the real report, and of the same report with one thing altered."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd
import pytest
from click.testing import CliRunner

from kentstats import load_actions, load_facts, load_judgements, load_sources
from kentstats.cli import main
from kentstats.ingest.inspection_report import Source
from kentstats.ingest.report_settings import Figure
from kentstats.schemas import Row, records
from kentstats.stats.consistency import CHECKS, check_consistency, check_edition


@dataclass(frozen=True)
class Report:
    facts: pd.DataFrame
    judgements: pd.DataFrame
    actions: pd.DataFrame
    source: Source

    @cached_property
    def checks(self) -> dict[str, Row]:
        frame = check_consistency(self.facts, self.judgements, self.actions, self.source)
        assert list(frame.columns) == list(CHECKS)
        assert frame["subject"].is_unique
        return {row["subject"]: row for row in records(frame)}

    @property
    def results(self) -> dict[str, str]:
        return {subject: row["result"] for subject, row in self.checks.items()}

    def fact(self, name: str) -> pd.Series:
        figure, facts = Figure.parse(name), self.facts
        return (
            facts["indicator"].eq(figure.indicator)
            & facts["group"].eq(figure.group)
            & facts["area_name"].eq(figure.area or "Kent")
        )

    def altered(self, name: str, value: float, paragraph: int = 0, **other: object) -> Report:
        here = self.fact(name)
        if paragraph:
            here &= self.facts["locator"].eq(f"paragraph {paragraph}")
        assert here.any(), name
        facts = self.facts.copy()
        for column, new in {"value": value, **other}.items():
            facts.loc[here, column] = new
        return replace(self, facts=facts)

    def without(self, name: str) -> Report:
        return replace(self, facts=self.facts[~self.fact(name)])


@pytest.fixture(scope="module")
def report() -> Report:
    facts = load_facts(authority="Kent", kind="report")
    judgements, actions = load_judgements(authority="Kent"), load_actions(authority="Kent")
    return Report(facts, judgements, actions, load_sources()[0])


def assert_flips(before: Report, after: Report, subject: str, locators: str) -> None:
    """One check turns from agreeing to disagreeing, names its places, and no other moves."""
    now = after.checks
    assert before.results[subject] == "agrees"
    assert after.results == before.results | {subject: "disagrees"}
    assert now[subject]["locators"] == locators
    assert now[subject]["message"] != before.checks[subject]["message"]
    # what disagrees comes first
    place = list(now).index(subject)
    assert all(row["result"] == "disagrees" for row in list(now.values())[: place + 1])


def paragraphs(*numbers: int) -> str:
    return "; ".join(f"paragraph {number}" for number in numbers)


def test_disagreements_come_first_then_what_cannot_be_told(report: Report) -> None:
    found = list(report.results.values())
    assert found == ["disagrees"] * 3 + ["cannot tell"] * 14 + ["agrees"] * 56


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


@pytest.mark.parametrize("stated_in", ["heading", "record", "text"])
def test_a_grade_that_differs_in_one_place_is_found(stated_in: str, report: Report) -> None:
    rows = report.judgements
    here = (
        rows["judgement"].eq("Case planning")
        & rows["service"].eq("looked after children")
        & rows["stated_in"].eq(stated_in)
    )
    assert here.sum() == 1
    altered = replace(report, judgements=rows.assign(grade=rows["grade"].mask(here, 2)))
    subject = "Case planning (looked after children)"
    places = "heading above paragraph 76; record of main findings; paragraph 76"
    assert_flips(report, altered, subject, places)
    assert f"{stated_in} good (2)" in altered.checks[subject]["arithmetic"]


@pytest.mark.parametrize(
    ("subject", "figure", "value", "paragraph", "places"),
    [
        ("Districts", "district-boards", 11, 0, (4, 8, 88)),
        ("Districts", "district-councils", 13, 4, (4, 8, 88)),
        ("Social worker vacancies", "social-worker-vacancy", 12, 83, (38, 83)),
        ("Apprenticeships inside the council", "apprenticeship-posts", 3, 68, (67, 68, 85)),
    ],
)
def test_a_figure_that_differs_in_one_place_is_found(
    subject: str, figure: str, value: int, paragraph: int, places: tuple[int, ...], report: Report
) -> None:
    altered = report.altered(figure, value, paragraph)
    assert_flips(report, altered, subject, paragraphs(*places))
    assert f"{value}" in altered.checks[subject]["arithmetic"]
    assert "≠" in altered.checks[subject]["arithmetic"]


@pytest.mark.parametrize(
    ("base", "result"),
    [(857, "disagrees"), (858, "agrees"), (1200, "agrees"), (1201, "disagrees")],
)
def test_a_count_fits_its_percentage_as_far_as_rounding_reaches(
    base: int, result: str, report: Report
) -> None:
    row = report.altered("looked-after", base).checks["Substance misuse: number and percentage"]
    assert (row["result"], row["locators"]) == (result, paragraphs(57, 10))


# subject, figure, the value that makes it disagree, paragraphs
FLIPS = [
    ("Academies by phase", "academies / primary", 3, (11,)),
    ("Serious case reviews by evaluation", "serious-case-reviews / good", 8, (45,)),
    ("Residents aged 0 to 19: a quarter and a number", "children-aged-0-19", 360_000, (6,)),
    ("Cases of concern: half and a number", "cases-of-concern", 10, (16, 20, 2)),
    (
        *("Cases of concern: half and a number", "case-files-examined / random selection"),
        *(100, (16, 20, 2)),
    ),
    ("Asylum-seeking among looked after", "looked-after / uasc", 1569, (10,)),
    ("Children's homes among looked after", "placed-childrens-homes", 1569, (10,)),
    ("Independent agencies among looked after", "placed-independent-fostering", 1569, (10,)),
    ("Asylum-seeking in children's homes", "placed-childrens-homes / uasc", 84, (10,)),
    (
        *("Asylum-seeking with independent agencies", "placed-independent-fostering / uasc"),
        *(193, (10,)),
    ),
    ("Placements of asylum-seeking children", "looked-after / uasc", 133, (10,)),
    ("Grammar among secondary schools", "schools / grammar", 82, (11,)),
    ("Academies with a sixth form", "sixth-forms / academies", 23, (12, 11)),
    ("Mainstream sixth forms among secondary schools", "sixth-forms / mainstream", 82, (12, 11)),
    ("Indian origin among minority ethnic", "indian-origin-share", 6.4, (7,)),
    ("Five good GCSEs in the cohort", "gcse-five-good", 148, (63,)),
    ("Overdue among allocated assessments", "core-assessments-overdue / one office", 66, (28,)),
    ("Care leavers in and not in work or study", "care-leavers-neet", 27, (68, 69)),
    (
        *("Health assessments below comparators",),
        *("health-assessments / all / Comparator authorities", 78, (55,)),
    ),
    ("Health assessments below England", "health-assessments / all / England", 77.9, (55,)),
]


@pytest.mark.parametrize(("subject", "figure", "value", "places"), FLIPS)
def test_one_figure_altered_makes_its_check_disagree(
    subject: str, figure: str, value: float, places: tuple[int, ...], report: Report
) -> None:
    assert_flips(report, report.altered(figure, value), subject, paragraphs(*places))


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


# a figure, how a message names it, and the checks that need it
NEEDED = [
    ("social-work-posts-filled", "social-work-posts-filled a second", ["Social workers recruited"]),
    ("substance-misuse-identified", "", ["Substance misuse: number and percentage"]),
    ("cases-of-concern", "", ["Cases of concern: half and a number"]),
    ("serious-case-reviews / adequate", "", ["Serious case reviews by evaluation"]),
    (
        *("schools / secondary", ""),
        ["Grammar among secondary schools", "Mainstream sixth forms among secondary schools"],
    ),
    ("care-leavers-neet", "", ["Care leavers in and not in work or study"]),
    ("health-assessments / all / England", "", ["Health assessments below England"]),
    ("crime-victims", "crime-victims in two periods", ["Fall in victims of crime"]),
    ("gp-registration", "", ["All have a GP, and a trust that cannot confirm it"]),
]


@pytest.mark.parametrize(("figure", "named", "subjects"), NEEDED)
def test_a_missing_figure_is_named_and_ends_no_check_but_its_own(
    figure: str, named: str, subjects: list[str], report: Report
) -> None:
    before, after = report.checks, report.without(figure).checks
    assert set(after) == set(before)
    for subject, row in after.items():
        if subject not in subjects:
            assert row == before[subject]
            continue
        assert (row["result"], row["check"]) == ("cannot tell", before[subject]["check"])
        assert row["message"].startswith("This needs a figure that the report does not give: ")
        assert (named or f"{figure}.") in row["message"]
        assert not row["arithmetic"]


def test_a_figure_that_is_withheld_contradicts_nothing(report: Report) -> None:
    withheld = report.altered("gcse-five-good", math.nan, status="suppressed")
    moved = {subject for subject, _ in report.results.items() ^ withheld.results.items()}
    assert moved == {"Five good GCSEs in the cohort"}
    assert withheld.results["Five good GCSEs in the cohort"] == "cannot tell"


def test_a_percentage_whose_rounding_is_unknown_cannot_be_told(report: Report) -> None:
    vague = report.altered("substance-misuse", 3, qualifier="about", rounding=math.nan)
    row = vague.checks["Substance misuse: number and percentage"]
    assert row["result"] == "cannot tell"
    assert "the rounding of substance-misuse" in row["message"]


def test_a_figure_is_qualified_as_its_source_qualifies_it(report: Report) -> None:
    """An exact hundred per cent is not more than a hundred."""
    subject = "No placement of concern, and most homes safeguarding well"
    assert "more than 50% of homes" in report.checks[subject]["arithmetic"]
    every = report.altered("childrens-homes-safeguarding-well", 100, qualifier="exact").checks
    assert "and 100% of homes" in every[subject]["arithmetic"]
    assert every[subject]["result"] == "agrees"


# official statistics


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    return load_facts(edition=2025, kind="official")


@pytest.fixture(scope="module")
def checks(facts: pd.DataFrame) -> pd.DataFrame:
    return check_edition(facts)


def the_check(checks: pd.DataFrame, check: str, subject: str) -> pd.Series:
    rows = checks[checks["check"].eq(check) & checks["subject"].eq(subject)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_what_the_statistics_say_twice_and_differently_is_named(checks: pd.DataFrame) -> None:
    # regional rates of some years leave out authorities whose numbers are in the count
    differing = checks[checks["result"].eq("disagrees")]
    assert dict(zip(differing["subject"], differing["message"], strict=True)) == {
        "Agency social workers": (
            "5 of 799 figures are not those of their numbers, the first for London, 2023."
        ),
        "Second or later plan": (
            "2 of 802 figures are not those of their numbers, the first for Yorkshire and The "
            "Humber, 2022."
        ),
        "Social workers who left": (
            "4 of 803 figures are not those of their numbers, the first for North East, 2022."
        ),
    }
    assert set(differing["check"]) == {"figure and its two numbers"}
    assert the_check(differing, "figure and its two numbers", "Second or later plan")[
        "arithmetic"
    ].startswith("1660 / 7490 × 100 = 22.16, published 23.6")


def with_figure(facts: pd.DataFrame, area: str, column: str, value: float) -> pd.DataFrame:
    changed = facts[facts["indicator"].eq("re-referrals")].copy()
    row = changed["area_name"].eq(area) & changed["period"].eq("2025")
    changed.loc[row, column] = value
    return changed


def test_one_percentage_altered_makes_its_check_disagree(facts: pd.DataFrame) -> None:
    checks = check_edition(with_figure(facts, "Essex", "value", 16.4))
    row = the_check(checks, "figure and its two numbers", "Referred again within a year")
    assert row["result"] == "disagrees"
    assert row["arithmetic"] == "881 / 5705 × 100 = 15.44, published 16.4"
    assert row["message"].endswith("the first for Essex, 2025.")
    assert row["fact_ids"] == "2025.cin-referrals.re-referrals.all.2025.E10000012"


@pytest.mark.parametrize(
    ("count", "message"),
    [(9881, "The authorities add up to more than England."),
     (81, "The authorities add up to less than England.")],
)  # fmt: skip
def test_one_count_altered_makes_the_sum_disagree(
    facts: pd.DataFrame, count: float, message: str
) -> None:
    checks = check_edition(with_figure(facts, "Essex", "numerator", count))
    row = the_check(checks, "authorities and England", "Referred again within a year")
    assert (row["result"], row["message"]) == ("disagrees", message)


def test_the_command_checks_statistics_where_there_is_no_report() -> None:
    done = CliRunner().invoke(main, ["check", "--edition", "2025", "--format", "csv"])
    assert done.exit_code == 0
    assert "official-2025" in done.output
    assert CliRunner().invoke(main, ["check", "--edition", "2025", "--strict"]).exit_code == 1
    both = CliRunner().invoke(main, ["check", "--edition", "2010", "--kind", "all"])
    assert "Children feel safe" in both.output
    assert "108 checks" in both.output
