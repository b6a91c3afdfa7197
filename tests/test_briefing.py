"""Publishing: what is checked first, what stays when something fails."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from kentstats.areas import load_areas
from kentstats.errors import (
    DataError,
    KentstatsError,
    NotebookError,
    ParameterError,
    RenderError,
)
from kentstats.load import edition_day, editions
from kentstats.project import Project
from kentstats.publish import briefing
from kentstats.publish.briefing import publish, slug
from kentstats.publish.manifest import remove_leftovers, temporary_folder
from kentstats.publish.notebook import declared_parameters, effective_parameters
from kentstats.publish.pool import Limits

FILES = [
    *("briefing.ipynb", "facts.csv", "judgements.csv", "actions.csv", "statements.csv"),
    *("claims.json", "briefing.html", "briefing.pdf"),
]
PARAMETERS = 'name: str = "Kent"  # who\nyear = 2010\nshare: float = 0.5\nmade = name.upper()'


@pytest.fixture
def yesterday(tmp_path: Path) -> Path:
    """A briefing published before, and a file of the user's own beside it."""
    folder = tmp_path / "out" / "2010" / "kent"
    folder.mkdir(parents=True)
    for name in (*FILES, "notes.txt"):
        (folder / name).write_text(f"yesterday's {name}", encoding="utf-8")
    return folder


def untouched(folder: Path) -> bool:
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    return there == {name: f"yesterday's {name}" for name in (*FILES, "notes.txt")} and [
        path.name for path in folder.parent.iterdir()
    ] == ["kent"]


def nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*args: object, **kwargs: object) -> None:
        raise AssertionError("a notebook was executed")

    monkeypatch.setattr(briefing, "run_tasks", start)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"authority": "Knet"}, "no authority “Knet”. Did you mean Kent or Barnet?"),
        ({"authority": "South East"}, "South East is a region, not an authority. Name one of its"),
        ({"authority": "Cumberland"}, "Cumberland began on 1 April 2023. Until then it was “Cum"),
        ({"authority": "Cumbria", "edition": "2025"}, "Cumbria ended on 31 March 2023. It was"),
        ({"edition": "2011"}, "no edition “2011”. Did you mean 2010?"),
        ({"parameters": {"authority": "Medway"}}, "authority is given twice. Give it as AUTHORITY"),
        ({"parameters": {"edition": "2025"}}, "edition is given twice. Give it as --edition"),
        ({"parameters": {"confidense": "0.9"}}, "no parameter “confidense”. Did you mean conf"),
        ({"parameters": {"confidence": "95"}}, "confidence is 95. Give a fraction"),
        ({"parameters": {"confidence": "nan"}}, "confidence is nan. Give a fraction"),
    ],
)
def test_what_is_not_known_stops_before_a_notebook_runs(
    yesterday: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: dict[str, object],
    told: str,
) -> None:
    nothing_runs(monkeypatch)
    options = {"authority": "Kent", "edition": "2010", **arguments}
    with pytest.raises(ParameterError) as caught:
        publish(**options, output=yesterday.parent.parent)  # type: ignore[arg-type]
    assert told in str(caught.value)
    assert untouched(yesterday)


