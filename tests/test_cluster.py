"""Publishing on a Dask cluster: a real scheduler and real workers, as processes on the loopback."""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from click.testing import CliRunner
from conftest import ROOT
from distributed import Client, Environ

from kentstats.cli import main
from kentstats.errors import KentstatsError, ParameterError
from kentstats.project import checksum
from kentstats.publish import dask as cluster
from kentstats.publish.batch import publish_all
from kentstats.publish.manifest import Entry, read_manifest
from kentstats.publish.store import Store

FOUR = ["Barnet", "Essex", "Kent", "Medway"]


def wait_for(what: Callable[[], Any], seconds: float = 30) -> Any:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)
    return found


class Cluster:
    """A scheduler, and the workers that a test asks for."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--port", "0", **environment)
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        def found() -> str:
            with contextlib.suppress(OSError, ValueError):
                return str(json.loads(self.file.read_text())["address"])
            return ""

        return str(wait_for(found))

    def _start(self, kind: str, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{kind}", "--host", "127.0.0.1"]
        command += ["--scheduler-file", str(self.file), "--dashboard-address", "127.0.0.1:0"]
        with (self.folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                [*command, *arguments],
                cwd=self.folder,
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def worker(self, **environment: str) -> subprocess.Popen[bytes]:
        name = f"worker-{len(self.workers)}"
        options = ["--nthreads", "1", "--no-nanny", "--name", name]
        process = self._start("dask_worker", *options, **environment)
        self.workers.append(process)
        return process

    def start(self, number: int = 1, **environment: str) -> None:
        """Start so many more workers, and wait until they have reached the scheduler."""
        for _ in range(number):
            self.worker(**environment)
        names = {f"worker-{place}" for place in range(len(self.workers))[-number:]}
        with Client(self.address, set_as_default=False) as client:

            def there() -> bool:
                known = client.scheduler_info(n_workers=-1)["workers"].values()
                return names <= {one["name"] for one in known}

            wait_for(there)

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.start(2)
        yield made
    finally:
        made.close()


def with_cell(folder: Path, code: str) -> Path:
    """The briefing's notebook, with a cell more behind the parameters."""
    notebook = nbformat.read(ROOT / "notebooks" / "briefing.ipynb", as_version=4)
    (place,) = (
        number
        for number, cell in enumerate(notebook.cells)
        if "parameters" in cell.metadata.get("tags", [])
    )
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(code))
    path = folder / "briefing.ipynb"
    nbformat.write(notebook, path)
    return path


def outcomes(run: Any) -> dict[str, str]:
    return {entry.name: entry.outcome for entry in run.entries}


def stable(entry: Entry) -> Entry:
    """An entry but for times, which the executed notebook tells too."""
    files = {name: sums for name, sums in entry.files.items() if name != "briefing.ipynb"}
    assert len(files) == len(entry.files) - 1
    return replace(entry, seconds=0.0, files=files)


def told(notebook: Path) -> list[tuple[str, Any]]:
    read = nbformat.read(notebook, as_version=4)
    return [(cell.source, cell.get("outputs")) for cell in read.cells]


def held(dask: Cluster) -> list[str]:
    """What the scheduler gives to each worker."""
    with Client(dask.address, set_as_default=False) as client:
        names = client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.worker_plugins))
    return [name for name in names if name.startswith("kentstats")]


def debris(output: Path) -> list[str]:
    return sorted(path.name for path in (output / "2010").glob(".*"))


