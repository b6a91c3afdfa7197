"""A server on the loopback that answers as the API of explore education statistics does.

It serves CSV files in the department's shape, its own small ones or any that it
is given, and keeps the traps of the real service: values are text, what is
empty is left out, answers are paged and packed, versions have wildcards, a
withdrawn version is refused, and what a query names in vain is a warning or an
error by kind. Faults are asked for one by one: see :class:`Fault`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import socket
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

LEVELS = {"National": "NAT", "Regional": "REG", "Local authority": "LA"}
PLACES = {  # level: columns of code, old code and name
    "NAT": ("country_code", "", "country_name"),
    "REG": ("region_code", "", "region_name"),
    "LA": ("new_la_code", "old_la_code", "la_name"),
}
TIMES = {"Academic year": "AY", "Calendar year": "CY", "Financial year": "FY"}
TIMES["Reporting year"] = "RY"
NEITHER = {"time_period", "time_identifier", "geographic_level"}
NEITHER |= {column for columns in PLACES.values() for column in columns}
SYMBOLS = {"", "c", "z", "x", "k", "u", "low", "~", ":", "."}
FACETS = {"filters", "geographicLevels", "locations", "timePeriods"}
FACETS_OF = {"and", "or", "not"}
BODY = {"criteria", "indicators", "sorts", "debug", "page", "pageSize"}

Json = dict[str, Any]
Test = Callable[[Json], bool]


def guid(name: str) -> str:
    """An identifier made up from a name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"kentstats stub {name}"))


