"""What a process holds ready that is to publish briefings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kentstats.engine.preload import importing
from kentstats.project import Project, find_project

if TYPE_CHECKING:
    from kentstats.engine.server import Call


def for_notebooks() -> list[Call]:
    """List what makes an analyst's notebook quick, step by step; see its entry point.

    Returns
    -------
    list of (callable, tuple)
    """
    from kentstats.ingest.edition import list_editions

    home = find_project()
    # the latest first, which most are about
    return [(tools, ()), *((edition, (name, home)) for name in reversed(list_editions(home)))]


def tools() -> None:
    """Import what notebooks import of this package."""
    from kentstats import load
    from kentstats.charts import caterpillar
    from kentstats.report import blocks
    from kentstats.stats import (
        compare,
    )
    from kentstats.stats import (
        consistency as audit,
    )
    from kentstats.stats import (
        profile as standing,
    )
    from kentstats.stats import (
        shares as derive,
    )

    for module in (audit, blocks, caterpillar, compare, derive, load, standing):
        assert module


def edition(name: str, home: Project) -> None:
    """Read an edition, and work out what all its authorities share."""
    from kentstats.aside import large
    from kentstats.load import open_official
    from kentstats.stats.profile import share

    official = open_official(name, home)
    if official is None:
        return
    shared = share(official)
    if not large(shared.latest):
        # what analysts look at whole; of very many areas only who does waits for it
        for table in ("benchmarks", "ranks", "trends"):
            getattr(shared, table)


def ready(edition: str, home: Project, notebook: Path, confidence: float) -> None:
    """Read and work out what all briefings of an edition share.

    Libraries, fonts, templates, the tables and comparisons; and the shapes
    of charts, which drawing them once leaves behind. No thread is started:
    what follows is forked.

    Parameters
    ----------
    edition : str
        Name of the edition.
    home : Project
        The project.
    notebook : pathlib.Path
        The notebook, which is read and checked but not executed.
    confidence : float
        Confidence of the intervals.
    """
    with importing():
        from kentstats.publish.notebook import absent

        with absent("debugpy"):  # nobody halts a briefing to look into it
            from kentstats.engine.kernel import foresee, prepare

            prepare()  # before matplotlib, which asks for the way to draw when it is imported
        with absent("rfc3987_syntax"):
            import papermill
        import ipykernel.kernelspec
        import tornado.platform.asyncio
        from IPython.core import logger
        from IPython.extensions import storemagic

        from kentstats.areas import load_areas
        from kentstats.aside import let_go
        from kentstats.engine import channels, found
        from kentstats.engine.papermill import is_this_python
        from kentstats.load import edition_day, open_official
        from kentstats.publish import briefing, render, workers
        from kentstats.publish.notebook import load, versions
        from kentstats.stats.profile import share

    of_jupyter = (ipykernel.kernelspec, logger, papermill, storemagic, tornado.platform.asyncio)
    for module in (*of_jupyter, briefing, channels, found, workers):
        assert module
    # what is looked for and checked the first time is kept
    read = load(notebook)
    is_this_python(read.metadata.get("kernelspec", {}).get("name", "python3"))
    foresee(cell.source for cell in read.cells if cell.cell_type == "code")
    versions()
    render.prepare()
    official = open_official(edition, home)
    if official:
        share(official, confidence).prepare()
    areas = load_areas(home.raw / "areas").authorities(edition_day(edition, home))
    _rehearse(areas[0].name, edition, home, confidence)
    found.remember()
    # what of large tables was looked at, and is not needed by most, is not shared but read again
    let_go()


def _rehearse(authority: str, edition: str, home: Project, confidence: float) -> None:
    """Make the charts of one authority, and forget them."""
    from kentstats.report import (
        among,
        compared,
        funnels,
        inspection,
        notes,
        outcomes,
        overview,
        services,
        standing,
        versus,
        years,
    )
    from kentstats.report import (
        reconciliation as beside,
    )
    from kentstats.report.context import open_edition

    brief = open_edition(authority, edition, confidence=confidence, home=home)
    for section in (
        inspection.judgement_strip,
        outcomes.strip,
        standing.summary,
        versus.spine,
        versus.heat,
        versus.others_table,
        among.ranked,
        among.rank_table,
        funnels.funnel,
        years.trend,
        beside.beside,
        compared.benchmark_bars,
        overview.unknown,
        services.estate,
        notes.how_to_read,
    ):
        section(brief)
