"""Underlying data of the statistical first releases of 2010.

One row an area under a header of sentences; England first, regions by name
alone, authorities by their three digits; ``x`` where a count of one to five
is withheld. The files name no period: :mod:`kentstats.sources.known` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kentstats.areas import Area, Register, load_areas
from kentstats.indicators import Indicator, Mapping, load_indicators
from kentstats.periods import year_ending
from kentstats.sources.cells import (
    SFR_SYMBOLS,
    Cells,
    add,
    figures,
    read_cells,
    refuse_impossible,
    refuse_odd,
)
from kentstats.sources.frames import Part, frame_of
from kentstats.sources.known import Dataset, plain, recognise
from kentstats.sources.reading import Reading
from kentstats.sources.table import Table, fault

if TYPE_CHECKING:
    from numpy.typing import NDArray

PLACEMENTS = "MarPlace_"


def read_dfe2010(table: Table) -> Reading:
    """Read a file of underlying data of 2010.

    Parameters
    ----------
    table : Table
        The file.

    Returns
    -------
    Reading
        With ``facts``.

    Raises
    ------
    DataError
        The columns of placements are in order: then the correction that is
        made for them must go.
    """
    dataset = recognise(table.header, ["dfe2010"])
    if dataset is None or dataset.areas_on is None:
        raise ValueError(f"{table.path} is no file of 2010")
    reading = Reading(table.path, f"underlying data of 2010, data set {dataset.id}", table.sha256)
    reading.dataset, reading.notes = dataset.id, table.notes
    reading.refused += table.refused
    if dataset.correction == "placements-out-of-order":
        _put_placements_in_order(table)
        reading.notes.append("The columns of placements were read in the order of their figures.")
    areas = _areas(table, dataset, reading)
    rows = np.array(sorted(areas), dtype=np.intp)
    columns = {plain(name): name for name in table.header}
    parts, used = [], set[str]()
    for indicator in load_indicators().values():
        for mapping in indicator.sources:
            if mapping.data == dataset.id:
                part = _part(table, reading, dataset, indicator, mapping, columns, rows, areas)
                parts.append(part)
                used |= part.columns
    rest = len([name for name in table.header if name]) - len(used)
    reading.notes.append(f"{rest} of {len(table.header)} columns were not wanted.")
    reading.rows = len(rows)
    reading.facts = frame_of(parts, dataset.id)
    return reading


def _areas(table: Table, dataset: Dataset, reading: Reading) -> dict[int, Area]:
    register, day = load_areas(), dataset.areas_on
    found: dict[int, Area] = {}
    seen: dict[str, int] = {}
    for row, cells in enumerate(table.rows):
        words = [cell.strip() for cell in cells[:3]]
        area = _area(words, register, day)
        line = table.lines[row]
        if area is None:
            reading.refuse(
                line,
                "",
                f"No list of codes knows “{' '.join(words[:2])[:60]}”.",
                "Look at the line.",
            )
        elif area.code in seen and table.rows[row] == table.rows[seen[area.code]]:
            reading.leave_out("the same line again", line)
        elif area.code in seen:
            reading.refuse(line, "", f"{area.name} occurs twice.", "Ask the publisher.")
            found.pop(seen[area.code], None)
        else:
            seen[area.code] = row
            found[row] = area
    return found


def _area(words: Sequence[str], register: Register, day: object) -> Area | None:
    import datetime as dt

    if not isinstance(day, dt.date):
        return None
    # the code stands first, or after the level; a count of three digits may come third
    digits = next((word for word in words[:2] if len(word) == 3 and word.isdigit()), "")
    names = [word for word in words if word and not word.isdigit()]
    if not digits or words[0] == "National":
        area = next((area for name in reversed(names) if (area := register.find(name))), None)
        return area if area and area.type in {"country", "region"} else None
    # an authority that went on under new boundaries' codes keeps its three digits
    area = register.find(digits, day) or min(
        register.answering(digits), key=lambda one: one.opened or day, default=None
    )
    return area if area and area.type == "authority" else None


def _part(
    table: Table,
    reading: Reading,
    dataset: Dataset,
    indicator: Indicator,
    mapping: Mapping,
    columns: dict[str, str],
    rows: NDArray[np.intp],
    areas: dict[int, Area],
) -> Part:
    lines = np.asarray(table.lines, dtype=np.intp)[rows]

    def taken(names: Sequence[str]) -> Cells | None:
        read = []
        for name in names:
            if plain(name) not in columns:
                remedy = "Mend the indicator catalogue."
                raise fault(table.path, f"There is no column “{name}”.", remedy, 1)
            column = table.coded(columns[plain(name)]).take(rows)
            read.append(read_cells(column, SFR_SYMBOLS))
            refuse_odd(read[-1], column, reading, lines, name)
        return add(read) if read else None

    slack = np.array([dataset.counts.get(areas[row].type, 0.0) for row in rows])
    value = taken([mapping.value] if mapping.value else [])
    made = figures(
        indicator.unit,
        value=value,
        numerator=taken(mapping.numerator),
        denominator=taken(mapping.denominator),
        slack=slack,
    )
    name = mapping.value or mapping.numerator[0]
    made = refuse_impossible(made, indicator.unit, reading, lines, name)
    period = year_ending(dataset.period, mapping.ends or dataset.ends or "12-31")
    if not dataset.ends:
        period = type(period)(period.label, None, None)
    return Part(
        indicator.id,
        mapping.group,
        {*mapping.numerator, *mapping.denominator, mapping.value} - {""},
        made,
        [areas[row] for row in rows],
        [period] * len(rows),
        [f"line {line}" for line in lines],
    )


def _put_placements_in_order(table: Table) -> None:
    """Name the columns of placements as their figures are ordered: by code.

    In the release the headings stand in one order and the figures in
    another, that of the alphabet. The guard is England: the release says
    that 73 per cent of children lived with foster carers (codes Q1 and Q2).
    """
    names = [name for name in table.header if name.startswith(PLACEMENTS)]
    england = next(row for row in table.rows if "England" in [cell.strip() for cell in row])

    def fostered(order: Sequence[str]) -> float:
        figures = dict(zip(order, england[-len(names) :], strict=True))
        codes = ("MarPlace_Q1_2010", "MarPlace_Q2_2010")
        total = float(england[table.header.index("MarTotal_2010")])
        return sum(float(figures[code]) for code in codes if figures[code].isdigit()) / total

    if fostered(names) > 0.5 or not 0.72 < fostered(sorted(names)) < 0.74:
        raise fault(
            table.path,
            "The columns of placements do not have the fault that is corrected here.",
            "Take the correction out of known.yml, or look at the file.",
            1,
        )
    table.header = (*table.header[: -len(names)], *sorted(names))
