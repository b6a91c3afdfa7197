"""The work on many authorities: each in a process of its own, which may die or be stopped."""

from __future__ import annotations

import contextlib
import functools
import gc
import re
import shutil
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.areas import Area
from kentstats.errors import KentstatsError
from kentstats.project import checksum
from kentstats.publish.briefing import Published
from kentstats.publish.guard import Stamp, guard, stamp_of
from kentstats.publish.notebook import Execution

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from kentstats.engine.process import Child, Forks, Spares

PATIENCE = 5.0
"""Seconds that a process has to end by itself when it has said what came of its task."""

HEARD = 1.0
"""Seconds between the last that is heard of a process and its end, if it ends."""


@dataclass(frozen=True)
class Limits:
    """What the run of one authority may use.

    Attributes
    ----------
    seconds : float
        How long it may take.
    memory : float
        Megabytes that its notebook may use, beyond what all share.
    output : int
        Characters that its notebook may print.
    """

    seconds: float = 120.0
    memory: float = 2000.0
    output: int = 8_000_000


LIMITS = Limits()
"""What is far more than any briefing uses."""


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
    before : mapping of str to mapping
        ``sha256`` and ``size`` of the files of its last briefing, where what
        would be the same may be taken over from that.
    """

    area: Area
    folder: Path
    inputs: Mapping[str, str]
    reason: str
    before: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def maker(self, make: Maker) -> Maker:
        """Return what publishes it."""
        return make


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
    notes : tuple of str
        What the notebook left behind, for which it did not fail.
    """

    seconds: float
    error: str = ""
    kind: str = ""
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


Maker = Callable[..., Published]
"""What publishes an authority, given its name."""
Work = Generator[tuple[Task, Done], None, None]
"""Tasks as they are done; to close it is to stop the rest."""


