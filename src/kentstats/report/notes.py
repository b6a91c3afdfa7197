"""How to read a briefing, what its words mean, where each figure is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kentstats.indicators import load_indicators
from kentstats.ingest.datasets import ATTRIBUTION
from kentstats.report.blocks import Anchor, Block, Cell, table
from kentstats.report.claims import Claim, escape, fact_claim
from kentstats.report.context import Briefing
from kentstats.report.figures import figure_or_reason, heading, in_catalogue_order, label
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import QUALIFIERS, Row, records

if TYPE_CHECKING:
    import pandas as pd

GLOSSARY = (
    ("Agency worker", "A social worker hired through an agency, often for a short time."),
    ("Base", "The number of children, cases or posts that a percentage is of."),
    (
        "Care leaver",
        "A young person who was looked after and now makes their own way, with help.",
    ),
    ("Child protection plan", "A plan to keep a child safe who is at risk of significant harm."),
    ("Comparator", "Another area, or a group of areas, that a figure is set against."),
    ("Confidence interval", "A range that shows how far chance may have moved a figure."),
    ("Core assessment", "A full look at a child’s needs, to be finished in a set time."),
    ("Funnel", "A picture that shows how far small groups may stray by chance."),
    ("Looked after", "In the care of the council."),
    ("Percentage point", "The difference of two percentages."),
    ("Pooled", "The numbers of several areas added up before the percentage is taken."),
    ("Referral", "A call on children’s social care to look at the needs of a child."),
    ("Statistical neighbours", "The authorities most like this one, as the department lists them."),
    (
        "Unaccompanied asylum-seeking child",
        "A child who has come to this country alone and asks for asylum.",
    ),
)


def official_figures(brief: Briefing, rows: pd.DataFrame) -> Block | None:
    """Set figures of official statistics, each with its line in the source.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        The authority's latest figures; those counted together with another
        authority are added.
    """
    if brief.profile is None:
        return None
    region, country = (
        brief.statistics.facts(code) for code in (brief.area.region, brief.statistics.country)
    )
    facts = {
        (fact["indicator"], fact["group"]): fact
        for area in brief.statistics.combined()
        for fact in brief.statistics.facts(area.code).values()
    }
    facts |= {(row["indicator"], row["group"]): row for row in records(rows)}
    cells: list[list[Cell]] = []
    for fact in in_catalogue_order(facts.values()):
        key = (fact["indicator"], fact["group"])
        name = label(load_indicators()[fact["indicator"]], str(fact["group"]))
        if fact["area_type"] == "combined":
            name += f" ({fact['area_name']})"
        others = (_with_locator(other.get(key)) for other in (region, country))
        cells.append([named(name), str(fact["period"]), _with_locator(fact), *others])
    if not cells:
        return None
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


def measures(brief: Briefing) -> Block | None:
    """Say of every measure what is counted, of whom, and what to beware of."""
    if brief.profile is None:
        return None
    england = in_catalogue_order(brief.statistics.facts(brief.statistics.country).values())
    cells: list[list[Cell]] = []
    for name in dict.fromkeys(fact["indicator"] for fact in england):
        indicator = load_indicators()[name]
        counted = indicator.numerator or indicator.name
        if indicator.denominator:
            counted += f", of {indicator.denominator}"
        good = {"high": "high is good", "low": "low is good"}.get(indicator.polarity, "neither")
        cells.append(
            [
                named(indicator.short),
                named(counted[0].upper() + counted[1:]),
                named(good),
                named(indicator.caveats or "–"),
            ]
        )
    if not cells:
        return None
    return table(
        ["Measure", "What is counted", "Polarity", "Beware"],
        cells,
        caption=say("What each measure counts, of whom, and what to beware of"),
        label="measures",
        widths=[20, 34, 12, 34],
    )


def how_to_read(brief: Briefing) -> Block:
    """Explain confidence intervals in four sentences, and the qualifiers."""
    level = setting(brief.confidence, "confidence")
    text = say(
        "A figure for a small group moves up and down by chance from year to year, even when "
        "nothing has changed. The interval around it shows how far: in the long run, {level} of "
        "intervals made in this way hold the figure that chance hides. Where the interval leaves "
        "a comparator out, the difference is more than chance is likely to make. Where it does "
        "not, the two cannot be told apart, which does not mean that they are equal.",
        level=level,
    )
    more = []
    if brief.source:
        more.append(
            say(
                "“More than”, “just under” and “about” stand where the report qualifies a figure, "
                "and “not stated” where it gives no period. The place of each figure stands beside "
                "it; a place that is a link leads to the list at the end."
            )
        )
    if brief.profile:
        more.append(
            say(
                "“Withheld” stands where the publisher keeps a small number back to protect "
                "people, or finds it unreliable. The last table gives the line of each official "
                "figure in its source."
            )
        )
    if len(QUALIFIERS) != 5:
        raise ValueError("a qualifier is not explained")
    return Block("\n\n".join(each.markdown for each in (text, *more)), text.claims)


def glossary() -> Block:
    """Explain the terms."""
    lines = [f"- **{escape(term)}.** {escape(meaning)}" for term, meaning in GLOSSARY]
    return Block("\n".join(lines) + "\n")


def method(brief: Briefing) -> Block:
    """Say how the figures were read, compared and rounded."""
    texts: list[Text] = []
    if brief.source:
        texts.append(
            say(
                "Every figure, grade and area for improvement of the report was entered by hand as "
                "a row of a table with its paragraph; descriptions are ours. The tables are tested "
                "against the text of the report."
            )
        )
    if brief.profile:
        texts += [
            say(
                "Official statistics were read from the publishers’ own files, line by line; the "
                "catalogue of indicators says which column holds what. A percentage is worked out "
                "from its two numbers where they are published, since the printed one is rounded."
            ),
            say(
                "Intervals are Wilson score intervals for percentages; for rates Byar’s "
                "approximation, or exact limits below ten events. The authority’s interval is set "
                "against the comparator’s figure as if that were certain, all of its rounding left "
                "out. An interval shows how far chance reaches and nothing else: not how a figure "
                "was counted, nor who is in it. Where no base is published there is no interval "
                "and no verdict, and none where the base is below ten."
            ),
            say(
                "Most of these measures differ between authorities by more than chance. The funnel "
                "says so and widens its limits for it, by the spread of all authorities after the "
                "extreme tenth at each end is drawn in. Figures of unlike periods or definitions "
                "are not compared."
            ),
        ]
    else:
        texts += [
            say(
                "Figures of unlike periods or definitions are not compared. With many comparisons "
                "some differ by chance alone."
            ),
        ]
    if brief.source:
        texts.append(
            say(
                "Shares are worked out at full precision and rounded half up when they are "
                "printed. For a percentage of the report, which has no base, the smallest group "
                "is given for which the score test would find the difference beyond chance, "
                "taking the comparator as fixed and both roundings at their worst."
            )
        )
    claims = tuple(claim for text in texts for claim in text.claims)
    return Block("\n\n".join(text.markdown for text in texts), claims)


def sources(brief: Briefing) -> Block:
    """Name the sources, their licences, and the files beside the briefing."""
    blocks: list[str] = []
    claims: tuple[Claim, ...] = ()
    if brief.source:
        source = brief.report
        text = say(
            "{publisher}: {title}. Published {day}.",
            publisher=source.publisher,
            title=source.title,
            day=brief.date("published"),
        )
        blocks.append(f"{text.markdown} {escape(source.licence.strip())}")
        claims = text.claims
    if brief.profile:
        blocks += _publications(brief)
    files = ["the executed notebook (`briefing.ipynb`)", "every figure as CSV (`facts.csv`)"]
    if brief.source:
        files.append("the tables of the report (`judgements.csv`, `actions.csv`, `statements.csv`)")
    blocks.append(
        f"Beside this briefing lie {', '.join(files)}, `claims.json`, which lists each printed "
        "number with the facts and the calculation behind it, and what the briefing was made from."
    )
    return Block("\n\n".join(blocks), claims)


def _publications(brief: Briefing) -> list[str]:
    lines = []
    for source in brief.statistics.sources():
        # what is in brackets is how the places of figures name the source
        words = f"{source.publisher}: {source.title} ({source.id})."
        if source.note:
            words += f" {source.note}"
        link = f" <{source.url}>" if source.url else ""
        lines.append(f"- {escape(words)}{link}")
    return ["\n".join(lines) + "\n", escape(ATTRIBUTION)]


def every_figure(brief: Briefing, facts: pd.DataFrame) -> Block | None:
    """Set figures of the report in the order of its paragraphs.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    facts : pandas.DataFrame
        Tidy facts of its report.

    Returns
    -------
    Block or None
        None without facts.
    """
    if facts.empty:
        return None
    # the catalogue lists indicators in the order in which reports speak of them
    order = {name: place for place, name in enumerate(load_indicators())}
    facts = facts.assign(
        paragraph=facts["locator"].str.extract(r"(\d+)", expand=False).astype(int),
        order=facts["indicator"].map(order),
    )
    rows: list[list[Cell]] = []
    seen: set[str] = set()
    for fact in records(facts.sort_values(["paragraph", "order"], kind="stable")):
        locator = str(fact["locator"])
        cell: Cell = locator.removeprefix("paragraph ")
        if locator not in seen:
            seen.add(locator)
            cell = Anchor(locator.replace(" ", "-"), str(cell))
        what = str(fact["description"])
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
