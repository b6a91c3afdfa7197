"""The work on many authorities: in turn, or in several processes that may die or be stopped."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.areas import Area
from kentstats.checksum import checksum
from kentstats.errors import KentstatsError
from kentstats.publish.briefing import Published

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

PATIENCE = 15.0
"""Seconds that a worker has to clear up when it is asked to end."""


@dataclass(frozen=True)
class Task:
    """An authority to be done.

    Attributes
    ----------
    area : Area
        The authority.
    folder : pathlib.Path
        Where its files go.
    inputs : mapping of str to str
        Checksum of each group of inputs.
    reason : str
        Why it is to be done.
    """

    area: Area
    folder: Path
    inputs: Mapping[str, str]
    reason: str


@dataclass(frozen=True)
class Done:
    """What came of a task.

    Attributes
    ----------
    seconds : float
        How long it took.
    error, kind : str
        What went wrong, and the name of the error; empty where nothing did.
    files : mapping of str to mapping
        ``sha256`` and ``size`` of each file published.
    """

    seconds: float
    error: str = ""
    kind: str = ""
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


Maker = Callable[..., Published]
"""What publishes an authority, given its name."""
Work = Generator[tuple[Task, Done], None, None]
"""Tasks as they are done; to close it is to stop the rest."""


def in_turn(tasks: Iterable[Task], make: Maker) -> Work:
    """Do each task in this process.

    Parameters
    ----------
    tasks : iterable of Task
        What to do.
    make : callable
        Called with the name of each authority.

    Yields
    ------
    (Task, Done)
    """
    for task in tasks:
        yield task, _publish_one(task.area.name, task.folder, make)


def _publish_one(name: str, folder: Path, make: Maker) -> Done:
    begun = time.perf_counter()
    before = _stamps(folder)
    try:
        make(name)
        # what is not new is the user's own, or of an earlier kind of briefing
        files = {
            path.relative_to(folder).as_posix(): {
                "sha256": checksum(path),
                "size": path.stat().st_size,
            }
            for path, stamp in _stamps(folder).items()
            if before.get(path) != stamp
        }
        if not files:
            raise KentstatsError("It ended well and published nothing.")
    except Exception as error:  # noqa: BLE001, no failure stops the rest
        kind = type(error).__name__
        return Done(time.perf_counter() - begun, str(error) or kind, kind)
    return Done(time.perf_counter() - begun, files=dict(sorted(files.items())))


def _stamps(folder: Path) -> dict[Path, tuple[int, ...]]:
    """Tell the states of the files in a folder apart without reading them."""
    stamps: dict[Path, tuple[int, ...]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            state = path.stat()
            stamps[path] = (state.st_ino, state.st_mtime_ns, state.st_size)
    return stamps


def in_workers(
    tasks: Iterable[Task],
    jobs: int,
    make: Maker,
    tick: Callable[[], object],
) -> Work:
    """Hand each task to a process that is free; replace one that dies.

    Parameters
    ----------
    tasks : iterable of Task
        What to do.
    jobs : int
        How many processes.
    make : callable
        Called with the name of each authority, in one of them.
    tick : callable
        Called about once a second.

    Yields
    ------
    (Task, Done)

    Notes
    -----
    An executor of the standard library breaks as a whole when one of its
    processes dies, and cannot say whose task it was.
    """
    waiting = deque(tasks)
    workers: list[_Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                worker = _Worker(make)
                workers.append(worker)
                worker.give(waiting.popleft())
            # a grandchild may keep the pipe of a dead worker open, so look now and then
            wait([worker.pipe for worker in workers], timeout=1)
            tick()
            for worker in tuple(workers):
                done = worker.done()
                if done is None:
                    continue
                task = worker.task
                if waiting and worker.process.is_alive():
                    worker.give(waiting.popleft())
                else:
                    worker.dismiss()
                    workers.remove(worker)
                yield task, done
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.dismiss()


class _Worker:
    """A process that publishes one authority after the other."""

    task: Task

    def __init__(self, make: Maker) -> None:
        context = get_context("spawn")
        pipe, theirs = context.Pipe()
        self.pipe: Connection[Any, Any] = pipe
        self.process: SpawnProcess = context.Process(target=_serve, args=(theirs, make))
        with theirs, _held_back():
            self.process.start()

    def give(self, task: Task) -> None:
        self.task = task
        self.begun = time.perf_counter()
        self.asides = _asides(task.folder)
        with contextlib.suppress(OSError):  # it died; done() will tell
            self.pipe.send((task.area.name, task.folder))

    def done(self) -> Done | None:
        """Return what came of the task, None while it is at work."""
        alive = self.process.is_alive()  # asked first, or its last word might be lost
        try:
            if self.pipe.poll():
                done: Done = self.pipe.recv()
                return done
        except (EOFError, OSError):
            alive = False
        if alive:
            return None
        self.dismiss()
        return Done(time.perf_counter() - self.begun, _obituary(self.process), "ProcessDied")

    def dismiss(self) -> None:
        """Let the process end, end it if it does not, and clear up after it."""
        self.pipe.close()
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        for aside in _asides(self.task.folder) - self.asides:
            shutil.rmtree(aside, ignore_errors=True)


def _obituary(process: SpawnProcess) -> str:
    code = process.exitcode or 0
    how = f"ended with code {code}"
    if code < 0:
        with contextlib.suppress(ValueError):
            how = f"was killed ({signal.Signals(-code).name})"
    return (
        f"The process at work on it {how}. "
        "It may have run out of memory: run again, with fewer --jobs."
    )


def _asides(folder: Path) -> set[Path]:
    """List the folders in which ``publish`` prepares a briefing, beside its place."""
    shape = re.compile(rf"\.{re.escape(folder.name)}-\w{{8}}")
    return {path for path in folder.parent.iterdir() if shape.fullmatch(path.name)}


def _serve(pipe: Connection[Any, Any], make: Maker) -> None:
    """Publish what comes through the pipe until it closes; the body of a worker."""
    # Ctrl-C is for all processes of a terminal: the first decides, and ends the others
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_follow, daemon=True).start()
    with contextlib.suppress(EOFError, OSError), pipe:
        while True:
            name, folder = pipe.recv()
            pipe.send(_publish_one(name, folder, make))


def _follow() -> None:
    """End with the process that started this one, however that ended."""
    parent = parent_process()
    if parent:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Hold Ctrl-C back, here and in the processes started meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
