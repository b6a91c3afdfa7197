"""The authority among all authorities and over the years: ranks, the funnel, trends.

Every section takes the briefing and the rows that it prints. It is None where there is too
little to show.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kentstats.charts import caterpillar, drawing
from kentstats.charts import funnel as funnel_chart
from kentstats.charts import trend as trend_chart
from kentstats.charts.trend import SCALE_LEFT
from kentstats.indicators import load_indicators
from kentstats.report.blocks import Block, Cell, paragraphs, table
from kentstats.report.claims import Claim, claim
from kentstats.report.context import Briefing, Measure, count_claim
from kentstats.report.figures import (
    UNIT_WORDS,
    axis_format,
    chart,
    comparator_name,
    figure,
    has_figure,
    heading,
    label,
    period,
    source_line,
    surest_first,
)
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import SCALE, Row, records
from kentstats.stats.benchmarks import SMALLEST_BASE
from kentstats.stats.funnel import limits, outside, overdispersion

Kind = Literal["proportion", "rate"]
MIN_EXPECTED = 5
"""Expected cases below which the limits of a funnel are no longer to be trusted."""
MIN_AUTHORITIES = 20
"""Authorities with an interval below which no funnel is drawn."""


def lead_measure(england: pd.DataFrame) -> Measure | None:
    """Return what stands out most in comparisons with England.

    The worst, else the best, else any that can be tested.
    """
    rows = records(england.sort_values("fact_id"))
    similar = [row for row in rows if row["verdict"] == "similar"]
    found = [surest_first(rows, word) for word in ("worse", "better", "higher", "lower")]
    first = next(filter(None, [*found, similar]), None)
    return (first[0]["indicator"], first[0]["group"]) if first else None


def moving_measure(trends: pd.DataFrame, england: pd.DataFrame) -> Measure | None:
    """Return what has a trend, else what stands out most, else any that has a figure."""
    for words in ("getting worse", "getting better", "increasing", "decreasing"):
        for row in records(trends[trends["words"].eq(words)]):
            return row["indicator"], row["group"]
    if measure := lead_measure(england):
        return measure
    for row in records(england[england["estimate"].notna()].sort_values("fact_id")):
        return row["indicator"], row["group"]
    return None


# among all authorities


def ranked(brief: Briefing, authorities: pd.DataFrame) -> Block | None:
    """Draw authorities in the order of their figures, ours marked."""
    own = _own(brief, authorities)
    if own is None:
        return None
    indicator = load_indicators()[own["indicator"]]
    shown = authorities[authorities["estimate"].notna()]
    neighbours = brief.statistics.neighbours()
    data = pd.DataFrame(
        {
            "value": shown["estimate"],
            "lower": shown["lower"],
            "upper": shown["upper"],
            "ours": shown["area_code"].eq(brief.area.code),
            "neighbour": shown["area_code"].isin(list(neighbours)),
        }
    )
    england = brief.statistics.facts(brief.statistics.country)[own["indicator"], own["group"]]
    change = say("{figure}, England {england}", figure=figure(own), england=figure(england))
    title = _title(indicator.id, str(own["group"]), change, unit=False)
    missing = records(authorities[authorities["estimate"].isna()])
    without: Text | str = ""
    if missing:
        number = count_claim(missing, "authorities without a figure")
        without = say(" {number} have no figure.", number=number)
    place: Text | str = ""
    if ranks := _rank_claims(brief, own):  # a rank never stands without those that chance allows
        words = "{authority} is {rank} of {of}; chance allows any place from {low} to {high}."
        place = say(words, authority=brief.authority, **ranks)
    return chart(
        caterpillar.caterpillar(
            data,
            benchmark=float(england["estimate"]),
            benchmark_label=f"England: {figure(england, bare=True).shown}",
            ours_label=f"{brief.authority}: {figure(own, bare=True).shown}",
            xlabel="authorities in order",
            tick_format=axis_format(indicator.unit),
            ax=drawing.new_axes(),
        ),
        title=title,
        subtitle=f"{indicator.name}, {own['period']}, {UNIT_WORDS.get(indicator.unit, '')}",
        source=source_line(brief, own),
        left=SCALE_LEFT,
        caption=say(
            "Every authority by its figure, with its {level} interval as a line."
            "{near}{without} {place}",
            level=setting(brief.confidence, "confidence"),
            near=" Darker dots are statistical neighbours." if neighbours else "",
            without=without,
            place=place,
        ),
        alt=say(
            "All authorities in order of {measure}, with intervals; {authority} is marked. "
            "{title}.",
            measure=named(indicator.name[0].lower() + indicator.name[1:]),
            authority=brief.authority,
            title=title,
        ),
        label="ranked",
        claims=[figure(each, bare=True) for each in (own, england)],
    )


def _title(indicator: str, group: str, words: Text, *, unit: bool = True) -> Text:
    """Put the name of a measure before the words of a title, where the two are not too long."""
    name = named(label(load_indicators()[indicator], group, unit=unit))
    title = say("{name}: {words}", name=name, words=words)
    return title if len(title.plain.split()) <= 15 else words


def _own(brief: Briefing, authorities: pd.DataFrame) -> Row | None:
    """Return the authority's own row among those of all authorities."""
    own = records(authorities[authorities["area_code"].eq(brief.area.code)])
    return own[0] if own else None


