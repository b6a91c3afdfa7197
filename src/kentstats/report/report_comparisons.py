"""What the report compares, how far chance reaches, and the report beside official statistics.

Every section takes the briefing and the rows that it prints. It is None where there are none.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

import pandas as pd

from kentstats.charts import bars, drawing
from kentstats.indicators import load_indicators
from kentstats.report.blocks import Block, Cell, paragraphs, table
from kentstats.report.claims import Claim, claim, fact_claim, show
from kentstats.report.context import Briefing
from kentstats.report.figures import chart, figure_with_numbers, has_figure, label, plural
from kentstats.report.sentences import (
    Text,
    comparison,
    joined,
    named,
    say,
    setting,
    share,
    share_claim,
    share_limits,
)
from kentstats.schemas import DIRECTION_WORDS, Row, records


def benchmark_bars(brief: Briefing, compared: pd.DataFrame) -> Block | None:
    """Draw every percentage that has a comparator, beside it."""
    compared = compared.query("unit == 'percent' and kind == 'area'")
    if compared.empty:
        return None
    catalogue = load_indicators()
    # what is judged good or bad comes before what is neither
    names = sorted(
        dict.fromkeys(compared["indicator"]), key=lambda name: catalogue[name].polarity == "none"
    )
    rows, claims = [], list[Claim]()
    for name in names:
        for fact in _sides(brief, compared, name):
            made = fact_claim(fact)
            mine = fact["area_name"] == brief.authority
            period = f" ({fact['period']})" if fact["period"] != "not stated" else ""
            measure = catalogue[name].short + period
            rows.append((measure, fact["area_name"], made.value, made.shown, mine))
            claims.append(made)
    data = pd.DataFrame(rows, columns=["measure", "area", "value", "label", "ours"])
    lead = _lead(brief, compared, names[0])
    number = claim(
        data["measure"].nunique(),
        [brief.fact(fact) for fact in [*compared["fact_id"], *compared["benchmark_id"]]],
        unit="count",
        calculation="number of measures with a comparator",
    )
    return chart(
        bars.benchmark_bars(data, ax=drawing.new_axes()),
        title=lead,
        subtitle=say(
            "Share of each group, per cent; {authority} and its comparators",
            authority=brief.authority,
        ),
        source=brief.source_line,
        left=1.75,
        caption=say(
            "Bars start at nought. Without the numbers behind them, no intervals can be drawn."
        ),
        alt=say(
            "Bar chart of {number} {measures} for {authority} and comparators. {lead}.",
            number=number,
            measures=plural(number, "measure", "measures"),
            authority=brief.authority,
            lead=lead,
        ),
        label="benchmarks",
        claims=claims,
    )


def _sides(brief: Briefing, compared: pd.DataFrame, name: str) -> list[Row]:
    """Return the authority's fact of an indicator, and those it is compared with by their size."""
    rows = compared[compared["indicator"].eq(name)]
    others = [brief.fact(fact_id) for fact_id in rows["benchmark_id"]]
    ours = brief.fact(rows["fact_id"].iloc[0])
    return [ours, *sorted(others, key=lambda other: other["value"])]


def _lead(brief: Briefing, compared: pd.DataFrame, name: str) -> Text:
    """Name the figures of the comparison that the chart begins with."""
    texts = []
    for fact in _sides(brief, compared, name):
        group = fact["area_type"] == "comparator_group"
        area = named(fact["area_name"].lower() if group else fact["area_name"])
        texts.append(say("{area} {figure}", area=area, figure=fact_claim(fact)))
    short = named(load_indicators()[name].short)
    return say("{short}: {figures}", short=short, figures=joined(texts, ", "))


