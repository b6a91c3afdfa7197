"""The pages that lead to the briefings: what they say, and how they work in a browser."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from browser import axe_violations, launch, overflow, page_of

from kentstats import areas
from kentstats.areas import load_areas
from kentstats.errors import KentstatsError, ParameterError
from kentstats.load import edition_day
from kentstats.project import Project
from kentstats.publish.briefing import slug
from kentstats.publish.manifest import SCHEMA, Entry
from kentstats.publish.site import write_home, write_index

FILES = {
    "briefing.html": 258_081,
    "briefing.ipynb": 639_750,
    "briefing.pdf": 1_401_297,
    "claims.json": 113_185,
    "facts.csv": 420,
}
HOSTILE = '<img src=x onerror=alert(1)> & "Söns" O’Neill'


def write_manifest(folder: Path, edition: str = "2010", **changed: dict[str, Any] | None) -> Path:
    """Write the files of every authority of an edition and the manifest of them.

    What is `changed` of an authority, by its folder; None leaves it out of the manifest.
    """
    files = {name: {"sha256": "0" * 64, "size": size} for name, size in FILES.items()}
    rows = []
    for area in load_areas().authorities(edition_day(edition)):
        place = folder / edition / slug(area.name)
        place.mkdir(parents=True)
        for name in FILES:
            (place / name).touch()
        entry = Entry(area.name, area.code, place.name, "published", "why", files=files)
        change = changed.get(place.name, {})
        if change is not None:
            rows.append(asdict(replace(entry, **change)))
    path = folder / edition / "manifest.json"
    manifest = {"schema": SCHEMA, "edition": edition, "authorities": rows}
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All 152 authorities of 2010: one failed, one failed that has earlier files, one not there."""
    folder = tmp_path_factory.mktemp("site")
    rutland = {"outcome": "failed", "error": "No /home/me", "files": {}}
    slough = {"outcome": "failed", "error": "No figures."}
    write_manifest(folder, rutland=rutland, slough=slough, torbay=None)
    write_index(folder, "2010", contact="Ann <ann@example.org>")
    write_home(folder)
    return folder


@pytest.fixture(scope="module")
def page(output: Path) -> str:
    return (output / "2010" / "index.html").read_text(encoding="utf-8")


def row_of(page: str, name: str) -> str:
    (row,) = re.findall(rf'<li data-search="[^"]*">\n<div class="name">(?:<[^>]*>){name}<.*', page)
    return page[page.index(row) :].split("\n</li>\n<li data-search")[0].split("</section>")[0]


def test_every_authority_is_listed_in_its_region(page: str) -> None:
    assert page.count("<li data-search=") == 152
    regions = re.findall(r'-name">([^<]+)</span> <span class="count">(\d+) authorities', page)
    assert [name for name, _ in regions] == [
        *("East Midlands", "East of England", "London", "North East", "North West"),
        *("South East", "South West", "West Midlands", "Yorkshire and The Humber"),
    ]
    assert [int(count) for _, count in regions] == [9, 11, 33, 12, 23, 19, 16, 14, 15]
    kent = row_of(page, "Kent")
    assert 'data-search="kent e10000016 886 south east county"' in kent
    assert '<a href="kent/briefing.html">Kent</a>' in kent
    assert '<div class="codes">E10000016 · 886</div>' in kent
    assert '<div class="kind">County</div>' in kent
    assert 'kent/briefing.pdf">PDF<span class="vh"> of the briefing on Kent</span></a>' in kent
    assert '<span class="size">1.4 MB</span>' in kent
    assert re.findall(r"kent/(\S+)\">(\S+)</a> <span class=\"size\">([^<]+)", kent) == [
        ("facts.csv", "facts.csv", "1 KB"),
        ("briefing.ipynb", "briefing.ipynb", "640 KB"),
        ("claims.json", "claims.json", "113 KB"),
    ]
    assert "London borough" in row_of(page, "Camden")


