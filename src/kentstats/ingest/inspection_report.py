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
from collections.abc import Callable, Iterable, Mapping
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


Reader = Callable[[Row, str, Source], Any]
"""Reads a column of a row, or notes what is wrong with it."""


def _text(row: Row, column: str, _: Source) -> str:
    return row.text(column, required=column != "note")


def _number(row: Row, column: str, _: Source) -> float:
    return row.number(column, required=column == "value")


def _date(row: Row, column: str, _: Source) -> dt.date | None:
    return row.date(column)


def _paragraph(row: Row, column: str, source: Source) -> int:
    return row.integer(column, 1, source.paragraphs, "paragraph of the report")


def _area(row: Row, column: str, source: Source) -> str:
    return row.choice(column, [area.name for area in load_areas(home=source.home).areas])


def _word(known: Iterable[str]) -> Reader:
    return lambda row, column, _: row.choice(column, known)


def _whole(low: int, high: int, meaning: str) -> Reader:
    return lambda row, column, _: row.integer(column, low, high, meaning)


FACT_COLUMNS: dict[str, Reader] = {
    "paragraph": _paragraph,  # where the report states the figure
    "indicator": lambda row, column, _: row.choice(column, load_indicators()),
    "area_name": _area,  # a comparator is a line of its own
    "group": _text,  # subgroup, or all
    "period": _text,  # as the report names it
    "period_start": _date,  # where the report gives them
    "period_end": _date,
    "value": _number,  # digits as printed: 20.0 is not 20
    "upper": _number,  # upper end of a range
    "unit": _word(UNITS),
    "qualifier": _word(QUALIFIERS),  # what the report says of its own precision
    "rounding": _number,  # half-width, where the digits do not tell it
    "printed": _text,  # the figure as the report prints it, for the search
    "description": _text,  # in our words
    "note": _text,  # how it was read
}
JUDGEMENT_COLUMNS: dict[str, Reader] = {
    "service": _word(SERVICES),
    "section": _text,
    "judgement": _text,
    "grade": _whole(min(GRADES), max(GRADES), "grade"),
    "stated_in": _word(STATED_IN),
    # the paragraph, or the one below the heading
    "paragraph": lambda row, column, source: (
        0 if row.cells["stated_in"] == "record" else _paragraph(row, column, source)
    ),
    "printed": _text,
}
ACTION_COLUMNS: dict[str, Reader] = {
    "service": _word(SERVICES),
    "band": _word(BANDS),  # the time allowed
    "paragraph": _paragraph,
    "position": _whole(1, 99, "place in its band"),
    "section": _text,  # the judgement it answers
    "action": _text,  # in our words
    "cue": _text,  # a word or two by which to find it in the report
}
STATEMENT_COLUMNS: dict[str, Reader] = {
    "paragraph": _paragraph,
    "subject": _text,
    "area_name": _area,
    "comparator": _text,
    "direction": _word(DIRECTIONS),
    "period": _text,
}
TENSION_COLUMNS: dict[str, Reader] = {
    "first": _paragraph,
    "second": _paragraph,
    "subject": _text,
    "description": _text,
}


def read_facts(source: Source) -> list[Record]:
    """Read ``facts.csv`` of one report as rows of :data:`kentstats.schemas.FACTS`.

    A DataError names all faults at once: an unknown unit, indicator or area, a
    duplicate key, a paragraph out of range, a value that is no number, a
    missing column, a broken encoding.
    """
    return _read(source, "facts", FACT_COLUMNS, ("fact_id",), _fact)


def read_judgements(source: Source) -> list[Record]:
    """Read ``judgements.csv``; see :func:`read_facts`.

    Every statement of a grade is a row, so a grade that the report states
    three times has three. ``position`` is the order of the judgements.
    """
    records = _read(source, "judgements", JUDGEMENT_COLUMNS, ("service", "judgement", "stated_in"))
    order: dict[tuple[str, str], int] = {}
    for record in records:
        judgement = (record["service"], record["judgement"])
        record["position"] = order.setdefault(judgement, len(order) + 1)
        if record["stated_in"] == "record":
            record["locator"] = "record of main findings"
        elif record["stated_in"] == "heading":
            record["locator"] = f"heading above {record['locator']}"
    return records


def read_actions(source: Source) -> list[Record]:
    """Read ``actions.csv``; ``due`` is counted in calendar months from publication."""
    records = _read(source, "actions", ACTION_COLUMNS, ("service", "band", "position"))
    for record in records:
        del record["cue"]
        record["due"] = source.published + relativedelta(months=BANDS[record["band"]])
    return records


