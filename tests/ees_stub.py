"""A local server that answers like the API of Explore Education Statistics.

It keeps the habits of the real service: answers are paged, empty members are
left out, versions may have wildcards, data are compressed, and a withdrawn data
set is refused. Failures are planned one by one: see :class:`Fault`.
"""

from __future__ import annotations

import fnmatch
import gzip
import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

HEADER = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,"
    "region_name,old_la_code,la_name,new_la_code,population_type"
)
META = {
    "filters": [{"id": "f1", "column": "population_type", "label": "Population", "hint": "Who"}],
    "indicators": [
        {"id": "i1", "column": "children", "label": "Number of children", "decimalPlaces": 0},
        {"id": "i2", "column": "share", "label": "Share of children", "unit": "%"},
    ],
}


def guid(name: str) -> str:
    """Return an identifier made from a name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


def synthetic(years: tuple[int, ...] = (2024, 2025)) -> bytes:
    """Return a small file of invented figures with real places, and a suppressed one."""
    lines = [f"{HEADER},children,share"]
    for year in years:
        head = f"{year},Reporting year"
        kent = "E92000001,England,E12000008,South East,886,Kent,E10000016"
        lines.append(f"{head},National,E92000001,England,,,,,,Total,{year * 10},12.5")
        lines.append(f"{head},Local authority,{kent},Total,{year},c")
    return ("\n".join(lines) + "\n").encode("utf-8-sig")


@dataclass
class DataSet:
    """A data set; its versions are files by number, oldest first."""

    title: str
    versions: dict[str, bytes] = field(default_factory=lambda: {"1.0": synthetic()})
    status: str = "Published"
    superseded_by: str = ""

    @property
    def id(self) -> str:
        return guid(self.title)

    def describe(self, number: str = "") -> dict[str, Any]:
        """Return a version as the API describes it, or the data set with its latest."""
        if number:
            return {
                "version": number,
                "published": f"2025-11-0{number[0]}T09:30:00+00:00",
                "timePeriods": {"start": "2024", "end": "2025"},
                "geographicLevels": ["National", "Local authority"],
            }
        newer = {"supersedingDataSetId": self.superseded_by} if self.superseded_by else {}
        latest = self.describe(list(self.versions)[-1])
        about = {"id": self.id, "title": self.title, "status": self.status}
        return about | newer | {"latestVersion": latest}

    def find(self, asked: str) -> str:
        """Return the latest version that fits a number or wildcard, or nothing."""
        fitting = [one for one in self.versions if fnmatch.fnmatch(one, asked)]
        return fitting[-1] if fitting else f"{asked}.0" if f"{asked}.0" in self.versions else ""


@dataclass
class Fault:
    """What goes wrong with the next answers to paths that match a pattern.

    ``cut`` announces the whole body and sends only so many bytes of it.
    """

    path: str
    status: int = 200
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut: int | None = None


class Stub:
    """The server, as a context manager; ``asked`` has the path of each request."""

    def __init__(self, publications: dict[str, list[DataSet]]) -> None:
        self.publications = publications
        self.asked: list[str] = []
        self.faults: list[Fault] = []
        self.page_size = 20
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.002,))
        self.url = f"http://127.0.0.1:{self._server.server_port}/statistics"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Shut down: connections are refused from now on."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        """Return the status of an answer, and its content: bytes, or values for JSON."""
        sets = {one.id: one for each in self.publications.values() for one in each}
        match path.removeprefix("/statistics/v1/").split("/"):
            case ["publications"]:
                words = query["search"].lower()
                titles = [each for each in self.publications if words in each.lower()]
                entries = [{"id": guid(f"publication {each}"), "title": each} for each in titles]
                return 200, self._page(entries, query)
            case ["publications", one, "data-sets"]:
                titles = {guid(f"publication {each}"): each for each in self.publications}
                found = [each.describe() for each in self.publications[titles[one]]]
                return 200, self._page(found, query)
            case ["data-sets", one, *rest] if one in sets:
                return self._data_set(sets[one], rest, query)
        return 404, {"title": "Not Found", "status": 404}

    def _data_set(self, one: DataSet, rest: list[str], query: dict[str, str]) -> tuple[int, Any]:
        if not rest:
            return 200, one.describe()
        if rest == ["versions"]:
            versions = [one.describe(number) for number in reversed(one.versions)]
            return 200, self._page(versions, query)
        number = one.find(rest[1] if rest[0] == "versions" else query["dataSetVersion"])
        if one.status == "Withdrawn" or not number:
            return 403 if number else 404, {"title": "Refused"}
        content = {"versions": one.describe(number), "meta": META, "csv": one.versions[number]}
        return 200, content[rest[0]]

    def _page(self, found: list[Any], query: dict[str, str]) -> dict[str, Any]:
        number, size = int(query["page"]), min(int(query["pageSize"]), self.page_size)
        pages = (len(found) - 1) // size + 1 if found else 1
        paging = {"page": number, "totalResults": len(found), "totalPages": pages}
        return {"paging": paging, "results": found[(number - 1) * size : number * size]}

    def _handler(stub) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                where = urlsplit(self.path)
                stub.asked.append(self.path.removeprefix("/statistics/v1/"))
                query = {key: values[0] for key, values in parse_qs(where.query).items()}
                status, content = stub.answer(where.path, query)
                fault = next((f for f in stub.faults if re.search(f.path, self.path)), Fault(""))
                if fault in stub.faults:
                    fault.times -= 1
                    if not fault.times:
                        stub.faults.remove(fault)
                    status = fault.status if fault.status != 200 else status
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                body = gzip.compress(body if fault.body is None else fault.body, mtime=0)
                self.send_response(status)
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(body)))
                for name, value in fault.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body[: fault.cut])

            def log_message(self, *_: object) -> None:
                pass

        return Handler
