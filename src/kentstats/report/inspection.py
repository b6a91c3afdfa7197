"""What the report says: its judgements, its areas for improvement, and what does not agree.

A section takes the rows that it prints, so that an analyst can filter or sort
them in the cell above. It shows nothing where there are none.
"""

from __future__ import annotations

import datetime as dt
from itertools import groupby
from typing import TYPE_CHECKING

from kentstats.charts import bars, drawing
from kentstats.report.blocks import Block, bullets, figure_block, table
from kentstats.report.claims import Claim, claim
from kentstats.report.context import Briefing, count_claim, needs_report, plural
from kentstats.report.sentences import Text, say
from kentstats.schemas import GRADES, Row, records

if TYPE_CHECKING:
    import pandas as pd

COUNTED = "day of publication plus the time allowed"
OVERALL = ("Overall effectiveness", "Capacity for improvement")
"""Judgements that the first page names."""


@needs_report
def summary(brief: Briefing) -> Block:
    """Say what was inspected, when, and what was judged overall."""
    texts = [
        say(
            "{publisher} inspected safeguarding and looked after children services in {authority} "
            "from {start} to {end} and published its report on {published}.",
            publisher=brief.report.publisher,
            authority=brief.authority,
            start=brief.date("inspected_from"),
            end=brief.date("inspected_to"),
            published=brief.date("published"),
        )
    ]
    for name in OVERALL:
        overall = _overall(brief.judgements, name)
        if overall.parts:
            texts.append(say(" {judgement}: {overall}.", judgement=name, overall=overall))
    text = Text(tuple(part for text in texts for part in text.parts))
    # the table of judgements names the places, which would fill a paragraph here
    return Block(text.markdown, text.claims)


@needs_report
def judgement_strip(brief: Briefing, judgements: pd.DataFrame) -> Block | None:
    """Draw the judgements of the services side by side."""
    import pandas as pd

    stated = _stated(judgements)
    if not stated:
        return None
    rows, claims = [], []
    for service, judgement, places in stated:
        for made in _grade_claims(places):
            grade = next(number for number, word in GRADES.items() if word == made.value)
            rows.append((judgement, service.capitalize(), grade, made.shown))
            claims.append(made)
    data = pd.DataFrame(rows, columns=["judgement", "service", "grade", "label"])
    overall = _overall(judgements, OVERALL[0])
    published = brief.date("published")
    title = say("Overall effectiveness: {overall}", overall=overall)
    drawn = drawing.add_titles(
        bars.judgement_strip(data, ax=drawing.new_axes()),
        title=title.plain if overall.parts else "Judgements of the inspection",
        subtitle=say(
            "Inspection judgements, {authority}, {day}",
            authority=brief.authority,
            day=published,
        ).plain,
        source=brief.source_line,
        left=2.15,
        head=0.25,
    )
    services = _distinct([row for _, _, places in stated for row in places], "service")
    alt = say(
        plural(
            services,
            "Judgements of {services} service as coloured cells, the grade in words.",
            "Judgements of {services} services as coloured cells, the grade in words.",
        ),
        services=services,
    )
    if overall.parts:
        alt = say("{alt} Overall: {overall}.", alt=alt, overall=overall)
    caption = say(
        "Each cell gives the grade in words; a gap means that the service has no such judgement. "
        "A cell in two halves holds two grades that the report gives for one judgement."
    )
    return figure_block(
        drawn, caption=caption, alt=alt, label="judgements", claims=[*claims, published]
    )


@needs_report
def judgement_table(brief: Briefing, judgements: pd.DataFrame) -> Block | None:  # noqa: ARG001
    """Set the judgements as a table, with every place that states them."""
    rows = [
        (judgement, service.capitalize(), _joined(_grade_claims(places), "and"), _places(places))
        for service, judgement, places in _stated(judgements)
    ]
    if not rows:
        return None
    return table(
        ["Judgement", "Service", "Grade", "Where it is stated"],
        rows,
        caption=say("Judgements of both services, with the places that state each"),
        label="judgements",
        widths=[26, 22, 17, 35],
    )


