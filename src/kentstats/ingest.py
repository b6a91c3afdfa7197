"""Take files of official statistics into an edition's tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.areas import COLUMNS, load_areas
from kentstats.errors import DataError, ParameterError, Problem
from kentstats.home import Home, find_home
from kentstats.indicators import load_indicators
from kentstats.sources.codes import merge
from kentstats.sources.known import LICENCE, load_known
from kentstats.sources.official import (
    KEY,
    Official,
    Publication,
    empty_edition,
    list_editions,
    read_official,
    write_official,
)
from kentstats.sources.reading import Reading
from kentstats.sources.recognise import read_file

if TYPE_CHECKING:
    import pandas as pd

FIGURE = ("indicator", "group", "period", "area_code")
"""What one figure is of; two sources may both have it."""


@dataclass(frozen=True)
class Ingested:
    """What came of it.

    Attributes
    ----------
    readings : tuple of Reading
        One a file, in the order given.
    edition : str
        Name of the edition, empty where no file belongs to one.
    added, changed, unchanged : int
        Figures that are new, that say something else than before, and that
        say the same.
    outside, outranked : int
        Figures of years outside the edition; figures that a source
        preferred for their indicator has as well.
    written : tuple of pathlib.Path
        The files written.
    """

    readings: tuple[Reading, ...]
    edition: str = ""
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    outside: int = 0
    outranked: int = 0
    written: tuple[Path, ...] = field(default_factory=tuple)


def ingest(
    files: Sequence[Path],
    *,
    edition: str | None = None,
    every: bool = False,
    strict: bool = False,
    dry_run: bool = False,
    home: Home | None = None,
) -> Ingested:
    """Read files and add what they hold to an edition.

    Parameters
    ----------
    files : sequence of pathlib.Path
        What to read; the kind of each is recognised from its content.
    edition : str, optional
        Name of the edition; by default that whose latest year is the latest
        of the files. A year that has no edition yet makes a new one.
    every : bool, default False
        Take measures that the catalogue does not know, too.
    strict : bool, default False
        Write nothing where any line was refused.
    dry_run : bool, default False
        Write nothing in any case.
    home : Home, optional
        The project; the one at hand by default.

    Returns
    -------
    Ingested

    Raises
    ------
    DataError
        A file cannot be read, more than half of one was refused, or
        `strict` and any line was. Nothing was written.
    ParameterError
        It cannot be told which edition is meant.
    """
    home = home or find_home()
    readings = _read_all(files, every=every)
    _check(readings, strict=strict)
    written: list[Path] = []
    if (areas := [row for reading in readings for row in reading.areas]) and not dry_run:
        written.append(_write_areas(areas, home))
    official = [
        one for one in readings if one.facts is not None or one.neighbours or one.judgements
    ]
    if not official:
        return Ingested(tuple(readings), written=tuple(written))
    name = edition or _guess(official, home)
    before = read_official(name, home) if name in list_editions(home) else empty_edition(name, home)
    figures, outside, outranked = _merged(before, official)
    after = replace(
        before,
        figures=figures,
        neighbours=_neighbours(before, official),
        judgements=_judgements(before, official),
    )
    after = replace(after, sources=_sources(after, before, official))
    added, changed, unchanged = _moves(before.figures, figures)
    if not dry_run:
        written += write_official(after)
    return Ingested(
        tuple(readings), name, added, changed, unchanged, outside, outranked, tuple(written)
    )


def _read_all(files: Sequence[Path], *, every: bool) -> list[Reading]:
    readings, problems = [], list[Problem]()
    for path in files:
        try:
            readings.append(read_file(path, every=every))
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)
    return readings


def _check(readings: Sequence[Reading], *, strict: bool) -> None:
    for reading in readings:
        lines = {problem.line for problem in reading.refused}
        if len(lines) > max(reading.rows, 1):
            first = reading.refused[0]
            what = f"{len(lines):,} lines were refused, more than were understood. The first: "
            raise DataError(
                [
                    Problem(
                        str(reading.path), first.line, first.column, what + first.what, first.remedy
                    )
                ]
            )
    refused = [problem for reading in readings for problem in reading.refused]
    if strict and refused:
        raise DataError(refused)


def _guess(readings: Sequence[Reading], home: Home) -> str:
    years = [
        int(_year(one.facts).max())
        for one in readings
        if one.facts is not None and len(one.facts) and _year(one.facts).notna().any()
    ]
    known = list_editions(home)
    name = str(max(years)) if years else ""
    if name in known:
        return name
    raise ParameterError(
        f"The files reach to {name}, of which there is no edition."
        if name
        else "The files do not tell which edition they belong to.",
        f"Name one with --edition. There is: {', '.join(known) or 'none yet'}.",
    )


def _year(figures: pd.DataFrame) -> pd.Series:
    """Return the year in which each period ends."""
    import pandas as pd

    ends = pd.to_datetime(figures["period_end"]).dt.year
    labels = figures["period"].str.extract(r"^(\d{4})(?:/(\d{2}))?$")
    named = pd.to_numeric(labels[0]) + labels[1].notna()
    return ends.fillna(named)


def _merged(before: Official, readings: Sequence[Reading]) -> tuple[pd.DataFrame, int, int]:
    """Put the figures of the files in the place of those of the same sources."""
    import pandas as pd

    new = [one.facts for one in readings if one.facts is not None and len(one.facts)]
    if not new:
        return before.figures, 0, 0
    frame = pd.concat(new, ignore_index=True)
    for name in ("period_start", "period_end"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ms]")
    year = _year(frame)
    inside = year.between(before.first, before.last)
    frame = frame[inside].copy()
    # one authority, one code, so that its years and its sources join
    register = load_areas()
    codes = {code: register.on(code, before.day) for code in frame["area_code"].unique()}
    frame["area_code"] = frame["area_code"].map(codes)
    # a place that had ended has no figure, and need not say so
    ended = {
        code
        for code in frame["area_code"].unique()
        if (area := register.by_code(code)) and not area.operates(before.day)
    }
    frame = frame[~(frame["area_code"].isin(ended) & frame["value"].isna())]
    sources = set(frame["source_id"])
    kept = before.figures[~before.figures["source_id"].isin(sources)]
    both = pd.concat([kept, frame], ignore_index=True) if len(kept) else frame
    rank = {
        (indicator.id, mapping.data): place
        for indicator in load_indicators().values()
        for place, mapping in enumerate(indicator.sources)
    }
    order = [rank.get(pair, 99) for pair in zip(both["indicator"], both["source_id"], strict=True)]
    # a source that has no figure yields to one that has; one that withholds it does not
    missing = both["status"].eq("not_available")
    ranked = both.assign(_missing=missing, _order=order).sort_values(
        ["_missing", "_order", *KEY], kind="stable"
    )
    chosen = ranked.drop_duplicates(list(FIGURE)).drop(columns=["_missing", "_order"])
    figures = chosen.sort_values(list(KEY), kind="stable", ignore_index=True)
    return figures, int((~inside).sum()), len(both) - len(figures)


def _neighbours(before: Official, readings: Sequence[Reading]) -> list[dict[str, Any]]:
    new = [row for one in readings for row in one.neighbours]
    lists = {row["list"] for row in new}
    return [row for row in before.neighbours if row["list"] not in lists] + new


def _judgements(before: Official, readings: Sequence[Reading]) -> list[dict[str, Any]]:
    new = [row for one in readings for row in one.judgements]
    return new or before.judgements


def _sources(
    after: Official, before: Official, readings: Sequence[Reading]
) -> tuple[Publication, ...]:
    known = {source.id: source for source in before.sources}
    for reading in readings:
        for source_id in _ids(reading):
            known[source_id] = _publication(source_id, reading)
    used = {*after.figures["source_id"], *(row["source_id"] for row in after.judgements)}
    used |= {f"statistical-neighbours-{row['list']}" for row in after.neighbours}
    return tuple(known[source_id] for source_id in sorted(used))


def _ids(reading: Reading) -> list[str]:
    if reading.neighbours:
        return [f"{reading.dataset}-{reading.neighbours[0]['list']}"]
    if reading.facts is not None and len(reading.facts):
        return sorted(set(reading.facts["source_id"]))
    return [reading.dataset] if reading.dataset else []


def _publication(source_id: str, reading: Reading) -> Publication:
    dataset = load_known().get(reading.dataset)
    published = ""
    if dataset and dataset.published:
        published = dataset.published.isoformat()
    elif reading.neighbours:
        published = reading.neighbours[0]["list"]
    return Publication(
        id=source_id,
        publisher=dataset.publisher if dataset else "Department for Education",
        title=dataset.title if dataset else reading.path.stem.replace("_", " "),
        url=dataset.url if dataset else "",
        licence=LICENCE,
        file=reading.path.name,
        sha256=reading.sha256,
        published=published,
        note=dataset.note if dataset else "",
    )


def _moves(before: pd.DataFrame, after: pd.DataFrame) -> tuple[int, int, int]:
    key = list(FIGURE)
    both = after.merge(
        before[[*key, "value", "status"]], on=key, how="left", suffixes=("", "_was"), indicator=True
    )
    known = both["_merge"].eq("both")
    same = (
        known
        & both["status"].eq(both["status_was"])
        & (
            both["value"].eq(both["value_was"])
            | (both["value"].isna() & both["value_was"].isna())
            # the table keeps ten digits
            | ((both["value"] - both["value_was"]).abs() <= both["value"].abs() * 1e-9)
        )
    )
    return int((~known).sum()), int((known & ~same).sum()), int(same.sum())


def _write_areas(rows: list[dict[str, Any]], home: Home) -> Path:
    path = home.raw / "areas" / "areas.csv"
    before: list[dict[str, Any]] = []
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            before = list(csv.DictReader(file))
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    with aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(merge(before, rows))
    aside.replace(path)
    return path


SHOWN = 8
"""How many refused lines of a file are told; the report has all."""


def describe(done: Ingested, *, dry_run: bool = False) -> Iterator[str]:
    """Say what was understood, left out and refused, file by file.

    Parameters
    ----------
    done : Ingested
        What :func:`ingest` gave.
    dry_run : bool, default False
        Whether nothing was written.

    Yields
    ------
    str
    """
    for reading in done.readings:
        yield f"{reading.path.name}: {reading.kind}"
        made = _made(reading)
        yield f"  understood: {reading.rows:,} lines{made}"
        for note in reading.notes:
            yield f"  note: {note}"
        for reason, lines in reading.left_out.items():
            yield f"  left out: {len(lines):,} lines, {reason} ({_lines(lines)})"
        if reading.refused:
            yield f"  refused: {len(reading.refused):,}"
        for problem in reading.refused[:SHOWN]:
            column = f", column {problem.column}" if problem.column else ""
            yield f"    line {problem.line}{column}: {problem.what} {problem.remedy}"
        if len(reading.refused) > SHOWN:
            yield f"    … and {len(reading.refused) - SHOWN:,} more; --report FILE lists them all"
    if done.edition:
        yield (
            f"Edition {done.edition}: {done.added:,} figures new, {done.changed:,} changed, "
            f"{done.unchanged:,} as they were"
        )
        if done.outside:
            yield f"  {done.outside:,} figures of years outside the edition were left out"
        if done.outranked:
            yield f"  {done.outranked:,} figures yielded to a source preferred for their indicator"
    if dry_run:
        yield "Nothing was written."
    for path in done.written:
        yield f"wrote {path.parent.name}/{path.name}"


def _made(reading: Reading) -> str:
    if reading.facts is not None:
        count = reading.facts["indicator"].nunique()
        return f"; {len(reading.facts):,} figures of {count} indicators"
    for name in ("neighbours", "judgements", "areas"):
        if rows := getattr(reading, name):
            return f"; {len(rows):,} {name}"
    return ""


def _lines(lines: Sequence[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:SHOWN])
    return f"lines {shown}{' …' if len(lines) > SHOWN else ''}"


def refusals(done: Ingested) -> str:
    """List every line refused or left out, as CSV.

    Returns
    -------
    str
        ``file``, ``line``, ``column``, ``outcome`` (refused or left out),
        ``what`` and ``remedy``.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "line", "column", "outcome", "what", "remedy"])
    for reading in done.readings:
        for problem in reading.refused:
            row = [problem.file, problem.line, problem.column, "refused"]
            writer.writerow([*row, problem.what, problem.remedy])
        for reason, lines in reading.left_out.items():
            for line in lines:
                writer.writerow([reading.path.name, line, "", "left out", reason, ""])
    return out.getvalue()
