"""What was judged, what is to be done by when, and what does not agree."""

from __future__ import annotations

import datetime as dt
from itertools import groupby

from kentstats.charts import drawing, judgements
from kentstats.report.blocks import Block, bullets, figure, table
from kentstats.report.claims import Claim, claim
from kentstats.report.context import Edition, action_rows, count_claim, judgement_rows, of_report
from kentstats.report.sentences import Text, say
from kentstats.schemas import GRADES, Row, records


def grade_claims(stated: list[Row], *, running: bool = False) -> list[Claim]:
    """Make one claim for each different grade stated; lower case in running text."""
    grades = dict.fromkeys(row["grade"] for row in stated)
    return [
        claim(
            GRADES[grade],
            [row for row in stated if row["grade"] == grade],
            unit="label",
            shown=GRADES[grade].lower() if running else "",
        )
        for grade in grades
    ]


def joined(claims: list[Claim], word: str = "and") -> Text:
    """Join claims into one text."""
    parts: list[str | Claim] = []
    for made in claims:
        parts += [f" {word} ", made] if parts else [made]
    return Text(tuple(parts))


@of_report
def judgement_strip(edition: Edition) -> Block:
    """Draw the judgements of both services side by side."""
    import pandas as pd

    rows, claims = [], []
    for service, judgement, stated in judgement_rows(edition):
        for made in grade_claims(stated):
            grade = next(number for number, word in GRADES.items() if word == made.value)
            rows.append((judgement, service.capitalize(), grade, made.shown))
            claims.append(made)
    data = pd.DataFrame(rows, columns=["judgement", "service", "grade", "label"])
    overall = _named(edition, "Overall effectiveness")
    published = edition.date("published")
    axes = judgements.judgement_strip(data, ax=drawing.new_axes())
    drawn = drawing.add_titles(
        axes,
        title=say("Overall effectiveness: {overall}", overall=overall).plain,
        subtitle=say(
            "Inspection judgements, {authority}, {day}",
            authority=edition.authority,
            day=published,
        ).plain,
        source=edition.credit,
        left=2.15,
        head=0.25,
    )
    alt = say(
        "Judgements of {services} services as coloured cells, the grade in words. Overall: "
        "{overall}.",
        services=_distinct(
            [row for _, _, stated in judgement_rows(edition) for row in stated], "service"
        ),
        overall=overall,
    )
    caption = say(
        "Each cell gives the grade in words; a gap means that the service has no such judgement. "
        "A cell in two halves holds two grades that the report gives for one judgement."
    )
    return figure(drawn, caption=caption, alt=alt, label="judgements", claims=[*claims, published])


@of_report
def judgement_table(edition: Edition) -> Block:
    """Set the judgements as a table, with every place that states them."""
    rows = [
        (judgement, service.capitalize(), joined(grade_claims(stated)), _places(stated))
        for service, judgement, stated in judgement_rows(edition)
    ]
    return table(
        ["Judgement", "Service", "Grade", "Where it is stated"],
        rows,
        caption=say("Judgements of both services, with the places that state each"),
        label="judgements",
        widths=[26, 22, 17, 35],
    )


def _places(stated: list[Row]) -> str:
    *first, last = (str(row["stated_in"]) for row in stated)
    kinds = f"{', '.join(first)} and {last}" if first else last
    paragraphs = [row["locator"] for row in stated if row["stated_in"] != "record"]
    # heading and text are above and in one paragraph
    return f"{kinds} ({paragraphs[-1].removeprefix('heading above ')})" if paragraphs else kinds


@of_report
def action_timeline(edition: Edition) -> Block:
    """Draw how many actions fall due when."""
    import pandas as pd

    actions = action_rows(edition)
    counted = _counted(edition)
    rows = [
        (service, dt.date.fromisoformat(str(day.value)), day.shown, made.value, made.shown)
        for service, day, made in counted
    ]
    claims = [made for _, *pair in counted for made in pair]
    data = pd.DataFrame(rows, columns=["service", "due", "day", "count", "label"])
    total = count_claim(actions, "actions")
    last = max(row["due"] for row in actions)
    day = claim(
        last.date(),
        [row for row in actions if row["due"] == last],
        unit="date",
        calculation=COUNTED,
    )
    drawn = drawing.add_titles(
        judgements.action_timeline(data, ax=drawing.new_axes()),
        title=say(
            "{total} areas for improvement, the last due by {day}", total=total, day=day
        ).plain,
        subtitle=say(
            "Number of actions by service and the day they fall due, {authority}",
            authority=edition.authority,
        ).plain,
        source=edition.credit,
        left=1.75,
    )
    alt = say(
        "Timeline of {total} actions of {services} services on {days} days, the last {day}.",
        total=total,
        services=_distinct(actions, "service"),
        days=_distinct(actions, "due"),
        day=day,
    )
    caption = say(
        "Days are counted in months from publication; what is to be done immediately is placed "
        "on the day of publication."
    )
    return figure(drawn, caption=caption, alt=alt, label="actions", claims=claims)


