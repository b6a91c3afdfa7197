"""IPython's kernel, without sockets: messages in by call, messages out by call."""

from __future__ import annotations

import builtins
import gc
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session
from tornado.ioloop import IOLoop
from traitlets import Any as Anything
from traitlets import Float

from kentstats.engine.cells import once
from kentstats.engine.limits import UNLIMITED, Limits, Memory, Meter
from kentstats.engine.streams import Direct, OutStream

Message = dict[str, Any]
Sink = Callable[[str, Message], object]
"""Takes the name of a channel, ``shell`` or ``iopub``, and a message."""
SHOWN = frozenset({"display_data", "execute_result", "update_display_data"})
"""Messages that count as output; what is printed is counted where it is."""


class EndedError(Exception):
    """A kernel can do no more: a cell has called ``exit()``, or spoilt it."""


class CallSession(Session):
    """A session that calls where others send."""

    sink: Sink
    meter = Meter()
    answered = ""
    """The number of the request that was answered last."""

    def send(
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
        if os.getpid() != self.pid:
            return message
        packed = self.pack(message["content"])
        if message["msg_type"] in SHOWN and self.meter.take(len(packed)) < len(packed):
            self.meter.check()
        sent = {
            **message,
            # as they would arrive: what is no JSON is made so, or refused where it is shown
            "content": self.unpack(packed),
            "metadata": self.unpack(self.pack(message["metadata"])),
            "buffers": [bytes(each) for each in buffers or message.get("buffers", [])],
        }
        if stream == "shell":
            self.answered = message["parent_header"].get("msg_id", "")
        self.sink("shell" if stream == "shell" else "iopub", sent)
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
    _execute_sleep = Float(0.0)  # a pause for sockets, half a millisecond a cell
    meter = Meter()
    memory = Memory()
    left = float("inf")
    """When it ends, where a cell has called ``exit()``."""

    @property
    def _supports_kernel_subshells(self) -> bool:
        return False

    def _abort_queues(self, subshell_id: str | None = None) -> None:
        """Drop nothing: no request is ever waiting."""

    def leave(self) -> None:
        """End a tenth of a second later, as ipykernel does when ``exit()`` is called."""
        if not (self.shell and self.shell.keepkernel_on_exit):
            self.left = time.monotonic() + 0.1

    async def do_execute(self, *arguments: Any, **options: Any) -> Any:
        """Execute a cell within its limits."""
        with self.memory.held():
            reply = await super().do_execute(*arguments, **options)
        try:
            self._flush()  # what programs have printed counts too
            self.meter.check()
        except Exception as error:  # noqa: BLE001, whatever a notebook puts in the place of a stream
            if reply["status"] == "ok":
                name, words = type(error).__name__, str(error)
                told = {"ename": name, "evalue": words, "traceback": [f"{name}: {words}"]}
                self.send_response(self.iopub_socket, "error", told)
                return {**reply, "status": "error", **told}
        return reply

    def _flush(self) -> None:
        """Flush the streams; what cannot be is replaced by what was there before."""
        for name, own in zip(("stdout", "stderr"), App.instance().streams[:2], strict=True):
            try:
                if getattr(sys, name) is not None:
                    getattr(sys, name).flush()
            except Exception:
                setattr(sys, name, own)
                raise


class App(IPKernelApp):
    """ipykernel's application, with all that it reads and sets up, but no sockets."""

    kernel_class = Kernel
    outstream_class = f"{OutStream.__module__}.{OutStream.__name__}"
    streams: tuple[OutStream, OutStream, Any]

    def init_connection_file(self, **_: Any) -> None:
        """Do without: nobody connects."""

    init_poller = init_heartbeat = write_connection_file = init_connection_file
    log_connection_info = init_connection_file
    # they come later, see begin
    init_extensions = init_code = init_connection_file

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

    def begin(self, sink: Sink, limits: Limits) -> None:
        """Begin to work, in a process of its own: a user's startup files may do anything."""
        self.session.pid = os.getpid()
        self.session.sink = sink
        os.environ["JPY_PARENT_PID"] = str(
            os.getppid()
        )  # libraries tell by it that this is a kernel
        vars(builtins).pop("get_ipython", None)  # IPython sets it while a cell runs
        self.kernel.meter = self.session.meter = meter = Meter(limits.output)
        sys.stdout, sys.stderr, sys.displayhook = self.streams
        for stream in self.streams[:2]:
            stream.catch(meter)
        super().init_extensions()
        super().init_code()
        self.kernel.memory = memory = Memory(limits.memory)
        shell = self.shell
        assert shell is not None
        # IPython would stop the event loop, which in this process may be another's
        shell.ask_exit = self.kernel.leave
        if limits.memory:
            show = shell.showtraceback

            def showtraceback(*arguments: Any, **options: Any) -> None:
                memory.let_go()  # telling that there was not enough needs more
                show(*arguments, **options)

            shell.showtraceback = showtraceback


def prepare() -> None:
    """Set a kernel up, before a fork; nothing runs yet, and no thread starts."""
    app = App.instance()
    if app.kernel is not None:
        return
    streams = sys.stdout, sys.stderr, sys.displayhook
    # the history in memory, as nbclient has it
    app.initialize(["--HistoryManager.hist_file=:memory:", "--log-level=ERROR"])
    # its handler drops what is less; the records would be made all the same, some at each cell
    app.log.setLevel(app.log_level)
    app.streams = sys.stdout, sys.stderr, sys.displayhook  # type: ignore[assignment]
    sys.stdout, sys.stderr, sys.displayhook = streams
    # pandas, tqdm and others ask, when they are imported, whether they are in a notebook
    assert app.shell is not None
    once(app.shell)
    vars(builtins)["get_ipython"] = app.shell.get_ipython


def foresee(cells: Iterable[str]) -> None:
    """Look at the texts of cells before a fork, see :mod:`kentstats.engine.cells`.

    Parameters
    ----------
    cells : iterable of str
        Cells of code that the kernels forked from this one are to execute.
    """
    shell = App.instance().shell
    assert shell is not None
    for cell in cells:
        with suppress(Exception):  # one that is no Python is told of where it is executed
            shell.should_run_async(cell, transformed_cell=shell.transform_cell(cell))


@contextmanager
def running(sink: Sink, limits: Limits = UNLIMITED) -> Iterator[Kernel]:
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
        To be given requests with :func:`handle`, in a running event loop.
    """
    prepare()
    app = App.instance()
    _afresh()
    before = sys.stdout, sys.stderr, sys.displayhook
    app.begin(sink, limits)
    try:
        yield app.kernel
    finally:
        for stream in app.streams[:2]:
            stream.release()
        sys.stdout, sys.stderr, sys.displayhook = before


def _afresh() -> None:
    """Take back what a forked process shares with its siblings and should not."""
    gc.enable()
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


async def handle(kernel: Kernel, request: Message) -> None:
    """Let a kernel work on a request, in the running event loop.

    Raises
    ------
    EndedError
        A cell before has called ``exit()``; or there was no answer, which
        whoever asked would wait for for ever.
    """
    kind = request["header"]["msg_type"]
    if kind == "execute_request" and time.monotonic() > kernel.left:
        raise EndedError("It has been left.")
    kernel.io_loop = IOLoop.current()
    owner = os.getpid()
    await kernel.dispatch_shell(request)
    if os.getpid() != owner:
        # a cell has forked: the notebook goes on in one process
        os._exit(0)
    if kind.endswith("_request") and App.instance().session.answered != request["header"]["msg_id"]:
        raise EndedError("It has given no answer.")
