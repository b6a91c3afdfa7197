"""The manifest of an edition, ``OUTPUT/EDITION/manifest.json``.

It says of each authority what came of it, from which inputs its files were
made, and their checksums. A run reads it first, and writes it as it goes.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import IO, Any

from kentstats.areas import Area
from kentstats.errors import KentstatsError
from kentstats.project import fingerprint

SCHEMA = 1
MANIFEST = "manifest.json"
OUTCOMES = ("failed", "published", "unchanged")
"""What may come of an authority, in the order in which a summary has them."""
EVERY = 2.0
"""Seconds between two writings of the manifest, where that takes no time to speak of."""
SHARE = 50
"""As many times as long as writing it takes there are between two writings."""
BEGIN, END = ' "authorities": [', " ]"
"""The lines before and after those of the authorities, one each, in the file."""


class Files(Mapping[str, Mapping[str, Any]]):
    """What is known of the files of an authority, kept as text until it is asked for.

    Of many authorities it would be most of what a run holds.

    Parameters
    ----------
    files : mapping of str to mapping
        ``sha256`` and ``size`` by name.
    """

    __slots__ = ("_text",)

    def __init__(self, files: Mapping[str, Mapping[str, Any]]) -> None:
        self._text = json.dumps(dict(files))

    def _read(self) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = json.loads(self._text)
        return found

    def __getitem__(self, name: str) -> Mapping[str, Any]:
        """Return what is known of a file."""
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._read())

    def __len__(self) -> int:
        """Count the files."""
        return len(self._read())


@dataclass(frozen=True)
class Entry:
    """What came of one authority.

    Attributes
    ----------
    name, code, slug : str
        Its name, GSS code and folder.
    outcome : str
        One of :data:`OUTCOMES`.
    reason : str
        Why it was done again, or that nothing changed.
    error, error_kind : str
        What went wrong, and the name of the error.
    seconds : float
        How long it took when it was last done.
    fingerprint : str
        One checksum over `inputs`.
    inputs : mapping of str to str
        Checksum of each group of inputs, a key of
        :data:`kentstats.publish.inputs.GROUPS`.
    files : mapping of str to mapping
        ``sha256`` and ``size`` of each file published. Where the latest run
        failed they are those of the run before, which it leaves in place.
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


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    dict
        As written, with an :class:`Entry` for each of its ``authorities``.

    Raises
    ------
    KentstatsError
        It is not there, damaged, or of another schema.
    """
    remedy = "Publish the edition again: kentstats briefing --all."
    try:
        with path.open(encoding="utf-8") as file:
            try:
                manifest = _read(file)
            except ValueError:  # it is damaged, or has another layout
                file.seek(0)
                manifest = json.load(file)
        rows, inputs = manifest["authorities"], dict[str, Mapping[str, str]]()
        if manifest["schema"] != SCHEMA:
            raise KentstatsError(
                f"The manifest {path} is of schema {manifest['schema']}, where this is {SCHEMA}.",
                remedy,
            )
        if rows and not isinstance(rows[0], Entry):
            rows = [_entry(row, inputs) for row in rows]
        return {**manifest, "authorities": rows}
    except OSError as error:
        what = f"The manifest {path} cannot be read: {error.strerror}."
    except (ValueError, TypeError, KeyError):
        what = f"The manifest {path} is damaged."
    raise KentstatsError(what, remedy)


def _read(file: IO[str]) -> dict[str, Any]:
    """Read a manifest line by line, as it is written: as a whole, one of many is large."""
    inputs: dict[str, Mapping[str, str]] = {}
    head: list[str] = []
    for line in file:
        if line.rstrip("\n") == BEGIN:
            break
        head.append(line)
    entries = []
    for line in file:
        if line.rstrip("\n") == END:
            break
        entries.append(_entry(json.loads(line.rstrip().removesuffix(",")), inputs))
    manifest: dict[str, Any] = json.loads("".join(head).rstrip().removesuffix(",") + file.read())
    return {"authorities": entries, **manifest}


def _entry(row: Any, inputs: dict[str, Mapping[str, str]]) -> Entry:
    """Check an entry; those that share their inputs share one table of them."""
    try:
        entry = Entry(**row)
        shared = inputs.setdefault(repr(entry.inputs), entry.inputs)
        sound = (
            all(isinstance(getattr(entry, one.name), str) for one in fields(Entry)[:7])
            and entry.outcome in OUTCOMES
            and float(entry.seconds) >= 0
            and all(isinstance(each, str) for each in entry.inputs.values())
            and all(isinstance(each["size"], int) for each in entry.files.values())
            and all(isinstance(each["sha256"], str) for each in entry.files.values())
        )
        entry = replace(entry, inputs=shared, files=Files(entry.files))
    except (TypeError, ValueError, KeyError, AttributeError):
        sound = False
    if not sound:
        raise ValueError("damaged")
    return entry


def read_entries(path: Path, edition: str, say: Callable[[str], object]) -> dict[str, Entry]:
    """Read what came of an edition so far.

    Parameters
    ----------
    path : pathlib.Path
        The manifest, which need not be there.
    edition : str
        Name of the edition.
    say : callable
        Told where the manifest is no good, and so ignored.

    Returns
    -------
    dict of str to Entry
        By GSS code.
    """
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


class Record:
    """The manifest of a run under way.

    Parameters
    ----------
    path : pathlib.Path
        Where it is written.
    head : dict
        What it says of the run as a whole; read anew at each writing.
    entries : mapping of str to Entry
        What came of the runs before, by GSS code.
    areas : iterable of Area
        The authorities of the edition.
    roots : iterable of pathlib.Path
        Folders of this machine, which are taken out of messages.
    """

    def __init__(
        self,
        path: Path,
        head: dict[str, Any],
        entries: Mapping[str, Entry],
        areas: Iterable[Area],
        roots: Iterable[Path],
    ) -> None:
        self.path, self.head = path, head
        self.areas = {area.code: area for area in areas}
        # of an authority that is gone, its folder is left over and no more
        self.entries = {code: one for code, one in entries.items() if code in self.areas}
        self.roots = roots
        self.written, self.lasted = time.monotonic(), 0.0

    def unchanged(self, area: Area, inputs: Mapping[str, str] | None = None) -> None:
        """Take note that an authority is left as it is, with inputs that make no difference."""
        entry = self.entries[area.code]
        if inputs is not None and dict(inputs) != dict(entry.inputs):
            why, digest = "nothing that it uses changed", fingerprint(inputs)
            entry = replace(entry, reason=why, inputs=dict(inputs), fingerprint=digest)
        else:
            entry = replace(entry, reason="nothing changed")
        self.entries[area.code] = replace(entry, outcome="unchanged")

    def done(self, entry: Entry) -> None:
        """Take note of what came of an authority, and write the manifest now and then."""
        before = self.entries.get(entry.code)
        if before and entry.outcome == "failed":
            entry = replace(entry, files=before.files)
        self.entries[entry.code] = entry
        if time.monotonic() - self.written > max(EVERY, SHARE * self.lasted):
            # something else may have it open; there will be another time
            with contextlib.suppress(PermissionError):
                self.write()

    def write(self) -> None:
        """Write the manifest, so that it is whole at any time."""
        begun = time.monotonic()
        known = sorted(self.entries.values(), key=lambda entry: self.areas[entry.code].name)
        counts = Counter(entry.outcome for entry in known)
        head = {**self.head, "counts": {outcome: counts[outcome] for outcome in OUTCOMES}}
        aside = self.path.with_suffix(".json.new")
        with aside.open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}"))
            file.write(f",\n{BEGIN}")
            for number, entry in enumerate(known):
                error = _portable(entry.error, self.roots)
                row = {**vars(entry), "error": error, "files": dict(entry.files)}
                file.write(("," if number else "") + "\n  " + json.dumps(row, ensure_ascii=False))
            file.write(f"\n{END}\n}}\n")
        aside.replace(self.path)
        self.written = time.monotonic()
        self.lasted = self.written - begun


def _portable(text: str, roots: Iterable[Path]) -> str:
    """Take the paths of this machine out of a message."""
    if not text:
        return text
    for root in roots:
        if root != root.parent:
            text = text.replace(f"{root}{os.sep}", "")
    return re.sub(r"(?<![\w./:])(?:[A-Za-z]:)?[\\/](?:[^\s\\/:\"'“”]+[\\/])+", "…/", text)
