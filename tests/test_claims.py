"""How numbers are printed, and the claims that carry them."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import asdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import plain, read

from kentstats import load_facts
from kentstats.report.claims import (
    MAX_NAMED,
    Claim,
    claim,
    digest,
    escape,
    fact_claim,
    fact_lists,
    show,
    show_date,
)
from kentstats.schemas import QUALIFIERS, UNITS, Row, records

FACT = {"fact_id": "s.p55.health", "locator": "paragraph 55"}
OTHER = {"fact_id": "s.p10.looked-after", "locator": "paragraph 10"}
MINUS = "−"
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        *[(15.816, "percent", "15.8%"), (78, "percent", "78%"), (7.4, "points", "7.4 points")],
        *[(1568, "count", "1,568"), (0, "count", "0"), (999_999, "count", "999,999")],
        *[(1_000_000, "count", "1 million"), (1_450_000, "count", "1.5 million")],
        *[(5_600_000, "gbp", "£5.6 million"), (950, "gbp", "£950"), (0.91, "ratio", "0.9")],
        *[(27.9, "per_1000", "27.9 per thousand"), (310, "per_10000", "310 per ten thousand")],
        *[(2000, "per_month", "2,000 a month"), (48, "rank", "48th")],
    ],
)
def test_each_unit_is_printed_in_its_form(value: float, unit: str, shown: str) -> None:
    assert show(value, unit) == shown


def test_every_unit_of_the_facts_has_a_form_of_its_own() -> None:
    """A number is all that can be said where the unit is one of the name, or not stated."""
    forms = {unit: show(5, unit) for unit in UNITS}
    plain = [unit for unit, shown in forms.items() if shown == "5"]
    assert plain == ["count", "per_worker", "number"]
    assert len(set(forms.values())) == len(UNITS) - 2


@pytest.mark.parametrize(
    ("qualifier", "shown"),
    [
        *[("exact", "50%"), ("about", "about 50%")],
        *[("over", "more than 50%"), ("under", "just under 50%")],
    ],
)
def test_a_qualifier_stands_before_its_figure(qualifier: str, shown: str) -> None:
    assert show(50, "percent", qualifier=qualifier) == shown


@pytest.mark.parametrize(
    ("rank", "shown"),
    [
        *[(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (10, "10th"), (11, "11th")],
        *[(12, "12th"), (13, "13th"), (21, "21st"), (22, "22nd"), (23, "23rd"), (101, "101st")],
        *[(111, "111th"), (112, "112th"), (113, "113th"), (121, "121st"), (1003, "1,003rd")],
    ],
)
def test_ranks_have_their_endings(rank: int, shown: str) -> None:
    assert show(rank, "rank") == shown


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        # the floats nearest to these lie below the half, and formatting them rounds down
        *[(2.675, 2, "2.68"), (1.005, 2, "1.01"), (0.285, 2, "0.29")],
        *[(1.15, 1, "1.2"), (0.15, None, "0.2")],
        # these are halves exactly, and rounding to even goes down
        *[(0.5, 0, "1"), (2.5, 0, "3"), (0.125, 2, "0.13"), (12.25, 1, "12.3")],
        *[(2.4999999, 0, "2"), (19.95, 1, "20.0")],
    ],
)
def test_halves_are_rounded_up(value: float, decimals: int | None, shown: str) -> None:
    assert show(value, "count", decimals=decimals) == shown
    assert show(-value, "count", decimals=decimals) == MINUS + shown


@given(st.floats(0.001, 999_999), st.integers(0, 4))
def test_no_more_decimals_are_printed_than_asked_for(value: float, decimals: int) -> None:
    text = show(value, "count", decimals=decimals)
    whole, point, fraction = text.partition(".")
    assert len(fraction) == decimals
    assert bool(point) == bool(decimals)
    assert re.fullmatch(r"\d{1,3}(,\d{3})*( million)?", whole)


@given(st.floats(-999_999, 999_999), st.integers(0, 4))
def test_what_is_printed_lies_within_half_a_digit(value: float, decimals: int) -> None:
    text = show(value, "percent", decimals=decimals).removesuffix("%")
    printed = Decimal(text.replace(",", "").replace(MINUS, "-"))
    assert abs(printed - Decimal(repr(value))) <= Decimal(5).scaleb(-decimals - 1)


@given(st.floats(0, 999_999))
def test_by_default_there_is_one_decimal_at_most(value: float) -> None:
    fraction = show(value, "count").partition(".")[2]
    assert len(fraction) == (0 if value == int(value) else 1)


@given(st.decimals(1, 9_999, places=3))
def test_millions_are_rounded_half_up_to_one_decimal(millions: Decimal) -> None:
    number, word = show(float(millions * 1_000_000), "gbp").split()
    rounded = millions.quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert word == "million"
    assert Decimal(number.removeprefix("£").replace(",", "")) == rounded


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (-7, "percent", f"{MINUS}7%"),
        (-950, "gbp", f"{MINUS}£950"),
        (-5_600_000, "gbp", f"{MINUS}£5.6 million"),
        (-1_400_000, "count", f"{MINUS}1.4 million"),
        (-0.04, "points", "0.0 points"),
        (-0.0, "points", "0.0 points"),
    ],
)
def test_a_negative_number_has_a_true_minus_and_nought_has_none(
    value: float, unit: str, shown: str
) -> None:
    assert show(value, unit, decimals=1 if unit == "points" else None) == shown


def test_dates_are_printed_in_words() -> None:
    assert show_date(dt.date(2010, 11, 9)) == "9 November 2010"


def test_a_claim_keeps_its_value_facts_and_places() -> None:
    made = claim(
        100 * 8 / 147, [FACT, OTHER, FACT], unit="percent", decimals=1, calculation="8/147"
    )
    assert made.value == 100 * 8 / 147
    assert (made.shown, made.unit, made.calculation) == ("5.4%", "percent", "8/147")
    assert made.facts == (FACT["fact_id"], OTHER["fact_id"])
    assert made.places == ("paragraph 55", "paragraph 10")
    assert made.place == "paragraph 55; paragraph 10"
    record = {**asdict(made), "others": ""}
    assert made.record() == record


def test_many_facts_behind_several_claims_are_listed_once() -> None:
    many = [f"s.{number}" for number in range(MAX_NAMED + 1)]
    one, other = (claim(value, [FACT], unit="rank", others=many) for value in (3, 4))
    assert one.facts == (FACT["fact_id"],)
    assert one.others == other.others == tuple(many)
    assert one.record()["others"] == other.record()["others"] == one.listed != ""
    assert fact_lists([one, other, claim(1, [FACT], unit="count")]) == {one.listed: many}
    # each of them is behind the id
    assert claim(3, [FACT], unit="rank", others=[*many[1:], "s.other"]).id != one.id


def test_a_few_more_facts_are_named_by_the_claim_itself() -> None:
    few = [f"s.{number}" for number in range(MAX_NAMED)]
    made = claim(3, [FACT], unit="rank", others=[*few[:-1], FACT["fact_id"]])
    assert made.facts == (FACT["fact_id"], *few[:-1])
    assert made.others == ()
    assert fact_lists([made]) == {}


def test_an_id_is_the_same_in_every_run_and_on_every_machine() -> None:
    assert claim(78.0, [FACT], unit="count").id == "c3900ed466839ff72"


BASE: dict[str, Any] = {"value": 78.0, "parents": [FACT], "unit": "percent"}


@pytest.mark.parametrize(
    "other",
    [
        {"value": 78.0000001},
        {"value": "78.0"},
        {"parents": [OTHER]},
        {"parents": [FACT, OTHER]},
        {"unit": "count"},
        {"calculation": "difference"},
        {"qualifier": "about"},
        {"shown": "seventy-eight"},
        # the same words, parted otherwise
        {"parents": [{"fact_id": "s.p55.health|paragraph 55", "locator": "as published"}]},
        {"others": [OTHER["fact_id"]]},
        {"others": [f"s.{number}" for number in range(MAX_NAMED + 1)]},
    ],
    ids=str,
)
def test_another_claim_has_another_id(other: dict[str, Any]) -> None:
    def made(arguments: dict[str, Any]) -> Claim:
        arguments = dict(arguments)
        return claim(arguments.pop("value"), arguments.pop("parents"), **arguments)

    assert made(BASE).id == made(dict(BASE)).id
    assert made(BASE | other).id != made(BASE).id


def test_names_of_claims_and_lists_are_too_long_to_be_the_same_by_chance() -> None:
    many = [f"s.{number}" for number in range(20)]
    one, other = (
        claim(3, [FACT], unit="rank", others=others)
        # the same text, were they joined
        for others in (many, ["s.0|s.1", *many[2:], "s.20"])
    )
    assert one.listed != other.listed
    assert re.fullmatch("c[0-9a-f]{16}", one.id)
    assert re.fullmatch("l[0-9a-f]{16}", one.listed)
    # with 8 digits, some would be the same
    assert len({digest((number,)) for number in range(200_000)}) == 200_000


def test_a_claim_needs_a_fact_behind_it() -> None:
    with pytest.raises(ValueError, match="a claim needs at least one fact behind it"):
        claim(3, [], unit="count")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_figure_cannot_be_claimed(value: float) -> None:
    with pytest.raises(ValueError, match="cannot be claimed: there is no figure"):
        claim(value, [FACT], unit="count")


def test_a_date_is_claimed_in_iso_form_and_printed_in_words() -> None:
    made = claim(dt.date(2010, 11, 19), [FACT], unit="date")
    assert (made.value, made.shown) == ("2010-11-19", "19 November 2010")
    assert 'data-value="2010-11-19"' in made.markdown


def test_a_label_is_printed_as_it_is_unless_told_otherwise() -> None:
    assert claim("Adequate", [FACT], unit="label").shown == "Adequate"
    made = claim("Adequate", [FACT], unit="label", shown="adequate")
    assert (made.value, made.shown) == ("Adequate", "adequate")


def span(made: Claim) -> tuple[str, dict[str, str]]:
    """The text and attributes of the only element that a claim makes."""
    [paragraph] = read(f"{made.markdown}\n")
    [element] = paragraph
    assert (element.tag, element.attrib["class"]) == ("data", "claim")
    assert (paragraph.text, element.tail) == (None, None)
    return plain(element), element.attrib


def test_the_span_carries_value_and_place() -> None:
    made = claim(100 * 248 / 1568, [FACT, OTHER], unit="percent", decimals=1)
    text, attributes = span(made)
    assert text == "15.8%"
    assert attributes["data-claim"] == made.id
    assert float(attributes["value"]) == pytest.approx(100 * 248 / 1568, rel=1e-11)
    assert attributes["data-source"] == attributes["title"] == "paragraph 55; paragraph 10"


@pytest.mark.parametrize(
    "words",
    [
        *("a]b[c", "*x* _y_", "a|b", "~H~ ^2^ `c`", "<b>", "$5$ @me #1", 'the "good" one'),
        *("a\\b", "Tom & <Jerry>", "{x} [y]", "&amp; &copy; &#49;"),
    ],
)
def test_marks_in_a_claim_are_printed_and_not_read(words: str) -> None:
    parent = {"fact_id": "s.x", "locator": words}
    text, attributes = span(claim(words, [parent], unit="label"))
    assert text == attributes["value"] == attributes["data-source"] == words


def test_escaped_words_are_read_as_they_stand() -> None:
    marks = [mark for mark in map(chr, range(33, 127)) if not mark.isalnum()]
    words = [f"a{mark}b{mark}c" for mark in marks]
    words += ["[x](http://y.z)", "![x](y)", "# x", "{.class}", "^[note]", "x^2^", "a--b...", "'q'"]
    words += ["&amp;", "&copy;", "&#49;"]
    paragraphs = read("\n\n".join(f"Word {escape(word)}" for word in words))
    assert [plain(paragraph) for paragraph in paragraphs] == [f"Word {word}" for word in words]


# --- the facts of the report -------------------------------------------------------------

# the figures that the report gives in words
DIGITS = {
    word: digits
    for digits, words in [
        *[("0", "no none"), ("2", "two"), ("3", "three"), ("4", "four"), ("7", "seven")],
        *[("9", "nine"), ("11", "eleven"), ("12", "twelve"), ("25", "quarter"), ("1", "one")],
        *[("50", "half majority"), ("75", "three-quarters"), ("100", "all")],
    ]
    for word in words.split()
} | {"the exception": "1", "three quarters": "75"}
BEFORE = dict(zip(QUALIFIERS, ("", "about ", "more than ", "just under ", ""), strict=True))
AFTER = {"percent": "%", "rank": "th", "per_1000": " per thousand", "per_month": " a month"}


@pytest.fixture(scope="module")
def facts() -> list[Row]:
    return records(load_facts(authority="Kent", edition="2010", kind="report"))


def test_every_fact_of_the_report_is_printed_with_its_digits_qualifier_and_unit(
    facts: list[Row],
) -> None:
    for fact in facts:
        shown = fact_claim(fact).shown
        printed = DIGITS.get(fact["printed"].casefold(), fact["printed"])
        theirs, ours = (
            [number.replace(",", "") for number in NUMBER.findall(text)]
            for text in (printed, shown)
        )
        assert ours == theirs, fact["fact_id"]
        before, after = BEFORE[fact["qualifier"]], AFTER.get(fact["unit"], "")
        assert shown.startswith(before), fact["fact_id"]
        rest = NUMBER.sub("", shown.removeprefix(before), count=1)
        if fact["printed"] == "Three quarters":
            # a fraction in words is not as sharp as its percentage
            assert shown == "three quarters (75%)"
        elif fact["qualifier"] == "range":
            assert rest == "% to 12%"
        else:
            assert rest.removesuffix(" million").removeprefix("£") == after, fact["fact_id"]


@pytest.mark.parametrize(
    ("indicator", "shown"),
    [
        *[("crime-victims", "20.0 per thousand"), ("population", "more than 1.4 million")],
        *[("investment", "£5.6 million"), ("deprivation-rank", "48th")],
        *[("contacts-returned", "10% to 12%"), ("rural-share", "just under 75%")],
        *[("children-aged-0-19", "348,200"), ("children-aged-0-19-share", "just under 25%")],
        *[("contacts-and-referrals", "about 2,000 a month"), ("child-poverty", "17.3%")],
        *[("gp-registration", "100%"), ("childrens-nurses", "0")],
        *[("special-educational-needs", "more than 50%")],
    ],
)
def test_facts_of_every_sort_are_printed_as_a_reader_would_say_them(
    indicator: str, shown: str, facts: list[Row]
) -> None:
    found = [fact_claim(fact) for fact in facts if fact["indicator"] == indicator]
    assert found[0].shown == shown
    assert found[0].calculation == "as published"


def test_the_claims_of_all_facts_have_ids_of_their_own(facts: list[Row]) -> None:
    assert len({fact_claim(fact).id for fact in facts}) == len(facts) == 111
