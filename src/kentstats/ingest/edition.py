"""The tables of an edition of official statistics: read, turned into facts, written.

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
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from kentstats.areas import Area, Register, load_areas
from kentstats.errors import DataError, ParameterError, Problem, nearest
from kentstats.indicators import load_indicators
from kentstats.project import Project, ProjectLike, YamlFile, find_project
from kentstats.schemas import DAYS, FACTS, FIGURES, NEIGHBOURS, OUTCOMES, to_csv

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "official-"
FIGURES_FILE = "figures.csv.gz"
COUNTRY = "E92000001"
DAY = (3, 31)
"""Month and day whose authorities an edition is of."""
HISTORY = 5
"""Years that an edition holds, where its sources go back so far."""
SERIES = ("source_id", "indicator", "group", "period")
PERIODS = (*SERIES, *DAYS)
KEY = (*SERIES, "area_code")


@dataclass(frozen=True)
class Publication:
    """Where figures came from: whose they are, and the file that was read."""

    id: str
    publisher: str
    title: str
    url: str
    licence: str
    file: str
    sha256: str
    published: str = ""
    note: str = ""


@dataclass(frozen=True)
class _Description:
    """What ``edition.yml`` says."""

    name: str
    first: int
    last: int
    sources: tuple[Publication, ...]


@dataclass(frozen=True, eq=False)
class OfficialStatistics:
    """An edition of official statistics.

    Attributes
    ----------
    first, last : int
        Years of its figures.
    figures : pandas.DataFrame
        The columns of :data:`kentstats.schemas.FIGURES` and the days; not to be
        changed in place.
    neighbours, judgements : list of dict
        Rows of :data:`kentstats.schemas.NEIGHBOURS` and of
        :data:`kentstats.schemas.OUTCOMES`.
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

    def source(self, source_id: str) -> Publication:
        """Return a source by its id."""
        return next(source for source in self.sources if source.id == source_id)


def list_editions(home: ProjectLike | None = None) -> list[str]:
    """List the names of the editions of official statistics."""
    found = find_project(home).raw.glob(f"{FOLDER}*/edition.yml")
    return sorted(path.parent.name.removeprefix(FOLDER) for path in found)


def empty_edition(name: str, home: Project, register: Register) -> OfficialStatistics:
    """Make an edition that holds nothing yet; its name must be a year."""
    import pandas as pd

    if not (re.fullmatch("[0-9]{4}", name) and 1990 <= int(name) <= 2100):
        raise ParameterError(
            f"There is no edition “{name}”, and a new one is named by its latest year.",
            nearest(name, list_editions(home)),
        )
    figures, folder = pd.DataFrame(columns=[*FIGURES, *DAYS]), home.raw / f"{FOLDER}{name}"
    first, last = int(name) - HISTORY + 1, int(name)
    return OfficialStatistics(name, first, last, figures, folder, register=register)


def read_official(name: str, home: ProjectLike | None = None) -> OfficialStatistics:
    """Read an edition of official statistics; a table that is damaged raises a DataError.

    Examples
    --------
    >>> read_official("2010").last
    2010
    """
    project = find_project(home)
    folder = project.raw / f"{FOLDER}{name}"
    if name not in list_editions(project):
        known = list_editions(project)
        raise ParameterError(f"There is no edition “{name}”.", nearest(name, known))
    said = YamlFile(folder / "edition.yml", {}).read(_Description)
    try:
        return OfficialStatistics(
            name,
            said.first,
            said.last,
            figures=_read_figures(folder),
            folder=folder,
            sources=said.sources,
            neighbours=_read_rows(folder / "neighbours.csv", NEIGHBOURS),
            judgements=_read_rows(folder / "judgements.csv", OUTCOMES),
            register=load_areas(home=project),
        )
    except (OSError, EOFError, ValueError, KeyError, csv.Error, zlib.error) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else str(error)
        short = " ".join(reason.split())[:200].rstrip(". ")
        what, remedy = f"The edition is damaged: {short}.", "Restore it, or ingest anew."
        raise DataError([Problem(str(folder), 0, "", what, remedy)]) from None


def read_day(name: str, home: ProjectLike | None = None) -> dt.date:
    """Return the day whose authorities an edition is of, without its figures."""
    path = find_project(home).raw / f"{FOLDER}{name}" / "edition.yml"
    return dt.date(YamlFile(path, {}).read(_Description).last, *DAY)


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
        periods, on=list(SERIES), how="left", validate="many_to_one", indicator=True
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


