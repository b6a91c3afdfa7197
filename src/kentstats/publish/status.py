"""What is here: editions, briefings and whether they are up to date."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from kentstats import __version__
from kentstats.home import Home
from kentstats.load import checksums
from kentstats.publish.briefing import slug
from kentstats.publish.quarto import find_quarto
from kentstats.sources.registry import Source, load_sources


def report(home: Home, output: Path) -> Iterator[str]:
    """Describe the project line by line.

    Parameters
    ----------
    home : Home
        The project.
    output : pathlib.Path
        Folder of the published briefings.

    Yields
    ------
    str

    Raises
    ------
    DataError
        A ``source.yml`` is faulty.
    """
    yield f"kentstats {__version__}, project {home.root}"
    quarto = find_quarto()
    found = f", quarto ({quarto})" if quarto else "; Quarto is not on the PATH"
    yield f"Renderers: embedded{found}"
    sources = load_sources(home)
    yield f"Sources: {len(sources)}"
    for source in sources:
        yield f"  {source.edition}  {source.authority}  {source.publisher}, {source.published}"
        yield f"        {_published(source, output)}"


def _published(source: Source, output: Path) -> str:
    folder = output / source.edition / slug(source.authority)
    try:
        record = json.loads((folder / "claims.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return f"not published; run: kentstats briefing {source.authority}"
    now = checksums(source)
    then = record.get("inputs", {})
    changed = sorted(name for name in now.keys() | then.keys() if now.get(name) != then.get(name))
    if changed:
        return f"published, but {', '.join(changed)} changed since: {folder}"
    return f"published and up to date: {folder}"
