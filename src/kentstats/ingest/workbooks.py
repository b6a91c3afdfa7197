"""Workbooks: lists of statistical neighbours, inspection outcomes, code lists."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kentstats.areas import Area, Register, fold, load_areas
from kentstats.ingest.datasets import LICENCE
from kentstats.ingest.reading import Reading
from kentstats.ingest.table import fault, read_bytes
from kentstats.periods import MONTHS

Sheet = list[list[Any]]

JUDGEMENTS = {
    "Overall effectiveness": "Overall effectiveness",
    "The impact of leaders on social work practice with children and families": (
        "Impact of leaders on practice"
    ),
    "The experiences and progress of children who need help and protection": "Help and protection",
    "The experiences and progress of children in care": "Children in care",
    "The experiences and progress of care leavers": "Care leavers",
}
"""What was judged, as headed in the workbook, and our words for it."""
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
"""Sheets with one of these list inspections, where several may be of one authority."""
LIST = ("LA Number", "LA Name", "Type")
TOP = 10
"""A header stands within so many rows."""


def read_workbook(path: Path, *, register: Register | None = None) -> Reading:
    """Read a workbook, whichever of the known kinds it is.

    Parameters
    ----------
    path : pathlib.Path
        An ``.xlsx`` or ``.ods`` file.
    register : Register, optional
        The areas there are; those of the project at hand by default.

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
    digest = hashlib.sha256(read_bytes(path)).hexdigest()
    for name, rows in _sheets(path).items():
        for at, row in enumerate(rows[:TOP]):
            header = [str(cell).strip() for cell in row]
            if set(NEIGHBOURS) <= set(header):
                reading = Reading(
                    path, "list of statistical neighbours", digest, "statistical-neighbours"
                )
                return _neighbours(reading, header, rows, at + 1, register or load_areas())
            if set(OUTCOMES) <= set(header) and not OTHER_INSPECTIONS & set(header):
                reading = Reading(path, "inspection outcomes", digest, "ofsted-outcomes")
                _outcomes(reading, name, header, rows, at + 1, register or load_areas())
                return reading
            if set(LIST) <= set(header):
                reading = Reading(path, "list of authorities without dates", digest)
                reading.notes.append(
                    "It gives no codes or dates of operation; the list with dates has more."
                )
                reading.rows = len(rows) - at - 1
                return reading
    raise fault(
        path,
        "The workbook is of no known kind.",
        "Known are lists of statistical neighbours, inspection outcomes and codes.",
    )


def _sheets(path: Path) -> dict[str, Sheet]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        what = str(error)
    except BaseException as error:
        # the reader is written in Rust, and a panic in it is no Exception
        if type(error).__name__ != "PanicException":
            raise
        what = "its reader gave up"
    lines = what.splitlines() or [""]
    raise fault(
        path, f"The workbook cannot be read: {lines[0][:120].rstrip('. ')}.", "Download it again."
    )


def _columns(path: Path, header: Sequence[str], wanted: Sequence[str]) -> dict[str, int]:
    """Return the place of each column that is wanted."""
    missing = [name for name in wanted if name not in header]
    if missing:
        raise fault(
            path,
            f"The table has no column {', '.join(missing)}.",
            "Download it again; or its layout is a new one.",
        )
    return {name: header.index(name) for name in wanted}


def _neighbours(
    reading: Reading, header: Sequence[str], rows: Sheet, begin: int, register: Register
) -> Reading:
    named = _month(reading.path)
    at = _columns(reading.path, header, ["LA number", *(f"SN{n}" for n in range(1, 11))])
    number = at.pop("LA number")
    on = dt.date(int(named[:4]), int(named[5:]), 1)
    seen: dict[str, int] = {}
    for line, row in enumerate(rows[begin:], begin + 1):
        area = _neighboured(reading, header, row, number, line, register, on)
        if area is None:
            continue
        found = [_neighbour(row, place, register, on) for place in at.values()]
        codes = [code for code, _ in found]
        if not any(codes):
            reading.leave_out("an authority without neighbours", line)
        elif what := _wrong(area, codes, seen):
            reading.refuse(line, "", f"{area.name} {what}.", "Ask the publisher.")
        else:
            seen[area.code] = line
            reading.neighbours += [
                {
                    "list": named,
                    "area_code": area.code,
                    "position": position,
                    "neighbour_code": code,
                    "closeness": closeness,
                }
                for position, (code, closeness) in enumerate(found, 1)
            ]
    reading.rows = len(seen)
    reading.notes.append(f"The list is that of {named}.")
    return reading


