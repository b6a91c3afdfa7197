"""Where the data, notebooks and templates are.

In a checkout they are the folders beside ``src``, so that what an analyst
edits is what runs. In an installed package they travel inside it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kentstats.errors import KentstatsError

VARIABLE = "KENTSTATS_HOME"


@dataclass(frozen=True)
class Project:
    """The folders of one project.

    Attributes
    ----------
    root : pathlib.Path
        The folder that holds ``data``, ``notebooks`` and ``reports``.
    """

    root: Path

    @property
    def raw(self) -> Path:
        """Sources as received: one folder each."""
        return self.root / "data" / "raw"

    @property
    def notebooks(self) -> Path:
        """The notebooks that papermill runs."""
        return self.root / "notebooks"

    @property
    def reports(self) -> Path:
        """The Quarto project, templates and style."""
        return self.root / "reports"


def find_project() -> Project:
    """Find the project: ``KENTSTATS_HOME``, the checkout, or the package.

    Returns
    -------
    Project

    Raises
    ------
    KentstatsError
        ``KENTSTATS_HOME`` names a folder that holds no ``data/raw``.
    """
    named = os.environ.get(VARIABLE)
    if named:
        home = Project(Path(named).resolve())
        if not home.raw.is_dir():
            raise KentstatsError(
                f"{VARIABLE} is {named}, where there is no folder data/raw.",
                "Point it at a kentstats project, or unset it.",
            )
        return home
    package = Path(__file__).resolve().parent
    checkout = package.parent.parent
    if (checkout / "data" / "raw").is_dir() and (checkout / "pyproject.toml").is_file():
        return Project(checkout)
    return Project(package / "project")


def checksum(path: Path) -> str:
    """Compute the SHA-256 of a file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums(folder: Path) -> dict[str, str]:
    """Compute the SHA-256 of each file of a folder, by name.

    Parameters
    ----------
    folder : pathlib.Path
        That of a report or of an edition of official statistics.

    Returns
    -------
    dict of str to str
        In the order of the names.
    """
    return {path.name: checksum(path) for path in sorted(folder.iterdir()) if path.is_file()}


def fingerprint(values: Mapping[str, Any]) -> str:
    """Compute one checksum over values by name, whatever their order.

    Parameters
    ----------
    values : mapping of str to object
        Anything that JSON can hold.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
