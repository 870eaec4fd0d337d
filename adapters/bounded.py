"""HTTP answers within limits of size and time, for every adapter that uses requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

CHUNK_BYTES = 16_384


class TooLarge(Exception):  # noqa: N818 - named for what happened
    """The body is larger than allowed; nothing more of it was read."""


class TooLate(Exception):  # noqa: N818 - named for what happened
    """The deadline passed while the body was coming."""


class Bearer(AuthBase):
    """Sends the token, or nothing; either way no .netrc file has a say. Its repr hides the token."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self) -> str:
        return f"Bearer({'***' if self._token else None})"


class DirectSession(requests.Session):
    """A session that never looks where a redirect leads.

    Even with `allow_redirects=False` requests prepares the next request: it reads the whole body of the
    redirect, whatever its size, and fails on a bad `Location`.
    """

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the signature of requests
        """Always none."""
        return


def read_body(response: requests.Response, limit: int, deadline: float, monotonic: Callable[[], float]) -> bytes:
    """The whole, decoded body of a streamed response.

    Args:
        limit: bytes after decompression.
        deadline: on the clock `monotonic`.
    Raises:
        TooLarge, TooLate: see there; and what requests raises for a body cut short.
    """
    if int_header(response, "Content-Length") > limit:
        raise TooLarge
    response.raw = _AsItComes(response.raw)
    body = bytearray()
    for chunk in response.iter_content(CHUNK_BYTES):
        body += chunk
        if len(body) > limit:
            raise TooLarge
        if monotonic() > deadline:
            raise TooLate
    return bytes(body)


class _AsItComes:
    """A body in the pieces in which it comes. Who waits for full chunks waits for ever, where it drips."""

    def __init__(self, raw: Any) -> None:  # noqa: ANN401 - the response of the library below requests
        self._raw = raw

    def stream(self, amount: int, decode_content: bool) -> Iterator[bytes]:
        """What requests reads a body by."""
        while piece := self._raw.read1(amount, decode_content=decode_content):
            yield piece

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever else it has
        return getattr(self._raw, name)


def int_header(response: requests.Response, name: str) -> int:
    """A header as a whole number; 0 where it is absent or something else."""
    value = response.headers.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else 0


def retry_after(response: requests.Response, now: float) -> float | None:
    """Seconds that `Retry-After` asks for, from its number or its date; None without a usable one."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - now)


def is_json(response: requests.Response) -> bool:
    """Whether the answer says that it is JSON."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def url_fault(url: str) -> str | None:
    """What is wrong with a configured base URL, or None."""
    try:
        parts = urlsplit(url)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_fits:
        return "want http://host or https://host"
    if parts.username or parts.password:
        return "credentials belong into the token"
    if parts.query or parts.fragment:
        return "wants no query and no fragment"
    return None
