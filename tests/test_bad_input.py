"""Files that nobody would want to meet, through the true command line.

Each is a clear error, and then every table keeps its bytes; or what is wrong
is refused line by line, counted, and the rest is read.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import kentstats
from official import (
    DATA,
    LOOKED_AFTER,
    looked_after,
    needs_data,
    row,
    small_home,
    sums_of,
    text_of,
    workbook,
    write,
)
from pandas.testing import assert_frame_equal
from test_workbooks import HEADER, OTHERS, neighbours

from kentstats.cli import main
from kentstats.ingest.edition import read_official
from kentstats.project import VARIABLE, Project

GOOD = [looked_after("England", children_count=80_000), looked_after(), looked_after("Essex")]
TEXT = text_of(GOOD)
LAST = TEXT.splitlines()[-1]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_home(tmp_path_factory.mktemp("small")).root


@pytest.fixture
def home(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    root = tmp_path / "home"
    shutil.copytree(small, root)
    monkeypatch.setenv(VARIABLE, str(root))
    return Project(root)


def ingest(*arguments: str | Path) -> tuple[int, str, str]:
    command = ["ingest", *map(str, arguments)]
    done = CliRunner().invoke(main, command, prog_name="kentstats")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def archive(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, text in files.items():
            packed.writestr(name.replace("_csv", ".csv").replace("__", "/"), text)
    return out.getvalue()


def replaced(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


WIDE = ",".join(["time_period", "time_identifier", "geographic_level", *map(str, range(10_000))])
ERRORS: dict[str, tuple[str | bytes, int, str]] = {
    "empty": (b"", 3, ": The file is empty. Download it again."),
    "white space alone": (b" \r\n\t\n", 3, ": The file is empty. Download it again."),
    "a header alone": (
        TEXT.splitlines()[0] + "\n",
        3,
        ", line 1: The file has a header and nothing below it. Download it again.",
    ),
    "one cell": ("nothing\n1\n", 3, ", line 1: The first line has one cell only."),
    "cut off in a line": (
        TEXT[: TEXT.index(LAST) + 60],
        3,
        ", line 4: The file is cut off: its last line has 6 cells, the header 14. "
        "Download the file again.",
    ),
    "cut off in a quote": (
        TEXT + '2025,Reporting year,"Local auth',
        3,
        ", line 5: The file is cut off: a double quote opens here that is never closed, "
        "so the rest of the file is lost. Download the file again.",
    ),
    "a quote that is never closed": (
        TEXT.replace("E10000016", '"E10000016') + LAST + "\n",
        3,
        ", line 3: A double quote opens here that is never closed",
    ),
    "semicolons": (
        TEXT.replace(",", ";"),
        3,
        ", line 1: The columns are separated by semicolons. "
        "Save the file with commas between the columns.",
    ),
    "tabs": (TEXT.replace(",", "\t"), 3, ", line 1: The columns are separated by tabs."),
    "bars": (TEXT.replace(",", "|"), 3, ", line 1: The columns are separated by bars."),
    "UTF-16 without a mark, little end first": (
        TEXT.encode("utf-16-le"),
        3,
        ", line 1: The file looks like UTF-16 without a mark that says so. "
        "Save the file with the encoding UTF-8.",
    ),
    "UTF-16 without a mark, big end first": (
        TEXT.encode("utf-16-be"),
        3,
        ", line 1: The file looks like UTF-16 without a mark",
    ),
    "UTF-16 cut off": (
        TEXT.encode("utf-16")[:-1],
        3,
        ": The file begins as UTF-16 and does not go on so. Download it again.",
    ),
    "UTF-32": (TEXT.encode("utf-32"), 3, ", line 1: The file is UTF-32. Save the file with the"),
    "bytes of no encoding": (
        TEXT.encode().replace(b"Essex", b"Ess\x81x"),
        3,
        ", line 4: Byte 0x81 is neither UTF-8 nor Windows-1252. "
        "Save the file with the encoding UTF-8.",
    ),
    "one damaged byte in UTF-8": (
        TEXT.replace("South East", "Südosten – Süd").encode().replace(b"Essex", b"Ess\xe9x"),
        3,
        ", line 4: Byte 0xe9 is not UTF-8, as the rest of the file is. Download the file again.",
    ),
    "one damaged byte after a mark of UTF-8": (
        b"\xef\xbb\xbf" + TEXT.encode().replace(b"Essex", b"Ess\xe9x"),
        3,
        ", line 4: Byte 0xe9 is not UTF-8",
    ),
    "a damaged byte below old line ends": (
        TEXT.replace("\n", "\r").encode().replace(b"Essex", b"Ess\x81x"),
        3,
        ", line 4: Byte 0x81",
    ),
    "a web page": (
        "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
        3,
        ", line 1: The file is a web page, not a table. Download the data itself; "
        "the link may need to be followed once more.",
    ),
    "a web page after a comment": (
        "<!-- cached -->\n<HTML><body>a,b</body></HTML>\n",
        3,
        ", line 1: The file is a web page, not a table.",
    ),
    "part of a web page": ("<table><tr><td>1,2</td></tr></table>", 3, "is a web page"),
    "XML": (
        '<?xml version="1.0"?>\n<data><a>1,2</a></data>\n',
        3,
        ", line 1: The file is XML, not a table. Download the data set as CSV.",
    ),
    "JSON": (
        json.dumps({"results": [1, 2]}),
        3,
        ", line 1: The file is JSON, not a table. Download the data set as CSV.",
    ),
    "a list in JSON": (json.dumps(GOOD, indent=1), 3, ", line 1: The file is JSON, not a table."),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\n1 0 obj", 3, ": The file is a PDF. Download the data that"),
    "gz": (gzip.compress(TEXT.encode()), 3, ": The file is compressed. Unpack it first, as with"),
    "bz2": (b"BZh91AY&SY\x00\x00", 3, ": The file is compressed."),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00\x04", 3, ": The file is an archive."),
    "zip of CSV files": (
        archive(data_csv=TEXT, more_csv=TEXT),
        3,
        ": The file is an archive of data.csv, more.csv. Unpack it, and give the files in it.",
    ),
    "an empty zip": (archive(), 3, ": The file is an archive of nothing."),
    "zip cut off": (
        archive(data_csv=TEXT)[:100],
        3,
        ": The file is a damaged workbook, or a damaged archive. Download it again.",
    ),
    "a workbook without content": (
        archive(**{"xl__workbook.xml": "<workbook/>"}),
        3,
        ": The workbook cannot be read: ",
    ),
    "an old workbook, damaged": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
        3,
        ": The workbook cannot be read: ",
    ),
    "parquet cut off": (b"PAR1" + b"\x00" * 50, 3, ": The parquet file is damaged or cut off: "),
    "no text": (
        b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)) * 9,
        3,
        ": The file is no text. Give a CSV file, or unpack an archive first.",
    ),
    "a character of value nought near the top": (
        replaced("Essex", "Ess\x00x"),
        3,
        ": The file is no text.",
    ),
    "a table of something else": (
        "name,age\nKnut,5\n",
        3,
        ", line 1: The file is of no known kind; its columns begin name, age. "
        "Known are open data files (time_period, time_identifier, geographic_level), the "
        "underlying data of 2010, the interactive tool's download, and code lists.",
    ),
    "a column twice": (
        TEXT.replace("population_estimate", "children_count"),
        3,
        ", line 1: The header names a column twice: children_count, children_count. "
        "Keep one of each, or rename the others.",
    ),
    "a column twice in other case": (
        TEXT.replace("population_estimate", "Children Count"),
        3,
        ", line 1: The header names a column twice: Children Count, children_count.",
    ),
    "kinds of period mixed": (
        TEXT
        + text_of(
            [looked_after(time_period="202425", time_identifier="Academic year")]
        ).splitlines()[1]
        + "\n",
        3,
        ", line 5: The file mixes kinds of period: Academic year, Reporting year. "
        "Split it into one file for each kind.",
    ),
    "a kind of period that is not known": (
        replaced("Reporting year", "School year"),
        3,
        ", line 2, column time_period: 3 lines were refused, more than were understood. "
        "The first: “2025, School year” is no period of the open data standard. "
        "See the open data standard.",
    ),
    "no period": (
        replaced("2025,Reporting", "25,Reporting"),
        3,
        "“25” is no period: give four digits, or six as in 202425.",
    ),
    "10,000 columns and nothing in them": (
        WIDE + "\n" + "," * WIDE.count(",") + "\n",
        2,
        "data.csv: nothing in it is known to the catalogue of indicators.",
    ),
    "every line refused": (
        replaced("E10000016", "E10000099").replace("E10000012", "E10000098"),
        3,
        ", line 3, column new_la_code: 2 lines were refused, more than were understood. "
        "The first: No list of codes knows “E10000099” as authority. "
        "Ingest a newer list of codes, or ask the publisher.",
    ),
    "every figure refused": (
        text_of([looked_after(children_count="?"), looked_after("Essex", children_count="?")]),
        3,
        ", line 2, column children_count: 2 lines were refused, more than were understood. "
        "The first: “?” is neither a number nor a known symbol.",
    ),
    "of a year that has no edition": (
        replaced("2025,Reporting", "2031,Reporting"),
        2,
        "The files reach to 2031, of which there is no edition. "
        "Name one with --edition. There is: 2010, 2025.",
    ),
    "of measures that nobody knows": (
        text_of([row(heads=1, tails=2)]),
        2,
        "data.csv: nothing in it is known to the catalogue of indicators. "
        "Take every measure with --every-measure, or add an indicator to the catalogue.",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_cannot_be_read_is_an_error_and_every_table_keeps_its_bytes(
    case: str, home: Project, tmp_path: Path
) -> None:
    content, code, told = ERRORS[case]
    path = write(tmp_path / "data.csv", content)
    before = sums_of(home.raw)
    ended, out, err = ingest(path)
    assert (ended, out) == (code, ""), err
    assert told in err
    assert err.startswith(f"Error: {path}" if code == 3 else "Error: "), err
    assert err.rstrip().endswith((".", "?")), err
    assert "Traceback" not in err
    assert len(err) < 700
    assert sums_of(home.raw) == before


@pytest.mark.parametrize("case", ["a web page", "cut off in a line", "no text", "zip of CSV files"])
def test_a_process_of_its_own_ends_the_same_way(case: str, home: Project, tmp_path: Path) -> None:
    content, code, told = ERRORS[case]
    path = write(tmp_path / "data.csv", content)
    before = sums_of(home.raw)
    done = kentstats("ingest", "data.csv", cwd=tmp_path, KENTSTATS_HOME=str(home.root))
    assert done.returncode == code
    assert told in done.stderr
    assert done.stderr.startswith(f"Error: {path.name}")
    assert "Traceback" not in done.stderr
    assert sums_of(home.raw) == before


def test_a_file_that_is_missing_or_a_folder_is_told(home: Project, tmp_path: Path) -> None:
    before = sums_of(home.raw)
    code, _, err = ingest(tmp_path / "none.csv", tmp_path)
    assert code == 3
    assert f"{tmp_path / 'none.csv'}: The file cannot be read: No such file or directory." in err
    assert f"{tmp_path}: The file cannot be read: Is a directory. Give the path of a file." in err
    assert sums_of(home.raw) == before


def test_one_file_that_cannot_be_read_keeps_all_out(home: Project, tmp_path: Path) -> None:
    good = write(tmp_path / "good.csv", TEXT)
    bad = write(tmp_path / "bad.csv", "<html>")
    lists = write(
        tmp_path / "regions.csv", "region_code,region_name\nE12000008,The South of the East\n"
    )
    before = sums_of(home.raw)
    code, out, err = ingest(good, lists, bad)
    assert (code, out) == (3, "")
    assert "bad.csv, line 1: The file is a web page" in err
    assert sums_of(home.raw) == before


def test_a_list_of_codes_is_not_taken_where_the_edition_is_not_known(
    home: Project, tmp_path: Path
) -> None:
    lists = write(tmp_path / "regions.csv", "region_code,region_name\nE12000008,South\n")
    data = write(tmp_path / "data.csv", ERRORS["of a year that has no edition"][0])
    before = sums_of(home.raw)
    assert ingest(lists, data)[0] == 2
    assert ingest(lists, data, "--edition", "soon")[0] == 2
    assert sums_of(home.raw) == before


REREFERRED = {"referral_count": 100, "rereferral_count": 20, "rereferral_percent": 20}
OVER = [row(name, **REREFERRED) for name in ("England", "Kent", "Essex")]
REFUSED: dict[str, tuple[str, list[str]]] = {
    "a last line that may be cut off": (
        TEXT.rstrip("\n"),
        [
            "line 4, column rate_per_10000: The last line has no line end, so its last cell may "
            "have been cut off. Download the file again; add a line end if it is whole."
        ],
    ),
    "too few and too many cells": (
        TEXT + "2025,Reporting year\n" + LAST + ",9\n",
        [
            "line 5: The line has 2 cells, the header 14. Put text that contains commas in "
            "double quotes, or download the file again.",
            "line 6: The line has 15 cells, the header 14.",
        ],
    ),
    "two lines that disagree": (
        text_of([*GOOD, looked_after("Medway"), looked_after("Medway", children_count=5)]),
        [
            "line 5: Two lines of one place, period and filter give different figures. "
            "Ask the publisher which is right; neither was taken.",
            "line 6: Two lines of one place, period and filter give different figures.",
        ],
    ),
    "symbols that nobody knows": (
        text_of([*GOOD, looked_after("Medway", children_count="n/a", rate_per_10000="*")]),
        [
            "line 5, column children_count: “n/a” is neither a number nor a known symbol. "
            "Ask the publisher; known besides numbers: c, z, x, k, low, u.",
            "line 5, column rate_per_10000: “*” is neither a number nor a known symbol.",
        ],
    ),
    "a negative count": (
        text_of([*GOOD, looked_after("Medway", children_count=-5)]),
        [
            "line 5, column children_count: The figure is negative. "
            "A count or share is nought or more.",
            "line 5, column rate_per_10000: The figure is negative.",
        ],
    ),
    "a percentage over 100": (
        text_of([*OVER, row("Medway", **REREFERRED | {"rereferral_percent": 100.1})]),
        ["line 5, column rereferral_percent: The figure is over 100 per cent. Ask the publisher."],
    ),
    "a numerator above its denominator": (
        text_of([*OVER, row("Medway", **REREFERRED | {"rereferral_count": 101})]),
        ["line 5, column rereferral_percent: The numerator is above its denominator."],
    ),
    "a per cent sign": (
        text_of([*OVER, row("Medway", **REREFERRED | {"rereferral_percent": "20%"})]),
        ["line 5, column rereferral_percent: “20%” has a per cent sign in it."],
    ),
    "formulas": (
        text_of([*GOOD, looked_after("Medway", children_count="=1+1", rate_per_10000="@A1")]),
        [
            "line 5, column children_count: “=1+1” is a formula.",
            "line 5, column rate_per_10000: “@A1” is a formula.",
        ],
    ),
    "a formula for a filter": (
        text_of([*GOOD, looked_after("Medway", population_type="=HYPERLINK(0)")]),
        ["line 5, column population_type: “=HYPERLINK(0)” is a formula. Ask the publisher."],
    ),
    "numbers that are none": (
        text_of([*GOOD, looked_after("Medway", children_count="9e999", rate_per_10000="9" * 400)]),
        [
            "line 5, column children_count: “9e999” is neither a number",
            f"line 5, column rate_per_10000: “{'9' * 40}” is neither a number",
        ],
    ),
    "a code that no list knows": (
        text_of([*GOOD, looked_after("Medway", new_la_code="E06000999")]),
        [
            "line 5, column new_la_code: No list of codes knows “E06000999” as authority. "
            "Ingest a newer list of codes, or ask the publisher."
        ],
    ),
    "an authority for a region": (
        text_of([*GOOD, looked_after("South East", region_code="E10000016")]),
        ["line 5, column region_code: No list of codes knows “E10000016” as region."],
    ),
    "no code": (
        text_of([*GOOD, looked_after("Medway", new_la_code="", old_la_code="")]),
        ["line 5, column new_la_code: The code is empty."],
    ),
    "code and name that disagree": (
        text_of([*GOOD, looked_after("Medway", la_name="Kent")]),
        ["line 5, column new_la_code: E06000035 is Medway, the row says Kent."],
    ),
    "code and name of a region that disagree": (
        text_of([*GOOD, looked_after("South East", region_name="London")]),
        ["line 5, column region_code: E12000008 is South East, the row says London."],
    ),
    "a region that names an authority": (
        text_of([*GOOD, looked_after("Medway", geographic_level="Regional")]),
        ["line 5, column geographic_level: The row is Regional, and names E06000035."],
    ),
    "a nation that names a region": (
        text_of([*GOOD, looked_after("South East", geographic_level="National")]),
        ["line 5, column geographic_level: The row is National, and names E12000008."],
    ),
    "two lines that disagree and spell their place in two ways": (
        text_of([*GOOD, looked_after("Essex", region_name="The East", children_count=5)]),
        [
            "line 4: Two lines of one place, period and filter give different figures.",
            "line 5: Two lines of one place, period and filter give different figures.",
        ],
    ),
    "two lines that disagree and write their words in two ways": (
        text_of(
            [
                *GOOD,
                looked_after(
                    "Essex",
                    population_type=LOOKED_AFTER.upper(),
                    time_identifier="reporting  year",
                    children_count=5,
                ),
            ]
        ),
        [
            "line 4: Two lines of one place, period and filter give different figures.",
            "line 5: Two lines of one place, period and filter give different figures.",
        ],
    ),
    "joined codes that nobody knows": (
        text_of([*GOOD, looked_after("Medway", new_la_code="E06000035 / E06000999")]),
        ["line 5, column new_la_code: No list of codes knows “E06000035 / E06000999”."],
    ),
    "a period that is none": (
        text_of([*GOOD, looked_after("Medway", time_period="202427")]),
        [
            "line 5, column time_period: “202427” is no year: its two halves do not follow each "
            "other. See the open data standard."
        ],
    ),
    "a cell of 40,000 characters": (
        text_of([*GOOD, looked_after("Medway", la_name="M" * 40_000)]),
        ["line 5: A cell has over 32,767 characters. Look at the file."],
    ),
    "a cell of 200,000 characters": (
        text_of([*GOOD, looked_after("Medway", la_name="M" * 200_000)]),
        ["line 5: The line is no CSV: a cell has over 131,072 characters."],
    ),
    "a character of value nought": (
        TEXT + "\n" * 5_000 + LAST.replace("Essex", "Ess\x00x") + "\n",
        ["line 5005: The line holds a character of value nought. Download the file again."],
    ),
    "the header again": (
        TEXT + TEXT.splitlines()[0] + "\n",
        ["line 5: The header stands here again. Take the line out."],
    ),
    "text after a quote": (
        TEXT + LAST.replace("Essex", '"Es"sex') + "\n",
        ["line 5: The line is no CSV: ',' expected after '\"'. Download the file again."],
    ),
    "a fault below cells of several lines": (
        TEXT.replace("Essex", '"Es\n\nsex"') + LAST.replace("Essex", "Kent") + "\n",
        ["line 7, column new_la_code: E10000012 is Essex, the row says Kent."],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_with_a_line_is_refused_and_the_rest_is_read(
    case: str, home: Project, tmp_path: Path
) -> None:
    content, told = REFUSED[case]
    path = write(tmp_path / "data.csv", content)
    report = tmp_path / "report.csv"
    before = sums_of(home.raw)
    code, out, err = ingest(path, "--strict")
    assert (code, out) == (3, "")
    assert all(f"data.csv, {each}" in err for each in told)
    assert sums_of(home.raw) == before
    code, out, err = ingest(path, "--report", report)
    assert (code, err) == (0, "")
    with report.open(encoding="utf-8", newline="") as file:
        listed = [each for each in csv.DictReader(file) if each["outcome"] == "refused"]
    assert f"  refused: {len(listed)}\n" in out
    for each, line in zip(told, listed, strict=True):
        column = f", column {line['column']}" if line["column"] else ""
        assert f"line {line['line']}{column}: {line['what']} {line['remedy']}".startswith(each)
        assert each in out
        assert line["file"] == "data.csv"
    assert "Edition 2025: " in out


def test_an_error_names_twenty_lines_and_counts_the_others(home: Project, tmp_path: Path) -> None:
    wrong = [looked_after("Medway", la_name="Kent", population_type=str(n)) for n in range(30)]
    sound = [looked_after(population_type=f"{n} years") for n in range(40)]
    path = write(tmp_path / "data.csv", [*GOOD, *sound, *wrong])
    code, _, err = ingest(path, "--strict")
    assert code == 3
    assert len(err.splitlines()) == 20
    assert err.splitlines()[-1] == (
        "data.csv: 11 more lines were refused. "
        "Leave --strict, and --dry-run --report FILE lists them all."
    )


SAME: dict[str, bytes] = {
    "a byte order mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "Windows line ends": TEXT.replace("\n", "\r\n").encode(),
    "old line ends": TEXT.replace("\n", "\r").encode(),
    "UTF-16, little end first": b"\xff\xfe" + TEXT.encode("utf-16-le"),
    "UTF-16, big end first": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "Windows-1252": TEXT.replace("Essex", "Essex\xa0").encode("cp1252"),
    "a last empty line": TEXT.encode() + b"\n\n \n",
    "lines of commas below": TEXT.encode() + b",,,,,,,,,,,,,\n,,,,,,,,,,,,,\n",
    "quotes around everything": "".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) + "\n" for line in TEXT.splitlines()
    ).encode(),
    "columns in another order": text_of([dict(reversed(each.items())) for each in GOOD]).encode(),
    "columns in capitals": (TEXT.splitlines()[0].upper() + TEXT[TEXT.index("\n") :]).encode(),
    "columns with spaces": (
        TEXT.splitlines()[0].replace("_", " ").replace(",", " , ") + TEXT[TEXT.index("\n") :]
    ).encode(),
    "words in other case": TEXT.replace("Local auth", "LOCAL AUTH")
    .replace("year", "YEAR")
    .encode(),
    "thousands with commas": text_of(
        [*GOOD[:1], looked_after(children_count="1,900"), GOOD[2]]
    ).encode(),
    "spaces around cells": TEXT.replace(",", " , ").encode(),
    "the same line again": (TEXT + LAST + "\n" + LAST + "\n").encode(),
    "other levels": text_of(
        [*GOOD, looked_after("Medway", geographic_level="Local authority district")]
    ).encode(),
    "a place outside England": text_of(
        [*GOOD, looked_after("Medway", new_la_code="W06000015", la_name="Cardiff", old_la_code="")]
    ).encode(),
    "no place": text_of(
        [*GOOD, looked_after("Medway", new_la_code="z", la_name="Not known", old_la_code="z")]
    ).encode(),
    "codes of three digits alone": text_of([each | {"new_la_code": ""} for each in GOOD]).encode(),
    "columns that nobody knows": text_of(
        [each | {f"column_{n}": n for n in range(10_000)} for each in GOOD]
    ).encode(),
}


@pytest.mark.parametrize("case", SAME)
def test_what_is_only_odd_is_read_as_the_plain_file_is(
    case: str, home: Project, tmp_path: Path
) -> None:
    plain = write(tmp_path / "plain.csv", TEXT)
    assert ingest(plain)[0] == 0
    folder = home.raw / "official-2025"
    wanted = read_official("2025", home).figures.drop(columns="locator")
    path = write(tmp_path / "data.csv", SAME[case])
    code, out, err = ingest(path, "--strict")
    assert (code, err) == (0, "")
    assert f"Edition 2025: 0 figures new, 0 changed, {len(wanted):,} as they were\n" in out
    assert_frame_equal(read_official("2025", home).figures.drop(columns="locator"), wanted)
    assert "data.csv" in (folder / "edition.yml").read_text(encoding="utf-8")


def test_what_was_left_out_is_counted_with_its_lines(home: Project, tmp_path: Path) -> None:
    data = [
        *GOOD,
        GOOD[1],
        looked_after("Medway", geographic_level="Ward"),
        looked_after("Medway", geographic_level=""),
        looked_after("Medway", new_la_code="S12000036", old_la_code=""),
    ]
    report = tmp_path / "report.csv"
    code, out, _ = ingest(write(tmp_path / "data.csv", data), "--report", report)
    assert code == 0
    for line, why in {
        5: "the same line again",
        6: "level Ward",
        7: "level not given",
        8: "a place outside England, or none",
    }.items():
        assert f"  left out: 1 line, {why} (line {line})\n" in out
        assert f"data.csv,{line},,left out,{why.replace(', ', ', ')}" in report.read_text(
            encoding="utf-8"
        ).replace('"', "")


def test_a_name_that_no_list_has_is_noted_and_its_code_taken(home: Project, tmp_path: Path) -> None:
    path = write(tmp_path / "data.csv", TEXT.replace("Essex", "Esssex"))
    code, out, _ = ingest(path, "--strict")
    assert code == 0
    assert "  note: 1 name in no list of codes, taken by code: “Esssex” (E10000012).\n" in out


def lait(path: Path, **changes: list[object]) -> Path:
    columns: dict[str, list[object]] = {
        "Short Desc": ["CPP_rate"] * 5,
        "Years": ["2025", "2024", "2025", "2025", "2025"],
        "LA and Regions": ["Kent", "Kent", "Essex", "Medway", "England"],
        "Values": ["40.1", "-", "41.2", "44", "17.100000000000001"],
        "LA Number": [886.0, 886.0, 881.0, 887.0, 970.0],
    }
    for name, cells in changes.items():
        columns[name] = [*cells, *columns[name][len(cells) :]]
    pq.write_table(pa.table(columns), path)
    return path


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


@pytest.mark.parametrize("tenth", range(10))
@pytest.mark.parametrize("damage", [lambda raw, at: raw[:at], flipped], ids=["cut", "flipped"])
def test_damaged_parquet_is_an_error_or_is_read(
    damage: Callable[[bytes, int], bytes], tenth: int, home: Project, tmp_path: Path
) -> None:
    raw = lait(tmp_path / "whole.parquet").read_bytes()
    path = write(tmp_path / "data.parquet", damage(raw, len(raw) * tenth // 10 + 4))
    before = sums_of(home.raw)
    code, _, err = ingest(path, "--dry-run")
    if code:
        assert code == 3
        assert err.startswith(f"Error: {path}")
        assert "Traceback" not in err
        assert len(err.splitlines()) == 1
    assert sums_of(home.raw) == before


def test_parquet_that_points_beyond_its_texts_is_told(
    home: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lait(tmp_path / "data.parquet")
    whole = pq.read_table(path, read_dictionary=["Short Desc"])
    text = pa.DictionaryArray.from_arrays(pa.array([0, 0, 9, 0, 0]), ["CPP_rate"], safe=False)
    damaged = whole.set_column(0, "Short Desc", text)
    monkeypatch.setattr(pq, "read_table", lambda *arguments, **options: damaged)
    code, _, err = ingest(path, "--dry-run")
    assert code == 3
    assert f"{path}: The parquet file is damaged or cut off: " in err


def test_parquet_of_something_else_is_told(home: Project, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1], "b": ["x"]}), tmp_path / "data.parquet")
    code, _, err = ingest(tmp_path / "data.parquet")
    assert code == 3
    assert "The parquet file is of no known kind; its columns are a, b. Known is" in err


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"LA Number": [999.0, None]},
            [
                "line 2, column LA Number: No list of codes knows “Kent”, number 999.",
                "line 3, column LA Number: No list of codes knows “Kent”, number nan.",
            ],
        ),
        (
            {"LA Number": [881.0, 886.5]},
            [
                "line 2, column LA Number: 881 is Essex, the row says Kent.",
                "line 3, column LA Number: No list of codes knows “Kent”, number 886.5.",
            ],
        ),
        (
            {"LA Number": [float("inf"), -886.0]},
            [
                "line 2, column LA Number: No list of codes knows “Kent”, number inf.",
                "line 3, column LA Number: No list of codes knows “Kent”, number -886.",
            ],
        ),
        (
            {"LA Number": [975.0]},
            ["line 2, column LA Number: No list of codes knows “Kent”, number 975."],
        ),
        (
            {"LA and Regions": ["Atlantis", None]},
            [
                "line 2, column LA Number: 886 is Kent, the row says Atlantis.",
                "line 3, column LA Number: 886 is Kent, the row says nothing.",
            ],
        ),
        (
            {"Years": ["0", None]},
            [
                "line 2, column Years: “0” is no year.",
                "line 3, column Years: “” is no year.",
            ],
        ),
        (
            {"Values": ["=1", "n/a"]},
            [
                "line 2, column Values: “=1” is a formula.",
                "line 3, column Values: “n/a” is neither a number nor a known symbol.",
            ],
        ),
        (
            {"Values": ["-5", "1e999"]},
            [
                "line 3, column Values: “1e999” is neither a number nor a known symbol.",
                "line 2, column Values: The figure is negative, or over 100 per cent.",
            ],
        ),
        (
            {"Years": ["2025", "2025"]},
            [
                "line 2: Two lines of one measure, place and year give different figures.",
                "line 3: Two lines of one measure, place and year give different figures.",
            ],
        ),
        ({"LA Number": ["x", "886", "881", "887", "970"]}, ["line 2, column LA Number: No list"]),
    ],
)
def test_lines_of_the_tool_that_are_wrong_are_refused(
    changes: dict[str, list[object]], told: list[str], home: Project, tmp_path: Path
) -> None:
    path = lait(tmp_path / "data.parquet", **changes)
    code, out, err = ingest(path, "--dry-run")
    assert (code, err) == (0, "")
    assert f"  refused: {len(told)}\n" in out
    assert f"understood: {5 - len(told)} lines; {5 - len(told)} figures" in out
    for each in told:
        assert f"    {each}" in out


def test_columns_of_numbers_for_text_are_read_all_the_same(home: Project, tmp_path: Path) -> None:
    path = lait(
        tmp_path / "data.parquet",
        Years=[2025, 2024, 2025, 2025, 2025],
        Values=[40.1, None, 41.2, 44.0, 17.1],
        **{"LA Number": ["886", "886", "881", "887", "970"]},
    )
    code, out, _ = ingest(path, "--dry-run", "--strict")
    assert code == 0
    assert "understood: 5 lines; 5 figures of 1 indicator\n" in out


@needs_data
@pytest.mark.parametrize(
    "name", ["sn_may_2025.xlsx", "LA_Inspection_Outcomes_as_at_31_March_2025.ods"]
)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_damaged_workbooks_are_an_error_or_are_read(
    name: str, part: float, home: Project, tmp_path: Path
) -> None:
    raw = next(DATA.rglob(name)).read_bytes()
    before = sums_of(home.raw)
    for content in (raw[: int(len(raw) * part)], flipped(raw, int(len(raw) * part))):
        path = write(tmp_path / name, content)
        code, _, err = ingest(path, "--dry-run", "--edition", "2025")
        if code:
            assert code == 3
            assert err.startswith(f"Error: {path}")
            assert len(err.splitlines()) == 1
    assert sums_of(home.raw) == before


def test_an_authority_that_is_its_own_neighbour_is_refused(home: Project, tmp_path: Path) -> None:
    essex = neighbours(881, "Essex", [886, *OTHERS[1:]])
    own = neighbours(886, "Kent", [*OTHERS[:9], 886])
    path = workbook(tmp_path / "sn_june_2025.xlsx", Sheet=[HEADER, essex, own])
    code, out, err = ingest(path, "--edition", "2025")
    assert (code, err) == (0, "")
    assert "    line 3: Kent is its own neighbour. Ask the publisher.\n" in out
    before = sums_of(home.raw)
    path = workbook(tmp_path / "sn_july_2025.xlsx", Sheet=[HEADER, own])
    code, out, err = ingest(path, "--edition", "2025")
    assert (code, out) == (3, "")
    assert (
        f"{path}, line 2: 1 line was refused, more than were understood. "
        "The first: Kent is its own neighbour. Ask the publisher.\n" in err
    )
    assert sums_of(home.raw) == before
