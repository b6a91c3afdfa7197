"""The blocks of the briefing, made from the real report and from altered ones."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from reading import (
    alternative,
    claims_of,
    items_of,
    names_of,
    picture_text,
    plain,
    read,
    rows_of,
    shown,
    texts,
)

from kentstats.charts import bars
from kentstats.indicators import load_indicators
from kentstats.ingest.datasets import ATTRIBUTION
from kentstats.ingest.edition import Publication
from kentstats.report import compared, inspection, notes, overview, services
from kentstats.report.blocks import Block
from kentstats.report.claims import Claim
from kentstats.report.context import Edition, open_edition
from kentstats.schemas import GRADES, records
from kentstats.stats.compare import compare
from kentstats.stats.consistency import audit
from kentstats.stats.shares import derive

GOOD = ["care-leavers-eet", "serious-case-reviews-good-share", "crime-victims"]
CONCERN = ["health-assessments", "gcse-five-good-share", "core-assessments-overdue-share"]


def figures(which: tuple[str, ...], label: str) -> Callable[[Edition], Block]:
    return lambda edition: services.figures(edition, which, caption="Some figures", label=label)


SECTIONS: dict[str, Callable[[Edition], Block]] = {
    "summary": inspection.summary,
    "encouraging": lambda edition: overview.stands_out(edition, GOOD),
    "of concern": lambda edition: overview.stands_out(edition, CONCERN),
    "unknown": overview.unknown,
    "changed": overview.changed,
    "questions": overview.questions,
    "judgement strip": inspection.judgement_strip,
    "judgement table": inspection.judgement_table,
    "action timeline": inspection.action_timeline,
    "action counts": inspection.action_counts,
    "action table": inspection.action_table,
    "benchmark bars": compared.benchmark_bars,
    "comparison table": compared.comparison_table,
    "comparison text": lambda edition: compared.comparison_text(edition, "health-assessments"),
    "interval dots": compared.interval_dots,
    "share table": compared.share_table,
    "statement table": compared.statement_table,
    "looked after": services.looked_after,
    "looked after table": services.looked_after_table,
    "looked after figures": figures(services.LOOKED_AFTER, "looked-after"),
    "estate": services.estate,
    "estate figures": figures(services.EDUCATION, "estate"),
    "workforce": services.workforce,
    "workforce figures": figures(services.WORKFORCE, "workforce"),
    "audit summary": inspection.audit_summary,
    "disagreements": lambda edition: inspection.findings(edition, "disagrees"),
    "cannot tell": lambda edition: inspection.findings(edition, "cannot tell"),
    "how to read": notes.how_to_read,
    "glossary": lambda _: notes.glossary(),
    "method": notes.method,
    "sources": notes.sources,
    "every figure": notes.every_figure,
}
WITHOUT_REPORT = ["how to read", "glossary", "method", "sources"]
"""Sections that an authority has whether or not there is a report of it."""
PICTURES = [
    *("judgement strip", "action timeline", "benchmark bars", "interval dots"),
    *("looked after", "estate", "workforce"),
]
every_section = pytest.mark.parametrize("name", SECTIONS)
every_picture = pytest.mark.parametrize("name", PICTURES)


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
        comparisons=compare(facts, edition.authority),
        shares=derive(facts, edition.authority, confidence=edition.confidence),
        checks=audit(facts, edition.judgements, edition.actions, edition.source),
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


@every_section
def test_a_claim_that_is_printed_is_one_of_the_claims_of_its_block(
    name: str, blocks: dict[str, Block], trees: dict[str, ET.Element]
) -> None:
    known = {made.id: made for made in blocks[name].claims}
    assert len(known) == len(blocks[name].claims)
    for element in claims_of(trees[name]):
        made = known[element.attrib["data-claim"]]
        assert plain(element) == made.shown
        assert element.attrib["data-source"] == made.place
        if isinstance(made.value, str):
            assert element.attrib["value"] == made.value
        else:
            assert float(element.attrib["value"]) == pytest.approx(made.value, rel=1e-11)


@every_section
def test_a_claim_of_a_block_is_printed_in_it(
    name: str, blocks: dict[str, Block], trees: dict[str, ET.Element]
) -> None:
    seen = plain(trees[name]) + " ".join(alternative(trees[name])) + picture_text(trees[name])
    for made in blocks[name].claims:
        assert made.shown in seen
        assert made.facts
        assert made.calculation


def test_a_claim_is_the_same_wherever_it_is_printed(blocks: dict[str, Block]) -> None:
    found: dict[str, Claim] = {}
    for block in blocks.values():
        for made in block.claims:
            assert found.setdefault(made.id, made) == made
    assert len(found) > 150


@pytest.fixture(scope="module")
def from_the_data(edition: Edition) -> list[str]:
    """What comes from the tables as it is and may hold digits, longest first."""
    kinds = load_indicators().values()
    words = {
        *edition.facts[["period", "description", "locator", "area_name"]].to_numpy().ravel(),
        *edition.judgements["locator"],
        *edition.actions[["action", "locator"]].to_numpy().ravel(),
        *edition.statements[["subject", "period", "locator"]].to_numpy().ravel(),
        *edition.checks["subject"],
        *(place for places in edition.checks["locators"] for place in places.split("; ")),
        *(kind.short for kind in kinds),
        *(kind.question for kind in kinds if kind.question),
        edition.source.licence.strip(),
        ATTRIBUTION,
        *(word for one in publications(edition) for word in (one.title, one.id, one.note)),
    }
    return sorted((word for word in words if re.search(r"\d", word)), key=len, reverse=True)


def publications(edition: Edition) -> tuple[Publication, ...]:
    return edition.official._shared.official.sources


def without(text: str, words: list[str]) -> str:
    for word in words:
        text = text.replace(word, "…")
    return text


@every_section
def test_no_bare_digit_stands_in_running_text(
    name: str, trees: dict[str, ET.Element], from_the_data: list[str]
) -> None:
    for element in texts(trees[name]):
        text = plain(element, claims=False)
        if name == "every figure" and f"paragraph {text}" in from_the_data:
            # the column that numbers the paragraphs
            continue
        assert not re.search(r"\d", without(text, from_the_data)), text


def test_the_names_of_figures_tables_and_rows_are_unique(trees: dict[str, ET.Element]) -> None:
    names = [name for tree in trees.values() for name in names_of(tree, "table", "figure", "span")]
    assert len(names) == len(set(names))
    assert sum(name.startswith("fig-") for name in names) == 7
    assert sum(name.startswith("tbl-") for name in names) == 11


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


# --- pictures -----------------------------------------------------------------------------


@every_picture
def test_a_picture_has_a_caption_and_an_alternative_text(
    name: str, trees: dict[str, ET.Element]
) -> None:
    [caption] = trees[name].iter("figcaption")
    [alt] = alternative(trees[name])
    assert len(plain(caption).split()) > 5
    assert 60 < len(alt) < 200
    assert alt.endswith(".")
    assert alt != plain(caption)


@every_picture
def test_the_digits_of_an_alternative_text_are_claims(
    name: str, blocks: dict[str, Block], trees: dict[str, ET.Element]
) -> None:
    claims = sorted((made.shown for made in blocks[name].claims), key=len, reverse=True)
    [alt] = alternative(trees[name])
    assert not re.search(r"\d", without(alt, claims)), alt


@every_picture
def test_the_digits_of_a_picture_are_claims(
    name: str, edition: Edition, blocks: dict[str, Block], trees: dict[str, ET.Element]
) -> None:
    """Beside claims there are the credit, the ticks of an axis and the years of a measure."""
    claims = sorted((made.shown for made in blocks[name].claims), key=len, reverse=True)
    axis = [f"{tick}%" for tick in (0, 25, 50, 75, 100)] if name == "interval dots" else []
    years = [f"({period})" for period in set(edition.facts["period"])]
    for line in picture_text(trees[name]).splitlines():
        if line in axis:
            continue
        assert not re.search(r"\d", without(line, [edition.credit, *claims, *years])), line


# --- the first page -------------------------------------------------------------------------


def test_the_summary_says_who_when_and_with_what_result(trees: dict[str, ET.Element]) -> None:
    text = plain(trees["summary"])
    assert "from 11 October 2010 to 22 October 2010 and published its report on 19 November" in text
    assert "inadequate for safeguarding, inadequate for looked after children" in text
    assert "inadequate for safeguarding, adequate for looked after children" in text


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


@pytest.mark.parametrize("name", ["children-aged-0-19", "children-in-education-under-16"])
def test_a_measure_named_with_an_age_can_stand_out(name: str, edition: Edition) -> None:
    text = shown(overview.stands_out(edition, [name]))
    assert load_indicators()[name].short in text


def test_what_is_unknown_names_comparisons_words_and_contradictions(
    trees: dict[str, ET.Element],
) -> None:
    text = plain(trees["unknown"])
    assert "the 3 differences of services" in text
    assert "How large 13 more" in text
    for subject in ("children feel safe", "social workers recruited", "substance misuse"):
        assert subject in text


def test_without_comparisons_only_the_rest_is_unknown(edition: Edition) -> None:
    alone = replace(edition, comparisons=edition.comparisons.iloc[:0])
    block = overview.unknown(alone)
    text = shown(block)
    assert "differences from a comparator" not in text
    assert "children feel safe" in text
    assert [made.shown for made in block.claims] == ["13"]


def test_where_nothing_is_unknown_the_briefing_says_so(edition: Edition) -> None:
    clear = replace(
        edition,
        comparisons=edition.comparisons.iloc[:0],
        statements=edition.statements.iloc[:0],
        checks=edition.checks[edition.checks["result"].eq("agrees")],
    )
    assert len(shown(overview.unknown(clear)).split()) > 3


def test_every_contradiction_can_be_named(edition: Edition) -> None:
    """The subject of one check holds an age limit."""
    odd = altered(edition, "children-aged-0-19", value=360_000.0)
    assert "0 to 19" in shown(overview.unknown(odd))


def test_the_first_edition_says_that_it_is_the_first(edition: Edition) -> None:
    block = overview.changed(edition)
    assert "first edition for Kent" in shown(block)
    assert block.claims == ()


def earlier_edition(edition: Edition, indicator: str, value: float) -> Edition:
    """An edition of 2008 that differs in one figure."""
    before = altered(edition, indicator, value=value)
    ids = before.facts["fact_id"].str.replace("kent-2010", "kent-2008")
    return replace(
        before,
        source=replace(before.source, id="kent-2008"),
        facts=before.facts.assign(fact_id=ids),
    )


def test_a_figure_that_moved_is_given_with_the_one_before(edition: Edition) -> None:
    before = earlier_edition(edition, "foster-carers", 640.0)
    block = overview.changed(edition, before)
    assert shown(block).startswith("Foster carers: 680, earlier 640")
    assert block.markdown.count("- ") == 1
    assert [made.value for made in block.claims] == [680, 640]


def test_a_measure_named_with_an_age_may_move(edition: Edition) -> None:
    before = earlier_edition(edition, "children-aged-0-19", 340_000.0)
    assert "348,200, earlier 340,000" in shown(overview.changed(edition, before))


def test_a_place_in_the_report_before_is_no_row_of_this_briefing(edition: Edition) -> None:
    before = earlier_edition(edition, "foster-carers", 640.0)
    facts = before.facts.assign(
        fact_id=before.facts["fact_id"].str.replace(".p10.foster", ".p77.foster"),
        locator=before.facts["locator"].mask(
            before.facts["indicator"].eq("foster-carers"), "paragraph 77"
        ),
    )
    block = overview.changed(edition, replace(before, facts=facts))
    assert "earlier 640" in shown(block)
    assert "(#paragraph-77)" not in block.markdown


def test_where_nothing_moved_the_briefing_says_so(edition: Edition) -> None:
    assert len(shown(overview.changed(edition, edition)).split()) > 3


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
    text = shown(overview.questions(of_facts(edition, facts)))
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


def test_the_alternative_text_of_the_judgements_counts_the_services_of_its_picture(
    edition: Edition,
) -> None:
    rows = edition.judgements
    alone = replace(edition, judgements=rows[rows["service"].eq("safeguarding")])
    [alt] = alternative(read(inspection.judgement_strip(alone).markdown))
    assert alt.endswith("Overall: inadequate for safeguarding.")
    assert "two services" not in alt


def test_the_places_of_a_judgement_read_as_a_list(trees: dict[str, ET.Element]) -> None:
    first = rows_of(trees["judgement table"])[0]
    assert first[3] == "heading, record and text (paragraph 16)"


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


def test_the_timeline_counts_the_actions_of_each_day(trees: dict[str, ET.Element]) -> None:
    lines = picture_text(trees["action timeline"]).splitlines()
    assert sorted(line for line in lines if line.isdecimal()) == ["2", "3", "4", "4", "4", "6"]
    assert "23 areas for improvement, the last due by 19 May 2011" in lines


def test_the_alternative_text_of_the_timeline_counts_the_days_of_its_picture(
    edition: Edition,
) -> None:
    sooner = replace(edition, actions=edition.actions[~edition.actions["band"].eq("six months")])
    [alt] = alternative(read(inspection.action_timeline(sooner).markdown))
    assert "16 actions of 2 services on 2 days, the last 19 February 2011" in alt


# --- comparisons and shares --------------------------------------------------------------


def test_the_table_of_comparisons_gives_every_pair(trees: dict[str, ET.Element]) -> None:
    assert rows_of(trees["comparison table"])[3] == [
        *("Health assessments", "78%", "85.4%, England"),
        *("−7.4 points (−7.95 to −6.85)", "0.91", "103; 255"),
    ]
    assert [row[5] for row in rows_of(trees["comparison table"])] == [
        *("2,016; 5,010", "137; 340", "not calculated"),
        *("103; 255", "377; 937", "1,651; 4,104"),
    ]


def england(edition: Edition, indicator: str, value: float) -> Edition:
    facts = edition.facts.copy()
    here = facts["indicator"].eq(indicator) & facts["area_name"].eq("England")
    facts.loc[here, ["value", "rounding"]] = [value, 0.0]
    return of_facts(edition, facts)


def test_a_higher_figure_is_said_to_be_higher(edition: Edition) -> None:
    best = altered(edition, "health-assessments", value=91.0)
    text = shown(compared.comparison_text(best, "health-assessments"))
    assert "91% against 85.4% for England, 5.6 points higher" in text
    assert "lower" not in text
    [alt] = alternative(read(compared.benchmark_bars(best).markdown))
    assert "Kent 91%" in alt


def test_a_benchmark_of_nought_has_no_ratio_and_does_not_stop_the_briefing(
    edition: Edition,
) -> None:
    nought = england(edition, "substance-misuse", 0.0)
    row = rows_of(read(compared.comparison_table(nought).markdown))[5]
    assert row[2] == "0%, England"
    assert "nan" not in "".join(row)


def test_where_rounding_is_unknown_the_difference_stands_alone(edition: Edition) -> None:
    vague = altered(edition, "substance-misuse", rounding=math.nan)
    row = rows_of(read(compared.comparison_table(vague).markdown))[5]
    assert row[3:] == ["−2.0 points", "0.60", "not calculated"]


def test_a_ratio_is_rounded_half_up(edition: Edition) -> None:
    eighth = england(edition, "substance-misuse", 24.0)
    assert rows_of(read(compared.comparison_table(eighth).markdown))[5][4] == "0.13"


def test_a_difference_is_claimed_in_its_own_unit(blocks: dict[str, Block]) -> None:
    differences = [
        made for made in blocks["comparison table"].claims if "difference" in made.calculation
    ]
    assert len(differences) == 18
    for made in differences:
        rate = "crime-victims" in made.facts[0]
        assert made.unit == ("per_1000" if rate else "points"), made


@pytest.mark.parametrize("name", ["benchmark bars", "comparison table"])
def test_a_report_without_comparators_has_its_briefing(name: str, edition: Edition) -> None:
    alone = replace(edition, comparisons=edition.comparisons.iloc[:0])
    assert isinstance(SECTIONS[name](alone), Block)


def test_a_report_without_small_groups_has_its_briefing(edition: Edition) -> None:
    none = replace(edition, shares=edition.shares[edition.shares["lower"].isna()])
    assert isinstance(compared.interval_dots(none), Block)


def test_shares_stand_with_their_numbers_and_intervals(trees: dict[str, ET.Element]) -> None:
    rows = {row[0]: row[1:] for row in rows_of(trees["share table"])}
    assert len(rows) == 12
    assert rows["Asylum-seeking, of all looked after"] == [
        *("248 of 1,568", "15.8%", "none: everyone is counted", "paragraph 10"),
    ]
    assert rows["Serious case reviews evaluated as good"] == [
        *("9 of 10", "90.0%", "59.6% to 98.2%", "paragraph 45"),
    ]
    assert "In 4 of these shares" in plain(trees["share table"])


def test_shares_of_one_period_need_no_warning(edition: Edition) -> None:
    shares = edition.shares[edition.shares["note"].eq("")]
    assert "of these shares" not in shown(compared.share_table(replace(edition, shares=shares)))


@pytest.mark.parametrize(
    ("confidence", "level", "interval"),
    [(0.95, "95%", "59.6% to 98.2%"), (0.998, "99.8%", "41.8% to 99.1%")],
)
def test_another_confidence_gives_other_intervals(
    confidence: float, level: str, interval: str
) -> None:
    sure = open_edition("Kent", "2010", confidence=confidence)
    rows = {row[0]: row for row in rows_of(read(compared.share_table(sure).markdown))}
    assert rows["Serious case reviews evaluated as good"][3] == interval
    text = shown(overview.stands_out(sure, GOOD))
    assert f"the {level} interval runs from {interval}" in text
    assert f"{level} of intervals made in this way" in shown(notes.how_to_read(sure))
    dots = read(compared.interval_dots(sure).markdown)
    assert f"Share and {level} confidence interval" in picture_text(dots)
    assert f"the {level} interval" in alternative(dots)[0]


@pytest.mark.parametrize("confidence", [0, 1, 95])
def test_a_confidence_that_is_no_fraction_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="give a fraction between 0 and 1"):
        open_edition("Kent", "2010", confidence=confidence)


def test_statements_in_words_are_listed_as_they_stand(
    edition: Edition, trees: dict[str, ET.Element]
) -> None:
    words = {"above": "higher", "below": "lower", "level": "about the same"}
    expected = [
        [row["subject"], row["comparator"], words[row["direction"]], row["period"], row["locator"]]
        for row in records(edition.statements)
    ]
    assert rows_of(trees["statement table"]) == expected


# --- services ------------------------------------------------------------------------------


def test_the_parts_of_a_group_and_their_rest_are_labelled(trees: dict[str, ET.Element]) -> None:
    lines = picture_text(trees["looked after"]).splitlines()
    for label in ("248", "1,320", "34", "49", "100", "92", "(1,568)", "(83)"):
        assert label in lines


def test_the_vacancies_drawn_are_those_of_the_report(
    edition: Edition, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[float] = []
    waffle = bars.waffle
    monkeypatch.setattr(
        bars, "waffle", lambda share, **options: drawn.append(share) or waffle(share, **options)
    )
    more = altered(edition, "social-worker-vacancy", value=21.0)
    tree = read(services.workforce(more).markdown)
    assert drawn == [21]
    assert "21% of social worker posts were vacant" in picture_text(tree)
    assert "21%" in alternative(tree)[0]


def test_settings_that_the_report_lacks_are_left_out_of_the_chart(edition: Edition) -> None:
    facts = edition.facts[~edition.facts["indicator"].eq("colleges")]
    lines = picture_text(read(services.estate(of_facts(edition, facts)).markdown)).splitlines()
    assert "Colleges" not in lines
    assert "Academies" in lines


def test_a_table_of_figures_lists_every_group_of_the_authority(
    edition: Edition, trees: dict[str, ET.Element]
) -> None:
    ours = edition.facts[edition.facts["area_name"].eq("Kent")]
    for name, which in (
        ("looked after figures", services.LOOKED_AFTER),
        ("estate figures", services.EDUCATION),
        ("workforce figures", services.WORKFORCE),
    ):
        chosen = ours[ours["indicator"].isin(which)]
        found = [(row[0], row[3]) for row in rows_of(trees[name])]
        assert sorted(found) == sorted(zip(chosen["description"], chosen["locator"], strict=True))


# --- notes ------------------------------------------------------------------------------


def test_the_audit_is_summed_up(trees: dict[str, ET.Element]) -> None:
    text = plain(trees["audit summary"])
    assert "56 checks agree, 3 disagree, and 14 cannot be told" in text


def test_findings_are_told_with_their_arithmetic_and_places(trees: dict[str, ET.Element]) -> None:
    items = items_of(trees["disagreements"])
    found = [plain(item) for item in items]
    assert len(found) == 3
    assert "Social workers recruited: 115 ≠ 120." in found[1]
    assert found[1].endswith("(paragraph 38, paragraph 83).")
    assert "30 is 3% of 858 to 1,200; of 1,568 it is 1.9%" in found[2]
    items = items_of(trees["cannot tell"])
    assert len(items) == 14


def test_a_check_without_its_figure_is_told_among_the_findings(edition: Edition) -> None:
    facts = edition.facts[~edition.facts["indicator"].eq("care-leavers-neet")]
    text = shown(inspection.findings(of_facts(edition, facts), "cannot tell"))
    assert "care-leavers-neet" in text
    assert "The source has not every figure that this check needs" in text


@pytest.mark.parametrize("result", ["disagrees", "cannot tell"])
def test_findings_that_are_none_are_said_to_be_none(result: str, edition: Edition) -> None:
    clean = replace(edition, checks=edition.checks[edition.checks["result"].eq("agrees")])
    assert shown(inspection.findings(clean, result)).strip()


def test_a_report_without_contradictions_has_none(edition: Edition) -> None:
    clean = replace(edition, checks=edition.checks[edition.checks["result"].eq("agrees")])
    text = shown(inspection.audit_summary(clean))
    assert "56 checks agree, 0 disagree, and 0 cannot be told" in text
    assert "disagrees with itself" not in shown(overview.unknown(clean))


def test_the_source_is_named_with_its_day_and_licence(
    edition: Edition, trees: dict[str, ET.Element]
) -> None:
    text = plain(trees["sources"])
    assert text.startswith(f"Ofsted: {edition.source.title}. Published 19 November 2010. Crown")
    for name in ("briefing.ipynb", "facts.csv", "judgements.csv", "actions.csv", "claims.json"):
        assert name in text


def test_the_glossary_explains_the_terms_in_order(trees: dict[str, ET.Element]) -> None:
    items = items_of(trees["glossary"])
    terms = [plain(next(item.iter("strong"))) for item in items]
    assert terms == sorted(terms)
    assert {"Base.", "Looked after.", "Confidence interval."} <= set(terms)


def test_every_figure_of_the_report_is_a_row_in_order(
    edition: Edition, trees: dict[str, ET.Element]
) -> None:
    rows = rows_of(trees["every figure"])
    numbers = [int(row[0]) for row in rows]
    assert numbers == sorted(numbers)
    assert sorted(f"paragraph {number}" for number in numbers) == sorted(edition.facts["locator"])
    assert any(row[1].endswith("(South East)") for row in rows)


def test_a_paragraph_has_one_anchor_at_its_first_row(trees: dict[str, ET.Element]) -> None:
    anchors = names_of(trees["every figure"], "span")
    paragraphs = dict.fromkeys(row[0] for row in rows_of(trees["every figure"]))
    assert anchors == [f"paragraph-{number}" for number in paragraphs]


def test_nothing_prints_a_figure_that_is_missing(blocks: dict[str, Block]) -> None:
    for block in blocks.values():
        assert not re.search(r"\bnan\b|\binf\b|\bNone\b|\bNaT\b", block.markdown)
        assert all(
            isinstance(made.value, str) or math.isfinite(made.value) for made in block.claims
        )


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
