"""Publish one briefing: execute, render, and only then put in place."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kentstats.areas import find_area
from kentstats.errors import (
    DataError,
    KentstatsError,
    NotebookError,
    ParameterError,
    Problem,
    RenderError,
)
from kentstats.facts import to_csv
from kentstats.home import Home, find_home
from kentstats.load import READERS, checksums, choose
from kentstats.publish.document import Document, read_document
from kentstats.publish.quarto import find_quarto, front_matter, render_quarto
from kentstats.publish.render import Front, render
from kentstats.publish.run import (
    anonymous,
    declared_parameters,
    execute,
    read_parameters,
    versions,
)
from kentstats.sources.registry import Source

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
    home: Home | None = None,
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
    home : Home, optional
        The project; the one at hand by default.

    Returns
    -------
    Published

    Raises
    ------
    ParameterError
        An authority, edition or parameter that is not known. No kernel has
        started.
    DataError
        A source breaks the contract. No kernel has started.
    NotebookError
        A cell failed; the message says where the broken notebook is.
    RenderError
        The document could not be rendered.
    """
    home = home or find_home()
    notebook = notebook or home.notebooks / "briefing.ipynb"
    for name in ("authority", "edition"):
        if name in (parameters or {}):
            raise ParameterError(
                f"The {name} is given twice.",
                f"Give it as {'AUTHORITY' if name == 'authority' else '--edition'}, not with -p.",
            )
    source = choose(authority, edition, home=home)[0]
    check_source(source)
    typed = read_parameters(
        notebook,
        {**(parameters or {}), "authority": source.authority, "edition": source.edition},
    )
    if not 0 < typed.get("confidence", 0.5) < 1:
        raise ParameterError(
            f"The confidence is {typed['confidence']:g}.", "Give a fraction between 0 and 1: 0.95."
        )
    chosen = _renderer(renderer)
    say(f"Renderer: {chosen}.")
    place = Path(source.edition) / slug(source.authority)
    folder = output / place
    folder.parent.mkdir(parents=True, exist_ok=True)
    # beside the place of publication, so that a move is a move and not a copy
    aside = Path(tempfile.mkdtemp(prefix=f".{slug(source.authority)}-", dir=folder.parent))
    try:
        executed = _execute(
            notebook, aside, typed, output.parent / "failed" / place, progress=progress
        )
        _write_tables(source, aside)
        document = read_document(executed)
        front = front_of(source)
        _stamp(executed, front)
        _write_notebook(executed, aside / "briefing.ipynb")
        say("Rendering.")
        if chosen == "quarto":
            render_quarto(document, front, aside, home)
        else:
            render(document, front, aside, home.reports / "template")
        defaults = {name: default for name, (_, default) in declared_parameters(notebook).items()}
        _write_claims(source, document, {**defaults, **typed}, chosen, aside)
        _move(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Published(folder, chosen)


def check_source(source: Source) -> None:
    """Read every table of a source strictly, and report all faults at once.

    Raises
    ------
    DataError
        Any table breaks the contract.
    """
    problems: list[Problem] = []
    for read in READERS.values():
        try:
            read(source)
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)


def slug(name: str) -> str:
    """Return a name fit for a folder: ``kent``, ``city-of-london``."""
    area = find_area(name)
    return (area.name if area else name).casefold().replace(" ", "-")


def front_of(source: Source) -> Front:
    """Return what stands above the briefing of a source."""
    inspected = f"{source.inspected_from:%B %Y}"
    return Front(
        title=f"Children’s services in {source.authority}",
        subtitle=f"What {source.publisher} found in {inspected}",
        author="kentstats",
        description=(
            f"Briefing for councillors on {source.publisher}’s inspection of safeguarding and "
            f"looked after children services in {source.authority}, {inspected}"
        ),
        credit=(
            f"{source.publisher}: {source.title}, published "
            f"{source.published.day} {source.published:%B %Y}. {source.licence.strip()}"
        ),
        day=source.published,
    )


def _renderer(wanted: str) -> str:
    if wanted == "auto":
        return "quarto" if find_quarto() else "embedded"
    if wanted == "quarto" and not find_quarto():
        raise RenderError(
            "Quarto is not on the PATH.",
            "Install it from quarto.org, or use --renderer embedded, which needs nothing more.",
        )
    return wanted


def _execute(
    notebook: Path, aside: Path, typed: Mapping[str, Any], kept: Path, *, progress: bool
) -> Any:
    output = aside / "briefing.ipynb"
    try:
        return anonymous(execute(notebook, output, typed, progress=progress), "briefing.ipynb")
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


def _write_notebook(notebook: Any, path: Path) -> None:
    import nbformat

    nbformat.write(notebook, path)


def _write_tables(source: Source, folder: Path) -> None:
    for name in READERS:
        text = to_csv(name, READERS[name](source))
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="\n")


def _write_claims(
    source: Source, document: Document, effective: Mapping[str, Any], renderer: str, folder: Path
) -> None:
    record = {
        "authority": source.authority,
        "edition": source.edition,
        "source": source.id,
        "parameters": dict(effective),
        "inputs": checksums(source),
        "renderer": renderer,
        "versions": versions(),
        "claims": list(document.claims.values()),
    }
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (folder / "claims.json").write_text(text + "\n", encoding="utf-8")


FILES = (
    "briefing.ipynb",
    "facts.csv",
    "judgements.csv",
    "actions.csv",
    "statements.csv",
    "claims.json",
    "briefing.html",
    "briefing.pdf",
)
"""What is published, in the order in which it is put in place."""


def _move(aside: Path, folder: Path) -> None:
    missing = [name for name in FILES if not (aside / name).is_file()]
    if missing:
        raise KentstatsError(
            f"The briefing lacks {', '.join(missing)}.", "Nothing was published; run it again."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (aside / name).replace(folder / name)
