"""What inspectors judged and asked for, and where their report does not agree with itself.

Every section takes the briefing and the rows that it prints, which may be filtered or sorted
first. It is None where there is nothing to show.
"""

from __future__ import annotations

import datetime as dt
from itertools import groupby

import pandas as pd

from kentstats.charts import bars, drawing
from kentstats.ingest.inspection_report import Source
from kentstats.report.blocks import Block, bullets, paragraphs, table
from kentstats.report.claims import Claim, claim
from kentstats.report.context import Briefing, count_claim, date_claim
from kentstats.report.figures import chart, plural
from kentstats.report.sentences import Text, joined, say
from kentstats.schemas import GRADES, Row, records

COUNTED = "day of publication plus the time allowed"
OVERALL = ("Overall effectiveness", "Capacity for improvement")
"""Judgements that the first page names."""
LATEST_GRADES = {1: "Outstanding", 2: "Good", 3: "Requires improvement", 4: "Inadequate"}
"""The grades of the framework of 2018; the third was called adequate before."""


# the inspection of the report


def inspected(brief: Briefing) -> Text | None:
    """Say what the report's inspection was of, when it was, and what was judged overall."""
    if brief.source is None:
        return None
    text = say(
        "{publisher} inspected safeguarding and looked after children services in {authority} "
        "from {start} to {end} and published its report on {published}.",
        publisher=brief.source.publisher,
        authority=brief.authority,
        start=date_claim(brief.source, "inspected_from"),
        end=date_claim(brief.source, "inspected_to"),
        published=date_claim(brief.source, "published"),
    )
    for name in OVERALL:
        overall = _overall(brief.judgements, name)
        if overall.parts:
            text = say("{text} {name}: {overall}.", text=text, name=name, overall=overall)
    return text


def judgement_strip(brief: Briefing, judgements: pd.DataFrame) -> Block | None:
    """Draw the judgements of the services side by side."""
    stated = _stated(judgements)
    if not stated or brief.source is None:
        return None
    rows, claims = [], []
    for service, judgement, places in stated:
        for made in _grade_claims(places):
            grade = next(number for number, word in GRADES.items() if word == made.value)
            rows.append((judgement, service.capitalize(), grade, made.shown))
            claims.append(made)
    data = pd.DataFrame(rows, columns=["judgement", "service", "grade", "label"])
    overall = _overall(judgements, OVERALL[0])
    published = date_claim(brief.source, "published")
    services = _distinct([row for _, _, places in stated for row in places], "service")
    alt = say(
        plural(
            services,
            "Judgements of {services} service as coloured cells, the grade in words.",
            "Judgements of {services} services as coloured cells, the grade in words.",
        ),
        services=services,
    )
    title: Text | str = "Judgements of the inspection"
    if overall.parts:
        title = say("Overall effectiveness: {overall}", overall=overall)
        alt = say("{alt} Overall: {overall}.", alt=alt, overall=overall)
    return chart(
        bars.judgement_strip(data, ax=drawing.new_axes()),
        title=title,
        subtitle=say(
            "Inspection judgements, {authority}, {day}", authority=brief.authority, day=published
        ),
        source=brief.source_line,
        left=2.15,
        head=0.25,
        caption=say(
            "Each cell gives the grade in words; a gap means that the service has no such "
            "judgement. A cell in two halves holds two grades that the report gives for one "
            "judgement."
        ),
        alt=alt,
        label="judgements",
        claims=[*claims, published],
    )


