"""Check the sources against themselves: what they say twice, and whether it agrees."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

import click

from kentstats.errors import KentstatsError, Problem
from kentstats.ingest.report_settings import missing_figures
from kentstats.load import READERS, choose_areas, find_reports, official_facts, open_official
from kentstats.project import ProjectLike
from kentstats.schemas import tidy

if TYPE_CHECKING:
    import pandas as pd

RESULT_COLOURS = {"disagrees": "red", "cannot tell": "yellow", "agrees": "green"}


def check_sources(
    *,
    authority: str | None = None,
    edition: str | int | None = None,
    kind: str | None = None,
    notify: Callable[[Problem], object] = str,
    home: ProjectLike | None = None,
) -> pd.DataFrame:
    """Check inspection reports, official statistics, or all: one row a check, and its source.

    Reports are checked by default, and official statistics where there are none;
    `notify` is called with each figure that the settings of a report name and the
    report does not give.
    """
    import pandas as pd

    from kentstats.stats.consistency import check_consistency, check_edition

    areas = choose_areas(authority, edition, home)
    reports = find_reports(areas, home)
    tables = []
    for source in reports if kind != "official" else []:
        facts, judgements, actions = (
            tidy(table, READERS[table](source)) for table in ("facts", "judgements", "actions")
        )
        found = check_consistency(facts, judgements, actions, source)
        tables.append(found.assign(source=source.id))
        for missing in missing_figures(source, facts):
            notify(missing)
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
    rows = [("result", "check", "arithmetic", "places"), tuple("-" * width for width in widths)]
    rows += [
        (row["result"], f"{row['check']}: {row['subject']}", row["arithmetic"], row["locators"])
        for row in checks.to_dict("records")
    ]
    for cells in rows:
        lines = [textwrap.wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
        for place, line in enumerate(zip_longest(*lines, fillvalue="")):
            padded = [part.ljust(width) for part, width in zip(line, widths, strict=True)]
            if place == 0 and cells[0] in RESULT_COLOURS:
                padded[0] = click.style(padded[0], fg=RESULT_COLOURS[cells[0]])
            yield "  ".join(padded).rstrip()
    for row in checks[checks["result"] != "agrees"].to_dict("records"):
        yield f"\n{row['subject']}, {row['result']}: {row['message']}"
    counts = checks["result"].value_counts()
    summary = ", ".join(f"{counts.get(result, 0)} {result}" for result in RESULT_COLOURS)
    yield f"\n{len(checks)} checks: {summary}."
