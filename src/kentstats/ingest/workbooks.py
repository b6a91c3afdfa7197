"""Workbooks and code lists: statistical neighbours, inspection outcomes, areas."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kentstats import schemas
from kentstats.areas import COLUMNS, Register
from kentstats.ingest.csv_files import Reading, damage_error, file_error
from kentstats.ingest.datasets import LICENCE
from kentstats.ingest.figures import is_formula, name_fault
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
GRADES = {"outstanding": 1, "good": 2, "requires improvement": 3, "inadequate": 4}
POSITIONS = [f"SN{n}" for n in range(1, 11)]
NEIGHBOURS = ("LA number", "SN1", "SN10")
OUTCOMES = ("Local authority area code", "Overall effectiveness")
OTHER_INSPECTIONS = {"Inspection type", "Inspection/Visit type"}
"""Sheets with one of these list inspections, several for one authority."""
LIST = ("LA Number", "LA Name", "Type")
HEADER_ROWS = 10  # a header stands within this many rows

CODE_LIST_COLUMNS = ("new_la_code", "la_name", "old_la_code", "date_of_operation")
REGION_COLUMNS = ("region_code", "region_name")
KINDS = {
    "counties": "county",
    "london boroughs": "london borough",
    "metropolitan districts": "metropolitan district",
    "unitary authorities": "unitary authority",
}
ENGLAND = dict.fromkeys(COLUMNS, "") | {"code": "E92000001", "name": "England", "type": "country"}


def read_workbook(path: Path, raw: bytes, register: Register) -> Reading:
    """Read an ``.xlsx`` or ``.ods`` file, whichever of the known kinds it is."""
    reading = Reading(path, "", hashlib.sha256(raw).hexdigest())
    for name, cells in _sheets(path).items():
        for at in range(min(HEADER_ROWS, len(cells))):
            header = {str(cell).strip(): column for column, cell in enumerate(cells.iloc[at])}
            # rows are counted from 1, as a spreadsheet does
            sheet = cells.iloc[at + 1 :].set_axis(range(at + 2, len(cells) + 1))
            if header.keys() >= set(NEIGHBOURS):
                _read_neighbours(reading, header, sheet, register)
            elif header.keys() >= set(OUTCOMES) and not OTHER_INSPECTIONS & header.keys():
                _read_outcomes(reading, header, sheet, register, name)
            elif header.keys() >= set(LIST):
                reading.kind, reading.rows = "list of authorities without dates", len(sheet)
                reading.notes.append("It holds no dates of operation; the list with dates does.")
            if reading.kind:
                return reading
    remedy = "Known are lists of statistical neighbours, inspection outcomes and codes."
    raise file_error(path, "The workbook is of no known kind.", remedy)


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
        raise damage_error(path, "workbook", error) from None
    except BaseException as error:
        # the reader is written in Rust, and a panic in it is no Exception
        if type(error).__name__ != "PanicException":
            raise
        raise damage_error(path, "workbook", error) from None


def _check_columns(path: Path, header: Iterable[str], wanted: Sequence[str]) -> None:
    if missing := [name for name in wanted if name not in header]:
        what = f"The table has no column {', '.join(missing)}."
        raise file_error(path, what, "Download it again; or its layout is a new one.")


def _read_neighbours(
    reading: Reading, header: Mapping[str, int], sheet: pd.DataFrame, register: Register
) -> None:
    reading.kind, reading.dataset = "list of statistical neighbours", "statistical-neighbours"
    day = _month(reading.path)
    _check_columns(reading.path, header, ["LA number", "LA Name", *POSITIONS])
    seen: set[str] = set()
    for line, *row in sheet.itertuples(name=None):
        digits = _digits(row[header["LA number"]])
        area = register.find(digits, day)
        found = [register.find(_digits(row[header[name]]), day) for name in POSITIONS]
        codes = [neighbour.code if neighbour else "" for neighbour in found]
        if area is None and register.find(digits):
            reading.leave_out("an authority that had ended", [line])
        elif not any(codes):  # the lines below the table, too
            reading.leave_out("a line without neighbours", [line])
        elif area is None:
            what = f"No list knows “{str(row[header['LA number']])[:40]}”."
            reading.refuse(line, "LA number", what, "Look at it.")
        elif what := name_fault(area, digits, str(row[header["LA Name"]]).strip(), register):
            reading.refuse(line, "LA Name", what, "Ask the publisher.")
        elif area.code in seen or len({area.code, *codes} - {""}) <= len(codes):
            what = f"{area.name} is listed twice, or without ten different neighbours with codes."
            reading.refuse(line, "", what, "Ask the publisher.")
        else:
            seen.add(area.code)
            # how close each is stands in the column after it
            after = [*row, ""]
            closeness = [str(after[header[name] + 1]).strip().capitalize() for name in POSITIONS]
            for position, pair in enumerate(zip(codes, closeness, strict=True), 1):
                cells = (f"{day:%Y-%m}", area.code, position, *pair)
                reading.neighbours.append(dict(zip(schemas.NEIGHBOURS, cells, strict=True)))
    reading.rows = len(seen)
    reading.notes.append(f"The list is that of {day:%Y-%m}.")


def _digits(cell: Any) -> str:
    text = f"{cell:g}" if isinstance(cell, float) else str(cell).strip()
    return text if re.fullmatch(r"\d{3}", text) else ""


def _month(path: Path) -> dt.date:
    """Return the month and year in the file's name: the lists bear no date inside."""
    words = re.findall(r"[a-z]+|\d+", path.stem.casefold())
    years = [word for word in words if re.fullmatch(r"20\d\d", word)]
    months = [word for word in words if word in MONTHS]
    if len(years) != 1 or len(months) != 1:
        what = "The list bears no date inside, and its name has no month and year."
        raise file_error(path, what, "Name it as it is published, as in sn_may_2025.xlsx.")
    return dt.date(int(years[0]), MONTHS[months[0]], 1)


