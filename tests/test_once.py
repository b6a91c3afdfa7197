"""The text of a cell is made Python once, unless somebody else has a word in it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from kentstats.engine.cells import Awaits, Once


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that IPython transforms."""
    transform, seen = TransformerManager.transform_cell, []

    def note(manager: TransformerManager, cell: str) -> str:
        seen.append(cell)
        return str(transform(manager, cell))

    monkeypatch.setattr(TransformerManager, "transform_cell", note)
    return seen


def test_a_text_is_transformed_once(seen: list[str]) -> None:
    once = Once(TransformerManager())
    assert [once("%who"), once("1"), once("%who")] == [
        "get_ipython().run_line_magic('who', '')\n",
        "1\n",
        "get_ipython().run_line_magic('who', '')\n",
    ]
    assert seen == ["%who", "1"]


def test_one_that_cannot_be_is_tried_again(seen: list[str]) -> None:
    manager = TransformerManager()
    once = Once(manager)
    manager.line_transforms.append(lambda lines: [f"{line} {1 / 0}" for line in lines])
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            once("1")
    manager.line_transforms.pop()
    assert once("1") == "1\n"
    assert seen == ["1"] * 3


@pytest.mark.parametrize("kind", ["cleanup_transforms", "line_transforms", "token_transformers"])
def test_with_transformers_of_others_nothing_is_remembered(seen: list[str], kind: str) -> None:
    manager = TransformerManager()
    once = Once(manager)
    assert once("1") == "1\n"
    transformers = getattr(manager, kind)
    transformers.append(transformers[0])
    once("1")
    once("1")
    transformers.pop()
    assert once("1") == "1\n"
    assert seen == ["1"] * 3


def test_whether_a_cell_waits_is_told_once_unless_it_cannot_be_known() -> None:
    asked: list[str | None] = []

    def tell(_: str, *, transformed_cell: str | None = None, **_others: Any) -> bool:
        asked.append(transformed_cell)
        return "await" in (transformed_cell or "")

    shell: Any = SimpleNamespace(should_run_async=tell, autoawait=True)
    awaits = Awaits(shell)
    for cell in ("await x", "1", "await x", "1"):
        assert awaits(cell, transformed_cell=cell) is (cell != "1")
    assert asked == ["await x", "1"]
    awaits("1")
    awaits("1", transformed_cell="1", preprocessing_exc_tuple=(ValueError, ValueError(), None))
    shell.autoawait = False
    awaits("1", transformed_cell="1")
    assert asked == ["await x", "1", None, "1", "1"]
