"""Questions to the API of explore education statistics, and its answers.

References
----------
.. [1] Department for Education, explore education statistics API,
   https://api.education.gov.uk/statistics/docs
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kentstats.errors import KentstatsError, ParameterError
from kentstats.ingest.api.answers import (
    DataSet,
    Publication,
    Version,
    identifier,
    understood,
    version_asked,
    version_number,
)
from kentstats.ingest.api.transport import StatusError, Transport


class Questions:
    """What can be asked of the API.

    Parameters
    ----------
    transport : Transport
        The connection.
    offline : bool
        Ask for nothing.
    say : callable
        Told each warning of the server.
    """

    def __init__(
        self, transport: Transport, *, offline: bool, say: Callable[[str], object]
    ) -> None:
        self.offline = offline
        self.say = say
        self._transport = transport

    def search(self, text: str) -> list[Publication]:
        """Search publications, and list the data sets of each.

        Parameters
        ----------
        text : str
            At least three characters.

        Returns
        -------
        list of Publication
            In the order of the server; empty where nothing matches.

        Raises
        ------
        ParameterError
            The text is too short.
        UnreachableError
            The server gave no answer.
        KentstatsError
            There is to be no connection, or the answer is not understood.

        References
        ----------
        ``GET /v1/publications`` and ``GET /v1/publications/{id}/data-sets``.
        """
        text = " ".join(text.split())
        if len(text) < 3:
            raise ParameterError(
                f"“{text}” is too short to search for.", "Give at least three characters."
            )
        self._connected()
        found = []
        with understood():
            for entry in list(self._pages("/v1/publications", 40, search=text)):
                path = f"/v1/publications/{identifier(entry['id'])}/data-sets"
                sets = [DataSet.read(each, entry["title"]) for each in self._pages(path, 20)]
                found.append(Publication.read(entry, tuple(sets)))
        return found

    def data_set(self, data_set_id: str) -> DataSet:
        """Describe a data set in its latest version.

        Parameters
        ----------
        data_set_id : str
            Its identifier, a GUID.

        Returns
        -------
        DataSet

        Raises
        ------
        ParameterError
            It is no GUID, or not known.
        UnreachableError
            The server gave no answer.
        KentstatsError
            The data set has been withdrawn, there is to be no connection, or
            the answer is not understood.

        References
        ----------
        ``GET /v1/data-sets/{id}``.
        """
        with understood():
            return DataSet.read(self._ask(data_set_id))

    def meta(self, data_set_id: str, version: str | None = None) -> dict[str, Any]:
        """Say what its columns, filter options, places and periods are.

        Parameters
        ----------
        data_set_id : str
            Identifier of the data set.
        version : str, optional
            Its version, which may have wildcards (``2.*``); the latest by
            default.

        Returns
        -------
        dict
            ``filters``, ``indicators``, ``geographicLevels``, ``locations``
            and ``timePeriods``, as the API describes them.

        Raises
        ------
        ParameterError
            It is no GUID or version, or not known.
        UnreachableError
            The server gave no answer.
        KentstatsError
            It has been withdrawn, there is to be no connection, or the answer
            is not understood.

        References
        ----------
        ``GET /v1/data-sets/{id}/meta``.
        """
        with understood():
            return dict(self._ask(data_set_id, "/meta", version=version))

    def versions(self, data_set_id: str) -> list[Version]:
        """List the versions of a data set.

        Parameters
        ----------
        data_set_id : str
            Its identifier.

        Returns
        -------
        list of Version
            In the order of the server.

        Raises
        ------
        ParameterError
            It is no GUID, or not known.
        UnreachableError
            The server gave no answer.
        KentstatsError
            It has been withdrawn, there is to be no connection, or the answer
            is not understood.

        References
        ----------
        ``GET /v1/data-sets/{id}/versions``.
        """
        path = f"/v1/data-sets/{identifier(data_set_id)}/versions"
        self._connected()
        with self._explained(data_set_id), understood():
            return [Version.read(entry) for entry in self._pages(path, 20)]

    def version(self, data_set_id: str, version: str) -> Version:
        """Describe a version.

        Parameters
        ----------
        data_set_id : str
            Identifier of the data set.
        version : str
            The version, which may have wildcards: the last that they fit.

        Returns
        -------
        Version

        Raises
        ------
        ParameterError
            It is no GUID or version, or not known.
        UnreachableError
            The server gave no answer.
        KentstatsError
            It has been withdrawn, there is to be no connection, or the answer
            is not understood.

        References
        ----------
        ``GET /v1/data-sets/{id}/versions/{version}``.
        """
        path = f"/versions/{version_asked(version)}"
        with understood():
            return Version.read(self._ask(data_set_id, path, told=version))

    def changes(self, data_set_id: str, version: str) -> dict[str, Any]:
        """Say what a version changed.

        Parameters
        ----------
        data_set_id : str
            Identifier of the data set.
        version : str
            Its version.

        Returns
        -------
        dict
            ``majorChanges`` (after which an earlier query may fail) and
            ``minorChanges``, as the API describes them.

        Raises
        ------
        ParameterError
            It is no GUID or version, or not known.
        UnreachableError
            The server gave no answer.
        KentstatsError
            It has been withdrawn, there is to be no connection, or the answer
            is not understood.

        References
        ----------
        ``GET /v1/data-sets/{id}/versions/{version}/changes``.
        """
        path = f"/versions/{version_asked(version)}/changes"
        with understood():
            return dict(self._ask(data_set_id, path, told=version))

    def query(
        self,
        data_set_id: str,
        body: Mapping[str, Any] | None = None,
        *,
        version: str | None = None,
        page_size: int = 10_000,
    ) -> list[dict[str, Any]]:
        """Ask for rows, all pages of them.

        Parameters
        ----------
        data_set_id : str
            Identifier of the data set.
        body : mapping, optional
            The query: ``criteria``, ``indicators``, ``sorts``, ``debug``; all
            rows by default. Page and page size are set here.
        version : str, optional
            The version; by default the latest when the first page is asked
            for, and the same for the others.
        page_size : int, default 10000
            Rows to ask for at once, at most 10000.

        Returns
        -------
        list of dict
            The rows. Every value is text, as the publisher wrote it: numbers,
            and symbols where there is none.

        Raises
        ------
        ParameterError
            It is no GUID or version, or not known; or the query has faults,
            all of which are named.
        UnreachableError
            The server gave no answer.
        KentstatsError
            It has been withdrawn, there is to be no connection, the answer is
            not understood, or its pages do not add up.

        References
        ----------
        ``POST /v1/data-sets/{id}/query``.
        """
        exact = version_number(version_asked(version)) if version else ""
        number = exact or self._meant(data_set_id, version)[0]
        rows: list[dict[str, Any]] = []
        warnings: dict[str, None] = {}
        page = pages = 1
        total = 0
        with understood():
            while page <= pages:
                asked = {**(body or {}), "page": page, "pageSize": page_size}
                answer = self._ask(data_set_id, "/query", version=number, body=asked)
                rows += answer["results"]
                pages, total = answer["paging"]["totalPages"], answer["paging"]["totalResults"]
                for warning in answer.get("warnings") or []:
                    warnings[f"{warning['message']} ({warning['code']})"] = None
                page += 1
        for line in warnings:
            self.say(line)
        if len(rows) != total:
            raise KentstatsError(
                f"The server announced {total} rows and sent {len(rows)}.", "Ask again."
            )
        return rows

    def _connected(self) -> None:
        if self.offline:
            raise KentstatsError("This needs a connection.", "Ask without offline.")

    def _ask(
        self,
        data_set_id: str,
        path: str = "",
        *,
        version: str | None = None,
        told: str | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        url = f"/v1/data-sets/{identifier(data_set_id)}{path}"
        params = {"dataSetVersion": version_asked(version)} if version else None
        self._connected()
        with self._explained(data_set_id, version or told):
            return self._transport.json(
                "GET" if body is None else "POST", url, params=params, body=body
            )

    def _pages(self, path: str, size: int, **params: str) -> Iterator[dict[str, Any]]:
        page = pages = 1
        while page <= pages:
            answer = self._transport.json(
                "GET", path, params={**params, "page": page, "pageSize": size}
            )
            yield from answer["results"]
            pages = int(answer["paging"]["totalPages"])
            page += 1

    def _meant(
        self, data_set_id: str, version: str | None, data_set: DataSet | None = None
    ) -> tuple[str, str]:
        """Ask which version is meant: its number, and when it was published."""
        if version and version != "*":
            one = self.version(data_set_id, version)
            number, published = version_number(one.number), one.published
        else:
            latest = data_set or self.data_set(data_set_id)
            number, published = version_number(latest.version), latest.published
        if not number:
            raise KentstatsError(
                f"The API names no version of data set {data_set_id} that can be had.",
                "Look at its versions, and give one.",
            )
        return number, published

    @contextlib.contextmanager
    def _explained(self, data_set_id: str, version: str | None = None) -> Iterator[None]:
        """Say what a refusal means for a data set."""
        what = f"version {version} of data set" if version else "data set"
        what = f"{what} {data_set_id}"
        try:
            yield
        except StatusError as error:
            if error.status == 403:
                raise KentstatsError(
                    f"The publisher has withdrawn {what}, or does not let it be had.",
                    self._instead(data_set_id),
                ) from None
            if error.status == 404:
                raise ParameterError(
                    f"The API knows no {what}.", self._known(data_set_id, version)
                ) from None
            raise

    def _instead(self, data_set_id: str) -> str:
        with contextlib.suppress(KentstatsError), understood():
            found = DataSet.read(
                self._transport.json("GET", f"/v1/data-sets/{identifier(data_set_id)}")
            )
            if found.superseded_by:
                return f"Data set {found.superseded_by} takes its place."
            if found.version and found.status != "Withdrawn":
                return f"Its latest version is {found.version}."
        return "Search for a data set that takes its place, or ask the publisher."

    def _known(self, data_set_id: str, version: str | None) -> str:
        if version:
            path = f"/v1/data-sets/{identifier(data_set_id)}/versions"
            with contextlib.suppress(KentstatsError), understood():
                numbers = [Version.read(entry).number for entry in self._pages(path, 20)]
                return f"There is version {', '.join(numbers)}."
        return "Search for it by words of its publication's title; a search lists identifiers."
