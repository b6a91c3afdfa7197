"""The benchmark's own sums: rows, ratios, the table, one edited figure, the memory of a tree."""

from __future__ import annotations

import csv
import gzip
import importlib
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
import pytest
from conftest import ROOT

from kentstats.load import choose_area, official_folder
from kentstats.project import Project
from kentstats.publish.batch import Run
from kentstats.publish.manifest import Entry

BENCHMARKS = ROOT / "benchmarks"
with mock.patch.object(sys, "path", [str(BENCHMARKS), *sys.path]):
    bench, engine, every, measuring, peer = map(
        importlib.import_module, ("bench", "engine", "every", "measuring", "peer")
    )
Failed, MissingError = measuring.Failed, measuring.MissingError
Group, Options, Ratio = measuring.Group, measuring.Options, measuring.Ratio
Spec, Step = measuring.Spec, measuring.Step

FIGURES = ROOT / "data" / "raw" / "official-2010" / "figures.csv.gz"
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


# rows and ratios


@pytest.mark.parametrize(
    ("goal", "at_least", "met"),
    [(3, False, True), (2, False, True), (1.9, False, False), (2, True, True), (2.1, True, False)],
)
def test_the_median_meets_its_goal_or_not(goal: float, at_least: bool, met: bool) -> None:
    row = measuring.row("a case", [9.0, 1.0, 2.0], Spec("s", goal, at_least))
    assert (row["median"], row["least"], row["most"], row["runs"]) == (2, 1, 9, 3)
    assert row["met"] is met


def test_without_a_goal_nothing_is_met_or_missed() -> None:
    assert measuring.row("a case", [1.0], Spec())["met"] is None


def test_ratios_are_of_figures_of_the_same_run() -> None:
    # in the second run the machine was three times as slow, for both
    figures = {"peer": {0: 10.0, 1: 30.0, 2: 99.0}, "ours": {0: 1.0, 1: 3.0}, "third": {2: 9.0}}
    assert measuring.quotients(figures, "peer", "ours") == [10, 10]
    assert measuring.quotients(figures, "peer", "third") == [11]
    assert measuring.quotients(figures, "ours", "third") == []
    assert measuring.quotients(figures, "peer", "not measured") == []


def test_a_group_has_the_rows_that_it_has_figures_for() -> None:
    group = Group(
        about="",
        lasts="",
        runs=2,
        specs={"ours": Spec(peer="peer"), "not measured": Spec(), "other": Spec("MB")},
        ratios={
            "peer to ours": Ratio("peer", "ours", Spec("times", 10, at_least=True)),
            "peer to none": Ratio("peer", "not measured"),
        },
    )
    figures = {"other": {0: 5.0}, "ours": {0: 1.0, 1: 2.0}, "peer": {0: 8.0, 1: 18.0}}
    rows = measuring.rows_of(group, figures)
    assert [row["case"] for row in rows] == ["ours", "other", "peer to ours"]
    assert [row["peer_ratio"] for row in rows] == [8.5, None, None]
    assert (rows[-1]["median"], rows[-1]["unit"], rows[-1]["met"]) == (8.5, "times", False)
    assert measuring.without_rows(group, rows) == {
        "not measured": "it is in no run of this kind.",
        "peer to none": "it needs “peer” and “not measured” of one run.",
    }


def test_the_table_has_a_line_a_row_and_marks_what_misses_its_goal() -> None:
    rows = [
        {"group": "g", **measuring.row("quick", [1.0], Spec(goal=2), ratio=12.345)},
        {"group": "g", **measuring.row("slow, with a long name", [3.0], Spec(goal=2))},
        {"group": "h", **measuring.row("times", [3.0], Spec("times", 4, at_least=True))},
    ]
    lines = bench.table(rows).splitlines()
    head, quick, slow, times = (
        next(line for line in lines if line.startswith(name))
        for name in ("case ", "quick", "slow", "times")
    )
    assert len({line.rindex("  ") for line in (head, quick, slow, times)}) == 1
    assert quick.split()[1:] == ["1", "1", "1", "1", "≤", "2", "ok", "12.3", "s"]
    assert "NOT" in slow
    assert "≥ 4" in times
    assert "NOT" in times
    assert "ok" not in slow + times


