"""What a run may use: memory and output."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


class OutputLimitError(RuntimeError):
    """A notebook has printed or shown more than it may."""


@dataclass(frozen=True)
class Limits:
    """What a run may use; 0 is without limit.

    Attributes
    ----------
    memory : int
        Bytes beyond those in use at the beginning. Where a system cannot
        hold a process to it (Windows, macOS), it is not held to.
    output : int
        Characters that may be printed and shown.
    """

    memory: int = 0
    output: int = 0


UNLIMITED = Limits()


class Meter:
    """Counts what a notebook prints and shows.

    Parameters
    ----------
    most : int
        Characters that it may; 0 for any number.
    """

    def __init__(self, most: int = 0) -> None:
        self.most = most
        self._used = 0
        self._lock = threading.Lock()

    def take(self, characters: int) -> int:
        """Count, and return how many of so many characters may still be kept."""
        if not self.most:
            return characters
        with self._lock:
            left = max(0, self.most - self._used)
            self._used += characters
        return min(characters, left)

    def check(self) -> None:
        """Complain where more was counted than may be.

        Raises
        ------
        OutputLimitError
            More was.
        """
        if self.most and self._used > self.most:
            raise OutputLimitError(
                f"The notebook has printed or shown more than {self.most:,} characters."
            )


class Memory:
    """Holds this process to so much memory more than it uses now.

    Parameters
    ----------
    most : int
        Bytes; 0 for any number.
    """

    def __init__(self, most: int = 0) -> None:
        self._most = 0
        if most:
            with contextlib.suppress(OSError, ValueError):
                self._most = _in_use() + most

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let an allocation beyond it fail with MemoryError, as any that cannot be met.

        What is done about it afterwards, such as telling, is done without limit.
        """
        self._set(self._most)
        try:
            yield
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Hold this process to nothing, for what is left of a block."""
        if self._most:
            self._set(0)

    def _set(self, most: int) -> None:
        if not self._most:
            return
        with contextlib.suppress(ImportError, OSError, ValueError):
            import resource

            _, hard = resource.getrlimit(resource.RLIMIT_DATA)
            soft = most or hard
            if hard != resource.RLIM_INFINITY:
                soft = min(soft, hard)
            resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _in_use() -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmData"):
            return int(line.split()[1]) * 1024
    raise OSError("the system does not tell")
