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
from typing import Any
from urllib.parse import quote

import pandas as pd
import requests
import tenacity

from kentstats import __version__
from kentstats.errors import KentstatsError, ParameterError, nearest
from kentstats.ingest.datasets import ATTRIBUTION
from kentstats.ingest.edition import write_all
from kentstats.ingest.figures import slug
from kentstats.project import checksum

DEFAULT_URL = "https://api.education.gov.uk/statistics"
LICENCE = "Open Government Licence v3.0"
TIMEOUT = (10, 60)  # seconds for the connection, and for each part of an answer
ATTEMPTS = 5
MAX_WAIT = 60.0
BUSY = {429, 502, 503, 504}
CHECK_PROXY = "Check the base address, and that no proxy changes the answers."
GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
FORMS = {"id": GUID, "version": r"[0-9]+(\.[0-9]+){1,2}"}
"""The form of what becomes part of a path, which is checked in every answer."""
KINDS = {"paging": dict, "totalPages": int, "results": list}
"""The kinds of values that are no texts."""

Record = dict[str, Any]


class UnreachableError(KentstatsError):
    """The server gave no complete answer, after every attempt."""


class DamagedError(KentstatsError):
    """A cached data set that differs from what was downloaded."""

    exit_code = 3


class _TransientError(Exception):
    """A failure that another attempt may not meet."""

    wait = 0.0


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

    def get(self, path: str, *names: str, **params: str | int) -> Record:
        """Return the JSON answer to a request, which must have values of these names."""
        content = self.request(path, **params)
        try:
            answer = json.loads(content)
        except ValueError:
            raise _malformed(path) from None
        return _check(answer, names, path)

    def pages(self, path: str, *names: str, size: int = 20, **params: str) -> Iterator[Record]:
        """Yield the results of all pages; a page that fails is requested again alone."""
        number = last = 1
        while number <= last:
            page = self.get(path, "paging", "results", **params, page=number, pageSize=size)
            yield from (_check(result, names, path) for result in page["results"])
            last = _check(page["paging"], ("totalPages",), path)["totalPages"]
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
        raise _TransientError(f"the connection failed ({type(error).__name__})") from None
    if answer.status_code == 200:
        return answer.content
    said = f"answered {answer.status_code} {answer.reason}"
    if answer.status_code in BUSY:
        busy = _TransientError(said)
        with contextlib.suppress(ValueError):
            busy.wait = float(answer.headers.get("Retry-After", "0"))
        raise busy
    if answer.status_code != 404:
        raise KentstatsError(f"{url} {said}.", CHECK_PROXY)
    remedy = "Check address, identifier and version; fetch --search lists what is not withdrawn."
    raise ParameterError(f"{url} {said}.", remedy)


def _check(answer: Any, names: tuple[str, ...], path: str) -> Record:
    """Return what the API describes, or raise: a record that has these names."""
    record: Record = answer if isinstance(answer, dict) else {}
    for name in names:
        value, form = record.get(name), FORMS.get(name, r"[\s\S]*")
        if not isinstance(value, KINDS.get(name, str)) or not re.fullmatch(form, str(value)):
            raise _malformed(path)
    return record


def _malformed(path: str) -> KentstatsError:
    return KentstatsError(f"The answer to {path} is not as the API describes it.", CHECK_PROXY)


def cache_folder() -> Path:
    """Return ``KENTSTATS_CACHE``, or ``kentstats`` in the user's folder of caches."""
    if named := os.environ.get("KENTSTATS_CACHE"):
        return Path(named).expanduser().absolute()
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    return Path(os.environ.get(variable) or Path.home() / ".cache") / "kentstats"


def search(client: Client, words: str) -> list[tuple[str, list[Record]]]:
    """Return titles of publications that match some words, each with its data sets, or raise."""
    if len(words := " ".join(words.split())) < 3:
        raise ParameterError(f"“{words}” is too short to search for.", "Give three characters.")
    found = [
        (each["title"], list(client.pages(f"publications/{each['id']}/data-sets", "id", "title")))
        for each in client.pages("publications", "id", "title", size=40, search=words)
    ]
    if all(_withdrawn(one) for _, data_sets in found for one in data_sets):
        what = f"Nothing matches “{words}” that the API has."
        remedy = "Search with other words of a title; the website's data catalogue has more files."
        raise KentstatsError(what, remedy)
    return found