def _neighboured(
    reading: Reading,
    header: Sequence[str],
    row: Sequence[Any],
    number: int,
    line: int,
    register: Register,
    on: dt.date,
) -> Area | None:
    """Return the authority of a row, or say why it has none."""
    digits = _digits(row[number])
    area = register.find(digits, on) if digits else None
    if area is None:
        if digits and register.find(digits):
            reading.leave_out("an authority that had ended", line)
        # what stands below the table has few cells
        elif digits or sum(bool(str(cell).strip()) for cell in row) > len(NEIGHBOURS):
            what = f"No list knows “{str(row[number])[:40]}”."
            reading.refuse(line, "LA number", what, "Look at it.")
        return None
    name = str(row[header.index("LA Name")]).strip() if "LA Name" in header else ""
    others = register.answering(name)
    if others and area not in others and fold(name) != fold(area.name):
        what = f"{digits} is {area.name}, the row says {name[:60]}."
        reading.refuse(line, "LA Name", what, "Ask the publisher.")
        return None
    return area


def _wrong(area: Area, codes: Sequence[str], seen: Mapping[str, int]) -> str:
    if area.code in seen:
        return f"stands in line {seen[area.code]} already"
    if "" in codes:
        return "has a neighbour that no list of codes knows"
    if area.code in codes:
        return "is its own neighbour"
    if len(set(codes)) < len(codes):
        return "has one neighbour twice"
    return ""


def _neighbour(row: Sequence[Any], place: int, register: Register, on: dt.date) -> tuple[str, str]:
    digits = _digits(row[place])
    area = register.find(digits, on) if digits else None
    # how close it is stands in the column after it
    closeness = str(row[place + 1]).strip().capitalize() if place + 1 < len(row) else ""
    return (area.code if area else "", closeness)


def _digits(cell: Any) -> str:
    text = f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else str(cell).strip()
    return text if re.fullmatch(r"\d{3}", text) else ""


def _month(path: Path) -> str:
    """Read month and year from the name: the lists bear no date inside."""
    words = re.findall(r"[a-z]+|\d+", path.stem.casefold())
    years = [word for word in words if re.fullmatch(r"20\d\d", word)]
    months = [word for word in words if word in MONTHS]
    if len(years) != 1 or len(months) != 1:
        raise fault(
            path,
            "The list bears no date inside, and its name has no month and year.",
            "Name the file as it is published, as in sn_may_2025.xlsx.",
        )
    return f"{years[0]}-{MONTHS[months[0]]:02}"


def _outcomes(
    reading: Reading,
    sheet: str,
    header: Sequence[str],
    rows: Sheet,
    begin: int,
    register: Register,
) -> None:
    names = ["Local authority area code", "Local authority name"]
    at = _columns(
        reading.path, header, [*names, "Inspection date", "Publication date", *JUDGEMENTS]
    )
    seen: dict[str, int] = {}
    for line, row in enumerate(rows[begin:], begin + 1):
        code, name = (str(row[at[each]]).strip() for each in names)
        if not code and not name:
            continue
        area = register.by_code(code) or register.find(name)
        inspected, published = (
            _date(row[at[each]]) for each in ("Inspection date", "Publication date")
        )
        if what := _fault_of(area, code, name, register, (inspected, published)):
            reading.refuse(line, "", what, "Look at it.")
        elif area and area.code in seen:
            what = f"{area.name} stands in line {seen[area.code]} already."
            reading.refuse(line, "", what, "Ask the publisher which is right.")
        elif area:
            seen[area.code] = line
            place = {
                "area_code": area.code,
                "inspected": inspected,
                "published": published,
                "locator": f"{sheet.replace('_', ' ')}, row {line}",
            }
            reading.judgements += _judgements(reading, row, at, line, place)
            reading.rows += 1


def _fault_of(
    area: Area | None,
    code: str,
    name: str,
    register: Register,
    dates: tuple[dt.date | None, dt.date | None],
) -> str:
    if area is None or area.type != "authority":
        return f"“{code[:20]} {name[:60]}” is no known authority."
    others = register.answering(name)
    if others and area not in others:
        return f"{code[:20]} is {area.name}, the row says {name[:60]}."
    inspected, published = dates
    if not inspected or not published:
        return "A date is missing, or is no date."
    return "It was published before it was inspected." if published < inspected else ""


def _judgements(
    reading: Reading,
    row: Sequence[Any],
    at: Mapping[str, int],
    line: int,
    place: Mapping[str, Any],
) -> list[dict[str, Any]]:
    made = []
    for position, (heading, judgement) in enumerate(JUDGEMENTS.items(), 1):
        text = str(row[at[heading]]).strip()
        if not text:  # not judged under an earlier framework
            reading.leave_out(f"no judgement of {judgement.casefold()}", line)
        elif text.casefold() not in GRADES:
            reading.refuse(line, heading, f"“{text[:40]}” is no grade.", "Look at the line.")
        else:
            made.append(
                {
                    **place,
                    "judgement": judgement,
                    "position": position,
                    "grade": GRADES[text.casefold()],
                    "source_id": reading.dataset,
                    "licence": LICENCE,
                }
            )
    return made


def _date(value: Any) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else None
