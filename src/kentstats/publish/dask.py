"""The work on many authorities, on the workers of a Dask cluster."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import logging
import queue
import shutil
import signal
import tempfile
import time
import warnings
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.errors import KentstatsError
from kentstats.ingest.inspection_report import load_sources
from kentstats.load import official_folder
from kentstats.project import Project
from kentstats.publish.store import Store
from kentstats.publish.workers import Done, Limits, Task, Work

if TYPE_CHECKING:
    from distributed import Client, Future, LocalCluster, Scheduler

    from kentstats.publish.briefing import Published
    from kentstats.publish.room import Made, Order

LOCAL = "local"
"""The address of a cluster of this machine, which lives as long as the run."""
NAME = "kentstats-"
"""What the name of a run begins with, before that of its client."""
AHEAD = 4
"""Tasks that are out for each thread of a worker; more would fill memory and gain nothing."""
RETRIES = 2
"""How often a task is tried again where it was not the briefing that failed."""
REACHED = 5.0
"""Seconds within which a scheduler must answer."""
ALONE = 60.0
"""Seconds that a run waits for a worker where there is none."""
LOOK = 1.0
"""Seconds between two looks at how many workers there are."""


def in_cluster(
    tasks: Iterable[Task],
    address: str,
    jobs: int,
    make: functools.partial[Published],
    tick: Callable[[], object],
    limits: Limits,
    effective: Mapping[str, Any],
    inputs: Mapping[str, str],
    store: str = "",
) -> Work:
    """Do each task on a worker of a Dask cluster, and put in place what comes back.

    A task whose worker dies is done by another. What the tasks share is sent
    to each worker once.

    Parameters
    ----------
    tasks : iterable of Task
        What to do.
    address : str
        Address of the scheduler, or :data:`LOCAL`.
    jobs : int
        How many workers a cluster of this machine has.
    make : functools.partial
        What publishes, with its options, of which ``edition``, ``notebook``,
        ``output``, ``renderer`` and ``home`` are needed here.
    tick : callable
        Called about once a second.
    limits : Limits
        What each may use.
    effective, inputs : mapping
        Parameters of the notebook, and checksums of what every briefing is
        made from; workers must come to the same.
    store : str, optional
        Where the workers write to. What they made is put in place here by
        default.

    Yields
    ------
    (Task, Done)

    Raises
    ------
    KentstatsError
        Dask is not installed, the scheduler cannot be reached or has gone,
        there are no workers, or one is not like this machine.
    """
    with _reached(address) as (client, local):
        # Dask is imported by now, and known to be there
        from kentstats.publish.room import Room

        order = replace(_order(make, limits, effective, inputs), name=NAME + client.id, store=store)
        if local is None:
            _check(client, address)
        out: dict[Future[Made], Task] = {}
        try:
            with _probed(order), _told(client):
                client.register_plugin(Room(order), name=order.name)
                if local is not None:
                    local.scale(jobs)
                yield from _go(client, order.name, tasks, out, make, tick)
        finally:
            with contextlib.suppress(Exception):
                client.cancel(list(out), force=True)
                client.unregister_worker_plugin(order.name)


@contextlib.contextmanager
def _reached(address: str) -> Iterator[tuple[Client, LocalCluster | None]]:
    """Connect to a cluster, or start one for the time of a block."""
    try:
        import dask
        import distributed
    except ImportError:
        raise KentstatsError(
            "Dask is not installed, which several machines need.",
            "pip install 'kentstats[cluster]'",
        ) from None
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        # what must be the same is compared by kentstats, and told in its own words
        warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
        local = None
        if address == LOCAL:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="kentstats-"))
            settings = {"distributed.worker.profile.enabled": False, "temporary-directory": scratch}
            stack.enter_context(dask.config.set(settings))
            local = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=0,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                )
            )
            address = local.scheduler_address
            _quieten(local)
        try:
            client = distributed.Client(address, timeout=REACHED, set_as_default=False)
        except (OSError, ValueError) as error:
            raise KentstatsError(
                f"The scheduler {address} cannot be reached: {str(error) or 'no answer'}.".replace(
                    "..", "."
                ),
                "Give the address that dask scheduler prints, such as tcp://10.0.0.5:8786.",
            ) from None
        yield stack.enter_context(client), local


def _quieten(local: LocalCluster) -> None:
    """Let this process alone hear Ctrl-C, and tell of the end of the others."""
    loop: Any = local.loop
    loop.asyncio_loop.set_exception_handler(lambda *_: None)
    if hasattr(signal, "pthread_sigmask"):
        from multiprocessing import resource_tracker

        # workers are started from its thread, and inherit what that does not hear; the
        # tracker must be there before, since to start it lets the thread hear again
        resource_tracker.ensure_running()
        loop.add_callback(signal.pthread_sigmask, signal.SIG_BLOCK, {signal.SIGINT})


@contextlib.contextmanager
def _probed(order: Order) -> Iterator[None]:
    """Leave a file in the store, by which workers see that theirs is the same."""
    if not order.store:
        yield
        return
    store = Store(order.store)
    store.put(order.probe, b"")
    try:
        yield
    finally:
        store.remove(order.probe)


@contextlib.contextmanager
def _told(client: Client) -> Iterator[None]:
    """Say that the scheduler has gone, where that is why something failed."""
    try:
        yield
    except KentstatsError:
        raise
    except Exception:
        if client.status == "running":
            raise
        raise KentstatsError(
            "The scheduler has gone.", "Start it, and run again: what is done is kept."
        ) from None


def _order(
    make: functools.partial[Published],
    limits: Limits,
    effective: Mapping[str, Any],
    inputs: Mapping[str, str],
) -> Order:
    from kentstats.publish.room import NOTEBOOK, Order

    options = dict(make.keywords)
    home, notebook, _ = (options.pop(name) for name in ("home", "notebook", "output"))
    return Order(
        name=NAME,
        data=pack(str(options["edition"]), home, notebook),
        notebook=f"{NOTEBOOK}/{notebook.name}",
        edition=str(options["edition"]),
        run=make.func,
        options=options,
        effective=dict(effective),
        inputs={group: digest for group, digest in inputs.items() if digest},
        limits=limits,
    )


def pack(edition: str, home: Project, notebook: Path) -> bytes:
    """Pack what the briefings of an edition are made from.

    Parameters
    ----------
    edition : str
        Name of the edition.
    home : Project
        The project.
    notebook : pathlib.Path
        The notebook, which need not be in the project.

    Returns
    -------
    bytes
        A zip: the part of the project that the edition needs, and the
        notebook.
    """
    from kentstats.publish.room import HOME, NOTEBOOK

    folders = [home.raw / "areas", home.notebooks, home.reports / "template"]
    folders += [one.folder for one in load_sources(home) if one.edition == edition]
    official = official_folder(edition, home)
    folders += [official] if official else []
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (*paths, home.reports / "_quarto.yml"):
            archive.write(path, f"{HOME}/{path.relative_to(home.root).as_posix()}")
        archive.write(notebook, f"{NOTEBOOK}/{notebook.name}")
    return content.getvalue()


def _check(client: Client, address: str) -> None:
    """See that there are workers, and that they and the scheduler have kentstats at all."""
    try:
        client.wait_for_workers(1, timeout=REACHED)
    except TimeoutError:
        raise KentstatsError(
            f"The scheduler {address} has no workers.", f"Start some: dask worker {address}"
        ) from None
    # a function of Python itself, since one of ours could not be read there
    found = {
        address: client.run_on_scheduler(importlib.util.find_spec, "kentstats"),
        **client.run(importlib.util.find_spec, "kentstats"),
    }
    without = [where for where, spec in found.items() if spec is None]
    if without:
        raise KentstatsError(
            f"kentstats is not installed at {', '.join(without)}.",
            "Install there what is installed here, Dask's scheduler included.",
        )
    for name in client.run_on_scheduler(left_behind):
        client.unregister_worker_plugin(name)


def left_behind(dask_scheduler: Scheduler) -> list[str]:
    """List the runs that workers still hold things for, and whose client has gone."""
    held = [name for name in dask_scheduler.worker_plugins if name.startswith(NAME)]
    return [name for name in held if name.removeprefix(NAME) not in dask_scheduler.clients]


def _go(
    client: Client,
    room: str,
    tasks: Iterable[Task],
    out: dict[Future[Made], Task],
    make: functools.partial[Published],
    tick: Callable[[], object],
) -> Work:
    """Keep so many tasks out as the workers can be busy with, and yield them as they come."""
    from kentstats.publish.room import work

    waiting = deque(tasks)
    ready: queue.SimpleQueue[Future[Made]] = queue.SimpleQueue()
    crew = _Crew(client)
    while waiting or out:
        while waiting and len(out) < AHEAD * crew.threads:
            task = waiting.popleft()
            future = client.submit(
                work, room, task, key=(room, task.folder.name), pure=False, retries=RETRIES
            )
            out[future] = task
            future.add_done_callback(ready.put)
        tick()
        try:
            future = ready.get(timeout=1)
        except queue.Empty:
            crew.look()
            continue
        crew.look()
        task = out.pop(future)
        done = _result(client, future, task, make)
        future.release()
        yield task, done


class _Crew:
    """The workers, looked at now and then."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.threads = 1
        self._looked = self._seen = time.monotonic()
        self._count()

    def look(self) -> None:
        """Count the threads; raise KentstatsError where there have been none for long."""
        now = time.monotonic()
        if now - self._looked < LOOK:
            return
        self._count()
        if now - self._seen > ALONE:
            raise KentstatsError(
                f"No worker is left since {ALONE:g} seconds.",
                "Start some, and run again: what is done is kept.",
            )

    def _count(self) -> None:
        threads = sum(self._client.nthreads().values())
        self._looked = time.monotonic()
        if threads:
            self._seen = self._looked
        self.threads = max(1, threads)


