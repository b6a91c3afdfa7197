"""Workbooks: lists of statistical neighbours, inspection outcomes, code lists."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from pathlib import Path
from typing import Any

from kentstats.areas import Register, load_areas
from kentstats.sources.known import LICENCE
from kentstats.sources.reading import Reading
from kentstats.sources.table import fault, read_bytes

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
MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]


def read_workbook(path: Path) -> Reading:
    """Read a workbook, whichever of the known kinds it is.

    Parameters
    ----------
    path : pathlib.Path
        An ``.xlsx`` or ``.ods`` file.

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
    from python_calamine import CalamineError, CalamineWorkbook

    raw = read_bytes(path)
    digest = hashlib.sha256(raw).hexdigest()
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        raise fault(path, f"The workbook cannot be read: {error}.", "Download it again.") from None
    for name, rows in sheets.items():
        for at, row in enumerate(rows[:10]):
            header = [str(cell).strip() for cell in row]
            if {"LA number", "SN1", "SN10"} <= set(header):
                return _neighbours(path, digest, header, rows, at + 1)
            if {"Local authority area code", "Overall effectiveness"} <= set(header) and (
                "Inspection type" not in header and "Inspection/Visit type" not in header
            ):
                return _outcomes(path, digest, name, header, rows, at + 1)
            if {"LA Number", "LA Name", "Type"} <= set(header):
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


def _neighbours(path: Path, digest: str, header: list[str], rows: Sheet, begin: int) -> Reading:
    reading = Reading(path, "list of statistical neighbours", digest, "statistical-neighbours")
    named = _month(path)
    register = load_areas()
    at = {name: header.index(name) for name in header if name.startswith("SN") and name != "SNP"}
    number = header.index("LA number")
    seen: set[str] = set()
    on = dt.date(int(named[:4]), int(named[5:]), 1)
    for line, row in enumerate(rows[begin:], begin + 1):
        digits = _digits(row[number])
        area = register.find(digits, on) if digits else None
        if not any(str(cell).strip() for cell in row):
            continue
        if area is None:
            if digits and register.find(digits):
                reading.leave_out("an authority that had ended", line)
            elif digits or len([cell for cell in row if str(cell).strip()]) > len(at):
                reading.refuse(line, "LA number", f"No list knows “{row[number]}”.", "Look at it.")
            continue
        found = [_neighbour(row, place, register, on) for place in at.values()]
        codes = [code for code, _ in found]
        if "" in codes or area.code in codes or len(set(codes)) < len(codes) or area.code in seen:
            what = f"The neighbours of {area.name} are not ten different authorities."
            if codes == [""] * len(codes):
                reading.leave_out("an authority without neighbours", line)
            else:
                reading.refuse(line, "", what, "Ask the publisher.")
            continue
        seen.add(area.code)
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


def _neighbour(row: list[Any], place: int, register: Register, on: dt.date) -> tuple[str, str]:
    digits = _digits(row[place])
    area = register.find(digits, on) if digits else None
    return (area.code if area else "", str(row[place + 1]).strip().capitalize())


def _digits(cell: Any) -> str:
    text = f"{cell:.0f}" if isinstance(cell, float) else str(cell).strip()
    return text if re.fullmatch(r"\d{3}", text) else ""


def _month(path: Path) -> str:
    """Read month and year from the name: the lists bear no date inside."""
    words = re.findall(r"[a-z]+|\d{4}", path.stem.casefold())
    year = next((word for word in words if word.isdigit()), "")
    month = next((name for name in MONTHS for word in words if word == name), "")
    if not year or not month:
        raise fault(
            path,
            "The list bears no date inside, and its name has no month and year.",
            "Name the file as it is published, as in sn_may_2025.xlsx.",
        )
    return f"{year}-{MONTHS.index(month) + 1:02}"


def _outcomes(
    path: Path, digest: str, sheet: str, header: list[str], rows: Sheet, begin: int
) -> Reading:
    reading = Reading(path, "inspection outcomes", digest, "ofsted-outcomes")
    register = load_areas()
    at = {name: header.index(name) for name in header}
    for line, row in enumerate(rows[begin:], begin + 1):
        code = str(row[at["Local authority area code"]]).strip()
        name = str(row[at["Local authority name"]]).strip()
        if not code and not name:
            continue
        area = register.by_code(code) or register.find(name)
        dates = [row[at[each]] for each in ("Inspection date", "Publication date")]
        if area is None or not all(isinstance(each, dt.date) for each in dates):
            reading.refuse(
                line, "", f"“{code} {name}” is no known authority, or lacks a date.", "Look at it."
            )
            continue
        inspected, published = (_date(each) for each in dates)
        for position, (heading, judgement) in enumerate(JUDGEMENTS.items(), 1):
            text = str(row[at[heading]]).strip()
            if not text:  # not judged under an earlier framework
                reading.leave_out(f"no judgement of {judgement.casefold()}", line)
            elif text.casefold() not in GRADES:
                reading.refuse(line, heading, f"“{text}” is no grade.", "Look at the line.")
            else:
                reading.judgements.append(
                    {
                        "area_code": area.code,
                        "judgement": judgement,
                        "position": position,
                        "grade": GRADES[text.casefold()],
                        "inspected": inspected,
                        "published": published,
                        "source_id": reading.dataset,
                        "licence": LICENCE,
                        "locator": f"{sheet.replace('_', ' ')}, row {line}",
                    }
                )
        reading.rows += 1
    return reading


def _date(value: Any) -> dt.date:
    return value.date() if isinstance(value, dt.datetime) else value
