"""Briefings made in this process, cell by cell, and what each of them must keep to.

A check yields its faults as sentences, so that one authority can be looked at closely and many in
passing. What eight briefings say word for word is in the golden files.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import nbformat
from conftest import ROOT
from reading import alternative, claims_of, names_of, picture_text, plain, read, texts

from kentstats.indicators import load_indicators
from kentstats.ingest.datasets import ATTRIBUTION
from kentstats.load import load_facts
from kentstats.project import find_project
from kentstats.report.blocks import Block
from kentstats.report.context import Briefing
from kentstats.report.figures import DIFFERENT, has_figure
from kentstats.schemas import SCALE, Row, records

NOTEBOOK = ROOT / "notebooks" / "briefing.ipynb"
WORKED = re.compile(r"([\d,.]+) / ([\d,.]+) × (?:100|1,000|10,000)")
PLACE = re.compile(r"[a-z0-9-]+, line \d+")
MARK = "\N{HORIZONTAL ELLIPSIS}"
SCALED = {"fig-ranked", "fig-funnel", "fig-trend", "fig-intervals"}
"""Charts with an axis of numbers; what is drawn in all others is a label."""


@dataclass(frozen=True)
class Section:
    """What a section shows."""

    block: Block

    @cached_property
    def page(self) -> Element:
        return read(self.block.markdown)

    @cached_property
    def text(self) -> str:
        """What a reader reads, a line for each paragraph, item and cell."""
        return "\n".join(map(plain, texts(self.page)))

    @cached_property
    def rows(self) -> list[list[str]]:
        """The cells of its table."""
        return [[plain(cell) for cell in row] for row in self.page.iterfind(".//tbody/tr")]


@dataclass(frozen=True, eq=False)
class Made:
    """A briefing, and every section of the notebook that shows something, by name."""

    brief: Briefing
    sections: dict[str, Section]

    def __getitem__(self, name: str) -> Section:
        return self.sections[name]

    def text(self, name: str) -> str:
        return self.sections[name].text if name in self.sections else ""

    @property
    def england(self) -> list[Row]:
        return records(self.brief.comparisons_with("england"))


@cache
def sources() -> tuple[str, ...]:
    """What stands in the code cells of the notebook."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    return tuple(cell.source for cell in notebook.cells if cell.cell_type == "code")


def opened(authority: str, edition: str, **altered: Any) -> dict[str, Any]:
    """Run the first two cells: what is `altered` takes the place of what the briefing has."""
    parameters, opening, *_ = sources()
    names: dict[str, Any] = {}
    exec(parameters, names)
    names |= {"authority": authority, "edition": edition}
    exec(opening, names)
    names["brief"] = replace(names["brief"], **altered)
    return names


def run_cell(source: str, names: dict[str, Any]) -> dict[str, Block]:
    """Run a cell, and return what its sections show by their names."""
    shown: list[Block | None] = []
    names["show"] = lambda *blocks: shown.extend(blocks)
    exec(source, names)
    [call] = [node.value for node in ast.parse(source).body if isinstance(node, ast.Expr)]
    assert isinstance(call, ast.Call)
    found = {}
    for section, block in zip(call.args, shown, strict=True):
        assert isinstance(section, ast.Call)
        name = ast.unparse(section.func)
        if name in {"overview.stands_out", "inspection.findings"}:
            *_, last = re.findall(r"\w+", ast.unparse(section))  # True, False or the rows
            name += f" {last}"
        if block is not None:
            found[name] = block
    return found


def make(authority: str, edition: str, **altered: Any) -> Made:
    """Run every cell of the notebook for an authority, in this process."""
    names = opened(authority, edition, **altered)
    shown: dict[str, Block] = {}
    for source in sources()[2:]:
        shown |= run_cell(source, names)
    return Made(names["brief"], {name: Section(block) for name, block in shown.items()})


made = cache(make)
"""The same, made once."""


def all_facts(edition: str) -> dict[str, Row]:
    """Every fact of an edition of the project at hand by its id."""
    return _facts_of(edition, find_project().root)


@cache
def _facts_of(edition: str, root: Path) -> dict[str, Row]:
    return {row["fact_id"]: row for row in records(load_facts(edition=edition, home=root))}


def names_with_digits(brief: Briefing) -> set[str]:
    """What comes from tables and catalogue as it is and may hold digits."""
    words: set[str] = {ATTRIBUTION, brief.source_line}
    for one in load_indicators().values():
        given = [one.short, one.name, one.numerator, one.denominator, one.caveats, one.question]
        words |= {first + text[1:] for text in given for first in text[:1] + text[:1].swapcase()}
    if brief.profile:
        official = brief.profile.statistics.official
        for source in official.sources:
            words |= {source.title, source.id, source.note, source.url}
        words |= {str(row["locator"]) for row in official.judgements}
    if brief.source:
        words |= {
            brief.source.licence.strip(),
            *brief.judgements["locator"].str.removeprefix("heading above "),
        }
        words |= set(brief.facts[["period", "description", "locator"]].to_numpy().ravel())
        words |= {*brief.actions["action"], *brief.actions["locator"], *brief.checks["subject"]}
        words |= {place for places in brief.checks["locators"] for place in places.split("; ")}
        words |= set(brief.statements[["subject", "period", "locator"]].to_numpy().ravel())
    return {word for word in words if re.search(r"\d", word)}


