"""Execute a parameterised notebook: checked parameters, one error, no debris."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats import __version__
from kentstats.errors import KentstatsError, NotebookError, ParameterError, nearest
from kentstats.publish.guard import Stamp, stamp_of
from kentstats.written import pretty

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from kentstats.engine.process import Forks, Spares

ENGINE = "kentstats"
"""Name of the engine of papermill, :class:`kentstats.engine.papermill.Engine`."""
KINDS: dict[str, type] = {"str": str, "float": float, "int": int}


def declared_parameters(notebook: Path) -> dict[str, tuple[str, Any]]:
    """Read the parameters that a notebook declares.

    Parameters
    ----------
    notebook : pathlib.Path
        The notebook; its cell tagged ``parameters`` declares them as
        ``name: type = default``.

    Returns
    -------
    dict of str to (str, object)
        Type and default by name; the type of the default where none is
        written.

    Raises
    ------
    KentstatsError
        There is no such notebook, or it is no notebook.

    Notes
    -----
    ``papermill.inspect_notebook`` does this too, but importing papermill
    takes as long as starting a kernel, which can be done meanwhile.
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


def read_parameters(notebook: Path, given: Mapping[str, str]) -> dict[str, Any]:
    """Check parameters against the notebook's own, and give them its types.

    Parameters
    ----------
    notebook : pathlib.Path
        The notebook.
    given : mapping of str to str
        Names and values as they were typed.

    Returns
    -------
    dict of str to str, float or int
        The values, typed as the notebook declares: a name that looks like a
        number stays text.

    Raises
    ------
    ParameterError
        A name that the notebook does not declare, with the nearest names;
        or a value that is not of the declared type.
    KentstatsError
        There is no such notebook.
    """
    declared = declared_parameters(notebook)
    typed: dict[str, Any] = {}
    for name, text in given.items():
        if name not in declared:
            raise ParameterError(
                f"The notebook has no parameter “{name}”.", nearest(name, declared)
            )
        kind, default = declared[name]
        convert = KINDS.get(kind, str)
        try:
            typed[name] = convert(text)
        except ValueError:
            raise ParameterError(
                f"The parameter {name} is “{text}”, which is no {kind}.",
                f"Its default is {default}.",
            ) from None
    if not 0 < typed.get("confidence", 0.5) < 1:
        raise ParameterError(
            f"The confidence is {typed['confidence']:g}.", "Give a fraction between 0 and 1: 0.95."
        )
    return typed


@dataclass(frozen=True)
class Execution:
    """How a notebook is executed.

    Attributes
    ----------
    here : bool
        In this process, which is then of no more use: for one that was
        forked for it. Otherwise in one that is.
    prepared : Forks or Spares, optional
        Where that process comes from; one is prepared by default.
    cell_seconds, notebook_seconds : float
        How long a cell and all cells may take; 0 for any time. Without
        effect `here`, where only another process can see to it.
    memory : float
        Megabytes that the notebook may use; 0 for any number.
    output : int
        Characters that it may print; 0 for any number.
    told : callable, optional
        Called with the number of each cell as it begins, from 1.
    """

    here: bool = False
    prepared: Forks | Spares | None = None
    cell_seconds: float = 0.0
    notebook_seconds: float = 0.0
    memory: float = 0.0
    output: int = 0
    told: Callable[[int], object] | None = None


THERE = Execution()
"""In a process prepared for it, without limits."""


@contextlib.contextmanager
def prepared(execution: Execution) -> Iterator[Execution]:
    """Let a process prepare itself for a notebook, while other things are done.

    Parameters
    ----------
    execution : Execution
        How a notebook is to be executed.

    Yields
    ------
    Execution
        The same, with a process that is ready or getting ready.
    """
    if execution.here or execution.prepared:
        yield execution
        return
    from kentstats.engine.preload import libraries
    from kentstats.engine.process import server

    with server([(libraries, ())]) as started:
        yield replace(execution, prepared=started)


def execute(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, Any],
    *,
    progress: bool = False,
    execution: Execution = THERE,
    stamp: Callable[[NotebookNode], object] | None = None,
) -> NotebookNode:
    """Execute a notebook with papermill.

    Parameters
    ----------
    notebook : pathlib.Path
        What to execute.
    output : pathlib.Path
        Where the executed notebook goes, also when it fails.
    parameters : mapping
        Values by name, of the types that the notebook declares.
    progress : bool, default False
        Whether to show a progress bar.
    execution : Execution, optional
        Where, and within which limits.
    stamp : callable, optional
        Given the notebook before its first cell is executed, to set what is
        to be written with it.

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook.

    Raises
    ------
    NotebookError
        A cell failed or took too long, or the process ended; names the cell
        and the cause.
    KentstatsError
        There is no such kernel.
    """
    with prepared(execution) as ready:
        return _papermill(notebook, output, parameters, ready, stamp, progress=progress)