def read_statements(source: Source) -> list[Record]:
    """Read ``statements.csv``: comparisons without a figure for the comparator."""
    return _read(source, "statements", STATEMENT_COLUMNS, ("subject", "comparator", "period"))


def read_tensions(source: Source) -> list[Record]:
    """Read ``tensions.csv``, which a report need not have: statements hard to hold together."""
    if not (source.folder / "tensions.csv").is_file():
        return []
    records = _read(source, "tensions", TENSION_COLUMNS, ("subject",))
    for record in records:
        places = dict.fromkeys(f"paragraph {record[name]}" for name in ("first", "second"))
        record["locators"] = "; ".join(places)
    return records


def _read(
    source: Source,
    table: str,
    columns: Mapping[str, Reader],
    key: tuple[str, ...],
    complete: Callable[[Record, Row, Source], Record] | None = None,
) -> list[Record]:
    """Read a table by its columns, complete its records, and raise what is wrong with them."""
    rows, faults = read_rows(source.folder / f"{table}.csv", list(columns))
    records = []
    first: dict[tuple[Any, ...], int] = {}
    for row in rows:
        before = len(faults.problems)
        record = {name: read(row, name, source) for name, read in columns.items()}
        record |= {"source_id": source.id, "locator": f"paragraph {record.get('paragraph')}"}
        if complete:
            record |= complete(record, row, source)
        record.pop("paragraph", None)  # the locator has it
        records.append(record)
        if len(faults.problems) > before:  # its key may not be what was meant
            continue
        line = first.setdefault(tuple(record[name] for name in key), row.line)
        if line != row.line:
            what = f"The line has the key of line {line}."
            remedy = "Take one of the two out, or tell them apart by group or period."
            faults.add(row.line, "", what, remedy)
    faults.raise_any()
    return records


def _fact(record: Record, row: Row, source: Source) -> Record:
    """Check the cells of a fact against each other, and add what follows from them."""
    indicator, unit, value = record["indicator"], record["unit"], record["value"]
    known = load_indicators().get(indicator)
    if known and unit in UNITS and unit != known.unit:
        what = f"“{unit}” is not the unit of {indicator}."
        remedy = f"The catalogue has it in {known.unit}; use another indicator for another unit."
        row.faults.add(row.line, "unit", what, remedy)
    for column in ("value", "upper"):
        if unit == "percent" and record[column] > 100:
            what = f"{record[column]:g} per cent is over 100."
            row.faults.add(row.line, column, what, "Mend the value or the unit.")
    # what cannot be read is nan, which is not above anything: it has its fault already
    is_range = record["qualifier"] == "range"
    if is_range != bool(row.cells["upper"]) or record["upper"] <= value:
        what = "A range has an upper end above its value, and only a range has one."
        row.faults.add(row.line, "upper", what, "Fill in upper, or change the qualifier.")
    start, end = record["period_start"], record["period_end"]
    if start and end and start > end:
        row.faults.add(row.line, "period_end", "The period ends before it starts.", "Mend it.")
    area = load_areas(home=source.home).find(record["area_name"])
    code, kind = (area.code, area.type) if area else ("", "")
    words = [re.sub(r"[^a-z0-9]+", "-", record[name].casefold()) for name in ("group", "period")]
    group, period = (word.strip("-") for word in words)
    return {
        "fact_id": f"{source.id}.p{record['paragraph']}.{indicator}.{group}.{period}.{code}",
        "area_code": code,
        "area_type": kind,
        "numerator": math.nan,
        "denominator": math.nan,
        "rounding": _rounding(record, row.cells["value"]),
        "count_rounding": math.nan,
        "status": "published",
        "licence": source.licence.partition(".")[0],
    }


def _rounding(record: Record, digits: str) -> float:
    """Half-width of the published rounding, as the digits show it.

    A count is exact. A figure printed as a word ("three quarters"), or one
    that the source itself calls approximate, has no known width.
    """
    stated: float = record["rounding"]
    exact, unit = record["qualifier"] == "exact", record["unit"]
    if not math.isnan(stated):
        return stated
    if not exact or not re.search(r"\d", record["printed"]):
        return 0.0 if exact and unit == "count" else math.nan
    if unit in {"count", "rank"}:
        return 0.0
    return float(0.5 / 10 ** len(digits.partition(".")[2]))