@needs_report
def action_timeline(brief: Briefing, actions: pd.DataFrame) -> Block | None:
    """Draw how many actions fall due when."""
    import pandas as pd

    if actions.empty:
        return None
    counted = _counted(actions)
    data = pd.DataFrame(
        [
            (service, dt.date.fromisoformat(str(day.value)), day.shown, made.value, made.shown)
            for service, day, made in counted
        ],
        columns=["service", "due", "day", "count", "label"],
    )
    rows = _action_rows(actions)
    total = count_claim(rows, "actions")
    last = max(row["due"] for row in rows)
    day = _due([row for row in rows if row["due"] == last])
    title = plural(
        total,
        "{total} area for improvement, due by {day}",
        "{total} areas for improvement, the last due by {day}",
    )
    drawn = drawing.add_titles(
        bars.action_timeline(data, ax=drawing.new_axes()),
        title=say(title, total=total, day=day).plain,
        subtitle=say(
            "Number of actions by service and the day they fall due, {authority}",
            authority=brief.authority,
        ).plain,
        source=brief.source_line,
        left=1.75,
    )
    services, days = _distinct(rows, "service"), _distinct(rows, "due")
    alt = say(
        "Timeline of {total} {actions} of {services} {of} on {days} {when}, the last {day}.",
        total=total,
        actions=plural(total, "action", "actions"),
        services=services,
        of=plural(services, "service", "services"),
        days=days,
        when=plural(days, "day", "days"),
        day=day,
    )
    caption = say(
        "Days are counted in months from publication; what is to be done immediately is placed "
        "on the day of publication."
    )
    claims = [made for _, *pair in counted for made in pair]
    return figure_block(drawn, caption=caption, alt=alt, label="actions", claims=claims)


@needs_report
def action_counts(brief: Briefing, actions: pd.DataFrame) -> Block | None:  # noqa: ARG001
    """Set how many actions of each service fall due on which day."""
    rows = _counted(actions)
    if not rows:
        return None
    return table(
        ["Service", "Due", "Actions"],
        rows,
        caption=say("Number of areas for improvement by service and day"),
        label="action-counts",
        widths=[40, 40, 20],
        right=["Actions"],
    )


@needs_report
def action_table(brief: Briefing, actions: pd.DataFrame) -> Block | None:  # noqa: ARG001
    """Set the actions as a table, in the order they fall due."""
    rows = [
        (_due([row]), row["service"].capitalize(), row["action"], row["section"], row["locator"])
        for row in sorted(
            _action_rows(actions),
            key=lambda row: (row["due"], row["service"] != "safeguarding", row["position"]),
        )
    ]
    if not rows:
        return None
    return table(
        ["Due", "Service", "What is to be done", "Answers", "Place"],
        rows,
        caption=say("Areas for improvement in our wording, in the order they fall due"),
        label="actions",
        widths=[16, 15, 38, 18, 13],
    )


@needs_report
def check_summary(brief: Briefing, checks: pd.DataFrame) -> Block:
    """Say how many checks were made and how they came out."""

    def count(result: str) -> Claim:
        rows = records(checks[checks["result"].eq(result)])
        parents = [parent for row in rows for parent in _evidence(brief, row)]
        return claim(
            len(rows),
            parents or [{"fact_id": f"{brief.report.id}.checks", "locator": "all paragraphs"}],
            unit="count",
            calculation=f"number of checks whose result is “{result}”",
        )

    agrees, disagrees = count("agrees"), count("disagrees")
    text = say(
        "The report was checked against itself: grades and figures that it states more than once, "
        "parts and totals, counts and percentages, words and numbers, dates. {agrees} {checks} "
        "{agree}, {disagrees} {disagree}, and {unknown} cannot be told from what the report gives.",
        agrees=agrees,
        checks=plural(agrees, "check", "checks"),
        agree=plural(agrees, "agrees", "agree"),
        disagrees=disagrees,
        disagree=plural(disagrees, "disagrees", "disagree"),
        unknown=count("cannot tell"),
    )
    return Block(text.markdown, text.claims)


