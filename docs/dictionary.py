"""Write ``docs/data-dictionary.md`` from the contract, the catalogue and the known data sets.

Run it with ``make docs``, which writes ``data/originals`` anew too (:mod:`originals`); a test
holds the file to what this writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from kentstats.areas import COLUMNS, KINDS, SUCCESSION_COLUMNS
from kentstats.indicators import MODELS, POLARITIES, load_indicators
from kentstats.indicators import Mapping as Source
from kentstats.ingest.datasets import load_datasets
from kentstats.ingest.edition import FIGURES_FILE, KEY, PERIODS
from kentstats.schemas import (
    BANDS,
    DIRECTIONS,
    FIGURES,
    GRADES,
    NEIGHBOURS,
    OUTCOMES,
    QUALIFIERS,
    STATED_IN,
    STATUSES,
    TABLES,
    UNITS,
    Column,
)

TARGET = Path(__file__).with_name("data-dictionary.md")
INTRODUCTION = """\
# Data dictionary

Made by `make docs` from `kentstats.schemas`, the indicator catalogue and the known data sets.

| table | where | what a row is |
|---|---|---|
| facts | `kentstats facts` | a figure, of a report or of official statistics |
| judgements, actions, statements | `kentstats facts --table` | what a report says beside figures |
| outcomes, neighbours | `kentstats facts --table` | what an edition says of every authority |
| figures, periods | `data/raw/official-*` | a figure as an edition keeps it; facts come from it |
| areas, successions | `data/raw/areas` | an area, and what became of one that ended |

`kentstats tidy` writes the first three rows of this table to `data/processed`.
"""
EDITION = {"edition": Column("str", "name of the edition")}
OFFICIAL = {
    "outcomes": (EDITION | OUTCOMES, ("edition", "area_code", "position")),
    "neighbours": (EDITION | NEIGHBOURS, ("edition", "list", "area_code", "position")),
}
DAYS = {
    "period_start": Column("date", "first day, empty where it is not known"),
    "period_end": Column("date", "last day"),
}
AREAS = dict(
    zip(
        COLUMNS,
        (
            Column("str", "GSS code"),
            Column("str", "name as printed"),
            Column("str", "country, region or authority"),
            Column("str", "the department’s three-digit code, where there is one"),
            Column("str", "GSS code of the region it lies in"),
            Column("str", "of an authority, one of: " + ", ".join(KINDS)),
            Column("date", "first day of the code"),
            Column("date", "last day of the code, empty where it is in use"),
        ),
        strict=True,
    )
)
SUCCESSIONS = dict(
    zip(
        SUCCESSION_COLUMNS,
        (
            Column("str", "GSS code of the area that ended"),
            Column("str", "GSS code of one that took over"),
            Column("date", "first day of the one that took over"),
        ),
        strict=True,
    )
)


def dictionary() -> str:
    """Return the data dictionary as Markdown."""
    lines = [INTRODUCTION]
    for name, (columns, key) in (TABLES | OFFICIAL).items():
        lines += [f"## {name.capitalize()}", "", *_columns(columns, key)]
    lines += [
        "## Figures",
        "",
        f"`{FIGURES_FILE}` of an edition; `periods.csv` beside it has the days of its periods.",
        "",
        *_columns(FIGURES, KEY),
        "### Periods",
        "",
        *_columns({name: FIGURES.get(name) or DAYS[name] for name in PERIODS}, PERIODS[:4]),
        "## Areas",
        "",
        "`areas.csv`. A group that a report names without listing it is no row; nor are areas that",
        "a source counts together, whose code is theirs joined, as in `E09000021 / E09000027`.",
        "",
        *_columns(AREAS, ("code",)),
        "### Successions",
        "",
        *_columns(SUCCESSIONS, ("code", "successor")),
    ]
    closed: dict[str, Mapping[str, object] | Mapping[int, object]] = {
        "Units": UNITS,
        "Qualifiers": QUALIFIERS,
        "Statuses": STATUSES,
        "Grades": GRADES,
        "Where a grade is stated": STATED_IN,
        "Time bands, in months": BANDS,
        "Directions": DIRECTIONS,
        "Polarities": POLARITIES,
        "Models": MODELS,
        "Kinds of authority": KINDS,
    }
    for title, words in closed.items():
        lines += [f"## {title}", "", "| word | meaning |", "|---|---|"]
        lines += [f"| `{word}` | {meaning} |" for word, meaning in words.items()]
        lines.append("")
    lines += [
        "## Data sets",
        "",
        "What `kentstats ingest` knows by its columns (`ingest/datasets.yml`). Where the last",
        "column names no half-width for a kind of area, its counts are exact.",
        "",
        "| data set | publisher, title | half-width of the rounding of counts |",
        "|---|---|---|",
    ]
    for known in load_datasets().values():
        halves = ", ".join(f"{area} {half:g}" for area, half in known.counts.items())
        title = f"[{known.publisher}: {known.title}]({known.url})"
        lines.append(f"| `{known.id}` | {title} | {halves or 'no counts'} |")
    lines += [
        "",
        "## Indicators",
        "",
        "`model` says how chance moves the measure. Under sources stand the data sets that have",
        "it, the one preferred first, with the columns of its two numbers, or else that of the",
        "figure. Without one, only a report speaks of it.",
        "",
        "| indicator | name | unit | polarity | theme | model | sources |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{entry.id}` | {_cell(entry.name)} | {entry.unit} | {entry.polarity} | {entry.theme} "
        f"| {entry.model} | {'; '.join(map(_source, entry.sources)) or '–'} |"
        for entry in load_indicators().values()
    ]
    return "\n".join(lines) + "\n"


def _columns(columns: Mapping[str, Column], key: Iterable[str]) -> list[str]:
    lines = [f"Key: {', '.join(f'`{part}`' for part in key)}.", ""]
    lines += ["| column | type | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {entry.dtype} | {entry.meaning} |" for name, entry in columns.items()]
    return [*lines, ""]


def _source(source: Source) -> str:
    """Name a data set, the group it is of, and the columns that are read."""
    numbers = " of ".join(
        " + ".join(f"`{_cell(name)}`" for name in names)
        for names in (source.numerator, source.denominator)
        if names
    )
    what = numbers or (f"`{source.value}`" if source.value else f"`{source.measure}`")
    where = ", ".join(f"{name} “{value}”" for name, value in source.where)
    base = ", ".join(f"{name} “{value}”" for name, value in source.denominator_where)
    said = f" where {where}" if where else ""
    said += f"; base where {base}" if base else ""
    group = f" ({source.group})" if source.group else ""
    return f"`{source.data}`{group}: {what}{_cell(said)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    import originals

    TARGET.write_text(dictionary(), encoding="utf-8", newline="\n")
    originals.write()
