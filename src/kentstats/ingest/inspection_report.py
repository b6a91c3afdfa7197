"""Inspection reports of Ofsted: figures, judgements, areas for improvement.

The tables of one report lie in one folder under ``data/raw``, beside a
``source.yml`` that says who published it and when. They are transcribed by
hand, a line for each figure, with its paragraph. This module reads them
strictly and turns them into rows of the tidy contract.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from dateutil.relativedelta import relativedelta

from kentstats.areas import load_areas
from kentstats.errors import DataError, Problem
from kentstats.indicators import load_indicators
from kentstats.ingest.csv_files import Row, read_rows
from kentstats.project import Project, ProjectLike, YamlFile, find_project, one_of
from kentstats.schemas import BANDS, DIRECTIONS, GRADES, QUALIFIERS, SERVICES, STATED_IN, UNITS

Record = dict[str, Any]
Authority = Annotated[str, "authority"]

FACT_COLUMNS = (
    "paragraph",  # where the report states the figure
    "indicator",  # key into the catalogue
    "area_name",  # a comparator is a line of its own
    "group",  # subgroup, or all
    "period",  # as the report names it
    "period_start",  # dates where the report gives them
    "period_end",
    "value",  # digits as printed: 20.0 is not 20
    "upper",  # upper end of a range
    "unit",
    "qualifier",  # what the report says of its own precision
    "rounding",  # half-width, where the digits do not tell it
    "printed",  # the figure as the report prints it, for the search
    "description",  # in our words
    "note",  # how it was read
)
JUDGEMENT_COLUMNS = (
    "service",
    "section",
    "judgement",
    "grade",
    "stated_in",  # heading, record or text
    "paragraph",  # the paragraph, or the one below the heading
    "printed",
)
ACTION_COLUMNS = (
    "service",
    "band",  # the time allowed
    "paragraph",
    "position",  # place within its band
    "section",  # the judgement it answers
    "action",  # in our words
    "cue",  # a word or two by which to find it in the report
)
STATEMENT_COLUMNS = ("paragraph", "subject", "area_name", "comparator", "direction", "period")
TENSION_COLUMNS = ("first", "second", "subject", "description")


@dataclass(frozen=True)
class Source:
    """One inspection report, as its ``source.yml`` describes it.

    `paragraphs` is the number of the last paragraph, `document_sha256` the
    checksum of the text from which the figures were read, `folder` where its
    tables are, and `home` its project, the one at hand where it is None.
    """

    id: str
    kind: str
    publisher: str
    title: str
    authority: Authority
    edition: str
    inspected_from: dt.date
    inspected_to: dt.date
    published: dt.date
    url: str
    paragraphs: int
    licence: str
    document_sha256: str
    folder: Path
    home: Project | None = None


def load_sources(home: ProjectLike | None = None) -> list[Source]:
    """Read every ``data/raw/*/source.yml``, in the order of their names.

    Parameters
    ----------
    home : Project or path, optional
        The project; the one at hand by default.

    Raises
    ------
    DataError
        A ``source.yml`` is no YAML, lacks a key, has one that is not known,
        or a value of the wrong kind; or two have one id.
    """
    project = find_project(home)
    paths = sorted(project.raw.glob("*/source.yml"))
    sources = [_read_source(path, path.stat().st_mtime_ns, project) for path in paths]
    first: dict[str, Source] = {}
    for source in sources:
        other = first.setdefault(source.id, source)
        if other is not source:
            what = f"“{source.id}” is the id of {other.folder.name} too."
            path, remedy = source.folder / "source.yml", "Give every source an id of its own."
            raise DataError([Problem(str(path), 0, "id", what, remedy)])
    return sources


@lru_cache(maxsize=256)
def _read_source(path: Path, modified: int, home: Project) -> Source:
    del modified  # read again where the file is another
    areas = load_areas(home=home).areas
    known = sorted({area.name for area in areas if area.type == "authority"})
    file = YamlFile(path, {Authority: one_of(known)})
    return file.read(Source, folder=path.parent, home=home)


