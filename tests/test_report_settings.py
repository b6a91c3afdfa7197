"""The YAML files of a report: what they say, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kentstats import load_facts, load_sources
from kentstats.errors import DataError
from kentstats.ingest.report_settings import Figure, ReportSettings, missing_figures, read_settings
from kentstats.project import Project
from kentstats.publish.briefing import publish

Read = Callable[[], ReportSettings]


@pytest.fixture
def settings_of(home: Project, raw: Path) -> Read:
    """Read the settings of the report in the copied project."""
    return lambda: read_settings(load_sources(home)[0])


@pytest.mark.parametrize("name", ["checks", "shares", "sections"])
def test_every_file_may_be_left_out(name: str, raw: Path, settings_of: Read) -> None:
    before = settings_of()
    (raw / f"{name}.yml").unlink()
    assert settings_of() == replace(before, **{name: getattr(ReportSettings(), name)})


def test_the_name_of_a_figure_is_written_as_it_is_read() -> None:
    for text in ("schools", "schools / primary", "health-assessments / all / England"):
        assert str(Figure.parse(text)) == text
    assert str(Figure.parse("schools / all")) == "schools"


# file, what stands there, what takes its place, the line and the beginning of the message
FAULTS = [
    ("checks", "district-boards]", "distrct-boards]", 7, "“distrct-boards” is not known"),
    ("checks", "uasc\n    whole:", "uasc\n    hole:", 49, "The key “hole” is not known here. Did"),
    ("checks", "all / England", "all / Englnd", 102, "“Englnd” is not known here. Did you mean E"),
    ("checks", "word: fall", "word: falls", 105, "“falls” is not known here. Did you mean fall?"),
    ("checks", "word: fall", "word: above", 103, "“above” and “other” do not go together. “below"),
    ("checks", "settled by: 100", "settled by: all", 123, "“all” is no number. Write digits, as"),
    ("checks", "complements:", "complement:", 90, "The key “complement” is not known here. Did "),
    ("checks", "Fall in victims", "Districts # ", 103, "“Districts” is the subject of line 6 too."),
    ("checks", "{first}% of", "{one}% of", 110, "The arithmetic cannot be filled. Its slots are"),
    ("shares", "  whole: gcse-cohort\n", "", 41, "The entry has no “whole”. Add it."),
    ("shares", "cohort\n  sampled: true", "cohort\n  sampled: yes", 45, "“yes” is not known he"),
    ("shares", "id: grammar-share", "id: uasc-share", 60, "“uasc-share” is the id of line 6 too."),
    ("shares", "with-english-maths", "with-maths", 46, "“gcse-five-with-maths” is not known here."),
    ("shares", "part: schools / grammar", "part:", 62, "A single value is expected here. Fi"),
    ("shares", "part: schools / grammar", "id: grammar", 62, "The key “id” stands twice. Keep one"),
    ("sections", "good-share\n\n", "good-shar\n\n", 13, "“gcse-five-good-shar” is not known here."),
    ("sections", "{schools / primary}", "447", 83, "“447 primary and” holds a number. Name its"),
    ("sections", "{special-schools}", "{special-school}", 83, "“special-school” is not known "),
    ("sections", "{looked-after}", "{looked-after", 41, "A brace stands alone. Write {figure} w"),
    ("sections", "service: safeguarding", "service: safety", 25, "“safety” is not known here. T"),
    ("sections", "statement: Imm", "judgement: Imm", 18, "The ground is not clear. Give a “st"),
    ("sections", "label: workforce", "label: Work force", 126, "“Work force” is no label. Wr"),
    ("sections", "posts were vacant", "posts" + " x" * 15, 128, "The title of the chart has more"),
    ("sections", "    waffle:", "    bars: {}\n    waffle:", 127, "The entry has no “title”, “sub"),
    ("sections", "label: workforce", "label: estate", 126, "“estate” is the label of line 81 too."),
    ("sections", "topics:\n", "topics: none\n", 38, "The file is no YAML: "),
]


@pytest.mark.parametrize(("name", "old", "new", "line", "message"), FAULTS)
def test_a_fault_is_told_with_its_line_and_remedy(
    name: str, old: str, new: str, line: int, message: str, raw: Path, settings_of: Read
) -> None:
    path = raw / f"{name}.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as error:
        settings_of()
    told = [str(problem) for problem in error.value.problems]
    assert any(each.startswith(f"{path}, line {line}: {message}") for each in told), told
    # a fault of one file is none of another
    assert all(each.startswith(str(path)) for each in told)


def test_a_figure_that_the_report_does_not_give_is_noted(
    raw: Path, home: Project, settings_of: Read
) -> None:
    source = load_sources(home)[0]
    facts = load_facts(authority="Kent", kind="report", home=home)
    assert missing_figures(source, facts) == []
    path = raw / "shares.yml"
    path.write_text(path.read_text("utf-8").replace("/ grammar", "/ gramar"), encoding="utf-8")
    assert settings_of().shares[-2].part.group == "gramar"
    [note] = missing_figures(source, facts)
    assert str(note).startswith(f"{path}, line 62: facts.csv has no schools / gramar. Did you mean")
    assert "schools / grammar" in note.remedy


def test_faults_of_all_three_files_are_told_together(raw: Path, settings_of: Read) -> None:
    for name in ("checks", "shares", "sections"):
        (raw / f"{name}.yml").write_bytes(b"complements: \xff\n")
    with pytest.raises(DataError) as error:
        settings_of()
    assert sorted(str(problem).removeprefix(f"{raw}/") for problem in error.value.problems) == [
        f"{name}.yml: The file is no YAML: it is not UTF-8. Mend or restore it."
        for name in ("checks", "sections", "shares")
    ]


def test_nothing_is_published_with_a_faulty_file(raw: Path, home: Project, tmp_path: Path) -> None:
    (raw / "sections.yml").write_text("encouraging: [immunisation]\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 1: “immunisation” is not known here"):
        publish("Kent", "2010", output=tmp_path / "out", home=home)
    assert not (tmp_path / "out").exists()
