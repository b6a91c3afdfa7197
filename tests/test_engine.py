"""The engine: the same as papermill's own, without a trace, within limits, and never left behind."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import shutil
import signal
import subprocess
import sys
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
from engine_cells import GROUPS, R, alike, execute, execute_here, notebook
from nbformat import v4

from kentstats.engine import process
from kentstats.engine.preload import libraries
from kentstats.engine.process import Forks, Spares, serve_from
from kentstats.errors import KentstatsError
from kentstats.publish.many import Run, publish_all
from kentstats.publish.workers import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="of forks and their ends")
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
        done: tuple[Any, str] = child.channel.recv()
        return done
    finally:
        child.end()


def compare(
    path: Path, prepared: dict[str, Forks | Spares], *, racy: bool = False, **options: Any
) -> None:
    """Execute in every way, and compare with plain papermill, which goes on at the same time."""

    def out(name: str) -> Path:
        return path.with_name(f"{name}.{path.name}")

    plain = subprocess.Popen(
        [
            *(sys.executable, "-W", "ignore", str(Path(engine_cells.__file__))),
            *(str(path), str(out("plain")), json.dumps(options)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    done = {
        name: execute(path, out(name), engine_name="kentstats", prepared=each, **options)
        for name, each in prepared.items()
    }
    forked = prepared["forked"]
    assert isinstance(forked, Forks)
    done["here"] = in_a_child(forked, path, out("here"), **options)
    error, _ = plain.communicate(timeout=120)
    wanted = alike(json.loads(out("plain").read_text("utf-8")), error, racy=racy)
    for name, each in done.items():
        # papermill notes where the notebook is written
        found = alike(*each, racy=racy).replace(str(out(name)), str(out("plain")))
        difference = "\n".join(
            difflib.unified_diff(wanted.splitlines(), found.splitlines(), "plain", name, "", "", 4)
        )
        assert not difference, difference[:4000]


@pytest.mark.parametrize("group", GROUPS)
def test_hard_cells_give_what_plain_papermill_gives(
    tmp_path: Path, prepared: dict[str, Forks | Spares], group: str
) -> None:
    path = notebook(tmp_path / "cells.ipynb", GROUPS[group])
    compare(path, prepared, racy=group == "processes", parameters={"a": 5})


@pytest.mark.parametrize("name", [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))])
def test_notebooks_of_the_project_give_what_plain_papermill_gives(
    tmp_path: Path, prepared: dict[str, Forks | Spares], name: str
) -> None:
    path = Path(shutil.copy(ROOT / "notebooks" / f"{name}.ipynb", tmp_path))
    compare(path, {"forked": prepared["forked"]})
