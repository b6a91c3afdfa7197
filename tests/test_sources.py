"""The description of a source is read whole, or refused with what is wrong."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from kentstats.errors import DataError
from kentstats.ingest.inspection_report import Source, load_sources
from kentstats.load import load_facts
from kentstats.project import Project

KEYS = [field.name for field in fields(Source) if field.name not in {"folder", "home"}]


def change(raw: Path, old: str, new: str) -> None:
    path = raw / "source.yml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def refusals(home: Project) -> list[str]:
    with pytest.raises(DataError) as caught:
        load_sources(home)
    path = str(home.raw / "ofsted-kent-2010" / "source.yml")
    assert all(problem.file == path for problem in caught.value.problems)
    return [str(problem).removeprefix(path) for problem in caught.value.problems]


def test_the_kent_report_is_described() -> None:
    (source,) = load_sources()
    assert (source.id, source.kind) == ("ofsted-kent-2010", "ofsted-inspection")
    assert (source.publisher, source.authority, source.edition) == ("Ofsted", "Kent", "2010")
    assert source.inspected_from == dt.date(2010, 10, 11)
    assert source.inspected_to == dt.date(2010, 10, 22)
    assert source.published == dt.date(2010, 11, 19)
    assert source.paragraphs == 95
    assert source.folder.name == source.id
    assert len(source.document_sha256) == 64


def test_sources_come_in_the_order_of_their_folders(home: Project, raw: Path) -> None:
    for name in "dbgahcfe":  # in no order that a file system could keep or turn round
        (home.raw / name).mkdir()
        shutil.copyfile(raw / "source.yml", home.raw / name / "source.yml")
        change(home.raw / name, "id: ofsted-kent-2010", f"id: {name}")
    assert [source.id for source in load_sources(home)] == [*"abcdefgh", "ofsted-kent-2010"]


@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_is_named(home: Project, raw: Path, key: str) -> None:
    change(raw, f"\n{key}: ", "\n_: ")
    assert refusals(home)[1:] == [f", column {key}: The key is missing. Add it."]


def test_all_faults_of_a_description_are_told_together(home: Project, raw: Path) -> None:
    change(raw, "paragraphs: 95", "paragraphs: many")
    change(raw, "kind: ", "knd: ")
    assert [message.split(":")[0] for message in refusals(home)] == [
        ", column knd",
        ", column kind",
        ", column paragraphs",
    ]


@pytest.mark.parametrize("text", ["", "# nothing\n", "- id\n", "Kent\n"])
def test_a_description_without_keys_is_refused(home: Project, raw: Path, text: str) -> None:
    (raw / "source.yml").write_text(text, encoding="utf-8")
    assert refusals(home) == [": The file holds no keys. Mend or restore it."]


TEXT = "Put text that looks like a number in quotes."
NUMBER = "Write a whole number, 1 or more, without quotes."
DAY = "Write the day as 2010-11-19, without quotes."


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ('"2010"', "2010", f", column edition: “2010” is no str. {TEXT}"),
        ("paragraphs: 95", 'paragraphs: "95"', f", column paragraphs: “95” is no int. {NUMBER}"),
        ("paragraphs: 95", "paragraphs: yes", f", column paragraphs: “True” is no int. {NUMBER}"),
        ("paragraphs: 95", "paragraphs: 95.5", f", column paragraphs: “95.5” is no int. {NUMBER}"),
        ("paragraphs: 95", "paragraphs: 0", f", column paragraphs: “0” is no int. {NUMBER}"),
        ("d: 2010-11-19", 'd: "2010-11-19"', f", column published: “2010-11-19” is no date. {DAY}"),
        ("d: 2010-11-19", "d: 19 May", f", column published: “19 May” is no date. {DAY}"),
        ("d: 2010-11-19", "d: 2010-11-19 10:00:00", ", column published: “2010-11-19 10:00:00” is"),
        ("d: 2010-11-19", "d:", f", column published: “None” is no date. {DAY}"),
        ("authority: Kent", "authority: [Kent]", ", column authority: “['Kent']” is no str."),
        (
            *("authority: Kent", "authority: Knet"),
            ", column authority: “Knet” is not the name of an authority. Did you mean K",
        ),
        (
            *("publisher: Ofsted", "publisher: Ofsted\npublishr: Ofsted"),
            ", column publishr: The key is not known here. Did you mean publisher or published?",
        ),
        ("kind: ofsted", "kind: : ofsted", ", line 3: The file is no YAML. Mend or restore it."),
        ("2010-11-19", "2010-11-31", ": The file is no YAML. Mend or restore it."),
    ],
)
def test_a_faulty_description_is_refused_with_its_place_and_remedy(
    home: Project, raw: Path, good: str, bad: str, told: str
) -> None:
    change(raw, good, bad)
    (message,) = refusals(home)
    assert message.startswith(told)


def test_a_description_in_another_encoding_is_refused(home: Project, raw: Path) -> None:
    path = raw / "source.yml"
    path.write_bytes(path.read_bytes().replace(b"Ofsted", b"Caf\xe9"))
    assert refusals(home) == [": The file is no YAML. Mend or restore it."]


def test_two_sources_of_one_name_are_refused(home: Project, raw: Path) -> None:
    shutil.copytree(raw, home.raw / "copy")
    with pytest.raises(DataError, match="“ofsted-kent-2010” is the id of copy too"):
        load_facts(home=home)
