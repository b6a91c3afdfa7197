"""Measure the readers on the publishers' own files, each in a process of its own.

    .venv/bin/python benchmarks/readers.py

The files lie in ``../shared/data`` beside the project; where they do not, there
is nothing to measure, and that is said.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
LAIT = "lait/bds_long_0.parquet"
HEALTH = "ees/la_conviction_health_outcome_cla.csv"
READ = """
import json, resource, sys, time
from pathlib import Path
import pandas, pyarrow.parquet
from kentstats.ingest.recognise import read_file
started = time.perf_counter()
reading = read_file(Path(sys.argv[1]), every=sys.argv[2] == "every")
seconds = time.perf_counter() - started
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
print(json.dumps([seconds, memory, len(reading.facts)]))
"""
"""What is timed begins once pandas is imported: the reading itself."""


def read(file: str, every: str) -> tuple[float, float, int]:
    """Read a file in a fresh process; return seconds, megabytes and figures."""
    command = [sys.executable, "-c", READ, str(DATA / file), every]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, memory, figures = json.loads(done.stdout)
    return seconds, memory, figures


def measure(runs: int = 5) -> list[dict[str, object]]:
    """Time every case.

    Returns
    -------
    list of dict
        ``case``, ``unit``, ``figures`` (one a run) and ``goal``; empty where
        the files are not there.
    """
    if not (DATA / LAIT).is_file():
        print(f"The publishers' files are not in {DATA.parent.name}/{DATA.name}: not measured.")
        return []
    cases = (
        ("interactive tool, 641,070 rows, to tidy", LAIT, "every", 2.0, 700.0),
        ("health of looked after children, 3 MB", HEALTH, "mapped", 0.6, None),
        ("the same, every measure", HEALTH, "every", 0.6, None),
    )
    rows: list[dict[str, object]] = []
    for name, file, every, seconds, memory in cases:
        found = [read(file, every) for _ in range(runs)]
        rows.append(
            {"case": name, "unit": "s", "figures": [each[0] for each in found], "goal": seconds}
        )
        if memory:
            figures = [each[1] for each in found]
            rows.append({"case": f"{name}, peak", "unit": "MB", "figures": figures, "goal": memory})
    return rows


if __name__ == "__main__":
    for row in measure():
        figures = row["figures"]
        print(row["case"], round(statistics.median(figures), 3), row["unit"], "goal", row["goal"])  # type: ignore[call-overload]
