"""Publish one briefing: execute, render, and only then put in place."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kentstats.areas import Area
from kentstats.aside import let_go
from kentstats.errors import (
    DataError,
    KentstatsError,
    NotebookError,
    ParameterError,
    Problem,
)
from kentstats.ingest.datasets import ATTRIBUTION
from kentstats.ingest.registry import Source
from kentstats.ingest.report_settings import read_settings
from kentstats.load import (
    READERS,
    choose,
    choose_area,
    choose_edition,
    csv_of,
    find_report,
    load_facts,
    official_folder,
)
from kentstats.project import Project, checksums, find_project, fingerprint
from kentstats.publish.again import NOTHING, read_before
from kentstats.publish.document import Document, read_document
from kentstats.publish.inputs import (
    FILE,
    effective_parameters,
    report_of,
    shared_inputs,
    versions_with,
    write_inputs,
)
from kentstats.publish.notebook import (
    THERE,
    Execution,
    anonymous,
    declared_parameters,
    execute,
    prepared,
    read_parameters,
    versions,
)
from kentstats.publish.quarto import choose_renderer, front_matter, render_quarto
from kentstats.publish.render import Front, render
from kentstats.report.section import after
from kentstats.schemas import to_csv
from kentstats.written import pretty

EPOCH = dt.date(2010, 1, 1)
RENDERERS = ("embedded", "quarto", "auto")


@dataclass(frozen=True)
class Published:
    """What was published.

    Attributes
    ----------
    folder : pathlib.Path
        Where the files are.
    renderer : str
        ``embedded`` or ``quarto``.
    """

    folder: Path
    renderer: str


def publish(
    authority: str,
    edition: str,
    *,
    parameters: Mapping[str, str] | None = None,
    notebook: Path | None = None,
    output: Path = Path("reports/published"),
    renderer: str = "embedded",
    progress: bool = False,
    say: Callable[[str], object] = str,
    home: Project | None = None,
    execution: Execution = THERE,
    inputs: Mapping[str, str] | None = None,
    again: Mapping[str, Mapping[str, Any]] | None = None,
) -> Published:
    """Execute the briefing of one authority and publish it.

    Everything is written aside first. A fault leaves what was published
    before as it was, and keeps the broken notebook.

    Parameters
    ----------
    authority : str
        Name, GSS code or old code.
    edition : str
        Name of the edition.
    parameters : mapping of str to str, optional
        More parameters of the notebook, as they were typed.
    notebook : pathlib.Path, optional
        A notebook other than ``notebooks/briefing.ipynb``.
    output : pathlib.Path, default ``reports/published``
        Where to; the files go to ``EDITION/AUTHORITY`` below it.
    renderer : str, default "embedded"
        One of :data:`RENDERERS`; ``auto`` takes Quarto where it is there.
    progress : bool, default False
        Whether to show a progress bar.
    say : callable, optional
        Told in a line what is being done.
    home : Project, optional
        The project; the one at hand by default.
    execution : Execution, optional
        Where the notebook is executed, and within which limits.
    inputs : mapping of str to str, optional
        Checksum of each group of inputs, where they are known already: those of
        :func:`kentstats.publish.inputs.shared_inputs`.
    again : mapping of str to mapping, optional
        ``sha256`` of each file of the last briefing in its place, where what
        would be the same may be taken over from that. The notebook is
        executed `here` then.

    Returns
    -------
    Published

    Raises
    ------
    ParameterError
        An authority, edition or parameter that is not known. No notebook
        has run.
    DataError
        A source breaks the contract. No notebook has run.
    NotebookError
        A cell failed; the message says where the broken notebook is.
    RenderError
        The document could not be rendered.
    """
    home = home or find_project()
    notebook = notebook or home.notebooks / "briefing.ipynb"
    for name in ("authority", "edition"):
        if name in (parameters or {}):
            raise ParameterError(
                f"The {name} is given twice.",
                f"Give it as {'AUTHORITY' if name == 'authority' else '--edition'}, not with -p.",
            )
    subject = choose_subject(authority, edition, home)
    typed = read_parameters(
        notebook,
        {**(parameters or {}), "authority": subject.area.name, "edition": subject.edition},
    )
    chosen = choose_renderer(renderer)
    say(f"Renderer: {chosen}.")
    place = Path(subject.edition) / slug(subject.area.name)
    folder = output / place
    folder.parent.mkdir(parents=True, exist_ok=True)
    front = front_of(subject)
    groups = inputs or _shared_inputs(subject, notebook, parameters or {}, chosen, home)
    groups = {**groups, "report": report_of(subject.report)}
    before = read_before(folder, groups, again) if again else NOTHING
    # beside the place of publication, so that a move is a move and not a copy
    aside = Path(tempfile.mkdtemp(prefix=f".{slug(subject.area.name)}-", dir=folder.parent))
    try:
        with prepared(execution) as execution, after(before.sections):
            if before is NOTHING:  # while a process prepares itself
                _write_tables(subject, aside, home)
            executed = _execute(
                notebook,
                aside,
                typed,
                output.parent / "failed" / place,
                front,
                progress=progress,
                execution=execution,
            )
        document = read_document(executed)
        if before is not NOTHING:
            _write_tables(subject, aside, home, before.table_for(document.used))
        let_go()  # rendering needs room, and nothing of the tables
        say("Rendering.")
        typeset = ""
        if chosen == "quarto":
            render_quarto(document, front, aside, home)
        else:
            typeset = render(document, front, aside, home.reports / "template", before)
        defaults = {name: default for name, (_, default) in declared_parameters(notebook).items()}
        _write_claims(subject, document, {**defaults, **typed}, chosen, aside)
        write_inputs(aside / FILE, groups, document.used, typeset)
        _move(aside, folder, files_of(subject))
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Published(folder, chosen)


@dataclass(frozen=True)
class Subject:
    """Whose briefing it is, and what there is to say.

    Attributes
    ----------
    area : Area
        The authority.
    edition : str
        Name of the edition.
    report : Source or None
        Its inspection report.
    official : pathlib.Path or None
        Folder of the official statistics of the edition.
    """

    area: Area
    edition: str
    report: Source | None
    official: Path | None


def choose_subject(authority: str, edition: str, home: Project) -> Subject:
    """Find out what there is about an authority in an edition.

    Raises
    ------
    ParameterError
        The authority or edition is not known, or there is nothing about it.
    DataError
        A source breaks the contract.
    """
    name = choose_edition(edition, home)
    area = choose_area(authority, name, home)
    report = find_report(area, name, home)
    folder = official_folder(name, home)
    if report is None and folder is None:
        choose(authority, name, home=home)  # says whose report there is
    if report:
        check_source(report)
    return Subject(area, name, report, folder)


def check_source(source: Source) -> None:
    """Read every table of a source strictly, and report all faults at once.

    Raises
    ------
    DataError
        Any table breaks the contract.
    """
    problems: list[Problem] = []
    readers: list[Callable[[Source], object]] = [*READERS.values(), read_settings]
    for read in readers:
        try:
            read(source)
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)


def slug(name: str) -> str:
    """Return a name fit for a folder: ``kent``, ``city-of-london``."""
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


def front_of(subject: Subject) -> Front:
    """Return what stands above the briefing."""
    report, area = subject.report, subject.area
    title = f"Children’s services in {area.name}"
    if report is None:
        return Front(
            title=title,
            subtitle=f"How they compare, {subject.edition}",
            author="kentstats",
            description=(
                f"Briefing for councillors on official statistics of children’s services in "
                f"{area.name}, edition {subject.edition}"
            ),
            credit=ATTRIBUTION,
            day=dt.date(int(subject.edition), 12, 31) if subject.edition.isdigit() else EPOCH,
            dated=False,
        )
    inspected = f"{report.inspected_from:%B %Y}"
    credit = (
        f"{report.publisher}: {report.title}, published "
        f"{report.published.day} {report.published:%B %Y}. {report.licence.strip()}"
    )
    return Front(
        title=title,
        subtitle=f"What {report.publisher} found in {inspected}",
        author="kentstats",
        description=(
            f"Briefing for councillors on {report.publisher}’s inspection of safeguarding and "
            f"looked after children services in {area.name}, {inspected}"
        ),
        credit=f"{credit} {ATTRIBUTION}" if subject.official else credit,
        day=report.published,
    )


def _execute(
    notebook: Path,
    aside: Path,
    typed: Mapping[str, Any],
    kept: Path,
    front: Front,
    *,
    progress: bool,
    execution: Execution,
) -> Any:
    output = aside / "briefing.ipynb"
    try:
        return execute(
            notebook,
            output,
            typed,
            progress=progress,
            execution=execution,
            stamp=lambda made: _stamp(anonymous(made, "briefing.ipynb"), front),
        )
    except NotebookError as error:
        if not output.is_file():
            raise
        kept.mkdir(parents=True, exist_ok=True)
        output.replace(kept / "briefing.ipynb")
        raise NotebookError(
            error.what, f"The broken notebook is kept: {kept / 'briefing.ipynb'}."
        ) from None


def _stamp(notebook: Any, front: Front) -> None:
    """Give the notebook the title of this briefing, for Quarto by hand."""
    first = notebook.cells[0]
    if first.cell_type == "raw":
        first.source = front_matter(front)


def _write_tables(subject: Subject, folder: Path, home: Project, same: Path | None = None) -> None:
    if subject.report:
        for name in READERS:
            text = to_csv(name, READERS[name](subject.report))
            (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="\n")
    if subject.official and same:
        shutil.copyfile(same, folder / same.name)
    elif subject.official:
        facts = load_facts(authority=subject.area.name, edition=subject.edition, home=home)
        text = csv_of("facts", facts)
        (folder / "facts.csv").write_text(text, encoding="utf-8", newline="\n")


def _shared_inputs(
    subject: Subject,
    notebook: Path,
    parameters: Mapping[str, str],
    renderer: str,
    home: Project,
) -> dict[str, str]:
    effective, found = effective_parameters(notebook, parameters), versions_with(renderer)
    return shared_inputs(subject.edition, notebook, effective, found, renderer, home)


def inputs_of(subject: Subject) -> dict[str, str]:
    """Return the SHA-256 of every file of the report, by folder and name."""
    if subject.report is None:
        return {}
    folder = subject.report.folder
    return {f"{folder.name}/{name}": digest for name, digest in checksums(folder).items()}


def _write_claims(
    subject: Subject, document: Document, effective: Mapping[str, Any], renderer: str, folder: Path
) -> None:
    record = {
        "authority": subject.area.name,
        "code": subject.area.code,
        "edition": subject.edition,
        "source": subject.report.id if subject.report else "",
        "parameters": dict(effective),
        "inputs": inputs_of(subject),
        # not the tables of the edition: they hold what the briefing says nothing of
        "used": fingerprint(document.used),
        "renderer": renderer,
        "versions": versions(),
        "claims": list(document.claims.values()),
        "lists": document.lists,
    }
    (folder / "claims.json").write_bytes(pretty(record) + b"\n")


def files_of(subject: Subject) -> list[str]:
    """List what is published, in the order in which it is put in place."""
    tables = list(READERS) if subject.report else ["facts"]
    names = [f"{table}.csv" for table in tables]
    return ["briefing.ipynb", *names, "claims.json", FILE, "briefing.html", "briefing.pdf"]


def _move(aside: Path, folder: Path, files: Sequence[str]) -> None:
    missing = [name for name in files if not (aside / name).is_file()]
    if missing:
        raise KentstatsError(
            f"The briefing lacks {', '.join(missing)}.", "Nothing was published; run it again."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        (aside / name).replace(folder / name)
