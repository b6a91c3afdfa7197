"""Blocks: what a notebook cell shows, with the claims it prints.

A block is Markdown, so that both rendering routes read the same words, and
travels with its claims in the metadata of the output. The dialect is small:
paragraphs, lists, pipe tables, images, bracketed spans.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kentstats.report.claims import Claim, attribute, escape, lists_of
from kentstats.report.sentences import Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


PICTURE = re.compile(r"\(data:image/svg\+xml;base64,[A-Za-z0-9+/=]+\)")


@dataclass(frozen=True)
class Anchor:
    """A cell that can be linked to.

    Attributes
    ----------
    id, text : str
        Where links point to; what is printed.
    """

    id: str
    text: str

    @property
    def markdown(self) -> str:
        """The cell as a bracketed span with an identifier."""
        return f"[{escape(self.text)}]{{#{self.id}}}"


Cell = Text | Claim | Anchor | str


@dataclass(frozen=True)
class Block:
    """One output of a cell.

    Attributes
    ----------
    markdown : str
        What is printed.
    claims : tuple of Claim
        The claims in it, those of charts and alternative texts too.
    used : tuple of pairs of str
        What a briefing was told;
        of the one block that carries it.
    section : str
        Name of the section that made it, where that may be taken over; see
        :mod:`kentstats.report.section`.
    asked : tuple of str
        The keys that the section asked.
    """

    markdown: str
    claims: tuple[Claim, ...] = ()
    used: tuple[tuple[str, str], ...] = ()
    # not what is shown, by which blocks are compared
    section: str = field(default="", compare=False)
    asked: tuple[str, ...] = field(default=(), compare=False)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        ours: dict[str, Any] = {"claims": [made.record() for made in self.claims]}
        if lists := lists_of(self.claims):
            ours["lists"] = lists
        if self.used:
            ours["used"] = dict(self.used)
        if self.section:
            ours |= {"section": self.section, "asked": list(self.asked)}
        return {"text/markdown": self.markdown, "text/plain": self.plain}, {"kentstats": ours}

    @property
    def plain(self) -> str:
        """What is printed where there are no pictures: theirs would be much of a notebook."""
        return PICTURE.sub("(picture)", self.markdown)

    def __add__(self, other: Block) -> Block:
        claims = tuple(dict.fromkeys(self.claims + other.claims))
        return Block(f"{self.markdown.rstrip()}\n\n{other.markdown}", claims)


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
            shown, notes = block._repr_mimebundle_()
            display(shown, metadata=notes, raw=True)  # type: ignore[no-untyped-call]


def paragraphs(*texts: Text) -> Block:
    """Set each text as a paragraph, with its places."""
    return Block("\n\n".join(text.cited for text in texts), _claims(texts))


def bullets(*texts: Text) -> Block:
    """Set each text as an item of a list, with its places."""
    return Block("\n".join(f"- {text.cited}" for text in texts) + "\n", _claims(texts))


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
        A cell for each column: text, claim or string.
    caption : Text
        What the table holds.
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
    texts = [cell for row in rows for cell in row if isinstance(cell, Text)]
    claims = _claims([caption, *texts]) + tuple(
        cell for row in rows for cell in row if isinstance(cell, Claim)
    )
    return Block(f"{body}\n\n: {caption.markdown} {{#tbl-{label}}}\n", tuple(dict.fromkeys(claims)))


def _cell(cell: Cell) -> str:
    return escape(cell) if isinstance(cell, str) else cell.markdown


def figure(
    drawn: Figure, *, caption: Text, alt: Text, label: str, claims: Sequence[Claim] = ()
) -> Block:
    """Set a chart, as a picture inside the Markdown.

    Parameters
    ----------
    drawn : matplotlib.figure.Figure
        The chart.
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
    uri = base64.b64encode(svg(drawn)).decode()
    words = attribute(alt.plain)
    markdown = (
        f"![{caption.markdown}](data:image/svg+xml;base64,{uri})"
        f'{{#fig-{label} fig-alt="{words}"}}\n'
    )
    return Block(markdown, tuple(dict.fromkeys((*_claims([caption, alt]), *claims))))


def svg(drawn: Figure) -> bytes:
    """Draw a figure as SVG: text as text, no date, the same bytes every time."""
    from kentstats.charts.style import theme

    # text, encoded once: matplotlib would encode each of some thousand pieces
    out = io.StringIO()
    with theme():
        drawn.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue().encode()
