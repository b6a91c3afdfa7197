"""Render with Quarto, where it is installed: the same document, not executed again."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from kentstats.errors import RenderError
from kentstats.project import Project
from kentstats.publish.document import Document, Front, fonts
from kentstats.publish.markdown import take_pictures, write_pictures

OLDEST = (1, 9)
"""The first Quarto that writes PDF/UA and keeps alternative texts in it."""


def find_quarto() -> str | None:
    """Return the path of Quarto, None where it is not on the PATH."""
    return shutil.which("quarto")


def choose_renderer(wanted: str) -> str:
    """Choose the renderer before any work: ``auto`` takes Quarto where it is there.

    Parameters
    ----------
    wanted : str
        ``embedded``, ``quarto`` or ``auto``.

    Returns
    -------
    str
        ``embedded`` or ``quarto``.

    Raises
    ------
    RenderError
        Quarto is wanted and not there.
    """
    if wanted == "auto":
        return "quarto" if find_quarto() else "embedded"
    if wanted == "quarto" and not find_quarto():
        raise RenderError(
            "Quarto is not on the PATH.",
            "Install it from quarto.org, or use --renderer embedded, which needs nothing more.",
        )
    return wanted


def front_matter(front: Front) -> str:
    """Write the front matter of a notebook."""
    entries = {
        "title": front.title,
        "subtitle": front.subtitle,
        "author": front.author,
        "date": front.day.isoformat() if front.dated else "",
        "lang": "en-GB",
    }
    # texts are quoted as JSON, which is YAML
    lines = [
        f"{key}: {json.dumps(text, ensure_ascii=False)}" for key, text in entries.items() if text
    ]
    settings = ["execute:", "  enabled: false", "  echo: false", "  warning: false"]
    return "\n".join(["---", *lines, *settings, "---"])


def render_quarto(document: Document, front: Front, folder: Path, home: Project) -> None:
    """Write ``briefing.html`` and ``briefing.pdf`` with Quarto.

    The notebook that Quarto reads holds the Markdown that the executed one
    shows, and no code: nothing can be executed again, and nothing of
    Jupyter's wrapping reaches the page.

    Parameters
    ----------
    document : Document
        What the executed notebook shows.
    front : Front
        Its title and the like.
    folder : pathlib.Path
        Where to.
    home : Project
        The project; its ``reports/_quarto.yml`` is used as it is.

    Raises
    ------
    RenderError
        There is no Quarto, it is too old, or it refuses the document.
    """
    choose_renderer("quarto")
    quarto = find_quarto() or ""
    version = _run([quarto, "--version"], folder).strip()
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < OLDEST:
        raise RenderError(
            f"Quarto {version} is too old: it cannot write an accessible PDF.",
            f"Install {'.'.join(map(str, OLDEST))} or newer, or use --renderer embedded.",
        )
    # a project of its own, the notebook at its root: Quarto then finds filters,
    # style and pictures beside it, and writes its files there and nowhere else
    # Quarto passes over whatever lies below a folder whose name begins with a dot,
    # and then forgets the project: so not below the folder of publication
    parent = Path(tempfile.mkdtemp(prefix="kentstats-"))
    if any(part.startswith(".") for part in parent.parts):
        shutil.rmtree(parent)
        raise RenderError(
            f"The folder for temporary files, {parent.parent}, lies below a hidden one.",
            "Quarto passes over hidden folders; set TMPDIR to another.",
        )
    try:
        _render(quarto, document, front, parent / "project", home)
        for result in ("briefing.html", "briefing.pdf"):
            shutil.move(parent / "project" / result, folder / result)
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def _render(quarto: str, document: Document, front: Front, project: Path, home: Project) -> None:
    import nbformat

    shutil.copytree(home.reports / "template", project / "template")
    shutil.copyfile(home.reports / "_quarto.yml", project / "_quarto.yml")
    text, pictures = take_pictures(document.markdown)
    write_pictures(pictures, project)
    cells = [nbformat.v4.new_raw_cell(front_matter(front)), nbformat.v4.new_markdown_cell(text)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, project / "briefing.ipynb")
    midnight = dt.datetime.combine(front.day, dt.time(), dt.UTC)
    settings = {
        # matplotlib's fonts and no others, and no date but the source's: the
        # same bytes on every machine
        "TYPST_FONT_PATHS": str(fonts()),
        "TYPST_IGNORE_SYSTEM_FONTS": "true",
        "SOURCE_DATE_EPOCH": str(int(midnight.timestamp())),
    }
    for form, result in (("html", "briefing.html"), ("typst", "briefing.pdf")):
        command = [quarto, "render", "briefing.ipynb", "--to", form, "--no-execute"]
        _run(command, project, settings)
        if not (project / result).is_file():
            raise RenderError(
                f"Quarto ended well and wrote no {result}.", "Use --renderer embedded."
            )
    if document.claims and "<data " not in (project / "briefing.html").read_text(encoding="utf-8"):
        raise RenderError(
            "Quarto left out the filter of the project, so the page has no claims.",
            "Use --renderer embedded.",
        )


def _run(command: list[str], folder: Path, settings: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(settings or {})},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise RenderError(
            f"Quarto refuses the document: {' '.join(lines[-5:])}", "Use --renderer embedded."
        )
    return done.stdout
