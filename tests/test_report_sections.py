"""The sections on the report, made from the real one and from altered ones.

What the real one says is in the golden files, and what every page must keep to in ``briefings``.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from reading import (
    alternative,
    items_of,
    names_of,
    picture_text,
    plain,
    read,
    rows_of,
    shown,
)

from kentstats.indicators import load_indicators
from kentstats.ingest.edition import Publication
from kentstats.report import inspection, notes, overview, report_comparisons, topics
from kentstats.report.blocks import Block
from kentstats.report.context import Edition, open_edition
from kentstats.schemas import GRADES
from kentstats.stats.consistency import check_consistency
from kentstats.stats.shares import compare_figures, derive_shares

GOOD = ["care-leavers-eet", "serious-case-reviews-good-share", "crime-victims"]
CONCERN = ["health-assessments", "gcse-five-good-share", "core-assessments-overdue-share"]


def of_topic(number: int) -> Callable[[Edition], Block | None]:
    """One topic of the report alone."""

    def make(edition: Edition) -> Block | None:
        chosen = edition.settings.sections.topics[number : number + 1]
        sections = replace(edition.settings.sections, topics=chosen)
        settings = replace(edition.settings, sections=sections)
        return topics.topics(replace(edition, settings=settings), edition.facts)

    return make


def told(edition: Edition, indicator: str) -> Block | None:
    rows = edition.comparisons[edition.comparisons["indicator"].eq(indicator)]
    return report_comparisons.comparison_text(edition, rows)


def with_result(result: str) -> Callable[[Edition], Block | None]:
    return lambda it: inspection.findings(it, it.checks[it.checks["result"].eq(result)])


SECTIONS: dict[str, Callable[[Edition], Block | None]] = {
    "summary": inspection.summary,
    "encouraging": lambda it: overview.stands_out(it, GOOD),
    "of concern": lambda it: overview.stands_out(it, CONCERN),
    "unknown": overview.unknown,
    "changed": overview.changed,
    "questions": lambda it: overview.questions(it, it.facts),
    "judgement strip": lambda it: inspection.judgement_strip(it, it.judgements),
    "judgement table": lambda it: inspection.judgement_table(it, it.judgements),
    "action timeline": lambda it: inspection.action_timeline(it, it.actions),
    "action counts": lambda it: inspection.action_counts(it, it.actions),
    "action table": lambda it: inspection.action_table(it, it.actions),
    "benchmark bars": lambda it: report_comparisons.benchmark_bars(it, it.comparisons),
    "comparison table": lambda it: report_comparisons.comparison_table(it, it.comparisons),
    "comparison text": lambda it: told(it, "health-assessments"),
    "interval dots": lambda it: report_comparisons.interval_dots(it, it.shares),
    "share table": lambda it: report_comparisons.share_table(it, it.shares),
    "statement table": lambda it: report_comparisons.statement_table(it, it.statements),
    "looked after": of_topic(0),
    "estate": of_topic(1),
    "workforce": of_topic(2),
    "check summary": lambda it: inspection.check_summary(it, it.checks),
    "disagreements": with_result("disagrees"),
    "cannot tell": with_result("cannot tell"),
    "how to read": notes.how_to_read,
    "glossary": lambda _: notes.glossary(),
    "method": notes.method,
    "sources": notes.sources,
    "every figure": notes.every_figure,
}
WITHOUT_REPORT = ["how to read", "glossary", "method", "sources"]
"""Sections that an authority has whether or not there is a report of it."""
every_section = pytest.mark.parametrize("name", SECTIONS)


@pytest.fixture(scope="module")
def edition() -> Edition:
    return open_edition("Kent", "2010")


@pytest.fixture(scope="module")
def blocks(edition: Edition) -> dict[str, Block]:
    return {name: make(edition) for name, make in SECTIONS.items()}


@pytest.fixture(scope="module")
def trees(blocks: dict[str, Block]) -> dict[str, ET.Element]:
    return {name: read(block.markdown) for name, block in blocks.items()}


def altered(edition: Edition, indicator: str, *, group: str = "all", **new: Any) -> Edition:
    """The same report with one figure of the authority altered, everything worked out anew."""
    facts = edition.facts.copy()
    here = (
        facts["indicator"].eq(indicator) & facts["group"].eq(group) & facts["area_name"].eq("Kent")
    )
    assert here.any()
    for column, value in new.items():
        facts.loc[here, column] = value
    return of_facts(edition, facts)


def of_facts(edition: Edition, facts: pd.DataFrame) -> Edition:
    return replace(
        edition,
        facts=facts,
        comparisons=compare_figures(facts, edition.authority),
        shares=derive_shares(
            facts, edition.authority, edition.settings.shares, confidence=edition.confidence
        ),
        checks=check_consistency(facts, edition.judgements, edition.actions, edition.source),
    )


# --- every section ----------------------------------------------------------------------


@every_section
def test_a_section_is_a_block_that_says_something(name: str, blocks: dict[str, Block]) -> None:
    assert isinstance(blocks[name], Block)
    assert blocks[name].markdown.strip()


@every_section
def test_a_section_of_the_report_shows_nothing_where_there_is_none(name: str) -> None:
    assert isinstance(SECTIONS[name](open_edition("Essex", "2025")), Block) == (
        name in WITHOUT_REPORT
    )


def publications(edition: Edition) -> tuple[Publication, ...]:
    return edition.official._shared.official.sources


def test_every_link_to_a_paragraph_leads_to_its_row(trees: dict[str, ET.Element]) -> None:
    rows = names_of(trees["every figure"], "span")
    links = [link for name, tree in trees.items() if name != "sources" for link in tree.iter("a")]
    assert len(links) > 20
    for link in links:
        target = link.attrib["href"].removeprefix("#")
        assert target in rows
        assert plain(link).replace(" ", "-") == target


def test_the_links_of_the_sources_are_the_addresses_of_their_publications(
    edition: Edition, trees: dict[str, ET.Element]
) -> None:
    links = [link.attrib["href"] for link in trees["sources"].iter("a")]
    assert links == [one.url for one in publications(edition)]
    assert len(links) == 6


ALWAYS = ["summary", "changed", "check summary", "disagreements", "cannot tell"]
"""Sections that every report has, even one with hardly a figure."""


@every_section
def test_a_section_without_rows_shows_nothing(name: str, edition: Edition) -> None:
    tables = ("facts", "judgements", "actions", "statements", "comparisons", "shares", "checks")
    bare = replace(edition, **{table: getattr(edition, table).iloc[:0] for table in tables})
    if name in {"encouraging", "of concern"}:
        assert overview.stands_out(bare, []) is None
    elif name != "every figure":
        assert isinstance(SECTIONS[name](bare), Block) == (name in ALWAYS + WITHOUT_REPORT)


def test_a_section_shows_the_rows_that_it_is_given(edition: Edition) -> None:
    judgements = edition.judgements.query("service == 'safeguarding'")
    table = inspection.judgement_table(edition, judgements)
    assert {row[1] for row in rows_of(read(table.markdown))} == {"Safeguarding"}
    actions = edition.actions.query("band == 'immediately'")
    assert len(rows_of(read(inspection.action_table(edition, actions).markdown))) == 6
    chosen = edition.checks.query("check == 'complements'")
    assert shown(inspection.findings(edition, chosen)).startswith("Care leavers in and not in")
    assert "1 check agrees, 0 disagree, and 0 cannot be told" in shown(
        inspection.check_summary(edition, chosen)
    )


# --- pictures -----------------------------------------------------------------------------


# --- the first page -------------------------------------------------------------------------


def test_what_stands_out_is_told_in_the_order_asked_for(edition: Edition) -> None:
    for names in (CONCERN, CONCERN[::-1]):
        items = items_of(read(overview.stands_out(edition, names).markdown))
        first = {"health-assessments": "Health", "gcse-five-good-share": "Five"}
        assert [plain(item).split()[0] for item in items] == [
            first.get(name, "Core") for name in names
        ]


def test_of_several_comparators_the_country_stands_out(edition: Edition) -> None:
    text = shown(overview.stands_out(edition, ["minority-ethnic-share"]))
    assert "6.3% against 11.8% for England" in text
    assert "South East" not in text
    facts = edition.facts[~edition.facts["area_name"].eq("England")]
    text = shown(overview.stands_out(of_facts(edition, facts), ["minority-ethnic-share"]))
    assert "6.3% against 8% for the South East region" in text


def test_a_figure_that_the_report_lacks_is_left_out(edition: Edition) -> None:
    facts = edition.facts[~edition.facts["indicator"].eq("care-leavers-eet")]
    text = shown(overview.stands_out(of_facts(edition, facts), GOOD))
    assert "Care leavers" not in text
    assert "Serious case reviews" in text


def test_where_nothing_is_unknown_the_briefing_says_so(edition: Edition) -> None:
    clear = replace(
        edition,
        comparisons=edition.comparisons.iloc[:0],
        statements=edition.statements.iloc[:0],
        checks=edition.checks[edition.checks["result"].eq("agrees")],
    )
    assert overview.unknown(clear) is None
    assert len(shown(overview.unknown(replace(clear, standing=None))).split()) > 3


def test_the_first_edition_says_that_it_is_the_first(edition: Edition) -> None:
    block = overview.changed(edition)
    assert "first edition for Kent" in shown(block)
    assert block.claims == ()


def test_a_question_stands_beside_its_figure(
    edition: Edition, trees: dict[str, ET.Element]
) -> None:
    items = items_of(trees["questions"])
    there = set(edition.facts["indicator"])
    asked = [kind for kind in load_indicators().values() if kind.question and kind.id in there]
    assert len(items) == len(asked) == 18
    for item, kind in zip(items, asked, strict=True):
        text = plain(item)
        assert text.startswith(f"{kind.theme.capitalize()}. {kind.short}, ")
        groups = edition.facts.loc[edition.facts["indicator"].eq(kind.id), "group"]
        group = "all" if groups.eq("all").any() else groups.iloc[0]
        assert edition.claim(kind.id, group).shown in text
        assert text.endswith(kind.question)


def test_a_question_is_about_the_latest_figure(edition: Edition) -> None:
    """Of two periods the earlier one may come first in the order of the keys."""
    facts = edition.facts.copy()
    old = facts["period"].eq("before 2008-09")
    facts.loc[old, "fact_id"] = facts.loc[old, "fact_id"].str.replace("before-2008-09", "2007-08")
    facts = facts.sort_values("fact_id", ignore_index=True)
    text = shown(overview.questions(edition, facts))
    assert "Victims of crime, 20.0 per thousand" in text


# --- judgements and actions --------------------------------------------------------------


def test_every_judgement_is_a_row_with_the_grades_stated(
    edition: Edition, trees: dict[str, ET.Element]
) -> None:
    found = {(row[0], row[1].lower()): row[2] for row in rows_of(trees["judgement table"])}
    stated = edition.judgements.groupby(["judgement", "service"])["grade"].unique()
    assert len(found) == len(stated) == 33
    for key, grades in stated.items():
        assert found[key] == " and ".join(GRADES[grade] for grade in grades)
    assert found["Children feel safe", "safeguarding"] == "Adequate and Inadequate"


def test_actions_are_listed_as_they_fall_due(
    edition: Edition, trees: dict[str, ET.Element]
) -> None:
    rows = rows_of(trees["action table"])
    days = ["19 November 2010"] * 6 + ["19 February 2011"] * 10 + ["19 May 2011"] * 7
    assert [row[0] for row in rows] == days
    assert {row[2] for row in rows} == set(edition.actions["action"])
    first = [("Safeguarding", 4), ("Looked after children", 2), ("Safeguarding", 6)]
    assert [service for service, number in first for _ in range(number)] == [
        row[1] for row in rows[:12]
    ]
    assert rows[0][2].startswith("Go through all open cases")
    assert rows[1][2].startswith("See that every partner knows")
    for _, service, _, _, place in rows:
        assert place == {"Safeguarding": "paragraph 19"}.get(service, "paragraph 54")


def test_the_alternative_text_of_the_timeline_counts_the_days_of_its_picture(
    edition: Edition,
) -> None:
    sooner = replace(edition, actions=edition.actions[~edition.actions["band"].eq("six months")])
    [alt] = alternative(read(inspection.action_timeline(sooner, sooner.actions).markdown))
    assert "16 actions of 2 services on 2 days, the last 19 February 2011" in alt


# --- comparisons and shares --------------------------------------------------------------


def compared_rows(edition: Edition) -> list[list[str]]:
    return rows_of(read(SECTIONS["comparison table"](edition).markdown))


def england(edition: Edition, indicator: str, value: float) -> Edition:
    facts = edition.facts.copy()
    here = facts["indicator"].eq(indicator) & facts["area_name"].eq("England")
    facts.loc[here, ["value", "rounding"]] = [value, 0.0]
    return of_facts(edition, facts)


def test_a_higher_figure_is_said_to_be_higher(edition: Edition) -> None:
    best = altered(edition, "health-assessments", value=91.0)
    text = shown(told(best, "health-assessments"))
    assert "91% against 85.4% for England, 5.6 points higher" in text
    assert "lower" not in text
    [alt] = alternative(read(report_comparisons.benchmark_bars(best, best.comparisons).markdown))
    assert "Kent 91%" in alt


def test_a_benchmark_of_nought_has_no_ratio_and_does_not_stop_the_briefing(
    edition: Edition,
) -> None:
    nought = england(edition, "substance-misuse", 0.0)
    row = compared_rows(nought)[5]
    assert row[2] == "0%, England"
    assert "nan" not in "".join(row)


def test_where_rounding_is_unknown_the_difference_stands_alone(edition: Edition) -> None:
    vague = altered(edition, "substance-misuse", rounding=math.nan)
    row = compared_rows(vague)[5]
    assert row[3:] == ["−2.0 points", "0.60", "not calculated"]


def test_shares_of_two_other_periods_are_warned_of_in_general_words(edition: Edition) -> None:
    facts = edition.facts.assign(period=edition.facts["period"].replace("at inspection", "today"))
    other = of_facts(edition, facts)
    text = shown(report_comparisons.share_table(other, other.shares))
    assert "In 4 of these shares part and whole are counted at different times" in text


@pytest.mark.parametrize(
    ("confidence", "level", "interval"),
    [(0.95, "95%", "59.6% to 98.2%"), (0.998, "99.8%", "41.8% to 99.1%")],
)
def test_another_confidence_gives_other_intervals(
    confidence: float, level: str, interval: str
) -> None:
    sure = open_edition("Kent", "2010", confidence=confidence)
    rows = {row[0]: row for row in rows_of(read(SECTIONS["share table"](sure).markdown))}
    assert rows["Serious case reviews evaluated as good"][3] == interval
    text = shown(overview.stands_out(sure, GOOD))
    assert f"the {level} interval runs from {interval}" in text
    assert f"{level} of intervals made in this way" in shown(notes.how_to_read(sure))
    dots = read(report_comparisons.interval_dots(sure, sure.shares).markdown)
    assert f"Share and {level} confidence interval" in picture_text(dots)
    assert f"the {level} interval" in alternative(dots)[0]


# --- topics --------------------------------------------------------------------------------


def test_what_the_facts_lack_is_left_out_of_a_topic(edition: Edition) -> None:
    facts = edition.facts[~edition.facts["indicator"].isin(["colleges", "looked-after"])]
    tree = read(topics.topics(edition, facts).markdown)
    lines = picture_text(tree).splitlines()
    assert "Academies" in lines
    assert "Colleges" not in lines
    # the chart of the looked after names in its title what is not there; its table stays
    assert "fig-looked-after" not in names_of(tree)
    assert {"tbl-looked-after", "fig-estate", "fig-workforce"} <= set(names_of(tree))


def test_a_topic_without_any_figure_has_no_heading(edition: Edition) -> None:
    [*_, workforce] = edition.settings.sections.topics
    facts = edition.facts[~edition.facts["indicator"].isin(workforce.figures)]
    headings = [plain(head) for head in read(topics.topics(edition, facts).markdown).iter("h2")]
    assert headings == ["Children looked after", "Schools and settings"]


def test_a_table_of_figures_lists_every_group_of_the_authority(
    edition: Edition, trees: dict[str, ET.Element]
) -> None:
    ours = edition.facts[edition.facts["area_name"].eq("Kent")]
    for name, topic in zip(
        ("looked after", "estate", "workforce"), edition.settings.sections.topics, strict=True
    ):
        chosen = ours[ours["indicator"].isin(topic.figures)]
        [*_, table] = trees[name].iter("table")
        cells = [[plain(cell) for cell in row] for row in table.iterfind(".//tbody/tr")]
        found = [(row[0], row[3]) for row in cells]
        assert sorted(found) == sorted(zip(chosen["description"], chosen["locator"], strict=True))


# --- notes ------------------------------------------------------------------------------


def test_a_check_that_lacks_a_figure_is_told_among_the_findings(edition: Edition) -> None:
    facts = edition.facts[~edition.facts["indicator"].eq("care-leavers-neet")]
    text = shown(with_result("cannot tell")(of_facts(edition, facts)))
    assert "care-leavers-neet" in text
    assert "needs a figure that the report does not give" in text


def test_a_report_without_contradictions_has_none(edition: Edition) -> None:
    clean = replace(edition, checks=edition.checks[edition.checks["result"].eq("agrees")])
    text = shown(inspection.check_summary(clean, clean.checks))
    assert "56 checks agree, 0 disagree, and 0 cannot be told" in text
    assert shown(with_result("disagrees")(clean)) == "There is none."
    assert "disagrees with itself" not in shown(overview.unknown(clean))


def test_every_figure_of_the_report_is_a_row_in_order(
    edition: Edition, trees: dict[str, ET.Element]
) -> None:
    rows = rows_of(trees["every figure"])
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(numbers)
    assert sorted(f"paragraph {number}" for number in numbers) == sorted(edition.facts["locator"])
    assert any(row[1].endswith("(South East)") for row in rows)


def test_what_speaks_for_the_authority_follows_the_figures(edition: Edition) -> None:
    names = ["health-assessments", "crime-victims", "cases-of-concern-share", "immunisations"]
    assert [overview.favourable(edition, name) for name in names] == [False, True, False, True]
    assert overview.favourable(edition, "minority-ethnic-share") is None
    assert overview.favourable(edition, "foster-carers") is None
    opposite = {"above": "below", "below": "above", "level": "level"}
    turned = replace(
        edition,
        comparisons=edition.comparisons.assign(
            direction=edition.comparisons["direction"].map(opposite)
        ),
        statements=edition.statements.assign(
            direction=edition.statements["direction"].map(opposite)
        ),
        judgements=edition.judgements.assign(grade=2),
    )
    assert [overview.favourable(turned, name) for name in names] == [True, False, True, False]
    assert "Health assessments" in shown(overview.stands_out(edition, names, good=False))
    assert "Health assessments" not in shown(overview.stands_out(turned, names, good=False))
    assert "Health assessments" in shown(overview.stands_out(turned, names, good=True))


def test_where_nothing_bears_it_out_that_is_said(edition: Edition) -> None:
    assert "No figure" in shown(overview.stands_out(edition, ["foster-carers"], good=True))


def test_every_comparison_in_words_is_said_and_none_chosen_over_another(edition: Edition) -> None:
    text = shown(overview.stands_out(edition, ["care-leavers-eet"], good=True))
    assert "about the same as England in 2009" in text
    assert "higher than statistical neighbours in 2009 and higher than England in 2010" in text
    assert "paragraph 69" in text
