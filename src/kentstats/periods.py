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
MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
QUARTER = re.compile(r"(calendar|financial|academic|tax) year q([1-4])(?:-q([1-4]))?")


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
    if re.fullmatch(r"(19|20)\d{2}", text):
        first = int(text)
        last, label = first, text
    elif re.fullmatch(r"(19|20)\d{4}", text):
        first = int(text[:4])
        last, label = first + 1, f"{text[:4]}/{text[4:]}"
        if last % 100 != int(text[4:]):
            raise ValueError(f"“{text}” is no year: its two halves do not follow each other.")
    else:
        raise ValueError(f"“{text}” is no period: give four digits, or six as in 202425.")
    spans = last != first
    if kind == "reporting year":
        return Period(label, None, None)
    if kind in YEARS:
        return _year(label, first, kind, spans=spans)
    if kind in TERMS:
        return _term(label, first, kind, spans=spans)
    if kind in MONTHS and not spans:
        return _months(f"{text} {kind.capitalize()}", first, MONTHS[kind], 1)
    if match := QUARTER.fullmatch(kind):
        return _quarters(label, first, match, spans=spans)
    if match := re.fullmatch(r"week ([1-9]|[1-4]\d|5[0-3])", kind):
        try:
            monday = dt.date.fromisocalendar(first, int(match[1]), 1)
        except ValueError:
            raise ValueError(f"{text} has no {kind}.") from None
        return Period(f"{text} week {match[1]}", monday, monday + dt.timedelta(days=6))
    if kind.startswith("part 1"):
        return _months(f"{label} part 1", first, 4, 6)
    if kind.startswith("part 2"):
        return _months(f"{label} part 2", first, 10, 6)
    raise ValueError(f"“{text}, {identifier}” is no period of the open data standard.")


def _year(label: str, first: int, kind: str, *, spans: bool) -> Period:
    if spans == (kind == "calendar year"):
        digits = "four" if kind == "calendar year" else "six"
        raise ValueError(f"“{label}, {kind}” is no period: a {kind} has {digits} digits.")
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
    if kind == "tax":
        return Period(name, None, None)
    begins = {"calendar": 1, "financial": 4, "academic": 9}[kind] + 3 * (one - 1)
    return _months(name, first, begins, 3 * (other - one + 1))


def _months(label: str, year: int, month: int, count: int) -> Period:
    def day_one(months: int) -> dt.date:
        return dt.date(year + (months - 1) // 12, (months - 1) % 12 + 1, 1)

    return Period(label, day_one(month), day_one(month + count) - dt.timedelta(days=1))


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
    end = dt.date(year, month, day)
    if ends.startswith("on "):
        return Period(label, end, end)
    before = end.replace(year=year - 1)
    return Period(label, before + dt.timedelta(days=1), end)
