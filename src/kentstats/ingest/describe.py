"""Say what came of files that were ingested: line by line, or as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from kentstats.errors import DataError
from kentstats.ingest.csv_files import Reading, counted
from kentstats.ingest.update import Ingested

MAX_LISTED = 8
"""How many refused lines of a file are listed; the report has all."""


def describe(done: Ingested, *, dry_run: bool = False) -> Iterator[str]:
    """Say what was understood, left out and refused, file by file."""
    for reading in done.readings:
        yield from _describe_file(reading)
    if done.edition:
        new = counted(done.added, "figure")
        yield (
            f"Edition {done.edition}: {new} new, {done.changed:,} changed, "
            f"{done.unchanged:,} as they were"
        )
        for count, noun, what in (
            (done.gone, "figure", "taken out, which the files have no longer"),
            (done.outside, "figure", "left out, of years outside the edition"),
            (done.outranked, "figure", "left out, which a source preferred for them has"),
            (done.suppressed, "total", "carried without numbers, which gave back what is withheld"),
        ):
            if count:
                yield f"  {counted(count, noun)} {what}"
    if dry_run:
        yield "Nothing was written."
    elif done.edition and not done.written:
        yield "Every table is as it was."
    for path in done.written:
        yield f"wrote {path.parent.name}/{path.name}"


def _describe_file(reading: Reading) -> Iterator[str]:
    yield f"{reading.path.name}: {reading.kind}"
    yield f"  understood: {counted(reading.rows, 'line')}{_describe_rows(reading)}"
    for note in reading.notes:
        yield f"  note: {note}"
    for reason, lines in reading.left_out.items():
        yield f"  left out: {counted(len(lines), 'line')}, {reason} ({_lines(lines)})"
    if reading.refused:
        yield f"  refused: {len(reading.refused):,}"
    for problem in reading.refused[:MAX_LISTED]:
        column = f", column {problem.column}" if problem.column else ""
        yield f"    line {problem.line}{column}: {problem.what} {problem.remedy}"
    if len(reading.refused) > MAX_LISTED:
        yield f"    … and {len(reading.refused) - MAX_LISTED:,} more; --report FILE lists them all"


def _describe_rows(reading: Reading) -> str:
    if reading.facts is not None:
        count = reading.facts["indicator"].nunique()
        return f"; {counted(len(reading.facts), 'figure')} of {counted(count, 'indicator')}"
    for name in ("neighbours", "judgements", "areas"):
        if rows := getattr(reading, name):
            return f"; {counted(len(rows), name[:-1])}"
    return ""


def _lines(lines: Sequence[int]) -> str:
    shown = ", ".join(str(line) for line in lines[:MAX_LISTED])
    return f"line{'s' if len(lines) > 1 else ''} {shown}{' …' if len(lines) > MAX_LISTED else ''}"


def refusals(done: Ingested | DataError) -> str:
    """List every line refused or left out, as CSV with its place, reason and remedy."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["file", "line", "column", "outcome", "what", "remedy"])
    problems = list(done.problems) if isinstance(done, DataError) else []
    readings = () if isinstance(done, DataError) else done.readings
    problems += [problem for reading in readings for problem in reading.refused]
    for problem in problems:
        row = [problem.file, problem.line, problem.column, "refused"]
        writer.writerow([*row, problem.what, problem.remedy])
    for reading in readings:
        for reason, lines in reading.left_out.items():
            for line in lines:
                writer.writerow([reading.path.name, line, "", "left out", reason, ""])
    return out.getvalue()
