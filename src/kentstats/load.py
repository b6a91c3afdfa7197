"""Load the tidy tables, choose an authority and edition, write the tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.areas import find_area
from kentstats.errors import ParameterError, nearest
from kentstats.facts import Row, tidy, to_csv
from kentstats.home import Home
from kentstats.sources import ofsted
from kentstats.sources.registry import Source, load_sources

if TYPE_CHECKING:
    import pandas as pd

READERS: dict[str, Callable[[Source], list[dict[str, Any]]]] = {
    "facts": ofsted.read_facts,
    "judgements": ofsted.read_judgements,
    "actions": ofsted.read_actions,
    "statements": ofsted.read_statements,
}


def choose(
    authority: str | None = None, edition: str | int | None = None, *, home: Home | None = None
) -> list[Source]:
    """Choose the sources of an authority and an edition.

    Parameters
    ----------
    authority : str, optional
        Name, GSS code or old code; all authorities by default.
    edition : str or int, optional
        Name of the edition; all editions by default. A number will do, since
        tools that guess types from text turn ``2010`` into one.
    home : Home, optional
        The project; the one at hand by default.

    Returns
    -------
    list of Source
        At least one.

    Raises
    ------
    ParameterError
        Nothing is known of that authority or edition; the nearest names are
        in the message.
    """
    sources = load_sources(home)
    if edition is not None:
        editions = sorted({source.edition for source in sources})
        if str(edition) not in editions:
            raise ParameterError(
                f"There is no edition “{edition}”.", nearest(str(edition), editions)
            )
        sources = [source for source in sources if source.edition == str(edition)]
    if authority is not None:
        names = sorted({source.authority for source in sources})
        area = find_area(str(authority))
        if area is None:
            raise ParameterError(
                f"There is no authority “{authority}”.", nearest(str(authority), names)
            )
        sources = [source for source in sources if source.authority == area.name]
        if not sources:
            raise ParameterError(
                f"{area.name} is not an authority with a report here.", nearest(area.name, names)
            )
    if not sources:
        raise ParameterError("There are no sources.", "Look whether data/raw is complete.")
    return sources


def load_table(
    table: str,
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    home: Home | None = None,
) -> pd.DataFrame:
    """Load a table by its name, a key of :data:`kentstats.facts.TABLES`.

    Parameters, errors and order are those of :func:`load_facts`.

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
    home: Home | None = None,
) -> list[Row]:
    """Read the rows of a table, without a frame; otherwise as :func:`load_table`."""
    sources = choose(authority, edition, home=home)
    return [row for source in sources for row in READERS[table](source)]


def load_facts(
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    home: Home | None = None,
) -> pd.DataFrame:
    """Load the facts: one row a figure, each with its place in the source.

    Parameters
    ----------
    authority : str, optional
        Whose report: name, GSS code or old code; all by default. The rows
        of its comparators come with it.
    edition : str or int, optional
        Which edition; all by default.
    home : Home, optional
        The project; the one at hand by default.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`kentstats.facts.FACTS`, sorted by ``fact_id``.

    Raises
    ------
    ParameterError
        The authority or edition is not known.
    DataError
        A source breaks the contract; every fault is named.

    Examples
    --------
    >>> facts = load_facts(authority="Kent", edition=2010)
    >>> row = facts.query("indicator == 'health-assessments' and area_name == 'Kent'").iloc[0]
    >>> float(row["value"]), row["unit"], row["locator"]
    (78.0, 'percent', 'paragraph 55')
    """
    return load_table("facts", authority=authority, edition=edition, home=home)


def load_judgements(
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    home: Home | None = None,
) -> pd.DataFrame:
    """Load the judgements: one row for each place that states a grade.

    Parameters, errors and order are those of :func:`load_facts`; the columns
    those of :data:`kentstats.facts.JUDGEMENTS`.

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
    home: Home | None = None,
) -> pd.DataFrame:
    """Load the areas for improvement, each with the day it falls due.

    Parameters, errors and order are those of :func:`load_facts`; the columns
    those of :data:`kentstats.facts.ACTIONS`.

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
    home: Home | None = None,
) -> pd.DataFrame:
    """Load the comparisons that a report makes without a comparator's figure.

    Parameters, errors and order are those of :func:`load_facts`; the columns
    those of :data:`kentstats.facts.STATEMENTS`.

    Examples
    --------
    >>> statements = load_statements(authority="Kent")
    >>> statements.query("subject == 'Immunisations'")["direction"].unique().tolist()
    ['above']
    """
    return load_table("statements", authority=authority, edition=edition, home=home)


def write_tables(folder: Path, *, home: Home | None = None) -> list[Path]:
    """Write every tidy table as CSV and Parquet; the same bytes every time.

    Parameters
    ----------
    folder : pathlib.Path
        Where to; made where it does not exist.
    home : Home, optional
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
    tables = {table: read_table(table, home=home) for table in READERS}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table, rows in tables.items():
        for suffix in (".csv", ".parquet"):
            path = folder / f"{table}{suffix}"
            aside = path.with_suffix(suffix + ".new")
            if suffix == ".csv":
                aside.write_text(to_csv(table, rows), encoding="utf-8", newline="\n")
            else:
                tidy(table, rows).to_parquet(aside, index=False)
            aside.replace(path)
            written.append(path)
    return written


def checksums(source: Source) -> dict[str, str]:
    """Return the SHA-256 of each file of a source, by name.

    Parameters
    ----------
    source : Source
        The source.

    Returns
    -------
    dict of str to str
    """
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(source.folder.iterdir())
        if path.is_file()
    }
