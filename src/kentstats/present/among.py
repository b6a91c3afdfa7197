"""The authority among all others: ranks, a funnel, five years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kentstats.facts import SCALE, Row, records
from kentstats.indicators import load_indicators
from kentstats.present import authority_charts, charts, trend_charts
from kentstats.present.blocks import Block, Cell, table
from kentstats.present.blocks import figure as block_figure
from kentstats.present.claims import Claim, claim
from kentstats.present.edition import Edition, count_claim
from kentstats.present.official import (
    UNIT_WORDS,
    against,
    comparator_name,
    credit,
    facts_of,
    figure,
    has_figure,
    heading,
    label,
    ordered,
    period,
    worse_first,
)
from kentstats.present.words import Text, named, say, setting
from kentstats.stats.funnel import outside, overdispersion, proportion_limits, rate_limits

if TYPE_CHECKING:
    import pandas as pd


FEWEST = 5
"""Expected cases below which the limits of a funnel are no longer to be trusted."""


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
    near = set(edition.official.neighbours())
    data = pd.DataFrame(
        {
            "value": shown["estimate"],
            "lower": shown["lower"],
            "upper": shown["upper"],
            "ours": shown["area_code"].eq(edition.area.code),
            "neighbour": shown["area_code"].isin(near),
        }
    )
    england = facts_of(edition, edition.official.shared.places.country)[
        row["indicator"], row["group"]
    ]
    place = rank_text(edition, row["indicator"], str(row["group"]))
    title = say(
        "{measure}: {figure}, England {england}",
        measure=named(label(indicator, str(row["group"]), unit=False)),
        figure=figure(fact),
        england=figure(england),
    )
    if len(title.plain.split()) > 15:
        title = say("{figure}, England {england}", figure=figure(fact), england=figure(england))
    drawn = charts.headed(
        authority_charts.ranked(
            data,
            benchmark=float(england["estimate"]),
            benchmark_label=f"England: {figure(england, bare=True).shown}",
            ours_label=f"{edition.authority}: {figure(fact, bare=True).shown}",
            ends=("lowest", "highest"),
            xlabel="authorities in order",
            form=_form(indicator.unit),
        ),
        title=title.plain,
        subtitle=f"{indicator.name}, {fact['period']}, {UNIT_WORDS.get(indicator.unit, '')}",
        source=credit(edition, fact),
        left=trend_charts.SCALE_LEFT,
    )
    without = (
        count_claim(records(everyone[everyone["estimate"].isna()]), "authorities without a figure")
        if everyone["estimate"].isna().any()
        else None
    )
    caption = say(
        "Every authority by its figure, with its {level} interval as a line.{near}{without} "
        "{place}",
        level=setting(edition.confidence, "confidence"),
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
        drawn, caption=caption, alt=alt, label="ranked", claims=[figure(fact, bare=True)]
    )


def _form(unit: str) -> Any:
    if unit == "percent":
        return "{:g}%".format
    return "{:g}".format


def rank_text(edition: Edition, indicator: str, group: str) -> Text:
    """Say the rank of a measure, never without the ranks that chance allows."""
    found = edition.official.ranks
    rows = records(found[found["indicator"].eq(indicator) & found["group"].eq(group)])
    if not rows:
        return Text(())
    parts = _rank(edition, rows[0])
    if rows[0]["rank_low"] != rows[0]["rank_low"]:
        return Text(())
    return say(
        "{authority} is {rank} of {of}; chance allows any place from {low} to {high}.",
        authority=edition.authority,
        **parts,
    )


def _rank(edition: Edition, row: Row) -> dict[str, Claim]:
    everyone = edition.official.everyone(str(row["indicator"]), str(row["group"]))
    fact = facts_of(edition)[row["indicator"], row["group"]]
    parents = [
        {"fact_id": fact["fact_id"], "locator": fact["locator"]},
        *({"fact_id": fact_id, "locator": fact["locator"]} for fact_id in everyone["fact_id"]),
    ]
    made = {
        "rank": claim(row["rank"], parents, unit="rank", calculation="ties share the best place"),
        "of": claim(row["of"], parents, unit="count", calculation="authorities with a figure"),
    }
    if row["rank_low"] == row["rank_low"]:
        how = "pairwise tests at 95%, Bonferroni"
        made["low"] = claim(row["rank_low"], parents, unit="rank", calculation=how)
        made["high"] = claim(row["rank_high"], parents, unit="rank", calculation=how)
    return made


def rank_table(edition: Edition) -> Block | None:
    """Set the rank of every measure that has limits, with the ranks chance allows."""
    if edition.standing is None:
        return None
    facts = facts_of(edition)
    found = [
        row
        for row in records(edition.official.ranks)
        if row["rank_low"] == row["rank_low"] and (row["indicator"], row["group"]) in facts
    ]
    if not found:
        return None
    rows: list[list[Cell]] = []
    for row in ordered(found):
        made = _rank(edition, row)
        indicator = load_indicators()[row["indicator"]]
        counted = {"high": "highest first", "low": "lowest first"}.get(indicator.polarity)
        rows.append(
            [
                named(label(indicator, str(row["group"]))),
                figure(facts[row["indicator"], row["group"]], bare=True),
                counted or "highest first",
                say("{rank} of {of}", rank=made["rank"], of=made["of"]),
                say("{low} to {high}", low=made["low"], high=made["high"]),
            ]
        )
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


def funnel(edition: Edition) -> Block | None:
    """Draw the measure that stands out by the size of its base, with limits of chance."""
    row = lead(edition)
    if row is None or row["lower"] != row["lower"]:
        return None
    indicator = load_indicators()[row["indicator"]]
    everyone = edition.official.everyone(row["indicator"], str(row["group"]))
    shown = everyone[everyone["lower"].notna()]
    if len(shown) < 20:
        return None
    count, base = (shown[name].to_numpy(dtype=np.float64) for name in ("numerator", "denominator"))
    fact = facts_of(edition)[row["indicator"], row["group"]]
    mine = float(fact["denominator"])
    expected = mine * count.sum() / base.sum()
    if min(expected, mine - expected) < FEWEST:
        return None
    kind: Any = "proportion" if indicator.unit == "percent" else "rate"
    spread = overdispersion(count, base, kind=kind)
    data, limits = _funnel_data(edition, shown, indicator.unit, count, base, spread.tau2)
    title = _funnel_title(edition, fact, count, base, spread.tau2, kind)
    drawn = charts.headed(
        authority_charts.funnel(
            data,
            limits,
            ours=f"{edition.authority}: {figure(fact, bare=True).shown}",
            centre="all authorities",
            xlabel=_base_label(indicator.denominator),
            form=_form(indicator.unit),
            log=base.max() > 100 * max(base[base > 0].min(), 1),
        ),
        title=title.plain,
        subtitle=f"{indicator.name}, {fact['period']}, by the size of the group",
        source=credit(edition, fact),
        left=trend_charts.SCALE_LEFT,
    )
    wide = spread.tau2 > 0
    caption = say(
        "Small groups scatter more. The inner and outer lines are where {low} and {high} of "
        "authorities would lie if chance alone made them differ.{more}",
        low=setting(0.95, "level of confidence"),
        high=setting(0.998, "level of confidence"),
        more=" They differ by more than that, so wider limits are drawn too, adjusted for the "
        "spread between authorities. A verdict against England asks whether the authority differs "
        "from England; the adjusted limits ask whether it differs by more than authorities "
        "usually do."
        if wide
        else "",
    )
    alt = say(
        "Funnel plot of all authorities by size of group, {authority} marked. {title}.",
        authority=edition.authority,
        title=title,
    )
    return block_figure(
        drawn, caption=caption, alt=alt, label="funnel", claims=[figure(fact, bare=True)]
    )


def _base_label(words: str) -> str:
    return f"Number of {words}" if words and len(words) < 60 else "Size of the group"


def _funnel_data(
    edition: Edition,
    shown: pd.DataFrame,
    unit: str,
    count: Any,
    base: Any,
    tau2: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    scale = SCALE[unit]
    centre = count.sum() / base.sum()
    grid = np.geomspace(max(base[base > 0].min() * 0.9, 1), base.max() * 1.05, 60)
    columns: dict[str, Any] = {"base": grid, "centre": centre * scale}
    for name, confidence in (("95", 0.95), ("998", 0.998)):
        for prefix, extra in (("", 0.0), ("adjusted_", tau2)):
            if prefix and not tau2 > 0:
                continue
            if unit == "percent":
                low, high = (
                    each * scale
                    for each in proportion_limits(centre, grid, confidence=confidence, tau2=extra)
                )
            else:
                low, high = rate_limits(
                    centre * scale, grid, per=scale, confidence=confidence, tau2=extra
                )
            columns[f"{prefix}lower{name}"], columns[f"{prefix}upper{name}"] = low, high
    data = pd.DataFrame(
        {
            "base": base,
            "value": shown["estimate"].to_numpy(),
            "ours": shown["area_code"].eq(edition.area.code).to_numpy(),
        }
    )
    return data, pd.DataFrame(columns)


def _funnel_title(
    edition: Edition, fact: Row, count: Any, base: Any, tau2: float, kind: Any
) -> Text:
    scale = SCALE[str(fact["unit"])]
    centre = count.sum() / base.sum()
    where = str(
        outside(
            float(fact["estimate"]) / (1 if kind == "rate" else scale),
            float(fact["denominator"]),
            centre * (scale if kind == "rate" else 1),
            kind=kind,
            per=scale,
            tau2=tau2,
        )
    )
    who = _brief(edition)
    if where.startswith(("above", "below")) and tau2 > 0:
        return say("{who} is unusual, even allowing for the spread between authorities", who=who)
    if where.startswith(("above", "below")):
        side = where.split()[0]
        return say("{who} lies {side} the limits of chance", who=who, side=side)
    if tau2 > 0:
        return say(
            "{who} is not unusual, once the spread between authorities is allowed for", who=who
        )
    return say("{who} lies within the limits of chance", who=who)


def _brief(edition: Edition) -> str:
    return edition.authority if len(edition.authority.split()) < 5 else "The authority"


def trend(edition: Edition) -> Block | None:
    """Draw five years of the measure that moved, or else stands out, with comparators."""
    import pandas as pd

    if edition.standing is None:
        return None
    chosen = _moved(edition)
    if chosen is None:
        return None
    indicator = load_indicators()[chosen["indicator"]]
    figures = edition.official.shared.figures
    codes = {
        edition.area.code: edition.authority,
        edition.area.region: comparator_name(edition, "region")
        .removeprefix("the ")
        .removesuffix(" region"),
        edition.official.shared.places.country: "England",
    }
    one = figures[
        figures["indicator"].eq(chosen["indicator"])
        & figures["group"].eq(chosen["group"])
        & figures["area_code"].isin(list(codes))
    ].sort_values(["period_end", "period"])
    periods = list(dict.fromkeys(one["period"]))
    mine = one[one["area_code"].eq(edition.area.code)]
    if len(periods) < 2 or mine["estimate"].notna().sum() < 2:
        return None
    latest = {code: records(part)[-1] for code, part in one.groupby("area_code", sort=False)}
    claims = [figure(fact, bare=True) for fact in latest.values() if has_figure(fact)]
    data = pd.DataFrame(
        {
            "area": one["area_code"].map(codes),
            "period": one["period"],
            "value": one["estimate"],
            "lower": one["lower"],
            "upper": one["upper"],
            "ours": one["area_code"].eq(edition.area.code),
        }
    )
    title = _trend_title(chosen, mine)
    fact = records(mine)[-1]
    drawn = charts.headed(
        trend_charts.trend(data, periods=periods, form=_form(indicator.unit)),
        title=title.plain,
        subtitle=f"{indicator.name}, {periods[0]} to {periods[-1]}, {UNIT_WORDS[indicator.unit]}",
        source=credit(edition, fact),
        left=trend_charts.SCALE_LEFT,
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
    return block_figure(drawn, caption=caption, alt=alt, label="trend", claims=claims)


def _moved(edition: Edition) -> Row | None:
    rows = records(edition.official.trends)
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


def trend_table(edition: Edition) -> Block | None:
    """Set five years of every measure, with its recent trend."""
    if edition.standing is None:
        return None
    figures = edition.official.shared.figures
    mine = figures[figures["area_code"].eq(edition.area.code)]
    trends = {(row["indicator"], row["group"]): row for row in records(edition.official.trends)}
    years = edition.official.shared.official
    if mine["period"].nunique() < 2:
        return None
    rows: list[list[Cell]] = []
    grouped: dict[tuple[str, str], dict[int, Row]] = {}
    for fact in records(mine):
        grouped.setdefault((fact["indicator"], fact["group"]), {})[_year(fact)] = fact
    span = list(range(years.first, years.last + 1))
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
