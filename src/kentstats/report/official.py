"""What the sections on official statistics share: claims, words, selections."""

from __future__ import annotations

import math
from collections.abc import Sequence

from kentstats.areas import KINDS
from kentstats.indicators import THEMES, Indicator, load_indicators
from kentstats.report.claims import Claim, claim, show
from kentstats.report.context import Edition
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import SCALE, Row

UNIT_WORDS = {
    "percent": "%",
    "per_10000": "per ten thousand",
    "per_1000": "per thousand",
    "count": "number",
    "per_worker": "cases",
}
WITHHELD = {
    "suppressed": "withheld",
    "not_applicable": "does not apply",
    "not_available": "no figure",
    "rounds_to_zero": "rounds to nought",
    "unreliable": "withheld as unreliable",
}
"""What stands in the place of a figure."""
SCALE_WORDS = {"percent": "× 100", "per_10000": "× 10,000", "per_1000": "× 1,000"}
SURE = ("better", "worse", "higher", "lower")
"""Verdicts that say that a difference is beyond chance."""


def label(indicator: Indicator, group: str = "all", *, unit: bool = True) -> str:
    """Name a measure, with its subgroup and, where it is no percentage, its unit."""
    name = indicator.short
    if group != "all":
        name += f", {'asylum-seeking' if group == 'uasc' else group}"
    if unit and indicator.unit not in {"percent", "count", "per_worker"}:
        name += f" ({UNIT_WORDS.get(indicator.unit, indicator.unit)})"
    return name


def heading(edition: Edition) -> str:
    """Name the authority over a narrow column, where its name fits there."""
    words = edition.authority.split()
    fits = len(edition.authority) <= 20 and max(map(len, words)) <= 11
    return edition.authority if fits else "Here"


def ordered(rows: Sequence[Row]) -> list[Row]:
    """Put rows in the order of their themes, and there in that of the catalogue."""
    catalogue = load_indicators()
    place = {name: number for number, name in enumerate(catalogue)}
    return sorted(
        rows,
        key=lambda row: (
            THEMES.index(catalogue[row["indicator"]].theme),
            place[row["indicator"]],
            row["group"],
        ),
    )


def facts_of(edition: Edition, code: str = "") -> dict[tuple[str, str], Row]:
    """Return the latest facts of an area by indicator and group; the authority's by default."""
    return edition.official.facts(code)


def against(edition: Edition, comparator: str) -> dict[tuple[str, str], Row]:
    """Return the authority's comparisons with one comparator, by indicator and group."""
    official = edition.official
    rows = {series: official.comparison(*series, comparator) for series in official.facts()}
    return {series: row for series, row in rows.items() if row is not None}


def has_figure(fact: Row | None) -> bool:
    """Tell whether a fact has a figure."""
    return fact is not None and fact["value"] == fact["value"]


def figure(fact: Row, *, bare: bool = False) -> Claim:
    """Make the claim of a fact of official statistics.

    Parameters
    ----------
    fact : mapping
        A fact with its estimate.
    bare : bool, default False
        Leave out the unit, where a column heading says it.

    Returns
    -------
    Claim
        Worked out from its two numbers where they are published, since a
        printed percentage is rounded.
    """
    unit = str(fact["unit"])
    # numbers that do not make the published figure are not used, and give no limits
    worked = unit in SCALE and fact["lower"] == fact["lower"]
    if not worked:
        plain = bare and unit not in {"percent", "count"}
        value, decimals = float(fact["value"]), _decimals(fact)
        shown = show(value, "count", decimals=decimals) if plain else ""
        return claim(value, [fact], unit=unit, decimals=decimals, shown=shown)
    value = float(fact["estimate"])
    decimals = 0 if value in {0.0, 100.0} else 1
    return claim(
        value,
        [fact],
        unit=unit,
        decimals=decimals,
        shown=show(value, "count", decimals=decimals) if bare and unit != "percent" else "",
        calculation=(
            f"{_plain(fact['numerator'])} / {_plain(fact['denominator'])} {SCALE_WORDS[unit]}"
        ),
    )


def _decimals(fact: Row) -> int:
    # one place is all that a reader needs, however many are published
    half = float(fact["rounding"])
    return min(1, max(0, math.ceil(-math.log10(2 * half) - 1e-9))) if half > 0 else 0


def _plain(value: float) -> str:
    return f"{value:,.10g}"


