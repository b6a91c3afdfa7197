"""Tell what a file is from its content, and read it."""

from __future__ import annotations

from pathlib import Path

from kentstats.sources import codes
from kentstats.sources.dfe2010 import read_dfe2010
from kentstats.sources.ees import is_ees, read_ees
from kentstats.sources.known import recognise
from kentstats.sources.lait import read_lait
from kentstats.sources.reading import Reading
from kentstats.sources.table import fault, read_bytes, read_table
from kentstats.sources.workbooks import read_workbook

DICTIONARY = {"Measure_code", "Measure_short", "Polarity", "Year_Type"}


def read_file(path: Path, *, every: bool = False) -> Reading:
    """Read a file of official statistics, whichever of the known kinds it is.

    Parameters
    ----------
    path : pathlib.Path
        A CSV, parquet, xlsx or ods file; its name does not matter.
    every : bool, default False
        Take measures that the catalogue does not know, under names made
        from theirs.

    Returns
    -------
    Reading

    Raises
    ------
    DataError
        The file cannot be read, or is of no known kind.
    """
    raw = read_bytes(path)
    if raw.startswith(b"PAR1"):
        return _parquet(path, every=every)
    if raw.startswith(b"PK\x03\x04") or raw.startswith(b"\xd0\xcf\x11\xe0"):
        return read_workbook(path)
    if raw.startswith(b"\x1f\x8b"):
        raise fault(path, "The file is compressed.", "Unpack it first, as with gunzip.")
    if raw.startswith(b"%PDF"):
        raise fault(path, "The file is a PDF.", "Download the data that lies beside it.")
    table = read_table(path, raw=raw)
    header = set(table.header)
    if is_ees(table.header):
        return read_ees(table, every=every)
    if recognise(table.header, ["dfe2010"]):
        return read_dfe2010(table)
    if recognise(table.header, ["lait"]):
        return read_lait(path, every=every)
    if header >= codes.LIST_COLUMNS:
        return codes.read_codes(table)
    if header >= codes.REGION_COLUMNS:
        return codes.read_regions(table)
    if header >= DICTIONARY:
        reading = Reading(path, "dictionary of the interactive tool", table.sha256)
        reading.rows, reading.refused = len(table.rows), table.refused
        reading.notes = [
            *table.notes,
            "It describes measures and holds no figures; the indicator catalogue says which are used.",
        ]
        return reading
    if {"col_name", "col_type"} <= header:
        reading = Reading(path, "metadata of an open data file", table.sha256)
        reading.notes.append("It is read with the data file beside it.")
        return reading
    shown = ", ".join(table.header[:6])
    raise fault(
        path,
        f"The file is of no known kind; its columns begin {shown[:120]}.",
        "Known are open data files (time_period, time_identifier, geographic_level), the "
        "underlying data of 2010, the interactive tool's download, and code lists.",
        1,
    )


def _parquet(path: Path, *, every: bool) -> Reading:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
    except (pa.ArrowInvalid, OSError):
        raise fault(path, "The parquet file is damaged or cut off.", "Download it again.") from None
    if not recognise(names, ["lait"]):
        raise fault(
            path,
            f"The parquet file is of no known kind; its columns are {', '.join(names)[:120]}.",
            "Known is the download of the Local Authority Interactive Tool.",
        )
    try:
        return read_lait(path, every=every)
    except (pa.ArrowInvalid, OSError) as error:
        raise fault(
            path, f"The parquet file cannot be read: {error}.", "Download it again."
        ) from None