def _rank_claims(brief: Briefing, row: Row) -> dict[str, Claim] | None:
    """Make the claims of a rank; None where the ranks that chance allows are not known."""
    # standard errors of fewer cases say nothing, and a share of nought has none at all
    if not row["denominator"] >= SMALLEST_BASE:
        return None
    rank = brief.statistics.rank(row["indicator"], row["group"])
    if rank is None or rank["rank_low"] != rank["rank_low"]:
        return None

    def made(name: str, unit: str, calculation: str) -> Claim:
        return claim(rank[name], [row], unit=unit, calculation=calculation, others=rank["facts"])

    tests = "pairwise tests at 95%, Bonferroni"
    return {
        "rank": made("rank", "rank", "ties share the best place"),
        "of": made("of", "count", "authorities with a figure"),
        "low": made("rank_low", "rank", tests),
        "high": made("rank_high", "rank", tests),
    }


def rank_table(brief: Briefing, figures: pd.DataFrame) -> Block | None:
    """Set the rank of every figure that has an interval, with the ranks chance allows."""
    cells: list[list[Cell]] = []
    for row in records(figures):
        claims = _rank_claims(brief, row)
        if claims is None:
            continue
        indicator = load_indicators()[row["indicator"]]
        cells.append(
            [
                named(label(indicator, str(row["group"]))),
                figure(row, bare=True),
                "lowest first" if indicator.polarity == "low" else "highest first",
                say("{rank} of {of}", rank=claims["rank"], of=claims["of"]),
                say("{low} to {high}", low=claims["low"], high=claims["high"]),
            ]
        )
    if not cells:
        return None
    return table(
        ["Measure", heading(brief), "Counted", "Place", "Chance allows"],
        cells,
        caption=say(
            "Places among all authorities. A place is never certain: beside it stand all places "
            "that chance allows, with {level} confidence",
            level=setting(0.95, "level of confidence"),
        ),
        label="ranks",
        widths=[32, 14, 16, 18, 20],
    )


def funnel(brief: Briefing, authorities: pd.DataFrame) -> Block | None:
    """Draw authorities by the size of their base, with limits of chance.

    The funnel is centred on England's published figure: the authorities
    whose small counts are suppressed are in it, and are not in a sum of the
    others.
    """
    own = _own(brief, authorities)
    if own is None or own["lower"] != own["lower"]:
        return None
    indicator = load_indicators()[own["indicator"]]
    england = brief.statistics.facts(brief.statistics.country)[own["indicator"], own["group"]]
    shown = authorities[authorities["lower"].notna()]
    scale = SCALE[indicator.unit]
    centre = float(england["estimate"]) / scale
    expected = float(own["denominator"]) * centre
    others = float(own["denominator"]) - expected
    if len(shown) < MIN_AUTHORITIES or not min(expected, others) >= MIN_EXPECTED:
        return None
    count, base = (shown[name].to_numpy(dtype=np.float64) for name in ("numerator", "denominator"))
    kind: Kind = "proportion" if indicator.model == "proportion" else "rate"
    tau2 = overdispersion(count, base, kind=kind)
    title = _funnel_title(brief, own, kind, scale, centre, tau2)
    words = indicator.denominator
    return chart(
        funnel_chart.funnel(
            pd.DataFrame(
                {
                    "base": base,
                    "value": shown["estimate"].to_numpy(),
                    "ours": shown["area_code"].eq(brief.area.code).to_numpy(),
                }
            ),
            _funnel_limits(base, kind, scale, centre, tau2),
            ours=f"{brief.authority}: {figure(own, bare=True).shown}",
            centre=f"England: {figure(england, bare=True).shown}",
            xlabel=f"Number of {words}" if words and len(words) < 60 else "Size of the group",
            tick_format=axis_format(indicator.unit),
            log=base.max() > 100 * max(base[base > 0].min(), 1),
            ax=drawing.new_axes(),
        ),
        title=title,
        subtitle=f"{indicator.name}, {own['period']}, by the size of the group",
        source=source_line(brief, own),
        left=SCALE_LEFT,
        caption=say(
            "The measure on which the authority differs most surely from England. Small groups "
            "scatter more: the inner and outer lines are where {low} and {high} of authorities "
            "would lie if chance alone made them differ.{more}",
            low=setting(0.95, "level of confidence"),
            high=setting(0.998, "level of confidence"),
            more=" They differ by more than that, so wider lines are drawn too, adjusted for the "
            "spread between authorities. A verdict against England asks whether the authority "
            "differs from England; the widest lines ask whether it differs by more than "
            "authorities usually do."
            if tau2 > 0
            else "",
        ),
        alt=say(
            "Funnel plot of all authorities by size of group, {authority} marked. {title}.",
            authority=brief.authority,
            title=title,
        ),
        label="funnel",
        claims=[figure(each, bare=True) for each in (own, england)],
    )


