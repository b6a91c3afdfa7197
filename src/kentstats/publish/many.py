"""Publish every authority of an edition: in several processes, and only what changed.

``OUTPUT/EDITION/manifest.json`` says of each authority what came of it, from
which inputs its files were made and their checksums. A run reads it first, so
one that was stopped goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import kentstats
from kentstats.areas import Area, load_areas
from kentstats.errors import KentstatsError, ParameterError, RenderError
from kentstats.home import Home, find_home
from kentstats.load import checksums, choose_edition, edition_day, official_folder
from kentstats.publish.briefing import Published, publish, slug
from kentstats.publish.quarto import find_quarto
from kentstats.publish.run import declared_parameters, read_parameters, versions
from kentstats.sources.registry import load_sources

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from tqdm import tqdm

SCHEMA = 1
MANIFEST = "manifest.json"
GROUPS = {
    "tables": "the tables of the edition changed",
    "report": "its report changed",
    "code": "the code changed",
    "notebook": "the notebook changed",
    "templates": "the templates changed",
    "parameters": "a parameter changed",
    "versions": "the version of Python or of a package changed",
    "renderer": "the renderer changed",
}
"""Groups of inputs, each with what is said where it is no longer the same."""
OUTCOMES = ("failed", "published", "unchanged")
"""What may come of an authority, in the order in which a summary has them."""
PATIENCE = 15.0
"""Seconds that a worker has to clear up when it is asked to end."""
EVERY = 2.0
"""Seconds between two writings of the manifest."""


@dataclass(frozen=True)
class Entry:
    """What came of one authority.

    Attributes
    ----------
    name, code, slug : str
        Its name, GSS code and folder.
    outcome : str
        One of :data:`OUTCOMES`.
    reason : str
        Why it was done again, or that nothing changed.
    error, error_kind : str
        What went wrong, and the name of the error.
    seconds : float
        How long it took when it was last done.
    fingerprint : str
        One checksum over `inputs`.
    inputs : mapping of str to str
        Checksum of each group of inputs, a key of :data:`GROUPS`.
    files : mapping of str to mapping
        ``sha256`` and ``size`` of each file published. Where the latest run
        failed they are those of the run before, which it leaves in place.
    """

    name: str
    code: str
    slug: str
    outcome: str
    reason: str = ""
    error: str = ""
    error_kind: str = ""
    seconds: float = 0.0
    fingerprint: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


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
        >>> kent = Entry("Kent", "E10000016", "kent", "published", "the notebook changed")
        >>> print(Run((replace(kent, seconds=3.21),), Path("manifest.json")).summary(72))
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


@dataclass(frozen=True)
class _Task:
    area: Area
    folder: Path
    inputs: Mapping[str, str]
    reason: str


@dataclass(frozen=True)
class _Done:
    seconds: float
    error: str = ""
    kind: str = ""
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


Maker = Callable[..., Published]
Work = Generator[tuple[_Task, _Done], None, None]


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
    home: Home | None = None,
    force: bool = False,
    run: Maker = publish,
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
        How many to publish at a time. Above 1 it is done in as many processes,
        and one that dies takes no more with it than the authority it was at.
    parameters, notebook, output, renderer, home : optional
        As of :func:`kentstats.publish.briefing.publish`.
    progress : bool, default False
        Whether to show a progress bar, where standard error is a terminal.
    say : callable, optional
        Told in a line what is done, and why.
    force : bool, default False
        Publish also what is unchanged.
    run : callable, default :func:`kentstats.publish.briefing.publish`
        What publishes one. With `jobs` above 1, a function of a module.

    Returns
    -------
    Run

    Raises
    ------
    ParameterError
        An edition, authority or parameter that is not known, or `jobs` below 1.
    RenderError
        Quarto is wanted and not there.
    KentstatsError
        Another run is at work in the same place.
    """
    begun = time.monotonic()
    home = home or find_home()
    if jobs < 1:
        raise ParameterError(f"There are {jobs} jobs.", "Give a whole number, 1 or more.")
    edition = choose_edition(edition, home)
    notebook = notebook or home.notebooks / "briefing.ipynb"
    chosen = _renderer(renderer)
    effective = _effective(notebook, parameters or {})
    register, day = load_areas(home.raw / "areas"), edition_day(edition, home)
    areas = register.authorities(day)
    asked = {register.resolve(name, day) for name in authorities or ()}
    wanted = areas if authorities is None else [area for area in areas if area in asked]
    folder = output / edition
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        versions_ = _versions(chosen)
        shared = _shared_inputs(edition, notebook, effective, versions_, chosen, home)
        record = _Record(
            folder / MANIFEST,
            {
                "schema": SCHEMA,
                "edition": edition,
                "parameters": effective,
                "renderer": chosen,
                "versions": versions_,
                "started": _now(),
                "finished": None,
                "left_over": _left_over(folder, areas),
            },
            _entries(folder / MANIFEST, edition, say),
            areas,
            # what a message may name, and no other machine has
            (output.resolve().parent, home.root, Path.cwd(), Path.home()),
        )
        reports = {one.authority: one for one in load_sources(home) if one.edition == edition}
        tasks = []
        for area in wanted:
            report = reports.get(area.name)
            inputs = {**shared, "report": _sum(checksums(report.folder) if report else {})}
            place = folder / slug(area.name)
            reason = _reason(record.entries.get(area.code), inputs, place, force=force)
            if reason:
                tasks.append(_Task(area, place, inputs, reason))
            else:
                record.unchanged(area)
        _tell(tasks, len(wanted), say)
        make = functools.partial(
            run,
            edition=edition,
            parameters=dict(parameters or {}),
            notebook=notebook,
            output=output,
            renderer=chosen,
            home=home,
        )
        try:
            _work(tasks, jobs, make, record, say=say, progress=progress)
            record.head["finished"] = _now()
        finally:
            record.write()
    return Run(
        tuple(record.entries[area.code] for area in wanted),
        record.path,
        tuple(record.head["left_over"]),
        time.monotonic() - begun,
    )


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    dict
        As written, with an :class:`Entry` for each of its ``authorities``.

    Raises
    ------
    KentstatsError
        It is not there, damaged, or of another schema.
    """
    remedy = "Publish the edition again: kentstats briefing --all."
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["schema"] != SCHEMA:
            raise KentstatsError(
                f"The manifest {path} is of schema {manifest['schema']}, where this is {SCHEMA}.",
                remedy,
            )
        return {**manifest, "authorities": [_entry(row) for row in manifest["authorities"]]}
    except OSError as error:
        what = f"The manifest {path} cannot be read: {error.strerror}."
    except (ValueError, TypeError, KeyError):
        what = f"The manifest {path} is damaged."
    raise KentstatsError(what, remedy)


def _entry(row: Any) -> Entry:
    try:
        entry = Entry(**row)
        sound = (
            all(isinstance(getattr(entry, one.name), str) for one in fields(Entry)[:7])
            and entry.outcome in OUTCOMES
            and float(entry.seconds) >= 0
            and all(isinstance(each, str) for each in entry.inputs.values())
            and all(isinstance(each["size"], int) for each in entry.files.values())
            and all(isinstance(each["sha256"], str) for each in entry.files.values())
        )
    except (TypeError, ValueError, KeyError, AttributeError):
        sound = False
    if not sound:
        raise ValueError("damaged")
    return entry


def _entries(path: Path, edition: str, say: Callable[[str], object]) -> dict[str, Entry]:
    if not path.exists():
        return {}
    try:
        manifest = read_manifest(path)
        if manifest.get("edition") != edition:
            raise KentstatsError(f"The manifest {path} is of edition {manifest.get('edition')}.")
    except KentstatsError as error:
        say(f"{error.what} It is ignored: everything is done again.")
        return {}
    return {entry.code: entry for entry in manifest["authorities"]}


class _Record:
    """The manifest of a run under way."""

    def __init__(
        self,
        path: Path,
        head: dict[str, Any],
        entries: dict[str, Entry],
        areas: Iterable[Area],
        roots: Iterable[Path],
    ) -> None:
        self.path, self.head = path, head
        self.areas = {area.code: area for area in areas}
        # of an authority that is gone, its folder is left over and no more
        self.entries = {code: one for code, one in entries.items() if code in self.areas}
        self.roots = roots
        self.written = time.monotonic()

    def unchanged(self, area: Area) -> None:
        entry = self.entries[area.code]
        self.entries[area.code] = replace(entry, outcome="unchanged", reason="nothing changed")

    def done(self, task: _Task, done: _Done) -> None:
        before = self.entries.get(task.area.code)
        self.entries[task.area.code] = Entry(
            name=task.area.name,
            code=task.area.code,
            slug=task.folder.name,
            outcome="failed" if done.error else "published",
            reason=task.reason,
            error=done.error,
            error_kind=done.kind,
            seconds=round(done.seconds, 2),
            fingerprint=_sum(task.inputs),
            inputs=task.inputs,
            files=before.files if done.error and before else done.files,
        )
        if time.monotonic() - self.written > EVERY:
            # something else may have it open; there will be another time
            with contextlib.suppress(PermissionError):
                self.write()

    def write(self) -> None:
        known = sorted(self.entries.values(), key=lambda entry: self.areas[entry.code].name)
        counts = Counter(entry.outcome for entry in known)
        manifest = {
            **self.head,
            "counts": {outcome: counts[outcome] for outcome in OUTCOMES},
            "authorities": [
                asdict(replace(entry, error=_portable(entry.error, self.roots))) for entry in known
            ],
        }
        aside = self.path.with_suffix(".json.new")
        text = json.dumps(manifest, indent=1, ensure_ascii=False)
        aside.write_text(text + "\n", encoding="utf-8", newline="\n")
        aside.replace(self.path)
        self.written = time.monotonic()


def _portable(text: str, roots: Iterable[Path]) -> str:
    """Take the paths of this machine out of a message."""
    for root in roots:
        if root != root.parent:
            text = text.replace(f"{root}{os.sep}", "")
    return re.sub(r"(?<![\w./:])(?:[A-Za-z]:)?[\\/](?:[^\s\\/:\"'“”]+[\\/])+", "…/", text)


# What is wanted, and whether it needs to be done.


def _renderer(wanted: str) -> str:
    if wanted == "auto":
        return "quarto" if find_quarto() else "embedded"
    if wanted == "quarto" and not find_quarto():
        raise RenderError(
            "Quarto is not on the PATH.", "Install it from quarto.org, or use --renderer embedded."
        )
    return wanted


def _effective(notebook: Path, parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return every parameter but those that say which briefing it is."""
    for name, instead in (("authority", "Name authorities"), ("edition", "Use --edition")):
        if name in parameters:
            raise ParameterError(f"The {name} is given with -p.", f"{instead} instead.")
    declared = {name: default for name, (_, default) in declared_parameters(notebook).items()}
    effective = {**declared, **read_parameters(notebook, parameters)}
    return {name: effective[name] for name in effective if name not in {"authority", "edition"}}


