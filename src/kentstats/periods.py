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
TERMS = {
    "autumn term": (9, 1, 12, 31),
    "spring term": (1, 1, 4, 30),
    "summer term": (5, 1, 8, 31),
    "autumn and spring term": (9, 1, 4, 30),
    "spring and summer term": (1, 1, 8, 31),
}
# not those of the calendar module, which speak the language of the machine
MONTH_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
MONTHS = {name.lower(): number for number, name in enumerate(MONTH_NAMES, 1)}
PARTS = {"part 1": (4, "april to september"), "part 2": (10, "october to march")}
"""Halves of the financial year: the month each begins, and what may stand in brackets."""
QUARTER = re.compile(r"(calendar|financial|academic|tax) year q([1-4])(?:-q([1-4]))?")
WEEK = re.compile(r"week ([1-9]|[1-4][0-9]|5[0-3])")
PART = re.compile(r"(part [12])(?: \((.*)\))?")


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

    Parameters
    ----------
    text : str
        Four digits for a year, six for one that spans two, as ``202425``.
    identifier : str
        What kind of period it is, in the words of the standard.

    Returns
    -------
    Period

    Raises
    ------
    ValueError
        The digits or the identifier are none of the standard, or do not fit
        together; the message is a whole sentence.

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
    kind = " ".join(identifier.casefold().split())
    label, first = _label(text)
    spans = label != text
    if kind == "reporting year":
        return Period(label, None, None)
    if kind in YEARS:
        return _year(label, first, kind, spans=spans)
    if kind in TERMS:
        return _term(label, first, kind, spans=spans)
    if match := QUARTER.fullmatch(kind):
        return _quarters(label, first, match, spans=spans)
    if found := _within(label, first, kind, spans=spans):
        return found
    raise ValueError(f"“{text}, {identifier}” is no period of the open data standard.")


def _label(text: str) -> tuple[str, int]:
    """Return the label of a year or of two, and the first of them."""
    if re.fullmatch(r"(19|20)[0-9]{2}", text):
        return text, int(text)
    if not re.fullmatch(r"(19|20)[0-9]{4}", text):
        raise ValueError(f"“{text}” is no period: give four digits, or six as in 202425.")
    first = int(text[:4])
    if (first + 1) % 100 != int(text[4:]):
        raise ValueError(f"“{text}” is no year: its two halves do not follow each other.")
    return f"{text[:4]}/{text[4:]}", first


def _year(label: str, first: int, kind: str, *, spans: bool) -> Period:
    if spans == (kind == "calendar year"):
        digits = "four" if kind == "calendar year" else "six"
        raise ValueError(f"“{label}, {kind}” is no period: such a year has {digits} digits.")
    month, day = YEARS[kind]
    start = dt.date(first, month, day)
    return Period(label, start, start.replace(year=first + 1) - dt.timedelta(days=1))


def _term(label: str, first: int, kind: str, *, spans: bool) -> Period:
    if not spans:
        raise ValueError(f"“{label}, {kind}” is no period: a term belongs to a year of six digits.")
    month, day, end_month, end_day = TERMS[kind]
    start = dt.date(first + (month < 9), month, day)
    return Period(f"{label} {kind}", start, dt.date(first + (end_month < 9), end_month, end_day))


def _quarters(label: str, first: int, match: re.Match[str], *, spans: bool) -> Period:
    kind, one = match[1], int(match[2])
    other = int(match[3] or one)
    if other < one or spans == (kind == "calendar"):
        raise ValueError(f"“{label}, {match[0]}” is no period of the open data standard.")
    name = f"{label} Q{one}" + (f" to Q{other}" if other > one else "")
    begins = {"calendar": 1, "financial": 4, "academic": 9, "tax": 4}[kind] + 3 * (one - 1)
    return _months(name, first, begins, 3 * (other - one + 1), day=6 if kind == "tax" else 1)


def _within(label: str, first: int, kind: str, *, spans: bool) -> Period | None:
    """Return a month or week of a year, or half of a financial one."""
    if kind in MONTHS and not spans:
        return _months(f"{label} {kind.capitalize()}", first, MONTHS[kind], 1)
    if (match := WEEK.fullmatch(kind)) and not spans:
        try:
            monday = dt.date.fromisocalendar(first, int(match[1]), 1)
        except ValueError:
            raise ValueError(f"{label} has no {kind}.") from None
        return Period(f"{label} week {match[1]}", monday, monday + dt.timedelta(days=6))
    if (match := PART.fullmatch(kind)) and spans:
        month, months = PARTS[match[1]]
        if match[2] in {None, months}:
            return _months(f"{label} {match[1]}", first, month, 6)
    return None


def _months(label: str, year: int, month: int, count: int, day: int = 1) -> Period:
    def begin(months: int) -> dt.date:
        return dt.date(year + (months - 1) // 12, (months - 1) % 12 + 1, day)

    return Period(label, begin(month), begin(month + count) - dt.timedelta(days=1))


def year_ending(label: str, ends: str) -> Period:
    """Make the period of a reporting year whose last day is known.

    Parameters
    ----------
    label : str
        The year, four digits; or two years, as ``2024/25``.
    ends : str
        Month and day on which it ends, as ``03-31``; ``on 03-31`` where the
        figures are of that day alone.

    Returns
    -------
    Period
        Without days where the label is no year.

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
    before, end = (_last(each, month, day) for each in (year - 1, year))
    if ends.startswith("on "):
        return Period(label, end, end)
    return Period(label, before + dt.timedelta(days=1), end)


def _last(year: int, month: int, day: int) -> dt.date:
    """Return a day of a year: of February the last where there is no 29th."""
    return dt.date(year, month, min(day, calendar.monthrange(year, month)[1]))
