"""Only what changed: what a briefing was told, and whom a change concerns."""

from __future__ import annotations

import ast
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from briefings import NOTEBOOK, make
from conftest import ROOT
from official import small_home, sums_of

from kentstats.areas import Area, load_areas
from kentstats.ingest.edition import Official, read_official, write_official
from kentstats.load import edition_day, official_facts, open_official
from kentstats.project import Project
from kentstats.publish import inputs
from kentstats.publish import plan as planning
from kentstats.publish.batch import publish_all
from kentstats.publish.briefing import slug
from kentstats.publish.inputs import (
    FILE,
    GROUPS,
    code_of,
    imports_of,
    read_used,
    report_of,
    write_inputs,
)
from kentstats.publish.manifest import Entry
from kentstats.publish.plan import in_words, plan
from kentstats.report import context as opened
from kentstats.report.blocks import Block
from kentstats.schemas import Row
from kentstats.stats.answers import KEYS, key_of, moved, parts_of
from kentstats.stats.places import neighbours_of
from kentstats.stats.profile import Standing, share

PACKAGE = ROOT / "src" / "kentstats"
ENGLAND, KENT, LEEDS = "E92000001", "E10000016", "E08000035"


def official(name: str) -> Official:
    found = open_official(name)
    assert found
    return found


def areas(edition: str) -> list[Area]:
    return load_areas().authorities(edition_day(edition))


def name_of(code: str) -> str:
    area = load_areas().by_code(code) or load_areas().combined(code)
    return area.name if area else code


def use(mine: Standing, keys: list[str]) -> None:
    for key in keys:
        mine._ask(*parts_of(key))


def told(name: str, edition: str, now: Official | None = None) -> tuple[list[Any], dict[str, str]]:
    """Everything a briefing shows, its table of figures with it, and what it was told."""
    now = now or official(edition)
    with mock.patch.object(opened, "open_official", return_value=now):
        made = make(name, edition)
    facts = official_facts(now)
    area = made.edition.area
    joined = facts["area_type"].eq("combined") & facts["area_code"].str.contains(area.code)
    table = facts[facts["area_code"].isin([area.code, area.region, ENGLAND]) | joined]
    shown: list[Any] = [(name, content(cell.block)) for name, cell in made.cells.items()]
    ASKED.update({(name, edition, cell): set(one.block.asked) for cell, one in made.cells.items()})
    return [*shown, table.to_csv(index=False)], dict(made.edition.official.used)


ASKED: dict[tuple[str, str, str], set[str]] = {}
"""What the section of each cell asked when it was last told."""


def content(block: Block) -> tuple[object, ...]:
    """What a block shows, and not what was asked for it."""
    return block.markdown, block.claims, block.used


# --- the property: what shows another thing has moved --------------------------------------------


def at(figures: pd.DataFrame, chance: random.Random, which: pd.Series) -> int:
    places = np.flatnonzero(which & figures["value"].notna())
    return int(chance.choice(places.tolist()))


def newest(figures: pd.DataFrame) -> pd.Series:
    return figures["period"].eq(figures.groupby(["indicator", "group"])["period"].transform("max"))


def of_authority(figures: pd.DataFrame) -> pd.Series:
    return ~figures["area_code"].str.startswith(("E12", "E92"))


def change(figures: pd.DataFrame, row: int) -> None:
    one = figures.loc[row]
    if one["numerator"] > 1:
        figures.loc[row, "numerator"] -= 1
        figures.loc[row, "value"] *= (one["numerator"] - 1) / one["numerator"]
    else:
        figures.loc[row, "value"] += 0.1


