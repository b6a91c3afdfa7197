"""Read an executed notebook: all that it shows as Markdown, its claims, and what is left out."""

from __future__ import annotations

import base64
import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from html.parser import HTMLParser
from importlib.util import find_spec
from itertools import count, product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from kentstats.errors import RenderError
from kentstats.report.blocks import captioned, picture_markdown, table
from kentstats.report.claims import escape
from kentstats.report.sentences import Text

if TYPE_CHECKING:
    from nbformat import NotebookNode

HEADING = re.compile(r"(#{1,6}) ")
CODE = re.compile(r"(`+).*?\1", re.DOTALL)
NOT_READ = {
    "a footnote": re.compile(r"(?<!\\)\[\^[^\]\s]+\]"),
    "mathematics": re.compile(r"(?<!\\)\$\$?[^\s$]([^$\n]*[^\s$\\])?\$\$?(?!\d)"),
}
"""What Markdown cells may hold and a briefing prints as it was typed."""
PICTURES = ("image/svg+xml", "image/png", "image/jpeg")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+>")
SPAN = re.compile(r"\d{1,3}")
TERMINAL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
NUMBER = re.compile(r"[-+]?([\d,]*\.?\d+(e[-+]?\d+)?|nan|inf)%?", re.IGNORECASE)
INLINE = {"a", "abbr", "b", "code", "em", "i", "small", "span", "strong", "sub", "sup", "u"}
"""Elements of HTML within a paragraph."""
NOT_SHOWN = {"audio", "canvas", "form", "iframe", "img", "object", "script", "svg", "video"}
"""Elements of HTML that are more than words and tables."""


@dataclass(frozen=True)
class Front:
    """What stands above a briefing and in its metadata.

    The `day` is that of the source, printed if `dated`; the document bears no other, so that
    the same data give the same bytes.
    """

    title: str
    subtitle: str
    author: str
    description: str
    credit: str
    day: dt.date
    dated: bool = True


@dataclass(frozen=True)
class Document:
    """What a notebook shows, without its code.

    The `blocks` are Markdown cells, and outputs as Markdown, in order; `claims` are those
    printed, by their ids; `lists` the many facts behind several claims, by the name that these
    have for them. `warnings` say what the document lacks or shows otherwise than the notebook.
    """

    blocks: tuple[str, ...]
    claims: dict[str, dict[str, Any]] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def markdown(self) -> str:
        """The blocks as one text, pictures inside it."""
        return "\n\n".join(block.strip("\n") for block in self.blocks) + "\n"


def read_document(notebook: NotebookNode) -> Document:
    """Read what an executed notebook shows.

    Raises
    ------
    RenderError
        The notebook shows nothing: it was not executed. Or two claims have one id.
    """
    blocks: list[str] = []
    claims: dict[str, dict[str, Any]] = {}
    lists: dict[str, list[str]] = {}
    warnings: list[str] = []
    executed = False
    for number, cell in enumerate(notebook.cells, 1):
        reader = _CellReader(number, cell.source, warnings)
        if cell.cell_type == "markdown":
            blocks.append(reader.check_letters(reader.markdown(cell.source)))
        for output in cell.get("outputs", []):
            executed = True
            ours = output.get("metadata", {}).get("kentstats")
            if ours is None:
                blocks += filter(None, map(reader.check_letters, reader.read(output)))
                continue
            blocks += filter(None, [output["data"]["text/markdown"]])
            lists.update(ours.get("lists", {}))
            for made in ours.get("claims", []):
                if claims.setdefault(made["id"], made) != made:
                    raise RenderError(
                        f"Two claims have the id {made['id']}.",
                        "Report this: claims need longer ids.",
                    )
    if not executed:
        raise RenderError("The notebook shows nothing.", "Execute it before rendering it.")
    return Document(tuple(prune(blocks)), claims, dict(sorted(lists.items())), tuple(warnings))


def prune(blocks: list[str]) -> list[str]:
    """Take out headings under which there is nothing.

    A notebook has the headings of every section; an authority without a report, or with one,
    fills only some of them. A heading is a block of its own or begins one.
    """
    kept: list[str] = []
    waiting: list[tuple[int, str]] = []
    for block in blocks:
        lines = block.strip("\n").split("\n")
        heading = HEADING.match(lines[0])
        level = len(heading[1]) if heading else 7
        # a heading that another of its own rank or above follows has nothing below it
        waiting = [(rank, text) for rank, text in waiting if rank < level]
        waiting.append((level, block))
        if not heading or len(lines) > 1:
            kept += [text for _, text in waiting]
            waiting = []
    return kept


