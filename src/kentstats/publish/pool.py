"""Run tasks in processes of their own, with limits on time and memory.

Where the system can fork, each task runs in a process forked from this one, so that what was
imported and read before is there at once, and nothing that a task does outlives it. Elsewhere
(Windows, macOS by default) spawned processes prepare themselves once and take one task after
the other.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

Function = Callable[[Any], Any]
"""A function of a module, which takes a task."""
FORKS = "fork" in multiprocessing.get_all_start_methods() and sys.platform != "darwin"
POLL_SECONDS = 1.0
"""How often a pool looks at time limits, and at processes that ended without a word."""


@dataclass(frozen=True)
class Limits:
    """Seconds that a task may take, and megabytes that it may use beyond those it starts with.

    0 is without limit. The default is far more than any briefing uses. Only Linux holds a
    process to its memory.
    """

    seconds: float = 120.0
    memory: float = 2000.0


UNLIMITED = Limits(0, 0)
DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Result:
    """What came of a task: what the function returned, or what went wrong.

    `error_kind` is the name of the exception; ``TimeLimit`` and ``ProcessDied`` are of the
    process and of no exception.
    """

    task: Any
    value: Any = None
    error: str = ""
    error_kind: str = ""
    seconds: float = 0.0


def run_tasks(
    function: Function,
    tasks: Iterable[Any],
    *,
    jobs: int = 1,
    limits: Limits = UNLIMITED,
    prepare: Callable[[], object] | None = None,
    forks: bool = FORKS,
    on_tick: Callable[[], object] = lambda: None,
) -> Generator[Result, None, None]:
    """Call a function with each task, each in a process of its own; yield results as they end.

    `prepare` is called before the first task: once here where the system forks, else in each
    process. `on_tick` is called at least once a second. To close the generator ends the tasks
    that are at work.
    """
    waiting = deque(tasks)
    if prepare and forks and waiting:
        prepare()
        gc.freeze()  # so that the collector does not copy the pages that children share
    idle: list[Worker] = []
    busy: list[Worker] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                worker = idle.pop() if idle else Worker(function, limits, prepare, forks=forks)
                busy.append(worker)
                worker.start(waiting.popleft())
            wait([each for worker in busy for each in worker.watched], timeout=POLL_SECONDS)
            on_tick()
            for worker in tuple(busy):
                result = worker.result()
                if result is not None:
                    busy.remove(worker)
                    if forks or not worker.process.is_alive():
                        worker.stop()
                    else:
                        idle.append(worker)
                    yield result
    finally:
        for worker in (*busy, *idle):
            worker.stop()


class Worker:
    """A process that calls a function with one task after the other."""

    def __init__(
        self,
        function: Function,
        limits: Limits = UNLIMITED,
        prepare: Callable[[], object] | None = None,
        *,
        forks: bool = FORKS,
    ) -> None:
        context = multiprocessing.get_context("fork" if forks else "spawn")
        self._limits = limits
        self._connection, theirs = context.Pipe()
        arguments = (theirs, function, limits, None if forks else prepare)
        process = context.Process(target=_serve, args=arguments)  # type: ignore[attr-defined]
        process.start()
        theirs.close()
        self.process = process
        self.watched = [self._connection, process.sentinel]
        self._where, self._task, self._begun = "", None, 0.0

    def start(self, task: Any) -> None:
        """Give it a task."""
        self._where, self._task, self._begun = "", task, time.monotonic()
        with contextlib.suppress(OSError):  # it has died, as its result will tell
            self._connection.send(task)

    def call(self, task: Any, seconds: float | None = None) -> Result:
        """Give it a task and wait for the result, for so many seconds or until it comes."""
        self.start(task)
        limit = seconds or self._limits.seconds
        while True:
            left = self._begun + limit - time.monotonic() if limit else POLL_SECONDS
            wait(self.watched, timeout=max(0.0, min(left, POLL_SECONDS)))
            result = self.result(limit)
            if result is not None:
                return result

    def result(self, limit: float | None = None) -> Result | None:
        """Return the result of its task, None while it is at work."""
        alive = self.process.is_alive()  # asked first, or its last word might be lost
        seconds = time.monotonic() - self._begun
        limit = self._limits.seconds if limit is None else limit
        try:
            while self._connection.poll():
                message = self._connection.recv()
                if not isinstance(message, str):
                    value, error, kind = message
                    return Result(self._task, value, error, kind, seconds)
                self._where = f", in {message}"
        except (EOFError, OSError):
            alive = False
        if not alive:
            self.process.join(POLL_SECONDS)
            return Result(self._task, None, self._how_it_died(), "ProcessDied", seconds)
        if limit and seconds > limit:
            self.stop()
            error = (
                f"It took longer than {limit:g} seconds{self._where}, and was stopped. "
                "Allow more with --time-limit, or mend the cell."
            )
            return Result(self._task, None, error, "TimeLimit", seconds)
        return None

    def _how_it_died(self) -> str:
        code = self.process.exitcode
        how = f"ended with code {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                how = f"was killed ({signal.Signals(-code).name})"
        return (
            f"The process at work on it {how}{self._where}. "
            "It may have run out of memory: run again, with fewer --jobs."
        )

    def stop(self) -> None:
        """End the process, with all that it has started."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self._connection.close()


_parent: Connection | None = None
"""In a worker: where to tell of progress."""


def report_progress(where: str) -> None:
    """Tell the parent how far a task is, such as ``cell 7``; it is named if the task is stopped."""
    if _parent is not None:
        _parent.send(where)


def _serve(
    connection: Connection,
    function: Function,
    limits: Limits,
    prepare: Callable[[], object] | None,
) -> None:
    """Work on tasks until there are no more: the body of a worker."""
    global _parent  # noqa: PLW0603, one process has one parent
    _parent = connection
    if hasattr(os, "setsid"):
        os.setsid()  # Ctrl-C is for the parent, and ending this group ends what a task started
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # collecting garbage is a fifth of drawing, and a task of seconds leaves little
    gc.set_threshold(100_000, 50, 50)
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = connection.recv()
            try:
                if prepare:
                    prepare()
                    prepare = None
                limit_memory(limits.memory)
                answer = function(task), "", ""
            except Exception as error:  # noqa: BLE001, no failure stops the rest
                limit_memory(0)
                kind = type(error).__name__
                answer = None, str(error) or kind, kind
            limit_memory(0)
            connection.send(answer)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        if hasattr(os, "killpg"):
            os.killpg(0, signal.SIGKILL)
        os._exit(1)


def limit_memory(megabytes: float) -> None:
    """Let this process use so many megabytes more than it does now; 0 lifts the limit.

    What asks for more fails with ``MemoryError``. Nothing happens where the system does not
    hold processes to it.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = hard
        if megabytes:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            most = pages * resource.getpagesize() + int(megabytes * 1e6)
            if hard != resource.RLIM_INFINITY:
                most = min(most, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
