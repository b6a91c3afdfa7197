"""Where the data, notebooks and templates are, and how their files are read.

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

from kentstats.errors import DataError, KentstatsError, Problem

VARIABLE = "KENTSTATS_HOME"


@dataclass(frozen=True)
class Project:
    """The folders of one project.

    Attributes
    ----------
    root : pathlib.Path
        The folder that holds ``data``, ``notebooks`` and ``reports``; text will do.

    Examples
    --------
    >>> Project("there").raw.as_posix()
    'there/data/raw'
    """

    root: Path

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(self.root))

    @property
    def raw(self) -> Path:
        """Sources as received: one folder each."""
        return self.root / "data" / "raw"

    @property
    def areas(self) -> Path:
        """The register of areas."""
        return self.raw / "areas"

    @property
    def notebooks(self) -> Path:
        """The notebooks that papermill runs."""
        return self.root / "notebooks"

    @property
    def reports(self) -> Path:
        """The Quarto project, templates and style."""
        return self.root / "reports"


ProjectLike = Project | Path | str
"""What the argument `home` of a function may be: a project, or its folder."""


def find_project(home: ProjectLike | None = None) -> Project:
    """Find the project: that named, else ``KENTSTATS_HOME``, the checkout, or the package.

    Parameters
    ----------
    home : Project or path, optional
        A project, or the folder of one.

    Returns
    -------
    Project

    Raises
    ------
    KentstatsError
        ``KENTSTATS_HOME`` names a folder that holds no ``data/raw``.
    """
    if home is not None:
        return home if isinstance(home, Project) else Project(Path(home))
    named = os.environ.get(VARIABLE)
    if named:
        project = Project(Path(named).resolve())
        if not project.raw.is_dir():
            raise KentstatsError(
                f"{VARIABLE} is {named}, where there is no folder data/raw.",
                "Point it at a kentstats project, or unset it.",
            )
        return project
    package = Path(__file__).resolve().parent
    checkout = package.parent.parent
    if (checkout / "data" / "raw").is_dir() and (checkout / "pyproject.toml").is_file():
        return Project(checkout)
    return Project(package / "project")


def read_yaml(path: Path) -> Any:
    """Read a YAML file.

    Raises
    ------
    DataError
        It is no YAML; the message names the line.
    """
    import yaml

    # the C loader reads the same YAML many times faster, where it is built
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a day that never was
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        problem = Problem(str(path), line, "", "The file is no YAML.", "Mend or restore it.")
        raise DataError([problem]) from None


def checksum(path: Path) -> str:
    """Compute the SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums(folder: Path) -> dict[str, str]:
    """Compute the SHA-256 of each file of a folder, by name and in the order of names."""
    return {path.name: checksum(path) for path in sorted(folder.iterdir()) if path.is_file()}


def fingerprint(values: Mapping[str, Any]) -> str:
    """Compute one SHA-256 over values by name, whatever their order.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
