"""A line to one server that takes purges: one request at a time, each within its time-out, and every fault told apart.

Nothing is tried again, and no redirect is followed: what is refused in one place is not to be done in another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from typing import Any

import requests
from requests.auth import AuthBase

from adapters.bounded import DirectSession, TooLarge, TooLate, read_body, retry_after
from adapters.edge.port import EdgeRefused, EdgeUnavailable
from adapters.runtime import Runtime

LARGEST_ANSWER = 1_000_000  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request; it is authenticated by the line."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is neither a redirect nor a wish to be left alone; header names by any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Reset = Callable[[Mapping[str, str], float], float | None]
"""Seconds to wait by headers of the server's own, at a time in seconds since 1970; None where they do not say."""


def _unsaid(headers: Mapping[str, str], now: float) -> float | None:  # noqa: ARG001 - the shape of `Reset`
    return None


class Secret(AuthBase):
    """Sends a secret in a header of that name; no .netrc file has a say. Its repr hides it."""

    def __init__(self, header: str, secret: str) -> None:
        self._header = header
        self._secret = secret

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._header] = self._secret
        return request

    def __repr__(self) -> str:
        return f"Secret({self._header}, ***)"


@dataclass(slots=True)
class Line:
    """A kept connection in a thread of its own, for nothing else bounds a call: headers that come byte by byte hold
    requests far beyond its time-outs. Where one is held so, later calls wait behind it until their own time is up.

    Attributes:
        name: what messages call the server.
        direct: past every proxy that the environment names.
        reset: where the server says in headers of its own when to come back.
    """

    name: str
    auth: AuthBase
    timeout_s: float
    runtime: Runtime
    direct: bool = False
    reset: Reset = _unsaid
    _session: DirectSession = field(default_factory=DirectSession)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="purge"))

    def __post_init__(self) -> None:
        self._session.auth = self.auth
        self._session.trust_env = not self.direct

    def start(self, ask: Ask) -> Callable[[], Answer]:
        """Send; what is given waits for the answer.

        Raises (there):
            EdgeUnavailable: no answer in time, no connection, status 408, 429 or 5xx.
            EdgeRefused: a redirect, or an answer that is too large or cut short.
        """
        deadline = self.runtime.monotonic() + self.timeout_s
        try:
            call = self._pool.submit(self._send, ask, deadline)
        except RuntimeError as fault:
            raise EdgeUnavailable(f"{self.name}: closed") from fault
        return lambda: self._wait(call, deadline)

    def close(self) -> None:
        """Closes the connection; a call under way ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    def _wait(self, call: Future[Answer], deadline: float) -> Answer:
        try:
            return call.result(max(0.0, deadline - self.runtime.monotonic()))
        except NotYet as fault:
            call.cancel()
            raise self._late() from fault

    def _send(self, ask: Ask, deadline: float) -> Answer:
        remaining = deadline - self.runtime.monotonic()
        if remaining <= 0:
            raise self._late()
        options: dict[str, Any] = {"timeout": remaining, "allow_redirects": False, "stream": True}
        try:
            with self._session.request(ask.method, ask.url, headers=ask.headers, json=ask.json, **options) as response:
                return self._read(response, deadline)
        except (requests.Timeout, TooLate) as fault:
            raise self._late() from fault
        except (TooLarge, requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError) as fault:
            raise EdgeRefused(f"{self.name}: an answer that is too large, cut short or garbled") from fault
        except requests.exceptions.SSLError as fault:
            raise EdgeUnavailable(f"{self.name}: the TLS connection is refused: check the certificate") from fault
        except requests.RequestException as fault:
            kind = type(fault).__name__
            raise EdgeUnavailable(
                f"{self.name}: no connection ({kind}): check that it runs, and its address"
            ) from fault

    def _read(self, response: requests.Response, deadline: float) -> Answer:
        status = response.status_code
        if status in {408, 429} or status >= 500:
            now = self.runtime.now()
            asked = retry_after(response, now)
            said = "asks for fewer requests" if status == 429 else "cannot do it now"
            wait = self.reset(response.headers, now) if asked is None else asked
            raise EdgeUnavailable(f"{self.name}: {said} (status {status})", wait)
        if 300 <= status < 400:
            raise EdgeRefused(f"{self.name}: a redirect (status {status}), which is not followed: mend its address")
        body = read_body(response, LARGEST_ANSWER, deadline, self.runtime.monotonic)
        return Answer(status, response.headers, body)

    def _late(self) -> EdgeUnavailable:
        return EdgeUnavailable(f"{self.name}: no answer within {self.timeout_s:g} s")
