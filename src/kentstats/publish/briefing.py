"""Publish one briefing: execute the notebook, render it, and only then put it in place."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kentstats.areas import Area
from kentstats.errors import (
    DataError,
    KentstatsError,
    NotebookError,
    ParameterError,
    Problem,
    RenderError,
)
from kentstats.ingest.datasets import ATTRIBUTION
from kentstats.ingest.inspection_report import Source
from kentstats.ingest.report_settings import read_settings
from kentstats.load import READERS, choose_subject, load_facts, official_folder
from kentstats.periods import month_year, show_date
from kentstats.project import VARIABLE, Project, find_project, fingerprint
from kentstats.publish.document import Document, Front, read_document
from kentstats.publish.html import read_markdown, write_html
from kentstats.publish.manifest import (
    briefing_inputs,
    edition_inputs,
    installed_versions,
    published_files,
    remove_leftovers,
    temporary_folder,
)
from kentstats.publish.notebook import NOTEBOOK, effective_parameters, execute_notebook
from kentstats.publish.pool import DEFAULT_LIMITS, Limits, report_progress, run_tasks
from kentstats.publish.quarto import choose_renderer, front_matter, render_quarto
from kentstats.publish.typst import write_pdf
from kentstats.schemas import tidy, to_csv

EPOCH = dt.date(2010, 1, 1)


@dataclass(frozen=True)
class Subject:
    """Whose briefing it is, and what there is to say: a report, official statistics or both."""

    area: Area
    edition: str
    report: Source | None
    official: Path | None


@dataclass(frozen=True, eq=False)
class BriefingTask:
    """A briefing to be made; its files go to ``EDITION/AUTHORITY`` below `output`.

    `parameters` are every other parameter of the notebook; `inputs` the checksum of each of
    :data:`kentstats.publish.manifest.GROUPS`.
    """

    authority: str
    edition: str
    parameters: Mapping[str, Any]
    notebook: Path
    output: Path
    renderer: str
    home: Project
    inputs: Mapping[str, str]
    limits: Limits = DEFAULT_LIMITS
    progress: bool = False

    @property
    def all_parameters(self) -> dict[str, Any]:
        """The parameters of the notebook."""
        return {"authority": self.authority, "edition": self.edition, **self.parameters}

    @property
    def folder(self) -> Path:
        """Where its files go."""
        return self.output / self.edition / slug(self.authority)

    @property
    def failed_folder(self) -> Path:
        """Where a notebook is kept that failed."""
        return self.output.parent / "failed" / self.edition / slug(self.authority)


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
    limits: Limits = DEFAULT_LIMITS,
) -> Path:
    """Execute the briefing of one authority, publish it and return its folder.

    Everything is written to a temporary folder first. A fault leaves what was published before
    as it was, and keeps the broken notebook.

    Parameters
    ----------
    authority, edition : str
        A name, GSS code or old code; the name of an edition.
    parameters : mapping of str to str, optional
        More parameters of the notebook, as they were typed.
    notebook : pathlib.Path, optional
        A notebook other than ``notebooks/briefing.ipynb``.
    output : pathlib.Path, default ``reports/published``
        Where to; the files go to ``EDITION/AUTHORITY`` below it.
    renderer : {"embedded", "quarto", "auto"}
        ``auto`` takes Quarto where it is there.
    progress, say : bool, callable
        Whether to show a progress bar; told in a line what is being done.
    home, limits : optional
        The project, by default the one at hand, and what the briefing may use.

    Raises
    ------
    ParameterError, DataError
        Something is not known, or a source breaks the contract. No notebook has run.
    NotebookError
        A cell failed, took too long or ended its process; the message names it.
    RenderError
        The document could not be rendered.
    """
    home = home or find_project()
    notebook = notebook or home.notebooks / NOTEBOOK
    for name in ("authority", "edition"):
        if name in (parameters or {}):
            raise ParameterError(
                f"The {name} is given twice.",
                f"Give it as {'AUTHORITY' if name == 'authority' else '--edition'}, not with -p.",
            )
    subject = open_subject(authority, edition, home)
    effective = effective_parameters(notebook, parameters or {})
    chosen = choose_renderer(renderer)
    say(f"Renderer: {chosen}.")
    shared = edition_inputs(subject.edition, notebook, effective, chosen, home)
    task = BriefingTask(
        authority=subject.area.name,
        edition=subject.edition,
        parameters=effective,
        notebook=notebook,
        output=output,
        renderer=chosen,
        home=home,
        inputs=briefing_inputs(shared, subject.report),
        limits=limits,
        progress=progress,
    )
    task.folder.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(task.folder.parent)
    try:
        (result,) = run_tasks(make_briefing, [task], limits=limits, prepare=partial(prepare, task))
    finally:
        remove_leftovers(task.folder.parent)
    if result.error_kind in {"TimeLimit", "ProcessDied"}:
        raise NotebookError(f"{notebook.name} of {task.authority}: {result.error}")
    if result.error:
        kinds = {kind.__name__: kind for kind in (NotebookError, RenderError, ParameterError)}
        raise kinds.get(result.error_kind, KentstatsError)(result.error)
    return task.folder


def prepare(task: BriefingTask) -> None:
    """Import and read what the briefings of an edition share, so that forked processes need not.

    Nothing is compiled with Typst: it starts threads, which a forked process would wait for.
    """
    from matplotlib import pyplot
    from matplotlib.backends import backend_svg
    from matplotlib.backends.registry import backend_registry
    from matplotlib_inline import backend_inline
    from papermill import iorw

    from kentstats import charts, report
    from kentstats.publish.engine import prepare_shell
    from kentstats.publish.typst import typst_fonts
    from kentstats.report.context import open_briefing

    for module in (backend_inline, backend_svg, pyplot):
        assert module
    for package in (charts, report):
        for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    iorw.load_notebook_node(str(task.notebook))  # compiles the schema of notebooks
    # looks through what is installed, for 26 ms
    backend_registry.list_all()  # type: ignore[no-untyped-call]
    prepare_shell()
    typst_fonts()
    confidence = float(task.parameters.get("confidence", 0.95))
    brief = open_briefing(task.authority, task.edition, confidence=confidence, home=task.home)
    if brief.profile:
        brief.profile.statistics.prepare()


def make_briefing(task: BriefingTask) -> dict[str, dict[str, Any]]:
    """Make a briefing, put it in place, and return checksum and size of its files.

    It needs a process of its own: see :func:`kentstats.publish.pool.run_tasks`.
    """
    os.environ[VARIABLE] = str(task.home.root)  # the notebook's own project
    subject = open_subject(task.authority, task.edition, task.home)
    front = front_of(subject)
    with temporary_folder(task.folder) as folder:
        notebook = execute_notebook(
            task.notebook,
            folder / NOTEBOOK,
            task.all_parameters,
            failed=task.failed_folder / NOTEBOOK,
            front=front_matter(front),
            progress=task.progress,
        )
        report_progress("the rendering")  # no longer in the last cell
        document = read_document(notebook)
        for warning in document.warnings:
            sys.stderr.write(f"{task.authority}: {warning}\n")
        _write_tables(subject, folder, task.home)
        if task.renderer == "quarto":
            render_quarto(document, front, folder, task.home)
        else:
            reading = read_markdown(document.markdown)
            for write in (write_html, write_pdf):
                write(reading, front, folder, task.home.reports / "template")
        _write_claims(task, subject, document, folder)
        return _move(folder, task.folder, subject)


def open_subject(authority: str, edition: str, home: Project) -> Subject:
    """Find out what there is about an authority in an edition.

    Raises
    ------
    ParameterError
        The authority or edition is not known, or there is nothing about it.
    DataError
        A source breaks the contract; every fault is in the message.
    """
    name, area, report = choose_subject(authority, edition, home)
    problems: list[Problem] = []
    readers: list[Callable[[Source], object]] = [*READERS.values(), read_settings]
    for read in readers:
        try:
            read(report) if report else None
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)
    return Subject(area, name, report, official_folder(name, home))


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
    inspected = month_year(report.inspected_from)
    credit = (
        f"{report.publisher}: {report.title}, published "
        f"{show_date(report.published)}. {report.licence.strip()}"
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


def _write_tables(subject: Subject, folder: Path, home: Project) -> None:
    tables: dict[str, str] = {}
    if subject.report:
        tables = {name: to_csv(tidy(name, read(subject.report))) for name, read in READERS.items()}
    if subject.official:
        facts = load_facts(authority=subject.area.name, edition=subject.edition, home=home)
        tables["facts"] = to_csv(facts)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="\n")


def _write_claims(task: BriefingTask, subject: Subject, document: Document, folder: Path) -> None:
    record = {
        "authority": subject.area.name,
        "code": subject.area.code,
        "edition": subject.edition,
        "source": subject.report.id if subject.report else "",
        "parameters": task.all_parameters,
        "fingerprint": fingerprint(task.inputs),
        "inputs": dict(task.inputs),
        "renderer": task.renderer,
        "versions": dict(installed_versions(task.renderer)),
        "lists": document.lists,
    }
    # a line for each claim: to indent what is in them takes ten times as long
    claims = ",\n".join(json.dumps(each, ensure_ascii=False) for each in document.claims.values())
    head = json.dumps(record, ensure_ascii=False).removesuffix("}")
    text = f'{head},\n"claims": [\n{claims}\n]}}\n'
    (folder / "claims.json").write_text(text, encoding="utf-8", newline="\n")


def _move(folder: Path, place: Path, subject: Subject) -> dict[str, dict[str, Any]]:
    """Put the files of a briefing in place, the pages last."""
    tables = list(READERS) if subject.report else ["facts"]
    files = [NOTEBOOK, *(f"{table}.csv" for table in tables)]
    files += ["claims.json", "briefing.html", "briefing.pdf"]
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        raise KentstatsError(
            f"The briefing lacks {', '.join(missing)}.", "Nothing was published; run it again."
        )
    place.mkdir(parents=True, exist_ok=True)
    for name in files:
        (folder / name).replace(place / name)
    return published_files(place, files)
