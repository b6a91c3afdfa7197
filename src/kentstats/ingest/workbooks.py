"""Workbooks and code lists: statistical neighbours, inspection outcomes, areas."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kentstats.areas import Area, Register
from kentstats.ingest.csv_files import Reading, file_error, is_formula
from kentstats.ingest.datasets import LICENCE
from kentstats.ingest.figures import name_fault
from kentstats.periods import MONTHS

JUDGEMENTS = {
    "Overall effectiveness": "Overall effectiveness",
    "The impact of leaders on social work practice with children and families": (
        "Impact of leaders on practice"
    ),
    "The experiences and progress of children who need help and protection": "Help and protection",
    "The experiences and progress of children in care": "Children in care",
    "The experiences and progress of care leavers": "Care leavers",
}
"""Headings of the judgements in the workbook, and our words for them."""
GRADES = {
    "outstanding": 1,
    "good": 2,
    "requires improvement to be good": 3,
    "requires improvement": 3,
    "inadequate": 4,
}
NEIGHBOURS = ("LA number", "SN1", "SN10")
OUTCOMES = ("Local authority area code", "Overall effectiveness")
OTHER_INSPECTIONS = {"Inspection type", "Inspection/Visit type"}
"""Sheets with one of these list inspections, several for one authority."""
LIST = ("LA Number", "LA Name", "Type")
HEADER_ROWS = 10
"""A header stands within this many rows."""

CODE_LIST_COLUMNS = (
    "new_la_code",
    "la_name",
    "old_la_code",
    "date_of_operation",
    "entity_description",
)
REGION_COLUMNS = ("region_code", "region_name")
KINDS = {
    "counties": "county",
    "london boroughs": "london borough",
    "metropolitan districts": "metropolitan district",
    "unitary authorities": "unitary authority",
}
ENGLAND = {
    "code": "E92000001",
    "name": "England",
    "type": "country",
    "old_code": "",
    "region": "",
    "kind": "",
    "opened": "",
    "closed": "",
}


def read_workbook(path: Path, raw: bytes, register: Register) -> Reading:
    """Read a workbook, whichever of the known kinds it is.

    Parameters
    ----------
    path : pathlib.Path
        An ``.xlsx`` or ``.ods`` file.
    raw : bytes
        Its content.
    register : Register
        The areas there are.

    Returns
    -------
    Reading
        With ``neighbours`` or ``judgements``, or nothing but notes for a
        list of codes without dates.

    Raises
    ------
    DataError
        It is no workbook, or of no known kind.
    """
    digest = hashlib.sha256(raw).hexdigest()
    for name, cells in _sheets(path).items():
        for at in range(min(HEADER_ROWS, len(cells))):
            header = [str(cell).strip() for cell in cells.iloc[at]]
            # rows are counted from 1, as a spreadsheet does
            sheet = cells.iloc[at + 1 :].set_axis(range(at + 2, len(cells) + 1))
            sheet = sheet.set_axis(header, axis=1)
            if set(NEIGHBOURS) <= set(header):
                kind = "list of statistical neighbours"
                reading = Reading(path, kind, digest, "statistical-neighbours")
                _read_neighbours(reading, sheet, register)
                return reading
            if set(OUTCOMES) <= set(header) and not OTHER_INSPECTIONS & set(header):
                reading = Reading(path, "inspection outcomes", digest, "ofsted-outcomes")
                _read_outcomes(reading, name, sheet, register)
                return reading
            if set(LIST) <= set(header):
                reading = Reading(path, "list of authorities without dates", digest)
                reading.notes.append(
                    "It gives no codes or dates of operation; the list with dates has more."
                )
                reading.rows = len(sheet)
                return reading
    raise file_error(
        path,
        "The workbook is of no known kind.",
        "Known are lists of statistical neighbours, inspection outcomes and codes.",
    )


def _sheets(path: Path) -> dict[str, pd.DataFrame]:
    """Return the cells of every sheet, with all rows from the first on."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        return {
            name: pd.DataFrame(book.get_sheet_by_name(name).to_python(), dtype=object)
            for name in book.sheet_names
        }
    except (CalamineError, OSError, ValueError) as error:
        what = str(error)
    except BaseException as error:
        # the reader is written in Rust, and a panic in it is no Exception
        if type(error).__name__ != "PanicException":
            raise
        what = "its reader gave up"
    lines = what.splitlines() or [""]
    what = f"The workbook cannot be read: {lines[0][:120].rstrip('. ')}."
    raise file_error(path, what, "Download it again.")


def _check_columns(path: Path, header: Iterable[str], wanted: Sequence[str]) -> None:
    if missing := [name for name in wanted if name not in set(header)]:
        what = f"The table has no column {', '.join(missing)}."
        raise file_error(path, what, "Download it again; or its layout is a new one.")


