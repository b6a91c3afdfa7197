"""The process that is ready before it is asked: ``fork NUMBER`` or ``once PORT``.

It prepares itself, and then either forks a child for each request, or, where
there is no fork, serves one request itself and ends. Nothing runs in it but
this: no threads, no sockets of Jupyter, so that a fork is safe.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import pickle
import select
import signal
import socket
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Collection, Sequence
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, NoReturn

Call = tuple[Callable[..., object], tuple[Any, ...]]
"""A function of a module, and its arguments."""
BEGUN = dict(os.environ)
"""The environment before anything was prepared."""
RETIRE = b"-"
"""What is said instead of asking for a process, when no more will be asked for."""
LOOK = 2.0
"""Seconds between two looks at whether whoever started this process is still there."""
PATIENCE = 5.0
"""Seconds that are spent on ending what others leave behind."""
PDEATHSIG, SUBREAPER = 1, 36
"""Options of Linux's ``prctl``: a signal when the parent ends; to be the parent of orphans."""


def main(arguments: Sequence[str]) -> None:
    """Serve: requests over an open socket, or one over a new connection."""
    kind, where = arguments
    if kind == "once":
        _serve_once(int(where))
    with socket.socket(fileno=int(where)) as control:
        channel = Connection(os.dup(control.fileno()))
        warm, idle = channel.recv()
        _warm(warm)
        channel.close()
        _fork_on_request(control, deque(idle))
    _leave(0)


def _serve_once(port: int) -> None:
    key, warm = pickle.load(sys.stdin.buffer)  # noqa: S301, from the process that started this one
    _warm(warm)
    try:
        channel = Client(("127.0.0.1", port), authkey=key)
    except (EOFError, OSError):
        os._exit(0)  # nobody needs it any more
    _serve_one(channel)


def _warm(calls: Sequence[Call]) -> list[Call]:
    """Call what makes ready; return what it asks to be called afterwards."""
    more: list[Call] = []
    for function, arguments in calls:
        # a child meets the same fault where it can be told
        with contextlib.suppress(Exception):
            told = function(*arguments)
            more += told if isinstance(told, list) else []
    # what is there now is never looked at again by the collector, so that children share it
    gc.freeze()
    return more


def _fork_on_request(control: socket.socket, idle: deque[Call]) -> None:
    children: dict[int, int] = {}
    asked = retired = False
    asker = os.getppid()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer)
    _prctl(SUBREAPER, 1)
    own = [control.fileno(), reader, writer]
    try:
        # a process that the asker forked may hold the socket open after it has gone
        while os.getppid() == asker and (children or not retired):
            free = asked and bool(idle) and not retired
            ready = select.select([control.fileno(), reader], [], [], 0 if free else LOOK)[0]
            if reader in ready:
                os.read(reader, 4096)
                _bury(children)
            if control.fileno() in ready:
                message, numbers, _, _ = socket.recv_fds(control, 1, 2)
                if not message:
                    return
                asked, retired = True, message == RETIRE
                if not retired:
                    _fork(numbers, children, own)
            elif free:
                idle.extend(_warm([idle.popleft()]))
    finally:
        _ask_to_end(children)
        _end(children, ())


def _ask_to_end(children: Collection[int]) -> None:
    """Let children clear up, which takes no time where they know how."""
    for child in children:
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGTERM)
    until = time.monotonic() + PATIENCE
    for child in children:
        with contextlib.suppress(OSError):
            while os.waitpid(child, os.WNOHANG)[0] == 0 and time.monotonic() < until:
                time.sleep(0.01)


def _fork(numbers: Sequence[int], children: dict[int, int], own: Sequence[int]) -> None:
    """Fork a child for a request, which came with its channel and a place to tell how it ended."""
    try:
        channel, status = numbers
        server, child = os.getpid(), os.fork()
    except (OSError, ValueError):
        # no more processes or descriptors are to be had; the asker finds the channel closed
        for number in numbers:
            os.close(number)
        return
    if child == 0:
        _become(channel, server, [*own, *children.values(), status])
    children[child] = status
    os.close(channel)


