"""The first page: what stands out, what cannot be said, what to ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kentstats.indicators import load_indicators
from kentstats.ingest.report_settings import Ground, Measure
from kentstats.report.blocks import Block, bullets
from kentstats.report.claims import Claim, claim, escape
from kentstats.report.context import Briefing, count_claim, needs_report, plural
from kentstats.report.sentences import Text, comparison, named, say, share
from kentstats.schemas import DIRECTION_WORDS, Row, records

if TYPE_CHECKING:
    import pandas as pd


def favourable(brief: Briefing, name: str) -> bool | None:
    """Tell whether a figure of the report speaks for the authority.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    name : str
        A derived share or an indicator.

    Returns
    -------
    bool or None
        By its own comparison and polarity; else by its ground in
        ``sections.yml``: what the report says of its latest comparison in
        words, where more is better, or the grade of the judgement it belongs
        to, good or better against inadequate. None where nothing says so.
    """
    compared = brief.report_comparisons[brief.report_comparisons["indicator"].eq(name)]
    if not compared.empty:
        good = {"high": "above", "low": "below"}.get(load_indicators()[name].polarity)
        directions = set(compared["direction"])
        settled = good is not None and len(directions) == 1 and "level" not in directions
        return directions == {good} if settled else None
    ground = _ground(brief, name)
    if ground is None:
        return None
    if ground.statement:
        said = _statements(brief, ground)
        directions = set(said[said["period"].eq(said["period"].max())]["direction"]) - {"level"}
        return directions == {"above"} if len(directions) == 1 else None
    graded = brief.judgements[
        brief.judgements["service"].eq(str(ground.service))
        & brief.judgements["judgement"].eq(ground.judgement)
    ]
    grades = set(graded["grade"])
    return True if grades and grades <= {1, 2} else False if grades == {4} else None


def _ground(brief: Briefing, name: str) -> Ground | None:
    grounds = {ground.figure: ground for ground in brief.settings.sections.grounds}
    return grounds.get(Measure(name))


def _statements(brief: Briefing, ground: Ground) -> pd.DataFrame:
    return brief.statements[brief.statements["subject"].eq(ground.statement)]


@needs_report
def stands_out(brief: Briefing, names: Sequence[str], *, good: bool | None = None) -> Block | None:
    """List figures of the report, each with what may be said of it.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    names : sequence of str
        Derived shares or indicators to choose from; an indicator that is
        compared is printed with its comparison.
    good : bool, optional
        True lists those that :func:`favourable` finds good, False those that
        it finds bad; all by default. What the briefing lacks is left out.

    Returns
    -------
    Block or None
        None where there is none to choose from.
    """
    if not names:
        return None
    texts = [
        text
        for name in names
        if good is None or favourable(brief, name) is good
        for text in _figure(brief, name)
    ]
    if not texts:
        return Block(say("No figure of those looked at bears this out.").markdown)
    listed = bullets(*texts)
    return Block("In the report:\n\n", ()) + listed if brief.profile else listed


def _figure(brief: Briefing, name: str) -> list[Text]:
    if brief.shares["share_id"].eq(name).any():
        row, parents = brief.share(name)
        text = share(row, parents, brief.confidence)
        return [say("{short}: {share}.", short=named(row["short"]), share=text)]
    if name not in load_indicators():  # a share whose figures are not there
        return []
    short = named(load_indicators()[name].short)
    compared = brief.report_comparisons[brief.report_comparisons["indicator"].eq(name)]
    if not compared.empty:
        # the country is the comparator that everyone knows
        codes = compared["benchmark_id"].str.endswith("E92000001")
        row = records(compared[codes] if codes.any() else compared)[0]
        text = comparison(row, brief.by_id(row["fact_id"]), brief.by_id(row["benchmark_id"]))
        return [say("{short}: {text}", short=short, text=text)]
    if not brief.has(name):
        return []
    figure = say("{short}: {figure}.", short=short, figure=brief.claim(name))
    return [Text((*figure.parts, *_in_words(brief, _ground(brief, name))))]


def _in_words(brief: Briefing, ground: Ground | None) -> list[str | Claim]:
    """Say every comparison in words of a subject, so that none is chosen over another."""
    said = _statements(brief, ground) if ground else brief.statements[:0]
    rows = records(said.sort_values(["period", "comparator"], kind="stable"))
    parts: list[str | Claim] = []
    for place, row in enumerate(rows):
        link = " and " if place == len(rows) - 1 else ", "
        parts.append(link if parts else " The report calls it, without figures, ")
        other = row["comparator"] if row["comparator"] == "England" else row["comparator"].lower()
        than = "as" if row["direction"] == "level" else "than"
        parts.append(f"{DIRECTION_WORDS[row['direction']]} {than} {other}")
        if row["period"][:1].isdigit():
            source = {**row, "fact_id": _statement_id(row)}
            parts += [" in ", claim(row["period"], [source], unit="label")]
    return [*parts, "."] if parts else []


@needs_report
def unknown(brief: Briefing) -> Block | None:
    """Say what the report leaves unknown.

    Returns
    -------
    Block or None
        None where that is nothing and official statistics say what they leave
        unknown.
    """
    # who lives in the county is no matter of a service's doing
    compared = brief.report_comparisons.query("kind == 'area'")
    themes = compared["indicator"].map(lambda name: brief.indicator(name).theme)
    compared = compared[themes != "context"]
    without_base = [
        brief.by_id(fact_id)
        for fact_id in dict.fromkeys([*compared["fact_id"], *compared["benchmark_id"]])
    ]
    in_words = [
        {**row, "fact_id": _statement_id(row)}
        for row in records(brief.statements)
        if row["direction"] != "level"
    ]
    texts = []
    if without_base:
        number = claim(
            len(compared),
            without_base,
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
    conflicts = brief.checks[brief.checks["result"].eq("disagrees")]
    if not conflicts.empty:
        names = [str(subject) for subject in conflicts["subject"]]
        texts.append(
            say(
                "Which is right, or what each counts, where the report disagrees with itself: "
                "{names}.",
                names=named("; ".join(name[0].lower() + name[1:] for name in names)),
            )
        )
    if not texts and brief.profile:
        return None
    if not texts:
        return Block(say("Nothing of what was looked for is left unknown.").markdown)
    # the places of so many figures would fill a paragraph
    return Block("\n".join(f"- {text.markdown}" for text in texts) + "\n", bullets(*texts).claims)


def _statement_id(row: Row) -> str:
    words = f"{row['subject']} {row['comparator']} {row['period']}"
    return f"{row['source_id']}.statement.{'-'.join(words.casefold().split())}"


@needs_report
def changed(brief: Briefing) -> Block:
    """Say that there is no earlier report to compare with."""
    text = say(
        "This is the first edition for {authority}, so nothing can be said of change since an "
        "earlier one.",
        authority=brief.authority,
    )
    return Block(text.markdown)


@needs_report
def questions(brief: Briefing, facts: pd.DataFrame) -> Block | None:
    """List what a councillor should ask, beside the figure that raises it."""
    lines, claims = [], list[Claim]()
    ours = facts[facts["area_name"].eq(brief.authority)]
    for name, indicator in load_indicators().items():
        groups = ours.loc[ours["indicator"].eq(name), "group"]
        if not indicator.question or groups.empty:
            continue
        group = "all" if groups.eq("all").any() else groups.iloc[0]
        figure = brief.claim(name, group)
        text = say("{short}, {figure}", short=named(indicator.short), figure=figure)
        theme, question = escape(indicator.theme.capitalize()), escape(indicator.question)
        lines.append(f"- **{theme}.** {text.cited}: {question}")
        claims += text.claims
    return Block("\n".join(lines) + "\n", tuple(dict.fromkeys(claims))) if lines else None
