"""Briefings made in this process, cell by cell, and what each of them must keep to.

Every check yields its faults as sentences, so that one authority can be looked at closely and
many in passing. Blocks are not rendered to be read: their Markdown is written by
:mod:`kentstats.report`, which escapes every mark, so a few patterns take it apart.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from html import unescape
from typing import Any
from unittest import mock

import nbformat
import pandas as pd
import reading
from conftest import ROOT
from kentstats.report.official import SURE, WITHHELD, against, facts_of, label, short

from kentstats.charts import drawing
from kentstats.indicators import load_indicators
from kentstats.ingest.datasets import ATTRIBUTION
from kentstats.load import load_facts
from kentstats.report.blocks import Block
from kentstats.report.claims import Claim
from kentstats.report.context import Edition, open_edition
from kentstats.schemas import SCALE, Row, records
from kentstats.stats.intervals import wilson

NOTEBOOK = ROOT / "notebooks" / "briefing.ipynb"
CLAIM = re.compile(
    r'<span class="claim" data-id="(c[0-9a-f]{16})" data-value="([^"]*)" data-source="([^"]*)">'
    r"((?:[^<\\]|\\.)*)</span>"
)
PICTURE = re.compile(r"!\[(?:[^\[\]\\]|\\.)*\]\(data:[^)]*\)<span></span>\n")
FRAME = re.compile(r"</?div[^>]*>\n?")
NAME = re.compile(r'<div id="([a-z-]+)">')
LINK = re.compile(r"\[(?:[^\[\]\\]|\\.)*\]\([^)]*\)|<https?:[^>]*>")
ANCHOR = re.compile(r'<span id="[a-z0-9-]+">((?:[^<\\]|\\.)*)</span>')
LINE = re.compile(r"[a-z0-9-]+, line \d+")
WORKED = re.compile(r"([\d,.]+) / ([\d,.]+) (?:× 100|× 1,000|× 10,000)")
MARK = "\N{HORIZONTAL ELLIPSIS}"
# pictures with an axis of numbers; what is drawn in all others is a label
SCALED = {"fig-ranked", "fig-funnel", "fig-trend", "fig-intervals"}
LENGTHS = {
    "fig-outcomes": (125, 250),
    "fig-spine": (90, 250),
    "fig-ranked": (125, 250),
    "fig-funnel": (125, 250),
    "fig-neighbours": (125, 250),
    "fig-trend": (90, 250),
}
"""How many characters describe a picture of official statistics, at least and at most."""


LOOKED_AT = {
    *("standing.summary", "standing.unknown", "standing.stands_out True"),
    *("standing.stands_out False", "versus.england_table", "versus.others_table"),
    *("years.trend_table", "notes.official_figures", "notes.every_figure"),
}
"""Sections that a check looks into, by name."""


@dataclass(frozen=True)
class Picture:
    """What is drawn in a block, and what is said of it."""

    name: str
    caption: str
    alt: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """A cell of the notebook and the block it showed."""

    source: str
    block: Block

    @cached_property
    def pictures(self) -> list[Picture]:
        found = []
        for element in reading.read(self.block.markdown).iter("figure"):
            [alt], caption = reading.alternative(element), element.find("figcaption")
            assert caption is not None
            lines = filter(None, map(str.strip, reading.picture_text(element).splitlines()))
            words = reading.plain(caption)
            found.append(Picture(element.attrib["id"], words, alt, tuple(lines)))
        return found

    @cached_property
    def words(self) -> str:
        """Its Markdown, captions with it, without pictures."""
        return FRAME.sub("", PICTURE.sub("", self.block.markdown))

    @cached_property
    def text(self) -> str:
        """What a reader reads: claims as they are shown."""
        return plain(ANCHOR.sub(r"\1", CLAIM.sub(r"\4", self.words)))

    @cached_property
    def unclaimed(self) -> str:
        """The same with a mark in the place of claims and of links."""
        return plain(ANCHOR.sub(r"\1", LINK.sub(MARK, CLAIM.sub(MARK, self.words))))

    @property
    def rows(self) -> list[list[str]]:
        """The cells of its table, the header first."""
        lines = [line for line in self.text.splitlines() if line.startswith("| ")]
        return [[each.strip() for each in line.strip("|").split(" | ")] for line in lines]


@dataclass(frozen=True, eq=False)
class Made:
    """A briefing: its edition, and every cell that showed something."""

    authority: str
    edition: Edition
    cells: dict[str, Cell]
    empty: tuple[str, ...]
    titles: tuple[tuple[str, str], ...] = field(default=())

    def __getitem__(self, name: str) -> Cell:
        return self.cells[name]

    def text(self, name: str) -> str:
        """What a cell shows, nothing where it shows nothing."""
        return self.cells[name].text if name in self.cells else ""


def plain(markdown: str) -> str:
    return re.sub(r"\\([^\w\s])", r"\1", markdown)


@cache
def sources() -> tuple[str, ...]:
    """What stands in the cells of the notebook."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    return tuple(cell.source for cell in notebook.cells if cell.cell_type == "code")


