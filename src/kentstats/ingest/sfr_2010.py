"""Underlying data of the statistical first releases of 2010.

One row an area under a header of sentences; England first, regions by name
alone, authorities by their three digits; ``x`` where a count of one to five
is withheld. The files name no period: :mod:`kentstats.ingest.datasets` does.

Two files have faults that are known. Each is declared in ``known.yml`` and
dealt with here, under a guard that fails once the file has been put right.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from kentstats.areas import Area, Register, fold, load_areas
from kentstats.indicators import Indicator, Mapping, load_indicators
from kentstats.ingest.cells import (
    SFR_SYMBOLS,
    Cells,
    add,
    figures,
    read_cells,
    refuse_impossible,
    refuse_odd,
)
from kentstats.ingest.datasets import Dataset, canonical, plain, recognise
from kentstats.ingest.figures import Part, frame_of
from kentstats.ingest.reading import Reading
from kentstats.ingest.table import Table, fault, number
from kentstats.periods import year_ending

if TYPE_CHECKING:
    from numpy.typing import NDArray

CODES = "Q1 Q2 A3 A4 A5 A6 P1 P2 P3 K1 K2 H5 R1 R2 R3 R5 S1 M1 M2 M3 Z1"
PLACEMENTS = [f"MarPlace_{code}_2010" for code in CODES.split()]
"""Columns of placements, in the order in which the release heads them."""
FIRST_COUNT = "Number of children looked after continuously for 12 months at 31 March 2010"
NO_FAULT = "Take the correction out of known.yml, or look at the file."


@dataclass
class _File:
    """A file while it is read: its rows with their areas, its columns once they are wanted."""

    table: Table
    reading: Reading
    dataset: Dataset
    areas: dict[int, Area]
    rows: NDArray[np.intp]
    read: dict[str, Cells] = field(default_factory=dict)

    @property
    def lines(self) -> NDArray[np.intp]:
        return np.asarray(self.table.lines, dtype=np.intp)[self.rows]

    def cells(self, name: str) -> Cells:
        key = plain(name)
        if key not in self.read:
            named = {plain(each): each for each in self.table.header}
            if key not in named:
                remedy = "Download the file again, or mend the indicator catalogue."
                raise fault(self.table.path, f"There is no column “{name}”.", remedy, 1)
            column = self.table.coded(named[key]).take(self.rows)
            cells = read_cells(column, SFR_SYMBOLS)
            self.read[key] = replace(cells, half=self.dataset.rounded.get(name, 0.0))
            refuse_odd(self.read[key], column, self.reading, self.lines, name, SFR_SYMBOLS)
        return self.read[key]


def read_dfe2010(table: Table, *, register: Register | None = None) -> Reading:
    """Read a file of underlying data of 2010.

    Parameters
    ----------
    table : Table
        The file.
    register : Register, optional
        The areas there are; those of the project at hand by default.

    Returns
    -------
    Reading
        With ``facts``.

    Raises
    ------
    DataError
        A fault that is corrected here is not in the file: then the
        correction must go.
    """
    dataset = recognise(table.header, ["dfe2010"])
    if dataset is None or dataset.areas_on is None:
        raise ValueError(f"{table.path} is no file of 2010")
    reading = Reading(table.path, f"underlying data of 2010, data set {dataset.id}", table.sha256)
    reading.dataset, reading.notes = dataset.id, table.notes
    reading.refused += table.refused
    areas = _areas(table, dataset, reading, register or load_areas())
    if dataset.correction == "placements-out-of-order":
        _put_placements_in_order(table, areas)
        reading.notes.append("The columns of placements were read in the order of their figures.")
    if dataset.correction == "regions-of-other-authorities":
        _leave_out_regions(table, areas, reading)
    file = _File(table, reading, dataset, areas, np.array(sorted(areas), dtype=np.intp))
    parts = [
        _part(file, indicator, mapping)
        for indicator in load_indicators().values()
        for mapping in indicator.sources
        if mapping.data == dataset.id
    ]
    named = [name for name in table.header if plain(name) not in map(plain, GEOGRAPHY)]
    reading.notes.append(f"{len(named) - len(file.read)} of {len(named)} columns were not wanted.")
    reading.rows = len(areas)
    reading.wanted = sum(len(part.locators) for part in parts)
    reading.facts = frame_of(parts, dataset.id)
    return reading


def _areas(table: Table, dataset: Dataset, reading: Reading, register: Register) -> dict[int, Area]:
    found: dict[int, Area] = {}
    seen: dict[str, int] = {}
    for row, cells in enumerate(table.rows):
        words = [cell.strip() for cell in _words(table.header, cells)]
        area = _area(words, register, dataset.areas_on or dt.date.max)
        line = table.lines[row]
        if isinstance(area, str):
            reading.refuse(line, "", area, "Look at the line.")
        elif area.code in seen and table.rows[row] == table.rows[seen[area.code]]:
            reading.leave_out("the same line again", line)
        elif area.code in seen:
            reading.refuse(line, "", f"{area.name} occurs twice.", "Ask the publisher.")
            if found.pop(seen[area.code], None):
                first = table.lines[seen[area.code]]
                reading.refuse(first, "", f"{area.name} occurs twice.", "Ask the publisher.")
        else:
            seen[area.code] = row
            found[row] = area
    return found


SOON = dt.timedelta(days=1)
GEOGRAPHY = ("LA Number", "", "geog_l", "geog_c", "geog_n")
"""Headings of the level, code and name of an area; some files have none over them."""


def _words(header: Sequence[str], cells: Sequence[str]) -> Iterable[str]:
    known = {plain(name) for name in GEOGRAPHY}
    return (cell for name, cell in zip(header, cells, strict=True) if plain(name) in known)


def _area(words: Sequence[str], register: Register, day: dt.date) -> Area | str:
    """Return the area of a line, or why it has none."""
    unknown = f"No list of codes knows “{' '.join(filter(None, words))[:60]}”."
    digits = next((word for word in words if len(word) == 3 and word.isdigit()), "")
    names = [word for word in words if word and not word.isdigit()]
    if not digits or "National" in words:
        area = next((area for name in reversed(names) if (area := register.find(name))), None)
        return area if area and area.type in {"country", "region"} else unknown
    # an authority that went on under another code the next day keeps its three digits
    soon = [area for area in register.answering(digits) if area.operates(day + SOON)]
    area = register.find(digits, day) or (soon[0] if len(soon) == 1 else None)
    if area is None or area.type != "authority":
        return unknown
    for name in names:
        others = [] if fold(name) == fold(area.name) else register.answering(name)
        if others and area not in others:
            return f"{digits} is {area.name}, the line says {name[:60]}."
    return area


def _part(file: _File, indicator: Indicator, mapping: Mapping) -> Part:
    def taken(names: Sequence[str]) -> Cells | None:
        return add([file.cells(name) for name in names]) if names else None

    dataset, areas = file.dataset, [file.areas[row] for row in file.rows]
    made = figures(
        indicator.unit,
        value=taken([mapping.value] if mapping.value else []),
        numerator=taken(mapping.numerator),
        denominator=taken(mapping.denominator),
        slack=np.array([dataset.counts.get(area.type, 0.0) for area in areas]),
    )
    name = mapping.value or mapping.numerator[0]
    made = refuse_impossible(made, indicator.unit, file.reading, file.lines, name)
    period = year_ending(dataset.period, mapping.ends or dataset.ends or "12-31")
    if not dataset.ends:
        period = type(period)(period.label, None, None)
    return Part(
        indicator.id,
        {*mapping.numerator, *mapping.denominator, mapping.value} - {""},
        made,
        [mapping.group] * len(areas),
        areas,
        [period] * len(areas),
        [f"line {line}" for line in file.lines],
    )


def _country(table: Table, areas: dict[int, Area]) -> list[str]:
    for row, area in areas.items():
        if area.type == "country":
            return table.rows[row]
    remedy = "Download the file again."
    raise fault(table.path, "There is no line of England to check the file by.", remedy)


def _put_placements_in_order(table: Table, areas: dict[int, Area]) -> None:
    """Name the columns of placements as their figures are ordered: by code.

    In the release the headings stand in one order and the figures in
    another, that of the alphabet. The guard is England: the release says
    that 73 per cent of children lived with foster carers (codes Q1 and Q2).
    """
    header = canonical(table.header, [*PLACEMENTS, "MarTotal_2010"])
    truly = dict(zip(PLACEMENTS, sorted(PLACEMENTS), strict=True))
    england = dict(zip(header, _country(table, areas), strict=True))

    def fostered(names: Iterable[str]) -> float:
        counts = [number(england.get(name, "").strip()) for name in names]
        total = number(england["MarTotal_2010"].strip())
        return sum(count or 0.0 for count in counts) / (total or math.inf)

    wanted = PLACEMENTS[:2]
    # whose figures stand under which heading
    under = [name for name, true in truly.items() if true in wanted]
    if fostered(wanted) > 0.5 or not 0.72 < fostered(under) < 0.74:
        raise fault(
            table.path,
            "The columns of placements do not have the fault that is corrected here.",
            NO_FAULT,
            1,
        )
    table.header = tuple(truly.get(name, name) for name in header)


def _leave_out_regions(table: Table, areas: dict[int, Area], reading: Reading) -> None:
    """Leave the lines of regions out, which are sums over other authorities than theirs.

    The guard is the first count, which is withheld nowhere: where the
    authorities of every region add up to its line, the fault is gone.
    """
    column = [plain(name) for name in table.header].index(plain(FIRST_COUNT))
    sums: dict[str, float] = {}
    lines: dict[str, tuple[int, float]] = {}
    for row, area in areas.items():
        count = number(table.rows[row][column].strip()) or 0.0
        if area.type == "authority":
            sums[area.region] = sums.get(area.region, 0.0) + count
        elif area.type == "region":
            lines[area.code] = (row, count)
    off = [code for code in sums if code in lines and abs(sums[code] - lines[code][1]) > 5]
    if lines and not off:
        raise fault(
            table.path,
            "The lines of regions do not have the fault for which they are left out here.",
            NO_FAULT,
            1,
        )
    for row, _ in lines.values():
        reading.leave_out("a region that is not the sum of its authorities", table.lines[row])
        del areas[row]
