"""How the authority compares, and how far chance reaches."""

from __future__ import annotations

import math

from kentstats.charts import bars, drawing
from kentstats.report.blocks import Block, Cell, figure, paragraphs, table
from kentstats.report.claims import Claim, claim, fact_claim, show
from kentstats.report.context import Edition, of_report
from kentstats.report.sentences import Text, comparison, say, setting, share, share_claim
from kentstats.schemas import DIRECTION_WORDS, Row, records


@of_report
def benchmark_bars(edition: Edition) -> Block:
    """Draw every percentage that has a comparator, beside it."""
    import pandas as pd

    rows, claims = [], list[Claim]()
    compared = edition.comparisons.query("unit == 'percent' and kind == 'area'")
    if compared.empty:
        return Block(say("The report gives no figure of a comparator.").markdown)
    # what is judged good or bad comes before what is neither
    names = sorted(
        dict.fromkeys(compared["indicator"]),
        key=lambda name: edition.indicator(name).polarity == "none",
    )
    for name in names:
        ids = compared[compared["indicator"].eq(name)]
        ours = edition.by_id(ids["fact_id"].iloc[0])
        others = [edition.by_id(fact_id) for fact_id in ids["benchmark_id"]]
        for fact in (ours, *sorted(others, key=lambda other: other["value"])):
            made = fact_claim(fact)
            mine = fact["area_name"] == edition.authority
            period = f" ({fact['period']})" if fact["period"] != "not stated" else ""
            measure = edition.indicator(name).short + period
            rows.append((measure, fact["area_name"], made.value, made.shown, mine))
            claims.append(made)
    data = pd.DataFrame(rows, columns=["measure", "area", "value", "label", "ours"])
    chosen = _lead(edition)
    drawn = drawing.add_titles(
        bars.benchmark_bars(data, ax=drawing.new_axes()),
        title=chosen.plain,
        subtitle=say(
            "Share of each group, per cent; {authority} and its comparators",
            authority=edition.authority,
        ).plain,
        source=edition.credit,
        left=1.75,
    )
    alt = say(
        "Bar chart of {number} measures for {authority} and comparators. {lead}.",
        number=claim(
            data["measure"].nunique(),
            [
                edition.by_id(fact_id)
                for fact_id in [*compared["fact_id"], *compared["benchmark_id"]]
            ],
            unit="count",
            calculation="number of measures with a comparator",
        ),
        authority=edition.authority,
        lead=chosen,
    )
    caption = say(
        "Bars start at nought. Without the numbers behind them, no intervals can be drawn."
    )
    return figure(drawn, caption=caption, alt=alt, label="benchmarks", claims=claims)


def _lead(edition: Edition) -> Text:
    """Name the figures of the comparison that has polarity, or the first."""
    compared = edition.comparisons.query("unit == 'percent' and kind == 'area'")
    polar = [name for name in compared["indicator"] if edition.indicator(name).polarity != "none"]
    name = (polar or list(compared["indicator"]))[0]
    ids = compared[compared["indicator"].eq(name)]
    facts = [edition.by_id(ids["fact_id"].iloc[0])]
    facts += sorted(
        (edition.by_id(fact_id) for fact_id in ids["benchmark_id"]), key=lambda fact: fact["value"]
    )
    parts: list[str | Claim] = [f"{edition.indicator(name).short}: "]
    for place, fact in enumerate(facts):
        area = str(fact["area_name"])
        if fact["area_type"] == "comparator_group":
            area = area.lower()
        parts += [", " if place else "", f"{area} ", fact_claim(fact)]
    return Text(tuple(part for part in parts if part))


@of_report
def comparison_table(edition: Edition) -> Block:
    """Set every comparison, with what rounding allows and what a base would need."""
    rows: list[list[Cell]] = []
    for row in records(edition.comparisons):
        fact, benchmark = edition.by_id(row["fact_id"]), edition.by_id(row["benchmark_id"])
        both = [fact, benchmark]
        rows.append(
            [
                edition.indicator(row["indicator"]).short,
                fact_claim(fact),
                _against(benchmark, row),
                _difference(row, both),
                _ratio(row, both),
                _smallest(row, both),
            ]
        )
    return table(
        [
            "Measure",
            edition.authority,
            "Compared with",
            "Difference",
            "Ratio",
            "Beyond chance from",
        ],
        rows,
        caption=say(
            "Comparisons, with the range that rounding allows for the difference, and the smallest "
            "group for which it would be beyond chance, with {low} and {high} confidence",
            low=setting(0.95, "level of confidence"),
            high=setting(0.998, "level of confidence"),
        ),
        label="comparisons",
        widths=[19, 12, 21, 24, 8, 16],
        right=["Ratio"],
    )


def _ratio(row: Row, both: list[Row]) -> Cell:
    if math.isnan(row["ratio"]):
        return "none"
    calculation = "first figure over second"
    return claim(row["ratio"], both, unit="ratio", decimals=2, calculation=calculation)


def _against(benchmark: Row, row: Row) -> Text:
    who = "earlier year" if row["kind"] == "period" else str(benchmark["area_name"])
    return Text((fact_claim(benchmark), f", {who}"))


def _difference(row: Row, both: list[Row]) -> Text:
    unit = "points" if row["unit"] == "percent" else row["unit"]

    def made(value: float, calculation: str) -> Claim:
        decimals = 2 if unit == "points" and round(value, 1) != round(value, 2) else 1
        # the unit stands with the difference itself, and need not be said again
        bare = show(value, "count", decimals=decimals)
        return claim(value, both, unit=unit, shown=bare, calculation=calculation)

    gap = claim(
        row["difference"],
        both,
        unit=unit,
        decimals=1,
        calculation="difference of the two figures",
    )
    if math.isnan(row["difference_low"]):
        return Text((gap,))
    low = made(row["difference_low"], "difference, both roundings at one end")
    high = made(row["difference_high"], "difference, both roundings at the other end")
    return say("{gap} ({low} to {high})", gap=gap, low=low, high=high)


