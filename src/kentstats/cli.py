"""The command line: the only place that parses arguments."""

from __future__ import annotations

import io
import shutil
import signal
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click import argument, option

from kentstats import __version__
from kentstats.errors import DataError, KentstatsError, ParameterError

if TYPE_CHECKING:
    import pandas as pd

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
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
LIMIT = click.FloatRange(min=0)
EMPTY: dict[str, Any] = {"default": "", "show_default": False}
RESULT_COLOURS = {"disagrees": "red", "cannot tell": "yellow", "agrees": "green"}
TABLES = click.Choice(["facts", "judgements", "actions", "statements", "outcomes", "neighbours"])


class Commands(click.Group):
    """Commands that end with a message and an exit code instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that is asked for."""
        try:
            return super().invoke(ctx)
        except KentstatsError as error:
            message, exit_code = str(error), error.exit_code
        except KeyboardInterrupt:
            message, exit_code = "Stopped. What was done before is kept.", 130
        except BrokenPipeError:
            raise  # the reader has seen enough; click ends quietly
        except OSError as error:
            place = f" ({error.filename})" if error.filename else ""
            message, exit_code = f"{error.strerror or error}{place}.", 1
        failure = click.ClickException(message)
        vars(failure)["exit_code"] = exit_code
        raise failure


def _print(lines: Iterable[object]) -> None:
    for line in lines:
        click.echo(line)


def _say(line: object) -> None:
    click.echo(line, err=True)


def _write_table(frame: pd.DataFrame, form: str, output: Path | None) -> None:
    """Write a table to a file, or to the standard output."""
    from kentstats.load import encode

    if output:
        output.write_bytes(encode(frame, form))
    elif sys.stdout is None:  # as after >&- in a shell
        remedy = "Give a file with -o, or do not close it."
        raise KentstatsError("The standard output is closed.", remedy)
    elif form == "parquet" and sys.stdout.isatty():
        remedy = "Give a file with -o, or redirect the output."
        raise KentstatsError("Parquet is no text for a terminal.", remedy)
    else:
        click.echo(encode(frame, form), nl=False)


def format_option(*forms: str) -> Callable[..., Any]:
    """Add the option that says how a table is printed."""
    kind = click.Choice(forms)
    return option("--format", "form", type=kind, default=forms[0], help="How to print it.")


quiet_option = option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
edition_option = option("--edition", help="Edition of the figures; all by default.")
output_option = option("-o", "--output", type=FILE, help="Write to a file instead.")
authority_option = option("--authority", help="Name, GSS code or old code; all by default.")
published_option = option(
    "--output",
    type=FOLDER,
    default=Path("reports/published"),
    help="Folder of the published briefings; files go to EDITION/AUTHORITY below it.",
)


