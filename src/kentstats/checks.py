"""Check the sources against themselves: what they say twice, and whether it agrees."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

import click

from kentstats.errors import KentstatsError
from kentstats.load import choose_areas, find_reports, load_table, official_facts, open_official
from kentstats.project import ProjectLike

if TYPE_CHECKING:
    import pandas as pd

RESULT_COLOURS = {"disagrees": "red", "cannot tell": "yellow", "agrees": "green"}
HEADER = ("result", "check", "arithmetic", "places")


def check_sources(
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    kind: str | None = None,
    home: ProjectLike | None = None,
) -> pd.DataFrame:
    """Check inspection reports and official statistics against themselves.

    Parameters
    ----------
    authority, edition, home : optional
        As of :func:`kentstats.load_facts`.
    kind : {"report", "official", "all"}, optional
        What to check; reports by default, and official statistics where
        there are none.

    Returns
    -------
    pandas.DataFrame
        One row a check: the columns of :data:`kentstats.stats.consistency.CHECKS`
        and ``source``.

    Raises
    ------
    KentstatsError
        There is nothing to check.
    """
    import pandas as pd

    from kentstats.stats.consistency import check_consistency, check_edition

    areas = choose_areas(authority, edition, home)
    reports = find_reports(areas, home)
    tables = []
    for source in reports if kind != "official" else []:
        facts, judgements, actions = (
            load_table(table, authority=source.authority, edition=source.edition, home=home)
            for table in ("facts", "judgements", "actions")
        )
        found = check_consistency(facts, judgements, actions, source)
        tables.append(found.assign(source=source.id))
    if kind in {"official", "all"} or not reports:
        for name in areas:
            if official := open_official(name, home):
                found = check_edition(official_facts(official))
                tables.append(found.assign(source=f"official-{name}"))
    if not tables:
        raise KentstatsError("There is nothing to check.", "kentstats status lists what there is.")
    return pd.concat(tables, ignore_index=True)


def format_checks(checks: pd.DataFrame) -> Iterator[str]:
    """Lay checks out as a table for a terminal, with what disagrees in words below it."""
    wide = max(80, min(shutil.get_terminal_size().columns, 160)) - 11 - 3 * 2
    widths = (11, wide * 3 // 9, wide * 4 // 9, wide * 2 // 9)
    yield from _format_row(HEADER, widths)
    yield from _format_row(tuple("-" * width for width in widths), widths)
    for row in checks.to_dict("records"):
        check = f"{row['check']}: {row['subject']}"
        cells = (row["result"], check, row["arithmetic"], row["locators"])
        yield from _format_row(cells, widths, RESULT_COLOURS[row["result"]])
    for row in checks[checks["result"] != "agrees"].to_dict("records"):
        yield f"\n{row['subject']}, {row['result']}: {row['message']}"
    counts = checks["result"].value_counts()
    summary = ", ".join(f"{counts.get(result, 0)} {result}" for result in RESULT_COLOURS)
    yield f"\n{len(checks)} checks: {summary}."


def _format_row(cells: tuple[str, ...], widths: tuple[int, ...], colour: str = "") -> Iterator[str]:
    wrapped = [
        textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)
    ]
    for place, line in enumerate(zip_longest(*wrapped, fillvalue="")):
        padded = [part.ljust(width) for part, width in zip(line, widths, strict=True)]
        if colour and place == 0:
            padded[0] = click.style(padded[0], fg=colour)
        yield "  ".join(padded).rstrip()
