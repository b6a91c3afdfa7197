"""The command line: the only place that parses arguments."""

from __future__ import annotations

import functools
import io
import signal
import sys
import textwrap
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from kentstats import __version__
from kentstats.errors import DataError, KentstatsError

if TYPE_CHECKING:
    import pandas as pd

    from kentstats.publish.pool import Limits

EPILOG = """\b
Exit codes:
  0  done
  1  a disagreement was found (check --strict), or another error
  2  an argument, authority, edition or parameter that is not known
  3  a source file that breaks the contract
  4  a cell of the notebook failed
  5  the document could not be rendered
  130, 143  stopped by Ctrl-C, or asked to end
"""


def failure(message: str, exit_code: int = 1) -> click.ClickException:
    """Make the error that click prints without a traceback."""
    error = click.ClickException(message)
    vars(error)["exit_code"] = exit_code
    return error


def told(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command end with a message and an exit code instead of a traceback."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except KentstatsError as error:
            raise failure(str(error), error.exit_code) from error
        except KeyboardInterrupt:
            raise failure("Stopped. What was done before is kept.", 130) from None
        except BrokenPipeError:
            raise  # the reader has seen enough; click ends quietly
        except OSError as error:
            place = f" ({error.filename})" if error.filename else ""
            raise failure(f"{error.strerror or error}{place}.") from error

    return wrapped


@click.group(
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="kentstats")
def main() -> None:
    """Children's services statistics: tidy facts, honest comparisons, a briefing.

    \b
    Begin with:
      kentstats status              what is here, and what has been published
      kentstats briefing Kent       the briefing, as HTML, PDF and notebook
      kentstats check               what the report says twice, and whether it agrees
      kentstats facts               every figure, as CSV
      kentstats ingest FILE         take in new official statistics
    """
    for stream in (sys.stdout, sys.stderr):
        # not every terminal or pipe can say ≠ by itself
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(encoding="utf-8")


@main.command()
@click.argument("authority", required=False)
@click.option("--edition", default="2010", show_default=True, help="Edition of the figures.")
@click.option("--all", "everyone", is_flag=True, help="Every authority of the edition.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="With --all: how many at once.",
)
@click.option(
    "--cluster",
    default="",
    metavar="ADDRESS",
    help="With --all: on the workers of this Dask scheduler, such as tcp://10.0.0.5:8786; "
    "local starts --jobs of them here.",
)
@click.option(
    "--store",
    default="",
    metavar="URL",
    help="With --cluster: where its workers write, such as s3://bucket/briefings; "
    "--output keeps what the next run needs.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="How long one authority may take; 0 for any time.",
)
@click.option(
    "--memory-limit",
    type=click.FloatRange(min=0),
    default=2000,
    show_default=True,
    metavar="MB",
    help="What one briefing may use beyond what all share; 0 for any.",
)
@click.option("--again", is_flag=True, help="With --all: those too that are up to date.")
@click.option(
    "--contact", default="", help="With --all: whom to write to, for the page's accessibility."
)
@click.option(
    "--renderer",
    type=click.Choice(["embedded", "quarto", "auto"]),
    default="embedded",
    show_default=True,
    help="embedded needs nothing more; quarto must be on the PATH; auto takes it where it is.",
)
@click.option(
    "-p",
    "--parameter",
    "parameters",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help="Another parameter of the notebook, such as -p confidence 0.99. May be repeated.",
)
@click.option(
    "--notebook",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Another notebook than the package's own.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports/published"),
    show_default=True,
    help="Folder to publish in; files go to EDITION/AUTHORITY below it.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@told
def briefing(
    authority: str | None,
    edition: str,
    everyone: bool,
    jobs: int,
    cluster: str,
    store: str,
    time_limit: float,
    memory_limit: float,
    again: bool,
    contact: str,
    renderer: str,
    parameters: tuple[tuple[str, str], ...],
    notebook: Path | None,
    output: Path,
    quiet: bool,
) -> None:
    """Publish the briefing of AUTHORITY: a name, GSS code or three-digit code.

    The notebook is executed with papermill and rendered to HTML and PDF.
    Everything is written aside first; when a cell fails, what was published
    before stays as it was and the broken notebook is kept.

    With --all, every authority of the edition: one failure never stops the
    rest, and a second run does only what changed or failed.

    \b
    Examples:
      kentstats briefing Kent
      kentstats briefing Essex --edition 2025
      kentstats briefing E10000016 --renderer quarto
      kentstats briefing --all --edition 2025 --jobs 2
      kentstats briefing --all --cluster tcp://10.0.0.5:8786
      kentstats briefing Kent -p confidence 0.99 --output /tmp/try
    """
    if everyone == bool(authority):
        raise failure(
            "Give the name of an authority, or --all."
            if not everyone
            else f"“{authority}” and --all are both given; choose one.",
            2,
        )
    if (cluster or store) and not everyone:
        raise failure("--cluster and --store are for many: give --all with them.", 2)
    # asked to end, it clears up as it does for Ctrl-C: kernel, unfinished files
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    from kentstats.publish.pool import Limits

    limits = Limits(time_limit, memory_limit)
    if everyone:
        where = (cluster, store, limits)
        _every(edition, jobs, where, again, contact, renderer, parameters, notebook, output, quiet)
        return
    from kentstats.publish.briefing import publish

    talks = sys.stderr.isatty() and not quiet
    published = publish(
        str(authority),
        edition,
        parameters=dict(parameters),
        notebook=notebook,
        output=output,
        renderer=renderer,
        progress=talks,
        say=(lambda line: click.echo(line, err=True)) if talks or renderer == "auto" else _silent,
        limits=limits,
    )
    if not quiet:
        for name in ("briefing.html", "briefing.pdf", "briefing.ipynb"):
            click.echo(published.folder / name)


def _silent(line: str) -> None:
    del line


def _every(
    edition: str,
    jobs: int,
    where: tuple[str, str, Limits],
    again: bool,
    contact: str,
    renderer: str,
    parameters: tuple[tuple[str, str], ...],
    notebook: Path | None,
    output: Path,
    quiet: bool,
) -> None:
    from kentstats.publish.batch import publish_all
    from kentstats.publish.site import write_home, write_index

    cluster, store, limits = where
    run = publish_all(
        edition,
        jobs=jobs,
        parameters=dict(parameters),
        notebook=notebook,
        output=output,
        renderer=renderer,
        progress=sys.stderr.isatty() and not quiet,
        say=_silent if quiet else lambda line: click.echo(line, err=True),
        force=again,
        cluster=cluster,
        store=store,
        limits=limits,
    )
    page: str | Path
    if store:
        from kentstats.publish.dask import open_store

        written = write_index(output, edition, contact=contact, there=lambda _: True)
        page = open_store(store).put(f"{edition}/{written.name}", written.read_bytes())
    else:
        page = write_index(output, edition, contact=contact)
        write_home(output, contact=contact)
    if not quiet:
        click.echo(run.summary())
        click.echo(page)
    if run.failed:
        raise click.exceptions.Exit(1)


@main.command()
@click.option("--edition", help="Edition of the figures; all by default.")
@click.option("--authority", help="Name, GSS code or old code; all by default.")
@click.option(
    "--table",
    type=click.Choice(["facts", "judgements", "actions", "statements", "outcomes", "neighbours"]),
    default="facts",
    show_default=True,
    help="Which table.",
)
@click.option(
    "--kind",
    type=click.Choice(["all", "report", "official"]),
    default="all",
    show_default=True,
    help="Facts of inspection reports, of official statistics, or both.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "parquet"]),
    default="csv",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to a file instead.",
)
@told
def facts(
    edition: str | None,
    authority: str | None,
    table: str,
    kind: str,
    form: str,
    output: Path | None,
) -> None:
    """Print a tidy table: every figure, judgement or action with its place.

    The facts of an authority bring those of England and its region with
    them, and those that its report compares it with.

    \b
    Examples:
      kentstats facts --authority Essex --edition 2025 > facts.csv
      kentstats facts --table actions --format json
      kentstats facts --format parquet -o facts.parquet
    """
    from kentstats.load import OFFICIAL_TABLES, csv_of, load_facts, load_official_table, load_table

    if table == "facts":
        frame = load_facts(authority=authority, edition=edition, kind=kind)
    elif table in OFFICIAL_TABLES:
        frame = load_official_table(table, authority=authority, edition=edition)
    else:
        frame = load_table(table, authority=authority, edition=edition)
    content = csv_of(table, frame).encode() if form == "csv" else _encoded(frame, form)
    if output:
        output.write_bytes(content)
    elif form == "parquet" and sys.stdout.isatty():
        raise KentstatsError(
            "Parquet is no text for a terminal.", "Give a file with -o, or redirect the output."
        )
    else:
        _binary_stdout().write(content)


def _binary_stdout() -> BinaryIO:
    sys.stdout.flush()
    return sys.stdout.buffer


def _encoded(frame: pd.DataFrame, form: str) -> bytes:
    if form == "csv":
        return frame.to_csv(index=False, lineterminator="\n").encode()
    if form == "json":
        text = frame.to_json(
            orient="records", date_format="iso", date_unit="s", force_ascii=False, indent=1
        )
        return text.encode() + b"\n"
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


@main.command()
@click.option("--edition", help="Edition of the figures; all by default.")
@click.option("--authority", help="Name, GSS code or old code; all by default.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print the checks.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to a file instead; as CSV unless --format says otherwise.",
)
@click.option(
    "--kind",
    type=click.Choice(["report", "official", "all"]),
    help="Inspection reports, official statistics, or both; reports by default, where there are.",
)
@click.option("--strict", is_flag=True, help="End with 1 where something disagrees.")
@told
def check(
    edition: str | None,
    authority: str | None,
    form: str,
    output: Path | None,
    kind: str | None,
    strict: bool,
) -> None:
    """Check a source against itself: what it says twice, and whether it agrees.

    One row a check, with its arithmetic and the places in the source:
    grades and figures stated twice, parts and totals, counts and percentages,
    fractions and numbers, complements, words and numbers, dates. Of official
    statistics: whether a figure is that of its two numbers, and whether the
    authorities add up to England. A fault of the files themselves ends with 3.
    """
    import pandas as pd

    from kentstats.load import choose_edition, editions, load_table, open_official, reports_of
    from kentstats.stats.consistency import audit

    tables = []
    names = [choose_edition(edition)] if edition else editions()
    sources = reports_of(authority, names)
    for source in sources if kind != "official" else []:
        facts, judgements, actions = (
            load_table(table, authority=source.authority, edition=source.edition)
            for table in ("facts", "judgements", "actions")
        )
        found = audit(facts, judgements, actions, source)
        tables.append(found.assign(source=source.id))
    # a report comes first; without one there are the statistics
    if kind == "official" or kind == "all" or not sources:
        from kentstats.load import official_facts
        from kentstats.stats.screen import screen

        for name in names:
            official = open_official(name)
            if official:
                tables.append(screen(official_facts(official)).assign(source=f"official-{name}"))
    if not tables:
        raise KentstatsError("There is nothing to check.", "kentstats status lists what there is.")
    checks = pd.concat(tables, ignore_index=True)
    if output:
        output.write_bytes(_encoded(checks, "json" if form == "json" else "csv"))
    elif form == "table":
        _print_checks(checks)
    else:
        _binary_stdout().write(_encoded(checks, form))
    if strict and checks["result"].eq("disagrees").any():
        raise click.exceptions.Exit(1)


def _print_checks(checks: pd.DataFrame) -> None:
    import shutil

    results = {"disagrees": "red", "cannot tell": "yellow", "agrees": "green"}
    wide = max(80, min(shutil.get_terminal_size().columns, 160)) - 11 - 3 * 2
    widths = (11, wide * 3 // 9, wide * 4 // 9, wide * 2 // 9)
    header = ("result", "check", "arithmetic", "places")
    _print_row(header, widths)
    _print_row(tuple("-" * width for width in widths), widths)
    for row in checks.to_dict("records"):
        cells = (row["result"], f"{row['check']}: {row['subject']}")
        _print_row((*cells, row["arithmetic"], row["locators"]), widths, results[row["result"]])
    for row in checks[checks["result"] != "agrees"].to_dict("records"):
        click.echo(f"\n{row['subject']}, {row['result']}: {row['message']}")
    counts = checks["result"].value_counts()
    summary = ", ".join(f"{counts.get(result, 0)} {result}" for result in results)
    click.echo(f"\n{len(checks)} checks: {summary}.")


def _print_row(cells: tuple[str, ...], widths: tuple[int, ...], colour: str = "") -> None:
    wrapped = [
        textwrap.wrap(cell, width) or [""] for cell, width in zip(cells, widths, strict=True)
    ]
    for place, line in enumerate(zip_longest(*wrapped, fillvalue="")):
        padded = [part.ljust(width) for part, width in zip(line, widths, strict=True)]
        if colour and place == 0:
            padded[0] = click.style(padded[0], fg=colour)
        click.echo("  ".join(padded).rstrip())


@main.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data/processed"),
    show_default=True,
    help="Folder to write to.",
)
@told
def tidy(output: Path) -> None:
    """Write every tidy table as CSV and Parquet; the same bytes every time."""
    from kentstats.load import write_tables

    for path in write_tables(output):
        click.echo(path)


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--edition", help="Edition to add to; that of the files' latest year by default.")
@click.option(
    "--every-measure",
    "every",
    is_flag=True,
    help="Take measures too that the catalogue of indicators does not know.",
)
@click.option("--strict", is_flag=True, help="Write nothing where any line was refused.")
@click.option("--dry-run", is_flag=True, help="Read and report, and write nothing.")
@click.option(
    "--report",
    "report_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write every line refused or left out to a CSV file.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@told
def ingest(
    files: tuple[Path, ...],
    edition: str | None,
    every: bool,
    strict: bool,
    dry_run: bool,
    report_path: Path | None,
    quiet: bool,
) -> None:
    """Read FILES of official statistics into an edition's tables.

    The kind of each file is recognised from its content: open data files of
    Explore Education Statistics, underlying data of 2010, the download of
    the Local Authority Interactive Tool, statistical neighbours, Ofsted's
    outcomes, code lists. What was refused or left out is told line by line;
    a file that cannot be read leaves every table as it was.

    \b
    Examples:
      kentstats ingest la_conviction_health_outcome_cla.csv
      kentstats ingest *.csv sn_may_2025.xlsx --edition 2025
      kentstats ingest new.csv --dry-run --report refused.csv
    """
    from kentstats.ingest.update import describe, refusals
    from kentstats.ingest.update import ingest as take_in

    try:
        done = take_in(files, edition=edition, every=every, strict=strict, dry_run=dry_run)
    except DataError as error:
        if report_path:
            report_path.write_text(refusals(error), encoding="utf-8", newline="\n")
        raise
    if report_path:
        report_path.write_text(refusals(done), encoding="utf-8", newline="\n")
    if not quiet:
        for line in describe(done, dry_run=dry_run):
            click.echo(line)


@main.command()
@click.argument("terms", nargs=-1, required=True, metavar="WORDS|ID")
@click.option("--search", "search_only", is_flag=True, help="List what is found; download nothing.")
@click.option("--version", help="Version, such as 2.0 or 2.*; the latest by default.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to put the files in; they stay in the cache by default.",
)
@click.option("--offline", is_flag=True, help="Use what was downloaded before; ask for nothing.")
@click.option(
    "--base-url", metavar="URL", help="Another address of the API (or KENTSTATS_EES_URL)."
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
@told
def fetch(
    terms: tuple[str, ...],
    search_only: bool,
    version: str | None,
    into: Path | None,
    offline: bool,
    base_url: str | None,
    quiet: bool,
) -> None:
    """Download a data set of Explore Education Statistics, by WORDS or ID.

    What was downloaded once is kept with its checksum, and serves when the
    service cannot be reached. `kentstats ingest` reads the file.

    \b
    Examples:
      kentstats fetch --search children looked after
      kentstats fetch health of children looked after --into downloads
      kentstats fetch 0f0e0d0c-0b0a-0908-0706-050403020100 --version 1.*
    """
    from kentstats.ingest.api import command

    lines = command(
        " ".join(terms),
        search_only=search_only,
        version=version,
        into=into,
        offline=offline,
        base_url=base_url,
        say=_silent if quiet else lambda line: click.echo(line, err=True),
    )
    if not quiet or search_only:
        for line in lines:
            click.echo(line)


@main.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports/published"),
    show_default=True,
    help="Folder of the published briefings.",
)
@click.option("--authorities", is_flag=True, help="List every authority, with its codes.")
@told
def status(output: Path, authorities: bool) -> None:
    """Show what is here: editions, authorities, briefings, renderers."""
    from kentstats.project import find_project
    from kentstats.publish.site import describe_project

    for line in describe_project(find_project(), output, authorities_too=authorities):
        click.echo(line)


if __name__ == "__main__":
    main()
