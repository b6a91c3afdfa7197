"""Measure the floor of a briefing: its charts alone, built and drawn.

    .venv/bin/python benchmarks/charts.py
    .venv/bin/python benchmarks/charts.py --runs 15
    .venv/bin/python benchmarks/charts.py --profile 30
    .venv/bin/python benchmarks/charts.py --write FOLDER
    .venv/bin/python benchmarks/charts.py --compare ONE OTHER

Every chart of some authorities is made by its section, in one process, after
one round that is not counted. What the section does for its words and figures
(``words``) is kept apart from making the artists (``build``) and from writing
them as SVG (``draw``). ``--write`` keeps the pictures; ``--compare`` says how
two folders of them differ. ``measure`` gives the rows to a caller, such as
``bench.py``.
"""

from __future__ import annotations

import argparse
import cProfile
import functools
import pstats
import statistics
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

AUTHORITIES = (("2010", "Kent"), ("2010", "Surrey"), ("2025", "Essex"), ("2025", "Birmingham"))
"""Editions and authorities; the first has an inspection report as well."""

SECTIONS = (
    *("inspection.judgement_strip", "outcomes.strip", "inspection.action_timeline"),
    *("versus.spine", "versus.heat", "among.ranked", "funnels.funnel", "years.trend"),
    *("compared.benchmark_bars", "compared.interval_dots"),
    *("services.looked_after", "services.estate", "services.workforce"),
)
"""The sections that draw; one that has nothing to say of an authority is left out."""

DRAWING = {
    "charts": (
        *("headed", "judgement_strip", "action_timeline", "benchmark_bars", "interval_dots"),
        *("composition_bars", "count_bars", "waffle"),
    ),
    "benchmark_charts": ("spine", "heat_table"),
    "authority_charts": ("funnel", "ranked"),
    "trend_charts": ("trend",),
}
"""What makes artists, by module."""

PARTS = ("words", "build", "draw")
GOAL = None
ALL = "charts of {name}, {edition}"


def _module(name: str) -> Any:
    return import_module(f"kentstats.report.{name}")


