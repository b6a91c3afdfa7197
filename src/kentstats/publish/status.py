"""What is here: editions, briefings and whether they are up to date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from kentstats import __version__
from kentstats.areas import load_areas
from kentstats.ingest.inspection_report import load_sources
from kentstats.load import edition_day, editions, official_folder
from kentstats.project import Project
from kentstats.publish.briefing import choose_subject, inputs_of, slug
from kentstats.publish.quarto import find_quarto


def report(home: Project, output: Path, *, authorities_too: bool = False) -> Iterator[str]:
    """Describe the project line by line.

    Parameters
    ----------
    home : Project
        The project.
    output : pathlib.Path
        Folder of the published briefings.
    authorities_too : bool, default False
        List every authority of every edition, with its codes.

    Yields
    ------
    str

    Raises
    ------
    DataError
        A ``source.yml`` is faulty.
    """
    yield f"kentstats {__version__}, project {home.root}"
    quarto = find_quarto()
    found = f", quarto ({quarto})" if quarto else "; Quarto is not on the PATH"
    yield f"Renderers: embedded{found}"
    for edition in editions(home):
        authorities = load_areas(home=home).authorities(edition_day(edition, home))
        reports = [source for source in load_sources(home) if source.edition == edition]
        official = "official statistics" if official_folder(edition, home) else "no statistics"
        yield f"Edition {edition}: {official}, {_counted(len(reports), 'inspection report')}"
        known = authorities if official_folder(edition, home) else []
        named = [area.name for area in known] or [source.authority for source in reports]
        states = {name: _published(name, edition, output, home) for name in named}
        done = {name: state for name, state in states.items() if state}
        yield f"  {_counted(len(named), 'authority', 'authorities')}, {len(done)} published"
        for name, state in done.items():
            yield f"    {name}: {state}"
        if not done:
            first = reports[0].authority if reports else named[0] if named else ""
            yield f"    run: kentstats briefing {quoted(first)} --edition {edition}"
    if authorities_too:
        for edition in editions(home):
            for area in load_areas(home=home).authorities(edition_day(edition, home)):
                yield f"{edition}  {area.code}  {area.old_code}  {area.name}"


def _counted(number: int, one: str, more: str = "") -> str:
    return f"{number or 'no'} {one if number == 1 else more or f'{one}s'}"


def quoted(name: str) -> str:
    """Quote a name for a shell where it needs it."""
    return f'"{name}"' if " " in name or "," in name else name


def _published(name: str, edition: str, output: Path, home: Project) -> str:
    folder = output / edition / slug(name)
    try:
        record = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    now = inputs_of(choose_subject(name, edition, home))
    then = record.get("inputs", {})
    changed = sorted(key for key in now.keys() | then.keys() if now.get(key) != then.get(key))
    if changed:
        return f"published, but {', '.join(changed)} changed since: {folder}"
    return f"published and up to date: {folder}"
