"""What a briefing is made from, as checksums, and why an authority is done again."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import kentstats
from kentstats.checksum import checksum
from kentstats.errors import ParameterError
from kentstats.home import Home
from kentstats.load import official_folder
from kentstats.publish.manifest import Entry
from kentstats.publish.quarto import find_quarto
from kentstats.publish.run import declared_parameters, read_parameters, versions

GROUPS = {
    "tables": "the tables of the edition changed",
    "report": "its report changed",
    "code": "the code changed",
    "notebook": "the notebook changed",
    "templates": "the templates changed",
    "parameters": "a parameter changed",
    "versions": "the version of Python or of a package changed",
    "renderer": "the renderer changed",
}
"""Groups of inputs, each with what is said where it is no longer the same."""


def effective_parameters(notebook: Path, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return every parameter but those that say which briefing it is.

    Parameters
    ----------
    notebook : pathlib.Path
        The notebook, whose defaults count too.
    parameters : mapping of str to str
        Names and values as they were typed.

    Returns
    -------
    dict of str to object
        Typed values.

    Raises
    ------
    ParameterError
        One that is not known, or says which briefing it is.
    """
    for name, instead in (("authority", "Name authorities"), ("edition", "Use --edition")):
        if name in parameters:
            raise ParameterError(f"The {name} is given with -p.", f"{instead} instead.")
    declared = {name: default for name, (_, default) in declared_parameters(notebook).items()}
    effective = {**declared, **read_parameters(notebook, parameters)}
    return {name: effective[name] for name in effective if name not in {"authority", "edition"}}


def versions_with(renderer: str) -> dict[str, str]:
    """Name the versions that a briefing depends on, that of Quarto among them if it renders."""
    found = versions()
    quarto = find_quarto()
    if renderer == "quarto" and quarto:
        done = subprocess.run([quarto, "--version"], capture_output=True, text=True, check=False)
        found["quarto"] = done.stdout.strip()
    return found


def shared_inputs(
    edition: str,
    notebook: Path,
    parameters: Mapping[str, Any],
    found: Mapping[str, str],
    renderer: str,
    home: Home,
) -> dict[str, str]:
    """Compute the checksums of what every briefing of an edition is made from.

    Parameters
    ----------
    edition : str
        Name of the edition.
    notebook : pathlib.Path
        The notebook.
    parameters, found : mapping
        Parameters and versions, by name.
    renderer : str
        The renderer.
    home : Home
        The project.

    Returns
    -------
    dict of str to str
        A checksum for each of :data:`GROUPS`; empty for the report, which is
        of one authority.
    """
    package = Path(kentstats.__file__).parent
    code = [path for kind in ("*.py", "*.yml") for path in package.rglob(kind)]
    folders = [home.raw / "areas", official_folder(edition, home)]
    tables = [path for folder in folders if folder for path in folder.iterdir()]
    templates = [home.reports / "_quarto.yml", *(home.reports / "template").glob("*")]
    inputs = {
        "tables": fingerprint(_sums(tables, home.raw)),
        # an installed package carries the project, which has groups of its own
        "code": fingerprint(
            _sums((one for one in code if package / "project" not in one.parents), package)
        ),
        "notebook": checksum(notebook),
        # of index.html and its style no briefing is made
        "templates": fingerprint(
            _sums((one for one in templates if not one.match("index.*")), home.reports)
        ),
        "parameters": fingerprint(parameters),
        "versions": fingerprint(found),
        "renderer": fingerprint({"renderer": renderer}),
    }
    return {group: inputs.get(group, "") for group in GROUPS}


def _sums(paths: Iterable[Path], root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): checksum(path) for path in paths if path.is_file()}


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


def reason_to_publish(
    before: Entry | None, inputs: Mapping[str, str], folder: Path, *, force: bool = False
) -> str:
    """Say why an authority is to be done.

    Parameters
    ----------
    before : Entry or None
        What came of it last.
    inputs : mapping of str to str
        Checksum of each of :data:`GROUPS` as it is now.
    folder : pathlib.Path
        Where its files are.
    force : bool, default False
        Do it in any case.

    Returns
    -------
    str
        Empty where it is not to be done.

    Examples
    --------
    >>> reason_to_publish(None, {}, Path("no", "such", "folder"))
    'it is not published yet'
    """
    if force:
        return "it was asked for"
    if before is None:
        return "there is no record of it" if folder.exists() else "it is not published yet"
    if before.outcome == "failed":
        return "it failed last time"
    changed = [why for group, why in GROUPS.items() if before.inputs.get(group) != inputs[group]]
    if not changed and not folder.is_dir():
        changed.append("its folder is missing")
    if not changed:
        for name, file in before.files.items():
            path = folder / name
            if not path.is_file():
                changed.append(f"{name} is missing")
            elif path.stat().st_size != file["size"] or checksum(path) != file["sha256"]:
                changed.append(f"{name} was changed")
    return "; ".join(changed)
