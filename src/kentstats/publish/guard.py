"""A notebook may not write where other briefings are."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = frozenset(
    {
        *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink"),
        *("os.truncate", "os.chmod", "os.chown", "os.utime", "shutil.rmtree"),
    }
)
"""Events of Python that change what is on the disk; ``open`` is one where it writes."""
REMOVES = frozenset({"os.rename", "os.rmdir", "shutil.rmtree"})
# what a notebook may not put another in the place of, asked at every opening of a file
_absolute, _real, _split, _join = os.path.abspath, os.path.realpath, os.path.split, os.path.join

_guarded: list[tuple[str, str, str, str]] = []


@contextmanager
def guard(root: Path, own: Path) -> Iterator[None]:
    """Refuse to write below a folder, but for one briefing's own folders in it.

    Nor is the folder at hand removed, in which others are at work too.

    Programs that are started, and libraries that write without Python's
    knowledge, are not seen: those who publish compare files afterwards too,
    with :class:`Stamps`.

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
    place = own.resolve()
    aside = place.parent / f".{place.name}-"
    here = str(Path.cwd().resolve())
    _guarded.append((str(root.resolve()) + os.sep, str(place), str(aside), here))
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
        # of a symbolic link, what it leads to is not touched
        paths = arguments[1:2] if event == "os.symlink" else arguments[:2]
    for path in paths:
        if isinstance(path, str | bytes | os.PathLike):
            _refuse(_place(os.fsdecode(path), itself=event != "open"), removes=event in REMOVES)


def _refuse(path: str, *, removes: bool) -> None:
    root, own, aside, here = _guarded[-1]
    if path.startswith(root) and not path.startswith((own + os.sep, aside)) and path != own:
        raise PermissionError(f"{path} is of another briefing: a notebook writes nothing there.")
    if removes and (here + os.sep).startswith(path + os.sep):
        raise PermissionError(f"{path} is where others are at work too: no notebook removes it.")


def _place(path: str, *, itself: bool) -> str:
    """Follow links to where a path leads, or to where it is itself."""
    if not itself:
        return _real(path)
    folder, name = _split(_absolute(path))
    return _join(_real(folder), name)


SIZE = 8
"""Bytes of the digest of a stamp."""
Stamp = tuple[int, int, int]
"""What tells the states of a file apart without reading it."""


def stamp_of(path: Path | str) -> Stamp | None:
    """Return the stamp of a file, None where there is none."""
    try:
        state = os.stat(path)  # noqa: PTH116, many paths are no objects
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size


class Stamps:
    """The states of published files, by whose they are, as they were when they were good."""

    def __init__(self) -> None:
        # of many authorities a path for each file would be most of what is kept
        self._noted: dict[str, tuple[str, tuple[str, ...], bytes]] = {}
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}

    def note(self, whose: str, folder: Path, names: Iterable[str]) -> None:
        """Take note of files as they are now."""
        named = tuple(names)
        named = self._names.setdefault(named, named)
        self._noted[whose] = str(folder), named, _stamps(str(folder), named)

    def changed(self) -> dict[str, list[str]]:
        """List the names of the files that are not as they were noted, by whose they are."""
        found = {}
        for whose, (folder, names, stamps) in self._noted.items():
            now = _stamps(folder, names)
            if now != stamps:
                found[whose] = [
                    name
                    for at, name in enumerate(names)
                    if now[SIZE * at : SIZE * (at + 1)] != stamps[SIZE * at : SIZE * (at + 1)]
                ]
        return found


def _stamps(folder: str, names: Iterable[str]) -> bytes:
    """Return the digests of the stamps of files, one after the other."""
    stamps = (stamp_of(os.path.join(folder, name)) for name in names)  # noqa: PTH118
    return b"".join(blake2b(repr(stamp).encode(), digest_size=SIZE).digest() for stamp in stamps)
