"""The tables against the report they were read from: each row there, nothing left behind.

The report is not part of the project. Where its text is not at hand, these tests are skipped.
"""

from __future__ import annotations

import csv
import hashlib
import html
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import REPORT, ROOT

pytestmark = pytest.mark.needs("shared")

FOLDER = ROOT / "data" / "raw" / "ofsted-kent-2010"
LAST = 95
MARKER = re.compile(r"\**Grade (\d) \((\w+)\)\**")
GRADES = {1: "outstanding", 2: "good", 3: "adequate", 4: "inadequate"}
UNITS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
NUMBER_WORDS = {word: value for value, word in enumerate(UNITS.split("|"), start=1)}
NUMBER_WORDS |= {"no": 0, "none": 0, "the exception": 1}
SHARE_WORDS = {"quarter": 25, "half": 50, "majority": 50, "all": 100}
SHARE_WORDS |= {"three-quarters": 75, "three quarters": 75}
PHRASES = {
    "about": r"approximately|on average|about|(?<!built )around|roughly",
    "over": r"in excess of|more than|over|at least|majority(?: of)?",
    "under": r"almost|nearly|under|less than|fewer than|up to",
    "range": r"between",
}
# A figure in digits, in a word, or in one of the three turns of phrase that state one
# without a number word (no, All, the exception).
TOKEN = re.compile(
    r"£?\d+(?:,\d{3})*(?:\.\d+)?(?:st|nd|rd|th)?(?:\s?%)?"
    rf"|(?<![a-z])(?:{UNITS}"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
    r"|hundred|thousand|million|dozen|none|majority|half|quarters?"
    r"|first|second|thirds?|fourth|fifth|sixth(?! form)|seventh|eighth|ninth|tenth)(?![a-z])"
    r"|(?<=There are )no\b|\b(?-i:All)(?= (?:looked after|young people)\b)"
    r"|the exception(?= being)",
    re.IGNORECASE,
)
# Names and terms of art count as one word: nobody could say them otherwise.
TERMS = ("education, employment or training", "end of Key Stage 4")

Cells = dict[str, str]


@cache
def report() -> str:
    return REPORT.read_text(encoding="utf-8")


@cache
def table(name: str) -> tuple[Cells, ...]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def identify(cells: Cells) -> str:
    return "-".join(cells[key] for key in ("paragraph", "printed"))


def between(start: str, end: str) -> list[str]:
    """Return the lines that are not blank between the lines `start` and `end`."""
    lines = report().splitlines()
    first = lines.index(start)
    return [line.strip() for line in lines[first + 1 : lines.index(end, first)] if line.strip()]


@cache
def walk() -> tuple[dict[int, list[str]], list[tuple[str, int, str, int]]]:
    """Return the lines of each paragraph, and each marked heading with the paragraph below."""
    body = between("About this inspection", "Record of main findings: Kent")
    contents = between("Contents", "About this inspection")
    titles = {re.sub(r"^\w+\. |\t.*", "", line).casefold() for line in contents}
    paragraphs: dict[int, list[str]] = {}
    headings: list[tuple[str, int, str, int]] = []
    waiting: list[tuple[str, int, str]] = []
    before = ""
    for line, following in pairwise([*body, ""]):
        opening = re.match(rf"{len(paragraphs) + 1}\. (.*)", line)
        *named, _ = MARKER.split(line)  # name, grade, word; a line can hold several
        if opening:
            paragraphs[len(paragraphs) + 1] = [opening[1]]
            headings += [(*heading, len(paragraphs)) for heading in waiting]
            waiting = []
        elif named:
            marked = zip(named[::3], named[1::3], named[2::3], strict=True)
            waiting += [(name or before, int(grade), word) for name, grade, word in marked]
        elif line.casefold() not in titles and not MARKER.fullmatch(following):
            paragraphs.setdefault(len(paragraphs), []).append(line)
        before = line
    assert not waiting
    return paragraphs, headings


@cache
def paragraph(number: int | str) -> str:
    return re.sub(r"\s+", " ", " ".join(walk()[0][int(number)]))


def tokens(text: str) -> Counter[str]:
    return Counter(re.sub(r"\s", "", token).casefold() for token in TOKEN.findall(text))


@cache
def printed_tokens(printed: str) -> Counter[str]:
    return tokens(printed) or Counter([re.sub(r"\s", "", printed).casefold()])


@cache
def stated() -> dict[int, Counter[str]]:
    return {number: tokens(paragraph(number)) for number in walk()[0]}