def calls(source: str) -> Iterator[ast.Call]:
    """The calls of sections in a cell: one by itself, or all that it shows."""
    last = ast.parse(source).body[-1]
    assert isinstance(last, ast.Expr)
    call = last.value
    assert isinstance(call, ast.Call)
    for each in call.args if ast.unparse(call.func) == "show" else [call]:
        assert isinstance(each, ast.Call)
        yield each


@cache
def sections() -> tuple[tuple[str, str], ...]:
    """Name and source of every section of the notebook, in order, below the rows it takes."""
    _, _, *cells = sources()
    found = []
    for rows, call in (
        (ast.parse(source).body[:-1], call) for source in cells for call in calls(source)
    ):
        name = ast.unparse(call.func)
        name += "".join(
            f" {ast.unparse(each.value)}" for each in call.keywords if each.arg == "good"
        )
        name += "".join(
            f" {each.id}"
            for each in call.args[1:]
            if isinstance(each, ast.Name) and name == "inspection.findings"
        )
        found.append((name, "\n".join(map(ast.unparse, [*rows, call]))))
    names = [name for name, _ in found]
    assert len(set(names)) == len(names)
    assert set(names) >= LOOKED_AT, "a section has another name now"
    return tuple(found)


def own(edition: Edition, table: str) -> list[Row]:
    """The rows of the authority in a table that all share."""
    frame = getattr(edition.official.statistics, table)
    return records(frame[frame["area_code"].eq(edition.area.code)])


def make(authority: str, edition: str, **altered: Any) -> Made:
    """Run every cell of the notebook for an authority, in this process.

    What is `altered` takes the place of what the edition has.
    """
    parameters, opening, *_ = sources()
    names: dict[str, Any] = {}
    exec(parameters, names)
    names |= {"authority": authority, "edition": edition}
    exec(opening, names)
    names["brief"] = replace(names["brief"], **altered)
    cells, empty, titles = {}, [], []

    def noted(axes: Any, *, title: str, subtitle: str, **options: Any) -> Any:
        titles.append((title, subtitle))
        return add_titles(axes, title=title, subtitle=subtitle, **options)

    add_titles = drawing.add_titles
    with mock.patch.object(drawing, "add_titles", noted):
        for name, source in sections():
            *rows, call = source.split("\n")
            exec("\n".join(rows), names)
            shown = eval(call, names)
            assert shown is None or isinstance(shown, Block), name
            if shown is None or not shown.markdown:
                empty.append(name)
            else:
                cells[name] = Cell(source, shown)
    assert len(cells) + len(empty) == len(sections())
    return Made(authority, names["brief"], cells, tuple(empty), tuple(titles))


made = cache(make)
"""The same, made once."""


@cache
def all_facts(edition: str) -> dict[str, Row]:
    """Every fact of an edition by its id, as the package loads them."""
    return {row["fact_id"]: row for row in records(load_facts(edition=edition))}


@cache
def names_with_digits(edition: str, report: str) -> frozenset[str]:
    """What comes from tables and catalogue as it is and may hold digits."""
    brief = open_edition(report or "Essex", edition)
    official = brief.official.statistics.official
    words: set[str] = {ATTRIBUTION}
    for one in load_indicators().values():
        texts = [one.short, one.name, one.numerator, one.denominator]
        texts += [one.meaning, one.why, one.caveats, one.question]
        words |= {*texts, *(text[:1].lower() + text[1:] for text in texts)}
        words |= {text[:1].upper() + text[1:] for text in texts}
    for source in official.sources:
        words |= {source.title, source.id, source.note}
    words |= {str(row["locator"]) for row in official.judgements}
    if report:
        words |= {brief.credit, brief.report.licence.strip()}
        words |= set(brief.facts[["period", "description", "locator"]].to_numpy().ravel())
        words |= {*brief.actions["action"], *brief.actions["locator"], *brief.checks["subject"]}
        words |= set(brief.judgements["locator"])
        words |= set(brief.statements[["subject", "period", "locator"]].to_numpy().ravel())
        words |= {place for places in brief.checks["locators"] for place in places.split("; ")}
    return frozenset(word for word in words if re.search(r"\d", word))


