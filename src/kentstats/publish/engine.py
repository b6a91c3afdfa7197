"""Papermill's engine ``kentstats``: cells run in IPython's shell, without a kernel.

``papermill --engine kentstats in.ipynb out.ipynb`` gives the outputs that plain papermill gives.
"""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from nbformat.v4 import new_output
from traitlets import Type
from traitlets.config import Config

from kentstats.publish.outputs import OutputLimitError, Outputs
from kentstats.publish.pool import UNLIMITED, Limits, Worker, limit_memory, report_progress

INLINE = "module://matplotlib_inline.backend_inline"
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": platform.python_version(),
}
CONFIG = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "neutral"}})


class Engine:
    """Execute notebooks of Python in a process of their own.

    Papermill calls these methods as those of its own ``Engine``. It is not a base class, since
    papermill loads this module by its entry point while it is itself being imported.
    """

    @staticmethod
    def nb_kernel_name(nb: NotebookNode, name: str | None = None) -> str:
        """Return the kernel that a notebook names; none is needed."""
        return str(name or nb.metadata.get("kernelspec", {}).get("name", "python3"))

    @staticmethod
    def nb_language(nb: NotebookNode, language: str | None = None) -> str:
        """Return the language of a notebook, Python where it names none."""
        kernel, info = nb.metadata.get("kernelspec", {}), nb.metadata.get("language_info", {})
        return str(language or kernel.get("language") or info.get("name") or "python")

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool | dict[str, Any] = True,  # noqa: FBT001, FBT002, as papermill has it
        *,
        in_worker: bool = False,
        on_start: Callable[[NotebookNode], object] = lambda _: None,
        limits: Limits = UNLIMITED,
        execution_timeout: float | None = None,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        **options: Any,
    ) -> NotebookNode:
        """Execute the cells of a notebook, until one fails.

        Parameters
        ----------
        nb : nbformat.NotebookNode
            The notebook, with its parameters.
        kernel_name, output_path, progress_bar, log_output, stdout_file, stderr_file : optional
            As of papermill. The kernel is without effect for a notebook of Python; one of
            another language is left to papermill.
        in_worker : bool, default False
            Execute in this process, which was started for it.
        on_start : callable, optional
            Called with the notebook before its first cell runs.
        limits : Limits, optional
            What a cell may use in a process of its own, and how much the notebook may print.
        execution_timeout : float, optional
            Seconds that a cell may take, in a process of its own.

        Returns
        -------
        nbformat.NotebookNode

        Raises
        ------
        nbclient.exceptions.CellTimeoutError
            A cell took too long.
        nbclient.exceptions.DeadKernelError
            The process has ended.
        """
        from papermill.engines import NBClientEngine, NotebookExecutionManager

        if cls.nb_language(nb).lower() not in {"python", "ipython"}:
            options |= {"log_output": log_output, "execution_timeout": execution_timeout}
            execute = NBClientEngine.execute_notebook
            return execute(nb, kernel_name, output_path, progress_bar, **options)  # type: ignore[no-any-return]
        record = NotebookExecutionManager(nb, output_path, log_output, progress_bar)
        record.notebook_start()
        on_start(nb)
        session = Session(nb.cells, limits.output)
        files = {"stdout": stdout_file, "stderr": stderr_file}
        try:
            with _runner(session, limits, execution_timeout, in_worker=in_worker) as run:
                for index, cell in enumerate(nb.cells):
                    record.cell_start(cell, index)
                    report_progress(f"cell {index + 1}")
                    try:
                        step = run(index) if cell.cell_type == "code" else Step()
                        for place, outputs in step.outputs.items():
                            nb.cells[place].outputs = outputs
                        cell.update({"execution_count": step.count} if step.count else {})
                        _copy_streams(step.outputs.get(index, []), files, log_output=log_output)
                        if step.failed:
                            record.cell_exception(cell, cell_index=index)
                            break
                    finally:
                        record.cell_complete(cell, cell_index=index)
            nb.metadata["language_info"] = {**LANGUAGE}
        finally:
            record.cleanup_pbar()
            record.notebook_complete()
        return nb


@dataclass(frozen=True)
class Step:
    """What came of a cell: outputs by the place of the cell that shows them."""

    outputs: dict[int, list[NotebookNode]] = field(default_factory=dict)
    count: int = 0
    failed: bool = False


@contextlib.contextmanager
def _runner(
    session: Session, limits: Limits, seconds: float | None, *, in_worker: bool
) -> Iterator[Callable[[int], Step]]:
    if in_worker:
        yield session.run
        return
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    worker = Worker(session.run, Limits(0, limits.memory, 0))

    def run(index: int) -> Step:
        result = worker.call(index, seconds or limits.seconds)
        if result.error_kind == "TimeLimit":
            cell = session.cells[index]
            raise CellTimeoutError.error_from_timeout_and_cell("Timed out", int(seconds or 0), cell)
        if result.error:
            raise DeadKernelError(f"Kernel died: {result.error}")
        return cast("Step", result.value)

    try:
        yield run
    finally:
        worker.stop()


