"""Sentences: a closed set of forms, each licensed by a result.

A sentence is a template without digits whose slots take claims. So no number reaches a page
without the facts behind it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from string import Formatter
from typing import Any

from kentstats.report.claims import Claim, claim, escape, fact_claim

ROW = re.compile(r"\.p(\d+)\.")


@dataclass(frozen=True)
class Text:
    """Words and claims in order."""

    parts: tuple[str | Claim, ...]

    @property
    def markdown(self) -> str:
        """For the notebook: claims as spans."""
        return "".join(
            part.markdown if isinstance(part, Claim) else escape(part) for part in self.parts
        )

    @property
    def plain(self) -> str:
        """For charts and alternative texts: claims as they are shown."""
        return "".join(part.shown if isinstance(part, Claim) else part for part in self.parts)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims in it, each once."""
        return tuple(dict.fromkeys(part for part in self.parts if isinstance(part, Claim)))

    @property
    def cited(self) -> str:
        """The Markdown, and after it the places that its claims come from.

        A paragraph that gives a figure is a link to its row in the list of every figure.
        """
        links = dict.fromkeys(link for made in self.claims for link in _links_of(made))
        if not links:
            return self.markdown
        # the places belong to the sentence, so they stand before its full stop
        body, stop = self.markdown, ""
        if body.endswith((".", "?")):
            body, stop = body[:-1], body[-1]
        return f"{body} ({', '.join(links)}){stop}"


def _links_of(made: Claim) -> list[str]:
    """Name the places of a claim, those with a row of their own as links."""
    listed = {match[1] for fact in made.facts if (match := ROW.search(fact))}
    names = []
    for place in made.places:
        number = place.removeprefix("paragraph ")
        if number in listed:
            names.append(f"[paragraph {number}](#paragraph-{number})")
        elif not place.startswith("parameter"):
            names.append(escape(place))
    return names


def say(template: str, **slots: Claim | Text | str) -> Text:
    """Fill a sentence, with a ``{slot}`` for each claim and no digits, with claims and words.

    Raises
    ------
    ValueError
        A digit in the template or a string: a number needs its facts, so make a claim of it.

    Examples
    --------
    >>> fact = {"fact_id": "s.p1.n", "locator": "paragraph 1"}
    >>> say("There are {n} of them.", n=claim(3, [fact], unit="count")).plain
    'There are 3 of them.'
    """
    parts: list[str | Claim] = []
    for literal, slot, _, _ in Formatter().parse(template):
        for piece in (literal, "" if slot is None else slots[slot]):
            if isinstance(piece, str) and re.search(r"\d", piece):
                raise ValueError(f"“{piece}” holds a number: make a claim of it")
            parts += piece.parts if isinstance(piece, Text) else [piece]
    return Text(tuple(filter(None, parts)))


def joined(pieces: Iterable[Claim | Text | str], between: str) -> Text:
    """Join texts, claims and words by what stands between them."""
    parts: list[str | Claim] = []
    for piece in pieces:
        parts += [between] if parts else []
        parts += piece.parts if isinstance(piece, Text) else [piece]
    return Text(tuple(parts))


def named(text: str) -> Text:
    """Make a text of a name, such as “Residents aged 0 to 19”: its numbers are no figures."""
    return Text((text,))


def setting(value: float, name: str) -> Claim:
    """Make the claim of a parameter, such as the confidence."""
    parent = {"fact_id": f"parameter.{name}", "locator": f"parameter {name}"}
    # as it was set: rounded, 0.9995 would become certainty
    shown = f"{Decimal(repr(float(value))) * 100:f}".rstrip("0").rstrip(".") + "%"
    calculation = "as set for this briefing"
    return claim(value * 100, [parent], unit="percent", calculation=calculation, shown=shown)


def comparison(
    row: Mapping[str, Any], fact: Mapping[str, Any], benchmark: Mapping[str, Any]
) -> Text:
    """Say what a comparison of :func:`kentstats.stats.shares.compare_figures` licenses.

    A difference without an interval is above or below, never better or worse, with what would
    be needed to say more.
    """
    ours, theirs, both = fact_claim(fact), fact_claim(benchmark), [fact, benchmark]
    other = _who(row, benchmark)
    text = say("{ours} against {theirs} for {other}", ours=ours, theirs=theirs, other=other)
    if row["direction"] == "level" and ours.value == theirs.value:
        return say("{text}: as published, there is no difference.", text=text)
    if row["direction"] == "level":
        return say("{text}: rounding alone may account for the difference.", text=text)
    unit = "points" if row["unit"] == "percent" else row["unit"]
    calculation = "difference of the two figures"
    gap = claim(abs(row["difference"]), both, unit=unit, calculation=calculation, decimals=1)
    direction = "lower" if row["direction"] == "below" else "higher"
    text = say("{text}, {gap} {direction}.", text=text, gap=gap, direction=direction)
    if math.isnan(row["smallest_95"]):
        return say(
            "{text} The report does not give the numbers behind it, so whether chance could "
            "account for it is unknown.",
            text=text,
        )
    calculation = "smallest group by the score test, both roundings at their worst"
    return say(
        "{text} The report does not give the numbers behind it: in a group of {size} or more the "
        "difference would be beyond chance ({level} confidence), in a smaller one perhaps not.",
        text=text,
        size=claim(row["smallest_95"], both, unit="count", calculation=calculation),
        level=setting(0.95, "level of confidence"),
    )


def _who(row: Mapping[str, Any], benchmark: Mapping[str, Any]) -> str:
    if row["kind"] == "period":
        return "an earlier year"
    name = str(benchmark["area_name"])
    kinds = {"comparator_group": name.lower(), "region": f"the {name} region"}
    return kinds.get(str(benchmark["area_type"]), name)


def share(row: Mapping[str, Any], parents: list[Mapping[str, Any]], confidence: float) -> Text:
    """Say a row of :func:`kentstats.stats.shares.derive_shares`, with its interval if it has one.

    The parents are the facts of part and whole, in that order.
    """
    part, whole = map(fact_claim, parents)
    value, limits = share_claim(row, parents), share_limits(row, parents)
    template = "{part} of {whole}, or {value}"
    if limits:
        template += "; the {level} interval runs from {lower} to {upper}"
    level = setting(confidence, "confidence")
    return say(template, part=part, whole=whole, value=value, level=level, **limits)


def share_claim(row: Mapping[str, Any], parents: list[Mapping[str, Any]]) -> Claim:
    """Make the claim of a derived share."""
    calculation = f"{row['numerator']:g} / {row['denominator']:g} × 100"
    return claim(row["value"], parents, unit="percent", decimals=1, calculation=calculation)


def share_limits(row: Mapping[str, Any], parents: list[Mapping[str, Any]]) -> dict[str, Claim]:
    """Make the claims of the ``lower`` and ``upper`` limit of a share; none without limits."""
    limits = {}
    for end in ("lower", "upper"):
        if not math.isnan(row[end]):
            how = f"{end} limit of the Wilson score interval"
            limits[end] = claim(row[end], parents, unit="percent", decimals=1, calculation=how)
    return limits
