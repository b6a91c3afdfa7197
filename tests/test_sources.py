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
NUMBER = "is no whole number. Write digits, as in 95."
DAY = "is no day. Write it as 2010-11-19."


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
    assert refusals(home)[1:] == [f", line 2: The entry has no “{key}”. Add it."]


def test_all_faults_of_a_description_are_told_together(home: Project, raw: Path) -> None:
    change(raw, "paragraphs: 95", "paragraphs: many")
    change(raw, "kind: ", "knd: ")
    assert refusals(home) == [
        ", line 3: The key “knd” is not known here. Did you mean kind?",
        f", line 13: “many” {NUMBER}",
        ", line 2: The entry has no “kind”. Add it.",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", ": The file holds no keys. Mend or restore it."),
        (b"# nothing\n", ": The file holds no keys. Mend or restore it."),
        (b"- id\n", ", line 1: Keys are wanted here. Write “key: value”, a line for each."),
        (b"Kent\n", ", line 1: Keys are wanted here. Write “key: value”, a line for each."),
        (b"id: Caf\xe9\n", ": The file is no YAML: it is not UTF-8. Mend or restore it."),
    ],
)
def test_a_description_without_keys_is_refused(
    home: Project, raw: Path, content: bytes, told: str
) -> None:
    (raw / "source.yml").write_bytes(content)
    assert refusals(home) == [told]


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("paragraphs: 95", "paragraphs: yes", f"13: “yes” {NUMBER}"),
        ("paragraphs: 95", "paragraphs: 95.5", f"13: “95.5” {NUMBER}"),
        ("paragraphs: 95", "paragraphs: 0", f"13: “0” {NUMBER}"),
        ("d: 2010-11-19", "d: 19 May", f"10: “19 May” {DAY}"),
        ("d: 2010-11-19", "d: 2010-11-31", f"10: “2010-11-31” {DAY}"),
        ("d: 2010-11-19", "d: 2010-11-19 10:00:00", f"10: “2010-11-19 10:00:00” {DAY}"),
        ("d: 2010-11-19", "d:", "10: A single value is expected here. Fill it in."),
        ("authority: Kent", "authority: [Kent]", "6: A single value is expected here. Fill"),
        ("authority: Kent", "authority: Knet", "6: “Knet” is not known here. Did you mean Kent"),
        (
            *("publisher: Ofsted", "publisher: Ofsted\npublishr: Ofsted"),
            "5: The key “publishr” is not known here. Did you mean publisher or published?",
        ),
        (
            *("publisher: Ofsted", "publisher: Ofsted\npublisher: Ofsted"),
            "5: The key “publisher” stands twice. Keep one of them.",
        ),
        ("kind: ofsted", "kind: : ofsted", "3: The file is no YAML: mapping values are not"),
    ],
)
def test_a_faulty_description_is_refused_with_its_place_and_remedy(
    home: Project, raw: Path, good: str, bad: str, told: str
) -> None:
    change(raw, good, bad)
    (message,) = refusals(home)
    assert message.startswith(f", line {told}")


@pytest.mark.parametrize(
    ("good", "same"),
    [
        ('"2010"', "2010"),
        ("paragraphs: 95", 'paragraphs: "95"'),
        ("d: 2010-11-19", 'd: "2010-11-19"'),
    ],
)
def test_quotes_do_not_matter(home: Project, raw: Path, good: str, same: str) -> None:
    before = load_sources(home)
    change(raw, good, same)
    assert load_sources(home) == before


def test_two_sources_of_one_name_are_refused(home: Project, raw: Path) -> None:
    shutil.copytree(raw, home.raw / "copy")
    with pytest.raises(DataError, match="“ofsted-kent-2010” is the id of copy too"):
        load_facts(home=home)
