"""Read the Markdown of a document once, for the writers of HTML and of Typst.

It is CommonMark with tables, and three elements of HTML: a ``<span>`` is a claim or a place that
links lead to, a ``<div>`` holds a figure or a table with its caption, an empty ``<span>`` beside
a picture is for Pandoc. All other raw HTML is text.
"""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.rules_inline import html_inline
from markdown_it.token import Token

from kentstats.errors import RenderError

PICTURE = re.compile(r"data:image/(svg\+xml|png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")
WITHOUT_END = {"br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
CELL = ("td", "th")
ENDED_BY = {"td": CELL, "th": CELL, "tr": (*CELL, "tr"), "p": ("p",), "li": ("li",)}
"""What ends where an element of the same kind begins."""
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

    Attributes
    ----------
    tokens : list of markdown_it.token.Token
        Those of markdown-it, and ``figure``, ``figcaption``, ``caption``, ``div`` and ``span``;
        ``html_inline`` and ``html_block`` are to be shown as they were typed.
        In ``meta`` a figure, a table and its caption have their ``number``, the head of a table
        the ``align`` and ``widths`` of its columns, a list whether it is ``tight``, a heading
        its ``level``, an image its ``alt``.
    pictures : dict of str to str
        The data addresses of the pictures by the short ones in the tokens.
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
    r"""Read a document.

    Parameters
    ----------
    markdown : str
        The document, pictures inside it.

    Returns
    -------
    Reading

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
    numbers = {"figure": 0, "table": 0}
    for place, token in enumerate(tokens):
        kind = token.type.removesuffix("_open")
        if kind in numbers:
            numbers[kind] += 1
        if kind in NUMBERED:
            token.meta["number"] = numbers[NUMBERED[kind]]
        if kind == "table":
            _set_columns(tokens, place, lines)
        elif kind in {"bullet_list", "ordered_list"}:
            _set_tight(tokens, place)
    _set_alternatives(tokens)
    _name_headings(tokens)
    return Reading(tokens, pictures)


def plain(tokens: Iterable[Token]) -> str:
    """Return the words of inline tokens, without markup.

    Examples
    --------
    >>> plain(read_markdown("*One* of `two`").tokens[1].children)
    'One of two'
    """
    return "".join(
        " "
        if token.type in {"softbreak", "hardbreak"}
        # an image holds its text twice, as it was written and as it was read
        else plain(token.children)
        if token.children is not None
        else token.content
        for token in tokens
    )


def take_pictures(markdown: str) -> tuple[str, dict[str, str]]:
    """Put short addresses in place of pictures, which would be read letter by letter.

    Returns
    -------
    (str, dict of str to str)
        The Markdown, and the data address of each picture by its short one.
    """
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


class _HtmlTree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.opened = [ET.Element("div")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self.opened[-1].tag in ENDED_BY.get(tag, ()):
            self.opened.pop()
        element = ET.SubElement(self.opened[-1], tag, {name: each or "" for name, each in attrs})
        if tag not in WITHOUT_END:
            self.opened.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in [element.tag for element in self.opened[1:]]:
            while self.opened.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        here = self.opened[-1]
        if len(here):
            here[-1].tail = (here[-1].tail or "") + data
        else:
            here.text = (here.text or "") + data


def parse_html(html: str) -> ET.Element:
    """Parse HTML, well-formed or not; return the element round it."""
    tree = _HtmlTree()
    root = tree.opened[0]
    tree.feed(html)
    tree.close()
    return root


@lru_cache(maxsize=4096)
def _read_tag(html: str) -> ET.Element:
    """Return the element that a tag begins; one without a name where that is not all."""
    found = list(parse_html(html).iter())
    is_all = len(found) == 2 and not any(each.text or each.tail for each in found)
    return found[1] if is_all else ET.Element("")


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
    element = _read_tag(start.content)
    if element.tag != "span":
        return
    tag, attributes = "span", _kept(element)
    if "claim" in element.get("class", "").split():
        place = element.get("data-source", "")
        tag, attributes = "data", {"class": "claim", "value": element.get("data-value", "")}
        attributes["data-claim"] = element.get("data-id", "")
        attributes |= {"data-source": place, "title": place}
    start.type, start.nesting, start.attrs = "span_open", 1, attributes
    end.type, end.nesting = "span_close", -1
    for token in (start, end):
        token.tag, token.content, token.hidden = tag, "", not attributes


def _kept(element: ET.Element) -> Attributes:
    return {name: element.attrib[name] for name in ("id", "class") if element.get(name)}


def _read_divs(tokens: Sequence[Token]) -> list[Token]:
    """Make figures, tables with captions and parts with names of pairs of ``<div>``."""
    read: list[Token] = []
    opened: list[tuple[int, int, Attributes]] = []
    for token in tokens:
        tag = token.content.strip() if token.type == "html_block" else ""
        while opened and token.level < opened[-1][0]:
            opened.pop()  # what it stands in has ended
        if tag == "</div>" and opened and token.level == opened[-1][0]:
            _, start, attributes = opened.pop()
            read[start:] = _captioned(read[start + 1 :], attributes)
            continue
        if tag.startswith("<div") and _read_tag(tag).tag == "div":
            opened.append((token.level, len(read), _kept(_read_tag(tag))))
        read.append(token)
    return read


def _captioned(inside: list[Token], attributes: Attributes) -> list[Token]:
    """Return what stands in a ``<div>``, with its caption where it is a figure or a table."""
    types = [token.type for token in inside]
    start, kind = Token("div_open", "div", 1, block=True), "div"
    end = types.index("table_close") + 1 if types[:1] == ["table_open"] else 3
    body, caption = inside[:end], inside[end:]
    if types[end:] in ([], PARAGRAPH) and types[:1] == ["table_open"]:
        # it is read below its table and stands within it, above the rows
        start, kind, inside = body[0], "table", [*_caption("caption", caption), *body[1:-1]]
    elif types[end:] in ([], PARAGRAPH) and types[:3] == PARAGRAPH:
        images = body[1].children or []
        if [each.type for each in images] == ["image"]:
            start, kind = Token("figure_open", "figure", 1, block=True), "figure"
            images[0].block = True
            images[0].meta["name"] = attributes.get("id")
            inside = [body[1], *_caption("figcaption", caption)]
    start.attrs = attributes
    return [start, *inside, Token(f"{kind}_close", kind, -1, block=True)]


def _caption(kind: str, paragraph: Sequence[Token]) -> list[Token]:
    start, end = Token(f"{kind}_open", kind, 1, block=True), Token(f"{kind}_close", kind, -1)
    return [start, paragraph[1], end] if paragraph else []


def _set_columns(tokens: Sequence[Token], place: int, lines: Sequence[str]) -> None:
    """Give a table its widths and sides, and its headers their scope."""
    end = next(at for at in range(place, len(tokens)) if tokens[at].type == "table_close")
    cells = [at for at in range(place, end) if tokens[at].type in {"th_open", "td_open"}]
    columns = sum(tokens[at].type == "th_open" for at in cells)
    for number, at in enumerate(cells):
        if number == 0 and not tokens[at + 1].content:
            # nothing heads the names of the rows
            tokens[at].tag = tokens[at + 2].tag = "td"
        elif number < columns:
            tokens[at].attrs["scope"] = "col"
        elif number % columns == 0:
            # the first column names the rows
            tokens[at].tag = tokens[at + 2].tag = "th"
            tokens[at].attrs["scope"] = "row"
    styles = [str(tokens[at].attrs.get("style", "")) for at in cells[:columns]]
    head = next(token for token in tokens[place:] if token.type == "thead_open")
    head.meta["align"] = [style.removeprefix("text-align:") or "left" for style in styles]
    written = lines[slice(*(tokens[place].map or ()))]
    dashes = [len(part) for part in re.findall(r":?-+:?", written[1])]
    shares = [f"{100 * count / sum(dashes):.2f}".rstrip("0").rstrip(".") for count in dashes]
    wide = max(map(len, written)) > MAX_LINE
    head.meta["widths"] = [f"{share}%" for share in shares] if wide else []


def _set_tight(tokens: Sequence[Token], place: int) -> None:
    """Tell whether the items of a list stand close together: they then have no paragraphs."""
    level = tokens[place].level
    inside = (token for token in tokens[place:] if token.type == "paragraph_open")
    tokens[place].meta["tight"] = next(
        (token.hidden for token in inside if token.level == level + 2), True
    )


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
    given = Counter(RESERVED)
    given.update(
        str(token.attrs["id"])
        for outer in tokens
        for token in (outer, *(outer.children or ()))
        if "id" in token.attrs
    )
    for name, count in given.items():
        if count > 1:
            raise RenderError(
                f"{count} parts of the document have the name “{name}”.",
                "A link could lead to one alone: give the others another id.",
            )
    taken = set(given)
    for place, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        level = int(token.tag[1:])
        # the title of the page is the one heading of the first level
        token.tag = tokens[place + 2].tag = f"h{min(level + 1, 6)}"
        token.meta["level"] = level
        base = name = identifier(plain(tokens[place + 1].children or ()))
        count = 0
        while name in taken:
            count += 1
            name = f"{base}-{count}"
        taken.add(name)
        token.attrs["id"] = name


def identifier(words: str) -> str:
    """Make a name of the words of a heading.

    Examples
    --------
    >>> identifier("1. What Ofsted found, in 2010")
    'what-ofsted-found-in-2010'
    """
    kept = "".join(mark for mark in words.lower() if mark.isalnum() or mark in "_-. ")
    name = "-".join(kept.split())
    first = next((at for at, mark in enumerate(name) if mark.isalpha()), len(name))
    return name[first:] or "section"