def in_turn(tasks: Iterable[Task], make: Maker) -> Work:
    """Do each task in this process: for who looks for a fault.

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
        yield task, _publish_one(task.area.name, task.folder, task.maker(make))


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


def _stamps(folder: Path) -> dict[Path, Stamp | None]:
    return {path: stamp_of(path) for path in folder.rglob("*") if path.is_file()}


def in_children(
    tasks: Iterable[Task],
    jobs: int,
    make: Maker,
    tick: Callable[[], object],
    prepared: Forks | Spares,
    limits: Limits,
) -> Work:
    """Do each task in a process of its own, so many at a time.

    Parameters
    ----------
    tasks : iterable of Task
        What to do.
    jobs : int
        How many at a time.
    make : callable
        Called with the name of each authority, in its process.
    tick : callable
        Called about once a second.
    prepared : Forks or Spares
        Where the processes come from.
    limits : Limits
        What each may use.

    Yields
    ------
    (Task, Done)
    """
    waiting = deque(tasks)
    at_work: list[_Worker] = []
    ahead: list[Child] = []
    try:
        while waiting or at_work:
            # one that has said its last word and only clears up is not counted
            while waiting and sum(not worker.over for worker in at_work) < jobs:
                at_work.append(_Worker(waiting.popleft(), make, prepared, limits, ahead))
            if waiting and not ahead and prepared.at_once:
                # forked while others work, so that nobody waits for it
                with contextlib.suppress(KentstatsError):
                    ahead.append(prepared.child())
            # now and then for the bar and the time limits
            wait([each for worker in at_work for each in worker.watched], timeout=1)
            tick()
            for worker in tuple(at_work):
                done = worker.done()
                if done is not None:
                    at_work.remove(worker)
                    yield worker.task, done
    finally:
        for worker in at_work:
            worker.stop()
        for child in ahead:
            child.end()


class _Worker:
    """A process that publishes one authority."""

    def __init__(
        self,
        task: Task,
        make: Maker,
        prepared: Forks | Spares,
        limits: Limits,
        ahead: list[Child],
    ) -> None:
        self.task, self.limits = task, limits
        self.over: Done | None = None  # its last word, once that has come
        self.until = 0.0  # and how long its end is waited for then
        self.begun = time.perf_counter()
        self.cell = 0
        self.since = time.time() - 1  # file systems may round
        self.child: Child | None = None
        self.silent = float("inf")  # since when it cannot be heard
        # one that was forked ahead may have gone meanwhile, with all that was prepared
        for source in (ahead.pop, prepared.child) if ahead else (prepared.child,):
            try:
                child = source()
                child.ask(serve, task.maker(make), task.area.name, task.folder, limits)
            except KentstatsError as error:
                self.not_started = str(error)
            else:
                self.child = child
                break

    @property
    def watched(self) -> list[Any]:
        """What to wait for: its end, where that can be waited for, or else a word.

        At each cell it says a word, for which nobody need wake up.
        """
        return self.child.watched[-1:] if self.child else []

    def done(self) -> Done | None:
        """Return what came of the task, None while it is at work."""
        seconds = time.perf_counter() - self.begun
        if self.child is None:
            return Done(seconds, self.not_started, "ProcessDied")
        code = self.child.code()  # asked first, or its last word might be lost
        if self.over is None:
            self.over, self.until = self._said(self.child), time.perf_counter() + PATIENCE
        if self.over is not None:
            gone = code is not None or time.perf_counter() > self.until
            return _ended(self.over, self.child) if gone else None
        late = self.limits.seconds and seconds > self.limits.seconds
        silent = time.perf_counter() > self.silent + HEARD
        if code is None and not late and not silent:
            return None
        self.stop()
        if code is not None:
            return Done(seconds, _obituary(code, self._where()), "ProcessDied")
        if late:
            error = f"It took longer than {self.limits.seconds:g} seconds{self._where()}."
            return Done(seconds, error, "TimeLimit")
        error = f"The process at work on it could not be heard any more{self._where()}."
        return Done(seconds, f"{error} A cell may have closed what it speaks through.", "Silent")

    def _said(self, child: Child) -> Done | None:
        """Hear how far it is; return its last word, if that has come."""
        try:
            while self.silent == float("inf") and child.channel.poll():
                word = child.channel.recv()
                if isinstance(word, Done):
                    return word
                self.cell = int(word)
        except Exception:  # noqa: BLE001, it has ended; or a cell wrote nonsense there, or closed it
            self.silent = time.perf_counter()
        return None

    def _where(self) -> str:
        return f", in cell {self.cell}" if self.cell else ""

    def stop(self) -> None:
        """End the process, and clear up after it."""
        if self.child is not None:
            self.child.end()
        for aside in _asides(self.task.folder):
            with contextlib.suppress(OSError):
                if aside.stat().st_mtime >= self.since:  # others are of somebody else
                    shutil.rmtree(aside, ignore_errors=True)


def _ended(said: Done, child: Child) -> Done:
    """Return the last word of a process that is to end, with what it left behind."""
    child.end()
    if child.left_processes:
        return replace(said, notes=(*said.notes, "processes left running were ended"))
    return said


def _obituary(code: int, where: str) -> str:
    how = f"ended with code {code}"
    if code < 0:
        with contextlib.suppress(ValueError):
            how = f"was killed ({signal.Signals(-code).name})"
    return (
        f"The process at work on it {how}{where}. "
        "It may have run out of memory: run again, with fewer --jobs."
    )


def _asides(folder: Path) -> list[Path]:
    """List the folders in which ``publish`` prepares a briefing, beside its place."""
    shape = re.compile(rf"\.{re.escape(folder.name)}-\w{{8}}")
    return [path for path in folder.parent.iterdir() if shape.fullmatch(path.name)]


def serve(
    channel: Connection[Any, Any], make: Maker, name: str, folder: Path, limits: Limits
) -> None:
    """Publish one authority, and say what came of it; the body of a process."""
    # asked to end, it removes what is not finished
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # a run of seconds makes no rubbish worth collecting, and collecting is a fifth of drawing
    gc.set_threshold(100_000, 50, 50)
    before = set(threading.enumerate())
    execution = Execution(here=True, memory=limits.memory, output=limits.output, told=channel.send)
    with guard(folder.parent.parent, folder):
        done = _publish_one(name, folder, functools.partial(make, execution=execution))
    left = [one.name for one in threading.enumerate() if one not in before]
    left = [name for name in left if not name.startswith("kentstats-")]
    if left:
        done = replace(done, notes=(f"threads left running were ended: {', '.join(left)}",))
    channel.send(done)
