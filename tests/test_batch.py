"""Publishing many: one failure stops nothing else, and what is up to date is left alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, kentstats
from filelock import FileLock

import kentstats as package
from kentstats.errors import KentstatsError, NotebookError, ParameterError, RenderError
from kentstats.project import Project
from kentstats.publish import batch, manifest
from kentstats.publish import quarto as quarto_route
from kentstats.publish.batch import Run, publish_all
from kentstats.publish.briefing import BriefingTask
from kentstats.publish.manifest import GROUPS, Entry, read_manifest

THREE = ["Kent", "Medway", "Essex"]
FILES = ("briefing.html", "briefing.pdf", "claims.json", "facts.csv")


def make(task: BriefingTask) -> dict[str, dict[str, Any]]:
    """Stand in for ``make_briefing``: do what ``plan.json`` says, and note that it was called."""
    with (task.output.parent / "calls.txt").open("a", encoding="utf-8") as calls:
        calls.write(f"{task.authority}\n")
    plan = task.output / "plan.json"
    what = json.loads(plan.read_text()).get(task.authority) if plan.exists() else None
    if what == "refuse":
        kept = task.failed_folder / "briefing.ipynb"
        raise NotebookError("Cell 7 failed.", f"It is kept: {kept}. See /usr/lib/python/x.py.")
    if what == "crash":
        raise LookupError("no such share")
    tempfile.mkdtemp(prefix=f".{task.folder.name}-", dir=task.folder.parent)  # left behind
    if what == "exit":
        os._exit(7)
    if what == "slow":
        time.sleep(600)
    task.folder.mkdir(exist_ok=True)
    for name in FILES:
        (task.folder / name).write_text(f"{name} of {task.authority}", encoding="utf-8")
    return manifest.published_files(task.folder, FILES)


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Publish nothing, and prepare nothing for it."""
    monkeypatch.setattr(batch, "make_briefing", make)
    monkeypatch.setattr(batch, "prepare", lambda task: None)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def plan(output: Path, **what: str) -> None:
    (output / "plan.json").write_text(json.dumps(what), encoding="utf-8")


def calls(output: Path) -> list[str]:
    """Return who was published since the last time this was asked."""
    path = output.parent / "calls.txt"
    made = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    path.unlink(missing_ok=True)
    return made


def go(output: Path, **options: Any) -> Run:
    return publish_all("2010", **{"authorities": THREE, "output": output, **options})


def outcomes(done: Run) -> dict[str, str]:
    return {entry.name: entry.outcome for entry in done.entries}


def debris(output: Path) -> list[str]:
    return sorted(path.name for path in (output / "2010").glob(".*") if path.is_dir())


def manifest_of(output: Path) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((output / "2010" / "manifest.json").read_text("utf-8"))
    return written


def test_every_authority_is_published_and_then_left_alone(output: Path) -> None:
    said: list[str] = []
    done = publish_all("2010", output=output, say=said.append, jobs=2)
    assert len(done.entries) == len(calls(output)) == 152
    assert {entry.outcome for entry in done.entries} == {"published"}
    assert said == [
        "152 authorities: 152 to do, 0 unchanged.",
        "152 authorities: it is not published yet.",
    ]
    again = publish_all("2010", output=output, say=said.append)
    assert calls(output) == []
    assert said[2:] == ["152 authorities: 0 to do, 152 unchanged."]
    assert again.summary() == (
        f"152 authorities in {again.seconds:.0f} s: 0 failed, 0 published, 152 unchanged."
    )
    assert manifest_of(output)["counts"] == {"failed": 0, "published": 0, "unchanged": 152}
    assert debris(output) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_failures_stop_nothing_else(output: Path, jobs: int) -> None:
    plan(output, Barnet="refuse", Essex="crash", Kent="exit")
    said: list[str] = []
    done = go(output, authorities=["Barnet", *THREE], jobs=jobs, say=said.append)
    kinds = {entry.name: entry.error_kind for entry in done.failed}
    assert kinds == {"Barnet": "NotebookError", "Essex": "LookupError", "Kent": "ProcessDied"}
    assert outcomes(done)["Medway"] == "published"
    assert "Essex failed: no such share" in said
    assert manifest_of(output)["counts"] == {"failed": 3, "published": 1, "unchanged": 0}
    assert debris(output) == []
    text = (output / "2010" / "manifest.json").read_text("utf-8")
    assert "Cell 7 failed. It is kept: failed/2010/barnet/briefing.ipynb. See …/x.py." in text
    for path in (output, ROOT, Path.home(), Path(sys.prefix)):
        assert f"{path}/" not in text


