"""Measure what a briefing costs among 150 authorities and among 10,000.

    .venv/bin/python benchmarks/scaling.py
    .venv/bin/python benchmarks/scaling.py --areas 150 1000 10000 100000 --jobs 1 2

The authorities are synthetic: a real edition again and again, see
:mod:`synthetic`. A sample of them is published by ``publish_all``, in a place
that looks as if all others had been published before: their folders and their
entries in the manifest are there. What a run takes before the first briefing
is told apart from what each takes by a run of few and a run of many; the
same authorities are published whatever the number of all, and the runs take
turns, so that what else the machine does hits all alike.

``measure`` gives the rows to a caller, such as ``bench.py``.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import synthetic
from measuring import EDITION, MEGABYTE, PYTHON, Ratio, Row, Spec, quotients, row, run, watched

from kentstats.publish.manifest import MANIFEST, Record, read_manifest

SMALL, LARGE = 150, 10_000
"""Numbers of authorities that are compared by themselves."""
FEW, MANY = 4, 44
"""Authorities of the two runs whose difference is the cost of each."""
LINKS = 30_000
"""As many names are given to a file, where twice as many might be too many."""
RUNS = 3
SLOWER, LARGER = 1.10, 1.20
"""How many times as long, and as much, it may be among 10,000 as among 150."""

START = "{areas:,} areas, {jobs}: before the first"
EACH = "{areas:,} areas, {jobs}: each briefing"
WORK = "{areas:,} areas, {jobs}: each briefing, processor"
PLACE = "{areas:,} areas, {jobs}: memory of the tree"
SIZE = "{areas:,} areas: files of a briefing"
UNITS = {START: "s", EACH: "s", WORK: "s", PLACE: "MB", SIZE: "MB"}

CODE = """
import sys
from pathlib import Path
from kentstats.publish.batch import publish_all

edition, output, jobs, *names = sys.argv[1:]
done = publish_all(edition, authorities=names, jobs=int(jobs), output=Path(output), force=True)
if done.failed:
    sys.exit(done.summary())
"""
"""Publishes some authorities, whatever was published before."""


@dataclass
class Place:
    """A synthetic project, and what is published of it.

    Attributes
    ----------
    folder : pathlib.Path
        Where both are.
    areas : int
        How many authorities it has.
    """

    folder: Path
    areas: int
    sizes: list[float] = field(default_factory=list)

    def make(self) -> None:
        """Write the project, and publish it in appearance: every authority has the files of one."""
        synthetic.write(self.folder / "home", self.areas)
        (first,) = self.sample(1)
        self.publish([first], 1)
        folder = self.output / EDITION
        head = read_manifest(folder / MANIFEST)
        (entry,) = head.pop("authorities")
        entries = {
            synthetic.code(number): replace(
                entry,
                name=synthetic.name(number),
                code=synthetic.code(number),
                slug=_slug(synthetic.name(number)),
            )
            for number in range(self.areas)
        }
        areas = [
            SimpleNamespace(code=each.code, name=each.name)  # all that the manifest asks of one
            for each in entries.values()
        ]
        Record(folder / MANIFEST, head, entries, areas, ()).write()  # type: ignore[arg-type]
        source = folder / _slug(first)
        for number in range(self.areas):
            place = folder / _slug(synthetic.name(number))
            if place != source:
                shutil.copytree(source, place, copy_function=os.link)
            if number % LINKS == LINKS - 1:  # a file has only so many names
                source = shutil.copytree(source, self.folder / f"copy-{number}")

    @property
    def output(self) -> Path:
        """Where it is published."""
        return self.folder / "published"

    def sample(self, number: int) -> list[str]:
        """Name some authorities, the same whatever the number of all."""
        most = min(self.areas, SMALL)
        return [synthetic.name(each * most // number) for each in range(number)]

    def _command(self, names: Sequence[str], jobs: int) -> list[str]:
        return [PYTHON, "-c", CODE, EDITION, str(self.output), str(jobs), *names]

    @property
    def _environment(self) -> dict[str, str]:
        return {"KENTSTATS_HOME": str(self.folder / "home")}

    def publish(self, names: Sequence[str], jobs: int) -> tuple[float, float]:
        """Publish some; return the seconds that pass, and those of the processors."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds, _ = run(self._command(names, jobs), environment=self._environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, used

    def memory(self, names: Sequence[str], jobs: int) -> float:
        """Publish some; return the peak memory of all processes, in megabytes."""
        peak, _ = watched(self._command(names, jobs), environment=self._environment)
        return peak / MEGABYTE

    def size(self, names: Sequence[str]) -> float:
        """Return the mean size of the files of a briefing, in megabytes."""
        folder = self.output / EDITION
        sizes = [file.stat().st_size for name in names for file in (folder / _slug(name)).iterdir()]
        return sum(sizes) / len(names) / MEGABYTE


