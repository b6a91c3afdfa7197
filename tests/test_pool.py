"""The pool: each task in a process of its own, which may fail, hang or die."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import ROOT

from kentstats.errors import NotebookError
from kentstats.publish.pool import FORKS, Limits, Result, Worker, report_progress, run_tasks

WAYS = [True, False] if FORKS else [False]
"""Forked or spawned."""
prepared = False


def prepare() -> None:
    global prepared  # noqa: PLW0603
    prepared = True


def fail_to_prepare() -> None:
    raise LookupError("nothing to prepare")


def work(task: str) -> Any:
    """Do what a task says."""
    if task == "fail":
        raise NotebookError("Cell 7 failed.", "Mend it.")
    report_progress("cell 3")
    if task == "exit":
        os._exit(7)
    if task == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "hang":
        time.sleep(600)
    if task == "memory":
        return len(bytearray(10**9))
    if task == "leave":
        return subprocess.Popen(["sleep", "600"]).pid
    return task, os.getpid(), prepared


def run(*tasks: str, **options: Any) -> dict[str, Result]:
    return {result.task: result for result in run_tasks(work, tasks, **options)}


@pytest.mark.parametrize("forks", WAYS)
def test_what_happens_to_one_task_concerns_no_other(forks: bool) -> None:
    results = run("one", "fail", "exit", "kill", "two", jobs=2, prepare=prepare, forks=forks)
    for task in ("one", "two"):
        assert results[task].error == ""
        assert results[task].value[0] == task
        assert results[task].value[2] is True
    assert results["one"].value[1] != os.getpid()
    assert (results["fail"].error, results["fail"].error_kind) == (
        "Cell 7 failed. Mend it.",
        "NotebookError",
    )
    for task, how in (("exit", "ended with code 7"), ("kill", "was killed (SIGKILL)")):
        assert results[task].error == (
            f"The process at work on it {how}, in cell 3. "
            "It may have run out of memory: run again, with fewer --jobs."
        )
        assert results[task].error_kind == "ProcessDied"


@pytest.mark.parametrize("forks", WAYS)
def test_a_task_that_takes_too_long_is_stopped_and_named(forks: bool) -> None:
    results = run("hang", limits=Limits(seconds=5, memory=0), forks=forks)
    assert results["hang"].error == (
        "It took longer than 5 seconds, in cell 3, and was stopped. "
        "Allow more with --time-limit, or mend the cell."
    )
    assert results["hang"].error_kind == "TimeLimit"


def test_spawned_workers_are_used_again_and_forked_ones_are_not() -> None:
    def pids(forks: bool) -> set[int]:
        return {result.value[1] for result in run("a", "b", "c", forks=forks).values()}

    assert len(pids(forks=False)) == 1
    if FORKS:
        assert len(pids(forks=True)) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its memory")
def test_a_task_that_needs_too_much_memory_fails() -> None:
    results = run("memory", "one", limits=Limits(memory=500))
    assert results["memory"].error_kind == "MemoryError"
    assert results["one"].value
    assert run("memory", limits=Limits(memory=0))["memory"].value == 10**9


@pytest.mark.skipif(not FORKS, reason="processes are ended one by one there")
def test_what_a_task_starts_ends_with_it() -> None:
    pid = run("leave")["leave"].value
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return
        time.sleep(0.1)
    raise AssertionError("it is still there")


def test_what_fails_to_prepare_is_told() -> None:
    (result,) = run_tasks(work, ["one"], prepare=fail_to_prepare, forks=False)
    assert (result.error, result.error_kind) == ("nothing to prepare", "LookupError")
    if FORKS:
        with pytest.raises(LookupError, match="nothing to prepare"):
            list(run_tasks(work, ["one"], prepare=fail_to_prepare))


def test_to_close_it_ends_those_at_work() -> None:
    results = run_tasks(work, ["one", "hang"], jobs=2)
    assert next(results).task == "one"
    assert multiprocessing.active_children()
    results.close()
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("forks", WAYS)
def test_a_worker_takes_one_task_after_the_other(forks: bool) -> None:
    worker = Worker(work, forks=forks)
    try:
        first, second = worker.call("a"), worker.call("b")
        assert first.value[1] == second.value[1] == worker.process.pid
        assert worker.call("hang", 1).error_kind == "TimeLimit"
        assert not worker.process.is_alive()
    finally:
        worker.stop()


SCRIPT = """
import sys
from kentstats.publish.pool import run_tasks
from test_pool import work

if __name__ == "__main__":
    for _ in run_tasks(work, ["hang", "hang"], jobs=2, forks=sys.argv[1] == "True", on_tick=print):
        pass
"""


@pytest.mark.parametrize("asked", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("forks", WAYS)
def test_children_end_with_the_process_that_started_them(
    tmp_path: Path, forks: bool, asked: signal.Signals
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-u", str(script), str(forks)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as running:
        assert running.stdout
        running.stdout.readline()  # they have been started
        children = psutil.Process(running.pid).children(recursive=True)
        assert len(children) >= 2
        running.send_signal(asked)
        running.wait()
        gone, alive = psutil.wait_procs(children, timeout=60)
    assert len(gone) == len(children)
    assert not alive