def test_a_run_on_workers_comes_to_the_same(dask: Cluster, tmp_path: Path) -> None:
    with Client(dask.address, set_as_default=False) as client:
        # of a run that was killed
        client.register_plugin(Environ({}), name="kentstats-Client-1")
    here = publish_all("2010", authorities=FOUR, jobs=2, output=tmp_path / "here")
    there = publish_all("2010", authorities=FOUR, cluster=dask.address, output=tmp_path / "there")
    assert set(outcomes(there).values()) == {"published"}
    assert list(map(stable, there.entries)) == list(map(stable, here.entries))
    files = sorted(
        path.relative_to(tmp_path / "here")
        for path in (tmp_path / "here").rglob("*")
        if path.is_file()
    )
    assert files == sorted(
        path.relative_to(tmp_path / "there")
        for path in (tmp_path / "there").rglob("*")
        if path.is_file()
    )
    for name in files:
        one, other = tmp_path / "here" / name, tmp_path / "there" / name
        if name.name == "briefing.ipynb":
            assert told(one) == told(other)
        elif name.name != "manifest.json":
            assert one.read_bytes() == other.read_bytes(), name
    heads = [read_manifest(tmp_path / each / "2010/manifest.json") for each in ("here", "there")]
    for head in heads:
        for key in ("started", "finished", "authorities"):
            del head[key]
    assert heads[0] == heads[1]
    # what is unchanged is left alone, and no cluster is asked for that
    again = publish_all(
        "2010", authorities=FOUR, cluster="tcp://127.0.0.1:1", output=tmp_path / "there"
    )
    assert set(outcomes(again).values()) == {"unchanged"}
    # the workers keep nothing of a run, nor of one before
    assert held(dask) == []
    assert list(dask.folder.rglob("kentstats-*")) == []
    for worker in dask.workers:
        assert psutil.Process(worker.pid).children() == []


ALL = """
import os, signal, time
from pathlib import Path

server, room = os.getppid(), Path(os.environ["KENTSTATS_HOME"])
worker = int(Path(f"/proc/{server}/status").read_text().split("PPid:")[1].split()[0])
with (folder / "tries.txt").open("a") as file:
    print(authority, server, room.stat().st_ino, sep=",", file=file)
if authority == "Essex":
    os.kill(os.getpid(), signal.SIGKILL)
if authority == "Medway":
    raise LookupError(room / "data" / "raw" / "areas.csv")
if authority == "Kent" and not (folder / "worker.txt").exists():
    (folder / "worker.new").write_text(str(worker))
    (folder / "worker.new").rename(folder / "worker.txt")
    time.sleep(60)
"""
"""What may befall: one ends its process, one fails, and one is at work when its worker dies."""


def killing(text: Path, family: list[psutil.Process]) -> threading.Thread:
    """Kill the worker whose number is written to a file; list what it had started."""

    def kill() -> None:
        worker = psutil.Process(int(wait_for(lambda: text.exists() and text.read_text())))
        family.extend(worker.children(recursive=True))
        worker.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def test_a_failure_and_the_end_of_a_worker_concern_nothing_else(
    dask: Cluster, tmp_path: Path
) -> None:
    code = f"from pathlib import Path\nfolder = Path({str(tmp_path)!r})" + ALL
    notebook, output = with_cell(tmp_path, code), tmp_path / "out"
    names = ["Barking and Dagenham", "Bexley", "Brent", *FOUR]
    dask.start()
    family: list[psutil.Process] = []
    killer = killing(tmp_path / "worker.txt", family)
    run = publish_all(
        "2010", authorities=names, cluster=dask.address, output=output, notebook=notebook
    )
    killer.join()
    failed = {entry.name: entry for entry in run.failed}
    assert (sorted(failed), len(run.entries)) == (["Essex", "Medway"], len(names))
    assert failed["Essex"].error_kind == "ProcessDied"
    assert "was killed (SIGKILL), in cell " in failed["Essex"].error
    # the message is that of a run without a cluster: paths are of this machine
    kept = tmp_path / "failed" / "2010" / "medway" / "briefing.ipynb"
    assert failed["Medway"].error_kind == "NotebookError"
    assert f"LookupError: {ROOT}/data/raw/areas.csv" in failed["Medway"].error
    assert failed["Medway"].error.endswith(f"The broken notebook is kept: {kept}.")
    assert "LookupError" in kept.read_text(encoding="utf-8")
    text = (output / "2010" / "manifest.json").read_text(encoding="utf-8")
    for place in (tmp_path, ROOT, dask.folder):
        assert f"{place}/" not in text
    assert debris(output) == []
    # what the worker was at was done by another, and nothing else twice
    tries = [line.split(",") for line in (tmp_path / "tries.txt").read_text().splitlines()]
    assert sorted(name for name, *_ in tries) == sorted([*names, "Kent"])
    # the data were sent to each worker once, which prepared one process
    servers, rooms = ({one[place] for one in tries} for place in (1, 2))
    assert len({(server, room) for _, server, room in tries}) == len(servers) == len(rooms) <= 3
    # the process that it had prepared, and what that was at, ended with it
    assert len(family) == 2
    assert psutil.wait_procs(family, timeout=10)[1] == []


