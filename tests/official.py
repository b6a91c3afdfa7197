"""What the tests of official statistics share: the real files, and files to break."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from conftest import MAY_SKIP, ROOT, SHARED

from kentstats.ingest.csv_files import Reading
from kentstats.ingest.edition import contents, list_editions, read_official, write_all
from kentstats.project import Project

DATA = SHARED / "data"
REAL_LISTS = sorted((DATA / "lookups").glob("*.csv"))
REAL_2010 = sorted((DATA / "dfe-2010").glob("*.csv"))
REAL_2025 = [
    *sorted((DATA / "ees").glob("*.csv")),
    *sorted((DATA / "lait").iterdir() if DATA.is_dir() else []),
    *sorted((DATA / "ofsted").glob("*.ods")),
]
needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"the official files are not there: {MAY_SKIP['shared']}"
)
RAW = ROOT / "data" / "raw"

PLACES = {
    "England": ("National", "", "", "", "", ""),
    "South East": ("Regional", "E12000008", "South East", "", "", ""),
    "Kent": ("Local authority", "E12000008", "South East", "886", "Kent", "E10000016"),
    "Essex": ("Local authority", "E12000006", "East of England", "881", "Essex", "E10000012"),
    "Medway": ("Local authority", "E12000008", "South East", "887", "Medway", "E06000035"),
}
GEOGRAPHY = (
    "time_period",
    "time_identifier",
    "geographic_level",
    "country_code",
    "country_name",
    "region_code",
    "region_name",
    "old_la_code",
    "la_name",
    "new_la_code",
)
LOOKED_AFTER = "Children looked after on 31 March each year"
Cells = Mapping[str, object]


def row(place: str = "Kent", /, **cells: object) -> dict[str, object]:
    """Make a row of an open data file: time and place, then what is given."""
    level, region, region_name, old, name, new = PLACES[place]
    return {
        "time_period": "2025",
        "time_identifier": "Reporting year",
        "geographic_level": level,
        "country_code": "E92000001",
        "country_name": "England",
        "region_code": region,
        "region_name": region_name,
        "old_la_code": old,
        "la_name": name,
        "new_la_code": new,
        **cells,
    }


def looked_after(place: str = "Kent", /, **cells: object) -> dict[str, object]:
    """Make a row of the data set of numbers and rates of children looked after."""
    counts = {"population_estimate": 340_000, "children_count": 1_900, "rate_per_10000": 56}
    return row(place, population_type=LOOKED_AFTER, **counts) | cells


def text_of(rows: Iterable[Cells], *, end: str = "\n") -> str:
    """Write rows as CSV, their names as header."""
    rows = list(rows)
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0], lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write(path: Path, content: str | bytes | Iterable[Cells]) -> Path:
    """Write a file: bytes or text as they are, rows as CSV."""
    if not isinstance(content, str | bytes):
        content = text_of(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def workbook(path: Path, **sheets: list[list[object]]) -> Path:
    """Write a workbook of sheets, their names with underscores for spaces: text and numbers."""
    names = list(sheets)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{link}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{link}"><sheets>'
        + "".join(
            f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>'
            for at, name in enumerate(names, 1)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(
            f'<Relationship Id="r{at}" Type="{link}/worksheet" Target="worksheets/{at}.xml"/>'
            for at in range(1, len(names) + 1)
        )
        + "</Relationships>",
    }
    for at, rows in enumerate(sheets.values(), 1):
        lines = "".join(f"<row>{''.join(map(_cell, cells))}</row>" for cells in rows)
        parts[f"xl/worksheets/{at}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>'
        )
    with zipfile.ZipFile(path, "w") as packed:
        for name, text in parts.items():
            packed.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return path


def _cell(value: object) -> str:
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'


def refused(reading: Reading) -> list[str]:
    """Say what was refused, without the name of the file."""
    return [str(problem).removeprefix(f"{reading.path.name}, ") for problem in reading.refused]


def small_home(root: Path) -> Project:
    """Make a project with the areas, and editions of few areas: quick to read and to write."""
    home = Project(root)
    shutil.copytree(RAW / "areas", home.raw / "areas")
    chosen = ["E92000001", "E12000008", "E10000016", "E10000012", "E06000035"]
    for name in list_editions(Project(ROOT)):
        edition = read_official(name, Project(ROOT))
        figures = edition.figures[edition.figures["area_code"].isin(chosen)]
        neighbours = [each for each in edition.neighbours if each["area_code"] in chosen]
        folder = home.raw / edition.folder.name
        small = replace(edition, figures=figures, neighbours=neighbours, folder=folder)
        write_all(contents(small))
    return home


def sums_of(folder: Path) -> dict[str, str]:
    """Return the checksum of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
