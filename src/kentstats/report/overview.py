"""The first page: what stands out, what cannot be said, what to ask."""

from __future__ import annotations

from collections.abc import Sequence

from kentstats.indicators import load_indicators
from kentstats.report.blocks import Block, bullets
from kentstats.report.claims import Claim, claim, escape, fact_claim
from kentstats.report.context import Edition, count_claim, of_report
from kentstats.report.sentences import Text, comparison, named, say, share
from kentstats.schemas import DIRECTION_WORDS, Row, records

GROUNDS: dict[str, tuple[str, tuple[str, str]]] = {
    "immunisations": ("Immunisations", ("", "")),
    "care-leavers-eet": ("Care leavers in education, employment or training", ("", "")),
    "gcse-five-good-share": ("Key Stage 4 attainment of looked after children", ("", "")),
    "cases-of-concern-share": ("", ("safeguarding", "Children are safe")),
    "closed-cases-needing-service": ("", ("safeguarding", "Children are safe")),
    "core-assessments-overdue-share": ("", ("safeguarding", "Assessment and direct work")),
}
"""What bears out that a figure is good or bad, where it is not itself compared:
a comparison that the report makes in words, or the judgement it belongs to."""


def favourable(edition: Edition, name: str) -> bool | None:
    """Tell whether a figure speaks for the authority, and on what ground.

    Parameters
    ----------
    edition : Edition
        The tables.
    name : str
        A derived share or an indicator.

    Returns
    -------
    bool or None
        By its own comparison and polarity; else by what the report says of
        its latest comparison in words, where more is better; else by the
        grade of the judgement it belongs to, good or better against
        inadequate. None where nothing says so.
    """
    compared = edition.comparisons[edition.comparisons["indicator"].eq(name)]
    if not compared.empty:
        polarity = load_indicators()[name].polarity
        good = {"high": "above", "low": "below"}.get(polarity)
        directions = set(compared["direction"])
        return (
            None
            if good is None or len(directions) > 1 or "level" in directions
            else (directions == {good})
        )
    subject, (service, judgement) = GROUNDS.get(name, ("", ("", "")))
    if subject:
        said = edition.statements[edition.statements["subject"].eq(subject)]
        latest = said[said["period"].eq(said["period"].max())] if not said.empty else said
        directions = set(latest["direction"]) - {"level"}
        return directions == {"above"} if len(directions) == 1 else None
    graded = edition.judgements[
        edition.judgements["service"].eq(service) & edition.judgements["judgement"].eq(judgement)
    ]
    grades = set(graded["grade"])
    return True if grades and grades <= {1, 2} else False if grades == {4} else None


@of_report
def stands_out(edition: Edition, names: Sequence[str], *, good: bool | None = None) -> Block:
    """List figures, each with what it licenses.

    Parameters
    ----------
    edition : Edition
        The tables.
    names : sequence of str
        Derived shares or indicators to choose from; an indicator that is
        compared is printed with its comparison.
    good : bool, optional
        True lists those that :func:`favourable` finds good, False those that
        it finds bad; all by default. What the edition lacks is left out.

    Returns
    -------
    Block
    """
    texts = [
        text
        for name in names
        if good is None or favourable(edition, name) is good
        for text in _figure(edition, name)
    ]
    if not texts:
        return Block(say("No figure of those looked at bears this out.").markdown)
    listed = bullets(*texts)
    return Block("In the report:\n\n", ()) + listed if edition.standing else listed


def _figure(edition: Edition, name: str) -> list[Text]:
    shares = edition.shares
    if shares["share_id"].eq(name).any():
        row, parents = edition.share(name)
        return [
            say(
                "{short}: {share}.",
                short=row["short"],
                share=share(row, parents, edition.confidence),
            )
        ]
    compared = edition.comparisons[edition.comparisons["indicator"].eq(name)]
    short = load_indicators()[name].short
    if not compared.empty:
        # the country is the comparator that everyone knows
        codes = compared["benchmark_id"].str.endswith("E92000001")
        row = records(compared[codes] if codes.any() else compared)[0]
        text = comparison(row, edition.by_id(row["fact_id"]), edition.by_id(row["benchmark_id"]))
        return [say("{short}: {text}", short=named(short), text=text)]
    if not edition.has(name):
        return []
    figure = say("{short}: {figure}.", short=named(short), figure=edition.claim(name))
    return [Text((*figure.parts, *_said(edition, GROUNDS.get(name, ("", ("", "")))[0]).parts))]


