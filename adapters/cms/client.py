"""One request to a CMS: bounded, retried, and every failure told apart."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase

from adapters.addresses import PrivateAddress, Resolve, UnknownHost, refuse_private, same_origin, system_resolve
from adapters.bounded import Bearer, DirectSession, TooLarge, TooLate, is_json, read_body, retry_after, url_fault
from adapters.cms.port import AuthError, BadResponse, NotFound, RateLimited, Unavailable
from adapters.options import OptionReader
from adapters.runtime import Runtime

FIRST_WAIT_S = 0.5
MAX_REDIRECTS = 3
MAX_MESSAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """Where and within which limits; see the package."""

    url: str
    token: str | None = field(default=None, repr=False)
    timeout_s: float = 10.0
    total_timeout_s: float = 60.0
    max_response_bytes: int = 20_000_000
    attempts: int = 4
    max_wait_s: float = 30.0
    allow_private: bool = False


def read_client_options(take: OptionReader) -> ClientOptions:
    """The options that every source over HTTP has; what is wrong with them is among the reader's problems."""
    url = take.required_text("url")
    if url and (fault := url_fault(url)):
        take.complain("url", fault)
    return ClientOptions(
        url=url,
        token=take.text("token"),
        timeout_s=take.number("timeout_s", 10.0, low=0.05, high=300),
        total_timeout_s=take.number("total_timeout_s", 60.0, low=0.1, high=3600),
        max_response_bytes=take.whole("max_response_bytes", 20_000_000, low=1000, high=1_000_000_000),
        attempts=take.whole("attempts", 4, low=1, high=20),
        max_wait_s=take.number("max_wait_s", 30.0, low=0, high=3600),
        allow_private=take.flag("allow_private", False),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a CMS answered with status 200: the decoded JSON, and the headers by any case."""

    body: object
    headers: Mapping[str, str]

    @property
    def served(self) -> datetime | None:
        """When it was answered, by the site's own clock, in whole seconds; None where it does not say."""
        try:
            moment = parsedate_to_datetime(self.headers.get("Date", ""))
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return None


Explain = Callable[[object], str | None]
"""The message in a CMS's error body (decoded, None where it is not JSON), without secrets; None: it has none."""


class Client:
    """GETs JSON; keeps its connection."""

    def __init__(
        self,
        options: ClientOptions,
        runtime: Runtime,
        resolve: Resolve = system_resolve,
        *,
        prefix: str = "",
        auth: AuthBase | None = None,
        explain: Explain | None = None,
    ) -> None:
        """Nothing is asked yet.

        Args:
            prefix: what stands between the site's URL and every path, such as "/api".
            auth: how requests are authenticated; None: the token as a bearer.
            explain: how this CMS words its errors.
        """
        self._options = options
        self._runtime = runtime
        self._resolve = resolve
        self._base = options.url.rstrip("/")
        self._root = f"{self._base}{prefix}"
        self._explain = explain or _message
        self._session = DirectSession()
        self._session.auth = auth or Bearer(options.token)
        self._session.headers["Accept"] = "application/json"

    @property
    def base(self) -> str:
        """The site's URL without a slash at its end."""
        return self._base

    def get(self, path: str, params: Mapping[str, str]) -> dict[str, object]:
        """The JSON object at a path; see `ask`. Raises also BadResponse where it is no object."""
        body = self.ask(path, params).body
        if not isinstance(body, dict):
            raise BadResponse(f"{path}: not a JSON object")
        return body

    def ask(self, path: str, params: Mapping[str, str]) -> Answer:
        """The answer to `GET <url><prefix>/<path>`, after as many attempts as allowed.

        Raises:
            AuthError, NotFound, RateLimited, Unavailable, BadResponse: naming the path.
        """
        attempt = 1
        while True:
            try:
                return self._once(path, params)
            except Unavailable as fault:
                if attempt >= self._options.attempts:
                    raise
                wait_s = self._wait(attempt, fault.retry_after)
                if wait_s > self._options.max_wait_s:
                    raise  # the caller has other things to do meanwhile, and knows when to come back
                self._runtime.sleep(wait_s)
                attempt += 1

    def close(self) -> None:
        """Closes the kept connection."""
        self._session.close()

    def _wait(self, attempt: int, retry_after: float | None) -> float:
        if retry_after is not None:
            return retry_after
        grown = FIRST_WAIT_S * 2.0 ** (attempt - 1)
        return min(grown * (0.5 + self._runtime.random()), self._options.max_wait_s)

    def _once(self, path: str, params: Mapping[str, str]) -> Answer:
        url = f"{self._root}/{path}"
        deadline = self._runtime.monotonic() + self._options.total_timeout_s
        query: Mapping[str, str] | None = params
        for _ in range(MAX_REDIRECTS + 1):
            self._check_host(url)
            try:
                with self._session.get(
                    url, params=query, timeout=self._options.timeout_s, allow_redirects=False, stream=True
                ) as response:
                    if not response.is_redirect:
                        answer = self._decode(response, path, deadline)
                        self._runtime.progress()
                        return answer
                    url, query = self._follow(response, url, path), None
            except (requests.Timeout, TooLate) as fault:
                raise Unavailable(f"{path}: no answer in time") from fault
            except TooLarge as fault:
                limit = self._options.max_response_bytes
                raise BadResponse(f"{path}: an answer over {limit} bytes") from fault
            except (
                requests.exceptions.ChunkedEncodingError,
                requests.exceptions.ContentDecodingError,
            ) as fault:
                raise BadResponse(f"{path}: the answer is cut short or garbled") from fault
            except requests.exceptions.SSLError as fault:
                raise Unavailable(f"{path}: the TLS connection is refused: check the certificate") from fault
            except requests.RequestException as fault:
                raise Unavailable(f"{path}: no connection ({type(fault).__name__})") from fault
        raise BadResponse(f"{path}: more than {MAX_REDIRECTS} redirects")

    def _check_host(self, url: str) -> None:
        if self._options.allow_private:
            return
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            refuse_private(parts.hostname or "", port, self._resolve)
        except PrivateAddress as fault:
            raise BadResponse(f"{fault}; set allow_private if this is meant") from fault
        except UnknownHost as fault:
            raise Unavailable(str(fault)) from fault

    def _follow(self, response: requests.Response, url: str, path: str) -> str:
        try:
            target = urljoin(url, response.headers["Location"])
            same = same_origin(target, url)
        except ValueError as fault:
            raise BadResponse(f"{path}: a redirect to something that is no URL") from fault
        if not same:
            raise BadResponse(f"{path}: a redirect to another scheme, host or port, which is not followed")
        return target

    def _decode(self, response: requests.Response, path: str, deadline: float) -> Answer:
        status = response.status_code
        if status in {408, 429} or status >= 500:
            after = retry_after(response, self._runtime.now())
            kind = RateLimited if status == 429 else Unavailable
            raise kind(f"{path}: status {status}", after)
        body = read_body(response, self._options.max_response_bytes, deadline, self._runtime.monotonic)
        decoded = _json(body) if is_json(response) else None
        if status in (401, 403):
            raise AuthError(f"{path}: status {status}: {self._said(decoded)}")
        if status == 404:
            raise NotFound(f"{path}: status 404")
        if status != 200:
            raise BadResponse(f"{path}: status {status}: {self._said(decoded)}", status)
        if decoded is None:
            kind_of = response.headers.get("Content-Type", "no content type")
            raise BadResponse(f"{path}: not JSON ({kind_of[:60]}, {len(body)} bytes)")
        return Answer(decoded, response.headers)

    def _said(self, decoded: object) -> str:
        return (self._explain(decoded) or "no message")[:MAX_MESSAGE]


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None  # said by the caller, with the place


def _message(decoded: object) -> str | None:
    error = decoded.get("error") if isinstance(decoded, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) else None
