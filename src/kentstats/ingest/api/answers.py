"""What the API of explore education statistics says of data sets, as plain values."""

from __future__ import annotations

import contextlib
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kentstats.errors import KentstatsError, ParameterError

METADATA = (
    "col_name",
    "col_type",
    "label",
    "indicator_grouping",
    "indicator_unit",
    "indicator_dp",
    "filter_hint",
    "filter_grouping_column",
)
"""The columns of a metadata file, as the department publishes them beside its CSV files."""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VERSION = re.compile(r"\*|[0-9]+(\.([0-9]+|\*)){0,2}")


@dataclass(frozen=True)
class DataSet:
    """A data set, in its latest version.

    Attributes
    ----------
    id, title, summary : str
        Which it is.
    status : str
        ``Published``, ``Deprecated`` or ``Withdrawn``.
    superseded_by : str
        Identifier of the data set that takes its place; empty where none does.
    version, published : str
        Number of the latest version, and when it was published.
    rows : int
        How many rows it has.
    start, end : str
        First and last period.
    geographic_levels, filters, indicators : tuple of str
        What it has figures for, as labels.
    publication : str
        Title of the publication; empty where the API did not say.
    """

    id: str
    title: str
    summary: str
    status: str
    superseded_by: str
    version: str
    published: str
    rows: int
    start: str
    end: str
    geographic_levels: tuple[str, ...]
    filters: tuple[str, ...]
    indicators: tuple[str, ...]
    publication: str = ""

    @classmethod
    def read(cls, entry: Mapping[str, Any], publication: str = "") -> DataSet:
        """Read it from an answer of the API, which leaves out what is empty.

        Parameters
        ----------
        entry : mapping
            The answer.
        publication : str, optional
            Title of the publication.

        Returns
        -------
        DataSet
        """
        latest = entry.get("latestVersion") or {}
        periods = latest.get("timePeriods") or {}
        return cls(
            id=str(entry["id"]),
            title=str(entry["title"]),
            summary=str(entry.get("summary", "")),
            status=str(entry.get("status", "")),
            superseded_by=str(entry.get("supersedingDataSetId") or ""),
            version=str(latest.get("version", "")),
            published=str(latest.get("published", "")),
            rows=int(latest.get("totalResults", 0)),
            start=str(periods.get("start", "")),
            end=str(periods.get("end", "")),
            geographic_levels=tuple(map(str, latest.get("geographicLevels", ()))),
            filters=tuple(map(str, latest.get("filters", ()))),
            indicators=tuple(map(str, latest.get("indicators", ()))),
            publication=publication,
        )

    def __str__(self) -> str:
        periods = f"{self.start} to {self.end}" if self.start != self.end else self.start
        about = [f"version {self.version}", periods, ", ".join(self.geographic_levels)]
        if self.status not in {"", "Published"}:
            about.append(self.status.lower())
        return f"{self.id}  {self.title} ({'; '.join(filter(None, about))})"


@dataclass(frozen=True)
class Publication:
    """A publication, with its data sets.

    Attributes
    ----------
    id, title, slug, summary, published : str
        Which it is, and when it was last published.
    data_sets : tuple of DataSet
        Those of its files that the API has; a publication may have more.
    """

    id: str
    title: str
    slug: str
    summary: str
    published: str
    data_sets: tuple[DataSet, ...]

    @classmethod
    def read(cls, entry: Mapping[str, Any], data_sets: tuple[DataSet, ...]) -> Publication:
        """Read it from an answer of the API.

        Parameters
        ----------
        entry : mapping
            The answer.
        data_sets : tuple of DataSet
            Its data sets.

        Returns
        -------
        Publication
        """
        return cls(
            id=str(entry["id"]),
            title=str(entry["title"]),
            slug=str(entry.get("slug", "")),
            summary=str(entry.get("summary", "")),
            published=str(entry.get("lastPublished", "")),
            data_sets=data_sets,
        )


@dataclass(frozen=True)
class Version:
    """A version of a data set.

    Attributes
    ----------
    number : str
        Such as 2.0.
    type : str
        ``Major``, ``Minor`` or ``Patch``.
    status : str
        ``Published``, ``Deprecated`` or ``Withdrawn``.
    published, withdrawn : str
        When; empty where it is not.
    notes, release : str
        What the publisher says of it, and the release it belongs to.
    """

    number: str
    type: str
    status: str
    published: str
    withdrawn: str
    notes: str
    release: str

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Version:
        """Read it from an answer of the API.

        Parameters
        ----------
        entry : mapping
            The answer.

        Returns
        -------
        Version
        """
        return cls(
            number=str(entry["version"]),
            type=str(entry.get("type", "")),
            status=str(entry.get("status", "")),
            published=str(entry.get("published", "")),
            withdrawn=str(entry.get("withdrawn", "")),
            notes=str(entry.get("notes", "")),
            release=str((entry.get("release") or {}).get("title", "")),
        )


