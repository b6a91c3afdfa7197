"""Checksums of files and of values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def checksum(path: Path) -> str:
    """Compute the SHA-256 of a file.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checksums(folder: Path) -> dict[str, str]:
    """Compute the SHA-256 of each file of a folder, by name.

    Parameters
    ----------
    folder : pathlib.Path
        That of a report or of an edition of official statistics.

    Returns
    -------
    dict of str to str
        In the order of the names.
    """
    return {path.name: checksum(path) for path in sorted(folder.iterdir()) if path.is_file()}


def fingerprint(values: Mapping[str, Any]) -> str:
    """Compute one checksum over values by name, whatever their order.

    Parameters
    ----------
    values : mapping of str to object
        Anything that JSON can hold.

    Returns
    -------
    str
        64 hexadecimal digits.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