def _read_neighbours(reading: Reading, sheet: pd.DataFrame, register: Register) -> None:
    month = _month(reading.path)
    positions = [f"SN{n}" for n in range(1, 11)]
    header = list(sheet.columns)
    _check_columns(reading.path, header, ["LA number", *positions])
    day = dt.date(int(month[:4]), int(month[5:]), 1)
    seen: dict[str, int] = {}
    for line, row in zip(sheet.index, sheet.to_numpy().tolist(), strict=True):
        named = dict(zip(header, row, strict=True))
        area = _area_with_neighbours(reading, named, row, line, register, day)
        if area is None:
            continue
        neighbours = []
        for position in positions:
            at = header.index(position)
            digits = _digits(row[at])
            neighbour = register.find(digits, day) if digits else None
            # how close it is stands in the column after it
            closeness = str(row[at + 1]).strip().capitalize() if at + 1 < len(row) else ""
            neighbours.append((neighbour.code if neighbour else "", closeness))
        codes = [code for code, _ in neighbours]
        if not any(codes):
            reading.leave_out("an authority without neighbours", line)
        elif what := _neighbours_fault(area, codes, seen):
            reading.refuse(line, "", f"{area.name} {what}.", "Ask the publisher.")
        else:
            seen[area.code] = line
            reading.neighbours += [
                {
                    "list": month,
                    "area_code": area.code,
                    "position": position,
                    "neighbour_code": code,
                    "closeness": closeness,
                }
                for position, (code, closeness) in enumerate(neighbours, 1)
            ]
    reading.rows = len(seen)
    reading.notes.append(f"The list is that of {month}.")


def _area_with_neighbours(
    reading: Reading,
    named: Mapping[str, Any],
    row: Sequence[Any],
    line: int,
    register: Register,
    day: dt.date,
) -> Area | None:
    """Return the authority of a row, or say why it has none."""
    digits = _digits(named["LA number"])
    area = register.find(digits, day) if digits else None
    if area is None:
        if digits and register.find(digits):
            reading.leave_out("an authority that had ended", line)
        # what stands below the table has few cells
        elif digits or sum(bool(str(cell).strip()) for cell in row) > len(NEIGHBOURS):
            what = f"No list knows “{str(named['LA number'])[:40]}”."
            reading.refuse(line, "LA number", what, "Look at it.")
        return None
    name = str(named.get("LA Name", "")).strip()
    if what := name_fault(area, digits, name, register):
        reading.refuse(line, "LA Name", what, "Ask the publisher.")
        return None
    return area


def _neighbours_fault(area: Area, codes: Sequence[str], seen: Mapping[str, int]) -> str:
    if area.code in seen:
        return f"stands in line {seen[area.code]} already"
    if "" in codes:
        return "has a neighbour that no list of codes knows"
    if area.code in codes:
        return "is its own neighbour"
    if len(set(codes)) < len(codes):
        return "has one neighbour twice"
    return ""


def _digits(cell: Any) -> str:
    text = f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
    return text if re.fullmatch(r"\d{3}", text) else ""


def _month(path: Path) -> str:
    """Return month and year from the file's name: the lists bear no date inside."""
    words = re.findall(r"[a-z]+|\d+", path.stem.casefold())
    years = [word for word in words if re.fullmatch(r"20\d\d", word)]
    months = [word for word in words if word in MONTHS]
    if len(years) != 1 or len(months) != 1:
        raise file_error(
            path,
            "The list bears no date inside, and its name has no month and year.",
            "Name the file as it is published, as in sn_may_2025.xlsx.",
        )
    return f"{years[0]}-{MONTHS[months[0]]:02}"


def _read_outcomes(reading: Reading, name: str, sheet: pd.DataFrame, register: Register) -> None:
    columns = ["Local authority area code", "Local authority name"]
    columns += ["Inspection date", "Publication date", *JUDGEMENTS]
    _check_columns(reading.path, sheet.columns, columns)
    seen: dict[str, int] = {}
    for line, row in zip(sheet.index, sheet[columns].to_dict("records"), strict=True):
        code, place = (str(row[column]).strip() for column in columns[:2])
        if not code and not place:
            continue
        area = register.by_code(code) or register.find(place)
        inspected, published = (_date(row[column]) for column in columns[2:4])
        if what := _outcome_fault(area, code, place, register, (inspected, published)):
            reading.refuse(line, "", what, "Look at it.")
        elif area and area.code in seen:
            what = f"{area.name} stands in line {seen[area.code]} already."
            reading.refuse(line, "", what, "Ask the publisher which is right.")
        elif area:
            seen[area.code] = line
            reading.judgements += _judgements(
                reading,
                {heading: str(row[heading]).strip() for heading in JUDGEMENTS},
                line,
                {
                    "area_code": area.code,
                    "inspected": inspected,
                    "published": published,
                    "source_id": reading.dataset,
                    "licence": LICENCE,
                    "locator": f"{name.replace('_', ' ')}, row {line}",
                },
            )
            reading.rows += 1


