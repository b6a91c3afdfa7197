"""The client of Explore Education Statistics, over a real socket to a local server."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from conftest import kentstats
from ees_stub import DataSet, Fault, Stub, guid, synthetic

from kentstats.cli import main
from kentstats.errors import KentstatsError, ParameterError
from kentstats.ingest.ees_api import (
    Client,
    DamagedError,
    UnreachableError,
    describe,
    download,
    metadata,
    search,
)
from kentstats.project import VARIABLE, Project

RATE = "Children looked after: number and rate"
CARE = "Children looked after in England"
WORKFORCE = "Children's social work workforce"


@pytest.fixture(autouse=True)
def local_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the cache in a temporary folder, and connect to nothing but this computer."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "KENTSTATS_EES_URL"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("KENTSTATS_CACHE", str(tmp_path / "cache"))
    connect = socket.socket.connect

    def checked(self: socket.socket, address: Any) -> None:
        assert address[0] == "127.0.0.1", f"{address} was contacted"
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", checked)


@pytest.fixture
def rate() -> DataSet:
    years = {"1.0": (2023,), "1.1": (2023, 2024), "2.0": (2024, 2025)}
    return DataSet(RATE, {number: synthetic(each) for number, each in years.items()})


@pytest.fixture
def stub(rate: DataSet) -> Iterator[Stub]:
    publications = {
        CARE: [rate, DataSet("Care leavers")],
        WORKFORCE: [DataSet("Workforce")],
        "Referrals of the past": [DataSet("Referrals", status="Withdrawn", superseded_by=rate.id)],
        "Early years, on paper": [],
    }
    with Stub(publications) as server:
        yield server


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(stub: Stub, said: list[str], waits: list[float]) -> Client:
    return Client(stub.url, notify=said.append, sleep=waits.append)


@pytest.fixture
def offline(stub: Stub, said: list[str]) -> Client:
    return Client(stub.url, offline=True, notify=said.append)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def csv_requests(stub: Stub) -> int:
    return sum("/csv" in path for path in stub.asked)


# Search


def test_a_page_that_breaks_off_is_requested_again_alone(
    client: Client, stub: Stub, waits: list[float]
) -> None:
    stub.page_size = 1
    stub.faults.append(Fault("publications.*page=2", cut=20))
    found = search(client, "children")
    assert [each.title for each in found] == [CARE, WORKFORCE]
    assert [len(each.data_sets) for each in found] == [2, 1]
    pages = [path.partition("page=")[2][0] for path in stub.asked if "search=" in path]
    assert pages == ["1", "2", "2"]
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("llamas", "Nothing matches “llamas”. Search with other words"),
        ("on paper", "no data set of “Early years, on paper”. .*'s data catalogue"),
        ("of the past", "no data set of “Referrals of the past”"),
        (" ab ", "“ab” is too short to search for"),
    ],
)
def test_a_search_without_a_result_has_a_remedy(client: Client, words: str, message: str) -> None:
    with pytest.raises(KentstatsError, match=message):
        download(client, words)


def test_describe_lists_publications_or_versions(client: Client, stub: Stub, rate: DataSet) -> None:
    lines = describe(client, "looked after")
    assert lines[0] == CARE
    assert lines[1].startswith(f"  {rate.id}  {RATE} (version 2.0; 2024 to 2025")
    assert describe(client, f" {rate.id.upper()} ") == [
        lines[1].strip(),
        "  versions: 2.0, 1.1, 1.0",
    ]
    stub.publications["Workforce, on paper"] = []
    assert describe(client, "workforce")[2:] == ["Workforce, on paper", "  no data set in the API"]


# Failures


@pytest.mark.parametrize(
    ("status", "header", "least"),
    [
        (429, {}, [1, 2, 4]),
        (502, {}, [1, 2, 4]),
        (503, {"Retry-After": "7"}, [7, 7, 7]),
        (504, {"Retry-After": "3600"}, [60, 60, 60]),
        (429, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, [1, 2, 4]),
        (429, {"Retry-After": "soon"}, [1, 2, 4]),
    ],
)
def test_a_busy_server_is_asked_again_when_it_says_or_later_each_time(
    client: Client,
    stub: Stub,
    rate: DataSet,
    said: list[str],
    waits: list[float],
    status: int,
    header: dict[str, str],
    least: list[float],
) -> None:
    stub.faults.append(Fault("/meta", status, times=3, headers=header))
    assert len(metadata(client, rate.id, "2.0")) == 3
    assert all(low <= wait <= low + 1 for low, wait in zip(least, waits, strict=True)), waits
    assert f"answered {status}" in said[0]
    assert "; attempt 2 of 5 in " in said[0]


def test_the_client_gives_up_with_a_message(
    client: Client, stub: Stub, rate: DataSet, waits: list[float]
) -> None:
    stub.faults.append(Fault("/csv", 503, times=99))
    with pytest.raises(UnreachableError) as caught:
        download(client, rate.id)
    assert "/csv gave no complete answer in 5 attempts: answered 503" in caught.value.what
    assert caught.value.remedy.startswith("Try again later")
    assert len(waits) == 4
    stub.stop()
    with pytest.raises(UnreachableError, match=r"publications gave .*the connection failed \(new"):
        search(client, "children")


def test_a_data_set_or_version_that_is_unknown_or_withdrawn_has_a_remedy(
    client: Client, rate: DataSet, said: list[str]
) -> None:
    with pytest.raises(ParameterError, match=r"answered 404 Not Found. Check .* fetch --search"):
        download(client, guid("something else"))
    with pytest.raises(ParameterError) as caught:
        download(client, rate.id, version="3.*")
    assert str(caught.value) == f"“{RATE}” has no version 3.*. There is version 2.0, 1.1, 1.0."
    with pytest.raises(KentstatsError, match="403 Forbidden: the publisher has withdrawn it"):
        download(client, guid("Referrals"))
    assert said[0] == f"Data set {rate.id} takes the place of “Referrals”."


@pytest.mark.parametrize("version", ["latest", "1.2.3.4", "../2.0", "1.*.1", "2.0\n"])
def test_a_version_is_checked_before_a_request(
    client: Client, stub: Stub, rate: DataSet, version: str
) -> None:
    with pytest.raises(ParameterError, match="is no version"):
        download(client, rate.id, version=version)
    assert stub.asked == []


@pytest.mark.parametrize(
    ("path", "bodies", "message"),
    [
        ("data-sets/[^/]*$", ["[]", "{}", "<html>", '{"id": "../../x", "title": ""}', '{"id', ""],
         "not as the API describes it"),
        ("/csv", ["", "<!doctype html>", '{"title": "Sorry"}'], "/csv is not a CSV file"),
    ],
)  # fmt: skip
def test_a_malformed_answer_is_an_error(
    client: Client, stub: Stub, rate: DataSet, path: str, bodies: list[str], message: str
) -> None:
    for body in bodies:
        stub.faults.append(Fault(path, body=body.encode()))
        with pytest.raises(KentstatsError, match=rf"{message}.*Check the base address"):
            download(client, rate.id)
    with pytest.raises(UnreachableError, match="no copy"):
        download(Client(stub.url, offline=True), rate.id)


@pytest.mark.parametrize(
    "url", ["example.org", "file:///x", "https://me:pw@example.org", "https://example.org/?a=b"]
)
def test_the_base_address_is_checked(url: str) -> None:
    with pytest.raises(ParameterError, match="is not a web address, or has"):
        Client(url)


# Download and cache


def test_a_download_has_metadata_and_origin(
    client: Client, stub: Stub, rate: DataSet, said: list[str]
) -> None:
    data, columns, origin_file = download(client, rate.id)
    assert data.read_bytes() == rate.versions["2.0"]
    assert columns.read_text(encoding="utf-8") == (
        "col_name,col_type,label,indicator_unit,indicator_dp,filter_hint\n"
        "population_type,Filter,Population,,,Who\n"
        "children,Indicator,Number of children,,0,\n"
        "share,Indicator,Share of children,%,,\n"
    )
    origin = json.loads(origin_file.read_text(encoding="utf-8"))
    assert origin["url"] == f"{stub.url}/v1/data-sets/{rate.id}/csv?dataSetVersion=2.0"
    assert origin["published"] == "2025-11-02T09:30:00+00:00"
    assert origin["licence"] == "Open Government Licence v3.0"
    assert files(data.parent) == ["v2.0.csv", "v2.0.json", "v2.0.meta.csv"]
    assert said == [f"Downloading “{RATE}”, version 2.0."]


@pytest.mark.parametrize("cut", [0, 5, 60])
def test_a_file_that_breaks_off_is_downloaded_again(
    client: Client, stub: Stub, rate: DataSet, cut: int
) -> None:
    stub.faults.append(Fault("/csv", cut=cut))
    assert download(client, rate.id)[0].read_bytes() == rate.versions["2.0"]
    assert csv_requests(stub) == 2


def test_a_version_is_downloaded_once(client: Client, stub: Stub, rate: DataSet) -> None:
    first = download(client, rate.id)
    for version in ("*", "2.*", "2", "2.0"):
        assert download(client, rate.id, version=version) == first
    assert csv_requests(stub) == 1
    assert download(client, rate.id, version="1.*")[0].name == "v1.1.csv"


@pytest.mark.parametrize(
    ("version", "name"),
    [("*", "v2.0.csv"), ("1.*", "v1.1.csv"), ("1.0.*", "v1.0.csv"), ("1.0.0", "v1.0.csv")],
)
def test_the_cache_serves_offline(
    client: Client,
    offline: Client,
    stub: Stub,
    rate: DataSet,
    said: list[str],
    version: str,
    name: str,
) -> None:
    for number in rate.versions:
        download(client, rate.id, version=number)
    stub.asked.clear()
    found, *_ = download(offline, rate.id, version=version)
    assert found.name == name
    assert said[-1].startswith(f"Nothing is requested offline. Using the copy of “{RATE}”")
    assert stub.asked == []


def test_a_copy_serves_when_the_server_cannot_be_reached(
    client: Client, stub: Stub, rate: DataSet, said: list[str]
) -> None:
    found = download(client, "workforce")
    stub.stop()
    assert download(client, guid("Workforce")) == found
    assert "in 5 attempts" in said[-1]
    assert "Using the copy of “Workforce”, version 1.0, downloaded on 2" in said[-1]
    with pytest.raises(UnreachableError, match=f"no copy of data set {rate.id}, version 1.*"):
        download(client, rate.id, version="1.*")


def test_words_find_copies_offline_and_name_the_nearest(
    client: Client, offline: Client, rate: DataSet
) -> None:
    download(client, "workforce")
    found = download(client, rate.id)
    assert download(offline, "looked RATE") == found
    assert download(offline, "social work")[0].parent.name == guid("Workforce")
    with pytest.raises(UnreachableError, match=r"matches “wrokforce”. Did you mean Workforce"):
        download(offline, "wrokforce")
    with pytest.raises(UnreachableError, match="Ask without --offline"):
        describe(offline, "workforce")


@pytest.mark.parametrize("suffix", [".csv", ".meta.csv", ".json"])
@pytest.mark.parametrize("content", [b"", b'{"sha256": 1}', None])
def test_a_damaged_copy_is_downloaded_again(
    client: Client,
    offline: Client,
    rate: DataSet,
    said: list[str],
    suffix: str,
    content: bytes | None,
) -> None:
    data, *_ = download(client, rate.id)
    damaged = data.with_suffix(suffix)
    if content is None and suffix != ".json":
        damaged.unlink()
    else:
        damaged.write_bytes(content or b"{")
    with pytest.raises(DamagedError, match=r"copy .*v2.0.csv has changed .*Download it again"):
        download(offline, rate.id)
    found, *_ = download(client, rate.id)
    assert found.read_bytes() == rate.versions["2.0"]
    assert said[-1] == f"Downloading “{RATE}”, version 2.0."
    assert download(offline, rate.id)[0] == found


def test_a_file_of_the_user_is_not_overwritten(
    client: Client, rate: DataSet, tmp_path: Path
) -> None:
    data, *_ = download(client, rate.id, into=tmp_path / "here")
    assert files(tmp_path / "here") == [
        f"children-looked-after-number-and-rate_v2.0{suffix}"
        for suffix in (".csv", ".json", ".meta.csv")
    ]
    assert download(client, rate.id, into=tmp_path / "here")[0] == data
    data.write_text("mine", encoding="utf-8")
    with pytest.raises(KentstatsError, match=r"exists, with other content. Move it away"):
        download(client, rate.id, into=tmp_path / "here")
    assert data.read_text(encoding="utf-8") == "mine"
    with pytest.raises(KentstatsError, match=r"csv.* cannot be written: .* Name another folder"):
        download(client, rate.id, into=data / "below")


# The command line


def test_fetch_then_ingest(
    stub: Stub, small: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(small.root))
    cache = {"KENTSTATS_CACHE": str(tmp_path / "cache"), "KENTSTATS_EES_URL": stub.url}
    done = kentstats("fetch", "social", "work", "--into", "here", cwd=tmp_path, **cache)
    assert (done.returncode, done.stderr) == (0, "Downloading “Workforce”, version 1.0.\n")
    names = ["workforce_v1.0.csv", "workforce_v1.0.meta.csv", "workforce_v1.0.json"]
    assert done.stdout.splitlines() == [str(Path("here") / name) for name in names]
    command = ["ingest", str(tmp_path / "here" / names[0]), "--every-measure", "--dry-run"]
    read = CliRunner().invoke(main, [*command, "--edition", "2025"])
    assert read.exit_code == 0, read.output
    assert "8 figures new" in read.output


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--search", "looked", "after"], 0, f"{CARE}\n  {guid(RATE)}  {RATE} (version 2.0"),
        (["looked", "after"], 2, f"“looked after” finds 2 data sets:\n  {guid(RATE)}"),
        (["--offline", "workforce"], 1, "No copy in the cache matches “workforce”."),
        (["--version", "x", "workforce"], 2, "“x” is no version."),
    ],
)
def test_exit_codes(stub: Stub, arguments: list[str], code: int, text: str) -> None:
    done = CliRunner().invoke(main, ["fetch", "--base-url", stub.url, *arguments])
    assert done.exit_code == code
    assert text in done.output
    assert "Traceback" not in done.output
