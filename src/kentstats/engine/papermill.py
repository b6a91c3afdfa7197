"""The engine of papermill: ``papermill --engine kentstats in.ipynb out.ipynb``.

Papermill and nbclient do all that they do for any kernel: parameters,
metadata, progress, saving, outputs. Only where the cells are executed is ours.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine
from papermill.log import logger

from kentstats.errors import KentstatsError
from kentstats.project import find_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbformat import NotebookNode
    from papermill.engines import NotebookExecutionManager

    from kentstats.engine.process import Forks, Spares


State = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, int, int], ...]]
AT_START = "PYTHON", "IPYTHON", "JUPYTER", "MPL", "LC_", "LANG", "OMP_", "OPENBLAS_", "MKL_"
"""How the names of variables begin that Python or a library reads once, when it starts."""

LAUNCHERS = "ipykernel_launcher", "ipykernel"
OF_THE_START = frozenset({"extra_arguments", "kernel_manager_class", "resources"})
"""Options of nbclient on how a kernel is started."""


class Engine(NBClientEngine):
    """Execute a notebook in a process that is forked from a prepared one."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: int = 60,
        execution_timeout: float | None = None,
        notebook_timeout: float | None = None,
        memory_limit: float | None = None,
        output_limit: int | None = None,
        prepared: Forks | Spares | None = None,
        here: bool = False,
        keep: Callable[[NotebookNode], object] | None = None,
        begin: Callable[[int], object] | None = None,
        **options: Any,
    ) -> None:
        """Execute the cells.

        Parameters
        ----------
        nb_man : NotebookExecutionManager
            Papermill's record of the run.
        kernel_name : str
            The kernel that is asked for. One of another language, of another
            Python, or with options of its own is started as papermill starts
            it, and held to no limit but that of a cell.
        log_output, stdout_file, stderr_file, start_timeout : optional
            As of papermill.
        execution_timeout : float, optional
            Seconds that a cell may take.
        notebook_timeout : float, optional
            Seconds that all cells may take together.
        memory_limit : float, optional
            Megabytes that the notebook may use, beyond what the prepared
            process holds.
        output_limit : int, optional
            Characters that it may print.
        prepared : Forks or Spares, optional
            Where the process comes from; by default one for all runs of this
            process.
        here : bool, default False
            Execute in this process, which is then of no more use: for one
            that was forked for this.
        keep : callable, optional
            Given the notebook before its first cell is executed, for who
            wants what there is of it when it fails.
        begin : callable, optional
            Given the place of each cell before it is executed, of texts too.
        **options
            Of nbclient, such as ``interrupt_on_timeout`` and ``allow_errors``.

        Raises
        ------
        nbclient.exceptions.CellTimeoutError
            A time limit has passed.
        nbclient.exceptions.DeadKernelError
            The process has ended.
        """
        if keep:
            keep(nb_man.nb)
        if not is_this_python(kernel_name) or OF_THE_START & options.keys():
            logger.warning(
                "The kernel %s is not this Python as it is; papermill starts it, without the "
                "limits of this engine.",
                kernel_name,
            )
            super().execute_managed_notebook(
                nb_man,
                kernel_name,
                log_output=log_output,
                stdout_file=stdout_file,
                stderr_file=stderr_file,
                start_timeout=start_timeout,
                execution_timeout=execution_timeout,
                **options,
            )
            return
        from kentstats.engine import channels
        from kentstats.engine.limits import Limits

        limits = Limits(int((memory_limit or 0) * 1_000_000), output_limit or 0)
        options.pop("input_path", None)
        options.pop("startup_timeout", None)
        timeout = options.pop("timeout", None)
        opened: contextlib.AbstractContextManager[Any] = (
            channels.here(limits) if here else channels.there(prepared or _standing(), limits)
        )
        with opened as manager:
            vars(nb_man)["cell_complete"] = partial(_complete, nb_man)
            client = _Client(
                nb_man,
                km=manager,
                begin=begin,
                until=time.monotonic() + notebook_timeout if notebook_timeout else None,
                seconds=execution_timeout or timeout,
                kernel_name=kernel_name,
                log=logger,
                log_output=log_output,
                stdout_file=stdout_file,
                stderr_file=stderr_file,
                **options,
            )
            try:
                client.execute(cleanup_kc=not here)
            except (KeyboardInterrupt, SystemExit):
                # nobody waits for the cell any more, and asyncio would tell of it at the end
                ensure_event_loop().set_exception_handler(lambda *_: None)
                raise