@cache
def lines_of_files(edition: str) -> frozenset[str]:
    """Where the facts of an edition are in its sources."""
    return frozenset(str(fact["locator"]) for fact in all_facts(edition).values())


@cache
def whole(words: frozenset[str]) -> re.Pattern[str]:
    """Match words, the longest first, but no part of a longer number."""
    longest = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<![\d.,/])(?:{'|'.join(map(re.escape, longest))})(?!\d|[.,/]\d)")


def bare_digits(made: Made, text: str, more: frozenset[str] = frozenset()) -> bool:
    """Tell whether a digit stands in a text that neither the tables nor `more` account for."""
    lines = lines_of_files(made.edition.name)
    text = LINE.sub(lambda match: MARK if match[0] in lines else match[0], text)
    report = made.authority if made.edition.source else ""
    names = names_with_digits(made.edition.name, report)
    return bool(re.search(r"\d", whole(names | more).sub(MARK, text)))


# --- what a briefing must keep to ---------------------------------------------------------


def claims_are_printed(made: Made) -> Iterator[str]:
    """A claim that is printed is one of its block's, and a block's claim is printed."""
    everywhere: dict[str, Claim] = {}
    for name, cell in made.cells.items():
        known = {one.id: one for one in cell.block.claims}
        if len(known) != len(cell.block.claims):
            yield f"{name}: a claim is listed twice"
        for key, value, place, shown in CLAIM.findall(cell.block.markdown):
            one = known.get(key)
            if one is None:
                yield f"{name}: {shown} is no claim of its block"
                continue
            written = one.value if isinstance(one.value, str) else f"{one.value:.12g}"
            if (plain(shown), unescape(value), unescape(place)) != (one.shown, written, one.place):
                yield f"{name}: {shown} is printed unlike its claim"
        seen = "\n".join(
            [cell.text, *(f"{one.alt}\n" + " ".join(one.lines) for one in cell.pictures)]
        )
        for one in known.values():
            if one.shown not in seen:
                yield f"{name}: {one.shown} is claimed and not printed"
            if everywhere.setdefault(one.id, one) != one:
                yield f"{name}: {one.id} is two claims"


def claims_lead_to_facts(made: Made) -> Iterator[str]:
    """The facts behind a claim exist, and its value is theirs, or comes from theirs as it says."""
    facts = all_facts(made.edition.name)
    judged = {
        f"{made.edition.name}.{row['source_id']}.{row['position']}.{row['area_code']}"
        for row in made.edition.official.statistics.official.judgements
    }
    lists = {source.id for source in made.edition.official.statistics.official.sources}
    report = f"{made.edition.source.id}." if made.edition.source else "no report"
    others = ("parameter.", report, f"{made.edition.name}.figures")
    for name, cell in made.cells.items():
        for one in cell.block.claims:
            if not (one.facts and one.places and all(one.places) and one.calculation and one.shown):
                yield f"{name}: {one.shown} says not where it comes from"
            unknown = [
                fact
                for fact in (*one.facts, *one.others)
                if fact not in facts
                and fact not in judged
                and fact not in lists
                and (not fact.startswith(others) or re.search(r"\.p\d+\.", fact))
            ]
            if unknown:
                yield f"{name}: {one.shown} comes from {unknown[:3]}, which are no facts"
            elif isinstance(one.value, float):
                behind = dict.fromkeys((*one.facts, *one.others))
                yield from _value(name, one, [facts[fact] for fact in behind if fact in facts])