def test_what_failed_is_published_again_and_its_earlier_files_stay_listed(output: Path) -> None:
    before = go(output).entries[0].files
    plan(output, Essex="crash")
    (output / "2010" / "essex" / "facts.csv").unlink()
    assert outcomes(go(output))["Essex"] == "failed"
    assert manifest_of(output)["authorities"][0]["files"] == before
    calls(output)
    plan(output)
    done = go(output)
    assert calls(output) == ["Essex"]
    assert done.entries[0].reason == "it failed last time"


def test_each_file_is_listed_with_its_checksum_and_what_is_not_ours_is_not(output: Path) -> None:
    mine = output / "2010" / "kent" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    (entry,) = go(output, authorities=["E10000016"]).entries
    assert entry.reason == "there is no record of it"
    assert (entry.name, entry.code, entry.slug) == ("Kent", "E10000016", "kent")
    assert list(entry.files) == list(FILES)
    assert entry.files["facts.csv"]["size"] == len("facts.csv of Kent")
    assert list(entry.inputs) == list(GROUPS)
    assert read_manifest(output / "2010" / "manifest.json")["authorities"] == [entry]
    mine.write_text("mine, changed")
    assert outcomes(go(output, authorities=["Kent"])) == {"Kent": "unchanged"}


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


CHANGES = {
    "raw/official-2010/edition.yml": GROUPS["tables"],
    "raw/areas/successions.csv": GROUPS["tables"],
    "raw/ofsted-kent-2010/tensions.csv": GROUPS["report"],
    "notebooks/briefing.ipynb": GROUPS["notebook"],
    "reports/template/briefing.css": GROUPS["templates"],
    "reports/template/index.css": "nothing changed",
    "raw/official-2025/edition.yml": "nothing changed",
    "kent/briefing.pdf": "briefing.pdf was changed",
    "kent": "its folder is missing",
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_changed_is_published_again_and_said(home: Project, output: Path, name: str) -> None:
    go(output, authorities=["Kent", "Essex"])
    calls(output)
    ours = name.startswith("kent")
    path = (output / "2010" if ours else home.root) / name.replace("raw/", "data/raw/")
    if path.is_dir():
        shutil.rmtree(path)
    else:
        change(path)
    entry = go(output, authorities=["Kent", "Essex"]).entries[1]
    assert entry.reason == CHANGES[name]
    expected = ["Kent"] if ours or "kent" in name else ["Essex", "Kent"]
    assert calls(output) == ([] if CHANGES[name] == "nothing changed" else expected)
    assert set(outcomes(go(output, authorities=["Kent", "Essex"])).values()) == {"unchanged"}


def test_code_versions_parameters_and_renderer_are_inputs_too(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reason(**options: Any) -> str:
        (entry,) = go(output, authorities=["Kent"], **options).entries
        return entry.reason

    assert reason() == "it is not published yet"
    assert reason(parameters={"confidence": "0.99"}) == "a parameter changed"
    assert reason(parameters={"confidence": "0.990"}) == "nothing changed"
    assert reason(force=True, parameters={"confidence": "0.99"}) == "it was asked for"
    assert reason() == "a parameter changed"
    versions = {"python": "4.0"}
    for module in (batch, manifest):
        monkeypatch.setattr(module, "installed_versions", lambda renderer: dict(versions))
    assert reason() == GROUPS["versions"]
    monkeypatch.setattr(quarto_route, "find_quarto", lambda: "quarto")
    versions["quarto"] = "1.9.1"
    assert reason(renderer="auto") == f"{GROUPS['versions']}; {GROUPS['renderer']}"
    assert manifest_of(output)["versions"] == {"python": "4.0", "quarto": "1.9.1"}


@pytest.mark.parametrize("name", ["charts/new.py", "indicators.yml"])
def test_every_file_of_the_code_is_an_input(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    copy = tmp_path / "kentstats"
    shutil.copytree(Path(package.__file__).parent, copy)
    monkeypatch.setattr(manifest.kentstats, "__file__", str(copy / "__init__.py"))
    go(output, authorities=["Kent"])
    with (copy / name).open("a", encoding="utf-8") as file:
        file.write("# another line\n")
    assert go(output, authorities=["Kent"]).entries[0].reason == "the code changed"


def test_authorities_left_out_stay_and_those_that_are_gone_are_left_over(
    home: Project, output: Path
) -> None:
    go(output)
    go(output, authorities=["Kent"], force=True)
    assert len(manifest_of(output)["authorities"]) == 3
    (output / "2010" / "medway").rename(output / "2010" / "medway-towns")
    done = go(output, authorities=["Kent", "Essex"])
    assert done.left_over == ("medway-towns",)
    assert "Left over, of no authority of this edition: medway-towns." in done.summary()
    assert (output / "2010" / "medway-towns" / "briefing.html").is_file()


DAMAGES: list[tuple[Callable[[Any], Any], str]] = [
    (lambda written: "{", "is damaged."),
    (lambda written: "[]", "is damaged."),
    (lambda written: {**written, "schema": 0}, "is of schema 0, where this is 2."),
    (lambda written: {**written, "edition": "2025"}, "is of edition 2025."),
    (lambda written: {**written, "authorities": ["Kent"]}, "is damaged."),
    (lambda written: {**written, "authorities": [{"name": "Kent"}]}, "is damaged."),
]


@pytest.mark.parametrize(("damage", "told"), DAMAGES)
def test_a_manifest_that_is_no_good_is_told_and_ignored(
    output: Path, damage: Callable[[Any], Any], told: str
) -> None:
    go(output, authorities=["Kent"])
    path = output / "2010" / "manifest.json"
    bad = damage(manifest_of(output))
    path.write_text(json.dumps(bad) if isinstance(bad, dict) else bad, encoding="utf-8")
    said: list[str] = []
    (entry,) = go(output, authorities=["Kent"], say=said.append).entries
    assert said[0] == f"The manifest {path} {told} It is ignored: everything is done again."
    assert (entry.outcome, entry.reason) == ("published", "there is no record of it")


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"jobs": 0}, ParameterError, "There are 0 jobs. Give a whole number, 1 or more."),
        ({"authorities": ["Kent", "Knet"]}, ParameterError, "no authority “Knet”. Did you mean K"),
        ({"authorities": ["Cumberland"]}, ParameterError, "Cumberland began on 1 April 2023."),
        ({"parameters": {"confidense": "1"}}, ParameterError, "no parameter “confidense”"),
        ({"parameters": {"authority": "Kent"}}, ParameterError, "Name authorities instead."),
        ({"notebook": Path("no.ipynb")}, KentstatsError, "no.ipynb cannot be read"),
        ({"renderer": "quarto"}, RenderError, "Quarto is not on the PATH."),
        ({"store": "memory://x"}, ParameterError, "A store is for a cluster."),
    ],
)
def test_what_is_not_known_is_told_before_anything_is_made(
    output: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], kind: type, told: str
) -> None:
    monkeypatch.setattr(quarto_route, "find_quarto", lambda: None)
    with pytest.raises(kind) as caught:
        go(output, **options)
    assert told in str(caught.value)
    assert list(output.iterdir()) == []
    with pytest.raises(ParameterError, match="no edition “2011”"):
        publish_all("2011", output=output)