class _CellReader:
    """Reads the outputs of a cell that are not blocks of ours: those an analyst adds."""

    def __init__(self, number: int, source: str, warnings: list[str]) -> None:
        self._number, self._source, self._warnings = number, source, warnings
        self._labels = (f"cell-{number}" + (f"-{at}" if at > 1 else "") for at in count(1))

    def warn(self, message: str) -> None:
        self._warnings.append(f"Cell {self._number}: {message}")

    @cached_property
    def _options(self) -> Mapping[str, Any]:
        """The options at the head of the cell, such as ``#| fig-alt: What it shows``."""
        head = re.match(r"(#\|.*\n?)*", self._source)
        lines = re.sub(r"(?m)^#\| ?", "", head[0] if head else "")
        try:
            found = yaml.safe_load(lines)
        except yaml.YAMLError:
            self.warn("its options (#|) are not YAML and have no effect.")
            found = None
        return found if isinstance(found, dict) else {}

    def markdown(self, text: str) -> str:
        """Return Markdown as it is; warn of what is printed otherwise than the notebook has it."""
        for what, pattern in NOT_READ.items():
            if match := pattern.search(CODE.sub("", text)):
                self.warn(f"“{match[0]}” looks like {what}, and is printed as it was typed.")
        return text

    def check_letters(self, text: str) -> str:
        """Return Markdown as it is; warn of letters that the PDF may lack."""
        if missing := letters_without_font(text):
            self.warn(f"the font of the PDF lacks {' '.join(missing)}: it may print boxes.")
        return text

    def read(self, output: Mapping[str, Any]) -> Iterator[str]:
        """Return an output as Markdown; warn where it is left out."""
        kind = output["output_type"]
        if self._options.get("output") is False or self._options.get("include") is False:
            return
        if kind == "stream" and output["name"] == "stdout":
            text = output["text"]
            yield self.markdown(text) if self._options.get("output") == "asis" else self._code(text)
        elif kind == "stream":
            lines = output["text"].strip().splitlines() or [""]
            self.warn(f"what it wrote to standard error is left out: {lines[-1][:200]}")
        elif kind == "error":
            self.warn(f"its error is left out: {output['ename']}: {output['evalue']}")
        else:
            yield from self._read_data(output["data"])

    def _read_data(self, data: Mapping[str, Any]) -> Iterator[str]:
        picture = next((kind for kind in PICTURES if kind in data), None)
        if "text/markdown" in data:
            yield self.markdown(data["text/markdown"])
        elif picture:
            yield self._picture(picture, data[picture])
        elif "text/html" in data:
            yield from self._read_html(data["text/html"])
        elif set(data) != {"text/plain"}:
            kinds = ", ".join(sorted(set(data) - {"text/plain"})) or "empty"
            self.warn(f"its output ({kinds}) is left out: it is no text, table or picture.")
        elif ADDRESS.search(text := data["text/plain"]):
            self.warn(f"its result is left out, for it names a place in memory: {text[:80]}")
        else:
            yield self._code(text)

    def _code(self, text: str) -> str:
        """Set printed text as a block of code, without the codes of a terminal."""
        kept = [mark for mark in TERMINAL.sub("", text) if mark.isprintable() or mark in "\n\t"]
        fence = "~" * max(3, *(len(run) + 1 for run in re.findall("~+", text)), 0)
        words = "".join(kept).strip("\n")
        return f"{fence}\n{words}\n{fence}" if words.strip() else ""

    def _picture(self, kind: str, data: str) -> str:
        alt = str(self._options.get("fig-alt") or "")
        if not alt:
            self.warn("its picture has no description: add a line “#| fig-alt: What it shows”.")
        content = data.encode() if kind == "image/svg+xml" else base64.b64decode(data)
        alt = alt or f"Picture made in cell {self._number}, without a description"
        picture = picture_markdown(alt, kind, content)
        caption = self._options.get("fig-cap")
        if not caption:
            return picture
        return captioned(f"fig-{next(self._labels)}", picture, Text((str(caption),)))

    def _read_html(self, html: str) -> Iterator[str]:
        page = _HtmlReader(html)
        parts = [part for part in page.parts if not isinstance(part, str) or part.strip()]
        if page.lost or not parts:
            what = f"with {', '.join(sorted(page.lost))}" if page.lost else "without words"
            self.warn(f"its HTML {what} is left out: only words and tables can be shown.")
            return
        for part in parts:
            yield escape(_words(part)) if isinstance(part, str) else self._table(part)

    def _table(self, lines: list[list[_HtmlCell]]) -> str:
        header, rows = _grid(lines)
        if not header:
            self.warn("its table is left out: it has no cells.")
            return ""
        columns = [(name, [row[at] for row in rows]) for at, name in enumerate(header)]
        caption = self._options.get("tbl-cap")
        return table(
            header,
            rows,
            caption=Text((str(caption),) if caption else ()),
            label=next(self._labels),
            widths=[min(40, max(3, *map(len, [name, *cells]))) for name, cells in columns],
            # the first column names the rows
            right=[name for name, cells in columns[1:] if all(map(NUMBER.fullmatch, cells))],
        ).markdown


