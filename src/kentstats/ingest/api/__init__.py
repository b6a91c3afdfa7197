"""Data sets of the Department for Education, from its public API.

Nothing is asked for until a function here is called. What is downloaded is
kept, with its origin and checksum, and serves again where there is no
connection. No identifier of a data set is written down anywhere: they are
found by searching.

References
----------
.. [1] Department for Education, explore education statistics API,
   https://api.education.gov.uk/statistics/docs
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from kentstats.errors import KentstatsError
from kentstats.ingest.api import cache
from kentstats.ingest.api.answers import (
    DataSet,
    Publication,
    Version,
    is_identifier,
    version_asked,
)
from kentstats.ingest.api.cache import Place
from kentstats.ingest.api.client import Client, available
from kentstats.project import checksum

__all__ = ["Client", "DataSet", "Publication", "Version", "command", "fetch"]


def fetch(
    terms_or_id: str,
    *,
    into: Path | None = None,
    version: str | None = None,
    client: Client | None = None,
) -> list[Path]:
    """Fetch one data set, named by its identifier or found by words.

    Parameters
    ----------
    terms_or_id : str
        The identifier of a data set, or words to search for.
    into : pathlib.Path, optional
        Folder to put the files in, named after the title and version of the
        data set; they stay in the cache by default.
    version : str, optional
        The version, which may have wildcards (``2.*``); the latest by
        default.
    client : Client, optional
        Whom to ask; a client of its own by default.

    Returns
    -------
    list of pathlib.Path
        The data, their metadata and their origin: ``NAME.csv``,
        ``NAME.meta.csv`` and ``NAME.json``.

    Raises
    ------
    ParameterError
        The words find several data sets, which are listed with their
        identifiers; or what is asked for is not known.
    UnreachableError
        The server gave no answer, and there is no copy.
    KentstatsError
        The words find none; another file has the name; or what
        :meth:`Client.download` raises.

    References
    ----------
    .. [1] Department for Education, explore education statistics API,
       https://api.education.gov.uk/statistics/docs
    """
    if client is None:
        with Client() as own:
            return fetch(terms_or_id, into=into, version=version, client=own)
    publication = ""
    data_set_id = terms_or_id
    if not is_identifier(terms_or_id):
        if version:
            version_asked(version)
        found = client.find(terms_or_id)
        data_set_id = found.id if isinstance(found, DataSet) else found.data_set_id
        publication = found.publication
    csv = client.download(data_set_id, version, publication=publication)
    place = Place(csv.parent, csv.stem)
    return place.files if into is None else _hand_out(place, into)


def command(
    terms: str | Sequence[str],
    *,
    search_only: bool = False,
    version: str | None = None,
    into: Path | None = None,
    offline: bool = False,
    base_url: str | None = None,
    say: Callable[[str], object] = str,
) -> list[str]:
    """Do what the command ``kentstats fetch`` does.

    Parameters
    ----------
    terms : str or sequence of str
        The identifier of a data set, or words to search for.
    search_only : bool, default False
        List what is found, and download nothing.
    version, into
        As for :func:`fetch`.
    offline, base_url, say
        As for :class:`Client`.

    Returns
    -------
    list of str
        The lines to print: the files, or what was found.

    Raises
    ------
    ParameterError
        As for :func:`fetch`.
    UnreachableError
        As for :func:`fetch`.
    KentstatsError
        As for :func:`fetch`.

    References
    ----------
    .. [1] Department for Education, explore education statistics API,
       https://api.education.gov.uk/statistics/docs
    """
    asked = terms if isinstance(terms, str) else " ".join(terms)
    with Client(base_url, offline=offline, say=say) as client:
        if not search_only:
            return [str(path) for path in fetch(asked, into=into, version=version, client=client)]
        if is_identifier(asked):
            numbers = ", ".join(each.number for each in client.versions(asked))
            return [str(client.data_set(asked)), f"  versions: {numbers}"]
        found = client.search(asked)
        available(found, asked)
    lines = []
    for publication in found:
        lines.append(publication.title)
        lines += [f"  {each}" for each in publication.data_sets] or ["  no data set in the API"]
    return lines


def _hand_out(place: Place, into: Path) -> list[Path]:
    origin = place.read()
    title = origin.title if origin else ""
    slug = re.sub(r"[^a-z0-9]+", "-", title.casefold())[:80].strip("-") or place.folder.name
    given = Place(into, f"{slug}_{place.name}")
    with cache.written(into, "Name another folder."):
        into.mkdir(parents=True, exist_ok=True)
        for source, target in zip(place.files[:2], given.files[:2], strict=True):
            # a data set of the same title, or a file that someone has changed
            if target.exists() and checksum(target) != checksum(source):
                raise KentstatsError(
                    f"{target} is there, and is another file.",
                    "Move it away, or name another folder.",
                )
        for source, target in zip(place.files, given.files, strict=True):
            cache.copy(source, target)
    return given.files
