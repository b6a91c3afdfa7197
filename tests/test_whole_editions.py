"""Whole editions: every fifteenth authority made in passing, one of each edition published."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
import yaml
from briefings import CHECKS, make
from click.testing import CliRunner
from test_published import Page
from test_quarto import stand_in

import kentstats
from kentstats.areas import load_areas
from kentstats.cli import main
from kentstats.load import OFFICIAL_TABLES, edition_day, editions, load_official_table
from kentstats.project import find_project, fingerprint
from kentstats.publish import quarto as route
from kentstats.publish.briefing import choose_subject, front_of, publish
from kentstats.publish.document import read_document

EVERY = 15
SAMPLE = [
    (edition, area.name)
    for edition in editions()
    for area in load_areas().authorities(edition_day(edition))[::EVERY]
]
PUBLISHED = [("2010", "Bedford"), ("2025", "Richmond upon Thames")]
FILES = [
    *("briefing.html", "briefing.ipynb", "briefing.pdf", "claims.json", "facts.csv"),
    "inputs.json",
]
OF_REPORT = [
    *("Areas for improvement", "What the report compares", "How far chance reaches"),
    *("Children looked after", "Schools and settings", "Workforce", "What a reader should know"),
    "Every figure of the report, with its place",
]
"""Headings under which an authority without a report has nothing."""


@pytest.mark.parametrize(("edition", "name"), SAMPLE)
def test_every_section_of_a_sampled_authority_keeps_to_what_it_must(
    edition: str, name: str
) -> None:
    brief = make(name, edition)
    faults = [f"{check.__name__}: {fault}" for check in CHECKS for fault in check(brief)]
    assert faults == []
    assert brief.edition.authority == name
    assert len(brief.cells) >= (15 if edition == "2025" else 12)


def test_the_sample_is_of_both_editions_and_of_every_kind_and_region() -> None:
    areas = [load_areas().find(name, edition_day(edition)) for edition, name in SAMPLE]
    assert {edition for edition, _ in SAMPLE} == {"2010", "2025"}
    assert len(SAMPLE) >= 20
    assert len({area.kind for area in areas if area}) == 4
    assert len({area.region for area in areas if area}) >= 8


# --- published for real ------------------------------------------------------------------------


@pytest.fixture(scope="module", params=PUBLISHED, ids=" ".join)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str, Path, Path]:
    """An edition, an authority, and the folders of two runs."""
    edition, name = request.param
    runs = []
    for run in ("first", "second"):
        output = tmp_path_factory.mktemp(run)
        runs.append(publish(name, edition, output=output))
    return edition, name, *runs


@pytest.fixture
def folder(pair: tuple[str, str, Path, Path]) -> Path:
    return pair[2]


@pytest.fixture
def page(folder: Path) -> Page:
    return Page((folder / "briefing.html").read_text(encoding="utf-8"))


def test_what_is_published_are_five_files_and_nothing_beside(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_second_run_gives_the_same_bytes_but_for_its_times(
    pair: tuple[str, str, Path, Path],
) -> None:
    *_, first, second = pair
    for name in FILES:
        if name != "briefing.ipynb":
            assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert timeless(first / "briefing.ipynb") == timeless(second / "briefing.ipynb")


def timeless(path: Path) -> Any:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    times = ("start_time", "end_time", "duration")
    for notes in [notebook, *notebook["cells"]]:
        papermill = notes["metadata"].get("papermill", {})
        assert set(times) <= set(papermill)
        for name in times:
            del papermill[name]
        # IPython's own times, and the cell that papermill puts in
        notes["metadata"].pop("execution", None)
        if "injected-parameters" in notes["metadata"].get("tags", []):
            del notes["id"]
    return notebook


@pytest.mark.needs("browser")
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_is_accessible_fits_and_asks_for_nothing(folder: Path, width: int) -> None:
    from browser import axe_violations, overflow, page_of

    with page_of(folder / "briefing.html", width) as (page, requests):
        assert requests == []
        assert overflow(page) == []
        assert axe_violations(page) == []


def test_the_pdf_conforms_to_pdf_ua_1(folder: Path) -> None:
    from verapdf import validate_ua1

    assert validate_ua1(folder / "briefing.pdf") == []


def test_no_heading_stands_over_nothing(folder: Path, page: Page) -> None:
    text = (folder / "briefing.html").read_text(encoding="utf-8")
    body = text[text.index("<main") : text.index("</main>")]
    parts = re.split(r"<h([2-4])[^>]*>(.*?)</h\1>", body, flags=re.S)[1:]
    found = list(zip(parts[::3], parts[1::3], parts[2::3], strict=True))
    headings = [re.sub(r"<[^>]+>", "", heading).strip() for _, heading, _ in found]
    assert not set(OF_REPORT) & set(headings)
    assert {"At a glance", "How the authority compares", "Glossary"} <= set(headings)
    following = [*(level for level, _, _ in found[1:]), "2"]
    for (level, heading, below), after in zip(found, following, strict=True):
        words = re.sub(r"<img[^>]*>", "picture", below)
        assert re.sub(r"<[^>]+>", "", words).strip() or after > level, heading


def test_every_claim_of_the_page_is_listed_and_every_link_leads_somewhere(
    pair: tuple[str, str, Path, Path], page: Page
) -> None:
    edition, name, folder, _ = pair
    record = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    listed = {claim["id"]: claim for claim in record["claims"]}
    assert len(page.claims) > 100
    for attributes, text in page.claims:
        claim = listed[attributes["data-claim"] or ""]
        assert text == claim["shown"]
        assert attributes["data-source"] == "; ".join(claim["places"])
    there = {attributes.get("id") for _, attributes in page.tags}
    links = [attributes.get("href") or "" for tag, attributes in page.tags if tag == "a"]
    for link in links:
        assert link.startswith("https://") or link[1:] in there
    area = load_areas().resolve(name, edition_day(edition))
    assert (record["authority"], record["code"]) == (name, area.code)
    assert (record["edition"], record["source"]) == (edition, "")
    assert record["fingerprint"] == fingerprint(record["inputs"])


def test_the_published_facts_are_those_of_the_authority(
    pair: tuple[str, str, Path, Path],
) -> None:
    edition, name, folder, _ = pair
    frame = kentstats.load_facts(authority=name, edition=edition)
    expected = frame.to_csv(index=False, lineterminator="\n")
    assert (folder / "facts.csv").read_text(encoding="utf-8") == expected
    assert frame["source_id"].ne("").all()


def test_the_front_says_whose_and_which_edition_and_bears_no_date(
    pair: tuple[str, str, Path, Path], page: Page
) -> None:
    edition, name, folder, _ = pair
    front = front_of(choose_subject(name, edition, find_project()))
    assert front.title == f"Children’s services in {name}"
    assert front.subtitle == f"How they compare, {edition}"
    assert "official statistics" in front.description
    assert edition in front.description
    assert front.credit.endswith("Open Government Licence v3.0.")
    assert not front.dated
    assert f"{front.day:%Y-%m-%d}" == f"{edition}-12-31"
    text = (folder / "briefing.html").read_text(encoding="utf-8")
    assert text.count(f"{front.title}</h1>") == 1
    assert front.subtitle in text
    assert "December" not in text
    first = nbformat.read(folder / "briefing.ipynb", as_version=4).cells[0].source
    assert first == route.front_matter(front)
    matter = yaml.safe_load(first.strip("-"))
    assert (matter["title"], matter["subtitle"]) == (front.title, front.subtitle)
    assert "date" not in matter


def test_quarto_gets_the_document_of_an_authority_without_a_report(
    pair: tuple[str, str, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition, name, folder, _ = pair
    log = stand_in(tmp_path, monkeypatch)
    document = read_document(nbformat.read(folder / "briefing.ipynb", as_version=4))
    front = front_of(choose_subject(name, edition, find_project()))
    out = tmp_path / "out"
    out.mkdir()
    route.render_quarto(document, front, out, find_project())
    calls = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [call["arguments"][3] for call in calls] == ["html", "typst"]
    for call in calls:
        assert call["kinds"][0] == "raw"
        assert set(call["kinds"][1:]) == {"markdown"}
        assert call["text"].count(".claim data-id=") == document.markdown.count(".claim data-id=")
        pictures = sum(name.startswith("figures/") for name in call["files"])
        assert pictures == document.markdown.count("](data:image/svg+xml") > 1
        assert "# Areas for improvement" not in call["text"]
    matter = yaml.safe_load(calls[0]["text"].split("---")[1])
    assert matter["title"] == front.title
    assert "date" not in matter
    assert sorted(path.name for path in out.iterdir()) == ["briefing.html", "briefing.pdf"]


# --- the command line -----------------------------------------------------------------------------


def output(*arguments: str) -> bytes:
    done = CliRunner().invoke(main, list(arguments), prog_name="kentstats")
    assert done.exit_code == 0, done.stderr
    return done.stdout_bytes


@pytest.mark.parametrize("table", OFFICIAL_TABLES)
@pytest.mark.parametrize("authority", ["", "Buckinghamshire"])
def test_tables_of_official_statistics_alone_are_printed_in_every_form(
    table: str, authority: str
) -> None:
    asked = ["facts", "--table", table, *(["--authority", authority] if authority else [])]
    frame = load_official_table(table, authority=authority or None)
    assert len(frame) > (3 if authority else 600)
    text = output(*asked).decode()
    assert text == frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
    assert text.startswith(f"edition,{next(iter(OFFICIAL_TABLES[table]))},")
    rows = json.loads(output(*asked, "--format", "json"))
    assert [row["area_code"] for row in rows] == frame["area_code"].tolist()
    read = pd.read_parquet(io.BytesIO(output(*asked, "--format", "parquet")))
    pd.testing.assert_frame_equal(read, frame)
    if authority:
        assert set(frame["area_code"]) == {"E06000060"}


def test_a_kind_of_facts_is_chosen_on_the_command_line() -> None:
    sources = {
        kind: set(pd.read_csv(io.BytesIO(output(*asked)))["source_id"])
        for kind in ("all", "report", "official")
        for asked in [["facts", "--authority", "Kent", "--edition", "2010", "--kind", kind]]
    }
    assert sources["report"] == {"ofsted-kent-2010"}
    assert all(name.startswith("dfe-2010-") for name in sources["official"])
    assert sources["all"] == sources["report"] | sources["official"]


def test_status_lists_the_authorities_of_every_edition_with_their_codes(tmp_path: Path) -> None:
    lines = output("status", "--authorities", "--output", str(tmp_path)).decode().splitlines()
    listed = [line.split("  ") for line in lines if re.match(r"\d{4}  E", line)]
    assert all(len(parts) == 4 for parts in listed)
    for edition, number in (("2010", 152), ("2025", 153)):
        names = [name for year, _, _, name in listed if year == edition]
        assert len(set(names)) == len(names) == number
        assert names == sorted(names)
    assert ["2010", "E10000002", "825", "Buckinghamshire"] in listed
    assert ["2025", "E06000060", "825", "Buckinghamshire"] in listed
    assert ["2010", "E10000006", "909", "Cumbria"] in listed
    assert not [parts for parts in listed if parts[0] == "2025" and parts[3] == "Cumbria"]
