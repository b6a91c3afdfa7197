"""What was downloaded once: kept with its origin and checksum, verified when read.

A data set is three files side by side: ``v2.0.csv``, ``v2.0.meta.csv`` and
``v2.0.json``, which says where they come from. The last is written last, so
that a download which stopped half way has left nothing that would be taken
for a data set.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from kentstats.errors import KentstatsError
from kentstats.project import checksum

VARIABLE = "KENTSTATS_CACHE"
LICENCE = "Open Government Licence v3.0"
ATTRIBUTION = f"Contains public sector information licensed under the {LICENCE}."
_NUMBER = re.compile(r"\d+\.\d+(\.\d+)?")


class DamagedError(KentstatsError):
    """A copy in the cache that is not what was downloaded."""

    exit_code = 3


def default_folder() -> Path:
    """Name the folder that downloads are kept in.

    Returns
    -------
    pathlib.Path
        ``KENTSTATS_CACHE`` where it is set; else ``kentstats`` in
        ``%LOCALAPPDATA%`` on Windows, and elsewhere in ``XDG_CACHE_HOME`` or
        ``~/.cache``. The folder need not be there.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    variable = "LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME"
    base = Path(os.environ.get(variable) or ".")
    # a relative XDG_CACHE_HOME is to be ignored, says its specification
    return (base if base.is_absolute() else Path.home() / ".cache") / "kentstats"


def order(number: str) -> tuple[int, ...]:
    """Give what versions are sorted by: 2.10 comes after 2.9.

    Parameters
    ----------
    number : str
        A version without wildcards.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> max(["2.9", "2.10", "1.0"], key=order)
    '2.10'
    """
    return tuple(int(part) for part in number.split("."))


@dataclass(frozen=True)
class Origin:
    """Where a copy comes from, as its JSON file says it.

    Attributes
    ----------
    url : str
        The address it was downloaded from.
    data_set_id, version, title, publication : str
        What it is. ``publication`` is empty where the data set was asked for
        by its identifier, for the API does not name it then.
    published, fetched_at : str
        When the version was published, and when it was downloaded (UTC).
    size : int
        Length of the CSV file in bytes.
    sha256, meta_sha256 : str
        Checksums of the CSV file and of the one with its metadata.
    licence, attribution : str
        The terms, and the words that they ask to be printed.
    """

    url: str
    data_set_id: str
    version: str
    title: str
    publication: str
    published: str
    fetched_at: str
    size: int
    sha256: str
    meta_sha256: str
    licence: str = LICENCE
    attribution: str = ATTRIBUTION

    def __str__(self) -> str:
        return f"{self.data_set_id}  {self.title} (version {self.version})"


@dataclass(frozen=True)
class Place:
    """The files of one version of one data set.

    Attributes
    ----------
    folder : pathlib.Path
        Where they are.
    name : str
        What their names begin with.
    """

    folder: Path
    name: str

    @property
    def csv(self) -> Path:
        """The data."""
        return self.folder / f"{self.name}.csv"

    @property
    def metadata(self) -> Path:
        """Labels and units of its columns."""
        return self.folder / f"{self.name}.meta.csv"

    @property
    def origin(self) -> Path:
        """Where it comes from."""
        return self.folder / f"{self.name}.json"

    @property
    def files(self) -> list[Path]:
        """All three, the one that vouches for the others last."""
        return [self.csv, self.metadata, self.origin]

    def read(self) -> Origin | None:
        """Read where the copy comes from, and verify the copy.

        Returns
        -------
        Origin or None
            None where there is no copy.

        Raises
        ------
        DamagedError
            A file is missing, cannot be read, or is not what was downloaded.
        """
        if not self.origin.exists():
            return None
        try:
            origin = self._read_origin()
            found = checksum(self.csv), checksum(self.metadata)
        except OSError as error:
            raise self._damaged(f"cannot be read: {error.strerror}") from None
        if found != (origin.sha256, origin.meta_sha256):
            raise self._damaged("has changed since it was downloaded: its checksum differs")
        return origin

    def whole(self) -> bool:
        """Say whether there is a copy, as it was downloaded.

        Returns
        -------
        bool
        """
        try:
            return self.read() is not None
        except DamagedError:
            return False

    def _read_origin(self) -> Origin:
        try:
            entry = json.loads(self.origin.read_text(encoding="utf-8"))
            origin = Origin(**entry)
        except (ValueError, TypeError):
            raise self._damaged("has lost its description: the JSON file is broken") from None
        if any(type(getattr(origin, f.name)).__name__ != f.type for f in fields(Origin)):
            raise self._damaged("has lost its description: the JSON file is broken")
        return origin

    def _damaged(self, how: str) -> DamagedError:
        return DamagedError(f"The copy {self.csv} {how}.", "Download it again, with a connection.")


