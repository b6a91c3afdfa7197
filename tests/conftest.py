"""What the tests share: places, a home to break, and what a test may need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kentstats.errors import RenderError
from kentstats.project import VARIABLE, Project, find_project
from kentstats.publish import typst
from kentstats.publish.pool import run_tasks

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
REPORT = SHARED / "report" / "ofsted-kent-2010.txt"

NEEDS = {
    "shared": (REPORT.is_file(), "the report's text is not beside the project"),
    "browser": (
        bool(os.environ.get("CHROMIUM") or shutil.which("chromium")),
        "there is no chromium on the PATH",
    ),
    "quarto": (bool(shutil.which("quarto")), "there is no quarto on the PATH"),
    "git": ((ROOT / ".git").exists() and bool(shutil.which("git")), "this is no git checkout"),
    "make": (bool(shutil.which("make")), "there is no make on the PATH"),
}
# What cannot be installed everywhere; every other skip fails under --no-skips.
MAY_SKIP = {"shared": NEEDS["shared"][1], "quarto": NEEDS["quarto"][1]}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips",
        action="store_true",
        help="fail where a test is skipped that could run here",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"needs(name): skip unless there is one of {list(NEEDS)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("needs"):
            there, reason = NEEDS[mark.args[0]]
            if not there:
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not session.config.getoption("--no-skips"):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    reasons = [report.longrepr[2] for report in skipped]
    wrong = [
        reason
        for reason in reasons
        if not any(reason.endswith(allowed) for allowed in MAY_SKIP.values())
    ]
    if wrong and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        raise pytest.UsageError(f"skipped, though it could run here: {sorted(set(wrong))}")


def kentstats(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the true command line, as a user would, in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "kentstats", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=180,
    )


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a briefing published once, by the command line."""
    folder = tmp_path_factory.mktemp("published")
    done = kentstats("briefing", "Kent", "--output", "out", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder / "out" / "2010" / "kent"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of the project's data, notebooks and templates that a test may break."""
    real = find_project()
    root = tmp_path / "home"
    for place in (real.raw, real.notebooks, real.reports / "template"):
        shutil.copytree(place, root / place.relative_to(real.root))
    shutil.copyfile(real.reports / "_quarto.yml", root / "reports" / "_quarto.yml")
    monkeypatch.setenv(VARIABLE, str(root))
    return Project(root)


@pytest.fixture
def raw(home: Project) -> Path:
    """The folder of the Kent report in that copy."""
    return home.raw / "ofsted-kent-2010"


@pytest.fixture(scope="session")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project with few areas, made once."""
    from official import small_home  # which needs this module

    return small_home(tmp_path_factory.mktemp("small")).root


@pytest.fixture
def small(small_project: Path, tmp_path: Path) -> Project:
    """A copy of the project with few areas, quick to read and to write."""
    return Project(shutil.copytree(small_project, tmp_path / "small"))


_TESTS = os.getpid()
_write_pdf = typst.write_pdf


def write_pdf_in_a_worker(*arguments: Any) -> None:
    """Typst starts threads, for which a process forked from the tests later would wait for ever."""
    if os.getpid() != _TESTS:
        _write_pdf(*arguments)
        return
    (result,) = run_tasks(_write_given_pdf, [arguments])
    if result.error:
        raise RenderError(result.error)


def _write_given_pdf(arguments: tuple[Any, ...]) -> None:
    _write_pdf(*arguments)


typst.write_pdf = write_pdf_in_a_worker