@contextmanager
def _watched(spent: dict[str, float], pictures: list[bytes]) -> Iterator[None]:
    """Count the seconds that charts take to build and to draw, and keep the pictures."""

    def timed(part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def call(*positional: Any, **named: Any) -> Any:
            started = time.perf_counter()
            made = work(*positional, **named)
            spent[part] += time.perf_counter() - started
            if part == "draw":
                pictures.append(made)
            return made

        return call

    blocks = _module("blocks")
    with mock.patch.object(blocks, "svg", timed("draw", blocks.svg)):
        patches = [
            mock.patch.object(_module(module), name, timed("build", getattr(_module(module), name)))
            for module, names in DRAWING.items()
            for name in names
        ]
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in patches:
                patch.stop()


def chart(section: str, edition: Any) -> tuple[dict[str, float], bytes | None]:
    """Make the chart of a section; return the seconds of its parts, and the picture if any."""
    module, name = section.split(".")
    spent, pictures = dict.fromkeys(PARTS, 0.0), list[bytes]()
    with _watched(spent, pictures):
        started = time.perf_counter()
        getattr(_module(module), name)(edition)
        whole = time.perf_counter() - started
    spent["words"] = whole - spent["build"] - spent["draw"]
    return spent, pictures[0] if pictures else None


def opened() -> dict[tuple[str, str], tuple[Any, list[str]]]:
    """Open the authorities; return them with the sections that draw something of them.

    Everything is drawn once, so that what all authorities share is there.
    """
    from kentstats.report.context import open_edition

    found = {}
    for edition, name in AUTHORITIES:
        one = open_edition(name, edition)
        found[edition, name] = (one, [each for each in SECTIONS if chart(each, one)[1]])
    return found


def times(runs: int = 7) -> dict[tuple[str, str, str], dict[str, float]]:
    """Return the medians of the parts of every chart, by edition, authority and section."""
    seconds: dict[tuple[str, str, str], list[dict[str, float]]] = {}
    authorities = opened()
    for _ in range(runs):
        for (edition, name), (one, sections) in authorities.items():
            for section in sections:
                spent, _ = chart(section, one)
                seconds.setdefault((edition, name, section), []).append(spent)
    return {
        key: {part: statistics.median(each[part] for each in spent) for part in PARTS}
        for key, spent in seconds.items()
    }


def measure(runs: int = 7) -> list[dict[str, object]]:
    """Time what the charts of an authority take together, built and drawn.

    Parameters
    ----------
    runs : int, default 7
        Runs of each.

    Returns
    -------
    list of dict
        A row an authority: ``case``, ``unit``, ``median``, ``least``, ``most``,
        ``goal`` and ``runs``.
    """
    authorities = opened()
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        for (edition, name), (one, sections) in authorities.items():
            spent = [chart(section, one)[0] for section in sections]
            found.setdefault(ALL.format(edition=edition, name=name), []).append(
                sum(each["build"] + each["draw"] for each in spent)
            )
    return [
        {
            "case": case,
            "unit": "s",
            "median": round(statistics.median(seconds), 4),
            "least": round(min(seconds), 4),
            "most": round(max(seconds), 4),
            "goal": GOAL,
            "runs": len(seconds),
        }
        for case, seconds in found.items()
    ]


def write(folder: Path) -> None:
    """Keep every picture as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    for (edition, name), (one, sections) in opened().items():
        for section in sections:
            picture = chart(section, one)[1]
            assert picture is not None
            (folder / f"{edition}-{name}-{section}.svg").write_bytes(picture)


def texts(picture: Path) -> list[str]:
    """Return the words of a picture, in order of the alphabet."""
    nodes = ET.fromstring(picture.read_bytes()).iter("{http://www.w3.org/2000/svg}text")
    return sorted("".join(node.itertext()) for node in nodes)


def compare(one: Path, other: Path) -> None:
    """Say how the pictures of two folders differ in bytes, elements and words."""
    print(f"{'picture':50}{'bytes':>9}{'then':>9}{'elements':>10}{'then':>7}  words")
    for here in sorted(one.glob("*.svg")):
        there = other / here.name
        if not there.exists():
            print(f"{here.stem:50}  not in {other}")
            continue
        sizes = [each.stat().st_size for each in (here, there)]
        counts = [sum(1 for _ in ET.fromstring(each.read_bytes()).iter()) for each in (here, there)]
        same = "same" if texts(here) == texts(there) else "differ"
        print(f"{here.stem:50}{sizes[0]:>9}{sizes[1]:>9}{counts[0]:>10}{counts[1]:>7}  {same}")


def profile(top: int, runs: int) -> None:
    """Print where the time of building and drawing goes, the most expensive first."""
    authorities = opened()
    watch = cProfile.Profile()
    for _ in range(runs):
        for one, sections in authorities.values():
            for section in sections:
                module, name = section.split(".")
                watch.runcall(getattr(_module(module), name), one)
    for order in ("tottime", "cumtime"):
        pstats.Stats(watch).sort_stats(order).print_stats(top)


def main() -> None:
    """Measure and print, or do what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=7, help="runs of each chart (default 7)")
    parser.add_argument("--profile", type=int, metavar="N", help="print the N busiest functions")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="keep every picture there")
    parser.add_argument("--compare", type=Path, nargs=2, metavar="FOLDER", help="two such folders")
    chosen = parser.parse_args()
    if chosen.compare:
        compare(*chosen.compare)
    elif chosen.write:
        write(chosen.write)
    elif chosen.profile:
        profile(chosen.profile, chosen.runs)
    else:
        report(chosen.runs)


def report(runs: int) -> None:
    """Print the medians of every chart in milliseconds, and their sums."""
    print(f"{'milliseconds':48}{'words':>8}{'build':>8}{'draw':>8}{'chart':>8}")
    sums: dict[tuple[str, str], dict[str, float]] = {}
    for (edition, name, section), spent in times(runs).items():
        _line(f"{edition} {name}, {section}", spent)
        total = sums.setdefault((edition, name), dict.fromkeys(PARTS, 0.0))
        for part in PARTS:
            total[part] += spent[part]
    for (edition, name), spent in sums.items():
        _line(f"{edition} {name}, all", spent)


def _line(case: str, spent: dict[str, float]) -> None:
    figures = [*spent.values(), spent["build"] + spent["draw"]]
    print(f"{case:48}" + "".join(f"{1000 * each:>8.2f}" for each in figures))


if __name__ == "__main__":
    main()
