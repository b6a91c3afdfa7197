"""Publish briefings on the workers of a Dask cluster, and to a store that they share."""

from __future__ import annotations

import contextlib
import io
import logging
import multiprocessing
import os
import queue
import secrets
import shutil
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.errors import KentstatsError
from kentstats.ingest.inspection_report import load_sources
from kentstats.load import official_folder
from kentstats.project import Project
from kentstats.publish.briefing import BriefingTask, make_briefing
from kentstats.publish.manifest import edition_inputs, published_files
from kentstats.publish.pool import Result, Worker, run_tasks

if TYPE_CHECKING:
    from distributed import Client, Future

LOCAL = "local"
"""The address of a cluster of this machine, which lives as long as the run."""
RETRIES = 2
"""How often a task is tried again whose worker died."""
CONNECT_SECONDS = 5.0
"""How long a scheduler and its workers may take to answer."""
LONELY_SECONDS = 60.0
"""How long a run waits for a worker where there is none."""


@dataclass(frozen=True)
class Order:
    """What a worker needs for a run: the data in a zip, and where to write to."""

    data: bytes
    inputs: Mapping[str, str]
    store: str = ""


@dataclass(frozen=True)
class Parcel:
    """What comes back from a worker: a result, with files by their path below the output."""

    result: Result
    files: Mapping[str, bytes]


def run_in_cluster(
    tasks: Sequence[BriefingTask],
    address: str,
    jobs: int,
    store: str,
    on_tick: Callable[[], object],
) -> Generator[Result, None, None]:
    """Make each briefing on a worker, and put in place what comes back.

    A briefing whose worker dies is made by another.

    Parameters
    ----------
    tasks : sequence of BriefingTask
        What to make, all of one edition.
    address : str
        Address of the scheduler, or :data:`LOCAL`.
    jobs : int
        How many workers a cluster of this machine has.
    store : str
        Where the workers write to; what they made is put in place here by default.
    on_tick : callable
        Called about once a second.

    Yields
    ------
    Result
        Its value is the files, with their checksums.

    Raises
    ------
    KentstatsError
        Dask is not installed, the scheduler cannot be reached or has gone, there are no workers,
        or one is not like this machine.
    """
    with _connected(address, jobs) as client:
        inputs = {group: digest for group, digest in tasks[0].inputs.items() if group != "report"}
        order = client.scatter(Order(pack(tasks[0]), inputs, store), broadcast=True)
        futures = client.map(make_on_worker, tasks, order=order, pure=False, retries=RETRIES)
        by_key = dict(zip((future.key for future in futures), tasks, strict=True))
        done: queue.SimpleQueue[Future[Parcel]] = queue.SimpleQueue()
        for future in futures:
            future.add_done_callback(done.put)
        seen = time.monotonic()
        try:
            while by_key:
                on_tick()
                seen = _look_for_workers(client, seen)
                with contextlib.suppress(queue.Empty):
                    future = done.get(timeout=1.0)
                    yield _result(future, by_key.pop(future.key), client)
        finally:
            with contextlib.suppress(Exception):
                client.cancel(futures, force=True)


def _look_for_workers(client: Client, seen: float) -> float:
    """Return when there were workers last; raise KentstatsError where that is too long ago."""
    remedy = "Start it, and run again: what is done is kept."
    if client.status != "running":
        raise KentstatsError("The scheduler has gone.", remedy)
    if client.nthreads():
        return time.monotonic()
    if time.monotonic() - seen > LONELY_SECONDS:
        raise KentstatsError(f"No worker is left since {LONELY_SECONDS:g} seconds.", remedy)
    return seen


def _result(future: Any, task: BriefingTask, client: Client) -> Result:
    """Put in place what a worker made, or say why it made nothing."""
    from distributed import CancelledError, KilledWorker

    try:
        parcel: Parcel = future.result()
        for path, content in parcel.files.items():
            _write(task.output.parent / path, content)
    except CancelledError:
        _look_for_workers(client, time.monotonic())
        raise
    except KilledWorker as error:
        told = f"The {error.allowed_failures + 1} workers at work on it died, each in turn."
        return Result(task, None, f"{told} They may have run out of memory.", "KilledWorker")
    except Exception as error:  # noqa: BLE001, no failure stops the rest
        return Result(task, None, str(error), type(error).__name__)
    return replace(parcel.result, task=task)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


@contextlib.contextmanager
def _connected(address: str, jobs: int) -> Iterator[Client]:
    """Connect to a cluster, or start one for the time of a block."""
    try:
        import distributed
    except ImportError:
        raise KentstatsError(
            "Dask is not installed, which several machines need.",
            "pip install 'kentstats[cluster]'",
        ) from None
    with contextlib.ExitStack() as stack:
        if address == LOCAL:
            address = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    dashboard_address=None,
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                    local_directory=stack.enter_context(tempfile.TemporaryDirectory()),
                )
            )
        try:
            client = stack.enter_context(
                distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
            )
        except (OSError, ValueError) as error:
            raise KentstatsError(
                f"The scheduler {address} cannot be reached: {str(error) or 'no answer'}.",
                "Give the address that dask scheduler prints, such as tcp://10.0.0.5:8786.",
            ) from None
        try:
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        except TimeoutError:
            raise KentstatsError(
                f"The scheduler {address} has no workers.", f"Start some: dask worker {address}"
            ) from None
        yield client


