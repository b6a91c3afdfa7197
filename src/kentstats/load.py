"""Choose an authority and an edition; load, check and write their tidy tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.areas import Area, Register, load_areas
from kentstats.errors import KentstatsError, ParameterError, Problem, nearest
from kentstats.ingest.edition import (
    FIGURES_FILE,
    FOLDER,
    OfficialStatistics,
    list_editions,
    read_day,
    read_official,
    write_all,
)
from kentstats.ingest.edition import official_facts as official_facts
from kentstats.ingest.inspection_report import (
    Source,
    load_sources,
    read_actions,
    read_facts,
    read_judgements,
    read_statements,
)
from kentstats.ingest.report_settings import missing_figures
from kentstats.project import Project, ProjectLike, find_project
from kentstats.schemas import NEIGHBOURS, OUTCOMES, Column, Row, tidy, to_csv, typed
from kentstats.stats.consistency import check_consistency, check_edition

if TYPE_CHECKING:
    import pandas as pd

Edition = str | int
"""Name of an edition; a number will do, since some tools make one of the text ``2010``."""
READERS: dict[str, Callable[[Source], list[dict[str, Any]]]] = {
    "facts": read_facts,
    "judgements": read_judgements,
    "actions": read_actions,
    "statements": read_statements,
}
"""What reads each table of an inspection report."""
OFFICIAL_TABLES = {"outcomes": OUTCOMES, "neighbours": NEIGHBOURS}
"""Tables that only official statistics have."""


def editions(home: ProjectLike | None = None) -> list[str]:
    """List the editions: those of reports and those of official statistics."""
    reports = {source.edition for source in load_sources(home)}
    return sorted(reports | set(list_editions(home)))


def choose_edition(edition: Edition, home: ProjectLike | None = None) -> str:
    """Return the name of an edition; one that is not known raises a ParameterError."""
    known = editions(home)
    if str(edition) not in known:
        raise ParameterError(f"There is no edition “{edition}”.", nearest(str(edition), known))
    return str(edition)


def edition_day(edition: str, home: ProjectLike | None = None) -> dt.date:
    """Return the day whose authorities an edition is of."""
    if official_folder(edition, home):
        return read_day(edition, home)
    return max(source.published for source in load_sources(home) if source.edition == edition)


def choose_area(authority: str, edition: Edition, home: ProjectLike | None = None) -> Area:
    """Return the authority of a name, GSS code or old code, as it was in an edition.

    A ParameterError says that the edition or authority is not known, that several
    might be meant, or that it had ended or had not begun.

    Examples
    --------
    >>> choose_area("886", 2010).name
    'Kent'
    """
    name = choose_edition(edition, home)
    return load_areas(home=home).resolve(str(authority), edition_day(name, home))


def choose_areas(
    authority: str | None, edition: Edition | None, home: ProjectLike | None = None
) -> dict[str, Area | None]:
    """Return an authority as it was in an edition, or in each edition that has it.

    Without an authority, the value of each edition is None.
    """
    names = editions(home) if edition is None else [choose_edition(edition, home)]
    if authority is None:
        return dict.fromkeys(names)
    areas: dict[str, Area | None] = {}
    refused: list[ParameterError] = []
    for name in names:
        try:
            areas[name] = choose_area(authority, name, home)
        except ParameterError as error:
            refused.append(error)
    if refused and not areas:
        raise refused[-1]
    return areas


def choose_subject(
    authority: str, edition: Edition, home: ProjectLike | None = None
) -> tuple[str, Area, Source | None]:
    """Return the edition, the authority and its inspection report, if any, of a briefing.

    Where there is nothing about the authority, a ParameterError names what there is.
    """
    name = choose_edition(edition, home)
    area = choose_area(authority, name, home)
    report = next(iter(find_reports({name: area}, home)), None)
    if report is None and official_folder(name, home) is None:
        choose(authority, name, home=home)  # says whose report there is
    return name, area, report


def find_reports(areas: Mapping[str, Area | None], home: ProjectLike | None = None) -> list[Source]:
    """List the inspection reports of an authority in each edition; of all where it is None."""
    return [
        source
        for edition, area in areas.items()
        for source in load_sources(home)
        if source.edition == edition and (area is None or source.authority == area.name)
    ]


def choose(
    authority: str | None = None,
    edition: Edition | None = None,
    *,
    home: ProjectLike | None = None,
) -> list[Source]:
    """Choose the inspection reports of an authority and an edition: at least one.

    Where there is none, a ParameterError names those that there are.
    """
    sources = load_sources(home)
    if not sources:
        raise ParameterError("There are no sources.", "Look whether data/raw is complete.")
    areas = choose_areas(authority, edition, home)
    if found := find_reports(areas, home):
        return found
    names = sorted({source.authority for source in sources if source.edition in areas})
    if not names:
        raise ParameterError(
            f"The edition {edition} has no inspection report.",
            nearest(str(edition), sorted({source.edition for source in sources})),
        )
    name = next(area.name for area in areas.values() if area)
    raise ParameterError(f"{name} is not an authority with a report here.", nearest(name, names))


def official_folder(edition: str, home: ProjectLike | None = None) -> Path | None:
    """Return the folder of the official statistics of an edition, where there are any."""
    folder = find_project(home).raw / f"{FOLDER}{edition}"
    return folder if edition in list_editions(home) else None


def open_official(edition: str, home: ProjectLike | None = None) -> OfficialStatistics | None:
    """Return the official statistics of an edition, where there are any.

    They are read once for each state of their figures and of the register of areas.
    """
    project = find_project(home)
    if not (folder := official_folder(edition, project)):
        return None
    path = folder / FIGURES_FILE
    modified = path.stat().st_mtime_ns if path.is_file() else 0
    return _open(edition, project, modified, load_areas(home=project))


@lru_cache(maxsize=8)
def _open(edition: str, home: Project, modified: int, register: Register) -> OfficialStatistics:
    del modified, register  # read again where either is another
    return read_official(edition, home)


def load_facts(
    *,
    authority: str | None = None,
    edition: Edition | None = None,
    kind: str = "all",
    home: ProjectLike | None = None,
) -> pd.DataFrame:
    """Load the facts: one row a figure, each with its place in the source.

    Parameters
    ----------
    authority : str, optional
        Name, GSS code or old code; all by default. The rows of England and
        of its region come with it, and those that its report compares it
        with.
    edition : str or int, optional
        Which edition; all by default.
    kind : {"all", "report", "official"}, default "all"
        Facts of inspection reports, of official statistics, or both.
    home : Project or path, optional
        The project; the one at hand by default.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`kentstats.schemas.FACTS`, sorted by ``fact_id``.

    Raises
    ------
    ParameterError
        The authority or edition is not known.
    DataError
        A source breaks the contract; every fault is named.

    Examples
    --------
    >>> facts = load_facts(authority="Kent", edition=2010, kind="report")
    >>> row = facts.query("indicator == 'health-assessments' and area_name == 'Kent'").iloc[0]
    >>> float(row["value"]), row["unit"], row["locator"]
    (78.0, 'percent', 'paragraph 55')
    >>> facts = load_facts(authority="E10000012", edition=2025)
    >>> sorted(facts["area_name"].unique())
    ['East of England', 'England', 'Essex']
    """
    import pandas as pd

    if kind not in {"all", "report", "official"}:
        raise ParameterError(
            f"There is no kind of facts “{kind}”.", "Give all, report or official."
        )
    areas = choose_areas(authority, edition, home)
    parts = []
    if kind != "official":
        parts += [tidy("facts", read_facts(source)) for source in find_reports(areas, home)]
    for name, area in areas.items():
        if kind != "report" and (official := open_official(name, home)):
            parts.append(official_facts(official, area))
    if not parts:
        choose(authority, edition, home=home)  # says that there is no report
        raise ParameterError("There are no such facts.", "kentstats status lists what there is.")
    return pd.concat(parts).sort_values("fact_id", kind="stable", ignore_index=True)


def load_judgements(
    *, authority: str | None = None, edition: Edition | None = None, home: ProjectLike | None = None
) -> pd.DataFrame:
    """Load the judgements: one row for each place that states a grade.

    Parameters, errors and order are those of :func:`load_facts`; the columns
    those of :data:`kentstats.schemas.JUDGEMENTS`.

    Examples
    --------
    >>> judgements = load_judgements(authority="Kent")
    >>> judgements.query("judgement == 'Economic well-being'")["grade"].unique().tolist()
    [2]
    """
    return load_table("judgements", authority=authority, edition=edition, home=home)


def load_actions(
    *, authority: str | None = None, edition: Edition | None = None, home: ProjectLike | None = None
) -> pd.DataFrame:
    """Load the areas for improvement, each with the day it falls due.

    Parameters, errors and order are those of :func:`load_facts`; the columns
    those of :data:`kentstats.schemas.ACTIONS`.

    Examples
    --------
    >>> load_actions(authority="Kent")["due"].dt.strftime("%Y-%m-%d").unique().tolist()
    ['2010-11-19', '2011-02-19', '2011-05-19']
    """
    return load_table("actions", authority=authority, edition=edition, home=home)


def load_statements(
    *, authority: str | None = None, edition: Edition | None = None, home: ProjectLike | None = None
) -> pd.DataFrame:
    """Load the comparisons that a report makes without a comparator's figure.

    Parameters, errors and order are those of :func:`load_facts`; the columns
    those of :data:`kentstats.schemas.STATEMENTS`.

    Examples
    --------
    >>> statements = load_statements(authority="Kent")
    >>> statements.query("subject == 'Immunisations'")["direction"].unique().tolist()
    ['above']
    """
    return load_table("statements", authority=authority, edition=edition, home=home)


def load_table(
    table: str,
    *,
    authority: str | None = None,
    edition: Edition | None = None,
    kind: str = "all",
    home: ProjectLike | None = None,
) -> pd.DataFrame:
    """Load a table by its name: of reports, or of official statistics.

    Parameters
    ----------
    table : {"facts", "judgements", "actions", "statements", "outcomes", "neighbours"}
        Which. The last two have the edition before the columns of
        :data:`kentstats.schemas.OUTCOMES` and :data:`kentstats.schemas.NEIGHBOURS`, and
        the codes that authorities had on its day, as in the facts.
    authority, edition, kind, home : optional
        As of :func:`load_facts`; the kind matters to facts alone.

    Examples
    --------
    >>> len(load_table("actions", authority="Kent"))
    23
    >>> load_table("outcomes", authority="Essex", edition=2025)["judgement"].tolist()[0]
    'Overall effectiveness'
    """
    if table == "facts":
        return load_facts(authority=authority, edition=edition, kind=kind, home=home)
    if table in READERS:
        sources = choose(authority, edition, home=home)
        return tidy(table, [row for source in sources for row in READERS[table](source)])
    rows: list[Row] = []
    for name, area in choose_areas(authority, edition, home).items():
        if not (official := open_official(name, home)):
            continue
        for row in official.judgements if table == "outcomes" else official.neighbours:
            found = [key for key in ("area_code", "neighbour_code") if key in row]
            codes: Row = {key: official.register.on(row[key], official.day) for key in found}
            if area is None or area.code == codes["area_code"]:
                rows.append({"edition": name, **row, **codes})
    columns = {"edition": Column("str", "the edition"), **OFFICIAL_TABLES[table]}
    return typed(rows, columns)


def check_sources(
    *,
    authority: str | None = None,
    edition: Edition | None = None,
    kind: str | None = None,
    notify: Callable[[Problem], object] = str,
    home: ProjectLike | None = None,
) -> pd.DataFrame:
    """Check inspection reports, official statistics, or all: one row a check, and its source.

    Reports are checked by default, and official statistics where there are none;
    `notify` is called with each figure that the settings of a report name and the
    report does not give.
    """
    import pandas as pd

    areas = choose_areas(authority, edition, home)
    reports = find_reports(areas, home)
    tables = []
    for source in reports if kind != "official" else []:
        facts, judgements, actions = (
            tidy(table, READERS[table](source)) for table in ("facts", "judgements", "actions")
        )
        found = check_consistency(facts, judgements, actions, source)
        tables.append(found.assign(source=source.id))
        for missing in missing_figures(source, facts):
            notify(missing)
    for name in areas if kind in {"official", "all"} or not reports else []:
        if official := open_official(name, home):
            found = check_edition(official_facts(official))
            tables.append(found.assign(source=f"official-{name}"))
    if not tables:
        raise KentstatsError("There is nothing to check.", "kentstats status lists what there is.")
    return pd.concat(tables, ignore_index=True)


def encode(frame: pd.DataFrame, form: str) -> bytes:
    """Write a table as bytes: `form` is ``csv``, ``json`` or ``parquet``."""
    if form == "parquet":
        return frame.to_parquet(None, index=False)
    if form == "csv":
        return to_csv(frame).encode()
    text = frame.to_json(
        orient="records", date_format="iso", date_unit="s", force_ascii=False, indent=1
    )
    return f"{text}\n".encode()


def write_tables(folder: Path, *, home: ProjectLike | None = None) -> list[Path]:
    """Write every tidy table as CSV and Parquet; the same bytes every time.

    Where a source breaks the contract, no file is touched.
    """
    files = {
        folder / f"{table}.{form}": encode(frame, form)
        for table in (*READERS, *OFFICIAL_TABLES)
        for frame in [load_table(table, home=home)]
        for form in ("csv", "parquet")
    }
    write_all(files)
    return list(files)
