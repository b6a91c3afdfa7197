"""The authority over five years, beside its region and England."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kentstats.charts import drawing
from kentstats.charts import trend as trend_chart
from kentstats.indicators import load_indicators
from kentstats.report.among import axis, lead
from kentstats.report.blocks import Block, Cell, table
from kentstats.report.blocks import figure as block_figure
from kentstats.report.context import Edition, count_claim
from kentstats.report.official import (
    UNIT_WORDS,
    against,
    comparator_name,
    credit,
    figure,
    has_figure,
    label,
    ordered,
    period,
)
from kentstats.report.section import section
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import Row, records

if TYPE_CHECKING:
    import pandas as pd


@section
def trend(edition: Edition) -> Block | None:
    """Draw five years of the measure that moved, or else stands out, with comparators."""
    import pandas as pd

    if edition.standing is None:
        return None
    chosen = _moved(edition)
    if chosen is None:
        return None
    indicator = load_indicators()[chosen["indicator"]]
    official = edition.official
    series = chosen["indicator"], chosen["group"]

    def years_of(code: str) -> list[Row]:
        return [row for row in official.years(code) if (row["indicator"], row["group"]) == series]

    # asked before anything is made: most of the first edition have one year
    if sum(map(has_figure, years_of(edition.area.code))) < 2:
        return None
    codes = {
        edition.area.code: edition.authority,
        edition.area.region: comparator_name(edition, "region")
        .removeprefix("the ")
        .removesuffix(" region"),
        official.country: "England",
    }
    one = pd.DataFrame([row for code in codes for row in years_of(code)]).sort_values(
        ["period_end", "period", "fact_id"]
    )
    periods = list(dict.fromkeys(one["period"]))
    mine = one[one["area_code"].eq(edition.area.code)]
    latest = {code: records(part)[-1] for code, part in one.groupby("area_code", sort=False)}
    last = {code: figure(fact, bare=True) for code, fact in latest.items() if has_figure(fact)}
    shown = {code: made.shown for code, made in last.items()}
    data = pd.DataFrame(
        {
            "area": one["area_code"].map(codes),
            "period": one["period"],
            "value": one["estimate"],
            "lower": one["lower"],
            "upper": one["upper"],
            "ours": one["area_code"].eq(edition.area.code),
            "label": one["area_code"].map(shown).fillna(""),
        }
    )
    title = _trend_title(chosen, mine)
    fact = records(mine)[-1]
    drawn = drawing.add_titles(
        trend_chart.trend(data, tick_format=axis(indicator.unit), ax=drawing.new_axes()),
        title=title.plain,
        subtitle=f"{indicator.name}, {periods[0]} to {periods[-1]}, {UNIT_WORDS[indicator.unit]}",
        source=credit(edition, fact),
        left=trend_chart.SCALE_LEFT,
    )
    caption = say(
        "{authority} with its {level} intervals, the region and England. A gap means that there is "
        "no figure.",
        authority=edition.authority,
        level=setting(edition.confidence, "confidence"),
    )
    alt = say(
        "Line chart over {number} years for {authority}, its region and England. {title}.",
        number=count_claim(records(mine), "periods"),
        authority=edition.authority,
        title=title,
    )
    return block_figure(drawn, caption=caption, alt=alt, label="trend", claims=list(last.values()))


def _moved(edition: Edition) -> Row | None:
    rows = list(edition.official.trends().values())
    for words in ("getting worse", "getting better", "increasing", "decreasing"):
        for row in rows:
            if row["words"] == words:
                return row
    first = lead(edition)
    if first is not None:
        return first
    compared = against(edition, "england")
    return next((row for row in compared.values() if row["value"] == row["value"]), None)


def _trend_title(chosen: Row, mine: pd.DataFrame) -> Text:
    told = records(mine[mine["estimate"].notna()])
    first, last = told[0], told[-1]
    measure = named(label(load_indicators()[chosen["indicator"]], str(chosen["group"])))
    title = say(
        "{measure}: {first} in {then}, {last} in {now}",
        measure=measure,
        first=figure(first, bare=True),
        then=period(first),
        last=figure(last, bare=True),
        now=period(last),
    )
    if len(title.plain.split()) <= 15:
        return title
    return say(
        "{first} in {then}, {last} in {now}",
        first=figure(first, bare=True),
        then=period(first),
        last=figure(last, bare=True),
        now=period(last),
    )


@section
def trend_table(edition: Edition) -> Block | None:
    """Set five years of every measure, with its recent trend."""
    if edition.standing is None:
        return None
    mine = edition.official.years()
    trends = edition.official.trends()
    if len({fact["period"] for fact in mine}) < 2:
        return None
    rows: list[list[Cell]] = []
    grouped: dict[tuple[str, str], dict[int, Row]] = {}
    for fact in mine:
        grouped.setdefault((fact["indicator"], fact["group"]), {})[_year(fact)] = fact
    first, last = edition.official.span
    span = list(range(first, last + 1))
    for key in ordered([{"indicator": name, "group": group} for name, group in grouped]):
        series = grouped[key["indicator"], key["group"]]
        if sum(has_figure(fact) for fact in series.values()) < 2:
            continue
        told = trends.get((key["indicator"], key["group"]))
        rows.append(
            [
                named(label(load_indicators()[key["indicator"]], key["group"])),
                *(_year_cell(series.get(year)) for year in span),
                told["words"] if told else "not calculated",
            ]
        )
    if not rows:
        return None
    made = table(
        ["Measure", *(str(year) for year in span), "Recent trend"],
        rows,
        caption=say("Each measure by the year in which its period ends, with its recent trend"),
        label="trends",
        widths=[30, *[10] * len(span), 20],
    )
    note = say(
        "A trend is called only where the slope of five years is beyond chance ({level} "
        "confidence) and no single year makes it. It is not calculated where a year is missing or "
        "there is no base.",
        level=setting(0.998, "level of confidence"),
    )
    return made + Block(note.markdown, note.claims)


def _year(fact: Row) -> int:
    end = fact["period_end"]
    if end == end and end is not None:
        return int(end.year)
    first, _, second = str(fact["period"]).partition("/")
    return int(first[:4]) + (1 if second else 0)


def _year_cell(fact: Row | None) -> Cell:
    if fact is None:
        return "–"
    return (
        figure(fact, bare=True)
        if has_figure(fact)
        else "withheld"
        if fact["status"] == "suppressed"
        else "–"
    )
