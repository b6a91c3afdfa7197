"""What a published briefing says, as text: to compare with the golden files.

``python tests/golden.py`` publishes the briefings of :data:`BRIEFINGS` and renews the golden
files; give a folder of published briefings to take them from there. Review what changed with
``git diff``: every difference is one that readers see.
"""

from __future__ import annotations

import base64
import csv
import difflib
import gzip
import hashlib
import io
import json
import re
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path

from verapdf import text_of

FOLDER = Path(__file__).parent / "golden"
BRIEFINGS = (
    ("2010", "Kent"),
    ("2010", "Medway"),
    ("2010", "Rutland"),
    ("2025", "Kent"),
    ("2025", "Essex"),
    ("2025", "Birmingham"),
    ("2025", "City of London"),
    ("2025", "Isles of Scilly"),
)
INLINE = {"a", "data", "strong", "em", "code", "span", "sup", "sub"}
KEPT = ("id", "class", "scope", "href", "lang", "role", "open")


def golden_name(edition: str, authority: str) -> str:
    """Name the folder of a briefing: ``2010-kent``."""
    return f"{edition}-{slug(authority)}"


def slug(authority: str) -> str:
    return authority.casefold().replace(" ", "-")


def describe(folder: Path) -> dict[str, str]:
    """Return what a published briefing says, by the name of its golden file."""
    return {
        "page.txt": describe_html((folder / "briefing.html").read_text(encoding="utf-8")),
        "pdf.txt": text_of(folder / "briefing.pdf"),
        "claims.csv": describe_claims(json.loads((folder / "claims.json").read_text("utf-8"))),
        "facts.csv": (folder / "facts.csv").read_text(encoding="utf-8"),
    }


def describe_html(page: str) -> str:
    """Return the elements of a page, a line each, with their text and that of its charts."""
    reader = _Page()
    reader.feed(page)
    reader.end_line()
    return "\n".join(reader.lines) + "\n"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self._open: list[str] = []
        self._words: list[str] = []
        self._skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in {"style", "script"}:
            self._skipped += 1
        elif tag == "data":
            self._words.append("{")
        elif tag == "img":
            self._words.append(_picture(given))
        elif tag in INLINE:
            shown = "".join(f" {name}={given[name]}" for name in KEPT if name in given)
            self._words.append(f"<{tag}{shown}>")
        else:
            self.end_line()
            shown = "".join(f" {name}={given[name]}" for name in KEPT if name in given)
            if tag == "meta":
                shown = "".join(f" {name}={value}" for name, value in given.items())
            self._words.append(f"{tag}{shown}: ")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script"}:
            self._skipped -= 1
        elif tag == "data":
            self._words.append("}")
        elif tag in INLINE:
            self._words.append(f"</{tag}>")
        else:
            self.end_line()

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._words.append(data)

    def end_line(self) -> None:
        line = " ".join("".join(self._words).split())
        self._words.clear()
        if line:
            self.lines.append(line)


def _picture(given: dict[str, str]) -> str:
    """Return the alternative text of a picture, and what an SVG shows."""
    told = f"img {given.get('alt', '')} "
    head, _, data = given.get("src", "").partition(";base64,")
    if head == "data:image/svg+xml":
        return told + describe_svg(base64.b64decode(data).decode())
    return told + head


def describe_svg(svg: str) -> str:
    """Return the size of a chart and its texts in the order in which they are drawn."""
    size = re.search(r'viewBox="([^"]*)"', svg)
    texts = [" ".join(text.split()) for text in re.findall(r"<text[^>]*>(.*?)</text>", svg, re.S)]
    return f"[svg {size[1] if size else ''}: {' | '.join(texts)}]"


def describe_claims(record: dict[str, object]) -> str:
    """Return value and provenance of every claim, without its id."""
    lists = record["lists"]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("shown", "value", "unit", "calculation", "places", "facts"))
    for made in record["claims"]:
        facts = [*made["facts"], *lists.get(made["others"], [])]
        listed = " ".join(facts)
        if len(facts) > 12:
            digest = hashlib.sha256(" ".join(sorted(facts)).encode()).hexdigest()[:8]
            listed = f"{facts[0]} and {len(facts) - 1} more ({digest})"
        writer.writerow(
            (
                made["shown"],
                made["value"],
                made["unit"],
                made["calculation"],
                "; ".join(made["places"]),
                listed,
            )
        )
    return out.getvalue()


def read_golden(edition: str, authority: str) -> dict[str, str]:
    """Read the golden files of a briefing."""
    folder = FOLDER / golden_name(edition, authority)
    return {
        path.name.removesuffix(".gz"): gzip.decompress(path.read_bytes()).decode()
        for path in sorted(folder.iterdir())
    }


def write_golden(edition: str, authority: str, described: dict[str, str]) -> None:
    """Write the golden files of a briefing, the same bytes for the same text."""
    folder = FOLDER / golden_name(edition, authority)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in described.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def difference(golden: str, now: str, *, most: int = 40) -> str:
    """Return the first lines that differ; empty where there are none."""
    lines = difflib.unified_diff(
        golden.splitlines(), now.splitlines(), "golden", "now", lineterm="", n=0
    )
    found = [line[:400] for line in lines]
    return "\n".join(found[:most])


def renew(published: Path) -> None:
    """Renew the golden files from published briefings, and say what changed."""
    for edition, authority in BRIEFINGS:
        described = describe(published / edition / slug(authority))
        name = golden_name(edition, authority)
        before = read_golden(edition, authority) if (FOLDER / name).is_dir() else {}
        write_golden(edition, authority, described)
        for file, text in described.items():
            if changed := difference(before.get(file, ""), text):
                print(f"{name}/{file} changed:\n{changed}\n")


if __name__ == "__main__":
    if sys.argv[1:]:
        renew(Path(sys.argv[1]))
    else:
        from kentstats.publish.briefing import publish

        with tempfile.TemporaryDirectory() as made:
            for one in BRIEFINGS:
                publish(one[1], one[0], output=Path(made))
            renew(Path(made))
