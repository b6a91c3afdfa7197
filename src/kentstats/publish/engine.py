"""Papermill's engine ``kentstats``: cells run in IPython's shell, without a kernel.

``papermill --engine kentstats in.ipynb out.ipynb`` gives the outputs that plain papermill gives.
"""

from __future__ import annotations

import base64
import contextlib
import io
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, cast

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from traitlets import Type
from traitlets.config import Config

from kentstats.publish.pool import Worker, limit_memory, report_progress

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

Step = tuple[dict[int, list[NotebookNode]], int, bool]
"""What came of a cell: outputs by the cell that shows them, its number, whether it ends all."""


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
        execution_timeout: float | None = None,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        **options: Any,
    ) -> NotebookNode:
        """Execute the cells of a notebook, until one fails, in a process of its own.

        The arguments are papermill's. A notebook of another language is left to papermill.

        Raises
        ------
        nbclient.exceptions.CellTimeoutError
            A cell took longer than `execution_timeout`.
        nbclient.exceptions.DeadKernelError
            The process has ended.
        """
        from nbclient.exceptions import CellTimeoutError, DeadKernelError
        from papermill.engines import NBClientEngine
        from papermill.log import logger

        if cls.nb_language(nb).lower() not in {"python", "ipython"}:
            options |= {"log_output": log_output, "execution_timeout": execution_timeout}
            execute = NBClientEngine.execute_notebook
            return execute(nb, kernel_name, output_path, progress_bar, **options)  # type: ignore[no-any-return]
        worker = Worker(Session().run)
        files = {"stdout": stdout_file, "stderr": stderr_file}

        def run(task: tuple[int, str]) -> Step:
            result = worker.call(task, execution_timeout)
            if result.error_kind == "TimeLimit":
                seconds, cell = int(execution_timeout or 0), nb.cells[task[0]]
                raise CellTimeoutError.error_from_timeout_and_cell("Timed out", seconds, cell)
            if result.error:
                raise DeadKernelError(f"Kernel died: {result.error}")
            for output in result.value[0].get(task[0], []):
                if output.output_type == "stream":
                    print(output.text, end="", file=files[output.name] or io.StringIO(), flush=True)
                    if log_output:
                        logger.info(output.text)
            return cast("Step", result.value)

        try:
            return run_cells(nb, run, output_path, progress_bar, log_output=log_output)
        finally:
            worker.stop()


def run_cells(
    nb: NotebookNode,
    run: Callable[[tuple[int, str]], Step],
    output_path: str | None = None,
    progress_bar: bool | dict[str, Any] = False,  # noqa: FBT001, FBT002, as papermill has it
    *,
    log_output: bool = False,
) -> NotebookNode:
    """Run the cells of a notebook until one fails, with papermill's record of times and errors.

    `run` runs one cell of code: the method of a :class:`Session`, here or in another process.
    """
    from papermill.engines import NotebookExecutionManager

    record = NotebookExecutionManager(nb, output_path, log_output, progress_bar)
    record.notebook_start()
    try:
        for index, cell in enumerate(nb.cells):
            record.cell_start(cell, index)
            report_progress(f"cell {index + 1}")
            try:
                tags = cell.metadata.get("tags", [])
                skipped = "skip-execution" in tags or not cell.source.strip()
                if cell.cell_type == "code" and not skipped:
                    changed, cell.execution_count, failed = run((index, cell.source))
                    for place, outputs in changed.items():
                        nb.cells[place].outputs = outputs
                    if failed and "raises-exception" not in tags:
                        record.cell_exception(cell, cell_index=index)
                        break
            finally:
                record.cell_complete(cell, cell_index=index)
        nb.metadata["language_info"] = {**LANGUAGE}
    finally:
        record.cleanup_pbar()
        record.notebook_complete()
    return nb


