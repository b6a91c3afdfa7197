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
from kentstats.load import (
    READERS,
    choose,
    choose_area,
    choose_edition,
    find_report,
    load_facts,
    official_folder,
)
from kentstats.periods import month_year, show_date
from kentstats.project import VARIABLE, Project, find_project, fingerprint
from kentstats.publish.document import Document, Front, read_document
from kentstats.publish.html import read_markdown, write_html
from kentstats.publish.manifest import (
    briefing_inputs,
    edition_inputs,
    installed_versions,
    remove_leftovers,
    temporary_folder,
)
from kentstats.publish.notebook import effective_parameters, execute_notebook
from kentstats.publish.pool import DEFAULT_LIMITS, Limits, run_tasks
from kentstats.publish.quarto import choose_renderer, front_matter, render_quarto
from kentstats.publish.typst import write_pdf
from kentstats.schemas import tidy, to_csv

EPOCH = dt.date(2010, 1, 1)
RENDERERS = ("embedded", "quarto", "auto")
NOTEBOOK = "briefing.ipynb"


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


@dataclass(frozen=True, eq=False)
class BriefingTask:
    """A briefing to be made.

    Attributes
    ----------
    authority, edition : str
        Their names.
    parameters : mapping
        Every other parameter of the notebook.
    notebook : pathlib.Path
        The notebook.
    output : pathlib.Path
        Where to; the files go to ``EDITION/AUTHORITY`` below it.
    renderer : str
        ``embedded`` or ``quarto``.
    home : Project
        The project.
    inputs : mapping of str to str
        Checksum of each group of inputs, see :data:`kentstats.publish.manifest.GROUPS`.
    limits : Limits
        What it may use.
    progress : bool
        Whether to show a progress bar.
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

    def prepare(self) -> None:
        """Prepare this process for this briefing and others like it."""
        confidence = float(self.parameters.get("confidence", 0.95))
        prepare(self.authority, self.edition, confidence, self.notebook, self.home)


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
) -> Published:
    """Execute the briefing of one authority and publish it.

    Everything is written to a temporary folder first. A fault leaves what was published before
    as it was, and keeps the broken notebook.

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
    limits : Limits, optional
        What the briefing may use.

    Returns
    -------
    Published

    Raises
    ------
    ParameterError
        An authority, edition or parameter that is not known. No notebook has run.
    DataError
        A source breaks the contract. No notebook has run.
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
    subject = choose_subject(authority, edition, home)
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
    remove_leftovers(task.folder)
    try:
        (result,) = run_tasks(make_briefing, [task], limits=limits, prepare=task.prepare)
    finally:
        remove_leftovers(task.folder)
    if result.error_kind in {"TimeLimit", "ProcessDied"}:
        raise NotebookError(f"{notebook.name} of {task.authority}: {result.error}")
    if result.error:
        kinds = {kind.__name__: kind for kind in (NotebookError, RenderError, ParameterError)}
        raise kinds.get(result.error_kind, KentstatsError)(result.error)
    return Published(task.folder, chosen)


def prepare(authority: str, edition: str, confidence: float, notebook: Path, home: Project) -> None:
    """Import and read what the briefings of an edition share, so that forked processes need not.

    Nothing is compiled with Typst: it starts threads, which a forked process would wait for.
    """
    from matplotlib import pyplot
    from matplotlib.backends import backend_svg
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
    iorw.load_notebook_node(str(notebook))  # compiles the schema of notebooks
    prepare_shell()
    typst_fonts()
    brief = open_briefing(authority, edition, confidence=confidence, home=home)
    if brief.profile:
        brief.profile.statistics.prepare()


def make_briefing(task: BriefingTask) -> list[str]:
    """Make a briefing and put it in place, in a process of its own.

    Parameters
    ----------
    task : BriefingTask
        What to make.

    Returns
    -------
    list of str
        Names of the files, in the order in which they were put in place.
    """
    os.environ[VARIABLE] = str(task.home.root)  # the notebook's own project
    subject = choose_subject(task.authority, task.edition, task.home)
    front = front_of(subject)
    with temporary_folder(task.folder) as folder:
        notebook = execute_notebook(
            task.notebook,
            folder / NOTEBOOK,
            task.all_parameters,
            failed=task.failed_folder / NOTEBOOK,
            on_start=partial(_stamp, front=front),
            limits=task.limits,
            progress=task.progress,
        )
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


def _stamp(notebook: Any, front: Front) -> None:
    """Give a notebook the title of its briefing, for Quarto by hand, and no path of the machine."""
    if notebook.cells[0].cell_type == "raw":
        notebook.cells[0].source = front_matter(front)
    notebook.metadata.papermill.update(input_path=NOTEBOOK, output_path=NOTEBOOK)


def choose_subject(authority: str, edition: str, home: Project) -> Subject:
    """Find out what there is about an authority in an edition.

    Raises
    ------
    ParameterError
        The authority or edition is not known, or there is nothing about it.
    DataError
        A source breaks the contract; every fault is in the message.
    """
    name = choose_edition(edition, home)
    area = choose_area(authority, name, home)
    report = find_report(area, name, home)
    folder = official_folder(name, home)
    if report is None and folder is None:
        choose(authority, name, home=home)  # says whose report there is
    problems: list[Problem] = []
    readers: list[Callable[[Source], object]] = [*READERS.values(), read_settings]
    for read in readers:
        try:
            read(report) if report else None
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)
    return Subject(area, name, report, folder)


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
        "claims": list(document.claims.values()),
        "lists": document.lists,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    (folder / "claims.json").write_text(text, encoding="utf-8", newline="\n")


def _move(folder: Path, place: Path, subject: Subject) -> list[str]:
    """Put the files of a briefing in place, the pages last, and list their names."""
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
    return files
