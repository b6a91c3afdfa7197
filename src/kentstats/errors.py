"""What can go wrong, said so that the reader knows what to do next.

Every error that a user can cause is a :class:`KentstatsError`. The command
line prints it without a traceback and ends with its ``exit_code``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class KentstatsError(Exception):
    """An error: what is wrong and what to do about it, each as a whole sentence."""

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what} {self.remedy}".strip()


class ParameterError(KentstatsError):
    """An authority, edition or parameter that is not known."""

    exit_code = 2


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one place of a file.

    Lines are counted from 1, the header being line 1; 0 means the file as a
    whole. An empty column means the whole line.
    """

    file: str
    line: int
    column: str
    what: str
    remedy: str

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f", line {self.line}"
        if self.column:
            place += f", column {self.column}"
        return f"{place}: {self.what} {self.remedy}"


class DataError(KentstatsError):
    """A source that breaks the tidy contract; holds every problem found."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class NotebookError(KentstatsError):
    """A notebook cell that failed; the broken notebook is kept."""

    exit_code = 4


class RenderError(KentstatsError):
    """An executed notebook that could not be turned into HTML or PDF."""

    exit_code = 5


def nearest(word: str, known: Iterable[str]) -> str:
    """Name the known words nearest to one that is not known, or all where none is near.

    Examples
    --------
    >>> nearest("Knet", ["Kent", "Essex"])
    'Did you mean Kent?'
    >>> nearest("zz", ["Kent", "Essex"])
    'There is: Kent, Essex.'
    """
    names = list(known)
    by_folded = {name.casefold(): name for name in reversed(names)}
    if word.casefold() in by_folded:
        return f"Did you mean {by_folded[word.casefold()]}?"
    close = difflib.get_close_matches(word.casefold(), by_folded)
    if close:
        return f"Did you mean {' or '.join(by_folded[key] for key in close)}?"
    return f"There is: {', '.join(names)}." if names else "There is none."
