"""Every section of the briefing from official statistics, for authorities that are unlike."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd
import pytest
from briefings import CHECKS, Made, made, make, plain, sections
from kentstats.report.official import UNIT_WORDS, against, facts_of, has_figure, label

from kentstats.indicators import load_indicators
from kentstats.report import standing
from kentstats.report.context import open_edition
from kentstats.report.report_comparisons import reconciliation
from kentstats.schemas import Row

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
TOGETHER = {
    "Kingston upon Thames": "Kingston upon Thames and Richmond upon Thames",
    "Richmond upon Thames": "Kingston upon Thames and Richmond upon Thames",
    "North Northamptonshire": "North Northamptonshire and West Northamptonshire",
}
every_case = pytest.mark.parametrize(
    "brief", CASES, ids=[f"{name} {edition}" for name, edition in CASES], indirect=True
)
OFFICIAL = [
    *("standing.summary", "standing.stands_out True", "standing.stands_out False"),
    *("standing.unknown", "versus.england_table", "notes.how_to_read", "notes.glossary"),
    *("notes.measures", "notes.method", "notes.sources", "notes.official_figures"),
]
"""Sections that every authority of every edition has."""


@pytest.fixture
def brief(request: pytest.FixtureRequest) -> Made:
    return made(*request.param)


@every_case
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_briefing_keeps_to_what_every_briefing_must(check: object, brief: Made) -> None:
    assert callable(check)
    assert list(check(brief)) == []


@every_case
def test_an_authority_has_the_sections_that_there_is_something_to_say_in(brief: Made) -> None:
    assert set(OFFICIAL) <= set(brief.cells)
    report = brief.authority == "Kent"
    of_report = [
        name
        for name, _ in sections()
        if name.startswith(("inspection.", "overview.", "report_comparisons.", "topics."))
    ]
    assert {name for name in of_report if name in brief.cells} == set(of_report if report else ())
    assert ("notes.every_figure" in brief.cells) == report
    later = {"outcomes.summary", "outcomes.strip", "outcomes.judgement_table", "versus.heat"}
    later |= {"years.trend", "years.trend_table"}
    assert later & set(brief.cells) == (later if brief.edition.name == "2025" else set())


def test_the_checks_do_find_faults() -> None:
    """One fault of each kind, put into a true briefing."""
    brief = made("Essex", "2025")
    cell = brief["standing.summary"]

    def faults(markdown: str, check: str) -> list[str]:
        block = replace(cell.block, markdown=markdown)
        cells = {**brief.cells, "standing.summary": replace(cell, block=block)}
        [found] = [each for each in CHECKS if each.__name__ == check]
        return list(found(replace(brief, cells=cells)))

    true = cell.block.markdown
    first = re.search(r'<span class="claim"[^>]*>(\d+)</span>', true)
    assert first
    assert faults(true.replace(first[0], first[1], 1), "digits_are_claims")
    assert faults(true.replace(f">{first[1]}<", ">999<", 1), "claims_are_printed")
    assert faults(true.replace(first[0], "", 1), "claims_are_printed")
    assert faults(re.sub(r"data-value=\"\d+\"", 'data-value="1"', true), "claims_are_printed")
    for amiss in ("nan", "1 measures", "two  spaces", "a gap .", "None", "()", "twice.."):
        assert faults(f"{true} {amiss}", "nothing_is_amiss"), amiss
    assert faults(true.replace("better", "worse"), "the_summary_adds_up")
    assert faults(f'{true}\n\n<div id="fig-spine">', "names_are_unique")


# --- what is missing is said -----------------------------------------------------------------


@pytest.mark.parametrize("name", TOGETHER)
def test_what_is_counted_together_with_another_is_given_for_both_and_said_to_be(name: str) -> None:
    brief = made(name, "2025")
    together = TOGETHER[name]
    assert [area.name for area in brief.edition.official.combined()] == [together]
    line = re.search(rf"(?m)^- {name} by itself, for (.*): (.*)$", brief.text("standing.unknown"))
    assert line
    assert line[1].split("; ") == [
        *("agency social workers", "cases per social worker", "social workers who left"),
        "social worker vacancies",
    ]
    assert line[2] == f"the publisher counts {together} together."
    given = brief["notes.official_figures"].rows
    joined = {row[0]: row[2] for row in given if together in row[0]}
    assert len(joined) == 4
    assert all(re.match(r"[\d.]+%?, workforce, line \d+$", shown) for shown in joined.values())
    # nowhere is a figure of both taken for one of the authority's own
    for cell in brief.cells.values():
        if cell is brief["notes.official_figures"]:
            continue
        assert not [one for one in cell.block.claims if any("/ E" in fact for fact in one.facts)]
    assert "(workforce)" in brief.text("notes.sources")


@every_case
def test_what_the_publisher_withholds_is_counted_and_named(brief: Made) -> None:
    withheld = [
        fact
        for fact in facts_of(brief.edition).values()
        if fact["status"] in {"suppressed", "unreliable"}
    ]
    line = re.search(r"(?m)^- What the publisher withholds.*$", brief.text("standing.unknown"))
    assert bool(line) == bool(withheld)
    if line:
        assert f"({len(withheld)}): " in line[0]
        assert line[0].count("; ") == len(withheld) - 1
    said = {row[0]: row[1] for row in brief["versus.england_table"].rows[2:]}
    for fact in withheld:
        name = label(load_indicators()[fact["indicator"]], fact["group"])
        assert said[name] in {"withheld", "withheld as unreliable"}


def test_the_smallest_authority_has_hardly_a_figure_and_the_briefing_says_so() -> None:
    text = made("Isles of Scilly", "2010").text("standing.summary")
    unknown = made("Isles of Scilly", "2010").text("standing.unknown")
    assert "Official statistics give " in text
    assert "What is given for England and not for Isles of Scilly" in unknown
    assert made("Isles of Scilly", "2025").text("standing.unknown").count("\n- ") >= 2


@every_case
def test_that_no_list_of_neighbours_covers_the_year_is_said(brief: Made) -> None:
    told = f"How {brief.authority} compares with its statistical neighbours: no list of them covers"
    head = brief["versus.others_table"].rows[0] if "versus.others_table" in brief.cells else []
    if brief.edition.name == "2010":
        assert told in brief.text("standing.unknown")
        assert "Neighbours" not in head
    else:
        assert told not in brief.text("standing.unknown")
        assert "Neighbours" in head
        notes = brief.text("versus.others_table")
        assert "those of the department’s list of May 2025, the closest first: " in notes
        names = re.search(r"closest first: ([^.]*)\.", notes)
        assert names
        assert len(names[1].split("; ")) == 10
        assert brief.authority not in names[1].split("; ")


@every_case
def test_what_has_no_base_is_not_tested_and_named_as_such(brief: Made) -> None:
    facts = facts_of(brief.edition)
    without: dict[str, list[Row]] = {}
    for key, row in against(brief.edition, "england").items():
        counted = load_indicators()[row["indicator"]].unit == "count"
        if row["verdict"] == "not compared" and has_figure(facts[key]) and not counted:
            without.setdefault(row["reason"], []).append(row)
    text = brief.text("standing.unknown")
    lines = re.findall(
        r"(?m)^- What cannot be tested against England, since (.*) \((\d+)\): (.*)$", text
    )
    assert {reason: int(number) for reason, number, _ in lines} == {
        reason: len(rows) for reason, rows in without.items()
    }
    for reason, _, names in lines:
        assert names.count("; ") == len(without[reason]) - 1
    head, _, *table = brief["versus.england_table"].rows
    verdicts = {row[0]: row[head.index("Verdict")] for row in table}
    for row in [row for rows in without.values() for row in rows if row["direction"]]:
        word = verdicts[label(load_indicators()[row["indicator"]], row["group"])]
        assert word.endswith(", not tested"), row["indicator"]


@every_case
def test_an_edition_of_one_year_calls_no_trend(brief: Made) -> None:
    if brief.edition.name == "2025":
        return
    if brief.edition.source:
        assert "standing.changed" in brief.empty
        assert "This is the first edition for Kent" in brief.text("overview.changed")
    else:
        assert brief.text("standing.changed") == (
            "Official statistics here give fewer than five years of any measure, so no recent "
            "trend is calculated."
        )


# --- the tables ------------------------------------------------------------------------------


@every_case
def test_every_measure_of_the_authority_is_a_row_and_every_figure_has_its_line(
    brief: Made,
) -> None:
    facts = {
        label(load_indicators()[name], group): fact
        for (name, group), fact in facts_of(brief.edition).items()
    }
    _, _, *rows = brief["versus.england_table"].rows
    assert [row[0] for row in rows] == list(dict.fromkeys(row[0] for row in rows))
    assert {row[0] for row in rows} == set(facts)
    head, _, *rows = brief["notes.official_figures"].rows
    lines = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    for name, fact in facts.items():
        assert lines[name]["Period"] == fact["period"]
        own = lines[name][head[2]]
        assert own.endswith(f", {fact['locator']}"), name
        assert bool(re.match(r"[\d−]", own)) == (fact["value"] == fact["value"])


@every_case
def test_the_sources_named_are_those_of_the_figures(brief: Made) -> None:
    official = brief.edition.official.statistics.official
    used = {
        place.partition(", line")[0]
        for cell in brief.cells.values()
        for one in cell.block.claims
        if any(fact.startswith(f"{brief.edition.name}.") for fact in one.facts)
        for place in one.places
    }
    text = brief.text("notes.sources")
    for source in official.sources:
        if source.id in used:
            assert f"({source.id})" in text
        if f"({source.id})" in text:
            assert plain(source.note) in text


def test_the_latest_judgements_are_those_of_the_list() -> None:
    brief = made("Buckinghamshire", "2025")
    rows = brief["outcomes.judgement_table"].rows[2:]
    judged = [
        row
        for row in brief.edition.official.statistics.official.judgements
        if row["area_code"] == brief.edition.area.code
    ]
    words = {1: "Outstanding", 2: "Good", 3: "Requires improvement", 4: "Inadequate"}
    assert [row[:2] for row in rows] == [[row["judgement"], words[row["grade"]]] for row in judged]
    overall = words[judged[0]["grade"]].lower()
    assert f"Overall effectiveness: {overall}." in brief.text("outcomes.summary")
    [picture] = brief["outcomes.strip"].pictures
    for row in judged:
        assert row["judgement"].lower() in picture.alt
    assert picture.alt.startswith(
        f"Latest judgements of Ofsted as coloured cells, the grade in words. {overall.capitalize()}"
    )


def test_a_unit_of_official_statistics_has_a_word() -> None:
    units = {fact["unit"] for fact in facts_of(made("Essex", "2025").edition).values()}
    assert units <= set(UNIT_WORDS)


# --- the report beside official statistics ------------------------------------------------------


def test_the_report_beside_official_statistics_says_period_definition_and_base() -> None:
    head, _, *rows = made("Kent", "2010")["report_comparisons.reconciliation"].rows
    assert head == ["Measure", "In the report", "In official statistics", "What differs"]
    table = {row[0]: row[1:] for row in rows}
    assert list(table) == [
        *("Looked after children", "Dental checks", "Health assessments", "Immunisations"),
        *("Substance misuse", "Any GCSE pass", "Fixed-term exclusion, secondary schools"),
        "Five good GCSEs with English and maths",
    ]
    for measure, (_, official, differs) in table.items():
        assert "Period: " in differs
        if measure != "Looked after children":
            assert re.search(r"Base: (not stated in the report, here|\d+ against \d+)", differs)
            assert re.fullmatch(r"[\d.]+% \([\d,]+ of [\d,]+\)", official)
    assert table["Looked after children"] == [
        *("1,568", "1,454", "Period: end of August 2010 against 31 March 2010."),
    ]
    assert table["Health assessments"] == [
        "78%",
        "59.1% (539 of 912)",
        "Period: last year against the year to 31 March 2010. Definition: the statistics count "
        "looked after children whose health was assessed in the year. Base: not stated in the "
        "report, here children looked after for twelve months or more.",
    ]
    assert table["Any GCSE pass"][2].endswith("Precision: the report gives a bound or an estimate.")
    assert (
        "Group: all in the report, secondary schools here."
        in (table["Fixed-term exclusion, secondary schools"][2])
    )
    assert table["Five good GCSEs with English and maths"] == [
        *("5.4% (8 of 147)", "4.6% (6 of 130)"),
        "Period: 2010 against the year to 31 August 2010. Base: 147 against 130 young people.",
    ]
    assert "neither is shown to be wrong" in made("Kent", "2010").text(
        "report_comparisons.reconciliation"
    )


def test_a_report_and_statistics_that_share_no_subject_are_not_set_beside_each_other() -> None:
    kent = open_edition("Kent", "2010")
    assert reconciliation(kent, kent.facts.iloc[:0], kent.shares.iloc[:0]) is None
    assert reconciliation(replace(kent, standing=None), kent.facts, kent.shares) is None
    essex = open_edition("Essex", "2025")
    assert reconciliation(essex, essex.facts, essex.shares) is None


def test_the_first_page_tells_report_and_statistics_apart() -> None:
    brief = made("Kent", "2010")
    for good in (True, False):
        assert brief.text(f"standing.stands_out {good}").startswith("In official statistics:\n\n- ")
        assert brief.text(f"overview.stands_out {good}").startswith("In the report:\n\n- ")
    assert not made("Essex", "2025").text("standing.stands_out True").startswith("In ")


# --- another confidence -------------------------------------------------------------------------


def test_another_confidence_reaches_every_interval_and_verdict() -> None:
    sure = open_edition("Essex", "2025", confidence=0.998)
    usual = made("Essex", "2025").edition
    for name in ("lower", "upper"):
        latest = (facts_of(each) for each in (sure, usual))
        limits = (pd.Series({key: fact[name] for key, fact in facts.items()}) for facts in latest)
        wider = (next(limits) - next(limits)).dropna() * (1 if name == "upper" else -1)
        # nought and a hundred per cent are as far as a limit goes
        assert (wider >= 0).all()
        assert (wider > 0).mean() > 0.8
    found = {
        brief.confidence: {
            (row["indicator"], row["group"])
            for row in against(brief, "england").values()
            if row["verdict"] in {"better", "worse"}
        }
        for brief in (sure, usual)
    }
    assert found[0.998] < found[0.95]
    text = standing.summary(sure)
    assert text
    assert "about" in text.markdown
    number = sum(row["verdict"] != "not compared" for row in against(sure, "england").values())
    [chance] = [one for one in text.claims if "× (1 −" in one.calculation]
    assert chance.value == pytest.approx(number * 0.002)


# --- a report without official statistics ------------------------------------------------------


def test_a_report_by_itself_has_its_briefing_as_before() -> None:
    both = made("Kent", "2010")
    alone = make("Kent", "2010", standing=None)
    official = ("standing.", "versus.", "among.", "funnels.", "years.", "outcomes.")
    official += ("report_comparisons.reconciliation", "notes.official_figures", "notes.measures")
    assert {name for name in alone.cells if name.startswith(official)} == set()
    assert set(alone.cells) == {name for name in both.cells if not name.startswith(official)}
    for name, cell in alone.cells.items():
        if name.startswith(("inspection.", "report_comparisons.", "topics.", "notes.every_figure")):
            assert cell.block == both[name].block
    assert not alone.text("overview.stands_out True").startswith("In the report")
    assert "statistics" not in alone.text("notes.sources")
    assert "publishers’ own files" not in alone.text("notes.method")
    assert "Withheld" not in alone.text("notes.how_to_read")
