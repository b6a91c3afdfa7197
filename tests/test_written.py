"""JSON as files hold it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentstats.written import pretty

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PLAIN = st.none() | st.booleans() | st.integers() | TEXTS
RECORDS = st.recursive(
    PLAIN, lambda within: st.lists(within) | st.dictionaries(TEXTS, within), max_leaves=20
)


@given(RECORDS, st.booleans())
def test_it_is_what_python_writes(record: Any, ordered: bool) -> None:
    written = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=ordered)
    assert pretty(record, ordered=ordered).decode() == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_they_were(number: float) -> None:
    assert math.copysign(1, json.loads(pretty(number))) == math.copysign(1, number)
    assert json.loads(pretty([number])) == [number]


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        pretty({"a": object()})
