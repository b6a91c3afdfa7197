"""Sections that show the authority among all others: its rank, and the funnel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kentstats.charts import caterpillar, drawing
from kentstats.charts import funnel as funnel_chart
from kentstats.charts.trend import SCALE_LEFT
from kentstats.indicators import load_indicators
from kentstats.report.blocks import Block, Cell, figure_block, table
from kentstats.report.claims import Claim, claim
from kentstats.report.context import Briefing, count_claim
from kentstats.report.figures import (
    UNIT_WORDS,
    axis_format,
    figure,
    heading,
    label,
    source_line,
    surest_first,
)
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import SCALE, Row, records
from kentstats.stats.benchmarks import SMALLEST_BASE
from kentstats.stats.funnel import limits, outside, overdispersion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kentstats.stats.funnel import Kind

MIN_EXPECTED = 5
"""Expected cases below which the limits of a funnel are no longer to be trusted."""
MIN_AUTHORITIES = 20
"""Authorities with an interval below which no funnel is drawn."""


def lead_measure(brief: Briefing) -> tuple[str, str] | None:
    """Choose the measure that stands out most against England.

    Returns
    -------
    (str, str) or None
        Indicator and group of the worst, else of the best, else of any that
        can be tested.
    """
    rows = records(brief.comparisons_with("england").sort_values("fact_id"))
    for verdict in ("worse", "better", "higher", "lower"):
        if found := surest_first(rows, verdict):
            return found[0]["indicator"], found[0]["group"]
    similar = [row for row in rows if row["verdict"] == "similar"]
    return (similar[0]["indicator"], similar[0]["group"]) if similar else None


def ranked(brief: Briefing, rows: pd.DataFrame) -> Block | None:
    """Draw authorities in the order of their figures, ours marked.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        The latest figure of each authority for one measure, from
        :meth:`~kentstats.report.context.Briefing.all_authorities`.

    Returns
    -------
    Block or None
        None where the authority is not among them.
    """
    own = _own(brief, rows)
    if own is None:
        return None
    indicator = load_indicators()[own["indicator"]]
    shown = rows[rows["estimate"].notna()]
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
    title = say(
        "{measure}: {figure}, England {england}",
        measure=named(label(indicator, str(own["group"]), unit=False)),
        figure=figure(own),
        england=figure(england),
    )
    if len(title.plain.split()) > 15:
        title = say("{figure}, England {england}", figure=figure(own), england=figure(england))
    chart = drawing.add_titles(
        caterpillar.caterpillar(
            data,
            benchmark=float(england["estimate"]),
            benchmark_label=f"England: {figure(england, bare=True).shown}",
            ours_label=f"{brief.authority}: {figure(own, bare=True).shown}",
            xlabel="authorities in order",
            tick_format=axis_format(indicator.unit),
            ax=drawing.new_axes(),
        ),
        title=title.plain,
        subtitle=f"{indicator.name}, {own['period']}, {UNIT_WORDS.get(indicator.unit, '')}",
        source=source_line(brief, own),
        left=SCALE_LEFT,
    )
    alt = say(
        "All authorities in order of {measure}, with intervals; {authority} is marked. {title}.",
        measure=named(indicator.name[0].lower() + indicator.name[1:]),
        authority=brief.authority,
        title=title,
    )
    return figure_block(
        chart,
        caption=_ranked_caption(brief, own, rows, neighbours),
        alt=alt,
        label="ranked",
        claims=[figure(each, bare=True) for each in (own, england)],
    )


def _own(brief: Briefing, rows: pd.DataFrame) -> Row | None:
    """Return the authority's own row among those of all authorities."""
    own = records(rows[rows["area_code"].eq(brief.area.code)])
    return own[0] if own else None


def _ranked_caption(
    brief: Briefing, own: Row, rows: pd.DataFrame, neighbours: dict[str, str]
) -> Text:
    missing = records(rows[rows["estimate"].isna()])
    return say(
        "Every authority by its figure, with its {level} interval as a line."
        "{near}{without} {place}",
        level=setting(brief.confidence, "confidence"),
        near=" Darker dots are statistical neighbours." if neighbours else "",
        without=say(
            " {number} have no figure.",
            number=count_claim(missing, "authorities without a figure"),
        )
        if missing
        else "",
        place=_rank_sentence(brief, own),
    )


def _rank_sentence(brief: Briefing, row: Row) -> Text:
    """Say the rank of a figure, never without the ranks that chance allows."""
    claims = _rank_claims(brief, row)
    if claims is None:
        return Text(())
    return say(
        "{authority} is {rank} of {of}; chance allows any place from {low} to {high}.",
        authority=brief.authority,
        **claims,
    )


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


