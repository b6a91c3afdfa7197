"""Sections that show the authority over the years, beside its region and England."""

from __future__ import annotations

import pandas as pd

from kentstats.charts import drawing
from kentstats.charts import trend as trend_chart
from kentstats.indicators import load_indicators
from kentstats.report.blocks import Block, Cell, figure_block, table
from kentstats.report.context import Briefing, count_claim
from kentstats.report.distributions import lead_measure
from kentstats.report.figures import (
    UNIT_WORDS,
    axis_format,
    comparator_name,
    figure,
    has_figure,
    in_catalogue_order,
    label,
    period,
    source_line,
)
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import Row, records


def moving_measure(brief: Briefing) -> tuple[str, str] | None:
    """Choose the measure whose trend is shown: one that moved, else one that stands out.

    Returns
    -------
    (str, str) or None
        Indicator and group.
    """
    trends = brief.trends
    for words in ("getting worse", "getting better", "increasing", "decreasing"):
        found = trends[trends["words"].eq(words)]
        if not found.empty:
            return str(found["indicator"].iloc[0]), str(found["group"].iloc[0])
    if measure := lead_measure(brief):
        return measure
    rows = brief.comparisons_with("england").sort_values("fact_id")
    rows = rows[rows["estimate"].notna()]
    return None if rows.empty else (str(rows["indicator"].iloc[0]), str(rows["group"].iloc[0]))


def trend(brief: Briefing, rows: pd.DataFrame) -> Block | None:
    """Draw a measure over the years, with the region and England.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        The figures of one measure for the authority, its region and
        England, from :meth:`~kentstats.report.context.Briefing.history_of`.

    Returns
    -------
    Block or None
        None where the authority has fewer than two figures.
    """
    own = rows[rows["area_code"].eq(brief.area.code)]
    if own["value"].notna().sum() < 2:
        return None
    indicator = load_indicators()[str(own["indicator"].iloc[0])]
    region = comparator_name(brief, "region").removeprefix("the ").removesuffix(" region")
    names = {
        brief.area.code: brief.authority,
        brief.area.region: region,
        brief.statistics.country: "England",
    }
    periods = list(dict.fromkeys(rows["period"]))
    latest = {code: records(part)[-1] for code, part in rows.groupby("area_code", sort=False)}
    last = {code: figure(row, bare=True) for code, row in latest.items() if has_figure(row)}
    data = pd.DataFrame(
        {
            "area": rows["area_code"].map(names),
            "period": rows["period"],
            "value": rows["estimate"],
            "lower": rows["lower"],
            "upper": rows["upper"],
            "ours": rows["area_code"].eq(brief.area.code),
            "label": rows["area_code"]
            .map({code: made.shown for code, made in last.items()})
            .fillna(""),
        }
    )
    title = _trend_title(own)
    chart = drawing.add_titles(
        trend_chart.trend(data, tick_format=axis_format(indicator.unit), ax=drawing.new_axes()),
        title=title.plain,
        subtitle=f"{indicator.name}, {periods[0]} to {periods[-1]}, {UNIT_WORDS[indicator.unit]}",
        source=source_line(brief, records(own)[-1]),
        left=trend_chart.SCALE_LEFT,
    )
    caption = say(
        "{authority} with its {level} intervals, the region and England. A gap means that there is "
        "no figure.",
        authority=brief.authority,
        level=setting(brief.confidence, "confidence"),
    )
    alt = say(
        "Line chart over {number} years for {authority}, its region and England. {title}.",
        number=count_claim(records(own), "periods"),
        authority=brief.authority,
        title=title,
    )
    return figure_block(chart, caption=caption, alt=alt, label="trend", claims=list(last.values()))


def _trend_title(own: pd.DataFrame) -> Text:
    rows = records(own[own["estimate"].notna()])
    first, last = rows[0], rows[-1]
    indicator = load_indicators()[first["indicator"]]
    change = say(
        "{first} in {then}, {last} in {now}",
        first=figure(first, bare=True),
        then=period(first),
        last=figure(last, bare=True),
        now=period(last),
    )
    title = say(
        "{measure}: {change}", measure=named(label(indicator, str(first["group"]))), change=change
    )
    return title if len(title.plain.split()) <= 15 else change


def trend_table(brief: Briefing, rows: pd.DataFrame) -> Block | None:
    """Set measures by the year in which their period ends, with the recent trend.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        The authority's figures of all years.

    Returns
    -------
    Block or None
        None where no measure has two figures.
    """
    if rows["period"].nunique() < 2:
        return None
    trends = brief.statistics.trends()
    by_measure: dict[tuple[str, str], dict[int, Row]] = {}
    for row in records(rows):
        by_measure.setdefault((row["indicator"], row["group"]), {})[_year(row)] = row
    first, last = brief.statistics.official.first, brief.statistics.official.last
    years = list(range(first, last + 1))
    cells: list[list[Cell]] = []
    for measure in in_catalogue_order(
        [{"indicator": name, "group": group} for name, group in by_measure]
    ):
        key = measure["indicator"], measure["group"]
        by_year = by_measure[key]
        if sum(map(has_figure, by_year.values())) < 2:
            continue
        cells.append(
            [
                named(label(load_indicators()[key[0]], key[1])),
                *(_year_cell(by_year.get(year)) for year in years),
                trends[key]["words"] if key in trends else "not calculated",
            ]
        )
    if not cells:
        return None
    made = table(
        ["Measure", *(str(year) for year in years), "Recent trend"],
        cells,
        caption=say("Each measure by the year in which its period ends, with its recent trend"),
        label="trends",
        widths=[30, *[10] * len(years), 20],
    )
    note = say(
        "A trend is called only where the slope of five years is beyond chance ({level} "
        "confidence) and no single year makes it. It is not calculated where a year is missing or "
        "there is no base.",
        level=setting(0.998, "level of confidence"),
    )
    return made + Block(note.markdown, note.claims)


def _year(row: Row) -> int:
    """Return the year in which a period ends."""
    end = row["period_end"]
    if end == end and end is not None:
        return int(end.year)
    first, _, second = str(row["period"]).partition("/")
    return int(first[:4]) + (1 if second else 0)


def _year_cell(row: Row | None) -> Cell:
    if has_figure(row):
        return figure(row, bare=True)
    return "withheld" if row is not None and row["status"] == "suppressed" else "–"
