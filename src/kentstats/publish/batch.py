"""Publish every authority of an edition: in several processes, and only what changed.

A run reads the manifest first, so one that was stopped goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import os
import shutil
import sys
import textwrap
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kentstats.areas import Area, load_areas
from kentstats.engine.process import server
from kentstats.errors import ParameterError
from kentstats.load import choose_edition, edition_day
from kentstats.project import Project, find_project
from kentstats.publish.briefing import publish, slug
from kentstats.publish.dask import in_cluster
from kentstats.publish.guard import Stamps
from kentstats.publish.inputs import (
    GROUPS,
    effective_parameters,
    faults_of,
    fingerprint,
    shared_inputs,
    tables_of,
    versions_with,
)
from kentstats.publish.lock import alone_in
from kentstats.publish.manifest import MANIFEST, OUTCOMES, SCHEMA, Entry, Record, read_entries
from kentstats.publish.plan import Decision, plan
from kentstats.publish.quarto import choose_renderer
from kentstats.publish.ready import ready
from kentstats.publish.store import Store
from kentstats.publish.workers import LIMITS, Done, Limits, Maker, Task, Work, in_children, in_turn

if TYPE_CHECKING:
    from tqdm import tqdm


@dataclass(frozen=True)
class Run:
    """What came of a run.

    Attributes
    ----------
    entries : tuple of Entry
        One for each authority asked for, in the order of their names.
    manifest_path : pathlib.Path
        Where the manifest is.
    left_over : tuple of str
        Folders beside the briefings that no authority of the edition has.
    seconds : float
        How long it took.
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

        Parameters
        ----------
        width : int, optional
            Columns to fill; those of the terminal by default.

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
    run: Maker = publish,
    isolated: bool = True,
    limits: Limits = LIMITS,
    cluster: str = "",
    store: str = "",
) -> Run:
    """Publish the briefing of every authority of an edition that needs it.

    An authority is left as it is where its last run went well, none of its
    inputs has changed since, and its files are as they were written. Nothing
    that happens to one stops the others. Stopped by Ctrl-C or an exit, the
    run clears up, writes the manifest of what is done, and lets it pass.

    Parameters
    ----------
    edition : str
        Name of the edition.
    authorities : sequence of str, optional
        Names or codes; all that the edition has by default.
    jobs : int, default 1
        How many to publish at a time, each in a process of its own. One that
        dies takes no more with it than the authority it was at.
    parameters, notebook, output, renderer, home : optional
        As of :func:`kentstats.publish.briefing.publish`.
    progress : bool, default False
        Whether to show a progress bar, where standard error is a terminal.
    say : callable, optional
        Told in a line what is done, and why.
    force : bool, default False
        Publish also what is unchanged.
    run : callable, default :func:`kentstats.publish.briefing.publish`
        What publishes one: a function of a module.
    isolated : bool, default True
        Without, all are published in this process, in turn, each executed in
        one of its own: for who looks for a fault.
    limits : Limits, optional
        What the run of one authority may use.
    cluster : str, optional
        Address of a Dask scheduler, on whose workers all are published, or
        ``local`` for as many workers of this machine as there are jobs.
    store : str, optional
        With a cluster, an address that fsspec knows: the workers write the
        briefings there, and to `output` goes only what the next run needs.

    Returns
    -------
    Run

    Raises
    ------
    ParameterError
        An edition, authority or parameter that is not known, `jobs` below 1,
        or a store without a cluster.
    RenderError
        Quarto is wanted and not there.
    KentstatsError
        Another run is at work in the same place; or the cluster cannot be used.
    """
    begun = time.monotonic()
    home = home or find_project()
    if jobs < 1:
        raise ParameterError(f"There are {jobs} jobs.", "Give a whole number, 1 or more.")
    if store and not cluster:
        raise ParameterError("A store is for a cluster.", "Give --cluster too, or only --output.")
    shelf = Store(store) if store else None
    edition = choose_edition(edition, home)
    notebook = notebook or home.notebooks / "briefing.ipynb"
    chosen = choose_renderer(renderer)
    effective = effective_parameters(notebook, parameters or {})
    register, day = load_areas(home=home), edition_day(edition, home)
    areas = register.authorities(day)
    asked = {register.resolve(name, day) for name in authorities or ()}
    wanted = areas if authorities is None else [area for area in areas if area in asked]
    output = Path(os.path.abspath(output))  # noqa: PTH100, a notebook may remove the folder at hand
    folder = output / edition
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):
        versions = versions_with(chosen)
        shared = shared_inputs(edition, notebook, effective, versions, chosen, home)
        record = Record(
            folder / MANIFEST,
            {
                "schema": SCHEMA,
                "edition": edition,
                "parameters": effective,
                "renderer": chosen,
                "versions": versions,
                "tables": tables_of(edition, home),
                "started": _now(),
                "finished": None,
                "left_over": _left_over(folder, areas),
            },
            read_entries(folder / MANIFEST, edition, say),
            areas,
            # what a message may name, and no other machine has
            (output.resolve().parent, home.root, Path.cwd(), Path.home()),
        )
        make = functools.partial(
            run,
            edition=edition,
            parameters=dict(parameters or {}),
            notebook=notebook,
            output=output,
            renderer=chosen,
            home=home,
            inputs=shared,
        )
        confidence = float(effective.get("confidence", 0.95))
        warm = (ready, (edition, home, notebook, confidence))
        stamps = Stamps()
        try:
            with contextlib.ExitStack() as stack:
                prepared = None
                if isolated and not cluster and (force or _likely(wanted, record, shared)):
                    # it gets ready while it is worked out what there is to do
                    prepared = stack.enter_context(server([warm], jobs))
                decisions = plan(
                    wanted,
                    shared,
                    record.entries,
                    folder,
                    edition,
                    home,
                    confidence=confidence,
                    force=force,
                    faults=shelf.faults if shelf else faults_of,
                )
                tasks = _to_do(decisions, record, force=force)
                _tell(tasks, len(wanted), say)
                at_work = {task.area.code for task in tasks}
                for entry in record.entries.values():
                    if entry.outcome != "failed" and entry.code not in at_work:
                        stamps.note(entry.code, folder / entry.slug, entry.files)
                bar = stack.enter_context(_bar(len(tasks), progress=progress))
                work = in_turn(tasks, make)
                if cluster and tasks:
                    work = in_cluster(
                        tasks, cluster, jobs, make, bar.refresh, limits, effective, shared, store
                    )
                elif isolated and tasks:
                    prepared = prepared or stack.enter_context(server([warm], jobs))
                    work = in_children(tasks, jobs, make, bar.refresh, prepared, limits)
                _follow(stack.enter_context(contextlib.closing(work)), record, stamps, bar, say)
            record.head["finished"] = _now()
        finally:
            _compare(stamps, record, say)
            record.write()
            if shelf:
                shelf.put(f"{edition}/{MANIFEST}", record.path.read_bytes())
    return Run(
        tuple(record.entries[area.code] for area in wanted),
        record.path,
        tuple(record.head["left_over"]),
        time.monotonic() - begun,
    )


