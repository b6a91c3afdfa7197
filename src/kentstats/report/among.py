"""The authority among all others: its place, never without the places chance allows."""

from __future__ import annotations

from collections.abc import Callable

from kentstats.charts import caterpillar, drawing
from kentstats.charts import trend as trend_chart
from kentstats.indicators import load_indicators
from kentstats.report.blocks import Block, Cell, table
from kentstats.report.blocks import figure as block_figure
from kentstats.report.claims import Claim, claim
from kentstats.report.context import Edition, count_claim
from kentstats.report.official import (
    UNIT_WORDS,
    against,
    credit,
    facts_of,
    figure,
    heading,
    label,
    ordered,
    worse_first,
)
from kentstats.report.section import section
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import Row, records
from kentstats.stats.benchmarks import SMALLEST_BASE


def lead(edition: Edition) -> Row | None:
    """Return the comparison with England that stands out most: the worst, else the best."""
    if edition.standing is None:
        return None
    rows = list(against(edition, "england").values())
    for verdict in ("worse", "better", "higher", "lower", "similar"):
        chosen = [row for row in rows if row["verdict"] == verdict]
        if chosen and verdict == "similar":
            return chosen[0]
        if found := worse_first(chosen, verdict):
            return found[0]
    return None


@section
def ranked(edition: Edition) -> Block | None:
    """Draw every authority in order on the measure that stands out, ours marked."""
    import pandas as pd

    row = lead(edition)
    if row is None:
        return None
    indicator = load_indicators()[row["indicator"]]
    fact = facts_of(edition)[row["indicator"], row["group"]]
    everyone = edition.official.everyone(row["indicator"], str(row["group"]))
    shown = everyone[everyone["estimate"].notna()]
    near = edition.official.neighbours()
    data = pd.DataFrame(
        {
            "value": shown["estimate"],
            "lower": shown["lower"],
            "upper": shown["upper"],
            "ours": shown["area_code"].eq(edition.area.code),
            "neighbour": shown["area_code"].isin(list(near)),
        }
    )
    england = facts_of(edition, edition.official.country)[row["indicator"], row["group"]]
    place = rank_text(edition, row["indicator"], str(row["group"]))
    title = say(
        "{measure}: {figure}, England {england}",
        measure=named(label(indicator, str(row["group"]), unit=False)),
        figure=figure(fact),
        england=figure(england),
    )
    if len(title.plain.split()) > 15:
        title = say("{figure}, England {england}", figure=figure(fact), england=figure(england))
    drawn = drawing.add_titles(
        caterpillar.caterpillar(
            data,
            benchmark=float(england["estimate"]),
            benchmark_label=f"England: {figure(england, bare=True).shown}",
            ours_label=f"{edition.authority}: {figure(fact, bare=True).shown}",
            xlabel="authorities in order",
            tick_format=axis(indicator.unit),
            ax=drawing.new_axes(),
        ),
        title=title.plain,
        subtitle=f"{indicator.name}, {fact['period']}, {UNIT_WORDS.get(indicator.unit, '')}",
        source=credit(edition, fact),
        left=trend_chart.SCALE_LEFT,
    )
    without = (
        count_claim(records(everyone[everyone["estimate"].isna()]), "authorities without a figure")
        if everyone["estimate"].isna().any()
        else None
    )
    caption = say(
        "{every}{near}{without} {place}",
        every=say(
            "Every authority by its figure, with its {level} interval as a line.",
            level=setting(edition.confidence, "confidence"),
        ),
        near=" Darker dots are statistical neighbours." if near else "",
        without=say(" {number} have no figure.", number=without) if without else "",
        place=place,
    )
    alt = say(
        "All authorities in order of {measure}, with intervals; {authority} is marked. {title}.",
        measure=named(indicator.name[0].lower() + indicator.name[1:]),
        authority=edition.authority,
        title=title,
    )
    return block_figure(
        drawn,
        caption=caption,
        alt=alt,
        label="ranked",
        claims=[figure(each, bare=True) for each in (fact, england)],
    )


def axis(unit: str) -> Callable[[float], str]:
    """Return how the numbers of an axis are printed."""
    if unit == "percent":
        return "{:g}%".format
    return "{:g}".format


def rank_text(edition: Edition, indicator: str, group: str) -> Text:
    """Say the rank of a measure, never without the ranks that chance allows."""
    fact = facts_of(edition)[indicator, group]
    row = _placed(edition, fact)
    if row is None:
        return Text(())
    return say(
        "{authority} is {rank} of {of}; chance allows any place from {low} to {high}.",
        authority=edition.authority,
        **_rank(row, fact),
    )


def _placed(edition: Edition, fact: Row) -> Row | None:
    """Return the place of a fact, if it may be printed: the places that chance allows are known."""
    # standard errors of fewer cases say nothing, and none at all of a share of nought
    if not fact["denominator"] >= SMALLEST_BASE:
        return None
    row = edition.official.rank(fact["indicator"], fact["group"])
    return row if row and row["rank_low"] == row["rank_low"] else None


def _rank(row: Row, fact: Row) -> dict[str, Claim]:
    def made(name: str, unit: str, how: str) -> Claim:
        return claim(row[name], [fact], unit=unit, calculation=how, others=row["facts"])

    how = "pairwise tests at 95%, Bonferroni"
    return {
        "rank": made("rank", "rank", "ties share the best place"),
        "of": made("of", "count", "authorities with a figure"),
        "low": made("rank_low", "rank", how),
        "high": made("rank_high", "rank", how),
    }


@section
def rank_table(edition: Edition) -> Block | None:
    """Set the rank of every measure that has limits, with the ranks chance allows."""
    if edition.standing is None:
        return None
    rows: list[list[Cell]] = []
    for fact in ordered(list(facts_of(edition).values())):
        row = _placed(edition, fact)
        if row is None:
            continue
        made = _rank(row, fact)
        indicator = load_indicators()[row["indicator"]]
        counted = {"high": "highest first", "low": "lowest first"}.get(indicator.polarity)
        rows.append(
            [
                named(label(indicator, str(row["group"]))),
                figure(fact, bare=True),
                counted or "highest first",
                say("{rank} of {of}", rank=made["rank"], of=made["of"]),
                say("{low} to {high}", low=made["low"], high=made["high"]),
            ]
        )
    if not rows:
        return None
    return table(
        ["Measure", heading(edition), "Counted", "Place", "Chance allows"],
        rows,
        caption=say(
            "Places among all authorities. A place is never certain: beside it stand all places "
            "that chance allows, with {level} confidence",
            level=setting(0.95, "level of confidence"),
        ),
        label="ranks",
        widths=[32, 14, 16, 18, 20],
    )
