"""What is published: the pages that lead to the briefings, and what ``status`` prints."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

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

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
PAGE, PAPER = "briefing.html", "briefing.pdf"
STATES = {
    "published": "with a briefing",
    "earlier": "with an earlier briefing, as the latest could not be made",
    "failed": "whose briefing could not be made",
    "absent": "without a briefing so far",
}
"""What may be said of an authority, each with the words of the count."""

SEARCH = """\
<form id="search" role="search" hidden>
<label for="q">Find an authority</label>
<p id="hint">Part of its name, its region, or a code such as 886 or E10000016.</p>
<input id="q" name="q" type="search" autocomplete="off" spellcheck="false"
 aria-describedby="hint" aria-controls="content">
</form>
"""


def write_index(
    output: Path,
    edition: str,
    manifest: Mapping[str, Any] | None = None,
    *,
    contact: str = "",
    home: Project | None = None,
    there: Callable[[Path], bool] = Path.is_file,
) -> Path:
    """Write ``OUTPUT/EDITION/index.html``: every authority, with a search.

    Parameters
    ----------
    output : pathlib.Path
        Folder of the published briefings.
    edition : str
        Name of the edition.
    manifest : mapping, optional
        As :func:`kentstats.publish.manifest.read_manifest` gives it; that beside
        the page by default. The same manifest gives the same bytes.
    contact : str, optional
        Whom to ask for another format.
    home : Project, optional
        The project; the one at hand by default.
    there : callable, optional
        Tells whether a file of the manifest is there.

    Returns
    -------
    pathlib.Path
        The page.

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
    manifest = manifest or read_manifest(folder / MANIFEST)
    entries: dict[str, Entry] = {entry.code: entry for entry in manifest["authorities"]}
    register, day = load_areas(home=home), edition_day(edition, home)
    regions: dict[str, list[str]] = defaultdict(list)
    states: Counter[str] = Counter()
    for area in register.authorities(day):
        region = register.by_code(area.region)
        name = region.name if region else "Elsewhere"
        state, row = _row(area, name, entries.get(area.code), folder, there)
        regions[name].append(row)
        states[state] += 1
    whole = f"{sum(states.values())} authorities"
    told = [f"{states[state]} {words}" for state, words in STATES.items() if states[state]]
    links = "\n".join(
        f'<li><a href="#{_id(name)}">{escape(name)}</a></li>' for name in sorted(regions)
    )
    search = (
        f'{SEARCH}<nav aria-label="Regions">\n<p>Go to a region</p>\n<ul>\n{links}\n</ul>\n</nav>\n'
        f'<p id="found" role="status">{whole}: {", ".join(told)}.</p>'
    )
    body = "\n".join(_region(name, regions[name]) for name in sorted(regions))
    record = (
        f'<p><a href="{MANIFEST}">{MANIFEST}</a> lists every file, its checksum, '
        "and from what it was made.</p>\n"
        if (folder / MANIFEST).is_file()
        else ""
    )
    return _write(
        folder / "index.html",
        home,
        title=f"Children’s services: briefings for {whole}, edition {edition}",
        description=f"Briefings on children’s services in {whole} of England, edition {edition}",
        kicker="Briefings for councillors",
        heading="Children’s services, authority by authority",
        subtitle=f"Edition {edition}: authorities as they were on {show_date(day)}",
        search=search,
        body=body,
        foot=record + _foot(contact),
    )


def write_home(output: Path, *, contact: str = "", home: Project | None = None) -> Path:
    """Write ``OUTPUT/index.html``: the editions that have a page, the latest first.

    Parameters
    ----------
    output : pathlib.Path
        Folder of the published briefings.
    contact : str, optional
        Whom to ask for another format.
    home : Project, optional
        The project; the one at hand by default.

    Returns
    -------
    pathlib.Path
        The page.
    """
    rows = []
    for page in sorted(output.glob("[!.]*/index.html"), reverse=True):
        name = page.parent.name
        rows.append(
            f'<li><div class="name"><a href="{_link(name, page.name)}">Edition {escape(name)}</a>'
            f'</div><div class="codes">{_size_of(page.parent)}</div></li>'
        )
    count = f"{len(rows)} edition{'' if len(rows) == 1 else 's'}"
    return _write(
        output / "index.html",
        home or find_project(),
        title="Children’s services: briefings by edition",
        description="Editions of the briefings on children’s services in England",
        kicker="Briefings for councillors",
        heading="Children’s services, edition by edition",
        subtitle=f"{count}, the latest first",
        search="",
        body='<ul class="list">\n' + "\n".join(rows) + "\n</ul>" if rows else "<p>None yet.</p>",
        foot=_foot(contact),
    )


def _size_of(folder: Path) -> str:
    try:
        entries = read_manifest(folder / MANIFEST)["authorities"]
    except KentstatsError:
        return ""
    made = sum((folder / entry.slug / PAGE).is_file() for entry in entries if entry.files)
    return f"{made} briefing{'' if made == 1 else 's'}"


