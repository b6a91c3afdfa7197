"""The client of the API, over a real socket, against a server that keeps its traps."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import email.utils
import hashlib
import io
import itertools
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ees_stub
import pytest
import requests
import urllib3
from conftest import SHARED
from ees_stub import DataSet, Fault, Publication, Stub, Version, guid, publications, synthetic

from kentstats.errors import KentstatsError, ParameterError
from kentstats.ingest.api import Client, body, cache, command, fetch, transport
from kentstats.ingest.api.cache import DamagedError, default_folder
from kentstats.ingest.api.transport import RequestError, UnreachableError

RATE = "Children looked after: number and rate"
MISSING = guid("no such data set")


@pytest.fixture(autouse=True)
def contacted(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[tuple[str, int]]]:
    """Every address that anything in this process connects to; only the loopback may be."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "KENTSTATS_EES_URL", "KENTSTATS_CACHE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    seen: set[tuple[str, int]] = set()
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def watched(self: socket.socket, address: Any) -> None:
        seen.add(address[:2])
        assert address[0] == "127.0.0.1", f"{address} was contacted"
        connect(self, address)

    def asked(host: Any, *args: Any, **kwargs: Any) -> Any:
        assert host in {"127.0.0.1", b"127.0.0.1"}, f"the address of {host} was looked up"
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", watched)
    monkeypatch.setattr(socket, "getaddrinfo", asked)
    yield seen
    assert {host for host, _ in seen} <= {"127.0.0.1"}


@pytest.fixture
def stub(contacted: set[tuple[str, int]]) -> Iterator[Stub]:
    with Stub(publications()) as server:
        yield server
        server.stop()
        assert server.errors == []
        assert {port for _, port in contacted} <= {server.port}


class Said(list[str]):
    """What the client said, and how long it waited."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []


@pytest.fixture
def said() -> Said:
    return Said()


Make = Callable[..., Client]


@pytest.fixture
def make(stub: Stub, said: Said, tmp_path: Path) -> Iterator[Make]:
    """Make clients of the stub that wait for nothing."""
    with contextlib.ExitStack() as stack:

        def client(**options: Any) -> Client:
            given = {"cache": tmp_path / "cache", "say": said.append, "sleep": said.waits.append}
            base = options.pop("base_url", stub.url)
            return stack.enter_context(Client(base, **{**given, **options}))

        yield client


@pytest.fixture
def client(make: Make) -> Client:
    return make()


@pytest.fixture
def rate(stub: Stub) -> DataSet:
    return stub.data_set(RATE)


def files(folder: Path) -> list[str]:
    """What lies below a folder, but for the empty files that are locks."""
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and path.name != ".lock"
    )


def whole(path: Path, version: Version) -> bool:
    """Whether a file is the version's, with an origin that says so."""
    origin = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    content = path.read_bytes()
    return (
        content == version.content
        and origin["sha256"] == hashlib.sha256(content).hexdigest()
        and origin["size"] == len(content)
    )


# --- what can be asked ---------------------------------------------------------------------------


def test_a_search_finds_publications_with_their_data_sets(stub: Stub, client: Client) -> None:
    found = client.search("  looked   AFTER ")
    assert [one.title for one in found] == ["Children looked after in England"]
    (publication,) = found
    assert publication.slug == "children-looked-after-in-england"
    assert publication.summary == "Care."
    assert publication.published.startswith("2025-11-20")
    first, second = publication.data_sets
    assert (first.title, first.version, first.status) == (RATE, "2.0", "Published")
    assert (first.start, first.end, first.rows) == ("2021", "2025", 90)
    assert first.geographic_levels == ("National", "Regional", "Local authority")
    assert first.filters == ("Population type",)
    assert first.indicators[1:] == ("Rate per 10,000 children", "Share of children")
    assert first.publication == second.publication == publication.title
    assert first.superseded_by == ""
    assert str(first) == (
        f"{first.id}  {RATE} (version 2.0; 2021 to 2025; National, Regional, Local authority)"
    )
    assert stub.asked[0].query == {"search": "looked AFTER", "page": "1", "pageSize": "40"}


def test_a_search_reads_every_page(stub: Stub, client: Client) -> None:
    many = [
        Publication(f"Serial {n:03}", [DataSet(f"Set {n}", [Version("1.0", synthetic("a"))])])
        for n in range(3)
    ]
    sets = [DataSet(f"Part {n}", [Version("1.0", synthetic("a", years=[2025]))]) for n in range(41)]
    more = [Publication(f"Serial {n:03}", []) for n in range(3, 81)]
    stub.publications = [*many, *more, Publication("Serial, in parts", sets)]
    found = client.search("serial")
    assert len(found) == 82
    assert [len(one.data_sets) for one in found] == [1, 1, 1, *[0] * 78, 41]
    assert stub.count("/publications") == 3
    assert stub.count(f"{found[-1].id}/data-sets") == 3


@pytest.mark.parametrize("text", ["", "ab", " a b"[:3], "   "])
def test_a_search_needs_three_characters(stub: Stub, client: Client, text: str) -> None:
    with pytest.raises(ParameterError, match=r"too short to search for. Give at least three"):
        client.search(text)
    assert stub.asked == []


def test_a_search_may_find_nothing(client: Client) -> None:
    assert client.search("llamas") == []


def test_a_data_set_and_its_versions_are_described(client: Client, rate: DataSet) -> None:
    found = client.data_set(rate.id.upper())
    assert (found.id, found.title, found.version, found.publication) == (rate.id, RATE, "2.0", "")
    versions = client.versions(rate.id)
    assert [one.number for one in versions] == ["2.0", "1.1", "1.0"]
    assert [one.type for one in versions] == ["Major", "Minor", "Major"]
    assert versions[0].notes == "A column has another name."
    assert versions[0].release == "Reporting year 2025"
    assert versions[0].withdrawn == ""
    assert client.version(rate.id, "1.*").number == "1.1"


def test_metadata_tell_columns_units_and_places(client: Client, rate: DataSet) -> None:
    meta = client.meta(rate.id)
    assert [one["column"] for one in meta["filters"]] == ["population_type"]
    units = {one["column"]: one["unit"] for one in meta["indicators"]}
    assert units == {"children_count": "", "rate_per_10000": "", "share": "%"}
    (authorities,) = (one for one in meta["locations"] if one["level"]["code"] == "LA")
    both = next(one for one in authorities["options"] if one.get("oldCode") == "314 / 318")
    assert both["code"] == "E09000021 / E09000027"
    earlier = client.meta(rate.id, "1.*")
    assert earlier["indicators"][0]["column"] == "population_count"
    # a column that stays keeps its identifier
    assert earlier["indicators"][1] == meta["indicators"][1]


def test_a_column_with_another_name_is_a_major_change(client: Client, rate: DataSet) -> None:
    changes = client.changes(rate.id, "2.0")
    gone = changes["majorChanges"]["indicators"]
    come = changes["minorChanges"]["indicators"]
    assert [one["previousState"]["column"] for one in gone] == ["population_count"]
    assert [one["currentState"]["column"] for one in come] == ["children_count"]
    assert "currentState" not in gone[0]


