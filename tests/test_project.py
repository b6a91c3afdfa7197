"""The project around the package: layout, environments, targets, documents."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

# conda-forge's name where it is not that of PyPI
CONDA = {"matplotlib": "matplotlib-base", "pypandoc_binary": "pypandoc", "typst": "typst-py"}
# what a wheel from PyPI brings inside, or what Python itself brings
CONDA_ALONE = {"pandoc", "quarto", "pip", "python"}


@pytest.fixture(scope="module")
def project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def requirement(text: str) -> tuple[str, str]:
    match = re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?(.*)", text)
    assert match, text
    return match[1], match[2]


def test_the_top_level_is_as_promised() -> None:
    for name in ("notebooks", "data/raw", "data/processed", "src/kentstats", "reports", "tests"):
        assert (ROOT / name).is_dir(), name
    for name in (
        "environment.yml",
        "dvc.yaml",
        "pyproject.toml",
        "Makefile",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENCE",
        "requirements/main.txt",
    ):
        assert (ROOT / name).is_file(), name
    assert list((ROOT / "docs" / "decisions").glob("*.md"))


def test_the_conda_environment_is_that_of_pyproject(project: dict[str, dict[str, object]]) -> None:
    table = project["project"]
    extras = table["optional-dependencies"]
    wanted = [*table["dependencies"], *extras["lab"], *extras["dvc"]]  # type: ignore[misc, index]
    wanted += project["build-system"]["requires"]  # type: ignore[operator]
    expected = {CONDA.get(name, name): bound for name, bound in map(requirement, wanted)}
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    listed = dict(map(requirement, environment["dependencies"]))
    assert listed.pop("python") == table["requires-python"]
    for name in CONDA_ALONE - {"python"}:
        assert name in listed
        del listed[name]
    assert listed == expected
    assert environment["channels"] == ["conda-forge", "nodefaults"]


@pytest.mark.parametrize("name", ["main", "lab", "dvc", "dev"])
def test_lock_files_pin_with_hashes_and_name_no_host(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    packages = re.findall(r"^[a-z0-9][^\n]*(?:\n    --hash[^\n]*)+", text, flags=re.M)
    assert len(packages) > 40
    assert len(packages) == len(re.findall(r"^[a-z0-9]", text, flags=re.M))
    assert all("==" in package and "--hash=sha256:" in package for package in packages)
    assert "://" not in text
    assert "index" not in text.replace("index-url", "index")


def test_lock_files_hold_every_requirement(project: dict[str, dict[str, object]]) -> None:
    def normal(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    extras = project["project"]["optional-dependencies"]
    for name in ("main", "lab", "dvc", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        pinned = {normal(line.split("==")[0]) for line in text.splitlines() if "==" in line}
        wanted = list(project["project"]["dependencies"])  # type: ignore[call-overload]
        wanted += extras.get(name, [])  # type: ignore[attr-defined]
        assert {normal(requirement(each)[0]) for each in wanted} <= pinned


def test_the_data_dictionary_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("dictionary", ROOT / "docs" / "dictionary.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert module.dictionary() == written, "run make docs"


def test_modules_import_only_from_those_before_them() -> None:
    order = {
        "errors": 0, "home": 0, "areas": 0, "facts": 1, "indicators": 1,
        "sources": 2, "load": 3, "stats": 4, "present": 5, "publish": 6, "cli": 7,
    }  # fmt: skip
    package = ROOT / "src" / "kentstats"
    for path in package.rglob("*.py"):
        room = path.relative_to(package).parts[0].removesuffix(".py")
        if room.startswith("__"):
            continue
        text = path.read_text(encoding="utf-8")
        for imported in re.findall(r"from kentstats\.(\w+)[\w.]* import", text):
            assert order[imported] <= order[room], f"{path} imports {imported}"


def test_links_between_documents_lead_somewhere() -> None:
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        text = document.read_text(encoding="utf-8")
        for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", text):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


@pytest.mark.needs("make")
def test_make_lists_its_targets() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("briefing", "test", "lint", "lab", "dvc", "bench"):
        assert f"make {target} " in done.stdout


@pytest.mark.needs("git")
def test_no_published_briefing_or_secret_path_is_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert not [name for name in listed if name.startswith("reports/published")]
    assert all(
        (ROOT / name).stat().st_size < 2_000_000 for name in listed if (ROOT / name).exists()
    )


def test_the_wheel_carries_data_notebooks_and_templates(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("src", "data/raw", "notebooks", "reports"):
        shutil.copytree(
            ROOT / name,
            source / name,
            ignore=shutil.ignore_patterns("__pycache__", "published", "failed"),
        )
    for name in ("pyproject.toml", "README.md", "LICENCE"):
        shutil.copyfile(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    done = subprocess.run(
        [sys.executable, "-m", "kentstats", "briefing", "Kent"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reports/published/2010/kent/briefing.pdf").is_file()
    where = subprocess.run(
        [sys.executable, "-m", "kentstats", "status"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(tmp_path / "installed" / "kentstats" / "project") in where.stdout


def test_dvc_rebuilds_all_of_it_and_then_does_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for name in ("src", "data/raw", "notebooks", "reports/template", ".dvc"):
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "tmp", "cache")
        )
    for name in ("dvc.yaml", ".dvcignore", "reports/_quarto.yml", "pyproject.toml"):
        shutil.copyfile(ROOT / name, copy / name)
    scripts = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(copy / "src"),
        "DVC_NO_ANALYTICS": "1",
    }

    def dvc(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "dvc", *arguments],
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    dvc("config", "core.no_scm", "true")
    first = dvc("repro")
    assert first.count("Running stage") == 3
    assert (copy / "reports/published/2010/kent/briefing.html").is_file()
    second = dvc("repro")
    assert "Running stage" not in second
    assert "Data and pipelines are up to date." in second
