"""Errors say what is wrong, where, and what to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentstats.errors import (
    DataError,
    KentstatsError,
    NotebookError,
    ParameterError,
    Problem,
    RenderError,
    nearest,
)


def test_every_kind_of_error_has_an_exit_code_of_its_own() -> None:
    kinds = (KentstatsError, ParameterError, DataError, NotebookError, RenderError)
    assert [kind.exit_code for kind in kinds] == [1, 2, 3, 4, 5]
    assert all(issubclass(kind, KentstatsError) for kind in kinds)


@pytest.mark.parametrize(
    ("line", "column", "place"),
    [
        (0, "", "facts.csv"),
        (7, "", "facts.csv, line 7"),
        (0, "unit", "facts.csv, column unit"),
        (7, "unit", "facts.csv, line 7, column unit"),
    ],
)
def test_a_problem_names_as_much_of_its_place_as_is_known(
    line: int, column: str, place: str
) -> None:
    problem = Problem("facts.csv", line, column, "It is odd.", "Mend it.")
    assert str(problem) == f"{place}: It is odd. Mend it."


def test_a_data_error_tells_every_problem_on_a_line_of_its_own() -> None:
    problems = [Problem("a.csv", line, "", "Odd.", "Mend it.") for line in (2, 3)]
    error = DataError(problems)
    assert str(error) == "a.csv, line 2: Odd. Mend it.\na.csv, line 3: Odd. Mend it."
    assert error.problems == tuple(problems)


def test_several_near_names_are_offered_nearest_first() -> None:
    assert nearest("percnt", ["perception", "count", "percent"]) == (
        "Did you mean percent or perception?"
    )


WORDS = st.text(max_size=12)


@given(WORDS, st.lists(WORDS, max_size=6))
def test_naming_the_nearest_never_fails_and_invents_no_name(word: str, known: list[str]) -> None:
    sentence = nearest(word, known)
    if sentence.startswith("Did you mean "):
        named = sentence.removeprefix("Did you mean ").removesuffix("?")
        assert any(named == name or named.startswith(f"{name} or ") for name in known)
    else:
        listed = f"There is: {', '.join(known)}."
        assert sentence == (listed if known else "There is none.")
