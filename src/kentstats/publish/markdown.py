"""Read the Markdown of a document once, for the writers of HTML and of Typst.

It is CommonMark with tables, and three elements of HTML: a ``<span>`` is a claim or a place that
links lead to, a ``<div>`` holds a figure or a table with its caption, an empty ``<span>`` beside
a picture is for Pandoc. All other raw HTML is text.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from kentstats.errors import RenderError

PICTURE = re.compile(r"data:image/(svg\+xml|png|jpeg|gif|webp);base64,([A-Za-z0-9+/=]+)")
ENDINGS = {"svg+xml": "svg", "jpeg": "jpg"}
MAX_LINE = 72
"""A table with a longer line has the widths that its rule gives: so does Pandoc."""
NUMBERED = {"figure": "figure", "figcaption": "figure", "table": "table", "caption": "table"}
WORDS = re.compile(r"[^\\`*_\[\]!<>&\n]+")
RESERVED = ("content", "contents")
"""Names of the page's own parts."""

Attributes = dict[str, str | int | float]


@dataclass(frozen=True)
class Reading:
    """A document as it was read.

    Attributes
    ----------
    tokens : list of markdown_it.token.Token
        Those of markdown-it, and ``figure``, ``figcaption``, ``caption``,
        ``div`` and ``span``. In ``meta`` a figure, a table and its caption have
        their ``number``, the head of a table the ``align`` and ``widths`` of
        its columns, a list whether it is ``tight``, a heading its ``level``,
        an image its ``alt``.
    pictures : dict of str to (str, str)
        The pictures by the address that stands for them in the tokens: their
        data address and the data in base 64.
    """

    tokens: list[Token]
    pictures: dict[str, tuple[str, str]]

    @property
    def files(self) -> dict[str, bytes]:
        """The pictures as files, by the same address."""
        return {name: base64.b64decode(data) for name, (_, data) in self.pictures.items()}


@cache
def parser() -> MarkdownIt:
    """Return the parser of CommonMark with tables."""
    made = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
    made.core.ruler.at("inline", _parse_inline)
    return made


def _parse_inline(state: StateCore) -> None:
    """Parse what stands in blocks as markdown-it does; words without a mark are not looked into."""
    for token in state.tokens:
        if token.type == "inline":
            token.children = []
            if WORDS.fullmatch(token.content):
                token.children.append(Token("text", "", 0, content=token.content))
            else:
                state.md.inline.parse(token.content, state.md, state.env, token.children)


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


def take_pictures(markdown: str) -> tuple[str, dict[str, tuple[str, str]]]:
    """Put short addresses in place of pictures: they would be read letter by letter.

    Returns
    -------
    (str, dict of str to (str, str))
        The Markdown, and by its short address the whole one of each picture
        and its data in base 64.
    """
    pictures: dict[str, tuple[str, str]] = {}

    def take(match: re.Match[str]) -> str:
        name = f"figures/{len(pictures) + 1}.{ENDINGS.get(match[1], match[1])}"
        pictures[name] = (match[0], match[2])
        return name

    return PICTURE.sub(take, markdown), pictures


class _Tags(HTMLParser):
    """Notes what tags there are, and whether there is anything else."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        self.found.append((f"/{tag}", {}))

    def handle_data(self, data: str) -> None:
        self.found.append((f"text {data}", {}))


@lru_cache(maxsize=4096)
def _read_tag(html: str) -> tuple[str, dict[str, str]]:
    """Return the name of a tag, a slash before that of an end, and its attributes.

    The name is empty where the text is not one tag alone.
    """
    tags = _Tags()
    tags.feed(html)
    return tags.found[0] if len(tags.found) == 1 else ("", {})


def _read_spans(children: list[Token]) -> list[Token]:
    """Make spans of pairs of tags, claims among them, and text of other tags."""
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
    for token in children:
        if token.type == "html_inline":
            token.type = "text"
    return [token for token in children if not token.hidden]


def _make_span(start: Token, end: Token) -> None:
    name, given = _read_tag(start.content)
    if name != "span":
        return
    attributes = _kept(given)
    tag = "span"
    if "claim" in given.get("class", "").split():
        place = given.get("data-source", "")
        tag, attributes = "data", {"class": "claim", "value": given.get("data-value", "")}
        attributes |= {"data-claim": given.get("data-id", ""), "data-source": place, "title": place}
    start.type, start.nesting, start.attrs = "span_open", 1, attributes
    end.type, end.nesting = "span_close", -1
    for token in (start, end):
        token.tag, token.content, token.hidden = tag, "", not attributes


def _kept(given: dict[str, str]) -> Attributes:
    return {name: given[name] for name in ("id", "class") if given.get(name)}


def _read_divs(tokens: Sequence[Token]) -> list[Token]:
    """Make figures, tables with captions and parts with names of pairs of ``<div>``."""
    read: list[Token] = []
    opened: list[tuple[int, int, Attributes]] = []
    for token in tokens:
        name, given = ("", {}) if token.type != "html_block" else _read_tag(token.content.strip())
        while opened and token.level < opened[-1][0]:
            opened.pop()  # what it stands in has ended
        if name == "div":
            opened.append((token.level, len(read), _kept(given)))
        if name == "/div" and opened and token.level == opened[-1][0]:
            _, start, attributes = opened.pop()
            read[start:] = _captioned(read[start + 1 :], attributes)
        else:
            read.append(token)
    return [each for token in read for each in _shown_as_text(token)]


def _shown_as_text(token: Token) -> Iterator[Token]:
    if token.type != "html_block":
        yield token
        return
    words = Token("text", "", 0, content=" ".join(token.content.split()))
    yield Token("paragraph_open", "p", 1, block=True)
    yield Token("inline", "", 0, children=[words])
    yield Token("paragraph_close", "p", -1, block=True)


def _captioned(inside: list[Token], attributes: Attributes) -> list[Token]:
    """Return what stands in a ``<div>``, with its caption where it is a figure or a table."""
    kind, end = "div", len(inside)
    if inside and inside[0].type == "table_open":
        kind, end = (
            "table",
            next(at for at, each in enumerate(inside) if each.type == "table_close"),
        )
    elif inside and [each.type for each in inside[1].children or ()] == ["image"]:
        kind, end = "figure", 2
    body, caption = inside[: end + 1], inside[end + 1 :]
    worded = [token.type for token in caption] == ["paragraph_open", "inline", "paragraph_close"]
    if caption and not worded:
        kind = "div"
    if kind == "figure":
        for image in body[1].children or ():
            image.block = True
            image.meta["name"] = attributes.get("id")
        inside = [body[1], *_caption("figcaption", caption)]
    elif kind == "table":
        # it is read below its table and stands within it, above the rows
        inside = [*_caption("caption", caption), *body[1:-1]]
    start = body[0] if kind == "table" else Token(f"{kind}_open", kind, 1, block=True)
    start.attrs = attributes
    return [start, *inside, Token(f"{kind}_close", kind, -1, block=True)]


def _caption(kind: str, paragraph: Sequence[Token]) -> list[Token]:
    if not paragraph:
        return []
    return [
        Token(f"{kind}_open", kind, 1, block=True),
        paragraph[1],
        Token(f"{kind}_close", kind, -1, block=True),
    ]


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