def test_a_briefing_that_failed_or_is_not_there_is_listed_as_such(page: str) -> None:
    rutland, torbay, slough = (row_of(page, name) for name in ("Rutland", "Torbay", "Slough"))
    assert "No briefing: it could not be made." in rutland
    assert "No briefing so far." in torbay
    assert "An earlier briefing: the latest could not be made." in slough
    assert 'href="slough/briefing.html"' in slough
    assert "href" not in rutland + torbay
    assert (
        "152 authorities: 149 with a briefing, 1 with an earlier briefing, as the latest could "
        "not be made, 1 whose briefing could not be made, 1 without a briefing so far."
    ) in page
    assert "No figures." not in page
    assert "/home/me" not in page


def test_links_lead_to_what_is_there(output: Path) -> None:
    for path in (output / "2010" / "index.html", output / "index.html"):
        page = path.read_text(encoding="utf-8")
        ids = re.findall(r' id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        for link in re.findall(r' (?:href|src)="([^"]+)"', page):
            if link.startswith("#"):
                assert link[1:] in ids
            elif not link.startswith("https://www.nationalarchives.gov.uk/"):
                assert (path.parent / unquote(link)).is_file(), link


def test_a_file_that_is_not_there_has_no_link(tmp_path: Path) -> None:
    write_manifest(tmp_path)
    (tmp_path / "2010" / "kent" / "briefing.pdf").unlink()
    (tmp_path / "2010" / "medway" / "briefing.html").unlink()
    page = write_index(tmp_path, "2010").read_text(encoding="utf-8")
    assert "kent/briefing.html" in page
    assert "kent/briefing.pdf" not in page
    assert "No briefing so far." in row_of(page, "Medway")
    assert '<div class="codes">151 briefings</div>' in write_home(tmp_path).read_text("utf-8")
    again = write_index(tmp_path, "2010").read_text(encoding="utf-8")
    assert again == page
    assert not list(tmp_path.rglob("*.new"))


def test_one_file_in_british_english_with_nothing_from_elsewhere(page: str) -> None:
    assert page.startswith('<!DOCTYPE html>\n<html lang="en-GB">')
    assert "<title>Children’s services: briefings for 152 authorities, edition 2010</title>" in page
    assert "authorities as they were on 31 March 2010" in page
    assert not re.search(r"<(link|img|iframe|object)|src=|url\(|@import|{{|{%", page)
    assert page.count("<script") == 1
    assert "please ask Ann &lt;ann@example.org&gt;." in page


def test_the_home_page_lists_the_editions_that_have_a_page(output: Path) -> None:
    (output / "1999").mkdir()
    (output / ".2010").mkdir()
    (output / ".2010" / "index.html").touch()
    home = write_home(output).read_text(encoding="utf-8")
    assert '<a href="2010/index.html">Edition 2010</a>' in home
    assert "1 edition, the latest first" in home
    assert "1999" not in home
    assert 'role="search"' not in home


def test_a_manifest_that_is_not_there_or_damaged_is_told(tmp_path: Path) -> None:
    with pytest.raises(KentstatsError, match=r"manifest.json cannot be read: .* briefing --all"):
        write_index(tmp_path, "2010")
    (tmp_path / "2010").mkdir()
    (tmp_path / "2010" / "manifest.json").write_text("no")
    with pytest.raises(KentstatsError, match=r"manifest.json is damaged. Publish the edition"):
        write_index(tmp_path, "2010")
    with pytest.raises(ParameterError, match="no edition “2011”"):
        write_index(tmp_path, "2011")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launch() as running:
        yield running


@pytest.fixture
def hostile(home: Project, tmp_path: Path) -> Iterator[Path]:
    """The page where Kent has a name that is markup."""
    path = home.raw / "areas" / "areas.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for row in rows:
        row[1] = HOSTILE if row[1] == "Kent" else row[1]
        row[1] = "South <b>East</b>" if row[1] == "South East" else row[1]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    report = home.raw / "ofsted-kent-2010" / "source.yml"
    report.write_text(report.read_text("utf-8").replace("authority: Kent", "authority: Medway"))
    areas._load.cache_clear()
    write_manifest(tmp_path / "out")
    yield write_index(tmp_path / "out", "2010")
    areas._load.cache_clear()