def _papermill(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, Any],
    execution: Execution,
    stamp: Callable[[NotebookNode], object] | None,
    *,
    progress: bool,
) -> NotebookNode:
    # the kernel of this environment, not one of the same name in the user's home
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    with absent("rfc3987_syntax"):
        from papermill.engines import papermill_engines
        from papermill.execute import (
            prepare_notebook_metadata,
            raise_for_execution_errors,
            remove_error_markers,
        )
        from papermill.parameterize import parameterize_notebook

    begun: list[int] = []
    kept: list[NotebookNode] = []

    def keep(made: NotebookNode) -> None:
        kept.append(made)
        if stamp:
            stamp(made)

    def begin(place: int) -> None:
        # papermill puts the parameters in as a cell of their own, which is none of the notebook's
        begun.append(place + 1)
        if execution.told:
            execution.told(place + 1)

    # the steps of papermill.execute_notebook; its last, to write, takes a tenth of a briefing
    with _in_words(notebook, output, kept, begun):
        made = load(notebook)
        if parameters:
            made = parameterize_notebook(made, dict(parameters), engine_name=ENGINE)
        made = prepare_notebook_metadata(made, str(notebook), str(output))
        made = remove_error_markers(made)
        executed: NotebookNode = papermill_engines.execute_notebook_with_engine(
            ENGINE,
            made,
            kernel_name=papermill_engines.nb_kernel_name(ENGINE, made),
            # saved once, at the end or at the fault
            output_path=None,
            autosave_cell_every=0,
            progress_bar=progress and {"desc": "Executing", "unit": " cells", "leave": False},
            keep=keep,
            here=execution.here,
            prepared=execution.prepared,
            execution_timeout=execution.cell_seconds or None,
            notebook_timeout=execution.notebook_seconds or None,
            memory_limit=execution.memory,
            output_limit=execution.output,
            begin=begin,
        )
        raise_for_execution_errors(executed, str(output))
        _write(executed, output)
    if begun and begun[-1] < len(executed.cells):
        # papermill takes SystemExit for an end that is meant
        raise NotebookError(
            f"Cell {begun[-1]} of {notebook.name} ended it: what follows was not executed."
        )
    return executed


def load(notebook: Path) -> NotebookNode:
    """Read a notebook as papermill does; once, for a process and those forked from it."""
    return deepcopy(_load(notebook, stamp_of(notebook)))


@lru_cache(maxsize=1)
def _load(notebook: Path, _: Stamp | None) -> NotebookNode:
    with absent("rfc3987_syntax"):
        from papermill.iorw import load_notebook_node

    loaded: NotebookNode = load_notebook_node(str(notebook))
    return loaded


def _write(notebook: NotebookNode, output: Path) -> None:
    """Write a notebook as ``nbformat.write`` does, which takes three times as long."""
    from nbformat.v4.rwbase import rejoin_lines, split_lines, strip_transient

    output.write_bytes(pretty(strip_transient(split_lines(notebook)), ordered=True))
    rejoin_lines(notebook)


@contextlib.contextmanager
def _in_words(
    notebook: Path, output: Path, kept: Sequence[NotebookNode], begun: Sequence[int]
) -> Iterator[None]:
    """Say of an error which cell it was and what is to be done."""
    import nbformat
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    try:
        yield
    except PapermillExecutionError as error:
        raise NotebookError(
            f"Cell {error.cell_index + 1} of {notebook.name} failed: {_cause(error)}",
        ) from None
    except CellTimeoutError:
        nbformat.write(kept[0], output)
        raise NotebookError(
            f"Cell {begun[-1]} of {notebook.name} took too long.",
            "Allow more time, or mend the cell.",
        ) from None
    except DeadKernelError:
        nbformat.write(kept[0], output)
        raise NotebookError(
            f"The process that ran {notebook.name} ended in cell {begun[-1]}.",
            "It may have run out of memory; close other programs and run again.",
        ) from None
    except NoSuchKernel as error:
        raise KentstatsError(
            f"There is no kernel “{error.name}”, which {notebook.name} asks for.",
            "Install ipykernel, or set the kernel of the notebook to python3.",
        ) from None
    except Exception as error:
        if not begun or isinstance(error, KentstatsError):
            raise
        raise NotebookError(
            f"Cell {begun[-1]} of {notebook.name} could not be executed: "
            f"{type(error).__name__}: {error}."
        ) from error


@contextlib.contextmanager
def absent(module: str) -> Iterator[None]:
    """Let a module count as not installed while others are imported.

    Where Jupyter's server is installed, jsonschema finds ``rfc3987_syntax``
    and compiles its grammar, for a check of addresses that no notebook
    makes: two seconds of every run.
    """
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def _cause(error: Any) -> str:
    # errors of ours are whole sentences; others need their name as well
    ours = error.ename in {kind.__name__ for kind in (KentstatsError, *_below(KentstatsError))}
    named = f"{error.ename}: {error.evalue}" if error.evalue else str(error.ename)
    cause = str(error.evalue) if ours else named
    return cause if cause.endswith((".", "?", "!")) else f"{cause}."


def _below(kind: type) -> Iterator[type]:
    each: type
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def anonymous(notebook: NotebookNode, name: str) -> NotebookNode:
    """Take the paths of this machine out of papermill's metadata.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        An executed notebook; changed in place.
    name : str
        What to call it instead.

    Returns
    -------
    nbformat.NotebookNode
    """
    notes = notebook.metadata.get("papermill", {})
    for key in ("input_path", "output_path"):
        if key in notes:
            notes[key] = name
    return notebook


def versions() -> dict[str, str]:
    """Name the versions that a result depends on."""
    return dict(_versions())


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import PackageNotFoundError, version

    found = [("python", sys.version.split()[0]), ("kentstats", __version__)]
    for name in (
        "markdown-it-py",
        "matplotlib",
        "numpy",
        "pandas",
        "papermill",
        "typst",
    ):
        with contextlib.suppress(PackageNotFoundError):
            found.append((name, version(name)))
    return tuple(found)
