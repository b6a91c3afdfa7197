"""An executed notebook as one Markdown document, and the claims in it."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.errors import RenderError

if TYPE_CHECKING:
    from nbformat import NotebookNode

PICTURE = re.compile(r"\]\(data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)\)\{#(fig-[a-z0-9-]+)")


@dataclass(frozen=True)
class Document:
    """What a notebook shows: no code, no streams, nothing but its Markdown.

    Attributes
    ----------
    blocks : tuple of str
        Markdown cells and Markdown outputs, in order.
    claims : dict of str to dict
        Every claim printed, by its id, in the order of first appearance.
    lists : dict of str to list of str
        The many facts that stand behind several claims, by the name that
        these have for them.
    used : dict of str to str
        What the briefing was told of official statistics: keys, each with the
        digest of the answer. Empty where the notebook does not say.
    """

    blocks: tuple[str, ...]
    claims: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    used: dict[str, str] = field(default_factory=dict)

    @property
    def markdown(self) -> str:
        """The blocks as one text, pictures inside it."""
        return "\n\n".join(block.strip("\n") for block in self.blocks) + "\n"


def read_document(notebook: NotebookNode) -> Document:
    """Read the Markdown of an executed notebook.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        The notebook, executed.

    Returns
    -------
    Document

    Raises
    ------
    RenderError
        The notebook shows nothing: it was not executed.
    """
    blocks: list[str] = []
    claims: dict[str, dict[str, Any]] = {}
    lists: dict[str, list[str]] = {}
    used: dict[str, str] = {}
    shown = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            blocks.append(cell.source)
        elif cell.cell_type == "code":
            for output in cell.get("outputs", []):
                text = output.get("data", {}).get("text/markdown")
                if text is None:
                    continue
                shown = True
                # nbformat allows a text to be kept as a list of lines
                text = text if isinstance(text, str) else "".join(text)
                blocks += [text] if text else []
                ours = output.get("metadata", {}).get("kentstats", {})
                used.update(ours.get("used", {}))
                lists.update(ours.get("lists", {}))
                for made in ours.get("claims", []):
                    claims.setdefault(made["id"], made)
    if not shown:
        raise RenderError("The notebook shows nothing.", "Execute it before rendering it.")
    return Document(tuple(prune(blocks)), claims, dict(sorted(lists.items())), used)


HEADING = re.compile(r"(#{1,6}) ")


def prune(blocks: list[str]) -> list[str]:
    """Take out headings under which there is nothing.

    A notebook has the headings of every section; an authority without a
    report, or with one, fills only some of them.

    Parameters
    ----------
    blocks : list of str
        Blocks of Markdown; a heading is a block of its own or begins one.

    Returns
    -------
    list of str
    """
    kept: list[str] = []
    waiting: list[tuple[int, str]] = []
    for block in blocks:
        lines = block.strip("\n").split("\n")
        heading = HEADING.match(lines[0])
        if heading:
            level = len(heading[1])
            # a heading that another of its own rank or above follows has nothing below it
            waiting = [(rank, text) for rank, text in waiting if rank < level]
        if heading and len(lines) == 1:
            waiting.append((level, block))
            continue
        kept += [text for _, text in waiting]
        waiting = []
        kept.append(block)
    return kept


def pictures_to_files(markdown: str, folder: Path) -> str:
    """Write the pictures inside a document to files, and point to these.

    Parameters
    ----------
    markdown : str
        A document.
    folder : pathlib.Path
        Where the document will stand; pictures go to ``figures`` below it.

    Returns
    -------
    str
        The document with relative paths in place of the pictures.
    """
    (folder / "figures").mkdir(parents=True, exist_ok=True)

    def write(match: re.Match[str]) -> str:
        path = f"figures/{match[2]}.svg"
        (folder / path).write_bytes(base64.b64decode(match[1]))
        return f"]({path}){{#{match[2]}"

    return PICTURE.sub(write, markdown)
