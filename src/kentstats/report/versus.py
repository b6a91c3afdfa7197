"""The authority against England, its region, its type and its neighbours."""

from __future__ import annotations

from kentstats.charts import benchmark_charts, charts
from kentstats.indicators import load_indicators
from kentstats.report.blocks import Block, Cell, table
from kentstats.report.blocks import figure as block_figure
from kentstats.report.claims import Claim, claim
from kentstats.report.context import Edition, count_claim
from kentstats.report.official import (
    SURE,
    against,
    benchmark,
    cell,
    comparator_name,
    facts_of,
    figure,
    has_figure,
    heading,
    label,
    limit,
    numbers,
    ordered,
    period,
    word,
)
from kentstats.report.section import section
from kentstats.report.sentences import Text, named, say, setting
from kentstats.schemas import SCALE, Row
from kentstats.stats.places import neighbour_source
from kentstats.stats.ranks import positions
from kentstats.stats.verdicts import holm, poisson_p, score_p


@section
def spine(edition: Edition) -> Block | None:
    """Draw every measure that can be tested about England's figure, better to the right."""
    import pandas as pd

    if edition.standing is None:
        return None
    england = facts_of(edition, edition.official.country)
    facts = facts_of(edition)
    rows, claims = [], list[Claim]()
    compared = against(edition, "england")
    for row in ordered(list(compared.values())):
        key = (row["indicator"], row["group"])
        indicator = load_indicators()[row["indicator"]]
        if row["verdict"] == "not compared":
            continue
        ours, theirs = facts[key], england[key]
        places = _places(edition, row, float(theirs["estimate"]), indicator.polarity)
        if places is None:
            continue
        made, against_claim = figure(ours, bare=True), figure(theirs, bare=True)
        claims += [made, against_claim]
        rows.append(
            (
                indicator.theme.capitalize(),
                label(indicator, str(row["group"])),
                *places,
                row["verdict"],
                made.shown,
                against_claim.shown,
            )
        )
    if not rows:
        return None
    data = pd.DataFrame(
        rows,
        columns=[
            "theme",
            "measure",
            "position",
            "worst",
            "low",
            "high",
            "best",
            "verdict",
            "label",
            "benchmark_label",
        ],
    )
    tested = [row for row in compared.values() if row["verdict"] != "not compared"]
    counts = {
        name: count_claim(
            [facts[row["indicator"], row["group"]] for row in chosen], f"measures {name}"
        )
        for name in ("better", "worse")
        if (chosen := [row for row in tested if row["verdict"] == name])
    }
    title = say(
        "{authority} against England: {better} better, {worse} worse",
        authority=edition.authority,
        better=counts.get("better", "none"),
        worse=counts.get("worse", "none"),
    )
    drawn = charts.headed(
        benchmark_charts.spine(
            data,
            ours=heading(edition),
            ends=("worse or lower", "better or higher"),
        ),
        title=title.plain,
        subtitle=(
            f"{edition.authority} among all authorities, measures that can be tested, latest period"
        ),
        source="Source: Department for Education; each measure’s source is in the last table",
        left=benchmark_charts.SPINE_LEFT,
    )
    caption = say(
        "The line in the middle is England. The light bar reaches from the worst authority to the "
        "best, the dark bar holds the middle half. Where neither high nor low is good, high is to "
        "the right. Measures without a base cannot be tested and are in the table below."
    )
    alt = say(
        "Spine chart of measures against England, {number} in number. {title}.",
        number=count_claim(
            [facts[row["indicator"], row["group"]] for row in tested], "measures tested"
        ),
        title=title,
    )
    return block_figure(
        drawn, caption=caption, alt=alt, label="spine", claims=[*claims, *counts.values()]
    )


def _places(
    edition: Edition, row: Row, centre: float, polarity: str
) -> tuple[float, float, float, float, float] | None:
    """Place the figure, the ends and the quartiles of all authorities on the spine."""
    spread = edition.official.distribution(row["indicator"], str(row["group"]))
    if spread is None:
        return None
    least, low, high, most = spread
    worst, best = (most, least) if polarity == "low" else (least, most)
    placed = [
        float(positions(value, centre, polarity=polarity, best=best, worst=worst))
        for value in (row["estimate"], worst, low, high, best)
    ]
    position, at_worst, one, other, at_best = placed
    return position, at_worst, min(one, other), max(one, other), at_best


