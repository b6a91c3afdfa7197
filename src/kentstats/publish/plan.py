"""What is to be done: which authorities, and why, in words for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from kentstats.areas import Area, load_areas
from kentstats.errors import KentstatsError
from kentstats.indicators import load_indicators
from kentstats.ingest.inspection_report import load_sources
from kentstats.load import open_official
from kentstats.project import Project
from kentstats.publish.briefing import slug
from kentstats.publish.inputs import (
    FILE,
    GROUPS,
    Faults,
    faults_of,
    read_used,
    reason_to_publish,
    report_of,
)
from kentstats.publish.manifest import Entry

if TYPE_CHECKING:
    from kentstats.stats.profile import Shared

MOST = 3
"""Reasons that are told one by one."""
TOLD = {
    "facts": "{measure} of {area} changed",
    "neighbours": "its statistical neighbours changed",
    "measures": "what is given for {area} changed",
    "judgements": "its judgements changed",
    "benchmarks/neighbours": "{measure}: its neighbours’ figure moved",
    "benchmarks/type": "{measure}: its type’s figure moved",
    "benchmarks/region": "{measure}: its region’s figure moved",
    "benchmarks/england": "{measure}: England’s figure moved",
    "near": "{measure}: a neighbour’s figure or verdict changed",
    "rank": "its place among all authorities moved ({measure})",
    "everyone": "another authority in its charts changed ({measure})",
    "spread": "the spread of all authorities moved ({measure})",
    "area": "its entry in the register of areas changed",
    "name": "the name of its region changed",
    "joined": "with whom it is counted together changed",
    "edition": "the years or lists of the edition changed",
    "source": "the description of a source changed",
    "sources": "the description of a source changed",
}
"""What is said of a key that moved, the weightiest first; a measure is told of once."""


@dataclass(frozen=True)
class Decision:
    """What is to be done about an authority.

    Attributes
    ----------
    area : Area
        The authority.
    place : pathlib.Path
        Where its files are.
    inputs : mapping of str to str
        Checksum of each group of inputs, that of its report with them.
    reason : str
        Why it is to be published; empty where it is left as it is.
    """

    area: Area
    place: Path
    inputs: Mapping[str, str]
    reason: str


def plan(
    areas: Sequence[Area],
    shared: Mapping[str, str],
    entries: Mapping[str, Entry],
    folder: Path,
    edition: str,
    home: Project,
    *,
    confidence: float,
    force: bool,
    faults: Faults = faults_of,
) -> list[Decision]:
    """Decide which authorities are to be published.

    Where nothing but the tables changed, an authority is published if
    something that its briefing was told of them is another now. Statistics
    are worked out for that alone, and once for all.

    Parameters
    ----------
    areas : sequence of Area
        The authorities, as they are now.
    shared : mapping of str to str
        Checksums of what every briefing is made from, by
        :func:`kentstats.publish.inputs.shared_inputs`.
    entries : mapping of str to Entry
        What came of each before, by its code.
    folder : pathlib.Path
        Where the edition is published.
    edition : str
        Name of the edition.
    home : Project
        The project.
    confidence : float
        Confidence of the intervals.
    force : bool
        Publish all.
    faults : callable, optional
        Says what is amiss with the files of one.

    Returns
    -------
    list of Decision
        One for each of `areas`, in their order.
    """
    reports = {one.authority: one for one in load_sources(home) if one.edition == edition}
    now = _Now(edition, home, confidence)
    decisions = []
    for area in areas:
        inputs = {**shared, "report": report_of(reports.get(area.name))}
        place = folder / slug(area.name)
        reason = reason_to_publish(
            entries.get(area.code),
            inputs,
            place,
            force=force,
            tables=partial(now.reason, area, place / FILE),
            faults=faults,
        )
        decisions.append(Decision(area, place, inputs, reason))
    return decisions


class _Now:
    """The statistics of an edition as they are now, worked out when they are first asked for."""

    def __init__(self, edition: str, home: Project, confidence: float) -> None:
        self._edition, self._home, self._confidence = edition, home, confidence

    @cached_property
    def _shared(self) -> Shared | None:
        from kentstats.stats.profile import share

        try:
            official = open_official(self._edition, self._home)
            return share(official, self._confidence) if official else None
        except (KentstatsError, ValueError):
            # whoever publishes will be told what is wrong
            return None

    def reason(self, area: Area, path: Path) -> str:
        """Say what of the tables changed for an authority."""
        used = read_used(path)
        if not used or self._shared is None:
            return GROUPS["tables"]
        from kentstats.stats.answers import moved

        keys = moved(self._shared, area, used)
        return in_words(area, keys, self._name) if keys else ""

    def _name(self, code: str) -> str:
        register = load_areas(home=self._home)
        area = register.by_code(code) or register.combined(code)
        return area.name if area else code


def in_words(area: Area, keys: Iterable[str], name: Callable[[str], str]) -> str:
    """Say why an authority is published, by what it was told and would not be told again.

    Parameters
    ----------
    area : Area
        The authority.
    keys : iterable of str
        The keys that moved, of the kinds in :data:`kentstats.stats.answers.KEYS`.
    name : callable
        Names an area by its code.

    Returns
    -------
    str
        At most :data:`MOST` reasons, and how many more there are. One for
        each measure, since one figure that changed moves much else.

    Examples
    --------
    >>> from kentstats.areas import find_area
    >>> keys = ["rank/dental-checks/all", "facts/E10000016/health-assessments/all"]
    >>> in_words(find_area("Kent"), keys, {"E10000016": "Kent"}.get)
    'Health assessments of Kent changed; its place among all authorities moved (Dental checks)'
    """
    from kentstats.stats.answers import parts_of

    weights = {kind: weight for weight, kind in enumerate(TOLD)}
    found: dict[tuple[str, ...], tuple[tuple[int, bool], str]] = {}
    for kind, *rest in map(parts_of, keys):
        whose = rest.pop(0) if kind in {"facts", "measures"} and rest else ""
        if kind == "benchmarks" and len(rest) > 2:
            kind = f"{kind}/{rest.pop()}"  # noqa: PLW2901
        about = tuple(rest) if len(rest) > 1 else (TOLD.get(kind, ""), whose)
        weight = weights.get(kind, len(TOLD)), whose != area.code
        words = TOLD.get(kind, GROUPS["tables"])
        words = words.format(measure=_measure(*rest), area=name(whose) if whose else "")
        found[about] = min(found.get(about, (weight, words)), (weight, words))
    reasons = list(dict.fromkeys(words for _, words in sorted(found.values())))
    if len(reasons) > MOST + 1:
        reasons[MOST:] = [f"and {len(reasons) - MOST} more"]
    return "; ".join(reasons)


def _measure(indicator: str = "", group: str = "all", *_: str) -> str:
    known = load_indicators().get(indicator)
    return (known.short if known else indicator) + ("" if group == "all" else f", {group}")
