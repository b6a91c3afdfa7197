"""Measure what a user waits for: whole processes, medians of several runs.

    make bench                  all of it
    make bench ARGS="--runs 3"  fewer runs
    make bench ARGS="--all"     every authority's briefing as well, which takes minutes

Prints a table, with the goal beside each figure, and keeps the figures as
JSON under ``benchmarks/results``. Machines are noisy: compare medians within
one run, and runs only on one machine.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import comparisons
import psutil
import readers

HERE = Path(__file__).resolve().parent
PYTHON = sys.executable
MEGABYTE = 1_000_000


def tree_memory(process: psutil.Process) -> float:
    """Return the memory of a process and its children in bytes.

    Shared pages are counted once where the system tells (proportional set
    size), in full elsewhere.
    """
    total = 0.0
    for each in [process, *process.children(recursive=True)]:
        try:
            memory = each.memory_full_info()
        except psutil.Error:
            continue
        total += getattr(memory, "pss", memory.rss)
    return total


def run(command: list[str]) -> tuple[float, float]:
    """Run a command; return seconds and the peak memory of its tree in bytes."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    watched = psutil.Process(process.pid)
    peak = 0.0
    while process.poll() is None:
        try:
            peak = max(peak, tree_memory(watched))
        except psutil.Error:
            break
        time.sleep(0.1)
    _, errors = process.communicate()
    seconds = time.perf_counter() - started
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {errors.decode()}")
    return seconds, peak


def quick(command: list[str]) -> float:
    """Run a short command; return seconds, unwatched so that nothing is added."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def measure(runs: int) -> list[dict[str, object]]:
    """Time every case, the runs of all cases in turn."""
    kentstats = [PYTHON, "-m", "kentstats"]
    cases = {
        "python, nothing else": ([PYTHON, "-c", "pass"], None),
        "import kentstats": ([PYTHON, "-c", "import kentstats"], 0.15),
        "kentstats --help": ([*kentstats, "--help"], 0.3),
        "kentstats facts": ([*kentstats, "facts"], None),
        "kentstats check": ([*kentstats, "check"], None),
    }
    times: dict[str, list[float]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as folder:
        briefing = [*kentstats, "briefing", "Kent", "--quiet", "--output", folder]
        run(briefing)  # not counted: it fills the disk's cache
        whole: list[tuple[float, float]] = []
        alone: list[float] = []
        for _ in range(runs):
            for name, (command, _) in cases.items():
                times[name].append(quick(command))
            alone.append(quick(briefing))
            whole.append(run(briefing))
    rows: list[dict[str, object]] = [
        _row(name, seconds, "s", cases[name][1]) for name, seconds in times.items()
    ]
    rows.append(_row("kentstats briefing Kent", alone, "s", 6.0))
    rows.append(
        _row("the same, memory of the tree", [peak / MEGABYTE for _, peak in whole], "MB", 500.0)
    )
    return rows


def statistics_of(runs: int) -> list[dict[str, object]]:
    """Time the readers of official statistics and the comparisons of an edition."""
    rows = [
        _row(str(row["case"]), row["figures"], str(row["unit"]), row["goal"])  # type: ignore[arg-type]
        for row in readers.measure(runs)
    ]
    for row in comparisons.measure(runs).values():
        name = row["name"]
        unit = "MB" if name.endswith("MB") else "times" if "times as long" in name else "s"
        rows.append(
            {
                "case": name.removesuffix(", MB"),
                "unit": unit,
                "median": round(row["seconds"], 3),
                "least": round(row["least"], 3),
                "most": round(row["most"], 3),
                "goal": row["goal"],
                "runs": row["runs"],
            }
        )
    return rows


def everyone() -> list[dict[str, object]]:
    """Time the briefings of an edition, two at a time, and the run that finds nothing to do."""
    with tempfile.TemporaryDirectory() as folder:
        command = [PYTHON, "-m", "kentstats", "briefing", "--all", "--edition", "2010"]
        command += ["--jobs", "2", "--quiet", "--output", folder]
        seconds, peak = run(command)
        again, _ = run(command)
    return [
        _row("every briefing of 2010, two at a time", [seconds], "s", None),
        _row("the same, memory of the tree", [peak / MEGABYTE], "MB", None),
        _row("the same, nothing changed", [again], "s", None),
    ]


def _row(name: str, figures: list[float], unit: str, goal: float | None) -> dict[str, object]:
    return {
        "case": name,
        "unit": unit,
        "median": round(statistics.median(figures), 3),
        "least": round(min(figures), 3),
        "most": round(max(figures), 3),
        "goal": goal,
        "runs": len(figures),
    }


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=7, help="runs of each case (default 7)")
    parser.add_argument("--all", action="store_true", help="every authority's briefing too")
    chosen = parser.parse_args()
    runs = chosen.runs
    machine = {
        "system": platform.system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "cores": psutil.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / MEGABYTE),
    }
    rows = measure(runs) + statistics_of(min(runs, 5))
    if chosen.all:
        rows += everyone()
    print(", ".join(f"{key} {value}" for key, value in machine.items()))
    print(f"{'case':44}{'median':>9}{'least':>9}{'most':>9}{'goal':>9}  unit")
    for row in rows:
        goal = "" if row["goal"] is None else f"{row['goal']:g}"
        print(
            f"{row['case']:44}{row['median']:>9}{row['least']:>9}{row['most']:>9}{goal:>9}"
            f"  {row['unit']}"
        )
    now = dt.datetime.now(dt.UTC)
    kept = HERE / "results" / f"{now:%Y-%m-%dT%H%M%S}.json"
    kept.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
