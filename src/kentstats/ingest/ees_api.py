"""Search and download data sets of Explore Education Statistics, through its public API.

Nothing is requested until a function here is called. A downloaded data set is
kept in the cache with its origin and checksums, and is used again when there
is no connection. The API is described at https://api.education.gov.uk/statistics/docs.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fnmatch
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import msgspec
import pandas as pd
import requests
import tenacity
import urllib3

from kentstats import __version__
from kentstats.errors import KentstatsError, ParameterError, nearest
from kentstats.ingest.datasets import ATTRIBUTION
from kentstats.ingest.edition import write_all
from kentstats.project import checksum

DEFAULT_URL = "https://api.education.gov.uk/statistics"
LICENCE = "Open Government Licence v3.0"
TIMEOUT = (10, 60)  # seconds for the connection, and for each part of an answer
ATTEMPTS = 5
MAX_WAIT = 60.0
BUSY = {429, 502, 503, 504}
CHECK_PROXY = "Check the base address, and that no proxy changes the answers."
# Identifiers and versions become parts of paths: their form is checked in every answer.
GUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z"
Identifier = Annotated[str, msgspec.Meta(pattern=GUID)]
Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]+){1,2}\Z")]
T = TypeVar("T")


class UnreachableError(KentstatsError):
    """The server gave no complete answer, after every attempt."""


class DamagedError(KentstatsError):
    """A cached data set that differs from what was downloaded."""

    exit_code = 3


class _TransientError(Exception):
    """A failure that another attempt may not meet."""

    wait = 0.0


class Version(msgspec.Struct, rename="camel"):
    """A version of a data set."""

    version: Number
    published: str = ""
    time_periods: dict[str, str] = {}
    geographic_levels: list[str] = []


class DataSet(msgspec.Struct, rename="camel"):
    """A data set, with its latest version."""

    id: Identifier
    title: str
    status: str = "Published"
    superseding_data_set_id: str | None = None
    latest_version: Version | None = None

    def __str__(self) -> str:
        about = []
        if latest := self.latest_version:
            periods = " to ".join(dict.fromkeys(latest.time_periods.values()))
            about = [f"version {latest.version}", periods, ", ".join(latest.geographic_levels)]
        if self.status != "Published":
            about.append(self.status.lower())
        return f"{self.id}  {self.title} ({'; '.join(filter(None, about))})"


class Publication(msgspec.Struct):
    """A publication, with those of its data sets that the API has."""

    id: Identifier
    title: str
    data_sets: list[DataSet] = []


class _Page(msgspec.Struct):
    paging: dict[str, int]
    results: list[msgspec.Raw]


@dataclass
class Client:
    """A connection to the API, with retries, and a cache.

    The address is by default ``KENTSTATS_EES_URL``, or that of the department;
    `notify` is called with a line of text about each retry and download.
    """

    base_url: str | None = None
    offline: bool = False
    notify: Callable[[str], object] = str
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        url = self.base_url or os.environ.get("KENTSTATS_EES_URL") or DEFAULT_URL
        if not re.fullmatch(r"https?://[^/@?#\s]+(/[^?#\s]*)?", url):
            what = "The base address is not a web address, or has a user name or a query."
            raise ParameterError(what, f"Give one such as {DEFAULT_URL}.")
        self.base_url = url.rstrip("/").removesuffix("/v1")
        self.cache = cache_folder() / quote(self.base_url, safe="")

    def get(self, path: str, kind: type[T], **params: str | int) -> T:
        """Return the JSON answer to a request, decoded as ``kind``."""
        return _decode(self.request(path, **params), kind, path)

    def pages(self, path: str, kind: type[T], size: int = 20, **params: str) -> Iterator[T]:
        """Yield the results of all pages; a page that fails is requested again alone."""
        number = last = 1
        while number <= last:
            page = self.get(path, _Page, **params, page=number, pageSize=size)
            yield from (_decode(result, kind, path) for result in page.results)
            last = page.paging.get("totalPages", 1)
            number += 1

    def request(self, path: str, **params: str | int) -> bytes:
        """Return the body of an answer, after as many attempts as it takes."""
        if self.offline:
            raise UnreachableError("Nothing is requested offline.", "Ask without --offline.")
        url = f"{self.base_url}/v1/{path}"

        def announce(state: Any) -> None:
            self.notify(
                f"{url}: {state.outcome.exception()}; attempt {state.attempt_number + 1} "
                f"of {ATTEMPTS} in {state.upcoming_sleep:.0f} s."
            )

        try:
            return tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(_TransientError),
                stop=tenacity.stop_after_attempt(ATTEMPTS),
                wait=_wait,
                before_sleep=announce,
                sleep=self.sleep,
                reraise=True,
            )(_attempt, url, params)
        except _TransientError as error:
            what = f"{url} gave no complete answer in {ATTEMPTS} attempts: {error}."
            remedy = "Try again later; check the address, HTTPS_PROXY and REQUESTS_CA_BUNDLE."
            raise UnreachableError(what, remedy) from None


def _wait(state: Any) -> float:
    """Return the seconds before a retry: twice as long each time, or what the server asks."""
    backoff = tenacity.wait_exponential_jitter(max=MAX_WAIT)(state)
    return max(backoff, min(float(state.outcome.exception().wait), MAX_WAIT))


def _attempt(url: str, params: dict[str, str | int]) -> bytes:
    try:
        answer = requests.get(
            url,
            params=params,
            headers={"User-Agent": f"kentstats/{__version__}"},
            auth=lambda request: request,  # sends no password of a .netrc file
            timeout=TIMEOUT,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        cause = getattr(error.args[0] if error.args else None, "reason", error)
        kind = re.sub("(?<!^)(?=[A-Z])", " ", type(cause).__name__).lower()
        raise _TransientError(f"the connection failed ({kind})") from None
    status = answer.status_code
    if status == 200:
        return answer.content
    said = f"answered {status} {answer.reason} {answer.headers.get('Location', '')}".strip()
    if status in BUSY:
        busy = _TransientError(said)
        with contextlib.suppress(urllib3.exceptions.InvalidHeader):
            busy.wait = urllib3.Retry().parse_retry_after(answer.headers.get("Retry-After", "0"))
        raise busy
    remedy = "Check the base address, identifier and version; fetch --search lists them."
    if status == 403:
        said += ": the publisher has withdrawn it"
    raise (ParameterError if status == 404 else KentstatsError)(f"{url} {said}.", remedy)


def _decode(content: bytes | msgspec.Raw, kind: type[T], path: str) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.DecodeError as error:
        what = f"The answer to {path} is not as the API describes it: {error}."
        raise KentstatsError(what, CHECK_PROXY) from None


def cache_folder() -> Path:
    """Return ``KENTSTATS_CACHE``, or ``kentstats`` in the user's folder of caches."""
    if named := os.environ.get("KENTSTATS_CACHE"):
        return Path(named).expanduser().absolute()
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    return Path(os.environ.get(variable) or Path.home() / ".cache") / "kentstats"