def _result(
    client: Client, future: Future[Made], task: Task, make: functools.partial[Published]
) -> Done:
    """Put in place what a worker made, or say why it made nothing."""
    from distributed import CancelledError, KilledWorker

    try:
        made = future.result()
    except KilledWorker as error:
        often = error.allowed_failures
        which = f"The {often + 1} workers that were at work on it died, each in turn."
        which = which if often else "The worker that was at work on it died."
        return Done(0.0, f"{which} It may have run out of memory.", "KilledWorker")
    except CancelledError:
        raise KentstatsError(
            "The scheduler has gone.", "Start it, and run again: what is done is kept."
        ) from None
    except Exception as error:  # no failure stops the rest
        if client.status != "running":
            raise
        kind = type(error).__name__
        return Done(0.0, str(error) or kind, kind)
    return _placed(made, task, make)


def _placed(made: Made, task: Task, make: functools.partial[Published]) -> Done:
    from kentstats.publish.room import FAILED, HOME, NOTEBOOK, OUTPUT

    output, home, notebook = (make.keywords[name] for name in ("output", "home", "notebook"))
    broken = output.parent / "failed" / task.folder.parent.name / task.folder.name
    # what a message names is where it is here
    error, root = made.done.error, Path(made.root)
    for there, here in (
        (root / OUTPUT, output),
        (root / FAILED, output.parent / "failed"),
        (root / NOTEBOOK / notebook.name, notebook),
        (root / HOME, home.root),
    ):
        error = error.replace(str(there), str(here))
    try:
        put(made.files, task.folder)
        put(made.broken, broken)
    except OSError as fault:
        return Done(made.done.seconds, f"{fault.strerror or fault}.", type(fault).__name__)
    return replace(made.done, error=error)


def put(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files to a folder: aside first, then each at once, the pages last.

    Parameters
    ----------
    files : mapping of str to bytes
        Their contents, by name.
    folder : pathlib.Path
        Where to; made where it is not there, and there are files.
    """
    from kentstats.publish.room import in_order

    if not files:
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in files.items():
            (aside / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).write_bytes(content)
        for name in in_order(files):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (aside / name).replace(folder / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
