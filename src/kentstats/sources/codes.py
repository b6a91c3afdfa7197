"""Code lists: authorities and regions, with the dates their codes held.

Lists of the Office for National Statistics as the Department for Education
publishes them with its open data. They end in the register of areas.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from kentstats.areas import fold
from kentstats.sources.reading import Reading
from kentstats.sources.table import Table

LIST_COLUMNS = {"new_la_code", "la_name", "old_la_code", "date_of_operation", "entity_description"}
REGION_COLUMNS = {"region_code", "region_name"}
HIERARCHY_COLUMNS = {*REGION_COLUMNS, "new_la_code", "la_name", "old_la_code"}
KIND_OF = {
    "Counties": "county",
    "London Boroughs": "london borough",
    "Metropolitan Districts": "metropolitan district",
    "Unitary Authorities": "unitary authority",
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


def read_codes(table: Table) -> Reading:
    """Read a list of authorities with dates of operation.

    Parameters
    ----------
    table : Table
        The file.

    Returns
    -------
    Reading
        Rows of the register of areas in ``areas``.
    """
    reading = Reading(table.path, "list of authorities", table.sha256, notes=table.notes)
    reading.refused += table.refused
    names = table.header
    for line, cells in zip(table.lines, table.rows, strict=True):
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
        code = row["new_la_code"]
        if "/" in code or not re.fullmatch(r"E\d{8}", code):
            reading.leave_out("a joined code or a place outside the list", line)
            continue
        kind = KIND_OF.get(row["entity_description"], "")
        opened, closed = (
            _day(row.get(name, "")) for name in ("date_of_operation", "date_of_termination")
        )
        if not kind or opened is None:
            reading.refuse(
                line, "", f"{code} has no known kind or no date of operation.", "Look at the list."
            )
            continue
        reading.rows += 1
        reading.areas.append(
            {
                "code": code,
                "name": plain_name(row["la_name"]),
                "type": "authority",
                "old_code": row["old_la_code"] if row["old_la_code"].isdigit() else "",
                "region": row.get("parent_geography_code", ""),
                "kind": kind,
                "opened": opened.isoformat(),
                "closed": closed.isoformat() if closed else "",
            }
        )
    return reading


def read_regions(table: Table) -> Reading:
    """Read a list of regions; a list of authorities by region gives the same."""
    reading = Reading(table.path, "list of regions", table.sha256, notes=table.notes)
    reading.refused += table.refused
    reading.rows = len(table.rows)
    seen = dict.fromkeys(zip(table.column("region_code"), table.column("region_name"), strict=True))
    for code, name in seen:
        row: dict[str, Any] = {**ENGLAND, "code": code, "name": name, "type": "region"}
        # Inner and Outer London lie in London, and are never added to it
        reading.areas.append({**row, "region": "E12000007" if code.startswith("E13") else ""})
    return reading


def plain_name(name: str) -> str:
    """Return a name as one would say it: ``Bristol`` for ``Bristol, City of``."""
    return re.sub(r", (City|County) of$", "", name.strip())


def _day(text: str) -> dt.date | None:
    match = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", text)
    return dt.date(int(match[3]), int(match[2]), int(match[1])) if match else None


def merge(rows: list[dict[str, Any]], more: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merge rows of the register: a later row replaces that of the same code.

    Parameters
    ----------
    rows, more : list of dict
        Rows of the register.

    Returns
    -------
    list of dict
        Sorted by code, England with them.
    """
    merged = {row["code"]: row for row in [ENGLAND, *rows, *more]}
    return [merged[code] for code in sorted(merged)]


def same_name(one: str, other: str) -> bool:
    """Tell whether two spellings name one place."""
    return fold(one) == fold(other)
