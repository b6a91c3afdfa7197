"""Processes that are ready before they are asked, seen from the process that asks."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, Listener, wait
from typing import Any, Protocol

from kentstats.engine.server import Call
from kentstats.errors import KentstatsError

# on macOS a process that has used Apple's libraries must not go on after a fork
FORKS = hasattr(os, "fork") and sys.platform != "darwin"
"""Whether processes are forked from a prepared one, or prepared one by one ahead."""
ALONE = "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"
"""Set to 1: each process has a core, and a prepared process must have no threads."""


class Child:
    """A process at work on one request.

    Attributes
    ----------
    channel : multiprocessing.connection.Connection
        Speaks with the function that was asked for.
    pid : int
        Its number.
    left_processes : bool
        Whether it left processes behind, known once it has ended.
    """

    def __init__(self, channel: Connection[Any, Any], status: Connection[Any, Any] | None) -> None:
        self.channel = channel
        self._status = status
        self._popen: subprocess.Popen[bytes] | None = None
        self._code: int | None = None
        self.left_processes = False
        self.pid: int = 0

    def ask(self, function: Callable[..., object], *arguments: object) -> None:
        """Ask it to call ``function(channel, *arguments)``, in this folder and environment."""
        try:
            self.pid = self.channel.recv()
            self.channel.send((os.getcwd(), dict(os.environ), sys.path))
            self.channel.send((function, arguments))
        except (EOFError, OSError):
            raise KentstatsError(
                "A process to execute notebooks in could not be started.",
                "The machine may be out of memory; close other programs and run again.",
            ) from None

    @property
    def watched(self) -> list[Any]:
        """What :func:`multiprocessing.connection.wait` can wait for: a word, or its end."""
        if self._popen is not None:
            return [self.channel]
        return [self.channel, self._status]

    def code(self) -> int | None:
        """Return its exit code, None while it is at work; minus a signal where one ended it."""
        if self._code is None and self._popen is not None:
            self._code = self._popen.poll()
        elif self._code is None and self._status is not None and self._status.poll():
            self._code, self.left_processes = _read_status(self._status)
        return self._code

    def end(self, patience: float = 0.0) -> int:
        """Wait so long for it to end by itself, then end it, and all that it started.

        Returns
        -------
        int
            Its exit code.
        """
        until = time.monotonic() + patience
        while self.code() is None and time.monotonic() < until:
            wait(self.watched[1:] or [self.channel], max(0.0, until - time.monotonic()))
            if self._popen is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._popen.wait(max(0.0, until - time.monotonic()))
        if self.code() is None:
            self._kill()
            while self.code() is None:
                time.sleep(0.005)
        for each in (self.channel, self._status):
            if each is not None:
                each.close()
        return self._code if self._code is not None else -signal.SIGTERM

    def interrupt(self) -> None:
        """Interrupt what it is at, as Ctrl-C does."""
        os.kill(self.pid, signal.SIGINT)

    def _kill(self) -> None:
        if self._popen is not None:
            self._popen.kill()
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def _read_status(status: Connection[Any, Any]) -> tuple[int, bool]:
    told = os.read(status.fileno(), 64).split()
    # the server itself has gone, and took its children with it
    return (int(told[0]), told[1] == b"1") if told else (-int(signal.SIGKILL), False)


class Server(Protocol):
    """Where processes come from."""

    def child(self) -> Child:
        """Return a process that waits to be asked."""

    def close(self) -> None:
        """End whatever was prepared and not asked."""


class Forks:
    """A prepared process, forked for each request.

    Parameters
    ----------
    warm : sequence of (callable, tuple)
        Functions of modules that it calls first, with their arguments.
    """

    def __init__(self, warm: Sequence[Call] = ()) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._popen = subprocess.Popen(
                _command("fork", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        self._control = ours
        self._lock = threading.Lock()
        self._owner = os.getpid()
        channel = Connection(os.dup(ours.fileno()))
        channel.send(list(warm))
        channel.close()

    def child(self) -> Child:
        """Fork; returns at once."""
        ours, theirs = socket.socketpair()
        status, told = socket.socketpair()
        with theirs, told, self._lock:
            try:
                socket.send_fds(self._control, [b"."], [theirs.fileno(), told.fileno()])
            except OSError:
                raise KentstatsError(
                    "The process that executes notebooks has ended.", "Run again."
                ) from None
        return Child(Connection(ours.detach()), Connection(status.detach()))

    @property
    def alive(self) -> bool:
        """Whether it can be asked, by this process."""
        return self._owner == os.getpid() and self._popen.poll() is None

    def close(self) -> None:
        """End it, and every child that is still at work."""
        self._control.close()
        try:
            self._popen.wait(5)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


class Spares:
    """Processes that prepare themselves ahead, each used once.

    Parameters
    ----------
    warm : sequence of (callable, tuple)
        Functions of modules that each calls first, with their arguments.
    number : int, default 1
        How many to hold ready.
    """

    def __init__(self, warm: Sequence[Call] = (), number: int = 1) -> None:
        self._warm = list(warm)
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._ready: deque[tuple[Listener, subprocess.Popen[bytes]]] = deque(
            self._start() for _ in range(number)
        )

    def _start(self) -> tuple[Listener, subprocess.Popen[bytes]]:
        key = secrets.token_bytes(16)
        listener = Listener(authkey=key)
        popen = subprocess.Popen(
            _command("once", str(listener.address)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        with popen.stdin as pipe:  # type: ignore[union-attr]
            pipe.write(key.hex().encode() + b"\n")
        return listener, popen

    def child(self) -> Child:
        """Take a spare process, and start another in its place."""
        with self._lock:
            listener, popen = self._ready.popleft()
            self._ready.append(self._start())
        with listener:
            channel = listener.accept()
        channel.send(self._warm)
        child = Child(channel, None)
        child._popen = popen  # noqa: SLF001
        return child

    @property
    def alive(self) -> bool:
        """Whether it can be asked, by this process."""
        return self._owner == os.getpid()

    def close(self) -> None:
        """End the spares."""
        for listener, popen in self._ready:
            popen.kill()
            popen.wait()
            listener.close()
        self._ready.clear()


def serve_from(warm: Sequence[Call], number: int = 1) -> Forks | Spares:
    """Prepare processes in the way that this system allows."""
    return Forks(warm) if FORKS else Spares(warm, number)


@contextlib.contextmanager
def server(warm: Sequence[Call], number: int = 1) -> Iterator[Forks | Spares]:
    """Prepare processes for the time of a block."""
    prepared = serve_from(warm, number)
    try:
        yield prepared
    finally:
        prepared.close()


def _command(*arguments: str) -> list[str]:
    # -P: nothing of the folder at hand is imported in the place of a library
    return [sys.executable, "-P", "-m", "kentstats.engine.server", *arguments]


def _environment() -> dict[str, str]:
    return {**dict.fromkeys(ALONE, "1"), **os.environ}
