"""How to read a briefing, what its words mean, where each figure is from."""

from __future__ import annotations

from kentstats.facts import QUALIFIERS, records
from kentstats.indicators import load_indicators
from kentstats.present.blocks import Anchor, Block, Cell, table
from kentstats.present.claims import escape, fact_claim
from kentstats.present.edition import Edition
from kentstats.present.words import say, setting

GLOSSARY = (
    ("Base", "The number of children, cases or posts that a percentage is of."),
    (
        "Care leaver",
        "A young person who was looked after and now makes their own way, with help.",
    ),
    ("Child protection plan", "A plan to keep a child safe who is at risk of significant harm."),
    ("Comparator", "Another area, or a group of areas, that a figure is set against."),
    ("Confidence interval", "A range that shows how far chance may have moved a figure."),
    ("Core assessment", "A full look at a child’s needs, to be finished in a set time."),
    ("Looked after", "In the care of the council."),
    ("Percentage point", "The difference of two percentages."),
    (
        "Unaccompanied asylum-seeking child",
        "A child who has come to this country alone and asks for asylum.",
    ),
)


def how_to_read(edition: Edition) -> Block:
    """Explain confidence intervals in four sentences, and the qualifiers."""
    level = setting(edition.confidence, "confidence")
    text = say(
        "A figure for a small group moves up and down by chance from year to year, even when "
        "nothing has changed. The interval around it shows how far: in the long run, {level} of "
        "intervals made in this way hold the figure that chance hides. Where the interval leaves "
        "a comparator out, the difference is more than chance is likely to make. Where it does "
        "not, the two cannot be told apart, which does not mean that they are equal.",
        level=level,
    )
    words = say(
        "“More than”, “just under” and “about” stand where the report qualifies a figure, and "
        "“not stated” where it gives no period. The place of each figure stands beside it; a place "
        "that is a link leads to the list at the end."
    )
    if len(QUALIFIERS) != 5:
        raise ValueError("a qualifier is not explained")
    return Block(f"{text.markdown}\n\n{words.markdown}", text.claims)


def glossary() -> Block:
    """Explain the terms."""
    lines = [f"- **{escape(term)}.** {escape(meaning)}" for term, meaning in GLOSSARY]
    return Block("\n".join(lines) + "\n")


def method() -> Block:
    """Say how the figures were read, compared and rounded."""
    texts = (
        say(
            "Every figure, grade and area for improvement of the report was entered by hand as a "
            "row of a table with its paragraph; descriptions are ours. The tables are tested "
            "against the text of the report."
        ),
        say(
            "Shares are worked out at full precision and rounded half up when they are printed. "
            "Intervals are Wilson score intervals. For a percentage without its base the smallest "
            "group is given for which the score test would find the difference beyond chance, "
            "taking the comparator as fixed and both roundings at their worst."
        ),
        say(
            "Figures of unlike periods or definitions are not compared. With many comparisons some "
            "differ by chance alone."
        ),
    )
    claims = tuple(claim for text in texts for claim in text.claims)
    return Block("\n\n".join(text.markdown for text in texts), claims)


def sources(edition: Edition) -> Block:
    """Name the source, its licence, and the files beside the briefing."""
    source = edition.source
    text = say(
        "{publisher}: {title}. Published {day}.",
        publisher=source.publisher,
        title=source.title,
        day=edition.date("published"),
    )
    files = (
        "Beside this briefing lie the executed notebook (`briefing.ipynb`), the tables as CSV "
        "(`facts.csv`, `judgements.csv`, `actions.csv`, `statements.csv`), and `claims.json`, "
        "which lists each printed number with the facts and the calculation behind it."
    )
    return Block(f"{text.markdown} {escape(source.licence.strip())}\n\n{files}", text.claims)


def every_figure(edition: Edition) -> Block:
    """Set every figure of the report, in the order of its paragraphs."""
    # the catalogue lists indicators in the order in which reports speak of them
    order = {name: place for place, name in enumerate(load_indicators())}
    facts = edition.facts.assign(
        paragraph=edition.facts["locator"].str.extract(r"(\d+)", expand=False).astype(int),
        order=edition.facts["indicator"].map(order),
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
        if fact["area_name"] != edition.authority:
            what = f"{what} ({fact['area_name']})"
        rows.append([cell, what, fact_claim(fact), fact["period"]])
    return table(
        ["Paragraph", "What", "Figure", "When"],
        rows,
        caption=say("Every figure of the report, in the order of its paragraphs"),
        label="figures",
        widths=[12, 50, 20, 18],
    )