def search(client: Client, words: str) -> list[Publication]:
    """Return the publications that match some words, with their data sets, or raise."""
    if len(words := " ".join(words.split())) < 3:
        raise ParameterError(f"“{words}” is too short to search for.", "Give three characters.")
    found = list(client.pages("publications", Publication, 40, search=words))
    for each in found:
        each.data_sets = list(client.pages(f"publications/{each.id}/data-sets", DataSet))
    if all(one.status == "Withdrawn" for each in found for one in each.data_sets):
        titles = ", ".join(f"“{each.title}”" for each in found)
        what = f"The API has no data set of {titles}." if found else f"Nothing matches “{words}”."
        remedy = "Search with other words of a title; the website's data catalogue has more files."
        raise KentstatsError(what, remedy)
    return found


def describe(client: Client, words: str) -> list[str]:
    """Return lines that list what a search finds, or a data set and its versions."""
    if data_set_id := _identifier(words):
        data_set = client.get(f"data-sets/{data_set_id}", DataSet)
        return [str(data_set), f"  versions: {_versions(client, data_set_id)}"]
    lines = []
    for each in search(client, words):
        lines.append(each.title)
        lines += [f"  {one}" for one in each.data_sets] or ["  no data set in the API"]
    return lines


def _versions(client: Client, data_set_id: str) -> str:
    versions = client.pages(f"data-sets/{data_set_id}/versions", Version)
    return ", ".join(each.version for each in versions)


