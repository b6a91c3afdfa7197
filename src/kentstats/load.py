"""Load the tidy tables, choose an authority and edition, write the tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kentstats.areas import Area, Register, load_areas
from kentstats.aside import Ordered, laid, large, together
from kentstats.errors import ParameterError, nearest
from kentstats.indicators import load_indicators
from kentstats.ingest import inspection_report as ofsted
from kentstats.ingest.edition import (
    FIGURES_FILE,
    FOLDER,
    Official,
    list_editions,
    read_day,
    read_official,
)
from kentstats.ingest.registry import Source, load_sources
from kentstats.project import Project, find_project
from kentstats.schemas import (
    FACTS,
    NEIGHBOURS,
    OUTCOMES,
    Row,
    records,
    tidy,
    to_csv,
)

if TYPE_CHECKING:
    import pandas as pd

READERS: dict[str, Callable[[Source], list[dict[str, Any]]]] = {
    "facts": ofsted.read_facts,
    "judgements": ofsted.read_judgements,
    "actions": ofsted.read_actions,
    "statements": ofsted.read_statements,
}
OFFICIAL_TABLES = {"outcomes": OUTCOMES, "neighbours": NEIGHBOURS}
"""Tables that only official statistics have."""


def editions(home: Project | None = None) -> list[str]:
    """List the editions: those of reports and those of official statistics."""
    reports = {source.edition for source in load_sources(home)}
    return sorted(reports | set(list_editions(home)))


def choose_edition(edition: str | int, home: Project | None = None) -> str:
    """Return the name of an edition.

    Parameters
    ----------
    edition : str or int
        Its name. A number will do, since tools that guess types from text
        turn ``2010`` into one.
    home : Project, optional
        The project; the one at hand by default.

    Raises
    ------
    ParameterError
        There is no such edition; the nearest names are in the message.
    """
    known = editions(home)
    if str(edition) not in known:
        raise ParameterError(f"There is no edition “{edition}”.", nearest(str(edition), known))
    return str(edition)


def edition_day(edition: str, home: Project | None = None) -> dt.date:
    """Return the day whose authorities an edition is of."""
    if official_folder(edition, home):
        return read_day(edition, home)
    return max(source.published for source in load_sources(home) if source.edition == edition)


def choose_area(authority: str, edition: str | int, home: Project | None = None) -> Area:
    """Return the authority that is meant, as it was in an edition.

    Parameters
    ----------
    authority : str
        Name, GSS code or old code.
    edition : str or int
        Name of the edition.
    home : Project, optional
        The project; the one at hand by default.

    Returns
    -------
    Area

    Raises
    ------
    ParameterError
        The edition or authority is not known, several might be meant, or it
        had ended or had not begun.

    Examples
    --------
    >>> choose_area("886", 2010).name
    'Kent'
    """
    name = choose_edition(edition, home)
    return load_areas().resolve(str(authority), edition_day(name, home))


def find_report(area: Area, edition: str, home: Project | None = None) -> Source | None:
    """Return the inspection report of an authority in an edition, where there is one."""
    for source in load_sources(home):
        if source.edition == edition and source.authority == area.name:
            return source
    return None


def reports_of(
    authority: str | None, names: list[str], home: Project | None = None
) -> list[Source]:
    """List the inspection reports of some editions, of one authority or of all.

    Raises
    ------
    ParameterError
        No edition knows the authority.
    """
    found: list[Source] = []
    told: list[ParameterError] = []
    for name in names:
        try:
            area = choose_area(authority, name, home) if authority else None
        except ParameterError as error:
            told.append(error)
            continue
        found += [
            source
            for source in load_sources(home)
            if source.edition == name and (area is None or source.authority == area.name)
        ]
    if told and len(told) == len(names):
        raise told[0]
    return found


def choose(
    authority: str | None = None, edition: str | int | None = None, *, home: Project | None = None
) -> list[Source]:
    """Choose the inspection reports of an authority and an edition.

    Parameters
    ----------
    authority : str, optional
        Name, GSS code or old code; all authorities by default.
    edition : str or int, optional
        Name of the edition; all editions by default.
    home : Project, optional
        The project; the one at hand by default.

    Returns
    -------
    list of Source
        At least one.

    Raises
    ------
    ParameterError
        Nothing is known of that authority or edition, or there is no report
        of it; the nearest names are in the message.
    """
    sources = load_sources(home)
    if not sources:
        raise ParameterError("There are no sources.", "Look whether data/raw is complete.")
    if edition is not None:
        name = choose_edition(edition, home)
        sources = [source for source in sources if source.edition == name]
    area: Area | None = None
    if authority is not None:
        day = max((source.published for source in sources), default=dt.date(2010, 3, 31))
        if edition is not None:
            day = edition_day(str(edition), home)
        area = load_areas().resolve(str(authority), day)
    if not sources:
        raise ParameterError(
            f"The edition {edition} has no inspection report.",
            nearest(str(edition), sorted({source.edition for source in load_sources(home)})),
        )
    found = [source for source in sources if area is None or source.authority == area.name]
    if area is not None and not found:
        names = sorted({source.authority for source in sources})
        raise ParameterError(
            f"{area.name} is not an authority with a report here.", nearest(area.name, names)
        )
    return found


def official_folder(edition: str, home: Project | None = None) -> Path | None:
    """Return the folder of the official statistics of an edition, where there are any."""
    home = home or find_project()
    return home.raw / f"{FOLDER}{edition}" if edition in list_editions(home) else None


def open_official(edition: str, home: Project | None = None) -> Official | None:
    """Return the official statistics of an edition, where there are any.

    They are read once for each state of the file.
    """
    home = home or find_project()
    folder = official_folder(edition, home)
    if folder is None:
        return None
    path = folder / FIGURES_FILE
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    return _open(edition, home, stamp)


@cache
def _open(edition: str, home: Project, stamp: int) -> Official:
    del stamp
    return read_official(edition, home)


def official_facts(official: Official) -> pd.DataFrame:
    """Make tidy facts of the figures of an edition; once for each edition and register.

    Parameters
    ----------
    official : Official
        The edition.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`kentstats.schemas.FACTS`, sorted by ``fact_id``.
        An authority bears the code that it had on the day of the edition,
        so that its years join. Not to be changed in place.

    Examples
    --------
    >>> facts = official_facts(read_official("2010"))
    >>> chosen = facts["indicator"].eq("health-assessments") & facts["area_name"].eq("Kent")
    >>> facts.loc[chosen, ["numerator", "denominator"]].values.tolist()
    [[539.0, 912.0]]
    """
    return _facts_of(official).frame.copy(deep=False)


def _facts_of(official: Official) -> _Facts:
    """Return the facts of an edition, kept with it: its frames cannot be looked up by content."""
    register = load_areas()
    known: _Facts | None = official.__dict__.get("_facts")
    if known is None or known.register is not register:
        known = _Facts(_make_facts(official, register), register)
        official.__dict__["_facts"] = known
    return known


class _Facts:
    """The facts of an edition by area, so that those of one cost no look at all the others."""

    def __init__(self, frame: pd.DataFrame, register: Register) -> None:
        self.frame, self.register = frame, register
        # worked out at once: processes that part afterwards share it
        self._order, self._ends, self._place = together(frame["area_code"])
        self._rows = Ordered(frame, self._order)
        combined = frame.loc[frame["area_type"].eq("combined"), "area_code"].unique()
        self._joined: dict[str, list[str]] = {}
        for code in map(str, combined):
            for part in code.split("/"):
                self._joined.setdefault(part.strip(), []).append(code)

    def about(self, area: Area) -> pd.DataFrame:
        """Return the facts of an authority, of its region, of England, and those joined."""
        import numpy as np
        import pandas as pd

        codes = {area.code, area.region, "E92000001", *self._joined.get(area.code, ())}
        places = [self._place[code] for code in codes if code in self._place]
        spans = [(int(self._ends[place]), int(self._ends[place + 1])) for place in places]
        if not spans:
            return self.frame.iloc[:0]
        rows = np.concatenate([self._order[start:end] for start, end in spans])
        found = pd.concat([self._rows.rows(*span) for span in spans])
        return found.take(np.argsort(rows)).reset_index(drop=True)


def _make_facts(official: Official, register: Register) -> pd.DataFrame:
    import pandas as pd

    catalogue, figures = load_indicators(), official.figures
    codes = {code: register.on(code, official.day) for code in figures["area_code"].unique()}
    areas = {code: register.by_code(code) or register.combined(code) for code in codes.values()}
    code = _looked_up(figures["area_code"], codes)
    group = figures["group"].where(figures["group"].ne(""), "all")
    fact_id = (
        f"{official.name}."
        + figures["source_id"]
        + "."
        + figures["indicator"]
        + "."
        + _looked_up(group, {name: name.replace(" ", "-") for name in group.unique()})
        + "."
        + figures["period"]
        + "."
        + code
    )
    order = fact_id.sort_values(kind="stable").index.to_numpy()
    units = {name: one.unit for name, one in catalogue.items()}
    titles = {name: one.name for name, one in catalogue.items()}
    kinds = {key: area.type if area else "authority" for key, area in areas.items()}
    made: dict[str, Callable[[], Any]] = {
        "fact_id": lambda: fact_id,
        "area_code": lambda: code,
        "area_name": lambda: _looked_up(
            code, {key: area.name if area else key for key, area in areas.items()}
        ),
        "area_type": lambda: _looked_up(code, kinds),
        "group": lambda: group,
        "upper": lambda: float("nan"),
        "unit": lambda: _looked_up(figures["indicator"], units, "number"),
        "qualifier": lambda: "exact",
        "status": lambda: figures["status"].where(figures["status"].ne(""), "published"),
        "locator": lambda: figures["source_id"] + ", " + figures["locator"],
        "printed": lambda: "",
        "description": lambda: _looked_up(figures["indicator"], titles),
        "note": lambda: "",
    }

    def column(name: str) -> Any:
        values = made[name]() if name in made else figures[name]
        dtype = cast("Any", FACTS[name].dtype)
        if not isinstance(values, pd.Series):
            return pd.Series(values, index=range(len(order)), dtype=dtype)
        return values.take(order).astype(dtype)

    if large(figures):
        return laid({name: partial(column, name) for name in FACTS})
    return pd.DataFrame({name: column(name).array for name in FACTS}, copy=False)


def _looked_up(
    column: pd.Series, values: Mapping[str, str], default: str | None = None
) -> pd.Series:
    """Look every text of a column up, each different one once; itself where there is no default."""
    import pandas as pd

    at, texts = pd.factorize(column)
    found = [values.get(text, text if default is None else default) for text in texts]
    return pd.Series(found, dtype=column.dtype).take(at).set_axis(column.index)


def load_table(
    table: str,
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    home: Project | None = None,
) -> pd.DataFrame:
    """Load a table of the reports, a key of :data:`kentstats.schemas.TABLES`.

    Parameters, errors and order are those of :func:`load_facts`; the facts
    are those of reports alone.

    Examples
    --------
    >>> len(load_table("actions", authority="Kent"))
    23
    """
    return tidy(table, read_table(table, authority=authority, edition=edition, home=home))


def read_table(
    table: str,
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    home: Project | None = None,
) -> list[Row]:
    """Read the rows of a table of the reports, without a frame; see :func:`load_table`."""
    sources = choose(authority, edition, home=home)
    return [row for source in sources for row in READERS[table](source)]


def load_facts(
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    kind: str = "all",
    home: Project | None = None,
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
    home : Project, optional
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
    names = editions(home) if edition is None else [choose_edition(edition, home)]
    parts = []
    told: ParameterError | None = None
    for name in names:
        try:
            area = choose_area(authority, name, home) if authority else None
        except ParameterError as error:
            told = error
            continue
        if kind != "official":
            reports = [
                source
                for source in load_sources(home)
                if source.edition == name and (area is None or source.authority == area.name)
            ]
            parts += [tidy("facts", READERS["facts"](source)) for source in reports]
        official = open_official(name, home)
        if official and kind != "report":
            facts = _facts_of(official)
            parts.append(facts.frame if area is None else facts.about(area))
    if not parts:
        if told and authority:
            raise told
        choose(authority, edition, home=home)  # says that there is no report
        raise ParameterError("There are no such facts.", "kentstats status lists what there is.")
    return pd.concat(parts).sort_values("fact_id", kind="stable", ignore_index=True)


def load_judgements(
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    home: Project | None = None,
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
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    home: Project | None = None,
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
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    home: Project | None = None,
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


def load_official_table(
    table: str,
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    home: Project | None = None,
) -> pd.DataFrame:
    """Load inspection outcomes or statistical neighbours of every authority.

    Parameters
    ----------
    table : {"outcomes", "neighbours"}
        Which.
    authority, edition, home : optional
        As of :func:`load_facts`.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`kentstats.schemas.OUTCOMES` or
        :data:`kentstats.schemas.NEIGHBOURS`, with the edition before them. An
        authority bears the code that it had on the day of the edition, as
        in the facts.

    Raises
    ------
    ParameterError
        The authority or edition is not known, or the authority was in none
        of the editions.

    Examples
    --------
    >>> outcomes = load_official_table("outcomes", authority="Essex", edition=2025)
    >>> outcomes["judgement"].tolist()[0]
    'Overall effectiveness'
    """
    import pandas as pd

    columns = OFFICIAL_TABLES[table]
    register = load_areas()
    rows: list[Row] = []
    told: ParameterError | None = None
    was = authority is None
    for name in editions(home) if edition is None else [choose_edition(edition, home)]:
        try:
            code = choose_area(authority, name, home).code if authority else None
        except ParameterError as error:
            told = error
            continue
        was = True
        official = open_official(name, home)
        if official is None:
            continue
        for row in official.judgements if table == "outcomes" else official.neighbours:
            codes: Row = {
                key: register.on(row[key], official.day)
                for key in ("area_code", "neighbour_code")
                if key in row
            }
            if code in {None, codes["area_code"]}:
                rows.append({"edition": name, **row, **codes})
    if told and not was:
        raise told
    frame = pd.DataFrame(rows, columns=["edition", *columns])
    for column, described in columns.items():
        frame[column] = (
            pd.to_datetime(frame[column]) if "datetime" in described.dtype else frame[column]
        ).astype(cast("Any", described.dtype))
    return frame


def write_tables(folder: Path, *, home: Project | None = None) -> list[Path]:
    """Write every tidy table as CSV and Parquet; the same bytes every time.

    Parameters
    ----------
    folder : pathlib.Path
        Where to; made where it does not exist.
    home : Project, optional
        The project; the one at hand by default.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    DataError
        A source breaks the contract; then no file is touched.
    """
    frames = {
        table: load_facts(home=home) if table == "facts" else load_table(table, home=home)
        for table in READERS
    }
    frames |= {table: load_official_table(table, home=home) for table in OFFICIAL_TABLES}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table, frame in frames.items():
        for suffix in (".csv", ".parquet"):
            path = folder / f"{table}{suffix}"
            aside = path.with_suffix(suffix + ".new")
            if suffix == ".csv":
                aside.write_text(csv_of(table, frame), encoding="utf-8", newline="\n")
            else:
                frame.to_parquet(aside, index=False)
            aside.replace(path)
            written.append(path)
    return written


def csv_of(table: str, frame: pd.DataFrame) -> str:
    """Write a table as CSV: dates in ISO form, nothing where a value is missing."""
    if table not in READERS:
        return str(frame.to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d"))
    rows = records(frame)
    for row in rows:
        for name, value in row.items():
            if hasattr(value, "date") and value == value:
                cast("dict[str, Any]", row)[name] = value.date()
    return to_csv(table, rows)