# what is kept


EARLIEST = {
    "machine": {"system": "Linux", "cores": 2},
    "rows": [
        {
            "case": "one",
            "unit": "s",
            "median": 0.5,
            "least": 0.4,
            "most": 0.6,
            "goal": None,
            "runs": 3,
        },
        {"case": "other", "unit": "MB", "median": 9, "least": 9, "most": 9, "goal": 8, "runs": 1},
    ],
}
"""What was kept before there were groups, goals at least and ratios."""


def test_what_was_kept_is_still_read() -> None:
    # and whatever was measured here, which no clean checkout has
    here = sorted((BENCHMARKS / "results").glob("*.json"))
    for kept in (EARLIEST, *(json.loads(path.read_text(encoding="utf-8")) for path in here)):
        told = bench.report(kept)
        assert kept["rows"]
        assert all(row["case"] in told for row in kept["rows"])
    assert bench.report(EARLIEST).endswith("Goal missed: other")


def test_a_result_is_kept_and_shown_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"group": "g", **measuring.row("slow", [3.0], Spec(goal=2))}
    kept = {
        "machine": {"system": "Linux", "cores": 2},
        "rows": [row],
        "left_out": [{"case": "other", "why": "it is not there."}],
    }
    path = bench.keep(kept, tmp_path)
    assert json.loads(path.read_text(encoding="utf-8")) == kept
    assert bench.latest(tmp_path) == path
    for words in (["--show", "--results", str(tmp_path)], ["--show", str(path)]):
        bench.main(words)
        told = capsys.readouterr().out
        assert "system Linux, cores 2" in told
        assert "Not measured: other: it is not there." in told
        assert "Goal missed: slow" in told


def test_the_machine_is_described_and_not_named() -> None:
    found = bench.machine()
    assert {"system", "cores", "memory_mb", "python", "papermill", "weasyprint"} <= found.keys()
    assert "host" not in " ".join(found)
    assert "node" not in found


def test_a_wrong_command_line_is_refused() -> None:
    for words in (["--only", "nonsense"], ["--runs", "0"]):
        with pytest.raises(SystemExit):
            bench.main(words)


# the order of a benchmark


def group_of(calls: list[str], name: str, *, runs: int = 2, most: int | None = None) -> Any:
    def work(step: str) -> dict[str, float]:
        calls.append(step)
        return {step: float(len(calls))}

    @contextmanager
    def steps(options: Any) -> Iterator[Sequence[Any]]:
        del options
        yield [
            Step(step, lambda step=step: work(step), most=most) for step in (f"{name}1", f"{name}2")
        ]

    specs = {f"{name}1": Spec(), f"{name}2": Spec()}
    return Group(about="", lasts="", runs=runs, steps=steps, specs=specs)


def test_the_groups_take_turns_within_each_run() -> None:
    calls: list[str] = []
    groups = {"a": group_of(calls, "a"), "b": group_of(calls, "b", runs=3, most=1)}
    rows, left_out = bench.measure(groups, Options())
    assert calls == ["a1", "b1", "a2", "b2", "a1", "a2"]
    assert [(row["group"], row["case"], row["runs"]) for row in rows] == [
        *(("a", "a1", 2), ("a", "a2", 2), ("b", "b1", 1), ("b", "b2", 1)),
    ]
    assert not left_out
    calls.clear()
    bench.measure(groups, Options(quick=True))
    assert calls == ["a1", "b1", "a2", "b2"]
    calls.clear()
    bench.measure({"a": groups["a"]}, Options(runs=1, quick=True))
    assert calls == ["a1", "a2"]