def metadata(client: Client, data_set_id: str, version: str) -> pd.DataFrame:
    """Return a table of the filters and indicators, as in the department's metadata files."""
    kind = dict[str, list[dict[str, Any]]]
    answer = client.get(f"data-sets/{data_set_id}/meta", kind, dataSetVersion=version)
    rows = [{**one, "col_type": "Filter"} for one in answer.get("filters", [])]
    rows += [{**one, "col_type": "Indicator"} for one in answer.get("indicators", [])]
    names = {"column": "col_name", "unit": "indicator_unit", "decimalPlaces": "indicator_dp"}
    columns = ["col_name", "col_type", "label", "indicator_unit", "indicator_dp", "filter_hint"]
    table = pd.DataFrame(rows, dtype=object).rename(columns=names | {"hint": "filter_hint"})
    return table.reindex(columns=columns)


def download(
    client: Client, words: str, *, version: str = "*", into: Path | None = None
) -> list[Path]:
    """Download a data set, or find it in the cache: its data, metadata and origin.

    The words are its identifier, or those of a search that finds only this one;
    the version is one such as ``2.0``, or ``2.*`` for the latest of 2. The files
    ``NAME.csv``, ``NAME.meta.csv`` and ``NAME.json`` stay in the cache, or are
    copied into a folder.
    """
    if not re.fullmatch(r"([0-9]+\.){0,2}([0-9]+|\*)", version):
        raise ParameterError(f"“{version}” is no version.", "Give one such as 2.0, 2.* or *.")
    data_set_id, publication = _find(client, words)
    try:
        csv = _download_version(client, data_set_id, version, publication)
    except UnreachableError as error:
        csv = _newest_copy(client, data_set_id, version, error)
    return _copy_to(into, csv) if into else _files(csv)


def _identifier(text: str) -> str:
    return text.strip().lower() if re.match(GUID, text.strip().lower()) else ""


def _find(client: Client, words: str) -> tuple[str, str]:
    """Return the identifier and the publication of the data set that some words mean."""
    if data_set_id := _identifier(words):
        return data_set_id, ""
    try:
        found = {
            one.id: (each.title, str(one))
            for each in search(client, words)
            for one in each.data_sets
            if one.status != "Withdrawn"
        }
    except UnreachableError as error:
        found = _find_copies(client, words, error)
    if len(found) > 1:
        listed = "".join(f"\n  {line}" for _, line in found.values())
        what = f"“{words}” finds {len(found)} data sets:{listed}\n"
        raise ParameterError(what, "Give the identifier of one.")
    ((data_set_id, (publication, _)),) = found.items()
    return data_set_id, publication


def _find_copies(client: Client, words: str, error: UnreachableError) -> dict[str, tuple[str, str]]:
    """Return what copies in the cache some words mean, by identifier."""
    found, titles = {}, set()
    for path in sorted(client.cache.glob("*/v*.json")):
        with contextlib.suppress(DamagedError):
            origin = _read_origin(path.with_suffix(".csv"))
            data_set_id, title = origin["data_set_id"], origin["title"]
            titles.add(title)
            name = f"{origin['publication']} {title}".casefold()
            if all(word in name for word in words.casefold().split()):
                found[data_set_id] = origin["publication"], f"{data_set_id}  {title}"
    if not found:
        what = f"{error.what} No copy in the cache matches “{words}”."
        raise UnreachableError(what, nearest(words, sorted(titles))) from None
    return found