def test_the_summary_has_failures_first_and_fits() -> None:
    entries = (
        Entry("Essex", "E10000012", "essex", "published", "the notebook changed", seconds=4.04),
        Entry("Kent", "E10000016", "kent", "failed", error="Cell 7 failed. " * 8, seconds=12.5),
        Entry("Medway", "E06000035", "medway", "unchanged", "nothing changed", seconds=3),
    )
    lines = Run(entries, Path("manifest.json"), (), 17.2).summary(72).splitlines()
    assert lines[2].startswith("Kent       failed        12.5  Cell 7 failed. Cell 7")
    assert lines[3].startswith(" " * 31)
    assert lines[-3] == "Essex      published      4.0  the notebook changed"
    assert lines[-1] == "3 authorities in 17 s: 1 failed, 1 published, 1 unchanged."
    assert max(map(len, lines)) <= 72


@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_sees_how_far_it_is_and_a_file_does_not(
    output: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: bool,
) -> None:
    plan(output, Essex="crash")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    go(output, progress=True)
    shown = capsys.readouterr().err
    assert ("3/3" in shown and "some failed" in shown) is terminal
    assert bool(shown) is terminal


def test_two_runs_do_not_mix(output: Path) -> None:
    (output / "2010").mkdir()
    with FileLock(output / "2010" / ".lock"):
        with pytest.raises(KentstatsError, match=r"Another run is publishing to .*--output"):
            go(output)
        assert go(output.parent / "elsewhere", authorities=[]).entries == ()
    assert len(go(output).entries) == 3


