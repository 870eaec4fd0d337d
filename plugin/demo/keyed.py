"""A page as an edge asks for it: from keys alone, with headers by which caches may share it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from plugin.edge.keys import CONTENT
from plugin.flow.types import SlotAsk
from plugin.service.delivery.audience import Audiences
from plugin.service.delivery.personalize import Answer
from plugin.web.shared import Sharing

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

VARY = ("T-Key", "T-Locale")
"""What such a page is made of, beside its address."""
_UNTOLD: Mapping[str, object] = {"rules": [], "candidates": [], "model": {"name": None, "weight": None}}
"""The trace of a decision of which nothing is known but what it came to."""


class ByEdge(NamedTuple):
    """What pages behind an edge are made with."""

    audiences: Audiences
    sharing: Sharing

    def answer(self, asks: Sequence[SlotAsk], key: str) -> Answer:
        """The decisions of a page, as far as they are told. Raises UnknownKey, ServiceUnavailable."""
        found = self.audiences.answer(asks, key, unique=False)
        decided = tuple((ask, one._replace(trace=_UNTOLD)) for ask, one in found.settled.decisions)
        return msgspec.structs.replace(found, settled=found.settled._replace(decisions=decided))

    def shared(
        self, environ: WSGIEnvironment, address: str, answer: Answer, html: str, key: str, *, broken: bool
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Body, status and headers of a page; ``broken``: whether some block could not be rendered.

        Any change of content makes it anew, for it shows more than its slots. Its ETag is that of its bytes: it tells
        the time, too.
        """
        return self.sharing.answered(
            environ, address, [answer], html.encode(), key=key, vary=VARY, also=(CONTENT,), follows=False, broken=broken
        )
