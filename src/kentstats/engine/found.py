"""A process as it was before a notebook has run in it."""

from __future__ import annotations

import contextlib
import os
import sys
import types
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

USED = frozenset(
    {
        *("base64", "builtins", "codecs", "collections", "contextlib", "copy", "dataclasses"),
        *("datetime", "functools", "hashlib", "html", "io", "itertools", "json", "kentstats"),
        *("markdown_it", "msgspec", "nbformat", "ntpath", "os", "papermill", "pathlib"),
        *("posixpath", "re", "shutil", "string", "struct", "tempfile", "textwrap", "typst", "zlib"),
    }
)
"""Packages that a notebook is written and rendered with when it has run in the same process."""
Code = types.FunctionType | types.BuiltinFunctionType | type


@dataclass(frozen=True)
class Found:
    """The functions and classes of modules.

    Attributes
    ----------
    seen : frozenset of str
        Names of all modules there were at the first look.
    modules : mapping of str to module
        Those that are used.
    code : mapping of str to mapping
        Functions and classes of each, by their names.
    within : mapping of type to mapping
        Methods of each class.
    """

    seen: frozenset[str] = frozenset()
    modules: Mapping[str, types.ModuleType] = field(default_factory=dict)
    code: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    within: Mapping[type, Mapping[str, Any]] = field(default_factory=dict)

    def and_since(self) -> Found:
        """Return the same, with the modules that were imported since."""
        # the latest are last: to look at the name of each copies much of what a fork shares
        new = set(takewhile(lambda name: name not in self.seen, reversed(sys.modules)))
        if not new:
            return self
        modules = {name: sys.modules[name] for name in new if _is_used(name)}
        code = {name: dict(_code_of(vars(module))) for name, module in modules.items()}
        within = {
            each: dict(_code_of(vars(each)))
            for name in code
            for each in code[name].values()
            if isinstance(each, type) and each.__module__ == name
        }
        return Found(
            self.seen or frozenset(new),
            {**self.modules, **modules},
            {**self.code, **code},
            {**self.within, **within},
        )


_remembered = Found()


def remember() -> None:
    """Look at the code that is there now, so that processes forked from this one need not."""
    global _remembered  # noqa: PLW0603, what a fork hands on has to stand somewhere
    _remembered = Found().and_since()


@contextmanager
def as_found() -> Iterator[None]:
    """Put back what a notebook changed in this process, but for what it left in libraries.

    The folder, what files may be created as, standard streams, and the
    functions and classes of the modules with which the notebook is written
    and rendered: that is done as if it had run elsewhere. A notebook that
    means harm finds other ways; one that is careless spoils nothing unnoticed.
    """
    found = _remembered.and_since()
    streams = sys.stdin, sys.stdout, sys.stderr
    path, depth, mask = list(sys.path), sys.getrecursionlimit(), os.umask(0o22)
    os.umask(mask)
    here = os.open(".", os.O_RDONLY) if hasattr(os, "fchdir") else None
    try:
        with warnings.catch_warnings():
            yield
    finally:
        _put_back(found)
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


def _put_back(found: Found) -> None:
    sys.modules.update(found.modules)
    for name, module in found.modules.items():
        there = vars(module)
        for each, value in found.code[name].items():
            if there.get(each) is not value:
                there[each] = value
    for kind, methods in found.within.items():
        there_too = vars(kind)
        for each, value in methods.items():
            if there_too.get(each) is not value:
                # those of C cannot be changed, and were not
                with contextlib.suppress(TypeError, AttributeError):
                    setattr(kind, each, value)
