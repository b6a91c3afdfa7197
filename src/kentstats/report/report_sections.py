"""What the ``sections.yml`` of a report asks for: its key figures and its topics."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from string import Formatter

import pandas as pd
from matplotlib.axes import Axes

from kentstats.charts import bars as bar_charts
from kentstats.charts import drawing
from kentstats.indicators import load_indicators
from kentstats.ingest.report_settings import (
    PERIOD_OF,
    Chart,
    Figure,
    Ground,
    Measure,
    StackedBars,
    Topic,
)
from kentstats.report.blocks import Block, bullets, paragraphs, stack, table
from kentstats.report.claims import Claim, claim, escape, fact_claim
from kentstats.report.context import Briefing
from kentstats.report.figures import chart as set_chart
from kentstats.report.sentences import Text, comparison, named, say, share
from kentstats.schemas import DIRECTION_WORDS, Row, records

# key figures


def key_figures(brief: Briefing) -> pd.DataFrame:
    """Return the figures that the report's ``sections.yml`` names, one row each.

    ``listed`` says as what they are named, ``encouraging`` or ``of concern``,
    and ``favourable`` whether the report bears it out.
    """
    sections = brief.settings.sections
    named_as = {"encouraging": sections.encouraging, "of concern": sections.of_concern}
    rows = [
        (measure, listed, favourable(brief, measure))
        for listed, measures in named_as.items()
        for measure in measures
    ]
    return pd.DataFrame(rows, columns=["measure", "listed", "favourable"], dtype=object)


def favourable(brief: Briefing, measure: str) -> bool | None:
    """Tell whether a figure of the report speaks for the authority; None if nothing says so.

    By its own comparison and polarity; else by its ground in ``sections.yml``:
    what the report says of its latest comparison in words, where more is
    better, or the grade of the judgement it belongs to, good or better against
    inadequate.
    """
    compared = brief.report_comparisons[brief.report_comparisons["indicator"].eq(measure)]
    if not compared.empty:
        good = {"high": "above", "low": "below"}.get(load_indicators()[measure].polarity)
        directions = set(compared["direction"])
        settled = good is not None and len(directions) == 1 and "level" not in directions
        return directions == {good} if settled else None
    ground = _ground(brief, measure)
    if ground is None:
        return None
    if ground.statement:
        said = _statements(brief, ground)
        directions = set(said[said["period"].eq(said["period"].max())]["direction"]) - {"level"}
        return directions == {"above"} if len(directions) == 1 else None
    judged = brief.judgements.query("service == @ground.service")
    grades = set(judged.loc[judged["judgement"].eq(ground.judgement), "grade"])
    return True if grades and grades <= {1, 2} else False if grades == {4} else None


def _ground(brief: Briefing, measure: str) -> Ground | None:
    grounds = {ground.figure: ground for ground in brief.settings.sections.grounds}
    return grounds.get(Measure(measure))


def _statements(brief: Briefing, ground: Ground) -> pd.DataFrame:
    return brief.statements[brief.statements["subject"].eq(ground.statement)]


def key_figure_list(brief: Briefing, key_figures: pd.DataFrame, *, good: bool) -> Block | None:
    """List key figures, each with what may be said of it; what the report lacks is left out."""
    listed = key_figures[key_figures["listed"].eq("encouraging" if good else "of concern")]
    if listed.empty:
        return None
    measures = [row["measure"] for row in records(listed) if row["favourable"] is good]
    given = [text for measure in measures if (text := _key_figure(brief, measure))]
    if not given:
        return paragraphs(say("No figure of those looked at bears this out."))
    return bullets(*given)


def _key_figure(brief: Briefing, measure: str) -> Text | None:
    for row in records(brief.shares[brief.shares["share_id"].eq(measure)]):
        text = share(row, brief.parents(row), brief.confidence)
        return say("{short}: {share}.", short=named(row["short"]), share=text)
    if measure not in load_indicators():  # a share whose figures are not there
        return None
    short = named(load_indicators()[measure].short)
    compared = brief.report_comparisons[brief.report_comparisons["indicator"].eq(measure)]
    if not compared.empty:
        # the country is the comparator that everyone knows
        codes = compared["benchmark_id"].str.endswith("E92000001")
        row = records(compared[codes] if codes.any() else compared)[0]
        text = comparison(row, brief.fact(row["fact_id"]), brief.fact(row["benchmark_id"]))
        return say("{short}: {text}", short=short, text=text)
    made = brief.claim(measure)
    if made is None:
        return None
    text = say("{short}: {figure}.", short=short, figure=made)
    return Text((*text.parts, *_in_words(brief, _ground(brief, measure))))


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
            parts += [" in ", claim(row["period"], [statement_row(row)], unit="label")]
    return [*parts, "."] if parts else []


def statement_row(statement: Row) -> Row:
    """Give a comparison in words an id by which claims refer to it."""
    words = f"{statement['subject']} {statement['comparator']} {statement['period']}"
    name = "-".join(words.casefold().split())
    return {**statement, "fact_id": f"{statement['source_id']}.statement.{name}"}


# topics


def topics(brief: Briefing, facts: pd.DataFrame) -> Block | None:
    """Show the topics of a report, each below its heading.

    What the facts lack is left out: a bar, a row, a chart whose title names it, a topic.
    """
    chosen = replace(brief, facts=facts)
    blocks: list[Block | None] = []
    for topic in brief.settings.sections.topics:
        shown = stack(*_chart(chosen, topic), _figure_table(chosen, topic))
        blocks += [Block(f"# {escape(topic.title)}") + shown] if shown else []
    return stack(*blocks)


def _figure_table(brief: Briefing, topic: Topic) -> Block | None:
    """Set the authority's figures of a topic as a table, those of one indicator together."""
    ours = brief.facts[brief.facts["area_name"].eq(brief.authority)]
    rows = [
        (fact["description"], fact_claim(fact), fact["period"], fact["locator"])
        for indicator in topic.figures
        for fact in records(ours[ours["indicator"].eq(indicator)])
    ]
    if not rows:
        return None
    return table(
        ["What", "Figure", "When", "Place"],
        rows,
        caption=_filled(brief, topic.caption) or named(topic.title),
        label=topic.label,
        widths=[46, 18, 20, 16],
    )