class Cache:
    """Copies of the data sets of one server.

    Parameters
    ----------
    folder : pathlib.Path
        Where every server's copies are kept; made when it is needed.
    base_url : str
        The server; another server's data set of the same identifier is
        another data set.
    """

    def __init__(self, folder: Path, base_url: str) -> None:
        where = urlsplit(base_url)
        name = re.sub(r"[^A-Za-z0-9.]+", "-", where.netloc + where.path)[:60]
        self.root = folder / f"{name}-{hashlib.sha256(base_url.encode()).hexdigest()[:8]}"

    def place(self, data_set_id: str, number: str) -> Place:
        """Name the files of a version.

        Parameters
        ----------
        data_set_id : str
            Identifier of the data set.
        number : str
            The version, without wildcards.

        Returns
        -------
        Place
            Where the files are, or would be.
        """
        return Place(self.root / data_set_id, f"v{number}")

    def versions(self, data_set_id: str) -> list[str]:
        """List the versions that are here, not verified.

        Parameters
        ----------
        data_set_id : str
            Identifier of the data set.

        Returns
        -------
        list of str
            Newest first.
        """
        names = [path.stem[1:] for path in (self.root / data_set_id).glob("v*.json")]
        return sorted(filter(_NUMBER.fullmatch, names), key=order, reverse=True)

    def origins(self) -> list[Origin]:
        """Say what is here: the newest copy of each data set that is whole.

        Returns
        -------
        list of Origin
        """
        found: list[Origin] = []
        for folder in sorted(self.root.glob("*")):
            for number in self.versions(folder.name)[:1]:
                with contextlib.suppress(DamagedError):
                    found += filter(None, [self.place(folder.name, number).read()])
        return found

    @contextlib.contextmanager
    def locked(self, data_set_id: str, say: Callable[[str], object] = str) -> Iterator[None]:
        """Let one process at a time download a data set.

        Parameters
        ----------
        data_set_id : str
            Identifier of the data set.
        say : callable, optional
            Told when another process has to be waited for.

        Yields
        ------
        None

        Notes
        -----
        The system opens the lock of a process that ends, however it ends. The
        empty file stays: to remove it would let two processes hold two locks.
        """
        folder = self.root / data_set_id
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("ab") as file:
            told = False
            while not _lock(file.fileno()):
                if not told:
                    say("Another process is downloading the same data set; waiting for it.")
                    told = True
                time.sleep(0.05)
            try:
                yield
            finally:
                _unlock(file.fileno())


def keep(place: Place, data: Path, metadata: bytes, origin: Origin) -> None:
    """Move a finished download into its place.

    Parameters
    ----------
    place : Place
        Where it belongs.
    data : pathlib.Path
        The whole CSV file, in the same folder under another name.
    metadata : bytes
        The file with labels and units.
    origin : Origin
        Where it comes from.
    """
    data.replace(place.csv)
    write(place.metadata, metadata)
    text = json.dumps(asdict(origin), ensure_ascii=False, indent=1) + "\n"
    write(place.origin, text.encode())


def write(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or not there.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    content : bytes
        What it is to hold.
    """
    with _aside(path) as file:
        file.write(content)


def copy(source: Path, target: Path) -> None:
    """Copy a file so that the copy is whole or not there.

    Parameters
    ----------
    source, target : pathlib.Path
        The file, and where its copy goes.
    """
    with source.open("rb") as original, _aside(target) as file:
        shutil.copyfileobj(original, file)


@contextlib.contextmanager
def _aside(path: Path) -> Iterator[IO[bytes]]:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def written(folder: Path, remedy: str) -> Iterator[None]:
    """Tell a fault of the disk as an error with a remedy.

    Parameters
    ----------
    folder : pathlib.Path
        Where the block writes.
    remedy : str
        What to do when it cannot.

    Yields
    ------
    None

    Raises
    ------
    KentstatsError
        Something could not be written.
    """
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        what = f"{where} cannot be written: {error.strerror or error}."
        raise KentstatsError(what, remedy) from None


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(file: int) -> bool:
        try:
            os.lseek(file, 0, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

    def _unlock(file: int) -> None:
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
