"""``kentstats briefing --all``: cold, unchanged, and with one figure changed.

Every run has a project of its own in a folder for temporary files: a copy of
the data, notebooks and templates, so that nothing of an earlier run is at
hand, and a figure may be edited.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import itertools
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import peer
from measuring import (
    EDITION,
    KENTSTATS,
    MEGABYTE,
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
    watched,
)

INDICATOR, DERBY = "health-assessments", "E06000015"
"""The figure that is edited, and of whom."""

NAMED = {1: "--all, 1 job", 2: "--all, 2 jobs", "dask": "--all, Dask with 2 workers"}
COLD, EACH, UNCHANGED, CHANGED = (
    *("{}, cold", "{}, cold: an authority", "{}, unchanged", "{}, one figure changed"),
)
PUBLISHED = "{}, one figure changed: published"
MEMORY = "{}, cold: memory of the tree"
ONE = "one authority, cold: {}"
ONE_MEMORY = "one authority, cold: {}, memory of the tree"
SUMMARY = re.compile(r"^(\d+) authorit\w+ in .*?: (\d+) failed, (\d+) published, (\d+) unchanged")
FEWEST = 100
"""An edition has more authorities; fewer, and it was not all of them."""


@dataclass(frozen=True)
class Count:
    """What a run says that it did."""

    authorities: int
    failed: int
    published: int
    unchanged: int


def counted(told: str) -> Count:
    """Read the last line of a summary of a run.

    Raises
    ------
    Failed
        There is none.
    """
    for line in told.splitlines():
        found = SUMMARY.match(line)
        if found:
            return Count(*map(int, found.groups()))
    raise Failed(f"kentstats briefing --all does not say how many it published:\n{told[-2000:]}")


def share(numerator: int, denominator: int) -> str:
    """Write a percentage as the edition's figures have it: eight decimals, no idle noughts.

    Examples
    --------
    >>> share(195, 204), share(91, 104), share(5, 5)
    ('95.58823529', '87.5', '100')
    """
    return f"{100 * numerator / denominator:.8f}".rstrip("0").rstrip(".")


def edited(text: str, by: int, *, indicator: str = INDICATOR, area: str = DERBY) -> str:
    """Add to the numerator of one figure and let its value follow; leave all else as it is.

    Parameters
    ----------
    text : str
        The table of figures, as CSV.
    by : int
        What to add.
    indicator, area : str
        Whose figure; of several the last, which is the latest.

    Raises
    ------
    Failed
        There is no such figure with both its numbers.
    """
    lines = text.splitlines(keepends=True)
    names = next(csv.reader(lines[:1]))
    for place in reversed(range(1, len(lines))):
        if not lines[place].startswith(f"{indicator},{area},"):
            continue
        figure = dict(zip(names, next(csv.reader([lines[place]])), strict=True))
        if not (figure["numerator"] and figure["denominator"]):
            continue
        number = int(figure["numerator"]) + by
        changed = {"numerator": str(number), "value": share(number, int(figure["denominator"]))}
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow({**figure, **changed}.values())
        lines[place] = line.getvalue()
        return "".join(lines)
    raise Failed(f"There is no figure of {indicator} in {area} with both its numbers.")


def edit(home: Path, by: int) -> None:
    """Edit one figure of a copied project."""
    path = home / "data" / "raw" / f"official-{EDITION}" / "figures.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        text = file.read()
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        file.write(edited(text, by))


def copy_home(home: Path, project: Path = ROOT) -> None:
    """Copy what a project needs, and nothing that was made from it."""
    shutil.copytree(project / "data" / "raw", home / "data" / "raw")
    (home / "notebooks").mkdir()
    for notebook in (project / "notebooks").glob("*.ipynb"):
        shutil.copy2(notebook, home / "notebooks")
    shutil.copytree(project / "reports" / "template", home / "reports" / "template")
    shutil.copy2(project / "reports" / "_quarto.yml", home / "reports")


@dataclass
class Place:
    """A copied project and what is published from it; made anew for each cold run."""

    folder: Path
    edits: Iterator[int] = field(default_factory=lambda: itertools.cycle((-1, 1)))

    @property
    def home(self) -> Path:
        """The project."""
        return self.folder / "home"

    @property
    def output(self) -> Path:
        """What is published."""
        return self.folder / "published"

    def renew(self) -> None:
        """Make it as if nothing had been done."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        copy_home(self.home)
        self.edits = itertools.cycle((-1, 1))

    def command(self, words: Sequence[str]) -> list[str]:
        """Return the command that publishes every authority."""
        command = [*KENTSTATS, "briefing", "--all", "--edition", EDITION]
        return [*command, *words, "--output", str(self.output)]

    @property
    def environment(self) -> dict[str, str]:
        """Variables that lead to this project."""
        return {"KENTSTATS_HOME": str(self.home)}


