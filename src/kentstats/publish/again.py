"""What may be taken over from the last briefing of an authority, and not made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from kentstats.project import checksum
from kentstats.publish.inputs import FILE
from kentstats.report.claims import FIELDS
from kentstats.report.section import Shown

NOTEBOOK, PDF, TABLE = "briefing.ipynb", "briefing.pdf", "facts.csv"
OF_THE_TABLE = frozenset({"area", "joined", "measures", "facts"})
"""Kinds of what is asked whose answers the table of figures holds."""
BY_SECTIONS = frozenset({"section", "asked", "claims"})
"""What the metadata of a block has that a section made; and lists, where it has any."""


@dataclass(frozen=True)
class Before:
    """The last briefing.

    Attributes
    ----------
    sections : mapping of str to Shown
        What its sections showed, by their names.
    pdf : pathlib.Path or None
        Its PDF.
    typeset : str
        Digest of what that was set from.
    table : pathlib.Path or None
        Its table of figures.
    used : mapping of str to str
        What it was told of official statistics.
    """

    sections: Mapping[str, Shown] = field(default_factory=dict)
    pdf: Path | None = None
    typeset: str = ""
    table: Path | None = None
    used: Mapping[str, str] = field(default_factory=dict)

    def table_for(self, used: Mapping[str, str]) -> Path | None:
        """Return its table of figures, if one of what was told now would be the same.

        Parameters
        ----------
        used : mapping of str to str
            What a briefing was told: with the keys of all that the table
            holds,
            or none.
        """
        return self.table if used and _of_table(used) == _of_table(self.used) else None


NOTHING = Before()
"""Where there is no last briefing, or another code made it."""


def read_before(
    folder: Path, groups: Mapping[str, str], files: Mapping[str, Mapping[str, Any]]
) -> Before:
    """Read what the last briefing of an authority left.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is.
    groups : mapping of str to str
        Checksum of each group of inputs as it is now. All but the tables
        must be the same: of those each section knows what it was told.
    files : mapping of str to mapping
        ``sha256`` of each of its files as it was written, of the manifest.

    Returns
    -------
    Before
        :data:`NOTHING` where it is of other inputs, or a file is not as it
        was written.
    """
    try:
        record = msgspec.json.decode((folder / FILE).read_bytes())
        same = record["inputs"] == {name: groups[name] for name in groups if name != "tables"}
        names = (FILE, NOTEBOOK, PDF, TABLE)
        if not same or any(checksum(folder / name) != files[name]["sha256"] for name in names):
            return NOTHING
        notebook = msgspec.json.decode((folder / NOTEBOOK).read_bytes())
        outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
        shown = [_shown(output, record["used"]) for output in outputs]
        return Before(
            {each.section: each for each in shown if each is not None},
            folder / PDF,
            str(record["typeset"]),
            folder / TABLE,
            record["used"],
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return NOTHING


def _of_table(used: Mapping[str, str]) -> dict[str, str]:
    return {key: digest for key, digest in used.items() if key.partition("/")[0] in OF_THE_TABLE}


def _shown(output: Mapping[str, Any], used: Mapping[str, str]) -> Shown | None:
    ours = output.get("metadata", {}).get("kentstats", {})
    if ours.keys() - {"lists"} != BY_SECTIONS:
        return None
    text = output["data"]["text/markdown"]
    # in their own order, where the file has that of the alphabet
    claims = [{name: made[name] for name in FIELDS} for made in ours["claims"]]
    return Shown(
        text if isinstance(text, str) else "".join(text),
        section=ours["section"],
        told={key: used[key] for key in ours["asked"]},
        metadata={**ours, "claims": claims},
    )
