"""Executing a notebook: parameters, faults, kernels."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat import v4
from papermill.exceptions import PapermillExecutionError

from kentstats.errors import KentstatsError, NotebookError, ParameterError
from kentstats.publish.notebook import (
    ENGINE,
    absent,
    anonymous,
    declared_parameters,
    execute,
    load,
    read_parameters,
    versions,
)

PARAMETERS = 'name: str = "Kent"  # who\nyear = 2010\nshare: float = 0.5\nmade = name.upper()'


def notebook(
    folder: Path, *cells: str, parameters: str = PARAMETERS, kernel: str = "python3"
) -> Path:
    first = v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    made = v4.new_notebook(
        cells=[first, *map(v4.new_code_cell, cells)],
        metadata={"kernelspec": {"name": kernel, "display_name": "x", "language": "python"}},
    )
    path = folder / "some.ipynb"
    nbformat.write(made, path)
    return path


def test_parameters_are_read_with_type_and_default(tmp_path: Path) -> None:
    assert declared_parameters(notebook(tmp_path)) == {
        "name": ("str", "Kent"),
        "year": ("int", 2010),
        "share": ("float", 0.5),
    }


def test_what_is_typed_gets_the_declared_type(tmp_path: Path) -> None:
    given = {"name": "2010", "year": "2025", "share": "1"}
    typed = read_parameters(notebook(tmp_path), given)
    assert typed == {"name": "2010", "year": 2025, "share": 1.0}
    assert [type(value) for value in typed.values()] == [str, int, float]


def test_an_unknown_parameter_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"no parameter “nmae”. Did you mean name\?"):
        read_parameters(notebook(tmp_path), {"nmae": "Kent"})


def test_a_value_of_another_type_is_refused_with_the_default(tmp_path: Path) -> None:
    with pytest.raises(
        ParameterError, match=r"year is “soon”, which is no int. Its default is 2010"
    ):
        read_parameters(notebook(tmp_path), {"year": "soon"})


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"cells": 3}'])
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KentstatsError, match="is no notebook"):
        read_parameters(path, {})


def test_a_notebook_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(KentstatsError, match=r"nothing.ipynb cannot be read: No such file"):
        read_parameters(tmp_path / "nothing.ipynb", {})


def test_parameters_that_are_no_python_are_told(tmp_path: Path) -> None:
    with pytest.raises(KentstatsError, match="its parameters are no Python"):
        read_parameters(notebook(tmp_path, parameters="a = = 1"), {})


def test_values_reach_the_cells_and_leave_no_trace_of_this_machine(tmp_path: Path) -> None:
    path = notebook(tmp_path, "print(name, year + 1)")
    done = anonymous(execute(path, tmp_path / "out.ipynb", {"name": "Essex", "year": 2025}), "out")
    assert done.cells[-1].outputs[0].text == "Essex 2026\n"
    assert str(tmp_path) not in json.dumps(done)


@pytest.mark.parametrize("given", [{}, {"name": "Essex"}])
@pytest.mark.parametrize("last", ["'last'", "1 / 0"])
def test_what_is_written_is_what_papermill_writes(
    tmp_path: Path, given: dict[str, str], last: str
) -> None:
    shown = "from IPython.display import Markdown, display\nprint(name, '\u2713', 0.1)"
    path = notebook(
        tmp_path, shown, "display(Markdown('*a*\\nb'), metadata={'b': 1, 'a': 2})", last
    )
    made = nbformat.read(path, as_version=4)
    # ids are drawn anew where there are none
    made.cells.insert(1, v4.new_markdown_cell("# A\n\ntext", id="text"))
    nbformat.write(made, path)
    ours, theirs = tmp_path / "ours.ipynb", tmp_path / "theirs.ipynb"
    with contextlib.suppress(NotebookError):
        execute(path, ours, given)
    with contextlib.suppress(PapermillExecutionError):
        papermill.execute_notebook(path, theirs, given, engine_name=ENGINE, progress_bar=False)
    of_the_run = r'"([\w.]+_time|iopub[\w.]+|shell[\w.]+|duration|output_path|id)": [^,\n]+'
    texts = [
        re.sub(of_the_run, r'"\1": ...', each.read_text(encoding="utf-8"))
        for each in (ours, theirs)
    ]
    assert texts[0].splitlines() == texts[1].splitlines()


def test_a_notebook_is_read_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    path = notebook(tmp_path, "1")
    first = load(path)
    first.cells.clear()
    assert len(load(path).cells) == 2
    notebook(tmp_path, "1", "2")
    assert len(load(path).cells) == 3


def test_a_cell_that_fails_is_named_with_its_cause_and_kept(tmp_path: Path) -> None:
    path = notebook(tmp_path, "print('so far')", "1 / 0", "print('never')")
    with pytest.raises(
        NotebookError, match=r"^Cell 3 of some.ipynb failed: ZeroDivisionError: division by zero\.$"
    ):
        execute(path, tmp_path / "out.ipynb", {})
    kept = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert "ZeroDivisionError" in kept.cells[-2].outputs[0].ename
    assert kept.cells[-1].outputs == []


def test_an_error_of_ours_is_printed_as_its_sentence(tmp_path: Path) -> None:
    path = notebook(tmp_path, "import kentstats\nkentstats.load_facts(authority='Knet')")
    with pytest.raises(NotebookError, match=r"failed: There is no authority “Knet”. Did you mean"):
        execute(path, tmp_path / "out.ipynb", {})


def test_a_kernel_that_dies_is_told(tmp_path: Path) -> None:
    path = notebook(tmp_path, "import os\nos._exit(3)")
    with pytest.raises(NotebookError, match=r"process that ran some.ipynb ended in cell"):
        execute(path, tmp_path / "out.ipynb", {})


def test_a_kernel_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = notebook(tmp_path, kernel="julia-9")
    with pytest.raises(KentstatsError, match=r"no kernel “julia-9”.*Install ipykernel"):
        execute(path, tmp_path / "out.ipynb", {})


def test_a_module_is_absent_for_a_while_only() -> None:
    with absent("no_such_module_here"), pytest.raises(ImportError):
        __import__("no_such_module_here")
    assert "no_such_module_here" not in sys.modules
    with absent("json"):
        assert __import__("json") is json


def test_versions_name_what_a_result_depends_on() -> None:
    assert {"python", "kentstats", "pandas", "typst"} <= set(versions())