def _read_outcomes(
    reading: Reading, header: Mapping[str, int], sheet: pd.DataFrame, register: Register, name: str
) -> None:
    reading.kind, reading.dataset = "inspection outcomes", "ofsted-outcomes"
    columns = ["Local authority area code", "Local authority name"]
    columns += ["Inspection date", "Publication date", *JUDGEMENTS]
    _check_columns(reading.path, header, columns)
    seen: dict[str, int] = {}
    for line, *row in sheet[[header[column] for column in columns]].itertuples(name=None):
        code, place = (str(cell).strip() for cell in row[:2])
        if not code and not place:
            continue
        area = register.by_code(code) or register.find(place)
        inspected, published = map(_date, row[2:4])
        if area is None or area.type != "authority":
            what = f"“{code[:20]} {place[:60]}” is no known authority."
        elif area.code in seen:
            what = f"{area.name} stands in line {seen[area.code]} already."
        elif inspected and published and inspected <= published:
            what = name_fault(area, code[:20], place, register)
        else:
            what = "The days of inspection and publication are not two days in this order."
        if what or area is None:
            reading.refuse(line, "", what, "Look at the line, or ask the publisher.")
            continue
        seen[area.code] = line
        for position, (heading, cell) in enumerate(zip(JUDGEMENTS, row[4:], strict=True), 1):
            judgement, text = JUDGEMENTS[heading], str(cell).strip()
            grade = GRADES.get(text.casefold().removesuffix(" to be good"))
            if not text:  # not judged under an earlier framework
                reading.leave_out(f"no judgement of {judgement.casefold()}", [line])
            elif grade is None:
                reading.refuse(line, heading, f"“{text[:40]}” is no grade.", "Look at the line.")
            else:
                found = (area.code, judgement, position, grade)
                source = (reading.dataset, LICENCE, f"{name.replace('_', ' ')}, row {line}")
                cells = (*found, inspected, published, *source)
                reading.judgements.append(dict(zip(schemas.OUTCOMES, cells, strict=True)))
    reading.rows = len(seen)


def _date(value: Any) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    return value if isinstance(value, dt.date) else None


def is_code_list(header: Iterable[str]) -> bool:
    """Tell whether a header is that of a list of authorities or of regions."""
    names = {name.strip().casefold() for name in header}
    regions = names.issuperset(REGION_COLUMNS) and "time_period" not in names
    return regions or names.issuperset(CODE_LIST_COLUMNS)


def read_code_list(frame: pd.DataFrame, reading: Reading) -> None:
    """Read a list of authorities with dates of operation, or a list of regions, into a reading."""
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
        reading.leave_out("a joined code or a place outside the list", [line])
        return None
    kind = KINDS.get(row.get("entity_description", "").casefold(), "")
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
    old = old if re.fullmatch(r"\d{3}", old) else ""
    region = row.get("parent_geography_code", "")
    cells = (code, name, "authority", old, region, kind, opened, closed)
    return dict(zip(COLUMNS, cells, strict=True))


def _region(row: Mapping[Any, str], line: int, reading: Reading) -> dict[str, Any] | None:
    code, name = row["region_code"], row["region_name"]
    if not re.fullmatch(r"E1[23]\d{6}", code):
        reading.leave_out("a place outside the regions of England", [line])
        return None
    if not name or is_formula(name):
        reading.refuse(line, "region_name", f"“{name[:40]}” is no name.", "Look at the list.")
        return None
    # Inner and Outer London lie in London, and are never added to it
    region = "E12000007" if code.startswith("E13") else ""
    return {**ENGLAND, "code": code, "name": name, "type": "region", "region": region}


def _day(text: str) -> str:
    """Return a day written 01/04/2009 in ISO form; empty where it is none."""
    try:
        return dt.datetime.strptime(text, "%d/%m/%Y").date().isoformat()  # noqa: DTZ007
    except ValueError:
        return ""


def merge_areas(
    rows: Iterable[Mapping[str, Any]], more: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Merge rows of the register of areas by their codes, later rows replacing earlier ones."""
    merged = {row["code"]: dict(row) for row in [ENGLAND, *rows, *more]}
    return [merged[code] for code in sorted(merged) if re.fullmatch(r"E\d{8}", code)]