def _all_of(count: Count) -> None:
    if count.published != count.authorities or count.authorities < FEWEST:
        raise Failed(f"A cold run published {count.published} of {count.authorities}.")


def cold(place: Place, name: str, words: Sequence[str]) -> dict[str, float]:
    """Time every authority where nothing is published yet."""
    place.renew()
    seconds, told = run(place.command(words), environment=place.environment)
    count = counted(told)
    _all_of(count)
    return {COLD.format(name): seconds, EACH.format(name): seconds / count.authorities}


def unchanged(place: Place, name: str, words: Sequence[str]) -> dict[str, float]:
    """Time the run that finds nothing to do."""
    seconds, told = run(place.command(words), environment=place.environment)
    count = counted(told)
    if count.published or count.unchanged != count.authorities:
        raise Failed(f"A run with nothing to do published {count.published}.")
    return {UNCHANGED.format(name): seconds}


def changed(place: Place, name: str, words: Sequence[str]) -> dict[str, float]:
    """Edit one figure and time the run that follows it up; say how many it published."""
    edit(place.home, next(place.edits))
    seconds, told = run(place.command(words), environment=place.environment)
    count = counted(told)
    if not count.published or count.failed:
        raise Failed(f"After a figure changed, {count.published} were published.")
    return {CHANGED.format(name): seconds, PUBLISHED.format(name): count.published}


def memory(place: Place, name: str, words: Sequence[str]) -> dict[str, float]:
    """Watch the memory of a cold run."""
    place.renew()
    peak, told = watched(place.command(words), environment=place.environment)
    _all_of(counted(told))
    return {MEMORY.format(name): peak / MEGABYTE}


@contextmanager
def steps(options: Options) -> Iterator[list[Step]]:
    """Return the steps of a run; the quick one has no second way of counting the jobs."""
    with tempfile.TemporaryDirectory() as folder:
        place, other = Place(Path(folder) / "one"), Place(Path(folder) / "other")
        two, one = ["--jobs", "2"], ["--jobs", "1"]
        made = [
            Step(f"{NAMED[2]}, cold", partial(cold, place, NAMED[2], two)),
            Step(f"{NAMED[2]}, unchanged", partial(unchanged, place, NAMED[2], two)),
            Step(f"{NAMED[2]}, changed", partial(changed, place, NAMED[2], two)),
        ]
        if not options.quick:
            made += [
                Step(f"{NAMED[1]}, unchanged", partial(unchanged, place, NAMED[1], one)),
                Step(f"{NAMED[1]}, changed", partial(changed, place, NAMED[1], one)),
                Step(f"{NAMED[1]}, cold", partial(cold, other, NAMED[1], one), most=1),
                Step(f"{NAMED[2]}, memory", partial(memory, other, NAMED[2], two), most=2),
            ]
        yield made


def _offers(option: str) -> bool:
    return option in run([*KENTSTATS, "briefing", "--help"])[1]


@contextmanager
def cluster_steps(options: Options) -> Iterator[list[Step]]:
    """Return the step with Dask.

    Raises
    ------
    MissingError
        This kentstats has no ``--cluster``, or Dask is not installed.
    """
    if not _offers("--cluster"):
        raise MissingError("kentstats briefing has no --cluster yet.")
    if importlib.util.find_spec("distributed") is None:
        raise MissingError("Dask is not installed: make cluster.")
    with tempfile.TemporaryDirectory() as folder:
        place, name = Place(Path(folder) / "dask"), NAMED["dask"]
        words = ["--cluster", "local", "--jobs", "2"]
        work = partial(cold, place, name, words)
        yield [Step(f"{name}, cold", work, most=1 if options.quick else None)]


