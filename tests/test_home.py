"""The project is found, or named by `home=`; the package shows its public names."""

from __future__ import annotations

import pydoc
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from official import RAW

import kentstats.project
from kentstats.errors import KentstatsError, ParameterError
from kentstats.load import check_sources, choose, choose_area, load_table, write_tables
from kentstats.project import VARIABLE, Project, find_project


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package elsewhere, as if kentstats were installed or checked out there."""
    place = tmp_path / "src" / "kentstats"
    place.mkdir(parents=True)
    monkeypatch.setattr(kentstats.project, "__file__", str(place / "home.py"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return place


def test_the_variable_names_the_project(home: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_project() == home
    monkeypatch.chdir(home.root.parent)
    monkeypatch.setenv(VARIABLE, home.root.name)
    assert find_project() == home


def test_a_variable_that_names_no_project_is_refused_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(KentstatsError) as caught:
        find_project()
    assert str(caught.value) == (
        f"KENTSTATS_HOME is {tmp_path}, where there is no folder data/raw. "
        "Point it at a kentstats project, or unset it."
    )


def test_a_checkout_is_its_own_project(package: Path) -> None:
    root = package.parent.parent
    (root / "data" / "raw").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    assert find_project().root == root


def test_data_of_another_project_beside_an_installed_package_are_not_taken(package: Path) -> None:
    (package.parent.parent / "data" / "raw").mkdir(parents=True)
    assert find_project().root == package / "project"


@pytest.fixture
def cantia(small: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in which Kent has another name, and which no variable names."""
    monkeypatch.delenv(VARIABLE, raising=False)
    report = small.raw / "ofsted-kent-2010"
    shutil.copytree(RAW / report.name, report)
    for path, old in (
        (small.areas / "areas.csv", ",Kent,"),
        (report / "source.yml", "authority: Kent\n"),
        (report / "facts.csv", ",Kent,"),
        (report / "statements.csv", ",Kent,"),
    ):
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, old.replace("Kent", "Cantia")), encoding="utf-8")
    return small


def test_a_project_that_is_named_is_used_for_everything(cantia: Project, tmp_path: Path) -> None:
    for home in (cantia, cantia.root, str(cantia.root)):
        facts = kentstats.load_facts(authority="Cantia", home=home)
        assert set(facts.loc[facts["area_code"].eq("E10000016"), "area_name"]) == {"Cantia"}
        assert {"ofsted-kent-2010", "cla-outcomes"} < set(facts["source_id"])
    assert [source.authority for source in kentstats.load_sources(cantia)] == ["Cantia"]
    assert [source.authority for source in choose("cantia", 2010, home=cantia)] == ["Cantia"]
    assert choose_area("886", 2025, cantia).name == "Cantia"
    assert len(kentstats.load_statements(authority="Cantia", home=cantia)) == 16
    assert len(load_table("neighbours", authority="Cantia", home=cantia)) == 20
    assert len(check_sources(authority="Cantia", home=cantia)) == 73
    written = {path.name: path for path in write_tables(tmp_path / "tables", home=cantia)}
    assert ",Kent,authority" not in written["facts.csv"].read_text(encoding="utf-8")
    with pytest.raises(ParameterError, match="There is no authority “Kent”"):
        kentstats.load_facts(authority="Kent", home=cantia)
    assert kentstats.load_facts(authority="Kent", edition=2010)["area_name"].eq("Kent").any()


PUBLIC = [
    *("Project", "find_area", "load_actions", "load_areas", "load_facts", "load_indicators"),
    *("load_judgements", "load_sources", "load_statements", "Briefing", "open_briefing"),
]


def test_the_package_shows_its_public_names() -> None:
    assert set(PUBLIC) <= set(dir(kentstats))
    assert all(getattr(kentstats, name) for name in kentstats.__all__)
    page = pydoc.render_doc(kentstats, renderer=pydoc.plaintext)
    for name in PUBLIC:
        assert f"    {name}(" in page or f"class {name}(" in page, name
    with pytest.raises(AttributeError, match="no attribute 'load_everything'"):
        _ = kentstats.load_everything


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, kentstats, kentstats.cli; dir(kentstats);"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'papermill', 'yaml', 'typst'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
