"""A process is put back as it was found, whether or not that was looked at before the fork."""

from __future__ import annotations

import pathlib
import sys
import types
from typing import Any

import pytest

from kentstats.engine import found
from kentstats.report import claims


@pytest.fixture(params=["looked at now", "remembered"])
def since(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module that is imported after what was there was remembered, if it was."""
    monkeypatch.setattr(found, "_remembered", found.Found())
    if request.param == "remembered":
        found.remember()
    made = types.ModuleType("kentstats.made_since")
    made.answer = len  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


def test_what_a_notebook_changes_is_put_back(since: Any) -> None:
    show, places = claims.show, pathlib.Path.read_text
    with found.as_found():
        claims.show = since.answer = print
        pathlib.Path.read_text = print  # type: ignore[method-assign,assignment]
        del sys.modules["kentstats.report.claims"], sys.modules["kentstats.made_since"]
    assert claims.show is show
    assert since.answer is len
    assert pathlib.Path.read_text is places
    assert sys.modules["kentstats.report.claims"] is claims
    assert sys.modules["kentstats.made_since"] is since