def _complete(record: NotebookExecutionManager, cell: NotebookNode, cell_index: int) -> None:
    """Complete papermill's record of a cell, without reading when it began.

    Papermill would read it as a date in any form, out of the text that it
    wrote itself; which takes longer than all else that it does at a cell.
    """
    notes, path = cell.metadata.papermill, record.output_path
    began = notes.start_time
    # saved when it is whole
    notes.start_time = record.output_path = None
    type(record).cell_complete(record, cell, cell_index=cell_index)
    notes.start_time, record.output_path = began, path
    if began:
        taken = dt.datetime.fromisoformat(notes.end_time) - dt.datetime.fromisoformat(began)
        notes.duration = taken.total_seconds()
    record.save()


class _Client(PapermillNotebookClient):
    """Papermill's client, with time limits in fractions of seconds, and one for all cells."""

    def __init__(
        self,
        *arguments: Any,
        begin: Callable[[int], object] | None,
        seconds: float | None,
        until: float | None,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._begin, self._seconds, self._until = begin, seconds, until

    def execute_cell(self, cell: NotebookNode, cell_index: int, **options: Any) -> NotebookNode:
        """Execute a cell, in an event loop only if it is one to execute."""
        if self._begin:
            self._begin(cell_index)
        if cell.cell_type != "code" and self.on_cell_start is None:
            return cell
        executed: NotebookNode = super().execute_cell(cell, cell_index, **options)
        return executed

    def _get_timeout(self, cell: NotebookNode | None) -> float | None:
        own = super()._get_timeout(cell) if self.timeout_func else self._seconds
        if not own or own < 0:
            own = None
        if self._until is None:
            return own
        # an hour that is over is over for the next cell too, and nbclient takes 0 for no limit
        left = max(0.001, self._until - time.monotonic())
        return min(own, left) if own else left

    async def _async_check_alive(self) -> None:
        if not self.km.is_alive():
            raise DeadKernelError("Kernel died")


def is_this_python(name: str) -> bool:
    """Tell whether a kernel is ipykernel in the Python that runs this, started as it always is.

    Raises
    ------
    jupyter_client.kernelspec.NoSuchKernel
        There is no such kernel, as without this engine.
    """
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec(name)
    program, *rest = spec.argv or [""]
    own = {"python", f"python{sys.version_info.major}", Path(sys.executable).name}
    plain = [each for each in rest if not each.startswith("-Xfrozen_modules")]
    return bool(
        (program == sys.executable or program in own)
        and plain in (["-m", module, "-f", "{connection_file}"] for module in LAUNCHERS)
        and not spec.env
    )


_lock = threading.Lock()
_kept: list[tuple[State, Forks | Spares]] = []
"""What was prepared, the latest last; others are of a process that this one was forked from."""


def _standing() -> Forks | Spares:
    """Return the prepared process that all runs of this process share; it ends with it."""
    import atexit

    from kentstats.engine.preload import libraries, more_libraries, of_packages
    from kentstats.engine.process import serve_from

    with _lock:
        state = _state()
        if _kept:
            of_then, prepared = _kept[-1]
            if prepared.alive and of_then == state:
                return prepared
            prepared.retire()
        idle = [(more_libraries, ()), (of_packages, ())]
        prepared = serve_from([(libraries, ())], idle=idle)
        _kept.append((state, prepared))
        atexit.register(prepared.close)
        return prepared


def _state() -> State:
    """Return what a prepared process was prepared with: the environment, our code and data."""
    folders = [str(Path(__file__).parents[1])]
    with contextlib.suppress(KentstatsError):
        folders.append(str(find_project().raw))
    files = [
        (entry.path, entry.stat().st_mtime_ns, entry.stat().st_size)
        for folder in folders
        for entry in _files(folder)
    ]
    settings = [(name, value) for name, value in os.environ.items() if name.startswith(AT_START)]
    return tuple(sorted(settings)), tuple(sorted(files))


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(entry.path)
            else:
                yield entry