@pytest.mark.parametrize("size", [7, 45, 10_000])
def test_a_query_reads_every_page_and_leaves_values_as_text(
    stub: Stub, client: Client, rate: DataSet, size: int
) -> None:
    rows = client.query(rate.id, page_size=size)
    assert rows == rate.versions[-1].results
    values = [value for row in rows for value in row["values"].values()]
    assert {type(value) for value in values} == {str}
    assert {"c", "z", "x", "k", "low", "u", ""} < set(values)
    # the blank cell of a filter is left out
    assert {len(row["filters"]) for row in rows} == {0, 1}
    assert stub.count("/query") == -(-90 // size)
    # one version, whatever is published meanwhile
    asked = [one for one in stub.asked if one.path.endswith("/query")]
    assert {one.query["dataSetVersion"] for one in asked} == {"2.0"}
    assert {one.method for one in asked} == {"POST"}


def test_a_query_chooses_places_and_periods(client: Client, rate: DataSet) -> None:
    indicator = client.meta(rate.id)["indicators"][1]["id"]
    either = [{"level": "LA", "code": "E10000016"}, {"level": "LA", "oldCode": "314 / 318"}]
    body = {
        "criteria": {
            "and": [
                {"locations": {"in": either}},
                {"timePeriods": {"gte": {"code": "RY", "period": "2024"}}},
                {"not": {"timePeriods": {"eq": {"code": "RY", "period": "2024"}}}},
            ]
        },
        "indicators": [indicator],
        "sorts": [{"field": indicator, "direction": "Asc"}],
        "page": 7,  # the client's business
    }
    rows = client.query(rate.id, body)
    assert len(rows) == 6
    assert {row["timePeriod"]["period"] for row in rows} == {"2025"}
    assert [list(row["values"]) for row in rows] == [[indicator]] * 6


def test_warnings_of_the_server_are_passed_on_once(
    client: Client, rate: DataSet, said: Said
) -> None:
    places = {"in": [{"level": "LA", "code": "E10000016"}, {"level": "LA", "code": "E00"}]}
    rows = client.query(
        rate.id, {"criteria": {"locations": places}, "debug": True}, page_size=10, version="2.*"
    )
    assert len(rows) == 15
    assert said == [
        "One or more locations could not be found. (LocationsNotFound)",
        "Debug mode is on. (DebugEnabled)",
    ]
    assert " :: Looked after on 31 March" in next(iter(rows[0]["filters"].values()))


def test_a_query_that_finds_nothing_says_so(client: Client, rate: DataSet, said: Said) -> None:
    assert client.query(rate.id, {"criteria": {"geographicLevels": {"eq": "WARD"}}}) == []
    assert said[1] == "No rows match the query. (QueryNoResults)"


def test_faults_of_a_query_are_told_together(stub: Stub, client: Client, rate: DataSet) -> None:
    body = {"criterion": {}, "limit": 5}
    with pytest.raises(RequestError) as caught:
        client.query(rate.id, body)
    assert caught.value.what == (
        "The server finds 2 faults in the request: "
        "“Is not known” (at $.criterion); “Is not known” (at $.limit)."
    )
    assert isinstance(caught.value, ParameterError)
    assert stub.count("/query") == 1


def test_indicators_that_are_not_known_are_named(client: Client, rate: DataSet) -> None:
    with pytest.raises(RequestError, match=r"a fault in the request: “One or more.*: wLcft, 4S8Ou"):
        client.query(rate.id, {"indicators": ["wLcft", "4S8Ou"]})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{}", "it does not say which"),
        (b"no JSON", "it does not say which"),
        (b'{"errors": {"search": ["Too short."]}}', "it does not say which"),
        (b'{"errors": [7, {"code": "Odd", "detail": 3}]}', "“Odd”"),
    ],
)
def test_a_refusal_in_another_shape_is_told_too(
    stub: Stub, client: Client, rate: DataSet, content: bytes, told: str
) -> None:
    stub.faults.append(Fault("/meta", status=400, body=content))
    with pytest.raises(RequestError, match=f"a fault in the request: {told}"):
        client.meta(rate.id)


def test_pages_that_do_not_add_up_are_an_error(stub: Stub, client: Client, rate: DataSet) -> None:
    paging = {"page": 1, "pageSize": 10, "totalResults": 3, "totalPages": 1}
    stub.faults.append(
        Fault("/query", status=200, body=json.dumps({"paging": paging, "results": []}).encode())
    )
    with pytest.raises(KentstatsError, match="announced 3 rows and sent 0"):
        client.query(rate.id)


@pytest.mark.parametrize("content", [b"[]", b"7", b"{}", b'{"latestVersion": 3, "id": 1}'])
def test_an_answer_in_another_shape_is_told(
    stub: Stub, client: Client, rate: DataSet, content: bytes
) -> None:
    kind = {"Content-Type": "application/json"}
    stub.faults.append(Fault(rate.id, status=200, body=content, headers=kind))
    with pytest.raises(KentstatsError, match="not as its description says"):
        client.data_set(rate.id)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "../..", "1234", f"{MISSING}/../x", f"{MISSING}?x=1", "é" * 36]
)
def test_an_identifier_is_checked_before_it_goes_anywhere(
    stub: Stub, client: Client, text: str, tmp_path: Path
) -> None:
    calls: list[Callable[[str], object]] = [
        client.data_set, client.meta, client.versions, client.query, client.download,
        lambda text: client.changes(text, "1.0"),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ParameterError, match="is no identifier of a data set"):
            call(text)
    assert stub.asked == []
    assert files(tmp_path) == []


@pytest.mark.parametrize("text", ["latest", "1.2.3.4", "../2.0", "1.0?x", "-1", "1.", "v2", "**"])
def test_a_version_is_checked_before_it_goes_anywhere(
    stub: Stub, client: Client, rate: DataSet, text: str
) -> None:
    calls: list[Callable[[str, str], object]] = [
        client.meta, client.download, client.changes, client.version,
        lambda one, text: client.query(one, version=text),
        lambda one, text: fetch(one, version=text, client=client),
        lambda _, text: fetch("looked after", version=text, client=client),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ParameterError, match=r"is no version. Give one such as 2.0"):
            call(rate.id, text)
    assert stub.asked == []


def test_a_version_that_the_server_names_is_checked_too(
    stub: Stub, client: Client, rate: DataSet, tmp_path: Path
) -> None:
    for number in ("../../../evil", "", "2.*"):
        rate.described = lambda number=number: {  # type: ignore[method-assign, misc]
            "id": rate.id, "title": RATE, "latestVersion": {"version": number},
        }  # fmt: skip
        with pytest.raises(KentstatsError, match="names no version of data set"):
            client.download(rate.id)
    assert files(tmp_path) == []


def test_a_withdrawn_data_set_names_what_takes_its_place(stub: Stub, client: Client) -> None:
    old, new = stub.data_set("Referrals, as they were"), stub.data_set("Workforce")
    for call in (client.meta, client.query, client.download):
        with pytest.raises(KentstatsError) as caught:
            call(old.id)
        assert caught.value.what.endswith(f"data set {old.id}, or does not let it be had.")
        assert caught.value.remedy == f"Data set {new.id} takes its place."
        assert not isinstance(caught.value, UnreachableError)
    assert stub.count("/meta") == 2  # never asked twice; the download begins with it
    assert stub.count("/csv") == 0


def test_a_withdrawn_version_names_the_latest(stub: Stub, client: Client, rate: DataSet) -> None:
    rate.versions[0].status = "Withdrawn"
    with pytest.raises(KentstatsError) as caught:
        client.download(rate.id, "1.0")
    assert str(caught.value) == (
        f"The publisher has withdrawn version 1.0 of data set {rate.id}, or does not let it be "
        "had. Its latest version is 2.0."
    )
    assert stub.count("/versions/1.0") == 1