def _chart(brief: Briefing, topic: Topic) -> list[Block | None]:
    """Draw the chart of a topic, if it has one; stacked bars have a table as well."""
    if topic.stacked_bars:
        return _stacked_bars(brief, topic.stacked_bars, topic.label)
    if topic.bars:
        named_bars = [(bar.name, brief.claim(*astuple(bar.figure))) for bar in topic.bars.bars]
        bars = [(textwrap.fill(name, 30), made) for name, made in named_bars if made]
        rows = [(name, made.value, made.shown) for name, made in bars]
        data = pd.DataFrame(rows, columns=["name", "value", "label"])
        claims = [made for _, made in bars]
        chart = _headed(
            brief, topic.bars, bar_charts.count_bars, data, topic.label, claims, left=2.1
        )
        return [chart]
    if topic.waffle and (made := brief.claim(*astuple(topic.waffle.figure))):
        value = float(made.value)
        chart = _headed(
            brief, topic.waffle, bar_charts.waffle, value, topic.label, [made], left=0.1
        )
        return [chart]
    return []


def _stacked_bars(brief: Briefing, chart: StackedBars, label: str) -> list[Block | None]:
    bars = _divided(brief, chart)
    if not bars:
        return []
    rows = []
    for name, *parts, whole in bars:
        *lines, last = textwrap.wrap(name, 20)
        # a short name has its number below it, a long one beside its last line
        lines += [f"{last} ({whole.shown})"] if lines else [last, f"({whole.shown})"]
        for kind, made in zip((chart.part, chart.rest), parts, strict=True):
            share = 100 * float(made.value) / float(whole.value)
            rows.append(("\n".join(lines), kind, share, made.shown))
    data = pd.DataFrame(rows, columns=["whole", "part", "share", "label"])
    claims = [made for _, *numbers in bars for made in numbers]
    columns = [chart.part, chart.rest, "Together"]
    return [
        _headed(brief, chart, bar_charts.composition_bars, data, label, claims, left=1.75),
        table(
            ["Group", *columns],
            bars,
            caption=say(chart.table),
            label=chart.table_label,
            widths=[40, 25, 17, 18],
            right=columns,
        ),
    ]


def _divided(brief: Briefing, chart: StackedBars) -> list[tuple[str, Claim, Claim, Claim]]:
    """List the groups of a chart with their part, the rest, and both together."""
    found = []
    for bar in chart.bars:
        parents = [row for each in (bar.part, bar.whole) for row in brief.rows(*astuple(each))[:1]]
        if len(parents) < 2 or not 0 < parents[1]["value"] >= parents[0]["value"]:
            continue
        part, whole = map(fact_claim, parents)
        calculation = f"all less those {chart.part[0].lower()}{chart.part[1:]}"
        left = parents[1]["value"] - parents[0]["value"]
        rest = claim(left, parents, unit="count", calculation=calculation)
        found.append((bar.name, part, rest, whole))
    return found


def _headed(
    brief: Briefing,
    chart: Chart,
    draw: Callable[..., Axes],
    data: object,
    label: str,
    claims: Sequence[Claim],
    *,
    left: float,
) -> Block | None:
    """Draw a chart with its texts; None where a figure that it needs is not there."""
    if not claims:
        return None
    title, subtitle, caption = (
        _filled(brief, text) for text in (chart.title, chart.subtitle, chart.caption)
    )
    alt = title and _filled(brief, chart.alt, title=title)
    if not (title and subtitle and caption and alt):
        return None
    return set_chart(
        draw(data, ax=drawing.new_axes()),
        title=title,
        subtitle=subtitle,
        source=brief.source_line,
        left=left,
        caption=caption,
        alt=alt,
        label=label,
        claims=[*claims, *title.claims, *subtitle.claims],
    )


def _filled(brief: Briefing, template: str, **slots: Claim | Text | str) -> Text | None:
    """Fill the slots of a text; None where a figure that it names is not there."""
    slots["authority"] = brief.authority
    for _, slot, _, _ in Formatter().parse(template):
        if slot is None or slot in slots:
            continue
        key = Figure.parse(slot.removeprefix(PERIOD_OF))
        made = brief.claim(*astuple(key))
        if made is None:
            return None
        if slot.startswith(PERIOD_OF):
            [row, *_] = brief.rows(*astuple(key))
            made = claim(row["period"], [row], unit="label")
        slots[slot] = made
    return say(template, **slots)