def _row(
    area: Area, region: str, entry: Entry | None, folder: Path, there: Callable[[Path], bool]
) -> tuple[str, str]:
    """Return what is to be said of an authority, and its line of the list."""
    place = slug(area.name)
    files = {
        name: file["size"]
        for name, file in (entry.files if entry else {}).items()
        if there(folder / place / name)
    }
    state = "absent"
    if entry and entry.outcome == "failed":
        state = "earlier" if PAGE in files else "failed"
    elif PAGE in files:
        state = "published"
    name, kind = escape(area.name), area.kind.replace("london", "London")
    kind = kind[:1].upper() + kind[1:]
    codes = " · ".join(code for code in (area.code, area.old_code) if code)
    words = _folded(" ".join((area.name, area.code, area.old_code, region, kind)))
    title = f'<a href="{_link(place, PAGE)}">{name}</a>' if PAGE in files else f"<b>{name}</b>"
    parts = [
        f'<li data-search="{escape(words)}">',
        f'<div class="name">{title}</div>',
        f'<div class="codes">{escape(codes)}</div>',
        f'<div class="kind">{escape(kind)}</div>',
    ]
    if state in {"published", "earlier"}:
        parts += _links(name, place, files)
    if state != "published":
        said = {
            "earlier": "An earlier briefing: the latest could not be made.",
            "failed": "No briefing: it could not be made.",
            "absent": "No briefing so far.",
        }
        parts.append(f'<p class="note">{said[state]}</p>')
    return state, "\n".join([*parts, "</li>"])


def _links(name: str, place: str, files: Mapping[str, int]) -> list[str]:
    parts = ['<div class="pdf">']
    if PAPER in files:
        parts[0] += (
            f'<a href="{_link(place, PAPER)}">PDF<span class="vh"> of the briefing on {name}'
            f'</span></a> <span class="size">{_bytes(files[PAPER])}</span>'
        )
    parts[0] += "</div>"
    data = sorted(set(files) - {PAGE, PAPER}, key=lambda one: (not one.endswith(".csv"), one))
    if data:
        items = "\n".join(
            f'<li><a href="{_link(place, one)}">{escape(one)}</a> '
            f'<span class="size">{_bytes(files[one])}</span></li>'
            for one in data
        )
        parts.append(
            f'<details><summary>Data<span class="vh"> of the briefing on {name}'
            f"</span></summary>\n<ul>\n{items}\n</ul></details>"
        )
    return parts


def _region(name: str, rows: list[str]) -> str:
    count = f"{len(rows)} {'authority' if len(rows) == 1 else 'authorities'}"
    listed = "\n".join(rows)
    return (
        f'<section id="{_id(name)}" aria-labelledby="{_id(name)}-name">\n'
        f'<h2><span id="{_id(name)}-name">{escape(name)}</span> '
        f'<span class="count">{count}</span></h2>\n'
        f'<ul class="list">\n{listed}\n</ul>\n</section>'
    )


def _foot(contact: str) -> str:
    whom = escape(contact) or "the organisation that publishes these pages"
    terms = "Open Government Licence v3.0"
    credit = ATTRIBUTION.replace(terms, f'<a href="{LICENCE}">{terms}</a>')
    return (
        f"<p>{credit}</p>\n"
        "<h2>Accessibility</h2>\n"
        "<p>These pages and the briefings are made to meet the Web Content Accessibility "
        "Guidelines 2.2 at level AA, and the PDFs to meet PDF/UA-1. Both are tested by machine, "
        "which finds some barriers and not all. The data files are plain text and open in "
        "any spreadsheet or editor.</p>\n"
        "<p>If something is in your way, or you need another format, "
        f"please ask {whom}.</p>"
    )


def _write(path: Path, home: Project, **parts: str) -> Path:
    folder = home.reports / "template"
    style = "".join(
        (folder / name).read_text(encoding="utf-8") for name in ("briefing.css", "index.css")
    )
    # titles and the like are text, the rest was made here
    texts = {
        name: parts[name] if name in {"search", "body", "foot"} else escape(parts[name])
        for name in parts
    }
    template = Template((folder / "index.html").read_text(encoding="utf-8"))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".html.new")
    aside.write_text(template.substitute(texts, style=style), encoding="utf-8", newline="\n")
    aside.replace(path)
    return path


def _folded(text: str) -> str:
    """Fold what is searched as the script folds what is searched for."""
    plain = unicodedata.normalize("NFD", text.lower())
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    plain = re.sub("['’]", "", plain.replace("&", " and "))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())


def _id(name: str) -> str:
    return _folded(name).replace(" ", "-")


def _link(*parts: str) -> str:
    return "/".join(quote(part) for part in parts)


def _bytes(size: int) -> str:
    kilobytes = max(1, round(size / 1000))
    return f"{kilobytes} KB" if kilobytes < 1000 else f"{kilobytes / 1000:.1f} MB"


def describe_project(
    home: Project, output: Path, *, authorities_too: bool = False
) -> Iterator[str]:
    """Describe line by line what is here: editions, briefings and whether they are up to date.

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
    if changed:
        return f"published, but {changed}: {folder}"
    return f"published and up to date: {folder}"


@lru_cache(maxsize=4)
def _inputs_now(edition: str, parameters: str, renderer: str, home: Project) -> dict[str, str]:
    notebook = home.notebooks / NOTEBOOK
    return edition_inputs(edition, notebook, json.loads(parameters), renderer, home)
