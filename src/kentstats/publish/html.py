"""Read the Markdown of a document, and write it as HTML: one file that works offline.

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
from html import escape, unescape
from importlib import import_module
from pathlib import Path
from string import Template

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from kentstats.errors import RenderError
from kentstats.publish.document import Front

PICTURE = re.compile(r"data:image/(svg\+xml|png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+")
ENDINGS = {"svg+xml": "svg", "jpeg": "jpg"}
TAG = re.compile(r"<(span|div)((?:\s+[\w-]+=\"[^\"]*\")*)\s*>")
ATTRIBUTE = re.compile(r"([\w-]+)=\"([^\"]*)\"")
WORDS = r"(?:[^\\`*_\[\]<&\n]|\\[!-/:-@\[-`{-~])"
SPAN = r"<span(?: [a-z-]+=\"[^\"\n]*\")*>|</span>"
SIMPLE = re.compile(f"({WORDS}+)|({SPAN})")
"""Words without markup, or the tag of a span."""
ALL_SIMPLE = re.compile(f"(?:{WORDS}|{SPAN})*")
MAX_LINE = 72
"""A table with a longer line has the widths that its rule gives: so does Pandoc."""
NUMBERED = {"figure": "figure", "figcaption": "figure", "table": "table", "caption": "table"}
PARAGRAPH = ["paragraph_open", "inline", "paragraph_close"]
RESERVED = ("content", "contents")
"""Names of the page's own parts."""


@dataclass(frozen=True)
class Reading:
    """A document as it was read.

    The `tokens` are those of markdown-it, and ``figure``, ``figcaption``, ``caption`` and
    ``span``; ``html_inline`` and ``html_block`` are to be shown as they were typed. In
    ``meta`` a figure, a table and its caption have their ``number``, the head of a table the
    ``align`` and ``widths`` of its columns, a heading its ``level``, an image its ``alt``. The
    `pictures` are data addresses by the short ones in the tokens.
    """

    tokens: list[Token]
    pictures: dict[str, str]


@cache
def _parser() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"maxNesting": 100}).enable("table")
    made.core.ruler.at("inline", _read_inline)
    # claims make rows long, and markdown-it parts them letter by letter
    rule = import_module("markdown_it.rules_block.table")
    rule.escapedSplit = _cells  # type: ignore[attr-defined]
    return made


def _cells(row: str) -> list[str]:
    return [cell.replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row)]


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
    tokens = _read_divs(_parser().parse(text))
    lines = re.split(r"\r\n?|\n", text)
    names, numbers = _names(tokens), Counter[str]()
    for place, token in enumerate(tokens):
        kind = token.type.removesuffix("_open")
        numbers[kind] += 1
        if kind in NUMBERED:
            token.meta["number"] = numbers[NUMBERED[kind]]
        if kind == "table":
            _set_columns(tokens, place, lines)
        elif kind == "heading":
            _name_heading(tokens, place, names)
        for image in token.children or ():
            if image.type == "image":
                numbers["image"] += 1
                _set_alternative(image, numbers["image"])
    return Reading(tokens, pictures)


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


def _read_inline(state: StateCore) -> None:
    """Read what stands in blocks; most is words and claims alone, which need no parser."""
    for block in state.tokens:
        if block.type != "inline":
            continue
        found: list[Token] = []
        if ALL_SIMPLE.fullmatch(block.content):
            for words, tag in SIMPLE.findall(block.content):
                content = tag or re.sub(r"\\(.)", r"\1", words)
                found.append(Token("html_inline" if tag else "text", "", 0, content=content))
        else:
            state.md.inline.parse(block.content, state.md, state.env, found)
        block.children = _read_spans(found)


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


def _read_tag(html: str) -> tuple[str, dict[str, str]]:
    """Return name and attributes of the tag of a span or div; no name where that is not all."""
    if not (tag := TAG.fullmatch(html)):
        return "", {}
    return tag[1], {name: unescape(text) for name, text in ATTRIBUTE.findall(tag[2])}


def _kept(given: Mapping[str, str]) -> dict[str, str | int | float]:
    return {name: given[name] for name in ("id", "class") if given.get(name)}


def _read_divs(tokens: Sequence[Token]) -> list[Token]:
    """Make figures and tables of what stands in a ``<div>``; others are shown as typed."""
    read: list[Token] = []
    start = None
    for token in tokens:
        read.append(token)
        if token.type != "html_block":
            continue
        tag = token.content.strip()
        if _read_tag(tag)[0] == "div":
            start = len(read) - 1
        elif tag == "</div>" and start is not None:
            _, given = _read_tag(read[start].content.strip())
            read[start:] = _captioned(read[start + 1 : -1], _kept(given)) or read[start:]
            start = None
    return read


def _captioned(inside: list[Token], attributes: dict[str, str | int | float]) -> list[Token]:
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


def _set_alternative(image: Token, number: int) -> None:
    image.meta["alt"] = _plain(image.children or ())
    if not image.meta["alt"].strip():
        raise RenderError(
            f"The picture {image.meta.get('name') or number} has no alternative text.",
            "Say what it shows: ![What it shows](picture.svg).",
        )


