"""Render a document: Pandoc to HTML, Pandoc and Typst to PDF/UA, all from wheels."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from kentstats.errors import RenderError
from kentstats.present.claims import escape
from kentstats.publish.document import Document, pictures_to_files

DIALECT = "+".join(
    (
        "markdown_strict",
        "all_symbols_escapable",
        "auto_identifiers",
        "blank_before_header",
        "bracketed_spans",
        "header_attributes",
        "implicit_figures",
        "link_attributes",
        "lists_without_preceding_blankline",
        "pipe_tables",
        "space_in_atx_header",
        "table_attributes",
        "table_captions",
        "yaml_metadata_block",
    )
)
"""The Markdown that blocks are written in; Pandoc reads it in half the time of its own."""


@dataclass(frozen=True)
class Front:
    """What stands above a briefing and in its metadata.

    Attributes
    ----------
    title, subtitle, author, description, credit : str
        As printed.
    day : datetime.date
        Date of the source; the document bears no other, so that the same
        data give the same bytes.
    dated : bool
        Whether the date is printed, where the renderer prints one.
    """

    title: str
    subtitle: str
    author: str
    description: str
    credit: str
    day: dt.date
    dated: bool = True


def render(document: Document, front: Front, folder: Path, template: Path) -> None:
    """Write ``briefing.html`` and ``briefing.pdf`` into a folder.

    Parameters
    ----------
    document : Document
        What to render.
    front : Front
        Its title and the like.
    folder : pathlib.Path
        Where to.
    template : pathlib.Path
        The folder of templates and filters.

    Raises
    ------
    RenderError
        Pandoc or Typst refuses the document; Typst does so when an
        alternative text, a title or a level of heading is missing.
    """
    pandoc_path()
    with ThreadPoolExecutor() as pool:
        jobs = [
            pool.submit(write_html, document, front, folder, template),
            pool.submit(write_pdf, document, front, folder, template),
        ]
        for job in jobs:
            job.result()


def write_html(document: Document, front: Front, folder: Path, template: Path) -> None:
    """Write ``briefing.html``: one file that works offline."""
    style = (template / "briefing.css").read_text(encoding="utf-8")
    metadata = {
        "title": front.title,
        "subtitle": front.subtitle,
        "description": front.description,
        "credit": front.credit,
        "lang": "en-GB",
    }
    page = _pandoc(
        document.markdown,
        "html5",
        metadata,
        template,
        "--toc",
        "--toc-depth=2",
        "--shift-heading-level-by=1",
        f"--template={template / 'briefing.html'}",
        # a variable is put in as it is, where metadata would be escaped
        f"--variable=style={style}",
    )
    (folder / "briefing.html").write_text(page, encoding="utf-8", newline="\n")


def write_pdf(document: Document, front: Front, folder: Path, template: Path) -> None:
    """Write ``briefing.pdf``: tagged, to PDF/UA-1."""
    import typst

    markdown = pictures_to_files(document.markdown, folder)
    metadata = {
        "title": front.title,
        "subtitle": front.subtitle,
        "author": front.author,
        "description": front.description,
        "year": str(front.day.year),
        "month": str(front.day.month),
        "day": str(front.day.day),
    }
    source = folder / "briefing.typ"
    source.write_text(
        _pandoc(markdown, "typst", metadata, template, f"--template={template / 'briefing.typ'}"),
        encoding="utf-8",
    )
    try:
        typst.compile(
            source,
            output=folder / "briefing.pdf",
            root=folder,
            # matplotlib's fonts and no others: the same bytes on every machine
            font_paths=[fonts()],
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
            timestamp=int(dt.datetime.combine(front.day, dt.time(), dt.UTC).timestamp()),
        )
    except (RuntimeError, typst.TypstError) as error:
        raise RenderError(
            f"Typst refuses the document: {error}", "Mend the cell that shows this."
        ) from None
    source.unlink()


def fonts() -> Path:
    """Find the fonts that matplotlib brings, without importing matplotlib."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise RenderError("matplotlib is not installed.", "Install kentstats again.")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


@cache
def pandoc_path() -> str:
    """Find Pandoc; looking costs a tenth of a second, so it is done once."""
    import pypandoc

    return str(pypandoc.get_pandoc_path())


def _pandoc(markdown: str, to: str, metadata: dict[str, str], template: Path, *options: str) -> str:
    command = [
        pandoc_path(),
        f"--from={DIALECT}",
        f"--to={to}",
        "--wrap=none",
        f"--lua-filter={template / 'claims.lua'}",
        f"--lua-filter={template / 'embedded.lua'}",
        "--fail-if-warnings",
        *options,
    ]
    # metadata in the document's own front matter: JSON is YAML, and needs no quoting
    plain = {key: escape(value) for key, value in metadata.items()}
    text = f"---\n{json.dumps(plain, ensure_ascii=False)}\n---\n\n{markdown}"
    done = subprocess.run(
        command, input=text, capture_output=True, encoding="utf-8", check=False, timeout=120
    )
    if done.returncode:
        raise RenderError(
            f"Pandoc refuses the document: {done.stderr.strip()}", "Mend the cell that shows this."
        )
    return done.stdout