def test_what_is_withdrawn_without_a_word_is_told_all_the_same(
    stub: Stub, client: Client, rate: DataSet
) -> None:
    stub.faults.append(Fault(rate.id, times=9, status=403))
    with pytest.raises(KentstatsError, match="Search for a data set that takes its place"):
        client.data_set(rate.id)


def test_a_data_set_that_is_not_known_has_a_remedy(stub: Stub, client: Client, said: Said) -> None:
    for call in (client.data_set, client.meta, client.versions, client.download):
        with pytest.raises(ParameterError, match=f"The API knows no data set {MISSING}. Search"):
            call(MISSING)
    assert said == []
    assert stub.count(MISSING) == 2


@pytest.mark.parametrize("version", ["3.0", "1.*.1", "2.7.*"])
def test_a_version_that_is_not_known_names_those_there_are(
    stub: Stub, client: Client, rate: DataSet, version: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        client.download(rate.id, version)
    assert str(caught.value) == (
        f"The API knows no version {version} of data set {rate.id}. There is version 2.0, 1.1, 1.0."
    )
    with pytest.raises(ParameterError, match=r"There is version 2.0, 1.1, 1.0"):
        client.meta(rate.id, version)


def test_other_refusals_are_told_and_not_asked_again(
    stub: Stub, client: Client, rate: DataSet, said: Said
) -> None:
    stub.faults.append(Fault("/meta", times=9, status=500))
    with pytest.raises(KentstatsError, match="/meta answered 500 Internal Server Error"):
        client.meta(rate.id)
    assert (stub.count("/meta"), said) == (1, [])


# --- what passes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_is_asked_again(
    stub: Stub, client: Client, rate: DataSet, said: Said, status: int
) -> None:
    stub.faults.append(Fault("/meta", times=2, status=status))
    assert client.meta(rate.id)["filters"]
    assert stub.count("/meta") == 3
    assert len(said) == 2
    assert f"answered {status} " in said[0]
    assert "attempt 2 of 5 in" in said[0]
    first, second = said.waits
    # doubled, with jitter on top
    assert 1 <= first <= 2 <= second <= 3


def test_a_query_is_asked_again_too(stub: Stub, client: Client, rate: DataSet) -> None:
    stub.faults.append(Fault("/query", status=504))
    assert len(client.query(rate.id, page_size=50)) == 90
    assert stub.count("/query") == 3


def test_the_client_gives_up_and_says_what_it_tried(
    stub: Stub, make: Make, rate: DataSet, said: Said
) -> None:
    client = make(retries=3)
    stub.faults += [Fault("/meta", times=3, status=503), Fault("/meta", drop=True)]
    with pytest.raises(UnreachableError) as caught:
        client.meta(rate.id)
    assert caught.value.what == (
        f"{stub.url}/v1/data-sets/{rate.id}/meta gave no whole answer in 4 attempts over 0 s: "
        "answered 503 Service Unavailable (3 times), the connection broke off."
    )
    assert "Try again later" in caught.value.remedy
    assert (stub.count("/meta"), len(said.waits)) == (4, 3)


def test_no_retries_is_one_attempt(stub: Stub, make: Make, rate: DataSet, said: Said) -> None:
    stub.faults.append(Fault("/meta", times=9, status=503))
    with pytest.raises(UnreachableError, match="in 1 attempt over"):
        make(retries=0).meta(rate.id)
    assert (stub.count("/meta"), said.waits) == (1, [])


def test_waits_grow_to_a_minute(stub: Stub, make: Make, rate: DataSet, said: Said) -> None:
    stub.faults.append(Fault("/meta", times=9, status=429))
    assert make(retries=9).meta(rate.id)
    bases = [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert all(base <= wait <= base + 1 for base, wait in zip(bases, said.waits, strict=True))
    assert len({wait % 1 for wait in said.waits}) > 5  # jitter


def http_date(seconds: float) -> str:
    return email.utils.format_datetime(
        dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds), usegmt=True
    )


@pytest.mark.parametrize(
    ("asked", "low", "high"),
    [
        ("7", 7, 7),
        ("3600", 60, 60),
        ("0", 0.01, 0.02),
        ("-5", 0.01, 0.02),
        ("soon", 0.01, 0.02),
        ("Wed, 99 Nov 2025", 0.01, 0.02),
        ("nan", 0.01, 0.02),
        # a date is made when the test runs: collected long before, it would have passed
        (lambda: http_date(40), 15, 40),
        (lambda: http_date(7200), 60, 60),
        (lambda: http_date(-60), 0.01, 0.02),
        (lambda: http_date(40).replace("GMT", "-0000"), 15, 40),
    ],
)
def test_the_server_says_how_long_to_wait(
    stub: Stub,
    make: Make,
    rate: DataSet,
    said: Said,
    asked: str | Callable[[], str],
    low: float,
    high: float,
) -> None:
    header = asked if isinstance(asked, str) else asked()
    stub.faults.append(Fault("/meta", status=429, headers={"Retry-After": header}))
    make(first_wait=0.01).meta(rate.id)
    (wait,) = said.waits
    assert low <= wait <= high


def test_waiting_truly_waits(stub: Stub, rate: DataSet, tmp_path: Path) -> None:
    stub.faults.append(Fault("/meta", status=429, headers={"Retry-After": "0.2"}))
    started = time.monotonic()
    with Client(stub.url, cache=tmp_path, first_wait=0.01) as client:
        client.meta(rate.id)
    assert 0.2 <= time.monotonic() - started < 3


def test_a_slow_answer_is_given_up_and_asked_for_again(
    stub: Stub, make: Make, rate: DataSet, said: Said
) -> None:
    client = make(timeout=0.2)
    stub.faults += [Fault("/meta", delay=5), Fault("/meta", stall=5)]
    assert client.meta(rate.id)["filters"]
    assert ["no answer in time" in line for line in said] == [True, True]
    assert stub.count("/meta") == 3


@pytest.mark.parametrize(
    "wrong",
    [
        {"drop": True},
        {"cut": 0.5},
        {"cut": 0},
        {"cut": 0.5, "framing": "chunked"},
        {"cut": 0.5, "framing": "none"},
        {"spoil": True},
    ],
)
def test_an_answer_that_breaks_off_is_asked_for_again(
    stub: Stub, client: Client, rate: DataSet, said: Said, wrong: dict[str, Any]
) -> None:
    stub.faults.append(Fault("/meta", **wrong))
    assert client.meta(rate.id) == rate.versions[-1].meta()
    assert stub.count("/meta") == 2
    assert len(said) == 1
    assert any(each in said[0] for each in ("broke off", "does not unpack"))


def test_a_server_that_is_not_there_is_told(stub: Stub, make: Make, rate: DataSet) -> None:
    stub.stop()
    with pytest.raises(UnreachableError, match=r"the connection was refused \(5 times\)"):
        make().meta(rate.id)


def test_a_page_in_place_of_an_answer_is_told(stub: Stub, client: Client, rate: DataSet) -> None:
    page = {"Content-Type": "text/html"}
    stub.faults.append(Fault("/meta", status=200, headers=page, body=b"<html>Sign in</html>"))
    with pytest.raises(KentstatsError, match=r"something other than JSON. See that the address"):
        client.meta(rate.id)
    assert stub.count("/meta") == 1


