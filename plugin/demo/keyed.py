"""A page as an edge asks for it: from keys alone, with headers by which caches may share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from plugin.edge.headers import etag_of, names
from plugin.edge.keys import CONTENT
from plugin.flow.types import SlotAsk
from plugin.service.personalize import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

VARY = ("T-Key", "T-Locale")
"""What such a page is made of, beside its address."""
_UNTOLD: Mapping[str, object] = {"rules": [], "candidates": [], "model": {"name": None, "weight": None}}
"""The trace of a decision of which nothing is known but what it came to."""


class Keys(Protocol):
    """Answers by the keys that an edge found before."""

    def answer(self, asks: Sequence[SlotAsk], header_: str, *, unique: bool) -> Answer:
        """See `plugin.service.audience`. Raises UnknownKey, ServiceUnavailable."""


class Shares(Protocol):
    """Says what caches may do with an answer."""

    def answered(
        self,
        environ: WSGIEnvironment,
        address: str,
        answers: Sequence[Answer],
        body: bytes,
        *,
        key: str | None = None,
        vary: Sequence[str] = (),
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """See `plugin.web.shared`."""


class ByEdge(NamedTuple):
    """What pages behind an edge are made with."""

    keys: Keys
    shares: Shares

    def answer(self, asks: Sequence[SlotAsk], key: str) -> Answer:
        """The decisions of a page, as far as they are told. Raises UnknownKey, ServiceUnavailable."""
        found = self.keys.answer(asks, key, unique=False)
        decided = tuple((ask, one._replace(trace=_UNTOLD)) for ask, one in found.settled.decisions)
        return msgspec.structs.replace(found, settled=found.settled._replace(decisions=decided))

    def shared(
        self, environ: WSGIEnvironment, address: str, answer: Answer, html: str, key: str
    ) -> tuple[bytes, int, dict[str, str]]:
        """Body, status and headers of a page.

        Any change of content makes it anew, for it shows more than its slots. Its ETag is that of its bytes: it tells
        the time, too.
        """
        asked = environ.get("HTTP_IF_NONE_MATCH")
        unasked = {name: value for name, value in environ.items() if name != "HTTP_IF_NONE_MATCH"}
        body, status, headers = self.shares.answered(unasked, address, [answer], html.encode(), key=key, vary=VARY)
        found = dict(headers)
        for name, separator in (("Surrogate-Key", " "), ("xkey", " "), ("Cache-Tag", ",")):
            if name in found:
                found[name] = f"{found[name]}{separator}{CONTENT}"
        if "ETag" in found:
            found["ETag"] = etag_of(sha256(body).hexdigest())
            if names(asked, found["ETag"]):
                return b"", HTTPStatus.NOT_MODIFIED, found
        return body, status, found
