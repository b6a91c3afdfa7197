"""What the cells of a notebook print and show."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output


class OutputLimitError(RuntimeError):
    """A notebook has printed or shown more than it may."""


class Outputs:
    """What cells print and show: at most so many characters, or any number where `most` is 0."""

    def __init__(self, most: int) -> None:
        self._most, self._used = most, 0
        self._index, self._shown = 0, dict[int, list[NotebookNode]]()
        self._changed: set[int] = set()
        self._displays: dict[str, list[tuple[int, NotebookNode]]] = {}
        self._printed: list[str] = []
        self._clear = False
        self._streams = [Stream(self, name) for name in ("stdout", "stderr")]

    def begin(self, index: int) -> None:
        """Begin a cell."""
        self._index, self._shown[index] = index, []
        self._changed, self._clear = {index}, False

    def end(self) -> dict[int, list[NotebookNode]]:
        """Return the outputs of the cell, and those of others that it has changed."""
        self._join()
        return {index: self._shown[index] for index in sorted(self._changed)}

    def add(self, output: NotebookNode, display_id: str | None = None) -> None:
        """Add an output to the cell."""
        self._join()
        self._cleared()
        self._shown[self._index].append(output)
        if display_id:
            self.update(output.data, output.metadata, display_id)
            self._displays.setdefault(display_id, []).append((self._index, output))
        self._count(len(str(output.get("data", ""))))

    def update(self, data: Any, metadata: Any, display_id: str) -> None:
        """Replace what is shown under an identifier, in this cell and in others."""
        for index, output in self._displays.get(display_id, []):
            output.data, output.metadata = data, metadata
            self._changed.add(index)
        self._count(len(str(data)))

    def write(self, name: str, text: str) -> None:
        """Add text to what the cell has printed."""
        self._cleared()
        shown = self._shown[self._index]
        if not (shown and shown[-1].get("name") == name):
            self._join()
            shown.append(new_output("stream", name=name, text=""))
        left = self._most - self._used if self._most else len(text)
        self._printed.append(text[: max(0, left)])
        self._count(len(text))

    def clear(self, *, wait: bool) -> None:
        """Clear the outputs of the cell, at once or when there is another."""
        self._clear = True
        if not wait:
            self._cleared()

    def _cleared(self) -> None:
        if self._clear:
            self._clear = False
            self._printed.clear()
            self._shown[self._index].clear()

    def _join(self) -> None:
        if self._printed:
            self._shown[self._index][-1].text += "".join(self._printed)
            self._printed.clear()

    def _count(self, characters: int) -> None:
        self._used += characters
        if self._most and self._used > self._most:
            raise OutputLimitError(
                f"The notebook has printed or shown more than {self._most:,} characters."
            )

    @contextlib.contextmanager
    def captured(self) -> Iterator[None]:
        """Take what is printed: by Python, and by programs and libraries that it starts."""
        before = sys.stdout, sys.stderr
        with contextlib.ExitStack() as stack:
            for stream, own in zip(before, self._streams, strict=True):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
                stack.enter_context(own.redirected())
            sys.stdout, sys.stderr = self._streams
            try:
                yield
            finally:
                sys.stdout, sys.stderr = before


class Stream(io.TextIOBase):
    """Standard output or error of a cell."""

    encoding, errors = "UTF-8", "strict"

    def __init__(self, outputs: Outputs, name: str) -> None:
        self._outputs, self.name = outputs, name
        self._descriptor = 1 if name == "stdout" else 2
        self._owner = os.getpid()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, it lasts as long as the session

    def fileno(self) -> int:
        """Return the file descriptor, for programs that are started."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Print text; a process that the cell has forked prints to the file descriptor."""
        if os.getpid() != self._owner:
            os.write(self._descriptor, text.encode(errors="replace"))
        else:
            text.encode()  # refuses what no file can hold
            self._outputs.write(self.name, text)
        return len(text)

    @contextlib.contextmanager
    def redirected(self) -> Iterator[None]:
        """Take what is written to the file descriptor, and print it when the cell has ended."""
        kept = os.dup(self._descriptor)
        os.dup2(self._file.fileno(), self._descriptor)
        try:
            yield
        finally:
            os.dup2(kept, self._descriptor)
            os.close(kept)
            self._file.seek(0)
            if text := self._file.read().decode(errors="replace"):
                with contextlib.suppress(OutputLimitError):
                    self._outputs.write(self.name, text)
                self._file.seek(0)
                self._file.truncate()
