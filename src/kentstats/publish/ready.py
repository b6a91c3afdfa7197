"""What a process holds ready that is to publish briefings."""

from __future__ import annotations

from kentstats.home import Home


def ready(edition: str, home: Home, confidence: float) -> None:
    """Read and work out what all briefings of an edition share.

    Libraries, fonts, templates, the tables and comparisons; and the shapes
    of charts, which drawing them once leaves behind. No thread is started:
    what follows is forked.

    Parameters
    ----------
    edition : str
        Name of the edition.
    home : Home
        The project.
    confidence : float
        Confidence of the intervals.
    """
    from kentstats.engine.kernel import prepare

    prepare()  # before matplotlib, which asks for the way to draw when it is imported
    from kentstats.publish.run import absent

    with absent("rfc3987_syntax"):
        import papermill

    import kentstats.engine.papermill
    from kentstats.areas import load_areas
    from kentstats.load import edition_day
    from kentstats.publish import briefing, render

    assert papermill, briefing
    assert kentstats.engine.papermill
    render.prepare()
    areas = load_areas(home.raw / "areas").authorities(edition_day(edition, home))
    _rehearse(areas[0].name, edition, home, confidence)


def _rehearse(authority: str, edition: str, home: Home, confidence: float) -> None:
    """Make the charts of one authority, and forget them."""
    from kentstats.present import (
        among,
        funnels,
        inspection,
        notes,
        outcomes,
        standing,
        versus,
        years,
    )
    from kentstats.present.edition import open_edition

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
        notes.how_to_read,
    ):
        section(brief)
