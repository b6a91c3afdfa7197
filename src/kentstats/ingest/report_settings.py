"""What is special to one inspection report: its checks, shares and sections.

``checks.yml``, ``shares.yml`` and ``sections.yml`` lie beside the ``facts.csv`` of a report. Each
is optional: a report without one is published without what it would have said. The dataclasses
of this module are their schema: a key of a file is the name of a field, with spaces for
underscores, and a field with a default may be left out. ``docs/adding-a-report.md`` explains
every key.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Any, Literal, NewType

from kentstats.areas import load_areas
from kentstats.errors import DataError, KentstatsError, Problem, nearest
from kentstats.indicators import load_indicators
from kentstats.ingest.inspection_report import Source
from kentstats.project import YamlFile, one_of
from kentstats.schemas import SERVICES

if TYPE_CHECKING:
    import pandas as pd

Indicator = NewType("Indicator", str)
Measure = NewType("Measure", str)
"""An indicator, or a share of ``shares.yml``."""
Label = NewType("Label", str)
"""The name of a chart or table, to which links lead."""
Service = NewType("Service", str)
Template = NewType("Template", str)
"""A text without digits; its slots in braces name figures."""

PERIOD_OF = "period of "
MAX_TITLE_WORDS = 15
SLOTS = ("authority", "title")
"""What a template may name besides figures and their periods."""


@dataclass(frozen=True)
class Figure:
    """The name of a figure of ``facts.csv``; without an area that of the authority itself.

    Examples
    --------
    >>> Figure.parse("looked-after / uasc")
    Figure(indicator='looked-after', group='uasc', area='')
    >>> str(Figure("looked-after", "uasc"))
    'looked-after / uasc'
    """

    indicator: str
    group: str = "all"
    area: str = ""

    @classmethod
    def parse(cls, text: str) -> Figure:
        """Read ``indicator``, ``indicator / group`` or ``indicator / group / area``."""
        return cls(*(part.strip() for part in text.split("/", 2)))

    def __str__(self) -> str:
        parts = [self.indicator, self.group, self.area]
        while parts[-1] == "" or parts[1:] == ["all"]:
            parts.pop()
        return " / ".join(parts)


@dataclass(frozen=True)
class StatedTwice:
    """Figures that should be the same wherever the report gives them."""

    subject: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class CountAgainstPercentage:
    """A count and a percentage that should fit the number that both are of."""

    subject: str
    count: Figure
    percentage: Figure
    whole: Figure
    agrees: str = "The two fit the whole."
    disagrees: str = "The number and the percentage cannot both be of the whole."


@dataclass(frozen=True)
class FractionAgainstNumber:
    """A fraction in words, and the numbers that should make it; wholes are added up."""

    subject: str
    fraction: Figure
    part: Figure
    whole: tuple[Figure, ...]
    agrees: str = "The numbers bear the fraction out."
    disagrees: str = "The numbers do not bear the fraction out."


@dataclass(frozen=True)
class PartsAndTotal:
    """Parts that should make their total."""

    subject: str
    parts: tuple[Figure, ...]
    total: Figure


@dataclass(frozen=True)
class PartWithinWhole:
    """A part, or several added up, that cannot exceed the whole."""

    subject: str
    part: tuple[Figure, ...]
    whole: Figure
    agrees: str = "The part fits its whole."
    disagrees: str = "The part is more than its whole."


@dataclass(frozen=True)
class Complements:
    """Percentages that should make a hundred."""

    subject: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class WordAgainstNumbers:
    """A word of the report, and the two figures that should bear it out.

    ``below`` and ``above`` compare with `other`; ``fall`` and ``rise`` compare
    the earliest and the latest period of the figure.
    """

    subject: str
    figure: Figure
    word: Literal["below", "above", "fall", "rise"]
    other: Figure | None = None

    def __post_init__(self) -> None:
        if (self.word in {"below", "above"}) != (self.other is not None):
            raise KentstatsError(
                f"“{self.word}” and “other” do not go together.",
                "“below” and “above” compare with another figure, “fall” and “rise” do not.",
            )


@dataclass(frozen=True)
class InTension:
    """Two figures that are hard to hold together, unless the second is `settled_by`."""

    subject: str
    first: Figure
    second: Figure
    arithmetic: str
    message: str
    settled_by: float | None = None

    def __post_init__(self) -> None:
        try:
            self.arithmetic.format(first="", second="")
        except (LookupError, ValueError):
            raise KentstatsError(
                "The arithmetic cannot be filled.", "Its slots are {first} and {second}."
            ) from None


@dataclass(frozen=True)
class Checks:
    """The schema of ``checks.yml``: the subjects of each kind of check."""

    figures_stated_twice: tuple[StatedTwice, ...] = ()
    counts_against_percentages: tuple[CountAgainstPercentage, ...] = ()
    fractions_against_numbers: tuple[FractionAgainstNumber, ...] = ()
    parts_and_totals: tuple[PartsAndTotal, ...] = ()
    parts_within_wholes: tuple[PartWithinWhole, ...] = ()
    complements: tuple[Complements, ...] = ()
    words_against_numbers: tuple[WordAgainstNumbers, ...] = ()
    statements_in_tension: tuple[InTension, ...] = ()


@dataclass(frozen=True)
class Share:
    """One share to work out: an entry of ``shares.yml``.

    `sampled` is true where the cases stand for a process that goes on (results
    of one year's group, cases in one office), so that an interval says how far
    chance reaches. `official` is the indicator of official statistics on the
    same subject.
    """

    id: str
    short: str
    part: Figure
    whole: Figure
    sampled: bool = False
    official: Indicator | None = None


@dataclass(frozen=True)
class Ground:
    """What bears out that a figure is good or bad where the report does not compare it.

    A subject of ``statements.csv``, or the judgement that the figure belongs to.
    """

    figure: Measure
    statement: str = ""
    service: Service | None = None
    judgement: str = ""

    def __post_init__(self) -> None:
        if bool(self.statement) == bool(self.service and self.judgement):
            raise KentstatsError(
                "The ground is not clear.", "Give a “statement”, or a “service” and a “judgement”."
            )


@dataclass(frozen=True)
class Chart:
    """What every chart has: its texts."""

    title: Template
    subtitle: Template
    caption: Template
    alt: Template

    def __post_init__(self) -> None:
        if len(re.sub(r"\{.*?\}", "figure", self.title).split()) > MAX_TITLE_WORDS:
            what = f"The title of the chart has more than {MAX_TITLE_WORDS} words."
            raise KentstatsError(what, "Say what stands out, in fewer.")


@dataclass(frozen=True)
class StackedBar:
    """A group, and the part of it that is told from the rest."""

    name: str
    part: Figure
    whole: Figure


@dataclass(frozen=True)
class StackedBars(Chart):
    """A chart of groups, each divided into a part and the rest, with its table."""

    part: str
    rest: str
    bars: tuple[StackedBar, ...]
    table: Template
    table_label: Label


@dataclass(frozen=True)
class Bar:
    """A count and its name."""

    name: str
    figure: Figure


@dataclass(frozen=True)
class Bars(Chart):
    """A chart of counts, a bar each."""

    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Waffle(Chart):
    """A chart of one percentage, as squares out of a hundred."""

    figure: Figure


@dataclass(frozen=True)
class Topic:
    """A section of the briefing: a heading, a chart, and a table of figures."""

    title: str
    label: Label
    stacked_bars: StackedBars | None = None
    bars: Bars | None = None
    waffle: Waffle | None = None
    caption: Template = Template("Figures of the report")
    figures: tuple[Indicator, ...] = ()

    def __post_init__(self) -> None:
        if sum(chart is not None for chart in (self.stacked_bars, self.bars, self.waffle)) > 1:
            raise KentstatsError("The topic has two charts.", "Make two topics of it.")


@dataclass(frozen=True)
class Sections:
    """The schema of ``sections.yml``: what the briefing shows of the report."""

    encouraging: tuple[Measure, ...] = ()
    of_concern: tuple[Measure, ...] = ()
    grounds: tuple[Ground, ...] = ()
    told_in_full: tuple[Indicator, ...] = ()
    topics: tuple[Topic, ...] = ()


@dataclass(frozen=True)
class ReportSettings:
    """What the three files of a report say."""

    checks: Checks = Checks()
    shares: tuple[Share, ...] = ()
    sections: Sections = Sections()


def read_settings(source: Source) -> ReportSettings:
    """Read ``checks.yml``, ``shares.yml`` and ``sections.yml`` of a report.

    A DataError names all faults of all three files, each with its line.

    Examples
    --------
    >>> from kentstats import load_sources
    >>> settings = read_settings(load_sources()[0])
    >>> [topic.title for topic in settings.sections.topics]
    ['Children looked after', 'Schools and settings', 'Workforce']
    """
    settings, files = _read(source)
    problems = [problem for file in files for problem in file.problems]
    if problems:
        raise DataError(problems)
    return settings


def missing_figures(source: Source, facts: pd.DataFrame) -> list[Problem]:
    """List the figures that the files name and the report does not give.

    None of them is a fault: what needs such a figure is left out of the
    briefing, and a check that needs one cannot tell. But it may be misspelt.
    """
    names = ["indicator", "group", "area_name"]
    given = set(facts[names].itertuples(index=False, name=None))
    known = [str(Figure(name, group)) for name, group, area in given if area == source.authority]
    return [
        Problem(str(file.path), line, "", f"facts.csv has no {value}.", nearest(str(value), known))
        for file in _read(source)[1]
        for line, value in file.values
        if isinstance(value, Figure)
        and (value.indicator, value.group, value.area or source.authority) not in given
    ]


def _read(source: Source) -> tuple[ReportSettings, tuple[YamlFile, ...]]:
    indicator = one_of(load_indicators())
    area = one_of(each.name for each in load_areas(home=source.home).areas)

    def figure(text: str) -> Figure:
        made = Figure.parse(text)
        indicator(made.indicator)
        if made.area:
            area(made.area)
        return made

    def template(text: str) -> Template:
        for slot in _slots(text):
            if slot not in SLOTS:
                figure(slot.removeprefix(PERIOD_OF))
        return Template(text)

    scalars: dict[Any, Callable[[str], Any]] = {
        Figure: figure,
        Template: template,
        Indicator: indicator,
        Label: _label,
        Service: one_of(SERVICES),
    }
    shares = YamlFile(source.folder / "shares.yml", scalars, " ")
    found = shares.read(tuple[Share, ...], ())
    # without shares.yml, or with a faulty one, any name may be that of a share
    measures = one_of([*load_indicators(), *(share.id for share in found)])
    scalars[Measure] = measures if found else str
    checks = YamlFile(source.folder / "checks.yml", scalars, " ")
    sections = YamlFile(source.folder / "sections.yml", scalars, " ")
    settings = ReportSettings(
        checks.read(Checks, Checks()), found, sections.read(Sections, Sections())
    )
    shares.refuse_repeated("id")
    checks.refuse_repeated("subject")
    sections.refuse_repeated("label")
    return settings, (checks, shares, sections)


def _label(text: str) -> Label:
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", text):
        raise KentstatsError(f"“{text}” is no label.", "Write small letters and hyphens alone.")
    return Label(text)


def _slots(text: str) -> Iterator[str]:
    """Yield what the slots of a template name."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise KentstatsError("A brace stands alone.", "Write {figure} with both braces.") from None
    for literal, slot, _, _ in parts:
        if re.search(r"\d", literal):
            raise KentstatsError(
                f"“{literal.strip()}” holds a number.",
                "Name its figure in braces, as in {looked-after / uasc}.",
            )
        if slot is not None:
            yield slot
