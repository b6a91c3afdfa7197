"""The tidy contract: typed columns in order, sorted by a key that is unique."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kentstats.schemas import TABLES, tidy

STATEMENT = {
    "source_id": "report",
    "subject": "Dental checks",
    "area_name": "Kent",
    "comparator": "England",
    "direction": "level",
    "period": "2010",
    "locator": "paragraph 55",
}
SAMPLES: dict[str, Any] = {
    "str": "word",
    "float64": 1.5,
    "int64": 2,
    "datetime64[ms]": dt.date(2010, 8, 31),
}


def sample(table: str) -> dict[str, Any]:
    return {name: SAMPLES[column.dtype] for name, column in TABLES[table][0].items()}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_has_its_columns_in_order_with_their_types(table: str) -> None:
    row = dict(reversed(sample(table).items()))
    frame = tidy(table, [row])
    columns, _ = TABLES[table]
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        name: column.dtype for name, column in columns.items()
    }
    assert list(frame.columns) == list(columns)
    assert len(frame) == 1


def test_rows_are_sorted_by_the_key_whatever_order_they_come_in() -> None:
    rows = [STATEMENT | {"subject": subject} for subject in "badc"]
    random.Random(1).shuffle(rows)
    frame = tidy("statements", rows)
    assert frame["subject"].tolist() == ["a", "b", "c", "d"]
    assert frame.index.tolist() == [0, 1, 2, 3]


def test_none_is_a_missing_number_or_date() -> None:
    row = sample("facts") | {"upper": None, "period_end": None}
    frame = tidy("facts", [row, row | {"fact_id": "other", "upper": 2.0}])
    assert np.isnan(frame["upper"]).tolist() == [False, True]
    assert frame["period_end"].isna().all()
    assert frame["period_start"].tolist() == [pd.Timestamp(2010, 8, 31)] * 2


def test_two_rows_of_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^statements: key \('source_id', .*\) is not unique$"):
        tidy("statements", [STATEMENT, STATEMENT | {"direction": "above"}])


def test_a_column_too_many_or_too_few_is_named() -> None:
    row = {name: value for name, value in STATEMENT.items() if name != "locator"}
    with pytest.raises(ValueError, match=r"^statements: .*\['locator', 'place'\]$"):
        tidy("statements", [row | {"place": "paragraph 55"}])
