"""What every benchmark needs: commands timed and watched, figures, rows and their goals.

Run as a program it watches the memory of a process from outside:

    .venv/bin/python benchmarks/measuring.py PID
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PYTHON = sys.executable
PROGRAMS = Path(PYTHON).parent
"""Where the environment keeps the programs of its packages."""

KENTSTATS = (PYTHON, "-m", "kentstats")
MEGABYTE = 1_000_000
PAUSE = 0.1
"""Seconds between two looks at the memory of a tree."""

EDITION = "2010"
SAMPLE = ("Surrey", "Leeds", "Camden", "Derby", "Norfolk", "Croydon")
"""Ordinary authorities of every kind; not Kent, whose briefing is twice as long."""


class Failed(SystemExit):
    """A command failed, or did not do what was to be timed: there is no figure."""


class MissingError(Exception):
    """Something cannot be measured here; the message says why."""


@dataclass(frozen=True)
class Options:
    """What the command line asks for.

    Attributes
    ----------
    runs : int or None
        Runs of each case, None for those that each group has by itself.
    quick : bool
        Whether to make do with one run of the shortest samples.
    only : tuple of str
        Groups that are asked for by name; all where there are none.
    """

    runs: int | None = None
    quick: bool = False
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Spec:
    """What a figure is.

    Attributes
    ----------
    unit : str
        Its unit.
    goal : float or None
        What it should reach.
    at_least : bool
        Whether the goal is the least it should be, not the most.
    peer : str
        The case of the peer that it stands beside, as `peer` divided by it.
    """

    unit: str = "s"
    goal: float | None = None
    at_least: bool = False
    peer: str = ""


@dataclass(frozen=True)
class Ratio:
    """A figure divided by another of the same run.

    Attributes
    ----------
    over, under : str
        The cases.
    spec : Spec
        What it is.
    """

    over: str
    under: str
    spec: Spec = field(default_factory=lambda: Spec("times"))


@dataclass(frozen=True)
class Step:
    """A part of a run.

    Attributes
    ----------
    name : str
        As it is told while it runs.
    work : callable
        Returns figures by case.
    most : int or None
        In how many runs it takes part at most; in all where there is None.
    """

    name: str
    work: Callable[[], Mapping[str, float]]
    most: int | None = None


Steps = AbstractContextManager[Sequence[Step]]
Row = dict[str, Any]


@dataclass(frozen=True)
class Group:
    """Cases that are measured together.

    Attributes
    ----------
    about : str
        What is measured.
    lasts : str
        About how long a run takes on two cores.
    runs : int
        Runs where nothing else is asked for.
    steps : callable, optional
        Given the options, a context with the steps of a run; or it raises
        :class:`MissingError`.
    rows : callable, optional
        Given a number of runs, returns finished rows.
    specs : mapping of str to Spec
        What the figures are, in the order of the table.
    ratios : mapping of str to Ratio
        What is computed from figures of one run, of this group and others.
    reasons : callable, optional
        Says why some cases cannot be measured here.
    """

    about: str
    lasts: str
    runs: int
    steps: Callable[[Options], Steps] | None = None
    rows: Callable[[int], list[Row]] | None = None
    specs: Mapping[str, Spec] = field(default_factory=dict)
    ratios: Mapping[str, Ratio] = field(default_factory=dict)
    reasons: Callable[[], Mapping[str, str]] = dict


Figures = dict[str, dict[int, float]]
"""Figures by case and run."""


def run(
    command: Iterable[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
) -> tuple[float, str]:
    """Run a command that must succeed; return its seconds and what it printed.

    Parameters
    ----------
    command : iterable of str or pathlib.Path
        What to run.
    environment : mapping of str to str, optional
        Variables beside those of this process.
    folder : pathlib.Path, optional
        Where to run it.

    Raises
    ------
    Failed
        It failed; the message has its own error.
    """
    words = [str(word) for word in command]
    started = time.perf_counter()
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        told = b"\n".join((done.stdout, done.stderr)).decode(errors="replace").strip()
        raise Failed(f"{' '.join(words)} ended with code {done.returncode}:\n{told[-4000:]}")
    return seconds, done.stdout.decode(errors="replace")


def watched(
    command: Iterable[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
) -> tuple[float, str]:
    """Run a command like :func:`run`; return the peak memory of its tree in bytes.

    The looking is done by another process, which shares little with what it
    looks at. It slows the command a little, so it is not timed.
    """
    words = [str(word) for word in command]
    process = subprocess.Popen(
        words,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    watcher = subprocess.Popen(
        [PYTHON, str(HERE / "measuring.py"), str(process.pid)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    told = process.communicate()[0].decode(errors="replace")
    peak, error = watcher.communicate()
    if process.returncode:
        raise Failed(f"{' '.join(words)} ended with code {process.returncode}:\n{told[-4000:]}")
    if watcher.returncode or not float(peak):
        raise Failed(f"The memory of {' '.join(words)} was not seen: {error.decode()}")
    return float(peak), told


def family(root: psutil.Process, known: Iterable[psutil.Process] = ()) -> dict[int, psutil.Process]:
    """Find a process and all that descend from it, by their numbers.

    Parameters
    ----------
    root : psutil.Process
        The first.
    known : iterable of psutil.Process
        Those that were found before: one whose parent has ended belongs to
        the family still, and so do its children.
    """
    found = {each.pid: each for each in (root, *known) if each.is_running()}
    parents: dict[int, tuple[int, psutil.Process]] = {}
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            parents[each.pid] = each.ppid(), each
    grown = True
    while grown:
        more = {
            pid: each
            for pid, (parent, each) in parents.items()
            if parent in found and pid not in found
        }
        found |= more
        grown = bool(more)
    return found


def tree_memory(members: Iterable[psutil.Process]) -> float:
    """Return the memory of processes in bytes.

    Shared pages are counted once where the system tells (proportional set
    size), in full elsewhere.
    """
    total = 0.0
    for each in members:
        with contextlib.suppress(psutil.Error):
            memory = each.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    return total


def peak_memory(root: psutil.Process, pause: float = PAUSE) -> float:
    """Watch a process and its descendants until it ends; return their peak in bytes."""
    peak, known = 0.0, dict[int, psutil.Process]()
    with contextlib.suppress(psutil.NoSuchProcess):
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            known = family(root, known.values())
            peak = max(peak, tree_memory(known.values()))
            time.sleep(pause)
    return peak


def apart(module: str, call: str) -> Any:
    """Call a function of a benchmark in a process of its own; return what it returns.

    What it imports is then in no other's memory, and what it has warm is of
    no use to the next.

    Parameters
    ----------
    module : str
        Name of a module beside this one.
    call : str
        The call, such as ``measure(5)``.

    Raises
    ------
    MissingError
        It returned nothing; the message is what it printed instead.
    Failed
        It failed.
    """
    code = f"import json, {module}\nprint('\\n' + json.dumps({module}.{call}))"
    path = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
    _, printed = run([PYTHON, "-c", code], environment={"PYTHONPATH": path})
    before, _, last = printed.rstrip().rpartition("\n")
    found = json.loads(last)
    if not found:
        raise MissingError(before.strip() or f"{module}.{call} returned nothing.")
    return found


def row(case: str, figures: Iterable[float], spec: Spec, ratio: float | None = None) -> Row:
    """Make a row of the table.

    Parameters
    ----------
    case : str
        Its name.
    figures : iterable of float
        One a run.
    spec : Spec
        What they are.
    ratio : float, optional
        How many times as long the peer takes.

    Returns
    -------
    dict
        ``case``, ``unit``, ``median``, ``least``, ``most``, ``goal``,
        ``at_least``, ``met`` (None without a goal), ``runs`` and ``peer_ratio``.
    """
    every = list(figures)
    return completed(
        {
            "case": case,
            "unit": spec.unit,
            "median": round(statistics.median(every), 4),
            "least": round(min(every), 4),
            "most": round(max(every), 4),
            "goal": spec.goal,
            "at_least": spec.at_least,
            "runs": len(every),
            "peer_ratio": None if ratio is None else round(ratio, 2),
        }
    )


def completed(made: Mapping[str, Any]) -> Row:
    """Complete a row that was made elsewhere or kept before: goals were once all upper ones."""
    full: Row = {"goal": None, "at_least": False, "runs": 1, "peer_ratio": None, **made}
    if full["goal"] is None:
        return {**full, "met": None}
    median, goal = full["median"], full["goal"]
    return {**full, "met": median >= goal if full["at_least"] else median <= goal}


def quotients(figures: Figures, over: str, under: str) -> list[float]:
    """Divide the figures of one case by those of another, run by run."""
    above, below = figures.get(over, {}), figures.get(under, {})
    return [above[number] / below[number] for number in sorted(above.keys() & below.keys())]


def rows_of(group: Group, figures: Figures) -> list[Row]:
    """Make the rows of a group of its figures; cases without any have none."""
    rows = []
    for case, spec in group.specs.items():
        if case in figures:
            beside = quotients(figures, spec.peer, case)
            ratio = statistics.median(beside) if beside else None
            rows.append(row(case, figures[case].values(), spec, ratio))
    for case, ratio_of in group.ratios.items():
        found = quotients(figures, ratio_of.over, ratio_of.under)
        if found:
            rows.append(row(case, found, ratio_of.spec))
    return rows


def without_rows(group: Group, rows: Iterable[Row]) -> dict[str, str]:
    """Say of each case of a group that has no row why it has none."""
    there = {one["case"] for one in rows}
    why = dict.fromkeys(group.specs, "it is in no run of this kind.")
    why |= {
        case: f"it needs “{ratio.over}” and “{ratio.under}” of one run."
        for case, ratio in group.ratios.items()
    }
    why |= group.reasons()
    return {case: reason for case, reason in why.items() if case not in there}


if __name__ == "__main__":
    try:
        print(peak_memory(psutil.Process(int(sys.argv[1]))))
    except psutil.NoSuchProcess:
        print(0.0)
