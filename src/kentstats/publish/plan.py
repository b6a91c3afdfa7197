"""What is to be done: which authorities, and why, in words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kentstats.areas import Area
from kentstats.ingest.registry import load_sources
from kentstats.project import Project
from kentstats.publish.briefing import slug
from kentstats.publish.inputs import Faults, faults_of, reason_to_publish, report_of
from kentstats.publish.manifest import Entry


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
    del confidence
    decisions = []
    for area in areas:
        inputs = {**shared, "report": report_of(reports.get(area.name))}
        place = folder / slug(area.name)
        reason = reason_to_publish(
            entries.get(area.code),
            inputs,
            place,
            force=force,
            faults=faults,
        )
        decisions.append(Decision(area, place, inputs, reason))
    return decisions
