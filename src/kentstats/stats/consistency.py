"""The consistency of a report: what it says twice, and whether that agrees.

Each kind of check is one small function; the subjects come from the report's
``checks.yml``. Nothing is smoothed over: a disagreement is reported with its
arithmetic and places, and so is what cannot be told from what the report
gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kentstats.ingest.inspection_report import read_tensions
from kentstats.ingest.report_settings import (
    Checks,
    Complements,
    CountAgainstPercentage,
    Figure,
    FractionAgainstNumber,
    InTension,
    PartsAndTotal,
    PartWithinWhole,
    StatedTwice,
    WordAgainstNumbers,
    read_settings,
)
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

EVERYWHERE = "all paragraphs"
"""The place of what was looked for in the whole report."""
UNIT_FORMS = {"percent": "{}%", "per_1000": "{} per thousand", "per_10000": "{} per ten thousand"}
SIGNS = {"below": ("<", "≥"), "above": (">", "≤")}
"""How arithmetic shows that figures bear a word out, and that they do not."""
BOUNDS = {"over": "less than ", "under": "more than ", "about": "about "}
"""What is said of a quotient whose divisor is qualified in this way."""
FRACTION_TOLERANCE = 10
"""Points that “approximately half” and “just under a quarter” may be off: no width is stated."""
COMPLEMENT_TOLERANCE = 1
"""Points that rounding may take from, or add to, two shares that make a hundred."""


class Finding(NamedTuple):
    """One row of the table of checks, by the columns of :data:`CHECKS`."""

    check: str
    subject: str
    result: str
    arithmetic: str
    message: str
    locators: str
    fact_ids: str = ""


class NoFigureError(LookupError):
    """The report has not the figure that a check needs."""


@dataclass(frozen=True)
class _Facts:
    """The facts of one report, as the checks look them up."""

    rows: tuple[Row, ...]
    authority: str

    def every(self, *figures: Figure) -> list[Row]:
        """Find every fact of these figures, in the order of the report."""
        wanted = {
            (figure.indicator, figure.group, figure.area or self.authority) for figure in figures
        }
        found = [
            fact
            for fact in self.rows
            if (fact["indicator"], fact["group"], fact["area_name"]) in wanted
        ]
        return sorted(found, key=lambda fact: int(fact["locator"].removeprefix("paragraph ")))

    def first(self, figure: Figure) -> Row:
        """Find the first fact of a figure."""
        found = self.every(figure)
        if not found:
            raise NoFigureError(str(figure))
        return found[0]


def check_consistency(
    facts: pd.DataFrame, judgements: pd.DataFrame, actions: pd.DataFrame, source: Source
) -> pd.DataFrame:
    """Run every check on one report.

    Parameters
    ----------
    facts, judgements, actions : pandas.DataFrame
        Its tidy tables.
    source : Source
        The report itself, for its dates and the ``checks.yml`` in its folder.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`CHECKS`, one row a check, disagreements first,
        then what cannot be told. A check that lacks a figure is a row too,
        and says which.

    Raises
    ------
    DataError
        ``checks.yml`` or another file of the report is faulty.

    Examples
    --------
    >>> import kentstats
    >>> tables = [
    ...     kentstats.load_facts(authority="Kent", kind="report"),
    ...     kentstats.load_judgements(authority="Kent"),
    ...     kentstats.load_actions(authority="Kent"),
    ... ]
    >>> checks = check_consistency(*tables, kentstats.load_sources()[0])
    >>> checks.loc[checks["result"] == "disagrees", "subject"].tolist()[0]
    'Children feel safe (safeguarding)'
    """
    import pandas as pd

    # a figure that is withheld contradicts nothing
    given = _Facts(tuple(records(facts[facts["value"].notna()])), source.authority)
    checks = read_settings(source).checks
    findings = [
        *_grades(judgements),
        *(row for kind in KINDS for row in _run(*kind, checks, given)),
        *_tensions(source),
        *_dates(given.rows, actions, source),
    ]
    frame = pd.DataFrame(findings, columns=list(CHECKS))
    order = {DISAGREES: 0, CANNOT_TELL: 1, AGREES: 2}
    return frame.sort_values(
        "result", key=lambda results: results.map(order), kind="stable", ignore_index=True
    )


Result = tuple[str, str, str, list[Row]]
"""What a check returns: result, arithmetic, message, and the facts checked."""


def _run(
    kind: str, check: Callable[[Any, _Facts], Result], name: str, checks: Checks, facts: _Facts
) -> Iterator[Finding]:
    """Run one kind of check on each subject; a missing figure ends none but its own."""
    for subject in getattr(checks, name):
        try:
            result, arithmetic, message, checked = check(subject, facts)
        except NoFigureError as missing:
            result, arithmetic, checked = CANNOT_TELL, "", []
            message = f"This needs a figure that the report does not give: {missing}."
        locators = "; ".join(dict.fromkeys(str(fact["locator"]) for fact in checked))
        ids = " ".join(str(fact["fact_id"]) for fact in checked)
        place = locators or EVERYWHERE
        yield Finding(kind, subject.subject, result, arithmetic, message, place, ids)


def _verdict(agrees: bool, /) -> str:
    return AGREES if agrees else DISAGREES


def _qualified(fact: Row) -> str:
    """Show a figure with what the report says of its precision: “about 1,500”."""
    return PRECISION.get(fact["qualifier"], "") + _number(fact["value"])


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _sum(facts: Sequence[Row]) -> tuple[float, str]:
    """Add facts up, and show it: one stands alone."""
    total = sum(fact["value"] for fact in facts)
    shown = " + ".join(_qualified(fact) for fact in facts)
    return total, f"{shown} = {_number(total)}" if len(facts) > 1 else shown


def stated_twice(subject: StatedTwice, facts: _Facts) -> Result:
    """Compare a figure that several paragraphs give."""
    found = facts.every(*subject.figures)
    if len(found) < 2:
        raise NoFigureError(f"{', '.join(map(str, subject.figures))} a second time")
    values = [fact["value"] for fact in found]
    if len(set(values)) == 1:
        return AGREES, " = ".join(map(_number, values)), "The same figure each time.", found
    counted = "; ".join(dict.fromkeys(fact["description"] for fact in found))
    message = (
        f"The figures differ, and so does what they count ({counted}); the report does not say "
        "whether that accounts for it."
    )
    return DISAGREES, " ≠ ".join(map(_number, values)), message, found


def count_against_percentage(subject: CountAgainstPercentage, facts: _Facts) -> Result:
    """Work out the base that a percentage and its count imply."""
    share, count, whole = map(facts.first, (subject.percentage, subject.count, subject.whole))
    if math.isnan(share["rounding"]):
        raise NoFigureError(f"the rounding of {subject.percentage}")
    # the whole numbers of which the count is the percentage, as it is rounded
    least, most = share["value"] - share["rounding"], share["value"] + share["rounding"]
    low = math.ceil(100 * count["value"] / most) if most else 0
    high = math.floor(100 * count["value"] / least) if least > 0 else math.inf
    agrees = bool(low <= whole["value"] <= high)
    upwards = (
        f"{_number(low)} or more" if math.isinf(high) else f"{_number(low)} to {_number(high)}"
    )
    of_whole = 100 * count["value"] / whole["value"] if whole["value"] else 0
    arithmetic = (
        f"{_number(count['value'])} is {_number(share['value'])}% of {upwards}; of "
        f"{_number(whole['value'])} it is {_number(of_whole)}%"
    )
    message = subject.agrees if agrees else subject.disagrees
    return _verdict(agrees), arithmetic, message, [share, count, whole]


def fraction_against_number(subject: FractionAgainstNumber, facts: _Facts) -> Result:
    """Compare a fraction in words with the numbers that should make it."""
    share, part = facts.first(subject.fraction), facts.first(subject.part)
    wholes = [facts.first(whole) for whole in subject.whole]
    total, shown = _sum(wholes)
    if total == 0:
        raise NoFigureError("a whole above nought")
    bound = BOUNDS.get(wholes[0]["qualifier"], "")
    # the most that the part may be, where the whole is the least that it may be
    rounding = part["rounding"] if bound and part["rounding"] > 0 else 0
    percent = 100 * (part["value"] + rounding) / total
    low, high = share["value"] - FRACTION_TOLERANCE, share["value"] + FRACTION_TOLERANCE
    agrees = {
        "under": low <= percent < share["value"],
        "over": share["value"] < percent <= high,
    }.get(share["qualifier"], low <= percent <= high)
    ratio = (
        f"{_number(part['value'])} ÷ {shown} is {bound}{_number(percent)}%"
        if bound
        else f"{_number(part['value'])} of {shown} is {_number(percent)}%"
    )
    message = subject.agrees if agrees else subject.disagrees
    return _verdict(bool(agrees)), f"{ratio}; {_qualified(share)}%", message, [share, part, *wholes]


def parts_and_total(subject: PartsAndTotal, facts: _Facts) -> Result:
    """Add up parts that should make their total."""
    total = facts.first(subject.total)
    parts = [facts.first(part) for part in subject.parts]
    added, shown = _sum(parts)
    agrees = bool(added == total["value"])
    return (
        _verdict(agrees),
        f"{shown}; total {_number(total['value'])}",
        "The parts make up the total." if agrees else "The parts do not make up the total.",
        [*parts, total],
    )


def part_within_whole(subject: PartWithinWhole, facts: _Facts) -> Result:
    """Compare a part with the whole that it cannot exceed."""
    parts, whole = [facts.first(part) for part in subject.part], facts.first(subject.whole)
    added, shown = _sum(parts)
    agrees = bool(added <= whole["value"])
    return (
        _verdict(agrees),
        f"{shown} {'≤' if agrees else '>'} {_qualified(whole)}",
        subject.agrees if agrees else subject.disagrees,
        [*parts, whole],
    )


def complements(subject: Complements, facts: _Facts) -> Result:
    """Add up shares that should make the whole."""
    found = [facts.first(figure) for figure in subject.figures]
    added = sum(fact["value"] for fact in found)
    agrees = bool(abs(added - 100) <= COMPLEMENT_TOLERANCE)
    return (
        _verdict(agrees),
        f"{' + '.join(f'{_qualified(fact)}%' for fact in found)} = {_number(added)}%",
        f"The {'two' if len(found) == 2 else 'shares'} "
        f"{'make' if agrees else 'do not make'} up the whole.",
        found,
    )


def word_against_numbers(subject: WordAgainstNumbers, facts: _Facts) -> Result:
    """Compare a word such as “below” with its figures."""
    if subject.other:
        found = [facts.first(subject.figure), facts.first(subject.other)]
    else:
        dated = [fact for fact in facts.every(subject.figure) if not _missing(fact["period_end"])]
        dated.sort(key=lambda fact: fact["period_end"])
        if len(dated) < 2:
            raise NoFigureError(f"{subject.figure} in two periods with an end")
        found = [dated[0], dated[-1]]
    one, other = (fact["value"] for fact in found)
    agrees = bool(one < other if subject.word in {"below", "rise"} else one > other)
    form = UNIT_FORMS.get(found[0]["unit"], "{}")
    if subject.other:
        sign = SIGNS[subject.word][0 if agrees else 1]
        arithmetic = f"{form.format(_number(one))} {sign} {form.format(_number(other))}"
    else:
        arithmetic = f"{one:.1f} to {form.format(f'{other:.1f}')}"
    message = "The figures bear the word out." if agrees else "The figures contradict the word."
    return _verdict(agrees), arithmetic, message, found


def in_tension(subject: InTension, facts: _Facts) -> Result:
    """Set side by side what may or may not be a contradiction."""
    first, second = facts.first(subject.first), facts.first(subject.second)
    settled = second["qualifier"] == "exact" and second["value"] == subject.settled_by
    return (
        AGREES if settled else CANNOT_TELL,
        subject.arithmetic.format(first=_qualified(first), second=_qualified(second)),
        "Nothing stands against the first statement." if settled else subject.message,
        [first, second],
    )


def _missing(value: object) -> bool:
    return value is None or value != value


def _grades(judgements: pd.DataFrame) -> Iterator[Finding]:
    """Compare a grade in the heading, in the record and in the words of the paragraph."""
    columns = ["service", "position", "judgement"]
    for (service, _, judgement), rows in judgements.groupby(columns, sort=True):
        words = ", ".join(
            f"{row['stated_in']} {GRADES[row['grade']].lower()} ({row['grade']})"
            for _, row in rows.iterrows()
        )
        kind = "grade stated twice"
        if len(rows) == 1:
            kind, result = "grade stated once", CANNOT_TELL
            message = "The grade is stated once, so nothing bears it out."
        elif rows["grade"].nunique() == 1:
            result, message = AGREES, "Every place gives the same grade."
        else:
            result = DISAGREES
            message = "The places give different grades; which one was meant is not known."
        subject = f"{judgement} ({service})"
        yield Finding(kind, subject, result, words, message, "; ".join(rows["locator"]))


def _tensions(source: Source) -> Iterator[Finding]:
    """List the statements of ``tensions.csv``."""
    message = "Both may hold; the report does not say how they fit together."
    for row in read_tensions(source):
        yield Finding(
            "statements in tension",
            row["subject"],
            CANNOT_TELL,
            row["description"],
            message,
            row["locators"],
        )


def _dates(facts: Sequence[Row], actions: pd.DataFrame, source: Source) -> Iterator[Finding]:
    """Check that days follow each other and no figure is of the future."""
    kind = "dates in order"
    published = source.published
    days = (source.inspected_from, source.inspected_to, published)
    agrees = list(days) == sorted(days)
    yield Finding(
        kind,
        "Inspection and publication",
        _verdict(agrees),
        f"inspected {days[0]} to {days[1]}, published {published}",
        "The days follow each other." if agrees else "The days do not follow each other.",
        "title page",
    )
    subject = "Periods of the figures"
    dated = [fact for fact in facts if not _missing(fact["period_end"])]
    if dated:
        latest = max(fact["period_end"] for fact in dated)
        limit = max(published, source.inspected_to)
        late = [fact for fact in dated if fact["period_end"].date() > limit]
        yield Finding(
            kind,
            subject,
            _verdict(not late),
            f"latest {latest.date()}, published {published}",
            "Some figures are of a day after publication."
            if late
            else "No figure is of a day after publication.",
            "; ".join(dict.fromkeys(str(fact["locator"]) for fact in late)) or EVERYWHERE,
            " ".join(str(fact["fact_id"]) for fact in late),
        )
    else:
        message = "No figure has a day on which its period ends."
        yield Finding(kind, subject, CANNOT_TELL, "", message, EVERYWHERE)
    if actions.empty:
        return
    due = actions["due"]
    early = due.dt.date < published
    agrees = not early.any()
    yield Finding(
        kind,
        "Actions fall due on or after publication",
        _verdict(agrees),
        f"published {published}, due {due.min():%Y-%m-%d} to {due.max():%Y-%m-%d}",
        "Every action has its day." if agrees else "An action is due before publication.",
        "; ".join(dict.fromkeys(actions["locator"][early | agrees])),
    )


KINDS: tuple[tuple[str, Callable[[Any, _Facts], Result], str], ...] = (
    ("figure stated twice", stated_twice, "figures_stated_twice"),
    ("count against percentage", count_against_percentage, "counts_against_percentages"),
    ("fraction against number", fraction_against_number, "fractions_against_numbers"),
    ("parts and total", parts_and_total, "parts_and_totals"),
    ("part within whole", part_within_whole, "parts_within_wholes"),
    ("complements", complements, "complements"),
    ("words against numbers", word_against_numbers, "words_against_numbers"),
    ("statements in tension", in_tension, "statements_in_tension"),
)
"""Kinds of check in the order of the table: name, function, key of ``checks.yml``."""
