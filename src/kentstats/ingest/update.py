"""Take files of official statistics into an edition's tables, and say what came of it.

The kind of a file is recognised by its content; its name does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kentstats.areas import (
    AREAS_FILE,
    COLUMNS,
    SUCCESSIONS_FILE,
    Register,
    load_areas,
    make_register,
    read_table,
)
from kentstats.errors import DataError, ParameterError, Problem
from kentstats.indicators import load_indicators
from kentstats.ingest import lait, open_data
from kentstats.ingest.csv_files import Reading, counted, file_error, read_bytes, read_csv_file
from kentstats.ingest.datasets import LICENCE, load_datasets, plain, recognise
from kentstats.ingest.disclosure import apply_secondary_suppression
from kentstats.ingest.edition import (
    KEY,
    OfficialStatistics,
    Publication,
    contents,
    empty_edition,
    list_editions,
    read_official,
    write_all,
)
from kentstats.ingest.sfr_2010 import read_sfr_2010
from kentstats.ingest.workbooks import is_code_list, merge_areas, read_code_list, read_workbook
from kentstats.project import Project, ProjectLike, find_project
from kentstats.schemas import DAYS, to_csv

WITHOUT_FIGURES = {
    "metadata of an open data file": open_data.METADATA[:2],
    "dictionary of the interactive tool": ("measure code", "measure short", "polarity"),
}
"""Files that hold no figures, with their columns."""
FIGURE = ("indicator", "group", "period", "area_code")
"""What one figure is of; two sources may both have it."""


@dataclass(frozen=True)
class Ingested:
    """What came of it: the readings in the order of the files, and counts.

    `outside` counts figures of years outside the edition, `outranked` those
    that a source preferred for their indicator has as well, `suppressed` the
    totals whose numbers were left out by secondary suppression, `gone` the
    figures that their source has no longer. `written` lists the files that
    hold something else now.
    """

    readings: tuple[Reading, ...]
    edition: str = ""
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    outside: int = 0
    outranked: int = 0
    suppressed: int = 0
    written: tuple[Path, ...] = ()


def ingest(
    files: Sequence[Path],
    *,
    edition: str | None = None,
    every: bool = False,
    strict: bool = False,
    dry_run: bool = False,
    home: ProjectLike | None = None,
) -> Ingested:
    """Read files, of any kind and in any order, and add what they hold to an edition.

    Without an edition, that of the latest year is meant; a year that has none yet
    makes a new one. `every` takes measures too that the catalogue does not know.
    Nothing is written with `dry_run`, with `strict` where any line was refused, and
    where an error is raised: a DataError where a file cannot be read or more than
    half of it was refused, a ParameterError where it cannot be told which edition
    is meant, or two files are of one data set.
    """
    project = find_project(home)
    readings, areas, register = _read_all(files, project, every=every)
    _check_refused(readings, strict=strict)
    contents_by_path: dict[Path, bytes] = {}
    if areas is not None:
        table = pd.DataFrame(areas, columns=list(COLUMNS))
        contents_by_path[project.areas / AREAS_FILE] = to_csv(table).encode()
    done = Ingested(tuple(readings))
    with_figures = [
        one for one in readings if one.facts is not None or one.neighbours or one.judgements
    ]
    if with_figures:
        _check_one_file_each(with_figures)
        name = _choose_edition(edition, with_figures, project)
        known = name in list_editions(project)
        before = read_official(name, project) if known else empty_edition(name, project, register)
        after, counts = _merge_into(before, with_figures, register)
        done = replace(done, edition=name, **counts)
        contents_by_path |= contents(after)
    return done if dry_run else replace(done, written=tuple(write_all(contents_by_path)))


def _read_all(
    files: Sequence[Path], home: Project, *, every: bool
) -> tuple[list[Reading], list[dict[str, Any]] | None, Register]:
    """Read the files, lists of codes first; return the rows of the areas, where there are new."""
    problems: list[Problem] = []

    def read_each(paths: Iterable[Path], register: Register | None) -> dict[Path, Reading]:
        found = {}
        for path in paths:
            try:
                found[path] = read_file(path, every=every, register=register)
            except DataError as error:
                problems.extend(error.problems)
        return found

    lists = dict.fromkeys(path for path in files if _has_codes(path))
    others = [path for path in dict.fromkeys(files) if path not in lists]
    read, areas = read_each(lists, None), None
    if new := [row for reading in read.values() for row in reading.areas]:
        known = read_table(home.areas, AREAS_FILE) if (home.areas / AREAS_FILE).is_file() else []
        areas = merge_areas(known, new)
        register = make_register(areas, read_table(home.areas, SUCCESSIONS_FILE))
    else:
        register = load_areas(home=home)
    read |= read_each(others, register)
    if problems:
        raise DataError(problems)
    readings = _without_copies(read[path] for path in dict.fromkeys(files))
    return readings, areas, register


def read_file(path: Path, *, every: bool = False, register: Register | None = None) -> Reading:
    """Read a CSV, parquet, xlsx or ods file of any of the known kinds.

    With `every`, measures that the catalogue does not know are taken under
    names made from theirs. The register is that of the project at hand by default.
    """
    register = register or load_areas()
    raw = read_bytes(path)
    if raw.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        return read_workbook(path, raw, register)
    if raw.startswith(b"PAR1"):  # which only the interactive tool publishes
        frame, reading = lait.read_parquet(path)
    else:
        frame, reading = read_csv_file(path, raw=raw)
    _read_table(frame, reading, register, every=every)
    return reading


def _read_table(frame: pd.DataFrame, reading: Reading, register: Register, *, every: bool) -> None:
    """Read a table by the columns it has."""
    header = list(frame.columns)
    names = {plain(name) for name in header}
    if names.issuperset(map(plain, open_data.TIME)):
        open_data.read_open_data(frame, reading, register, every=every)
    elif dataset := recognise(header, ["dfe2010"]):
        read_sfr_2010(frame, reading, register, dataset)
    elif recognise(header, ["lait"]):
        lait.read_lait(frame, reading, register, every=every)
    elif is_code_list(header):
        read_code_list(frame, reading)
    else:
        for kind, columns in WITHOUT_FIGURES.items():
            if names.issuperset(map(plain, columns)):
                reading.kind, reading.rows = kind, len(frame)
                reading.notes.append("It describes measures and holds no figures.")
                return
        what = f"The file is of no known kind; its columns begin {', '.join(header[:6])[:120]}."
        remedy = (
            "Known are open data files (time_period, time_identifier, geographic_level), the "
            "underlying data of 2010, the interactive tool's download, and code lists."
        )
        raise file_error(reading.path, what, remedy, 1)


def _has_codes(path: Path) -> bool:
    """Tell whether a file is a list of codes, which others are read with; never fails."""
    try:
        with path.open("rb") as file:
            first = file.readline(10_000).decode("utf-8-sig", errors="replace")
    except OSError:
        return False
    return is_code_list(cell.strip().strip('"') for cell in first.split(","))


def _check_refused(readings: Sequence[Reading], *, strict: bool) -> None:
    """Raise an error where most of a file was refused; if `strict`, where any line was."""
    for reading in readings:
        refused = len({problem.line for problem in reading.refused})
        figures = 0 if reading.facts is None else len(reading.facts)
        if refused and (refused > reading.rows or reading.wanted - figures > figures):
            first = reading.refused[0]
            were = f"{counted(refused, 'line')} {'was' if refused == 1 else 'were'}"
            what = f"{were} refused, more than were understood. The first: {first.what}"
            place = (str(reading.path), first.line, first.column)
            raise DataError([Problem(*place, what, first.remedy)])
    problems = [problem for reading in readings for problem in reading.refused]
    if strict and problems:
        raise DataError(problems)


def _without_copies(readings: Iterable[Reading]) -> list[Reading]:
    """Take a file that was given twice, under two paths, once."""
    kept: dict[str, Reading] = {}
    for reading in readings:
        first = kept.setdefault(reading.sha256, reading)
        if first is not reading:
            first.notes.append(f"{reading.path.name} is the same file, and was taken once.")
    return list(kept.values())


def _check_one_file_each(readings: Sequence[Reading]) -> None:
    """Refuse two files of one data set: an edition takes each from one file."""
    first: dict[str, Reading] = {}
    for reading in readings:
        for source_id in _ids(reading):
            other = first.setdefault(source_id, reading)
            if other is not reading:
                raise ParameterError(
                    f"{other.path.name} and {reading.path.name} are both of {source_id}.",
                    "Give the one that is wanted: an edition takes a data set from one file.",
                )


def _choose_edition(edition: str | None, readings: Sequence[Reading], home: Project) -> str:
    """Return the edition that is meant: that named, or that of the latest year."""
    figures = [one.facts for one in readings if one.facts is not None and len(one.facts)]
    if not figures and not any(one.neighbours or one.judgements for one in readings):
        names = ", ".join(one.path.name for one in readings)
        raise ParameterError(
            f"{names}: nothing in it is known to the catalogue of indicators.",
            "Take every measure with --every-measure, or add an indicator to the catalogue.",
        )
    if edition is not None:
        return edition
    known = list_editions(home)
    years = [year for each in figures for year in _year(each).dropna().unique()]
    name = str(int(max(years))) if years else ""
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
    ends = pd.to_datetime(figures["period_end"]).dt.year
    labels = figures["period"].str.extract(r"^(\d{4})(?:/(\d{2}))?$")
    return ends.fillna(pd.to_numeric(labels[0]) + labels[1].notna())


def _merge_into(
    before: OfficialStatistics, readings: Sequence[Reading], register: Register
) -> tuple[OfficialStatistics, dict[str, Any]]:
    """Put what the files hold in the place of what the same sources held; count the figures."""
    new, outside = _new_figures(before, readings, register)
    neighbours = [row for one in readings for row in one.neighbours]
    judgements = [row for one in readings for row in one.judgements]
    if not len(new) and not neighbours and not judgements:
        raise ParameterError(
            f"None of the figures is of the years {before.first} to {before.last}.",
            f"Name another edition than {before.name}.",
        )
    both, outranked = _prefer_sources(before, new)
    figures, suppressed = apply_secondary_suppression(both, register)
    lists = {row["list"] for row in neighbours}
    after = replace(
        before,
        figures=figures,
        neighbours=[row for row in before.neighbours if row["list"] not in lists] + neighbours,
        judgements=judgements or before.judgements,
    )
    after = replace(after, sources=_sources(after, readings, set(new["source_id"])))
    counts = {"outside": outside, "outranked": outranked, "suppressed": suppressed}
    return after, counts | _count_changes(before.figures, figures)


def _new_figures(
    before: OfficialStatistics, readings: Sequence[Reading], register: Register
) -> tuple[pd.DataFrame, int]:
    """Gather the figures of the files that are of the edition's years and places."""
    new = [one.facts for one in readings if one.facts is not None and len(one.facts)]
    if not new:
        return before.figures.iloc[:0], 0
    for facts in new:
        for name in DAYS:
            facts[name] = pd.to_datetime(facts[name]).astype("datetime64[ms]")
    frame = pd.concat(new, ignore_index=True)
    inside = _year(frame).between(before.first, before.last)
    frame = frame[inside].copy()
    # one authority, one code, so that its years and its sources join
    codes = {code: register.on(code, before.day) for code in frame["area_code"].unique()}
    frame["area_code"] = frame["area_code"].map(codes)
    # a place that had ended by then has no figure, and need not say so
    closed = {
        code: area.closed
        for code in frame["area_code"].unique()
        if (area := register.by_code(code)) and area.closed and area.closed < before.day
    }
    ends = frame["period_end"].fillna(pd.Timestamp(before.day))
    ended = pd.to_datetime(frame["area_code"].map(closed)) < ends
    return frame[~(ended & frame["value"].isna())], int((~inside).sum())


