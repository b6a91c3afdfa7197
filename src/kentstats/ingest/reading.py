"""What came of reading one file: what was understood, left out and refused."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.errors import Problem

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Reading:
    """The outcome of one file.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    kind : str
        What it was taken for, in words.
    sha256 : str
        Its checksum.
    dataset : str
        Key of the data set, empty where there is none.
    notes : list of str
        What is odd about the file and was overcome.
    refused : list of Problem
        Lines and cells that break the contract, each with its reason.
    left_out : dict of str to list of int
        Reasons for which sound lines were not wanted, with the lines.
    facts : pandas.DataFrame or None
        Facts, in the columns of :data:`kentstats.schemas.FIGURES`, and the days.
    neighbours, judgements, areas : list of dict
        Rows of the other tables.
    rows : int
        How many rows of the file were understood.
    wanted : int
        How many figures were looked for, those refused among them.
    """

    path: Path
    kind: str
    sha256: str
    dataset: str = ""
    notes: list[str] = field(default_factory=list)
    refused: list[Problem] = field(default_factory=list)
    left_out: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    facts: pd.DataFrame | None = None
    neighbours: list[dict[str, Any]] = field(default_factory=list)
    judgements: list[dict[str, Any]] = field(default_factory=list)
    areas: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0
    wanted: int = 0

    def refuse(self, line: int, column: str, what: str, remedy: str) -> None:
        """Note that a line, or a cell of it, breaks the contract."""
        self.refused.append(Problem(self.path.name, line, column, what, remedy))

    def leave_out(self, reason: str, line: int) -> None:
        """Note that a sound line is not wanted."""
        self.left_out[reason].append(line)


def counted(number: int, noun: str) -> str:
    """Say how many of a thing there are.

    Examples
    --------
    >>> counted(1, "line"), counted(2_132, "line")
    ('1 line', '2,132 lines')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
