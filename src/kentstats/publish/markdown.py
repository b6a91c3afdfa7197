"""Read the Markdown of a briefing: figures, captions, names and numbers found once.

Both writers, of HTML and of Typst, are given the same tokens.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markdown_it.token import Token

from kentstats.errors import RenderError
from kentstats.publish.dialect import reader

PICTURE = re.compile(r"\]\(data:image/(svg\+xml|png|jpeg|gif|webp);base64,([A-Za-z0-9+/=]+)\)")
ENDINGS = {"svg+xml": "svg", "jpeg": "jpg"}
COLUMNS = 72
"""A table with a longer line has the widths that its rule gives: so does Pandoc."""
WIDTH = re.compile(r"\d{1,4}(\.\d+)?(%|cm|mm|in|pt|em)")
"""What HTML and Typst both read as a width."""
CAPTIONS = {"figcaption": "figure", "caption": "table"}
TAKEN = ("content", "contents")
"""Names of the page's own parts."""


@dataclass(frozen=True)
class Picture:
    """A picture inside a document.

    Attributes
    ----------
    kind : str
        As in ``image/svg+xml``.
    data : str
        What it holds, in base 64.
    """

    kind: str
    data: str

    @property
    def address(self) -> str:
        """The picture as an address, for HTML."""
        return f"data:image/{self.kind};base64,{self.data}"

    @property
    def content(self) -> bytes:
        """The picture as a file, for Typst."""
        return base64.b64decode(self.data)


@dataclass(frozen=True)
class Reading:
    """A document as it was read.

    Attributes
    ----------
    tokens : list of markdown_it.token.Token
        Those of markdown-it, and ``figure``, ``figcaption``, ``caption`` and
        ``span``. In ``meta`` a figure, a table and its caption have their
        ``number``, the head of a table the ``align`` and ``widths`` of its
        columns, a list whether it is ``tight``, a heading its ``level``, an
        image its ``alt``.
    pictures : dict of str to Picture
        The pictures by the address that stands for them in the tokens.
    """

    tokens: list[Token]
    pictures: dict[str, Picture]


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
    text, pictures = _take_pictures(markdown)
    tokens = list(_figures(reader().parse(text)))
    lines = re.split(r"\r\n?|\n", text)
    numbers = {"figure": 0, "table": 0}
    for place, token in enumerate(tokens):
        kind = token.type.removesuffix("_open")
        if kind in numbers:
            numbers[kind] += 1
        if (numbered := CAPTIONS.get(kind, kind)) in numbers:
            token.meta["number"] = numbers[numbered]
        if kind == "table":
            _dress_table(tokens, place, lines)
        elif kind in {"bullet_list", "ordered_list"}:
            _dress_list(tokens, place)
    _describe(tokens)
    _dress_headings(tokens)
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
        # an image holds its caption twice, as it was written and as it was read
        else plain(token.children)
        if token.children is not None
        else token.content
        for token in tokens
    )


def _take_pictures(markdown: str) -> tuple[str, dict[str, Picture]]:
    """Put short addresses in place of pictures: they would be read letter by letter."""
    pictures: dict[str, Picture] = {}

    def take(match: re.Match[str]) -> str:
        name = f"figures/{len(pictures) + 1}.{ENDINGS.get(match[1], match[1])}"
        pictures[name] = Picture(match[1], match[2])
        return f"]({name})"

    return PICTURE.sub(take, markdown), pictures


def _figures(tokens: Sequence[Token]) -> Iterator[Token]:
    """Make a figure of each paragraph that is a picture with a caption."""
    for place, token in enumerate(tokens):
        yield token
        images = token.children or []
        if len(images) != 1 or images[0].type != "image" or not images[0].children:
            continue
        before, after = tokens[place - 1], tokens[place + 1]
        if before.type != "paragraph_open" or before.hidden:
            continue
        before.type, after.type = "figure_open", "figure_close"
        before.tag = after.tag = "figure"
        images[0].block = True
        if "id" in images[0].attrs:
            before.attrs["id"] = images[0].attrs.pop("id")
        yield Token("figcaption_open", "figcaption", 1, block=True)
        yield Token("inline", "", 0, children=images[0].children)
        yield Token("figcaption_close", "figcaption", -1, block=True)


def _dress_table(tokens: Sequence[Token], place: int, lines: Sequence[str]) -> None:
    """Give a table its widths and sides, and its headers their scope."""
    end = next(at for at in range(place, len(tokens)) if tokens[at].type == "table_close")
    cells = [at for at in range(place, end) if tokens[at].type in {"th_open", "td_open"}]
    columns = sum(tokens[at].type == "th_open" for at in cells)
    for number, at in enumerate(cells):
        if number < columns:
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
    wide = max(map(len, written)) > COLUMNS
    head.meta["widths"] = [f"{share}%" for share in shares] if wide else []


def _dress_list(tokens: Sequence[Token], place: int) -> None:
    """Tell whether the items of a list stand close together: they then have no paragraphs."""
    level = tokens[place].level
    inside = (token for token in tokens[place:] if token.type == "paragraph_open")
    tokens[place].meta["tight"] = next(
        (token.hidden for token in inside if token.level == level + 2), True
    )


def _describe(tokens: Iterable[Token]) -> None:
    """Give every picture its alternative text, its caption where it has no other."""
    images = [child for token in tokens for child in token.children or () if child.type == "image"]
    for number, image in enumerate(images, 1):
        if not WIDTH.fullmatch(image.meta.get("width", "")):
            image.meta.pop("width", None)
        image.meta["alt"] = image.meta.get("fig-alt") or plain(image.children or ())
        if not image.meta["alt"].strip():
            name = image.attrs.get("id", number)
            raise RenderError(
                f"The picture {name} has no alternative text.",
                'Say what it shows: ![Caption](picture.svg){fig-alt="What it shows"}.',
            )


def _dress_headings(tokens: Sequence[Token]) -> None:
    """Name headings by their words, as Pandoc does: links lead to them on both routes."""
    given = Counter(TAKEN)
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
                f"A link could lead to one alone: give the others another {{#{name}}}.",
            )
    taken = set(given)
    for place, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        level = int(token.tag[1:])
        # the title of the page is the one heading of the first level
        token.tag = tokens[place + 2].tag = f"h{min(level + 1, 6)}"
        token.meta["level"] = level
        if "id" not in token.attrs:
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