def _smallest(row: Row, both: list[Row]) -> Cell:
    if math.isnan(row["smallest_95"]):
        return "not calculated"
    calculation = "smallest group by the score test, both roundings at their worst"
    sizes = [
        claim(row[name], both, unit="count", calculation=calculation)
        for name in ("smallest_95", "smallest_998")
    ]
    return say("{low}; {high}", low=sizes[0], high=sizes[1])


@of_report
def comparison_text(edition: Edition, indicator: str) -> Block:
    """Say each comparison of one indicator, a paragraph each."""
    rows = records(edition.comparisons[edition.comparisons["indicator"].eq(indicator)])
    short = edition.indicator(indicator).short
    return paragraphs(
        *(
            say(
                "{short}: {text}",
                short=short,
                text=comparison(
                    row, edition.by_id(row["fact_id"]), edition.by_id(row["benchmark_id"])
                ),
            )
            for row in rows
        )
    )


@of_report
def statement_table(edition: Edition) -> Block:
    """Set the comparisons that the report makes in words alone."""
    columns = ["subject", "comparator", "direction", "period", "locator"]
    said = edition.statements[columns].replace({"direction": DIRECTION_WORDS})
    rows = list(said.itertuples(index=False, name=None))
    return table(
        ["Subject", "Compared with", "Said to be", "Period", "Place"],
        rows,
        caption=say("What the report compares without giving the comparator’s figure"),
        label="statements",
        widths=[34, 22, 16, 14, 14],
    )


@of_report
def interval_dots(edition: Edition) -> Block:
    """Draw the shares of small groups with their intervals."""
    import pandas as pd

    sampled = edition.shares[edition.shares["lower"].notna()]
    if sampled.empty:
        return Block(say("The report gives no share of a small group.").markdown)
    rows, claims = [], list[Claim]()
    for share_id in sampled["share_id"]:
        row, parents = edition.share(share_id)
        made = share_claim(row, parents)
        label = say(
            "{part} of {whole}: {value}",
            part=fact_claim(parents[0]),
            whole=fact_claim(parents[1]),
            value=made,
        )
        rows.append((row["short"], row["value"], row["lower"], row["upper"], label.plain))
        claims += label.claims
    data = pd.DataFrame(rows, columns=["measure", "value", "lower", "upper", "label"])
    data["measure"] = [_wrapped(name) for name in data["measure"]]
    row, parents = edition.share(sampled["share_id"].iloc[0])
    spread = share(row, parents, edition.confidence)
    title = say("Small groups leave wide room for chance")
    drawn = drawing.add_titles(
        bars.interval_dots(data, ax=drawing.new_axes()),
        title=title.plain,
        subtitle=say(
            "Share and {level} confidence interval, {authority}, per cent",
            level=setting(edition.confidence, "confidence"),
            authority=edition.authority,
        ).plain,
        source=edition.credit,
        left=2.2,
    )
    alt = say(
        "Dots with confidence intervals for {number} shares. {short}: {spread}.",
        number=claim(
            len(sampled),
            [parent for name in sampled["share_id"] for parent in edition.share(name)[1]],
            unit="count",
            calculation="number of shares with an interval",
        ),
        short=row["short"],
        spread=spread,
    )
    caption = say(
        "The dot is the share, the line its interval. The shorter the line, the surer the share."
    )
    return figure(drawn, caption=caption, alt=alt, label="intervals", claims=claims)


def _wrapped(name: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(name, 30))


@of_report
def share_table(edition: Edition) -> Block:
    """Set the derived shares, each with both its parents."""
    rows: list[list[Cell]] = []
    for share_id in edition.shares["share_id"]:
        row, parents = edition.share(share_id)
        rows.append(
            [
                row["short"],
                say("{part} of {whole}", part=fact_claim(parents[0]), whole=fact_claim(parents[1])),
                share_claim(row, parents),
                _interval(row, parents),
                "; ".join(dict.fromkeys(parent["locator"] for parent in parents)),
            ]
        )
    notes = [note for note in dict.fromkeys(edition.shares["note"]) if note]
    made = table(
        ["Share", "Numbers", "Per cent", "Interval", "Place"],
        rows,
        caption=say("Shares worked out from the numbers of the report"),
        label="shares",
        widths=[36, 18, 13, 18, 15],
        right=["Per cent"],
    )
    if not notes:
        return made
    warned = [row for row in records(edition.shares) if row["note"]]
    parents = [edition.by_id(row["numerator_id"]) for row in warned]
    number = claim(len(warned), parents, unit="count", calculation="shares of two periods")
    text = say(
        "In {number} of these shares the part is counted at the time of the inspection and the "
        "whole at an earlier date that the report names, so they are close rather than exact.",
        number=number,
    )
    return made + Block(text.markdown, text.claims)


def _interval(row: Row, parents: list[Row]) -> Cell:
    if math.isnan(row["lower"]):
        return "none: everyone is counted"
    low, high = (
        claim(
            row[end],
            parents,
            unit="percent",
            decimals=1,
            calculation=f"{end} limit of the Wilson score interval",
        )
        for end in ("lower", "upper")
    )
    return say("{low} to {high}", low=low, high=high)