def a_figure(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    change(figures, at(figures, chance, newest(figures) & of_authority(figures)))
    return replace(one, figures=figures)


def a_figure_of_a_neighbour(
    one: Official, figures: pd.DataFrame, chance: random.Random
) -> Official:
    near = neighbours_of(one)[1].get(LEEDS, [LEEDS])
    change(figures, at(figures, chance, newest(figures) & figures["area_code"].isin(near)))
    return replace(one, figures=figures)


def exchanged(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    """One authority’s figure is withheld and that of another given: there are as many as before."""
    leeds = figures["area_code"].eq(LEEDS) & newest(figures) & figures["denominator"].ge(10)
    measures = figures.loc[leeds, "indicator"].unique()
    same = newest(figures) & of_authority(figures) & figures["indicator"].isin(measures)
    without = figures[same & figures["status"].ne("") & ~figures["area_code"].str.contains("/")]
    other = without.loc[chance.choice(without.index.tolist())]
    alike = same & figures["indicator"].eq(other["indicator"]) & figures["group"].eq(other["group"])
    row = at(figures, chance, alike & ~figures["area_code"].eq(LEEDS))
    numbers = ["value", "numerator", "denominator", "rounding", "count_rounding", "status"]
    mine, theirs = figures.loc[row, numbers].copy(), figures.loc[other.name, numbers].copy()
    figures.loc[row, numbers], figures.loc[other.name, numbers] = theirs, mine
    return replace(one, figures=figures)


def an_older_figure(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    older = ~newest(figures) & of_authority(figures)
    change(figures, at(figures, chance, older if older.any() else of_authority(figures)))
    return replace(one, figures=figures)


def of_england(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    change(figures, at(figures, chance, newest(figures) & figures["area_code"].eq(ENGLAND)))
    return replace(one, figures=figures)


def of_a_region(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    region = newest(figures) & figures["area_code"].str.startswith("E12")
    change(figures, at(figures, chance, region))
    return replace(one, figures=figures)


def withheld(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    row = at(figures, chance, newest(figures) & of_authority(figures))
    figures.loc[row, ["value", "numerator", "denominator"]] = np.nan
    figures.loc[row, "status"] = "suppressed"
    return replace(one, figures=figures)


def gone(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    row = at(figures, chance, newest(figures) & of_authority(figures))
    return replace(one, figures=figures.drop(index=row).reset_index(drop=True))


def a_line_that_moved(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    figures.loc[at(figures, chance, newest(figures)), "locator"] = "line 7"
    return replace(one, figures=figures)


def a_later_year(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    """One authority alone has it: what all others have is no longer the latest."""
    row = at(figures, chance, newest(figures) & of_authority(figures))
    later = figures.loc[[row]].assign(
        period="2030", period_end=pd.Timestamp("2030-03-31"), period_start=pd.NaT
    )
    return replace(one, figures=pd.concat([figures, later], ignore_index=True))


def a_neighbour(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    rows = [dict(row) for row in one.neighbours]
    if rows:
        latest = [row for row in rows if row["list"] == max(each["list"] for each in rows)]
        chance.choice(latest)["neighbour_code"] = "E09000001"
    return replace(one, neighbours=rows, figures=figures)


def a_judgement(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    rows = [dict(row) for row in one.judgements]
    if rows:
        row = chance.choice(rows)
        row["grade"] = row["grade"] % 4 + 1
    return replace(one, judgements=rows, figures=figures)


def the_title_of_a_source(one: Official, figures: pd.DataFrame, chance: random.Random) -> Official:
    sources = list(one.sources)
    place = chance.randrange(len(sources))
    sources[place] = replace(sources[place], title="Another title", sha256="0" * 64)
    return replace(one, sources=tuple(sources), figures=figures)


EDITS: tuple[Callable[[Official, pd.DataFrame, random.Random], Official], ...] = (
    *(
        a_figure,
        a_figure_of_a_neighbour,
        exchanged,
        an_older_figure,
        of_england,
        of_a_region,
        withheld,
        gone,
    ),
    *(a_line_that_moved, a_later_year, a_neighbour, a_judgement, the_title_of_a_source),
)
SAMPLES = {
    "2010": ("Kent", "City of London", "Leeds"),
    "2025": ("Kingston upon Thames", "Isles of Scilly", "Leeds"),
}


@pytest.mark.parametrize("edition", SAMPLES)
def test_who_shows_another_thing_has_been_told_another(
    edition: str, record_property: Callable[[str, object], None]
) -> None:
    """Whatever is edited, and whether pictures, claims or tables show it."""
    chance = random.Random(20250331)
    before = {name: told(name, edition) for name in SAMPLES[edition]}
    asked = dict(ASKED)
    codes = {area.name: area for area in areas(edition)}
    needless = touched = 0
    for edit in EDITS:
        now = edit(official(edition), official(edition).figures.copy(), chance)
        shared = share(now)
        for name, (shown, used) in before.items():
            keys = moved(shared, codes[name], used)
            # of those that moved some will do, which say how often that was needless
            if keys and chance.random() > 0.3:
                continue
            then = told(name, edition, now)[0]
            same = then == shown
            for (cell, one), (_, other) in zip(shown[:-1], then[:-1], strict=True):
                # each section by itself, but the one that carries what all were told
                if one[:2] != other[:2]:
                    assert asked[name, edition, cell] & set(keys), (
                        f"{edit.__name__}: {name}, {cell}"
                    )
            assert keys or same, f"{edit.__name__}: {name} shows another thing"
            touched += bool(keys)
            needless += bool(keys) and same
    record_property("published again though nothing shows", f"{needless} of {touched}")
    assert touched
    # a note that is exact: what moved is seen, but where figures round or are drawn alike
    assert needless <= max(1, touched // 10)


@pytest.mark.parametrize("edition", SAMPLES)
def test_nothing_has_moved_where_nothing_changed(edition: str) -> None:
    """Figures read again are the same, in whatever order they lie."""
    one = official(edition)
    mixed = one.figures.sample(frac=1, random_state=1).reset_index(drop=True)
    shared = share(replace(one, figures=mixed))
    for name in SAMPLES[edition][:2]:
        brief = opened.open_edition(name, edition)
        use(brief.official, every_key(brief.official))
        assert moved(shared, brief.area, brief.official.used) == []


def every_key(mine: Standing) -> list[str]:
    """Every question there is to ask for an authority."""
    series = list(mine.facts())
    keys = ["edition", "joined", "neighbours", "judgements", "sources"]
    keys += [key_of("name", mine.area.region), key_of("source", mine.sources()[0].id)]
    for code in (mine.area.code, mine.area.region, ENGLAND):
        keys += [key_of("measures", code), *(key_of("facts", code, *each) for each in series)]
    for each in series:
        keys += [key_of(kind, *each) for kind in ("rank", "spread", "everyone", "near")]
        keys += [
            key_of("benchmarks", *each, other)
            for other in ("england", "region", "type", "neighbours")
        ]
    assert {key.partition("/")[0] for key in (*keys, "area")} == {
        key.partition("/")[0] for key in KEYS
    }
    return keys


def test_the_digest_asked_again_is_that_of_the_answer() -> None:
    mine = opened.open_edition("Medway", "2025").official
    use(mine, every_key(mine))
    answers = share(official("2025")).answers
    for key, digest in mine.used.items():
        assert answers.answer(mine.area, key)[1] == answers.digest(mine.area, key) == digest
        assert len(digest) == 16


@pytest.mark.parametrize(
    "key", ["weather", "source/no-such", "facts", "rank/a/b/c", "name", "", "area/E10000016"]
)
def test_what_cannot_be_answered_has_moved(key: str) -> None:
    kent = Standing(load_areas().resolve(KENT, official("2010").day), share(official("2010")))
    assert moved(kent._shared, kent.area, {**kent.used, key: "0" * 16}) == [key]
    assert moved(kent._shared, kent.area, {key: ""}) == [key]


def test_a_type_leaves_the_authority_itself_out() -> None:
    shared = share(official("2025"))
    for name in ("Kent", "Isles of Scilly", "Leeds"):
        mine = Standing(load_areas().resolve(name, official("2025").day), shared)
        for series, fact in mine.facts().items():
            row = mine.comparison(*series, "type")
            assert row
            assert fact["fact_id"] not in row["facts"]
            if row["benchmark"] == row["benchmark"] and row["statistic"] == "mean":
                assert len(row["facts"]) == row["members"]
            assert set(row["source_ids"]) == {fact.split(".")[1] for fact in row["facts"]}


# --- nothing is told that is not noted -----------------------------------------------------------


PRIVATE = {"_shared", "_answers", "_used", "_told", "share", "Shared", "answers"}
LOADERS = {
    "open_official",
    "read_official",
    "official_facts",
    "load_facts",
    "load_areas",
    "Register",
}


def test_no_section_reaches_what_all_share() -> None:
    for path in sorted((PACKAGE / "present").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        reached = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        taken = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        if path.name == "edition.py":  # it makes what sections ask
            assert reached & PRIVATE == set()
            continue
        if path.name in {"explore.py"} or "chart" in path.name:
            assert not taken & LOADERS
            continue
        assert (reached | taken) & (PRIVATE | LOADERS) <= {"share"}, path.name
        if "share" in taken | reached:  # of a report, in words
            assert path.name in {"report_comparisons.py", "overview.py", "sentences.py"}


def test_the_notebook_ends_with_what_was_used() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert "".join(cells[-1]["source"]).endswith("\nnotes.inputs(brief)")


# --- the code that is used -----------------------------------------------------------------------


def test_the_code_that_counts_is_what_makes_briefings() -> None:
    found = set(code_of(NOTEBOOK))
    assert {"stats/benchmark.py", "stats/answers.py", "present/among.py", "facts.py"} <= found
    assert {"publish/render.py", "publish/document.py", "publish/briefing.py"} <= found
    assert {"indicators.yml", "sources/known.yml", "__init__.py", "present/__init__.py"} <= found
    assert not found & {"cli.py", "ingest.py", "publish/many.py", "sources/dfe2010.py"}
    assert not [name for name in found if name.startswith("sources/api/")]


def test_imports_are_read_as_python_reads_them() -> None:
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        expected = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                expected |= {one.name for one in node.names if one.name.startswith("kentstats")}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kentstats"):
                assert node.level == 0
                expected |= {str(node.module), *(f"{node.module}.{one.name}" for one in node.names)}
        # what stands in an example is read too, which does no harm
        assert expected <= set(imports_of(text)), path


# --- why, in words -------------------------------------------------------------------------------


def words(*keys: str) -> str:
    kent = load_areas().resolve(KENT, edition_day("2025"))
    return in_words(kent, keys, name_of)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            ["benchmarks/health-assessments/all/england", f"facts/{KENT}/health-assessments/all"],
            "Health assessments of Kent changed",
        ),
        ([f"facts/{ENGLAND}/looked-after/uasc"], "Looked after children, uasc of England changed"),
        (
            ["near/health-assessments/all", "benchmarks/health-assessments/all/neighbours"],
            "Health assessments: its neighbours’ figure moved",
        ),
        (
            ["rank/health-assessments/all", "spread/dental-checks/all"],
            "its place among all authorities moved (Health assessments); the spread of all "
            "authorities moved (Dental checks)",
        ),
        (["facts/E09000021 %2F E09000027/agency-workers/all"], "Agency social workers of "
         "Kingston upon Thames and Richmond upon Thames changed"),
        (["neighbours", "area", f"measures/{KENT}"], "its statistical neighbours changed; what is "
         "given for Kent changed; its entry in the register of areas changed"),
        (["source/x", "sources"], "the description of a source changed"),
        (["weather"], GROUPS["tables"]),
        (["rank/a-measure/all"], "its place among all authorities moved (a-measure)"),
    ],
)  # fmt: skip
def test_why_is_said_once_for_each_measure(keys: list[str], expected: str) -> None:
    assert words(*keys) == words(*reversed(keys)) == expected


def test_many_reasons_are_counted() -> None:
    keys = [f"rank/measure-{number}/all" for number in range(7)]
    assert words(*keys).endswith("(measure-2); and 4 more")
    assert words(*keys[:4]).count(";") == 3


def test_every_key_has_its_words() -> None:
    kinds = {key.partition("/")[0] for key in KEYS}
    assert kinds == {kind.partition("/")[0] for kind in planning.TOLD}


# --- the plan ------------------------------------------------------------------------------------


class Case:
    """Three authorities of an edition, each with what it was told, but no briefing."""

    def __init__(self, root: Path, edition: str = "2025") -> None:
        self.home, self.edition = small_home(root / "home"), edition
        self.folder = root / "out" / edition
        self.areas = [area for area in areas(edition) if area.name in {"Kent", "Medway", "Essex"}]
        self.shared = {**dict.fromkeys(GROUPS, "same"), "tables": "before"}
        self.entries = {}
        now = read_official(edition, self.home)
        for area in self.areas:
            mine = Standing(area, share(now))
            use(mine, every_key(mine))
            mine.note_table()
            place = self.folder / slug(area.name)
            place.mkdir(parents=True)
            write_inputs(place / FILE, self.shared, mine.used)
            inputs = {**self.shared, "report": report_of(None)}
            self.entries[area.code] = Entry(
                area.name, area.code, place.name, "published", inputs=inputs
            )
        self.shared["tables"] = "after"

    def edit(self, **cells: Any) -> None:
        """Edit the latest figure of health assessments of Medway."""
        now = read_official(self.edition, self.home)
        figures = now.figures.copy()
        row = figures.index[
            figures["indicator"].eq("health-assessments")
            & figures["area_code"].eq("E06000035")
            & figures["period"].eq("2025")
        ][0]
        for name, cell in cells.items():
            figures.loc[row, name] = cell
        write_official(replace(now, figures=figures))

    def reasons(self, **options: Any) -> dict[str, str]:
        chosen = {"confidence": 0.95, "force": False, **options}
        found = plan(
            self.areas, self.shared, self.entries, self.folder, self.edition, self.home, **chosen
        )
        assert [one.area for one in found] == self.areas
        assert all(one.inputs["tables"] == "after" for one in found)
        assert all(one.place == self.folder / slug(one.area.name) for one in found)
        return {one.area.name: one.reason for one in found}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_tables_that_hold_the_same_concern_nobody(case: Case) -> None:
    path = case.home.raw / "official-2025" / "edition.yml"
    path.write_text(path.read_text("utf-8") + "# looked over\n", encoding="utf-8")
    assert set(case.reasons().values()) == {""}


def test_a_figure_that_changed_is_named_to_those_whom_it_concerns(case: Case) -> None:
    case.edit(numerator=1, value=0.4)
    reasons = case.reasons()
    assert reasons["Medway"] == "Health assessments of Medway changed"
    for name in ("Kent", "Essex"):
        assert "(Health assessments)" in reasons[name] or "Health assessments:" in reasons[name]
        assert "Medway" not in reasons[name]


@pytest.mark.parametrize(
    "damage",
    [
        *(None, b"", b"{", b"[]", b"\xff", b'{"schema": 1}', b'{"schema": 1, "used": []}'),
        *(b'{"schema": 0, "used": {"area": "x"}}', b'{"schema": 1, "used": {"area": 1}}'),
        *(b'{"schema": 1, "used": {}}', b'{"schema": 1, "used": "area"}'),
    ],
)
def test_without_a_sound_note_all_tables_count(case: Case, damage: bytes | None) -> None:
    path = case.folder / "kent" / FILE
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    assert read_used(path) == {}
    assert case.reasons() == {"Essex": "", "Kent": GROUPS["tables"], "Medway": ""}


def test_tables_that_cannot_be_read_are_left_to_whoever_publishes(case: Case) -> None:
    (case.home.raw / "official-2025" / "figures.csv.gz").write_bytes(b"no table")
    assert set(case.reasons().values()) == {GROUPS["tables"]}


def test_tables_that_are_gone_or_another_confidence_are_no_reason_to_fail(case: Case) -> None:
    assert set(case.reasons(confidence=7).values()) == {GROUPS["tables"]}
    shutil.rmtree(case.home.raw / "official-2025")
    assert set(case.reasons().values()) == {GROUPS["tables"]}


def test_what_else_changed_is_said_with_the_tables(case: Case) -> None:
    case.shared["notebook"] = "another"
    assert set(case.reasons().values()) == {f"{GROUPS['tables']}; {GROUPS['notebook']}"}
    assert set(case.reasons(force=True).values()) == {"it was asked for"}


def test_nothing_heavy_is_imported_where_no_table_changed(case: Case) -> None:
    code = (
        "import json, sys; from pathlib import Path; from kentstats.project import Project\n"
        "from kentstats.load import edition_day; from kentstats.areas import load_areas\n"
        "from kentstats.publish.manifest import Entry; from kentstats.publish.plan import plan\n"
        "shared, entries, folder, root = json.loads(sys.argv[1])\n"
        "entries = {code: Entry(**one) for code, one in entries.items()}\n"
        "home = Project(Path(root))\n"
        "areas = [a for a in load_areas().authorities(edition_day('2025', home)) "
        "if a.code in entries]\n"
        "made = plan(areas, shared, entries, Path(folder), '2025', home, confidence=0.95, "
        "force=False)\n"
        "assert [one.reason for one in made] == ['', '', '']\n"
        "assert not {'pandas', 'scipy', 'matplotlib', 'kentstats.stats'} & set(sys.modules)\n"
    )
    shared = {**case.shared, "tables": "before"}
    entries = {code: vars(one) | {"inputs": dict(one.inputs)} for code, one in case.entries.items()}
    given = json.dumps([shared, entries, str(case.folder), str(case.home.root)])
    subprocess.run([sys.executable, "-c", code, given], check=True, cwd=case.home.root)


# --- publishing ----------------------------------------------------------------------------------


@pytest.fixture
def few(tmp_path: Path) -> Project:
    home = small_home(tmp_path / "home")
    shutil.copytree(ROOT / "notebooks", home.notebooks)
    shutil.copytree(ROOT / "reports" / "template", home.reports / "template")
    shutil.copyfile(ROOT / "reports" / "_quarto.yml", home.reports / "_quarto.yml")
    return home


def outcomes(rows: Any) -> dict[str, str]:
    return {entry.name: entry.reason if entry.outcome == "published" else "" for entry in rows}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_after_an_edit_what_is_there_is_what_a_full_run_makes(
    few: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KENTSTATS_HOME", str(few.root))
    # whoever works on the code meanwhile is no reason
    monkeypatch.setattr(inputs, "code_of", lambda _: {})
    three = ["Kent", "Medway", "Essex"]

    def run(output: Path) -> dict[str, str]:
        return outcomes(
            publish_all("2025", authorities=three, jobs=2, output=output, home=few).entries
        )

    assert set(run(tmp_path / "out").values()) == {"it is not published yet"}
    now = read_official("2025", few)
    figures = now.figures.copy()
    mine = figures["area_code"].eq("E06000035") & figures["indicator"].eq("agency-workers")
    figures.loc[mine & figures["period"].eq("2023"), "value"] += 1
    write_official(replace(now, figures=figures))
    assert run(tmp_path / "out") == {
        "Essex": "", "Kent": "", "Medway": "Agency social workers of Medway changed",
    }  # fmt: skip
    assert set(run(tmp_path / "out").values()) == {""}
    assert set(run(tmp_path / "full").values()) == {"it is not published yet"}
    after, full = (
        {
            name: digest
            for name, digest in sums_of(tmp_path / folder / "2025").items()
            # which hold the times at which they were made
            if not name.endswith(("briefing.ipynb", "manifest.json"))
        }
        for folder in ("out", "full")
    )
    assert len(full) == 15
    assert after == full
    used: Row = json.loads((tmp_path / "out/2025/kent" / FILE).read_text("utf-8"))
    assert list(used) == ["schema", "inputs", "typeset", "used"]
    assert set(used["inputs"]) == set(GROUPS) - {"tables"}
    assert str(tmp_path) not in json.dumps(used)
