"""Write a document as HTML: one file that works offline."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from kentstats.publish.document import Document, Front
from kentstats.publish.markdown import Reading, parser, plain


def write_html(document: Document, front: Front, folder: Path, template: Path) -> None:
    """Write ``briefing.html`` into a folder, with the templates of another.

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
        toc=_contents(document.reading),
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
    env = {"pictures": reading.pictures}
    return str(_Writer().render(reading.tokens, parser().options, env))


def _contents(reading: Reading) -> str:
    """Write the list of the headings of the first level, as links."""
    lines = []
    for token, words in zip(reading.tokens, reading.tokens[1:], strict=False):
        if token.type == "heading_open" and token.meta["level"] == 1:
            name = escape(str(token.attrs["id"]))
            # words alone: a link within a link would be none, and a name stands once
            text = escape(plain(words.children or ()))
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
