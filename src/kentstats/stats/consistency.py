"""The consistency of a report, and of an edition: what is said twice, and whether that agrees.

Each kind of check is one small function; the subjects in a report come from its
``checks.yml``. A disagreement is reported with its arithmetic and places, and so
is what cannot be told from what the source gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from kentstats.indicators import load_indicators
from kentstats.ingest import report_settings as settings
from kentstats.ingest.inspection_report import read_tensions
from kentstats.ingest.report_settings import Figure
from kentstats.schemas import GRADES, PRECISION, SCALE, Row, records

if TYPE_CHECKING:
    import pandas as pd

    from kentstats.ingest.inspection_report import Source

    Finding = tuple[str, ...]

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

UNIT_FORMS = {"percent": "{}%", "per_1000": "{} per thousand", "per_10000": "{} per ten thousand"}
FRACTION_TOLERANCE = 10
"""Points that “approximately half” and “just under a quarter” may be off: no width is stated."""
COMPLEMENT_TOLERANCE = 1
"""Points that rounding may take from, or add to, two shares that make a hundred."""


class Result(NamedTuple):
    """What the check of one subject finds, and the facts that it looked at."""

    result: str
    arithmetic: str
    message: str
    checked: Sequence[Row] = ()

    def finding(self, check: str, subject: str, elsewhere: str = "all paragraphs") -> Finding:
        """Make the row of the table; `elsewhere` is the place where no fact is checked."""
        locators = "; ".join(dict.fromkeys(fact["locator"] for fact in self.checked)) or elsewhere
        ids = " ".join(fact["fact_id"] for fact in self.checked)
        return check, subject, self.result, self.arithmetic, self.message, locators, ids


def _compare(
    agrees: bool,
    arithmetic: str,
    messages: tuple[str, str],
    checked: Sequence[Row] = (),
) -> Result:
    """Return what is found; the messages are that of agreement and that of the contrary."""
    if agrees:
        return Result(AGREES, arithmetic, messages[0], checked)
    return Result(DISAGREES, arithmetic, messages[1], checked)


class NoFigureError(LookupError):
    """The report has not the figure that a check needs."""


@dataclass(frozen=True)
class _Facts:
    """The facts of one report, as the checks look them up."""

    rows: Sequence[Row]
    authority: str

    def every(self, *figures: Figure) -> list[Row]:
        """Find every fact of these figures, in the order of the report."""
        wanted = {(each.indicator, each.group, each.area or self.authority) for each in figures}
        names = ("indicator", "group", "area_name")
        found = [fact for fact in self.rows if tuple(fact[name] for name in names) in wanted]
        return sorted(found, key=lambda fact: int(fact["locator"].removeprefix("paragraph ")))

    def first(self, *figures: Figure) -> list[Row]:
        """Find the first fact of each figure."""
        found = [self.every(figure)[:1] for figure in figures]
        if not all(found):
            raise NoFigureError(str(figures[found.index([])]))
        return [fact for [fact] in found]


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
        then what cannot be told, as where a check lacks a figure.

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
    given = _Facts(records(facts[facts["value"].notna()]), source.authority)
    checks = settings.read_settings(source).checks
    findings = [*_grades(judgements)]
    for kind, (check, name) in KINDS.items():
        for subject in getattr(checks, name):
            try:
                found = check(subject, given)
            except NoFigureError as missing:
                message = f"This needs a figure that the report does not give: {missing}."
                found = Result(CANNOT_TELL, "", message)
            findings.append(found.finding(kind, subject.subject))
    message = "Both may hold; the report does not say how they fit together."
    for row in read_tensions(source):
        found = Result(CANNOT_TELL, row["description"], message)
        findings.append(found.finding("statements in tension", row["subject"], row["locators"]))
    findings += _dates(given.rows, actions, source)
    order = {DISAGREES: 0, CANNOT_TELL: 1, AGREES: 2}
    findings.sort(key=lambda finding: order[finding[2]])
    return pd.DataFrame(findings, columns=list(CHECKS))


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _sum(facts: Sequence[Row], sign: str = "") -> tuple[float, str]:
    """Add facts up, and show it with what the report says of their precision: “about 1,500”."""
    total = sum(fact["value"] for fact in facts)
    shown = " + ".join(
        PRECISION.get(fact["qualifier"], "") + _number(fact["value"]) + sign for fact in facts
    )
    return total, f"{shown} = {_number(total)}{sign}" if len(facts) > 1 else shown


def _stated_twice(subject: settings.Figures, facts: _Facts) -> Result:
    """Compare a figure that several paragraphs give."""
    found = facts.every(*subject.figures)
    if len(found) < 2:
        raise NoFigureError(f"{', '.join(map(str, subject.figures))} a second time")
    values = [fact["value"] for fact in found]
    counted = "; ".join(dict.fromkeys(fact["description"] for fact in found))
    differ = (
        f"The figures differ, and so does what they count ({counted}); "
        "the report does not say whether that accounts for it."
    )
    agrees = len(set(values)) == 1
    arithmetic = (" = " if agrees else " ≠ ").join(map(_number, values))
    return _compare(agrees, arithmetic, ("The same figure each time.", differ), found)


def _count_against_percentage(subject: settings.CountAgainstPercentage, facts: _Facts) -> Result:
    """Work out the base that a percentage and its count imply."""
    found = facts.first(subject.percentage, subject.count, subject.whole)
    share, count, whole = (fact["value"] for fact in found)
    rounding = found[0]["rounding"]
    if math.isnan(rounding):
        raise NoFigureError(f"the rounding of {subject.percentage}")
    # the whole numbers of which the count is the percentage, as it is rounded
    low = math.ceil(100 * count / (share + rounding)) if share + rounding else 0
    high = math.floor(100 * count / (share - rounding)) if share > rounding else math.inf
    upwards = "or more" if math.isinf(high) else f"to {_number(high)}"
    of_whole = 100 * count / whole if whole else 0
    arithmetic = (
        f"{_number(count)} is {_number(share)}% of {_number(low)} {upwards}; of "
        f"{_number(whole)} it is {_number(of_whole)}%"
    )
    messages = (subject.agrees, subject.disagrees)
    return _compare(low <= whole <= high, arithmetic, messages, found)


def _fraction_against_number(subject: settings.FractionAgainstNumber, facts: _Facts) -> Result:
    """Compare a fraction in words with the numbers that should make it."""
    share, part, *wholes = found = facts.first(subject.fraction, subject.part, *subject.whole)
    total, shown = _sum(wholes)
    if total == 0:
        raise NoFigureError("a whole above nought")
    # what is said of a quotient whose divisor is qualified in this way
    bounds = {"over": "less than ", "under": "more than ", "about": "about "}
    bound = bounds.get(wholes[0]["qualifier"], "")
    # the most that the part may be, where the whole is the least that it may be
    rounding = part["rounding"] if bound and part["rounding"] > 0 else 0
    percent = 100 * (part["value"] + rounding) / total
    low, high = share["value"] - FRACTION_TOLERANCE, share["value"] + FRACTION_TOLERANCE
    agrees = {
        "under": low <= percent < share["value"],
        "over": share["value"] < percent <= high,
    }.get(share["qualifier"], low <= percent <= high)
    ratio = f"{_number(part['value'])} {'÷' if bound else 'of'} {shown}"
    arithmetic = f"{ratio} is {bound}{_number(percent)}%; {_sum([share], '%')[1]}"
    return _compare(agrees, arithmetic, (subject.agrees, subject.disagrees), found)


def _parts_and_total(subject: settings.PartsAndTotal, facts: _Facts) -> Result:
    """Add up parts that should make their total."""
    *parts, total = found = facts.first(*subject.parts, subject.total)
    added, shown = _sum(parts)
    messages = ("The parts make up the total.", "The parts do not make up the total.")
    arithmetic = f"{shown}; total {_number(total['value'])}"
    return _compare(added == total["value"], arithmetic, messages, found)


def _part_within_whole(subject: settings.PartWithinWhole, facts: _Facts) -> Result:
    """Compare a part with the whole that it cannot exceed."""
    *parts, whole = found = facts.first(*subject.part, subject.whole)
    added, shown = _sum(parts)
    agrees = added <= whole["value"]
    arithmetic = f"{shown} {'≤' if agrees else '>'} {_sum([whole])[1]}"
    return _compare(agrees, arithmetic, (subject.agrees, subject.disagrees), found)


def _complements(subject: settings.Figures, facts: _Facts) -> Result:
    """Add up shares that should make the whole."""
    found = facts.first(*subject.figures)
    added, arithmetic = _sum(found, "%")
    which = "The two" if len(found) == 2 else "The shares"
    messages = (f"{which} make up the whole.", f"{which} do not make up the whole.")
    return _compare(abs(added - 100) <= COMPLEMENT_TOLERANCE, arithmetic, messages, found)


def _word_against_numbers(subject: settings.WordAgainstNumbers, facts: _Facts) -> Result:
    """Compare a word such as “below” with its figures."""
    if subject.other:
        found = facts.first(subject.figure, subject.other)
    else:
        every = facts.every(subject.figure)
        dated = [fact for fact in every if fact["period_end"] == fact["period_end"]]
        dated.sort(key=lambda fact: fact["period_end"])
        if len(dated) < 2:
            raise NoFigureError(f"{subject.figure} in two periods with an end")
        found = [dated[0], dated[-1]]
    one, other = (fact["value"] for fact in found)
    agrees = one < other if subject.word in {"below", "rise"} else one > other
    form = UNIT_FORMS.get(found[0]["unit"], "{}").format
    arithmetic = f"{one:.1f} to {form(f'{other:.1f}')}"
    if subject.other:
        signs = {"below": ("<", "≥"), "above": (">", "≤")}[subject.word]
        sign = signs[0 if agrees else 1]
        arithmetic = f"{form(_number(one))} {sign} {form(_number(other))}"
    messages = ("The figures bear the word out.", "The figures contradict the word.")
    return _compare(agrees, arithmetic, messages, found)


def _in_tension(subject: settings.InTension, facts: _Facts) -> Result:
    """Set side by side what may or may not be a contradiction."""
    first, second = found = facts.first(subject.first, subject.second)
    arithmetic = subject.arithmetic.format(first=_sum([first])[1], second=_sum([second])[1])
    if second["qualifier"] == "exact" and second["value"] == subject.settled_by:
        return Result(AGREES, arithmetic, "Nothing stands against the first statement.", found)
    return Result(CANNOT_TELL, arithmetic, subject.message, found)


def _grades(judgements: pd.DataFrame) -> Iterator[Finding]:
    """Compare a grade in the heading, in the record and in the words of the paragraph."""
    columns = ["service", "position", "judgement"]
    for (service, _, judgement), rows in judgements.groupby(columns, sort=True):
        words = ", ".join(
            f"{row['stated_in']} {GRADES[row['grade']].lower()} ({row['grade']})"
            for row in records(rows)
        )
        messages = (
            "Every place gives the same grade.",
            "The places give different grades; which one was meant is not known.",
        )
        kind, found = "grade stated twice", _compare(rows["grade"].nunique() == 1, words, messages)
        if len(rows) == 1:
            message = "The grade is stated once, so nothing bears it out."
            kind, found = "grade stated once", Result(CANNOT_TELL, words, message)
        yield found.finding(kind, f"{judgement} ({service})", "; ".join(rows["locator"]))


def _dates(facts: Sequence[Row], actions: pd.DataFrame, source: Source) -> Iterator[Finding]:
    """Check that days follow each other and no figure is of the future."""
    kind, published = "dates in order", source.published
    days = [source.inspected_from, source.inspected_to, published]
    arithmetic = f"inspected {days[0]} to {days[1]}, published {published}"
    messages = ("The days follow each other.", "The days do not follow each other.")
    found = _compare(days == sorted(days), arithmetic, messages)
    yield found.finding(kind, "Inspection and publication", "title page")
    found = Result(CANNOT_TELL, "", "No figure has a day on which its period ends.")
    if dated := [fact for fact in facts if fact["period_end"] == fact["period_end"]]:
        latest, limit = max(fact["period_end"] for fact in dated), max(days[1:])
        late = [fact for fact in dated if fact["period_end"].date() > limit]
        message = "{} of a day after publication.".format
        messages = message("No figure is"), message("Some figures are")
        arithmetic = f"latest {latest.date()}, published {published}"
        found = _compare(not late, arithmetic, messages, late)
    yield found.finding(kind, "Periods of the figures")
    if not actions.empty:
        due = actions["due"]
        early = due.dt.date < published
        agrees = not early.any()
        arithmetic = f"published {published}, due {due.min():%Y-%m-%d} to {due.max():%Y-%m-%d}"
        messages = ("Every action has its day.", "An action is due before publication.")
        places = "; ".join(dict.fromkeys(actions["locator"][early | agrees]))
        found = _compare(agrees, arithmetic, messages)
        yield found.finding(kind, "Actions fall due on or after publication", places)


KINDS: dict[str, tuple[Callable[[Any, _Facts], Result], str]] = {
    "figure stated twice": (_stated_twice, "figures_stated_twice"),
    "count against percentage": (_count_against_percentage, "counts_against_percentages"),
    "fraction against number": (_fraction_against_number, "fractions_against_numbers"),
    "parts and total": (_parts_and_total, "parts_and_totals"),
    "part within whole": (_part_within_whole, "parts_within_wholes"),
    "complements": (_complements, "complements"),
    "words against numbers": (_word_against_numbers, "words_against_numbers"),
    "statements in tension": (_in_tension, "statements_in_tension"),
}
"""Kinds of check in the order of the table, with the field of the settings."""


def check_edition(facts: pd.DataFrame) -> pd.DataFrame:
    """Check the figures of an edition of official statistics, of all areas.

    The table has the columns of :data:`CHECKS`: for each measure whether the published
    figures are those of their two numbers, and whether the authorities add up.
    """
    import pandas as pd

    findings = []
    for (indicator, group), series in facts.groupby(["indicator", "group"], sort=True):
        named = load_indicators().get(str(indicator))
        subject = named.short if named else str(indicator)
        if group != "all":
            subject += f", {'asylum-seeking' if group == 'uasc' else group}"
        if found := _ratio(series):
            findings.append(found.finding("figure and its two numbers", subject, ""))
        if found := _england(series):
            findings.append(found.finding("authorities and England", subject, ""))
    return pd.DataFrame(findings, columns=list(CHECKS))


def _ratio(series: pd.DataFrame) -> Result | None:
    """Compare a published percentage or rate with that of its two numbers."""
    scale = SCALE.get(str(series["unit"].iloc[0]))
    both = series[series["numerator"].notna() & series["denominator"].gt(0)]
    if scale is None or both.empty:
        return None
    worked = scale * both["numerator"] / both["denominator"]
    rounding = (both["count_rounding"] / both["denominator"] * (scale + worked)).fillna(0)
    # the table keeps ten digits; the rest is no disagreement
    off = (both["value"] - worked).abs() > both["rounding"] + rounding + 1e-8 * worked + 1e-9
    wrong = records(both[off])
    if not wrong:
        message = f"All {len(both):,} figures are those of their numbers, within rounding."
        return Result(AGREES, "", message)
    first = wrong[0]
    arithmetic = (
        f"{first['numerator']:g} / {first['denominator']:g} × {scale:g} = "
        f"{worked[off].iloc[0]:.2f}, published {first['value']:g}"
    )
    message = (
        f"{len(wrong):,} of {len(both):,} figures are not those of their numbers, the first for "
        f"{first['area_name']}, {first['period']}."
    )
    return Result(DISAGREES, arithmetic, message, wrong[:5])


def _england(series: pd.DataFrame) -> Result | None:
    """Compare England's count with the sum of the authorities', latest period."""
    if series["unit"].iloc[0] == "count":
        count, rounding = "value", "rounding"
    elif series["numerator"].notna().any():
        count, rounding = "numerator", "count_rounding"
    else:
        return None
    latest = series[series["period"].eq(series["period"].max())]
    parts = latest[latest["area_type"].isin(["authority", "combined"])]
    whole = latest[latest["area_code"].eq("E92000001")]
    if whole.empty or whole[count].isna().any():
        return Result(CANNOT_TELL, "", "England has no count.", records(whole))
    absent = parts.loc[parts[count].isna() & parts["status"].ne("not_applicable"), "area_name"]
    total, england = float(parts[count].sum()), float(whole[count].iloc[0])
    error = float(whole[rounding].fillna(0).iloc[0]) + float(parts[rounding].fillna(0).sum()) + 1e-6
    result, message = AGREES, "The authorities add up to England."
    if total > england + error:
        result, message = DISAGREES, "The authorities add up to more than England."
    elif len(absent):
        names = f"{len(absent):,} authorities" if len(absent) > 3 else " and ".join(absent)
        result, message = CANNOT_TELL, f"No count for {names}, so the sum cannot be told."
    elif total < england - error:
        result, message = DISAGREES, "The authorities add up to less than England."
    return Result(result, f"{total:,.10g} against {england:,.10g}", message, records(whole))
