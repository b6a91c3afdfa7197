"""Briefings on the workers of a Dask cluster: a true scheduler, true workers, one killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from conftest import kentstats

from kentstats.errors import KentstatsError
from kentstats.project import find_project
from kentstats.publish import manifest
from kentstats.publish.batch import publish_all
from kentstats.publish.dask import open_store

pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")

DASK = [sys.executable, "-m", "distributed.cli"]


class Cluster:
    """A scheduler and two workers, each a process as on another machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""
        self.workers: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0"]
        command += ["--host", "127.0.0.1", "--no-dashboard", "--scheduler-file", str(file)]
        self.scheduler = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
        while not self.address:
            assert self.scheduler.poll() is None
            try:
                self.address = json.loads(file.read_text())["address"]
            except (OSError, ValueError):
                time.sleep(0.1)

    def add_worker(self) -> None:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", self.address]
        command += ["--nthreads", "1", "--no-dashboard", "--local-directory", str(self.folder)]
        command += ["--no-nanny"]
        self.workers.append(subprocess.Popen(command, cwd=self.folder, stderr=subprocess.DEVNULL))

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.terminate()
        for process in (*self.workers, self.scheduler):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    made.add_worker()
    made.add_worker()
    try:
        yield made
    finally:
        made.stop()


def with_cell(folder: Path, code: str) -> Path:
    """Write the briefing's notebook with a cell after its parameters."""
    made = nbformat.read(find_project().notebooks / "briefing.ipynb", as_version=4)
    made.cells.insert(2, nbformat.v4.new_code_cell(code))
    path = folder / "briefing.ipynb"
    nbformat.write(made, path)
    return path


def outcomes(run: Any) -> dict[str, str]:
    return {entry.name: entry.outcome for entry in run.entries}


def test_workers_make_what_this_machine_makes_though_one_is_killed(
    cluster: Cluster, tmp_path: Path
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    # Essex ends the worker on which it is made first; Medway fails by itself
    code = (
        "import os, signal, pathlib\n"
        f"mark = pathlib.Path({str(marks)!r}) / authority\n"
        "if authority == 'Essex' and not mark.exists():\n"
        "    mark.write_text(str(os.getpid()))\n"
        "    import time; time.sleep(600)\n"
        "if authority == 'Medway': raise LookupError('no such share')"
    )
    notebook = with_cell(tmp_path, code)
    output = tmp_path / "there" / "published"

    def kill_the_worker_of_essex() -> None:
        while not (marks / "Essex").exists() or not (marks / "Essex").read_text():
            time.sleep(0.1)
        family = psutil.Process(int((marks / "Essex").read_text())).parents()
        pids = {worker.pid for worker in cluster.workers}
        (one,) = [process for process in family if process.pid in pids]
        one.send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill_the_worker_of_essex)
    killer.start()
    run = publish_all(
        "2010",
        authorities=["Kent", "Medway", "Essex"],
        cluster=cluster.address,
        notebook=notebook,
        output=output,
    )
    killer.join()
    assert outcomes(run) == {"Essex": "published", "Kent": "published", "Medway": "failed"}
    (failed,) = run.failed
    kept = output.parent / "failed" / "2010" / "medway" / "briefing.ipynb"
    assert failed.error_kind == "NotebookError"
    assert "LookupError: no such share" in failed.error
    assert str(kept) in failed.error
    assert "no such share" in kept.read_text(encoding="utf-8")
    here = publish_all(
        "2010", authorities=["Kent"], notebook=notebook, output=tmp_path / "here" / "published"
    )
    same = {name for name in here.entries[0].files if name != "briefing.ipynb"}
    for name in same:
        assert run.entries[1].files[name] == here.entries[0].files[name], name
    again = publish_all(
        "2010", authorities=["Kent", "Essex"], cluster="tcp://unused", notebook=notebook,
        output=output,
    )  # fmt: skip
    assert set(outcomes(again).values()) == {"unchanged"}
    assert not list((output / "2010").glob(".[!l]*"))


def test_workers_write_to_a_store_that_they_share(cluster: Cluster, tmp_path: Path) -> None:
    cluster.add_worker()
    store, output = tmp_path / "store", tmp_path / "out"
    options: dict[str, Any] = {
        "authorities": ["Rutland"],
        "cluster": cluster.address,
        "store": store.as_uri(),
        "output": output,
    }
    assert outcomes(publish_all("2010", **options)) == {"Rutland": "published"}
    assert (store / "2010" / "rutland" / "briefing.pdf").read_bytes().startswith(b"%PDF")
    assert (store / "2010" / "manifest.json").is_file()
    assert not (output / "2010" / "rutland").exists()
    assert outcomes(publish_all("2010", **options)) == {"Rutland": "unchanged"}
    (store / "2010" / "rutland" / "briefing.pdf").unlink()
    (entry,) = publish_all("2010", **options).entries
    assert entry.reason == "briefing.pdf is missing"
    assert not list(store.rglob(".*"))


def test_a_worker_with_other_code_is_refused(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "errors.py").write_text("")
    monkeypatch.setattr(manifest.kentstats, "__file__", str(package / "__init__.py"))
    run = publish_all("2010", authorities=["Kent"], cluster=cluster.address, output=tmp_path)
    assert "has other code than here. Install the same packages there." in run.entries[0].error


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x"])
def test_an_address_that_cannot_be_reached_is_told(tmp_path: Path, address: str) -> None:
    with pytest.raises(
        KentstatsError, match=r"scheduler .* cannot be reached: .* Give the address"
    ):
        publish_all("2010", authorities=["Kent"], cluster=address, output=tmp_path)


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(KentstatsError, match=r"Dask is not installed.*kentstats\[cluster\]"):
        publish_all("2010", authorities=["Kent"], cluster="local", output=tmp_path)
    with pytest.raises(KentstatsError, match=r"store nonsense://x cannot be used"):
        open_store("nonsense://x")


def test_a_cluster_of_this_machine_lives_as_long_as_the_run(tmp_path: Path) -> None:
    run = publish_all(
        "2010", authorities=["Kent", "Rutland"], cluster="local", jobs=2, output=tmp_path
    )
    assert set(outcomes(run).values()) == {"published"}


def test_a_cluster_is_for_many(tmp_path: Path) -> None:
    done = kentstats("briefing", "Kent", "--cluster", "local", cwd=tmp_path)
    assert done.returncode == 2
    assert "--cluster and --store are for many: give --all with them." in done.stderr
