"""The raw request in plain types, whatever server or method brought it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from types import MappingProxyType
from typing import Any, NamedTuple

_NONE: Mapping[str, Any] = MappingProxyType({})


class RawRequest(NamedTuple):
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

    headers: Mapping[str, Sequence[str]] = _NONE
    cookies: Mapping[str, str] = _NONE
    query: Mapping[str, Sequence[str]] = _NONE
    body: Mapping[str, object] = _NONE
    visitor: Mapping[str, object] = _NONE
    remote_addr: str | None = None
    url: str | None = None
    trusted_body: bool = False

    def __repr__(self) -> str:
        return f"RawRequest(trusted_body={self.trusted_body})"

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

    @property
    def asking(self) -> Callable[[str], object | None]:
        """`given`, for those who ask for many names: without a query it is the body's own."""
        return self.given if self.query else self.body.get


def headers_from_environ(environ: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The headers of a WSGI environment, names in lower case.

    A server joins repeated headers with commas before we see them, so each has one value.
    """
    keys = tuple(environ)
    # Names of a client's choice, up to what a server takes, would fill the memory.
    names, values = (_headers_kept if len("".join(keys)) <= _SHORT_NAMES else _headers_among)(keys)
    return dict(zip(names, zip(values(environ)), strict=True)) if names else {}


_SHORT_NAMES = 2_048
"""Characters of all names together, up to which it is kept what they stand for; those of browsers are about 600."""


def _headers_among(keys: tuple[str, ...]) -> tuple[Sequence[str], Callable[[Mapping[str, str]], Sequence[str]]]:
    """The headers for which keys of an environment stand, and what picks their values there."""
    own = [key for key in keys if key.startswith("HTTP_")]
    names = tuple(key[5:].replace("_", "-").lower() for key in own)
    if len(own) == 1:  # of one key, `itemgetter` gives the value itself
        return names, lambda environ: (environ[own[0]],)
    return names, itemgetter(*own) if own else tuple


_headers_kept = lru_cache(maxsize=1024)(_headers_among)  # browsers are alike in what they send
