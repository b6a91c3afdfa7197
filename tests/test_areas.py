"""Areas answer to their name, their code and their old code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentstats.areas import AREAS, find_area


@pytest.mark.parametrize("text", ["Kent", "kent", " KENT ", "E10000016", "e10000016", "886"])
def test_kent_answers_to_its_name_and_both_codes_in_any_case(text: str) -> None:
    area = find_area(text)
    assert area is not None
    assert (area.code, area.name, area.type, area.old_code) == (
        "E10000016",
        "Kent",
        "authority",
        "886",
    )


@pytest.mark.parametrize("text", ["", " ", "Knet", "E1000001", "88", "Kent County"])
def test_nothing_else_is_taken_for_an_area(text: str) -> None:
    assert find_area(text) is None


def test_the_codes_are_those_of_the_statistics_office() -> None:
    codes = {area.name: (area.code, area.type) for area in AREAS}
    assert codes == {
        "England": ("E92000001", "country"),
        "South East": ("E12000008", "region"),
        "Kent": ("E10000016", "authority"),
        "Comparator authorities": ("comparator-authorities", "comparator_group"),
    }


def test_no_two_areas_answer_to_one_name() -> None:
    names = [name for area in AREAS for name in (area.name, area.code, area.old_code) if name]
    assert len({name.casefold() for name in names}) == len(names)


@given(st.text())
def test_finding_an_area_never_fails(text: str) -> None:
    area = find_area(text)
    key = text.strip().casefold()
    assert area is None or key in {area.name.casefold(), area.code.casefold(), area.old_code}
