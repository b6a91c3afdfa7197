"""What published briefings were made from, and what came of them.

One hash over all inputs decides whether a briefing is up to date. Checksums of their groups say
why it is not. They stand in its ``claims.json`` and in ``OUTPUT/EDITION/manifest.json``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

import kentstats
from kentstats.errors import KentstatsError
from kentstats.ingest.inspection_report import Source
from kentstats.load import official_folder
from kentstats.project import Project, checksum, checksums, fingerprint
from kentstats.publish.quarto import find_quarto

SCHEMA = 2
MANIFEST = "manifest.json"
OUTCOMES = ("failed", "published", "unchanged")
"""What may come of an authority, in the order in which a summary has them."""
PACKAGES = ("markdown-it-py", "matplotlib", "numpy", "pandas", "papermill", "typst")
"""Packages whose version can change a page."""
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
"""Groups of inputs, each with what is said where it has changed."""


@cache
def installed_versions(renderer: str = "embedded") -> Mapping[str, str]:
    """Return the versions of Python, this package and those that can change a page."""
    import platform
    from importlib.metadata import version

    found = {"python": platform.python_version(), "kentstats": kentstats.__version__}
    found |= {name: version(name) for name in PACKAGES}
    quarto = find_quarto()
    if renderer == "quarto" and quarto:
        done = subprocess.run([quarto, "--version"], capture_output=True, text=True, check=False)
        found["quarto"] = done.stdout.strip()
    return found


def edition_inputs(
    edition: str, notebook: Path, parameters: Mapping[str, Any], renderer: str, home: Project
) -> dict[str, str]:
    """Compute the checksum of each of :data:`GROUPS` that all briefings of an edition share.

    That of the report, which is of one authority, is empty. `parameters` are all but the
    authority and the edition.
    """
    templates = [home.reports / "_quarto.yml", *(home.reports / "template").glob("*")]
    package = Path(kentstats.__file__).parent
    code = (
        path
        for path in package.rglob("*")
        # an installed package has the project's data within it
        if path.suffix in {".py", ".yml"} and path.relative_to(package).parts[0] != "project"
    )
    inputs = {
        "tables": fingerprint(table_checksums(edition, home)),
        "code": fingerprint(_checksums(code, package)),
        "notebook": checksum(notebook),
        # index.html and its style are of no briefing
        "templates": fingerprint(
            _checksums((path for path in templates if path.stem != "index"), home.reports)
        ),
        "parameters": fingerprint(parameters),
        "versions": fingerprint(installed_versions(renderer)),
        "renderer": fingerprint({"renderer": renderer}),
    }
    return {group: inputs.get(group, "") for group in GROUPS}


def briefing_inputs(shared: Mapping[str, str], report: Source | None) -> dict[str, str]:
    """Return the checksums of what one briefing is made from: those shared, and its report."""
    return {**shared, "report": fingerprint(checksums(report.folder) if report else {})}


def table_checksums(edition: str, home: Project) -> dict[str, str]:
    """Compute the SHA-256 of the tables of an edition and the register of areas, by path."""
    folders = [home.raw / "areas", official_folder(edition, home)]
    return _checksums((path for folder in folders if folder for path in folder.iterdir()), home.raw)


def _checksums(paths: Iterable[Path], root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): checksum(path) for path in paths if path.is_file()}


def changed_groups(before: Mapping[str, str], inputs: Mapping[str, str]) -> str:
    """Say which groups of inputs have changed; empty where the hash of all is the same.

    Examples
    --------
    >>> changed_groups({"code": "1", "report": "2"}, {"code": "1", "report": "3"})
    'its report changed'
    """
    if fingerprint(before) == fingerprint(inputs):
        return ""
    changed = [words for group, words in GROUPS.items() if before.get(group) != inputs.get(group)]
    return "; ".join(changed) or "its inputs changed"


@dataclass(frozen=True)
class Entry:
    """What came of one authority.

    `fingerprint` is one hash over `inputs`, the checksums of :data:`GROUPS`. `files` has
    ``sha256`` and ``size`` of each file published; where the latest run failed, those of the run
    before, which it leaves in place. `seconds` is how long it took when it was last published.
    """

    name: str
    code: str
    slug: str
    outcome: str
    reason: str = ""
    error: str = ""
    error_kind: str = ""
    seconds: float = 0.0
    fingerprint: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def published_files(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return ``sha256`` and ``size`` of the files of a briefing, by name."""
    return {
        name: {"sha256": checksum(folder / name), "size": (folder / name).stat().st_size}
        for name in sorted(names)
    }