def _said(edition: Edition, subject: str) -> Text:
    """Say every comparison in words of a subject, so that none is chosen over another."""
    said = edition.statements[edition.statements["subject"].eq(subject)]
    rows = records(said.sort_values(["period", "comparator"], kind="stable"))
    if not rows:
        return Text(())
    parts: list[str | Claim] = [" The report calls it, without figures, "]
    for place, row in enumerate(rows):
        parts.append("" if place == 0 else " and " if place == len(rows) - 1 else ", ")
        other = row["comparator"] if row["comparator"] == "England" else row["comparator"].lower()
        than = "as" if row["direction"] == "level" else "than"
        parts.append(f"{DIRECTION_WORDS[row['direction']]} {than} {other}")
        if row["period"][:1].isdigit():
            source = {**row, "fact_id": _statement_id(row)}
            parts += [" in ", claim(row["period"], [source], unit="label")]
    return Text(tuple(part for part in (*parts, ".") if part))


@of_report
def unknown(edition: Edition) -> Block:
    """Say what the report leaves unknown."""
    # who lives in the county is no matter of a service's doing
    compared = edition.comparisons.query("kind == 'area'")
    themes = compared["indicator"].map(lambda name: edition.indicator(name).theme)
    compared = compared[themes != "context"]
    without_base = [
        edition.by_id(fact_id)
        for fact_id in dict.fromkeys([*compared["fact_id"], *compared["benchmark_id"]])
    ]
    in_words = [
        {**row, "fact_id": _statement_id(row)}
        for row in records(edition.statements)
        if row["direction"] != "level"
    ]
    texts = []
    if without_base:
        texts.append(
            say(
                "Whether the {number} differences of services from a comparator are more than "
                "chance: the report does not say what number of children the percentages are of.",
                number=claim(
                    len(compared),
                    without_base,
                    unit="count",
                    calculation="number of comparisons without a base",
                ),
            )
        )
    if in_words:
        texts.append(
            say(
                "How large {number} more differences are: the report states them in words alone.",
                number=count_claim(in_words, "comparisons without a figure"),
            )
        )
    conflicts = edition.checks[edition.checks["result"].eq("disagrees")]
    if not conflicts.empty:
        names = [str(subject) for subject in conflicts["subject"]]
        texts.append(
            say(
                "Which is right, or what each counts, where the report disagrees with itself: "
                "{names}.",
                names=named("; ".join(name[0].lower() + name[1:] for name in names)),
            )
        )
    if not texts:
        return Block(say("Nothing of what was looked for is left unknown.").markdown)
    return Block("\n".join(f"- {text.markdown}" for text in texts) + "\n", bullets(*texts).claims)


def _statement_id(row: Row) -> str:
    words = f"{row['subject']} {row['comparator']} {row['period']}"
    return f"{row['source_id']}.statement.{'-'.join(words.casefold().split())}"


@of_report
def changed(edition: Edition, earlier: Edition | None = None) -> Block:
    """Say which figures moved since an earlier edition.

    Parameters
    ----------
    edition : Edition
        The tables.
    earlier : Edition, optional
        The edition before, where there is one.
    """
    if earlier is None:
        text = say(
            "This is the first edition for {authority}, so nothing can be said of change since "
            "an earlier one.",
            authority=edition.authority,
        )
        return Block(text.markdown)
    texts = []
    for name, indicator in load_indicators().items():
        now, then = (
            [row for row in each.rows(name) if row["qualifier"] == "exact"]
            for each in (edition, earlier)
        )
        if len(now) == len(then) == 1 and now[0]["value"] != then[0]["value"]:
            texts.append(
                say(
                    "{short}: {now}, earlier {then}.",
                    short=named(indicator.short),
                    now=fact_claim(now[0]),
                    then=fact_claim(then[0]),
                )
            )
    if not texts:
        text = say("No figure that both editions give has moved.")
        return Block(text.markdown)
    # places in an earlier report have no row in this briefing to link to
    lines = [f"- {text.markdown}" for text in texts]
    return Block("\n".join(lines) + "\n", bullets(*texts).claims)


@of_report
def questions(edition: Edition) -> Block:
    """List what a councillor should ask, beside the figure that raises it."""
    lines, claims = [], list[Claim]()
    for name, indicator in load_indicators().items():
        ours = edition.facts["area_name"].eq(edition.authority)
        groups = edition.facts.loc[ours & edition.facts["indicator"].eq(name), "group"]
        if not indicator.question or groups.empty:
            continue
        group = "all" if groups.eq("all").any() else groups.iloc[0]
        figure = edition.claim(name, group)
        text = say("{short}, {figure}", short=named(indicator.short), figure=figure)
        theme, question = escape(indicator.theme.capitalize()), escape(indicator.question)
        lines.append(f"- **{theme}.** {text.cited}: {question}")
        claims += text.claims
    return Block("\n".join(lines) + "\n", tuple(dict.fromkeys(claims)))
