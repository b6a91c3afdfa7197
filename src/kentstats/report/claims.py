"""Claims: every number that is printed, with the facts behind it.

No number is typed by hand or dropped into a sentence. :func:`claim` makes one from facts;
sentences, tables, chart labels and alternative texts print claims. In a notebook a claim is a
``<span>`` with its value and place, on the page a ``<data>``; ``claims.json`` lists all of them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from kentstats.periods import show_date
from kentstats.schemas import PRECISION

MAX_NAMED = 12
"""As many further facts a claim names itself; more stand in a list that claims share."""
ESCAPED = {ord(mark): f"\\{mark}" for mark in "\\`*_{}[]<>#|~^$@&\"'"}
QUOTED = {ord(mark): f"&#{ord(mark)};" for mark in "|\\$`\n\r"}
"""Of an attribute, what would end it or its table cell, or be read as mathematics in Jupyter."""


@dataclass(frozen=True)
class Claim:
    """One printed number, date or label from the data.

    The same claim has the same `id` wherever it is printed. Its `value` has full precision, or is
    a date in ISO form; its `unit` is one of :data:`~kentstats.schemas.UNITS`, ``points``,
    ``ratio``, ``date`` or ``label``. `facts` are ids of the facts behind it, `places` where they
    are in their source, `others` ids of many more, such as those of every authority behind a
    rank; claims of the same facts share the list of these.
    """

    id: str
    value: float | str
    unit: str
    shown: str
    facts: tuple[str, ...]
    places: tuple[str, ...]
    calculation: str
    others: tuple[str, ...] = ()

    @cached_property
    def listed(self) -> str:
        """Name of the list of the others; empty where there are none."""
        return f"l{_digest(self.others)}" if self.others else ""

    @property
    def place(self) -> str:
        """The places in one line."""
        return "; ".join(self.places)

    @property
    def markdown(self) -> str:
        """The claim as a span with its identifier, value and place."""
        value = self.value if isinstance(self.value, str) else f"{self.value:.12g}"
        value, place = quote_attribute(value), quote_attribute(self.place)
        opening = f'class="claim" data-id="{self.id}" data-value="{value}" data-source="{place}"'
        return f"<span {opening}>{escape(self.shown)}</span>"

    def record(self) -> dict[str, Any]:
        """Return the claim as a mapping, with the name of their list in place of the others."""
        made = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**made, "others": self.listed}


def claim(
    value: float | str | dt.date,
    parents: Sequence[Mapping[str, Any]],
    *,
    unit: str,
    calculation: str = "as published",
    shown: str = "",
    decimals: int | None = None,
    qualifier: str = "exact",
    others: Sequence[str] = (),
) -> Claim:
    """Make a claim of a value at full precision.

    The `parents` are the facts behind it, at least one: rows with ``fact_id`` and ``locator``;
    `calculation` says how it comes from them. The `others` are ids of more facts behind it, whose
    places are not named. It is printed as `shown`, or as :func:`show` decides.

    Raises
    ------
    ValueError
        No parents, or a value that is not a number where one is due.

    Examples
    --------
    >>> fact = {"fact_id": "s.p55.health", "locator": "paragraph 55"}
    >>> claim(78.0, [fact], unit="percent", decimals=0).shown
    '78%'
    """
    if not parents:
        raise ValueError("a claim needs at least one fact behind it")
    if isinstance(value, dt.date):
        shown = shown or show_date(value)
        value = value.isoformat()
    elif isinstance(value, str):
        shown = shown or value
    else:
        value = float(value)
        if not math.isfinite(value):
            raise ValueError(f"{value} cannot be claimed: there is no figure")
        shown = shown or show(value, unit, decimals=decimals, qualifier=qualifier)
    facts = [str(parent["fact_id"]) for parent in parents]
    if len(others) <= MAX_NAMED:
        facts, others = [*facts, *others], ()
    own, listed = tuple(dict.fromkeys(facts)), tuple(others)
    places = tuple(dict.fromkeys(str(parent["locator"]) for parent in parents))
    made = (value, unit, shown, own, places, calculation, listed)
    return Claim(f"c{_digest(made)}", *made)


def _digest(content: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]


def fact_claim(fact: Mapping[str, Any]) -> Claim:
    """Make the claim of a row of the facts, with the decimals and qualifier of its source."""
    qualifier, unit = str(fact["qualifier"]), str(fact["unit"])
    decimals = None
    if fact["rounding"] > 0 and unit not in {"gbp", "count"}:
        decimals = max(0, math.ceil(-math.log10(2 * fact["rounding"]) - 1e-9))
    shown = ""
    if qualifier == "range":
        low, high = (show(fact[end], unit, decimals=decimals) for end in ("value", "upper"))
        shown = f"{low} to {high}"
    printed = str(fact.get("printed", ""))
    if unit == "percent" and "quarter" in printed and qualifier == "exact":
        # a fraction in words is not as sharp as the percentage it makes
        shown = f"{printed.lower()} ({show(fact['value'], unit)})"
    return claim(
        fact["value"], [fact], unit=unit, decimals=decimals, qualifier=qualifier, shown=shown
    )


FORMS = {
    "percent": "{}%",
    "points": "{} points",
    "gbp": "£{}",
    "per_1000": "{} per thousand",
    "per_10000": "{} per ten thousand",
    "per_month": "{} a month",
}


def show(value: float, unit: str, *, decimals: int | None = None, qualifier: str = "exact") -> str:
    """Print a number in its unit, rounded half up; see :func:`claim`.

    Examples
    --------
    >>> show(15.816, "percent"), show(1568, "count"), show(5_600_000, "gbp")
    ('15.8%', '1,568', '£5.6 million')
    >>> show(50, "percent", qualifier="over"), show(48, "rank")
    ('more than 50%', '48th')
    >>> show(2.5, "count", decimals=0), show(0.05, "percent")
    ('3', '0.1%')
    """
    words = PRECISION.get(qualifier, "")
    millions = unit in {"gbp", "count"} and abs(value) >= 1_000_000
    number = Decimal(repr(float(value))) / (1_000_000 if millions else 1)
    if decimals is None:
        decimals = 0 if number == number.to_integral_value() else 1
    rounded = number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    text = f"{abs(rounded):,}" + (" million" if millions else "")
    minus = "−" if rounded < 0 else ""
    if unit == "rank":
        endings = {} if rounded % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}
        text += endings.get(int(rounded % 10), "th")
    return words + minus + FORMS.get(unit, "{}").format(text)


def escape(text: str) -> str:
    """Escape what Markdown would read as markup."""
    return text.translate(ESCAPED)


def quote_attribute(text: str) -> str:
    """Escape a text for an attribute in double quotes, within Markdown and its tables."""
    return html.escape(text).translate(QUOTED)
