"""The briefing in a real browser, and its PDF under veraPDF."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from browser import axe_violations, chromium, overflow, page_of
from test_document import document_of, drawn, frame_output, prints, shows
from test_html import FRONT, TEMPLATE
from verapdf import rule_count, text_of, validate_ua1

from kentstats.publish.html import read_markdown, write_html
from kentstats.publish.typst import write_pdf


@pytest.mark.needs("browser")
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_is_accessible_offline_and_fits(published: Path, width: int) -> None:
    with page_of(published / "briefing.html", width) as (page, requests):
        assert requests == []
        assert overflow(page) == []
        assert axe_violations(page) == []


@pytest.mark.needs("browser")
def test_charts_are_drawn_with_text_as_text_and_the_skip_link_works(published: Path) -> None:
    with page_of(published / "briefing.html", 800) as (page, _):
        pictures = page.evaluate(
            """() => Array.from(document.images).map(one => [
                 one.naturalWidth, (atob(one.src.split(',')[1]).match(/<text/g) || []).length])"""
        )
        assert len(pictures) == 10
        assert all(width > 300 and texts >= 3 for width, texts in pictures)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the briefing"
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#content"


def test_the_pdf_conforms_to_pdf_ua_1(published: Path) -> None:
    assert rule_count() == 106
    assert validate_ua1(published / "briefing.pdf") == []
    written = (published / "briefing.pdf").read_bytes()
    assert b"/Lang (en-GB)" in written or b"/Lang(en-GB)" in written
    # A4
    assert b"595.2" in written


def test_what_an_analyst_adds_is_accessible(tmp_path: Path) -> None:
    frame = pd.DataFrame({"authority": ["Kent", "Medway"], "rate per thousand": [1.5, 2.5]})
    outputs = [frame_output(frame), prints("a word " * 40), shows(image_png=drawn(), text_plain="")]
    document = document_of(*outputs, options="fig-cap: A line\ntbl-cap: Two rows")
    for write in (write_html, write_pdf):
        write(read_markdown(document.markdown), FRONT, tmp_path, TEMPLATE)
    assert validate_ua1(tmp_path / "briefing.pdf") == []
    text = " ".join(text_of(tmp_path / "briefing.pdf").split())
    for words in ("Table 1. Two rows", "Medway 2.5", "a word a word", "Figure 1. A line"):
        assert words in text
    if chromium():
        with page_of(tmp_path / "briefing.html", 320) as (page, requests):
            assert (requests, overflow(page), axe_violations(page)) == ([], [], [])


def test_the_validator_does_find_faults(tmp_path: Path) -> None:
    import typst

    source = tmp_path / "plain.typ"
    source.write_text("= Heading\n\nWords.", encoding="utf-8")
    typst.compile(source, output=tmp_path / "plain.pdf")
    assert any(fault.startswith("5-1") for fault in validate_ua1(tmp_path / "plain.pdf"))