@cache
def pattern_of(words: frozenset[str]) -> re.Pattern[str]:
    """Match words, the longest first, but no part of a longer number."""
    longest = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\d.,/])(?:{'|'.join(map(re.escape, longest))})(?!\d|[.,/]\d)")


def bare_digits(text: str, words: set[str]) -> bool:
    """Tell whether a digit stands in a text beside the words."""
    if not re.search(r"\d", text):
        return False
    return not words or bool(re.search(r"\d", pattern_of(frozenset(words)).sub(MARK, text)))


# what a briefing must keep to


def claims_are_printed(made: Made) -> Iterator[str]:
    """A claim that is printed is one of its block's, and a block's claim is printed."""
    for name, section in made.sections.items():
        known = {one.id: one for one in section.block.claims}
        if len(known) != len(section.block.claims):
            yield f"{name}: a claim is listed twice"
        for element in claims_of(section.page):
            one = known.get(element.attrib["data-claim"])
            if one is None or plain(element) != one.shown:
                yield f"{name}: {plain(element)} is no claim of its block"
        drawn = picture_text(section.page).replace("\n", " ")
        seen = "\n".join([section.text, *alternative(section.page), drawn])
        for one in known.values():
            if one.shown not in seen:
                yield f"{name}: {one.shown} is claimed and not printed"


def claims_lead_to_facts(made: Made) -> Iterator[str]:
    """The facts behind a claim exist, and its value is theirs or follows from theirs."""
    brief, facts = made.brief, all_facts(made.brief.edition)
    known = {*facts, *brief.outcomes.get("fact_id", ())}
    if brief.profile:
        known |= {source.id for source in brief.profile.statistics.official.sources}
    report = f"{brief.source.id}." if brief.source else "no report"
    others = ("parameter.", report, f"{brief.edition}.figures")
    for name, section in made.sections.items():
        for one in section.block.claims:
            behind = dict.fromkeys((*one.facts, *one.others))
            if not (behind and one.places and all(one.places) and one.calculation and one.shown):
                yield f"{name}: {one.shown} says not where it comes from"
            unknown = [
                fact
                for fact in behind
                if fact not in known
                and (not fact.startswith(others) or re.search(r"\.p\d+\.", fact))
            ]
            if unknown:
                yield f"{name}: {one.shown} comes from {unknown[:3]}, which are no facts"
            elif isinstance(one.value, float):
                rows = [facts[fact] for fact in behind if fact in facts]
                yield from _value(name, one, rows)


def _value(name: str, one: Any, facts: list[Row]) -> Iterator[str]:
    if not math.isfinite(one.value):
        yield f"{name}: {one.shown} is no number"
    elif match := WORKED.fullmatch(one.calculation):
        top, base = (float(number.replace(",", "")) for number in match.groups())
        # nought of nought was published as nought per cent, of the City of London in 2024
        expected = top / base * SCALE[one.unit] if base or top else 0.0
        if not math.isclose(expected, one.value, rel_tol=1e-9):
            yield f"{name}: {one.shown} is not {one.calculation}"
        if len(facts) == 1 and (top, base) != (facts[0]["numerator"], facts[0]["denominator"]):
            yield f"{name}: {one.calculation} is not of the numbers of {one.facts}"
    elif one.calculation == "as published" and len(facts) == 1 and one.value != facts[0]["value"]:
        yield f"{name}: {one.shown} is not what {one.facts[0]} says"


def digits_are_claims(made: Made) -> Iterator[str]:
    """Every digit is of a claim, or of a name or a place that comes from the tables as it is."""
    facts = all_facts(made.brief.edition).values()
    names, places = names_with_digits(made.brief), {str(fact["locator"]) for fact in facts}
    periods = {str(fact["period"]) for fact in facts}
    years = {str(year) for year in range(1990, 2100)}
    free = {
        "distributions.trend_table": years,
        "notes.official_figures": periods,
        "notes.every_figure": {str(number) for number in range(1, 100)},
    }
    for name, section in made.sections.items():
        known = names | free.get(name, set())
        for element in texts(section.page):
            text = plain(element, claims=False)
            text = PLACE.sub(lambda match: MARK if match[0] in places else match[0], text)
            if bare_digits(text, known):
                yield f"{name}: a digit that is no claim: {text[:120]}"
        shown = {one.shown for one in section.block.claims}
        # a unit that the title or the axis says is not said again beside a dot
        words = names | periods | shown | {each.partition(" per ")[0] for each in shown}
        drawn = picture_text(section.page).splitlines()
        if SCALED & set(names_of(section.page)):
            drawn = [line for line in drawn if not re.fullmatch(r"[\d,.]+%?", line)]
        for text in (*alternative(section.page), " ".join(drawn)):
            if bare_digits(text, words):
                yield f"{name}: a digit in a picture that is no claim: {text}"


