"""The peer: what an analyst would run without this package's own engine and renderer.

For each authority, over the same notebook as ``kentstats briefing``:

    papermill notebooks/briefing.ipynb out.ipynb -p authority Surrey -p edition 2010
    jupyter nbconvert --to html --no-input out.ipynb
    weasyprint out.html out.pdf         or
    chromium --headless --no-sandbox --disable-gpu --no-pdf-header-footer
        --print-to-pdf=out.pdf out.html

one authority after the other, and two at a time. Beside it the same through
the packages' own functions in one process, and papermill with Quarto where
that is on the PATH. As a program:

    .venv/bin/python benchmarks/peer.py together FOLDER NAME…     two at a time
    .venv/bin/python benchmarks/peer.py functions FOLDER NAME…    in one process
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from measuring import (
    EDITION,
    HERE,
    MEGABYTE,
    PROGRAMS,
    PYTHON,
    ROOT,
    SAMPLE,
    Failed,
    Group,
    Options,
    Spec,
    Step,
    run,
    watched,
)

NOTEBOOK = ROOT / "notebooks" / "briefing.ipynb"
JOBS = 2
ENVIRONMENT = {
    # jupyter looks for its commands on the PATH, and for kernels in the user's home first
    "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}",
    "JUPYTER_PREFER_ENV_PATH": "1",
}

ALONE = "peer, one at a time, {}: an authority"
TOGETHER = "peer, two at a time, {}: an authority"
WEASYPRINT, CHROMIUM, QUARTO = "WeasyPrint", "Chromium", "Quarto"
FUNCTIONS = "peer, Python API in one process, WeasyPrint: an authority"
MEMORY = "peer, two at a time, WeasyPrint: memory of the tree"
PARTS = "of it, {}"


def chromium() -> str | None:
    """Find Chromium: ``CHROMIUM``, or the first of its names on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, names)), None)


def _command(words: Sequence[str | Path], made: Path) -> float:
    """Run a command of the peer; return its seconds if it made what it should."""
    seconds, _ = run(words, environment=ENVIRONMENT)
    # Chromium, for one, may print nothing and say that all went well
    if not made.is_file() or made.stat().st_size < 1000:
        raise Failed(f"{' '.join(map(str, words))} ended well and did not write {made.name}.")
    return seconds


def execute(authority: str, folder: Path) -> float:
    """Execute the notebook with the command of papermill; return the seconds."""
    made = folder / "out.ipynb"
    words = [PROGRAMS / "papermill", NOTEBOOK, made, "-p", "authority", authority]
    return _command([*words, "-p", "edition", EDITION], made)


def to_html(folder: Path) -> float:
    """Convert the executed notebook with the command of nbconvert; return the seconds."""
    words = [PROGRAMS / "jupyter", "nbconvert", "--to", "html", "--no-input", folder / "out.ipynb"]
    return _command(words, folder / "out.html")


def weasyprint_pdf(folder: Path) -> float:
    """Print the page with the command of WeasyPrint; return the seconds."""
    made = folder / "out.pdf"
    return _command([PROGRAMS / "weasyprint", folder / "out.html", made], made)


def chromium_pdf(folder: Path) -> float:
    """Print the page with Chromium; return the seconds."""
    made = folder / "printed.pdf"
    words = [str(chromium()), "--headless", "--no-sandbox", "--disable-gpu"]
    words += ["--no-pdf-header-footer", f"--print-to-pdf={made}", str(folder / "out.html")]
    return _command(words, made)


PRINTERS: Mapping[str, Callable[[Path], float]] = {
    WEASYPRINT: weasyprint_pdf,
    CHROMIUM: chromium_pdf,
}


def whole(printer: str, authority: str, folder: Path) -> None:
    """Make the notebook, page and PDF of an authority in a folder of its own."""
    place = folder / authority
    place.mkdir()
    execute(authority, place)
    to_html(place)
    PRINTERS[printer](place)


def one_at_a_time(authorities: Sequence[str], printers: Sequence[str]) -> dict[str, float]:
    """Time the commands one after the other; return seconds an authority.

    Execution and page are the same for all printers, so they are run once.
    """
    spent: dict[str, list[float]] = {}
    for authority in authorities:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            spent.setdefault("papermill", []).append(execute(authority, folder))
            spent.setdefault("nbconvert", []).append(to_html(folder))
            for printer in printers:
                spent.setdefault(printer, []).append(PRINTERS[printer](folder))
    each = {part: statistics.fmean(seconds) for part, seconds in spent.items()}
    shared = each["papermill"] + each["nbconvert"]
    return {
        **{ALONE.format(printer): shared + each[printer] for printer in printers},
        **{PARTS.format(part): seconds for part, seconds in each.items()},
    }