def pack(task: BriefingTask) -> bytes:
    """Pack the part of a project that an edition needs, and the notebook, as a zip."""
    home = task.home
    folders = [home.raw / "areas", home.notebooks, home.reports / "template"]
    folders += [one.folder for one in load_sources(home) if one.edition == task.edition]
    folders += [folder for folder in [official_folder(task.edition, home)] if folder]
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (*paths, home.reports / "_quarto.yml"):
            archive.write(path, f"home/{path.relative_to(home.root).as_posix()}")
        archive.write(task.notebook, f"notebook/{task.notebook.name}")
    return content.getvalue()


class Workspace:
    """What a thread of a worker keeps for a run: the unpacked data and a prepared process.

    Parameters
    ----------
    order : Order
        What the run needs.
    task : BriefingTask
        Its first task on this worker.
    """

    def __init__(self, order: Order, task: BriefingTask) -> None:
        from distributed import get_worker

        self.order = order
        folder = get_worker().local_directory
        self._folder = tempfile.TemporaryDirectory(prefix="kentstats-", dir=folder)
        self.root = Path(self._folder.name).resolve()
        with zipfile.ZipFile(io.BytesIO(order.data)) as archive:
            archive.extractall(self.root)
        here = self.moved(task)
        here.folder.parent.mkdir(parents=True)
        inputs = edition_inputs(
            here.edition, here.notebook, here.parameters, here.renderer, here.home
        )
        other = [group for group, digest in order.inputs.items() if inputs[group] != digest]
        if other:
            raise KentstatsError(
                f"The worker {get_worker().address} has other {' and '.join(other)} than here.",
                "Install the same packages there.",
            )
        # Dask's own processes may have no children, which end with them here
        vars(multiprocessing.current_process())["_config"]["daemon"] = False
        self.worker = Worker(make_alone, prepare=here.prepare, forks=False)

    def moved(self, task: BriefingTask) -> BriefingTask:
        """Return a task with its places in this workspace."""
        notebook = self.root / "notebook" / task.notebook.name
        output = self.root / task.output.name
        return replace(task, home=Project(self.root / "home"), notebook=notebook, output=output)

    def close(self) -> None:
        """End the process and remove the data."""
        self.worker.stop()
        self._folder.cleanup()


_local = threading.local()


def make_on_worker(task: BriefingTask, order: Order) -> Parcel:
    """Make a briefing on a worker of a cluster: a task of Dask."""
    workspace: Workspace | None = getattr(_local, "workspace", None)
    if workspace is None or workspace.order != order or not workspace.worker.alive:
        if workspace:
            workspace.close()
        _local.workspace = workspace = Workspace(order, task)
    here = workspace.moved(task)
    result = workspace.worker.call(here)
    if result.error_kind == "ProcessDied":
        raise KentstatsError(result.error)
    result = result.value or result
    files: dict[str, bytes] = {}
    for folder in (here.folder, here.failed_folder):
        for path in sorted(folder.glob("[!.]*")):
            files[path.relative_to(workspace.root).as_posix()] = path.read_bytes()
    if not result.error:
        result = replace(result, value=published_files(here.folder, result.value))
    if order.store:
        store, kept = open_store(order.store), here.output.name
        for name in [name for name in files if name.startswith(f"{kept}/")]:
            store.put(name.removeprefix(f"{kept}/"), files.pop(name))
    shutil.rmtree(here.folder, ignore_errors=True)
    shutil.rmtree(here.failed_folder, ignore_errors=True)
    error = result.error.replace(f"{workspace.root}{os.sep}", f"{task.output.parent}{os.sep}")
    return Parcel(replace(result, task=None, error=error), files)


def make_alone(task: BriefingTask) -> Result:
    """Make a briefing in a process forked from this one, where the system forks."""
    (result,) = run_tasks(make_briefing, [task], limits=task.limits)
    return result


class Store:
    """A place that fsspec has an address for, such as ``s3://bucket/briefings``."""

    def __init__(self, files: Any, root: str, url: str) -> None:
        self._files, self._root, self._url = files, root.rstrip("/"), url.rstrip("/")

    def put(self, name: str, content: bytes) -> str:
        """Write a file, under another name first, and return its address."""
        path = f"{self._root}/{name}"
        folder, _, leaf = path.rpartition("/")
        new = f"{folder}/.{leaf}-{secrets.token_hex(4)}"
        self._files.makedirs(folder, exist_ok=True)
        try:
            self._files.pipe_file(new, content)
            self._files.mv(new, path)
        except BaseException:
            with contextlib.suppress(OSError):
                self._files.rm_file(new)
            raise
        return f"{self._url}/{name}"

    def faults(self, files: Mapping[str, Mapping[str, Any]], folder: Path) -> list[str]:
        """Say which files of an authority are missing, or are of another size."""
        place = f"{self._root}/{folder.parent.name}/{folder.name}"
        found = {path.rpartition("/")[2]: about for path, about in self._list(place).items()}
        if not found:
            return ["it is not in the store"]
        return [
            f"{name} {'was changed' if name in found else 'is missing'}"
            for name, file in files.items()
            if found.get(name, {}).get("size") != file["size"]
        ]

    def _list(self, place: str) -> dict[str, dict[str, Any]]:
        try:
            found: dict[str, dict[str, Any]] = self._files.find(place, detail=True)
        except FileNotFoundError:
            return {}
        return found


def open_store(url: str) -> Store:
    """Return the store at an address.

    Raises
    ------
    KentstatsError
        fsspec is not installed, or knows no such address.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise KentstatsError(
            "fsspec is not installed, which a store needs.", "pip install 'kentstats[cluster]'"
        ) from None
    try:
        files, root = url_to_fs(url)
    except (ImportError, ValueError, OSError) as error:
        raise KentstatsError(
            f"The store {url} cannot be used: {error}",
            "Give an address that fsspec knows, such as s3://bucket/briefings.",
        ) from None
    return Store(files, str(root), url)