# --- one server and no other ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "where",
    ["http://127.0.0.2:9/x", "https://127.0.0.1:{port}/x", "//[::1]/", "//127.0.0.1:x/"],
)
def test_a_redirect_to_another_server_is_not_followed(
    stub: Stub, client: Client, rate: DataSet, where: str, tmp_path: Path
) -> None:
    away = {"Location": where.format(port=stub.port)}
    stub.faults += [
        Fault("/meta", status=302, headers=away),
        Fault("/csv", status=307, headers=away),
    ]
    with pytest.raises(
        KentstatsError, match=r"which is not followed. If that is where the API has"
    ):
        client.meta(rate.id)
    with pytest.raises(KentstatsError, match="which is not followed"):
        client.download(rate.id)
    assert files(tmp_path) == []


def test_a_redirect_on_the_same_server_is_followed(
    stub: Stub, client: Client, rate: DataSet
) -> None:
    there = {"Location": f"/statistics/v1/data-sets/{rate.id}/meta?dataSetVersion=1.0"}
    stub.faults.append(Fault("/meta", status=301, headers=there))
    assert client.meta(rate.id) == rate.versions[0].meta()
    stub.faults.append(Fault("/meta", times=9, status=302, headers=there))
    with pytest.raises(KentstatsError, match="redirects in circles"):
        client.meta(rate.id)


def test_a_redirect_to_nowhere_is_told(stub: Stub, client: Client, rate: DataSet) -> None:
    stub.faults.append(Fault("/meta", status=302, headers={"Location": "//[/"}))
    with pytest.raises(KentstatsError, match="/meta cannot be asked: Invalid IPv6 URL"):
        client.meta(rate.id)


def test_a_query_is_not_sent_on(stub: Stub, client: Client, rate: DataSet) -> None:
    stub.faults.append(Fault("/query", status=307, headers={"Location": "/statistics/v1/other"}))
    with pytest.raises(KentstatsError, match="which is not followed"):
        client.query(rate.id)


def test_no_password_of_the_user_is_sent(
    stub: Stub, client: Client, rate: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n", encoding="ascii")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client.download(rate.id)
    assert {"authorization", "cookie"}.isdisjoint(
        {key for one in stub.asked for key in one.headers}
    )
    assert all(one.headers["user-agent"].startswith("kentstats/") for one in stub.asked)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://example.org", "is no web address. Give one that begins with https://"),
        ("example.org/statistics", "is no web address"),
        ("file:///etc/passwd", "is no web address"),
        ("https://", "is no web address"),
        ("https://[broken", "is no web address"),
        ("https://example.org:port/", "is no web address"),
        ("https://someone:secret@example.org", "carries a user name"),
        ("https://example.org?key=1", "carries a user name, a query"),
    ],
)
def test_the_base_address_is_checked(url: str, told: str) -> None:
    with pytest.raises(ParameterError, match=told) as caught:
        Client(url)
    assert "secret" not in str(caught.value)


