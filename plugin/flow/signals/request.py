"""The raw request in plain types, whatever server or method brought it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class RawRequest:
    """One request, unchecked. Its repr shows nothing of the visitor.

    Attributes:
        headers: lower-case names to their values in order; `of` and `headers_from_environ` make them so.
        cookies: as sent.
        query: of the API call, decoded. For GET, `url`, `referrer`, `locale`, `timezone`, `user_agent`,
            `visitor.id`, `custom.NAME` and `consent.PURPOSE` mean what they mean in the body; the body wins.
        body: the object `context` of `POST /v1/personalize`; any JSON.
        visitor: the object `visitor` beside it.
        remote_addr: the peer of the connection.
        url: the absolute URL of the request itself; read only where the policy says `own_url`.
        trusted_body: the caller proved itself with a secret key (a site's server that asks for its visitor),
            so the body's `ip` and `geo` are believed.
    """

    headers: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, Sequence[str]] = field(default_factory=dict, repr=False)
    body: Mapping[str, object] = field(default_factory=dict, repr=False)
    visitor: Mapping[str, object] = field(default_factory=dict, repr=False)
    remote_addr: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    trusted_body: bool = False

    @classmethod
    def of(
        cls,
        headers: Iterable[tuple[str, str]] | Mapping[str, str] = (),
        **rest: Any,  # noqa: ANN401  # the other attributes by name
    ) -> RawRequest:
        """A request from header pairs or a mapping, names in any case; repeated ones keep their order."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        gathered: dict[str, list[str]] = {}
        for name, value in pairs:
            gathered.setdefault(name.lower(), []).append(value)
        return cls(headers=gathered, **rest)

    def given(self, name: str) -> object | None:
        """What the caller says of the page or visitor: from the body, else from the query of the API call."""
        value = self.body.get(name)
        if value is None and self.query:
            values = self.query.get(name)
            value = values[0] if values else None
        return value


def headers_from_environ(environ: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """The headers of a WSGI environment, names in lower case.

    A server joins repeated headers with commas before we see them, so each has one value.
    """
    headers: dict[str, tuple[str, ...]] = {}
    for key, value in environ.items():
        if key.startswith("HTTP_") and isinstance(value, str):
            headers[_header_name(key)] = (value,)
    return headers


@lru_cache(maxsize=512)
def _header_name(key: str) -> str:
    return key[5:].replace("_", "-").lower()
