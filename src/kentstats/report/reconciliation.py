"""The report's figures beside the official ones, and what differs between the two."""

from __future__ import annotations

from kentstats.indicators import load_indicators
from kentstats.report.blocks import Block, Cell, table
from kentstats.report.claims import claim, fact_claim
from kentstats.report.context import Edition
from kentstats.report.official import facts_of, figure, has_figure, label, numbers
from kentstats.report.section import section
from kentstats.report.sentences import Text, named, say
from kentstats.schemas import Row, records

SAME_SUBJECT = {
    "gcse-five-good-share": "gcse-five-with-english-maths",
}
"""Shares worked out from the report, and the measure of official statistics on their subject."""


@section
def beside(edition: Edition) -> Block | None:
    """Set every figure that both the report and official statistics give.

    Returns
    -------
    Block or None
        None where only one of the two is there, or they share no subject.
    """
    if edition.source is None or edition.standing is None:
        return None
    facts = facts_of(edition)
    rows: list[list[Cell]] = []
    for theirs, official in _pairs(edition, facts):
        indicator = load_indicators()[official["indicator"]]
        rows.append(
            [
                named(label(indicator, str(official["group"]))),
                theirs[0],
                Text((figure(official),))
                if official["numerator"] != official["numerator"]
                else say(
                    "{figure} ({numbers})", figure=figure(official), numbers=numbers(official)
                ),
                _difference(theirs[1], official),
            ]
        )
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
    return made + Block(note.markdown)


def _pairs(
    edition: Edition, facts: dict[tuple[str, str], Row]
) -> list[tuple[tuple[Cell, list[Row]], Row]]:
    pairs: list[tuple[tuple[Cell, list[Row]], Row]] = []
    ours = edition.facts[edition.facts["area_name"].eq(edition.authority)]
    seen: set[str] = set()
    for fact in records(ours):
        name = fact["indicator"]
        official = facts.get((name, fact["group"])) or next(
            (each for (other, _), each in facts.items() if other == name), None
        )
        if official is None or not has_figure(official) or fact["group"] != "all" or name in seen:
            continue
        seen.add(name)
        pairs.append(((fact_claim(fact), [fact]), official))
    for share_id, name in SAME_SUBJECT.items():
        official = facts.get((name, "all"))
        if official is None or not has_figure(official):
            continue
        if edition.shares["share_id"].eq(share_id).any():
            row, parents = edition.share(share_id)
            made = claim(
                row["value"],
                parents,
                unit="percent",
                decimals=1,
                calculation=f"{row['numerator']:g} / {row['denominator']:g} × 100",
            )
            text: Cell = say(
                "{share} ({part} of {whole})",
                share=made,
                part=fact_claim(parents[0]),
                whole=fact_claim(parents[1]),
            )
            pairs.append(((text, parents), official))
    return pairs


def _span(official: Row) -> Text:
    """Say the day or the year that a figure is of: “2010” alone may mean either."""
    start, end = official["period_start"], official["period_end"]
    if end != end or end is None:
        return Text((claim(str(official["period"]), [official], unit="label"),))
    last = claim(end.date(), [official], unit="date", calculation="last day of the period")
    return Text((last,)) if start == end else say("the year to {last}", last=last)


def _difference(parents: list[Row], official: Row) -> Text:
    """Say plainly what differs: period, definition, base, subgroup, precision."""
    report, indicator = parents[0], load_indicators()[official["indicator"]]
    parts: list[Text] = []
    then = claim(str(report["period"]), [report], unit="label")
    now = _span(official)
    if report["period"] == "not stated":
        parts.append(say("Period: the report names none, the statistics {now}.", now=now))
    elif report["period"] != official["period"]:
        parts.append(say("Period: {then} against {now}.", then=then, now=now))
    counted = indicator.numerator
    if counted and counted.casefold() != str(report["description"]).casefold():
        parts.append(say("Definition: the statistics count {counted}.", counted=named(counted)))
    if len(parents) > 1 and official["denominator"] == official["denominator"]:
        base = claim(
            official["denominator"],
            [official],
            unit="count",
            decimals=0,
            calculation="denominator as published",
        )
        parts.append(
            say("Base: {one} against {other} young people.", one=fact_claim(parents[1]), other=base)
        )
    elif indicator.unit == "percent" and official["denominator"] == official["denominator"]:
        children = named(indicator.denominator)
        parts.append(say("Base: not stated in the report, here {base}.", base=children))
    if official["group"] != report["group"]:
        parts.append(say("Group: all in the report, {group} here.", group=str(official["group"])))
    if report["qualifier"] != "exact":
        parts.append(say("Precision: the report gives a bound or an estimate."))
    if not parts:
        return say("Nothing that the sources state.")
    joined: list[object] = []
    for part in parts:
        joined += [" ", *part.parts] if joined else list(part.parts)
    return Text(tuple(joined))  # type: ignore[arg-type]
