"""A store that the workers of a cluster share: any place that fsspec has an address for."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kentstats.errors import KentstatsError


class Store:
    """A folder at an address.

    Parameters
    ----------
    url : str
        Its address, such as ``s3://bucket/briefings`` or ``file:///mnt/share``.

    Raises
    ------
    KentstatsError
        fsspec is not installed, or knows no such address.
    """

    def __init__(self, url: str) -> None:
        try:
            from fsspec.core import url_to_fs
            from fsspec.implementations.local import LocalFileSystem
        except ImportError:
            raise KentstatsError(
                "fsspec is not installed, which a store needs.",
                "pip install 'kentstats[cluster]'",
            ) from None
        try:
            self._files, root = url_to_fs(url)
        except (ImportError, ValueError, OSError) as error:
            raise KentstatsError(
                f"The store {url} cannot be used: {error}",
                "Give an address that fsspec knows, such as s3://bucket/briefings.",
            ) from None
        self.url, self._root = url, str(root).rstrip("/")
        # elsewhere a file is there whole or not at all
        self._renames = isinstance(self._files, LocalFileSystem)
        self._listed: dict[str, dict[str, int]] = {}

    def put(self, name: str, content: bytes) -> str:
        """Write a file, under another name first where it might be seen half written.

        Returns
        -------
        str
            Its address.
        """
        path = f"{self._root}/{name}"
        folder, _, leaf = path.rpartition("/")
        self._files.makedirs(folder, exist_ok=True)
        if not self._renames:
            self._files.pipe_file(path, content)
            return f"{self.url.rstrip('/')}/{name}"
        aside = f"{folder}/.{leaf}-{secrets.token_hex(4)}"
        try:
            self._files.pipe_file(aside, content)
            self._files.mv(aside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                self._files.rm_file(aside)
            raise
        return f"{self.url.rstrip('/')}/{name}"

    def has(self, name: str) -> bool:
        """Tell whether there is such a file."""
        return bool(self._files.isfile(f"{self._root}/{name}"))

    def remove(self, name: str) -> None:
        """Delete a file."""
        self._files.rm_file(f"{self._root}/{name}")

    def faults(self, files: Mapping[str, Mapping[str, Any]], folder: Path) -> list[str]:
        """Say which files of an authority are missing, or are of another size.

        What there is of an edition is listed once; nothing is read.

        Parameters
        ----------
        files : mapping of str to mapping
            ``size`` of each file.
        folder : pathlib.Path
            ``EDITION/AUTHORITY`` below any folder.
        """
        edition = folder.parent.name
        if edition not in self._listed:
            place = f"{self._root}/{edition}"
            found = self._files.find(place, detail=True)
            self._listed[edition] = {
                path.removeprefix(f"{place}/"): int(about["size"]) for path, about in found.items()
            }
        sizes = {name: self._listed[edition].get(f"{folder.name}/{name}") for name in files}
        if not any(size is not None for size in sizes.values()):
            return ["it is not in the store"]
        return [
            f"{name} {'is missing' if size is None else 'was changed'}"
            for name, size in sizes.items()
            if size != files[name]["size"]
        ]