def metadata_file(meta: Mapping[str, Any]) -> bytes:
    """Write metadata as the CSV file that the department publishes beside its data.

    Parameters
    ----------
    meta : mapping
        An answer of the API, with ``filters`` and ``indicators``.

    Returns
    -------
    bytes
        A header and one line a column. The API does not say how columns are
        grouped; these cells are empty.

    Examples
    --------
    >>> rate = {"column": "rate", "label": "Rate", "unit": "%", "decimalPlaces": 1}
    >>> print(metadata_file({"indicators": [rate]}).decode().splitlines()[1])
    rate,Indicator,Rate,,%,1,,
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, METADATA, restval="", lineterminator="\n")
    writer.writeheader()
    for one in meta.get("filters") or []:
        row = {"col_name": one["column"], "col_type": "Filter", "label": one.get("label", "")}
        writer.writerow({**row, "filter_hint": one.get("hint") or ""})
    for one in meta.get("indicators") or []:
        row = {"col_name": one["column"], "col_type": "Indicator", "label": one.get("label", "")}
        unit, places = one.get("unit") or "", one.get("decimalPlaces", "")
        writer.writerow({**row, "indicator_unit": unit, "indicator_dp": places})
    return text.getvalue().encode()


def is_identifier(text: str) -> bool:
    """Say whether a text is a GUID, as identifiers of data sets are.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    bool
    """
    return bool(_GUID.fullmatch(text.strip().lower()))


def identifier(text: str) -> str:
    """Check an identifier before it goes into an address or a path.

    Parameters
    ----------
    text : str
        A GUID.

    Returns
    -------
    str
        The same in small letters.

    Raises
    ------
    ParameterError
        It is none.

    Examples
    --------
    >>> identifier("0A1B2C3D-0000-4000-8000-0123456789AB")
    '0a1b2c3d-0000-4000-8000-0123456789ab'
    """
    if not is_identifier(text):
        raise ParameterError(
            f"“{text}” is no identifier of a data set.",
            "Give one such as 0a1b2c3d-0000-4000-8000-0123456789ab; a search lists them.",
        )
    return text.strip().lower()


def version_asked(text: str) -> str:
    """Check a version before it goes into an address.

    Parameters
    ----------
    text : str
        Numbers, of which a later one may be a wildcard; or a wildcard alone.

    Returns
    -------
    str
        The same.

    Raises
    ------
    ParameterError
        It is none.
    """
    if not _VERSION.fullmatch(text):
        raise ParameterError(
            f"“{text}” is no version.", "Give one such as 2.0, 2.* for the last of 2, or *."
        )
    return text


def version_number(text: str) -> str:
    """Write a version in full, and without the third number where it is nought.

    Parameters
    ----------
    text : str
        A version.

    Returns
    -------
    str
        Empty where it has wildcards, or is none.

    Examples
    --------
    >>> version_number("1"), version_number("1.0.0"), version_number("2.1.3")
    ('1.0', '1.0', '2.1.3')
    >>> version_number("2.*")
    ''
    """
    if not _VERSION.fullmatch(text) or "*" in text:
        return ""
    parts = [str(int(part)) for part in text.split(".")]
    parts += ["0"] * (2 - len(parts))
    return ".".join(parts[:2] if parts[2:] == ["0"] else parts)


def version_fits(number: str, asked: str) -> bool:
    """Say whether a version is one that is asked for.

    Parameters
    ----------
    number : str
        A version in full.
    asked : str
        A version that may have wildcards.

    Returns
    -------
    bool

    Examples
    --------
    >>> [number for number in ("1.9", "2.0", "2.1.3") if version_fits(number, "2.*")]
    ['2.0', '2.1.3']
    """
    if asked.endswith("*"):
        return f"{number}.".startswith(asked.removesuffix("*"))
    return number == version_number(asked)


@contextlib.contextmanager
def understood() -> Iterator[None]:
    """Tell an answer that is not shaped as the API's description says.

    Yields
    ------
    None

    Raises
    ------
    KentstatsError
        What is read in this block lacks something.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise KentstatsError(
            f"An answer of the API is not as its description says ({error!r}).",
            "See that the base address is right; the API may have changed.",
        ) from error
