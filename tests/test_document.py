"""An executed notebook as a document: what it shows, and what is named as left out."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from conftest import kentstats
from matplotlib.figure import Figure
from nbformat import v4
from reading import alternative, plain, read, rows_of

from kentstats.errors import RenderError
from kentstats.publish.document import Document, prune, read_document

CLAIM = {"id": "c1", "value": 78.0, "shown": "78%"}
PNG = base64.b64encode(b"\x89PNG a picture").decode()


def cell(*outputs: dict[str, Any], source: str = "secret = 1") -> nbformat.NotebookNode:
    return v4.new_code_cell(source, outputs=[nbformat.from_dict(each) for each in outputs])


def ours(text: str, claims: list[object] | None = None) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "data": {"text/markdown": text, "text/plain": "x"},
        "metadata": {"kentstats": {"claims": claims or []}},
    }


def shows(**data: object) -> dict[str, Any]:
    """An output with data of the kinds named: ``text_html``."""
    kinds = {name.replace("_", "/", 1): value for name, value in data.items()}
    return {"output_type": "display_data", "data": kinds, "metadata": {}}


def prints(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def document_of(*outputs: dict[str, Any], options: str = "") -> Document:
    """The document of a notebook that has a heading and a cell with outputs."""
    source = "".join(f"#| {line}\n" for line in options.splitlines()) + "secret = 1"
    return read_document(
        v4.new_notebook(cells=[v4.new_markdown_cell("# One"), cell(*outputs, source=source)])
    )


def test_a_document_is_the_markdown_of_cells_and_outputs_in_order() -> None:
    notebook = v4.new_notebook(
        cells=[
            v4.new_raw_cell("---\ntitle: x\n---"),
            v4.new_markdown_cell("# One"),
            cell(ours("two", [CLAIM]), ours("three")),
        ]
    )
    document = read_document(notebook)
    assert document.markdown == "# One\n\ntwo\n\nthree\n"
    assert document.claims == {"c1": CLAIM}
    assert document.warnings == ()


def test_two_claims_with_one_id_are_refused() -> None:
    other = {**CLAIM, "value": 78.5}
    document = document_of(ours("x", [CLAIM]), ours("y", [CLAIM]))
    assert document.claims == {"c1": CLAIM}
    with pytest.raises(RenderError, match="Two claims have the id c1"):
        document_of(ours("x", [CLAIM]), ours("y", [other]))


def test_a_notebook_that_was_not_executed_is_refused() -> None:
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# One"), v4.new_code_cell("1")])
    with pytest.raises(RenderError, match=r"shows nothing. Execute it before"):
        read_document(notebook)


# --- outputs that an analyst adds --------------------------------------------------------------


def frame_output(frame: pd.DataFrame) -> dict[str, Any]:
    return shows(text_html=frame._repr_html_(), text_plain=repr(frame))  # type: ignore[operator]


def test_a_data_frame_is_a_table() -> None:
    frame = pd.DataFrame({"a | b": ["x", "<y> & z"], "rate": [1.5, 1_000]}, index=["K", "M"])
    document = document_of(frame_output(frame), options="tbl-cap: Two rows")
    page = read(document.markdown)
    assert rows_of(page) == [["K", "x", "1.5"], ["M", "<y> & z", "1000.0"]]
    assert [plain(cell) for cell in page.iterfind(".//thead/tr/")] == ["", "a | b", "rate"]
    sides = [cell.get("style") for cell in page.iterfind(".//tbody/tr[1]/")]
    assert sides == [None, None, "text-align:right"]
    assert [plain(caption) for caption in page.iter("caption")] == ["Two rows"]
    assert page.find(".//table[@id='tbl-cell-2']") is not None
    assert document.warnings == ()


def test_the_headers_of_a_multi_index_become_one_and_what_spans_rows_is_repeated() -> None:
    index = pd.MultiIndex.from_product([["Kent"], [2009, 2010]], names=["area", "year"])
    columns = pd.MultiIndex.from_product([["rate"], ["lower", "upper"]])
    frame = pd.DataFrame([[1, 2], [3, 4]], index=index, columns=columns)
    other = "<table><tr><td colspan=2>a<td rowspan=x>b</tr><tr><td>1<td>2<td>3</table>"
    for output, expected, rows in (
        (
            frame_output(frame),
            ["area", "year", "rate lower", "rate upper"],
            [["Kent", "2009", "1", "2"], ["Kent", "2010", "3", "4"]],
        ),
        (shows(text_html=other), ["a", "a", "b"], [["1", "2", "3"]]),
    ):
        page = read(document_of(output).markdown)
        assert [plain(cell) for cell in page.iterfind(".//thead/tr/")] == expected
        assert rows_of(page) == rows


def test_the_words_around_a_table_are_paragraphs() -> None:
    long = pd.DataFrame({"n": range(200)})
    page = read(document_of(frame_output(long), frame_output(long)).markdown)
    assert [plain(each) for each in page.iter("p")] == ["200 rows × 1 columns"] * 2
    names = [table.get("id") for table in page.iter("table")]
    assert names == ["tbl-cell-2", "tbl-cell-2-2"]


def test_plain_html_is_shown_by_its_words() -> None:
    html = "<h3>A *note*</h3>Some <b>bold</b><br>words<p>&amp; more</p></div><style>p {}</style>"
    page = read(document_of(shows(text_html=html, text_plain="<HTML object>")).markdown)
    assert [plain(each) for each in page.iter("p")] == ["A *note*", "Some bold", "words", "& more"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        ({"image/png": PNG, "text/plain": "<Figure>"}, "png"),
        ({"image/svg+xml": "<svg/>", "image/png": PNG}, "svg+xml"),
        ({"image/jpeg": PNG}, "jpeg"),
    ],
)
def test_a_picture_has_the_description_of_its_cell(data: dict[str, str], kind: str) -> None:
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    document = document_of(output, options='fig-alt: "A *bar*: 78%"')
    assert alternative(read(document.markdown)) == ["A *bar*: 78%"]
    assert f"data:image/{kind};base64," in document.markdown
    document = document_of(output, options="fig-cap: How it went")
    page = read(document.markdown)
    assert alternative(page) == ["Picture made in cell 2, without a description"]
    assert [plain(caption) for caption in page.iter("figcaption")] == ["How it went"]
    [warning] = document.warnings
    assert warning.startswith("Cell 2: its picture has no description: add a line “#| fig-alt:")


def drawn() -> str:
    """A picture of matplotlib as Jupyter keeps it."""
    made, file = Figure(), io.BytesIO()
    made.add_subplot().plot([1, 2])
    made.savefig(file, format="png")
    return base64.encodebytes(file.getvalue()).decode()


def test_printed_text_and_plain_results_are_code() -> None:
    text = "a  *b* $5$\n\x1b[31mred\x1b[0m ~~~\n\x00"
    document = document_of(prints(text), shows(text_plain="42"))
    page = read(document.markdown)
    assert document.warnings == ()
    assert ["".join(each.itertext()) for each in page.iter("code")] == [
        "a  *b* $5$\nred ~~~\n",
        "42\n",
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [("output: asis", "# One\n\n*b*\n"), ("output: false", "\n"), ("include: false", "\n")],
)
def test_the_options_of_a_cell_decide_how_its_text_is_shown(options: str, expected: str) -> None:
    document = document_of(prints("*b*"), options=options)
    assert document.markdown == expected
    assert document.warnings == ()


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (prints("one\ntwo\n", "stderr"), "what it wrote to standard error is left out: two"),
        (shows(text_plain="[<Line2D at 0x7f00aa>]"), "its result is left out, for it names"),
        (shows(text_latex="$x$", text_plain="x"), "its output (text/latex) is left out"),
        (shows(text_html="<script>x()</script>"), "its HTML with script is left out: only words"),
        (shows(text_html="<div></div>"), "its HTML without words is left out"),
        (shows(text_html="<table></table>"), "its table is left out: it has no cells"),
        (
            {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": []},
            "its error is left out: ValueError: no",
        ),
    ],
)
def test_what_cannot_be_shown_is_named(output: dict[str, Any], message: str) -> None:
    document = document_of(output)
    assert document.markdown == "\n"
    [warning] = document.warnings
    assert warning.startswith(f"Cell 2: {message}")
    [warning] = document_of(prints("text"), options="fig-alt: [").warnings
    assert warning == "Cell 2: its options (#|) are not YAML and have no effect."


def test_the_command_line_names_what_is_left_out(tmp_path: Path) -> None:
    source = "import sys\nprint('a line')\nprint('to nobody', file=sys.stderr)\n[6 * 7]"
    parameters = v4.new_code_cell(
        'authority: str = "Kent"\nedition: str = "2010"\nconfidence: float = 0.95',
        metadata={"tags": ["parameters"]},
    )
    cells = [parameters, v4.new_code_cell(source)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, tmp_path / "own.ipynb")
    done = kentstats("briefing", "Kent", "--notebook", "own.ipynb", cwd=tmp_path)
    assert done.returncode == 0
    [warning] = done.stderr.splitlines()
    # papermill put a cell with the parameters before it
    assert warning == "Kent: Cell 3: what it wrote to standard error is left out: to nobody"
    page = (tmp_path / "reports/published/2010/kent/briefing.html").read_text(encoding="utf-8")
    assert "<code>a line\n</code>" in page
    assert "<code>[42]\n</code>" in page


# --- what the notebook shows otherwise ---------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A word.[^1]\n\n[^1]: note", ["“[^1]” looks like a footnote"]),
        ("And $x^2$ here", ["“$x^2$” looks like mathematics"]),
        ("$$\\sum x$$", ["“$$\\sum x$$” looks like mathematics"]),
        ("A name 中文 and 🙂.", ["the font of the PDF lacks 中 文 🙂: it may"]),
        (r"\$5 and $6, from $5 to $7, `$x$` and \[^1\], naïve £ ’ √ ≤ é", []),
    ],
)
def test_what_is_printed_unlike_the_notebook_is_named(text: str, found: list[str]) -> None:
    cells = [v4.new_markdown_cell(text), cell(shows(text_markdown=text))]
    warnings = read_document(v4.new_notebook(cells=cells)).warnings
    expected = [f"Cell {number}: {words}" for number in (1, 2) for words in found]
    assert [line[: len(start)] for line, start in zip(warnings, expected, strict=True)] == expected


# --- headings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("blocks", "kept"),
    [
        (["# One", "words"], ["# One", "words"]),
        (["# One", "## Below", "words"], ["# One", "## Below", "words"]),
        (["# One", "## Below", "## Beside", "words"], ["# One", "## Beside", "words"]),
        (["# One", "## Below", "# Two", "words"], ["# Two", "words"]),
        (["# One", "words", "## Below", "# Two"], ["# One", "words"]),
        (["words", "# One"], ["words"]),
        (["# One\n\nwords", "# Two"], ["# One\n\nwords"]),
        (["#hashtag", "words"], ["#hashtag", "words"]),
        ([], []),
    ],
)
def test_a_heading_with_nothing_below_it_is_taken_out(blocks: list[str], kept: list[str]) -> None:
    assert prune(blocks) == kept