def short(*parts: str) -> str:
    """An identifier as filter options have them: opaque, and stable across versions."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:6]


class RefusalError(Exception):
    """An answer with a problem in it."""

    def __init__(self, status: int, *errors: Json) -> None:
        super().__init__(status)
        self.status = status
        self.errors = list(errors)


def fault(code: str, path: str, message: str, **detail: object) -> Json:
    return {"message": message, "code": code, "path": path} | ({"detail": detail} if detail else {})


@dataclass
class Version:
    """A version: its CSV file, and what a file does not say."""

    number: str
    content: bytes
    labels: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    kind: str = "Major"
    status: str = "Published"
    notes: str = ""
    published: str = "2024-03-01T09:30:00+00:00"
    data_set: str = ""  # set by the data set that it belongs to

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.content.decode("utf-8-sig"))))

    @cached_property
    def columns(self) -> list[str]:
        return [column for column in self.rows[0] if column not in NEITHER]

    @cached_property
    def indicators(self) -> list[str]:
        return [column for column in self.columns if self._numeric(column)]

    @cached_property
    def filters(self) -> list[str]:
        return [column for column in self.columns if column not in self.indicators]

    def _numeric(self, column: str) -> bool:
        values = {row[column] for row in self.rows}
        return all(
            value in SYMBOLS or re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", value, re.I)
            for value in values
        )

    def id(self, *parts: str) -> str:
        return short(self.data_set, *parts)

    def label(self, column: str) -> str:
        return self.labels.get(column, (column.replace("_", " ").capitalize(), "", 0))[0]

    @cached_property
    def periods(self) -> list[tuple[str, str]]:
        found = {(row["time_identifier"], row["time_period"]) for row in self.rows}
        return sorted(((TIMES[kind], whole(period)) for kind, period in found), key=lambda t: t[1])

    @cached_property
    def levels(self) -> list[str]:
        return list(dict.fromkeys(row["geographic_level"] for row in self.rows))

    @cached_property
    def places(self) -> dict[str, dict[str, Json]]:
        """Options of each level by identifier."""
        found: dict[str, dict[str, Json]] = {}
        for row in self.rows:
            for level, (code, old, name) in PLACES.items():
                if row.get(name):
                    option = {"id": self.place(level, row), "label": row[name], "code": row[code]}
                    option |= {"oldCode": row[old]} if old and row[old] else {}
                    found.setdefault(level, {})[option["id"]] = option
        return found

    def place(self, level: str, row: Mapping[str, str]) -> str:
        code, _, name = PLACES[level]
        return self.id(level, row[code], row[name])

    def meta(self) -> Json:
        filters = []
        for column in self.filters:
            options = dict.fromkeys(row[column] for row in self.rows if row[column])
            filters.append(
                {
                    "id": self.id(column),
                    "column": column,
                    "label": self.label(column),
                    "hint": "",
                    "options": [{"id": self.id(column, one), "label": one} for one in options],
                }
            )
        indicators = []
        for column in self.indicators:
            label, unit, places = self.labels.get(column, (self.label(column), "", None))
            one = {"id": self.id(column), "column": column, "label": label, "unit": unit}
            indicators.append(one if places is None else {**one, "decimalPlaces": places})
        names = {code: name for name, code in LEVELS.items()}
        return {
            "filters": filters,
            "indicators": indicators,
            "geographicLevels": [{"code": LEVELS[one], "label": one} for one in self.levels],
            "locations": [
                {"level": {"code": level, "label": names[level]}, "options": list(options.values())}
                for level, options in self.places.items()
            ],
            "timePeriods": [
                {"code": code, "period": period, "label": period.replace("/20", "/")}
                for code, period in self.periods
            ],
        }

    @cached_property
    def results(self) -> list[Json]:
        """All rows as the API gives them, newest period first."""
        names = {column: self.id(column) for column in self.columns}
        ids: dict[tuple[str, str], str] = {}
        found = []
        for row in self.rows:
            options = {}
            for column in self.filters:
                if row[column]:  # a blank cell is left out
                    key = column, row[column]
                    options[names[column]] = ids.get(key) or ids.setdefault(key, self.id(*key))
            found.append(
                {
                    "timePeriod": {
                        "code": TIMES[row["time_identifier"]],
                        "period": whole(row["time_period"]),
                    },
                    "geographicLevel": LEVELS[row["geographic_level"]],
                    "locations": {
                        level: self.place(level, row)
                        for level, (_, _, name) in PLACES.items()
                        if row.get(name)
                    },
                    "filters": options,
                    "values": {names[column]: row[column] for column in self.indicators},
                }
            )
        return sorted(found, key=lambda row: row["timePeriod"]["period"], reverse=True)

    def summary(self) -> Json:
        periods = [period.replace("/20", "/") for _, period in self.periods]
        return {
            "version": self.number,
            "published": self.published,
            "totalResults": len(self.rows),
            "file": {"id": guid(f"file {self.data_set} {self.number}")},
            "timePeriods": {"start": periods[0], "end": periods[-1]},
            "geographicLevels": self.levels,
            "filters": [self.label(column) for column in self.filters],
            "indicators": [self.label(column) for column in self.indicators],
        }

    def described(self) -> Json:
        return self.summary() | {
            "type": self.kind,
            "status": self.status,
            "notes": self.notes,
            "release": {"title": "Reporting year 2025", "slug": "2025"},
        }


@dataclass
class DataSet:
    """A data set and its versions, oldest first."""

    title: str
    versions: list[Version]
    status: str = "Published"
    superseded_by: str = ""

    def __post_init__(self) -> None:
        self.id = guid(self.title)
        for version in self.versions:
            version.data_set = self.id

    @property
    def live(self) -> list[Version]:
        return [version for version in self.versions if version.status == "Published"]

    def described(self) -> Json:
        latest = (self.live or self.versions)[-1]
        found = {
            "id": self.id,
            "title": self.title,
            "summary": f"About: {self.title}",
            "status": self.status,
            "latestVersion": latest.summary(),
        }
        return found | ({"supersedingDataSetId": self.superseded_by} if self.superseded_by else {})

    def version(self, asked: str | None) -> Version:
        if asked in {None, "*"}:
            fitting = self.live
        elif re.fullmatch(r"\d+(\.\d+){0,2}", asked or ""):
            wanted = numbers(asked or "")
            fitting = [one for one in self.versions if numbers(one.number) == wanted]
        elif re.fullmatch(r"(\d+\.){1,2}\*", asked or ""):
            head = (asked or "").removesuffix("*")
            fitting = [one for one in self.live if f"{one.number}.".startswith(head)]
        else:
            fitting = []
        if not fitting:
            raise RefusalError(404)
        if "Withdrawn" in {self.status, fitting[-1].status}:
            raise RefusalError(403)
        return fitting[-1]

    def changes(self, version: Version) -> Json:
        """What differs from the version before, by identifier."""
        found: Json = {"versionNumber": version.number, "notes": version.notes}
        found |= {"majorChanges": {}, "minorChanges": {}}
        before = self.versions[self.versions.index(version) - 1].meta()
        now = version.meta()
        for kind in ("filters", "indicators"):
            old = {one["id"]: one for one in before[kind]}
            new = {one["id"]: one for one in now[kind]}
            gone = [{"previousState": old[one]} for one in old if one not in new]
            come = [{"currentState": new[one]} for one in new if one not in old]
            found["majorChanges"] |= {kind: gone} if gone else {}
            found["minorChanges"] |= {kind: come} if come else {}
        return found


@dataclass
class Publication:
    title: str
    data_sets: list[DataSet]
    summary: str = ""

    def __post_init__(self) -> None:
        self.id = guid(f"publication {self.title}")

    def described(self) -> Json:
        slug = re.sub(r"\W+", "-", self.title.lower())
        found = {"id": self.id, "title": self.title, "slug": slug}
        found |= {"lastPublished": "2025-11-20T09:30:00+00:00"}
        return found | ({"summary": self.summary} if self.summary else {})


@dataclass
class Fault:
    """Something that goes wrong with the next answers to a path.

    ``status`` answers so; ``drop`` closes the connection before an answer;
    ``cut`` sends so many bytes of the body (a share where below one) and closes;
    ``shorten`` and ``spoil`` send a body of consistent length that lacks its end,
    or has another byte in its middle; ``delay`` waits before the answer, and
    ``stall`` after half of the body; ``framing`` is ``length``, ``chunked`` or
    ``none``; ``headers`` are sent in addition, or instead.
    """

    path: str
    times: int = 1
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    drop: bool = False
    cut: float | None = None
    shorten: int = 0
    spoil: bool = False
    delay: float = 0.0
    stall: float = 0.0
    framing: str = "length"


@dataclass
class Asked:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]


class Stub:
    """The server. Use it as a context manager.

    Attributes
    ----------
    asked : list of Asked
        Every request so far.
    faults : list of Fault
        What is to go wrong.
    coding, etag, ranges, if_range
        How ``/csv`` is served: ``gzip`` or ``identity``; ``strong``, ``weak`` or
        no tag; whether ranges are supported, and ``If-Range`` heeded.
    """

    def __init__(self, publications: Iterable[Publication] = ()) -> None:
        self.publications = list(publications)
        self.asked: list[Asked] = []
        self.faults: list[Fault] = []
        self.errors: list[str] = []
        self.coding = "gzip"
        self.etag = "strong"
        self.ranges = True
        self.if_range = True
        self.stopping = threading.Event()
        self.stalled = threading.Event()
        self._server = _Server(self)
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/statistics"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.002,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Shut down: no connection stays, no thread, no socket."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._server.shutdown()
            self._thread.join()
            self._server.hang_up()
            self._server.server_close()

    @property
    def paths(self) -> list[str]:
        """What was asked for, without the base and the version of the API."""
        return [one.path.removeprefix("/statistics/v1") for one in self.asked]

    def count(self, pattern: str) -> int:
        """How often a path was asked for that ends with a pattern."""
        return sum(bool(re.search(f"{pattern}$", path)) for path in self.paths)

    def data_set(self, title: str) -> DataSet:
        return next(one for one in self._data_sets() if one.title == title)

    def _data_sets(self) -> Iterator[DataSet]:
        for publication in self.publications:
            yield from publication.data_sets

    def answer(self, asked: Asked) -> Answer:
        """Answer as the API would."""
        try:
            return self._answer(asked)
        except RefusalError as refusal:
            problem: Json = {
                "type": "https://tools.ietf.org/html/rfc9110#section-15.5",
                "title": HTTPStatus(refusal.status).phrase,
                "status": refusal.status,
            }
            problem |= {"errors": refusal.errors} if refusal.errors else {}
            return pack(problem, asked, refusal.status, "application/problem+json")

    def _answer(self, asked: Asked) -> Answer:
        head, _, path = asked.path.partition("/v1/")
        parts = path.split("/")
        if head != "/statistics":
            raise RefusalError(404)
        if parts[0] == "publications" and asked.method == "GET":
            return pack(self._publications(parts[1:], asked.query), asked)
        if parts[0] != "data-sets" or len(parts) < 2:
            raise RefusalError(404)
        data_set = next((one for one in self._data_sets() if one.id == parts[1]), None)
        if not data_set:
            raise RefusalError(404)
        if parts[2:] == ["csv"] and asked.method == "GET":
            return self._csv(data_set, asked)
        return pack(self._about(data_set, parts[2:], asked), asked)

    def _publications(self, parts: list[str], query: dict[str, str]) -> Json:
        if not parts:
            words = query.get("search", "").lower()
            if "search" in query and len(words) < 3:
                raise RefusalError(400, fault("MinimumLength", "search", "Must be at least 3."))
            found = [
                one.described()
                for one in self.publications
                if words in f"{one.title} {one.summary}".lower()
            ]
            return page(found, query, 20, 40)
        publication = next((one for one in self.publications if one.id == parts[0]), None)
        if not publication:
            raise RefusalError(404)
        if parts[1:] == ["data-sets"]:
            return page([one.described() for one in publication.data_sets], query, 10, 20)
        return publication.described()

    def _about(self, data_set: DataSet, parts: list[str], asked: Asked) -> Json:
        match (asked.method, parts):
            case ("GET", []):
                return data_set.described()
            case ("GET", ["meta"]):
                return data_set.version(asked.query.get("dataSetVersion")).meta()
            case ("POST", ["query"]):
                version = data_set.version(asked.query.get("dataSetVersion"))
                return Query(version, asked.body or {}).answer()
            case ("GET", ["versions"]):
                listed = [one.described() for one in reversed(data_set.versions)]
                return page(listed, asked.query, 10, 20)
            case ("GET", ["versions", number]):
                return data_set.version(number).described()
            case ("GET", ["versions", number, "changes"]):
                return data_set.changes(data_set.version(number))
            case _:
                raise RefusalError(404)

    def _csv(self, data_set: DataSet, asked: Asked) -> Answer:
        version = data_set.version(asked.query.get("dataSetVersion"))
        body = gzip.compress(version.content, 6, mtime=0)
        headers = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
        if self.coding == "identity":
            body = version.content
            del headers["Content-Encoding"]
        # a name that must never become a path
        headers["Content-Disposition"] = 'attachment; filename="../../../../escaped.csv"'
        tag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
        if self.etag:
            headers["ETag"] = f"W/{tag}" if self.etag == "weak" else tag
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        same = asked.headers.get("if-range", tag) == tag or not self.if_range
        if not (wanted and same and self.ranges):
            return Answer(200, body, headers)
        start = int(wanted[1])
        if start >= len(body):
            return Answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
        headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return Answer(206, body[start:], headers)


class Query:
    """A POST to ``/query``."""

    def __init__(self, version: Version, body: Json) -> None:
        self.version = version
        self.body = body
        self.warnings: list[Json] = []
        self.meta = version.meta()

    def answer(self) -> Json:
        unknown = sorted(set(self.body) - BODY)
        if unknown:
            raise RefusalError(
                400, *(fault("UnmappedMember", f"$.{one}", "Is not known.") for one in unknown)
            )
        size = self.body.get("pageSize", 1000)
        if not 1 <= size <= 10_000:
            raise RefusalError(400, fault("InclusiveBetween", "pageSize", "Must be 1 to 10000."))
        rows = self.version.results
        if self.body.get("criteria"):
            keep = self._criteria(self.body["criteria"], "criteria")
            rows = [row for row in rows if keep(row)]
        if not rows:
            self.warnings.append(fault("QueryNoResults", "", "No rows match the query."))
        chosen = self._indicators()
        rows = self._sorted(rows)
        if self.body.get("debug"):
            self.warnings.append(fault("DebugEnabled", "debug", "Debug mode is on."))
        query = {"page": str(self.body.get("page", 1)), "pageSize": str(size)}
        found = page(rows, query, 1000, 10_000)
        found["results"] = [
            row | {"values": {one: row["values"][one] for one in chosen}}
            for row in found["results"]
        ]
        if self.body.get("debug"):
            found["results"] = [self._debugged(row) for row in found["results"]]
        return found | {"warnings": self.warnings} if self.warnings else found

    def _indicators(self) -> list[str]:
        known = [one["id"] for one in self.meta["indicators"]]
        asked = self.body.get("indicators") or known
        missing = [one for one in asked if one not in known]
        if missing:
            message = "One or more indicators could not be found."
            raise RefusalError(
                400, fault("IndicatorsNotFound", "indicators", message, items=missing)
            )
        return list(asked)

    def _sorted(self, rows: list[Json]) -> list[Json]:
        for place, sort in reversed(list(enumerate(self.body.get("sorts") or []))):
            name, direction = sort["field"], sort["direction"]
            if name == "timePeriod":
                rows = sorted(rows, key=lambda row: row["timePeriod"]["period"])
            elif name in {one["id"] for one in self.meta["indicators"]}:
                rows = [
                    row
                    for _, _, row in sorted(
                        (row["values"][name], number, row) for number, row in enumerate(rows)
                    )
                ]
            else:
                message = "One or more fields could not be found."
                raise RefusalError(
                    400, fault("SortFieldsNotFound", f"sorts[{place}]", message, items=[name])
                )
            rows = rows[::-1] if direction == "Desc" else rows
        return rows

    def _debugged(self, row: Json) -> Json:
        labels = {
            option["id"]: option["label"]
            for one in self.meta["filters"]
            for option in one["options"]
        }
        options = {key: f"{one} :: {labels[one]}" for key, one in row["filters"].items()}
        return row | {"filters": options}

    def _criteria(self, criteria: Json, path: str) -> Test:
        unknown = sorted(set(criteria) - FACETS - FACETS_OF)
        if unknown:
            raise RefusalError(
                400, *(fault("UnmappedMember", f"{path}.{one}", "Is not known.") for one in unknown)
            )
        tests: list[Test] = []
        for name, value in criteria.items():
            here = f"{path}.{name}"
            if name == "not":
                tests.append(joined([self._criteria(value, here)], "not"))
            elif name in FACETS_OF:
                inner = [self._criteria(one, f"{here}[{n}]") for n, one in enumerate(value)]
                tests.append(joined(inner, name))
            else:
                tests += [
                    self._facet(name, comparator, operand, f"{here}.{comparator}")
                    for comparator, operand in value.items()
                ]
        return joined(tests, "and")

    def _facet(self, name: str, comparator: str, operand: Any, path: str) -> Test:
        if comparator in {"gt", "gte", "lt", "lte"} and name == "timePeriods":
            bound = whole(operand["period"])
            return {
                "gt": lambda row: row["timePeriod"]["period"] > bound,
                "gte": lambda row: row["timePeriod"]["period"] >= bound,
                "lt": lambda row: row["timePeriod"]["period"] < bound,
                "lte": lambda row: row["timePeriod"]["period"] <= bound,
            }[comparator]
        if comparator not in {"eq", "in", "notEq", "notIn"}:
            raise RefusalError(400, fault("UnmappedMember", path, "Is not known."))
        wanted = operand if comparator in {"in", "notIn"} else [operand]
        if not wanted:
            raise RefusalError(400, fault("NotEmpty", path, "Must not be empty."))
        sets = [self._meant(name, one) for one in wanted]
        missing = [one for one, meant in zip(wanted, sets, strict=True) if not meant]
        if missing:  # a warning, not an error
            code = f"{name[0].upper()}{name[1:]}NotFound"
            self.warnings.append(
                fault(code, path, f"One or more {name} could not be found.", items=missing)
            )
        ids = {one for meant in sets for one in meant}
        inside = comparator in {"eq", "in"}
        return lambda row: bool(self._ids(name, row) & ids) is inside

    def _meant(self, name: str, operand: Any) -> set[str]:
        if name == "filters":
            options = {o["id"] for one in self.meta["filters"] for o in one["options"]}
            return {operand} & options
        if name == "geographicLevels":
            return {operand} & {one["code"] for one in self.meta["geographicLevels"]}
        if name == "timePeriods":
            periods = {f"{code}|{period}" for code, period in self.version.periods}
            return {f"{operand['code']}|{whole(operand['period'])}"} & periods
        ((key, value),) = [(key, one) for key, one in operand.items() if key != "level"]
        places = self.version.places.get(operand["level"], {})
        return {one["id"] for one in places.values() if one.get(key) == value}

    @staticmethod
    def _ids(name: str, row: Json) -> set[str]:
        period = row["timePeriod"]
        if name == "timePeriods":
            return {f"{period['code']}|{period['period']}"}
        if name == "geographicLevels":
            return {row["geographicLevel"]}
        return set(row[name].values())


def joined(tests: list[Test], how: str) -> Test:
    if how == "or":
        return lambda row: any(test(row) for test in tests)
    if how == "not":
        return lambda row: not tests[0](row)
    return lambda row: all(test(row) for test in tests)


def whole(period: str) -> str:
    """A period as the API writes it: 202425 is 2024/2025."""
    return f"{period[:4]}/{period[:2]}{period[4:]}" if len(period) == 6 else period


def numbers(version: str) -> list[int]:
    found = [int(part) for part in version.split(".")]
    return found + [0] * (3 - len(found))


def page(found: list[Any], query: Mapping[str, str], size: int, most: int) -> Json:
    number, size = int(query.get("page", 1)), int(query.get("pageSize", size))
    if not 1 <= size <= most:
        raise RefusalError(400, fault("InclusiveBetween", "pageSize", f"Must be 1 to {most}."))
    # the service divides integers: nothing found is one page, or none where its size is one
    pages = int((len(found) - 1) / size) + 1
    paging = {"page": number, "pageSize": size, "totalResults": len(found), "totalPages": pages}
    return {"paging": paging, "results": found[(number - 1) * size : number * size]}


def pack(value: Json, asked: Asked, status: int = 200, kind: str = "application/json") -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    headers = {"Content-Type": f"{kind}; charset=utf-8"}
    if "gzip" in asked.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Answer(status, body, headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for every thread

    def __init__(self, stub: Stub) -> None:
        self.stub = stub
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # closed by the other side

    def handle_error(self, request: Any, client_address: Any) -> None:
        import sys

        error = sys.exception()
        if not isinstance(error, ConnectionError):  # a client may hang up
            self.stub.errors.append(repr(error))


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        stub = self.server.stub
        where = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        asked = Asked(
            self.command,
            where.path,
            {key: values[0] for key, values in parse_qs(where.query).items()},
            {key.lower(): value for key, value in self.headers.items()},
            json.loads(body) if body else None,
        )
        wrong = next((one for one in stub.faults if re.search(one.path, asked.path)), None)
        stub.asked.append(asked)
        if wrong:
            wrong.times -= 1
            if not wrong.times:
                stub.faults.remove(wrong)
        wrong = wrong or Fault("")
        stub.stopping.wait(wrong.delay)
        if wrong.drop:
            self.close_connection = True
            return
        answer = Answer(wrong.status, b"", {}) if wrong.status else stub.answer(asked)
        if wrong.body is not None:
            answer.body = wrong.body
        self._send(answer, wrong)

    def _send(self, answer: Answer, wrong: Fault) -> None:
        body = answer.body[: len(answer.body) - wrong.shorten]
        if wrong.spoil:
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 0xFF]) + body[middle + 1 :]
        self.send_response(answer.status)
        for name, value in {**answer.headers, **wrong.headers}.items():
            self.send_header(name, value)
        if wrong.framing == "length":
            self.send_header("Content-Length", str(len(body)))
        elif wrong.framing == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.close_connection = True
        self.end_headers()
        sent = len(body)
        if wrong.cut is not None:
            sent = int(wrong.cut * len(body)) if 0 < wrong.cut < 1 else int(wrong.cut)
            self.close_connection = True
        if wrong.stall:
            self.wfile.write(body[: sent // 2])
            self.wfile.flush()
            self.server.stub.stalled.set()
            self.server.stub.stopping.wait(wrong.stall)
            self.wfile.write(body[sent // 2 : sent])
        elif wrong.framing == "chunked":
            for start in range(0, sent, 1000):
                block = body[start : min(start + 1000, sent)]
                self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
            self.wfile.write(b"" if wrong.cut is not None else b"0\r\n\r\n")
        else:
            self.wfile.write(body[:sent])


# The synthetic data: figures are made up, places are real or made up.
_HEAD = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,"
    "region_name,old_la_code,la_name,new_la_code"
)
_AUTHORITIES = {
    "886": ("Kent", "E10000016", "E12000008", "South East"),
    "887": ("Medway", "E06000035", "E12000008", "South East"),
    "314 / 318": (
        "Kingston upon Thames / Richmond upon Thames",
        "E09000021 / E09000027",
        "E13000002",
        "Outer London",
    ),
    "999": ("Llanfair‑ym‑Muallt, “made up”", "E06009999", "E12000001", "North East"),
}


def synthetic(*columns: str, years: Iterable[int] = range(2021, 2026), bom: bool = True) -> bytes:
    """A CSV file in the department's shape: a filter, and indicators with symbols."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_HEAD.split(","), "population_type", *columns])
    symbols = ("c", "z", "x", "k", "low", "u", "")
    number = 0
    for year in sorted(years, reverse=True):
        places = [("National", "", "", "", "", "")]
        places += [("Regional", "E12000008", "South East", "", "", "")]
        places += [
            ("Local authority", region, name, old, authority, code)
            for old, (authority, code, region, name) in _AUTHORITIES.items()
        ]
        for level, *place in places:
            for kind in ("Looked after on 31 March", "Starting in the year", ""):
                values = []
                for _ in columns:
                    number += 1
                    seed = int(hashlib.sha256(str(number).encode()).hexdigest()[:6], 16)
                    values.append(symbols[seed % 7] if seed % 5 == 0 else str(seed))
                head = [year, "Reporting year", level, "E92000001", "England"]
                writer.writerow([*head, *place, kind, *values])
    return text.getvalue().encode("utf-8-sig" if bom else "utf-8")