def faults_of(files: Mapping[str, Mapping[str, Any]], folder: Path) -> list[str]:
    """Say which files of a folder are missing, or not as they were written."""
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


def reason_to_publish(
    before: Entry | None,
    inputs: Mapping[str, str],
    folder: Path,
    *,
    force: bool = False,
    faults: Callable[[Mapping[str, Mapping[str, Any]], Path], list[str]] = faults_of,
) -> str:
    """Say why an authority is to be published; empty where it is up to date.

    `before` is what came of it last, `inputs` the checksum of each of :data:`GROUPS` as it is
    now, and `faults` says what is amiss with the files.

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
    return changed_groups(before.inputs, inputs) or "; ".join(faults(before.files, folder))


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest, with an :class:`Entry` for each of its ``authorities``.

    KentstatsError tells that it is not there, damaged, or of another schema.
    """
    remedy = "Publish the edition again: kentstats briefing --all."
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["schema"] != SCHEMA:
            raise KentstatsError(
                f"The manifest {path} is of schema {manifest['schema']}, where this is {SCHEMA}.",
                remedy,
            )
        entries = [Entry(**row) for row in manifest["authorities"]]
    except OSError as error:
        what = f"The manifest {path} cannot be read: {error.strerror}."
        raise KentstatsError(what, remedy) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise KentstatsError(f"The manifest {path} is damaged.", remedy) from None
    return {**manifest, "authorities": entries}


def read_entries(path: Path, edition: str, say: Callable[[str], object]) -> dict[str, Entry]:
    """Read what came of an edition so far, by GSS code; nothing where the manifest is no good."""
    if not path.exists():
        return {}
    try:
        manifest = read_manifest(path)
        if manifest.get("edition") != edition:
            raise KentstatsError(f"The manifest {path} is of edition {manifest.get('edition')}.")
    except KentstatsError as error:
        say(f"{error.what} It is ignored: everything is done again.")
        return {}
    return {entry.code: entry for entry in manifest["authorities"]}


def write_manifest(
    path: Path, head: Mapping[str, Any], entries: Iterable[Entry], roots: Iterable[Path]
) -> None:
    """Write a manifest in one step; folders of this machine (`roots`) are taken out of messages."""
    known = sorted(entries, key=lambda entry: entry.name)
    counts = Counter(entry.outcome for entry in known)
    rows = [{**asdict(entry), "error": portable(entry.error, roots)} for entry in known]
    manifest = {
        "schema": SCHEMA,
        **head,
        "counts": {outcome: counts[outcome] for outcome in OUTCOMES},
        "authorities": rows,
    }
    new = path.with_suffix(".json.new")
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    new.write_text(text, encoding="utf-8", newline="\n")
    new.replace(path)


def portable(text: str, roots: Iterable[Path]) -> str:
    """Take the paths of this machine out of a message."""
    for root in roots:
        if root != root.parent:
            text = text.replace(f"{root}{os.sep}", "")
    return re.sub(r"(?<![\w./:])(?:[A-Za-z]:)?[\\/](?:[^\s\\/:\"'“”]+[\\/])+", "…/", text)


@contextmanager
def temporary_folder(place: Path) -> Iterator[Path]:
    """Make a folder beside the place of a briefing, where moving a file is one step.

    It is locked for as long as this process lives, so that :func:`remove_leftovers` tells what
    a killed run has left from what is at work.
    """
    folder = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        with FileLock(folder / ".lock"):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary folders of runs that were killed, in the folder of an edition."""
    for left in folder.glob(".*-*"):
        try:
            with FileLock(left / ".lock", timeout=0):
                pass
        except (Timeout, OSError):
            continue  # of a run that is at work, or no folder
        shutil.rmtree(left, ignore_errors=True)
