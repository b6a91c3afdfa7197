"""Write ``docs/data-dictionary.md`` from the contract and the catalogue.

Run it with ``make docs``; a test holds the file to what this writes.
"""

from __future__ import annotations

from pathlib import Path

from kentstats.facts import (
    BANDS,
    DIRECTIONS,
    GRADES,
    QUALIFIERS,
    STATED_IN,
    STATUSES,
    TABLES,
    UNITS,
)
from kentstats.indicators import POLARITIES, load_indicators

TARGET = Path(__file__).with_name("data-dictionary.md")


def dictionary() -> str:
    """Return the data dictionary as Markdown."""
    lines = [
        "# Data dictionary",
        "",
        "Made by `make docs` from `kentstats.facts` and the indicator catalogue.",
        "",
    ]
    for name, (columns, key) in TABLES.items():
        lines += [
            f"## {name.capitalize()}",
            "",
            f"Key: {', '.join(f'`{part}`' for part in key)}.",
            "",
        ]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        lines += [
            f"| `{column}` | {entry.dtype} | {entry.meaning} |" for column, entry in columns.items()
        ]
        lines.append("")
    closed = {
        "Units": UNITS,
        "Qualifiers": QUALIFIERS,
        "Statuses": STATUSES,
        "Grades": GRADES,
        "Where a grade is stated": STATED_IN,
        "Time bands, in months": BANDS,
        "Directions": DIRECTIONS,
        "Polarities": POLARITIES,
    }
    for title, words in closed.items():
        lines += [f"## {title}", "", "| word | meaning |", "|---|---|"]
        lines += [f"| `{word}` | {meaning} |" for word, meaning in words.items()]
        lines.append("")
    lines += [
        "## Indicators",
        "",
        "| indicator | name | unit | polarity | theme |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| `{entry.id}` | {entry.name} | {entry.unit} | {entry.polarity} | {entry.theme} |"
        for entry in load_indicators().values()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    TARGET.write_text(dictionary(), encoding="utf-8", newline="\n")