def read_facts(source: Source) -> list[Record]:
    """Read ``facts.csv`` of one report as rows of :data:`kentstats.schemas.FACTS`.

    A DataError names all faults at once: an unknown unit, indicator or area, a
    duplicate key, a paragraph out of range, a value that is no number, a
    missing column, a broken encoding.
    """
    return _read(source, "facts", FACT_COLUMNS, _fact, ("fact_id",))


def read_judgements(source: Source) -> list[Record]:
    """Read ``judgements.csv``; see :func:`read_facts`.

    Every statement of a grade is a row, so a grade that the report states
    three times has three. ``position`` is the order of the judgements.
    """
    key = ("service", "judgement", "stated_in")
    records = _read(source, "judgements", JUDGEMENT_COLUMNS, _judgement, key)
    order: dict[tuple[str, str], int] = {}
    for record in records:
        judgement = (record["service"], record["judgement"])
        record["position"] = order.setdefault(judgement, len(order) + 1)
    return records


def read_actions(source: Source) -> list[Record]:
    """Read ``actions.csv``; ``due`` is counted in calendar months from publication."""
    return _read(source, "actions", ACTION_COLUMNS, _action, ("service", "band", "position"))


def read_statements(source: Source) -> list[Record]:
    """Read ``statements.csv``: comparisons without a figure for the comparator."""
    key = ("subject", "comparator", "period")
    return _read(source, "statements", STATEMENT_COLUMNS, _statement, key)


def read_tensions(source: Source) -> list[Record]:
    """Read ``tensions.csv``, which a report need not have: statements hard to hold together."""
    if not (source.folder / "tensions.csv").is_file():
        return []
    return _read(source, "tensions", TENSION_COLUMNS, _tension, ("subject",))


def _read(
    source: Source,
    table: str,
    columns: tuple[str, ...],
    convert: Callable[[Row, Source], Record],
    key: tuple[str, ...],
) -> list[Record]:
    rows, faults = read_rows(source.folder / f"{table}.csv", columns)
    records = [convert(row, source) for row in rows]
    first: dict[tuple[Any, ...], int] = {}
    faulty = {problem.line for problem in faults.problems}
    for row, record in zip(rows, records, strict=True):
        if row.line in faulty:  # its key may not be what was meant
            continue
        line = first.setdefault(tuple(record[name] for name in key), row.line)
        if line != row.line:
            what = f"The line has the key of line {line}."
            remedy = "Take one of the two out, or tell them apart by group or period."
            faults.add(row.line, "", what, remedy)
    faults.raise_any()
    return records


def _paragraph(row: Row, source: Source, column: str = "paragraph") -> int:
    return row.integer(column, 1, source.paragraphs, "paragraph of the report")


