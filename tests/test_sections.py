"""The sections of the briefing: for authorities that are unlike, and for altered reports."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from briefings import CHECKS, Made, made, make
from reading import items_of, names_of, picture_text, plain, read, rows_of, shown

from kentstats.indicators import load_indicators
from kentstats.report import inspection, notes, overview, report_comparisons, report_sections
from kentstats.report.context import Briefing, open_briefing
from kentstats.stats.consistency import check_consistency
from kentstats.stats.shares import compare_figures, derive_shares

CASES = [
    ("Kent", "2010"),  # with its report
    ("Cumbria", "2010"),  # ended since
    ("Bedford", "2010"),  # began a year before
    ("City of London", "2010"),
    ("Isles of Scilly", "2010"),
    ("Essex", "2025"),
    ("Kingston upon Thames", "2025"),  # counted together with the next
    ("Richmond upon Thames", "2025"),
    ("North Northamptonshire", "2025"),  # too, and began in the first year of five
    ("City of London", "2025"),
    ("Isles of Scilly", "2025"),
    ("Buckinghamshire", "2025"),  # under a code that it got in 2020
]
GOOD = ("care-leavers-eet", "serious-case-reviews-good-share", "crime-victims")


# --- every authority -----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "edition"), CASES)
def test_a_briefing_keeps_to_what_every_briefing_must(name: str, edition: str) -> None:
    brief = made(name, edition)
    assert [f"{check.__name__}: {fault}" for check in CHECKS for fault in check(brief)] == []


def test_the_checks_do_find_faults() -> None:
    """One fault of each kind, put into a true briefing."""
    brief = made("Essex", "2025")
    section = brief["overview.summary"]

    def faults(markdown: str, check: str) -> list[str]:
        block = replace(section.block, markdown=markdown)
        sections = {**brief.sections, "overview.summary": replace(section, block=block)}
        [found] = [each for each in CHECKS if each.__name__ == check]
        return list(found(replace(brief, sections=sections)))

    true = section.block.markdown
    first = re.search(r'<span class="claim"[^>]*>(\d+)</span>', true)
    assert first
    assert faults(true.replace(first[0], first[1], 1), "digits_are_claims")
    assert faults(true.replace(f">{first[1]}<", ">999<", 1), "claims_are_printed")
    for amiss in ("nan", "1 measures", "a gap .", "None", "()", "twice.."):
        assert faults(f"{true} {amiss}", "nothing_is_amiss"), amiss
    assert faults(true.replace("better", "worse"), "the_summary_adds_up")
    twice = f'{true}\n\n<div id="tbl-england">\n\n| A |\n|---|\n| a |\n\nTwice\n\n</div>'
    assert faults(twice, "names_are_unique")


@pytest.mark.parametrize(("name", "edition"), CASES)
def test_an_authority_has_the_sections_that_there_is_something_to_say_in(
    name: str, edition: str
) -> None:
    brief = made(name, edition)
    always = {"overview.summary", "overview.stands_out True", "overview.unknown"}
    always |= {"overview.changed", "comparisons.england_table", "notes.official_figures"}
    assert always <= set(brief.sections)
    of_report = {"inspection.action_table", "report_comparisons.share_table", "notes.every_figure"}
    of_report |= {
        "inspection.judgement_table",
        "report_sections.topics",
        "inspection.check_summary",
    }
    assert of_report & set(brief.sections) == (of_report if name == "Kent" else set())
    later = {"inspection.outcome_table", "comparisons.neighbour_table", "distributions.trend_table"}
    assert later & set(brief.sections) == (later if edition == "2025" else set())


@pytest.mark.parametrize(
    ("name", "together"),
    [
        ("Kingston upon Thames", "Kingston upon Thames and Richmond upon Thames"),
        ("Richmond upon Thames", "Kingston upon Thames and Richmond upon Thames"),
        ("North Northamptonshire", "North Northamptonshire and West Northamptonshire"),
    ],
)
def test_what_is_counted_together_with_another_is_given_for_both_and_said_to_be(
    name: str, together: str
) -> None:
    brief = made(name, "2025")
    assert (
        f"{name} by itself, for agency social workers; cases per social worker; social workers "
        f"who left; social worker vacancies: the publisher counts {together} together."
    ) in brief.text("overview.unknown")
    given = brief["notes.official_figures"].rows
    shared = {row[0]: row[2] for row in given if together in row[0]}
    assert len(shared) == 4
    assert all(re.match(r"[\d.]+%?, workforce, line \d+$", text) for text in shared.values())
    # nowhere else is a figure of both taken for one of the authority's own
    for key, section in brief.sections.items():
        claims = [one for one in section.block.claims if any("/ E" in fact for fact in one.facts)]
        assert not claims or key == "notes.official_figures"


def test_what_is_missing_is_said() -> None:
    small, later = made("Isles of Scilly", "2010"), made("Isles of Scilly", "2025")
    assert "What is given for England and not for Isles of Scilly" in small.text("overview.unknown")
    assert "no list of them covers the year" in small.text("overview.unknown")
    assert "no list of them covers" not in later.text("overview.unknown")
    withheld = [row for row in later.england if row["status"] == "suppressed"]
    assert f"or as unreliable ({len(withheld)}): " in later.text("overview.unknown")
    assert "fewer than five years of any measure" in small.text("overview.changed")
    assert "This is the first edition for Kent" in made("Kent", "2010").text("overview.changed")


def test_another_confidence_reaches_every_interval_and_verdict() -> None:
    usual = made("Essex", "2025").brief
    sure = open_briefing("Essex", "2025", confidence=0.998)
    limits = [brief.figures.set_index("fact_id")[["lower", "upper"]] for brief in (sure, usual)]
    wider = (limits[0] - limits[1]).dropna() * [-1, 1]
    # nought and a hundred per cent are as far as a limit goes
    assert (wider >= 0).all(axis=None)
    assert (wider > 0).mean().min() > 0.8
    tables = [brief.comparisons_with("england") for brief in (sure, usual)]
    found = [set(rows.query("verdict in ('better', 'worse')")["fact_id"]) for rows in tables]
    assert found[0] < found[1]
    text = overview.summary(sure, tables[0])
    assert text
    [chance] = [one for one in text.claims if "× (1 −" in one.calculation]
    assert chance.value == pytest.approx(tables[0]["verdict"].ne("not compared").sum() * 0.002)


# --- report and official statistics ----------------------------------------------------------


def test_the_first_page_tells_report_and_statistics_apart() -> None:
    both, alone = made("Kent", "2010"), make("Kent", "2010", profile=None)
    for name in ("overview.stands_out True", "overview.stands_out False"):
        lines = both.text(name).splitlines()
        assert lines[0] == "In official statistics:"
        assert "In the report:" in lines
        assert "In the report:" not in alone.text(name)
        assert alone.text(name)
        assert "In official" not in made("Essex", "2025").text(name)


def test_a_report_by_itself_has_the_sections_on_the_report() -> None:
    both, alone = made("Kent", "2010"), make("Kent", "2010", profile=None)
    gone = set(both.sections) - set(alone.sections)
    assert set(alone.sections) < set(both.sections)
    assert {name.partition(".")[0] for name in gone} == {
        *("comparisons", "distributions", "notes", "report_comparisons"),
    }
    for name, section in alone.sections.items():
        if name.startswith(("inspection.", "report_comparisons.", "report_sections.")):
            assert section.block == both[name].block
    assert "statistics" not in alone.text("notes.sources") + alone.text("notes.method")
    assert [fault for check in CHECKS for fault in check(alone)] == []


def test_a_report_and_statistics_that_share_no_subject_are_not_set_beside_each_other() -> None:
    kent, essex = made("Kent", "2010").brief, made("Essex", "2025").brief
    reconciliation = report_comparisons.reconciliation
    assert reconciliation(kent, kent.facts, kent.shares)
    assert reconciliation(kent, kent.facts.iloc[:0], kent.shares.iloc[:0]) is None
    assert reconciliation(essex, essex.facts, essex.shares) is None


# --- an altered report -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def kent() -> Briefing:
    return open_briefing("Kent", "2010")


def of_facts(brief: Briefing, facts: pd.DataFrame) -> Briefing:
    """The same report of other facts, with all that follows from them."""
    assert brief.source
    shares, confidence = brief.settings.shares, brief.confidence
    return replace(
        brief,
        facts=facts,
        report_comparisons=compare_figures(facts, brief.authority),
        shares=derive_shares(facts, brief.authority, shares, confidence=confidence),
        checks=check_consistency(facts, brief.judgements, brief.actions, brief.source),
    )


def altered(brief: Briefing, indicator: str, area: str = "Kent", **new: Any) -> Briefing:
    facts = brief.facts.copy()
    here = facts["indicator"].eq(indicator) & facts["area_name"].eq(area)
    facts.loc[here & facts["group"].eq("all"), list(new)] = list(new.values())
    return of_facts(brief, facts)


def key_figures(brief: Briefing, *names: str, good: bool = True, all_good: bool = False) -> str:
    """What the report's part of what stands out says of key figures."""
    listed = "encouraging" if good else "of concern"
    rows = [(name, listed, all_good or report_sections.favourable(brief, name)) for name in names]
    frame = pd.DataFrame(rows, columns=["measure", "listed", "favourable"], dtype=object)
    block = report_sections.key_figure_list(brief, frame, good=good)
    return shown(block) if block else ""


