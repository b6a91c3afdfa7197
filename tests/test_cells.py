"""Cells of official statistics: numbers, symbols, and figures made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentstats.ingest.cells import (
    EES_SYMBOLS,
    LAIT_SYMBOLS,
    ORDER,
    SFR_SYMBOLS,
    Cells,
    Figures,
    add,
    figures,
    missing,
    read_cells,
    refuse_impossible,
    refuse_odd,
)
from kentstats.ingest.reading import Reading
from kentstats.ingest.table import Coded
from kentstats.schemas import STATUSES

nan = float("nan")


def coded(*texts: str) -> Coded:
    different = list(dict.fromkeys(texts))
    return Coded(np.array([different.index(text) for text in texts], dtype=np.intp), different)


def cells(*texts: str, symbols: dict[str, str] = EES_SYMBOLS) -> Cells:
    return read_cells(coded(*texts), symbols)


def made(
    unit: str = "percent",
    value: Cells | None = None,
    numerator: Cells | None = None,
    denominator: Cells | None = None,
    slack: float = 0.0,
) -> Figures:
    (count,) = {len(each.values) for each in (value, numerator, denominator) if each}
    return figures(
        unit,
        value=value,
        numerator=numerator,
        denominator=denominator,
        slack=np.full(count, slack),
    )


def same(values: np.ndarray, wanted: list[float]) -> None:
    np.testing.assert_allclose(values, wanted)


def test_every_status_is_one_of_the_contract_and_has_a_rank() -> None:
    for symbols in (EES_SYMBOLS, SFR_SYMBOLS, LAIT_SYMBOLS):
        assert set(symbols.values()) <= set(STATUSES) - {"published"}
        assert all(symbol == symbol.casefold() for symbol in symbols)
    assert set(ORDER) == (set(STATUSES) - {"published"}) | {""}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("c", "suppressed"),
        ("C", "suppressed"),
        ("z", "not_applicable"),
        ("x", "not_available"),
        ("k", "rounds_to_zero"),
        ("low", "rounds_to_zero"),
        ("Low", "rounds_to_zero"),
        ("u", "unreliable"),
        ("~", "rounds_to_zero"),
        (":", "not_available"),
        (".", "not_applicable"),
        ("", "not_available"),
    ],
)
def test_a_symbol_of_the_open_data_standard_is_a_reason(text: str, status: str) -> None:
    read = cells("1", text)
    same(read.values, [1, nan])
    assert read.status.tolist() == ["", status]
    assert not read.bad.any()


def test_the_same_letter_means_another_thing_in_2010() -> None:
    assert cells("x", symbols=SFR_SYMBOLS).status.tolist() == ["suppressed"]
    assert cells("c", symbols=SFR_SYMBOLS).bad.tolist() == [True]
    assert cells("-", symbols=LAIT_SYMBOLS).status.tolist() == ["not_available"]


def test_noise_of_a_spreadsheet_is_taken_off_and_a_true_nought_stays() -> None:
    read = cells("17.100000000000001", "0", "1,362", "-0")
    assert read.values.tolist() == [17.1, 0.0, 1362.0, 0.0]
    assert read.decimals == 1


def test_places_are_those_of_the_cells_that_are_there() -> None:
    column = coded("1.234", "2.5", "3")
    assert read_cells(column.take(np.array([1, 2])), EES_SYMBOLS).decimals == 1
    assert cells("c", "z").decimals == 0


def test_a_row_that_is_not_there_has_no_figure() -> None:
    taken = cells("1", "c").take(np.array([1, -1, 0]))
    same(taken.values, [nan, nan, 1])
    assert taken.status.tolist() == ["suppressed", "not_available", ""]
    assert missing(0).take(np.array([-1])).status.tolist() == ["not_available"]


def test_a_sum_with_a_part_missing_is_missing_for_the_gravest_reason() -> None:
    total = add([cells("1", "1", "c", "z"), cells("2", "x", "u", "low")])
    same(total.values, [3, nan, nan, nan])
    assert total.status.tolist() == ["", "not_available", "suppressed", "not_applicable"]
    assert total.added == 2
    one = cells("1")
    assert add([one]) is one


def test_a_published_value_stays_as_it_is_with_its_numbers_and_rounding() -> None:
    figure = made(
        value=cells("94", "93.5"), numerator=cells("1,111", "7"), denominator=cells("1,176", "8")
    )
    same(figure.value, [94, 93.5])
    same(figure.numerator, [1111, 7])
    same(figure.denominator, [1176, 8])
    same(figure.rounding, [0.05, 0.05])
    same(figure.count_rounding, [0, 0])
    assert figure.status.tolist() == ["", ""]
    assert figure.keep.all()


def test_a_value_that_is_not_published_is_worked_out_of_its_numbers() -> None:
    figure = made(numerator=cells("539", "0"), denominator=cells("912", "10"), slack=5)
    same(figure.value, [100 * 539 / 912, 0])
    same(figure.rounding, [100 * (5 + 5 * 539 / 912) / 912, 50])
    same(figure.count_rounding, [5, 5])


def test_a_sum_of_rounded_counts_is_as_rough_as_all_of_them() -> None:
    total = add([cells("10"), cells("20"), cells("30")])
    figure = made(numerator=cells("10"), denominator=total, slack=5)
    same(figure.count_rounding, [15])
    same(figure.rounding, [100 * (5 + 15 * 10 / 60) / 60])


def test_a_base_of_nobody_is_no_share() -> None:
    for value in (None, cells("0", "100"), cells("", "0")):
        figure = made(value=value, numerator=cells("0", "3"), denominator=cells("0", "0"))
        assert np.isnan(figure.value).all()
        assert set(figure.status) <= {"not_applicable", "not_available"}
    assert made(value=cells("c"), numerator=cells("0"), denominator=cells("0")).status == [
        "suppressed"
    ]


@pytest.mark.parametrize("unit", ["percent", "per_10000", "count", "number"])
@pytest.mark.parametrize("value", ["60", "c", None])
@pytest.mark.parametrize("numerator", ["3", "c", "z", None])
@pytest.mark.parametrize("denominator", ["5", "c", None])
def test_of_a_withheld_figure_no_number_is_carried(
    unit: str, value: str | None, numerator: str | None, denominator: str | None
) -> None:
    read = [None if each is None else cells(each) for each in (value, numerator, denominator)]
    if not any(read) or (value is None and (numerator is None or denominator is None)):
        return
    figure = made(unit, *read)
    if "c" in {value, numerator} or (value is None and denominator == "c"):
        assert figure.status.tolist() == ["suppressed"]
    if figure.status[0]:
        for each in ("value", "numerator", "denominator", "rounding", "count_rounding"):
            assert np.isnan(getattr(figure, each)).all(), each
    else:
        assert not np.isnan(figure.value).any()
    if "c" in {value, numerator, denominator}:
        assert np.isnan(figure.numerator).all()
        assert np.isnan(figure.denominator).all()


CELL = st.sampled_from(["0", "1", "5", "60", "99.5", "100", "1,362", "c", "z", "x", "low", "", "?"])


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8), st.booleans())
def test_a_missing_value_always_has_a_reason_and_a_value_none(
    rows: list[tuple[str, str, str]], published: bool
) -> None:
    value, numerator, denominator = (cells(*column) for column in zip(*rows, strict=True))
    figure = made("percent", value if published else None, numerator, denominator, slack=5)
    there = ~np.isnan(figure.value)
    assert (there == (figure.status == "")).all()
    assert set(figure.status) <= set(ORDER)
    assert (np.isnan(figure.rounding) == ~there).all()
    both = ~np.isnan(figure.numerator)
    assert (both == ~np.isnan(figure.denominator)).all()
    assert (both <= there).all()
    bad = ["?" in row[0 if published else 1 :] for row in rows]
    assert (figure.keep == ~np.array(bad)).all()


def told(reading: Reading) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.what) for problem in reading.refused]


@pytest.fixture
def reading() -> Reading:
    return Reading(Path("data.csv"), "", "")


def test_what_cannot_be_is_refused_once_with_its_line(reading: Reading) -> None:
    figure = made(
        value=cells("50", "101", "-1", "40", "-2"),
        numerator=cells("5", "5", "-5", "11", "5"),
        denominator=cells("10", "10", "10", "10", "-10"),
    )
    lines = np.array([2, 3, 4, 5, 6], dtype=np.intp)
    kept = refuse_impossible(figure, "percent", reading, lines, "value")
    assert kept.keep.tolist() == [True, False, False, False, False]
    assert sorted(told(reading)) == [
        (3, "value", "The figure is over 100 per cent."),
        (4, "value", "The figure is negative."),
        (5, "value", "The numerator is above its denominator."),
        (6, "value", "The figure is negative."),
    ]


def test_a_rate_may_be_over_a_hundred(reading: Reading) -> None:
    figure = made("per_10000", cells("1666.7"), cells("15"), cells("9"))
    lines = np.array([2], dtype=np.intp)
    assert refuse_impossible(figure, "per_10000", reading, lines, "v").keep.tolist() == [True]
    assert told(reading) == []


def test_a_cell_that_is_neither_is_told_with_the_symbols_known(reading: Reading) -> None:
    column = coded("1", "n/a", "c", "n/a")
    lines = np.array([2, 4, 5, 9], dtype=np.intp)
    refuse_odd(read_cells(column, EES_SYMBOLS), column, reading, lines, "count")
    what = "“n/a” is neither a number nor a known symbol."
    assert told(reading) == [(4, "count", what), (9, "count", what)]
    assert reading.refused[0].remedy == (
        "Ask the publisher; known besides numbers: c, z, x, k, low, u."
    )
    refuse_odd(read_cells(column, SFR_SYMBOLS), column, reading, lines, "count", SFR_SYMBOLS)
    assert reading.refused[-1].remedy == "Ask the publisher; known besides numbers: x."
