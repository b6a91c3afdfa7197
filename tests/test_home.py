"""The project is found by its variable, as a checkout, or inside the package."""

from __future__ import annotations

from pathlib import Path

import pytest

import kentstats.project
from kentstats.errors import KentstatsError
from kentstats.project import VARIABLE, Project, find_project


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package elsewhere, as if kentstats were installed or checked out there."""
    place = tmp_path / "src" / "kentstats"
    place.mkdir(parents=True)
    monkeypatch.setattr(kentstats.project, "__file__", str(place / "home.py"))
    monkeypatch.delenv(VARIABLE, raising=False)
    return place


def test_the_folders_lie_where_a_checkout_has_them() -> None:
    home = Project(Path("there"))
    assert home.raw == Path("there/data/raw")
    assert home.notebooks == Path("there/notebooks")
    assert home.reports == Path("there/reports")


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


def test_an_empty_variable_counts_as_none(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert find_project().root == package / "project"


def test_a_checkout_is_its_own_project(package: Path) -> None:
    root = package.parent.parent
    (root / "data" / "raw").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    assert find_project().root == root


def test_data_of_another_project_beside_an_installed_package_are_not_taken(package: Path) -> None:
    (package.parent.parent / "data" / "raw").mkdir(parents=True)
    assert find_project().root == package / "project"
