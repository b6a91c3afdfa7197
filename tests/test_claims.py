"""How numbers are printed, and the claims that carry them."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import plain, read

from kentstats.report.claims import (
    MAX_NAMED,
    claim,
    show,
)

FACT = {"fact_id": "s.p55.health", "locator": "paragraph 55"}
OTHER = {"fact_id": "s.p10.looked-after", "locator": "paragraph 10"}
MINUS = "−"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        *[(15.816, "percent", "15.8%"), (78, "percent", "78%"), (7.4, "points", "7.4 points")],
        *[(1568, "count", "1,568"), (0, "count", "0"), (999_999, "count", "999,999")],
        *[(1_000_000, "count", "1 million"), (1_450_000, "count", "1.5 million")],
        *[(5_600_000, "gbp", "£5.6 million"), (950, "gbp", "£950"), (0.91, "ratio", "0.9")],
        *[(27.9, "per_1000", "27.9 per thousand"), (310, "per_10000", "310 per ten thousand")],
        *[(2000, "per_month", "2,000 a month"), (48, "rank", "48th"), (-7, "percent", "−7%")],
        *[(-950, "gbp", "−£950"), (-1_400_000, "count", "−1.4 million"), (-0.0, "count", "0")],
    ],
)
def test_each_unit_is_printed_in_its_form(value: float, unit: str, shown: str) -> None:
    assert show(value, unit) == shown


def test_a_qualifier_stands_before_its_figure() -> None:
    shown = [show(50, "percent", qualifier=name) for name in ("exact", "about", "over", "under")]
    assert shown == ["50%", "about 50%", "more than 50%", "just under 50%"]


def test_ranks_have_their_endings() -> None:
    ranks = (1, 2, 3, 4, 10, 11, 12, 13, 21, 22, 23, 101, 111, 112, 113, 121, 1003)
    assert " ".join(show(rank, "rank") for rank in ranks) == (
        "1st 2nd 3rd 4th 10th 11th 12th 13th 21st 22nd 23rd 101st 111th 112th 113th 121st 1,003rd"
    )


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


@given(st.floats(-999_999, 999_999), st.integers(0, 4))
def test_what_is_printed_lies_within_half_a_digit(value: float, decimals: int) -> None:
    text = show(value, "percent", decimals=decimals).removesuffix("%")
    # nought has no minus
    assert text.startswith(MINUS) == bool(value < 0 and re.search("[1-9]", text))
    printed = Decimal(text.replace(",", "").replace(MINUS, "-"))
    assert len(text.partition(".")[2]) == decimals
    assert abs(printed - Decimal(repr(value))) <= Decimal(5).scaleb(-decimals - 1)


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


def test_many_facts_behind_several_claims_are_a_list_and_a_few_are_named() -> None:
    many = [f"s.{number}" for number in range(MAX_NAMED + 1)]
    one, other = (claim(value, [FACT], unit="rank", others=many) for value in (3, 4))
    assert one.facts == (FACT["fact_id"],)
    assert one.others == other.others == tuple(many)
    assert one.record()["others"] == other.record()["others"] == one.listed != ""
    few = claim(3, [FACT], unit="rank", others=[*many[2:], FACT["fact_id"]])
    assert few.facts == (FACT["fact_id"], *many[2:])
    assert (few.others, few.listed) == ((), "")


def test_an_id_is_long_and_the_same_in_every_run_and_on_every_machine() -> None:
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
    assert claim(**BASE).id == claim(**dict(BASE)).id
    assert claim(**(BASE | other)).id != claim(**BASE).id


@pytest.mark.parametrize(
    ("value", "parents", "message"),
    [
        (3, [], "a claim needs at least one fact behind it"),
        *[(value, [FACT], "there is no figure") for value in (math.nan, math.inf, -math.inf)],
    ],
)
def test_without_a_fact_or_a_figure_there_is_no_claim(
    value: float, parents: list[dict[str, str]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        claim(value, parents, unit="count")


def test_dates_and_labels_are_claimed_as_they_are_and_printed_in_words() -> None:
    made = claim(dt.date(2010, 11, 9), [FACT], unit="date")
    assert (made.value, made.shown) == ("2010-11-09", "9 November 2010")
    assert 'data-value="2010-11-09"' in made.markdown
    assert claim("Adequate", [FACT], unit="label").shown == "Adequate"
    made = claim("Adequate", [FACT], unit="label", shown="adequate")
    assert (made.value, made.shown) == ("Adequate", "adequate")


def test_the_span_carries_value_and_place() -> None:
    made = claim(100 * 248 / 1568, [FACT, OTHER], unit="percent", decimals=1)
    [[element]] = read(made.markdown)
    assert (element.tag, element.attrib["class"], plain(element)) == ("data", "claim", "15.8%")
    assert element.attrib["data-claim"] == made.id
    assert float(element.attrib["value"]) == pytest.approx(100 * 248 / 1568, rel=1e-11)
    assert element.attrib["data-source"] == element.attrib["title"] == made.place
