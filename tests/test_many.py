"""Publishing many: one failure stops nothing else, and what is unchanged is left alone."""

from __future__ import annotations

import io
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
from conftest import ROOT

from kentstats.areas import load_areas
from kentstats.errors import KentstatsError, NotebookError, ParameterError, RenderError
from kentstats.load import edition_day
from kentstats.project import Project
from kentstats.publish import batch as many
from kentstats.publish import inputs, lock, manifest
from kentstats.publish import quarto as quarto_route
from kentstats.publish.batch import Run, publish_all
from kentstats.publish.briefing import Published, slug
from kentstats.publish.inputs import GROUPS
from kentstats.publish.manifest import Entry, read_manifest

THREE = ["Kent", "Medway", "Essex"]
FILES = ("briefing.html", "briefing.pdf", "claims.json", "facts.csv")


def run(authority: str, edition: str, *, output: Path, renderer: str, **options: Any) -> Published:
    """Stand in for ``publish``: do what ``plan.json`` says, and note that it was called."""
    # beside the output: within it a run may write nothing but its own
    with (output.parent / "calls.txt").open("a", encoding="utf-8") as calls:
        calls.write(f"{authority}\n")
    plan = output / "plan.json"
    what = json.loads(plan.read_text()).get(authority) if plan.exists() else None
    folder = output / edition / slug(authority)
    if what == "refuse":
        kept = output.resolve().parent / "failed" / "briefing.ipynb"
        raise NotebookError("Cell 7 failed.", f"It is kept: {kept}. See /usr/lib/python/x.py.")
    if what == "crash":
        raise LookupError("no such share")
    if what == "nothing":
        return Published(folder, renderer)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    if what == "exit":
        os._exit(7)
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        if what == "slow":
            time.sleep(60)
        folder.mkdir(exist_ok=True)
        for name in FILES:
            (aside / name).write_text(f"{name} of {authority}", encoding="utf-8")
            (aside / name).replace(folder / name)
    finally:
        shutil.rmtree(aside)
    return Published(folder, renderer)


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
    # one at a time in this process, so that the calls of a test stay within it
    chosen = {"authorities": THREE, "run": run, "output": output, **options}
    return publish_all("2010", **{"isolated": chosen.get("jobs", 1) > 1, **chosen})


def outcomes(done: Run) -> dict[str, str]:
    return {entry.name: entry.outcome for entry in done.entries}


def debris(output: Path) -> list[str]:
    return sorted(path.name for path in (output / "2010").glob(".*"))


def manifest_of(output: Path) -> dict[str, Any]:
    written: dict[str, Any] = json.loads((output / "2010" / "manifest.json").read_text("utf-8"))
    return written


def test_every_authority_of_the_edition_is_published_and_then_left_alone(output: Path) -> None:
    said: list[str] = []
    done = publish_all("2010", run=run, output=output, say=said.append, isolated=False)
    assert len(done.entries) == 152
    assert {entry.outcome for entry in done.entries} == {"published"}
    assert not done.failed
    assert len(calls(output)) == 152
    assert said == [
        "152 authorities: 152 to do, 0 unchanged.",
        "152 authorities: it is not published yet.",
    ]
    assert (output / "2010" / "kent" / "briefing.html").is_file()
    again = publish_all("2010", run=run, output=output, say=said.append, isolated=False)
    assert calls(output) == []
    assert said[2:] == ["152 authorities: 0 to do, 152 unchanged."]
    assert again.summary() == (
        f"152 authorities in {again.seconds:.0f} s: 0 failed, 0 published, 152 unchanged."
    )
    assert manifest_of(output)["counts"] == {"failed": 0, "published": 0, "unchanged": 152}
    assert debris(output) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_failures_stop_nothing_else(output: Path, jobs: int) -> None:
    plan(output, Barnet="refuse", Essex="crash", Kent="nothing")
    said: list[str] = []
    done = go(output, authorities=["Barnet", *THREE], jobs=jobs, say=said.append)
    assert outcomes(done) == {
        "Barnet": "failed",
        "Essex": "failed",
        "Kent": "failed",
        "Medway": "published",
    }
    kinds = {entry.name: entry.error_kind for entry in done.failed}
    assert kinds == {"Barnet": "NotebookError", "Essex": "LookupError", "Kent": "KentstatsError"}
    assert sorted(calls(output)) == ["Barnet", "Essex", "Kent", "Medway"]
    assert "Essex failed: no such share" in said
    assert manifest_of(output)["counts"] == {"failed": 3, "published": 1, "unchanged": 0}
    assert debris(output) == []


