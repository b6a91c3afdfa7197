"""The Markdown of blocks: CommonMark with tables, captions, spans and attributes.

CommonMark and its tables are markdown-it's. What is added is Pandoc's, so
that Quarto reads the same: attributes in braces after headings, spans,
pictures, links and code; captions below tables. Raw HTML is text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

Attributes = dict[str, str]

ATTRIBUTE = re.compile(
    r"""\s* (?: \#(?P<id>[\w:.-]+) | \.(?P<class>[\w-]+) | (?P<key>[\w:-]+)= (?:
        "(?P<double>(?:\\.|[^"\\])*)" | '(?P<single>(?:\\.|[^'\\])*)' | (?P<bare>[\w:.%/-]+)
    ))(?=[\s}])""",
    re.VERBOSE | re.DOTALL,
)
CLOSED = re.compile(r"\s*\}")
CAPTION = re.compile(r"(?:[Tt]able)?:[ \t]*(?=\S)")
# text in brackets with nothing in it that could hold a bracket: the end need not be searched for
PLAIN = re.compile(r"\[((?:[^\[\]\\`<]|\\[!-/:-@\[-`{-~])*)\]")
# what attributes may stand after, besides the text of a span
BEARERS = {"image": "image", "code_inline": "code_inline", "link_close": "link_open"}
# what would be read, or counted, in an attribute that is skipped as text
MARKS = re.compile(r"[\[`<\\]|\](?!\{)")
SHOWN = ("id", "class")
# words without a mark that could begin something
WORDS = re.compile(r"[^\\`*_\[\]!<>&{}\n]+")


@cache
def reader() -> MarkdownIt:
    """Return the reader of the dialect.

    Returns
    -------
    markdown_it.MarkdownIt

    Examples
    --------
    >>> [_, words, _] = reader().parse("Only [78%]{.claim} did.")
    >>> [token.type for token in words.children]
    ['text', 'span_open', 'text', 'span_close', 'text']
    """
    made = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable("table")
    # as it is in the chain of "blockquote", a caption ends its table without a blank line too
    made.block.ruler.before("paragraph", "caption", _caption, {"alt": ["blockquote"]})
    made.core.ruler.after("block", "heading_attributes", _heading_attributes)
    made.core.ruler.at("inline", _inline)
    made.inline.ruler.before("link", "span", _span)
    made.inline.ruler.push("attributes", _attributes)
    return made


def read_attributes(text: str, at: int) -> tuple[Attributes, int] | None:
    r"""Read attributes in braces.

    Parameters
    ----------
    text : str
        Where they may stand.
    at : int
        Where the brace may be.

    Returns
    -------
    (dict of str to str, int) or None
        The attributes, ``id`` and ``class`` among them, and where the text
        goes on; none where there are no attributes, or they do not end.

    Examples
    --------
    >>> read_attributes('x{#fig-a fig-alt="Two \\"bars\\""}.', 1)
    ({'id': 'fig-a', 'fig-alt': 'Two "bars"'}, 32)
    >>> read_attributes("x{y}", 1) is None
    True
    """
    if not text.startswith("{", at):
        return None
    found: Attributes = {}
    at += 1
    while match := ATTRIBUTE.match(text, at):
        name, kind, key, double, single, bare = match.groups()
        if name:
            found["id"] = name
        elif kind:
            found["class"] = f"{found['class']} {kind}" if "class" in found else kind
        else:
            found[key] = bare or unescapeAll(double or single or "")
        at = match.end()
    end = CLOSED.match(text, at)
    return (found, end.end()) if end and found else None


def split_attributes(text: str) -> tuple[str, Attributes]:
    """Part a heading or a caption from the attributes at its end.

    Examples
    --------
    >>> split_attributes("Words {#tbl-x}")
    ('Words', {'id': 'tbl-x'})
    """
    words, space, _ = text.rpartition(" {")
    found = read_attributes(text, len(words) + 1) if space else None
    return (words.rstrip(), found[0]) if found and found[1] == len(text) else (text, {})


def _shown(found: Attributes) -> dict[str, str | int | float]:
    return {key: found[key] for key in SHOWN if key in found}


def _claim(found: Attributes) -> dict[str, str | int | float]:
    place = found.get("data-source", "")
    return {
        "class": "claim",
        "value": found.get("data-value", ""),
        "data-claim": found.get("data-id", ""),
        "data-source": place,
        "title": place,
    }


def _span(state: StateInline, silent: bool) -> bool:  # noqa: FBT001, as markdown-it calls it
    if state.src[state.pos] != "[":
        return False
    plain = PLAIN.match(state.src, state.pos, state.posMax)
    end = plain.end(1) if plain else state.md.helpers.parseLinkLabel(state, state.pos)
    if end < 0:
        return False
    found = read_attributes(state.src, end + 1)
    if found is None or found[1] > state.posMax:
        return False
    if silent and not MARKS.search(state.src, end, found[1]):
        # within the text of a link, markdown-it takes what it skips from a bracket on for
        # another link, and then sees none in the whole; so its brackets are left to count
        return False
    if not silent:
        top = state.posMax
        state.pos, state.posMax = state.pos + 1, end
        claim = "claim" in found[0].get("class", "").split()
        tag = "data" if claim else "span"
        state.push("span_open", tag, 1).attrs = _claim(found[0]) if claim else _shown(found[0])
        state.md.inline.tokenize(state)
        state.push("span_close", tag, -1)
        state.posMax = top
    state.pos = found[1]
    return True


def _attributes(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    if state.src[state.pos] != "{" or state.pending or not state.tokens:
        return False
    last = state.tokens[-1]
    found = read_attributes(state.src, state.pos) if last.type in BEARERS else None
    if found is None or found[1] > state.posMax:
        return False
    if not silent:
        bearer = next(
            token
            for token in reversed(state.tokens)
            if token.type == BEARERS[last.type] and token.level == last.level
        )
        bearer.attrs.update(_shown(found[0]))
        bearer.meta.update(found[0])
    state.pos = found[1]
    return True


def _caption(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    mark = CAPTION.match(line)
    if mark is None:
        return False
    if silent:
        return state.parentType == "table"
    at = _open_table(state.tokens)
    if at is None:
        return False
    last = start + 1
    while last < end and not state.isEmpty(last):
        last += 1
    text = state.getLines(start, last, state.blkIndent, keepLastLF=False).strip()[mark.end() :]
    words, found = split_attributes(text)
    state.tokens[at].attrs.update(_shown(found))
    # it is read below its table and stands within it, above the rows
    state.tokens[at + 1 : at + 1] = [
        Token("caption_open", "caption", 1, block=True),
        Token("inline", "", 0, content=words, children=[], map=[start, last]),
        Token("caption_close", "caption", -1, block=True),
    ]
    state.line = last
    return True


def _open_table(tokens: Sequence[Token]) -> int | None:
    """Find the table that has just ended, if it has no caption yet."""
    if not tokens or tokens[-1].type != "table_close":
        return None
    at = len(tokens) - 1
    while tokens[at].type != "table_open":
        at -= 1
    return at if tokens[at + 1].type != "caption_open" else None


def _inline(state: StateCore) -> None:
    """Read what stands in blocks, as markdown-it does: of words alone there is nothing to read."""
    for token in state.tokens:
        if token.type == "inline":
            token.children = []
            if WORDS.fullmatch(token.content):
                token.children.append(Token("text", "", 0, content=token.content))
            else:
                state.md.inline.parse(token.content, state.md, state.env, token.children)


def _heading_attributes(state: StateCore) -> None:
    for place, token in enumerate(state.tokens):
        if token.type == "heading_open":
            words = state.tokens[place + 1]
            words.content, found = split_attributes(words.content)
            token.attrs.update(_shown(found))
