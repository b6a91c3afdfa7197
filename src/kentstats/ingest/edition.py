"""The tables of an edition of official statistics: read, merged, written.

An edition is a folder ``data/raw/official-NAME``: ``edition.yml`` (years, and
where every source came from), ``figures.csv.gz``, ``periods.csv`` (the days of
each period), ``neighbours.csv`` and ``judgements.csv``. :mod:`kentstats.ingest.update`
writes it; nobody edits it by hand.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import re
import zlib
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from kentstats.areas import Register, load_areas
from kentstats.errors import DataError, ParameterError, Problem, nearest
from kentstats.project import Project, ProjectLike, find_project, read_yaml
from kentstats.schemas import DAYS, FIGURES, NEIGHBOURS, OUTCOMES, to_csv

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "official-"
FIGURES_FILE = "figures.csv.gz"
DAY = (3, 31)
"""Month and day whose authorities an edition is of."""
HISTORY = 5
"""Years that an edition holds, where its sources go back so far."""
PERIODS = ("source_id", "indicator", "group", "period", *DAYS)
KEY = ("source_id", "indicator", "group", "period", "area_code")
DAMAGE_ERRORS = (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error, DataError)
"""What reading a damaged table can end in."""


@dataclass(frozen=True)
class Publication:
    """Where figures came from.

    Attributes
    ----------
    id, publisher, title, url, licence : str
        Key, and whose it is.
    file, sha256 : str
        Name and checksum of the file that was read.
    published : str
        Day or month of publication, empty where it is not known.
    note : str
        What a reader of the figures should know.
    """

    id: str
    publisher: str
    title: str
    url: str
    licence: str
    file: str
    sha256: str
    published: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class OfficialStatistics:
    """An edition of official statistics.

    Attributes
    ----------
    name : str
        Its name.
    first, last : int
        Years of its figures.
    sources : tuple of Publication
        Where they came from, sorted by id.
    figures : pandas.DataFrame
        The columns of :data:`kentstats.schemas.FIGURES` and the days; not to be
        changed in place.
    neighbours, judgements : list of dict
        Rows of :data:`kentstats.schemas.NEIGHBOURS` and of
        :data:`kentstats.schemas.OUTCOMES`.
    folder : pathlib.Path
        Where it lies.
    register : Register
        The areas of its project; those of the project at hand by default.
    """

    name: str
    first: int
    last: int
    figures: pd.DataFrame
    folder: Path
    sources: tuple[Publication, ...] = ()
    neighbours: list[dict[str, Any]] = field(default_factory=list)
    judgements: list[dict[str, Any]] = field(default_factory=list)
    register: Register = field(default_factory=load_areas, repr=False)

    @property
    def day(self) -> dt.date:
        """The day whose authorities the edition is of."""
        return dt.date(self.last, *DAY)

    @cached_property
    def _by_id(self) -> dict[str, Publication]:
        return {source.id: source for source in self.sources}

    def source(self, source_id: str) -> Publication:
        """Return a source by its id."""
        return self._by_id[source_id]


def list_editions(home: ProjectLike | None = None) -> list[str]:
    """List the names of the editions of official statistics."""
    found = find_project(home).raw.glob(f"{FOLDER}*/edition.yml")
    return sorted(path.parent.name.removeprefix(FOLDER) for path in found)


def empty_edition(name: str, home: Project, register: Register) -> OfficialStatistics:
    """Make an edition that holds nothing yet.

    Raises
    ------
    ParameterError
        The name is no year.
    """
    import pandas as pd

    if not (re.fullmatch("[0-9]{4}", name) and 1990 <= int(name) <= 2100):
        raise ParameterError(
            f"There is no edition “{name}”, and a new one is named by its latest year.",
            nearest(name, list_editions(home)),
        )
    year, folder = int(name), home.raw / f"{FOLDER}{name}"
    return OfficialStatistics(
        name,
        year - HISTORY + 1,
        year,
        pd.DataFrame(columns=[*FIGURES, *DAYS]),
        folder,
        register=register,
    )


def read_official(name: str, home: ProjectLike | None = None) -> OfficialStatistics:
    """Read an edition of official statistics.

    Parameters
    ----------
    name : str
        Its name.
    home : Project or path, optional
        The project; the one at hand by default.

    Returns
    -------
    OfficialStatistics

    Raises
    ------
    ParameterError
        There is no such edition.
    DataError
        A table is missing or damaged.

    Examples
    --------
    >>> read_official("2010").last
    2010
    """
    project = find_project(home)
    folder = project.raw / f"{FOLDER}{name}"
    if not (folder / "edition.yml").is_file():
        raise ParameterError(
            f"There is no edition “{name}”.", nearest(name, list_editions(project))
        )
    register = load_areas(home=project)
    try:
        entry = read_yaml(folder / "edition.yml")
        return OfficialStatistics(
            name,
            int(entry["first"]),
            int(entry["last"]),
            figures=_read_figures(folder),
            folder=folder,
            sources=tuple(Publication(**source) for source in entry["sources"]),
            neighbours=_read_rows(folder / "neighbours.csv", NEIGHBOURS),
            judgements=_read_rows(folder / "judgements.csv", OUTCOMES),
            register=register,
        )
    except DAMAGE_ERRORS as error:
        raise _damaged(folder, error, "Restore it, or ingest anew.") from None


def read_day(name: str, home: ProjectLike | None = None) -> dt.date:
    """Return the day whose authorities an edition is of, without its figures."""
    path = find_project(home).raw / f"{FOLDER}{name}" / "edition.yml"
    try:
        return dt.date(int(read_yaml(path)["last"]), *DAY)
    except DAMAGE_ERRORS as error:
        raise _damaged(path, error, "Restore it.") from None


def _damaged(path: Path, error: BaseException, remedy: str) -> DataError:
    reason = f"no {error}" if isinstance(error, KeyError) else str(error)
    short = " ".join(reason.split())[:200].rstrip(". ")
    return DataError([Problem(str(path), 0, "", f"The edition is damaged: {short}.", remedy)])


def _read_figures(folder: Path) -> pd.DataFrame:
    import pandas as pd

    types: dict[str, Any] = {name: column.dtype for name, column in FIGURES.items()}
    frame = pd.read_csv(
        folder / FIGURES_FILE,
        dtype=types,
        keep_default_na=False,
        na_values={name: [""] for name, dtype in types.items() if dtype == "float64"},
    )
    if list(frame.columns) != list(FIGURES):
        raise ValueError(f"{FIGURES_FILE} has other columns than it should")
    periods = pd.read_csv(folder / "periods.csv", dtype=str, keep_default_na=False)
    for name in DAYS:
        periods[name] = pd.to_datetime(periods[name]).astype(cast("Any", "datetime64[ms]"))
    joined = frame.merge(
        periods, on=list(PERIODS[:4]), how="left", validate="many_to_one", indicator=True
    )
    if joined["_merge"].ne("both").any():
        raise ValueError("periods.csv lacks the days of some figures")
    return joined.drop(columns="_merge")


def _read_rows(path: Path, columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    if any(None in row or None in row.values() for row in rows):
        raise ValueError(f"{path.name} has lines of too few or too many cells")
    convert: dict[str, Any] = {"int64": int, "datetime64[ms]": dt.date.fromisoformat}
    return [
        {name: convert.get(column.dtype, str)(row[name]) for name, column in columns.items()}
        for row in rows
    ]


def contents(edition: OfficialStatistics) -> dict[Path, bytes]:
    """Return what each file of an edition is to hold: the same bytes for the same figures."""
    figures = edition.figures.sort_values(list(KEY), kind="stable", ignore_index=True)
    periods = figures[list(PERIODS)].drop_duplicates(list(PERIODS[:4]))
    texts = {
        FIGURES_FILE: _figures_text(figures),
        "periods.csv": to_csv(periods.sort_values(list(PERIODS[:4]), kind="stable")),
    }
    if edition.neighbours:
        key = ("list", "area_code", "position")
        texts["neighbours.csv"] = _text(edition.neighbours, NEIGHBOURS, key)
    if edition.judgements:
        texts["judgements.csv"] = _text(edition.judgements, OUTCOMES, ("area_code", "position"))
    texts["edition.yml"] = _yaml(edition)
    return {
        edition.folder / name: pack(text) if name.endswith(".gz") else text.encode()
        for name, text in texts.items()
    }


def pack(text: str) -> bytes:
    """Compress a text: without time, name or system, so that the bytes are the same every time."""
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0) as packed:
        packed.write(text.encode())
    return out.getvalue()


def write_all(files: Mapping[Path, bytes]) -> list[Path]:
    """Write files, put in place together once all are written; return those that changed."""
    changed = {path: content for path, content in files.items() if not _holds(path, content)}
    new = {path: path.with_name(f"{path.name}.new") for path in changed}
    try:
        for path, content in changed.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            new[path].write_bytes(content)
        for path in changed:
            new[path].replace(path)
    finally:
        for path in new.values():
            path.unlink(missing_ok=True)
    return list(changed)


def _holds(path: Path, content: bytes) -> bool:
    if not path.is_file():
        return False
    before = path.read_bytes()
    if before == content:
        return True
    # another library packs the same text in other bytes
    return path.suffix == ".gz" and _unpacked(before) == _unpacked(content)


def _unpacked(content: bytes) -> bytes | None:
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return None


def write_official(edition: OfficialStatistics) -> list[Path]:
    """Write the files of an edition; return those that changed."""
    return write_all(contents(edition))


def _figures_text(figures: pd.DataFrame) -> str:
    texts = figures[list(FIGURES)].astype(object)
    for name, column in FIGURES.items():
        if column.dtype == "float64":
            digits = 4 if name == "rounding" else 10
            texts[name] = [_number(value, digits) for value in figures[name]]
    return to_csv(texts)


def _number(value: float, digits: int) -> str:
    if value != value:
        return ""
    return f"{value:.{digits}g}" if abs(value) < 10**digits else str(int(value))


def _text(rows: list[dict[str, Any]], columns: Mapping[str, Any], key: tuple[str, ...]) -> str:
    import pandas as pd

    rows = sorted(rows, key=lambda row: tuple(row[name] for name in key))
    return to_csv(pd.DataFrame(rows, columns=list(columns)))


def _yaml(edition: OfficialStatistics) -> str:
    names = [each.name for each in fields(Publication)]
    needed = {each.name for each in fields(Publication) if each.default is MISSING}
    entry = {
        "name": edition.name,
        "first": edition.first,
        "last": edition.last,
        "sources": [
            {name: asdict(source)[name] for name in names if name in needed or asdict(source)[name]}
            for source in sorted(edition.sources, key=lambda source: source.id)
        ],
    }
    body = yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=100)
    return (
        f"# Written by `kentstats ingest`; where every figure beside this file came from.\n{body}"
    )
