"""Ask one server over HTTP: attempts, waits, resumed bodies, refusals in plain words.

Nothing here knows what is asked for; :mod:`kentstats.ingest.api` does.
"""

from __future__ import annotations

import collections
import contextlib
import datetime as dt
import email.utils
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import tenacity

from kentstats import __version__
from kentstats.errors import KentstatsError, ParameterError
from kentstats.ingest.api.body import Body, PassingError, distrusted, reason

LONGEST = 60.0
"""The longest that is waited before another attempt, in seconds."""
PASSING = {429, 502, 503, 504}
"""Answers after which the same question is asked again."""
_REDIRECTS = {301, 302, 303, 307, 308}
_T = TypeVar("_T")


class UnreachableError(KentstatsError):
    """No whole answer, after every attempt."""


class StatusError(KentstatsError):
    """An answer that refuses.

    Parameters
    ----------
    what, remedy : str
        As in :class:`KentstatsError`.
    status : int
        The HTTP status.
    """

    def __init__(self, what: str, remedy: str, status: int) -> None:
        super().__init__(what, remedy)
        self.status = status


class RequestError(StatusError, ParameterError):
    """A question that the server finds faults in (status 400)."""


class Transport:
    """A connection to one server, and to no other.

    Parameters
    ----------
    base_url : str
        Address below which everything is asked for.
    timeout : float or (float, float)
        Seconds to wait for the connection, and for each part of an answer.
    retries : int
        How many more attempts to make after a first that failed in passing.
    say : callable
        Told in a line why there is another attempt.
    sleep : callable
        Waits so many seconds.
    first_wait : float
        The first wait in seconds, before jitter; each wait doubles it.

    Raises
    ------
    ParameterError
        The address is no web address, or carries more than one should.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout: float | tuple[float, float],
        retries: int,
        say: Callable[[str], object],
        sleep: Callable[[float], None],
        first_wait: float,
    ) -> None:
        self.base_url = checked_base(base_url)
        self.timeout = timeout
        self.attempts = retries + 1
        self.say = say
        self._sleep = sleep
        self._backoff = tenacity.wait_exponential(
            multiplier=first_wait, max=LONGEST
        ) + tenacity.wait_random(0, first_wait)
        self._session = requests.Session()
        # proxies and certificates of the environment count, passwords in a .netrc do not
        self._session.auth = lambda request: request
        self._session.headers.update(
            {"User-Agent": f"kentstats/{__version__}", "Accept-Encoding": "gzip"}
        )

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Ask for JSON.

        Parameters
        ----------
        method : str
            ``GET`` or ``POST``; either may be sent more than once.
        path : str
            What to ask for, below the base address.
        params : mapping, optional
            Parameters of the address.
        body : mapping, optional
            What to send, as JSON.

        Returns
        -------
        object
            The answer, decoded.

        Raises
        ------
        UnreachableError
            There was no whole answer, after every attempt.
        StatusError
            The server refuses.
        KentstatsError
            The answer is no JSON, or would come from another server.
        """
        url = self.base_url + path

        def attempt() -> Any:
            with self._send(method, url, params=params, body=body) as answer:
                _refuse(answer)
                try:
                    content = answer.content
                except requests.RequestException as error:
                    raise PassingError(reason(error)) from None
                try:
                    return json.loads(content)
                except ValueError:
                    if "json" in answer.headers.get("Content-Type", ""):
                        raise PassingError("the body broke off") from None
                    raise KentstatsError(
                        f"{url} answered with something other than JSON.",
                        "See that the address is right and that no proxy stands before it.",
                    ) from None

        return self._persist(url, attempt)

    def save(
        self, path: str, target: Path, *, params: Mapping[str, str | int] | None = None
    ) -> tuple[str, int, str]:
        """Download a file, whole; go on where a body broke off if the server can.

        Parameters
        ----------
        path : str
            What to ask for, below the base address.
        target : pathlib.Path
            Where to put it, unpacked. Beside it stands ``target.encoded``,
            while this runs.
        params : mapping, optional
            Parameters of the address.

        Returns
        -------
        url : str
            The address.
        size : int
            Length of the file in bytes.
        sha256 : str
            Its checksum.

        Raises
        ------
        UnreachableError
            No whole body arrived, after every attempt.
        StatusError
            The server refuses.
        KentstatsError
            The answer is no file of data, or nobody can tell whether it is
            whole.
        """
        url = self.base_url + path
        body = Body(target.with_name(f"{target.name}.encoded"))

        def attempt() -> tuple[str, int, str]:
            with self._send("GET", url, params=params, headers=body.wanted()) as answer:
                # 206: the part that was missing; 416: there is no such part
                if not (body.resumes and answer.status_code in {206, 416}):
                    _refuse(answer)
                body.receive(answer, url)
            return answer.request.url or url, *body.unpack(target)

        try:
            return self._persist(url, attempt)
        finally:
            body.path.unlink(missing_ok=True)

    def _persist(self, url: str, attempt: Callable[[], _T]) -> _T:
        reasons: collections.Counter[str] = collections.Counter()
        started = time.monotonic()

        def wait(state: tenacity.RetryCallState) -> float:
            asked = min(_passing(state).wait, LONGEST)
            return max(asked, self._backoff(state))

        def note(state: tenacity.RetryCallState) -> None:
            reasons[_passing(state).reason] += 1

        def announce(state: tenacity.RetryCallState) -> None:
            self.say(
                f"{url}: {_passing(state).reason}; attempt {state.attempt_number + 1} "
                f"of {self.attempts} in {state.upcoming_sleep:.0f} s."
            )

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PassingError),
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=wait,
            sleep=self._sleep,
            after=note,
            before_sleep=announce,
            reraise=True,
        )
        try:
            return retrying(attempt)
        except PassingError:
            tried = ", ".join(
                f"{why} ({count} times)" if count > 1 else why for why, count in reasons.items()
            )
            raise UnreachableError(
                f"{url} gave no whole answer in {self.attempts} "
                f"attempt{'s' if self.attempts > 1 else ''} over "
                f"{time.monotonic() - started:.0f} s: {tried}.",
                "Try again later, and see that this machine reaches the address.",
            ) from None

    def _send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        here = url
        for _ in range(5):
            try:
                answer = self._session.request(
                    method,
                    here,
                    params=params,
                    json=body,
                    headers=headers,
                    timeout=self.timeout,
                    allow_redirects=False,
                    stream=True,
                )
            except (requests.ConnectionError, requests.Timeout) as error:
                if distrusted(error):
                    raise KentstatsError(
                        f"The certificate of {here} cannot be verified.",
                        "Where the network has a certificate authority of its own, name its file "
                        "in REQUESTS_CA_BUNDLE.",
                    ) from None
                raise PassingError(reason(error)) from None
            except (requests.RequestException, ValueError) as error:
                # ValueError: requests looks where a redirect leads, even if not to follow it
                raise KentstatsError(
                    f"{here} cannot be asked: {error}.", "See that the address is right."
                ) from None
            location = answer.headers.get("Location")
            if answer.status_code not in _REDIRECTS or not location:
                return answer
            answer.close()
            here, params = urljoin(here, location), None
            if _origin(here) != _origin(self.base_url) or method != "GET":
                raise KentstatsError(
                    f"{url} redirects to {here}, which is not followed.",
                    "If that is where the API has moved, give its base address.",
                )
        raise KentstatsError(f"{url} redirects in circles.", "See that the address is right.")


