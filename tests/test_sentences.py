"""Sentences: no number without its facts, no verdict without an interval."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kentstats.report.claims import Claim, claim
from kentstats.report.context import Briefing, open_briefing
from kentstats.report.sentences import Text, comparison, say, setting, share, share_claim
from kentstats.schemas import FACTS, Row, records, tidy
from kentstats.stats.shares import compare_figures

VERDICTS = re.compile(r"better|worse|significant|improv|good|bad|poor|fail", re.IGNORECASE)
FACT = {"fact_id": "s.p55.health.all", "locator": "paragraph 55"}
THREE = claim(3, [FACT], unit="count")


@pytest.fixture(scope="module")
def brief() -> Briefing:
    return open_briefing("Kent", "2010")


# --- say ---------------------------------------------------------------------------------


def test_a_sentence_takes_claims_texts_and_words() -> None:
    inner = say("some {n}", n=THREE)
    text = say("*{b}* {c}{{}}, {a}.", a=THREE, b="more", c=inner)
    assert text.plain == "*more* some 3{}, 3."
    assert text.markdown.startswith(r'\*more\* some <span class="claim" ')
    assert text.claims == (THREE,)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        *[(template, "") for template in ("There are 3.", "{n} of 4", "in 2010 {n}", "٣ {n}")],
        *[("There are {n}.", words) for words in ("3", "Key Stage 4", "2010")],
    ],
)
def test_a_digit_in_a_template_or_a_string_is_refused(template: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"{words}” holds a number: make a claim of it"):
        say(template, n=words or THREE)


@given(st.text(max_size=30), st.text(max_size=30))
def test_nothing_said_holds_a_digit_outside_its_claims(template: str, word: str) -> None:
    escaped = template.replace("{", "{{").replace("}", "}}")
    try:
        text = say(escaped + "{word} {n}", word=word, n=THREE)
    except ValueError:
        assert any(letter.isdecimal() for letter in template + word)
        return
    words = "".join(part for part in text.parts if isinstance(part, str))
    assert not any(letter.isdecimal() for letter in words)
    assert words == f"{template}{word} "


# --- places ------------------------------------------------------------------------------


def from_places(*places: str, ids: tuple[str, ...] = ()) -> Claim:
    names = ids or tuple(f"s.{place.replace('paragraph ', 'p')}.x.all" for place in places)
    parents = [
        {"fact_id": name, "locator": place} for name, place in zip(names, places, strict=True)
    ]
    return claim(3, parents, unit="count")


@pytest.mark.parametrize("stop", [".", "?", ""])
def test_places_stand_before_the_full_stop(stop: str) -> None:
    text = say("There are {n}" + stop, n=THREE)
    assert text.cited == f"There are {THREE.markdown} ([paragraph 55](#paragraph-55)){stop}"


def test_each_place_is_named_once_and_is_a_link_where_it_has_a_row_of_its_own() -> None:
    slots = {
        "a": THREE,
        "b": from_places("paragraph 55", "paragraph 7"),
        "c": from_places("paragraph 7"),
        "d": from_places("record of main findings", ids=("s.grade",)),
        "e": from_places("paragraph 19", ids=("s.actions.safeguarding",)),
        "f": setting(0.95, "confidence"),
    }
    text = say("{a}, {b}, {c}, {d}, {e}, {f}.", **slots).cited
    assert text.endswith(
        " ([paragraph 55](#paragraph-55), [paragraph 7](#paragraph-7), record of main findings, "
        "paragraph 19)."
    )
    assert say("Nothing is known.").cited == "Nothing is known."


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *[(0.95, "95%"), (0.998, "99.8%"), (0.5, "50%"), (0.29, "29%")],
        # none is rounded up to certainty
        *[(0.9995, "99.95%"), (0.9999, "99.99%"), (np.float64(0.95), "95%")],
    ],
)
def test_a_level_is_printed_as_it_was_set(value: float, shown: str) -> None:
    assert setting(value, "confidence").shown == shown


# --- comparisons -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("indicator", "benchmark", "start", "end"),
    [
        (
            *("health-assessments", "E92000001"),
            "78% against 85.4% for England, 7.4 points lower. The report does not give",
            "in a smaller one perhaps not.",
        ),
        (
            *("health-assessments", "comparator-authorities"),
            "78% against 82.4% for comparator authorities, 4.4 points lower.",
            "in a group of 377 or more the difference would be beyond chance (95% confidence), in "
            "a smaller one perhaps not.",
        ),
        (
            *("minority-ethnic-share", "E12000008"),
            "6.3% against 8% for the South East region, 1.7 points lower.",
            "",
        ),
        (
            *("crime-victims", "E10000016"),
            "20.0 per thousand against 27.9 per thousand for an earlier year, "
            "7.9 per thousand lower.",
            "so whether chance could account for it is unknown.",
        ),
    ],
)
def test_a_comparison_gives_both_figures_and_what_would_be_needed(
    indicator: str, benchmark: str, start: str, end: str, brief: Briefing
) -> None:
    table = brief.report_comparisons
    rows = records(table[table["indicator"].eq(indicator)])
    [row] = [row for row in rows if row["benchmark_id"].endswith(benchmark)]
    text = comparison(row, brief.by_id(row["fact_id"]), brief.by_id(row["benchmark_id"])).plain
    assert text.startswith(start)
    assert text.endswith(end)


def a_row(area: str, value: float, rounding: float, unit: str = "percent") -> dict[str, Any]:
    kinds = {
        "Kent": ("E10000016", "authority"),
        "England": ("E92000001", "country"),
        "South East": ("E12000008", "region"),
        "Comparator authorities": ("comparators", "comparator_group"),
    }
    row: dict[str, Any] = dict.fromkeys(FACTS, "")
    row |= dict.fromkeys(("upper", "numerator", "denominator", "count_rounding"), math.nan)
    row |= {"period_start": None, "period_end": None, "period": "2010", "group": "all"}
    row |= {"indicator": "health-assessments", "qualifier": "exact", "unit": unit}
    row |= {"area_code": kinds[area][0], "area_type": kinds[area][1], "area_name": area}
    row |= {"value": value, "rounding": rounding, "locator": "paragraph 1"}
    return {**row, "fact_id": f"s.p1.{area}"}


def compared(ours: dict[str, Any], theirs: dict[str, Any]) -> tuple[Row, Text]:
    [row] = records(compare_figures(tidy("facts", [ours, theirs]), "Kent"))
    return row, comparison(row, ours, theirs)


figures = st.floats(0, 100).map(lambda value: round(value, 1))
roundings = st.sampled_from([0.0, 0.05, 0.5, math.nan])
others = st.sampled_from(["England", "South East", "Comparator authorities"])


@given(figures, figures, roundings, roundings, others, st.sampled_from(["percent", "per_1000"]))
@settings(max_examples=30, deadline=None)
def test_no_verdict_without_an_interval(
    value: float, benchmark: float, slack: float, their_slack: float, other: str, unit: str
) -> None:
    row, text = compared(
        a_row("Kent", value, slack, unit), a_row(other, benchmark, their_slack, unit)
    )
    assert row["verdict"] == "not compared"
    assert not VERDICTS.search(text.plain)
    same = "as published, there is no difference" in text.plain
    assert same == (value == benchmark)
    if "rounding alone may account for the difference" in text.plain or same:
        assert "higher" not in text.plain
        assert "lower" not in text.plain
        assert abs(value - benchmark) <= slack + their_slack or same
    else:
        assert ("higher" in text.plain, "lower" in text.plain) == (
            *(value > benchmark, value < benchmark),
        )
        assert "The report does not give the numbers behind it" in text.plain
        assert text.claims[2].value == pytest.approx(abs(value - benchmark))
    facts = [made.facts for made in text.claims[:3]]
    assert (
        facts == [("s.p1.Kent",), (f"s.p1.{other}",), ("s.p1.Kent", f"s.p1.{other}")][: len(facts)]
    )


def test_what_is_level_is_neither_higher_nor_lower() -> None:
    for slack, benchmark, end in (
        (0.5, 78.4, "78.4% for England: rounding alone may account for the difference."),
        (0, 78, "78% for England: as published, there is no difference."),
    ):
        _, text = compared(a_row("Kent", 78, slack), a_row("England", benchmark, 0))
        assert text.plain == f"78% against {end}"


# --- shares ------------------------------------------------------------------------------


def test_the_share_of_a_small_group_alone_has_an_interval(brief: Briefing) -> None:
    row, parents = brief.share("uasc-share")
    assert share(row, parents, brief.confidence).plain == "248 of 1,568, or 15.8%"
    row, parents = brief.share("gcse-five-good-share")
    text = share(row, parents, brief.confidence)
    assert text.plain == "8 of 147, or 5.4%; the 95% interval runs from 2.8% to 10.4%"
    limits = [made.value for made in text.claims if "limit of the Wilson" in made.calculation]
    assert limits == pytest.approx([2.7831258408, 10.3707238871])


def test_the_claim_of_a_share_has_both_parents_and_its_arithmetic(brief: Briefing) -> None:
    row, parents = brief.share("core-assessments-overdue-share")
    made = share_claim(row, parents)
    assert made.calculation == "23 / 65 × 100"
    assert made.facts == (row["numerator_id"], row["denominator_id"])
    assert made.value == pytest.approx(100 * 23 / 65)