def rank_table(brief: Briefing, rows: pd.DataFrame) -> Block | None:
    """Set the rank of every measure that has an interval, with the ranks chance allows.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        The authority's latest figures.
    """
    cells: list[list[Cell]] = []
    for row in records(rows):
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


def funnel(brief: Briefing, rows: pd.DataFrame) -> Block | None:
    """Draw authorities by the size of their base, with limits of chance.

    The funnel is centred on England's published figure: the authorities
    whose small counts are suppressed are in it, and are not in a sum of the
    others.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        The latest figure of each authority for one measure, from
        :meth:`~kentstats.report.context.Briefing.all_authorities`.

    Returns
    -------
    Block or None
        None where too few authorities have an interval, or the authority's
        base is too small.
    """
    own = _own(brief, rows)
    if own is None or own["lower"] != own["lower"]:
        return None
    indicator = load_indicators()[own["indicator"]]
    england = brief.statistics.facts(brief.statistics.country)[own["indicator"], own["group"]]
    shown = rows[rows["lower"].notna()]
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
    chart = drawing.add_titles(
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
            xlabel=_base_label(indicator.denominator),
            tick_format=axis_format(indicator.unit),
            log=base.max() > 100 * max(base[base > 0].min(), 1),
            ax=drawing.new_axes(),
        ),
        title=title.plain,
        subtitle=f"{indicator.name}, {own['period']}, by the size of the group",
        source=source_line(brief, own),
        left=SCALE_LEFT,
    )
    caption = say(
        "The measure on which the authority differs most surely from England. Small groups scatter "
        "more: the inner and outer lines are where {low} and {high} of authorities would lie if "
        "chance alone made them differ.{more}",
        low=setting(0.95, "level of confidence"),
        high=setting(0.998, "level of confidence"),
        more=" They differ by more than that, so wider lines are drawn too, adjusted for the "
        "spread between authorities. A verdict against England asks whether the authority differs "
        "from England; the widest lines ask whether it differs by more than authorities usually do."
        if tau2 > 0
        else "",
    )
    alt = say(
        "Funnel plot of all authorities by size of group, {authority} marked. {title}.",
        authority=brief.authority,
        title=title,
    )
    claims = [figure(each, bare=True) for each in (own, england)]
    return figure_block(chart, caption=caption, alt=alt, label="funnel", claims=claims)


def _base_label(words: str) -> str:
    return f"Number of {words}" if words and len(words) < 60 else "Size of the group"


def _funnel_limits(
    base: NDArray[np.float64], kind: Kind, scale: float, centre: float, tau2: float
) -> pd.DataFrame:
    """Return the curves of a funnel, those adjusted for over-dispersion with them."""
    sizes = np.geomspace(max(base[base > 0].min() * 0.9, 1), base.max() * 1.05, 60)
    columns: dict[str, NDArray[np.float64] | float] = {"base": sizes, "centre": centre * scale}
    spreads = {"": 0.0, "adjusted_": tau2} if tau2 > 0 else {"": 0.0}
    for name, confidence in (("95", 0.95), ("998", 0.998)):
        for prefix, spread in spreads.items():
            ends = limits(
                centre * (scale if kind == "rate" else 1),
                sizes,
                kind=kind,
                per=scale,
                confidence=confidence,
                tau2=spread,
            )
            for end, values in zip(("lower", "upper"), ends, strict=True):
                columns[f"{prefix}{end}{name}"] = values * (scale if kind == "proportion" else 1)
    return pd.DataFrame(columns)


def _funnel_title(
    brief: Briefing, row: Row, kind: Kind, scale: float, centre: float, tau2: float
) -> Text:
    """Say where the authority lies; unusual only beyond the widest lines."""
    per = scale if kind == "rate" else 1.0
    where = str(
        outside(
            float(row["estimate"]) / (1.0 if kind == "rate" else scale),
            float(row["denominator"]),
            centre * per,
            kind=kind,
            per=scale,
            tau2=tau2,
        )
    )
    who = brief.authority if len(brief.authority.split()) < 5 else "The authority"
    if tau2 > 0 and where.endswith("99.8%"):
        return say("{who} is unusual, even allowing for the spread between authorities", who=who)
    if tau2 > 0:
        return say(
            "{who} is not unusual, once the spread between authorities is allowed for", who=who
        )
    if where.startswith(("above", "below")):
        side = where.split()[0]
        return say("{who} lies {side} the limits of chance", who=who, side=side)
    return say("{who} lies within the limits of chance", who=who)