def test_the_base_address_comes_from_the_argument_or_the_environment(
    stub: Stub, make: Make, rate: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Client() as client:
        assert client._transport.base_url == "https://api.education.gov.uk/statistics"
    monkeypatch.setenv("KENTSTATS_EES_URL", f"{stub.url}/v1/")
    assert make(base_url=None).data_set(rate.id).title == RATE
    monkeypatch.setenv("KENTSTATS_EES_URL", "https://example.org")
    assert make().data_set(rate.id).title == RATE


def test_importing_and_making_a_client_ask_for_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; seen = []; "
        "names = {'connect', 'sendto', 'sendmsg', 'getaddrinfo', 'gethostbyname'}; "
        "sys.addaudithook(lambda name, _: name[7:] in names and seen.append(name)); "
        "from kentstats.ingest.api import Client; Client().close(); print(seen)"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_that_cannot_be_verified_is_told_at_once(
    client: Client, rate: DataSet, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    distrust = ssl.SSLCertVerificationError(1, "self-signed certificate in certificate chain")

    def fail(*args: object, **kwargs: object) -> None:
        inner = urllib3.exceptions.MaxRetryError(None, "/", distrust)  # type: ignore[arg-type]
        raise requests.exceptions.SSLError(inner)

    monkeypatch.setattr(client._transport._session, "request", fail)
    with pytest.raises(KentstatsError, match=r"certificate of .* REQUESTS_CA_BUNDLE"):
        client.data_set(rate.id)
    assert said == []


def test_other_failures_of_a_connection_are_told_in_words(
    client: Client, rate: DataSet, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = requests.ConnectionError(socket.gaierror(-2, "Name or service not known"))
    errors = [name, requests.exceptions.ProxyError("no"), requests.exceptions.InvalidURL("odd")]

    def fail(*args: object, **kwargs: object) -> None:
        raise errors.pop(0)

    monkeypatch.setattr(client._transport._session, "request", fail)
    with pytest.raises(KentstatsError, match="cannot be asked: odd"):
        client.data_set(rate.id)
    assert "the host name is not known" in said[0]
    assert "the connection failed (ProxyError)" in said[1]


# --- downloads -----------------------------------------------------------------------------------


def test_a_download_is_kept_with_metadata_and_origin(
    stub: Stub, client: Client, rate: DataSet, said: Said, tmp_path: Path
) -> None:
    path = client.download(rate.id)
    assert path.read_bytes() == rate.versions[-1].content
    assert files(tmp_path) == ["v2.0.csv", "v2.0.json", "v2.0.meta.csv"]
    origin = json.loads(path.with_name("v2.0.json").read_text(encoding="utf-8"))
    fetched = dt.datetime.fromisoformat(origin.pop("fetched_at"))
    assert abs(dt.datetime.now(dt.UTC) - fetched) < dt.timedelta(minutes=1)
    metadata = path.with_name("v2.0.meta.csv").read_bytes()
    assert origin == {
        "url": f"{stub.url}/v1/data-sets/{rate.id}/csv?dataSetVersion=2.0",
        "data_set_id": rate.id,
        "version": "2.0",
        "title": RATE,
        "publication": "",
        "published": "2025-11-20T09:30:00+00:00",
        "size": len(rate.versions[-1].content),
        "sha256": hashlib.sha256(rate.versions[-1].content).hexdigest(),
        "meta_sha256": hashlib.sha256(metadata).hexdigest(),
        "licence": "Open Government Licence v3.0",
        "attribution": "Contains public sector information licensed under the "
        "Open Government Licence v3.0.",
    }
    assert list(csv.reader(io.StringIO(metadata.decode()))) == [
        ["col_name", "col_type", "label", "indicator_grouping", "indicator_unit",
         "indicator_dp", "filter_hint", "filter_grouping_column"],
        ["population_type", "Filter", "Population type", "", "", "", "", ""],
        ["children_count", "Indicator", "Children count", "", "", "", "", ""],
        ["rate_per_10000", "Indicator", "Rate per 10,000 children", "", "", "0", "", ""],
        ["share", "Indicator", "Share of children", "", "%", "1", "", ""],
    ]  # fmt: skip
    assert said == [f"Downloading “{RATE}”, version 2.0."]


def test_a_file_can_be_read_by_others(client: Client, rate: DataSet, tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    usual = (tmp_path / "usual").stat().st_mode
    path = client.download(rate.id)
    assert {each.stat().st_mode for each in path.parent.glob("v*")} == {usual}


@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_is_read_however_it_is_framed(
    stub: Stub, client: Client, rate: DataSet, coding: str, framing: str
) -> None:
    stub.coding = coding
    stub.faults.append(Fault("/csv", framing=framing))
    assert whole(client.download(rate.id), rate.versions[-1])
    assert stub.count("/csv") == 1


@pytest.mark.parametrize("etag", ["strong", "weak", ""])
@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize("cut", [0, 1, 0.5, 0.99])
def test_a_body_that_breaks_off_is_resumed_or_begun_anew(
    stub: Stub,
    client: Client,
    rate: DataSet,
    said: Said,
    etag: str,
    ranges: bool,
    coding: str,
    cut: float,
) -> None:
    stub.etag, stub.ranges, stub.coding = etag, ranges, coding
    stub.faults.append(Fault("/csv", cut=cut))
    assert whole(client.download(rate.id), rate.versions[-1])
    _, again = (one for one in stub.asked if one.path.endswith("/csv"))
    # an offset is only worth something with a tag that stands for the very bytes
    assert ("range" in again.headers) is (etag == "strong" and cut > 0)
    assert ("if-range" in again.headers) is ("range" in again.headers)
    assert "the body broke off; attempt 2 of 5" in said[1]


def test_a_resumed_body_is_not_sent_twice(stub: Stub, client: Client, rate: DataSet) -> None:
    sent: list[tuple[int, int]] = []
    answer = stub._csv

    def note(data_set: DataSet, asked: ees_stub.Asked) -> ees_stub.Answer:
        found = answer(data_set, asked)
        sent.append((found.status, len(found.body)))
        return found

    stub._csv = note  # type: ignore[method-assign]
    stub.faults.append(Fault("/csv", times=4, cut=0.5))
    assert whole(client.download(rate.id), rate.versions[-1])
    assert [status for status, _ in sent] == [200, 206, 206, 206, 206]
    first = sent[0][1]
    for (_, before), (_, after) in itertools.pairwise(sent):
        assert after == before - before // 2
    assert sent[-1][1] < first / 15


@pytest.mark.parametrize("framing", ["chunked", "none"])
@pytest.mark.parametrize("etag", ["strong", ""])
def test_a_body_of_unknown_length_that_breaks_off_is_noticed(
    stub: Stub, client: Client, rate: DataSet, framing: str, etag: str
) -> None:
    # without a length the end of a packed body is told by its trailer
    stub.etag = etag
    stub.faults.append(Fault("/csv", cut=0.5, framing=framing))
    assert whole(client.download(rate.id), rate.versions[-1])
    assert stub.count("/csv") == 2


def test_a_body_that_nobody_can_tell_the_end_of_is_refused(
    stub: Stub, client: Client, rate: DataSet, tmp_path: Path
) -> None:
    stub.coding = "identity"
    stub.faults.append(Fault("/csv", cut=0.5, framing="none"))
    with pytest.raises(KentstatsError, match="nobody can tell whether it is whole"):
        client.download(rate.id)
    assert files(tmp_path) == []


@pytest.mark.parametrize("wrong", [{"spoil": True}, {"shorten": 4}])
def test_a_packed_body_that_does_not_unpack_is_asked_for_again(
    stub: Stub, client: Client, rate: DataSet, wrong: dict[str, Any]
) -> None:
    stub.faults.append(Fault("/csv", **wrong))
    assert whole(client.download(rate.id), rate.versions[-1])
    assert stub.count("/csv") == 2


def test_a_body_that_stays_broken_is_given_up(
    stub: Stub, client: Client, rate: DataSet, tmp_path: Path
) -> None:
    stub.faults.append(Fault("/csv", times=99, spoil=True))
    with pytest.raises(UnreachableError, match=r"the body does not unpack \(5 times\)"):
        client.download(rate.id)
    assert files(tmp_path) == []


@pytest.mark.parametrize("coding", ["gzip", "identity"])
@pytest.mark.parametrize(
    ("server", "same_length"),
    [
        ("heeds If-Range", True),
        ("heeds If-Range", False),
        ("tells its tag", True),
        ("tells its tag", False),
        ("tells its length", False),
    ],
)
def test_another_file_at_the_same_address_is_not_mixed_with_the_first(
    stub: Stub, client: Client, rate: DataSet, coding: str, server: str, same_length: bool
) -> None:
    first = rate.versions[-1].content
    second = first.replace(b"1", b"8") if same_length else first.replace(b"1", b"18")
    answer = stub._csv

    def change(data_set: DataSet, asked: ees_stub.Asked) -> ees_stub.Answer:
        found = answer(data_set, asked)
        rate.versions[-1].content = second
        if found.status == 206 and server == "tells its length":
            del found.headers["ETag"]
        return found

    stub.coding, stub.if_range = coding, server == "heeds If-Range"
    stub._csv = change  # type: ignore[method-assign]
    stub.faults.append(Fault("/csv", cut=0.5))
    path = client.download(rate.id)
    assert path.read_bytes() == second
    assert whole(path, rate.versions[-1])
    assert stub.count("/csv") == (2 if stub.if_range else 3)


def test_a_part_that_begins_elsewhere_is_not_taken(
    stub: Stub, client: Client, rate: DataSet
) -> None:
    answer = stub._csv

    def early(data_set: DataSet, asked: ees_stub.Asked) -> ees_stub.Answer:
        if "range" not in asked.headers:
            return answer(data_set, asked)
        start = int(asked.headers["range"][6:-1]) - 5
        asked.headers["range"] = f"bytes={start}-"
        found = answer(data_set, asked)
        found.headers["Content-Range"] = found.headers["Content-Range"].split("/")[0] + "/*"
        return found

    stub.coding = "identity"
    stub._csv = early  # type: ignore[method-assign]
    stub.faults.append(Fault("/csv", cut=0.5, framing="chunked"))
    assert whole(client.download(rate.id), rate.versions[-1])
    assert stub.count("/csv") == 3


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_part_that_ends_early_is_followed_by_the_next(
    stub: Stub, client: Client, rate: DataSet, framing: str
) -> None:
    answer = stub._csv

    def portion(data_set: DataSet, asked: ees_stub.Asked) -> ees_stub.Answer:
        found = answer(data_set, asked)
        if found.status == 206 and len(found.body) > 2000:
            found.body = found.body[:2000]
            start = int(asked.headers["range"][6:-1])
            total = found.headers["Content-Range"].split("/")[1]
            found.headers["Content-Range"] = f"bytes {start}-{start + 1999}/{total}"
        return found

    stub.coding = "identity"
    stub._csv = portion  # type: ignore[method-assign]
    stub.faults.append(Fault("/csv", cut=0.7, framing=framing))
    assert whole(client.download(rate.id), rate.versions[-1])
    assert stub.count("/csv") > 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": "bytes 3-9/10"},
        {"Content-Range": "bytes */10"},
        {"Content-Range": ""},
        {"Content-Encoding": "identity"},
    ],
)
def test_a_part_other_than_the_one_asked_for_is_not_taken(
    stub: Stub, client: Client, rate: DataSet, said: Said, headers: dict[str, str]
) -> None:
    stub.faults += [Fault("/csv", cut=0.5), Fault("/csv", headers=headers)]
    assert whole(client.download(rate.id), rate.versions[-1])
    assert "did not send the part that was missing" in said[2]
    assert stub.count("/csv") == 3


@pytest.mark.parametrize("status", [206, 416])
def test_a_part_that_was_not_asked_for_is_refused(
    stub: Stub, client: Client, rate: DataSet, status: int
) -> None:
    stub.faults.append(Fault("/csv", status=status))
    with pytest.raises(KentstatsError, match=f"answered {status}"):
        client.download(rate.id)


def test_a_body_that_grows_longer_than_announced_is_begun_anew(
    stub: Stub, client: Client, rate: DataSet
) -> None:
    answer = stub._csv

    def longer(data_set: DataSet, asked: ees_stub.Asked) -> ees_stub.Answer:
        found = answer(data_set, asked)
        found.body += b"surplus" if found.status == 206 else b""
        return found

    stub._csv = longer  # type: ignore[method-assign]
    stub.faults.append(Fault("/csv", cut=0.5))
    assert whole(client.download(rate.id), rate.versions[-1])
    assert ["range" in one.headers for one in stub.asked[-3:]] == [False, True, False]


def test_a_tag_whose_file_ends_early_is_begun_anew(
    stub: Stub, client: Client, rate: DataSet, said: Said
) -> None:
    # all of a body that lacks its trailer has been sent: 416, then all again
    stub.faults += [Fault("/csv", shorten=4, framing="none"), Fault("/csv", status=416)]
    assert whole(client.download(rate.id), rate.versions[-1])
    assert stub.count("/csv") == 3


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Content-Type": "text/html; charset=utf-8"}, "a page or a message instead of a file"),
        ({"Content-Type": "application/problem+json"}, "a page or a message instead of a file"),
        ({"Content-Encoding": "br"}, "in the encoding br, which was not asked for"),
    ],
)
def test_something_other_than_data_is_refused(
    stub: Stub, client: Client, rate: DataSet, tmp_path: Path, headers: dict[str, str], told: str
) -> None:
    stub.faults.append(Fault("/csv", headers=headers))
    with pytest.raises(KentstatsError, match=told):
        client.download(rate.id)
    assert files(tmp_path) == []