def one_cold(authority: str) -> dict[str, float]:
    """Time one authority where nothing is published yet."""
    with tempfile.TemporaryDirectory() as output:
        words = ["briefing", authority, "--edition", EDITION, "--output", output]
        seconds, _ = run([*KENTSTATS, *words])
        return {ONE.format(authority): seconds}


def one_memory(authority: str) -> dict[str, float]:
    """Watch the memory of one authority."""
    with tempfile.TemporaryDirectory() as output:
        words = ["briefing", authority, "--edition", EDITION, "--output", output]
        peak, _ = watched([*KENTSTATS, *words])
        return {ONE_MEMORY.format(authority): peak / MEGABYTE}


@contextmanager
def one_steps(options: Options) -> Iterator[list[Step]]:
    """Return the steps of one authority: the one with most to say, and an ordinary one."""
    if not options.quick:
        one_cold(SAMPLE[0])  # it fills the disk's cache
    yield [
        Step("one authority, Kent", partial(one_cold, "Kent")),
        Step(f"one authority, {SAMPLE[0]}", partial(one_cold, SAMPLE[0])),
        Step("one authority, memory", partial(one_memory, "Kent")),
    ]


WEASYPRINT, CHROMIUM = peer.WEASYPRINT, peer.CHROMIUM
TEN_TIMES = Spec("times", 10, at_least=True)

ONE_GROUP = Group(
    about="kentstats briefing of one authority, from cold",
    lasts="12 s",
    runs=3,
    steps=one_steps,
    specs={
        ONE.format("Kent"): Spec(goal=6),
        ONE.format(SAMPLE[0]): Spec(goal=6, peer=peer.ALONE.format(WEASYPRINT)),
        ONE_MEMORY.format("Kent"): Spec("MB", 500),
    },
)

GROUP = Group(
    about=f"kentstats briefing --all --edition {EDITION}, cold, unchanged, one figure changed",
    lasts="twice as long as --all, cold; the first, five times",
    runs=3,
    steps=steps,
    specs={
        COLD.format(NAMED[2]): Spec(goal=60),
        EACH.format(NAMED[2]): Spec(peer=peer.TOGETHER.format(WEASYPRINT)),
        COLD.format(NAMED[1]): Spec(),
        EACH.format(NAMED[1]): Spec(peer=peer.ALONE.format(WEASYPRINT)),
        UNCHANGED.format(NAMED[2]): Spec(goal=3),
        UNCHANGED.format(NAMED[1]): Spec(goal=3),
        CHANGED.format(NAMED[2]): Spec(goal=8),
        PUBLISHED.format(NAMED[2]): Spec("briefings"),
        CHANGED.format(NAMED[1]): Spec(),
        PUBLISHED.format(NAMED[1]): Spec("briefings"),
        MEMORY.format(NAMED[2]): Spec("MB", 700),
    },
    ratios={
        f"peer two at a time, {printer}, to --all with 2 jobs": Ratio(
            peer.TOGETHER.format(printer), EACH.format(NAMED[2]), TEN_TIMES
        )
        for printer in (WEASYPRINT, CHROMIUM)
    }
    | {
        f"peer one at a time, {printer}, to --all with 1 job": Ratio(
            peer.ALONE.format(printer), EACH.format(NAMED[1])
        )
        for printer in (WEASYPRINT, CHROMIUM)
    }
    | {
        "peer in one process to --all with 1 job": Ratio(peer.FUNCTIONS, EACH.format(NAMED[1])),
    },
)

CLUSTER_GROUP = Group(
    about="the same through Dask with two local workers; with every, their ratio",
    lasts="as long as --all, cold",
    runs=3,
    steps=cluster_steps,
    specs={
        COLD.format(NAMED["dask"]): Spec(),
        EACH.format(NAMED["dask"]): Spec(peer=peer.TOGETHER.format(WEASYPRINT)),
    },
    ratios={
        "Dask with 2 workers to --jobs 2": Ratio(
            COLD.format(NAMED["dask"]), COLD.format(NAMED[2]), Spec("times", 1.2)
        ),
    },
)