@pytest.mark.parametrize(
    ("what", "told"),
    [("exit", "ended with code 7"), ("kill", "was killed (SIGKILL)")],
)
def test_a_process_that_dies_takes_one_authority_with_it(
    output: Path, what: str, told: str
) -> None:
    plan(output, Essex=what)
    done = go(output, authorities=["Barnet", "Brent", *THREE], jobs=2)
    assert [entry.name for entry in done.failed] == ["Essex"]
    assert done.failed[0].error_kind == "ProcessDied"
    assert f"The process at work on it {told}." in done.failed[0].error
    assert "fewer --jobs" in done.failed[0].error
    assert len(calls(output)) == 5
    assert debris(output) == []


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


def test_the_manifest_has_one_order_and_no_path_of_the_machine(output: Path) -> None:
    plan(output, Essex="refuse")
    go(output, parameters={"confidence": "0.9"})
    manifest = manifest_of(output)
    assert list(manifest) == [
        "schema", "edition", "parameters", "renderer", "versions", "tables", "started",
        "finished", "left_over", "counts", "authorities",
    ]  # fmt: skip
    assert manifest["parameters"] == {"confidence": 0.9}
    assert manifest["renderer"] == "embedded"
    assert manifest["versions"]["kentstats"]
    assert manifest["started"] <= manifest["finished"]
    assert [entry["name"] for entry in manifest["authorities"]] == ["Essex", "Kent", "Medway"]
    assert manifest["authorities"][0]["error"] == (
        "Cell 7 failed. It is kept: failed/briefing.ipynb. See …/x.py."
    )
    text = (output / "2010" / "manifest.json").read_text("utf-8")
    for path in (output, ROOT, Path.home(), Path(sys.prefix)):
        assert f"{path}/" not in text


def test_a_message_keeps_its_addresses_and_fractions() -> None:
    for text in ("See https://www.gov.uk/a/b.", "3/4 and/or 5 / 6", "At /x.", "a/b/c.csv"):
        assert manifest._portable(text, ()) == text
    assert manifest._portable("In /home/x/y.csv, line 2", ()) == "In …/y.csv, line 2"
    assert manifest._portable(r"In C:\Users\x\y.csv", ()) == "In …/y.csv"


