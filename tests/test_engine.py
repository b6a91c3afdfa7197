"""The engine: the same as papermill's own, without a trace, within limits, and never left behind."""

from __future__ import annotations

import atexit
import contextlib
import difflib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import engine_cells
import nbformat
import psutil
import pytest
from conftest import ROOT
from engine_cells import GROUPS, Cell, R, alike, execute, execute_here, notebook

from kentstats.areas import load_areas
from kentstats.engine import process
from kentstats.engine.preload import libraries
from kentstats.engine.process import Forks, Spares
from kentstats.errors import KentstatsError
from kentstats.load import edition_day
from kentstats.project import checksum, find_project
from kentstats.publish.batch import publish_all
from kentstats.publish.briefing import slug
from kentstats.publish.manifest import Entry, read_manifest
from kentstats.publish.ready import ready
from kentstats.publish.workers import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of forks and their ends")
PYTEST = "PYTEST_CURRENT_TEST"
WARM = [(libraries, ())]
WAYS = {"forked": Forks, "spare": Spares}


@pytest.fixture(scope="module")
def prepared() -> Iterator[dict[str, Forks | Spares]]:
    """Both kinds of prepared process."""
    made = {name: kind(WARM) for name, kind in WAYS.items()}
    yield made
    for each in made.values():
        each.close()


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest, prepared: dict[str, Forks | Spares]) -> Forks | Spares:
    """One of them."""
    return prepared[request.param]


def gone(*numbers: int, seconds: float = 5.0) -> bool:
    """Tell whether processes end within a while."""
    until = time.monotonic() + seconds
    while any(map(psutil.pid_exists, numbers)) and time.monotonic() < until:
        time.sleep(0.02)
    return not any(map(psutil.pid_exists, numbers))


def in_a_child(prepared: Forks, path: Path, out: Path, **options: Any) -> tuple[Any, str]:
    """Execute as a briefing of many is executed: papermill and kernel in one process."""
    child = prepared.child()
    child.ask(execute_here, path, out, options)
    try:
        done: tuple[Any, str] = child.hear()
        return done
    finally:
        child.end()


Job = tuple[Path, Path, dict[str, Any]]


class Plain:
    """Plain papermill at work on notebooks in a process of its own."""

    def __init__(self, *jobs: Job) -> None:
        self._jobs = jobs
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        jobs = [(str(path), str(out), options) for path, out, options in self._jobs]
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", str(engine_cells.__file__), json.dumps(jobs)],
            # by which ipykernel tells that it must leave the descriptors alone
            env={name: value for name, value in os.environ.items() if name != PYTEST},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def done(self) -> list[tuple[Any, str]]:
        """Return what was written, and the errors."""
        try:
            self._process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            # now and then a kernel with sockets is never heard, and papermill waits for ever
            self._process.kill()
            self._process.wait()
            self._process = self._start()
            self._process.wait(timeout=40)
        return [
            (
                json.loads(out.read_text("utf-8")) if out.exists() else None,
                out.with_suffix(".error").read_text("utf-8"),
            )
            for _, out, _ in self._jobs
        ]


def compare(
    path: Path, prepared: dict[str, Forks | Spares], *, racy: bool = False, **options: Any
) -> None:
    """Execute in every way, and compare with plain papermill, which goes on at the same time."""

    def out(name: str) -> Path:
        return path.with_name(f"{name}.{path.name}")

    plain = Plain((path, out("plain"), options))
    done = {
        name: execute(path, out(name), engine_name="kentstats", prepared=each, **options)
        for name, each in prepared.items()
    }
    forked = prepared["forked"]
    assert isinstance(forked, Forks)
    done["here"] = in_a_child(forked, path, out("here"), **options)
    wanted = alike(*plain.done()[0], racy=racy)
    for name, each in done.items():
        # papermill notes where the notebook is written
        found = alike(*each, racy=racy).replace(str(out(name)), str(out("plain")))
        assert_same(wanted, found, name)


def assert_same(wanted: str, found: str, name: str) -> None:
    lines = difflib.unified_diff(wanted.splitlines(), found.splitlines(), "plain", name, "", "", 4)
    difference = "\n".join(lines)
    assert not difference, difference[:4000]


@pytest.mark.parametrize("group", GROUPS)
def test_hard_cells_give_what_plain_papermill_gives(
    tmp_path: Path, prepared: dict[str, Forks | Spares], group: str
) -> None:
    path = notebook(tmp_path / "cells.ipynb", GROUPS[group])
    ways = prepared if group == "printed" else {"forked": prepared["forked"]}
    compare(path, ways, racy=group == "processes", parameters={"a": 5})


