"""Standard output and error of a kernel without sockets.

ipykernel's streams, which hand over what was printed a fifth of a second
after it was, or when something is displayed. What reaches the descriptors
without Python's knowledge (``os.system``, a library in C, a forked process)
is kept in a file and taken from there, so that nothing has to be waited for.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from typing import Any

from ipykernel.iostream import IOPubThread, OutStream

from kentstats.engine.limits import OutputLimit

STARTED_BY_US = "kentstats-flush"
"""Name of the thread that hands over what was printed a while ago."""


class Direct(IOPubThread):
    """ipykernel's thread for output, without a thread: what it is given is done at once."""

    # deliberately not calling that of ipykernel, which opens sockets
    def __init__(self) -> None:
        self.thread = self.io_loop = self.socket = None

    def schedule(self, f: Any) -> None:
        """Do it now."""
        f()


class Stream(OutStream):
    """One of the two streams.

    Attributes
    ----------
    most : int
        Characters that may be printed; 0 for any number.
    """

    most = 0
    printed = 0
    _caught: Any = None
    _offset = 0
    _due = float("inf")

    def __init__(self, session: Any, pub_thread: Direct, name: str, **_: Any) -> None:
        super().__init__(session, pub_thread, name, watchfd=False)
        self._wake = threading.Event()

    def catch(self, most: int = 0) -> None:
        """Begin to keep what reaches the descriptor; in the child, once."""
        self.most = most
        self._master_pid = os.getpid()
        number = 1 if self.name == "stdout" else 2
        self._caught = tempfile.TemporaryFile("ab+", buffering=0)  # noqa: SIM115, for life
        # a program that is told to write to this stream writes to the terminal, as from a kernel
        self._original_stdstream_copy = os.dup(number)
        os.dup2(self._caught.fileno(), number)
        threading.Thread(target=self._follow, name=STARTED_BY_US, daemon=True).start()

    def _follow(self) -> None:
        while self._wake.wait():
            time.sleep(max(0.0, self._due - time.monotonic()))
            self._wake.clear()
            self._flush()

    def _schedule_flush(self) -> None:
        if not self._flush_pending:
            self._flush_pending = True
            self._due = time.monotonic() + self.flush_interval
            self._wake.set()

    def write(self, string: str) -> int | None:
        """Print; what a program printed before goes first.

        Raises
        ------
        OutputLimit
            More was printed than may be.
        """
        if os.getpid() != self._master_pid:
            # a forked process has no way to the notebook but the descriptor
            os.write(1 if self.name == "stdout" else 2, string.encode(errors="replace"))
            return len(string)
        self._take()
        self._count(len(string))
        return super().write(string)

    def _count(self, characters: int) -> None:
        self.printed += characters
        if self.most and self.printed > self.most:
            raise OutputLimit(f"The notebook has printed more than {self.most:,} characters.")

    def _take(self) -> None:
        """Print what has reached the descriptor since the last time."""
        if self._caught is None or os.getpid() != self._master_pid:
            return
        size = os.fstat(self._caught.fileno()).st_size
        if size > self._offset:
            most = min(size - self._offset, self.most + 1) if self.most else size - self._offset
            text = os.pread(self._caught.fileno(), most, self._offset).decode(errors="replace")
            self._offset = size
            self.printed += len(text)
            super().write(text)

    def _flush(self) -> None:
        self._take()
        super()._flush()