def test_hostile_names_are_text_and_no_markup(hostile: Path) -> None:
    page = hostile.read_text(encoding="utf-8")
    assert "<img" not in page
    assert "<b>East" not in page
    assert "&lt;img src=x onerror=alert(1)&gt; &amp; &#34;Söns&#34; O’Neill</a>" in page
    assert "South &lt;b&gt;East&lt;/b&gt;" in page
    assert 'data-search="img src x onerror alert 1 and sons oneill e10000016 886' in page


@pytest.mark.needs("browser")
def test_the_hostile_page_runs_nothing_and_finds_it(hostile: Path, browser: Any) -> None:
    with page_of(hostile, 800, browser=browser) as (page, requests):
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
        page.fill("#q", 'Sons & "O\'Neill"<img src=x onerror=alert(1)>')
        assert page.inner_text("#found").startswith("1 of 152 authorities matches “Sons & \"O'N")
        assert page.locator("img").count() == 0
        assert requests == []


@pytest.mark.needs("browser")
@pytest.mark.parametrize("width", [1280, 320])
def test_the_pages_are_accessible_fit_and_ask_for_nothing(
    output: Path, browser: Any, width: int
) -> None:
    for path in (output / "index.html", output / "2010" / "index.html"):
        with page_of(path, width, browser=browser) as (page, requests):
            for summary in page.locator("#south-east summary").all()[:2]:
                summary.click()
            for typed in ("", "south west", "no such place") if page.query_selector("#q") else ():
                page.fill("#q", typed)
                assert overflow(page) == []
            assert overflow(page) == axe_violations(page) == requests == []


@pytest.mark.needs("browser")
def test_the_search_narrows_the_list(output: Path, browser: Any) -> None:
    with page_of(output / "2010" / "index.html", 1280, browser=browser) as (page, _):
        everything = page.inner_text("#found")

        def names() -> list[str]:
            return page.locator("main .name").locator("visible=true").all_inner_texts()

        for typed, wanted in (
            *[(typed, ["Kent"]) for typed in ("  KENT ", "E10000016", "886")],
            *[(typed, ["St. Helens"]) for typed in ("st helens", "St. Helens")],
            ("tyne", ["Newcastle upon Tyne", "North Tyneside", "South Tyneside"]),
            *[("wark", ["Southwark"]), ("south east slough", ["Slough"])],
            *[("stoke-on-trent", ["Stoke-on-Trent"]), ("atlantis", [])],
        ):
            page.fill("#q", typed)
            assert names() == wanted, typed
        assert page.inner_text("#found").startswith("No authority matches “atlantis”. Try part")
        page.fill("#q", "South East")
        assert len(names()) == 19
        assert page.inner_text("#found") == "19 of 152 authorities match “South East”."
        assert page.locator("main section").locator("visible=true").count() == 1
        assert not page.locator("main .count").locator("visible=true").count()
        page.press("#q", "Escape")
        assert len(names()) == 152
        assert page.inner_text("#found") == everything


@pytest.mark.needs("browser")
def test_it_is_used_with_the_keyboard_alone(output: Path, browser: Any) -> None:
    def focused() -> str:
        return str(page.evaluate("document.activeElement.textContent.trim()"))

    with page_of(output / "2010" / "index.html", 1280, browser=browser) as (page, _):
        page.keyboard.press("Tab")
        assert focused() == "Skip to the list"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.labels[0].textContent") == "Find an authority"
        assert page.get_attribute("#found", "role") == "status"
        page.keyboard.type("Kent")
        page.keyboard.press("Enter")
        assert page.url.endswith("/index.html")
        for wanted in ("Kent", "PDF of the briefing on Kent", "Data of the briefing on Kent"):
            page.keyboard.press("Tab")
            assert focused() == wanted
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert focused() == "facts.csv"


@pytest.mark.needs("browser")
def test_without_script_and_on_paper_it_is_a_list(output: Path, browser: Any) -> None:
    path = output / "2010" / "index.html"
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(path.as_uri())
        assert page.locator("main .name").locator("visible=true").count() == 152
        assert not page.locator("#search").is_visible()
        assert page.locator("nav a").locator("visible=true").count() == 9
    with page_of(path, 800, browser=browser) as (page, _):
        page.emulate_media(media="print")
        assert page.locator("main .name").locator("visible=true").count() == 152
        assert not page.locator("#search, nav, details, .pdf").locator("visible=true").count()
