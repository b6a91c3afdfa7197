"""Blocks: what a cell of the notebook shows, and the claims in it.

A block is Markdown that reads well in Jupyter: a claim is a ``<span>``, a figure or a table with
its caption stands in a ``<div>`` with a name. The claims go with it in the metadata of the output.
"""

from __future__ import annotations

import base64
import functools
import io
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kentstats.report.claims import Claim, escape, fact_lists, quote_attribute
from kentstats.report.sentences import Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

LIST_MARK = re.compile(r"^(\d{0,9})([-+=:.)]+)(?=\s|$)")
"""What begins a list, a rule or a definition where it begins a paragraph."""


@dataclass(frozen=True)
class Anchor:
    """A table cell that can be linked to.

    Attributes
    ----------
    id, text : str
        Where links point to; what is printed.
    """

    id: str
    text: str

    @property
    def markdown(self) -> str:
        """The cell as a span with an identifier."""
        return f'<span id="{quote_attribute(self.id)}">{escape(self.text)}</span>'


Cell = Text | Claim | Anchor | str


@dataclass(frozen=True)
class Table:
    """What a table holds; see :func:`table`."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: Text


@dataclass(frozen=True)
class Figure:
    """What a figure holds; see :func:`figure`."""

    name: str
    svg: bytes
    caption: Text
    alt: Text


@dataclass(frozen=True)
class Block:
    """One output of a cell.

    Attributes
    ----------
    markdown : str
        What is shown.
    claims : tuple of Claim
        The claims in it, those of charts and alternative texts too.
    parts : tuple of Text, Table or Figure
        The same as data, where it was made of data: what each paragraph, item,
        table and figure holds.
    """

    markdown: str
    claims: tuple[Claim, ...] = ()
    parts: tuple[Text | Table | Figure, ...] = ()

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        ours: dict[str, Any] = {"claims": [made.record() for made in self.claims]}
        if lists := fact_lists(self.claims):
            ours["lists"] = lists
        return {"text/markdown": self.markdown, "text/plain": self.plain}, {"kentstats": ours}

    @property
    def plain(self) -> str:
        """A line of its words, for where no Markdown is shown."""
        texts = (part if isinstance(part, Text) else part.caption for part in self.parts)
        words = " ".join(text.plain for text in texts) or "Markdown"
        return words if len(words) <= 80 else f"{words[:79]}…"

    def __add__(self, other: Block) -> Block:
        claims = tuple(dict.fromkeys(self.claims + other.claims))
        markdown = f"{self.markdown.rstrip()}\n\n{other.markdown}"
        return Block(markdown, claims, self.parts + other.parts)


def show(*blocks: Block | None) -> None:
    """Show blocks one after the other in a cell of a notebook; None is left out.

    Parameters
    ----------
    *blocks : Block or None
        What sections made, each an output of its own.
    """
    from IPython.display import display

    for block in blocks:
        if block is not None:
            # IPython would look for ten other ways to show it
            shown, metadata = block._repr_mimebundle_()
            display(shown, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]


def stack(*blocks: Block | None) -> Block | None:
    """Set blocks one below the other; None where all of them are."""
    given = [block for block in blocks if block is not None]
    return functools.reduce(operator.add, given) if given else None


def paragraphs(*texts: Text, cited: bool = True) -> Block:
    """Set each text as a paragraph, with its places or without."""
    return Block("\n\n".join(_words(texts, cited=cited)), _claims(texts), texts)


def bullets(*texts: Text, cited: bool = True) -> Block:
    """Set each text as an item of a list, with its places or without."""
    markdown = "".join(f"- {words}\n" for words in _words(texts, cited=cited))
    return Block(markdown, _claims(texts), texts)


def _words(texts: Sequence[Text], *, cited: bool) -> list[str]:
    return [text.cited if cited else text.markdown for text in texts]


def _claims(texts: Sequence[Text]) -> tuple[Claim, ...]:
    return tuple(dict.fromkeys(made for text in texts for made in text.claims))


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

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of sequences
        A cell for each column: text, claim, anchor or string.
    caption : Text
        What the table holds; without words there is no caption.
    label : str
        Name to refer to it by, unique in the document; ``tbl-`` is put
        before it.
    widths : sequence of int
        Relative widths of the columns.
    right : sequence of str
        Columns set to the right: those of numbers.

    Returns
    -------
    Block

    Raises
    ------
    ValueError
        A row with another number of cells than the header.
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
    cells = [cell for row in rows for cell in row]
    texts = [caption, *(cell for cell in cells if isinstance(cell, Text))]
    alone = [cell for cell in cells if isinstance(cell, Claim)]
    claims = tuple(dict.fromkeys((*_claims(texts), *alone)))
    name = f"tbl-{label}"
    made = Table(name, tuple(header), tuple(map(tuple, rows)), caption)
    return Block(captioned(name, body, caption), claims, (made,))


def _cell(cell: Cell) -> str:
    return escape(cell) if isinstance(cell, str) else cell.markdown


def figure_block(
    drawn: Axes | Drawing, *, caption: Text, alt: Text, label: str, claims: Sequence[Claim] = ()
) -> Block:
    """Set a chart, as a picture inside the Markdown.

    Parameters
    ----------
    drawn : matplotlib.axes.Axes or matplotlib.figure.Figure
        The chart, or its figure.
    caption : Text
        How to read it.
    alt : Text
        Kind of chart, data and message, for those who cannot see it.
    label : str
        Name to refer to it by, unique in the document; ``fig-`` is put
        before it.
    claims : sequence of Claim
        What its labels print.

    Returns
    -------
    Block
    """
    made = Figure(f"fig-{label}", svg(drawn), caption, alt)
    picture = picture_markdown(alt.plain, "image/svg+xml", made.svg)
    everything = tuple(dict.fromkeys((*_claims([caption, alt]), *claims)))
    return Block(captioned(made.name, picture, caption), everything, (made,))


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
