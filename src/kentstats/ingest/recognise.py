"""Tell what a file is from its content, and read it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from kentstats.areas import Register
from kentstats.ingest import lait_dictionary
from kentstats.ingest.area_codes import is_codes, read_codes
from kentstats.ingest.datasets import plain, recognise
from kentstats.ingest.lait import read_lait
from kentstats.ingest.open_data import META, is_ees, read_ees
from kentstats.ingest.reading import Reading
from kentstats.ingest.sfr_2010 import read_dfe2010
from kentstats.ingest.table import Table, fault, read_bytes, read_table
from kentstats.ingest.workbooks import read_workbook

PACKED = {
    b"\x1f\x8b": ("The file is compressed.", "Unpack it first, as with gunzip."),
    b"BZh": ("The file is compressed.", "Unpack it first, as with bunzip2."),
    b"\xfd7zXZ": ("The file is compressed.", "Unpack it first, as with unxz."),
    b"\x28\xb5\x2f\xfd": ("The file is compressed.", "Unpack it first, as with unzstd."),
    b"7z\xbc\xaf": ("The file is an archive.", "Unpack it, and give the files in it."),
    b"%PDF": ("The file is a PDF.", "Download the data that lies beside it."),
}
"""Beginnings of files that hold no table as they are, with what to do."""


def read_file(path: Path, *, every: bool = False, register: Register | None = None) -> Reading:
    """Read a file of official statistics, whichever of the known kinds it is.

    Parameters
    ----------
    path : pathlib.Path
        A CSV, parquet, xlsx or ods file; its name does not matter.
    every : bool, default False
        Take measures that the catalogue does not know, under names made
        from theirs.
    register : Register, optional
        The areas there are; those of the project at hand by default.

    Returns
    -------
    Reading

    Raises
    ------
    DataError
        The file cannot be read, or is of no known kind.
    """
    raw = read_bytes(path)
    for beginning, told in PACKED.items():
        if raw.startswith(beginning):
            raise fault(path, *told)
    if raw.startswith(b"PAR1"):
        return _parquet(path, every=every, register=register)
    if raw.startswith(b"PK"):
        _check_archive(path, raw)
    if raw.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return read_workbook(path, register=register)
    table = read_table(path, raw=raw)
    if is_ees(table.header):
        return read_ees(table, every=every, register=register)
    if recognise(table.header, ["dfe2010"]):
        return read_dfe2010(table, register=register)
    if recognise(table.header, ["lait"]):
        return read_lait(path, every=every, register=register)
    return _list(table)


def is_code_list(path: Path) -> bool:
    """Tell whether a file is a list of codes, which others are read with; never fails."""
    try:
        with path.open("rb") as file:
            first = file.readline(10_000).decode("utf-8-sig", errors="replace")
    except OSError:
        return False
    return is_codes(cell.strip().strip('"') for cell in first.split(","))


def _list(table: Table) -> Reading:
    """Read a file that holds no figures."""
    if is_codes(table.header):
        return read_codes(table)
    names = {plain(name) for name in table.header}
    if names >= lait_dictionary.COLUMNS:
        return lait_dictionary.read_dictionary(table)
    if names >= {plain(name) for name in META[:2]}:
        reading = Reading(table.path, "metadata of an open data file", table.sha256)
        reading.notes.append("It is read with the data file beside it.")
        return reading
    shown = ", ".join(table.header[:6])
    raise fault(
        table.path,
        f"The file is of no known kind; its columns begin {shown[:120]}.",
        "Known are open data files (time_period, time_identifier, geographic_level), the "
        "underlying data of 2010, the interactive tool's download, and code lists.",
        1,
    )


def _check_archive(path: Path, raw: bytes) -> None:
    """Refuse an archive that is no workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        what = "The file is a damaged workbook, or a damaged archive."
        raise fault(path, what, "Download it again.") from None
    if not any(name in {"content.xml", "xl/workbook.xml", "xl/workbook.bin"} for name in names):
        shown = ", ".join(names[:3])
        raise fault(
            path,
            f"The file is an archive{f' of {shown}'[:120] if names else ' of nothing'}.",
            "Unpack it, and give the files in it.",
        )


def _parquet(path: Path, *, every: bool, register: Register | None) -> Reading:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
        if recognise(names, ["lait"]):
            return read_lait(path, every=every, register=register)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        lines = str(error).splitlines() or [""]
        raise fault(
            path,
            f"The parquet file is damaged or cut off: {lines[0][:120].rstrip('. ')}.",
            "Download it again.",
        ) from None
    raise fault(
        path,
        f"The parquet file is of no known kind; its columns are {', '.join(names)[:120]}.",
        "Known is the download of the Local Authority Interactive Tool.",
    )