def _slug(name: str) -> str:
    return name.casefold().replace(" ", "-")


Found = dict[str, dict[int, float]]


def _one_run(number: int, place: Place, jobs: int, sample: tuple[int, int], found: Found) -> None:
    few, many = (place.sample(size) for size in sample)
    short, long = place.publish(few, jobs), place.publish(many, jobs)
    each, work = ((b - a) / (len(many) - len(few)) for a, b in zip(short, long, strict=True))
    figures = {
        START: short[0] - len(few) * each,
        EACH: each,
        WORK: work,
        PLACE: place.memory(many[: len(many) // 2], jobs),
        SIZE: place.size(many),
    }
    told = _words(place.areas, jobs)
    for case, figure in figures.items():
        found.setdefault(case.format(**told), {})[number] = figure
    line = ", ".join(f"{figure:.4g} {UNITS[case]}" for case, figure in figures.items())
    print(f"run {number + 1}: {told['areas']:,} areas, {told['jobs']}: {line}", file=sys.stderr)


def _words(areas: int, jobs: int) -> dict[str, object]:
    return {"areas": areas, "jobs": f"{jobs} job{'s' if jobs > 1 else ''}"}


def measure(
    runs: int = RUNS,
    *,
    areas: Sequence[int] = (SMALL, LARGE),
    jobs: Sequence[int] = (2,),
    sample: tuple[int, int] = (FEW, MANY),
) -> list[Row]:
    """Publish samples of synthetic editions in turn.

    Parameters
    ----------
    runs : int, default 3
        Runs of each.
    areas : sequence of int
        Numbers of authorities; each is compared with the first.
    jobs : sequence of int
        Numbers of processes.
    sample : tuple of int
        Authorities of a run of few and of a run of many.

    Returns
    -------
    list of dict
        As :func:`measuring.row` makes them.
    """
    found: Found = {}
    with tempfile.TemporaryDirectory(prefix="kentstats-scaling-") as folder:
        places = [Place(Path(folder) / str(number), number) for number in areas]
        for place in places:
            place.make()
        for number in range(runs):
            for together in jobs:
                for place in places:
                    _one_run(number, place, together, sample, found)
    rows = [
        row(case, figures.values(), Spec(_unit(case)))
        for case, figures in sorted(found.items(), key=lambda item: _unit(item[0]), reverse=True)
    ]
    for together in jobs:
        for number in areas[1:]:
            rows += _ratios(found, areas[0], number, together)
    return rows


def _unit(case: str) -> str:
    ends = {form.partition(": ")[2]: unit for form, unit in UNITS.items()}
    return ends[case.partition(": ")[2]]


def _ratios(found: Found, small: int, large: int, jobs: int) -> list[Row]:
    """Divide the figures among many authorities by those among few, run by run."""
    one, other = _words(large, jobs), _words(small, jobs)
    rows = []
    for form, goal in ((EACH, SLOWER), (WORK, SLOWER), (PLACE, LARGER), (SIZE, None)):
        of = Ratio(form.format(**one), form.format(**other), Spec("times", goal))
        what = form.partition(": ")[2]
        case = f"{large:,} areas to {small:,}, {one['jobs']}: {what}"
        rows.append(row(case, quotients(found, of.over, of.under), of.spec))
    return rows


def main(words: Iterable[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--areas", type=int, nargs="+", default=[SMALL, LARGE], metavar="N")
    parser.add_argument("--jobs", type=int, nargs="+", default=[2], metavar="N")
    parser.add_argument("--runs", type=int, default=RUNS, metavar="N")
    parser.add_argument("--sample", type=int, nargs=2, default=[FEW, MANY], metavar="N")
    asked = parser.parse_args(words if words is None else list(words))
    few, many = asked.sample
    rows = measure(asked.runs, areas=asked.areas, jobs=asked.jobs, sample=(few, many))
    wide = max(len(one["case"]) for one in rows) + 2
    for one in rows:
        goal = "" if one["goal"] is None else f"goal {one['goal']:g}"
        print(
            f"{one['case']:{wide}}{one['median']:>9.4g}{one['least']:>9.4g}{one['most']:>9.4g}"
            f"  {one['unit']:6}{goal}"
        )


if __name__ == "__main__":
    main()
