"""What sections share: charts, claims of official figures, and words about them.

A row is a fact with its estimate, or a comparison that carries one: both have
the columns ``indicator``, ``group``, ``value``, ``estimate``, ``lower``,
``upper``, ``numerator``, ``denominator``, ``fact_id`` and ``locator``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeGuard

from matplotlib.axes import Axes

from kentstats.areas import KINDS
from kentstats.charts import drawing
from kentstats.indicators import Indicator, load_indicators
from kentstats.report.blocks import Block, figure_block
from kentstats.report.claims import Claim, claim, show
from kentstats.report.context import Briefing
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import SCALE, Row

UNIT_WORDS = {
    "percent": "%",
    "per_10000": "per ten thousand",
    "per_1000": "per thousand",
    "count": "number",
    "per_worker": "cases",
}
NO_FIGURE = {
    "suppressed": "withheld",
    "not_applicable": "does not apply",
    "not_available": "no figure",
    "rounds_to_zero": "rounds to nought",
    "unreliable": "withheld as unreliable",
}
"""What stands in the place of a figure, by its status."""
SCALE_WORDS = {"percent": "× 100", "per_10000": "× 10,000", "per_1000": "× 1,000"}
DIFFERENT = ("better", "worse", "higher", "lower")
"""Verdicts that say that a difference is beyond chance."""


def chart(
    drawn: Axes,
    *,
    title: Text | str,
    subtitle: Text | str,
    source: str,
    left: float,
    caption: Text,
    alt: Text,
    label: str,
    claims: Sequence[Claim],
    head: float = 0.0,
) -> Block:
    """Put the titles and the source of a chart around it, and set it as a figure."""
    title, subtitle = (text.plain if isinstance(text, Text) else text for text in (title, subtitle))
    drawing.add_titles(drawn, title=title, subtitle=subtitle, source=source, left=left, head=head)
    return figure_block(drawn, caption=caption, alt=alt, label=label, claims=claims)


def plural(number: Claim, one: str, many: str) -> str:
    """Choose the words for one thing or for several."""
    return one if number.value == 1 else many


def label(indicator: Indicator, group: str = "all", *, unit: bool = True) -> str:
    """Name a measure, with its subgroup and, where it is no percentage, its unit."""
    name = indicator.short
    if group != "all":
        name += f", {'asylum-seeking' if group == 'uasc' else group}"
    if unit and indicator.unit not in {"percent", "count", "per_worker"}:
        name += f" ({UNIT_WORDS.get(indicator.unit, indicator.unit)})"
    return name


def measure_name(row: Row) -> Text:
    """Name the measure of a row, in running text."""
    return named(label(load_indicators()[row["indicator"]], str(row["group"]), unit=False))


def heading(brief: Briefing) -> str:
    """Name the authority over a narrow column, where its name fits there."""
    words = brief.authority.split()
    fits = len(brief.authority) <= 20 and max(map(len, words)) <= 11
    return brief.authority if fits else "Here"


def has_figure(row: Row | None) -> TypeGuard[Row]:
    """Tell whether a row has a figure."""
    return row is not None and row["value"] == row["value"]


def figure(row: Row, *, bare: bool = False) -> Claim:
    """Make the claim of a figure of official statistics."""
    unit = str(row["unit"])
    # numbers that do not give the published figure are not used, and there is no interval
    from_numbers = unit in SCALE and row["lower"] == row["lower"]
    if not from_numbers:
        plain = bare and unit not in {"percent", "count"}
        value, decimals = float(row["value"]), _decimals(row)
        shown = show(value, "count", decimals=decimals) if plain else ""
        return claim(value, [row], unit=unit, decimals=decimals, shown=shown)
    value = float(row["estimate"])
    decimals = 0 if value in {0.0, 100.0} else 1
    return claim(
        value,
        [row],
        unit=unit,
        decimals=decimals,
        shown=show(value, "count", decimals=decimals) if bare and unit != "percent" else "",
        calculation=(f"{row['numerator']:,.10g} / {row['denominator']:,.10g} {SCALE_WORDS[unit]}"),
    )


def _decimals(row: Row) -> int:
    # one place is all that a reader needs, however many are published
    half = float(row["rounding"])
    return min(1, max(0, math.ceil(-math.log10(2 * half) - 1e-9))) if half > 0 else 0


def figure_or_reason(row: Row | None) -> Claim | str:
    """Return what a table prints of a row: its figure, or why there is none."""
    if row is None:
        return "no figure"
    return figure(row, bare=True) if has_figure(row) else NO_FIGURE[row["status"]]


def numbers(row: Row) -> Text:
    """Say numerator and denominator of a figure, where they are published."""
    if row["numerator"] != row["numerator"]:
        return Text(())
    top, base = (
        claim(
            row[name],
            [row],
            unit="count",
            shown=show(
                float(row[name]), "count", decimals=0 if float(row[name]).is_integer() else 1
            ),
            calculation=f"{name} as published",
        )
        for name in ("numerator", "denominator")
    )
    return say("{top} of {base}", top=top, base=base)


def figure_with_numbers(row: Row) -> Text:
    """Say a figure, and in brackets the numbers behind it where they are published."""
    behind = numbers(row)
    if not behind.parts:
        return Text((figure(row),))
    return say("{figure} ({behind})", figure=figure(row), behind=behind)


def limit(row: Row, end: str) -> Claim:
    """Make the claim of the ``lower`` or ``upper`` limit of a confidence interval."""
    unit = str(row["unit"])
    model = load_indicators()[row["indicator"]].model
    method = (
        "Wilson score interval" if model == "proportion" else "interval by Byar, exact below ten"
    )
    value = float(row[end])
    shown = show(value, "count", decimals=1) if unit != "percent" else ""
    calculation = f"{end} limit of the {method}"
    return claim(value, [row], unit=unit, decimals=1, shown=shown, calculation=calculation)


def period(row: Row) -> Claim:
    """Make the claim of the period of a figure."""
    return claim(str(row["period"]), [row], unit="label", calculation="period as published")


def comparator_name(brief: Briefing, comparator: str) -> str:
    """Name a comparator in words."""
    if comparator == "england":
        return "England"
    if comparator == "region":
        region = brief.statistics.official.register.by_code(brief.area.region)
        return f"the {region.name} region" if region else "its region"
    if comparator == "type":
        return f"other {KINDS.get(brief.area.kind, 'authorities of its type')}"
    return "its statistical neighbours"


def comparator_claim(brief: Briefing, row: Row, *, bare: bool = False) -> Claim:
    """Make the claim of a comparator's figure, published or worked out."""
    unit = str(row["unit"])
    if row["benchmark_id"]:
        # published by England or the region, for the same measure
        england = row["comparator"] == "england"
        code = brief.statistics.country if england else brief.area.region
        return figure(brief.statistics.facts(code)[row["indicator"], row["group"]], bare=bare)
    neighbours = row["comparator"] == "neighbours"
    whose = "statistical neighbours" if neighbours else "authorities of its type"
    facts, source_ids = brief.statistics.comparator_facts(
        row["indicator"], row["group"], row["comparator"]
    )
    first, *others = facts
    place = f"{source_ids[0]}, lines of {whose}"
    pooled = row["statistic"] == "pooled"
    how = "sum of counts over sum of bases" if pooled else "mean of the figures"
    value = float(row["benchmark"])
    return claim(
        value,
        [{"fact_id": first, "locator": place}],
        unit=unit,
        decimals=1,
        shown=show(value, "count", decimals=1) if bare and unit != "percent" else "",
        calculation=f"{how}, {row['members']:.0f} {whose}",
        others=others,
    )


