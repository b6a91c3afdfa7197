"""What a run may use: time, memory, output."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass


class OutputLimit(RuntimeError):
    """A notebook has printed more than it may."""


@dataclass(frozen=True)
class Limits:
    """What a run may use; 0 is without limit.

    Attributes
    ----------
    memory : int
        Bytes beyond those in use at the beginning. Where a system cannot
        hold a process to it (Windows, macOS), it is not held to.
    output : int
        Characters that may be printed.
    """

    memory: int = 0
    output: int = 0


def hold_to(memory: int) -> None:
    """Let this process have so much memory more, and no more.

    An allocation beyond it fails with MemoryError, as any that the system
    cannot meet.

    Parameters
    ----------
    memory : int
        Bytes beyond those in use now; 0 takes the limit away.
    """
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = _in_use() + memory if memory else hard
        if hard != resource.RLIM_INFINITY:
            soft = min(soft, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _in_use() -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith("VmData"):
                return int(line.split()[1]) * 1024
    raise OSError("the system does not tell")
