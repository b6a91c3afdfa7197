"""Measure speed, memory and size, beside an earlier commit in the same run.

    make bench                        everything, in about five minutes
    make bench ARGS="--rounds 3"      medians of three rounds
    make bench ARGS="--only size"     one part alone: all, one, notebook or size

Machines are noisy: compare ratios within one run. The earlier commit is checked out into a
temporary folder and runs in this environment, in turn with the code as it is.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distributions, version
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
EARLIER = "417d4ac"
GOALS = {
    "CPU of all authorities, times the earlier commit": 1.3,
    "all authorities, seconds": 60.0,
    "unchanged run, seconds": 2.0,
    "one briefing, seconds": 6.0,
    "memory of all processes, MB": 700.0,
}
MEGABYTE = 1e6


@dataclass(frozen=True)
class Cost:
    """What a command cost: seconds, CPU seconds of all its processes, and their memory in MB."""

    seconds: float
    cpu: float
    memory: float


def measure(command: list[str], folder: Path, **environment: str) -> Cost:
    """Run a command to its end and return what it cost.

    Parameters
    ----------
    command : list of str
        The command.
    folder : pathlib.Path
        Where to run it.
    **environment
        Variables of its environment.

    Raises
    ------
    SystemExit
        The command failed.
    """
    before = os.times()
    begun = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        peak = _Peak(process.pid)
        try:
            _, errors = process.communicate()
        finally:
            memory = peak.stop()
    after = os.times()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{errors}")
    cpu = after.children_user - before.children_user
    cpu += after.children_system - before.children_system
    return Cost(time.perf_counter() - begun, cpu, memory / MEGABYTE)


class _Peak:
    """The most memory that a process and its children had at a time, shared pages counted once."""

    def __init__(self, pid: int) -> None:
        self._root, self._most = psutil.Process(pid), 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        while not self._over.wait(0.5):
            total = 0.0
            try:
                family = [self._root, *self._root.children(recursive=True)]
            except psutil.Error:
                continue
            for process in family:
                try:
                    total += getattr(process.memory_full_info(), "pss", 0)
                except (psutil.Error, OSError):
                    continue
            self._most = max(self._most, total)

    def stop(self) -> float:
        """Stop following it and return the most, in bytes."""
        self._over.set()
        self._thread.join()
        return self._most


@contextmanager
def earlier_commit() -> Iterator[Path]:
    """Check out the earlier commit for the time of a block."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "earlier.tar"
        command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), EARLIER]
        subprocess.run(command, check=True)
        subprocess.run(["tar", "-xf", str(archive), "-C", folder], check=True)
        archive.unlink()
        _write_entry_points(Path(folder))
        yield Path(folder)


def _write_entry_points(checkout: Path) -> None:
    """Let papermill find the engine of a checkout, and not that of the installed package."""
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    metadata = checkout / "src" / f"kentstats-{version('kentstats')}.dist-info"
    metadata.mkdir()
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {place}" for name, place in points.items())]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = f"Metadata-Version: 2.1\nName: kentstats\nVersion: {version('kentstats')}\n"
    (metadata / "METADATA").write_text(text, encoding="utf-8")


def briefing(source: Path, folder: Path, *arguments: str) -> Cost:
    """Run ``kentstats briefing`` of a checkout."""
    command = [sys.executable, "-c", "from kentstats.cli import main; main()", "briefing"]
    environment = {"PYTHONPATH": str(source / "src"), "KENTSTATS_HOME": str(source)}
    return measure([*command, *arguments, "--quiet"], folder, **environment)


def bench_all(rounds: int) -> Iterator[tuple[str, float]]:
    """All authorities of 2010, in turn with the earlier commit; then again, unchanged."""
    every = ("--all", "--edition", "2010", "--jobs", "2")
    costs: dict[str, list[Cost]] = defaultdict(list)
    with earlier_commit() as earlier, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for number in range(rounds):
            for name, source in (("earlier", earlier), ("now", ROOT)):
                output = str(folder / f"{name}-{number}" / "published")
                costs[name].append(briefing(source, folder, *every, "--output", output))
                if name == "now":
                    costs["unchanged"].append(briefing(source, folder, *every, "--output", output))
    now, before = costs["now"], costs["earlier"]
    yield "all authorities, seconds", statistics.median(cost.seconds for cost in now)
    yield "all authorities, CPU seconds", statistics.median(cost.cpu for cost in now)
    yield (
        f"all authorities, CPU seconds at {EARLIER}",
        statistics.median(cost.cpu for cost in before),
    )
    ratios = [one.cpu / other.cpu for one, other in zip(now, before, strict=True)]
    yield "CPU of all authorities, times the earlier commit", statistics.median(ratios)
    yield "memory of all processes, MB", max(cost.memory for cost in now)
    yield "unchanged run, seconds", statistics.median(one.seconds for one in costs["unchanged"])