def verdict_words(row: Row, untested: str = ", not tested") -> Text:
    """Say a verdict and how surely it holds, or the direction and that it was not tested."""
    verdict = str(row["verdict"])
    if row["unit"] == "count":
        return say("a number, not compared")
    if verdict in DIFFERENT:
        return say(
            "{word} ({level})", word=verdict, level=setting(row["level"], "level of confidence")
        )
    if verdict == "similar":
        return say("similar")
    if row["direction"] in {"above", "below", "level"}:
        return say("{direction}{untested}", direction=row["direction"], untested=untested)
    return say("not compared")


def surest_first(rows: Iterable[Row], verdict: str) -> list[Row]:
    """Return the rows of one verdict: the surest and then the widest apart first."""
    return sorted(
        (row for row in rows if row["verdict"] == verdict),
        key=lambda row: (
            -row["level"],
            -abs(row["difference"]) / max(row["upper"] - row["lower"], 1e-9),
        ),
    )


def source_line(brief: Briefing, row: Row) -> str:
    """Name the source of a figure, as a chart does."""
    source = brief.statistics.official.source(str(row["source_id"]))
    return f"Source: {source.publisher}, {source.title.partition(',')[0]}"


def axis_format(unit: str) -> Callable[[float], str]:
    """Return what prints the numbers of an axis."""
    return "{:g}%".format if unit == "percent" else "{:g}".format
