"""Hot copies: written after each batch, and built anew where the store of copies was lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from plugin.ports import HotCopy, HotOutbox, Leases

LEASE = "views"
LEASE_MS = 60_000
PAGE = 500
_log = logging.getLogger(__name__)


class Copies(Protocol):
    """A store of copies that can be lost."""

    def write(self, copies: Sequence[HotCopy]) -> bool:
        """Write those that are newer than what is there; False where it cannot be reached."""
        ...

    def is_whole(self) -> bool | None:
        """Whether it has everything; None where it cannot be reached."""
        ...

    def rebuild(self, name: int, pages: Callable[[str], Sequence[HotCopy]]) -> int | None:
        """Build everything anew, under a number that was never used; how many copies, None where it failed."""
        ...


class Copying:
    """Keeps the copies."""

    def __init__(
        self, outbox: HotOutbox, copies: Copies, leases: Leases, owner: str, *, now_ms: Callable[[], int]
    ) -> None:
        """Take what it works with; `owner` is a name that no other living process has."""
        self._outbox = outbox
        self._copies = copies
        self._leases = leases
        self._owner = owner
        self._now_ms = now_ms

    def drain(self) -> None:
        """Write the copies that are in line; what cannot be written stays there. Raises TesseraError."""
        while pending := self._outbox.pending(PAGE):
            if not self._copies.write(pending):
                return
            self._outbox.done({one.source: one.version for one in pending})
            if len(pending) < PAGE:
                return

    def step(self) -> bool:
        """Look whether everything is there, build it where it is not, and write what is in line."""
        if self._copies.is_whole() is False:
            self._rebuild()
        self.drain()
        return False

    def _rebuild(self) -> None:
        token = self._leases.acquire(LEASE, self._owner, now=self._now_ms(), ttl=LEASE_MS)
        if token is None:
            return  # another builds it

        def pages(after: str) -> Sequence[HotCopy]:
            self._leases.renew(LEASE, token, now=self._now_ms(), ttl=LEASE_MS)
            return self._outbox.every(after=after, limit=PAGE)

        try:
            count = self._copies.rebuild(token, pages)
            if count is not None:
                _log.info("the copies of %s profiles were built anew", count)
        finally:
            self._leases.release(LEASE, token)
