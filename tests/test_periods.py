"""Periods of the open data standard have the days that their identifiers fix."""

from __future__ import annotations

import datetime as dt
import itertools
import locale
import re

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from kentstats.periods import (
    MONTHS,
    PARTS,
    YEARS,
    Period,
    month_year,
    read_period,
    show_date,
    year_ending,
)

# https://dfe-analytical-services.github.io/analysts-guide/statistics-production/ud.html
STANDARD = [
    ("2024", "Calendar year", "2024", "2024-01-01", "2024-12-31"),
    ("2025", "Reporting year", "2025", None, None),
    ("202425", "Reporting year", "2024/25", None, None),
    ("202425", "Academic year", "2024/25", "2024-09-01", "2025-08-31"),
    ("202425", "Financial year", "2024/25", "2024-04-01", "2025-03-31"),
    ("202425", "Tax year", "2024/25", "2024-04-06", "2025-04-05"),
    ("199900", "Academic year", "1999/00", "1999-09-01", "2000-08-31"),
    ("202425", "Autumn term", "2024/25 autumn term", "2024-09-01", "2024-12-31"),
    ("202425", "Spring term", "2024/25 spring term", "2025-01-01", "2025-04-30"),
    ("202425", "Summer term", "2024/25 summer term", "2025-05-01", "2025-08-31"),
    ("2024", "Calendar year Q1", "2024 Q1", "2024-01-01", "2024-03-31"),
    ("2024", "Calendar year Q4", "2024 Q4", "2024-10-01", "2024-12-31"),
    ("202425", "Financial year Q1", "2024/25 Q1", "2024-04-01", "2024-06-30"),
    ("202425", "Financial year Q4", "2024/25 Q4", "2025-01-01", "2025-03-31"),
    ("202425", "Financial year Q1-Q2", "2024/25 Q1 to Q2", "2024-04-01", "2024-09-30"),
    ("202425", "Academic year Q2", "2024/25 Q2", "2024-12-01", "2025-02-28"),
    ("202324", "Academic year Q2", "2023/24 Q2", "2023-12-01", "2024-02-29"),
    ("202425", "Academic year Q1-Q4", "2024/25 Q1 to Q4", "2024-09-01", "2025-08-31"),
    ("202425", "Tax year Q1", "2024/25 Q1", "2024-04-06", "2024-07-05"),
    ("202425", "Tax year Q4", "2024/25 Q4", "2025-01-06", "2025-04-05"),
    ("202425", "Part 1 (April to September)", "2024/25 part 1", "2024-04-01", "2024-09-30"),
    ("202425", "Part 2 (October to March)", "2024/25 part 2", "2024-10-01", "2025-03-31"),
    ("2024", "February", "2024 February", "2024-02-01", "2024-02-29"),
    ("2024", "December", "2024 December", "2024-12-01", "2024-12-31"),
    ("2025", "Week 1", "2025 week 1", "2024-12-30", "2025-01-05"),
    ("2025", "Week 52", "2025 week 52", "2025-12-22", "2025-12-28"),
    ("2020", "Week 53", "2020 week 53", "2020-12-28", "2021-01-03"),
    *(
        ("202425", f"{terms} term", f"2024/25 {terms.casefold()} term", start, end)
        for terms, start, end in (
            ("Autumn and spring", "2024-09-01", "2025-04-30"),
            ("Spring and summer", "2025-01-01", "2025-08-31"),
        )
    ),
]


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


@pytest.mark.parametrize(("text", "identifier", "label", "start", "end"), STANDARD)
def test_a_period_of_the_standard_has_its_label_and_days(
    text: str, identifier: str, label: str, start: str | None, end: str | None
) -> None:
    wanted = Period(label, day(start), day(end))
    assert read_period(text, identifier) == wanted
    assert read_period(text, f" {identifier.upper()}  ".replace(" Y", "  Y")) == wanted


