"""The topics of a report: charts and tables of figures that its ``sections.yml`` asks for."""

from __future__ import annotations

import functools
import operator
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from string import Formatter
from typing import TYPE_CHECKING

from kentstats.charts import bars as bar_charts
from kentstats.charts import drawing
from kentstats.ingest.report_settings import (
    PERIOD_OF,
    Bars,
    Chart,
    Figure,
    StackedBars,
    Topic,
    Waffle,
)
from kentstats.report.blocks import Block, figure_block, table
from kentstats.report.claims import Claim, claim, escape, fact_claim
from kentstats.report.context import Briefing, needs_report
from kentstats.report.sentences import Text, named, say
from kentstats.schemas import Row, records

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@needs_report
def topics(brief: Briefing, facts: pd.DataFrame) -> Block | None:
    """Show the topics of the report's ``sections.yml``, each below its heading.

    Parameters
    ----------
    brief : Briefing
        The briefing.
    facts : pandas.DataFrame
        The facts from which charts and tables are made. What they lack is
        left out: a bar, a row, a chart whose title names it, a topic.

    Returns
    -------
    Block or None
    """
    chosen = replace(brief, facts=facts)
    blocks: list[Block] = []
    for topic in brief.settings.sections.topics:
        made = [*_chart(chosen, topic), figure_table(chosen, topic)]
        shown = [block for block in made if block is not None]
        if shown:
            blocks += [Block(f"# {escape(topic.title)}"), *shown]
    return functools.reduce(operator.add, blocks) if blocks else None


def figure_table(brief: Briefing, topic: Topic) -> Block | None:
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
        return [_bars(brief, topic.bars, topic.label)]
    if topic.waffle:
        return [_waffle(brief, topic.waffle, topic.label)]
    return []


def _stacked_bars(brief: Briefing, chart: StackedBars, label: str) -> list[Block | None]:
    import pandas as pd

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
        parents = [row for each in (bar.part, bar.whole) for row in _rows(brief, each)[:1]]
        if len(parents) < 2 or not 0 < parents[1]["value"] >= parents[0]["value"]:
            continue
        part, whole = map(fact_claim, parents)
        calculation = f"all less those {chart.part[0].lower()}{chart.part[1:]}"
        left = parents[1]["value"] - parents[0]["value"]
        rest = claim(left, parents, unit="count", calculation=calculation)
        found.append((bar.name, part, rest, whole))
    return found


def _bars(brief: Briefing, chart: Bars, label: str) -> Block | None:
    import pandas as pd

    bars = [(bar.name, _claim(brief, bar.figure)) for bar in chart.bars]
    given = [(name, made) for name, made in bars if made]
    if not given:
        return None
    rows = [("\n".join(textwrap.wrap(name, 30)), made.value, made.shown) for name, made in given]
    data = pd.DataFrame(rows, columns=["name", "value", "label"])
    claims = [made for _, made in given]
    return _headed(brief, chart, bar_charts.count_bars, data, label, claims, left=2.1)


def _waffle(brief: Briefing, chart: Waffle, label: str) -> Block | None:
    made = _claim(brief, chart.figure)
    if made is None:
        return None
    return _headed(brief, chart, bar_charts.waffle, float(made.value), label, [made], left=0.1)


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
    """Draw a chart with its texts; None where these name a figure that is not there."""
    title, subtitle, caption = (
        _filled(brief, text) for text in (chart.title, chart.subtitle, chart.caption)
    )
    alt = title and _filled(brief, chart.alt, title=title)
    if not (title and subtitle and caption and alt):
        return None
    drawn = drawing.add_titles(
        draw(data, ax=drawing.new_axes()),
        title=title.plain,
        subtitle=subtitle.plain,
        source=brief.source_line,
        left=left,
    )
    every = [*claims, *title.claims, *subtitle.claims]
    return figure_block(drawn, caption=caption, alt=alt, label=label, claims=every)


def _filled(brief: Briefing, template: str, **slots: Claim | Text | str) -> Text | None:
    """Fill the slots of a text; None where a figure that it names is not there."""
    slots["authority"] = brief.authority
    for _, slot, _, _ in Formatter().parse(template):
        if slot is None or slot in slots:
            continue
        key = Figure.parse(slot.removeprefix(PERIOD_OF))
        rows, made = _rows(brief, key), _claim(brief, key)
        if made is None:
            return None
        if slot.startswith(PERIOD_OF):
            made = claim(rows[0]["period"], rows[:1], unit="label")
        slots[slot] = made
    return say(template, **slots)


def _rows(brief: Briefing, key: Figure) -> list[Row]:
    return brief.rows(key.indicator, key.group, key.area)


def _claim(brief: Briefing, figure: Figure) -> Claim | None:
    key = (figure.indicator, figure.group, figure.area)
    return brief.claim(*key) if brief.has(*key) else None
