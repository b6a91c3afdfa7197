"""The published briefing: HTML, PDF, notebook, claims."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest

import kentstats
from kentstats.load import open_official
from kentstats.project import fingerprint
from kentstats.publish.document import read_document
from kentstats.publish.manifest import GROUPS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


FIGURES = [
    *("judgements", "actions", "spine", "ranked", "funnel", "benchmarks", "intervals"),
    *("looked-after", "estate", "workforce"),
]
TABLES = [
    *("judgements", "action-counts", "actions", "england", "others", "ranks", "comparisons"),
    *("beside", "shares", "statements", "composition", "looked-after", "estate", "workforce"),
    *("figures", "measures", "official"),
]
"""Pictures and tables of the briefing, in order."""


class Page(HTMLParser):
    """Collect tags, claims and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.claims: list[tuple[dict[str, str | None], str]] = []
        self.open: dict[str, str | None] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "data":
            self.open = dict(attrs)
            self.claims.append((self.open, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "data":
            self.open = None

    def handle_data(self, data: str) -> None:
        if self.open is not None:
            attributes, text = self.claims[-1]
            self.claims[-1] = (attributes, text + data)


@pytest.fixture(scope="module")
def page(published: Path) -> Page:
    return Page((published / "briefing.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def record(published: Path) -> dict[str, Any]:
    text = (published / "claims.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def test_every_file_is_there(published: Path) -> None:
    assert sorted(path.name for path in published.iterdir()) == [
        "actions.csv",
        "briefing.html",
        "briefing.ipynb",
        "briefing.pdf",
        "claims.json",
        "facts.csv",
        "judgements.csv",
        "statements.csv",
    ]
    assert [path.name for path in published.parent.iterdir()] == ["kent"]


def test_every_data_element_is_a_claim_that_is_listed(page: Page, record: dict[str, Any]) -> None:
    listed = {claim["id"]: claim for claim in record["claims"]}
    assert len(page.claims) > 300
    for attributes, text in page.claims:
        claim = listed[attributes["data-claim"]]
        assert text == claim["shown"]
        assert attributes["data-source"] == "; ".join(claim["places"])
        if isinstance(claim["value"], str):
            assert attributes["value"] == claim["value"]
        else:
            assert float(attributes["value"] or "") == pytest.approx(claim["value"], rel=1e-9)


def test_every_claim_leads_back_to_facts_that_are_published(
    published: Path, record: dict[str, Any]
) -> None:
    # a rank has the facts of every authority behind it
    known = set(kentstats.load_facts(edition="2010")["fact_id"])
    figures = [claim for claim in record["claims"] if isinstance(claim["value"], float)]
    assert len(figures) > 300
    for claim in figures:
        # those of every authority stand behind several claims, and are listed once
        behind = {*claim["facts"], *(record["lists"][claim["others"]] if claim["others"] else ())}
        others = behind - known
        # grades, actions, statements and checks of the report are no figures
        assert all(fact.startswith(("parameter.", "ofsted-kent-2010.")) for fact in others), others
        assert not any(re.search(r"\.p\d+\.", fact) for fact in others)
        assert claim["facts"]
        assert claim["calculation"]


def test_the_page_is_one_file_without_code_or_script(page: Page, published: Path) -> None:
    tags = [tag for tag, _ in page.tags]
    assert not {"script", "link", "iframe", "object", "pre", "form"} & set(tags)
    text = (published / "briefing.html").read_text(encoding="utf-8")
    assert "inspection.summary" not in text
    assert "import " not in text
    sources = [attributes.get("src") or "" for tag, attributes in page.tags if tag == "img"]
    assert len(sources) == len(FIGURES)
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)


def test_every_picture_and_table_can_be_read_by_those_who_cannot_see(page: Page) -> None:
    alts = [attributes["alt"] or "" for tag, attributes in page.tags if tag == "img"]
    assert all(40 <= len(alt) <= 220 for alt in alts)
    assert len(set(alts)) == len(alts)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == tags.count("table") == len(TABLES)
    names = [attributes.get("id") or "" for _, attributes in page.tags]
    assert [name for name in names if name.startswith("fig-")] == [
        f"fig-{name}" for name in FIGURES
    ]
    assert [name for name in names if name.startswith("tbl-")] == [f"tbl-{name}" for name in TABLES]
    headers = [attributes for tag, attributes in page.tags if tag == "th"]
    assert headers
    assert all(attributes.get("scope") in {"col", "row"} for attributes in headers)
    assert ("html", {"lang": "en-GB"}) in page.tags


def test_every_link_in_the_page_leads_somewhere(page: Page) -> None:
    there = {attributes.get("id") for _, attributes in page.tags}
    links = [attributes.get("href") or "" for tag, attributes in page.tags if tag == "a"]
    assert len(links) > 40
    official = open_official("2010")
    assert official
    outward = {link for link in links if not link.startswith("#")}
    assert outward == {source.url for source in official.sources}
    assert {link[1:] for link in links if link not in outward} <= there


def test_the_notebook_is_executed_and_holds_no_path_of_this_machine(published: Path) -> None:
    text = (published / "briefing.ipynb").read_text(encoding="utf-8")
    assert str(published.parent.parent) not in text
    assert str(kentstats.__path__[0]) not in text
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    given = {"authority": "Kent", "edition": "2010", "confidence": 0.95}
    assert notebook.metadata.papermill.parameters == given
    assert notebook.metadata.papermill.exception is None
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert notebook.cells[0].source.startswith("---\ntitle: Children’s services in Kent")


def test_both_files_show_what_the_notebook_shows(published: Path, page: Page) -> None:
    notebook = nbformat.read(published / "briefing.ipynb", as_version=4)
    document = read_document(notebook)
    spans = re.findall(r'class="claim" data-id="(\w+)"', document.markdown)
    # a caption stands below its table in the notebook and above it on the page
    assert sorted(str(attributes["data-claim"]) for attributes, _ in page.claims) == sorted(spans)


def test_the_published_tables_are_the_tidy_ones(published: Path) -> None:
    frame = kentstats.load_facts(authority="Kent", edition="2010")
    expected = frame.to_csv(index=False, lineterminator="\n")
    assert (published / "facts.csv").read_text(encoding="utf-8") == expected


def test_the_record_names_inputs_and_versions(record: dict[str, Any]) -> None:
    assert list(record["inputs"]) == list(GROUPS)
    assert record["fingerprint"] == fingerprint(record["inputs"])
    assert record["code"] == "E10000016"
    assert record["source"] == "ofsted-kent-2010"
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in record["inputs"].values())
    assert record["versions"]["kentstats"] == kentstats.__version__
    assert record["renderer"] == "embedded"
    assert record["parameters"] == {"authority": "Kent", "edition": "2010", "confidence": 0.95}