def test_quarters_and_terms_fill_their_years() -> None:
    for kind, text in (("Calendar", "2024"), ("Financial", "202425"), ("Academic", "202425")):
        year = read_period(text, f"{kind} year")
        quarters = [read_period(text, f"{kind} year Q{number}") for number in range(1, 5)]
        assert (quarters[0].start, quarters[3].end) == (year.start, year.end)
        for one, other in itertools.pairwise(quarters):
            assert one.end
            assert one.end + dt.timedelta(days=1) == other.start
    terms = [read_period("202425", f"{term} term") for term in ("Autumn", "Spring", "Summer")]
    assert terms[0].start == read_period("202425", "Academic year").start
    assert terms[2].end == read_period("202425", "Academic year").end


@pytest.mark.parametrize(
    ("text", "identifier", "told"),
    [
        ("202426", "Academic year", "“202426” is no year: its two halves do not follow"),
        *(
            (text, "Calendar year", f"“{text}” is no period: give four digits, or six as in 202425")
            for text in ("24", "2024/25", "1824", "", "٢٠٢٤")
        ),
        *(
            ("2024", kind, f"“2024, {kind}” is no period: its year has six digits.")
            for kind in ("Academic year", "Autumn term", "Financial year Q1", "Part 1")
        ),
        *(
            ("202425", kind, f"“202425, {kind}” is no period: its year has four digits.")
            for kind in ("Calendar year", "Calendar year Q1", "January")
        ),
        *(
            ("202425", kind, f"“202425, {kind}” is no period of the open data standard.")
            for kind in (
                *("Financial year Q3-Q2", "Financial year Q5", "Part 1 (October to March)"),
                *("Part 3", "Week 0", "School year", ""),
            )
        ),
        ("202425", "Week 1", "2024/25 has no week 1."),
        ("2025", "Week 53", "2025 has no week 53."),
    ],
)
def test_what_is_no_period_is_told(text: str, identifier: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"[.]$") as caught:
        read_period(text, identifier)
    assert str(caught.value).startswith(told)


@given(
    st.one_of(st.text(max_size=8), st.integers(0, 999_999).map(str)),
    st.one_of(
        st.text(max_size=20),
        st.sampled_from([*YEARS, *PARTS, *MONTHS, "reporting year", "week 9", "academic year q3"]),
    ),
)
def test_any_text_is_a_period_that_begins_before_it_ends_or_is_told(
    text: str, identifier: str
) -> None:
    try:
        period = read_period(text, identifier)
    except ValueError as error:
        told = str(error)
    else:
        told = ""
    if told:
        assert told.endswith(".")
        return
    assert period.label.startswith(text[:4])
    assert (period.start is None) == (period.end is None)
    if period.start and period.end:
        assert period.start < period.end


def test_the_language_of_the_machine_does_not_matter() -> None:
    before = locale.setlocale(locale.LC_ALL)
    try:
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8"):
            try:
                locale.setlocale(locale.LC_ALL, name)
            except locale.Error:
                continue
            read_period.cache_clear()
            assert show_date(dt.date(2024, 3, 31)) == "31 March 2024"
            assert read_period("2024", "March").end == dt.date(2024, 3, 31)
    finally:
        locale.setlocale(locale.LC_ALL, before)
    assert list(MONTHS)[:3] == ["january", "february", "march"]
    assert month_year(dt.date(2010, 11, 19)) == "November 2010"
    assert show_date(dt.date(2010, 5, 1)) == "1 May 2010"


def test_no_module_asks_the_machine_for_names_of_months_or_days() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        assert not re.search(r"%-?[aAbBcpxX]\b", path.read_text(encoding="utf-8")), path


@pytest.mark.parametrize(
    ("label", "ends", "start", "end"),
    [
        ("2025", "03-31", "2024-04-01", "2025-03-31"),
        ("2024", "02-29", "2023-03-01", "2024-02-29"),
        ("2025", "02-29", "2024-03-01", "2025-02-28"),
        ("2024/25", "08-31", "2024-09-01", "2025-08-31"),
        ("2025", "on 09-30", "2025-09-30", "2025-09-30"),
        ("2024/25 autumn term", "08-31", None, None),
        ("2019-2021", "03-31", None, None),
    ],
)
def test_a_year_ends_on_the_day_that_is_known(
    label: str, ends: str, start: str | None, end: str | None
) -> None:
    assert year_ending(label, ends) == Period(label, day(start), day(end))