def _distinct(rows: list[Row], column: str) -> Claim:
    number = len({row[column] for row in rows})
    return claim(number, rows, unit="count", calculation=f"number of different values: {column}")


@of_report
def action_counts(edition: Edition) -> Block:
    """Set how many actions of each service fall due on which day."""
    return table(
        ["Service", "Due", "Actions"],
        _counted(edition),
        caption=say("Number of areas for improvement by service and day"),
        label="action-counts",
        widths=[40, 40, 20],
        right=["Actions"],
    )


def _counted(edition: Edition) -> list[tuple[str, Claim, Claim]]:
    """List service, day, and how many of its actions fall due then."""
    counted = []
    for (service, due), group in groupby(
        action_rows(edition), key=lambda row: (row["service"], row["due"])
    ):
        actions = list(group)
        day = claim(due.date(), actions, unit="date", calculation=COUNTED)
        counted.append((service.capitalize(), day, count_claim(actions, "actions")))
    return counted


COUNTED = "day of publication plus the time allowed"


@of_report
def action_table(edition: Edition) -> Block:
    """Set the actions as a table, in the order they fall due."""
    actions = sorted(
        action_rows(edition),
        key=lambda row: (row["due"], row["service"] != "safeguarding", row["position"]),
    )
    rows = [
        (
            claim(row["due"].date(), [row], unit="date", calculation=COUNTED),
            row["service"].capitalize(),
            row["action"],
            row["section"],
            row["locator"],
        )
        for row in actions
    ]
    return table(
        ["Due", "Service", "What is to be done", "Answers", "Place"],
        rows,
        caption=say("Areas for improvement in our wording, in the order they fall due"),
        label="actions",
        widths=[16, 15, 38, 18, 13],
    )


@of_report
def findings(edition: Edition, result: str) -> Block:
    """List what the audit found, with the arithmetic."""
    rows = records(edition.checks[edition.checks["result"].eq(result)])
    if not rows:
        return Block(say("There is none.").markdown)
    return bullets(*(_finding(edition, row) for row in rows))


def _finding(edition: Edition, row: Row) -> Text:
    if not row["arithmetic"]:
        return Text((f"{row['subject']}. {row['message']}",))
    made = claim(
        row["arithmetic"],
        _evidence(edition, row),
        unit="label",
        calculation=f"check: {row['check']}",
    )
    return Text((f"{row['subject']}: ", made, f". {row['message']}"))


def _evidence(edition: Edition, row: Row) -> list[Row]:
    if row["fact_ids"]:
        return [edition.by_id(fact_id) for fact_id in row["fact_ids"].split()]
    return [
        {"fact_id": f"{edition.report.id}.{row['check'].replace(' ', '-')}", "locator": place}
        for place in row["locators"].split("; ")
    ]


@of_report
def audit_summary(edition: Edition) -> Block:
    """Say how many checks were made and how they came out."""
    checks = edition.checks

    def count(result: str) -> Claim:
        rows = records(checks[checks["result"].eq(result)])
        parents = [parent for row in rows for parent in _evidence(edition, row)]
        return claim(
            len(rows),
            parents or [{"fact_id": f"{edition.report.id}.checks", "locator": "all paragraphs"}],
            unit="count",
            calculation=f"number of checks whose result is “{result}”",
        )

    text = say(
        "The report was checked against itself: grades and figures that it states more than once, "
        "parts and totals, counts and percentages, words and numbers, dates. {agrees} checks "
        "agree, {disagrees} disagree, and {unknown} cannot be told from what the report gives.",
        agrees=count("agrees"),
        disagrees=count("disagrees"),
        unknown=count("cannot tell"),
    )
    return Block(text.markdown, text.claims)


@of_report
def summary(edition: Edition) -> Block:
    """Say what was inspected, when, and what was judged overall."""
    inspected = say(
        "{publisher} inspected safeguarding and looked after children services in {authority} from "
        "{start} to {end} and published its report on {published}.",
        publisher=edition.report.publisher,
        authority=edition.authority,
        start=edition.date("inspected_from"),
        end=edition.date("inspected_to"),
        published=edition.date("published"),
    )
    judged = [
        say("{judgement}: {overall}.", judgement=name, overall=_named(edition, name))
        for name in ("Overall effectiveness", "Capacity for improvement")
    ]
    parts: list[str | Claim] = [*inspected.parts]
    for text in judged:
        parts += [" ", *text.parts]
    text = Text(tuple(parts))
    # the table of judgements names the places, which would fill a paragraph here
    return Block(text.markdown, text.claims)


def _named(edition: Edition, name: str) -> Text:
    parts: list[str | Claim] = []
    for service, judgement, stated in judgement_rows(edition):
        if judgement == name:
            parts += [
                ", " if parts else "",
                *joined(grade_claims(stated, running=True), "or").parts,
                f" for {service}",
            ]
    return Text(tuple(part for part in parts if part))
