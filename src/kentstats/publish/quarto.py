"""Render with Quarto, where it is installed: the same document, not executed again."""

from __future__ import annotations

import datetime as dt
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import yaml

from kentstats.errors import RenderError
from kentstats.project import Project
from kentstats.publish.document import Document, Front, fonts
from kentstats.publish.html import take_pictures, write_pictures

OLDEST = (1, 9)
"""The first Quarto that writes PDF/UA and keeps alternative texts in it."""
REMEDY = "Use --renderer embedded, which needs nothing more."


def find_quarto() -> str | None:
    """Return the path of Quarto, None where it is not on the PATH."""
    return shutil.which("quarto")


def choose_renderer(wanted: str) -> str:
    """Choose the renderer before any work: ``auto`` takes Quarto where it is there.

    Raises
    ------
    RenderError
        Quarto is wanted and not there.
    """
    if wanted == "auto":
        return "quarto" if find_quarto() else "embedded"
    if wanted == "quarto" and not find_quarto():
        raise RenderError("Quarto is not on the PATH.", f"Install it from quarto.org. {REMEDY}")
    return wanted


def front_matter(front: Front) -> str:
    """Write the front matter of a notebook."""
    entries = {
        "title": front.title,
        "subtitle": front.subtitle,
        "author": front.author,
        **({"date": front.day.isoformat()} if front.dated else {}),
        "lang": "en-GB",
        "execute": {"enabled": False, "echo": False, "warning": False},
    }
    return f"---\n{yaml.safe_dump(entries, allow_unicode=True, sort_keys=False)}---"


def render_quarto(document: Document, front: Front, folder: Path, home: Project) -> None:
    """Write ``briefing.html`` and ``briefing.pdf`` into a folder with Quarto.

    The notebook that Quarto reads holds the Markdown that the executed one shows, and no code:
    nothing can be executed again, and nothing of Jupyter's wrapping reaches the page.

    Raises
    ------
    RenderError
        There is no Quarto, it is too old, or it refuses the document.
    """
    choose_renderer("quarto")
    version = _run(["--version"], folder).strip()
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < OLDEST:
        what = f"Quarto {version} is too old: it cannot write an accessible PDF."
        raise RenderError(what, f"Install {'.'.join(map(str, OLDEST))} or newer. {REMEDY}")
    # a project of its own, the notebook at its root: Quarto then finds filters, style and
    # pictures beside it. Not below the folder of publication, whose name begins with a dot:
    # Quarto passes over hidden folders
    with tempfile.TemporaryDirectory(prefix="kentstats-") as parent:
        project = Path(parent) / "project"
        _write_project(document, front, project, home)
        midnight = dt.datetime.combine(front.day, dt.time(), dt.UTC)
        settings = {
            # matplotlib's fonts and no others, and no date but the source's: the same bytes
            # on every machine
            "TYPST_FONT_PATHS": str(fonts()),
            "TYPST_IGNORE_SYSTEM_FONTS": "true",
            "SOURCE_DATE_EPOCH": str(int(midnight.timestamp())),
        }
        for form, name in (("html", "briefing.html"), ("typst", "briefing.pdf")):
            _run(["render", "briefing.ipynb", "--to", form, "--no-execute"], project, settings)
            if not (project / name).is_file():
                raise RenderError(f"Quarto ended well and wrote no {name}.", REMEDY)
        for name in ("briefing.html", "briefing.pdf"):
            shutil.move(project / name, folder / name)


def _write_project(document: Document, front: Front, project: Path, home: Project) -> None:
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


def _run(arguments: list[str], folder: Path, settings: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [find_quarto() or "quarto", *arguments],
        cwd=folder,
        env={**os.environ, **(settings or {})},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise RenderError(f"Quarto refuses the document: {' '.join(lines[-5:])}", REMEDY)
    return done.stdout