def _prefer_sources(before: OfficialStatistics, new: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Choose of several sources of one figure, as the catalogue prefers them."""
    kept = before.figures[~before.figures["source_id"].isin(set(new["source_id"]))]
    both = pd.concat([each for each in (kept, new) if len(each)] or [kept], ignore_index=True)
    rank = {
        (indicator.id, mapping.data): place
        for indicator in load_indicators().values()
        for place, mapping in enumerate(indicator.sources)
    }
    order = [rank.get(pair, 99) for pair in zip(both["indicator"], both["source_id"], strict=True)]
    ranked = both.assign(
        # a source that has no figure yields to one that has; one that withholds it does not
        _missing=both["status"].eq("not_available"),
        _order=order,
        # of two lines under an old and a new code, that with the figure
        _none=both["value"].isna() & both["status"].ne("suppressed"),
    ).sort_values(["_missing", "_order", "_none", *KEY], kind="stable")
    chosen = ranked.drop_duplicates(list(FIGURE))[both.columns]
    figures = chosen.sort_values(list(KEY), kind="stable", ignore_index=True)
    return figures, len(both) - len(figures)


def _sources(
    after: OfficialStatistics, readings: Sequence[Reading], replaced: set[str]
) -> tuple[Publication, ...]:
    """List the sources of what the edition holds now, each with the file it came from."""
    known = {source.id: source for source in after.sources}
    for reading in readings:
        for source_id in _ids(reading):
            if source_id in replaced or reading.neighbours or reading.judgements:
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
    dataset = load_datasets().get(reading.dataset)
    published = reading.neighbours[0]["list"] if reading.neighbours else ""
    if dataset and dataset.published:
        published = dataset.published.isoformat()
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


def _count_changes(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, int]:
    """Count figures that are new, changed, the same, and gone."""
    key, held = list(FIGURE), ["value", "numerator", "denominator", "status"]
    both = after[[*key, *held]].merge(
        before[[*key, *held]], on=key, how="outer", suffixes=("", "_was"), indicator=True
    )
    known = both["_merge"].eq("both")
    same = known & both["status"].eq(both["status_was"])
    for name in held[:-1]:
        now, was = both[name].astype(float), both[f"{name}_was"].astype(float)
        same &= np.isclose(now, was, rtol=1e-9, atol=0, equal_nan=True)  # ten digits are kept
    return {
        "added": int(both["_merge"].eq("left_only").sum()),
        "changed": int((known & ~same).sum()),
        "unchanged": int(same.sum()),
        "gone": int(both["_merge"].eq("right_only").sum()),
    }


def describe(done: Ingested, *, dry_run: bool = False) -> Iterator[str]:
    """Say what was understood, left out and refused, file by file, and what became of it."""
    for reading in done.readings:
        yield from reading.describe()
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


def refusals(problems: Sequence[Problem], readings: Sequence[Reading] = ()) -> str:
    """List every line refused or left out, as CSV with its place, reason and remedy."""
    rows = [
        (problem.file, problem.line, problem.column, "refused", problem.what, problem.remedy)
        for problem in (*problems, *(each for reading in readings for each in reading.refused))
    ]
    rows += [
        (reading.path.name, line, "", "left out", reason, "")
        for reading in readings
        for reason, lines in reading.left_out.items()
        for line in lines
    ]
    columns = ["file", "line", "column", "outcome", "what", "remedy"]
    return pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n")