AMISS = {
    "a figure that is none": r"\b(nan|inf|None|NaT|NaN)\b",
    "one of several": r"(?<![\d,.])1 (measures|figures|areas|years|checks|shares|differences)\b",
    "two spaces": r"(?<=\S)  +(?=\S)",
    "a space before a stop": r"\w [.,;:](\s|$)",
    "empty brackets": r"\(\s*\)",
    "a doubled stop": r"[.,;:] ?[.,;:](?!\.)",
    "a slot that was not filled": r"\{[a-z_]+\}",
}


def nothing_is_amiss(made: Made) -> Iterator[str]:
    """No missing figure is printed, no plural of one, no slip of spaces and stops."""
    for name, section in made.sections.items():
        said = "\n".join([section.text, *alternative(section.page), picture_text(section.page)])
        for what, pattern in AMISS.items():
            if match := re.search(pattern, said):
                place = said[max(0, match.start() - 40) : match.end() + 20]
                yield f"{name}: {what}: {place!r}"


def names_are_unique(made: Made) -> Iterator[str]:
    """No two pictures or tables bear one name."""
    found = [name for section in made.sections.values() for name in names_of(section.page)]
    yield from sorted({f"{name} stands twice" for name in found if found.count(name) > 1})


def verdicts_are_earned(made: Made) -> Iterator[str]:
    """Better and worse need limits that leave the benchmark out, and are printed as found."""
    for row in records(made.brief.comparisons_with("england", "region", "type", "neighbours")):
        above, below = row["lower"] > row["benchmark_high"], row["upper"] < row["benchmark_low"]
        polarity = load_indicators()[row["indicator"]].polarity
        good = {"high": above, "low": below}.get(polarity)
        word = {True: "better", False: "worse", None: "higher" if above else "lower"}[good]
        if row["verdict"] in DIFFERENT and (not (above or below) or row["verdict"] != word):
            yield f"{row['indicator']} against {row['comparator']}: {row['verdict']}"
    if "comparisons.england_table" in made.sections:
        printed = [row[3].partition(" (")[0] for row in made["comparisons.england_table"].rows]
        found = [row["verdict"] for row in made.england]
        if [word for word in printed if word in DIFFERENT] != [
            verdict for verdict in found if verdict in DIFFERENT
        ]:
            yield f"{printed} is printed, {found} found"


def the_summary_adds_up(made: Made) -> Iterator[str]:
    """The first page counts the verdicts, and every measure with a figure."""
    text = made.text("overview.summary")
    verdicts = [row["verdict"] for row in made.england]
    counts = {word: verdicts.count(word) for word in (*DIFFERENT, "similar")}
    tested, given = sum(counts.values()), sum(map(has_figure, made.england))
    told = (
        f"{given} measures for {made.brief.authority}; {tested} of them can be tested against "
        f"England. Verdicts: {counts['better']} better, {counts['worse']} worse, "
        f"{counts['higher'] + counts['lower']} higher or lower where neither is good, "
        f"{counts['similar']} that cannot be told apart"
    )
    if made.brief.profile and (told if tested else "None of them can be tested") not in text:
        yield f"{told}: {text}"


def nothing_withheld_is_printed(made: Made) -> Iterator[str]:
    """No number comes of a fact that has no figure, and each such fact is said to have none."""
    facts = all_facts(made.brief.edition)
    without_figure = {key for key, fact in facts.items() if not has_figure(fact)}
    for name, section in made.sections.items():
        for one in section.block.claims:
            counted = one.calculation.startswith("number of ") or one.unit == "label"
            if without_figure >= {*one.facts, *one.others} and not counted:
                yield f"{name}: {one.shown} comes of a figure that there is not"
    unknown = made.text("overview.unknown").casefold()
    for row in made.england:
        short = load_indicators()[row["indicator"]].short.casefold()
        if row["status"] in {"suppressed", "unreliable"} and short not in unknown:
            yield f"{short}: that its figure is withheld is not said"


CHECKS: tuple[Callable[[Made], Iterator[str]], ...] = (
    claims_are_printed,
    claims_lead_to_facts,
    digits_are_claims,
    nothing_is_amiss,
    names_are_unique,
    verdicts_are_earned,
    the_summary_adds_up,
    nothing_withheld_is_printed,
)
