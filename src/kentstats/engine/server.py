"""The process that is ready before it is asked: ``python -m kentstats.engine.server``.

It prepares itself, and then either forks a child for each request, or, where
there is no fork, serves one request itself and ends. Nothing runs in it but
this: no threads, no sockets of Jupyter, so that a fork is safe.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.connection import Client, Connection
from typing import Any

Call = tuple[Callable[..., object], tuple[Any, ...]]
"""A function of a module, and its arguments."""
BEGUN = dict(os.environ)
"""The environment before anything was prepared."""


def main(arguments: Sequence[str]) -> None:
    """Serve: ``fork NUMBER`` over an open socket, ``once ADDRESS`` over a new connection."""
    kind, where = arguments
    if kind == "once":
        with Client(where, authkey=bytes.fromhex(sys.stdin.readline().strip())) as channel:
            _warm(channel.recv())
            _serve_one(channel)
    with socket.socket(fileno=int(where)) as control:
        channel = Connection(os.dup(control.fileno()))
        _warm(channel.recv())
        channel.close()
        # what is there now is never looked at again by the collector, so that children share it
        gc.collect()
        gc.freeze()
        _fork_on_request(control)


def _warm(calls: Sequence[Call]) -> None:
    for function, arguments in calls:
        # a child meets the same fault where it can be told
        with contextlib.suppress(Exception):
            function(*arguments)


def _fork_on_request(control: socket.socket) -> None:
    children: dict[int, int] = {}
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer)
    try:
        while True:
            ready, _, _ = select.select([control, reader], [], [])
            if reader in ready:
                os.read(reader, 4096)
                _bury(children)
            if control in ready:
                message, numbers, _, _ = socket.recv_fds(control, 1, 2)
                if not message:
                    return
                channel, status = numbers
                child = os.fork()
                if child == 0:
                    _become(channel, [control.fileno(), reader, writer, *children.values(), status])
                children[child] = status
                os.close(channel)
    finally:
        for child in children:
            with contextlib.suppress(OSError):
                os.killpg(child, signal.SIGKILL)


def _bury(children: dict[int, int]) -> None:
    """Tell of each child that has ended how it did, and end what it left behind."""
    while children:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if child == 0:
            return
        left = False
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
            left = True
        number = children.pop(child)
        with contextlib.suppress(OSError):
            os.write(number, f"{os.waitstatus_to_exitcode(status)} {int(left)}".encode())
        os.close(number)


def _become(channel: int, closed: Sequence[int]) -> None:
    """Go on as a child, which leads a group of its own and never returns."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for number in closed:
            os.close(number)
        _serve_one(Connection(channel))
    finally:
        os._exit(70)


def _serve_one(channel: Connection[Any, Any]) -> None:
    """Do what is asked, once, and end without waiting for anything that was left running."""
    code = 0
    try:
        channel.send(os.getpid())
        folder, environment, path = channel.recv()
        os.chdir(folder)
        function, arguments = _asked(channel, path)
        # what preparing set (colours of a terminal, the way to draw) stays, unless it is asked for
        made = {name: value for name, value in os.environ.items() if BEGUN.get(name) != value}
        own = {name: environment[name] for name in ("MPLBACKEND",) if name in environment}
        os.environ.clear()
        os.environ.update({**environment, **made, **own})
        function(channel, *arguments)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # whoever asked has gone
    except BaseException:  # noqa: BLE001, there is nobody above
        traceback.print_exc(file=sys.__stderr__)
        code = 1
    finally:
        with contextlib.suppress(Exception):
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


if __name__ == "__main__":
    main(sys.argv[1:])
