"""Standard output and error of a kernel without sockets.

ipykernel's streams, which hand over what was printed a fifth of a second
after it was, or when something is displayed. What reaches the descriptors
without Python's knowledge (``os.system``, a library in C, a forked process)
comes through a pipe. It is read before anything is printed or handed over,
so that it stands where it was written, and meanwhile by a thread.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
import threading
import time
from typing import Any

from ipykernel import iostream

from kentstats.engine.limits import Meter

STARTED_BY_US = "kentstats-"
"""How the names of the threads begin that belong to no notebook."""
AT_ONCE = 1 << 20
"""Bytes that are read from a pipe at a time; most hold less."""


class Direct(iostream.IOPubThread):
    """ipykernel's thread for output, without a thread: what it is given is done at once."""

    thread: Any
    io_loop: Any

    # deliberately not calling that of ipykernel, which opens sockets
    def __init__(self) -> None:
        self.thread = self.io_loop = self.socket = None

    def schedule(self, f: Any) -> None:
        """Do it now."""
        f()


class OutStream(iostream.OutStream):
    """One of the two streams; it has the name that notebooks know."""

    def __init__(self, session: Any, pub_thread: Direct, name: str, **_: Any) -> None:
        super().__init__(session, pub_thread, name, watchfd=False)
        self._descriptor = 1 if name == "stdout" else 2
        self._meter = Meter()
        self._pipe: int | None = None
        self._due = 0.0
        self._lock = threading.RLock()
        self._wake = threading.Event()

    def catch(self, meter: Meter) -> None:
        """Begin to hand over, and to read what reaches the descriptor; in the child, once."""
        self._meter = meter
        self._master_pid = os.getpid()
        threads = [self._hand_over_later]
        if sys.platform != "win32":  # nor does ipykernel there
            self._redirect()
            threads.append(self._follow)
        for each in threads:
            name = f"{STARTED_BY_US}{self.name}"
            threading.Thread(target=each, name=name, daemon=True).start()

    def _redirect(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        # a program that is told to write to this stream writes to the terminal, as from a kernel
        self._original_stdstream_copy = os.dup(self._descriptor)
        self._pipe, writer = os.pipe()
        os.set_blocking(self._pipe, False)
        os.dup2(writer, self._descriptor)
        os.close(writer)

    def release(self) -> None:
        """Give the descriptor back, and read no more."""
        self.flush()
        if self._pipe is not None:
            os.dup2(self._original_stdstream_copy, self._descriptor)

    def _follow(self) -> None:
        while (pipe := self._pipe) is not None:
            try:
                select.select([pipe], [], [])
            except (OSError, ValueError):
                return  # a notebook has closed it
            with self._lock:
                self._take()

    def _hand_over_later(self) -> None:
        while self._wake.wait():
            time.sleep(max(0.0, self._due - time.monotonic()))
            self._wake.clear()
            self._flush()

    def _schedule_flush(self) -> None:
        if not self._flush_pending:
            self._flush_pending = True
            self._due = time.monotonic() + self.flush_interval
            self._wake.set()

    def write(self, string: str) -> int:
        """Print; what a program printed before goes first.

        Raises
        ------
        OutputLimitError
            More was printed than may be.
        """
        if not isinstance(string, str) or self.pub_thread is None:
            super().write(string)  # complains
        if os.getpid() != self._master_pid:
            # a forked process has no way to the notebook but the descriptor
            os.write(self._descriptor, string.encode(errors="replace"))
            return len(string)
        with self._lock:
            self._take()
            kept = self._meter.take(len(string))
            super().write(string[:kept])
        self._meter.check()
        return len(string)

    def _take(self) -> None:
        """Print what has come through the pipe."""
        while content := self._read():
            text = self._decoder.decode(content)
            super().write(text[: self._meter.take(len(text))])

    def _read(self) -> bytes:
        if self._pipe is None:
            return b""
        try:
            content = os.read(self._pipe, AT_ONCE)
        except BlockingIOError:
            return b""
        except OSError:
            content = b""
        if not content:
            self._pipe = None
        return content

    def _flush(self) -> None:
        # a forked process has a copy of what is still to be handed over, which is not its own
        if os.getpid() == self._master_pid:
            with self._lock:
                self._take()
                super()._flush()