@lru_cache(maxsize=8)
def _facts(official: OfficialStatistics) -> pd.DataFrame:
    figures, register, catalogue = official.figures, official.register, load_indicators()

    def mapped(column: pd.Series, look_up: Callable[[str], str]) -> pd.Series:
        return column.map({each: look_up(each) for each in column.unique()}).astype(column.dtype)

    known = figures["indicator"].isin(list(catalogue))
    code = mapped(figures["area_code"], lambda each: register.on(each, official.day))
    areas = {each: register.by_code(each) or register.combined(each) for each in code.unique()}
    group = figures["group"].where(figures["group"].ne(""), "all")
    # source, indicator, group, period and area
    fact_id = f"{official.name}." + figures["source_id"] + "." + figures["indicator"]
    fact_id += "." + mapped(group, lambda each: each.replace(" ", "-"))
    fact_id += "." + figures["period"] + "." + code
    facts = figures.assign(
        fact_id=fact_id,
        area_code=code,
        area_name=mapped(code, lambda each: getattr(areas[each], "name", each)),
        area_type=mapped(code, lambda each: getattr(areas[each], "type", "authority")),
        group=group,
        upper=float("nan"),
        unit=figures["indicator"].map({key: one.unit for key, one in catalogue.items()}),
        qualifier="exact",
        status=figures["status"].where(figures["status"].ne(""), "published"),
        locator=figures["source_id"] + ", " + figures["locator"],
        printed="",
        description=figures["indicator"].map({key: one.name for key, one in catalogue.items()}),
        note="",
    )
    facts["unit"] = facts["unit"].where(known, "number")
    facts["description"] = facts["description"].where(known, figures["indicator"])
    types = {name: cast("Any", column.dtype) for name, column in FACTS.items()}
    typed: pd.DataFrame = facts[list(FACTS)].astype(types)
    return typed.sort_values("fact_id", kind="stable", ignore_index=True)


def official_facts(official: OfficialStatistics, area: Area | None = None) -> pd.DataFrame:
    """Return the figures of an edition as tidy facts.

    Parameters
    ----------
    official : OfficialStatistics
        The edition.
    area : Area, optional
        One authority: its facts, those of areas it is counted together with,
        of its region and of England. All areas by default.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`kentstats.schemas.FACTS`, sorted by ``fact_id``.
        An authority bears the code that it had on the day of the edition,
        so that its years join.

    Examples
    --------
    >>> facts = official_facts(read_official("2010"))
    >>> chosen = facts["indicator"].eq("health-assessments") & facts["area_name"].eq("Kent")
    >>> facts.loc[chosen, ["numerator", "denominator"]].values.tolist()
    [[539.0, 912.0]]
    """
    facts = _facts(official)
    if area is None:
        return facts.copy(deep=False)
    combined = facts.loc[facts["area_type"].eq("combined"), "area_code"].unique()
    codes = {area.code, area.region, COUNTRY}
    codes |= {code for code in combined if area.code in code.split(" / ")}
    return facts[facts["area_code"].isin(codes)].reset_index(drop=True)


def contents(edition: OfficialStatistics) -> dict[Path, bytes]:
    """Return what each file of an edition is to hold: the same bytes for the same figures."""
    figures = edition.figures.sort_values(list(KEY), kind="stable", ignore_index=True)
    periods = figures[list(PERIODS)].drop_duplicates(list(SERIES))
    files = {
        FIGURES_FILE: pack(_figures_text(figures)),
        "periods.csv": to_csv(periods.sort_values(list(SERIES), kind="stable")).encode(),
    }
    if edition.neighbours:
        files["neighbours.csv"] = _rows_text(edition.neighbours, NEIGHBOURS, "list")
    if edition.judgements:
        files["judgements.csv"] = _rows_text(edition.judgements, OUTCOMES)
    files["edition.yml"] = _yaml(edition)
    return {edition.folder / name: content for name, content in files.items()}


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
    if before == content or path.suffix != ".gz":
        return before == content
    try:  # another library packs the same text in other bytes
        return gzip.decompress(before) == gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return False


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


def _rows_text(rows: list[dict[str, Any]], columns: Mapping[str, Any], *first: str) -> bytes:
    import pandas as pd

    frame = pd.DataFrame(rows, columns=list(columns))
    return to_csv(frame.sort_values([*first, "area_code", "position"], kind="stable")).encode()


def _yaml(edition: OfficialStatistics) -> bytes:
    sources = [
        {key: value for key, value in asdict(source).items() if value or key == "url"}
        for source in sorted(edition.sources, key=lambda source: source.id)
    ]
    entry = asdict(_Description(edition.name, edition.first, edition.last, ()))
    body = yaml.safe_dump(
        entry | {"sources": sources}, sort_keys=False, allow_unicode=True, width=100
    )
    start = "# Written by `kentstats ingest`; where every figure beside this file came from.\n"
    return (start + body).encode()
