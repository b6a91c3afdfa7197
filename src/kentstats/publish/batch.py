"""Publish every authority of an edition: several at a time, and only what changed.

A run reads the manifest first, so one that was stopped goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import sys
import textwrap
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout

from kentstats.areas import Area, load_areas
from kentstats.errors import KentstatsError, ParameterError
from kentstats.ingest.inspection_report import load_sources
from kentstats.load import choose_edition, edition_day
from kentstats.project import Project, find_project, fingerprint
from kentstats.publish.briefing import BriefingTask, make_briefing, prepare, slug
from kentstats.publish.dask import faults_in_store, open_store, put, run_in_cluster
from kentstats.publish.manifest import (
    MANIFEST,
    OUTCOMES,
    Entry,
    briefing_inputs,
    edition_inputs,
    faults_of,
    installed_versions,
    read_entries,
    reason_to_publish,
    remove_leftovers,
    table_checksums,
    write_manifest,
)
from kentstats.publish.notebook import NOTEBOOK, effective_parameters
from kentstats.publish.pool import DEFAULT_LIMITS, Limits, Result, run_tasks
from kentstats.publish.quarto import choose_renderer

SAVE_SECONDS = 2.0
"""How often the manifest is written while a run is under way, at most."""


@dataclass(frozen=True)
class Run:
    """What came of a run: an entry for each authority asked for, in the order of their names.

    `left_over` are folders beside the briefings that no authority of the edition has.
    """

    entries: tuple[Entry, ...]
    manifest_path: Path
    left_over: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def failed(self) -> tuple[Entry, ...]:
        """The entries of the authorities that failed."""
        return tuple(entry for entry in self.entries if entry.outcome == "failed")

    def summary(self, width: int | None = None) -> str:
        """Return a table of what was done, failures first, and the totals.

        It fills `width` columns, those of the terminal by default.

        Examples
        --------
        >>> why = "the notebook changed"
        >>> kent = Entry("Kent", "E10000016", "kent", "published", why, seconds=3.21)
        >>> print(Run((kent,), Path("manifest.json")).summary(72))
        authority  outcome    seconds  reason
        ---------  ---------  -------  ------
        Kent       published      3.2  the notebook changed
        <BLANKLINE>
        1 authority in 0 s: 0 failed, 1 published, 0 unchanged.
        """
        width = width or max(72, min(shutil.get_terminal_size().columns, 140))
        ordered = sorted(self.entries, key=lambda entry: OUTCOMES.index(entry.outcome))
        rows = [("authority", "outcome", "seconds", "reason")]
        for entry in ordered:
            if entry.outcome != "unchanged":
                why = entry.error or entry.reason
                rows.append((entry.name, entry.outcome, f"{entry.seconds:.1f}", why))
        first, second, third = (max(len(row[place]) for row in rows) for place in range(3))
        rows.insert(1, ("-" * first, "-" * second, "-" * third, "-" * len("reason")))
        indent = " " * (first + second + third + 6)
        lines = []
        for name, outcome, seconds, why in rows:
            start = f"{name:<{first}}  {outcome:<{second}}  {seconds:>{third}}  "
            lines += textwrap.wrap(
                start + " ".join(why.split()), width, subsequent_indent=indent
            ) or [start]
        counts = Counter(entry.outcome for entry in self.entries)
        told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)
        lines = [*lines, ""] if len(rows) > 2 else []
        lines.append(f"{_counted(len(self.entries))} in {self.seconds:.0f} s: {told}.")
        if self.left_over:
            lines.append(
                f"Left over, of no authority of this edition: {', '.join(self.left_over)}."
            )
        return "\n".join(lines)


def publish_all(
    edition: str,
    *,
    authorities: Sequence[str] | None = None,
    jobs: int = 1,
    parameters: Mapping[str, str] | None = None,
    notebook: Path | None = None,
    output: Path = Path("reports/published"),
    renderer: str = "embedded",
    progress: bool = False,
    say: Callable[[str], object] = str,
    home: Project | None = None,
    force: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    cluster: str = "",
    store: str = "",
) -> Run:
    """Publish the briefing of every authority of an edition that needs it.

    An authority is left as it is where its last run went well, none of its inputs has changed
    since, and its files are as they were written. Nothing that happens to one stops the others.
    Stopped by Ctrl-C or an exit, the run clears up, writes the manifest of what is done, and
    lets it pass.

    Parameters
    ----------
    edition, parameters, notebook, output, renderer, progress, say, home, limits : optional
        As of :func:`kentstats.publish.briefing.publish`.
    authorities : sequence of str, optional
        Names or codes; all that the edition has by default.
    jobs : int, default 1
        How many to publish at a time, each in a process of its own.
    force : bool, default False
        Publish also what is up to date.
    cluster : str, optional
        Address of a Dask scheduler, on whose workers all are published, or ``local`` for as
        many workers of this machine as there are jobs.
    store : str, optional
        With a cluster, an address that fsspec knows: the workers write the briefings there, and
        to `output` goes only the manifest.

    Raises
    ------
    ParameterError, RenderError, KentstatsError
        Something is not known or not there, or another run is publishing to the same place.
    """
    begun = time.monotonic()
    home = home or find_project()
    if jobs < 1:
        raise ParameterError(f"There are {jobs} jobs.", "Give a whole number, 1 or more.")
    if store and not cluster:
        raise ParameterError("A store is for a cluster.", "Give --cluster too, or only --output.")
    edition = choose_edition(edition, home)
    notebook = notebook or home.notebooks / NOTEBOOK
    chosen = choose_renderer(renderer)
    effective = effective_parameters(notebook, parameters or {})
    register, day = load_areas(home=home), edition_day(edition, home)
    areas = register.authorities(day)
    asked = {register.resolve(name, day) for name in authorities or ()}
    wanted = areas if authorities is None else [area for area in areas if area in asked]
    faults = faults_of
    if store:
        open_store(store)  # tells at once of an address that is not known
        faults = partial(faults_in_store, store)
    output = output.absolute()
    folder = output / edition
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder):
        remove_leftovers(folder)
        record = _Record(edition, folder, home, areas, say)
        record.head |= {
            "parameters": effective,
            "renderer": chosen,
            "versions": dict(installed_versions(chosen)),
            "tables": table_checksums(edition, home),
        }
        shared = BriefingTask(
            authority="",
            edition=edition,
            parameters=effective,
            notebook=notebook,
            output=output,
            renderer=chosen,
            home=home,
            inputs=edition_inputs(edition, notebook, effective, chosen, home),
            limits=limits,
        )
        reasons = _plan(record, wanted, shared, faults, force=force)
        tasks = list(reasons)
        _tell({task.authority: reason for task, reason in reasons.items()}, len(wanted), say)
        shown = progress and bool(tasks) and sys.stderr.isatty()
        try:
            bar = click.progressbar(
                length=len(tasks),
                label="Publishing",
                show_pos=True,
                file=sys.stderr,
                hidden=not shown,
            )
            results = _results(tasks, jobs, limits, cluster, store, record.save)
            with bar, contextlib.closing(results):
                for result in results:
                    record.done(result, reasons[result.task])
                    if result.error:
                        bar.label = "Publishing (some failed)"
                        if shown:
                            click.echo("\r\033[K", nl=False, err=True)
                        say(f"{result.task.authority} failed: {result.error}")
                    bar.update(1)
            record.head["finished"] = _now()
        finally:
            remove_leftovers(folder)
            record.write()
            if store:
                put(store, f"{edition}/{MANIFEST}", record.path.read_bytes())
    entries = tuple(record.entries[area.code] for area in wanted)
    seconds = time.monotonic() - begun
    return Run(entries, record.path, tuple(record.head["left_over"]), seconds)


def _results(
    tasks: list[BriefingTask],
    jobs: int,
    limits: Limits,
    cluster: str,
    store: str,
    on_tick: Callable[[], object],
) -> Generator[Result, None, None]:
    """Make the briefings, here or in a cluster."""
    if cluster and tasks:
        return run_in_cluster(tasks, cluster, jobs, store)
    ready = partial(prepare, tasks[0]) if tasks else None
    return run_tasks(make_briefing, tasks, jobs=jobs, limits=limits, prepare=ready, on_tick=on_tick)


def _plan(
    record: _Record,
    wanted: Iterable[Area],
    shared: BriefingTask,
    faults: Callable[[Mapping[str, Mapping[str, Any]], Path], list[str]],
    *,
    force: bool,
) -> dict[BriefingTask, str]:
    """List what is to be made, each with the reason, and take note of what is up to date."""
    sources = load_sources(shared.home)
    reports = {one.authority: one for one in sources if one.edition == shared.edition}
    reasons = {}
    for area in wanted:
        inputs = briefing_inputs(shared.inputs, reports.get(area.name))
        task = replace(shared, authority=area.name, inputs=inputs)
        before = record.entries.get(area.code)
        reason = reason_to_publish(before, inputs, task.folder, force=force, faults=faults)
        if reason:
            reasons[task] = reason
        else:
            record.unchanged(area)
    return reasons


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder.

    The lock is the operating system's, which lets go of it however a process ends.

    Raises
    ------
    KentstatsError
        Another run is publishing there.
    """
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        raise KentstatsError(
            f"Another run is publishing to {folder}.",
            "Wait until it has ended, or publish elsewhere with --output.",
        ) from None