def test_what_kills_its_worker_fails_and_a_scheduler_that_goes_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "REACHED", 2.0)
    code = (
        f"from pathlib import Path\nfolder = Path({str(tmp_path)!r})"
        + """
import os, time
worker = Path(f"/proc/{os.getppid()}/status").read_text().split("PPid:")[1].split()[0]
if authority == "Essex":
    os.kill(int(worker), 9)
    time.sleep(60)
if authority == "Kent":
    (folder / "kent.txt").touch()
    time.sleep(60)
"""
    )
    notebook, output = with_cell(tmp_path, code), tmp_path / "out"
    alone = Cluster(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    options: dict[str, Any] = {
        "cluster": alone.address, "output": output, "notebook": notebook,
    }  # fmt: skip
    try:
        alone.start(2)
        run = publish_all("2010", authorities=["Essex"], **options)
        (failed,) = run.failed
        assert (failed.name, failed.error_kind) == ("Essex", "KilledWorker")
        assert failed.error.startswith("The worker that was at work on it died")

        def kill() -> None:
            wait_for((tmp_path / "kent.txt").exists)
            alone.scheduler.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(KentstatsError, match="The scheduler has gone"):
            publish_all("2010", authorities=["Barnet", "Kent"], **options)
        killer.join()
    finally:
        alone.close()
    entries = read_manifest(output / "2010" / "manifest.json")["authorities"]
    states = [(entry.name, entry.outcome) for entry in entries]
    assert states == [("Barnet", "published"), ("Essex", "failed")]


def test_a_worker_with_other_code_is_refused(dask: Cluster, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    with (tmp_path / "src/kentstats/publish/briefing.py").open("a", encoding="utf-8") as module:
        module.write("# of yesterday\n")
    dask.start(PYTHONPATH=str(tmp_path / "src"))
    try:
        with pytest.raises(KentstatsError, match=r"worker tcp://\S+ has other code than here\."):
            publish_all("2010", authorities=["Kent"], cluster=dask.address, output=tmp_path / "out")
    finally:
        dask.workers[-1].kill()
        dask.workers[-1].wait()
    assert not (tmp_path / "out" / "2010" / "kent").exists()
    # and nothing is left that another worker would be given
    assert held(dask) == []


def test_a_scheduler_without_workers_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "REACHED", 1.0)
    alone = Cluster(tmp_path)
    try:
        with pytest.raises(KentstatsError, match=r"has no workers. Start some: dask worker tcp:"):
            publish_all("2010", authorities=["Kent"], cluster=alone.address, output=tmp_path / "o")
    finally:
        alone.close()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1", "tcp://a:b"])
def test_an_address_that_cannot_be_reached_is_told_soon(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "REACHED", 1.0)
    begun = time.monotonic()
    with pytest.raises(KentstatsError, match="cannot be reached") as caught:
        publish_all("2010", authorities=["Kent"], cluster=address, output=tmp_path / "out")
    assert time.monotonic() - begun < cluster.REACHED + 5
    assert address in str(caught.value)
    assert "Give the address that dask scheduler prints" in str(caught.value)


def test_without_dask_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_import = builtins.__import__

    def absent(name: str, *arguments: Any, **options: Any) -> Any:
        # not parts of it, which clients of other tests import when they end
        if name in {"dask", "distributed"}:
            raise ImportError(name)
        return true_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(KentstatsError, match=r"pip install 'kentstats\[cluster\]'"):
        publish_all("2010", authorities=["Kent"], cluster="local", output=tmp_path / "out")


def test_a_cluster_of_this_machine_lives_as_long_as_the_run(tmp_path: Path) -> None:
    before = set(psutil.Process().children(recursive=True))
    run = publish_all(
        "2010", authorities=["Kent", "Medway"], cluster="local", output=tmp_path / "out"
    )
    assert outcomes(run) == {"Kent": "published", "Medway": "published"}
    left = set(psutil.Process().children(recursive=True)) - before
    left = {one for one in left if one.status() != psutil.STATUS_ZOMBIE}
    # Python's own, which ends with this process
    assert [one for one in left if "resource_tracker" not in " ".join(one.cmdline())] == []


def test_stopped_it_leaves_no_process_behind(tmp_path: Path) -> None:
    arguments = ["briefing", "--all", "--cluster", "local", "--jobs", "2", "--output", "out"]
    process = subprocess.Popen(
        [sys.executable, "-m", "kentstats", *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_for(lambda: len(list(tmp_path.glob("out/2010/*/briefing.pdf"))) > 3)
    family = psutil.Process(process.pid).children(recursive=True)
    assert any("kentstats.engine.server" in " ".join(one.cmdline()) for one in family)
    # as a terminal does: to all of its group
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.decode().splitlines()[2:] == ["Error: Stopped. What was done before is kept."]
    assert psutil.wait_procs(family, timeout=10)[1] == []
    entries = read_manifest(tmp_path / "out" / "2010" / "manifest.json")["authorities"]
    assert {entry.outcome for entry in entries} == {"published"}
    assert debris(tmp_path / "out") == []


def test_a_cluster_is_for_many() -> None:
    done = CliRunner().invoke(main, ["briefing", "Kent", "--cluster", "local"])
    assert done.exit_code == 2
    assert "--cluster and --store are for many" in done.stderr


def test_workers_write_to_a_store_that_they_share(
    dask: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output, share = tmp_path / "out", tmp_path / "share"
    options: dict[str, Any] = {
        "authorities": ["Kent", "Medway"],
        "cluster": dask.address,
        "output": output,
        "store": share.as_uri(),
    }
    run = publish_all("2010", **options)
    assert outcomes(run) == {"Kent": "published", "Medway": "published"}
    for entry in run.entries:
        for name, file in entry.files.items():
            assert checksum(share / "2010" / entry.slug / name) == file["sha256"]
        # here is what the next run needs, and no briefing
        kept = sorted(path.name for path in (output / "2010" / entry.slug).iterdir())
        assert kept == ["inputs.json"]
    written = (share / "2010" / "manifest.json").read_bytes()
    assert written == (output / "2010" / "manifest.json").read_bytes()
    assert list(share.rglob(".*")) == []
    # what is in the store is looked at there
    (share / "2010" / "kent" / "briefing.pdf").unlink()
    shutil.rmtree(share / "2010" / "medway")
    monkeypatch.setattr(cluster, "REACHED", 0.5)
    said: list[str] = []
    with pytest.raises(KentstatsError, match="cannot be reached"):
        publish_all("2010", **{**options, "cluster": "tcp://127.0.0.1:1"}, say=said.append)
    assert said == [
        "2 authorities: 2 to do, 0 unchanged.",
        "Kent: briefing.pdf is missing.",
        "Medway: it is not in the store.",
    ]


def test_a_store_that_is_another_for_a_worker_is_told(dask: Cluster, tmp_path: Path) -> None:
    with pytest.raises(KentstatsError, match=r"The worker tcp://\S+ sees another store at memory:"):
        publish_all(
            "2010",
            authorities=["Kent"],
            cluster=dask.address,
            output=tmp_path,
            store="memory://briefings",
        )


def test_a_store_needs_a_cluster_and_an_address(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="A store is for a cluster"):
        publish_all("2010", authorities=["Kent"], output=tmp_path, store="memory://x")
    with pytest.raises(KentstatsError, match="The store nonsense://x cannot be used"):
        Store("nonsense://x")


def test_a_store_holds_whole_files_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path))
    assert store.put("2010/kent/a.txt", b"a") == f"{tmp_path}/2010/kent/a.txt"
    sums = {"a.txt": {"size": 1}, "b.txt": {"size": 1}}
    assert store.faults(sums, Path("any/2010/kent")) == ["b.txt is missing"]
    assert store.faults({"a.txt": {"size": 2}}, Path("2010/kent")) == ["a.txt was changed"]
    assert store.faults(sums, Path("2025/kent")) == ["it is not in the store"]

    def full(*_: Any) -> None:
        raise OSError("no room")

    monkeypatch.setattr(store._files, "mv", full)
    with pytest.raises(OSError, match="no room"):
        store.put("2010/kent/a.txt", b"new")
    assert [path.name for path in (tmp_path / "2010/kent").iterdir()] == ["a.txt"]
    assert (tmp_path / "2010/kent/a.txt").read_bytes() == b"a"