def test_an_empty_file_is_refused(stub: Stub, client: Client, rate: DataSet) -> None:
    stub.faults.append(Fault("/csv", status=200, body=b""))
    with pytest.raises(KentstatsError, match="sent an empty file"):
        client.download(rate.id)


def test_a_body_that_a_proxy_unpacked_or_packed_is_read_by_its_bytes(
    stub: Stub, client: Client, rate: DataSet
) -> None:
    content = rate.versions[-1].content
    stub.faults.append(Fault("/csv", body=content))  # the header still says gzip
    path = client.download(rate.id)
    assert whole(path, rate.versions[-1])


def test_the_server_has_no_say_in_paths(client: Client, rate: DataSet, tmp_path: Path) -> None:
    # every CSV of the stub is named ../../../../escaped.csv
    client.download(rate.id)
    assert files(tmp_path) == ["v2.0.csv", "v2.0.json", "v2.0.meta.csv"]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_download_leaves_nothing(
    stub: Stub, make: Make, rate: DataSet, tmp_path: Path, interrupt: type[BaseException]
) -> None:
    def stop(seconds: float) -> None:
        raise interrupt

    stub.faults.append(Fault("/csv", cut=0.5))
    with pytest.raises(interrupt):
        make(sleep=stop).download(rate.id)
    assert files(tmp_path) == []


