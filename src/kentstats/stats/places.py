"""Regions, types and statistical neighbours of the authorities of an edition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from kentstats.areas import Register
    from kentstats.ingest.edition import OfficialStatistics


@dataclass(frozen=True)
class Places:
    """What the comparison has to know of areas.

    Attributes
    ----------
    region, kind : mapping of str to str
        Region and kind of each authority, by its code.
    neighbours : mapping of str to list of str
        Codes of the neighbours of each authority, the closest first.
    covered : frozenset of str
        Periods that the list of neighbours covers.
    neighbour_list : str
        The list that they are from, by the month of its publication; empty
        where no list covers the edition.
    country : str
        Code of the country.
    """

    region: Mapping[str, str]
    kind: Mapping[str, str]
    neighbours: Mapping[str, list[str]]
    covered: frozenset[str]
    neighbour_list: str = ""
    country: str = "E92000001"


def find_places(official: OfficialStatistics, facts: pd.DataFrame, register: Register) -> Places:
    """Find the regions, types and statistical neighbours of an edition's authorities.

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
        With the codes that areas have on the day of the edition; an area is
        a neighbour once, and never its own.
    """
    codes = sorted(facts["area_code"].unique())
    areas = {code: register.by_code(code) or register.combined(code) for code in codes}
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
    ends = facts.groupby("period", observed=True)["period_end"].max()
    return Places(
        region={
            code: area.region
            for code, area in areas.items()
            if area and area.type in {"authority", "combined"}
        },
        kind={code: area.kind for code, area in areas.items() if area and area.type == "authority"},
        neighbours=near,
        covered=frozenset(
            str(period)
            for period, end in ends.items()
            if name and end == end and covering(lists, end.date()) == name
        ),
        neighbour_list=name,
    )


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


def neighbour_source(list_name: str) -> str:
    """Return the id of the source of a list of neighbours."""
    return f"statistical-neighbours-{list_name}"
