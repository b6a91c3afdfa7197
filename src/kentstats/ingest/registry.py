"""The sources: who published what, when, and under which licence."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import yaml

from kentstats.areas import load_areas
from kentstats.errors import DataError, Problem, nearest
from kentstats.project import Project, find_project


@dataclass(frozen=True)
class Source:
    """One inspection report, as its ``source.yml`` describes it.

    Attributes
    ----------
    id, kind, publisher, title, url, licence : str
        Its name here, kind, publisher, title, address and terms.
    authority, edition : str
        The authority inspected and the edition it belongs to.
    inspected_from, inspected_to, published : datetime.date
        First and last day of the inspection; day of publication.
    paragraphs : int
        The number of the last paragraph.
    document_sha256 : str
        Checksum of the text from which the figures were read.
    folder : pathlib.Path
        Where its tables are.
    """

    id: str
    kind: str
    publisher: str
    title: str
    authority: str
    edition: str
    inspected_from: dt.date
    inspected_to: dt.date
    published: dt.date
    url: str
    paragraphs: int
    licence: str
    document_sha256: str
    folder: Path


def load_sources(home: Project | None = None) -> list[Source]:
    """Read every ``data/raw/*/source.yml``, in the order of their names.

    Parameters
    ----------
    home : Project, optional
        The project; the one that :func:`find_project` finds by default.

    Returns
    -------
    list of Source

    Raises
    ------
    DataError
        A ``source.yml`` is no YAML, lacks a key, has one that is not known,
        or a value of the wrong kind.
    """
    raw = (home or find_project()).raw
    paths = sorted(raw.glob("*/source.yml"))
    sources = [_read(path, path.stat().st_mtime_ns) for path in paths]
    first: dict[str, Source] = {}
    problems = [
        Problem(
            str(source.folder / "source.yml"),
            0,
            "id",
            f"“{source.id}” is the id of {first[source.id].folder.name} too.",
            "Give every source an id of its own.",
        )
        for source in sources
        if first.setdefault(source.id, source) is not source
    ]
    if problems:
        raise DataError(problems)
    return sources


@lru_cache(maxsize=256)
def _read(path: Path, state: int) -> Source:
    del state  # read again where the file is another

    def fault(line: int, key: str, what: str, remedy: str) -> Problem:
        return Problem(str(path), line, key, what, remedy)

    try:
        entry = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a day that never was
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise DataError([fault(line, "", "The file is no YAML.", "Mend or restore it.")]) from None
    if not isinstance(entry, dict):
        raise DataError([fault(0, "", "The file holds no keys.", "Mend or restore it.")])
    wanted = {field.name: field.type for field in fields(Source) if field.name != "folder"}
    types = {"str": str, "int": int, "dt.date": dt.date}
    remedies = {
        "str": "Put text that looks like a number in quotes.",
        "int": "Write a whole number, 1 or more, without quotes.",
        "dt.date": "Write the day as 2010-11-19, without quotes.",
    }
    problems = [
        fault(0, str(key), "The key is not known here.", nearest(str(key), wanted))
        for key in entry
        if key not in wanted
    ]
    for key, kind in wanted.items():
        if key not in entry:
            problems.append(fault(0, key, "The key is missing.", "Add it."))
        # exactly the type: yes is an int too, and a time of day a date
        elif type(entry[key]) is not types[str(kind)] or entry[key] == 0:
            what = f"“{entry[key]}” is no {str(kind).removeprefix('dt.')}."
            problems.append(fault(0, key, what, remedies[str(kind)]))
    name = entry.get("authority")
    known = sorted({area.name for area in load_areas().areas if area.type == "authority"})
    if isinstance(name, str) and name not in known:
        what = f"“{name}” is not the name of an authority."
        problems.append(fault(0, "authority", what, nearest(name, known)))
    if problems:
        raise DataError(problems)
    return Source(**entry, folder=path.parent)