@click.group(
    cls=Commands,
    epilog=EPILOG,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "show_default": True,
    },
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
@argument("authority", default="")
@option("--edition", default="2010", help="Edition of the figures.")
@option("--all", "everyone", is_flag=True, help="Every authority of the edition.")
@option("--jobs", type=click.IntRange(1, 64), default=1, help="With --all: how many at once.")
@option(
    "--cluster",
    **EMPTY,
    metavar="ADDRESS",
    help="With --all: on the workers of this Dask scheduler, such as tcp://10.0.0.5:8786; "
    "local starts --jobs of them here.",
)
@option(
    "--store",
    **EMPTY,
    metavar="URL",
    help="With --cluster: where its workers write, such as s3://bucket/briefings; "
    "--output keeps what the next run needs.",
)
@option("--time-limit", type=LIMIT, default=120, help="Seconds for one authority; 0 for any.")
@option("--memory-limit", type=LIMIT, default=2000, help="MB for one briefing; 0 for any.")
@option("--again", is_flag=True, help="With --all: those too that are up to date.")
@option("--contact", **EMPTY, help="With --all: whom to write to about accessibility.")
@option(
    "--renderer",
    type=click.Choice(["embedded", "quarto", "auto"]),
    default="embedded",
    help="embedded needs nothing more; quarto must be on the PATH; auto takes it where it is.",
)
@option(
    "-p",
    "--parameter",
    "parameters",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help="Another parameter of the notebook, such as -p confidence 0.99. May be repeated.",
)
@option("--notebook", type=FILE, help="Another notebook than the package's own.")
@published_option
@quiet_option
def briefing(
    authority: str,
    everyone: bool,
    quiet: bool,
    parameters: tuple[tuple[str, str], ...],
    time_limit: float,
    memory_limit: float,
    **options: Any,
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
    from kentstats.publish.pool import Limits

    if everyone and authority:
        raise ParameterError(f"“{authority}” and --all are both given; choose one.")
    if not everyone and not authority:
        raise ParameterError("Give the name of an authority, or --all.")
    if (options["cluster"] or options["store"]) and not everyone:
        raise ParameterError("--cluster and --store are for many: give --all with them.")
    # asked to end, it clears up as it does for Ctrl-C: kernel, unfinished files
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options |= {
        "parameters": dict(parameters),
        "progress": sys.stderr.isatty() and not quiet,
        "limits": Limits(time_limit, memory_limit),
    }
    if everyone:
        _publish_all(quiet, **options)
    else:
        _publish_one(authority, quiet, **options)


def _publish_one(authority: str, quiet: bool, **options: Any) -> None:
    from kentstats.publish.briefing import publish

    for name in ("again", "cluster", "contact", "jobs", "store"):
        del options[name]
    talks = options["progress"] or options["renderer"] == "auto"
    folder = publish(authority, say=_say if talks else str, **options)
    if not quiet:
        _print(folder / name for name in ("briefing.html", "briefing.pdf", "briefing.ipynb"))


def _publish_all(quiet: bool, *, again: bool, contact: str, **options: Any) -> None:
    from kentstats.publish.batch import publish_all
    from kentstats.publish.site import write_home, write_index

    edition, output, store = options["edition"], options["output"], options["store"]
    run = publish_all(say=str if quiet else _say, force=again, **options)
    page: str | Path
    if store:
        from kentstats.publish.dask import put

        written = write_index(output, edition, contact=contact, there=lambda _: True)
        page = put(store, f"{edition}/{written.name}", written.read_bytes())
    else:
        page = write_index(output, edition, contact=contact)
        write_home(output, contact=contact)
    if not quiet:
        _print([run.summary(), page])
    if run.failed:
        raise click.exceptions.Exit(1)


@main.command()
@edition_option
@authority_option
@option("--table", type=TABLES, default="facts", help="Which table.")
@option(
    "--kind",
    type=click.Choice(["all", "report", "official"]),
    default="all",
    help="Facts of inspection reports, of official statistics, or both.",
)
@format_option("csv", "json", "parquet")
@output_option
def facts(form: str, output: Path | None, **options: Any) -> None:
    """Print a tidy table: every figure, judgement or action with its place.

    The facts of an authority bring those of England and its region with
    them, and those that its report compares it with.

    \b
    Examples:
      kentstats facts --authority Essex --edition 2025 > facts.csv
      kentstats facts --table actions --format json
      kentstats facts --format parquet -o facts.parquet
    """
    from kentstats.load import load_table

    _write_table(load_table(**options), form, output)


@main.command()
@edition_option
@authority_option
@format_option("table", "csv", "json")
@output_option
@option(
    "--kind",
    type=click.Choice(["report", "official", "all"]),
    help="Inspection reports, official statistics, or both; reports by default, where there are.",
)
@option("--strict", is_flag=True, help="End with 1 where something disagrees.")
def check(form: str, output: Path | None, strict: bool, **options: Any) -> None:
    """Check a source against itself: what it says twice, and whether it agrees.

    One row a check, with its arithmetic and the places in the source:
    grades and figures stated twice, parts and totals, counts and percentages,
    fractions and numbers, complements, words and numbers, dates. Of official
    statistics: whether a figure is that of its two numbers, and whether the
    authorities add up to England. A fault of the files themselves ends with 3.
    A file is CSV unless --format says otherwise.
    """
    from kentstats.load import check_sources

    checks = check_sources(notify=lambda note: _say(f"Note: {note}"), **options)
    if form == "table" and not output:
        _print(_layout(checks))
    else:
        _write_table(checks, "csv" if form == "table" else form, output)
    if strict and checks["result"].eq("disagrees").any():
        raise click.exceptions.Exit(1)


def _layout(checks: pd.DataFrame) -> Iterator[str]:
    """Lay checks out as a table for a terminal, with what disagrees in words below it."""
    wide = max(80, min(shutil.get_terminal_size().columns, 160)) - 11 - 3 * 2
    widths = (11, wide * 3 // 9, wide * 4 // 9, wide * 2 // 9)
    rows = [("result", "check", "arithmetic", "places"), tuple("-" * width for width in widths)]
    rows += [
        (row["result"], f"{row['check']}: {row['subject']}", row["arithmetic"], row["locators"])
        for row in checks.to_dict("records")
    ]
    for cells in rows:
        lines = [textwrap.wrap(cell, width) for cell, width in zip(cells, widths, strict=True)]
        for place, line in enumerate(zip_longest(*lines, fillvalue="")):
            padded = [part.ljust(width) for part, width in zip(line, widths, strict=True)]
            if place == 0 and cells[0] in RESULT_COLOURS:
                padded[0] = click.style(padded[0], fg=RESULT_COLOURS[cells[0]])
            yield "  ".join(padded).rstrip()
    for row in checks[checks["result"] != "agrees"].to_dict("records"):
        yield f"\n{row['subject']}, {row['result']}: {row['message']}"
    counts = checks["result"].value_counts()
    summary = ", ".join(f"{counts.get(result, 0)} {result}" for result in RESULT_COLOURS)
    yield f"\n{len(checks)} checks: {summary}."


@main.command()
@option("--output", type=FOLDER, default=Path("data/processed"), help="Folder to write to.")
def tidy(output: Path) -> None:
    """Write every tidy table as CSV and Parquet; the same bytes every time."""
    from kentstats.load import write_tables

    _print(write_tables(output))


@main.command()
@argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@option("--edition", help="Edition to add to; that of the files' latest year by default.")
@option(
    "--every-measure",
    "every",
    is_flag=True,
    help="Take measures too that the catalogue of indicators does not know.",
)
@option("--strict", is_flag=True, help="Write nothing where any line was refused.")
@option("--dry-run", is_flag=True, help="Read and report, and write nothing.")
@option("--report", type=FILE, help="Write every line refused or left out to a CSV file.")
@quiet_option
def ingest(
    files: tuple[Path, ...], dry_run: bool, report: Path | None, quiet: bool, **options: Any
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
        done = take_in(files, dry_run=dry_run, **options)
    except DataError as error:
        if report:
            report.write_text(refusals(error.problems), encoding="utf-8", newline="\n")
        raise
    if report:
        report.write_text(refusals((), done.readings), encoding="utf-8", newline="\n")
    if not quiet:
        _print(describe(done, dry_run=dry_run))


@main.command()
@argument("terms", nargs=-1, required=True, metavar="WORDS|ID")
@option("--search", "search_only", is_flag=True, help="List what is found; download nothing.")
@option(
    "--version",
    default="*",
    show_default=False,
    help="Version, such as 2.0 or 2.*; the latest by default.",
)
@option(
    "--into", type=FOLDER, help="Folder to put the files in; they stay in the cache by default."
)
@option("--offline", is_flag=True, help="Use what was downloaded before; ask for nothing.")
@option("--base-url", metavar="URL", help="Another address of the API (or KENTSTATS_EES_URL).")
@quiet_option
def fetch(terms: tuple[str, ...], search_only: bool, quiet: bool, **options: Any) -> None:
    """Download a data set of Explore Education Statistics, by WORDS or ID.

    What was downloaded once is kept with its checksum, and serves when the
    service cannot be reached. `kentstats ingest` reads the file.

    \b
    Examples:
      kentstats fetch --search children looked after
      kentstats fetch health of children looked after --into downloads
      kentstats fetch 0f0e0d0c-0b0a-0908-0706-050403020100 --version 1.*
    """
    from kentstats.ingest.ees_api import Client, describe, download

    words = " ".join(terms)
    base_url, offline = options.pop("base_url"), options.pop("offline")
    client = Client(base_url, offline=offline, notify=str if quiet else _say)
    lines = describe(client, words) if search_only else download(client, words, **options)
    if not quiet or search_only:
        _print(lines)


@main.command()
@published_option
@option("--authorities", is_flag=True, help="List every authority, with its codes.")
def status(output: Path, authorities: bool) -> None:
    """Show what is here: editions, authorities, briefings, renderers."""
    from kentstats.project import find_project
    from kentstats.publish.site import describe_project

    _print(describe_project(find_project(), output, authorities_too=authorities))
