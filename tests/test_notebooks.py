"""The notebooks: as committed, run from top to bottom, and changed in a cell."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from briefings import opened, run_cell, sources
from conftest import ROOT
from reading import alternative, read, rows_of, shown

from kentstats.indicators import load_indicators
from kentstats.publish.notebook import declared_parameters
from kentstats.report.blocks import Block

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
    ("name", "options"),
    [
        ("00_tour", ["-p", "edition", "2010"]),
        ("10_benchmarks", ["-p", "edition", "2010"]),
        ("20_authorities", []),
        ("20_authorities", ["-p", "authority", "Cumbria", "-p", "edition", "2010"]),
        ("briefing", ["-p", "authority", "Kent", "-p", "edition", "2010"]),
    ],
)
def test_papermill_runs_a_notebook_with_a_number_for_the_edition(
    name: str, options: list[str], tmp_path: Path
) -> None:
    engine = [] if name == "briefing" else ["--engine", "kentstats"]
    path = ROOT / "notebooks" / f"{name}.ipynb"
    done = subprocess.run(
        [sys.executable, "-m", "papermill", *engine, str(path), "out.ipynb", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.ipynb"]
    notebook = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert notebook.metadata.papermill.parameters.get("edition", 2010) == 2010
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert len(outputs) >= 6
    assert not [output for output in outputs if output.get("name") == "stderr"]
    pictures = any("image/png" in output.get("data", {}) for output in outputs)
    assert pictures == (name in {"10_benchmarks", "20_authorities"})


# --- the briefing ---------------------------------------------------------------------------


def test_the_briefing_names_no_indicator() -> None:
    strings = {
        node.value
        for source in sources()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    known = {one.id for one in load_indicators().values()}
    assert not strings & (known | {one.short for one in load_indicators().values()})


def test_a_cell_of_the_briefing_gets_rows_and_shows_sections_of_them() -> None:
    """Every name that a cell assigns is a DataFrame, for an authority with a report and without."""
    for authority, edition in (("Kent", "2010"), ("Essex", "2025")):
        names = opened(authority, edition)
        for source in sources()[2:]:
            *assigned, last = ast.parse(source).body
            assert ast.unparse(last).startswith("show(")
            run_cell(source, names)
            for statement in assigned:
                assert isinstance(statement, ast.Assign)
                [name] = statement.targets
                rows = eval(ast.unparse(statement.value), names)  # the line run alone
                assert isinstance(rows, pd.DataFrame), ast.unparse(name)


def changed_cell(section: str, rows: str, change: str) -> tuple[list[Block], list[Block]]:
    """Run the cell of a section of the briefing on Kent as it is, and with other rows."""
    names = opened("Kent", "2010")
    for source in sources()[2:]:
        if section in source:
            break
        run_cell(source, names)
    before = run_cell(source, names)
    other = source.replace("\nshow(", f"\n{rows} = {rows}.{change}\nshow(", 1)
    assert other != source
    after = run_cell(other, names)
    return (
        [block for name, block in before.items() if name.startswith(section)],
        [block for name, block in after.items() if name.startswith(section)],
    )


TABLES = [
    ("comparisons.england_table", "england", "query(\"verdict == 'worse'\")"),
    ("comparisons.others_table", "others", "head(9)"),
    ("distributions.rank_table", "figures", "head(12)"),
    ("inspection.action_table", "in_order", "query(\"band == 'immediately'\")"),
    ("inspection.judgement_table", "judgements", "query(\"service == 'safeguarding'\")"),
    ("report_comparisons.share_table", "shares", "head(2)"),
    ("notes.official_figures", "figures", "head(5)"),
    ("notes.measures", "national", "head(5)"),
]


@pytest.mark.parametrize(("section", "rows", "change"), TABLES)
def test_filtered_rows_are_the_rows_that_a_table_has(section: str, rows: str, change: str) -> None:
    before, after = changed_cell(section, rows, change)
    all_rows, chosen = (rows_of(read(block.markdown)) for [block] in (before, after))
    assert 0 < len(chosen) < len(all_rows)
    assert [row for row in all_rows if row in chosen] == chosen


@pytest.mark.parametrize(("section", "rows"), [table[:2] for table in TABLES[:4]])
def test_sorted_rows_are_the_order_of_a_table(section: str, rows: str) -> None:
    [before], [after] = changed_cell(section, rows, "iloc[::-1]")
    assert rows_of(read(after.markdown)) == rows_of(read(before.markdown))[::-1]


@pytest.mark.parametrize(
    ("section", "rows", "change", "before", "after"),
    [
        ("overview.summary", "england", "head(9)", "of them can be tested", "give 9 measures"),
        ("inspection.findings", "disagreements", "tail(1)", "Children", "("),
        (
            "inspection.check_summary",
            "checks",
            "head(1)",
            "56 checks agree",
            "0 checks agree, 1 disagrees",
        ),
        ("inspection.action_timeline", "actions", "head(2)", "of 23 actions", "of 2 actions"),
    ],
)
def test_filtered_rows_are_what_a_section_speaks_of(
    section: str, rows: str, change: str, before: str, after: str
) -> None:
    first, second = changed_cell(section, rows, change)
    texts = [" ".join(map(words, blocks)) for blocks in (first, second)]
    assert before in texts[0]
    assert after in texts[1]
    assert texts[0] != texts[1]


def words(block: Block) -> str:
    """What a block shows; of a chart the alternative text as well."""
    return " ".join([shown(block), *alternative(read(block.markdown))])