def _funnel_limits(
    base: NDArray[np.float64], kind: Kind, scale: float, centre: float, tau2: float
) -> pd.DataFrame:
    """Return the curves of a funnel, those adjusted for over-dispersion with them."""
    sizes = np.geomspace(max(base[base > 0].min() * 0.9, 1), base.max() * 1.05, 60)
    columns: dict[str, NDArray[np.float64] | float] = {"base": sizes, "centre": centre * scale}
    target, factor = (centre * scale, 1.0) if kind == "rate" else (centre, scale)
    spreads = {"": 0.0, "adjusted_": tau2} if tau2 > 0 else {"": 0.0}
    for name, level in (("95", 0.95), ("998", 0.998)):
        for prefix, spread in spreads.items():
            ends = limits(target, sizes, kind=kind, per=scale, confidence=level, tau2=spread)
            for end, values in zip(("lower", "upper"), ends, strict=True):
                columns[f"{prefix}{end}{name}"] = values * factor
    return pd.DataFrame(columns)


def _funnel_title(
    brief: Briefing, row: Row, kind: Kind, scale: float, centre: float, tau2: float
) -> Text:
    """Say where the authority lies; unusual only beyond the widest lines."""
    factor = 1.0 if kind == "rate" else scale
    value, base = float(row["estimate"]) / factor, float(row["denominator"])
    target = centre * scale / factor
    where = str(outside(value, base, target, kind=kind, per=scale, tau2=tau2))
    who = brief.authority if len(brief.authority.split()) < 5 else "The authority"
    if tau2 > 0 and where.endswith("99.8%"):
        words = "is unusual, even allowing for the spread between authorities"
    elif tau2 > 0:
        words = "is not unusual, once the spread between authorities is allowed for"
    elif where.startswith(("above", "below")):
        words = f"lies {where.split()[0]} the limits of chance"
    else:
        words = "lies within the limits of chance"
    return say("{who} {words}", who=who, words=words)


# over the years


def trend(brief: Briefing, years: pd.DataFrame) -> Block | None:
    """Draw a measure over the years, with the region and England."""
    own = years[years["area_code"].eq(brief.area.code)]
    if own["value"].notna().sum() < 2:
        return None
    given = records(own[own["estimate"].notna()])
    indicator = load_indicators()[str(own["indicator"].iloc[0])]
    region = comparator_name(brief, "region").removeprefix("the ").removesuffix(" region")
    names = {
        brief.area.code: brief.authority,
        brief.area.region: region,
        brief.statistics.country: "England",
    }
    periods = list(dict.fromkeys(years["period"]))
    latest = {code: records(part)[-1] for code, part in years.groupby("area_code", sort=False)}
    last = {code: figure(row, bare=True) for code, row in latest.items() if has_figure(row)}
    shown = {code: made.shown for code, made in last.items()}
    data = years[["period", "lower", "upper"]].assign(
        area=years["area_code"].map(names),
        value=years["estimate"],
        ours=years["area_code"].eq(brief.area.code),
        label=years["area_code"].map(shown).fillna(""),
    )
    change = say(
        "{first} in {then}, {last} in {now}",
        first=figure(given[0], bare=True),
        then=period(given[0]),
        last=figure(given[-1], bare=True),
        now=period(given[-1]),
    )
    title = _title(indicator.id, str(given[0]["group"]), change)
    return chart(
        trend_chart.trend(data, tick_format=axis_format(indicator.unit), ax=drawing.new_axes()),
        title=title,
        subtitle=f"{indicator.name}, {periods[0]} to {periods[-1]}, {UNIT_WORDS[indicator.unit]}",
        source=source_line(brief, records(own)[-1]),
        left=SCALE_LEFT,
        caption=say(
            "{authority} with its {level} intervals, the region and England. A gap means that "
            "there is no figure.",
            authority=brief.authority,
            level=setting(brief.confidence, "confidence"),
        ),
        alt=say(
            "Line chart over {number} years for {authority}, its region and England. {title}.",
            number=count_claim(records(own), "periods"),
            authority=brief.authority,
            title=title,
        ),
        label="trend",
        claims=list(last.values()),
    )


def trend_table(brief: Briefing, history: pd.DataFrame) -> Block | None:
    """Set measures by the year in which their period ends, with the recent trend."""
    if history["period"].nunique() < 2:
        return None
    trends = brief.statistics.trends()
    by_measure: dict[Measure, dict[int, Row]] = {}
    for row in records(history):
        by_measure.setdefault((row["indicator"], row["group"]), {})[_year(row)] = row
    first, last = brief.statistics.official.first, brief.statistics.official.last
    years = range(first, last + 1)
    cells: list[list[Cell]] = [
        [
            named(label(load_indicators()[key[0]], key[1])),
            *(_year_cell(by_year.get(year)) for year in years),
            trends[key]["words"] if key in trends else "not calculated",
        ]
        for key, by_year in by_measure.items()
        if sum(map(has_figure, by_year.values())) > 1
    ]
    if not cells:
        return None
    made = table(
        ["Measure", *map(str, years), "Recent trend"],
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
    return made + paragraphs(note, cited=False)


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
