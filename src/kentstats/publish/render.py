"""Render a document: one reading of its Markdown, written as HTML and, by Typst, as PDF/UA."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kentstats.errors import RenderError
from kentstats.publish.document import Document

if TYPE_CHECKING:
    import typst

    from kentstats.publish.markdown import Reading


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
        The folder of templates.

    Raises
    ------
    RenderError
        A picture has no alternative text, two things have one name, or
        Typst refuses the document: a link leads nowhere, a file is not
        there, or a level of heading is missing.
    """
    reading = _read(document)
    _write_html(reading, front, folder, template)
    _write_pdf(reading, front, folder, template)


def write_html(document: Document, front: Front, folder: Path, template: Path) -> None:
    """Write ``briefing.html``: one file that works offline."""
    _write_html(_read(document), front, folder, template)


def write_pdf(document: Document, front: Front, folder: Path, template: Path) -> None:
    """Write ``briefing.pdf``: tagged, to PDF/UA-1."""
    _write_pdf(_read(document), front, folder, template)


def prepare() -> None:
    """Load all that rendering needs, so that a process forked from this one need not.

    Typst's fonts are read, and nothing is compiled: that starts threads, and
    a process forked afterwards would wait for them for ever.
    """
    from kentstats.publish import html, markdown  # noqa: F401
    from kentstats.publish.dialect import reader

    reader()
    _typst_fonts()


def _read(document: Document) -> Reading:
    # not with this module: a command that renders nothing need not wait for the reader
    from kentstats.publish.markdown import read_markdown

    return read_markdown(document.markdown)


def _write_html(reading: Reading, front: Front, folder: Path, template: Path) -> None:
    from kentstats.publish.html import write_page

    page, style = (
        (template / f"briefing.{kind}").read_text(encoding="utf-8") for kind in ("html", "css")
    )
    text = write_page(reading, front, page, style)
    (folder / "briefing.html").write_text(text, encoding="utf-8", newline="\n")


def _write_pdf(reading: Reading, front: Front, folder: Path, template: Path) -> None:
    from kentstats.publish.typst import write_source

    frame = (template / "briefing.typ").read_text(encoding="utf-8")
    source = write_source(reading.tokens, front, frame).encode()
    day = int(dt.datetime.combine(front.day, dt.time(), dt.UTC).timestamp())
    pictures = {name: picture.content for name, picture in reading.pictures.items()}
    _typeset(source, day, pictures, folder)


def _typeset(source: bytes, day: int, pictures: Mapping[str, bytes], folder: Path) -> None:
    import typst

    for name, content in pictures.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    try:
        typst.Compiler(source, root=folder, font_paths=_typst_fonts()).compile(
            output=folder / "briefing.pdf",
            pdf_standards=["ua-1"],
            timestamp=day,
        )
    except (RuntimeError, typst.TypstError) as error:
        raise RenderError(
            f"Typst refuses the document: {error}", "Mend the cell that shows this."
        ) from None


@cache
def _typst_fonts() -> typst.Fonts:
    import typst

    # matplotlib's fonts and Typst's own, no others: the same bytes on every machine
    return typst.Fonts(include_system_fonts=False, font_paths=[fonts()])


def fonts() -> Path:
    """Find the fonts that matplotlib brings, without importing matplotlib."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise RenderError("matplotlib is not installed.", "Install kentstats again.")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