def _names(tokens: Iterable[Token]) -> set[str]:
    """Return the names that are given to parts of a document, each to one."""
    everything = (each for token in tokens for each in (token, *(token.children or ())))
    names = Counter(
        [*RESERVED, *(str(each.attrs["id"]) for each in everything if each.attrs.get("id"))]
    )
    for name, count in names.items():
        if count > 1:
            raise RenderError(
                f"{count} parts of the document have the name “{name}”.",
                "A link could lead to one alone: give the others another id.",
            )
    return set(names)


def _name_heading(tokens: Sequence[Token], place: int, taken: set[str]) -> None:
    """Name a heading by its words, as Pandoc does: links lead to it on both routes."""
    token = tokens[place]
    level = token.meta["level"] = int(token.tag[1:])
    # the title of the page is the one heading of the first level
    token.tag = tokens[place + 2].tag = f"h{min(level + 1, 6)}"
    words = re.sub(r"[^\w\-. ]", "", _plain(tokens[place + 1].children or ()).lower())
    base = re.sub(r"^[\W\d_]+", "", "-".join(words.split())) or "section"
    names = (f"{base}-{at}" if at else base for at in itertools.count())
    token.attrs["id"] = name = next(each for each in names if each not in taken)
    taken.add(name)


def _plain(tokens: Iterable[Token]) -> str:
    """Return the words of inline tokens, without markup."""
    words = ""
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            words += " "
        # an image holds its text twice, as it was written and as it was read
        else:
            words += token.content if token.children is None else _plain(token.children)
    return words


def write_html(reading: Reading, front: Front, folder: Path, template: Path) -> None:
    """Write ``briefing.html`` into a folder, with the templates of another."""
    page, style = (
        (template / f"briefing.{kind}").read_text(encoding="utf-8") for kind in ("html", "css")
    )
    text = Template(page).substitute(
        title=escape(front.title),
        subtitle=escape(front.subtitle),
        description=escape(front.description),
        credit=escape(front.credit),
        style=style,
        toc=_contents(reading.tokens),
        body=body(reading),
    )
    (folder / "briefing.html").write_text(text, encoding="utf-8", newline="\n")


def body(reading: Reading) -> str:
    r"""Write the document alone.

    Examples
    --------
    >>> print(body(read_markdown("# Workforce\n\n2 < 3")), end="")
    <h2 id="workforce">Workforce</h2>
    <p>2 &lt; 3</p>
    """
    env = {"pictures": reading.pictures}
    return str(_Writer().render(reading.tokens, _parser().options, env))


def _contents(tokens: Sequence[Token]) -> str:
    """Write the list of the headings of the first level, as links."""
    lines = []
    for token, words in itertools.pairwise(tokens):
        if token.type == "heading_open" and token.meta["level"] == 1:
            name = escape(str(token.attrs["id"]))
            # words alone: a link within a link would be none, and a name stands once
            text = escape(_plain(words.children or ()))
            lines.append(f'<li><a href="#{name}" id="toc-{name}">{text}</a></li>\n')
    return f"<ul>\n{''.join(lines)}</ul>" if lines else ""


class _Writer(RendererHTML):
    """markdown-it's writer, with numbers before captions and boxes that scroll.

    Methods are named after the tokens they write; what has none is written as it stands.
    """

    def table_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return f"{_box('Table', tokens[idx])}<table{self.renderAttrs(tokens[idx])}>\n"

    def caption_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return f"<caption>{_numbered('Table', tokens[idx])}"

    def caption_close(self, *_: object) -> str:
        return "</span></caption>\n"

    def thead_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        columns = "".join(
            f'<col style="width: {width}" />\n' for width in tokens[idx].meta["widths"]
        )
        return f"<colgroup>\n{columns}</colgroup>\n<thead>\n" if columns else "<thead>\n"

    def table_close(self, *_: object) -> str:
        return "</table>\n</div>\n"

    def figure_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return f"<figure{self.renderAttrs(tokens[idx])}>\n{_box('Figure', tokens[idx])}"

    def figcaption_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return f"</div>\n<figcaption>{_numbered('Figure', tokens[idx])}"

    def figcaption_close(self, *_: object) -> str:
        return "</span></figcaption>\n"

    def html_inline(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return escape(tokens[idx].content)

    def html_block(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        return f"<p>{escape(tokens[idx].content.strip())}</p>\n"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        source = env["pictures"].get(token.attrs["src"], token.attrs["src"])
        attributes = {**token.attrs, "src": source, "alt": token.meta["alt"]}
        return self.renderToken([token.copy(attrs=attributes)], 0, options, env)


def _box(kind: str, token: Token) -> str:
    name = f"{kind} {token.meta['number']}"
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{name}">\n'


def _numbered(kind: str, token: Token) -> str:
    # a box of its own, which stays in sight while a wide table scrolls
    return f'<span class="words"><strong>{kind} {token.meta["number"]}</strong>. '
