"""What a worker of a cluster keeps for a run: the data, and a process ready to be forked.

Dask hands it to each worker once, also to one that comes later or again,
and takes it away at the end of the run.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import WorkerPlugin, get_worker

from kentstats.engine.process import serve_from
from kentstats.errors import KentstatsError
from kentstats.project import VARIABLE, Project
from kentstats.publish.inputs import FILE, shared_inputs, versions_with
from kentstats.publish.ready import ready
from kentstats.publish.store import Store
from kentstats.publish.workers import Done, Limits, Maker, Task, in_children

if TYPE_CHECKING:
    from distributed import Worker

    from kentstats.engine.process import Forks, Spares

HOME, NOTEBOOK, OUTPUT, FAILED = "home", "notebook", "out", "failed"
"""Folders of a room; what is published goes to the third, broken notebooks beside it."""

TRIM = "MALLOC_TRIM_THRESHOLD_"
"""What Dask sets for its workers, to give back memory at once; it costs a run 7 % of its time."""
SAME = "Workers need the same packages, and must reach the same store."


@dataclass(frozen=True)
class Order:
    """What a run is to make, as each worker is told once.

    Attributes
    ----------
    name : str
        Name of the run, which no other has.
    data : bytes
        A zip of the folders :data:`HOME` and :data:`NOTEBOOK`.
    notebook : str
        The path of the notebook in it.
    edition : str
        Name of the edition.
    run : callable
        What publishes an authority.
    options : mapping
        Its arguments, but for those that are places.
    effective : mapping
        Every parameter of the notebook but those that say which briefing it is.
    inputs : mapping of str to str
        Checksums of what every briefing is made from, as they must be on the
        worker too.
    limits : Limits
        What each may use.
    store : str
        Where workers write to; by default they give back what they made.
    """

    name: str
    data: bytes
    notebook: str
    edition: str
    run: Maker
    options: Mapping[str, Any]
    effective: Mapping[str, Any]
    inputs: Mapping[str, str]
    limits: Limits
    store: str = ""

    @property
    def probe(self) -> str:
        """Name of a file by which a worker sees that the store is the same."""
        return f"{self.edition}/.{self.name}"


@dataclass(frozen=True)
class Made:
    """What comes back from a worker.

    Attributes
    ----------
    done : Done
        What came of the task.
    root : str
        The room's folder, which a message may name.
    files : mapping of str to bytes
        The briefing.
    broken : mapping of str to bytes
        The broken notebook, where it failed.
    """

    done: Done
    root: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    broken: Mapping[str, bytes] = field(default_factory=dict)


class Room(WorkerPlugin):
    """A folder and a prepared process, for the time of a run.

    Parameters
    ----------
    order : Order
        What is to be made.
    """

    def __init__(self, order: Order) -> None:
        self.order = order

    def setup(self, worker: Worker) -> None:
        """Unpack the data, see that all is as it is where the run was started, and prepare."""
        order = self.order
        self._lock = threading.Lock()
        self._server: Forks | Spares | None = None
        self._open = True
        where = tempfile.mkdtemp(prefix="kentstats-", dir=worker.local_directory)
        self._root = Path(where).resolve()
        with zipfile.ZipFile(io.BytesIO(order.data)) as archive:
            archive.extractall(self._root)
        self._home = Project(self._root / HOME)
        self._notebook = self._root / order.notebook
        (self._root / OUTPUT / order.edition).mkdir(parents=True)
        self._differs = self._compare(worker.address)
        self._store = Store(order.store) if order.store else None
        if self._store and not self._store.has(order.probe):
            self._differs = f"The worker {worker.address} sees another store at {order.store}."
        if self._differs:
            raise KentstatsError(self._differs, SAME)
        self._prepared()

    def _compare(self, address: str) -> str:
        order, renderer = self.order, str(self.order.options["renderer"])
        found = versions_with(renderer)
        inputs = shared_inputs(
            order.edition, self._notebook, order.effective, found, renderer, self._home
        )
        other = [group for group, digest in order.inputs.items() if inputs[group] != digest]
        return f"The worker {address} has other {' and '.join(other)} than here." if other else ""

    def teardown(self, worker: Worker) -> None:
        """End the process and what it is at; leave nothing behind."""
        del worker
        with self._lock:
            self._open = False
            if self._server is not None:
                self._server.close()
        shutil.rmtree(self._root, ignore_errors=True)

    def _prepared(self) -> Forks | Spares:
        """Return the prepared process; another, where a notebook has ended it."""
        with self._lock:
            if not self._open:
                raise KentstatsError("The run has ended.")
            if self._server is None or not self._server.alive:
                order = self.order
                confidence = float(order.effective.get("confidence", 0.95))
                warm = (ready, (order.edition, self._home, self._notebook, confidence))
                with _without(TRIM):
                    self._server = serve_from([(be_at, (str(self._home.root),)), warm])
            return self._server

    def do(self, task: Task) -> Made:
        """Publish one authority, in a process of its own, and read what was published."""
        order = self.order
        if self._differs:
            raise KentstatsError(self._differs, SAME)
        make = functools.partial(
            order.run,
            **order.options,
            notebook=self._notebook,
            output=self._root / OUTPUT,
            home=self._home,
        )
        folder = self._root / OUTPUT / order.edition / task.folder.name
        broken = self._root / FAILED / order.edition / task.folder.name
        here = replace(task, folder=folder)
        try:
            ((_, done),) = in_children([here], 1, make, int, self._prepared(), order.limits)
            if done.kind == "ProcessDied" and not self._open:
                # not its own fault, so that it is done elsewhere where the run goes on
                raise KentstatsError("The worker was stopped.")
            files = _read(folder, done.files)
            if self._store:
                for name in in_order(files):
                    self._store.put(f"{order.edition}/{folder.name}/{name}", files[name])
                # all that the next run reads of a briefing
                files = {name: files[name] for name in files if name == FILE}
            return Made(done, str(self._root), files, _read(broken))
        finally:
            for each in (folder, broken):
                shutil.rmtree(each, ignore_errors=True)


def in_order(files: Iterable[str]) -> list[str]:
    """Order the files of a briefing as they are put in place: the pages last."""
    return sorted(files, key=lambda name: name.endswith((".html", ".pdf")))


@contextlib.contextmanager
def _without(name: str) -> Iterator[None]:
    """Start a process without a variable of the environment."""
    value = os.environ.pop(name, None)
    try:
        yield
    finally:
        if value is not None:
            os.environ[name] = value


def be_at(root: str) -> None:
    """Let a process, and what is forked from it, find the project there."""
    os.environ[VARIABLE] = root


def work(name: str, task: Task) -> Made:
    """Publish one authority on a worker that has the room of that name: a task of Dask."""
    room = get_worker().plugins[name]
    assert isinstance(room, Room)
    return room.do(task)


def _read(folder: Path, names: Mapping[str, Any] | None = None) -> dict[str, bytes]:
    if names is None:
        names = {path.name: None for path in sorted(folder.glob("*"))}
    return {name: (folder / name).read_bytes() for name in names}