def judgement_table(brief: Briefing, judgements: pd.DataFrame) -> Block | None:  # noqa: ARG001
    """Set the judgements as a table, with every place that states them."""
    rows = [
        (judgement, service.capitalize(), joined(_grade_claims(places), " and "), _places(places))
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


def _overall(judgements: pd.DataFrame, name: str) -> Text:
    """Say the grade of one judgement for each service."""
    graded = [
        say("{grades} for {service}", grades=joined(made, " or "), service=service)
        for service, judgement, stated in _stated(judgements)
        if judgement == name and (made := _grade_claims(stated, running=True))
    ]
    return joined(graded, ", ")


def _places(stated: list[Row]) -> str:
    *first, last = (str(row["stated_in"]) for row in stated)
    kinds = f"{', '.join(first)} and {last}" if first else last
    paragraphs = [row["locator"] for row in stated if row["stated_in"] != "record"]
    # heading and text are above and in one paragraph
    return f"{kinds} ({paragraphs[-1].removeprefix('heading above ')})" if paragraphs else kinds


# the latest judgements, as Ofsted lists those of all authorities


def last_inspected(brief: Briefing) -> Text | None:
    """Say when the authority was last inspected, and what was judged overall."""
    if brief.profile is None or not brief.profile.official.judgements:
        return None
    if brief.outcomes.empty:
        return say(
            "Ofsted’s list of the latest judgements does not have {authority}.",
            authority=brief.authority,
        )
    first = records(brief.outcomes)[0]
    return say(
        "Ofsted last inspected children’s services in {authority} from {day} on. Overall "
        "effectiveness: {overall}.",
        authority=brief.authority,
        day=claim(first["inspected"], [first], unit="date"),
        overall=_latest_grade([first], running=True),
    )


def outcome_strip(brief: Briefing, outcomes: pd.DataFrame) -> Block | None:
    """Draw the latest judgements of Ofsted."""
    if outcomes.empty:
        return None
    judged = records(outcomes)
    claims = [_latest_grade([row]) for row in judged]
    published = claim(judged[0]["published"], judged[:1], unit="date")
    data = outcomes[["judgement", "grade"]].assign(
        service="Latest judgement", label=[made.shown for made in claims]
    )
    texts = []
    for number in dict.fromkeys(row["grade"] for row in judged):
        graded = [row for row in judged if row["grade"] == number]
        names = ", ".join(str(row["judgement"]).lower() for row in graded)
        texts.append(say("{grade}: {names}", grade=_latest_grade(graded), names=names))
    return chart(
        bars.judgement_strip(data, ax=drawing.new_axes()),
        title=say(
            "Overall effectiveness: {overall}", overall=_latest_grade(judged[:1], running=True)
        ),
        subtitle=say(
            "Latest inspection judgements, {authority}, published {day}",
            authority=brief.authority,
            day=published,
        ),
        source="Source: Ofsted, Local authority inspection outcomes",
        left=2.15,
        head=0.25,
        caption=say(
            "Judgements of Ofsted under its framework for children’s services. A judgement made "
            "before it existed is left out."
        ),
        alt=say(
            "Latest judgements of Ofsted as coloured cells, the grade in words. {judged}.",
            judged=joined(texts, ". "),
        ),
        label="outcomes",
        claims=[*claims, published],
    )


def outcome_table(brief: Briefing, outcomes: pd.DataFrame) -> Block | None:  # noqa: ARG001
    """Set the latest judgements of Ofsted, with their place in its list."""
    if outcomes.empty:
        return None
    rows = [
        (
            row["judgement"],
            _latest_grade([row]),
            claim(row["inspected"], [row], unit="date"),
            claim(row["published"], [row], unit="date"),
            row["locator"],
        )
        for row in records(outcomes)
    ]
    return table(
        ["Judgement", "Grade", "Inspected from", "Published", "Place"],
        rows,
        caption=say("Latest judgements of Ofsted, with their row in its list"),
        label="outcomes",
        widths=[28, 20, 18, 18, 30],
    )


def _latest_grade(rows: list[Row], *, running: bool = False) -> Claim:
    text = LATEST_GRADES[rows[0]["grade"]]
    return claim(text, rows, unit="label", shown=text.lower() if running else "")


# areas for improvement


def action_timeline(brief: Briefing, actions: pd.DataFrame) -> Block | None:
    """Draw how many actions fall due when."""
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
    services, days = _distinct(rows, "service"), _distinct(rows, "due")
    return chart(
        bars.action_timeline(data, ax=drawing.new_axes()),
        title=say(title, total=total, day=day),
        subtitle=say(
            "Number of actions by service and the day they fall due, {authority}",
            authority=brief.authority,
        ),
        source=brief.source_line,
        left=1.75,
        caption=say(
            "Days are counted in months from publication; what is to be done immediately is placed "
            "on the day of publication."
        ),
        alt=say(
            "Timeline of {total} {actions} of {services} {of} on {days} {when}, the last {day}.",
            total=total,
            actions=plural(total, "action", "actions"),
            services=services,
            of=plural(services, "service", "services"),
            days=days,
            when=plural(days, "day", "days"),
            day=day,
        ),
        label="actions",
        claims=[made for _, *pair in counted for made in pair],
    )


def action_counts(brief: Briefing, actions: pd.DataFrame) -> Block | None:  # noqa: ARG001
    """Set how many actions of each service fall due on which day."""
    if actions.empty:
        return None
    return table(
        ["Service", "Due", "Actions"],
        _counted(actions),
        caption=say("Number of areas for improvement by service and day"),
        label="action-counts",
        widths=[40, 40, 20],
        right=["Actions"],
    )


def action_table(brief: Briefing, actions: pd.DataFrame) -> Block | None:  # noqa: ARG001
    """Set the actions as a table."""
    if actions.empty:
        return None
    return table(
        ["Due", "Service", "What is to be done", "Answers", "Place"],
        [
            (_due([row]), row["service"].capitalize(), *(row[name] for name in ACTION_COLUMNS))
            for row in _action_rows(actions)
        ],
        caption=say("Areas for improvement in our wording, in the order they fall due"),
        label="actions",
        widths=[16, 15, 38, 18, 13],
    )


ACTION_COLUMNS = ("action", "section", "locator")


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


# checks


def check_summary(brief: Briefing, checks: pd.DataFrame) -> Block | None:
    """Say how many checks were made and how they came out."""
    if brief.source is None:
        return None
    counts = {}
    for result in ("agrees", "disagrees", "cannot tell"):
        rows = records(checks[checks["result"].eq(result)])
        parents = [parent for row in rows for parent in _evidence(brief, brief.source, row)]
        counts[result] = claim(
            len(rows),
            parents or [{"fact_id": f"{brief.source.id}.checks", "locator": "all paragraphs"}],
            unit="count",
            calculation=f"number of checks whose result is “{result}”",
        )
    agrees, disagrees, unknown = counts.values()
    text = say(
        "The report was checked against itself: grades and figures that it states more than once, "
        "parts and totals, counts and percentages, words and numbers, dates. {agrees} {checks} "
        "{agree}, {disagrees} {disagree}, and {unknown} cannot be told from what the report gives.",
        agrees=agrees,
        checks=plural(agrees, "check", "checks"),
        agree=plural(agrees, "agrees", "agree"),
        disagrees=disagrees,
        disagree=plural(disagrees, "disagrees", "disagree"),
        unknown=unknown,
    )
    return paragraphs(text, cited=False)


def findings(brief: Briefing, checks: pd.DataFrame) -> Block | None:
    """List what checks found, with the arithmetic."""
    if brief.source is None:
        return None
    texts = []
    for row in records(checks):
        parts: list[str | Claim] = [row["subject"]]
        if row["arithmetic"]:
            kind, evidence = f"check: {row['check']}", _evidence(brief, brief.source, row)
            parts += [": ", claim(row["arithmetic"], evidence, unit="label", calculation=kind)]
        texts.append(Text((*parts, f". {row['message']}")))
    return bullets(*texts) if texts else paragraphs(say("There is none."))


def _evidence(brief: Briefing, source: Source, row: Row) -> list[Row]:
    if row["fact_ids"]:
        return [brief.fact(fact_id) for fact_id in row["fact_ids"].split()]
    return [
        {"fact_id": f"{source.id}.{row['check'].replace(' ', '-')}", "locator": place}
        for place in row["locators"].split("; ")
    ]