def cell(fact: Row | None) -> Claim | str:
    """Return what a table prints of a fact: its figure, or why there is none."""
    if fact is None:
        return "no figure"
    return figure(fact, bare=True) if has_figure(fact) else WITHHELD[fact["status"]]


def numbers(fact: Row) -> Text:
    """Say the two numbers behind a figure, where they are published."""
    if fact["numerator"] != fact["numerator"]:
        return Text(())
    ends = [
        claim(
            fact[name],
            [fact],
            unit="count",
            shown=show(
                float(fact[name]), "count", decimals=0 if float(fact[name]).is_integer() else 1
            ),
            calculation=f"{name} as published",
        )
        for name in ("numerator", "denominator")
    ]
    return say("{top} of {base}", top=ends[0], base=ends[1])


def benchmark(edition: Edition, row: Row, *, bare: bool = False) -> Claim:
    """Make the claim of a comparator's figure, published or worked out."""
    unit = load_indicators()[row["indicator"]].unit
    if row["benchmark_id"]:
        # published by England or the region, for the same measure
        england = row["comparator"] == "england"
        whose = edition.official.country if england else edition.area.region
        return figure(facts_of(edition, whose)[row["indicator"], row["group"]], bare=bare)
    whose = (
        "statistical neighbours" if row["comparator"] == "neighbours" else "authorities of its type"
    )
    place = f"{next(iter(row['source_ids']), '')}, lines of {whose}"
    first, *others = row["facts"]
    how = (
        "sum of counts over sum of bases" if row["statistic"] == "pooled" else "mean of the figures"
    )
    value = float(row["benchmark"])
    plain = bare and unit != "percent"
    return claim(
        value,
        [{"fact_id": first, "locator": place}],
        unit=unit,
        decimals=1,
        shown=show(value, "count", decimals=1) if plain else "",
        calculation=f"{how}, {row['members']:.0f} {whose}",
        others=others,
    )


def limit(fact: Row, end: str) -> Claim:
    """Make the claim of a limit of a fact's interval."""
    unit = str(fact["unit"])
    model = load_indicators()[fact["indicator"]].model
    how = "Wilson score interval" if model == "proportion" else "interval by Byar, exact below ten"
    value = float(fact[end])
    shown = show(value, "count", decimals=1) if unit != "percent" else ""
    return claim(
        value, [fact], unit=unit, decimals=1, shown=shown, calculation=f"{end} limit of the {how}"
    )


def word(row: Row, untested: str = ", not tested") -> Text:
    """Say a verdict and how surely it holds, or the direction and that it was not tested."""
    verdict = str(row["verdict"])
    if load_indicators()[row["indicator"]].unit == "count":
        return say("a number, not compared")
    if verdict in SURE:
        return say(
            "{word} ({level})", word=verdict, level=setting(row["level"], "level of confidence")
        )
    if verdict == "similar":
        return say("similar")
    if row["direction"] in {"above", "below"}:
        return say("{direction}{untested}", direction=row["direction"], untested=untested)
    if row["direction"] == "level":
        return say("level{untested}", untested=untested)
    return say("not compared")


def worse_first(rows: Sequence[Row], verdict: str) -> list[Row]:
    """List rows of one verdict, the surest and then the widest apart first."""
    chosen = [row for row in rows if row["verdict"] == verdict]
    return sorted(
        chosen,
        key=lambda row: (
            -row["level"],
            -abs(row["difference"]) / max(row["upper"] - row["lower"], 1e-9),
        ),
    )


def credit(edition: Edition, fact: Row) -> str:
    """Name the source of a fact, as a chart does."""
    source = edition.official.source(str(fact["source_id"]))
    title = source.title.partition(",")[0]
    return f"Source: {source.publisher}, {title}"


def comparator_name(edition: Edition, comparator: str) -> str:
    """Name a comparator in words."""
    if comparator == "england":
        return "England"
    if comparator == "region":
        name = edition.official.area_name(edition.area.region)
        return f"the {name} region" if name else "its region"
    if comparator == "type":
        return f"other {KINDS.get(edition.area.kind, 'authorities of its type')}"
    return "its statistical neighbours"


def period(fact: Row) -> Claim:
    """Make the claim of the period of a fact."""
    return claim(str(fact["period"]), [fact], unit="label", calculation="period as published")


def short(row: Row) -> Text:
    """Name the measure of a row, in running text."""
    return named(label(load_indicators()[row["indicator"]], str(row["group"]), unit=False))
