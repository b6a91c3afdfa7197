"""The briefing in a real browser, and its PDF under veraPDF."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.needs("browser")
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_is_accessible_offline_and_fits(published: Path, width: int) -> None:
    from browser import axe_violations, overflow, page_of

    with page_of(published / "briefing.html", width) as (page, requests):
        assert requests == []
        assert overflow(page) == []
        assert axe_violations(page) == []


@pytest.mark.needs("browser")
def test_pictures_are_drawn_and_the_skip_link_works(published: Path) -> None:
    from browser import page_of

    with page_of(published / "briefing.html", 800) as (page, _):
        widths = page.eval_on_selector_all("img", "all => all.map(one => one.naturalWidth)")
        assert len(widths) == 10
        assert min(widths) > 300
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the briefing"
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#content"


def test_the_pdf_conforms_to_pdf_ua_1(published: Path) -> None:
    from verapdf import rule_count, validate_ua1

    assert rule_count() == 106
    assert validate_ua1(published / "briefing.pdf") == []


def test_the_validator_does_find_faults(tmp_path: Path) -> None:
    import typst
    from verapdf import validate_ua1

    source = tmp_path / "plain.typ"
    source.write_text("= Heading\n\nWords.", encoding="utf-8")
    typst.compile(source, output=tmp_path / "plain.pdf")
    assert any(fault.startswith("5-1") for fault in validate_ua1(tmp_path / "plain.pdf"))


def test_the_pdf_is_a4_in_british_english_with_a_title(published: Path) -> None:
    text = (published / "briefing.pdf").read_bytes()
    assert b"/Lang (en-GB)" in text or b"/Lang(en-GB)" in text
    assert b"595.2" in text
    assert "Children’s services in Kent".encode("utf-16-be") in text or b"dc:title" in text


@pytest.mark.needs("browser")
def test_charts_hold_text_as_text(published: Path) -> None:
    from browser import page_of

    with page_of(published / "briefing.html", 800) as (page, _):
        texts = page.evaluate(
            """() => Array.from(document.images).map(
                 one => (atob(one.src.split(',')[1]).match(/<text/g) || []).length)"""
        )
    assert min(texts) >= 3
