"""The first page, from official statistics: what stands out, what is unknown, what to ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from kentstats.indicators import load_indicators
from kentstats.report.blocks import Block, bullets
from kentstats.report.claims import Claim, claim, escape
from kentstats.report.comparisons import chance_claim
from kentstats.report.context import Briefing, count_claim
from kentstats.report.figures import (
    comparator_claim,
    figure,
    has_figure,
    measure_name,
    numbers,
    surest_first,
)
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import Row, records

MAX_OUTSTANDING = 3
"""How many measures stand out on the first page, for better and for worse."""
MAX_QUESTIONS = 6


def summary(brief: Briefing, rows: pd.DataFrame) -> Block | None:
    """Say how many measures differ from England, and how many would by chance.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        Comparisons with England.
    """
    if brief.profile is None:
        return None
    if rows.empty:
        text = say("Official statistics give no figure for {authority}.", authority=brief.authority)
        return Block(text.markdown)
    compared = records(rows.sort_values("fact_id"))
    given = [row for row in compared if has_figure(row)]
    tested = [row for row in compared if row["verdict"] != "not compared"]
    if not tested:
        text = say(
            "Official statistics give {given} measures for {authority}. None of them can be tested "
            "against England: figures are withheld or have no base.",
            given=count_claim(given, "measures with a figure") if given else "no",
            authority=brief.authority,
        )
        return Block(text.markdown, text.claims)

    def count(name: str, *verdicts: str) -> Claim:
        chosen = [row for row in tested if row["verdict"] in verdicts]
        return _count(brief, chosen, f"measures that are {name}")

    text = say(
        "Official statistics give {given} measures for {authority}; {tested} of them can be tested "
        "against England. Verdicts: {better} better, {worse} worse, {other} higher or lower where "
        "neither is good, {similar} that cannot be told apart. Were nothing different, about "
        "{chance} of {again} would seem so by chance alone.",
        given=count_claim(given, "measures with a figure"),
        authority=brief.authority,
        tested=_count(brief, tested, "measures tested against England"),
        better=count("better", "better"),
        worse=count("worse", "worse"),
        other=count("higher or lower", "higher", "lower"),
        similar=count("similar", "similar"),
        chance=chance_claim(brief, tested),
        again=_count(brief, tested, "measures tested against England"),
    )
    return Block(text.markdown, text.claims)


def _count(brief: Briefing, rows: Sequence[Row], what: str) -> Claim:
    """Make the claim of how many rows there are, also where there are none."""
    nothing = [{"fact_id": f"{brief.edition}.figures", "locator": "all figures of the edition"}]
    return claim(len(rows), rows or nothing, unit="count", calculation=f"number of {what}")


def stands_out(brief: Briefing, rows: pd.DataFrame, *, good: bool) -> Block | None:
    """List the measures that are surest to be better, or worse, than England's.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        Comparisons with England.
    good : bool
        Whether those that are better or those that are worse.

    Returns
    -------
    Block or None
        At most :data:`MAX_OUTSTANDING`; None without official statistics.
    """
    if brief.profile is None:
        return None
    verdict = "better" if good else "worse"
    found = surest_first(records(rows), verdict)
    if not found:
        text = say(
            "No measure of official statistics that can be tested is {verdict} than England’s.",
            verdict=verdict,
        )
        return Block(text.markdown)
    texts = [_against_england(brief, row) for row in found[:MAX_OUTSTANDING]]
    lines = "In official statistics:\n\n" if brief.source else ""
    lines += "".join(f"- {text.markdown}\n" for text in texts)
    claims = bullets(*texts).claims
    if len(found) > MAX_OUTSTANDING:
        more = say(
            "{number} more came out {verdict}; the table of comparisons has them all.",
            number=_count(brief, found[MAX_OUTSTANDING:], f"more measures that are {verdict}"),
            verdict=verdict,
        )
        lines += f"\n{more.markdown}\n"
        claims += more.claims
    return Block(lines, tuple(dict.fromkeys(claims)))


def _against_england(brief: Briefing, row: Row) -> Text:
    behind = numbers(row)
    own = figure(row)
    figures = say("{own} ({behind})", own=own, behind=behind) if behind.parts else Text((own,))
    return say(
        "{measure}: {figures}, against {theirs} for England: {verdict}, at {level} confidence.",
        measure=measure_name(row),
        figures=figures,
        theirs=comparator_claim(brief, row),
        verdict=row["verdict"],
        level=setting(row["level"], "level of confidence"),
    )


def unknown(brief: Briefing, rows: pd.DataFrame) -> Block | None:
    """Say what official statistics leave unknown of this authority.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        Comparisons with England.
    """
    if brief.profile is None:
        return None
    compared = records(rows.sort_values("fact_id"))
    texts: list[Text] = []
    if brief.source is None and not brief.statistics.official.judgements:
        texts.append(
            say(
                "What inspectors judged: this edition has no inspection of {authority}.",
                authority=brief.authority,
            )
        )
    texts += [*_counted_together(brief), *_missing(brief, compared), *_untested(brief, compared)]
    if not brief.statistics.places.neighbour_list:
        texts.append(
            say(
                "How {authority} compares with its statistical neighbours: no list of them covers "
                "the year.",
                authority=brief.authority,
            )
        )
    elif not brief.statistics.neighbours():
        texts.append(
            say("Which its statistical neighbours are: the list of the year does not have it.")
        )
    if not texts:
        return None
    lines = "".join(f"- {text.markdown}\n" for text in texts)
    return Block(lines, bullets(*texts).claims)


def _counted_together(brief: Briefing) -> list[Text]:
    """Say which measures the publisher gives for the authority and another together."""
    return [
        say(
            "{authority} by itself, for {measures}: the publisher counts {both} together.",
            authority=brief.authority,
            measures=named(
                _listed(
                    load_indicators()[fact["indicator"]].short
                    for fact in brief.statistics.facts(area.code).values()
                )
            ),
            both=named(area.name),
        )
        for area in brief.statistics.combined()
    ]


def _missing(brief: Briefing, compared: Sequence[Row]) -> list[Text]:
    """Say which figures are suppressed, and which only England has."""
    together = {
        fact["indicator"]
        for area in brief.statistics.combined()
        for fact in brief.statistics.facts(area.code).values()
    }
    withheld = [
        row
        for row in compared
        if not has_figure(row) and row["status"] in {"suppressed", "unreliable"}
    ]
    known = {
        (row["indicator"], row["group"]) for row in compared if has_figure(row) or row in withheld
    }
    england = brief.statistics.facts(brief.statistics.country)
    absent = [
        fact
        for key, fact in england.items()
        if has_figure(fact) and fact["indicator"] not in together and key not in known
    ]
    texts = []
    if withheld:
        texts.append(
            say(
                "What the publisher withholds, to protect people or as unreliable ({number}): "
                "{names}.",
                number=count_claim(withheld, "figures withheld"),
                names=named(_measure_names(withheld)),
            )
        )
    if absent:
        texts.append(
            say(
                "What is given for England and not for {authority} ({number}): {names}.",
                number=count_claim(absent, "figures that the authority lacks"),
                authority=brief.authority,
                names=named(_measure_names(absent)),
            )
        )
    return texts


def _untested(brief: Briefing, compared: Sequence[Row]) -> list[Text]:
    """Say what has a figure and no verdict against England, for each reason."""
    by_reason: dict[str, list[Row]] = {}
    for row in compared:
        if row["verdict"] == "not compared" and has_figure(row) and row["unit"] != "count":
            by_reason.setdefault(str(row["reason"]), []).append(row)
    return [
        say(
            "What cannot be tested against England, since {reason} ({number}): {names}.",
            reason=reason,
            number=_count(brief, rows, "measures that cannot be tested"),
            names=named(_measure_names(rows)),
        )
        for reason, rows in by_reason.items()
    ]


def _measure_names(rows: Sequence[Row]) -> str:
    return _listed(measure_name(row).plain for row in rows)


def _listed(names: Iterable[str]) -> str:
    kept = ("English", "GCSE")
    lowered = [name if name.startswith(kept) else name[0].lower() + name[1:] for name in names]
    return "; ".join(dict.fromkeys(lowered))


TREND_SENTENCES = {
    "getting better": "Getting better over five years: {names}.",
    "getting worse": "Getting worse over five years: {names}.",
    "increasing": "Rising, where neither is good: {names}.",
    "decreasing": "Falling, where neither is good: {names}.",
}


def changed(brief: Briefing, trends: pd.DataFrame) -> Block | None:
    """Say which measures have a trend over five years.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    trends : pandas.DataFrame
        Recent trends of the authority.
    """
    if brief.profile is None:
        return None
    found = records(trends[trends["direction"].ne("not calculated")])
    if not found and brief.source:
        return None  # that it is the first edition has been said
    if not found:
        text = say(
            "Official statistics here give fewer than five years of any measure, so no recent "
            "trend is calculated."
        )
        return Block(text.markdown)
    facts = brief.statistics.facts()
    texts = [
        say(sentence, names=_with_figures(rows, facts))
        for words, sentence in TREND_SENTENCES.items()
        if (rows := [row for row in found if row["words"] == words])
    ]
    still = [row for row in found if row["direction"] == "no significant change"]
    if still:
        keys = [(row["indicator"], row["group"]) for row in still]
        texts.append(
            say(
                "No change beyond chance in {number} more. For the others there are fewer than "
                "five years, or no base.",
                number=_count(
                    brief,
                    [facts[key] for key in keys if key in facts],
                    "measures without a significant trend",
                ),
            )
        )
    return Block("".join(f"- {text.markdown}\n" for text in texts), bullets(*texts).claims)


def _with_figures(rows: Sequence[Row], facts: Mapping[tuple[str, str], Row]) -> Text:
    parts: list[str | Claim] = []
    for row in rows:
        fact = facts.get((row["indicator"], row["group"]))
        parts.append(("; " if parts else "") + measure_name(row).plain)
        if fact is not None and has_figure(fact):
            parts += [", now ", figure(fact)]
    return Text(tuple(parts))


def questions(brief: Briefing, rows: pd.DataFrame, trends: pd.DataFrame) -> Block | None:
    """List what to ask: of measures that are worse, or getting worse, first.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    rows : pandas.DataFrame
        Comparisons with England.
    trends : pandas.DataFrame
        Recent trends of the authority.
    """
    if brief.profile is None:
        return None
    compared = records(rows)
    in_order = [
        *surest_first(compared, "worse"),
        *records(trends[trends["words"].eq("getting worse")]),
        *surest_first(compared, "higher"),
        *surest_first(compared, "lower"),
    ]
    facts = brief.statistics.facts()
    # what a figure of the report raises is asked there
    asked = {one.question for one in load_indicators().values() if brief.has(one.id)}
    lines, claims = list[str](), list[Claim]()
    for row in in_order:
        indicator = load_indicators()[row["indicator"]]
        fact = facts.get((row["indicator"], row["group"]))
        if not indicator.question or indicator.question in asked or not has_figure(fact):
            continue
        asked.add(indicator.question)
        text = say("{measure}, {figure}", measure=measure_name(row), figure=figure(fact))
        theme = escape(indicator.theme.capitalize())
        lines.append(f"- **{theme}.** {text.markdown}: {escape(indicator.question)}")
        claims += text.claims
        if len(lines) == MAX_QUESTIONS:
            break
    if not lines:
        return None
    return Block("\n".join(lines) + "\n", tuple(dict.fromkeys(claims)))
