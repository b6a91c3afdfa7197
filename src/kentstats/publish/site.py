"""What is published: the pages that lead to the briefings, and what ``status`` prints."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from kentstats import __version__
from kentstats.areas import Area, load_areas
from kentstats.errors import KentstatsError
from kentstats.ingest.datasets import ATTRIBUTION
from kentstats.ingest.inspection_report import Source, load_sources
from kentstats.load import choose_edition, edition_day, editions, official_folder
from kentstats.periods import show_date
from kentstats.project import Project, find_project
from kentstats.publish.briefing import slug
from kentstats.publish.manifest import (
    MANIFEST,
    Entry,
    briefing_inputs,
    changed_groups,
    edition_inputs,
    read_manifest,
)
from kentstats.publish.notebook import NOTEBOOK
from kentstats.publish.quarto import find_quarto

PAGE, PAPER = "briefing.html", "briefing.pdf"
STATES = {
    "with a briefing": "",
    "with an earlier briefing, as the latest could not be made": (
        "An earlier briefing: the latest could not be made."
    ),
    "whose briefing could not be made": "No briefing: it could not be made.",
    "without a briefing so far": "No briefing so far.",
}
"""What the count at the top says of authorities, each with the note of one."""


def write_index(
    output: Path,
    edition: str,
    *,
    contact: str = "",
    home: Project | None = None,
    there: Callable[[Path], bool] = Path.is_file,
) -> Path:
    """Write ``OUTPUT/EDITION/index.html``: every authority, with a search.

    The manifest of the edition lies beside it; `there` tells whether a file of the manifest is
    there, and `contact` whom to ask for another format.

    Raises
    ------
    ParameterError
        The edition is not known.
    KentstatsError
        The manifest is not there, or damaged.
    """
    home = home or find_project()
    edition = choose_edition(edition, home)
    folder = output / edition
    entries = {entry.code: entry for entry in read_manifest(folder / MANIFEST)["authorities"]}
    register, day = load_areas(home=home), edition_day(edition, home)
    regions: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for area in register.authorities(day):
        region = register.by_code(area.region)
        name = region.name if region else "Elsewhere"
        regions[name].append(_row(area, name, entries.get(area.code), folder, there))
    states = Counter(row["note"] for rows in regions.values() for row in rows)
    whole = f"{states.total()} authorities"
    told = [f"{states[note]} {words}" for words, note in STATES.items() if states[note]]
    return _write(
        folder / "index.html",
        home,
        title=f"Children’s services: briefings for {whole}, edition {edition}",
        description=f"Briefings on children’s services in {whole} of England, edition {edition}",
        heading="Children’s services, authority by authority",
        subtitle=f"Edition {edition}: authorities as they were on {show_date(day)}",
        regions=[(slug(name), name, rows) for name, rows in sorted(regions.items())],
        count=f"{whole}: {', '.join(told)}.",
        manifest=MANIFEST,
        contact=contact,
    )


def write_home(output: Path, *, contact: str = "", home: Project | None = None) -> Path:
    """Write ``OUTPUT/index.html``: the editions that have a page, the latest first."""
    pages = sorted(output.glob("[!.]*/index.html"), reverse=True)
    return _write(
        output / "index.html",
        home or find_project(),
        title="Children’s services: briefings by edition",
        description="Editions of the briefings on children’s services in England",
        heading="Children’s services, edition by edition",
        subtitle=f"{_number(len(pages), 'edition')}, the latest first",
        editions=[(page.parent.name, _size_of(page.parent)) for page in pages],
        contact=contact,
    )


def _size_of(folder: Path) -> str:
    try:
        entries = read_manifest(folder / MANIFEST)["authorities"]
    except KentstatsError:
        return ""
    made = sum((folder / entry.slug / PAGE).is_file() for entry in entries if entry.files)
    return _number(made, "briefing")


def _row(
    area: Area, region: str, entry: Entry | None, folder: Path, there: Callable[[Path], bool]
) -> dict[str, Any]:
    """Return what the page says of an authority."""
    place = slug(area.name)
    files = {
        name: _bytes(file["size"])
        for name, file in (entry.files if entry else {}).items()
        if there(folder / place / name)
    }
    made, earlier, failed, absent = STATES.values()
    if entry and entry.outcome == "failed":
        made, absent = earlier, failed
    kind = area.kind[:1].upper() + area.kind[1:].replace("london", "London")
    data = sorted(set(files) - {PAGE, PAPER}, key=lambda name: (not name.endswith(".csv"), name))
    return {
        "note": made if PAGE in files else absent,
        "has_page": PAGE in files,
        "name": area.name,
        "folder": place,
        "codes": " · ".join(filter(None, (area.code, area.old_code))),
        "kind": kind,
        "search": _folded(" ".join((area.name, area.code, area.old_code, region, kind))),
        "pdf": files.get(PAPER),
        "data": [(name, files[name]) for name in data],
    }


def _bytes(size: int) -> str:
    kilobytes = max(1, round(size / 1000))
    return f"{kilobytes} KB" if kilobytes < 1000 else f"{kilobytes / 1000:.1f} MB"


def _write(path: Path, home: Project, **parts: Any) -> Path:
    from jinja2 import Environment, FileSystemLoader

    folder = home.reports / "template"
    loader = FileSystemLoader(folder)
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, keep_trailing_newline=True
    )
    page = environment.get_template("index.html").render(attribution=ATTRIBUTION, **parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".html.new")
    temporary.write_text(page, encoding="utf-8", newline="\n")
    temporary.replace(path)
    return path


def _folded(text: str) -> str:
    """Fold what is searched as the script folds what is searched for."""
    plain = unicodedata.normalize("NFD", text.lower())
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    plain = re.sub("['’]", "", plain.replace("&", " and "))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())


def describe_project(
    home: Project, output: Path, *, authorities_too: bool = False
) -> Iterator[str]:
    """Describe line by line what is here: editions, briefings and whether they are up to date.

    With `authorities_too`, list every authority of every edition, with its codes.
    """
    yield f"kentstats {__version__}, project {home.root}"
    quarto = find_quarto()
    found = f", quarto ({quarto})" if quarto else "; Quarto is not on the PATH"
    yield f"Renderers: embedded{found}"
    register = load_areas(home=home)
    for edition in editions(home):
        official = official_folder(edition, home)
        reports = {one.authority: one for one in load_sources(home) if one.edition == edition}
        told = "official statistics" if official else "no statistics"
        yield f"Edition {edition}: {told}, {_number(len(reports), 'inspection report')}"
        areas = register.authorities(edition_day(edition, home)) if official else []
        names = [area.name for area in areas] or list(reports)
        states = {name: _state(name, edition, output, home, reports.get(name)) for name in names}
        done = {name: state for name, state in states.items() if state}
        yield f"  {_number(len(names), 'authority', 'authorities')}, {len(done)} published"
        for name, state in done.items():
            yield f"    {name}: {state}"
        if not done:
            first = next(iter(reports), names[0] if names else "")
            quoted = f'"{first}"' if " " in first or "," in first else first
            yield f"    run: kentstats briefing {quoted} --edition {edition}"
    if authorities_too:
        for edition in editions(home):
            for area in register.authorities(edition_day(edition, home)):
                yield f"{edition}  {area.code}  {area.old_code}  {area.name}"


def _number(number: int, one: str, more: str = "") -> str:
    return f"{number or 'no'} {one if number == 1 else more or f'{one}s'}"


def _state(name: str, edition: str, output: Path, home: Project, report: Source | None) -> str:
    """Say whether the briefing of an authority is up to date; empty where there is none."""
    folder = output / edition / slug(name)
    try:
        record = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
        named = {"authority", "edition"}
        typed = {key: each for key, each in record["parameters"].items() if key not in named}
        before, parameters = record["inputs"], json.dumps(typed)
        shared = _inputs_now(edition, parameters, record["renderer"], home)
    except (OSError, ValueError, KeyError, AttributeError):
        return ""
    changed = changed_groups(before, briefing_inputs(shared, report))
    return f"published{f', but {changed}' if changed else ' and up to date'}: {folder}"


@lru_cache(maxsize=4)
def _inputs_now(edition: str, parameters: str, renderer: str, home: Project) -> dict[str, str]:
    notebook = home.notebooks / NOTEBOOK
    return edition_inputs(edition, notebook, json.loads(parameters), renderer, home)