def test_what_is_missing_is_told_and_ends_the_run_where_it_was_asked_for() -> None:
    @contextmanager
    def steps(options: Any) -> Iterator[Sequence[Any]]:
        del options
        raise MissingError("there is no such engine.")
        yield []

    def rows(runs: int) -> list[dict[str, Any]]:
        raise MissingError(f"there is no file, {runs} times.")

    groups = {
        "other": Group(about="", lasts="", runs=1, steps=steps),
        "file": Group(about="", lasts="", runs=1, rows=rows),
    }
    made, left_out = bench.measure(groups, Options())
    assert made == []
    assert left_out == [
        {"case": "other", "why": "there is no such engine."},
        {"case": "file", "why": "there is no file, 1 times."},
    ]
    for name in groups:
        with pytest.raises(SystemExit, match=f"{name} cannot be measured: there is no"):
            bench.measure({name: groups[name]}, Options(only=(name,)))


def test_a_failure_stops_everything_with_its_error() -> None:
    words = [sys.executable, "-c", "import sys; sys.exit('the reason')"]
    for work in (measuring.run, measuring.watched):
        with pytest.raises(Failed, match=r"(?s)ended with code 1.*the reason"):
            work(words)


def test_the_peer_gives_no_figure_for_a_file_that_it_did_not_write(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"did not write out\.pdf"):
        peer._command([sys.executable, "-c", "pass"], tmp_path / "out.pdf")


def test_a_function_is_called_in_a_process_of_its_own() -> None:
    assert measuring.apart("os", "getpid()") != os.getpid()
    with pytest.raises(MissingError, match="returned nothing"):
        measuring.apart("math", "prod([0])")


# memory


FORK = """
import os, sys, time
reading, writing = os.pipe()
child = os.fork()
if child == 0:
    grandchild = os.fork()
    if grandchild == 0:
        held = b"x" * 60_000_000
        os.write(writing, b"ready")
        time.sleep(60)
    os.waitpid(grandchild, 0)
    os._exit(0)
os.read(reading, 5)
print(child, flush=True)
time.sleep(60)
"""


@forks
def test_a_forked_child_is_of_the_family_even_when_its_parent_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", FORK], stdout=subprocess.PIPE) as started:
        try:
            assert started.stdout is not None
            child = int(started.stdout.readline())
            root = psutil.Process(started.pid)
            found = measuring.family(root)
            assert len(found) == 3
            assert {started.pid, child} < found.keys()
            assert os.getpid() not in found
            [grandchild] = found.keys() - {started.pid, child}
            alone = measuring.tree_memory([root])
            assert measuring.tree_memory(found.values()) > alone + 50_000_000
            psutil.Process(child).kill()
            psutil.wait_procs([psutil.Process(child)], timeout=0.1)
            assert grandchild in measuring.family(root, found.values())
        finally:
            for each in found.values():
                each.kill()


@forks
def test_the_peak_of_a_tree_has_its_forked_child() -> None:
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    held = b'x' * 60_000_000; time.sleep(0.8); os._exit(0)\n"
        "os.wait(); print('done')"
    )
    peak, told = measuring.watched([sys.executable, "-c", code])
    assert 60_000_000 < peak < 120_000_000
    assert told == "done\n"


# one figure edited


def test_one_figure_is_edited_and_nothing_else() -> None:
    with gzip.open(FIGURES, "rt", encoding="utf-8", newline="") as file:
        before = file.read()
    after = every.edited(before, -1)
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    [(old, new)] = [(one, other) for one, other in pairs if one != other]
    names = before.splitlines()[0].split(",")
    then, now = (dict(zip(names, line.split(","), strict=True)) for line in (old, new))
    assert (then["indicator"], then["area_code"], then["period"]) == (
        *("health-assessments", "E06000015", "2010"),
    )
    assert {name for name in names if then[name] != now[name]} == {"numerator", "value"}
    assert int(now["numerator"]) == int(then["numerator"]) - 1
    share = 100 * int(now["numerator"]) / int(now["denominator"])
    assert math.isclose(float(now["value"]), share, abs_tol=1e-8)
    assert every.edited(after, 1) == before


def test_values_are_written_as_the_edition_writes_them() -> None:
    with gzip.open(FIGURES, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["indicator"] == every.INDICATOR]
    whole = [row for row in rows if row["value"] and row["numerator"] and row["denominator"]]
    assert len(whole) > 100
    # that of England is rounded otherwise
    local = [row for row in whole if row["area_code"] != "E92000001"]
    written = [every.share(int(row["numerator"]), int(row["denominator"])) for row in local]
    assert written == [row["value"] for row in local]