def gaps(*tables: Iterable[Cells]) -> list[str]:
    """Compare the figures of each paragraph with those the tables hold of it."""
    held: dict[int, Counter[str]] = {number: Counter() for number in stated()}
    for cells in (cells for rows in tables for cells in rows):
        held[int(cells["paragraph"])] += printed_tokens(cells["printed"])
    found = []
    for number, figures in stated().items():
        found += [f"paragraph {number}: {figure} in no table" for figure in figures - held[number]]
        found += [f"paragraph {number}: {figure} too many" for figure in held[number] - figures]
    return found


def ways_to(cells: Cells) -> list[str]:
    """Return what stands before each place where the paragraph prints the figure."""
    text, printed = paragraph(cells["paragraph"]), re.escape(cells["printed"])
    places = re.finditer(rf"(?<![\w.,£]){printed}(?!\w|\s?%|[.,]\d)", text)
    return [text[: place.start()] for place in places]


def words(text: str) -> list[str]:
    for term in TERMS:
        text = re.sub(re.escape(term), term.replace(" ", "_"), text, flags=re.IGNORECASE)
    return re.findall(r"\w+(?:['.,-]\w+)*", text.casefold().replace("’", "'"))


@cache
def runs_of_report(length: int) -> frozenset[str]:
    return frozenset(runs(report(), length))


def runs(text: str, length: int) -> list[str]:
    all_words = words(text)
    starts = range(len(all_words) - length + 1)
    return [" ".join(all_words[start : start + length]) for start in starts]


def test_checksum_dates_and_last_paragraph_are_those_of_the_text() -> None:
    source = yaml.safe_load((FOLDER / "source.yml").read_text(encoding="utf-8"))
    assert source["document_sha256"] == hashlib.sha256(REPORT.read_bytes()).hexdigest()
    first, last, published = (
        source[key] for key in ("inspected_from", "inspected_to", "published")
    )
    assert f"{first:%d}-{last:%d %B %Y}" in report()
    assert f"Published: {published:%d %B %Y}" in report()
    assert source["paragraphs"] == LAST == len(walk()[0])


def value_printed(cells: Cells) -> list[str]:
    printed = cells["printed"]
    digits = [figure.replace(",", "") for figure in re.findall(r"\d[\d,]*(?:\.\d+)?", printed)]
    if "million" in printed:
        return [f"{float(digit) * 1e6:.0f}" for digit in digits]
    known = SHARE_WORDS if cells["unit"] == "percent" else NUMBER_WORDS
    return digits or [str(known[printed.casefold()])]


def units_printed(cells: Cells) -> list[str]:
    printed = cells["printed"]
    rest = paragraph(cells["paragraph"]).split(printed, 1)[1]
    marks = {
        "gbp": printed.startswith("£"),
        "rank": bool(re.search(r"\d(st|nd|rd|th)$", printed)),
        "percent": printed.endswith("%") or printed.casefold() in SHARE_WORDS,
        "per_1000": rest.startswith(" per 1,000"),
        "per_month": rest.startswith(" each month"),
    }
    return [unit for unit, marked in marks.items() if marked] or ["count"]


def qualifiers_printed(cells: Cells) -> set[str]:
    found = {
        qualifier
        for before in ways_to(cells)
        for qualifier, phrases in PHRASES.items()
        if re.search(rf"(?:^|\W)(?:{phrases}) (?:an? |the )?$", before, re.IGNORECASE)
    }
    return {"over"} if cells["printed"] == "majority" else found or {"exact"}


@pytest.mark.parametrize("name", ["facts", "left_out"])
def test_the_paragraph_prints_the_figure(name: str) -> None:
    assert [identify(cells) for cells in table(name) if not ways_to(cells)] == []


def test_value_unit_and_qualifier_are_those_that_the_report_prints() -> None:
    for cells in table("facts"):  # as text: 20.0 is not 20
        held = [cells["value"], cells["upper"]]
        assert [value for value in held if value] == value_printed(cells), identify(cells)
        assert units_printed(cells) == [cells["unit"]], identify(cells)
        assert qualifiers_printed(cells) == {cells["qualifier"]}, identify(cells)


def test_every_figure_of_every_paragraph_is_a_fact_or_left_out_with_a_reason() -> None:
    assert gaps(table("facts"), table("left_out")) == []


def service_of(number: int) -> str:
    return "safeguarding" if number < 51 else "looked after children"


def names(judgement: str, heading: str) -> bool:
    return set(words(judgement)) <= set(words(heading))


def test_each_marked_heading_is_one_row_and_each_heading_row_one_marked_heading() -> None:
    rows = [cells for cells in table("judgements") if cells["stated_in"] == "heading"]
    _, headings = walk()
    assert len(headings) == len(rows) == 28
    for cells, (heading, grade, word, below) in zip(rows, headings, strict=True):
        assert names(cells["judgement"], heading), (cells, heading)
        assert cells["service"] == service_of(below)
        assert (cells["paragraph"], cells["grade"]) == (str(below), str(grade))
        assert cells["printed"] == f"Grade {grade}"
        assert word == GRADES[grade]


