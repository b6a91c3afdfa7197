"""Blocks, read back from the page that is made of them: what a reader of the briefing gets."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from kentstats.publish.html import body, read_markdown
from kentstats.report.blocks import Block

CELLS = ("p", "li", "td", "th", "caption", "figcaption", "h2", "h3", "h4")
"""What holds text of its own."""


def read(markdown: str) -> ET.Element:
    """The elements of a block, ``Figure 1.`` and its like taken out of the captions."""
    page = ET.fromstring(f"<main>{body(read_markdown(markdown))}</main>")
    for words in page.iterfind(".//span[@class='words']"):
        number = words[0]
        words.remove(number)
        words.text = (number.tail or "").removeprefix(". ")
    return page


def plain(element: ET.Element, *, claims: bool = True) -> str:
    """The words that a reader sees; claims and links left out if so asked."""
    if not claims and element.tag in {"data", "a"}:
        return "…"
    parts = [element.text, *(part for child in element for part in _with_tail(child, claims))]
    # between elements the page has line breaks, for those who read its source
    return "".join(part for part in parts if part and part.strip("\n")).replace("\n", " ")


def _with_tail(child: ET.Element, claims: bool) -> tuple[str, str | None]:
    return plain(child, claims=claims), child.tail


def shown(block: Block) -> str:
    """The words of a block."""
    return plain(read(block.markdown))


def texts(page: ET.Element) -> Iterator[ET.Element]:
    """Paragraphs, items, cells and captions: those that hold text and none of the others."""
    for element in page.iter():
        if element.tag in CELLS and sum(inner.tag in CELLS for inner in element.iter()) == 1:
            yield element


def claims_of(page: ET.Element) -> list[ET.Element]:
    """The claims that are printed."""
    return page.findall(".//data[@class='claim']")


def names_of(page: ET.Element, *tags: str) -> list[str]:
    """The names that links can lead to, of some kinds of elements or of all."""
    found = (element for element in page.iter() if not tags or element.tag in tags)
    return [element.attrib["id"] for element in found if "id" in element.attrib]


def items_of(page: ET.Element) -> list[ET.Element]:
    """The items of the one list."""
    [found] = page.iter("ul")
    return list(found)


def rows_of(page: ET.Element) -> list[list[str]]:
    """The cells of the one table, without its head."""
    [_] = page.iter("table")
    return [[plain(cell) for cell in row] for row in page.iterfind(".//tbody/tr")]


def alternative(page: ET.Element) -> list[str]:
    """The alternative texts."""
    return [image.attrib["alt"] for image in page.iter("img")]


def pictures(page: ET.Element) -> list[bytes]:
    """The pictures, as files."""
    found = []
    for image in page.iter("img"):
        kind, _, data = image.attrib["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        found.append(base64.b64decode(data))
    return found


def picture_text(page: ET.Element) -> str:
    """Everything that is written in the pictures, a line each."""
    lines = []
    for picture in map(ET.fromstring, pictures(page)):
        lines += ["".join(node.itertext()) for node in picture.iter() if "text" in node.tag]
    return "\n".join(lines)
