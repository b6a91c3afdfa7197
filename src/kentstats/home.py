"""Where the data, notebooks and templates are.

In a checkout they are the folders beside ``src``, so that what an analyst
edits is what runs. In an installed package they travel inside it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kentstats.errors import KentstatsError

VARIABLE = "KENTSTATS_HOME"


@dataclass(frozen=True)
class Home:
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


def find_home() -> Home:
    """Find the project: ``KENTSTATS_HOME``, the checkout, or the package.

    Returns
    -------
    Home

    Raises
    ------
    KentstatsError
        ``KENTSTATS_HOME`` names a folder that holds no ``data/raw``.
    """
    named = os.environ.get(VARIABLE)
    if named:
        home = Home(Path(named).resolve())
        if not home.raw.is_dir():
            raise KentstatsError(
                f"{VARIABLE} is {named}, where there is no folder data/raw.",
                "Point it at a kentstats project, or unset it.",
            )
        return home
    package = Path(__file__).resolve().parent
    checkout = package.parent.parent
    if (checkout / "data" / "raw").is_dir() and (checkout / "pyproject.toml").is_file():
        return Home(checkout)
    return Home(package / "project")