@needs_report
def findings(brief: Briefing, checks: pd.DataFrame) -> Block:
    """List what checks found, with the arithmetic."""
    texts = []
    for row in records(checks):
        parts: list[str | Claim] = [row["subject"]]
        if row["arithmetic"]:
            kind, evidence = f"check: {row['check']}", _evidence(brief, row)
            parts += [": ", claim(row["arithmetic"], evidence, unit="label", calculation=kind)]
        texts.append(Text((*parts, f". {row['message']}")))
    return bullets(*texts) if texts else Block(say("There is none.").markdown)


def _evidence(brief: Briefing, row: Row) -> list[Row]:
    if row["fact_ids"]:
        return [brief.by_id(fact_id) for fact_id in row["fact_ids"].split()]
    return [
        {"fact_id": f"{brief.report.id}.{row['check'].replace(' ', '-')}", "locator": place}
        for place in row["locators"].split("; ")
    ]


def _stated(judgements: pd.DataFrame) -> list[tuple[str, str, list[Row]]]:
    """List judgements in their order: service, judgement, where each is stated."""
    stated: dict[tuple[int, str, str], list[Row]] = {}
    for row in records(judgements):
        name, service = (str(row[key]).replace(" ", "-") for key in ("judgement", "service"))
        fact_id = f"{row['source_id']}.{service}.{name.casefold()}.{row['stated_in']}"
        key = (row["position"], row["service"], row["judgement"])
        stated.setdefault(key, []).append({**row, "fact_id": fact_id})
    return [(service, judgement, rows) for (_, service, judgement), rows in sorted(stated.items())]


def _grade_claims(stated: list[Row], *, running: bool = False) -> list[Claim]:
    """Make one claim for each different grade stated; lower case in running text."""
    return [
        claim(
            GRADES[grade],
            [row for row in stated if row["grade"] == grade],
            unit="label",
            shown=GRADES[grade].lower() if running else "",
        )
        for grade in dict.fromkeys(row["grade"] for row in stated)
    ]


def _joined(claims: list[Claim], word: str) -> Text:
    parts: list[str | Claim] = []
    for made in claims:
        parts += [f" {word} ", made] if parts else [made]
    return Text(tuple(parts))


def _overall(judgements: pd.DataFrame, name: str) -> Text:
    """Say the grade of one judgement for each service."""
    parts: list[str | Claim] = []
    for service, judgement, stated in _stated(judgements):
        if judgement == name:
            grades = _joined(_grade_claims(stated, running=True), "or")
            parts += [*([", "] if parts else []), *grades.parts, f" for {service}"]
    return Text(tuple(parts))


def _places(stated: list[Row]) -> str:
    *first, last = (str(row["stated_in"]) for row in stated)
    kinds = f"{', '.join(first)} and {last}" if first else last
    paragraphs = [row["locator"] for row in stated if row["stated_in"] != "record"]
    # heading and text are above and in one paragraph
    return f"{kinds} ({paragraphs[-1].removeprefix('heading above ')})" if paragraphs else kinds


def _action_rows(actions: pd.DataFrame) -> list[Row]:
    """List the actions, each with an id by which claims refer to it."""
    rows: list[Row] = []
    for row in records(actions):
        service, band = (row[key].replace(" ", "-") for key in ("service", "band"))
        fact_id = f"{row['source_id']}.actions.{service}.{band}.{row['position']}"
        rows.append({**row, "fact_id": fact_id})
    return rows


def _due(actions: list[Row]) -> Claim:
    return claim(actions[0]["due"].date(), actions, unit="date", calculation=COUNTED)


def _counted(actions: pd.DataFrame) -> list[tuple[str, Claim, Claim]]:
    """List service, day, and how many of its actions fall due then."""
    counted = []
    for (service, _), group in groupby(
        _action_rows(actions), key=lambda row: (row["service"], row["due"])
    ):
        rows = list(group)
        counted.append((service.capitalize(), _due(rows), count_claim(rows, "actions")))
    return counted


def _distinct(rows: list[Row], column: str) -> Claim:
    number = len({row[column] for row in rows})
    return claim(number, rows, unit="count", calculation=f"number of different values: {column}")
