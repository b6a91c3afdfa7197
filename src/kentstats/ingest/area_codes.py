"""Code lists: authorities and regions, with the dates their codes held.

Lists of the Office for National Statistics as the Department for Education
publishes them with its open data. They end in the register of areas.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any

from kentstats.ingest.reading import Reading
from kentstats.ingest.table import Table, is_formula

LIST_COLUMNS = ("new_la_code", "la_name", "old_la_code", "date_of_operation", "entity_description")
REGION_COLUMNS = ("region_code", "region_name")
KIND_OF = {
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


def is_codes(header: Iterable[str]) -> bool:
    """Tell whether a header is that of a list of authorities or of regions."""
    names = {name.strip().casefold() for name in header}
    return names.issuperset(LIST_COLUMNS) or (
        names.issuperset(REGION_COLUMNS) and "time_period" not in names
    )


def read_codes(table: Table) -> Reading:
    """Read a list of authorities with dates of operation, or a list of regions.

    Parameters
    ----------
    table : Table
        The file. A list of authorities by region gives the regions.

    Returns
    -------
    Reading
        Rows of the register of areas in ``areas``.
    """
    table.header = tuple(name.casefold() for name in table.header)
    whole = set(table.header).issuperset(LIST_COLUMNS)
    kind = "list of authorities" if whole else "list of regions"
    reading = Reading(table.path, kind, table.sha256, notes=table.notes)
    reading.refused += table.refused
    seen: dict[str, dict[str, Any]] = {}
    for line, cells in zip(table.lines, table.rows, strict=True):
        row = {name: cell.strip() for name, cell in zip(table.header, cells, strict=True)}
        area = _authority(row, line, reading) if whole else _region(row, line, reading)
        if area is None:
            continue
        reading.rows += 1
        if seen.setdefault(area["code"], area) != area:
            what = f"{area['code']} stands here twice, and differently."
            reading.refuse(line, "", what, "Ask the publisher which is right; the first was taken.")
    reading.areas = list(seen.values())
    return reading


def _authority(row: Mapping[str, str], line: int, reading: Reading) -> dict[str, Any] | None:
    code, name = row["new_la_code"], plain_name(row["la_name"])
    if "/" in code or not re.fullmatch(r"E\d{8}", code):
        reading.leave_out("a joined code or a place outside the list", line)
        return None
    kind = KIND_OF.get(row["entity_description"].casefold(), "")
    begin, end = row["date_of_operation"], row.get("date_of_termination", "")
    opened, closed = _day(begin), _day(end)
    faults = {
        "la_name": not name or is_formula(name),
        "entity_description": not kind,
        "date_of_operation": opened is None,
        "date_of_termination": bool(end) and (closed is None or closed < (opened or closed)),
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
        "opened": opened.isoformat() if opened else "",
        "closed": closed.isoformat() if closed else "",
    }


def _region(row: Mapping[str, str], line: int, reading: Reading) -> dict[str, Any] | None:
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


def plain_name(name: str) -> str:
    """Return a name as one would say it: ``Bristol`` for ``Bristol, City of``."""
    return re.sub(r", (City|County) of$", "", name.strip())


def _day(text: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007
    except ValueError:
        return None


def merge(
    rows: Iterable[Mapping[str, Any]], more: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Merge rows of the register: a later row replaces that of the same code.

    Parameters
    ----------
    rows, more : iterable of mappings
        Rows of the register.

    Returns
    -------
    list of dict
        Sorted by code, England with them; without marks that are no codes.
    """
    merged = {row["code"]: dict(row) for row in [ENGLAND, *rows, *more]}
    return [merged[code] for code in sorted(merged) if re.fullmatch(r"E\d{8}", code)]