def _value(name: str, one: Claim, facts: list[Row]) -> Iterator[str]:
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
    """Every digit is of a claim, or of a name that comes from the tables as it is."""
    years = frozenset(str(year) for year in range(1990, 2100))
    for name, cell in made.cells.items():
        if name in {"notes.every_figure", "notes.official_figures"}:
            continue  # below, since their paragraphs and periods are columns
        for line in cell.unclaimed.splitlines():
            heads = name == "years.trend_table" and line.startswith("| Measure |")
            if bare_digits(made, line, years if heads else frozenset()):
                yield f"{name}: a digit that is no claim: {line[:120]}"
    for head, *rows in (
        made[name].rows
        for name in ("notes.official_figures", "notes.every_figure")
        if name in made.cells
    ):
        column = head.index("Period" if "Period" in head else "Paragraph")
        for row in rows[1:]:
            if not re.fullmatch(r"\d{4}(/\d\d)?|\[?\d{1,2}(\]\{#paragraph-\d+\})?", row[column]):
                yield f"{row[column]} is no period or paragraph"


def digits_of_pictures_are_claims(made: Made) -> Iterator[str]:
    """So it is in pictures and alternative texts; beside them there are ticks and periods."""
    periods = {str(one["period"]) for one in all_facts(made.edition.name).values()}
    for name, cell in made.cells.items():
        # a unit that the title or the axis says is not said again beside a dot
        shown = {one.shown.partition(" per ")[0] for one in cell.block.claims}
        words = frozenset(periods | shown | {one.shown for one in cell.block.claims})
        for picture in cell.pictures:
            ticks = picture.name in SCALED
            drawn = [
                line for line in picture.lines if not (ticks and re.fullmatch(r"[\d,.]+%?", line))
            ]
            # in one line, since a long title or subtitle is wrapped
            for text in (picture.alt, " ".join(drawn)):
                if bare_digits(made, text, words):
                    yield f"{name}: a digit in {picture.name} that is no claim: {text}"


AMISS = {
    "a figure that is none": r"\b(nan|inf|None|NaT|NaN)\b",
    "one of several": r"(?<![\d,.])1 (measures|figures|areas|years|checks|shares|differences)\b",
    "two spaces": r"(?<=\S)  +(?=\S)",
    "a space before a stop": r"\w [.,;:](\s|$)",
    "an empty bullet": r"(?m)^- *$|^- [.,;:]",
    "empty brackets": r"\(\s*\)",
    "a doubled stop": r"[.,;:] ?[.,;:](?!\.)",
    "a comma at the end": r"(?m), *$",
    "a slot that was not filled": r"\{[a-z_]+\}",
}


def nothing_is_amiss(made: Made) -> Iterator[str]:
    """No missing figure is printed, no plural of one, no slip of spaces and stops."""
    for name, cell in made.cells.items():
        # the rule of a table is no text
        said = re.sub(r"(?m)^\|[-:| ]+\|$", "", cell.text)
        said = "\n".join([said, *(picture.alt for picture in cell.pictures)])
        drawn = "\n".join(line for picture in cell.pictures for line in picture.lines)
        if not cell.text.strip():
            yield f"{name}: shows nothing"
        for what, pattern in AMISS.items():
            # what is drawn may be wrapped at a comma
            body = said if what == "a comma at the end" else f"{said}\n{drawn}"
            if match := re.search(pattern, body):
                place = body[max(0, match.start() - 40) : match.end() + 20]
                yield f"{name}: {what}: {place!r}"


def pictures_are_described(made: Made) -> Iterator[str]:
    """Pictures have a caption, a title in few words, an alternative text neither short nor long."""
    for title, subtitle in made.titles:
        if not 3 <= len(title.split()) <= 15:
            yield f"a title of {len(title.split())} words: {title}"
        if subtitle != subtitle.strip(" ,") or ", ," in subtitle or not subtitle:
            yield f"a subtitle with a gap: {subtitle!r}"
    pictures = [picture for cell in made.cells.values() for picture in cell.pictures]
    if len(pictures) != len(made.titles):
        yield f"{len(made.titles)} titles for {len(pictures)} pictures"
    for one in pictures:
        least, most = LENGTHS.get(one.name, (60, 200))
        if not least <= len(one.alt) <= most:
            yield f"{one.name}: {len(one.alt)} characters describe it: {one.alt}"
        if not one.alt.endswith(".") or len(one.caption.split()) < 6 or one.alt == one.caption:
            yield f"{one.name}: caption or alternative text say little"
    if len({one.alt for one in pictures}) != len(pictures):
        yield "two pictures have the same alternative text"


