"""Write a document as the source of Typst, which makes the PDF of it.

Words go in as strings and everything else as calls, so that Typst reads no
markup in what anyone wrote: no mark needs a rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import unquote

from markdown_it.token import Token

if TYPE_CHECKING:
    from kentstats.publish.render import Front

PAIRS = {
    "blockquote": ("#quote(block: true)[\n", "];\n\n"),
    "list_item": ("[", "],\n"),
    "em": ("#emph[", "];"),
    "strong": ("#strong[", "];"),
    "figcaption": ("], caption: [", "]"),
    "caption": ("caption: [", "], "),
    "tbody": ("", ""),
    "tr": ("", "\n"),
    "th": ("[", "], "),
    "td": ("[", "], "),
}
"""What stands before and after that which a pair of tokens holds."""


def write_source(tokens: Sequence[Token], front: Front, template: str) -> str:
    """Write the source of a briefing.

    Parameters
    ----------
    tokens : sequence of markdown_it.token.Token
        The document; see :class:`kentstats.publish.markdown.Reading`.
    front : Front
        Its title and the like.
    template : str
        Source with ``$title``, ``$subtitle``, ``$author``, ``$description``,
        ``$year``, ``$month``, ``$day`` and ``$body``.

    Returns
    -------
    str
    """
    return Template(template).substitute(
        title=string(front.title),
        subtitle=string(front.subtitle),
        author=string(front.author),
        description=string(front.description),
        year=front.day.year,
        month=front.day.month,
        day=front.day.day,
        body=body(tokens),
    )


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
            kind = token.type.removesuffix("_open")
            begin, end = OPENED[kind](token) if kind in OPENED else PAIRS[kind]
            ends.append(end)
            yield begin
        elif token.nesting == -1:
            yield ends.pop()
        elif token.type == "inline":
            yield from _pieces(token.children or ())
        else:
            yield SINGLE[token.type](token)


def _label(token: Token) -> str:
    name = token.attrs.get("id")
    return f"#label({string(str(name))});" if name else ""


def _paragraph(token: Token) -> tuple[str, str]:
    # in a list whose items stand close together, there are no paragraphs
    return ("", "" if token.hidden else "\n\n")


def _heading(token: Token) -> tuple[str, str]:
    return (f"#heading(level: {token.meta['level']})[", f"]{_label(token)}\n\n")


def _bullets(token: Token) -> tuple[str, str]:
    return (f"#list(tight: {_bool(token.meta['tight'])},\n", ");\n\n")


def _steps(token: Token) -> tuple[str, str]:
    start = token.attrs.get("start", 1)
    return (f"#enum(start: {start}, tight: {_bool(token.meta['tight'])},\n", ");\n\n")


def _bool(value: object) -> str:
    return "true" if value else "false"


def _figure(token: Token) -> tuple[str, str]:
    return ("#figure([", f"){_label(token)}\n\n")


def _table(token: Token) -> tuple[str, str]:
    return ("#figure(kind: table, ", f"))){_label(token)}\n\n")


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
    return (f"{_anchor(token)}#link({target})[", "];")


def _span(token: Token) -> tuple[str, str]:
    return (_anchor(token), "")


def _anchor(token: Token) -> str:
    return f"#metadata(none){_label(token)}" if "id" in token.attrs else ""


def _image(token: Token) -> str:
    width = f", width: {token.meta['width']}" if "width" in token.meta else ""
    source, words = string(str(token.attrs["src"])), string(token.meta["alt"])
    image = f"image({source}, alt: {words}{width})"
    return f"#{image};" if token.block else f"{_anchor(token)}#box({image});"


def _code(token: Token) -> str:
    text = token.content.removesuffix("\n")
    return f"#raw(block: true, {string(text)});\n\n"


OPENED: dict[str, Callable[[Token], tuple[str, str]]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "bullet_list": _bullets,
    "ordered_list": _steps,
    "figure": _figure,
    "table": _table,
    "thead": _head,
    "link": _link,
    "span": _span,
}
"""The same, where it depends on the token that opens."""

SINGLE: dict[str, Callable[[Token], str]] = {
    # marks of emphasis leave empty texts behind
    "text": lambda token: f"#{string(token.content)};" if token.content else "",
    "code_inline": lambda token: f"{_anchor(token)}#raw({string(token.content)});",
    "code_block": _code,
    "fence": _code,
    "image": _image,
    "softbreak": lambda _: " ",
    "hardbreak": lambda _: "#linebreak();",
    "hr": lambda _: "#line(length: 100%);\n\n",
}
"""What stands for a token that holds no others."""
