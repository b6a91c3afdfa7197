"""The tables of a report: read into the tidy contract, or refused with every fault in its place."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kentstats.errors import DataError
from kentstats.ingest import inspection_report as ofsted
from kentstats.ingest.inspection_report import Source, load_sources

Cells = dict[str, str]
FACT = {
    "paragraph": "55",
    "indicator": "health-assessments",
    "area_name": "Kent",
    "group": "all",
    "period": "last year",
    "period_start": "",
    "period_end": "",
    "value": "78",
    "upper": "",
    "unit": "percent",
    "qualifier": "exact",
    "rounding": "",
    "printed": "78%",
    "description": "Children with an assessment",
    "note": "",
}
JUDGEMENT = {"service": "safeguarding", "section": "Overall", "judgement": "Overall effectiveness"}
JUDGEMENT |= {"grade": "4", "stated_in": "text", "paragraph": "16", "printed": "inadequate"}
ACTION = {"service": "safeguarding", "band": "three months", "paragraph": "19", "position": "1"}
ACTION |= {"section": "Overall", "action": "Do it better", "cue": "better"}
STATEMENT = {"paragraph": "55", "subject": "Dental checks", "area_name": "Kent"}
STATEMENT |= {"comparator": "England", "direction": "level", "period": "last year"}
TABLES: dict[str, tuple[Cells, Callable[[Source], list[dict[str, Any]]]]] = {
    "facts": (FACT, ofsted.read_facts),
    "judgements": (JUDGEMENT, ofsted.read_judgements),
    "actions": (ACTION, ofsted.read_actions),
    "statements": (STATEMENT, ofsted.read_statements),
}
COUNT = {"indicator": "looked-after", "unit": "count"}
CRIME = {"indicator": "crime-victims", "unit": "per_1000"}
NUMBER = "Write digits with a point and nothing else, as in 1362 or 82.4."
KEY = "Take one of the two out, or tell them apart by group or period."


def source_in(folder: Path) -> Source:
    (source,) = load_sources()
    day = dt.date(2010, 11, 30)
    return replace(source, id="report", published=day, licence="A licence", folder=folder)


def read(folder: Path, table: str, *changes: Cells) -> list[dict[str, Any]]:
    """Write a table with one good row for each of `changes`, changed so, and read it."""
    good, reader = TABLES[table]
    with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, good)
        writer.writeheader()
        writer.writerows(good | change for change in changes)
    return reader(source_in(folder))


def refusals(folder: Path, table: str, *changes: Cells) -> list[str]:
    with pytest.raises(DataError) as caught:
        read(folder, table, *changes)
    start = str(folder / f"{table}.csv")
    assert all(problem.file == start for problem in caught.value.problems)
    return [str(problem).removeprefix(start + ", ") for problem in caught.value.problems]


def test_a_fact_has_the_place_of_its_line_and_of_its_area(tmp_path: Path) -> None:
    dates = {"period_start": "2009-09-01", "period_end": "2010-08-31"}
    (fact,) = read(tmp_path, "facts", dates | {"group": "Under 5s", "value": " 78 "})
    assert fact["fact_id"] == "report.p55.health-assessments.under-5s.last-year.E10000016"
    assert (fact["area_code"], fact["area_type"]) == ("E10000016", "authority")
    assert fact["period_end"] == dt.date(2010, 8, 31)
    assert (fact["value"], fact["locator"]) == (78, "paragraph 55")
    assert math.isnan(fact["upper"])


@pytest.mark.parametrize(
    ("table", "column", "word", "nearest"),
    [
        ("facts", "indicator", "health-asessment", "Did you mean health-assessments?"),
        ("facts", "unit", "procent", "Did you mean percent?"),
        ("facts", "qualifier", "abut", "Did you mean about?"),
        ("facts", "area_name", "kent", "Did you mean Kent?"),
        ("judgements", "service", "safegarding", "Did you mean safeguarding?"),
        ("judgements", "stated_in", "tex", "Did you mean text?"),
        ("actions", "service", "care", "There is: safeguarding, looked after children."),
        ("actions", "band", "imediately", "Did you mean immediately?"),
        ("statements", "direction", "abov", "Did you mean above?"),
        ("statements", "area_name", "Sout East", "Did you mean South East or South West or "),
    ],
)
def test_a_word_that_is_not_known_is_refused_with_the_nearest(
    tmp_path: Path, table: str, column: str, word: str, nearest: str
) -> None:
    (told,) = refusals(tmp_path, table, {column: word})
    assert told.startswith(f"line 2, column {column}: “{word}” is not known here. {nearest}")


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("facts", "paragraph indicator area_name group period value unit qualifier printed"),
        ("facts", "description"),
        ("judgements", "service section judgement grade stated_in paragraph printed"),
        ("actions", "service band paragraph position section action cue"),
        ("statements", "paragraph subject area_name comparator direction period"),
    ],
)
def test_an_empty_cell_is_refused_where_one_is_needed(
    tmp_path: Path, table: str, columns: str
) -> None:
    for column in columns.split():
        assert refusals(tmp_path, table, {column: " "}) == [
            f"line 2, column {column}: The cell is empty. Fill it in."
        ]


RANGE = {"qualifier": "range", "value": "10", "upper": "80"}
NO_RANGE = (
    "upper: A range has an upper end above its value, and only a range has one. "
    "Fill in upper, or change the qualifier."
)
NO_PARAGRAPH = "is no paragraph of the report. Give a whole number from 1 to 95."


@pytest.mark.parametrize(
    ("table", "cells", "told"),
    [
        ("facts", {"value": "78%"}, f"value: “78%” is no number. {NUMBER}"),
        ("facts", {"value": "-78"}, "value: “-78” is negative. Figures here are 0 or more."),
        ("facts", {"value": "101"}, "value: 101 per cent is over 100. Mend the value or the unit"),
        ("facts", {"rounding": "half"}, f"rounding: “half” is no number. {NUMBER}"),
        ("facts", RANGE | {"upper": "8o"}, f"upper: “8o” is no number. {NUMBER}"),
        ("facts", RANGE | {"value": "x"}, f"value: “x” is no number. {NUMBER}"),
        ("facts", RANGE | {"upper": "120"}, "upper: 120 per cent is over 100. Mend the value or t"),
        (
            *("facts", {"unit": "count"}),
            "unit: “count” is not the unit of health-assessments. "
            "The catalogue has it in percent; use another indicator for another unit.",
        ),
        *(
            ("facts", {"qualifier": qualifier, "upper": upper}, NO_RANGE)
            for qualifier, upper in (
                *(("range", ""), ("range", "78"), ("range", "77")),
                *(("exact", "80"), ("exact", "78"), ("exact", "5")),
            )
        ),
        ("facts", {"period_start": "2010-02-30"}, "period_start: “2010-02-30” is no date. Write"),
        (
            *("facts", {"period_start": "2010-08-31", "period_end": "2010-08-30"}),
            "period_end: The period ends before it starts. Mend it.",
        ),
        *(
            (table, {"paragraph": number}, f"paragraph: “{number}” {NO_PARAGRAPH}")
            for table in TABLES
            for number in ("0", "96", "-5", "5.5", "five")
        ),
        *(
            ("judgements", {"grade": grade}, f"grade: “{grade}” is no grade. Give a whole number")
            for grade in ("0", "5", "Good")
        ),
        ("actions", {"position": "0"}, "position: “0” is no place in its band. Give a whole num"),
    ],
)
def test_a_faulty_cell_is_refused_and_its_line_for_nothing_else(
    tmp_path: Path, table: str, cells: Cells, told: str
) -> None:
    (found,) = refusals(tmp_path, table, cells)
    assert found.startswith(f"line 2, column {told}")


@pytest.mark.parametrize(
    ("table", "other"),
    [
        ("facts", {"value": "79", "group": "ALL"}),
        ("judgements", {"grade": "3", "paragraph": "17"}),
        ("actions", {"action": "Do it worse"}),
        ("statements", {"direction": "above"}),
    ],
)
def test_two_lines_of_one_key_are_refused(tmp_path: Path, table: str, other: Cells) -> None:
    assert refusals(tmp_path, table, {}, other, {}) == [
        f"line 3: The line has the key of line 2. {KEY}",
        f"line 4: The line has the key of line 2. {KEY}",
    ]


def test_all_faults_of_a_file_are_told_together_in_the_order_of_its_lines(tmp_path: Path) -> None:
    told = refusals(
        tmp_path,
        "facts",
        {"note": "two\nlines", "value": "x", "unit": "procent"},
        {"group": "girls"},
        {"group": "boys", "paragraph": "0"},
    )
    assert [message.split(":")[0] for message in told] == [
        "line 2, column value",
        "line 2, column unit",
        "line 5, column paragraph",
    ]


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8))
def test_any_text_for_a_value_is_its_number_or_is_told_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    other = {"group": "girls", "note": "two\nlines"}
    value, faults = math.nan, []
    try:
        value = read(folder, "facts", other, {"value": text})[1]["value"]
    except DataError as error:
        faults = [(fault.line, fault.column) for fault in error.problems]
    if faults:
        assert faults == [(4, "value")]
    else:
        assert value == float(text)
        assert 0 <= value <= 100


@pytest.mark.parametrize(
    ("cells", "half_width"),
    [
        ({"value": "78", "printed": "78%"}, 0.5),
        ({"value": "82.4", "printed": "82.4%"}, 0.05),
        ({"value": "82.45", "printed": "82.45%"}, 0.005),
        (CRIME | {"value": "20.0", "printed": "20.0"}, 0.05),
        (CRIME | {"value": "20", "printed": "20"}, 0.5),
        ({"indicator": "investment", "unit": "gbp", "value": "5", "printed": "£5"}, 0.5),
        ({"indicator": "deprivation-rank", "unit": "rank", "printed": "48th"}, 0),
        (COUNT, 0),
        (COUNT | {"printed": "seven"}, 0),
        (COUNT | {"qualifier": "over"}, math.nan),
        (COUNT | {"printed": "seven", "qualifier": "about"}, math.nan),
        ({"value": "75", "printed": "three quarters"}, math.nan),
        ({"qualifier": "about"}, math.nan),
        ({"qualifier": "range", "upper": "80"}, math.nan),
        ({"qualifier": "about", "rounding": "2.5"}, 2.5),
        ({"printed": "three quarters", "rounding": "12.5"}, 12.5),
        (COUNT | {"rounding": "50"}, 50),
        ({"rounding": "0"}, 0),
    ],
)
def test_half_the_width_of_the_rounding_is_what_the_digits_show_or_what_is_stated(
    tmp_path: Path, cells: Cells, half_width: float
) -> None:
    (fact,) = read(tmp_path, "facts", cells)
    assert fact["rounding"] == pytest.approx(half_width, nan_ok=True)


def test_a_judgement_keeps_its_place_however_often_it_is_stated(tmp_path: Path) -> None:
    rows = read(
        tmp_path,
        "judgements",
        {"judgement": "Partnerships"},
        {"judgement": "Being healthy"},
        {"judgement": "Partnerships", "stated_in": "record"},
        {"judgement": "Partnerships", "service": "looked after children"},
    )
    assert [row["position"] for row in rows] == [1, 2, 1, 3]


def test_an_action_is_due_calendar_months_after_publication(tmp_path: Path) -> None:
    bands = ("immediately", "three months", "six months")
    rows = read(tmp_path, "actions", *({"band": band} for band in bands))
    due = [row["due"].isoformat() for row in rows]
    assert due == ["2010-11-30", "2011-02-28", "2011-05-30"]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_and_each_of_its_columns_must_be_there(tmp_path: Path, table: str) -> None:
    good, reader = TABLES[table]
    with pytest.raises(DataError, match=f"{table}.csv: The file cannot be read: "):
        reader(source_in(tmp_path))
    *names, last = good
    (tmp_path / f"{table}.csv").write_text(",".join(names) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=f"line 1, column {last}: The column is missing"):
        reader(source_in(tmp_path))
