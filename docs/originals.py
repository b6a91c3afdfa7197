"""Write what ``data/originals`` says of the files that the editions were read from.

Those files are not in the repository. ``README.md`` there names them, and ``EDITION.sha256``
lists their checksums, which stand for them in the pipeline (``dvc.yaml``). Both come from each
edition's ``edition.yml``; ``make docs`` runs this, and a test holds the files to it.
"""

from __future__ import annotations

from pathlib import Path

from kentstats.ingest.edition import OfficialStatistics, Publication, list_editions, read_official
from kentstats.project import find_project

TARGET = Path(__file__).resolve().parent.parent / "data" / "originals"
INTRODUCTION = """\
# The original files

Made by `make docs` from `data/raw/official-*/edition.yml`.

The tables of official statistics under `data/raw` were read from the files below, as their
publishers give them. They are not in the repository, which needs none of them: put them here, by
these names, to read an edition anew or to see that it was read rightly.

| to do this | run |
|---|---|
| see that the files are the same | `cd data/originals && sha256sum --check 2025.sha256` |
| read an edition anew | the command of the stage `ingest-2025` in `dvc.yaml` |
| take in a newer file by itself | `kentstats ingest FILE --edition 2025`, then `make docs` |

Read anew from the same files, every table has the same bytes; `git status` shows what has not.
The stages `ingest-2010` and `ingest-2025` of `dvc.yaml` are frozen: `make dvc` does not run them,
but looks at their tables, and has the checksums in `2010.sha256` and `2025.sha256` for the files.
"""


def texts() -> dict[str, str]:
    """Return the text of each file to write, by name."""
    editions = [read_official(name, find_project()) for name in list_editions()]
    written = {"README.md": INTRODUCTION + "".join(map(_section, editions))}
    for edition in editions:
        lines = [f"{source.sha256}  {source.file}\n" for source in _by_file(edition)]
        written[f"{edition.name}.sha256"] = "".join(lines)
    return written


def _by_file(edition: OfficialStatistics) -> list[Publication]:
    return sorted(edition.sources, key=lambda source: source.file)


def _section(edition: OfficialStatistics) -> str:
    lines = [f"\n## Edition {edition.name}\n\n", "| file | publisher | title | SHA-256 |\n"]
    lines.append("|---|---|---|---|\n")
    for source in _by_file(edition):
        title = f"[{source.title}]({source.url})" if source.url else source.title
        lines.append(
            f"| `{source.file}` | {source.publisher} | {title}{_day(source.published)} "
            f"| `{source.sha256}` |\n"
        )
    return "".join(lines)


def _day(published: str) -> str:
    return f", published {published}" if published else ""


def write() -> None:
    """Write the files."""
    for name, text in texts().items():
        (TARGET / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write()
