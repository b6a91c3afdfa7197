"""Write a document as HTML: one file that works offline."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from html import escape
from pathlib import Path
from string import Template

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from kentstats.publish.document import Document, Front
from kentstats.publish.markdown import Reading, parser, plain


def write_html(document: Document, front: Front, folder: Path, template: Path) -> None:
    """Write ``briefing.html``: one file that works offline.

    Parameters
    ----------
    document : Document
        What to write.
    front : Front
        Its title and the like.
    folder : pathlib.Path
        Where to.
    template : pathlib.Path
        The folder of templates, with ``briefing.html`` and ``briefing.css``.

    Raises
    ------
    RenderError
        A picture has no alternative text, or two things have one name.
    """
    page, style = (
        (template / f"briefing.{kind}").read_text(encoding="utf-8") for kind in ("html", "css")
    )
    text = Template(page).substitute(
        title=escape(front.title),
        subtitle=escape(front.subtitle),
        description=escape(front.description),
        credit=escape(front.credit),
        style=style,
        toc=contents(document.reading),
        body=body(document.reading),
    )
    (folder / "briefing.html").write_text(text, encoding="utf-8", newline="\n")


def body(reading: Reading) -> str:
    r"""Write the document alone.

    Examples
    --------
    >>> from kentstats.publish.markdown import read_markdown
    >>> print(body(read_markdown("# Workforce\n\n2 < 3")), end="")
    <h2 id="workforce">Workforce</h2>
    <p>2 &lt; 3</p>
    """
    return str(_writer().render(reading.tokens, parser().options, {"pictures": reading.pictures}))


def contents(reading: Reading) -> str:
    """Write the list of the headings of the first level, as links."""
    lines = []
    for token, words in zip(reading.tokens, reading.tokens[1:], strict=False):
        if token.type == "heading_open" and token.meta["level"] == 1:
            name = escape(str(token.attrs["id"]))
            # words alone: a link within a link would be none, and a name stands once
            text = escape(plain(words.children or ()))
            lines.append(f'<li><a href="#{name}" id="toc-{name}">{text}</a></li>\n')
    return f"<ul>\n{''.join(lines)}</ul>" if lines else ""


@cache
def _writer() -> Writer:
    return Writer()


class Writer(RendererHTML):
    """markdown-it's writer, with numbers before captions and boxes that scroll.

    Methods are named after the tokens they write. Whatever has none is
    written as its tag and attributes stand.
    """

    def table_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        """Open a table in a box that scrolls."""
        return f"{_box('Table', tokens[idx])}<table{self.renderAttrs(tokens[idx])}>\n"

    def caption_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        """Open the caption of a table, with its number."""
        return f"<caption>{_numbered('Table', tokens[idx])}"

    def caption_close(self, *_: object) -> str:
        """Close the caption of a table."""
        return "</span></caption>\n"

    def thead_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        """Open the head of a table, after the widths of its columns."""
        columns = "".join(
            f'<col style="width: {width}" />\n' for width in tokens[idx].meta["widths"]
        )
        return f"<colgroup>\n{columns}</colgroup>\n<thead>\n" if columns else "<thead>\n"

    def table_close(self, *_: object) -> str:
        """Close a table and its box."""
        return "</table>\n</div>\n"

    def figure_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        """Open a figure, and a box that scrolls for the picture."""
        return f"<figure{self.renderAttrs(tokens[idx])}>\n{_box('Figure', tokens[idx])}"

    def figcaption_open(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        """Close the box of the picture; open the caption, with its number."""
        return f"</div>\n<figcaption>{_numbered('Figure', tokens[idx])}"

    def figcaption_close(self, *_: object) -> str:
        """Close the caption of a figure."""
        return "</span></figcaption>\n"

    def html_inline(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        """Show a tag that is none of ours as it was typed."""
        return escape(tokens[idx].content)

    def html_block(self, tokens: Sequence[Token], idx: int, *_: object) -> str:
        """Show raw HTML as it was typed."""
        return f"<p>{escape(tokens[idx].content.strip())}</p>\n"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Write a picture, its data within it."""
        token = tokens[idx]
        source = str(token.attrs["src"])
        address = env["pictures"].get(source, source)
        shown = {**token.attrs, "src": address, "alt": token.meta["alt"]}
        return self.renderToken([token.copy(attrs=shown)], 0, options, env)


def _box(kind: str, token: Token) -> str:
    name = f"{kind} {token.meta['number']}"
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{name}">\n'


def _numbered(kind: str, token: Token) -> str:
    # a box of its own, which stays in sight while a wide table scrolls
    return f'<span class="words"><strong>{kind} {token.meta["number"]}</strong>. '