@pytest.mark.parametrize(
    "name", [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
)
def test_notebooks_of_the_project_give_what_plain_papermill_gives(
    tmp_path: Path, prepared: dict[str, Forks | Spares], name: str
) -> None:
    path = Path(shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", tmp_path))
    compare(path, {"forked": prepared["forked"]})


ENDS: dict[str, tuple[list[Cell], dict[str, Any]]] = {
    "a fault": (["print(1)", "1/0", "print(2)"], {}),
    "a fault allowed": (["1/0", "print(2)"], {"allow_errors": True}),
    "an end": (["import sys\nsys.exit(3)", "print(2)"], {}),
    "an end that is meant": (["raise SystemExit(0)", "print(2)"], {}),
    "Ctrl-C": (["raise KeyboardInterrupt", "print(2)"], {}),
    "exit, and stay": (["exit(keep_kernel=True)", "print(2)"], {}),
    # sockets deliver later than calls do what came before an end
    "death": (["import os, time\nprint('so far')\ntime.sleep(1)\nos._exit(3)", "print(2)"], {}),
    "too long": (["print('x')\nimport time\ntime.sleep(9)", "2"], {"execution_timeout": 1}),
    "too long, and on": (
        ["print('x')\nimport time\ntime.sleep(9)", "print(2)"],
        {"execution_timeout": 1, "interrupt_on_timeout": True, "allow_errors": True},
    ),
    "a report": ([("a = 1", "parameters"), "a"], {"report_mode": True, "parameters": {"a": 2}}),
    "prepared only": ([("a = 1", "parameters"), "a"], {"prepare_only": True}),
    "elsewhere": (["import os, sys; os.getcwd(), sys.path"], {"cwd": "/"}),
    "no such kernel": (["1"], {"kernel_name": "no-such-kernel"}),
    "a kernel by name": (["1"], {"kernel_name": "python3", "timeout": 9, "record_timing": False}),
    "streams together": (["print(1)\ndisplay(2)\nprint(3)"], {"coalesce_streams": True}),
}


def test_options_and_ends_are_those_of_plain_papermill(
    tmp_path: Path, prepared: dict[str, Forks | Spares]
) -> None:
    jobs = {
        name: (
            notebook(tmp_path / f"{number}.ipynb", cells),
            tmp_path / f"out.{number}.ipynb",
            options,
        )
        for number, (name, (cells, options)) in enumerate(ENDS.items())
    }
    plain = Plain(*jobs.values())
    done = {
        # at the same place, once plain papermill is there: it is noted in the notebook
        name: execute(
            path,
            out.with_name(f"ours.{out.name}"),
            engine_name="kentstats",
            prepared=prepared["forked"],
            **options,
        )
        for name, (path, out, options) in jobs.items()
    }
    for (name, each), wanted in zip(done.items(), plain.done(), strict=True):
        assert_same(alike(*wanted), alike(*each).replace("ours.out.", "out."), name)


def test_a_kernel_that_is_left_is_a_dead_one(
    tmp_path: Path, prepared: dict[str, Forks | Spares]
) -> None:
    # how far the next cell comes until then is a matter of a tenth of a second
    path = notebook(tmp_path / "in.ipynb", ["exit()", "import time; time.sleep(1)", "print(3)"])
    for name in (None, "kentstats"):
        options = {"prepared": prepared["forked"]} if name else {}
        done, error = execute(path, tmp_path / f"{name}.ipynb", engine_name=name, **options)
        assert "Kernel died" in error
        assert done["cells"][-1]["outputs"] == []


def test_startup_files_and_settings_of_the_user_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "first.py").write_text(
        "import os, threading\nprint('not shown')\nmine = os.getpid()\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
    )
    (profile / "ipython_kernel_config.py").write_text(
        "c.InteractiveShell.ast_node_interactivity = 'all'\n"
        "c.InlineBackend.figure_formats = {'svg'}\n"
        "c.InteractiveShellApp.exec_lines = ['two = 2']\n"
    )
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    path = notebook(
        tmp_path / "own.ipynb",
        ["1\n2", "mine == os.getpid(), two", "%who", "get_ipython().config.InlineBackend"],
    )
    with process.server(WARM) as prepared:
        compare(path, {"forked": prepared})


def test_what_is_printed_goes_to_files_and_the_log_and_is_saved_as_it_goes(
    tmp_path: Path, way: Forks | Spares, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "out.ipynb"
    path = notebook(
        tmp_path / "in.ipynb",
        [
            "import os, sys\nprint('words')\nprint('faults', file=sys.stderr)\n'shown'",
            f"'words' in open({str(out)!r}).read()",
            "os.system('echo of a program')",
        ],
    )
    caplog.set_level("INFO")
    with (tmp_path / "out.txt").open("w") as stdout, (tmp_path / "err.txt").open("w") as stderr:
        done, error = execute(
            path,
            out,
            engine_name="kentstats",
            prepared=way,
            log_output=True,
            stdout_file=stdout,
            stderr_file=stderr,
        )
    assert not error
    assert (tmp_path / "out.txt").read_text() == "words\nof a program\n"
    assert (tmp_path / "err.txt").read_text() == "faults\n"
    assert done["cells"][1]["outputs"][0]["data"]["text/plain"] == ["True"]
    logged = [record.getMessage() for record in caplog.records]
    for each in ("words\n", "faults\n", "'shown'", "of a program\n"):
        assert each in logged


CHANGES = """
import builtins, decimal, json, locale, os, random, signal, sys, warnings
import matplotlib, numpy, pandas
matplotlib.rcParams["figure.dpi"] = 7; pandas.set_option("display.max_rows", 3)
os.environ["KENTSTATS_TEST"] = "changed"; os.chdir("/"); os.umask(0o77)
random.seed(1); numpy.random.seed(1); sys.path.append("/nowhere"); sys.setrecursionlimit(77_777)
json.dumps = None; sys.modules["textwrap"] = None; builtins.mine = 1
signal.signal(signal.SIGTERM, signal.SIG_IGN); locale.setlocale(locale.LC_ALL, "C")
warnings.simplefilter("error"); decimal.getcontext().prec = 3; numpy.seterr(all="raise")
get_ipython().run_line_magic("precision", "2"); sys.stdout.write = None
mine = 1
"""
STATE = """
import builtins, decimal, json, locale, os, random, signal, sys, warnings
import matplotlib, numpy, pandas, textwrap
{
    "matplotlib": matplotlib.rcParams["figure.dpi"], "pandas": pandas.get_option("display.max_rows"),
    "environment": os.environ["KENTSTATS_TEST"], "folder": os.getcwd(), "mask": os.umask(0o22),
    "path": sys.path, "depth": sys.getrecursionlimit(), "json": json.dumps("x"),
    "names": sorted(each for each in globals() if each[0] != "_"), "mine": hasattr(builtins, "mine"),
    "signal": signal.getsignal(signal.SIGTERM), "locale": locale.setlocale(locale.LC_ALL),
    "warnings": len(warnings.filters), "decimal": decimal.getcontext().prec,
    "numpy": numpy.geterr(), "count": get_ipython().execution_count, "float": 1.23456,
}
"""
RANDOM = "import random, numpy, uuid\n[random.random(), numpy.random.rand(), str(uuid.uuid4())]"


def test_a_run_leaves_no_trace_in_the_next_and_sees_where_it_was_asked(
    tmp_path: Path, prepared: dict[str, Forks | Spares], monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = notebook(tmp_path / "changes.ipynb", [CHANGES])
    state = notebook(tmp_path / "state.ipynb", [STATE, RANDOM])
    forked = prepared["forked"]
    assert isinstance(forked, Forks)

    def run(path: Path, *, here: bool = False) -> list[str]:
        out = tmp_path / "out.ipynb"
        if here:
            done, error = in_a_child(forked, path, out)
        else:
            done, error = execute(path, out, engine_name="kentstats", prepared=forked)
        assert not error or path == changes
        outputs = [cell["outputs"] for cell in done["cells"] if cell.get("outputs")]
        return ["".join(each[0].get("data", {}).get("text/plain", "")) for each in outputs]

    for here in (False, True):
        monkeypatch.setenv("KENTSTATS_TEST", "first")
        monkeypatch.chdir(tmp_path)
        first, numbers = run(state, here=here)
        run(changes, here=here)
        again, other_numbers = run(state, here=here)
        assert first == again
        assert "'first'" in first
        assert str(tmp_path) in first
        assert not set(numbers.split()) & set(other_numbers.split())
        monkeypatch.setenv("KENTSTATS_TEST", "second")
        monkeypatch.chdir("/")
        assert "'second'" in run(state, here=here)[0]


LIMITS: dict[str, tuple[str, dict[str, Any], str]] = {
    "cell": ("import time; time.sleep(9)", {"execution_timeout": 0.4}, "CellTimeoutError"),
    "notebook": (
        "import time\nfor _ in range(99): time.sleep(.1)",
        {"notebook_timeout": 0.4},
        "CellTimeoutError",
    ),
    "lists": (
        "x = []\nwhile True: x.append(bytearray(10**6))",
        {"memory_limit": 200},
        "MemoryError",
    ),
    "arrays": (
        "import numpy as np\nx = [np.ones(10**6) for _ in range(10**4)]",
        {"memory_limit": 200},
        "Unable to allocate",
    ),
    "printed": ("print('x' * 100_000_000)", {"output_limit": 10_000}, "more than 10,000 char"),
    "programs": (
        "import os; os.system('yes | head -c 100000000')",
        {"output_limit": 10_000},
        "more than 10,000 char",
    ),
    "displayed": (
        "while True: display({'text/plain': 'x' * 1_000}, raw=True)",
        {"output_limit": 10_000},
        "more than 10,000 char",
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_held_to(tmp_path: Path, prepared: dict[str, Forks | Spares], name: str) -> None:
    source, options, told = LIMITS[name]
    path = notebook(tmp_path / "in.ipynb", ["print('before')", source, "print('never')"])
    done, error = execute(
        path,
        tmp_path / "out.ipynb",
        engine_name="kentstats",
        prepared=prepared["forked"],
        **options,
    )
    assert told in error
    assert "before" in json.dumps(done)
    assert "never" not in json.dumps([cell.get("outputs") for cell in done["cells"]])
    assert (tmp_path / "out.ipynb").stat().st_size < 100_000


def test_within_its_limits_a_notebook_is_executed(tmp_path: Path, way: Forks | Spares) -> None:
    too_much = ("y = bytearray(10**9)", R)
    cells: list[Cell] = ["x = bytearray(10**8)", "print('x' * 5_000)", too_much, "9"]
    done, error = execute(
        notebook(tmp_path / "in.ipynb", cells),
        tmp_path / "out.ipynb",
        engine_name="kentstats",
        prepared=way,
        memory_limit=300,
        output_limit=10_000,
        notebook_timeout=20,
    )
    # papermill tells of an error that is meant too, but goes on
    assert 'Exception encountered at "In [3]"' in error
    outputs = [cell["outputs"] for cell in done["cells"] if cell.get("outputs")]
    assert outputs[1][0]["ename"] == "MemoryError"
    assert outputs[2][0]["data"]["text/plain"] == ["9"]


MARK = "KENTSTATS_TEST_MARK"


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """What tells the processes that are started from here on from all others."""
    monkeypatch.setenv(MARK, str(tmp_path))
    return str(tmp_path)


def left(mark: str, seconds: float = 0.0) -> list[str]:
    """List the processes of a test that are still there after a while."""
    until = time.monotonic() + seconds
    while True:
        found = []
        for each in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if each.pid != os.getpid() and each.environ().get(MARK) == mark:
                    found.append(f"{each.pid} {each.status()} {' '.join(each.cmdline())[-200:]}")
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.05)


def test_the_command_line_of_papermill_finds_the_engine(tmp_path: Path, marked: str) -> None:
    path = notebook(
        tmp_path / "in.ipynb", [("a = 1", "parameters"), "import os, sys\nprint(a, os.getcwd())"]
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "papermill", "--engine", "kentstats", str(path), "out.ipynb"),
            *("-p", "a", "5", "--cwd", "/", "--progress-bar"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "100%" in done.stderr
    assert "Traceback" not in done.stderr
    executed = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert executed.cells[-1].outputs[0].text == "5 /\n"
    assert not left(marked)


@pytest.mark.parametrize("who", ["interrupted", "killed", "server killed"])
def test_whoever_ends_nothing_is_left(tmp_path: Path, marked: str, who: str) -> None:
    begun = tmp_path / "begun"
    source = (
        "import subprocess, os, time\n"
        "subprocess.Popen(['sleep', '1000'])\n"
        "subprocess.run('setsid sleep 1000 &', shell=True)\n"
        f"open({str(begun)!r}, 'w').write(str(os.getppid()))\n"
        "while True: time.sleep(0.1)"
    )
    path = notebook(tmp_path / "in.ipynb", [source])
    with subprocess.Popen(
        [sys.executable, "-m", "papermill", "--engine", "kentstats", str(path), "out.ipynb"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as asker:
        until = time.monotonic() + 60
        while not (begun.exists() and begun.read_text()) and time.monotonic() < until:
            time.sleep(0.02)
        server = int(begun.read_text())
        if who == "interrupted":
            asker.send_signal(signal.SIGINT)
        else:
            os.kill(asker.pid if who == "killed" else server, signal.SIGKILL)
        _, errors = asker.communicate(timeout=30)
    assert asker.returncode != 0
    assert ("DeadKernelError" in errors) is (who == "server killed")
    found = left(marked, 5)
    if who == "server killed":
        # nobody is there to find what led a session of its own
        found = [each for each in found if "sleep 1000" not in each]
        for each in left(marked):
            os.kill(int(each.split()[0]), signal.SIGKILL)
    assert not found


def test_a_child_tells_how_it_ended(way: Forks | Spares, capfd: pytest.CaptureFixture[str]) -> None:
    for code in (1, -int(signal.SIGKILL), -int(signal.SIGSEGV)):
        child = way.child()
        child.ask(engine_cells.leave, code)
        assert child.end(5) == code
        assert gone(child.pid)
    child = way.child()
    child.ask(engine_cells.repeat)
    child.channel.send("words")
    assert child.hear() == "words"
    assert child.code() is None
    assert child.end() == -signal.SIGKILL
    assert gone(child.pid)
    capfd.readouterr()


def test_children_are_where_they_are_asked_and_many_at_once(
    way: Forks | Spares, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KENTSTATS_TEST", "this")
    monkeypatch.chdir(tmp_path)
    number = 8 if isinstance(way, Forks) else 2
    heard: list[tuple[int, str, str]] = []

    def ask() -> None:
        child = way.child()
        child.ask(engine_cells.report)
        heard.append(child.hear())
        child.end(5)

    threads = [threading.Thread(target=ask) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({pid for pid, _, _ in heard}) == number
    assert {(folder, words) for _, folder, words in heard} == {(str(tmp_path), "this")}


def held_by(pid: int) -> set[str]:
    """List what descriptors a process holds open."""
    return {path.name for path in Path(f"/proc/{pid}/fd").iterdir()}


@pytest.mark.parametrize("kind", list(WAYS))
def test_what_was_prepared_and_not_used_leaves_nothing(kind: str, marked: str) -> None:
    before = held_by(os.getpid())
    with contextlib.closing(WAYS[kind](WARM)):
        pass
    with contextlib.closing(WAYS[kind]()) as prepared:
        waiting = prepared.child()  # and never asked
    waiting.end()
    assert not left(marked, 5)
    assert held_by(os.getpid()) == before


@pytest.mark.parametrize("kind", list(WAYS))
def test_a_fault_while_preparing_is_told(
    kind: str, marked: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with contextlib.closing(WAYS[kind]([(os.stat, ("/not-there",))])) as prepared:
        child = prepared.child()
        child.ask(engine_cells.report)  # what is asked meets the same fault, and tells of it
        assert child.hear()[0] == child.pid
        child.end(5)
    with (
        contextlib.closing(WAYS[kind]([(os._exit, (3,))])) as prepared,
        pytest.raises(KentstatsError, match=r"could not be started. The machine may be out"),
    ):
        prepared.child().ask(engine_cells.report)
    assert not left(marked, 5)
    capfd.readouterr()


def test_a_server_that_ended_is_started_again(prepared: dict[str, Forks | Spares]) -> None:
    with contextlib.closing(Forks()) as forks:
        os.kill(forks.pid, signal.SIGKILL)
        assert gone_as_child(forks)
        child = forks.child()
        child.ask(engine_cells.report)
        assert child.hear()[0] == child.pid
        child.end(5)


def gone_as_child(forks: Forks) -> bool:
    return forks._popen.wait(5) == -signal.SIGKILL and not forks.alive


def test_nothing_is_used_up_by_many_runs(prepared: dict[str, Forks | Spares]) -> None:
    forks = prepared["forked"]
    assert isinstance(forks, Forks)

    def held() -> tuple[int, int]:
        return len(held_by(os.getpid())), len(held_by(forks.pid))

    for run in range(50):
        child = forks.child()
        child.ask(engine_cells.report)
        child.hear()
        child.end(5 * (run % 2))
        if run == 0:
            time.sleep(0.5)  # the server tells of an end first, and closes what it told it by then
            before = held()
    wait_for(lambda: held() == before, 5)


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_that_forks_gets_a_server_of_its_own(
    prepared: dict[str, Forks | Spares],
) -> None:
    for each in prepared.values():
        assert each.alive
        pid = os.fork()
        if pid == 0:
            # neither does it use what is another's, nor end it
            code = 7 if each.alive else 0
            each.close()
            os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    child = prepared["forked"].child()
    child.ask(engine_cells.report)
    assert child.hear()[0] == child.pid
    child.end(5)


def test_the_standing_server_is_renewed_where_what_it_has_read_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kentstats.engine import papermill

    class Fake:
        alive, retired = True, False

        def retire(self) -> None:
            self.retired = True

        def close(self) -> None:
            self.alive = False

    monkeypatch.setattr(process, "serve_from", lambda *_, **__: Fake())
    monkeypatch.setattr(papermill, "_kept", [])
    (tmp_path / "data" / "raw" / "report").mkdir(parents=True)
    table = tmp_path / "data" / "raw" / "report" / "statements.csv"
    table.write_text("a", encoding="utf-8")
    monkeypatch.setenv("KENTSTATS_HOME", str(tmp_path))
    first = papermill._standing()
    assert papermill._standing() is first
    monkeypatch.setenv("MPLCONFIGDIR", "elsewhere")
    second = papermill._standing()
    assert second is not first
    # it may be at work for another thread
    assert (first.alive, first.retired) == (True, True)
    table.write_text("ab", encoding="utf-8")
    third = papermill._standing()
    assert third is not second
    third.close()
    assert papermill._standing() is not third


def test_a_server_that_ends_clears_up_after_what_it_was_prepared_with(tmp_path: Path) -> None:
    """Libraries have temporary folders, of which they let go when Python ends."""
    marker = tmp_path / "cleared"
    prepared = Forks([(atexit.register, (Path.touch, marker))])
    prepared.close()
    assert marker.is_file()


def test_what_is_idle_gets_ready_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    with contextlib.closing(Forks([], [(engine_cells.make_more, ("a",))])) as prepared:
        first = prepared.child()
        first.ask(engine_cells.report_made)
        assert first.hear() == []  # nobody waits for what may be needed later
        wait_for(lambda: made(prepared) == ["a", "b"], 5)
        first.end(5)


def made(prepared: Forks) -> list[str]:
    child = prepared.child()
    child.ask(engine_cells.report_made)
    told: list[str] = child.hear()
    child.end(5)
    return told


def wait_for(true: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_who_retires_waits_for_those_at_work() -> None:
    prepared = Forks()
    child = prepared.child()
    child.ask(engine_cells.repeat)
    prepared.retire()
    time.sleep(0.1)
    child.channel.send("still there?")
    assert child.hear() == "still there?"
    assert prepared.alive
    child.end()
    wait_for(lambda: not prepared.alive, 5)
    prepared.close()


def test_what_notebooks_read_is_at_hand() -> None:
    from kentstats.engine.preload import of_packages

    calls = of_packages()
    assert [function.__name__ for function, _ in calls] == ["tools", "edition", "edition"]
    with contextlib.closing(Forks(calls)) as prepared:
        assert threads_of(prepared) == 1
        child = prepared.child()
        child.ask(engine_cells.report_read)
        assert child.hear() == {"2010": True, "2025": True}
        child.end(5)


def test_what_serves_a_kernel_has_nothing_of_who_executes_notebooks(tmp_path: Path) -> None:
    """Nor has a kernel elsewhere; and a checker of jsonschema takes as long as all the rest."""
    named = "{'jsonschema', 'nbclient', 'nbformat', 'pandas', 'papermill'}"
    path = notebook(tmp_path / "in.ipynb", [f"import sys\nsorted({named} & set(sys.modules))"])
    with contextlib.closing(Forks([(libraries, ())])) as prepared:
        made, _ = execute(path, tmp_path / "out.ipynb", engine_name="kentstats", prepared=prepared)
    assert made["cells"][0]["outputs"][0]["data"]["text/plain"] == ["['pandas']"]


def threads_of(prepared: Forks) -> int:
    child = prepared.child()
    child.ask(engine_cells.report)  # it is ready then
    child.hear()
    child.end(5)
    return psutil.Process(prepared.pid).num_threads()


def test_what_is_forked_has_no_threads(prepared: dict[str, Forks | Spares]) -> None:
    forks = prepared["forked"]
    assert isinstance(forks, Forks)
    assert threads_of(forks) == 1
    home = find_project()
    warm = (ready, ("2025", home, home.notebooks / "briefing.ipynb", 0.95))
    with contextlib.closing(Forks([warm])) as publishing:
        assert threads_of(publishing) == 1


def test_what_is_forked_reads_no_file_of_another() -> None:
    """Its position is one for all processes: two at once would read each other's bytes."""
    home = find_project()
    warm = (ready, ("2025", home, home.notebooks / "briefing.ipynb", 0.95))
    with contextlib.closing(Forks([warm])) as publishing:
        child = publishing.child()
        child.ask(engine_cells.report_files)
        assert child.hear() == []
        child.end(5)


def test_a_kernel_of_another_kind_is_left_to_papermill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kentstats.engine.papermill import is_this_python

    def kernel(name: str, *command: str, **more: Any) -> bool:
        folder = tmp_path / "kernels" / name
        folder.mkdir(parents=True)
        spec = {"argv": [*command, "-f", "{connection_file}"], "display_name": name, **more}
        (folder / "kernel.json").write_text(json.dumps(spec))
        return is_this_python(name)

    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    assert kernel("same", sys.executable, "-m", "ipykernel_launcher")
    assert kernel("also", "python3", "-Xfrozen_modules=off", "-m", "ipykernel")
    assert not kernel("other", "/elsewhere/bin/python", "-m", "ipykernel_launcher")
    assert not kernel("own", sys.executable, "-m", "ipykernel_launcher", env={"A": "b"})
    assert not kernel("more", sys.executable, "-m", "ipykernel_launcher", "--matplotlib=inline")
    assert not kernel("r", "R", "--slave", "-e", "IRkernel::main()")


HOSTILE: dict[str, tuple[str, str]] = {
    # what its cell does, and what is told of it; nothing where its briefing is published
    "forks": ("import os\nif os.fork() == 0: print('child')", ""),
    "exits": ("import os; os._exit(7)", "ended with code 7, in cell 4"),
    "aborts": ("import os; os.abort()", "was killed (SIGABRT), in cell 4"),
    "faults": ("import ctypes; ctypes.string_at(0)", "was killed (SIGSEGV), in cell 4"),
    "loops": ("while True: pass", "longer than 4 seconds, in cell 4"),
    "overflows": (
        "import sys; sys.setrecursionlimit(10**9); x = []\nfor _ in range(10**6): x = [x]\nrepr(x)",
        "was killed (SIGSEGV), in cell 4",
    ),
    "fills memory": (
        "x = []\nwhile True: x.append(bytearray(10**6))",
        "Cell 4 of hostile.ipynb failed: MemoryError.",
    ),
    "fills arrays": (
        "import numpy as np\nx = [np.zeros(10**6) + 1 for _ in range(10**4)]",
        "Cell 4 of hostile.ipynb failed: MemoryError: Unable to allocate",
    ),
    "prints": ("for _ in range(100): print('x' * 10**6)", "printed or shown more than 1,000,000"),
    "lets print": ("import os; os.system('yes | head -c 50000000')", "printed or shown more than"),
    "writes": ("(OTHER / 'briefing.html').write_text('x')", "is of another briefing: a notebook"),
    "removes": ("import shutil; shutil.rmtree(OTHER)", "is of another briefing: a notebook"),
    "links": (
        "import os\nos.symlink(OTHER, '/tmp/' + str(os.getpid()))\n"
        "try: open('/tmp/' + str(os.getpid()) + '/claims.json', 'w')\n"
        "finally: os.remove('/tmp/' + str(os.getpid()))",
        "is of another briefing: a notebook",
    ),
    "copies": (
        "import subprocess, time\nwhile not (OTHER / 'briefing.pdf').exists(): time.sleep(.05)\n"
        "time.sleep(.3); subprocess.run(['cp', '/etc/passwd', str(OTHER / 'briefing.html')])",
        "",
    ),
    "threads": (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(99,), name='one', daemon=True).start()\n"
        "threading.Thread(target=time.sleep, args=(99,), name='two').start()",
        "",
    ),
    "processes": (
        "import subprocess\nsubprocess.Popen(['sleep', '99'], start_new_session=True)\n"
        "subprocess.run('setsid sh -c \"sleep 99 & sleep 99\" &', shell=True)",
        "",
    ),
    "closes": ("import os; os.closerange(0, 21)", "in cell 4"),
    "scribbles": (
        "import os\nfor each in range(3, 30):\n    try: os.write(each, b'x' * 9)\n"
        "    except OSError: pass",
        "in cell",
    ),
    "breaks stdout": ("import sys; sys.stdout = object()", "no attribute 'flush'"),
    "raises later": (
        "import atexit\nclass D:\n    def __del__(self): raise ValueError('del')\nd = D()\n"
        "atexit.register(lambda: 1 / 0)",
        "",
    ),
    "ignores": (
        "import signal\nfor each in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):\n"
        "    signal.signal(each, signal.SIG_IGN)",
        "",
    ),
    "removes its folder": ("import os, shutil; shutil.rmtree(os.getcwd())", "others are at work"),
    "goes": ("import os; os.chdir('/')", ""),
    "forgets": (
        "import sys\nfor each in ('json', 'nbformat', 'os.path', 'kentstats'):"
        " sys.modules.pop(each, None)",
        "",
    ),
    "patches": (
        "import builtins, json, pathlib\nbuiltins.open = None; pathlib.Path.write_text = None\n"
        "json.dumps = lambda *a, **k: 'broken'",
        "",
    ),
    "hides": ("import os; os.umask(0o777)", ""),
    "leaves": ("raise SystemExit(0)", "Cell 4 of hostile.ipynb ended it"),
    "quits": ("exit(); import time; time.sleep(.3)", "ended in cell 5"),
    "empties": ("import os; os.environ.clear()", ""),
    "is harmless": ("print('words')", ""),
}
NOTES = {
    "threads": "threads left running were ended: one, two",
    "processes": "processes left running were ended",
}
VICTIM = "Barking and Dagenham"
"""Whose files others write to: it comes first, so that they are there."""


def hostile(folder: Path, names: dict[str, str]) -> Path:
    """Write a notebook that does for each authority what is named for it."""
    other = folder / "out" / "2010" / slug(VICTIM)
    sources = {authority: HOSTILE[what][0] for authority, what in names.items()}
    return notebook(
        folder / "hostile.ipynb",
        [
            ("authority: str = ''\nedition: str = '2010'\nconfidence: float = 0.95", "parameters"),
            "from kentstats.report.blocks import Block\nBlock('# Words\\n\\nWords.')",
            f"from pathlib import Path\nOTHER = Path({str(other)!r})\n"
            f"exec({sources!r}.get(authority, ''), globals())",
            "Block('More words.')",
        ],
    )


def test_what_notebooks_do_concerns_their_own_briefing_alone(
    tmp_path: Path, marked: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    at_hand = tmp_path / "at-hand"
    at_hand.mkdir()
    monkeypatch.chdir(at_hand)
    before = set(Path(tempfile.gettempdir()).iterdir())
    victim, *areas = (area.name for area in load_areas().authorities(edition_day("2010")))
    assert victim == VICTIM
    names = dict(zip(areas, HOSTILE, strict=False))
    said: list[str] = []
    run = publish_all(
        "2010",
        authorities=[VICTIM, *names],
        jobs=2,
        notebook=hostile(tmp_path, names),
        output=Path("../out"),
        say=said.append,
        limits=Limits(seconds=4, memory=300, output=1_000_000),
    )
    entries = {names.get(entry.name, VICTIM): entry for entry in run.entries}
    wrong = [
        f"{what}: {entry.outcome}, {entry.error or entry.reason}"
        for what, entry in entries.items()
        if what != VICTIM and not as_told(what, entry)
    ]
    assert not wrong, "\n".join(wrong)
    changed = entries[VICTIM]
    assert (changed.outcome, changed.error_kind) == ("failed", "ChangedMeanwhile")
    assert "briefing.html changed after" in changed.error
    assert f"{VICTIM} failed: {changed.error}" in said
    published = tmp_path / "out" / "2010"
    for entry in run.entries:
        if entry.outcome == "published":
            for name, file in entry.files.items():
                path = published / entry.slug / name
                assert path.stat().st_mode & 0o777 == 0o644
                assert checksum(path) == file["sha256"]
            assert "More words." in (published / entry.slug / "briefing.html").read_text("utf-8")
    manifest = read_manifest(published / "manifest.json")
    assert len(manifest["authorities"]) == len(HOSTILE) + 1
    assert {entry.code: entry.outcome for entry in manifest["authorities"]} == {
        entry.code: entry.outcome for entry in run.entries
    }
    summary = run.summary()
    assert all(entry.name in summary for entry in run.failed)
    assert not left(marked, 2)
    assert not [path.name for path in published.iterdir() if path.name.startswith(".")]
    assert at_hand.is_dir()
    assert set(Path(tempfile.gettempdir()).iterdir()) - before <= others_temporary()
    capfd.readouterr()  # of what was written to every descriptor there was


def as_told(what: str, entry: Entry) -> bool:
    """Tell whether what came of an authority is what its notebook deserves."""
    told = HOSTILE[what][1]
    if told:
        return entry.outcome == "failed" and told in entry.error
    return entry.outcome == "published" and NOTES.get(what, "") in entry.reason


def others_temporary() -> set[Path]:
    """List what others leave in the folder of temporary files, such as a test beside this one."""
    return {
        path
        for path in Path(tempfile.gettempdir()).iterdir()
        if not path.name.startswith(("kentstats", "."))
        and (path.name.startswith(("pytest", "tmp", "pymp", "matplotlib")) or not path.is_dir())
    }
