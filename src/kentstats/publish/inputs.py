"""What a briefing is made from, as checksums, and why an authority is done again."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import kentstats
from kentstats.errors import ParameterError
from kentstats.ingest.inspection_report import Source
from kentstats.load import official_folder
from kentstats.project import Project, checksum, checksums
from kentstats.project import fingerprint as fingerprint
from kentstats.publish.manifest import Entry
from kentstats.publish.notebook import declared_parameters, read_parameters, versions
from kentstats.publish.quarto import find_quarto
from kentstats.written import pretty

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
FILE = "inputs.json"
"""What an authority's briefing was made from, beside it."""
SCHEMA = 1


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
    home: Project,
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
    home : Project
        The project.

    Returns
    -------
    dict of str to str
        A checksum for each of :data:`GROUPS`; empty for the report, which is
        of one authority.
    """
    templates = [home.reports / "_quarto.yml", *(home.reports / "template").glob("*")]
    inputs = {
        "tables": fingerprint(tables_of(edition, home)),
        "code": fingerprint(code_of(notebook)),
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


def tables_of(edition: str, home: Project) -> dict[str, str]:
    """Compute the SHA-256 of each table of official statistics of an edition, by its path.

    The register of areas is one of them: whom an authority is compared with
    depends on it.
    """
    folders = [home.raw / "areas", official_folder(edition, home)]
    tables = [path for folder in folders if folder for path in sorted(folder.iterdir())]
    return _sums(tables, home.raw)


def report_of(source: Source | None) -> str:
    """Compute one checksum over the files of an inspection report, or of none."""
    return fingerprint(checksums(source.folder) if source else {})


_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(kentstats[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)"
    r"|import[ \t]+(kentstats[^\n]*))",
    re.MULTILINE,
)


def imports_of(text: str) -> Iterator[str]:
    r"""List what Python code imports of this package, anywhere in it, by full names.

    Read by a pattern, since to parse all modules takes longer than all else
    that a run does where nothing changed.

    Parameters
    ----------
    text : str
        The code.

    Yields
    ------
    str
        Names of modules, and of what is taken out of them.

    Examples
    --------
    >>> list(imports_of("from kentstats.report import (\n  among,\n  versus as v,\n)"))
    ['kentstats.report', 'kentstats.report.among', 'kentstats.report.versus']
    """
    for origin, names, plain in _IMPORT.findall(text):
        if origin:
            yield origin
        # what is behind a mark is a comment
        bare = re.sub(r"#[^\n]*", "", names or plain).strip("() \t\n,")
        for name in bare.split(",") if bare else ():
            first = name.split()[0]
            yield f"{origin}.{first}" if origin else first


def code_of(notebook: Path) -> dict[str, str]:
    """Compute the SHA-256 of each file of the package of which briefings are made.

    These are the modules that the notebook imports and that which publishes,
    whatever they import in turn, and the YAML files that these read. What
    reads the publishers' files, or the command line, makes no briefing.

    Parameters
    ----------
    notebook : pathlib.Path
        The notebook.

    Returns
    -------
    dict of str to str
        By path within the package.
    """
    package = Path(kentstats.__file__).parent
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    texts = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    waiting = ["kentstats.publish.briefing", *(each for text in texts for each in imports_of(text))]
    found: dict[Path, str] = {}
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting += [name.rpartition(".")[0]] if "." in name else []
        base = package.joinpath(*name.split(".")[1:])
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path not in found and path.is_file():
                content = path.read_bytes()
                found[path] = hashlib.sha256(content).hexdigest()
                text = content.decode()
                waiting += imports_of(text)
                beside = (path.with_name(each) for each in re.findall(r'"(\w+\.yml)"', text))
                found |= {each: checksum(each) for each in beside if each.is_file()}
    return {path.relative_to(package).as_posix(): digest for path, digest in sorted(found.items())}


def write_inputs(
    path: Path,
    inputs: Mapping[str, str],
    used: Mapping[str, str],
    typeset: str = "",
) -> None:
    """Write what a briefing was made from: the same bytes for the same inputs.

    Parameters
    ----------
    path : pathlib.Path
        Where to.
    inputs : mapping of str to str
        Checksum of each of :data:`GROUPS`.
    used : mapping of str to str
        What it was told of official statistics, in the place of the checksum
        of all tables, which says of others too.
    typeset : str, optional
        Digest of what its PDF was set from, by
        what wrote it.
    """
    groups = {name: digest for name, digest in inputs.items() if name != "tables"}
    record = {
        "schema": SCHEMA,
        "inputs": groups,
        "typeset": typeset,
        "used": dict(sorted(used.items())),
    }
    path.write_bytes(pretty(record) + b"\n")


def read_used(path: Path) -> dict[str, str]:
    """Read what a briefing was told of official statistics.

    Parameters
    ----------
    path : pathlib.Path
        Its ``inputs.json``.

    Returns
    -------
    dict of str to str
        Empty where the file is missing, damaged or does not say, so that
        nothing can be left out of account.
    """
    try:
        record = json.loads(path.read_bytes())
        used = record["used"] if record["schema"] == SCHEMA else {}
        sound = all(isinstance(each, str) for pair in used.items() for each in pair)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return dict(used) if sound else {}


def _sums(paths: Iterable[Path], root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): checksum(path) for path in paths if path.is_file()}


def faults_of(files: Mapping[str, Mapping[str, Any]], folder: Path) -> list[str]:
    """Say which files of a folder are missing, or not as they were written.

    Parameters
    ----------
    files : mapping of str to mapping
        ``sha256`` and ``size`` of each file.
    folder : pathlib.Path
        Where they are.
    """
    if not folder.is_dir():
        return ["its folder is missing"]
    found = []
    for name, file in files.items():
        path = folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.stat().st_size != file["size"] or checksum(path) != file["sha256"]:
            found.append(f"{name} was changed")
    return found


Faults = Callable[[Mapping[str, Mapping[str, Any]], Path], list[str]]
"""Says what is amiss with files, given their sums and their folder."""


def reason_to_publish(
    before: Entry | None,
    inputs: Mapping[str, str],
    folder: Path,
    *,
    force: bool = False,
    tables: Callable[[], str] = lambda: GROUPS["tables"],
    faults: Faults = faults_of,
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
    tables : callable, optional
        Called where nothing but the tables changed: says what that is to the
        authority, and nothing where it uses nothing that changed.
    faults : callable, default :func:`faults_of`
        Says what is amiss with the files.

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
    groups = [group for group in GROUPS if before.inputs.get(group) != inputs[group]]
    changed = [GROUPS[group] for group in groups]
    if groups == ["tables"]:
        changed = [why for why in [tables()] if why]
    return "; ".join(changed or faults(before.files, folder))
