"""Measure the comparisons: every authority of an edition against every comparator.

    .venv/bin/python benchmarks/comparisons.py

``measure`` gives the rows to a caller, such as ``bench.py``.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TIMES = 100
"""How often the table is repeated, each time with other groups."""
ALL = "comparisons of an edition"
MANY = f"the same, table {TIMES} times"
GOALS = {
    ALL: 1.0,
    MANY: None,
    "how many times as long": 110.0,
    "ranks of an edition": None,
    "trends of an edition": None,
    "memory of the one, MB": None,
    f"memory of the {TIMES}, MB": None,
}
"""What is measured, in seconds where nothing else is said, and its goal."""


def tables(edition: str = "2025", times: int = 1) -> tuple[pd.DataFrame, Any]:
    """Return the latest facts of an edition, repeated under other groups, and its places."""
    import pandas as pd

    from kentstats.load import official_facts, open_official
    from kentstats.stats.places import places_of
    from kentstats.stats.profile import latest_of

    official = open_official(edition)
    if official is None:
        raise SystemExit(f"There is no edition {edition}.")
    facts = official_facts(official)
    latest = latest_of(facts)
    parts = [
        latest.assign(
            group=latest["group"] + (f", {number}" if number else ""),
            fact_id=latest["fact_id"] + (f".{number}" if number else ""),
        )
        for number in range(times)
    ]
    return pd.concat(parts, ignore_index=True), places_of(official, facts)


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Time one call."""
    started = clock()
    work()
    return clock() - started


def measure(runs: int = 5, times: int = TIMES) -> dict[str, dict[str, Any]]:
    """Time the comparisons, small and large in turn.

    Parameters
    ----------
    runs : int, default 5
        Runs of the large table; the small one runs five times as often.
    times : int, default 100
        How often the table is repeated for the large one.

    Returns
    -------
    dict of str to dict
        A row each by its name, with ``name``, ``seconds`` (the median; of the
        memory it is megabytes), ``least``, ``most``, ``goal`` and ``runs``.
    """
    from kentstats.stats.benchmarks import benchmarks, estimates
    from kentstats.stats.profile import ranks_of, trends_of

    small, places = tables()
    large, _ = tables(times=times)
    figures = estimates(small)
    every, _ = _all_years()
    benchmarks(small, places)  # not counted: it imports what it needs
    found: dict[str, list[float]] = {name: [] for name in GOALS}
    one, many, ratio, ranks, trends, memory_one, memory_many = found.values()
    for _ in range(runs):
        one += [seconds(lambda: benchmarks(small, places)) for _ in range(5)]
        many.append(seconds(lambda: benchmarks(large, places)))
        # the processor's time: what else runs on the machine does not count
        short, long = (
            [
                seconds(lambda facts=facts: benchmarks(facts, places), time.process_time)
                for _ in range(number)
            ]
            for facts, number in ((small, 5), (large, 1))
        )
        ratio.append(long[0] / statistics.median(short))
        ranks.append(seconds(lambda: ranks_of(figures)))
        trends.append(seconds(lambda: trends_of(every)))
    memory_one.append(memory(1))
    memory_many.append(memory(times))
    return {
        name: {
            "name": name,
            "seconds": statistics.median(values),
            "least": min(values),
            "most": max(values),
            "goal": GOALS[name],
            "runs": len(values),
        }
        for name, values in found.items()
    }


def _all_years() -> tuple[pd.DataFrame, Any]:
    from kentstats.load import official_facts, open_official
    from kentstats.stats.benchmarks import estimates

    official = open_official("2025")
    assert official is not None
    return estimates(official_facts(official)), official


def memory(times: int) -> float:
    """Return how far the comparisons raise the memory of a process of their own, in megabytes."""
    command = [sys.executable, __file__, "--memory", str(times)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def _rise(work: Callable[[], object]) -> float:
    """Watch the memory of this process during a call; return how far it rises, in megabytes.

    What the system gives as the peak of a process counts its parent's, too.
    """
    import psutil

    process = psutil.Process()
    before = most = process.memory_info().rss
    done = threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.002):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    kept = work()
    done.set()
    watcher.join()
    most = max(most, process.memory_info().rss)
    del kept
    return (most - before) / 1e6


def main() -> None:
    """Measure and print; with ``--memory N``, only what the table N times takes."""
    if sys.argv[1:2] == ["--memory"]:
        from kentstats.stats.benchmarks import benchmarks

        facts, places = tables(times=int(sys.argv[2]))
        print(_rise(lambda: benchmarks(facts, places)))
        return
    print(f"{'case':32}{'median':>10}{'least':>10}{'most':>10}{'goal':>8}")
    for row in measure().values():
        goal = "" if row["goal"] is None else f"{row['goal']:g}"
        print(
            f"{row['name']:32}{row['seconds']:>10.4g}{row['least']:>10.4g}{row['most']:>10.4g}"
            f"{goal:>8}"
        )


if __name__ == "__main__":
    main()
