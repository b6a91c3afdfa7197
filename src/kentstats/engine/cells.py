"""What IPython makes of the text of a cell, made once."""

from __future__ import annotations

from typing import Any

from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell


class Once:
    """Transform the text of a cell to Python, and remember it.

    ipykernel does so to learn whether a cell waits for something, and IPython
    again to run it; and where many processes that are forked from one execute
    the same notebook, it has been done before. Somebody else's transformers
    may give another text each time: with these nothing is remembered.

    Parameters
    ----------
    manager : IPython.core.inputtransformer2.TransformerManager
        Whose own transformers these are.
    """

    def __init__(self, manager: TransformerManager) -> None:
        self._manager = manager
        self._own = self._transformers()
        self._known: dict[str, str] = {}

    def _transformers(self) -> list[Any]:
        manager = self._manager
        return [*manager.cleanup_transforms, *manager.line_transforms, *manager.token_transformers]

    def __call__(self, cell: str) -> str:
        """Return the text as Python."""
        known = self._known if self._transformers() == self._own else {}
        if cell not in known:
            known[cell] = TransformerManager.transform_cell(self._manager, cell)
        return known[cell]


def once(shell: InteractiveShell) -> None:
    """Let a shell transform each text once."""
    manager = shell.input_transformer_manager
    vars(manager)["transform_cell"] = Once(manager)