def _copy_streams(outputs: list[NotebookNode], files: dict[str, Any], *, log_output: bool) -> None:
    from papermill.log import logger

    for output in outputs:
        if output.output_type == "stream":
            if files[output.name]:
                files[output.name].write(output.text)
                files[output.name].flush()
            if log_output:
                (logger.info if output.name == "stdout" else logger.warning)(output.text)


class Session:
    """The cells of a notebook, run one after the other in the process that runs the first."""

    def __init__(self, cells: list[NotebookNode], most: int = 0) -> None:
        self.cells = cells
        self._most = most
        self._shell: Shell | None = None

    def run(self, index: int) -> Step:
        """Run a cell of code."""
        cell = self.cells[index]
        tags = cell.metadata.get("tags", [])
        if not cell.source.strip() or "skip-execution" in tags:
            return Step()
        if self._shell is None:
            self._shell = _new_shell(self._most)
        shell, outputs = self._shell, self._shell.outputs
        outputs.begin(index)
        count = shell.execution_count
        with outputs.captured():
            done = shell.run_cell(cell.source, store_history=True)
        changed = outputs.end()
        failed = not done.success and "raises-exception" not in tags
        return Step(changed, count, failed or shell.left)


class _Hook(DisplayHook):
    """Shows the value of the last expression of a cell."""

    def write_output_prompt(self) -> None:
        """Write nothing: prompts and empty lines are for terminals."""

    finish_displayhook = write_output_prompt

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Add the value to the outputs."""
        shown = {"data": _encoded(format_dict), "metadata": _encoded(md_dict or {})}
        shown["execution_count"] = self.prompt_count
        cast("Shell", self.shell).outputs.add(new_output("execute_result", **shown))


class _Publisher(DisplayPublisher):
    """Shows what cells display."""

    def publish(  # type: ignore[override]
        self,
        data: Any,
        metadata: Any = None,
        *,
        transient: Any = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        """Add to the outputs of the cell, or change what was shown before."""
        outputs: Outputs = self.shell.outputs
        display_id = (transient or {}).get("display_id")
        data, metadata = _encoded(data), _encoded(metadata or {})
        if update:
            outputs.update(data, metadata, str(display_id))
        else:
            outputs.add(new_output("display_data", data=data, metadata=metadata), display_id)

    def clear_output(self, wait: bool = False) -> None:  # noqa: FBT001, FBT002, IPython's
        """Clear the outputs of the cell."""
        self.shell.outputs.clear(wait=wait)


def _encoded(data: dict[str, Any]) -> dict[str, Any]:
    """Write pictures as text, as notebooks hold them."""
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in data.items()
    }


class Shell(InteractiveShell):
    """IPython's shell, with its outputs in the cell that runs."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    outputs: Outputs
    left = False
    """Whether a cell has called ``exit()``."""

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: charts are shown in the notebook."""

    def ask_exit(self) -> None:
        """End the notebook after this cell."""
        self.left = True

    def showtraceback(self, *arguments: Any, **options: Any) -> None:
        """Show an error; to tell that memory ran out takes memory."""
        if isinstance(sys.exc_info()[1], MemoryError):
            limit_memory(0)
        super().showtraceback(*arguments, **options)

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        try:
            told = str(evalue)
        except Exception:  # noqa: BLE001, an analyst's class may fail to say what it is
            told = "<unprintable>"
        error = new_output("error", ename=etype.__name__, evalue=told, traceback=list(stb))
        with contextlib.suppress(OutputLimitError):
            self.outputs.add(error)


def prepare_shell() -> None:
    """Set IPython's shell up, so that processes forked from this one need not."""
    if not InteractiveShell.initialized():
        main = sys.modules["__main__"]
        Shell.instance(config=CONFIG)
        sys.modules["__main__"] = main  # IPython has put another in its place


def _new_shell(most: int) -> Shell:
    """Return the shell of this process, as it is before the first cell."""
    if not isinstance(getattr(InteractiveShell, "_instance", None), Shell):
        InteractiveShell.clear_instance()  # that of a Jupyter from which this process was forked
    backend = os.environ.setdefault("MPLBACKEND", INLINE)
    shell: Shell = Shell.instance(config=CONFIG)
    shell.outputs, shell.left = Outputs(most), False
    sys.modules["__main__"] = shell.user_module
    if shell.execution_count > 1:
        shell.reset()  # a process that is not forked runs one notebook after the other
    if "" not in sys.path:
        sys.path.insert(0, "")  # notebooks may import what is beside them
    logging.root.handlers.clear()  # those of the process from which this was forked
    logging.root.setLevel(logging.WARNING)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # processes forked from one would draw the same
    if "matplotlib" in sys.modules and backend == INLINE:
        shell.enable_matplotlib("inline")
    return shell
