"""A page as an edge asks for it: from keys alone, with headers by which caches may share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from plugin.edge.keys import CONTENT
from plugin.flow.types import SlotAsk
from plugin.service.delivery.personalize import Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

VARY = ("T-Key", "T-Locale")
"""What such a page is made of, beside its address."""
_UNTOLD: Mapping[str, object] = {"rules": [], "candidates": [], "model": {"name": None, "weight": None}}
"""The trace of a decision of which nothing is known but what it came to."""


class Keys(Protocol):
    """Answers by the keys that an edge found before."""

    def answer(self, asks: Sequence[SlotAsk], header_: str, *, unique: bool) -> Answer:
        """See `plugin.service.delivery.audience`. Raises UnknownKey, ServiceUnavailable."""


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
        also: Sequence[str] = (),
        follows: bool = True,
        broken: bool = False,
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
        self, environ: WSGIEnvironment, address: str, answer: Answer, html: str, key: str, *, broken: bool
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Body, status and headers of a page; ``broken``: whether some block could not be rendered.

        Any change of content makes it anew, for it shows more than its slots. Its ETag is that of its bytes: it tells
        the time, too.
        """
        return self.shares.answered(
            environ, address, [answer], html.encode(), key=key, vary=VARY, also=(CONTENT,), follows=False, broken=broken
        )
