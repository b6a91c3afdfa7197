"""Make tidy facts of the figures of an edition of official statistics."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from kentstats.areas import Area
from kentstats.indicators import load_indicators
from kentstats.ingest.edition import OfficialStatistics
from kentstats.schemas import FACTS

if TYPE_CHECKING:
    import pandas as pd

COUNTRY = "E92000001"


@lru_cache(maxsize=8)
def make_facts(official: OfficialStatistics) -> pd.DataFrame:
    """Make tidy facts of the figures of an edition; once for each edition that is open.

    Returns
    -------
    pandas.DataFrame
        The columns of :data:`kentstats.schemas.FACTS`, sorted by ``fact_id``.
        An authority bears the code that it had on the day of the edition,
        so that its years join. Not to be changed in place.
    """
    figures, register, catalogue = official.figures, official.register, load_indicators()

    def mapped(column: pd.Series, look_up: Callable[[str], str]) -> pd.Series:
        return column.map({each: look_up(each) for each in column.unique()}).astype(column.dtype)

    def unit_of(indicator: str) -> str:
        return catalogue[indicator].unit if indicator in catalogue else "number"

    def title_of(indicator: str) -> str:
        return catalogue[indicator].name if indicator in catalogue else indicator

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
        unit=mapped(figures["indicator"], unit_of),
        qualifier="exact",
        status=figures["status"].where(figures["status"].ne(""), "published"),
        locator=figures["source_id"] + ", " + figures["locator"],
        printed="",
        description=mapped(figures["indicator"], title_of),
        note="",
    )
    types = {name: cast("Any", column.dtype) for name, column in FACTS.items()}
    typed: pd.DataFrame = facts[list(FACTS)].astype(types)
    return typed.sort_values("fact_id", kind="stable", ignore_index=True)


def official_facts(official: OfficialStatistics, area: Area | None = None) -> pd.DataFrame:
    """Return the tidy facts of an edition; see :func:`make_facts`.

    Parameters
    ----------
    official : OfficialStatistics
        The edition.
    area : Area, optional
        One authority: its facts, those of areas it is counted together with,
        of its region and of England. All areas by default.

    Examples
    --------
    >>> from kentstats.ingest.edition import read_official
    >>> facts = official_facts(read_official("2010"))
    >>> chosen = facts["indicator"].eq("health-assessments") & facts["area_name"].eq("Kent")
    >>> facts.loc[chosen, ["numerator", "denominator"]].values.tolist()
    [[539.0, 912.0]]
    """
    facts = make_facts(official)
    if area is None:
        return facts.copy(deep=False)
    combined = facts.loc[facts["area_type"].eq("combined"), "area_code"].unique()
    codes = {area.code, area.region, COUNTRY}
    codes |= {code for code in combined if area.code in code.split(" / ")}
    return facts[facts["area_code"].isin(codes)].reset_index(drop=True)
