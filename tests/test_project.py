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
from typing import Any

import pytest
import yaml
from conftest import ROOT

from kentstats.indicators import load_indicators
from kentstats.ingest.datasets import load_datasets
from kentstats.ingest.edition import list_editions, read_official
from kentstats.load import OFFICIAL_TABLES, READERS

# conda-forge's name where it is not that of PyPI
CONDA = {"matplotlib": "matplotlib-base", "typst": "typst-py"}
# what a wheel from PyPI brings inside, or what Python itself brings
CONDA_ALONE = {"quarto", "pip", "python"}


@pytest.fixture(scope="module")
def project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def requirement(text: str) -> tuple[str, str]:
    match = re.fullmatch(r"([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?(.*)", text)
    assert match, text
    return match[1], match[2]


def test_the_conda_environment_is_that_of_pyproject(project: dict[str, dict[str, object]]) -> None:
    table = project["project"]
    extras = table["optional-dependencies"]
    wanted = [*table["dependencies"], *extras["lab"], *extras["dvc"], *extras["cluster"]]  # type: ignore[misc, index]
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


@pytest.mark.parametrize("name", ["main", "lab", "dvc", "cluster", "dev"])
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
    for name in ("main", "lab", "dvc", "cluster", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        pinned = {normal(line.split("==")[0]) for line in text.splitlines() if "==" in line}
        wanted = list(project["project"]["dependencies"])  # type: ignore[call-overload]
        wanted += extras.get(name, [])  # type: ignore[attr-defined]
        assert {normal(requirement(each)[0]) for each in wanted} <= pinned


def test_the_data_dictionary_is_up_to_date() -> None:
    text = module_of(ROOT / "docs" / "dictionary.py").dictionary()
    written = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert text == written, "run make docs"
    for heading in ("Facts", "Outcomes", "Neighbours", "Figures", "Areas", "Data sets", "Models"):
        assert f"\n## {heading}\n" in text
    for indicator in load_indicators().values():
        [row] = re.findall(rf"(?m)^\| `{re.escape(indicator.id)}` \| .*$", text)
        assert f"| {indicator.model} |" in row
        for source in indicator.sources:
            assert source.data in load_datasets()
            assert f"`{source.data}`" in row


def module_of(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


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


def stages() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(
        (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    )["stages"]
    return loaded


def paths(listed: list[Any]) -> list[str]:
    return [next(iter(one)) if isinstance(one, dict) else one for one in listed]


def test_the_pipeline_says_from_which_files_every_table_was_read() -> None:
    assert list(stages()) == [
        *("ingest-2010", "ingest-2025", "tidy", "check", "briefing", "briefings"),
    ]
    for edition in list_editions():
        stage, official = stages()[f"ingest-{edition}"], read_official(edition)
        assert stage["frozen"] is True
        assert stage["cmd"].split() == [
            *("kentstats", "ingest"),
            *(f"data/originals/{name}" for name in sorted(one.file for one in official.sources)),
            *("--edition", edition, "--quiet"),
        ]
        # the files are not here; their checksums are
        assert stage["deps"] == [f"data/originals/{edition}.sha256"]
        assert paths(stage["outs"]) == sorted(
            path.relative_to(ROOT).as_posix() for path in official.folder.iterdir()
        )
        for out in stage["outs"]:
            assert list(out.values()) == [{"cache": False, "persist": True}]
    written = paths(stages()["tidy"]["outs"])
    tables = (*READERS, *OFFICIAL_TABLES)
    assert sorted(written) == written
    assert set(written) == {
        f"data/processed/{table}{suffix}" for table in tables for suffix in (".csv", ".parquet")
    }


def test_the_lock_of_the_pipeline_is_of_its_stages() -> None:
    locked = yaml.safe_load((ROOT / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    assert set(locked) == set(stages())
    for name, stage in stages().items():
        assert locked[name]["cmd"].split() == stage["cmd"].split()
        for key in ("deps", "outs"):
            there = {one["path"] for one in locked[name][key]}
            # these hold times, or the version of Python: dvc.lock would change with them
            assert not re.search(
                r"\.ipynb|manifest|claims|published/2010/index", str(stage["outs"])
            )
            assert there == set(paths(stage[key])), (name, key)


def test_what_is_said_of_the_original_files_is_up_to_date() -> None:
    texts = module_of(ROOT / "docs" / "originals.py").texts()
    assert set(texts) == {"README.md", *(f"{edition}.sha256" for edition in list_editions())}
    for name, text in texts.items():
        written = (ROOT / "data" / "originals" / name).read_text(encoding="utf-8")
        assert text == written, "run make docs"
    for edition in list_editions():
        sources = read_official(edition).sources
        lines = texts[f"{edition}.sha256"].splitlines()
        assert sorted(lines) == sorted(f"{one.sha256}  {one.file}" for one in sources)
        for one in sources:
            assert f"| `{one.file}` | {one.publisher} | [{one.title}](" in texts["README.md"]
            assert f"| `{one.sha256}` |" in texts["README.md"]


@pytest.mark.needs("git")
def test_of_the_original_files_git_takes_none() -> None:
    def ignored(name: str) -> bool:
        command = ["git", "check-ignore", "--quiet", f"data/originals/{name}"]
        return subprocess.run(command, cwd=ROOT, check=False).returncode == 0

    assert ignored("OC2_Final_V2.csv")
    assert ignored("bds_long_0.parquet")
    assert not ignored("README.md")
    assert not ignored("2025.sha256")


def test_dvc_rebuilds_all_of_it_and_then_does_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for name in ("src", "data/raw", "notebooks", "reports/template", ".dvc"):
        shutil.copytree(
            ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "tmp", "cache")
        )
    (copy / "data" / "originals").mkdir()
    sums = [f"data/originals/{edition}.sha256" for edition in list_editions()]
    for name in ("dvc.yaml", ".dvcignore", "reports/_quarto.yml", "pyproject.toml", *sums):
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
    # the briefings of all authorities take minutes; what the stage runs is tested by itself
    wanted = ("check", "briefing")
    first = dvc("repro", *wanted)
    assert first.count("Running stage") == 3
    # the files that the editions were read from are absent, and need not be there
    for edition in list_editions():
        assert f"Verifying outputs in frozen stage: 'ingest-{edition}'" in first
    assert (copy / "reports/published/2010/kent/briefing.html").is_file()
    second = dvc("repro", *wanted)
    assert "Running stage" not in second
    assert "Data and pipelines are up to date." in second
    # made again, tracked files have the same bytes: what holds times is not among them
    locked = (copy / "dvc.lock").read_bytes()
    dvc("repro", "--force", "--single-item", "briefing")
    assert (copy / "dvc.lock").read_bytes() == locked
    with (copy / "data/raw/official-2010/edition.yml").open("a", encoding="utf-8") as edition_file:
        edition_file.write("# read anew\n")
    third = dvc("repro", "tidy")
    assert "Verifying outputs in frozen stage: 'ingest-2010'" in third
    assert "Running stage 'tidy'" in third