def publications() -> list[Publication]:
    """What the tests begin with."""
    labels = {"rate_per_10000": ("Rate per 10,000 children", "", 0)}
    labels["share"] = ("Share of children", "%", 1)
    first = Version("1.0", synthetic("population_count", "rate_per_10000", "share"), labels)
    repaired = Version(
        "1.1", synthetic("population_count", "rate_per_10000", "share", years=[2025]), labels
    )
    repaired.kind = "Minor"
    second = Version(
        "2.0",
        synthetic("children_count", "rate_per_10000", "share"),
        labels,
        notes="A column has another name.",
        published="2025-11-20T09:30:00+00:00",
    )
    looked_after = DataSet("Children looked after: number and rate", [first, repaired, second])
    leavers = DataSet("Care leavers", [Version("1.0", synthetic("leavers", bom=False))])
    other = DataSet("Workforce", [Version("1.0", synthetic("agency", "vacancy"))])
    old = DataSet(
        "Referrals, as they were",
        [Version("1.0", synthetic("referrals", years=[2024, 2025]))],
        status="Withdrawn",
        superseded_by=other.id,
    )
    return [
        Publication("Children looked after in England", [looked_after, leavers], "Care."),
        Publication("Children's social work workforce", [other]),
        Publication("Referrals of the past", [old]),
        Publication("Early years, on paper", []),
    ]
