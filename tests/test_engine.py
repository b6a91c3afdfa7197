"""The engine: the same as papermill's own, without a trace, within limits, and never left behind."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engine_cells
import psutil
import pytest
from conftest import ROOT
from engine_cells import GROUPS, Cell, R, alike, execute, execute_here, notebook

from kentstats.engine import process
from kentstats.engine.preload import libraries
from kentstats.engine.process import Forks, Spares

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
    "exit": (["exit()", "import time; time.sleep(1)", "print(3)"], {}),
    "exit, and stay": (["exit(keep_kernel=True)", "print(2)"], {}),
    "death": (["import os\nprint('so far')\nos._exit(3)", "print(2)"], {}),
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
    path = notebook(
        tmp_path / "in.ipynb", ["x = bytearray(10**8)", "print('x' * 5_000)", R_CELL, "9"]
    )
    done, error = execute(
        path,
        tmp_path / "out.ipynb",
        engine_name="kentstats",
        prepared=way,
        memory_limit=300,
        output_limit=10_000,
        notebook_timeout=20,
    )
    assert not error
    assert done["cells"][-2]["outputs"][0]["ename"] == "MemoryError"
    assert done["cells"][-1]["outputs"][0]["data"]["text/plain"] == ["9"]


R_CELL = ("y = bytearray(10**9)", R)
