"""Execute a notebook with papermill: checked parameters, one error."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats import errors
from kentstats.errors import KentstatsError, NotebookError, ParameterError, nearest
from kentstats.publish.pool import UNLIMITED, Limits

if TYPE_CHECKING:
    from papermill.exceptions import PapermillExecutionError

KINDS: dict[str, type] = {"str": str, "float": float, "int": int}
"""Types that a notebook may declare for its parameters."""
ENDED = "ended it: what follows was not executed."


def declared_parameters(notebook: Path) -> dict[str, tuple[str, Any]]:
    """Read the parameters that a notebook declares.

    Parameters
    ----------
    notebook : pathlib.Path
        The notebook; its cell tagged ``parameters`` declares them as ``name: type = default``.

    Returns
    -------
    dict of str to (str, object)
        Type and default by name; the type of the default where none is written.

    Raises
    ------
    KentstatsError
        There is no such notebook, or it is no notebook.
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
        if isinstance(node, ast.AnnAssign) and node.value is not None:
            target: ast.expr = node.target
            kind = ast.unparse(node.annotation)
        elif isinstance(node, ast.Assign):
            target, kind = node.targets[0], ""
        else:
            continue
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant):
            default = node.value.value
            declared[target.id] = (kind or type(default).__name__, default)
    return declared


def effective_parameters(notebook: Path, given: Mapping[str, str]) -> dict[str, Any]:
    """Check typed parameters against a notebook's own, and return every one but which briefing.

    Parameters
    ----------
    notebook : pathlib.Path
        The notebook, whose defaults count too.
    given : mapping of str to str
        Names and values as they were typed.

    Returns
    -------
    dict of str to str, float or int
        The values, of the types that the notebook declares.

    Raises
    ------
    ParameterError
        A name that the notebook does not declare, with the nearest names; a value that is not
        of the declared type; or the authority or the edition.
    KentstatsError
        There is no such notebook.
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
    on_start: Callable[[Any], object] = lambda _: None,
    limits: Limits = UNLIMITED,
    progress: bool = False,
) -> Any:
    """Execute a notebook with papermill, in this process.

    Parameters
    ----------
    notebook, output : pathlib.Path
        What to execute; where the executed notebook goes.
    parameters : mapping
        Values by name, of the types that the notebook declares.
    failed : pathlib.Path
        Where the executed notebook goes if a cell fails.
    on_start : callable, optional
        Called with the notebook before its first cell runs.
    limits : Limits, optional
        How much it may print and show.
    progress : bool, default False
        Whether to show a progress bar.

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook.

    Raises
    ------
    NotebookError
        A cell failed; names the cell and the cause.
    """
    import papermill
    from papermill.exceptions import PapermillExecutionError

    try:
        executed = papermill.execute_notebook(
            notebook,
            output,
            dict(parameters),
            engine_name="kentstats",
            kernel_name="python3",  # papermill asks for a name, and no kernel is started
            language="python",
            request_save_on_cell_execute=False,
            progress_bar=progress and {"desc": "Executing", "unit": " cells", "leave": False},
            in_worker=True,
            on_start=on_start,
            limits=limits,
        )
    except PapermillExecutionError as error:
        failed.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(output, failed)
        raise NotebookError(
            f"Cell {error.cell_index + 1} of {notebook.name} {_what_happened(error)}",
            f"The broken notebook is kept: {failed}.",
        ) from None
    for place, cell in enumerate(executed.cells):
        if cell.metadata.papermill.status == "failed":  # papermill takes SystemExit for an end
            raise NotebookError(f"Cell {place + 1} of {notebook.name} {ENDED}")
    return executed


def _what_happened(error: PapermillExecutionError) -> str:
    if error.ename == "CellExecutionError":  # papermill's name where there is no other: exit()
        return ENDED
    # errors of ours are whole sentences; others need their name as well
    ours = hasattr(errors, error.ename)
    named = f"{error.ename}: {error.evalue}" if error.evalue else str(error.ename)
    cause = str(error.evalue) if ours else named
    return f"failed: {cause if cause.endswith(('.', '?', '!')) else f'{cause}.'}"