def test_what_fails_between_the_files_leaves_no_data_set(
    client: Client, rate: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = cache.write

    def fail(path: Path, content: bytes) -> None:
        if path.suffix == ".json":
            raise OSError(28, "No space left on device", str(path))
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(cache, "write", fail)
        with pytest.raises(KentstatsError, match=r"v2.0.json cannot be written: No space.*CACHE"):
            client.download(rate.id)
    assert "v2.0.json" not in files(tmp_path)
    assert not [name for name in files(tmp_path) if "part" in name]
    assert whole(client.download(rate.id), rate.versions[-1])


def test_a_cache_that_cannot_be_written_is_told(make: Make, rate: DataSet, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KentstatsError, match=r"cannot be written: .* KENTSTATS_CACHE"):
        make(cache=tmp_path / "file").download(rate.id)


# --- the cache -----------------------------------------------------------------------------------


def test_a_version_is_downloaded_once(
    stub: Stub, client: Client, rate: DataSet, said: Said
) -> None:
    first = client.download(rate.id)
    del stub.asked[:]
    assert client.download(rate.id) == first
    # the latest is asked for, and no more
    assert stub.paths == [f"/data-sets/{rate.id}"]
    assert client.download(rate.id, "2.*") == first
    assert client.download(rate.id, "*") == first
    del stub.asked[:]
    # a version in full needs not even that
    for version in ("2.0", "2", "2.0.0"):
        assert client.download(rate.id, version) == first
    assert stub.asked == []
    assert len(said) == 1


def test_a_new_version_is_downloaded_beside_the_old(
    stub: Stub, client: Client, rate: DataSet
) -> None:
    newest = rate.versions.pop()
    old = client.download(rate.id)
    assert whole(old, rate.versions[-1])
    rate.versions.append(newest)
    new = client.download(rate.id)
    assert (old.name, new.name) == ("v1.1.csv", "v2.0.csv")
    assert whole(new, newest)
    assert whole(old, rate.versions[1])


@pytest.mark.parametrize(
    ("asked", "number"),
    [("1", "1.0"), ("1.0.0", "1.0"), ("1.*", "1.1"), ("2.0.*", "2.0"), ("*", "2.0")],
)
def test_versions_may_have_wildcards(
    client: Client, rate: DataSet, asked: str, number: str
) -> None:
    path = client.download(rate.id, asked)
    assert path.name == f"v{number}.csv"
    (version,) = (one for one in rate.versions if one.number == number)
    assert whole(path, version)
    origin = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert origin["published"] == version.published


def test_a_copy_is_used_offline_and_its_date_told(
    stub: Stub, make: Make, rate: DataSet, said: Said
) -> None:
    path = make().download(rate.id)
    make().download(rate.id, "1.0")
    stub.stop()
    del stub.asked[:], said[:]
    today = dt.datetime.now(dt.UTC).date()
    assert make(offline=True).download(rate.id) == path
    assert said == [f"Using the copy of “{RATE}”, version 2.0, downloaded on {today}."]
    assert make(offline=True).download(rate.id, "1.*").name == "v1.0.csv"
    assert make(offline=True).download(rate.id, "1").name == "v1.0.csv"
    assert stub.asked == []


def test_a_copy_is_used_when_the_server_cannot_be_reached(
    stub: Stub, make: Make, rate: DataSet, said: Said
) -> None:
    path = make().download(rate.id)
    stub.stop()
    del said[:]
    assert make().download(rate.id) == path
    assert "gave no whole answer in 5 attempts" in said[-1]
    assert f"Using the copy of “{RATE}”, version 2.0, downloaded on 2" in said[-1]
    with pytest.raises(UnreachableError, match="refused"):
        make().download(rate.id, "1.*")


def test_an_older_copy_does_not_stand_in_for_a_newer_version_that_is_there(
    stub: Stub, make: Make, rate: DataSet
) -> None:
    make().download(rate.id, "1.0")
    stub.faults.append(Fault("/csv", times=9, status=503))
    with pytest.raises(UnreachableError, match="answered 503"):
        make().download(rate.id)


def test_offline_without_a_copy_is_an_error_that_names_what_there_is(
    stub: Stub, make: Make, rate: DataSet
) -> None:
    offline = make(offline=True)
    with pytest.raises(KentstatsError, match=f"no copy of data set {rate.id}. Download it with"):
        offline.download(rate.id)
    make().download(rate.id, "1.0")
    with pytest.raises(KentstatsError, match=r"no copy of version 2.0 of .* There is version 1.0"):
        offline.download(rate.id, "2.0")


def test_offline_asks_for_nothing(stub: Stub, make: Make, rate: DataSet) -> None:
    client = make(offline=True)
    calls: list[Callable[[], object]] = [
        lambda: client.search("looked after"),
        lambda: client.data_set(rate.id),
        lambda: client.meta(rate.id),
        lambda: client.versions(rate.id),
        lambda: client.version(rate.id, "1.0"),
        lambda: client.changes(rate.id, "2.0"),
        lambda: client.query(rate.id),
    ]
    for call in calls:
        with pytest.raises(KentstatsError, match="This needs a connection"):
            call()
    assert stub.asked == []


def damage(path: Path, how: str) -> None:
    data, metadata, origin = path, path.with_suffix(".meta.csv"), path.with_suffix(".json")
    entry = json.loads(origin.read_text(encoding="utf-8"))
    content = data.read_bytes()
    if how == "a byte":
        data.write_bytes(content[:-3] + b"9" + content[-2:])
    elif how == "the end":
        data.write_bytes(content[: len(content) // 2])
    elif how == "the file":
        data.unlink()
    elif how == "metadata":
        metadata.write_text("col_name\n", encoding="utf-8")
    elif how == "no JSON":
        origin.write_text('{"url": ', encoding="utf-8")
    elif how == "another shape":
        origin.write_text("[]", encoding="utf-8")
    elif how == "a key":
        del entry["sha256"]
        origin.write_text(json.dumps(entry), encoding="utf-8")
    else:
        origin.write_text(json.dumps({**entry, "size": "big"}), encoding="utf-8")


DAMAGE = [
    "a byte",
    "the end",
    "the file",
    "metadata",
    "no JSON",
    "another shape",
    "a key",
    "a type",
]


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("version", [None, "2.0"])
def test_a_damaged_copy_is_told_and_downloaded_again(
    stub: Stub, make: Make, rate: DataSet, said: Said, how: str, version: str | None
) -> None:
    path = make().download(rate.id)
    damage(path, how)
    del said[:]
    with pytest.raises(DamagedError, match=r"The copy .*v2.0.csv .* Download it again, with a"):
        make(offline=True).download(rate.id)
    assert said == []
    assert make().download(rate.id, version) == path
    assert whole(path, rate.versions[-1])
    assert len(said) == 2
    assert said[0].startswith(f"The copy {path} ")
    assert said[0].endswith(" It is downloaded again.")
    assert make(offline=True).download(rate.id) == path


def test_a_damaged_copy_does_not_stand_in_for_the_server(
    stub: Stub, make: Make, rate: DataSet
) -> None:
    damage(make().download(rate.id), "a byte")
    stub.stop()
    with pytest.raises(DamagedError):
        make().download(rate.id)


def test_a_copy_without_its_origin_is_none(stub: Stub, make: Make, rate: DataSet) -> None:
    path = make().download(rate.id)
    path.with_suffix(".json").unlink()
    with pytest.raises(KentstatsError, match="There is no copy"):
        make(offline=True).download(rate.id)
    assert make().download(rate.id) == path
    assert stub.count("/csv") == 2


def test_servers_do_not_share_copies(stub: Stub, make: Make, rate: DataSet, tmp_path: Path) -> None:
    path = make().download(rate.id)
    other = make(base_url="https://example.org/../..", offline=True)
    with pytest.raises(KentstatsError, match="There is no copy"):
        other.download(rate.id)
    for one in (path, other.cache.root):
        assert (tmp_path / "cache").resolve() in one.resolve().parents


def test_the_cache_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert default_folder() == tmp_path / "xdg" / "kentstats"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_folder() == tmp_path / "home" / ".cache" / "kentstats"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert default_folder() == tmp_path / "home" / ".cache" / "kentstats"
    monkeypatch.setattr(sys, "platform", "win32")
    assert default_folder() == tmp_path / "local" / "kentstats"
    monkeypatch.setenv("KENTSTATS_CACHE", "~/mine")
    assert default_folder() == tmp_path / "home" / "mine"


# --- several at once -----------------------------------------------------------------------------

DOWNLOAD = """
import sys
from pathlib import Path
from kentstats.ingest.api import Client
url, folder, data_set = sys.argv[1:]
with Client(url, cache=Path(folder), say=lambda line: print(line, file=sys.stderr)) as client:
    print(client.download(data_set))
"""


def process(stub: Stub, folder: Path, data_set_id: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", DOWNLOAD, stub.url, str(folder), data_set_id],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def test_two_processes_at_once_download_once(stub: Stub, rate: DataSet, tmp_path: Path) -> None:
    stub.faults.append(Fault("/csv", stall=0.7))
    started = [process(stub, tmp_path, rate.id) for _ in range(2)]
    ended = [each.communicate(timeout=30) for each in started]
    assert [each.returncode for each in started] == [0, 0]
    (path,) = {Path(out.strip()) for out, _ in ended}
    assert whole(path, rate.versions[-1])
    assert stub.count("/csv") == 1
    told = [err.splitlines() for _, err in ended]
    assert sorted(lines[0].split()[0] for lines in told) == ["Another", "Downloading"]
    assert files(tmp_path) == ["v2.0.csv", "v2.0.json", "v2.0.meta.csv"]


def test_threads_at_once_download_once(
    stub: Stub, make: Make, rate: DataSet, tmp_path: Path
) -> None:
    stub.faults.append(Fault("/csv", stall=0.2))
    found: list[Path] = []
    clients = [make() for _ in range(4)]
    threads = [
        threading.Thread(target=lambda one=one: found.append(one.download(rate.id)))
        for one in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == stub.count("/csv") == 1


def test_a_killed_download_leaves_no_half_file_and_no_closed_door(
    stub: Stub, client: Client, rate: DataSet, tmp_path: Path
) -> None:
    stub.faults.append(Fault("/csv", stall=20))
    killed = process(stub, tmp_path / "cache", rate.id)
    assert stub.stalled.wait(20)
    killed.send_signal(signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    killed.communicate(timeout=10)
    assert not [name for name in files(tmp_path) if not name.endswith((".part", ".encoded"))]
    assert whole(client.download(rate.id), rate.versions[-1])
    assert files(tmp_path) == ["v2.0.csv", "v2.0.json", "v2.0.meta.csv"]


# --- fetch and the command -----------------------------------------------------------------------


def test_fetching_by_identifier(client: Client, rate: DataSet) -> None:
    data, metadata, origin = fetch(f" {rate.id.upper()} ", client=client)
    assert [data.name, metadata.name, origin.name] == ["v2.0.csv", "v2.0.meta.csv", "v2.0.json"]
    assert whole(data, rate.versions[-1])


def test_fetching_by_words_that_find_one(client: Client, stub: Stub, tmp_path: Path) -> None:
    found = fetch("social work workforce", into=tmp_path / "here", client=client)
    assert [path.name for path in found] == [
        "workforce_v1.0.csv",
        "workforce_v1.0.meta.csv",
        "workforce_v1.0.json",
    ]
    assert found[0].read_bytes() == stub.data_set("Workforce").versions[0].content
    origin = json.loads(found[2].read_text(encoding="utf-8"))
    assert origin["publication"] == "Children's social work workforce"
    # again is no fault, and downloads nothing
    assert fetch("social work workforce", into=tmp_path / "here", client=client) == found
    assert stub.count("/csv") == 1


def test_words_that_find_several_list_them(client: Client, stub: Stub, rate: DataSet) -> None:
    with pytest.raises(ParameterError) as caught:
        fetch("looked after", client=client)
    lines = str(caught.value).splitlines()
    assert lines[0] == "“looked after” finds 2 data sets:"
    assert lines[1].startswith(f"  {rate.id}  {RATE} (version 2.0; 2021 to 2025; National")
    assert lines[2].startswith(f"  {stub.data_set('Care leavers').id}  Care leavers (version 1.0")
    assert lines[-1].strip() == "Give the identifier of one."
    assert stub.count("/csv") == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("llamas", "No publication matches “llamas”. Search with fewer words"),
        ("on paper", "no data set of “Early years, on paper”. The data catalogue"),
        ("of the past", "no data set of “Referrals of the past”"),  # withdrawn
        ("ab", "too short to search for"),
    ],
)
def test_words_that_find_none_have_a_remedy(client: Client, words: str, told: str) -> None:
    with pytest.raises(KentstatsError, match=told):
        fetch(words, client=client)


def test_words_find_copies_when_there_is_no_server(
    stub: Stub, make: Make, rate: DataSet, said: Said
) -> None:
    make().download(rate.id, publication="Children looked after in England")
    make().download(stub.data_set("Care leavers").id)
    online = make()
    stub.stop()
    (path, *_) = fetch("ENGLAND number", client=make(offline=True))
    assert whole(path, rate.versions[-1])
    assert fetch("looked after rate", client=online)[0] == path
    with pytest.raises(ParameterError, match="“e” finds 2 data sets"):
        fetch("e", client=make(offline=True))
    with pytest.raises(KentstatsError, match="There is no copy of “llamas”"):
        fetch("llamas", client=make(offline=True))
    with pytest.raises(UnreachableError, match="refused"):
        fetch("llamas", client=make())


def test_a_damaged_copy_is_not_found_by_words(make: Make, rate: DataSet) -> None:
    damage(make().download(rate.id), "a byte")
    with pytest.raises(KentstatsError, match="There is no copy of “number and rate”"):
        fetch("number and rate", client=make(offline=True))


def test_a_file_of_the_users_own_is_not_overwritten(
    client: Client, rate: DataSet, tmp_path: Path
) -> None:
    into = tmp_path / "here"
    data, *_ = fetch(rate.id, into=into, client=client)
    assert data.name == "children-looked-after-number-and-rate_v2.0.csv"
    data.write_text("mine", encoding="utf-8")
    with pytest.raises(KentstatsError, match=r"is there, and is another file. Move it away"):
        fetch(rate.id, into=into, client=client)
    assert data.read_text(encoding="utf-8") == "mine"


def test_a_title_without_letters_gives_a_name_all_the_same(
    stub: Stub, client: Client, tmp_path: Path
) -> None:
    odd = DataSet("../?? ", [Version("1.0", synthetic("a"))])
    stub.publications.append(Publication("Odd", [odd]))
    data, *_ = fetch(odd.id, into=tmp_path / "here", client=client)
    assert data == tmp_path / "here" / f"{odd.id}_v1.0.csv"


def test_a_folder_that_cannot_be_written_is_told(
    client: Client, rate: DataSet, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KentstatsError, match=r"cannot be written.*Name another folder"):
        fetch(rate.id, into=tmp_path / "file" / "below", client=client)


def test_what_takes_the_place_of_a_data_set_is_told(
    stub: Stub, client: Client, rate: DataSet, said: Said
) -> None:
    rate.status, rate.superseded_by = "Deprecated", MISSING
    client.download(rate.id)
    assert said[0] == f"Data set {MISSING} takes the place of “{RATE}”."
    assert str(client.data_set(rate.id)).endswith("; deprecated)")


def test_the_command_prints_files_or_what_it_finds(
    stub: Stub, rate: DataSet, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KENTSTATS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KENTSTATS_EES_URL", stub.url)
    lines = command(("looked", "after"), search_only=True)
    assert lines[0] == "Children looked after in England"
    assert lines[1].startswith(f"  {rate.id}  {RATE} (version 2.0; 2021 to 2025")
    assert stub.count("/csv") == 0
    assert command("children", search_only=True, base_url=stub.url)[:4:3] == [
        "Children looked after in England",
        "Children's social work workforce",
    ]
    description, versions = command(rate.id, search_only=True)
    assert description == lines[1].strip()
    assert versions == "  versions: 2.0, 1.1, 1.0"
    with pytest.raises(KentstatsError, match="No publication matches “no such thing”"):
        command(("no", "such", "thing"), search_only=True)
    into = tmp_path / "here"
    printed = command((rate.id,), version="1.*", into=into, say=said.append)
    assert sorted(printed) == sorted(map(str, into.iterdir()))
    assert printed[0] == str(into / "children-looked-after-number-and-rate_v1.1.csv")
    assert said == [f"Downloading “{RATE}”, version 1.1."]
    stub.stop()
    assert command(rate.id, offline=True, say=said.append)[0].endswith("v1.1.csv")
    assert "version 1.1, downloaded on" in said[-1]
    # with a client of its own too
    assert fetch(rate.id, version="1.1")[0].name == "v1.1.csv"


# --- the department's own files, read where they lie ---------------------------------------------


@pytest.mark.needs("shared")
def test_real_files_arrive_byte_for_byte(stub: Stub, client: Client) -> None:
    sources = sorted((SHARED / "data" / "ees").glob("*.csv"))
    assert len(sources) >= 5
    sets = [DataSet(path.stem, [Version("1.0", path.read_bytes())]) for path in sources]
    stub.publications = [Publication("Real files", sets)]
    for number, (path, data_set) in enumerate(zip(sources, sets, strict=True)):
        stub.faults.append(Fault("/csv", cut=1000 * number + 1))
        found = client.download(data_set.id)
        assert found.read_bytes() == path.read_bytes()
    assert stub.count("/csv") == 2 * len(sources)


@pytest.mark.needs("shared")
def test_a_real_file_is_queried(stub: Stub, client: Client) -> None:
    content = (SHARED / "data" / "ees" / "csww_indicators_2017_to_2025.csv").read_bytes()
    stub.publications = [Publication("Real", [DataSet("Workforce", [Version("1.0", content)])])]
    (found,) = client.search("real")
    (data_set,) = found.data_sets
    assert (data_set.start, data_set.end) == ("2017", "2025")
    meta = client.meta(data_set.id)
    turnover = next(o["id"] for o in meta["indicators"] if o["column"] == "turnover_rate_fte")
    kent = {"locations": {"eq": {"level": "LA", "code": "E10000016"}}}
    rows = client.query(data_set.id, {"criteria": kent, "indicators": [turnover]}, page_size=4)
    expected = {
        row["time_period"]: row["turnover_rate_fte"]
        for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        if row["new_la_code"] == "E10000016"
    }
    assert {row["timePeriod"]["period"]: row["values"][turnover] for row in rows} == expected
    assert len(client.query(data_set.id, page_size=1000)) == data_set.rows


def test_the_words_for_failures_do_not_go_round_in_circles() -> None:
    first, second = ValueError("one"), ValueError("two")
    first.__cause__, second.__cause__ = second, first
    assert body.reason(first) == "the connection failed (ValueError)"
    assert transport._retry_after(None) == 0
