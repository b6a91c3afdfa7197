"""Cells become numbers and symbols, and figures are made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentstats.ingest.csv_files import Reading
from kentstats.ingest.figures import (
    EES_SYMBOLS,
    GRAVITY,
    LAIT_SYMBOLS,
    SFR_SYMBOLS,
    UNREADABLE,
    SourceTable,
    add_up,
    cell_fault,
    is_formula,
    make_figures,
    number,
    read_cells,
)
from kentstats.schemas import STATUSES

nan = float("nan")


def cells(*texts: str, symbols: dict[str, str] = EES_SYMBOLS, rounding: float = 0) -> pd.DataFrame:
    read = read_cells(pd.Series(texts, dtype=object), symbols)
    return read.assign(rounding=float(rounding), count_rounding=float(rounding))


def same(values: pd.Series, wanted: list[float]) -> None:
    np.testing.assert_allclose(values, wanted)


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("7,373,720", 7_373_720), ("82.40", 82.4), ("−5", -5), ("1.5E-2", 0.015)],
)
def test_a_number_is_read_with_or_without_commas(text: str, value: float) -> None:
    assert number(text) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        *["", "1,36", "13,62", "1362,5", ",362", "78%", ".5", "5.", "+5", "nan", "inf", "1 362"],
        *["1_0", "--5", "=1+1", "1e999", "-1e400", "9" * 41, "c", "1.2.3", "0x10", "½"],
    ],
)
def test_anything_else_is_no_number(text: str) -> None:
    assert number(text) is None


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15))
def test_a_number_of_python_is_read_as_itself(value: float) -> None:
    found = number(str(value))
    assert found is None or found == value
    if isinstance(value, int):
        assert number(f"{value:,}") == value


def test_what_a_spreadsheet_would_run_is_a_formula() -> None:
    for text in ("=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|x", "=HYPERLINK(0)"):
        assert is_formula(text)
        assert cell_fault(text).endswith("is a formula.")
    for text in ("", "-", "-5", "+", "- 5", "Total", "a=b", "+1", "1=1"):
        assert not is_formula(text)


def test_every_status_is_one_of_the_contract_and_has_a_gravity() -> None:
    for symbols in (EES_SYMBOLS, SFR_SYMBOLS, LAIT_SYMBOLS):
        assert set(symbols.values()) <= set(STATUSES) - {"published"}
        assert all(symbol == symbol.casefold() for symbol in symbols)
    assert set(GRAVITY) == (set(STATUSES) - {"published"}) | {"", UNREADABLE}


def test_the_same_letter_has_another_meaning_in_2010() -> None:
    assert cells("x", "C").status.tolist() == ["not_available", "suppressed"]
    assert cells("x", "c", symbols=SFR_SYMBOLS).status.tolist() == ["suppressed", UNREADABLE]
    assert cells("-", symbols=LAIT_SYMBOLS).status.tolist() == ["not_available"]


def test_a_sum_with_a_part_missing_is_missing_for_the_gravest_reason() -> None:
    total = add_up([cells("1", "1", "c", "z", rounding=5), cells("2", "x", "u", "low", rounding=5)])
    same(total.value, [3, nan, nan, nan])
    assert total.status.tolist() == ["", "not_available", "suppressed", "not_applicable"]
    assert total.count_rounding.tolist() == [10] * 4


def test_a_published_value_stays_as_it_is_with_its_numbers_and_rounding() -> None:
    figure = make_figures(
        "percent",
        value=cells("94", "93.5"),
        numerator=cells("1,111", "7"),
        denominator=cells("1,176", "8"),
    )
    same(figure.value, [94, 93.5])
    same(figure.numerator, [1111, 7])
    same(figure.denominator, [1176, 8])
    same(figure.rounding, [0.05, 0.05])
    same(figure.count_rounding, [0, 0])
    assert figure.status.tolist() == ["", ""]


def test_a_value_that_is_not_published_is_worked_out_of_its_numbers() -> None:
    figure = make_figures(
        "percent",
        numerator=cells("539", "0", rounding=5),
        denominator=cells("912", "10", rounding=5),
    )
    same(figure.value, [100 * 539 / 912, 0])
    same(figure.rounding, [100 * (5 + 5 * 539 / 912) / 912, 50])
    same(figure.count_rounding, [5, 5])


def test_a_base_of_nobody_is_no_share() -> None:
    for value in (None, cells("0", "100"), cells("", "0")):
        figure = make_figures(
            "percent", value=value, numerator=cells("0", "3"), denominator=cells("0", "0")
        )
        assert figure.value.isna().all()
        assert set(figure.status) <= {"not_applicable", "not_available"}
    hidden = make_figures("percent", value=cells("c"), numerator=cells("0"), denominator=cells("0"))
    assert hidden.status.tolist() == ["suppressed"]


@pytest.mark.parametrize("unit", ["percent", "per_10000", "count", "number"])
@pytest.mark.parametrize("value", ["60", "c", None])
@pytest.mark.parametrize("numerator", ["3", "c", "z", None])
@pytest.mark.parametrize("denominator", ["5", "c", None])
def test_no_number_of_a_suppressed_figure_is_carried(
    unit: str, value: str | None, numerator: str | None, denominator: str | None
) -> None:
    if value is None and (numerator is None or denominator is None):
        return
    given = {"value": value, "numerator": numerator, "denominator": denominator}
    figure = make_figures(unit, **{name: cells(text) for name, text in given.items() if text})
    (status,) = figure.status
    if "c" in {value, numerator} or (value is None and denominator == "c"):
        assert status == "suppressed"
    numbers = ["value", "numerator", "denominator", "rounding", "count_rounding"]
    if status:
        assert figure[numbers].isna().all(axis=None)
    else:
        assert figure.value.notna().all()
    if "c" in given.values():
        assert figure[["numerator", "denominator"]].isna().all(axis=None)


CELL = st.sampled_from(["0", "1", "5", "60", "99.5", "100", "1,362", "c", "z", "x", "low", "", "?"])


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8), st.booleans())
def test_a_missing_value_always_has_a_reason_and_a_value_none(
    rows: list[tuple[str, str, str]], published: bool
) -> None:
    value, numerator, denominator = (cells(*column) for column in zip(*rows, strict=True))
    figure = make_figures(
        "percent",
        value=value if published else None,
        numerator=numerator,
        denominator=denominator,
    )
    there = figure.value.notna()
    assert (there == figure.status.eq("")).all()
    assert set(figure.status) <= set(STATUSES) - {"published"} | {""}
    assert (figure.rounding.notna() == there).all()
    assert (figure.numerator.notna() == figure.denominator.notna()).all()
    assert (figure.numerator.notna() <= there).all()
    readable = ["?" not in row[0 if published else 1 :] for row in rows]
    assert figure.index.tolist() == np.flatnonzero(readable).tolist()


def test_a_cell_that_is_neither_is_refused_once_with_the_symbols_known() -> None:
    frame = pd.DataFrame({"count": ["1", "n/a", "c"]}, index=[2, 4, 9], dtype=object)
    reading = Reading(Path("data.csv"), "", "")
    table = SourceTable(frame, pd.DataFrame({"area_type": ""}, frame.index), EES_SYMBOLS, reading)
    table.cells("count")
    table.cells("count")
    assert [str(problem) for problem in reading.refused] == [
        "data.csv, line 4, column count: “n/a” is neither a number nor a known symbol. "
        "Ask the publisher; known besides numbers: c, u, k, low, x, z."
    ]
