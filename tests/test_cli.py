"""The true command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import kentstats

import kentstats as package
from kentstats.cli import main


def invoke(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, list(arguments), prog_name="kentstats")
    return done.exit_code, done.stdout, done.stderr


COMMANDS = ["briefing", "check", "facts", "fetch", "ingest", "status", "tidy"]


def test_help_lists_commands_beginnings_and_exit_codes() -> None:
    code, out, _ = invoke("--help")
    assert code == 0
    for word in (*COMMANDS, "Begin with", "Exit codes"):
        assert word in out
    assert "\n  kentstats check               what the report" in out.replace("    kent", "  kent")
    for command in COMMANDS:
        code, out, _ = invoke(command, "-h")
        assert (code, f"Usage: kentstats {command}" in out) == (0, True)


@pytest.mark.parametrize("kind", ["all", "report", "official"])
def test_facts_as_csv_and_json_and_parquet_are_the_same_table(kind: str, tmp_path: Path) -> None:
    frame = package.load_facts(edition="2010", kind=kind)
    asked = ["facts", "--edition", "2010", *(["--kind", kind] if kind != "all" else [])]
    code, out, _ = invoke(*asked, "--format", "csv")
    assert code == 0
    assert out == frame.to_csv(index=False, lineterminator="\n")
    _, out, _ = invoke(*asked, "--format", "json")
    rows = {row["fact_id"]: row for row in json.loads(out)}
    assert list(rows) == frame["fact_id"].tolist()
    if kind != "official":
        team = rows["ofsted-kent-2010.p1.inspection-team.hmi.at-inspection.E10000016"]
        assert team["period_start"].startswith("2010-10-11")
    done = CliRunner().invoke(main, [*asked, "--format", "parquet"])
    target = tmp_path / "facts.parquet"
    assert invoke(*asked, "--format", "parquet", "-o", str(target))[:2] == (0, "")
    assert target.read_bytes() == done.stdout_bytes
    pd.testing.assert_frame_equal(pd.read_parquet(target), frame)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["facts", "--edition", "2O10"], 2, "no edition “2O10”. Did you mean 2010?"),
        (["facts", "--authority", "Knet"], 2, "no authority “Knet”. Did you mean Kent or Barnet?"),
        (["facts", "--format", "xlsx"], 2, "Invalid value for '--format'"),
        (["facts", "--kind", "reports"], 2, "'reports' is not one of 'all', 'report', 'official'"),
        (["facts", "--table", "ranks"], 2, "Invalid value for '--table'"),
        (["facts", "--authority", "Cumbria", "--edition", "2025"], 2, "Cumbria ended on 31 March"),
        (["facts", "--edition", "2025", "--kind", "report"], 2, "has no inspection report"),
        (["check", "--authority", "Knet"], 2, "no authority “Knet”"),
        (["briefing"], 2, "Give the name of an authority, or --all."),
        (["briefing", "Kent", "--all"], 2, "“Kent” and --all are both given; choose one."),
        (["briefing", "Knet"], 2, "Did you mean Kent or Barnet?"),
        (["briefing", "England"], 2, "England is a country, not an authority."),
        (["briefing", "Cumberland"], 2, "Until then it was “Cumbria”."),
        (["briefing", "--all", "--jobs", "0"], 2, "Invalid value for '--jobs'"),
        (["briefing", "Kent", "--edition", "2011"], 2, "no edition “2011”"),
        (["briefing", "Kent", "-p", "confidence", "two"], 2, "is “two”, which is no float"),
        (["briefing", "Kent", "--notebook", "none.ipynb"], 1, "none.ipynb cannot be read"),
        (["brief"], 2, "No such command 'brief'"),
    ],
)
def test_what_is_not_known_ends_with_a_code_and_a_remedy(
    arguments: list[str], code: int, told: str
) -> None:
    ended, _, err = invoke(*arguments)
    assert ended == code
    assert told in err
    assert "Traceback" not in err


def test_a_faulty_source_ends_with_3_and_all_its_places(raw: Path) -> None:
    path = raw / "facts.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",percent,", ",percents,", 1), encoding="utf-8")
    for command in (["facts"], ["check"], ["briefing", "Kent"], ["tidy"]):
        code, _, err = invoke(*command)
        assert code == 3, command
        assert "line 10, column unit: “percents” is not known here. Did you mean percent?" in err


def test_check_prints_arithmetic_and_places() -> None:
    code, out, _ = invoke("check")
    assert code == 0
    header, rule, first, *_ = out.splitlines()
    assert header.split() == ["result", "check", "arithmetic", "places"]
    assert set(rule) == {"-", " "}
    assert first.startswith("disagrees    grade stated twice:")
    joined = " ".join(out.split())
    assert "Children feel safe (safeguarding), disagrees: The places give different" in joined
    assert "115 ≠ 120" in out
    assert "heading above" in out
    assert "73 checks: 3 disagrees, 14 cannot tell, 56 agrees." in out
    assert max(map(len, out.splitlines()[:80])) <= 80


def test_check_notes_on_standard_error_what_the_report_does_not_give(raw: Path) -> None:
    path = raw / "shares.yml"
    path.write_text(path.read_text("utf-8").replace("/ grammar", "/ gramar"), encoding="utf-8")
    code, out, err = invoke("check", "--format", "csv")
    assert code == 0
    assert err.startswith(f"Note: {path}, line 62: facts.csv has no schools / gramar. Did you mean")
    assert "gramar" not in out


def test_tidy_names_what_it_wrote(tmp_path: Path) -> None:
    code, out, _ = invoke("tidy", "--output", str(tmp_path / "made"))
    assert code == 0
    tables = ("facts", "judgements", "actions", "statements", "outcomes", "neighbours")
    assert [Path(line).name for line in out.splitlines()] == [
        f"{table}{suffix}" for table in tables for suffix in (".csv", ".parquet")
    ]
    assert all(Path(line).is_file() for line in out.splitlines())


def test_status_tells_what_is_published_and_whether_it_is_current(
    published: Path, raw: Path, tmp_path: Path
) -> None:
    _, out, _ = invoke("status", "--output", str(tmp_path))
    lines = out.splitlines()[2:]
    assert lines == [
        "Edition 2010: official statistics, 1 inspection report",
        "  152 authorities, 0 published",
        "    run: kentstats briefing Kent --edition 2010",
        "Edition 2025: official statistics, no inspection reports",
        "  153 authorities, 0 published",
        '    run: kentstats briefing "Barking and Dagenham" --edition 2025',
    ]
    copy = tmp_path / "out"
    shutil.copytree(published.parent.parent, copy)
    _, out, _ = invoke("status", "--output", str(copy))
    assert f"    Kent: published and up to date: {copy / '2010' / 'kent'}" in out.splitlines()
    assert "  152 authorities, 1 published" in out.splitlines()
    assert "--edition 2010" not in out
    with (raw / "facts.csv").open("a", encoding="utf-8") as facts:
        facts.write("\n")
    _, out, _ = invoke("status", "--output", str(copy))
    assert f"    Kent: published, but its report changed: {copy}" in out


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        ("facts | head -n 1", 0, ""),
        ("facts >&-", 1, "Error: The standard output is closed. Give a file with -o, or do not"),
        ("check --format csv >&-", 1, "Error: The standard output is closed."),
        ("check >&-", 0, ""),
        ("facts --authority Knet 2>&-", 2, ""),
    ],
)
def test_output_that_nobody_reads_ends_without_a_traceback(
    command: str, code: int, told: str, tmp_path: Path
) -> None:
    line = f'"{sys.executable}" -m kentstats {command}'
    done = subprocess.run(
        line, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert done.stdout.startswith("fact_id," if "head" in command else "")
    assert done.stderr.startswith(told) if told else done.stderr == ""


def test_a_briefing_in_a_pipe_says_only_where_its_files_are(
    published: Path, tmp_path: Path
) -> None:
    del published
    done = kentstats("briefing", "E10000016", "--quiet", "--output", "x", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "x" / "2010" / "kent" / "briefing.html").is_file()
