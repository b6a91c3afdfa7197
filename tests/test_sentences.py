"""Sentences: no number without its facts, no verdict without an interval."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentstats.report.claims import Claim, claim
from kentstats.report.context import Briefing, open_briefing
from kentstats.report.sentences import comparison, say, setting, share, share_claim
from kentstats.schemas import records

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
    ("row", "theirs", "text"),
    [
        ({"direction": "level"}, 78, "there is no difference."),
        ({"direction": "level"}, 78.4, "rounding alone may account for the difference."),
        ({"direction": "below", "smallest_95": math.nan}, 80, "could account for it is unknown."),
        ({"direction": "above", "smallest_95": 90}, 70, "in a smaller one perhaps not."),
    ],
)
def test_no_verdict_without_an_interval(row: dict[str, Any], theirs: float, text: str) -> None:
    fact = {**FACT, "value": 78.0, "unit": "percent", "qualifier": "exact", "rounding": 0}
    other = {**fact, "fact_id": "s.p1.x", "value": theirs}
    other |= {"area_name": "England", "area_type": "country"}
    row = {"kind": "country", "unit": "percent", "difference": 78 - theirs, **row}
    said = comparison(row, fact, other)
    assert said.plain.startswith(f"78% against {theirs:g}% for England")
    assert said.plain.endswith(text)
    assert not VERDICTS.search(said.plain)
    assert ("higher" in said.plain) == (row["direction"] == "above")
    assert ("lower" in said.plain) == (row["direction"] == "below")
    # both figures and their difference, each with the facts behind it
    both = (FACT["fact_id"], "s.p1.x")
    expected = [both[:1], both[1:], *([both] if row["direction"] != "level" else [])]
    assert [made.facts for made in said.claims][: len(expected)] == expected


# --- shares ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "calculation", "text"),
    [
        ("uasc-share", "248 / 1568 × 100", "248 of 1,568, or 15.8%"),
        (
            *("gcse-five-good-share", "8 / 147 × 100"),
            "8 of 147, or 5.4%; the 95% interval runs from 2.8% to 10.4%",
        ),
    ],
)
def test_a_share_has_both_parents_and_of_a_small_group_its_interval(
    name: str, calculation: str, text: str, brief: Briefing
) -> None:
    [row] = records(brief.shares[brief.shares["share_id"].eq(name)])
    made = share_claim(row, brief.parents(row))
    assert made.calculation == calculation
    assert made.facts == (row["numerator_id"], row["denominator_id"])
    said = share(row, brief.parents(row), brief.confidence)
    assert said.plain == text
    limits = [each.value for each in said.claims if "limit of the Wilson" in each.calculation]
    assert limits == pytest.approx([2.7831258408, 10.3707238871][: len(limits)])
