"""The latest judgements of every authority, as Ofsted lists them."""

from __future__ import annotations

from kentstats.charts import drawing, judgements
from kentstats.report.blocks import Block, figure, table
from kentstats.report.claims import Claim, claim
from kentstats.report.context import Edition
from kentstats.report.section import section
from kentstats.report.sentences import Text, say
from kentstats.schemas import Row

GRADES = {1: "Outstanding", 2: "Good", 3: "Requires improvement", 4: "Inadequate"}
"""The grades of the framework of 2018; the third was called adequate before."""


def outcomes(edition: Edition) -> list[Row]:
    """Return the authority's judgements, each with an id by which claims refer to it."""
    if edition.standing is None:
        return []
    return [
        {
            **row,
            "fact_id": f"{edition.name}.{row['source_id']}.{row['position']}.{row['area_code']}",
        }
        for row in edition.official.judgements()
    ]


def grade(row: Row, *, running: bool = False) -> Claim:
    """Make the claim of a grade; lower case in running text."""
    text = GRADES[row["grade"]]
    return claim(text, [row], unit="label", shown=text.lower() if running else "")


@section
def summary(edition: Edition) -> Block | None:
    """Say when the authority was last inspected, and what was judged overall."""
    if edition.standing is None or not edition.official.judged:
        return None
    rows = outcomes(edition)
    if not rows:
        text = say(
            "Ofsted’s list of the latest judgements does not have {authority}.",
            authority=edition.authority,
        )
        return Block(text.markdown)
    first = rows[0]
    text = say(
        "Ofsted last inspected children’s services in {authority} from {day} on. Overall "
        "effectiveness: {overall}.",
        authority=edition.authority,
        day=claim(first["inspected"], [first], unit="date"),
        overall=grade(first, running=True),
    )
    return Block(text.markdown, text.claims)


@section
def strip(edition: Edition) -> Block | None:
    """Draw the latest judgements."""
    import pandas as pd

    rows = outcomes(edition)
    if not rows:
        return None
    claims = [grade(row) for row in rows]
    published = claim(rows[0]["published"], [rows[0]], unit="date")
    data = pd.DataFrame(
        {
            "judgement": [row["judgement"] for row in rows],
            "service": "Latest judgement",
            "grade": [row["grade"] for row in rows],
            "label": [made.shown for made in claims],
        }
    )
    title = say("Overall effectiveness: {overall}", overall=grade(rows[0], running=True))
    drawn = drawing.add_titles(
        judgements.judgement_strip(data, ax=drawing.new_axes()),
        title=title.plain,
        subtitle=say(
            "Latest inspection judgements, {authority}, published {day}",
            authority=edition.authority,
            day=published,
        ).plain,
        source="Source: Ofsted, Local authority inspection outcomes",
        left=2.15,
        head=0.25,
    )
    alt = say(
        "Latest judgements of Ofsted as coloured cells, the grade in words. {judged}.",
        judged=_judged(rows),
    )
    caption = say(
        "Judgements of Ofsted under its framework for children’s services. A judgement made before "
        "it existed is left out."
    )
    return figure(drawn, caption=caption, alt=alt, label="outcomes", claims=[*claims, published])


def _judged(rows: list[Row]) -> Text:
    """Name the judgements by their grade, that of the first of them first."""
    parts: list[str | Claim] = []
    for number in dict.fromkeys(row["grade"] for row in rows):
        graded = [row for row in rows if row["grade"] == number]
        names = ", ".join(str(row["judgement"]).lower() for row in graded)
        made = claim(GRADES[number], graded, unit="label")
        parts += [". " if parts else "", made, f": {names}"]
    return Text(tuple(part for part in parts if part))


@section
def judgement_table(edition: Edition) -> Block | None:
    """Set the latest judgements, with their place in the list."""
    rows = outcomes(edition)
    if not rows:
        return None
    return table(
        ["Judgement", "Grade", "Inspected from", "Published", "Place"],
        [
            (
                row["judgement"],
                grade(row),
                claim(row["inspected"], [row], unit="date"),
                claim(row["published"], [row], unit="date"),
                row["locator"],
            )
            for row in rows
        ],
        caption=say("Latest judgements of Ofsted, with their row in its list"),
        label="outcomes",
        widths=[28, 20, 18, 18, 30],
    )