def change(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


CHANGES: dict[str, tuple[Callable[[Project, Path], object], str]] = {
    "tables": (
        lambda home, output: change(home.raw / "official-2010" / "edition.yml"),
        "the tables of the edition changed",
    ),
    "areas": (
        lambda home, output: change(home.raw / "areas" / "successions.csv"),
        "the tables of the edition changed",
    ),
    "notebook": (
        lambda home, output: change(home.notebooks / "briefing.ipynb"),
        "the notebook changed",
    ),
    "template": (
        lambda home, output: change(home.reports / "template" / "briefing.css"),
        "the templates changed",
    ),
    "missing": (
        lambda home, output: (output / "2010/kent/briefing.pdf").unlink(),
        "briefing.pdf is missing",
    ),
    "edited": (
        lambda home, output: change(output / "2010/kent/briefing.html"),
        "briefing.html was changed",
    ),
    "gone": (
        lambda home, output: shutil.rmtree(output / "2010/kent"),
        "its folder is missing",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_changed_is_done_again_and_said(home: Project, output: Path, what: str) -> None:
    go(output, authorities=["Kent"])
    make, reason = CHANGES[what]
    make(home, output)
    said: list[str] = []
    (entry,) = go(output, authorities=["Kent"], say=said.append).entries
    assert (entry.outcome, entry.reason) == ("published", reason)
    assert said == ["1 authority: 1 to do, 0 unchanged.", f"Kent: {reason}."]
    assert calls(output) == ["Kent", "Kent"]
    assert outcomes(go(output, authorities=["Kent"])) == {"Kent": "unchanged"}


def test_a_report_that_changed_concerns_its_authority_alone(home: Project, output: Path) -> None:
    go(output)
    change(home.raw / "ofsted-kent-2010" / "tensions.csv")
    done = go(output)
    assert outcomes(done) == {"Essex": "unchanged", "Kent": "published", "Medway": "unchanged"}
    assert done.entries[1].reason == "its report changed"


def test_the_look_of_the_index_and_other_editions_concern_no_briefing(
    home: Project, output: Path
) -> None:
    go(output)
    change(home.reports / "template" / "index.css")
    change(home.raw / "official-2025" / "edition.yml")
    assert set(outcomes(go(output)).values()) == {"unchanged"}


def test_code_versions_parameters_and_renderer_are_inputs_too(
    output: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reason(**options: Any) -> str:
        (entry,) = go(output, authorities=["Kent"], **options).entries
        return entry.reason

    quarto = tmp_path / "quarto"
    quarto.write_text("#!/bin/sh\necho 1.9.1\n")
    quarto.chmod(0o755)
    assert reason() == "it is not published yet"
    assert reason(parameters={"confidence": "0.99"}) == "a parameter changed"
    assert reason(parameters={"confidence": "0.990"}) == "nothing changed"
    assert reason(force=True, parameters={"confidence": "0.99"}) == "it was asked for"
    assert reason() == "a parameter changed"
    monkeypatch.setattr(inputs, "versions", lambda: {"python": "4.0"})
    assert reason() == GROUPS["versions"]
    for module in (inputs, quarto_route):
        monkeypatch.setattr(module, "find_quarto", lambda: str(quarto))
    assert reason() == "nothing changed"
    assert reason(renderer="auto") == f"{GROUPS['versions']}; {GROUPS['renderer']}"
    assert manifest_of(output)["versions"] == {"python": "4.0", "quarto": "1.9.1"}
    assert reason(renderer="quarto") == "nothing changed"
    package = tmp_path / "package"
    package.mkdir()
    (package / "errors.py").write_text("")
    monkeypatch.setattr(inputs.kentstats, "__file__", str(package / "__init__.py"))
    assert reason(renderer="quarto") == "the code changed"


def test_what_failed_is_done_again_and_its_earlier_files_stay_listed(output: Path) -> None:
    before = go(output).entries[0].files
    plan(output, Essex="crash")
    (output / "2010" / "essex" / "facts.csv").unlink()
    assert outcomes(go(output))["Essex"] == "failed"
    failed = manifest_of(output)["authorities"][0]
    assert failed["files"] == before
    calls(output)
    plan(output)
    done = go(output)
    assert calls(output) == ["Essex"]
    assert done.entries[0].reason == "it failed last time"


def test_authorities_left_out_stay_in_the_manifest(output: Path) -> None:
    go(output)
    go(output, authorities=["Kent"], force=True)
    assert [entry["outcome"] for entry in manifest_of(output)["authorities"]] == [
        "published", "published", "published",
    ]  # fmt: skip


def test_authorities_that_are_gone_are_left_over_and_not_deleted(
    home: Project, output: Path
) -> None:
    go(output)
    areas = home.raw / "areas" / "areas.csv"
    lines = areas.read_text("utf-8").splitlines(keepends=True)
    areas.write_text("".join(line for line in lines if ",Medway," not in line), encoding="utf-8")
    many.load_areas.__globals__["_load"].cache_clear()
    try:
        done = go(output, authorities=["Kent", "Essex"])
    finally:
        many.load_areas.__globals__["_load"].cache_clear()
    assert done.left_over == ("medway",)
    assert "Left over, of no authority of this edition: medway." in done.summary()
    assert (output / "2010" / "medway" / "briefing.html").is_file()
    manifest = manifest_of(output)
    assert manifest["left_over"] == ["medway"]
    assert [entry["name"] for entry in manifest["authorities"]] == ["Essex", "Kent"]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda manifest: "{", "is damaged."),
        (lambda manifest: "[]", "is damaged."),
        (lambda manifest: "\ud800".encode("utf-8", "surrogatepass"), "is damaged."),
        (lambda manifest: {**manifest, "schema": 0}, "is of schema 0, where this is 1."),
        (lambda manifest: {**manifest, "edition": "2025"}, "is of edition 2025."),
        (lambda manifest: {**manifest, "authorities": ["Kent"]}, "is damaged."),
        (lambda manifest: {**manifest, "authorities": [{"name": "Kent"}]}, "is damaged."),
        (
            lambda manifest: {
                **manifest,
                "authorities": [{**manifest["authorities"][0], "files": {"x": "y"}}],
            },
            "is damaged.",
        ),
        (
            lambda manifest: {
                **manifest,
                "authorities": [{**manifest["authorities"][0], "outcome": "good"}],
            },
            "is damaged.",
        ),
    ],
)
def test_a_manifest_that_is_no_good_is_told_and_ignored(
    output: Path, damage: Callable[[Any], Any], told: str
) -> None:
    go(output, authorities=["Kent"])
    path = output / "2010" / "manifest.json"
    bad = damage(manifest_of(output))
    bad = json.dumps(bad) if isinstance(bad, dict) else bad
    path.write_bytes(bad.encode() if isinstance(bad, str) else bad)
    said: list[str] = []
    (entry,) = go(output, authorities=["Kent"], say=said.append).entries
    assert said[0] == f"The manifest {path} {told} It is ignored: everything is done again."
    assert (entry.outcome, entry.reason) == ("published", "there is no record of it")
    assert outcomes(go(output, authorities=["Kent"])) == {"Kent": "unchanged"}


def test_the_manifest_is_written_as_the_run_goes(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "EVERY", 0)
    monkeypatch.setattr(manifest, "SHARE", 0)
    seen: list[int] = []

    def look(*args: Any, **options: Any) -> Published:
        path = output / "2010" / "manifest.json"
        seen.append(len(manifest_of(output)["authorities"]) if path.exists() else 0)
        assert not seen[-1] or manifest_of(output)["finished"] is None
        return run(*args, **options)

    go(output, run=look)
    assert seen == [0, 1, 2]


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"jobs": 0}, ParameterError, "There are 0 jobs. Give a whole number, 1 or more."),
        ({"authorities": ["Kent", "Knet"]}, ParameterError, "no authority “Knet”. Did you mean K"),
        ({"authorities": ["Cumberland"]}, ParameterError, "Cumberland began on 1 April 2023."),
        ({"parameters": {"confidense": "1"}}, ParameterError, "no parameter “confidense”"),
        ({"parameters": {"edition": "2010"}}, ParameterError, "with -p. Use --edition instead."),
        ({"parameters": {"authority": "Kent"}}, ParameterError, "Name authorities instead."),
        ({"notebook": Path("no.ipynb")}, KentstatsError, "no.ipynb cannot be read"),
        ({"renderer": "quarto"}, RenderError, "Quarto is not on the PATH."),
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


