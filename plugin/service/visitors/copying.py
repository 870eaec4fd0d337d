"""Hot copies: written after each batch, and built anew where the store of copies was lost.

A transaction puts what it changed in line for copying; whoever dies before it is copied leaves it there for others. Who
applies events writes the copies at once; the transaction of the next batch takes them out of the line, or, where none
comes, one of its own does a little later: that is a commit, for which the events behind would wait.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from plugin.errors import TesseraError
from plugin.ports import HotCopy, HotOutbox, Leases

LEASE = "views"
LEASE_MS = 60_000
PAGE = 500
SETTLE_MS = 100
"""So long at most what was copied stays in line while more comes; others would copy it once more."""
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

    def sweep(self) -> None:
        """Remove what is left of copies that are read no more, in a store that has everything."""
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
        self._copied: dict[str, int] = {}
        self._copied_at = 0

    @property
    def is_settled(self) -> bool:
        """Whether nothing that `put` wrote is in line still."""
        return not self._copied

    @property
    def copied(self) -> Mapping[str, int]:
        """What `put` wrote that is in line still, for a transaction that is about to be made to take out."""
        return self._copied

    def taken_out(self) -> None:
        """All that was `copied` left the line, by a transaction that was committed."""
        self._copied = {}

    def put(self, copies: Sequence[HotCopy]) -> None:
        """Write copies whose transaction was committed just now; `put` and `settle` are for one thread.

        What cannot be written stays in line.
        """
        if copies and self._copies.write(copies):
            if not self._copied:
                self._copied_at = self._now_ms()
            self._copied |= {one.source: one.version for one in copies}

    def settle(self, *, idle: bool) -> None:
        """Take what was put out of the line, where nothing else is to be done or it was there for long."""
        if not self._copied or (not idle and 0 <= self._now_ms() - self._copied_at < SETTLE_MS):
            return
        copied, self._copied = self._copied, {}
        with suppress(TesseraError):  # then it is copied once more, by whoever looks at the line next
            self._outbox.done(copied)

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
        self._copies.sweep()
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
            if self._copies.is_whole() is not False:
                return  # another built it between our look and our turn
            count = self._copies.rebuild(token, pages)
            if count is not None:
                _log.info("the copies of %s profiles were built anew", count)
        finally:
            self._leases.release(LEASE, token)
