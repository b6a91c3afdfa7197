"""The first page: what stands out, what cannot be said, what has changed, what to ask.

Every section takes the briefing and the rows that it prints. It covers official statistics and
the inspection report, whichever there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from kentstats.indicators import Indicator, load_indicators
from kentstats.report.blocks import Block, bullets, paragraphs, stack
from kentstats.report.claims import Claim, claim, escape
from kentstats.report.comparisons import chance_claim
from kentstats.report.context import Briefing, count_claim
from kentstats.report.figures import (
    comparator_claim,
    figure,
    figure_with_numbers,
    has_figure,
    measure_name,
    plural,
    surest_first,
)
from kentstats.report.inspection import inspected, last_inspected
from kentstats.report.report_sections import key_figure_list, statement_row
from kentstats.report.sentences import Text, joined, named, say, setting
from kentstats.schemas import Row, records

MAX_OUTSTANDING = 3
"""How many measures stand out on the first page, for better and for worse."""
MAX_QUESTIONS = 6


def summary(brief: Briefing, england: pd.DataFrame) -> Block | None:
    """Say what inspectors judged, and how many measures differ from England."""
    texts = (inspected(brief), last_inspected(brief), _verdict_counts(brief, england))
    # the tables name the places, which would fill a paragraph here
    return stack(*(paragraphs(text, cited=False) for text in texts if text))


def _verdict_counts(brief: Briefing, england: pd.DataFrame) -> Text | None:
    if brief.profile is None:
        return None
    if england.empty:
        return say("Official statistics give no figure for {authority}.", authority=brief.authority)
    compared = records(england.sort_values("fact_id"))
    given = [row for row in compared if has_figure(row)]
    tested = [row for row in compared if row["verdict"] != "not compared"]
    if not tested:
        return say(
            "Official statistics give {given} measures for {authority}. None of them can be tested "
            "against England: figures are withheld or have no base.",
            given=count_claim(given, "measures with a figure") if given else "no",
            authority=brief.authority,
        )

    def count(name: str, *verdicts: str) -> Claim:
        chosen = [row for row in tested if row["verdict"] in verdicts]
        return _count(brief, chosen, f"measures that are {name}")

    return say(
        "Official statistics give {given} measures for {authority}; {tested} of them can be tested "
        "against England. Verdicts: {better} better, {worse} worse, {other} higher or lower where "
        "neither is good, {similar} that cannot be told apart. Were nothing different, about "
        "{chance} of {tested} would seem so by chance alone.",
        given=count_claim(given, "measures with a figure"),
        authority=brief.authority,
        tested=_count(brief, tested, "measures tested against England"),
        better=count("better", "better"),
        worse=count("worse", "worse"),
        other=count("higher or lower", "higher", "lower"),
        similar=count("similar", "similar"),
        chance=chance_claim(brief, tested),
    )


def _count(brief: Briefing, rows: Sequence[Row], what: str) -> Claim:
    """Make the claim of how many rows there are, also where there are none."""
    nothing = [{"fact_id": f"{brief.edition}.figures", "locator": "all figures of the edition"}]
    return claim(len(rows), rows or nothing, unit="count", calculation=f"number of {what}")


# what stands out


def stands_out(
    brief: Briefing, england: pd.DataFrame, key_figures: pd.DataFrame, *, good: bool
) -> Block | None:
    """List what is surest to be better, or worse, than England, and key figures of the report."""
    official = _outstanding(brief, records(england), "better" if good else "worse")
    report = key_figure_list(brief, key_figures, good=good)
    if official and report:
        official = paragraphs(say("In official statistics:")) + official
        report = paragraphs(say("In the report:")) + report
    return stack(official, report)


def _outstanding(brief: Briefing, compared: Sequence[Row], verdict: str) -> Block | None:
    if brief.profile is None:
        return None
    found = surest_first(compared, verdict)
    if not found:
        text = say(
            "No measure of official statistics that can be tested is {verdict} than England’s.",
            verdict=verdict,
        )
        return paragraphs(text)
    listed = bullets(
        *(_against_england(brief, row) for row in found[:MAX_OUTSTANDING]), cited=False
    )
    if len(found) <= MAX_OUTSTANDING:
        return listed
    more = say(
        "{number} more came out {verdict}; the table of comparisons has them all.",
        number=_count(brief, found[MAX_OUTSTANDING:], f"more measures that are {verdict}"),
        verdict=verdict,
    )
    return listed + paragraphs(more, cited=False)


def _against_england(brief: Briefing, row: Row) -> Text:
    return say(
        "{measure}: {figures}, against {theirs} for England: {verdict}, at {level} confidence.",
        measure=measure_name(row),
        figures=figure_with_numbers(row),
        theirs=comparator_claim(brief, row),
        verdict=row["verdict"],
        level=setting(row["level"], "level of confidence"),
    )


# what cannot be said


def unknown(brief: Briefing, england: pd.DataFrame) -> Block | None:
    """Say what official statistics and the report leave unknown."""
    texts = _unknown_of_statistics(brief, records(england.sort_values("fact_id")))
    official = bullets(*texts, cited=False) if texts else None
    texts = _unknown_of_report(brief)
    # the places of so many figures would fill a paragraph
    report = bullets(*texts, cited=False) if texts else None
    if brief.source and brief.profile is None and report is None:
        return paragraphs(say("Nothing of what was looked for is left unknown."))
    return stack(official, report)


def _unknown_of_statistics(brief: Briefing, compared: Sequence[Row]) -> list[Text]:
    profile = brief.profile
    if profile is None:
        return []
    texts: list[Text] = []
    if brief.source is None and not profile.official.judgements:
        texts.append(
            say(
                "What inspectors judged: this edition has no inspection of {authority}.",
                authority=brief.authority,
            )
        )
    together = set[str]()
    for area in profile.combined():
        indicators = [fact["indicator"] for fact in profile.facts(area.code).values()]
        together |= set(indicators)
        texts.append(
            say(
                "{authority} by itself, for {measures}: the publisher counts {both} together.",
                authority=brief.authority,
                measures=_listed(load_indicators()[name].short for name in indicators),
                both=named(area.name),
            )
        )
    texts += [*_missing(brief, compared, together), *_untested(brief, compared)]
    if not profile.places.neighbour_list:
        texts.append(
            say(
                "How {authority} compares with its statistical neighbours: no list of them covers "
                "the year.",
                authority=brief.authority,
            )
        )
    elif not profile.neighbours():
        texts.append(
            say("Which its statistical neighbours are: the list of the year does not have it.")
        )
    return texts


def _missing(brief: Briefing, compared: Sequence[Row], together: set[str]) -> list[Text]:
    """Say which figures are suppressed, and which only England has."""
    withheld = [
        row
        for row in compared
        if not has_figure(row) and row["status"] in {"suppressed", "unreliable"}
    ]
    known = {
        (row["indicator"], row["group"]) for row in compared if has_figure(row) or row in withheld
    }
    absent = [
        fact
        for key, fact in brief.statistics.facts(brief.statistics.country).items()
        if has_figure(fact) and fact["indicator"] not in together and key not in known
    ]
    texts = []
    if withheld:
        texts.append(
            say(
                "What the publisher withholds, to protect people or as unreliable ({number}): "
                "{names}.",
                number=count_claim(withheld, "figures withheld"),
                names=_measure_names(withheld),
            )
        )
    if absent:
        texts.append(
            say(
                "What is given for England and not for {authority} ({number}): {names}.",
                number=count_claim(absent, "figures that the authority lacks"),
                authority=brief.authority,
                names=_measure_names(absent),
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
            names=_measure_names(rows),
        )
        for reason, rows in by_reason.items()
    ]


def _measure_names(rows: Sequence[Row]) -> Text:
    return _listed(measure_name(row).plain for row in rows)


def _listed(names: Iterable[str]) -> Text:
    kept = ("English", "GCSE")
    lowered = [name if name.startswith(kept) else name[0].lower() + name[1:] for name in names]
    return named("; ".join(dict.fromkeys(lowered)))


def _unknown_of_report(brief: Briefing) -> list[Text]:
    # who lives in the county is no matter of a service's doing
    compared = brief.report_comparisons.query("kind == 'area'")
    themes = compared["indicator"].map(lambda name: load_indicators()[name].theme)
    compared = compared[themes != "context"]
    fact_ids = dict.fromkeys([*compared["fact_id"], *compared["benchmark_id"]])
    in_words = [
        statement_row(row) for row in records(brief.statements) if row["direction"] != "level"
    ]
    texts = []
    if fact_ids:
        number = claim(
            len(compared),
            [brief.fact(fact_id) for fact_id in fact_ids],
            unit="count",
            calculation="number of comparisons without a base",
        )
        texts.append(
            say(
                "Whether the {number} {differences} from a comparator {chance}: the report does "
                "not say what number of children the percentages are of.",
                number=number,
                differences=plural(number, "difference of a service", "differences of services"),
                chance=plural(number, "is more than chance", "are more than chance"),
            )
        )
    if in_words:
        number = count_claim(in_words, "comparisons without a figure")
        texts.append(
            say(
                "How large {number} more {differences}: the report states {them} in words alone.",
                number=number,
                differences=plural(number, "difference is", "differences are"),
                them=plural(number, "it", "them"),
            )
        )
    conflicts = brief.checks.loc[brief.checks["result"].eq("disagrees"), "subject"]
    if not conflicts.empty:
        texts.append(
            say(
                "Which is right, or what each counts, where the report disagrees with itself: "
                "{names}.",
                names=named("; ".join(name[0].lower() + name[1:] for name in conflicts)),
            )
        )
    return texts


# what has changed

TREND_SENTENCES = {
    "getting better": "Getting better over five years: {names}.",
    "getting worse": "Getting worse over five years: {names}.",
    "increasing": "Rising, where neither is good: {names}.",
    "decreasing": "Falling, where neither is good: {names}.",
}


def changed(brief: Briefing, trends: pd.DataFrame) -> Block | None:
    """Say which measures have a trend over five years; of the report, that it is the first."""
    first = say(
        "This is the first edition for {authority}, so nothing can be said of change since an "
        "earlier one.",
        authority=brief.authority,
    )
    found = records(trends[trends["direction"].ne("not calculated")])
    official = None
    if found:
        official = _trends(brief, found)
    elif brief.source is None:
        official = paragraphs(
            say(
                "Official statistics here give fewer than five years of any measure, so no recent "
                "trend is calculated."
            )
        )
    return stack(official, paragraphs(first) if brief.source else None)


def _trends(brief: Briefing, found: Sequence[Row]) -> Block:
    facts = brief.statistics.facts()
    texts = []
    for words, sentence in TREND_SENTENCES.items():
        moved = []
        for row in found:
            if row["words"] == words:
                name, fact = measure_name(row), facts.get((row["indicator"], row["group"]))
                now = has_figure(fact) and say("{name}, now {now}", name=name, now=figure(fact))
                moved.append(now or name)
        if moved:
            texts.append(say(sentence, names=joined(moved, "; ")))
    still = [row for row in found if row["direction"] == "no significant change"]
    if still:
        keys = [(row["indicator"], row["group"]) for row in still]
        latest = [facts[key] for key in keys if key in facts]
        number = _count(brief, latest, "measures without a significant trend")
        texts.append(
            say(
                "No change beyond chance in {number} more. For the others there are fewer than "
                "five years, or no base.",
                number=number,
            )
        )
    return bullets(*texts, cited=False)


# what to ask


def questions(
    brief: Briefing, england: pd.DataFrame, trends: pd.DataFrame, facts: pd.DataFrame
) -> Block | None:
    """List what to ask beside the figure that raises it: what is worse or getting worse first."""
    raised = []
    ours = facts[facts["area_name"].eq(brief.authority)]
    for name, indicator in load_indicators().items():
        groups = ours.loc[ours["indicator"].eq(name), "group"]
        if indicator.question and not groups.empty:
            group = "all" if groups.eq("all").any() else groups.iloc[0]
            if made := brief.claim(name, group):
                raised.append((indicator, named(indicator.short), made))
    report = _question_list(raised, cited=True)
    return stack(_question_list(_raised(brief, england, trends), cited=False), report)


def _raised(
    brief: Briefing, england: pd.DataFrame, trends: pd.DataFrame
) -> list[tuple[Indicator, Text, Claim]]:
    """List the questions that official statistics raise: indicator, measure and figure."""
    if brief.profile is None:
        return []
    compared = records(england)
    in_order = [
        *surest_first(compared, "worse"),
        *records(trends[trends["words"].eq("getting worse")]),
        *surest_first(compared, "higher"),
        *surest_first(compared, "lower"),
    ]
    facts = brief.profile.facts()
    # what a figure of the report raises is asked there
    asked = {one.question for one in load_indicators().values() if brief.rows(one.id)}
    found: list[tuple[Indicator, Text, Claim]] = []
    for row in in_order:
        indicator = load_indicators()[row["indicator"]]
        fact = facts.get((row["indicator"], row["group"]))
        if indicator.question and indicator.question not in asked and has_figure(fact):
            asked.add(indicator.question)
            found.append((indicator, measure_name(row), figure(fact)))
    return found[:MAX_QUESTIONS]


def _question_list(raised: Sequence[tuple[Indicator, Text, Claim]], *, cited: bool) -> Block | None:
    if not raised:
        return None
    lines = []
    for indicator, measure, made in raised:
        text = say("{measure}, {figure}", measure=measure, figure=made)
        words = text.cited if cited else text.markdown
        theme, question = escape(indicator.theme.capitalize()), escape(indicator.question)
        lines.append(f"- **{theme}.** {words}: {question}\n")
    return Block("".join(lines), tuple(dict.fromkeys(made for *_, made in raised)))
