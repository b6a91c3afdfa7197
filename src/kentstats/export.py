"""Write the tidy tables as CSV, JSON or Parquet."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from kentstats.ingest.edition import write_all
from kentstats.load import OFFICIAL_TABLES, READERS, load_facts, load_official_table, load_table
from kentstats.project import ProjectLike
from kentstats.schemas import to_csv

if TYPE_CHECKING:
    import pandas as pd


def load_any_table(
    table: str,
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    kind: str = "all",
    home: ProjectLike | None = None,
) -> pd.DataFrame:
    """Load a table by its name, with the arguments of :func:`load_facts`."""
    if table == "facts":
        return load_facts(authority=authority, edition=edition, kind=kind, home=home)
    load = load_official_table if table in OFFICIAL_TABLES else load_table
    return load(table, authority=authority, edition=edition, home=home)


def encode(frame: pd.DataFrame, form: str) -> bytes:
    """Write a table as bytes: `form` is ``csv``, ``json`` or ``parquet``."""
    if form == "csv":
        return to_csv(frame).encode()
    if form == "json":
        text = frame.to_json(
            orient="records", date_format="iso", date_unit="s", force_ascii=False, indent=1
        )
        return text.encode() + b"\n"
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


def write_tables(folder: Path, *, home: ProjectLike | None = None) -> list[Path]:
    """Write every tidy table as CSV and Parquet; the same bytes every time.

    Parameters
    ----------
    folder : pathlib.Path
        Where to; made where it does not exist.
    home : Project or path, optional
        The project; the one at hand by default.

    Returns
    -------
    list of pathlib.Path
        The files, in the order of the tables.

    Raises
    ------
    DataError
        A source breaks the contract; then no file is touched.
    """
    files = {
        folder / f"{table}.{form}": encode(frame, form)
        for table in (*READERS, *OFFICIAL_TABLES)
        for frame in [load_any_table(table, home=home)]
        for form in ("csv", "parquet")
    }
    write_all(files)
    return list(files)
