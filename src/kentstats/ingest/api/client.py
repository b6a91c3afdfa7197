"""The client of the API: asks for data sets, and keeps what it downloads."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self, TypeVar

from kentstats.errors import KentstatsError, ParameterError
from kentstats.ingest.api import cache as store
from kentstats.ingest.api.answers import (
    DataSet,
    Publication,
    identifier,
    metadata_file,
    understood,
    version_asked,
    version_fits,
    version_number,
)
from kentstats.ingest.api.cache import Cache, DamagedError, Origin, Place
from kentstats.ingest.api.questions import Questions
from kentstats.ingest.api.transport import Transport, UnreachableError

DEFAULT = "https://api.education.gov.uk/statistics"
VARIABLE = "KENTSTATS_EES_URL"
_Found = TypeVar("_Found", DataSet, Origin)


class AbsentError(KentstatsError):
    """There is no copy of what is asked for."""


class Client(Questions):
    """A client of the API, with a cache of what it downloads.

    Parameters
    ----------
    base_url : str, optional
        Address of the API, without its version; by default what
        ``KENTSTATS_EES_URL`` says, or the department's.
    cache : pathlib.Path, optional
        Folder of the copies; by default
        :func:`kentstats.ingest.api.cache.default_folder`.
    offline : bool, default False
        Use copies and ask for nothing.
    timeout : float or (float, float), default (10, 60)
        Seconds to wait for the connection, and for each part of an answer.
    retries : int, default 4
        How many more attempts to make after a first that failed in passing.
    say : callable, optional
        Told in a line what the user should know: a copy used in place of the
        server, a warning of the server, a wait.
    sleep : callable, optional
        Waits so many seconds between attempts.
    first_wait : float, default 1
        The first such wait; the next doubles it, and each has jitter on top.

    Raises
    ------
    ParameterError
        The base address is no web address.

    Notes
    -----
    A question is asked again where the answer has the status 429, 502, 503
    or 504, or the connection fails. Where the server says how long to wait,
    that is waited, up to a minute. Redirects to another server are not
    followed.

    References
    ----------
    .. [1] Department for Education, explore education statistics API,
       https://api.education.gov.uk/statistics/docs

    Examples
    --------
    >>> with Client("https://example.org/statistics", offline=True) as client:
    ...     client.search("children looked after")
    Traceback (most recent call last):
    ...
    kentstats.errors.KentstatsError: This needs a connection. Ask without offline.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        cache: Path | None = None,
        offline: bool = False,
        timeout: float | tuple[float, float] = (10, 60),
        retries: int = 4,
        say: Callable[[str], object] = str,
        sleep: Callable[[float], None] = time.sleep,
        first_wait: float = 1.0,
    ) -> None:
        transport = Transport(
            base_url or os.environ.get(VARIABLE) or DEFAULT,
            timeout=timeout,
            retries=retries,
            say=say,
            sleep=sleep,
            first_wait=first_wait,
        )
        super().__init__(transport, offline=offline, say=say)
        self.cache = Cache(cache or store.default_folder(), transport.base_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def download(
        self, data_set_id: str, version: str | None = None, *, publication: str = ""
    ) -> Path:
        """Download a data set whole, or find the copy that is here.

        Beside the CSV file lie its metadata, ``.meta.csv``, and its origin,
        ``.json``. A version is downloaded once; later the copy is verified
        and used.

        Parameters
        ----------
        data_set_id : str
            Identifier of the data set.
        version : str, optional
            Its version, which may have wildcards (``2.*``); the latest by
            default.
        publication : str, optional
            Title of the publication, for the record.

        Returns
        -------
        pathlib.Path
            The CSV file in the cache.

        Raises
        ------
        ParameterError
            It is no GUID or version, or not known.
        UnreachableError
            The server gave no answer, and there is no copy.
        DamagedError
            The copy is damaged, and there is no connection to replace it.
        KentstatsError
            It has been withdrawn, there is no copy and is to be no
            connection, the answer is not understood, or the cache cannot be
            written.

        References
        ----------
        ``GET /v1/data-sets/{id}/csv``, ``/meta`` and ``/versions/{version}``.
        """
        return self._place(identifier(data_set_id), version, publication).csv

    def find(self, words: str) -> DataSet | Origin:
        """Find the one data set that words stand for.

        Parameters
        ----------
        words : str
            What to search for.

        Returns
        -------
        DataSet or Origin
            The latter where only the titles of the copies could be searched.

        Raises
        ------
        ParameterError
            There are several, which are listed; or the words are too short.
        UnreachableError
            The server gave no answer, and no copy's title has these words.
        KentstatsError
            There is none.
        """
        if self.offline:
            return _only(self._copies(words), words, "There is no copy of")
        try:
            found = self.search(words)
        except UnreachableError:
            copies = self._copies(words)
            if not copies:
                raise
            return _only(copies, words, "There is no copy of")
        return _only(available(found, words), words, "The API finds no data set for")

    def _place(self, data_set_id: str, version: str | None, publication: str) -> Place:
        exact = version_number(version_asked(version)) if version else ""
        if self.offline:
            return self._copy(data_set_id, version)
        if exact and (kept := self._kept(data_set_id, exact)):
            return kept
        try:
            data_set = self.data_set(data_set_id)
            number, published = self._meant(data_set_id, version, data_set)
        except UnreachableError as error:
            with contextlib.suppress(AbsentError):
                return self._copy(data_set_id, version, error.what)
            raise
        if number != exact and (kept := self._kept(data_set_id, number)):
            return kept
        place = self.cache.place(data_set_id, number)
        with (
            store.written(self.cache.root, f"Name another folder in {store.VARIABLE}."),
            self.cache.locked(data_set_id, self.say),
        ):
            # another process may have been quicker
            if not place.whole():
                self._download(place, data_set, number, published, publication)
        return place

    def _kept(self, data_set_id: str, number: str) -> Place | None:
        place = self.cache.place(data_set_id, number)
        try:
            return place if place.read() else None
        except DamagedError as error:
            self.say(f"{error.what} It is downloaded again.")
            return None

    def _copy(self, data_set_id: str, version: str | None, why: str = "") -> Place:
        """Find the newest copy of what is meant, without the server."""
        have = self.cache.versions(data_set_id)
        for number in (each for each in have if version_fits(each, version or "*")):
            place = self.cache.place(data_set_id, number)
            if origin := place.read():
                self.say(
                    f"{why} Using the copy of “{origin.title}”, version {number}, "
                    f"downloaded on {origin.fetched_at[:10]}.".strip()
                )
                return place
        what = f"version {version} of data set" if version else "data set"
        raise AbsentError(
            f"There is no copy of {what} {data_set_id}.",
            f"There is version {', '.join(have)}." if have else "Download it with a connection.",
        )

    def _copies(self, words: str) -> list[Origin]:
        return [
            origin
            for origin in self.cache.origins()
            if all(
                word in f"{origin.publication} {origin.title}".casefold()
                for word in words.casefold().split()
            )
        ]

    def _download(
        self, place: Place, data_set: DataSet, number: str, published: str, publication: str
    ) -> None:
        name, ours = place.folder.name, f"“{data_set.title}”"
        if data_set.superseded_by:
            self.say(f"Data set {data_set.superseded_by} takes the place of {ours}.")
        self.say(f"Downloading {ours}, version {number}.")
        with understood():
            metadata = metadata_file(self.meta(name, number))
        aside = place.folder / f".{place.name}.csv.part"
        try:
            with self._explained(name, number):
                url, size, sha256 = self._transport.save(
                    f"/v1/data-sets/{name}/csv", aside, params={"dataSetVersion": number}
                )
            origin = Origin(
                url=url,
                data_set_id=name,
                version=number,
                title=data_set.title,
                publication=publication,
                published=published,
                fetched_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                size=size,
                sha256=sha256,
                meta_sha256=hashlib.sha256(metadata).hexdigest(),
            )
            store.keep(place, aside, metadata, origin)
        finally:
            aside.unlink(missing_ok=True)


def available(found: Sequence[Publication], words: str) -> list[DataSet]:
    """Give the data sets that a search found and that can be had.

    Parameters
    ----------
    found : sequence of Publication
        What the search found.
    words : str
        What was searched for.

    Returns
    -------
    list of DataSet

    Raises
    ------
    KentstatsError
        There is none.
    """
    sets = [each for one in found for each in one.data_sets if each.status != "Withdrawn"]
    if found and not sets:
        raise KentstatsError(
            f"The API has no data set of {', '.join(f'“{one.title}”' for one in found)}.",
            "The data catalogue of explore education statistics may have the files.",
        )
    if not found:
        raise KentstatsError(
            f"No publication matches “{words}”.",
            "Search with fewer words, or with others of the publication's title.",
        )
    return sets


def _only(found: list[_Found], words: str, none: str) -> _Found:
    if not found:
        raise KentstatsError(f"{none} “{words}”.", "Search with fewer words, or with others.")
    if len(found) > 1:
        listed = "".join(f"\n  {each}" for each in found)
        raise ParameterError(
            f"“{words}” finds {len(found)} data sets:{listed}\n", "Give the identifier of one."
        )
    return found[0]
