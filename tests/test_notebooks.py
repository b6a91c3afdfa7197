"""The notebooks: stripped in git, and run from top to bottom."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from briefings import calls
from conftest import ROOT

from kentstats.publish.notebook import declared_parameters

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_committed_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
    assert set(declared_parameters(path)) == {"authority", "edition", "confidence"}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("00_tour", {"edition": 2010}),
        ("10_benchmarks", {"edition": 2010}),
        ("20_authorities", {}),
        ("20_authorities", {"authority": "Cumbria", "edition": 2010}),
    ],
)
def test_notebooks_run_from_top_to_bottom(
    name: str, parameters: dict[str, object], tmp_path: Path
) -> None:
    path = ROOT / "notebooks" / f"{name}.ipynb"
    done = papermill.execute_notebook(
        path, tmp_path / "out.ipynb", parameters, engine_name="kentstats", progress_bar=False
    )
    shown = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert len(shown) >= 6
    assert not [output for output in shown if output.get("name") == "stderr"]
    if name == "10_benchmarks":
        assert any("image/png" in output.get("data", {}) for output in shown)


def test_plain_papermill_runs_the_briefing_with_a_number_for_the_edition(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "papermill", str(ROOT / "notebooks" / "briefing.ipynb")]
    done = subprocess.run(
        [*command, "out.ipynb", "-p", "authority", "Kent", "-p", "edition", "2010"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    notebook = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert notebook.metadata.papermill.parameters.edition == 2010
    assert [path.name for path in tmp_path.iterdir()] == ["out.ipynb"]


def test_the_cells_of_the_briefing_are_thin() -> None:
    notebook = nbformat.read(ROOT / "notebooks" / "briefing.ipynb", as_version=4)
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    parameters, first = [ast.parse(source).body for source in sources[:2]]
    assert {type(statement) for statement in parameters} == {ast.AnnAssign}
    *imports, opened = map(ast.unparse, first)
    assert all(line.startswith("from kentstats.report") for line in imports)
    assert opened == "brief = open_edition(authority, edition, confidence=confidence)"
    sections = [call for source in sources[2:] for call in calls(source)]
    for statement in map(ast.unparse, sections):
        # a section, by its name: what it shows is the package's business
        assert re.fullmatch(r"\w+\.\w+\(.*\)", statement), statement
        assert "brief" in statement or statement == "notes.glossary()"
    assert len(set(map(ast.unparse, sections))) == len(sections) > 45
    # each with the line above it, as when every section had a cell of its own
    lengths = [1 + (call.end_lineno or 0) - call.lineno for call in sections]
    assert max(sources[0].count("\n"), *lengths) <= 6
