"""The dictionary of the interactive tool: what it says of the measures that are used.

It holds no figures. Reading it compares the tool's polarity with that of the
catalogue: where they differ, the catalogue has a reason in its caveats, and
whoever ingests the two should know.
"""

from __future__ import annotations

from kentstats.indicators import load_indicators
from kentstats.ingest.datasets import plain
from kentstats.ingest.reading import Reading
from kentstats.ingest.table import Table

COLUMNS = {"measure code", "measure short", "polarity", "year type"}
POLARITY = {"high": "high", "low": "low"}
"""Polarities of the tool; any other mark means that there is none."""


def read_dictionary(table: Table) -> Reading:
    """Read the dictionary of the Local Authority Interactive Tool.

    Parameters
    ----------
    table : Table
        The file.

    Returns
    -------
    Reading
        Without figures; its notes name the measures of the catalogue that
        the tool does not describe, or whose polarity it sees otherwise.
    """
    reading = Reading(table.path, "dictionary of the interactive tool", table.sha256)
    reading.rows, reading.refused = len(table.rows), table.refused
    reading.notes = [*table.notes, "It describes measures and holds no figures."]
    names = {plain(name): name for name in table.header}
    short, polarity = (table.column(names[name]) for name in ("measure short", "polarity"))
    told = dict(zip(short, polarity, strict=True))
    absent, other = [], []
    for indicator in load_indicators().values():
        for mapping in indicator.sources:
            if mapping.data != "lait":
                continue
            if mapping.measure not in told:
                absent.append(f"{indicator.id} ({mapping.measure})")
                continue
            theirs = POLARITY.get(told[mapping.measure].casefold(), "none")
            if theirs != indicator.polarity:
                other.append(f"{indicator.id} ({theirs}, here {indicator.polarity})")
    if absent:
        reading.notes.append(f"It does not describe: {', '.join(absent)}.")
    if other:
        reading.notes.append(f"It sees the polarity otherwise of: {', '.join(other)}.")
    return reading