def test_an_edition_that_is_not_known_is_told(output: Path) -> None:
    with pytest.raises(ParameterError, match="no edition “2011”"):
        publish_all("2011", run=run, output=output)


def test_names_lead_to_their_authorities_and_each_has_a_folder_of_its_own() -> None:
    for edition in ("2010", "2025"):
        register, day = load_areas(), edition_day(edition)
        areas = register.authorities(day)
        assert [register.resolve(area.name, day) for area in areas] == areas
        assert len({slug(area.name) for area in areas}) == len(areas)


def test_the_summary_has_failures_first_and_fits() -> None:
    entries = (
        Entry("Essex", "E10000012", "essex", "published", "the notebook changed", seconds=4.04),
        Entry("Kent", "E10000016", "kent", "failed", error="Cell 7 failed. " * 8, seconds=12.5),
        Entry("Medway", "E06000035", "medway", "unchanged", "nothing changed", seconds=3),
    )
    lines = Run(entries, Path("manifest.json"), (), 17.2).summary(72).splitlines()
    assert lines[0] == "authority  outcome    seconds  reason"
    assert lines[2].startswith("Kent       failed        12.5  Cell 7 failed. Cell 7")
    assert lines[3].startswith(" " * 31 + "Cell 7") or lines[3].startswith(" " * 31 + "failed")
    assert lines[-3] == "Essex      published      4.0  the notebook changed"
    assert lines[-1] == "3 authorities in 17 s: 1 failed, 1 published, 1 unchanged."
    assert max(map(len, lines)) <= 72


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("kind", "progress"), [(Terminal, True), (Terminal, False)])
def test_a_terminal_sees_how_far_it_is(
    output: Path, monkeypatch: pytest.MonkeyPatch, kind: type[io.StringIO], progress: bool
) -> None:
    plan(output, Essex="crash")
    monkeypatch.setattr(sys, "stderr", kind())
    go(output, progress=progress)
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert ("3/3" in shown and "1 failed" in shown and "<" in shown) is progress
    assert bool(shown) is progress


