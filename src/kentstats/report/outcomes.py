"""Sections on the latest judgements of the authority, as Ofsted lists those of all."""

from __future__ import annotations

import pandas as pd

from kentstats.charts import bars, drawing
from kentstats.report.blocks import Block, figure_block, table
from kentstats.report.claims import Claim, claim
from kentstats.report.context import Briefing
from kentstats.report.sentences import Text, say
from kentstats.schemas import Row, records

GRADES = {1: "Outstanding", 2: "Good", 3: "Requires improvement", 4: "Inadequate"}
"""The grades of the framework of 2018; the third was called adequate before."""


def grade(row: Row, *, running: bool = False) -> Claim:
    """Make the claim of a grade; lower case in running text."""
    text = GRADES[row["grade"]]
    return claim(text, [row], unit="label", shown=text.lower() if running else "")


def summary(brief: Briefing, rows: pd.DataFrame) -> Block | None:
    """Say when the authority was last inspected, and what was judged overall.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        Its latest judgements.
    """
    if brief.profile is None or not brief.statistics.official.judgements:
        return None
    if rows.empty:
        text = say(
            "Ofsted’s list of the latest judgements does not have {authority}.",
            authority=brief.authority,
        )
        return Block(text.markdown)
    first = records(rows)[0]
    text = say(
        "Ofsted last inspected children’s services in {authority} from {day} on. Overall "
        "effectiveness: {overall}.",
        authority=brief.authority,
        day=claim(first["inspected"], [first], unit="date"),
        overall=grade(first, running=True),
    )
    return Block(text.markdown, text.claims)


def outcome_strip(brief: Briefing, rows: pd.DataFrame) -> Block | None:
    """Draw the latest judgements.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        Its latest judgements.
    """
    if rows.empty:
        return None
    judged = records(rows)
    claims = [grade(row) for row in judged]
    published = claim(judged[0]["published"], [judged[0]], unit="date")
    data = pd.DataFrame(
        {
            "judgement": [row["judgement"] for row in judged],
            "service": "Latest judgement",
            "grade": [row["grade"] for row in judged],
            "label": [made.shown for made in claims],
        }
    )
    title = say("Overall effectiveness: {overall}", overall=grade(judged[0], running=True))
    chart = drawing.add_titles(
        bars.judgement_strip(data, ax=drawing.new_axes()),
        title=title.plain,
        subtitle=say(
            "Latest inspection judgements, {authority}, published {day}",
            authority=brief.authority,
            day=published,
        ).plain,
        source="Source: Ofsted, Local authority inspection outcomes",
        left=2.15,
        head=0.25,
    )
    alt = say(
        "Latest judgements of Ofsted as coloured cells, the grade in words. {judged}.",
        judged=_judged(judged),
    )
    caption = say(
        "Judgements of Ofsted under its framework for children’s services. A judgement made before "
        "it existed is left out."
    )
    return figure_block(
        chart, caption=caption, alt=alt, label="outcomes", claims=[*claims, published]
    )


def _judged(rows: list[Row]) -> Text:
    """Name the judgements by their grade, that of the first of them first."""
    parts: list[str | Claim] = []
    for number in dict.fromkeys(row["grade"] for row in rows):
        graded = [row for row in rows if row["grade"] == number]
        names = ", ".join(str(row["judgement"]).lower() for row in graded)
        made = claim(GRADES[number], graded, unit="label")
        parts += [". " if parts else "", made, f": {names}"]
    return Text(tuple(part for part in parts if part))


def outcome_table(rows: pd.DataFrame) -> Block | None:
    """Set the latest judgements, with their place in the list.

    Parameters
    ----------
    rows : pandas.DataFrame
        The latest judgements of the authority.
    """
    if rows.empty:
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
            for row in records(rows)
        ],
        caption=say("Latest judgements of Ofsted, with their row in its list"),
        label="outcomes",
        widths=[28, 20, 18, 18, 30],
    )
