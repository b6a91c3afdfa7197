"""Blocks: what a cell of the notebook shows, and the claims in it.

A block is Markdown that reads well in Jupyter: a claim is a ``<span>``, a figure or a table with
its caption stands in a ``<div>`` with a name. The claims go with it in the metadata of the output.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kentstats.report.claims import Claim, escape, quote_attribute
from kentstats.report.sentences import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

LIST_MARK = re.compile(r"^(\d{0,9})([-+=:.)]+)(?=\s|$)")
"""What begins a list, a rule or a definition where it begins a paragraph."""


@dataclass(frozen=True)
class Anchor:
    """A table cell with a name that links lead to."""

    id: str
    text: str

    @property
    def markdown(self) -> str:
        """The cell as a span with an identifier."""
        return f'<span id="{quote_attribute(self.id)}">{escape(self.text)}</span>'


Cell = Text | Claim | Anchor | str


@dataclass(frozen=True)
class Block:
    """One output of a cell: its Markdown and the claims in it, those of charts too."""

    markdown: str
    claims: tuple[Claim, ...] = ()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        ours: dict[str, Any] = {"claims": [made.record() for made in self.claims]}
        if lists := {made.listed: list(made.others) for made in self.claims if made.others}:
            ours["lists"] = lists
        plain = f"<Block with {len(self.claims)} claims>"
        return {"text/markdown": self.markdown, "text/plain": plain}, {"kentstats": ours}

    def __add__(self, other: Block) -> Block:
        claims = tuple(dict.fromkeys(self.claims + other.claims))
        return Block(f"{self.markdown.rstrip()}\n\n{other.markdown}", claims)


def show(*blocks: Block | None) -> None:
    """Show blocks one after the other in a cell of a notebook; None is left out."""
    from IPython.display import display

    for block in blocks:
        if block is not None:
            # IPython would look for ten other ways to show it
            shown, metadata = block._repr_mimebundle_()
            display(shown, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]


def stack(*blocks: Block | None) -> Block | None:
    """Set blocks one below the other; None where all of them are."""
    given = [block for block in blocks if block is not None]
    return sum(given[1:], given[0]) if given else None


def paragraphs(*texts: Text, cited: bool = True) -> Block:
    """Set each text as a paragraph, with its places or without."""
    words = (text.cited if cited else text.markdown for text in texts)
    return Block("\n\n".join(words), _claims(*texts))


def bullets(*texts: Text, cited: bool = True) -> Block:
    """Set each text as an item of a list, with its places or without."""
    words = (text.cited if cited else text.markdown for text in texts)
    return Block("".join(f"- {each}\n" for each in words), _claims(*texts))


def _claims(*pieces: Cell) -> tuple[Claim, ...]:
    """Return the claims in texts and cells, each once."""
    parts = (piece.parts if isinstance(piece, Text) else (piece,) for piece in pieces)
    return tuple(dict.fromkeys(made for each in parts for made in each if isinstance(made, Claim)))


def table(
    header: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    caption: Text,
    label: str,
    widths: Sequence[int],
    right: Sequence[str] = (),
) -> Block:
    """Set a table, its first column naming the rows.

    Its name is ``tbl-`` and the `label`, which is unique in the document. The `widths` of the
    columns are relative; those to the `right` hold numbers. Without words there is no caption.
    """
    if any(len(row) != len(header) for row in rows) or len(widths) != len(header):
        raise ValueError(f"table {label}: every row and widths need {len(header)} cells")
    rule = [
        "-" * (width - 1) + (":" if name in right else "-")
        for name, width in zip(header, widths, strict=True)
    ]
    lines = [[escape(name) for name in header], rule]
    lines += [[_cell(cell) for cell in row] for row in rows]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    # the claims of texts come before those that fill a cell
    cells = sorted((cell for row in rows for cell in row), key=lambda cell: isinstance(cell, Claim))
    return Block(captioned(f"tbl-{label}", body, caption), _claims(caption, *cells))


def _cell(cell: Cell) -> str:
    return escape(cell) if isinstance(cell, str) else cell.markdown


def figure_block(
    drawn: Axes | Drawing, *, caption: Text, alt: Text, label: str, claims: Sequence[Claim] = ()
) -> Block:
    """Set a chart, as a picture inside the Markdown.

    The caption says how to read it; `alt` its kind, data and message, for those who cannot see
    it. Its name is ``fig-`` and the `label`, unique in the document; its labels print `claims`.
    """
    picture = picture_markdown(alt.plain, "image/svg+xml", svg(drawn))
    return Block(captioned(f"fig-{label}", picture, caption), _claims(caption, alt, *claims))


def picture_markdown(alt: str, kind: str, data: bytes) -> str:
    """Return the Markdown of a picture by itself.

    The empty span keeps Pandoc from printing the alternative text as a caption.
    """
    encoded = base64.b64encode(data).decode()
    return f"![{escape(alt)}](data:{kind};base64,{encoded})<span></span>"


def captioned(name: str, body: str, caption: Text) -> str:
    """Return the Markdown of a figure or table with its name and its caption, if it has one."""
    # a number or a dash at the start of a caption begins no list
    words = LIST_MARK.sub(r"\1\\\2", caption.markdown, count=1) if caption.parts else ""
    return "\n\n".join(filter(None, [f'<div id="{name}">', body, words, "</div>\n"]))


def svg(drawn: Axes | Drawing) -> bytes:
    """Draw a chart as SVG: text as text, no date, the same bytes every time."""
    from kentstats.charts.style import theme

    # text, encoded once: matplotlib would encode each of some thousand pieces
    out = io.StringIO()
    figure: Any = drawn.get_figure(root=True)
    with theme():
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue().encode()
