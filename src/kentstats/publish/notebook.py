"""Execute a notebook with papermill's parameters and record: checked parameters, one error."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kentstats import errors
from kentstats.errors import KentstatsError, NotebookError, ParameterError, nearest

KINDS: dict[str, type] = {"str": str, "float": float, "int": int}
"""Types that a notebook may declare for its parameters."""
NOTEBOOK = "briefing.ipynb"


def declared_parameters(notebook: Path) -> dict[str, tuple[str, Any]]:
    """Return type and default of each parameter that a notebook declares.

    Its cell tagged ``parameters`` declares them as ``name: type = default``. Papermill's own
    function would take half a second to import, of a run that changes nothing.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        sources = [
            "".join(cell["source"])
            for cell in cells
            if "parameters" in cell.get("metadata", {}).get("tags", [])
        ]
        statements = [node for source in sources for node in ast.parse(source).body]
    except OSError as error:
        raise KentstatsError(
            f"The notebook {notebook} cannot be read: {error.strerror}.", "Give the path of one."
        ) from None
    except (ValueError, KeyError, TypeError, SyntaxError):
        raise KentstatsError(
            f"{notebook} is no notebook, or its parameters are no Python.", "Mend or restore it."
        ) from None
    declared: dict[str, tuple[str, Any]] = {}
    for node in statements:
        if isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Constant):
            default = node.value.value
            if isinstance(node, ast.AnnAssign):
                declared[ast.unparse(node.target)] = (ast.unparse(node.annotation), default)
            else:
                declared[ast.unparse(node.targets[0])] = (type(default).__name__, default)
    return declared


def effective_parameters(notebook: Path, given: Mapping[str, str]) -> dict[str, Any]:
    """Return every parameter of a notebook but authority and edition, those given checked.

    Raises
    ------
    ParameterError
        A name that the notebook does not declare, with the nearest names; a value that is not
        of the declared type; or the authority or the edition.
    """
    declared = declared_parameters(notebook)
    effective = {name: default for name, (_, default) in declared.items()}
    for name, text in given.items():
        if name in {"authority", "edition"}:
            instead = "Name authorities" if name == "authority" else "Use --edition"
            raise ParameterError(f"The {name} is given with -p.", f"{instead} instead.")
        if name not in declared:
            raise ParameterError(
                f"The notebook has no parameter “{name}”.", nearest(name, declared)
            )
        kind, default = declared[name]
        try:
            effective[name] = KINDS.get(kind, str)(text)
        except ValueError:
            raise ParameterError(
                f"The parameter {name} is “{text}”, which is no {kind}.",
                f"Its default is {default}.",
            ) from None
    if not 0 < effective.get("confidence", 0.5) < 1:
        raise ParameterError(
            f"The confidence is {effective['confidence']:g}.",
            "Give a fraction between 0 and 1: 0.95.",
        )
    return {name: effective[name] for name in effective if name not in {"authority", "edition"}}


def execute_notebook(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, Any],
    *,
    failed: Path,
    front: str = "",
    progress: bool = False,
) -> Any:
    """Execute a notebook in this process, write it and return it as a ``NotebookNode``.

    If a cell fails, it is written to `failed` instead, and NotebookError names the cell and the
    cause. `front` is what its first cell says for Quarto, where that is a raw one.
    """
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    from kentstats.publish.engine import Session, run_cells

    node = load_notebook_node(str(notebook))
    # papermill asks for the name of a kernel, and none is started
    node = parameterize_notebook(node, dict(parameters), kernel_name="python3", language="python")
    node.metadata.papermill.update(input_path=NOTEBOOK, output_path=NOTEBOOK)
    if node.cells[0].cell_type == "raw":
        node.cells[0].source = front
    shown = progress and {"desc": "Executing", "unit": " cells", "leave": False}
    run_cells(node, Session().run, progress_bar=shown)
    places = [at for at, cell in enumerate(node.cells) if cell.metadata.papermill.exception]
    place = failed if places else output
    place.parent.mkdir(parents=True, exist_ok=True)
    # nbformat's own function takes ten times as long, to indent each number of a picture
    text = json.dumps(node, ensure_ascii=False, sort_keys=True)
    place.write_text(f"{text}\n", encoding="utf-8", newline="\n")
    if places:
        what = _what_happened(node.cells[places[0]].outputs)
        raise NotebookError(
            f"Cell {places[0] + 1} of {notebook.name} {what}",
            f"The broken notebook is kept: {failed}.",
        )
    return node


def _what_happened(outputs: list[Any]) -> str:
    raised = [output for output in outputs if output.output_type == "error"]
    if not raised or raised[-1].ename == "SystemExit":
        return "ended it: what follows was not executed."
    name, told = raised[-1].ename, raised[-1].evalue
    # errors of ours are whole sentences; others need their name as well
    cause = told if hasattr(errors, name) else f"{name}: {told}" if told else name
    return f"failed: {cause if cause.endswith(('.', '?', '!')) else f'{cause}.'}"
