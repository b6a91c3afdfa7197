"""The authority in a funnel: how far chance, and the spread of authorities, reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kentstats.charts import authority_charts, charts, crowds
from kentstats.charts import trend as trend_charts
from kentstats.indicators import load_indicators
from kentstats.report.among import axis, lead
from kentstats.report.blocks import Block
from kentstats.report.blocks import figure as block_figure
from kentstats.report.context import Edition
from kentstats.report.official import credit, facts_of, figure
from kentstats.report.section import section
from kentstats.report.sentences import Text, say, setting
from kentstats.schemas import SCALE, Row
from kentstats.stats.funnel import limits, outside, overdispersion

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kentstats.stats.funnel import Kind

FEWEST = 5
"""Expected cases below which the limits of a funnel are no longer to be trusted."""


@section
def funnel(edition: Edition) -> Block | None:
    """Draw the measure that stands out by the size of its base, with limits of chance.

    The funnel is centred on England's published figure: the authorities
    whose small counts are withheld are in it, and are not in a sum of the
    others.
    """
    row = lead(edition)
    if row is None or row["lower"] != row["lower"]:
        return None
    indicator = load_indicators()[row["indicator"]]
    key = (row["indicator"], row["group"])
    fact = facts_of(edition)[key]
    england = facts_of(edition, edition.official.country)[key]
    everyone = edition.official.all_authorities(row["indicator"], str(row["group"]))
    shown = everyone[everyone["lower"].notna()]
    scale = SCALE[indicator.unit]
    centre = float(england["estimate"]) / scale
    expected = float(fact["denominator"]) * centre
    others = float(fact["denominator"]) - expected
    if len(shown) < 20 or not min(expected, others) >= FEWEST:
        return None
    count, base = (shown[name].to_numpy(dtype=np.float64) for name in ("numerator", "denominator"))
    kind: Kind = "proportion" if indicator.model == "proportion" else "rate"
    tau2 = overdispersion(count, base, kind=kind).tau2
    data, curves = _frames(edition, shown, kind, scale, centre, tau2)
    title = _title(edition, fact, kind, scale, centre, tau2)
    drawn = charts.headed(
        authority_charts.funnel(
            data,
            curves,
            ours=f"{edition.authority}: {figure(fact, bare=True).shown}",
            centre=f"England: {figure(england, bare=True).shown}",
            xlabel=_base_label(indicator.denominator),
            form=axis(indicator.unit),
            log=base.max() > 100 * max(base[base > 0].min(), 1),
        ),
        title=title.plain,
        subtitle=f"{indicator.name}, {fact['period']}, by the size of the group",
        source=credit(edition, fact),
        left=trend_charts.SCALE_LEFT,
    )
    caption = say(
        "The measure on which the authority differs most surely from England. Small groups scatter "
        "more: the inner and outer lines are where {low} and {high} of authorities would lie if "
        "chance alone made them differ.{many}{more}",
        low=setting(0.95, "level of confidence"),
        high=setting(0.998, "level of confidence"),
        many=" Dots stand for the authorities around them, the larger the more, but for the "
        "furthest beyond the outermost lines: there are too many to draw each."
        if len(shown) > crowds.MANY
        else "",
        more=" They differ by more than that, so wider lines are drawn too, adjusted for the "
        "spread between authorities. A verdict against England asks whether the authority differs "
        "from England; the widest lines ask whether it differs by more than authorities usually do."
        if tau2 > 0
        else "",
    )
    alt = say(
        "Funnel plot of all authorities by size of group, {authority} marked. {title}.",
        authority=edition.authority,
        title=title,
    )
    claims = [figure(each, bare=True) for each in (fact, england)]
    return block_figure(drawn, caption=caption, alt=alt, label="funnel", claims=claims)


def _base_label(words: str) -> str:
    return f"Number of {words}" if words and len(words) < 60 else "Size of the group"


def _frames(
    edition: Edition, shown: pd.DataFrame, kind: Kind, scale: float, centre: float, tau2: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the frame of the dots and that of the curves."""
    import pandas as pd

    base = shown["denominator"].to_numpy(dtype=np.float64)
    sizes = np.geomspace(max(base[base > 0].min() * 0.9, 1), base.max() * 1.05, 60)
    columns: dict[str, NDArray[np.float64] | float] = {"base": sizes, "centre": centre * scale}
    for name, confidence in (("95", 0.95), ("998", 0.998)):
        for prefix, spread in (("", 0.0), ("adjusted_", tau2)):
            if prefix and not tau2 > 0:
                continue
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
    data = pd.DataFrame(
        {
            "base": base,
            "value": shown["estimate"].to_numpy(),
            "ours": shown["area_code"].eq(edition.area.code).to_numpy(),
        }
    )
    return data, pd.DataFrame(columns)


def _title(
    edition: Edition, fact: Row, kind: Kind, scale: float, centre: float, tau2: float
) -> Text:
    """Say where the authority lies; unusual only beyond the widest lines."""
    per = scale if kind == "rate" else 1.0
    where = str(
        outside(
            float(fact["estimate"]) / (1.0 if kind == "rate" else scale),
            float(fact["denominator"]),
            centre * per,
            kind=kind,
            per=scale,
            tau2=tau2,
        )
    )
    who = edition.authority if len(edition.authority.split()) < 5 else "The authority"
    beyond = where.endswith("99.8%")
    if tau2 > 0 and beyond:
        return say("{who} is unusual, even allowing for the spread between authorities", who=who)
    if tau2 > 0:
        return say(
            "{who} is not unusual, once the spread between authorities is allowed for", who=who
        )
    if where.startswith(("above", "below")):
        side = where.split()[0]
        return say("{who} lies {side} the limits of chance", who=who, side=side)
    return say("{who} lies within the limits of chance", who=who)
