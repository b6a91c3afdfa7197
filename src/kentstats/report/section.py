"""Sections: what a cell of the notebook shows."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from kentstats.report.blocks import Block

if TYPE_CHECKING:
    from kentstats.report.context import Edition

P = ParamSpec("P")


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
    """Return the section as it is."""
    return make
