"""The first page, from official statistics: how the authority stands."""

from __future__ import annotations

from kentstats.indicators import load_indicators
from kentstats.report.blocks import Block, bullets
from kentstats.report.claims import Claim, claim, escape
from kentstats.report.context import Edition, count_claim
from kentstats.report.official import (
    SURE,
    against,
    benchmark,
    facts_of,
    figure,
    has_figure,
    numbers,
    short,
    worse_first,
)
from kentstats.report.section import section
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import Row
from kentstats.stats.verdicts import expected_by_chance

MOST = 3
"""How many measures stand out on the first page, for better and for worse."""


@section
def summary(edition: Edition) -> Block | None:
    """Say how many measures differ from England, and how many would by chance."""
    if edition.standing is None:
        return None
    facts = facts_of(edition)
    rows = list(against(edition, "england").values())
    if not rows:
        text = say(
            "Official statistics give no figure for {authority}.", authority=edition.authority
        )
        return Block(text.markdown)
    tested = [row for row in rows if row["verdict"] != "not compared"]

    def count(name: str, *verdicts: str) -> Claim:
        chosen = [row for row in tested if row["verdict"] in verdicts]
        return _number(edition, chosen, f"measures that are {name}", facts)

    given = [row for row in facts.values() if has_figure(row)]
    if not tested:
        text = say(
            "Official statistics give {given} measures for {authority}. None of them can be tested "
            "against England: figures are withheld or have no base.",
            given=count_claim(given, "measures with a figure") if given else "no",
            authority=edition.authority,
        )
        return Block(text.markdown, text.claims)
    text = say(
        "Official statistics give {given} measures for {authority}; {tested} of them can be tested "
        "against England. Verdicts: {better} better, {worse} worse, {other} higher or lower where "
        "neither is good, {similar} that cannot be told apart. Were nothing different, about "
        "{chance} of {again} would seem so by chance alone.",
        given=count_claim(given, "measures with a figure"),
        authority=edition.authority,
        tested=_number(edition, tested, "measures tested against England", facts),
        better=count("better", "better"),
        worse=count("worse", "worse"),
        other=count("higher or lower", "higher", "lower"),
        similar=count("similar", "similar"),
        chance=chance(edition, tested, facts),
        again=_number(edition, tested, "measures tested against England", facts),
    )
    return Block(text.markdown, text.claims)


def chance(edition: Edition, tested: list[Row], facts: dict[tuple[str, str], Row]) -> Claim:
    """Make the claim of how many comparisons chance alone would call different."""
    value = float(expected_by_chance(len(tested), confidence=edition.confidence))
    return claim(
        value,
        [facts[row["indicator"], row["group"]] for row in tested],
        unit="count",
        decimals=1,
        calculation=f"{len(tested)} × (1 − {edition.confidence:g})",
    )


def _number(
    edition: Edition, rows: list[Row], what: str, facts: dict[tuple[str, str], Row]
) -> Claim:
    parents = [facts[row["indicator"], row["group"]] for row in rows]
    nothing = [{"fact_id": f"{edition.name}.figures", "locator": "all figures of the edition"}]
    return claim(len(rows), parents or nothing, unit="count", calculation=f"number of {what}")


@section
def stands_out(edition: Edition, *, good: bool) -> Block | None:
    """List the measures that are surest to be better, or worse, than England's.

    Parameters
    ----------
    edition : Edition
        The tables.
    good : bool
        Whether those that are better or those that are worse.

    Returns
    -------
    Block or None
        At most :data:`MOST`; None without official statistics.
    """
    if edition.standing is None:
        return None
    verdict = "better" if good else "worse"
    rows = worse_first(list(against(edition, "england").values()), verdict)
    if not rows:
        text = say(
            "No measure of official statistics that can be tested is {verdict} than England’s.",
            verdict=verdict,
        )
        return Block(text.markdown)
    facts = facts_of(edition)
    texts = [_sentence(edition, row, facts[row["indicator"], row["group"]]) for row in rows[:MOST]]
    lines = "In official statistics:\n\n" if edition.source else ""
    lines += "".join(f"- {text.markdown}\n" for text in texts)
    claims = bullets(*texts).claims
    if len(rows) > MOST:
        more = say(
            "{number} more came out {verdict}; the table of comparisons has them all.",
            number=_number(edition, rows[MOST:], f"more measures that are {verdict}", facts),
            verdict=verdict,
        )
        lines += f"\n{more.markdown}\n"
        claims += more.claims
    return Block(lines, tuple(dict.fromkeys(claims)))


