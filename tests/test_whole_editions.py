"""Authorities without a report: one of each edition published, and all of them listed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from test_second_report import Page

import kentstats
from kentstats.cli import main
from kentstats.load import OFFICIAL_TABLES, load_table
from kentstats.publish.briefing import publish

PUBLISHED = [("2010", "Bedford"), ("2025", "Richmond upon Thames")]
FILES = ["briefing.html", "briefing.ipynb", "briefing.pdf", "claims.json", "facts.csv"]
OF_REPORT = {
    *("Areas for improvement", "What the report compares", "How far chance reaches"),
    *("Children looked after", "Schools and settings", "Workforce", "What a reader should know"),
    "Every figure of the report, with its place",
}
"""Headings under which an authority without a report has nothing."""


@pytest.fixture(scope="module", params=PUBLISHED, ids=" ".join)
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str, Path, Path]:
    """An edition, an authority, and the folders of two runs."""
    edition, name = request.param
    places = (tmp_path_factory.mktemp(run) for run in ("first", "second"))
    first, second = (publish(name, edition, output=place) for place in places)
    return edition, name, first, second


def timeless(path: Path) -> Any:
    """A notebook without its times, and the id of the cell that papermill puts in."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for part in [notebook, *notebook["cells"]]:
        for name in ("start_time", "end_time", "duration"):
            part["metadata"].get("papermill", {}).pop(name)
        part["metadata"].pop("execution", None)
        if "injected-parameters" in part["metadata"].get("tags", []):
            del part["id"]
    return notebook


def test_a_second_run_gives_the_same_bytes_but_for_its_times(
    pair: tuple[str, str, Path, Path],
) -> None:
    *_, first, second = pair
    assert set(FILES) <= {path.name for path in first.iterdir()}
    for path in first.iterdir():
        if path.name != "briefing.ipynb":
            assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    assert timeless(first / "briefing.ipynb") == timeless(second / "briefing.ipynb")


@pytest.mark.needs("browser")
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_is_accessible_fits_and_asks_for_nothing(
    pair: tuple[str, str, Path, Path], width: int
) -> None:
    from browser import axe_violations, overflow, page_of

    with page_of(pair[2] / "briefing.html", width) as (page, requests):
        assert requests == []
        assert overflow(page) == []
        assert axe_violations(page) == []


def test_the_pdf_conforms_to_pdf_ua_1(pair: tuple[str, str, Path, Path]) -> None:
    from verapdf import validate_ua1

    assert validate_ua1(pair[2] / "briefing.pdf") == []


def test_no_heading_stands_over_nothing(pair: tuple[str, str, Path, Path]) -> None:
    page = Page(pair[2] / "briefing.html")
    assert page.empty == []
    assert not OF_REPORT & set(page.titles)
    assert {"At a glance", "How the authority compares", "Glossary"} <= set(page.titles)


def test_what_is_published_is_of_the_authority_and_bears_no_date(
    pair: tuple[str, str, Path, Path],
) -> None:
    edition, name, folder, _ = pair
    frame = kentstats.load_facts(authority=name, edition=edition)
    expected = frame.to_csv(index=False, lineterminator="\n")
    assert (folder / "facts.csv").read_text(encoding="utf-8") == expected
    record = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    assert (record["authority"], record["edition"], record["source"]) == (name, edition, "")
    text = (folder / "briefing.html").read_text(encoding="utf-8")
    assert text.count(f"Children’s services in {name}</h1>") == 1
    assert f"How they compare, {edition}" in text
    assert "December" not in text


# --- the command line ------------------------------------------------------------------------


def output(*arguments: str) -> str:
    done = CliRunner().invoke(main, list(arguments), prog_name="kentstats")
    assert done.exit_code == 0, done.stderr
    return done.stdout_bytes.decode()


@pytest.mark.parametrize("table", OFFICIAL_TABLES)
@pytest.mark.parametrize("authority", ["", "Buckinghamshire"])
def test_tables_of_official_statistics_alone_are_printed(table: str, authority: str) -> None:
    asked = ["facts", "--table", table, *(["--authority", authority] if authority else [])]
    frame = load_table(table, authority=authority or None)
    assert len(frame) > (3 if authority else 600)
    text = frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
    assert output(*asked) == text
    rows = json.loads(output(*asked, "--format", "json"))
    assert [row["area_code"] for row in rows] == frame["area_code"].tolist()
    if authority:
        assert set(frame["area_code"]) == {"E06000060"}


def test_status_lists_the_authorities_of_every_edition_with_their_codes(tmp_path: Path) -> None:
    lines = output("status", "--authorities", "--output", str(tmp_path)).splitlines()
    listed = [line.split("  ") for line in lines if re.match(r"\d{4}  E", line)]
    for edition, number in (("2010", 152), ("2025", 153)):
        names = [name for year, _, _, name in listed if year == edition]
        assert names == sorted(set(names))
        assert len(names) == number
    assert ["2010", "E10000002", "825", "Buckinghamshire"] in listed
    assert ["2025", "E06000060", "825", "Buckinghamshire"] in listed
    assert not [parts for parts in listed if parts[0] == "2025" and parts[3] == "Cumbria"]
