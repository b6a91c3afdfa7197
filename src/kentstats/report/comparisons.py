"""The authority beside England, its region, authorities of its type and its neighbours.

Every section takes the briefing and the rows that it prints: a table from
:meth:`~kentstats.report.context.Briefing.comparisons_with`, one row a measure
and comparator, which may be filtered or sorted first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from kentstats.charts import drawing
from kentstats.charts import spine as spine_chart
from kentstats.indicators import load_indicators
from kentstats.periods import month_year
from kentstats.report.blocks import Block, Cell, paragraphs, table
from kentstats.report.claims import Claim, claim
from kentstats.report.context import Briefing, count_claim
from kentstats.report.figures import (
    DIFFERENT,
    chart,
    comparator_claim,
    comparator_name,
    figure,
    figure_or_reason,
    has_figure,
    heading,
    label,
    limit,
    numbers,
    period,
    verdict_words,
)
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import SCALE, Row, records
from kentstats.stats.profile import neighbour_source
from kentstats.stats.ranks import positions
from kentstats.stats.verdicts import holm, poisson_p, score_p

SOURCE = "Source: Department for Education; each measure’s source is in the last table"
MAX_MEASURES = 20
"""Rows of the table of neighbours."""
HEADINGS = {"region": "Region", "type": "Same type", "neighbours": "Neighbours"}


def spine(brief: Briefing, england: pd.DataFrame) -> Block | None:
    """Draw measures about England's figure, better to the right."""
    drawn, claims = [], list[Claim]()
    for row in records(england[england["verdict"].ne("not compared")]):
        indicator = load_indicators()[row["indicator"]]
        centre = brief.statistics.facts(brief.statistics.country)[row["indicator"], row["group"]]
        distribution = brief.statistics.distribution(row["indicator"], row["group"])
        if distribution is None:
            continue
        least, low, high, most = distribution
        polarity = indicator.polarity
        worst, best = (most, least) if polarity == "low" else (least, most)
        position, at_worst, one, other, at_best = positions(
            [row["estimate"], worst, low, high, best],
            float(centre["estimate"]),
            polarity=polarity,
            best=best,
            worst=worst,
        ).tolist()
        own, theirs = figure(row, bare=True), figure(centre, bare=True)
        claims += [own, theirs]
        drawn.append(
            {
                "theme": indicator.theme.capitalize(),
                "measure": label(indicator, row["group"]),
                "position": position,
                "worst": at_worst,
                "low": min(one, other),
                "high": max(one, other),
                "best": at_best,
                "verdict": row["verdict"],
                "label": own.shown,
                "benchmark_label": theirs.shown,
            }
        )
    if not drawn:
        return None
    tested = _tested(england)
    counts = {
        verdict: count_claim(chosen, f"measures {verdict}")
        for verdict in ("better", "worse")
        if (chosen := [row for row in tested if row["verdict"] == verdict])
    }
    title = say(
        "{authority} against England: {better} better, {worse} worse",
        authority=brief.authority,
        better=counts.get("better", "none"),
        worse=counts.get("worse", "none"),
    )
    return chart(
        spine_chart.spine(
            pd.DataFrame(drawn),
            ours=heading(brief),
            ends=("worse or lower", "better or higher"),
            ax=drawing.new_axes(),
        ),
        title=title,
        subtitle=(
            f"{brief.authority} among all authorities, measures that can be tested, latest period"
        ),
        source=SOURCE,
        left=spine_chart.SPINE_LEFT,
        caption=say(
            "The line in the middle is England. The light bar reaches from the worst authority to "
            "the best, the dark bar holds the middle half. Where neither high nor low is good, "
            "high is to the right. Measures without a base cannot be tested and are in the table "
            "below."
        ),
        alt=say(
            "Spine chart of measures against England, {number} in number. {title}.",
            number=count_claim(tested, "measures tested"),
            title=title,
        ),
        label="spine",
        claims=[*claims, *counts.values()],
    )


def _tested(rows: pd.DataFrame) -> list[Row]:
    """Return the comparisons that have a verdict, sorted by fact."""
    return records(rows[rows["verdict"] != "not compared"].sort_values("fact_id"))