def _sentence(edition: Edition, row: Row, fact: Row) -> Text:
    behind = numbers(fact)
    ours = figure(fact)
    figures = say("{ours} ({behind})", ours=ours, behind=behind) if behind.parts else Text((ours,))
    return say(
        "{short}: {figures}, against {theirs} for England: {verdict}, at {level} confidence.",
        short=short(row),
        figures=figures,
        theirs=benchmark(edition, row),
        verdict=row["verdict"],
        level=setting(row["level"], "level of confidence"),
    )


@section
def unknown(edition: Edition) -> Block | None:
    """Say what official statistics leave unknown of this authority."""
    if edition.standing is None:
        return None
    facts = facts_of(edition)
    england = facts_of(edition, edition.official.country)
    texts: list[Text] = []
    if edition.source is None and not edition.official.has_judgements:
        texts.append(
            say(
                "What inspectors judged: this edition has no inspection of {authority}.",
                authority=edition.authority,
            )
        )
    joined = edition.official.combined()
    for area in joined:
        theirs = _facts_of(edition, area.code)
        names = [load_indicators()[row["indicator"]].short for row in theirs]
        texts.append(
            say(
                "{authority} by itself, for {measures}: the publisher counts {both} together.",
                authority=edition.authority,
                measures=named(_joined(names)),
                both=named(area.name),
            )
        )
    covered = {row["indicator"] for area in joined for row in _facts_of(edition, area.code)}
    withheld = [
        row
        for row in facts.values()
        if not has_figure(row) and row["status"] in {"suppressed", "unreliable"}
    ]
    absent = [
        row
        for key, row in england.items()
        if has_figure(row)
        and row["indicator"] not in covered
        and (key not in facts or (not has_figure(facts[key]) and facts[key] not in withheld))
    ]
    if withheld:
        texts.append(
            say(
                "What the publisher withholds, to protect people or as unreliable ({number}): "
                "{names}.",
                number=count_claim(withheld, "figures withheld"),
                names=named(_names(withheld)),
            )
        )
    if absent:
        texts.append(
            say(
                "What is given for England and not for {authority} ({number}): {names}.",
                number=count_claim(absent, "figures that the authority lacks"),
                authority=edition.authority,
                names=named(_names(absent)),
            )
        )
    texts += _untested(edition, facts)
    if not edition.official.neighbour_list:
        texts.append(
            say(
                "How {authority} compares with its statistical neighbours: no list of them covers "
                "the year.",
                authority=edition.authority,
            )
        )
    elif not edition.official.neighbours():
        texts.append(
            say("Which its statistical neighbours are: the list of the year does not have it.")
        )
    if not texts:
        return None
    lines = "".join(f"- {text.markdown}\n" for text in texts)
    return Block(lines, bullets(*texts).claims)


def _untested(edition: Edition, facts: dict[tuple[str, str], Row]) -> list[Text]:
    """Say what has a figure and no verdict against England, for each reason."""
    found: dict[str, list[Row]] = {}
    for key, row in against(edition, "england").items():
        counted = load_indicators()[row["indicator"]].unit == "count"
        if row["verdict"] == "not compared" and has_figure(facts[key]) and not counted:
            found.setdefault(str(row["reason"]), []).append(row)
    return [
        say(
            "What cannot be tested against England, since {reason} ({number}): {names}.",
            reason=reason,
            number=_number(edition, rows, "measures that cannot be tested", facts),
            names=named(_names(rows)),
        )
        for reason, rows in found.items()
    ]


