"""Publish briefings on the workers of a Dask cluster, and to a store that they share."""

from __future__ import annotations

import contextlib
import io
import logging
import multiprocessing
import os
import secrets
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.errors import KentstatsError
from kentstats.ingest.inspection_report import load_sources
from kentstats.load import official_folder
from kentstats.project import Project
from kentstats.publish.briefing import BriefingTask, make_briefing, prepare
from kentstats.publish.manifest import edition_inputs
from kentstats.publish.pool import Result, Worker, run_tasks

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local"
"""The address of a cluster of this machine, which lives as long as the run."""
RETRIES = 2
"""How often a task is tried again whose worker died."""
CONNECT_SECONDS = 5.0
"""How long a scheduler and its workers may take to answer."""


@dataclass(frozen=True)
class Order:
    """What a worker needs for a run: its name, its first task and the data in a zip."""

    run: str
    task: BriefingTask
    data: bytes


def run_in_cluster(
    tasks: Sequence[BriefingTask], address: str, jobs: int, store: str
) -> Generator[Result, None, None]:
    """Make briefings of one edition on the workers at an address; another makes what one left.

    For :data:`LOCAL`, a cluster of this machine has as many workers as there are jobs. What they
    made is put in place here, or they write it to a store.
    """
    with _connected(address, jobs) as client:
        from distributed import as_completed

        order = client.scatter(
            Order(secrets.token_hex(8), tasks[0], pack(tasks[0])), broadcast=True
        )
        options = {"order": order, "store": store, "pure": False, "retries": RETRIES}
        futures = client.map(make_on_worker, tasks, **options)
        by_key = dict(zip((future.key for future in futures), tasks, strict=True))
        try:
            with client.as_current():
                done = as_completed(futures)
            for future in done:
                yield _result(future, by_key[future.key])
        finally:
            with contextlib.suppress(Exception):
                client.cancel(futures, force=True)


def _result(future: Any, task: BriefingTask) -> Result:
    """Put in place what a worker made, or say why it made nothing."""
    from distributed import CancelledError, KilledWorker

    result: Result
    try:
        result, files = future.result()
        for name, content in files.items():
            path = task.output.parent / name
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(f".{path.name}.new")
            new.write_bytes(content)
            new.replace(path)
    except CancelledError:
        remedy = "Start it, and run again: what is done is kept."
        raise KentstatsError("The scheduler has gone.", remedy) from None
    except KilledWorker as error:
        told = f"The {error.allowed_failures + 1} workers at work on it died, each in turn."
        return Result(task, None, f"{told} They may have run out of memory.", "KilledWorker")
    except Exception as error:  # noqa: BLE001, no failure stops the rest
        return Result(task, None, str(error), type(error).__name__)
    return replace(result, task=task)


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
            cluster = distributed.LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                dashboard_address=None,
                memory_limit=0,
                silence_logs=logging.CRITICAL,
                local_directory=stack.enter_context(tempfile.TemporaryDirectory()),
            )
            address = stack.enter_context(cluster)
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


def _moved(task: BriefingTask, root: Path) -> BriefingTask:
    """Return a task with its places below a folder of the worker."""
    notebook, output = root / "notebook" / task.notebook.name, root / task.output.name
    return replace(task, home=Project(root / "home"), notebook=notebook, output=output)


_kept = threading.local()
"""Of each thread of a worker: its latest run, its folder and its process."""


def _workspace(order: Order) -> tuple[Path, Worker]:
    """Return a folder with the data of a run and a prepared process, made once for a thread."""
    kept: tuple[str, Any, Any] = getattr(_kept, "workspace", ("", None, None))
    run, folder, worker = kept
    if run != order.run or not worker.process.is_alive():
        if worker:
            worker.stop()
            folder.cleanup()
        folder, worker = _new_workspace(order)
        _kept.workspace = order.run, folder, worker
    return Path(folder.name).resolve(), worker


def _new_workspace(order: Order) -> tuple[Any, Worker]:
    from distributed import get_worker

    folder = tempfile.TemporaryDirectory(prefix="kentstats-", dir=get_worker().local_directory)
    with zipfile.ZipFile(io.BytesIO(order.data)) as archive:
        archive.extractall(folder.name)
    task = _moved(order.task, Path(folder.name).resolve())
    task.folder.parent.mkdir(parents=True)
    inputs = edition_inputs(task.edition, task.notebook, task.parameters, task.renderer, task.home)
    other = [name for name in inputs if name != "report" and inputs[name] != task.inputs[name]]
    if other:
        raise KentstatsError(
            f"The worker {get_worker().address} has other {' and '.join(other)} than here.",
            "Install the same packages there.",
        )
    # Dask's own processes may have no children, which end with them here
    vars(multiprocessing.current_process())["_config"]["daemon"] = False
    return folder, Worker(_make_alone, prepare=partial(prepare, task), forks=False)


def make_on_worker(
    task: BriefingTask, order: Order, store: str
) -> tuple[Result, Mapping[str, bytes]]:
    """Make a briefing on a worker of a cluster; return the files that no store has taken."""
    root, worker = _workspace(order)
    here = _moved(task, root)
    result = worker.call(here)
    if result.error_kind == "ProcessDied":
        raise KentstatsError(result.error)
    result = result.value or result
    files: dict[str, bytes] = {}
    for place in (here.folder, here.failed_folder):
        for path in sorted(place.glob("[!.]*")):
            if store and place == here.folder:
                put(store, path.relative_to(here.output).as_posix(), path.read_bytes())
            else:
                files[path.relative_to(root).as_posix()] = path.read_bytes()
        shutil.rmtree(place, ignore_errors=True)
    error = result.error.replace(f"{root}{os.sep}", f"{task.output.parent}{os.sep}")
    return replace(result, task=None, error=error), files


def _make_alone(task: BriefingTask) -> Result:
    """Make a briefing in a process forked from this one, where the system forks."""
    (result,) = run_tasks(make_briefing, [task], limits=task.limits)
    return result


def open_store(url: str) -> tuple[Any, str]:
    """Return the file system of a store, such as ``s3://bucket/briefings``, and its folder there.

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
    return files, str(root).rstrip("/")


def put(url: str, name: str, content: bytes) -> str:
    """Write a file to a store, in one step, and return its address."""
    files, root = open_store(url)
    path = f"{root}/{name}"
    files.makedirs(path.rpartition("/")[0], exist_ok=True)
    with files.transaction, files.open(path, "wb") as file:
        file.write(content)
    return f"{url.rstrip('/')}/{name}"


def faults_in_store(url: str, files: Mapping[str, Mapping[str, Any]], folder: Path) -> list[str]:
    """Say which files of an authority are missing from a store, or are of another size there."""
    system, root = open_store(url)
    place = f"{root}/{folder.parent.name}/{folder.name}"
    found = system.find(place, detail=True) if system.exists(place) else {}
    sizes = {path.rpartition("/")[2]: about["size"] for path, about in found.items()}
    if not sizes:
        return ["it is not in the store"]
    return [
        f"{name} {'was changed' if name in sizes else 'is missing'}"
        for name, file in files.items()
        if sizes.get(name) != file["size"]
    ]
