"""Read the Markdown of a document once, for the writers of HTML and of Typst.

It is CommonMark with tables, and three elements of HTML: a ``<span>`` is a claim or a place that
links lead to, a ``<div>`` holds a figure or a table with its caption, an empty ``<span>`` beside
a picture is for Pandoc. All other raw HTML is text.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.rules_inline import html_inline
from markdown_it.token import Token

from kentstats.errors import RenderError

PICTURE = re.compile(r"data:image/(svg\+xml|png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")
TAG = re.compile(r"<(span|div)((?:\s+[\w-]+=\"[^\"]*\")*)\s*>")
ATTRIBUTE = re.compile(r"([\w-]+)=\"([^\"]*)\"")
ENDINGS = {"svg+xml": "svg", "jpeg": "jpg"}
MAX_LINE = 72
"""A table with a longer line has the widths that its rule gives: so does Pandoc."""
NUMBERED = {"figure": "figure", "figcaption": "figure", "table": "table", "caption": "table"}
PARAGRAPH = ["paragraph_open", "inline", "paragraph_close"]
RESERVED = ("content", "contents")
"""Names of the page's own parts."""

Attributes = dict[str, str | int | float]


@dataclass(frozen=True)
class Reading:
    """A document as it was read.

    The `tokens` are those of markdown-it, and ``figure``, ``figcaption``, ``caption`` and
    ``span``; ``html_inline`` and ``html_block`` are to be shown as they were typed. In
    ``meta`` a figure, a table and its caption have their ``number``, the head of a table the
    ``align`` and ``widths`` of its columns, a list whether it is ``tight``, a heading its
    ``level``, an image its ``alt``. The `pictures` are data addresses by the short ones in the
    tokens.
    """

    tokens: list[Token]
    pictures: dict[str, str]


@cache
def parser() -> MarkdownIt:
    """Return the parser of CommonMark with tables."""
    made = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
    # most of what begins with “<” is a claim: not looked through for an address first
    made.inline.ruler.before("autolink", "claim", html_inline)
    return made


def read_markdown(markdown: str) -> Reading:
    r"""Read a document, pictures inside it.

    Raises
    ------
    RenderError
        A picture has no alternative text, or two things have one name.

    Examples
    --------
    >>> reading = read_markdown("# At a glance\n\nWords.\n")
    >>> reading.tokens[0].attrs
    {'id': 'at-a-glance'}
    """
    text, pictures = take_pictures(markdown)
    tokens = parser().parse(text)
    for token in tokens:
        if token.children:
            token.children = _read_spans(token.children)
    tokens = _read_divs(tokens)
    lines = re.split(r"\r\n?|\n", text)
    numbers = Counter[str]()
    for place, token in enumerate(tokens):
        kind = token.type.removesuffix("_open")
        numbers[kind] += 1
        if kind in NUMBERED:
            token.meta["number"] = numbers[NUMBERED[kind]]
        if kind == "table":
            _set_columns(tokens, place, lines)
    _set_alternatives(tokens)
    _name_headings(tokens)
    return Reading(tokens, pictures)


def plain(tokens: Iterable[Token]) -> str:
    """Return the words of inline tokens, without markup."""
    words = ""
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            words += " "
        # an image holds its text twice, as it was written and as it was read
        else:
            words += token.content if token.children is None else plain(token.children)
    return words


def take_pictures(markdown: str) -> tuple[str, dict[str, str]]:
    """Put short addresses in place of pictures; return these by the short ones too."""
    pictures: dict[str, str] = {}

    def take(match: re.Match[str]) -> str:
        name = f"figures/{len(pictures) + 1}.{ENDINGS.get(match[1], match[1])}"
        pictures[name] = match[0]
        return name

    return PICTURE.sub(take, markdown), pictures


def write_pictures(pictures: Mapping[str, str], folder: Path) -> None:
    """Write pictures as files, where their short addresses lead to from a folder."""
    for name, address in pictures.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(address.partition(",")[2]))


def _read_tag(html: str) -> tuple[str, dict[str, str]]:
    """Return name and attributes of the tag of a span or div; no name where that is not all."""
    if not (tag := TAG.fullmatch(html)):
        return "", {}
    return tag[1], {name: unescape(text) for name, text in ATTRIBUTE.findall(tag[2])}


def _kept(given: Mapping[str, str]) -> Attributes:
    return {name: given[name] for name in ("id", "class") if given.get(name)}


def _read_spans(children: list[Token]) -> list[Token]:
    """Make spans of pairs of tags, claims among them; other tags stay as they are."""
    opened: list[Token] = []
    for token in children:
        if token.children:
            token.children = _read_spans(token.children)
        tag = token.content if token.type == "html_inline" else ""
        if tag.startswith("<span") or token.nesting == 1:
            opened.append(token)
        elif tag == "</span>" and opened and opened[-1].type == "html_inline":
            _make_span(opened.pop(), token)
        elif token.nesting == -1:
            # a span that would end outside of what it began in is none
            while opened.pop().type == "html_inline":
                pass
    return [token for token in children if not token.hidden]