def comparison_table(brief: Briefing, comparisons: pd.DataFrame) -> Block | None:
    """Set comparisons, with what rounding allows and what a base would need."""
    rows: list[list[Cell]] = []
    quotient = "first figure over second"
    for row in records(comparisons):
        both = [brief.fact(row["fact_id"]), brief.fact(row["benchmark_id"])]
        other = "earlier year" if row["kind"] == "period" else str(both[1]["area_name"])
        rows.append(
            [
                load_indicators()[row["indicator"]].short,
                fact_claim(both[0]),
                Text((fact_claim(both[1]), f", {other}")),
                _difference(row, both),
                claim(row["ratio"], both, unit="ratio", decimals=2, calculation=quotient)
                if row["ratio"] == row["ratio"]
                else "none",
                _smallest(row, both),
            ]
        )
    if not rows:
        return None
    others = ["Compared with", "Difference", "Ratio", "Beyond chance from"]
    return table(
        ["Measure", brief.authority, *others],
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


def _difference(row: Row, both: list[Row]) -> Text:
    unit = "points" if row["unit"] == "percent" else row["unit"]

    def limit(value: float, calculation: str) -> Claim:
        decimals = 2 if unit == "points" and round(value, 1) != round(value, 2) else 1
        # the unit stands with the difference itself, and need not be said again
        bare = show(value, "count", decimals=decimals)
        return claim(value, both, unit=unit, shown=bare, calculation=calculation)

    calculation = "difference of the two figures"
    gap = claim(row["difference"], both, unit=unit, decimals=1, calculation=calculation)
    if math.isnan(row["difference_low"]):
        return Text((gap,))
    return say(
        "{gap} ({low} to {high})",
        gap=gap,
        low=limit(row["difference_low"], "difference, both roundings at one end"),
        high=limit(row["difference_high"], "difference, both roundings at the other end"),
    )


def _smallest(row: Row, both: list[Row]) -> Cell:
    if math.isnan(row["smallest_95"]):
        return "not calculated"
    calculation = "smallest group by the score test, both roundings at their worst"
    low, high = (
        claim(row[name], both, unit="count", calculation=calculation)
        for name in ("smallest_95", "smallest_998")
    )
    return say("{low}; {high}", low=low, high=high)


def comparison_text(brief: Briefing, comparisons: pd.DataFrame) -> Block | None:
    """Say each comparison in a paragraph."""
    texts = [
        say(
            "{short}: {text}",
            short=named(load_indicators()[row["indicator"]].short),
            text=comparison(row, brief.fact(row["fact_id"]), brief.fact(row["benchmark_id"])),
        )
        for row in records(comparisons)
    ]
    return paragraphs(*texts) if texts else None


def statement_table(brief: Briefing, statements: pd.DataFrame) -> Block | None:  # noqa: ARG001
    """Set comparisons that the report makes in words alone."""
    columns = ["subject", "comparator", "direction", "period", "locator"]
    said = statements[columns].replace({"direction": DIRECTION_WORDS})
    if said.empty:
        return None
    return table(
        ["Subject", "Compared with", "Said to be", "Period", "Place"],
        list(said.itertuples(index=False, name=None)),
        caption=say("What the report compares without giving the comparator’s figure"),
        label="statements",
        widths=[34, 22, 16, 14, 14],
    )


def interval_dots(brief: Briefing, shares: pd.DataFrame) -> Block | None:
    """Draw the shares of small groups with their intervals."""
    sampled = records(shares[shares["lower"].notna()])
    if not sampled:
        return None
    rows, claims = [], list[Claim]()
    for row in sampled:
        words = _numbers(brief, row, "{part} of {whole}: {value}")
        measure = "\n".join(textwrap.wrap(row["short"], 30))
        rows.append((measure, row["value"], row["lower"], row["upper"], words.plain))
        claims += words.claims
    data = pd.DataFrame(rows, columns=["measure", "value", "lower", "upper", "label"])
    number = claim(
        len(sampled),
        [parent for row in sampled for parent in brief.parents(row)],
        unit="count",
        calculation="number of shares with an interval",
    )
    return chart(
        bars.interval_dots(data, ax=drawing.new_axes()),
        title="Small groups leave wide room for chance",
        subtitle=say(
            "Share and {level} confidence interval, {authority}, per cent",
            level=setting(brief.confidence, "confidence"),
            authority=brief.authority,
        ),
        source=brief.source_line,
        left=2.2,
        caption=say(
            "The dot is the share, the line its interval. The shorter the line, the surer the "
            "share."
        ),
        alt=say(
            "Dots with confidence intervals for {number} {shares}. {short}: {first}.",
            number=number,
            shares=plural(number, "share", "shares"),
            short=named(sampled[0]["short"]),
            first=share(sampled[0], brief.parents(sampled[0]), brief.confidence),
        ),
        label="intervals",
        claims=claims,
    )


def _numbers(brief: Briefing, row: Row, form: str) -> Text:
    """Say a share with its part and whole."""
    part, whole = parents = brief.parents(row)
    value = share_claim(row, parents)
    return say(form, part=fact_claim(part), whole=fact_claim(whole), value=value)


def share_table(brief: Briefing, shares: pd.DataFrame) -> Block | None:
    """Set derived shares, each with both its parents."""
    rows: list[list[Cell]] = []
    for row in records(shares):
        parents = brief.parents(row)
        limits = share_limits(row, parents)
        rows.append(
            [
                row["short"],
                _numbers(brief, row, "{part} of {whole}"),
                share_claim(row, parents),
                say("{lower} to {upper}", **limits) if limits else "none: everyone is counted",
                "; ".join(dict.fromkeys(parent["locator"] for parent in parents)),
            ]
        )
    if not rows:
        return None
    made = table(
        ["Share", "Numbers", "Per cent", "Interval", "Place"],
        rows,
        caption=say("Shares worked out from the numbers of the report"),
        label="shares",
        widths=[36, 18, 13, 18, 15],
        right=["Per cent"],
    )
    warned = [row for row in records(shares) if row["note"]]
    if not warned:
        return made
    parents = [brief.fact(row["numerator_id"]) for row in warned]
    number = claim(len(warned), parents, unit="count", calculation="shares of two periods")
    inspected = {parent["period"] for parent in parents} == {"at inspection"}
    text = say(
        "In {number} of these shares the part is counted at the time of the inspection and the "
        "whole at an earlier date that the report names, so they are close rather than exact."
        if inspected
        else "In {number} of these shares part and whole are counted at different times, so they "
        "are close rather than exact.",
        number=number,
    )
    return made + paragraphs(text, cited=False)


def reconciliation(brief: Briefing, facts: pd.DataFrame, shares: pd.DataFrame) -> Block | None:
    """Set the figures that both the report and official statistics give."""
    if brief.profile is None:
        return None
    rows: list[list[Cell]] = []
    for shown, parents, official in _pairs(brief, facts, shares):
        name = named(label(load_indicators()[official["indicator"]], str(official["group"])))
        figures = figure_with_numbers(official)
        rows.append([name, shown, figures, _what_differs(parents, official)])
    if not rows:
        return None
    made = table(
        ["Measure", "In the report", "In official statistics", "What differs"],
        rows,
        caption=say("Figures of one subject in the report and in official statistics"),
        label="beside",
        widths=[20, 18, 24, 38],
    )
    note = say(
        "Where the two are far apart, neither is shown to be wrong: they may count other children, "
        "another time, or another thing. The difference is a question to ask."
    )
    return made + paragraphs(note)


def _pairs(
    brief: Briefing, facts: pd.DataFrame, shares: pd.DataFrame
) -> Iterator[tuple[Cell, list[Row], Row]]:
    """Yield what the report gives, the facts behind it, and the official fact."""
    official = {key: fact for key, fact in brief.statistics.facts().items() if has_figure(fact)}
    ours = facts[facts["area_name"].eq(brief.authority) & facts["group"].eq("all")]
    for fact in records(ours.drop_duplicates("indicator")):
        name = fact["indicator"]
        # without a figure of all, the first group that has one
        first = next((each for (other, _), each in official.items() if other == name), None)
        if found := official.get((name, "all"), first):
            yield fact_claim(fact), [fact], found
    subjects = {share.id: share.official for share in brief.settings.shares if share.official}
    for row in records(shares[shares["share_id"].isin(subjects)]):
        if found := official.get((subjects[row["share_id"]], "all")):
            text = _numbers(brief, row, "{value} ({part} of {whole})")
            yield text, brief.parents(row), found


def _what_differs(parents: list[Row], official: Row) -> Text:
    """Say plainly what differs: period, definition, base, subgroup, precision."""
    report, indicator = parents[0], load_indicators()[official["indicator"]]
    texts: list[Text] = []
    now = _span(official)
    if report["period"] == "not stated":
        texts.append(say("Period: the report names none, the statistics {now}.", now=now))
    elif report["period"] != official["period"]:
        then = claim(str(report["period"]), [report], unit="label")
        texts.append(say("Period: {then} against {now}.", then=then, now=now))
    counted = indicator.numerator
    if counted and counted.casefold() != str(report["description"]).casefold():
        texts.append(say("Definition: the statistics count {counted}.", counted=named(counted)))
    has_base = official["denominator"] == official["denominator"]
    if len(parents) > 1 and has_base:
        base = claim(
            official["denominator"],
            [official],
            unit="count",
            decimals=0,
            calculation="denominator as published",
        )
        ours = fact_claim(parents[1])
        texts.append(say("Base: {one} against {other} young people.", one=ours, other=base))
    elif indicator.unit == "percent" and has_base:
        children = named(indicator.denominator)
        texts.append(say("Base: not stated in the report, here {base}.", base=children))
    if official["group"] != report["group"]:
        group = str(official["group"])
        texts.append(say("Group: all in the report, {group} here.", group=named(group)))
    if report["qualifier"] != "exact":
        texts.append(say("Precision: the report gives a bound or an estimate."))
    return joined(texts or ["Nothing that the sources state."], " ")


def _span(official: Row) -> Text:
    """Say the day or the year that a figure is of: “2010” alone may mean either."""
    start, end = official["period_start"], official["period_end"]
    if end != end or end is None:
        return Text((claim(str(official["period"]), [official], unit="label"),))
    last = claim(end.date(), [official], unit="date", calculation="last day of the period")
    return Text((last,)) if start == end else say("the year to {last}", last=last)
