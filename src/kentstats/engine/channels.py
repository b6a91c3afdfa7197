"""What nbclient asks of a kernel's manager and client, without sockets.

nbclient does the rest as it always does: outputs in their order, displays
that change later, widgets, time limits, hooks.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from jupyter_client.session import Session
from nbclient.exceptions import DeadKernelError

from kentstats.engine.found import as_found
from kentstats.engine.kernel import EndedError, Kernel, Message, handle, running
from kentstats.engine.limits import Limits
from kentstats.engine.process import Child, Forks, Spares
from kentstats.engine.serving import INTERRUPT, serve

LAST_WORDS = 5.0
"""Seconds that a process has to end by itself, as nbclient gives a kernel."""


class Inbox:
    """Messages of one channel, as they come.

    Parameters
    ----------
    send : callable
        Takes what is sent to the other end, which widgets do.
    work : callable
        Awaited before a message is waited for.
    """

    def __init__(self, send: Callable[[Message], object], work: Callable[[], Any]) -> None:
        self.send = send
        self._work = work
        self._messages: deque[Message] = deque()
        self._came: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def put(self, message: Message) -> None:
        """Add a message, in any thread."""
        self._messages.append(message)
        if self._came is not None:
            loop, came = self._came
            with contextlib.suppress(RuntimeError):  # nobody waits any more
                loop.call_soon_threadsafe(came.set)

    async def get_msg(self, timeout: float | None = None) -> Message:
        """Return the next message.

        Raises
        ------
        queue.Empty
            None came in so many seconds.
        """
        await self._work()
        while True:
            came = asyncio.Event()
            self._came = asyncio.get_running_loop(), came
            # looked for after this is announced, or one might come in between
            if self._messages:
                return self._messages.popleft()
            try:
                await asyncio.wait_for(came.wait(), timeout)
            except TimeoutError:
                raise queue.Empty from None


class Client:
    """The requests that nbclient makes of a kernel.

    Parameters
    ----------
    send : callable
        Takes a request.
    work : callable
        Awaited before an answer is waited for.
    """

    allow_stdin = False
    unanswered = 0
    """Requests that no answer has come to yet."""

    def __init__(self, send: Callable[[Message], object], work: Callable[[], Any]) -> None:
        self._send = send
        self.session = Session()
        self.shell_channel, self.iopub_channel = Inbox(send, work), Inbox(send, work)

    def put(self, channel: str, message: Message) -> None:
        """Take a message of the kernel."""
        self.unanswered -= channel == "shell"
        (self.shell_channel if channel == "shell" else self.iopub_channel).put(message)

    def _ask(self, kind: str, content: Message) -> str:
        request = self.session.msg(kind, content)
        self.unanswered += 1
        self._send(request)
        return str(request["header"]["msg_id"])

    def execute(self, code: str, *, store_history: bool = True, stop_on_error: bool = True) -> str:
        """Ask for a cell to be executed; return the number of the request."""
        return self._ask(
            "execute_request",
            {
                "code": code,
                "silent": False,
                "store_history": store_history,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": stop_on_error,
            },
        )

    def kernel_info(self) -> str:
        """Ask what the kernel is; return the number of the request."""
        return self._ask("kernel_info_request", {})

    def start_channels(self) -> None:
        """Do nothing: they are open."""

    stop_channels = start_channels

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Do nothing: it is ready."""


class Manager(Protocol):
    """What the engine asks of a kernel's manager."""

    has_kernel: bool

    def client(self) -> Client:
        """Return the client."""

    def is_alive(self) -> bool:
        """Tell whether the kernel has not ended."""

    def interrupt_kernel(self) -> None:
        """Interrupt the cell that is being executed."""


class Here:
    """A kernel in this process."""

    has_kernel = True

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._waiting: deque[Message] = deque()
        self._busy = self._ended = False
        self._client = Client(self._waiting.append, self._work)

    async def _work(self) -> None:
        # both channels ask, and whichever is first has the cell executed
        while self._waiting and not self._busy and not self._ended:
            self._busy = True
            try:
                await handle(self._kernel, self._waiting.popleft())
            except EndedError:
                self._ended = True
            finally:
                self._busy = False
        if self._ended:
            raise DeadKernelError("Kernel died")

    def client(self) -> Client:
        """Return the client."""
        return self._client

    def is_alive(self) -> bool:
        """Tell whether it has not ended, as ``exit()`` asks."""
        return not self._ended

    def interrupt_kernel(self) -> None:
        """Do nothing: whoever could ask is waiting for the cell."""


@contextmanager
def here(limits: Limits) -> Iterator[Here]:
    """Have a kernel in this process, for one run.

    Parameters
    ----------
    limits : Limits
        What it may use.

    Yields
    ------
    Here
    """
    taken: list[Here] = []

    def sink(channel: str, message: Message) -> None:
        for each in taken:  # nobody yet, of what startup files print
            each.client().put(channel, message)

    with as_found(), running(sink, limits) as kernel:
        taken.append(Here(kernel))
        yield taken[0]


class There:
    """A kernel in a child process.

    Parameters
    ----------
    child : kentstats.engine.process.Child
        Asked to serve one.
    """

    has_kernel = True

    def __init__(self, child: Child) -> None:
        self._child = child
        self._alive = True
        self._client = Client(self._send, self._follow)

    def _send(self, request: Message | None) -> None:
        try:
            self._child.channel.send(request)
        except OSError:
            self._alive = False

    async def _follow(self) -> None:
        """Begin to read, once somebody waits for an answer."""
        if self._child.reader is None:
            self._child.reader = threading.Thread(target=self._read, daemon=True)
            self._child.reader.start()

    def _read(self) -> None:
        # whatever ends it, the kernel counts as dead then, and is not waited for
        with contextlib.suppress(Exception):
            while True:
                self._client.put(*self._child.hear())
        self._alive = False

    def client(self) -> Client:
        """Return the client."""
        return self._client

    def is_alive(self) -> bool:
        """Tell whether the process has not ended."""
        return self._alive and self._child.code() is None

    def interrupt_kernel(self) -> None:
        """Interrupt the cell, as Ctrl-C does."""
        if sys.platform == "win32":
            self._send(INTERRUPT)
        else:
            self._child.interrupt()

    async def shutdown_kernel(self, *, now: bool = False) -> None:
        """Let the process end by itself, and take its last words, as from any kernel."""
        if now:
            return
        if self._client.unanswered:
            self.interrupt_kernel()
        self._send(None)
        until = time.monotonic() + LAST_WORDS
        while self._child.code() is None and time.monotonic() < until:
            await asyncio.sleep(0.002)

    def cleanup_resources(self) -> None:
        """Do nothing: the process is ended by whoever asked for it."""


@contextmanager
def there(prepared: Forks | Spares, limits: Limits) -> Iterator[There]:
    """Have a kernel in a prepared process, for one run.

    Parameters
    ----------
    prepared : Forks or Spares
        Where the process comes from.
    limits : Limits
        What the kernel may use.

    Yields
    ------
    There
    """
    child = prepared.child()
    try:
        child.ask(serve, limits)
        yield There(child)
    finally:
        child.end()
