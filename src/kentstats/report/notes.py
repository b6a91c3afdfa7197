"""How to read a briefing, how its figures were made, and where each of them is from."""

from __future__ import annotations

import pandas as pd

from kentstats.indicators import load_indicators
from kentstats.ingest.datasets import ATTRIBUTION
from kentstats.report.blocks import Anchor, Block, Cell, paragraphs, stack, table
from kentstats.report.claims import Claim, escape, fact_claim
from kentstats.report.context import Briefing, date_claim
from kentstats.report.figures import figure_or_reason, heading, label
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import Row, records


def how_to_read(brief: Briefing) -> Block:
    """Explain confidence intervals in four sentences, and the qualifiers."""
    texts = [
        say(
            "A figure for a small group moves up and down by chance from year to year, even when "
            "nothing has changed. The interval around it shows how far: in the long run, {level} "
            "of intervals made in this way hold the figure that chance hides. Where the interval "
            "leaves a comparator out, the difference is more than chance is likely to make. Where "
            "it does not, the two cannot be told apart, which does not mean that they are equal.",
            level=setting(brief.confidence, "confidence"),
        )
    ]
    if brief.source:
        texts.append(
            say(
                "“More than”, “just under” and “about” stand where the report qualifies a figure, "
                "and “not stated” where it gives no period. The place of each figure stands beside "
                "it; a place that is a link leads to the list at the end."
            )
        )
    if brief.profile:
        texts.append(
            say(
                "“Withheld” stands where the publisher keeps a small number back to protect "
                "people, or finds it unreliable. The last table gives the line of each official "
                "figure in its source."
            )
        )
    return paragraphs(*texts, cited=False)


METHOD_OF_STATISTICS = (
    "Official statistics were read from the publishers’ own files, line by line; the catalogue of "
    "indicators says which column holds what. A percentage is worked out from its two numbers "
    "where they are published, since the printed one is rounded.",
    "Intervals are Wilson score intervals for percentages; for rates Byar’s approximation, or "
    "exact limits below ten events. The authority’s interval is set against the comparator’s "
    "figure as if that were certain, all of its rounding left out. An interval shows how far "
    "chance reaches and nothing else: not how a figure was counted, nor who is in it. Where no "
    "base is published there is no interval and no verdict, and none where the base is below ten.",
    "Most of these measures differ between authorities by more than chance. The funnel says so and "
    "widens its limits for it, by the spread of all authorities after the extreme tenth at each "
    "end is drawn in. Figures of unlike periods or definitions are not compared.",
)
METHOD_WITHOUT_STATISTICS = (
    "Figures of unlike periods or definitions are not compared. With many comparisons some differ "
    "by chance alone.",
)
READING_OF_REPORT = (
    "Every figure, grade and area for improvement of the report was entered by hand as a row of a "
    "table with its paragraph; descriptions are ours. The tables are tested against the text of "
    "the report."
)
SHARES_OF_REPORT = (
    "Shares are worked out at full precision and rounded half up when they are printed. For a "
    "percentage of the report, which has no base, the smallest group is given for which the score "
    "test would find the difference beyond chance, taking the comparator as fixed and both "
    "roundings at their worst."
)


def method(brief: Briefing) -> Block:
    """Say how the figures were read, compared and rounded."""
    words = METHOD_OF_STATISTICS if brief.profile else METHOD_WITHOUT_STATISTICS
    if brief.source:
        words = (READING_OF_REPORT, *words, SHARES_OF_REPORT)
    return paragraphs(*map(say, words))


