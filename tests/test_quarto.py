"""The route through Quarto: a stand-in that records, and the real one where it is."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from conftest import kentstats

from kentstats.errors import RenderError
from kentstats.project import find_project
from kentstats.publish import quarto as route
from kentstats.publish.briefing import front_of, open_subject
from kentstats.publish.document import Document, read_document

# Reads the notebook as Quarto does, checks what Quarto would need, writes a file.
STAND_IN = """\
import json, os, pathlib, re, sys
if sys.argv[1:] == ["--version"]:
    print("{version}")
    sys.exit()
here = pathlib.Path.cwd()
# the real one passes over hidden folders
assert not [part for part in here.parts if part.startswith(".")], here
kind = sys.argv[sys.argv.index("--to") + 1]
notebook = json.loads((here / sys.argv[2]).read_text(encoding="utf-8"))
text = "\\n\\n".join("".join(cell["source"]) for cell in notebook["cells"])
for picture in re.findall(r"\\]\\((figures/[^)]+)\\)", text):
    assert (here / picture).is_file(), picture
record = {{
    "arguments": sys.argv[1:],
    "files": sorted(str(path.relative_to(here)) for path in here.rglob("*") if path.is_file()),
    "kinds": [cell["cell_type"] for cell in notebook["cells"]],
    "text": text,
    "fonts": os.environ.get("TYPST_FONT_PATHS"),
}}
with open({log!r}, "a", encoding="utf-8") as log:
    log.write(json.dumps(record) + "\\n")
if {fails}:
    sys.exit("ERROR: a cell is amiss")
if {writes}:
    name = "briefing.html" if kind == "html" else "briefing.pdf"
    (here / name).write_text("<data >" + kind, encoding="utf-8")
"""


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, **behaviour: Any) -> Path:
    """Put a stand-in for Quarto on the PATH; return the file that its calls are listed in."""
    log, script = folder / "log", folder / "quarto.py"
    behaviour = {"version": "1.9.2", "fails": False, "writes": True, **behaviour}
    script.write_text(STAND_IN.format(log=str(log), **behaviour), encoding="utf-8")
    program = folder / "bin" / "quarto"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return log


def rendered(document: Document, folder: Path) -> None:
    home = find_project()
    route.render_quarto(document, front_of(open_subject("Kent", "2010", home)), folder, home)


def test_quarto_gets_the_same_document_without_code(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = read_document(nbformat.read(published / "briefing.ipynb", as_version=4))
    log = stand_in(tmp_path, monkeypatch)
    out = tmp_path / "out"
    out.mkdir()
    rendered(document, out)
    calls = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [call["arguments"] for call in calls] == [
        ["render", "briefing.ipynb", "--to", kind, "--no-execute"] for kind in ("html", "typst")
    ]
    for call in calls:
        assert call["kinds"] == ["raw", "markdown"]
        assert {"_quarto.yml", "template/claims.lua"} <= set(call["files"])
        assert sum(name.startswith("figures/") for name in call["files"]) == 10
        assert "data:image" not in call["text"]
        assert call["text"].count('class="claim"') == document.markdown.count('class="claim"')
        assert call["fonts"].endswith("ttf")
    front = yaml.safe_load(calls[0]["text"].split("---")[1])
    assert front["title"] == "Children’s services in Kent"
    assert front["execute"]["enabled"] is False
    assert sorted(path.name for path in out.iterdir()) == ["briefing.html", "briefing.pdf"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"fails": True}, r"Quarto refuses the document: ERROR: a cell is amiss"),
        ({"writes": False}, r"ended well and wrote no briefing\.html"),
        ({"version": "1.4.553"}, r"Quarto 1.4.553 is too old.*Install 1.9 or newer"),
    ],
)
def test_a_quarto_that_fails_is_told(
    fault: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, **fault)
    with pytest.raises(RenderError, match=message):
        rendered(Document(("# Words",)), tmp_path)


def test_without_quarto_the_error_names_the_other_renderer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = kentstats("briefing", "Kent", "--renderer", "quarto", cwd=tmp_path, PATH=str(tmp_path))
    assert done.returncode == 5
    assert "Quarto is not on the PATH." in done.stderr
    assert "--renderer embedded" in done.stderr
    monkeypatch.setattr(route, "find_quarto", lambda: None)
    assert route.choose_renderer("auto") == "embedded"


def test_auto_takes_quarto_where_it_is_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch)
    done = kentstats("briefing", "Kent", "--renderer", "auto", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Renderer: quarto." in done.stderr
    folder = tmp_path / "reports" / "published" / "2010" / "kent"
    assert (folder / "briefing.pdf").read_text(encoding="utf-8") == "<data >typst"
    assert json.loads((folder / "claims.json").read_text(encoding="utf-8"))["renderer"] == "quarto"


def test_the_quarto_project_executes_nothing_and_uses_the_filter() -> None:
    reports = find_project().reports
    project = yaml.safe_load((reports / "_quarto.yml").read_text(encoding="utf-8"))
    assert (project["execute"]["enabled"], project["execute"]["echo"]) == (False, False)
    assert project["format"]["typst"]["pdf-standard"] == "ua-1"
    assert project["format"]["html"]["embed-resources"] is True
    named = [*project["filters"], project["format"]["html"]["css"]]
    assert all((reports / name).is_file() for name in named)


@pytest.mark.needs("quarto")
def test_the_real_quarto_renders_the_same_claims(published: Path, tmp_path: Path) -> None:
    from verapdf import validate_ua1

    done = kentstats("briefing", "Kent", "--renderer", "quarto", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "reports" / "published" / "2010" / "kent"
    page = (folder / "briefing.html").read_text(encoding="utf-8")
    other = (published / "briefing.html").read_text(encoding="utf-8")
    assert page.count("<data ") == other.count("<data ")
    assert "inspection.summary" not in page
    assert validate_ua1(folder / "briefing.pdf") == []
