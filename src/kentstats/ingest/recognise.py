"""Recognise the kind of a publisher's file by its content, and read it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kentstats.areas import Register, load_areas
from kentstats.ingest import lait
from kentstats.ingest.csv_files import Reading, file_error, read_bytes, read_csv_file
from kentstats.ingest.datasets import plain, recognise
from kentstats.ingest.open_data import METADATA, is_open_data, read_open_data
from kentstats.ingest.sfr_2010 import read_sfr_2010
from kentstats.ingest.workbooks import is_code_list, read_code_list, read_workbook

PACKED = {
    b"\x1f\x8b": ("The file is compressed.", "Unpack it first, as with gunzip."),
    b"BZh": ("The file is compressed.", "Unpack it first, as with bunzip2."),
    b"\xfd7zXZ": ("The file is compressed.", "Unpack it first, as with unxz."),
    b"\x28\xb5\x2f\xfd": ("The file is compressed.", "Unpack it first, as with unzstd."),
    b"7z\xbc\xaf": ("The file is an archive.", "Unpack it, and give the files in it."),
    b"%PDF": ("The file is a PDF.", "Download the data that lies beside it."),
}
"""How files begin that are no tables as they are, with the fault and the remedy."""
WORKBOOK_PARTS = {"content.xml", "xl/workbook.xml", "xl/workbook.bin"}


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
    register = register or load_areas()
    raw = read_bytes(path)
    for beginning, fault in PACKED.items():
        if raw.startswith(beginning):
            raise file_error(path, *fault)
    if raw.startswith(b"PK"):
        _check_archive(path, raw)
    if raw.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return read_workbook(path, raw, register)
    if raw.startswith(b"PAR1"):
        frame, reading = _read_parquet(path)
    else:
        frame, reading = read_csv_file(path, raw=raw)
    _read_table(frame, reading, register, every=every)
    return reading


def _read_table(frame: pd.DataFrame, reading: Reading, register: Register, *, every: bool) -> None:
    """Read a table by the columns it has."""
    header = list(frame.columns)
    names = {plain(name) for name in header}
    if is_open_data(header):
        read_open_data(frame, reading, register, every=every)
    elif recognise(header, ["dfe2010"]):
        read_sfr_2010(frame, reading, register)
    elif recognise(header, ["lait"]):
        lait.read_lait(frame, reading, register, every=every)
    elif is_code_list(header):
        read_code_list(frame, reading)
    elif lait.is_dictionary(header):
        lait.read_dictionary(frame, reading)
    elif names >= {plain(name) for name in METADATA[:2]}:
        reading.kind, reading.notes = "metadata of an open data file", []
        reading.notes.append("It is read with the data file beside it.")
    else:
        shown = ", ".join(header[:6])
        raise file_error(
            reading.path,
            f"The file is of no known kind; its columns begin {shown[:120]}.",
            "Known are open data files (time_period, time_identifier, geographic_level), the "
            "underlying data of 2010, the interactive tool's download, and code lists.",
            1,
        )


def has_codes(path: Path) -> bool:
    """Tell whether a file is a list of codes, which others are read with; never fails."""
    try:
        with path.open("rb") as file:
            first = file.readline(10_000).decode("utf-8-sig", errors="replace")
    except OSError:
        return False
    return is_code_list(cell.strip().strip('"') for cell in first.split(","))


def _check_archive(path: Path, raw: bytes) -> None:
    """Refuse an archive that is no workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        what = "The file is a damaged workbook, or a damaged archive."
        raise file_error(path, what, "Download it again.") from None
    if not WORKBOOK_PARTS & set(names):
        shown = f" of {', '.join(names[:3])}"[:120] if names else " of nothing"
        remedy = "Unpack it, and give the files in it."
        raise file_error(path, f"The file is an archive{shown}.", remedy)


def _read_parquet(path: Path) -> tuple[pd.DataFrame, Reading]:
    """Read a parquet file, which only the interactive tool publishes."""
    try:
        names = pq.read_schema(path).names
        if recognise(names, ["lait"]):
            return lait.read_parquet(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        lines = str(error).splitlines() or [""]
        what = f"The parquet file is damaged or cut off: {lines[0][:120].rstrip('. ')}."
        raise file_error(path, what, "Download it again.") from None
    raise file_error(
        path,
        f"The parquet file is of no known kind; its columns are {', '.join(names)[:120]}.",
        "Known is the download of the Local Authority Interactive Tool.",
    )
