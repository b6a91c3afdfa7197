"""One run at a time: a lock on the folder that a run publishes to."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from kentstats.errors import KentstatsError


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder.

    The lock is the operating system's, which lets go of it when a process
    ends, however it ends: there is no stale lock.

    Raises
    ------
    KentstatsError
        Another run is at work there.
    """
    path = folder / ".lock"
    while True:
        held = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(held)
        except (BlockingIOError, PermissionError):
            os.close(held)
            who = ""
            with contextlib.suppress(OSError):
                who = path.read_text(encoding="utf-8").strip()
            raise KentstatsError(
                f"Another run{f' (process {who})' if who else ''} is publishing to {folder}.",
                "Wait until it has ended, or publish elsewhere with --output.",
            ) from None
        # the run before may have removed the file between the opening and the lock
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(held), path.stat()):
                break
        os.close(held)
    try:
        os.ftruncate(held, 0)
        os.write(held, f"{os.getpid()}\n".encode())
        yield
    finally:
        if sys.platform != "win32":
            path.unlink(missing_ok=True)
        os.close(held)
        # Windows removes no file that is open
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                path.unlink(missing_ok=True)


def _lock(held: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        # a byte far behind what is written, which others may so read
        os.lseek(held, 1 << 20, os.SEEK_SET)
        msvcrt.locking(held, msvcrt.LK_NBLCK, 1)
        os.lseek(held, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
