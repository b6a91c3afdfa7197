"""A notebook may not write where other briefings are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = frozenset(
    {
        *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink"),
        *("os.truncate", "os.chmod", "os.chown", "os.utime"),
    }
)
"""Events of Python that change what is on the disk; ``open`` is one where it writes."""

_guarded: list[tuple[str, str, str]] = []


@contextmanager
def guard(root: Path, own: Path) -> Iterator[None]:
    """Refuse to write below a folder, but for one briefing's own folders in it.

    Programs that are started, and libraries that write without Python's
    knowledge, are not seen: those who publish compare files afterwards too.

    Parameters
    ----------
    root : pathlib.Path
        The folder.
    own : pathlib.Path
        ``EDITION/AUTHORITY`` in it; folders beside it in which the briefing
        is prepared begin with a dot and its name.
    """
    if not _hooked:
        sys.addaudithook(_watch)
        _hooked.append(True)
    place = str(own.resolve())
    head, name = os.path.split(place)
    _guarded.append((str(root.resolve()) + os.sep, place, os.path.join(head, f".{name}-")))
    try:
        yield
    finally:
        _guarded.pop()


_hooked: list[bool] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if not _guarded or not (event == "open" or event in CHANGES):
        return
    if event == "open":
        path, _, flags = arguments
        if not isinstance(flags, int) or not flags & WRITES:
            return
        paths: tuple[Any, ...] = (path,)
    else:
        paths = arguments[:2]
    root, own, aside = _guarded[-1]
    for path in paths:
        if isinstance(path, str | bytes | os.PathLike):
            full = os.path.abspath(os.fsdecode(path))
            if full.startswith(root) and not full.startswith((own + os.sep, aside)) and full != own:
                raise PermissionError(
                    f"{full} is of another briefing: a notebook writes nothing there."
                )
