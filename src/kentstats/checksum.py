"""Checksums of files."""

from __future__ import annotations

import hashlib
from pathlib import Path


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
