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


class Awaits:
    """Tell whether a cell waits for something, and remember it.

    Parameters
    ----------
    shell : IPython.core.interactiveshell.InteractiveShell
        Whose way of telling this is.
    """

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell, self._tell = shell, shell.should_run_async
        self._known: dict[str, bool] = {}

    def __call__(
        self, cell: str, *, transformed_cell: str | None = None, preprocessing_exc_tuple: Any = None
    ) -> bool:
        """Tell it of a text, and of the same as Python, which is looked at."""
        if not self._shell.autoawait or preprocessing_exc_tuple or transformed_cell is None:
            return self._tell(
                cell,
                transformed_cell=transformed_cell,
                preprocessing_exc_tuple=preprocessing_exc_tuple,
            )
        if transformed_cell not in self._known:
            told = self._tell(cell, transformed_cell=transformed_cell)
            self._known[transformed_cell] = told
        return self._known[transformed_cell]


def once(shell: InteractiveShell) -> None:
    """Let a shell look at each text once."""
    manager = shell.input_transformer_manager
    vars(manager)["transform_cell"] = Once(manager)
    vars(shell)["should_run_async"] = Awaits(shell)