def sources(brief: Briefing) -> Block | None:
    """Name the sources, their licences, and the files beside the briefing."""
    blocks: list[Block] = []
    files = ["the executed notebook (`briefing.ipynb`)", "every figure as CSV (`facts.csv`)"]
    if brief.source:
        text = say(
            "{publisher}: {title}. Published {day}.",
            publisher=brief.source.publisher,
            title=brief.source.title,
            day=date_claim(brief.source, "published"),
        )
        licence = escape(brief.source.licence.strip())
        blocks.append(Block(f"{text.markdown} {licence}", text.claims))
        files.append("the tables of the report (`judgements.csv`, `actions.csv`, `statements.csv`)")
    if brief.profile:
        lines = []
        for source in brief.profile.sources():
            # what is in brackets is how the places of figures name the source
            words = f"{source.publisher}: {source.title} ({source.id}). {source.note}".rstrip()
            lines.append(f"- {escape(words)}{f' <{source.url}>' if source.url else ''}\n")
        blocks += [Block("".join(lines)), Block(escape(ATTRIBUTION))]
    beside = (
        f"Beside this briefing lie {', '.join(files)}, `claims.json`, which lists each printed "
        "number with the facts and the calculation behind it, and what the briefing was made from."
    )
    return stack(*blocks, Block(beside))


def every_figure(brief: Briefing, facts: pd.DataFrame) -> Block | None:
    """Set figures of the report in the order of its paragraphs."""
    if facts.empty:
        return None
    # the catalogue lists indicators in the order in which reports speak of them
    order = {name: place for place, name in enumerate(load_indicators())}
    facts = facts.assign(
        paragraph=facts["locator"].str.extract(r"(\d+)", expand=False).astype(int),
        order=facts["indicator"].map(order),
    )
    facts = facts.sort_values(["paragraph", "order"], kind="stable")
    facts = facts.assign(is_first=~facts["locator"].duplicated())
    rows: list[list[Cell]] = []
    for fact in records(facts):
        locator, what = str(fact["locator"]), str(fact["description"])
        number = locator.removeprefix("paragraph ")
        cell = Anchor(locator.replace(" ", "-"), number) if fact["is_first"] else number
        if fact["area_name"] != brief.authority:
            what = f"{what} ({fact['area_name']})"
        rows.append([cell, what, fact_claim(fact), fact["period"]])
    return table(
        ["Paragraph", "What", "Figure", "When"],
        rows,
        caption=say("Every figure of the report, in the order of its paragraphs"),
        label="figures",
        widths=[12, 50, 20, 18],
    )


def measures(brief: Briefing, national: pd.DataFrame) -> Block | None:  # noqa: ARG001
    """Say of every measure what is counted, of whom, and what to beware of."""
    cells: list[list[Cell]] = []
    for name in dict.fromkeys(national["indicator"]):
        indicator = load_indicators()[name]
        counted = indicator.numerator or indicator.name
        if indicator.denominator:
            counted += f", of {indicator.denominator}"
        good = {"high": "high is good", "low": "low is good"}.get(indicator.polarity, "neither")
        words = (indicator.short, counted[0].upper() + counted[1:], good, indicator.caveats or "–")
        cells.append([named(each) for each in words])
    if not cells:
        return None
    return table(
        ["Measure", "What is counted", "Polarity", "Beware"],
        cells,
        caption=say("What each measure counts, of whom, and what to beware of"),
        label="measures",
        widths=[20, 34, 12, 34],
    )


def official_figures(brief: Briefing, figures: pd.DataFrame) -> Block | None:
    """Set figures of official statistics, each with its line in the source."""
    if figures.empty:
        return None
    codes = (brief.area.region, brief.statistics.country)
    others = [brief.statistics.facts(code) for code in codes]
    cells: list[list[Cell]] = []
    for fact in records(figures):
        name = label(load_indicators()[fact["indicator"]], str(fact["group"]))
        if fact["area_type"] == "combined":
            name += f" ({fact['area_name']})"
        beside = [other.get((fact["indicator"], fact["group"])) for other in others]
        cells.append([named(name), str(fact["period"]), *map(_with_locator, [fact, *beside])])
    return table(
        ["Measure", "Period", heading(brief), "Region", "England"],
        cells,
        caption=say(
            "Every official figure of the latest period, with its line in the source; those of "
            "earlier years are in facts.csv"
        ),
        label="official",
        widths=[26, 10, 24, 20, 20],
    )


def _with_locator(fact: Row | None) -> Cell:
    if fact is None:
        return "–"
    shown = figure_or_reason(fact)
    text = Text((shown,)) if isinstance(shown, Claim) else say(str(shown))
    return Text((*text.parts, f", {fact['locator']}"))