def _fact(row: Row, source: Source) -> Record:
    paragraph = _paragraph(row, source)
    catalogue = load_indicators()
    indicator = row.choice("indicator", catalogue)
    register = load_areas(home=source.home)
    area = register.find(row.choice("area_name", [each.name for each in register.areas]))
    unit = row.choice("unit", UNITS)
    qualifier = row.choice("qualifier", QUALIFIERS)
    value = row.number("value")
    upper = row.number("upper", required=False)
    start, end = row.date("period_start"), row.date("period_end")
    known = catalogue.get(indicator)
    if known and unit in UNITS and unit != known.unit:
        row.faults.add(
            row.line,
            "unit",
            f"“{unit}” is not the unit of {indicator}.",
            f"The catalogue has it in {known.unit}; use another indicator for another unit.",
        )
    for column, figure in (("value", value), ("upper", upper)):
        if unit == "percent" and figure > 100:
            row.faults.add(
                row.line, column, f"{figure:g} per cent is over 100.", "Mend the value or the unit."
            )
    # what cannot be read is nan, which is not above anything: it has its fault already
    if (qualifier == "range") != bool(row.cells["upper"].strip()) or upper <= value:
        row.faults.add(
            row.line,
            "upper",
            "A range has an upper end above its value, and only a range has one.",
            "Fill in upper, or change the qualifier.",
        )
    if start and end and start > end:
        row.faults.add(row.line, "period_end", "The period ends before it starts.", "Mend it.")
    group, period = row.text("group"), row.text("period")
    place = (source.id, f"p{paragraph}", indicator, _slug(group), _slug(period))
    return {
        "fact_id": ".".join([*place, area.code if area else ""]),
        "indicator": indicator,
        "area_code": area.code if area else "",
        "area_name": area.name if area else "",
        "area_type": area.type if area else "",
        "period": period,
        "period_start": start,
        "period_end": end,
        "group": group,
        "value": value,
        "upper": upper,
        "unit": unit,
        "qualifier": qualifier,
        "numerator": math.nan,
        "denominator": math.nan,
        "rounding": _rounding(row, unit, qualifier),
        "count_rounding": math.nan,
        "status": "published",
        "source_id": source.id,
        "licence": source.licence.partition(".")[0],
        "locator": f"paragraph {paragraph}",
        "printed": row.text("printed"),
        "description": row.text("description"),
        "note": row.text("note", required=False),
    }


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-")


def _rounding(row: Row, unit: str, qualifier: str) -> float:
    """Half-width of the published rounding, as the digits show it.

    A count is exact. A figure printed as a word ("three quarters"), or one
    that the source itself calls approximate, has no known width.
    """
    stated = row.number("rounding", required=False)
    if not math.isnan(stated):
        return stated
    if qualifier != "exact" or not re.search(r"\d", row.cells["printed"]):
        return 0.0 if qualifier == "exact" and unit == "count" else math.nan
    if unit in {"count", "rank"}:
        return 0.0
    _, _, decimals = row.cells["value"].strip().partition(".")
    return float(0.5 / 10 ** len(decimals))


def _judgement(row: Row, source: Source) -> Record:
    stated_in = row.choice("stated_in", STATED_IN)
    if stated_in == "record":
        locator = "record of main findings"
    else:
        paragraph = _paragraph(row, source)
        above = "heading above " if stated_in == "heading" else ""
        locator = f"{above}paragraph {paragraph}"
    return {
        "source_id": source.id,
        "service": row.choice("service", SERVICES),
        "section": row.text("section"),
        "judgement": row.text("judgement"),
        "grade": row.integer("grade", min(GRADES), max(GRADES), "grade"),
        "stated_in": stated_in,
        "locator": locator,
        "printed": row.text("printed"),
    }


def _action(row: Row, source: Source) -> Record:
    band = row.choice("band", BANDS)
    row.text("cue")
    return {
        "source_id": source.id,
        "service": row.choice("service", SERVICES),
        "band": band,
        "due": source.published + relativedelta(months=BANDS.get(band, 0)),
        "position": row.integer("position", 1, 99, "place in its band"),
        "section": row.text("section"),
        "action": row.text("action"),
        "locator": f"paragraph {_paragraph(row, source)}",
    }


def _statement(row: Row, source: Source) -> Record:
    return {
        "source_id": source.id,
        "subject": row.text("subject"),
        "area_name": row.choice(
            "area_name", [area.name for area in load_areas(home=source.home).areas]
        ),
        "comparator": row.text("comparator"),
        "direction": row.choice("direction", DIRECTIONS),
        "period": row.text("period"),
        "locator": f"paragraph {_paragraph(row, source)}",
    }


def _tension(row: Row, source: Source) -> Record:
    places = [_paragraph(row, source, column) for column in ("first", "second")]
    return {
        "subject": row.text("subject"),
        "description": row.text("description"),
        "locators": "; ".join(dict.fromkeys(f"paragraph {place}" for place in places)),
    }