def test_faulty_sources_stop_before_a_notebook_runs_and_are_all_told(
    yesterday: Path, raw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing_runs(monkeypatch)
    for name, old, new in (
        ("facts.csv", ",1362,", ",many,"),
        ("judgements.csv", ",4,heading", ",5,heading"),
    ):
        text = (raw / name).read_text(encoding="utf-8")
        (raw / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        publish("Kent", "2010", output=yesterday.parent.parent)
    assert "facts.csv, line 28, column value: “many” is no number." in str(caught.value)
    assert "judgements.csv, line 2, column grade: “5” is no grade." in str(caught.value)
    assert untouched(yesterday)


def break_notebook(home: Project, source: str) -> None:
    path = home.notebooks / "briefing.ipynb"
    notebook = nbformat.read(path, as_version=4)
    place = next(at for at, cell in enumerate(notebook.cells) if "notes.method" in cell.source)
    notebook.cells[place].source = source  # nothing below needs this cell
    nbformat.write(notebook, path)


def test_a_cell_that_fails_leaves_yesterday_and_keeps_the_broken_notebook(
    yesterday: Path, home: Project
) -> None:
    break_notebook(home, "raise LookupError('no such share')")
    with pytest.raises(NotebookError) as caught:
        publish("Kent", "2010", output=yesterday.parent.parent)
    kept = yesterday.parent.parent.parent / "failed" / "2010" / "kent" / "briefing.ipynb"
    assert "failed: LookupError: no such share" in str(caught.value)
    assert str(kept) in str(caught.value)
    assert "no such share" in kept.read_text(encoding="utf-8")
    assert untouched(yesterday)


def test_a_document_that_cannot_be_rendered_leaves_yesterday(
    yesterday: Path, home: Project
) -> None:
    break_notebook(home, "from kentstats.report.blocks import Block\nBlock('[x](#nowhere-at-all)')")
    with pytest.raises(RenderError, match=r"(?s)Typst refuses.*nowhere-at-all"):
        publish("Kent", "2010", output=yesterday.parent.parent)
    assert untouched(yesterday)


def test_an_unfinished_briefing_is_not_put_in_place(
    yesterday: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for write in ("write_html", "write_pdf"):
        monkeypatch.setattr(briefing, write, lambda *args: None)
    with pytest.raises(KentstatsError, match=r"lacks briefing.html, briefing.pdf. Nothing was"):
        publish("Kent", "2010", output=yesterday.parent.parent)
    assert untouched(yesterday)


@pytest.mark.parametrize(
    ("source", "limits", "told"),
    [
        (
            "while True: pass",
            Limits(seconds=15),
            r"It took longer than 15 seconds.*, and was stopped. Allow more with --time-limit",
        ),
        (
            "import os; os._exit(3)",
            Limits(),
            r"ended with code 3, in cell \d+. It may have run out",
        ),
        ("x = bytearray(10**9)", Limits(memory=300), r"Cell \d+ of briefing.ipynb failed: MemoryE"),
        ("exit()", Limits(), r"Cell \d+ of briefing.ipynb ended it: what follows was not executed"),
        (
            "import kentstats; kentstats.load_facts(authority='Knet')",
            Limits(),
            r"failed: There is no",
        ),
    ],
)
def test_a_cell_that_does_not_end_well_is_named(
    yesterday: Path, home: Project, source: str, limits: Limits, told: str
) -> None:
    break_notebook(home, source)
    with pytest.raises(NotebookError, match=told):
        publish("Kent", "2010", output=yesterday.parent.parent, limits=limits)
    assert untouched(yesterday)


def test_what_a_killed_run_left_is_removed_and_what_is_at_work_is_not(yesterday: Path) -> None:
    left = yesterday.parent / ".kent-abcd1234"
    left.mkdir()
    (left / ".lock").write_text("")
    with temporary_folder(yesterday) as at_work:
        remove_leftovers(yesterday.parent)
        assert at_work.is_dir()
        assert not left.exists()
    left.mkdir()
    publish("Kent", "2010", output=yesterday.parent.parent)
    assert [path.name for path in yesterday.parent.iterdir()] == ["kent"]


def test_a_new_briefing_replaces_the_old_and_spares_what_is_not_ours(yesterday: Path) -> None:
    said: list[str] = []
    done = publish(
        "886",
        "2010",
        parameters={"confidence": "0.99"},
        output=yesterday.parent.parent,
        say=said.append,
    )
    assert done == yesterday
    assert said == ["Renderer: embedded."]
    assert (yesterday / "notes.txt").read_text(encoding="utf-8") == "yesterday's notes.txt"
    assert (yesterday / "briefing.pdf").read_bytes().startswith(b"%PDF")
    assert "99%" in (yesterday / "briefing.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_yesterday_and_no_debris(
    yesterday: Path, home: Project, asked: signal.Signals
) -> None:
    break_notebook(home, "import time\ntime.sleep(3600)")
    running = subprocess.Popen(
        [sys.executable, "-m", "kentstats", "briefing", "Kent", "--output", "out"],
        cwd=yesterday.parent.parent.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    waited = time.monotonic() + 60
    while not list(yesterday.parent.glob(".kent-*")) and time.monotonic() < waited:
        time.sleep(0.05)
    running.send_signal(asked)
    out, errors = running.communicate(timeout=60)
    # Python may end itself with the signal where it struck in code that an import
    # compiles from text; a shell calls both 130
    ended = running.returncode
    assert (128 - ended if ended < 0 else ended) == 128 + asked
    assert out == ""
    assert "Traceback" not in errors
    assert untouched(yesterday)


def test_names_become_folders() -> None:
    assert slug("Kent") == "kent"
    assert slug("City of London") == "city-of-london"
    assert slug("Bournemouth, Christchurch and Poole") == "bournemouth-christchurch-and-poole"
    for edition in editions():
        names = [area.name for area in load_areas().authorities(edition_day(edition))]
        slugs = {slug(name) for name in names}
        assert len(slugs) == len(names) > 150
        assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", each) for each in slugs)


def notebook(folder: Path, parameters: str = PARAMETERS) -> Path:
    cell = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    path = folder / "some.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    return path


def test_parameters_are_read_with_type_and_default(tmp_path: Path) -> None:
    path = notebook(tmp_path)
    assert declared_parameters(path) == {
        "name": ("str", "Kent"),
        "year": ("int", 2010),
        "share": ("float", 0.5),
    }
    effective = effective_parameters(path, {"name": "2010", "share": "1"})
    assert effective == {"name": "2010", "year": 2010, "share": 1.0}
    assert [type(value) for value in effective.values()] == [str, int, float]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"nmae": "Kent"}, r"no parameter “nmae”. Did you mean name\?"),
        ({"year": "soon"}, r"year is “soon”, which is no int. Its default is 2010"),
        ({"edition": "2010"}, r"edition is given with -p. Use --edition instead"),
    ],
)
def test_parameters_that_are_wrong_are_refused(
    tmp_path: Path, given: dict[str, str], told: str
) -> None:
    with pytest.raises(ParameterError, match=told):
        effective_parameters(notebook(tmp_path), given)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"cells": 3}'])
def test_what_is_no_notebook_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KentstatsError, match="is no notebook"):
        effective_parameters(path, {})
    with pytest.raises(KentstatsError, match=r"nothing.ipynb cannot be read: No such file"):
        effective_parameters(tmp_path / "nothing.ipynb", {})
    with pytest.raises(KentstatsError, match="its parameters are no Python"):
        effective_parameters(notebook(tmp_path, "a = = 1"), {})
