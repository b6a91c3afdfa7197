"""What papermill finds by the name ``kentstats``.

Papermill imports every engine when it is imported itself. This one says
nothing of papermill until it is used, so that either may come first.
"""

from __future__ import annotations

from typing import Any


class Engine:
    """The engine, as papermill calls it; see :class:`kentstats.engine.papermill.Engine`."""

    @staticmethod
    def execute_notebook(*arguments: Any, **options: Any) -> Any:
        """Execute a notebook."""
        from kentstats.engine import papermill

        return papermill.Engine.execute_notebook(*arguments, **options)

    @staticmethod
    def nb_kernel_name(nb: Any, name: str | None = None) -> str:
        """Name the kernel that a notebook asks for."""
        from kentstats.engine import papermill

        return str(papermill.Engine.nb_kernel_name(nb, name))

    @staticmethod
    def nb_language(nb: Any, language: str | None = None) -> str:
        """Name the language of a notebook."""
        from kentstats.engine import papermill

        return str(papermill.Engine.nb_language(nb, language))