def found(brief: Briefing, result: str) -> str:
    block = inspection.findings(brief, brief.checks[brief.checks["result"].eq(result)])
    return shown(block) if block else ""


def test_every_link_to_a_paragraph_leads_to_its_row() -> None:
    brief = made("Kent", "2010")
    rows = names_of(brief["notes.every_figure"].page, "span")
    pages = [part.page for name, part in brief.sections.items() if name != "notes.sources"]
    links = [link for page in pages for link in page.iter("a")]
    assert len(links) > 20
    for link in links:
        assert link.attrib["href"].removeprefix("#") == plain(link).replace(" ", "-")
        assert link.attrib["href"].removeprefix("#") in rows


def test_of_several_comparators_the_country_stands_out(kent: Briefing) -> None:
    facts = kent.facts[~kent.facts["area_name"].eq("England")]
    name = "minority-ethnic-share"
    text = key_figures(kent, name, all_good=True)
    assert "6.3% against 11.8% for England" in text
    assert "South East" not in text
    text = key_figures(of_facts(kent, facts), name, all_good=True)
    assert "6.3% against 8% for the South East region" in text


def test_a_figure_that_the_report_lacks_is_left_out(kent: Briefing) -> None:
    facts = kent.facts[~kent.facts["indicator"].eq("care-leavers-eet")]
    text = key_figures(of_facts(kent, facts), *GOOD)
    assert "Care leavers" not in text
    assert "Victims of crime" in text
    assert key_figures(kent) == ""