def _likely(wanted: Iterable[Area], record: Record, shared: Mapping[str, str]) -> bool:
    """Tell, without looking closely, whether there is probably something to do."""
    for area in wanted:
        entry = record.entries.get(area.code)
        if entry is None or entry.outcome == "failed":
            return True
        if any(entry.inputs.get(group) != shared[group] for group in GROUPS if group != "report"):
            return True
    return False


def _to_do(decisions: Iterable[Decision], record: Record, *, force: bool) -> list[Task]:
    """List what is to be done, and take note of what is not."""
    tasks = []
    for one in decisions:
        if one.reason:
            before = None if force else record.entries.get(one.area.code)
            files = before.files if before else {}
            tasks.append(Task(one.area, one.place, one.inputs, one.reason, files))
        else:
            record.unchanged(one.area, one.inputs)
    return tasks


def _left_over(folder: Path, areas: Iterable[Area]) -> list[str]:
    known = {slug(area.name) for area in areas}
    folders = [path.name for path in folder.iterdir() if path.is_dir()]
    return sorted(name for name in folders if name not in known and not name.startswith("."))


def _tell(tasks: Sequence[Task], wanted: int, say: Callable[[str], object]) -> None:
    say(f"{_counted(wanted)}: {len(tasks)} to do, {wanted - len(tasks)} unchanged.")
    names: dict[str, list[str]] = defaultdict(list)
    for task in tasks:
        names[task.reason].append(task.area.name)
    for reason, which in names.items():
        say(f"{', '.join(which) if len(which) <= 5 else _counted(len(which))}: {reason}.")


def _counted(number: int) -> str:
    return f"{number} {'authority' if number == 1 else 'authorities'}"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _follow(
    work: Work, record: Record, stamps: Stamps, bar: tqdm[Any], say: Callable[[str], object]
) -> None:
    failed = 0
    for task, done in work:
        record.done(_entry(task, done))
        if not done.error:
            stamps.note(task.area.code, task.folder, done.files)
        told = [f"{task.area.name}: {note}." for note in done.notes]
        if done.error:
            failed += 1
            bar.set_postfix_str(f"{failed} failed", refresh=False)
            told.append(f"{task.area.name} failed: {done.error}")
        for line in told:
            with bar.external_write_mode(file=sys.stderr):
                say(line)
        bar.update()


def _compare(stamps: Stamps, record: Record, say: Callable[[str], object]) -> None:
    """Find the files that something else than their own briefing has changed meanwhile."""
    for code, names in stamps.changed().items():
        entry = record.entries[code]
        error = (
            f"{', '.join(names)} changed after they were published: another notebook, or somebody, "
            "writes there. Run again; if it happens again, look for what writes there."
        )
        record.done(replace(entry, outcome="failed", error=error, error_kind="ChangedMeanwhile"))
        say(f"{entry.name} failed: {error}")


def _entry(task: Task, done: Done) -> Entry:
    return Entry(
        name=task.area.name,
        code=task.area.code,
        slug=task.folder.name,
        outcome="failed" if done.error else "published",
        reason="; ".join((task.reason, *done.notes)),
        error=done.error,
        error_kind=done.kind,
        seconds=round(done.seconds, 2),
        fingerprint=fingerprint(task.inputs),
        inputs=task.inputs,
        files=done.files,
    )


def _bar(total: int, *, progress: bool) -> tqdm[Any]:
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        # no thread that watches it: what is run may fork
        monitor_interval = 0

    return Bar(
        total=total,
        desc="Publishing",
        unit="briefing",
        file=sys.stderr,
        disable=not (progress and total and sys.stderr.isatty()),
        # the mean of all so far: the first of a process are slow, and they end in pairs
        smoothing=0,
        miniters=1,
        dynamic_ncols=True,
    )
