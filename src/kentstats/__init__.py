"""Children's services statistics: tidy facts, comparisons, briefings.

The tables of an edition come from :func:`load_facts`, :func:`load_judgements`,
:func:`load_actions` and :func:`load_statements`; the commands are listed by
``kentstats --help``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kentstats.indicators import load_indicators
    from kentstats.ingest.registry import load_sources
    from kentstats.load import load_actions, load_facts, load_judgements, load_statements

__all__ = [
    "__version__",
    "load_actions",
    "load_facts",
    "load_indicators",
    "load_judgements",
    "load_sources",
    "load_statements",
]
__version__ = "0.1.0"

_HOMES = {
    "load_actions": "kentstats.load",
    "load_facts": "kentstats.load",
    "load_indicators": "kentstats.indicators",
    "load_judgements": "kentstats.load",
    "load_sources": "kentstats.ingest.registry",
    "load_statements": "kentstats.load",
}


def __getattr__(name: str) -> Any:
    # the modules are imported when a name is first used, so that importing
    # the package, and asking the command for help, costs next to nothing
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'kentstats' has no attribute '{name}'")