def test_what_speaks_for_the_authority_follows_the_figures(kent: Briefing) -> None:
    names = ["health-assessments", "crime-victims", "cases-of-concern-share", "immunisations"]
    assert [report_sections.favourable(kent, name) for name in names] == [False, True, False, True]
    assert report_sections.favourable(kent, "minority-ethnic-share") is None
    opposite = {"above": "below", "below": "above", "level": "level"}
    turned = replace(
        kent,
        report_comparisons=kent.report_comparisons.replace({"direction": opposite}),
        statements=kent.statements.replace({"direction": opposite}),
        judgements=kent.judgements.assign(grade=2),
    )
    assert [report_sections.favourable(turned, name) for name in names] == [
        *(True, False, True, False)
    ]
    assert "Health assessments" in key_figures(kent, *names, good=False)
    assert "Health assessments" in key_figures(turned, *names)
    assert "No figure of those looked at" in key_figures(kent, "foster-carers")


def test_every_comparison_in_words_is_said_and_none_chosen_over_another(kent: Briefing) -> None:
    text = key_figures(kent, "care-leavers-eet")
    assert "about the same as England in 2009" in text
    assert "higher than statistical neighbours in 2009 and higher than England in 2010" in text
    assert "paragraph 69" in text


def test_where_nothing_is_unknown_the_briefing_says_so(kent: Briefing) -> None:
    clear = replace(
        kent,
        profile=None,
        report_comparisons=kent.report_comparisons.iloc[:0],
        statements=kent.statements.iloc[:0],
        checks=kent.checks[kent.checks["result"].eq("agrees")],
    )
    block = overview.unknown(clear, clear.comparisons_with("england"))
    assert block
    assert shown(block) == "Nothing of what was looked for is left unknown."
    assert found(clear, "disagrees") == "There is none."


