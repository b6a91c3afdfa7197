"""Measure what a user waits for, beside what others offer and beside its goals.

    make bench                            all of it, in about 15 minutes where --all takes 25 s
    make bench ARGS="--quick"             one run of short samples
    make bench ARGS="--only peer every"   some groups alone
    make bench ARGS="--show"              the table of the last run again

Prints one table: medians of several runs, the goal beside each figure, and
ratios of figures of the same run. Keeps the figures as JSON under
``benchmarks/results``. The cases of all groups take turns, so that what else
the machine does hits all alike. Machines are noisy: compare ratios and
medians within one run, and runs only on one machine.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import json
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from pathlib import Path
from typing import Any

import engine
import every
import floor
import peer
import psutil
from measuring import (
    HERE,
    KENTSTATS,
    MEGABYTE,
    PYTHON,
    SAMPLE,
    Figures,
    Group,
    MissingError,
    Options,
    Row,
    Spec,
    Step,
    apart,
    completed,
    row,
    rows_of,
    run,
    without_rows,
)

RESULTS = HERE / "results"
PACKAGES = (
    *("kentstats", "papermill", "nbclient", "nbconvert", "ipykernel", "weasyprint", "typst"),
    *("numpy", "pandas", "matplotlib", "distributed"),
)
SHORT = {
    "python, nothing else": ([PYTHON, "-c", "pass"], Spec()),
    "import kentstats": ([PYTHON, "-c", "import kentstats"], Spec(goal=0.15)),
    "kentstats --help": ([*KENTSTATS, "--help"], Spec(goal=0.3)),
    "kentstats facts": ([*KENTSTATS, "facts"], Spec()),
    "kentstats check": ([*KENTSTATS, "check"], Spec()),
}
"""Commands that are over at once."""


def _short(case: str) -> dict[str, float]:
    return {case: run(SHORT[case][0])[0]}


@contextmanager
def _short_steps(options: Options) -> Iterator[list[Step]]:
    if not options.quick:
        _short("kentstats facts")  # it fills the disk's cache
    yield [Step(case, partial(_short, case)) for case in SHORT]


def _readers(runs: int) -> list[Row]:
    return [
        row(one["case"], one["figures"], Spec(one["unit"], one["goal"]))
        for one in apart("readers", f"measure({runs})")
    ]


def _comparisons(runs: int) -> list[Row]:
    rows = []
    for found in apart("comparisons", f"measure({runs})").values():
        name = found["name"]
        unit = "MB" if name.endswith("MB") else "times" if "times as long" in name else "s"
        named = {"case": name.removesuffix(", MB"), "unit": unit, "median": found["seconds"]}
        rows.append(named | {key: found[key] for key in ("least", "most", "goal", "runs")})
    return rows


def _scaling(runs: int) -> list[Row]:
    del runs  # it knows best itself
    if importlib.util.find_spec("scaling") is None:
        raise MissingError("there is no benchmarks/scaling.py yet.")
    rows: list[Row] = apart("scaling", "measure()")
    return rows


GROUPS: dict[str, Group] = {
    "start": Group(
        about="import, help, facts, check",
        lasts="3 s",
        runs=7,
        steps=_short_steps,
        specs={case: spec for case, (_, spec) in SHORT.items()},
    ),
    "one": every.ONE_GROUP,
    "peer": peer.GROUP,
    "every": every.GROUP,
    "cluster": every.CLUSTER_GROUP,
    "engine": engine.GROUP,
    "floor": floor.GROUP,
    "readers": Group(
        about="the readers, on the publishers' files", lasts="5 s", runs=5, rows=_readers
    ),
    "comparisons": Group(
        about="every authority against every comparator", lasts="5 s", runs=5, rows=_comparisons
    ),
    "scaling": Group(
        about="time an area, with 150 areas and with 10,000",
        lasts="depends on benchmarks/scaling.py",
        runs=1,
        rows=_scaling,
    ),
}
"""What can be measured, by the name that --only knows."""


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def measure(
    groups: Mapping[str, Group], options: Options
) -> tuple[list[Row], list[dict[str, str]]]:
    """Run every case of some groups in turn.

    Parameters
    ----------
    groups : mapping of str to Group
        The groups.
    options : Options
        How often and how thoroughly.

    Returns
    -------
    rows : list of dict
        As :func:`measuring.row` makes them.
    left_out : list of dict
        ``case`` and ``why`` of what could not be measured.

    Raises
    ------
    SystemExit
        A command failed, or what is asked for by name cannot be measured.
    """
    left_out: list[dict[str, str]] = []

    @contextmanager
    def may_be_missing(name: str) -> Iterator[None]:
        try:
            yield
        except MissingError as why:
            if name in options.only:
                raise SystemExit(f"{name} cannot be measured: {why}") from why
            left_out.append({"case": name, "why": str(why)})

    figures: Figures = {}
    with ExitStack() as stack:
        plans: list[tuple[int, Sequence[Step]]] = []
        for name, group in groups.items():
            if group.steps:
                with may_be_missing(name):
                    steps = stack.enter_context(group.steps(options))
                    plans.append((_runs(group, options), steps))
        for number in range(max((runs for runs, _ in plans), default=0)):
            _one_run(number, plans, figures)
    rows: list[Row] = []
    for name, group in groups.items():
        made = rows_of(group, figures)
        if group.rows:
            _say(name)
            with may_be_missing(name):
                made = [completed(one) for one in group.rows(_runs(group, options))]
        elif name not in {one["case"] for one in left_out}:
            without = without_rows(group, made)
            left_out += [{"case": case, "why": why} for case, why in without.items()]
        rows += [{"group": name, **one} for one in made]
    return rows, left_out


def _runs(group: Group, options: Options) -> int:
    return options.runs or (1 if options.quick else group.runs)


def _one_run(number: int, plans: Sequence[tuple[int, Sequence[Step]]], figures: Figures) -> None:
    """Take the first step of every group, then the second of every group, and so on."""
    for steps in zip_longest(*(steps for runs, steps in plans if number < runs)):
        for step in steps:
            if step is None or (step.most is not None and number >= step.most):
                continue
            found = step.work()
            for case, figure in found.items():
                figures.setdefault(case, {})[number] = figure
            told = ", ".join(f"{figure:.4g}" for figure in found.values())
            _say(f"run {number + 1}: {step.name}: {told}")


def machine() -> dict[str, Any]:
    """Describe the machine, without its name."""
    found: dict[str, Any] = {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / MEGABYTE),
        "python": platform.python_version(),
    }
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    browser = peer.chromium()
    if browser:
        with suppress(OSError):
            told = subprocess.run([browser, "--version"], capture_output=True, check=False)
            found["browser"] = told.stdout.decode(errors="replace").strip()
    return {key: value for key, value in found.items() if value}


def _processor() -> str:
    """Name the model of the processor, where the system tells."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return " ".join(value.split())
    return platform.processor()


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Set rows as a table, a line each; a goal is marked as met or not.

    Parameters
    ----------
    rows : sequence of mapping
        As :func:`measuring.row` makes them, or as earlier runs kept them.
    """
    full = [completed(one) for one in rows]
    wide = max([len("case"), *(len(one["case"]) for one in full)]) + 2
    heads = ("median", "least", "most", "runs", "goal", "", "peer÷")
    lines = [f"{'case':{wide}}" + _cells(heads) + "  unit"]
    group = None
    for one in full:
        if one.get("group") != group:
            group = one.get("group")
            lines += ["", f"{group}"]
        goal = "" if one["goal"] is None else f"{'≥' if one['at_least'] else '≤'} {one['goal']:g}"
        met = {None: "", True: "ok", False: "NOT"}[one["met"]]
        beside = "" if one["peer_ratio"] is None else f"{one['peer_ratio']:.1f}"
        figures = [f"{one[key]:.5g}" for key in ("median", "least", "most")]
        cells = _cells((*figures, str(one["runs"]), goal, met, beside))
        lines.append(f"{one['case']:{wide}}{cells}  {one['unit']}")
    return "\n".join(lines)


def _cells(values: Sequence[str]) -> str:
    return "".join(
        f"{value:>{wide}}" for value, wide in zip(values, (9, 9, 9, 6, 9, 5, 8), strict=True)
    )


def report(kept: Mapping[str, Any]) -> str:
    """Set a result as it was kept: the machine, the table, and what was not measured."""
    lines = [", ".join(f"{key} {value}" for key, value in kept["machine"].items()), ""]
    lines.append(table(kept["rows"]))
    left_out = kept.get("left_out", ())
    if left_out:
        lines += ["", *(f"Not measured: {one['case']}: {one['why']}" for one in left_out)]
    missed = [one["case"] for one in map(completed, kept["rows"]) if one["met"] is False]
    if missed:
        lines += ["", *(f"Goal missed: {case}" for case in missed)]
    return "\n".join(lines)


def keep(kept: Mapping[str, Any], folder: Path) -> Path:
    """Write a result beside the earlier ones; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H%M%S}.json"
    text = json.dumps(kept, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def latest(folder: Path) -> Path:
    """Return the path of the last result."""
    found = sorted(folder.glob("*.json"))
    if not found:
        raise SystemExit(f"There is no result in {folder}.")
    return found[-1]


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    wide = max(map(len, GROUPS)) + 2
    groups = "\n".join(
        f"  {name:{wide}}{group.about}\n  {'':{wide}}{group.runs} of: {group.lasts}"
        for name, group in GROUPS.items()
    )
    parser = argparse.ArgumentParser(
        prog="bench.py",
        description=__doc__,
        epilog=f"groups, with their runs and about how long one takes on two cores:\n{groups}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--runs", type=int, help="runs of each case, instead of the group's own")
    parser.add_argument(
        "--only", nargs="+", choices=GROUPS, default=[], metavar="NAME", help="groups to measure"
    )
    parser.add_argument("--quick", action="store_true", help="one run of short samples")
    parser.add_argument(
        "--show",
        nargs="?",
        type=Path,
        const="",
        metavar="FILE",
        help="print an earlier result, the last by default, and measure nothing",
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, metavar="FOLDER", help="where results are kept"
    )
    return parser


def main(words: Sequence[str] | None = None) -> None:
    """Measure, print and keep; or print what was kept."""
    parser = arguments()
    chosen = parser.parse_args(words)
    if chosen.runs is not None and chosen.runs < 1:
        parser.error("--runs needs a whole number, 1 or more.")
    if chosen.show is not None:
        path = chosen.show if chosen.show != Path() else latest(chosen.results)
        print(report(json.loads(path.read_text(encoding="utf-8"))))
        return
    options = Options(chosen.runs, chosen.quick, tuple(chosen.only))
    groups = {name: group for name, group in GROUPS.items() if name in (chosen.only or GROUPS)}
    rows, left_out = measure(groups, options)
    kept = {
        "machine": machine(),
        "options": {"groups": list(groups), "runs": chosen.runs, "quick": chosen.quick},
        "sample": list(SAMPLE),
        "rows": rows,
        "left_out": left_out,
    }
    print(report(kept))
    print(f"\nKept: {keep(kept, chosen.results)}")


if __name__ == "__main__":
    main()
