"""Processes that are ready before they are asked, seen from the process that asks."""

from __future__ import annotations

import contextlib
import os
import pickle
import secrets
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, wait
from pathlib import Path
from typing import Any, Protocol

from kentstats.engine.server import RETIRE, Call
from kentstats.errors import KentstatsError

# on macOS a process that has used Apple's libraries must not go on after a fork
FORKS = hasattr(os, "fork") and sys.platform != "darwin"
"""Whether processes are forked from a prepared one, or prepared one by one ahead."""
ALONE = {
    **dict.fromkeys(
        ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"), "1"
    ),
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""Each process has a core, and a prepared process no threads; notebooks see none of it."""
STALLED = 10
"""Seconds after which a message that has begun and does not go on is given up."""
START = (
    # nothing of the folder at hand is imported in the place of a library; not with -P, which the
    # programs that a notebook starts would inherit
    "import sys; sys.path[:1] == [''] and sys.path.pop(0); "
    "from kentstats.engine.server import main; main(sys.argv[1:])"
)


class Child:
    """A process at work on one request.

    Attributes
    ----------
    channel : multiprocessing.connection.Connection
        Speaks with the function that was asked for.
    pid : int
        Its number; 0 as long as it has not told.
    left_processes : bool
        Whether it left processes behind, known once it has ended.
    reader : threading.Thread, optional
        Who reads from the channel, which is not closed before that has ended.
    """

    def __init__(
        self,
        channel: Connection[Any, Any],
        *,
        status: Connection[Any, Any] | None = None,
        popen: subprocess.Popen[bytes] | None = None,
    ) -> None:
        self.channel = channel
        self._status, self._popen = status, popen
        self._code: int | None = None
        self.left_processes = False
        self.pid = 0
        self.reader: threading.Thread | None = None

    def ask(self, function: Callable[..., object], *arguments: object) -> None:
        """Ask it to call ``function(channel, *arguments)``, in this folder and environment.

        Raises
        ------
        KentstatsError
            It could not be started.
        """
        try:
            self.pid = self.channel.recv()
            self.channel.send((_folder(), dict(os.environ), sys.path))
            self.channel.send((function, arguments))
            _lose_patience(self.channel)
        except (EOFError, OSError):
            self.end()
            raise _not_started() from None
        except BaseException:
            self.end()
            raise

    def hear(self) -> Any:
        """Wait for what it says next; a message that begins and does not go on is an OSError."""
        self.channel.poll(None)
        return self.channel.recv()

    @property
    def watched(self) -> list[Any]:
        """What :func:`multiprocessing.connection.wait` can wait for: a word, or its end."""
        return [each for each in (self.channel, self._status) if each is not None]

    def code(self) -> int | None:
        """Return its exit code, None while it is at work; minus a signal where one ended it."""
        if self._code is None and self._popen is not None:
            self._code = self._popen.poll()
        elif self._code is None and self._status is not None and self._status.poll():
            self._code, self.left_processes = self._read_status(self._status)
        return self._code

    def _read_status(self, status: Connection[Any, Any]) -> tuple[int, bool]:
        told = os.read(status.fileno(), 64).split()
        if told:
            return int(told[0]), told[1] == b"1"
        # the server itself has gone, and may not have taken its children with it
        self._kill()
        return -int(signal.SIGKILL), False

    def end(self, patience: float = 0.0) -> int:
        """Wait so long for it to end by itself, then end it, and all that it started.

        Returns
        -------
        int
            Its exit code.
        """
        until = time.monotonic() + patience
        while self.code() is None and (left := until - time.monotonic()) > 0:
            if self._status is not None:
                wait([self._status], left)
            elif self._popen is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._popen.wait(left)
        # one that has not told its number has not begun, and ends when it finds nobody there
        if self.code() is None and (self.pid or self._popen):
            self._kill()
            while self.code() is None:
                time.sleep(0.002)
        if self._popen is not None:
            self.left_processes = self._kill()
        self._close()
        if self._code is None:
            self._code = -int(signal.SIGTERM)
        return self._code

    def _close(self) -> None:
        if self._status is not None:
            self._status.close()
        if self.reader is not None and self.reader is not threading.current_thread():
            self.reader.join(1)
            if self.reader.is_alive():
                return  # to close under its hands what it reads is to let it read something else
        self.channel.close()

    def interrupt(self) -> None:
        """Interrupt what it is at, as Ctrl-C does; not on Windows."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)

    def _kill(self) -> bool:
        """End it and its group; tell whether there was anything to end."""
        if sys.platform == "win32":
            if self._popen is not None:
                self._popen.kill()
            return False
        with contextlib.suppress(OSError):
            # one that is prepared ahead leads a group from the start
            group = self._popen.pid if self._popen is not None else self.pid
            if group:
                os.killpg(group, signal.SIGKILL)
                return True
        return False


def _folder() -> str:
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""  # it was removed


def _lose_patience(channel: Connection[Any, Any]) -> None:
    """Let a message that stops half-way be an error: a notebook may write to any descriptor."""
    if sys.platform != "win32":
        with socket.socket(fileno=os.dup(channel.fileno())) as own:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", STALLED, 0))


def _not_started() -> KentstatsError:
    return KentstatsError(
        "A process to execute notebooks in could not be started.",
        "The machine may be out of memory; close other programs and run again.",
    )


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
    idle : sequence of (callable, tuple)
        The same, called once it has been asked and has nothing else to do,
        so that the first who asks need not wait for them. A list of more of
        this kind that one returns is called after it.
    """

    at_once = True
    """Whether one may be asked for ahead, without waiting until it is ready."""

    def __init__(self, warm: Sequence[Call] = (), idle: Sequence[Call] = ()) -> None:
        self._calls = list(warm), list(idle)
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._closed = False
        self._control, self._popen = self._start()

    def _start(self) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        ours, theirs = socket.socketpair()
        with theirs:
            popen = subprocess.Popen(
                _command("fork", theirs.fileno()),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
        channel = Connection(os.dup(ours.fileno()))
        channel.send(self._calls)
        channel.close()
        return ours, popen

    @property
    def pid(self) -> int:
        """The number of the prepared process."""
        return self._popen.pid

    def child(self) -> Child:
        """Fork; returns at once. A prepared process that has ended is started again.

        Raises
        ------
        KentstatsError
            None could be started.
        """
        ours, theirs = socket.socketpair()
        status, told = socket.socketpair()
        try:
            with theirs, told, self._lock:
                if self._popen.poll() is not None and not self._closed:
                    self._control.close()
                    self._control, self._popen = self._start()
                socket.send_fds(self._control, [b"."], [theirs.fileno(), told.fileno()])
        except OSError:
            ours.close()
            status.close()
            raise _not_started() from None
        return Child(Connection(ours.detach()), status=Connection(status.detach()))

    @property
    def alive(self) -> bool:
        """Whether it can be asked, by this process."""
        return self._owner == os.getpid() and self._popen.poll() is None

    def retire(self) -> None:
        """Let it end when no child is at work any more."""
        self._closed = True
        with self._lock, contextlib.suppress(OSError):
            self._control.send(RETIRE)

    def close(self) -> None:
        """End it, and every child that is still at work."""
        self._closed = True
        self._control.close()
        if self._owner != os.getpid():
            return  # a copy, in a process that was forked from the one that asks
        try:
            self._popen.wait(10)
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

    at_once = False

    def __init__(self, warm: Sequence[Call] = (), number: int = 1) -> None:
        self._warm = list(warm)
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self._ready: deque[tuple[Listener, subprocess.Popen[bytes]]] = deque(
            self._start() for _ in range(number)
        )

    def _start(self) -> tuple[Listener, subprocess.Popen[bytes]]:
        key = secrets.token_bytes(16)
        listener = Listener(("127.0.0.1", 0), "AF_INET", authkey=key)
        popen = subprocess.Popen(
            _command("once", listener.address[1]),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )
        assert popen.stdin
        with popen.stdin as pipe, contextlib.suppress(OSError):
            pipe.write(pickle.dumps((key, self._warm)))
        return listener, popen

    def child(self) -> Child:
        """Take a spare process, and start another in its place.

        Raises
        ------
        KentstatsError
            It ended before it was ready.
        """
        with self._lock:
            listener, popen = self._ready.popleft()
            self._ready.append(self._start())
        with listener:
            return Child(_accept(listener, popen), popen=popen)

    @property
    def alive(self) -> bool:
        """Whether it can be asked, by this process."""
        return self._owner == os.getpid()

    def retire(self) -> None:
        """End the spares; what is at work goes on."""
        self.close()

    def close(self) -> None:
        """End the spares."""
        while self._ready:
            listener, popen = self._ready.popleft()
            listener.close()
            if self._owner == os.getpid():
                popen.kill()
                popen.wait()


def _accept(listener: Listener, popen: subprocess.Popen[bytes]) -> Connection[Any, Any]:
    """Wait until a process that prepares itself is ready."""
    listener._listener._socket.settimeout(0.2)  # type: ignore[attr-defined]  # noqa: SLF001
    while True:
        try:
            return listener.accept()
        except TimeoutError:
            if popen.poll() is not None:
                raise _not_started() from None
        except (AuthenticationError, EOFError, ConnectionError):
            continue  # somebody else knocked


def serve_from(
    warm: Sequence[Call], number: int = 1, *, idle: Sequence[Call] = ()
) -> Forks | Spares:
    """Prepare processes in the way that this system allows."""
    # nobody waits for those that are prepared one by one ahead
    return Forks(warm, idle) if FORKS else Spares([*warm, *idle], number)


@contextlib.contextmanager
def server(warm: Sequence[Call], number: int = 1) -> Iterator[Forks | Spares]:
    """Prepare processes for the time of a block."""
    prepared = serve_from(warm, number)
    try:
        yield prepared
    finally:
        prepared.close()


def _command(kind: str, where: int) -> list[str]:
    return [sys.executable, "-c", START, kind, str(where)]


def _environment() -> dict[str, str]:
    return {**ALONE, **os.environ}