class Session:
    """The cells of one notebook, run one after the other, and what they print and show."""

    def __init__(self) -> None:
        self._shell: Shell | None = None
        self._index, self._changed = 0, set[int]()
        self._shown: dict[int, list[NotebookNode]] = {}
        self._displays: dict[str, list[tuple[int, NotebookNode]]] = {}
        self._printed: list[str] = []

    def run(self, task: tuple[int, str]) -> Step:
        """Run a cell of code, given by its place and its source."""
        self._index, source = task
        self._shown[self._index], self._changed = [], {self._index}
        if self._shell is None:
            self._shell = _new_shell(self)
        shell = self._shell
        count = shell.execution_count
        with captured(self.write):
            done = shell.run_cell(source, store_history=True)
        self._join()
        changed = {index: self._shown[index] for index in sorted(self._changed)}
        return changed, count, not done.success or shell.left

    def add(self, kind: str, display_id: str | None = None, **content: Any) -> None:
        """Add an output to the cell; nbformat's own function would validate each."""
        self._join()
        output = NotebookNode(output_type=kind, **content)
        self._shown[self._index].append(output)
        if display_id:
            self.update(display_id, output.data, output.metadata)
            self._displays.setdefault(display_id, []).append((self._index, output))

    def update(self, display_id: str, data: Any, metadata: Any) -> None:
        """Replace what is shown under an identifier, in this cell and in others."""
        for index, output in self._displays.get(display_id, []):
            output.data, output.metadata = data, metadata
            self._changed.add(index)

    def write(self, name: str, text: str) -> None:
        """Add text to what the cell has printed."""
        shown = self._shown[self._index]
        if not (shown and shown[-1].get("name") == name):
            self._join()
            shown.append(NotebookNode(output_type="stream", name=name, text=""))
        self._printed.append(text)

    def clear(self) -> None:
        """Clear the outputs of the cell."""
        self._printed.clear()
        self._shown[self._index].clear()

    def _join(self) -> None:
        if self._printed:
            self._shown[self._index][-1].text += "".join(self._printed)
            self._printed.clear()


class _Stream(io.TextIOBase):
    """Standard output or error of a cell."""

    encoding, errors = "UTF-8", "strict"

    def __init__(self, name: str, tell: Callable[[str, str], None]) -> None:
        self.name, self._tell = name, tell

    def fileno(self) -> int:
        """Return the file descriptor, for programs that are started."""
        return 1 if self.name == "stdout" else 2

    def write(self, text: str) -> int:
        """Print text."""
        text.encode()  # refuses what no file can hold
        self._tell(self.name, text)
        return len(text)


@contextlib.contextmanager
def captured(tell: Callable[[str, str], None]) -> Iterator[None]:
    """Take what Python prints, and, when the block has ended, what programs wrote."""
    before = sys.stdout, sys.stderr
    with contextlib.ExitStack() as stack:
        streams = _Stream("stdout", tell), _Stream("stderr", tell)
        for stream, old in zip(streams, before, strict=True):
            with contextlib.suppress(OSError, ValueError):
                old.flush()
            stack.enter_context(_redirected(stream))
        sys.stdout, sys.stderr = cast("tuple[Any, Any]", streams)
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


@contextlib.contextmanager
def _redirected(stream: _Stream) -> Iterator[None]:
    descriptor = stream.fileno()
    kept = os.dup(descriptor)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), descriptor)
        try:
            yield
        finally:
            os.dup2(kept, descriptor)
            os.close(kept)
            file.seek(0)
            if text := file.read().decode(errors="replace"):
                stream.write(text)


class _Hook(DisplayHook):
    """Shows the value of the last expression of a cell."""

    def write_output_prompt(self) -> None:
        """Write nothing: prompts and empty lines are for terminals."""

    finish_displayhook = write_output_prompt

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Add the value to the outputs."""
        data, metadata = _encoded(format_dict), _encoded(md_dict or {})
        shown = {"data": data, "metadata": metadata, "execution_count": self.prompt_count}
        cast("Shell", self.shell).session.add("execute_result", **shown)


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
        session: Session = self.shell.session
        display_id = (transient or {}).get("display_id")
        shown = {"data": _encoded(data), "metadata": _encoded(metadata or {})}
        if update:
            session.update(str(display_id), **shown)
        else:
            session.add("display_data", display_id, **shown)

    def clear_output(self, wait: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002, IPython's
        """Clear the outputs of the cell."""
        self.shell.session.clear()


def _encoded(data: dict[str, Any]) -> NotebookNode:
    """Write pictures as text, as notebooks hold them."""
    return NotebookNode(
        {
            name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
            for name, value in data.items()
        }
    )


class Shell(InteractiveShell):
    """IPython's shell, with its outputs in the cell that runs."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    session: Session
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
        self.session.add("error", ename=etype.__name__, evalue=told, traceback=list(stb))


def prepare_shell() -> None:
    """Set IPython's shell up, so that processes forked from this one need not."""
    if not InteractiveShell.initialized():
        main = sys.modules["__main__"]
        Shell.instance(config=CONFIG)
        sys.modules["__main__"] = main  # IPython has put another in its place


def _new_shell(session: Session) -> Shell:
    """Return the shell of this process, as it is before the first cell."""
    if not isinstance(getattr(InteractiveShell, "_instance", None), Shell):
        InteractiveShell.clear_instance()  # that of a Jupyter from which this process was forked
    backend = os.environ.setdefault("MPLBACKEND", INLINE)
    shell: Shell = Shell.instance(config=CONFIG)
    shell.session, shell.left = session, False
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
