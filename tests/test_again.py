"""What is told the same shows the same, and is not made again."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from conftest import ROOT

from kentstats.areas import find_area
from kentstats.load import open_official
from kentstats.project import checksum
from kentstats.publish import render as rendering
from kentstats.publish.again import NOTHING, Before, read_before
from kentstats.publish.batch import publish_all
from kentstats.publish.document import Document
from kentstats.publish.manifest import read_manifest
from kentstats.publish.render import Front, render
from kentstats.report import context as opened
from kentstats.report.blocks import Block
from kentstats.report.context import Edition
from kentstats.report.section import Shown, after, section
from kentstats.stats.profile import Standing, share

made: list[str] = []


@section
def places(edition: Edition, indicator: str = "health-assessments") -> Block | None:
    made.append(indicator)
    row = edition.official.rank(indicator)
    return Block(f"{row['rank']:g} of {row['of']}") if row else None


@section
def whole(edition: Edition) -> Block | None:
    return Block(f"{len(edition.official.facts())} measures and {places(edition)}")


@pytest.fixture
def brief() -> Edition:
    made.clear()
    return opened.open_edition("Medway", "2010")


def shown(block: Block | None, edition: Edition) -> Shown:
    assert block
    metadata = block._repr_mimebundle_()[1]["kentstats"]
    told = {key: edition.official.used[key] for key in metadata["asked"]}
    return Shown(block.markdown, section=block.section, told=told, metadata=metadata)


def test_a_section_notes_what_it_asked_whoever_asked_before(brief: Edition) -> None:
    assert places(brief).asked == ("area", "rank/health-assessments/all")  # type: ignore[union-attr]
    again = whole(brief)
    assert again
    assert "rank/health-assessments/all" in again.asked
    assert "measures/E06000035" in again.asked
    # answers that were kept count like those that were not
    once_more = whole(brief)
    assert once_more
    assert once_more.asked == again.asked


def test_told_the_same_it_shows_the_same(brief: Edition) -> None:
    first = shown(places(brief), brief)
    later = opened.open_edition("Medway", "2010")
    with after({first.section: first}):
        assert places(later) is first
        assert places(later)._repr_mimebundle_() == first._repr_mimebundle_()  # type: ignore[union-attr]
        assert made == ["health-assessments"]
        # another question is another section
        assert places(later, indicator="immunisations") is not first
    assert places(later) is not first
    # what was taken over was told too, and the next run asks it again
    assert later.official.used.items() >= first.told.items()


@pytest.mark.parametrize("key", ["area", "rank/health-assessments/all"])
def test_told_another_thing_it_is_made_again(brief: Edition, key: str) -> None:
    first = shown(places(brief), brief)
    for digest in ("0" * 16, ""):
        other = Shown(first.markdown, section=first.section, told={**first.told, key: digest})
        with after({first.section: other}):
            assert places(brief) is not other
    assert made == ["health-assessments"] * 3


def test_what_can_no_longer_be_asked_is_told_another(brief: Edition) -> None:
    assert not brief.official.is_told_again({"rank/no-such/all/more": "1" * 16})
    assert brief.official.is_told_again({})
    assert list(Standing(find_area("Kent"), share(open_official("2010"))).used) == ["area"]  # type: ignore[arg-type]


@section
def since(edition: Edition, earlier: Edition) -> Block | None:
    return Block(f"{edition.authority} and {earlier.authority}")


def test_of_what_is_not_plain_nothing_is_noted(brief: Edition) -> None:
    block = since(brief, brief)
    assert block
    assert (block.section, block.asked) == ("", ())
    assert places(brief, indicator="no-such-indicator") is None


# --- the last briefing ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("again") / "out"
    publish_all("2010", authorities=["Medway"], output=output)
    return output / "2010"


@pytest.fixture
def last(published: Path, tmp_path: Path) -> dict[str, Any]:
    (entry,) = read_manifest(published / "manifest.json")["authorities"]
    folder = shutil.copytree(published / "medway", tmp_path / "medway")
    return {"folder": folder, "groups": {**entry.inputs}, "files": {**entry.files}}


def test_the_last_briefing_is_read(last: dict[str, Any]) -> None:
    before = read_before(**last)
    assert before.pdf == last["folder"] / "briefing.pdf"
    assert len(before.sections) > 12
    assert all(each.told["area"] and each.metadata["asked"] for each in before.sections.values())
    assert any("present.versus.spine" in name for name in before.sections)
    assert before.table == last["folder"] / "facts.csv"
    assert before.table_for(before.used) == before.table
    # of the tables each section knows by itself
    assert read_before(**{**last, "groups": {**last["groups"], "tables": "others"}}) == before


@pytest.mark.parametrize("kind", ["area", "joined", "measures/", "facts/"])
def test_the_table_of_figures_is_another_where_it_would_be_told_another(
    last: dict[str, Any], kind: str
) -> None:
    before = read_before(**last)
    moved = next(key for key in before.used if key.startswith(kind))
    assert before.table_for({**before.used, moved: "0" * 16}) is None
    assert before.table_for({key: before.used[key] for key in before.used if key != moved}) is None
    # a rank is not in it, and of what a notebook does not say nothing is known
    rank = next(key for key in before.used if key.startswith("rank/"))
    assert before.table_for({**before.used, rank: "0" * 16}) == before.table
    assert before.table_for({}) is None


def other_code(last: dict[str, Any]) -> None:
    last["groups"]["code"] = "other"


def another_report(last: dict[str, Any]) -> None:
    last["groups"]["report"] = "other"


def touched(last: dict[str, Any]) -> None:
    path = last["folder"] / "briefing.ipynb"
    path.write_text(path.read_text("utf-8").replace("Medway", "Elsewhere"), encoding="utf-8")


def touched_pdf(last: dict[str, Any]) -> None:
    with (last["folder"] / "briefing.pdf").open("ab") as file:
        file.write(b"%")


def no_notebook(last: dict[str, Any]) -> None:
    (last["folder"] / "briefing.ipynb").unlink()


def inputs_edited(last: dict[str, Any]) -> None:
    path = last["folder"] / "inputs.json"
    record = json.loads(path.read_bytes())
    record["used"]["area"] = "0" * 16
    path.write_text(json.dumps(record), encoding="utf-8")


def unknown_files(last: dict[str, Any]) -> None:
    last["files"] = {}


@pytest.mark.parametrize(
    "what",
    [
        *(other_code, another_report, touched, touched_pdf, no_notebook),
        *(inputs_edited, unknown_files),
    ],
)
def test_of_another_or_a_touched_one_nothing_is_taken_over(last: dict[str, Any], what: Any) -> None:
    what(last)
    assert read_before(**last) is NOTHING


def test_in_a_run_of_many_sections_are_taken_over(published: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    folder = shutil.copytree(published, output / "2010") / "medway"
    # as if it had shown another word then, which no checksum tells
    path, manifest = folder / "briefing.ipynb", output / "2010" / "manifest.json"
    notebook = json.loads(path.read_text("utf-8"))
    shown = [each for cell in notebook["cells"] for each in cell.get("outputs", [])]
    (spine,) = (
        each["data"]
        for each in shown
        if ".spine(" in each["metadata"].get("kentstats", {}).get("section", "")
    )
    spine["text/markdown"] = ["A word of then."]
    record = json.loads(manifest.read_text("utf-8"))
    files = record["authorities"][0]["files"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    files["briefing.ipynb"] = {"sha256": checksum(path), "size": path.stat().st_size}
    manifest.write_text(json.dumps(record), encoding="utf-8")
    page = folder / "briefing.html"
    page.unlink()
    run = publish_all("2010", authorities=["Medway"], output=output)
    assert [entry.reason for entry in run.entries] == ["briefing.html is missing"]
    assert "A word of then." in page.read_text("utf-8")
    page.unlink()
    publish_all("2010", authorities=["Medway"], output=output, force=True)
    assert "A word of then." not in page.read_text("utf-8")


def test_of_the_same_source_the_pdf_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = Front("Title", "Subtitle", "Author", "About it", "Credit", dt.date(2010, 1, 1))
    document = Document(("# Words\n", "Some words."))
    template = ROOT / "reports" / "template"
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    digest = render(document, front, one, template)
    before = Before({}, one / "briefing.pdf", digest)
    monkeypatch.setattr(rendering, "_typeset", mock.Mock(side_effect=AssertionError))
    assert render(document, front, other, template, before) == digest
    for name in ("briefing.html", "briefing.pdf"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    with pytest.raises(AssertionError):
        render(Document(("# Words\n", "Other words.")), front, other, template, before)