def _withdrawn(data_set: Record) -> bool:
    return bool(data_set.get("status") == "Withdrawn")


def _line(data_set: Record) -> str:
    """Return identifier, title, latest version and status of a data set."""
    about = []
    if latest := data_set.get("latestVersion"):
        number = _check(latest, ("version",), f"data-sets/{data_set['id']}")["version"]
        periods = " to ".join(dict.fromkeys((latest.get("timePeriods") or {}).values()))
        about = [f"version {number}", periods, ", ".join(latest.get("geographicLevels") or [])]
    about += ["withdrawn"] if _withdrawn(data_set) else []
    return f"{data_set['id']}  {data_set['title']} ({'; '.join(filter(None, about))})"


def describe(client: Client, words: str) -> list[str]:
    """Return lines that list what a search finds, or a data set and its versions."""
    if data_set_id := _identifier(words):
        data_set = client.get(f"data-sets/{data_set_id}", "id", "title")
        return [_line(data_set), f"  versions: {_versions(client, data_set_id)}"]
    lines = []
    for title, data_sets in search(client, words):
        lines.append(title)
        lines += [f"  {_line(one)}" for one in data_sets] or ["  no data set in the API"]
    return lines


def _versions(client: Client, data_set_id: str) -> str:
    versions = client.pages(f"data-sets/{data_set_id}/versions", "version")
    return ", ".join(each["version"] for each in versions)


def metadata(client: Client, data_set_id: str, version: str) -> pd.DataFrame:
    """Return a table of the filters and indicators, as in the department's metadata files."""
    path = f"data-sets/{data_set_id}/meta"
    answer = client.get(path, dataSetVersion=version)
    rows = [
        {**_check(one, ("column",), path), "col_type": kind}
        for name, kind in (("filters", "Filter"), ("indicators", "Indicator"))
        for one in answer.get(name) or []  # an empty list is left out
    ]
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
    name = text.strip().lower()
    return name if re.fullmatch(GUID, name) else ""


def _find(client: Client, words: str) -> tuple[str, str]:
    """Return the identifier and the publication of the data set that some words mean."""
    if data_set_id := _identifier(words):
        return data_set_id, ""
    try:
        found = {
            one["id"]: (title, _line(one))
            for title, data_sets in search(client, words)
            for one in data_sets
            if not _withdrawn(one)
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
    path = f"data-sets/{data_set_id}"
    data_set = client.get(path, "id", "title")
    title, latest = data_set["title"], data_set.get("latestVersion")
    if newer := data_set.get("supersedingDataSetId"):
        client.notify(f"Data set {newer} takes the place of “{title}”.")
    try:
        if version != "*" or not latest:
            latest = client.get(f"{path}/versions/{version}", "version")
    except ParameterError:
        known = _versions(client, data_set_id)
        what = f"“{title}” has no version {version}."
        raise ParameterError(what, f"There is version {known}.") from None
    number = _check(latest, ("version",), path)["version"]
    csv = client.cache / data_set_id / f"v{number}.csv"
    if csv.exists():
        with contextlib.suppress(DamagedError):
            _read_origin(csv)
            return csv
        client.notify(f"The copy {csv} is damaged. It is downloaded again.")
    client.notify(f"Downloading “{title}”, version {number}.")
    path += "/csv"
    content = client.request(path, dataSetVersion=number)
    if content[:1] in {b"", b"<", b"{"}:
        raise KentstatsError(f"The answer to {path} is not a CSV file.", CHECK_PROXY)
    table = metadata(client, data_set_id, number)
    columns = table.to_csv(index=False, lineterminator="\n").encode()
    origin = {
        "url": f"{client.base_url}/v1/{path}?dataSetVersion={number}",
        "data_set_id": data_set_id,
        "version": number,
        "title": title,
        "publication": publication,
        "published": latest.get("published", ""),
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
    title = slug(_read_origin(csv)["title"])[:80].strip("-") or csv.parent.name
    target = folder / f"{title}_{csv.name}"
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
