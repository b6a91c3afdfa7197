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

from kentstats.cli import main
from kentstats.errors import KentstatsError
from kentstats.publish import cluster
from kentstats.publish.manifest import Entry, read_manifest
from kentstats.publish.many import publish_all

FOUR = ["Barnet", "Essex", "Kent", "Medway"]
QUIET = {"DASK_LOGGING__DISTRIBUTED": "warning", "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}


def wait_for(what: Callable[[], Any], seconds: float = 30) -> Any:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.02)
    return found


class Cluster:
    """A scheduler, and the workers that a test asks for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.scheduler = self._start("dask_scheduler", "--port", "0")
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
        command += ["--scheduler-file", str(self.file), "--no-dashboard", *arguments]
        with (self.folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env={**os.environ, **QUIET, **environment},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def worker(self, **environment: str) -> subprocess.Popen[bytes]:
        name = f"worker-{len(self.workers)}"
        options = ["--nthreads", "1", "--no-nanny", "--name", name]
        process = self._start("dask_worker", *options, **environment)
        self.workers.append(process)
        return process

    @contextlib.contextmanager
    def for_now(self, number: int = 1, **environment: str) -> Iterator[list[Any]]:
        """More workers, for the time of a block."""
        more = [self.worker(**environment) for _ in range(number)]
        try:
            self.wait_for(more)
            yield more
        finally:
            for process in more:
                process.kill()
                process.wait()

    def wait_for(self, workers: list[Any]) -> None:
        """Wait until these workers have reached the scheduler."""
        from distributed import Client

        names = {f"worker-{self.workers.index(one)}" for one in workers}
        with Client(self.address, set_as_default=False) as client:

            def there() -> bool:
                known = client.scheduler_info(n_workers=-1)["workers"].values()
                return names <= {one["name"] for one in known}

            wait_for(there)

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    for _ in range(2):
        made.worker()
    try:
        made.wait_for(made.workers)
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


def debris(output: Path) -> list[str]:
    return sorted(path.name for path in (output / "2010").glob(".*"))


def test_a_run_on_workers_comes_to_the_same(dask: Cluster, tmp_path: Path) -> None:
    here = publish_all("2010", authorities=FOUR, jobs=2, output=tmp_path / "here")
    there = publish_all(
        "2010", authorities=FOUR, cluster=dask.address, output=tmp_path / "there"
    )
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
    heads = [read_manifest(tmp_path / each / "2010" / "manifest.json") for each in ("here", "there")]
    for head in heads:
        for key in ("started", "finished", "authorities"):
            del head[key]
    assert heads[0] == heads[1]
    # what is unchanged is left alone, and no cluster is asked for that
    again = publish_all(
        "2010", authorities=FOUR, cluster="tcp://127.0.0.1:1", output=tmp_path / "there"
    )
    assert set(outcomes(again).values()) == {"unchanged"}
    # the workers keep nothing of a run
    assert list(dask.folder.rglob("kentstats-*")) == []
    for worker in dask.workers:
        assert psutil.Process(worker.pid).children() == []


def test_what_fails_fails_alone_and_what_is_shared_is_sent_once(
    dask: Cluster, tmp_path: Path
) -> None:
    code = """
    import os, signal
    from pathlib import Path
    tries = Path("TRIES")
    with tries.open("a") as file:
        print(authority, os.getppid(), Path(os.environ["KENTSTATS_HOME"]).stat().st_ino, file=file)
    if authority == "Essex":
        os.kill(os.getpid(), signal.SIGKILL)
    if authority == "Medway":
        raise LookupError(os.environ["KENTSTATS_HOME"] + "/data/raw/areas/areas.csv")
    """.replace("TRIES", str(tmp_path / "tries.txt"))
    code = "\n".join(line.removeprefix("    ") for line in code.strip().splitlines())
    notebook = with_cell(tmp_path, code)
    output = tmp_path / "out"
    names = ["Barking and Dagenham", "Bexley", "Brent", *FOUR]
    run = publish_all(
        "2010", authorities=names, cluster=dask.address, output=output, notebook=notebook
    )
    failed = {entry.name: entry for entry in run.failed}
    assert sorted(failed) == ["Essex", "Medway"]
    assert len(run.entries) == 7
    assert failed["Essex"].error_kind == "ProcessDied"
    assert "was killed (SIGKILL), in cell " in failed["Essex"].error
    # the message is that of a run without a cluster: paths are of this machine
    kept = tmp_path / "failed" / "2010" / "medway" / "briefing.ipynb"
    assert failed["Medway"].error_kind == "NotebookError"
    assert f"LookupError: {ROOT}/data/raw/areas/areas.csv" in failed["Medway"].error
    assert failed["Medway"].error.endswith(f"The broken notebook is kept: {kept}.")
    assert "LookupError" in kept.read_text(encoding="utf-8")
    text = (output / "2010" / "manifest.json").read_text(encoding="utf-8")
    for place in (tmp_path, ROOT, dask.folder):
        assert f"{place}/" not in text
    assert debris(output) == []
    tries = [line.rsplit(" ", 2) for line in (tmp_path / "tries.txt").read_text().splitlines()]
    assert sorted(name for name, _, _ in tries) == sorted(names)
    # one prepared process and one copy of the data for each worker
    assert len({(server, data) for _, server, data in tries}) == 2
    assert len({server for _, server, _ in tries}) == len({data for *_, data in tries}) == 2


def test_what_a_worker_was_at_when_it_was_killed_is_done_by_another(
    dask: Cluster, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    slow = with_cell(tmp_path, "import time\ntime.sleep(1)")
    with dask.for_now() as (doomed,):
        left: list[psutil.Process] = []

        def kill() -> None:
            wait_for(lambda: len(psutil.Process(doomed.pid).children(recursive=True)) > 1)
            wait_for(lambda: list(output.glob("2010/*/briefing.pdf")))
            left.extend(psutil.Process(doomed.pid).children(recursive=True))
            doomed.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        names = ["Barking and Dagenham", "Bexley", "Brent", *FOUR]
        run = publish_all(
            "2010", authorities=names, cluster=dask.address, output=output, notebook=slow
        )
        killer.join()
        assert doomed.wait(5) == -signal.SIGKILL
    assert set(outcomes(run).values()) == {"published"}
    assert len(run.entries) == len(names)
    assert debris(output) == []
    # the process that it had prepared, and what that was at, ended with it
    assert left
    assert psutil.wait_procs(left, timeout=10)[1] == []


def test_what_kills_every_worker_fails_by_name(dask: Cluster, tmp_path: Path) -> None:
    code = """if authority == "Essex":
    import os, signal, time
    status = open(f"/proc/{os.getppid()}/status").read()
    os.kill(int(status.split("PPid:")[1].split()[0]), signal.SIGKILL)
    time.sleep(30)
