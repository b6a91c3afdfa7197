"""Sections: what a cell shows, not made again where it would be the same.

A section is told of official statistics by :class:`kentstats.stats.profile.Standing`
alone, and notes with its block what it asked. Where the last briefing of an
authority was made by the same code, from the same notebook and report, a
section that would be told the same as then shows what it showed then.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from kentstats.report.blocks import Block

if TYPE_CHECKING:
    from kentstats.report.context import Edition

P = ParamSpec("P")
PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Shown(Block):
    """What a section has shown before.

    Attributes
    ----------
    told : mapping of str to str
        What it asked, each key with the digest of the answer.
    metadata : mapping
        That of its output.
    """

    told: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        shown = {"text/markdown": self.markdown, "text/plain": self.plain}
        return shown, {"kentstats": dict(self.metadata)}


_last: ContextVar[Mapping[str, Shown]] = ContextVar("last", default=MappingProxyType({}))


@contextlib.contextmanager
def after(last: Mapping[str, Shown]) -> Iterator[None]:
    """Let sections take over what they showed in the last briefing of the same authority.

    Parameters
    ----------
    last : mapping of str to Shown
        By the names of the sections; of a briefing made by the same code,
        from the same notebook, parameters and report.
    """
    token = _last.set(last)
    try:
        yield
    finally:
        _last.reset(token)


def section(
    make: Callable[Concatenate[Edition, P], Block | None],
) -> Callable[Concatenate[Edition, P], Block | None]:
    """Let a section note what it was told, and show the same again where that is the same.

    Parameters
    ----------
    make : callable
        Makes a block, or None, of an edition and of plain values, and depends
        on nothing else.
    """

    @functools.wraps(make)
    def shown(edition: Edition, /, *args: P.args, **options: P.kwargs) -> Block | None:
        standing = edition.standing
        if standing is None or not all(map(_is_plain, (*args, *options.values()))):
            return make(edition, *args, **options)
        name = f"{make.__module__}.{make.__name__}{args}{sorted(options.items())}"
        last = _last.get().get(name)
        if last and standing.is_told_again(last.told):
            return last
        with standing.noting() as asked:
            block = make(edition, *args, **options)
        return block and replace(block, section=name, asked=tuple(sorted(asked)))

    return shown


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return isinstance(value, PLAIN)
