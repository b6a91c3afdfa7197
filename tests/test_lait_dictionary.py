"""The dictionary of the interactive tool, beside the catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest
from official import DATA, needs_data

from kentstats.ingest.recognise import read_file

HEADER = "Measure_code,Measure,Measure_short,Polarity,Year_Type\n"


def written(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "anything.csv"
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_a_measure_that_it_does_not_describe_is_named(tmp_path: Path) -> None:
    reading = read_file(written(tmp_path, "1,Something,Else,High,Annual"))
    assert reading.kind == "dictionary of the interactive tool"
    assert (reading.facts, reading.rows) == (None, 1)
    (note,) = [note for note in reading.notes if note.startswith("It does not describe")]
    assert "assessments-on-time (Continue_Assess_Comp)" in note


@pytest.mark.parametrize(("mark", "differs"), [("High", False), ("Low", True), ("-", True)])
def test_another_polarity_than_that_of_the_catalogue_is_named(
    tmp_path: Path, mark: str, differs: bool
) -> None:
    reading = read_file(written(tmp_path, f"1,On time,Continue_Assess_Comp,{mark},Annual"))
    named = [note for note in reading.notes if "sees the polarity otherwise" in note]
    assert bool(named) == differs
    if differs:
        theirs = {"Low": "low", "-": "none"}[mark]
        assert f"assessments-on-time ({theirs}, here high)" in named[0]


@needs_data
def test_the_real_one_describes_every_measure_and_differs_where_the_catalogue_holds_back() -> None:
    reading = read_file(DATA / "lait" / "lait_data_dictionary.csv")
    assert not [note for note in reading.notes if note.startswith("It does not describe")]
    (note,) = [note for note in reading.notes if "sees the polarity otherwise" in note]
    # what describes a place, or what is best for one child and not for another, has none here
    assert note.endswith(
        "low-income-families (low, here none), foster-care (high, here none), "
        "placed-with-parents (high, here none)."
    )
