"""An analyst's notebook, as it is, through papermill's own engine and through ``kentstats``.

A batch of notebooks is executed in one process through papermill's function,
as an analyst's script would; all of the process counts, its imports and what
the engine loads beforehand. Beside it, papermill's command, once a notebook.
As a program:

    .venv/bin/python benchmarks/engine.py NUMBER [ENGINE]
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path

from measuring import (
    HERE,
    PROGRAMS,
    PYTHON,
    ROOT,
    SAMPLE,
    Failed,
    Group,
    MissingError,
    Options,
    Ratio,
    Spec,
    Step,
    run,
)
from peer import ENVIRONMENT

ENGINE = "kentstats"
NOTEBOOKS = ROOT / "notebooks"
# the first is about the report of Kent, the one that there is
KENT = (NOTEBOOKS / "10_benchmarks.ipynb", {"authority": "Kent", "edition": "2010"})

PLAIN = "papermill, one process: a notebook"
OURS = "papermill, engine kentstats, one process: a notebook"
COMMAND = "papermill, a command each: a notebook"


def batch(number: int) -> list[tuple[Path, dict[str, str]]]:
    """List what is executed: the two notebooks in turn, each time of another authority."""
    others = (
        (NOTEBOOKS / "20_authorities.ipynb", {"authority": name, "edition": "2025"})
        for name in itertools.cycle(SAMPLE)
    )
    pairs = zip(itertools.repeat(KENT), others, strict=False)
    return list(itertools.islice(itertools.chain.from_iterable(pairs), number))


def execute(number: int, engine: str | None) -> None:
    """Execute a batch in this process; every cell of every notebook must have run."""
    import papermill

    with tempfile.TemporaryDirectory() as folder:
        for place, (notebook, parameters) in enumerate(batch(number)):
            made = papermill.execute_notebook(
                notebook,
                Path(folder) / f"{place}.ipynb",
                parameters,
                engine_name=engine,
                progress_bar=False,
                cwd=ROOT,
            )
            code = [cell for cell in made.cells if cell.cell_type == "code"]
            if not code or any(not cell.execution_count for cell in code):
                raise Failed(f"{notebook.name} has cells that did not run.")


def one_process(number: int, case: str, words: Sequence[str]) -> dict[str, float]:
    """Time a batch in a process; return seconds a notebook."""
    command = [PYTHON, HERE / "engine.py", str(number), *words]
    seconds, _ = run(command, environment=ENVIRONMENT)
    return {case: seconds / number}


def commands(number: int) -> dict[str, float]:
    """Time papermill's command, one after the other; return seconds a notebook."""
    spent = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for notebook, parameters in batch(number):
            words = [PROGRAMS / "papermill", notebook, Path(folder) / "out.ipynb"]
            for name, value in parameters.items():
                words += ["-p", name, value]
            spent += run(words, environment=ENVIRONMENT)[0]
    return {COMMAND: spent / number}


@contextmanager
def steps(options: Options) -> Iterator[list[Step]]:
    """Return the steps of a run.

    Raises
    ------
    MissingError
        Papermill knows no engine of this name.
    """
    if ENGINE not in entry_points(group="papermill.engine").names:
        raise MissingError(f"papermill has no engine “{ENGINE}” yet.")
    number = 4 if options.quick else 10
    if not options.quick:
        commands(2)  # it fills the disk's cache
    yield [
        Step("engine, papermill's own", partial(one_process, number, PLAIN, [])),
        Step("engine, kentstats", partial(one_process, number, OURS, [ENGINE])),
        Step("engine, papermill's command", partial(commands, 2)),
    ]


FOUR_TIMES = Spec("times", 4, at_least=True)
GROUP = Group(
    about="notebooks 10_benchmarks and 20_authorities through papermill --engine kentstats",
    lasts="1 min",
    runs=3,
    steps=steps,
    specs={PLAIN: Spec(), OURS: Spec(peer=PLAIN), COMMAND: Spec()},
    ratios={
        "papermill, one process, to engine kentstats": Ratio(PLAIN, OURS, FOUR_TIMES),
        "papermill, a command each, to engine kentstats": Ratio(COMMAND, OURS, FOUR_TIMES),
    },
)


if __name__ == "__main__":
    execute(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