@section
def england_table(edition: Edition) -> Block | None:
    """Set every measure beside England's, with interval and verdict."""
    if edition.standing is None:
        return None
    facts = facts_of(edition)
    england = facts_of(edition, edition.official.country)
    compared = against(edition, "england")
    rows: list[list[Cell]] = []
    for fact in ordered(list(facts.values())):
        key = (fact["indicator"], fact["group"])
        row = compared[key]
        tested = row["lower"] == row["lower"] and has_figure(fact)
        rows.append(
            [
                named(label(load_indicators()[fact["indicator"]], str(fact["group"]))),
                cell(fact),
                cell(england.get(key)),
                word(row) if has_figure(fact) else "–",
                say("{low} to {high}", low=limit(fact, "lower"), high=limit(fact, "upper"))
                if tested
                else "–",
                numbers(fact) if tested else "–",
                period(fact),
            ]
        )
    made = table(
        ["Measure", heading(edition), "England", "Verdict", "Interval", "Numbers", "Period"],
        rows,
        caption=say(
            "Every measure against England, with {level} confidence intervals",
            level=setting(edition.confidence, "confidence"),
        ),
        label="england",
        widths=[25, 10, 10, 17, 18, 15, 10],
    )
    return made + _reading(edition, compared)


def _reading(edition: Edition, compared: dict[tuple[str, str], Row]) -> Block:
    """Say how to read the verdicts, and how many chance alone would make."""
    from kentstats.report.standing import chance

    facts = facts_of(edition)
    tested = [row for row in compared.values() if row["verdict"] != "not compared"]
    text = say(
        "A verdict is given where the interval leaves England’s figure out, all of its rounding "
        "with it; the percentage behind it is the surest level at which it holds. “Similar” means "
        "that the two cannot be told apart, not that they are equal. “Not tested” stands where the "
        "source gives no base, so that no interval can be drawn, or one below ten. England’s "
        "figure has the authority in it."
    )
    if not tested:
        return Block(text.markdown)
    number = count_claim(
        [facts[row["indicator"], row["group"]] for row in tested], "measures tested"
    )
    more = say(
        " Of the {number} tested, about {chance} would seem different by chance alone; allowing "
        "for that many tests, {still} still differ.",
        number=number,
        chance=chance(edition, tested, facts),
        still=_surviving(edition, tested, facts),
    )
    both = Text((*text.parts, *more.parts))
    return Block(both.markdown, both.claims)


def _surviving(edition: Edition, tested: list[Row], facts: dict[tuple[str, str], Row]) -> Claim:
    """Count the differences that remain when all tests are taken as one family."""
    p_values = []
    for row in tested:
        fact = facts[row["indicator"], row["group"]]
        share = float(row["benchmark"]) / SCALE[str(fact["unit"])]
        count, base = float(fact["numerator"]), float(fact["denominator"])
        if load_indicators()[row["indicator"]].model == "proportion":
            p_values.append(float(score_p(count, base, min(max(share, 0.0), 1.0))))
        else:
            p_values.append(float(poisson_p(count, base * share)))
    adjusted = holm(p_values)
    return claim(
        int((adjusted < 1 - edition.confidence).sum()),
        [facts[row["indicator"], row["group"]] for row in tested],
        unit="count",
        calculation=f"p values of {len(tested)} tests adjusted after Holm",
    )


@section
def others_table(edition: Edition) -> Block | None:
    """Set every measure beside the region, the type and the neighbours."""
    if edition.standing is None:
        return None
    facts = facts_of(edition)
    near = bool(edition.official.neighbours())
    names = ["region", "type", *(["neighbours"] if near else [])]
    rows: list[list[Cell]] = []
    sensitive: list[Row] = []
    for fact in ordered([fact for fact in facts.values() if has_figure(fact)]):
        key = (fact["indicator"], fact["group"])
        if load_indicators()[fact["indicator"]].unit == "count":
            continue
        cells: list[Cell] = [
            named(label(load_indicators()[fact["indicator"]], str(fact["group"]))),
            cell(fact),
        ]
        for name in names:
            row = edition.official.comparison(*key, name)
            if row is None or row["benchmark"] != row["benchmark"]:
                cells.append("no figure")
                continue
            mark = "*" if row["sensitive"] else ""
            if row["sensitive"]:
                sensitive.append(fact)
            cells.append(
                say(
                    "{theirs}: {word}{mark}",
                    theirs=benchmark(edition, row, bare=True),
                    word=word(row, "†"),
                    mark=mark,
                )
            )
        rows.append(cells)
    if not rows:
        return None
    heads = {"region": "Region", "type": "Same type", "neighbours": "Neighbours"}
    made = table(
        ["Measure", heading(edition), *(heads[name] for name in names)],
        rows,
        caption=say(
            "Every measure against {region}, {type} and {near}",
            region=comparator_name(edition, "region"),
            type=comparator_name(edition, "type"),
            near=comparator_name(edition, "neighbours") if near else "no list of neighbours",
        )
        if near
        else say(
            "Every measure against {region} and {type}",
            region=comparator_name(edition, "region"),
            type=comparator_name(edition, "type"),
        ),
        label="others",
        widths=[28, 12, *[20] * len(names)],
    )
    return made + Block(*_neighbour_notes(edition, sensitive))