def test_a_question_stands_beside_its_latest_figure(kent: Briefing) -> None:
    """Of two periods the earlier one may come first in the order of the keys."""
    facts = kent.facts.sort_values("period", ignore_index=True)
    alone = replace(of_facts(kent, facts), profile=None)
    nothing = alone.comparisons_with("england")
    block = overview.questions(alone, nothing, alone.trends, facts)
    assert block
    items = [plain(item) for item in items_of(read(block.markdown))]
    there = set(facts["indicator"])
    asked = [one for one in load_indicators().values() if one.question and one.id in there]
    assert len(items) == len(asked) == 18
    for item, one in zip(items, asked, strict=True):
        assert item.startswith(f"{one.theme.capitalize()}. {one.short}, ")
        assert item.endswith(one.question)
    assert any("Victims of crime, 20.0 per thousand" in item for item in items)


@pytest.mark.parametrize(
    ("indicator", "area", "new", "row"),
    [
        ("health-assessments", "Kent", {"value": 91.0}, ["91%", "85.4%, England", "5.6 points"]),
        ("substance-misuse", "England", {"value": 0.0, "rounding": 0.0}, ["0%, England", "none"]),
        ("substance-misuse", "Kent", {"rounding": math.nan}, ["−2.0 points", "not calculated"]),
    ],
)
def test_the_table_of_comparisons_follows_the_figures(
    kent: Briefing, indicator: str, area: str, new: dict[str, float], row: list[str]
) -> None:
    other = altered(kent, indicator, area, **new)
    block = report_comparisons.comparison_table(other, other.report_comparisons)
    assert block
    short = load_indicators()[indicator].short
    [line, *_] = [line for line in rows_of(read(block.markdown)) if line[0] == short]
    for words in row:
        assert any(cell.startswith(words) for cell in line), line
    assert "nan" not in "".join(line)


def test_shares_of_two_other_periods_are_warned_of_in_general_words(kent: Briefing) -> None:
    facts = kent.facts.assign(period=kent.facts["period"].replace("at inspection", "today"))
    other = of_facts(kent, facts)
    block = report_comparisons.share_table(other, other.shares)
    assert block
    assert "In 4 of these shares part and whole are counted at different times" in shown(block)


@pytest.mark.parametrize(
    ("confidence", "level", "interval"),
    [(0.95, "95%", "59.6% to 98.2%"), (0.998, "99.8%", "41.8% to 99.1%")],
)
def test_another_confidence_gives_shares_other_intervals(
    confidence: float, level: str, interval: str
) -> None:
    sure = open_briefing("Kent", "2010", confidence=confidence)
    block = report_comparisons.share_table(sure, sure.shares)
    assert block
    rows = {row[0]: row for row in rows_of(read(block.markdown))}
    assert rows["Serious case reviews evaluated as good"][3] == interval
    assert f"the {level} interval runs from {interval}" in key_figures(sure, *GOOD, all_good=True)
    assert f"{level} of intervals made in this way" in shown(notes.how_to_read(sure))


def test_what_the_facts_lack_is_left_out_of_a_topic(kent: Briefing) -> None:
    *_, workforce = kent.settings.sections.topics
    gone = {"colleges", "looked-after", *workforce.figures}
    block = report_sections.topics(kent, kent.facts[~kent.facts["indicator"].isin(gone)])
    assert block
    page = read(block.markdown)
    lines = picture_text(page).splitlines()
    assert "Academies" in lines
    assert "Colleges" not in lines
    # the chart of the looked after names in its title what is not there; its table stays
    assert "fig-looked-after" not in names_of(page)
    assert {"tbl-looked-after", "fig-estate"} <= set(names_of(page))
    assert [plain(head) for head in page.iter("h2")] == [
        *("Children looked after", "Schools and settings"),
    ]


def test_a_check_that_lacks_a_figure_is_told_among_the_findings(kent: Briefing) -> None:
    facts = kent.facts[~kent.facts["indicator"].eq("care-leavers-neet")]
    text = found(of_facts(kent, facts), "cannot tell")
    assert "needs a figure that the report does not give" in text
    assert "care-leavers-neet" in text


def test_sections_without_rows_are_none(kent: Briefing) -> None:
    tables = ("facts", "judgements", "actions", "statements", "report_comparisons", "shares")
    bare: dict[str, Any] = {table: getattr(kent, table).iloc[:0] for table in tables}
    brief: Made = make("Kent", "2010", profile=None, checks=kent.checks.iloc[:0], **bare)
    assert set(brief.sections) == {
        *("overview.summary", "overview.stands_out True", "overview.stands_out False"),
        *("overview.unknown", "overview.changed", "inspection.check_summary"),
        *("inspection.findings disagreements", "inspection.findings open_checks"),
        *("notes.how_to_read", "notes.method", "notes.sources"),
    }
