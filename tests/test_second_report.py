"""A second report, of another authority, and one of a single figure: both are published.

The figures of Medway are synthetic: a third of those of Kent, altered. No inspection found them.
"""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import briefings
import pandas as pd
import pytest
from conftest import ROOT
from verapdf import text_of

from kentstats.ingest.inspection_report import (
    ACTION_COLUMNS,
    FACT_COLUMNS,
    JUDGEMENT_COLUMNS,
    STATEMENT_COLUMNS,
    load_sources,
)
from kentstats.project import Project
from kentstats.publish.briefing import publish
from kentstats.report.context import open_briefing
from kentstats.schemas import Row, records

SOURCE = """\
id: {name}
kind: ofsted-inspection
publisher: Ofsted
title: Synthetic report for the tests, {authority}
authority: {authority}
edition: "2010"
inspected_from: 2010-09-06
inspected_to: 2010-09-17
published: 2010-10-15
url: https://example.org
paragraphs: 95
licence: Synthetic figures. They describe no place.
document_sha256: {checksum}
"""
CHECKS = """\
parts within wholes:
  - subject: Five good GCSEs in the cohort
    part: gcse-five-good
    whole: gcse-cohort
  - subject: Foster carers among residents
    part: foster-carers
    whole: population
"""
SHARES = """\
- id: gcse-five-good-share
  short: Five good GCSEs
  part: gcse-five-good
  whole: gcse-cohort
  sampled: true
"""
SECTIONS = """\
encouraging: health-assessments
of concern: [gcse-five-good-share, care-leavers-eet]
told in full: health-assessments
topics:
  - title: Foster care
    label: foster-care
    waffle:
      figure: health-assessments
      title: "{health-assessments} had a health assessment"
      subtitle: Looked after children, {authority}, {period of health-assessments}
      caption: Each square is one child in a hundred.
      alt: Grid of a hundred squares, those of children assessed marked. {title}.
    figures: [foster-carers, looked-after]
  - title: Nothing that this report has
    label: nothing
    figures: [permanent-exclusions]
"""
JUDGED = ("Overall effectiveness", "Capacity for improvement", "Partnerships")