def _make_span(start: Token, end: Token) -> None:
    name, given = _read_tag(start.content)
    if name != "span":
        return
    tag, attributes = "span", _kept(given)
    if given.get("class") == "claim":
        tag, place = "data", given.get("data-source", "")
        attributes = {"class": "claim", "value": given.get("data-value", "")}
        attributes |= {"data-claim": given.get("data-id", "")}
        attributes |= {"data-source": place, "title": place}
    start.type, start.nesting, start.attrs = "span_open", 1, attributes
    end.type, end.nesting = "span_close", -1
    for token in (start, end):
        token.tag, token.content, token.hidden = tag, "", not attributes


def _read_divs(tokens: Sequence[Token]) -> list[Token]:
    """Make figures and tables of what stands in a ``<div>``; others are shown as typed."""
    read: list[Token] = []
    start = None
    for token in tokens:
        tag = token.content.strip() if token.type == "html_block" else ""
        if _read_tag(tag)[0] == "div":
            start = len(read)
        read.append(token)
        if tag == "</div>" and start is not None:
            _, given = _read_tag(read[start].content.strip())
            read[start:] = _captioned(read[start + 1 : -1], _kept(given)) or read[start:]
            start = None
    return read


def _captioned(inside: list[Token], attributes: Attributes) -> list[Token]:
    """Return a figure or a table with its caption; nothing where it is neither."""
    types = [token.type for token in inside]
    is_table = types[:1] == ["table_open"]
    end = types.index("table_close") + 1 if is_table else 3
    body, caption = inside[:end], inside[end:]
    if types[end:] not in ([], PARAGRAPH):
        return []
    if is_table:
        body[0].attrs = attributes
        # its caption is read below the table and stands within it, above the rows
        return [body[0], *_caption("caption", caption), *body[1:]]
    images = body[1].children or [] if types[:3] == PARAGRAPH else []
    if [each.type for each in images] != ["image"]:
        return []
    images[0].block, images[0].meta["name"] = True, attributes.get("id")
    figure = Token("figure_open", "figure", 1, attrs=attributes, block=True)
    close = Token("figure_close", "figure", -1, block=True)
    return [figure, body[1], *_caption("figcaption", caption), close]


def _caption(kind: str, paragraph: Sequence[Token]) -> list[Token]:
    start, end = Token(f"{kind}_open", kind, 1, block=True), Token(f"{kind}_close", kind, -1)
    return [start, paragraph[1], end] if paragraph else []


def _set_columns(tokens: Sequence[Token], place: int, lines: Sequence[str]) -> None:
    """Give a table its widths and sides, and its headers their scope."""
    end = next(at for at in range(place, len(tokens)) if tokens[at].type == "table_close")
    cells = [at for at in range(place, end) if tokens[at].type in {"th_open", "td_open"}]
    sides = [tokens[at].attrs.get("style", "") for at in cells if tokens[at].type == "th_open"]
    for number, at in enumerate(cells):
        if number < len(sides):
            # nothing heads the names of the rows where the first header is empty
            tag, scope = ("th", "col") if number or tokens[at + 1].content else ("td", "")
        else:
            # the first column names the rows
            tag, scope = ("td", "") if number % len(sides) else ("th", "row")
        tokens[at].tag = tokens[at + 2].tag = tag
        if scope:
            tokens[at].attrs["scope"] = scope
    head = next(token for token in tokens[place:] if token.type == "thead_open")
    head.meta["align"] = [str(side).removeprefix("text-align:") or "left" for side in sides]
    written = lines[slice(*(tokens[place].map or ()))]
    dashes = [len(part) for part in re.findall(r":?-+:?", written[1])]
    shares = [f"{100 * count / sum(dashes):.2f}".rstrip("0").rstrip(".") for count in dashes]
    is_wide = max(map(len, written)) > MAX_LINE
    head.meta["widths"] = [f"{share}%" for share in shares] if is_wide else []


def _set_alternatives(tokens: Iterable[Token]) -> None:
    """Give every picture its alternative text."""
    images = [child for token in tokens for child in token.children or () if child.type == "image"]
    for number, image in enumerate(images, 1):
        image.meta["alt"] = plain(image.children or ())
        if not image.meta["alt"].strip():
            name = image.meta.get("name") or number
            raise RenderError(
                f"The picture {name} has no alternative text.",
                "Say what it shows: ![What it shows](picture.svg).",
            )


def _name_headings(tokens: Sequence[Token]) -> None:
    """Name headings by their words, as Pandoc does: links lead to them on both routes."""
    everything = (each for token in tokens for each in (token, *(token.children or ())))
    given = [str(each.attrs["id"]) for each in everything if "id" in each.attrs]
    taken = Counter([*RESERVED, *given])
    for name, count in taken.items():
        if count > 1:
            raise RenderError(
                f"{count} parts of the document have the name “{name}”.",
                "A link could lead to one alone: give the others another id.",
            )
    for place, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        level = token.meta["level"] = int(token.tag[1:])
        # the title of the page is the one heading of the first level
        token.tag = tokens[place + 2].tag = f"h{min(level + 1, 6)}"
        base = _identifier(plain(tokens[place + 1].children or ()))
        names = (f"{base}-{at}" if at else base for at in itertools.count())
        token.attrs["id"] = name = next(each for each in names if each not in taken)
        taken[name] = 1


def _identifier(words: str) -> str:
    name = "-".join(re.sub(r"[^\w\-. ]", "", words.lower()).split())
    return re.sub(r"^[\W\d_]+", "", name) or "section"
