"""Periods as official statistics name them, with the days they begin and end."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Period:
    """A period.

    Attributes
    ----------
    label : str
        As it is printed: ``2025``, ``2024/25``, ``2024/25 autumn term``.
    start, end : datetime.date or None
        First and last day; None where the identifier does not fix them: a
        reporting year means another year in every publication.
    """

    label: str
    start: dt.date | None
    end: dt.date | None


YEARS = {
    "calendar year": (1, 1),
    "financial year": (4, 1),
    "academic year": (9, 1),
    "tax year": (4, 6),
}
"""Month and day on which each kind of year begins."""
# not those of the calendar module, which speak the language of the machine
MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MONTHS = {name.lower(): number for number, name in enumerate(MONTH_NAMES, 1)}
PARTS = {
    "autumn term": (9, 4),
    "spring term": (13, 4),
    "summer term": (17, 4),
    "autumn and spring term": (9, 8),
    "spring and summer term": (13, 8),
    "part 1": (4, 6),
    "part 1 (april to september)": (4, 6),
    "part 2": (10, 6),
    "part 2 (october to march)": (10, 6),
}
"""Parts of a year of six digits: the month each begins, 13 being the next January, and how many."""
QUARTER = re.compile(r"(calendar|financial|academic|tax) year q([1-4])(?:-q([1-4]))?")
WEEK = re.compile(r"week ([1-9]|[1-4][0-9]|5[0-3])")


def month_year(day: dt.date) -> str:
    """Write the month of a day in English, whatever the language of the machine.

    Examples
    --------
    >>> month_year(dt.date(2010, 11, 19))
    'November 2010'
    """
    return f"{MONTH_NAMES[day.month - 1]} {day.year}"


def show_date(day: dt.date) -> str:
    """Write a day in English, whatever the language of the machine.

    Examples
    --------
    >>> show_date(dt.date(2010, 11, 19))
    '19 November 2010'
    """
    return f"{day.day} {month_year(day)}"


@lru_cache(maxsize=4096)
def read_period(text: str, identifier: str) -> Period:
    """Read ``time_period`` and ``time_identifier`` of an open data file.

    What is none of the standard raises a ValueError whose message is a whole sentence.

    References
    ----------
    Department for Education, Analysts' guide, open data standards: time
    period and time identifier.

    Examples
    --------
    >>> read_period("202425", "Academic year").end
    datetime.date(2025, 8, 31)
    >>> read_period("2025", "Reporting year")
    Period(label='2025', start=None, end=None)
    """
    if not re.fullmatch(r"(19|20)[0-9]{2}([0-9]{2})?", text):
        raise ValueError(f"“{text}” is no period: give four digits, or six as in 202425.")
    first, second = int(text[:4]), text[4:]
    if second and (first + 1) % 100 != int(second):
        raise ValueError(f"“{text}” is no year: its two halves do not follow each other.")
    label = f"{first}/{second}" if second else text
    kind = " ".join(identifier.casefold().split())
    if kind == "reporting year":
        return Period(label, None, None)
    if match := WEEK.fullmatch(kind):
        try:
            monday = dt.date.fromisocalendar(int(label), int(match[1]), 1)
        except ValueError:
            raise ValueError(f"{label} has no {kind}.") from None
        return Period(f"{label} {kind}", monday, monday + dt.timedelta(days=6))
    if (span := _span(kind)) is None:
        raise ValueError(f"“{text}, {identifier}” is no period of the open data standard.")
    # only months and calendar years have a year of their own
    single = kind in MONTHS or kind.startswith("calendar")
    if single == bool(second):
        digits = "four" if single else "six"
        raise ValueError(f"“{text}, {identifier}” is no period: its year has {digits} digits.")
    name, month, day, count = span
    start, after = (
        dt.date(first + (each - 1) // 12, (each - 1) % 12 + 1, day)
        for each in (month, month + count)
    )
    return Period(label + name, start, after - dt.timedelta(days=1))


def _span(kind: str) -> tuple[str, int, int, int] | None:
    """Return what names a period, the month and day it begins, and how many months it has."""
    if kind in YEARS:
        return "", *YEARS[kind], 12
    if kind in PARTS:
        month, count = PARTS[kind]
        return f" {kind.partition(' (')[0]}", month, 1, count
    if kind in MONTHS:
        return f" {kind.capitalize()}", MONTHS[kind], 1, 1
    match = QUARTER.fullmatch(kind)
    if match and match[2] <= (match[3] or match[2]):
        month, day = YEARS[f"{match[1]} year"]
        one, other = int(match[2]), int(match[3] or match[2])
        name = f" Q{one}" + (f" to Q{other}" if other > one else "")
        return name, month + 3 * (one - 1), day, 3 * (other - one + 1)
    return None


def year_ending(label: str, ends: str) -> Period:
    """Make the period of a reporting year, of which the month and day are known that end it.

    It is without days where the label is no year, and of one day where `ends` begins with “on”.

    Examples
    --------
    >>> year_ending("2025", "03-31").start
    datetime.date(2024, 4, 1)
    >>> year_ending("2025", "on 03-31").start
    datetime.date(2025, 3, 31)
    """
    if not (match := re.fullmatch(r"(\d{4})(?:/(\d{2}))?", label)):
        return Period(label, None, None)
    year = int(match[1]) + (1 if match[2] else 0)
    month, day = (int(part) for part in ends.removeprefix("on ").split("-"))
    before, end = (  # of February the last day where there is no 29th
        dt.date(each, month, min(day, calendar.monthrange(each, month)[1]))
        for each in (year - 1, year)
    )
    return Period(label, end if ends.startswith("on ") else before + dt.timedelta(days=1), end)
