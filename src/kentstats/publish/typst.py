"""Write a document as the source of Typst, which makes the PDF of it.

Words go in as strings and everything else as calls, so that Typst reads no
markup in what anyone wrote: no mark needs a rule of its own.
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
from kentstats.publish.document import Document, Front, fonts
from kentstats.publish.markdown import write_pictures

if TYPE_CHECKING:
    import typst


def write_pdf(document: Document, front: Front, folder: Path, template: Path) -> None:
    """Write ``briefing.pdf``: tagged, to PDF/UA-1.

    Parameters
    ----------
    document : Document
        What to write.
    front : Front
        Its title and the like; the file bears no other date.
    folder : pathlib.Path
        Where to.
    template : pathlib.Path
        The folder of templates, with ``briefing.typ``.

    Raises
    ------
    RenderError
        A picture has no alternative text, two things have one name, or
        Typst refuses the document: a link leads nowhere, a file is not
        there, or a level of heading is missing.
    """
    import typst

    source = Template((template / "briefing.typ").read_text(encoding="utf-8")).substitute(
        title=string(front.title),
        subtitle=string(front.subtitle),
        author=string(front.author),
        description=string(front.description),
        year=front.day.year,
        month=front.day.month,
        day=front.day.day,
        body=body(document.reading.tokens),
    )
    write_pictures(document.reading.pictures, folder)
    midnight = dt.datetime.combine(front.day, dt.time(), dt.UTC)
    try:
        typst.Compiler(source.encode(), root=folder, font_paths=typst_fonts()).compile(
            output=folder / "briefing.pdf",
            pdf_standards=["ua-1"],
            timestamp=int(midnight.timestamp()),
        )
    except (RuntimeError, typst.TypstError) as error:
        raise RenderError(
            f"Typst refuses the document: {error}", "Mend the cell that shows this."
        ) from None


@cache
def typst_fonts() -> typst.Fonts:
    """Read the fonts; a process that does so before it forks spares its children the time.

    Those of matplotlib and Typst's own, no others: the same bytes on every machine.
    """
    import typst

    return typst.Fonts(include_system_fonts=False, font_paths=[fonts()])


def string(text: str) -> str:
    r"""Quote a text for Typst.

    Examples
    --------
    >>> print(string('a "b" \\ #c'))
    "a \"b\" \\ #c"
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def body(tokens: Sequence[Token]) -> str:
    """Write the document alone.

    Examples
    --------
    >>> from kentstats.publish.markdown import read_markdown
    >>> print(body(read_markdown("Only *78%* did.").tokens).strip())
    #"Only ";#emph[#"78%";];#" did.";
    """
    return "".join(_pieces(tokens))


def _pieces(tokens: Sequence[Token]) -> Iterator[str]:
    ends: list[str] = []
    for token in tokens:
        if token.nesting == 1:
            begin, end = PAIRS[token.type.removesuffix("_open")](token)
            ends.append(end)
            yield begin
        elif token.nesting == -1:
            yield ends.pop()
        elif token.type == "inline":
            yield from _pieces(token.children or ())
        else:
            yield SINGLE[token.type](token)


def _always(begin: str, end: str) -> Callable[[Token], tuple[str, str]]:
    return lambda _: (begin, end)


def _label(token: Token) -> str:
    name = token.attrs.get("id")
    return f"#label({string(str(name))});" if name else ""


def _list(token: Token) -> tuple[str, str]:
    kind = (
        "list("
        if token.type == "bullet_list_open"
        else f"enum(start: {token.attrs.get('start', 1)}, "
    )
    return (f"#{kind}tight: {str(token.meta['tight']).lower()},\n", ");\n\n")


def _head(token: Token) -> tuple[str, str]:
    sides = token.meta["align"]
    widths = ", ".join(token.meta["widths"] or ["auto"] * len(sides))
    return (
        f"align(center, table(columns: ({widths},), align: ({', '.join(sides)},), table.header(",
        "), table.hline(),\n",
    )


def _link(token: Token) -> tuple[str, str]:
    address = str(token.attrs["href"])
    inside = address.startswith("#")
    target = f"label({string(unquote(address[1:]))})" if inside else string(address)
    return (f"#link({target})[", "];")


def _anchor(token: Token) -> tuple[str, str]:
    return (f"#metadata(none){_label(token)}" if "id" in token.attrs else "", "")


def _image(token: Token) -> str:
    source, words = string(str(token.attrs["src"])), string(token.meta["alt"])
    image = f"image({source}, alt: {words})"
    return f"#{image};" if token.block else f"#box({image});"


def _code(token: Token) -> str:
    text = token.content.removesuffix("\n")
    return f"#raw(block: true, {string(text)});\n\n"


PAIRS: dict[str, Callable[[Token], tuple[str, str]]] = {
    # in a list whose items stand close together, there are no paragraphs
    "paragraph": lambda token: ("", "" if token.hidden else "\n\n"),
    "heading": lambda token: (
        f"#heading(level: {token.meta['level']})[",
        f"]{_label(token)}\n\n",
    ),
    "bullet_list": _list,
    "ordered_list": _list,
    "list_item": _always("[", "],\n"),
    "blockquote": _always("#quote(block: true)[\n", "];\n\n"),
    "figure": lambda token: ("#figure([", f"){_label(token)}\n\n"),
    "figcaption": _always("], caption: [", "]"),
    "table": lambda token: ("#figure(kind: table, ", f"))){_label(token)}\n\n"),
    "caption": _always("caption: [", "], "),
    "thead": _head,
    "tbody": _always("", ""),
    "tr": _always("", "\n"),
    "th": _always("[", "], "),
    "td": _always("[", "], "),
    "div": _anchor,
    "span": _anchor,
    "link": _link,
    "em": _always("#emph[", "];"),
    "strong": _always("#strong[", "];"),
}
"""What stands before and after that which a pair of tokens holds."""

SINGLE: dict[str, Callable[[Token], str]] = {
    # marks of emphasis leave empty texts behind
    "text": lambda token: f"#{string(token.content)};" if token.content else "",
    # tags that are none of ours, as they were typed
    "html_inline": lambda token: f"#{string(token.content)};",
    "html_block": lambda token: f"#{string(' '.join(token.content.split()))};\n\n",
    "code_inline": lambda token: f"#raw({string(token.content)});",
    "code_block": _code,
    "fence": _code,
    "image": _image,
    "softbreak": lambda _: " ",
    "hardbreak": lambda _: "#linebreak();",
    "hr": lambda _: "#line(length: 100%);\n\n",
}
"""What stands for a token that holds no others."""
