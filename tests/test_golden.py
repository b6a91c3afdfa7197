"""What eight briefings say is what they said before: pages, PDF, claims and figures."""

from __future__ import annotations

from pathlib import Path

import golden
import pytest

from kentstats.publish.batch import publish_all


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("golden")
    for edition in dict.fromkeys(edition for edition, _ in golden.BRIEFINGS):
        authorities = [name for of, name in golden.BRIEFINGS if of == edition]
        run = publish_all(edition, authorities=authorities, output=output, jobs=2)
        assert not run.failed, run.summary()
    return output


@pytest.mark.parametrize(("edition", "authority"), golden.BRIEFINGS)
def test_a_briefing_says_what_it_said(edition: str, authority: str, published: Path) -> None:
    described = golden.describe(published / edition / golden.slug(authority))
    expected = golden.read_golden(edition, authority)
    assert described.keys() == expected.keys()
    changed = {
        name: golden.difference(expected[name], text)
        for name, text in described.items()
        if text != expected[name]
    }
    assert not changed, "\n\n".join(f"{name}:\n{lines}" for name, lines in changed.items())


def test_a_changed_number_is_seen() -> None:
    page = "<p>Only <data class='claim'>78%</data> had one.</p>"
    one, other = (golden.describe_html(page.replace("78", number)) for number in ("78", "87"))
    assert one == "p: Only {78%} had one.\n"
    assert golden.difference(one, other).splitlines()[-1] == "+p: Only {87%} had one."


def test_the_golden_files_are_small() -> None:
    assert sum(path.stat().st_size for path in golden.FOLDER.rglob("*.gz")) < 1_000_000