def names_are_unique(made: Made) -> Iterator[str]:
    """No two pictures or tables bear one name."""
    found = [name for cell in made.cells.values() for name in NAME.findall(cell.block.markdown)]
    yield from sorted({f"{name} stands twice" for name in found if found.count(name) > 1})


def verdicts_are_earned(made: Made) -> Iterator[str]:
    """Better and worse need limits that leave the benchmark out, and a polarity."""
    facts = facts_of(made.edition)
    for row in own(made.edition, "comparisons"):
        if row["verdict"] not in SURE:
            continue
        what = f"{row['indicator']} against {row['comparator']}: {row['verdict']}"
        polarity = load_indicators()[row["indicator"]].polarity
        above = row["lower"] > row["benchmark_high"]
        if not (above or row["upper"] < row["benchmark_low"]):
            yield f"{what}, though the limits hold the benchmark"
        good = {"high": above, "low": not above}.get(polarity)
        word = {True: "better", False: "worse", None: "higher" if above else "lower"}[good]
        if word != row["verdict"]:
            yield f"{what}, where it is {word}"
        fact = facts[row["indicator"], row["group"]]
        if fact["unit"] == "percent":
            low, high = wilson(fact["numerator"], fact["denominator"], confidence=row["level"])
            if 100 * low <= row["benchmark"] <= 100 * high:
                yield f"{what}, at a level at which it is not"
    yield from _verdicts_printed(made)


def named(row: Row) -> str:
    """Name the measure of a row as a table does."""
    return label(load_indicators()[row["indicator"]], str(row["group"]))


def _verdicts_printed(made: Made) -> Iterator[str]:
    yield from _verdicts_of_england(made)
    yield from _verdicts_of_others(made)
    for good in (True, False):
        word = "better" if good else "worse"
        rows = against(made.edition, "england").values()
        found = {short(row).plain for row in rows if row["verdict"] == word}
        lines = re.findall(r"(?m)^- (.*)$", made.text(f"standing.stands_out {good}"))
        if len(lines) != min(3, len(found)):
            yield f"{len(lines)} measures stand out as {word}, of {len(found)}"
        for line in lines:
            if not any(line.startswith(f"{name}: ") and f": {word}, at " in line for name in found):
                yield f"it stands out as {word}: {line}"


def _verdicts_of_england(made: Made) -> Iterator[str]:
    words = {named(row): row["verdict"] for row in against(made.edition, "england").values()}
    head, _, *lines = made["versus.england_table"].rows
    column = head.index("Verdict")
    for line in lines:
        word = line[column].partition(" (")[0]
        if (word in SURE or words[line[0]] in SURE) and word != words[line[0]]:
            yield f"{line[0]}: {word} is printed, {words[line[0]]} found"


def _verdicts_of_others(made: Made) -> Iterator[str]:
    if "versus.others_table" not in made.cells:
        return
    head, _, *lines = made["versus.others_table"].rows
    columns = {"Region": "region", "Same type": "type", "Neighbours": "neighbours"}
    for place, column in enumerate(head[2:], 2):
        rows = against(made.edition, columns[column]).values()
        found = {named(row): row["verdict"] for row in rows}
        for line in lines:
            match = re.search(r": (better|worse|higher|lower) \((95|99\.8)%\)\*?$", line[place])
            word = match[1] if match else "similar"
            if word != (found[line[0]] if found[line[0]] in SURE else "similar"):
                yield f"{line[0]}: “{line[place]}” is printed, {found[line[0]]} found"


def the_summary_adds_up(made: Made) -> Iterator[str]:
    """The first page counts the verdicts, and every measure with a figure."""
    found = made["standing.summary"]
    numbers = [one.value for one in found.block.claims if one.unit == "count"]
    text = found.text
    rows = against(made.edition, "england").values()
    facts = facts_of(made.edition).values()
    given = sum(fact["value"] == fact["value"] for fact in facts)
    if given and f" give {given} measure" not in text:
        yield f"{given} measures have a figure: {text}"
    counts = {word: sum(row["verdict"] == word for row in rows) for word in (*SURE, "similar")}
    other = counts["higher"] + counts["lower"]
    told = (
        f"{counts['better']} better, {counts['worse']} worse, {other} higher or lower where "
        f"neither is good, {counts['similar']} that cannot be told apart"
    )
    tested = sum(counts.values())
    if tested and (told not in text or f"; {tested} of them can be tested" not in text):
        yield f"{tested} were tested, {told}: {text}"
    if not tested and "None of them can be tested" not in text and numbers:
        yield f"none was tested: {text}"