def england_table(brief: Briefing, england: pd.DataFrame) -> Block | None:
    """Set measures beside England's, with confidence interval and verdict."""
    if england.empty:
        return None
    facts = brief.statistics.facts(brief.statistics.country)
    cells: list[list[Cell]] = []
    for row in records(england):
        tested = row["lower"] == row["lower"] and has_figure(row)
        cells.append(
            [
                named(label(load_indicators()[row["indicator"]], row["group"])),
                figure_or_reason(row),
                figure_or_reason(facts.get((row["indicator"], row["group"]))),
                verdict_words(row) if has_figure(row) else "–",
                say("{low} to {high}", low=limit(row, "lower"), high=limit(row, "upper"))
                if tested
                else "–",
                numbers(row) if tested else "–",
                period(row),
            ]
        )
    made = table(
        ["Measure", heading(brief), "England", "Verdict", "Interval", "Numbers", "Period"],
        cells,
        caption=say(
            "Every measure against England, with {level} confidence intervals",
            level=setting(brief.confidence, "confidence"),
        ),
        label="england",
        widths=[25, 10, 10, 17, 18, 15, 10],
    )
    return made + _how_to_read_verdicts(brief, _tested(england))


def _how_to_read_verdicts(brief: Briefing, tested: Sequence[Row]) -> Block:
    """Say how to read verdicts, and how many chance alone would make."""
    text = say(
        "A verdict is given where the interval leaves England’s figure out, all of its rounding "
        "with it; the percentage behind it is the surest level at which it holds. “Similar” means "
        "that the two cannot be told apart, not that they are equal. “Not tested” stands where the "
        "source gives no base, so that no interval can be drawn, or one below ten. England’s "
        "figure has the authority in it."
    )
    if tested:
        text = say(
            "{text} Of the {number} tested, about {chance} would seem different by chance alone; "
            "allowing for that many tests, {still} still differ.",
            text=text,
            number=count_claim(tested, "measures tested"),
            chance=chance_claim(brief, tested),
            still=_holm_claim(brief, tested),
        )
    return paragraphs(text, cited=False)


def chance_claim(brief: Briefing, tested: Sequence[Row]) -> Claim:
    """Make the claim of how many of some comparisons chance alone would call different."""
    calculation = f"{len(tested)} × (1 − {brief.confidence:g})"
    expected = len(tested) * (1 - brief.confidence)
    return claim(expected, tested, unit="count", decimals=1, calculation=calculation)


def _holm_claim(brief: Briefing, tested: Sequence[Row]) -> Claim:
    """Count the differences that remain when all tests are taken as one family."""
    p_values = []
    for row in tested:
        share = float(row["benchmark"]) / SCALE[row["unit"]]
        count, base = float(row["numerator"]), float(row["denominator"])
        if load_indicators()[row["indicator"]].model == "proportion":
            p_values.append(float(score_p(count, base, min(max(share, 0.0), 1.0))))
        else:
            p_values.append(float(poisson_p(count, base * share)))
    still = int((holm(p_values) < 1 - brief.confidence).sum())
    calculation = f"p values of {len(tested)} tests adjusted after Holm"
    return claim(still, tested, unit="count", calculation=calculation)


def others_table(brief: Briefing, others: pd.DataFrame) -> Block | None:
    """Set measures beside the region, authorities of the same type and the neighbours."""
    compared: dict[tuple[str, str], dict[str, Row]] = {}
    for row in records(others):
        if has_figure(row) and row["unit"] != "count":
            compared.setdefault((row["indicator"], row["group"]), {})[row["comparator"]] = row
    if not compared:
        return None
    near = bool(brief.statistics.neighbours())
    names = {
        name: comparator_name(brief, name) for name in HEADINGS if near or name != "neighbours"
    }
    cells: list[list[Cell]] = [
        [
            named(label(load_indicators()[indicator], group)),
            figure_or_reason(next(iter(found.values()))),
            *(_comparator_cell(brief, found.get(name)) for name in names),
        ]
        for (indicator, group), found in compared.items()
    ]
    sensitive = [row for found in compared.values() for row in found.values() if row["sensitive"]]
    listed = "{region}, {type} and {neighbours}" if near else "{region} and {type}"
    made = table(
        ["Measure", heading(brief), *(HEADINGS[name] for name in names)],
        cells,
        caption=say(f"Every measure against {listed}", **names),
        label="others",
        widths=[28, 12, *[20] * len(names)],
    )
    return made + _how_to_read_comparators(brief, sensitive)