class Page(HTMLParser):
    """The headings of a page, each with how many words stand below it, and its tables."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.headings: list[list[object]] = []
        self.names: list[str] = []
        self._inside = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag in {"h2", "h3"}
        if self._inside:
            self.headings.append([tag, "", 0])
        self.names += [str(value) for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.headings[-1][1] += data
        elif self.headings:
            self.headings[-1][2] += len(data.split())

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    @property
    def titles(self) -> list[str]:
        return [str(title) for _, title, _ in self.headings]

    @property
    def empty(self) -> list[str]:
        """Headings with nothing below them, not even one of a lower rank."""
        following = [*self.headings[1:], ["h2", "", 0]]
        return [
            str(title)
            for (rank, title, words), (after, _, _) in zip(self.headings, following, strict=True)
            if words == 0 and after <= rank
        ]


def facts_of_kent(home: Project) -> list[Row]:
    path = home.raw / "ofsted-kent-2010" / "facts.csv"
    return records(pd.read_csv(path, dtype=str, keep_default_na=False))


def add_report(home: Project, authority: str, facts: list[Row], judgements: list[Any]) -> Path:
    """Write a report with neither actions nor statements."""
    folder = home.raw / f"synthetic-{authority.casefold()}-2010"
    folder.mkdir()
    source = SOURCE.format(name=folder.name, authority=authority, checksum="a" * 64)
    (folder / "source.yml").write_text(source, encoding="utf-8")
    tables = {"facts": (FACT_COLUMNS, facts), "judgements": (JUDGEMENT_COLUMNS, judgements)}
    tables |= {"actions": (ACTION_COLUMNS, []), "statements": (STATEMENT_COLUMNS, [])}
    for name, (columns, rows) in tables.items():
        frame = pd.DataFrame(rows, columns=list(columns))
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture
def medway(home: Project) -> Path:
    """A third of the figures, altered; no exclusions, no unaccompanied children, no actions."""
    wanted = {"looked-after", "health-assessments", "gcse-five-good", "gcse-cohort"}
    facts = []
    for place, fact in enumerate(facts_of_kent(home)):
        if fact["group"] == "uasc" or "exclusion" in fact["indicator"]:
            continue
        if place % 4 and fact["indicator"] not in wanted:
            continue
        if fact["area_name"] == "Kent":
            value = float(fact["value"]) * (0.9 if fact["unit"] == "percent" else 0.5)
            fact |= {"area_name": "Medway", "value": f"{value:.0f}", "upper": "", "rounding": ""}
            fact["printed"] = fact["value"]
            fact["qualifier"] = "exact" if fact["qualifier"] == "range" else fact["qualifier"]
        facts.append(fact)
    assert 0.2 < len(facts) / len(facts_of_kent(home)) < 0.4
    services = ("safeguarding", "looked after children")
    stated = [(service, judgement) for service in services for judgement in JUDGED]
    judgements = [
        (service, "Overall", judgement, 2, "heading", number, "Grade 2")
        for number, (service, judgement) in enumerate(stated, 10)
    ]
    return add_report(home, "Medway", facts, judgements)


def publish_page(
    authority: str, home: Project, output: Path, edition: str = "2010"
) -> tuple[Page, Path]:
    folder = publish(authority, edition, output=output, home=home)
    page = Page(folder / "briefing.html")
    assert page.empty == []
    assert len(set(page.names)) == len(page.names)
    assert authority in text_of(folder / "briefing.pdf")
    claims = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    assert any(f"synthetic-{authority.casefold()}-2010" in str(claim) for claim in claims["claims"])
    return page, folder


def faults(authority: str, edition: str = "2010") -> list[str]:
    """Where the briefing does not keep to what every briefing must."""
    brief = briefings.make(authority, edition)
    return [fault for check in briefings.CHECKS for fault in check(brief)]


GONE = {"Areas for improvement", "Compared in words alone"}
"""What only a report with actions and statements has."""


def test_a_report_with_its_own_settings_is_published(
    medway: Path, home: Project, tmp_path: Path
) -> None:
    for name, text in (("checks", CHECKS), ("shares", SHARES), ("sections", SECTIONS)):
        (medway / f"{name}.yml").write_text(text, encoding="utf-8")
    assert faults("Medway") == []
    page, folder = publish_page("Medway", home, tmp_path / "out")
    assert {"Judgements", "Foster care", "How far chance reaches"} <= set(page.titles)
    assert not {*GONE, "Nothing that this report has", "Workforce"} & set(page.titles)
    assert {"fig-foster-care", "tbl-foster-care", "tbl-beside"} <= set(page.names)
    text = text_of(folder / "briefing.pdf")
    assert "70% had a health assessment" in " ".join(text.split())
    assert "heading (paragraph 10)" in " ".join(text.split())


def test_a_report_without_settings_is_published_without_what_they_ask_for(
    medway: Path, home: Project, tmp_path: Path
) -> None:
    page, _ = publish_page("Medway", home, tmp_path / "out")
    assert {"Judgements", "What the report compares", "Questions to ask"} <= set(page.titles)
    assert not {*GONE, "Foster care", "How far chance reaches"} & set(page.titles)


def test_settings_that_ask_for_more_than_there_is_do_no_harm(
    medway: Path, home: Project, tmp_path: Path
) -> None:
    for path in (home.raw / "ofsted-kent-2010").glob("*.yml"):
        if path.name != "source.yml":
            shutil.copyfile(path, medway / path.name)
    page, folder = publish_page("Medway", home, tmp_path / "out")
    assert {"Children looked after", "Schools and settings"} <= set(page.titles)
    assert "fig-looked-after" not in page.names
    text = " ".join((folder / "briefing.html").read_text(encoding="utf-8").split())
    assert "This needs a figure that the report does not give: looked-after / uasc" in text


@pytest.mark.parametrize("edition", ["2010", "2012"])
def test_a_report_with_one_figure_is_published(edition: str, home: Project, tmp_path: Path) -> None:
    """With official statistics beside it, and in an edition that has none."""
    [fact] = [fact for fact in facts_of_kent(home) if fact["indicator"] == "immunisations"]
    folder = add_report(home, "Rutland", [{**fact, "area_name": "Rutland"}], [])
    source = (folder / "source.yml").read_text(encoding="utf-8")
    (folder / "source.yml").write_text(source.replace('"2010"', f'"{edition}"'), encoding="utf-8")
    assert faults("Rutland", edition) == []
    page, _ = publish_page("Rutland", home, tmp_path / "out", edition)
    assert {"At a glance", "Every figure of the report, with its place"} <= set(page.titles)
    assert not {*GONE, "Judgements", "How far chance reaches"} & set(page.titles)


def test_the_examples_of_the_page_on_adding_a_report_make_one(home: Project) -> None:
    page = (ROOT / "docs" / "adding-a-report.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:yaml|csv)\n(.*?)```", page, re.DOTALL)
    names = ["source.yml", "facts.csv", "judgements.csv", "actions.csv", "statements.csv"]
    names += ["shares.yml", "checks.yml", "sections.yml"]
    folder = home.raw / "ofsted-medway-2010"
    folder.mkdir()
    for name, block in zip(names, blocks, strict=True):
        (folder / name).write_text(block, encoding="utf-8")
    assert len(load_sources(home)) == 2
    brief = open_briefing("Medway", "2010", home=home)
    assert brief.checks["subject"].tolist()[-1] == "Actions fall due on or after publication"
    assert len(brief.report_comparisons) == 1
    settings = brief.settings
    assert settings.shares
    assert settings.checks.words_against_numbers
    assert settings.sections.topics