def _bury(children: dict[int, int]) -> None:
    """Tell of each child that has ended how it did, and end what it left behind."""
    while children:
        child, status = os.waitpid(-1, os.WNOHANG)
        if child == 0:
            return
        if child in children:
            number = children.pop(child)
            left = _end([child], children)
            with contextlib.suppress(OSError):
                os.write(number, f"{os.waitstatus_to_exitcode(status)} {int(left)}".encode())
            os.close(number)


def _end(groups: Collection[int], others: Collection[int]) -> bool:
    """End groups of processes, and every child of this process that is not one of others.

    Each child takes care of the orphans among its descendants; when it has
    ended, they come here.

    Returns
    -------
    bool
        Whether anything was still running, but for the leaders of the groups.
    """
    left = False
    for group in groups:
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
            left = sys.platform != "linux"  # there they are looked at one by one
    until = time.monotonic() + PATIENCE
    while (found := _own_children() - set(others)) and time.monotonic() < until:
        for each in found:
            with contextlib.suppress(OSError):
                if each in groups or os.waitpid(each, os.WNOHANG)[0] == 0:
                    left = left or each not in groups
                    os.kill(each, signal.SIGKILL)
                    os.waitpid(each, 0)
    return left


def _own_children() -> set[int]:
    """List the children of this process, where the system tells."""
    own = os.getpid()
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{own}/task/{own}/children").read_text(encoding="ascii")
        return set(map(int, text.split()))
    found = set()
    for state in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # PID (NAME) STATE PARENT, and a name may hold anything
            if int(state.read_bytes().rpartition(b")")[2].split()[1]) == own:
                found.add(int(state.parent.name))
    return found


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _become(channel: int, server: int, closed: Sequence[int]) -> None:
    """Go on as a child, which leads a group of its own and never returns."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _prctl(SUBREAPER, 1)
        _prctl(PDEATHSIG, signal.SIGKILL)
        # where memory runs out, better this process than its server or whoever asked
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")
        for number in closed:
            os.close(number)
        if os.getppid() == server:
            _serve_one(Connection(channel))
    finally:
        os._exit(70)


def _serve_one(channel: Connection[Any, Any]) -> None:
    """Do what is asked, once, and end without waiting for threads that were left running."""
    code = 0
    try:
        channel.send(os.getpid())
        folder, environment, path = channel.recv()
        try:
            os.chdir(folder)
        except FileNotFoundError:
            os.chdir(os.sep)  # it was removed, and nothing works in a folder that is not there
        function, arguments = _asked(channel, path)
        # what preparing set (colours of a terminal, the way to draw) stays, unless it is asked for
        made = {name: value for name, value in os.environ.items() if BEGUN.get(name) != value}
        own = {name: environment[name] for name in ("MPLBACKEND",) if name in environment}
        os.environ.clear()
        os.environ.update({**environment, **made, **own})
        if hasattr(time, "tzset"):
            time.tzset()
        function(channel, *arguments)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # whoever asked has gone
    except SystemExit as ended:  # it was asked to end, which is no fault to tell of
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:  # noqa: BLE001, there is nobody above
        code = 1
        traceback.print_exc(file=sys.__stderr__)
    finally:
        _leave(code)


def _leave(code: int) -> NoReturn:
    """End without waiting for threads, or for all that is in memory to be taken down."""
    # temporary files and the like; whoever asked does not wait for ever
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()  # noqa: SLF001, Python does it where it ends by itself
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _asked(channel: Connection[Any, Any], path: Sequence[str]) -> Call:
    """Receive what is asked; its function is found where the asker would find it."""
    own = list(sys.path)
    sys.path += [each for each in path if each not in own]
    try:
        asked: Call = channel.recv()
        return asked
    finally:
        sys.path[:] = own