def _comparator_cell(brief: Briefing, row: Row | None) -> Cell:
    if row is None or row["benchmark"] != row["benchmark"]:
        return "no figure"
    return say(
        "{theirs}: {word}{mark}",
        theirs=comparator_claim(brief, row, bare=True),
        word=verdict_words(row, "†"),
        mark="*" if row["sensitive"] else "",
    )


def _how_to_read_comparators(brief: Briefing, sensitive: Sequence[Row]) -> Block:
    text = say(
        "The region’s figure is the published one. That of {type} is pooled: the sum of their "
        "counts over the sum of their bases, {authority} left out; where no base is published "
        "it is the mean of their figures, each counting the same. “No figure” stands where "
        "fewer than nine in ten of them have one: small numbers are withheld, and those left "
        "would lie too high. A dagger marks what is not tested: there is no base, or one below "
        "ten.",
        type=comparator_name(brief, "type"),
        authority=brief.authority,
    )
    neighbours = brief.statistics.neighbours()
    if neighbours:
        summed_up: Text | str = (
            "No verdict depends on whether neighbours are pooled, or their mean or median is taken."
        )
        if sensitive:
            summed_up = say(
                "Where an asterisk stands ({number}), the verdict depends on how the "
                "neighbours are summed up: pooled, their mean and their median do not agree.",
                number=count_claim(sensitive, "verdicts that depend on the summary"),
            )
        text = say(
            "{text} {listed} {summed_up}",
            text=text,
            listed=_neighbours_listed(brief, neighbours),
            summed_up=summed_up,
        )
    return paragraphs(text, cited=False)


def _neighbours_listed(brief: Briefing, neighbours: dict[str, str]) -> Text:
    """Name the statistical neighbours and the list that they are taken from."""
    listed = brief.statistics.places.neighbour_list
    source = brief.statistics.official.source(neighbour_source(listed))
    parent = {"fact_id": source.id, "locator": f"{source.file}, row of {brief.authority}"}
    month = month_year(dt.date(int(listed[:4]), int(listed[5:]), 1))
    return say(
        "The statistical neighbours are those of the department’s list of {listed}, the "
        "closest first: {names}. Their figure is pooled in the same way.",
        listed=claim(listed, [parent], unit="label", shown=month),
        names=named("; ".join(name for name in neighbours.values() if name)),
    )


def neighbour_table(brief: Briefing, england: pd.DataFrame) -> Block | None:
    """Draw the authority and its neighbours, each against England, as a table."""
    neighbours = brief.profile.neighbours() if brief.profile else {}
    own = [row for row in records(england) if row["verdict"] != "not compared"][:MAX_MEASURES]
    if not neighbours or not own:
        return None
    cells, claims = [], list[Claim]()
    for row in own:
        series = row["indicator"], row["group"]
        ours = (brief.area.code, row, row["verdict"])
        for code, fact, verdict in [ours, *brief.statistics.neighbour_figures(*series)]:
            made = figure(fact, bare=True) if fact and has_figure(fact) else None
            claims += [made] if made else []
            cells.append(
                {
                    "measure": label(load_indicators()[row["indicator"]], row["group"]),
                    "area": brief.authority if fact is row else neighbours[code] or code,
                    "label": made.shown if made else "–",
                    "word": verdict,
                }
            )
    differ = [row for row in own if row["verdict"] in DIFFERENT]
    title = say(
        "{authority} beside its neighbours: {number} of {all} differ from England",
        authority=brief.authority if len(brief.authority.split()) < 3 else "The authority",
        number=count_claim(differ, "measures that differ from England") if differ else "none",
        all=count_claim(own, "measures shown"),
    )
    return chart(
        spine_chart.heat_table(pd.DataFrame(cells), ax=drawing.new_axes()),
        title=title,
        subtitle="Each authority against England; measures that can be tested",
        source=SOURCE,
        left=spine_chart.TABLE_LEFT,
        caption=say(
            "{authority} first, then its statistical neighbours, the closest first. The word in "
            "each cell is the verdict against England.",
            authority=brief.authority,
        ),
        alt=say(
            "Table of {authority} and its statistical neighbours by measure, with the verdict "
            "against England in words. {title}.",
            authority=brief.authority,
            title=title,
        ),
        label="neighbours",
        claims=claims,
    )
