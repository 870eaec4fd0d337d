"""Which events were taken before: the ids that came lately, and those that are applied."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from threading import Lock

from plugin.errors import TesseraError
from plugin.profiles.events import Event

MOST_REMEMBERED = 100_000
"""Some 20 MB. What is forgotten here is found among what is applied."""
_POLL_S = 0.01
_REST = 10
"""After waiting in vain nobody waits for so many times as long: who waits holds a thread that others could use."""


class EventIds:
    """Tells events that came before from new ones, as far as this process can: applying them decides."""

    def __init__(
        self,
        key: bytes,
        applied: Callable[[Collection[bytes]], Mapping[bytes, bytes]],
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        most: int = MOST_REMEMBERED,
    ) -> None:
        """Take what it works with.

        Args:
            key: of the digests of ids, at most 64 bytes.
            applied: the digest of the content of each id that is applied; raises TesseraError.
        """
        self._key = key
        self._applied = applied
        self._monotonic = monotonic
        self._sleep = sleep
        self._most = most
        self._lock = Lock()
        self._rest_until = float("-inf")
        self._recent: OrderedDict[bytes, bytes] = OrderedDict()

    def key(self, event: Event) -> bytes:
        """What is kept of an event's id: 16 bytes that say nothing of whoever made it.

        Ids are each visitor's own: nobody can take one before another visitor does. The uid stands for the visitor, for
        unlike the source it stays when keys are rotated.
        """
        return blake2b(f"{event.uid}:{event.id}".encode(), digest_size=16, key=self._key).digest()

    def sort(self, events: Sequence[Event]) -> tuple[list[Event], int, list[Event]]:
        """Those that are new, how many came before, and those whose id came before with another content."""
        keys = [self.key(event) for event in events]
        before = self._before(keys)
        fresh: list[Event] = []
        clashing: list[Event] = []
        duplicate = 0
        for key, event in zip(keys, events, strict=True):
            known = before.get(key)
            if known is None:
                before[key] = event.digest
                fresh.append(event)
            elif known == event.digest:
                duplicate += 1
            else:
                clashing.append(event)
        return fresh, duplicate, clashing

    def remember(self, events: Sequence[Event]) -> None:
        """These are durable now."""
        found = {self.key(event): event.digest for event in events}
        with self._lock:
            self._recent |= found
            while len(self._recent) > self._most:
                self._recent.popitem(last=False)

    def wait(self, keys: Collection[bytes], wait_s: float) -> bool:
        """Whether all of these are applied, waiting so long for it at most; not at all while workers are behind."""
        now = self._monotonic()
        until = now if now < self._rest_until else now + wait_s
        left = set(keys)
        while True:
            try:
                left -= self._applied(left).keys()
            except TesseraError:
                return False
            if not left:
                return True
            remaining = until - self._monotonic()
            if remaining <= 0:
                self._rest_until = max(self._rest_until, until + _REST * (until - now))
                return False
            self._sleep(min(_POLL_S, remaining))

    def _before(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        with self._lock:
            found = {one: self._recent[one] for one in keys if one in self._recent}
        unknown = {one for one in keys if one not in found}
        if unknown:
            with suppress(TesseraError):  # events are taken while the database is away: applying them decides
                found |= self._applied(unknown)
        return found