def test_each_line_of_the_record_is_one_row_in_its_order() -> None:
    lines, service = [], ""
    for line in between("Record of main findings: Kent", "96."):
        name, _, grade = line.partition("\t")
        if "services" in name.casefold() and not grade:
            service = name.casefold().removeprefix("services for ").removesuffix(" services")
        elif grade:
            lines.append((service, name, grade))
    rows = [cells for cells in table("judgements") if cells["stated_in"] == "record"]
    assert len(lines) == len(rows) == 29
    for cells, (service, name, grade) in zip(rows, lines, strict=True):
        assert cells["service"] == service
        assert names(cells["judgement"], name), (cells, name)
        assert cells["printed"] == grade
        assert GRADES[int(cells["grade"])] == grade.casefold()


def test_each_grade_in_words_stands_in_its_paragraph() -> None:
    rows = table("judgements")
    below = {
        (cells["service"], cells["judgement"]): cells["paragraph"]
        for cells in rows
        if cells["stated_in"] == "heading"
    }
    for cells in (cells for cells in rows if cells["stated_in"] == "text"):
        grade, where = GRADES[int(cells["grade"])], cells["paragraph"]
        assert cells["printed"] in {grade, f"{grade}ly"}
        assert cells["service"] == service_of(int(where))
        sentences = re.findall(rf"[^.]*\b{cells['printed']}\b[^.]*", paragraph(where))
        assert sentences, cells
        # below its own heading, or else in a sentence that names it
        named = re.findall(r"\w{8,}", cells["judgement"].casefold())
        assert below.get((cells["service"], cells["judgement"])) == where or any(
            word in sentence.casefold() for word in named for sentence in sentences
        ), cells


def test_each_area_for_improvement_is_one_row_at_its_place() -> None:
    bullets: dict[tuple[str, str], list[str]] = {}
    for number in ("19", "54"):
        band = ""
        for line in walk()[0][int(number)][1:]:
            if line.startswith("- "):
                bullets.setdefault((number, band), []).append(line.casefold())
            else:
                band = line.casefold().removeprefix("within ").removesuffix(":")
    rows = table("actions")
    assert sum(map(len, bullets.values())) == len(rows) == 23
    held = [(cells["paragraph"], cells["band"], int(cells["position"])) for cells in rows]
    assert held == [
        (*key, place) for key, lines in bullets.items() for place in range(1, len(lines) + 1)
    ]
    for cells in rows:
        key = (cells["paragraph"], cells["band"])
        cue = cells["cue"].casefold()
        matching = [place for place, line in enumerate(bullets[key], start=1) if cue in line]
        assert matching == [int(cells["position"])], cells
        assert cells["service"] == service_of(int(cells["paragraph"]))


@pytest.mark.parametrize("name", ["facts", "actions", "statements", "left_out"])
def test_no_cell_copies_seven_words_of_the_report(name: str) -> None:
    copied = [
        (line, column, run)
        for line, cells in enumerate(table(name), start=2)
        for column, text in cells.items()
        for run in runs(text, 7)
        if run in runs_of_report(7)
    ]
    assert copied == []


def strings(tree: Any) -> Iterator[str]:
    """Walk through what JSON holds, down to its strings; the lines of a list are one text."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, list) and all(isinstance(line, str) for line in tree):
        yield "".join(tree)
    elif isinstance(tree, (list, dict)):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from strings(branch)


def text_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix in {".ipynb", ".json"}:
        text = "\n".join(strings(json.loads(text)))
    if path.suffix in {".ipynb", ".json", ".html"}:
        text = html.unescape(re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL))
    return text


def test_no_file_of_the_project_copies_eight_words_of_the_report() -> None:
    title = yaml.safe_load((FOLDER / "source.yml").read_text(encoding="utf-8"))["title"]
    suffixes = {".csv", ".html", ".ipynb", ".json", ".md", ".py", ".yml", ".typ", ".lua"}
    folders = ("src", "notebooks", "data", "docs", "tests", "reports", "benchmarks")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    # what is published of other authorities has nothing of the report, and there are hundreds;
    # the original files are their publishers'
    others = [one for one in (ROOT / "reports" / "published").glob("*/*") if one.name != "kent"]
    others.append(ROOT / "data" / "originals")
    elsewhere = {path for folder in others for path in folder.rglob("*")}
    paths = [
        ROOT / "README.md",
        *(path for path in paths if path.suffix in suffixes and path not in elsewhere),
    ]
    copied = [
        (str(path.relative_to(ROOT)), run)
        for path in paths
        for run in runs(text_of(path).replace(title, ""), 8)
        if run in runs_of_report(8)
    ]
    assert {path.suffix for path in paths} >= suffixes - {".html", ".json"}
    assert copied == []
