"""An executed notebook as a document."""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from kentstats.errors import RenderError
from kentstats.publish.document import pictures_to_files, prune, read_document

CLAIM = {"id": "c1", "value": 78.0, "shown": "78%"}


def cell_showing(*outputs: dict[str, object]) -> nbformat.NotebookNode:
    return v4.new_code_cell("secret = 1", outputs=[nbformat.from_dict(each) for each in outputs])


def markdown(text: object, claims: list[object] | None = None) -> dict[str, object]:
    return {
        "output_type": "display_data",
        "data": {"text/markdown": text, "text/plain": "x"},
        "metadata": {"kentstats": {"claims": claims or []}},
    }


def test_a_document_is_the_markdown_of_cells_and_outputs_in_order() -> None:
    notebook = v4.new_notebook(
        cells=[
            v4.new_raw_cell("---\ntitle: x\n---"),
            v4.new_markdown_cell("# One"),
            cell_showing(markdown("two", [CLAIM]), markdown(["th", "ree"])),
        ]
    )
    document = read_document(notebook)
    assert document.markdown == "# One\n\ntwo\n\nthree\n"
    assert document.claims == {"c1": CLAIM}


def test_code_streams_and_plain_results_are_not_shown() -> None:
    notebook = v4.new_notebook(
        cells=[
            cell_showing(
                {"output_type": "stream", "name": "stdout", "text": "noise"},
                {
                    "output_type": "execute_result",
                    "execution_count": 1,
                    "data": {"text/plain": "42"},
                    "metadata": {},
                },
                markdown("shown"),
            )
        ]
    )
    assert read_document(notebook).markdown == "shown\n"


def test_a_notebook_that_was_not_executed_is_refused() -> None:
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# One"), v4.new_code_cell("1")])
    with pytest.raises(RenderError, match=r"shows nothing. Execute it before"):
        read_document(notebook)


def test_pictures_become_files_beside_the_document(tmp_path: Path) -> None:
    picture = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    uri = base64.b64encode(picture).decode()
    text = f'![c](data:image/svg+xml;base64,{uri}){{#fig-one fig-alt="a"}}'
    assert pictures_to_files(text, tmp_path) == '![c](figures/fig-one.svg){#fig-one fig-alt="a"}'
    assert (tmp_path / "figures" / "fig-one.svg").read_bytes() == picture


@pytest.mark.parametrize(
    ("blocks", "kept"),
    [
        (["# One", "words"], ["# One", "words"]),
        (["# One", "# Two", "words"], ["# Two", "words"]),
        (["# One", "## Below", "words"], ["# One", "## Below", "words"]),
        (["# One", "## Below", "## Beside", "words"], ["# One", "## Beside", "words"]),
        (["# One", "## Below", "# Two", "words"], ["# Two", "words"]),
        (["# One", "words", "## Below", "# Two"], ["# One", "words"]),
        (["words", "# One"], ["words"]),
        (["# One\n\nwords in one cell", "# Two"], ["# One\n\nwords in one cell"]),
        (["#hashtag", "words"], ["#hashtag", "words"]),
        ([], []),
    ],
)
def test_a_heading_with_nothing_below_it_is_taken_out(blocks: list[str], kept: list[str]) -> None:
    assert prune(blocks) == kept


def test_a_cell_that_shows_nothing_leaves_its_heading_out_of_the_document() -> None:
    silent = v4.new_code_cell("None")
    cells = [v4.new_markdown_cell("# One"), silent, v4.new_markdown_cell("# Two")]
    notebook = v4.new_notebook(cells=[*cells, cell_showing(markdown("shown"))])
    assert read_document(notebook).blocks == ("# Two", "shown")