def _versions(renderer: str) -> dict[str, str]:
    found = versions()
    quarto = find_quarto()
    if renderer == "quarto" and quarto:
        done = subprocess.run([quarto, "--version"], capture_output=True, text=True, check=False)
        found["quarto"] = done.stdout.strip()
    return found


def _shared_inputs(
    edition: str,
    notebook: Path,
    parameters: Mapping[str, Any],
    found: Mapping[str, str],
    renderer: str,
    home: Home,
) -> dict[str, str]:
    package = Path(kentstats.__file__).parent
    code = [path for kind in ("*.py", "*.yml") for path in package.rglob(kind)]
    folders = [home.raw / "areas", official_folder(edition, home)]
    tables = [path for folder in folders if folder for path in folder.iterdir()]
    templates = [home.reports / "_quarto.yml", *(home.reports / "template").glob("*")]
    inputs = {
        "tables": _sum(_sums(tables, home.raw)),
        # an installed package carries the project, which has groups of its own
        "code": _sum(
            _sums((one for one in code if package / "project" not in one.parents), package)
        ),
        "notebook": _sha256(notebook),
        # of index.html and its style no briefing is made
        "templates": _sum(
            _sums((one for one in templates if not one.match("index.*")), home.reports)
        ),
        "parameters": _sum(parameters),
        "versions": _sum(found),
        "renderer": _sum({"renderer": renderer}),
    }
    return {group: inputs.get(group, "") for group in GROUPS}


