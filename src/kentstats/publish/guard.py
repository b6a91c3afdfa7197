"""A notebook may not write where other briefings are, nor change what publishes its own."""

from __future__ import annotations

import contextlib
import os
import sys
import types
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
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
# what a notebook may not put another in the place of, asked at every opening of a file
_absolute, _real, _split, _join = os.path.abspath, os.path.realpath, os.path.split, os.path.join

_guarded: list[tuple[str, str, str]] = []


@contextmanager
def guard(root: Path, own: Path) -> Iterator[None]:
    """Refuse to write below a folder, but for one briefing's own folders in it.

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
    _guarded.append((str(root.resolve()) + os.sep, str(place), str(aside)))
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
    root, own, aside = _guarded[-1]
    for path in paths:
        if isinstance(path, str | bytes | os.PathLike):
            full = _place(os.fsdecode(path), itself=event != "open")
            if full.startswith(root) and not full.startswith((own + os.sep, aside)) and full != own:
                raise PermissionError(
                    f"{full} is of another briefing: a notebook writes nothing there."
                )


def _place(path: str, *, itself: bool) -> str:
    """Follow links to where a path leads, or to where it is itself."""
    if not itself:
        return _real(path)
    folder, name = _split(_absolute(path))
    return _join(_real(folder), name)


Stamp = tuple[int, int, int]
"""What tells the states of a file apart without reading it."""


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file, None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size


class Stamps:
    """The states of published files, by whose they are, as they were when they were good."""

    def __init__(self) -> None:
        self._noted: dict[str, dict[Path, Stamp | None]] = {}

    def note(self, whose: str, folder: Path, names: Iterable[str]) -> None:
        """Take note of files as they are now."""
        self._noted[whose] = {folder / name: stamp_of(folder / name) for name in names}

    def changed(self) -> dict[str, list[str]]:
        """List the names of the files that are not as they were noted, by whose they are."""
        found = {
            whose: [path.name for path, stamp in noted.items() if stamp_of(path) != stamp]
            for whose, noted in self._noted.items()
        }
        return {whose: names for whose, names in found.items() if names}


USED = frozenset(
    {
        *("base64", "builtins", "codecs", "collections", "contextlib", "copy", "dataclasses"),
        *("datetime", "functools", "hashlib", "html", "io", "itertools", "json", "kentstats"),
        *("markdown_it", "nbformat", "os", "pathlib", "posixpath", "ntpath", "re", "shutil"),
        *("string", "struct", "tempfile", "textwrap", "typst", "zlib"),
    }
)
"""Packages that a briefing is published with when its notebook has run in the same process."""
Code = types.FunctionType | types.BuiltinFunctionType | type


@contextmanager
def as_found() -> Iterator[None]:
    """Put back what a notebook changed in this process, but for what it left in libraries.

    The folder, what files may be created as, standard streams, and the
    functions and classes of the modules that publish: what follows is done
    as if the notebook had run elsewhere. A notebook that means harm finds
    other ways; one that is careless does not spoil a briefing unnoticed.
    """
    modules = {name: module for name, module in sys.modules.items() if _is_used(name)}
    code = {name: dict(_code_of(vars(module))) for name, module in modules.items()}
    within = {
        each: dict(_code_of(vars(each)))
        for name in code
        for each in code[name].values()
        if isinstance(each, type) and each.__module__ == name
    }
    streams = sys.stdin, sys.stdout, sys.stderr
    path, depth, mask = list(sys.path), sys.getrecursionlimit(), os.umask(0o22)
    os.umask(mask)
    here = os.open(".", os.O_RDONLY) if hasattr(os, "fchdir") else None
    try:
        with warnings.catch_warnings():
            yield
    finally:
        _put_back(modules, code, within)
        sys.stdin, sys.stdout, sys.stderr = streams
        sys.path[:] = path
        sys.setrecursionlimit(depth)
        os.umask(mask)
        if here is not None:
            # a notebook may have closed it
            with contextlib.suppress(OSError):
                os.fchdir(here)
                os.close(here)


def _is_used(name: str) -> bool:
    return name.partition(".")[0] in USED and isinstance(sys.modules[name], types.ModuleType)


def _code_of(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in names.items():
        if isinstance(value, Code):
            yield name, value


def _put_back(
    modules: Mapping[str, types.ModuleType],
    code: Mapping[str, Mapping[str, Any]],
    within: Mapping[type, Mapping[str, Any]],
) -> None:
    sys.modules.update(modules)
    for name, module in modules.items():
        there = vars(module)
        for each, value in code[name].items():
            if there.get(each) is not value:
                there[each] = value
    for kind, methods in within.items():
        there_too = vars(kind)
        for each, value in methods.items():
            if there_too.get(each) is not value:
                # those of C cannot be changed, and were not
                with contextlib.suppress(TypeError, AttributeError):
                    setattr(kind, each, value)