def _neighbour_notes(edition: Edition, sensitive: list[Row]) -> tuple[str, tuple[Claim, ...]]:
    texts = [
        say(
            "The region’s figure is the published one. That of {type} is pooled: the sum of their "
            "counts over the sum of their bases, {authority} left out; where no base is published "
            "it is the mean of their figures, each counting the same. “No figure” stands where "
            "fewer than nine in ten of them have one: small numbers are withheld, and those left "
            "would lie too high. A dagger marks what is not tested: there is no base, or one below "
            "ten.",
            type=comparator_name(edition, "type"),
            authority=edition.authority,
        )
    ]
    listed = edition.official.neighbour_list
    near = edition.official.neighbours()
    if near:
        names = [name for name in near.values() if name]
        source = edition.official.source(neighbour_source(listed))
        parent = {"fact_id": source.id, "locator": f"{source.file}, row of {edition.authority}"}
        texts.append(
            say(
                "The statistical neighbours are those of the department’s list of {listed}, the "
                "closest first: {names}. Their figure is pooled in the same way.",
                listed=claim(listed, [parent], unit="label", shown=_month(listed)),
                names=named("; ".join(names)),
            )
        )
        if sensitive:
            texts.append(
                say(
                    "Where an asterisk stands ({number}), the verdict depends on how the "
                    "neighbours are summed up: pooled, their mean and their median do not agree.",
                    number=count_claim(sensitive, "verdicts that depend on the summary"),
                )
            )
        else:
            texts.append(
                say(
                    "No verdict depends on whether neighbours are pooled, or their mean or "
                    "median is taken."
                )
            )
    claims = tuple(dict.fromkeys(made for text in texts for made in text.claims))
    return " ".join(text.markdown for text in texts), claims


def _month(text: str) -> str:
    import datetime as dt

    return f"{dt.date(int(text[:4]), int(text[5:]), 1):%B %Y}"


@section
def heat(edition: Edition, *, most: int = 20) -> Block | None:
    """Draw the authority and its neighbours, each against England, as a table."""
    import pandas as pd

    names = edition.official.neighbours() if edition.standing else {}
    if not names:
        return None
    own = against(edition, "england")
    mine = [
        fact
        for fact in ordered(list(facts_of(edition).values()))
        if own[fact["indicator"], fact["group"]]["verdict"] != "not compared"
    ][:most]
    if not mine:
        return None
    rows, claims = [], list[Claim]()
    for fact in mine:
        series = (fact["indicator"], fact["group"])
        ours = (edition.area.code, fact, own[series]["verdict"])
        for code, other, verdict in [ours, *edition.official.neighbour_figures(*series)]:
            made = figure(other, bare=True) if has_figure(other) and other else None
            claims += [made] if made else []
            rows.append(
                (
                    label(load_indicators()[fact["indicator"]], str(fact["group"])),
                    edition.authority if other is fact else names[code] or code,
                    made.shown if made else "–",
                    verdict,
                )
            )
    data = pd.DataFrame(rows, columns=["measure", "area", "label", "word"])
    differ = [f for f in mine if own[f["indicator"], f["group"]]["verdict"] in SURE]
    title = say(
        "{authority} beside its neighbours: {number} of {all} differ from England",
        authority=edition.authority if len(edition.authority.split()) < 3 else "The authority",
        number=count_claim(differ, "measures that differ from England") if differ else "none",
        all=count_claim(mine, "measures shown"),
    )
    drawn = charts.headed(
        benchmark_charts.heat_table(data),
        title=title.plain,
        subtitle="Each authority against England; measures that can be tested",
        source="Source: Department for Education; each measure’s source is in the last table",
        left=benchmark_charts.TABLE_LEFT,
    )
    caption = say(
        "{authority} first, then its statistical neighbours, the closest first. The word in each "
        "cell is the verdict against England.",
        authority=edition.authority,
    )
    alt = say(
        "Table of {authority} and its statistical neighbours by measure, with the verdict against "
        "England in words. {title}.",
        authority=edition.authority,
        title=title,
    )
    return block_figure(drawn, caption=caption, alt=alt, label="neighbours", claims=claims)
