"""The floor: charts alone, page alone and PDF alone, in a warm process.

Whatever publishes a briefing has to draw its charts and write page and PDF;
the rest can be saved or shared. Typst remembers what it compiled, so in a
process every authority is printed once. As a program:

    .venv/bin/python benchmarks/floor.py FOLDER NAME…     publish, then measure
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import every
from measuring import EDITION, SAMPLE, Group, Options, Ratio, Spec, Step, apart

FIRST = "Trafford"
"""Rendered first and not counted."""

HTML, PDF = "HTML alone, of an authority", "PDF alone, of an authority"
CHARTS = "charts alone, of an authority"
TOGETHER = "charts, HTML and PDF, of an authority"
CHARTED = f"charts of {SAMPLE[0]}, {EDITION}"
"""The row of benchmarks/charts.py that counts as charts of an authority."""


def publish(authorities: Sequence[str], folder: str) -> list[str]:
    """Publish authorities into a folder, so that there are executed notebooks; name them."""
    from kentstats.publish.batch import publish_all

    run = publish_all(EDITION, authorities=authorities, jobs=2, output=Path(folder))
    if run.failed:
        raise SystemExit("\n".join(f"{each.name}: {each.error}" for each in run.failed))
    return [entry.name for entry in run.entries]


def render(authorities: Sequence[str], folder: str) -> dict[str, float]:
    """Render executed notebooks, the first of them uncounted; return means of seconds.

    Parameters
    ----------
    authorities : sequence of str
        Names; each is rendered once.
    folder : str
        Where :func:`publish` put them.
    """
    import nbformat

    from kentstats.project import find_project
    from kentstats.publish.briefing import choose_subject, front_of, slug
    from kentstats.publish.document import read_document
    from kentstats.publish.html import write_html
    from kentstats.publish.typst import write_pdf

    home = find_project()
    template = home.reports / "template"
    spent: dict[str, list[float]] = {HTML: [], PDF: []}
    parts: dict[str, Callable[..., None]] = {HTML: write_html, PDF: write_pdf}
    for authority in authorities:
        place = Path(folder) / EDITION / slug(authority)
        document = read_document(nbformat.read(place / "briefing.ipynb", 4))
        front = front_of(choose_subject(authority, EDITION, home))
        with tempfile.TemporaryDirectory() as made:
            for part, write in parts.items():
                started = time.perf_counter()
                write(document, front, Path(made), template)
                spent[part].append(time.perf_counter() - started)
    return {part: statistics.fmean(seconds[1:]) for part, seconds in spent.items()}


def measure(authorities: Sequence[str], folder: str, *, charts: bool) -> dict[str, float]:
    """Measure each part in a fresh process; return seconds an authority, and their sum."""
    found: dict[str, float] = apart("floor", f"render({[FIRST, *authorities]!r}, {folder!r})")
    if charts:
        rows = apart("charts", "measure(3)")
        drawn = {str(row["case"]): float(row["median"]) for row in rows}
        if CHARTED in drawn:
            found[CHARTS] = drawn[CHARTED]
            found[TOGETHER] = found[CHARTS] + found[HTML] + found[PDF]
    return found


@contextmanager
def steps(options: Options) -> Iterator[list[Step]]:
    """Publish some authorities, and return the step that renders them again."""
    names = list(SAMPLE[:3] if options.quick else SAMPLE)
    with tempfile.TemporaryDirectory() as folder:
        apart("floor", f"publish({[FIRST, *names]!r}, {folder!r})")
        charts = not reasons()
        yield [Step("floor", partial(measure, names, folder, charts=charts))]


def reasons() -> dict[str, str]:
    """Say what of the floor cannot be measured."""
    if importlib.util.find_spec("charts"):
        return {}
    return {CHARTS: "there is no benchmarks/charts.py."}


GROUP = Group(
    about="charts alone, HTML alone, PDF alone, in a warm process; with every, how far the whole",
    lasts="10 s, and 20 s before the first",
    runs=3,
    steps=steps,
    reasons=reasons,
    specs={CHARTS: Spec(), HTML: Spec(), PDF: Spec(), TOGETHER: Spec()},
    ratios={
        "--all with 1 job, cold, to charts, HTML and PDF": Ratio(
            every.EACH.format(every.NAMED[1]), TOGETHER
        ),
    },
)


if __name__ == "__main__":
    place, *wanted = sys.argv[1:]
    publish([FIRST, *wanted], place)
    for case, seconds in render([FIRST, *wanted], place).items():
        print(f"{case:44}{seconds:9.4f} s")