def _facts_of(edition: Edition, code: str) -> list[Row]:
    return list(facts_of(edition, code).values())


def _names(rows: list[Row]) -> str:
    return _joined([short(row).plain for row in rows])


def _joined(names: list[str]) -> str:
    kept = ("English", "GCSE")
    lowered = [name if name.startswith(kept) else name[0].lower() + name[1:] for name in names]
    return "; ".join(dict.fromkeys(lowered))


@section
def changed(edition: Edition) -> Block | None:
    """Say which measures have a trend over five years."""
    if edition.standing is None:
        return None
    trends = edition.official.trends()
    found = [row for row in trends.values() if row["direction"] not in {"not calculated"}]
    if not found and edition.source:
        return None  # that it is the first edition has been said
    if not found:
        text = say(
            "Official statistics here give fewer than five years of any measure, so no recent "
            "trend is calculated."
        )
        return Block(text.markdown)
    facts = facts_of(edition)
    texts = []
    for words, sentence in (
        ("getting better", "Getting better over five years: {names}."),
        ("getting worse", "Getting worse over five years: {names}."),
        ("increasing", "Rising, where neither is good: {names}."),
        ("decreasing", "Falling, where neither is good: {names}."),
    ):
        rows = [row for row in found if row["words"] == words]
        if rows:
            texts.append(say(sentence, names=_with_figures(rows, facts)))
    still = [row for row in found if row["direction"] == "no significant change"]
    if still:
        texts.append(
            say(
                "No change beyond chance in {number} more. For the others there are fewer than "
                "five years, or no base.",
                number=_number(
                    edition,
                    [r for r in still if (r["indicator"], r["group"]) in facts],
                    "measures without a significant trend",
                    facts,
                ),
            )
        )
    return Block("".join(f"- {text.markdown}\n" for text in texts), bullets(*texts).claims)


def _with_figures(rows: list[Row], facts: dict[tuple[str, str], Row]) -> Text:
    parts: list[str | Claim] = []
    for row in rows:
        fact = facts.get((row["indicator"], row["group"]))
        name = short(row).plain
        parts.append(("; " if parts else "") + name)
        if fact is not None and has_figure(fact):
            parts += [", now ", figure(fact)]
    return Text(tuple(parts))


@section
def questions(edition: Edition, *, most: int = 6) -> Block | None:
    """List what to ask: of measures that are worse, or getting worse, first."""
    if edition.standing is None:
        return None
    facts = facts_of(edition)
    rows = list(against(edition, "england").values())
    chosen = worse_first(rows, "worse")
    worse = {(row["indicator"], row["group"]) for row in chosen}
    trends = edition.official.trends().values()
    sliding = [row for row in trends if row["words"] == "getting worse"]
    chosen += [row for row in sliding if (row["indicator"], row["group"]) not in worse]
    asked = {(row["indicator"], row["group"]) for row in chosen}
    chosen += [
        row
        for verdict in SURE[2:]
        for row in worse_first(rows, verdict)
        if (row["indicator"], row["group"]) not in asked
    ]
    lines, claims = list[str](), list[Claim]()
    # what a figure of the report raises is asked there
    seen = {one.question for one in load_indicators().values() if edition.has(one.id)}
    for row in chosen:
        indicator = load_indicators()[row["indicator"]]
        fact = facts.get((row["indicator"], row["group"]))
        asked_already = not indicator.question or indicator.question in seen
        if asked_already or fact is None or not has_figure(fact):
            continue
        seen.add(indicator.question)
        text = say("{short}, {figure}", short=short(row), figure=figure(fact))
        theme = escape(indicator.theme.capitalize())
        lines.append(f"- **{theme}.** {text.markdown}: {escape(indicator.question)}")
        claims += text.claims
        if len(lines) == most:
            break
    if not lines:
        return None
    return Block("\n".join(lines) + "\n", tuple(dict.fromkeys(claims)))
