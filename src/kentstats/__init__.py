"""Children's services statistics: tidy facts, comparisons, briefings.

Tables, each a pandas DataFrame:

load_facts(authority=..., edition=..., kind=...)
    every figure, with its place in the source
load_judgements, load_actions, load_statements
    what inspection reports say besides

Registers:

load_indicators()
    the catalogue of indicators
load_sources()
    the inspection reports
load_areas(), find_area(name)
    authorities, regions and their codes

Everything that one briefing is made from:

open_briefing(authority, edition)
    a :class:`Briefing`, with its tables, comparisons, ranks and trends

All but the catalogue take ``home=``, a :class:`Project` or its folder; by
default the project at hand is read. The commands are listed by
``kentstats --help``.
"""

from importlib import import_module as _import_module

__version__ = "0.1.0"

# The modules are imported when a name is first used, so that importing the package, and asking
# the command for help, costs next to nothing. `__init__.pyi` tells the names to type checkers.
_MODULES = {
    "Briefing": "kentstats.report.context",
    "Project": "kentstats.project",
    "find_area": "kentstats.areas",
    "load_actions": "kentstats.load",
    "load_areas": "kentstats.areas",
    "load_facts": "kentstats.load",
    "load_indicators": "kentstats.indicators",
    "load_judgements": "kentstats.load",
    "load_sources": "kentstats.ingest.inspection_report",
    "load_statements": "kentstats.load",
    "open_briefing": "kentstats.report.context",
}
__all__ = ["__version__", *_MODULES]  # noqa: PLE0604


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return getattr(_import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'kentstats' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