def trends_are_earned(made: Made) -> Iterator[str]:
    """A trend is better or worse only where a polarity says which, and is printed as found."""
    trends = own(made.edition, "trends")
    for row in trends:
        polarity = load_indicators()[row["indicator"]].polarity
        good = {"high": "increasing", "low": "decreasing"}.get(polarity)
        expected = (
            row["direction"]
            if good is None or row["direction"] not in {"increasing", "decreasing"}
            else f"getting {'better' if row['direction'] == good else 'worse'}"
        )
        if row["words"] != expected:
            yield f"{row['indicator']}: {row['words']}, where it is {expected}"
    words = {named(row): row["words"] for row in trends}
    if "years.trend_table" in made.cells:
        for line in made["years.trend_table"].rows[2:]:
            if line[-1] != words.get(line[0], "not calculated"):
                yield f"{line[0]}: {line[-1]} is printed, {words.get(line[0])} found"


def nothing_withheld_is_printed(made: Made) -> Iterator[str]:
    """No number comes of a fact that has no figure, but that of how many there are."""
    facts = all_facts(made.edition.name)
    without_figure = {key for key, fact in facts.items() if fact["value"] != fact["value"]}
    for name, cell in made.cells.items():
        for one in cell.block.claims:
            counted = one.calculation.startswith("number of ") or one.unit == "label"
            if without_figure >= {*one.facts, *one.others} and not counted:
                yield f"{name}: {one.shown} comes of a figure that there is not"
    if "versus.england_table" not in made.cells:
        return
    printed = {row[0]: row[1] for row in made["versus.england_table"].rows[2:]}
    for (name, group), fact in facts_of(made.edition).items():
        shown = printed[label(load_indicators()[name], group)]
        if fact["value"] != fact["value"] and shown != WITHHELD[fact["status"]]:
            yield f"{name} is {fact['status']}, and “{shown}” is printed"


def what_is_missing_is_said(made: Made) -> Iterator[str]:
    """Whatever England has a figure for, the authority has one too, or it is said to lack it."""
    edition, text = made.edition, made.text("standing.unknown").casefold()
    ours = facts_of(edition)
    for key, fact in facts_of(edition, edition.official.statistics.places.country).items():
        mine = ours.get(key)
        if fact["value"] != fact["value"] or (mine and mine["value"] == mine["value"]):
            continue
        if short(fact).plain.casefold() not in text:
            yield f"{short(fact).plain}: that there is no figure is not said"
    for row in against(edition, "england").values():
        if row["reason"] == "the source gives no base" and short(row).plain.casefold() not in text:
            yield f"{short(row).plain}: that there is no base is not said"
    for area in edition.official.combined():
        if area.name.casefold() not in text:
            yield f"{area.name}: that they are counted together is not said"
    if bool(edition.official.neighbour_list) == ("no list of them covers" in text):
        yield "whether there is a list of neighbours is not said, or said falsely"


def ranks_hold_their_place(made: Made) -> Iterator[str]:
    """A place lies between those that chance allows, and there are as many as have a figure."""
    for row in own(made.edition, "ranks"):
        everyone = made.edition.official.all_authorities(row["indicator"], str(row["group"]))
        if row["of"] != everyone["estimate"].notna().sum():
            yield f"{row['indicator']}: of {row['of']}"
        if pd.notna(row["rank_low"]) and not (
            1 <= row["rank_low"] <= row["rank"] <= row["rank_high"] <= row["of"]
        ):
            yield f"{row['indicator']}: {row['rank']} is not within its limits"


CHECKS: tuple[Callable[[Made], Iterator[str]], ...] = (
    claims_are_printed,
    claims_lead_to_facts,
    digits_are_claims,
    digits_of_pictures_are_claims,
    nothing_is_amiss,
    pictures_are_described,
    names_are_unique,
    verdicts_are_earned,
    trends_are_earned,
    the_summary_adds_up,
    nothing_withheld_is_printed,
    what_is_missing_is_said,
    ranks_hold_their_place,
)
