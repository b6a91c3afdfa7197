"""What a comparison has to know of areas, from the register and the lists."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from kentstats.areas import Register
from kentstats.ingest.edition import OfficialStatistics
from kentstats.stats.benchmarks import Places

if TYPE_CHECKING:
    import pandas as pd


def covering(lists: list[str], ends: dt.date) -> str:
    """Return the list of neighbours that covers a period.

    Parameters
    ----------
    lists : list of str
        Lists by the month of their publication, ``2025-05``.
    ends : datetime.date
        The last day of the period.

    Returns
    -------
    str
        The latest of a year not after that of the period; empty where every
        list is later.

    Examples
    --------
    >>> covering(["2021-04", "2025-05"], dt.date(2025, 3, 31))
    '2025-05'
    >>> covering(["2021-04", "2025-05"], dt.date(2024, 3, 31))
    '2021-04'
    >>> covering(["2021-04"], dt.date(2010, 3, 31))
    ''
    """
    return max((each for each in lists if int(each[:4]) <= ends.year), default="")


def neighbours_of(
    official: OfficialStatistics, register: Register
) -> tuple[str, dict[str, list[str]]]:
    """Return the list that covers an edition, and the neighbours of each authority.

    Returns
    -------
    name : str
        Its month, empty where no list covers the edition.
    neighbours : dict of str to list of str
        Codes by code, the closest first, as they are on the day of the
        edition; each once, and none its own neighbour.
    """
    lists = sorted({row["list"] for row in official.neighbours})
    name = covering(lists, official.day)
    near: dict[str, list[str]] = {}
    for row in sorted(official.neighbours, key=lambda row: (row["area_code"], row["position"])):
        if row["list"] == name:
            code, other = (
                register.on(row[key], official.day) for key in ("area_code", "neighbour_code")
            )
            listed = near.setdefault(code, [])
            if other != code and other not in listed:
                listed.append(other)
    return name, near


def places_of(official: OfficialStatistics, facts: pd.DataFrame, register: Register) -> Places:
    """Gather what a comparison of an edition has to know of areas.

    Parameters
    ----------
    official : OfficialStatistics
        The edition.
    facts : pandas.DataFrame
        Its facts.
    register : Register
        The areas.

    Returns
    -------
    Places
    """
    codes = sorted(facts["area_code"].unique())
    areas = {code: register.by_code(code) or register.combined(code) for code in codes}
    authorities = {
        code: area
        for code, area in areas.items()
        if area and area.type in {"authority", "combined"}
    }
    name, near = neighbours_of(official, register)
    lists = sorted({row["list"] for row in official.neighbours})
    ends = facts.groupby("period", observed=True)["period_end"].max()
    covered = {
        str(period)
        for period, end in ends.items()
        if name and end == end and covering(lists, end.date()) == name
    }
    return Places(
        codes=codes,
        region={code: area.region for code, area in authorities.items()},
        kind={code: area.kind for code, area in authorities.items() if area.type == "authority"},
        neighbours=near,
        covered=frozenset(covered),
    )