def _download_version(client: Client, data_set_id: str, version: str, publication: str) -> Path:
    """Return the CSV file of a version in the cache, after downloading it if needed."""
    data_set = client.get(f"data-sets/{data_set_id}", DataSet)
    if newer := data_set.superseding_data_set_id:
        client.notify(f"Data set {newer} takes the place of “{data_set.title}”.")
    chosen = data_set.latest_version
    if version != "*" or not chosen:
        try:
            chosen = client.get(f"data-sets/{data_set_id}/versions/{version}", Version)
        except ParameterError:
            what = f"“{data_set.title}” has no version {version}."
            known = _versions(client, data_set_id)
            raise ParameterError(what, f"There is version {known}.") from None
    csv = client.cache / data_set_id / f"v{chosen.version}.csv"
    if csv.exists():
        with contextlib.suppress(DamagedError):
            _read_origin(csv)
            return csv
        client.notify(f"The copy {csv} is damaged. It is downloaded again.")
    client.notify(f"Downloading “{data_set.title}”, version {chosen.version}.")
    path = f"data-sets/{data_set_id}/csv"
    content = client.request(path, dataSetVersion=chosen.version)
    if content[:1] in {b"", b"<", b"{"}:
        raise KentstatsError(f"The answer to {path} is not a CSV file.", CHECK_PROXY)
    table = metadata(client, data_set_id, chosen.version)
    columns = table.to_csv(index=False, lineterminator="\n").encode()
    origin = {
        "url": f"{client.base_url}/v1/{path}?dataSetVersion={chosen.version}",
        "data_set_id": data_set_id,
        "version": chosen.version,
        "title": data_set.title,
        "publication": publication,
        "published": chosen.published,
        "fetched_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "meta_sha256": hashlib.sha256(columns).hexdigest(),
        "licence": LICENCE,
        "attribution": ATTRIBUTION,
    }
    _write(csv, content, columns, json.dumps(origin, ensure_ascii=False, indent=1).encode())
    return csv


def _newest_copy(client: Client, data_set_id: str, version: str, error: UnreachableError) -> Path:
    """Return the newest copy in the cache of a version, or raise."""
    copies = {}
    for path in (client.cache / data_set_id).glob("v*.json"):
        number = path.stem[1:]
        # 1, 1.0 and 1.0.0 are the same version
        if fnmatch.filter([number, number.removesuffix(".0"), f"{number}.0"], version):
            copies[tuple(map(int, number.split(".")))] = path.with_suffix(".csv")
    if not copies:
        what = f"{error.what} There is no copy of data set {data_set_id}, version {version}."
        raise UnreachableError(what, error.remedy)
    csv = copies[max(copies)]
    origin = _read_origin(csv)
    client.notify(
        f"{error.what} Using the copy of “{origin['title']}”, version {origin['version']}, "
        f"downloaded on {origin['fetched_at'][:10]}."
    )
    return csv


def _read_origin(csv: Path) -> dict[str, Any]:
    """Return the origin of a copy in the cache, after comparing checksums."""
    data, columns, origin_file = _files(csv)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        origin: dict[str, Any] = json.loads(origin_file.read_bytes())
        sums = {"sha256": checksum(data), "meta_sha256": checksum(columns)}
        if sums.items() <= origin.items():
            return origin
    what = f"The copy {csv} has changed since it was downloaded."
    raise DamagedError(what, "Download it again, with a connection.")


def _copy_to(folder: Path, csv: Path) -> list[Path]:
    """Copy the files of a data set to a folder, under the title of the data set."""
    title = _read_origin(csv)["title"].casefold()
    slug = re.sub(r"[^a-z0-9]+", "-", title)[:80].strip("-") or csv.parent.name
    target = folder / f"{slug}_{csv.name}"
    contents = [path.read_bytes() for path in _files(csv)]
    for path, content in zip(_files(target)[:2], contents, strict=False):
        if path.exists() and path.read_bytes() != content:
            remedy = "Move it away, or name another folder."
            raise KentstatsError(f"{path} exists, with other content.", remedy)
    _write(target, *contents)
    return _files(target)


def _files(csv: Path) -> list[Path]:
    return [csv, csv.with_suffix(".meta.csv"), csv.with_suffix(".json")]


def _write(csv: Path, *contents: bytes) -> None:
    try:
        write_all(dict(zip(_files(csv), contents, strict=True)))
    except OSError as error:
        raise KentstatsError(
            f"{error.filename or csv} cannot be written: {error.strerror}.",
            "Name another folder with --into, or for the cache in KENTSTATS_CACHE.",
        ) from None
