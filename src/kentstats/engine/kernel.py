"""IPython's kernel, without sockets: messages in by call, messages out by call."""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session
from tornado.ioloop import IOLoop
from traitlets import Any as Anything

from kentstats.engine.limits import Limits, hold_to
from kentstats.engine.streams import Direct, Stream

Message = dict[str, Any]
Sink = Callable[[str, Message], object]
"""Takes the name of a channel, ``shell`` or ``iopub``, and a message."""


class CallSession(Session):
    """A session that calls where others send."""

    sink: Sink

    def send(  # type: ignore[override]
        self,
        stream: Any,
        msg_or_type: Message | str,
        content: Message | None = None,
        parent: Message | None = None,
        ident: Any = None,  # noqa: ARG002, its place in jupyter_client
        buffers: Any = None,
        track: bool = False,  # noqa: ARG002, FBT001, FBT002
        header: Message | None = None,
        metadata: Message | None = None,
    ) -> Message:
        """Hand a message to the sink; a forked process hands over nothing."""
        if isinstance(msg_or_type, dict):
            message = msg_or_type
        else:
            message = self.msg(msg_or_type, content, parent, header, metadata)
        message["buffers"] = buffers or message.get("buffers", [])
        if os.getpid() == self.pid:
            self.sink("shell" if stream == "shell" else "iopub", message)
        return message

    def feed_identities(self, msg: Any, copy: bool = True) -> tuple[list[bytes], Any]:  # noqa: ARG002, FBT001, FBT002
        """Return the message: it came without an envelope."""
        return [], msg

    def deserialize(self, msg: Any, content: bool = True, copy: bool = True) -> Any:  # noqa: ARG002, FBT001, FBT002
        """Return the message: it was never written out."""
        return msg


class Kernel(IPythonKernel):
    """IPython's kernel, called directly."""

    shell_stream = Anything()  # the name of a channel, where ipykernel has a socket

    @property
    def _supports_kernel_subshells(self) -> bool:
        return False

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """Drop nothing: no request is ever waiting."""


class App(IPKernelApp):
    """ipykernel's application, with all that it reads and sets up, but no sockets."""

    kernel_class = Kernel
    outstream_class = f"{Stream.__module__}.{Stream.__name__}"

    def init_connection_file(self) -> None:
        """Do without: nobody connects."""

    init_poller = init_heartbeat = write_connection_file = init_connection_file
    log_connection_info = init_connection_file

    def init_sockets(self) -> None:
        """Let the session call."""
        self.session = CallSession(parent=self)
        self.session.sink = lambda *_: None
        self.iopub_thread, self.iopub_socket = Direct(), "iopub"

    def init_path(self) -> None:
        """Let notebooks import from their folder, after Python's own; see IPython's method."""
        if "" not in sys.path and not self.ignore_cwd:
            names = [PurePath(path).name for path in sys.path]
            sys.path.insert(names.index("site-packages") if "site-packages" in names else 0, "")

    def init_kernel(self) -> None:
        """Make the kernel."""
        self.kernel = Kernel.instance(
            parent=self,
            session=self.session,
            shell_stream="shell",
            # asked whether a cell runs in the main thread
            shell_channel_thread=SimpleNamespace(parent_thread=threading.main_thread()),
            iopub_thread=self.iopub_thread,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count


def prepare() -> None:
    """Set a kernel up, before a fork; nothing runs yet, and no thread starts."""
    app = App.instance()
    if app.kernel is not None:
        return
    streams = sys.stdout, sys.stderr, sys.displayhook
    # the history in memory, as nbclient has it
    app.initialize(["--HistoryManager.hist_file=:memory:", "--log-level=ERROR"])
    app.streams = sys.stdout, sys.stderr, sys.displayhook
    sys.stdout, sys.stderr, sys.displayhook = streams


@contextmanager
def running(sink: Sink, limits: Limits = Limits()) -> Iterator[Kernel]:
    """Let the kernel of this process work, once.

    Parameters
    ----------
    sink : callable
        Takes its messages.
    limits : Limits
        What it may use.

    Yields
    ------
    Kernel
        To be given requests with ``await kernel.dispatch_shell(message)``, in
        a running event loop.
    """
    prepare()
    app = App.instance()
    _afresh()
    app.session.pid = os.getpid()
    app.session.sink = sink
    before = sys.stdout, sys.stderr, sys.displayhook
    descriptors = [os.dup(1), os.dup(2)]
    sys.stdout, sys.stderr, sys.displayhook = app.streams
    for stream in app.streams[:2]:
        stream.catch(limits.output)
    hold_to(limits.memory)
    try:
        yield app.kernel
    finally:
        hold_to(0)
        for number, kept in enumerate(descriptors, start=1):
            os.dup2(kept, number)
        sys.stdout, sys.stderr, sys.displayhook = before


def _afresh() -> None:
    """Take back what a forked process shares with its siblings and should not."""
    gc.enable()
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


async def handle(kernel: Kernel, request: Message) -> None:
    """Let a kernel work on a request, in the running event loop."""
    kernel.io_loop = IOLoop.current()
    await kernel.dispatch_shell(request)