def test_a_figure_that_is_not_there_is_not_edited() -> None:
    table = "indicator,area_code,value,numerator,denominator\nhealth-assessments,a,50,,2\n"
    for area in ("a", "b"):
        with pytest.raises(Failed, match="no figure of health-assessments"):
            every.edited(table, 1, area=area)


def test_a_copied_project_is_edited_and_the_first_is_not(tmp_path: Path) -> None:
    place = every.Place(tmp_path / "place")
    place.renew()
    copied = place.home / FIGURES.relative_to(ROOT)
    assert copied.read_bytes() == FIGURES.read_bytes()
    before = gzip.decompress(copied.read_bytes())
    every.edit(place.home, next(place.edits))
    assert gzip.decompress(copied.read_bytes()) != before
    every.edit(place.home, next(place.edits))
    assert gzip.decompress(copied.read_bytes()) == before
    assert official_folder("2010", Project(place.home)) == copied.parent
    assert (place.home / "notebooks" / "briefing.ipynb").is_file()
    assert (place.home / "reports" / "_quarto.yml").is_file()
    assert not (place.home / "reports" / "published").exists()
    assert not place.output.exists()


# what is measured


def test_the_count_is_read_from_the_summary_of_a_run() -> None:
    outcomes = ("published", "unchanged", "unchanged", "failed")
    entries = tuple(
        Entry(f"Name {place}", f"E0{place}", "name", outcome, "a reason")
        for place, outcome in enumerate(outcomes)
    )
    run = Run(entries, Path("manifest.json"), left_over=("old",), seconds=3.2)
    assert every.counted(run.summary(72)) == every.Count(4, 1, 1, 2)
    with pytest.raises(Failed, match="does not say"):
        every.counted("authority  outcome\n")


def stub(tmp_path: Path, count: str) -> Any:
    program = tmp_path / "stub.py"
    program.write_text(f"print('152 authorities in 1 s: {count}.')", encoding="utf-8")
    return mock.patch.object(every, "KENTSTATS", (sys.executable, str(program)))


def test_every_case_takes_only_a_run_that_did_what_it_times(tmp_path: Path) -> None:
    place = every.Place(tmp_path / "place")
    right = {
        every.cold: "0 failed, 152 published, 0 unchanged",
        every.unchanged: "0 failed, 0 published, 152 unchanged",
        every.changed: "0 failed, 7 published, 145 unchanged",
    }
    for work, count in right.items():
        with stub(tmp_path, count):
            found = work(place, "name", [])
        assert all(figure > 0 for figure in found.values())
    assert found["name, one figure changed: published"] == 7
    for work, wrong in (
        (every.cold, right[every.changed]),
        (every.unchanged, right[every.changed]),
        (every.changed, right[every.unchanged]),
    ):
        with stub(tmp_path, wrong), pytest.raises(Failed, match="published"):
            work(place, "name", [])


def test_the_sample_is_of_ordinary_authorities_of_both_editions() -> None:
    names = measuring.SAMPLE
    assert "Kent" not in names
    for edition in ("2010", "2025"):
        areas = [choose_area(name, edition, Project(ROOT)) for name in names]
        assert [area.name for area in areas] == list(names)
    assert choose_area("Derby", "2010", Project(ROOT)).code == every.DERBY


def test_the_batch_has_both_notebooks_in_turn() -> None:
    made = engine.batch(5)
    assert [notebook.name[:2] for notebook, _ in made] == ["10", "20", "10", "20", "10"]
    assert all(notebook.is_file() for notebook, _ in made)
    assert made[1][1]["authority"] != made[3][1]["authority"]


def test_every_ratio_is_of_cases_that_there_are() -> None:
    cases = {case for group in bench.GROUPS.values() for case in group.specs}
    for group in bench.GROUPS.values():
        for spec in group.specs.values():
            assert spec.peer in cases | {""}
        for ratio in group.ratios.values():
            assert {ratio.over, ratio.under} <= cases
