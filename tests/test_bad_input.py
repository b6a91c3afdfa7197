"""Files that nobody would want to meet, through the true command line.

Each is a clear error, and then every table keeps its bytes; or what is wrong
is refused line by line, counted, and the rest is read.
"""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from official import (
    DATA,
    LOOKED_AFTER,
    looked_after,
    needs_data,
    row,
    small_home,
    sums_of,
    text_of,
    write,
)
from pandas.testing import assert_frame_equal

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


def archive(name: str, text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr(name, text)
    return out.getvalue()


def replaced(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


NO_TABLE = ", line 1: The file is a web page, XML, JSON, a PDF or compressed, not a table."
ERRORS: dict[str, tuple[str | bytes, str]] = {
    "white space alone": (b" \r\n\t\n", ": The file is empty. Download or restore it."),
    "a header alone": (
        TEXT.splitlines()[0] + "\n",
        ", line 1: The file has nothing below its header. Download it again.",
    ),
    "semicolons": (
        TEXT.replace(",", ";"),
        ", line 1: The first line has one cell only: the columns are not separated by commas. "
        "Save a table as CSV, with commas between the columns.",
    ),
    "cut off in a line": (
        TEXT[: TEXT.index(LAST) + 60],
        ", line 4: The file is cut off in its last line. Download the file again.",
    ),
    "a quote that is never closed": (
        TEXT.replace("E10000016", '"E10000016') + LAST + "\n",
        ", line 3: The line is no CSV: unexpected end of data.",
    ),
    "a header that is no CSV": (f'"a"b,{TEXT}', ", line 1: The line is no CSV: "),
    "UTF-16 without a mark": (
        TEXT.encode("utf-16-le"),
        ", line 1: The file holds a character of value nought. "
        "Give a CSV file with the encoding UTF-8.",
    ),
    "one damaged byte in UTF-8": (
        TEXT.replace("South East", "Südosten").encode().replace(b"Essex", b"Ess\xe9x"),
        ", line 4: Byte 0xe9 is not UTF-8, as the rest of the file is. Download the file again.",
    ),
    "a web page": ("<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", NO_TABLE),
    "gz": (gzip.compress(TEXT.encode()), NO_TABLE),
    "zip of CSV files": (
        archive("data.csv", TEXT),
        ": The file is damaged, or no workbook: ",
    ),
    "parquet cut off": (b"PAR1" + b"\x00" * 50, ": The file is damaged, or no parquet file: "),
    "no text": (
        b"\x7fELF\x02\x01\x01\x00" + bytes(range(256)) * 9,
        "is neither UTF-8 nor Windows-1252. Give a CSV file with the encoding UTF-8.",
    ),
    "a character of value nought": (
        TEXT + "\n" * 5_000 + LAST.replace("Essex", "Ess\x00x") + "\n",
        ", line 5005: The file holds a character of value nought.",
    ),
    "a table of something else": (
        "name,age\nKnut,5\n",
        ", line 1: The file is of no known kind; its columns begin name, age. "
        "Known are open data files (time_period, time_identifier, geographic_level), the "
        "underlying data of 2010, the interactive tool's download, and code lists.",
    ),
    "a column twice in other case": (
        TEXT.replace("population_estimate", "Children Count"),
        ", line 1: The header names a column twice: Children Count, children_count. "
        "Keep one of each, or rename the others.",
    ),
    "kinds of period mixed": (
        text_of([*GOOD, GOOD[1] | {"time_period": "202425", "time_identifier": "Academic year"}]),
        ", line 5: The file mixes kinds of period: Reporting year, Academic year. "
        "Split it into one file for each kind.",
    ),
    "every line refused": (
        replaced("E10000016", "E10000099").replace("E10000012", "E10000098"),
        ", line 3, column new_la_code: 2 lines were refused, more than were understood. "
        "The first: No list of codes knows “E10000099” as authority. "
        "Ingest a newer list of codes, or ask the publisher.",
    ),
    "of a year that has no edition": (
        replaced("2025,Reporting", "2031,Reporting"),
        "The files reach to 2031, of which there is no edition. "
        "Name one with --edition. There is: 2010, 2025.",
    ),
    "of measures that nobody knows": (
        text_of([row(heads=1, tails=2)]),
        "data.csv: nothing in it is known to the catalogue of indicators. "
        "Take every measure with --every-measure, or add an indicator to the catalogue.",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_what_cannot_be_read_is_an_error_and_every_table_keeps_its_bytes(
    case: str, home: Project, tmp_path: Path
) -> None:
    content, told = ERRORS[case]
    path = write(tmp_path / "data.csv", content)
    before = sums_of(home.raw)
    ended, out, err = ingest(path)
    assert (ended, out) == (2 if case.startswith("of ") else 3, ""), err
    assert told in err
    assert err.startswith(f"Error: {path}" if ended == 3 else "Error: "), err
    assert err.rstrip().endswith((".", "?")), err
    assert "Traceback" not in err
    assert len(err) < 700
    assert sums_of(home.raw) == before


def test_one_file_that_cannot_be_read_keeps_all_out(home: Project, tmp_path: Path) -> None:
    good = write(tmp_path / "good.csv", TEXT)
    lists = write(tmp_path / "regions.csv", "region_code,region_name\nE12000008,The South\n")
    before = sums_of(home.raw)
    code, out, err = ingest(good, lists, tmp_path / "none.csv", tmp_path)
    assert (code, out) == (3, "")
    assert f"{tmp_path / 'none.csv'}: The file cannot be read: No such file or directory." in err
    assert f"{tmp_path}: The file cannot be read: Is a directory. Give the path of a file." in err
    assert sums_of(home.raw) == before


REFUSED: dict[str, tuple[str, list[str]]] = {
    "symbols that nobody knows": (
        text_of([*GOOD, looked_after("Medway", children_count="n/a", rate_per_10000="*")]),
        [
            "line 5, column children_count: “n/a” is neither a number nor a known symbol. "
            "Ask the publisher; known besides numbers: c, u, k, low, x, z.",
            "line 5, column rate_per_10000: “*” is neither a number nor a known symbol.",
        ],
    ),
    "a negative count": (
        text_of([*GOOD, looked_after("Medway", children_count=-5)]),
        [
            "line 5, column children_count: The figure is negative, over 100 per cent, or above "
            "its base. Ask the publisher.",
            "line 5, column rate_per_10000: The figure is negative, over 100 per cent, or above",
        ],
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
    "a code that no list knows": (
        text_of([*GOOD, looked_after("Medway", new_la_code="E06000999")]),
        [
            "line 5, column new_la_code: No list of codes knows “E06000999” as authority. "
            "Ingest a newer list of codes, or ask the publisher."
        ],
    ),
    "a region that names an authority": (
        text_of([*GOOD, looked_after("Medway", geographic_level="Regional")]),
        ["line 5, column geographic_level: The row is Regional, and names E06000035."],
    ),
    "two lines that disagree and write their words in two ways": (
        text_of([*GOOD, GOOD[2] | {"population_type": LOOKED_AFTER.upper(), "children_count": 5}]),
        [
            "line 4: Two lines of one measure, place and period give different figures.",
            "line 5: Two lines of one measure, place and period give different figures.",
        ],
    ),
    "a period that is none": (
        text_of([*GOOD, looked_after("Medway", time_period="202427")]),
        [
            "line 5, column time_period: “202427” is no year: its two halves do not follow each "
            "other. Ingest a newer list of codes, or ask the publisher."
        ],
    ),
    "text after a quote": (
        TEXT + LAST.replace("Essex", '"Es"sex') + "\n",
        ["line 5: The line is no CSV: ',' expected after '\"'. Put text with"],
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
    "old line ends": TEXT.replace("\n", "\r").encode(),
    "lines of commas below": TEXT.encode() + b",,,,,,,,,,,,,\n,,,,,,,,,,,,,\n",
    "columns in another order": text_of([dict(reversed(each.items())) for each in GOOD]).encode(),
    "columns with spaces": (
        TEXT.splitlines()[0].replace("_", " ").replace(",", " , ") + TEXT[TEXT.index("\n") :]
    ).encode(),
    "words in other case": TEXT.replace("Local auth", "LOCAL AUTH")
    .replace("year", "YEAR")
    .encode(),
    "the same line again": (TEXT + LAST + "\n" + LAST + "\n").encode(),
    "other levels": text_of(
        [*GOOD, looked_after("Medway", geographic_level="Local authority district")]
    ).encode(),
    "a place outside England": text_of(
        [*GOOD, looked_after("Medway", new_la_code="W06000015", la_name="Cardiff", old_la_code="")]
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
        5: "the same figures again",
        6: "level Ward",
        7: "level not given",
        8: "a place outside England, or none",
    }.items():
        assert f"  left out: 1 line, {why} (line {line})\n" in out
        assert f"data.csv,{line},,left out,{why.replace(', ', ', ')}" in report.read_text(
            encoding="utf-8"
        ).replace('"', "")


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


@pytest.mark.parametrize("tenth", range(0, 10, 2))
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
    assert f"{path}: The file is damaged, or no parquet file: " in err


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"LA Number": [881.0, 886.5]},
            [
                "line 2, column LA Number: 881 is Essex, the row says Kent.",
                "line 3, column LA Number: No list of codes knows “Kent”, number 886.5.",
            ],
        ),
        (
            {"LA and Regions": ["Atlantis", None]},
            [
                "line 2, column LA Number: 886 is Kent, the row says Atlantis.",
                "line 3, column LA Number: 886 is Kent, the row says nothing.",
            ],
        ),
        ({"Years": ["0"]}, ["line 2, column Years: “0” is no year."]),
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
                "line 2, column Values: The figure is negative, over 100 per cent,",
            ],
        ),
        (
            {"Years": ["2025", "2025"]},
            [
                "line 2: Two lines of one measure, place and period give different figures.",
                "line 3: Two lines of one measure, place and period give different figures.",
            ],
        ),
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
@pytest.mark.parametrize("part", [0.5, 0.999])
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
