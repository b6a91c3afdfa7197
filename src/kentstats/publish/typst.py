"""Write a document as the source of Typst, which makes the PDF of it.

Words go in as strings and everything else as calls, so that Typst reads no markup in what anyone
wrote: no mark needs a rule of its own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import unquote

from markdown_it.token import Token

from kentstats.errors import RenderError
from kentstats.publish.document import Front, fonts
from kentstats.publish.html import Reading, write_pictures

if TYPE_CHECKING:
    import typst


def write_pdf(reading: Reading, front: Front, folder: Path, template: Path) -> None:
    """Write ``briefing.pdf`` into a folder: tagged, to PDF/UA-1.

    Raises
    ------
    RenderError
        Typst refuses it: a link leads nowhere, a file is not there, a level of heading is missing.
    """
    import typst

    source = Template((template / "briefing.typ").read_text(encoding="utf-8")).substitute(
        title=_string(front.title),
        subtitle=_string(front.subtitle),
        author=_string(front.author),
        description=_string(front.description),
        year=front.day.year,
        month=front.day.month,
        day=front.day.day,
        body="".join(_pieces(reading.tokens)),
    )
    write_pictures(reading.pictures, folder)
    midnight = dt.datetime.combine(front.day, dt.time(), dt.UTC)
    try:
        typst.Compiler(source.encode(), root=folder, font_paths=typst_fonts()).compile(
            output=folder / "briefing.pdf",
            pdf_standards=["ua-1"],
            timestamp=int(midnight.timestamp()),
        )
    except (RuntimeError, typst.TypstError) as error:
        what = f"Typst refuses the document: {error}"
        raise RenderError(what, "Mend the cell that shows this.") from None


@cache
def typst_fonts() -> typst.Fonts:
    """Read matplotlib's fonts and Typst's own, no others: the same bytes on every machine."""
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[fonts()])


def _string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _pieces(tokens: Sequence[Token]) -> Iterator[str]:
    ends: list[str] = []
    for token in tokens:
        kind = token.type.removesuffix("_open")
        if token.nesting == 1:
            begin, end = PAIRS[kind] if kind in PAIRS else VARIED_PAIRS[kind](token)
            ends.append(end)
            yield begin
        elif token.nesting == -1:
            yield ends.pop()
        elif token.type == "inline":
            yield from _pieces(token.children or ())
        else:
            yield SINGLE[kind](token)


def _label(token: Token) -> str:
    name = token.attrs.get("id")
    return f"#label({_string(str(name))});" if name else ""


def _head(token: Token) -> tuple[str, str]:
    sides = token.meta["align"]
    widths = ", ".join(token.meta["widths"] or ["auto"] * len(sides))
    columns = f"columns: ({widths},), align: ({', '.join(sides)},)"
    return f"align(center, table({columns}, table.header(", "), table.hline(),\n"


def _link(token: Token) -> tuple[str, str]:
    address = str(token.attrs["href"])
    is_inside = address.startswith("#")
    target = f"label({_string(unquote(address[1:]))})" if is_inside else _string(address)
    return f"#link({target})[", "];"


def _image(token: Token) -> str:
    source, words = _string(str(token.attrs["src"])), _string(token.meta["alt"])
    image = f"image({source}, alt: {words})"
    return f"#{image};" if token.block else f"#box({image});"


def _code(token: Token) -> str:
    text = _string(token.content.removesuffix("\n"))
    return f"#raw(block: true, {text});\n\n"


PAIRS = {
    "bullet_list": ("#list(\n", ");\n\n"),
    "list_item": ("[", "],\n"),
    "blockquote": ("#quote(block: true)[\n", "];\n\n"),
    "figcaption": ("], caption: [", "]"),
    "caption": ("caption: [", "], "),
    "tbody": ("", ""),
    "tr": ("", "\n"),
    "th": ("[", "], "),
    "td": ("[", "], "),
    "em": ("#emph[", "];"),
    "strong": ("#strong[", "];"),
}
"""What stands before and after that which a pair of tokens holds."""

VARIED_PAIRS: dict[str, Callable[[Token], tuple[str, str]]] = {
    # in a list whose items stand close together, there are no paragraphs
    "paragraph": lambda token: ("", "" if token.hidden else "\n\n"),
    "heading": lambda token: (
        f"#heading(level: {token.meta['level']})[",
        f"]{_label(token)}\n\n",
    ),
    "ordered_list": lambda token: (f"#enum(start: {token.attrs.get('start', 1)},\n", ");\n\n"),
    "figure": lambda token: ("#figure([", f"){_label(token)}\n\n"),
    "table": lambda token: ("#figure(kind: table, ", f"))){_label(token)}\n\n"),
    "thead": _head,
    "span": lambda token: (f"#metadata(none){_label(token)}" if "id" in token.attrs else "", ""),
    "link": _link,
}

SINGLE: dict[str, Callable[[Token], str]] = {
    # marks of emphasis leave empty texts behind
    "text": lambda token: f"#{_string(token.content)};" if token.content else "",
    # tags that are none of ours, as they were typed
    "html_inline": lambda token: f"#{_string(token.content)};",
    "html_block": lambda token: f"#{_string(' '.join(token.content.split()))};\n\n",
    "code_inline": lambda token: f"#raw({_string(token.content)});",
    "code_block": _code,
    "fence": _code,
    "image": _image,
    "softbreak": lambda _: " ",
    "hardbreak": lambda _: "#linebreak();",
    "hr": lambda _: "#line(length: 100%);\n\n",
}
"""What stands for a token that holds no others."""