def test_a_file_or_pipe_sees_no_bar(output: Path, capfd: pytest.CaptureFixture[str]) -> None:
    go(output, progress=True)
    assert capfd.readouterr() == ("", "")


def test_two_runs_do_not_mix(output: Path) -> None:
    (output / "2010").mkdir()
    with lock.alone_in(output / "2010"):
        with pytest.raises(KentstatsError) as caught:
            go(output)
        assert f"(process {os.getpid()}) is publishing to {output / '2010'}." in str(caught.value)
        assert "--output" in caught.value.remedy
        assert go(output.parent / "elsewhere", authorities=[]).entries == ()
    assert debris(output) == []
    assert len(go(output).entries) == 3


def test_the_lock_of_a_process_that_died_holds_nobody(output: Path) -> None:
    (output / "2010").mkdir()
    holder = (
        "import os, sys, pathlib; from kentstats.publish.lock import alone_in\n"
        f"with alone_in(pathlib.Path({str(output / '2010')!r})):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        with pytest.raises(KentstatsError, match=rf"\(process {process.pid}\)"):
            go(output)
        process.kill()
        process.wait()
    assert debris(output) == [".lock"]
    assert len(go(output).entries) == 3
    assert debris(output) == []


def test_a_lock_removed_meanwhile_is_taken_anew(
    output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, taken = lock._lock, []

    def late(held: int) -> None:
        take(held)
        taken.append(held)
        if len(taken) == 1:  # the run before ends between our opening and our locking
            (output / ".lock").unlink()

    monkeypatch.setattr(lock, "_lock", late)
    with lock.alone_in(output):
        assert len(taken) == 2
        assert (output / ".lock").read_text() == f"{os.getpid()}\n"


SCRIPT = """
import signal, sys
from pathlib import Path
from kentstats.publish.batch import publish_all
from test_many import THREE, run

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        publish_all(
            "2010", authorities=THREE, jobs=int(sys.argv[2]), output=Path(sys.argv[1]), run=run
        )
    except KeyboardInterrupt:
        sys.exit(130)
"""


@pytest.mark.parametrize(
    ("asked", "jobs"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 2)]
)
def test_a_run_that_is_stopped_goes_on_where_it_stopped(
    output: Path, asked: signal.Signals, jobs: int
) -> None:
    plan(output, Medway="slow")  # the last of the three
    script = output.parent / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(script), str(output), str(jobs)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as running:
        waited = time.monotonic() + 30
        while not debris_of(output, "medway", "essex", "kent") and time.monotonic() < waited:
            time.sleep(0.02)
        # Ctrl-C is for every process of the terminal, an end for the one that is asked
        send = os.killpg if asked is signal.SIGINT else os.kill
        send(running.pid, asked)
        _, errors = running.communicate(timeout=30)
        assert running.returncode == 128 + asked
        assert errors == ""
    assert debris(output) == []
    assert not (output / "2010" / "medway").exists()
    manifest = manifest_of(output)
    assert manifest["finished"] is None
    assert [entry["name"] for entry in manifest["authorities"]] == ["Essex", "Kent"]
    assert manifest["counts"] == {"failed": 0, "published": 2, "unchanged": 0}
    calls(output)
    plan(output)
    assert outcomes(go(output)) == {
        "Essex": "unchanged",
        "Kent": "unchanged",
        "Medway": "published",
    }
    assert calls(output) == ["Medway"]


def debris_of(output: Path, at_work: str, *done: str) -> bool:
    """Tell whether one is at work and the others are done, and taken note of."""
    folder = output / "2010"
    if not folder.is_dir() or not all((folder / one / FILES[-1]).exists() for one in done):
        return False
    if not list(folder.glob(f".{at_work}-*")):
        return False
    time.sleep(0.3)
    return True


def test_workers_end_with_the_process_that_started_them(output: Path) -> None:
    plan(output, Medway="slow")
    script = output.parent / "script.py"
    script.write_text(SCRIPT, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(script), str(output), "2"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
    ) as running:
        waited = time.monotonic() + 30
        while not debris_of(output, "medway") and time.monotonic() < waited:
            time.sleep(0.02)
        running.kill()
    waited = time.monotonic() + 10
    while list((output / "2010").glob(".medway-*")) and time.monotonic() < waited:
        time.sleep(0.05)
    assert debris(output) == [".lock"]
    assert not (output / "2010" / "medway").exists()