def test_what_killed_runs_left_is_removed(output: Path) -> None:
    left = output / "2010" / ".brent-abcd1234"
    left.mkdir(parents=True)
    (left / "briefing.html").write_text("half")
    go(output, authorities=["Kent"])
    assert debris(output) == []


SCRIPT = """
import signal, sys
from pathlib import Path
from kentstats.publish import batch
from kentstats.publish.briefing import BriefingTask
from test_batch import THREE, make

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    batch.make_briefing, batch.prepare = make, lambda task: None
    try:
        batch.publish_all("2010", authorities=THREE, jobs=2, output=Path(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_goes_on_where_it_stopped(
    output: Path, asked: signal.Signals
) -> None:
    plan(output, Medway="slow")  # the last of the three
    script = output.parent / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(script), str(output)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        while not (list((output / "2010").glob(".medway-*")) and _done(output, "Essex", "Kent")):
            assert running.poll() is None
            time.sleep(0.05)
        # Ctrl-C is for every process of the terminal, an end for the one that is asked
        send = os.killpg if asked is signal.SIGINT else os.kill
        send(running.pid, asked)
        _, errors = running.communicate(timeout=60)
        assert running.returncode == (-asked if asked is signal.SIGKILL else 128 + asked)
        assert errors == ""
    assert not (output / "2010" / "medway").exists()
    assert manifest_of(output)["finished"] is None
    if asked is not signal.SIGKILL:
        assert debris(output) == []
    calls(output)
    plan(output)
    assert outcomes(go(output)) == {
        "Essex": "unchanged",
        "Kent": "unchanged",
        "Medway": "published",
    }
    assert calls(output) == ["Medway"]
    assert debris(output) == []


def _done(output: Path, *names: str) -> bool:
    path = output / "2010" / "manifest.json"
    written = (
        {entry["name"] for entry in manifest_of(output)["authorities"]} if path.exists() else ()
    )
    return set(names) <= set(written)


def test_status_says_of_every_briefing_whether_it_is_up_to_date(
    home: Project, published: Path, tmp_path: Path
) -> None:
    real = kentstats("briefing", "Medway", "--output", "out", cwd=tmp_path)
    assert real.returncode == 0, real.stderr
    up_to_date = "Medway: published and up to date: out/2010/medway"
    assert up_to_date in kentstats("status", "--output", "out", cwd=tmp_path).stdout
    for path, group in (
        (home.raw / "official-2010" / "periods.csv", "tables"),
        (home.reports / "template" / "briefing.typ", "templates"),
        (home.notebooks / "briefing.ipynb", "notebook"),
    ):
        text = path.read_bytes()
        change(path)
        told = kentstats("status", "--output", "out", cwd=tmp_path).stdout
        assert f"Medway: published, but {GROUPS[group]}: out/2010/medway" in told
        path.write_bytes(text)
    assert up_to_date in kentstats("status", "--output", "out", cwd=tmp_path).stdout
