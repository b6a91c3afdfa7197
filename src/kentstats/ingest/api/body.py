"""A body that may arrive in several parts: resumed where it can be, and never half."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import re
import socket
import ssl
import zlib
from pathlib import Path

import requests
import urllib3

from kentstats.errors import KentstatsError

_BLOCK = 1 << 16


class PassingError(Exception):
    """A failure that another attempt may not meet.

    Parameters
    ----------
    reason : str
        What happened, as part of a sentence.
    wait : float, default 0
        How long the server asks to wait, in seconds.
    """

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


class Body:
    """What arrives of one file, kept as it was encoded.

    Offsets count encoded bytes, and so does this file: it is unpacked only
    once it is whole, so that a body which broke off can go on where it ended.

    Parameters
    ----------
    path : pathlib.Path
        Where to keep it meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.resumes = False
        self._tag = ""
        self._coding = ""
        self._length: int | None = None
        self._framed = False

    def wanted(self) -> dict[str, str]:
        """Ask for what is still missing, or for all of it.

        Returns
        -------
        dict of str to str
            Headers for the request.
        """
        have = self.path.stat().st_size if self._tag else 0
        self.resumes = bool(have)
        return {"Range": f"bytes={have}-", "If-Range": self._tag} if have else {}

    def receive(self, answer: requests.Response, url: str) -> None:
        """Write what arrives behind what is here, or in its stead.

        Parameters
        ----------
        answer : requests.Response
            An answer with status 200, 206 or 416, its body not read.
        url : str
            What was asked for.

        Raises
        ------
        PassingError
            The body broke off, or the part is not the one asked for.
        KentstatsError
            It is no file of data.
        """
        fresh = answer.status_code == 200
        if fresh:
            self._begin(answer, url)
        elif not self._continues(answer):
            self._tag = ""
            raise PassingError("the server did not send the part that was missing")
        try:
            with self.path.open("wb" if fresh else "ab") as file:
                for block in answer.raw.stream(_BLOCK, decode_content=False):
                    file.write(block)
        except urllib3.exceptions.HTTPError as error:
            raise PassingError(reason(error)) from None
        have = self.path.stat().st_size
        if self._length is not None and have != self._length:
            self._tag = self._tag if have < self._length else ""
            raise PassingError("the body broke off")

    def _begin(self, answer: requests.Response, url: str) -> None:
        kind = answer.headers.get("Content-Type", "").lower()
        coding = answer.headers.get("Content-Encoding", "").lower()
        if re.match(r"text/html|application/([a-z.+-]+\+)?(json|xml)", kind):
            raise KentstatsError(
                f"{url} answered with a page or a message instead of a file of data.",
                "See that the address is right and that no proxy stands before it.",
            )
        if coding not in {"", "identity", "gzip", "x-gzip"}:
            raise KentstatsError(
                f"{url} answered in the encoding {coding}, which was not asked for.",
                "See that no proxy stands before it.",
            )
        tag = answer.headers.get("ETag", "")
        length = answer.headers.get("Content-Length", "")
        # a weak tag promises the same meaning, not the same bytes
        self._tag = tag if tag.startswith('"') else ""
        self._coding = coding
        self._length = int(length) if length.isdecimal() else None
        self._framed = "chunked" in answer.headers.get("Transfer-Encoding", "").lower()

    def _continues(self, answer: requests.Response) -> bool:
        part = re.fullmatch(
            r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip()
        )
        if answer.status_code != 206 or not part:
            return False
        if self._length is None and part[2] != "*":
            self._length = int(part[2])
        return (
            int(part[1]) == self.path.stat().st_size
            and part[2] in {"*", str(self._length)}
            and answer.headers.get("ETag", self._tag) == self._tag
            and answer.headers.get("Content-Encoding", "").lower() == self._coding
        )

    def unpack(self, target: Path) -> tuple[int, str]:
        """Write the body as a plain file, once it is whole.

        Parameters
        ----------
        target : pathlib.Path
            The file.

        Returns
        -------
        size : int
            Its length in bytes.
        sha256 : str
            Its checksum.

        Raises
        ------
        PassingError
            The body is not whole after all.
        KentstatsError
            Nobody can tell whether it is whole, or it is empty.
        """
        with self.path.open("rb") as encoded:
            # told by the bytes: a proxy may unpack a body and leave the header
            packed = encoded.read(2) == b"\x1f\x8b"
        if not packed and self._length is None and not self._framed:
            raise KentstatsError(
                "The server sent a file without its length: nobody can tell whether it is whole.",
                "See that no proxy stands before the server.",
            )
        digest = hashlib.sha256()
        size = 0
        with contextlib.ExitStack() as stack:
            source: io.BufferedIOBase = stack.enter_context(self.path.open("rb"))
            if packed:
                source = stack.enter_context(gzip.GzipFile(fileobj=source))
            file = stack.enter_context(target.open("wb"))
            try:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    size += file.write(block)
            except EOFError:
                # of a length that was announced, there is no more to come
                self._tag = self._tag if self._length is None else ""
                raise PassingError("the body broke off") from None
            except (gzip.BadGzipFile, zlib.error):
                self._tag = ""
                raise PassingError("the body does not unpack") from None
            file.flush()
            os.fsync(file.fileno())
        if not size:
            raise KentstatsError("The server sent an empty file.", "Try again later.")
        return size, digest.hexdigest()


def distrusted(error: BaseException) -> bool:
    """Say whether a connection failed because of the server's certificate.

    Parameters
    ----------
    error : BaseException
        An error of requests or urllib3.

    Returns
    -------
    bool
    """
    return any(isinstance(each, ssl.SSLCertVerificationError) for each in _causes(error))


def reason(error: BaseException) -> str:
    """Say in a few words why a connection failed.

    Parameters
    ----------
    error : BaseException
        An error of requests or urllib3.

    Returns
    -------
    str
        Part of a sentence.
    """
    known: dict[str, tuple[type[BaseException], ...]] = {
        "the connection was refused": (ConnectionRefusedError,),
        "the host name is not known": (socket.gaierror,),
        # urllib3 counts the two above among these
        "no answer in time": (requests.Timeout, urllib3.exceptions.TimeoutError),
        "the body broke off": (urllib3.exceptions.IncompleteRead,),
        "the connection broke off": (urllib3.exceptions.ProtocolError,),
        "the body does not unpack": (urllib3.exceptions.DecodeError,),
    }
    causes = _causes(error)
    for words, types in known.items():
        if any(isinstance(each, types) for each in causes):
            return words
    return f"the connection failed ({type(error).__name__})"


def _causes(error: BaseException) -> list[BaseException]:
    # requests and urllib3 wrap errors as arguments of errors
    causes = [error]
    for each in causes:
        inner = [*each.args, getattr(each, "reason", None), each.__cause__]
        causes += [one for one in inner if isinstance(one, BaseException) and one not in causes]
    return causes
