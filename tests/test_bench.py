"""The benchmark: what it counts is what there is."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import ROOT

pytestmark = pytest.mark.needs("git")


def test_the_benchmark_counts_lines_and_modules(tmp_path: object) -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import bench
    finally:
        sys.path.pop(0)
    found = dict(bench.bench_size(1))
    assert found["lines of the package"] > 5_000
    assert found["lines of its longest module"] > 100
    assert found["lines of benchmarks"] <= 800
    cost = bench.measure([sys.executable, "-c", "sum(range(10**7))"], ROOT)
    assert cost.cpu > 0
    with pytest.raises(SystemExit, match="failed"):
        bench.measure([sys.executable, "-c", "1 / 0"], ROOT)


def test_the_earlier_commit_is_checked_out() -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import bench
    finally:
        sys.path.pop(0)
    known = subprocess.run(["git", "cat-file", "-e", bench.EARLIER], cwd=ROOT, check=False)
    if known.returncode:
        pytest.skip("this clone has no history")
    with bench.earlier_commit() as folder:
        assert (folder / "src" / "kentstats").is_dir()
    assert not folder.exists()