class _Record:
    """The manifest of a run under way."""

    def __init__(
        self,
        edition: str,
        folder: Path,
        home: Project,
        areas: Iterable[Area],
        say: Callable[[str], object],
    ) -> None:
        self.path = folder / MANIFEST
        self._codes = {area.name: area.code for area in areas}
        # of an authority that is gone, its folder is left over and no more
        codes, before = set(self._codes.values()), read_entries(self.path, edition, say)
        self.entries = {code: entry for code, entry in before.items() if code in codes}
        known = {slug(name) for name in self._codes}
        folders = sorted(path.name for path in folder.iterdir() if path.is_dir())
        left = [name for name in folders if name not in known and not name.startswith(".")]
        self.head: dict[str, Any] = {
            "edition": edition,
            "started": _now(),
            "finished": None,
            "left_over": left,
        }
        # what a message may name, and no other machine has
        self._roots = (folder.parent.resolve().parent, home.root, Path.cwd(), Path.home())
        self._written = time.monotonic()

    def unchanged(self, area: Area) -> None:
        """Take note that an authority is left as it is."""
        entry = self.entries[area.code]
        self.entries[area.code] = replace(entry, outcome="unchanged", reason="nothing changed")

    def done(self, result: Result, reason: str) -> None:
        """Take note of what came of an authority, and write the manifest."""
        task: BriefingTask = result.task
        code = self._codes[task.authority]
        before = self.entries.get(code)
        self.entries[code] = Entry(
            name=task.authority,
            code=code,
            slug=task.folder.name,
            outcome="failed" if result.error else "published",
            reason=reason,
            error=result.error,
            error_kind=result.error_kind,
            seconds=round(result.seconds, 2),
            fingerprint=fingerprint(task.inputs),
            inputs=task.inputs,
            files=(before.files if before else {}) if result.error else result.value,
        )
        self.save()

    def save(self) -> None:
        """Write the manifest, unless that was a moment ago."""
        if time.monotonic() - self._written > SAVE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write the manifest."""
        write_manifest(self.path, self.head, self.entries.values(), self._roots)
        self._written = time.monotonic()


def _tell(reasons: Mapping[str, str], wanted: int, say: Callable[[str], object]) -> None:
    say(f"{_counted(wanted)}: {len(reasons)} to do, {wanted - len(reasons)} unchanged.")
    names: dict[str, list[str]] = defaultdict(list)
    for name, reason in reasons.items():
        names[reason].append(name)
    for reason, which in names.items():
        say(f"{', '.join(which) if len(which) <= 5 else _counted(len(which))}: {reason}.")


def _counted(number: int) -> str:
    return f"{number} {'authority' if number == 1 else 'authorities'}"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
