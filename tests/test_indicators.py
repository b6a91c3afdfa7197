"""The catalogue of indicators: read whole, or refused with what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from kentstats.errors import DataError
from kentstats.indicators import Indicator, load_indicators
from kentstats.load import load_facts

GOOD = """\
visits:
  short: Visits
  name: Visits made on time
  unit: percent
  polarity: high
  theme: health
"""
UNJUDGED = (  # a higher number of these is neither better nor worse
    "looked-after",
    "child-protection-plans",
    "contacts-and-referrals",
    "asylum-seeking-children",
    "placed-in-kent-by-others",
    "deprivation-rank",
)


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    return tmp_path / "indicators.yml"


def refusals(catalogue: Path, text: str) -> list[str]:
    catalogue.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_indicators(catalogue)
    return [str(problem).replace(str(catalogue), "it") for problem in caught.value.problems]


def test_an_entry_is_read_with_what_it_leaves_out_empty(catalogue: Path) -> None:
    catalogue.write_text(GOOD, encoding="utf-8")
    assert dict(load_indicators(catalogue)) == {
        "visits": Indicator("visits", "Visits", "Visits made on time", "percent", "high", "health")
    }


@pytest.mark.parametrize("key", ["short", "name", "unit", "polarity", "theme"])
def test_a_missing_key_is_named(catalogue: Path, key: str) -> None:
    text = "".join(line for line in GOOD.splitlines(keepends=True) if f" {key}:" not in line)
    assert refusals(catalogue, text) == [f"it, line 2: The entry has no “{key}”. Add it."]


@pytest.mark.parametrize(
    ("good", "bad", "line", "told"),
    [
        ("unit: percent", "unit: procent", 4, "“procent” is not known here. Did you mean percent?"),
        ("polarity: high", "polarity: hihg", 5, "“hihg” is not known here. Did you mean high?"),
        ("theme: health", "theme: haelth", 6, "“haelth” is not known here. Did you mean health?"),
        ("name: Visits made on time", "name:", 3, "A single value is expected here. Fill it in."),
        (
            *("theme: health", "theme: health\n  whyy: Because", 7),
            "The key “whyy” is not known here. Did you mean why?",
        ),
    ],
)
def test_a_word_that_is_not_known_is_refused_with_the_nearest(
    catalogue: Path, good: str, bad: str, line: int, told: str
) -> None:
    text = GOOD.replace(good, bad)
    both = refusals(catalogue, text + text.replace("visits", "meetings"))
    second = line + text.count("\n")
    assert both == [f"it, line {line}: {told}", f"it, line {second}: {told}"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "visits: [",
        "- visits\n",
        "visits: some\n",
        "visits:\n",
        GOOD.replace("percent", "[percent]"),
    ],
    ids=[
        "empty",
        "no YAML",
        "a list",
        "a word for an entry",
        "an empty entry",
        "a list for a word",
    ],
)
def test_a_catalogue_of_the_wrong_form_is_refused_by_name(catalogue: Path, text: str) -> None:
    assert all(message.startswith("it") for message in refusals(catalogue, text))


def test_every_indicator_has_a_fact_and_no_two_share_a_name() -> None:
    catalogue = load_indicators()
    assert set(catalogue) == set(load_facts()["indicator"])
    for names in (
        [one.short for one in catalogue.values()],
        [one.name for one in catalogue.values()],
    ):
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", UNJUDGED)
def test_a_count_of_children_or_a_rank_is_neither_good_nor_bad(name: str) -> None:
    assert load_indicators()[name].polarity == "none"


def test_a_share_that_is_compared_says_what_it_means_and_what_to_ask() -> None:
    facts = load_facts()
    percent = facts[facts["unit"] == "percent"]
    compared = percent.groupby("indicator")["area_name"].nunique()
    for name in compared.index[compared > 1]:
        indicator = load_indicators()[name]
        assert indicator.meaning, name
        assert indicator.caveats, name
        assert indicator.question, name