@dataclass
class _HtmlCell:
    is_header: bool
    rows: int
    columns: int
    text: str = ""


class _HtmlReader(HTMLParser):
    """Parts HTML, well-formed or not, into paragraphs, as words alone, and tables."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str | list[list[_HtmlCell]]] = [""]
        self.lost: set[str] = set()
        self._is_style = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = self.parts[-1]
        self._is_style = tag == "style"
        if tag in NOT_SHOWN:
            self.lost.add(tag)
        elif isinstance(found, list) and tag == "tr":
            found.append([])
        elif isinstance(found, list) and found and tag in {"td", "th"}:
            spans = {name: int(span) for name, span in attrs if span and SPAN.fullmatch(span)}
            rows, columns = spans.get("rowspan", 1), spans.get("colspan", 1)
            found[-1].append(_HtmlCell(tag == "th", rows, columns))
        elif tag == "table":
            self.parts.append([])
        else:
            self._end_paragraph(tag)

    def handle_endtag(self, tag: str) -> None:
        self._is_style = False
        if tag == "table":
            self.parts.append("")
        self._end_paragraph(tag)

    def _end_paragraph(self, tag: str) -> None:
        if isinstance(self.parts[-1], str) and tag not in INLINE:
            self.parts.append("")
        elif tag not in INLINE:
            self.handle_data(" ")

    def handle_data(self, data: str) -> None:
        found = self.parts[-1]
        if self._is_style:
            return
        if isinstance(found, str):
            self.parts[-1] = found + data
        elif found and found[-1]:
            found[-1][-1].text += data


def _grid(lines: list[list[_HtmlCell]]) -> tuple[list[str], list[list[str]]]:
    """Return the header of a table and rows of as many cells; what spans several is repeated."""
    cells: dict[tuple[int, int], str] = {}
    heads = 0
    for row, line in enumerate(lines):
        heads += heads == row and all(cell.is_header for cell in line)
        for cell in line:
            column = next(at for at in count() if (row, at) not in cells)
            for down, across in product(range(cell.rows), range(cell.columns)):
                cells[row + down, column + across] = _words(cell.text)
    columns = range(max((column for _, column in cells), default=-1) + 1)
    rows = [[cells.get((row, column), "") for column in columns] for row in range(len(lines))]
    # several rows of headers, such as those of a MultiIndex, become one
    header = [
        _words(" ".join(dict.fromkeys(row[at] for row in rows[: heads or 1]))) for at in columns
    ]
    return header, rows[heads or 1 :]


def _words(text: str) -> str:
    return " ".join(text.split())


def letters_without_font(text: str) -> list[str]:
    """List the characters of a text that the font of the PDF lacks."""
    found = {mark for mark in set(text) if mark > "~" and unicodedata.category(mark)[0] in "LNPS"}
    return [mark for mark in sorted(found) if ord(mark) not in _letters()]


@cache
def _letters() -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(fonts() / "DejaVuSans.ttf")).get_charmap())


@cache
def fonts() -> Path:
    """Find the fonts that matplotlib brings, without importing matplotlib."""
    spec = find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise RenderError("matplotlib is not installed.", "Install kentstats again.")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
