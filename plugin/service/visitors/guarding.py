"""Ids that are reserved for the site: what a browser sends under them needs the user's token.

The delivery key is public, and so is many an id that a site gives: the number of a customer, an address. An id that
the visitor's own browser made is a secret between the two, and proves itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import NamedTuple

from plugin.errors import Forbidden, TesseraError
from plugin.profiles.judging import Judged, Rejected

HEADER = "x-tessera-user-token"
_NEEDED = "the site knows whose id this is: what a browser says for it needs the user token of that user"


def refusal() -> Forbidden:
    """What a browser is told that says something of an id that is reserved."""
    return Forbidden(f"{_NEEDED[0].upper()}{_NEEDED[1:]}.")


class Proof(NamedTuple):
    """Whose user token came along, by their id; else why it is no good, where there was one."""

    visitor: str | None = None
    fault: str = ""


class Guard:
    """Keeps out what browsers send under ids that are reserved, but for those who prove whose it is."""

    def __init__(
        self, reserved: Callable[[Collection[str]], Collection[str]], prove: Callable[[str | None], str]
    ) -> None:
        """Take what it works with.

        Args:
            reserved: those of some sources that are; raises TesseraError.
            prove: whose user token it is; raises Forbidden.
        """
        self._reserved = reserved
        self._prove = prove

    def proof(self, token: str | None) -> Proof:
        """What a token comes to. One that is no good is as none: other events of the request need none."""
        if token is None:
            return Proof()
        try:
            return Proof(self._prove(token))
        except Forbidden as fault:
            return Proof(fault=f" ({fault})")

    def sift(self, judged: Judged, proven: str | None, proof: Proof) -> Judged:
        """Reject the events of reserved ids; while the database is away they are taken, and applying decides.

        Args:
            proven: the source of whom the proof is of.
        """
        found: Collection[str] = ()
        with suppress(TesseraError):
            found = self._reserved({one.source for one in judged.events} - {proven})
        if not found:
            return judged
        kept = [pair for pair in zip(judged.events, judged.places, strict=True) if pair[0].source not in found]
        refused = [
            Rejected(place, f"/events/{place}/visitor_id", _NEEDED + proof.fault)
            for event, place in zip(judged.events, judged.places, strict=True)
            if event.source in found
        ]
        rejected = sorted([*judged.rejected, *refused], key=lambda one: one.index)
        return Judged([one for one, _place in kept], [place for _one, place in kept], rejected, judged.ignored)