def _outcome_fault(
    area: Area | None,
    code: str,
    name: str,
    register: Register,
    dates: tuple[dt.date | None, dt.date | None],
) -> str:
    if area is None or area.type != "authority":
        return f"“{code[:20]} {name[:60]}” is no known authority."
    if what := name_fault(area, code[:20], name, register):
        return what
    inspected, published = dates
    if not inspected or not published:
        return "A date is missing, or is no date."
    return "It was published before it was inspected." if published < inspected else ""


def _judgements(
    reading: Reading, grades: Mapping[str, str], line: int, common: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return a row for each judgement of an authority that has a grade."""
    made = []
    for position, (heading, judgement) in enumerate(JUDGEMENTS.items(), 1):
        text = grades[heading]
        if not text:  # not judged under an earlier framework
            reading.leave_out(f"no judgement of {judgement.casefold()}", line)
        elif text.casefold() not in GRADES:
            reading.refuse(line, heading, f"“{text[:40]}” is no grade.", "Look at the line.")
        else:
            grade = GRADES[text.casefold()]
            made.append({**common, "judgement": judgement, "position": position, "grade": grade})
    return made


def _date(value: Any) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else None


def is_code_list(header: Iterable[str]) -> bool:
    """Tell whether a header is that of a list of authorities or of regions."""
    names = {name.strip().casefold() for name in header}
    return names.issuperset(CODE_LIST_COLUMNS) or (
        names.issuperset(REGION_COLUMNS) and "time_period" not in names
    )


def read_code_list(frame: pd.DataFrame, reading: Reading) -> None:
    """Read a list of authorities with dates of operation, or a list of regions.

    A list of authorities by region gives the regions. The rows of the
    register of areas are put into ``areas`` of the reading.
    """
    frame = frame.set_axis(frame.columns.str.casefold(), axis=1)
    whole = set(frame.columns).issuperset(CODE_LIST_COLUMNS)
    reading.kind = "list of authorities" if whole else "list of regions"
    seen: dict[str, dict[str, Any]] = {}
    for line, row in zip(frame.index, frame.to_dict("records"), strict=True):
        area = _authority(row, line, reading) if whole else _region(row, line, reading)
        if area is None:
            continue
        reading.rows += 1
        if seen.setdefault(area["code"], area) != area:
            what = f"{area['code']} stands here twice, and differently."
            reading.refuse(line, "", what, "Ask the publisher which is right; the first was taken.")
    reading.areas = list(seen.values())


def _authority(row: Mapping[Any, str], line: int, reading: Reading) -> dict[str, Any] | None:
    code = row["new_la_code"]
    # Bristol for Bristol, City of
    name = re.sub(r", (City|County) of$", "", row["la_name"])
    if not re.fullmatch(r"E\d{8}", code):
        reading.leave_out("a joined code or a place outside the list", line)
        return None
    kind = KINDS.get(row["entity_description"].casefold(), "")
    end = row.get("date_of_termination", "")
    opened, closed = _day(row["date_of_operation"]), _day(end)
    faults = {
        "la_name": not name or is_formula(name),
        "entity_description": not kind,
        "date_of_operation": not opened,
        "date_of_termination": bool(end) and not opened <= closed,
    }
    for column, wrong in faults.items():
        if wrong:
            what = f"“{row.get(column, '')[:40]}” cannot be that of {code}."
            reading.refuse(line, column, what, "Look at the list; days are written 01/04/2009.")
            return None
    old = row["old_la_code"]
    return {
        "code": code,
        "name": name,
        "type": "authority",
        "old_code": old if re.fullmatch(r"\d{3}", old) else "",
        "region": row.get("parent_geography_code", ""),
        "kind": kind,
        "opened": opened,
        "closed": closed,
    }


def _region(row: Mapping[Any, str], line: int, reading: Reading) -> dict[str, Any] | None:
    code, name = row["region_code"], row["region_name"]
    if not re.fullmatch(r"E1[23]\d{6}", code):
        reading.leave_out("a place outside the regions of England", line)
        return None
    if not name or is_formula(name):
        reading.refuse(line, "region_name", f"“{name[:40]}” is no name.", "Look at the list.")
        return None
    # Inner and Outer London lie in London, and are never added to it
    region = "E12000007" if code.startswith("E13") else ""
    return {**ENGLAND, "code": code, "name": name, "type": "region", "region": region}


def _day(text: str) -> str:
    """Return a day written 01/04/2009 in ISO form; empty where it is none."""
    match = re.fullmatch(r"(\d\d?)/(\d\d?)/(\d{4})", text, re.ASCII)
    try:
        day, month, year = map(int, match.groups() if match else (0, 0, 0))
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return ""


def merge_areas(
    rows: Iterable[Mapping[str, Any]], more: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Merge rows of the register of areas: a later row replaces that of the same code.

    Returns
    -------
    list of dict
        Sorted by code, England with them; without marks that are no codes.
    """
    merged = {row["code"]: dict(row) for row in [ENGLAND, *rows, *more]}
    return [merged[code] for code in sorted(merged) if re.fullmatch(r"E\d{8}", code)]