"""
    notebook = with_cell(tmp_path, code)
    alone = Cluster(tmp_path)
    try:
        alone.worker()
        alone.worker()
        alone.worker()
        alone.wait_for(alone.workers)
        run = publish_all(
            "2010",
            authorities=FOUR,
            cluster=alone.address,
            output=tmp_path / "out",
            notebook=notebook,
        )
    finally:
        alone.close()
    (failed,) = run.failed
    assert (failed.name, failed.error_kind) == ("Essex", "KilledWorker")
    assert failed.error.startswith("The 2 workers that were at work on it died one by one.")


def test_a_scheduler_that_goes_ends_the_run_and_what_is_done_is_kept(tmp_path: Path) -> None:
    alone = Cluster(tmp_path)
    output = tmp_path / "out"
    slow = with_cell(tmp_path, "if authority != 'Barnet':\n    import time\n    time.sleep(20)")
    try:
        alone.worker()
        alone.wait_for(alone.workers)

        def kill() -> None:
            wait_for(lambda: list(output.glob("2010/*/briefing.pdf")))
            alone.scheduler.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(KentstatsError, match="The scheduler has gone"):
            publish_all(
                "2010", authorities=FOUR, cluster=alone.address, output=output, notebook=slow
            )
        killer.join()
    finally:
        for process in (*alone.workers, alone.scheduler):
            process.kill()
            process.wait()
    entries = read_manifest(output / "2010" / "manifest.json")["authorities"]
    assert [(entry.name, entry.outcome) for entry in entries] == [("Barnet", "published")]


def test_a_worker_with_other_code_is_refused(dask: Cluster, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src")
    with (tmp_path / "src/kentstats/publish/briefing.py").open("a", encoding="utf-8") as module:
        module.write("# of yesterday\n")
    with (
        dask.for_now(PYTHONPATH=str(tmp_path / "src")),
        pytest.raises(KentstatsError, match=r"The worker tcp://\S+ has other code than here\."),
    ):
        publish_all("2010", authorities=["Kent"], cluster=dask.address, output=tmp_path / "out")
    assert not (tmp_path / "out" / "2010" / "kent").exists()
    # and it left nothing behind that would keep others from work
    run = publish_all("2010", authorities=["Kent"], cluster=dask.address, output=tmp_path / "out")
    assert outcomes(run) == {"Kent": "published"}


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
def test_an_address_that_cannot_be_reached_is_told_soon(address: str, tmp_path: Path) -> None:
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
        if name.split(".")[0] in {"dask", "distributed"}:
            raise ImportError(name)
        return true_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(KentstatsError, match=r"pip install 'kentstats\[cluster\]'"):
        publish_all("2010", authorities=["Kent"], cluster="local", output=tmp_path / "out")


def test_a_cluster_of_this_machine_lives_as_long_as_the_run(tmp_path: Path) -> None:
    run = publish_all(
        "2010", authorities=["Kent", "Medway"], cluster="local", jobs=2, output=tmp_path / "out"
    )
    assert outcomes(run) == {"Kent": "published", "Medway": "published"}
    left = [one.cmdline() for one in psutil.Process().children(recursive=True)]
    assert [each for each in left if "resource_tracker" not in " ".join(each)] == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_leaves_no_process_behind(tmp_path: Path, how: signal.Signals) -> None:
    arguments = ["briefing", "--all", "--cluster", "local", "--jobs", "2", "--output", "out"]
    process = subprocess.Popen(
        [sys.executable, "-m", "kentstats", *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_for(lambda: list(tmp_path.glob("out/2010/*/briefing.pdf")))
    family = psutil.Process(process.pid).children(recursive=True)
    assert any("kentstats.engine.server" in " ".join(one.cmdline()) for one in family)
    # as a terminal does: to all of its group
    os.killpg(process.pid, how)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143}[how]
    assert "Traceback" not in errors.decode()
    assert psutil.wait_procs(family, timeout=10)[1] == []
    entries = read_manifest(tmp_path / "out" / "2010" / "manifest.json")["authorities"]
    assert {entry.outcome for entry in entries} == {"published"}
    assert debris(tmp_path / "out") == []


def test_a_cluster_is_for_many() -> None:
    done = CliRunner().invoke(main, ["briefing", "Kent", "--cluster", "local"])
    assert done.exit_code == 2
    assert "--cluster is for many" in done.stderr
