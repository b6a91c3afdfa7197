"""The audit of a source: what it says twice, and whether that agrees.

Each check is one small function that yields rows of one form. Nothing is
smoothed over: a disagreement is reported with its arithmetic and places,
and so is what cannot be told from what the source gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kentstats.ingest.inspection_report import read_tensions
from kentstats.schemas import GRADES, PRECISION, Row, records

if TYPE_CHECKING:
    import pandas as pd

    from kentstats.ingest.inspection_report import Source

AGREES, DISAGREES, CANNOT_TELL = "agrees", "disagrees", "cannot tell"

CHECKS = {
    "check": "kind of check",
    "subject": "what is checked",
    "result": f"{AGREES}, {DISAGREES} or {CANNOT_TELL}",
    "arithmetic": "the sum or comparison, with its numbers",
    "message": "what follows",
    "locators": "places in the source, separated by semicolons",
    "fact_ids": "the facts checked, separated by spaces; empty for grades",
}
"""Columns of the table of checks."""


@dataclass(frozen=True)
class Evidence:
    """What the checks look at: the tidy tables of one source."""

    facts: tuple[Row, ...]
    judgements: pd.DataFrame
    actions: pd.DataFrame
    source: Source

    def fact(self, indicator: str, group: str = "all", area: str = "") -> Row:
        """Find one fact of the authority, or of another area."""
        found = self.all(indicator, group=group, area=area)
        if not found:
            raise NoFigureError(f"{indicator}, {group}")
        return found[0]

    def all(self, *indicators: str, group: str = "all", area: str = "") -> list[Row]:
        """Find every fact of these indicators, in the order of the source."""
        name = area or self.source.authority
        found = [
            fact
            for fact in self.facts
            if fact["indicator"] in indicators
            and fact["group"] == group
            and fact["area_name"] == name
        ]
        return sorted(found, key=lambda fact: int(fact["locator"].removeprefix("paragraph ")))


class NoFigureError(LookupError):
    """The source has not the figure that a check needs."""


def audit(
    facts: pd.DataFrame, judgements: pd.DataFrame, actions: pd.DataFrame, source: Source
) -> pd.DataFrame:
    """Run every check on one source.

    Parameters
    ----------
    facts, judgements, actions : pandas.DataFrame
        Its tidy tables.
    source : Source
        The source itself, for its dates.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`CHECKS`, one row a check, disagreements first,
        then what cannot be told.

    Examples
    --------
    >>> import kentstats
    >>> tables = [
    ...     kentstats.load_facts(authority="Kent", kind="report"),
    ...     kentstats.load_judgements(authority="Kent"),
    ...     kentstats.load_actions(authority="Kent"),
    ... ]
    >>> checks = audit(*tables, kentstats.load_sources()[0])
    >>> checks.loc[checks["result"] == "disagrees", "subject"].tolist()[0]
    'Children feel safe (safeguarding)'
    """
    import pandas as pd

    # a figure that is withheld contradicts nothing
    given = records(facts[facts["value"].notna()])
    evidence = Evidence(tuple(given), judgements, actions, source)
    rows = [row for check in KINDS for row in _run(check, evidence)]
    frame = pd.DataFrame(rows, columns=list(CHECKS))
    order = {DISAGREES: 0, CANNOT_TELL: 1, AGREES: 2}
    return frame.sort_values(
        "result", key=lambda results: results.map(order), kind="stable", ignore_index=True
    )


Result = tuple[str, str, str, str, str, str, str]


def _row(
    check: str, subject: str, result: str, arithmetic: str, message: str, *facts: Row
) -> Result:
    locators = "; ".join(dict.fromkeys(str(fact["locator"]) for fact in facts))
    ids = " ".join(str(fact["fact_id"]) for fact in facts)
    return (check, subject, result, arithmetic, message, locators, ids)


def _run(check: Callable[[Evidence], Iterator[Result]], evidence: Evidence) -> Iterator[Result]:
    try:
        yield from check(evidence)
    except NoFigureError as missing:
        name = KINDS[check]
        message = "The source has not every figure that this check needs; the rest of it was left."
        yield (name, f"No figure: {missing}", CANNOT_TELL, "", message, "", "")


def _verdict(agrees: bool, /) -> str:
    return AGREES if agrees else DISAGREES


def _said(fact: Row) -> str:
    return PRECISION.get(fact["qualifier"], "") + _number(fact["value"])


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def grades_stated_twice(evidence: Evidence) -> Iterator[Result]:
    """Compare a grade in the heading, in the record and in the words of the paragraph."""
    columns = ["service", "position", "judgement"]
    for (service, _, judgement), rows in evidence.judgements.groupby(columns, sort=True):
        subject = f"{judgement} ({service})"
        words = ", ".join(
            f"{row['stated_in']} {GRADES[row['grade']].lower()} ({row['grade']})"
            for _, row in rows.iterrows()
        )
        locators = "; ".join(rows["locator"])
        if len(rows) == 1:
            yield (
                "grade stated once",
                subject,
                CANNOT_TELL,
                words,
                "The grade is stated once, so nothing bears it out.",
                locators,
                "",
            )
            continue
        result = _verdict(rows["grade"].nunique() == 1)
        message = (
            "Every place gives the same grade."
            if result == AGREES
            else "The places give different grades; which one was meant is not known."
        )
        yield ("grade stated twice", subject, result, words, message, locators, "")


def figures_stated_twice(evidence: Evidence) -> Iterator[Result]:
    """Compare a figure that several paragraphs give."""
    same = (
        ("Districts", ("district-councils", "service-districts", "district-boards")),
        ("Social worker vacancies", ("social-worker-vacancy",)),
        (
            "Apprenticeships inside the council",
            ("apprenticeship-posts", "youth-participation-staff"),
        ),
        ("Social workers recruited", ("social-workers-recruited", "social-work-posts-filled")),
    )
    for subject, indicators in same:
        facts = evidence.all(*indicators)
        if len(facts) < 2:
            continue
        values = [fact["value"] for fact in facts]
        agrees = len(set(values)) == 1
        message = "The same figure each time."
        if not agrees:
            counted = "; ".join(dict.fromkeys(fact["description"] for fact in facts))
            message = (
                f"The figures differ, and so does what they count ({counted}); the report does "
                "not say whether that accounts for it."
            )
        yield _row(
            "figure stated twice",
            subject,
            _verdict(agrees),
            (" = " if agrees else " ≠ ").join(_number(value) for value in values),
            message,
            *facts,
        )


def parts_and_totals(evidence: Evidence) -> Iterator[Result]:
    """Add up parts that should make their total."""
    sums = (
        ("Academies by phase", "academies", "all", ("secondary", "primary", "all-through")),
        ("Serious case reviews by evaluation", "serious-case-reviews", "all", ("good", "adequate")),
    )
    for subject, indicator, whole, parts in sums:
        total = evidence.fact(indicator, whole)
        facts = [evidence.fact(indicator, part) for part in parts]
        added = sum(fact["value"] for fact in facts)
        agrees = bool(added == total["value"])
        yield _row(
            "parts and total",
            subject,
            _verdict(agrees),
            f"{' + '.join(_number(fact['value']) for fact in facts)} = {_number(added)}; "
            f"total {_number(total['value'])}",
            "The parts make up the total." if agrees else "The parts do not make up the total.",
            *facts,
            total,
        )


def parts_within_wholes(evidence: Evidence) -> Iterator[Result]:
    """Compare parts with the whole that they cannot exceed."""
    pairs = (
        ("Asylum-seeking among looked after", ("looked-after", "uasc"), ("looked-after", "all")),
        (
            "Children's homes among looked after",
            ("placed-childrens-homes", "all"),
            ("looked-after", "all"),
        ),
        (
            "Independent agencies among looked after",
            ("placed-independent-fostering", "all"),
            ("looked-after", "all"),
        ),
        (
            "Asylum-seeking in children's homes",
            ("placed-childrens-homes", "uasc"),
            ("placed-childrens-homes", "all"),
        ),
        (
            "Asylum-seeking with independent agencies",
            ("placed-independent-fostering", "uasc"),
            ("placed-independent-fostering", "all"),
        ),
        ("Grammar among secondary schools", ("schools", "grammar"), ("schools", "secondary")),
        ("Academies with a sixth form", ("sixth-forms", "academies"), ("academies", "all")),
        (
            "Mainstream sixth forms among secondary schools",
            ("sixth-forms", "mainstream"),
            ("schools", "secondary"),
        ),
        (
            "Indian origin among minority ethnic",
            ("indian-origin-share", "all"),
            ("minority-ethnic-share", "all"),
        ),
        ("Five good GCSEs in the cohort", ("gcse-five-good", "all"), ("gcse-cohort", "all")),
        (
            "Overdue among allocated assessments",
            ("core-assessments-overdue", "one office"),
            ("core-assessments-allocated", "one office"),
        ),
    )
    for subject, part_key, whole_key in pairs:
        part, whole = evidence.fact(*part_key), evidence.fact(*whole_key)
        agrees = bool(part["value"] <= whole["value"])
        yield _row(
            "part within whole",
            subject,
            _verdict(agrees),
            f"{_number(part['value'])} {'≤' if agrees else '>'} {_number(whole['value'])}",
            "The part fits its whole." if agrees else "The part is more than its whole.",
            part,
            whole,
        )
    young, pupils = (
        evidence.all("children-aged-0-19"),
        evidence.all("children-in-education-under-16"),
    )
    if young and pupils:
        agrees = bool(pupils[0]["value"] <= young[0]["value"])
        yield _row(
            "part within whole",
            "Children in education among residents aged 0 to 19",
            _verdict(agrees),
            f"{_said(pupils[0])} {'≤' if agrees else '>'} {_number(young[0]['value'])}",
            "The part fits its whole." if agrees else "The part is more than its whole.",
            pupils[0],
            young[0],
        )
    homes, agencies = (
        evidence.fact(indicator, "uasc")
        for indicator in ("placed-childrens-homes", "placed-independent-fostering")
    )
    all_uasc = evidence.fact("looked-after", "uasc")
    added = homes["value"] + agencies["value"]
    agrees = bool(added <= all_uasc["value"])
    yield _row(
        "part within whole",
        "Placements of asylum-seeking children",
        _verdict(agrees),
        f"{_number(homes['value'])} + {_number(agencies['value'])} = {_number(added)} "
        f"{'≤' if agrees else '>'} {_number(all_uasc['value'])}",
        "The two kinds of placement fit the total; the report does not say where the others live."
        if agrees
        else "The two kinds of placement are more than the total.",
        homes,
        agencies,
        all_uasc,
    )


def count_against_percentage(evidence: Evidence) -> Iterator[Result]:
    """Work out the base that a percentage and its count imply."""
    share = evidence.fact("substance-misuse")
    count = evidence.fact("substance-misuse-identified")
    base = evidence.fact("looked-after")
    if math.isnan(share["rounding"]):
        raise NoFigureError("the rounding of the percentage")
    # the whole numbers of which the count is the percentage, as it is rounded
    low = math.ceil(100 * count["value"] / (share["value"] + share["rounding"]))
    high = math.floor(100 * count["value"] / (share["value"] - share["rounding"]))
    agrees = bool(low <= base["value"] <= high)
    of_base = 100 * count["value"] / base["value"]
    yield _row(
        "count against percentage",
        "Substance misuse: number and percentage",
        _verdict(agrees),
        f"{_number(count['value'])} is {_number(share['value'])}% of {_number(low)} to "
        f"{_number(high)}; of {_number(base['value'])} it is {_number(of_base)}%",
        "The two fit the number looked after."
        if agrees
        else "The number and the percentage cannot both be of all looked after children; "
        "the report does not say which children are meant.",
        share,
        count,
        base,
    )


def fraction_against_number(evidence: Evidence) -> Iterator[Result]:
    """Compare a fraction in words with its number."""
    share = evidence.fact("children-aged-0-19-share")
    young = evidence.fact("children-aged-0-19")
    people = evidence.fact("population")
    most = 100 * (young["value"] + young["rounding"]) / people["value"]
    # “just under” has no stated width; a tenth is taken, as for “approximately” below
    agrees = bool(share["value"] - 10 <= most < share["value"])
    yield _row(
        "fraction against number",
        "Residents aged 0 to 19: a quarter and a number",
        _verdict(agrees),
        f"{_number(young['value'])} ÷ {_said(people)} "
        f"is less than {_number(most)}%; {_said(share)}%",
        "The number bears the fraction out."
        if agrees
        else "The number does not bear the fraction out.",
        share,
        young,
        people,
    )
    half = evidence.fact("cases-of-concern-share")
    cases = evidence.fact("cases-of-concern")
    seen = [
        evidence.fact("case-files-examined", group)
        for group in ("structured review", "random selection")
    ]
    total = sum(fact["value"] for fact in seen)
    percent = 100 * cases["value"] / total
    # "approximately half" has no stated width; a tenth either way is taken
    agrees = bool(abs(percent - half["value"]) <= 10)
    yield _row(
        "fraction against number",
        "Cases of concern: half and a number",
        _verdict(agrees),
        f"{_number(cases['value'])} of {' + '.join(_number(fact['value']) for fact in seen)} "
        f"= {_number(total)} is {_number(percent)}%; {_said(half)}%",
        "The numbers bear the fraction out, if all the cases examined are meant."
        if agrees
        else "The numbers do not bear the fraction out.",
        half,
        cases,
        *seen,
    )


def complements(evidence: Evidence) -> Iterator[Result]:
    """Add up two shares that should make the whole."""
    inside, outside = evidence.fact("care-leavers-eet"), evidence.fact("care-leavers-neet")
    added = inside["value"] + outside["value"]
    agrees = bool(abs(added - 100) <= 1)
    yield _row(
        "complements",
        "Care leavers in and not in work or study",
        _verdict(agrees),
        f"{_number(inside['value'])}% + {_said(outside)}% = {_number(added)}%",
        "The two make up the whole." if agrees else "The two do not make up the whole.",
        inside,
        outside,
    )


def words_against_numbers(evidence: Evidence) -> Iterator[Result]:
    """Compare a word such as “below” with its figures."""
    pairs = (
        ("Health assessments below comparators", "health-assessments", "Comparator authorities"),
        ("Health assessments below England", "health-assessments", "England"),
    )
    for subject, indicator, area in pairs:
        our, other = evidence.fact(indicator), evidence.fact(indicator, area=area)
        agrees = bool(our["value"] < other["value"])
        yield _row(
            "words against numbers",
            subject,
            _verdict(agrees),
            f"{_number(our['value'])}% {'<' if agrees else '≥'} {_number(other['value'])}%",
            "The figures bear the word out." if agrees else "The figures contradict the word.",
            our,
            other,
        )
    rates = sorted(evidence.all("crime-victims"), key=lambda fact: fact["period_end"])
    if len(rates) < 2:
        raise NoFigureError("crime-victims")
    before, after = rates[0], rates[-1]
    agrees = bool(after["value"] < before["value"])
    yield _row(
        "words against numbers",
        "Fall in victims of crime",
        _verdict(agrees),
        f"{before['value']:.1f} to {after['value']:.1f} per thousand",
        "The figures bear the word out." if agrees else "The figures contradict the word.",
        before,
        after,
    )


def statements_in_tension(evidence: Evidence) -> Iterator[Result]:
    """Set side by side what may or may not be a contradiction."""
    pairs = (
        (
            "All have a GP, and a trust that cannot confirm it",
            evidence.fact("gp-registration"),
            evidence.fact("trusts-unable-to-confirm-gp"),
            "{}% of children; trusts whose records cannot bear it out: {}",
            "“All” stands on the word of the trusts.",
        ),
        (
            "No placement of concern, and most homes safeguarding well",
            evidence.fact("placed-with-safeguarding-concern"),
            evidence.fact("childrens-homes-safeguarding-well"),
            "{} children placed where there is concern, and {}% of homes doing well",
            "A majority leaves some homes that do not do well; whether that is a concern in the "
            "sense of the first statement, and who live there, is not said.",
        ),
        (
            "Asylum-seeking children among residents and in care",
            evidence.fact("asylum-seeking-children"),
            evidence.fact("looked-after", "uasc"),
            "{} children among residents, {} looked after",
            "The first number may count children with their families and another date; the "
            "report does not say.",
        ),
    )
    for subject, one, other, arithmetic, message in pairs:
        numbers = arithmetic.format(_said(one), _said(other))
        resolved = (one["indicator"], other["value"]) == ("gp-registration", 0) or (
            other["qualifier"] == "exact" and other["value"] == 100
        )
        yield _row(
            "statements in tension",
            subject,
            AGREES if resolved else CANNOT_TELL,
            numbers,
            "Nothing stands against the first statement." if resolved else message,
            one,
            other,
        )
    for row in read_tensions(evidence.source):
        message = "Both may hold; the report does not say how they fit together."
        yield (
            "statements in tension",
            row["subject"],
            CANNOT_TELL,
            row["description"],
            message,
            row["locators"],
            "",
        )


def dates_in_order(evidence: Evidence) -> Iterator[Result]:
    """Check that days follow each other and no figure is of the future."""
    import pandas as pd

    source = evidence.source
    days = (source.inspected_from, source.inspected_to, source.published)
    agrees = list(days) == sorted(days)
    start, end, published = (day.isoformat() for day in days)
    yield (
        "dates in order",
        "Inspection and publication",
        _verdict(agrees),
        f"inspected {start} to {end}, published {published}",
        "The days follow each other." if agrees else "The days do not follow each other.",
        "title page",
        "",
    )
    dated = [fact for fact in evidence.facts if not pd.isna(fact["period_end"])]
    if not dated:
        raise NoFigureError("period_end")
    last = max(source.published, source.inspected_to)
    late = [fact for fact in dated if fact["period_end"].date() > last]
    latest = max(fact["period_end"] for fact in dated)
    yield (
        "dates in order",
        "Periods of the figures",
        _verdict(not late),
        f"latest {latest.date().isoformat()}, published {source.published.isoformat()}",
        "Some figures are of a day after publication."
        if late
        else "No figure is of a day after publication.",
        "; ".join(dict.fromkeys(str(fact["locator"]) for fact in late)) or "all paragraphs",
        " ".join(str(fact["fact_id"]) for fact in late),
    )
    due = evidence.actions["due"]
    early = due.dt.date < source.published
    agrees = not early.any()
    yield (
        "dates in order",
        "Actions fall due on or after publication",
        _verdict(agrees),
        f"published {published}, due {due.min():%Y-%m-%d} to {due.max():%Y-%m-%d}",
        "Every action has its day." if agrees else "An action is due before publication.",
        "; ".join(dict.fromkeys(evidence.actions["locator"][early | agrees])),
        "",
    )


KINDS: dict[Callable[[Evidence], Iterator[Result]], str] = {
    grades_stated_twice: "grade stated twice",
    figures_stated_twice: "figure stated twice",
    count_against_percentage: "count against percentage",
    fraction_against_number: "fraction against number",
    parts_and_totals: "parts and total",
    parts_within_wholes: "part within whole",
    complements: "complements",
    words_against_numbers: "words against numbers",
    statements_in_tension: "statements in tension",
    dates_in_order: "dates in order",
}
"""Every check and its kind, in the order of the table."""