def _sums(paths: Iterable[Path], root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): _sha256(path) for path in paths if path.is_file()}


def _sum(values: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(before: Entry | None, inputs: Mapping[str, str], folder: Path, *, force: bool) -> str:
    """Say why an authority is to be done; nothing where it is not."""
    if force:
        return "it was asked for"
    if before is None:
        return "there is no record of it" if folder.exists() else "it is not published yet"
    if before.outcome == "failed":
        return "it failed last time"
    changed = [why for group, why in GROUPS.items() if before.inputs.get(group) != inputs[group]]
    if not changed and not folder.is_dir():
        changed.append("its folder is missing")
    if not changed:
        for name, file in before.files.items():
            path = folder / name
            if not path.is_file():
                changed.append(f"{name} is missing")
            elif path.stat().st_size != file["size"] or _sha256(path) != file["sha256"]:
                changed.append(f"{name} was changed")
    return "; ".join(changed)


def _left_over(folder: Path, areas: Iterable[Area]) -> list[str]:
    known = {slug(area.name) for area in areas}
    folders = [path.name for path in folder.iterdir() if path.is_dir()]
    return sorted(name for name in folders if name not in known and not name.startswith("."))


def _tell(tasks: Sequence[_Task], wanted: int, say: Callable[[str], object]) -> None:
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


# The work: in this process, or in several.


def _work(
    tasks: Sequence[_Task],
    jobs: int,
    make: Maker,
    record: _Record,
    *,
    say: Callable[[str], object],
    progress: bool,
) -> None:
    failed = 0
    with _bar(len(tasks), progress=progress) as bar:
        work = _in_workers(tasks, jobs, make, bar.refresh) if jobs > 1 else _in_turn(tasks, make)
        with contextlib.closing(work):
            for task, done in work:
                record.done(task, done)
                if done.error:
                    failed += 1
                    bar.set_postfix_str(f"{failed} failed", refresh=False)
                    with bar.external_write_mode(file=sys.stderr):
                        say(f"{task.area.name} failed: {done.error}")
                bar.update()


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


def _in_turn(tasks: Iterable[_Task], make: Maker) -> Work:
    for task in tasks:
        yield task, _publish_one(task.area.name, task.folder, make)


def _publish_one(name: str, folder: Path, make: Maker) -> _Done:
    begun = time.perf_counter()
    before = _stamps(folder)
    try:
        make(name)
        # what is not new is the user's own, or of an earlier kind of briefing
        files = {
            path.relative_to(folder).as_posix(): {
                "sha256": _sha256(path),
                "size": path.stat().st_size,
            }
            for path, stamp in _stamps(folder).items()
            if before.get(path) != stamp
        }
        if not files:
            raise KentstatsError("It ended well and published nothing.")
    except Exception as error:  # noqa: BLE001, no failure stops the rest
        kind = type(error).__name__
        return _Done(time.perf_counter() - begun, str(error) or kind, kind)
    return _Done(time.perf_counter() - begun, files=dict(sorted(files.items())))


def _stamps(folder: Path) -> dict[Path, tuple[int, ...]]:
    """Tell the states of the files in a folder apart without reading them."""
    stamps: dict[Path, tuple[int, ...]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            state = path.stat()
            stamps[path] = (state.st_ino, state.st_mtime_ns, state.st_size)
    return stamps


def _in_workers(
    tasks: Iterable[_Task],
    jobs: int,
    make: Maker,
    tick: Callable[[], object],
) -> Work:
    """Hand each task to a process that is free; replace one that dies.

    An executor of the standard library breaks as a whole when one of its
    processes dies, and cannot say whose task it was.
    """
    waiting = deque(tasks)
    workers: list[_Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                worker = _Worker(make)
                workers.append(worker)
                worker.give(waiting.popleft())
            # a grandchild may keep the pipe of a dead worker open, so look now and then
            wait([worker.pipe for worker in workers], timeout=1)
            tick()
            for worker in tuple(workers):
                done = worker.done()
                if done is None:
                    continue
                task = worker.task
                if waiting and worker.process.is_alive():
                    worker.give(waiting.popleft())
                else:
                    worker.dismiss()
                    workers.remove(worker)
                yield task, done
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.dismiss()


class _Worker:
    """A process that publishes one authority after the other."""

    task: _Task

    def __init__(self, make: Maker) -> None:
        context = get_context("spawn")
        pipe, theirs = context.Pipe()
        self.pipe: Connection[Any, Any] = pipe
        self.process: SpawnProcess = context.Process(target=_serve, args=(theirs, make))
        with theirs, _held_back():
            self.process.start()

    def give(self, task: _Task) -> None:
        self.task = task
        self.begun = time.perf_counter()
        self.asides = _asides(task.folder)
        with contextlib.suppress(OSError):  # it died; done() will tell
            self.pipe.send((task.area.name, task.folder))

    def done(self) -> _Done | None:
        """Return what came of the task, None while it is at work."""
        alive = self.process.is_alive()  # asked first, or its last word might be lost
        try:
            if self.pipe.poll():
                done: _Done = self.pipe.recv()
                return done
        except (EOFError, OSError):
            alive = False
        if alive:
            return None
        self.dismiss()
        return _Done(time.perf_counter() - self.begun, _obituary(self.process), "ProcessDied")

    def dismiss(self) -> None:
        """Let the process end, end it if it does not, and clear up after it."""
        self.pipe.close()
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        for aside in _asides(self.task.folder) - self.asides:
            shutil.rmtree(aside, ignore_errors=True)


def _obituary(process: SpawnProcess) -> str:
    code = process.exitcode or 0
    how = f"ended with code {code}"
    if code < 0:
        with contextlib.suppress(ValueError):
            how = f"was killed ({signal.Signals(-code).name})"
    return (
        f"The process at work on it {how}. "
        "It may have run out of memory: run again, with fewer --jobs."
    )


def _asides(folder: Path) -> set[Path]:
    """List the folders in which ``publish`` prepares a briefing, beside its place."""
    shape = re.compile(rf"\.{re.escape(folder.name)}-\w{{8}}")
    return {path for path in folder.parent.iterdir() if shape.fullmatch(path.name)}


def _serve(pipe: Connection[Any, Any], make: Maker) -> None:
    """Publish what comes through the pipe until it closes; the body of a worker."""
    # Ctrl-C is for all processes of a terminal: the first decides, and ends the others
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_follow, daemon=True).start()
    with contextlib.suppress(EOFError, OSError), pipe:
        while True:
            name, folder = pipe.recv()
            pipe.send(_publish_one(name, folder, make))


def _follow() -> None:
    """End with the process that started this one, however that ended."""
    parent = parent_process()
    if parent:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Hold Ctrl-C back, here and in the processes started meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder.

    The lock is the operating system's, which lets go of it when a process
    ends, however it ends: there is no stale lock.

    Raises
    ------
    KentstatsError
        Another run is at work there.
    """
    path = folder / ".lock"
    while True:
        held = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(held)
        except (BlockingIOError, PermissionError):
            os.close(held)
            who = ""
            with contextlib.suppress(OSError):
                who = path.read_text(encoding="utf-8").strip()
            raise KentstatsError(
                f"Another run{f' (process {who})' if who else ''} is publishing to {folder}.",
                "Wait until it has ended, or publish elsewhere with --output.",
            ) from None
        # the run before may have removed the file between the opening and the lock
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(held), path.stat()):
                break
        os.close(held)
    try:
        os.ftruncate(held, 0)
        os.write(held, f"{os.getpid()}\n".encode())
        yield
    finally:
        if sys.platform != "win32":
            path.unlink(missing_ok=True)
        os.close(held)
        # Windows removes no file that is open
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                path.unlink(missing_ok=True)


def _lock(held: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        # a byte far behind what is written, which others may so read
        os.lseek(held, 1 << 20, os.SEEK_SET)
        msvcrt.locking(held, msvcrt.LK_NBLCK, 1)
        os.lseek(held, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