def two_at_a_time(authorities: Sequence[str], printer: str) -> dict[str, float]:
    """Time the commands two at a time, as ``xargs -P 2`` would; return seconds an authority."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(JOBS) as pool:
        started = time.perf_counter()
        # the threads only wait for the commands, which are processes
        list(pool.map(partial(whole, printer, folder=Path(name)), authorities))
        seconds = time.perf_counter() - started
    return {TOGETHER.format(printer): seconds / len(authorities)}


def memory(authorities: Sequence[str]) -> dict[str, float]:
    """Watch the memory of the commands two at a time, and of the small process over them."""
    with tempfile.TemporaryDirectory() as folder:
        peak, _ = watched([PYTHON, HERE / "peer.py", "together", folder, *authorities])
    return {MEMORY: peak / MEGABYTE}


def functions(authorities: Sequence[str]) -> dict[str, float]:
    """Time the same in one process through Python; return seconds an authority."""
    with tempfile.TemporaryDirectory() as folder:
        words = [PYTHON, HERE / "peer.py", "functions", folder, *authorities]
        _, told = run(words, environment=ENVIRONMENT)
    return {FUNCTIONS: float(told.split()[-1]) / len(authorities)}


def in_this_process(authorities: Sequence[str], folder: Path) -> float:
    """Make every authority with the packages' own functions; return the seconds.

    The imports are not counted, which is in the peer's favour.
    """
    import papermill
    import weasyprint
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(exclude_input=True)
    started = time.perf_counter()
    for authority in authorities:
        place = folder / authority
        place.mkdir()
        parameters = {"authority": authority, "edition": EDITION}
        papermill.execute_notebook(
            NOTEBOOK, place / "out.ipynb", parameters, progress_bar=False, cwd=ROOT
        )
        text, _ = exporter.from_filename(str(place / "out.ipynb"))
        (place / "out.html").write_text(text, encoding="utf-8")
        weasyprint.HTML(place / "out.html").write_pdf(place / "out.pdf")
    return time.perf_counter() - started


def quarto(authorities: Sequence[str]) -> dict[str, float]:
    """Time papermill and then Quarto for page and PDF; return seconds an authority."""
    program = str(shutil.which("quarto"))
    spent = 0.0
    for authority in authorities:
        with tempfile.TemporaryDirectory(prefix="peer-") as name:
            # Quarto takes its project file and what that names from beside the notebook
            folder = Path(name)
            shutil.copyfile(ROOT / "reports" / "_quarto.yml", folder / "_quarto.yml")
            shutil.copytree(ROOT / "reports" / "template", folder / "template")
            spent += execute(authority, folder)
            for kind, ending in (("html", "html"), ("typst", "pdf")):
                made = folder / f"out.{ending}"
                spent += _command([program, "render", folder / "out.ipynb", "--to", kind], made)
    return {ALONE.format(QUARTO): spent / len(authorities)}


@contextmanager
def steps(options: Options) -> Iterator[list[Step]]:
    """Return the steps of a run, after one authority that is not counted."""
    few, more = (SAMPLE[:1], SAMPLE[:2]) if options.quick else (SAMPLE[:4], SAMPLE[:6])
    printers = [WEASYPRINT, *([CHROMIUM] if chromium() else [])]
    made = [
        Step("peer, one at a time", partial(one_at_a_time, few, printers)),
        *(
            Step(f"peer, two at a time, {one}", partial(two_at_a_time, more, one))
            for one in printers
        ),
        Step("peer, Python API", partial(functions, few[:2])),
        Step("peer, memory", partial(memory, more[:2]), most=1),
    ]
    if shutil.which("quarto"):
        made.append(Step("peer, Quarto", partial(quarto, few)))
    if not options.quick:
        one_at_a_time(SAMPLE[:1], printers)  # it fills the disk's cache
    yield made


def reasons() -> dict[str, str]:
    """Say what of the peer cannot be measured here."""
    found: dict[str, str] = {}
    if not chromium():
        cases = (ALONE.format(CHROMIUM), TOGETHER.format(CHROMIUM), PARTS.format(CHROMIUM))
        found |= dict.fromkeys(cases, "Chromium is not on the PATH.")
    if not shutil.which("quarto"):
        found[ALONE.format(QUARTO)] = "Quarto is not on the PATH."
    return found


GROUP = Group(
    about="papermill, nbconvert and WeasyPrint or Chromium, over the same notebook",
    lasts="100 s",
    runs=3,
    steps=steps,
    reasons=reasons,
    specs={
        ALONE.format(WEASYPRINT): Spec(),
        ALONE.format(CHROMIUM): Spec(),
        **{PARTS.format(part): Spec() for part in ("papermill", "nbconvert", *PRINTERS)},
        TOGETHER.format(WEASYPRINT): Spec(),
        TOGETHER.format(CHROMIUM): Spec(),
        FUNCTIONS: Spec(),
        ALONE.format(QUARTO): Spec(),
        MEMORY: Spec("MB"),
    },
)


if __name__ == "__main__":
    mode, place, *names = sys.argv[1:]
    if mode == "together":
        with ThreadPoolExecutor(JOBS) as workers:
            list(workers.map(partial(whole, WEASYPRINT, folder=Path(place)), names))
    else:
        print(in_this_process(names, Path(place)))