def checked_base(url: str) -> str:
    """Check a base address, and write it without the slash or version at its end.

    Parameters
    ----------
    url : str
        The address.

    Returns
    -------
    str

    Raises
    ------
    ParameterError
        It is no web address, or carries a user name, query or fragment.

    Examples
    --------
    >>> checked_base("https://example.org/statistics/v1/")
    'https://example.org/statistics'
    """
    try:
        where = urlsplit(url)
        host, _ = where.hostname, where.port
    except ValueError:
        host = None
    if not host or where.scheme not in {"http", "https"}:
        raise ParameterError(
            f"The base address “{url}” is no web address.", "Give one that begins with https://."
        )
    if where.username is not None or where.query or where.fragment:
        raise ParameterError(
            "The base address carries a user name, a query or a fragment.",
            "Give the address alone: the API asks for no key.",
        )
    path = where.path.rstrip("/").removesuffix("/v1")
    return f"{where.scheme}://{where.netloc}{path}"


def _origin(url: str) -> tuple[str, str, int | None]:
    default = {"http": 80, "https": 443}
    with contextlib.suppress(ValueError):
        where = urlsplit(url)
        return where.scheme, where.hostname or "", where.port or default.get(where.scheme)
    return "", "", None


def _passing(state: tenacity.RetryCallState) -> PassingError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, PassingError)
    return error


def _retry_after(text: str | None) -> float:
    """Read how long a server asks to wait: seconds, or until a date."""
    if not text:
        return 0.0
    with contextlib.suppress(ValueError):
        return max(0.0, float(text))
    with contextlib.suppress(ValueError, OverflowError):
        until = email.utils.parsedate_to_datetime(text)
        until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
        return max(0.0, (until - dt.datetime.now(dt.UTC)).total_seconds())
    return 0.0


def _refuse(answer: requests.Response) -> None:
    status = answer.status_code
    if status == 200:
        return
    said = f"{status} {answer.reason or ''}".strip()
    if status in PASSING:
        raise PassingError(f"answered {said}", _retry_after(answer.headers.get("Retry-After")))
    try:
        problem = answer.json()
    except requests.RequestException:
        problem = {}
    if status == 400:
        faults = list(_faults(problem))
        many = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
        listed = "; ".join(faults) or "it does not say which"
        raise RequestError(
            f"The server finds {many} in the request: {listed}.",
            "Put it right: what may be asked is in the data set's metadata.",
            status,
        )
    raise StatusError(
        f"{answer.url} answered {said}.",
        "See that the base address is right; if it is, try again later.",
        status,
    )


def _faults(problem: Any) -> Iterator[str]:
    listed = problem.get("errors") if isinstance(problem, dict) else None
    for fault in listed if isinstance(listed, list) else []:
        if not isinstance(fault, dict):
            continue
        text = str(fault.get("message", fault.get("code", ""))).rstrip(".")
        detail = fault.get("detail")
        items = detail.get("items") if isinstance(detail, dict) else None
        named = f": {', '.join(map(str, items))}" if isinstance(items, list) else ""
        path = f" (at {fault['path']})" if fault.get("path") else ""
        yield f"“{text}”{named}{path}"