def bench_one(rounds: int) -> Iterator[tuple[str, float]]:
    """One briefing, from a cold start."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        costs = [
            briefing(ROOT, folder, "Kent", "--output", str(folder / str(number) / "published"))
            for number in range(max(3, rounds))
        ]
    yield "one briefing, seconds", statistics.median(cost.seconds for cost in costs)
    yield "one briefing, CPU seconds", statistics.median(cost.cpu for cost in costs)


def bench_notebook(rounds: int) -> Iterator[tuple[str, float]]:
    """Execute the notebook by ``papermill --engine kentstats`` and by plain papermill, in turn."""
    command = [sys.executable, "-m", "papermill", str(ROOT / "notebooks" / "briefing.ipynb")]
    command += ["out.ipynb", "-p", "authority", "Medway"]
    costs: dict[str, list[Cost]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(max(3, rounds)):
            costs["ours"].append(measure([*command, "--engine", "kentstats"], Path(folder)))
            costs["plain"].append(measure(command, Path(folder)))
    for name, words in (("ours", "papermill --engine kentstats"), ("plain", "plain papermill")):
        yield f"{words}, seconds", statistics.median(cost.seconds for cost in costs[name])
        yield f"{words}, CPU seconds", statistics.median(cost.cpu for cost in costs[name])


def bench_size(_: int) -> Iterator[tuple[str, float]]:
    """Lines and modules of each package, tests and benchmarks; packages and size installed."""
    package = ROOT / "src" / "kentstats"
    lines: Counter[str] = Counter()
    modules: Counter[str] = Counter()
    longest = 0
    for path in sorted(package.rglob("*.py")):
        count = len(path.read_text(encoding="utf-8").splitlines())
        parts = path.relative_to(package).parts
        name = parts[0] if len(parts) > 1 else "(top)"
        lines[name] += count
        if ast.parse(path.read_text(encoding="utf-8")).body:
            modules[name] += 1
        longest = max(longest, count)
    for name, count in lines.items():
        yield f"lines of {name}", count
        yield f"modules of {name}", modules[name]
    yield "lines of the package", sum(lines.values())
    yield "modules of the package", sum(modules.values())
    yield "lines of its longest module", longest
    for name in ("tests", "benchmarks"):
        texts = (path.read_text(encoding="utf-8") for path in (ROOT / name).rglob("*.py"))
        yield f"lines of {name}", sum(len(text.splitlines()) for text in texts)
    yield "packages installed", len({each.metadata["Name"] for each in distributions()})
    files = (path for path in Path(sys.prefix).rglob("*") if path.is_file())
    yield "size of the environment, MB", sum(path.lstat().st_size for path in files) / MEGABYTE


PARTS = {"size": bench_size, "one": bench_one, "notebook": bench_notebook, "all": bench_all}


def main() -> None:
    """Measure, print a table and write ``benchmarks/results.json``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=1, help="of all authorities; default 1")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    found: dict[str, float] = {}
    missed = []
    for part in options.only:
        for name, value in PARTS[part](options.rounds):
            found[name] = round(value, 3)
            goal = GOALS.get(name)
            told = f"  (at most {goal:g})" if goal else ""
            if goal and value > goal:
                missed.append(name)
                told += " MISSED"
            print(f"{name:<55}{value:>12,.2f}{told}", flush=True)
    results = {"commit": _commit(), "python": sys.version.split()[0], "figures": found}
    path = Path(__file__).with_name("results.json")
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if missed:
        raise SystemExit(f"Not within its goal: {', '.join(missed)}.")


def _commit() -> str:
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    main()
